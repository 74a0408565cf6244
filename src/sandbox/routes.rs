//! The way of a call to its endpoint.

use axum::http::{Method, StatusCode};

use super::answer::Answer;
use super::call::Call;
use super::helpdesk::Helpdesk;
use super::settings::Version;
use super::uploaded_file::Upload;
use super::{changes, items, search, session};

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
        if call.segment(0) == "getMultipleItems" {
            return items::several(self, call, &caller);
        }
        if self.version == Version::Ten && call.segment(0).eq_ignore_ascii_case("Webhook") {
            // It has none.
            return Err(items::unknown(&self.base));
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
