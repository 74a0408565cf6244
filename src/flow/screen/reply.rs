//! A reply to a notification of GLPI, or to a receipt of the gateway, is about a ticket that is there: it
//! makes no new one. So is what its requester writes about it on the portal.
//!
//! GLPI's Message-IDs are as its `NotificationTarget` and `NotificationTargetTicket` make them and its
//! `MailCollector` reads them:
//!
//! - from 10.0.7 on, and in 11.0: `GLPI_<uuid>-Ticket-<id>/<event>@<host>`, for all but the first event with
//!   `.<time>.<random>` before the `@`;
//! - 10.0.0 to 10.0.6: `GLPI_<uuid>-Ticket-<id>.<time>.<random>@<host>`;
//! - 9.5: `GLPI-<id>.<time>.<random>@<host>`, as plugins make them `GLPI-Ticket-<id>.<time>.<random>@<host>`.

use jiff::Zoned;

use super::{Copies, Rejected, Rejection, Rules, size};
use crate::{
    config::Replies,
    id::TicketId,
    request::{
        Address, Decision, Mail, Origin, Page, Reason, Received, Reference, Refusal, SenderRole, Stage, TicketState,
        is_forward, message_id,
    },
};

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

/// What is written about a ticket that is there, in a mail or on the portal. Only [`super::by_itself`] and
/// [`on_portal`] make one.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) received: Received,
    pub(super) requester: Address,
    pub(super) arrived: Zoned,
    pub(super) thread: Thread,
    pub(super) copies: Copies,
}

impl Reply {
    /// The mail or form.
    pub fn received(&self) -> &Received {
        &self.received
    }

    /// Who wrote it.
    pub fn requester(&self) -> &Address {
        &self.requester
    }

    /// When it arrived, in the academy's time zone.
    pub fn arrived(&self) -> &Zoned {
        &self.arrived
    }

    /// Which ticket it is about.
    pub fn thread(&self) -> Thread {
        self.thread
    }

    /// Who else it went to.
    pub fn copies(&self) -> &Copies {
        &self.copies
    }
}

/// Instead of [`Reason::ReplyToTicket`]'s sentence for whoever follows the ticket on the portal.
const ON_THE_PORTAL: &str = "Votre message n'a pas été ajouté à la demande n°\u{a0}{ticket}\u{a0}: les compléments s'écrivent sur le portail. Ouvrez la demande à l'adresse {link}, puis complétez-la avec votre texte et vos pièces jointes.";

/// Instead of it for whoever can open no page of the ticket; the notice goes on with what to do.
const WITHOUT_PAGE: &str =
    "Votre message n'a pas été ajouté à la demande n°\u{a0}{ticket}\u{a0}: les compléments s'écrivent dans GLPI.";

/// The proof that a reply may be added to this ticket. Only [`reply`], [`complement`] and [`decision`] make one, and
/// [`MayFollowUp::of_a_copy`] for one that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MayFollowUp {
    ticket: TicketId,
    change: Change,
    by_staff: bool,
}

/// What a reply does to its ticket beside being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// A pending or solved ticket is opened again; its solution is refused.
    Reopen,
    /// A solved ticket is closed; its solution is accepted.
    Close,
    /// Staff has answered: it counts as taken in charge, and stays as far as it is.
    Answer,
}

impl MayFollowUp {
    /// An earlier copy is in this ticket already, which may be solved or closed by now: it is to be completed, and
    /// changes nothing any more.
    pub fn of_a_copy(ticket: TicketId) -> Self {
        Self { ticket, change: Change::None, by_staff: false }
    }

    /// GLPI's number of the ticket.
    pub fn ticket(self) -> TicketId {
        self.ticket
    }

    /// Whether staff of the ticket writes, who may have it moved.
    pub fn by_staff(self) -> bool {
        self.by_staff
    }

    /// What the reply does to it.
    pub fn change(self) -> Change {
        self.change
    }
}

/// What a requester writes on the portal about their ticket.
///
/// # Errors
///
/// The request back, where it is too large or names nobody.
pub fn on_portal(received: Received, ticket: TicketId, rules: &Rules) -> Result<Reply, Rejected> {
    let requester = match (size::check(&received, rules), &received.requester) {
        (Ok(()), Some(requester)) => requester.clone(),
        (Err(rejection), _) => return Err((Box::new(received), rejection)),
        (Ok(()), None) => return Err((Box::new(received), rules.refuse(Reason::NoSender))),
    };
    let arrived = received.arrived.to_zoned(rules.time_zone.clone());
    Ok(Reply { received, requester, arrived, thread: Thread::Ticket(ticket), copies: Copies::default() })
}

/// Judges what GLPI says of the ticket a requester adds to on the portal. What is pending is at work again with it; a
/// solution is not refused by the way. Who is no requester is told the same as of no ticket at all.
///
/// # Errors
///
/// Refused, with what to do instead.
pub fn complement(ticket_state: &TicketState, rules: &Rules) -> Result<MayFollowUp, Rejection> {
    let (ticket, stage) = own(ticket_state, rules)?;
    let change = match stage {
        Stage::Open => Change::None,
        Stage::Pending => Change::Reopen,
        Stage::Solved => return Err(rules.refuse_about(Reason::RequestSolved, ticket)),
        Stage::Closed => return Err(rules.refuse_about(Reason::RequestClosed, ticket)),
    };
    Ok(MayFollowUp { ticket, change, by_staff: false })
}

/// Judges what GLPI says of the ticket whose solution a requester accepts or refuses on the portal. `is_current` says
/// whether it is the solution they saw that waits.
///
/// # Errors
///
/// Refused where nothing is to be decided.
pub fn decision(
    ticket_state: &TicketState,
    decision: &Decision,
    is_current: bool,
    rules: &Rules,
) -> Result<MayFollowUp, Rejection> {
    let (ticket, stage) = own(ticket_state, rules)?;
    if stage != Stage::Solved || !is_current {
        return Err(rules.refuse_about(Reason::NothingToApprove, ticket));
    }
    let change = match decision {
        Decision::Accept => Change::Close,
        Decision::Refuse(_) => Change::Reopen,
    };
    Ok(MayFollowUp { ticket, change, by_staff: false })
}

/// A requester's own ticket.
fn own(ticket_state: &TicketState, rules: &Rules) -> Result<(TicketId, Stage), Rejection> {
    match ticket_state {
        TicketState::Found { ticket, role: SenderRole::Requester, stage, .. } => Ok((*ticket, *stage)),
        TicketState::Found { .. } | TicketState::Missing => Err(rules.refuse(Reason::RequestUnknown)),
    }
}

impl Rules {
    fn refuse_about(&self, reason: Reason, ticket: TicketId) -> Rejection {
        let sentence = self.sentence(reason).replace("{ticket}", &ticket.to_string());
        Rejection::Refused(Refusal { reason, sentence })
    }
}

/// Judges what GLPI says of the ticket a reply is about. Who has no part in the ticket is told the same
/// whatever its state.
///
/// # Errors
///
/// Refused, with what to do instead, where the reply is not to be added.
pub fn reply(ticket_state: &TicketState, rules: &Rules) -> Result<MayFollowUp, Rejection> {
    let TicketState::Found { ticket, page, role, stage, .. } = ticket_state else {
        return Err(rules.refuse(Reason::TicketUnknown));
    };
    let is_staff = matches!(role, SenderRole::Member | SenderRole::Technician);
    let reason = match (role, stage, rules.replies) {
        (_, Stage::Open | Stage::Pending | Stage::Solved, _)
            if is_staff && rules.replies_of_staff == Replies::Followup =>
        {
            return Ok(MayFollowUp { ticket: *ticket, change: Change::Answer, by_staff: true });
        }
        (SenderRole::None | SenderRole::Member, _, _) => Reason::ReplyToTicket,
        (SenderRole::Actor | SenderRole::Technician | SenderRole::Requester, Stage::Closed, _) => Reason::TicketClosed,
        (_, _, Replies::Followup) => {
            return Ok(MayFollowUp { ticket: *ticket, change: Change::Reopen, by_staff: is_staff });
        }
        (_, _, Replies::Redirect) => Reason::ReplyToTicket,
    };
    let (own, link) = (rules.sentences.get(reason.code()), page.as_ref().map_or("", Page::address));
    let sentence = match (own, page) {
        (Some(own), _) if page.is_some() || !own.contains("{link}") => own,
        (_, None) if reason == Reason::ReplyToTicket => WITHOUT_PAGE,
        (_, Some(Page::Portal(_))) if reason == Reason::ReplyToTicket => ON_THE_PORTAL,
        _ => reason.sentence(),
    };
    let sentence = sentence.replace("{ticket}", &ticket.to_string()).replace("{link}", link);
    Err(Rejection::Refused(Refusal { reason, sentence }))
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
fn ids(mail: &Mail) -> impl Iterator<Item = &str> {
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

    use super::{
        super::samples, Change, Decision, Rejection, SenderRole, Stage, Thread, TicketState, complement, decision,
        names_a_glpi, reply, tagged, thread,
    };
    use crate::id::TicketId;
    use crate::{
        config::Replies,
        request::{FormFields, Page, Reason, Received, Reference},
    };

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
        assert_eq!(thread_of("LSU", id, ""), expected.map(|ticket| Thread::Ticket(ticket.into())), "In-Reply-To");
        assert_eq!(thread_of("LSU", "", id), expected.map(|ticket| Thread::Ticket(ticket.into())), "References");
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
            assert_eq!(thread(&mail, own, &rules), expected.map(|ticket| Thread::Ticket(ticket.into())), "{subject}");
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

    fn judged(replies: Replies, is_actor: bool, is_closed: bool) -> Result<u64, Reason> {
        let mut rules = samples::rules(|_| {});
        rules.replies = replies;
        let page = Some(Page::Glpi("https://glpi/7".into()));
        let role = if is_actor { SenderRole::Actor } else { SenderRole::None };
        let stage = if is_closed { Stage::Closed } else { Stage::Solved };
        let ticket_state = TicketState::Found { ticket: TicketId::new(7), title: String::new(), page, role, stage };
        match reply(&ticket_state, &rules) {
            Ok(accepted) => Ok(accepted.ticket().get()),
            Err(Rejection::Refused(refusal)) => {
                assert!(
                    !refusal.sentence.contains('{') && refusal.sentence.contains("n°\u{a0}7"),
                    "{}",
                    refusal.sentence
                );
                Err(refusal.reason)
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[rstest]
    #[case(Replies::Redirect, true, false, Err(Reason::ReplyToTicket))]
    #[case(Replies::Redirect, true, true, Err(Reason::TicketClosed))]
    #[case(Replies::Redirect, false, true, Err(Reason::ReplyToTicket))]
    #[case(Replies::Followup, true, false, Ok(7))]
    #[case(Replies::Followup, true, true, Err(Reason::TicketClosed))]
    #[case(Replies::Followup, false, false, Err(Reason::ReplyToTicket))]
    #[case(Replies::Followup, false, true, Err(Reason::ReplyToTicket))]
    fn only_an_actor_follows_up_and_only_an_actor_learns_that_a_ticket_is_closed(
        #[case] replies: Replies,
        #[case] is_actor: bool,
        #[case] is_closed: bool,
        #[case] expected: Result<u64, Reason>,
    ) {
        assert_eq!(judged(replies, is_actor, is_closed), expected);
    }

    #[rstest]
    #[case::member(Replies::Followup, SenderRole::Member, Stage::Open, Ok(Change::Answer))]
    #[case::member_pending(Replies::Followup, SenderRole::Member, Stage::Pending, Ok(Change::Answer))]
    #[case::technician_solved(Replies::Followup, SenderRole::Technician, Stage::Solved, Ok(Change::Answer))]
    #[case::member_closed(Replies::Followup, SenderRole::Member, Stage::Closed, Err(Reason::ReplyToTicket))]
    #[case::technician_closed(Replies::Followup, SenderRole::Technician, Stage::Closed, Err(Reason::TicketClosed))]
    #[case::member_redirected(Replies::Redirect, SenderRole::Member, Stage::Open, Err(Reason::ReplyToTicket))]
    #[case::technician_redirected(Replies::Redirect, SenderRole::Technician, Stage::Open, Err(Reason::ReplyToTicket))]
    #[case::observer(Replies::Followup, SenderRole::Actor, Stage::Open, Err(Reason::ReplyToTicket))]
    #[case::requester(Replies::Followup, SenderRole::Requester, Stage::Open, Err(Reason::ReplyToTicket))]
    fn staff_answers_where_that_is_set_and_opens_nothing_again(
        #[case] of_staff: Replies,
        #[case] role: SenderRole,
        #[case] stage: Stage,
        #[case] expected: Result<Change, Reason>,
    ) {
        let mut rules = samples::rules(|_| {});
        rules.replies_of_staff = of_staff;
        let ticket_state =
            TicketState::Found { ticket: TicketId::new(7), title: String::new(), page: None, role, stage };
        let judged =
            reply(&ticket_state, &rules).map(super::MayFollowUp::change).map_err(|rejection| match rejection {
                Rejection::Refused(refusal) => refusal.reason,
                other => panic!("{other:?}"),
            });
        assert_eq!(judged, expected);
    }

    #[test]
    fn a_missing_ticket_is_refused_and_the_academy_s_sentence_may_name_the_ticket() {
        let rules = samples::rules(|config| {
            config.sentences.insert("reply-to-ticket".into(), "Voyez {link} ({ticket}).".into());
        });
        let Err(Rejection::Refused(refusal)) = reply(&TicketState::Missing, &rules) else { panic!("not refused") };
        assert_eq!(refusal.reason, Reason::TicketUnknown);
        for (page, expected) in [
            (Some(Page::Glpi("https://glpi/7".into())), "Voyez https://glpi/7 (7)."),
            (Some(Page::Portal("https://p/7".into())), "Voyez https://p/7 (7)."),
            (None, "les compléments s'écrivent dans GLPI."),
        ] {
            let ticket_state = TicketState::Found {
                ticket: TicketId::new(7),
                title: String::new(),
                page,
                role: SenderRole::None,
                stage: Stage::Open,
            };
            let Err(Rejection::Refused(refusal)) = reply(&ticket_state, &rules) else { panic!("not refused") };
            assert!(refusal.sentence.ends_with(expected), "{}", refusal.sentence);
        }
    }

    #[test]
    fn who_replies_is_sent_to_the_page_they_can_open_and_nowhere_else() {
        for (page, is_in_glpi) in [
            (Some(Page::Glpi("https://page/7".into())), true),
            (Some(Page::Portal("https://page/7".into())), false),
            (None, true),
        ] {
            let has_page = page.is_some();
            let ticket_state = TicketState::Found {
                ticket: TicketId::new(7),
                title: String::new(),
                page,
                role: SenderRole::Requester,
                stage: Stage::Open,
            };
            let Err(Rejection::Refused(refusal)) = reply(&ticket_state, &samples::rules(|_| {})) else {
                panic!("not refused")
            };
            assert_eq!(refusal.sentence.contains("https://page/7"), has_page, "{}", refusal.sentence);
            assert_eq!(refusal.sentence.contains("GLPI"), is_in_glpi, "{}", refusal.sentence);
            assert!(!refusal.sentence.contains('{'), "{}", refusal.sentence);
        }
    }

    #[rstest]
    #[case(SenderRole::Requester, Stage::Open, Ok(Change::None), Err(Reason::NothingToApprove))]
    #[case(SenderRole::Requester, Stage::Pending, Ok(Change::Reopen), Err(Reason::NothingToApprove))]
    #[case(SenderRole::Requester, Stage::Solved, Err(Reason::RequestSolved), Ok((Change::Close, Change::Reopen)))]
    #[case(SenderRole::Requester, Stage::Closed, Err(Reason::RequestClosed), Err(Reason::NothingToApprove))]
    #[case(SenderRole::Actor, Stage::Pending, Err(Reason::RequestUnknown), Err(Reason::RequestUnknown))]
    #[case(SenderRole::Actor, Stage::Solved, Err(Reason::RequestUnknown), Err(Reason::RequestUnknown))]
    #[case(SenderRole::None, Stage::Solved, Err(Reason::RequestUnknown), Err(Reason::RequestUnknown))]
    fn a_requester_adds_to_what_is_open_and_decides_on_what_is_solved(
        #[case] role: SenderRole,
        #[case] stage: Stage,
        #[case] added: Result<Change, Reason>,
        #[case] decided: Result<(Change, Change), Reason>,
    ) {
        let rules = samples::rules(|_| {});
        let ticket_state =
            TicketState::Found { ticket: TicketId::new(7), title: String::new(), page: None, role, stage };
        let reason = |rejection| match rejection {
            Rejection::Refused(refusal) => {
                assert!(!refusal.sentence.contains('{'), "{}", refusal.sentence);
                refusal.reason
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(complement(&ticket_state, &rules).map(super::MayFollowUp::change).map_err(reason), added);
        let accepted = decision(&ticket_state, &Decision::Accept, true, &rules).map_err(reason);
        let refused = decision(&ticket_state, &Decision::Refuse("Non".into()), true, &rules).map_err(reason);
        assert_eq!(accepted.and_then(|accepted| Ok((accepted.change(), refused?.change()))), decided);
        let unseen = decision(&ticket_state, &Decision::Accept, false, &rules).map_err(reason).unwrap_err();
        assert_eq!(
            unseen,
            if role == SenderRole::Requester { Reason::NothingToApprove } else { Reason::RequestUnknown }
        );
    }
}
