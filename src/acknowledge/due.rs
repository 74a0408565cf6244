//! Receipts that are due: nobody is answered before the relay has theirs, or GLPI knows that it is still to be sent.
//!
//! In the ordinary case the relay has the receipt within moments: whoever sent the request has no answer before that
//! and would ask again, so nothing needs to be kept. Where the relay is away or slow, a private note in the ticket
//! says that its receipt is due; the note says so until it was sent. An instance that ends in between leaves the note,
//! and the sweep sends the receipt then, composed from the ticket, with the same Message-ID.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{Acknowledger, Handing, texts::is_unproven};
use crate::{
    clients::{
        glpi::{Criterion, Followup, Glpi, GlpiError, TicketSummary},
        smtp::SendError,
    },
    config::{Backend, Config},
    deliver::Pages,
    request::{Address, Person, Receipt, Received},
    route::{Opening, requester_of},
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

/// The mark by which GLPI is searched.
const MARK: &str = "receipt-due";
const DUE: &str = "<p>Courriel à envoyer au demandeur : accusé de réception.</p><p>Avis : receipt-due</p>";
const DUE_UNQUOTED: &str = "<p>Courriel à envoyer au demandeur : accusé de réception, sans rien citer de la demande (rien ne prouve l'expéditeur).</p><p>Avis : receipt-due</p>";
const SENT: &str = "<p>Courriel envoyé au demandeur : accusé de réception.</p><p>Avis : receipt-sent</p>";
const REFUSED: &str = "<p>Courriel refusé par le relais : accusé de réception. Vérifiez l'adresse du demandeur.</p><p>Avis : receipt-refused</p>";

/// Sends receipts so that none is forgotten.
pub struct Receipts {
    glpi: Glpi,
    acknowledger: Acknowledger,
    pages: Pages,
    time_zone: TimeZone,
    look_back: Duration,
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
struct Late(Arc<Mutex<HashSet<u64>>>);

/// One ticket among the late ones, until this is dropped.
#[derive(Debug)]
struct Held(Late, u64);

impl Late {
    /// `None`: it is in hand already.
    fn hold(&self, ticket: u64) -> Option<Held> {
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(ticket);
        new.then(|| Held(self.clone(), ticket))
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl Receipts {
    /// Receipts by `acknowledger`, of tickets of this GLPI.
    pub fn new(config: &Config, glpi: Glpi, acknowledger: Acknowledger) -> Self {
        Self {
            glpi,
            acknowledger,
            pages: Pages::new(config),
            time_zone: config.time_zone.clone(),
            look_back: config.sweep.look_back,
            alone: config.quota.backend == Backend::Memory,
            late: Late::default(),
            making_up: Arc::default(),
        }
    }

    /// Hands the receipt of a ticket to the relay, where one is due. When this returns, the relay has it or will not
    /// take it, or a note in the ticket says that it is due; only where GLPI cannot take the note it is in this
    /// process's hands alone.
    pub async fn hand_over(&self, received: &Received, person: &Person, receipt: &Receipt) {
        let Some(Handing { mut ended, noted }) = self.acknowledger.receipt(received, person, receipt) else { return };
        let patience = if self.late.is_empty() { PATIENCE } else { LITTLE_PATIENCE };
        if tokio::time::timeout(patience, &mut ended).await.is_ok() {
            return;
        }
        let Some(held) = self.late.hold(receipt.ticket) else { return };
        let due = if is_unproven(received) { DUE_UNQUOTED } else { DUE };
        match self.glpi.add_note(receipt.ticket, due).await {
            Ok(note) => drop(noted.send(Noted { glpi: self.glpi.clone(), note, held })),
            Err(error) => {
                tracing::warn!(%error, ticket = receipt.ticket, "GLPI was not told that a receipt is due");
            }
        }
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
        let sent = self.acknowledger.late_receipt(&requester, &receipt, !says(note, DUE_UNQUOTED)).await;
        Noted { glpi: self.glpi.clone(), note: note.id, held }.settle(&sent).await;
        let is_away = matches!(sent, Err(SendError::Unavailable(_) | SendError::Timeout(_)));
        if is_away { Err(Away) } else { Ok(()) }
    }

    /// The receipt of a ticket as GLPI shows it, and whom it goes to.
    fn read(&self, ticket: &TicketSummary) -> Option<(Address, Receipt)> {
        let requester = requester_of(&ticket.content)?;
        let opening = Opening::read(&ticket.content, |_| true)?;
        let page = self.pages.of_requester(ticket.id, ticket.addresses.is_empty());
        let receipt = Receipt {
            ticket: ticket.id,
            reference: opening.reference,
            link: page.map(|page| page.address().to_owned()),
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

/// A receipt of which a note says that it is due.
pub(super) struct Noted {
    glpi: Glpi,
    note: u64,
    held: Held,
}

impl Noted {
    /// Writes into the note what became of the receipt. One that may be taken later stays due.
    pub(super) async fn settle(self, sent: &Result<(), SendError>) {
        let says = match sent {
            Ok(()) => SENT,
            Err(SendError::Refused(_)) => REFUSED,
            Err(_) => return,
        };
        if let Err(error) = self.glpi.rewrite_followup(self.note, says).await {
            tracing::warn!(%error, ticket = self.held.1, "a receipt is sent, and its note still says that it is due");
        }
    }
}

/// Whether a follow-up is a note of the gateway's own that says so.
fn is_due(followup: &Followup, own: u64) -> bool {
    followup.private && followup.author == own && (says(followup, DUE) || says(followup, DUE_UNQUOTED))
}

/// Whether a follow-up is this note. GLPI may write its apostrophes otherwise.
fn says(followup: &Followup, note: &str) -> bool {
    followup.content.trim().replace("&#039;", "'").replace("&#39;", "'") == note
}

impl std::fmt::Debug for Noted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Noted({})", self.note)
    }
}
