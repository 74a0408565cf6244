//! Prints a line for who runs the command.

use std::{fmt::Display, io::Write as _};

/// Prints a line on standard output.
pub(super) fn say(line: impl Display) {
    // Whoever read the output may have gone, as `head` does.
    let _ = writeln!(std::io::stdout(), "{line}");
}
