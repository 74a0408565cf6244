//! The names that tickets share, each kept once: a ticket holds their numbers.

use std::{collections::HashMap, sync::Arc};

/// What has no name, or is not said.
pub const UNKNOWN: u16 = 0;

/// Names by their numbers, from 1.
#[derive(Clone, Debug, Default)]
pub struct NameList {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u16>,
}

impl NameList {
    /// The number of this name, which is given one where it is new; [`UNKNOWN`] for an empty one, and for one too many.
    pub fn number(&mut self, name: &str) -> u16 {
        if name.is_empty() {
            return UNKNOWN;
        }
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let Ok(number) = u16::try_from(self.names.len() + 1) else { return UNKNOWN };
        let name: Arc<str> = Arc::from(name);
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    /// The number of this name, where it has one.
    pub fn find(&self, name: &str) -> Option<u16> {
        self.numbers.get(name).copied()
    }

    /// The name of this number; `None` for [`UNKNOWN`].
    pub fn name(&self, number: u16) -> Option<&str> {
        let place = usize::from(number).checked_sub(1)?;
        self.names.get(place).map(AsRef::as_ref)
    }

    /// All of them, each with its number.
    pub fn all(&self) -> impl Iterator<Item = (u16, &str)> + Clone {
        (1..).zip(self.names.iter().map(AsRef::as_ref))
    }

    /// How many there are, with [`UNKNOWN`].
    pub fn len_with_unknown(&self) -> usize {
        self.names.len() + 1
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
    pub circonscriptions: NameList,
    /// Schools, by their codes, else by their names.
    pub schools: NameList,
    /// Groups that gave tickets on.
    pub groups: NameList,
    /// Words of titles.
    pub words: NameList,
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
            known.label = Arc::from(label);
        }
        if known.department == UNKNOWN {
            known.department = department;
        }
        if known.circonscription == UNKNOWN {
            known.circonscription = circonscription;
        }
    }

    /// Each school's number, with what is known of it.
    pub fn schools_with_places(&self) -> impl Iterator<Item = (u16, &SchoolPlace)> {
        (1..).zip(&self.places)
    }

    /// A school as people read it; `None` for none.
    pub fn school(&self, number: u16) -> Option<&str> {
        let code = self.schools.name(number)?;
        let label = self.places.get(usize::from(number) - 1).map_or("", |place| &place.label);
        Some(if label.is_empty() { code } else { label })
    }
}

#[cfg(test)]
mod tests {
    use super::{FigureNames, NameList, UNKNOWN};

    #[test]
    fn a_name_has_one_number() {
        let mut names = NameList::default();
        assert_eq!(
            [names.number("LSU"), names.number("ONDE"), names.number("LSU"), names.number("")],
            [1, 2, 1, UNKNOWN]
        );
        assert_eq!((names.name(2), names.name(UNKNOWN), names.find("APAE")), (Some("ONDE"), None, None));
        for other in 0..70_000 {
            names.number(&other.to_string());
        }
        assert_eq!((names.number("one too many"), names.len_with_unknown()), (UNKNOWN, 65_536));
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
