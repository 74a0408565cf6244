//! What a request is when it comes in, and how it can end.
//!
//! Intake makes a [`Received`]. The later stages are types of their makers: only [`crate::flow::screen`] makes a
//! [`crate::flow::screen::Screened`], only [`crate::flow::route`] a [`crate::flow::route::Routed`], only [`crate::flow::deliver`] a
//! [`crate::flow::deliver::Delivered`]. Every request ends in exactly one [`Outcome`].

mod address;
mod automatic;
mod command;
mod current_message;
mod directory_answer;
mod envelope;
mod followup_opening;
mod left_out;
pub mod message_id;
mod outcome;
mod person;
mod prospect;
mod received;
mod reference;
mod school;
mod subject;
mod suggestion;
mod ticket_state;

pub use address::Address;
pub use command::{Command, Direction, asks_for_draft, is_command};
pub use current_message::CurrentMessage;
pub use directory_answer::DirectoryAnswer;
pub use envelope::Envelope;
pub use followup_opening::{FollowupOpening, ReadOpening};
pub use left_out::LeftOut;
pub use outcome::{
    Addition, Decided, Decision, Deferral, Outcome, Page, Reason, ReasonKind, Receipt, ReceiptDetails, Refusal,
    SignedCall,
};
pub use person::Person;
pub use prospect::Prospect;
pub use received::{
    Attachment, Body, Channel, Enclosed, Enclosure, FormFields, Mail, Origin, Part, Received, TicketKind,
};
pub use reference::{DayMark, Fingerprint, Reference};
pub use school::{School, code_in, department_number, department_of, is_uai};
pub use subject::{is_forward, is_reply, without_tags};
pub use suggestion::Suggestion;
pub use ticket_state::{SenderRole, Stage, TicketState};
