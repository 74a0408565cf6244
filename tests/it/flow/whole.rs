//! «Created» means a whole ticket: whatever GLPI dies of, and wherever, requester, group, category and each file are
//! there once in the end, or the file is named; and the ordinary way costs no call for it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use passerelle::sandbox::{Limits, Options, Sandbox, TicketView};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;

use crate::support::{
    gateway::{DIRECTORS, FOLLOWUP, Gateway, mail, sandbox, titled},
    helpdesk::Helpdesk,
    meddler::{Fate, Making, Meddler, dies_after, dies_of_a_refused_file, tally, writes_of},
};

/// A picture of one pixel, in whose place the text shows it.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x09\0\0\0\x09\x08\x06\0\0\0rest of a picture";
const HEIC: &[u8] = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic contents";

fn is_heic(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|extension| extension == "heic")
}

/// A member of Référents-LSU.
const MEMBER: &str = "tech1@ac-dijon.fr";
const OF_STAFF: [(&str, &str); 4] = [FOLLOWUP[0], FOLLOWUP[1], FOLLOWUP[2], ("mail.replies_of_staff", "followup")];

/// A mail of the first director with these files; the text shows those of the type `image/…` that are `inline`.
fn with_files(id: &str, subject: &str, files: &[(&str, &str, bool, &[u8])], more: &str) -> Vec<u8> {
    let text = String::from_utf8(mail(DIRECTORS[0], id, subject, "")).unwrap();
    let (head, _) = text.split_once("MIME-Version").unwrap();
    let shown = files.iter().filter(|(_, _, inline, _)| *inline);
    let shown: Vec<_> = shown.map(|(name, ..)| format!("<p><img src=\"cid:{name}\"></p>")).collect();
    let shown = shown.concat();
    let mut raw = format!(
        "{more}{head}MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n<p>Voici la page.</p>{shown}<p>Que faire ?</p>\r\n"
    );
    for (name, kind, inline, bytes) in files {
        let disposition = if *inline { "inline" } else { "attachment" };
        let id = if *inline { format!("Content-ID: <{name}>\r\n") } else { String::new() };
        let part = format!(
            "--b\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: {disposition}; filename=\"{name}\"\r\n\
             {id}Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            data_encoding::BASE64.encode(bytes)
        );
        raw.push_str(&part);
    }
    raw.push_str("--b--\r\n");
    raw.into_bytes()
}

/// A text, a picture that GLPI refuses, one that it takes and the text shows.
fn three_files(id: &str, more: &str) -> Vec<u8> {
    let files: [(&str, &str, bool, &[u8]); 3] = [
        ("notes.txt", "text/plain", false, b"des notes"),
        ("photo.heic", "image/heic", false, HEIC),
        ("capture.png", "image/png", true, PNG),
    ];
    with_files(id, "LSU : trois fichiers", &files, more)
}

fn names(documents: &[passerelle::sandbox::DocumentView]) -> Vec<&str> {
    let mut names: Vec<_> = documents.iter().map(|file| file.filename.as_str()).collect();
    names.sort_unstable();
    names
}

/// How often a file is named as left out, in the ticket and in all that is said on it.
fn named(ticket: &TicketView, name: &str) -> usize {
    let texts = [&ticket.content].into_iter().chain(ticket.followups.iter().map(|followup| &followup.content));
    texts.map(|text| text.matches(&format!("<li>{name}\u{a0}: ")).count()).sum()
}

fn the_one(sandbox: &Sandbox) -> TicketView {
    let tickets = sandbox.tickets();
    let [ticket] = tickets.as_slice() else { panic!("{} tickets", tickets.len()) };
    ticket.clone()
}

/// Everything is in the ticket, once.
fn assert_whole(ticket: &TicketView, when: &str) {
    assert_eq!(ticket.requesters.iter().map(|who| who.user).collect::<Vec<_>>(), [7], "{when}");
    assert_eq!(ticket.assigned_groups, ["Référents-LSU"], "{when}");
    assert_eq!((ticket.category.as_deref(), ticket.status), (Some("Scolarité > LSU"), 2), "{when}");
    assert_eq!(ticket.taken_into_account, None, "{when}");
}

fn assert_files(ticket: &TicketView, content: &str, documents: &[passerelle::sandbox::DocumentView], when: &str) {
    assert_eq!(names(documents), ["capture.png", "notes.txt"], "{when}");
    assert_eq!(named(ticket, "photo.heic"), 1, "{when}: {} {:?}", ticket.content, ticket.followups);
    assert!(!content.contains("<img id="), "{when}: {content}");
    assert_eq!(content.matches("docid=").count(), 2, "{when}: {content}");
}

/// A GLPI, of this version, that dies of the first call to make `kind` after so many writes; `and_stays_away`: it answers
/// nothing from then on.
async fn dying(
    sandbox: &Sandbox,
    kind: &'static str,
    version: &'static str,
    writes: usize,
    and_stays_away: bool,
) -> (Meddler, Arc<AtomicUsize>) {
    let (whole, is_gone) = (Arc::new(AtomicUsize::new(0)), AtomicBool::new(false));
    let seen = Arc::clone(&whole);
    let meddler = Meddler::start(sandbox.url(), version, move |making: &mut Making| {
        if is_gone.load(Ordering::SeqCst) && and_stays_away {
            return Fate::Dies(502);
        }
        if making.path == kind && seen.load(Ordering::SeqCst) == 0 {
            seen.store(writes_of(making), Ordering::SeqCst);
            dies_after(making, writes);
            is_gone.store(true, Ordering::SeqCst);
            return Fate::Answers(500);
        }
        let dies = version.starts_with("11") && dies_of_a_refused_file(making, is_heic);
        if dies { Fate::Answers(500) } else { Fate::Passes }
    })
    .await;
    (meddler, whole)
}

/// Lets GLPI die of making this `kind` of item after each of its writes in turn, of a mail of `prepare`, which the relay
/// or a later gateway hands in again; `answers` are the first that says that it is done, and those after.
async fn wherever_glpi_dies(
    kind: &'static str,
    (version, next_try): (&'static str, bool),
    (from, answers): (&str, [&str; 2]),
    prepare: impl AsyncFn(&Sandbox) -> Vec<u8>,
    check: impl Fn(&TicketView, &str),
) {
    let mut writes = 1;
    loop {
        let sandbox = sandbox().await;
        let when = format!("{kind}, {version}, {writes} writes, next try: {next_try}");
        let raw = prepare(&sandbox).await;
        let (meddler, whole) = dying(&sandbox, kind, version, writes, next_try).await;
        let settings = [OF_STAFF.as_slice(), &[("glpi.timeout", "5s")]].concat();
        let mut gateway = Gateway::in_front_of(meddler.url.as_str(), &settings).await;
        if next_try {
            let reply = gateway.deliver(from, &raw).await;
            assert!(reply.starts_with("451"), "{when}: {reply}");
            gateway.finish().await;
            gateway = Gateway::start(&sandbox, &OF_STAFF).await;
        }
        for answer in answers {
            let reply = gateway.deliver(from, &raw).await;
            assert!(reply.starts_with("250") && reply.contains(answer), "{when}: {reply}");
        }
        // What is written into a receipt's note is so when it has ended.
        gateway.finish().await;
        check(&the_one(&sandbox), &when);
        if writes > whole.load(Ordering::SeqCst) {
            return;
        }
        writes += 1;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_whole_wherever_glpi_died(
    #[values("10.0.19", "11.0.6")] version: &'static str,
    #[values(false, true)] next_try: bool,
) {
    let first = if next_try { "" } else { "created" };
    let prepare = async |_: &Sandbox| three_files("dies", "");
    wherever_glpi_dies("Ticket", (version, next_try), (DIRECTORS[0], [first, "duplicate"]), prepare, |ticket, when| {
        assert_whole(ticket, when);
        assert_files(ticket, &ticket.content, &ticket.documents, when);
    })
    .await;
}

/// A request that has its ticket, and somebody who works on it.
async fn first_request(sandbox: &Sandbox) -> (TicketView, Helpdesk) {
    let gateway = Gateway::start(sandbox, &FOLLOWUP).await;
    let first = gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "first", "LSU : suivi", "Bonjour")).await;
    assert!(first.contains("created"), "{first}");
    gateway.finish().await;
    (the_one(sandbox), Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await)
}

/// A mail with three files that answers what GLPI told of a ticket.
fn answer_to(ticket: &TicketView) -> Vec<u8> {
    let id = ticket.id;
    three_files("answer", &format!("In-Reply-To: <GLPI_ZhRvFaYzdU2NErx8-Ticket-{id}/new@glpi.test>\r\n"))
}

/// The answer is there once, with its files.
fn assert_answer(ticket: &TicketView, when: &str) {
    let own: Vec<_> = ticket.followups.iter().filter(|it| it.content.contains("Voici la page")).collect();
    let [own] = own.as_slice() else { panic!("{when}: {:?}", ticket.followups) };
    assert_files(ticket, &own.content, &own.documents, when);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_is_whole_and_reopens_wherever_glpi_died(
    #[values("10.0.19", "11.0.6")] version: &'static str,
    #[values(false, true)] next_try: bool,
) {
    let prepare = async |sandbox: &Sandbox| {
        let (ticket, helpdesk) = first_request(sandbox).await;
        helpdesk.solve(u64::try_from(ticket.id).unwrap(), "<p>Fait.</p>").await;
        answer_to(&ticket)
    };
    wherever_glpi_dies(
        "ITILFollowup",
        (version, next_try),
        (DIRECTORS[0], ["followup"; 2]),
        prepare,
        |ticket, when| {
            assert_eq!(ticket.status, 2, "{when}");
            assert_answer(ticket, when);
        },
    )
    .await;
}

/// A référent's answer takes its ticket in charge, and leaves its status alone.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_staff_is_whole_and_takes_in_charge_wherever_glpi_died(
    #[values("10.0.19", "11.0.6")] version: &'static str,
    #[values(false, true)] next_try: bool,
) {
    let prepare = async |sandbox: &Sandbox| {
        let (ticket, helpdesk) = first_request(sandbox).await;
        assert_eq!(ticket.taken_into_account, None);
        helpdesk.set_status(u64::try_from(ticket.id).unwrap(), 4).await;
        String::from_utf8(answer_to(&ticket)).unwrap().replace(DIRECTORS[0], MEMBER).into_bytes()
    };
    wherever_glpi_dies("ITILFollowup", (version, next_try), (MEMBER, ["followup"; 2]), prepare, |ticket, when| {
        assert_answer(ticket, when);
        assert_eq!(ticket.status, 4, "{when}");
        assert!(ticket.taken_into_account.is_some(), "{when}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ordinary_way_costs_one_call_and_with_a_file_the_reading_back() {
    let sandbox = sandbox().await;
    let meddler = Meddler::start(sandbox.url(), "10.0.19", |_| Fate::Passes).await;
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &[]).await;
    // What is remembered of an account is verified by its next ticket: once a minute.
    for id in ["warm", "warmer"] {
        let raw = mail(DIRECTORS[0], id, "LSU : avant", "Bonjour");
        assert!(gateway.deliver(DIRECTORS[0], &raw).await.contains("created"));
    }
    // Whether a copy came before this process began is the ledger's question, not the delivery's.
    let of_delivery =
        || -> Vec<String> { meddler.calls().into_iter().filter(|call| call != "GET search/Ticket").collect() };
    of_delivery();
    assert!(gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "o1", "LSU : un", "Bonjour")).await.contains("created"));
    assert_eq!(of_delivery(), ["POST Ticket"]);
    let files: [(&str, &str, bool, &[u8]); 1] = [("notes.txt", "text/plain", false, b"des notes")];
    assert!(gateway.deliver(DIRECTORS[0], &with_files("o2", "LSU : deux", &files, "")).await.contains("created"));
    let calls = of_delivery();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(tally(&calls).get("POST Ticket"), Some(&1), "{calls:?}");
    assert!(gateway.deliver(DIRECTORS[0], &with_files("o2", "LSU : deux", &files, "")).await.contains("duplicate"));
    assert_eq!(meddler.calls(), [""; 0], "what this process confirmed is not read back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_that_version_11_drops_is_added() {
    let sandbox = sandbox().await;
    let meddler = Meddler::start(sandbox.url(), "11.0.6", |making| {
        if making.path == "Ticket" {
            making.input.as_object_mut().unwrap().remove("_users_id_requester");
        }
        Fate::Passes
    })
    .await;
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &[]).await;
    assert!(gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "d1", "LSU : un", "Bonjour")).await.contains("created"));
    assert_whole(&the_one(&sandbox), "dropped");
}

/// How often tickets are read back: the first one of all, to see whether this GLPI drops requesters; then on 11 the
/// first one of each account and the second, of an account that is remembered. On 10 it is enough that such an account is
/// still there: that is asked while its ticket is made.
#[rstest]
#[case::ten("10.0.14", [(1, 1), (0, 1), (0, 0), (0, 1), (0, 1), (0, 0)])]
#[case::eleven("11.0.6", [(1, 1), (1, 0), (0, 0), (1, 1), (1, 0), (0, 0)])]
#[tokio::test(flavor = "multi_thread")]
async fn a_requester_is_looked_for_where_it_may_be_missing(
    #[case] version: &'static str,
    #[case] expected: [(usize, usize); 6],
) {
    let sandbox = sandbox().await;
    let meddler = Meddler::start(sandbox.url(), version, |_| Fate::Passes).await;
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &[]).await;
    let mut readings = Vec::new();
    for (id, from) in [("a", 0), ("b", 0), ("c", 0), ("d", 1), ("e", 1), ("f", 1)] {
        let raw = mail(DIRECTORS[from], id, "LSU : encore", "Bonjour");
        assert!(gateway.deliver(DIRECTORS[from], &raw).await.contains("created"));
        let calls = meddler.calls();
        let after = calls.iter().rev().take_while(|call| *call != "POST Ticket");
        let tickets = after.filter(|call| call.ends_with("search/Ticket")).count();
        readings.push((tickets, calls.iter().filter(|call| call.ends_with("search/User")).count()));
    }
    assert_eq!(readings, expected, "tickets read back, accounts searched for");
}

/// As the real ones do it: 201, and a ticket that nobody asks.
#[rstest]
#[case::ten(Options::default())]
#[case::eleven(Options::eleven())]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_purged_while_it_is_remembered_gives_way_to_its_address(#[case] options: Options) {
    let sandbox = Sandbox::start(options).await.unwrap();
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let ask = async |id: &str| {
        let reply = gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], id, &format!("LSU : {id}"), "Bonjour")).await;
        assert!(reply.contains("created"), "{reply}");
        let [ticket] = titled(&sandbox, id).try_into().unwrap();
        ticket.requesters.into_iter().map(|person| (person.user, person.email)).collect::<Vec<_>>()
    };
    assert_eq!(ask("avant").await, [(7, String::new())]);
    staff.call(Method::DELETE, "User/7?force_purge=true", json!({})).await;
    for id in ["après", "bien après"] {
        assert_eq!(ask(id).await, [(0, DIRECTORS[0].to_lowercase())], "{id}");
    }
}

/// A plugin that takes the requester off every ticket, on a version that does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_strips_requesters_is_noticed_on_any_version() {
    let sandbox = sandbox().await;
    let meddler = Meddler::start(sandbox.url(), "10.0.14", |making| {
        if making.path == "Ticket" {
            making.input.as_object_mut().unwrap().remove("_users_id_requester");
        }
        Fate::Passes
    })
    .await;
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &[]).await;
    for from in [DIRECTORS[0], DIRECTORS[1], DIRECTORS[2]] {
        assert!(gateway.deliver(from, &mail(from, from, "LSU : un", "Bonjour")).await.contains("created"));
    }
    let asking: Vec<_> = sandbox.tickets().iter().flat_map(|it| &it.requesters).map(|person| person.user).collect();
    assert_eq!(asking, [7, 8, 9]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_glpi_does_not_take_gives_way_to_its_address() {
    let sandbox = sandbox().await;
    let meddler = Meddler::start(sandbox.url(), "11.0.6", |making| {
        if making.path == "Ticket" {
            making.input.as_object_mut().unwrap().remove("_users_id_requester");
        }
        if making.path == "Ticket_User" && making.input["users_id"] == 7 {
            making.input["users_id"] = json!(999_999);
        }
        Fate::Passes
    })
    .await;
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &[]).await;
    assert!(gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "gone", "LSU", "Bonjour")).await.contains("created"));
    let requesters = the_one(&sandbox).requesters;
    let [requester] = requesters.as_slice() else { panic!("{requesters:?}") };
    assert_eq!((requester.user, requester.email.as_str()), (0, "ce.0210001a@ac-dijon.fr"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_kills_glpi_each_time_is_named_and_the_other_files_go() {
    let sandbox = sandbox().await;
    let tries = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&tries);
    let meddler = Meddler::start(sandbox.url(), "11.0.6", move |making| {
        // before anything is written, the same each time
        if making.files.iter().any(|(name, _)| name == "coupee.png") {
            counted.fetch_add(1, Ordering::SeqCst);
            return Fate::Dies(500);
        }
        Fate::Passes
    })
    .await;
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &[]).await;
    let files: [(&str, &str, bool, &[u8]); 3] = [
        ("coupee.png", "image/png", true, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("notes.txt", "text/plain", false, b"des notes"),
        ("capture.png", "image/png", true, PNG),
    ];
    let reply = gateway.deliver(DIRECTORS[0], &with_files("cut", "LSU : coupée", &files, "")).await;
    assert!(reply.contains("created"), "{reply}");
    let ticket = the_one(&sandbox);
    assert_whole(&ticket, "cut picture");
    assert_eq!(names(&ticket.documents), ["capture.png", "notes.txt"]);
    assert_eq!(named(&ticket, "coupee.png"), 1, "{:?}", ticket.followups);
    assert!(ticket.content.contains("[image non transmise\u{a0}: coupee.png]"), "{}", ticket.content);
    assert!(!ticket.content.contains("<img id="), "{}", ticket.content);
    assert_eq!(tries.load(Ordering::SeqCst), 3, "once with all, twice alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_version_11_whatever_it_refuses_is_named_and_the_rest_is_whole() {
    let sandbox = Sandbox::start(Options::eleven()).await.unwrap();
    let gateway = Gateway::start(&sandbox, &[]).await;
    let large = vec![b'l'; 3 << 20];
    let files: [(&str, &str, bool, &[u8]); 7] = [
        ("a.txt", "text/plain", false, b"premier"),
        ("photo.heic", "image/heic", false, HEIC),
        ("macro.docm", "application/octet-stream", false, b"PK docm"),
        ("capture.jpg", "image/jpeg", true, PNG),
        ("gros.txt", "text/plain", false, &large),
        ("coupee.gif", "image/gif", false, b"GIF89a\x05\0"),
        ("z.txt", "text/plain", false, b"dernier"),
    ];
    let reply = gateway.deliver(DIRECTORS[0], &with_files("eleven", "LSU : onze", &files, "")).await;
    assert!(reply.contains("created"), "{reply}");
    let ticket = the_one(&sandbox);
    assert_whole(&ticket, "version 11");
    assert_eq!(names(&ticket.documents), ["a.txt", "capture.png", "z.txt"]);
    for name in ["photo.heic", "macro.docm", "gros.txt", "coupee.gif"] {
        assert_eq!(named(&ticket, name), 1, "{name}: {} {:?}", ticket.content, ticket.followups);
    }
    assert_eq!(ticket.content.matches("docid=").count(), 2, "{}", ticket.content);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_may_not_add_documents_adds_files_by_follow_ups_once() {
    let sandbox = sandbox().await;
    let died = AtomicBool::new(false);
    let meddler = Meddler::start(sandbox.url(), "11.0.6", move |making| {
        if making.path == "Ticket" && !died.swap(true, Ordering::SeqCst) {
            dies_after(making, 1);
            return Fate::Answers(500);
        }
        let breaks_off = dies_of_a_refused_file(making, is_heic);
        if making.path == "Document" {
            Fate::Dies(403)
        } else if breaks_off {
            Fate::Answers(500)
        } else {
            Fate::Passes
        }
    })
    .await;
    for expected in ["created", "duplicate"] {
        let gateway = Gateway::in_front_of(meddler.url.as_str(), &[]).await;
        let reply = gateway.deliver(DIRECTORS[0], &three_files("carried", "")).await;
        assert!(reply.contains(expected), "{reply}");
        let ticket = the_one(&sandbox);
        assert_whole(&ticket, expected);
        assert!(ticket.documents.is_empty() && !ticket.content.contains("<img id="), "{}", ticket.content);
        assert!(ticket.content.contains("[image jointe à un suivi\u{a0}: capture.png]"), "{}", ticket.content);
        let mut carried: Vec<_> = ticket.followups.iter().flat_map(|followup| names(&followup.documents)).collect();
        carried.sort_unstable();
        assert_eq!(carried, ["capture.png", "notes.txt"]);
        // Beside what says that its receipt is sent.
        let of_files = ticket.followups.iter().filter(|followup| !followup.content.contains("receipt-")).count();
        assert_eq!((named(&ticket, "photo.heic"), of_files), (1, 3), "{:?}", ticket.followups);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_a_type_that_glpi_refuses_leaves_words_and_is_not_sent_again() {
    let sandbox = sandbox().await;
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let meddler = Meddler::start(sandbox.url(), "10.0.19", move |making| {
        counted.fetch_add(making.files.len(), Ordering::SeqCst);
        Fate::Passes
    })
    .await;
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &[]).await;
    let files: [(&str, &str, bool, &[u8]); 1] = [("page.webp", "image/webp", true, b"RIFF\x10\0\0\0WEBPVP8 xx")];
    for (id, sent_so_far) in [("w1", 1), ("w2", 1)] {
        let raw = with_files(id, &format!("LSU : {id}"), &files, "");
        assert!(gateway.deliver(DIRECTORS[0], &raw).await.contains("created"));
        let ticket = sandbox.tickets().into_iter().find(|ticket| ticket.name.contains(id)).unwrap();
        assert!(ticket.content.contains("[image non transmise\u{a0}: page.webp]"), "{}", ticket.content);
        assert!(!ticket.content.contains("<img"), "{}", ticket.content);
        assert_eq!((named(&ticket, "page.webp"), ticket.taken_into_account.clone()), (1, None));
        assert_eq!(sent.load(Ordering::SeqCst), sent_so_far, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_one_call_takes_goes_in_several_and_what_is_too_large_alone_is_named() {
    let limits = Limits { request: 500_000, file: 600_000, ..Limits::default() };
    let sandbox = Sandbox::start(Options { limits, ..Options::default() }).await.unwrap();
    let gateway = Gateway::start(&sandbox, &[]).await;
    let bytes = |letter: u8, size: usize| vec![letter; size];
    let (a, b, c, d) = (bytes(b'a', 300_000), bytes(b'b', 300_000), bytes(b'c', 300_000), bytes(b'd', 550_000));
    let files: [(&str, &str, bool, &[u8]); 4] = [
        ("a.txt", "text/plain", false, &a),
        ("b.txt", "text/plain", false, &b),
        ("c.txt", "text/plain", false, &c),
        ("d.txt", "text/plain", false, &d),
    ];
    let reply = gateway.deliver(DIRECTORS[0], &with_files("big", "LSU : gros", &files, "")).await;
    assert!(reply.contains("created"), "{reply}");
    let ticket = the_one(&sandbox);
    assert_whole(&ticket, "in several calls");
    assert_eq!(names(&ticket.documents), ["a.txt", "b.txt", "c.txt"]);
    assert_eq!(named(&ticket, "d.txt"), 1, "{} {:?}", ticket.content, ticket.followups);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_glpi_refuses_goes_in_an_archive_where_that_is_wanted() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("attachments.wrap", "true")]).await;
    let files: [(&str, &str, bool, &[u8]); 2] =
        [("photo.heic", "image/heic", false, HEIC), ("page.webp", "image/webp", true, b"RIFF\x10\0\0\0WEBPVP8 xx")];
    let reply = gateway.deliver(DIRECTORS[0], &with_files("zip", "LSU : archive", &files, "")).await;
    assert!(reply.contains("created"), "{reply}");
    let ticket = the_one(&sandbox);
    assert_eq!(names(&ticket.documents), ["page.webp.zip", "photo.heic.zip"]);
    assert!(ticket.content.contains("[image jointe : page.webp.zip]"), "{}", ticket.content);
    assert!(ticket.followups.is_empty(), "{:?}", ticket.followups);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(ticket.documents[0].bytes.clone())).unwrap();
    let name = archive.by_index(0).unwrap().name().unwrap().into_owned();
    assert!(ticket.documents[0].filename.starts_with(&name), "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_glpi_refuses_makes_a_ticket_that_names_it_and_fails_once() {
    let sandbox = sandbox().await;
    let meddler = Meddler::start(sandbox.url(), "10.0.19", |_| Fate::Passes).await;
    let settings = [("directory.sources", "csv"), ("screen.disabled", "not-a-director")];
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &settings).await;
    let mut calls = Vec::new();
    for id in ["odd1", "odd2"] {
        let raw = mail("vie&co@ac-dijon.fr", id, &format!("LSU : {id}"), "Bonjour");
        let reply = gateway.deliver("vie&co@ac-dijon.fr", &raw).await;
        assert!(reply.contains("created"), "{reply}");
        calls.push(meddler.calls().iter().filter(|call| *call == "POST Ticket").count());
    }
    assert_eq!(calls, [2, 1]);
    for ticket in sandbox.tickets() {
        assert!(
            ticket.requesters.is_empty() && ticket.content.contains("vie&amp;co@ac-dijon.fr"),
            "{}",
            ticket.content
        );
        assert_eq!(ticket.assigned_groups, ["Référents-LSU"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn glpis_own_words_for_a_refusal_reach_the_relay() {
    use axum::{Json, Router, http::StatusCode, routing::any};
    // A GLPI that wants a field no gateway knows of.
    let words = "Certains champs obligatoires ne sont pas remplis : <b>Type de matériel</b>";
    let routes = Router::new()
        .route("/apirest.php/initSession", any(|| async { Json(json!({"session_token": "t"})) }))
        .route("/apirest.php/UserEmail", any(|| async { Json(json!([])) }))
        .route("/apirest.php/Group", any(|| async { Json(json!([{"id": 1, "name": "Référents-LSU"}])) }))
        .route(
            "/apirest.php/ITILCategory",
            any(|| async { Json(json!([{"id": 2, "completename": "Scolarité > LSU"}])) }),
        )
        .route("/apirest.php/search/Ticket", any(|| async { Json(json!({"totalcount": 0})) }))
        .route(
            "/apirest.php/Ticket",
            any(move || async move { (StatusCode::BAD_REQUEST, Json(json!(["ERROR_GLPI_ADD", words]))) }),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let settings = [("directory.sources", "csv"), ("screen.disabled", "not-a-director")];
    let gateway = Gateway::in_front_of(&url, &settings).await;
    let reply = gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "field", "LSU", "Bonjour")).await;
    assert!(reply.starts_with("451"), "{reply}");
    assert!(reply.contains("Certains champs obligatoires ne sont pas remplis : Type de materiel"), "{reply}");
    serving.abort();
}
