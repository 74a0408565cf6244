//! The rules' settings, and what they say where one says no.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::id::TicketId;
use crate::{
    config,
    request::{Address, Reason, Received, Refusal},
    text::Bilingual,
};

/// Why a request is not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// A rule says no; the sentence is for the requester.
    Refused(Refusal),
    /// Nobody waits for an answer.
    Ignored(Reason),
    /// A fact could not be had now.
    Unknown {
        /// What could not be had.
        reason: Reason,
        /// Which server said what; holds nobody's address.
        cause: Bilingual,
    },
}

/// A rejection, with the request it is of.
pub type Rejected = (Box<Received>, Rejection);

/// The rules' settings.
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) recipients: Vec<Address>,
    /// The gateway's own ones beside those.
    pub(super) own_addresses: Vec<Address>,
    pub(super) copies: config::Copies,
    pub(super) forwarders: Vec<Address>,
    /// Groups of GLPI, by name or full path, whose members are forwarders, too.
    pub(super) forwarder_groups: Vec<String>,
    pub(super) domains: Vec<String>,
    pub(super) subdomains: Vec<String>,
    pub(super) max_size: u64,
    pub(super) own_domains: Vec<String>,
    pub(super) require: config::Require,
    pub(super) disabled: Vec<String>,
    pub(super) sentences: BTreeMap<String, String>,
    pub(super) replies: config::Replies,
    pub(super) replies_of_staff: config::Replies,
    pub(super) glpi_tags: Vec<String>,
    /// Domains where the academy's own machines are.
    pub(super) homes: Vec<String>,
    pub(super) time_zone: TimeZone,
}

impl Rules {
    /// Reads the rules from the configuration.
    pub fn new(config: &config::Config) -> Result<Self, config::ConfigError> {
        let screen = &config.screen;
        let recipients = addresses("screen.recipients", &screen.recipients)?;
        let lower = |names: &[String]| -> Vec<String> { names.iter().map(|name| name.trim().to_lowercase()).collect() };
        let mut own_domains: Vec<String> = lower(&screen.own_domains);
        own_domains.extend(config.smtp.sender().ok().map(|from| from.email.domain().to_lowercase()));
        let (forwarders, groups): (Vec<_>, Vec<_>) =
            config.mail.forwarders.iter().map(|entry| entry.trim().to_owned()).partition(|entry| entry.contains('@'));
        let forwarder_groups = groups.into_iter().filter(|group| !group.is_empty()).collect();
        let of_glpi = Url::parse(&config.glpi.url).ok().and_then(|url| url.domain().map(parent));
        let homes = own_domains.iter().cloned().chain(lower(&screen.domains)).chain(lower(&screen.subdomains));
        Ok(Self {
            homes: homes.chain(of_glpi).collect(),
            recipients,
            own_addresses: own_addresses(config),
            copies: config.mail.copies,
            forwarders: addresses("mail.forwarders", &forwarders)?,
            forwarder_groups,
            domains: lower(&screen.domains),
            subdomains: lower(&screen.subdomains),
            max_size: screen.max_size,
            own_domains,
            require: config.sender.require,
            disabled: screen.disabled.clone(),
            sentences: screen.sentences.clone(),
            replies: config.mail.replies,
            replies_of_staff: config.mail.replies_of_staff,
            glpi_tags: config.mail.glpi_tags.iter().map(|tag| tag.trim().to_owned()).collect(),
            time_zone: config.time_zone.clone(),
        })
    }

    /// The addresses mail is taken for.
    pub fn recipients(&self) -> &[Address] {
        &self.recipients
    }

    /// The groups of GLPI whose members forward directors' mails, by name or full path.
    pub fn forwarder_groups(&self) -> &[String] {
        &self.forwarder_groups
    }

    /// The academy's time zone.
    pub fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// Whether a lower-case host name is one of the academy's own machines.
    pub(super) fn is_home(&self, host: &str) -> bool {
        self.homes.iter().any(|home| {
            host.strip_suffix(home.as_str()).is_some_and(|rest| matches!(rest.chars().last(), None | Some('.')))
        })
    }

    /// Whether a person may make only so many requests a day.
    pub fn bounds_days(&self) -> bool {
        self.enabled("quota-exceeded")
    }

    pub(super) fn enabled(&self, rule: &str) -> bool {
        !self.disabled.iter().any(|disabled| disabled == rule)
    }

    /// A refusal with the academy's sentence, or the one shipped.
    pub(super) fn refuse(&self, reason: Reason) -> Rejection {
        Rejection::Refused(Refusal { reason, sentence: self.sentence(reason).to_owned() })
    }

    /// The size of the largest request that passes; `None` where that rule is off.
    pub fn largest(&self) -> Option<u64> {
        self.enabled("too-large").then_some(self.max_size)
    }

    /// The same, of a ticket.
    pub(super) fn refuse_about(&self, reason: Reason, ticket: TicketId) -> Rejection {
        let sentence = self.sentence(reason).replace("{ticket}", &ticket.to_string());
        Rejection::Refused(Refusal { reason, sentence })
    }

    pub(super) fn sentence(&self, reason: Reason) -> &str {
        self.sentences.get(reason.code()).map_or_else(|| reason.sentence(), String::as_str)
    }
}

/// The addresses of a setting.
fn addresses(key: &str, texts: &[String]) -> Result<Vec<Address>, config::ConfigError> {
    let address = |text: &String| {
        Address::parse(text).ok_or_else(|| {
            config::ConfigError::setting(
                Bilingual::new(
                    format!("{key}: \"{text}\" is no mail address"),
                    format!("{key}\u{a0}: \"{text}\" n’est pas une adresse de courriel"),
                ),
                Bilingual::new(
                    "Give whole addresses, such as assistance1d@ac-dijon.fr.",
                    "Donnez des adresses entières, par exemple assistance1d@ac-dijon.fr.",
                ),
            )
            .about(key)
        })
    };
    texts.iter().map(address).collect()
}

/// Where the gateway's mails come from, and its mailboxes, as far as their users are named by an address.
fn own_addresses(config: &config::Config) -> Vec<Address> {
    let from = config.smtp.sender().ok().and_then(|from| Address::parse(from.email.as_ref()));
    let mailbox = |url: &SecretString| {
        let url = Url::parse(url.expose_secret()).ok()?;
        Address::parse(&percent_decode_str(url.username()).decode_utf8().ok()?)
    };
    from.into_iter().chain(config.imap.url.iter().filter_map(mailbox)).collect()
}

/// The domain a machine's name is in: the whole, where it has one dot.
fn parent(host: &str) -> String {
    let parent = host.split_once('.').map(|(_, parent)| parent).filter(|parent| parent.contains('.'));
    parent.unwrap_or(host).to_lowercase()
}
