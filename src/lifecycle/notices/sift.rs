//! Which of many tickets may have a notice to send: what is due for each, by what few calls tell of all of them. Where
//! these do not say something, it counts as if it were to be told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;

use super::{
    Notifier,
    journal::{self, CHARGE_TOLD},
    mark::{Mark, Step},
    steps::{self, Audience, TicketFacts},
};
use crate::{
    config::Teller,
    glpi::{ActorRole, Criterion, Followup, GlpiError, Requester, Said, Solution, Ticket, TicketSummary, TicketUser},
    id::{CategoryId, GroupId, RequestTypeId, TicketId, UserId, UserLinkId},
};

/// Tickets of one search, at most.
const MOST: usize = 10_000;

impl Notifier {
    /// Since when what happened is still told, in GLPI's time zone.
    pub fn tells_since(&self) -> DateTime {
        self.since()
    }

    /// Of these tickets of the gateway, all among those that meet `scope`, those into which [`Notifier::look_at`] is to
    /// look. `recent` are all follow-ups since [`Notifier::tells_since`]; `groups` gives the groups that a path may mean.
    ///
    /// # Errors
    ///
    /// When GLPI cannot answer.
    pub async fn with_news(
        &self,
        scope: &[Criterion],
        tickets: &[&TicketSummary],
        recent: &[Said<Followup>],
        groups: impl Fn(&str) -> BTreeSet<GroupId>,
    ) -> Result<BTreeSet<TicketId>, GlpiError> {
        let since = self.since();
        let all = || tickets.iter().map(|ticket| ticket.id).collect();
        let own = self.glpi.own_account().await?;
        let mut followups: BTreeMap<TicketId, Vec<Followup>> = BTreeMap::new();
        for said in recent {
            followups.entry(said.ticket).or_default().push(said.what.clone());
        }
        let mut solutions: BTreeMap<TicketId, Vec<Solution>> = BTreeMap::new();
        let by_solutions =
            [self.settings.solution, self.settings.refusal, self.settings.approval, self.settings.closing];
        if by_solutions.contains(&Teller::Passerelle) {
            let Some(mut recent) = self.glpi.solutions_since(since).await? else { return Ok(all()) };
            recent.sort_by_key(|said| said.what.id);
            for said in recent {
                solutions.entry(said.ticket).or_default().push(said.what);
            }
        }
        let nothing = (Vec::new(), Vec::new());
        let written = |ticket: &TicketSummary| followups.get(&ticket.id).unwrap_or(&nothing.0);
        let is_untold = |ticket: &&&TicketSummary| {
            !ticket.status.is_over()
                && ticket.technicians.iter().any(|technician| *technician != own)
                && !journal::read(written(ticket), own).contains(&Mark::from(Step::Charge))
        };
        let charged_before = if tickets.iter().any(|ticket| is_untold(&ticket)) {
            self.told_of_charge(scope).await?
        } else {
            BTreeSet::new()
        };
        let mut found = BTreeSet::new();
        for ticket in tickets {
            let written = written(ticket);
            let mut sent = journal::read(written, own);
            if charged_before.contains(&ticket.id) {
                sent.insert(Step::Charge.into());
            }
            let implied: Vec<Mark> = sent.iter().filter_map(implied).collect();
            sent.extend(implied);
            let (shown, users) = as_shown(ticket);
            let members = self.may_be_members(ticket, since, &groups).await?;
            let known = TicketFacts {
                ticket: &shown,
                users: &users,
                shows_requesters: false,
                followups: written,
                moves: &steps::moves(written, own),
                solutions: solutions.get(&ticket.id).unwrap_or(&nothing.1),
                charged: (!ticket.technicians.is_empty()).then_some(since),
                closed_by: None,
                own,
                sent: &sent,
                since,
            };
            let is_noted = |member: &UserId| sent.contains(&Step::Group.told(*member));
            let is_to_tell = steps::happened(&known, &self.settings).iter().any(|it| match it.audience {
                // Nobody knows who they are.
                Audience::Requesters | Audience::Workers | Audience::Receivers(..) => true,
                // They are told before, and of the same.
                Audience::Watchers => false,
                Audience::FirstGroups => members.as_ref().is_none_or(|members| !members.iter().all(is_noted)),
            });
            if is_to_tell {
                found.insert(ticket.id);
            }
        }
        Ok(found)
    }

    /// The tickets of which a note of any age says that somebody's taking in charge was told.
    async fn told_of_charge(&self, scope: &[Criterion]) -> Result<BTreeSet<TicketId>, GlpiError> {
        if self.settings.charge != Teller::Passerelle {
            return Ok(BTreeSet::new());
        }
        let saying = [scope, &[Criterion::NoteSays(CHARGE_TOLD)]].concat();
        Ok(self.glpi.tickets_that(&saying, MOST).await?.unwrap_or_default())
    }

    /// The members of all groups a new ticket may have been made for; `None` where nobody knows.
    async fn may_be_members(
        &self,
        ticket: &TicketSummary,
        since: DateTime,
        groups: impl Fn(&str) -> BTreeSet<GroupId>,
    ) -> Result<Option<Vec<UserId>>, GlpiError> {
        let is_new = ticket.opened.is_some_and(|opened| opened >= since) && !ticket.status.is_over();
        if self.settings.group != Teller::Passerelle || !is_new {
            return Ok(Some(Vec::new()));
        }
        let mut members = BTreeSet::new();
        for path in &ticket.groups {
            let groups = groups(path);
            if groups.is_empty() {
                return Ok(None);
            }
            for group in groups {
                members.extend(self.glpi.directory().members(group).await?.iter().copied());
            }
        }
        Ok(Some(members.into_iter().collect()))
    }
}

/// What was dealt with, whether or not there was anybody to tell, where requesters were told of this: it comes first. And
/// what they were asked is no answer of theirs.
fn implied(mark: &Mark) -> Option<Mark> {
    let step = match mark.step {
        Step::Question(followup) => Step::Answer(followup),
        Step::Handover(note) => Step::Escalation(note),
        Step::Closing(moment) => Step::Closed(moment),
        Step::Group
        | Step::Charge
        | Step::Solution(_)
        | Step::Escalation(_)
        | Step::Answer(_)
        | Step::Refusal(_)
        | Step::Approval(_)
        | Step::Closed(_)
        | Step::WatchedCharge
        | Step::WatchedQuestion(_)
        | Step::WatchedSolution(_) => return None,
    };
    Some(Mark::from(step)).filter(|_| mark.account.is_none())
}

/// A ticket and its people as far as a search shows them: somebody asked, nobody knows who.
pub(super) fn as_shown(ticket: &TicketSummary) -> (Ticket, Vec<TicketUser>) {
    let shown = Ticket {
        id: ticket.id,
        name: String::new(),
        content: String::new(),
        status: ticket.status,
        deleted: false,
        kind: ticket.kind,
        urgency: ticket.urgency,
        category: CategoryId::default(),
        entity: None,
        request_type: RequestTypeId::default(),
        opened: ticket.opened,
        taken_into_account: None,
        waiting_since: None,
        solved: ticket.solved,
        closed: ticket.closed,
        modified: ticket.modified,
    };
    let user = |who, role| TicketUser { row: UserLinkId::default(), who, address: String::new(), role };
    let technicians = ticket.technicians.iter().map(|account| user(Requester::User(*account), ActorRole::Assigned));
    let somebody = user(Requester::Email("?".to_owned()), ActorRole::Requester);
    (shown, technicians.chain([somebody]).collect())
}
