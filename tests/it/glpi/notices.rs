//! Whom GLPI tells of itself, out of the box; and what the gateway's own notices need of it.

use std::{sync::Arc, time::Duration};

use passerelle::{
    flow::{ledger::Ledger, route::MappingStore},
    glpi::{Effect, NewFollowup, NewTicket, Profile, Recipient, Requester, SolutionStatus},
    id::{GroupId, TicketId, UserId},
    letters::Correspondence,
    lifecycle::notices::Notifier,
    request::Reference,
    sandbox::{Options, Sandbox},
    smtp::Mailer,
};
use reqwest::Method;
use secrecy::SecretSlice;
use serde_json::json;

use super::own_account::{OwnAccount, all_but};
use super::target::{Target, account};
use super::{director, followups, group, marker, ticket};
use crate::support::gateway::configured;

/// GLPI's events at the steps of a ticket.
const EVENTS: [&str; 7] = ["new", "assign_user", "assign_group", "update", "add_followup", "solved", "closed"];

/// A stock GLPI 10.0: the requester hears of everything but who took the ticket in charge, the assigned group of
/// nothing but that a group was added later.
#[tokio::test]
async fn a_stock_glpi_tells_the_requester_and_not_the_group() {
    let target = Target::start().await;
    let notices = target.super_admin().ticket_notices(&EVENTS).await.unwrap().expect("the Super-Admin may look");
    let told = |recipient| EVENTS.into_iter().filter(|event| notices.tells(event, recipient)).collect::<Vec<_>>();
    assert_eq!(told(Recipient::Requester), ["new", "add_followup", "solved", "closed"]);
    assert_eq!(told(Recipient::AssignedGroup), ["assign_group"]);
}

/// On the sandbox only: a real GLPI's notifications are not the tests' to change.
#[tokio::test]
async fn an_inactive_notification_and_one_without_a_mail_s_template_tell_nobody() {
    let sandbox = Target::Sandbox(Sandbox::start(Options::default()).await.unwrap());
    let glpi = sandbox.super_admin();
    let told = async || {
        let notices = glpi.ticket_notices(&EVENTS).await.unwrap().unwrap();
        EVENTS.into_iter().filter(|event| notices.tells(event, Recipient::Requester)).collect::<Vec<_>>()
    };
    assert_eq!(told().await, ["new", "add_followup", "solved", "closed"]);
    let (solved, closed) = (11, 4);
    let admin = ("glpi", "glpi");
    let off = json!({"id": solved, "is_active": 0});
    followups::call_as(&sandbox, admin, Method::PUT, &format!("Notification/{solved}"), off).await;
    let browser = json!({"id": closed, "mode": "ajax"});
    let link = format!("Notification_NotificationTemplate/{closed}");
    followups::call_as(&sandbox, admin, Method::PUT, &link, browser).await;
    assert_eq!(told().await, ["new", "add_followup"]);
}

#[tokio::test]
async fn an_account_without_the_right_cannot_look() {
    let target = Target::start().await;
    let account = OwnAccount::make(&target).await;
    account.grant(&all_but("notification")).await;
    let glpi = account.client(&target);
    assert!(!glpi.active_profile().await.unwrap().may("notification", Profile::READ));
    assert_eq!(glpi.ticket_notices(&EVENTS).await, Ok(None));
}

#[tokio::test]
async fn a_note_is_private_and_takes_nothing_in_charge() {
    let target = Target::start().await;
    let glpi = target.client();
    let id = glpi.create_ticket(&ticket("Note", "<p>x</p>"), &[]).await.unwrap().id;
    let html = "<p>Courriel envoyé au demandeur : «\u{a0}R&amp;D &lt;x&gt;\u{a0}».</p><p>Avis : charge</p>";
    let note = glpi.add_note(id, html).await.unwrap();
    let [read] = glpi.ticket_followups(id).await.unwrap().try_into().unwrap();
    assert_eq!((read.id, read.author, read.private), (note, glpi.own_account().await.unwrap(), true));
    assert_eq!(read.content, html);
    assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, None);
}

#[tokio::test]
async fn the_history_says_who_was_assigned_and_since_when() {
    let target = Target::start().await;
    let glpi = target.client();
    let (lsu, director) = (group(&glpi, "Référents-LSU").await, director(&glpi).await);
    let new =
        NewTicket { assigned_groups: vec![lsu], requester: Requester::User(director), ..ticket("Prise", "<p>x</p>") };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    let technician = glpi.user_by_email("tech1@ac-dijon.fr").await.unwrap().unwrap();
    assert_eq!(glpi.technician_since(id, technician).await.unwrap(), None);
    followups::assign(&target, id, technician).await;
    assert!(glpi.technician_since(id, technician).await.unwrap().is_some());
    assert_eq!(glpi.technician_since(id, director).await.unwrap(), None, "the requester is assigned nothing");
    assert_eq!(glpi.group_name(lsu).await.unwrap().as_deref(), Some("Référents-LSU"));
    assert_eq!(glpi.group_name(GroupId::new(99_999_999)).await.unwrap(), None);
}

#[tokio::test]
async fn a_solution_says_who_accepted_it() {
    let target = Target::start().await;
    let glpi = target.client();
    let id = glpi.create_ticket(&ticket("Solution", "<p>x</p>"), &[]).await.unwrap().id;
    followups::solve(&target, id).await;
    let [waiting] = glpi.ticket_solutions(id).await.unwrap().try_into().unwrap();
    assert_eq!((waiting.status, waiting.answered_by), (SolutionStatus::Waiting, UserId::default()));
    let accepting = NewFollowup {
        ticket: id,
        content_html: "<p>Merci</p>".to_owned(),
        author: None,
        private: false,
        request_type: None,
        effect: Effect::Close,
    };
    glpi.add_followup(&accepting, &[]).await.unwrap();
    let [accepted] = glpi.ticket_solutions(id).await.unwrap().try_into().unwrap();
    assert_eq!((accepted.status, accepted.answered_by), (SolutionStatus::Accepted, glpi.own_account().await.unwrap()));
    assert!(glpi.ticket(id).await.unwrap().closed.is_some());
}

#[tokio::test]
async fn each_step_is_told_once_and_its_note_is_read_again() {
    let target = Target::start().await;
    let glpi = target.client();
    let (login, password) = account();
    let steps = ["group", "charge", "question", "answer", "solution", "refusal", "approval", "closing"];
    let steps = steps.map(|step| format!("notify.{step}"));
    let mut settings = vec![("glpi.login", login.as_str()), ("glpi.password", &password)];
    settings.extend(steps.iter().map(|step| (step.as_str(), "passerelle")));
    let config = configured(target.url().as_str(), &settings);
    let ledger = Ledger::new(&config, glpi.clone(), SecretSlice::from(vec![1]), Duration::from_secs(2)).unwrap();
    let (mailer, outbox) = Mailer::memory();
    let letters = Correspondence::new(&config, mailer).unwrap();
    let notifier = Notifier::new(&config, &glpi, letters, Arc::new(ledger), MappingStore::load(None).unwrap());

    let reference = Reference::new("mail", "", marker().as_bytes());
    let (lsu, director) = (group(&glpi, "Référents-LSU").await, director(&glpi).await);
    let new = NewTicket {
        assigned_groups: vec![lsu],
        requester: Requester::User(director),
        ..ticket("Avis", &format!("<p>Référence : {reference}</p>"))
    };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    let mut told = Vec::new();
    let mut look = async || {
        for _ in 0..2 {
            notifier.look_at(id).await.unwrap();
        }
        let mails: Vec<_> = outbox.mails().iter().map(|sent| sent.recipient.to_lowercase()).collect();
        let news = mails[told.len()..].to_vec();
        told = mails;
        news
    };
    let director_only = ["ce.0210001a@ac-dijon.fr"];
    assert!(look().await.contains(&"tech1@ac-dijon.fr".to_owned()));
    assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, None);
    let technician = glpi.user_by_email("tech1@ac-dijon.fr").await.unwrap().unwrap();
    followups::assign(&target, id, technician).await;
    assert_eq!(look().await, director_only);
    let asking = NewFollowup {
        ticket: id,
        content_html: "<p>Quelle classe ?</p>".to_owned(),
        author: Some(technician),
        private: false,
        request_type: None,
        effect: Effect::None,
    };
    glpi.add_followup(&asking, &[]).await.unwrap();
    assert_eq!(look().await, director_only);
    let technician_only = ["tech1@ac-dijon.fr"];
    let answering = |effect| NewFollowup { author: Some(director), effect, ..asking.clone() };
    glpi.add_followup(&answering(Effect::None), &[]).await.unwrap();
    assert_eq!(look().await, technician_only);
    followups::solve(&target, id).await;
    assert_eq!(look().await, director_only);
    let marks = glpi.ticket_followups(id).await.unwrap().into_iter().filter(|it| it.private).count();
    assert_eq!(marks, 5);
    glpi.add_followup(&answering(Effect::Reopen), &[]).await.unwrap();
    assert_eq!(look().await, technician_only, "it is told as a refusal, and not as an answer besides");
    followups::solve(&target, id).await;
    assert_eq!(look().await, director_only);
    glpi.add_followup(&answering(Effect::Close), &[]).await.unwrap();
    assert_eq!(look().await, technician_only, "the requester has closed it");
    let notes = glpi.ticket_followups(id).await.unwrap();
    let told = |step: &str| notes.iter().filter(|it| it.content.contains(&format!("Avis : {step}-"))).count();
    assert_eq!(["answer", "refusal"].map(told), [1, 1]);
    // To a closed ticket GLPI may add no note: then an earlier one says it.
    let says = |step: &str| notes.iter().filter(|it| it.private && it.content.contains(&format!(" {step}-"))).count();
    assert_eq!(["approval", "closed", "closing"].map(says), [1, 0, 0]);
}

#[tokio::test]
async fn a_solution_says_when_it_was_answered_and_the_history_who_closed_the_ticket() {
    let target = Target::start().await;
    let glpi = target.client();
    let id = glpi.create_ticket(&ticket("Clôture", "<p>x</p>"), &[]).await.unwrap().id;
    assert_eq!(glpi.closed_by(id).await.unwrap(), None);
    followups::solve(&target, id).await;
    let answering = NewFollowup {
        ticket: id,
        content_html: "<p>Non</p>".to_owned(),
        author: None,
        private: false,
        request_type: None,
        effect: Effect::Reopen,
    };
    glpi.add_followup(&answering, &[]).await.unwrap();
    let [refused] = glpi.ticket_solutions(id).await.unwrap().try_into().unwrap();
    let words = glpi.ticket_followups(id).await.unwrap().pop().unwrap();
    let after = refused.answered.unwrap().duration_since(words.written.unwrap());
    assert!((0..30).contains(&after.as_secs()), "{after}: after the words, in the same call");
    followups::call_as(
        &target,
        ("tech1", "tech1"),
        Method::PUT,
        &format!("Ticket/{id}"),
        json!({"id": id, "status": 6}),
    )
    .await;
    let technician = glpi.user_by_email("tech1@ac-dijon.fr").await.unwrap();
    assert_eq!(glpi.closed_by(id).await.unwrap(), technician);
}

/// Whom GLPI mails about a ticket, with what its subject says; on the sandbox, which mails nobody, the events.
async fn mailed(target: &Target, ticket: TicketId) -> Vec<String> {
    if let Target::Sandbox(sandbox) = target {
        return sandbox.told(i64::try_from(ticket.get()).unwrap()).into_iter().map(str::to_owned).collect();
    }
    let (client, api) = (reqwest::Client::new(), format!("{}apirest.php", target.url()));
    let session = client.get(format!("{api}/initSession")).basic_auth("glpi", Some("glpi")).send().await.unwrap();
    let token = session.json::<serde_json::Value>().await.unwrap()["session_token"].as_str().unwrap().to_owned();
    let rows = client
        .get(format!("{api}/QueuedNotification?range=0-499&sort=id&order=DESC&searchText[items_id]=^{ticket}$"))
        .header("Session-Token", token)
        .send()
        .await
        .unwrap();
    let rows: Vec<serde_json::Value> = rows.json().await.unwrap();
    let of_ticket = rows.iter().filter(|row| row["itemtype"] == "Ticket");
    of_ticket.map(|row| format!("{}: {}", row["recipient"].as_str().unwrap(), row["event"])).collect()
}

/// A stock GLPI tells all groups that are assigned of a new one, which at that moment are the old and the new; it tells
/// nobody of it where it is asked not to, nor of who watches from now on, nor of who leaves.
#[tokio::test]
async fn a_move_is_told_by_glpi_once_to_each_or_not_at_all() {
    use passerelle::glpi::ActorRole::{Assigned, Observer};
    let target = Target::start().await;
    let glpi = target.client();
    let (lsu, bai) = (group(&glpi, "Référents-LSU").await, group(&glpi, "DSI-BAI").await);
    for silent in [false, true] {
        let new = NewTicket { assigned_groups: vec![lsu], ..ticket("Escalade", "<p>x</p>") };
        let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
        let before = mailed(&target, id).await;
        for (to, from) in [(bai, lsu), (lsu, bai)] {
            let groups = [(to, Assigned), (from, Observer)];
            if silent {
                glpi.add_groups_silently(id, &groups).await.unwrap();
            } else {
                glpi.add_groups(id, &groups).await.unwrap();
            }
            let rows = glpi.ticket_groups(id).await.unwrap();
            let leaving = rows.iter().find(|row| row.group == from && row.role == Assigned).unwrap();
            glpi.remove_group(leaving.row).await.unwrap();
        }
        let mut news = mailed(&target, id).await;
        news.retain(|mail| !before.contains(mail));
        if silent {
            assert_eq!(news, [""; 0]);
        } else {
            assert!(news.iter().all(|mail| mail.contains("assign_group")), "{news:?}");
            // At each of two moves, once: the seed's référents are one.
            let of_referents = |mail: &&String| mail.starts_with("tech1@") || *mail == "assign_group";
            assert_eq!(news.iter().filter(of_referents).count(), 2, "{news:?}");
        }
    }
}
