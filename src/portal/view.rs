//! One request with its timeline, as its requester may see it.

use std::{borrow::Cow, collections::BTreeSet};

use jiff::Zoned;

use super::{
    access::Portal,
    error::PortalError,
    events::{Event, EventKind, Happened},
    known_requester::KnownRequester,
    listing::Row,
    own::{AttachedFile, Contribution, Kind},
};
use crate::{
    figures::ExpectedDelay,
    glpi::GlpiError,
    id::{DocumentId, SolutionId, TicketId, UserId},
    offload,
    request::{Address, FollowupOpening, LeftOut},
    text::glpi_html,
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
    /// What happened, oldest first; the first is the deposit.
    pub events: Vec<Event>,
    /// How long a request of its application will probably take.
    pub expected: Option<ExpectedDelay>,
}

/// A line of what was said and what happened, together.
#[derive(Clone, Copy, Debug)]
pub enum Line<'a> {
    /// Somebody said something.
    Said(&'a Entry),
    /// Something happened.
    Happened(&'a Event),
}

impl View {
    /// What was said and what happened, oldest first. The deposit and the solutions with their words are what was said.
    pub fn lines(&self) -> Vec<Line<'_>> {
        let solutions: Vec<_> = self.timeline.iter().filter(|entry| matches!(entry.kind, Kind::Solution(_))).collect();
        let is_said = |event: &&Event| match event.kind {
            EventKind::Deposited => true,
            EventKind::Proposed => solutions.iter().any(|solution| solution.written == event.at),
            _ => false,
        };
        // Who takes it in charge does so before they write; what a message does, it does afterwards.
        let of_events = self.events.iter().filter(|event| !is_said(event)).map(|event| {
            let place = if event.kind == EventKind::Taken { 1 } else { 3 };
            ((event.at.clone(), place), Line::Happened(event))
        });
        let said = self.timeline.iter().enumerate().map(|(index, entry)| {
            let place = if index == 0 { (None, 0) } else { (entry.written.clone(), 2) };
            (place, Line::Said(entry))
        });
        let mut lines: Vec<_> = said.chain(of_events).collect();
        lines.sort_by(|(one, _), (other, _)| one.cmp(other));
        lines.into_iter().map(|(_, line)| line).collect()
    }
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
    /// What was said: sanitised HTML, without what the gateway writes before and after it.
    pub html: String,
    /// What the service says of it, sanitised HTML: which files were left out, and why. Mostly nothing.
    pub service: String,
    /// Its files.
    pub documents: Vec<AttachedFile>,
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
    /// The service, of its own.
    Service,
}

impl Author {
    /// As people read it.
    pub fn label(&self) -> &str {
        match self {
            Self::You => "Vous",
            Self::Person(name) | Self::Group(name) => name,
            Self::Service => "Message automatique de l’assistance",
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
        let wrote = own.parts.iter().filter(|part| part.kind != Kind::Opening).map(|part| part.author);
        let people = wrote.chain(own.events.iter().filter_map(|happened| happened.by)).chain(own.found.technician());
        let is_named = |person: &UserId| person.get() != 0 && known.account != Some(*person);
        self.glpi.directory().learn_names(people.filter(is_named)).await?;
        let mut authors = Vec::with_capacity(own.parts.len());
        for part in &own.parts {
            authors.push(self.author(part, &known, own.found.made_by.as_ref(), group).await?);
        }
        let row = self.row(&own.found).await?;
        let mut events = Vec::with_capacity(own.events.len());
        for happened in &own.events {
            events.push(self.event(happened).await?);
        }
        let solution = own.solution.filter(|_| row.to_approve);
        let expected = row.application.as_deref().and_then(|application| self.expected_delay(application));
        let written: Vec<_> = own.parts.iter().map(|part| self.moment(part.written)).collect();
        let bytes = own.parts.iter().map(|part| part.content.len()).sum();
        // Sanitising a long timeline takes its time.
        let timeline = offload::by_size(bytes, async move {
            let visible: BTreeSet<DocumentId> = own.documents().map(|document| document.id).collect();
            let end = own.found.opening.as_ref().map_or(0, |opening| opening.end);
            let entry = |((part, author), written): ((&Contribution, Author), Option<Zoned>)| {
                let Words { said, service } = Words::of(part, end);
                let show = |html: &str| glpi_html::show(html, &visible, address.clone());
                let (shown, service) = (show(&said), show(service).html);
                let mut documents = part.documents.clone();
                for document in &mut documents {
                    document.is_shown = shown.mentioned.contains(&document.id);
                }
                Entry { kind: part.kind, author, written, html: shown.html, service, documents }
            };
            own.parts.iter().zip(authors).zip(written).map(entry).collect()
        })
        .await;
        Ok(View { row, solution, timeline, events, expected })
    }

    /// What happened, with the names of who did it.
    async fn event(&self, happened: &Happened) -> Result<Event, GlpiError> {
        let by = match happened.by {
            Some(account) => Some(self.glpi.directory().name(account).await?).filter(|name| !name.is_empty()),
            None => None,
        };
        let (to, reason) = (happened.to.clone(), happened.reason.clone());
        Ok(Event { kind: happened.kind, at: self.moment(happened.at), by, to, reason })
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
        if let Some(maker) = made_by.filter(|_| part.kind == Kind::Opening) {
            return Ok(Author::Person(maker.to_string()));
        }
        if part.kind == Kind::Opening || known.account.is_some_and(|account| account == part.author) {
            return Ok(Author::You);
        }
        if part.author.get() == 0 || part.author == self.glpi.own_account().await? {
            let named = FollowupOpening::read(&part.content).and_then(|opening| opening.author);
            return Ok(match named {
                Some(address) if address == *known.address => Author::You,
                Some(address) => Author::Person(address.as_str().to_owned()),
                None if LeftOut::is_told_by(&part.content) => Author::Service,
                None => service(),
            });
        }
        let name = self.glpi.directory().name(part.author).await?;
        Ok(if name.is_empty() { service() } else { Author::Person(name) })
    }
}

/// What of a text its author said, and what the gateway says of it.
struct Words<'a> {
    said: Cow<'a, str>,
    service: &'a str,
}

impl<'a> Words<'a> {
    /// Of an entry's content; that of the request itself begins after `end` bytes.
    fn of(part: &'a Contribution, end: usize) -> Self {
        let content = part.content.as_str();
        if part.kind == Kind::Opening {
            let (said, service) = apart(&content[end..]);
            return Self { said: Cow::Borrowed(said), service };
        }
        let Some(opening) = FollowupOpening::read(content) else { return Self { said: content.into(), service: "" } };
        let (said, service) = apart(&content[opening.end..]);
        let said = match opening.copies {
            Some(copies) => format!("{said}<p><em>Copie à\u{a0}: {copies}</em></p>").into(),
            None => Cow::Borrowed(said),
        };
        Self { said, service }
    }
}

/// A text, and the list of what was left out of it.
fn apart(content: &str) -> (&str, &str) {
    content.split_at(LeftOut::lists(content).last().unwrap_or(content.len()))
}
