//! Size, time, number of connections, and the end of serving.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, future::join_all, stream};
use passerelle::request::Outcome;
use reqwest::{Body, header};
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Barrier, Notify},
};

use super::{Api, FORM_TOKEN, MAIL_TOKEN, api, api_with, fields, problem, receipt};

/// A body that never comes to its end.
fn endless() -> Body {
    let begin = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{")) });
    Body::wrap_stream(begin.chain(stream::pending()))
}

/// A body whose length is not announced.
fn chunked(size: usize) -> Body {
    Body::wrap_stream(stream::iter((0..size).step_by(1000).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1000]))))
}

#[tokio::test]
async fn a_body_of_the_limit_passes_and_a_larger_one_does_not() {
    let api = api_with(|http| http.max_size = 100_000, async |reference| Outcome::Created(receipt(reference))).await;
    for body in [Body::from(vec![b'x'; 100_000]), chunked(100_000)] {
        assert_eq!(api.mail().body(body).send().await.unwrap().status(), 201);
    }
    for body in [Body::from(vec![b'x'; 100_001]), chunked(101_000)] {
        let response = api.mail().body(body).send().await.unwrap();
        let problem = problem(response, 413, "body-too-large").await;
        assert!(problem["detail"].as_str().unwrap().contains("100000 octets"));
    }
    let form = api.post("/v1/requests").bearer_auth(FORM_TOKEN).header(header::CONTENT_TYPE, "application/json");
    problem(form.body(vec![b' '; 100_001]).send().await.unwrap(), 413, "body-too-large").await;
    assert_eq!(api.seen.mails.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_refused_sender_of_a_large_body_reads_why() {
    let api = api().await;
    let request = api.post("/v1/mail").bearer_auth("faux").header(header::CONTENT_TYPE, "message/rfc822");
    problem(request.body(vec![b'x'; 20_000_000]).send().await.unwrap(), 401, "bad-token").await;
}

#[tokio::test]
async fn all_bodies_together_are_bounded() {
    // Eight are held until a ninth has come in.
    let nine = Arc::new(Barrier::new(9));
    let api = api_with(
        |http| http.max_size = 10_240,
        move |reference| {
            let nine = nine.clone();
            async move {
                nine.wait().await;
                Outcome::Created(receipt(reference))
            }
        },
    )
    .await;
    let full = || api.mail().body(vec![b'x'; 10_240]).send();
    let mut waiting: Vec<_> = (0..8).map(|_| tokio::spawn(full())).collect();
    while api.seen.mails.lock().unwrap().len() < 8 {
        tokio::task::yield_now().await;
    }
    let turned_away = full().await.unwrap();
    assert!(turned_away.headers().contains_key(header::RETRY_AFTER));
    problem(turned_away, 503, "busy").await;
    // One without a body needs no room: it is the ninth.
    waiting.push(tokio::spawn(api.mail().send()));
    for answer in join_all(waiting).await {
        assert_eq!(answer.unwrap().unwrap().status(), 201);
    }
}

#[rstest]
#[case("/v1/mail", MAIL_TOKEN, "message/rfc822")]
#[case("/v1/requests", FORM_TOKEN, "application/json")]
#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_a_problem(
    #[case] path: &str,
    #[case] token: &str,
    #[case] content_type: &str,
) {
    let api = api_with(
        |http| http.timeout = Duration::from_millis(200),
        async |reference| Outcome::Created(receipt(reference)),
    )
    .await;
    let request = api.post(path).bearer_auth(token).header(header::CONTENT_TYPE, content_type).body(endless());
    problem(request.send().await.unwrap(), 408, "body-timeout").await;
}

/// An API whose handling says that it began, and ends when it is told to.
async fn held(timeout: Duration) -> (Api, Arc<Notify>, Arc<Notify>, Arc<Notify>) {
    let [began, go_on, ended] = [(); 3].map(|()| Arc::new(Notify::new()));
    let signals = (began.clone(), go_on.clone(), ended.clone());
    let api = api_with(
        |http| http.timeout = timeout,
        move |reference| {
            let (began, go_on, ended) = signals.clone();
            async move {
                began.notify_one();
                go_on.notified().await;
                ended.notify_one();
                Outcome::Created(receipt(reference))
            }
        },
    )
    .await;
    (api, began, go_on, ended)
}

#[tokio::test]
async fn handling_that_takes_too_long_goes_on_after_the_answer() {
    let (api, _, go_on, ended) = held(Duration::from_secs(1)).await;
    let response = api.form(&fields()).send().await.unwrap();
    assert_eq!(response.headers()[header::RETRY_AFTER], "30");
    problem(response, 503, "busy").await;
    go_on.notify_one();
    ended.notified().await;
}

#[tokio::test]
async fn handling_goes_on_when_the_sender_hangs_up() {
    let (api, began, go_on, ended) = held(Duration::from_mins(1)).await;
    let sending = tokio::spawn(api.form(&fields()).send());
    began.notified().await;
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
    drop(api.client);
    go_on.notify_one();
    ended.notified().await;
}

#[tokio::test]
async fn stopping_finishes_the_request_under_way_and_takes_no_other() {
    let (api, began, go_on, _) = held(Duration::from_mins(1)).await;
    let address = api.url.strip_prefix("http://").unwrap().to_owned();
    let mut idle = TcpStream::connect(&address).await.unwrap();
    let sending = tokio::spawn(api.form(&fields()).send());
    began.notified().await;
    api.stop.cancel();
    assert_eq!(idle.read(&mut [0; 10]).await.unwrap(), 0, "an idle connection is closed");
    assert!(!api.serving.is_finished());
    go_on.notify_one();
    let response = sending.await.unwrap().unwrap();
    assert_eq!(response.status(), 201);
    api.serving.await.unwrap();
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn only_so_many_connections_are_served_at_once() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let three = Arc::new(Barrier::new(3));
    let api = api_with(|http| http.max_connections = 3, {
        let (now, most) = (now.clone(), most.clone());
        move |reference| {
            let (now, most, three) = (now.clone(), most.clone(), three.clone());
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                three.wait().await;
                now.fetch_sub(1, Ordering::SeqCst);
                Outcome::Created(receipt(reference))
            }
        }
    })
    .await;
    let answers = join_all((0..12).map(|_| api.mail().header(header::CONNECTION, "close").body("x").send())).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().status() == 201));
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_broken_connection_harms_no_other() {
    let api = api().await;
    let address = api.url.strip_prefix("http://").unwrap();
    for garbage in
        [&b"\0\xff\r\n\r\n"[..], b"GET / HTTP/9\r\n\r\n", b"POST /v1/mail HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
    }
    let mut cut = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/mail HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {MAIL_TOKEN}\r\nContent-Length: 9\r\n\r\nabc"
    );
    cut.write_all(head.as_bytes()).await.unwrap();
    drop(cut);
    assert_eq!(api.get("/healthz").send().await.unwrap().status(), 200);
    assert!(api.seen.mails.lock().unwrap().is_empty());
}

#[rstest]
#[case::silent(b"")]
#[case::slow_head(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")]
#[case::idle(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")]
#[case::endless_body(b"POST /v1/mail HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")]
#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_happens_ends(#[case] sent: &[u8]) {
    let api = api().await;
    let mut stream = TcpStream::connect(api.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(sent).await.unwrap();
    // The clock is paused: it jumps to the next timeout once nothing else can happen.
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "));
}
