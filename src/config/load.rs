//! Layers the configuration: the embedded defaults, a file, the environment.
//!
//! The defaults name every key there is, so they are also what the other layers are checked against:
//! an unknown key is refused with the valid ones listed, at its line. Every mistake is named, not only the first: a
//! value that cannot be used is put aside, and what stands in the defaults is read in its place.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt,
    path::Path,
};

use config::{ConfigError as LayerError, File, FileFormat};

use super::{
    Config, ConfigError, Origin, Setting, Settings, Shown,
    file::{ConfigFile, Source},
    foreign,
    keys::{KeyKind, KnownKeys},
    mistakes::{self, Mistake, Mistakes},
    secret,
    variables::{self, Variable},
};
use crate::text::Bilingual;

/// `config/default.toml`, which documents every key.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Loads the configuration with the file at `path`, if any, and this process's environment.
///
/// # Errors
///
/// Names every mistake, each with its place.
pub fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
    read(path)?.sound()
}

/// Loads the configuration with the file at `path`, if any, and the given environment variables.
///
/// # Errors
///
/// As [`load`].
pub fn load_from(
    path: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    read_from(path, environment)?.sound()
}

/// Reads the configuration with the file at `path`, if any, and this process's environment, mistakes included.
///
/// # Errors
///
/// Where the file cannot be read at all.
pub fn read(path: Option<&Path>) -> Result<Reading, ConfigError> {
    // A variable that is no UTF-8 is none of ours, or cannot be: other programs' may be anything.
    read_from(
        path,
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    )
}

/// Reads the configuration with the file at `path`, if any, and the given environment variables, mistakes included.
///
/// # Errors
///
/// As [`read`].
pub fn read_from(
    path: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Reading, ConfigError> {
    let known = KnownKeys::of(DEFAULTS)?;
    let file = path.map(|path| ConfigFile::read(path, &known)).transpose()?;
    read_layers(&known, file, environment)
}

/// Reads the configuration that a file at `path` would give if it had this text, mistakes included. No variable counts.
///
/// # Errors
///
/// Where the text is no TOML.
pub fn read_text(path: &Path, text: &str) -> Result<Reading, ConfigError> {
    let known = KnownKeys::of(DEFAULTS)?;
    let file = ConfigFile::of_text(path, text, &known)?;
    read_layers(&known, Some(file), [])
}

fn read_layers(
    known: &KnownKeys,
    file: Option<(ConfigFile, Vec<ConfigError>)>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Reading, ConfigError> {
    let mut layers = Layers::default();
    if let Some((file, mistakes)) = file {
        layers.add_file(file, mistakes);
    }
    layers.add_variables(environment, known);
    let mut config = layers.read(known)?;
    let mut mistakes = Mistakes::default();
    mistakes::find(&config, &mut mistakes);
    config.settings = layers.settings(known);
    // What a value that was put aside leads to says nothing of its own.
    let own = mistakes.all().into_iter().filter(|mistake| !mistake.keys.iter().any(|key| layers.is_faulty(key)));
    for mistake in own.collect::<Vec<_>>() {
        layers.add_mistake(&mistake);
    }
    let Layers { mistakes, faulty: aside, named, values, .. } = layers;
    Ok(Reading { config, mistakes, aside, named, values })
}

/// A configuration as it was read, with its mistakes.
pub struct Reading {
    config: Config,
    mistakes: Vec<ConfigError>,
    /// Keys whose values were put aside.
    aside: BTreeSet<String>,
    /// Keys whose values can be read, and are wrong.
    named: BTreeSet<String>,
    /// What can be read, secrets among it.
    values: BTreeMap<String, toml::Value>,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading")
            .field("config", &self.config)
            .field("mistakes", &self.mistakes)
            .finish_non_exhaustive()
    }
}

impl Reading {
    /// What was read; where a value cannot be used, its default stands.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether there is no mistake.
    pub fn is_sound(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// Whether a mistake is about this key, or about one of this section.
    pub fn is_mistaken(&self, key: &str) -> bool {
        self.mistakes.iter().any(|mistake| mistake.is_about(key))
    }

    /// The same configuration with the defaults in place of all that mistakes are about.
    ///
    /// # Errors
    ///
    /// Where the defaults themselves cannot be used.
    pub fn mended(&self) -> Result<Config, ConfigError> {
        let about: Vec<&String> = self.mistakes.iter().flat_map(ConfigError::keys).collect();
        let is_sound = |key: &str| !about.iter().any(|about| is_within(key, about));
        let sound = self.values.iter().filter(|(key, _)| is_sound(key));
        let sound = sound.map(|(key, value)| (key.clone(), value.clone())).collect();
        let config = layered(&sound, &KnownKeys::of(DEFAULTS)?)?.map_err(defect)?;
        Ok(Config { settings: self.config.settings.clone(), ..config })
    }

    /// The same, with what keeps `serve` from listening.
    #[must_use]
    pub fn to_serve(mut self) -> Self {
        let mut mistakes = Mistakes::default();
        mistakes::find_to_serve(&self.config, &mut mistakes);
        for mistake in mistakes.all() {
            if !mistake.keys.iter().any(|key| self.aside.contains(key)) {
                self.named.extend(mistake.keys.iter().take(1).cloned());
                self.mistakes.push(mistake.placed(&self.config.settings, None));
            }
        }
        self
    }

    /// The same, with mistakes that were found elsewhere; those of a key that is named already are left out.
    #[must_use]
    pub fn with(mut self, more: Vec<ConfigError>) -> Self {
        let known = |error: &ConfigError| self.aside.iter().chain(&self.named).any(|key| error.is_about(key));
        let new: Vec<_> = more.into_iter().flat_map(ConfigError::each).filter(|error| !known(error)).collect();
        self.mistakes.extend(new);
        self
    }

    /// The configuration.
    ///
    /// # Errors
    ///
    /// Names every mistake, each with its place.
    pub fn sound(self) -> Result<Config, ConfigError> {
        match ConfigError::all(self.mistakes) {
            None => Ok(self.config),
            Some(error) => Err(error),
        }
    }
}

/// A value that a layer gives.
struct Given {
    source: Source,
    origin: Origin,
}

/// The layers above the defaults.
#[derive(Default)]
struct Layers {
    file: Option<ConfigFile>,
    given: BTreeMap<String, Given>,
    strangers: Vec<super::Warning>,
    mistakes: Vec<ConfigError>,
    /// Keys whose values cannot be used.
    faulty: BTreeSet<String>,
    /// Keys whose values can be read, and are wrong.
    named: BTreeSet<String>,
    /// What can be used.
    values: BTreeMap<String, toml::Value>,
}

impl Layers {
    fn add_file(&mut self, file: ConfigFile, mistakes: Vec<ConfigError>) {
        for found in file.found() {
            let origin = Origin::File { name: file.name().to_owned(), line: file.line(found) };
            self.given.insert(found.key.clone(), Given { source: found.source.clone(), origin });
        }
        for key in mistakes.iter().flat_map(ConfigError::keys) {
            self.given.remove(key);
            self.faulty.insert(key.clone());
        }
        self.mistakes.extend(mistakes);
        self.file = Some(file);
    }

    fn add_variables(&mut self, environment: impl IntoIterator<Item = (String, String)>, known: &KnownKeys) {
        let mut environment: Vec<_> = environment.into_iter().collect();
        environment.sort();
        let mut strangers = Vec::new();
        let mut by_key: BTreeMap<String, Vec<(String, Source)>> = BTreeMap::new();
        for (name, value) in environment {
            let (key, source) = match Variable::named(&name, known) {
                Variable::Other => continue,
                Variable::Stranger => {
                    strangers.push(name);
                    continue;
                }
                Variable::Value(key) => {
                    let value = parted(&key, &value, known);
                    (key, Source::Value(value))
                }
                Variable::File(key) => (key, Source::File(value.into())),
            };
            by_key.entry(key).or_default().push((name, source));
        }
        for (key, mut sources) in by_key {
            // A value that is empty beside a file is what a template left.
            if sources.len() > 1 {
                sources.retain(|(_, source)| !source.is_empty());
            }
            if let [(one, _), (other, _), ..] = sources.as_slice() {
                let message = Bilingual::new(
                    format!("{one} and {other} both set {key}"),
                    format!("{one} et {other} donnent toutes deux {key}"),
                );
                let help = Bilingual::new("Keep one of them.", "N’en gardez qu’une.");
                self.mistakes.push(ConfigError::setting(message, help).about(&key));
                self.faulty.insert(key);
                continue;
            }
            if let Some((name, source)) = sources.pop() {
                self.given.insert(key, Given { source, origin: Origin::Variable(name) });
            }
        }
        self.strangers = variables::strangers(&strangers, known);
    }

    /// The configuration of the layers; values that cannot be used are put aside.
    fn read(&mut self, known: &KnownKeys) -> Result<Config, ConfigError> {
        let mut values = BTreeMap::new();
        for (key, given) in &self.given {
            let value = match &given.source {
                Source::Value(value) => Ok(value.clone()),
                Source::File(path) => secret::read(path).and_then(|text| match parted(key, &text, known) {
                    toml::Value::Array(list) if list.is_empty() => Err(secret::empty(path)),
                    value => Ok(value),
                }),
            };
            match value {
                Ok(value) => {
                    values.insert(key.clone(), value);
                }
                Err(why) => {
                    let message = Bilingual::new(
                        format!("the file of {key} cannot be used: "),
                        format!("le fichier de {key} ne peut pas servir\u{a0}: "),
                    );
                    let message = message.then("", &why);
                    let help = Bilingual::new(
                        "Make it a text file in UTF-8 that holds the value alone and that the user who runs Passerelle \
                         may read.",
                        "Faites-en un fichier texte en UTF-8 qui contient la valeur seule et que l’utilisateur qui fait \
                         tourner Passerelle peut lire.",
                    );
                    self.mistakes.push(self.placed(&Mistake::new(&[key.as_str()], message, help)));
                    self.faulty.insert(key.clone());
                }
            }
        }
        loop {
            let error = match layered(&values, known)? {
                Ok(config) => {
                    self.values = values;
                    return Ok(config);
                }
                Err(error) => error,
            };
            let (key, message) = explain(&error);
            let help = Bilingual::new(
                "See config/default.toml for what each key means.",
                "Voyez dans config/default.toml ce que veut dire chaque clé.",
            );
            let message = Bilingual::new(format!("{key}: "), format!("{key} : ")).then("", &message);
            let mistake = Mistake::new(&[key.as_str()], message, help);
            // A list's place is the list.
            let list = key.split('[').next().unwrap_or_default();
            let Some(faulty) = [key.as_str(), list].into_iter().find(|key| values.remove(*key).is_some()) else {
                return Err(self.placed(&mistake));
            };
            let mistake = Mistake::new(&[faulty], mistake.message, mistake.help);
            self.mistakes.push(self.placed(&mistake));
            self.faulty.insert(faulty.to_owned());
        }
    }

    fn is_faulty(&self, key: &str) -> bool {
        self.faulty.contains(key)
    }

    fn add_mistake(&mut self, mistake: &Mistake) {
        self.mistakes.push(self.placed(mistake));
        self.named.extend(mistake.keys.iter().take(1).cloned());
    }

    fn placed(&self, mistake: &Mistake) -> ConfigError {
        let origin = |key: &String| Some((key.clone(), self.given.get(key)?.origin.clone()));
        mistake.placed_by(&mistake.keys.iter().filter_map(origin).collect::<Vec<_>>(), self.file.as_ref())
    }

    /// What of the values in force may be shown.
    fn settings(&self, known: &KnownKeys) -> Settings {
        let shown = |key: &str, value: &toml::Value, given: &Given| match &given.source {
            Source::File(path) if secret::is_secret(key) => Shown::InFile(path.display().to_string()),
            source if secret::is_secret(key) && !source.is_empty() => Shown::Hidden,
            _ => Shown::Plain(typed(value, known.default(key))),
        };
        let setting = |(key, value): (&String, &toml::Value)| {
            let given = self.given.get(key)?;
            Some((key.clone(), Setting { shown: shown(key, value, given), origin: given.origin.clone() }))
        };
        let of_file = |(key, given): (&String, &Given)| match &given.source {
            Source::File(path) => Some((key.clone(), path.clone())),
            Source::Value(_) => None,
        };
        let file = self.file.as_ref().map(|file| file.name().into());
        Settings::new(self.values.iter().filter_map(setting).collect(), self.strangers.clone())
            .read_from(file, self.given.iter().filter_map(of_file).collect())
    }
}

/// The configuration that these values over the defaults give.
fn layered(
    values: &BTreeMap<String, toml::Value>,
    known: &KnownKeys,
) -> Result<Result<Config, LayerError>, ConfigError> {
    let layer = toml::to_string(&nested(values, known)).map_err(defect)?;
    let whole = config::Config::builder()
        .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
        .add_source(File::from_str(&layer, FileFormat::Toml))
        .build();
    Ok(whole.and_then(config::Config::try_deserialize))
}

fn defect(error: impl Error + Send + Sync + 'static) -> ConfigError {
    ConfigError::defect(Bilingual::new("the configuration", "la configuration"), error)
}

/// Whether a key is this one, or an entry of it, or one of this section.
fn is_within(key: &str, about: &str) -> bool {
    let about = about.split('[').next().unwrap_or_default();
    key.strip_prefix(about).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The value of a key that a variable or a file has: a list is parted by commas or lines.
fn parted(key: &str, text: &str, known: &KnownKeys) -> toml::Value {
    if known.kind(key) != Some(KeyKind::Array) {
        return toml::Value::String(text.to_owned());
    }
    let items = text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty());
    toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
}

/// A variable's text as its key's default is written.
fn typed(value: &toml::Value, default: Option<&toml::Value>) -> toml::Value {
    let of_text = |text: &str| match default? {
        toml::Value::Integer(_) => text.trim().parse().ok().map(toml::Value::Integer),
        toml::Value::Boolean(_) => text.trim().parse().ok().map(toml::Value::Boolean),
        _ => None,
    };
    value.as_str().and_then(of_text).unwrap_or_else(|| value.clone())
}

/// The values by section.
fn nested(values: &BTreeMap<String, toml::Value>, known: &KnownKeys) -> toml::Table {
    let mut whole = toml::Table::new();
    for (key, value) in values {
        let (path, name) = known
            .in_free_table(key)
            .or_else(|| key.rsplit_once('.'))
            .map_or((None, key.as_str()), |(path, name)| (Some(path), name));
        let mut table = &mut whole;
        for part in path.into_iter().flat_map(|path| path.split('.')) {
            let inner = table.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            // No key is a value and a section.
            let toml::Value::Table(inner) = inner else { return whole };
            table = inner;
        }
        table.insert(name.to_owned(), value.clone());
    }
    whole
}

/// Which key has a value that cannot be used, and why.
fn explain(error: &LayerError) -> (String, Bilingual) {
    match error {
        LayerError::At { error, key: Some(key), .. } => (key.clone(), foreign::said(&error.to_string())),
        LayerError::Type { key: Some(key), unexpected, expected, .. } => {
            (key.clone(), foreign::instead(&unexpected.to_string(), expected))
        }
        other => (String::new(), foreign::said(&other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, net::IpAddr};

    use super::{ConfigError, load_from};
    use crate::config::{Backend, Config};

    fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let mut temp = tempfile::NamedTempFile::new().unwrap();
        temp.write_all(file.as_bytes()).unwrap();
        load_from(Some(temp.path()), environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    /// The error as a person sees it.
    fn shown(result: Result<Config, ConfigError>) -> String {
        format!("{:?}", miette::Report::new(result.unwrap_err()))
    }

    #[test]
    fn the_defaults_alone_are_valid() {
        let config = load("", &[]).unwrap();
        assert_eq!(config.quota.per_day, 10);
        assert_eq!(config.screen.domains, ["ac-dijon.fr"]);
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let config = load(
            "quota.per_day = 5\n[lmtp]\nlisten = [\"127.0.0.1:2424\"]",
            &[("PASSERELLE_QUOTA__PER_DAY", "7"), ("PASSERELLE_QUOTA__BACKEND", "memory"), ("HOME", "/")],
        )
        .unwrap();
        assert_eq!((config.quota.per_day, config.quota.backend), (7, Backend::Memory));
        assert_eq!(config.lmtp.listen, ["127.0.0.1:2424"]);
    }

    #[test]
    fn a_trusted_proxy_is_an_address_or_a_network() {
        let config = load(
            "[http]\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\", \"fd00::/8\"]\nproxy_secret = \"secret-du-mandataire\"",
            &[],
        )
        .unwrap();
        let trusted =
            |peer: &str| config.http.trusted_proxies.iter().any(|it| it.contains(&peer.parse::<IpAddr>().unwrap()));
        assert!(trusted("127.0.0.1") && trusted("10.200.0.1") && trusted("fd00::1"));
        assert!(!trusted("127.0.0.2") && !trusted("11.0.0.1") && !trusted("::1"));
        let text = shown(load("[http]\ntrusted_proxies = [\"proxy.example\"]\n", &[]));
        assert!(text.contains("\"proxy.example\" is no address or network"), "{text}");
        let text = shown(load("[http]\ntrusted_proxies = [\"127.0.0.1\"]\nidentity_header = \"X Mail\"\n", &[]));
        assert!(text.contains("http.identity_header"), "{text}");
    }

    #[test]
    fn a_proxy_s_address_alone_proves_nothing() {
        for (more, refused) in [
            ("", Some("X-Passerelle-Proxy-Secret")),
            ("proxy_secret = \"\"", Some("http.identity_listen")),
            ("proxy_secret = \"court\"", Some("fewer than 16 characters")),
            ("proxy_secret = \"secret-du-mandataire\"", None),
            ("identity_listen = \"unix:/run/passerelle/identity.sock\"", None),
            ("identity_listen = \"127.0.0.1:8080\"\nlisten = \"127.0.0.1:8080\"", Some("a port of its own")),
            ("admin_listen = \"127.0.0.1:8080\"\nidentity_listen = \"127.0.0.1:8080\"", Some("a port of its own")),
        ] {
            let loaded = load(&format!("[http]\ntrusted_proxies = [\"127.0.0.1\"]\n{more}\n"), &[]);
            match refused {
                None => assert!(loaded.unwrap().http.believes_a_proxy(), "{more}"),
                Some(why) => {
                    let text = shown(loaded);
                    assert!(text.contains(why), "{more}: {text}");
                }
            }
        }
        assert!(!load("", &[]).unwrap().http.believes_a_proxy());
    }

    #[test]
    fn lists_in_the_environment_are_separated_by_commas() {
        let config = load("", &[("PASSERELLE_LMTP__LISTEN", "127.0.0.1:2424, unix:/run/lmtp.sock")]).unwrap();
        assert_eq!(config.lmtp.listen, ["127.0.0.1:2424", "unix:/run/lmtp.sock"]);
    }

    #[test]
    fn a_numeric_secret_keeps_its_zeros_and_a_file_gives_one_too() {
        use secrecy::ExposeSecret as _;
        let mut secret = tempfile::NamedTempFile::new().unwrap();
        secret.write_all(b"00123\n").unwrap();
        let path = secret.path().to_str().unwrap();
        let config =
            load("", &[("PASSERELLE_GLPI__PASSWORD", "007"), ("PASSERELLE_GLPI__USER_TOKEN_FILE", path)]).unwrap();
        assert_eq!(config.glpi.password.unwrap().expose_secret(), "007");
        assert_eq!(config.glpi.user_token.unwrap().expose_secret(), "00123");
    }

    #[test]
    fn an_unknown_key_is_shown_at_its_line_with_the_valid_ones() {
        let text = shown(load("[glpi]\nurl = \"http://g\"\nusertoken = \"x\"\n", &[]));
        for part in ["unknown key \"usertoken\" in [glpi]", ":3:", "user_token"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_wrong_value_is_shown_at_its_line() {
        let text = shown(load("[quota]\n\nbackend = \"sqlite\"\n", &[]));
        for part in ["quota.backend", ":3:", "memory", "redis"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(shown(load("[glpi]\ntimeout = \"soon\"\n", &[])).contains(":2:"));
        assert!(shown(load("time_zone = \"Europe/Dijon\"\n", &[])).contains("Europe/Paris"));
    }

    #[test]
    fn an_unknown_variable_is_named_and_stops_nothing() {
        let config = load("", &[("PASSERELLE_GLPI_URL", "x"), ("PASSERELLE_PORT", "tcp://10.0.0.1:80")]).unwrap();
        assert_eq!(config.glpi.url, "");
        let said: Vec<_> = config.warnings().iter().map(ToString::to_string).collect();
        for part in ["PASSERELLE_GLPI_URL", "PASSERELLE_GLPI__URL?", "PASSERELLE_PORT"] {
            assert!(said.iter().any(|warning| warning.contains(part)), "{part} in {said:?}");
        }
    }

    #[test]
    fn redis_without_an_address_is_refused() {
        assert!(shown(load("quota.backend = \"redis\"", &[])).contains("PASSERELLE_REDIS__URL"));
    }

    #[test]
    fn a_proof_that_nothing_could_give_is_refused() {
        let required = "[sender]\nrequire = \"aligned\"\n";
        assert!(load(required, &[]).is_ok());
        assert!(load(&format!("{required}dkim = false\nauthserv_ids = [\"mx.ac-dijon.fr\"]"), &[]).is_ok());
        assert!(load("sender.dkim = false", &[]).is_ok());
        assert!(shown(load(&format!("{required}dkim = false"), &[])).contains("sender.authserv_ids"));
        assert!(shown(load(&format!("{required}dns = [\"off\"]"), &[])).contains("sender.dkim_keys"));
        assert!(shown(load("sender.dns = [\"off\", \"192.0.2.53\"]", &[])).contains("\"off\""));
        assert!(shown(load("sender.require = \"yes\"", &[])).contains("aligned"));
    }

    #[test]
    fn opening_hours_that_overlap_are_shown_at_their_line() {
        let text = shown(load("[calendar]\nmonday = \"08:00-12:00\"\ntuesday = \"08:00-12:00 11:00-14:00\"\n", &[]));
        for part in ["calendar.tuesday", ":3:", "opens twice at 11:00"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let text = shown(load("", &[("PASSERELLE_CALENDAR__SATURDAY", "matin")]));
        assert!(text.contains("PASSERELLE_CALENDAR__SATURDAY") && text.contains("08:00-12:00"), "{text}");
    }

    #[test]
    fn an_urgency_s_percentage_is_a_key_of_its_own() {
        let config = load("[escalation.urgency]\n5 = 25\n", &[("PASSERELLE_ESCALATION__URGENCY__4", "60")]).unwrap();
        let percents = config.escalation.urgency;
        assert_eq!((percents.medium, percents.high, percents.very_high), (100, 60, 25));
        assert!(shown(load("[escalation.urgency]\n3 = 0\n", &[])).contains("escalation.urgency.3 is 0"));
        assert!(shown(load("[escalation.urgency]\n6 = 10\n", &[])).contains("1, 2, 3, 4, 5"));
        assert!(shown(load("sweep.every = \"0s\"", &[])).contains("sweep.every"));
        assert!(shown(load("figures.requests = 4", &[])).contains("figures.requests is 4"));
    }

    #[test]
    fn the_receipt_is_as_acknowledge_says_unless_its_own_key_says_else() {
        use crate::config::Acknowledge::{Glpi, Off, Passerelle};
        let receipts = |file| load(file, &[]).unwrap().receipts();
        assert_eq!(receipts(""), Passerelle);
        assert_eq!(receipts("acknowledge = \"off\""), Off);
        assert_eq!(receipts("acknowledge = \"off\"\n[notify]\ndeposit = \"glpi\""), Glpi);
        assert!(shown(load("[notify]\ndeposit = \"gpli\"", &[])).contains("passerelle, glpi, off"));
        assert!(shown(load("[notify]\ncharge = \"mail\"", &[])).contains("notify.charge"));
    }

    #[test]
    fn the_portal_s_page_has_a_place_for_the_number() {
        let file = |link| format!("[notify]\nportal_link = \"{link}\"\n");
        assert!(load(&file("https://portail.test/demandes/{id}"), &[]).is_ok());
        for link in ["https://portail.test/demandes", "javascript:{id}", "/demandes/{id}"] {
            assert!(shown(load(&file(link), &[])).contains("notify.portal_link"), "{link}");
        }
    }

    #[test]
    fn a_step_told_by_mail_needs_a_sender() {
        let file = |step| format!("acknowledge = \"off\"\nsmtp.from = \"\"\n[notify]\ncharge = \"{step}\"\n");
        assert!(load(&file("glpi"), &[]).is_ok());
        assert!(shown(load(&file("passerelle"), &[])).contains("smtp.from"));
    }

    #[test]
    fn a_portal_has_a_name() {
        let text = shown(load("[glpi]\nurl = \"http://glpi\"\n[portal]\nname = \" \"\n", &[]));
        assert!(text.contains("portal.name is empty"), "{text}");
    }

    #[test]
    fn a_school_s_mailbox_has_its_code() {
        let file = |mailbox| format!("[directory]\nschool_mailbox = \"{mailbox}\"\n");
        for good in ["", "ce.{uai}@ac-lyon.fr"] {
            assert!(load(&file(good), &[]).is_ok(), "{good}");
        }
        for everybody_s in ["assistance@ac-dijon.fr", "{uai}"] {
            assert!(shown(load(&file(everybody_s), &[])).contains("directory.school_mailbox"), "{everybody_s}");
        }
    }

    #[test]
    fn a_signature_is_good_for_no_longer_than_a_repeat_is_one() {
        assert!(load("http.clock_skew = \"5m\"", &[]).is_ok());
        assert!(shown(load("http.clock_skew = \"301s\"", &[])).contains("http.clock_skew"));
    }

    #[test]
    fn a_short_token_is_refused() {
        assert!(shown(load("http.mail_tokens = [\"secret\"]", &[])).contains("16"));
    }
}
