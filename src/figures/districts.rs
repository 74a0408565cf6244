//! Districts of primary education, by their departments: two may have one of the same name.

use std::{collections::HashMap, sync::Arc};

use super::name_list::{NameList, UNKNOWN, readable};
use crate::text::fold::words;

/// Where the department of one of several namesakes is not known.
const NOWHERE: &str = "département inconnu";

/// One of them.
#[derive(Clone, Debug)]
struct District {
    name: Arc<str>,
    department: u16,
}

/// Districts by their numbers, from 1.
#[derive(Clone, Debug, Default)]
pub struct DistrictList {
    districts: Vec<District>,
    /// Those of a name, whatever its case and accents.
    named: HashMap<Vec<String>, Vec<u16>>,
}

impl DistrictList {
    /// The number of the district of this name in a department, which is given one where it is new; [`UNKNOWN`] for no
    /// name, and for one too many. Where the department is not said, the only one of that name is meant.
    pub fn number(&mut self, name: &str, department: u16) -> u16 {
        let (name, key) = (readable(name), words(name));
        if key.is_empty() {
            return UNKNOWN;
        }
        let namesakes = self.named.entry(key).or_default();
        let place = |number: u16| usize::from(number) - 1;
        let of = |wanted: u16| {
            let districts = &self.districts;
            namesakes.iter().copied().find(|number| districts[place(*number)].department == wanted)
        };
        let known = match (of(department), namesakes.as_slice()) {
            (Some(number), _) => Some(number),
            (None, [only]) if department == UNKNOWN => Some(*only),
            (None, _) => of(UNKNOWN),
        };
        if let Some(number) = known {
            let district = &mut self.districts[place(number)];
            if district.department == UNKNOWN {
                district.department = department;
            }
            if care(&name) > care(&district.name) {
                district.name = Arc::from(&*name);
            }
            return number;
        }
        let Ok(number) = u16::try_from(self.districts.len() + 1) else { return UNKNOWN };
        self.districts.push(District { name: Arc::from(&*name), department });
        namesakes.push(number);
        number
    }

    /// The name of this number; `None` for [`UNKNOWN`].
    pub fn name(&self, number: u16) -> Option<&str> {
        self.district(number).map(|district| &*district.name)
    }

    /// The department of this number; [`UNKNOWN`] where nothing tells it.
    pub fn department(&self, number: u16) -> u16 {
        self.district(number).map_or(UNKNOWN, |district| district.department)
    }

    /// As people read it: with its department where another one has the same name.
    pub fn label(&self, number: u16, departments: &NameList) -> Option<String> {
        let District { name, department } = self.district(number)?;
        let namesakes = self.named.get(&words(name)).map_or(0, Vec::len);
        let department = departments.name(*department).unwrap_or(NOWHERE);
        Some(if namesakes > 1 { format!("{name} ({department})") } else { name.to_string() })
    }

    /// Those that are meant by a name, a label or a zone (`021/Beaune`), whatever their case and accents.
    pub fn meant(&self, name: &str, departments: &NameList) -> Vec<u16> {
        if let Some(named) = self.named.get(&words(name)) {
            return named.clone();
        }
        let given = words(name);
        let is_meant = |number: &u16| {
            let Some(district) = self.district(*number) else { return false };
            let name = words(&district.name);
            let department = words(departments.name(district.department).unwrap_or(NOWHERE));
            given == [name.as_slice(), &department].concat() || given == [department, name].concat()
        };
        self.numbers().filter(is_meant).collect()
    }

    /// All of them.
    pub fn numbers(&self) -> impl Iterator<Item = u16> {
        (1..).take(self.districts.len())
    }

    /// How many there are, with [`UNKNOWN`].
    pub fn len_with_unknown(&self) -> usize {
        self.districts.len() + 1
    }

    fn district(&self, number: u16) -> Option<&District> {
        self.districts.get(usize::from(number).checked_sub(1)?)
    }
}

/// How carefully a name is written: in small letters, and with accents.
fn care(name: &str) -> (bool, usize) {
    (name.chars().any(char::is_lowercase), name.chars().filter(|c| !c.is_ascii()).count())
}

#[cfg(test)]
mod tests {
    use super::DistrictList;
    use crate::figures::name_list::{NameList, UNKNOWN};

    fn departments() -> NameList {
        let mut departments = NameList::default();
        assert_eq!(["021", "058"].map(|name| departments.number(name)), [1, 2]);
        departments
    }

    #[test]
    fn districts_of_one_name_are_told_apart_by_their_departments() {
        let (mut districts, departments) = (DistrictList::default(), departments());
        let label = |districts: &DistrictList, number| districts.label(number, &departments).unwrap();
        let beaune = districts.number("Beaune", UNKNOWN);
        assert_eq!((districts.number("BEAUNE", 1), label(&districts, beaune).as_str()), (beaune, "Beaune"));
        assert_eq!(districts.number("beaune", UNKNOWN), beaune, "there is no other");
        let other = districts.number("Beaune", 2);
        assert_ne!(other, beaune);
        assert_eq!([beaune, other].map(|number| districts.department(number)), [1, 2]);
        assert_eq!([beaune, other].map(|number| label(&districts, number)), ["Beaune (021)", "Beaune (058)"]);
        let nowhere = districts.number("Beaune", UNKNOWN);
        assert!(![beaune, other].contains(&nowhere), "either may be meant");
        for (given, expected) in [
            ("beaune", vec![beaune, other, nowhere]),
            ("021/Beaune", vec![beaune]),
            ("Beaune (058)", vec![other]),
            ("Beaune (département inconnu)", vec![nowhere]),
            ("Nevers", vec![]),
        ] {
            assert_eq!(districts.meant(given, &departments), expected, "{given}");
        }
        assert_eq!(districts.number(" ", 1), UNKNOWN);
    }

    #[test]
    fn a_name_is_one_however_it_is_written() {
        let mut districts = DistrictList::default();
        let number = districts.number("DIJON NORD", 1);
        for (written, shown) in
            [("Dijon nord", "Dijon nord"), ("DIJON-NORD", "Dijon nord"), ("Dijon\u{1} Nôrd", "Dijon Nôrd")]
        {
            assert_eq!((districts.number(written, 1), districts.name(number)), (number, Some(shown)));
        }
        assert_eq!(districts.len_with_unknown(), 2);
    }
}
