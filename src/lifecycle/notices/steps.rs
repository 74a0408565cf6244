//! What happened to a ticket that somebody is to be told of: from what GLPI says of it, without asking anybody.

use std::collections::BTreeSet;

use jiff::{SignedDuration, civil::DateTime};

use super::mark::{Mark, Step};
use crate::{
    config::{Notify, Teller},
    glpi::{ActorRole, Followup, Requester, Solution, SolutionStatus, Ticket, TicketStatus, TicketUser},
    id::{FollowupId, GroupId, UserId},
    lifecycle::note::{Cause, MoveNote, Note},
    request::{Address, FollowupOpening},
};

/// GLPI writes down who answered a solution so much later, at most, than the follow-up that answers it: both are of one
/// call.
const SAME_CALL: SignedDuration = SignedDuration::from_mins(1);

/// What GLPI says of a ticket.
pub(super) struct TicketFacts<'a> {
    /// The ticket.
    pub(super) ticket: &'a Ticket,
    /// Its people.
    pub(super) users: &'a [TicketUser],
    /// Whether its requesters are among them; else anybody may be one.
    pub(super) shows_requesters: bool,
    /// Its follow-ups, oldest first.
    pub(super) followups: &'a [Followup],
    /// Its moves that are done, as [`moves`] finds them.
    pub(super) moves: &'a [DoneMove],
    /// Its solutions, oldest first.
    pub(super) solutions: &'a [Solution],
    /// When somebody it is assigned to now took it in charge.
    pub(super) charged: Option<DateTime>,
    /// Who closed it, where that is known.
    pub(super) closed_by: Option<UserId>,
    /// The service account.
    pub(super) own: UserId,
    /// What was sent already.
    pub(super) sent: &'a BTreeSet<Mark>,
    /// What happened before is not told any more, in GLPI's time zone as all its dates.
    pub(super) since: DateTime,
}

/// A move to another level that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DoneMove {
    /// The follow-up that is its note.
    pub(super) note: FollowupId,
    /// What that says.
    pub(super) moved: MoveNote,
    /// When it was done.
    pub(super) at: Option<DateTime>,
}

/// Something that happened, and whom it is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Happening<'a> {
    /// What records that it was told.
    pub(super) step: Step,
    /// What a notice says.
    pub(super) news: News<'a>,
    /// Whom.
    pub(super) audience: Audience<'a>,
    /// Who did it, and is not told.
    pub(super) by: Vec<UserId>,
    /// What is told with it.
    pub(super) also: Option<Step>,
}

/// What a notice tells.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// It went to another level.
    Move(&'a MoveNote),
    /// A requester wrote.
    Answer(&'a Followup),
    /// A requester refused the solution, and said why.
    Refusal(&'a Followup),
    /// A requester approved the solution, perhaps with a word.
    Approval(Option<&'a Followup>),
}

/// Whom a step is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience<'a> {
    /// The requesters.
    Requesters,
    /// The members of the groups it was made for.
    FirstGroups,
    /// Those who work on it, and the groups that watch it.
    Workers,
    /// The groups that watch it.
    Watchers,
    /// The members of this group, and the groups that watch it but those with these names, parted by commas.
    Receivers(GroupId, &'a str),
}

impl Audience<'_> {
    /// Whether these people work on tickets, each told by an account.
    pub(super) fn is_of_staff(self) -> bool {
        self != Self::Requesters
    }
}

impl<'a> TicketFacts<'a> {
    /// Whether something happened recently enough to be told.
    pub(super) fn is_recent(&self, when: Option<DateTime>) -> bool {
        when.is_some_and(|when| when >= self.since)
    }

    /// Whether all who were to be told of a step were told.
    fn is_told(&self, step: Step) -> bool {
        self.sent.contains(&step.into())
    }

    /// Whether an account is a requester's, or the gateway's, which answers solutions for them.
    fn acts_for_requester(&self, account: UserId) -> bool {
        account == self.own || !self.shows_requesters || self.is_requester(account)
    }

    fn is_requester(&self, account: UserId) -> bool {
        requesters(self.users).any(|requester| *requester == Requester::User(account))
    }

    /// Whether a requester wrote this to those who work on the ticket, by an account or over the gateway without one.
    fn is_by_requester(&self, followup: &Followup) -> bool {
        let over_gateway = || [UserId::default(), self.own].contains(&followup.author);
        if followup.private {
            return false;
        }
        if !self.shows_requesters {
            return !over_gateway() || FollowupOpening::reference_of(&followup.content).is_some();
        }
        requesters(self.users).any(|who| match who {
            Requester::User(account) => *account == followup.author,
            Requester::Email(address) => {
                let address = Address::parse(address);
                let author = FollowupOpening::read(&followup.content).and_then(|opening| opening.author);
                over_gateway() && address.is_some() && address == author
            }
        })
    }

    /// What requesters wrote lately of which nobody was told.
    pub(super) fn fresh_answers(&self) -> impl Iterator<Item = &'a Followup> {
        self.followups.iter().filter(|it| {
            let told = [Step::Answer(it.id), Step::Refusal(it.id)].iter().any(|step| self.is_told(*step));
            self.is_recent(it.written) && !told && self.is_by_requester(it)
        })
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

/// The moves that the gateway's notes say are done.
pub(super) fn moves(followups: &[Followup], own: UserId) -> Vec<DoneMove> {
    let ours = followups.iter().filter(|followup| followup.author == own);
    let done = ours.filter_map(|followup| match Note::parse(&followup.content)? {
        Note::Move(moved) if moved.done => {
            Some(DoneMove { note: followup.id, moved, at: followup.modified.or(followup.written) })
        }
        Note::Move(_) | Note::Reminder(_) | Note::Refusal(_) | Note::Draft(_) | Note::NoDraft(_) => None,
    });
    done.collect()
}

/// A ticket's requesters.
pub(super) fn requesters(users: &[TicketUser]) -> impl Iterator<Item = &Requester> {
    users.iter().filter(|user| user.role == ActorRole::Requester).map(|user| &user.who)
}

/// What is to be told by the gateway. What somebody watches is told before what others are told of the same.
pub(super) fn happened<'a>(known: &TicketFacts<'a>, settings: &Notify) -> Vec<Happening<'a>> {
    let on = |teller: Teller| teller == Teller::Passerelle;
    let mut all = Vec::new();
    if on(settings.group) && !is_done(known.ticket) && known.is_recent(known.ticket.opened) {
        all.push(Happening::new(Step::Group, News::Group, Audience::FirstGroups, &[]));
    }
    if on(settings.charge) && !is_done(known.ticket) && known.is_recent(known.charged) {
        let technicians = technicians(known.users, known.own);
        let news = News::Charge(technicians.clone());
        all.push(Happening::new(Step::WatchedCharge, news.clone(), Audience::Watchers, &technicians));
        all.push(Happening::new(Step::Charge, news, Audience::Requesters, &technicians));
    }
    if on(settings.question) {
        all.extend(questions(known));
    }
    if on(settings.solution) {
        all.extend(solutions(known));
    }
    for done in known.moves.iter().filter(|done| known.is_recent(done.at)) {
        let (moved, asked) = (&done.moved, asked_by(known, done));
        if on(settings.escalation) {
            let audience = Audience::Receivers(moved.target, &moved.from);
            all.push(Happening::new(Step::Escalation(done.note), News::Move(moved), audience, asked.as_slice()));
        }
        if on(settings.handover) {
            let news = News::Move(moved);
            all.push(Happening::new(Step::Handover(done.note), news, Audience::Requesters, asked.as_slice()));
        }
    }
    all.extend(answers(known, settings));
    all.extend(closing(known, settings));
    all.retain(|happening| !known.is_told(happening.step));
    all
}

fn questions<'a>(known: &TicketFacts<'a>) -> Vec<Happening<'a>> {
    // What has no author of its own was written for a requester without account, or by the gateway.
    let by_somebody = |it: &&Followup| !it.private && it.author.get() != 0 && it.author != known.own;
    let recent = known.followups.iter().filter(by_somebody).filter(|it| known.is_recent(it.written));
    let asked: Vec<&Followup> = recent.filter(|it| !known.is_requester(it.author)).collect();
    let as_step = |step: fn(FollowupId) -> Step, audience: Audience<'a>| {
        let each = asked.clone().into_iter();
        each.map(move |it| Happening::new(step(it.id), News::Question(it), audience, &[it.author]))
    };
    let watched = as_step(Step::WatchedQuestion, Audience::Watchers);
    watched.chain(as_step(Step::Question, Audience::Requesters)).collect()
}

fn solutions<'a>(known: &TicketFacts<'a>) -> Vec<Happening<'a>> {
    let last = known.solutions.last().filter(|last| {
        let waits = last.status == SolutionStatus::Waiting && known.ticket.status == TicketStatus::Solved;
        waits && known.is_recent(last.written)
    });
    let Some(last) = last else { return Vec::new() };
    let of = |step, audience| Happening::new(step, News::Solution(last), audience, &[last.author]);
    vec![of(Step::WatchedSolution(last.id), Audience::Watchers), of(Step::Solution(last.id), Audience::Requesters)]
}

/// What requesters wrote: a refusal or an approval of a solution, where they answered one with it.
fn answers<'a>(known: &TicketFacts<'a>, settings: &Notify) -> Vec<Happening<'a>> {
    let on = |teller: Teller| teller == Teller::Passerelle;
    let answering = |solution: &Solution| -> Option<&'a Followup> {
        let answered = solution.answered.filter(|_| known.acts_for_requester(solution.answered_by))?;
        known.followups.iter().rfind(|it| {
            let before = it.written.map(|written| answered.duration_since(written));
            before.is_some_and(|before| (SignedDuration::ZERO..=SAME_CALL).contains(&before))
                && known.is_by_requester(it)
        })
    };
    let with = |status| known.solutions.iter().filter(move |it| it.status == status).filter_map(answering);
    let refusals: Vec<&'a Followup> = with(SolutionStatus::Refused).collect();
    let approvals: Vec<&'a Followup> = with(SolutionStatus::Accepted).collect();
    let mut all = Vec::new();
    for it in known.fresh_answers().filter(|it| !approvals.contains(it)) {
        let (step, news, teller) = if refusals.contains(&it) {
            (Step::Refusal(it.id), News::Refusal(it), settings.refusal)
        } else {
            (Step::Answer(it.id), News::Answer(it), settings.answer)
        };
        if on(teller) {
            all.push(Happening::new(step, news, Audience::Workers, &[it.author]));
        }
    }
    if on(settings.approval)
        && let Some(last) = approved(known)
        && known.is_recent(last.answered)
    {
        let word = answering(last);
        let by = [last.answered_by];
        let happening = Happening::new(Step::Approval(last.id), News::Approval(word), Audience::Workers, &by);
        all.push(Happening { also: word.map(|it| Step::Answer(it.id)), ..happening });
    }
    // Those of one kind share a note.
    all.sort_by_key(|happening| happening.step.name());
    all
}

/// The solution that a requester approved, by which the ticket is closed.
fn approved<'a>(known: &TicketFacts<'a>) -> Option<&'a Solution> {
    let last = known.solutions.last().filter(|_| known.ticket.status == TicketStatus::Closed);
    last.filter(|last| last.status == SolutionStatus::Accepted && known.acts_for_requester(last.answered_by))
}

fn closing<'a>(known: &TicketFacts<'a>, settings: &Notify) -> Vec<Happening<'a>> {
    let ticket = known.ticket;
    let is_due = ticket.status == TicketStatus::Closed && known.is_recent(ticket.closed);
    if settings.closing != Teller::Passerelle || !is_due {
        return Vec::new();
    }
    let moment = ticket.closed.map_or(0, digits);
    let accepted = known.solutions.last().filter(|last| last.status == SolutionStatus::Accepted);
    let closer = accepted.map(|last| last.answered_by).or(known.closed_by);
    let mut all = Vec::new();
    // Who works on it is told of an approval instead.
    if approved(known).is_none() {
        all.push(Happening::new(Step::Closed(moment), News::Closing, Audience::Workers, closer.as_slice()));
    }
    // The gateway accepts a solution only where its requester did.
    if accepted.is_none_or(|last| last.answered_by != known.own) {
        all.push(Happening::new(Step::Closing(moment), News::Closing, Audience::Requesters, closer.as_slice()));
    }
    all
}

/// Who asked for a move by a follow-up.
fn asked_by(known: &TicketFacts<'_>, done: &DoneMove) -> Option<UserId> {
    let Cause::Followup(command) = done.moved.cause else { return None };
    known.followups.iter().find(|followup| followup.id == command).map(|followup| followup.author)
}

impl<'a> Happening<'a> {
    fn new(step: Step, news: News<'a>, audience: Audience<'a>, by: &[UserId]) -> Self {
        Self { step, news, audience, by: by.to_vec(), also: None }
    }
}

/// `20261125031200`
pub(super) fn digits(moment: DateTime) -> u64 {
    moment.strftime("%Y%m%d%H%M%S").to_string().parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;
    use crate::{
        config,
        id::{CategoryId, RequestTypeId, TicketId, UserLinkId},
        lifecycle::notices::audience::{Crew, CrewGroup, Recipients, recipients},
        request::{Direction, Reference},
    };

    const OWN: UserId = UserId::new(13);
    const DIRECTOR: UserId = UserId::new(7);
    const TECHNICIAN: UserId = UserId::new(15);
    const COLLEAGUE: UserId = UserId::new(16);
    const WATCHER: UserId = UserId::new(17);

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
            &mut settings.answer,
            &mut settings.refusal,
            &mut settings.approval,
            &mut settings.closing,
            &mut settings.escalation,
            &mut settings.handover,
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
        crew: Crew,
        charged: Option<DateTime>,
        closed_by: Option<UserId>,
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
                opened: Some(at(8)),
                taken_into_account: None,
                writer: UserId::default(),
                waiting_since: None,
                solved: None,
                closed: None,
                modified: Some(at(10)),
            };
            Self {
                ticket,
                users: vec![user(Requester::User(DIRECTOR), ActorRole::Requester)],
                followups: Vec::new(),
                solutions: Vec::new(),
                crew: Crew::default(),
                charged: None,
                closed_by: None,
                sent: BTreeSet::new(),
            }
        }

        /// The steps that are due, each with whom they are told.
        fn due(&self, settings: &Notify) -> Vec<(Step, Recipients)> {
            let known = TicketFacts {
                ticket: &self.ticket,
                users: &self.users,
                shows_requesters: true,
                followups: &self.followups,
                moves: &moves(&self.followups, OWN),
                solutions: &self.solutions,
                charged: self.charged,
                closed_by: self.closed_by,
                own: OWN,
                sent: &self.sent,
                since: at(9),
            };
            let to = |it: &Happening<'_>| recipients(it.audience, &it.by, (&self.users, OWN), &self.crew);
            let nobody = |who: &Recipients| match who {
                Recipients::Requesters(requesters) => requesters.is_empty(),
                Recipients::Staff { first, otherwise, besides } => {
                    [first, otherwise, besides].iter().all(|it| it.is_empty())
                }
            };
            let due = happened(&known, settings).into_iter().map(|it| (it.step, to(&it)));
            due.filter(|(_, who)| !nobody(who)).collect()
        }

        fn steps(&self) -> Vec<Step> {
            self.due(&settings(|_| {})).into_iter().map(|(step, _)| step).collect()
        }

        /// Who of those who work on tickets is told first, who else instead, and who besides.
        fn staff(&self, step: Step) -> [Vec<UserId>; 3] {
            match self.due(&settings(|_| {})).into_iter().find(|(other, _)| *other == step) {
                Some((_, Recipients::Staff { first, otherwise, besides })) => [first, otherwise, besides],
                other => panic!("{other:?}"),
            }
        }
    }

    fn group(id: u64, name: &str, members: &[UserId]) -> CrewGroup {
        CrewGroup { id: id.into(), name: name.to_owned(), members: members.to_vec() }
    }

    /// The référents have it, and the BAI watches.
    fn crew() -> Crew {
        Crew {
            assigned: vec![group(1, "Référents-LSU", &[TECHNICIAN, COLLEAGUE])],
            watching: vec![group(2, "DSI-BAI", &[WATCHER, COLLEAGUE])],
            ..Crew::default()
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
        let answered = (answered_by.get() > 0).then(|| at(11));
        Solution { id: id.into(), author: TECHNICIAN, content, status, answered_by, answered, written: Some(at(11)) }
    }

    #[test]
    fn each_member_but_the_requester_hears_of_a_new_ticket() {
        let mut case = Case::new(1);
        case.ticket.opened = Some(at(10));
        case.crew.first = vec![TECHNICIAN, DIRECTOR, OWN, COLLEAGUE];
        assert_eq!(case.staff(Step::Group), [vec![TECHNICIAN, COLLEAGUE], vec![], vec![]]);
        case.ticket.status = TicketStatus::Solved;
        assert_eq!(case.steps(), []);
        case.ticket.status = TicketStatus::New;
        case.ticket.opened = Some(at(8));
        assert_eq!(case.steps(), [], "it is too old");
    }

    #[rstest]
    #[case(2, Some(at(11)), vec![Step::Charge])]
    #[case(4, Some(at(11)), vec![Step::Charge])]
    #[case(5, Some(at(11)), vec![])]
    #[case(6, Some(at(11)), vec![])]
    #[case(2, Some(at(8)), vec![])]
    #[case(1, None, vec![])]
    fn a_charge_is_told_while_the_ticket_is_under_way(
        #[case] status: u64,
        #[case] charged: Option<DateTime>,
        #[case] expected: Vec<Step>,
    ) {
        let mut case = Case { charged, ..Case::new(status) };
        case.users.push(user(Requester::User(TECHNICIAN), ActorRole::Assigned));
        assert_eq!(case.steps(), expected);
        case.sent.insert(Step::Charge.into());
        assert_eq!(case.steps(), []);
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
        assert_eq!(case.steps(), []);
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
        assert_eq!(case.steps(), [Step::Question(5.into()), Step::Question(7.into())]);
        case.sent.insert(Step::Question(5.into()).into());
        assert_eq!(case.steps(), [Step::Question(7.into())]);
    }

    #[test]
    fn every_requester_hears_of_it_with_an_account_or_without() {
        let mut case = Case { followups: vec![followup(5, TECHNICIAN, false)], ..Case::new(2) };
        let address = Requester::Email("ecole@ac-dijon.fr".to_owned());
        case.users.push(user(address.clone(), ActorRole::Requester));
        case.users.push(user(Requester::User(UserId::new(20)), ActorRole::Observer));
        let due = case.due(&settings(|_| {}));
        let requesters = Recipients::Requesters(vec![Requester::User(DIRECTOR), address]);
        assert_eq!(due, [(Step::Question(5.into()), requesters)]);
    }

    #[test]
    fn the_last_solution_is_told_while_it_waits() {
        let mut case =
            Case { solutions: vec![solution(1, 4, TECHNICIAN), solution(2, 2, UserId::new(0))], ..Case::new(5) };
        assert_eq!(case.steps(), [Step::Solution(2.into())]);
        case.sent.insert(Step::Solution(1.into()).into());
        assert_eq!(case.steps(), [Step::Solution(2.into())], "an earlier one is another");
        case.ticket.status = TicketStatus::Assigned;
        assert_eq!(case.steps(), [], "it was refused meanwhile");
    }

    #[test]
    fn the_technician_hears_what_the_requester_writes_and_else_the_group() {
        let mut case = Case { followups: vec![followup(1, DIRECTOR, false)], crew: crew(), ..Case::new(2) };
        let answer = Step::Answer(1.into());
        let watching = vec![WATCHER, COLLEAGUE];
        assert_eq!(case.staff(answer), [vec![], vec![TECHNICIAN, COLLEAGUE], watching.clone()]);
        case.users.push(user(Requester::User(TECHNICIAN), ActorRole::Assigned));
        assert_eq!(case.staff(answer), [vec![TECHNICIAN], vec![TECHNICIAN, COLLEAGUE], watching]);
        case.sent.insert(answer.told(TECHNICIAN));
        assert_eq!(case.steps(), [answer], "somebody is still to be told");
        case.sent.insert(answer.into());
        assert_eq!(case.steps(), []);
        case.sent.clear();
        case.followups[0].written = Some(at(8));
        assert_eq!(case.steps(), [], "it is too old");
    }

    #[test]
    fn who_asks_without_an_account_is_known_by_what_the_gateway_writes_before_their_words() {
        let address = Requester::Email("ecole@ac-dijon.fr".to_owned());
        let mut case = Case { crew: crew(), ..Case::new(2) };
        case.users = vec![user(address, ActorRole::Requester)];
        let reference = Reference::new("test", "", b"");
        let by = |address: &str, author| Followup {
            content: format!(
                "<p><em>Écrit sur le portail de {address}, le 1. Référence : {reference}</em></p><p>x</p>"
            ),
            ..followup(1, author, false)
        };
        for author in [OWN, UserId::new(0)] {
            case.followups = vec![by("ecole@ac-dijon.fr", author)];
            assert_eq!(case.steps(), [Step::Answer(1.into())]);
            case.followups = vec![by("autre@ac-dijon.fr", author), followup(2, author, false)];
            assert_eq!(case.steps(), []);
        }
    }

    #[test]
    fn a_refusal_is_told_instead_of_the_words_that_say_why() {
        let mut case = Case { crew: crew(), ..Case::new(2) };
        case.followups = vec![followup(1, DIRECTOR, false), followup(2, DIRECTOR, false)];
        case.followups[0].written = Some(at(10));
        for by in [DIRECTOR, OWN] {
            case.solutions = vec![solution(1, 4, by)];
            assert_eq!(case.steps(), [Step::Answer(1.into()), Step::Refusal(2.into())]);
        }
        let of_others = settings(|settings| settings.refusal = Teller::Glpi);
        assert_eq!(case.due(&of_others).len(), 1, "it is no mere answer");
        case.sent.insert(Step::Refusal(2.into()).into());
        case.solutions = vec![solution(1, 4, TECHNICIAN)];
        assert_eq!(case.steps(), [Step::Answer(1.into())], "even where another one refused it later");
    }

    #[test]
    fn an_approval_is_told_instead_of_its_words_and_of_the_closing() {
        let mut case = Case { crew: crew(), ..Case::new(6) };
        case.ticket.closed = Some(at(11));
        case.followups = vec![followup(2, DIRECTOR, false)];
        case.solutions = vec![solution(1, 3, OWN)];
        assert_eq!(case.steps(), [Step::Approval(1.into())]);
        let of_others = settings(|settings| settings.approval = Teller::Off);
        assert_eq!(case.due(&of_others), [], "what others tell is not told as something else");
        case.solutions = vec![solution(1, 3, TECHNICIAN)];
        let moment = 20_261_125_110_000;
        let closed = [Step::Answer(2.into()), Step::Closed(moment), Step::Closing(moment)];
        assert_eq!(case.steps(), closed, "a technician closed it");
        assert_eq!(case.staff(closed[1]), [vec![], vec![COLLEAGUE], vec![WATCHER, COLLEAGUE]]);
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
        let step = Step::Closing(20_261_125_110_000);
        assert_eq!(case.steps() == [step], told);
        case.sent.insert(Step::Closing(20_261_124_110_000).into());
        assert_eq!(case.steps() == [step], told, "it was closed once before");
        case.sent.insert(step.into());
        assert_eq!(case.steps(), []);
    }

    #[test]
    fn who_closes_a_ticket_by_hand_knows_it() {
        let mut case = Case { closed_by: Some(TECHNICIAN), crew: crew(), ..Case::new(6) };
        case.ticket.closed = Some(at(11));
        let closed = Step::Closed(20_261_125_110_000);
        assert_eq!(case.staff(closed), [vec![], vec![COLLEAGUE], vec![WATCHER, COLLEAGUE]]);
        case.users.push(user(Requester::User(TECHNICIAN), ActorRole::Assigned));
        assert_eq!(case.staff(closed), [vec![], vec![], vec![WATCHER, COLLEAGUE]], "nobody else works on it");
    }

    /// The note of a move of the référents to the BAI, or back.
    fn move_note(id: u64, direction: Direction, cause: Cause) -> Followup {
        let (from, to, target) = match direction {
            Direction::Up => ("Référents-LSU", "DSI-BAI", 2),
            Direction::Down => ("DSI-BAI", "Référents-LSU", 1),
        };
        let note = MoveNote {
            direction,
            done: true,
            given_up: None,
            from: from.to_owned(),
            to: to.to_owned(),
            target: GroupId::new(target),
            asked: "Demandée par X le 25/11/2026 à 11:00.".to_owned(),
            reason: "panne".to_owned(),
            cause,
            untaken: false,
        };
        Followup { content: Note::Move(note).html(), ..followup(id, OWN, true) }
    }

    #[test]
    fn of_a_move_hear_the_requester_who_gets_it_and_who_watches_but_not_who_gives_it_up() {
        let (studies, analyst) = (UserId::new(30), UserId::new(31));
        let mut case = Case::new(2);
        case.followups = vec![move_note(4, Direction::Up, Cause::Api)];
        case.crew = Crew {
            assigned: vec![group(2, "DSI-BAI", &[WATCHER])],
            watching: vec![
                group(1, "Référents-LSU", &[TECHNICIAN, COLLEAGUE]),
                group(3, "DSI-Études", &[studies, analyst]),
            ],
            ..Crew::default()
        };
        let (escalation, handover) = (Step::Escalation(4.into()), Step::Handover(4.into()));
        assert_eq!(case.steps(), [escalation, handover]);
        assert_eq!(case.staff(escalation), [vec![WATCHER], vec![], vec![studies, analyst]]);
        case.followups.push(followup(3, analyst, true));
        case.followups[0] = move_note(4, Direction::Up, Cause::Followup(3.into()));
        assert_eq!(case.staff(escalation), [vec![WATCHER], vec![], vec![studies]], "who asked for it");
        case.sent.insert(escalation.into());
        assert_eq!(case.steps(), [handover]);
        case.followups[0].written = Some(at(8));
        assert_eq!(case.steps(), [], "it is too old");
    }

    #[test]
    fn who_watches_hears_of_every_later_step() {
        let mut case = Case { crew: crew(), charged: Some(at(11)), ..Case::new(5) };
        case.users.push(user(Requester::User(TECHNICIAN), ActorRole::Assigned));
        case.followups = vec![followup(1, TECHNICIAN, false)];
        case.solutions = vec![solution(1, 2, UserId::new(0))];
        let (asked, solved) = (Step::WatchedQuestion(1.into()), Step::WatchedSolution(1.into()));
        assert_eq!(case.steps(), [asked, Step::Question(1.into()), solved, Step::Solution(1.into())]);
        for step in [asked, solved] {
            assert_eq!(case.staff(step), [vec![], vec![], vec![WATCHER, COLLEAGUE]]);
        }
        case.ticket.status = TicketStatus::Assigned;
        assert_eq!(case.steps()[..2], [Step::WatchedCharge, Step::Charge]);
    }

    #[test]
    fn what_others_tell_is_not_due() {
        let mut case = Case { charged: Some(at(11)), crew: crew(), ..Case::new(4) };
        case.crew.watching.clear();
        case.users.push(user(Requester::User(TECHNICIAN), ActorRole::Assigned));
        case.followups = vec![followup(5, TECHNICIAN, false), followup(6, DIRECTOR, false)];
        case.followups.push(move_note(7, Direction::Down, Cause::Api));
        let count = |settings: &Notify| case.due(settings).len();
        assert_eq!(count(&settings(|_| {})), 5);
        for off in [
            |settings: &mut Notify| settings.charge = Teller::Off,
            |settings: &mut Notify| settings.question = Teller::Glpi,
            |settings: &mut Notify| settings.answer = Teller::Off,
            |settings: &mut Notify| settings.escalation = Teller::Glpi,
            |settings: &mut Notify| settings.handover = Teller::Glpi,
        ] {
            assert_eq!(count(&settings(off)), 4);
        }
        assert_eq!(count(&config::load_from(None, []).unwrap().notify), 0);
    }
}
