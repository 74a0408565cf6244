//! The HTTP API: mails and the portal's forms, health, metrics and the description of it all.
//!
//! | file | what it does |
//! |---|---|
//! | `doors` | listeners, and whom each is for |
//! | `serve`, `lines` | connections: their number, their time, the end of them |
//! | `auth`, `identity`, `keys` | who may call, for whom, and under which name |
//! | `body` | reads a body within bounds |
//! | `query`, `fields` | parameters and JSON members: those a call knows, and all that is wrong with them |
//! | `services`, `gateway` | what the API works with, and what it has the gateway do |
//! | `router` | the routes and what every answer goes through |
//! | `oversight`, `in_charge`, `figures`, `refusals` | who is in charge, and what all requests say to them |
//! | `mail`, `requests` | the two ways in |
//! | `api/` | a requester's requests, for a portal |
//! | `orders`, `tickets`, `drafts` | what a program orders: a ticket goes to another level, or becomes an article |
//! | `webhook` | what GLPI 11 says of its tickets |
//! | `answer`, `problem`, `values` | what comes back, and how it is written |
//! | `pages` | the reference portal |
//! | `health` | for machines that watch |
//! | `calls` | each call, named once |
//! | `openapi`, `schemas`, `responses`, `examples`, `portal_hooks`, `docs` | for people who connect: the description, and a page to read and try it |

mod announcements;
mod answer;
mod api;
mod auth;
mod body;
mod calls;
mod docs;
mod doors;
mod drafts;
mod examples;
mod fields;
mod figures;
mod gateway;
mod health;
mod identity;
mod in_charge;
mod keys;
mod lines;
mod mail;
mod openapi;
mod orders;
mod oversight;
mod pages;
mod portal_hooks;
mod problem;
mod query;
mod refusals;
mod requests;
mod responses;
mod router;
mod schemas;
mod serve;
mod services;
mod tally;
mod tickets;
mod values;
mod webhook;

pub use self::{
    doors::Doors,
    gateway::{Gateway, NotReady},
    oversight::Oversight,
    pages::{PageTexts, Pages},
    router::router,
    serve::serve,
    services::Services,
};
