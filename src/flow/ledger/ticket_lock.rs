//! One at a time at a ticket, of everybody in all instances.

use std::{pin::pin, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use crate::id::TicketId;

use super::Ledger;

/// How long somebody else at the ticket is waited for, and how often that is looked at.
const WAIT_FOR_OTHER: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often the lease of a ticket is renewed; it lasts three times as long.
const RENEW_EVERY: Duration = Duration::from_secs(5);

/// Somebody else was at the ticket all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketBusy;

impl Ledger {
    /// Runs `work` while nobody else, here or at another instance, does such work on the ticket. While Redis cannot be
    /// asked, another instance may: see [`Ledger::surely_has_ticket`].
    ///
    /// # Errors
    ///
    /// Where whoever is at it does not end in time.
    pub async fn with_ticket<T>(&self, ticket: TicketId, work: impl Future<Output = T>) -> Result<T, TicketBusy> {
        let _here = timeout(WAIT_FOR_OTHER, self.ticket_locks.lock(ticket)).await.map_err(|_| TicketBusy)?;
        let name = lease(ticket);
        let give_up_at = Instant::now() + WAIT_FOR_OTHER;
        while self.lease(&name).await.is_none() {
            if Instant::now() >= give_up_at {
                self.hand_back(&name).await;
                return Err(TicketBusy);
            }
            sleep(LOOK_EVERY).await;
        }
        let mut work = pin!(work);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                () = sleep(RENEW_EVERY) => drop(self.lease(&name).await),
            }
        };
        self.hand_back(&name).await;
        Ok(done)
    }

    /// Whether surely no other instance is at the ticket, asked within [`Ledger::with_ticket`].
    pub async fn surely_has_ticket(&self, ticket: TicketId) -> bool {
        self.lease(&lease(ticket)).await == Some(Duration::ZERO)
    }
}

fn lease(ticket: TicketId) -> String {
    format!("ticket-{ticket}")
}
