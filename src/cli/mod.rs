//! The subcommands that are not `serve`: each one file.

mod applications;
pub mod audit;
pub mod check;
pub mod demo;
mod directors;
pub mod escalate;
pub mod export;
pub mod figures;
pub mod healthcheck;
pub mod help;
pub mod inform;
pub mod ingest;
pub mod mistakes;
mod needs;
mod readable;
pub mod sandbox;
mod say;
pub mod settings;
pub mod setup;
mod shell;
pub mod try_files;
mod unfit;
pub mod usage;

/// Sysexits (BSD `sysexits.h`), as a mail server's pipe transport reads them.
pub mod exit {
    /// The mail is settled.
    pub const OK: u8 = 0;
    /// A check or an expectation failed.
    pub const FAILED: u8 = 1;
    /// `EX_USAGE`: the arguments cannot be used.
    pub const USAGE: u8 = 64;
    /// `EX_TEMPFAIL`: keep the mail and try again.
    pub const TEMPFAIL: u8 = 75;
    /// `EX_CONFIG`: the configuration cannot be used.
    pub const CONFIG: u8 = 78;
}
