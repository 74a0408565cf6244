//! Receipts that are due: nobody is answered before the relay has theirs, or GLPI knows that it is still to be sent.
//!
//! In the ordinary case the relay has the receipt within moments: whoever sent the request has no answer before that
//! and would ask again, so nothing needs to be kept. Where the relay is away or slow, a private note in the ticket
//! says that its receipt is due; the note says so until it was sent. An instance that ends in between leaves the note,
//! and the sweep sends the receipt then, composed from the ticket, with the same Message-ID.
//!
//! Of a ticket whose maker may have ended before or after it told of it, the note is written first: whatever happens
//! then, the notes say whether its receipt was sent. Of two instances that write one, that of the older sends.

mod late;
mod note;
mod settling;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use tokio::{sync::oneshot, task::JoinHandle};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use self::{
    late::Late,
    note::{DUE_MARK, ReceiptNote, is_about_receipt},
    settling::{Noted, Place, Settling},
};
use super::route::{Opening, requester_of};
use crate::{
    announcements::Board,
    config::{Backend, Config, TicketPages},
    glpi::{Criterion, Followup, Glpi, GlpiError, TicketSummary},
    id::{FollowupId, TicketId, UserId},
    knowledge::{Article, Knowledge, Places},
    letters::Acknowledger,
    request::{
        Address, Page, Person, Receipt, ReceiptDetails, Received, School, Suggestion, TicketKind, department_of,
    },
    smtp::SendError,
};

/// GLPI's ticket type «Demande».
const REQUEST: u64 = 2;

/// How long the relay may take to have a receipt before the request is answered without it; and how long while other
/// receipts are late, so that nobody waits for it one after the other.
const PATIENCE: Duration = Duration::from_secs(1);
const LITTLE_PATIENCE: Duration = Duration::from_millis(150);
/// How long the relay may take where GLPI was not told that the receipt is due.
const MUCH_PATIENCE: Duration = Duration::from_secs(10);
/// Tickets with a receipt due that one pass makes up for, and how many at a time.
const MOST: usize = 1000;
const AT_A_TIME: usize = 4;
/// What is due for so long, no other instance is at any more.
const LEFT_AFTER: Duration = Duration::from_mins(10);

/// Sends receipts so that none is forgotten.
pub struct Receipts {
    glpi: Glpi,
    /// The same for receipts that are late: whoever waits for an answer goes first.
    background: Glpi,
    acknowledger: Acknowledger,
    knowledge: Arc<Knowledge>,
    board: Arc<Board>,
    places: Places,
    pages: TicketPages,
    time_zone: TimeZone,
    look_back: Duration,
    /// For how long a note may still be written of which GLPI's answer was lost.
    aftermath: Duration,
    /// No other instance sends receipts.
    alone: bool,
    /// The tickets whose receipts are late and still in this process's hands.
    late: Late,
    /// What writes into notes that their receipts were sent.
    settling: Settling,
    /// Late receipts are made up for by one task at a time.
    making_up: Arc<tokio::sync::Mutex<()>>,
}

/// The others need not be tried now.
struct Away;

impl Receipts {
    /// Receipts by `acknowledger`, of tickets of this GLPI.
    pub fn new(
        config: &Config,
        glpi: Glpi,
        acknowledger: Acknowledger,
        knowledge: Arc<Knowledge>,
        board: Arc<Board>,
    ) -> Self {
        Self {
            settling: Settling::new(glpi.clone(), acknowledger.tasks().clone()),
            background: glpi.in_background(),
            glpi,
            acknowledger,
            knowledge,
            board,
            places: Places::new(config),
            pages: TicketPages::new(config),
            time_zone: config.time_zone.clone(),
            look_back: config.sweep.look_back,
            aftermath: config.glpi.aftermath,
            alone: config.quota.backend == Backend::Memory,
            late: Late::default(),
            making_up: Arc::default(),
        }
    }

    /// Hands the receipt of a ticket to the relay, where one is due. When this returns, the relay has it or will not
    /// take it, or a note in the ticket says that it is due.
    ///
    /// # Errors
    ///
    /// Where the relay is away or slow and GLPI does not take the note: nobody may be told that the request is taken
    /// in, for a gateway that ends now leaves nobody who knows of the receipt. The next try goes on in doubt, as
    /// [`Receipts::hand_over_in_doubt`].
    pub async fn hand_over(
        &self,
        received: &Received,
        person: &Person,
        receipt: &Receipt,
        told_elsewhere: impl Future<Output = bool>,
    ) -> Result<(), GlpiError> {
        if self.late.is_in_doubt(receipt.ticket) {
            return self.hand_over_in_doubt(received, person, receipt, told_elsewhere).await;
        }
        let Some(sending) = self.sending(received, person, receipt) else { return Ok(()) };
        let Handing { mut ended, noted, task } = hand(sending, self.acknowledger.tasks());
        let patience = if self.late.is_empty() { PATIENCE } else { LITTLE_PATIENCE };
        let mut sent = tokio::time::timeout(patience, &mut ended).await.ok().and_then(Result::ok);
        if sent.as_ref().is_some_and(is_settled) {
            return Ok(());
        }
        let Some(held) = self.late.hold(receipt.ticket) else { return Ok(()) };
        let not_noted = match self.note_due(received, receipt.ticket).await {
            Ok(note) => {
                let noting = self.settling.noted(Place::Is(note), held);
                // Sent in the meantime, it has nobody any more who writes that into the note.
                if sent.is_none()
                    && let Err(noting) = noted.send(noting)
                    && let Ok(sent) = ended.await
                {
                    noting.settle(&sent);
                }
                return Ok(());
            }
            Err(error) => error,
        };
        tracing::warn!(error = %not_noted, ticket = receipt.ticket.get(), "GLPI was not told that a receipt is due");
        // Whoever sent the request waits with it: nobody else would know of the receipt.
        if sent.is_none() {
            sent = tokio::time::timeout(MUCH_PATIENCE, ended).await.ok().and_then(Result::ok);
        }
        let Some(sent) = sent.filter(is_settled) else {
            task.abort();
            held.doubt();
            return Err(not_noted);
        };
        if matches!(not_noted, GlpiError::AnswerLost { .. }) {
            self.settling.noted(Place::MayAppear(self.aftermath), held).settle(&sent);
        }
        Ok(())
    }

    /// Hands over the receipt of a ticket of which nobody knows whether it was told, unless its notes say so. When this
    /// returns, a note in the ticket says that it is due. `told_elsewhere` says at the last moment whether another instance
    /// has told of it meanwhile, one whose note GLPI perhaps did not take.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say, or does not take the note: nothing was sent.
    pub async fn hand_over_in_doubt(
        &self,
        received: &Received,
        person: &Person,
        receipt: &Receipt,
        told_elsewhere: impl Future<Output = bool>,
    ) -> Result<(), GlpiError> {
        let Some(sending) = self.sending(received, person, receipt) else { return Ok(()) };
        let Some(held) = self.late.hold(receipt.ticket) else { return Ok(()) };
        let own = self.glpi.own_account().await?;
        let followups = self.glpi.ticket_followups(receipt.ticket).await?;
        // Of one that says that it is due, the sweep thinks.
        if followups.iter().any(|followup| is_about_receipt(followup, own)) {
            held.is_known();
            return Ok(());
        }
        let note = self.note_due(received, receipt.ticket).await?;
        held.is_known();
        let noted = self.settling.noted(Place::Is(note), held);
        if !self.alone && self.is_in_older_note(receipt.ticket, note, own).await {
            noted.leave_to_older();
            return Ok(());
        }
        if told_elsewhere.await {
            noted.settle(&Ok(()));
            return Ok(());
        }
        let settling = settle_after(sending, noted);
        // It goes on beside the request where the relay is slow.
        let _ = tokio::time::timeout(PATIENCE, settling).await;
        Ok(())
    }

    /// Whether another instance was at the same receipt at the same moment, as may be where Redis forgot who is, and was
    /// first: of those that read the notes again after their own, one alone finds none before it. Where GLPI cannot say,
    /// the receipt may rather be there twice than late.
    async fn is_in_older_note(&self, ticket: TicketId, note: FollowupId, own: UserId) -> bool {
        let followups = self.glpi.ticket_followups(ticket).await.unwrap_or_default();
        followups.iter().any(|other| other.id < note && is_about_receipt(other, own))
    }

    /// Notes in the ticket that the receipt of this request is due.
    async fn note_due(&self, received: &Received, ticket: TicketId) -> Result<FollowupId, GlpiError> {
        let error = match self.glpi.add_note(ticket, &due(received).html()).await {
            Err(error @ GlpiError::AnswerLost { .. }) => error,
            noted => return noted,
        };
        // GLPI may have it all the same.
        let own = self.glpi.own_account().await?;
        let followups = self.glpi.ticket_followups(ticket).await?;
        followups.iter().find(|note| ReceiptNote::is_due(note, own)).map(|note| note.id).ok_or(error)
    }

    /// The sending of a receipt, where one is due; with the articles that perhaps answer the request.
    fn sending(
        &self,
        received: &Received,
        person: &Person,
        receipt: &Receipt,
    ) -> Option<impl Future<Output = Result<(), SendError>> + Send + use<>> {
        let mut receipt = receipt.clone();
        receipt.details.suggestions = self.suggested(&receipt.title, &receipt.application);
        let places = received.requester.as_ref().map_or_else(Vec::new, |address| person.places_of(address));
        receipt.details.messages = self.board.meanwhile(&places, &receipt.application, Timestamp::now());
        self.acknowledger.receipt(received, person, &receipt)
    }

    /// The articles that perhaps answer a request, where they have pages that everybody can open. GLPI is not asked.
    fn suggested(&self, title: &str, application: &str) -> Vec<Suggestion> {
        let Some(known) = self.knowledge.at_hand().filter(|_| self.places.are_open()) else { return Vec::new() };
        let articles = known.suggested(title, Some(application), self.knowledge.now());
        let suggestion =
            |article: &Arc<Article>| Suggestion { title: article.title.clone(), link: self.places.page(article) };
        articles.iter().map(suggestion).collect()
    }

    /// Sends the receipts that GLPI says are due and that nobody is at: those of an instance that ended, and those the
    /// relay would not take for too long. Returns when they are known: the relay may keep them waiting.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn make_up(self: &Arc<Self>, now: Timestamp) -> Result<(), GlpiError> {
        if !self.acknowledger.sends_receipts() {
            return Ok(());
        }
        let Ok(turn) = Arc::clone(&self.making_up).try_lock_owned() else { return Ok(()) };
        let tickets = self.due_since(self.ago(now, self.look_back)).await?;
        if tickets.is_empty() {
            return Ok(());
        }
        let own = self.background.own_account().await?;
        let before = (!self.alone).then(|| self.ago(now, LEFT_AFTER));
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let (_turn, is_away) = (turn, AtomicBool::new(false));
            let each = stream::iter(tickets).for_each_concurrent(AT_A_TIME, async |ticket| {
                if !is_away.load(Ordering::Relaxed) && this.pay(ticket, own, before).await.is_err() {
                    is_away.store(true, Ordering::Relaxed);
                }
            });
            each.await;
        });
        Ok(())
    }

    /// The tickets opened since that moment, in GLPI's time zone, whose notes say that their receipt is due, with the moment
    /// that was written; at most a thousand. One call, and one for each.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn due(&self, since: DateTime) -> Result<Vec<(TicketId, Option<DateTime>)>, GlpiError> {
        let tickets = self.due_since(since).await?;
        if tickets.is_empty() {
            return Ok(Vec::new());
        }
        let own = self.background.own_account().await?;
        let mut due = Vec::new();
        for ticket in tickets {
            let followups = self.background.ticket_followups(ticket.id).await?;
            if let Some(note) = followups.iter().find(|followup| ReceiptNote::is_due(followup, own)) {
                due.push((ticket.id, note.modified.or(note.written)));
            }
        }
        Ok(due)
    }

    async fn due_since(&self, since: DateTime) -> Result<Vec<TicketSummary>, GlpiError> {
        let criteria = [Criterion::OpenedAfter(since), Criterion::FollowupSays(DUE_MARK)];
        self.background.oldest_tickets(&criteria, MOST).await
    }

    /// Sends the receipt of a ticket that says that it is due, and has said so since before that moment.
    ///
    /// # Errors
    ///
    /// Where GLPI or the relay is away. It is still due.
    async fn pay(&self, ticket: TicketSummary, own: UserId, before: Option<DateTime>) -> Result<(), Away> {
        // A stop waits for what is begun, not for all.
        if self.acknowledger.tasks().is_closed() {
            return Err(Away);
        }
        let Some(held) = self.late.hold(ticket.id) else { return Ok(()) };
        let followups = self.background.ticket_followups(ticket.id).await.map_err(|error| {
            tracing::warn!(%error, ticket = ticket.id.get(), "whether a receipt is due could not be read");
            Away
        })?;
        let old = |note: &&Followup| before.is_none_or(|before| note.modified.or(note.written) < Some(before));
        let due = followups.iter().filter(old).find_map(|followup| match ReceiptNote::read(followup, own) {
            Some(ReceiptNote::Due { quotes }) => Some((followup.id, quotes)),
            _ => None,
        });
        let Some((note, quotes)) = due else { return Ok(()) };
        let Some((requester, receipt)) = self.read(&ticket) else {
            tracing::warn!(ticket = ticket.id.get(), "a receipt is due, and the ticket does not say to whom");
            return Ok(());
        };
        let (noted, acknowledger) = (self.settling.noted(Place::Is(note), held), self.acknowledger.clone());
        let paying = self.acknowledger.tasks().spawn(async move {
            let sent = acknowledger.late_receipt(&requester, &receipt, quotes).await;
            noted.settle(&sent);
            matches!(sent, Err(SendError::Unavailable(_) | SendError::Timeout(_)))
        });
        if paying.await.unwrap_or(true) { Err(Away) } else { Ok(()) }
    }

    /// The receipt of a ticket as GLPI shows it, and whom it goes to.
    fn read(&self, ticket: &TicketSummary) -> Option<(Address, Receipt)> {
        let requester = requester_of(&ticket.content)?;
        let opening = Opening::read(&ticket.content, |_| true)?;
        let page = self.pages.of_requester(ticket.id, ticket.addresses.is_empty());
        let school =
            opening.school.as_deref().map(|uai| School { department: department_of(uai), ..School::default() });
        let details = ReceiptDetails {
            messages: self.board.meanwhile(school.as_slice(), &opening.application, Timestamp::now()),
            kind: Some(if ticket.kind == REQUEST { TicketKind::Request } else { TicketKind::Incident }),
            urgency: u8::try_from(ticket.urgency).ok(),
            school: opening.school,
            phone: opening.phone,
            deposited: ticket.opened.and_then(|opened| opened.to_zoned(self.time_zone.clone()).ok()),
            suggestions: self.suggested(&ticket.name, &opening.application),
        };
        let receipt = Receipt {
            details,
            ticket: ticket.id,
            reference: opening.reference,
            link: page.map(Page::into_address),
            application: opening.application,
            category: ticket.category.clone(),
            group: ticket.groups.first().cloned().unwrap_or_default(),
            title: ticket.name.clone(),
            left_out: Vec::new(),
        };
        Some((requester, receipt))
    }

    fn ago(&self, now: Timestamp, time: Duration) -> DateTime {
        now.checked_sub(time).unwrap_or(now).to_zoned(self.time_zone.clone()).datetime()
    }
}

/// A receipt on its way to the relay.
struct Handing {
    /// The relay has it, or it is given up.
    ended: oneshot::Receiver<Result<(), SendError>>,
    /// To say that a note tells of it.
    noted: oneshot::Sender<Noted>,
    task: JoinHandle<()>,
}

/// Whether nothing is to be sent any more.
fn is_settled(sent: &Result<(), SendError>) -> bool {
    matches!(sent, Ok(()) | Err(SendError::Refused(_)))
}

/// Sends a receipt as one of `tasks`. Returns at once.
fn hand(sending: impl Future<Output = Result<(), SendError>> + Send + 'static, tasks: &TaskTracker) -> Handing {
    let ((end, ended), (noted, mut note)) = (oneshot::channel(), oneshot::channel::<Noted>());
    let mut sending = Box::pin(sending);
    let handing = async move {
        tokio::select! {
            sent = &mut sending => {
                note.close();
                match note.try_recv() {
                    Ok(noted) => noted.settle(&sent),
                    Err(_) => drop(end.send(sent)),
                }
            }
            Ok(noted) = &mut note => {
                if noted.is_sure() {
                    drop(settle_after(sending, noted));
                } else {
                    noted.settle(&sending.await);
                }
            }
        }
    };
    let task = tasks.spawn(handing.in_current_span());
    Handing { ended, noted, task }
}

/// Goes on with the sending of a receipt of which a note tells: a shutdown need not wait for the relay, but for the
/// note to say what became of it.
fn settle_after(sending: impl Future<Output = Result<(), SendError>> + Send + 'static, noted: Noted) -> JoinHandle<()> {
    tokio::spawn(async move { noted.settle(&sending.await) }.in_current_span())
}

/// The note that says that the receipt of this request is due.
fn due(received: &Received) -> ReceiptNote {
    ReceiptNote::Due { quotes: !received.is_unproven() }
}
