//! What stands behind a mail's sender: the relay's word, else the mail's own signature.
//!
//! Here the facts are gathered; [`crate::flow::screen::prove`] judges them.

mod dkim;
mod keys;
mod relay;
pub mod results;

use self::{dkim::Dkim, relay::RelayVerdict};
use crate::{
    config::{Config, ConfigError, Require},
    flow::screen::{Proof, Rules},
    request::{Origin, Received},
    text::Bilingual,
};

/// Gathers what proves a sender.
pub struct Prover {
    relays: Vec<String>,
    dkim: Option<Dkim>,
}

impl Prover {
    /// Reads the file of keys and sets up the resolvers, where a proof is required. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// Names the setting or the file that cannot be used, and what to do.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let sender = &config.sender;
        let is_needed = sender.dkim && sender.require != Require::Nothing;
        let dkim = if is_needed { Some(Dkim::new(sender)?) } else { None };
        Ok(Self { relays: sender.authserv_ids.iter().map(|id| id.trim().to_owned()).collect(), dkim })
    }

    /// Reads the file of keys again; a mistake in it keeps the keys that were in force.
    ///
    /// # Errors
    ///
    /// Shows the mistake at its place.
    pub fn reload(&self) -> Result<(), ConfigError> {
        self.dkim.as_ref().map_or(Ok(()), |dkim| dkim.keys.reload())
    }

    /// Where DKIM's keys come from; `None` where it is not checked here.
    pub fn keys(&self) -> Option<String> {
        Some(self.dkim.as_ref()?.keys.describe())
    }

    /// Whether DKIM's keys can be asked for; the cause where they cannot.
    ///
    /// # Errors
    ///
    /// What DNS says instead of an answer.
    pub async fn probe(&self) -> Result<(), Bilingual> {
        match &self.dkim {
            Some(dkim) => dkim.keys.probe().await,
            None => Ok(()),
        }
    }

    /// What is known of the sender of a request that names one. Asks DNS where the relay's word is not enough; where
    /// `rules` require no proof of it, the relay's word alone is read.
    pub async fn prove(&self, received: &Received, rules: &Rules) -> Proof {
        let (Origin::Mail(mail), Some(requester)) = (&received.origin, &received.requester) else {
            return Proof::NotProven(Bilingual::new("it is no mail", "ce n’est pas un courriel"));
        };
        let proves = |domain: &str| rules.proves(domain, requester);
        let open = match relay::word(mail.authentication_results.as_deref(), &self.relays, proves) {
            RelayVerdict::Final(proof) => return proof,
            RelayVerdict::Open(proof) => Some(proof),
            RelayVerdict::Silence => None,
        };
        if !rules.require_proof(received) {
            return open.unwrap_or_else(|| {
                Proof::NotProven(Bilingual::new("no proof is required", "aucune preuve n’est exigée"))
            });
        }
        let (Some(dkim), Some(raw)) = (&self.dkim, &received.original) else {
            return open.unwrap_or_else(|| {
                Proof::NotProven(Bilingual::new("the relay says nothing of it", "le relais n’en dit rien"))
            });
        };
        match dkim.prove(raw, requester, proves).await {
            Proof::NotProven(why) => open.unwrap_or(Proof::NotProven(why)),
            proof => proof,
        }
    }
}
