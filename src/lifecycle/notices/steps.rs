//! Which notices are due for a ticket, and to whom: from what GLPI says of it, without asking anybody.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

use super::journal::Mark;
use crate::{
    config::{Notify, Teller},
    glpi::{ActorRole, Followup, Requester, Solution, SolutionStatus, Ticket, TicketStatus, TicketUser},
    id::UserId,
};

/// What GLPI says of a ticket.
pub(super) struct TicketFacts<'a> {
    /// The ticket.
    pub(super) ticket: &'a Ticket,
    /// Its people.
    pub(super) users: &'a [TicketUser],
    /// Its follow-ups, oldest first.
    pub(super) followups: &'a [Followup],
    /// Its solutions, oldest first.
    pub(super) solutions: &'a [Solution],
    /// The members of the groups it was assigned to when it was made.
    pub(super) members: &'a [UserId],
    /// When somebody it is assigned to now took it in charge.
    pub(super) charged: Option<DateTime>,
    /// The service account.
    pub(super) own: UserId,
    /// What was sent already.
    pub(super) sent: &'a BTreeSet<Mark>,
    /// What happened before is not told any more, in GLPI's time zone as all its dates.
    pub(super) since: DateTime,
}

/// A notice to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DueNotice<'a> {
    /// What records that it was sent.
    pub(super) mark: Mark,
    /// What it tells.
    pub(super) news: News<'a>,
    /// Whom.
    pub(super) to: Vec<Requester>,
}

/// What a notice tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News<'a> {
    /// There is a new ticket for the group.
    Group,
    /// These accounts took it in charge.
    Charge(Vec<UserId>),
    /// Somebody wrote to the requester.
    Question(&'a Followup),
    /// A solution waits for approval.
    Solution(&'a Solution),
    /// The ticket is closed.
    Closing,
}

impl TicketFacts<'_> {
    /// Whether something happened recently enough to be told.
    pub(super) fn is_recent(&self, when: Option<DateTime>) -> bool {
        when.is_some_and(|when| when >= self.since)
    }
}

/// Whether a ticket is solved or closed.
pub(super) fn is_done(ticket: &Ticket) -> bool {
    ticket.status.is_over()
}

/// The accounts a ticket is assigned to; the service account, `own`, is nobody who works on it.
pub(super) fn technicians(users: &[TicketUser], own: UserId) -> Vec<UserId> {
    let assigned = users.iter().filter(|user| user.role == ActorRole::Assigned);
    assigned
        .filter_map(|user| match user.who {
            Requester::User(account) => Some(account).filter(|account| *account != own),
            Requester::Email(_) => None,
        })
        .collect()
}

/// The notices that are due. Nobody is told of what they did themselves.
pub(super) fn due<'a>(known: &TicketFacts<'a>, settings: &Notify) -> Vec<DueNotice<'a>> {
    let TicketFacts { ticket, .. } = known;
    let mut due = Vec::new();
    if settings.group == Teller::Passerelle && !is_done(ticket) && known.is_recent(ticket.opened) {
        let members = known.members.iter().map(|member| Requester::User(*member));
        let others = members.filter(|member| !requesters(known).any(|requester| requester == member));
        due.extend(others.filter_map(|member| match member {
            Requester::User(account) => {
                Some(DueNotice { mark: Mark::Group(account), news: News::Group, to: vec![Requester::User(account)] })
            }
            Requester::Email(_) => None,
        }));
    }
    if settings.charge == Teller::Passerelle && !is_done(ticket) && known.is_recent(known.charged) {
        let technicians = technicians(known.users, known.own);
        let to = requesters_but(known, &technicians);
        due.push(DueNotice { mark: Mark::Charge, news: News::Charge(technicians), to });
    }
    if settings.question == Teller::Passerelle {
        // What has no author of its own was written for a requester without account, or by the gateway.
        let by_somebody = |it: &&Followup| !it.private && it.author.get() != 0 && it.author != known.own;
        let recent = known.followups.iter().filter(by_somebody).filter(|it| known.is_recent(it.written));
        due.extend(recent.filter(|it| !is_requester(known, it.author)).map(|it| DueNotice {
            mark: Mark::Question(it.id),
            news: News::Question(it),
            to: requesters_but(known, &[it.author]),
        }));
    }
    if settings.solution == Teller::Passerelle
        && ticket.status == TicketStatus::Solved
        && let Some(last) = known.solutions.last()
        && last.status == SolutionStatus::Waiting
        && known.is_recent(last.written)
    {
        let to = requesters_but(known, &[last.author]);
        due.push(DueNotice { mark: Mark::Solution(last.id), news: News::Solution(last), to });
    }
    if settings.closing == Teller::Passerelle && ticket.status == TicketStatus::Closed && known.is_recent(ticket.closed)
    {
        let closer =
            known.solutions.last().filter(|last| last.status == SolutionStatus::Accepted).map(|last| last.answered_by);
        // The gateway accepts a solution only where its requester did.
        let to = if closer == Some(known.own) { Vec::new() } else { requesters_but(known, closer.as_slice()) };
        let moment = ticket.closed.map_or(0, digits);
        due.push(DueNotice { mark: Mark::Closing(moment), news: News::Closing, to });
    }
    due.retain(|notice| !notice.to.is_empty() && !known.sent.contains(&notice.mark));
    due
}

fn requesters<'a>(known: &TicketFacts<'a>) -> impl Iterator<Item = &'a Requester> {
    known.users.iter().filter(|user| user.role == ActorRole::Requester).map(|user| &user.who)
}

fn is_requester(known: &TicketFacts<'_>, account: UserId) -> bool {
    requesters(known).any(|requester| *requester == Requester::User(account))
}

/// Where a requester is to be written to who asked from another address than their account's own.
pub(super) fn answer_to<'a>(users: &'a [TicketUser], who: &Requester) -> Option<&'a str> {
    let theirs = users.iter().find(|user| user.role == ActorRole::Requester && user.who == *who)?;
    Some(theirs.address.as_str()).filter(|address| !address.is_empty() && matches!(who, Requester::User(_)))
}

/// The requesters but those who acted themselves.
fn requesters_but(known: &TicketFacts<'_>, actors: &[UserId]) -> Vec<Requester> {
    let acted = |who: &&Requester| matches!(who, Requester::User(account) if actors.contains(account));
    requesters(known).filter(|who| !acted(who)).cloned().collect()
}

/// `20261125031200`
fn digits(moment: DateTime) -> u64 {
    moment.strftime("%Y%m%d%H%M%S").to_string().parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;
    use crate::config;
    use crate::id::{CategoryId, FollowupId, RequestTypeId, SolutionId, TicketId, UserLinkId};

    const OWN: UserId = UserId::new(13);
    const DIRECTOR: UserId = UserId::new(7);
    const TECHNICIAN: UserId = UserId::new(15);

    fn at(hour: i8) -> DateTime {
        date(2026, 11, 25).at(hour, 0, 0, 0)
    }

    /// Everything told by the gateway.
    fn settings(change: impl FnOnce(&mut Notify)) -> Notify {
        let mut settings = config::load_from(None, []).unwrap().notify;
        for step in [
            &mut settings.group,
            &mut settings.charge,
            &mut settings.question,
            &mut settings.solution,
            &mut settings.closing,
        ] {
            *step = Teller::Passerelle;
        }
        change(&mut settings);
        settings
    }

    /// A ticket of a director, at 10 o'clock, with whatever happened to it.
    struct Case {
        ticket: Ticket,
        users: Vec<TicketUser>,
        followups: Vec<Followup>,
        solutions: Vec<Solution>,
        members: Vec<UserId>,
        charged: Option<DateTime>,
        sent: BTreeSet<Mark>,
    }

    impl Case {
        fn new(status: u64) -> Self {
            let ticket = Ticket {
                id: TicketId::new(1),
                name: "LSU".to_owned(),
                content: String::new(),
                status: status.into(),
                deleted: false,
                kind: 1,
                urgency: 3,
                category: CategoryId::new(2),
                entity: None,
                request_type: RequestTypeId::new(1),
                opened: Some(at(10)),
                taken_into_account: None,
                solved: None,
                closed: None,
                modified: Some(at(10)),
            };
            Self {
                ticket,
                users: vec![user(Requester::User(DIRECTOR), ActorRole::Requester)],
                followups: Vec::new(),
                solutions: Vec::new(),
                members: Vec::new(),
                charged: None,
                sent: BTreeSet::new(),
            }
        }

        fn due(&self, settings: &Notify) -> Vec<(Mark, Vec<Requester>)> {
            let known = TicketFacts {
                ticket: &self.ticket,
                users: &self.users,
                followups: &self.followups,
                solutions: &self.solutions,
                members: &self.members,
                charged: self.charged,
                own: OWN,
                sent: &self.sent,
                since: at(9),
            };
            due(&known, settings).into_iter().map(|notice| (notice.mark, notice.to)).collect()
        }

        fn marks(&self) -> Vec<Mark> {
            self.due(&settings(|_| {})).into_iter().map(|(mark, _)| mark).collect()
        }
    }

    fn user(who: Requester, role: ActorRole) -> TicketUser {
        TicketUser { row: UserLinkId::new(1), who, address: String::new(), role }
    }

    fn followup(id: u64, author: UserId, private: bool) -> Followup {
        Followup {
            id: id.into(),
            author,
            content: "<p>?</p>".to_owned(),
            private,
            written: Some(at(11)),
            modified: None,
        }
    }

    fn solution(id: u64, status: u64, answered_by: UserId) -> Solution {
        let (content, status) = ("<p>!</p>".to_owned(), status.into());
        Solution { id: id.into(), author: TECHNICIAN, content, status, answered_by, written: Some(at(11)) }
    }

    #[test]
    fn each_member_but_the_requester_hears_of_a_new_ticket_once() {
        let mut case = Case { members: vec![TECHNICIAN, DIRECTOR, UserId::new(20)], ..Case::new(1) };
        assert_eq!(case.marks(), [Mark::Group(TECHNICIAN), Mark::Group(UserId::new(20))]);
        case.sent.insert(Mark::Group(UserId::new(20)));
        assert_eq!(case.marks(), [Mark::Group(TECHNICIAN)]);
        case.ticket.status = TicketStatus::Solved;
        assert_eq!(case.marks(), []);
        case.ticket.status = TicketStatus::New;
        case.ticket.opened = Some(at(8));
        assert_eq!(case.marks(), [], "it is too old");
    }

    #[rstest]
    #[case(2, Some(at(11)), vec![Mark::Charge])]
    #[case(4, Some(at(11)), vec![Mark::Charge])]
    #[case(5, Some(at(11)), vec![])]
    #[case(6, Some(at(11)), vec![])]
    #[case(2, Some(at(8)), vec![])]
    #[case(1, None, vec![])]
    fn a_charge_is_told_while_the_ticket_is_under_way(
        #[case] status: u64,
        #[case] charged: Option<DateTime>,
        #[case] expected: Vec<Mark>,
    ) {
        let mut case = Case { charged, ..Case::new(status) };
        case.users.push(user(Requester::User(TECHNICIAN), ActorRole::Assigned));
        assert_eq!(case.marks(), expected);
        case.sent.insert(Mark::Charge);
        assert_eq!(case.marks(), []);
    }

    #[test]
    fn the_service_account_works_on_nothing() {
        let assigned = |account| user(Requester::User(account), ActorRole::Assigned);
        assert_eq!(technicians(&[assigned(OWN), assigned(TECHNICIAN)], OWN), [TECHNICIAN]);
    }

    #[test]
    fn nobody_is_told_that_they_took_their_own_ticket() {
        let mut case = Case { charged: Some(at(11)), ..Case::new(2) };
        case.users.push(user(Requester::User(DIRECTOR), ActorRole::Assigned));
        assert_eq!(case.marks(), []);
    }

    #[test]
    fn a_question_is_a_public_follow_up_of_somebody_else() {
        let mut case = Case::new(2);
        let old = Followup { written: Some(at(8)), ..followup(6, TECHNICIAN, false) };
        case.followups = vec![
            followup(1, DIRECTOR, false),
            followup(2, TECHNICIAN, true),
            followup(3, OWN, false),
            followup(4, UserId::new(0), false),
            followup(5, TECHNICIAN, false),
            old,
            followup(7, TECHNICIAN, false),
        ];
        assert_eq!(case.marks(), [Mark::Question(FollowupId::new(5)), Mark::Question(FollowupId::new(7))]);
        case.sent.insert(Mark::Question(FollowupId::new(5)));
        assert_eq!(case.marks(), [Mark::Question(FollowupId::new(7))]);
    }

    #[test]
    fn every_requester_hears_of_it_with_an_account_or_without() {
        let mut case = Case { followups: vec![followup(5, TECHNICIAN, false)], ..Case::new(2) };
        let address = Requester::Email("ecole@ac-dijon.fr".to_owned());
        case.users.push(user(address.clone(), ActorRole::Requester));
        case.users.push(user(Requester::User(UserId::new(20)), ActorRole::Observer));
        let due = case.due(&settings(|_| {}));
        assert_eq!(due, [(Mark::Question(FollowupId::new(5)), vec![Requester::User(DIRECTOR), address])]);
    }

    #[test]
    fn the_last_solution_is_told_while_it_waits() {
        let mut case =
            Case { solutions: vec![solution(1, 4, DIRECTOR), solution(2, 2, UserId::new(0))], ..Case::new(5) };
        assert_eq!(case.marks(), [Mark::Solution(SolutionId::new(2))]);
        case.sent.insert(Mark::Solution(SolutionId::new(1)));
        assert_eq!(case.marks(), [Mark::Solution(SolutionId::new(2))], "an earlier one is another");
        case.ticket.status = TicketStatus::Assigned;
        assert_eq!(case.marks(), [], "it was refused meanwhile");
    }

    #[rstest]
    #[case::by_itself(vec![], true)]
    #[case::unanswered(vec![solution(1, 2, UserId::new(0))], true)]
    #[case::accepted_by_another(vec![solution(1, 3, TECHNICIAN)], true)]
    #[case::accepted_by_the_requester(vec![solution(1, 3, DIRECTOR)], false)]
    #[case::accepted_over_the_gateway(vec![solution(1, 3, OWN)], false)]
    fn a_closing_is_told_to_who_did_not_close(#[case] solutions: Vec<Solution>, #[case] told: bool) {
        let mut case = Case { solutions, ..Case::new(6) };
        case.ticket.closed = Some(at(11));
        let mark = Mark::Closing(20_261_125_110_000);
        assert_eq!(case.marks() == [mark], told);
        case.sent.insert(Mark::Closing(20_261_124_110_000));
        assert_eq!(case.marks() == [mark], told, "it was closed once before");
        case.sent.insert(mark);
        assert_eq!(case.marks(), []);
    }

    #[test]
    fn what_others_tell_is_not_due() {
        let mut case = Case { members: vec![UserId::new(20)], charged: Some(at(11)), ..Case::new(4) };
        case.users.push(user(Requester::User(TECHNICIAN), ActorRole::Assigned));
        case.followups.push(followup(5, TECHNICIAN, false));
        let count = |settings: &Notify| case.due(settings).len();
        assert_eq!(count(&settings(|_| {})), 3);
        assert_eq!(count(&settings(|settings| settings.group = Teller::Glpi)), 2);
        assert_eq!(count(&settings(|settings| settings.charge = Teller::Off)), 2);
        assert_eq!(count(&settings(|settings| settings.question = Teller::Glpi)), 2);
        assert_eq!(count(&config::load_from(None, []).unwrap().notify), 0);
    }
}
