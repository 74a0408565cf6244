//! Whom GLPI's notifications must tell, where it tells of tickets and the gateway does not.

use super::{
    context::Setup,
    outcome::{Failed, State},
};
use crate::{
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
}

const fn told(event: &'static str, label: (&'static str, &'static str), recipient: Recipient) -> Told {
    Told { event, label, recipient }
}

const FOLLOWUP: (&str, &str) = ("New followup", "Nouveau suivi");
const CLOSED: (&str, &str) = ("Closing of the ticket", "Clôture du ticket");
const NEW_GROUP: (&str, &str) = ("New group in assignees", "Nouveau groupe assigné");

/// Those of `[notify]` as it is without a word: everything but the receipt is GLPI's to tell.
pub(super) const ALL: &[Told] = &[
    told("new", ("New ticket", "Nouveau ticket"), Recipient::AssignedGroup),
    told("assign_user", ("New user in assignees", "Nouvel utilisateur assigné"), Recipient::Requester),
    told("add_followup", FOLLOWUP, Recipient::Requester),
    told("add_followup", FOLLOWUP, Recipient::Working),
    told("solved", ("Ticket solved", "Ticket résolu"), Recipient::Requester),
    told("closed", CLOSED, Recipient::Requester),
    told("closed", CLOSED, Recipient::Working),
    told("assign_group", NEW_GROUP, Recipient::AssignedGroup),
    told("assign_group", NEW_GROUP, Recipient::Requester),
];

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
