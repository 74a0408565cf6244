//! A small form of the pages for people in charge, as it was sent.

use axum::http::{StatusCode, header, request::Parts};
use jiff::Timestamp;

use super::state::{PageState, STALE, TOKEN};
use crate::{
    http::{
        body::{Incoming, Standing},
        identity,
        problem::Problem,
        requests,
    },
    intake::{Taken, form},
    request::Address,
};

/// What a person sent by a form of ours.
pub(super) struct Posted {
    pub(super) person: Address,
    fields: Vec<(String, String)>,
    /// The files that came along.
    pub(super) files: Vec<form::File>,
    /// How large the form was, bytes.
    pub(super) size: u64,
    /// Its memory, held as long as the files are in use.
    _room: Option<Taken>,
    /// Whether a page gave it to this person lately. Without that, nothing comes of it.
    pub(super) is_from_our_page: bool,
}

impl Posted {
    /// The value of a field; empty where it is missing.
    pub(super) fn one(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// All values of a field.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> + use<'_> {
        let name = name.to_owned();
        self.fields.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The same, where a page gave it to this person.
    ///
    /// # Errors
    ///
    /// 403 where none did.
    pub(super) fn of_our_page(self) -> Result<Self, Problem> {
        if self.is_from_our_page { Ok(self) } else { Err(Problem::new(StatusCode::FORBIDDEN, "stale-form", STALE)) }
    }
}

impl PageState {
    /// Reads a form.
    ///
    /// # Errors
    ///
    /// Where nobody is signed in, or it is no such form.
    pub(super) async fn posted(&self, parts: &Parts, body: &mut Incoming) -> Result<Posted, Problem> {
        let person = identity::signed_in(parts, &self.services.settings)?;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some(encoding) = form::Encoding::of(kind).filter(|encoding| *encoding != form::Encoding::Json) else {
            let detail = "Envoyez le formulaire depuis les pages de l’assistance.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-content-type", detail));
        };
        let whole = body.read(&self.services.rooms, Standing::Proven).await?;
        let size = whole.bytes.len() as u64;
        let (fields, files) = form::read_plain(encoding, whole.bytes).await.map_err(requests::unreadable)?;
        let token = fields.iter().find(|(name, _)| name == TOKEN).map_or("", |(_, value)| value.as_str());
        let is_from_our_page = self.pages.tokens.is_of(&person, token, Timestamp::now());
        Ok(Posted { person, fields, files, size, _room: whole.room, is_from_our_page })
    }
}
