//! Who tells the requester of a new ticket: GLPI, the gateway, or both, which is one too many. What GLPI tells is of every
//! ticket it has, also of those that are no academy's requests: it is changed only where that was asked for.

use super::{
    context::Setup,
    outcome::{Failed, State},
    wanted::ToldBy,
};
use crate::{
    config::Acknowledge,
    glpi::{Recipient, Telling},
    text::Bilingual,
};

/// GLPI's name of the event.
const NEW: &str = "new";

/// Whether the gateway writes a receipt, and GLPI could tell of a new ticket, too.
pub(super) fn may_be_told_twice(setup: &Setup) -> bool {
    setup.mails() && setup.config.receipts() == Acknowledge::Passerelle && setup.config.smtp.url.is_some()
}

pub(super) async fn look(setup: &Setup) -> Result<State, Failed> {
    if setup.admin.telling(NEW, Recipient::Requester).await? != Telling::Tells {
        return Ok(State::There(Bilingual::new("the gateway alone tells", "la passerelle seule prévient")));
    }
    if setup.wanted.receipts == Some(ToldBy::Passerelle) {
        return Ok(State::change(
            (
                "«Requester» is to be taken off «New ticket» in GLPI, for all its tickets; the gateway writes a receipt for \
                 its own",
                "«\u{a0}Demandeur\u{a0}» est à ôter de «\u{a0}Nouveau ticket\u{a0}» dans GLPI, pour tous ses tickets\u{a0}; la passerelle accuse \
                 réception des siens",
            ),
            (
                "«Requester» was taken off «New ticket» in GLPI, for all its tickets; the gateway writes a receipt for its own",
                "«\u{a0}Demandeur\u{a0}» a été ôté de «\u{a0}Nouveau ticket\u{a0}» dans GLPI, pour tous ses tickets\u{a0}; la passerelle accuse \
                 réception des siens",
            ),
        ));
    }
    Ok(State::decide(
        &Bilingual::new(
            "GLPI and the gateway both tell the requester of a new ticket",
            "GLPI et la passerelle préviennent tous deux le demandeur d’un nouveau ticket",
        ),
        &Bilingual::new(
            "--receipts glpi: GLPI alone; the gateway writes no receipt (notify.deposit = \"glpi\" in the configuration). \
             --receipts passerelle: the gateway alone; the recipient «Requester» is taken off GLPI’s notification «New ticket», \
             for every ticket of this GLPI, also those that others open",
            "--receipts glpi\u{a0}: GLPI seul\u{a0}; la passerelle n’accuse pas réception (notify.deposit = \"glpi\" dans la \
             configuration). --receipts passerelle\u{a0}: la passerelle seule\u{a0}; le destinataire «\u{a0}Demandeur\u{a0}» est ôté de \
             la notification «\u{a0}Nouveau ticket\u{a0}» de GLPI, pour tous les tickets de ce GLPI, y compris ceux que d’autres ouvrent",
        ),
    ))
}

pub(super) async fn make(setup: &Setup) -> Result<(), Failed> {
    Ok(setup.admin.silence(NEW, Recipient::Requester).await?)
}
