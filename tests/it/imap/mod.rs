//! The assistance mailbox on a real IMAP server.

mod backlog;
mod folders;
mod poison;
mod server;
mod sign_in;
mod support;
