//! While something large is read, the threads that serve the others go on: on the one thread of these tests, another
//! task has its turns again and again until the large one is there.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use data_encoding::{BASE64, BASE64_MIME};
use futures_util::FutureExt as _;
use jiff::Timestamp;
use passerelle::{
    flow::route::MappingStore,
    id::TicketId,
    intake::{
        form::{self, Encoding, Submission},
        mime,
    },
    request::Address,
};

use crate::support::received::envelope;

/// A large file, bytes.
const LARGE: usize = 1 << 20;
/// What is done within a turn gives nobody else one; what is done beside leaves thousands.
const MANY: usize = 100;

/// How many turns another task had while this was done, and what came of it.
async fn turns_beside<T>(work: impl Future<Output = T>) -> (usize, T) {
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = turns.clone();
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let done = work.await;
    other.abort();
    (turns.load(Ordering::Relaxed), done)
}

/// Whether another task has its turns while this is done, on a machine that may be busy elsewhere and do the work first.
/// What is done on this very thread leaves none, however often it is tried.
async fn others_go_on<I, T>(what: &str, given: impl AsyncFn() -> I, work: impl AsyncFn(I) -> T) -> T {
    let mut most = 0;
    for _ in 0..20 {
        let given = given().await;
        let (turns, done) = turns_beside(work(given)).await;
        if turns > MANY {
            return done;
        }
        most = most.max(turns);
    }
    panic!("{what}: {most} turns at most")
}

fn file(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| u8::try_from(at * at % 251).unwrap()).collect()
}

fn json(bytes: usize) -> Bytes {
    let content = BASE64.encode(&file(bytes));
    format!(
        r#"{{"requester": "ce.0210001a@ac-dijon.fr", "application": "LSU", "title": "LSU", "description": "Bilans",
            "attachments": [{{"name": "bilans.odt", "content": "{content}"}}]}}"#
    )
    .into()
}

fn multipart(bytes: usize) -> Bytes {
    let head = "--b\r\nContent-Disposition: form-data; name=\"attachments\"; filename=\"bilans.odt\"\r\n\r\n";
    [head.as_bytes(), &file(bytes), b"\r\n--b--\r\n"].concat().into()
}

fn mail(bytes: usize) -> Bytes {
    let content = BASE64_MIME.encode(&file(bytes));
    format!(
        "From: ce.0210001a@ac-dijon.fr\r\nSubject: LSU\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{content}"
    )
    .into()
}

fn boundary() -> Encoding {
    Encoding::Multipart { boundary: "b".to_owned() }
}

async fn read(encoding: Encoding, body: Bytes) -> Submission {
    form::read(encoding, body).await.unwrap()
}

#[tokio::test]
async fn others_go_on_while_a_large_body_is_read() {
    let urlencoded = Bytes::from(format!("description={}", "%41+".repeat(LARGE / 4)));
    for (encoding, body) in
        [(Encoding::Json, json(LARGE)), (boundary(), multipart(LARGE)), (Encoding::Urlencoded, urlencoded)]
    {
        let given = async || (encoding.clone(), body.clone());
        others_go_on(&format!("{encoding:?}"), given, async |(encoding, body)| read(encoding, body).await).await;
    }
    let raw = mail(LARGE);
    let given = async || (envelope(raw.len()), raw.clone());
    let read = async |(envelope, raw)| mime::mail(envelope, raw, Timestamp::now()).await;
    let received = others_go_on("a mail", given, read).await;
    assert_eq!(received.attachments[0].content.len(), LARGE);
}

#[tokio::test]
async fn others_go_on_while_a_large_form_is_named_and_checked() {
    let (person, now) = (Address::parse("ce.0210001a@ac-dijon.fr").unwrap(), Timestamp::now());
    let mappings = MappingStore::load(None).unwrap().now();

    let submission = async || read(Encoding::Json, json(LARGE)).await;
    let refusal = async |submission| form::refusal(submission, 0).await;
    let refused = others_go_on("why a solution is refused", submission, refusal).await;
    assert_eq!(refused.unwrap().1.attachments[0].content.len(), LARGE);

    let request = async |submission| form::receive(submission, 0, None, mappings.applications(), now).await;
    let received = others_go_on("a request", submission, request).await;
    assert_eq!(received.unwrap().attachments[0].content.len(), LARGE);

    let added = async || read(boundary(), multipart(LARGE)).await;
    let complement = async |submission| form::complement(submission, 0, None, &person, TicketId::new(7), now).await;
    let received = others_go_on("something more about a request", added, complement).await;
    assert_eq!(received.unwrap().attachments[0].content.len(), LARGE);
}

#[tokio::test]
async fn what_is_small_is_read_where_it_is() {
    for (encoding, body) in [(Encoding::Json, json(1000)), (boundary(), multipart(1000))] {
        assert!(read(encoding.clone(), body).now_or_never().is_some(), "{encoding:?}");
    }
    let raw = mail(1000);
    assert!(mime::mail(envelope(raw.len()), raw, Timestamp::now()).now_or_never().is_some());
}
