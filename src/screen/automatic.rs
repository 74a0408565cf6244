//! Loops, bounces and automatic mail are ignored: nobody waits for an answer (RFC 3834, RFC 3464, RFC 5546).

use super::{Rejection, Rules};
use crate::request::{Mail, Origin, Reason, Received};

pub(super) fn check(received: &Received, rules: &Rules) -> Result<(), Rejection> {
    match &received.origin {
        Origin::Mail(mail) if rules.enabled("automatic") => match nature(mail, rules) {
            Some(reason) => Err(Rejection::Ignored(reason)),
            None => Ok(()),
        },
        Origin::Mail(_) | Origin::Form(_) => Ok(()),
    }
}

fn nature(mail: &Mail, rules: &Rules) -> Option<Reason> {
    let field = |name: &str| mail.fields.get(name).map(|value| value.trim().to_lowercase());
    let content_type = field("content-type").unwrap_or_default();
    let is_report = content_type.starts_with("multipart/report");

    if mail.message_id.as_deref().is_some_and(|id| own_id(id, rules).is_some()) {
        return Some(Reason::OwnMail);
    }
    let from_daemon = mail.from.iter().any(|from| from.local() == "mailer-daemon");
    if mail.envelope_sender.as_deref() == Some("")
        || field("return-path").as_deref() == Some("<>")
        || (is_report && content_type.contains("delivery-status"))
        || field("x-failed-recipients").is_some()
        || from_daemon
    {
        return Some(Reason::Bounce);
    }
    // RFC 3834 section 5: any value but "no" means automatic; parameters may follow.
    let auto_submitted =
        field("auto-submitted").is_some_and(|value| value.split(';').next().map(str::trim) != Some("no"));
    let precedence = field("precedence").unwrap_or_default();
    let says_auto = ["x-autoreply", "x-autorespond"].iter().any(|name| field(name).is_some_and(|value| value != "no"));
    // A calendar answers by itself (RFC 5546 section 1.4); what a person asks of others goes on.
    let is_calendar_answer =
        mail.calendar_method.as_deref().is_some_and(|method| ["REPLY", "COUNTER", "DECLINECOUNTER"].contains(&method));
    if auto_submitted || says_auto || is_report || precedence == "auto_reply" || is_calendar_answer {
        return Some(Reason::Automatic);
    }
    let in_bulk = ["bulk", "list", "junk"].contains(&precedence.as_str());
    if in_bulk || mail.fields.keys().any(|name| name.starts_with("list-")) {
        return Some(Reason::Bulk);
    }
    None
}

/// What stands before the mark in a Message-ID of the form the gateway gives its own mails,
/// `<….passerelle@own-domain>`, lower case: the request's reference and the reason of the mail.
pub(super) fn own_id(message_id: &str, rules: &Rules) -> Option<String> {
    let id = message_id.trim().trim_start_matches('<').trim_end_matches('>').to_lowercase();
    let (local, domain) = id.rsplit_once('@')?;
    let name = local.strip_suffix(".passerelle")?;
    rules.own_domains.iter().any(|own| own == domain).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{super::samples, Rejection, check};
    use crate::request::{Mail, Reason};

    fn reason_of(change: impl FnOnce(&mut Mail)) -> Option<Reason> {
        match check(&samples::mail(change), &samples::rules(|_| {})) {
            Ok(()) => None,
            Err(Rejection::Ignored(reason)) => Some(reason),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn with(name: &str, value: &str) -> impl FnOnce(&mut Mail) {
        let (name, value) = (name.to_owned(), value.to_owned());
        move |mail| {
            mail.fields.insert(name, value);
        }
    }

    #[test]
    fn a_person_s_mail_passes() {
        assert_eq!(reason_of(|_| {}), None);
        assert_eq!(reason_of(with("auto-submitted", "No")), None);
        assert_eq!(reason_of(with("auto-submitted", "no; x=y")), None);
        assert_eq!(reason_of(with("precedence", "first-class")), None);
        assert_eq!(reason_of(|mail| mail.envelope_sender = None), None);
    }

    #[test]
    fn bounces_are_ignored() {
        assert_eq!(reason_of(|mail| mail.envelope_sender = Some(String::new())), Some(Reason::Bounce));
        assert_eq!(reason_of(with("return-path", "<>")), Some(Reason::Bounce));
        assert_eq!(
            reason_of(with("content-type", "multipart/report; report-type=delivery-status; boundary=x")),
            Some(Reason::Bounce)
        );
    }

    #[test]
    fn automatic_mail_is_ignored() {
        assert_eq!(reason_of(with("auto-submitted", "auto-replied")), Some(Reason::Automatic));
        assert_eq!(reason_of(with("auto-submitted", "auto-generated; owner")), Some(Reason::Automatic));
        assert_eq!(reason_of(with("precedence", "auto_reply")), Some(Reason::Automatic));
        assert_eq!(
            reason_of(with("content-type", "multipart/report; report-type=disposition-notification")),
            Some(Reason::Automatic)
        );
    }

    #[test]
    fn answers_of_calendars_are_ignored_and_invitations_are_not() {
        for (method, reason) in [
            ("REPLY", Some(Reason::Automatic)),
            ("COUNTER", Some(Reason::Automatic)),
            ("DECLINECOUNTER", Some(Reason::Automatic)),
            ("REQUEST", None),
            ("CANCEL", None),
            ("PUBLISH", None),
        ] {
            assert_eq!(reason_of(|mail| mail.calendar_method = Some(method.to_owned())), reason, "{method}");
        }
    }

    #[test]
    fn lists_and_bulk_are_ignored() {
        assert_eq!(reason_of(with("precedence", "Bulk")), Some(Reason::Bulk));
        assert_eq!(reason_of(with("list-id", "<directeurs.ac-dijon.fr>")), Some(Reason::Bulk));
    }

    #[test]
    fn the_gateway_s_own_mails_are_ignored_and_no_one_else_s() {
        let id = |id: &str| {
            let id = id.to_owned();
            move |mail: &mut Mail| mail.message_id = Some(id)
        };
        assert_eq!(reason_of(id("<42.passerelle@ac-dijon.fr>")), Some(Reason::OwnMail));
        assert_eq!(reason_of(id("<42.passerelle@example.org>")), None);
        assert_eq!(reason_of(id("<42@ac-dijon.fr>")), None);
    }

    #[test]
    fn the_rule_can_be_switched_off() {
        let rules = samples::rules(|config| config.disabled = vec!["automatic".into()]);
        let bounce = samples::mail(|mail| mail.envelope_sender = Some(String::new()));
        assert_eq!(check(&bounce, &rules), Ok(()));
    }
}
