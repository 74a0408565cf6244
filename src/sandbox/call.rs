//! A request as GLPI's API parses it: path, parameters from query and body, uploads, headers.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use serde_json::Value;

use super::answer::Answer;
use super::failures::{Failure, Making};
use super::php::{self, Row, text_of, truthy};
use super::settings::Limits;
use super::uploaded_file::Upload;

const API: &str = "/apirest.php";

/// One call of the API.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    segments: Vec<String>,
    pub(super) parameters: Row,
    pub(super) uploads: Vec<Upload>,
    pub(super) authorization: Option<String>,
    pub(super) session_token: String,
    pub(super) app_token: String,
    /// `X-GLPI-Sanitized-Content`: whether texts come back entity-encoded.
    pub(super) sanitized: bool,
    /// `Accept: application/octet-stream`: the bytes of a document, not its row.
    pub(super) wants_bytes: bool,
    /// How it is to fail while it is worked on.
    pub(super) failure: Option<Failure>,
    /// After how many files PHP dies of this call (a failure mode).
    pub(super) dies_after: Option<usize>,
    fault: Option<Fault>,
}

/// What GLPI finds wrong with a request before it looks at the session.
#[derive(Debug)]
enum Fault {
    BodyOnGet,
    InvalidJson,
    TooBig,
    /// A PHP error: 200 and an empty page.
    Fatal,
}

impl Call {
    /// The endpoint of a path, its numbers left out.
    pub(super) fn endpoint(path: &str) -> String {
        let segments = path.split_once(API).map_or(path, |(_, rest)| rest).split('/').filter(|part| !part.is_empty());
        let plain = segments.map(|part| if part.bytes().all(|byte| byte.is_ascii_digit()) { "…" } else { part });
        plain.collect::<Vec<_>>().join("/")
    }

    /// Whether a path is of the API.
    pub(super) fn is_api(path: &str) -> bool {
        path.strip_prefix(API).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What a path asks to be made when posted to.
    pub(super) fn making(path: &str) -> Option<Making> {
        match path.strip_prefix(API)?.trim_matches('/').to_ascii_lowercase().as_str() {
            "ticket" => Some(Making::Tickets),
            "itilfollowup" => Some(Making::Followups),
            _ => None,
        }
    }

    /// Reads a request whose body was received.
    pub(super) async fn read(parts: Parts, body: Bytes, limits: Limits) -> Self {
        let path = parts.uri.path().strip_prefix(API).unwrap_or_default();
        let segments = path.trim_matches('/').split('/').map(str::to_owned);
        let mut parameters = php::parse_query(parts.uri.query().unwrap_or_default());
        for value in parameters.values_mut() {
            match value.as_str() {
                Some("true") => *value = Value::Bool(true),
                Some("false") => *value = Value::Bool(false),
                _ => {}
            }
        }
        let headers = &parts.headers;
        let session_token = match text(headers, "session-token") {
            Some(token) => token,
            None => text_of(&parameters, "session_token"),
        };
        let app_token = match text(headers, "app-token") {
            Some(token) => token,
            None => text_of(&parameters, "app_token"),
        };
        let sanitized =
            text(headers, "x-glpi-sanitized-content").is_none_or(|value| truthy(&Value::from(value.to_lowercase())));
        let mut call = Self {
            method: parts.method.clone(),
            segments: segments.collect(),
            parameters,
            uploads: Vec::new(),
            authorization: text(headers, "authorization"),
            session_token,
            app_token,
            sanitized,
            wants_bytes: text(headers, "accept").as_deref() == Some("application/octet-stream"),
            failure: None,
            dies_after: None,
            fault: None,
        };
        if let Err(fault) = call.read_body(parts, body, limits).await {
            call.fault = Some(fault);
        }
        call
    }

    /// A part of the path after `apirest.php`, empty when there is none.
    pub(super) fn segment(&self, index: usize) -> &str {
        self.segments.get(index).map_or("", String::as_str)
    }

    /// The number in a part of the path.
    pub(super) fn id(&self, index: usize) -> Option<i64> {
        self.segment(index).parse().ok()
    }

    /// Refuses what GLPI refuses before it looks at the session.
    pub(super) fn check(&self, base: &str) -> Result<(), Answer> {
        let bad_request = |code, message: &str| Answer::error(StatusCode::BAD_REQUEST, code, message);
        Err(match self.fault {
            None => return Ok(()),
            Some(Fault::BodyOnGet) => {
                let message = "GET Request should not have json payload (http body)";
                Answer::documented(base, "ERROR_JSON_PAYLOAD_FORBIDDEN", message)
            }
            Some(Fault::InvalidJson) => bad_request("ERROR_JSON_PAYLOAD_INVALID", "JSON payload seems not valid"),
            Some(Fault::TooBig) => bad_request("ERROR_UPLOAD_FILE_TOO_BIG_POST_MAX_SIZE", "The file seems too big"),
            Some(Fault::Fatal) => Answer::fatal(),
        })
    }

    async fn read_body(&mut self, parts: Parts, body: Bytes, limits: Limits) -> Result<(), Fault> {
        let blank = body.iter().all(u8::is_ascii_whitespace);
        if self.method == Method::GET {
            return if blank { Ok(()) } else { Err(Fault::BodyOnGet) };
        }
        let kind = text(&parts.headers, header::CONTENT_TYPE.as_str());
        let kind = kind.as_deref().unwrap_or("application/json");
        if kind.contains("multipart/form-data") {
            return self.read_multipart(parts, body, limits).await;
        }
        if kind.contains("application/x-www-form-urlencoded") {
            let form = String::from_utf8_lossy(&body);
            self.parameters.extend(php::parse_query(&form));
        } else if kind.contains("application/json") && !blank {
            match serde_json::from_slice(&body) {
                Ok(Value::Object(fields)) => self.parameters.extend(fields),
                // PHP's json_decode takes `null`, `0` and `false` for a failure
                Ok(other) if truthy(&other) => {}
                _ => return Err(Fault::InvalidJson),
            }
        }
        Ok(())
    }

    async fn read_multipart(&mut self, parts: Parts, body: Bytes, limits: Limits) -> Result<(), Fault> {
        if body.len() > limits.request {
            return Err(Fault::TooBig);
        }
        let mut request = Request::from_parts(parts, axum::body::Body::from(body));
        DefaultBodyLimit::disable().apply(&mut request);
        let broken = |_| Fault::TooBig;
        let mut form = Multipart::from_request(request, &()).await.map_err(|_| Fault::TooBig)?;
        let mut manifest = None;
        while let Some(field) = form.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            let kind = field.content_type().unwrap_or_default().to_owned();
            match field.file_name().map(str::to_owned) {
                Some(file) => {
                    let bytes = field.bytes().await.map_err(broken)?;
                    self.uploads.push(Upload::new(&name, file, kind, bytes));
                }
                None if name == "uploadManifest" => {
                    manifest = Some(field.bytes().await.map_err(broken)?);
                }
                None => {}
            }
        }
        if self.uploads.is_empty() {
            return Err(Fault::TooBig);
        }
        self.uploads.truncate(limits.files);
        let manifest = manifest.unwrap_or_default();
        match serde_json::from_slice(&manifest) {
            Ok(Value::Object(fields)) if fields.get("input").is_some_and(Value::is_object) => {
                self.parameters.extend(fields);
                Ok(())
            }
            // GLPI sets `input->_filename` without looking, and PHP dies of it
            Ok(_) => Err(Fault::Fatal),
            Err(_) => Err(Fault::InvalidJson),
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.trim().to_owned())
}
