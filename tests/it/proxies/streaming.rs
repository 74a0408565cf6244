//! Files go through as they come, up and down: a proxy that held them back would keep on its disk what people send and
//! read, and each large file would be waited for twice.

use std::convert::Infallible;

use axum::body::Bytes;
use reqwest::{Body, Method, header};
use rstest::rstest;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, UnixListener},
    sync::{mpsc, watch},
    time::timeout,
};

use super::{Program, Proxy, socket};
use crate::support::PATIENCE;

/// Half a file. More than a proxy reads before it calls (Apache: 16 KiB), and than its buffers hold.
const HALF: usize = 512 << 10;

/// What stands where a gateway listens: it says how much of a file has come, and gives the second half of its own when it
/// is told to.
struct Desk {
    come: watch::Sender<usize>,
    go_on: watch::Receiver<bool>,
}

impl Desk {
    /// Takes one file, and gives another.
    async fn serve(mut self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        assert!(
            head.contains(&format!("\r\ncontent-length: {}\r\n", 2 * HALF)),
            "its length is known beforehand: {head}"
        );
        let (mut buffer, mut come) = (vec![0; 64 << 10], 0);
        while come < 2 * HALF {
            let read = stream.read(&mut buffer).await?;
            assert!(read > 0, "the proxy hung up after {come} bytes");
            come += read;
            self.come.send_replace(come);
        }
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", 2 * HALF);
        stream.write_all(&[head.as_bytes(), &vec![b'd'; HALF]].concat()).await?;
        stream.flush().await?;
        self.go_on.wait_for(|go| *go).await.unwrap();
        stream.write_all(&vec![b'd'; HALF]).await?;
        stream.shutdown().await
    }
}

/// A file of which the rest comes later.
fn file() -> (mpsc::Sender<Bytes>, Body) {
    let (send, receive) = mpsc::channel::<Bytes>(1);
    let stream = futures_util::stream::unfold(receive, |mut receive| async move {
        receive.recv().await.map(|piece| (Ok::<_, Infallible>(piece), receive))
    });
    (send, Body::wrap_stream(stream))
}

/// Sends a file to this page, of which the rest comes when most of the beginning is there, and reads another one alike.
async fn there_and_back<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    proxy: &Proxy,
    path: &str,
    comes: impl Future<Output = S> + Send + 'static,
) {
    let ((come, mut has_come), (go, go_on)) = (watch::channel(0), watch::channel(false));
    let serving = tokio::spawn(async move { Desk { come, go_on }.serve(comes.await).await });
    let (rest, body) = file();
    let call = proxy.jeanne(Method::POST, path).header(header::CONTENT_LENGTH, 2 * HALF).body(body);
    let answering = tokio::spawn(call.send());
    rest.send(vec![b'u'; HALF].into()).await.unwrap();
    has_come.wait_for(|come| *come > HALF / 2).await.unwrap();
    rest.send(vec![b'u'; HALF].into()).await.unwrap();
    drop(rest);
    let mut answer = answering.await.unwrap().unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let mut read = 0;
    while read <= HALF / 2 {
        read += answer.chunk().await.unwrap().unwrap().len();
    }
    go.send_replace(true);
    while let Some(piece) = answer.chunk().await.unwrap() {
        read += piece.len();
    }
    assert_eq!(read, 2 * HALF, "{path}");
    serving.await.unwrap().unwrap();
}

#[rstest]
#[case(Program::Nginx)]
#[case(Program::Apache)]
#[case(Program::Caddy)]
#[tokio::test(flavor = "multi_thread")]
async fn files_go_through_as_they_come(#[case] program: Program) {
    let folder = tempfile::tempdir().unwrap();
    let api = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pages = UnixListener::bind(socket(folder.path())).unwrap();
    let proxy = Proxy::before(program, api.local_addr().unwrap(), folder).await;
    let of_api = there_and_back(&proxy, "/v1/requests", async move { api.accept().await.unwrap().0 });
    timeout(PATIENCE, of_api).await.expect("the API's files go through as they come");
    let of_pages = there_and_back(&proxy, "/portail/nouvelle", async move { pages.accept().await.unwrap().0 });
    timeout(PATIENCE, of_pages).await.expect("the pages' files go through as they come");
}
