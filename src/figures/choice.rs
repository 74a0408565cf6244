//! What somebody asks figures for, in names, and what that means for the tickets that are known.

use std::time::Duration;

use jiff::civil::Date;

use super::{
    counting::{FigureQuestion, Sight},
    expected::ExpectedDelay,
    name_list::{NameList, UNKNOWN},
    names::FigureNames,
    period::Period,
};
use crate::{
    people::Rights,
    request::department_of,
    text::{
        fold::words,
        near::{ALIKE, near},
    },
};

/// What stands for what tickets do not say.
pub const UNSAID: &str = "inconnu";
/// So many names that may be meant are told.
const MOST_NEAR: usize = 3;
/// No ticket has this number of a name.
const NOBODY_S: u16 = u16::MAX;

/// What figures are asked for; each choice a name, or [`UNSAID`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureChoice {
    /// When requests were opened.
    pub period: Period,
    /// Of this application alone.
    pub application: Option<String>,
    /// Of this department alone, by its number in three characters.
    pub department: Option<String>,
    /// Of this circonscription alone.
    pub circonscription: Option<String>,
    /// Of the school with this code alone.
    pub school: Option<String>,
}

impl FigureChoice {
    /// All requests of a period.
    pub fn of(period: Period) -> Self {
        Self { period, application: None, department: None, circonscription: None, school: None }
    }

    /// Whether somebody with these rights may ask for it: the department or the application they name has to be theirs.
    /// Who names none is answered of what is theirs.
    pub fn is_allowed(&self, rights: &Rights) -> bool {
        let said = |choice: &Option<String>| choice.clone().filter(|name| name != UNSAID);
        let (department, application) = (said(&self.department), said(&self.application));
        let names_other = self.department.is_some() && !rights.cover(department.as_deref(), application.as_deref());
        // A correspondent may choose among the applications of their department.
        let has_departments = rights.departments().next().is_some();
        let names_none = self.application.is_some() && !rights.cover(None, application.as_deref()) && !has_departments;
        rights.is_everything() || !names_other && !names_none
    }

    /// The question for the tickets that have these names.
    pub(super) fn question(
        &self,
        names: &FigureNames,
        rights: &Rights,
        today: Date,
        expected: impl Fn(&str) -> Option<ExpectedDelay>,
    ) -> FigureQuestion {
        let seconds = |delay: Duration| u32::try_from(delay.as_secs()).ok();
        let expected_of = |(number, name): (u16, &str)| {
            let expected = expected(name)?;
            let [charge, solution] = [expected.charge, expected.solution].map(|delay| seconds(delay?.eightieth));
            Some((number, (charge, solution)))
        };
        FigureQuestion {
            period: self.period,
            application: chosen(self.application.as_deref(), &names.applications),
            department: chosen(self.department.as_deref(), &names.departments),
            circonscription: self.circonscription.as_deref().map(|name| match name {
                UNSAID => UNKNOWN,
                name => names.circonscriptions.meant(name, &names.departments).first().copied().unwrap_or(NOBODY_S),
            }),
            school: chosen(self.school.as_deref(), &names.schools),
            sight: sight(rights, names),
            expected: names.applications.all().filter_map(expected_of).collect(),
            today,
        }
    }
}

/// A choice that no ticket, no application and no school of the directory has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownChoice {
    /// What is chosen: `application`, `department`, `circonscription` or `school`.
    pub what: &'static str,
    /// The name that was given.
    pub name: String,
    /// Names that may be meant.
    pub near: Vec<String>,
    /// Whether it is one of several.
    pub is_ambiguous: bool,
}

impl UnknownChoice {
    /// Nothing has this name; some of those that are proposed may be meant.
    fn none(what: &'static str, name: &str, proposed: &[String]) -> Self {
        let near = near(name, proposed, ALIKE).into_iter().take(MOST_NEAR).cloned().collect();
        Self { what, name: name.to_owned(), near, is_ambiguous: false }
    }

    /// What is said of it in French.
    pub fn french(&self) -> String {
        let near = match self.near.as_slice() {
            [] => String::new(),
            near => format!("\u{a0}; s’agit-il de «\u{a0}{}\u{a0}»\u{a0}?", near.join("\u{a0}», «\u{a0}")),
        };
        if self.is_ambiguous {
            return format!("plusieurs départements ont «\u{a0}{}\u{a0}»{near}", self.name);
        }
        format!("ni une demande ni l’annuaire ne connaît «\u{a0}{}\u{a0}»{near}", self.name)
    }
}

/// The one of these names that is meant, whatever its case and accents; else those that may be.
pub(super) fn known<'n>(
    what: &'static str,
    name: &str,
    all: &(impl Iterator<Item = &'n str> + Clone),
    proposed: &[String],
) -> Result<String, UnknownChoice> {
    if name == UNSAID {
        return Ok(name.to_owned());
    }
    let folded = words(name);
    let found = all.clone().find(|known| *known == name).or_else(|| all.clone().find(|known| words(known) == folded));
    found.map(str::to_owned).ok_or_else(|| UnknownChoice::none(what, name, proposed))
}

/// The circonscription that is meant, as people read it: one of a department that is seen, else any. Of several namesakes
/// the department that is chosen says which.
pub(super) fn known_district(
    name: &str,
    department: Option<&str>,
    names: &FigureNames,
    rights: &Rights,
    proposed: &[String],
) -> Result<String, UnknownChoice> {
    if name == UNSAID {
        return Ok(name.to_owned());
    }
    let districts = &names.circonscriptions;
    let department_of = |number: &u16| names.departments.name(districts.department(*number));
    let meant = districts.meant(name, &names.departments);
    let seen: Vec<u16> = meant.iter().copied().filter(|number| rights.cover(department_of(number), None)).collect();
    let meant = if seen.is_empty() { meant } else { seen };
    let chosen: Vec<u16> =
        meant.iter().copied().filter(|number| department.is_none() || department_of(number) == department).collect();
    let label = |number: u16| districts.label(number, &names.departments);
    match (chosen.as_slice(), meant.as_slice()) {
        ([one], _) | ([], [one, ..]) => Ok(label(*one).unwrap_or_default()),
        ([], []) => Err(UnknownChoice::none("circonscription", name, proposed)),
        (several, _) => {
            let near = several.iter().filter_map(|number| label(*number)).collect();
            Err(UnknownChoice { what: "circonscription", name: name.to_owned(), near, is_ambiguous: true })
        }
    }
}

/// Whether the school and the circonscription of a choice may be asked for with these rights: one of another department
/// only by who may see an application everywhere.
pub(super) fn is_place_allowed(choice: &FigureChoice, names: &FigureNames, rights: &Rights) -> bool {
    let sees_everywhere = match choice.application.as_deref() {
        Some(application) => rights.cover(None, Some(application)),
        None => rights.is_referent(),
    };
    if rights.is_everything() || sees_everywhere {
        return true;
    }
    let is_theirs = |department: Option<&str>| rights.cover(department, None);
    let said = |name: &Option<String>| name.clone().filter(|name| name != UNSAID);
    let school = said(&choice.school).is_none_or(|code| {
        let number = names.schools.find(&code);
        let place = number.and_then(|number| names.place(number));
        let department = place.and_then(|place| names.departments.name(place.department));
        let department = department.map(str::to_owned).or_else(|| department_of(&code));
        // One that nothing is known of is told of as such.
        department.is_none() && number.is_none() || is_theirs(department.as_deref())
    });
    let circonscription = said(&choice.circonscription).is_none_or(|name| {
        let meant = names.circonscriptions.meant(&name, &names.departments);
        let department = |number: &u16| names.departments.name(names.circonscriptions.department(*number));
        meant.is_empty() || meant.iter().any(|number| is_theirs(department(number)))
    });
    school && circonscription
}

fn chosen(name: Option<&str>, names: &NameList) -> Option<u16> {
    name.map(|name| if name == UNSAID { UNKNOWN } else { names.find(name).unwrap_or(NOBODY_S) })
}

/// What somebody with these rights may see.
pub(super) fn sight(rights: &Rights, names: &FigureNames) -> Sight {
    if rights.is_everything() {
        return Sight::Everything;
    }
    let departments = names.departments.all().filter(|(_, name)| rights.cover(Some(name), None));
    let applications = names.applications.all().filter(|(_, name)| rights.cover(None, Some(name)));
    Sight::Some {
        departments: departments.map(|(number, _)| number).collect(),
        applications: applications.map(|(number, _)| number).collect(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{FigureChoice, UNSAID, is_place_allowed, known_district};
    use crate::{
        figures::{FigureNames, Period},
        people::{Rights, Role},
    };

    #[rstest]
    #[case::all(None, None, [true, true, true])]
    #[case::their_department(Some("021"), None, [true, true, false])]
    #[case::an_application_there(Some("021"), Some("LSU"), [true, true, true])]
    #[case::another_department(Some("058"), None, [true, false, false])]
    #[case::their_application_elsewhere(Some("058"), Some("LSU"), [true, false, true])]
    #[case::their_application(None, Some("LSU"), [true, true, true])]
    #[case::another_application(None, Some("ONDE"), [true, true, false])]
    #[case::what_is_not_said(Some(UNSAID), None, [true, false, false])]
    fn each_asks_for_their_own(
        #[case] department: Option<&str>,
        #[case] application: Option<&str>,
        #[case] expected: [bool; 3],
    ) {
        let period = Period::parse("2026-10").unwrap();
        let [department, application] = [department, application].map(|name| name.map(str::to_owned));
        let choice = FigureChoice { application, department, ..FigureChoice::of(period) };
        let roles = [Role::Operator, Role::Correspondent("021".to_owned()), Role::referent("LSU")];
        assert_eq!(roles.map(|role| choice.is_allowed(&Rights::of([role]))), expected);
    }

    /// Two departments with a «Beaune» each, and a school in one of them.
    fn names() -> FigureNames {
        let mut names = FigureNames::default();
        let [gold, nievre] = ["021", "058"].map(|name| names.departments.number(name));
        let [_, beaune, nevers] = [("BEAUNE", gold), ("Beaune", nievre), ("Nevers", nievre)]
            .map(|(name, department)| names.circonscriptions.number(name, department));
        let school = names.schools.number("0580013A");
        names.note_school(school, "", nievre, beaune);
        let without_code = names.schools.number("École sans code");
        names.note_school(without_code, "", nievre, nevers);
        names
    }

    #[rstest]
    #[case::of_the_chosen_department("beaune", Some("058"), Role::Operator, Ok("Beaune (058)"))]
    #[case::of_the_only_one_that_is_seen("Beaune", None, Role::Correspondent("021".to_owned()), Ok("BEAUNE (021)"))]
    #[case::as_a_zone("021/beaune", None, Role::Operator, Ok("BEAUNE (021)"))]
    #[case::as_it_is_shown("Beaune (058)", None, Role::Operator, Ok("Beaune (058)"))]
    #[case::without_namesakes("NEVERS", None, Role::Operator, Ok("Nevers"))]
    #[case::of_several(
        "Beaune",
        None,
        Role::Operator,
        Err(
            "plusieurs départements ont «\u{a0}Beaune\u{a0}»\u{a0}; s’agit-il de «\u{a0}BEAUNE (021)\u{a0}», «\u{a0}Beaune (058)\u{a0}»\u{a0}?"
        )
    )]
    #[case::of_none("Autun", None, Role::Operator, Err("ni une demande ni l’annuaire ne connaît «\u{a0}Autun\u{a0}»"))]
    fn a_circonscription_is_known_with_its_department(
        #[case] name: &str,
        #[case] department: Option<&str>,
        #[case] role: Role,
        #[case] expected: Result<&str, &str>,
    ) {
        let found = known_district(name, department, &names(), &Rights::of([role]), &[]);
        let found = found.map_err(|unknown| unknown.french());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[rstest]
    #[case::their_school(Some("0210001A"), None, None, [true, true, true])]
    #[case::another_s_school(Some("0580013A"), None, None, [true, false, true])]
    #[case::another_s_school_that_nobody_knows(Some("0589999A"), None, None, [true, false, true])]
    #[case::another_s_school_without_a_code(Some("École sans code"), None, None, [true, false, true])]
    #[case::a_school_that_nobody_knows(Some("x"), None, None, [true, true, true])]
    #[case::no_school(Some(UNSAID), Some(UNSAID), None, [true, true, true])]
    #[case::a_namesake_of_theirs(None, Some("Beaune"), None, [true, true, true])]
    #[case::another_s_namesake(None, Some("058/Beaune"), None, [true, false, true])]
    #[case::another_s(None, Some("nevers"), None, [true, false, true])]
    #[case::of_their_application(None, Some("Nevers"), Some("LSU"), [true, false, true])]
    #[case::of_another_application(None, Some("Nevers"), Some("ONDE"), [true, false, false])]
    fn places_of_other_departments_are_not_theirs(
        #[case] school: Option<&str>,
        #[case] circonscription: Option<&str>,
        #[case] application: Option<&str>,
        #[case] expected: [bool; 3],
    ) {
        let [school, circonscription, application] =
            [school, circonscription, application].map(|name| name.map(str::to_owned));
        let period = Period::parse("2026-10").unwrap();
        let choice = FigureChoice { application, circonscription, school, ..FigureChoice::of(period) };
        let roles = [Role::Operator, Role::Correspondent("021".to_owned()), Role::referent("LSU")];
        assert_eq!(roles.map(|role| is_place_allowed(&choice, &names(), &Rights::of([role]))), expected);
    }
}
