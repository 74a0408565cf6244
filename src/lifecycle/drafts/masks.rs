//! Personal data, taken out of texts that are to become public: what is known of a ticket's people, and what looks like it.
//!
//! A machine finds what has a form (addresses, telephones, codes), what the ticket says it is, and what stands where names
//! stand. It does not find everything: whoever publishes reads it, and is told what was found.

use std::{collections::BTreeMap, fmt::Write as _, ops::Range};

use percent_encoding::percent_decode_str;

use super::{forms::forms, names::Names, personal::Personal};
use crate::text::{
    html_text::decoded,
    tags::{Token, Tokens, is_block, is_in},
};

/// Elements that stand beside each other in a line, and are not read on.
const CELLS: &[&str] = &["td", "th"];
/// A byte that is no part of a word, in place of what was found already.
const FOUND: &str = "\u{1}";

/// What personal data is looked for, and what was masked so far.
#[derive(Debug, Default)]
pub(super) struct Masks {
    names: Names,
    masked: BTreeMap<Personal, usize>,
}

impl Masks {
    /// Masks for a ticket with these people and schools; `acronyms` are words in capitals that are none of them.
    pub(super) fn new<'a>(
        people: impl IntoIterator<Item = &'a str>,
        schools: impl IntoIterator<Item = &'a str>,
        acronyms: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self { names: Names::new(people, schools, acronyms), masked: BTreeMap::new() }
    }

    /// What was masked, in words; `None` where nothing was.
    pub(super) fn said(&self) -> Option<String> {
        let counted: Vec<String> = self.masked.iter().map(|(what, times)| what.counted(*times)).collect();
        (!counted.is_empty()).then(|| counted.join(", "))
    }

    /// A text without personal data.
    pub(super) fn text(&mut self, text: &str) -> String {
        let places = self.places(text);
        let mut masked = String::with_capacity(text.len());
        cut(text, 0, &places, &mut masked);
        self.count(&places);
        masked
    }

    /// Keeps the names that the ticket's texts tell, its title and these HTML: each is masked in all of them.
    pub(super) fn learn(&mut self, title: &str, htmls: &[String]) {
        let said = htmls.iter().map(|html| parts(html).0);
        let texts: Vec<String> =
            std::iter::once(title.to_owned()).chain(said).map(|text| without_forms(&text).0).collect();
        self.names.learn(&texts);
    }

    /// Sanitised HTML without personal data: marks within a line do not part what it says, and attributes say nothing of
    /// people.
    pub(super) fn html(&mut self, html: &str) -> String {
        let (said, parts) = parts(html);
        let places = self.places(&said);
        let mut masked = String::with_capacity(html.len());
        for part in parts {
            match part {
                Part::Text(range) => cut(&said[range.clone()], range.start, &places, &mut masked),
                Part::Tag { name, written, is_open: true } => self.tag(name, written, &mut masked),
                Part::Tag { written, .. } => masked.push_str(written),
            }
        }
        self.count(&places);
        masked
    }

    /// A tag, each of whose attributes that names somebody is left out, or a link's query.
    fn tag(&mut self, name: &str, written: &str, masked: &mut String) {
        let _ = write!(masked, "<{name}");
        for (attribute, value) in attributes(written) {
            let kept = match attribute {
                "title" | "alt" | "summary" | "name" | "id" => None,
                "href" => self.link(value),
                _ => Some(value).filter(|value| self.places(&decoded(value)).is_empty()),
            };
            if let Some(value) = kept {
                let _ = write!(masked, " {attribute}=\"{value}\"");
            }
        }
        masked.push('>');
    }

    /// An address that names nobody: this one, or without its query.
    fn link<'v>(&mut self, address: &'v str) -> Option<&'v str> {
        let found = self.places(&spoken(address));
        self.count(&found);
        if found.is_empty() {
            return Some(address);
        }
        let page = address.split(['?', '#']).next()?;
        self.places(&spoken(page)).is_empty().then_some(page)
    }

    fn count(&mut self, places: &[(Range<usize>, Personal)]) {
        for (_, what) in places {
            *self.masked.entry(*what).or_default() += 1;
        }
    }

    /// Where personal data stands, in order.
    fn places(&self, text: &str) -> Vec<(Range<usize>, Personal)> {
        let (rest, mut places) = without_forms(text);
        places.extend(self.names.places(&rest));
        places.sort_by_key(|(place, _)| place.start);
        places
    }
}

/// A text with as many bytes in place of what is told by its form, and where that stands.
fn without_forms(text: &str) -> (String, Vec<(Range<usize>, Personal)>) {
    let places = forms(text);
    let mut rest = String::with_capacity(text.len());
    let mut copied = 0;
    for (place, _) in &places {
        rest.push_str(&text[copied..place.start]);
        rest.push_str(&FOUND.repeat(place.len()));
        copied = place.end;
    }
    rest.push_str(&text[copied..]);
    (rest, places)
}

/// What HTML says, in a line for each block, and its parts.
fn parts(html: &str) -> (String, Vec<Part<'_>>) {
    let mut said = String::with_capacity(html.len());
    let mut parts = Vec::new();
    let mut tokens = Tokens::new(html).peekable();
    while let Some((at, token)) = tokens.next() {
        let end = tokens.peek().map_or(html.len(), |(next, _)| *next);
        match token {
            Token::Text(text) => {
                let from = said.len();
                said.push_str(&text.replace("&nbsp;", "\u{a0}"));
                parts.push(Part::Text(from..said.len()));
            }
            Token::Open { name, .. } | Token::Close { name } => {
                if is_block(name) {
                    said.push('\n');
                } else if is_in(CELLS, name) {
                    said.push('\t');
                }
                parts.push(Part::Tag { name, written: &html[at..end], is_open: matches!(token, Token::Open { .. }) });
            }
            Token::Hidden => {}
        }
    }
    (said, parts)
}

/// A part of HTML: a stretch of what it says, or a tag.
enum Part<'a> {
    Text(Range<usize>),
    Tag { name: &'a str, written: &'a str, is_open: bool },
}

/// Adds this part of a text, which begins at `from` in it, with words in place of what stands at these places. Each has
/// its word where it begins.
fn cut(part: &str, from: usize, places: &[(Range<usize>, Personal)], masked: &mut String) {
    let end = from + part.len();
    let mut at = from;
    for (place, what) in places.iter().filter(|(place, _)| place.start < end && from < place.end) {
        masked.push_str(&part[at.min(place.start.max(from)) - from..place.start.max(from) - from]);
        if place.start >= from {
            masked.push_str(what.placeholder());
        }
        at = place.end.min(end);
    }
    masked.push_str(&part[at - from..]);
}

/// The attributes of a tag as the sanitiser writes it: `<a href="…" rel="…">`.
fn attributes(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = tag;
    std::iter::from_fn(move || {
        let (name, behind) = rest.split_once("=\"")?;
        let (value, behind) = behind.split_once('"')?;
        rest = behind;
        let name = name.rsplit([' ', '\n', '\t']).next().unwrap_or_default();
        Some((name, value))
    })
}

/// An address as its words are read.
fn spoken(address: &str) -> String {
    let decoded = decoded(address);
    let plain = percent_decode_str(&decoded).decode_utf8_lossy();
    plain.replace(['?', '&', '=', '/', '+', '_', '#'], " ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::Masks;

    fn masks() -> Masks {
        Masks::new(["Jeanne Martin", "DUPOND Éric"], ["École élémentaire Voltaire"], ["LSU", "ONDE"])
    }

    #[rstest]
    #[case("Écrivez à jeanne.martin@ac-dijon.fr.", "Écrivez à [adresse].")]
    #[case(
        "Appelez le 03 80 12 34 56 ou +33 6 12 34 56 78, poste 12",
        "Appelez le [téléphone] ou [téléphone], poste 12"
    )]
    #[case("0380123456", "[téléphone]")]
    #[case("L’école 0210001A, INE 1234567890A et 123456789AB", "L’école [UAI], INE [INE] et [INE]")]
    #[case("NUMEN 05E1234567ABC", "NUMEN [NUMEN]")]
    #[case("Bonjour Mme Martin, M. Dupond-Moretti et Mme Le Goff", "Bonjour Mme [nom], M. [nom] et Mme [nom]")]
    #[case("Vu avec Jeanne puis MARTIN, voir Éric Dupond", "Vu avec [nom] puis [nom], voir [nom]")]
    #[case("le martin-pêcheur", "le martin-pêcheur")]
    #[case("L’élève Lucas Petit est né le 12/03/2015.", "L’élève [élève] est né le [date de naissance].")]
    #[case("Élève : Léa, née le 1er mars 2016 à Dijon", "Élève : [élève], née le [date de naissance] à Dijon")]
    #[case("Pour BERNARD Chloé et pour Hugo LEROY", "Pour [nom] et pour [nom]")]
    #[case("À l’école Voltaire, dans LSU Bilans", "À l’école [école], dans LSU Bilans")]
    #[case("Ouvrez ONDE puis Élèves, exportez en PDF Paysage", "Ouvrez ONDE puis Élèves, exportez en PDF Paysage")]
    #[case("Les élèves de CM2 et les CE1", "Les élèves de CM2 et les CE1")]
    #[case("Version 10.0.14 du 12/03/2026, 1234567 lignes", "Version 10.0.14 du 12/03/2026, 1234567 lignes")]
    #[case("Vu avec jeanne martin, voir la page de martin", "Vu avec [nom], voir la page de martin")]
    #[case("Martin dit que martin le sait", "[nom] dit que [nom] le sait")]
    #[case("à l’école voltaire, rue Voltaire", "à l’école [école], rue [école]")]
    #[case("Pour MARTIN Lucas et Lucas MARTIN", "Pour [nom] et [nom]")]
    #[case("Mme O'Neil, Mme d'Arc, M. de la Tour, M. J. Dupuis", "Mme [nom], Mme [nom], M. [nom], M. [nom]")]
    #[case("madame dupont est là, Madame la Directrice", "madame [nom] est là, Madame la Directrice")]
    #[case("Merci, madame. Vous avez 5 m de câble.", "Merci, madame. Vous avez 5 m de câble.")]
    #[case("Cordialement,\nPaul Legrand", "Cordialement,\n[nom]")]
    #[case("Bien à vous, Paul Legrand.\nOuvrez ONDE", "Bien à vous, [nom].\nOuvrez ONDE")]
    #[case("Date de naissance : 12/03/2015", "Date de naissance : [date de naissance]")]
    #[case("née 12 mars 2015, né(e) le 3 avril 2016", "née [date de naissance], né(e) le [date de naissance]")]
    #[case("DDN 12/03/15, né à Dijon le 2015-03-12", "DDN [date de naissance], né à Dijon le [date de naissance]")]
    #[case("Le bouton ne marche plus depuis le 12/03/2026", "Le bouton ne marche plus depuis le 12/03/2026")]
    #[case("12 rue des Lilas, 21000 Dijon, à droite", "[adresse postale], à droite")]
    #[case("au 3 bis, avenue du Général de Gaulle.", "au [adresse postale].")]
    #[case("Il y a 3 places, et 21000 élèves", "Il y a 3 places, et 21000 élèves")]
    #[case("03/80/12/34/56 ou +33 (0)3 80 12 34 56", "[téléphone] ou [téléphone]")]
    #[case("le 01/02/2026 10:15 et le 01.02.2026 10:15", "le 01/02/2026 10:15 et le 01.02.2026 10:15")]
    #[case("123456789 AB, 1234567890-A, 021 0001A", "[INE], [INE], [UAI]")]
    #[case("NIR 2 85 03 21 231 123 45", "NIR [numéro de sécurité sociale]")]
    #[case("jeanne [at] ac-dijon.fr ou jeanne(at)ac-dijon.fr", "[adresse] ou [adresse]")]
    fn what_names_a_person_goes_and_nothing_else(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(masks().text(text), expected);
    }

    #[test]
    fn what_was_masked_is_said() {
        let mut masks = masks();
        assert_eq!(masks.said(), None);
        masks.text("Mme Martin et M. Leroy, 03 80 12 34 56");
        assert_eq!(masks.said().unwrap(), "2\u{a0}noms, 1\u{a0}téléphone");
    }

    #[test]
    fn html_keeps_its_tags() {
        let html =
            "<p>Pour&nbsp;<b>Mme&nbsp;Martin</b> : <a href=\"https://ac-dijon.fr/lsu?page=2\">ici</a> &amp; là</p>";
        let expected =
            "<p>Pour\u{a0}<b>Mme\u{a0}[nom]</b> : <a href=\"https://ac-dijon.fr/lsu?page=2\">ici</a> &amp; là</p>";
        assert_eq!(masks().html(html), expected);
    }

    /// Nobody sees attributes who reads a draft, and marks cut no names.
    #[rstest]
    #[case("<p>Mme <strong>Dupont</strong></p>", "<p>Mme <strong>[nom]</strong></p>")]
    #[case("<p>Élève : <b>Tom</b> <b>Sawyer</b> va</p>", "<p>Élève : <b>[élève]</b><b></b> va</p>")]
    #[case("<p>jeanne.martin<span>@ac-dijon.fr</span></p>", "<p>[adresse]<span></span></p>")]
    #[case("<p>03 80 <b>12</b> 34 56</p>", "<p>[téléphone]<b></b></p>")]
    #[case("<table><tr><td title=\"0210001A\">a</td></tr></table>", "<table><tr><td>a</td></tr></table>")]
    #[case("<p title=\"Jeanne Martin\">a</p>", "<p>a</p>")]
    #[case(
        "<a href=\"https://onde.example/eleve?ine=1234567890A&amp;mail=jeanne.martin@ac-dijon.fr\">b</a>",
        "<a href=\"https://onde.example/eleve\">b</a>"
    )]
    #[case("<a href=\"https://x.example/?eleve=Lucas%20Petit\">b</a>", "<a href=\"https://x.example/\">b</a>")]
    #[case("<a href=\"https://x.example/jeanne-martin\" rel=\"nofollow\">b</a>", "<a rel=\"nofollow\">b</a>")]
    #[case("<p>Cordialement,<br>Paul Legrand</p>", "<p>Cordialement,<br>[nom]</p>")]
    #[case("<p>MARTIN</p><p>Onglet Élèves</p>", "<p>[nom]</p><p>Onglet Élèves</p>")]
    fn html_is_masked_as_it_is_read(#[case] html: &str, #[case] expected: &str) {
        assert_eq!(masks().html(html), expected);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "(?s).{0,200}") {
            masks().html(&text);
            masks().text(&text);
        }

        #[test]
        fn no_address_telephone_or_code_is_left(
            before in "[a-z ]{0,20}", name in "[a-z]{1,10}", digits in "[0-9]{8}", letter in "[A-HJ-NP-Z]",
        ) {
            let uai = format!("021{}{letter}", &digits[..4]);
            let text = format!("{before} {name}@ac-dijon.fr puis 03{digits} {uai}");
            let masked = masks().text(&text);
            prop_assert!(!masked.contains('@') && !masked.contains(&digits), "{masked}");
        }
    }
}
