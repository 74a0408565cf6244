//! A solved ticket becomes a draft of an article of GLPI's knowledge base, for somebody to read and publish.
//!
//! Pure, values in and values out: `masks` takes personal data out, `draft` writes the article and reads again what was
//! written, and whether somebody changed it since. [`Drafter`] does it in GLPI.

mod draft;
mod drafter;
mod error;
mod masks;

pub use self::{
    drafter::{DraftOrder, Drafted, Drafter},
    error::DraftError,
};
