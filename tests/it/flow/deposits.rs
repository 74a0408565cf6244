//! The deposit while GLPI cannot answer: the relay's queue, or the mailbox, keeps a form and brings it back; one whole
//! ticket of its requester comes of it, and nothing of what anybody else makes of the mail.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use jiff::{Timestamp, ToSpan as _};
use passerelle::{
    sandbox::{Failure, Failures, Rule, Sandbox, TicketView},
    telemetry,
};
use reqwest::{
    Method, Response, StatusCode,
    multipart::{Form, Part},
};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use url::form_urlencoded;

use crate::support::{
    deposit::{Deposit, QUEUE, deposits},
    dovecot::{Dovecot, PASSWORD},
    gateway::{AGENT, ASSISTANCE, DIRECTORS, Gateway, form, mail, sandbox, titled},
    postfix::Postfix,
    sink::{Moods, Sink},
    wait_until,
};

/// Bytes that a way for texts would change.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &(0..=255).collect::<Vec<u8>>().repeat(20)].concat();
    vec![
        ("relevé de l’élève 😀.txt", "é\r\nà\n\rù\n\n--b\r\n.\r\nFrom x\r\n".as_bytes().to_vec()),
        ("capture.png", picture),
        ("copie.txt", "é\r\nà\n\rù\n\n--b\r\n.\r\nFrom x\r\n\r\n".as_bytes().to_vec()),
    ]
}

fn with_files(mut fields: Value) -> Value {
    let file = |(name, bytes): (&str, Vec<u8>)| json!({"name": name, "content": BASE64.encode(&bytes)});
    fields["attachments"] = files().into_iter().map(file).collect();
    fields
}

fn large_form(requester: &str, title: &str) -> Value {
    let mut fields = with_files(form(requester, title));
    fields["description"] = "Élève « Zoé » : 😀\n\n- A & B <c>".into();
    fields["phone"] = "03 80 00 00 00".into();
    fields["urgency"] = 4.into();
    fields
}

/// The files are there, each byte of them.
fn has_files(of: &str, documents: &[passerelle::sandbox::DocumentView]) {
    let mut there: Vec<_> = documents.iter().map(|it| (it.filename.as_str(), it.bytes.clone())).collect();
    let mut sent = files();
    there.sort();
    sent.sort();
    let names: Vec<_> = there.iter().map(|(name, bytes)| (*name, bytes.len())).collect();
    assert!(there == sent, "{of} has {names:?}");
}

fn is_whole(ticket: &TicketView, requester: &str, reference: &str) {
    // As GLPI calls its directors.
    let number = DIRECTORS.iter().position(|it| *it == requester).unwrap() + 1;
    let who: Vec<_> = ticket.requesters.iter().map(|who| who.name.clone()).collect();
    assert_eq!(who, [format!("Nom{number} Prenom{number}")]);
    assert!(ticket.content.contains(reference), "{reference} in {}", ticket.content);
    assert!(ticket.content.contains("Élève « Zoé »") && ticket.content.contains("😀"), "{}", ticket.content);
    assert!(ticket.content.contains("formulaire") || ticket.request_type.as_deref() == Some("Helpdesk"));
    assert_eq!((ticket.urgency, ticket.assigned_groups.as_slice()), (4, ["Référents-LSU".to_owned()].as_slice()));
    has_files("the ticket", &ticket.documents);
}

/// The reference under which a form is kept.
async fn queued(answer: Response) -> String {
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    assert_eq!(body["status"], "queued");
    assert!(body["detail"].as_str().unwrap().contains("en attente"), "{body}");
    body["reference"].as_str().unwrap().to_owned()
}

async fn put_off(answer: Response, reason: &str) {
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("Retry-After"));
    assert_eq!(answer.json::<Value>().await.unwrap()["reason"], reason);
}

fn away(sandbox: &Sandbox) {
    sandbox.set_failures(Rule::always(Failure::Maintenance));
}

fn back(sandbox: &Sandbox) {
    sandbox.set_failures(Failures::none());
}

/// A port for a gateway that Postfix knows before it starts.
fn lmtp_port() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// A relay that stands still beside a GLPI that is away: some wait for it, and who comes beyond those is told to come again
/// and leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_forms_wait_for_a_relay_than_may() {
    const MOST_WAITING: usize = 200;
    const MORE: usize = 40;
    let metrics = telemetry::metrics();
    let sandbox = sandbox().await;
    let relay = Sink::start(Moods { thinks: vec![Duration::from_hours(1); 300], ..Moods::default() }).await;
    let url = relay.url();
    let settings =
        [("smtp.url", url.as_str()), ("smtp.timeout", "10m"), ("portal.when_down", "queue"), ("quota.per_day", "1000")];
    let gateway = Arc::new(Gateway::sending(sandbox.url().as_str(), &settings).await);
    away(&sandbox);
    let mut posting = JoinSet::new();
    for number in 0..MOST_WAITING + MORE {
        let (gateway, fields) = (Arc::clone(&gateway), form(DIRECTORS[0], &format!("Attente {number}")));
        posting.spawn(async move { gateway.post_form(&fields, None).await });
    }
    for _ in 0..MORE {
        let answer = posting.join_next().await.unwrap().unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key("Retry-After"));
    }
    let rendered = metrics.render();
    let in_hand = rendered.lines().find_map(|line| line.strip_prefix("passerelle_in_hand{channel=\"form\"} ")).unwrap();
    assert_eq!(in_hand.parse(), Ok(MOST_WAITING));
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_keeps_forms_and_complements_until_glpi_answers_and_each_comes_once_and_whole() {
    let (sandbox, port) = (sandbox().await, lmtp_port());
    let postfix = Postfix::start(&format!("inet:{port}"));
    let relay = format!("smtp://127.0.0.1:{}", postfix.smtp_port());
    let settings = [("lmtp.listen", port.as_str()), ("smtp.url", &relay), ("portal.when_down", "queue")];
    let gateway = Gateway::sending(sandbox.url().as_str(), &settings).await;
    let before: Value = gateway.post_form(&form(DIRECTORS[0], "Avant"), None).await.json().await.unwrap();
    let number = before["ticket"].as_u64().unwrap();

    away(&sandbox);
    let fields = large_form(DIRECTORS[0], "Accès à l’élève 😀");
    let reference = queued(gateway.post_form(&fields, Some("night")).await).await;
    let address = format!("/v1/requests/{number}/followups");
    let complement = with_files(json!({"description": "Et ceci : ça “presse” 😀"})).to_string();
    let add = async || {
        let call = gateway.signed_with_key(
            Method::POST,
            &format!("{address}?requester={}", DIRECTORS[0]),
            "more",
            complement.as_bytes(),
        );
        call.header("Content-Type", "application/json").send().await.unwrap()
    };
    let added = queued(add().await).await;
    assert_ne!(added, reference);
    wait_until("Postfix was told to try later", async || postfix.log().matches("451 4.3.0 deferred").count() >= 2)
        .await;
    assert_eq!((postfix.queue_len(), sandbox.tickets().len()), (2, 1));

    back(&sandbox);
    wait_until("Postfix has brought both back", async || {
        postfix.flush();
        postfix.queue_len() == 0
    })
    .await;
    let log = postfix.log();
    assert!(log.contains(&format!("250 2.0.0 created, ticket 2, reference {reference}")), "{log}");
    assert!(log.contains(&format!("250 2.0.0 followup, ticket {number}, reference {added}")), "{log}");
    let [ticket] = titled(&sandbox, "Accès à l’élève 😀").try_into().unwrap();
    is_whole(&ticket, DIRECTORS[0], &reference);
    let first = &titled(&sandbox, "Avant")[0];
    let [followup] = first.followups.iter().filter(|it| it.content.contains("“presse” 😀")).collect::<Vec<_>>()[..]
    else {
        panic!("{:?}", first.followups);
    };
    has_files("the follow-up", &followup.documents);
    assert!(first.documents.is_empty() || first.documents.len() == files().len());

    // Asked again, it is the same; and its requester has one receipt.
    let again = gateway.post_form(&fields, Some("night")).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(again.json::<Value>().await.unwrap()["reference"], reference);
    assert_eq!(add().await.status(), StatusCode::OK);
    assert_eq!(sandbox.tickets().len(), 2);
    let director = DIRECTORS[0].to_lowercase();
    wait_until("the receipts are there", async || postfix.inbox(&director).len() == 2).await;
    let receipt = postfix.inbox(&director).into_iter().find(|mail| mail.contains(&reference)).unwrap();
    assert!(receipt.contains("Auto-Submitted: auto-generated"), "{receipt}");
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_keeps_a_form_through_a_restart_and_files_it_away() {
    let (sandbox, dovecot) = (sandbox().await, Dovecot::start());
    let imap = format!("imap://{}:{PASSWORD}@127.0.0.1:{}?tls=off", ASSISTANCE.replace('@', "%40"), dovecot.port());
    let settings = [("imap.url", imap.as_str()), ("imap.poll", "1s"), ("portal.when_down", "queue")];
    let gateway = Gateway::sending(sandbox.url().as_str(), &settings).await;
    away(&sandbox);
    let fields = large_form(DIRECTORS[1], "Par la boîte");
    let reference = queued(gateway.post_form(&fields, Some("box")).await).await;
    assert_eq!(dovecot.messages(ASSISTANCE, "INBOX").len(), 1, "no relay is there: the mailbox has it");
    assert_eq!(queued(gateway.post_form(&fields, Some("box")).await).await, reference);
    assert_eq!(dovecot.messages(ASSISTANCE, "INBOX").len(), 1);
    gateway.finish().await;
    assert_eq!(dovecot.messages(ASSISTANCE, "INBOX").len(), 1, "and keeps it");

    back(&sandbox);
    let gateway = Gateway::sending(sandbox.url().as_str(), &settings).await;
    wait_until("it is filed away", async || dovecot.messages(ASSISTANCE, "Traités").len() == 1).await;
    assert!(dovecot.messages(ASSISTANCE, "INBOX").is_empty());
    let [ticket] = titled(&sandbox, "Par la boîte").try_into().unwrap();
    is_whole(&ticket, DIRECTORS[1], &reference);
    gateway.finish().await;
}

/// A form that the outbox of a gateway has, which GLPI answers again.
async fn kept(settings: &[(&str, &str)], title: &str) -> (Sandbox, Gateway, Vec<u8>, String) {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, settings).await;
    away(&sandbox);
    let reference = queued(gateway.post_form(&large_form(DIRECTORS[0], title), None).await).await;
    back(&sandbox);
    let [mail] = deposits(gateway.outbox.mails()).try_into().unwrap();
    (sandbox, gateway, mail, reference)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_is_for_people_to_read_and_for_no_machine_to_answer() {
    let operators = ("quarantine.operators", "exploitation@ac-dijon.fr");
    let (_sandbox, gateway, mail, reference) = kept(&[QUEUE[0], QUEUE[1], operators], "À lire").await;
    let deposit = Deposit::of(&mail);
    for field in ["Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All", &format!("To: {ASSISTANCE}")] {
        assert!(deposit.head().lines().any(|line| line == field), "{field} in {}", deposit.head());
    }
    assert_eq!(deposit.message_id(), format!("<{reference}.depot.passerelle@ac-dijon.fr>"));
    let read = mail_parser::MessageParser::default().parse(&mail).unwrap();
    assert_eq!(read.subject(), Some(format!("Demande du portail en attente [{reference}] : À lire").as_str()));
    let text = read.body_text(0).unwrap();
    for said in [
        "Cette demande a été déposée sur le portail pendant que l’assistance (GLPI) ne répondait pas",
        &reference,
        "Déposée par\u{a0}: ce.0210001a@ac-dijon.fr",
        "Application\u{a0}: LSU",
        "Fichiers\u{a0}: relevé de l’élève 😀.txt, capture.png, copie.txt",
        "Élève « Zoé » : 😀",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_comes_twice_is_one_ticket_and_one_place_of_the_day() {
    let settings = [QUEUE[0], QUEUE[1], ("quota.per_day", "2")];
    let (sandbox, gateway, mail, reference) = kept(&settings, "Deux fois").await;
    let mail = Deposit::of(&mail).mail();
    let (one, other) = tokio::join!(gateway.deliver("", &mail), gateway.deliver("", &mail));
    let mut replies = [one, other];
    replies.sort();
    assert_eq!(
        replies,
        [
            format!("250 2.0.0 created, ticket 1, reference {reference}"),
            format!("250 2.0.0 duplicate, ticket 1, reference {reference}"),
        ]
    );
    assert!(gateway.post_mail(&mail).await.status().is_success(), "whatever way it comes");
    // Another gateway, of the same secret and another memory.
    let other = Gateway::start(&sandbox, &settings).await;
    assert!(other.deliver("", &mail).await.contains("duplicate, ticket 1"));
    let [ticket] = titled(&sandbox, "Deux fois").try_into().unwrap();
    is_whole(&ticket, DIRECTORS[0], &reference);
    // It took one place of two.
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Seconde"), None).await.status(), StatusCode::CREATED);
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Troisième"), None).await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_relay_adds_on_the_way_changes_nothing() {
    let (sandbox, gateway, mail, reference) = kept(&QUEUE, "Avec pied").await;
    let mail = String::from_utf8(mail).unwrap();
    let boundary = mail.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let footer = "Content-Type: text/plain\r\n\r\n-- \r\nMessage analysé par le relais\r\n";
    let mail = mail.replace(&format!("--{boundary}--"), &format!("--{boundary}\r\n{footer}--{boundary}--"));
    let mail = format!("Received: from relais.test by mx; Fri, 27 Nov 2026 08:00:00 +0100\r\nX-Spam: no\r\n{mail}");
    let reply = gateway.deliver("exploitation@ac-dijon.fr", mail.as_bytes()).await;
    assert_eq!(reply, format!("250 2.0.0 created, ticket 1, reference {reference}"));
    is_whole(&titled(&sandbox, "Avec pied")[0], DIRECTORS[0], &reference);
}

const SECRET: (&str, &str) = ("redis.key_secret", "secret-of-the-cache-for-tests");

#[rstest]
#[case::another_requester(|mail: &mut Deposit| mail.forge("ce.0210001a@", "ce.0210002b@"), "forged-deposit")]
#[case::another_reference(|mail: &mut Deposit| mail.forge("\"reference\":\"P-", "\"reference\":\"P-0"), "forged-deposit")]
#[case::another_text(|mail: &mut Deposit| mail.forge("Zoé", "Léa"), "forged-deposit")]
#[case::another_urgency(|mail: &mut Deposit| mail.forge("\"urgency\":4", "\"urgency\":5"), "forged-deposit")]
#[case::another_file_name(|mail: &mut Deposit| mail.forge("capture.png", "capture.exe"), "forged-deposit")]
#[case::another_file(|mail: &mut Deposit| mail.part(3)[100] ^= 1, "forged-deposit")]
#[case::without_a_file(|mail: &mut Deposit| mail.part(3).clear(), "forged-deposit")]
#[case::without_a_seal(|mail: &mut Deposit| mail.part(1).clear(), "forged-deposit")]
#[case::another_secret(|mail: &mut Deposit| mail.forge_with("guessed", str::to_owned), "forged-deposit")]
#[case::too_old(|mail: &mut Deposit| mail.forge_with(SECRET.1, |record| sealed(record, -31)), "old-deposit")]
#[case::in_the_future(|mail: &mut Deposit| mail.forge_with(SECRET.1, |record| sealed(record, 1)), "forged-deposit")]
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_not_as_it_was_sealed_makes_nothing(#[case] forge: fn(&mut Deposit), #[case] reason: &str) {
    let (sandbox, gateway, mail, reference) = kept(&[QUEUE[0], QUEUE[1], SECRET], "Contrefait").await;
    let mut deposit = Deposit::of(&mail);
    forge(&mut deposit);
    let reply = gateway.deliver(DIRECTORS[1], &deposit.mail()).await;
    assert_eq!(reply, format!("250 2.0.0 refused, {reason}"));
    assert!(sandbox.tickets().is_empty());
    assert_eq!(gateway.outbox.mails().len(), 1, "nobody is written to");
    let (_, figures) = gateway.get("/metrics").await;
    let counted = format!("passerelle_requests_total{{channel=\"lmtp\",outcome=\"refused\",reason=\"{reason}\"}}");
    assert!(figures.contains(&counted), "{counted} in {figures}");
    // The one that was sealed is as good as before.
    let reply = gateway.deliver("", &mail).await;
    assert_eq!(reply, format!("250 2.0.0 created, ticket 1, reference {reference}"));
}

/// The same record, sealed so many days later.
fn sealed(record: &str, days: i64) -> String {
    let mut record: Value = serde_json::from_str(record).unwrap();
    record["sealed"] = (Timestamp::now() + (24 * days).hours()).to_string().into();
    record.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_seal_is_left_to_whoever_knows_it() {
    let (sandbox, gateway, mail, _) = kept(&[QUEUE[0], QUEUE[1], SECRET], "Plus récent").await;
    let mut deposit = Deposit::of(&mail);
    deposit.forge_with(SECRET.1, |record| record.replace("\"version\":1", "\"version\":2"));
    let reply = gateway.deliver("", &deposit.mail()).await;
    assert!(reply.starts_with("451 4.3.0 deferred"), "{reply}");
    assert!(sandbox.tickets().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_only_how_such_a_mail_is_called_gets_nothing() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let made_up = mail(DIRECTORS[0], "made-up", "LSU : faux", "Bonjour");
    let id = "P-0000-0000-0000.depot.passerelle@ac-dijon.fr";
    let made_up = String::from_utf8(made_up).unwrap().replace("made-up@ecole.test", id);
    assert_eq!(gateway.deliver(DIRECTORS[0], made_up.as_bytes()).await, "250 2.0.0 refused, forged-deposit");
    assert!(sandbox.tickets().is_empty() && gateway.outbox.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_on_while_glpi_is_away_and_is_taken_back_where_nothing_is_put_by_any_more() {
    let (sandbox, gateway, mail, reference) = kept(&QUEUE, "Encore").await;
    away(&sandbox);
    for _ in 0..2 {
        let reply = gateway.deliver("", &mail).await;
        assert!(reply.starts_with("451 4.3.0 deferred"), "{reply}");
    }
    assert_eq!(deposits(gateway.outbox.mails()).len(), 1, "what comes back is not put by once more");
    back(&sandbox);
    gateway.finish().await;
    let retrying = Gateway::start(&sandbox, &[]).await;
    let reply = retrying.deliver("", &mail).await;
    assert_eq!(reply, format!("250 2.0.0 created, ticket 1, reference {reference}"));
    is_whole(&titled(&sandbox, "Encore")[0], DIRECTORS[0], &reference);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_a_form_is_told_to_come_again() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[QUEUE[1]]).await;
    away(&sandbox);
    let answer = gateway.post_form(&form(DIRECTORS[0], "Renvoyée"), Some("retry")).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(gateway.outbox.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_again_is_one_mail_and_one_ticket() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &QUEUE).await;
    away(&sandbox);
    let fields = form(DIRECTORS[0], "Deux clics");
    for key in [Some("twice"), None] {
        let send = async || queued(gateway.post_form(&fields, key).await).await;
        let (one, other) = tokio::join!(send(), send());
        assert!(one == other && one == send().await);
    }
    assert_eq!(deposits(gateway.outbox.mails()).len(), 2, "one with a key, one without");
    back(&sandbox);
    // Sent once more, it has its ticket before the mail comes back.
    let made = gateway.post_form(&fields, Some("twice")).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let replies: Vec<_> = {
        let mut replies = Vec::new();
        for mail in deposits(gateway.outbox.mails()) {
            replies.push(gateway.deliver("", &mail).await);
        }
        replies
    };
    assert!(replies[0].contains("duplicate, ticket 1") && replies[1].contains("created, ticket 2"), "{replies:?}");
    assert_eq!(titled(&sandbox, "Deux clics").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_the_same_ticket_when_the_mail_comes_back() {
    let sandbox = sandbox().await;
    let settings = [QUEUE[0], QUEUE[1], ("glpi.timeout", "1s")];
    let gateway = Gateway::start(&sandbox, &settings).await;
    // GLPI makes it, answers too late, and is away when it is asked what became of it.
    sandbox.set_failures(Rule::next(1, Failure::Slow(Duration::from_secs(5))).on_new_tickets());
    let fields = large_form(DIRECTORS[0], "Réponse perdue");
    let cut = async {
        wait_until("GLPI has made it", async || sandbox.tickets().len() == 1).await;
        sandbox.set_failures(Rule::always(Failure::Down));
    };
    let (answer, ()) = tokio::join!(gateway.post_form(&fields, Some("lost")), cut);
    let reference = queued(answer).await;
    assert_eq!(queued(gateway.post_form(&fields, Some("lost")).await).await, reference, "nobody knows yet");
    back(&sandbox);
    let [mail] = deposits(gateway.outbox.mails()).try_into().unwrap();
    wait_until("it is known again", async || {
        let reply = gateway.deliver("", &mail).await;
        assert!(reply.contains("ticket 1") || reply.starts_with("451"), "{reply}");
        reply.contains(&format!("ticket 1, reference {reference}"))
    })
    .await;
    let [ticket] = titled(&sandbox, "Réponse perdue").try_into().unwrap();
    is_whole(&ticket, DIRECTORS[0], &reference);
}

/// As scripts and browsers send forms.
#[tokio::test(flavor = "multi_thread")]
async fn forms_of_every_encoding_are_put_by_and_try_says_what_becomes_of_them() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[QUEUE[0], QUEUE[1], ("http.form_tokens", "form-token-for-tests")]).await;
    away(&sandbox);
    let call = || gateway.call(Method::POST, "/v1/requests").bearer_auth("form-token-for-tests");
    let fields = |title: &'static str| {
        [("requester", DIRECTORS[0]), ("application", "LSU"), ("title", title), ("description", "Élève 😀")]
    };
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields("Encodée")).finish();
    let urlencoded = call().header("Content-Type", "application/x-www-form-urlencoded").body(body);
    let urlencoded = urlencoded.send().await.unwrap();
    let parts = fields("En parties").into_iter().fold(Form::new(), |form, (name, value)| form.text(name, value));
    let file = Part::bytes(files()[1].1.clone()).file_name("capture.png");
    let in_parts = call().multipart(parts.part("attachments", file)).send().await.unwrap();
    let references = [queued(urlencoded).await, queued(in_parts).await];
    back(&sandbox);

    let folder = tempfile::tempdir().unwrap();
    let mails = deposits(gateway.outbox.mails());
    let mut forged = Deposit::of(&mails[1]);
    forged.forge("ce.0210001a@", "ce.0210002b@");
    let tried = [mails[0].clone(), mails[1].clone(), forged.mail()];
    for (at, mail) in tried.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{at}.eml")), mail).unwrap();
    }
    let said = tokio::process::Command::new(env!("CARGO_BIN_EXE_passerelle"))
        .args(["try", "--json", folder.path().to_str().unwrap()])
        .env_clear()
        .env("PASSERELLE_GLPI__URL", sandbox.url().as_str())
        .env("PASSERELLE_GLPI__LOGIN", "passerelle")
        .env("PASSERELLE_GLPI__PASSWORD", "passerelle")
        .output()
        .await
        .unwrap();
    let said: Vec<Value> =
        String::from_utf8(said.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ends: Vec<_> =
        said.iter().map(|line| (line["outcome"].as_str().unwrap(), line["reason"].as_str().unwrap())).collect();
    assert_eq!(ends, [("created", "created"), ("created", "created"), ("refused", "forged-deposit")]);
    assert_eq!([&said[0]["reference"], &said[1]["reference"]], [&references[0], &references[1]]);

    for (mail, reference) in mails.iter().zip(&references) {
        assert!(gateway.deliver("", mail).await.contains(&format!("reference {reference}")));
    }
    let [ticket] = titled(&sandbox, "En parties").try_into().unwrap();
    assert_eq!(ticket.documents[0].bytes, files()[1].1);
    assert_eq!(titled(&sandbox, "Encodée").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_does_not_take_it_promises_nothing() {
    let sandbox = sandbox().await;
    let relay = Sink::start(Moods { away: true, ..Moods::default() }).await;
    let url = relay.url();
    let settings = [QUEUE[0], ("smtp.url", url.as_str()), ("smtp.timeout", "5s")];
    let gateway = Gateway::sending(sandbox.url().as_str(), &settings).await;
    away(&sandbox);
    let fields = form(DIRECTORS[0], "Refusée");
    let send = async || gateway.post_form(&fields, Some("no")).await;
    put_off(send().await, "directory-unknown").await;
    let moods = |moods: Moods| *relay.moods.lock().unwrap() = moods;
    moods(Moods { recipients: [(ASSISTANCE.to_owned(), 550)].into(), ..Moods::default() });
    put_off(send().await, "directory-unknown").await;
    moods(Moods { ends: vec![451], ..Moods::default() });
    put_off(send().await, "directory-unknown").await;
    moods(Moods { ends: vec![552], ..Moods::default() });
    put_off(send().await, "too-large-to-queue").await;
    assert!(relay.taken().is_empty());
    // Then it does.
    queued(send().await).await;
    assert_eq!(relay.taken().len(), 1);
    assert_eq!(
        (relay.taken()[0].from.as_str(), relay.taken()[0].to.as_slice()),
        ("", [ASSISTANCE.to_owned()].as_slice())
    );
    back(&sandbox);
    assert!(gateway.deliver("", relay.taken()[0].mail.as_bytes()).await.contains("created, ticket 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_come_back_whole_is_not_put_by() {
    let sandbox = sandbox().await;
    let small = [("screen.max_size", "60000"), ("lmtp.max_size", "60000")];
    let gateway = Gateway::start(&sandbox, &[QUEUE[0], QUEUE[1], small[0], small[1]]).await;
    away(&sandbox);
    let fields = |bytes: usize| {
        let mut fields = form(DIRECTORS[0], "Grosse");
        fields["attachments"] = json!([{"name": "gros.txt", "content": BASE64.encode(&vec![b'a'; bytes])}]);
        fields
    };
    put_off(gateway.post_form(&fields(44_000), None).await, "too-large-to-queue").await;
    queued(gateway.post_form(&fields(30_000), None).await).await;
    let [mail] = deposits(gateway.outbox.mails()).try_into().unwrap();
    back(&sandbox);
    // A way in that has become narrower meanwhile leaves it with the relay.
    let narrow = [("screen.max_size", "20000"), ("lmtp.max_size", "20000")];
    let narrower = Gateway::start(&sandbox, &narrow).await;
    let reply = narrower.deliver("", &mail).await;
    assert!(reply.starts_with("451 4.3.0 deferred, too-large-to-queue"), "{reply}");
    assert!(gateway.deliver("", &mail).await.contains("created, ticket 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_fails_each_time_it_comes_back_is_put_aside_whole() {
    let folder = tempfile::tempdir().unwrap();
    let lsu = include_str!("../../../mappings/lsu.toml");
    let template = "title = '{% if \"poison\" in subject %}{{ subject.nothing.there }}{% endif %}{{ subject }}'\n";
    std::fs::write(folder.path().join("lsu.toml"), format!("{template}{lsu}")).unwrap();
    let settings = [
        QUEUE[0],
        QUEUE[1],
        ("mappings.dir", folder.path().to_str().unwrap()),
        ("quarantine.attempts", "3"),
        ("quarantine.operators", "exploitation@ac-dijon.fr"),
    ];
    let (sandbox, gateway, deposited, reference) = kept(&settings, "poison").await;
    let mut reply = String::new();
    for number in 0..20 {
        reply = gateway.deliver("", &deposited).await;
        if !reply.starts_with("451") {
            break;
        }
        // It is the others that pass which show that the fault is its own.
        let other = mail(DIRECTORS[1], &format!("sound-{number}"), &format!("LSU : sain {number}"), "Bonjour");
        assert!(gateway.deliver(DIRECTORS[1], &other).await.starts_with("250"));
    }
    assert_eq!(reply, "250 2.0.0 quarantined, internal");
    assert!(titled(&sandbox, "poison").is_empty());
    let letter = gateway.outbox.mails().into_iter().find(|sent| sent.recipient.contains("exploitation@")).unwrap();
    let read = mail_parser::MessageParser::default().parse(&letter.message).unwrap();
    assert!(read.body_text(0).unwrap().contains(&reference));
    assert_eq!(read.attachment(0).unwrap().contents(), deposited);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_nobody_could_ask_are_asked_when_it_comes_back_and_who_is_refused_is_told() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[QUEUE[0], QUEUE[1], ("quota.per_day", "1")]).await;
    away(&sandbox);
    // Who is a director only GLPI knows here, and how many requests somebody had today.
    let of_agent = queued(gateway.post_form(&form(AGENT, "D’un agent"), None).await).await;
    let mut of_director = Vec::new();
    for title in ["Première", "Deuxième"] {
        of_director.push(queued(gateway.post_form(&form(DIRECTORS[0], title), None).await).await);
    }
    let complement = json!({"description": "À la demande d’une autre"}).to_string();
    let address = format!("/v1/requests/1/followups?requester={}", DIRECTORS[1]);
    let call = gateway.signed(Method::POST, &address, complement.as_bytes()).header("Content-Type", "application/json");
    queued(call.send().await.unwrap()).await;
    back(&sandbox);
    let mut replies = Vec::new();
    for mail in deposits(gateway.outbox.mails()) {
        replies.push(gateway.deliver("", &mail).await);
    }
    assert_eq!(
        replies,
        [
            "250 2.0.0 refused, not-a-director".to_owned(),
            format!("250 2.0.0 created, ticket 1, reference {}", of_director[0]),
            "250 2.0.0 refused, quota-exceeded".to_owned(),
            "250 2.0.0 refused, request-unknown".to_owned(),
        ]
    );
    let told = async |person: &str, word: &str| {
        wait_until(word, async || {
            gateway.outbox.mails().iter().any(|mail| {
                let text = String::from_utf8_lossy(&mail.message).into_owned();
                mail.recipient.eq_ignore_ascii_case(person) && text.contains(word)
            })
        })
        .await;
    };
    told(AGENT, &of_agent).await;
    let letter = gateway.outbox.mails().into_iter().find(|mail| mail.recipient == AGENT).unwrap();
    let letter =
        mail_parser::MessageParser::default().parse(&letter.message).unwrap().body_text(0).unwrap().into_owned();
    let said = "Votre message «\u{a0}D’un agent\u{a0}», déposé sur le portail pendant que l’assistance ne répondait pas, n’a pas été enregistré";
    assert!(letter.contains(said), "{letter}");
    told(DIRECTORS[0], &of_director[0]).await;
    told(DIRECTORS[0], &of_director[1]).await;
    told(DIRECTORS[1], "Auto-Submitted: auto-generated").await;
    assert_eq!(sandbox.tickets().len(), 1);
    let (_, figures) = gateway.get("/metrics").await;
    for counted in [
        r#"passerelle_requests_total{channel="form",outcome="queued",reason="queued"}"#,
        r#"passerelle_requests_total{channel="returned",outcome="created",reason="created"}"#,
        r#"passerelle_requests_total{channel="returned",outcome="refused",reason="quota-exceeded"}"#,
    ] {
        assert!(figures.contains(counted), "{counted} in {figures}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_starts_while_glpi_is_away_takes_forms_at_once() {
    let settings = [QUEUE[0], QUEUE[1], ("glpi.breaker_failures", "1"), ("glpi.breaker_pause", "1m")];
    let gateway = Gateway::in_front_of("http://127.0.0.1:9/", &settings).await;
    queued(gateway.post_form(&form(DIRECTORS[0], "Au démarrage"), None).await).await;
    let began = Instant::now();
    queued(gateway.post_form(&form(DIRECTORS[1], "Ensuite"), None).await).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(deposits(gateway.outbox.mails()).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glpi_that_does_not_answer_in_time_is_not_waited_for() {
    let sandbox = sandbox().await;
    let gateway =
        Gateway::start(&sandbox, &[QUEUE[0], QUEUE[1], ("http.timeout", "6s"), ("glpi.timeout", "30s")]).await;
    sandbox.set_failures(Rule::next(1, Failure::Slow(Duration::from_secs(8))).on_new_tickets());
    let fields = large_form(DIRECTORS[0], "Lente");
    let reference = queued(gateway.post_form(&fields, Some("slow")).await).await;
    let [mail] = deposits(gateway.outbox.mails()).try_into().unwrap();
    // What was begun goes on, and is what the mail finds.
    let reply = gateway.deliver("", &mail).await;
    assert_eq!(reply, format!("250 2.0.0 duplicate, ticket 1, reference {reference}"));
    is_whole(&titled(&sandbox, "Lente")[0], DIRECTORS[0], &reference);
    assert_eq!(sandbox.tickets().len(), 1);
}
