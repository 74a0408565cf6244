//! The sweep: looks at tickets again and again for what GLPI tells nobody of.

mod hints;

pub use hints::{Hint, Hinted, Hints, hints};
