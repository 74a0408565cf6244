//! Schools: their codes, the department a code tells, and which of a person's schools a request is about.

use super::Person;

/// A school, as far as a directory knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct School {
    /// Its code, for instance `0210001A`.
    pub uai: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The district of primary education it belongs to.
    pub circonscription: Option<String>,
    /// The department's number, as [`department_of`] gives it.
    pub department: Option<String>,
}

impl School {
    /// As a person reads it; empty where neither name nor code is known.
    pub fn shown(&self) -> String {
        match (&self.name, &self.uai) {
            (Some(name), Some(uai)) => format!("{name} ({uai})"),
            (name, uai) => name.as_ref().or(uai.as_ref()).cloned().unwrap_or_default(),
        }
    }
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

/// Seven digits and a letter, the code of every French school.
pub fn is_uai(code: &str) -> bool {
    let code = code.as_bytes();
    code.len() == 8 && code[..7].iter().all(u8::is_ascii_digit) && code[7].is_ascii_alphabetic()
}

/// The department a school's code tells, in three characters: its first three digits, and Corsica's as it is numbered
/// since (620 is 02A, 720 is 02B).
pub fn department_of(uai: &str) -> Option<String> {
    is_uai(uai).then(|| department_number(&uai[..3]))?
}

/// The number a department is given by, in three characters: «21», «021» and «21 - Côte-d'Or» are all `021`, «2A» is
/// `02A`.
pub fn department_number(text: &str) -> Option<String> {
    let number: String = text.trim().chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
    match number.as_str() {
        "2A" | "02A" | "620" => Some("02A".to_owned()),
        "2B" | "02B" | "720" => Some("02B".to_owned()),
        _ => {
            let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
            let is_number = digits.len() == number.len() && (1..=3).contains(&digits.len());
            is_number.then(|| format!("{digits:0>3}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Person, School, department_number, department_of};

    #[rstest]
    #[case("21", Some("021"))]
    #[case("021", Some("021"))]
    #[case(" 21 - Côte-d'Or", Some("021"))]
    #[case("2A", Some("02A"))]
    #[case("2a", Some("02A"))]
    #[case("02B - Haute-Corse", Some("02B"))]
    #[case("2B", Some("02B"))]
    #[case("971", Some("971"))]
    #[case("Saône-et-Loire", None)]
    #[case("2C", None)]
    #[case("0210", None)]
    #[case("", None)]
    fn a_department_has_one_number(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(department_number(text).as_deref(), expected);
    }

    #[rstest]
    #[case("0210001A", Some("021"))]
    #[case("6200001A", Some("02A"))]
    #[case("7200001B", Some("02B"))]
    #[case("9710001C", Some("971"))]
    #[case("0210001", None)]
    #[case("école", None)]
    fn a_school_s_code_tells_its_department(#[case] uai: &str, #[case] expected: Option<&str>) {
        assert_eq!(department_of(uai).as_deref(), expected);
    }

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
