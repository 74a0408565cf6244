//! The whole way of a request, in this process: LMTP and HTTP in, tickets in the GLPI stand-in out.

mod accounts;
mod copies;
mod files;
mod homonyms;
mod hostile;
mod once;
mod outages;
mod proof;
mod quota;
mod refusals;
mod relay;
mod replies;
mod schools;
mod shared;
mod staff;
mod tickets;
