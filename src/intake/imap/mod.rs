//! The assistance mailboxes, over IMAP, for academies whose relay hands nothing over.
//!
//! RFC 3501 with UIDs only, and IDLE (2177), MOVE (6851), UIDPLUS (4315) where the server has them. From the
//! inside out: `session` is the commands, `connect` signs in (`account`, `token`), `folders` is where settled
//! messages go, `memory` is what is known of messages between two looks, `mailbox` fetches what is due in batches,
//! has it handled side by side and moves it, `reader` is a mailbox's life: connect, catch up, wait for news; `survey`
//! reads what lies there for an audit.
//!
//! A message stays as it is, unread, until its outcome is final; only then is it moved. So the mailbox is the
//! queue: whatever breaks in between, the message is found again, and its reference tells whether it has its
//! ticket. Of several instances, the one that holds a mailbox's lease reads it.

mod account;
mod append;
mod connect;
mod error;
mod figures;
mod folders;
mod mailbox;
mod memory;
mod reader;
mod session;
mod settings;
mod survey;
mod token;

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use self::mailbox::Mailbox;
pub use self::{
    account::MailboxAccount,
    append::{Appender, appender},
    error::ImapError,
    folders::Destination,
    settings::{MOST_AT_ONCE, Settings},
    survey::{StoredMail, survey},
};
use crate::flow::pipeline::Pipeline;

/// The pause before a reader that broke down begins anew.
const BEGIN_ANEW: Duration = Duration::from_mins(1);

/// Reads every mailbox until `stop`, then waits for what is under way, and moves what is settled. How long
/// that may take is up to the caller: whatever is cut off is found again in its mailbox.
pub fn serve(settings: Settings, pipeline: Arc<Pipeline>, stop: CancellationToken) -> impl Future<Output = ()> + Send {
    figures::describe(&settings.accounts);
    read_all(settings, pipeline, stop)
}

async fn read_all(settings: Settings, pipeline: Arc<Pipeline>, stop: CancellationToken) {
    let settings = Arc::new(settings);
    let places = Arc::new(Semaphore::new(settings.parallel));
    let readers = settings.accounts.iter().map(|account| {
        let span = tracing::info_span!("imap", mailbox = %account);
        let mailbox = {
            let (account, settings, pipeline) = (account.clone(), settings.clone(), pipeline.clone());
            let places = places.clone();
            move || Mailbox::new(account.clone(), settings.clone(), pipeline.clone(), places.clone())
        };
        read_on(mailbox, stop.clone()).instrument(span)
    });
    futures_util::future::join_all(readers).await;
}

/// Reads a mailbox until `stop`, beginning anew where that breaks down: one mailbox must not stop for a defect.
async fn read_on(mailbox: impl Fn() -> Mailbox, stop: CancellationToken) {
    while let Err(error) = tokio::spawn(reader::read(mailbox(), stop.clone()).in_current_span()).await {
        tracing::error!(panic = error.is_panic(), "reading a mailbox broke down; it begins anew");
        if stop.run_until_cancelled(tokio::time::sleep(BEGIN_ANEW)).await.is_none() {
            return;
        }
    }
}

/// Signs in to a mailbox and looks for its folders, changing nothing; gives how many messages wait and which
/// folders are missing.
///
/// # Errors
///
/// What the server or the way to it said.
pub async fn probe(settings: &Settings, account: &MailboxAccount) -> Result<(usize, Vec<String>), ImapError> {
    let mut session = settings.connector.connect(account).await?;
    let folder = folders::to_read(&mut session, &account.folder).await?;
    session.select(&folder).await?;
    let waiting = session.list().await?.len();
    let mut missing = Vec::new();
    for place in Destination::ALL {
        let name = place.configured(&settings.folders);
        if folders::find(&mut session, name).await?.is_err() {
            missing.push(name.to_owned());
        }
    }
    session.log_out().await;
    Ok((waiting, missing))
}
