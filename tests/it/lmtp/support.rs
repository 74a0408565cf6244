//! A listener on free ports and a client that says exactly what it is told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use passerelle::{
    intake::{
        Room, TakesMail,
        lmtp::{self, Settings},
    },
    listener::Listener,
    request::{Address, Envelope, Outcome, Receipt, Reference},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream},
    net::{TcpStream, UnixStream},
    task::JoinHandle,
};
use tokio_util::{either::Either, sync::CancellationToken};

/// What the pipeline would have been given.
pub(super) type Mails = Arc<Mutex<Vec<(Envelope, Bytes)>>>;

/// Settings with room for everything and no hurry.
pub(super) fn settings() -> Settings {
    let recipients = ["assistance1d@ac-dijon.fr", "assistance.1erdegre@ac-dijon.fr"];
    Settings {
        hostname: "passerelle.test".to_owned(),
        recipients: recipients.iter().map(|address| Address::parse(address).unwrap()).collect(),
        max_size: 100_000,
        max_connections: 10,
        max_recipients: 5,
        idle_timeout: Duration::from_mins(2),
        total_timeout: Duration::from_mins(4),
    }
}

/// The outcome of a mail for which all went well.
pub(super) fn created(ticket: u64) -> Outcome {
    Outcome::Created(Receipt {
        ticket: ticket.into(),
        reference: Reference::new("mail", "", b""),
        link: None,
        application: String::new(),
        category: String::new(),
        group: String::new(),
        title: String::new(),
        details: passerelle::request::ReceiptDetails::default(),
        left_out: Vec::new(),
    })
}

/// Stands in for the pipeline.
struct Handled<H>(H);

impl<H, F> TakesMail for Handled<H>
where
    H: Fn(Envelope, Bytes) -> F + Send + Sync + 'static,
    F: Future<Output = Outcome> + Send + 'static,
{
    fn mail(self: Arc<Self>, envelope: Envelope, raw: Bytes) -> BoxFuture<'static, Outcome> {
        Box::pin((self.0)(envelope, raw))
    }
}

/// A running listener.
pub(super) struct Server {
    pub(super) addresses: Vec<String>,
    pub(super) stop: CancellationToken,
    pub(super) serving: JoinHandle<()>,
}

impl Server {
    /// Listens on a free port of the loopback interface.
    pub(super) async fn start<H, F>(settings: Settings, handle: H) -> Self
    where
        H: Fn(Envelope, Bytes) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self::listen(&["127.0.0.1:0".to_owned()], settings, handle).await
    }

    /// Keeps every mail and answers ticket 1, 2, …
    pub(super) async fn collecting(settings: Settings) -> (Self, Mails) {
        let mails = Mails::default();
        let kept = mails.clone();
        let handle = move |envelope, content| {
            let mut kept = kept.lock().unwrap();
            kept.push((envelope, content));
            std::future::ready(created(kept.len() as u64))
        };
        (Self::start(settings, handle).await, mails)
    }

    pub(super) async fn listen<H, F>(addresses: &[String], settings: Settings, handle: H) -> Self
    where
        H: Fn(Envelope, Bytes) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let listeners = lmtp::bind(addresses).await.unwrap();
        let stop = CancellationToken::new();
        let addresses = listeners.iter().map(Listener::to_string).collect();
        let room = Room::for_requests(settings.max_size);
        let handler = Arc::new(Handled(handle));
        let serving = tokio::spawn(lmtp::serve(listeners, Arc::new(settings), room, handler, stop.clone()));
        Self { addresses, stop, serving }
    }

    /// A connection on which nothing has been read yet.
    pub(super) async fn connect(&self) -> Client {
        Client::connect(&self.addresses[0]).await
    }

    /// A connection after LHLO.
    pub(super) async fn introduced(&self) -> Client {
        let mut client = self.connect().await;
        client.expect("220").await;
        client.say("LHLO relay.test\r\n").await;
        client.expect("250").await;
        client
    }

    /// Stops it and waits until it has.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.serving.await.unwrap();
    }
}

/// The relay's end of a connection.
pub(super) struct Client {
    stream: BufStream<Either<TcpStream, UnixStream>>,
}

impl Client {
    pub(super) async fn connect(address: &str) -> Self {
        let stream = match address.strip_prefix("unix:") {
            Some(path) => Either::Right(UnixStream::connect(path).await.unwrap()),
            None => Either::Left(TcpStream::connect(address).await.unwrap()),
        };
        Self { stream: BufStream::new(stream) }
    }

    pub(super) async fn say(&mut self, text: impl AsRef<[u8]>) {
        write(&mut self.stream, text.as_ref()).await;
    }

    /// The next reply, all its lines; the code must begin with `code`.
    pub(super) async fn expect(&mut self, code: &str) -> String {
        let reply = self.reply().await;
        assert!(reply.starts_with(code), "{code} expected: {reply:?}");
        reply
    }

    /// Sends a text and expects one reply after the other.
    pub(super) async fn dialogue(&mut self, text: &str, codes: &[&str]) {
        self.say(text).await;
        for code in codes {
            self.expect(code).await;
        }
    }

    async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            assert_ne!(self.stream.read_line(&mut reply).await.unwrap(), 0, "closed after {reply:?}");
            let line = &reply[start..];
            assert!(line.ends_with("\r\n") && line.len() <= 512, "{line:?}");
            assert!(line.trim_end().bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line:?}");
            if line.as_bytes().get(3) == Some(&b' ') {
                return reply;
            }
        }
    }

    /// Says nothing more, and reads all that comes until the connection is closed.
    pub(super) async fn rest(mut self) -> String {
        self.stream.get_mut().shutdown().await.unwrap();
        self.closed().await
    }

    /// Reads all that comes until the other side closes the connection.
    pub(super) async fn closed(mut self) -> String {
        let mut rest = String::new();
        self.stream.read_to_string(&mut rest).await.unwrap();
        rest
    }
}

async fn write<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>, text: &[u8]) {
    stream.write_all(text).await.unwrap();
    stream.flush().await.unwrap();
}
