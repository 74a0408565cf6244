//! Which of many tickets may have something for the gateway to do: by a few searches, without a look into each.

use std::collections::BTreeSet;

use super::{AllLevels, ApplicationLevels, Escalator, delays::WAITING};
use crate::{
    glpi::{Criterion, Followup, GlpiError, Said, TicketSummary},
    id::{GroupId, TicketId},
    lifecycle::note::{TYPED_UNDER_WAY, UNDER_WAY, UNTAKEN},
    request::{Reference, is_command},
};

/// Tickets of one search, at most.
const MOST: usize = 10_000;

/// What stands in a follow-up that is a command, or the note of a move that is under way.
const WORK: [&str; 5] = ["#escalade", "#retour", "#fiche", UNDER_WAY, TYPED_UNDER_WAY];

impl Escalator {
    /// The tickets among those that meet `scope` into which [`Escalator::process_commands`] is to look. Commands of any
    /// age are found by their words; the `recent` follow-ups tell of those that somebody wrote otherwise, with a word
    /// half in bold, say. `taken` are those in which GLPI may take a move of ours for somebody's taking in charge.
    /// `None`: all of them, for they are too many to tell.
    ///
    /// # Errors
    ///
    /// When GLPI cannot answer.
    pub async fn with_work(
        &self,
        scope: &[Criterion],
        recent: &[Said<Followup>],
        taken: &BTreeSet<TicketId>,
    ) -> Result<Option<BTreeSet<TicketId>>, GlpiError> {
        let saying = |words: &[&'static str]| {
            let any = words.iter().map(|words| Criterion::FollowupSays(words)).collect();
            [scope, &[Criterion::Any(any)]].concat()
        };
        let Some(mut found) = self.glpi.tickets_that(&saying(&WORK), MOST).await? else { return Ok(None) };
        if !taken.is_empty() {
            let Some(untaken) = self.glpi.tickets_that(&saying(&[UNTAKEN]), MOST).await? else { return Ok(None) };
            found.extend(untaken.intersection(taken));
        }
        let own = self.glpi.own_account().await?;
        let commands = recent.iter().filter(|said| said.what.author != own && said.what.author.get() > 0);
        found.extend(commands.filter(|said| is_command(&said.what.content)).map(|said| said.ticket));
        Ok(Some(found))
    }
}

impl AllLevels {
    /// Whether the rules may strike a ticket that a search shows: made by the gateway, without a technician, on no level
    /// that surely has no rule.
    pub fn may_strike(&self, ticket: &TicketSummary) -> bool {
        let has_rule = |group: GroupId| {
            self.all().iter().flat_map(ApplicationLevels::groups_with_rules).any(|with_rule| with_rule == group)
        };
        let may_have_rule = |path: &String| {
            let groups = self.named(path);
            groups.is_empty() || groups.into_iter().any(has_rule)
        };
        WAITING.contains(&ticket.status)
            && ticket.technicians.is_empty()
            && self.all().iter().any(|application| application.groups_with_rules().next().is_some())
            && ticket.groups.iter().any(may_have_rule)
            && Reference::find(&ticket.content).is_some()
    }
}
