//! One request with its timeline, as its requester may see it.

use std::collections::BTreeSet;

use jiff::Zoned;

use super::{
    access::Portal,
    error::PortalError,
    html,
    known_requester::KnownRequester,
    listing::Row,
    own::{Contribution, Document, Kind},
};
use crate::{
    glpi::GlpiError,
    id::{DocumentId, SolutionId, TicketId},
    request::{Address, FollowupOpening, LeftOut},
};

/// A request with its timeline.
#[derive(Clone, Debug)]
pub struct View {
    /// The request in one line.
    pub row: Row,
    /// GLPI's number of the solution that waits for approval.
    pub solution: Option<SolutionId>,
    /// What was said, oldest first; the first is the request itself.
    pub timeline: Vec<Entry>,
}

/// Something said about a request.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Who said it.
    pub author: Author,
    /// When.
    pub written: Option<Zoned>,
    /// What was said: sanitised HTML.
    pub html: String,
    /// Its files.
    pub documents: Vec<Document>,
}

impl Entry {
    /// Whether it is the service's, and brings a file of the request that did not come with it.
    pub fn carries_a_file_of_the_request(&self) -> bool {
        self.kind == Kind::Followup && LeftOut::names_a_carried(&self.html)
    }
}

/// Who said something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The requester who looks at it.
    You,
    /// Somebody by their name.
    Person(String),
    /// The group at work, where no name is known; the service itself where there is none.
    Group(String),
}

impl Author {
    /// As people read it.
    pub fn label(&self) -> &str {
        match self {
            Self::You => "Vous",
            Self::Person(name) | Self::Group(name) => name,
        }
    }
}

impl Portal {
    /// A request of this person's. `address` gives a document's address, for the texts that show or link to it.
    ///
    /// # Errors
    ///
    /// [`PortalError::NotFound`] also for somebody else's; [`PortalError::Merged`] for one that was merged into another.
    pub async fn request<F>(&self, requester: &Address, number: TicketId, address: F) -> Result<View, PortalError>
    where
        F: Fn(DocumentId) -> String + Clone + Send + Sync + 'static,
    {
        let known = self.known(requester).await?;
        let own = self.own(requester, number).await?;
        let group = own.found.summary.groups.first().map_or("Assistance", |path| path.as_str());
        let mut authors = Vec::with_capacity(own.parts.len());
        for part in &own.parts {
            authors.push(self.author(part, &known, own.found.made_by.as_ref(), group).await?);
        }
        let row = self.row(&own.found).await?;
        let solution = own.solution.filter(|_| row.to_approve);
        let written: Vec<_> = own.parts.iter().map(|part| self.moment(part.written)).collect();
        // Sanitising a long timeline takes its time.
        let timeline = tokio::task::spawn_blocking(move || {
            let visible: BTreeSet<DocumentId> = own.documents().map(|document| document.id).collect();
            let end = own.found.opening.as_ref().map_or(0, |opening| opening.end);
            let entry = |((part, author), written): ((&Contribution, Author), Option<Zoned>)| {
                let content = if part.kind == Kind::Opening { &part.content[end..] } else { &part.content };
                let shown = html::show(content, &visible, address.clone());
                let mut documents = part.documents.clone();
                for document in &mut documents {
                    document.is_shown = shown.mentioned.contains(&document.id);
                }
                Entry { kind: part.kind, author, written, html: shown.html, documents }
            };
            own.parts.iter().zip(authors).zip(written).map(entry).collect()
        })
        .await?;
        Ok(View { row, solution, timeline })
    }

    /// Who an entry is of. The service account writes for whoever has no account: then its text names their address.
    async fn author(
        &self,
        part: &Contribution,
        known: &KnownRequester<'_>,
        made_by: Option<&Address>,
        group: &str,
    ) -> Result<Author, GlpiError> {
        let service = || Author::Group(group.rsplit(" > ").next().unwrap_or(group).to_owned());
        let is_another_s = |maker: &&Address| {
            part.kind == Kind::Opening || FollowupOpening::names(&part.content, maker)
        };
        if let Some(maker) = made_by.filter(is_another_s) {
            return Ok(Author::Person(maker.to_string()));
        }
        if part.kind == Kind::Opening || known.account.is_some_and(|account| account == part.author) {
            return Ok(Author::You);
        }
        if part.author.get() == 0 || part.author == self.glpi.own_account().await? {
            let is_theirs = FollowupOpening::names(&part.content, known.address);
            return Ok(if is_theirs { Author::You } else { service() });
        }
        let name = self.glpi.directory().name(part.author).await?;
        Ok(if name.is_empty() { service() } else { Author::Person(name) })
    }
}
