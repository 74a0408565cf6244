//! An answer of the API, and the errors GLPI has words for.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::settings::Version;

const JSON: &str = "application/json; charset=UTF-8";
const HTML: &str = "text/html; charset=UTF-8";

pub(super) const RIGHT_MISSING: &str = "Vous n'avez pas les droits requis pour réaliser cette action.";
pub(super) const NOT_FOUND: &str = "Élément introuvable";

/// Status, headers and body, ready to be sent.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Answer {
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        Self::raw(status, JSON, body.to_string())
    }

    pub(super) fn ok(body: &Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(super) fn html(status: StatusCode, page: impl Into<Bytes>) -> Self {
        Self::raw(status, HTML, page)
    }

    pub(super) fn raw(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// What a PHP error leaves: 200, HTML, and nothing in it.
    pub(super) fn fatal() -> Self {
        Self::html(StatusCode::OK, Bytes::new())
    }

    /// What a PHP error in the middle of the work leaves.
    pub(super) fn died(version: Version) -> Self {
        let page = match version {
            Version::Ten => "",
            Version::Eleven => "<!DOCTYPE html>\n<html lang=\"fr\"><head><title>Erreur - GLPI</title></head></html>",
        };
        Self::html(StatusCode::INTERNAL_SERVER_ERROR, page)
    }

    /// `["CODE", message]`.
    pub(super) fn error(status: StatusCode, code: &str, message: impl Into<Value>) -> Self {
        Self::json(status, &json!([code, message.into()]))
    }

    /// A 400 whose message ends in the address of the documentation.
    pub(super) fn documented(base: &str, code: &str, message: &str) -> Self {
        let message =
            format!("{message}; Afficher la documentation dans votre navigateur à {base}/apirest.php/#{code}");
        Self::error(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn not_found() -> Self {
        Self::error(StatusCode::NOT_FOUND, "ERROR_ITEM_NOT_FOUND", NOT_FOUND)
    }

    pub(super) fn right_missing() -> Self {
        Self::error(StatusCode::FORBIDDEN, "ERROR_RIGHT_MISSING", RIGHT_MISSING)
    }

    pub(super) fn bad_array(base: &str) -> Self {
        let message = "Le paramètre input doit être un tableau d'objets";
        Self::documented(base, "ERROR_BAD_ARRAY", message)
    }

    /// The first half of it alone, under this status where one is given.
    pub(super) fn broken_off(mut self, status: Option<StatusCode>) -> Self {
        self.body.truncate(self.body.len() / 2);
        self.status = status.unwrap_or(self.status);
        self
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache, must-revalidate"));
        response
    }
}

/// Why an item was not added.
pub(super) enum NotAdded {
    /// GLPI's words.
    Refused(String),
    /// PHP died of it: what was written before that stays.
    Died,
}

impl From<String> for NotAdded {
    fn from(words: String) -> Self {
        Self::Refused(words)
    }
}
