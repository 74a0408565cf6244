//! How variables of the environment name settings, and which that look like it are none.

use super::{
    Warning,
    keys::{KeyKind, KnownKeys},
    secret::FILE_ENDING,
};
use crate::text::{
    Bilingual,
    near::{ALIKE, near},
};

/// Every variable of the environment that starts so may be a setting…
const PREFIX: &str = "PASSERELLE_";
/// … but for those of the command line.
const OF_COMMANDS: &[&str] = &["PASSERELLE_CONFIG", "PASSERELLE_SANDBOX__LISTEN"];
/// How much alike whole names must be, which have their sections in common.
const WHOLE: f64 = 0.85;

/// What a variable is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Variable {
    /// It is another program's, or the command line's.
    Other,
    /// It gives this key its value.
    Value(String),
    /// It names the file that has the value of this key.
    File(String),
    /// It begins as ours do, and is none.
    Stranger,
}

impl Variable {
    /// What this name means.
    pub(super) fn named(name: &str, known: &KnownKeys) -> Self {
        let Some(rest) = name.strip_prefix(PREFIX) else { return Self::Other };
        if OF_COMMANDS.contains(&name) {
            return Self::Other;
        }
        let key = rest.to_lowercase().replace("__", ".");
        let holds_value = |key: &str| matches!(known.kind(key), Some(KeyKind::Array | KeyKind::Scalar));
        if holds_value(&key) {
            return Self::Value(key);
        }
        if known.in_free_table(&key).is_some_and(|(_, name)| !name.contains('.')) {
            return Self::Value(key.replace('_', "-"));
        }
        match key.strip_suffix(FILE_ENDING).filter(|key| holds_value(key)) {
            Some(key) => Self::File(key.to_owned()),
            None => Self::Stranger,
        }
    }
}

/// The variable that gives a key its value.
pub(super) fn of_key(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__").replace('-', "_"))
}

/// What is said of variables that begin as ours do, and are none.
pub(super) fn strangers(names: &[String], known: &KnownKeys) -> Vec<Warning> {
    let (of_kubernetes, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| is_of_kubernetes(name));
    let mut warnings: Vec<_> = others.into_iter().map(|name| stranger(name, known)).collect();
    if let Some(first) = of_kubernetes.first() {
        let (more, others) = match of_kubernetes.len() - 1 {
            0 => (String::new(), String::new()),
            more => (format!(" and {more} more like it"), format!(" (et {more} de même)")),
        };
        warnings.push(Warning::new(
            environment(),
            Bilingual::new(
                format!("{first}{more} is no setting and does nothing: Kubernetes sets such for a service of that name"),
                format!(
                    "{first}{others} n’est pas un réglage et ne fait rien\u{a0}: Kubernetes en pose pour un service de ce nom"
                ),
            ),
            Bilingual::new(
                "Set enableServiceLinks: false in the pod, or leave it: it does no harm.",
                "Mettez enableServiceLinks: false dans le pod, ou laissez\u{a0}: cela ne nuit pas.",
            ),
        ));
    }
    warnings
}

fn environment() -> Bilingual {
    Bilingual::new("environment", "environnement")
}

/// Kubernetes and Docker's links tell each container where the others are.
fn is_of_kubernetes(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or_default();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if rest.contains("__") {
        return false;
    }
    if rest.ends_with("SERVICE_HOST") || rest.contains("SERVICE_PORT") || rest == "PORT" || rest.ends_with("_PORT") {
        return true;
    }
    let Some((_, port)) = rest.rsplit_once("PORT_") else { return false };
    let mut parts = port.split('_');
    parts.next().is_some_and(is_number) && parts.next().is_some_and(|kind| ["TCP", "UDP", "SCTP"].contains(&kind))
}

fn stranger(name: &str, known: &KnownKeys) -> Warning {
    let key = name.strip_prefix(PREFIX).unwrap_or_default().to_lowercase().replace("__", ".");
    let section = match known.kind(&key) {
        Some(KeyKind::Table | KeyKind::FreeTable) => Some(key.as_str()),
        _ => key.rsplit_once('.').map(|(section, _)| section).filter(|section| known.kind(section).is_some()),
    };
    let what = match known.kind(&key) {
        Some(_) => Bilingual::new(
            format!("{name} names a section, not a key, and does nothing"),
            format!("{name} nomme une section, non une clé, et ne fait rien"),
        ),
        None => Bilingual::new(
            format!("{name} is no setting and does nothing"),
            format!("{name} n’est pas un réglage et ne fait rien"),
        ),
    };
    match (nearest(name, known), section) {
        (Some(nearest), _) => Warning::new(
            environment(),
            what.then(
                "",
                &Bilingual::new(
                    format!(": did you mean {nearest}?"),
                    format!("\u{a0}: vouliez-vous dire {nearest}\u{a0}?"),
                ),
            ),
            Bilingual::new("Correct its name, or take it away.", "Corrigez son nom, ou ôtez-la."),
        ),
        (None, Some(section)) => {
            let keys: Vec<_> =
                known.children(section).into_iter().map(|child| of_key(&format!("{section}.{child}"))).collect();
            let keys = keys.join(", ");
            let remedy = Bilingual::new(
                format!("Valid in [{section}]: {keys}."),
                format!("Valables dans [{section}]\u{a0}: {keys}."),
            );
            Warning::new(environment(), what, remedy)
        }
        (None, None) => Warning::new(
            environment(),
            what,
            Bilingual::new(
                "Take it away, or leave it where another program reads it: settings are PASSERELLE_SECTION__KEY.",
                "Ôtez-la, ou laissez-la si un autre programme la lit\u{a0}: les réglages sont PASSERELLE_SECTION__CLÉ.",
            ),
        ),
    }
}

/// The variable that was meant, where one is like it.
fn nearest(name: &str, known: &KnownKeys) -> Option<String> {
    let name = name.strip_prefix(PREFIX)?.to_lowercase();
    let (name, ending) = name.strip_suffix(FILE_ENDING).map_or((name.as_str(), ""), |name| (name, FILE_ENDING));
    let keys = known.all().filter(|(_, kind)| matches!(kind, KeyKind::Array | KeyKind::Scalar)).map(|(key, _)| key);
    // One underscore for two is what is mistyped most.
    let of_all = near(name, keys, WHOLE).first().map(|key| (*key).to_owned());
    let key = of_all.or_else(|| within_section(name, known))?;
    Some(format!("{}{}", of_key(&key), ending.to_uppercase()))
}

/// The key of a section that is right, of whose name half is enough: «TOKEN» for «`USER_TOKEN`».
fn within_section(name: &str, known: &KnownKeys) -> Option<String> {
    let name = name.replace("__", ".");
    let (section, child) = name.rsplit_once('.')?;
    let is_value = |other: &&str| known.kind(&format!("{section}.{other}")) != Some(KeyKind::Table);
    let like = near(child, known.children(section).into_iter().filter(is_value), ALIKE);
    like.first().map(|other| format!("{section}.{other}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Variable, strangers};
    use crate::config::{DEFAULTS, keys::KnownKeys};

    #[rstest]
    #[case("HOME", Variable::Other)]
    #[case("PASSERELLE_CONFIG", Variable::Other)]
    #[case("PASSERELLE_SANDBOX__LISTEN", Variable::Other)]
    #[case("PASSERELLE_ACKNOWLEDGE", Variable::Value("acknowledge".into()))]
    #[case("PASSERELLE_GLPI__URL", Variable::Value("glpi.url".into()))]
    #[case("PASSERELLE_DIRECTORY__LDAP__BIND_DN", Variable::Value("directory.ldap.bind_dn".into()))]
    #[case("PASSERELLE_SCREEN__SENTENCES__NO_KEYWORD", Variable::Value("screen.sentences.no-keyword".into()))]
    #[case("PASSERELLE_GLPI__USER_TOKEN_FILE", Variable::File("glpi.user_token".into()))]
    #[case("PASSERELLE_HTTP__MAIL_TOKENS_FILE", Variable::File("http.mail_tokens".into()))]
    #[case("PASSERELLE_GLPI_FILE", Variable::Stranger)]
    #[case("PASSERELLE_GLPI", Variable::Stranger)]
    #[case("PASSERELLE_PORT", Variable::Stranger)]
    #[case("PASSERELLE_", Variable::Stranger)]
    fn a_variable_is_known_by_its_name(#[case] name: &str, #[case] expected: Variable) {
        assert_eq!(Variable::named(name, &KnownKeys::of(DEFAULTS).unwrap()), expected);
    }

    #[rstest]
    #[case("PASSERELLE_GLPI_URL", "did you mean PASSERELLE_GLPI__URL?")]
    #[case("PASSERELLE_GLPI_USER_TOKEN_FILE", "did you mean PASSERELLE_GLPI__USER_TOKEN_FILE?")]
    #[case("PASSERELLE_DIRECTORY_LDAP_BIND_DN", "did you mean PASSERELLE_DIRECTORY__LDAP__BIND_DN?")]
    #[case("PASSERELLE_SCREEN__DOMAIN", "did you mean PASSERELLE_SCREEN__DOMAINS?")]
    #[case("PASSERELLE_GLPI__TOKEN", "_TOKEN?")]
    #[case("PASSERELLE_GLPI__TOKEN_FILE", "_TOKEN_FILE?")]
    #[case("PASSERELLE_GLPI__PASS", "did you mean PASSERELLE_GLPI__PASSWORD?")]
    #[case("PASSERELLE_GLIP_URL", "did you mean PASSERELLE_GLPI__URL?")]
    #[case("PASSERELLE_HTTP__PORT", "Valid in [http]: ")]
    #[case("PASSERELLE_GLIP__URL", "did you mean PASSERELLE_GLPI__URL?")]
    #[case("PASSERELLE_TIMEZONE", "did you mean PASSERELLE_TIME_ZONE?")]
    #[case("PASSERELLE_GLPI__FLOWERS", "is no setting and does nothing")]
    #[case("PASSERELLE_HTTP", "names a section")]
    #[case("PASSERELLE_FLOWERS", "is no setting and does nothing")]
    fn a_stranger_is_named_with_the_nearest(#[case] name: &str, #[case] expected: &str) {
        let warnings = strangers(&[name.to_owned()], &KnownKeys::of(DEFAULTS).unwrap());
        assert_eq!(warnings.len(), 1);
        let text = warnings[0].to_string();
        assert!(text.contains(name) && text.contains(expected), "{text}");
    }

    #[test]
    fn a_service_of_kubernetes_is_one_warning() {
        let names = [
            "PASSERELLE_PORT",
            "PASSERELLE_SERVICE_HOST",
            "PASSERELLE_SERVICE_PORT",
            "PASSERELLE_SERVICE_PORT_HTTP",
            "PASSERELLE_PORT_8080_TCP",
            "PASSERELLE_PORT_8080_TCP_ADDR",
            "PASSERELLE_REDIS_PORT_6379_TCP_PROTO",
        ];
        let warnings = strangers(&names.map(str::to_owned), &KnownKeys::of(DEFAULTS).unwrap());
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].to_string().contains("Kubernetes"));
    }
}
