//! The state behind the API, and the way of a call to its endpoint.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::answer::Answer;
use super::call::Call;
use super::php::Row;
use super::session::Caller;
use super::store::{Store, UNDISCLOSED};
use super::text::decode;
use super::upload::Upload;
use super::{changes, items, search, session};

/// Sizes that PHP allows, in bytes, and how many files.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One file (`upload_max_filesize`): over it the ticket is made without the file.
    pub file: usize,
    /// The whole request (`post_max_size`): over it the call is refused.
    pub request: usize,
    /// Files of one request (`max_file_uploads`): those beyond are dropped without a word.
    pub files: usize,
}

impl Default for Limits {
    /// 20 and 60 MiB as a usual GLPI has them, and PHP's own 20 files.
    fn default() -> Self {
        Self { file: 20 << 20, request: 60 << 20, files: 20 }
    }
}

impl Limits {
    /// PHP's own 2 and 8 MiB, as a GLPI 11 has them that nobody has set up for large files.
    pub fn stock() -> Self {
        Self { file: 2 << 20, request: 8 << 20, ..Self::default() }
    }
}

/// Which GLPI the stand-in answers as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 10.0.14.
    #[default]
    Ten,
    /// 11.0.6: a file that it refuses ends the call in the middle, accounts without rights on the ticket's entity
    /// are dropped from it in silence, and texts come back as they are.
    Eleven,
}

/// Tables and sessions of one sandbox.
pub(super) struct Helpdesk {
    pub(super) store: Store,
    pub(super) sessions: BTreeMap<String, Caller>,
    /// The address of the server, without a slash at the end.
    pub(super) base: String,
    pub(super) app_token: Option<String>,
    pub(super) limits: Limits,
    pub(super) version: Version,
}

impl Helpdesk {
    /// What GLPI answers to a call.
    pub(super) fn answer(&mut self, call: &Call) -> Answer {
        self.route(call).unwrap_or_else(|refusal| refusal)
    }

    fn route(&mut self, call: &Call) -> Result<Answer, Answer> {
        call.check(&self.base)?;
        if self.version == Version::Eleven && call.uploads.iter().any(Upload::is_cut_picture) {
            // `getimagesize` throws before the item is looked at.
            return Err(Answer::died(self.version));
        }
        match call.segment(0) {
            "" => {
                return Ok(Answer::html(StatusCode::OK, "<h1>Documentation de l'API</h1>"));
            }
            "initSession" => return session::open(self, call),
            _ => {}
        }
        let caller = session::caller(self, call)?;
        if let Some(told) = session::about(self, call, &caller) {
            return Ok(Answer::ok(&told));
        }
        if call.segment(0) == "search" {
            return search::search(self, call, &caller);
        }
        let target = items::Target::of(call, &self.base)?;
        match call.method {
            Method::POST => changes::create(self, call, &caller, &target),
            Method::PUT | Method::PATCH => changes::update(self, call, &caller, &target),
            Method::DELETE => changes::delete(self, call, &caller, &target),
            _ if target.wants_one() => items::one(self, call, &caller, &target),
            _ => items::list(self, call, &caller, &target),
        }
    }
}

/// The row as it may leave: secrets out, and texts decoded when the caller asked for that.
pub(super) fn disclose(mut row: Row, call: &Call) -> Row {
    for hidden in UNDISCLOSED {
        row.remove(hidden);
    }
    if !call.sanitized {
        for value in row.values_mut() {
            if let Value::String(text) = value {
                *text = decode(text);
            }
        }
    }
    row
}
