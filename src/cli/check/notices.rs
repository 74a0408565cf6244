//! Who tells of each step of a ticket: what is set here, beside what GLPI's notifications do.

use super::report::Report;
use crate::{
    config::{Acknowledge, Config, Teller},
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

/// The steps in a ticket's order. GLPI has no event for a ticket that nobody takes in charge, only the follow-up
/// that the reminder is written as; a group that a ticket is escalated to is always told by GLPI.
fn steps(config: &Config) -> [Step; 8] {
    use Recipient::{AssignedGroup, Requester};
    let deposit = match config.receipts() {
        Acknowledge::Passerelle => Teller::Passerelle,
        Acknowledge::Glpi => Teller::Glpi,
        Acknowledge::Off => Teller::Off,
    };
    let notify = &config.notify;
    let step = |name, key, teller, recipient, events| Step { name, key, teller, recipient, events };
    [
        step("receipts", "notify.deposit", deposit, Requester, &[("new", "New ticket")]),
        step("new tickets", "notify.group", notify.group, AssignedGroup, &[("new", "New ticket")]),
        step(
            "charge",
            "notify.charge",
            notify.charge,
            Requester,
            &[("assign_user", "New user in assignees"), ("update", "Update of a ticket")],
        ),
        step("questions", "notify.question", notify.question, Requester, &[("add_followup", "New followup")]),
        step("solutions", "notify.solution", notify.solution, Requester, &[("solved", "Ticket solved")]),
        step("closings", "notify.closing", notify.closing, Requester, &[("closed", "Closing of the ticket")]),
        step("reminders", "notify.reminder", notify.reminder, AssignedGroup, &[("add_followup", "New followup")]),
        step("escalations", "", Teller::Glpi, AssignedGroup, &[("assign_group", "New group in assignees")]),
    ]
}

impl Step {
    /// The members of the group, or the requester, as GLPI's pages name them as a recipient.
    fn recipient(&self) -> &'static str {
        match self.recipient {
            Recipient::Requester => "Requester",
            Recipient::AssignedGroup => "Group in charge of the ticket",
        }
    }

    fn whom(&self) -> &'static str {
        match self.recipient {
            Recipient::Requester => "the requester",
            Recipient::AssignedGroup => "the members of the assigned group",
        }
    }

    fn labels(&self) -> String {
        self.events.iter().map(|(_, label)| format!("«{label}»")).collect::<Vec<_>>().join(" or ")
    }

    /// How to have Passerelle tell instead, where it can.
    fn otherwise(&self) -> String {
        if self.key.is_empty() { String::new() } else { format!(", or set {} = \"passerelle\"", self.key) }
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
                    "Under «Setup > Notifications», add the recipient «{}» to {}, active{}.",
                    step.recipient(),
                    step.labels(),
                    step.otherwise()
                ),
            ),
            (Teller::Passerelle, true) => report.warning(
                step.name,
                format_args!("GLPI and Passerelle both write to {}", step.whom()),
                &format!(
                    "Set {} = \"glpi\", or take the recipient «{}» off {} under «Setup > Notifications».",
                    step.key,
                    step.recipient(),
                    step.labels()
                ),
            ),
            (Teller::Passerelle, false) => report.ok(step.name, format_args!("Passerelle tells {}", step.whom())),
            (Teller::Off, _) => {}
        }
    }
}

/// What GLPI must be set to for a step.
fn wanted(step: &Step) -> String {
    format!("{} needs the recipient «{}»", step.labels(), step.recipient())
}
