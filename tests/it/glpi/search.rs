//! Tickets found by who asked, who has them, their status and their dates.

use jiff::ToSpan as _;
use passerelle::glpi::{ActorRole, Criterion, Effect, NewFollowup, NewTicket, Requester, SolutionStatus, TicketStatus};
use passerelle::id::{TicketId, UserId};

use super::target::Target;
use super::{category, director, group, marker, ticket};

#[tokio::test]
async fn tickets_are_found_by_all_criteria_together() {
    let target = Target::start().await;
    let glpi = target.client();
    let (director, lsu, bai) =
        (director(&glpi).await, group(&glpi, "Référents-LSU").await, group(&glpi, "DSI-BAI").await);
    let category = Some(category(&glpi, "Scolarité > LSU").await);
    let name = marker();
    let new = NewTicket {
        requester: Requester::User(director),
        category,
        assigned_groups: vec![lsu],
        urgency: 4,
        ..ticket(&name, "<p>a &amp; b</p>")
    };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    glpi.add_groups(id, &[(bai, ActorRole::Assigned)]).await.unwrap();
    let opened = glpi.ticket(id).await.unwrap().opened.unwrap();
    let before = opened - 1.minute();
    let own = Criterion::Requester(director);
    let found = |criteria: Vec<Criterion>| {
        let glpi = glpi.clone();
        async move { glpi.search_tickets(&criteria, 1000).await.unwrap().into_iter().find(|it| it.id == id) }
    };
    let summary = found(vec![own.clone(), Criterion::OpenedAfter(before)]).await.unwrap();
    assert_eq!((summary.name, summary.content.as_str()), (name, "<p>a &amp; b</p>"));
    assert_eq!((summary.status, summary.kind, summary.urgency), (TicketStatus::Assigned, 1, 4));
    assert_eq!(summary.category, "Scolarité > LSU");
    let mut groups = summary.groups;
    groups.sort();
    assert_eq!(groups, ["DSI-BAI", "Référents-LSU"]);
    assert_eq!((summary.technicians, summary.taken_after), (vec![], 0));
    assert_eq!((summary.opened, summary.solved, summary.closed), (Some(opened), None, None));

    for (criterion, is_met) in [
        (Criterion::AssignedTo(vec![bai]), true),
        (Criterion::AssignedTo(vec![]), false),
        (Criterion::Status(vec![TicketStatus::New, TicketStatus::Assigned]), true),
        (Criterion::Status(vec![TicketStatus::Solved, TicketStatus::Closed]), false),
        (Criterion::ModifiedAfter(before), true),
        (Criterion::ModifiedAfter(opened + 1.hour()), false),
        (Criterion::Address("inconnu@ac-dijon.fr".to_owned()), false),
        (Criterion::Requester(UserId::new(director.get() + 1)), false),
    ] {
        assert_eq!(found(vec![own.clone(), criterion.clone()]).await.is_some(), is_met, "{criterion:?}");
    }
}

#[tokio::test]
async fn tickets_of_someone_without_account_are_found_by_the_address() {
    let target = Target::start().await;
    let glpi = target.client();
    let address = format!("{}@ac-dijon.fr", marker());
    let new = NewTicket { requester: Requester::Email(address.clone()), ..ticket("Sans compte", "<p>x</p>") };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    let found = glpi.search_tickets(&[Criterion::Address(address.to_uppercase())], 10).await.unwrap();
    assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), [id]);
}

#[tokio::test]
async fn a_solution_is_read_with_what_became_of_it() {
    let target = Target::start().await;
    let glpi = target.client();
    let id = glpi.create_ticket(&ticket("Solution", "<p>x</p>"), &[]).await.unwrap().id;
    super::followups::solve(&target, id).await;
    let solution = |solutions: Vec<passerelle::glpi::Solution>| solutions.into_iter().next_back().unwrap();
    let proposed = solution(glpi.ticket_solutions(id).await.unwrap());
    assert_eq!(proposed.status, SolutionStatus::Waiting);
    assert!(proposed.written.is_some() && glpi.ticket(id).await.unwrap().solved.is_some());
    let approval = NewFollowup {
        ticket: id,
        content_html: "<p>Merci</p>".to_owned(),
        author: None,
        private: false,
        request_type: None,
        effect: Effect::Close,
    };
    glpi.add_followup(&approval, &[]).await.unwrap();
    assert_eq!(solution(glpi.ticket_solutions(id).await.unwrap()).status, SolutionStatus::Accepted);
    let ticket = glpi.ticket(id).await.unwrap();
    assert_eq!(ticket.status, TicketStatus::Closed);
    assert!(ticket.closed.is_some());
}

#[tokio::test]
async fn where_not_all_are_given_it_is_the_oldest_or_the_newest() {
    let target = Target::start().await;
    let glpi = target.client();
    let lsu = group(&glpi, "Référents-LSU").await;
    let new = NewTicket { assigned_groups: vec![lsu], ..ticket(&marker(), "<p>x</p>") };
    for _ in 0..2 {
        glpi.create_ticket(&new, &[]).await.unwrap();
    }
    let criteria = [Criterion::AssignedTo(vec![lsu])];
    let newest = glpi.search_tickets(&criteria, 1).await.unwrap();
    let oldest = glpi.oldest_tickets(&criteria, 1).await.unwrap();
    assert!(newest.len() == 1 && oldest.len() == 1 && oldest[0].id < newest[0].id);
    let few: Vec<TicketId> = glpi.oldest_tickets(&criteria, 2).await.unwrap().iter().map(|it| it.id).collect();
    assert!(few.is_sorted() && few[0] == oldest[0].id);
}
