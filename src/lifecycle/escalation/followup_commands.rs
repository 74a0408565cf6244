//! Commands in follow-ups: who may give them, obeying each once, answering why not.

use jiff::Timestamp;

use super::{
    EscalateError, Escalator, Order,
    ticket_snapshot::{Conversation, TicketSnapshot},
};
use crate::{
    glpi::{Followup, GlpiError},
    id::{TicketId, UserId},
    lifecycle::{
        drafts::{DraftError, DraftOrder},
        note::{Cause, NoDraftNote, Note, RefusalNote},
    },
    request::Command,
};

const REFUSALS: &str = "passerelle_commands_refused_total";

/// What the counter is for.
pub(super) fn describe_metrics() {
    metrics::describe_counter!(REFUSALS, "Commands in follow-ups that were not obeyed, by reason.");
    for reason in EscalateError::SAID.iter().copied().chain(DraftError::SAID) {
        metrics::counter!(REFUSALS, "reason" => reason).increment(0);
    }
}

impl Escalator {
    /// Finishes what was begun with a ticket, and obeys the commands in its follow-ups, each once.
    ///
    /// # Errors
    ///
    /// What could not be done now; the next call makes up for it.
    pub async fn process_commands(&self, ticket: TicketId, now: Timestamp) -> Result<(), EscalateError> {
        let own = self.glpi.own_account().await?;
        let followups = match self.glpi.ticket_followups(ticket).await {
            Err(GlpiError::NotFound) => return Err(EscalateError::NotFound(ticket)),
            followups => followups?,
        };
        let thread = Conversation::new(followups, own);
        let is_to_mend = thread.unfinished().next().is_some()
            || thread.last_settled().is_some_and(|written| written.note.untaken && !self.is_untaken(written));
        if !is_to_mend && thread.commands(own).is_empty() && thread.draft_orders(own).is_empty() {
            return Ok(());
        }
        self.with_ticket_lock(ticket, self.process_commands_alone(ticket, now)).await
    }

    async fn process_commands_alone(&self, ticket: TicketId, now: Timestamp) -> Result<(), EscalateError> {
        let mut snapshot = self.read(ticket).await?;
        if !self.finish_interrupted(&snapshot).await?.is_empty() {
            snapshot = self.read(ticket).await?;
        }
        while let Some((followup, command)) = self.next_command(&snapshot).await? {
            let obeyed = self.execute(&snapshot, &followup, &command, now).await;
            snapshot = self.read(ticket).await?;
            obeyed?;
            if self.next_command(&snapshot).await?.is_some_and(|(next, _)| next.id <= followup.id) {
                // GLPI does not show the answer yet.
                return Err(EscalateError::Unconfirmed);
            }
        }
        self.draft_articles(&snapshot).await
    }

    /// Drafts the articles that follow-ups ask for, or answers why not.
    async fn draft_articles(&self, snapshot: &TicketSnapshot) -> Result<(), EscalateError> {
        let own = self.glpi.own_account().await?;
        for followup in snapshot.thread.draft_orders(own) {
            let may = self.may_command(snapshot, followup.author).await?;
            // What someone from outside writes in public is nobody's command.
            if !may && !followup.private {
                continue;
            }
            let asked = if !may {
                Err(DraftError::NotAllowed)
            } else if !followup.private {
                Err(DraftError::Public)
            } else {
                let by = self.glpi.directory().name(followup.author).await?;
                let order = DraftOrder { by, author: Some(followup.author), cause: Cause::Followup(followup.id) };
                self.drafter.draft(snapshot.ticket.id, &order).await
            };
            let error = match asked {
                Ok(_) => continue,
                Err(DraftError::Glpi(error)) => return Err(error.into()),
                Err(error) => error,
            };
            let reason = error.code();
            tracing::info!(
                ticket = snapshot.ticket.id.get(),
                followup = followup.id.get(),
                reason,
                "no article drafted"
            );
            metrics::counter!(REFUSALS, "reason" => reason).increment(1);
            let note = NoDraftNote { followup: followup.id, why: error.sentence() };
            self.write(snapshot.ticket.id, &Note::NoDraft(note)).await?;
        }
        Ok(())
    }

    /// The first command that is to be answered. What someone from outside writes in public is nobody's command.
    async fn next_command(&self, snapshot: &TicketSnapshot) -> Result<Option<(Followup, Command)>, EscalateError> {
        for (followup, command) in snapshot.thread.commands(self.glpi.own_account().await?) {
            if followup.private || self.may_command(snapshot, followup.author).await? {
                return Ok(Some((followup.clone(), command)));
            }
        }
        Ok(None)
    }

    /// Obeys a command, or answers why not.
    async fn execute(
        &self,
        snapshot: &TicketSnapshot,
        followup: &Followup,
        command: &Command,
        now: Timestamp,
    ) -> Result<(), EscalateError> {
        let may = self.may_command(snapshot, followup.author).await?;
        let asked = if !may {
            Err(EscalateError::NotAllowed)
        } else if !followup.private {
            Err(EscalateError::Public)
        } else if snapshot.thread.moved_since(followup.id, command.direction) {
            Err(EscalateError::Already)
        } else {
            let by = self.glpi.user(followup.author).await?.name;
            let reason = if command.reason.is_empty() { "non précisé".to_owned() } else { command.reason.clone() };
            let order =
                Order { direction: command.direction, by, reason, cause: Cause::Followup(followup.id), to: None };
            self.begin(snapshot, &order, now).await
        };
        let error = match asked {
            Ok(_) => return Ok(()),
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => error,
        };
        tracing::info!(
            ticket = snapshot.ticket.id.get(),
            followup = followup.id.get(),
            reason = error.code(),
            "command not obeyed"
        );
        metrics::counter!(REFUSALS, "reason" => error.code()).increment(1);
        let refusal = RefusalNote { direction: command.direction, followup: followup.id, why: error.sentence() };
        self.write(snapshot.ticket.id, &Note::Refusal(refusal)).await?;
        Ok(())
    }

    /// Whether this person may have the ticket moved by a follow-up: a member of the application's groups who does
    /// not ask for themself.
    async fn may_command(&self, snapshot: &TicketSnapshot, user: UserId) -> Result<bool, EscalateError> {
        if snapshot.is_requester(user) {
            return Ok(false);
        }
        let all_levels = self.all_levels().await?;
        let Some(application_levels) = snapshot.application_levels(&all_levels) else { return Ok(false) };
        for group in application_levels.groups() {
            if self.glpi.directory().members(group).await?.contains(&user) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
