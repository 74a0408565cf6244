//! Clients of the servers around the gateway; they know protocols, not our rules.

pub mod glpi;
pub mod smtp;
