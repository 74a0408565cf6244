//! `check --who` and `check --mail`: what would become of a person's request, or of this very mail. Nothing is changed.

use std::path::Path;

use jiff::Timestamp;

use crate::{
    app::App,
    cli::{exit, say::say, try_files::Trial},
    config::{self, Config, ConfigError},
    flow::directory::KnownPerson,
    glpi::GlpiError,
    request::{Address, Person, Prospect},
    text::{Bilingual, Language},
};

/// Rows of what is known, in one language.
struct Rows(Language);

impl Rows {
    fn row(&self, what: &Bilingual, found: &Bilingual) {
        let line = what.clone().saying(found);
        say(line.text(self.0));
    }
}

/// Says what each source knows of a person, and what would become of a request of theirs; gives the exit code.
pub(super) async fn of_person(app: &App, text: &str, language: Language) -> u8 {
    let rows = Rows(language);
    let Some(address) = Address::parse(text) else {
        rows.row(
            &Bilingual::same(text),
            &Bilingual::new("this is no mail address", "ce n’est pas une adresse de courriel"),
        );
        return exit::USAGE;
    };
    let mut failed = false;
    for (source, found) in app.pipeline.directory.each(&address).await {
        let what = &Bilingual::new(format!("directory {source}"), format!("annuaire {source}"));
        match found {
            Ok(Some(known)) => rows.row(what, &of_source(&known)),
            Ok(None) => rows.row(what, &Bilingual::new("does not know this address", "ne connaît pas cette adresse")),
            Err(cause) => {
                failed = true;
                rows.row(
                    what,
                    &Bilingual::new("cannot say: ", "ne peut pas le dire\u{a0}: ").then("", &cause.reason()),
                );
            }
        }
    }
    match in_glpi(app, &address).await {
        Ok(found) => rows.row(&Bilingual::same("GLPI"), &found),
        Err(error) => {
            failed = true;
            rows.row(&Bilingual::same("GLPI"), &error.reason().then(" → ", &error.remedy()));
        }
    }
    let Prospect { refusal, left, .. } = app.pipeline.prospect(&address).await;
    let quota = match left {
        Some(left) => {
            let all = app.config.quota.per_day;
            Bilingual::new(format!("{left} of {all} requests left"), format!("encore {left} demandes sur {all}"))
        }
        None => Bilingual::new("not bounded, or not known now", "non limité, ou inconnu pour le moment"),
    };
    rows.row(&Bilingual::new("today", "aujourd’hui"), &quota);
    let verdict = match refusal {
        Some(refusal) => {
            let (code, sentence) = (refusal.reason.code(), &refusal.sentence);
            Bilingual::new(
                format!("would be refused ({code}): {sentence}"),
                format!("serait refusée ({code})\u{a0}: {sentence}"),
            )
        }
        None if failed => Bilingual::new(
            "would wait until every source answers, unless one knows them as a director",
            "attendrait que chaque source réponde, sauf si l’une connaît cette personne comme directeur",
        ),
        None => Bilingual::new(
            "would become a ticket, if its subject names an application and its sender is proven",
            "deviendrait un ticket, si l’objet nomme une application et si l’expéditeur est prouvé",
        ),
    };
    rows.row(&Bilingual::new("a request", "une demande"), &verdict);
    if failed { exit::FAILED } else { exit::OK }
}

fn of_source(known: &KnownPerson) -> Bilingual {
    let Person { name, role, .. } = &known.person;
    let schools = known.person.schools().map(|school| school.shown()).filter(|shown| !shown.is_empty());
    let details: Vec<String> = name.iter().chain(role).cloned().chain(schools).collect();
    let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
    let is = if known.is_director {
        Bilingual::new("a director", "directeur")
    } else {
        Bilingual::new("known, and no director", "connu, et pas directeur")
    };
    is.then("", &Bilingual::same(details))
}

/// The account that GLPI would make the requester, and whether GLPI writes to it.
async fn in_glpi(app: &App, address: &Address) -> Result<Bilingual, GlpiError> {
    let now = Timestamp::now().to_zoned(app.config.time_zone.clone()).datetime();
    let directory = app.glpi.directory();
    let Some(account) = directory.account(address.as_str(), now).await? else {
        return Ok(Bilingual::new(
            "no account has this address: the requester is the bare address",
            "aucun compte n’a cette adresse\u{a0}: le demandeur est l’adresse seule",
        ));
    };
    let (name, home) = (directory.name(account.id).await?, directory.home(&account).await?);
    let found = Bilingual::new(format!("account {} ({name})", account.id), format!("compte {} ({name})", account.id));
    let entity = home.map_or_else(Bilingual::default, |entity| {
        Bilingual::new(format!(", of the entity {entity}"), format!(", de l’entité {entity}"))
    });
    let silent = match directory.why_silent(&account, None).await? {
        Some(why) => {
            Bilingual::new("; GLPI would not write to it (", "\u{a0}; GLPI ne lui écrirait pas (").then("", &why).then(
                "",
                &Bilingual::new("): the requester is the bare address", ")\u{a0}: le demandeur est l’adresse seule"),
            )
        }
        None => Bilingual::default(),
    };
    Ok(found.then("", &entity).then("", &silent))
}

/// Says what would become of a mail; gives the exit code: 1 where that cannot be said.
///
/// # Errors
///
/// When the configuration cannot be used.
pub(super) async fn of_mail(config: Config, path: &Path, language: Language) -> Result<u8, ConfigError> {
    let rows = Rows(language);
    let trial = Trial::closer(config)?;
    let forecast = match Box::pin(trial.forecast(path)).await {
        Ok(forecast) => forecast,
        Err(error) => {
            let what = Bilingual::same(path.display());
            rows.row(&what, &Bilingual::new("cannot be read", "ne peut pas être lu").saying(&config::of_error(&error)));
            return Ok(exit::FAILED);
        }
    };
    rows.row(&Bilingual::new("outcome", "suite"), &forecast.in_words());
    for (rule, verdict) in &forecast.rules {
        rows.row(&Bilingual::new(format!("rule {rule}"), format!("règle {rule}")), verdict);
    }
    for (what, value) in forecast.told() {
        rows.row(&what, &value);
    }
    for file in &forecast.files {
        rows.row(&Bilingual::new("file that goes", "fichier joint"), &Bilingual::same(file));
    }
    for file in &forecast.left_out {
        rows.row(&Bilingual::new("file that does not go", "fichier écarté"), file);
    }
    if let Some(reference) = &forecast.reference {
        rows.row(&Bilingual::new("reference", "référence"), &Bilingual::same(reference));
    }
    rows.row(
        &Bilingual::new("notice", "avis"),
        &if forecast.notice { Bilingual::new("yes", "oui") } else { Bilingual::new("no", "non") },
    );
    Ok(if forecast.outcome == "deferred" { exit::FAILED } else { exit::OK })
}
