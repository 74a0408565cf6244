//! What the checks find, printed as they find it.

use std::io::Write as _;

use crate::glpi::{GlpiError, Trouble};

/// What the checks found so far.
#[derive(Default)]
pub(super) struct Report {
    passed: usize,
    errors: usize,
    warnings: usize,
}

impl Report {
    pub(super) fn ok(&mut self, what: &str, found: impl std::fmt::Display) {
        self.passed += 1;
        say(format_args!("ok       {what}: {found}"));
    }

    /// Something that works less well, or could not be looked at.
    pub(super) fn warning(&mut self, what: &str, found: impl std::fmt::Display, remedy: &str) {
        self.warnings += 1;
        say(format_args!("warning  {what}: {found}\n         → {remedy}"));
    }

    /// Something without which requests are not handled.
    pub(super) fn error(&mut self, what: &str, found: impl std::fmt::Display, remedy: &str) {
        self.errors += 1;
        say(format_args!("ERROR    {what}: {found}\n         → {remedy}"));
    }

    /// An error of GLPI's, and what to do about it.
    pub(super) fn glpi_error(&mut self, what: &str, error: &GlpiError) {
        self.error(what, error, remedy(error));
    }

    /// Says how many there are of each; whether nothing is wrong.
    pub(super) fn end(self) -> bool {
        say(format_args!("{} ok, {} warnings, {} errors", self.passed, self.warnings, self.errors));
        self.errors == 0
    }
}

/// What to do about an error of GLPI.
fn remedy(error: &GlpiError) -> &'static str {
    match error {
        GlpiError::Denied { remedy, .. } => remedy,
        GlpiError::Unavailable { why: Trouble::Maintenance, .. } => {
            "GLPI is in maintenance or without its database: requests wait until it is back."
        }
        GlpiError::Unavailable { .. } | GlpiError::AnswerLost { .. } => {
            "Check PASSERELLE_GLPI__URL, and that this machine reaches it (proxy, firewall, certificate)."
        }
        GlpiError::NotFound | GlpiError::TooLarge | GlpiError::Rejected { .. } => {
            "Check that PASSERELLE_GLPI__URL is GLPI's address, and its version: 9.5, 10.0 or 11.0."
        }
    }
}

fn say(line: std::fmt::Arguments<'_>) {
    // Whoever read the output may have gone, as `head` does.
    let _ = writeln!(std::io::stdout(), "{line}");
}
