//! What the checks find, printed as they find it, in one language.

use crate::{
    cli::say::say,
    glpi::GlpiError,
    text::{Bilingual, Language},
};

/// What the checks found so far.
#[derive(Default)]
pub(super) struct Report {
    language: Language,
    passed: usize,
    errors: usize,
    warnings: usize,
}

impl Report {
    pub(super) fn new(language: Language) -> Self {
        Self { language, ..Self::default() }
    }

    pub(super) fn ok(&mut self, what: &Bilingual, found: &Bilingual) {
        self.passed += 1;
        self.say("ok       ", "ok       ", what, found, None);
    }

    /// Something that works less well, or could not be looked at.
    pub(super) fn warning(&mut self, what: &Bilingual, found: &Bilingual, remedy: &Bilingual) {
        self.warnings += 1;
        self.say("warning  ", "À REVOIR ", what, found, Some(remedy));
    }

    /// Something without which requests are not handled.
    pub(super) fn error(&mut self, what: &Bilingual, found: &Bilingual, remedy: &Bilingual) {
        self.errors += 1;
        self.say("ERROR    ", "ERREUR   ", what, found, Some(remedy));
    }

    /// An error of GLPI's, and what to do about it.
    pub(super) fn glpi_error(&mut self, what: &Bilingual, error: &GlpiError) {
        self.error(what, &error.reason(), &error.remedy());
    }

    /// Says how many there are of each; whether nothing is wrong.
    pub(super) fn end(self) -> bool {
        let Self { passed, warnings, errors, .. } = self;
        let counts = Bilingual::new(
            format!("{passed} ok, {warnings} warnings, {errors} errors"),
            format!("{passed} ok, {warnings} à revoir, {errors} en erreur"),
        );
        say(counts.text(self.language));
        errors == 0
    }

    fn say(&self, english: &str, french: &str, what: &Bilingual, found: &Bilingual, remedy: Option<&Bilingual>) {
        let line = Bilingual::new(english, french).then("", what).saying(found);
        say(line.text(self.language));
        if let Some(remedy) = remedy {
            say(format_args!("         → {}", capitalised(remedy.text(self.language))));
        }
    }
}

/// A sentence that may have been the second half of another.
fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}
