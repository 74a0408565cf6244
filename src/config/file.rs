//! The configuration file: whether its keys are known, what it gives them, and where in it each stands.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{
    ConfigError, foreign,
    keys::{KeyKind, KnownKeys},
    secret::{FILE_ENDING, SECRETS, is_secret},
};
use crate::text::{
    Bilingual,
    near::{ALIKE, near},
};

/// What stands in the place of a secret where the file is shown.
const MASK: &str = "\"…\"";

/// The configuration file, kept to show places in it.
pub(super) struct ConfigFile {
    name: String,
    text: String,
    found: Vec<Found>,
    /// Values of keys that there are not, which may be mistyped secrets.
    unknown: Vec<Range<usize>>,
}

/// A value in the file.
pub(super) struct Found {
    /// The key that it is for.
    pub(super) key: String,
    /// What it is.
    pub(super) source: Source,
    /// Where it stands, in bytes.
    place: Range<usize>,
}

/// A value, or where it is.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The value.
    Value(toml::Value),
    /// The file that holds it.
    File(PathBuf),
}

impl Source {
    /// Whether it is a value that says nothing.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Value(toml::Value::String(text)) => text.is_empty(),
            Self::Value(toml::Value::Array(list)) => list.is_empty(),
            _ => false,
        }
    }
}

/// A mistake that is not shown yet: only when all is read is it known which places are secret.
struct Misplaced {
    key: String,
    place: Range<usize>,
    message: Bilingual,
    help: Option<Bilingual>,
}

impl ConfigFile {
    /// Reads what the file at this path gives the known keys; beside it, what it gives wrongly, each about its key.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read, or is no TOML.
    pub(super) fn read(path: &Path, known: &KnownKeys) -> Result<(Self, Vec<ConfigError>), ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, error))?;
        Self::of_text(path, &text, known)
    }

    /// The same of a file that would have this text.
    ///
    /// # Errors
    ///
    /// Where it is no TOML.
    pub(super) fn of_text(path: &Path, text: &str, known: &KnownKeys) -> Result<(Self, Vec<ConfigError>), ConfigError> {
        let name = path.display().to_string();
        // Editors of another system leave a byte order mark.
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let no_toml = |error: toml::de::Error| {
            let (shown, place) = masked(&text, &likely_secrets(&text), error.span());
            ConfigError::in_file(&name, &shown, place, foreign::said(error.message()), None)
        };
        let values: toml::Table = toml::from_str(&text).map_err(no_toml)?;
        let table = DeTable::parse(&text).map_err(no_toml)?;
        let mut file = Self { name, text: text.clone(), found: Vec::new(), unknown: Vec::new() };
        let mut mistakes = Vec::new();
        file.collect(known, "", table.get_ref(), &values, &mut mistakes);
        file.both_ways(&mut mistakes);
        let shown = |Misplaced { key, place, message, help }| file.error(place, message, help).about(&key);
        let mistakes = mistakes.into_iter().map(shown).collect();
        Ok((file, mistakes))
    }

    /// Its path.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The values it gives, none of a key twice.
    pub(super) fn found(&self) -> &[Found] {
        &self.found
    }

    /// The line, counted from 1, of a value.
    pub(super) fn line(&self, found: &Found) -> usize {
        self.text[..found.place.start].matches('\n').count() + 1
    }

    /// An error shown at the value of a key; `None` where the file does not give that key.
    pub(super) fn error_at(&self, key: &str, message: &Bilingual, help: &Bilingual) -> Option<ConfigError> {
        let found = self.found.iter().find(|found| found.key == key)?;
        Some(self.error(found.place.clone(), message.clone(), Some(help.clone())))
    }

    fn error(&self, place: Range<usize>, message: Bilingual, help: Option<Bilingual>) -> ConfigError {
        let secrets =
            self.found.iter().filter(|found| is_secret(&found.key) && matches!(found.source, Source::Value(_)));
        let mut secrets: Vec<_> =
            secrets.map(|found| found.place.clone()).chain(self.unknown.iter().cloned()).collect();
        secrets.sort_by_key(|place| place.start);
        let (shown, place) = masked(&self.text, &secrets, Some(place));
        ConfigError::in_file(&self.name, &shown, place, message, help)
    }

    fn collect(
        &mut self,
        known: &KnownKeys,
        path: &str,
        table: &DeTable<'_>,
        values: &toml::Table,
        mistakes: &mut Vec<Misplaced>,
    ) {
        for (name, value) in table {
            let named = name.get_ref();
            let key = if path.is_empty() { named.to_string() } else { format!("{path}.{named}") };
            let Some(own) = values.get(named.as_ref()) else { continue };
            let mut wrong = |(english, french): (&str, &str)| {
                let message = Bilingual::new(format!("{key} must be {english}"), format!("{key} doit être {french}"));
                mistakes.push(Misplaced { key: key.clone(), place: value.span(), message, help: None });
                // A secret in the wrong place is one nevertheless.
                true
            };
            let is_wrong = match (known.kind(&key), value.get_ref()) {
                (Some(KeyKind::Table), DeValue::Table(inner)) => {
                    let Some(values) = own.as_table() else { continue };
                    self.collect(known, &key, inner, values, mistakes);
                    continue;
                }
                (Some(KeyKind::FreeTable), DeValue::Table(inner)) => {
                    let Some(values) = own.as_table() else { continue };
                    self.found.extend(inner.iter().filter_map(|(name, value)| {
                        Some(Found {
                            key: format!("{key}.{}", name.get_ref()),
                            source: Source::Value(values.get(name.get_ref().as_ref())?.clone()),
                            place: value.span(),
                        })
                    }));
                    continue;
                }
                (Some(KeyKind::Table | KeyKind::FreeTable), _) => wrong(("a section", "une section")),
                (Some(KeyKind::Array), DeValue::Array(_)) => false,
                (Some(KeyKind::Array), _) => wrong(("a list, [\"…\"]", "une liste, [\"…\"]")),
                (Some(KeyKind::Scalar), DeValue::Table(_) | DeValue::Array(_)) => {
                    wrong(("a single value", "une seule valeur"))
                }
                // Else true would be taken for the number 1.
                (Some(KeyKind::Scalar), DeValue::Boolean(_)) => match known.default(&key) {
                    Some(toml::Value::Boolean(_)) => false,
                    Some(toml::Value::Integer(_)) => wrong(("a number", "un nombre")),
                    _ => wrong(("a text in quotes", "un texte entre guillemets")),
                },
                (Some(KeyKind::Scalar), _) => false,
                (None, inner) => {
                    let secret = key.strip_suffix(FILE_ENDING).filter(|key| is_secret(key));
                    match (secret, inner, own.as_str()) {
                        (Some(secret), DeValue::String(_), Some(file)) => {
                            let source = Source::File(file.into());
                            self.found.push(Found { key: secret.to_owned(), source, place: value.span() });
                        }
                        (Some(_), _, _) => {
                            wrong(("the path of a file", "le chemin d’un fichier"));
                        }
                        (None, _, _) => {
                            self.unknown.push(value.span());
                            mistakes.push(unknown(known, path, named, name.span()));
                        }
                    }
                    continue;
                }
            };
            if !is_wrong || is_secret(&key) {
                self.found.push(Found { key, source: Source::Value(own.clone()), place: value.span() });
            }
        }
    }

    /// A value and a file that has it: which of the two is meant cannot be known, unless the value is empty.
    fn both_ways(&mut self, mistakes: &mut Vec<Misplaced>) {
        let by_file: Vec<String> =
            self.found.iter().filter(|it| matches!(it.source, Source::File(_))).map(|it| it.key.clone()).collect();
        for key in by_file {
            let beside = |found: &Found| found.key == key && matches!(found.source, Source::Value(_));
            if let Some(value) = self.found.iter().find(|found| beside(found)) {
                if value.source.is_empty() {
                    self.found.retain(|found| !beside(found));
                } else {
                    let message = Bilingual::new(
                        format!("{key} and {key}{FILE_ENDING} are both set"),
                        format!("{key} et {key}{FILE_ENDING} sont tous deux donnés"),
                    );
                    let help = Some(Bilingual::new("Keep one of them.", "N’en gardez qu’un."));
                    mistakes.push(Misplaced { key: key.clone(), place: value.place.clone(), message, help });
                }
            }
        }
    }
}

fn unknown(known: &KnownKeys, path: &str, name: &str, place: Range<usize>) -> Misplaced {
    let key = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let at = if path.is_empty() {
        Bilingual::new("at the top level", "au premier niveau")
    } else {
        Bilingual::new(format!("in [{path}]"), format!("dans [{path}]"))
    };
    let valid = known.children(path);
    let meant = near(name, &valid, ALIKE).first().map_or_else(Bilingual::default, |nearest| {
        Bilingual::new(format!("Did you mean \"{nearest}\"? "), format!("Vouliez-vous dire \"{nearest}\" ? "))
    });
    let message = Bilingual::new(format!("unknown key \"{name}\""), format!("clé inconnue \"{name}\"")).then(" ", &at);
    let valid = valid.join(", ");
    let help = meant
        .then("", &Bilingual::new("Valid keys ", "Clés valables "))
        .then("", &at)
        .then("", &Bilingual::new(format!(": {valid}."), format!(" : {valid}.")));
    Misplaced { key, place, message, help: Some(help) }
}

/// Lines that look as if they held a secret, in a text that is no TOML: from the sign to the end.
fn likely_secrets(text: &str) -> Vec<Range<usize>> {
    let is_secret_name = |name: &str| SECRETS.iter().any(|key| key.rsplit('.').next() == Some(name));
    let (mut places, mut start, mut in_list) = (Vec::new(), 0, false);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end().len();
        let value = line.split_once('=').map(|(key, value)| (key.rsplit('.').next().unwrap_or(key), value));
        let begins = value.filter(|(name, _)| is_secret_name(name.trim().trim_matches('"')));
        if let Some((_, value)) = begins {
            places.push(start + line.len() - value.len()..start + content);
            in_list = value.contains('[') && !value.contains(']');
        } else if in_list {
            places.push(start..start + content);
            in_list = !line.contains(']');
        }
        start += line.len();
    }
    places.retain(|place| !place.is_empty());
    places
}

/// The text with these places masked, which come in their order, and where a place in it then is.
fn masked(text: &str, secrets: &[Range<usize>], place: Option<Range<usize>>) -> (String, Option<Range<usize>>) {
    let (mut shown, mut at) = (String::new(), 0);
    let mut place = place.map(|place| (place.clone(), place));
    for secret in secrets {
        shown.push_str(&text[at..secret.start]);
        let masked = shown.len()..shown.len() + MASK.len();
        shown.push_str(MASK);
        if let Some((was, now)) = &mut place {
            if was.start >= secret.end {
                *now = was.start - secret.end + masked.end..was.end - secret.end + masked.end;
            } else if was.end > secret.start || was.start >= secret.start {
                *now = masked;
            }
        }
        at = secret.end;
    }
    shown.push_str(&text[at..]);
    (shown, place.map(|(_, now)| now))
}

#[cfg(test)]
mod tests {
    use super::{likely_secrets, masked};

    #[test]
    fn no_secret_is_shown_and_the_place_is_the_same() {
        let text = "[glpi]\nuser_token = \"geheim\"\nurl = 7\npassword = \"weg\" # x\n";
        let (token, url) = (text.find("\"geheim\"").unwrap(), text.find('7').unwrap());
        let password = text.find("\"weg\"").unwrap();
        let secrets = [token..token + 8, password..password + 5];
        let (shown, place) = masked(text, &secrets, Some(url..url + 1));
        assert_eq!(shown, "[glpi]\nuser_token = \"…\"\nurl = 7\npassword = \"…\" # x\n");
        assert_eq!(&shown[place.unwrap()], "7");
        let (shown, place) = masked(text, &secrets, Some(password..password + 5));
        assert_eq!(&shown[place.unwrap()], "\"…\"");
    }

    #[test]
    fn what_looks_like_a_secret_in_a_broken_file_is_one() {
        let text = "[http]\nform_tokens = [\n  \"geheim\",\n  weg\n]\nlisten = x\nglpi.password = los\n";
        let (shown, _) = masked(text, &likely_secrets(text), None);
        for secret in ["geheim", "weg", "los"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("listen = x\nglpi.password =\"…\"\n"), "{shown}");
    }
}
