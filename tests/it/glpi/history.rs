//! What became of tickets: GLPI's history, its reasons for waiting, and what the portal makes of both.

use passerelle::glpi::{Criterion, Happening, NewTicket, Requester, TicketStatus};
use passerelle::id::{FollowupId, TicketId};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    marker,
    target::{Target, account},
    ticket,
};
use crate::support::{
    gateway::{DIRECTORS, Gateway},
    helpdesk::Helpdesk,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_several_tickets_is_read_at_once() {
    let target = Target::start().await;
    let glpi = target.client();
    let (login, password) = account();
    let staff = Helpdesk::sign_in(&target.url(), &login, &password).await;
    let group = super::group(&glpi, "Référents-LSU").await;
    let new = NewTicket { assigned_groups: vec![group], ..ticket(&marker(), "<p>x</p>") };
    let mut tickets: Vec<TicketId> = Vec::new();
    for _ in 0..2 {
        tickets.push(glpi.create_ticket(&new, &[]).await.unwrap().id);
    }
    let first = tickets[0].get();
    let said: FollowupId = staff.follow_up(first, "<p>Quelle classe ?</p>", false).await.into();
    let gone = staff.follow_up(first, "<p>Erreur</p>", false).await;
    let admin = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    admin.call(Method::DELETE, &format!("ITILFollowup/{gone}?force_purge=true"), json!({ "id": gone })).await;
    staff.set_status(first, 4).await;
    staff.set_status(first, 2).await;
    staff.solve(first, "<p>Fait.</p>").await;

    let histories = glpi.histories(&tickets).await.unwrap();
    let happened = |ticket: usize| histories[&tickets[ticket]].iter().map(|change| change.what.clone());
    let own = glpi.own_account().await.unwrap();
    let is_deletion = |what: &Happening| matches!(what, Happening::Followup { is_gone: true, .. });
    let by_others = histories[&tickets[0]].iter().filter(|change| change.by != Some(own));
    assert!(by_others.clone().all(|change| is_deletion(&change.what)), "{histories:?}");
    assert_eq!(by_others.count(), 1, "{histories:?}");
    for ticket in [0, 1] {
        let assigned = happened(ticket).find(|what| matches!(what, Happening::GroupAssigned { .. }));
        let expected = Happening::GroupAssigned { group, name: "Référents-LSU".to_owned() };
        assert_eq!(assigned, Some(expected), "{histories:?}");
    }
    let statuses: Vec<_> = happened(0)
        .filter_map(|what| match what {
            Happening::Status { from, to } => Some((from, to)),
            _ => None,
        })
        .collect();
    let (assigned, pending, solved) = (TicketStatus::Assigned, TicketStatus::Pending, TicketStatus::Solved);
    let expected = [(assigned, pending), (pending, assigned), (assigned, solved)];
    assert_eq!(statuses[statuses.len() - 3..], expected, "{histories:?}");
    let written: Vec<_> = happened(0).filter(|what| matches!(what, Happening::Followup { .. })).collect();
    assert!(written.contains(&Happening::Followup { id: said, is_gone: false }), "{histories:?}");
    assert!(written.contains(&Happening::Followup { id: gone.into(), is_gone: true }), "{histories:?}");
    assert!(happened(0).any(|what| what == Happening::Taken(true)), "{histories:?}");

    let followups = glpi.followups(&[said]).await.unwrap().unwrap();
    assert_eq!((followups[0].author, followups[0].content.as_str()), (own, "<p>Quelle classe ?</p>"));
    assert_eq!(glpi.followups(&[said, gone.into()]).await.unwrap(), None, "one of them is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_ticket_waits_and_for_how_long_is_in_the_search() {
    let target = Target::start().await;
    let glpi = target.client();
    let admin = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let (name, title) = (format!("Attente {}", marker()), marker());
    let reason = admin.add("PendingReason", json!({ "name": name })).await;
    let director = Requester::Email(format!("{title}@ac-dijon.fr"));
    let new = NewTicket { requester: director, ..ticket(&title, "<p>x</p>") };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    let look = async || glpi.search_tickets(&[Criterion::Id(id)], 1).await.unwrap().remove(0);
    let fresh = look().await;
    assert_eq!((fresh.pending_reason.as_str(), fresh.waited), ("", 0));
    let said = json!({
        "itemtype": "Ticket", "items_id": id.get(), "content": "<p>En pause</p>", "pending": 1,
        "pendingreasons_id": reason,
    });
    admin.add("ITILFollowup", said).await;
    let held = look().await;
    assert_eq!((held.status, held.pending_reason), (TicketStatus::Pending, name.clone()));
    // GLPI's dates have seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    admin.set_status(id.get(), 2).await;
    let changes = glpi.histories(&[id]).await.unwrap().remove(&id).unwrap();
    let reasons: Vec<_> = changes
        .into_iter()
        .filter_map(|it| match it.what {
            Happening::HoldReason(reason) => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, [name], "GLPI's history keeps it");
    let resumed = look().await;
    assert_eq!(resumed.pending_reason, "");
    assert!(resumed.waited > 0, "{resumed:?}");
    admin.call(Method::DELETE, &format!("PendingReason/{reason}?force_purge=true"), json!({ "id": reason })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_solved_tickets_of_a_category_are_found() {
    let target = Target::start().await;
    let glpi = target.client();
    let category = super::category(&glpi, "Scolarité > LSU").await;
    let (login, password) = account();
    let staff = Helpdesk::sign_in(&target.url(), &login, &password).await;
    let mut solved = Vec::new();
    for _ in 0..2 {
        let new = NewTicket { category: Some(category), ..ticket(&marker(), "<p>x</p>") };
        let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
        staff.solve(id.get(), "<p>Fait.</p>").await;
        solved.push(id);
    }
    glpi.create_ticket(&NewTicket { category: Some(category), ..ticket(&marker(), "<p>x</p>") }, &[]).await.unwrap();
    let found = glpi.last_solved(&["Scolarité > LSU".to_owned()], None, 100).await.unwrap();
    let place = |id: TicketId| found.iter().position(|ticket| ticket.summary.id == id);
    assert!(place(solved[1]).is_some() && place(solved[1]) < place(solved[0]), "{found:?}");
    assert!(found.iter().all(|ticket| ticket.summary.status.is_over() && ticket.summary.category == "Scolarité > LSU"));
    assert_eq!(glpi.last_solved(&["Scolarité > LSU".to_owned()], None, 1).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_told_from_its_deposit_to_its_end() {
    let target = Target::start().await;
    let (login, password) = account();
    let settings = [("glpi.login", login.as_str()), ("glpi.password", password.as_str()), ("quota.per_day", "1000000")];
    let gateway = Gateway::in_front_of(target.url().as_str(), &settings).await;
    let staff = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let marker = marker();
    let form = json!({
        "requester": DIRECTORS[0], "application": "LSU", "title": marker, "description": "Bonjour",
    });
    let created = gateway.post_form(&form, Some(&marker)).await.json::<Value>().await.unwrap();
    let request = created["ticket"].as_u64().unwrap();
    let get = async || {
        let address = format!("/v1/requests/{request}?requester={}", DIRECTORS[0]);
        let answer = gateway.signed(Method::GET, &address, b"").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json::<Value>().await.unwrap()
    };
    let post = async |path: &str, body: Value| {
        let address = format!("/v1/requests/{request}/{path}?requester={}", DIRECTORS[0]);
        let call = gateway.signed(Method::POST, &address, body.to_string().as_bytes());
        call.header("Content-Type", "application/json").send().await.unwrap().status().as_u16()
    };
    staff.follow_up(request, "<p>Quelle classe ?</p>", false).await;
    staff.set_status(request, 4).await;
    let held = get().await;
    assert_eq!((&held["state"], &held["to_approve"]), (&json!("a-completer"), &json!(false)), "{held}");
    assert_eq!(post("followups", json!({"description": "Les CM2"})).await, 201);
    assert_eq!(get().await["state"], "en-cours");
    staff.solve(request, "<p>Fait.</p>").await;
    // What is added decides nothing.
    assert_eq!(post("followups", json!({"description": "Je teste"})).await, 201);
    let solved = get().await;
    assert_eq!((&solved["state"], &solved["to_approve"]), (&json!("a-approuver"), &json!(true)), "{solved}");
    assert_eq!(solved["timeline"].as_array().unwrap().iter().filter(|it| it["verdict"] == "waiting").count(), 1);
    let file = json!([{"name": "preuve.txt", "content": data_encoding::BASE64.encode(marker.as_bytes())}]);
    let refusal = json!({"decision": "refuse", "reason": "Encore", "attachments": file});
    assert_eq!(post("approval", refusal).await, 200);
    let refused = get().await;
    assert!(refused["timeline"].to_string().contains("preuve.txt"), "{refused}");
    staff.solve(request, "<p>Refait.</p>").await;
    assert_eq!(post("approval", json!({"decision": "accept"})).await, 200);

    let shown = get().await;
    let kinds: Vec<_> =
        shown["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    let mut sorted = kinds.clone();
    sorted.sort_unstable();
    let mut expected = [
        "deposee",
        "prise-en-charge",
        "mise-en-attente",
        "reprise",
        "solution-proposee",
        "solution-refusee",
        "solution-proposee",
        "cloturee",
    ];
    expected.sort_unstable();
    assert_eq!(sorted, expected, "{shown}");
    assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("deposee", "cloturee"), "{shown}");
    assert!(!shown["timeline"].to_string().contains("Écrit sur le portail"), "{shown}");
}
