//! Reads of a ticket in GLPI what its notices need: nothing is asked for that no step needs.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

use super::{
    Notifier,
    audience::{Crew, CrewGroup},
    journal,
    known::Known,
    mark::Step,
    steps::{self, Audience, Happening},
    unsent::Unsent,
};
use crate::{
    config::Teller,
    glpi::{ActorRole, SolutionStatus, Ticket, TicketGroup, TicketStatus},
    id::{GroupId, UserId},
};

/// A group that was assigned so soon after the opening was assigned to a new ticket: GLPI's rules take a moment.
const AT_CREATION: std::time::Duration = std::time::Duration::from_mins(1);
/// Members of one group who are written to at most.
const MOST_MEMBERS: usize = 200;

impl Notifier {
    /// Reads what is to be known of a ticket, of what happened since that moment.
    pub(super) async fn known(&self, ticket: Ticket, since: DateTime) -> Result<Known, Unsent> {
        let own = self.glpi.own_account().await?;
        let users = self.glpi.ticket_users(ticket.id).await?;
        let followups = self.glpi.ticket_followups(ticket.id).await?;
        let sent = journal::read(&followups, own);
        let moves = steps::moves(&followups, own);
        let (solutions, charged, closed_by) = (Vec::new(), None, None);
        let mut known = Known { ticket, users, followups, moves, solutions, charged, closed_by, own, sent, since };
        let tells_answers = [self.settings.answer, self.settings.refusal].contains(&Teller::Passerelle);
        // A solution that was refused tells what one of them is.
        let has_answers = tells_answers && known.facts().fresh_answers().next().is_some();
        if steps::is_done(&known.ticket) || has_answers {
            known.solutions = self.glpi.ticket_solutions(known.ticket.id).await?;
        }
        known.charged = self.charged(&known).await?;
        known.closed_by = self.closed_by(&known).await?;
        Ok(known)
    }

    /// When somebody took a ticket in charge of which not everybody was told: by its history, else by GLPI's own date,
    /// which 9.5 does not have.
    async fn charged(&self, known: &Known) -> Result<Option<DateTime>, Unsent> {
        let is_told = |step: Step| known.sent.contains(&step.into());
        let is_watched_in_part = || known.sent.iter().any(|mark| mark.step == Step::WatchedCharge);
        let is_all_told = is_told(Step::Charge) && (is_told(Step::WatchedCharge) || !is_watched_in_part());
        let ticket = &known.ticket;
        if self.settings.charge != Teller::Passerelle || is_all_told || steps::is_done(ticket) {
            return Ok(None);
        }
        let technicians = steps::technicians(&known.users, known.own);
        let mut last = None;
        for technician in &technicians {
            last = last.max(self.glpi.technician_since(ticket.id, *technician).await?);
        }
        Ok(last.or(ticket.taken_into_account).or(ticket.modified).filter(|_| !technicians.is_empty()))
    }

    /// Who closed a ticket without accepting a solution, where somebody is still to be told of it.
    async fn closed_by(&self, known: &Known) -> Result<Option<UserId>, Unsent> {
        let ticket = &known.ticket;
        let is_accepted = known.solutions.last().is_some_and(|last| last.status == SolutionStatus::Accepted);
        let facts = known.facts();
        let is_due = || {
            let happened = steps::happened(&facts, &self.settings);
            happened.iter().any(|it| matches!(it.step, Step::Closed(_) | Step::Closing(_)))
        };
        if ticket.status != TicketStatus::Closed || is_accepted || !is_due() {
            return Ok(None);
        }
        Ok(self.glpi.closed_by(ticket.id).await?)
    }

    /// The groups around a ticket, as far as those need them who are told of what happened.
    pub(super) async fn crew(&self, known: &Known, happened: &[Happening<'_>]) -> Result<Crew, Unsent> {
        let mut crew = Crew::default();
        if !happened.iter().any(|happening| happening.audience.is_of_staff()) {
            return Ok(crew);
        }
        let groups = self.glpi.ticket_groups(known.ticket.id).await?;
        if happened.iter().any(|happening| happening.audience == Audience::FirstGroups) {
            let (names, members) = self.first_groups(known, &groups).await?;
            (crew.first_names, crew.first) = (names, members);
        }
        if happened.iter().any(|it| it.audience.is_of_staff() && it.audience != Audience::FirstGroups) {
            crew.assigned = self.groups_as(ActorRole::Assigned, &groups).await?;
            crew.watching = self.groups_as(ActorRole::Observer, &groups).await?;
        }
        Ok(crew)
    }

    async fn groups_as(&self, role: ActorRole, groups: &[TicketGroup]) -> Result<Vec<CrewGroup>, Unsent> {
        let mut found = Vec::new();
        for link in groups.iter().filter(|link| link.role == role) {
            let name = self.glpi.directory().group_name(link.group).await?.unwrap_or_default();
            found.push(CrewGroup { id: link.group, name, members: self.members(link.group).await? });
        }
        Ok(found)
    }

    /// The groups a ticket was made for, as a person reads them, and their members.
    async fn first_groups(&self, known: &Known, groups: &[TicketGroup]) -> Result<(String, Vec<UserId>), Unsent> {
        let Some(opened) = known.ticket.opened else { return Ok(Default::default()) };
        let (mut names, mut members) = (Vec::new(), BTreeSet::new());
        for link in groups.iter().filter(|link| link.role == ActorRole::Assigned) {
            // Whoever it was moved to later is told of the move.
            if known.moves.iter().any(|done| done.moved.target == link.group) {
                continue;
            }
            let since = self.glpi.assigned_since(known.ticket.id, link.group).await?;
            if since.is_some_and(|since| since.duration_since(opened).unsigned_abs() > AT_CREATION) {
                continue;
            }
            names.extend(self.glpi.directory().group_name(link.group).await?);
            members.extend(self.members(link.group).await?);
        }
        Ok((names.join(", "), members.into_iter().collect()))
    }

    /// The members of a group who are written to.
    pub(super) async fn members(&self, group: GroupId) -> Result<Vec<UserId>, Unsent> {
        let mut members = self.glpi.directory().members(group).await?.to_vec();
        if members.len() > MOST_MEMBERS {
            tracing::warn!(
                group = group.get(),
                members = members.len(),
                "a group is too large: its first members are written to"
            );
            members.truncate(MOST_MEMBERS);
        }
        Ok(members)
    }
}
