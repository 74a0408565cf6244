//! Whether a text asks its reader for something: only then does a pending ticket wait for its requester.

use crate::text::{
    fold::{folded, phrase},
    html_text,
};

/// More than this of a text is not looked at, bytes.
const LONGEST: usize = 64 * 1024;

/// How the helpdesk asks without a question mark, without case and accents; each begins a word.
const REQUESTS: [&str; 40] = [
    "attendons votre",
    "attendons vos",
    "attente de votre",
    "attente de vos",
    "auriez-vous",
    "avez-vous",
    "besoin de votre",
    "besoin d'une capture",
    "besoin d'informations",
    "besoin de precisions",
    "completer votre demande",
    "completez",
    "confirmer si",
    "confirmez",
    "dites-nous",
    "donnez-nous",
    "envoyez",
    "essayez",
    "faites-nous",
    "il manque",
    "il nous faudrait",
    "il nous faut",
    "indiquez",
    "joignez",
    "merci de bien vouloir",
    "merci de",
    "nous faire parvenir",
    "nous faire savoir",
    "nous indiquer",
    "nous preciser",
    "pourriez-vous",
    "pouvez-vous",
    "precisez",
    "priere de",
    "repondez",
    "testez",
    "transmettez",
    "tenez-nous",
    "verifiez",
    "veuillez",
];

/// Thanks, which ask for nothing.
const THANKS: [&str; 8] = [
    "merci de l'avoir",
    "merci de m'avoir",
    "merci de nous avoir",
    "merci de patienter",
    "merci de vos",
    "merci de votre",
    "merci de vous",
    "veuillez patienter",
];

/// Whether a follow-up, HTML, asks its reader for something: it has a question mark, or asks as the helpdesk asks.
pub fn asks(html: &str) -> bool {
    let text = html_text::from_html(&html[..html.floor_char_boundary(LONGEST)]);
    // An address may hold a question mark of its own.
    let words = text.split_whitespace().filter(|word| !word.contains("://")).collect::<Vec<_>>().join(" ");
    if words.contains('?') {
        return true;
    }
    let mut plain = phrase(&words);
    for thanks in THANKS {
        plain = plain.replace(thanks, " ");
    }
    REQUESTS.iter().any(|request| {
        plain.match_indices(request).any(|(at, _)| {
            let is_inside = |c: char| c.is_alphanumeric();
            !plain[..at].ends_with(is_inside) && !plain[at + request.len()..].starts_with(is_inside)
        })
    })
}

/// Whether the name of a reason for which GLPI holds a ticket pending holds one of these words, which say that the
/// requester is waited for; neither case nor accents matter.
pub fn waits_for_requester(reason: &str, words: &[String]) -> bool {
    let reason = folded(reason);
    words.iter().map(|word| folded(word)).any(|word| !word.trim().is_empty() && reason.contains(word.trim()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{asks, waits_for_requester};

    #[rstest]
    #[case("<p>Quelle classe est concernée ?</p>", true)]
    #[case("<p>Pouvez-vous nous envoyer une capture d’écran. Merci.</p>", true)]
    #[case("<p>Merci de préciser la classe.</p>", true)]
    #[case("<p>VEUILLEZ JOINDRE LE FICHIER</p>", true)]
    #[case("<p>Il manque le nom de l’élève.</p>", true)]
    #[case("<p>Nous avons besoin d’une capture.</p>", true)]
    #[case("<p>L’éditeur a été saisi, nous attendons son correctif.</p>", false)]
    #[case("<p>Merci de votre patience.</p>", false)]
    #[case("<p>Merci, la demande est mise en attente jusqu’à lundi.</p>", false)]
    #[case("<p>Voir <a href=\"https://x.fr/?q=1\">https://x.fr/?q=1</a></p>", false)]
    #[case("<p>La pièce est commandée ; les essayeurs passeront.</p>", false)]
    #[case("", false)]
    fn a_question_asks_and_news_do_not(#[case] html: &str, #[case] expected: bool) {
        assert_eq!(asks(html), expected, "{html}");
    }

    #[test]
    fn a_reason_says_for_whom_the_ticket_waits() {
        let words = ["demandeur".to_owned(), "école".to_owned(), " ".to_owned()];
        assert!(waits_for_requester("Attente du DEMANDEUR", &words));
        assert!(waits_for_requester("Retour de l'Ecole", &words));
        assert!(!waits_for_requester("Attente de l'éditeur", &words));
        assert!(!waits_for_requester("", &words) && !waits_for_requester("Attente du demandeur", &[]));
    }

    proptest! {
        #[test]
        fn any_text_with_a_question_mark_of_its_own_asks(before in "[a-zé ]{0,40}", after in "[a-zé ]{0,40}") {
            let html = format!("<p>{before} ? {after}</p>");
            prop_assert!(asks(&html));
        }

        #[test]
        fn no_text_makes_it_fail(html in ".*") {
            let _ = asks(&html);
        }
    }
}
