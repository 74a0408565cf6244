//! Why a value of an option cannot be used, in both languages: clap shows the English one.

use std::fmt;

use crate::text::{Bilingual, Language};

/// Why.
#[derive(Clone, Debug)]
pub(super) struct Unfit(pub(super) Bilingual);

impl Unfit {
    pub(super) fn new(english: &str, french: &str) -> Self {
        Self(Bilingual::new(english, french))
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.text(Language::English))
    }
}

impl std::error::Error for Unfit {}
