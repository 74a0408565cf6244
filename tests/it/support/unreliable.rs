//! A proxy in front of a GLPI, which is gone from a given write or call on: the gateway behind it is as good as killed
//! there.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse as _, Response},
};
use tokio::task::JoinHandle;
use url::Url;

/// When the write or call that is the last one is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// GLPI never sees it.
    Before,
    /// GLPI does it, and its answer is lost.
    After,
}

/// A running proxy. Dropping it stops it.
pub(crate) struct Unreliable {
    pub(crate) url: Url,
    counted: Arc<AtomicUsize>,
    calls: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

struct Shared {
    target: Url,
    client: reqwest::Client,
    at: usize,
    cut: Cut,
    /// Whether what only reads counts, too.
    counts_reads: bool,
    counted: Arc<AtomicUsize>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Unreliable {
    /// A proxy in front of `target` that cuts nothing: it tells of the calls.
    pub(crate) async fn counting(target: Url) -> Self {
        Self::start(target, usize::MAX, Cut::After).await
    }

    /// A proxy in front of `target`; its write number `at`, from 1, is the one that is cut, and nothing works after.
    pub(crate) async fn start(target: Url, at: usize, cut: Cut) -> Self {
        Self::cutting(target, at, cut, false).await
    }

    /// The same, whose call number `at`, from 1, is the one that is cut, whether it reads or writes.
    pub(crate) async fn at_call(target: Url, at: usize, cut: Cut) -> Self {
        Self::cutting(target, at, cut, true).await
    }

    async fn cutting(target: Url, at: usize, cut: Cut, counts_reads: bool) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let counted = Arc::new(AtomicUsize::new(0));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let (made, told) = (Arc::clone(&counted), Arc::clone(&calls));
        let shared = Shared { target, client, at, cut, counts_reads, counted: made, calls: told };
        let routes = Router::new().fallback(forward).with_state(Arc::new(shared));
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, counted, calls, serving }
    }

    /// The calls since the last time, each its method and path.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// Whether what is cut was made.
    pub(crate) fn has_cut(&self, at: usize) -> bool {
        self.counted.load(Ordering::SeqCst) >= at
    }
}

impl Drop for Unreliable {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let gone = || StatusCode::BAD_GATEWAY.into_response();
    let counts = shared.counts_reads || request.method() != Method::GET;
    shared.calls.lock().unwrap().push(format!("{} {}", request.method(), request.uri().path()));
    let number =
        if counts { shared.counted.fetch_add(1, Ordering::SeqCst) + 1 } else { shared.counted.load(Ordering::SeqCst) };
    let is_last = counts && number == shared.at;
    if (number >= shared.at && !is_last) || (is_last && shared.cut == Cut::Before) {
        return gone();
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path_and_query().unwrap().as_str();
    let mut headers = parts.headers;
    headers.remove("host");
    let call = shared.client.request(parts.method, shared.target.join(path).unwrap()).headers(headers).body(body);
    let answer = call.send().await.unwrap();
    if is_last {
        return gone();
    }
    let (status, content_type) = (answer.status(), answer.headers().get("content-type").cloned());
    let mut response = Response::new(Body::from(answer.bytes().await.unwrap()));
    *response.status_mut() = status;
    response.headers_mut().extend(content_type.map(|value| (axum::http::header::CONTENT_TYPE, value)));
    response
}
