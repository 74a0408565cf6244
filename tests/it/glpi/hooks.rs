//! What the portal's hook needs of GLPI: since when a ticket waits, and notes that are read again, of a closed ticket too.

use std::{sync::Arc, time::Duration};

use passerelle::{
    flow::ledger::Ledger,
    glpi::{Effect, NewFollowup, NewTicket, Requester},
    lifecycle::notices::Announcer,
    request::Reference,
};
use reqwest::Method;
use secrecy::SecretSlice;
use serde_json::json;

use super::target::{Target, account};
use super::{director, followups, group, marker, ticket};
use crate::support::{
    gateway::configured,
    hooked_portal::{Portal, secrets},
};

#[tokio::test]
async fn the_portal_is_told_of_each_step_once_and_its_notes_are_read_again() {
    let (target, portal) = (Target::start().await, Portal::start().await);
    let glpi = target.client();
    let ((login, password), secrets) = (account(), secrets());
    let settings = [
        ("glpi.login", login.as_str()),
        ("glpi.password", &password),
        ("hooks.url", &portal.url),
        ("hooks.secrets", &secrets),
    ];
    let config = configured(target.url().as_str(), &settings);
    // Another one each time, which remembers nothing.
    let look = async |id| {
        for _ in 0..2 {
            let ledger = Ledger::new(&config, glpi.clone(), SecretSlice::from(vec![1]), Duration::from_secs(2));
            let announcer = Announcer::new(&config, &glpi, Arc::new(ledger.unwrap())).unwrap();
            announcer.look_at(id).await.unwrap();
        }
    };
    let (lsu, director) = (group(&glpi, "Référents-LSU").await, director(&glpi).await);
    let reference = Reference::new("mail", "", marker().as_bytes());
    let new = NewTicket {
        assigned_groups: vec![lsu],
        requester: Requester::User(director),
        ..ticket("Annonces", &format!("<p>Référence : {reference}</p>"))
    };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    let set_status = async |status: u64| {
        let input = json!({"id": id, "status": status});
        followups::call_as(&target, ("tech1", "tech1"), Method::PUT, &format!("Ticket/{id}"), input).await;
    };
    look(id).await;
    let mut kinds = vec!["request.created"];
    let got = portal.gets(&kinds).await;
    assert_eq!(got[0].body["data"]["requesters"], json!(["ce.0210001a@ac-dijon.fr"]));
    let technician = glpi.user_by_email("tech1@ac-dijon.fr").await.unwrap().unwrap();
    followups::assign(&target, id, technician).await;
    look(id).await;
    kinds.push("request.charge");
    portal.gets(&kinds).await;
    let asking = NewFollowup {
        ticket: id,
        content_html: "<p>Quelle classe ?</p>".to_owned(),
        author: Some(technician),
        private: false,
        request_type: None,
        effect: Effect::None,
    };
    glpi.add_followup(&asking, &[]).await.unwrap();
    look(id).await;
    kinds.push("request.question");
    portal.gets(&kinds).await;
    set_status(4).await;
    assert!(glpi.ticket(id).await.unwrap().waiting_since.is_some());
    look(id).await;
    kinds.push("request.pending");
    portal.gets(&kinds).await;
    glpi.add_followup(&NewFollowup { author: Some(director), ..asking.clone() }, &[]).await.unwrap();
    look(id).await;
    kinds.push("request.answer");
    portal.gets(&kinds).await;
    followups::solve(&target, id).await;
    look(id).await;
    kinds.push("request.solution");
    portal.gets(&kinds).await;
    glpi.add_followup(&NewFollowup { author: Some(director), effect: Effect::Reopen, ..asking.clone() }, &[])
        .await
        .unwrap();
    look(id).await;
    kinds.push("request.refusal");
    portal.gets(&kinds).await;
    // Closed by staff: then GLPI may add no note, and an earlier one says it.
    set_status(6).await;
    look(id).await;
    kinds.push("request.closing");
    let got = portal.gets(&kinds).await;
    let mut ids: Vec<_> = got.iter().map(|got| got.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), kinds.len());
    let notes = glpi.ticket_followups(id).await.unwrap();
    let is_said =
        notes.iter().any(|it| it.private && it.content.contains("clôture") && it.content.contains("closing-"));
    assert!(is_said, "{notes:?}");
}
