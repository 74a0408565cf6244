//! The ticket somebody writes about: whether it is there, how far it is, and what they are to it.

use crate::id::TicketId;

use super::Page;

/// What GLPI says of the ticket a reply is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketState {
    /// There is none, or it is in the bin, or the service account may not see it.
    Missing,
    /// It is there.
    Found {
        /// GLPI's number.
        ticket: TicketId,
        /// Its title.
        title: String,
        /// Its page, where the sender can open one.
        page: Option<Page>,
        /// What the sender is to it.
        role: SenderRole,
        /// How far it is.
        stage: Stage,
    },
}

/// What a person is to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderRole {
    /// Nothing.
    None,
    /// An observer.
    Actor,
    /// It is assigned to a group they are a member of.
    Member,
    /// It is assigned to them.
    Technician,
    /// A requester.
    Requester,
}

/// How far a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// New, or somebody is at it.
    Open,
    /// It waits, mostly for its requester.
    Pending,
    /// It waits for its requester's approval.
    Solved,
    /// It is over.
    Closed,
}
