//! Tickets go from level to level: what GLPI shows in the end, however often a move is interrupted.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp, civil::DateTime};
use passerelle::{
    app::App,
    glpi::{ActorRole, Effect, Followup, Glpi, NewFollowup, NewTicket, Requester, TicketStatus},
    id::{FollowupId, GroupId, TicketId, UserId},
    lifecycle::{
        escalation::{DelayVerdict, EscalateError, Immovable, Moved, Order},
        note::{Cause, MoveNote, Note},
    },
    request::Direction,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use url::Url;

use super::target::{Target, account};
use super::{
    category, director,
    followups::{call, call_as},
    group, marker, ticket,
};
use crate::support::{
    gateway::app,
    unreliable::{Cut, Unreliable},
};

/// The accounts of the seed: a member of Référents-LSU, and someone who is a member of no group.
const TECHNICIAN: UserId = UserId::new(15);
const AGENT: UserId = UserId::new(12);

fn gateway(url: &Url, settings: &[(&str, &str)]) -> App {
    let (login, password) = account();
    let usual = [("glpi.login", login.as_str()), ("glpi.password", password.as_str())];
    app(url.as_str(), &[&usual, settings].concat())
}

fn order(direction: Direction, to: Option<&str>) -> Order {
    Order {
        direction,
        by: "Jeanne <Martin>".to_owned(),
        reason: "L'accès « LSU » & le reste\r\nsont 🙂 \"bloqués\"".to_owned(),
        cause: Cause::Api,
        to: to.map(str::to_owned),
    }
}

fn up() -> Order {
    order(Direction::Up, None)
}

/// Groups and people of a ticket, whatever their rows' numbers.
type Actors = (BTreeSet<(GroupId, u8)>, BTreeSet<(String, u8)>);

fn number(role: ActorRole) -> u8 {
    match role {
        ActorRole::Requester => 1,
        ActorRole::Assigned => 2,
        ActorRole::Observer => 3,
    }
}

async fn actors(glpi: &Glpi, id: TicketId) -> Actors {
    let groups = glpi.ticket_groups(id).await.unwrap();
    let users = glpi.ticket_users(id).await.unwrap();
    (
        groups.iter().map(|row| (row.group, number(row.role))).collect(),
        users.iter().map(|row| (format!("{:?}", row.who), number(row.role))).collect(),
    )
}

fn user(id: UserId) -> String {
    format!("{:?}", Requester::User(id))
}

/// A director's ticket that the référents have, with people and groups around it.
async fn at_the_referents(target: &Target, glpi: &Glpi) -> TicketId {
    let new = NewTicket {
        requester: Requester::User(director(glpi).await),
        category: Some(category(glpi, "Scolarité > LSU").await),
        assigned_groups: vec![group(glpi, "Référents-LSU").await],
        observer_groups: vec![group(glpi, "Directeurs d'école").await],
        answer_to: None,
        observers: vec![],
        ..ticket(&marker(), "<p>Référence : P-7K3M-Q2XV-9D4T</p>")
    };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    // Of no level of this application.
    glpi.add_groups(id, &[(group(glpi, "Référents-ONDE").await, ActorRole::Assigned)]).await.unwrap();
    assign(target, id, AGENT, 2).await;
    assign(target, id, TECHNICIAN, 3).await;
    id
}

async fn assign(target: &Target, ticket: TicketId, user: UserId, role: u8) {
    let input = json!({"tickets_id": ticket, "users_id": user, "type": role, "_do_not_compute_takeintoaccount": 1});
    call(target, Method::POST, "Ticket_User", input).await;
}

/// The same after its escalation.
async fn escalated(glpi: &Glpi) -> Actors {
    let (lsu, bai) = (group(glpi, "Référents-LSU").await, group(glpi, "DSI-BAI").await);
    let (onde, directors) = (group(glpi, "Référents-ONDE").await, group(glpi, "Directeurs d'école").await);
    (
        [(bai, 2), (lsu, 3), (onde, 2), (directors, 3)].into(),
        [(user(director(glpi).await), 1), (user(TECHNICIAN), 3)].into(),
    )
}

async fn notes(glpi: &Glpi, id: TicketId) -> Vec<(Followup, Note)> {
    let own = glpi.own_account().await.unwrap();
    let followups = glpi.ticket_followups(id).await.unwrap().into_iter().filter(|it| it.author == own);
    followups.filter_map(|it| Note::parse(&it.content).map(|note| (it, note))).collect()
}

async fn moves(glpi: &Glpi, id: TicketId) -> Vec<MoveNote> {
    let notes = notes(glpi, id).await.into_iter();
    notes.filter_map(|(_, note)| if let Note::Move(note) = note { Some(note) } else { None }).collect()
}

fn to_bai(ticket: TicketId) -> Moved {
    Moved { ticket, from: "Référents-LSU".to_owned(), to: "DSI-BAI".to_owned() }
}

#[tokio::test]
async fn an_escalation_changes_who_works_on_it_and_nothing_else_and_says_why() {
    let target = Target::start().await;
    let (glpi, app) = (target.client(), gateway(&target.url(), &[]));
    let id = at_the_referents(&target, &glpi).await;
    let now = Timestamp::now();
    assert_eq!(app.escalator.move_ticket(id, &up(), now).await.unwrap(), to_bai(id));
    assert_eq!(actors(&glpi, id).await, escalated(&glpi).await);
    let shown = glpi.ticket(id).await.unwrap();
    assert_eq!((shown.status, shown.taken_into_account), (TicketStatus::Assigned, None));

    let [(followup, Note::Move(note))] = &notes(&glpi, id).await[..] else { panic!("one note") };
    assert!(followup.private && note.done && note.untaken, "{note:?}");
    assert_eq!(note.reason, "L'accès « LSU » & le reste sont \u{fffd} \"bloqués\"");
    assert!(note.asked.starts_with("Demandée par Jeanne ‹Martin› le ") && note.asked.contains("par l’API"), "{note:?}");
    assert!(followup.content.starts_with("<p><strong>Escalade effectuée\u{a0}: Référents-LSU → DSI-BAI</strong></p>"));

    for again in [up(), order(Direction::Up, Some("DSI-BAI"))] {
        let repeated = app.escalator.move_ticket(id, &again, now).await.unwrap();
        assert_eq!(repeated.to, "DSI-BAI");
    }
    let other = Order { reason: "encore".to_owned(), ..up() };
    let highest = Err(EscalateError::Immovable(Immovable::Highest));
    assert_eq!(app.escalator.move_ticket(id, &other, now).await, highest);
    assert_eq!(moves(&glpi, id).await.len(), 1);
    assert_eq!(actors(&glpi, id).await, escalated(&glpi).await);
}

#[tokio::test]
async fn a_return_gives_it_back_and_keeps_who_of_them_has_taken_it() {
    let target = Target::start().await;
    let (glpi, app) = (target.client(), gateway(&target.url(), &[("escalation.note", "public")]));
    let id = at_the_referents(&target, &glpi).await;
    let now = Timestamp::now();
    app.escalator.move_ticket(id, &up(), now).await.unwrap();
    for user in [TECHNICIAN, AGENT] {
        assign(&target, id, user, 2).await;
    }
    let back = order(Direction::Down, None);
    let moved = app.escalator.move_ticket(id, &back, now).await.unwrap();
    assert_eq!((moved.from.as_str(), moved.to.as_str()), ("DSI-BAI", "Référents-LSU"));
    let (lsu, bai) = (group(&glpi, "Référents-LSU").await, group(&glpi, "DSI-BAI").await);
    let (groups, users) = actors(&glpi, id).await;
    assert!(groups.is_superset(&[(lsu, 2), (lsu, 3), (bai, 3)].into()) && !groups.contains(&(bai, 2)), "{groups:?}");
    assert!(users.contains(&(user(TECHNICIAN), 2)) && !users.contains(&(user(AGENT), 2)), "{users:?}");
    let [_, (followup, Note::Move(note))] = &notes(&glpi, id).await[..] else { panic!("two notes") };
    assert!(!followup.private && note.done && note.direction == Direction::Down, "{note:?}");
    let again = Order { reason: "encore".to_owned(), ..back };
    assert_eq!(app.escalator.move_ticket(id, &again, now).await, Err(EscalateError::Immovable(Immovable::Lowest)));
}

#[tokio::test]
async fn when_it_was_taken_in_charge_stays_what_it_was() {
    let target = Target::start().await;
    let (glpi, app) = (target.client(), gateway(&target.url(), &[]));
    let id = at_the_referents(&target, &glpi).await;
    let text = json!({"itemtype": "Ticket", "items_id": id, "content": "<p>je regarde</p>"});
    call(&target, Method::POST, "ITILFollowup", text).await;
    let taken = glpi.ticket(id).await.unwrap().taken_into_account;
    assert!(taken.is_some());
    tokio::time::sleep(Duration::from_secs(1)).await;
    app.escalator.move_ticket(id, &up(), Timestamp::now()).await.unwrap();
    assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, taken);
    assert!(!moves(&glpi, id).await[0].untaken);
}

#[tokio::test]
async fn what_cannot_be_moved_is_named_and_stays() {
    let target = Target::start().await;
    let (glpi, app) = (target.client(), gateway(&target.url(), &[]));
    let now = Timestamp::now();
    let carry = async |id: TicketId, order: &Order| app.escalator.move_ticket(id, order, now).await;
    assert_eq!(carry(TicketId::new(99_999_999), &up()).await, Err(EscalateError::NotFound(TicketId::new(99_999_999))));
    let nobodys = glpi.create_ticket(&ticket("Sans catégorie", "<p>x</p>"), &[]).await.unwrap().id;
    assert_eq!(carry(nobodys, &up()).await, Err(EscalateError::NoApplication));

    let id = at_the_referents(&target, &glpi).await;
    let before = actors(&glpi, id).await;
    let wrong = EscalateError::AnotherGroup { wanted: "DSI-BIA".to_owned(), next: "DSI-BAI".to_owned() };
    assert_eq!(carry(id, &order(Direction::Up, Some("DSI-BIA"))).await, Err(wrong));
    assert_eq!(carry(id, &order(Direction::Down, None)).await, Err(EscalateError::Immovable(Immovable::Lowest)));
    super::followups::solve(&target, id).await;
    assert_eq!(carry(id, &up()).await, Err(EscalateError::Over));
    assert_eq!(actors(&glpi, id).await, before);
    assert_eq!(notes(&glpi, id).await.len(), 0);
    call_as(&target, ("glpi", "glpi"), Method::DELETE, &format!("Ticket/{id}"), json!({ "id": id })).await;
    assert_eq!(carry(id, &up()).await, Err(EscalateError::NotFound(id)));
}

/// Who finishes a move that was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finisher {
    Caller,
    Sweep,
}

#[rstest]
#[case::by_the_caller(Finisher::Caller)]
#[case::by_the_sweep(Finisher::Sweep)]
#[tokio::test]
async fn an_escalation_interrupted_at_any_write_is_finished(#[case] finisher: Finisher) {
    let target = Target::start().await;
    let glpi = target.client();
    let expected = escalated(&glpi).await;
    let mut interrupted = 0;
    for cut in [Cut::Before, Cut::After] {
        // The note, the groups, the technician, the old group, the note again, who has taken it.
        for at in 1..=6 {
            let id = at_the_referents(&target, &glpi).await;
            let before = actors(&glpi, id).await;
            let proxy = Unreliable::start(target.url(), at, cut).await;
            let killed = gateway(&proxy.url, &[]).escalator.move_ticket(id, &up(), Timestamp::now()).await;
            assert!(proxy.has_cut(at) && killed.is_err(), "{cut:?} write {at}: {killed:?}");
            drop(proxy);

            let app = gateway(&target.url(), &[]);
            match finisher {
                Finisher::Caller => {
                    let rerun = app.escalator.move_ticket(id, &up(), Timestamp::now()).await;
                    assert_eq!(rerun, Ok(to_bai(id)), "{cut:?} write {at}");
                }
                Finisher::Sweep => app.escalator.process_commands(id, Timestamp::now()).await.unwrap(),
            }
            let moves = moves(&glpi, id).await;
            if finisher == Finisher::Sweep && (cut, at) == (Cut::Before, 1) {
                // Nothing was begun.
                assert_eq!((actors(&glpi, id).await, moves.len()), (before, 0));
                continue;
            }
            interrupted += 1;
            assert_eq!(actors(&glpi, id).await, expected, "{cut:?} write {at}");
            assert_eq!(moves.len(), 1, "{cut:?} write {at}: {moves:?}");
            assert!(moves[0].done && moves[0].asked.contains("Jeanne"), "{cut:?} write {at}: {moves:?}");
            assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, None, "{cut:?} write {at}");
            // And nothing more is done by whoever looks again.
            app.escalator.process_commands(id, Timestamp::now()).await.unwrap();
            assert_eq!(glpi.ticket_followups(id).await.unwrap().len(), 1);
        }
    }
    assert_eq!(interrupted, if finisher == Finisher::Caller { 12 } else { 11 });
}

/// A move of a ticket of the référents that was cut before this write.
async fn interrupted(target: &Target, glpi: &Glpi, at: usize) -> TicketId {
    let id = at_the_referents(target, glpi).await;
    let proxy = Unreliable::start(target.url(), at, Cut::Before).await;
    assert!(
        gateway(&proxy.url, &[]).escalator.move_ticket(id, &up(), Timestamp::now()).await.is_err() && proxy.has_cut(at)
    );
    id
}

/// Looks at a ticket and checks that its only move was given up for this reason, and nothing was changed.
async fn is_given_up(app: &App, glpi: &Glpi, id: TicketId, why: &str) {
    let before = actors(glpi, id).await;
    for _ in 0..2 {
        app.escalator.process_commands(id, Timestamp::now()).await.unwrap();
    }
    let [(followup, Note::Move(note))] = &notes(glpi, id).await[..] else { panic!("one note") };
    assert!(
        followup.private && followup.content.starts_with("<p><strong>Escalade interrompue\u{a0}: "),
        "{followup:?}"
    );
    assert!(!note.done && note.given_up.as_ref().is_some_and(|given_up| given_up.contains(why)), "{note:?}");
    assert_eq!(actors(glpi, id).await, before);
}

#[tokio::test]
async fn what_somebody_moved_by_hand_after_an_interruption_stays_where_it_is() {
    let target = Target::start().await;
    let (glpi, app) = (target.client(), gateway(&target.url(), &[]));
    let (lsu, bai) = (group(&glpi, "Référents-LSU").await, group(&glpi, "DSI-BAI").await);
    // Before any group has come; and after the new one has, and the technician has left.
    for (at, gone, come) in [(2, lsu, bai), (4, bai, lsu)] {
        let id = interrupted(&target, &glpi, at).await;
        let row = glpi.ticket_groups(id).await.unwrap().into_iter();
        let row =
            row.filter(|row| row.group == gone && row.role == ActorRole::Assigned).map(|row| row.row).next().unwrap();
        let admin = target.super_admin();
        admin.remove_group(row).await.unwrap();
        // What is there already stays.
        drop(admin.add_groups(id, &[(come, ActorRole::Assigned)]).await);
        glpi.untake(id).await.unwrap();
        is_given_up(&app, &glpi, id, "à la main").await;
        // Nothing stands in the way of the next move.
        assert!(actors(&glpi, id).await.0.contains(&(come, 2)));
        let way = if come == bai { Direction::Down } else { Direction::Up };
        app.escalator.move_ticket(id, &order(way, None), Timestamp::now()).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_solved_after_an_interruption_keeps_its_groups() {
    let target = Target::start().await;
    let (glpi, app) = (target.client(), gateway(&target.url(), &[]));
    let id = interrupted(&target, &glpi, 3).await;
    super::followups::solve(&target, id).await;
    let before = actors(&glpi, id).await;
    app.escalator.process_commands(id, Timestamp::now()).await.unwrap();
    let [note] = &moves(&glpi, id).await[..] else { panic!("one note") };
    assert!(note.given_up.as_ref().is_some_and(|why| why.contains("résolu")), "{note:?}");
    assert_eq!(actors(&glpi, id).await, before);
}

#[tokio::test]
async fn a_move_to_a_group_that_is_of_no_level_any_more_is_given_up() {
    let target = Target::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mapping =
        include_str!("../../../mappings/lsu.toml").replace("group = \"DSI-BAI\"", "group = \"Référents-APAE\"");
    std::fs::write(folder.path().join("lsu.toml"), mapping).unwrap();
    let glpi = target.client();
    let app = gateway(&target.url(), &[("mappings.dir", folder.path().to_str().unwrap())]);
    let id = interrupted(&target, &glpi, 2).await;
    is_given_up(&app, &glpi, id, "n’est plus d’un niveau").await;
}

#[tokio::test]
async fn who_answers_in_the_middle_of_a_move_has_taken_it_in_charge() {
    let target = Target::start().await;
    let (glpi, app) = (target.client(), gateway(&target.url(), &[]));
    let id = interrupted(&target, &glpi, 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let text = json!({"itemtype": "Ticket", "items_id": id, "content": "<p>je regarde</p>"});
    call_as(&target, ("glpi", "glpi"), Method::POST, "ITILFollowup", text).await;
    let taken = glpi.ticket(id).await.unwrap().taken_into_account;
    assert!(taken.is_some());
    tokio::time::sleep(Duration::from_secs(1)).await;
    app.escalator.process_commands(id, Timestamp::now()).await.unwrap();
    assert!(moves(&glpi, id).await[0].done);
    assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, taken);
}

#[tokio::test]
async fn a_public_note_is_private_until_the_move_is_made() {
    let target = Target::start().await;
    let (glpi, public) = (target.client(), [("escalation.note", "public")]);
    let id = at_the_referents(&target, &glpi).await;
    let proxy = Unreliable::start(target.url(), 2, Cut::Before).await;
    gateway(&proxy.url, &public).escalator.move_ticket(id, &up(), Timestamp::now()).await.unwrap_err();
    assert!(notes(&glpi, id).await[0].0.private);
    gateway(&target.url(), &public).escalator.process_commands(id, Timestamp::now()).await.unwrap();
    let [(followup, Note::Move(note))] = &notes(&glpi, id).await[..] else { panic!("one note") };
    assert!(!followup.private && note.done, "{note:?}");
    assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, None);
}

#[tokio::test]
async fn two_at_once_end_in_the_same_state() {
    let target = Target::start().await;
    let glpi = target.client();
    let id = at_the_referents(&target, &glpi).await;
    // Two instances that know nothing of each other.
    let (one, other) = (gateway(&target.url(), &[]), gateway(&target.url(), &[]));
    let now = Timestamp::now();
    let order = order(Direction::Up, Some("DSI-BAI"));
    let (first, second) =
        tokio::join!(one.escalator.move_ticket(id, &order, now), other.escalator.move_ticket(id, &order, now));
    assert_eq!((first.unwrap().to.as_str(), second.unwrap().to.as_str()), ("DSI-BAI", "DSI-BAI"));
    assert_eq!(actors(&glpi, id).await, escalated(&glpi).await);
    assert!(moves(&glpi, id).await.iter().all(|note| note.done));
    // In one instance, one after the other: the second finds it done.
    let id = at_the_referents(&target, &glpi).await;
    let order = up();
    let (first, second) =
        tokio::join!(one.escalator.move_ticket(id, &order, now), one.escalator.move_ticket(id, &order, now));
    assert_eq!((first, second), (Ok(to_bai(id)), Ok(to_bai(id))));
    assert_eq!(moves(&glpi, id).await.len(), 1);
}

/// Writes a follow-up in somebody's name.
async fn says(glpi: &Glpi, ticket: TicketId, author: UserId, private: bool, content: &str) -> FollowupId {
    let followup = NewFollowup {
        ticket,
        content_html: content.to_owned(),
        author: Some(author),
        private,
        request_type: None,
        effect: Effect::None,
    };
    glpi.add_followup(&followup, &[]).await.unwrap().id
}

#[tokio::test]
async fn a_command_in_a_private_follow_up_is_obeyed_once() {
    let target = Target::start().await;
    let (glpi, app) = (target.client(), gateway(&target.url(), &[]));
    let id = at_the_referents(&target, &glpi).await;
    let command = says(&glpi, id, TECHNICIAN, true, "<p>#Escalade : l'accès &amp; le reste</p>").await;
    for _ in 0..2 {
        app.escalator.process_commands(id, Timestamp::now()).await.unwrap();
    }
    assert_eq!(actors(&glpi, id).await, escalated(&glpi).await);
    let [note] = &moves(&glpi, id).await[..] else { panic!("one note") };
    assert!(note.done && note.cause == Cause::Followup(command), "{note:?}");
    assert_eq!(note.reason, "l'accès & le reste");
    assert!(note.asked.starts_with("Demandée par Un Tech le "), "{note:?}");
    assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, None);

    says(&glpi, id, TECHNICIAN, true, "<p>#retour</p>").await;
    app.escalator.process_commands(id, Timestamp::now()).await.unwrap();
    assert_eq!(moves(&glpi, id).await[1].to, "Référents-LSU");
}

#[tokio::test]
async fn a_command_interrupted_at_any_write_is_answered_once() {
    let target = Target::start().await;
    let glpi = target.client();
    for cut in [Cut::Before, Cut::After] {
        for at in 1..=6 {
            let id = at_the_referents(&target, &glpi).await;
            says(&glpi, id, TECHNICIAN, true, "<p>#escalade panne</p>").await;
            let proxy = Unreliable::start(target.url(), at, cut).await;
            let killed = gateway(&proxy.url, &[]).escalator.process_commands(id, Timestamp::now()).await;
            assert!(proxy.has_cut(at) && killed.is_err(), "{cut:?} write {at}");
            let app = gateway(&target.url(), &[]);
            app.escalator.process_commands(id, Timestamp::now()).await.unwrap();
            assert_eq!(actors(&glpi, id).await, escalated(&glpi).await, "{cut:?} write {at}");
            let moves = moves(&glpi, id).await;
            assert!(moves.len() == 1 && moves[0].done, "{cut:?} write {at}: {moves:?}");
            assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, None, "{cut:?} write {at}");
        }
    }
}

#[tokio::test]
async fn a_command_of_someone_who_may_not_is_not_obeyed() {
    let target = Target::start().await;
    let (glpi, app) = (target.client(), gateway(&target.url(), &[]));
    let requester = director(&glpi).await;
    for (author, private, answer) in [
        (AGENT, true, Some("Seuls les membres")),
        (requester, true, Some("Seuls les membres")),
        (TECHNICIAN, false, Some("suivi est public")),
        (requester, false, None),
        (AGENT, false, None),
    ] {
        let id = at_the_referents(&target, &glpi).await;
        let before = actors(&glpi, id).await;
        let command = says(&glpi, id, author, private, "<p>#escalade</p>").await;
        for _ in 0..2 {
            app.escalator.process_commands(id, Timestamp::now()).await.unwrap();
        }
        assert_eq!(actors(&glpi, id).await, before);
        let answers = notes(&glpi, id).await;
        assert_eq!(answers.len(), usize::from(answer.is_some()), "{author} {private}: {answers:?}");
        if let (Some(answer), Some((followup, Note::Refusal(refusal)))) = (answer, answers.first()) {
            assert!(followup.private && refusal.followup == command && refusal.why.contains(answer), "{refusal:?}");
        }
        assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, None);
    }
}

#[tokio::test]
async fn a_second_command_does_not_escalate_what_the_first_has() {
    let target = Target::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mapping = include_str!("../../../mappings/lsu.toml").replacen(
        "[[nature]]",
        "[[escalation]]\ngroup = \"Référents-APAE\"\n\n[[nature]]",
        1,
    );
    std::fs::write(folder.path().join("lsu.toml"), mapping).unwrap();
    let settings = [("mappings.dir", folder.path().to_str().unwrap())];
    let (glpi, app) = (target.client(), gateway(&target.url(), &settings));
    let id = at_the_referents(&target, &glpi).await;
    for reason in ["panne", "la même"] {
        says(&glpi, id, TECHNICIAN, true, &format!("<p>#escalade {reason}</p>")).await;
    }
    app.escalator.process_commands(id, Timestamp::now()).await.unwrap();
    assert_eq!(actors(&glpi, id).await, escalated(&glpi).await);
    let [(_, Note::Move(note)), (_, Note::Refusal(refusal))] = &notes(&glpi, id).await[..] else { panic!("two notes") };
    assert!(note.done && refusal.why.contains("déjà"), "{refusal:?}");
    // A later one goes on.
    says(&glpi, id, TECHNICIAN, true, "<p>#escalade plus haut</p>").await;
    app.escalator.process_commands(id, Timestamp::now()).await.unwrap();
    assert_eq!(moves(&glpi, id).await.last().unwrap().to, "Référents-APAE");
}

/// A gateway whose calendar opens on the third day from today, at midnight, and is closed until then; and when that is.
fn opens_in_three_days(url: &Url) -> (App, Timestamp) {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let zone = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
    let today = Timestamp::now().to_zoned(zone.clone()).date();
    let opens = today.checked_add(SignedDuration::from_hours(72)).unwrap();
    let open = [opens, opens.tomorrow().unwrap()].map(jiff::civil::Date::weekday);
    let hours = days.map(|day| {
        let is_open = open.iter().any(|weekday| format!("{weekday:?}").eq_ignore_ascii_case(day));
        (format!("calendar.{day}"), if is_open { "00:00-24:00" } else { "" }.to_owned())
    });
    let mut settings: Vec<(&str, &str)> = hours.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    settings.push(("calendar.public_holidays", "false"));
    (gateway(url, &settings), DateTime::from(opens).to_zoned(zone).unwrap().timestamp())
}

#[tokio::test]
async fn who_waits_over_days_off_is_reminded_of_once_and_then_escalated_once() {
    let target = Target::start().await;
    let (glpi, (app, opens)) = (target.client(), opens_in_three_days(&target.url()));
    let new = NewTicket {
        category: Some(category(&glpi, "Scolarité > LSU").await),
        assigned_groups: vec![group(&glpi, "Référents-LSU").await],
        ..ticket(&marker(), "<p>Référence : P-7K3M-Q2XV-9D4T</p>")
    };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    let before = actors(&glpi, id).await;
    let (hours, second) = (SignedDuration::from_hours, SignedDuration::from_secs(1));
    let enforce = async |now: Timestamp| app.escalator.enforce(id, now).await.unwrap().unwrap();

    let asleep = enforce(opens + hours(8) - second).await;
    assert_eq!(asleep.verdict, DelayVerdict::Nothing { next: Some(opens + hours(8)) });
    assert_eq!(notes(&glpi, id).await.len(), 0);
    let late = enforce(opens + hours(8)).await;
    assert!(matches!(late.verdict, DelayVerdict::Remind { .. }), "{late:?}");
    assert_eq!(enforce(opens + hours(9)).await.verdict, DelayVerdict::Nothing { next: Some(opens + hours(16)) });
    let [(followup, Note::Reminder(reminder))] = &notes(&glpi, id).await[..] else { panic!("one reminder") };
    assert!(followup.private && reminder.to == "Référents-LSU", "{reminder:?}");
    assert!(
        reminder.waits.contains("soit 8\u{a0}h ouvrées. Sans prise en charge, il passera à DSI-BAI le "),
        "{reminder:?}"
    );
    assert_eq!((actors(&glpi, id).await, glpi.ticket(id).await.unwrap().taken_into_account), (before, None));

    let escalated = enforce(opens + hours(17)).await;
    assert!(matches!(escalated.verdict, DelayVerdict::Escalate { .. }), "{escalated:?}");
    let [note] = &moves(&glpi, id).await[..] else { panic!("one move") };
    assert!(note.done && note.cause == Cause::Rule && note.to == "DSI-BAI", "{note:?}");
    assert!(
        note.reason.starts_with("personne ne l’a pris en charge depuis le ")
            && note.reason.ends_with("soit 17\u{a0}h ouvrées"),
        "{note:?}"
    );
    assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, None);
    // It is on the highest level now, and there no rule strikes.
    assert_eq!(enforce(opens + hours(40)).await.verdict, DelayVerdict::Nothing { next: None });
    assert_eq!(notes(&glpi, id).await.len(), 2);
}

#[tokio::test]
async fn who_gets_a_ticket_back_takes_it_in_charge_by_answering() {
    let target = Target::start().await;
    let (glpi, (app, opens)) = (target.client(), opens_in_three_days(&target.url()));
    let new = NewTicket {
        requester: Requester::User(director(&glpi).await),
        category: Some(category(&glpi, "Scolarité > LSU").await),
        assigned_groups: vec![group(&glpi, "Référents-LSU").await],
        ..ticket(&marker(), "<p>Référence : P-7K3M-Q2XV-9D4T</p>")
    };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    // Taken once in its life: by the first answer.
    let text = json!({"itemtype": "Ticket", "items_id": id, "content": "<p>je regarde</p>"});
    call(&target, Method::POST, "ITILFollowup", text).await;
    for direction in [Direction::Up, Direction::Down] {
        tokio::time::sleep(Duration::from_secs(1)).await;
        app.escalator.move_ticket(id, &order(direction, None), Timestamp::now()).await.unwrap();
    }
    let late = opens + SignedDuration::from_hours(9);
    let weighed = async || app.escalator.evaluate(id, late).await.unwrap().unwrap().verdict;
    assert!(matches!(weighed().await, DelayVerdict::Remind { .. }));
    // Neither of these takes it in charge.
    says(&glpi, id, director(&glpi).await, false, "<p>toujours en panne</p>").await;
    says(&glpi, id, AGENT, false, "<p>moi aussi</p>").await;
    assert!(matches!(weighed().await, DelayVerdict::Remind { .. }));
    says(&glpi, id, TECHNICIAN, false, "<p>je m'en occupe</p>").await;
    assert_eq!(weighed().await, DelayVerdict::Nothing { next: None });
}
