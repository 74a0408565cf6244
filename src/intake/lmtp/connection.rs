//! One connection: carries bytes between a stream and a session, and keeps the times.

use std::{io, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    reply::{self, say},
    session::{Progress, Session},
    settings::Settings,
};
use crate::{
    company::{Company, Meeting},
    intake::{Room, SMALL, TakesMail},
    request::Envelope,
};

/// Bytes read at once.
const READ_SIZE: usize = 32 * 1024;
/// How long a large mail waits for room: less than Postfix waits for its data to be taken (3 minutes).
const PATIENCE: Duration = Duration::from_secs(100);
/// A relay that has another mail brings it at once: for so long the others on their way wait for it.
const NEXT_MAIL: Duration = Duration::from_millis(5);
/// How long the relay may be silent amid a mail that has taken room.
const SILENT_WITH_ROOM: Duration = Duration::from_mins(1);
/// How long the other side may take to notice the end.
const LINGER: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// The relay said QUIT.
    Quit,
    /// The relay hung up, or the network did.
    Gone,
    /// Nothing came, or nothing was taken, for the idle timeout.
    Idle,
    /// The connection was as old as it may get.
    TooOld,
    /// Other mails took all the memory for too long.
    NoRoom,
    /// Too many faults.
    Faults,
    /// The gateway is being stopped.
    Stopping,
}

impl End {
    /// The names of all.
    pub(super) const LABELS: [&'static str; 7] = ["quit", "gone", "idle", "too_old", "no_room", "faults", "stopping"];

    /// The name in logs and metrics.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Quit => "quit",
            Self::Gone => "gone",
            Self::Idle => "idle",
            Self::TooOld => "too_old",
            Self::NoRoom => "no_room",
            Self::Faults => "faults",
            Self::Stopping => "stopping",
        }
    }

    /// The last words, where the session has not said them already.
    fn farewell(&self, hostname: &str) -> Option<String> {
        match self {
            Self::Idle => Some(format!("421 4.4.2 {hostname} nothing received for too long, closing")),
            Self::TooOld => Some(format!("421 4.4.2 {hostname} connected for too long, closing")),
            Self::NoRoom => Some(format!("421 4.3.1 {hostname} no room for a large mail now, try again later")),
            Self::Stopping => Some(format!("421 4.3.2 {hostname} is being stopped, closing")),
            Self::Quit | Self::Gone | Self::Faults => None,
        }
    }
}

/// Holds the dialogue on `stream` to its end, and hands each mail to `handler`.
///
/// A mail that is being received or handled when `stop` comes is still answered; then, or at once when
/// there is none, the connection is closed.
///
/// A mail meets those that are on their way over other connections at `meeting`.
///
/// A mail that grows beyond [`SMALL`] waits until there is room for all of it, its relay with it.
pub(super) async fn converse<S>(
    mut stream: S,
    settings: &Settings,
    (room, meeting): (&Room, &Meeting),
    handler: &Arc<dyn TakesMail>,
    stop: &CancellationToken,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let end = exchange(&mut stream, settings, (room, meeting), handler, stop).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "LMTP connection lost");
        End::Gone
    });
    if let Some(farewell) = end.farewell(&settings.hostname) {
        let mut reply = Vec::new();
        say(&mut reply, &farewell);
        let _ = timeout(LINGER, stream.write_all(&reply)).await;
    }
    // Closing over unread bytes resets a TCP connection, and the last reply may be lost with it.
    let _ = timeout(LINGER, async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    })
    .await;
    end
}

async fn exchange<S>(
    stream: &mut S,
    settings: &Settings,
    (room, meeting): (&Room, &Meeting),
    handler: &Arc<dyn TakesMail>,
    stop: &CancellationToken,
) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let too_old = Instant::now() + settings.total_timeout;
    let mut buffer = vec![0; READ_SIZE];
    let mut replies = Vec::new();
    let mut session = Session::new(settings, &mut replies);
    // A second time, the mail is larger than its relay has announced.
    let (mut taken, mut allowed) = (Vec::new(), SMALL as u64);
    // The mails that are on their way over the other connections, and until when one is expected over this one.
    let (mut company, mut expected_until) = (None, None);
    loop {
        send(stream, &mut replies, settings.idle_timeout).await?;
        if session.kept() as u64 > allowed {
            allowed = session.expect_rest();
            let patience = too_old.min(Instant::now() + PATIENCE);
            let Ok(all) = timeout_at(patience, room.take(allowed)).await else { return Ok(End::NoRoom) };
            taken.push(all);
        }

        let silent = if taken.is_empty() { Duration::MAX } else { SILENT_WITH_ROOM };
        let idle = Instant::now() + settings.idle_timeout.min(silent);
        let count = tokio::select! {
            biased;
            () = stop.cancelled(), if !session.receives_mail() => return Ok(End::Stopping),
            () = pass(expected_until), if expected_until.is_some() => {
                (company, expected_until) = (None, None);
                continue;
            }
            read = timeout_at(idle.min(too_old), stream.read(&mut buffer)) => match read {
                Ok(read) => read?,
                Err(_) => return Ok(if idle < too_old { End::Idle } else { End::TooOld }),
            },
        };
        if count == 0 {
            return Ok(End::Gone);
        }

        let mut input = &buffer[..count];
        loop {
            let progress = session.advance(&mut input, &mut replies);
            match progress {
                Progress::NeedInput if session.is_in_transaction() => {
                    company.get_or_insert_with(|| meeting.join());
                    expected_until = None;
                    break;
                }
                Progress::NeedInput => {
                    if expected_until.is_none() {
                        company = None;
                    }
                    break;
                }
                Progress::Mail(envelope, content) => {
                    send(stream, &mut replies, settings.idle_timeout).await?;
                    let recipients = envelope.recipients.len();
                    for taken in &mut taken {
                        taken.shrink(content.len() as u64);
                    }
                    let among = company.take().unwrap_or_else(|| meeting.join());
                    let reply = answer(handler, envelope, content, among).await;
                    (taken, allowed) = (Vec::new(), SMALL as u64);
                    for _ in 0..recipients {
                        say(&mut replies, &reply);
                    }
                    company = Some(meeting.join());
                    expected_until = Some(Instant::now() + NEXT_MAIL);
                    if stop.is_cancelled() {
                        send(stream, &mut replies, settings.idle_timeout).await?;
                        return Ok(End::Stopping);
                    }
                }
                Progress::Quit => {
                    send(stream, &mut replies, settings.idle_timeout).await?;
                    return Ok(End::Quit);
                }
                Progress::TooManyFaults => {
                    send(stream, &mut replies, settings.idle_timeout).await?;
                    return Ok(End::Faults);
                }
            }
        }
    }
}

/// Waits for this moment, if there is one.
async fn pass(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// What becomes of a mail, as a reply. Whatever goes wrong in there, the relay keeps the mail.
async fn answer(handler: &Arc<dyn TakesMail>, envelope: Envelope, content: Bytes, company: Company) -> String {
    tracing::debug!(size = envelope.size, recipients = envelope.recipients.len(), "mail received");
    let outcome = AssertUnwindSafe(async { Arc::clone(handler).mail_among(envelope, content, company).await })
        .catch_unwind()
        .await;
    if outcome.is_err() {
        tracing::error!("the handling of a mail broke down; the relay keeps it");
    }
    reply::of_outcome(outcome.as_ref().ok())
}

/// Sends the replies so far, all at once: that is what the relay pipelines for.
async fn send<S: AsyncWrite + Unpin>(stream: &mut S, replies: &mut Vec<u8>, limit: Duration) -> io::Result<()> {
    if !replies.is_empty() {
        timeout(limit, stream.write_all(replies)).await??;
        replies.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use bytes::Bytes;
    use futures_util::future::BoxFuture;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        task::JoinHandle,
        time::Instant,
    };
    use tokio_util::sync::CancellationToken;

    use super::{End, Room, converse};
    use crate::{
        intake::{TakesMail, lmtp::Settings},
        request::{Address, Envelope, Outcome, Reason},
    };

    const IDLE: Duration = Duration::from_mins(5);
    const TOTAL: Duration = Duration::from_mins(30);
    const ENVELOPE: &str = "LHLO relay\r\nMAIL FROM:<a@b.fr>\r\nRCPT TO:<aide@c.fr>\r\n";

    /// A relay's end of a connection, with what the other end comes to.
    struct Relay {
        stream: DuplexStream,
        end: JoinHandle<End>,
        sizes: Arc<Mutex<Vec<u64>>>,
        stop: CancellationToken,
    }

    /// Ignores every mail after a while, and keeps its size.
    struct Ignoring {
        sizes: Arc<Mutex<Vec<u64>>>,
        handling: Duration,
    }

    impl TakesMail for Ignoring {
        fn mail(self: Arc<Self>, envelope: Envelope, _: Bytes) -> BoxFuture<'static, Outcome> {
            self.sizes.lock().unwrap().push(envelope.size);
            Box::pin(async move {
                tokio::time::sleep(self.handling).await;
                Outcome::Ignored(Reason::Bulk)
            })
        }
    }

    /// Begins a connection whose mails are ignored after `handling`.
    fn connect(handling: Duration) -> Relay {
        let (stream, other) = duplex(1024);
        let (sizes, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
        let end = tokio::spawn({
            let (sizes, stop) = (sizes.clone(), stop.clone());
            async move {
                let settings = Settings {
                    hostname: "here".to_owned(),
                    recipients: vec![Address::parse("aide@c.fr").unwrap()],
                    max_size: 100,
                    max_connections: 1,
                    max_recipients: 2,
                    idle_timeout: IDLE,
                    total_timeout: TOTAL,
                };
                let handler: Arc<dyn TakesMail> = Arc::new(Ignoring { sizes, handling });
                let meeting = crate::company::Meeting::new(Duration::ZERO);
                converse(other, &settings, (&Room::new(1000), &meeting), &handler, &stop).await
            }
        });
        Relay { stream, end, sizes, stop }
    }

    impl Relay {
        /// Sends a text, then reads until what has come ends with `end`.
        async fn say(&mut self, text: &str, end: &str) -> String {
            self.stream.write_all(text.as_bytes()).await.unwrap();
            let mut read = String::new();
            while !read.ends_with(end) {
                read.push(char::from(self.stream.read_u8().await.unwrap()));
            }
            read
        }

        /// What comes until the connection is closed.
        async fn rest(mut self) -> (String, End) {
            let mut rest = String::new();
            self.stream.read_to_string(&mut rest).await.unwrap();
            drop(self.stream);
            (rest, self.end.await.unwrap())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_relay_is_told_after_the_idle_timeout() {
        let began = Instant::now();
        let mut relay = connect(Duration::ZERO);
        relay.say("", "220 here LMTP Passerelle\r\n").await;
        tokio::time::sleep(IDLE / 2).await;
        relay.say("NO", "").await;
        let (rest, end) = relay.rest().await;
        assert!(rest.starts_with("421 4.4.2 here ") && matches!(end, End::Idle), "{rest:?} {end:?}");
        assert!(began.elapsed() >= IDLE / 2 + IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_mail_that_stops_coming_is_given_up() {
        let mut relay = connect(Duration::ZERO);
        relay.say(&format!("{ENVELOPE}DATA\r\n"), "CR LF . CR LF\r\n").await;
        relay.say("Subject: x\r\n", "").await;
        let sizes = relay.sizes.clone();
        let (rest, end) = relay.rest().await;
        assert!(rest.starts_with("421 4.4.2 here ") && matches!(end, End::Idle), "{rest:?} {end:?}");
        assert!(sizes.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_relay_is_told_after_the_total_timeout() {
        let began = Instant::now();
        let mut relay = connect(Duration::ZERO);
        relay.say("", "Passerelle\r\n").await;
        while began.elapsed() + IDLE < TOTAL {
            tokio::time::sleep(IDLE * 3 / 4).await;
            relay.say("NOOP\r\n", "250 2.0.0 ok\r\n").await;
        }
        let (rest, end) = relay.rest().await;
        assert!(rest.starts_with("421 4.4.2 here ") && matches!(end, End::TooOld), "{rest:?} {end:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_relay_that_takes_no_replies_is_given_up() {
        let mut relay = connect(Duration::ZERO);
        let flood = "LHLO x\r\n".repeat(10_000);
        let _ = relay.stream.write_all(flood.as_bytes()).await;
        assert!(matches!(relay.end.await.unwrap(), End::Gone));
    }

    #[tokio::test(start_paused = true)]
    async fn the_handling_of_a_mail_takes_the_time_it_takes() {
        let mut relay = connect(TOTAL * 2);
        let mail = format!("{ENVELOPE}DATA\r\n");
        relay.say(&mail, "CR LF . CR LF\r\n").await;
        relay.say("x\r\n.\r\n", "250 2.0.0 ignored, bulk\r\n").await;
        let (rest, _) = relay.rest().await;
        assert!(rest.starts_with("421 4.4.2"), "{rest:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_ends_an_idle_connection_and_an_envelope() {
        for said in ["LHLO relay\r\n", ENVELOPE] {
            let mut relay = connect(Duration::ZERO);
            relay.say(said, if said == ENVELOPE { "recipient ok\r\n" } else { "SIZE 100\r\n" }).await;
            relay.stop.cancel();
            let (rest, end) = relay.rest().await;
            assert!(rest.starts_with("421 4.3.2 here ") && matches!(end, End::Stopping), "{rest:?} {end:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_waits_for_the_mail_that_is_coming_in() {
        let mut relay = connect(Duration::from_secs(5));
        relay.say(&format!("{ENVELOPE}DATA\r\n"), "CR LF . CR LF\r\n").await;
        relay.say("a\r\n", "").await;
        relay.stop.cancel();
        tokio::time::sleep(Duration::from_secs(5)).await;
        let reply = relay.say("b\r\n.\r\nMAIL FROM:<a@b.fr>\r\n", "\r\n").await;
        assert_eq!(reply, "250 2.0.0 ignored, bulk\r\n");
        assert_eq!(*relay.sizes.lock().unwrap(), [6]);
        let (rest, end) = relay.rest().await;
        assert!(rest.starts_with("421 4.3.2 here ") && matches!(end, End::Stopping), "{rest:?} {end:?}");
    }
}
