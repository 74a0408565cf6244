//! Schools: their codes, the department a code tells, and which of a person's schools a request is about.

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

/// Seven digits and a letter, the code of every French school.
pub fn is_uai(code: &str) -> bool {
    let code = code.as_bytes();
    code.len() == 8 && code[..7].iter().all(u8::is_ascii_digit) && code[7].is_ascii_alphabetic()
}

/// The code of a school that stands in a text as a word.
pub fn code_in(text: &str) -> Option<String> {
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.find(|word| is_uai(word)).map(str::to_uppercase)
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

    use super::{department_number, department_of};

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
}
