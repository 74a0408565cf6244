//! Which of what has changed is worth a closer look.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, civil::DateTime};

use crate::{
    glpi::{Criterion, Glpi, GlpiError, TicketSummary},
    id::TicketId,
    lifecycle::{
        escalation::{AllLevels, Escalator},
        notices::{Announcer, Lately, Notifier},
    },
    request::Reference,
};

/// Several web servers' clocks need not agree to the second.
const SAME_CLOCK: SignedDuration = SignedDuration::from_mins(2);

/// A ticket that a search showed, without its description.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) ticket: TicketSummary,
    /// Whether the gateway made it.
    is_ours: bool,
}

impl Changed {
    /// What a search shows of a ticket; `None` for one that is none of the gateway's business.
    pub(super) fn of(mut ticket: TicketSummary, all_levels: &AllLevels) -> Option<Self> {
        let is_ours = Reference::find(&ticket.content).is_some();
        ticket.content = String::new();
        (is_ours || all_levels.concern(&ticket)).then_some(Self { ticket, is_ours })
    }
}

/// Who tells people, and the portal, what has changed.
#[derive(Clone, Copy)]
pub(super) struct Tellers<'a> {
    pub(super) notifier: &'a Notifier,
    pub(super) announcer: &'a Announcer,
}

/// Of these tickets, which are among those that meet `scope`, those into which to look closer: by a few calls, however
/// many they are. `None`: all of them.
pub(super) async fn worth_a_look(
    glpi: &Glpi,
    escalator: &Escalator,
    Tellers { notifier, announcer }: Tellers<'_>,
    (scope, since): (&[Criterion], DateTime),
    changed: &[Changed],
) -> Result<Option<BTreeSet<TicketId>>, GlpiError> {
    let tells_since = notifier.tells_since();
    let tells = notifier.is_on() || announcer.is_on();
    let recent = if tells { since.min(tells_since) } else { since };
    let Some(recent) = glpi.followups_since(recent).await? else { return Ok(None) };
    // Nobody who works on them has taken them, and GLPI counts them as taken.
    let taken = |changed: &&Changed| changed.ticket.taken_after > 0 && changed.ticket.technicians.is_empty();
    let taken = changed.iter().filter(taken).map(|changed| changed.ticket.id).collect();
    let Some(mut found) = escalator.with_work(scope, &recent, &taken).await? else { return Ok(None) };
    if tells {
        let all_levels = escalator.all_levels().await?;
        let is_told = |changed: &&Changed| {
            changed.is_ours && changed.ticket.modified.is_none_or(|modified| modified >= tells_since)
        };
        let tickets: Vec<&TicketSummary> = changed.iter().filter(is_told).map(|changed| &changed.ticket).collect();
        let needs_solutions = notifier.tells_of_solutions() || announcer.is_on();
        let solutions = if needs_solutions { glpi.solutions_since(tells_since).await? } else { Some(Vec::new()) };
        let Some(solutions) = solutions else {
            found.extend(tickets.iter().map(|ticket| ticket.id));
            return Ok(Some(found));
        };
        let lately = Lately::new(glpi.own_account().await?, tells_since, recent, solutions);
        if notifier.is_on() {
            let told = Criterion::ModifiedAfter(tells_since.checked_sub(SAME_CLOCK).unwrap_or(tells_since));
            found.extend(notifier.with_news(&[told], &tickets, &lately, |path| all_levels.named(path)).await?);
        }
        if announcer.is_on() {
            found.extend(announcer.with_news(&tickets, &lately));
        }
    }
    Ok(Some(found))
}

/// Changed tickets by their ids.
pub(super) type ChangedTickets = BTreeMap<TicketId, Changed>;
