//! Whether a ticket's requester is the person who asks, or a school of theirs.

use futures_util::future::try_join_all;

use super::access::Portal;
use crate::{
    glpi::{Glpi, GlpiError, Requester, TicketOverview},
    id::UserId,
    request::{Address, DirectoryAnswer},
};

/// What stands for the school's code in `directory.school_mailbox`.
const UAI: &str = "{uai}";

/// A requester, as GLPI may know them, with what else is theirs to see.
pub(super) struct KnownRequester<'a> {
    pub(super) address: &'a Address,
    pub(super) account: Option<UserId>,
    /// The mailboxes of the schools they direct.
    pub(super) mailboxes: Vec<Mailbox>,
    /// The codes of the schools whose every request they may see.
    pub(super) schools: Vec<String>,
}

/// A school's mailbox, as GLPI may know it.
pub(super) struct Mailbox {
    pub(super) address: Address,
    pub(super) account: Option<UserId>,
}

impl KnownRequester<'_> {
    /// Whether a ticket's requester is this person, or the mailbox of a school they direct.
    pub(super) fn is(&self, requester: &Requester) -> bool {
        let mailboxes = self.mailboxes.iter().map(|mailbox| (&mailbox.address, mailbox.account));
        std::iter::once((self.address, self.account)).chain(mailboxes).any(|(address, account)| match requester {
            Requester::User(user) => Some(*user) == account,
            Requester::Email(email) => email.to_lowercase() == address.as_str(),
        })
    }

    /// Whether an address, in lower case, is that of the mailbox of a school they direct.
    pub(super) fn has_mailbox(&self, address: &Address) -> bool {
        self.mailboxes.iter().any(|mailbox| mailbox.address == *address)
    }

    /// Which of these is among a ticket's requesters: the person, else a mailbox of theirs.
    pub(super) async fn among(&self, ticket: &TicketOverview, glpi: &Glpi) -> Result<Option<&Address>, GlpiError> {
        if glpi.is_requester(ticket, self.account, self.address.as_str()).await? {
            return Ok(Some(self.address));
        }
        for Mailbox { address, account } in &self.mailboxes {
            if glpi.is_requester(ticket, *account, address.as_str()).await? {
                return Ok(Some(address));
            }
        }
        Ok(None)
    }

    /// Whether they may see every request about the school with this code.
    pub(super) fn sees_school(&self, uai: Option<&String>) -> bool {
        uai.is_some_and(|uai| self.schools.contains(uai))
    }
}

impl Portal {
    /// What GLPI knows this person by, and what the directory says is theirs to see. Who directs which school only the
    /// directory says: where it cannot, a person sees their own requests alone.
    pub(super) async fn known<'a>(&self, address: &'a Address) -> Result<KnownRequester<'a>, GlpiError> {
        let own = async { self.glpi.directory().active_account(address.as_str()).await };
        let (account, schools) = tokio::join!(own, self.schools_of(address));
        let boxes = schools.iter().filter_map(|uai| Address::parse(&self.school_mailbox.replace(UAI, uai)));
        let boxes = boxes.filter(|mailbox| mailbox != address).map(async |address| {
            let account = self.glpi.directory().active_account(address.as_str()).await?;
            Ok::<_, GlpiError>(Mailbox { address, account })
        });
        let mailboxes = try_join_all(boxes).await?;
        let schools = if self.school_view { schools } else { Vec::new() };
        Ok(KnownRequester { address, account: account?, mailboxes, schools })
    }

    /// The codes of the schools this person directs, where that matters for what they see.
    async fn schools_of(&self, person: &Address) -> Vec<String> {
        if self.school_mailbox.is_empty() && !self.school_view {
            return Vec::new();
        }
        match self.people.find(person).await {
            DirectoryAnswer::Director(person) => person.schools().filter_map(|school| school.uai).collect(),
            DirectoryAnswer::Other(_) | DirectoryAnswer::Unknown { .. } => Vec::new(),
        }
    }
}
