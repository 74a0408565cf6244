//! Layers the configuration: the embedded defaults, a file, the environment.
//!
//! The defaults name every key there is, so they are also what the other layers are checked against:
//! an unknown key is refused with the valid ones listed, at its line or by its variable's name.

use std::{collections::BTreeMap, path::Path, time::Duration};

use config::{ConfigError as LayerError, File, FileFormat};
use secrecy::ExposeSecret as _;

use super::{
    Acknowledge, Backend, Config, ConfigError, DNS_OFF, Hooks, Http, Replies, Require, Sender, file::ConfigFile,
    keys::KnownKeys,
};

/// `config/default.toml`, which documents every key.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// The right to tell the portal of a ticket lasts longer than one call.
const LONGEST_HOOK: Duration = Duration::from_secs(10);

/// A signature is good for twice the skew: no longer than the same form without a key is a repeat, which is ten minutes.
const LONGEST_SKEW: Duration = Duration::from_mins(5);

/// Loads the configuration with the file at `path`, if any, and this process's environment.
pub fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
    // A variable that is no UTF-8 is none of ours, or cannot be: other programs' may be anything.
    load_from(
        path,
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    )
}

/// Loads the configuration with the file at `path`, if any, and the given environment variables.
pub fn load_from(
    path: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let known = KnownKeys::of(DEFAULTS)?;
    let mut layers = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));

    let file = match path {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, error))?;
            let file = ConfigFile::new(path, text);
            file.check(&known)?;
            layers = layers.add_source(File::from_str(file.text(), FileFormat::Toml));
            Some(file)
        }
        None => None,
    };

    let mut variables = BTreeMap::new();
    for (variable, value) in environment {
        let Some((key, value)) = known.setting(&variable, value)? else { continue };
        if let Some(other) = variables.insert(key.clone(), variable.clone()) {
            return Err(ConfigError::setting(format!("{other} and {variable} both set {key}"), "Keep one of them."));
        }
        layers = layers
            .set_override(&key, value)
            .map_err(|error| ConfigError::because(variable, error, "Correct this variable."))?;
    }

    let config: Config = layers
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(|error| explain(&error, file.as_ref(), &variables))?;
    check_together(&config)?;
    Ok(config)
}

/// Says where a value that cannot be used comes from: a variable, a place in the file.
fn explain(error: &LayerError, file: Option<&ConfigFile>, variables: &BTreeMap<String, String>) -> ConfigError {
    let (key, message) = match error {
        LayerError::At { error, key: Some(key), .. } => (key.clone(), error.to_string()),
        LayerError::Type { key: Some(key), unexpected, expected, .. } => {
            (key.clone(), format!("{unexpected} where {expected} is expected"))
        }
        other => (String::new(), other.to_string()),
    };
    if let Some(variable) = variables.get(&key) {
        return ConfigError::setting(format!("{variable}: {message}"), "Correct this variable.");
    }
    if let Some(error) = file.and_then(|file| file.error_at(&key, &message)) {
        return error;
    }
    ConfigError::setting(format!("{key}: {message}"), "See config/default.toml for what each key means.")
}

/// What no single key shows.
fn check_together(config: &Config) -> Result<(), ConfigError> {
    if !config.lmtp.listen.is_empty() && config.lmtp.max_size < config.screen.max_size {
        return Err(ConfigError::setting(
            "lmtp.max_size is below screen.max_size: a mail between the two would be cut, not refused",
            "Give lmtp.max_size at least the value of screen.max_size.",
        ));
    }
    let proves = config.sender.require == Require::Aligned
        && !config.screen.disabled.iter().any(|rule| rule == "unproven-sender");
    for (key, replies, whose) in [
        ("mail.replies", config.mail.replies, "its requester"),
        ("mail.replies_of_staff", config.mail.replies_of_staff, "its référents"),
    ] {
        if replies == Replies::Followup && !proves {
            return Err(ConfigError::setting(
                format!(
                    "{key} is \"followup\" and nothing proves who wrote: anybody could write into a ticket in the name \
                     of {whose}"
                ),
                format!(
                    "Set sender.require = \"aligned\" and leave \"unproven-sender\" out of screen.disabled, or set \
                     {key} = \"redirect\"."
                ),
            ));
        }
    }
    if !config.mail.forwarders.is_empty() && !proves {
        return Err(ConfigError::setting(
            "mail.forwarders is given and nothing proves who wrote: anybody could ask in a director's name",
            "Set sender.require = \"aligned\" and leave \"unproven-sender\" out of screen.disabled, or leave \
             mail.forwarders empty.",
        ));
    }
    let at_least_one = [
        ("glpi.sessions", config.glpi.sessions as u64),
        ("glpi.tickets_per_call", config.glpi.tickets_per_call as u64),
        ("quota.per_day", u64::from(config.quota.per_day)),
        ("lmtp.max_connections", config.lmtp.max_connections as u64),
        ("lmtp.max_recipients", config.lmtp.max_recipients as u64),
        ("lmtp.max_size", config.lmtp.max_size),
        ("http.max_size", config.http.max_size as u64),
        ("http.max_connections", config.http.max_connections as u64),
        ("screen.max_size", config.screen.max_size),
        ("quarantine.attempts", u64::from(config.quarantine.attempts)),
    ];
    if let Some((key, _)) = at_least_one.iter().find(|(_, value)| *value == 0) {
        return Err(ConfigError::setting(format!("{key} is 0, which would let nothing through"), "Give it 1 or more."));
    }
    let redis = &config.redis;
    if config.quota.backend == Backend::Redis && redis.url.is_none() && redis.cluster.is_empty() {
        return Err(ConfigError::setting(
            "quota.backend is \"redis\" and redis.url is empty",
            "Give PASSERELLE_REDIS__URL, e.g. redis://127.0.0.1:6379/0, or set quota.backend = \"memory\".",
        ));
    }
    if !redis.cluster.is_empty() && (redis.url.is_some() || !redis.sentinels.is_empty()) {
        return Err(ConfigError::setting(
            "redis.cluster is set, and redis.url or redis.sentinels is, too",
            "Give redis.cluster alone for a cluster, redis.url otherwise.",
        ));
    }
    let writes = config.acknowledge != Acknowledge::Off
        || config.receipts() == Acknowledge::Passerelle
        || config.notify.writes();
    if writes {
        config.smtp.sender()?;
    }
    let secrets = &config.http;
    let too_short = secrets
        .mail_tokens
        .iter()
        .chain(&secrets.form_tokens)
        .chain(&secrets.ticket_tokens)
        .chain(&secrets.portal_secrets)
        .chain(&secrets.webhook_secrets)
        .chain(&secrets.proxy_secret)
        .any(|secret| secret.expose_secret().len() < 16);
    if too_short {
        return Err(ConfigError::setting(
            "a token or secret of [http] has fewer than 16 characters",
            "Make one with `openssl rand -hex 32`.",
        ));
    }
    let portal = &config.notify.portal_link;
    let is_page = ["https://", "http://"].iter().any(|scheme| portal.starts_with(scheme)) && portal.contains("{id}");
    if !portal.is_empty() && !is_page {
        return Err(ConfigError::setting(
            format!("notify.portal_link \"{portal}\" is no address of a request's page"),
            "Give it as https://portail.example.fr/portail/demandes/{id}, with {id} for the request's number.",
        ));
    }
    if config.http.believes_a_proxy() && !is_field_name(&config.http.identity_header) {
        return Err(ConfigError::setting(
            format!("http.identity_header is no name of an HTTP header: \"{}\"", config.http.identity_header),
            "Give the name alone, such as \"X-Remote-Mail\", or empty http.trusted_proxies and http.identity_listen.",
        ));
    }
    if config.http.clock_skew > LONGEST_SKEW {
        return Err(ConfigError::setting(
            "http.clock_skew is longer than five minutes: a signed form without an Idempotency-Key, seen on its way and \
             sent once more, could make a second ticket",
            "Give it \"5m\" or less, and let the portal's machine keep its clock by NTP.",
        ));
    }
    check_proxies(&config.http)?;
    if config.portal.name.trim().is_empty() {
        return Err(ConfigError::setting(
            "portal.name is empty, and every page of the portal begins with it",
            "Give the service's name, such as \"Assistance du premier degré\".",
        ));
    }
    let mailbox = &config.directory.school_mailbox;
    if !(mailbox.is_empty() || mailbox.contains("{uai}") && mailbox.contains('@')) {
        return Err(ConfigError::setting(
            format!(
                "directory.school_mailbox is \"{mailbox}\": without the school's code in it, every director would see what \
                 others ask"
            ),
            "Give it as ce.{uai}@ac-dijon.fr, with {uai} for the school's code, or leave it empty.",
        ));
    }
    check_hooks(&config.hooks)?;
    check_sender(&config.sender)?;
    check_escalation(config)?;
    for rule in &config.screen.disabled {
        if !super::SCREENING_RULES.contains(&rule.as_str()) {
            return Err(ConfigError::setting(
                format!("screen.disabled: \"{rule}\" is no rule"),
                format!("Rules: {}.", super::SCREENING_RULES.join(", ")),
            ));
        }
    }
    for code in config.screen.sentences.keys() {
        if !crate::request::Reason::ALL.iter().any(|reason| reason.code() == code) {
            let codes: Vec<_> = crate::request::Reason::ALL.iter().map(|reason| reason.code()).collect();
            return Err(ConfigError::setting(
                format!("screen.sentences: \"{code}\" is no reason code"),
                format!("Codes: {}.", codes.join(", ")),
            ));
        }
    }
    Ok(())
}

/// A name as RFC 9110 section 5.1 has it.
fn is_field_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

/// A proxy is believed only with a proof of its own: an address is none, as a rule of the proxy that forgets to replace
/// the header comes from the same one.
fn check_proxies(http: &Http) -> Result<(), ConfigError> {
    if !http.trusted_proxies.is_empty() && http.proxy_secret.is_none() && http.identity_listen.is_none() {
        return Err(ConfigError::setting(
            "http.trusted_proxies names where the proxy calls from, but nothing proves that it is the proxy who says who is signed in",
            "Give http.proxy_secret (`openssl rand -hex 32`), which the proxy sends in X-Passerelle-Proxy-Secret where \
             it signs people in and nowhere else; or http.identity_listen, a listener that only the proxy reaches, such \
             as \"unix:/run/passerelle/identity.sock\".",
        ));
    }
    let listeners = [http.listen, http.admin_listen].into_iter().flatten().map(|address| address.to_string());
    let mut listeners: Vec<_> =
        listeners.chain(http.identity_listen.clone()).filter(|it| !it.ends_with(":0")).collect();
    listeners.sort();
    let twice = listeners.windows(2).find(|pair| pair[0] == pair[1]).and_then(<[String]>::first);
    if let Some(address) = twice {
        return Err(ConfigError::setting(
            format!("two of http.listen, http.identity_listen and http.admin_listen are \"{address}\""),
            "Give each a port of its own.",
        ));
    }
    Ok(())
}

/// Whether the portal can be told of what it is to be told.
fn check_hooks(hooks: &Hooks) -> Result<(), ConfigError> {
    if hooks.address()?.is_some() {
        hooks.keys()?;
    }
    if let Some(step) = hooks.steps.iter().find(|step| !super::HOOK_STEPS.contains(&step.as_str())) {
        return Err(ConfigError::setting(
            format!("hooks.steps: \"{step}\" is no step"),
            format!("Steps: {}.", super::HOOK_STEPS.join(", ")),
        ));
    }
    if hooks.timeout.is_zero() || hooks.timeout > LONGEST_HOOK {
        return Err(ConfigError::setting(
            "hooks.timeout is 0 or longer than 10 s",
            "Give the portal as long as it takes to note what it is told, such as \"5s\"; it works on that later.",
        ));
    }
    Ok(())
}

/// Whether anything can prove a sender, where that is required.
fn check_sender(sender: &Sender) -> Result<(), ConfigError> {
    let off = sender.dns.iter().any(|address| address == DNS_OFF);
    if off && sender.dns.len() > 1 {
        return Err(ConfigError::setting(
            "sender.dns holds \"off\" beside other resolvers",
            "Give [\"off\"] alone, or resolvers alone.",
        ));
    }
    if sender.require == Require::Nothing || !sender.authserv_ids.is_empty() {
        return Ok(());
    }
    if !sender.dkim {
        return Err(ConfigError::setting(
            "sender.require wants a proof, but sender.authserv_ids is empty and sender.dkim is false: nothing proves a sender",
            "Name the relay in sender.authserv_ids, or set sender.dkim = true.",
        ));
    }
    if off && sender.dkim_keys.is_none() {
        return Err(ConfigError::setting(
            "sender.dns is \"off\" and sender.dkim_keys is empty: no DKIM key can be had",
            "Give the academy's keys in a file, sender.dkim_keys, or name the relay in sender.authserv_ids.",
        ));
    }
    Ok(())
}

/// Whether delays have a sense.
fn check_escalation(config: &Config) -> Result<(), ConfigError> {
    let percents = &config.escalation.urgency;
    let by_urgency = [percents.very_low, percents.low, percents.medium, percents.high, percents.very_high];
    if let Some((urgency, percent)) = (1..).zip(by_urgency).find(|(_, percent)| !(1..=1000).contains(percent)) {
        return Err(ConfigError::setting(
            format!("escalation.urgency.{urgency} is {percent}: it is a percentage of the mapping's delays"),
            "Give it 1 to 1000; 100 leaves the delays as they are, 50 halves them.",
        ));
    }
    for (key, value) in [("sweep.every", config.sweep.every), ("sweep.look_back", config.sweep.look_back)] {
        if value.as_secs() == 0 {
            return Err(ConfigError::setting(format!("{key} is below a second"), "Give it \"1s\" or more."));
        }
    }
    let requests = config.figures.requests;
    if !(5..=1000).contains(&requests) {
        return Err(ConfigError::setting(
            format!("figures.requests is {requests}: of fewer than 5 nothing can be said, more than 1000 are too many"),
            "Give it 100, or another number from 5 to 1000.",
        ));
    }
    Ok(())
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
    fn an_unknown_variable_is_named_with_the_valid_ones() {
        let text = shown(load("", &[("PASSERELLE_GLPI__TOKEN", "x")]));
        assert!(text.contains("PASSERELLE_GLPI__TOKEN") && text.contains("PASSERELLE_GLPI__USER_TOKEN"), "{text}");
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
