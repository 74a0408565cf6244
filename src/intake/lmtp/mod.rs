//! The LMTP listener, for the academy's mail relay.
//!
//! RFC 2033 on RFC 5321, with SIZE (1870), PIPELINING (2920), 8BITMIME (6152), SMTPUTF8 (6531) and
//! ENHANCEDSTATUSCODES (2034). From the inside out: `data` and `line` cut the bytes, `command` reads a
//! line, [`Session`] is the dialogue without a network, `connection` gives it one, [`serve`] accepts. A mail is acknowledged only after the pipeline has answered; until then it is the
//! relay's.

mod command;
mod connection;
mod data;
mod line;
mod reply;
mod session;
mod settings;

pub use session::{Progress, Session};
pub use settings::Settings;

use std::{io, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tokio::{io::AsyncWriteExt as _, task::JoinSet};
use tokio_util::{either::Either, sync::CancellationToken};
use tracing::Instrument as _;

use self::session::REJECTED_RECIPIENTS;
use super::{Room, TakesMail};
use crate::company::Meeting;
use crate::listener::{self, ListenError, Listener, Reach};

/// Connections, counted when they end, by how.
const CONNECTIONS: &str = "passerelle_lmtp_connections_total";
/// How connections end beside [`connection::End`].
const OVER_LIMIT: &str = "over_limit";
const BROKEN: &str = "broken";
/// Connections that are open.
const OPEN_CONNECTIONS: &str = "passerelle_lmtp_open_connections";

/// How long a mail waits at a stage for those that are on their way over other connections: a relay hands one over in a
/// few milliseconds, and GLPI may have to be asked something about it.
const TOGETHER: Duration = Duration::from_millis(100);
/// How long to wait when the system has no connection to give, for instance no file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Binds every address of `lmtp.listen`. The relay is another user: who may connect to a socket is decided by its
/// folder.
///
/// # Errors
///
/// Names the address and the reason.
pub async fn bind(addresses: &[String]) -> Result<Vec<Listener>, ListenError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        listeners.push(listener::bind("lmtp.listen", address, Reach::Folder).await?);
    }
    Ok(listeners)
}

/// Accepts connections and hands their mails to `handler` until `stop`, then waits for what is under way.
///
/// On `stop` the listeners are closed at once, and each connection with a 421, after the answer for the
/// mail it is busy with. How long that may take is up to the caller: dropping this future cuts the rest
/// off, and the relay sends it again. If `handler` panics, the relay keeps the mail.
///
/// Mails are in memory within `room`, which other ways in share: a large one is read on when there is some.
pub async fn serve(
    listeners: Vec<Listener>,
    settings: Arc<Settings>,
    room: Room,
    handler: Arc<dyn TakesMail>,
    stop: CancellationToken,
) {
    let meeting = Meeting::new(TOGETHER);
    let mut connections = JoinSet::new();
    let mut number = 0_u64;
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => {
                note_end(ended);
                continue;
            }
            accepted = listener::accept(listeners.iter()) => accepted,
        };
        let mut stream = match accepted {
            Ok(accepted) => accepted.stream,
            Err(error) if is_about_one_connection(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "cannot accept LMTP connections, trying again");
                let _ = tokio::time::timeout(ACCEPT_PAUSE, stop.cancelled()).await;
                continue;
            }
        };
        if connections.len() >= settings.max_connections {
            tracing::warn!(max = settings.max_connections, "too many LMTP connections, one is sent away");
            metrics::counter!(CONNECTIONS, "end" => OVER_LIMIT).increment(1);
            let reply = format!("421 4.3.2 {} too many connections, try again later\r\n", settings.hostname);
            // A new socket has room for it: there is nothing to wait for.
            let _ = stream.write_all(reply.as_bytes()).now_or_never();
            continue;
        }
        if let Either::Left(tcp) = &stream {
            let _ = tcp.set_nodelay(true);
        }
        metrics::gauge!(OPEN_CONNECTIONS).increment(1.0);
        number += 1;
        let (settings, handler, stop) = (settings.clone(), handler.clone(), stop.clone());
        let (room, meeting) = (room.clone(), meeting.clone());
        let span = tracing::info_span!("lmtp", connection = number);
        let conversation =
            async move { connection::converse(stream, &settings, (&room, &meeting), &handler, &stop).await };
        connections.spawn(conversation.instrument(span));
    }
    drop(listeners);
    while let Some(ended) = connections.join_next().await {
        note_end(ended);
    }
}

fn note_end(ended: Result<connection::End, tokio::task::JoinError>) {
    let end = match ended {
        Ok(end) => end.label(),
        Err(error) => {
            tracing::error!(panic = error.is_panic(), "an LMTP connection broke down");
            BROKEN
        }
    };
    tracing::debug!(end, "LMTP connection closed");
    metrics::counter!(CONNECTIONS, "end" => end).increment(1);
    metrics::gauge!(OPEN_CONNECTIONS).decrement(1.0);
}

/// The next connection may be fine.
fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Says what is counted, and that it is.
pub fn describe_metrics() {
    for end in connection::End::LABELS.into_iter().chain([OVER_LIMIT, BROKEN]) {
        metrics::counter!(CONNECTIONS, "end" => end).increment(0);
    }
    metrics::gauge!(OPEN_CONNECTIONS).set(0.0);
    metrics::counter!(REJECTED_RECIPIENTS).increment(0);
    metrics::describe_counter!(CONNECTIONS, "LMTP connections that have ended, by how");
    metrics::describe_gauge!(OPEN_CONNECTIONS, "LMTP connections that are open");
    metrics::describe_counter!(REJECTED_RECIPIENTS, "recipients the relay named that are not served here");
}
