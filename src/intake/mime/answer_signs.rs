//! What tells that a person typed inside what is quoted, where no program marks it: they say so above, or put a sign
//! or their name in front.
//!
//! Outlook, Samsung's and Yahoo's programs leave no other trace of it.

/// A name in front of an answer, characters.
const MAX_NAME: usize = 40;
/// A line that is looked at, bytes.
const MAX_LINE: usize = 1000;

/// Whether a line says that answers stand in the quote below: «Mes réponses en rouge», «Je vous réponds dans le texte».
pub(super) fn points_below(text: &str) -> bool {
    const ANSWERS: &[&str] = &[
        "répon",
        "repon",
        "remarque",
        "commentaire",
        "annot",
        "précision",
        "complét",
        "answer",
        "comment",
        "reply",
        "replies",
    ];
    #[rustfmt::skip]
    const PLACES: &[&str] = &[
        "en rouge", "en bleu", "en vert", "en violet", "en orange", "en rose", "en gras", "en italique",
        "en couleur", "en majuscule", "en surligné", "surligné", "ci-dessous", "ci-après", "plus bas",
        "dans le texte", "dans le corps", "dans le message", "dans le mail", "dans le courriel", "dans le fil",
        "dans votre mail", "dans votre message", "dans votre courriel", "dans votre mél", "dans votre texte",
        "dans ton mail", "dans ton message", "au fil de", "à la suite de", "à la suite des", "sous vos ", "sous votre ",
        "sous chaque", "sous tes ", "après chaque", "après vos ", "après votre ", "entre les lignes", "entre vos ",
        "en face de", "point par point", "directement sur votre", "below", "inline", "in red", "in blue", "in green",
        "in bold", "between the lines",
    ];
    let text = text[..text.floor_char_boundary(MAX_LINE)].to_lowercase().replace('’', "'");
    [ANSWERS, PLACES].iter().all(|words| words.iter().any(|word| text.contains(word)))
}

/// Whether a line begins as answers between the lines of a quote do: «=> Firefox», «[Anne Voisin] Firefox»,
/// «Réponse : Firefox».
pub(super) fn bears_sign(text: &str) -> bool {
    const SIGNS: &[&str] = &["=>", "==>", "->", "-->", "→", "⇒", "➔", "➜", "***", "###", "<<", "//"];
    const LABELS: &[&str] = &["r", "re", "ré", "rép", "rep", "réponse", "reponse", "ma réponse", "mes réponses"];
    let text = &text[..text.floor_char_boundary(MAX_LINE)];
    let says = |rest: &str| rest.contains(char::is_alphanumeric);
    if SIGNS.iter().any(|sign| text.strip_prefix(sign).is_some_and(says)) {
        return true;
    }
    if let Some((label, rest)) = text.split_once(':') {
        let label = label.trim_end().trim_end_matches('.').to_lowercase();
        if LABELS.contains(&label.as_str()) && says(rest) {
            return true;
        }
    }
    let named = text.strip_prefix('[').and_then(|text| text.split_once(']'));
    named.is_some_and(|(name, rest)| is_name(name) && says(rest))
}

/// Whether the word in brackets may be who writes: «Anne Voisin», and not «GLPI #12» or «EXTERNE».
fn is_name(name: &str) -> bool {
    const OTHERS: &[&str] = &["externe", "external", "expéditeur externe", "image", "lien", "logo", "photo", "interne"];
    name.chars().count() <= MAX_NAME
        && name.starts_with(char::is_uppercase)
        && name.contains(char::is_lowercase)
        && name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’' | '.'))
        && !OTHERS.contains(&name.to_lowercase().as_str())
}

/// Whether a letter ends here: what stands in colours below is its writer's name and office.
pub(super) fn is_closing(text: &str) -> bool {
    const WORDS: &[&str] =
        &["cordialement", "bien cordialement", "bien à vous", "respectueusement", "bonne journée", "salutations"];
    let text = text.trim_end_matches(['.', ',', '!', ' ']).to_lowercase();
    WORDS.contains(&text.as_str()) || text.ends_with(" cordialement") || text.ends_with(" salutations")
}

#[cfg(test)]
mod tests {
    use super::{bears_sign, is_closing, points_below};

    #[test]
    fn who_answers_in_the_quote_says_so() {
        for text in [
            "Mes réponses en rouge dans votre message.",
            "Je vous réponds dans le texte :",
            "Voir mes réponses ci-dessous",
            "J’ai répondu à la suite de vos questions.",
            "Quelques précisions en bleu plus bas",
            "My answers inline",
        ] {
            assert!(points_below(text), "{text}");
        }
        for text in [
            "Le bandeau s'affiche en rouge.",
            "Merci de votre réponse.",
            "La copie d'écran est ci-dessous.",
            "Les élèves ne sont pas dans le texte",
            "J'ai suivi votre réponse, mais rien n'apparaît dans votre menu.",
        ] {
            assert!(!points_below(text), "{text}");
        }
    }

    #[test]
    fn an_answer_between_lines_bears_a_sign_or_a_name() {
        for text in [
            "=> Firefox",
            "--> le 115",
            "→ non",
            "*** Firefox",
            "[Anne Voisin] Firefox, version 115",
            "[Jean-Luc] oui",
            "Réponse : Firefox",
            "RÉP. : oui",
            "R : oui",
        ] {
            assert!(bears_sign(text), "{text}");
        }
        for text in [
            "Quel navigateur ouvrez-vous ?",
            "[GLPI #0000012] Nouveau suivi",
            "[EXTERNE] Bonjour",
            "[Externe] Bonjour",
            "[image absente du message] a",
            "[Anne Voisin]",
            "***",
            "-->",
            "Réponse :",
            "- Firefox",
            "Rue : des Écoles",
        ] {
            assert!(!bears_sign(text), "{text}");
        }
        assert!(is_closing("Bien cordialement,") && is_closing("Très cordialement") && !is_closing("Cordialement Luc"));
    }
}
