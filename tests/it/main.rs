//! The integration tests, one binary: each module is one concern.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod acknowledge;
mod announcements;
mod commands;
mod corpus;
mod demo;
mod described;
mod directory;
mod faq;
mod figures;
mod flow;
mod glpi;
mod hooks;
mod http;
mod imap;
mod lifetime;
mod lmtp;
mod memory;
mod notify;
mod packaging;
mod pages;
mod parse;
mod portal;
mod proof;
mod proxies;
mod readme;
mod samples;
mod sandbox;
mod service_manager;
mod support;
mod sweep;
mod sweep_calls;
mod threads;
mod tidy;
mod typed;
mod watching;
