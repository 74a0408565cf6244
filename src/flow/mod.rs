//! A request becomes a ticket: judged, routed, made in GLPI, told to whoever asked; [`pipeline`] is that way.

pub mod deliver;
pub mod deposit;
pub mod directory;
pub mod judging;
pub mod ledger;
pub mod pipeline;
pub mod proof;
pub mod quarantine;
pub mod receipts;
pub mod route;
pub mod screen;
pub mod suggester;
