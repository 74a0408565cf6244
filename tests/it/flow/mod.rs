//! The whole way of a request, in this process: LMTP and HTTP in, tickets in the GLPI stand-in out.

mod accounts;
mod answers;
mod copies;
mod crowd;
mod doubt;
mod files;
mod homonyms;
mod hostile;
mod log;
mod names;
mod once;
mod outages;
mod pages;
mod proof;
mod quota;
mod receipts;
mod refusals;
mod relay;
mod replies;
mod schools;
mod several_redis;
mod shared;
mod signed_keys;
mod staff;
mod tickets;
mod whole;
