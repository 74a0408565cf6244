//! What is known of a ticket's time, as values.

use jiff::civil::DateTime;

use super::question::asks;
use crate::{
    glpi::{Followup, TicketChange},
    id::UserId,
    request::{Address, FollowupOpening, LeftOut},
};

/// What happened to a ticket and what was said on it publicly, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// What happened; nothing where the account may not read it.
    pub changes: Vec<TicketChange>,
    /// What was said publicly.
    pub said: Vec<Utterance>,
}

/// Something that was said on a ticket publicly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utterance {
    /// When, in GLPI's time zone.
    pub at: Option<DateTime>,
    /// The account that shows as its author.
    pub author: UserId,
    /// Whom the gateway wrote it for, where they have no account.
    pub named: Option<Address>,
    /// Whether the gateway tells there of files, of its own.
    pub is_automatic: bool,
    /// Whether it asks its reader for something.
    pub asks: bool,
}

/// Who said something on a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// One of its requesters.
    Requester,
    /// Somebody else.
    Staff,
    /// The gateway, of its own.
    Service,
}

/// Who asked for a ticket.
#[derive(Clone, Copy, Debug)]
pub struct Requesters<'a> {
    /// Their accounts.
    pub accounts: &'a [UserId],
    /// The addresses of those without, in lower case.
    pub addresses: &'a [String],
    /// The service account.
    pub own: UserId,
}

impl Past {
    /// Of these changes and follow-ups; private ones are left out.
    pub fn of(changes: Vec<TicketChange>, followups: &[Followup]) -> Self {
        let said = followups.iter().filter(|followup| !followup.private).map(Utterance::from).collect();
        Self { changes, said }
    }
}

impl From<&Followup> for Utterance {
    fn from(followup: &Followup) -> Self {
        let content = followup.content.as_str();
        let opening = FollowupOpening::read(content);
        let written = opening.as_ref().map_or(content, |opening| &content[opening.end..]);
        Self {
            at: followup.written,
            author: followup.author,
            is_automatic: LeftOut::is_told_by(content),
            asks: asks(written),
            named: opening.and_then(|opening| opening.author),
        }
    }
}

impl Requesters<'_> {
    /// Who said this.
    pub fn speaker(&self, said: &Utterance) -> Speaker {
        if self.accounts.contains(&said.author) {
            return Speaker::Requester;
        }
        let is_service_account = said.author.get() == 0 || said.author == self.own;
        match &said.named {
            Some(address) if is_service_account && self.addresses.iter().any(|other| other == address.as_str()) => {
                Speaker::Requester
            }
            None if is_service_account && said.is_automatic => Speaker::Service,
            // Whoever uses the account for themselves, too.
            _ => Speaker::Staff,
        }
    }
}
