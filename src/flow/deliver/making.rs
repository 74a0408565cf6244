//! Making an item in GLPI, a ticket or a follow-up: in one call, under its claim, and found again where the answer is lost.

use std::time::Duration;

use super::{
    attachments::Chosen,
    deliverer::Deliverer,
    undelivered::{Undelivered, not_made},
};
use crate::{
    flow::ledger::{Standing, StandingClaim, oldest_ticket},
    glpi::{Among, FileFate, FileOutcome, GlpiError, NewFollowup, NewTicket, Requester, Trouble},
    id::{FollowupId, RequestTypeId},
    request::{Origin, Reason, Reference},
    text::Bilingual,
};

/// GLPI's source of request «E-Mail» and «Helpdesk», as every installation is born with them.
const BY_MAIL: u64 = 2;
const BY_FORM: u64 = 1;
/// How often, and after which pauses, GLPI is searched for a ticket whose answer was lost.
const SETTLE_PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// A ticket just made was opened so many hours ago at most, where an hour of GLPI's local time may be missing.
const SETTLE_HOURS: u32 = 2;

/// PHP's own word for a script that broke. Servers before GLPI have others when they cannot reach it.
const BROKEN: Trouble = Trouble::Status(500);

/// The answer to a creation that nobody got.
struct Lost {
    why: String,
    /// GLPI broke on it.
    broken: bool,
    /// How many tickets went in the same call.
    tickets: usize,
}

impl Lost {
    /// GLPI broke on one of several tickets, and has ended them all.
    fn broke_among_others(&self) -> bool {
        self.broken && self.tickets > 1
    }
}

/// What is to be made in GLPI.
pub(super) enum New<'a> {
    /// It, and among how many it goes at most.
    Ticket(&'a mut NewTicket, Among),
    Followup(&'a NewFollowup),
}

/// What GLPI has made.
pub(super) struct Made {
    /// The ticket's, or the follow-up's.
    pub(super) id: u64,
    /// What became of the files that went along, where GLPI said so.
    pub(super) files: Vec<FileOutcome>,
    /// Whether everything is surely there.
    pub(super) is_whole: bool,
}

impl Deliverer {
    /// Makes an item with the chosen files, or with as many as GLPI takes in one call; finds it again by its reference
    /// where GLPI's answer is lost.
    pub(super) async fn make(
        &self,
        reference: Reference,
        chosen: &Chosen,
        mut new: New<'_>,
        claim: StandingClaim<'_>,
    ) -> Result<Made, Undelivered> {
        let deadline = tokio::time::Instant::now() + self.longest_creation;
        loop {
            let together = self.learned.together(reference, &chosen.uploads);
            let creation = async {
                if let New::Ticket(ticket, among) = &new
                    && together.is_empty()
                    && let Some(id) = self.glpi.create_ticket_among(ticket, *among, || claim.is_certain()).await?
                {
                    return Ok(Ok((id.get(), Vec::new())));
                }
                // First a session, then the claim, then the creation: nobody waits between the last two.
                let glpi = self.glpi.in_turn().await?;
                match claim.assert(&glpi).await {
                    Standing::Stands => {}
                    fallen => return Ok(Err(fallen)),
                }
                Ok(Ok(match &new {
                    New::Ticket(ticket, _) => {
                        let created = glpi.create_ticket(ticket, &together).await?;
                        (created.id.get(), created.files)
                    }
                    New::Followup(followup) => {
                        let created = glpi.add_followup(followup, &together).await?;
                        (created.id.get(), created.files)
                    }
                }))
            };
            let lost = match tokio::time::timeout_at(deadline, creation).await {
                Ok(Ok(Err(Standing::NoRoom))) => {
                    let cause = Bilingual::new(
                        "the last places of the day may be taken by now",
                        "les dernières places du jour sont peut-être prises",
                    );
                    return Err(Undelivered::NotMade { reason: Reason::Busy, cause, retry_after: None });
                }
                Ok(Ok(Err(Standing::TooLate))) => return Err(Undelivered::TooLate),
                Ok(Ok(Err(Standing::TakenOver | Standing::Stands))) => return Err(Undelivered::TakenOver),
                Ok(Ok(Ok((id, files)))) => {
                    let is_whole =
                        together.len() == chosen.uploads.len() && files.iter().all(|file| file.fate == FileFate::Taken);
                    return Ok(Made { id, files, is_whole });
                }
                Ok(Err(GlpiError::AnswerLost { why, together, .. })) => {
                    Lost { broken: why == BROKEN, why: why.to_string(), tickets: together }
                }
                // Nothing was written: with fewer files, the others follow singly.
                Ok(Err(GlpiError::TooLarge)) if !together.is_empty() => {
                    self.learned.call_is_too_large(together.iter().map(|file| file.bytes.len() as u64).sum());
                    continue;
                }
                Ok(Err(error)) => {
                    if let New::Ticket(ticket, _) = &mut new
                        && self.drop_refused_address(ticket, &error)
                    {
                        continue;
                    }
                    return Err(not_made(&error));
                }
                Err(_) => Lost { why: "no end of the creation in time".to_owned(), broken: false, tickets: 1 },
            };
            match self.settle(reference, &new, &lost).await {
                Ok(id) => return Ok(Made { id, files: Vec::new(), is_whole: false }),
                // One of them broke the call, and GLPI has ended it: the others go on, in smaller company.
                Err(_) if lost.broke_among_others() => {
                    let most = lost.tickets / 2;
                    if let New::Ticket(_, among) = &mut new {
                        *among = Among { expected: 1, most, ..*among };
                    }
                    tracing::info!(%reference, most, "GLPI failed on several tickets: this one is made among fewer");
                }
                Err(unclear) if together.is_empty() => return Err(unclear),
                Err(unclear) => {
                    // A picture that is cut in its header kills PHP each time, before anything is written.
                    self.learned.keep_apart(reference).await;
                    if !lost.broken {
                        return Err(unclear);
                    }
                    tracing::warn!(%reference, "GLPI fails on a request with files: it goes without them, and they follow singly");
                }
            }
        }
    }

    /// Makes a ticket one without a requester where GLPI refuses the address: it stands in the text. Gives whether it
    /// did.
    fn drop_refused_address(&self, ticket: &mut NewTicket, error: &GlpiError) -> bool {
        let GlpiError::Rejected { message, .. } = error else { return false };
        match &ticket.requester {
            Requester::Email(address) if !address.is_empty() && self.learned.blames_address(address, message) => {
                tracing::warn!("GLPI refuses the requester's address: the ticket names it in its text alone");
                ticket.requester = Requester::Email(String::new());
                true
            }
            Requester::Email(_) | Requester::User(_) => false,
        }
    }

    /// Finds the item of a creation whose answer was lost.
    async fn settle(&self, reference: Reference, new: &New<'_>, lost: &Lost) -> Result<u64, Undelivered> {
        let why = &lost.why;
        let pauses = if lost.broke_among_others() { &SETTLE_PAUSES[..2] } else { &SETTLE_PAUSES };
        for &pause in pauses {
            tokio::time::sleep(pause).await;
            let found = match new {
                New::Ticket(..) => oldest_ticket(&self.glpi, &[reference], SETTLE_HOURS)
                    .await
                    .map(|found| found.map(|ticket| ticket.number.get())),
                New::Followup(followup) => {
                    self.followup_of(followup.ticket, reference).await.map(|found| found.map(FollowupId::get))
                }
            };
            match found {
                Ok(Some(id)) => {
                    tracing::info!(%reference, id, "GLPI's answer was lost; what it was to make is there");
                    return Ok(id);
                }
                Ok(None) => {}
                Err(error) => {
                    return Err(Undelivered::Unclear { cause: format!("answer lost ({why}), then: {error}") });
                }
            }
        }
        let cause = format!("answer lost ({why}), nothing found yet");
        Err(if lost.broken { Undelivered::Broken { cause } } else { Undelivered::Unclear { cause } })
    }
}

/// GLPI's source of a request that came this way.
pub(super) fn request_type(origin: &Origin) -> RequestTypeId {
    match origin {
        Origin::Mail(_) => BY_MAIL,
        Origin::Form(_) => BY_FORM,
    }
    .into()
}
