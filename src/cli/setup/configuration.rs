//! The gateway's configuration file for this academy: written where there is none or the package's own, compared where
//! there is one.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use toml::{Table, Value};

use super::{
    context::Setup,
    outcome::{Failed, State},
    secrets,
};
use crate::text::Bilingual;

/// The file that the package brings, until somebody changes it.
const PACKAGED: &str = include_str!("../../../packaging/passerelle.toml");

/// Steps that GLPI tells of by default, and cannot where it sends no mail.
const STEPS: [&str; 10] =
    ["group", "charge", "question", "solution", "closing", "handover", "escalation", "answer", "refusal", "approval"];

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
fn text(setup: &Setup) -> String {
    let wanted = &setup.wanted;
    let mut text = String::from(
        "# Passerelle's configuration, written by `passerelle setup`: what differs from its defaults, which\n\
         # `passerelle config --defaults` explains. It is yours from now on; setup does not change it.\n\
         # Secrets are in files of their own, beside this one.\n\n",
    );
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    line(format!(
        "time_zone = {}              # the academy's, also that of the service account in GLPI",
        quoted(&wanted.time_zone)
    ));
    line("\n[glpi]".to_owned());
    line(format!("url = {}", quoted(wanted.url.as_str())));
    line(format!("user_token_file = {}  # of the account «{}»", path(&wanted.token_file()), wanted.account));
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
        line(format!("url = [{}]\npassword_file = {}", quoted(imap), path(&wanted.imap_file())));
    }
    if let Some(lmtp) = &wanted.lmtp {
        line(
            "\n[lmtp]                  # where the relay hands mails over: transport_maps … lmtp:inet:HOST:PORT"
                .to_owned(),
        );
        line(format!("listen = [{}]", quoted(lmtp)));
    }
    if wanted.http.is_some() || setup.webhook().is_some() {
        let listen = wanted.http.map_or_else(|| "127.0.0.1:8080".to_owned(), |it| it.to_string());
        line("\n[http]                  # behind a reverse proxy that ends TLS".to_owned());
        line(format!("listen = {}", quoted(listen)));
        if setup.webhook().is_some() {
            line(format!("webhook_secrets_file = {}", path(&wanted.webhook_file())));
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
    if !setup.mails() && wanted.smtp.is_some() {
        line("\n[notify]                # GLPI sends no mail: the gateway tells of each step".to_owned());
        for step in STEPS {
            line(format!("{step} = \"passerelle\""));
        }
    }
    text
}

pub(super) fn look(setup: &Setup) -> Result<State, Failed> {
    let path = setup.wanted.configuration_file();
    let Some(found) = secrets::read(&path)? else { return Ok(State::create()) };
    if found.trim() == PACKAGED.trim() {
        return Ok(State::Change(Bilingual::new("as the package brought it", "telle que le paquet l’a apportée")));
    }
    let here = Bilingual::new(
        "change it yourself, or move it away and run setup again",
        "changez-le vous-même, ou déplacez-le et relancez setup",
    );
    let found: Table = match toml::from_str(&found) {
        Ok(found) => found,
        Err(error) => {
            let reason = Bilingual::new(
                format!("it is no TOML: {}", error.message()),
                format!("ce n’est pas du TOML\u{a0}: {}", error.message()),
            );
            return Ok(State::named(&reason, &here));
        }
    };
    let wanted: Table = toml::from_str(&text(setup)).unwrap_or_default();
    let mut differing = Vec::new();
    compare("", &wanted, &found, &mut differing);
    if differing.is_empty() {
        return Ok(State::there());
    }
    let keys = differing.join(", ");
    Ok(State::named(
        &Bilingual::new(format!("it says something else for {keys}"), format!("il dit autre chose pour {keys}")),
        &here,
    ))
}

/// The keys of `wanted` that `found` lacks or has with another value.
fn compare(above: &str, wanted: &Table, found: &Table, differing: &mut Vec<String>) {
    for (key, value) in wanted {
        let name = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        match (value, found.get(key)) {
            (Value::Table(wanted), Some(Value::Table(found))) => compare(&name, wanted, found, differing),
            (value, Some(there)) if value == there => {}
            _ => differing.push(name),
        }
    }
}

/// Only where there is none, or the package's own.
pub(super) fn make(setup: &Setup) -> Result<(), Failed> {
    let path = setup.wanted.configuration_file();
    secrets::make_folder(&path)?;
    let is_packaged = secrets::read(&path)?.is_some();
    let written = write(&path, &text(setup), is_packaged).map_err(|error| Failed::of_file(&path, error));
    written.and_then(|()| secrets::share(&path, &setup.wanted.secrets_folder()))
}

/// Whole or not at all: a file that is replaced is never half of each.
fn write(path: &Path, text: &str, replaces: bool) -> std::io::Result<()> {
    let place = if replaces { path.with_extension("toml.setup") } else { path.to_owned() };
    let mut options = fs::OpenOptions::new();
    let options = options.write(true).mode(0o640).create_new(!replaces).create(true).truncate(replaces);
    let mut file = options.open(&place)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if replaces {
        fs::set_permissions(&place, fs::metadata(path)?.permissions())?;
        fs::rename(place, path)?;
    }
    Ok(())
}
