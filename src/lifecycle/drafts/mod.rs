//! A solved ticket becomes a draft of an article of GLPI's knowledge base, for somebody to read and publish.
//!
//! Pure, values in and values out: `masks` takes personal data out (`personal`), told by its form (`forms`) or by where
//! it stands (`names`) or by another place of the same ticket (`learnt`; `everyday` words are no names; what the opening says of people, `told`), `draft` writes the article and reads again what was
//! written, and whether somebody changed it since. [`Drafter`] does it in GLPI.

mod draft;
mod drafter;
mod error;
mod everyday;
mod forms;
mod learnt;
mod masks;
mod names;
mod personal;
mod told;

pub use self::{
    drafter::{DraftOrder, DraftPreview, Drafted, Drafter, WouldSay},
    error::DraftError,
    told::without_personal_data,
};
