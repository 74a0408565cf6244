//! The names that tickets share, each kept once: a ticket holds their numbers.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    districts::DistrictList,
    name_list::{NameList, UNKNOWN, readable},
};

/// How words are written that are kept folded.
#[derive(Clone, Debug, Default)]
pub struct Spellings(HashMap<u16, BTreeMap<Box<str>, u32>>);

/// More spellings of a word say nothing more.
const MOST_SPELLINGS: usize = 8;

impl Spellings {
    /// Counts one.
    pub fn note(&mut self, word: u16, spelling: &str) {
        let all = self.0.entry(word).or_default();
        if let Some(times) = all.get_mut(spelling) {
            *times += 1;
        } else if all.len() < MOST_SPELLINGS {
            all.insert(spelling.into(), 1);
        }
    }

    /// The one that is written most often; of equals the one with more accents.
    pub fn usual(&self, word: u16) -> Option<&str> {
        let accents = |spelling: &str| spelling.chars().filter(|c| !c.is_ascii()).count();
        let all = self.0.get(&word)?.iter();
        all.max_by_key(|(spelling, times)| (**times, accents(spelling))).map(|(spelling, _)| &**spelling)
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
    pub spellings: Spellings,
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
            spellings.note(1, spelling);
        }
        for spelling in ["eleve", "élève"] {
            spellings.note(2, spelling);
        }
        assert_eq!([1, 2, 3].map(|word| spellings.usual(word)), [Some("bloqué"), Some("élève"), None]);
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
