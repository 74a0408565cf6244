//! What a source says of a person, and what is done to it: the department from the school's code.

use crate::request::{Person, School, department_number, department_of};

/// Somebody whom a source knows.
pub(super) struct Entry {
    /// Whether they are a director there.
    pub(super) is_director: bool,
    /// What is known of them.
    pub(super) person: Person,
}

/// The text without surrounding white space; `None` when nothing is left.
pub(super) fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// One way of writing codes, and the department from the school's code where the source does not tell it.
pub(super) fn completed(person: Person) -> Person {
    let (uai, department) = codes(person.uai, person.department.as_deref());
    let others = person.other_schools.into_iter().map(|school| {
        let (uai, department) = codes(school.uai, school.department.as_deref());
        School { uai, department, ..school }
    });
    Person { uai, department, other_schools: others.collect(), ..person }
}

fn codes(uai: Option<String>, department: Option<&str>) -> (Option<String>, Option<String>) {
    let uai = uai.map(|uai| uai.to_uppercase());
    let department = department.and_then(department_number).or_else(|| department_of(uai.as_deref()?));
    (uai, department)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::completed;
    use crate::request::Person;

    #[rstest]
    #[case(Some("0710042b"), None, Some("0710042B"), Some("071"))]
    #[case(Some("0710042B"), Some("58"), Some("0710042B"), Some("058"))]
    #[case(Some("0710042B"), Some("Saône-et-Loire"), Some("0710042B"), Some("071"))]
    #[case(None, Some("21 - Côte-d'Or"), None, Some("021"))]
    #[case(None, Some("2A"), None, Some("02A"))]
    #[case(Some("7200001b"), None, Some("7200001B"), Some("02B"))]
    #[case(Some("école"), None, Some("ÉCOLE"), None)]
    #[case(None, None, None, None)]
    fn the_department_is_a_number_or_comes_from_the_school_s_code(
        #[case] uai: Option<&str>,
        #[case] department: Option<&str>,
        #[case] expected_uai: Option<&str>,
        #[case] expected_department: Option<&str>,
    ) {
        let person =
            Person { uai: uai.map(str::to_owned), department: department.map(str::to_owned), ..Person::default() };
        let person = completed(person);
        assert_eq!(person.uai.as_deref(), expected_uai);
        assert_eq!(person.department.as_deref(), expected_department);
    }
}
