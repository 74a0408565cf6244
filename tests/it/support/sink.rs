//! A mail relay that keeps what it takes, and says no where it is told to.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// What the relay does that is not usual.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moods {
    /// Its answer to these recipients; once each, where it puts off.
    pub(crate) recipients: BTreeMap<String, u16>,
    /// Its answer to these recipients each time, with its words.
    pub(crate) lasting: BTreeMap<String, String>,
    /// Its answer to these words of every transaction: MAIL FROM, DATA.
    pub(crate) words: BTreeMap<&'static str, u16>,
    /// Its answers to the next mails, after their final dots.
    pub(crate) ends: Vec<u16>,
    /// No more recipients than these in one transaction.
    pub(crate) most: Option<usize>,
    /// It hangs up on everybody who comes.
    pub(crate) away: bool,
    /// How long it thinks about a mail, in turn.
    pub(crate) thinks: Vec<Duration>,
}

/// How the relay speaks TLS.
#[derive(Clone)]
pub(crate) enum Secrecy {
    /// Not at all.
    None,
    /// After STARTTLS, and takes no mail before.
    Started(TlsAcceptor),
    /// From the start.
    Wrapped(TlsAcceptor),
}

/// A mail that it took.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// When it had the whole of it.
    pub(crate) at: Timestamp,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) mail: String,
}

/// A relay. Dropped, it ends.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    pub(crate) moods: Arc<Mutex<Moods>>,
    taken: Arc<Mutex<Vec<Taken>>>,
    connections: Arc<AtomicUsize>,
    listening: JoinHandle<()>,
}

impl Sink {
    pub(crate) async fn start(moods: Moods) -> Self {
        Self::with(moods, Secrecy::None).await
    }

    pub(crate) async fn with(moods: Moods, secrecy: Secrecy) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (moods, taken) = (Arc::new(Mutex::new(moods)), Arc::new(Mutex::new(Vec::new())));
        let connections = Arc::new(AtomicUsize::new(0));
        let (mine, kept, ended) = (Arc::clone(&moods), Arc::clone(&taken), Arc::clone(&connections));
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if mine.lock().unwrap().away {
                    continue;
                }
                let (moods, taken, secrecy) = (Arc::clone(&mine), Arc::clone(&kept), secrecy.clone());
                // A client that is killed cuts its connection.
                let ended = Arc::clone(&ended);
                tokio::spawn(async move {
                    drop(greet(stream, &secrecy, moods, taken).await);
                    ended.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, moods, taken, connections, listening }
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// The mails that it took after so many.
    pub(crate) fn taken_after(&self, many: usize) -> Vec<Taken> {
        self.taken.lock().unwrap()[many..].to_vec()
    }

    /// Connections that have ended.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How often each address got a mail.
    pub(crate) fn copies(&self) -> BTreeMap<String, usize> {
        let mut copies = BTreeMap::new();
        for address in self.taken().into_iter().flat_map(|taken| taken.to) {
            *copies.entry(address).or_default() += 1;
        }
        copies
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn greet(
    mut stream: TcpStream,
    secrecy: &Secrecy,
    moods: Arc<Mutex<Moods>>,
    taken: Arc<Mutex<Vec<Taken>>>,
) -> std::io::Result<()> {
    match secrecy {
        Secrecy::None => {
            stream.write_all(b"220 sink\r\n").await?;
            serve(stream, moods, taken).await
        }
        Secrecy::Started(acceptor) => {
            stream.write_all(b"220 sink\r\n").await?;
            let mut lines = BufReader::new(&mut stream).lines();
            while let Some(line) = lines.next_line().await? {
                let answer: &[u8] = match line.split(' ').next() {
                    Some("EHLO") => b"250-sink\r\n250 STARTTLS\r\n",
                    Some("STARTTLS") => break,
                    _ => b"530 STARTTLS first\r\n",
                };
                lines.get_mut().write_all(answer).await?;
            }
            stream.write_all(b"220 go on\r\n").await?;
            serve(acceptor.accept(stream).await?, moods, taken).await
        }
        Secrecy::Wrapped(acceptor) => {
            let mut stream = acceptor.accept(stream).await?;
            stream.write_all(b"220 sink\r\n").await?;
            stream.flush().await?;
            serve(stream, moods, taken).await
        }
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite,
    moods: Arc<Mutex<Moods>>,
    taken: Arc<Mutex<Vec<Taken>>>,
) -> std::io::Result<()> {
    let (read, mut write) = tokio::io::split(stream);
    let mut lines = BufReader::new(read).lines();
    let mut mail = Taken { at: Timestamp::now(), from: String::new(), to: Vec::new(), mail: String::new() };
    while let Some(line) = lines.next_line().await? {
        let (word, rest) = line.split_once(':').unwrap_or((line.as_str(), ""));
        let inner = rest.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let word = word.to_ascii_uppercase();
        let told = moods.lock().unwrap().words.get(word.as_str()).copied();
        let answer = match word.as_str() {
            _ if told.is_some() => format!("{} no", told.unwrap_or_default()),
            "MAIL FROM" => {
                mail = Taken { at: Timestamp::now(), from: inner, to: Vec::new(), mail: String::new() };
                "250 ok".to_owned()
            }
            "RCPT TO" => {
                let answer = recipient(&moods, &inner, mail.to.len());
                if answer.starts_with("250") {
                    mail.to.push(inner);
                }
                answer
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                write.flush().await?;
                let mut text = String::new();
                loop {
                    // Without the final dot there is no mail.
                    let Some(line) = lines.next_line().await? else { return Ok(()) };
                    if line == "." {
                        break;
                    }
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push_str("\r\n");
                }
                mail.mail = text;
                let (end, thinks) = {
                    let mut moods = moods.lock().unwrap();
                    let end = if moods.ends.is_empty() { 250 } else { moods.ends.remove(0) };
                    let thinks = if moods.thinks.is_empty() { Duration::ZERO } else { moods.thinks.remove(0) };
                    moods.thinks.push(thinks);
                    (end, thinks)
                };
                if end == 250 {
                    mail.at = Timestamp::now();
                    taken.lock().unwrap().push(mail.clone());
                }
                tokio::time::sleep(thinks).await;
                format!("{end} heard")
            }
            word if word.starts_with("EHLO") => "250-sink\r\n250 AUTH PLAIN".to_owned(),
            // Whoever signs in is believed.
            word if word.starts_with("AUTH ") => "235 heard".to_owned(),
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                write.flush().await?;
                return Ok(());
            }
            _ => "250 ok".to_owned(),
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
        write.flush().await?;
    }
    Ok(())
}

fn recipient(moods: &Mutex<Moods>, address: &str, before: usize) -> String {
    let mut moods = moods.lock().unwrap();
    if moods.most.is_some_and(|most| before >= most) {
        return "452 4.5.3 too many recipients".to_owned();
    }
    if let Some(answer) = moods.lasting.get(address) {
        return answer.clone();
    }
    let code = match moods.recipients.get(address).copied() {
        Some(code) if (400..500).contains(&code) => {
            moods.recipients.remove(address);
            code
        }
        Some(code) => code,
        None => 250,
    };
    format!("{code} heard")
}
