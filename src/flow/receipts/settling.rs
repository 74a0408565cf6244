//! Writing into notes what became of their receipts: one after the other, however many wait. Each that waits costs some
//! hundred bytes; a task of its own would cost a hundred times as much while GLPI is busy or away.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::{late::Held, note::ReceiptNote};
use crate::{
    glpi::{Glpi, GlpiError},
    id::{FollowupId, TicketId},
    smtp::SendError,
};

/// Notes written in one turn at a session, in a few calls.
const OF_A_TURN: usize = 25;
/// The pause after which GLPI is told again; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What settles the notes of receipts.
#[derive(Clone)]
pub(super) struct Settling(Arc<Shared>);

struct Shared {
    glpi: Glpi,
    tasks: TaskTracker,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Told>,
    /// Whether a task is at it.
    is_at_work: bool,
}

/// A receipt of which a note says that it is due.
pub(super) struct Noted {
    settling: Settling,
    note: Place,
    held: Held,
}

/// Where the note of a receipt stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// In this follow-up.
    Is(FollowupId),
    /// In one of which GLPI's answer was lost, if at all: it may appear for so long.
    MayAppear(Duration),
}

/// A receipt of which its note does not yet say what is known.
struct Told {
    note: Place,
    held: Held,
    says: ReceiptNote,
    /// Whether the ticket was taken in charge before the first try.
    was_taken: Option<bool>,
}

impl Settling {
    /// By calls to this GLPI, as one of `tasks`: a stop waits for it.
    pub(super) fn new(glpi: Glpi, tasks: TaskTracker) -> Self {
        Self(Arc::new(Shared { glpi, tasks, queue: Mutex::default() }))
    }

    /// A receipt whose note stands there.
    pub(super) fn noted(&self, note: Place, held: Held) -> Noted {
        Noted { settling: self.clone(), note, held }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, told: Told) {
        let mut queue = self.queue();
        queue.waiting.push_back(told);
        if !std::mem::replace(&mut queue.is_at_work, true) {
            let this = self.clone();
            self.0.tasks.spawn(async move { this.work().await }.in_current_span());
        }
    }

    /// Writes notes until none waits.
    async fn work(&self) {
        let mut pause = FIRST_PAUSE;
        while self.goes_on() {
            let (written, stopped) = self.write_some().await;
            if written > 0 {
                pause = FIRST_PAUSE;
            }
            if let Err(error) = stopped {
                let notes = self.queue().waiting.len();
                tracing::warn!(%error, notes, "receipts are sent, and their notes still say that they are due");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Whether there is more to do; if not, whoever adds something starts again.
    fn goes_on(&self) -> bool {
        let mut queue = self.queue();
        queue.is_at_work = !queue.waiting.is_empty();
        queue.is_at_work
    }

    /// Writes a few notes in one turn: how many, and why not more.
    async fn write_some(&self) -> (usize, Result<(), GlpiError>) {
        let glpi = match self.0.glpi.in_turn().await {
            Ok(glpi) => glpi,
            Err(error) => return (0, Err(error)),
        };
        let mut some = self.take();
        match write(&glpi, &mut some).await {
            Ok(()) => (some.len(), Ok(())),
            Err(error) if passes(&error) => {
                self.put_back(some);
                (0, Err(error))
            }
            // Of one or several of them.
            Err(_) => self.write_each(&glpi, some).await,
        }
    }

    /// The same, one after the other: what is wrong with one is not the others'.
    async fn write_each(&self, glpi: &Glpi, mut some: Vec<Told>) -> (usize, Result<(), GlpiError>) {
        let all = some.len();
        while let Some(mut told) = some.pop() {
            match write(glpi, std::slice::from_mut(&mut told)).await {
                Ok(()) => {}
                Err(error) if passes(&error) => {
                    let written = all - some.len() - 1;
                    some.push(told);
                    self.put_back(some);
                    return (written, Err(error));
                }
                Err(error) => {
                    let ticket = told.held.ticket().get();
                    tracing::warn!(%error, ticket, "a receipt is sent, and GLPI lets nobody write that into its note");
                    told.held.keep();
                }
            }
        }
        (all, Ok(()))
    }

    fn take(&self) -> Vec<Told> {
        let mut queue = self.queue();
        let some = queue.waiting.len().min(OF_A_TURN);
        queue.waiting.drain(..some).collect()
    }

    /// Behind the others: what is wrong may be with these alone.
    fn put_back(&self, some: Vec<Told>) {
        self.queue().waiting.extend(some);
    }
}

/// Whether the same may work later.
fn passes(error: &GlpiError) -> bool {
    matches!(error, GlpiError::Unavailable { .. } | GlpiError::AnswerLost { .. })
}

/// Writes into the notes of these receipts what became of them: three calls, and one for each whose note may have
/// appeared. A follow-up that is changed makes its ticket one that was taken in charge, as GLPI sees it: taken back,
/// unless it was before the first try.
async fn write(glpi: &Glpi, these: &mut [Told]) -> Result<(), GlpiError> {
    let mut texts = Vec::new();
    for told in these.iter() {
        let notes = match told.note {
            Place::Is(note) => vec![note],
            Place::MayAppear(_) => due_in(glpi, told.held.ticket()).await?,
        };
        texts.extend(notes.into_iter().map(|note| (note, told.says.html())));
    }
    if texts.is_empty() {
        return Ok(());
    }
    let unread: Vec<_> = these.iter().filter(|told| told.was_taken.is_none()).map(|told| told.held.ticket()).collect();
    if !unread.is_empty() {
        let taken = glpi.taken_in_charge(&unread).await?;
        for told in these.iter_mut() {
            told.was_taken.get_or_insert(taken.contains(&told.held.ticket()));
        }
    }
    glpi.rewrite_followups(&texts).await?;
    let untaken: Vec<_> =
        these.iter().filter(|told| told.was_taken != Some(true)).map(|told| told.held.ticket()).collect();
    if untaken.is_empty() { Ok(()) } else { glpi.untake_all(&untaken).await }
}

/// The notes of a ticket that say that its receipt is due.
async fn due_in(glpi: &Glpi, ticket: TicketId) -> Result<Vec<FollowupId>, GlpiError> {
    let own = glpi.own_account().await?;
    let notes = glpi.ticket_followups(ticket).await?;
    Ok(notes.iter().filter(|note| ReceiptNote::is_due(note, own)).map(|note| note.id).collect())
}

impl Noted {
    /// Whether the note surely is there.
    pub(super) fn is_sure(&self) -> bool {
        matches!(self.note, Place::Is(_))
    }

    /// Has written into the note what became of the receipt. One that may be taken later stays due. Returns at once.
    ///
    /// Who reads the note before that would send the receipt again: it is written as soon as GLPI answers.
    pub(super) fn settle(self, sent: &Result<(), SendError>) {
        match sent {
            Ok(()) => self.say(ReceiptNote::Sent),
            Err(SendError::Refused(_)) => self.say(ReceiptNote::Refused),
            Err(_) => {}
        }
    }

    /// Has written into the note that an older one says what becomes of the receipt. Returns at once.
    pub(super) fn leave_to_older(self) {
        self.say(ReceiptNote::InOlderNote);
    }

    fn say(self, says: ReceiptNote) {
        let Self { settling, note, held } = self;
        held.is_sent();
        let told = Told { note, held, says, was_taken: None };
        match note {
            Place::Is(_) => settling.add(told),
            Place::MayAppear(aftermath) => {
                let tasks = settling.0.tasks.clone();
                let later = async move {
                    tokio::time::sleep(aftermath).await;
                    settling.add(told);
                };
                tasks.spawn(later.in_current_span());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Told;

    /// So many may wait while GLPI is away for an hour.
    #[test]
    fn what_waits_costs_little() {
        assert!(size_of::<Told>() <= 128);
    }
}
