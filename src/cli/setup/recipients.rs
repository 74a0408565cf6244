//! Whom GLPI's notifications must tell, where it tells of tickets and the gateway does not.

use super::{
    context::Setup,
    outcome::{Failed, State},
};
use crate::{
    config::{Acknowledge, Config, Notify, Teller},
    glpi::{Recipient, Telling},
    text::Bilingual,
};

/// An event of tickets, and who must hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    event: &'static str,
    /// As GLPI's pages name the event, in English and in French.
    label: (&'static str, &'static str),
    recipient: Recipient,
    /// The keys of `[notify]`, any of which may leave it to GLPI.
    steps: &'static [&'static str],
}

const fn told(
    event: &'static str,
    label: (&'static str, &'static str),
    recipient: Recipient,
    steps: &'static [&'static str],
) -> Told {
    Told { event, label, recipient, steps }
}

const NEW: (&str, &str) = ("New ticket", "Nouveau ticket");
const FOLLOWUP: (&str, &str) = ("New followup", "Nouveau suivi");
const CLOSED: (&str, &str) = ("Closing of the ticket", "Clôture du ticket");
const NEW_GROUP: (&str, &str) = ("New group in assignees", "Nouveau groupe responsable");

/// What GLPI can tell of the steps of `[notify]`.
const ALL: &[Told] = &[
    told("new", NEW, Recipient::AssignedGroup, &["group"]),
    told("assign_user", ("New user in assignees", "Nouvel utilisateur responsable"), Recipient::Requester, &["charge"]),
    told("add_followup", FOLLOWUP, Recipient::Requester, &["question"]),
    told("add_followup", FOLLOWUP, Recipient::Working, &["answer", "refusal"]),
    told("solved", ("Ticket solved", "Ticket résolu"), Recipient::Requester, &["solution"]),
    told("closed", CLOSED, Recipient::Requester, &["closing"]),
    told("closed", CLOSED, Recipient::Working, &["closing", "approval"]),
    told("assign_group", NEW_GROUP, Recipient::AssignedGroup, &["escalation"]),
    told("assign_group", NEW_GROUP, Recipient::Requester, &["handover"]),
    told("new", NEW, Recipient::Requester, &["deposit"]),
];

/// Those that this configuration leaves to GLPI.
pub(super) fn left_to_glpi(config: &Config) -> impl Iterator<Item = Told> {
    ALL.iter().copied().filter(|told| told.steps.iter().any(|step| is_left_to_glpi(config, step)))
}

fn is_left_to_glpi(config: &Config, step: &str) -> bool {
    let Notify { group, charge, question, answer, refusal, solution, closing, approval, escalation, handover, .. } =
        &config.notify;
    let teller = match step {
        "group" => group,
        "charge" => charge,
        "question" => question,
        "answer" => answer,
        "refusal" => refusal,
        "solution" => solution,
        "closing" => closing,
        "approval" => approval,
        "escalation" => escalation,
        "handover" => handover,
        _ => return config.receipts() == Acknowledge::Glpi,
    };
    *teller == Teller::Glpi
}

impl Told {
    fn recipient(self) -> Bilingual {
        match self.recipient {
            Recipient::Requester => Bilingual::new("«Requester»", "«\u{a0}Demandeur\u{a0}»"),
            Recipient::AssignedGroup => {
                Bilingual::new("«Group in charge of the ticket»", "«\u{a0}Groupe chargé du ticket\u{a0}»")
            }
            Recipient::Working => {
                Bilingual::new("«Technician in charge of the ticket»", "«\u{a0}Technicien chargé du ticket\u{a0}»")
            }
        }
    }

    pub(super) fn name(self) -> Bilingual {
        Bilingual::new(
            format!("notification «{}», recipient ", self.label.0),
            format!("notification «\u{a0}{}\u{a0}», destinataire ", self.label.1),
        )
        .then("", &self.recipient())
    }
}

pub(super) async fn look(setup: &Setup, told: Told) -> Result<State, Failed> {
    Ok(match setup.admin.telling(told.event, told.recipient).await? {
        Telling::Tells => State::there(),
        Telling::CanTell(_) => State::create(),
        Telling::NoNotification => State::by_hand(
            &Bilingual::new(
                "GLPI has no active notification of this event",
                "GLPI n’a pas de notification active de cet événement",
            ),
            &Bilingual::new(
                format!(
                    "in GLPI, Setup > Notifications > Notifications: add or activate «{}» for Ticket, with a template for mails",
                    told.label.0
                ),
                format!(
                    "dans GLPI, Configuration > Notifications > Notifications\u{a0}: ajoutez ou activez «\u{a0}{}\u{a0}» pour Ticket, avec un modèle de courriel",
                    told.label.1
                ),
            ),
        ),
    })
}

pub(super) async fn make(setup: &Setup, told: Told) -> Result<(), Failed> {
    if let Telling::CanTell(notification) = setup.admin.telling(told.event, told.recipient).await? {
        setup.admin.tell(notification, told.recipient).await?;
    }
    Ok(())
}
