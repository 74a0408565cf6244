//! Tools for texts: French as it is set, HTML as tags and as the text it shows.

mod chain;
pub mod fold;
pub mod french;
pub(crate) mod glpi_html;
pub(crate) mod headings;
pub(crate) mod html_text;
mod language;
pub(crate) mod markdown;
pub(crate) mod marks;
pub(crate) mod near;
pub(crate) mod sanitise;
pub(crate) mod tags;
pub(crate) mod unseen;

pub(crate) use self::chain::chain;
pub use self::language::{Bilingual, Language};
