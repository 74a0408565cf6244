//! What requesters are told of their request.

use super::{
    About, Text,
    quote::{LONGEST_QUOTE, quote},
};
use crate::letters::text::short;

/// A ticket that these people took in charge.
pub(crate) fn charge(about: &About<'_>, names: &[String]) -> Result<Text, askama::Error> {
    let after = "Vous n’avez rien à faire pour l’instant.".to_owned();
    about.notice(
        format!("Votre demande n°\u{a0}{} est prise en charge", about.ticket.number),
        "prise en charge",
        vec![super::taken(names, "votre demande", "L’assistance")],
        Vec::new(),
        vec![after],
    )
}

/// What somebody wrote to the requester; `pending` is whether the ticket waits for the answer.
pub(crate) fn question(about: &About<'_>, author: &str, html: &str, pending: bool) -> Result<Text, askama::Error> {
    let author = short(author);
    let author = if author.is_empty() { "L’assistance" } else { &author };
    let number = about.ticket.number;
    let (heading, ending) = if pending {
        (format!("À compléter\u{a0}: votre demande n°\u{a0}{number}"), "à compléter")
    } else {
        (format!("Un message sur votre demande n°\u{a0}{number}"), "nouveau message")
    };
    let mut after = Vec::new();
    if pending {
        after.push("Votre demande est en attente de votre réponse.".to_owned());
    }
    after.push(match about.link {
        Some(_) => "Pour répondre, ouvrez la page de la demande, ci-dessous, et complétez-la.".to_owned(),
        None => to_the_group("Pour répondre"),
    });
    about.notice(heading, ending, vec![format!("{author} vous écrit\u{a0}:")], quote(html, LONGEST_QUOTE), after)
}

/// A solution that the requester may approve or refuse.
pub(crate) fn solution(about: &About<'_>, html: &str) -> Result<Text, askama::Error> {
    let after = match about.link {
        Some(_) => "Si elle vous convient, approuvez-la sur la page de la demande, ci-dessous. Sinon, refusez-la en \
                    disant pourquoi\u{a0}: la demande est alors rouverte."
            .to_owned(),
        None => to_the_group("Si elle ne vous convient pas"),
    };
    about.notice(
        format!("Une solution est proposée à votre demande n°\u{a0}{}", about.ticket.number),
        "solution proposée",
        vec!["Voici la solution proposée\u{a0}:".to_owned()],
        quote(html, LONGEST_QUOTE),
        vec![after],
    )
}

/// A ticket that went to another level: `to` is who has it now, in words that requesters know.
pub(crate) fn handover(about: &About<'_>, to: &str, is_return: bool) -> Result<Text, askama::Error> {
    let (number, to) = (about.ticket.number, crate::text::french::to(&short(to)));
    let (heading, sentence) = if is_return {
        (
            format!("Votre demande n°\u{a0}{number} est de nouveau transmise {to}"),
            format!("Votre demande a été examinée et revient {to}."),
        )
    } else {
        (format!("Votre demande n°\u{a0}{number} est transmise {to}"), format!("Votre demande a été transmise {to}."))
    };
    let after = "Elle garde son numéro et sa référence. Vous n’avez rien à faire pour l’instant.".to_owned();
    about.notice(heading, &format!("transmise {to}"), vec![sentence], Vec::new(), vec![after])
}

/// A ticket that is closed.
pub(crate) fn closing(about: &About<'_>) -> Result<Text, askama::Error> {
    let after = "Si le problème revient, faites une nouvelle demande en citant le numéro de celle-ci.".to_owned();
    about.notice(
        format!("Votre demande n°\u{a0}{} est close", about.ticket.number),
        "close",
        vec!["Le traitement de votre demande est terminé.".to_owned()],
        Vec::new(),
        vec![after],
    )
}

/// How somebody who sees no page of the request answers.
fn to_the_group(purpose: &str) -> String {
    format!(
        "{purpose}, adressez-vous au groupe qui traite la demande, en citant son numéro et sa référence\u{a0}: vous n’avez \
         pas de compte dans l’assistance."
    )
}
