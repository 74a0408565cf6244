//! Signatures: what stands below «-- », and «Envoyé de mon iPhone».

use std::ops::Range;

use super::rows::Row;

/// Lines below the two hyphens, at most.
const MAX_ROWS: usize = 8;
/// A line of a signature, characters.
const MAX_LINE: usize = 100;

/// The signature below «-- » (RFC 3676 section 4.3): the paragraph that begins there, and those below with addresses
/// and numbers alone. Two such lines are a person's rules, and a sentence is the person's, too: so a signature is seen
/// from its first sentence on, a disclaimer with it, which nothing tells for sure from what people type.
pub(super) fn found(rows: &[Row<'_>], is_outside: impl Fn(&Row<'_>) -> bool) -> Option<Range<usize>> {
    let mut rules = (0..rows.len()).filter(|&at| rows[at].text == "--" && is_outside(&rows[at]));
    let (rule, None) = (rules.next()?, rules.next()) else { return None };
    let mut end = rule + 1;
    while end < rows.len() && end - rule <= MAX_ROWS {
        let paragraph = &rows[end..];
        let length = 1 + paragraph[1..].iter().take_while(|row| !row.begins_paragraph).count();
        let lines = &paragraph[..length];
        let is_signature = length <= MAX_ROWS
            && lines.iter().all(|row| is_outside(row) && !is_sentence(row.text))
            && (end == rule + 1 || lines.iter().all(|row| is_contact(row.text)));
        if !is_signature {
            break;
        }
        end += length;
    }
    (end > rule + 1).then_some(rule..end)
}

/// Where the signature ends that a program marked: with its element, or above the first sentence, which the person
/// typed in it.
pub(super) fn end_of_marked(element: &Range<usize>, rows: &[Row<'_>]) -> usize {
    let from = rows.partition_point(|row| row.start < element.start);
    let within = rows[from..].iter().take_while(|row| row.start < element.end);
    let is_typed =
        |row: &&Row<'_>| row.text.contains(char::is_alphanumeric) && !is_of_device(row.text) && is_sentence(row.text);
    within.filter(is_typed).map(|row| row.start).next().unwrap_or(element.end)
}

/// Whether a line may say something.
pub(super) fn is_sentence(text: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "le", "la", "les", "l", "on", "je", "j", "il", "elle", "ils", "elles", "nous", "vous", "mon", "ma", "mes",
        "merci", "pouvez", "est", "un", "une", "des", "ce", "c", "ces", "cette", "quand", "si", "pour", "dans",
        "depuis", "avec", "ps", "p", "nb", "n", "voici", "voir", "bonjour", "de", "du", "en", "pas", "plus", "ne",
        "et", "mais", "que", "qui",
    ];
    let words = text.split_whitespace().count();
    let first = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
    text.chars().count() > MAX_LINE
        || text.ends_with(['?', '!', ';', ':', '…'])
        || text.ends_with('.') && words > 3
        || words > 3 && BEGINNINGS.contains(&first.as_str())
        || matches!(first.as_str(), "ps" | "nb" | "bonjour" | "merci")
        || text.starts_with(['>', '-', '•'])
        || text.contains(" a écrit")
}

/// Whether a line tells where somebody is to be reached.
fn is_contact(text: &str) -> bool {
    let text_lower = text.to_lowercase();
    let figures = text.bytes().filter(u8::is_ascii_digit).count();
    let words =
        ["http", "www.", "tél", "tel.", "école ", "académie", "dsden", "directeur", "directrice", "circonscription"];
    text.split_whitespace().count() <= 12
        && (figures >= 10 || text.contains('@') || words.iter().any(|word| text_lower.starts_with(word)))
}

/// «Envoyé de mon iPhone» and its like: one line, often above the history.
pub(super) fn is_of_device(text: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "envoyé de l'application ",
        "envoyé depuis l'application ",
        "envoyé depuis un mobile",
        "envoyé depuis un smartphone",
        "envoyé depuis outlook",
        "envoyé depuis yahoo",
        "envoyé depuis orange",
        "envoyé depuis la messagerie",
        "envoyé de yahoo",
        "envoyé de outlook",
        "envoyé d'outlook",
        "envoyé à partir d'",
        "provenance : courrier pour windows",
        "sent from ",
        "sent via ",
        "télécharger outlook pour ",
        "obtenez outlook pour ",
        "obtenir outlook pour ",
        "get outlook for ",
    ];
    /// What sends: «via» and «avec» begin sentences of people, too.
    const PROGRAMS: &[&str] = &[
        "l'appli",
        "yahoo",
        "outlook",
        "gmail",
        "proton",
        "samsung",
        "orange",
        "sfr",
        "free",
        "la poste",
        "laposte",
        "bluemail",
        "thunderbird",
        "zimbra",
        "bluemind",
        "bouygues",
        "icloud",
        "mail ",
        "la messagerie",
        "un mobile",
        "un smartphone",
        "mon ",
        "ma ",
    ];
    const DEVICES: &[&str] = &[
        "iphone",
        "ipad",
        "mobile",
        "téléphone",
        "telephone",
        "smartphone",
        "samsung",
        "galaxy",
        "android",
        "appareil",
        "tablette",
        "huawei",
        "xiaomi",
        "redmi",
        "honor",
        "oppo",
        "pixel",
        "blackberry",
        "nokia",
        "sony",
        "mac",
        "portable",
        "outlook",
        "yahoo",
        "courrier",
        "orange",
        "sfr",
        "bouygues",
        "free",
        "gmail",
        "windows",
        "ordinateur",
        "proton",
    ];
    /// What makes a sentence of it.
    const SPOKEN: &[&str] = &[
        "car", "mais", "que", "qui", "ne", "je", "il", "on", "parce", "quand", "pas", "donc", "hier", "ce", "cette",
        "le", "rien", "toujours", "sans",
    ];
    const ELIDED: &[&str] = &["n'", "j'", "c'", "qu'"];
    if text.contains([',', '?', '!']) {
        return false;
    }
    let text = text.to_lowercase().replace('’', "'");
    let is_spoken = |word: &str| SPOKEN.contains(&word) || ELIDED.iter().any(|begin| word.starts_with(begin));
    // «Provenance : Courrier pour Windows» is a program's; the colon of an address has no blank behind it.
    let goes_on = (text.contains(": ") || text.ends_with(':')) && !text.starts_with("provenance ");
    if goes_on || text.split_whitespace().any(is_spoken) {
        return false;
    }
    let by_program = ["envoyé via ", "envoyé avec "]
        .iter()
        .find_map(|beginning| text.strip_prefix(beginning))
        .map(|rest| rest.strip_prefix("la messagerie ").unwrap_or(rest))
        .is_some_and(|rest| PROGRAMS.iter().any(|program| rest.starts_with(program)));
    let by_device = ["envoyé de m", "envoyé depuis m", "envoyé à partir de "]
        .iter()
        .find_map(|beginning| text.strip_prefix(beginning))
        .is_some_and(|rest| DEVICES.iter().any(|device| rest.contains(device)));
    text.chars().count() <= 80
        && (by_program || by_device || BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)))
}

#[cfg(test)]
mod tests {
    use super::{found, is_of_device};
    use crate::{intake::mime::rows::rows, text::html_text};

    /// What of a text is its signature.
    fn signature(text: &str) -> Option<String> {
        let html = html_text::to_html(text);
        let lines = html_text::lines(&html);
        let rows = rows(&lines);
        let range = found(&rows, |row| !row.text.starts_with('>'))?;
        Some(rows[range].iter().map(|row| row.text).collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn a_signature_ends_where_the_person_writes_again() {
        for (text, expected) in [
            ("A\n-- \nJeanne Martin\nDirectrice", Some("--|Jeanne Martin|Directrice")),
            (
                "A\n-- \nJeanne Martin\n\nÉcole Zola\nTél. 03 80 00 00 00",
                Some("--|Jeanne Martin|École Zola|Tél. 03 80 00 00 00"),
            ),
            ("A\n-- \nJeanne Martin\n\nLe CM2 aussi est vide", Some("--|Jeanne Martin")),
            ("A\n-- \nJeanne Martin\nPS : le CM2 aussi", None),
            ("A\n--\nLe bilan de Nolan est vide\nMerci", None),
            ("A\n--\nNolan\n--\nEmma", None),
            ("A\n--\n", None),
        ] {
            assert_eq!(signature(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_device_signs_and_a_person_tells() {
        for text in [
            "Envoyé de mon iPhone",
            "Envoyé depuis mon appareil Galaxy",
            "Envoyé depuis mon mobile Android avec K-9 Mail.",
            "Envoyé à partir de Outlook pour Android<https://aka.ms/x>",
            "Envoyé à partir d’Outlook pour iOS",
            "Envoyé depuis l'application Mail Orange",
            "Provenance : Courrier pour Windows",
            "Télécharger Outlook pour iOS",
            "Envoyé avec Proton Mail",
            "Sent from my iPhone",
        ] {
            assert!(is_of_device(text), "{text}");
        }
        for text in [
            "Envoyé depuis mon ordinateur, le fichier ne passe pas.",
            "Envoyé de mon compte de directrice le 3 novembre",
            "Envoyé depuis ma classe car LSU ne s'ouvre pas",
            "Envoyé à partir de 8 h ce matin",
            "Envoyé via ONDE le 3 novembre, toujours refusé.",
            "Envoyé de mon iPad n’a rien changé",
            "Envoyé depuis mon téléphone : fichier vide",
            "Sent from my iPad: empty file",
            "Envoyé depuis mon ordinateur sans résultat",
        ] {
            assert!(!is_of_device(text), "{text}");
        }
    }
}
