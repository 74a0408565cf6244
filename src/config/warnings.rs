//! What in a sound configuration is risky, does nothing, or is not what an academy of its own would mean.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::{Config, Origin, Require, Warning};

/// How many times `glpi.timeout` a creation may take, repeats and the wait for a session included.
pub const LONGEST_CREATION_CALLS: u32 = 3;

/// What each academy has of its own, and what `config/default.toml` has the académie de Dijon's of.
const SAMPLES: &[&str] =
    &["screen.domains", "screen.recipients", "smtp.from", "portal.academy", "directory.school_mailbox"];

impl Config {
    /// Everything that `check` prints and `serve` logs: none of it stops the gateway.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut found = Found { config: self, warnings: self.settings.strangers().to_vec() };
        found.samples();
        found.in_clear();
        found.listeners();
        found.identity();
        found.budgets();
        found.proof();
        found.files();
        found.warnings
    }
}

struct Found<'a> {
    config: &'a Config,
    warnings: Vec<Warning>,
}

impl Found<'_> {
    fn add(&mut self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        let about = match self.config.settings.origin(key) {
            Origin::Default => key.to_owned(),
            origin => format!("{key} ({origin})"),
        };
        self.warnings.push(Warning::new(about, message, remedy));
    }

    /// Values that are the académie de Dijon's, where an academy gave none of its own.
    fn samples(&mut self) {
        let config = self.config;
        let has_portal = config.http.believes_a_proxy();
        let is_used = |key: &str| match key {
            "smtp.from" => config.smtp.url.is_some(),
            "portal.academy" | "directory.school_mailbox" => has_portal,
            _ => true,
        };
        let missing: Vec<_> = SAMPLES
            .iter()
            .copied()
            .filter(|key| is_used(key) && config.settings.origin(key) == Origin::Default)
            .collect();
        let Some(first) = missing.first() else { return };
        let verb = if missing.len() == 1 { "is" } else { "are" };
        let refused = if *first == "screen.domains" { ", and whoever is of another academy is refused" } else { "" };
        self.add(
            first,
            format!(
                "{} {verb} not set: the samples of the académie de Dijon are in force{refused}",
                missing.join(", ")
            ),
            "Give your academy's own domain and addresses, also where they are those of the samples; \
             `passerelle config` shows what is in force.",
        );
    }

    /// What goes over a network that others may listen to.
    fn in_clear(&mut self) {
        let config = self.config;
        let glpi = Url::parse(&config.glpi.url).ok();
        if glpi.as_ref().is_some_and(|url| url.scheme() == "http" && !is_of_this_machine(url)) {
            self.add(
                "glpi.url",
                "http:// to another machine: the service account's password or token, and every request, go in clear",
                "Give GLPI's https:// address.",
            );
        }
        let parsed = |secret: &SecretString| Url::parse(secret.expose_secret()).ok();
        let smtp = config.smtp.url.as_ref().and_then(parsed);
        let asks_tls = |url: &Url| url.query_pairs().any(|(key, value)| key == "tls" && value == "required");
        if smtp.is_some_and(|url| {
            url.scheme() == "smtp" && url.password().is_some() && !asks_tls(&url) && !is_of_this_machine(&url)
        }) {
            self.add(
                "smtp.url",
                "the relay's password goes in clear to another machine",
                "Write smtps://…, or smtp://…?tls=required.",
            );
        }
        let has_no_tls = |url: &Url| url.query_pairs().any(|(key, value)| key == "tls" && value == "off");
        if config.imap.url.iter().filter_map(parsed).any(|url| has_no_tls(&url) && !is_of_this_machine(&url)) {
            self.add(
                "imap.url",
                "tls=off to another machine: the mailbox's password and every mail go in clear",
                "Write imaps://…, or leave ?tls=off away: STARTTLS is taken then.",
            );
        }
        let redis = config.redis.url.iter().chain(&config.redis.sentinels).chain(&config.redis.cluster);
        let is_bare = |url: &Url| {
            let names_a_master = !config.redis.sentinels.is_empty() && url.port().is_none();
            url.scheme() == "redis" && url.password().is_some() && !is_of_this_machine(url) && !names_a_master
        };
        if redis.filter_map(parsed).any(|url| is_bare(&url)) {
            self.add("redis.url", "Redis' password goes in clear to another machine", "Write rediss://…, with TLS.");
        }
        let ldap = &config.directory.ldap;
        let is_ldap = Url::parse(&ldap.url).is_ok_and(|url| url.scheme() == "ldap" && !is_of_this_machine(&url));
        if is_ldap && !ldap.start_tls && ldap.password.is_some() {
            self.add(
                "directory.ldap.start_tls",
                "the directory's password goes in clear to another machine",
                "Write ldaps://…, or set directory.ldap.start_tls = true.",
            );
        }
    }

    fn listeners(&mut self) {
        let config = self.config;
        let everywhere = |address: &&String| ["0.0.0.0:", "[::]:"].iter().any(|every| address.starts_with(every));
        if let Some(address) = config.lmtp.listen.iter().find(everywhere) {
            self.add(
                "lmtp.listen",
                format!("LMTP listens on every network, {address}: whoever reaches it hands in mail that no relay has looked at"),
                "Let only the relay reach it: a Unix socket, 127.0.0.1, or a firewall before it.",
            );
        }
    }

    /// Who else than the proxy may be believed, and where nobody is.
    fn identity(&mut self) {
        let http = &self.config.http;
        let is_open =
            |address: &&str| !["unix:", "127.", "[::1]", "localhost:"].iter().any(|inner| address.starts_with(inner));
        if let Some(address) = http.identity_listen.as_deref().filter(is_open) {
            self.add(
                "http.identity_listen",
                format!("http.identity_listen is {address}: whoever reaches it from another machine is whom they say they are"),
                "Let only the proxy reach it: a Unix socket, 127.0.0.1, or a network that has nobody else in it.",
            );
        }
        let everybody: Vec<_> =
            http.trusted_proxies.iter().filter(|it| is_everybody(it)).map(ToString::to_string).collect();
        if !everybody.is_empty() {
            self.add(
                "http.trusted_proxies",
                format!(
                    "http.trusted_proxies has {}, which is everybody: http.proxy_secret alone says who is the proxy",
                    everybody.join(", ")
                ),
                "Name the addresses that the proxy calls from.",
            );
        }
        if http.proxy_secret.is_some() && http.trusted_proxies.is_empty() {
            self.add(
                "http.proxy_secret",
                "http.proxy_secret is set and http.trusted_proxies is empty: nobody is believed by that secret",
                "Name the addresses that the proxy calls from in http.trusted_proxies.",
            );
        }
        if http.identity_listen.is_some() && !http.trusted_proxies.is_empty() && http.proxy_secret.is_none() {
            self.add(
                "http.trusted_proxies",
                "http.trusted_proxies is set without http.proxy_secret: the proxy is believed behind http.identity_listen alone",
                "Empty http.trusted_proxies, or give http.proxy_secret.",
            );
        }
    }

    /// Whoever waits gives up before the work is done.
    fn budgets(&mut self) {
        let config = self.config;
        let longest = config.glpi.timeout * LONGEST_CREATION_CALLS;
        let has_http = config.http.listen.is_some() || config.http.identity_listen.is_some();
        if has_http && config.http.timeout < longest {
            self.add(
                "http.timeout",
                format!(
                    "http.timeout is {}, and a creation in GLPI may take {}: a form is answered with an error although \
                     its ticket is made",
                    shown(config.http.timeout),
                    shown(longest)
                ),
                "Give http.timeout at least three times glpi.timeout, and the proxy before it (proxy_read_timeout) as much.",
            );
        }
        if config.quarantine.first_delay > config.quarantine.longest_delay {
            self.add(
                "quarantine.first_delay",
                "quarantine.first_delay is longer than quarantine.longest_delay, which is the pause each time",
                "Give quarantine.longest_delay the longer one.",
            );
        }
        if config.glpi.connect_timeout > config.glpi.timeout {
            self.add(
                "glpi.connect_timeout",
                "glpi.connect_timeout is longer than glpi.timeout, which ends each call",
                "Give glpi.connect_timeout less, such as \"5s\".",
            );
        }
    }

    fn proof(&mut self) {
        let sender = &self.config.sender;
        if sender.require == Require::Nothing && !sender.authserv_ids.is_empty() {
            self.add(
                "sender.authserv_ids",
                "sender.authserv_ids names a relay, and sender.require = \"none\" asks for no proof: its word is not looked at",
                "Set sender.require = \"aligned\", or empty sender.authserv_ids.",
            );
        }
        if sender.require == Require::Nothing && sender.dkim_keys.is_some() {
            self.add(
                "sender.dkim_keys",
                "sender.dkim_keys has keys, and sender.require = \"none\" asks for no proof: they are not looked at",
                "Set sender.require = \"aligned\", or empty sender.dkim_keys.",
            );
        }
    }

    fn files(&mut self) {
        let (files, http) = (&self.config.attachments, &self.config.http);
        for (key, is_zero) in [
            ("attachments.max_files", files.max_files == 0),
            ("attachments.max_file_size", files.max_file_size == 0),
            ("attachments.max_total_size", files.max_total_size == 0),
        ] {
            if is_zero {
                self.add(
                    key,
                    "it is 0: no file of any request goes into its ticket",
                    "Give it more, unless that is meant.",
                );
            }
        }
        if files.max_file_size > files.max_total_size {
            self.add(
                "attachments.max_file_size",
                "attachments.max_file_size is above attachments.max_total_size, which is the limit then",
                "Give attachments.max_total_size at least as much.",
            );
        }
        if http.listen.is_some() && (http.max_size as u64) < files.max_total_size {
            self.add(
                "http.max_size",
                "http.max_size is below attachments.max_total_size: a form with so many files is refused whole",
                "Give http.max_size more than attachments.max_total_size: a form has texts, too.",
            );
        }
    }
}

/// Whether a network is the whole of its kind, or half of it, as two of those are.
fn is_everybody(network: &IpNet) -> bool {
    network.prefix_len() <= 1
}

fn is_of_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // Of schemes that are not the web's, an address is a name.
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => true,
    }
}

fn shown(duration: Duration) -> humantime_serde::re::humantime::FormattedDuration {
    humantime_serde::re::humantime::format_duration(duration)
}
