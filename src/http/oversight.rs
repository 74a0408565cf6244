//! What people in charge ask of.

use std::sync::Arc;

use axum::http::StatusCode;

use super::problem::Problem;
use crate::{announcements::Informer, figures::TicketFigures, people::People};

/// Who is in charge, and what they see.
pub struct Oversight {
    /// Who they are.
    pub people: Arc<People>,
    /// What all requests say.
    pub figures: Arc<TicketFigures>,
    /// Tells directors.
    pub informer: Arc<Informer>,
}

/// 403 where nobody is named who could be in charge.
pub(super) fn closed() -> Problem {
    let detail = "Cette entrée est fermée\u{a0}: personne n’est en charge. Nommez quelqu’un dans [people], par exemple par PASSERELLE_PEOPLE__OPERATORS, pour l’ouvrir.";
    Problem::new(StatusCode::FORBIDDEN, "nobody-in-charge", detail)
}
