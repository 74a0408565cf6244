//! A proxy in front of a GLPI that meddles with what is made: it takes parts out of a call, and gives another answer,
//! as a GLPI does that dies between two writes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use url::Url;

/// A call that makes or changes something.
pub(crate) struct Making {
    /// `Ticket`, `Document`, `Ticket/7`…
    pub(crate) path: String,
    pub(crate) input: Value,
    /// The files that go along: name and bytes.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes on as it is now.
    Passes,
    /// It goes on, and this is answered instead of what GLPI says.
    Answers(u16),
    /// GLPI never sees it.
    Dies(u16),
}

type Meddle = Box<dyn Fn(&mut Making) -> Fate + Send + Sync>;

/// A running proxy. Dropping it stops it.
pub(crate) struct Meddler {
    pub(crate) url: Url,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    target: Url,
    client: reqwest::Client,
    version: &'static str,
    meddle: Meddle,
    calls: Mutex<Vec<String>>,
}

impl Meddler {
    /// A proxy in front of `target`, which says that it is of this version.
    pub(crate) async fn start(
        target: Url,
        version: &'static str,
        meddle: impl Fn(&mut Making) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let meddle = Box::new(meddle);
        let shared = Arc::new(Shared { target, client, version, meddle, calls: Mutex::default() });
        let routes = Router::new().fallback(forward).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, shared, serving }
    }

    /// The calls since the last time this was asked: method and path.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let address = parts.uri.path_and_query().unwrap().as_str().to_owned();
    let path = parts.uri.path().trim_start_matches("/apirest.php/").to_owned();
    shared.calls.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{} {path}", parts.method));
    let mut headers = parts.headers;
    for name in ["host", "content-length"] {
        headers.remove(name);
    }
    let target = shared.target.join(&address).unwrap();
    let mut fate = Fate::Passes;
    let call = if parts.method == Method::GET {
        shared.client.get(target).headers(headers)
    } else {
        let mut making = read(path.clone(), &headers, body).await;
        fate = (shared.meddle)(&mut making);
        if let Fate::Dies(status) = fate {
            return StatusCode::from_u16(status).unwrap().into_response();
        }
        headers.remove(CONTENT_TYPE);
        write(shared.client.request(parts.method, target).headers(headers), &making)
    };
    let answer = call.send().await.unwrap();
    if let Fate::Answers(status) = fate {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    let (status, content_type) = (answer.status(), answer.headers().get(CONTENT_TYPE).cloned());
    let mut body = answer.bytes().await.unwrap();
    if path == "getGlpiConfig" {
        let mut told: Value = serde_json::from_slice(&body).unwrap();
        told["cfg_glpi"]["version"] = shared.version.into();
        body = told.to_string().into();
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().extend(content_type.map(|value| (CONTENT_TYPE, value)));
    response
}

async fn read(path: String, headers: &HeaderMap, body: Bytes) -> Making {
    let kind = headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap()).unwrap_or_default();
    let Ok(boundary) = multer::parse_boundary(kind) else {
        let input = serde_json::from_slice::<Value>(&body).map(|mut body| body["input"].take()).unwrap_or_default();
        return Making { path, input, files: Vec::new() };
    };
    let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(body) });
    let mut form = multer::Multipart::new(stream, boundary);
    let (mut input, mut files) = (Value::Null, Vec::new());
    while let Some(field) = form.next_field().await.unwrap() {
        let name = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.unwrap();
        match name {
            Some(name) => files.push((name, bytes.to_vec())),
            None => input = serde_json::from_slice::<Value>(&bytes).unwrap()["input"].take(),
        }
    }
    Making { path, input, files }
}

fn write(call: reqwest::RequestBuilder, making: &Making) -> reqwest::RequestBuilder {
    let body = json!({ "input": making.input });
    if making.files.is_empty() {
        return call.json(&body);
    }
    let manifest = Part::text(body.to_string()).mime_str("application/json").unwrap();
    let form = Form::new().part("uploadManifest", manifest);
    call.multipart(making.files.iter().enumerate().fold(form, |form, (at, (name, bytes))| {
        form.part(format!("file{at}[0]"), Part::bytes(bytes.clone()).file_name(name.clone()))
    }))
}

/// The order in which GLPI writes a ticket or a follow-up with its files, and what it has written when it dies there:
/// the row, each file, then the actors, or what a follow-up does to its ticket.
pub(crate) fn dies_after(making: &mut Making, writes: usize) {
    let files = making.files.len().min(writes.saturating_sub(1));
    let is_shown = files == making.files.len() && writes > files + 1;
    let takes = takes_in_charge(making);
    making.files.truncate(files);
    let Value::Object(input) = &mut making.input else { return };
    if !is_shown {
        // The text is written anew after the last file.
        input.remove("_tag_filename");
    }
    let mut left = writes.saturating_sub(files + 2);
    if takes {
        if is_shown && left > 0 {
            left -= 1;
        } else {
            input.insert(NOT_TAKEN.to_owned(), json!(1));
        }
    }
    let later = ["_users_id_requester", "_groups_id_assign", "_groups_id_observer", "add_reopen"];
    let there: Vec<_> = later.into_iter().filter(|key| input.contains_key(*key)).collect();
    for key in there.into_iter().skip(if is_shown { left } else { 0 }) {
        input.remove(key);
        input.remove(&format!("{key}_notif"));
    }
}

/// What forbids GLPI to count a call as taking a ticket in charge.
const NOT_TAKEN: &str = "_do_not_compute_takeintoaccount";

/// Whether this takes its ticket in charge: before anything becomes of the ticket's status.
fn takes_in_charge(making: &Making) -> bool {
    making.path == "ITILFollowup" && making.input.get(NOT_TAKEN).is_none()
}

/// How many writes a whole one takes.
pub(crate) fn writes_of(making: &Making) -> usize {
    let later = ["_users_id_requester", "_groups_id_assign", "_groups_id_observer", "add_reopen"];
    2 + making.files.len()
        + usize::from(takes_in_charge(making))
        + later.iter().filter(|key| making.input.get(**key).is_some()).count()
}

/// Makes GLPI 11 of it, which dies of a file that it refuses when it comes to attach it: after the row and the files
/// before. Gives whether it does.
pub(crate) fn dies_of_a_refused_file(making: &mut Making, is_refused: impl Fn(&str) -> bool) -> bool {
    let is_item = ["Ticket", "ITILFollowup"].contains(&making.path.as_str());
    let Some(at) = making.files.iter().position(|(name, _)| is_refused(name)).filter(|_| is_item) else { return false };
    dies_after(making, at + 1);
    true
}

/// The calls and how often each was made.
pub(crate) fn tally(calls: &[String]) -> BTreeMap<&str, usize> {
    calls.iter().fold(BTreeMap::new(), |mut tally, call| {
        *tally.entry(call.as_str()).or_default() += 1;
        tally
    })
}
