//! Delivery: one GLPI call makes the ticket, its files and its actors, from a routed request; another adds a
//! reply to the ticket it is about.

mod archive;
mod attachments;
mod completion;
mod copies;
mod deliverer;
mod dropped;
mod followup;
mod group_members;
mod inspect;
mod lacking;
mod learned;
mod left_out;
mod making;
mod names;
mod pictures;
mod ticket;
mod ticket_sources;
mod undelivered;

pub use self::{
    attachments::enclosable,
    deliverer::{Deliverer, LONGEST_CREATION_CALLS},
    followup::{Proposed, SeenTicket},
    lacking::{DueFiles, TicketPart, missing_parts},
    names::{Missing, Names},
    ticket::{Delivered, Prepared},
    undelivered::Undelivered,
};
