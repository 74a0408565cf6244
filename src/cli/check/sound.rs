//! What of a configuration can be gone by where mistakes are in it: the rest is not looked at, and that is said.

use super::report::Report;
use crate::{config::Reading, text::Bilingual};

/// What is looked at and what is not.
pub(super) struct Sound<'a> {
    reading: &'a Reading,
    left_out: Vec<Bilingual>,
}

impl<'a> Sound<'a> {
    pub(super) fn new(reading: &'a Reading) -> Self {
        Self { reading, left_out: Vec::new() }
    }

    /// Whether no mistake is about these keys and sections, which something goes by; if one is, it is left out.
    pub(super) fn are(&mut self, keys: &[&str], what: impl FnOnce() -> Bilingual) -> bool {
        let are_sound = !keys.iter().any(|key| self.reading.is_mistaken(key));
        if !are_sound {
            self.left_out.push(what());
        }
        are_sound
    }

    /// Leaves out this as well.
    pub(super) fn leave_out(&mut self, what: Bilingual) {
        self.left_out.push(what);
    }

    /// Says what was left out.
    pub(super) fn end(self, report: &mut Report) {
        let Some(all) = self.left_out.into_iter().reduce(|all, next| all.then(", ", &next)) else { return };
        report.warning(
            &Bilingual::new("not looked at", "pas regardé"),
            &all,
            &Bilingual::new(
                "Mend the mistakes that are named below, then check again.",
                "Corrigez les erreurs nommées ci-dessous, puis revérifiez.",
            ),
        );
    }
}
