//! What those are told who work on requests, or watch them: their subjects say which application and school it is about.

use std::time::Duration;

use super::{
    About, Text,
    quote::{LONGEST_EXCERPT, LONGEST_QUOTE, quote},
};
use crate::{letters::text::short, text::french::count};

/// A move to another level, as the group that gets the ticket is told of it.
pub(crate) struct Moved<'a> {
    /// The group that had it; several are parted by commas.
    pub(crate) from: &'a str,
    /// The group that gets it.
    pub(crate) to: &'a str,
    /// Who asked and when, a sentence.
    pub(crate) asked: &'a str,
    /// Why.
    pub(crate) reason: &'a str,
    /// Whether it comes back from a higher level.
    pub(crate) is_return: bool,
}

const TO_TAKE: &str = "Pour la prendre en charge, attribuez-vous la demande dans GLPI.";
const TO_READ: &str = "Pour lire la suite ou répondre, ouvrez la demande dans GLPI.";

/// A ticket that was made for a group.
pub(crate) fn group(about: &About<'_>, group: &str) -> Result<Text, askama::Error> {
    about.staff_notice(
        format!("Nouvelle demande n°\u{a0}{}", about.ticket.number),
        "nouvelle demande",
        vec![format!("Une demande est assignée au groupe «\u{a0}{}\u{a0}»\u{a0}:", short(group))],
        quote(about.ticket.content, LONGEST_EXCERPT),
        vec![TO_TAKE.to_owned()],
    )
}

/// A ticket that nobody has taken in charge for so much working time.
pub(crate) fn reminder(about: &About<'_>, group: &str, waited: Duration) -> Result<Text, askama::Error> {
    about.staff_notice(
        format!("Rappel\u{a0}: demande n°\u{a0}{} sans prise en charge", about.ticket.number),
        "rappel, sans prise en charge",
        vec![format!(
            "Personne n’a pris cette demande en charge depuis {}. Elle est assignée au groupe «\u{a0}{}\u{a0}».",
            working_time(waited),
            short(group)
        )],
        quote(about.ticket.content, LONGEST_EXCERPT),
        vec![TO_TAKE.to_owned()],
    )
}

/// A ticket that another level handed on.
pub(crate) fn escalation(about: &About<'_>, moved: &Moved<'_>) -> Result<Text, askama::Error> {
    let (number, from, to) = (about.ticket.number, short(moved.from), short(moved.to));
    let (heading, ending, verb) = if moved.is_return {
        (format!("Demande n°\u{a0}{number} rendue par {from}"), format!("rendue par {from}"), "rend")
    } else {
        (format!("Demande n°\u{a0}{number} transmise par {from}"), format!("transmise par {from}"), "transmet")
    };
    about.staff_notice(
        heading,
        &ending,
        vec![
            format!("Le groupe «\u{a0}{from}\u{a0}» {verb} cette demande au groupe «\u{a0}{to}\u{a0}»."),
            format!("Motif\u{a0}: {}", short(moved.reason)),
            short(moved.asked),
        ],
        quote(about.ticket.content, LONGEST_EXCERPT),
        vec![TO_TAKE.to_owned()],
    )
}

/// What a requester wrote.
pub(crate) fn answer(about: &About<'_>, author: &str, html: &str) -> Result<Text, askama::Error> {
    about.staff_notice(
        format!("Message du demandeur sur la demande n°\u{a0}{}", about.ticket.number),
        "message du demandeur",
        vec![format!("{} écrit\u{a0}:", requester(author))],
        quote(html, LONGEST_QUOTE),
        vec![TO_READ.to_owned()],
    )
}

/// Why a requester refused the solution.
pub(crate) fn refusal(about: &About<'_>, author: &str, html: &str) -> Result<Text, askama::Error> {
    about.staff_notice(
        format!("Solution refusée\u{a0}: demande n°\u{a0}{}", about.ticket.number),
        "solution refusée",
        vec![format!("{} refuse la solution proposée. La demande est rouverte. Motif\u{a0}:", requester(author))],
        quote(html, LONGEST_QUOTE),
        vec![TO_READ.to_owned()],
    )
}

/// That a requester approved the solution, perhaps with a word.
pub(crate) fn approval(about: &About<'_>, html: &str) -> Result<Text, askama::Error> {
    about.staff_notice(
        format!("Solution approuvée\u{a0}: demande n°\u{a0}{}", about.ticket.number),
        "solution approuvée",
        vec!["Le demandeur approuve la solution proposée\u{a0}: la demande est close.".to_owned()],
        quote(html, LONGEST_QUOTE),
        Vec::new(),
    )
}

/// A ticket that is closed.
pub(crate) fn closed(about: &About<'_>) -> Result<Text, askama::Error> {
    about.staff_notice(
        format!("Demande n°\u{a0}{} close", about.ticket.number),
        "close",
        vec!["La demande est close.".to_owned()],
        Vec::new(),
        Vec::new(),
    )
}

/// What requesters are told of who took their ticket in charge.
pub(crate) fn watched_charge(about: &About<'_>, names: &[String]) -> Result<Text, askama::Error> {
    about.staff_notice(
        format!("La demande n°\u{a0}{} est prise en charge", about.ticket.number),
        "prise en charge",
        vec![super::taken(names, "la demande", "Un technicien"), WATCHING.to_owned()],
        Vec::new(),
        Vec::new(),
    )
}

/// What somebody wrote to the requester.
pub(crate) fn watched_question(about: &About<'_>, author: &str, html: &str) -> Result<Text, askama::Error> {
    let author = Some(short(author)).filter(|author| !author.is_empty());
    about.staff_notice(
        format!("Un message au demandeur sur la demande n°\u{a0}{}", about.ticket.number),
        "message au demandeur",
        vec![format!("{} écrit au demandeur\u{a0}:", author.as_deref().unwrap_or("Un technicien"))],
        quote(html, LONGEST_QUOTE),
        vec![WATCHING.to_owned()],
    )
}

/// A solution that waits for the requester's word.
pub(crate) fn watched_solution(about: &About<'_>, author: &str, html: &str) -> Result<Text, askama::Error> {
    let author = Some(short(author)).filter(|author| !author.is_empty());
    about.staff_notice(
        format!("Une solution est proposée à la demande n°\u{a0}{}", about.ticket.number),
        "solution proposée",
        vec![format!("{} propose cette solution au demandeur\u{a0}:", author.as_deref().unwrap_or("Un technicien"))],
        quote(html, LONGEST_QUOTE),
        vec![WATCHING.to_owned()],
    )
}

const WATCHING: &str = "Votre groupe suit cette demande en observateur\u{a0}: vous n’avez rien à faire.";

fn requester(author: &str) -> String {
    Some(short(author)).filter(|author| !author.is_empty()).unwrap_or_else(|| "Le demandeur".to_owned())
}

/// `8 heures ouvrées`, `1 h 30 ouvrées`.
fn working_time(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => {
            let minutes = usize::try_from(minutes).unwrap_or_default();
            count(minutes, "minute ouvrée", "minutes ouvrées")
        }
        (1, 0) => "une heure ouvrée".to_owned(),
        (hours, 0) => format!("{hours}\u{a0}heures ouvrées"),
        (hours, minutes) => format!("{hours}\u{a0}h\u{a0}{minutes:02} ouvrées"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(1, "1\u{a0}minute ouvrée")]
    #[case(30, "30\u{a0}minutes ouvrées")]
    #[case(60, "une heure ouvrée")]
    #[case(90, "1\u{a0}h\u{a0}30 ouvrées")]
    #[case(485, "8\u{a0}h\u{a0}05 ouvrées")]
    #[case(480, "8\u{a0}heures ouvrées")]
    fn working_time_is_told_in_hours(#[case] minutes: u64, #[case] expected: &str) {
        assert_eq!(working_time(Duration::from_mins(minutes)), expected);
    }
}
