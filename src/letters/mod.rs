//! What people are written, and when: [`Acknowledger`] tells requesters how their requests ended, `notices` tell of
//! a ticket's steps, [`Operators`] are told of mails that are beyond the gateway. All are made and sent by one
//! [`Correspondence`].

mod acknowledger;
mod announcements;
mod correspondence;
mod deposits;
mod error;
pub(crate) mod mails;
pub(crate) mod notices;
mod operators;
mod receipts;
mod refusals;
mod reports;
mod rises;
#[cfg(test)]
mod samples;
mod subject;
mod text;
mod thread;
mod when;

pub(crate) use self::when::is_machine;
pub use self::{
    acknowledger::Acknowledger,
    announcements::{AnnouncementLetters, AnnouncementMail, ConfirmationWanted, EnclosedFile, Tries},
    correspondence::Correspondence,
    deposits::{DepositLetters, NotKept},
    error::ComposeError,
    operators::{Operators, PutAside},
    reports::{Report, ReportFile, ReportLetters, ReportPart, ReportRow},
    rises::{RiseLetters, RiseNews},
    when::may_notify,
};
