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

use super::{Api, FORM_TOKEN, MAIL_TOKEN, SECRET, TICKET_TOKEN, api, api_with, fields, problem, receipt, sign};

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
        assert!(problem["detail"].as_str().unwrap().contains("97\u{a0}Ko"));
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

/// An API for three of the largest bodies at a time, which holds what came until `together` have come.
async fn holding(together: usize) -> Api {
    let barrier = Arc::new(Barrier::new(together));
    api_with(
        |http| {
            http.max_size = LARGE;
            // A body waits a fourth of it for room.
            http.timeout = Duration::from_secs(4);
        },
        move |reference| {
            let barrier = barrier.clone();
            async move {
                barrier.wait().await;
                Outcome::Created(receipt(reference))
            }
        },
    )
    .await
}

/// As large as a body may be.
const LARGE: usize = 1 << 20;

#[tokio::test]
async fn all_bodies_together_are_bounded() {
    let api = holding(4).await;
    let full = || api.mail().body(vec![b'x'; LARGE]).send();
    let mut waiting: Vec<_> = (0..3).map(|_| tokio::spawn(full())).collect();
    while api.seen.mails.lock().unwrap().len() < 3 {
        tokio::task::yield_now().await;
    }
    let turned_away = full().await.unwrap();
    assert!(turned_away.headers().contains_key(header::RETRY_AFTER));
    problem(turned_away, 503, "busy").await;
    // A small one needs no room: it is the fourth.
    waiting.push(tokio::spawn(api.mail().body(vec![b'x'; 60_000]).send()));
    for answer in join_all(waiting).await {
        assert_eq!(answer.unwrap().unwrap().status(), 201);
    }
}

#[rstest]
#[case::announced(true)]
#[case::not_announced(false)]
#[tokio::test]
async fn more_large_bodies_than_there_is_room_for_are_taken_in_turn(#[case] is_announced: bool) {
    let api = api_with(|http| http.max_size = LARGE, async |reference| Outcome::Created(receipt(reference))).await;
    let body = || if is_announced { Body::from(vec![b'x'; LARGE - 576]) } else { chunked(LARGE - 576) };
    for answer in join_all((0..20).map(|_| api.mail().body(body()).send())).await {
        assert_eq!(answer.unwrap().status(), 201);
    }
}

/// The head of a signed form, of the right shape and by nobody.
fn forged(size: usize) -> String {
    let (now, signature) = (jiff::Timestamp::now().as_second(), "0".repeat(64));
    format!(
        "POST /v1/requests HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\
         X-Passerelle-Timestamp: {now}\r\nX-Passerelle-Signature: v1={signature}\r\n\r\n"
    )
}

/// A connection on which all was sent of such a form but its last byte.
async fn stranger(api: &Api, size: usize) -> TcpStream {
    let mut stream = TcpStream::connect(api.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(forged(size).as_bytes()).await.unwrap();
    // One who waits for room is not read any further.
    let _ = tokio::time::timeout(Duration::from_millis(300), stream.write_all(&vec![b'x'; size - 1])).await;
    stream
}

#[rstest]
#[case::small(1000)]
#[case::large(LARGE - 1000)]
#[tokio::test]
async fn strangers_who_send_all_but_the_last_byte_keep_no_portal_out(#[case] size: usize) {
    let api = api_with(|http| http.max_size = LARGE, async |reference| Outcome::Created(receipt(reference))).await;
    let strangers = join_all((0..8).map(|_| stranger(&api, LARGE))).await;
    let mut form = fields();
    form["description"] = "x".repeat(size.min(4000)).into();
    let mut body = form.to_string();
    body.push_str(&" ".repeat(size.saturating_sub(body.len())));
    let began = std::time::Instant::now();
    let time = jiff::Timestamp::now().as_second().to_string();
    let signature = sign(SECRET, &time, body.as_bytes());
    let signed = api.post("/v1/requests").header(header::CONTENT_TYPE, "application/json");
    let signed =
        signed.header("X-Passerelle-Timestamp", time).header("X-Passerelle-Signature", format!("v1={signature}"));
    assert_eq!(signed.body(body).send().await.unwrap().status(), 201);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    drop(strangers);
}

#[tokio::test]
async fn who_has_proved_something_needs_no_room_of_the_strangers() {
    let api = api_with(|http| http.max_size = LARGE, async |reference| Outcome::Created(receipt(reference))).await;
    let _strangers = join_all((0..8).map(|_| stranger(&api, LARGE))).await;
    let answer = api.mail().body(vec![b'x'; LARGE]).send().await.unwrap();
    assert_eq!(answer.status(), 201);
}

#[tokio::test(start_paused = true)]
async fn an_unproven_body_that_stands_still_ends_before_its_time() {
    let api = api().await;
    let began = tokio::time::Instant::now();
    let mut stream = TcpStream::connect(api.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(forged(1000).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("body-timeout"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[rstest]
#[case::too_large("/v1/requests", FORM_TOKEN, 413)]
#[case::wrong_token("/v1/mail", "faux", 401)]
#[case::wrong_type("/v1/tickets/1/escalate", TICKET_TOKEN, 415)]
#[case::nowhere("/v1/nowhere", FORM_TOKEN, 404)]
#[case::wrong_method("/healthz", FORM_TOKEN, 405)]
#[tokio::test]
async fn who_reads_after_writing_all_of_a_large_body_gets_the_answer(
    #[case] path: &str,
    #[case] token: &str,
    #[case] status: u16,
) {
    let api = api_with(|http| http.max_size = LARGE, async |reference| Outcome::Created(receipt(reference))).await;
    let size = 40 * LARGE;
    let mut stream = TcpStream::connect(api.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: text/plain\r\n\
         Content-Length: {size}\r\n\r\n"
    )
    .replace("text/plain", if status == 413 { "application/json" } else { "text/plain" });
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; size]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
}

#[rstest]
#[case::announced(false)]
#[case::not_announced(true)]
#[tokio::test]
async fn a_connection_whose_bodies_are_read_is_kept(#[case] is_chunked: bool) {
    let api = api().await;
    for _ in 0..2 {
        let body = if is_chunked { chunked(3000) } else { Body::from(vec![b'x'; 3000]) };
        let answer = api.mail().body(body).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().get(header::CONNECTION)), (201, None));
    }
}

#[rstest]
#[case::mail("/v1/mail", MAIL_TOKEN, "message/rfc822")]
#[case::form("/v1/requests", FORM_TOKEN, "application/json")]
#[tokio::test]
async fn who_waits_to_be_told_to_send_too_much_is_answered_without(
    #[case] path: &str,
    #[case] token: &str,
    #[case] content_type: &str,
) {
    let api = api_with(|http| http.max_size = LARGE, async |reference| Outcome::Created(receipt(reference))).await;
    let mut stream = TcpStream::connect(api.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {content_type}\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        LARGE + 1
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 413 ") && head.contains("\r\nconnection: close"), "{head}");
    assert!(head.contains("application/problem+json") && body.contains("body-too-large"), "{answer}");
    assert!(api.seen.mails.lock().unwrap().is_empty());
}

#[tokio::test]
async fn who_waits_to_be_told_to_send_what_fits_is_told() {
    let api = api_with(|http| http.max_size = LARGE, async |reference| Outcome::Created(receipt(reference))).await;
    let mut stream = TcpStream::connect(api.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST /v1/mail HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {MAIL_TOKEN}\r\nConnection: close\r\n\
         Expect: 100-continue\r\nContent-Length: {LARGE}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&vec![b'x'; LARGE]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

#[rstest]
#[case::heads_that_never_end(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")]
#[case::silent_connections(b"")]
#[case::bodies_that_never_come(b"POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n")]
#[tokio::test]
async fn whoever_asks_is_told_that_the_gateway_is_alive(#[case] sent: &[u8]) {
    let api = api_with(|http| http.max_connections = 20, async |reference| Outcome::Created(receipt(reference))).await;
    let address = api.url.strip_prefix("http://").unwrap();
    let mut held = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        held.push(stream);
    }
    let asked = tokio::time::timeout(Duration::from_secs(5), api.get("/healthz").send());
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    assert_eq!(api.mail().body("x").send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn whoever_asks_is_answered_while_every_turn_is_taken() {
    let [began, go_on] = [(); 2].map(|()| Arc::new(Notify::new()));
    let signals = (began.clone(), go_on.clone());
    let api = api_with(
        |http| http.max_connections = 1,
        move |reference| {
            let (began, go_on) = signals.clone();
            async move {
                began.notify_one();
                go_on.notified().await;
                Outcome::Created(receipt(reference))
            }
        },
    )
    .await;
    let first = tokio::spawn(api.form(&fields()).send());
    began.notified().await;
    let asked = tokio::time::timeout(Duration::from_secs(5), api.get("/healthz").send());
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    go_on.notify_one();
    assert_eq!(first.await.unwrap().unwrap().status(), 201);
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
