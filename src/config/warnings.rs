//! What in a sound configuration is risky, does nothing, or is not what an academy of its own would mean.

mod announcements;

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::{Config, Origin, Require, Warning, WhenGlpiIsDown};
use crate::text::Bilingual;

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
        found.deposits();
        for (key, message, remedy) in announcements::find(self) {
            found.add(key, message, remedy);
        }
        found.warnings
    }
}

struct Found<'a> {
    config: &'a Config,
    warnings: Vec<Warning>,
}

impl Found<'_> {
    fn add(&mut self, key: &str, message: Bilingual, remedy: Bilingual) {
        let about = match self.config.settings.origin(key) {
            Origin::Default => Bilingual::same(key),
            origin => Bilingual::same(format!("{key} ({origin})")),
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
        let (verb, verbe) =
            if missing.len() == 1 { ("is", "n’est pas réglé") } else { ("are", "ne sont pas réglés") };
        let (refused, refuse) = if *first == "screen.domains" {
            (", and whoever is of another academy is refused", ", et quiconque est d’une autre académie est refusé")
        } else {
            ("", "")
        };
        let missing = missing.join(", ");
        self.add(
            first,
            Bilingual::new(
                format!("{missing} {verb} not set: the samples of the académie de Dijon are in force{refused}"),
                format!("{missing} {verbe}\u{a0}: les exemples de l’académie de Dijon valent{refuse}"),
            ),
            Bilingual::new(
                "Give your academy's own domain and addresses, also where they are those of the samples; \
                 `passerelle config` shows what is in force.",
                "Donnez le domaine et les adresses de votre académie, même s’ils sont ceux des exemples\u{a0}; \
                 «\u{a0}passerelle config\u{a0}» montre ce qui vaut.",
            ),
        );
    }

    /// What goes over a network that others may listen to.
    fn in_clear(&mut self) {
        let config = self.config;
        let glpi = Url::parse(&config.glpi.url).ok();
        if glpi.as_ref().is_some_and(|url| url.scheme() == "http" && !is_of_this_machine(url)) {
            self.add(
                "glpi.url",
                Bilingual::new("http:// to another machine: the service account's password or token, and every request, go in clear", "http:// vers une autre machine\u{a0}: le mot de passe ou le jeton du compte de service, et chaque demande, passent en clair"),
                Bilingual::new("Give GLPI's https:// address.", "Donnez l’adresse https:// de GLPI."),
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
                Bilingual::new(
                    "the relay's password goes in clear to another machine",
                    "le mot de passe du relais passe en clair vers une autre machine",
                ),
                Bilingual::new(
                    "Write smtps://…, or smtp://…?tls=required.",
                    "Écrivez smtps://…, ou smtp://…?tls=required.",
                ),
            );
        }
        let has_no_tls = |url: &Url| url.query_pairs().any(|(key, value)| key == "tls" && value == "off");
        if config.imap.url.iter().filter_map(parsed).any(|url| has_no_tls(&url) && !is_of_this_machine(&url)) {
            self.add(
                "imap.url",
                Bilingual::new("tls=off to another machine: the mailbox's password and every mail go in clear", "tls=off vers une autre machine\u{a0}: le mot de passe de la boîte et chaque courriel passent en clair"),
                Bilingual::new("Write imaps://…, or leave ?tls=off away: STARTTLS is taken then.", "Écrivez imaps://…, ou ôtez ?tls=off\u{a0}: STARTTLS sert alors."),
            );
        }
        let redis = config.redis.url.iter().chain(&config.redis.sentinels).chain(&config.redis.cluster);
        let is_bare = |url: &Url| {
            let names_a_master = !config.redis.sentinels.is_empty() && url.port().is_none();
            url.scheme() == "redis" && url.password().is_some() && !is_of_this_machine(url) && !names_a_master
        };
        if redis.filter_map(parsed).any(|url| is_bare(&url)) {
            self.add(
                "redis.url",
                Bilingual::new(
                    "Redis' password goes in clear to another machine",
                    "le mot de passe de Redis passe en clair vers une autre machine",
                ),
                Bilingual::new("Write rediss://…, with TLS.", "Écrivez rediss://…, avec TLS."),
            );
        }
        let ldap = &config.directory.ldap;
        let is_ldap = Url::parse(&ldap.url).is_ok_and(|url| url.scheme() == "ldap" && !is_of_this_machine(&url));
        if is_ldap && !ldap.start_tls && ldap.password.is_some() {
            self.add(
                "directory.ldap.start_tls",
                Bilingual::new(
                    "the directory's password goes in clear to another machine",
                    "le mot de passe de l’annuaire passe en clair vers une autre machine",
                ),
                Bilingual::new(
                    "Write ldaps://…, or set directory.ldap.start_tls = true.",
                    "Écrivez ldaps://…, ou mettez directory.ldap.start_tls = true.",
                ),
            );
        }
    }

    fn listeners(&mut self) {
        let config = self.config;
        let everywhere = |address: &&String| ["0.0.0.0:", "[::]:"].iter().any(|every| address.starts_with(every));
        if let Some(address) = config.lmtp.listen.iter().find(everywhere) {
            self.add(
                "lmtp.listen",
                Bilingual::new(format!("LMTP listens on every network, {address}: whoever reaches it hands in mail that no relay has looked at"), format!("LMTP écoute sur tous les réseaux, {address}\u{a0}: qui l’atteint remet des courriels qu’aucun relais n’a vus")),
                Bilingual::new("Let only the relay reach it: a Unix socket, 127.0.0.1, or a firewall before it.", "Ne laissez que le relais l’atteindre\u{a0}: un socket Unix, 127.0.0.1, ou un pare-feu devant."),
            );
        }
    }

    /// Who else than the proxy may be believed, and where nobody is.
    fn identity(&mut self) {
        let http = &self.config.http;
        let everybody: Vec<_> =
            http.trusted_proxies.iter().filter(|it| is_everybody(it)).map(ToString::to_string).collect();
        if !everybody.is_empty() {
            let everybody = everybody.join(", ");
            self.add(
                "http.trusted_proxies",
                Bilingual::new(
                    format!("http.trusted_proxies has {everybody}, which is everybody: http.proxy_secret alone says who is the proxy"),
                    format!("http.trusted_proxies a {everybody}, c’est-à-dire tout le monde\u{a0}: http.proxy_secret seul dit qui est le mandataire"),
                ),
                Bilingual::new("Name the addresses that the proxy calls from.", "Nommez les adresses d’où appelle le mandataire."),
            );
        }
        let has_port = http.identity_listen.as_ref().is_some_and(|address| !address.starts_with("unix:"));
        if http.proxy_secret.is_some() && http.trusted_proxies.is_empty() && !has_port {
            self.add(
                "http.proxy_secret",
                Bilingual::new("http.proxy_secret is set and http.trusted_proxies is empty: nobody is believed by that secret", "http.proxy_secret est réglé et http.trusted_proxies est vide\u{a0}: ce secret ne fait croire personne"),
                Bilingual::new("Name the addresses that the proxy calls from in http.trusted_proxies.", "Nommez dans http.trusted_proxies les adresses d’où appelle le mandataire."),
            );
        }
        if http.identity_listen.is_some() && !http.trusted_proxies.is_empty() && http.proxy_secret.is_none() {
            self.add(
                "http.trusted_proxies",
                Bilingual::new("http.trusted_proxies is set without http.proxy_secret: the proxy is believed behind http.identity_listen alone", "http.trusted_proxies est réglé sans http.proxy_secret\u{a0}: le mandataire n’est cru que derrière http.identity_listen"),
                Bilingual::new("Empty http.trusted_proxies, or give http.proxy_secret.", "Videz http.trusted_proxies, ou donnez http.proxy_secret."),
            );
        }
    }

    /// Whoever waits gives up before the work is done.
    fn budgets(&mut self) {
        let config = self.config;
        let longest = config.glpi.timeout * LONGEST_CREATION_CALLS;
        if config.http.is_served() && config.http.timeout < longest {
            let (timeout, longest) = (shown(config.http.timeout), shown(longest));
            self.add(
                "http.timeout",
                Bilingual::new(
                    format!("http.timeout is {timeout}, and a creation in GLPI may take {longest}: a form is answered with an error although its ticket is made"),
                    format!("http.timeout est {timeout}, et une création dans GLPI peut prendre {longest}\u{a0}: un formulaire reçoit une erreur alors que son ticket est fait"),
                ),
                Bilingual::new("Give http.timeout at least three times glpi.timeout, and the proxy before it (proxy_read_timeout) as much.", "Donnez à http.timeout au moins trois fois glpi.timeout, et autant au mandataire devant elle (proxy_read_timeout)."),
            );
        }
        if config.quarantine.first_delay > config.quarantine.longest_delay {
            self.add(
                "quarantine.first_delay",
                Bilingual::new(
                    "quarantine.first_delay is longer than quarantine.longest_delay, which is the pause each time",
                    "quarantine.first_delay dépasse quarantine.longest_delay, qui est alors la pause à chaque fois",
                ),
                Bilingual::new(
                    "Give quarantine.longest_delay the longer one.",
                    "Donnez la plus longue à quarantine.longest_delay.",
                ),
            );
        }
        if config.glpi.connect_timeout > config.glpi.timeout {
            self.add(
                "glpi.connect_timeout",
                Bilingual::new(
                    "glpi.connect_timeout is longer than glpi.timeout, which ends each call",
                    "glpi.connect_timeout dépasse glpi.timeout, qui met fin à chaque appel",
                ),
                Bilingual::new(
                    "Give glpi.connect_timeout less, such as \"5s\".",
                    "Donnez moins à glpi.connect_timeout, par exemple \"5s\".",
                ),
            );
        }
    }

    fn proof(&mut self) {
        let sender = &self.config.sender;
        if sender.require == Require::Nothing && !sender.authserv_ids.is_empty() {
            self.add(
                "sender.authserv_ids",
                Bilingual::new("sender.authserv_ids names a relay, and sender.require = \"none\" asks for no proof: its word is not looked at", "sender.authserv_ids nomme un relais, et sender.require = \"none\" ne demande pas de preuve\u{a0}: sa parole n’est pas regardée"),
                Bilingual::new("Set sender.require = \"aligned\", or empty sender.authserv_ids.", "Mettez sender.require = \"aligned\", ou videz sender.authserv_ids."),
            );
        }
        if sender.require == Require::Nothing && sender.dkim_keys.is_some() {
            self.add(
                "sender.dkim_keys",
                Bilingual::new("sender.dkim_keys has keys, and sender.require = \"none\" asks for no proof: they are not looked at", "sender.dkim_keys a des clés, et sender.require = \"none\" ne demande pas de preuve\u{a0}: elles ne servent pas"),
                Bilingual::new("Set sender.require = \"aligned\", or empty sender.dkim_keys.", "Mettez sender.require = \"aligned\", ou videz sender.dkim_keys."),
            );
        }
    }

    /// What forms need that are put by while GLPI cannot answer.
    fn deposits(&mut self) {
        let config = self.config;
        if config.portal.when_down != WhenGlpiIsDown::Queue {
            return;
        }
        if config.lmtp.listen.is_empty() && config.imap.url.is_empty() && config.http.mail_tokens.is_empty() {
            self.add(
                "portal.when_down",
                Bilingual::new("portal.when_down is \"queue\", and no mail comes in here: lmtp.listen, imap.url and http.mail_tokens are empty, and what the relay keeps may never come back", "portal.when_down est \"queue\", et aucun courriel n’arrive ici\u{a0}: lmtp.listen, imap.url et http.mail_tokens sont vides, et ce que garde le relais peut ne jamais revenir"),
                Bilingual::new("Set PASSERELLE_LMTP__LISTEN and have the relay deliver the assistance address there; no need where it pipes it to `passerelle ingest`.", "Réglez PASSERELLE_LMTP__LISTEN et faites-y livrer l’adresse d’assistance par le relais\u{a0}; inutile s’il la remet à «\u{a0}passerelle ingest\u{a0}»."),
            );
        }
        if config.redis.key_secret.is_none() {
            self.add(
                "redis.key_secret",
                Bilingual::new("portal.when_down is \"queue\" and redis.key_secret is empty: forms are sealed with GLPI's credentials, and whoever changes these while some are on their way has them refused as forged", "portal.when_down est \"queue\" et redis.key_secret est vide\u{a0}: les formulaires sont scellés avec les identifiants de GLPI, et les changer pendant qu’il y en a en attente les fait refuser comme faux"),
                Bilingual::new("Give redis.key_secret (`openssl rand -hex 32`), the same in every instance.", "Donnez redis.key_secret (`openssl rand -hex 32`), le même dans chaque instance."),
            );
        }
        if config.quarantine.operators.trim().is_empty() {
            self.add(
                "quarantine.operators",
                Bilingual::new("portal.when_down is \"queue\" and quarantine.operators is empty: nobody hears of a form that the relay gives up after its days", "portal.when_down est \"queue\" et quarantine.operators est vide\u{a0}: personne n’est prévenu d’un formulaire auquel le relais renonce au bout de ses jours"),
                Bilingual::new("Give the address of whoever looks after the gateway: the relay returns such a form there, whole.", "Donnez l’adresse de qui exploite la passerelle\u{a0}: le relais y renvoie un tel formulaire, en entier."),
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
                    Bilingual::new(
                        "it is 0: no file of any request goes into its ticket",
                        "la valeur est 0\u{a0}: aucun fichier d’une demande n’entre dans son ticket",
                    ),
                    Bilingual::new("Give it more, unless that is meant.", "Donnez plus, sauf si c’est voulu."),
                );
            }
        }
        if files.max_file_size > files.max_total_size {
            self.add(
                "attachments.max_file_size",
                Bilingual::new(
                    "attachments.max_file_size is above attachments.max_total_size, which is the limit then",
                    "attachments.max_file_size dépasse attachments.max_total_size, qui est alors la limite",
                ),
                Bilingual::new(
                    "Give attachments.max_total_size at least as much.",
                    "Donnez au moins autant à attachments.max_total_size.",
                ),
            );
        }
        if http.is_served() && (http.max_size as u64) < files.max_total_size {
            self.add(
                "http.max_size",
                Bilingual::new("http.max_size is below attachments.max_total_size: a form with so many files is refused whole", "http.max_size est sous attachments.max_total_size\u{a0}: un formulaire avec autant de fichiers est refusé en entier"),
                Bilingual::new("Give http.max_size more than attachments.max_total_size: a form has texts, too.", "Donnez à http.max_size plus qu’à attachments.max_total_size\u{a0}: un formulaire a aussi des textes."),
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
