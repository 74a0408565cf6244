//! Which school a request is about, as the form asks for it.

use crate::request::{Address, Person};

/// What the form knows, or asks, of the school.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SchoolChoice {
    /// The directory knows one, or whose mailbox it is does: it is shown.
    Known(String),
    /// The directory knows several: the code and the name of each, and whether it was chosen.
    Asked(Vec<(String, String, bool)>),
    /// The directory knows none: a code may be typed; what was typed.
    Typed(String),
}

impl SchoolChoice {
    /// What the form shows to who has this address, whom the directory knows so, and who chose or typed this code.
    pub(super) fn of(address: &Address, person: Option<&Person>, chosen: &str) -> Self {
        let mailbox = address.code_of_mailbox();
        let chosen = if chosen.is_empty() { mailbox.as_deref().unwrap_or_default() } else { chosen };
        let schools: Vec<_> = person.into_iter().flat_map(Person::schools).collect();
        let coded: Vec<_> = schools
            .iter()
            .filter_map(|school| {
                let uai = school.uai.clone()?;
                let is_chosen = uai.eq_ignore_ascii_case(chosen);
                Some((uai, school.shown(), is_chosen))
            })
            .collect();
        match (schools.first(), coded.len()) {
            (_, 2..) => Self::Asked(coded),
            (Some(only), _) => Self::Known(only.shown()),
            (None, _) => match mailbox {
                Some(uai) => Self::Known(uai),
                None => Self::Typed(chosen.to_owned()),
            },
        }
    }

    /// Whether the form asks for it and nothing was chosen.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Asked(schools) if !schools.iter().any(|(.., is_chosen)| *is_chosen))
    }
}

#[cfg(test)]
mod tests {
    use super::SchoolChoice;
    use crate::request::{Address, Person, School};

    #[test]
    fn a_form_asks_only_who_has_several_schools() {
        let school = |uai: &str| School { uai: Some(uai.into()), ..School::default() };
        let one = Person { uai: Some("0210002B".into()), school: Some("Voltaire".into()), ..Person::default() };
        let two = Person { other_schools: vec![school("0580004D")], ..one.clone() };
        let jeanne = Address::parse("jeanne.martin@ac-dijon.fr").unwrap();
        let of = |person: Option<&Person>, chosen: &str| SchoolChoice::of(&jeanne, person, chosen);
        assert_eq!(of(Some(&one), ""), SchoolChoice::Known("Voltaire (0210002B)".into()));
        assert_eq!(of(Some(&Person::default()), "x"), SchoolChoice::Typed("x".into()));
        assert_eq!(of(None, ""), SchoolChoice::Typed(String::new()));
        let entry = |uai: &str, name: &str, is_chosen| (uai.to_owned(), name.to_owned(), is_chosen);
        let schools = |second| {
            let (one, two) = (("0210002B", "Voltaire (0210002B)"), ("0580004D", "0580004D"));
            SchoolChoice::Asked(vec![entry(one.0, one.1, false), entry(two.0, two.1, second)])
        };
        assert_eq!(of(Some(&two), "0580004d"), schools(true));
        assert!(!schools(true).is_missing() && of(Some(&two), "").is_missing());
        // Another's school, that the page did not offer, is none of theirs.
        assert!(of(Some(&two), "0710005E").is_missing());
        // A school's mailbox says which one it is.
        let mailbox = Address::parse("ce.0580004d@ac-dijon.fr").unwrap();
        assert_eq!(SchoolChoice::of(&mailbox, Some(&two), ""), schools(true));
        assert_eq!(SchoolChoice::of(&mailbox, None, ""), SchoolChoice::Known("0580004D".into()));
    }
}
