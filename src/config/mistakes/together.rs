//! What several settings say of each other.

use secrecy::{ExposeSecret as _, SecretString};

use super::found::Mistakes;
use crate::config::{
    Acknowledge, Backend, Config, DNS_OFF, HOOK_STEPS, Replies, Require, SCREENING_RULES, WhenGlpiIsDown,
};
use crate::{request::Reason, text::Bilingual};

/// Shorter secrets can be tried through; characters.
const SHORTEST_SECRET: usize = 16;

/// Settings that contradict each other, or that say nothing the gateway knows.
pub(super) fn find(config: &Config, mistakes: &mut Mistakes) {
    sizes(config, mistakes);
    replies(config, mistakes);
    redis(config, mistakes);
    letters(config, mistakes);
    deposits(config, mistakes);
    secrets(config, mistakes);
    proxies(config, mistakes);
    hooks(config, mistakes);
    sender(config, mistakes);
    words(config, mistakes);
}

fn sizes(config: &Config, mistakes: &mut Mistakes) {
    if !config.lmtp.listen.is_empty() && config.lmtp.max_size < config.screen.max_size {
        mistakes.add(
            &["lmtp.max_size", "screen.max_size"],
            Bilingual::new(
                "lmtp.max_size is below screen.max_size: a mail between the two would be cut, not refused",
                "lmtp.max_size est inférieur à screen.max_size\u{a0}: un courriel entre les deux serait coupé, et non refusé",
            ),
            Bilingual::new(
                "Give lmtp.max_size at least the value of screen.max_size.",
                "Donnez à lmtp.max_size au moins la valeur de screen.max_size.",
            ),
        );
    }
}

/// Whether there is anything that keeps forms while GLPI cannot answer.
fn deposits(config: &Config, mistakes: &mut Mistakes) {
    if config.portal.when_down == WhenGlpiIsDown::Queue && config.smtp.url.is_none() && config.imap.url.is_empty() {
        mistakes.add(
            &["portal.when_down", "smtp.url", "imap.url"],
            Bilingual::new(
                "portal.when_down is \"queue\", and neither a relay nor a mailbox is there to keep forms: smtp.url and \
                 imap.url are empty",
                "portal.when_down vaut \"queue\", et ni relais ni boîte n’est là pour garder les formulaires\u{a0}: smtp.url \
                 et imap.url sont vides",
            ),
            Bilingual::new(
                "Give PASSERELLE_SMTP__URL, the academy's relay, or set portal.when_down = \"retry\".",
                "Donnez PASSERELLE_SMTP__URL, le relais de l’académie, ou réglez portal.when_down = \"retry\".",
            ),
        );
    }
}

fn replies(config: &Config, mistakes: &mut Mistakes) {
    let proves = config.sender.require == Require::Aligned
        && !config.screen.disabled.iter().any(|rule| rule == "unproven-sender");
    if proves {
        return;
    }
    for (key, replies, (whose, french)) in [
        ("mail.replies", config.mail.replies, ("its requester", "de son demandeur")),
        ("mail.replies_of_staff", config.mail.replies_of_staff, ("its référents", "de ses référents")),
    ] {
        if replies == Replies::Followup {
            mistakes.add(
                &[key, "sender.require", "screen.disabled"],
                Bilingual::new(
                    format!(
                    "{key} is \"followup\" and nothing proves who wrote: anybody could write into a ticket in the name \
                     of {whose}"
                ),
                    format!(
                    "{key} vaut \"followup\" et rien ne prouve qui a écrit\u{a0}: n’importe qui pourrait écrire dans un ticket \
                     au nom {french}"
                ),
                ),
                Bilingual::new(
                    format!(
                    "Set sender.require = \"aligned\" and leave \"unproven-sender\" out of screen.disabled, or set \
                     {key} = \"redirect\"."
                ),
                    format!(
                    "Réglez sender.require = \"aligned\" et laissez \"unproven-sender\" hors de screen.disabled, ou réglez \
                     {key} = \"redirect\"."
                ),
                ),
            );
        }
    }
    if !config.mail.forwarders.is_empty() {
        mistakes.add(
            &["mail.forwarders", "sender.require", "screen.disabled"],
            Bilingual::new(
                "mail.forwarders is given and nothing proves who wrote: anybody could ask in a director's name",
                "mail.forwarders est donné et rien ne prouve qui a écrit\u{a0}: n’importe qui pourrait demander au nom d’une direction",
            ),
            Bilingual::new(
                "Set sender.require = \"aligned\" and leave \"unproven-sender\" out of screen.disabled, or leave \
             mail.forwarders empty.",
                "Réglez sender.require = \"aligned\" et laissez \"unproven-sender\" hors de screen.disabled, ou laissez \
             mail.forwarders vide.",
            ),
        );
    }
}

fn redis(config: &Config, mistakes: &mut Mistakes) {
    let redis = &config.redis;
    if config.quota.backend == Backend::Redis && redis.url.is_none() && redis.cluster.is_empty() {
        mistakes.add(
            &["quota.backend", "redis.url"],
            Bilingual::new(
                "quota.backend is \"redis\" and redis.url is empty",
                "quota.backend vaut \"redis\" et redis.url est vide",
            ),
            Bilingual::new(
                "Give PASSERELLE_REDIS__URL, e.g. redis://127.0.0.1:6379/0, or set quota.backend = \"memory\".",
                "Donnez PASSERELLE_REDIS__URL, par exemple redis://127.0.0.1:6379/0, ou réglez quota.backend = \"memory\".",
            ),
        );
    }
    if !redis.cluster.is_empty() && (redis.url.is_some() || !redis.sentinels.is_empty()) {
        mistakes.add(
            &["redis.cluster", "redis.url", "redis.sentinels"],
            Bilingual::new(
                "redis.cluster is set, and redis.url or redis.sentinels is, too",
                "redis.cluster est donné, et redis.url ou redis.sentinels aussi",
            ),
            Bilingual::new(
                "Give redis.cluster alone for a cluster, redis.url otherwise.",
                "Donnez redis.cluster seul pour une grappe, sinon redis.url.",
            ),
        );
    }
}

fn letters(config: &Config, mistakes: &mut Mistakes) {
    let writes = config.acknowledge != Acknowledge::Off
        || config.receipts() == Acknowledge::Passerelle
        || config.notify.writes();
    if writes {
        mistakes.take(config.smtp.sender());
    }
    if config.portal.name.trim().is_empty() {
        mistakes.add(
            &["portal.name"],
            Bilingual::new(
                "portal.name is empty, and every page of the portal begins with it",
                "portal.name est vide, et chaque page du portail commence par lui",
            ),
            Bilingual::new(
                "Give the service's name, such as \"Assistance du premier degré\".",
                "Donnez le nom du service, par exemple \"Assistance du premier degré\".",
            ),
        );
    }
}

fn secrets(config: &Config, mistakes: &mut Mistakes) {
    let http = &config.http;
    let proxy: Vec<SecretString> = http.proxy_secret.iter().cloned().collect();
    for (key, secrets) in [
        ("http.mail_tokens", &http.mail_tokens),
        ("http.form_tokens", &http.form_tokens),
        ("http.ticket_tokens", &http.ticket_tokens),
        ("http.portal_secrets", &http.portal_secrets),
        ("http.webhook_secrets", &http.webhook_secrets),
        ("http.proxy_secret", &proxy),
    ] {
        let short = secrets.iter().position(|secret| secret.expose_secret().chars().count() < SHORTEST_SECRET);
        if let Some(place) = short {
            let which = match secrets.len() {
                1 => Bilingual::same(key),
                _ => Bilingual::new(format!("number {} of {key}", place + 1), format!("le n° {} de {key}", place + 1)),
            };
            let short = Bilingual::new(
                format!(" has fewer than {SHORTEST_SECRET} characters"),
                format!(" a moins de {SHORTEST_SECRET} caractères"),
            );
            let remedy =
                Bilingual::new("Make one with `openssl rand -hex 32`.", "Faites-en un avec `openssl rand -hex 32`.");
            mistakes.add(&[key], which.then("", &short), remedy);
        }
    }
}

/// A proxy is believed only with a proof of its own: an address is none, as a rule of the proxy that forgets to replace
/// the header comes from the same one.
fn proxies(config: &Config, mistakes: &mut Mistakes) {
    let http = &config.http;
    if http.believes_a_proxy() && !is_field_name(&http.identity_header) {
        mistakes.add(
            &["http.identity_header"],
            Bilingual::new(
                format!("http.identity_header is no name of an HTTP header: \"{}\"", http.identity_header),
                format!("http.identity_header n’est pas le nom d’un en-tête HTTP\u{a0}: \"{}\"", http.identity_header),
            ),
            Bilingual::new(
                "Give the name alone, such as \"X-Remote-Mail\", or empty http.trusted_proxies and http.identity_listen.",
                "Donnez le nom seul, par exemple \"X-Remote-Mail\", ou videz http.trusted_proxies et http.identity_listen.",
            ),
        );
    }
    if !http.trusted_proxies.is_empty() && http.proxy_secret.is_none() && http.identity_listen.is_none() {
        mistakes.add(
            &["http.trusted_proxies", "http.proxy_secret", "http.identity_listen"],
            Bilingual::new(
                "http.trusted_proxies names where the proxy calls from, but nothing proves that it is the proxy who says who is signed in",
                "http.trusted_proxies dit d’où appelle le mandataire, mais rien ne prouve que c’est lui qui dit qui est connecté",
            ),
            Bilingual::new(
                "Give http.proxy_secret (`openssl rand -hex 32`), which the proxy sends in X-Passerelle-Proxy-Secret where \
             it signs people in and nowhere else; or http.identity_listen, a listener that only the proxy reaches, such \
             as \"unix:/run/passerelle/identity.sock\".",
                "Donnez http.proxy_secret (`openssl rand -hex 32`), que le mandataire envoie dans X-Passerelle-Proxy-Secret là \
             où il connecte les personnes et nulle part ailleurs\u{a0}; ou http.identity_listen, une écoute que seul le \
             mandataire atteint, par exemple \"unix:/run/passerelle/identity.sock\".",
            ),
        );
    }
}

/// A name as RFC 9110 section 5.1 has it.
fn is_field_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

/// Whether the portal can be told of what it is to be told.
fn hooks(config: &Config, mistakes: &mut Mistakes) {
    let hooks = &config.hooks;
    if mistakes.take(hooks.address()).flatten().is_some() {
        mistakes.take(hooks.keys());
    }
    for step in hooks.steps.iter().filter(|step| !HOOK_STEPS.contains(&step.as_str())) {
        mistakes.add(
            &["hooks.steps"],
            Bilingual::new(
                format!("hooks.steps: \"{step}\" is no step"),
                format!("hooks.steps\u{a0}: \"{step}\" n’est pas une étape"),
            ),
            Bilingual::new(
                format!("Steps: {}.", HOOK_STEPS.join(", ")),
                format!("Étapes\u{a0}: {}.", HOOK_STEPS.join(", ")),
            ),
        );
    }
}

/// Whether anything can prove a sender, where that is required.
fn sender(config: &Config, mistakes: &mut Mistakes) {
    let sender = &config.sender;
    let off = sender.dns.iter().any(|address| address == DNS_OFF);
    if off && sender.dns.len() > 1 {
        mistakes.add(
            &["sender.dns"],
            Bilingual::new(
                "sender.dns holds \"off\" beside other resolvers",
                "sender.dns contient \"off\" à côté d’autres résolveurs",
            ),
            Bilingual::new(
                "Give [\"off\"] alone, or resolvers alone.",
                "Donnez [\"off\"] seul, ou des résolveurs seuls.",
            ),
        );
    }
    if sender.require == Require::Nothing || !sender.authserv_ids.is_empty() {
        return;
    }
    if !sender.dkim {
        mistakes.add(
            &["sender.require", "sender.authserv_ids", "sender.dkim"],
            Bilingual::new(
                "sender.require wants a proof, but sender.authserv_ids is empty and sender.dkim is false: nothing proves a sender",
                "sender.require veut une preuve, mais sender.authserv_ids est vide et sender.dkim vaut false\u{a0}: rien ne prouve un expéditeur",
            ),
            Bilingual::new(
                "Name the relay in sender.authserv_ids, or set sender.dkim = true.",
                "Nommez le relais dans sender.authserv_ids, ou réglez sender.dkim = true.",
            ),
        );
    } else if off && sender.dkim_keys.is_none() {
        mistakes.add(
            &["sender.dns", "sender.dkim_keys"],
            Bilingual::new(
                "sender.dns is \"off\" and sender.dkim_keys is empty: no DKIM key can be had",
                "sender.dns vaut \"off\" et sender.dkim_keys est vide\u{a0}: aucune clé DKIM n’est disponible",
            ),
            Bilingual::new(
                "Give the academy's keys in a file, sender.dkim_keys, or name the relay in sender.authserv_ids.",
                "Donnez les clés de l’académie dans un fichier, sender.dkim_keys, ou nommez le relais dans sender.authserv_ids.",
            ),
        );
    }
}

/// Names that the gateway knows a list of.
fn words(config: &Config, mistakes: &mut Mistakes) {
    for rule in config.screen.disabled.iter().filter(|rule| !SCREENING_RULES.contains(&rule.as_str())) {
        mistakes.add(
            &["screen.disabled"],
            Bilingual::new(
                format!("screen.disabled: \"{rule}\" is no rule"),
                format!("screen.disabled\u{a0}: \"{rule}\" n’est pas une règle"),
            ),
            Bilingual::new(
                format!("Rules: {}.", SCREENING_RULES.join(", ")),
                format!("Règles\u{a0}: {}.", SCREENING_RULES.join(", ")),
            ),
        );
    }
    let codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    for code in config.screen.sentences.keys().filter(|code| !codes.contains(&code.as_str())) {
        mistakes.add(
            &[&format!("screen.sentences.{code}")],
            Bilingual::new(
                format!("screen.sentences: \"{code}\" is no reason code"),
                format!("screen.sentences\u{a0}: \"{code}\" n’est pas un code de motif"),
            ),
            Bilingual::new(format!("Codes: {}.", codes.join(", ")), format!("Codes : {}.", codes.join(", "))),
        );
    }
}
