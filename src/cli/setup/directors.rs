//! Whether the file of directors, where there is one, names those whom the gateway is for.

use std::path::Path;

use super::{
    context::Setup,
    naming::of_options,
    outcome::{Failed, State},
};
use crate::{
    cli::directors,
    config::{self, DirectorySource},
    flow::{directory::Directory, screen::Rules},
    text::Bilingual,
};

/// The file that the configuration names, where it counts.
pub(super) fn file(setup: &Setup) -> Option<&Path> {
    let directory = &setup.config.directory;
    directory.csv.as_deref().filter(|_| directory.sources.contains(&DirectorySource::Csv))
}

pub(super) async fn look(setup: &Setup) -> Result<State, Failed> {
    let of_configuration = |mistake| Failed::of_configuration(&mistake);
    let of_file = config::Directory { sources: vec![DirectorySource::Csv], ..setup.config.directory.clone() };
    let directory = Directory::new(&of_file, None).map_err(of_configuration)?;
    let rules = Rules::new(&setup.config).map_err(of_configuration)?;
    let mut doubts = Vec::new();
    let mut found = Bilingual::default();
    for (_, state) in directory.probe().await {
        let state = state.map_err(|cause| Failed::new(&cause.reason(), &Bilingual::default()))?;
        doubts.extend(directors::doubts(&state, &rules));
        found = state.found;
    }
    let and = Bilingual::new("; ", " ; ");
    let all = |of: fn(&directors::Doubt) -> &Bilingual, between: &Bilingual| {
        doubts.iter().map(|doubt| of_options(of(doubt))).reduce(|all, next| all.then("", between).then("", &next))
    };
    Ok(match (all(|doubt| &doubt.reason, &and), all(|doubt| &doubt.remedy, &Bilingual::same(" "))) {
        (Some(reason), Some(remedy)) => State::by_hand(&reason, &remedy),
        _ => State::There(found),
    })
}
