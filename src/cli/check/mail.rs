//! What mails need: a proof of their sender, mailboxes, and a relay for what people are written.

use super::report::Report;
use crate::{
    app::App,
    config::{Acknowledge, ConfigError, Require, WhenGlpiIsDown},
    intake::imap::{self, ImapError},
    text::Bilingual,
};

/// What proves that a mail is its sender's.
pub(super) async fn sender(report: &mut Report, app: &App) {
    let what = &Bilingual::new("sender", "expéditeur");
    let sender = &app.config.sender;
    let disabled = app.config.screen.disabled.iter().any(|rule| rule == "unproven-sender");
    if sender.require == Require::Nothing || disabled {
        report.warning(
            what,
            &Bilingual::new(
                "nothing proves that a mail is of the sender it names",
                "rien ne prouve qu’un courriel est de l’expéditeur qu’il nomme",
            ),
            &Bilingual::new(
                "Set sender.require = \"aligned\" once the relay or DKIM proves the academy's mails; `try` shows whether they do.",
                "Réglez sender.require = \"aligned\" dès que le relais ou DKIM prouve les courriels de l’académie\u{a0}; `try` montre s’ils le font.",
            ),
        );
        return;
    }
    let relays = (!sender.authserv_ids.is_empty()).then(|| {
        let ids = sender.authserv_ids.join(", ");
        Bilingual::new(format!("the word of {ids}"), format!("la parole de {ids}"))
    });
    let keys = app
        .pipeline
        .prover
        .keys()
        .map(|keys| Bilingual::new(format!("DKIM, keys from {keys}"), format!("DKIM, clés de {keys}")));
    let by_keys_alone = relays.is_none();
    let proofs = relays
        .into_iter()
        .chain(keys)
        .reduce(|first, next| first.then("", &Bilingual::new("; else ", " ; sinon ")).then("", &next));
    let Some(proofs) = proofs else {
        report.warning(
            what,
            &Bilingual::new(
                "a proof is required and nothing is there to give one: every mail is refused",
                "une preuve est exigée et rien ne peut en donner\u{a0}: chaque courriel est refusé",
            ),
            &Bilingual::new(
                "Name the academy's relay in sender.authserv_ids, or set sender.dkim = true.",
                "Nommez le relais de l’académie dans sender.authserv_ids, ou réglez sender.dkim = true.",
            ),
        );
        return;
    };
    match app.pipeline.prover.probe().await {
        Ok(()) => report.ok(what, &proofs),
        Err(cause) => {
            let found =
                Bilingual::new("DKIM’s keys cannot be read: ", "les clés DKIM ne peuvent pas être lues\u{a0}: ")
                    .then("", &cause);
            let remedy = Bilingual::new(
                "Check sender.dns (else the system’s resolvers) and that this machine may ask them (UDP and TCP, port 53): \
                 until then mails that only DKIM proves wait.",
                "Vérifiez sender.dns (sinon les résolveurs du système), et que cette machine peut les interroger (UDP et TCP, \
                 port 53)\u{a0}: d’ici là, les courriels que seul DKIM prouve attendent.",
            );
            if by_keys_alone {
                report.error(what, &found, &remedy);
            } else {
                report.warning(what, &found, &remedy);
            }
        }
    }
}

/// Whether requesters can be written to.
pub(super) async fn relay(report: &mut Report, app: &App) {
    let what = &Bilingual::new("mail to requesters", "courriels aux demandeurs");
    let config = &app.config;
    let writes = config.acknowledge != Acknowledge::Off
        || config.receipts() == Acknowledge::Passerelle
        || config.notify.writes();
    if !writes && config.portal.when_down == WhenGlpiIsDown::Retry {
        report.ok(what, &Bilingual::new("off (acknowledge = \"off\")", "désactivés (acknowledge = \"off\")"));
        return;
    }
    if !app.pipeline.acknowledger.letters().is_on() {
        report.warning(
            what,
            &Bilingual::new(
                "smtp.url is empty: nobody gets a receipt, a refusal notice or any other mail of Passerelle",
                "smtp.url est vide\u{a0}: personne ne reçoit d’accusé, d’avis de refus ni d’autre courriel de Passerelle",
            ),
            &Bilingual::new(
                "Set PASSERELLE_SMTP__URL, or acknowledge = \"off\" and no \"passerelle\" in [notify] to say that this is meant.",
                "Donnez PASSERELLE_SMTP__URL, ou acknowledge = \"off\" et aucun \"passerelle\" dans [notify] pour dire que c’est voulu.",
            ),
        );
        return;
    }
    match app.pipeline.acknowledger.letters().probe().await {
        Ok(()) => report.ok(what, &Bilingual::new("the mail server answers", "le serveur de courriel répond")),
        Err(error) => report.error(
            what,
            &error.reason(),
            &Bilingual::new(
                "Check PASSERELLE_SMTP__URL and that this machine may relay.",
                "Vérifiez PASSERELLE_SMTP__URL, et que cette machine peut relayer.",
            ),
        ),
    }
}

/// What keeps forms while GLPI cannot answer.
pub(super) fn deposits(report: &mut Report, app: &App) {
    if !app.pipeline.deposits.are_on() {
        return;
    }
    let what = &Bilingual::new("forms while GLPI is away", "formulaires pendant une panne de GLPI");
    let to = app.config.screen.recipients.first().map(String::as_str).unwrap_or_default();
    let found = if app.config.smtp.url.is_some() {
        Bilingual::new(
            format!("the relay keeps them, as mails to {to}"),
            format!("le relais les garde, en courriels à {to}"),
        )
    } else {
        Bilingual::new("the mailbox keeps them", "la boîte les garde")
    };
    report.ok(what, &found);
}

/// Whether each mailbox can be read.
pub(super) async fn mailboxes(report: &mut Report, app: &App) -> Result<(), ConfigError> {
    let settings = imap::Settings::new(&app.config, app.pipeline.rules.recipients().to_vec())?;
    for account in settings.accounts() {
        let what = &Bilingual::new(format!("mailbox {account}"), format!("boîte {account}"));
        match Box::pin(imap::probe(&settings, account)).await {
            Ok((waiting, missing)) if missing.is_empty() => report.ok(
                what,
                &Bilingual::new(
                    format!("{waiting} messages wait, its folders are there"),
                    format!("messages en attente\u{a0}: {waiting}\u{a0}; ses dossiers existent"),
                ),
            ),
            Ok((waiting, missing)) => {
                let folders = missing.join(", ");
                report.ok(
                    what,
                    &Bilingual::new(
                        format!("{waiting} messages wait; the gateway will make the folders {folders}"),
                        format!("messages en attente\u{a0}: {waiting}\u{a0}; la passerelle créera les dossiers {folders}"),
                    ),
                );
            }
            Err(error @ ImapError::SignIn(_)) => report.error(
                what,
                &error.reason(),
                &Bilingual::new(
                    "Check user and password (or imap.oauth), and that IMAP is allowed for it.",
                    "Vérifiez l’utilisateur et le mot de passe (ou imap.oauth), et qu’IMAP lui est permis.",
                ),
            ),
            Err(error) => report.error(
                what,
                &error.reason(),
                &Bilingual::new(
                    "Check PASSERELLE_IMAP__URL, the folder's name, that this machine reaches the server, and imap.ca.",
                    "Vérifiez PASSERELLE_IMAP__URL, le nom du dossier, que cette machine atteint le serveur, et imap.ca.",
                ),
            ),
        }
    }
    Ok(())
}

/// Whether the operators can be told of a mail that fails again and again.
pub(super) async fn quarantine(report: &mut Report, app: &App) {
    let what = &Bilingual::new("quarantine", "quarantaine");
    if !app.pipeline.quarantine.operators().can_be_told() {
        let remedy = match (app.config.quarantine.operators.is_empty(), app.pipeline.acknowledger.letters().is_on()) {
            (true, true) => Bilingual::new(
                "Set PASSERELLE_QUARANTINE__OPERATORS to a mailbox that is read.",
                "Donnez à PASSERELLE_QUARANTINE__OPERATORS une boîte qui est lue.",
            ),
            (false, _) => Bilingual::new("Set PASSERELLE_SMTP__URL.", "Donnez PASSERELLE_SMTP__URL."),
            (true, false) => Bilingual::new(
                "Set PASSERELLE_QUARANTINE__OPERATORS to a mailbox that is read, and PASSERELLE_SMTP__URL.",
                "Donnez à PASSERELLE_QUARANTINE__OPERATORS une boîte qui est lue, et PASSERELLE_SMTP__URL.",
            ),
        };
        report.warning(
            what,
            &Bilingual::new(
                "nobody is told of a mail that fails again and again",
                "personne n’est prévenu d’un courriel qui échoue encore et encore",
            ),
            &remedy,
        );
        return;
    }
    let operators = &app.config.quarantine.operators;
    match app.pipeline.acknowledger.letters().probe().await {
        Ok(()) => report.ok(
            what,
            &Bilingual::new(
                format!("operators are told at {operators}"),
                format!("les opérateurs sont prévenus à {operators}"),
            ),
        ),
        Err(error) => report.error(
            what,
            &Bilingual::new("operators cannot be told: ", "les opérateurs ne peuvent pas être prévenus\u{a0}: ")
                .then("", &error.reason()),
            &Bilingual::new(
                "Check PASSERELLE_SMTP__URL and that this machine may relay.",
                "Vérifiez PASSERELLE_SMTP__URL, et que cette machine peut relayer.",
            ),
        ),
    }
}
