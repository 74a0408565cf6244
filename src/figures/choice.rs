//! What somebody asks figures for, in names, and what that means for the tickets that are known.

use std::time::Duration;

use jiff::civil::Date;

use super::{
    counting::{FigureQuestion, Sight},
    expected::ExpectedDelay,
    names::{FigureNames, NameList, UNKNOWN},
    period::Period,
};
use crate::{
    people::Rights,
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
            circonscription: chosen(self.circonscription.as_deref(), &names.circonscriptions),
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
}

impl UnknownChoice {
    /// What is said of it in French.
    pub fn french(&self) -> String {
        let near = match self.near.as_slice() {
            [] => String::new(),
            near => format!("\u{a0}; s’agit-il de «\u{a0}{}\u{a0}»\u{a0}?", near.join("\u{a0}», «\u{a0}")),
        };
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
    found.map(str::to_owned).ok_or_else(|| {
        let near = near(name, proposed, ALIKE).into_iter().take(MOST_NEAR).cloned().collect();
        UnknownChoice { what, name: name.to_owned(), near }
    })
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

    use super::{FigureChoice, UNSAID};
    use crate::{
        figures::Period,
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
}
