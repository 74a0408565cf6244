//! Passerelle: a stateless gateway from school directors' mails and forms to GLPI tickets.
//!
//! The modules, in the order a request meets them:
//!
//! - [`intake`]: LMTP, IMAP and standard input; MIME and forms, [`http`]'s too, become a [`request::Received`].
//! - [`screen`]: pure rules; what passes them is [`screen::Screened`].
//! - [`route`]: the mappings; category, group, templates: [`route::Routed`].
//! - [`deliver`]: one GLPI call per ticket: [`deliver::Delivered`].
//! - [`acknowledge`]: the receipt or the notice that the requester gets.
//!
//! What becomes of a ticket afterwards: [`escalate`] (who it goes to next, when, and how it gets there), [`notify`]
//! (notices at its steps), and [`sweep`], which looks at the tickets for both.
//!
//! [`pipeline`] is that way on one screen. Beside it: [`ledger`] (one request, one ticket; the daily
//! quota), [`portal`] (what a requester sees of their tickets), [`proof`] (that the sender is who wrote),
//! [`directory`] (who is a director), [`quarantine`] (mails that fail again and again), [`clients`] (GLPI, SMTP),
//! [`config`], [`french`] (how texts for people are set), [`app`] (what `serve` starts), [`commands`] (the other subcommands) and [`sandbox`] (a GLPI stand-in).
//!
//! Invariants, held by `tests/it/tidy.rs`:
//!
//! - `screen` does no I/O and knows no client;
//! - `route` does not know GLPI, `deliver` knows neither mail protocols nor HTTP;
//! - `clients::glpi` knows REST and sessions, not our rules;
//! - `escalate` decides without I/O: its levels, calendar, rules, plan, notes and commands are pure;
//! - `http` asks the pipeline and the portal, never GLPI; `portal` knows nothing of HTTP;
//! - `sandbox` shares no type with `clients::glpi`: a shared type would hide a wrong field name.

pub mod app;
pub mod cli;
pub mod config;
pub mod flow;
pub mod glpi;
pub mod http;
pub mod intake;
pub mod letters;
pub mod lifecycle;
pub mod portal;
pub mod request;
pub mod sandbox;
pub mod smtp;
pub mod telemetry;
pub mod text;
pub mod working_time;
