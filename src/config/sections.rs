//! The sections of the configuration. The keys are documented where users read them: `config/default.toml`.
#![allow(missing_docs, reason = "config/default.toml documents every key, once")]

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use data_encoding::BASE64;
use ipnet::IpNet;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, de::Error as _};
use url::{Host, Url};

use super::{ConfigError, Hours, foreign::carried};
use crate::text::Bilingual;

/// An enum read from a word; the error of a wrong word lists the right ones.
macro_rules! choice {
    ($name:ident { $($variant:ident = $word:literal),* }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(try_from = "String")]
        pub enum $name { $($variant),* }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(word: String) -> Result<Self, String> {
                match word.as_str() {
                    $($word => Ok(Self::$variant),)*
                    _ => {
                        let words = [$($word),*].join(", ");
                        Err(carried(&Bilingual::new(
                            format!("\"{word}\" is none of {words}"),
                            format!("\"{word}\" n’est pas possible\u{a0}; valeurs\u{a0}: {words}"),
                        )))
                    }
                }
            }
        }
    };
}

choice!(Encrypted { LeaveOut = "leave_out", Attach = "attach" });
choice!(Acknowledge { Passerelle = "passerelle", Glpi = "glpi", Off = "off" });
choice!(Teller { Glpi = "glpi", Passerelle = "passerelle", Off = "off" });
choice!(LogFormat { Text = "text", Json = "json" });
choice!(WhenDown { AskGlpi = "ask_glpi", Defer = "defer" });
choice!(Backend { Memory = "memory", Redis = "redis" });
choice!(Original { Never = "never", WhenCut = "when_cut", Always = "always" });
choice!(Replies { Redirect = "redirect", Followup = "followup" });
choice!(Require { Nothing = "none", Pass = "pass", Aligned = "aligned" });
choice!(WhenGlpiIsDown { Queue = "queue", Retry = "retry" });
choice!(Theme { Neutral = "neutral", Dsfr = "dsfr" });
choice!(Note { Private = "private", Public = "public" });
choice!(DirectorySource { Csv = "csv", Glpi = "glpi", Ldap = "ldap" });

/// The word in `sender.dns` that says that DNS is not asked.
pub const DNS_OFF: &str = "off";

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub filter: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Glpi {
    pub url: String,
    #[serde(deserialize_with = "optional_secret")]
    pub app_token: Option<SecretString>,
    #[serde(deserialize_with = "optional_secret")]
    pub user_token: Option<SecretString>,
    pub login: String,
    #[serde(deserialize_with = "optional_secret")]
    pub password: Option<SecretString>,
    pub sessions: usize,
    pub tickets_per_call: usize,
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub aftermath: Duration,
    pub retries: usize,
    pub breaker_failures: u32,
    #[serde(with = "humantime_serde")]
    pub breaker_pause: Duration,
    pub ticket_link: String,
}

impl Glpi {
    /// Where GLPI's pages are, beside its API.
    pub fn site(&self) -> &str {
        let url = self.url.trim_end_matches('/');
        ["/apirest.php", "/api.php/v1"].iter().find_map(|api| url.strip_suffix(api)).unwrap_or(url)
    }

    /// A ticket's page, with `{id}` for its number.
    pub fn ticket_page(&self) -> String {
        match self.ticket_link.as_str() {
            "" => format!("{}/front/ticket.form.php?id={{id}}", self.site()),
            link => link.to_owned(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    #[serde(deserialize_with = "optional_secret")]
    pub url: Option<SecretString>,
    pub sentinels: Vec<SecretString>,
    pub cluster: Vec<SecretString>,
    pub prefix: String,
    #[serde(deserialize_with = "optional_secret")]
    pub key_secret: Option<SecretString>,
    pub when_down: WhenDown,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    pub backend: Backend,
    pub per_day: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lmtp {
    pub listen: Vec<String>,
    pub hostname: String,
    pub max_size: u64,
    pub max_connections: usize,
    pub max_recipients: usize,
    #[serde(with = "humantime_serde")]
    pub idle_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub total_timeout: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imap {
    pub url: Vec<SecretString>,
    #[serde(deserialize_with = "optional_secret")]
    pub password: Option<SecretString>,
    #[serde(deserialize_with = "optional_path")]
    pub ca: Option<PathBuf>,
    #[serde(with = "humantime_serde")]
    pub poll: Duration,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    pub folders: ImapFolders,
    pub oauth: ImapOauth,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImapFolders {
    pub handled: String,
    pub refused: String,
    pub ignored: String,
    pub quarantine: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImapOauth {
    pub token_url: String,
    pub client_id: String,
    #[serde(deserialize_with = "optional_secret")]
    pub client_secret: Option<SecretString>,
    #[serde(deserialize_with = "optional_secret")]
    pub refresh_token: Option<SecretString>,
    pub scope: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantine {
    pub attempts: u32,
    #[serde(with = "humantime_serde")]
    pub first_delay: Duration,
    #[serde(with = "humantime_serde")]
    pub longest_delay: Duration,
    pub operators: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    #[serde(deserialize_with = "optional_address")]
    pub listen: Option<SocketAddr>,
    pub mail_tokens: Vec<SecretString>,
    pub form_tokens: Vec<SecretString>,
    pub ticket_tokens: Vec<SecretString>,
    pub portal_secrets: Vec<SecretString>,
    pub webhook_secrets: Vec<SecretString>,
    #[serde(with = "humantime_serde")]
    pub clock_skew: Duration,
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    #[serde(deserialize_with = "optional_secret")]
    pub proxy_secret: Option<SecretString>,
    #[serde(deserialize_with = "optional_text")]
    pub identity_listen: Option<String>,
    pub identity_header: String,
    #[serde(deserialize_with = "optional_address")]
    pub admin_listen: Option<SocketAddr>,
    pub max_size: usize,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    pub max_connections: usize,
}

impl Http {
    /// Whether people and portals can call, by either listener.
    pub fn is_served(&self) -> bool {
        self.listen.is_some() || self.identity_listen.is_some()
    }

    /// Whether a proxy may say who is signed in: then the portal's pages are served.
    pub fn believes_a_proxy(&self) -> bool {
        !self.trusted_proxies.is_empty() || self.identity_listen.is_some()
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    #[serde(deserialize_with = "optional_secret")]
    pub url: Option<SecretString>,
    pub from: String,
    pub contact: String,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    pub retries: usize,
}

impl Smtp {
    /// Who the gateway's letters come from.
    ///
    /// # Errors
    ///
    /// Where `smtp.from` is no mail address.
    pub fn sender(&self) -> Result<Mailbox, ConfigError> {
        mailbox(
            "smtp.from",
            &self.from,
            Bilingual::new(
                "Give it as \"Assistance 1er degré <assistance1d@ac-dijon.fr>\".",
                "Donnez-la ainsi\u{a0}: \"Assistance 1er degré <assistance1d@ac-dijon.fr>\".",
            ),
        )
    }
}

/// A mail address, perhaps with a name before it.
///
/// # Errors
///
/// Names the key, and the remedy.
pub fn mailbox(key: &str, text: &str, remedy: Bilingual) -> Result<Mailbox, ConfigError> {
    text.parse().map_err(|_| {
        let message = Bilingual::new(
            format!("{key} is no mail address: \"{text}\""),
            format!("{key} n’est pas une adresse de courriel\u{a0}: \"{text}\""),
        );
        ConfigError::setting(message, remedy).about(key)
    })
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mappings {
    #[serde(deserialize_with = "optional_path")]
    pub dir: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    pub monday: Hours,
    pub tuesday: Hours,
    pub wednesday: Hours,
    pub thursday: Hours,
    pub friday: Hours,
    pub saturday: Hours,
    pub sunday: Hours,
    pub public_holidays: bool,
    pub alsace_moselle: bool,
    #[serde(deserialize_with = "optional_path")]
    pub closed: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    pub note: Note,
    pub urgency: Percents,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Percents {
    #[serde(rename = "1")]
    pub very_low: u32,
    #[serde(rename = "2")]
    pub low: u32,
    #[serde(rename = "3")]
    pub medium: u32,
    #[serde(rename = "4")]
    pub high: u32,
    #[serde(rename = "5")]
    pub very_high: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    #[serde(with = "humantime_serde")]
    pub every: Duration,
    #[serde(with = "humantime_serde")]
    pub look_back: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    #[serde(deserialize_with = "optional_acknowledge")]
    pub deposit: Option<Acknowledge>,
    pub group: Teller,
    pub charge: Teller,
    pub question: Teller,
    pub solution: Teller,
    pub answer: Teller,
    pub refusal: Teller,
    pub approval: Teller,
    pub closing: Teller,
    pub escalation: Teller,
    pub handover: Teller,
    pub reminder: Teller,
    pub portal_link: String,
}

impl Notify {
    /// Whether the gateway itself writes at any step after the receipt.
    pub fn writes(&self) -> bool {
        let of_requesters = [self.charge, self.question, self.solution, self.closing, self.handover];
        let of_staff = [self.group, self.answer, self.refusal, self.approval, self.escalation, self.reminder];
        of_requesters.iter().chain(&of_staff).any(|teller| *teller == Teller::Passerelle)
    }
}

/// The steps of a request that the portal may be told of, as `hooks.steps` takes them.
pub const HOOK_STEPS: &[&str] =
    &["created", "charge", "question", "answer", "handover", "pending", "solution", "refusal", "approval", "closing"];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hooks {
    pub url: String,
    pub secrets: Vec<SecretString>,
    pub steps: Vec<String>,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

impl Hooks {
    /// Where the portal is told what happens; `None` where it is not.
    ///
    /// # Errors
    ///
    /// Where it is no address, or one that anybody on the way could read.
    pub fn address(&self) -> Result<Option<Url>, ConfigError> {
        if self.url.is_empty() {
            return Ok(None);
        }
        let url = Url::parse(&self.url).map_err(|error| {
            let message = Bilingual::new(
                format!("hooks.url \"{}\" is no address", self.url),
                format!("hooks.url \"{}\" n’est pas une adresse", self.url),
            );
            ConfigError::because(message, error, hook_remedy()).about("hooks.url")
        })?;
        let is_loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        match url.scheme() {
            "https" => Ok(Some(url)),
            "http" if is_loopback => Ok(Some(url)),
            _ => Err(ConfigError::setting(
                Bilingual::new(
                    "hooks.url is neither https nor of this machine: what happens to requests could be read on the way",
                    "hooks.url n’est ni https ni de cette machine\u{a0}: ce qui arrive aux demandes pourrait être lu en chemin",
                ),
                hook_remedy(),
            )
            .about("hooks.url")),
        }
    }

    /// What its calls are signed with.
    ///
    /// # Errors
    ///
    /// Where a secret is none that the libraries of Standard Webhooks take, or there is none.
    pub fn keys(&self) -> Result<Vec<Vec<u8>>, ConfigError> {
        let key = |secret: &SecretString| {
            let text = secret.expose_secret().strip_prefix("whsec_")?;
            BASE64.decode(text.as_bytes()).ok().filter(|key| (24..=64).contains(&key.len()))
        };
        let keys: Option<Vec<_>> = self.secrets.iter().map(key).collect();
        keys.filter(|keys| !keys.is_empty()).ok_or_else(|| {
            ConfigError::setting(
                Bilingual::new(
                    "hooks.secrets has none, or one that is not \"whsec_\" and the Base64 of 24 to 64 bytes",
                    "hooks.secrets n’en a aucun, ou en a un qui n’est pas \"whsec_\" suivi de 24 à 64 octets en Base64",
                ),
                Bilingual::new(
                    "Make one with `echo whsec_$(openssl rand -base64 32)`, and give it to the portal.",
                    "Faites-en un avec `echo whsec_$(openssl rand -base64 32)`, et donnez-le au portail.",
                ),
            )
            .about("hooks.secrets")
        })
    }
}

fn hook_remedy() -> Bilingual {
    Bilingual::new(
        "Give it as https://portail.example.fr/passerelle; http:// only for this machine.",
        "Donnez-la ainsi\u{a0}: https://portail.example.fr/passerelle\u{a0}; http:// pour cette seule machine.",
    )
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    pub sources: Vec<DirectorySource>,
    #[serde(deserialize_with = "optional_path")]
    pub csv: Option<PathBuf>,
    pub director_roles: Vec<String>,
    pub glpi_group: String,
    pub school_mailbox: String,
    #[serde(with = "humantime_serde")]
    pub cache: Duration,
    pub ldap: Ldap,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ldap {
    pub url: String,
    pub start_tls: bool,
    pub bind_dn: String,
    #[serde(deserialize_with = "optional_secret")]
    pub password: Option<SecretString>,
    pub base: String,
    pub filter: String,
    pub director_filter: String,
    pub list_filter: String,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    pub attributes: LdapAttributes,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LdapAttributes {
    pub mail: String,
    pub name: String,
    pub role: String,
    pub uai: String,
    pub school: String,
    pub circonscription: String,
    pub department: String,
    pub phone: String,
}

/// The names of the screening rules, as `screen.disabled` takes them.
pub const SCREENING_RULES: &[&str] = &[
    "automatic",
    "foreign-sender",
    "unproven-sender",
    "wrong-recipient",
    "too-large",
    "reply-to-announcement",
    "no-keyword",
    "not-a-director",
    "quota-exceeded",
];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    pub recipients: Vec<String>,
    pub domains: Vec<String>,
    pub subdomains: Vec<String>,
    pub max_size: u64,
    pub own_domains: Vec<String>,
    pub disabled: Vec<String>,
    pub sentences: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    pub require: Require,
    pub authserv_ids: Vec<String>,
    pub dkim: bool,
    #[serde(deserialize_with = "optional_path")]
    pub dkim_keys: Option<PathBuf>,
    pub dns: Vec<String>,
    #[serde(with = "humantime_serde")]
    pub dns_timeout: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachments {
    pub max_files: usize,
    pub max_file_size: u64,
    pub max_total_size: u64,
    pub signature_image: u64,
    pub encrypted: Encrypted,
    pub wrap: bool,
    pub forbidden: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub original: Original,
    pub replies: Replies,
    pub replies_of_staff: Replies,
    pub copies: Copies,
    pub forwarders: Vec<String>,
    pub glpi_tags: Vec<String>,
}

/// What becomes of who else a mail went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Copies {
    /// They are named in the ticket.
    Named,
    /// And those of the academy watch it.
    Observers,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portal {
    pub name: String,
    pub academy: String,
    pub contact: String,
    #[serde(with = "humantime_serde")]
    pub wait: Duration,
    pub when_down: WhenGlpiIsDown,
    pub school_view: bool,
    pub theme: Theme,
    #[serde(deserialize_with = "optional_path")]
    pub dsfr: Option<PathBuf>,
    pub sign_out: String,
    pub data_notice: String,
    pub corrections: String,
    pub requester_reasons: Vec<String>,
    pub pages: PortalPages,
}

/// Each a Markdown file or an address; empty where there is none.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalPages {
    pub help: String,
    pub accessibility: String,
    pub conformity: String,
    pub legal: String,
    pub personal_data: String,
}

/// Who may see and do what is not one requester's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    pub operators: Vec<String>,
    pub tokens: Vec<SecretString>,
    #[serde(deserialize_with = "lists")]
    pub correspondents: BTreeMap<String, Vec<String>>,
    #[serde(deserialize_with = "lists")]
    pub referents: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    #[serde(with = "humantime_serde")]
    pub every: Duration,
    pub requests: usize,
    #[serde(with = "humantime_serde")]
    pub refresh: Duration,
    pub tickets: usize,
    pub report: bool,
}

/// Information to all directors of a zone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcements {
    pub enabled: bool,
    pub reply_to: String,
    pub return_path: String,
    pub batch: usize,
    pub per_minute: u32,
    #[serde(with = "humantime_serde")]
    pub retry: Duration,
    pub confirm_above: usize,
    pub confirm_link: String,
    pub max_size: u64,
    #[serde(with = "humantime_serde")]
    pub refresh: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knowledge {
    #[serde(with = "humantime_serde")]
    pub every: Duration,
    pub link: String,
    pub draft_link: String,
    pub public_feeds: bool,
    pub suggest: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    #[serde(with = "humantime_serde")]
    pub grace: Duration,
}

/// Empty means «not given» for every optional key, so that the defaults can list it.
fn optional_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    let secret = SecretString::deserialize(deserializer)?;
    Ok((!secret.expose_secret().is_empty()).then_some(secret))
}

fn optional_acknowledge<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Acknowledge>, D::Error> {
    let word = String::deserialize(deserializer)?;
    if word.is_empty() { Ok(None) } else { Acknowledge::try_from(word).map(Some).map_err(D::Error::custom) }
}

fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok((!text.is_empty()).then_some(text))
}

/// Lists whose keys the user chooses: a variable of the environment gives one as a text, parted by commas.
fn lists<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum List {
        Parted(String),
        Whole(Vec<String>),
    }
    let lists = BTreeMap::<String, List>::deserialize(deserializer)?;
    let parted = |text: String| text.split([',', '\n']).map(|name| name.trim().to_owned()).collect::<Vec<_>>();
    let whole = |list| match list {
        List::Parted(text) => parted(text).into_iter().filter(|name| !name.is_empty()).collect(),
        List::Whole(list) => list,
    };
    Ok(lists.into_iter().map(|(key, list)| (key, whole(list))).collect())
}

fn optional_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    Ok((!path.as_os_str().is_empty()).then_some(path))
}

fn optional_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        D::Error::custom(carried(&Bilingual::new(
            format!("\"{text}\" is no address and port, such as \"127.0.0.1:8080\""),
            format!("\"{text}\" n’est pas une adresse avec un port, comme \"127.0.0.1:8080\""),
        )))
    })
}

/// Networks; an address alone is one of itself.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let network = |text: &String| {
        let text = text.trim();
        let parsed = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        parsed.map_err(|_| {
            D::Error::custom(carried(&Bilingual::new(
                format!("\"{text}\" is no address or network, such as \"10.0.0.0/8\""),
                format!("\"{text}\" n’est ni une adresse ni un réseau, comme \"10.0.0.0/8\""),
            )))
        })
    };
    texts.iter().filter(|text| !text.trim().is_empty()).map(network).collect()
}

pub(super) fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeZone, D::Error> {
    let name = String::deserialize(deserializer)?;
    TimeZone::get(&name).map_err(|_| {
        D::Error::custom(carried(&Bilingual::new(
            format!("\"{name}\" is no IANA time zone, such as \"Europe/Paris\""),
            format!("\"{name}\" n’est pas un fuseau horaire de l’IANA, comme \"Europe/Paris\""),
        )))
    })
}
