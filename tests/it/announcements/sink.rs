//! A mail relay that keeps what it takes, and says no where it is told to.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What the relay does that is not usual.
#[derive(Clone, Debug, Default)]
pub(super) struct Moods {
    /// Its answer to these recipients; once each, where it puts off.
    pub(super) recipients: BTreeMap<String, u16>,
    /// Its answers to the next mails, after their final dots.
    pub(super) ends: Vec<u16>,
    /// No more recipients than these in one transaction.
    pub(super) most: Option<usize>,
    /// How long it thinks about a mail, in turn.
    pub(super) thinks: Vec<Duration>,
}

/// A mail that it took.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) mail: String,
}

/// A relay. Dropped, it ends.
pub(super) struct Sink {
    pub(super) address: SocketAddr,
    pub(super) moods: Arc<Mutex<Moods>>,
    taken: Arc<Mutex<Vec<Taken>>>,
    listening: JoinHandle<()>,
}

impl Sink {
    pub(super) async fn start(moods: Moods) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (moods, taken) = (Arc::new(Mutex::new(moods)), Arc::new(Mutex::new(Vec::new())));
        let (mine, kept) = (Arc::clone(&moods), Arc::clone(&taken));
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (moods, taken) = (Arc::clone(&mine), Arc::clone(&kept));
                // A client that is killed cuts its connection.
                tokio::spawn(async move { drop(serve(stream, moods, taken).await) });
            }
        });
        Self { address, moods, taken, listening }
    }

    pub(super) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub(super) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// How often each address got a mail.
    pub(super) fn copies(&self) -> BTreeMap<String, usize> {
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

async fn serve(stream: TcpStream, moods: Arc<Mutex<Moods>>, taken: Arc<Mutex<Vec<Taken>>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 sink\r\n").await?;
    let mut mail = Taken { from: String::new(), to: Vec::new(), mail: String::new() };
    while let Some(line) = lines.next_line().await? {
        let (word, rest) = line.split_once(':').unwrap_or((line.as_str(), ""));
        let inner = rest.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let answer = match word.to_ascii_uppercase().as_str() {
            "MAIL FROM" => {
                mail = Taken { from: inner, to: Vec::new(), mail: String::new() };
                "250 ok".to_owned()
            }
            "RCPT TO" => match recipient(&moods, &inner, mail.to.len()) {
                250 => {
                    mail.to.push(inner);
                    "250 ok".to_owned()
                }
                code => format!("{code} no"),
            },
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
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
                    taken.lock().unwrap().push(mail.clone());
                }
                tokio::time::sleep(thinks).await;
                format!("{end} heard")
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok".to_owned(),
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn recipient(moods: &Mutex<Moods>, address: &str, before: usize) -> u16 {
    let mut moods = moods.lock().unwrap();
    if moods.most.is_some_and(|most| before >= most) {
        return 452;
    }
    match moods.recipients.get(address).copied() {
        Some(code) if (400..500).contains(&code) => {
            moods.recipients.remove(address);
            code
        }
        Some(code) => code,
        None => 250,
    }
}
