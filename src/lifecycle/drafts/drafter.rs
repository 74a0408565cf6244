//! Drafts an article from a solved ticket, in GLPI.

use std::{cmp::Reverse, collections::BTreeSet};

use super::{
    DraftError,
    draft::{self, Draft, Sources, State},
    masks::Masks,
};
use crate::{
    config,
    flow::route::{Mapping, MappingStore, Mappings, Opening, requester_of},
    glpi::{
        ActorRole, Followup, Glpi, GlpiError, NewDraft, Requester, Solution, SolutionStatus, StoredArticle, Ticket,
        TicketUser,
    },
    id::{ArticleId, TicketId, UserId},
    lifecycle::note::{Cause, DraftNote, Note},
    request::LeftOut,
    text::{fold::words, html_text},
};

const DRAFTS: &str = "passerelle_articles_drafted_total";
/// Before the requester's name in a ticket's opening.
const REQUESTER: &str = "Demandeur";

/// That somebody wants an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftOrder {
    /// Who asks.
    pub by: String,
    /// The account whose own article it will be; without, that of the solution's author.
    pub author: Option<UserId>,
    /// What asks for it.
    pub cause: Cause,
}

/// An article that is drafted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// The ticket.
    pub ticket: TicketId,
    /// The article.
    pub article: ArticleId,
    /// Whether it is new, and not an earlier draft written again.
    pub is_new: bool,
    /// Its title.
    pub title: String,
    /// What was masked, in words; `None` where nothing was.
    pub masked: Option<String>,
    /// Its page in GLPI.
    pub link: String,
}

/// Drafts articles.
#[derive(Clone)]
pub struct Drafter {
    glpi: Glpi,
    mappings: MappingStore,
    site: String,
}

impl Drafter {
    /// A drafter over these mappings.
    pub fn new(config: &config::Glpi, glpi: Glpi, mappings: MappingStore) -> Self {
        metrics::describe_counter!(DRAFTS, "Articles drafted from tickets, by whether they are new.");
        for new in ["yes", "no"] {
            metrics::counter!(DRAFTS, "new" => new).increment(0);
        }
        Self { glpi, mappings, site: config.site().to_owned() }
    }

    /// The same drafter for what nobody waits for.
    #[must_use]
    pub fn in_background(&self) -> Self {
        Self { glpi: self.glpi.in_background(), ..self.clone() }
    }

    /// Drafts an article from a ticket that is solved, and says so in the ticket. A second time the first draft is
    /// written again, unless somebody has changed or published it. Call it while nobody else works on the ticket.
    ///
    /// # Errors
    ///
    /// Says why not. What was begun is found again by the next call.
    pub async fn draft(&self, ticket: TicketId, order: &DraftOrder) -> Result<Drafted, DraftError> {
        let read = match self.glpi.ticket(ticket).await {
            Ok(read) if !read.deleted => read,
            Ok(_) | Err(GlpiError::NotFound) => return Err(DraftError::NotFound(ticket)),
            Err(error) => return Err(error.into()),
        };
        let solutions = self.glpi.ticket_solutions(ticket).await?;
        let solution = solutions.iter().max_by_key(|solution| solution.id);
        let solution = solution.filter(|it| read.status.is_over() && it.status != SolutionStatus::Refused);
        let solution = solution.ok_or(DraftError::Unsolved)?;
        let mappings = self.mappings.now();
        let opening = Opening::read(&read.content, |name| mappings.find(name).is_some());
        let users = self.glpi.ticket_users(ticket).await?;
        let masks = self.masks(&read, opening.as_ref(), &users, &mappings).await?;
        let sources = Sources {
            ticket,
            title: &read.name,
            question: asked(&read.content, opening.as_ref()),
            solution: &solution.content,
        };
        let draft = Draft::new(&sources, masks).ok_or(DraftError::Intricate)?;
        let own = self.glpi.own_account().await?;
        let thread = self.glpi.ticket_followups(ticket).await?;
        let (article, is_new) = if let Some(earlier) = self.earlier(ticket, &thread, own).await? {
            self.rewrite(&earlier, &draft).await?;
            (earlier.id, false)
        } else {
            let author = order.author.unwrap_or_else(|| author(solution, &users, own));
            let application = opening.as_ref().and_then(|opening| mappings.find(&opening.application));
            (self.write(ticket, author, application, &draft).await?, true)
        };
        let link = format!("{}/front/knowbaseitem.form.php?id={article}", self.site);
        self.note(ticket, order, article, is_new, &draft, &link).await?;
        metrics::counter!(DRAFTS, "new" => if is_new { "yes" } else { "no" }).increment(1);
        tracing::info!(ticket = ticket.get(), article = article.get(), is_new, "an article is drafted");
        Ok(Drafted { ticket, article, is_new, title: draft.title, masked: draft.masked, link })
    }

    /// Who and what the texts may name.
    async fn masks(
        &self,
        ticket: &Ticket,
        opening: Option<&Opening>,
        users: &[TicketUser],
        mappings: &Mappings,
    ) -> Result<Masks, GlpiError> {
        let mut people = Vec::new();
        for user in users {
            match &user.who {
                Requester::User(account) => people.push(self.glpi.directory().name(*account).await?),
                Requester::Email(address) => people.push(local_part(address)),
            }
            people.push(local_part(&user.address));
        }
        people.extend(requester_of(&ticket.content).map(|address| local_part(address.as_str())));
        people.extend(opening.and_then(|opening| requester_name(&ticket.content[..opening.end])));
        let school = opening.and_then(Opening::school_name);
        let acronyms =
            mappings.all().iter().flat_map(|mapping| std::iter::once(&mapping.name).chain(&mapping.keywords));
        Ok(Masks::new(people.iter().map(String::as_str), school, acronyms.map(String::as_str)))
    }

    /// The draft that was made of the ticket earlier, if there is one.
    ///
    /// # Errors
    ///
    /// Where somebody has worked on it since.
    async fn earlier(
        &self,
        ticket: TicketId,
        thread: &[Followup],
        own: UserId,
    ) -> Result<Option<StoredArticle>, DraftError> {
        let notes = thread.iter().filter(|followup| followup.is_note_of(own));
        let drafted: BTreeSet<ArticleId> = notes
            .filter_map(|followup| match Note::parse(&followup.content)? {
                Note::Draft(note) => Some(note.article),
                Note::Move(_) | Note::Reminder(_) | Note::Refusal(_) | Note::NoDraft(_) => None,
            })
            .collect();
        let linked = self.glpi.articles_of_ticket(ticket).await?;
        let all: Vec<ArticleId> = linked.union(&drafted).copied().collect();
        let (articles, hidden) = self.glpi.stored_articles(&all).await?;
        if let Some(hidden) = hidden.into_iter().find(|article| drafted.contains(article)) {
            return Err(DraftError::Locked(hidden));
        }
        for article in articles {
            match draft::state(ticket, &article.name, &article.answer) {
                State::AsWritten if article.is_faq || self.glpi.has_readers(article.id).await? => {
                    return Err(DraftError::Changed(article.id));
                }
                State::AsWritten => return Ok(Some(article)),
                State::Changed => return Err(DraftError::Changed(article.id)),
                State::Another if drafted.contains(&article.id) => return Err(DraftError::Changed(article.id)),
                State::Another => {}
            }
        }
        Ok(None)
    }

    async fn rewrite(&self, earlier: &StoredArticle, draft: &Draft) -> Result<(), DraftError> {
        // The call before may not have come to its end.
        if draft::are_same((&earlier.name, &earlier.answer), (&draft.title, &draft.html)) {
            return Ok(());
        }
        match self.glpi.rewrite_article(earlier.id, &draft.title, &draft.html).await {
            Err(GlpiError::Denied { .. } | GlpiError::NotFound) => Err(DraftError::Locked(earlier.id)),
            written => Ok(written?),
        }
    }

    async fn write(
        &self,
        ticket: TicketId,
        author: UserId,
        application: Option<&Mapping>,
        draft: &Draft,
    ) -> Result<ArticleId, DraftError> {
        let category = match application {
            Some(mapping) => self.category(mapping).await?,
            None => None,
        };
        let (title, answer_html) = (draft.title.clone(), draft.html.clone());
        let article = match self.glpi.draft_article(&NewDraft { title, answer_html, author, ticket, category }).await {
            Err(GlpiError::Denied { .. }) => return Err(DraftError::Denied),
            made => made?,
        };
        // An account that may write into the FAQ and nowhere else.
        let (made, _) = self.glpi.stored_articles(&[article]).await?;
        if made.iter().any(|made| made.is_faq) {
            self.glpi.take_out_of_faq(article).await?;
        }
        Ok(article)
    }

    /// The category of the knowledge base that is named after an application: the deepest of several.
    async fn category(&self, mapping: &Mapping) -> Result<Option<u64>, GlpiError> {
        let called: Vec<_> = std::iter::once(&mapping.name).chain(&mapping.keywords).map(|name| words(name)).collect();
        let is_its = |path: &str| path.rsplit(" > ").next().is_some_and(|last| called.contains(&words(last)));
        let categories = self.glpi.knowledge_categories().await?;
        let its = categories.into_iter().filter(|(_, path)| is_its(path));
        Ok(its.max_by_key(|(id, path)| (path.matches(" > ").count(), Reverse(*id))).map(|(id, _)| id))
    }

    async fn note(
        &self,
        ticket: TicketId,
        order: &DraftOrder,
        article: ArticleId,
        is_new: bool,
        draft: &Draft,
        link: &str,
    ) -> Result<(), GlpiError> {
        let masked = match &draft.masked {
            Some(masked) => format!("Masqué\u{a0}: {masked}."),
            None => "Rien n’a été masqué.".to_owned(),
        };
        let note = DraftNote {
            article,
            is_new,
            place: format!(
                "Demandé par {}. À relire et à publier\u{a0}: «\u{a0}{}\u{a0}», {link}",
                order.by, draft.title
            ),
            masked: format!("{masked} Vérifiez qu’il ne reste rien qui désigne une personne."),
            cause: order.cause,
        };
        self.glpi.add_note(ticket, &Note::Draft(note.fit()).html()).await.map(drop)
    }
}

/// What was asked: without the gateway's own lines, signatures and quotes.
fn asked<'a>(content: &'a str, opening: Option<&Opening>) -> &'a str {
    let said = &content[opening.map_or(0, |opening| opening.end)..];
    let ends = [said.find("<details"), LeftOut::lists(said).next()].into_iter().flatten();
    &said[..ends.min().unwrap_or(said.len())]
}

/// The requester's name in a ticket's opening, where the directory knew it.
fn requester_name(opening: &str) -> Option<String> {
    let text = html_text::from_html(opening);
    let named = text.lines().find_map(|line| line.trim().strip_prefix(REQUESTER)?.trim_start().strip_prefix(':'))?;
    let name = named.split(',').next()?.trim();
    (!name.starts_with('(')).then(|| name.to_owned())
}

/// What an address says of its owner's name.
fn local_part(address: &str) -> String {
    address.split('@').next().unwrap_or_default().to_owned()
}

/// Whose article it is: the solution's author's, who knows it; the service account's where that is nobody of the helpdesk.
fn author(solution: &Solution, users: &[TicketUser], own: UserId) -> UserId {
    let is_it = |user: &TicketUser| user.role == ActorRole::Requester && user.who == Requester::User(solution.author);
    let is_requester = users.iter().any(is_it);
    if solution.author.get() == 0 || is_requester { own } else { solution.author }
}
