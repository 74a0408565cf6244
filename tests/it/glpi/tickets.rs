//! Tickets and follow-ups as they are given, and tickets found again.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use passerelle::glpi::{
    ActorRole, Among, Criterion, Effect, Glpi, GlpiError, NewFollowup, NewTicket, Requester, TicketStatus, TicketType,
    TicketUser,
};
use passerelle::id::{EntityId, GroupId, RequestTypeId, TicketId};

use super::target::Target;
use super::{breaks_off, category, director, fates, group, marker, text_file, ticket};

async fn assigned_groups(glpi: &Glpi, ticket: TicketId) -> Vec<GroupId> {
    let groups = glpi.ticket_groups(ticket).await.unwrap();
    let assigned = groups.iter().filter(|group| group.role == ActorRole::Assigned);
    assigned.map(|group| group.group).collect()
}

#[tokio::test]
async fn a_ticket_is_made_as_it_is_given() {
    let target = Target::start().await;
    let glpi = target.client();
    let director = director(&glpi).await;
    let category = Some(category(&glpi, "Scolarité > LSU").await);
    let (lsu, bai) = (group(&glpi, "Référents-LSU").await, group(&glpi, "DSI-BAI").await);
    let name = r#"« LSUN » : l'accès "échoue" & <bloque> \ 100 % _ 🎒"#;
    let content = r#"<p>L'œuvre &amp; «&nbsp;é&nbsp;» "x" \ 1 &lt; 2 <b>100 %</b> 🎒</p>"#;
    let created = glpi
        .create_ticket(
            &NewTicket {
                kind: TicketType::Request,
                urgency: 5,
                category,
                request_type: Some(RequestTypeId::new(2)),
                assigned_groups: vec![lsu],
                observer_groups: vec![bai],
                answer_to: None,
                observers: vec![],
                requester: Requester::User(director),
                ..ticket(name, content)
            },
            &[],
        )
        .await
        .unwrap();
    assert!(created.files.is_empty());

    let read = glpi.ticket(created.id).await.unwrap();
    assert_eq!((read.name.as_str(), read.content.as_str()), (name, content));
    assert_eq!((read.kind, read.urgency, read.status), (2, 5, TicketStatus::Assigned));
    assert_eq!((Some(read.category), read.request_type), (category, RequestTypeId::new(2)));
    assert!(read.opened.is_some());
    assert_eq!(read.taken_into_account, None);

    // the business rule assigns the same group
    assert_eq!(assigned_groups(&glpi, created.id).await, [lsu]);
    let groups = glpi.ticket_groups(created.id).await.unwrap();
    let watching = groups.iter().filter(|group| group.role == ActorRole::Observer);
    assert_eq!(watching.map(|group| group.group).collect::<Vec<_>>(), [bai]);
    let users = glpi.ticket_users(created.id).await.unwrap();
    let asks = |user: &TicketUser| user.who == Requester::User(director) && user.role == ActorRole::Requester;
    assert!(users.iter().any(asks), "{users:?}");
    assert!(users.iter().all(|user| user.role != ActorRole::Assigned), "{users:?}");
}

#[tokio::test]
async fn a_requester_without_account_is_an_address() {
    let target = Target::start().await;
    let glpi = target.client();
    let created = glpi.create_ticket(&ticket("Sans compte", "<p>x</p>"), &[]).await.unwrap();
    let users = glpi.ticket_users(created.id).await.unwrap();
    let who: Vec<_> = users.iter().map(|user| (&user.who, user.role)).collect();
    assert_eq!(who, [(&Requester::Email("inconnu@ac-dijon.fr".to_owned()), ActorRole::Requester)]);
}

#[tokio::test]
async fn several_groups_can_be_assigned_and_mail_headers_go_along() {
    let target = Target::start().await;
    let glpi = target.client();
    let groups = [group(&glpi, "Référents-LSU").await, group(&glpi, "DSI-BAI").await];
    let head = [("from", "ce.0210001A@ac-dijon.fr"), ("subject", "Bonjour")];
    let created = glpi
        .create_ticket(
            &NewTicket {
                assigned_groups: groups.to_vec(),
                head: Some(head.map(|(k, v)| (k.to_owned(), v.to_owned())).into()),
                ..ticket("Deux groupes", "<p>x</p>")
            },
            &[],
        )
        .await
        .unwrap();
    assert_eq!(assigned_groups(&glpi, created.id).await, groups);
}

#[tokio::test]
async fn tickets_are_found_by_a_marker_in_their_content() {
    let target = Target::start().await;
    let glpi = target.client();
    let (one, two, none) = (marker(), marker(), marker());
    let mut ids = Vec::new();
    for marker in [&one, &two, &two] {
        let content = format!("<p>L'élève &amp; moi</p><p>Référence : <b>{marker}</b></p>");
        let created = glpi.create_ticket(&ticket("Repère", &content), &[]).await.unwrap();
        ids.push(created.id);
    }
    assert!(glpi.tickets_containing(&[&none], 2).await.unwrap().is_empty());
    assert!(glpi.tickets_containing(&[], 2).await.unwrap().is_empty());

    let found = glpi.tickets_containing(&[&one], 2).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, found[0].name.as_str()), (ids[0], "Repère"));
    let paragraph = format!("<p>Référence : <b>{one}</b></p>");
    assert!(found[0].content.contains(&paragraph), "{}", found[0].content);
    assert!(found[0].opened.is_some());
    assert_eq!(found[0].status, TicketStatus::New);

    // more markers than one search takes
    let others: Vec<String> = (0..45).map(|_| marker()).collect();
    let mut markers: Vec<&str> = others.iter().map(String::as_str).collect();
    markers.extend([one.as_str(), &two]);
    let found = glpi.tickets_containing(&markers, 2).await.unwrap();
    let found: Vec<TicketId> = found.iter().map(|ticket| ticket.id).collect();
    assert_eq!(found, ids.iter().rev().copied().collect::<Vec<_>>());

    // case matters to us, not to the database
    assert!(glpi.tickets_containing(&[&one.to_uppercase()], 2).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_follow_up_shows_its_author_and_its_files() {
    let target = Target::start().await;
    let glpi = target.client();
    let director = director(&glpi).await;
    let made = NewTicket { requester: Requester::User(director), ..ticket("Suivi", "<p>x</p>") };
    let created = glpi.create_ticket(&made, &[]).await.unwrap();
    let followup = NewFollowup {
        ticket: created.id,
        content_html: "<p>complément &amp; « é »</p>".to_owned(),
        author: Some(director),
        private: false,
        request_type: None,
        effect: Effect::None,
    };
    let marker = marker();
    let files = [text_file("a.txt", &format!("a {marker}")), text_file("b.exe", &format!("b {marker}"))];
    let sent = if breaks_off(&glpi).await { 1 } else { 2 };
    let with_files = glpi.add_followup(&followup, &files[..sent]).await.unwrap();
    assert_eq!(fates(&with_files), [("a.txt", true), ("b.exe", false)][..sent]);
    let private = NewFollowup { author: None, private: true, ..followup.clone() };
    glpi.add_followup(&private, &[]).await.unwrap();

    let read = glpi.ticket_followups(created.id).await.unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!((read[0].id, read[0].author), (with_files.id, director));
    assert_eq!(read[0].content, followup.content_html);
    assert_eq!((read[0].private, read[1].private), (false, true));
    assert_ne!(read[1].author, director);
    let ticket = glpi.ticket(created.id).await.unwrap();
    assert_eq!(ticket.taken_into_account, None);

    let nowhere = NewFollowup { ticket: TicketId::new(99_999_999), ..followup };
    let refused = glpi.add_followup(&nowhere, &[]).await;
    assert_eq!(refused, Err(GlpiError::NotAddable));
}

#[tokio::test]
async fn parallel_creations_make_one_ticket_each() {
    let target = Target::start().await;
    let glpi = target.client();
    let markers: Vec<String> = (0..24).map(|_| marker()).collect();
    let creations = markers.iter().map(|marker| {
        let glpi = glpi.clone();
        let ticket = ticket("En parallèle", &format!("<p>{marker}</p>"));
        async move { glpi.create_ticket(&ticket, &[]).await.unwrap().id }
    });
    let ids = join_all(creations).await;
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), markers.len());
    for (id, marker) in ids.iter().zip(&markers) {
        let found = glpi.tickets_containing(&[marker], 2).await.unwrap();
        assert_eq!(found.iter().map(|ticket| ticket.id).collect::<Vec<_>>(), [*id]);
    }
    glpi.close().await;
}

#[tokio::test]
async fn an_unknown_ticket_is_not_found() {
    let target = Target::start().await;
    let glpi = target.client();
    assert_eq!(glpi.ticket(TicketId::new(99_999_999)).await.err(), Some(GlpiError::NotFound));
}

#[tokio::test]
async fn of_tickets_made_in_one_call_each_has_its_own_outcome() {
    let target = Target::start().await;
    let glpi = target.client();
    let markers: Vec<String> = (0..24).map(|_| marker()).collect();
    let among = Among { expected: markers.len(), most: usize::MAX, is_patient: true };
    let creations = markers.iter().enumerate().map(|(at, marker)| {
        // Nobody may make one in an entity that is not there.
        let entity = (at == 7).then(|| EntityId::new(987_654));
        let new = NewTicket { entity, ..ticket(&format!("Ensemble {marker}"), &format!("<p>{marker}</p>")) };
        let glpi = &glpi;
        async move { glpi.create_ticket_among(&new, among, || async { at != 11 }).await }
    });
    let made = join_all(creations).await;
    for (at, (outcome, marker)) in made.iter().zip(&markers).enumerate() {
        match (at, outcome) {
            (7, Err(GlpiError::Denied { .. })) | (11, Ok(None)) => {}
            (7 | 11, other) => panic!("{at}: {other:?}"),
            (_, Ok(Some(id))) => assert!(glpi.ticket(*id).await.unwrap().content.contains(marker.as_str()), "{at}"),
            (_, other) => panic!("{at}: {other:?}"),
        }
    }
    let texts: Vec<&str> = markers.iter().map(String::as_str).collect();
    assert_eq!(glpi.tickets_containing(&texts, 2).await.unwrap().len(), 22);
}

#[tokio::test]
async fn many_searches_at_once_each_find_their_own() {
    let target = Target::start().await;
    let glpi = target.client();
    let markers: Vec<String> = (0..50).map(|_| marker()).collect();
    for marker in markers.iter().step_by(10) {
        glpi.create_ticket(&ticket("Cherché", &format!("<p>{marker}</p>")), &[]).await.unwrap();
    }
    let glpi = &glpi;
    let searches = markers.iter().map(|marker| async move { glpi.tickets_containing(&[marker], 2).await });
    for (at, found) in join_all(searches).await.into_iter().enumerate() {
        assert_eq!(found.unwrap().len(), usize::from(at % 10 == 0), "{at}");
    }
}

#[tokio::test]
async fn what_came_after_a_ticket_is_read() {
    let target = Target::start().await;
    let glpi = target.client();
    let markers: Vec<String> = (0..4).map(|_| marker()).collect();
    let mut made = Vec::new();
    for marker in &markers {
        let new = ticket("Nouveau", &format!("<p>{marker}</p>"));
        made.push(glpi.create_ticket(&new, &[]).await.unwrap().id);
    }
    let mut found = Vec::new();
    // Others may make some beside these.
    let is_all = glpi.openings(Criterion::Above(made[1]), 1000, |ticket| found.push(ticket)).await.unwrap();
    found.retain(|ticket| made.contains(&ticket.id));
    assert_eq!((is_all, found.iter().map(|ticket| ticket.id).collect::<Vec<_>>()), (true, vec![made[3], made[2]]));
    assert!(found[0].content.contains(&markers[3]) && found[1].content.contains(&markers[2]));
}

#[tokio::test]
async fn a_ticket_s_requester_is_asked_for_among_others() {
    let target = Target::start().await;
    let glpi = target.client();
    let known = NewTicket { requester: Requester::User(director(&glpi).await), ..ticket("Demandé", "<p>x</p>") };
    let known = glpi.create_ticket(&known, &[]).await.unwrap().id;
    let unknown = glpi.create_ticket(&ticket("Sans compte", "<p>x</p>"), &[]).await.unwrap().id;
    let asked = join_all([known, unknown, known].map(|id| glpi.has_requester(id))).await;
    assert_eq!(asked, [Ok(true), Ok(false), Ok(true)]);
}
