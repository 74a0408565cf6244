//! The LMTP listener, as a relay meets it: real sockets, a raw client, closures in place of the pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod dialogue;
mod limits;
mod mails;
mod sockets;
mod support;
