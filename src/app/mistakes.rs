//! Which parts cannot be built: all of them at once.

use super::parts::{self, deposits, derived, pages};
use crate::{
    config::{Config, ConfigError},
    flow::{directory::Directory, ledger::Ledger, proof::Prover, route::MappingStore, screen::Rules},
    intake::imap,
    letters::{AnnouncementLetters, Correspondence, Operators},
    people::People,
    smtp::Mailer,
    working_time::Calendar,
};

/// Why each part that cannot be built cannot. Connects to nothing.
pub(super) fn of(config: &Config) -> Vec<ConfigError> {
    let mut mistakes = Vec::new();
    let mut note = |error: Option<ConfigError>| mistakes.extend(error);
    let glpi = parts::glpi(config);
    note(Mailer::new(&config.smtp).err());
    note(MappingStore::load(config.mappings.dir.as_deref()).err());
    note(Calendar::new(&config.calendar, config.time_zone.clone()).err());
    note(Directory::new(&config.directory, None).err());
    note(Rules::new(config).err());
    note(Prover::new(config).err());
    note(imap::Settings::new(config, Vec::new()).err());
    if config.http.believes_a_proxy() {
        note(pages(config).err());
    }
    match Correspondence::new(config, Mailer::memory().0) {
        Err(error) => note(Some(error)),
        Ok(letters) => {
            note(Operators::new(config, letters.clone()).err());
            note(deposits(config, letters.clone()).err());
            note(AnnouncementLetters::new(config, letters).err());
        }
    }
    // What asks GLPI is tried with one that nobody asks, where the configured one cannot be had.
    let stand_in = glpi.as_ref().ok().cloned().or_else(|| parts::glpi(&with_any_glpi(config)).ok());
    note(glpi.err());
    if let Some(glpi) = stand_in {
        note(People::new(&config.people, glpi.clone()).err());
        note(Ledger::new(config, glpi, derived(config, "passerelle cache keys"), config.glpi.timeout).err());
    }
    mistakes
}

/// The same configuration with a GLPI that could be: nobody may ask it.
pub(crate) fn with_any_glpi(config: &Config) -> Config {
    let mut config = config.clone();
    "http://localhost".clone_into(&mut config.glpi.url);
    config.glpi.user_token = Some("none".to_owned().into());
    config
}
