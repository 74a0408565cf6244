//! What setup is to make.

use std::{net::IpAddr, path::PathBuf};

use url::Url;

use crate::text::Language;

/// Who tells of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ToldBy {
    /// The gateway.
    Passerelle,
    /// GLPI, by its own notification.
    Glpi,
}

/// Everything that is to be.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Wanted {
    pub(super) url: Url,
    pub(super) domains: Vec<String>,
    pub(super) recipients: Vec<String>,
    pub(super) academy: String,
    pub(super) imap: Option<String>,
    pub(super) lmtp: Option<String>,
    pub(super) http: Option<String>,
    pub(super) smtp: Option<String>,
    pub(super) from: String,
    pub(super) directors: Option<PathBuf>,
    pub(super) directors_group: String,
    /// The whole address of the webhooks.
    pub(super) webhook: Option<Url>,
    pub(super) receipts: Option<ToldBy>,
    pub(super) announcements: bool,
    pub(super) operators: Vec<String>,
    pub(super) drafts: bool,
    pub(super) mappings: Option<PathBuf>,
    /// Whether an option names them.
    pub(super) names_mappings: bool,
    pub(super) into: PathBuf,
    pub(super) gateway: Vec<IpAddr>,
    pub(super) client: String,
    pub(super) profile: String,
    pub(super) account: String,
    pub(super) language: String,
    /// The language of the comments in the configuration.
    pub(super) comments: Language,
    pub(super) time_zone: String,
    pub(super) new_token: bool,
}

impl Wanted {
    pub(super) fn configuration_file(&self) -> PathBuf {
        self.into.join("passerelle.toml")
    }

    pub(super) fn secrets_folder(&self) -> PathBuf {
        self.into.join("secrets")
    }

    pub(super) fn token_file(&self) -> PathBuf {
        self.secrets_folder().join("glpi-token")
    }

    pub(super) fn webhook_file(&self) -> PathBuf {
        self.secrets_folder().join("webhook-secret")
    }

    pub(super) fn imap_file(&self) -> PathBuf {
        self.secrets_folder().join("imap-password")
    }
}
