//! Where an announcement is for: the academy, some departments, some circonscriptions.

use std::collections::BTreeSet;

use crate::{
    people::Rights,
    request::School,
    request::department_number,
    text::{fold::phrase, unseen::one_line},
};

/// A part of the academy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    /// By its number in three characters: `021`.
    Department(String),
    /// A circonscription of a department.
    Circonscription {
        /// The department's number.
        department: String,
        /// Its name, as the directory writes it.
        name: String,
    },
}

/// The zones an announcement is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zones {
    /// Everybody.
    Academy,
    /// Those of these zones; there is at least one.
    Some(BTreeSet<Zone>),
}

const DEPARTMENT: &str = "département ";
const CIRCONSCRIPTION: &str = "circonscription ";
const ACADEMY: &str = "académie";
/// What parts a circonscription's name from its department.
const OF: &str = ", département ";

impl Zone {
    /// The zone that a person or a program names: `021`, `58`, `021/Dijon Nord`. `None` where it is none, or more than
    /// one: `021,058` is not the first of both.
    pub fn parse(text: &str) -> Option<Self> {
        let alone = |text: &str| {
            let text = text.trim();
            if text.chars().all(|c| c.is_ascii_alphanumeric()) { department_number(text) } else { None }
        };
        match text.split_once('/') {
            None => alone(text).map(Self::Department),
            Some((department, name)) => {
                let name = one_line(name);
                let department = alone(department)?;
                (!name.is_empty()).then_some(Self::Circonscription { department, name })
            }
        }
    }

    /// As [`Zone::parse`] reads it.
    pub fn code(&self) -> String {
        match self {
            Self::Department(number) => number.clone(),
            Self::Circonscription { department, name } => format!("{department}/{name}"),
        }
    }

    /// As a person reads it.
    pub fn shown(&self) -> String {
        match self {
            Self::Department(number) => format!("{DEPARTMENT}{}", department_name(number)),
            Self::Circonscription { department, name } => {
                format!("{CIRCONSCRIPTION}{name}{OF}{}", department_name(department))
            }
        }
    }

    /// The department it is, or is of.
    pub fn department(&self) -> &str {
        match self {
            Self::Department(number) => number,
            Self::Circonscription { department, .. } => department,
        }
    }

    /// Whether a school is in it. A circonscription is known by its name where the school's department is not.
    pub fn holds(&self, school: &School) -> bool {
        let department = school.department.as_deref();
        match self {
            Self::Department(number) => department == Some(number),
            Self::Circonscription { department: of, name } => {
                department.is_none_or(|department| department == of)
                    && school.circonscription.as_deref().is_some_and(|own| phrase(own) == phrase(name))
            }
        }
    }

    fn read(shown: &str) -> Option<Self> {
        if let Some(number) = shown.strip_prefix(DEPARTMENT) {
            return department_number(number).map(Self::Department);
        }
        let (name, department) = shown.strip_prefix(CIRCONSCRIPTION)?.rsplit_once(OF)?;
        let department = department_number(department)?;
        Some(Self::Circonscription { department, name: name.to_owned() })
    }
}

impl Zones {
    /// The zones that these texts name, the academy where there is none; else those that are no zone.
    ///
    /// # Errors
    ///
    /// The texts that name none, all of them.
    pub fn parse(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, Vec<String>> {
        let (mut zones, mut unread) = (BTreeSet::new(), Vec::new());
        for text in texts {
            match Zone::parse(text.as_ref()) {
                Some(zone) => _ = zones.insert(zone),
                None => unread.push(text.as_ref().to_owned()),
            }
        }
        if unread.is_empty() { Ok(Self::of(zones)) } else { Err(unread) }
    }

    /// These zones; the academy where none is named.
    pub fn of(zones: impl IntoIterator<Item = Zone>) -> Self {
        let zones: BTreeSet<Zone> = zones.into_iter().collect();
        if zones.is_empty() { Self::Academy } else { Self::Some(zones) }
    }

    /// The zones one by one; none where everybody is meant.
    pub fn each(&self) -> impl Iterator<Item = &Zone> {
        match self {
            Self::Academy => None,
            Self::Some(zones) => Some(zones.iter()),
        }
        .into_iter()
        .flatten()
    }

    /// As a person reads them, each a line.
    pub fn shown(&self) -> Vec<String> {
        match self {
            Self::Academy => vec![ACADEMY.to_owned()],
            Self::Some(zones) => zones.iter().map(Zone::shown).collect(),
        }
    }

    /// Whether one of a person's schools is in them. Who has no school is told what everybody is.
    pub fn reach(&self, schools: &[School]) -> bool {
        match self {
            Self::Academy => true,
            Self::Some(zones) => zones.iter().any(|zone| schools.iter().any(|school| zone.holds(school))),
        }
    }

    /// Whether somebody with these rights is in charge of all of them.
    pub fn are_within(&self, rights: &Rights) -> bool {
        match self {
            Self::Academy => rights.is_everything(),
            Self::Some(zones) => zones.iter().all(|zone| rights.cover(Some(zone.department()), None)),
        }
    }

    /// What [`Zones::shown`] wrote.
    pub(super) fn read(lines: &[String]) -> Option<Self> {
        if lines == [ACADEMY] {
            return Some(Self::Academy);
        }
        let zones = lines.iter().map(|line| Zone::read(line)).collect::<Option<BTreeSet<_>>>()?;
        (!zones.is_empty()).then_some(Self::Some(zones))
    }
}

/// A department's number as people write it: 21, 2A, 971. Words for one that nobody knows stay as they are.
pub fn department_name(number: &str) -> &str {
    number.strip_prefix('0').unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Zone, Zones};
    use crate::{
        people::{Rights, Role},
        request::School,
    };

    fn school(department: Option<&str>, circonscription: Option<&str>) -> School {
        School {
            department: department.map(str::to_owned),
            circonscription: circonscription.map(str::to_owned),
            ..School::default()
        }
    }

    fn zones(codes: &[&str]) -> Zones {
        Zones::of(codes.iter().map(|code| Zone::parse(code).unwrap()))
    }

    #[rstest]
    #[case("21", Some("021"))]
    #[case("021", Some("021"))]
    #[case("2A", Some("02A"))]
    #[case("021/ Dijon  Nord ", Some("021/Dijon Nord"))]
    #[case("21/Dijon/Nord", Some("021/Dijon/Nord"))]
    #[case("Dijon Nord", None)]
    #[case("021/", None)]
    #[case("021,058", None)]
    #[case("021,0Z1", None)]
    #[case("021 058", None)]
    #[case("021;058/Nevers", None)]
    #[case(" 21 ", Some("021"))]
    #[case("", None)]
    fn a_zone_is_named(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(Zone::parse(text).map(|zone| zone.code()).as_deref(), expected);
    }

    #[rstest]
    #[case::all(&[], &["académie"])]
    #[case::departments(&["58", "21"], &["département 21", "département 58"])]
    #[case::a_district(&["021/Dijon, département Nord"], &["circonscription Dijon, département Nord, département 21"])]
    fn zones_are_read_again(#[case] codes: &[&str], #[case] shown: &[&str]) {
        let zones = zones(codes);
        assert_eq!(zones.shown(), shown);
        assert_eq!(Zones::read(&zones.shown()), Some(zones));
    }

    #[rstest]
    #[case::all(&[], school(None, None), true)]
    #[case::the_department(&["021", "058"], school(Some("058"), None), true)]
    #[case::another(&["021"], school(Some("058"), None), false)]
    #[case::an_unknown_one(&["021"], school(None, None), false)]
    #[case::the_district(&["021/Dijon Nord"], school(Some("021"), Some("DIJON NORD")), true)]
    #[case::its_namesake(&["021/Centre"], school(Some("058"), Some("Centre")), false)]
    #[case::the_district_without_department(&["021/Centre"], school(None, Some("Centre")), true)]
    #[case::another_district(&["021/Dijon Nord"], school(Some("021"), Some("Dijon Sud")), false)]
    fn a_zone_reaches_its_schools(#[case] codes: &[&str], #[case] school: School, #[case] expected: bool) {
        let other = self::school(Some("971"), Some("Ailleurs"));
        assert_eq!(zones(codes).reach(&[other, school]), expected);
    }

    #[test]
    fn who_has_no_school_is_told_what_everybody_is() {
        assert!(Zones::Academy.reach(&[]) && !zones(&["021"]).reach(&[]));
    }

    #[rstest]
    #[case::an_operator(Role::Operator, &[], true)]
    #[case::a_correspondent_their_own(Role::Correspondent("021".to_owned()), &["021", "021/Dijon Nord"], true)]
    #[case::a_correspondent_another_too(Role::Correspondent("021".to_owned()), &["021", "058/Nevers"], false)]
    #[case::a_correspondent_all(Role::Correspondent("021".to_owned()), &[], false)]
    #[case::a_referent(Role::referent("LSU"), &["021"], false)]
    fn who_is_in_charge_of_zones(#[case] role: Role, #[case] codes: &[&str], #[case] expected: bool) {
        assert_eq!(zones(codes).are_within(&Rights::of([role])), expected);
    }
}
