//! What the relay reads: replies of one line, printable ASCII, enhanced status codes (RFC 2034).

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::request::Outcome;

/// The longest text of a reply, bytes; RFC 5321 section 4.5.3.1.5 allows 512 with code and CR LF.
const MAX_TEXT: usize = 400;

/// Appends a reply line.
pub(super) fn say(replies: &mut Vec<u8>, line: &str) {
    replies.extend_from_slice(line.as_bytes());
    replies.extend_from_slice(b"\r\n");
}

/// The reply for a mail the pipeline has answered, or for one whose handling broke down (`None`).
///
/// Only what can be cured by another try is not a 250: a 5xx would make the relay bounce the mail to the
/// school, and what the person must know is in the notice.
pub(super) fn of_outcome(outcome: Option<&Outcome>) -> String {
    let Some(outcome) = outcome else { return "451 4.3.0 deferred, internal".to_owned() };
    let (label, reason) = (outcome.label(), outcome.reason().code());
    match outcome {
        Outcome::Created(receipt) | Outcome::Duplicate(receipt) => {
            format!("250 2.0.0 {label}, ticket {}, reference {}", receipt.ticket, receipt.reference)
        }
        Outcome::Followup(addition) => {
            format!("250 2.0.0 {label}, ticket {}, reference {}", addition.ticket, addition.reference)
        }
        Outcome::Queued(_) | Outcome::Refused(_) | Outcome::Ignored(_) | Outcome::Quarantined(_) => {
            format!("250 2.0.0 {label}, {reason}")
        }
        Outcome::Deferred(deferral) => format!("451 4.3.0 {label}, {reason}: {}", one_line(&deferral.cause)),
    }
}

/// A text as far as a reply may hold it: letters without their accents, for GLPI's sentences are French.
fn one_line(text: &str) -> String {
    let ascii = |c: char| match c {
        ' '..='~' => c,
        '«' | '»' => '"',
        '’' => '\'',
        c if c.is_whitespace() => ' ',
        _ => '?',
    };
    text.nfd().filter(|c| !is_combining_mark(*c)).take(MAX_TEXT).map(ascii).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::of_outcome;
    use crate::id::TicketId;
    use crate::request::{Deferral, Outcome, Reason, Receipt, Reference, Refusal};

    fn deferred(cause: &str) -> Outcome {
        Outcome::Deferred(Deferral {
            reason: Reason::GlpiUnavailable,
            cause: cause.to_owned(),
            retry_after: Duration::from_mins(1),
            own: false,
        })
    }

    #[test]
    fn each_outcome_has_its_reply() {
        let reference = Reference::new("mail", "a@b.fr", b"<1@x>");
        let receipt = Receipt {
            ticket: TicketId::new(123),
            reference,
            link: None,
            application: String::new(),
            category: String::new(),
            group: String::new(),
            title: "Élèves".to_owned(),
            details: crate::request::ReceiptDetails::default(),
            left_out: Vec::new(),
        };
        let refusal = Refusal { reason: Reason::NoKeyword, sentence: "Écrivez…".to_owned() };
        for (outcome, reply) in [
            (Outcome::Created(receipt.clone()), format!("250 2.0.0 created, ticket 123, reference {reference}")),
            (Outcome::Duplicate(receipt), format!("250 2.0.0 duplicate, ticket 123, reference {reference}")),
            (Outcome::Refused(refusal), "250 2.0.0 refused, no-keyword".to_owned()),
            (Outcome::Ignored(Reason::Bounce), "250 2.0.0 ignored, bounce".to_owned()),
            (deferred("GLPI answered 500"), "451 4.3.0 deferred, glpi-unavailable: GLPI answered 500".to_owned()),
            (deferred("«É\u{a0}à»…"), "451 4.3.0 deferred, glpi-unavailable: \"E a\"?".to_owned()),
        ] {
            assert_eq!(of_outcome(Some(&outcome)), reply);
        }
        assert!(of_outcome(None).starts_with("451 4.3.0"));
    }

    proptest! {
        #[test]
        fn a_reply_is_one_short_line_of_ascii(cause in "(?s).{0,600}") {
            let reply = of_outcome(Some(&deferred(&cause)));
            prop_assert!(reply.len() <= 510 && reply.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{reply:?}");
        }
    }
}
