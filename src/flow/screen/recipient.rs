//! The mail was meant for the assistance: one of its addresses is among the recipients.

use super::{Rejection, Rules};
use crate::request::{Origin, Reason, Received};

pub(super) fn check(received: &Received, rules: &Rules) -> Result<(), Rejection> {
    let Origin::Mail(mail) = &received.origin else { return Ok(()) };
    // The envelope decides; a way in that has none goes by the header.
    let named = match mail.envelope_recipients.as_slice() {
        [] => &mail.header_recipients[..],
        envelope => envelope,
    };
    if rules.enabled("wrong-recipient") && !named.iter().any(|address| rules.recipients.contains(address)) {
        return Err(rules.refuse(Reason::WrongRecipient));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::samples, check};
    use crate::request::Address;

    fn passes(envelope: &[&str], header: &[&str]) -> bool {
        let parse = |texts: &[&str]| texts.iter().map(|text| Address::parse(text).unwrap()).collect();
        let mail = samples::mail(|mail| {
            mail.envelope_recipients = parse(envelope);
            mail.header_recipients = parse(header);
        });
        check(&mail, &samples::rules(|_| {})).is_ok()
    }

    #[test]
    fn the_envelope_decides_and_the_header_only_without_it() {
        assert!(passes(&["Assistance1D@ac-dijon.fr"], &[]));
        assert!(passes(&["x@ac-dijon.fr", "assistance.1erdegre@ac-dijon.fr"], &[]));
        assert!(!passes(&["x@ac-dijon.fr"], &["assistance1d@ac-dijon.fr"]));
        assert!(passes(&[], &["x@ac-dijon.fr", "assistance1d@ac-dijon.fr"]));
        assert!(!passes(&[], &["x@ac-dijon.fr"]));
        assert!(!passes(&[], &[]));
    }
}
