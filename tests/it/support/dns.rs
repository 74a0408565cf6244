//! A small DNS server on loopback, which has the records it is given (RFC 1035).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::{net::UdpSocket, task::JoinHandle};

/// What the server does with a question.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A TXT record.
    Text(String),
    /// SERVFAIL.
    Failure,
    /// Nothing.
    Silence,
}

/// A running server. It says NXDOMAIN of names it has not been given.
pub(crate) struct Dns {
    /// Where it listens, as `sender.dns` takes it.
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
    running: JoinHandle<()>,
}

impl Dns {
    pub(crate) async fn start(records: &[(String, Answer)]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let records: HashMap<String, Answer> = records.iter().cloned().collect();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let names = Arc::clone(&asked);
        let running = tokio::spawn(async move {
            let mut query = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut query).await {
                let (name, question) = question(&query[..length]);
                let (code, text) = match records.get(&name) {
                    Some(Answer::Text(text)) => (0, Some(text)),
                    Some(Answer::Failure) => (2, None),
                    Some(Answer::Silence) => (0, None),
                    None => (3, None),
                };
                let is_silent = matches!(records.get(&name), Some(Answer::Silence));
                names.lock().unwrap().push(name);
                if is_silent {
                    continue;
                }
                let mut reply =
                    vec![query[0], query[1], 0x81, 0x80 | code, 0, 1, 0, u8::from(text.is_some()), 0, 0, 0, 0];
                reply.extend(question);
                if let Some(text) = text {
                    let strings: Vec<u8> = text
                        .as_bytes()
                        .chunks(255)
                        .flat_map(|chunk| [&[u8::try_from(chunk.len()).unwrap()], chunk].concat())
                        .collect();
                    reply.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
                    reply.extend(u16::try_from(strings.len()).unwrap().to_be_bytes());
                    reply.extend(strings);
                }
                socket.send_to(&reply, from).await.unwrap();
            }
        });
        Self { address, asked, running }
    }

    /// The names it was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// The name in a query, in lower case, and its question section as it stands.
fn question(query: &[u8]) -> (String, Vec<u8>) {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
        at = end;
    }
    (labels.join("."), query[12..at + 5].to_vec())
}
