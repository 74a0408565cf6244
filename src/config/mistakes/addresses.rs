//! Addresses, domains and links that cannot mean what they say.

use super::found::Mistakes;
use crate::{config::Config, request::Address, text::Bilingual};

/// Each entry that is none, and lists without which nothing would be let in.
pub(super) fn find(config: &Config, mistakes: &mut Mistakes) {
    let screen = &config.screen;
    let enabled = |rule: &str| !screen.disabled.iter().any(|disabled| disabled == rule);
    for (key, domains) in [
        ("screen.domains", &screen.domains),
        ("screen.subdomains", &screen.subdomains),
        ("screen.own_domains", &screen.own_domains),
    ] {
        for domain in domains {
            if let Some((why, remedy)) = domain_mistake(key, domain.trim()) {
                let named = Bilingual::new(format!("{key}: \"{domain}\" "), format!("{key} : \"{domain}\" "));
                mistakes.add(&[key], named.then("", &why), remedy);
            }
        }
    }
    if screen.domains.is_empty() && screen.subdomains.is_empty() && enabled("foreign-sender") {
        mistakes.add(
            &["screen.domains", "screen.subdomains"],
            Bilingual::new(
                "screen.domains and screen.subdomains are empty: every request would be refused, without a notice",
                "screen.domains et screen.subdomains sont vides\u{a0}: chaque demande serait refusée, sans avis",
            ),
            Bilingual::new(
                "Name the academy's mail domain in screen.domains, such as [\"ac-lyon.fr\"].",
                "Nommez dans screen.domains le domaine de courriel de l’académie, par exemple [\"ac-lyon.fr\"].",
            ),
        );
    }
    for recipient in &screen.recipients {
        if Address::parse(recipient.trim()).is_none() {
            mistakes.add(
                &["screen.recipients"],
                Bilingual::new(
                    format!("screen.recipients: \"{recipient}\" is no mail address"),
                    format!("screen.recipients\u{a0}: \"{recipient}\" n’est pas une adresse de courriel"),
                ),
                Bilingual::new(
                    "Give each address alone, such as \"assistance1d@ac-lyon.fr\".",
                    "Donnez chaque adresse seule, par exemple \"assistance1d@ac-lyon.fr\".",
                ),
            );
        }
    }
    if screen.recipients.is_empty() && enabled("wrong-recipient") {
        mistakes.add(
            &["screen.recipients"],
            Bilingual::new(
                "screen.recipients is empty: every mail would be sent back to who wrote it",
                "screen.recipients est vide\u{a0}: chaque courriel serait renvoyé à qui l’a écrit",
            ),
            Bilingual::new(
                "Name the addresses that schools write to, such as [\"assistance1d@ac-lyon.fr\"].",
                "Nommez les adresses auxquelles les écoles écrivent, par exemple [\"assistance1d@ac-lyon.fr\"].",
            ),
        );
    }
    let portal = &config.notify.portal_link;
    let is_page = ["https://", "http://"].iter().any(|scheme| portal.starts_with(scheme)) && portal.contains("{id}");
    if !portal.is_empty() && !is_page {
        mistakes.add(
            &["notify.portal_link"],
            Bilingual::new(
                format!("notify.portal_link \"{portal}\" is no address of a request's page"),
                format!("notify.portal_link \"{portal}\" n’est pas l’adresse de la page d’une demande"),
            ),
            Bilingual::new(
                "Give it as https://portail.example.fr/portail/demandes/{id}, with {id} for the request's number.",
                "Donnez-la ainsi\u{a0}: https://portail.example.fr/portail/demandes/{id}, {id} tenant lieu du numéro.",
            ),
        );
    }
    let mailbox = &config.directory.school_mailbox;
    if !(mailbox.is_empty() || mailbox.contains("{uai}") && mailbox.contains('@')) {
        mistakes.add(
            &["directory.school_mailbox"],
            Bilingual::new(
                format!(
                    "directory.school_mailbox is \"{mailbox}\": without the school's code in it, every director would see \
                     what others ask"
                ),
                format!(
                    "directory.school_mailbox vaut \"{mailbox}\"\u{a0}: sans le code de l’école, chacun verrait ce que les \
                     autres demandent"
                ),
            ),
            Bilingual::new(
                "Give it as ce.{uai}@ac-dijon.fr, with {uai} for the school's code, or leave it empty.",
                "Donnez-la ainsi\u{a0}: ce.{uai}@ac-dijon.fr, {uai} tenant lieu du code de l’école, ou laissez-la vide.",
            ),
        );
    }
}

/// Why this is no domain as the part of an address behind the @, and what would be right.
fn domain_mistake(key: &str, domain: &str) -> Option<(Bilingual, Bilingual)> {
    let bare = domain.trim_start_matches(['@', '*', '.']).trim_end_matches('.');
    let example = if bare.contains('.') { bare } else { "ac-lyon.fr" };
    let plain = Bilingual::new(format!("Write \"{example}\"."), format!("Écrivez \"{example}\"."));
    let none = || Bilingual::new("is no domain", "n’est pas un domaine");
    if domain.is_empty() {
        return Some((none(), plain));
    }
    if domain.starts_with("*.") || domain.starts_with('.') {
        let remedy = match key {
            "screen.domains" => Bilingual::new(
                format!("Write \"{example}\" in screen.subdomains: that is it and everything below it."),
                format!("Écrivez \"{example}\" dans screen.subdomains\u{a0}: c’est lui et tout ce qui est en dessous."),
            ),
            _ => plain,
        };
        let why = Bilingual::new(
            "is a pattern, which no address matches",
            "est un motif, auquel aucune adresse ne correspond",
        );
        return Some((why, remedy));
    }
    if domain.contains('@') {
        let why = Bilingual::new(
            "has an @: every sender would be a stranger",
            "contient un @\u{a0}: chaque expéditeur serait un inconnu",
        );
        return Some((why, plain));
    }
    if domain.ends_with('.') {
        let why = Bilingual::new(
            "ends with a point, as no address does",
            "finit par un point, ce que ne fait aucune adresse",
        );
        return Some((why, plain));
    }
    let is_label = |label: &str| {
        let is_plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && label.chars().all(is_plain) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_domain = domain.contains('.') && domain.split('.').all(is_label);
    (!is_domain).then(|| (none(), plain))
}
