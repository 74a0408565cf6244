//! Receipts and notices as a mail relay gets them: envelope, fields, bodies, and what is tried again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

use std::{
    collections::VecDeque,
    error::Error,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use mail_parser::{HeaderValue, Message, MessageParser};
use passerelle::{
    config,
    flow::screen::{Rejection, Rules, identify},
    id::TicketId,
    letters::{Acknowledger, Correspondence},
    request::{
        Address, Body, Channel, FormFields, LeftOut, Mail, Origin, Person, Reason, Receipt, Received, Reference,
        Refusal,
    },
    smtp::{Mailer, Outbox, SendError},
    text::Bilingual,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_util::task::TaskTracker;

const SCHOOL: &str = "ce.0210001a@ac-dijon.fr";

/// What a relay does with one connection.
#[derive(Clone, Copy)]
pub(crate) enum Behaviour {
    Take,
    /// Answers the recipient with this line.
    AnswerRecipient(&'static str),
    /// Reads the mail and never answers.
    Hang,
    /// Reads the mail and closes the connection.
    Cut,
}

/// A mail as the relay took it.
pub(crate) struct Taken {
    pub(crate) envelope: Vec<String>,
    pub(crate) content: String,
}

/// A mail relay on a free loopback port; after its script it takes everything.
pub(crate) struct Relay {
    pub(crate) url: String,
    /// The mailbox that takes nothing now.
    full: Arc<Mutex<Option<&'static str>>>,
    connections: Arc<AtomicUsize>,
    taken: mpsc::UnboundedReceiver<Taken>,
}

impl Relay {
    pub(crate) async fn start(script: &[Behaviour]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (sender, taken) = mpsc::unbounded_channel();
        let (counter, script) = (Arc::clone(&connections), Mutex::new(VecDeque::from(script.to_vec())));
        let full = Arc::<Mutex<Option<&'static str>>>::default();
        let mailbox = Arc::clone(&full);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let behaviour = script.lock().unwrap().pop_front().unwrap_or(Behaviour::Take);
                tokio::spawn(talk(stream, behaviour, Arc::clone(&mailbox), sender.clone()));
            }
        });
        Self { url, full, connections, taken }
    }

    pub(crate) async fn next(&mut self) -> Taken {
        tokio::time::timeout(Duration::from_secs(30), self.taken.recv()).await.expect("a mail comes").unwrap()
    }

    /// Has a mailbox be full from now on, or none.
    pub(crate) fn fill(&self, mailbox: Option<&'static str>) {
        *self.full.lock().unwrap() = mailbox;
    }

    /// The mails that were taken since the last were looked at.
    pub(crate) fn taken(&mut self) -> Vec<Taken> {
        std::iter::from_fn(|| self.taken.try_recv().ok()).collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn talk(
    stream: TcpStream,
    behaviour: Behaviour,
    full: Arc<Mutex<Option<&'static str>>>,
    taken: mpsc::UnboundedSender<Taken>,
) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut envelope = Vec::new();
    write.write_all(b"220 relay.test ESMTP\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-relay.test\r\n250 8BITMIME",
            "MAIL" => {
                envelope.push(line);
                "250 ok"
            }
            "RCPT" => {
                let is_full = full.lock().unwrap().is_some_and(|mailbox| line.contains(mailbox));
                envelope.push(line);
                match behaviour {
                    Behaviour::AnswerRecipient(answer) => answer,
                    _ if is_full => "452 4.2.2 mailbox full",
                    _ => "250 ok",
                }
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.unwrap();
                let mut content = String::new();
                while let Ok(Some(line)) = lines.next_line().await
                    && line != "."
                {
                    content.push_str(line.strip_prefix('.').unwrap_or(&line));
                    content.push_str("\r\n");
                }
                match behaviour {
                    Behaviour::Hang => std::future::pending().await,
                    Behaviour::Cut => return,
                    Behaviour::Take | Behaviour::AnswerRecipient(_) => {}
                }
                taken.send(Taken { envelope: std::mem::take(&mut envelope), content }).unwrap();
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        if write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

fn settings(url: &str) -> config::Smtp {
    let mut smtp = config::load_from(None, []).unwrap().smtp;
    smtp.url = Some(url.into());
    smtp.retries = 2;
    smtp.timeout = Duration::from_secs(20);
    smtp
}

fn acknowledger(settings: &config::Smtp) -> (Acknowledger, TaskTracker) {
    let tasks = TaskTracker::new();
    let mailer = Mailer::new(settings).unwrap();
    let config = config::Config { smtp: settings.clone(), ..config::load_from(None, []).unwrap() };
    (acknowledger_by(&config, mailer, &tasks), tasks)
}

fn acknowledger_by(config: &config::Config, mailer: Mailer, tasks: &TaskTracker) -> Acknowledger {
    Acknowledger::new(config, Correspondence::new(config, mailer).unwrap(), tasks.clone())
}

fn in_memory() -> (Acknowledger, TaskTracker, Outbox) {
    let (mailer, outbox) = Mailer::memory();
    let tasks = TaskTracker::new();
    let config = config::load_from(None, []).unwrap();
    (acknowledger_by(&config, mailer, &tasks), tasks, outbox)
}

async fn finished(tasks: TaskTracker) {
    tasks.close();
    tokio::time::timeout(Duration::from_secs(30), tasks.wait()).await.expect("every mail ends");
}

fn received(subject: &str, origin: Origin) -> Received {
    Received {
        channel: if matches!(origin, Origin::Form(_)) { Channel::Form } else { Channel::Lmtp },
        reference: Reference::new("mail", SCHOOL, b"<42@ac-dijon.fr>"),
        aliases: vec![],
        arrived: Timestamp::now(),
        copies_since: Timestamp::now(),
        requester: Address::parse(SCHOOL),
        forwarder: None,
        display_name: Some("École Les Tilleuls".into()),
        subject: subject.into(),
        body: Body { html: "<p>TEXTE SECRET</p>".into(), folded_html: None, text: "TEXTE SECRET".into() },
        attachments: vec![],
        cut: vec![],
        original: None,
        enclosed: vec![],
        size: 1000,
        origin,
    }
}

fn mail(subject: &str) -> Received {
    let mut mail = Mail {
        envelope_sender: Some(SCHOOL.into()),
        is_untried: false,
        message_id: Some("<42@ac-dijon.fr>".into()),
        from: vec![Address::parse(SCHOOL).unwrap()],
        ..Mail::default()
    };
    mail.fields.insert("references".into(), "<40@ac-dijon.fr> <41@ac-dijon.fr>".into());
    mail.head.insert("reply-to".into(), "ailleurs@example.org".into());
    received(subject, Origin::Mail(mail))
}

fn made() -> Receipt {
    Receipt {
        ticket: TicketId::new(1234),
        reference: Reference::new("mail", SCHOOL, b"<42@ac-dijon.fr>"),
        link: Some("https://glpi.example.fr/front/ticket.form.php?id=1234&forcetab=1".into()),
        application: "LSU".into(),
        category: "Scolarité > LSU".into(),
        group: "Référents-LSU".into(),
        title: "LSU : élève déjà affecté".into(),
        details: passerelle::request::ReceiptDetails::default(),
        left_out: vec![LeftOut {
            name: "capture d'écran.exe".into(),
            why: Bilingual::same("type de fichier non accepté"),
        }],
    }
}

fn refused() -> Refusal {
    Refusal { reason: Reason::NotADirector, sentence: Reason::NotADirector.sentence().into() }
}

fn person() -> Person {
    Person { school: Some("École Les Tilleuls".into()), uai: Some("0210001A".into()), ..Person::default() }
}

fn parsed(content: &[u8]) -> Message<'static> {
    MessageParser::default().parse(content).expect("a mail").into_owned()
}

fn field<'a>(message: &'a Message<'_>, name: &'static str) -> &'a str {
    match message.header(name) {
        Some(HeaderValue::Text(text)) => text,
        other => panic!("{name} is {other:?}"),
    }
}

/// The names of the header fields, lower case.
fn names(content: &str) -> Vec<String> {
    let (head, _) = content.split_once("\r\n\r\n").unwrap();
    let first_lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    first_lines.map(|line| line.split(':').next().unwrap_or_default().to_lowercase()).collect()
}

/// Begins to send a receipt, where there is one.
fn hand_in(tasks: &TaskTracker, sending: Option<impl Future<Output = Result<(), SendError>> + Send + 'static>) {
    if let Some(sending) = sending {
        tasks.spawn(sending);
    }
}

#[tokio::test]
async fn a_receipt_arrives_whole_and_answers_the_mail() {
    let mut relay = Relay::start(&[]).await;
    let (acknowledger, tasks) = acknowledger(&settings(&relay.url));
    hand_in(&tasks, acknowledger.receipt(&mail("RE: LSU : élève déjà affecté"), &person(), &made()));
    let taken = relay.next().await;
    finished(tasks).await;

    assert_eq!(taken.envelope, ["MAIL FROM:<>", &format!("RCPT TO:<{SCHOOL}>")]);
    assert!(taken.content.is_ascii(), "it passes a relay without 8BITMIME");
    assert!(taken.content.lines().all(|line| line.len() <= 998));
    let message = parsed(taken.content.as_bytes());
    let reference = made().reference.to_string();
    assert_eq!(
        message.subject().unwrap(),
        format!("Re: LSU : élève déjà affecté — demande n°\u{a0}1234 ({reference})")
    );
    let from = message.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Assistance 1er degré"), Some("assistance1d@ac-dijon.fr")));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some(SCHOOL));
    assert_eq!(field(&message, "Auto-Submitted"), "auto-replied");
    assert_eq!(field(&message, "X-Auto-Response-Suppress"), "All");
    assert_eq!(message.in_reply_to().as_text(), Some("42@ac-dijon.fr"));
    assert_eq!(message.references().as_text_list().unwrap(), ["40@ac-dijon.fr", "41@ac-dijon.fr", "42@ac-dijon.fr"]);
    assert!(message.date().is_some());
    let allowed = [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "auto-submitted",
        "x-auto-response-suppress",
        "mime-version",
        "content-type",
    ];
    let unexpected: Vec<_> =
        names(&taken.content).into_iter().filter(|name| !allowed.contains(&name.as_str())).collect();
    assert_eq!(unexpected, [""; 0]);

    assert_eq!((message.text_body_count(), message.html_body_count()), (1, 1));
    let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
    for part in ["«\u{a0}Référents-LSU\u{a0}»", "École Les Tilleuls (0210001A)", "capture d'écran.exe", &reference]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(text.contains("https://glpi.example.fr/front/ticket.form.php?id=1234&forcetab=1"));
    assert!(html.contains("href=\"https://glpi.example.fr/front/ticket.form.php?id=1234&#38;forcetab=1\""), "{html}");
    assert!(!taken.content.contains("SECRET") && !text.contains("SECRET"));
}

#[tokio::test]
async fn a_notice_quotes_the_subject_and_nothing_else_and_goes_to_the_requester_only() {
    let (acknowledger, tasks, outbox) = in_memory();
    acknowledger.refusal(&mail("ONDE : base élèves"), &refused());
    finished(tasks).await;

    let [sent] = &outbox.mails()[..] else { panic!("one notice") };
    assert_eq!(sent.recipient, SCHOOL);
    let message = parsed(&sent.message);
    assert_eq!(message.subject().unwrap(), "Re: ONDE : base élèves — demande non enregistrée");
    let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
    for body in [&text, &html] {
        assert!(body.contains("ONDE : base élèves") && body.contains("circonscription"), "{body}");
        assert!(!body.contains("SECRET") && !body.contains("ailleurs@"), "{body}");
    }
    assert!(text.contains(Reason::NotADirector.sentence()));
}

#[tokio::test]
async fn what_may_not_be_sent_is_not_sent() {
    let mut automatic = mail("LSU");
    let Origin::Mail(fields) = &mut automatic.origin else { panic!("a mail") };
    fields.envelope_sender = Some(String::new());
    let foreign = Refusal { reason: Reason::ForeignSender, sentence: String::new() };

    let (acknowledger, tasks, outbox) = in_memory();
    assert!(acknowledger.may_refuse(&mail("LSU"), Reason::NotADirector));
    assert!(!acknowledger.may_refuse(&automatic, Reason::NotADirector));
    hand_in(&tasks, acknowledger.receipt(&automatic, &person(), &made()));
    acknowledger.refusal(&automatic, &refused());
    acknowledger.refusal(&mail("LSU"), &foreign);
    finished(tasks).await;
    assert_eq!(outbox.mails().len(), 0);
}

#[tokio::test]
async fn a_form_s_receipt_answers_no_mail() {
    let (acknowledger, tasks, outbox) = in_memory();
    let form = received("Élève absent de LSU", Origin::Form(FormFields::default()));
    hand_in(&tasks, acknowledger.receipt(&form, &Person::default(), &made()));
    finished(tasks).await;
    let message = parsed(&outbox.mails()[0].message);
    assert!(message.subject().unwrap().starts_with("Élève absent de LSU — demande n°\u{a0}1234"));
    assert_eq!(field(&message, "Auto-Submitted"), "auto-generated");
    assert!(message.header("In-Reply-To").is_none());
}

#[tokio::test]
async fn no_subject_gets_a_field_or_an_address_of_its_own_into_the_mail() {
    let hostile = [
        "LSU\r\nBcc: victime@example.org\r\n\r\n<script>".to_owned(),
        "LSU \u{202e}gnol sèrt".repeat(2000),
        "=?utf-8?Q?LSU=0D=0ABcc:_victime@example.org?=".to_owned(),
        "\0\u{7f}\u{85}\u{2028}".to_owned(),
        "é".repeat(5000),
        String::new(),
    ];
    for subject in hostile {
        let (acknowledger, tasks, outbox) = in_memory();
        hand_in(&tasks, acknowledger.receipt(&mail(&subject), &Person::default(), &made()));
        acknowledger.refusal(&mail(&subject), &refused());
        finished(tasks).await;
        let mails = outbox.mails();
        assert_eq!(mails.len(), 2);
        for sent in mails {
            let content = String::from_utf8(sent.message).unwrap();
            assert!(content.is_ascii() && content.lines().all(|line| line.len() <= 998), "{subject:?}");
            assert!(!names(&content).iter().any(|name| name == "bcc"), "{content}");
            let message = parsed(content.as_bytes());
            let shown = message.subject().unwrap();
            assert!(shown.chars().count() < 250 && !shown.contains('\u{202e}'), "{shown}");
            assert!(!message.body_html(0).unwrap().contains("<script>"));
        }
    }
}

#[tokio::test]
async fn a_message_id_of_its_own_is_known_to_screening_and_the_same_for_a_repeat() {
    let (acknowledger, tasks, outbox) = in_memory();
    hand_in(&tasks, acknowledger.receipt(&mail("LSU"), &person(), &made()));
    hand_in(&tasks, acknowledger.receipt(&mail("LSU"), &person(), &made()));
    // A copy may be known by another name than the ticket bears.
    let copy = Received { reference: Reference::new("mail", SCHOOL, b"copy"), ..mail("LSU") };
    hand_in(&tasks, acknowledger.receipt(&copy, &person(), &made()));
    acknowledger.refusal(&mail("LSU"), &refused());
    finished(tasks).await;
    let mut ids: Vec<String> =
        outbox.mails().iter().map(|sent| format!("<{}>", parsed(&sent.message).message_id().unwrap())).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2, "{ids:?}");

    let config = config::load_from(None, []).unwrap();
    let rules = Rules::new(&config).unwrap();
    for id in ids {
        let mut looped = mail("LSU");
        let Origin::Mail(mail) = &mut looped.origin else { panic!("a mail") };
        mail.message_id = Some(id);
        let Err((_, rejection)) = identify(looped, &rules) else { panic!("it is ignored") };
        assert_eq!(rejection, Rejection::Ignored(Reason::OwnMail));
    }
}

#[tokio::test]
async fn a_temporary_failure_is_tried_again() {
    let script = [Behaviour::AnswerRecipient("451 4.7.1 greylisted, come back"), Behaviour::Cut];
    let mut relay = Relay::start(&script).await;
    let (acknowledger, tasks) = acknowledger(&settings(&relay.url));
    hand_in(&tasks, acknowledger.receipt(&mail("LSU"), &person(), &made()));
    relay.next().await;
    finished(tasks).await;
    assert_eq!(relay.connections(), 3);
}

#[tokio::test]
async fn a_relay_that_hangs_is_given_up_and_tried_again() {
    let mut relay = Relay::start(&[Behaviour::Hang]).await;
    let mut settings = settings(&relay.url);
    settings.timeout = Duration::from_millis(300);
    let (acknowledger, tasks) = acknowledger(&settings);
    hand_in(&tasks, acknowledger.receipt(&mail("LSU"), &person(), &made()));
    relay.next().await;
    finished(tasks).await;
}

/// The errors that lie under one.
fn under(error: &SendError) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error| error.source())
}

#[tokio::test]
async fn a_refusal_of_the_relay_is_final_and_its_words_are_not_repeated() {
    let relay = Relay::start(&[Behaviour::AnswerRecipient("550 5.1.1 <ce.0210001a@ac-dijon.fr> unknown")]).await;
    let settings = settings(&relay.url);
    let message = lettre_message();
    let error = Mailer::new(&settings).unwrap().send(SCHOOL.parse().unwrap(), &message).await.unwrap_err();
    assert!(matches!(error, SendError::Refused(_)), "{error:?}");
    assert!(error.to_string().contains("550") && !error.to_string().contains('@'), "{error}");
    assert!(!under(&error).any(|below| below.to_string().contains('@')), "{error:?}");
    assert_eq!(relay.connections(), 1);
}

#[tokio::test]
async fn what_must_be_encrypted_is_not_sent_in_clear() {
    let mut relay = Relay::start(&[]).await;
    let settings = settings(&format!("{}?tls=required", relay.url));
    let error = Mailer::new(&settings).unwrap().send(SCHOOL.parse().unwrap(), &lettre_message()).await.unwrap_err();
    assert!(error.to_string().contains("STARTTLS"), "{error}");
    assert!(relay.taken.try_recv().is_err());
}

#[tokio::test]
async fn a_relay_that_is_not_there_costs_its_tries_and_no_more() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let mut settings = settings(&format!("smtp://127.0.0.1:{port}"));
    settings.retries = 1;
    let mailer = Mailer::new(&settings).unwrap();
    assert!(matches!(mailer.probe().await, Err(SendError::Unavailable(_))));
    let error = mailer.send(SCHOOL.parse().unwrap(), &lettre_message()).await.unwrap_err();
    assert!(matches!(error, SendError::Unavailable(_)), "{error:?}");
    let system = under(&error).find_map(|below| below.downcast_ref::<io::Error>()).unwrap();
    assert_eq!(system.kind(), io::ErrorKind::ConnectionRefused);
    assert!(error.to_string().ends_with(&system.to_string()), "{error}");

    let relay = Relay::start(&[]).await;
    Mailer::new(&self::settings(&relay.url)).unwrap().probe().await.unwrap();
}

#[tokio::test]
async fn a_relay_that_hangs_keeps_a_bounded_number_of_mails_waiting() {
    let relay = Relay::start(&vec![Behaviour::Hang; 100]).await;
    let mailer = Mailer::new(&settings(&relay.url)).unwrap();
    let (mut waiting, mut without_room) = (Vec::new(), 0);
    for _ in 0..2000 {
        let (mailer, message) = (mailer.clone(), lettre_message());
        let mut sending = Box::pin(async move { mailer.send(SCHOOL.parse().unwrap(), &message).await });
        // Whoever finds no room is told so without waiting.
        match (&mut sending).now_or_never() {
            None => waiting.push(sending),
            Some(sent) => {
                assert!(matches!(sent, Err(SendError::NoRoom)), "{sent:?}");
                without_room += 1;
            }
        }
    }
    assert_eq!((waiting.len(), without_room), (500, 1500));
    // Those that are given up make room for others.
    waiting.truncate(400);
    let message = lettre_message();
    let mut next = Box::pin(mailer.send(SCHOOL.parse().unwrap(), &message));
    assert!((&mut next).now_or_never().is_none());
}

#[tokio::test]
async fn many_mails_at_once_all_arrive() {
    let mut relay = Relay::start(&[]).await;
    let (acknowledger, tasks) = acknowledger(&settings(&relay.url));
    for _ in 0..60 {
        hand_in(&tasks, acknowledger.receipt(&mail("LSU"), &person(), &made()));
    }
    for _ in 0..60 {
        relay.next().await;
    }
    finished(tasks).await;
    assert_eq!(relay.connections(), 60);
}

#[tokio::test]
async fn without_a_relay_or_to_itself_nothing_is_sent() {
    let mut settings = config::load_from(None, []).unwrap().smtp;
    assert!(!Mailer::new(&settings).unwrap().is_on());
    settings.url = Some("not an address".into());
    let error = Mailer::new(&settings).err().expect("that is no address");
    assert!(error.to_string().contains("smtp.url"), "{error}");

    let (acknowledger, tasks, outbox) = in_memory();
    let mut loopback = mail("LSU");
    loopback.requester = Address::parse("assistance1d@ac-dijon.fr");
    hand_in(&tasks, acknowledger.receipt(&loopback, &person(), &made()));
    loopback.requester = None;
    hand_in(&tasks, acknowledger.receipt(&loopback, &person(), &made()));
    finished(tasks).await;
    assert_eq!(outbox.mails().len(), 0);
}

fn lettre_message() -> lettre::Message {
    lettre::Message::builder()
        .from("assistance1d@ac-dijon.fr".parse().unwrap())
        .to(SCHOOL.parse().unwrap())
        .body("essai".to_owned())
        .unwrap()
}
