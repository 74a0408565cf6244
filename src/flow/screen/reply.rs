//! A reply to a notification of GLPI, or to a receipt of the gateway, is about a ticket that is there: it
//! makes no new one. So is what its requester writes about it on the portal.

use jiff::Zoned;

use super::{Copies, Rejection, Rules, thread::Thread};
use crate::{
    config::Replies,
    id::TicketId,
    request::{Address, Page, Reason, Received, Refusal, SenderRole, Stage, TicketState},
};

/// What is written about a ticket that is there, in a mail or on the portal. Only [`super::by_itself`] and
/// [`super::on_portal`] make one.
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
const ON_THE_PORTAL: &str = "Votre message n’a pas été ajouté à la demande n°\u{a0}{ticket}\u{a0}: les compléments s’écrivent sur le portail. Ouvrez la demande à l’adresse {link}, puis complétez-la avec votre texte et vos pièces jointes.";

/// Instead of it for whoever can open no page of the ticket; the notice goes on with what to do.
const WITHOUT_PAGE: &str =
    "Votre message n’a pas été ajouté à la demande n°\u{a0}{ticket}\u{a0}: les compléments s’écrivent dans GLPI.";

/// The proof that a reply may be added to this ticket. Only [`reply`], [`super::complement`] and [`super::decision`] make one, and
/// [`MayFollowUp::of_a_copy`] for one that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MayFollowUp {
    pub(super) ticket: TicketId,
    pub(super) change: Change,
    pub(super) by_staff: bool,
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{
        super::samples, Change, MayFollowUp, Page, Reason, Rejection, Replies, SenderRole, Stage, TicketState, reply,
    };

    use crate::id::TicketId;

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
        let judged = reply(&ticket_state, &rules).map(MayFollowUp::change).map_err(|rejection| match rejection {
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
            (None, "les compléments s’écrivent dans GLPI."),
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
}
