//! The Message-IDs of the gateway's own mails: written where a letter is made, read where an answer comes in.

use super::{Reason, Reference};

/// What the name of a Message-ID of the gateway ends with, before the `@`.
const MARK: &str = ".passerelle";
/// What a notice's name begins with.
const NOTICE: &str = "notice-";
/// What follows on the reference of a form that is put by.
const DEPOSIT: &str = ".depot";
/// What follows on an announcement's reference.
const ANNOUNCEMENT: &str = "information";

/// What a mail of the gateway tells about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter<'a> {
    /// How it ended: its receipt, or the notice of a refusal.
    Outcome(Reason),
    /// A step of its ticket, told apart by this name.
    Notice(&'a str),
}

/// The Message-ID of a mail about this request, from this domain. The same mail always has the same one, so that one
/// that had to be sent twice is recognised.
pub fn of_letter(reference: Reference, letter: Letter<'_>, domain: &str) -> String {
    match letter {
        Letter::Outcome(reason) => format!("<{reference}.{}{MARK}@{domain}>", reason.code()),
        Letter::Notice(name) => format!("<{reference}.{NOTICE}{name}{MARK}@{domain}>"),
    }
}

/// The Message-ID of a letter to the operators.
pub fn of_letter_to_operators(name: &str, domain: &str) -> String {
    format!("<{name}.quarantine{MARK}@{domain}>")
}

/// The Message-ID of a letter to people in charge.
pub fn of_letter_to_people(name: &str, domain: &str) -> String {
    format!("<{name}.pilotage{MARK}@{domain}>")
}

/// The Message-ID of an announcement: every copy has the same.
pub fn of_announcement(reference: Reference, domain: &str) -> String {
    format!("<{reference}.{ANNOUNCEMENT}{MARK}@{domain}>")
}

/// The Message-ID of the mail that puts a form by: the same form has always the same.
pub fn of_deposit(reference: Reference, domain: &str) -> String {
    format!("<{reference}{DEPOSIT}{MARK}@{domain}>")
}

/// Whether a Message-ID says that its mail is a form that was put by, whichever domain it names.
pub fn is_of_deposit(message_id: &str) -> bool {
    let id = message_id.trim().trim_start_matches('<').to_lowercase();
    let name = id.split_once('@').and_then(|(local, _)| local.strip_suffix(MARK)?.strip_suffix(DEPOSIT));
    name.is_some_and(|name| Reference::parse(name).is_some())
}

/// The announcement that has this Message-ID.
pub fn announcement(message_id: &str, own_domains: &[String]) -> Option<Reference> {
    let name = own_name(message_id, own_domains)?;
    let (reference, what) = name.split_once('.')?;
    (what == ANNOUNCEMENT).then(|| Reference::parse(reference))?
}

/// Whether a Message-ID is of the form the gateway gives its own mails, in one of its domains.
pub fn is_own(message_id: &str, own_domains: &[String]) -> bool {
    own_name(message_id, own_domains).is_some()
}

/// The request whose ticket an own mail with this Message-ID tells of: a receipt, or a notice of a step. The notice of
/// a refusal tells of none.
pub fn request_with_ticket(message_id: &str, own_domains: &[String]) -> Option<Reference> {
    let name = own_name(message_id, own_domains)?;
    let (reference, letter) = name.split_once('.')?;
    let has_ticket = letter == Reason::Created.code() || letter.starts_with(NOTICE);
    has_ticket.then(|| Reference::parse(reference))?
}

/// What stands before the mark, lower case.
fn own_name(message_id: &str, own_domains: &[String]) -> Option<String> {
    let id = message_id.trim().trim_start_matches('<').trim_end_matches('>').to_lowercase();
    let (local, domain) = id.rsplit_once('@')?;
    let name = local.strip_suffix(MARK)?;
    own_domains.iter().any(|own| own == domain).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{
        Letter, announcement, is_of_deposit, is_own, of_announcement, of_deposit, of_letter, request_with_ticket,
    };
    use crate::request::{Reason, Reference};

    #[test]
    fn what_is_written_is_read_again() {
        let reference = Reference::new("mail", "dir1@ac-dijon.fr", b"<1@ac-dijon.fr>");
        let own = ["ac-dijon.fr".to_owned()];
        let table = [
            (Letter::Outcome(Reason::Created), Some(reference)),
            (Letter::Outcome(Reason::QuotaExceeded), None),
            (Letter::Notice("taken-7"), Some(reference)),
        ];
        for (letter, request) in table {
            let id = of_letter(reference, letter, "AC-Dijon.fr");
            assert!(is_own(&id, &own) && is_own(&id.to_uppercase(), &own), "{id}");
            assert_eq!(request_with_ticket(&id, &own), request, "{id}");
            assert!(!is_own(&id, &["ac-lyon.fr".to_owned()]), "{id}");
        }
        let id = of_announcement(reference, "AC-Dijon.fr");
        assert!(is_own(&id, &own) && request_with_ticket(&id, &own).is_none());
        assert_eq!(announcement(&id, &own), Some(reference));
        assert_eq!(announcement(&of_letter(reference, Letter::Notice("x"), "ac-dijon.fr"), &own), None);
        let id = of_deposit(reference, "AC-Dijon.fr");
        assert!(is_of_deposit(&id) && is_of_deposit(&id.to_uppercase()) && is_own(&id, &own));
        assert!(request_with_ticket(&id, &own).is_none() && announcement(&id, &own).is_none());
        assert!(!is_of_deposit(&of_letter(reference, Letter::Outcome(Reason::Created), "ac-dijon.fr")));
        assert!(!is_of_deposit("<1.depot.passerelle@ac-dijon.fr>"));
        for other in ["<1@ac-dijon.fr>", "<passerelle@ac-dijon.fr>", "", "<.passerelle>"] {
            assert!(!is_own(other, &own), "{other}");
        }
    }
}
