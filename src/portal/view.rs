//! One request with its timeline, as its requester may see it.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Zoned;

use super::{
    access::Portal,
    error::PortalError,
    html,
    known_requester::KnownRequester,
    listing::{FoundRequest, Row},
};
use crate::{
    glpi::{self, ActorRole, Criterion, Followup, GlpiError, Solution, SolutionStatus},
    id::{DocumentId, SolutionId, TicketId, UserId},
    request::{Address, FollowupOpening},
};

/// Entries of a timeline whose files are read at the same time.
const AT_A_TIME: usize = 2;

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

/// What an entry of the timeline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request itself.
    Opening,
    /// A follow-up, the requester's or staff's.
    Followup,
    /// A solution, and what the requester made of it.
    Solution(SolutionState),
}

/// What became of a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SolutionState {
    /// It waits for the requester's approval.
    Waiting,
    /// It was accepted, or closed without a word.
    Accepted,
    /// It was refused.
    Refused,
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

/// A file of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// GLPI's number of it.
    pub id: DocumentId,
    /// The file's name.
    pub name: String,
    /// Its media type, as GLPI knows it.
    pub media_type: String,
    /// Whether the text it belongs to shows it.
    pub is_shown: bool,
}

/// A request that is this person's: all of it that they may see.
pub(super) struct Own {
    found: FoundRequest,
    solution: Option<SolutionId>,
    parts: Vec<Contribution>,
}

/// What becomes an entry.
struct Contribution {
    kind: Kind,
    author: UserId,
    written: Option<jiff::civil::DateTime>,
    content: String,
    documents: Vec<Document>,
}

impl Own {
    /// Every document of it.
    pub(super) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.parts.iter().flat_map(|part| &part.documents)
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
        let visible: BTreeSet<DocumentId> = own.documents().map(|document| document.id).collect();
        let group = own.found.summary.groups.first().map_or("Assistance", |path| path.as_str()).to_owned();
        let Own { found, solution, parts } = own;
        let mut authors = Vec::with_capacity(parts.len());
        for part in &parts {
            authors.push(self.author(part, &known, &group).await?);
        }
        let end = found.opening.as_ref().map_or(0, |opening| opening.end);
        let row = self.row(found).await?;
        let written: Vec<_> = parts.iter().map(|part| self.moment(part.written)).collect();
        // Sanitising a long timeline takes its time.
        let timeline = tokio::task::spawn_blocking(move || {
            let entry = |((part, author), written): ((Contribution, Author), Option<Zoned>)| {
                let content = if part.kind == Kind::Opening { &part.content[end..] } else { &part.content };
                let shown = html::show(content, &visible, address.clone());
                let mut documents = part.documents;
                for document in &mut documents {
                    document.is_shown = shown.mentioned.contains(&document.id);
                }
                Entry { kind: part.kind, author, written, html: shown.html, documents }
            };
            parts.into_iter().zip(authors).zip(written).map(entry).collect()
        })
        .await?;
        let solution = solution.filter(|_| row.to_approve);
        Ok(View { row, solution, timeline })
    }

    /// Reads all of a request that its requester may see.
    pub(super) async fn own(&self, requester: &Address, number: TicketId) -> Result<Own, PortalError> {
        let known = self.known(requester).await?;
        let (ticket, people) = tokio::try_join!(self.glpi.ticket(number), self.glpi.ticket_users(number))?;
        let is_theirs = people.iter().any(|person| person.role == ActorRole::Requester && known.is(&person.who));
        if !is_theirs {
            return Err(PortalError::NotFound);
        }
        if ticket.deleted {
            return Err(PortalError::Merged(self.merged(&known, number).await?));
        }
        let summary = self.glpi.search_tickets(&[Criterion::Id(number)], 1).await?;
        let mut summary = summary.into_iter().find(|summary| summary.id == number).ok_or(PortalError::NotFound)?;
        let (followups, solutions) =
            tokio::try_join!(self.glpi.ticket_followups(number), self.glpi.ticket_solutions(number))?;
        let solution = solutions.last().map(|solution| solution.id);
        // The opening is measured in the very text that is shown.
        summary.content.clone_from(&ticket.content);
        let found = FoundRequest::new(summary, &self.mappings.now());
        let opening = Contribution {
            kind: Kind::Opening,
            author: known.account.unwrap_or_default(),
            written: ticket.opened,
            content: ticket.content,
            documents: documents(self.glpi.ticket_documents(number).await?),
        };
        // A few at a time: GLPI's sessions are there for new requests first.
        let public = followups.into_iter().filter(|followup| !followup.private);
        let said = stream::iter(public.map(|it| self.followup(it))).buffered(AT_A_TIME).try_collect::<Vec<_>>().await?;
        let solved = stream::iter(solutions.into_iter().map(|solution| self.solution(solution)));
        let solved = solved.buffered(AT_A_TIME).try_collect::<Vec<_>>().await?;
        let mut parts: Vec<Contribution> = said.into_iter().chain(solved).collect();
        parts.sort_by_key(|part| part.written);
        parts.insert(0, opening);
        Ok(Own { found, solution, parts })
    }

    async fn followup(&self, followup: Followup) -> Result<Contribution, GlpiError> {
        Ok(Contribution {
            kind: Kind::Followup,
            author: followup.author,
            written: followup.written,
            documents: documents(self.glpi.documents_of(followup.id.into()).await?),
            content: followup.content,
        })
    }

    async fn solution(&self, solution: Solution) -> Result<Contribution, GlpiError> {
        let verdict = match solution.status {
            SolutionStatus::Waiting => SolutionState::Waiting,
            SolutionStatus::Refused => SolutionState::Refused,
            SolutionStatus::Accepted | SolutionStatus::Other(_) => SolutionState::Accepted,
        };
        Ok(Contribution {
            kind: Kind::Solution(verdict),
            author: solution.author,
            written: solution.written,
            documents: documents(self.glpi.documents_of(glpi::DocumentHolder::Solution(solution.id)).await?),
            content: solution.content,
        })
    }

    /// Who an entry is of. The service account writes for whoever has no account: then its text names their address.
    async fn author(&self, part: &Contribution, known: &KnownRequester<'_>, group: &str) -> Result<Author, GlpiError> {
        let service = || Author::Group(group.rsplit(" > ").next().unwrap_or(group).to_owned());
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

fn documents(documents: Vec<glpi::Document>) -> Vec<Document> {
    let mut documents: Vec<Document> = documents
        .into_iter()
        .map(|document| Document { id: document.id, name: document.name, media_type: document.mime, is_shown: false })
        .collect();
    documents.sort_by_key(|document| document.id);
    documents.dedup_by_key(|document| document.id);
    documents
}
