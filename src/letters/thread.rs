//! Where a letter belongs: the mails it follows (RFC 5322 section 3.6.4).

use crate::request::Mail;

/// References named at most, and the length of one; longer chains and stranger identifiers are cut.
const REFERENCES: usize = 20;
const LONGEST_ID: usize = 250;

/// The mails before this one, the mail that is answered last (RFC 5322 section 3.6.4); empty when that mail
/// has no usable identifier.
pub(super) fn thread(mail: &Mail) -> Vec<String> {
    let Some(answered) = mail.message_id.as_deref().map(str::trim).filter(|id| is_id(id)) else { return Vec::new() };
    let before = mail.fields.get("references").map(String::as_str).unwrap_or_default();
    let mut ids: Vec<String> =
        before.split_whitespace().filter(|id| is_id(id) && *id != answered).map(str::to_owned).collect();
    // Of a mail whose sender is not proven nothing goes along but what shows which one is meant.
    ids.drain(..if mail.unproven { ids.len() } else { ids.len().saturating_sub(REFERENCES) });
    ids.push(answered.to_owned());
    ids
}

/// Whether this is an identifier that can be put into a header field as it is.
fn is_id(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    text.len() <= LONGEST_ID
        && inner.is_some_and(|inner| {
            inner.contains('@') && inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>')
        })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{is_id, thread};
    use crate::request::Mail;

    #[rstest]
    #[case("<1@ac-dijon.fr>", true)]
    #[case("1@ac-dijon.fr", false)]
    #[case("<1@ac-dijon.fr>\r\nBcc: x@y.fr", false)]
    #[case("<é@ac-dijon.fr>", false)]
    #[case("<a@b><c@d>", false)]
    #[case("<>", false)]
    fn only_an_identifier_is_referred_to(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(is_id(text), expected);
    }

    #[test]
    fn the_thread_ends_with_the_mail_that_is_answered() {
        let mut mail = Mail { message_id: Some("<3@b.fr>".into()), ..Mail::default() };
        mail.fields.insert("references".into(), "<1@b.fr>\r\n <2@b.fr> garbage <3@b.fr>".into());
        assert_eq!(thread(&mail), ["<1@b.fr>", "<2@b.fr>", "<3@b.fr>"]);
        mail.fields.insert("references".into(), "<1@b.fr> ".repeat(5000));
        assert_eq!(thread(&mail).len(), 21);
        mail.message_id = None;
        assert_eq!(thread(&mail), [""; 0]);
    }
}
