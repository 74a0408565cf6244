//! Which ticket a mail is about: by the notification of GLPI or the gateway's mail that it answers, or by its subject.
//!
//! GLPI's Message-IDs are as its `NotificationTarget` and `NotificationTargetTicket` make them and its
//! `MailCollector` reads them:
//!
//! - from 10.0.7 on, and in 11.0: `GLPI_<uuid>-Ticket-<id>/<event>@<host>`, for all but the first event with
//!   `.<time>.<random>` before the `@`;
//! - 10.0.0 to 10.0.6: `GLPI_<uuid>-Ticket-<id>.<time>.<random>@<host>`;
//! - 9.5: `GLPI-<id>.<time>.<random>@<host>`, as plugins make them `GLPI-Ticket-<id>.<time>.<random>@<host>`.

use super::Rules;
use crate::id::TicketId;
use crate::request::{Mail, Origin, Received, Reference, is_forward, message_id};

/// Which ticket a reply is about, as far as the mail says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    /// The one with this number.
    Ticket(TicketId),
    /// That of the request with this reference: its receipt is answered.
    Request(Reference),
    /// The one with this number: of a mail that is answered. Who names its Message-ID has got it, as its sender or
    /// with a copy.
    Mail(TicketId),
}

/// The ticket a mail is about: by what it answers, the newest first, else by GLPI's tag or the gateway's reference in
/// its subject. One that forwards a notification is a request of its own.
///
/// `uuid` is the academy's GLPI's, where it is known.
pub(super) fn thread(received: &Received, uuid: Option<&str>, rules: &Rules) -> Option<Thread> {
    let Origin::Mail(mail) = &received.origin else { return None };
    if is_forward(&received.subject) {
        return None;
    }
    let is_other_glpi_s = |id: &str| notification(id).is_some_and(|it| it.is_other_glpi_s(uuid, rules));
    let mut ours = ids(mail).filter(|id| !is_other_glpi_s(id));
    let answered = ours.find_map(|id| {
        let ticket = notification(id).map(|notification| Thread::Ticket(notification.ticket));
        ticket.or_else(|| message_id::request_with_ticket(id, &rules.own_domains).map(Thread::Request))
    });
    // The mail may itself be another GLPI's notification.
    let may_be_tagged = !answers_other_item(mail) && !ids(mail).chain(own_name(mail)).any(is_other_glpi_s);
    let tagged = || tagged(&received.subject, &rules.glpi_tags).filter(|_| may_be_tagged).map(Thread::Ticket);
    answered.or_else(tagged).or_else(|| Reference::find_in_subject(&received.subject).map(Thread::Request))
}

/// Whether a mail answers, or is, a notification that bears the mark of one GLPI or another.
pub(super) fn names_a_glpi(received: &Received) -> bool {
    match &received.origin {
        Origin::Mail(mail) => {
            ids(mail).chain(own_name(mail)).any(|id| notification(id).is_some_and(|it| it.uuid.is_some()))
        }
        Origin::Form(_) => false,
    }
}

/// The Message-IDs of what a mail answers that are neither of GLPI nor of the gateway, the newest first.
pub(super) fn other_ids<'a>(mail: &'a Mail, rules: &Rules) -> impl Iterator<Item = &'a str> {
    ids(mail).filter(|id| {
        let is_of_glpi = id.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("GLPI"));
        id.contains('@') && !is_of_glpi && !message_id::is_own(id, &rules.own_domains)
    })
}

/// The Message-IDs of what a mail answers, the newest first.
pub(super) fn ids(mail: &Mail) -> impl Iterator<Item = &str> {
    ["in-reply-to", "references"]
        .into_iter()
        .filter_map(|name| mail.fields.get(name))
        .flat_map(|value| value.split(|c: char| c.is_whitespace() || matches!(c, ',' | '<' | '>')).rev())
}

/// A mail's own Message-ID, without angle brackets.
fn own_name(mail: &Mail) -> Option<&str> {
    mail.message_id.as_deref().map(|id| id.trim_matches(['<', '>', ' ']))
}

/// Whether a mail answers a notification of a change or a problem: their tags are of the same form, and their numbers
/// are not a ticket's.
fn answers_other_item(mail: &Mail) -> bool {
    ids(mail)
        .map(str::to_ascii_lowercase)
        .any(|id| id.starts_with("glpi") && ["-change-", "-problem-"].iter().any(|kind| id.contains(kind)))
}

/// What the Message-ID of a notification of GLPI says.
struct Notification<'a> {
    ticket: TicketId,
    /// Which GLPI it is of; one before 10.0 does not say.
    uuid: Option<&'a str>,
    host: &'a str,
}

/// Ends of host names that are nobody's outside.
const INSIDE: &[&str] = &[
    "local",
    "localdomain",
    "localhost",
    "lan",
    "home",
    "internal",
    "intern",
    "intra",
    "intranet",
    "corp",
    "private",
    "priv",
    "loc",
    "docker",
    "test",
    "invalid",
];

impl Notification<'_> {
    /// Whether another GLPI has sent it: by its mark, or, where it has none or the own one is not known, by a host
    /// elsewhere. A host without domain, as GLPI in a container has it, says nothing.
    fn is_other_glpi_s(&self, own: Option<&str>, rules: &Rules) -> bool {
        if let (Some(uuid), Some(own)) = (self.uuid, own) {
            return uuid != own;
        }
        let host = self.host.trim_end_matches('.').to_lowercase();
        let end = host.rsplit_once('.').map(|(_, end)| end);
        end.is_some_and(|end| {
            !INSIDE.contains(&end) && !end.bytes().all(|byte| byte.is_ascii_digit()) && !rules.is_home(&host)
        })
    }
}

/// Reads the Message-ID of a notification about a ticket.
fn notification(id: &str) -> Option<Notification<'_>> {
    let (local, host) = id.split_once('@')?;
    let rest = local.get(..4).filter(|name| name.eq_ignore_ascii_case("GLPI")).and(local.get(4..))?;
    let (item, _event) = rest.split_once(['/', '.'])?;
    let (uuid, number) = if let Some(with_uuid) = item.strip_prefix('_') {
        let (uuid, item) = with_uuid.split_once('-')?;
        (Some(uuid), of_ticket(item)?)
    } else {
        let item = item.strip_prefix('-')?;
        (None, if item.contains('-') { of_ticket(item)? } else { item })
    };
    Some(Notification { ticket: ticket_number(number)?, uuid, host })
}

/// The number in `Ticket-<number>`; changes and problems have notifications of the same form.
fn of_ticket(item: &str) -> Option<&str> {
    item.split_once('-').filter(|(kind, _)| kind.eq_ignore_ascii_case("Ticket")).map(|(_, number)| number)
}

/// The ticket of the first `[GLPI #0001234]` in a subject.
fn tagged(subject: &str, tags: &[String]) -> Option<TicketId> {
    subject.split('[').skip(1).find_map(|rest| {
        let (tag, number) = rest.split_once(']')?.0.rsplit_once('#')?;
        let tag = tag.trim().to_lowercase();
        tags.iter().any(|known| known.to_lowercase() == tag).then(|| ticket_number(number.trim()))?
    })
}

/// A number a ticket can have: GLPI's ids are unsigned, of 32 bits.
fn ticket_number(digits: &str) -> Option<TicketId> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u32>().ok().filter(|number| is_number && *number > 0).map(|number| u64::from(number).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{super::samples, Thread, names_a_glpi, tagged, thread};
    use crate::id::TicketId;
    use crate::request::{FormFields, Received, Reference};

    const UUID: &str = "ZhRvFaYzdU2NErx8aqxZXNj2b7L9Cz7kilEO5sxx";

    fn mail(subject: &str, in_reply_to: &str, references: &str) -> Received {
        let mut received = samples::mail(|mail| {
            for (name, value) in [("in-reply-to", in_reply_to), ("references", references)] {
                if !value.is_empty() {
                    mail.fields.insert(name.to_owned(), value.replace("UUID", UUID));
                }
            }
        });
        received.subject = subject.into();
        received
    }

    fn thread_of(subject: &str, in_reply_to: &str, references: &str) -> Option<Thread> {
        thread(&mail(subject, in_reply_to, references), None, &samples::rules(|_| {}))
    }

    #[rstest]
    #[case::glpi_11_and_10_first_event("<GLPI_UUID-Ticket-1234/new@glpi.ac-dijon.fr>", Some(1234))]
    #[case::glpi_10_later_event("<GLPI_UUID-Ticket-1234/add_followup.1795564378.278218988@vm>", Some(1234))]
    #[case::glpi_10_0_6("<GLPI_UUID-Ticket-1234.1795564378.278218988@vm>", Some(1234))]
    #[case::glpi_9_5("<GLPI-1234.1795564378.278218988@vm>", Some(1234))]
    #[case::glpi_9_5_with_type("<GLPI-Ticket-1234.1795564378.278218988@vm>", Some(1234))]
    #[case::case_and_brackets("glpi_abc-ticket-7/new@vm", Some(7))]
    #[case::among_others("<a@b.fr> <GLPI_UUID-Ticket-5/new@vm>", Some(5))]
    #[case::change("<GLPI_UUID-Change-1234/new@vm>", None)]
    #[case::problem("<GLPI-Problem-1234.1795564378.278218988@vm>", None)]
    #[case::no_item("<GLPI_UUID/alert.1795564378.278218988@vm>", None)]
    #[case::no_item_9_5("<GLPI.1795564378.278218988@vm>", None)]
    #[case::no_host("<GLPI_UUID-Ticket-1234/new>", None)]
    #[case::no_event("<GLPI_UUID-Ticket-1234@vm>", None)]
    #[case::zero("<GLPI_UUID-Ticket-0/new@vm>", None)]
    #[case::signed("<GLPI_UUID-Ticket-+12/new@vm>", None)]
    #[case::huge("<GLPI_UUID-Ticket-99999999999999999999999999/new@vm>", None)]
    #[case::largest("<GLPI_UUID-Ticket-4294967295/new@vm>", Some(4_294_967_295))]
    #[case::stranger("<XGLPI_UUID-Ticket-1234/new@vm>", None)]
    #[case::accent("<GLPé_UUID-Ticket-1234/new@vm>", None)]
    fn glpi_s_message_ids_name_their_ticket(#[case] id: &str, #[case] expected: Option<u64>) {
        assert_eq!(thread_of("LSU", id, ""), expected.map(|number| Thread::Ticket(number.into())), "In-Reply-To");
        assert_eq!(thread_of("LSU", "", id), expected.map(|number| Thread::Ticket(number.into())), "References");
    }

    #[test]
    fn the_mail_that_is_answered_counts_before_older_ones_and_both_before_the_subject() {
        let older = "<GLPI_UUID-Ticket-1/new@vm>, <x@y.fr> <GLPI_UUID-Ticket-2/new@vm>\t<z@y.fr>";
        let subject = "RE: [GLPI #0000003] Nouveau suivi";
        assert_eq!(thread_of(subject, "<GLPI_UUID-Ticket-4/new@vm>", older), Some(Thread::Ticket(TicketId::new(4))));
        assert_eq!(thread_of(subject, "<x@y.fr>", older), Some(Thread::Ticket(TicketId::new(2))));
        assert_eq!(thread_of(subject, "<x@y.fr>", "<z@y.fr>"), Some(Thread::Ticket(TicketId::new(3))));
        assert_eq!(thread_of("RE: LSU", "<x@y.fr>", "<z@y.fr>"), None);
    }

    #[test]
    fn a_forwarded_notification_is_about_no_ticket() {
        let subject = "TR: [GLPI #0000003] Nouveau suivi";
        assert_eq!(thread_of(subject, "<GLPI_UUID-Ticket-3/new@vm>", ""), None);
        assert_eq!(thread_of(&format!("RE: {subject}"), "", ""), Some(Thread::Ticket(TicketId::new(3))));
    }

    #[test]
    fn the_tag_of_a_change_is_of_no_ticket() {
        for id in ["<GLPI_UUID-Change-3/new@vm>", "<GLPI-Problem-3.1795564378.278218988@vm>"] {
            assert_eq!(thread_of("RE: [GLPI #0000003] LSU", id, ""), None, "{id}");
        }
    }

    #[test]
    fn a_receipt_names_its_request_and_a_refusal_s_notice_none() {
        let reference = Reference::new("mail", "a", b"b");
        let of = |id: &str| thread_of("RE: LSU", id, "");
        assert_eq!(of(&format!("<{reference}.created.passerelle@ac-dijon.fr>")), Some(Thread::Request(reference)));
        assert_eq!(of(&format!("<{reference}.no-keyword.passerelle@ac-dijon.fr>")), None);
        let notice = format!("<{reference}.notice-question-12.passerelle@ac-dijon.fr>");
        assert_eq!(of(&notice), Some(Thread::Request(reference)));
        assert_eq!(of(&format!("<{reference}.created.passerelle@example.org>")), None);
        assert_eq!(of("<P-1234.created.passerelle@ac-dijon.fr>"), None);
    }

    #[rstest]
    #[case("[GLPI #0001234] Nouveau ticket", Some(1234))]
    #[case("RE: TR: [GLPI #0001234] Nouveau suivi LSU", Some(1234))]
    #[case("Ré : [externe] [glpi #12] LSU", Some(12))]
    #[case("[GLPI#12]", Some(12))]
    #[case("[GLPI #12345678]", Some(12_345_678))]
    #[case("[GLPI [GLPI #7]", Some(7))]
    #[case("[Assistance 1D #0000008] LSU", Some(8))]
    #[case("[GLPI #]", None)]
    #[case("[GLPI #0]", None)]
    #[case("[GLPI #12a]", None)]
    #[case("[GLPI #-1]", None)]
    #[case("[GLPI #99999999999999999999]", None)]
    #[case("[autre #12] LSU", None)]
    #[case("[mon GLPI #12] LSU", None)]
    #[case("[#12] LSU", None)]
    #[case("GLPI #12", None)]
    #[case("[GLPI #12", None)]
    #[case("", None)]
    fn glpi_s_tag_is_found_anywhere_in_a_subject(#[case] subject: &str, #[case] expected: Option<u64>) {
        assert_eq!(tagged(subject, &["GLPI".to_owned(), "Assistance 1D".to_owned()]), expected.map(TicketId::new));
    }

    #[rstest]
    #[case::ours("<GLPI_ours-Ticket-42/new@a>", Some("ours"), Some(42))]
    #[case::another_s("<GLPI_other-Ticket-42/new@a>", Some("ours"), None)]
    #[case::both("<GLPI_other-Ticket-1/new@a> <GLPI_ours-Ticket-42/new@a>", Some("ours"), Some(42))]
    #[case::old_elsewhere("<GLPI-42.1.2@support.editeur.example>", Some("ours"), None)]
    #[case::old_elsewhere_and_unknown("<GLPI-42.1.2@support.editeur.example>", None, None)]
    #[case::old_at_home("<GLPI-42.1.2@srv1.ac-dijon.fr>", Some("ours"), Some(42))]
    #[case::old_in_a_container("<GLPI-42.1.2@8f2b1c>", Some("ours"), Some(42))]
    #[case::unknown_in_a_container("<GLPI_other-Ticket-42/new@8f2b1c>", None, Some(42))]
    #[case::unknown_inside("<GLPI_other-Ticket-42/new@glpi.intranet>", None, Some(42))]
    #[case::unknown_at_home("<GLPI_other-Ticket-42/new@srv1.in.ac-dijon.fr>", None, Some(42))]
    #[case::unknown_beside_the_api("<GLPI_other-Ticket-42/new@web2.hebergeur.example>", None, Some(42))]
    #[case::unknown_by_number("<GLPI_other-Ticket-42/new@10.0.0.1>", None, Some(42))]
    #[case::unknown_elsewhere("<GLPI_other-Ticket-42/new@support.editeur.example>", None, None)]
    #[case::unknown_look_alike("<GLPI_other-Ticket-42/new@xac-dijon.fr>", None, None)]
    fn a_notification_of_another_glpi_is_about_no_ticket_of_ours(
        #[case] ids: &str,
        #[case] own: Option<&str>,
        #[case] expected: Option<u64>,
    ) {
        let rules = samples::configured(|config| config.glpi.url = "https://glpi.hebergeur.example/".into());
        for subject in ["RE: LSU", "RE: [GLPI #0000042] LSU"] {
            let mail = mail(subject, ids, "");
            assert_eq!(thread(&mail, own, &rules), expected.map(|number| Thread::Ticket(number.into())), "{subject}");
        }
        // Without a thread, the tag decides as ever.
        assert_eq!(
            thread(&mail("RE: [GLPI #0000042] LSU", "", ""), own, &rules),
            Some(Thread::Ticket(TicketId::new(42)))
        );
    }

    #[test]
    fn the_notification_of_another_glpi_itself_is_about_no_ticket_of_ours() {
        let rules = samples::rules(|_| {});
        for (id, expected) in [
            ("<GLPI_other-Ticket-42/add_followup.1795.333@glpi.autre.example>", None),
            ("<GLPI_ours-Ticket-42/add_followup.1795.333@glpi.autre.example>", Some(Thread::Ticket(TicketId::new(42)))),
            ("<1@poste>", Some(Thread::Ticket(TicketId::new(42)))),
        ] {
            let mut received = samples::mail(|mail| mail.message_id = Some(id.to_owned()));
            received.subject = "[GLPI #0000042] Nouveau suivi LSU".into();
            assert_eq!(thread(&received, Some("ours"), &rules), expected, "{id}");
            assert_eq!(names_a_glpi(&received), id.starts_with("<GLPI"), "{id}");
        }
    }

    #[rstest]
    #[case("RE: LSU P-7K3M-Q2XV-9D4T", true)]
    #[case("LSU : demande p-7k3m-q2xv-9d4t, complément", true)]
    #[case("TR: LSU P-7K3M-Q2XV-9D4T", false)]
    #[case("LSU P-7K3M-Q2XV", false)]
    #[case("LSU imprimante HP-7K3M-Q2XV-9D4T", false)]
    fn the_gateway_s_reference_in_a_subject_is_a_tag(#[case] subject: &str, #[case] expected: bool) {
        let reference = Reference::parse("P-7K3M-Q2XV-9D4T").map(Thread::Request).filter(|_| expected);
        assert_eq!(thread_of(subject, "", ""), reference);
        if expected {
            assert_eq!(thread_of(&format!("[GLPI #12] {subject}"), "", ""), Some(Thread::Ticket(TicketId::new(12))));
        }
    }

    #[test]
    fn a_form_is_no_reply() {
        let mut form = samples::form(FormFields::default());
        form.subject = "[GLPI #0001234] LSU".into();
        assert_eq!(thread(&form, None, &samples::rules(|_| {})), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in ".*", subject in ".*") {
            let _ = thread_of(&subject, &text, &text);
            let _ = thread_of(&format!("[GLPI #{subject}"), &format!("GLPI_{text}"), &format!("GLPI-{text}@x"));
        }
    }
}
