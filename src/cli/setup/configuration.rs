//! The gateway's configuration file for this academy: written where there is none or the package's own. One that somebody
//! changed is kept; what setup would have written goes beside it, to be compared.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use toml::{Table, Value};
use url::Url;

use super::{
    context::Setup,
    outcome::{Failed, State},
    secrets,
    wanted::Wanted,
    written::{self, Secrets, own_file},
};
use crate::{
    config::{self, ConfigError, Reading},
    text::Bilingual,
};

/// Secrets whose files setup itself makes, or asks for: that they are missing is said there.
const OF_FILES: [&str; 3] = ["glpi.user_token", "http.webhook_secrets", "imap.password"];

pub(super) fn look(setup: &Setup) -> Result<State, Failed> {
    let wanted = &setup.wanted;
    let path = wanted.configuration_file();
    let Some(found) = own_file(wanted)? else {
        return Ok(if path.exists() {
            State::Change(Bilingual::new("as the package brought it", "telle que le paquet l’a apportée"))
        } else {
            State::create()
        });
    };
    let here = Bilingual::new(
        format!("correct it: passerelle --config {} check names each mistake with its place", path.display()),
        format!("corrigez-la\u{a0}: passerelle --config {} check nomme chaque erreur à sa place", path.display()),
    );
    if let Some(mistake) = first_mistake(&path) {
        let reason = Bilingual::new("yours cannot be used: ", "la vôtre ne peut pas servir\u{a0}: ");
        return Ok(State::named(&reason.then("", &mistake), &here));
    }
    let found: Table = toml::from_str(&found).unwrap_or_default();
    let text = written::text(wanted, setup.facts(), Secrets::InFiles);
    let own: Table = toml::from_str(&text).unwrap_or_default();
    if let Some(other) = another_glpi(wanted, &found) {
        return Ok(State::named(
            &Bilingual::new(
                format!("yours says glpi.url = \"{other}\": it is for another GLPI"),
                format!("la vôtre dit glpi.url = \"{other}\"\u{a0}: elle est pour un autre GLPI"),
            ),
            &Bilingual::new(
                "correct it or --url, or name another folder by --into",
                "corrigez-la ou --url, ou donnez un autre dossier par --into",
            ),
        ));
    }
    let mut differing = Differing::default();
    compare("", &own, &found, &mut differing);
    if differing.is_nothing() {
        return Ok(State::there());
    }
    let beside = beside(&path);
    let kept = differing.said();
    Ok(if fs::read_to_string(&beside).is_ok_and(|there| there == text) {
        let compare = format!("diff -u {} {}", path.display(), beside.display());
        State::There(kept.then(
            "",
            &Bilingual::new(format!("; compare: {compare}"), format!("\u{a0}; pour comparer\u{a0}: {compare}")),
        ))
    } else {
        let shown = beside.display();
        State::Create(kept.then(
            "",
            &Bilingual::new(
                format!("; what setup would write goes beside it, {shown}"),
                format!("\u{a0}; ce que setup écrirait va à côté, {shown}"),
            ),
        ))
    })
}

/// The first mistake that keeps the gateway from using a file, secrets' files aside.
fn first_mistake(path: &Path) -> Option<Bilingual> {
    let Err(error) = config::read(Some(path)).and_then(Reading::sound) else { return None };
    let all = match error {
        ConfigError::Several { mistakes } => mistakes,
        one => vec![one],
    };
    let is_ours = |mistake: &&ConfigError| OF_FILES.iter().any(|key| mistake.is_about(key));
    all.iter().find(|mistake| !is_ours(mistake)).map(ConfigError::message)
}

/// The address of a GLPI that is not the one that is set up.
fn another_glpi(wanted: &Wanted, found: &Table) -> Option<String> {
    let named = found.get("glpi")?.get("url")?.as_str()?;
    let plain = |url: &str| url.trim_end_matches('/').trim_end_matches("/apirest.php").to_owned();
    let theirs = Url::parse(named).map_or_else(|_| named.to_owned(), |url| url.to_string());
    (plain(&theirs) != plain(wanted.url.as_str())).then(|| named.to_owned())
}

fn beside(path: &Path) -> std::path::PathBuf {
    path.with_extension("toml.new")
}

/// How a file differs from what setup would write.
#[derive(Debug, Default)]
struct Differing {
    other: Vec<String>,
    missing: Vec<String>,
}

impl Differing {
    fn is_nothing(&self) -> bool {
        self.other.is_empty() && self.missing.is_empty()
    }

    fn said(&self) -> Bilingual {
        let mut said = Bilingual::new("yours is kept", "la vôtre est gardée");
        if !self.other.is_empty() {
            let keys = self.other.join(", ");
            said = said.then(
                "",
                &Bilingual::new(
                    format!("; it says something else for {keys}"),
                    format!("\u{a0}; elle dit autre chose pour {keys}"),
                ),
            );
        }
        if !self.missing.is_empty() {
            let keys = self.missing.join(", ");
            said =
                said.then("", &Bilingual::new(format!("; it lacks {keys}"), format!("\u{a0}; il lui manque {keys}")));
        }
        said
    }
}

/// The keys of `wanted` that `found` lacks or has with another value.
fn compare(above: &str, wanted: &Table, found: &Table, differing: &mut Differing) {
    for (key, value) in wanted {
        let name = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        match (value, found.get(key)) {
            (Value::Table(wanted), Some(Value::Table(found))) => compare(&name, wanted, found, differing),
            (Value::Table(wanted), None) => compare(&name, wanted, &Table::new(), differing),
            (_, None) => differing.missing.push(name),
            // Its mistake is said elsewhere.
            (_, Some(_)) if above == "glpi" && key == "url" => {}
            (value, Some(there)) if value == there => {}
            _ => differing.other.push(name),
        }
    }
}

/// The file itself where there is none, or the package's own; else one beside it.
pub(super) fn make(setup: &Setup) -> Result<(), Failed> {
    let path = setup.wanted.configuration_file();
    secrets::make_folder(&path)?;
    let place = if own_file(&setup.wanted)?.is_some() { beside(&path) } else { path };
    let text = written::text(&setup.wanted, setup.facts(), Secrets::InFiles);
    let written = write(&place, &text).map_err(|error| Failed::of_file(&place, &error));
    written.and_then(|()| secrets::share(&place, &setup.wanted.secrets_folder()))
}

/// Whole or not at all: a file that is replaced is never half of each.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let replaces = path.exists();
    let place = if replaces { path.with_extension("toml.setup") } else { path.to_owned() };
    let mut options = fs::OpenOptions::new();
    let options = options.write(true).mode(0o640).create_new(!replaces).create(true).truncate(replaces);
    let mut file = options.open(&place)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if replaces {
        fs::set_permissions(&place, fs::metadata(path)?.permissions())?;
        fs::rename(place, path)?;
    }
    Ok(())
}
