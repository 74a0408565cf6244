//! The whole way of a request, in this process: LMTP and HTTP in, tickets in the GLPI stand-in out.

mod files;
mod hostile;
mod once;
mod outages;
mod proof;
mod quota;
mod refusals;
mod relay;
mod replies;
mod shared;
mod tickets;
mod whole;
