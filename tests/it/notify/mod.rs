//! Notices at the steps of a ticket: each once, to the right person, with nothing private and no way to answer.

mod moves;
mod staff;

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use mail_parser::MessageParser;
use passerelle::{
    app,
    flow::{ledger::Ledger, route::MappingStore},
    glpi::{Glpi, NewTicket, Requester, TicketStatus, TicketType},
    id::{GroupId, UserId},
    letters::Correspondence,
    lifecycle::notices::{Notifier, Unsent},
    request::Reference,
    sandbox::{Failure, Failures, Rule, Sandbox},
    smtp::{Mailer, Outbox},
    working_time::Wait,
};
use reqwest::Method;
use secrecy::SecretSlice;
use serde_json::{Value, json};

use crate::{
    acknowledge::{Behaviour, Relay},
    support::{
        gateway::{ALL_NOTICES, configured, sandbox},
        redis::Redis,
    },
};

const DIRECTOR: UserId = UserId::new(7);
const DIRECTOR_ADDRESS: &str = "ce.0210001a@ac-dijon.fr";
const TECHNICIAN: UserId = UserId::new(15);
const TECHNICIAN_ADDRESS: &str = "tech1@ac-dijon.fr";
const LSU: GroupId = GroupId::new(1);

/// One instance of the gateway, as far as it writes notices.
struct Instance {
    notifier: Notifier,
    glpi: Glpi,
    outbox: Outbox,
}

impl Instance {
    fn new(sandbox: &Sandbox, settings: &[(&str, &str)]) -> Self {
        let (mailer, outbox) = Mailer::memory();
        Self::with(sandbox, settings, mailer, outbox)
    }

    /// One that really sends, by this relay.
    fn sending(sandbox: &Sandbox, relay: &str) -> Self {
        let mut settings = ALL_NOTICES.to_vec();
        settings.extend([("smtp.url", relay), ("smtp.retries", "0"), ("smtp.timeout", "5s")]);
        let mailer = Mailer::new(&configured(sandbox.url().as_str(), &settings).smtp).unwrap();
        Self::with(sandbox, &settings, mailer, Outbox::default())
    }

    fn with(sandbox: &Sandbox, settings: &[(&str, &str)], mailer: Mailer, outbox: Outbox) -> Self {
        let config = configured(sandbox.url().as_str(), settings);
        let glpi = app::glpi(&config).unwrap();
        let ledger = Ledger::new(&config, glpi.clone(), SecretSlice::from(vec![1]), Duration::from_secs(2)).unwrap();
        let letters = Correspondence::new(&config, mailer).unwrap();
        let notifier = Notifier::new(&config, &glpi, letters, Arc::new(ledger), MappingStore::load(None).unwrap());
        Self { notifier, glpi, outbox }
    }

    /// What was sent since `seen` mails, after several looks at the ticket.
    async fn news(&self, ticket: u64, seen: &mut usize) -> Vec<Read> {
        for _ in 0..3 {
            self.notifier.look_at(ticket.into()).await.unwrap();
        }
        let mails: Vec<_> = self.outbox.mails().iter().skip(*seen).map(|sent| read(&sent.message)).collect();
        *seen += mails.len();
        mails
    }

    /// The marks in the ticket's notes.
    async fn marks(&self, ticket: u64) -> Vec<String> {
        let followups = self.glpi.ticket_followups(ticket.into()).await.unwrap();
        let notes = followups.iter().filter_map(|it| {
            let marks = it.content.split_once("<p>Avis : ")?.1.strip_suffix("</p>")?;
            assert!(it.private, "{}", it.content);
            Some(marks.split(' ').map(str::to_owned).collect::<Vec<_>>())
        });
        notes.flatten().collect()
    }
}

/// A mail as its recipient reads it.
struct Read {
    to: String,
    subject: String,
    id: String,
    plain: String,
    html: String,
    raw: String,
}

fn read(message: &[u8]) -> Read {
    let mail = MessageParser::default().parse(message).unwrap();
    Read {
        to: mail.to().unwrap().first().unwrap().address().unwrap().to_lowercase(),
        subject: mail.subject().unwrap().to_owned(),
        id: mail.message_id().unwrap().to_owned(),
        plain: mail.body_text(0).unwrap().into_owned(),
        html: mail.body_html(0).unwrap().into_owned(),
        raw: String::from_utf8_lossy(message).into_owned(),
    }
}

/// Something the helpdesk's people do themselves.
async fn act(sandbox: &Sandbox, login: &str, method: Method, path: &str, input: Value) -> u64 {
    let (client, api) = (reqwest::Client::new(), format!("{}apirest.php", sandbox.url()));
    let session = client.get(format!("{api}/initSession")).basic_auth(login, Some(login)).send().await.unwrap();
    let session: Value = session.json().await.unwrap();
    let call = client.request(method, format!("{api}/{path}"));
    let call = call.header("Session-Token", session["session_token"].as_str().unwrap());
    let answer = call.json(&json!({ "input": input })).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {answer:?}");
    answer.json::<Value>().await.unwrap()["id"].as_u64().unwrap_or_default()
}

async fn take(sandbox: &Sandbox, ticket: u64) {
    let link = json!({"tickets_id": ticket, "users_id": TECHNICIAN, "type": 2});
    act(sandbox, "tech1", Method::POST, "Ticket_User", link).await;
}

async fn write(sandbox: &Sandbox, login: &str, ticket: u64, content: &str, more: Value) -> u64 {
    let mut input = json!({"itemtype": "Ticket", "items_id": ticket, "content": content});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    act(sandbox, login, Method::POST, "ITILFollowup", input).await
}

async fn solve(sandbox: &Sandbox, ticket: u64, content: &str) -> u64 {
    let input = json!({"itemtype": "Ticket", "items_id": ticket, "content": content});
    act(sandbox, "tech1", Method::POST, "ITILSolution", input).await
}

async fn set_status(sandbox: &Sandbox, ticket: u64, status: u64) {
    act(sandbox, "tech1", Method::PUT, &format!("Ticket/{ticket}"), json!({"id": ticket, "status": status})).await;
}

fn reference() -> Reference {
    Reference::new("notify", "", b"")
}

/// A ticket as the gateway makes them.
async fn ticket(glpi: &Glpi, requester: Requester, name: &str) -> u64 {
    let content_html = format!("<p>Le bouton reste gris.</p><p>Référence : {}</p>", reference());
    let new = NewTicket {
        name: name.to_owned(),
        content_html,
        kind: TicketType::Incident,
        urgency: 3,
        category: None,
        entity: None,
        location: None,
        request_type: None,
        assigned_groups: vec![LSU],
        observer_groups: Vec::new(),
        answer_to: None,
        observers: vec![],
        requester,
        head: None,
    };
    glpi.create_ticket(&new, &[]).await.unwrap().id.get()
}

#[tokio::test]
async fn each_step_is_told_once_and_noted() {
    let sandbox = sandbox().await;
    let instance = Instance::new(&sandbox, &ALL_NOTICES);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU : bilans").await;
    let (mut seen, link) = (0, format!("{}front/ticket.form.php?id={id}", sandbox.url()));
    let mut told = Vec::new();
    let mut only = async |to: &str, parts: &[&str]| {
        let mut mails = instance.news(id, &mut seen).await;
        assert_eq!(mails.len(), 1, "{parts:?}");
        let mail = mails.remove(0);
        assert_eq!(mail.to, to);
        for part in parts {
            assert!(mail.plain.contains(part) || mail.subject.contains(part), "{part} in {}", mail.plain);
        }
        for common in [&link, &reference().to_string(), "merci de ne pas y répondre"] {
            assert!(mail.plain.contains(common) && mail.html.contains(common), "{common} in {}", mail.plain);
        }
        for field in ["Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All", "In-Reply-To: "] {
            assert!(mail.raw.contains(field), "{field} in {}", mail.raw);
        }
        assert!(!mail.raw.to_lowercase().contains("\r\nreply-to:"), "{}", mail.raw);
        told.push(mail.id);
    };

    only(TECHNICIAN_ADDRESS, &["Référents-LSU", "Le bouton reste gris."]).await;
    take(&sandbox, id).await;
    only(DIRECTOR_ADDRESS, &["prise en charge", "Un Tech a pris votre demande en charge."]).await;
    let question = write(&sandbox, "tech1", id, "<p>Quelle <b>classe</b> ?</p>", json!({})).await;
    only(DIRECTOR_ADDRESS, &["nouveau message", "> Quelle classe ?", "Un Tech vous écrit"]).await;
    set_status(&sandbox, id, 4).await;
    let pending = write(&sandbox, "tech1", id, "<p>Et quel élève ?</p>", json!({})).await;
    only(DIRECTOR_ADDRESS, &["à compléter", "> Et quel élève ?", "en attente de votre réponse"]).await;
    let solution = solve(&sandbox, id, "<p>Videz le cache.</p>").await;
    only(DIRECTOR_ADDRESS, &["solution proposée", "> Videz le cache.", "approuvez-la", "refusez-la"]).await;
    set_status(&sandbox, id, 6).await;
    only(DIRECTOR_ADDRESS, &["close", "est terminé"]).await;

    let ids: std::collections::BTreeSet<_> = told.iter().collect();
    assert_eq!(ids.len(), 6, "each has its own Message-ID: {told:?}");
    let marks = instance.marks(id).await;
    let expected = [
        format!("group-{TECHNICIAN}"),
        "charge".to_owned(),
        format!("question-{question}"),
        format!("question-{pending}"),
        format!("solution-{solution}"),
    ];
    assert_eq!(marks[..5], expected);
    assert!(marks[5].starts_with("closing-20") && marks.len() == 6, "{marks:?}");
    let taken = instance.glpi.ticket(id.into()).await.unwrap().taken_into_account;
    let view = sandbox.tickets().remove(0);
    assert_eq!(taken.map(|taken| taken.to_string().replace('T', " ")), view.taken_into_account);
}

#[tokio::test]
async fn a_note_takes_nothing_in_charge() {
    let sandbox = sandbox().await;
    let instance = Instance::new(&sandbox, &ALL_NOTICES);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    assert_eq!(instance.news(id, &mut 0).await.len(), 1);
    assert_eq!(instance.marks(id).await.len(), 1);
    assert_eq!(sandbox.tickets()[0].taken_into_account, None);
}

#[tokio::test]
async fn what_glpi_tells_or_nobody_shall_tell_is_not_sent() {
    let sandbox = sandbox().await;
    for word in ["glpi", "off"] {
        let settings = ALL_NOTICES.map(|(key, _)| (key, word));
        let instance = Instance::new(&sandbox, &settings);
        let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
        take(&sandbox, id).await;
        write(&sandbox, "tech1", id, "<p>?</p>", json!({})).await;
        solve(&sandbox, id, "<p>!</p>").await;
        instance.notifier.look_at(id.into()).await.unwrap();
        instance.notifier.remind(id.into(), LSU, &a_day()).await.unwrap();
        assert!(instance.outbox.mails().is_empty() && instance.marks(id).await.is_empty(), "{word}");
    }
    let only = Instance::new(&sandbox, &[("notify.solution", "passerelle")]);
    let id = ticket(&only.glpi, Requester::User(DIRECTOR), "LSU").await;
    take(&sandbox, id).await;
    let solution = solve(&sandbox, id, "<p>!</p>").await;
    assert_eq!(only.news(id, &mut 0).await.len(), 1);
    assert_eq!(only.marks(id).await, [format!("solution-{solution}")]);
}

#[tokio::test]
async fn without_a_relay_nothing_is_noted_as_sent() {
    let sandbox = sandbox().await;
    let instance = Instance::with(&sandbox, &ALL_NOTICES, Mailer::Off, Outbox::default());
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    instance.notifier.look_at(id.into()).await.unwrap();
    assert!(instance.marks(id).await.is_empty());
}

#[tokio::test]
async fn what_is_private_and_what_the_requester_did_is_told_to_nobody() {
    let sandbox = sandbox().await;
    let instance = Instance::new(&sandbox, &ALL_NOTICES);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    let mut seen = 0;
    assert_eq!(instance.news(id, &mut seen).await.len(), 1);
    write(&sandbox, "tech1", id, "<p>SECRET entre nous</p>", json!({"is_private": 1})).await;
    write(&sandbox, "passerelle", id, "<p>une note de la passerelle</p>", json!({})).await;
    assert!(instance.news(id, &mut seen).await.is_empty());
    let to = |mails: Vec<Read>| mails.into_iter().map(|mail| mail.to).collect::<Vec<_>>();
    write(&sandbox, "passerelle", id, "<p>de la part de…</p>", json!({"users_id": DIRECTOR})).await;
    assert_eq!(to(instance.news(id, &mut seen).await), [TECHNICIAN_ADDRESS], "who writes knows what");
    solve(&sandbox, id, "<p>Fait.</p>").await;
    assert_eq!(to(instance.news(id, &mut seen).await), [DIRECTOR_ADDRESS]);
    write(&sandbox, "passerelle", id, "<p>Merci</p>", json!({"users_id": DIRECTOR, "add_close": 1})).await;
    assert_eq!(instance.glpi.ticket(id.into()).await.unwrap().status, TicketStatus::Closed);
    assert_eq!(to(instance.news(id, &mut seen).await), [TECHNICIAN_ADDRESS], "who approves knows that it is closed");
    let all: String = instance.outbox.mails().iter().map(|sent| read(&sent.message).plain).collect();
    assert!(!all.contains("SECRET"), "{all}");
}

#[tokio::test]
async fn who_has_no_account_is_sent_to_the_portal_or_told_the_number() {
    let sandbox = sandbox().await;
    let portal = ("notify.portal_link", "https://portail.test/portail/demandes/{id}");
    let mut with_portal = ALL_NOTICES.to_vec();
    with_portal.push(portal);
    for (settings, has_link) in [(with_portal.as_slice(), true), (&ALL_NOTICES, false)] {
        let instance = Instance::new(&sandbox, settings);
        let requester = Requester::Email("sans.compte@ac-dijon.fr".to_owned());
        let id = ticket(&instance.glpi, requester, "LSU").await;
        write(&sandbox, "tech1", id, "<p>Quelle classe ?</p>", json!({})).await;
        let mails = instance.news(id, &mut 0).await;
        let mail = mails.iter().find(|mail| mail.to == "sans.compte@ac-dijon.fr").unwrap();
        let link = format!("https://portail.test/portail/demandes/{id}");
        for body in [&mail.plain, &mail.html] {
            assert_eq!(body.contains(&link), has_link, "{body}");
            assert_eq!(body.contains("adressez-vous au groupe"), !has_link, "{body}");
            assert!(!body.contains("ticket.form.php"), "{body}");
        }
        assert!(mail.plain.contains(&format!("n°\u{a0}{id}")) && mail.plain.contains(&reference().to_string()));
    }
}

#[tokio::test]
async fn requesters_are_sent_to_the_portal_and_staff_to_the_ticket() {
    let sandbox = sandbox().await;
    let mut settings = ALL_NOTICES.to_vec();
    settings.push(("notify.portal_link", "https://portail.test/portail/demandes/{id}"));
    let instance = Instance::new(&sandbox, &settings);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    take(&sandbox, id).await;
    let mails = instance.news(id, &mut 0).await;
    let (page, staff) = (format!("https://portail.test/portail/demandes/{id}"), format!("ticket.form.php?id={id}"));
    let leads_to = |link: &str| mails.iter().filter(|mail| mail.plain.contains(link)).count();
    assert_eq!((mails.len(), leads_to(&page), leads_to(&staff)), (2, 1, 1));
    assert!(mails.iter().find(|mail| mail.plain.contains(&page)).unwrap().to.starts_with("ce.0210001"));
}

#[tokio::test]
async fn tickets_of_others_and_in_the_bin_are_left_alone() {
    let sandbox = sandbox().await;
    let instance = Instance::new(&sandbox, &ALL_NOTICES);
    let by_hand =
        json!({"name": "x", "content": "<p>x</p>", "_users_id_requester": DIRECTOR, "_groups_id_assign": [LSU]});
    let by_hand = act(&sandbox, "tech1", Method::POST, "Ticket", by_hand).await;
    let binned = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    act(&sandbox, "passerelle", Method::DELETE, &format!("Ticket/{binned}"), json!({"id": binned})).await;
    for id in [by_hand, binned, 99_999_999] {
        assert!(instance.news(id, &mut 0).await.is_empty(), "{id}");
        instance.notifier.remind(id.into(), LSU, &a_day()).await.unwrap();
    }
    assert!(instance.outbox.mails().is_empty());
}

#[tokio::test]
async fn what_strangers_wrote_is_shown_as_text() {
    let sandbox = sandbox().await;
    let instance = Instance::new(&sandbox, &ALL_NOTICES);
    let name = "LSU\r\nBcc: victime@example.org <script>alert(1)</script>";
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), name).await;
    let hostile =
        "<p>&lt;script&gt;x()&lt;/script&gt; <img src=\"https://pisteur.test/x.png\" onerror=\"x()\"> {{ 7*7 }}</p>";
    write(&sandbox, "tech1", id, hostile, json!({})).await;
    let mails = instance.news(id, &mut 0).await;
    assert_eq!(mails.len(), 2);
    for mail in &mails {
        let html = mail.html.to_lowercase();
        for mark in ["<script", "onerror", "<img", "pisteur"] {
            assert!(!html.contains(mark), "{mark} in {html}");
        }
        let header = mail.raw.split("\r\n\r\n").next().unwrap().to_lowercase();
        assert!(!header.contains("\r\nbcc:"), "{header}");
    }
    assert!(
        mails[1].plain.contains("> <script>x()</script>") && mails[1].plain.contains("{{ 7*7 }}"),
        "{}",
        mails[1].plain
    );
}

/// The note comes after the mail. An instance that ends between the two is not known to have sent it: the next one
/// sends it again, with the same Message-ID. One that goes on knows, and only writes the note.
#[tokio::test]
async fn between_a_mail_and_its_note_nothing_is_lost_and_the_same_instance_repeats_nothing() {
    let sandbox = sandbox().await;
    let first = Instance::new(&sandbox, &ALL_NOTICES);
    let id = ticket(&first.glpi, Requester::User(DIRECTOR), "LSU").await;
    let refusing = Rule::next(1, Failure::ServerError).on_new_followups();
    sandbox.set_failures(Failures::from(refusing));
    assert!(matches!(first.notifier.look_at(id.into()).await, Err(Unsent::Glpi(_))));
    assert_eq!((first.outbox.mails().len(), first.marks(id).await.len()), (1, 0));

    let next = Instance::new(&sandbox, &ALL_NOTICES);
    sandbox.set_failures(Failures::from(Rule::next(1, Failure::ServerError).on_new_followups()));
    assert!(matches!(next.notifier.look_at(id.into()).await, Err(Unsent::Glpi(_))));
    let ids: Vec<_> = [&first, &next].map(|it| read(&it.outbox.mails()[0].message).id).into();
    assert_eq!(ids[0], ids[1]);

    first.notifier.look_at(id.into()).await.unwrap();
    assert_eq!((first.outbox.mails().len(), first.marks(id).await.len()), (1, 1));
    next.notifier.look_at(id.into()).await.unwrap();
    assert_eq!((next.outbox.mails().len(), next.marks(id).await.len()), (1, 1));
}

#[tokio::test]
async fn a_note_whose_answer_was_lost_counts() {
    let sandbox = sandbox().await;
    let instance = Instance::new(&sandbox, &ALL_NOTICES);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    sandbox.set_failures(Failures::from(Rule::next(1, Failure::AnswerLost).on_new_followups()));
    assert!(matches!(instance.notifier.look_at(id.into()).await, Err(Unsent::Glpi(_))));
    assert_eq!(instance.news(id, &mut 0).await.len(), 1);
    assert_eq!(instance.marks(id).await.len(), 1);
}

#[tokio::test]
async fn a_relay_that_is_away_is_tried_again_and_one_that_refuses_is_not() {
    let sandbox = sandbox().await;
    let mut relay = Relay::start(&[
        Behaviour::AnswerRecipient("451 later"),
        Behaviour::Take,
        Behaviour::AnswerRecipient("550 no such mailbox"),
    ])
    .await;
    let instance = Instance::sending(&sandbox, &relay.url);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    assert!(matches!(instance.notifier.look_at(id.into()).await, Err(Unsent::Relay(_))));
    assert!(instance.marks(id).await.is_empty());
    instance.notifier.look_at(id.into()).await.unwrap();
    let taken = relay.next().await;
    assert_eq!(taken.envelope, ["MAIL FROM:<>", "RCPT TO:<tech1@ac-dijon.fr>"].map(str::to_owned), "null sender");
    assert!(taken.content.contains("Auto-Submitted: auto-generated"));

    take(&sandbox, id).await;
    for _ in 0..3 {
        instance.notifier.look_at(id.into()).await.unwrap();
    }
    assert_eq!(relay.connections(), 3, "an address that is refused is not tried again");
    assert_eq!(instance.marks(id).await, [format!("group-{TECHNICIAN}"), "charge".to_owned()]);
    let notes = instance.glpi.ticket_followups(id.into()).await.unwrap();
    assert!(notes[1].content.contains("refusé par le relais"), "{}", notes[1].content);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_send_one_mail_between_them() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let settings = [&ALL_NOTICES[..], &redis.settings()].concat();
    let instances = [Instance::new(&sandbox, &settings), Instance::new(&sandbox, &settings)];
    let mut tickets = Vec::new();
    for number in 0..4 {
        let id = ticket(&instances[0].glpi, Requester::User(DIRECTOR), &format!("LSU {number}")).await;
        take(&sandbox, id).await;
        tickets.push(id);
    }
    // Both have read that nothing was sent before either has sent.
    sandbox.set_failures(Rule::always(Failure::Slow(Duration::from_millis(20))));
    let looks = (0..32).map(|number| (&instances[number % 2], tickets[number / 2 % 4]));
    let results = join_all(looks.map(async |(instance, id)| instance.notifier.look_at(id.into()).await)).await;
    assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(Unsent::Elsewhere))), "{results:?}");
    let sent: Vec<_> = instances.iter().flat_map(|it| it.outbox.mails()).map(|sent| sent.recipient).collect();
    assert_eq!(sent.iter().filter(|to| *to == TECHNICIAN_ADDRESS).count(), 4, "{sent:?}");
    assert_eq!(sent.len(), 8, "{sent:?}");
    for id in tickets {
        instances[1].notifier.look_at(id.into()).await.unwrap();
        assert_eq!(instances[0].marks(id).await.len(), 2);
    }
    assert_eq!(instances.iter().map(|it| it.outbox.mails().len()).sum::<usize>(), 8);
}

/// Another instance may be at the ticket: better late than twice.
#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_away_notices_wait() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let settings = [&ALL_NOTICES[..], &redis.settings()].concat();
    let instance = Instance::new(&sandbox, &settings);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    redis.stop();
    assert!(matches!(instance.notifier.look_at(id.into()).await, Err(Unsent::Elsewhere)));
    assert!(instance.outbox.mails().is_empty());
    redis.start_again();
    // The first call after a cut connection may still fail.
    let mut seen = 0;
    crate::support::wait_until("Redis is used again", async || instance.notifier.look_at(id.into()).await.is_ok())
        .await;
    assert_eq!(instance.news(id, &mut seen).await.len(), 1);
}

#[tokio::test]
async fn a_reminder_goes_to_each_member_of_the_group() {
    let sandbox = sandbox().await;
    let instance = Instance::new(&sandbox, &ALL_NOTICES);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    instance.notifier.remind(id.into(), LSU, &a_day()).await.unwrap();
    let mail = read(&instance.outbox.mails()[0].message);
    assert_eq!((instance.outbox.mails().len(), mail.to.as_str()), (1, TECHNICIAN_ADDRESS));
    for part in ["8\u{a0}heures ouvrées", "Référents-LSU", "Le bouton reste gris."] {
        assert!(mail.plain.contains(part), "{part} in {}", mail.plain);
    }
    assert!(instance.marks(id).await.is_empty(), "whoever reminds notes it");
    // The note may fail, and the reminder is due again.
    instance.notifier.remind(id.into(), LSU, &a_day()).await.unwrap();
    assert_eq!(instance.outbox.mails().len(), 1, "nobody is told twice of one reminder");
    instance.notifier.reminded(id.into());
    instance.notifier.remind(id.into(), LSU, &a_day()).await.unwrap();
    assert_eq!(instance.outbox.mails().len(), 2, "a later reminder is another one");
}

fn a_day() -> Wait {
    let day = Duration::from_hours(8);
    Wait { since: "2026-11-23T09:00:00Z".parse().unwrap(), waited: day, delay: day }
}

#[tokio::test]
async fn a_full_mailbox_keeps_nobody_else_from_being_told() {
    let sandbox = sandbox().await;
    let relay = Relay::start(&[Behaviour::AnswerRecipient("452 full"), Behaviour::Take, Behaviour::Take]).await;
    let instance = Instance::sending(&sandbox, &relay.url);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    take(&sandbox, id).await;
    assert!(matches!(instance.notifier.look_at(id.into()).await, Err(Unsent::Relay(_))));
    assert_eq!(instance.marks(id).await, ["charge"], "the requester is told");
    instance.notifier.look_at(id.into()).await.unwrap();
    assert_eq!(instance.marks(id).await, ["charge".to_owned(), format!("group-{TECHNICIAN}")]);
    assert_eq!(relay.connections(), 3);
}

#[tokio::test]
async fn a_relay_that_is_away_is_not_asked_for_each_ticket() {
    let sandbox = sandbox().await;
    let relay = Relay::start(&[Behaviour::AnswerRecipient("421 closing"), Behaviour::Take]).await;
    let instance = Instance::sending(&sandbox, &relay.url);
    for number in 0..3 {
        let id = ticket(&instance.glpi, Requester::User(DIRECTOR), &format!("LSU {number}")).await;
        assert!(matches!(instance.notifier.look_at(id.into()).await, Err(Unsent::Relay(_))));
        assert!(instance.marks(id).await.is_empty());
    }
    assert_eq!(relay.connections(), 1);
}
