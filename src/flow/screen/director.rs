//! The requester directs a school; «could not find out» is an answer of its own, never a no.

use super::{Rejection, Rules};
use crate::request::{DirectoryAnswer, Person, Reason};

/// The proof that a requester may ask. Only [`director`] makes one.
#[derive(Clone, Debug)]
pub struct Director(Person);

impl Director {
    pub(super) fn into_person(self) -> Person {
        self.0
    }
}

/// Judges what the directory answered.
///
/// # Errors
///
/// Refused for someone else, unknown where no directory could say.
pub fn director(answer: DirectoryAnswer, rules: &Rules) -> Result<Director, Rejection> {
    match answer {
        DirectoryAnswer::Director(person) => Ok(Director(person)),
        DirectoryAnswer::Other(person) if !rules.enabled("not-a-director") => Ok(Director(person.unwrap_or_default())),
        DirectoryAnswer::Unknown { .. } if !rules.enabled("not-a-director") => Ok(Director(Person::default())),
        DirectoryAnswer::Other(_) => Err(rules.refuse(Reason::NotADirector)),
        DirectoryAnswer::Unknown { cause } => Err(Rejection::Unknown { reason: Reason::DirectoryUnknown, cause }),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples, Rejection, director};
    use crate::{
        request::{DirectoryAnswer, Person, Reason},
        text::Bilingual,
    };

    #[test]
    fn a_director_passes_another_is_refused_and_an_unknown_waits() {
        let rules = samples::rules(|_| {});
        assert!(director(DirectoryAnswer::Director(Person::default()), &rules).is_ok());
        assert!(matches!(
            director(DirectoryAnswer::Other(None), &rules),
            Err(Rejection::Refused(refusal)) if refusal.reason == Reason::NotADirector
        ));
        assert!(matches!(
            director(DirectoryAnswer::Unknown { cause: Bilingual::same("x") }, &rules),
            Err(Rejection::Unknown { reason: Reason::DirectoryUnknown, .. })
        ));
    }

    #[test]
    fn without_the_rule_everyone_passes() {
        let rules = samples::rules(|config| config.disabled = vec!["not-a-director".into()]);
        assert!(director(DirectoryAnswer::Other(None), &rules).is_ok());
        assert!(director(DirectoryAnswer::Unknown { cause: Bilingual::same("x") }, &rules).is_ok());
    }
}
