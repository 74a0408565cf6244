//! The header and the rules that programs write above what they quote: «De : … Envoyé : … Objet : …»,
//! «-----Message d'origine-----».

use super::{attribution, rows::Row};

/// «-----Message d'origine-----», «----- Mail original -----».
pub(super) fn is_original_rule(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "message d'origine",
        "message d’origine",
        "message original",
        "message initial",
        "mail original",
        "mail d'origine",
        "e-mail d'origine",
        "courriel original",
        "original message",
        "original email",
        "reply message",
    ];
    ruled_words(text).is_some_and(|words| WORDS.contains(&words.as_str()))
}

/// How many lines such a rule and the header below it are.
pub(super) fn original_rule(rows: &[Row<'_>]) -> Option<usize> {
    let is_rule = rows.first().is_some_and(|row| is_original_rule(row.text));
    let below = rows.get(1..).filter(|_| is_rule)?;
    let next = below.first()?;
    let is_header = label(next.text).is_some_and(|(label, _)| label != Label::Subject);
    (is_header || next.is_quoted() || attribution::at(below).is_some())
        .then(|| 1 + header_block(below).unwrap_or_else(|| usize::from(is_header)))
}

/// «=-=-=-= Pour répondre par courriel, écrivez au-dessus de cette ligne =-=-=-=»: a notification of GLPI begins.
pub(super) fn is_answer_rule(text: &str) -> bool {
    text.starts_with("=-=-=-=") && text.ends_with("=-=-=-=") && text.len() > 20
}

/// «-------- Message transféré --------»: what follows is what the person wants to show. «Message original» is one, too,
/// where the subject comes first: so Roundcube forwards.
pub(super) fn is_forward_rule(rows: &[Row<'_>]) -> bool {
    const WORDS: &[&str] = &["transfér", "réexpédi", "forward", "réachemin", "message transmis"];
    const LINES: &[&str] = &[
        "message transféré",
        "message réexpédié",
        "début du message transféré",
        "début du message réexpédié",
        "début du message transmis",
        "begin forwarded message",
        "forwarded message",
    ];
    let Some(row) = rows.first() else { return false };
    if let Some(words) = ruled_words(row.text) {
        let subject_first = || rows.get(1).and_then(|row| label(row.text)).is_some_and(|it| it.0 == Label::Subject);
        return WORDS.iter().any(|word| words.contains(word)) || is_original_rule(row.text) && subject_first();
    }
    let line = row.text.strip_suffix(':').map(|text| text.trim().to_lowercase());
    line.is_some_and(|line| LINES.contains(&line.as_str()))
}

/// The words between two rules of at least two hyphens.
fn ruled_words(text: &str) -> Option<String> {
    let words = text.strip_prefix("--")?.strip_suffix("--")?.trim_matches(['-', ' ']);
    (words.len() <= 200).then(|| words.to_lowercase())
}

pub(super) fn is_drawn_rule(text: &str) -> bool {
    text.len() >= 5 && text.chars().all(|c| matches!(c, '_' | '-' | '=' | '*' | '─'))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    From,
    /// «Envoyé :», as programs alone call it.
    Sent,
    Date,
    To,
    Subject,
    /// «Cc :» and others that no header begins with.
    Other,
}

/// The label and the value of a quoted header line: «*Envoyé :* mardi 3 novembre», «From: …».
fn label(text: &str) -> Option<(Label, &str)> {
    let (label, value) = text.trim_start_matches(['>', '*', ' ']).split_once(':')?;
    if label.len() > 30 {
        return None;
    }
    let label = match label.trim_matches([' ', '*']).to_lowercase().as_str() {
        "de" | "from" | "expéditeur" => Label::From,
        "envoyé" | "envoyé le" | "sent" | "date d'envoi" | "date d’envoi" => Label::Sent,
        "date" => Label::Date,
        "à" | "a" | "pour" | "to" | "destinataire" | "destinataires" => Label::To,
        "objet" | "sujet" | "subject" => Label::Subject,
        "cc" | "copie" | "copie à" | "cci" | "reply-to" | "répondre à" | "importance" | "pièces jointes" => {
            Label::Other
        }
        _ => return None,
    };
    Some((label, value))
}

/// How many lines the header is that Outlook, Zimbra and others quote: sender, date and subject in neighbouring lines.
/// Orange puts the date first; Orange, La Poste and SFR may write «Message du 03/11/26 10:15» above it.
pub(super) fn header_block(rows: &[Row<'_>]) -> Option<usize> {
    rows.first().filter(|row| !row.is_quoted()).and_then(|_| unquoted_header_block(rows))
}

/// The same, also where each line is quoted.
pub(super) fn unquoted_header_block(rows: &[Row<'_>]) -> Option<usize> {
    const MAX_LINES: usize = 10;
    let is_dated = rows.first().is_some_and(|row| {
        let date = row.text.trim_start_matches(['>', ' ']).strip_prefix("Message du ");
        let date = date.map(|date| date.trim_start_matches([':', ' ']));
        date.is_some_and(attribution::is_date)
    });
    let mut length = usize::from(is_dated);
    let mut labels = Vec::new();
    let is_alike = |row: &&Row<'_>| row.is_quoted() == rows.first().is_some_and(Row::is_quoted);
    for row in rows.iter().skip(length).take(MAX_LINES).take_while(is_alike) {
        match label(row.text) {
            Some(label) => labels.push(label),
            // A long list of recipients goes on in the next line.
            None if labels.last().is_some_and(|(label, _)| matches!(label, Label::To | Label::Other))
                && row.text.contains(['@', ';']) => {}
            None => break,
        }
        length += 1;
    }
    // Where one comes twice, the header begins further down.
    let comes_twice = |wanted: &[Label]| labels.iter().filter(|(label, _)| wanted.contains(label)).count() > 1;
    if comes_twice(&[Label::From]) || comes_twice(&[Label::Sent, Label::Date]) || comes_twice(&[Label::Subject]) {
        return None;
    }
    let value = |wanted: Label| labels.iter().find(|(label, _)| *label == wanted).map(|(_, value)| *value);
    let (from, date) = (value(Label::From)?, value(Label::Date));
    value(Label::Subject)?;
    let begins = matches!(labels.first(), Some((Label::From | Label::Sent | Label::Date, _)));
    // «De : la mairie / Date : mardi / Objet : …» may be a person's own list.
    let is_sent = value(Label::Sent)
        .is_some_and(|sent| value(Label::To).is_some() || attribution::has_time_or_year(sent))
        || date.is_some_and(|date| {
            attribution::has_time(date) || from.contains('@') && attribution::has_time_or_year(date)
        });
    (begins && (is_dated || is_sent)).then_some(length)
}
