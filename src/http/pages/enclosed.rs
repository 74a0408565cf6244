//! The files of messages and announcements, for whom they are.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{
    frame, information,
    informing::Doing,
    state::{PageState, Visitor},
};
use crate::{
    announcements::AnnouncementFile,
    http::{api, in_charge, problem::Problem},
    portal::PortalError,
};

/// `GET /portail/messages/{number}/fichiers/{place}`: of a message that is shown to this person now.
pub(super) async fn of_message(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    Path((number, place)): Path<(String, usize)>,
) -> Result<Response, Problem> {
    let number = frame::number(&number)?;
    let asked = state.services.portal.message_file(&person, number, place);
    let (document, content) = state.ask(Box::pin(asked)).await?;
    Ok(api::file(&document, content))
}

/// `GET /information/{reference}/fichiers/{place}`: of an announcement that somebody in charge may see.
pub(super) async fn of_announcement(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    Path((reference, place)): Path<(String, usize)>,
) -> Result<Response, Problem> {
    let rights = in_charge::of_person(&state.services, &person).await?;
    let announcement = information::visible(&state, &rights, &reference, Doing::Reading).await?;
    let asked = async {
        let file = AnnouncementFile::at(&announcement.files, place).ok_or(PortalError::NoFile)?;
        state.services.portal.announcement_file(announcement.id.unwrap_or_default(), file).await
    };
    let (document, content) = state.ask(Box::pin(asked)).await?;
    Ok(api::file(&document, content))
}
