//! Who tells of each step of a ticket: what is set here, beside what GLPI's notifications do.

use super::report::Report;
use crate::{
    config::{Acknowledge, Config, Note, Teller},
    glpi::{Glpi, Recipient},
};

/// A step, as it is set here and as GLPI's own notifications tell of it.
struct Step {
    name: &'static str,
    key: &'static str,
    teller: Teller,
    recipient: Recipient,
    /// GLPI's events, any of which is enough, as its API and as its pages name them.
    events: &'static [(&'static str, &'static str)],
}

const FOLLOWUP: (&str, &str) = ("add_followup", "New followup");
const CLOSED: (&str, &str) = ("closed", "Closing of the ticket");
const NEW: (&str, &str) = ("new", "New ticket");
const NEW_GROUP: (&str, &str) = ("assign_group", "New group in assignees");

/// The steps in a ticket's order. GLPI has no event for a ticket that nobody takes in charge, only the follow-up
/// that the reminder is written as.
fn steps(config: &Config) -> [Step; 14] {
    use Recipient::{AssignedGroup, Requester, Working};
    let deposit = match config.receipts() {
        Acknowledge::Passerelle => Teller::Passerelle,
        Acknowledge::Glpi => Teller::Glpi,
        Acknowledge::Off => Teller::Off,
    };
    let notify = &config.notify;
    let step = |name, key, teller, recipient, events| Step { name, key, teller, recipient, events };
    let charge = &[("assign_user", "New user in assignees"), ("update", "Update of a ticket")];
    [
        step("receipts", "notify.deposit", deposit, Requester, &[NEW]),
        step("new tickets", "notify.group", notify.group, AssignedGroup, &[NEW]),
        step("charge", "notify.charge", notify.charge, Requester, charge),
        step("questions", "notify.question", notify.question, Requester, &[FOLLOWUP]),
        step("answers", "notify.answer", notify.answer, Working, &[FOLLOWUP]),
        step("solutions", "notify.solution", notify.solution, Requester, &[("solved", "Ticket solved")]),
        step(
            "refusals",
            "notify.refusal",
            notify.refusal,
            Working,
            &[FOLLOWUP, ("rejectsolution", "Solution rejected")],
        ),
        step("approvals", "notify.approval", notify.approval, Working, &[CLOSED, FOLLOWUP]),
        step("closings", "notify.closing", notify.closing, Requester, &[CLOSED]),
        step("closings for staff", "notify.closing", notify.closing, Working, &[CLOSED]),
        step("reminders", "notify.reminder", notify.reminder, AssignedGroup, &[FOLLOWUP]),
        step("escalations", "notify.escalation", notify.escalation, AssignedGroup, &[NEW_GROUP]),
        step("handovers", "notify.handover", notify.handover, Requester, &[NEW_GROUP]),
        step("handovers in public notes", "notify.handover", public_notes(config), Requester, &[UPDATED_FOLLOWUP]),
    ]
}

const UPDATED_FOLLOWUP: (&str, &str) = ("update_followup", "Update of a followup");

/// Where the notes of moves are public, requesters read them, and GLPI may tell of them.
fn public_notes(config: &Config) -> Teller {
    let is_public = config.escalation.note == Note::Public && config.notify.handover == Teller::Passerelle;
    if is_public { Teller::Passerelle } else { Teller::Off }
}

impl Step {
    /// The recipient, as GLPI's pages name it.
    fn recipient(&self) -> &'static str {
        match self.recipient {
            Recipient::Requester => "Requester",
            Recipient::AssignedGroup => "Group in charge of the ticket",
            Recipient::Working => "Technician in charge of the ticket» or «Group in charge of the ticket",
        }
    }

    fn whom(&self) -> &'static str {
        match self.recipient {
            Recipient::Requester => "the requester",
            Recipient::AssignedGroup => "the members of the assigned group",
            Recipient::Working => "the technician or the members of the assigned group",
        }
    }

    fn labels(&self) -> String {
        self.events.iter().map(|(_, label)| format!("«{label}»")).collect::<Vec<_>>().join(" or ")
    }

    /// Whether GLPI's mail is the gateway's to stop: it asks GLPI to tell nobody of a group that it adds.
    fn silences_glpi(&self) -> bool {
        self.events == [NEW_GROUP]
    }
}

/// Says of each step whether nobody tells of it, or two do. `mails` is whether GLPI sends any.
pub(super) async fn check(report: &mut Report, glpi: &Glpi, config: &Config, mails: bool) {
    let steps = steps(config);
    if !mails {
        let silent: Vec<_> = steps.iter().filter(|step| step.teller == Teller::Glpi).map(|step| step.name).collect();
        report.warning(
            "GLPI notifications",
            format_args!("GLPI sends no mail: nobody is told of {}", silent.join(", ")),
            "Under «Setup > Notifications», set «Enable followup» and «Enable followups via email» to yes, or set \"passerelle\" in [notify].",
        );
        return;
    }
    let events: Vec<_> = steps.iter().flat_map(|step| step.events).map(|(event, _)| *event).collect();
    let notices = match glpi.ticket_notices(&events).await {
        Ok(Some(notices)) => notices,
        Ok(None) => {
            report.warning(
                "GLPI notifications",
                "the account may not read them, so whom GLPI tells is not known",
                &format!(
                    "Give its profile «Setup > Notifications: Read» for the time of this check, or look yourself: {}.",
                    steps.iter().filter(|step| step.teller == Teller::Glpi).map(wanted).collect::<Vec<_>>().join("; ")
                ),
            );
            return;
        }
        Err(error) => return report.glpi_error("GLPI notifications", &error),
    };
    for step in &steps {
        let told = step.events.iter().any(|(event, _)| notices.tells(event, step.recipient));
        match (step.teller, told) {
            (Teller::Glpi, true) => report.ok(step.name, format_args!("GLPI tells {}", step.whom())),
            (Teller::Glpi, false) => report.warning(
                step.name,
                format_args!("GLPI does not tell {}", step.whom()),
                &format!(
                    "Under «Setup > Notifications», add the recipient «{}» to {}, active, or set {} = \"passerelle\".",
                    step.recipient(),
                    step.labels(),
                    step.key
                ),
            ),
            (Teller::Passerelle, true) if !step.silences_glpi() => report.warning(
                step.name,
                format_args!("GLPI and Passerelle both write to {}", step.whom()),
                &format!(
                    "Set {} = \"glpi\", or take the recipient «{}» off {} under «Setup > Notifications».",
                    step.key,
                    step.recipient(),
                    step.labels()
                ),
            ),
            (Teller::Passerelle, _) => report.ok(step.name, format_args!("Passerelle tells {}", step.whom())),
            (Teller::Off, _) => {}
        }
    }
}

/// What GLPI must be set to for a step.
fn wanted(step: &Step) -> String {
    format!("{} needs the recipient «{}»", step.labels(), step.recipient())
}
