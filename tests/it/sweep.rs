//! The sweep over all tickets: what it finds by itself, after outages too, and who sweeps where there are several.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use passerelle::{
    app::App,
    config,
    glpi::{ActorRole, Effect, Glpi, NewFollowup, NewTicket, Requester, TicketType},
    id::UserId,
    lifecycle::{
        escalation::Order,
        note::{Cause, MoveNote, Note},
        sweep::Pass,
    },
    request::Direction,
    sandbox::{Failure, Failures, Rule, Sandbox},
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    gateway::{ALWAYS_OPEN, DIRECTORS, Gateway, app, form, sandbox, titled},
    redis::Redis,
    unreliable::{Cut, Unreliable},
    wait_until,
};

/// A member of Référents-LSU.
const TECHNICIAN: UserId = UserId::new(15);

fn glpi(sandbox: &Sandbox) -> Glpi {
    app(sandbox.url().as_str(), &[]).glpi
}

/// A ticket of a director for the référents of LSU.
async fn ticket(sandbox: &Sandbox, title: &str) -> u64 {
    let gateway = Gateway::start(sandbox, &[("sweep.every", "1h")]).await;
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], title), None).await.status(), 201);
    gateway.finish().await;
    u64::try_from(titled(sandbox, title)[0].id).unwrap()
}

async fn command(glpi: &Glpi, ticket: u64, text: &str) {
    let followup = NewFollowup {
        ticket: ticket.into(),
        content_html: format!("<p>{text}</p>"),
        author: Some(TECHNICIAN),
        private: true,
        request_type: None,
        effect: Effect::None,
    };
    glpi.add_followup(&followup, &[]).await.unwrap();
}

/// The groups that have a ticket now.
fn assigned(sandbox: &Sandbox, id: u64) -> Vec<String> {
    let ticket = sandbox.tickets().into_iter().find(|ticket| ticket.id == i64::try_from(id).unwrap()).unwrap();
    ticket.assigned_groups
}

async fn notes(glpi: &Glpi, id: u64) -> Vec<Note> {
    glpi.ticket_followups(id.into()).await.unwrap().iter().filter_map(|it| Note::parse(&it.content)).collect()
}

async fn moves(glpi: &Glpi, id: u64) -> Vec<MoveNote> {
    let notes = notes(glpi, id).await.into_iter();
    notes.filter_map(|note| if let Note::Move(note) = note { Some(note) } else { None }).collect()
}

/// A pass of an instance that has just started.
async fn pass(app: &App, now: Timestamp) -> Pass {
    app.sweep(CancellationToken::new()).pass(now).await
}

fn order() -> Order {
    Order { direction: Direction::Up, by: "Jeanne".to_owned(), reason: "panne".to_owned(), cause: Cause::Api, to: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serving_gateway_sweeps_by_itself() {
    let sandbox = sandbox().await;
    let id = ticket(&sandbox, "Commande").await;
    let glpi = glpi(&sandbox);
    let gateway = Gateway::start(&sandbox, &[("sweep.every", "1s")]).await;
    command(&glpi, id, "#escalade panne").await;
    wait_until("the command is obeyed", async || moves(&glpi, id).await.iter().any(|note| note.done)).await;
    gateway.finish().await;
    assert_eq!((assigned(&sandbox, id), moves(&glpi, id).await.len()), (vec!["DSI-BAI".to_owned()], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_named_is_looked_at_before_its_turn() {
    let sandbox = sandbox().await;
    let glpi = glpi(&sandbox);
    let stop = CancellationToken::new();
    let app = app(sandbox.url().as_str(), &[("sweep.every", "1h")]);
    let (hints, hinted) = passerelle::lifecycle::sweep::hints();
    let sweeping = tokio::spawn(app.sweep(stop.clone()).run(hinted));
    // The first pass may find the first one; after it, only a hint leads to the second.
    for title in ["Premier", "Second"] {
        let id = ticket(&sandbox, title).await;
        command(&glpi, id, "#escalade panne").await;
        hints.look_at(id.into());
        wait_until("the command is obeyed", async || moves(&glpi, id).await.iter().any(|note| note.done)).await;
        assert_eq!(assigned(&sandbox, id), ["DSI-BAI"]);
    }
    stop.cancel();
    sweeping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_interrupted_at_any_write_is_finished_by_a_pass_alone() {
    let sandbox = sandbox().await;
    let glpi = glpi(&sandbox);
    for cut in [Cut::Before, Cut::After] {
        // The note, the groups, the old group, the note again, who has taken it.
        for at in 1..=5 {
            let id = ticket(&sandbox, &format!("Coupure {cut:?} {at}")).await;
            let proxy = Unreliable::start(sandbox.url(), at, cut).await;
            let killed =
                app(proxy.url.as_str(), &[]).escalator.move_ticket(id.into(), &order(), Timestamp::now()).await;
            assert!(proxy.has_cut(at) && killed.is_err(), "{cut:?} {at}");
            assert_eq!(pass(&app(sandbox.url().as_str(), &[]), Timestamp::now()).await, Pass::Complete);
            let begun = (cut, at) != (Cut::Before, 1);
            let expected = if begun { "DSI-BAI" } else { "Référents-LSU" };
            assert_eq!(assigned(&sandbox, id), [expected], "{cut:?} {at}");
            let moves = moves(&glpi, id).await;
            assert_eq!(moves.len(), usize::from(begun), "{cut:?} {at}");
            assert!(moves.iter().all(|note| note.done), "{cut:?} {at}");
            assert_eq!(glpi.ticket(id.into()).await.unwrap().taken_into_account, None, "{cut:?} {at}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_strike_once_each_whoever_sweeps_and_however_often() {
    let sandbox = sandbox().await;
    let glpi = glpi(&sandbox);
    let id = ticket(&sandbox, "Oublié").await;
    let began = Timestamp::now();
    let app = app(sandbox.url().as_str(), &ALWAYS_OPEN);
    let mut sweep = app.sweep(CancellationToken::new());
    let at = |hours| began + SignedDuration::from_hours(hours);
    for (hours, expected) in [(1, 0), (7, 0), (9, 1), (10, 1), (15, 1), (17, 2), (18, 2), (40, 2)] {
        assert_eq!(sweep.pass(at(hours)).await, Pass::Complete);
        // One that has just started knows nothing but what GLPI shows.
        assert_eq!(pass(&app, at(hours)).await, Pass::Complete);
        let notes = notes(&glpi, id).await;
        assert_eq!(notes.len(), expected, "after {hours} hours: {notes:?}");
    }
    assert!(matches!(&notes(&glpi, id).await[..], [Note::Reminder(_), Note::Move(note)] if note.cause == Cause::Rule));
    assert_eq!(assigned(&sandbox, id), ["DSI-BAI"]);
    assert_eq!(glpi.ticket(id.into()).await.unwrap().taken_into_account, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_move_few_tickets_in_one_pass_and_the_next_goes_on() {
    let sandbox = sandbox().await;
    let glpi = glpi(&sandbox);
    let first = ticket(&sandbox, "Premier").await;
    let (shown, groups) = (glpi.ticket(first.into()).await.unwrap(), glpi.ticket_groups(first.into()).await.unwrap());
    let assigned_groups = groups.iter().filter(|it| it.role == ActorRole::Assigned).map(|it| it.group).collect();
    let new = NewTicket {
        name: "Ancien".to_owned(),
        content_html: shown.content.clone(),
        requester: Requester::Email("x@y.fr".to_owned()),
        category: Some(shown.category),
        assigned_groups,
        observer_groups: vec![],
        answer_to: None,
        observers: vec![],
        kind: TicketType::Incident,
        urgency: 3,
        entity: None,
        location: None,
        request_type: None,
        head: None,
    };
    for _ in 0..21 {
        glpi.create_ticket(&new, &[]).await.unwrap();
    }
    let later = Timestamp::now() + SignedDuration::from_hours(17);
    let app = app(sandbox.url().as_str(), &ALWAYS_OPEN);
    let mut sweep = app.sweep(CancellationToken::new());
    let moved = || sandbox.tickets().iter().filter(|ticket| ticket.assigned_groups == ["DSI-BAI"]).count();
    assert_eq!((sweep.pass(later).await, moved()), (Pass::Cut, 20));
    assert_eq!((sweep.pass(later).await, moved()), (Pass::Complete, 22));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_nothing_is_missed_and_nothing_doubled() {
    let sandbox = sandbox().await;
    let glpi = glpi(&sandbox);
    let (waiting, commanded) = (ticket(&sandbox, "Attend").await, ticket(&sandbox, "Commandé").await);
    let began = Timestamp::now();
    let app = app(sandbox.url().as_str(), &ALWAYS_OPEN);
    let mut sweep = app.sweep(CancellationToken::new());
    assert_eq!(sweep.pass(began).await, Pass::Complete);
    command(&glpi, commanded, "#escalade panne").await;
    for failure in [Failure::Down, Failure::Maintenance, Failure::BadGateway] {
        sandbox.set_failures(failure);
        assert_eq!(sweep.pass(began + SignedDuration::from_hours(9)).await, Pass::Cut, "{failure:?}");
    }
    // GLPI goes away in the middle of a pass, too, later and later.
    for calls in 1..30 {
        let passing = Rule::next(calls, Failure::Slow(Duration::ZERO));
        sandbox.set_failures(Failures(vec![passing, Rule::always(Failure::Down)]));
        sweep.pass(began + SignedDuration::from_hours(9)).await;
    }
    sandbox.set_failures(Failures::none());
    for _ in 0..2 {
        assert_eq!(sweep.pass(began + SignedDuration::from_hours(9)).await, Pass::Complete);
    }
    assert!(matches!(&notes(&glpi, waiting).await[..], [Note::Reminder(_)]));
    let moves = moves(&glpi, commanded).await;
    assert!(moves.len() == 1 && moves[0].done, "{moves:?}");
    assert_eq!(assigned(&sandbox, commanded), ["DSI-BAI"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ticket_that_fails_does_not_stop_the_next() {
    let sandbox = sandbox().await;
    let glpi = glpi(&sandbox);
    let (bad, good) = (ticket(&sandbox, "Mauvais").await, ticket(&sandbox, "Bon").await);
    for id in [bad, good] {
        command(&glpi, id, "#escalade panne").await;
    }
    let app = app(sandbox.url().as_str(), &[]);
    let mut sweep = app.sweep(CancellationToken::new());
    // The first note is not taken, all others are.
    sandbox.set_failures(Rule::next(1, Failure::ServerError).on_new_followups());
    assert_eq!(sweep.pass(Timestamp::now()).await, Pass::Complete);
    assert_eq!(
        (assigned(&sandbox, bad), assigned(&sandbox, good)),
        (vec!["Référents-LSU".to_owned()], vec!["DSI-BAI".to_owned()])
    );
    assert_eq!(sweep.pass(Timestamp::now()).await, Pass::Complete);
    assert_eq!(assigned(&sandbox, bad), ["DSI-BAI"]);
    assert_eq!((moves(&glpi, bad).await.len(), moves(&glpi, good).await.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_from_before_the_gateway_was_away_is_found_however_long_that_was() {
    let sandbox = sandbox().await;
    let glpi = glpi(&sandbox);
    let id = ticket(&sandbox, "Ancien").await;
    command(&glpi, id, "#escalade panne").await;
    let app = app(sandbox.url().as_str(), &[]);
    assert_eq!(pass(&app, Timestamp::now() + SignedDuration::from_hours(24 * 30)).await, Pass::Complete);
    assert_eq!(assigned(&sandbox, id), ["DSI-BAI"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_is_stopped_ends_after_the_ticket_it_is_at() {
    let sandbox = sandbox().await;
    let id = ticket(&sandbox, "Arrêt").await;
    command(&glpi(&sandbox), id, "#escalade panne").await;
    let stop = CancellationToken::new();
    let app = app(sandbox.url().as_str(), &[]);
    let mut sweep = app.sweep(stop.clone());
    stop.cancel();
    assert_eq!(sweep.pass(Timestamp::now()).await, Pass::Cut);
    assert_eq!(assigned(&sandbox, id), ["Référents-LSU"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_instances_one_sweeps_and_the_other_takes_over_when_it_dies() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let glpi = glpi(&sandbox);
    let (one, other) = (app(sandbox.url().as_str(), &redis.settings()), app(sandbox.url().as_str(), &redis.settings()));
    let (mut first, mut second) = (one.sweep(CancellationToken::new()), other.sweep(CancellationToken::new()));
    let id = ticket(&sandbox, "Deux").await;
    command(&glpi, id, "#escalade panne").await;
    assert_eq!(first.pass(Timestamp::now()).await, Pass::Complete);
    assert_eq!(second.pass(Timestamp::now()).await, Pass::NotOurs);
    // The first one dies: its lease is no longer renewed.
    drop(first);
    command(&glpi, id, "#retour").await;
    wait_until("the second one sweeps", async || second.pass(Timestamp::now()).await == Pass::Complete).await;
    let moves = moves(&glpi, id).await;
    assert_eq!(
        moves.iter().map(|note| (note.direction, note.done)).collect::<Vec<_>>(),
        [(Direction::Up, true), (Direction::Down, true)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_at_one_ticket_move_it_once() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let glpi = glpi(&sandbox);
    let (one, other) = (app(sandbox.url().as_str(), &redis.settings()), app(sandbox.url().as_str(), &redis.settings()));
    let id = ticket(&sandbox, "Ensemble").await;
    let (order, now) = (order(), Timestamp::now());
    let (first, second) = tokio::join!(
        one.escalator.move_ticket(id.into(), &order, now),
        other.escalator.move_ticket(id.into(), &order, now)
    );
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(moves(&glpi, id).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_only_what_has_waited_is_looked_at() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let id = ticket(&sandbox, "Sans Redis").await;
    let app = app(sandbox.url().as_str(), &redis.settings());
    let mut sweep = app.sweep(CancellationToken::new());
    redis.stop();
    command(&glpi(&sandbox), id, "#escalade panne").await;
    // Another instance may be at it.
    assert_eq!(sweep.pass(Timestamp::now()).await, Pass::Complete);
    assert_eq!(assigned(&sandbox, id), ["Référents-LSU"]);
    let later = config::load_from(None, []).unwrap().glpi.timeout * 100;
    assert_eq!(sweep.pass(Timestamp::now() + later).await, Pass::Complete);
    assert_eq!(assigned(&sandbox, id), ["DSI-BAI"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_http_moves_a_ticket_and_says_where_it_went() {
    let sandbox = sandbox().await;
    let id = ticket(&sandbox, "Appel").await;
    let gateway = Gateway::start(&sandbox, &[("http.ticket_tokens", "jeton-des-tickets")]).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (way, from, to) in [("escalate", "Référents-LSU", "DSI-BAI"), ("return", "DSI-BAI", "Référents-LSU")] {
        let request = client.post(format!("http://{}/v1/tickets/{id}/{way}", gateway.http));
        let body = serde_json::json!({"reason": "panne", "by": "Jeanne Martin"});
        let answer = request.bearer_auth("jeton-des-tickets").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(answer, serde_json::json!({"ticket": id, "from": from, "to": to}));
        assert_eq!(assigned(&sandbox, id), [to]);
    }
    gateway.finish().await;
}

/// What a look at a ticket costs that was moved while nobody had taken it in charge: its follow-ups, nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_moved_ticket_that_nobody_takes_costs_one_call_a_look() {
    let sandbox = sandbox().await;
    let id = ticket(&sandbox, "Monte").await;
    let mover = app(sandbox.url().as_str(), &[]);
    mover.escalator.move_ticket(id.into(), &order(), Timestamp::now()).await.unwrap();
    let look = async |app: &App| {
        let before = sandbox.calls();
        app.escalator.process_commands(id.into(), Timestamp::now()).await.unwrap();
        sandbox.calls() - before
    };
    assert_eq!((look(&mover).await, look(&mover).await), (1, 1));
    // An instance that did not make the move looks closely once: the other may have died before its last step.
    let another = app(sandbox.url().as_str(), &[]);
    another.glpi.own_account().await.unwrap();
    assert_eq!((look(&another).await, look(&another).await, look(&another).await), (5, 1, 1));
}

/// GLPI tells whoever has the ticket of the group that gets it; whoever gives it up need not hear that they watch now.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_told_once() {
    let sandbox = sandbox().await;
    let id = ticket(&sandbox, "Monte et revient").await;
    let app = app(sandbox.url().as_str(), &[]);
    for moves in 1..=2 {
        let direction = if moves == 1 { Direction::Up } else { Direction::Down };
        app.escalator.move_ticket(id.into(), &Order { direction, ..order() }, Timestamp::now()).await.unwrap();
        assert_eq!(sandbox.told(i64::try_from(id).unwrap()), vec!["assign_group"; moves]);
    }
}
