//! The portal's API: a requester's requests, what they add to them, what may be asked.
//!
//! Each answer is one person's: it is stored nowhere on its way.

mod approval;
mod call;
mod catalogue;
mod documents;
mod feeds;
mod followups;
mod listing;
mod messages;
mod view;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use self::{
    call::{in_time, personal, requester},
    documents::file,
};
use super::services::Services;

/// The routes, each with its description.
pub(super) fn routes() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(listing::list))
        .routes(routes!(view::show))
        .routes(routes!(documents::send))
        .routes(routes!(followups::add))
        .routes(routes!(approval::decide))
        .routes(routes!(catalogue::natures))
        .routes(routes!(catalogue::faq))
        .routes(routes!(catalogue::faq_document))
        .routes(routes!(messages::list))
        .routes(routes!(messages::send))
        .routes(routes!(feeds::atom))
        .routes(routes!(feeds::json))
}
