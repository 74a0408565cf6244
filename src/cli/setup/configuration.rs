//! The gateway's configuration file for this academy: written where there is none, the package's or one of setup's own that
//! nobody changed. One that somebody changed is kept; what setup would have written goes beside it, to be compared.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use toml::{Table, Value};
use url::Url;

use super::{
    context::Setup,
    outcome::{Failed, State},
    secrets,
    wanted::Wanted,
    whose::{self, Whose},
    written::{self, Secrets},
};
use crate::{
    cli::shell,
    config::{self, ConfigError, Reading},
    text::Bilingual,
};

/// Secrets whose files setup itself makes, or asks for: that they are missing is said there.
const OF_FILES: [&str; 3] = ["glpi.user_token", "http.webhook_secrets", "imap.password"];

pub(super) fn look(setup: &Setup) -> Result<State, Failed> {
    let path = setup.wanted.configuration_file();
    let text = written::text(&setup.wanted, setup.facts, Secrets::InFiles);
    Ok(match whose::of(&setup.wanted)? {
        Whose::Nobody if path.exists() => State::change(
            ("it is empty", "elle est vide"),
            ("it was empty, and was written", "elle était vide, et a été écrite"),
        ),
        Whose::Nobody => State::create(),
        Whose::Package => State::change(
            ("it is as the package brought it", "elle est telle que le paquet l’a apportée"),
            (
                "it was as the package brought it, and was replaced",
                "elle était telle que le paquet l’a apportée, et a été remplacée",
            ),
        ),
        Whose::Setup(found) => of_an_older_run(&path, &text, &found),
        Whose::Somebody(found) => of_somebody(&setup.wanted, &path, &text, &found),
    })
}

fn table(text: &str) -> Table {
    toml::from_str(text).unwrap_or_default()
}

/// How the file that an older run wrote stands: the options of this one decide.
fn of_an_older_run(path: &Path, text: &str, found: &str) -> State {
    let changes = Differing::between(&table(text), &table(found));
    if changes.is_nothing() {
        return State::there();
    }
    let (old, changes) = (old(path), changes.said(&OF_ITS_OWN));
    let old = old.display();
    State::Change(
        Bilingual::new("the options are other ones than before: ", "les options ne sont plus les mêmes\u{a0}: ")
            .then("", &changes),
        Bilingual::new("it follows the options again: ", "elle suit de nouveau les options\u{a0}: ")
            .then("", &changes)
            .then(
                "",
                &Bilingual::new(
                    format!("; the one before was kept beside it, {old}"),
                    format!("\u{a0}; la précédente a été gardée à côté, {old}"),
                ),
            ),
    )
}

/// How a file that somebody changed stands: it is kept.
fn of_somebody(wanted: &Wanted, path: &Path, text: &str, found: &str) -> State {
    let here = Bilingual::new(
        format!("correct it: passerelle --config {} check names each mistake with its place", shell::word(path)),
        format!("corrigez-la\u{a0}: passerelle --config {} check nomme chaque erreur à sa place", shell::word(path)),
    );
    if let Some(mistake) = first_mistake(path) {
        let reason = Bilingual::new("yours cannot be used: ", "la vôtre ne peut pas servir\u{a0}: ");
        return State::named(&reason.then("", &mistake), &here);
    }
    let found = table(found);
    if let Some(other) = another_glpi(wanted, &found) {
        return State::named(
            &Bilingual::new(
                format!("yours says glpi.url = \"{other}\": it is for another GLPI"),
                format!("la vôtre dit glpi.url = \"{other}\"\u{a0}: elle est pour un autre GLPI"),
            ),
            &Bilingual::new(
                "correct it or --url, or name another folder by --into",
                "corrigez-la ou --url, ou donnez un autre dossier par --into",
            ),
        );
    }
    let mut differing = Differing::between(&table(text), &found);
    // What is there beyond what setup writes is theirs, and the address is the same in other words.
    differing.more.clear();
    differing.other.retain(|key| key != "glpi.url");
    if differing.is_nothing() {
        return State::there();
    }
    let kept = Bilingual::new("yours is kept; it ", "la vôtre est gardée\u{a0}; elle ");
    let reason = kept.then("", &differing.said(&OF_SOMEBODY));
    let beside = beside(path);
    let compare = format!("diff -u {} {}", shell::word(path), shell::word(&beside));
    if fs::read_to_string(&beside).is_ok_and(|there| there == text) {
        return State::named(
            &reason,
            &Bilingual::new(
                format!("compare it with setup’s own, beside it, and take over what is to be: {compare}"),
                format!("comparez-la à celle de setup, à côté, et reprenez ce qui doit l’être\u{a0}: {compare}"),
            ),
        );
    }
    State::Beside(Failed::new(
        &reason,
        &Bilingual::new(
            format!("--apply writes setup’s own beside it, {}, to be compared", beside.display()),
            format!("--apply écrit celle de setup à côté, {}, pour comparer", beside.display()),
        ),
    ))
}

/// The first mistake that keeps the gateway from using a file, secrets' files aside.
fn first_mistake(path: &Path) -> Option<Bilingual> {
    let Err(error) = config::read(Some(path)).and_then(Reading::sound) else { return None };
    let is_ours = |mistake: &ConfigError| OF_FILES.iter().any(|key| mistake.is_about(key));
    error.each().iter().find(|mistake| !is_ours(mistake)).map(ConfigError::message)
}

/// The address of a GLPI that is not the one that is set up.
fn another_glpi(wanted: &Wanted, found: &Table) -> Option<String> {
    let named = found.get("glpi")?.get("url")?.as_str()?;
    let plain = |url: &str| url.trim_end_matches('/').trim_end_matches("/apirest.php").to_owned();
    let theirs = Url::parse(named).map_or_else(|_| named.to_owned(), |url| url.to_string());
    (plain(&theirs) != plain(wanted.url.as_str())).then(|| named.to_owned())
}

/// What setup would have written, beside a file that is somebody's own.
fn beside(path: &Path) -> PathBuf {
    path.with_extension("toml.new")
}

/// What an older run wrote.
fn old(path: &Path) -> PathBuf {
    path.with_extension("toml.old")
}

/// How a file differs from what setup would write.
#[derive(Debug, Default)]
struct Differing {
    other: Vec<String>,
    missing: Vec<String>,
    more: Vec<String>,
}

/// What is said before the keys that have another value, that are missing, that are there beyond those of setup.
type Words = [(&'static str, &'static str); 3];

const OF_SOMEBODY: Words =
    [("says something else for ", "dit autre chose pour "), ("lacks ", "n’a pas "), ("also has ", "a aussi ")];
const OF_ITS_OWN: Words = [("another value for ", "autre valeur pour "), ("with ", "avec "), ("without ", "sans ")];

impl Differing {
    /// How `found` differs from what is wanted.
    fn between(wanted: &Table, found: &Table) -> Self {
        let (wanted, found) = (values("", wanted), values("", found));
        let names = |keys: &mut dyn Iterator<Item = &String>| keys.cloned().collect();
        Self {
            other: names(&mut wanted.iter().filter(|it| found.get(it.0).is_some_and(|at| at != it.1)).map(|it| it.0)),
            missing: names(&mut wanted.keys().filter(|key| !found.contains_key(*key))),
            more: names(&mut found.keys().filter(|key| !wanted.contains_key(*key))),
        }
    }

    fn is_nothing(&self) -> bool {
        self.other.is_empty() && self.missing.is_empty() && self.more.is_empty()
    }

    fn said(&self, words: &Words) -> Bilingual {
        let each = [&self.other, &self.missing, &self.more].into_iter().zip(words).filter(|(keys, _)| !keys.is_empty());
        let said = each.map(|(keys, (english, french))| {
            Bilingual::new(english, french).then("", &Bilingual::same(keys.join(", ")))
        });
        said.reduce(|all, next| all.then("", &Bilingual::new("; ", "\u{a0}; ")).then("", &next)).unwrap_or_default()
    }
}

/// The values of a file by their whole keys.
fn values(above: &str, table: &Table) -> BTreeMap<String, Value> {
    let each = table.iter().flat_map(|(key, value)| {
        let name = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        match value {
            Value::Table(below) => values(&name, below),
            value => BTreeMap::from([(name, value.clone())]),
        }
    });
    each.collect()
}

/// The file itself, but where it is somebody's own; then one beside it.
pub(super) fn make(setup: &Setup) -> Result<(), Failed> {
    let path = setup.wanted.configuration_file();
    secrets::make_folder(&path)?;
    let whose = whose::of(&setup.wanted)?;
    if let Whose::Setup(_) = whose {
        let before = fs::read_to_string(&path).map_err(|error| Failed::of_file(&path, &error))?;
        put(setup, &old(&path), &before)?;
    }
    let place = if matches!(whose, Whose::Somebody(_)) { beside(&path) } else { path };
    put(setup, &place, &written::text(&setup.wanted, setup.facts, Secrets::InFiles))
}

fn put(setup: &Setup, place: &Path, text: &str) -> Result<(), Failed> {
    let written = write(place, text).map_err(|error| Failed::of_file(place, &error));
    written.and_then(|()| secrets::share(place, &setup.wanted.secrets_folder()))
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
