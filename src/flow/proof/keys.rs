//! DKIM's public keys: from the academy's file, else from DNS.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use mail_auth::{
    MessageAuthenticator,
    common::{parse::TxtRecordParser as _, verify::DomainKey},
    hickory_resolver::{
        TokioResolver,
        config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
        net::{DnsError, NetError},
        proto::{
            op::ResponseCode,
            rr::{Name, RData},
        },
        system_conf::read_system_conf,
    },
};
use toml::de::{DeTable, DeValue};

use crate::{
    config::{self, ConfigError, DNS_OFF},
    text::Bilingual,
};

/// What a key's name must hold (RFC 6376 section 3.6.2.1).
const MARK: &str = "._domainkey.";
/// The port of DNS.
const PORT: u16 = 53;

/// Where keys come from.
pub(super) struct Keys {
    file: Option<KeyFile>,
    /// Asks DNS, unless that is off.
    resolver: Option<TokioResolver>,
    timeout: Duration,
    /// How `check` names the resolvers.
    servers: String,
}

/// Why a key or a signature proves nothing, in English and in French.
pub(super) type Why = (&'static str, &'static str);

/// What was found under a key's name.
pub(super) enum FoundKey {
    /// A key that may be used.
    Key(Arc<DomainKey>),
    /// There is none, or it must not be used; why.
    None(Why),
    /// It cannot be known now; the cause.
    Unknown(Bilingual),
}

struct KeyFile {
    path: PathBuf,
    keys: ArcSwap<HashMap<String, String>>,
}

impl Keys {
    /// Reads the file and sets up the resolvers; nothing is asked yet. Also gives the library's verifier, which
    /// wants a resolver of its own.
    pub(super) fn new(config: &config::Sender) -> Result<(Self, MessageAuthenticator), ConfigError> {
        let file = config.dkim_keys.as_deref().map(KeyFile::open).transpose();
        let file = file.map_err(|mistake| mistake.about("sender.dkim_keys"))?;
        let off = config.dns.iter().any(|address| address == DNS_OFF);
        let (servers, mut options) = if off {
            (ResolverConfig::from_parts(None, Vec::new(), Vec::new()), ResolverOpts::default())
        } else if config.dns.is_empty() {
            read_system_conf().map_err(|error| {
                ConfigError::because(
                    Bilingual::new(
                        "sender.dns is empty and the system's resolvers cannot be read",
                        "sender.dns est vide et les résolveurs du système ne peuvent pas être lus",
                    ),
                    error,
                    Bilingual::new(
                        "Name resolvers in sender.dns, such as [\"192.0.2.53\"].",
                        "Nommez des résolveurs dans sender.dns, par exemple [\"192.0.2.53\"].",
                    ),
                )
                .about("sender.dns")
            })?
        } else {
            let servers = config.dns.iter().map(|text| server(text)).collect::<Result<_, _>>()?;
            (ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
        };
        // Two tries within the time for all.
        options.timeout = config.dns_timeout / 2;
        options.attempts = 1;
        let verifier = MessageAuthenticator::new(servers, options).map_err(|error| {
            let remedy = Bilingual::new(
                "Name resolvers as [\"192.0.2.53\"].",
                "Nommez des résolveurs ainsi\u{a0}: [\"192.0.2.53\"].",
            );
            ConfigError::because(Bilingual::same("sender.dns"), error, remedy).about("sender.dns")
        })?;
        let resolver = (!off).then(|| verifier.resolver().clone());
        let servers = if config.dns.is_empty() { "the system's resolvers".into() } else { config.dns.join(", ") };
        Ok((Self { file, resolver, timeout: config.dns_timeout, servers }, verifier))
    }

    /// Reads the file again; a mistake in it keeps the keys that were in force.
    pub(super) fn reload(&self) -> Result<(), ConfigError> {
        if let Some(file) = &self.file {
            file.keys.store(Arc::new(read(&file.path)?));
        }
        Ok(())
    }

    /// Where keys come from, for `check`.
    pub(super) fn describe(&self) -> String {
        let file = self.file.as_ref().map(|file| format!("{} keys of {}", file.keys.load().len(), file.path.display()));
        let dns = self.resolver.as_ref().map(|_| format!("DNS ({})", self.servers));
        file.into_iter().chain(dns).collect::<Vec<_>>().join(", then ")
    }

    /// Whether DNS answers where it is asked for keys: that there is no such key is an answer.
    pub(super) async fn probe(&self) -> Result<(), Bilingual> {
        if self.resolver.is_none() {
            return Ok(());
        }
        match self.find("passerelle-check._domainkey.example.com").await {
            FoundKey::Unknown(cause) => Err(cause),
            FoundKey::Key(_) | FoundKey::None(_) => Ok(()),
        }
    }

    /// The key under a name, lower case without its final dot: `selector._domainkey.domain`.
    pub(super) async fn find(&self, name: &str) -> FoundKey {
        if let Some(text) = self.file.as_ref().and_then(|file| file.keys.load().get(name).cloned()) {
            return judge(&[text.into_bytes()]);
        }
        let Some(resolver) = &self.resolver else {
            return FoundKey::None((
                "its key is not in the file, and DNS is off",
                "sa clé n’est pas dans le fichier, et DNS est désactivé",
            ));
        };
        let Ok(fqdn) = Name::from_ascii(format!("{name}.")) else {
            return FoundKey::None(("its key's name is none", "le nom de sa clé n’en est pas un"));
        };
        let answer = match tokio::time::timeout(self.timeout, resolver.txt_lookup(fqdn)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if is_absent(&error) => {
                return FoundKey::None(("DNS has no such key", "DNS n’a pas cette clé"));
            }
            Ok(Err(error)) => {
                let silent = Bilingual::new(
                    format!("DNS does not say the key {name}: "),
                    format!("le DNS ne donne pas la clé {name}\u{a0}: "),
                );
                return FoundKey::Unknown(silent.then("", &Bilingual::quoted(error)));
            }
            Err(_) => {
                return FoundKey::Unknown(Bilingual::new(
                    format!("DNS does not say the key {name} in time"),
                    format!("le DNS ne donne pas la clé {name} à temps"),
                ));
            }
        };
        let records = answer.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(text) => Some(text.txt_data.concat()),
            _ => None,
        });
        judge(&records.collect::<Vec<_>>())
    }
}

/// Whether DNS says that there is no such record; anything else is a failure of DNS.
fn is_absent(error: &NetError) -> bool {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => {
            matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError)
        }
        NetError::Dns(DnsError::ResponseCode(code)) => *code == ResponseCode::NXDomain,
        _ => false,
    }
}

/// The first record that is a key and may be used.
fn judge(records: &[Vec<u8>]) -> FoundKey {
    let Some((text, key)) = records.iter().find_map(|text| Some((text, DomainKey::parse(text).ok()?))) else {
        return FoundKey::None(("its key is withdrawn or cannot be read", "sa clé est retirée ou illisible"));
    };
    match unfit(&String::from_utf8_lossy(text)) {
        Some(why) => FoundKey::None(why),
        None => FoundKey::Key(Arc::new(key)),
    }
}

/// What keeps a key from proving a mail, which the library does not look at (RFC 6376 section 3.6.1).
fn unfit(text: &str) -> Option<Why> {
    for tag in text.split(';') {
        let Some((name, value)) = tag.split_once('=') else { continue };
        let has = |wanted: &str| value.split(':').any(|word| word.trim().eq_ignore_ascii_case(wanted));
        match name.trim() {
            "t" if has("y") => return Some(("its key is for tests", "sa clé est d’essai")),
            "s" if !has("*") && !has("email") => {
                return Some(("its key is not for mail", "sa clé n’est pas pour le courriel"));
            }
            "h" if !has("sha256") => return Some(("its key is not for SHA-256", "sa clé n’est pas pour SHA-256")),
            _ => {}
        }
    }
    None
}

/// A resolver of `sender.dns`.
fn server(text: &str) -> Result<NameServerConfig, ConfigError> {
    let address = text.parse().or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT)));
    let address: SocketAddr = address.map_err(|_| {
        ConfigError::setting(
            Bilingual::new(
                format!("sender.dns: \"{text}\" is no IP address"),
                format!("sender.dns\u{a0}: \"{text}\" n’est pas une adresse IP"),
            ),
            Bilingual::new(
                "Give \"192.0.2.53\" or \"192.0.2.53:5353\", or [\"off\"] alone.",
                "Donnez \"192.0.2.53\" ou \"192.0.2.53:5353\", ou [\"off\"] seul.",
            ),
        )
        .about("sender.dns")
    })?;
    let at_its_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(at_its_port).into();
    Ok(NameServerConfig::new(address.ip(), true, connections))
}

impl KeyFile {
    fn open(path: &Path) -> Result<Self, ConfigError> {
        Ok(Self { path: path.to_owned(), keys: ArcSwap::from_pointee(read(path)?) })
    }
}

/// Reads a file of keys, each under its name; a mistake is shown at its place.
fn read(path: &Path) -> Result<HashMap<String, String>, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, error))?;
    let name = path.display().to_string();
    let wrong = |place, message: Bilingual, help: Bilingual| {
        ConfigError::in_file(&name, &text, Some(place), message, Some(help))
    };
    let table = DeTable::parse(&text)
        .map_err(|error| ConfigError::in_file(&name, &text, error.span(), config::said(error.message()), None))?;
    let mut keys = HashMap::new();
    for (key, value) in table.get_ref() {
        if !key.get_ref().contains(MARK) {
            return Err(wrong(
                key.span(),
                Bilingual::new(
                    format!("\"{}\" is no name of a DKIM key", key.get_ref()),
                    format!("\"{}\" n’est pas le nom d’une clé DKIM", key.get_ref()),
                ),
                Bilingual::new(
                    "Write \"selector._domainkey.ac-dijon.fr\" = \"v=DKIM1; k=rsa; p=…\", the name in quotes.",
                    "Écrivez \"selector._domainkey.ac-dijon.fr\" = \"v=DKIM1; k=rsa; p=…\", le nom entre guillemets.",
                ),
            ));
        }
        let record = match value.get_ref() {
            DeValue::String(record) => record.as_ref(),
            _ => "",
        };
        if matches!(judge(&[record.as_bytes().to_vec()]), FoundKey::None(_)) {
            return Err(wrong(
                value.span(),
                Bilingual::new(
                    "this is no DKIM key that can prove a mail",
                    "ce n’est pas une clé DKIM qui puisse prouver un courriel",
                ),
                Bilingual::new(
                    "Give the whole TXT record in one string: v=DKIM1; k=rsa; p=…",
                    "Donnez tout l’enregistrement TXT en une seule chaîne\u{a0}: v=DKIM1; k=rsa; p=…",
                ),
            ));
        }
        keys.insert(key.get_ref().trim_end_matches('.').to_lowercase(), record.to_owned());
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use rstest::rstest;

    use super::{read, server, unfit};

    /// A key made for this test.
    const KEY: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    fn shown(text: &str) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        format!("{:?}", miette::Report::new(read(file.path()).unwrap_err()))
    }

    #[test]
    fn a_file_gives_each_key_under_its_name() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "# clés\n\"S1._domainkey.AC-Dijon.fr.\" = \"{KEY}\"").unwrap();
        let keys = read(file.path()).unwrap();
        assert_eq!(keys.keys().collect::<Vec<_>>(), ["s1._domainkey.ac-dijon.fr"]);
    }

    #[test]
    fn a_mistake_in_the_file_is_shown_at_its_line() {
        let no_name = shown(&format!("\n\"ac-dijon.fr\" = \"{KEY}\"\n"));
        assert!(no_name.contains(":2:") && no_name.contains("_domainkey"), "{no_name}");
        for value in [
            "\"v=DKIM1; p=\"",
            "\"bonjour\"",
            "3",
            "\"v=DKIM1; k=ed25519; t=y; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"",
        ] {
            let text = shown(&format!("\n\n\"s._domainkey.ac-dijon.fr\" = {value}\n"));
            assert!(text.contains(":3:") && text.contains("no DKIM key"), "{text}");
        }
        assert!(shown("not toml").contains(":1:"));
    }

    #[rstest]
    #[case("v=DKIM1; k=rsa; p=x", None)]
    #[case("v=DKIM1; t=s; s=*; h=sha1:sha256; p=x", None)]
    #[case("v=DKIM1; t=s:y; p=x", Some("its key is for tests"))]
    #[case("v=DKIM1; s=tlsrpt; p=x", Some("its key is not for mail"))]
    #[case("v=DKIM1; h=sha1; p=x", Some("its key is not for SHA-256"))]
    fn a_key_for_something_else_proves_nothing(#[case] record: &str, #[case] expected: Option<&str>) {
        assert_eq!(unfit(record).map(|why| why.0), expected);
    }

    #[test]
    fn a_resolver_is_an_address_with_or_without_port() {
        for (text, port) in
            [("192.0.2.53", 53), ("192.0.2.53:5353", 5353), ("2001:db8::1", 53), ("[2001:db8::1]:54", 54)]
        {
            assert!(server(text).unwrap().connections.iter().all(|connection| connection.port == port), "{text}");
        }
        assert!(server("dns.example").unwrap_err().to_string().contains("dns.example"));
    }
}
