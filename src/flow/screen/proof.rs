//! The mail is of the sender it names: something proves it, and nothing in it points elsewhere.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

use super::{Rejection, Rules};
use crate::{
    config::Require,
    request::{Address, Mail, Origin, Reason, Received},
    text::Bilingual,
};

/// What is known of a mail's sender beside what the mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// These passed; there is at least one.
    Passed(Vec<Evidence>),
    /// Nothing passed; why, in a few words.
    NotProven(Bilingual),
    /// It could not be checked now.
    Unknown {
        /// Which server said what; holds nobody's address.
        cause: Bilingual,
    },
}

/// Why a sender is not proven, for the academy's operators.
pub type ProofGap = Bilingual;

/// A check that passed, and the domain that stands behind the mail by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Which check.
    pub method: Method,
    /// The domain that signed (DKIM), of the envelope sender (SPF), in `From` (DMARC); lower case.
    pub domain: String,
}

/// A way to check a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A signature of the mail (RFC 6376).
    Dkim,
    /// The host it came from may send for the envelope sender's domain (RFC 7208).
    Spf,
    /// One of the two for the domain in `From` (RFC 7489).
    Dmarc,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed(evidence) => {
                let passed: Vec<_> = evidence.iter().map(ToString::to_string).collect();
                f.write_str(&passed.join(", "))
            }
            Self::NotProven(why) | Self::Unknown { cause: why } => f.write_str(why.for_log()),
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            Method::Dkim => "dkim",
            Method::Spf => "spf",
            Method::Dmarc => "dmarc",
        };
        write!(f, "{method}=pass {}", self.domain)
    }
}

impl Rules {
    /// Whether this mail's sender has to be proven. A form is: by its signature or its token.
    pub fn require_proof(&self, received: &Received) -> bool {
        self.require != Require::Nothing
            && self.enabled("unproven-sender")
            && matches!(received.origin, Origin::Mail(_))
    }

    /// Whether a check that passed for `domain`, lower case, proves this requester. Others need not be made.
    pub fn proves(&self, domain: &str, requester: &Address) -> bool {
        self.require == Require::Pass || self.are_aligned(domain, requester.domain())
    }

    /// Whether two lower-case domains are one, or below the same configured domain: RFC 7489's relaxed alignment,
    /// where the configuration says what an organisation's domain is.
    fn are_aligned(&self, one: &str, other: &str) -> bool {
        one == other || self.organisation(one).is_some_and(|common| self.organisation(other) == Some(common))
    }

    /// The shortest configured domain that this one is, or is below.
    fn organisation(&self, domain: &str) -> Option<&str> {
        let above = |own: &&String| {
            domain.strip_suffix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.domains.iter().chain(&self.subdomains).filter(above).min_by_key(|own| own.len()).map(String::as_str)
    }
}

pub(super) fn check(received: &Received, proof: &Proof, rules: &Rules) -> Result<(), Rejection> {
    match (proof_gap(received, proof, rules), proof) {
        (None, _) => Ok(()),
        (Some(_), Proof::Unknown { cause }) if spoofing_sign(received, rules).is_none() => {
            Err(Rejection::Unknown { reason: Reason::ProofUnknown, cause: cause.clone() })
        }
        (Some(_), _) => Err(rules.refuse(Reason::UnprovenSender)),
    }
}

/// Why the sender is not proven as the academy requires it, for its operators; `None` when it is.
pub fn proof_gap(received: &Received, proof: &Proof, rules: &Rules) -> Option<ProofGap> {
    if !rules.require_proof(received) {
        return None;
    }
    if let Some(spoofing_sign) = spoofing_sign(received, rules) {
        return Some(spoofing_sign);
    }
    match proof {
        Proof::Passed(evidence) => {
            let requester = received.requester.as_ref()?;
            let proves = |evidence: &Evidence| match evidence.method {
                Method::Dmarc => evidence.domain == requester.domain(),
                Method::Dkim | Method::Spf => rules.proves(&evidence.domain, requester),
            };
            (!evidence.iter().any(proves)).then(|| {
                Bilingual::new(
                    "what passed is not of the domain in From",
                    "ce qui est prouvé n’est pas du domaine de From",
                )
            })
        }
        Proof::NotProven(why) | Proof::Unknown { cause: why } => Some(why.clone()),
    }
}

/// Whether it is sure that a mail is of its sender, whatever the academy requires. A form is.
pub(super) fn is_sure(received: &Received, proof: &Proof, rules: &Rules) -> bool {
    if matches!(received.origin, Origin::Form(_)) {
        return true;
    }
    let (Proof::Passed(evidence), Some(requester)) = (proof, &received.requester) else { return false };
    let proves = |evidence: &Evidence| rules.are_aligned(&evidence.domain, requester.domain());
    spoofing_sign(received, rules).is_none() && evidence.iter().any(proves)
}

/// What in a mail makes a reader take another for its sender, or answer to another.
fn spoofing_sign(received: &Received, rules: &Rules) -> Option<Bilingual> {
    let sign = |english, french| Some(Bilingual::new(english, french));
    let (Origin::Mail(mail), Some(requester)) = (&received.origin, &received.requester) else { return None };
    if mail.from_fields > 1 || mail.from.len() > 1 {
        return sign("it has several From", "il a plusieurs From");
    }
    let is_encoded = requester.domain().split('.').any(|label| label.starts_with("xn--"));
    if is_encoded && !rules.is_academic(requester.domain()) {
        return sign(
            "the sender's domain is an internationalised one",
            "le domaine de l’expéditeur est internationalisé",
        );
    }
    if mail.from_names.iter().any(|name| names_another(name, requester)) {
        return sign("the sender's name is another's address", "le nom de l’expéditeur est l’adresse d’un autre");
    }
    if replies_elsewhere(mail, requester, rules) {
        return sign("Reply-To is outside the academy", "Reply-To est hors de l’académie");
    }
    None
}

/// Whether a display name holds what a reader takes for an address, and it is not the sender's.
fn names_another(name: &str, requester: &Address) -> bool {
    // A full-width `＠` is one to a reader, too (NFKC).
    let name: String = name.nfkc().collect::<String>().to_lowercase();
    let outside = |c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c);
    name.split(outside).any(|word| {
        word.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && word.trim_end_matches('.') != requester.as_str()
        })
    })
}

fn replies_elsewhere(mail: &Mail, requester: &Address, rules: &Rules) -> bool {
    mail.reply_to.iter().any(|text| {
        Address::parse(text).is_none_or(|address| address != *requester && !rules.is_academic(address.domain()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{super::samples, Evidence, Method, Proof, Rejection, Rules, check, proof_gap};
    use crate::{
        config::Require,
        request::{Address, FormFields, Mail, Reason},
        text::Bilingual,
    };

    fn rules(require: Require) -> Rules {
        samples::configured(|config| config.sender.require = require)
    }

    fn passed(method: Method, domain: &str) -> Proof {
        Proof::Passed(vec![Evidence { method, domain: domain.into() }])
    }

    #[rstest]
    #[case(Method::Dkim, "ac-dijon.fr", true)]
    #[case(Method::Dkim, "mail.ac-dijon.fr", true)]
    #[case(Method::Dkim, "ac-dijon.fr.evil.org", false)]
    #[case(Method::Dkim, "xac-dijon.fr", false)]
    #[case(Method::Dkim, "fr", false)]
    #[case(Method::Dkim, "", false)]
    #[case(Method::Spf, "ac-dijon.fr", true)]
    #[case(Method::Spf, "evil.org", false)]
    #[case(Method::Dmarc, "ac-dijon.fr", true)]
    #[case(Method::Dmarc, "mail.ac-dijon.fr", false)]
    fn only_the_sender_s_domain_is_aligned(#[case] method: Method, #[case] domain: &str, #[case] expected: bool) {
        let (mail, proof) = (samples::mail(|_| {}), passed(method, domain));
        assert_eq!(check(&mail, &proof, &rules(Require::Aligned)).is_ok(), expected);
        // DMARC says something of the domain in From only.
        assert_eq!(check(&mail, &proof, &rules(Require::Pass)).is_ok(), expected || method != Method::Dmarc);
    }

    #[test]
    fn one_of_several_that_passed_is_enough() {
        let evidence = |domain: &str| Evidence { method: Method::Dkim, domain: domain.into() };
        let proof = Proof::Passed(vec![evidence("liste.example"), evidence("ac-dijon.fr")]);
        assert_eq!(check(&samples::mail(|_| {}), &proof, &rules(Require::Aligned)), Ok(()));
    }

    #[test]
    fn domains_below_one_configured_parent_are_aligned() {
        let rules = samples::configured(|config| {
            config.screen.domains = vec!["education.gouv.fr".into()];
            config.screen.subdomains = vec!["ac-dijon.fr".into()];
            config.sender.require = Require::Aligned;
        });
        let mail = samples::mail(|mail| mail.from = vec![Address::parse("a@ecole.ac-dijon.fr").unwrap()]);
        for (domain, expected) in [("ac-dijon.fr", true), ("smtp.ac-dijon.fr", true), ("education.gouv.fr", false)] {
            assert_eq!(check(&mail, &passed(Method::Dkim, domain), &rules).is_ok(), expected, "{domain}");
        }
    }

    #[test]
    fn without_a_proof_a_mail_is_refused_and_without_an_answer_it_waits() {
        let (mail, rules) = (samples::mail(|_| {}), rules(Require::Pass));
        let Err(Rejection::Refused(refusal)) = check(&mail, &Proof::NotProven(Bilingual::same("why")), &rules) else {
            panic!()
        };
        assert_eq!(refusal.reason, Reason::UnprovenSender);
        let unknown = check(&mail, &Proof::Unknown { cause: Bilingual::same("DNS") }, &rules);
        assert_eq!(unknown, Err(Rejection::Unknown { reason: Reason::ProofUnknown, cause: Bilingual::same("DNS") }));
    }

    #[test]
    fn nothing_is_asked_of_a_form_nor_where_nothing_is_required() {
        let nothing = Proof::NotProven(Bilingual::same("why"));
        let tricky = samples::mail(|mail| mail.reply_to = vec!["x@evil.org".into()]);
        assert_eq!(check(&samples::form(FormFields::default()), &nothing, &rules(Require::Aligned)), Ok(()));
        assert_eq!(check(&tricky, &nothing, &rules(Require::Nothing)), Ok(()));
        let disabled = samples::configured(|config| {
            config.screen.disabled = vec!["unproven-sender".into()];
            config.sender.require = Require::Aligned;
        });
        assert_eq!(check(&tricky, &nothing, &disabled), Ok(()));
    }

    #[rstest]
    #[case::several_fields(|mail: &mut Mail| mail.from_fields = 2, true)]
    #[case::another_s_address(|mail: &mut Mail| mail.from_names = vec!["Recteur <recteur@ac-dijon.fr>".into()], true)]
    #[case::in_quotes(|mail: &mut Mail| mail.from_names = vec!["'recteur@ac-dijon.fr'".into()], true)]
    #[case::full_width(|mail: &mut Mail| mail.from_names = vec!["recteur＠ac-dijon.fr".into()], true)]
    #[case::look_alike(|mail: &mut Mail| mail.from_names = vec!["recteur@ac-dijоn.fr".into()], true)]
    #[case::its_own(|mail: &mut Mail| mail.from_names = vec!["CE.0210001A@ac-dijon.fr".into()], false)]
    #[case::an_at_sign(|mail: &mut Mail| mail.from_names = vec!["École m@gistère, 2 @ Dijon".into()], false)]
    #[case::reply_elsewhere(|mail: &mut Mail| mail.reply_to = vec!["ce.0210001a@gmail.com".into()], true)]
    #[case::reply_look_alike(|mail: &mut Mail| mail.reply_to = vec!["x@ac-dijоn.fr".into()], true)]
    #[case::reply_to_two(|mail: &mut Mail| mail.reply_to = vec!["a@ac-dijon.fr".into(), "b@evil.org".into()], true)]
    #[case::reply_to_a_host(|mail: &mut Mail| mail.reply_to = vec!["x@[192.0.2.1]".into()], true)]
    #[case::reply_inside(|mail: &mut Mail| mail.reply_to = vec!["Secretariat@AC-Dijon.fr".into()], false)]
    fn a_trick_never_passes(#[case] change: fn(&mut Mail), #[case] expected: bool) {
        let mail = samples::mail(change);
        for proof in [passed(Method::Dkim, "ac-dijon.fr"), passed(Method::Dmarc, "ac-dijon.fr")] {
            assert_eq!(check(&mail, &proof, &rules(Require::Aligned)).is_err(), expected);
        }
        // It does not wait for DNS either.
        let unknown =
            check(&mail, &Proof::Unknown { cause: Bilingual::default() }, &rules(Require::Aligned)).unwrap_err();
        assert_eq!(matches!(unknown, Rejection::Refused(_)), expected);
    }

    #[test]
    fn an_internationalised_domain_never_passes_either() {
        let open = samples::configured(|config| {
            config.screen.disabled = vec!["foreign-sender".into()];
            config.sender.require = Require::Aligned;
        });
        for (domain, expected) in [("xn--ac-dijn-q4a.fr", false), ("ecole.example", true)] {
            let mail = samples::mail(|mail| mail.from = Address::parse(&format!("a@{domain}")).into_iter().collect());
            assert_eq!(proof_gap(&mail, &passed(Method::Dkim, domain), &open).is_none(), expected, "{domain}");
        }
    }

    proptest! {
        #[test]
        fn nothing_beside_the_domain_is_aligned(domain in "[a-z0-9.-]{1,30}") {
            let aligned = rules(Require::Aligned).are_aligned(&domain, "ac-dijon.fr");
            prop_assert_eq!(aligned, domain == "ac-dijon.fr" || domain.ends_with(".ac-dijon.fr"));
        }
    }
}
