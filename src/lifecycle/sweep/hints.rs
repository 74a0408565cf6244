//! Hints: tickets to look at before their turn, from a webhook or whoever else learns that something happened.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::FutureExt as _;

use crate::id::TicketId;

use tokio::sync::{Notify, mpsc};

/// Hints that wait at most; beyond that all tickets are looked at, which costs no more.
const WAITING: usize = 256;

/// Says which tickets to look at. Clones give to the same sweep.
#[derive(Clone, Debug)]
pub struct Hints {
    tickets: mpsc::Sender<TicketId>,
    overflow: Arc<Notify>,
}

/// The other end of [`Hints`].
#[derive(Debug)]
pub struct Hinted {
    tickets: mpsc::Receiver<TicketId>,
    overflow: Arc<Notify>,
}

/// What to look at before its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// These tickets, each once however often it was named.
    Tickets(BTreeSet<TicketId>),
    /// Everything: there were more hints than could wait.
    Everything,
}

/// A way for hints, its two ends.
pub fn hints() -> (Hints, Hinted) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let overflow = Arc::new(Notify::new());
    (Hints { tickets: sender, overflow: Arc::clone(&overflow) }, Hinted { tickets: receiver, overflow })
}

impl Hints {
    /// Has a ticket looked at soon. Returns at once and never fails: a hint that is lost is made up for by the
    /// next pass over all tickets.
    pub fn look_at(&self, ticket: TicketId) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.tickets.try_send(ticket) {
            // The permit is kept until the other end asks for it.
            self.overflow.notify_one();
        }
    }
}

impl Hinted {
    /// A hint that waits already.
    pub fn waiting(&mut self) -> Option<Hint> {
        self.next().now_or_never()
    }

    /// Waits for the next hint; for ever where none can come any more. Nothing is lost where the wait is given up.
    pub async fn next(&mut self) -> Hint {
        let mut named = Vec::new();
        tokio::select! {
            biased;
            () = self.overflow.notified() => {
                while self.tickets.try_recv().is_ok() {}
                return Hint::Everything;
            }
            count = self.tickets.recv_many(&mut named, WAITING) => {
                if count == 0 {
                    std::future::pending::<()>().await;
                }
            }
        }
        Hint::Tickets(named.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use futures_util::FutureExt as _;

    use super::{Hint, WAITING, hints};
    use crate::id::TicketId;

    #[tokio::test]
    async fn a_ticket_named_often_is_looked_at_once() {
        let (hints, mut hinted) = hints();
        for ticket in [7, 3, 7, 7] {
            hints.clone().look_at(TicketId::new(ticket));
        }
        assert_eq!(hinted.next().await, Hint::Tickets(BTreeSet::from([3, 7].map(TicketId::new))));
        assert!(hinted.next().now_or_never().is_none());
    }

    #[tokio::test]
    async fn more_hints_than_can_wait_mean_everything_once() {
        let (hints, mut hinted) = hints();
        for ticket in 0..2 * WAITING as u64 {
            hints.look_at(ticket.into());
        }
        assert_eq!(hinted.next().await, Hint::Everything);
        assert!(hinted.next().now_or_never().is_none());
        hints.look_at(TicketId::new(1));
        assert_eq!(hinted.next().await, Hint::Tickets(BTreeSet::from([TicketId::new(1)])));
    }

    #[tokio::test]
    async fn nobody_to_give_hints_or_to_take_them_is_no_failure() {
        let (hints, hinted) = hints();
        drop(hinted);
        hints.look_at(TicketId::new(1));
        let (hints, mut hinted) = super::hints();
        drop(hints);
        assert!(hinted.next().now_or_never().is_none());
    }
}
