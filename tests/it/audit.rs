//! `passerelle audit`: each kind of what does not add up is planted in a real mailbox, in a real relay's queue and in
//! GLPI, and found; what adds up is not told of, and nothing is changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use data_encoding::BASE64;
use jiff::{ToSpan as _, Zoned};
use passerelle::sandbox::{Failure, Failures, Sandbox};
use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::{
    commands::{passerelle, run, text},
    support::{
        bilingual::is_french_throughout,
        dovecot::{self, Dovecot, PASSWORD},
        free_port,
        gateway::{AGENT, ASSISTANCE, DIRECTORS, FOLLOWUP, Gateway, form, mail, sandbox, titled},
        helpdesk::Helpdesk,
        postfix::Postfix,
        wait_until,
    },
};

const FOLDERS: [&str; 5] = ["INBOX", "Traités", "Refusés", "Ignorés", "Quarantaine"];

/// The same mail with a small file.
fn with_file(mail: &[u8], file: &str) -> Vec<u8> {
    let plain = String::from_utf8_lossy(mail);
    let head = plain.split("Content-Type: ").next().unwrap();
    format!(
        "{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n\
         --b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"{file}\"\r\n\r\nPièce {file}\r\n--b--\r\n"
    )
    .into_bytes()
}

/// Everything the mailbox has: what was stored, and how it is marked.
fn whole_mailbox(mailbox: &Dovecot) -> Vec<(String, u32, Vec<String>)> {
    let folders = block_in_place(|| mailbox.folders(ASSISTANCE));
    let of = |folder: &String| {
        let messages = block_in_place(|| mailbox.messages(ASSISTANCE, folder));
        messages.into_iter().map(|message| (folder.clone(), message.uid, message.flags)).collect::<Vec<_>>()
    };
    folders.iter().flat_map(of).collect()
}

/// The parts around a gateway that has ended.
struct Site {
    glpi: Sandbox,
    mailbox: Dovecot,
    log: std::path::PathBuf,
    _folder: tempfile::TempDir,
    /// A mail that became a ticket.
    plain: Vec<u8>,
}

impl Site {
    fn settings(&self) -> Vec<(&'static str, String)> {
        let port = self.mailbox.port();
        vec![
            ("glpi.url", self.glpi.url().to_string()),
            ("glpi.login", "passerelle".to_owned()),
            ("glpi.password", "passerelle".to_owned()),
            ("glpi.retries", "0".to_owned()),
            ("imap.url", format!("imap://{}:{PASSWORD}@127.0.0.1:{port}?tls=off", ASSISTANCE.replace('@', "%40"))),
        ]
    }

    /// What the program says and its exit code.
    async fn audit(&self, arguments: &[&str]) -> (Option<i32>, String) {
        self.audit_with(&[], arguments).await
    }

    /// The same with these settings, too.
    async fn audit_with(&self, more: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String) {
        let settings = self.settings();
        let settings = settings.iter().map(|(key, value)| (*key, value.as_str()));
        let settings: Vec<_> = settings.chain(more.iter().copied()).collect();
        let patience: &[&str] = if arguments.contains(&"--patience") { &[] } else { &["--patience", "0s"] };
        let arguments = [&["audit"], patience, arguments].concat();
        let output = run(passerelle(&arguments, &settings), b"").await;
        if arguments.contains(&"fr") {
            is_french_throughout(&text(&output.stdout));
        }
        (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    }

    /// The same, as programs read it: the findings by their codes, and what was looked at.
    async fn findings(&self, arguments: &[&str]) -> (Option<i32>, BTreeMap<String, Vec<Value>>, Value) {
        let (code, said) = self.audit(&[&["--json"], arguments].concat()).await;
        let mut lines: Vec<Value> =
            said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{said}"))).collect();
        let sum = lines.pop().unwrap();
        let mut findings = BTreeMap::<_, Vec<Value>>::new();
        for line in lines {
            findings.entry(line["finding"].as_str().unwrap().to_owned()).or_default().push(line);
        }
        assert_eq!(sum["findings"], findings.values().map(Vec::len).sum::<usize>());
        (code, findings, sum)
    }
}

/// A mailbox, a GLPI where nothing is yet, and a relay's log to be written.
async fn bare_site(mailbox: Dovecot) -> Site {
    let folder = tempfile::tempdir().unwrap();
    Site { glpi: sandbox().await, mailbox, log: folder.path().join("mail.log"), _folder: folder, plain: Vec::new() }
}

/// How many there are of each.
fn counts(found: &BTreeMap<String, Vec<Value>>) -> Vec<(&str, usize)> {
    found.iter().map(|(code, all)| (code.as_str(), all.len())).collect()
}

/// A gateway has handled mails of every kind, from the relay and from the mailbox, and has ended; then the relay got one
/// mail more.
async fn site() -> (Site, Postfix) {
    let (glpi, mailbox, folder) = (sandbox().await, Dovecot::start(), tempfile::tempdir().unwrap());
    let imap = format!("imap://{}:{PASSWORD}@127.0.0.1:{}?tls=off", ASSISTANCE.replace('@', "%40"), mailbox.port());
    // It serves one of the addresses that the relay hands over.
    let settings = [("imap.url", imap.as_str()), ("imap.poll", "1s"), ("screen.recipients", ASSISTANCE)];
    let gateway = Gateway::start(&glpi, &[&settings[..], &FOLLOWUP].concat()).await;
    let postfix = Postfix::start(&format!("inet:{}", gateway.lmtp));
    let plain = mail(DIRECTORS[0], "boite", "LSU boîte", "Bonjour");
    let filed = with_file(&mail(DIRECTORS[0], "pj", "LSU pièce", "Bonjour"), "a.txt");
    let of_nobody = mail(AGENT, "agent", "LSU agent", "Bonjour");
    block_in_place(|| mailbox.store(ASSISTANCE, "INBOX", [&plain, &filed, &of_nobody]));
    wait_until("the mailbox is read", async || {
        block_in_place(|| mailbox.messages(ASSISTANCE, "INBOX")).is_empty() && glpi.tickets().len() == 2
    })
    .await;
    for (number, subject) in ["relais", "purgé", "corbeille", "double", "moitié", "accusé"].iter().enumerate() {
        let (from, id) = (DIRECTORS[1 + number % 4], format!("relais-{number}"));
        postfix.submit(from, &[ASSISTANCE], &mail(from, &id, &format!("LSU {subject}"), "Bonjour")).await;
    }
    postfix.submit(AGENT, &[ASSISTANCE], &mail(AGENT, "refus", "LSU refus", "Bonjour")).await;
    wait_until("the relay has handed over", async || block_in_place(|| postfix.queue_len()) == 0).await;
    // An answer to a ticket, with the same mail once more.
    let ticket = titled(&glpi, "relais")[0].id;
    let answer = mail(DIRECTORS[1], "reponse", &format!("RE: [GLPI #{ticket:07}] LSU relais"), "Encore un mot");
    block_in_place(|| mailbox.store(ASSISTANCE, "INBOX", [&answer]));
    wait_until("the answer is there", async || {
        block_in_place(|| mailbox.messages(ASSISTANCE, "INBOX")).is_empty()
            && titled(&glpi, "relais")[0].followups.len() == 1
    })
    .await;
    gateway.finish().await;
    let log = folder.path().join("mail.log");
    fs::write(&log, postfix.log()).unwrap();
    (Site { glpi, mailbox, log, _folder: folder, plain }, postfix)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handled_adds_up_and_looking_changes_nothing() {
    let (site, _postfix) = site().await;
    let (tickets, mails, calls) =
        (format!("{:?}", site.glpi.tickets()), whole_mailbox(&site.mailbox), site.glpi.calls());
    let log = site.log.to_str().unwrap();
    let (code, said) = site.audit(&["--relay-log", log, "--lang", "en"]).await;
    assert_eq!(code, Some(0), "{said}");
    for part in [
        "3 handled, 1 refused, 0 ignored, 0 put aside, 0 waiting",
        "7 mails, of which 6 are in a ticket",
        "8 tickets of the gateway",
        "everything adds up",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let (code, said) = site.audit(&["--relay-log", log, "--lang", "fr", "--since", "2026-01-01"]).await;
    assert!(code == Some(0) && said.contains("tout concorde") && said.contains("8 tickets de la passerelle"), "{said}");
    // One page of tickets, one of follow-ups, what of files is to be known, receipts: for each of both.
    assert!(site.glpi.calls() - calls < 30, "{} calls", site.glpi.calls() - calls);
    assert_eq!((format!("{:?}", site.glpi.tickets()), whole_mailbox(&site.mailbox)), (tickets, mails));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_does_not_add_up_is_found() {
    let (site, postfix) = site().await;
    let (glpi, mailbox) = (&site.glpi, &site.mailbox);
    let store = |folder: &str, mail: Vec<u8>| block_in_place(|| mailbox.store(ASSISTANCE, folder, [mail]));
    let id = |title: &str| u64::try_from(titled(glpi, title)[0].id).unwrap();
    let staff = Helpdesk::sign_in(&glpi.url(), "glpi", "glpi").await;
    let gateway = Helpdesk::sign_in(&glpi.url(), "passerelle", "passerelle").await;
    // In the mailbox: accepted without a ticket, refused with one, put aside, waiting; and one whose file got lost.
    store("Traités", mail(DIRECTORS[0], "perdu", "LSU perdu", "Bonjour"));
    store("Refusés", site.plain.clone());
    store("Quarantaine", mail(DIRECTORS[0], "ecarte", "LSU écarté", "Bonjour"));
    store("INBOX", mail(DIRECTORS[0], "attend", "LSU attend", "Bonjour"));
    store("Traités", with_file(&site.plain, "perdue.txt"));
    // At the relay: one that waits since the gateway ended, one that was given back.
    postfix.submit(DIRECTORS[0], &[ASSISTANCE], &mail(DIRECTORS[0], "file", "LSU file", "Bonjour")).await;
    wait_until("the relay waits", async || postfix.log().contains("status=deferred")).await;
    // In GLPI: a ticket that was purged, one in the bin, one made twice, one made in part, a reply added twice, a receipt.
    let [purged, binned, twice, half] = ["purgé", "corbeille", "double", "moitié"].map(id);
    gateway.call(Method::DELETE, &format!("Ticket/{purged}?force_purge=true"), json!({})).await;
    staff.bin(binned).await;
    let content = titled(glpi, "double")[0].content.clone();
    let double = staff
        .add(
            "Ticket",
            json!({"name": "LSU double", "content": content, "itilcategories_id": 2,
        "_users_id_requester": 8, "_groups_id_assign": 1}),
        )
        .await;
    for link in staff.get(&format!("Ticket/{half}/Group_Ticket")).await.as_array().unwrap() {
        staff.call(Method::DELETE, &format!("Group_Ticket/{}", link["id"]), json!({})).await;
    }
    let (answered, due) = (id("relais"), id("accusé"));
    let answer = titled(glpi, "relais")[0].followups[0].content.clone();
    staff.follow_up(answered, &answer, false).await;
    let note = "<p>Courriel à envoyer au demandeur\u{a0}: accusé de réception.</p><p>Avis : receipt-due</p>";
    gateway.follow_up(due, note, true).await;

    fs::write(&site.log, postfix.log()).unwrap();
    let log = site.log.to_str().unwrap();
    let (code, found, sum) = site.findings(&["--relay-log", log, "--lang", "en"]).await;
    assert_eq!(code, Some(1), "{found:?}");
    assert_eq!(sum["unread"], json!([]));
    assert_eq!(
        counts(&found),
        [
            ("files-missing", 1),
            ("followup-twice", 1),
            ("half-made", 1),
            ("in-hand", 2),
            ("no-ticket", 1),
            ("quarantined", 1),
            ("receipt-due", 1),
            ("refused-with-ticket", 1),
            ("ticket-gone", 1),
            ("ticket-twice", 1),
        ],
        "{found:?}"
    );
    let first = |code: &str| &found[code][0];
    assert_eq!(first("files-missing")["files"], json!(["perdue.txt"]));
    assert_eq!(first("files-missing")["tickets"], json!([id("boîte")]));
    assert_eq!(first("half-made")["tickets"], json!([half]));
    assert!(first("half-made")["says"].as_str().unwrap().contains("it lacks its group"));
    assert_eq!(first("ticket-twice")["tickets"], json!([twice, double]));
    assert_eq!(first("followup-twice")["tickets"], json!([answered]));
    assert_eq!(first("receipt-due")["tickets"], json!([due]));
    assert_eq!(first("ticket-gone")["tickets"], json!([purged]));
    assert!(first("ticket-gone")["relay"]["message_id"].as_str().unwrap().contains("relais-1@ecole.test"));
    for (code, folder) in [("no-ticket", 1), ("refused-with-ticket", 2), ("quarantined", 4)] {
        assert_eq!(first(code)["mailbox"]["folder"], FOLDERS[folder]);
    }
    let waiting: Vec<_> = found["in-hand"].iter().map(|it| it["mailbox"].is_object()).collect();
    assert!(waiting.contains(&true) && waiting.contains(&false), "one here, one there");
    // What is younger than the patience is still on its way.
    let (_, found, _) = site.findings(&["--relay-log", log, "--patience", "1h"]).await;
    for code in ["in-hand", "half-made", "receipt-due"] {
        assert!(!found.contains_key(code), "{code}");
    }

    let (code, said) = site.audit(&["--relay-log", log, "--lang", "fr"]).await;
    assert_eq!(code, Some(1));
    for part in
        ["accepté, et GLPI n’en a ni ticket ni suivi", "fait à moitié, il manque son groupe", "11 à revoir, 0 non lus"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_served_and_gives_mails_back_is_told_of() {
    let glpi = sandbox().await;
    let gateway = Gateway::start(&glpi, &[("screen.recipients", ASSISTANCE)]).await;
    let postfix = Postfix::start(&format!("inet:{}", gateway.lmtp));
    let other = "assistance.1erdegre@ac-dijon.fr";
    postfix.submit(DIRECTORS[0], &[other], &mail(DIRECTORS[0], "rendu", "LSU rendu", "Bonjour")).await;
    wait_until("the relay gives it back", async || postfix.log().contains("status=bounced")).await;
    gateway.finish().await;
    let (mailbox, folder) = (Dovecot::start(), tempfile::tempdir().unwrap());
    let log = folder.path().join("mail.log");
    fs::write(&log, postfix.log()).unwrap();
    let site = Site { glpi, mailbox, log, _folder: folder, plain: Vec::new() };
    let (code, found, _) = site.findings(&["--relay-log", site.log.to_str().unwrap(), "--lang", "en"]).await;
    assert_eq!((code, found.len(), found["given-back"].len()), (Some(1), 1, 1), "{found:?}");
    assert!(found["given-back"][0]["says"].as_str().unwrap().contains("no such recipient here"));
}

/// Forms and what is added to a request, put by in the mailbox while GLPI was away: each is looked for under its own name,
/// with its own files, not under the name of the mail around it.
#[tokio::test(flavor = "multi_thread")]
async fn forms_that_came_back_are_looked_for_as_the_forms_they_are() {
    let (glpi, mailbox, folder) = (sandbox().await, Dovecot::start(), tempfile::tempdir().unwrap());
    let imap = format!("imap://{}:{PASSWORD}@127.0.0.1:{}?tls=off", ASSISTANCE.replace('@', "%40"), mailbox.port());
    let settings = [("imap.url", imap.as_str()), ("imap.poll", "1s"), ("portal.when_down", "queue")];
    let gateway = Gateway::sending(glpi.url().as_str(), &settings).await;
    let before: Value = gateway.post_form(&form(DIRECTORS[0], "Avant"), None).await.json().await.unwrap();
    glpi.set_failures(Failure::Maintenance);
    let with_file = |mut fields: Value, name: &str| {
        fields["attachments"] = json!([{"name": name, "content": BASE64.encode(name.as_bytes())}]);
        fields
    };
    let queued = async |answer: Response| {
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["status"], "queued", "{body}");
        body["reference"].as_str().unwrap().to_owned()
    };
    let asked = with_file(form(DIRECTORS[1], "Revenue"), "demande.txt");
    let asked = queued(gateway.post_form(&asked, None).await).await;
    let address = format!("/v1/requests/{}/followups?requester={}", before["ticket"], DIRECTORS[0]);
    let added = with_file(json!({"description": "Et ceci"}), "complement.txt").to_string();
    let added = gateway.signed_with_key(Method::POST, &address, "plus", added.as_bytes());
    let added = queued(added.header("Content-Type", "application/json").send().await.unwrap()).await;
    glpi.set_failures(Failures::none());
    wait_until("both are filed away", async || block_in_place(|| mailbox.messages(ASSISTANCE, "Traités")).len() == 2)
        .await;
    gateway.finish().await;
    let site = Site { glpi, mailbox, log: folder.path().join("none"), _folder: folder, plain: Vec::new() };
    let (code, said) = site.audit(&["--lang", "en"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 handled, 0 refused, 0 ignored, 0 put aside, 0 waiting"), "{said}");

    // What is taken out is missed, of either.
    let staff = Helpdesk::sign_in(&site.glpi.url(), "glpi", "glpi").await;
    for link in staff.get("Document_Item?range=0-99").await.as_array().unwrap() {
        staff.call(Method::DELETE, &format!("Document_Item/{}?force_purge=true", link["id"]), json!({})).await;
    }
    let (code, found, _) = site.findings(&["--lang", "en"]).await;
    assert_eq!((code, counts(&found)), (Some(1), vec![("files-missing", 2)]), "{found:?}");
    let mut files: Vec<_> = found["files-missing"].iter().map(|it| (&it["reference"], &it["files"])).collect();
    files.sort_by_key(|(_, files)| files.to_string());
    assert_eq!(files, [(&json!(added), &json!(["complement.txt"])), (&json!(asked), &json!(["demande.txt"]))]);

    // Where the secret that sealed them was changed, nothing can be said of what was accepted; that is no agreement. One that was
    // refused is where it belongs.
    block_in_place(|| {
        let stored = site.mailbox.messages(ASSISTANCE, "Traités");
        site.mailbox.store(ASSISTANCE, "Refusés", [&stored[0].raw]);
    });
    let changed = [("redis.key_secret", "un-autre-secret")];
    for (language, says) in
        [("en", "its seal is not this gateway's"), ("fr", "son sceau n’est pas celui de cette passerelle")]
    {
        let (code, said) = site.audit_with(&changed, &["--lang", language]).await;
        assert_eq!((code, said.matches(says).count()), (Some(1), 2), "{said}");
        assert!(said.contains("redis.key_secret"), "{said}");
    }
}

/// By its name, which the relay's log tells; or with all others, which the log does but count.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_took_out_of_the_relay_s_queue_is_told_of(#[values(true, false)] is_named: bool) {
    // Nobody listens there.
    let postfix = Postfix::start(&format!("inet:127.0.0.1:{}", free_port()));
    postfix.submit(DIRECTORS[0], &[ASSISTANCE], &mail(DIRECTORS[0], "retire", "LSU retiré", "Bonjour")).await;
    wait_until("the relay waits", async || postfix.log().contains("status=deferred")).await;
    let site = bare_site(Dovecot::start()).await;
    let log = site.log.to_str().unwrap();
    let found = async |expected: &str| {
        fs::write(&site.log, postfix.log()).unwrap();
        let (code, found, sum) = site.findings(&["--relay-log", log, "--lang", "en"]).await;
        assert_eq!((code, &sum["unread"]), (Some(1), &json!([])), "{sum}");
        assert_eq!(counts(&found), [(expected, 1)], "{found:?}");
        found[expected][0].clone()
    };
    let before = found("in-hand").await;
    let queue = before["relay"]["queue"].as_str().unwrap().to_owned();
    let (what, logged, finding, says) = if is_named {
        (queue.as_str(), format!("{queue}: removed"), "taken-out", "quelqu’un l’a retiré de la file du relais")
    } else {
        let says = "puis quelqu’un a retiré de la file du relais des courriels que le journal ne nomme pas";
        ("ALL", "Deleted: 1 message".to_owned(), "perhaps-taken-out", says)
    };
    block_in_place(|| postfix.take_out(what));
    wait_until("the relay says so", async || postfix.log().contains(&logged)).await;
    let taken_out = found(finding).await;
    assert_eq!(taken_out["relay"]["queue"], queue);
    assert!(taken_out["relay"]["message_id"].as_str().unwrap().contains("retire@ecole.test"), "{taken_out}");
    let (code, said) = site.audit(&["--relay-log", log, "--lang", "fr"]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains(says), "{said}");
}

/// A message that the mailbox's server does not give out hides no other one, in whatever folder: whether the server says
/// no to it or hangs up, and whether or not it has known since before when the message came.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_mailbox_does_not_give_out_is_told_of_and_hides_no_other(
    #[values(true, false)] says_no: bool,
    #[values(true, false)] is_dated: bool,
) {
    let options = dovecot::Options { file_for_each: true, says_no, ..dovecot::Options::default() };
    let mailbox = Dovecot::start_with(options);
    let mails = ["abime", "entier", "encore"].map(|id| mail(DIRECTORS[0], id, "LSU abîmé", "Bonjour"));
    block_in_place(|| {
        for folder in FOLDERS {
            if folder != "INBOX" {
                mailbox.create_folder(ASSISTANCE, folder);
            }
            mailbox.store(ASSISTANCE, folder, &mails);
        }
    });
    let site = bare_site(mailbox).await;
    let audit = async |arguments: &[&str]| {
        let (code, found, sum) = site.findings(arguments).await;
        assert_eq!((code, &sum["unread"]), (Some(1), &json!([])), "{sum}");
        found
    };
    if is_dated {
        // Since then the server knows when each came, whatever becomes of it.
        assert_eq!(counts(&audit(&[]).await), [("in-hand", 3), ("no-ticket", 3), ("quarantined", 3)]);
    }
    block_in_place(|| {
        for folder in FOLDERS {
            let messages = site.mailbox.messages(ASSISTANCE, folder);
            for message in [&messages[0], &messages[2]] {
                site.mailbox.make_unreadable(ASSISTANCE, folder, message.uid);
            }
        }
    });
    let found = audit(&[]).await;
    assert_eq!(counts(&found), [("in-hand", 3), ("no-ticket", 1), ("quarantined", 3), ("unreadable", 6)], "{found:?}");
    let folders = found["unreadable"].iter().map(|it| it["mailbox"]["folder"].as_str().unwrap());
    assert_eq!(folders.collect::<BTreeSet<_>>(), FOLDERS[1..4].iter().copied().collect());
    // What came too early is not looked at; what waits is, and that of which nobody knows when it came.
    let late = (Zoned::now() + 2.days()).date().to_string();
    let found = audit(&["--since", &late]).await;
    let undated: &[_] = if is_dated { &[] } else { &[("quarantined", 2), ("unreadable", 6)] };
    assert_eq!(counts(&found), [&[("in-hand", 3)], undated].concat(), "{found:?}");
    let (code, said) = site.audit(&["--lang", "fr"]).await;
    assert_eq!(code, Some(1));
    for part in ["le serveur l’annonce et ne le donne pas", "13 à revoir"] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_whose_server_hangs_up_on_everything_is_unread() {
    let options = dovecot::Options { file_for_each: true, ..dovecot::Options::default() };
    let mailbox = Dovecot::start_with(options);
    block_in_place(|| {
        mailbox.create_folder(ASSISTANCE, "Traités");
        mailbox.store(ASSISTANCE, "Traités", (0..60).map(|id| mail(DIRECTORS[0], &id.to_string(), "LSU", "Bonjour")));
        for message in mailbox.messages(ASSISTANCE, "Traités") {
            mailbox.make_unreadable(ASSISTANCE, "Traités", message.uid);
        }
    });
    let site = bare_site(mailbox).await;
    let (code, said) = site.audit(&["--lang", "en"]).await;
    assert_eq!(code, Some(75), "{said}");
    for part in ["UNREAD     mailbox", "the server hung up more than 50 times", "0 that do not add up, 1 that could"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let (_, said) = site.audit(&["--lang", "fr"]).await;
    assert!(said.contains("le serveur a raccroché plus de 50 fois"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_said_and_is_no_agreement() {
    let (glpi, mut mailbox, folder) = (sandbox().await, Dovecot::start(), tempfile::tempdir().unwrap());
    mailbox.stop();
    let site = Site { glpi, mailbox, log: folder.path().join("none"), _folder: folder, plain: Vec::new() };
    let (code, said) = site.audit(&["--relay-log", site.log.to_str().unwrap(), "--lang", "en"]).await;
    assert_eq!(code, Some(75), "{said}");
    for part in ["UNREAD     mailbox", "UNREAD     relay log", "0 that do not add up, 2 that could not be read"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    site.glpi.set_failures(Failure::Maintenance);
    let (code, said) = site.audit(&["--lang", "fr"]).await;
    assert!(code == Some(75) && said.contains("NON LU     GLPI"), "{said}");
    let (code, said) = site.audit(&["--since", "hier"]).await;
    assert!(code == Some(64) && said.contains("neither a time"), "{said}");
}
