//! What becomes of a ticket after it is made: who it goes to next, who is told of its
//! steps, and the article that is made of it.

pub mod drafts;
pub mod escalation;
pub mod note;
pub mod notices;
pub mod sweep;
