//! What mails need: a proof of their sender, mailboxes, and a relay for what people are written.

use super::report::Report;
use crate::{
    app::App,
    config::{Acknowledge, ConfigError, Require},
    intake::imap::{self, ImapError},
};

/// What proves that a mail is its sender's.
pub(super) fn sender(report: &mut Report, app: &App) {
    let sender = &app.config.sender;
    let disabled = app.config.screen.disabled.iter().any(|rule| rule == "unproven-sender");
    if sender.require == Require::Nothing || disabled {
        report.warning(
            "sender",
            "nothing proves that a mail is of the sender it names",
            "Set sender.require = \"aligned\" once the relay or DKIM proves the academy's mails; `try` shows whether they do.",
        );
        return;
    }
    let relays = (!sender.authserv_ids.is_empty()).then(|| format!("the word of {}", sender.authserv_ids.join(", ")));
    let keys = app.pipeline.prover.keys().map(|keys| format!("DKIM, keys from {keys}"));
    let proofs: Vec<String> = relays.into_iter().chain(keys).collect();
    if proofs.is_empty() {
        report.warning(
            "sender",
            "a proof is required and nothing is there to give one: every mail is refused",
            "Name the academy's relay in sender.authserv_ids, or set sender.dkim = true.",
        );
    } else {
        report.ok("sender", proofs.join("; else "));
    }
}

/// Whether requesters can be written to.
pub(super) async fn relay(report: &mut Report, app: &App) {
    let config = &app.config;
    if config.acknowledge == Acknowledge::Off && config.receipts() != Acknowledge::Passerelle && !config.notify.writes()
    {
        report.ok("mail to requesters", "off (acknowledge = \"off\")");
        return;
    }
    if !app.pipeline.acknowledger.letters().is_on() {
        report.warning(
            "mail to requesters",
            "smtp.url is empty: nobody gets a receipt, a refusal notice or any other mail of Passerelle",
            "Set PASSERELLE_SMTP__URL, or acknowledge = \"off\" and no \"passerelle\" in [notify] to say that this is meant.",
        );
        return;
    }
    match app.pipeline.acknowledger.letters().probe().await {
        Ok(()) => report.ok("mail to requesters", "the mail server answers"),
        Err(error) => {
            report.error("mail to requesters", error, "Check PASSERELLE_SMTP__URL and that this machine may relay.");
        }
    }
}

/// Whether each mailbox can be read.
pub(super) async fn mailboxes(report: &mut Report, app: &App) -> Result<(), ConfigError> {
    let settings = imap::Settings::new(&app.config, app.pipeline.rules.recipients().to_vec())?;
    for account in settings.accounts() {
        let what = format!("mailbox {account}");
        match Box::pin(imap::probe(&settings, account)).await {
            Ok((waiting, missing)) if missing.is_empty() => {
                report.ok(&what, format_args!("{waiting} messages wait, its folders are there"));
            }
            Ok((waiting, missing)) => report.ok(
                &what,
                format_args!("{waiting} messages wait; the gateway will make the folders {}", missing.join(", ")),
            ),
            Err(error @ ImapError::SignIn(_)) => {
                report.error(&what, error, "Check user and password (or imap.oauth), and that IMAP is allowed for it.");
            }
            Err(error) => report.error(
                &what,
                error,
                "Check PASSERELLE_IMAP__URL, the folder's name, that this machine reaches the server, and imap.ca.",
            ),
        }
    }
    Ok(())
}

/// Whether the operators can be told of a mail that fails again and again.
pub(super) async fn quarantine(report: &mut Report, app: &App) {
    if !app.pipeline.quarantine.operators().can_be_told() {
        report.warning(
            "quarantine",
            "nobody is told of a mail that fails again and again",
            match (app.config.quarantine.operators.is_empty(), app.pipeline.acknowledger.letters().is_on()) {
                (true, true) => "Set PASSERELLE_QUARANTINE__OPERATORS to a mailbox that is read.",
                (false, _) => "Set PASSERELLE_SMTP__URL.",
                (true, false) => {
                    "Set PASSERELLE_QUARANTINE__OPERATORS to a mailbox that is read, and PASSERELLE_SMTP__URL."
                }
            },
        );
        return;
    }
    match app.pipeline.acknowledger.letters().probe().await {
        Ok(()) => report.ok("quarantine", format_args!("operators are told at {}", app.config.quarantine.operators)),
        Err(error) => report.error(
            "quarantine",
            format_args!("operators cannot be told: {error}"),
            "Check PASSERELLE_SMTP__URL and that this machine may relay.",
        ),
    }
}
