//! Passerelle: a stateless gateway from school directors' mails and forms to GLPI tickets.
//!
#![doc = include_str!("../ARCHITECTURE.md")]

pub mod announcements;
pub mod app;
pub mod audit;
pub mod cli;
pub mod company;
pub mod config;
pub mod course;
pub mod figures;
pub mod flow;
pub mod glpi;
pub mod hindrance;
pub mod http;
pub mod id;
pub mod intake;
pub mod knowledge;
pub mod letters;
pub mod lifecycle;
pub mod listener;
pub mod offload;
pub mod people;
pub mod portal;
pub mod portal_hook;
pub mod remembered;
pub mod request;
pub mod sandbox;
pub mod smtp;
pub mod telemetry;
pub mod text;
pub mod working_time;
