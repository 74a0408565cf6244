//! Escalation and return: who gets a ticket hears from whom and why, its requester that it was handed on, and whoever
//! gave it up goes on hearing of it.

use passerelle::{
    app::App,
    lifecycle::{
        escalation::Order,
        note::{Cause, MoveNote, Note},
    },
    request::Direction,
};

use super::*;

const BAI: GroupId = GroupId::new(2);
const AGENT_ADDRESS: &str = "agent.simple@ac-dijon.fr";

/// The whole gateway, and what it sends.
fn gateway(sandbox: &Sandbox, settings: &[(&str, &str)]) -> (App, Outbox) {
    let (mailer, outbox) = Mailer::memory();
    (App::build_with(configured(sandbox.url().as_str(), settings), mailer).unwrap(), outbox)
}

fn order(direction: Direction) -> Order {
    Order {
        direction,
        by: "Jeanne Martin".to_owned(),
        reason: "panne du serveur".to_owned(),
        cause: Cause::Api,
        to: None,
    }
}

/// A ticket that the référents have, of whom everybody has been told; the agent is of the BAI.
async fn at_the_referents(sandbox: &Sandbox, app: &App) -> u64 {
    let member = json!({"users_id": 12, "groups_id": BAI});
    act(sandbox, "glpi", Method::POST, "Group_User", member).await;
    let id = ticket(&app.glpi, Requester::User(DIRECTOR), "LSU : bilans").await;
    let category = json!({"id": id, "itilcategories_id": 2});
    act(sandbox, "glpi", Method::PUT, &format!("Ticket/{id}"), category).await;
    app.notifier.look_at(id.into()).await.unwrap();
    id
}

/// The mails since `seen`, by whom they go to, after several looks.
async fn news(app: &App, outbox: &Outbox, id: u64, seen: &mut usize) -> Vec<Read> {
    for _ in 0..2 {
        app.notifier.look_at(id.into()).await.unwrap();
    }
    let mut mails: Vec<_> = outbox.mails().iter().skip(*seen).map(|sent| read(&sent.message)).collect();
    *seen += mails.len();
    mails.sort_by(|one, other| one.to.cmp(&other.to));
    mails
}

#[tokio::test]
async fn a_move_is_told_to_who_gets_the_ticket_and_to_who_asked_for_it_once_each() {
    let sandbox = sandbox().await;
    let (app, outbox) = gateway(&sandbox, &ALL_NOTICES);
    let id = at_the_referents(&sandbox, &app).await;
    let mut seen = outbox.mails().len();
    app.escalator.move_ticket(id.into(), &order(Direction::Up), jiff::Timestamp::now()).await.unwrap();
    assert_eq!(sandbox.told(i64::try_from(id).unwrap()), [""; 0], "GLPI tells nobody of it besides");
    let mails = news(&app, &outbox, id, &mut seen).await;
    let to: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(to, [AGENT_ADDRESS, DIRECTOR_ADDRESS]);
    for part in ["«\u{a0}Référents-LSU\u{a0}» transmet", "Motif\u{a0}: panne du serveur", "par Jeanne Martin"] {
        assert!(mails[0].plain.contains(part), "{part} in {}", mails[0].plain);
    }
    assert!(mails[1].plain.contains("transmise à l’assistance informatique académique"), "{}", mails[1].plain);
    assert!(!mails[1].plain.contains("BAI") && !mails[1].plain.contains("panne"), "{}", mails[1].plain);

    // Who gave it up goes on hearing of it.
    write(&sandbox, "passerelle", id, "<p>Depuis quand ?</p>", json!({"users_id": 12})).await;
    write(&sandbox, "passerelle", id, "<p>Lundi</p>", json!({"users_id": DIRECTOR})).await;
    let to: Vec<_> = news(&app, &outbox, id, &mut seen).await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [AGENT_ADDRESS, DIRECTOR_ADDRESS, TECHNICIAN_ADDRESS, TECHNICIAN_ADDRESS]);

    app.escalator.move_ticket(id.into(), &order(Direction::Down), jiff::Timestamp::now()).await.unwrap();
    assert_eq!(sandbox.told(i64::try_from(id).unwrap()), [""; 0]);
    let mails = news(&app, &outbox, id, &mut seen).await;
    let to: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(to, [DIRECTOR_ADDRESS, TECHNICIAN_ADDRESS]);
    assert!(mails[0].plain.contains("revient à Référents-LSU"), "{}", mails[0].plain);
    assert!(mails[1].subject.contains("rendue par DSI-BAI"), "{}", mails[1].subject);
}

#[tokio::test]
async fn where_glpi_tells_of_moves_the_gateway_is_silent_and_glpi_tells_once() {
    let sandbox = sandbox().await;
    for (word, events) in [("glpi", 1), ("off", 0)] {
        let settings: Vec<_> = ALL_NOTICES
            .iter()
            .map(|(key, value)| {
                (*key, if ["notify.escalation", "notify.handover"].contains(key) { word } else { *value })
            })
            .collect();
        let (app, outbox) = gateway(&sandbox, &settings);
        let id = at_the_referents(&sandbox, &app).await;
        let mut seen = outbox.mails().len();
        app.escalator.move_ticket(id.into(), &order(Direction::Up), jiff::Timestamp::now()).await.unwrap();
        assert!(news(&app, &outbox, id, &mut seen).await.is_empty(), "{word}");
        assert_eq!(sandbox.told(i64::try_from(id).unwrap()), vec!["assign_group"; events], "{word}");
    }
}

/// Killed in the middle, a move is finished by whoever comes next, and told once, when it is done.
#[tokio::test]
async fn a_move_that_is_not_done_is_told_to_nobody() {
    let sandbox = sandbox().await;
    let (app, outbox) = gateway(&sandbox, &ALL_NOTICES);
    let id = at_the_referents(&sandbox, &app).await;
    let mut seen = outbox.mails().len();
    let begun = MoveNote {
        direction: Direction::Up,
        done: false,
        given_up: None,
        from: "Référents-LSU".to_owned(),
        to: "DSI-BAI".to_owned(),
        target: BAI,
        asked: "Demandée par Jeanne Martin le 25/11/2026 à 09:30.".to_owned(),
        reason: "panne".to_owned(),
        cause: Cause::Api,
        untaken: true,
    };
    app.glpi.add_note(id.into(), &Note::Move(begun).html()).await.unwrap();
    assert!(news(&app, &outbox, id, &mut seen).await.is_empty());
    let (next, sent) = gateway(&sandbox, &ALL_NOTICES);
    next.escalator.process_commands(id.into(), jiff::Timestamp::now()).await.unwrap();
    let to: Vec<_> = news(&next, &sent, id, &mut 0).await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [AGENT_ADDRESS, DIRECTOR_ADDRESS]);
    assert!(news(&app, &outbox, id, &mut seen).await.is_empty(), "the other one sees that it was told");
}
