//! Which of many tickets may have a notice to send: what is due for each, by what few calls tell of all of them. Where
//! these do not say something, it counts as if it were to be told.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

use super::{
    Notifier,
    journal::{self, CHARGE_TOLD},
    lately::Lately,
    mark::{Mark, Step},
    steps::{self, Audience},
};
use crate::{
    config::Teller,
    glpi::{Criterion, GlpiError, TicketSummary},
    id::{GroupId, TicketId, UserId},
};

/// Tickets of one search, at most.
const MOST: usize = 10_000;

impl Notifier {
    /// Since when what happened is still told, in GLPI's time zone.
    pub fn tells_since(&self) -> DateTime {
        self.since()
    }

    /// Whether it tells of anything that solutions show.
    pub fn tells_of_solutions(&self) -> bool {
        let steps = [self.settings.solution, self.settings.refusal, self.settings.approval, self.settings.closing];
        self.is_on() && steps.contains(&Teller::Passerelle)
    }

    /// Of these tickets of the gateway, all among those that meet `scope`, those into which [`Notifier::look_at`] is to
    /// look. `lately` goes back to [`Notifier::tells_since`]; `groups` gives the groups that a path may mean.
    ///
    /// # Errors
    ///
    /// When GLPI cannot answer.
    pub async fn with_news(
        &self,
        scope: &[Criterion],
        tickets: &[&TicketSummary],
        lately: &Lately,
        groups: impl Fn(&str) -> BTreeSet<GroupId>,
    ) -> Result<BTreeSet<TicketId>, GlpiError> {
        let own = lately.own;
        let is_untold = |ticket: &&&TicketSummary| {
            !ticket.status.is_over()
                && ticket.technicians.iter().any(|technician| *technician != own)
                && !journal::read(lately.written(ticket), own).contains(&Mark::from(Step::Charge))
        };
        let charged_before = if tickets.iter().any(|ticket| is_untold(&ticket)) {
            self.told_of_charge(scope).await?
        } else {
            BTreeSet::new()
        };
        let mut found = BTreeSet::new();
        for ticket in tickets {
            let mut sent = journal::read(lately.written(ticket), own);
            if charged_before.contains(&ticket.id) {
                sent.insert(Step::Charge.into());
            }
            let implied: Vec<Mark> = sent.iter().filter_map(implied).collect();
            sent.extend(implied);
            let members = self.may_be_members(ticket, lately.since, &groups).await?;
            let seen = lately.of(ticket);
            let is_noted = |member: &UserId| sent.contains(&Step::Group.told(*member));
            let is_to_tell = steps::happened(&seen.facts(&sent), &self.settings).iter().any(|it| match it.audience {
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
