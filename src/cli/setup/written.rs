//! The text of the configuration that setup writes, and what is in force by it, or by one that somebody changed.

use std::path::Path;

use toml::{Table, Value};

use super::{
    outcome::Failed,
    secrets,
    wanted::{ToldBy, Wanted},
};
use crate::config::{self, Config, ConfigError, Reading};

/// The file that the package brings, until somebody changes it.
const PACKAGED: &str = include_str!("../../../packaging/passerelle.toml");

/// What stands in the place of a secret where its file is not there yet.
const STAND_IN: &str = "0123456789012345678901234567890123456789";

/// The steps that GLPI tells of by default, and cannot where it sends no mail.
fn steps_of_glpi() -> Vec<String> {
    let defaults: Table = toml::from_str(config::DEFAULTS).unwrap_or_default();
    let steps = defaults.get("notify").and_then(Value::as_table).into_iter().flatten();
    steps.filter(|(_, teller)| teller.as_str() == Some("glpi")).map(|(step, _)| step.clone()).collect()
}

/// What of GLPI decides what is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// Whether it has webhooks, and they are asked for.
    pub(super) webhook: bool,
    /// Whether it sends mails.
    pub(super) mails: bool,
}

/// Where the secrets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// In files of their own, beside the configuration.
    InFiles,
    /// Nowhere: others stand in their place, so that all else can be judged.
    StandIns,
}

/// A value as TOML writes it.
fn quoted(text: impl AsRef<str>) -> String {
    Value::String(text.as_ref().to_owned()).to_string()
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(quoted).collect::<Vec<_>>().join(", "))
}

fn path(path: &Path) -> String {
    quoted(path.to_string_lossy())
}

/// The whole file.
pub(super) fn text(wanted: &Wanted, facts: Facts, secrets: Secrets) -> String {
    let mut text = String::from(
        "# Passerelle's configuration, written by `passerelle setup`: what differs from its defaults, which\n\
         # `passerelle config --defaults` explains. It is yours from now on; setup does not change it.\n\
         # Secrets are in files of their own, beside this one.\n\n",
    );
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    let secret = |key: &str, file: &Path, stand_in: String| match secrets {
        Secrets::InFiles => format!("{key}_file = {}", path(file)),
        Secrets::StandIns => format!("{key} = {stand_in}"),
    };
    line(format!(
        "time_zone = {}              # the academy's, also that of the service account in GLPI",
        quoted(&wanted.time_zone)
    ));
    line("\n[glpi]".to_owned());
    line(format!("url = {}", quoted(wanted.url.as_str())));
    line(format!(
        "{}  # of the account «{}»",
        secret("user_token", &wanted.token_file(), quoted(STAND_IN)),
        wanted.account
    ));
    line("\n[screen]".to_owned());
    line(format!("domains = {}     # a sender's address is of one of these", list(&wanted.domains)));
    line(format!("recipients = {}  # a mail to one of these is a request", list(&wanted.recipients)));
    if let Some(mappings) = &wanted.mappings {
        line(format!(
            "\n[mappings]              # applications, their categories and groups\ndir = {}",
            path(mappings)
        ));
    }
    if let Some(imap) = &wanted.imap {
        line("\n[imap]                  # the mailbox that is read".to_owned());
        let password = secret("password", &wanted.imap_file(), quoted(STAND_IN));
        line(format!("url = [{}]\n{password}", quoted(imap)));
    }
    if let Some(lmtp) = &wanted.lmtp {
        line(
            "\n[lmtp]                  # where the relay hands mails over: transport_maps … lmtp:inet:HOST:PORT"
                .to_owned(),
        );
        line(format!("listen = [{}]", quoted(lmtp)));
    }
    if wanted.http.is_some() || facts.webhook {
        line("\n[http]                  # behind a reverse proxy that ends TLS".to_owned());
        line(format!("listen = {}", quoted(wanted.http.as_deref().unwrap_or("127.0.0.1:8080"))));
        if facts.webhook {
            line(secret("webhook_secrets", &wanted.webhook_file(), list(&[STAND_IN.to_owned()])));
        }
    }
    line("\n[smtp]                  # receipts and notices".to_owned());
    if let Some(smtp) = &wanted.smtp {
        line(format!("url = {}", quoted(smtp)));
    } else {
        line("# url = \"smtp://127.0.0.1:25\"   # without a relay nobody is written to".to_owned());
    }
    line(format!("from = {}", quoted(&wanted.from)));
    line("\n[portal]                # how the pages name the academy".to_owned());
    line(format!("academy = {}", quoted(&wanted.academy)));
    line("\n[directory]             # who directs a school".to_owned());
    match &wanted.directors {
        Some(file) => line(format!("sources = [\"csv\"]\ncsv = {}", path(file))),
        None => line(format!(
            "sources = [\"glpi\"]      # the members of this group\nglpi_group = {}",
            quoted(&wanted.directors_group)
        )),
    }
    let mailbox = wanted.domains.first().map_or_else(String::new, |domain| format!("ce.{{uai}}@{domain}"));
    line(format!("school_mailbox = {}  # empty where schools have no mailbox", quoted(mailbox)));
    if !wanted.operators.is_empty() {
        line("\n[people]                # who sees all figures, and may write to all directors".to_owned());
        line(format!("operators = {}", list(&wanted.operators)));
    }
    if wanted.announcements {
        line("\n[announcements]         # information to all directors of a zone\nenabled = true".to_owned());
    }
    if !facts.mails && wanted.smtp.is_some() {
        line("\n[notify]                # GLPI sends no mail: the gateway tells of each step".to_owned());
        for step in steps_of_glpi() {
            line(format!("{step} = \"passerelle\""));
        }
    } else if facts.mails && wanted.receipts == Some(ToldBy::Glpi) {
        line(
            "\n[notify]                # GLPI tells the requester of a new ticket, the gateway writes no receipt"
                .to_owned(),
        );
        line("deposit = \"glpi\"".to_owned());
    }
    text
}

/// The file that is somebody's own; `None` where there is none, or the package's.
pub(super) fn own_file(wanted: &Wanted) -> Result<Option<String>, Failed> {
    Ok(secrets::read(&wanted.configuration_file())?.filter(|found| found.trim() != PACKAGED.trim()))
}

/// What is in force by a file that is somebody's own; `None` where setup writes one, or it cannot be read.
pub(super) fn in_force(wanted: &Wanted) -> Result<Option<Config>, Failed> {
    let reading = own_file(wanted)?.and_then(|_| config::read(Some(&wanted.configuration_file())).ok());
    Ok(reading.map(|reading| reading.config().clone()))
}

/// What is in force by the file that setup writes.
pub(super) fn to_be(wanted: &Wanted, facts: Facts) -> Result<Reading, ConfigError> {
    config::read_text(&wanted.configuration_file(), &text(wanted, facts, Secrets::StandIns))
}
