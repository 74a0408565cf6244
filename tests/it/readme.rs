//! What the documentation says of the settings is so.

use std::collections::BTreeSet;

use crate::support::documentation::{LANGUAGES, page, pages, whole};

const DEFAULTS: &str = include_str!("../../config/default.toml");

/// The numbers behind each mention of `name`.
fn numbers(text: &str, name: &str) -> Vec<u64> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    text.split(name).skip(1).filter_map(|rest| digits(rest).parse().ok()).collect()
}

/// The default of a setting.
fn default(key: &str) -> toml::Value {
    let table: toml::Table = DEFAULTS.parse().unwrap();
    key.split('.').fold(toml::Value::Table(table), |value, part| value[part].clone())
}

#[test]
fn whatever_stops_the_gateway_waits_for_its_grace() {
    let grace: u64 = default("shutdown.grace").as_str().unwrap().trim_end_matches('s').parse().unwrap();
    for language in LANGUAGES {
        let text = whole(language);
        let mut waits = numbers(&text, "TimeoutStopSec=");
        waits.extend(numbers(&text, "--stop-timeout "));
        assert!(waits.len() >= 2, "{language:?} tells systemd and Docker: {waits:?}");
        waits.extend(numbers(include_str!("../../packaging/passerelle.service"), "TimeoutStopSec="));
        assert!(
            waits.iter().all(|wait| *wait > grace && *wait == waits[0]),
            "{language:?}: {waits:?}, a grace of {grace}"
        );
    }
}

#[test]
fn every_setting_that_is_named_is_there() {
    let table: toml::Table = DEFAULTS.parse().unwrap();
    let is_there = |key: &str| {
        let mut value = Some(toml::Value::Table(table.clone()));
        for part in key.split('.') {
            value = value.and_then(|value| value.get(part).cloned());
        }
        value.is_some()
    };
    let named = |text: &str| {
        let mut named = BTreeSet::new();
        for quoted in text.split('`').skip(1).step_by(2) {
            let key = quoted.split(" = ").next().unwrap_or_default();
            let is_key = key.contains('.') && key.chars().all(|c| c.is_ascii_lowercase() || "._".contains(c));
            let is_section =
                key.split('.').next().is_some_and(|section| table.get(section).is_some_and(toml::Value::is_table));
            let is_file = [".toml", ".cf", ".html", ".conf", ".rs", ".md"].iter().any(|ending| key.ends_with(ending));
            if is_key && is_section && !is_file && !key.ends_with('.') {
                named.insert(key.to_owned());
            }
        }
        named
    };
    for language in LANGUAGES {
        let mut all = BTreeSet::new();
        for page in pages(language) {
            let named = named(&page.text);
            let unknown: Vec<_> = named.iter().filter(|key| !is_there(key)).collect();
            assert!(unknown.is_empty(), "{} names settings that are not there: {unknown:?}", page.path);
            all.extend(named);
        }
        assert!(all.len() > 40, "{language:?}: {all:?}");
        // What portals' developers read names its settings itself.
        let portal = named(&page(language, "docs/en/portal-api.md").text);
        assert!(portal.len() > 8, "{language:?}: {portal:?}");
    }
}

/// Who starts the image finds in the README how to give it a configuration: where it looks for one.
#[test]
fn the_image_is_given_a_configuration() {
    let dockerfile = include_str!("../../Dockerfile");
    let read = dockerfile.split("PASSERELLE_CONFIG=").nth(1).unwrap().split_whitespace().next().unwrap();
    for language in LANGUAGES {
        for english in ["README.md", "docs/en/install.md"] {
            let page = page(language, english);
            assert!(page.text.contains("docker run"), "{} starts no image", page.path);
            assert!(page.text.contains(&format!("--volume {read}:{read}:ro ")), "{} mounts no {read}", page.path);
        }
    }
}

/// What is lost or comes twice is said, as `make chaos` takes it into account (`tests/it/chaos/notices.rs`, `receipts.rs`).
#[test]
fn what_becomes_of_letters_whose_relay_is_away_is_said() {
    for (language, words) in LANGUAGES
        .into_iter()
        .zip([["notice of a refusal", "is lost", "once more"], ["avis de refus", "est perdu", "une fois de plus"]])
    {
        let page = page(language, "docs/en/operations.md");
        let row = page.text.lines().find(|line| line.starts_with('|') && line.contains("`smtp.retries`")).unwrap();
        for word in words {
            assert!(row.contains(word), "{}: «{word}» in {row}", page.path);
        }
    }
}

#[test]
fn the_proxies_take_as_much_as_the_gateway() {
    let most = default("http.max_size").as_integer().unwrap();
    let [nginx, apache, caddy] = [
        include_str!("../../config/proxy/nginx.conf"),
        include_str!("../../config/proxy/apache.conf"),
        include_str!("../../config/proxy/Caddyfile"),
    ];
    let bytes = [
        numbers(nginx, "client_max_body_size ")[0] << 20,
        numbers(apache, "LimitRequestBody ")[0],
        numbers(caddy, "max_size ")[0],
    ];
    assert!(bytes.iter().all(|bytes| i64::try_from(*bytes).unwrap() == most), "{bytes:?}, {most}");
}

#[test]
fn the_shortest_token_is_named() {
    for language in LANGUAGES {
        let text = whole(language);
        let tokens = text.lines().find(|line| {
            line.contains("`http.mail_tokens`") && (line.contains("16 characters") || line.contains("16 caractères"))
        });
        assert!(tokens.is_some(), "{language:?} does not say that a token has 16 characters at least");
    }
}
