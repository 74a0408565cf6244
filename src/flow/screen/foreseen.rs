//! What would become of a person's next request, before it is written.

use super::{DayPlace, Rejection, Rules, director, quota, sender};
use crate::request::{Address, DirectoryAnswer, Reason, Refusal};

/// What is said of a full day before anything is written, unless the rule has a sentence of its own.
const FULL_DAY: &str = "Vous avez atteint le nombre maximal de demandes pour aujourd’hui. Vous pourrez en déposer une autre demain, ou dès maintenant compléter une demande déjà ouverte.";

/// Why whatever this person asks would be refused today: by their address, by what the directory says of them, or because
/// none of the day's places is left. `None` where it may be taken, or where nobody can say.
pub fn foreseen(requester: &Address, answer: DirectoryAnswer, left: Option<u32>, rules: &Rules) -> Option<Refusal> {
    let place = if left == Some(0) { DayPlace::Full } else { DayPlace::Reserved };
    let verdict = sender::of_academy(requester, rules)
        .and_then(|()| director(answer, rules).map(drop))
        .and_then(|()| quota(&place, rules).map(drop));
    match verdict {
        Err(Rejection::Refused(refusal)) => {
            let is_full = refusal.reason == Reason::QuotaExceeded && refusal.sentence == refusal.reason.sentence();
            Some(if is_full { Refusal { sentence: FULL_DAY.to_owned(), ..refusal } } else { refusal })
        }
        Ok(()) | Err(Rejection::Ignored(_) | Rejection::Unknown { .. }) => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{super::samples, foreseen};
    use crate::{
        request::{Address, DirectoryAnswer, Person, Reason},
        text::Bilingual,
    };

    fn director() -> DirectoryAnswer {
        DirectoryAnswer::Director(Person::default())
    }

    #[rstest]
    #[case("a@ac-dijon.fr", director(), Some(3), None)]
    #[case("a@ac-dijon.fr", director(), None, None)]
    #[case("a@ac-dijon.fr", director(), Some(0), Some(Reason::QuotaExceeded))]
    #[case("a@ac-dijon.fr", DirectoryAnswer::Other(None), Some(3), Some(Reason::NotADirector))]
    #[case("a@ac-dijon.fr", DirectoryAnswer::Unknown { cause: Bilingual::same("x") }, Some(3), None)]
    #[case("a@example.org", director(), Some(3), Some(Reason::ForeignSender))]
    fn what_would_be_refused_is_told_before(
        #[case] requester: &str,
        #[case] answer: DirectoryAnswer,
        #[case] left: Option<u32>,
        #[case] expected: Option<Reason>,
    ) {
        let requester = Address::parse(requester).unwrap();
        let refusal = foreseen(&requester, answer, left, &samples::rules(|_| {}));
        assert_eq!(refusal.map(|refusal| refusal.reason), expected);
    }

    #[test]
    fn before_anything_is_sent_nothing_is_to_be_sent_again() {
        let requester = Address::parse("a@ac-dijon.fr").unwrap();
        let full = |rules| foreseen(&requester, director(), Some(0), &rules).unwrap().sentence;
        assert!(!full(samples::rules(|_| {})).contains("Renvoyez"));
    }
}
