//! Where a ticket goes and what it is.

use crate::request::TicketKind;

/// Where a ticket goes and what it is, in GLPI's names; delivery turns the names into ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The application, as its mapping calls it.
    pub application: String,
    /// The category's full path, for instance «Scolarité > LSU».
    pub category: String,
    /// The assigned group.
    pub group: String,
    /// Groups that watch.
    pub observers: Vec<String>,
    /// Its entity.
    pub entity: TargetEntity,
    /// The location's full path.
    pub location: Option<String>,
    /// Incident or request.
    pub kind: TicketKind,
    /// GLPI's urgency, 1 to 5.
    pub urgency: u8,
}

/// The entity a ticket is to be in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TargetEntity {
    /// The service account's own.
    #[default]
    Own,
    /// The one with this full path.
    Entity(String),
    /// The requester's own.
    Requester {
        /// The full path of the one for who has none; the service account's own, without.
        otherwise: Option<String>,
    },
}
