//! Whether the service may read the configuration and what it names: setup is run by root, the service is not.

use super::{
    configuration,
    context::Setup,
    outcome::{Failed, State},
};
use crate::{
    cli::readable::{self, Unreadable},
    config,
    text::Bilingual,
};

pub(super) async fn look(setup: &Setup) -> State {
    // The one that stays names its secrets' files as well.
    let stays = matches!(configuration::look(setup), Ok(State::There(_) | State::Named(_) | State::Beside(_)));
    let written = stays.then(|| config::read(Some(&setup.wanted.configuration_file())).ok()).flatten();
    let config = written.as_ref().map_or(&setup.config, config::Reading::config);
    match readable::unreadable(config).await {
        None => State::There(Bilingual::new(
            "whoever runs the gateway must be able to read them",
            "qui fait tourner la passerelle doit pouvoir les lire",
        )),
        Some(none) if none.is_empty() => State::There(Bilingual::new(
            format!("{} may read them", readable::USER),
            format!("{} peut les lire", readable::USER),
        )),
        Some(several) => State::ByHand(all(&several)),
    }
}

fn all(files: &[Unreadable]) -> Failed {
    let joined = |of: fn(&Unreadable) -> Bilingual, between: &Bilingual| {
        files.iter().map(of).reduce(|all, next| all.then("", between).then("", &next)).unwrap_or_default()
    };
    Failed::new(
        &joined(|file| file.what.clone().then(" ", &file.reason), &Bilingual::new("; ", " ; ")),
        &joined(|file| file.remedy.clone(), &Bilingual::same("; ")),
    )
}
