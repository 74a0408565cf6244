//! The requester directs a school; «could not find out» is an answer of its own, never a no.

use super::{Rejection, Rules};
use crate::{
    flow::directory::Answer,
    request::{Person, Reason},
};

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
pub fn director(answer: Answer, rules: &Rules) -> Result<Director, Rejection> {
    match answer {
        Answer::Director(person) => Ok(Director(person)),
        Answer::Other(person) if !rules.enabled("not-a-director") => Ok(Director(person.unwrap_or_default())),
        Answer::Unknown { .. } if !rules.enabled("not-a-director") => Ok(Director(Person::default())),
        Answer::Other(_) => Err(rules.refuse(Reason::NotADirector)),
        Answer::Unknown { cause } => Err(Rejection::Unknown { reason: Reason::DirectoryUnknown, cause }),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples, Rejection, director};
    use crate::{
        flow::directory::Answer,
        request::{Person, Reason},
    };

    #[test]
    fn a_director_passes_another_is_refused_and_an_unknown_waits() {
        let rules = samples::rules(|_| {});
        assert!(director(Answer::Director(Person::default()), &rules).is_ok());
        assert!(matches!(
            director(Answer::Other(None), &rules),
            Err(Rejection::Refused(refusal)) if refusal.reason == Reason::NotADirector
        ));
        assert!(matches!(
            director(Answer::Unknown { cause: "x".into() }, &rules),
            Err(Rejection::Unknown { reason: Reason::DirectoryUnknown, .. })
        ));
    }

    #[test]
    fn without_the_rule_everyone_passes() {
        let rules = samples::rules(|config| config.disabled = vec!["not-a-director".into()]);
        assert!(director(Answer::Other(None), &rules).is_ok());
        assert!(director(Answer::Unknown { cause: "x".into() }, &rules).is_ok());
    }
}
