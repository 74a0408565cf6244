//! Tickets found by who asked, who has them, their status and their dates.

use jiff::ToSpan as _;
use passerelle::glpi::{
    ActorRole, Criterion, Effect, NewFollowup, NewTicket, Requester, SolutionStatus, Sorting, TicketStatus,
    TicketSummary,
};
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
async fn tickets_are_found_by_what_their_description_holds() {
    let target = Target::start().await;
    let glpi = target.client();
    let (held, other) = (marker(), marker());
    let id = glpi.create_ticket(&ticket("École", &format!("<p>École Zola ({held})</p>")), &[]).await.unwrap().id;
    let before = glpi.ticket(id).await.unwrap().opened.unwrap() - 1.minute();
    for (says, expected) in [(vec![&held], vec![id]), (vec![&other, &held], vec![id]), (vec![&other], vec![])] {
        let any = Criterion::Any(says.into_iter().cloned().map(Criterion::Says).collect());
        let found = glpi.search_tickets(&[Criterion::OpenedAfter(before), any], 10).await.unwrap();
        assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), expected);
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

/// What a sweep reads of many tickets at once.
#[tokio::test]
async fn what_was_said_and_changed_lately_is_read_over_all_tickets() {
    let target = Target::start().await;
    let glpi = target.client();
    let lsu = group(&glpi, "Référents-LSU").await;
    let mut ids = Vec::new();
    for content in ["<p>#escalade panne</p>", "<p>Rien de tel</p>"] {
        let new = NewTicket { assigned_groups: vec![lsu], ..ticket(&marker(), "<p>x</p>") };
        let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
        let followup = NewFollowup {
            ticket: id,
            content_html: content.to_owned(),
            author: None,
            private: true,
            request_type: None,
            effect: Effect::None,
        };
        glpi.add_followup(&followup, &[]).await.unwrap();
        ids.push(id);
    }
    // The words in public, and another follow-up in private: no note says them.
    let public = NewFollowup {
        ticket: ids[1],
        content_html: "<p>Faut-il un #escalade ?</p>".to_owned(),
        author: None,
        private: false,
        request_type: None,
        effect: Effect::None,
    };
    glpi.add_followup(&public, &[]).await.unwrap();
    let shown = glpi.ticket(ids[0]).await.unwrap();
    let since = shown.opened.unwrap() - 1.second();
    let recent = glpi.followups_since(since).await.unwrap().unwrap();
    let said = |id| {
        let mut said: Vec<_> = recent.iter().filter(|said| said.ticket == id).map(|said| said.what.clone()).collect();
        said.sort_by_key(|followup| followup.id);
        said
    };
    for id in &ids {
        assert_eq!(said(*id), glpi.ticket_followups(*id).await.unwrap());
    }
    assert!(recent.iter().all(|said| said.what.modified >= Some(since)), "none is older");
    let later = glpi.followups_since(since + 1.hour()).await.unwrap().unwrap();
    assert!(later.is_empty(), "{later:?}");

    super::followups::solve(&target, ids[1]).await;
    let solutions = glpi.solutions_since(since).await.unwrap().unwrap();
    let solution = glpi.ticket_solutions(ids[1]).await.unwrap();
    let listed: Vec<_> = solutions.into_iter().filter(|said| said.ticket == ids[1]).map(|said| said.what).collect();
    assert_eq!(listed, solution);

    let open = Criterion::All(vec![Criterion::AssignedTo(vec![lsu]), Criterion::Status(TicketStatus::OPEN.to_vec())]);
    let scope = Criterion::Any(vec![Criterion::ModifiedAfter(since), open]);
    let says = |words: &[&'static str]| Criterion::Any(words.iter().map(|it| Criterion::FollowupSays(it)).collect());
    let with = |criterion| {
        let (glpi, scope) = (glpi.clone(), scope.clone());
        async move { glpi.tickets_that(&[scope, criterion], 20_000).await.unwrap().unwrap() }
    };
    for (criterion, expected) in [
        (says(&["#escalade panne", "#retour", "en cours :"]), [true, false]),
        (says(&["#escalade"]), [true, true]),
        (Criterion::NoteSays("#escalade"), [true, false]),
    ] {
        let found = with(criterion.clone()).await;
        assert_eq!(ids.iter().map(|id| found.contains(id)).collect::<Vec<_>>(), expected, "{criterion:?}");
    }

    for sorting in [Sorting::OldestFirst, Sorting::LastChangedFirst] {
        let mut found = Vec::new();
        let keep = |ticket: TicketSummary| {
            found.push((ticket.id, ticket.modified, ticket.groups.contains(&"Référents-LSU".to_owned())));
            true
        };
        assert!(glpi.survey_tickets(&[Criterion::ModifiedAfter(since)], 20_000, sorting, keep).await.unwrap());
        for id in &ids {
            assert!(found.iter().any(|(found, modified, is_lsu)| found == id && *modified > Some(since) && *is_lsu));
        }
        let is_sorted = match sorting {
            Sorting::OldestFirst => found.is_sorted_by_key(|(id, _, _)| *id),
            Sorting::LastChangedFirst => found.is_sorted_by_key(|(_, modified, _)| std::cmp::Reverse(*modified)),
        };
        assert!(is_sorted, "{found:?}");
    }
}
