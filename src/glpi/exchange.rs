//! One HTTP exchange with GLPI: the request as GLPI and PHP read it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use data_encoding::BASE64;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::id::DocumentId;

use super::error::{GlpiError, Trouble};
use super::excerpt::Excerpt;
use super::remedy::Remedy;
use super::verdict::{Doing, Failure, cut, judge, name_right};
use super::{Credentials, Settings, upload::Upload};

const SESSION_TOKEN: HeaderName = HeaderName::from_static("session-token");
/// The longest a document may be under way.
const LONGEST_DOWNLOAD: Duration = Duration::from_mins(5);
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// Bytes of a request line's parameters: web servers take 8 KiB in all. Its brackets are three bytes each on their way.
const LONGEST_LINE: usize = 7 * 1024;
const LINE_OVERHEAD: usize = 14;

/// The one type GLPI sends a document's bytes for.
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Names and values of a request line.
type Line = Vec<(String, String)>;

/// Where GLPI is, and how it is reached.
pub(super) struct Server {
    http: Client,
    /// With a trailing slash.
    api: Url,
    authorization: HeaderValue,
}

/// A request, kept so that it can be sent again.
pub(super) struct Call<'a> {
    path: String,
    query: Vec<(String, String)>,
    action: Action<'a>,
}

/// What a call is to do.
enum Action<'a> {
    Read {
        /// What is asked for, where it is too long for a request line.
        body: Option<Body>,
        /// Of each text of the answer, so many bytes are of use.
        longest: usize,
    },
    Create(Input<'a>),
    CreateEach(String),
    Update(String),
    Delete(String),
    /// A document's bytes.
    Download,
}

/// What a long read asks for.
struct Body {
    media_type: &'static str,
    text: String,
}

/// What GLPI answered.
pub(super) enum Answered {
    Json(Value),
    /// A document's bytes, on their way. Whoever asks bounds the time they take.
    Document(Response),
}

/// One exchange, as it is judged and logged.
struct Exchange<'a> {
    method: &'static str,
    path: &'a str,
    doing: Doing,
    expected: Expected,
}

/// What an answer is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// JSON; of each of its texts, so many bytes at most are of use.
    Json(usize),
    Document,
}

/// `GET initSession`
#[derive(Deserialize)]
struct OpenedSession {
    session_token: String,
}

/// What a creation sends.
struct Input<'a> {
    manifest: String,
    files: &'a [Upload],
}

impl<'a> Call<'a> {
    pub(super) fn get(path: impl Into<String>, query: Vec<(String, String)>) -> Self {
        Self { path: path.into(), query, action: Action::Read { body: None, longest: usize::MAX } }
    }

    /// A read whose parameters stand in a body: GLPI takes them by any method (`APIRest::call`).
    fn get_by(path: impl Into<String>, media_type: &'static str, text: String) -> Self {
        let body = Some(Body { media_type, text });
        Self { path: path.into(), query: Vec::new(), action: Action::Read { body, longest: usize::MAX } }
    }

    /// A search for items. A long one goes in a body.
    pub(super) fn search(item_type: &str, query: &Value) -> Self {
        let path = format!("search/{item_type}");
        match short_line(query) {
            Ok(line) => Self::get(path, line),
            Err(_) => Self::get_by(path, JSON, query.to_string()),
        }
    }

    /// Several items, of whatever types, each as it is shown by itself with its documents; one that is not there or not
    /// to be seen makes GLPI refuse them all. Many go in a form: of JSON, GLPI dies here.
    pub(super) fn items(items: &[(&str, u64)]) -> Self {
        let each: Vec<Value> = items.iter().map(|(kind, id)| json!({ "itemtype": kind, "items_id": id })).collect();
        let query = json!({ "items": each, "with_documents": 1, "get_hateoas": false });
        let path = "getMultipleItems";
        match short_line(&query) {
            Ok(line) => Self::get(path, line),
            Err(line) => {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(line).finish();
                Self::get_by(path, FORM, form)
            }
        }
    }

    /// This call, each item of whose answer has its history.
    pub(super) fn with_history(mut self) -> Self {
        const ASKED: (&str, &str) = ("with_logs", "1");
        match &mut self.action {
            Action::Read { body: Some(Body { media_type: FORM, text }), .. } => {
                text.push('&');
                text.push_str(&form_urlencoded::Serializer::new(String::new()).append_pair(ASKED.0, ASKED.1).finish());
            }
            _ => self.query.push((ASKED.0.to_owned(), ASKED.1.to_owned())),
        }
        self
    }

    /// This call, of whose answer only the first bytes of each text are kept.
    pub(super) fn shortened(mut self, most: usize) -> Self {
        if let Action::Read { longest, .. } = &mut self.action {
            *longest = most;
        }
        self
    }

    /// Creates an item from each of these inputs, given as JSON: of one alone as of any single item.
    pub(super) fn create_each(item_type: &str, inputs: &[&str]) -> Self {
        let action = match inputs {
            [one] => Action::Create(Input { manifest: format!(r#"{{"input":{one}}}"#), files: &[] }),
            several => Action::CreateEach(format!(r#"{{"input":[{}]}}"#, several.join(","))),
        };
        Self { path: item_type.to_owned(), query: Vec::new(), action }
    }

    /// Creates one item from `input`, with its files.
    pub(super) fn create(item_type: &str, input: &Value, files: &'a [Upload]) -> Self {
        Self {
            path: item_type.to_owned(),
            query: Vec::new(),
            action: Action::Create(Input { manifest: manifest(input), files }),
        }
    }

    /// Changes the item at `path`.
    pub(super) fn update(path: String, input: &Value) -> Self {
        Self { path, query: Vec::new(), action: Action::Update(manifest(input)) }
    }

    /// Removes the item that `input` names by its `id`, past the bin. Only an input can say more: of the item at an
    /// address, GLPI takes the address alone (`APIRest::call`).
    pub(super) fn delete(item_type: &str, input: &Value) -> Self {
        let purge = ("force_purge".to_owned(), "1".to_owned());
        Self { path: item_type.to_owned(), query: vec![purge], action: Action::Delete(manifest(input)) }
    }

    /// The bytes of a document.
    pub(super) fn download(document: DocumentId) -> Self {
        Self { path: format!("Document/{document}"), query: Vec::new(), action: Action::Download }
    }

    fn exchange(&self) -> Exchange<'_> {
        let (method, doing, expected) = match self.action {
            Action::Read { body: None, longest } => ("GET", Doing::Reading, Expected::Json(longest)),
            Action::Read { body: Some(_), longest } => ("POST", Doing::Reading, Expected::Json(longest)),
            Action::Create(_) => ("POST", Doing::Creating, Expected::Json(usize::MAX)),
            Action::CreateEach(_) => ("POST", Doing::CreatingEach, Expected::Json(usize::MAX)),
            Action::Update(_) => ("PUT", Doing::Changing, Expected::Json(usize::MAX)),
            Action::Delete(_) => ("DELETE", Doing::Changing, Expected::Json(usize::MAX)),
            Action::Download => ("GET", Doing::Reading, Expected::Document),
        };
        Exchange { method, path: &self.path, doing, expected }
    }

    /// The path as the log shows it.
    pub(super) fn shown_path(&self) -> String {
        shown(&self.path)
    }
}

/// Why no client can be made of the settings.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A secret with a line break, say: no HTTP header carries it.
    #[error("the {0} holds characters that no HTTP header can carry")]
    Secret(&'static str),
    /// TLS could not be set up.
    #[error("the HTTP client could not be set up")]
    Http(#[from] reqwest::Error),
}

impl Server {
    pub(super) fn new(settings: &Settings) -> Result<Self, SetupError> {
        // reqwest takes its TLS provider from the process; an error means that one is set already
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers = HeaderMap::new();
        // 10.0 encodes texts unless told not to; other versions ignore it
        headers.insert(HeaderName::from_static("x-glpi-sanitized-content"), HeaderValue::from_static("false"));
        if let Some(token) = &settings.app_token {
            let value = secret(token.expose_secret()).ok_or(SetupError::Secret("app_token"))?;
            headers.insert(HeaderName::from_static("app-token"), value);
        }
        let authorization = match &settings.credentials {
            Credentials::UserToken(token) => {
                secret(&format!("user_token {}", token.expose_secret())).ok_or(SetupError::Secret("user_token"))?
            }
            Credentials::Login { login, password } => {
                let pair = format!("{login}:{}", password.expose_secret());
                secret(&format!("Basic {}", BASE64.encode(pair.as_bytes()))).ok_or(SetupError::Secret("password"))?
            }
        };
        let http = Client::builder()
            .user_agent(concat!("passerelle/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            // shorter than Apache's 5 s: a connection closed as we write is a lost answer
            .pool_idle_timeout(Duration::from_secs(4))
            // a redirected POST would become a GET
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, api: api_address(&settings.url), authorization })
    }

    /// Opens a session and gives its token.
    pub(super) async fn open_session(&self) -> Result<HeaderValue, GlpiError> {
        let unexpected = || GlpiError::unavailable(Trouble::Unexpected);
        let request = self.http.get(self.address("initSession")).header(AUTHORIZATION, self.authorization.clone());
        let answer = Exchange::of_session("initSession").make(request).await.map_err(|failure| match failure {
            Failure::Error(error) => error,
            Failure::SessionDead => unexpected(),
        })?;
        let Answered::Json(answer) = answer else { return Err(unexpected()) };
        let opened: OpenedSession = serde_json::from_value(answer).map_err(|_| unexpected())?;
        secret(&opened.session_token).ok_or_else(unexpected)
    }

    /// Closes a session; GLPI forgets the ones this misses by itself.
    pub(super) async fn close_session(&self, session: &HeaderValue) {
        let request = self.http.get(self.address("killSession"));
        let _ = Exchange::of_session("killSession").make(request.header(SESSION_TOKEN, session)).await;
    }

    /// Sends `call` once and judges the answer.
    pub(super) async fn send(&self, call: &Call<'_>, session: &HeaderValue) -> Result<Answered, Failure> {
        let address = self.address(&call.path);
        let by_json = |request: RequestBuilder, body: &str| request.header(CONTENT_TYPE, JSON).body(body.to_owned());
        let request = match &call.action {
            Action::Read { body: None, .. } => self.http.get(address).query(&call.query),
            Action::Read { body: Some(Body { media_type, text }), .. } => {
                self.http.post(address).header(CONTENT_TYPE, *media_type).body(text.clone())
            }
            Action::Create(input) if input.files.is_empty() => by_json(self.http.post(address), &input.manifest),
            Action::Create(input) => self.http.post(address).multipart(form(input)),
            Action::CreateEach(manifest) => by_json(self.http.post(address), manifest),
            Action::Update(manifest) => by_json(self.http.put(address), manifest),
            Action::Delete(manifest) => by_json(self.http.delete(address).query(&call.query), manifest),
            Action::Download => self.http.get(address).header(ACCEPT, BYTES).timeout(LONGEST_DOWNLOAD),
        };
        call.exchange().make(request.header(SESSION_TOKEN, session)).await
    }

    fn address(&self, path: &str) -> Url {
        let mut address = self.api.clone();
        address.set_path(&format!("{}{path}", self.api.path()));
        address
    }
}

/// The parameters of a request line; as an error those that are too long for one.
fn short_line(query: &Value) -> Result<Line, Line> {
    let mut line = Vec::new();
    flatten(String::new(), query, &mut line);
    let length: usize = line.iter().map(|(key, value)| key.len() + value.len() + LINE_OVERHEAD).sum();
    if length <= LONGEST_LINE { Ok(line) } else { Err(line) }
}

/// Parameters as PHP reads them from a request line: `criteria[0][field]`.
fn flatten(key: String, value: &Value, line: &mut Vec<(String, String)>) {
    let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}[{name}]") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| flatten(below(name), value, line)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| flatten(below(&index.to_string()), value, line));
        }
        Value::String(text) => line.push((key, text.clone())),
        other => line.push((key, other.to_string())),
    }
}

fn manifest(input: &Value) -> String {
    serde_json::json!({ "input": input }).to_string()
}

/// A header value that no debug output shows.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `https://glpi.example/` → `https://glpi.example/apirest.php/`; an address of the API itself
/// (`…/apirest.php`, `…/api.php/v1` from GLPI 11 on) stays.
fn api_address(configured: &Url) -> Url {
    let mut address = configured.clone();
    address.set_query(None);
    address.set_fragment(None);
    let path = address.path().trim_end_matches('/').to_owned();
    let is_api = path.ends_with("/apirest.php") || path.ends_with("/api.php/v1");
    let api = if is_api { "" } else { "/apirest.php" };
    address.set_path(&format!("{path}{api}/"));
    address
}

/// Every file in a field of its own, as an array of one (`file0[0]`): GLPI before 10.0.10 loses
/// files of plain fields, GLPI before 11 all but the first of an array.
fn form(input: &Input<'_>) -> Form {
    let manifest = Part::text(input.manifest.clone())
        .headers(HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(JSON))]));
    // PHP knows no `name*=`: field names stay as they are
    let form = Form::new().percent_encode_noop().part("uploadManifest", manifest);
    input.files.iter().enumerate().fold(form, |form, (index, file)| form.part(format!("file{index}[0]"), part(file)))
}

fn part(file: &Upload) -> Part {
    let build = || {
        let bytes: Bytes = file.bytes.clone();
        let length = bytes.len() as u64;
        Part::stream_with_length(bytes, length).file_name(form_name(&file.name))
    };
    // a type that is none is left to GLPI, which goes by the name anyway
    build().mime_str(&file.content_type).unwrap_or_else(|_| build())
}

/// A file name that survives the form, PHP and GLPI's `varchar(255)` with its 23 characters of
/// prefix: no path, no quotes, no control characters, at most 200 bytes, its extension kept.
fn form_name(name: &str) -> String {
    const MOST: usize = 200;
    let clean: String = name
        .chars()
        .map(|c| match c {
            '/' | '\\' | '"' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect();
    if clean.len() <= MOST {
        return clean;
    }
    let (stem, extension) = match clean.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 20 => (stem, format!(".{extension}")),
        _ => (clean.as_str(), String::new()),
    };
    let room = MOST - extension.len();
    format!("{}{extension}", &stem[..stem.floor_char_boundary(room)])
}

impl Exchange<'_> {
    /// One that opens or closes a session.
    fn of_session(path: &'static str) -> Self {
        Self { method: "GET", path, doing: Doing::Reading, expected: Expected::Json(usize::MAX) }
    }

    /// Sends the request once and judges the answer; one line of the log tells of it.
    async fn make(&self, request: RequestBuilder) -> Result<Answered, Failure> {
        let (started, mut status) = (Instant::now(), None);
        let answered = self.answer(request, &mut status).await;
        let error = answered.as_ref().err().map(|failure| match failure {
            Failure::SessionDead => "GLPI has forgotten the session".to_owned(),
            Failure::Error(error) => error.to_string(),
        });
        tracing::debug!(
            method = self.method,
            path = shown(self.path),
            status = status.map(|status| status.as_u16()),
            ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            error,
            "GLPI call"
        );
        answered
    }

    async fn answer(&self, request: RequestBuilder, status: &mut Option<StatusCode>) -> Result<Answered, Failure> {
        let mut response = request.send().await.map_err(|error| cut(error, self.doing))?;
        let code = *status.insert(response.status());
        // GLPI sends the bytes with the document's name; a page, or a document that is JSON, comes without.
        let is_document = code == StatusCode::OK && response.headers().contains_key(CONTENT_DISPOSITION);
        if self.expected == Expected::Document && is_document {
            return Ok(Answered::Document(response));
        }
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let target = response.headers().get(LOCATION).and_then(|value| place(response.url(), value.to_str().ok()?));
        let mut body = Excerpt::new(if let Expected::Json(longest) = self.expected { longest } else { usize::MAX });
        while let Some(piece) = response.chunk().await.map_err(|error| cut(error, self.doing))? {
            body.push(&piece);
        }
        let judged = judge(code, retry_after, &body.finish(), self.doing);
        let answer = judged.map_err(|failure| match failure {
            Failure::Error(GlpiError::Denied { code, remedy: Remedy::Redirect(_) }) => {
                GlpiError::Denied { code, remedy: Remedy::Redirect(target) }.into()
            }
            failure => name_right(failure, self.path, self.doing),
        })?;
        match self.expected {
            Expected::Json(_) => Ok(Answered::Json(answer)),
            Expected::Document => Err(GlpiError::unavailable(Trouble::Unexpected).into()),
        }
    }
}

/// Where a redirection leads, without what it carries along: a session, say.
fn place(from: &Url, target: &str) -> Option<String> {
    let mut target = from.join(target).ok()?;
    target.set_query(None);
    target.set_fragment(None);
    let _ = (target.set_username(""), target.set_password(None));
    Some(target.to_string())
}

/// A path without the ids of people, fit for a log.
fn shown(path: &str) -> String {
    match path.split_once('/') {
        Some(("User", rest)) => {
            let part = rest.split_once('/').map(|(_, part)| format!("/{part}")).unwrap_or_default();
            format!("User/…{part}")
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://glpi.example", "https://glpi.example/apirest.php/")]
    #[case("https://a.example/glpi/", "https://a.example/glpi/apirest.php/")]
    #[case("https://a.example/apirest.php", "https://a.example/apirest.php/")]
    #[case("https://a.example/api.php/v1/", "https://a.example/api.php/v1/")]
    fn the_address_may_be_the_base_or_the_api(#[case] given: &str, #[case] api: &str) {
        assert_eq!(api_address(&given.parse().unwrap()).as_str(), api);
    }

    #[rstest]
    #[case("User/12", "User/…")]
    #[case("User/12/Group_User", "User/…/Group_User")]
    #[case("UserEmail", "UserEmail")]
    #[case("Ticket/12/Ticket_User", "Ticket/12/Ticket_User")]
    fn the_log_shows_no_person_s_id(#[case] path: &str, #[case] expected: &str) {
        assert_eq!(shown(path), expected);
    }

    #[test]
    fn file_names_survive_the_form() {
        assert_eq!(form_name("résumé é.txt"), "résumé é.txt");
        assert_eq!(form_name("../a\"b\r\n.txt"), ".._a_b__.txt");
        let long = form_name(&format!("{}.pdf", "é".repeat(300)));
        assert!(long.len() <= 200 && long.ends_with("é.pdf"), "{long}");
    }
}
