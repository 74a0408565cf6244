//! How a letter names the message it is about.

use super::text::{LONGEST_SUBJECT, line, short};
use crate::request::{Origin, Received};

/// How a notice names the message it is about.
pub(super) fn your_message(received: &Received) -> String {
    if received.is_unproven() {
        return "Un message envoyé en votre nom".to_owned();
    }
    let message = format!("Votre message «\u{a0}{}\u{a0}»", quoted_subject(&received.subject));
    if matches!(received.origin, Origin::Form(_)) {
        return format!("{message}, déposé sur le portail pendant que l’assistance ne répondait pas,");
    }
    match (&received.forwarder, &received.requester) {
        (Some(_), Some(first)) => {
            format!("{message}, qui transmet la demande de {},", short(first.as_str()))
        }
        _ => message,
    }
}

/// The subject of a notice: a reply's, or of a mail whose sender is not proven one without its words.
pub(super) fn notice_subject(received: &Received, ending: &str) -> String {
    if received.is_unproven() {
        format!("Votre message — {ending}")
    } else {
        format!("{} — {ending}", reply_subject(received))
    }
}

/// `Re: …` for a mail; a form's title is no mail that could be replied to.
pub(super) fn reply_subject(received: &Received) -> String {
    let subject = quoted_subject(&received.subject);
    match received.origin {
        Origin::Mail(_) => format!("Re: {subject}"),
        Origin::Form(_) => subject,
    }
}

/// The subject without the marks of earlier replies.
fn quoted_subject(subject: &str) -> String {
    let subject = line(subject, usize::MAX);
    let mut rest = subject.as_str();
    while let Some((before, after)) = rest.split_once(':')
        && ["re", "ré", "rép"].contains(&before.trim().to_lowercase().as_str())
    {
        rest = after.trim_start();
    }
    if rest.is_empty() { "(sans objet)".to_owned() } else { line(rest, LONGEST_SUBJECT) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{LONGEST_SUBJECT, quoted_subject};

    #[rstest]
    #[case("Re: RE : rép : LSU", "LSU")]
    #[case("LSU : accès", "LSU : accès")]
    #[case(" \r\n ", "(sans objet)")]
    #[case("LSU\r\nBcc: victime@example.org", "LSU Bcc: victime@example.org")]
    #[case("LSU \u{202e}fdp.exe", "LSU fdp.exe")]
    fn a_subject_is_quoted_as_one_plain_line(#[case] subject: &str, #[case] expected: &str) {
        assert_eq!(quoted_subject(subject), expected);
    }

    proptest! {
        #[test]
        fn no_subject_breaks_the_line_or_grows(subject in ".*") {
            let quoted = quoted_subject(&subject);
            prop_assert!(!quoted.is_empty() && quoted.chars().count() <= LONGEST_SUBJECT + 1);
            prop_assert!(!quoted.chars().any(char::is_control));
        }
    }
}
