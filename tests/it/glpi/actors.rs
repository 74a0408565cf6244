//! Who acts on a ticket is changed link by link, and GLPI's history says since when.

use std::collections::BTreeSet;

use passerelle::glpi::{ActorRole, Effect, GlpiError, Happening, NewFollowup, NewTicket, TicketChange};
use passerelle::id::UserId;
use reqwest::Method;
use serde_json::json;

use super::target::Target;
use super::{group, marker, ticket};
use crate::support::helpdesk::Helpdesk;

#[tokio::test]
async fn groups_are_added_and_taken_off_one_by_one() {
    let target = Target::start().await;
    let glpi = target.client();
    let (lsu, bai) = (group(&glpi, "Référents-LSU").await, group(&glpi, "DSI-BAI").await);
    let new = NewTicket { assigned_groups: vec![lsu], ..ticket("Escalade", "<p>x</p>") };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    assert!(glpi.assigned_since(id, lsu).await.unwrap().is_some());
    assert_eq!(glpi.assigned_since(id, bai).await.unwrap(), None);

    let wanted = [(bai, ActorRole::Assigned), (lsu, ActorRole::Observer)];
    glpi.add_groups(id, &wanted).await.unwrap();
    assert!(matches!(glpi.add_groups(id, &wanted).await, Err(GlpiError::Rejected { .. })), "all are there");
    let groups = glpi.ticket_groups(id).await.unwrap();
    let old = groups.iter().find(|it| (it.group, it.role) == (lsu, ActorRole::Assigned)).expect("still assigned");
    glpi.remove_group(old.row).await.unwrap();
    assert!(matches!(glpi.remove_group(old.row).await, Err(GlpiError::Rejected { .. })), "it is gone");
    assert!(glpi.ticket(id).await.unwrap().taken_into_account.is_some(), "GLPI counts the removal");
    glpi.untake(id).await.unwrap();
    assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, None);

    let mut left: Vec<_> = glpi.ticket_groups(id).await.unwrap().iter().map(|it| (it.group, it.role)).collect();
    left.sort_by_key(|(group, _)| *group);
    let mut expected = wanted;
    expected.sort_by_key(|(group, _)| *group);
    assert_eq!(left, expected);
    assert!(glpi.assigned_since(id, bai).await.unwrap().is_some());
    let (read, history) = glpi.ticket_with_history(id).await.unwrap();
    let assigned = |wanted| {
        let is_it =
            |change: &&TicketChange| matches!(&change.what, Happening::GroupAssigned { group, .. } if *group == wanted);
        history.iter().filter(is_it).map(|change| change.at).max()
    };
    assert_eq!((read.id, assigned(bai)), (id, glpi.assigned_since(id, bai).await.unwrap()));
    assert_eq!(assigned(lsu), glpi.assigned_since(id, lsu).await.unwrap());

    let some = [(bai, ActorRole::Assigned), (bai, ActorRole::Observer)];
    let in_part = glpi.add_groups(id, &some).await;
    assert!(
        matches!(&in_part, Err(GlpiError::Rejected { code, .. }) if code == "ERROR_GLPI_PARTIAL_ADD"),
        "one of two is there: {in_part:?}"
    );
    assert_eq!(glpi.ticket_groups(id).await.unwrap().len(), 3);
    assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, None);
}

#[tokio::test]
async fn a_follow_up_is_rewritten() {
    let target = Target::start().await;
    let glpi = target.client();
    let id = glpi.create_ticket(&ticket("Journal", "<p>x</p>"), &[]).await.unwrap().id;
    let note = NewFollowup {
        ticket: id,
        content_html: "<p>« en cours » &amp; <b>a</b></p>".to_owned(),
        author: None,
        private: true,
        request_type: None,
        effect: Effect::None,
    };
    let note = glpi.add_followup(&note, &[]).await.unwrap().id;
    glpi.rewrite_followup(note, "<p>« fait » &amp; <b>b</b></p>").await.unwrap();
    let followups = glpi.ticket_followups(id).await.unwrap();
    assert_eq!(followups.len(), 1);
    assert_eq!(followups[0].content, "<p>« fait » &amp; <b>b</b></p>");
    assert_eq!(followups[0].author, glpi.own_account().await.unwrap());
    assert!(followups[0].private && followups[0].written.is_some());
    assert!(glpi.ticket(id).await.unwrap().taken_into_account.is_some(), "GLPI counts the rewriting");
    glpi.untake(id).await.unwrap();
    assert_eq!(glpi.ticket(id).await.unwrap().taken_into_account, None);
}

#[tokio::test]
async fn members_of_a_group_have_an_address() {
    let target = Target::start().await;
    let glpi = target.client();
    let members = glpi.group_members(group(&glpi, "Directeurs d'école").await).await.unwrap();
    assert!(members.contains(&super::director(&glpi).await));
    let now = jiff::Zoned::now().datetime();
    let director = super::director(&glpi).await;
    let asked: Vec<_> = members.iter().copied().chain([UserId::new(99_999_999)]).collect();
    let addresses = glpi.addresses_of_users(&asked, now).await.unwrap();
    assert!(addresses[&director].eq_ignore_ascii_case("ce.0210001A@ac-dijon.fr"), "{addresses:?}");
    assert_eq!(addresses.len(), members.len(), "{addresses:?}");
}

/// Several follow-ups, and what GLPI counts of several tickets, are changed in one call each. One that is gone fails the
/// call, and takes nothing from the others.
#[tokio::test]
async fn several_notes_are_rewritten_in_one_call_and_their_tickets_taken_back_in_another() {
    let target = Target::start().await;
    let glpi = target.client();
    let title = marker();
    let (mut tickets, mut notes) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let id = glpi.create_ticket(&ticket(&title, "<p>x</p>"), &[]).await.unwrap().id;
        notes.push((
            glpi.add_note(id, "<p>à envoyer</p>").await.unwrap(),
            "<p>« envoyé » &amp; <b>b</b></p>".to_owned(),
        ));
        tickets.push(id);
    }
    assert_eq!(glpi.taken_in_charge(&tickets).await.unwrap(), BTreeSet::new());
    glpi.rewrite_followups(&notes).await.unwrap();
    assert_eq!(glpi.taken_in_charge(&tickets).await.unwrap(), BTreeSet::from_iter(tickets.clone()));
    glpi.untake_all(&tickets[..2]).await.unwrap();
    assert_eq!(glpi.taken_in_charge(&tickets).await.unwrap(), BTreeSet::from([tickets[2]]));
    for (ticket, note) in tickets.iter().zip(&notes) {
        assert_eq!(glpi.ticket_followups(*ticket).await.unwrap()[0].content, note.1);
    }

    let admin = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    admin.call(Method::DELETE, &format!("ITILFollowup/{}?force_purge=true", notes[1].0), json!({})).await;
    for (_, text) in &mut notes {
        *text = "<p>encore</p>".to_owned();
    }
    let partly = glpi.rewrite_followups(&notes).await;
    assert!(matches!(partly, Err(GlpiError::Rejected { .. })), "{partly:?}");
    let gone = glpi.rewrite_followups(&notes[1..2]).await;
    assert!(matches!(gone, Err(GlpiError::Rejected { .. } | GlpiError::NotFound)), "{gone:?}");
    for at in [0, 2] {
        assert_eq!(glpi.ticket_followups(tickets[at]).await.unwrap()[0].content, "<p>encore</p>");
    }
}
