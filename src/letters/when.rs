//! Whether a mail may be sent about a request at all: never to a machine, never to an unverified address.

use crate::{
    config::Acknowledge,
    request::{Address, Channel, Mail, Origin, Reason, ReasonKind, Received},
};

/// Whether the requester may be told by mail that the request ended for this reason.
///
/// A receipt goes out for a ticket that was just made, if Passerelle acknowledges at all; not for a later
/// copy, of which there may be many. A refusal notice goes out for the rules that come after the sender's
/// domain was found to be the academy's; a form is refused in its HTTP answer, unless it was put by and that answer
/// was given before anybody could know. Nothing is sent about
/// automatic mail (RFC 3834 section 2). The once-a-day limit of notices is the ledger's.
pub fn may_notify(received: &Received, reason: Reason, acknowledge: Acknowledge) -> bool {
    let Some(to) = recipient(received, reason) else { return false };
    if is_machine(to) {
        return false;
    }
    let takes_answers = match &received.origin {
        Origin::Mail(mail) => takes_answers(mail),
        Origin::Form(_) => true,
    };
    match reason.kind() {
        ReasonKind::Done => reason == Reason::Created && acknowledge == Acknowledge::Passerelle && takes_answers,
        ReasonKind::Rule | ReasonKind::Reply => match &received.origin {
            Origin::Mail(mail) => acknowledge != Acknowledge::Off && takes_answers && !is_forged(mail, to),
            Origin::Form(_) => acknowledge != Acknowledge::Off && received.channel == Channel::Returned,
        },
        ReasonKind::Portal => acknowledge != Acknowledge::Off && received.channel == Channel::Returned,
        ReasonKind::Sender | ReasonKind::Machine | ReasonKind::Outage | ReasonKind::Failure => false,
    }
}

/// Who is told: the requester of the receipt, of anything else who wrote. Whose mail was forwarded wrote nothing to us.
pub(super) fn recipient(received: &Received, reason: Reason) -> Option<&Address> {
    if reason == Reason::Created { received.requester.as_ref() } else { received.writer() }
}

/// Addresses that nobody reads.
pub(crate) fn is_machine(address: &Address) -> bool {
    let local = address.local();
    let letters: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    address.is_daemon()
        || ["noreply", "nepasrepondre", "donotreply"].iter().any(|name| letters.starts_with(name))
        || local.starts_with("owner-")
        || local.ends_with("-request")
}

/// Whether a person wrote this mail and its fields do not ask for silence.
///
/// Screening ignores automatic mail already; but that rule can be switched off, and `X-Auto-Response-Suppress`
/// stands on mails of people, too.
fn takes_answers(mail: &Mail) -> bool {
    let null_sender = mail.is_from_nobody() || envelope_sender(mail).is_some_and(str::is_empty);
    !(null_sender || mail.says_automatic() || mail.is_in_bulk() || mail.asks_for_silence())
}

/// The envelope sender, without angle brackets: the relay's word, else what it wrote into `Return-Path`
/// (RFC 5321 section 4.4), as for a mail from a mailbox.
fn envelope_sender(mail: &Mail) -> Option<&str> {
    let written = mail.envelope_sender.as_deref().or_else(|| mail.fields.get("return-path").map(String::as_str));
    written.map(|sender| sender.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>')))
}

/// Whether the mail does not seem to come from whom it names: by the relay's word, or because its envelope
/// names a sender elsewhere. A notice would reach somebody who never wrote.
fn is_forged(mail: &Mail, requester: &Address) -> bool {
    let envelope = envelope_sender(mail).and_then(|sender| sender.rsplit_once('@'));
    if envelope.is_some_and(|(_, domain)| !domain.eq_ignore_ascii_case(requester.domain())) {
        return true;
    }
    let results = mail.fields.get("authentication-results").map(|value| value.to_lowercase()).unwrap_or_default();
    results.contains("dmarc=fail") || (results.contains("spf=fail") && !results.contains("dkim=pass"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::may_notify;
    use crate::{
        config::Acknowledge::{self, Glpi, Off, Passerelle},
        flow::screen::samples,
        request::{Address, Channel, FormFields, Mail, Reason, Received},
    };

    #[rstest]
    #[case(Reason::Created, Passerelle, true)]
    #[case(Reason::Created, Glpi, false)]
    #[case(Reason::Created, Off, false)]
    #[case(Reason::NotADirector, Passerelle, true)]
    #[case(Reason::NotADirector, Glpi, true)]
    #[case(Reason::NotADirector, Off, false)]
    fn the_configuration_says_who_writes(
        #[case] reason: Reason,
        #[case] acknowledge: Acknowledge,
        #[case] expected: bool,
    ) {
        assert_eq!(may_notify(&samples::mail(|_| {}), reason, acknowledge), expected);
    }

    #[test]
    fn no_reason_but_a_new_ticket_or_a_rule_after_the_sender_s_is_written_about() {
        let told: Vec<&str> = Reason::ALL
            .iter()
            .filter(|reason| may_notify(&samples::mail(|_| {}), **reason, Passerelle))
            .map(|reason| reason.code())
            .collect();
        assert_eq!(
            told,
            [
                "created",
                "too-large",
                "wrong-recipient",
                "reply-to-announcement",
                "no-keyword",
                "unknown-application",
                "not-a-director",
                "quota-exceeded",
                "reply-to-ticket",
                "ticket-closed",
                "ticket-unknown"
            ]
        );
    }

    #[test]
    fn a_form_gets_its_receipt_and_no_notice() {
        let form = samples::form(FormFields::default());
        let told: Vec<_> = Reason::ALL.iter().filter(|reason| may_notify(&form, **reason, Passerelle)).collect();
        assert_eq!(told, [&Reason::Created]);
    }

    #[test]
    fn nobody_was_told_of_a_form_that_comes_back_so_its_notice_is_written() {
        let form = Received { channel: Channel::Returned, ..samples::form(FormFields::default()) };
        for reason in [Reason::Created, Reason::QuotaExceeded, Reason::NotADirector, Reason::RequestClosed] {
            assert!(may_notify(&form, reason, Passerelle), "{reason:?}");
            assert!(!may_notify(&form, reason, Off), "{reason:?}");
        }
        assert!(!may_notify(&form, Reason::ForgedDeposit, Passerelle));
    }

    #[rstest]
    #[case("auto-submitted", "auto-replied", false)]
    #[case("auto-submitted", "no; owner", true)]
    #[case("precedence", "Bulk", false)]
    #[case("precedence", "first-class", true)]
    #[case("list-unsubscribe", "<mailto:x@y.fr>", false)]
    #[case("x-auto-response-suppress", "DR, OOF, AutoReply", false)]
    #[case("x-auto-response-suppress", "All", false)]
    #[case("x-auto-response-suppress", "DR, RN, NRN", true)]
    #[case("x-autoreply", "yes", false)]
    #[case("return-path", "<>", false)]
    #[case("content-type", "multipart/report; report-type=delivery-status", false)]
    #[case("importance", "high", true)]
    fn automatic_mail_is_never_answered(#[case] name: &str, #[case] value: &str, #[case] expected: bool) {
        let mail = samples::mail(|mail| {
            mail.fields.insert(name.to_owned(), value.to_owned());
        });
        assert_eq!(may_notify(&mail, Reason::Created, Passerelle), expected);
        assert_eq!(may_notify(&mail, Reason::NoKeyword, Passerelle), expected);
    }

    #[rstest]
    #[case("mx.ac-dijon.fr; dmarc=fail header.from=ac-dijon.fr", false)]
    #[case("mx.ac-dijon.fr; spf=fail smtp.mailfrom=x@y.fr", false)]
    #[case("mx.ac-dijon.fr; spf=fail; dkim=pass header.d=ac-dijon.fr", true)]
    #[case("mx.ac-dijon.fr; spf=pass; dkim=none", true)]
    fn a_forged_mail_brings_no_notice_to_its_victim(#[case] results: &str, #[case] expected: bool) {
        let mail = samples::mail(|mail| {
            mail.fields.insert("authentication-results".to_owned(), results.to_owned());
        });
        assert_eq!(may_notify(&mail, Reason::NoKeyword, Passerelle), expected);
    }

    #[rstest]
    #[case("<victime@ac-dijon.fr>", true)]
    #[case("<pirate@ailleurs.example>", false)]
    #[case("< >", false)]
    fn a_mailbox_s_mail_names_its_sender_in_return_path(#[case] path: &str, #[case] expected: bool) {
        let mail = samples::mail(|mail| {
            mail.envelope_sender = None;
            mail.fields.insert("return-path".to_owned(), path.to_owned());
        });
        assert_eq!(may_notify(&mail, Reason::NoKeyword, Passerelle), expected);
    }

    #[rstest]
    #[case(|mail: &mut Mail| mail.envelope_sender = Some(String::new()))]
    #[case(|mail: &mut Mail| mail.from = vec![])]
    #[case(|mail: &mut Mail| mail.from = vec![Address::parse("ne-pas-repondre@ac-dijon.fr").unwrap()])]
    #[case(|mail: &mut Mail| mail.from = vec![Address::parse("postmaster@ac-dijon.fr").unwrap()])]
    #[case(|mail: &mut Mail| mail.from = vec![Address::parse("MAILER-DAEMON@ac-dijon.fr").unwrap()])]
    fn nobody_is_not_written_to(#[case] change: fn(&mut Mail)) {
        let mail = samples::mail(change);
        assert!(!may_notify(&mail, Reason::Created, Passerelle));
        assert!(!may_notify(&mail, Reason::NoKeyword, Passerelle));
    }
}
