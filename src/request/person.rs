//! A person as a directory knows them, and which of their schools a request is about.

use super::{
    address::Address,
    school::{School, department_of},
};

/// What a directory knows of a person; every field it does not know is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// First and last name.
    pub name: Option<String>,
    /// What the person is, for instance «Directeur d'école».
    pub role: Option<String>,
    /// The school's code, for instance `0210001A`.
    pub uai: Option<String>,
    /// The school's name.
    pub school: Option<String>,
    /// The district of primary education it belongs to.
    pub circonscription: Option<String>,
    /// The department's number in three characters: `021`, `058`, `02A`.
    pub department: Option<String>,
    /// Where to call back.
    pub phone: Option<String>,
    /// Further schools the directory knows them at.
    pub other_schools: Vec<School>,
}

impl Person {
    /// The school that counts.
    pub fn own_school(&self) -> School {
        School {
            uai: self.uai.clone(),
            name: self.school.clone(),
            circonscription: self.circonscription.clone(),
            department: self.department.clone(),
        }
    }

    /// The schools the directory knows them at, the one that counts first; none where it knows of none.
    pub fn schools(&self) -> impl Iterator<Item = School> {
        self.everywhere().filter(|school| !school.shown().is_empty())
    }

    fn everywhere(&self) -> impl Iterator<Item = School> {
        std::iter::once(self.own_school()).chain(self.other_schools.iter().cloned())
    }

    /// Where whoever has this address works, as far as that is known: the directory's schools, also a circonscription or a
    /// department of which it tells no school; where it tells no department, by the code in the address.
    pub fn places_of(&self, address: &Address) -> Vec<School> {
        let known: Vec<School> = self.everywhere().filter(|school| *school != School::default()).collect();
        let code = address.school_code();
        if known.iter().any(|school| school.department.is_some()) || code.is_none() {
            return known;
        }
        let uai = self.uai.clone().or(code);
        let department = uai.as_deref().and_then(department_of);
        vec![School { uai, department, ..self.own_school() }]
    }

    /// Whether the directory knows them at the school with this code.
    pub fn directs(&self, uai: &str) -> bool {
        self.schools().any(|school| school.uai.is_some_and(|own| own.eq_ignore_ascii_case(uai)))
    }

    /// The person at the school with this code: one the directory knows, else one of which no more is known. The
    /// directory's other ones stay beside it.
    #[must_use]
    pub fn at(self, uai: &str) -> Self {
        let is_it = |school: &School| school.uai.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(uai));
        let own = self.own_school();
        if is_it(&own) {
            return self;
        }
        let mut others = self.other_schools.clone();
        let chosen = match others.iter().position(is_it) {
            Some(at) => others.remove(at),
            None => School { uai: Some(uai.to_owned()), department: department_of(uai), ..School::default() },
        };
        let same_department = own.department.is_none() || own.department == chosen.department;
        if own.uai.is_none() && chosen.name.is_none() && same_department {
            // The directory tells no codes: the code is all that was missing.
            return Self { uai: chosen.uai, department: chosen.department, ..self };
        }
        if !own.shown().is_empty() {
            others.insert(0, own);
        }
        Self {
            uai: chosen.uai,
            school: chosen.name,
            circonscription: chosen.circonscription,
            department: chosen.department,
            other_schools: others,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Person, School};

    fn school(uai: &str, name: &str, department: &str) -> School {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        School { uai: some(uai), name: some(name), circonscription: None, department: some(department) }
    }

    /// What the directory knows of the person, and what is known of them at the chosen school.
    #[rstest]
    #[case::the_same("0210002B", school("0210002B", "Tilleuls", "021"), &[])]
    #[case::the_other_one("0710005E", school("0710005E", "Voltaire", "071"), &["Tilleuls (0210002B)"])]
    #[case::one_nobody_knows("0890007G", school("0890007G", "", "089"), &["Tilleuls (0210002B)", "Voltaire (0710005E)"])]
    fn the_chosen_school_counts_and_the_others_stay_known(
        #[case] chosen: &str,
        #[case] expected: School,
        #[case] beside: &[&str],
    ) {
        let person = Person {
            uai: Some("0210002B".into()),
            school: Some("Tilleuls".into()),
            department: Some("021".into()),
            other_schools: vec![school("0710005E", "Voltaire", "071")],
            ..Person::default()
        };
        let person = person.at(chosen);
        assert_eq!(person.own_school(), expected);
        if !beside.is_empty() {
            assert_eq!(person.other_schools.iter().map(School::shown).collect::<Vec<_>>(), beside);
        }
    }

    #[test]
    fn a_directory_without_codes_keeps_its_school() {
        let known = |department: &str| Person {
            school: Some("Tilleuls".into()),
            department: Some(department.into()),
            ..Person::default()
        };
        assert_eq!(known("071").at("0710003C").own_school().shown(), "Tilleuls (0710003C)");
        let elsewhere = known("021").at("0710003C");
        assert_eq!(elsewhere.own_school(), school("0710003C", "", "071"));
        assert_eq!(elsewhere.other_schools, [school("", "Tilleuls", "021")]);
    }
}
