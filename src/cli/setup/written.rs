//! The text of the configuration that setup writes, and what is in force by it, or by one that somebody changed.

use std::path::Path;

use toml::{Table, Value};

use super::{
    outcome::Failed,
    wanted::{ToldBy, Wanted},
    whose::{self, Whose},
};
use crate::{
    config::{self, Config, ConfigError, Reading},
    text::Bilingual,
};

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
    /// Whether it tells the members of the assigned group of follow-ups, as which reminders are written.
    pub(super) reminds: bool,
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
    let said = |english: &str, french: &str| Bilingual::new(english, french).text(wanted.comments).to_owned();
    let mut text = said(
        "# Passerelle's configuration, written by `passerelle setup`: what differs from its defaults, which\n\
         # `passerelle config --defaults` explains. Once you change a line it is yours, and setup keeps it as it is.\n\
         # Secrets are in files of their own, beside this one.\n\n",
        "# Configuration de Passerelle, écrite par `passerelle setup`\u{a0}: ce qui s’écarte des valeurs par défaut,\n\
         # qu’explique `passerelle config --defaults`. Dès que vous en changez une ligne, elle est\n\
         # à vous et setup la laisse comme elle est.\n\
         # Les secrets ont chacun leur fichier, à côté de celui-ci.\n\n",
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
        "time_zone = {}              # {}",
        quoted(&wanted.time_zone),
        said(
            "the academy's, also that of the service account in GLPI",
            "celui de l’académie, et du compte de service dans GLPI"
        )
    ));
    line("\n[glpi]".to_owned());
    line(format!("url = {}", quoted(wanted.url.as_str())));
    let token = secret("user_token", &wanted.token_file(), quoted(STAND_IN));
    let account = &wanted.account;
    let of_account = said(&format!("of the account «{account}»"), &format!("du compte «\u{a0}{account}\u{a0}»"));
    line(format!("{token}  # {of_account}"));
    line("\n[screen]".to_owned());
    let domains = said("a sender's address is of one of these", "l’adresse d’un expéditeur est de l’un d’eux");
    line(format!("domains = {}     # {domains}", list(&wanted.domains)));
    let recipients = said("a mail to one of these is a request", "un courriel à l’une d’elles est une demande");
    line(format!("recipients = {}  # {recipients}", list(&wanted.recipients)));
    if let Some(mappings) = &wanted.mappings {
        let what = said("applications, their categories and groups", "applications, leurs catégories et leurs groupes");
        line(format!("\n[mappings]              # {what}\ndir = {}", path(mappings)));
    }
    if let Some(imap) = &wanted.imap {
        let what = said("the mailbox that is read", "la boîte aux lettres lue");
        line(format!("\n[imap]                  # {what}"));
        let password = secret("password", &wanted.imap_file(), quoted(STAND_IN));
        line(format!("url = [{}]\n{password}", quoted(imap)));
    }
    if let Some(lmtp) = &wanted.lmtp {
        let what = said(
            "where the relay hands mails over: transport_maps",
            "où le relais remet les courriels\u{a0}: transport_maps",
        );
        line(format!("\n[lmtp]                  # {what} … lmtp:inet:HOST:PORT"));
        line(format!("listen = [{}]", quoted(lmtp)));
    }
    if wanted.http.is_some() || facts.webhook {
        let what = said("behind a reverse proxy that ends TLS", "derrière un mandataire inverse, qui termine TLS");
        line(format!("\n[http]                  # {what}"));
        line(format!("listen = {}", quoted(wanted.http.as_deref().unwrap_or("127.0.0.1:8080"))));
        if facts.webhook {
            line(secret("webhook_secrets", &wanted.webhook_file(), list(&[STAND_IN.to_owned()])));
        }
    }
    line(format!("\n[smtp]                  # {}", said("receipts and notices", "accusés de réception et avis")));
    if let Some(smtp) = &wanted.smtp {
        line(format!("url = {}", quoted(smtp)));
    } else {
        let what = said("without a relay nobody is written to", "sans relais, on n’écrit à personne");
        line(format!("# url = \"smtp://127.0.0.1:25\"   # {what}"));
    }
    line(format!("from = {}", quoted(&wanted.from)));
    let what = said("how the pages name the academy", "le nom de l’académie sur les pages");
    line(format!("\n[portal]                # {what}"));
    line(format!("academy = {}", quoted(&wanted.academy)));
    line(format!("\n[directory]             # {}", said("who directs a school", "qui dirige une école")));
    match &wanted.directors {
        Some(file) => line(format!("sources = [\"csv\"]\ncsv = {}", path(file))),
        None => line(format!(
            "sources = [\"glpi\"]      # {}\nglpi_group = {}",
            said("the members of this group", "les membres de ce groupe"),
            quoted(&wanted.directors_group)
        )),
    }
    let mailbox = wanted.domains.first().map_or_else(String::new, |domain| format!("ce.{{uai}}@{domain}"));
    let what = said("empty where schools have no mailbox", "vide si les écoles n’ont pas de boîte");
    line(format!("school_mailbox = {}  # {what}", quoted(mailbox)));
    if !wanted.operators.is_empty() {
        let what = said(
            "who sees all figures, and may write to all directors",
            "qui voit tous les chiffres et peut écrire à tous les directeurs",
        );
        line(format!("\n[people]                # {what}"));
        line(format!("operators = {}", list(&wanted.operators)));
    }
    if wanted.announcements {
        let what = said("information to all directors of a zone", "informations à tous les directeurs d’une zone");
        line(format!("\n[announcements]         # {what}\nenabled = true"));
    }
    let steps = notify(wanted, facts);
    if !steps.is_empty() {
        let what =
            said("what GLPI does not tell of, or shall not", "ce que GLPI n’annonce pas, ou ne doit pas annoncer");
        line(format!("\n[notify]                # {what}"));
        for (step, teller, why) in steps {
            let setting = format!("{step} = \"{teller}\"");
            line(format!("{setting:<23} # {}", why.text(wanted.comments)));
        }
    }
    whose::marked(&text)
}

/// Who tells of which steps, where that is not as by default, and why.
fn notify(wanted: &Wanted, facts: Facts) -> Vec<(String, &'static str, Bilingual)> {
    if !facts.mails {
        // Without a relay the gateway sends none either.
        let steps = steps_of_glpi().into_iter().filter(|_| wanted.smtp.is_some());
        let why = || Bilingual::new("GLPI sends no mail", "GLPI n’envoie pas de courriel");
        return steps.map(|step| (step, "passerelle", why())).collect();
    }
    let mut steps = Vec::new();
    if wanted.receipts == Some(ToldBy::Glpi) {
        let why = Bilingual::new("the gateway writes no receipt", "la passerelle n’envoie pas d’accusé");
        steps.push(("deposit".to_owned(), "glpi", why));
    }
    if !facts.reminds {
        let why =
            Bilingual::new("GLPI does not tell the group of follow-ups", "GLPI n’annonce pas les suivis au groupe");
        steps.push(("reminder".to_owned(), "passerelle", why));
    }
    steps
}

/// What is in force by a file that is somebody's own; `None` where setup writes one, or it cannot be read.
pub(super) fn in_force(wanted: &Wanted) -> Result<Option<Config>, Failed> {
    let Whose::Somebody(_) = whose::of(wanted)? else { return Ok(None) };
    let reading = config::read(Some(&wanted.configuration_file())).ok();
    Ok(reading.map(|reading| reading.config().clone()))
}

/// What is in force by the file that setup writes.
pub(super) fn to_be(wanted: &Wanted, facts: Facts) -> Result<Reading, ConfigError> {
    config::read_text(&wanted.configuration_file(), &text(wanted, facts, Secrets::StandIns))
}
