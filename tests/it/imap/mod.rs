//! The assistance mailbox on a real IMAP server.

mod server;
