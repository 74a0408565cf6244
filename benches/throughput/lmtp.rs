//! A relay that keeps its connections, as Postfix does.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpStream,
};

use crate::{gateway::Running, support::gateway::ASSISTANCE, table::per_second};

/// Delivers these mails over so many connections. Gives mails a second. Each reply must hold `expected`.
pub(crate) async fn deliver(
    address: SocketAddr,
    connections: usize,
    mails: Vec<(String, Vec<u8>)>,
    expected: &'static str,
) -> f64 {
    let count = mails.len();
    let left = Arc::new(Mutex::new(mails.into_iter()));
    let began = Instant::now();
    let mut relays = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let left = Arc::clone(&left);
        relays.spawn(async move {
            let mut stream = BufStream::new(TcpStream::connect(address).await.unwrap());
            reply(&mut stream).await;
            command(&mut stream, "LHLO relais.test").await;
            loop {
                let Some((sender, raw)) = left.lock().unwrap().next() else { return };
                command(&mut stream, &format!("MAIL FROM:<{sender}>")).await;
                command(&mut stream, &format!("RCPT TO:<{ASSISTANCE}>")).await;
                command(&mut stream, "DATA").await;
                stream.write_all(&raw).await.unwrap();
                stream.write_all(b".\r\n").await.unwrap();
                stream.flush().await.unwrap();
                let answer = reply(&mut stream).await;
                assert!(answer.contains(expected), "{answer}");
            }
        });
    }
    relays.join_all().await;
    per_second(count, began.elapsed())
}

/// The same; gives the mails for each second of the gateway's processor time, too.
pub(crate) async fn deliver_with_processor(
    gateway: &Running,
    connections: usize,
    mails: Vec<(String, Vec<u8>)>,
    expected: &'static str,
) -> (f64, f64) {
    let (count, before) = (mails.len(), gateway.processor());
    let rate = deliver(gateway.lmtp, connections, mails, expected).await;
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let for_each = count as f64 / (gateway.processor() - before).max(0.01);
    (rate, for_each)
}

async fn command(stream: &mut BufStream<TcpStream>, line: &str) {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let answer = reply(stream).await;
    assert!(answer.starts_with(['2', '3']), "{line}: {answer}");
}

/// The last line of a reply.
async fn reply(stream: &mut BufStream<TcpStream>) -> String {
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).await.unwrap() > 0, "the gateway hung up");
        if line.as_bytes().get(3) != Some(&b'-') {
            return line.trim_end().to_owned();
        }
    }
}
