//! The state behind the API.

use std::collections::BTreeMap;

use super::caller::Caller;
use super::settings::{Limits, Version};
use super::store::Store;

/// Tables and sessions of one sandbox.
pub(super) struct Helpdesk {
    pub(super) store: Store,
    pub(super) sessions: BTreeMap<String, Caller>,
    /// The address of the server, without a slash at the end.
    pub(super) base: String,
    pub(super) app_token: Option<String>,
    pub(super) limits: Limits,
    pub(super) version: Version,
    /// Whether notifications go by mail.
    pub(super) mails: bool,
    /// PHP dies of a ticket that holds this.
    pub(super) dies_of: Option<String>,
    /// Tickets and the events of their groups that GLPI's notifications would tell of.
    pub(super) told: Vec<(i64, &'static str)>,
}
