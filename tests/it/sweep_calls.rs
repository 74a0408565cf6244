//! How many calls to GLPI a sweep costs, with few tickets and with many.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use passerelle::{
    app::App,
    id::UserId,
    lifecycle::{
        escalation::DelayVerdict,
        sweep::{Pass, Sweep, hints},
    },
    request::Reference,
    sandbox::{Failure, Rule, Sandbox},
    smtp::{Mailer, Outbox},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    acknowledge::{Behaviour, Relay},
    support::{
        gateway::{ALL_NOTICES, ALWAYS_OPEN, app, configured, sandbox},
        wait_until,
    },
};

const DIRECTOR: UserId = UserId::new(7);
const TECHNICIAN: u64 = 15;
/// Référents-LSU.
const LSU: u64 = 1;
/// Inputs of one call.
const TOGETHER: usize = 100;

/// Somebody's session at the stand-in.
struct Desk {
    client: reqwest::Client,
    api: String,
    token: String,
}

impl Desk {
    async fn of(sandbox: &Sandbox, login: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let api = format!("{}apirest.php", sandbox.url());
        let session = client.get(format!("{api}/initSession")).basic_auth(login, Some(login)).send().await.unwrap();
        let session: Value = session.json().await.unwrap();
        Self { client, api, token: session["session_token"].as_str().unwrap().to_owned() }
    }

    async fn write(&self, method: Method, path: &str, input: Value) -> Value {
        let call = self.client.request(method, format!("{}/{path}", self.api)).header("Session-Token", &self.token);
        let answer = call.json(&json!({ "input": input })).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        answer.json().await.unwrap()
    }

    /// Makes many of a kind, in few calls; gives their ids.
    async fn make(&self, kind: &str, inputs: &[Value]) -> Vec<u64> {
        let mut ids = Vec::new();
        for inputs in inputs.chunks(TOGETHER) {
            let made = self.write(Method::POST, kind, json!(inputs)).await;
            ids.extend(made.as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()));
        }
        ids
    }
}

/// So many open tickets of a director, at the référents of LSU, as the gateway makes them.
async fn tickets(sandbox: &Sandbox, count: usize) -> Vec<u64> {
    let inputs: Vec<Value> = (0..count)
        .map(|number| {
            let reference = Reference::new("sweep", &number.to_string(), b"");
            json!({
                "name": format!("LSU {number}"),
                "content": format!("<p>Référence : {reference}</p>"),
                "_users_id_requester": DIRECTOR,
                "_groups_id_assign": [LSU],
                "_do_not_compute_takeintoaccount": 1,
            })
        })
        .collect();
    Desk::of(sandbox, "passerelle").await.make("Ticket", &inputs).await
}

fn followup(ticket: u64, content: &str, private: bool) -> Value {
    json!({ "itemtype": "Ticket", "items_id": ticket, "content": content, "is_private": u8::from(private) })
}

/// An instance with these settings, and its mails.
fn telling(sandbox: &Sandbox, settings: &[(&str, &str)]) -> (App, Outbox) {
    let (mailer, outbox) = Mailer::memory();
    (App::build_with(configured(sandbox.url().as_str(), settings), mailer).unwrap(), outbox)
}

/// What a pass costs.
async fn calls(sandbox: &Sandbox, sweep: &mut Sweep) -> usize {
    let before = sandbox.calls();
    assert_eq!(sweep.pass(Timestamp::now()).await, Pass::Complete);
    sandbox.calls() - before
}

/// A sweep that has just started.
fn started(app: &App) -> Sweep {
    app.sweep(CancellationToken::new())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_over_nothing_new_is_two_calls_however_many_tickets_are_open() {
    for count in [10, 2000] {
        let sandbox = sandbox().await;
        tickets(&sandbox, count).await;
        // New tickets are told of to their group: not here, for there is something to do then.
        for settings in [&[][..], &ALL_NOTICES[1..]] {
            let (app, _outbox) = telling(&sandbox, settings);
            let mut sweep = app.sweep(CancellationToken::new());
            // The second looks once more at what was changed in the newest second.
            for _ in 0..2 {
                let start = calls(&sandbox, &mut sweep).await;
                assert!(start <= 12, "{count}: {start}");
            }
            for _ in 0..3 {
                assert_eq!(calls(&sandbox, &mut sweep).await, 2, "{count}: {:?}", sandbox.calls_by_endpoint());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_costs_ten_calls_and_a_look_at_each_ticket_where_something_is_due() {
    let sandbox = sandbox().await;
    let ids = tickets(&sandbox, 300).await;
    let technician = Desk::of(&sandbox, "tech1").await;
    let (app, _) = telling(&sandbox, &[]);
    let quiet = calls(&sandbox, &mut started(&app)).await;
    assert!(quiet <= 10, "{quiet}: {:?}", sandbox.calls_by_endpoint());

    let commands: Vec<Value> = ids[..5].iter().map(|id| followup(*id, "<p>#escalade panne</p>", true)).collect();
    technician.make("ITILFollowup", &commands).await;
    let looks = |sandbox: &Sandbox| {
        let calls = sandbox.calls_by_endpoint();
        calls.get("GET Ticket/…/ITILFollowup").copied().unwrap_or_default()
    };
    assert_eq!(looks(&sandbox), 0, "nothing was due");
    assert_eq!(started(&app).pass(Timestamp::now()).await, Pass::Complete);
    let moved = sandbox.tickets().iter().filter(|ticket| ticket.assigned_groups == ["DSI-BAI"]).count();
    assert_eq!(moved, 5);
    // What was answered is looked at again by whoever starts, once each.
    let again = calls(&sandbox, &mut started(&app)).await;
    assert!(again <= 10 + 5, "{again}: {:?}", sandbox.calls_by_endpoint());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_notices_reads_what_was_told_in_few_calls() {
    let sandbox = sandbox().await;
    let ids = tickets(&sandbox, 300).await;
    let technician = Desk::of(&sandbox, "tech1").await;
    let taken: Vec<Value> =
        ids[..40].iter().map(|id| json!({"tickets_id": id, "users_id": TECHNICIAN, "type": 2})).collect();
    technician.make("Ticket_User", &taken).await;
    let asked: Vec<Value> = ids[20..50].iter().map(|id| followup(*id, "<p>Quelle classe ?</p>", false)).collect();
    technician.make("ITILFollowup", &asked).await;
    let solved: Vec<Value> = ids[60..70].iter().map(|id| followup(*id, "<p>Videz le cache.</p>", false)).collect();
    technician.make("ITILSolution", &solved).await;
    for id in &ids[65..70] {
        technician.write(Method::PUT, &format!("Ticket/{id}"), json!({"id": id, "status": 6})).await;
    }
    let (app, outbox) = telling(&sandbox, &ALL_NOTICES);
    assert_eq!(started(&app).pass(Timestamp::now()).await, Pass::Complete);
    let to = |address: &str| outbox.mails().iter().filter(|mail| mail.recipient.eq_ignore_ascii_case(address)).count();
    // The group hears of all that are not over; the director of 40 taken, 30 questions, 5 solutions, 5 closings.
    assert_eq!((to("tech1@ac-dijon.fr"), to("ce.0210001A@ac-dijon.fr")), (290, 80));
    // All was told: whoever starts sees it without looking into any ticket. A session is opened, and who is in the
    // group is asked for.
    let (another, outbox) = telling(&sandbox, &ALL_NOTICES);
    let again = calls(&sandbox, &mut started(&another)).await;
    assert!(outbox.mails().is_empty() && again <= 11, "{again}: {:?}", sandbox.calls_by_endpoint());
    // One more question: one ticket is looked at.
    technician.make("ITILFollowup", &[followup(ids[100], "<p>Et quel élève ?</p>", false)]).await;
    let (third, outbox) = telling(&sandbox, &ALL_NOTICES);
    let again = calls(&sandbox, &mut started(&third)).await;
    assert!(outbox.mails().len() == 1 && again <= 11 + 12, "{again}: {:?}", sandbox.calls_by_endpoint());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_notices_and_hooks_both_look_into_is_read_once() {
    let sandbox = sandbox().await;
    let ids = tickets(&sandbox, 20).await;
    let technician = Desk::of(&sandbox, "tech1").await;
    let solved: Vec<Value> = ids[..3].iter().map(|id| followup(*id, "<p>Videz le cache.</p>", false)).collect();
    technician.make("ITILSolution", &solved).await;
    let hooks = [("hooks.url", "http://127.0.0.1:9/"), ("hooks.secrets", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3")];
    let (app, outbox) = telling(&sandbox, &[&ALL_NOTICES[..], &hooks].concat());
    let before = sandbox.calls_by_endpoint();
    started(&app).pass(Timestamp::now()).await;
    let after = sandbox.calls_by_endpoint();
    let calls = |endpoint: &str| after.get(endpoint).unwrap_or(&0) - before.get(endpoint).unwrap_or(&0);
    assert_eq!((calls("GET ITILFollowup"), calls("GET ITILSolution")), (1, 1), "{after:?}");
    assert_eq!(outbox.mails().iter().filter(|mail| mail.recipient == DIRECTOR_ADDRESS).count(), 3);
}

/// The gateway's own words, which its start looks for, written by somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_writes_hides_no_notice_from_a_start() {
    let sandbox = sandbox().await;
    let ids = tickets(&sandbox, 20).await;
    let technician = Desk::of(&sandbox, "tech1").await;
    let said = followup(ids[3], "<p>Courriel envoyé au demandeur.</p><p>Avis : charge</p>", false);
    technician.make("ITILFollowup", &[said]).await;
    technician.make("Ticket_User", &[json!({"tickets_id": ids[3], "users_id": TECHNICIAN, "type": 2})]).await;
    for told in [1, 0] {
        let (app, outbox) = telling(&sandbox, &[("notify.charge", "passerelle"), ("smtp.url", "smtp://127.0.0.1:9")]);
        assert_eq!(started(&app).pass(Timestamp::now()).await, Pass::Complete);
        assert_eq!(outbox.mails().len(), told);
    }
}

const DIRECTOR_ADDRESS: &str = "ce.0210001a@ac-dijon.fr";

#[tokio::test(flavor = "multi_thread")]
async fn a_full_mailbox_holds_up_nobody_and_is_tried_by_the_next_pass() {
    let sandbox = sandbox().await;
    let ids = tickets(&sandbox, 12).await;
    let technician = Desk::of(&sandbox, "tech1").await;
    let asked: Vec<Value> = ids[..9].iter().map(|id| followup(*id, "<p>Quelle classe ?</p>", false)).collect();
    technician.make("ITILFollowup", &asked).await;
    technician.make("ITILFollowup", &[followup(ids[11], "<p>#escalade panne</p>", true)]).await;
    let mut relay = Relay::start(&[]).await;
    relay.fill(Some(DIRECTOR_ADDRESS));
    let settings = [("notify.question", "passerelle"), ("smtp.url", relay.url.as_str()), ("smtp.retries", "9")];
    let app = App::build(configured(sandbox.url().as_str(), &settings)).unwrap();
    let mut sweep = app.sweep(CancellationToken::new());
    for tries in [1, 2, 2, 3] {
        assert_eq!(sweep.pass(Timestamp::now()).await, Pass::Complete);
        // Each is tried by the next pass, then by every other one, and less and less often.
        assert_eq!((relay.connections(), relay.taken().len()), (9 * tries, 0));
    }
    assert_eq!(sandbox.tickets()[11].assigned_groups, ["DSI-BAI"]);
    relay.fill(None);
    for _ in 0..5 {
        assert_eq!(sweep.pass(Timestamp::now()).await, Pass::Complete);
    }
    let taken = relay.taken();
    let ids: BTreeSet<_> =
        taken.iter().filter_map(|mail| mail.content.lines().find(|line| line.starts_with("Message-ID:"))).collect();
    assert_eq!((taken.len(), ids.len()), (9, 9));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_hangs_holds_up_no_command() {
    let sandbox = sandbox().await;
    let ids = tickets(&sandbox, 2).await;
    let technician = Desk::of(&sandbox, "tech1").await;
    technician.make("ITILFollowup", &[followup(ids[0], "<p>Quelle classe ?</p>", false)]).await;
    let relay = Relay::start(&[Behaviour::Hang]).await;
    let settings = [
        ("notify.question", "passerelle"),
        ("smtp.url", relay.url.as_str()),
        ("smtp.timeout", "1h"),
        ("sweep.every", "1h"),
    ];
    let app = App::build(configured(sandbox.url().as_str(), &settings)).unwrap();
    let (hints, hinted) = hints();
    let sweeping = tokio::spawn(app.sweep(CancellationToken::new()).run(hinted));
    wait_until("the relay has the letter", async || relay.connections() == 1).await;
    technician.make("ITILFollowup", &[followup(ids[1], "<p>#escalade panne</p>", true)]).await;
    hints.look_at(ids[1].into());
    let moved = async || sandbox.tickets()[1].assigned_groups == ["DSI-BAI"];
    wait_until("the command is obeyed", moved).await;
    sweeping.abort();
}

/// Each pass begins when the one before ends: it takes longer than `sweep.every`.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_named_during_a_pass_does_not_wait_for_its_end() {
    let sandbox = sandbox().await;
    let ids = tickets(&sandbox, 60).await;
    let technician = Desk::of(&sandbox, "tech1").await;
    let commands: Vec<Value> = ids[..50].iter().map(|id| followup(*id, "<p>#escalade panne</p>", true)).collect();
    technician.make("ITILFollowup", &commands).await;
    let app = app(sandbox.url().as_str(), &[("sweep.every", "1s")]);
    let (hints, hinted) = hints();
    let sweeping = tokio::spawn(app.sweep(CancellationToken::new()).run(hinted));
    let moved = || sandbox.tickets().iter().filter(|ticket| ticket.assigned_groups == ["DSI-BAI"]).count();
    wait_until("the pass is at its work", async || moved() > 1).await;
    sandbox.set_failures(Rule::always(Failure::Slow(Duration::from_millis(20))));
    technician.make("ITILFollowup", &[followup(ids[59], "<p>#escalade panne</p>", true)]).await;
    hints.look_at(ids[59].into());
    wait_until("the command is obeyed", async || sandbox.tickets()[59].assigned_groups == ["DSI-BAI"]).await;
    assert!(moved() < 51, "the others are still under way");
    sweeping.abort();
}

/// The ticket with its history, its groups, people and follow-ups, the note, the two steps, what they led to, the note
/// again, and that nobody has taken it.
#[tokio::test(flavor = "multi_thread")]
async fn an_escalation_by_the_rule_is_ten_calls() {
    let sandbox = sandbox().await;
    let ids = tickets(&sandbox, 2).await;
    let app = app(sandbox.url().as_str(), &ALWAYS_OPEN);
    app.escalator.all_levels().await.unwrap();
    app.glpi.own_account().await.unwrap();
    let enforce = async |ticket: u64, hours| {
        let before = sandbox.calls();
        let later = Timestamp::now() + SignedDuration::from_hours(hours);
        let said = app.escalator.enforce(ticket.into(), later).await.unwrap().unwrap();
        (said.verdict, sandbox.calls() - before)
    };
    for id in ids {
        let (said, calls) = enforce(id, 1).await;
        assert!(matches!(said, DelayVerdict::Nothing { .. }) && calls <= 4, "{said:?} {calls}");
        let (said, calls) = enforce(id, 9).await;
        assert!(matches!(said, DelayVerdict::Remind { .. }) && calls <= 5, "{said:?} {calls}");
        let (said, calls) = enforce(id, 17).await;
        assert!(matches!(said, DelayVerdict::Escalate { .. }) && calls <= 10, "{said:?} {calls}");
    }
    assert!(sandbox.tickets().iter().all(|ticket| ticket.assigned_groups == ["DSI-BAI"]));
    assert!(sandbox.tickets().iter().all(|ticket| ticket.taken_into_account.is_none()));
}
