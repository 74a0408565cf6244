//! The names that tickets share, each kept once: a ticket holds their numbers.

use std::{collections::HashMap, sync::Arc};

use super::{
    districts::DistrictList,
    name_list::{NameList, UNKNOWN, readable},
    title_words::TitleWord,
};

/// How words are written that are kept folded. Most are written as they are folded, names above all: those take a number
/// each.
#[derive(Clone, Debug, Default)]
pub(super) struct Spellings {
    /// How often each word is written as it is folded, by its number less one.
    folded: Vec<u32>,
    /// How else it is, and how often.
    others: HashMap<u16, Vec<(Box<str>, u32)>>,
}

/// More spellings of a word say nothing more.
const MOST_SPELLINGS: usize = 8;

impl Spellings {
    /// Counts one of a word; none of [`UNKNOWN`].
    pub(super) fn note(&mut self, word: u16, folded: &str, spelling: &str) {
        let Some(place) = usize::from(word).checked_sub(1) else { return };
        if spelling == folded {
            if self.folded.len() <= place {
                self.folded.resize(place + 1, 0);
            }
            self.folded[place] += 1;
            return;
        }
        let others = self.others.entry(word).or_default();
        if let Some((_, times)) = others.iter_mut().find(|(other, _)| **other == *spelling) {
            *times += 1;
        } else if others.len() < MOST_SPELLINGS {
            others.push((spelling.into(), 1));
        }
    }

    /// The one that is written most often, where that is not the folded one; of equals the one with more accents.
    pub(super) fn usual(&self, word: u16) -> Option<&str> {
        let accents = |spelling: &str| spelling.chars().filter(|c| !c.is_ascii()).count();
        let others = self.others.get(&word)?.iter();
        let (spelling, times) = others.max_by_key(|(spelling, times)| (*times, accents(spelling)))?;
        let folded = self.folded.get(usize::from(word).checked_sub(1)?).copied().unwrap_or_default();
        (*times >= folded).then_some(spelling)
    }
}

/// All names of tickets.
#[derive(Clone, Debug, Default)]
pub struct FigureNames {
    /// Applications.
    pub applications: NameList,
    /// Natures of requests, else the last part of a category.
    pub natures: NameList,
    /// Departments, by their numbers of three characters.
    pub departments: NameList,
    /// Districts of primary education.
    pub circonscriptions: DistrictList,
    /// Schools, by their codes, else by their names.
    pub schools: NameList,
    /// Groups that gave tickets on.
    pub groups: NameList,
    /// Words of titles, folded.
    pub words: NameList,
    /// … and as they are written.
    spellings: Spellings,
    /// A school as people read it, and its department and circonscription, by its number less one.
    places: Vec<SchoolPlace>,
}

/// A school as tickets tell of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchoolPlace {
    /// As people read it; empty where only its code is known.
    pub label: Arc<str>,
    /// Its department's number.
    pub department: u16,
    /// Its circonscription's number.
    pub circonscription: u16,
}

impl FigureNames {
    /// Notes what a ticket tells of a school; what an earlier one told stays where this one does not say.
    pub fn note_school(&mut self, school: u16, label: &str, department: u16, circonscription: u16) {
        let Some(place) = usize::from(school).checked_sub(1) else { return };
        if self.places.len() <= place {
            self.places.resize_with(place + 1, SchoolPlace::default);
        }
        let known = &mut self.places[place];
        if known.label.is_empty() && !label.is_empty() {
            known.label = Arc::from(&*readable(label));
        }
        if known.department == UNKNOWN {
            known.department = department;
        }
        if known.circonscription == UNKNOWN {
            known.circonscription = circonscription;
        }
    }

    /// The number of a word of a title, which is counted as it is written.
    pub fn note_word(&mut self, word: &TitleWord) -> u16 {
        let number = self.words.number(&word.folded);
        self.spellings.note(number, &word.folded, &word.written);
        number
    }

    /// A word as it is written most often; `None` for none.
    pub fn word(&self, number: u16) -> Option<&str> {
        self.spellings.usual(number).or_else(|| self.words.name(number))
    }

    /// Each school's number, with what is known of it.
    pub fn schools_with_places(&self) -> impl Iterator<Item = (u16, &SchoolPlace)> {
        (1..).zip(&self.places)
    }

    /// What is known of a school; `None` for none.
    pub fn place(&self, school: u16) -> Option<&SchoolPlace> {
        self.places.get(usize::from(school).checked_sub(1)?)
    }

    /// A school as people read it; `None` for none.
    pub fn school(&self, number: u16) -> Option<&str> {
        let code = self.schools.name(number)?;
        let label = self.place(number).map_or("", |place| &place.label);
        Some(if label.is_empty() { code } else { label })
    }
}

#[cfg(test)]
mod tests {
    use super::{FigureNames, Spellings, UNKNOWN};

    #[test]
    fn a_name_has_nothing_that_no_file_shows() {
        let mut names = FigureNames::default();
        let number = names.natures.number("LSU\u{0} : bilans\u{1}\u{fffe}");
        assert_eq!(
            (names.natures.name(number), names.natures.find("LSU\u{1} : bilans")),
            (Some("LSU : bilans"), Some(number))
        );
        let school = names.schools.number("0210001A");
        names.note_school(school, "École \u{1}Voltaire", UNKNOWN, UNKNOWN);
        assert_eq!(names.school(school), Some("École Voltaire"));
    }

    #[test]
    fn a_word_is_shown_as_it_is_written_most_often() {
        let mut spellings = Spellings::default();
        for spelling in ["bloque", "bloqué", "bloqué", "bloquè"] {
            spellings.note(1, "bloque", spelling);
        }
        for spelling in ["eleve", "élève"] {
            spellings.note(2, "eleve", spelling);
        }
        for spelling in ["deja", "deja", "déjà"] {
            spellings.note(3, "deja", spelling);
        }
        spellings.note(UNKNOWN, "ecran", "écran");
        let usual = [1, 2, 3, 4, UNKNOWN].map(|word| spellings.usual(word));
        assert_eq!(usual, [Some("bloqué"), Some("élève"), None, None, None]);
    }

    #[test]
    fn a_school_is_known_by_what_any_ticket_tells() {
        let mut names = FigureNames::default();
        let school = names.schools.number("0210001A");
        names.note_school(school, "", 3, UNKNOWN);
        assert_eq!(names.school(school), Some("0210001A"));
        names.note_school(school, "École Voltaire (0210001A)", 4, 7);
        let (_, place) = names.schools_with_places().next().unwrap();
        assert_eq!(
            (names.school(school), place.department, place.circonscription),
            (Some("École Voltaire (0210001A)"), 3, 7)
        );
    }
}
