//! Prints a line for who runs the command.

use std::{fmt::Display, io::Write as _};

use crate::text::{Bilingual, Language};

/// Prints a line on standard output.
pub(super) fn say(line: impl Display) {
    // Whoever read the output may have gone, as `head` does.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Says on standard error what is wrong.
pub(super) fn complain(what: &Bilingual, language: Language) {
    eprintln!("{}", what.text(language));
}
