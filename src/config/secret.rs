//! Which settings are secrets, and how a value is read from a file.

use std::path::Path;

use super::foreign::of_error;
use crate::text::Bilingual;

/// The settings that are never shown; each may be given as `…_file` in the configuration file.
pub(super) const SECRETS: &[&str] = &[
    "glpi.app_token",
    "glpi.user_token",
    "glpi.password",
    "redis.url",
    "redis.sentinels",
    "redis.cluster",
    "redis.key_secret",
    "imap.url",
    "imap.password",
    "imap.oauth.client_secret",
    "imap.oauth.refresh_token",
    "http.mail_tokens",
    "http.form_tokens",
    "http.ticket_tokens",
    "http.portal_secrets",
    "http.webhook_secrets",
    "http.proxy_secret",
    "people.tokens",
    "smtp.url",
    "hooks.secrets",
    "directory.ldap.password",
];

/// What a key's name ends with where its value is in a file.
pub(super) const FILE_ENDING: &str = "_file";

/// Whether the value of this key is never shown.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

/// A secret as a file has it: without the byte order mark and the white space around it that editors leave there.
pub fn secret_text(file: &str) -> &str {
    file.trim_start_matches('\u{feff}').trim()
}

/// What stands in a file.
///
/// # Errors
///
/// Says why there is nothing to be had.
pub(super) fn read(path: &Path) -> Result<String, Bilingual> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Bilingual::new(format!("cannot read {shown}: "), format!("impossible de lire {shown} : "))
            .then("", &of_error(&error))
    })?;
    let text = secret_text(&text);
    if text.is_empty() { Err(empty(path)) } else { Ok(text.to_owned()) }
}

/// What is said of a file without a value.
pub(super) fn empty(path: &Path) -> Bilingual {
    let shown = path.display();
    Bilingual::new(format!("{shown} is empty"), format!("{shown} est vide"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{SECRETS, read};
    use crate::text::Language;

    fn why(path: &Path) -> String {
        read(path).unwrap_err().text(Language::English).to_owned()
    }

    #[test]
    fn every_field_that_holds_a_secret_is_named() {
        let sections = include_str!("sections.rs");
        let is_field = |line: &&str| line.trim_start().starts_with("pub ") && line.contains("SecretString>,");
        let fields: Vec<_> = sections
            .lines()
            .filter(is_field)
            .filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next())
            .collect();
        let named: Vec<_> = SECRETS.iter().filter_map(|key| key.rsplit('.').next()).collect();
        let sorted = |mut names: Vec<&'static str>| {
            names.sort_unstable();
            names
        };
        assert_eq!(sorted(fields), sorted(named));
    }

    #[test]
    fn what_editors_leave_around_a_secret_is_taken_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for text in ["secret", "secret\n", "\u{feff}secret\r\n", " \t secret \n\n", "\u{feff}\nsecret"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap(), "secret", "{text:?}");
        }
        for empty in ["", " \r\n", "\u{feff}\n"] {
            std::fs::write(&path, empty).unwrap();
            assert!(why(&path).ends_with("is empty"), "{empty:?}");
        }
        std::fs::write(&path, b"\xff\xfes\0e\0").unwrap();
        assert!(why(&path).contains("UTF-8"));
        assert!(why(folder.path()).contains("cannot read"));
    }
}
