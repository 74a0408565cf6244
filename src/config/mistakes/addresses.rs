//! Addresses, domains and links that cannot mean what they say.

use super::found::Mistakes;
use crate::{config::Config, request::Address};

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
                mistakes.add(&[key], format!("{key}: \"{domain}\" {why}"), remedy);
            }
        }
    }
    if screen.domains.is_empty() && screen.subdomains.is_empty() && enabled("foreign-sender") {
        mistakes.add(
            &["screen.domains", "screen.subdomains"],
            "screen.domains and screen.subdomains are empty: every request would be refused, without a notice",
            "Name the academy's mail domain in screen.domains, such as [\"ac-lyon.fr\"].",
        );
    }
    for recipient in &screen.recipients {
        if Address::parse(recipient.trim()).is_none() {
            mistakes.add(
                &["screen.recipients"],
                format!("screen.recipients: \"{recipient}\" is no mail address"),
                "Give each address alone, such as \"assistance1d@ac-lyon.fr\".",
            );
        }
    }
    if screen.recipients.is_empty() && enabled("wrong-recipient") {
        mistakes.add(
            &["screen.recipients"],
            "screen.recipients is empty: every mail would be sent back to who wrote it",
            "Name the addresses that schools write to, such as [\"assistance1d@ac-lyon.fr\"].",
        );
    }
    let portal = &config.notify.portal_link;
    let is_page = ["https://", "http://"].iter().any(|scheme| portal.starts_with(scheme)) && portal.contains("{id}");
    if !portal.is_empty() && !is_page {
        mistakes.add(
            &["notify.portal_link"],
            format!("notify.portal_link \"{portal}\" is no address of a request's page"),
            "Give it as https://portail.example.fr/portail/demandes/{id}, with {id} for the request's number.",
        );
    }
    let mailbox = &config.directory.school_mailbox;
    if !(mailbox.is_empty() || mailbox.contains("{uai}") && mailbox.contains('@')) {
        mistakes.add(
            &["directory.school_mailbox"],
            format!(
                "directory.school_mailbox is \"{mailbox}\": without the school's code in it, every director would see what \
                 others ask"
            ),
            "Give it as ce.{uai}@ac-dijon.fr, with {uai} for the school's code, or leave it empty.",
        );
    }
}

/// Why this is no domain as the part of an address behind the @, and what would be right.
fn domain_mistake(key: &str, domain: &str) -> Option<(&'static str, String)> {
    let bare = domain.trim_start_matches(['@', '*', '.']).trim_end_matches('.');
    let example = if bare.contains('.') { bare } else { "ac-lyon.fr" };
    let plain = format!("Write \"{example}\".");
    if domain.is_empty() {
        return Some(("is no domain", plain));
    }
    if domain.starts_with("*.") || domain.starts_with('.') {
        let remedy = match key {
            "screen.domains" => {
                format!("Write \"{example}\" in screen.subdomains: that is it and everything below it.")
            }
            _ => plain,
        };
        return Some(("is a pattern, which no address matches", remedy));
    }
    if domain.contains('@') {
        return Some(("has an @: every sender would be a stranger", plain));
    }
    if domain.ends_with('.') {
        return Some(("ends with a point, as no address does", plain));
    }
    let is_label = |label: &str| {
        let is_plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && label.chars().all(is_plain) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_domain = domain.contains('.') && domain.split('.').all(is_label);
    (!is_domain).then_some(("is no domain", plain))
}
