//! What all steps share: what is wanted, the Super-Admin's session, and what GLPI is.

use url::Url;

use super::{
    outcome::Failed,
    wanted::{ToldBy, Wanted},
    written::{self, Facts},
};
use crate::{
    config::Config,
    flow::route::Mappings,
    glpi::{Administrator, ItemRow, Recipient, Telling, number},
    text::Bilingual,
};

/// What all steps share.
pub(super) struct Setup {
    pub(super) wanted: Wanted,
    pub(super) admin: Administrator,
    pub(super) version: String,
    /// GLPI's configuration, as far as it tells it.
    pub(super) glpi: ItemRow,
    /// What of it decides what is written.
    pub(super) facts: Facts,
    /// What the gateway will go by: a configuration that somebody changed, else the one that is written.
    pub(super) config: Config,
    pub(super) mappings: Mappings,
}

/// GLPI's name of the event that a reminder is to it.
const FOLLOWUP: &str = "add_followup";

/// Whether this version of GLPI has webhooks.
fn has_webhooks(version: &str) -> bool {
    version.split('.').next().and_then(|major| major.parse::<u32>().ok()) >= Some(11)
}

/// Whether GLPI sends mails.
fn mails(glpi: &ItemRow) -> bool {
    number(glpi, "use_notifications") > 0 && number(glpi, "notifications_mailing") > 0
}

impl Setup {
    pub(super) async fn new(mut wanted: Wanted, admin: Administrator, glpi: ItemRow) -> Result<Self, Failed> {
        let version = glpi.get("version").and_then(|it| it.as_str()).unwrap_or_default().to_owned();
        let facts = Facts {
            webhook: wanted.webhook.is_some() && has_webhooks(&version),
            mails: mails(&glpi),
            reminds: admin.telling(FOLLOWUP, Recipient::AssignedGroup).await? == Telling::Tells,
        };
        let config = if let Some(config) = written::in_force(&wanted)? {
            // What it names is what the gateway reads.
            if let Some(folder) = config.mappings.dir.clone().filter(|_| !wanted.names_mappings) {
                wanted.mappings = Some(folder);
            }
            config
        } else {
            let written = written::to_be(&wanted, facts).map_err(|error| Failed::of_configuration(&error))?;
            written.config().clone()
        };
        let mappings = Mappings::load(wanted.mappings.as_deref()).map_err(|error| Failed::of_configuration(&error))?;
        Ok(Self { wanted, admin, version, glpi, facts, config, mappings })
    }

    /// Whether it is GLPI 11 or later, which has webhooks.
    pub(super) fn has_webhooks(&self) -> bool {
        has_webhooks(&self.version)
    }

    /// Where the webhooks go, if GLPI has some and they are asked for.
    pub(super) fn webhook(&self) -> Option<&Url> {
        self.wanted.webhook.as_ref().filter(|_| self.has_webhooks())
    }

    /// What is good to know before the steps.
    pub(super) fn remarks(&self) -> Vec<Bilingual> {
        let mut remarks = Vec::new();
        if self.wanted.webhook.is_some() && !self.has_webhooks() {
            remarks.push(Bilingual::new(
                "This GLPI has no webhooks, which came with 11: what happens to a ticket is seen within sweep.every.",
                "Ce GLPI n’a pas de webhooks, venus avec la 11\u{a0}: ce qui arrive à un ticket est vu en moins de sweep.every.",
            ));
        }
        if self.webhook().is_some_and(|url| url.port().is_some()) {
            remarks.push(Bilingual::new(
                "GLPI calls no address with a port unless its GLPI_SERVERSIDE_URL_ALLOWLIST (config/local_define.php) has it: \
                 let --webhook name the reverse proxy.",
                "GLPI n’appelle pas d’adresse avec un port, sauf si son GLPI_SERVERSIDE_URL_ALLOWLIST (config/local_define.php) \
                 l’admet\u{a0}: donnez à --webhook celle du proxy inverse.",
            ));
        }
        if !self.mails() && self.wanted.receipts == Some(ToldBy::Glpi) {
            remarks.push(Bilingual::new(
                "GLPI sends no mail: --receipts glpi would leave requesters without a word, the gateway writes the receipts.",
                "GLPI n’envoie pas de courriel\u{a0}: --receipts glpi laisserait les demandeurs sans nouvelles, la passerelle \
                 accuse réception.",
            ));
        }
        if !self.mails() {
            remarks.push(if self.wanted.smtp.is_some() {
                Bilingual::new(
                    "GLPI sends no mail: the gateway tells of each step ([notify]).",
                    "GLPI n’envoie pas de courriel\u{a0}: la passerelle prévient de chaque étape ([notify]).",
                )
            } else {
                Bilingual::new(
                    "GLPI sends no mail, and without --smtp the gateway sends none: nobody is told of anything. Give --smtp, or \
                     in GLPI, Setup > Notifications, «Enable followup» and «Enable followups via email» to yes.",
                    "GLPI n’envoie pas de courriel, et sans --smtp la passerelle non plus\u{a0}: personne n’est prévenu. Donnez --smtp, \
                     ou dans GLPI, Configuration > Notifications, «\u{a0}Activer le suivi\u{a0}» et «\u{a0}Activer les notifications par \
                     courriel\u{a0}» à oui.",
                )
            });
        }
        remarks
    }

    /// Whether GLPI sends mails: then it tells of tickets, else the gateway does.
    pub(super) fn mails(&self) -> bool {
        self.facts.mails
    }
}
