//! What becomes of a ticket after it is made: who it goes to next, and who is told of its steps.

pub mod escalation;
pub mod note;
pub mod notices;
pub mod sweep;
