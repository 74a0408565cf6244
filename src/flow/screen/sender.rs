//! The sender's address is of the academy: its domain is a configured one exactly, or below a configured
//! parent; a look-alike or a display name never counts.

use super::{Rejection, Rules};
use crate::request::{Address, Reason, Received};

pub(super) fn check(received: &Received, rules: &Rules) -> Result<Address, Rejection> {
    let Some(requester) = &received.requester else { return Err(rules.refuse(Reason::NoSender)) };
    of_academy(requester, rules)?;
    Ok(requester.clone())
}

/// Whether this person's address is the academy's.
pub(super) fn of_academy(requester: &Address, rules: &Rules) -> Result<(), Rejection> {
    if rules.is_foreign(requester) {
        return Err(rules.refuse(Reason::ForeignSender));
    }
    Ok(())
}

impl Rules {
    /// Whether requests of this address are refused for their domain.
    pub fn is_foreign(&self, address: &Address) -> bool {
        self.enabled("foreign-sender") && !self.is_academic(address.domain())
    }

    /// Whether a lower-case domain is one whose people may ask.
    pub(super) fn is_academic(&self, domain: &str) -> bool {
        is_academic(domain, &self.domains, &self.subdomains)
    }
}

/// Whether a lower-case domain is one of `domains` exactly, or one of `parents` or anything below it.
fn is_academic(domain: &str, domains: &[String], parents: &[String]) -> bool {
    domains.iter().any(|own| own == domain)
        || parents.iter().any(|parent| {
            domain.strip_suffix(parent.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::samples, Rejection, check, is_academic};
    use crate::request::{Address, Reason};

    fn reason_of(from: &[&str]) -> Option<Reason> {
        let mail = samples::mail(|mail| mail.from = from.iter().map(|text| Address::parse(text).unwrap()).collect());
        match check(&mail, &samples::rules(|_| {})) {
            Ok(_) => None,
            Err(Rejection::Refused(refusal)) => Some(refusal.reason),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_the_academy_s_domain_passes() {
        assert_eq!(reason_of(&["ce.0210001A@AC-Dijon.FR"]), None);
        for foreign in [
            "x@ac-dijon.fr.example.org",
            "x@xac-dijon.fr",
            "x@ac-dijon.com",
            "x@mail.ac-dijon.fr",
            "ac-dijon.fr@gmail.com",
            "x@xn--ac-dijn-q4a.fr",
        ] {
            assert_eq!(reason_of(&[foreign]), Some(Reason::ForeignSender), "{foreign}");
        }
    }

    #[test]
    fn no_sender_or_several_is_nobody() {
        assert_eq!(reason_of(&[]), Some(Reason::NoSender));
        assert_eq!(reason_of(&["a@ac-dijon.fr", "b@ac-dijon.fr"]), Some(Reason::NoSender));
    }

    proptest! {
        #[test]
        fn nothing_but_the_domain_itself_matches_exactly(domain in "[a-z0-9.-]{1,30}") {
            let own = ["ac-dijon.fr".to_owned()];
            prop_assert_eq!(is_academic(&domain, &own, &[]), domain == "ac-dijon.fr");
        }

        #[test]
        fn a_parent_takes_itself_and_what_is_below_it(label in "[a-z0-9-]{1,20}") {
            let parent = ["ac-dijon.fr".to_owned()];
            prop_assert!(is_academic("ac-dijon.fr", &[], &parent));
            let (below, beside) = (format!("{label}.ac-dijon.fr"), format!("{label}ac-dijon.fr"));
            prop_assert!(is_academic(&below, &[], &parent));
            prop_assert!(!is_academic(&beside, &[], &parent));
        }
    }
}
