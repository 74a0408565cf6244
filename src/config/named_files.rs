//! The files and folders that the configuration names, itself included.

use std::path::PathBuf;

use super::Config;

/// A file or a folder that must be readable for the configuration to be of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// The key that it is named for; `None` for the configuration file itself.
    pub key: Option<String>,
    /// Where it is.
    pub path: PathBuf,
}

impl Config {
    /// Everything that is read from the disk: the configuration file, the files of values, what keys have a path of.
    pub fn named_files(&self) -> Vec<NamedFile> {
        let itself = self.settings.file().map(|path| NamedFile { key: None, path: path.to_owned() });
        let of_values = self.settings.files().iter().cloned();
        let of_keys = self.paths().into_iter().filter_map(|(key, path)| Some((key.to_owned(), path.clone()?)));
        let of_keys = of_values.chain(of_keys).map(|(key, path)| NamedFile { key: Some(key), path });
        itself.into_iter().chain(of_keys).collect()
    }

    /// The settings that are paths.
    fn paths(&self) -> [(&'static str, &Option<PathBuf>); 6] {
        [
            ("mappings.dir", &self.mappings.dir),
            ("directory.csv", &self.directory.csv),
            ("imap.ca", &self.imap.ca),
            ("calendar.closed", &self.calendar.closed),
            ("sender.dkim_keys", &self.sender.dkim_keys),
            ("portal.dsfr", &self.portal.dsfr),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::config::{Config, load_from};

    fn config(text: &str, variables: &[(&str, &str)]) -> (PathBuf, Config) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        (file.path().to_owned(), load_from(Some(file.path()), variables).unwrap())
    }

    #[test]
    fn every_setting_that_is_a_path_is_named() {
        let sections = include_str!("sections.rs");
        let is_path = |line: &&str| line.contains("pub ") && line.contains("Option<PathBuf>,");
        let mut fields: Vec<_> = sections
            .lines()
            .filter(is_path)
            .filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next())
            .collect();
        let (_, config) = config("", &[]);
        let mut named: Vec<_> = config.paths().iter().filter_map(|(key, _)| key.rsplit('.').next()).collect();
        fields.sort_unstable();
        named.sort_unstable();
        assert_eq!(fields, named);
    }

    #[test]
    fn what_is_read_from_the_disk_is_named_with_its_key() {
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), "secret-of-sixteen-characters\n").unwrap();
        let path = secret.path().to_str().unwrap();
        let (file, config) = config(
            &format!("[glpi]\nuser_token_file = \"{path}\"\n[directory]\ncsv = \"/nowhere/directors.csv\"\n"),
            &[("PASSERELLE_IMAP__PASSWORD_FILE", path), ("PASSERELLE_PORTAL__ACADEMY_FILE", path)],
        );
        let found = config.named_files();
        let found: Vec<_> = found.iter().map(|it| (it.key.as_deref().unwrap_or_default(), it.path.as_path())).collect();
        let secret = secret.path();
        let expected = [
            ("", file.as_path()),
            ("glpi.user_token", secret),
            ("imap.password", secret),
            ("portal.academy", secret),
            ("directory.csv", "/nowhere/directors.csv".as_ref()),
        ];
        assert_eq!(found, expected);
    }
}
