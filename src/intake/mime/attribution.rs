//! The line that names the writer of a quote: «Le 3 nov. 2026 à 10:15, Jeanne Martin <…> a écrit :».
//!
//! It is one paragraph of a few lines at most, whose first bears the date, or the name and the address; none but the
//! last ends a sentence. People begin sentences with «Le» and «On», too, and say that somebody «a écrit»: what is not
//! put together as programs do is theirs.

use super::rows::Row;

/// The lines of an attribution, and how much they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attribution {
    pub(super) rows: usize,
    /// Whether they hold day, time, name and address: no person writes so.
    pub(super) is_complete: bool,
}

/// Lines that programs break an attribution into.
const MAX_ROWS: usize = 4;
/// … and what all of them hold, bytes.
const MAX_LENGTH: usize = 400;

/// The attribution that begins at the first of these lines; one that begins later is not looked for.
pub(super) fn at(rows: &[Row<'_>]) -> Option<Attribution> {
    let mut said: Vec<&str> = Vec::new();
    for row in rows.iter().take(MAX_ROWS) {
        let text = row.text.trim_start_matches(['>', ' ']);
        let goes_on = said.last().is_none_or(|above| !row.begins_paragraph && !ends_sentence(above));
        if text.is_empty() || !goes_on || said.iter().map(|text| text.len()).sum::<usize>() + text.len() > MAX_LENGTH {
            break;
        }
        said.push(text);
        if text.ends_with(':') {
            break;
        }
    }
    let found = |rows: usize, is_complete: bool| Some(Attribution { rows, is_complete });
    let first = rows.first()?.text.trim_start_matches(['>', ' ']);
    if let Some(is_complete) = with_quote_behind(first) {
        return found(1, is_complete);
    }
    if is_of_old_gmail(first) {
        return found(1, false);
    }
    if !said.last()?.ends_with(':') || said.len() > 1 && is_about_somebody(said.last()?) {
        return None;
    }
    // The nearest beginning is the right one: what stands above it in the same paragraph is the person's.
    if (1..said.len()).any(|from| dated(&said[from..].join(" ")).is_some()) {
        return None;
    }
    let whole = said.join(" ");
    match dated(&whole).filter(|_| said.len() == 1 || is_broken_well(&said)) {
        Some(is_complete) => found(said.len(), is_complete),
        None if said.len() == 1 && is_named(&whole) || is_quoting(&whole) => found(said.len(), false),
        None => None,
    }
}

/// Whether lines are one attribution that a program broke: the first has day and time, and what comes below is not whole
/// by itself. A comma says that the name comes.
fn is_broken_well(said: &[&str]) -> bool {
    let (Some(first), Some(last)) = (said.first(), said.last()) else { return false };
    let begins = first.starts_with("Le ") || first.starts_with("On ");
    let (date, name) = split_date(without_article(first));
    let leads_over = first.ends_with(',') || !name.is_empty() && (last.contains('@') || !has_writer(last));
    begins && has_time(date) && leads_over
}

fn ends_sentence(text: &str) -> bool {
    text.ends_with(['.', '!', '?', '…', ';', ':'])
}

/// Whether it is «Le 3 nov. 2026 à 10:15, Jeanne Martin <…> a écrit :», and complete.
fn dated(text: &str) -> Option<bool> {
    let said = text.strip_suffix(':')?.trim_end();
    // Lotus Notes and others put the date last.
    let behind = [" a écrit le ", " a écrit sur "].iter().find_map(|verb| said.split_once(verb));
    if let Some((writer, date)) = behind {
        let (date, rest) = split_date(date);
        return (rest.is_empty() && has_time_or_year(date) && is_name(writer)).then_some(false);
    }
    let writer = writer(said)?;
    let (date, name) = split_date(without_article(writer));
    let is_dated = !date.is_empty() && has_time_or_year(date) && is_name(name);
    is_dated.then(|| has_time(date) && name.contains('@') && name.contains('<') && name.ends_with(['>', ')']))
}

/// What comes behind the word that a dated attribution begins with.
fn without_article(text: &str) -> &str {
    ["Le ", "On "].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text)
}

/// «on», «elle»: whoever speaks so has named the person before, no program does.
const PRONOUNS: &[&str] = &["on", "il", "elle", "ils", "elles", "je", "tu", "nous", "vous", "qui"];

/// Whether it is «Elle a écrit :» and nothing else: a whole line of a person, not the end of one that a program broke.
fn is_about_somebody(text: &str) -> bool {
    let who = text.strip_suffix(':').map(str::trim_end).and_then(writer);
    who.is_some_and(|who| PRONOUNS.contains(&who.to_lowercase().as_str()))
}

/// Whether it is «Jeanne Martin a écrit :» or «Jeanne Martin <…> a écrit :», and no sentence of a person about her.
fn is_named(text: &str) -> bool {
    const SENTENCES: &[&str] = &[
        "comme",
        "selon",
        "voici",
        "voilà",
        "et",
        "mais",
        "puis",
        "or",
        "dans",
        "pour",
        "que",
        "quand",
        "hier",
        "avant-hier",
        "aujourd'hui",
        "aujourd’hui",
        "lundi",
        "mardi",
        "mercredi",
        "jeudi",
        "vendredi",
        "samedi",
        "dimanche",
        "the",
    ];
    let first = text.split([' ', ',']).next().unwrap_or_default().to_lowercase();
    !SENTENCES.contains(&first.as_str()) && has_writer(text)
}

/// Whether a line holds a whole name, and says that it wrote.
fn has_writer(text: &str) -> bool {
    /// «Elle a écrit», «Mme Petit a écrit»: so people speak.
    const SPOKEN: &[&str] = &[
        "quelqu'un",
        "quelqu’un",
        "personne",
        "le",
        "la",
        "les",
        "un",
        "une",
        "mon",
        "ma",
        "mes",
        "notre",
        "votre",
        "ce",
        "cette",
        "madame",
        "monsieur",
        "mme",
        "m.",
        "mr",
        "mlle",
        "bonjour",
        "merci",
    ];
    let Some(writer) = text.strip_suffix(':').map(str::trim_end).and_then(writer).filter(|name| is_name(name)) else {
        return false;
    };
    let is_figure = |word: &str| word.starts_with(|c: char| !c.is_alphabetic());
    let first = writer.split_whitespace().next().unwrap_or_default().trim_end_matches(',').to_lowercase();
    let words = writer.split_whitespace().filter(|word| !is_figure(word)).count();
    writer.contains('@') || words >= 2 && !SPOKEN.contains(&first.as_str()) && !PRONOUNS.contains(&first.as_str())
}

/// Horde's «Quoting …:», also in French; Mutt's «* … [2026-11-03 10:15]:».
fn is_quoting(text: &str) -> bool {
    let quotes =
        ["Quoting ", "Citant ", "Citation de ", "En réponse à "].iter().find_map(|word| text.strip_prefix(word));
    let named =
        quotes.or_else(|| text.strip_prefix("* ").filter(|text| text.ends_with("]:") && has_time_or_year(text)));
    let name = named.map(|named| named.split(" [").next().unwrap_or_default().trim_end_matches(':'));
    let ends_with_address = |name: &str| {
        name.split_whitespace().next_back().is_some_and(|word| word.contains('@') || word.ends_with(['>', ')']))
    };
    name.is_some_and(|name| name.contains('@') && ends_with_address(name) && is_name(name))
}

/// Gmail of 2009: «2009/5/3 Jeanne Martin <…>».
fn is_of_old_gmail(text: &str) -> bool {
    let Some((date, name)) = text.split_once(' ') else { return false };
    let figures: Vec<&str> = date.split('/').collect();
    let is_date = matches!(figures[..], [year, ..] if year.len() == 4)
        && figures.len() == 3
        && figures.iter().all(|figure| (1..=4).contains(&figure.len()) && figure.bytes().all(|b| b.is_ascii_digit()));
    is_date && text.len() <= MAX_LENGTH && name.contains('@') && name.ends_with('>') && is_name(name)
}

/// Yahoo puts the quote on the same line; whether it is complete.
fn with_quote_behind(text: &str) -> Option<bool> {
    let ends = [("> a écrit : ", "> a écrit :"), ("> wrote: ", "> wrote:")];
    let (end, said) = ends.into_iter().filter_map(|(end, said)| Some((text.find(end)?, said))).min()?;
    if end > MAX_LENGTH {
        return None;
    }
    dated(&text[..end + said.len()])
}

/// Who «… a écrit», «… wrote», as programs say it. «Un parent m'a écrit» says a person.
fn writer(said: &str) -> Option<&str> {
    const VERBS: &[&str] =
        &["a écrit", "A écrit", "écrivait", "écrit", "wrote", "writes", "ha scritto", "escribió", "schrieb"];
    const OBJECTS: &[&str] = &["nous", "vous", "lui", "leur", "me", "te", "se", "en", "y"];
    let writer = VERBS.iter().find_map(|verb| said.strip_suffix(verb))?;
    let is_word = writer.ends_with([' ', '>', ')', '"']);
    let writer = writer.trim_end();
    let last = writer.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    (is_word && !OBJECTS.contains(&last.as_str())).then(|| writer.trim_end_matches(','))
}

/// Whether it may be a name, with an address or without: words with a capital, and small words between them.
fn is_name(name: &str) -> bool {
    const MAX_WORDS: usize = 16;
    const PARTICLES: &[&str] = &[
        "de", "du", "des", "la", "le", "les", "et", "en", "sur", "van", "von", "der", "den", "del", "di", "da", "dos",
        "el", "al", "ben", "via", "pour", "au", "aux", "à", "of", "the", "for", "and",
    ];
    // The address may be broken in two.
    let address = name.find('<').map_or(name.len(), |at| name[..at].trim_end().len());
    if name[address..].trim_start().split(' ').filter(|word| !word.is_empty()).count() > 4 {
        return false;
    }
    // Behind the address comes a list's name in brackets at most; other words begin somebody's sentence.
    let behind = name[address..].rsplit_once('>').map_or("", |(_, behind)| behind.trim());
    if !behind.trim_end_matches([',', '"', '\'', ')']).is_empty() && !behind.starts_with(['[', '(']) {
        return false;
    }
    let words: Vec<&str> = name[..address].split_whitespace().collect();
    let is_small = |word: &&&str| {
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        let elided = ["d'", "d’", "l'", "l’"].iter().any(|begin| word.starts_with(begin));
        word.starts_with(char::is_lowercase) && !word.contains(['@', '.']) && !elided && !PARTICLES.contains(&word)
    };
    let is_sentence = |word: &&str| word.ends_with(['?', '!', ';', ':', ',', '…']) || word.len() > 80;
    let begins_small = |word: &&str| {
        word.starts_with(char::is_lowercase)
            && (PARTICLES.contains(word) || ["un", "une", "l'", "l’", "d'", "d’"].iter().any(|it| word.starts_with(it)))
    };
    !matches!(name.trim(), "" | "Le" | "On")
        && words.len() <= MAX_WORDS
        // A display name may be one word in small letters.
        && words.iter().filter(is_small).count() <= usize::from(words.len() <= 2)
        && !words.iter().rev().skip(1).any(|word| is_sentence(word) && !word.ends_with(','))
        && !words.first().is_some_and(begins_small)
        && !words.last().is_some_and(|word| is_sentence(word) && !word.ends_with(','))
}

/// The words of a date at the beginning, and the rest.
fn split_date(text: &str) -> (&str, &str) {
    let mut end = 0;
    for word in text.split_inclusive(' ') {
        if !is_of_date(word) {
            break;
        }
        end += word.len();
    }
    (&text[..end], text[end..].trim())
}

/// Whether a text is a date and nothing else.
pub(super) fn is_date(text: &str) -> bool {
    let (date, rest) = split_date(text);
    rest.is_empty() && has_time_or_year(date)
}

/// Whether a word is of a date: «mar.», «3», «nov.», «2026», «à», «10:15», «UTC+1», «PM».
fn is_of_date(word: &str) -> bool {
    #[rustfmt::skip]
    const WORDS: &[&str] = &[
        "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
        "lun", "mar", "mer", "jeu", "ven", "sam", "dim",
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
        "mon", "tue", "wed", "thu", "fri", "sat", "sun",
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
        "janv", "jan", "févr", "fév", "avr", "juil", "aout", "sept", "sep", "oct", "nov", "déc",
        "january", "february", "march", "april", "may", "june",
        "july", "august", "september", "october", "november", "december",
        "feb", "mar", "apr", "jun", "jul", "aug", "dec",
        "à", "at", "a", "am", "pm", "the", "utc", "gmt", "cet", "cest", "heure", "-",
    ];
    let word = word.trim().trim_matches([',', '.', '(', ')']).to_lowercase();
    let is_figure = |c: char| c.is_ascii_digit() || "/:.-+h".contains(c);
    let bare = word.strip_prefix("utc").or_else(|| word.strip_prefix("gmt")).unwrap_or(&word);
    let bare = ["er", "th", "st", "nd", "rd", "am", "pm"].iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare);
    WORDS.contains(&word.as_str())
        || word.is_empty()
        || (!bare.is_empty()
            && bare.len() <= 14
            && bare.contains(|c: char| c.is_ascii_digit())
            && bare.chars().all(is_figure))
}

/// Whether a text holds a time: «10:15», «10h15».
pub(super) fn has_time(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | 'h')).any(|word| {
        let mut figures = word.split([':', 'h']).map(|part| (1..=2).contains(&part.len()));
        figures.clone().count() >= 2 && figures.all(|is_short| is_short)
    })
}

/// Whether a text holds a year, alone or in a date, or a time, as programs write them; people write «Le 12/10».
pub(super) fn has_time_or_year(text: &str) -> bool {
    let is_figure = |c: char| c.is_ascii_digit() || matches!(c, ':' | '/' | '-' | '.' | 'h');
    text.split(|c| !is_figure(c)).any(|word| {
        let word = word.trim_matches(['.', '-', 'h', '/', ':']);
        let mut parts = word.split([':', '/', '-', '.', 'h']);
        let is_time = word.contains([':', 'h']);
        let is_date = word.split(['/', '-', '.']).count() == 3;
        let is_number = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
            lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        match (parts.next(), parts.next()) {
            (Some(year), None) => is_number(year, 4..=4) && (year.starts_with("19") || year.starts_with("20")),
            (Some(first), Some(second)) => {
                let lengths = if is_date { 1..=2 } else { 2..=2 };
                (is_time || is_date) && is_number(first, 1..=4) && is_number(second, lengths)
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Attribution, at};
    use crate::{intake::mime::rows::rows, text::html_text};

    /// The attribution at each line of a text.
    fn found(text: &str) -> Vec<(usize, Attribution)> {
        let html = html_text::to_html(text);
        let lines = html_text::lines(&html);
        let rows = rows(&lines);
        (0..rows.len()).filter_map(|from| Some((from, at(&rows[from..])?))).collect()
    }

    #[test]
    fn what_programs_write_is_told_by_its_form() {
        for (text, rows, is_complete) in [
            ("Le 26 nov. 2026 à 10:15, Paul Remond <paul@x.fr> a écrit :", 1, true),
            ("Le jeu. 26 nov. 2026 à 10:15, Paul Remond\n<paul.remond@x.fr> a\nécrit :", 3, true),
            ("Le jeu. 26 nov. 2026 à 10:15, Paul Remond <\npaul.remond@x.fr> a écrit :", 2, true),
            ("On Thu, Nov 26, 2026 at 10:15 AM Paul Remond <paul@x.fr> wrote:", 1, true),
            ("Le Jeudi, Novembre 26, 2026 10:15 CET, Paul Remond <paul@x.fr> a écrit:", 1, true),
            ("Le lundi 9 novembre 2026 à 17:12:03 UTC+1, Assistance <a@x.fr> a écrit :", 1, true),
            ("Le lun., nov. 9, 2026 à 17:12, X<x@y.fr> a écrit :   Bonjour", 1, true),
            ("Le 26/11/2026 à 10:15, Paul Remond a écrit :", 1, false),
            ("Le 09-11-2026 17:12, assistance a écrit :", 1, false),
            ("Le lun. 9 nov. 2026, à 17:12, Assistance 1D a écrit :", 1, false),
            ("jeudi 26 novembre 2026, 10:15:00 CET Paul Remond a écrit :", 1, false),
            ("Le Thu, 26 Nov 2026 10:15:00 +0100,\nPaul Remond <paul@x.fr> a écrit :", 2, true),
            ("Paul Remond <paul@x.fr> a écrit le 26/11/2026 10:15 :", 1, false),
            ("\"Paul Remond\" <paul@x.fr> a écrit sur 26/11/2026 10:15:23 :", 1, false),
            ("Le 26 nov. 2026 à 10:15, École de la Mare <ecole@x.fr> écrivait :", 1, true),
            ("2009/5/3 Paul Remond <paul@x.fr>", 1, false),
            ("Paul Remond a écrit :", 1, false),
            ("Paul Remond <paul@x.fr> a écrit :", 1, false),
            ("Quoting Paul Remond\n<paul@x.fr>:", 2, false),
            ("En réponse à Paul Remond <paul@x.fr>:", 1, false),
            ("* Paul Remond <paul@x.fr> [2026-11-26 10:15]:", 1, false),
        ] {
            assert_eq!(found(text).first(), Some(&(0, Attribution { rows, is_complete })), "{text}");
        }
    }

    #[test]
    fn what_stands_above_is_not_of_it() {
        for above in [
            "Le bilan de Nolan ne sort toujours pas",
            "On attend depuis le 26/11/2026",
            "Le 26 novembre 2026 à 10:15, tout marchait",
            "Le 26/11/2026 à 10:15 nous avons écrit à",
            "Adresse : ecole@ac-dijon.fr",
            "Paul Remond",
            "Le jeudi 26 novembre 2026",
            "26/11/2026 10:15",
            "2026, Le",
            "Le 26/11/2026, Nolan",
            "M. Remond a écrit le contraire",
        ] {
            for (said, rows) in [
                ("Le 26 nov. 2026 à 10:15, Paul Remond <paul@x.fr> a écrit :", 1),
                ("Le jeu. 26 nov. 2026 à 10:15, Paul Remond\n<paul.remond@x.fr> a écrit :", 2),
                ("Paul Remond <paul@x.fr> a écrit :", 1),
                ("Paul Remond a écrit :", 1),
            ] {
                let (from, attribution) = found(&format!("{above}\n{said}"))[0];
                assert_eq!((from, attribution.rows), (1, rows), "{above} / {said}");
            }
        }
    }

    #[test]
    fn what_people_write_is_none() {
        for text in [
            "Le 3 novembre, un parent m'a écrit :",
            "Le 3 novembre 2026 à 10:15, la mairie nous a écrit :",
            "Le 3 novembre 2026 à 10:15, un parent d'élève a écrit :",
            "On m'a dit hier que Paul Remond a écrit :",
            "Elle a écrit :",
            "Mme Petit a écrit :",
            "La mairie a écrit :",
            "Nolan a écrit :",
            "Voici ce que claire@x.fr a écrit :",
            "Le 26 nov. 2026 à 10:15, Paul Remond <paul@x.fr> a écrit que tout va bien",
            "Le 26/11/2026 à 10:15, Paul Remond\n\na écrit :",
            "Le jeu. 26 nov. 2026 à 10:15.\nPaul a écrit :",
            "Le : 26/11/2026",
            "Le à 10:15 Le\na écrit :",
            "Quoting <anne@x.fr>\nElle a écrit :",
            "Quoting <anne@x.fr>\nEt Claire Petit a écrit :",
            "Citant claire@x.fr\nDe :",
            "Le 26/11/2026 à 10:15, <anne@x.fr>\nElle a écrit :",
            "Le 26/11/2026 à 10:15, anne@x.fr\nElle a écrit :",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
