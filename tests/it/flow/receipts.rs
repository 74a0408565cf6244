//! Receipts while the relay does not take them: noted in the ticket, and sent later.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use passerelle::sandbox::{Failure, Failures, Rule, Sandbox};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::support::{
    gateway::{DIRECTORS, Gateway, mail, sandbox},
    helpdesk::Helpdesk,
    meddler::{Fate, Making, Meddler},
    redis::Redis,
    unreliable::{Cut, Unreliable},
    wait_until,
};

/// A relay that takes connections and says nothing.
async fn silent_relay() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move { drop(stream.read_to_end(&mut Vec::new()).await) });
        }
    });
    url
}

/// A relay that takes connections and says nothing until it is opened; then it takes every mail.
struct Relay {
    url: String,
    open: watch::Sender<bool>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (open, opened) = watch::channel(false);
        let taken = Arc::default();
        let keep = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Self::take(stream, opened.clone(), Arc::clone(&keep)));
            }
        });
        Self { url, open, taken }
    }

    async fn take(stream: TcpStream, mut opened: watch::Receiver<bool>, taken: Arc<Mutex<Vec<String>>>) {
        if opened.wait_for(|open| *open).await.is_err() {
            return;
        }
        let mut stream = BufReader::new(stream);
        let (mut content, mut line) = (None, String::from("EHLO"));
        let mut answer = "220 ready\r\n";
        loop {
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
            line.clear();
            if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
                return;
            }
            answer = match (&mut content, line.trim_end()) {
                (Some(_), ".") => {
                    taken.lock().unwrap().extend(content.take());
                    "250 taken\r\n"
                }
                (Some(content), _) => {
                    content.push_str(&line);
                    ""
                }
                (None, "DATA") => {
                    content = Some(String::new());
                    "354 go on\r\n"
                }
                (None, _) => "250 ok\r\n",
            };
        }
    }

    fn open(&self) {
        self.open.send_replace(true);
    }

    fn taken(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}

fn notes_with(sandbox: &Sandbox, mark: &str) -> usize {
    let tickets = sandbox.tickets();
    tickets.iter().filter(|ticket| ticket.followups.iter().any(|note| note.content.contains(mark))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_that_a_hanging_relay_does_not_take_go_out_after_the_next_start() {
    let sandbox = sandbox().await;
    let relay = silent_relay().await;
    let gateway = Gateway::sending(sandbox.url().as_str(), &[("smtp.url", &relay)]).await;
    let began = Instant::now();
    for (number, director) in DIRECTORS.iter().enumerate() {
        let mail = mail(director, &format!("h{number}"), &format!("LSU : accès {number}"), "Bonjour");
        assert!(gateway.deliver(director, &mail).await.contains("created"));
    }
    assert!(began.elapsed() < Duration::from_secs(5), "each waited for the relay: {:?}", began.elapsed());
    assert_eq!(notes_with(&sandbox, "receipt-due"), DIRECTORS.len());
    let stopping = Instant::now();
    gateway.finish().await;
    assert!(stopping.elapsed() < Duration::from_secs(5), "what is noted holds up no stop: {:?}", stopping.elapsed());

    let next = Gateway::start(&sandbox, &[]).await;
    wait_until("all have their receipt", async || next.outbox.mails().len() == DIRECTORS.len()).await;
    wait_until("the tickets say so", async || notes_with(&sandbox, "receipt-sent") == DIRECTORS.len()).await;
    assert_eq!(notes_with(&sandbox, "receipt-due"), 0);
    let mails = next.outbox.mails();
    let mut told: Vec<_> = mails.iter().map(|mail| mail.recipient.to_lowercase()).collect();
    told.sort();
    assert_eq!(told, DIRECTORS.map(str::to_lowercase));
    let tickets = sandbox.tickets();
    for mail in &mails {
        let text = String::from_utf8_lossy(&mail.message);
        let ticket = tickets.iter().find(|ticket| text.contains(&format!("n=C2=B0=C2=A0{}", ticket.id)));
        assert!(ticket.is_some() || text.contains("ticket"), "{text}");
        assert!(text.contains("Message-ID: <P-") && text.contains("Auto-Submitted: auto-generated"), "{text}");
    }
    next.finish().await;

    let another = Gateway::start(&sandbox, &[]).await;
    assert!(
        another.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "more", "LSU : encore", "Bonjour")).await.contains("created")
    );
    assert_eq!(another.outbox.mails().len(), 1, "nobody is written to twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_works_costs_no_note() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    assert!(gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "ok", "LSU", "Bonjour")).await.contains("created"));
    assert_eq!(gateway.outbox.mails().len(), 1, "it is sent before the relay is answered");
    assert!(sandbox.tickets()[0].followups.is_empty());
}

/// Tickets whose receipts the relay keeps waiting.
const LATE: usize = 40;

/// A gateway whose relay is silent, and so many tickets whose notes say that their receipts are due.
async fn late_receipts(glpi: &str, relay: &Relay) -> Gateway {
    let settings = [("smtp.url", relay.url.as_str()), ("sweep.every", "1h"), ("quota.per_day", "1000")];
    let gateway = Gateway::sending(glpi, &settings).await;
    let deliveries = (0..LATE).map(async |number| {
        let director = DIRECTORS[number % DIRECTORS.len()];
        let mail = mail(director, &format!("late-{number}"), &format!("LSU : accès {number}"), "Bonjour");
        assert!(gateway.deliver(director, &mail).await.contains("created"));
    });
    futures_util::future::join_all(deliveries).await;
    gateway
}

/// However many receipts were late, their notes cost GLPI few calls: a busy one must not be told of each on its own.
#[tokio::test(flavor = "multi_thread")]
async fn notes_of_many_late_receipts_are_written_together() {
    let (sandbox, relay) = (sandbox().await, Relay::start().await);
    let gateway = late_receipts(sandbox.url().as_str(), &relay).await;
    assert_eq!(notes_with(&sandbox, "receipt-due"), LATE);
    // Until all are sent GLPI takes no note.
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    relay.open();
    wait_until("all are sent", async || relay.taken() == LATE).await;
    let before = sandbox.calls();
    sandbox.set_failures(Failures::none());
    wait_until("the tickets say so", async || notes_with(&sandbox, "receipt-sent") == LATE).await;
    gateway.finish().await;
    let calls = sandbox.calls() - before;
    assert!(calls <= LATE, "{calls} calls for {LATE} notes");
    assert_eq!((relay.taken(), notes_with(&sandbox, "receipt-due")), (LATE, 0));
    assert!(
        sandbox.tickets().iter().all(|ticket| ticket.taken_into_account.is_none()),
        "nobody has taken one in charge"
    );
}

/// A note that somebody has removed, and a GLPI that fails for a while: all the others are written.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_cannot_be_written_costs_the_others_nothing() {
    let (sandbox, relay) = (sandbox().await, Relay::start().await);
    let rewritten = |making: &Making| making.path == "ITILFollowup" && making.input.is_array();
    let glpi = failing_at(&sandbox, 3, Fate::Dies(502), rewritten).await;
    let gateway = late_receipts(glpi.url.as_str(), &relay).await;
    let admin = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let some = sandbox.tickets()[LATE / 2].id;
    let lost = admin.get(&format!("Ticket/{some}/ITILFollowup")).await[0]["id"].clone();
    admin.call(Method::DELETE, &format!("ITILFollowup/{lost}?force_purge=true"), json!({})).await;
    relay.open();
    wait_until("the tickets say so", async || notes_with(&sandbox, "receipt-sent") == LATE - 1).await;
    gateway.finish().await;
    assert_eq!((relay.taken(), notes_with(&sandbox, "receipt-due")), (LATE, 0));
}

/// A GLPI that fails at the first writes of this kind.
async fn failing_at(sandbox: &Sandbox, times: usize, fate: Fate, is_hit: fn(&Making) -> bool) -> Meddler {
    let hits = AtomicUsize::new(0);
    Meddler::start(sandbox.url(), "10.0.14", move |making| {
        let hit = is_hit(making) && hits.fetch_add(1, Ordering::Relaxed) < times;
        if hit { fate } else { Fate::Passes }
    })
    .await
}

#[rstest]
#[case::the_note_is_not_rewritten(2, Fate::Dies(502), |making: &Making| making.path == "ITILFollowup" && making.input.is_array())]
#[case::nobody_hears_that_it_is_rewritten(2, Fate::Answers(502), |making: &Making| making.path == "ITILFollowup" && making.input.is_array())]
#[case::nobody_hears_that_it_is_written(1, Fate::Answers(500), |making: &Making| making.path == "ITILFollowup" && making.input.is_object())]
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_goes_out_once_although_glpi_fails_at_its_note(
    #[case] times: usize,
    #[case] fate: Fate,
    #[case] is_hit: fn(&Making) -> bool,
) {
    let (sandbox, relay) = (sandbox().await, Relay::start().await);
    let glpi = failing_at(&sandbox, times, fate, is_hit).await;
    let settings = [("smtp.url", relay.url.as_str()), ("sweep.every", "1s")];
    let gateway = Gateway::sending(glpi.url.as_str(), &settings).await;
    let mail = mail(DIRECTORS[0], "note", "LSU : accès", "Bonjour");
    assert!(gateway.deliver(DIRECTORS[0], &mail).await.contains("created"));
    assert_eq!(notes_with(&sandbox, "receipt-due"), 1);
    // Sweeps find the note meanwhile.
    let seen = sandbox.calls();
    wait_until("a sweep has looked", async || sandbox.calls() > seen + 6).await;
    relay.open();
    wait_until("the ticket says so", async || notes_with(&sandbox, "receipt-sent") == 1).await;
    let seen = sandbox.calls();
    wait_until("another sweep has looked", async || sandbox.calls() > seen + 6).await;
    assert_eq!((relay.taken(), notes_with(&sandbox, "receipt-due")), (1, 0));
}

#[rstest]
#[case::not_taken(400)]
#[case::away(503)]
#[case::lost(500)]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_answered_whose_receipt_neither_the_relay_nor_glpi_knows_of(#[case] status: u16) {
    let (sandbox, relay) = (sandbox().await, Relay::start().await);
    let no_note = failing_at(&sandbox, usize::MAX, Fate::Dies(status), |making| making.path == "ITILFollowup").await;
    let gateway = Gateway::sending(no_note.url.as_str(), &[("smtp.url", relay.url.as_str())]).await;
    let mail = mail(DIRECTORS[0], "unknown", "LSU : accès", "Bonjour");
    for _ in 0..2 {
        let reply = gateway.deliver(DIRECTORS[0], &mail).await;
        assert!(reply.starts_with("451"), "this process alone knows of the receipt: {reply}");
    }
    assert_eq!((sandbox.tickets().len(), notes_with(&sandbox, "receipt-")), (1, 0));
    drop(gateway);

    let next = Gateway::start(&sandbox, &[]).await;
    assert!(next.deliver(DIRECTORS[0], &mail).await.starts_with("250"));
    wait_until("the ticket says so", async || notes_with(&sandbox, "receipt-sent") == 1).await;
    assert_eq!((next.outbox.mails().len(), relay.taken(), sandbox.tickets().len()), (1, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_the_relay_has_only_after_glpi_refused_its_note_goes_out_once() {
    let (sandbox, relay) = (sandbox().await, Relay::start().await);
    let glpi = failing_at(&sandbox, usize::MAX, Fate::Dies(502), |making| making.path == "ITILFollowup").await;
    let gateway = Gateway::sending(glpi.url.as_str(), &[("smtp.url", relay.url.as_str())]).await;
    let mail = mail(DIRECTORS[0], "slow", "LSU : accès", "Bonjour");
    let (reply, ()) = tokio::join!(gateway.deliver(DIRECTORS[0], &mail), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        relay.open();
    });
    assert!(reply.contains("created"), "{reply}");
    assert!(gateway.deliver(DIRECTORS[0], &mail).await.contains("duplicate"));
    assert_eq!((relay.taken(), notes_with(&sandbox, "receipt-")), (1, 0));
}

/// More receipts than may wait for the relay, and a relay that is away at the only try.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_whose_only_try_ends_at_once_is_noted() {
    let sandbox = sandbox().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let settings = [("smtp.url", format!("smtp://{gone}")), ("smtp.retries", "0".to_owned())];
    let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let gateway = Gateway::sending(sandbox.url().as_str(), &settings).await;
    let mail = mail(DIRECTORS[0], "gone", "LSU : accès", "Bonjour");
    assert!(gateway.deliver(DIRECTORS[0], &mail).await.contains("created"));
    assert_eq!(notes_with(&sandbox, "receipt-due"), 1);
    gateway.finish().await;
    let next = Gateway::start(&sandbox, &[]).await;
    wait_until("the ticket says so", async || notes_with(&sandbox, "receipt-sent") == 1).await;
    assert_eq!(next.outbox.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_which_nobody_knows_goes_out_once_and_then_everybody_knows() {
    let sandbox = sandbox().await;
    let glpi = Unreliable::start(sandbox.url(), 1, Cut::After).await;
    let killed = Gateway::in_front_of(glpi.url.as_str(), &[]).await;
    let mail = mail(DIRECTORS[0], "killed", "LSU : accès", "Bonjour");
    assert!(killed.deliver(DIRECTORS[0], &mail).await.starts_with("451"));
    assert_eq!((sandbox.tickets().len(), killed.outbox.mails().len()), (1, 0));
    drop(killed);

    let next = Gateway::start(&sandbox, &[]).await;
    assert!(next.deliver(DIRECTORS[0], &mail).await.starts_with("250"));
    wait_until("the ticket says so", async || notes_with(&sandbox, "receipt-sent") == 1).await;
    assert_eq!(next.outbox.mails().len(), 1);
    next.finish().await;

    let another = Gateway::start(&sandbox, &[]).await;
    assert!(another.deliver(DIRECTORS[0], &mail).await.contains("duplicate"));
    let outbox = another.outbox.clone();
    another.finish().await;
    assert_eq!(outbox.mails().len(), 0, "nobody is written to twice");
    assert_eq!((sandbox.tickets().len(), sandbox.tickets()[0].followups.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_which_a_note_says_that_its_receipt_is_due_is_not_told_beside_it() {
    let (sandbox, relay) = (sandbox().await, Relay::start().await);
    let gateway = Gateway::sending(sandbox.url().as_str(), &[("smtp.url", &relay.url)]).await;
    let mail = mail(DIRECTORS[0], "due", "LSU : accès", "Bonjour");
    assert!(gateway.deliver(DIRECTORS[0], &mail).await.contains("created"));
    gateway.finish().await;
    assert_eq!(notes_with(&sandbox, "receipt-due"), 1);

    let next = Gateway::start(&sandbox, &[]).await;
    for _ in 0..2 {
        assert!(next.deliver(DIRECTORS[0], &mail).await.starts_with("250"));
    }
    wait_until("the ticket says so", async || notes_with(&sandbox, "receipt-sent") == 1).await;
    let outbox = next.outbox.clone();
    next.finish().await;
    assert_eq!(outbox.mails().len(), 1);
    let last = Gateway::start(&sandbox, &[]).await;
    assert!(last.deliver(DIRECTORS[0], &mail).await.contains("duplicate"));
    assert_eq!((last.outbox.mails().len(), relay.taken()), (0, 0));
    assert_eq!(sandbox.tickets()[0].followups.len(), 1);
    assert_eq!(sandbox.tickets()[0].taken_into_account, None, "a note takes nothing in charge");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_the_relay_takes_while_its_note_is_written_goes_out_once() {
    let (sandbox, relay) = (sandbox().await, Relay::start().await);
    let settings = [("smtp.url", relay.url.as_str()), ("sweep.every", "1s")];
    let gateway = Gateway::sending(sandbox.url().as_str(), &settings).await;
    // GLPI has the note long before it says so.
    sandbox.set_failures(Rule::next(1, Failure::Slow(Duration::from_secs(2))).on_new_followups());
    let mail = mail(DIRECTORS[0], "meanwhile", "LSU : accès", "Bonjour");
    let (reply, ()) = tokio::join!(gateway.deliver(DIRECTORS[0], &mail), async {
        wait_until("the note is there", async || notes_with(&sandbox, "receipt-due") == 1).await;
        relay.open();
    });
    assert!(reply.contains("created"), "{reply}");
    wait_until("the ticket says so", async || notes_with(&sandbox, "receipt-sent") == 1).await;
    let seen = sandbox.calls();
    wait_until("a sweep has looked", async || sandbox.calls() > seen + 6).await;
    assert_eq!((relay.taken(), notes_with(&sandbox, "receipt-due")), (1, 0));
}

/// Mails of a relay whose word does not count, in the director's name: at once, and made up for after a stop.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_quoted_to_whom_nothing_proves_to_have_written() {
    let sandbox = sandbox().await;
    let unproven = ("sender.authserv_ids", "autre.test");
    let forged = |id: &str| mail(DIRECTORS[0], id, "LSU : http://pirate.example/ cliquez", "Bonjour");
    let gateway = Gateway::start(&sandbox, &[unproven]).await;
    assert!(gateway.deliver(DIRECTORS[0], &forged("u1")).await.contains("created"));
    let [at_once] = gateway.outbox.mails().try_into().unwrap();
    gateway.finish().await;

    let relay = silent_relay().await;
    let gateway = Gateway::sending(sandbox.url().as_str(), &[("smtp.url", &relay), unproven]).await;
    assert!(gateway.deliver(DIRECTORS[0], &forged("u2")).await.contains("created"));
    gateway.finish().await;
    let next = Gateway::start(&sandbox, &[unproven]).await;
    wait_until("it is made up for", async || next.outbox.mails().len() == 1).await;
    let [late] = next.outbox.mails().try_into().unwrap();

    for (receipt, ticket) in [(at_once, 1), (late, 2)] {
        let parsed = mail_parser::MessageParser::default().parse(&receipt.message).unwrap();
        let subject = parsed.subject().unwrap();
        assert!(subject.starts_with(&format!("Demande d’assistance — demande n°\u{a0}{ticket} (P-")), "{subject}");
        for text in [subject, &parsed.body_text(0).unwrap(), &parsed.body_html(0).unwrap()] {
            assert!(!text.contains("pirate") && !text.contains("cliquez"), "{text}");
        }
    }
    wait_until("the ticket says so", async || notes_with(&sandbox, "receipt-sent") == 1).await;
}

/// Redis forgot that an instance is at a request, and GLPI did not take that one's note: it has told of the ticket before
/// the other one, which took the request up meanwhile, is ready to.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_instance_has_told_of_meanwhile_nobody_is_told_again() {
    let (sandbox, redis, relay) = (sandbox().await, Redis::start(), Relay::start().await);
    let settings = [redis.settings().as_slice(), &[("smtp.url", &relay.url)]].concat();
    let url = sandbox.url().to_string();
    let (one, other) = tokio::join!(Gateway::sending(&url, &settings), Gateway::sending(&url, &settings));
    let notes = [Rule::next(1, Failure::ServerError), Rule::next(1, Failure::Slow(Duration::from_secs(3)))];
    sandbox.set_failures(Failures(notes.map(Rule::on_new_followups).to_vec()));
    let written = || sandbox.calls_by_endpoint().get("POST ITILFollowup").copied().unwrap_or_default();
    let mail = mail(DIRECTORS[0], "meanwhile", "LSU : entre-temps", "Bonjour");
    let second = async {
        wait_until("the first one's note was refused", async || written() == 1).await;
        redis.flush_all();
        let told = async {
            wait_until("the second one writes its note", async || written() == 2).await;
            relay.open();
        };
        tokio::join!(other.deliver(DIRECTORS[0], &mail), told).0
    };
    let (first, second) = tokio::join!(one.deliver(DIRECTORS[0], &mail), second);
    assert!(first.contains("created") && second.starts_with("250"), "{first} {second}");
    assert_eq!((sandbox.tickets().len(), relay.taken()), (1, 1));
    wait_until("the note says so", async || notes_with(&sandbox, "receipt-sent") == 1).await;
    assert_eq!(notes_with(&sandbox, "receipt-due"), 0);
}
