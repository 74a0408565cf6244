//! What the academy's own relay found, in the topmost `Authentication-Results` of a mail.

use super::results::{self, Check};
use crate::{
    flow::screen::{Evidence, Method, Proof},
    text::Bilingual,
};

/// What the relay says of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RelayVerdict {
    /// That settles it.
    Final(Proof),
    /// It has nothing that proves the sender, and did not look at signatures, or could not.
    Open(Proof),
    /// Nothing: there is no such field, or another server wrote it.
    Silence,
}

/// Reads the field where one of `ours` wrote it. `proves` says which domains prove the sender.
///
/// A forged field below the relay's is not looked at, and one above it cannot be: the relay removes fields
/// in its own name from what comes in (RFC 8601 section 5).
pub(super) fn word(field: Option<&str>, ours: &[String], proves: impl Fn(&str) -> bool) -> RelayVerdict {
    let Some(results) = field.and_then(results::parse) else { return RelayVerdict::Silence };
    if !ours.iter().any(|id| id.eq_ignore_ascii_case(&results.server)) {
        return RelayVerdict::Silence;
    }
    let all = |method: &'static str| results.checks.iter().filter(move |check| check.method == method);
    // What DMARC refuses is never a pass, whatever else passed.
    if all("dmarc").any(|check| check.result == "fail") {
        return RelayVerdict::Final(Proof::NotProven(Bilingual::new(
            "the relay says dmarc=fail",
            "le relais dit dmarc=fail",
        )));
    }
    let signed = all("dkim").filter(|check| check.result == "pass").filter_map(signer);
    let sent = agreed(all("spf"), "smtp.mailfrom");
    let named = agreed(all("dmarc"), "header.from");
    let evidence = |method: Method| move |domain: String| Evidence { method, domain };
    let passed: Vec<Evidence> = named
        .map(evidence(Method::Dmarc))
        .into_iter()
        .chain(signed.map(evidence(Method::Dkim)))
        .chain(sent.map(evidence(Method::Spf)))
        .collect();
    if passed.iter().any(|evidence| proves(&evidence.domain)) {
        return RelayVerdict::Final(Proof::Passed(passed));
    }
    let proof = match ["dkim", "spf", "dmarc"].iter().find(|method| all(method).any(|c| c.result == "temperror")) {
        Some(method) => Proof::Unknown {
            cause: Bilingual::new(
                format!("the relay says {method}=temperror"),
                format!("le relais dit {method}=temperror"),
            ),
        },
        None if passed.is_empty() => Proof::NotProven(Bilingual::new(
            "the relay says that nothing passed",
            "le relais dit que rien n’est prouvé",
        )),
        None => Proof::Passed(passed),
    };
    let has_looked = all("dkim").next().is_some() && all("dkim").all(|check| check.result != "temperror");
    if has_looked && !matches!(proof, Proof::Unknown { .. }) {
        RelayVerdict::Final(proof)
    } else {
        RelayVerdict::Open(proof)
    }
}

/// Who signed; nobody, where what a result says of it does not fit together.
fn signer(check: &Check) -> Option<String> {
    let (domain, identity) = (check.domain("header.d"), check.domain("header.i"));
    match (domain, identity) {
        (Some(domain), Some(identity)) => {
            let above = identity.strip_suffix(domain.as_str())?;
            (above.is_empty() || above.ends_with('.')).then_some(domain)
        }
        (one, other) => one.or(other),
    }
}

/// The domain that passed, where no other result of the method says something else of this property.
fn agreed<'a>(checks: impl Iterator<Item = &'a Check>, property: &str) -> Option<String> {
    let mut found = checks.filter_map(|check| Some((check.result.as_str(), check.domain(property)?)));
    let (result, domain) = found.next()?;
    (result == "pass" && found.all(|other| other == ("pass", domain.clone()))).then_some(domain)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{RelayVerdict, word};
    use crate::flow::screen::Proof;

    fn said(field: &str) -> RelayVerdict {
        word(Some(field), &["MX.ac-dijon.fr".to_owned()], |domain| domain == "ac-dijon.fr")
    }

    fn passed(field: &str) -> Option<String> {
        match said(field) {
            RelayVerdict::Final(Proof::Passed(evidence)) => {
                evidence.iter().find(|evidence| evidence.domain == "ac-dijon.fr").map(ToString::to_string)
            }
            _ => None,
        }
    }

    #[rstest]
    #[case("mx.ac-dijon.fr; dmarc=pass header.from=ac-dijon.fr", Some("dmarc=pass ac-dijon.fr"))]
    #[case("mx.ac-dijon.fr; dkim=pass header.d=ac-dijon.fr", Some("dkim=pass ac-dijon.fr"))]
    #[case("mx.ac-dijon.fr; dkim=pass header.i=@ac-dijon.fr", Some("dkim=pass ac-dijon.fr"))]
    #[case("mx.ac-dijon.fr; spf=pass smtp.mailfrom=ecole@ac-dijon.fr", Some("spf=pass ac-dijon.fr"))]
    #[case::one_of_two_signatures(
        "mx.ac-dijon.fr; dkim=fail header.d=liste.fr; dkim=pass header.d=ac-dijon.fr",
        Some("dkim=pass ac-dijon.fr")
    )]
    #[case::by_helo("mx.ac-dijon.fr; spf=pass smtp.helo=ac-dijon.fr", None)]
    #[case::dmarc_fails("mx.ac-dijon.fr; dkim=pass header.d=ac-dijon.fr; dmarc=fail header.from=ac-dijon.fr", None)]
    #[case::dmarc_twice("mx.ac-dijon.fr; dmarc=pass header.from=ac-dijon.fr; dmarc=none header.from=x.fr", None)]
    #[case::spf_twice("mx.ac-dijon.fr; spf=pass smtp.mailfrom=ac-dijon.fr; spf=fail smtp.mailfrom=ac-dijon.fr", None)]
    #[case::longer("mx.ac-dijon.fr; dkim=pass header.d=ac-dijon.fr.evil.org", None)]
    #[case::of_another("mx.ac-dijon.fr; dkim=pass header.d=ac-dijon.fr header.i=@evil.org", None)]
    #[case::nameless("mx.ac-dijon.fr; dkim=pass; spf=pass; dmarc=pass", None)]
    #[case::softfail("mx.ac-dijon.fr; spf=softfail smtp.mailfrom=ac-dijon.fr", None)]
    #[case::another_server("mx.evil.org; dkim=pass header.d=ac-dijon.fr", None)]
    #[case::below_ours("x.mx.ac-dijon.fr; dkim=pass header.d=ac-dijon.fr", None)]
    fn only_what_passed_for_the_sender_settles_it(#[case] field: &str, #[case] expected: Option<&str>) {
        assert_eq!(passed(field).as_deref(), expected);
    }

    #[test]
    fn without_a_field_or_a_name_of_ours_the_relay_is_silent() {
        assert_eq!(said("mx.evil.org; dkim=pass header.d=ac-dijon.fr"), RelayVerdict::Silence);
        assert_eq!(said("; dkim=pass header.d=ac-dijon.fr"), RelayVerdict::Silence);
        assert_eq!(word(None, &["mx".to_owned()], |_| true), RelayVerdict::Silence);
        assert_eq!(word(Some("mx; dkim=pass header.d=ac-dijon.fr"), &[], |_| true), RelayVerdict::Silence);
    }

    #[test]
    fn what_the_relay_did_not_look_at_is_left_open() {
        assert!(matches!(said("mx.ac-dijon.fr; spf=fail smtp.mailfrom=x.fr"), RelayVerdict::Open(Proof::NotProven(_))));
        assert!(matches!(said("mx.ac-dijon.fr; spf=pass smtp.mailfrom=x.fr"), RelayVerdict::Open(Proof::Passed(_))));
        assert!(matches!(said("mx.ac-dijon.fr; dkim=none; spf=none"), RelayVerdict::Final(Proof::NotProven(_))));
        assert!(matches!(said("mx.ac-dijon.fr; dkim=pass header.d=x.fr"), RelayVerdict::Final(Proof::Passed(_))));
    }

    #[test]
    fn a_failure_of_dns_at_the_relay_is_no_verdict() {
        for field in ["mx.ac-dijon.fr; dkim=temperror", "mx.ac-dijon.fr; dkim=none; spf=temperror"] {
            assert!(matches!(said(field), RelayVerdict::Open(Proof::Unknown { .. })), "{field}");
        }
        assert_eq!(
            passed("mx.ac-dijon.fr; spf=temperror; dkim=pass header.d=ac-dijon.fr").unwrap(),
            "dkim=pass ac-dijon.fr"
        );
    }
}
