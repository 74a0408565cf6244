//! Receipts that are due: nobody is answered before the relay has theirs, or GLPI knows that it is still to be sent.
//!
//! In the ordinary case the relay has the receipt within moments: whoever sent the request has no answer before that
//! and would ask again, so nothing needs to be kept. Where the relay is away or slow, a private note in the ticket
//! says that its receipt is due; the note says so until it was sent. An instance that ends in between leaves the note,
//! and the sweep sends the receipt then, composed from the ticket, with the same Message-ID.
//!
//! Of a ticket whose maker may have ended before or after it told of it, the note is written first: whatever happens
//! then, the notes say whether its receipt was sent.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use tokio::{sync::oneshot, task::JoinHandle};
use tokio_util::task::TaskTracker;

use super::route::{Opening, requester_of};
use crate::{
    config::{Backend, Config},
    glpi::{Criterion, Followup, Glpi, GlpiError, TicketSummary},
    letters::Acknowledger,
    request::{Address, Person, Receipt, Received},
    smtp::SendError,
};

/// How long the relay may take to have a receipt before the request is answered without it; and how long while other
/// receipts are late, so that nobody waits for it one after the other.
const PATIENCE: Duration = Duration::from_secs(1);
const LITTLE_PATIENCE: Duration = Duration::from_millis(150);
/// Tickets with a receipt due that one pass makes up for, and how many at a time.
const MOST: usize = 1000;
const AT_A_TIME: usize = 4;
/// What is due for so long, no other instance is at any more.
const LEFT_AFTER: Duration = Duration::from_mins(10);
/// The pause after which GLPI is told again that a receipt was sent; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The mark by which GLPI is searched.
const MARK: &str = "receipt-due";
/// What every note of a receipt holds.
const ANY_MARK: &str = "<p>Avis : receipt-";
const DUE: &str = "<p>Courriel à envoyer au demandeur : accusé de réception.</p><p>Avis : receipt-due</p>";
const DUE_UNQUOTED: &str = "<p>Courriel à envoyer au demandeur : accusé de réception, sans rien citer de la demande (rien ne prouve l'expéditeur).</p><p>Avis : receipt-due</p>";
const SENT: &str = "<p>Courriel envoyé au demandeur : accusé de réception.</p><p>Avis : receipt-sent</p>";
const REFUSED: &str = "<p>Courriel refusé par le relais : accusé de réception. Vérifiez l'adresse du demandeur.</p><p>Avis : receipt-refused</p>";

/// Sends receipts so that none is forgotten.
pub struct Receipts {
    glpi: Glpi,
    acknowledger: Acknowledger,
    link: String,
    time_zone: TimeZone,
    look_back: Duration,
    /// For how long a note may still be written of which GLPI's answer was lost.
    aftermath: Duration,
    /// No other instance sends receipts.
    alone: bool,
    /// The tickets whose receipts are late and still in this process's hands.
    late: Late,
    /// Late receipts are made up for by one task at a time.
    making_up: Arc<tokio::sync::Mutex<()>>,
}

/// The others need not be tried now.
struct Away;

#[derive(Clone, Debug, Default)]
struct Late(Arc<Mutex<InHand>>);

/// The tickets whose receipts wait for the relay, and those that are sent while a note may still say that they are due.
#[derive(Debug, Default)]
struct InHand {
    waiting: HashSet<u64>,
    sent: HashSet<u64>,
}

/// One ticket among the late ones, until this is dropped.
#[derive(Debug)]
struct Held(Late, u64);

impl Late {
    fn lock(&self) -> MutexGuard<'_, InHand> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: it is in hand already.
    fn hold(&self, ticket: u64) -> Option<Held> {
        let mut in_hand = self.lock();
        let new = !in_hand.sent.contains(&ticket) && in_hand.waiting.insert(ticket);
        new.then(|| Held(self.clone(), ticket))
    }

    /// Whether the relay keeps none waiting.
    fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }
}

impl Held {
    fn is_sent(&self) {
        let mut in_hand = self.0.lock();
        in_hand.waiting.remove(&self.1);
        in_hand.sent.insert(self.1);
    }

    /// Never let go of: its note will always say that it is due.
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut in_hand = self.0.lock();
        in_hand.waiting.remove(&self.1);
        in_hand.sent.remove(&self.1);
    }
}

impl Receipts {
    /// Receipts by `acknowledger`, of tickets of this GLPI.
    pub fn new(config: &Config, glpi: Glpi, acknowledger: Acknowledger) -> Self {
        Self {
            glpi,
            acknowledger,
            link: config.glpi.ticket_page(),
            time_zone: config.time_zone.clone(),
            look_back: config.sweep.look_back,
            aftermath: config.glpi.aftermath,
            alone: config.quota.backend == Backend::Memory,
            late: Late::default(),
            making_up: Arc::default(),
        }
    }

    /// Hands the receipt of a ticket to the relay, where one is due. When this returns, the relay has it or will not
    /// take it, or a note in the ticket says that it is due; only where GLPI cannot take the note it is in this
    /// process's hands alone.
    pub async fn hand_over(&self, received: &Received, person: &Person, receipt: &Receipt) {
        let Some(sending) = self.acknowledger.receipt(received, person, receipt) else { return };
        let Handing { mut ended, noted } = hand(sending, self.acknowledger.tasks());
        let patience = if self.late.is_empty() { PATIENCE } else { LITTLE_PATIENCE };
        if tokio::time::timeout(patience, &mut ended).await.is_ok() {
            return;
        }
        let Some(held) = self.late.hold(receipt.ticket) else { return };
        let note = match self.glpi.add_note(receipt.ticket, due_note(received)).await {
            Ok(note) => Note::Is(note),
            Err(error) => {
                tracing::warn!(%error, ticket = receipt.ticket, "GLPI was not told that a receipt is due");
                match error {
                    GlpiError::AnswerLost { .. } => Note::MayAppear(self.aftermath),
                    _ => return,
                }
            }
        };
        // Sent in the meantime, it has nobody any more who writes that into the note.
        if let Err(noted) = noted.send(Noted { glpi: self.glpi.clone(), note, held })
            && let Ok(sent) = ended.await
        {
            self.acknowledger.tasks().spawn(async move { noted.settle(&sent).await });
        }
    }

    /// Hands over the receipt of a ticket of which nobody knows whether it was told, unless its notes say so. When this
    /// returns, a note in the ticket says that it is due.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say, or does not take the note: nothing was sent.
    pub async fn hand_over_in_doubt(
        &self,
        received: &Received,
        person: &Person,
        receipt: &Receipt,
    ) -> Result<(), GlpiError> {
        let Some(sending) = self.acknowledger.receipt(received, person, receipt) else { return Ok(()) };
        let Some(held) = self.late.hold(receipt.ticket) else { return Ok(()) };
        let own = self.glpi.own_account().await?;
        let notes = self.glpi.ticket_followups(receipt.ticket).await?;
        // Of one that says that it is due, the sweep thinks.
        if notes.iter().any(|note| is_own(note, own) && note.content.contains(ANY_MARK)) {
            return Ok(());
        }
        let note = Note::Is(self.glpi.add_note(receipt.ticket, due_note(received)).await?);
        let noted = Noted { glpi: self.glpi.clone(), note, held };
        let settling = settle_after(sending, noted, self.acknowledger.tasks().clone());
        // It goes on beside the request where the relay is slow.
        let _ = tokio::time::timeout(PATIENCE, settling).await;
        Ok(())
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
        let since = self.ago(now, self.look_back);
        let criteria = [Criterion::OpenedAfter(since), Criterion::FollowupSays(MARK)];
        let tickets = self.glpi.oldest_tickets(&criteria, MOST).await?;
        if tickets.is_empty() {
            return Ok(());
        }
        let own = self.glpi.own_account().await?;
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

    /// Sends the receipt of a ticket that says that it is due, and has said so since before that moment.
    ///
    /// # Errors
    ///
    /// Where GLPI or the relay is away. It is still due.
    async fn pay(&self, ticket: TicketSummary, own: u64, before: Option<DateTime>) -> Result<(), Away> {
        // A stop waits for what is begun, not for all.
        if self.acknowledger.tasks().is_closed() {
            return Err(Away);
        }
        let Some(held) = self.late.hold(ticket.id) else { return Ok(()) };
        let followups = self.glpi.ticket_followups(ticket.id).await.map_err(|error| {
            tracing::warn!(%error, ticket = ticket.id, "whether a receipt is due could not be read");
            Away
        })?;
        let old = |note: &&Followup| before.is_none_or(|before| note.modified.or(note.written) < Some(before));
        let Some(note) = followups.iter().filter(|note| is_due(note, own)).find(old) else { return Ok(()) };
        let Some((requester, receipt)) = self.read(&ticket) else {
            tracing::warn!(ticket = ticket.id, "a receipt is due, and the ticket does not say to whom");
            return Ok(());
        };
        let quotes = !says(note, DUE_UNQUOTED);
        let (noted, acknowledger) =
            (Noted { glpi: self.glpi.clone(), note: Note::Is(note.id), held }, self.acknowledger.clone());
        let paying = self.acknowledger.tasks().spawn(async move {
            let sent = acknowledger.late_receipt(&requester, &receipt, quotes).await;
            noted.settle(&sent).await;
            matches!(sent, Err(SendError::Unavailable(_) | SendError::Timeout(_)))
        });
        if paying.await.unwrap_or(true) { Err(Away) } else { Ok(()) }
    }

    /// The receipt of a ticket as GLPI shows it, and whom it goes to.
    fn read(&self, ticket: &TicketSummary) -> Option<(Address, Receipt)> {
        let requester = requester_of(&ticket.content)?;
        let opening = Opening::read(&ticket.content, |_| true)?;
        let receipt = Receipt {
            ticket: ticket.id,
            reference: opening.reference,
            link: self.link.replace("{id}", &ticket.id.to_string()),
            application: opening.application,
            category: ticket.category.clone(),
            group: ticket.groups.first().cloned().unwrap_or_default(),
            title: ticket.name.clone(),
            has_account: ticket.addresses.is_empty(),
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
}

/// Sends a receipt as one of `tasks`. Returns at once.
fn hand(sending: impl Future<Output = Result<(), SendError>> + Send + 'static, tasks: &TaskTracker) -> Handing {
    let ((end, ended), (noted, mut note)) = (oneshot::channel(), oneshot::channel::<Noted>());
    let (mut sending, later) = (Box::pin(sending), tasks.clone());
    tasks.spawn(async move {
        tokio::select! {
            sent = &mut sending => {
                note.close();
                match note.try_recv() {
                    Ok(noted) => noted.settle(&sent).await,
                    Err(_) => drop(end.send(sent)),
                }
            }
            Ok(noted) = &mut note => {
                if noted.is_sure() {
                    drop(settle_after(sending, noted, later));
                } else {
                    noted.settle(&sending.await).await;
                }
            }
        }
    });
    Handing { ended, noted }
}

/// Goes on with the sending of a receipt of which a note tells: a shutdown need not wait for the relay, but for the
/// note to say what became of it.
fn settle_after(
    sending: impl Future<Output = Result<(), SendError>> + Send + 'static,
    noted: Noted,
    tasks: TaskTracker,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let sent = sending.await;
        drop(tasks.spawn(async move { noted.settle(&sent).await }).await);
    })
}

/// A receipt of which a note says that it is due.
struct Noted {
    glpi: Glpi,
    note: Note,
    held: Held,
}

/// Where the note of a receipt stands.
#[derive(Clone, Copy, Debug)]
enum Note {
    /// In this follow-up.
    Is(u64),
    /// In one of which GLPI's answer was lost, if at all: it may appear for so long.
    MayAppear(Duration),
}

impl Noted {
    /// Whether the note surely is there.
    fn is_sure(&self) -> bool {
        matches!(self.note, Note::Is(_))
    }

    /// Writes into the note what became of the receipt. One that may be taken later stays due.
    ///
    /// Who reads the note before that would send the receipt again: it is written as soon as GLPI answers.
    async fn settle(self, sent: &Result<(), SendError>) {
        let says = match sent {
            Ok(()) => SENT,
            Err(SendError::Refused(_)) => REFUSED,
            Err(_) => return,
        };
        self.held.is_sent();
        if let Note::MayAppear(aftermath) = self.note {
            tokio::time::sleep(aftermath).await;
        }
        let mut pause = FIRST_PAUSE;
        let mut was_taken = None;
        while let Err(error) = self.write(says, &mut was_taken).await {
            tracing::warn!(%error, ticket = self.held.1, "a receipt is sent, and its note still says that it is due");
            if !matches!(error, GlpiError::Unavailable { .. } | GlpiError::AnswerLost { .. }) {
                // GLPI lets nobody write it.
                return self.held.keep();
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn write(&self, says: &str, was_taken: &mut Option<bool>) -> Result<(), GlpiError> {
        match self.note {
            Note::Is(note) => self.rewrite(note, says, was_taken).await,
            Note::MayAppear(_) => {
                let own = self.glpi.own_account().await?;
                let notes = self.glpi.ticket_followups(self.held.1).await?;
                for note in notes.iter().filter(|note| is_due(note, own)) {
                    self.rewrite(note.id, says, was_taken).await?;
                }
                Ok(())
            }
        }
    }

    /// A follow-up that is changed makes its ticket one that was taken in charge, as GLPI sees it: taken back, unless it
    /// `was_taken` before the first try.
    async fn rewrite(&self, note: u64, says: &str, was_taken: &mut Option<bool>) -> Result<(), GlpiError> {
        let ticket = self.held.1;
        if was_taken.is_none() {
            *was_taken = Some(self.glpi.ticket(ticket).await?.taken_into_account.is_some());
        }
        self.glpi.rewrite_followup(note, says).await?;
        if *was_taken == Some(true) { Ok(()) } else { self.glpi.untake(ticket).await }
    }
}

/// Whether a follow-up is a note of the gateway's own.
fn is_own(followup: &Followup, own: u64) -> bool {
    followup.private && followup.author == own
}

/// Whether a follow-up is one that says that a receipt is due.
fn is_due(followup: &Followup, own: u64) -> bool {
    is_own(followup, own) && (says(followup, DUE) || says(followup, DUE_UNQUOTED))
}

/// The note that says that the receipt of this request is due.
fn due_note(received: &Received) -> &'static str {
    if received.is_unproven() { DUE_UNQUOTED } else { DUE }
}

/// Whether a follow-up is this note. GLPI may write its apostrophes otherwise.
fn says(followup: &Followup, note: &str) -> bool {
    followup.content.trim().replace("&#039;", "'").replace("&#39;", "'") == note
}
