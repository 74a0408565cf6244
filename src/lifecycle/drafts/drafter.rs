//! Drafts an article from a solved ticket, in GLPI.

use std::{cmp::Reverse, collections::BTreeSet};

use super::{
    DraftError,
    draft::{self, Draft, Sources, State},
    masks::Masks,
    told::{self, local_part},
};
use crate::{
    config,
    flow::route::{Mapping, MappingStore, Mappings, Opening},
    glpi::{
        ActorRole, Followup, Glpi, GlpiError, NewDraft, Requester, Solution, SolutionStatus, StoredArticle, Ticket,
        TicketStatus, TicketUser,
    },
    id::{ArticleId, TicketId, UserId},
    lifecycle::note::{Cause, DraftNote, Note},
    request::LeftOut,
    text::fold::words,
};

const DRAFTS: &str = "passerelle_articles_drafted_total";

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

impl DraftOrder {
    /// One that was given on a page of the gateway.
    pub fn of_page(by: String, author: Option<UserId>) -> Self {
        Self { by, author, cause: Cause::Page }
    }
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

/// What an article of a ticket would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftPreview {
    /// The ticket's title.
    pub title: String,
    /// Its page in GLPI.
    pub link: String,
    /// Its application, as far as that is known.
    pub application: Option<String>,
    /// What the article would say, or why there can be none.
    pub would_say: Result<WouldSay, DraftError>,
}

/// What an article would say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WouldSay {
    /// Its title.
    pub title: String,
    /// Its text, sanitised.
    pub html: String,
    /// What is masked, in words; `None` where nothing is.
    pub masked: Option<String>,
    /// The earlier draft that would be written again, and its page in GLPI.
    pub earlier: Option<(ArticleId, String)>,
    /// The name of the account whose article a new one would be, empty where GLPI shows none; `None` where it is the
    /// account of who asks.
    pub owner: Option<String>,
}

/// A draft that is not written yet.
struct Composed {
    draft: Draft,
    /// Whose article it is where nobody else asks for it.
    author: UserId,
}

/// Drafts articles.
#[derive(Clone)]
pub struct Drafter {
    glpi: Glpi,
    mappings: MappingStore,
    /// Where articles are.
    site: String,
    /// Where tickets are, with `{id}` for the number.
    ticket_page: String,
}

impl Drafter {
    /// A drafter over these mappings.
    pub fn new(config: &config::Glpi, glpi: Glpi, mappings: MappingStore) -> Self {
        metrics::describe_counter!(DRAFTS, "Articles drafted from tickets, by whether they are new.");
        for new in ["yes", "no"] {
            metrics::counter!(DRAFTS, "new" => new).increment(0);
        }
        Self { glpi, mappings, site: config.site().to_owned(), ticket_page: config.ticket_page() }
    }

    /// The same drafter for what nobody waits for.
    #[must_use]
    pub fn in_background(&self) -> Self {
        Self { glpi: self.glpi.in_background(), ..self.clone() }
    }

    /// What the article drafted from a ticket would say now, and to whom the ticket belongs; nothing is written. `author` is
    /// as in [`DraftOrder`].
    ///
    /// # Errors
    ///
    /// Where there is no such ticket, or GLPI cannot say.
    pub async fn preview(&self, ticket: TicketId, author: Option<UserId>) -> Result<DraftPreview, DraftError> {
        let read = self.read(ticket).await?;
        let mappings = self.mappings.now();
        let application = self.application(&read, &mappings).await?.map(|mapping| mapping.name.clone());
        let would_say = match self.would_say(&read, author, &mappings).await {
            Err(error @ DraftError::Glpi(_)) => return Err(error),
            said => said,
        };
        let link = self.ticket_page.replace("{id}", &ticket.to_string());
        Ok(DraftPreview { title: read.name, link, application, would_say })
    }

    async fn would_say(
        &self,
        read: &Ticket,
        asking: Option<UserId>,
        mappings: &Mappings,
    ) -> Result<WouldSay, DraftError> {
        let Composed { draft, author } = self.compose(read, mappings).await?;
        let own = self.glpi.own_account().await?;
        let thread = self.glpi.ticket_followups(read.id).await?;
        let earlier = self.earlier(read.id, &thread, own).await?;
        let earlier = earlier.map(|earlier| (earlier.id, self.link(earlier.id)));
        let owner = match asking {
            Some(_) => None,
            None => Some(self.glpi.directory().name(author).await?),
        };
        Ok(WouldSay { title: draft.title, html: draft.html, masked: draft.masked, earlier, owner })
    }

    /// Drafts an article from a ticket that is solved, and says so in the ticket. A second time the first draft is
    /// written again, unless somebody has changed or published it. Call it while nobody else works on the ticket.
    ///
    /// # Errors
    ///
    /// Says why not. What was begun is found again by the next call.
    pub async fn draft(&self, ticket: TicketId, order: &DraftOrder) -> Result<Drafted, DraftError> {
        let read = self.read(ticket).await?;
        let mappings = self.mappings.now();
        let Composed { draft, author } = self.compose(&read, &mappings).await?;
        let own = self.glpi.own_account().await?;
        let thread = self.glpi.ticket_followups(ticket).await?;
        let (article, is_new) = if let Some(earlier) = self.earlier(ticket, &thread, own).await? {
            if earlier.is_faq {
                // GLPI put it there, and whoever wrote it did not come to take it out and note it.
                self.take_out_of_faq(earlier.id).await?;
            }
            self.rewrite(&earlier, &draft).await?;
            (earlier.id, false)
        } else {
            let application = self.application(&read, &mappings).await?;
            (self.write(ticket, order.author.unwrap_or(author), application, &draft).await?, true)
        };
        let link = self.link(article);
        match self.note(ticket, order, article, is_new, &draft, &link).await {
            // GLPI adds none to a closed ticket by an account that could not open it again (`CommonITILObject::canReopen`):
            // the article is there, and its link to the ticket says of which it is.
            Err(GlpiError::NotAddable) if read.status == TicketStatus::Closed => {
                tracing::info!(
                    ticket = ticket.get(),
                    article = article.get(),
                    "the closed ticket has no note of its article"
                );
            }
            Err(GlpiError::NotAddable) => return Err(DraftError::Unnoted(article)),
            noted => noted?,
        }
        metrics::counter!(DRAFTS, "new" => if is_new { "yes" } else { "no" }).increment(1);
        tracing::info!(ticket = ticket.get(), article = article.get(), is_new, "an article is drafted");
        Ok(Drafted { ticket, article, is_new, title: draft.title, masked: draft.masked, link })
    }

    async fn read(&self, ticket: TicketId) -> Result<Ticket, DraftError> {
        match self.glpi.ticket(ticket).await {
            Ok(read) if !read.deleted => Ok(read),
            Ok(_) | Err(GlpiError::NotFound) => Err(DraftError::NotFound(ticket)),
            Err(error) => Err(error.into()),
        }
    }

    /// What an article of a ticket says as the ticket is now.
    async fn compose(&self, read: &Ticket, mappings: &Mappings) -> Result<Composed, DraftError> {
        let solutions = self.glpi.ticket_solutions(read.id).await?;
        let solution = solutions.iter().max_by_key(|solution| solution.id);
        let solution = solution.filter(|it| read.status.is_over() && it.status != SolutionStatus::Refused);
        let solution = solution.ok_or(DraftError::Unsolved)?;
        let own = self.glpi.own_account().await?;
        let opening = mappings.opening(&read.content);
        let users = self.glpi.ticket_users(read.id).await?;
        // Whoever wrote it: what it names is masked.
        let masks = self.masks(read, opening.as_ref(), &users, mappings).await?;
        let sources = Sources {
            ticket: read.id,
            title: &read.name,
            question: asked(&read.content, opening.as_ref().filter(|_| read.writer == own)),
            solution: &solution.content,
        };
        let draft = Draft::new(&sources, masks).ok_or(DraftError::Intricate)?;
        Ok(Composed { draft, author: author(solution, &users, own) })
    }

    /// The application of a ticket: what the gateway wrote into it, else the only one whose tickets have its category.
    async fn application<'a>(&self, read: &Ticket, mappings: &'a Mappings) -> Result<Option<&'a Mapping>, GlpiError> {
        // Anybody can write what looks like the gateway's opening; GLPI says who wrote the ticket.
        if read.writer == self.glpi.own_account().await?
            && let Some(mapping) = mappings.opening(&read.content).and_then(|it| mappings.find(&it.application))
        {
            return Ok(Some(mapping));
        }
        let shown = self.glpi.overview(read.id).await?;
        Ok(shown.and_then(|shown| mappings.of_category(&shown.summary.category)))
    }

    /// An article's page in GLPI.
    fn link(&self, article: ArticleId) -> String {
        format!("{}/front/knowbaseitem.form.php?id={article}", self.site)
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
        people.extend(told::people(&ticket.content[..opening.map_or(ticket.content.len(), |opening| opening.end)]));
        let school = opening.and_then(Opening::school_name);
        Ok(Masks::new(people.iter().map(String::as_str), school, told::acronyms(mappings)))
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
        // One that is linked and that nobody noted may be a draft, too: its writing was interrupted.
        if let Some(hidden) = hidden.into_iter().next() {
            return Err(DraftError::Locked(hidden));
        }
        for article in articles {
            match draft::state(ticket, &article.name, &article.answer) {
                State::AsWritten => {
                    let is_published = article.is_faq && drafted.contains(&article.id);
                    if is_published || self.glpi.has_readers(article.id).await? {
                        return Err(DraftError::Changed(article.id));
                    }
                    return Ok(Some(article));
                }
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
        // Not read of the article: GLPI 11 shows the account none of somebody else's that has no readers.
        if self.glpi.active_profile().await?.puts_articles_into_faq() {
            self.take_out_of_faq(article).await?;
        }
        Ok(article)
    }

    async fn take_out_of_faq(&self, article: ArticleId) -> Result<(), DraftError> {
        match self.glpi.take_out_of_faq(article).await {
            Err(GlpiError::Denied { .. } | GlpiError::NotFound) => Err(DraftError::InFaq(article)),
            taken => Ok(taken?),
        }
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

/// Whose article it is: the solution's author's, who knows it; the service account's where that is nobody of the helpdesk.
fn author(solution: &Solution, users: &[TicketUser], own: UserId) -> UserId {
    let is_it = |user: &TicketUser| user.role == ActorRole::Requester && user.who == Requester::User(solution.author);
    let is_requester = users.iter().any(is_it);
    if solution.author.get() == 0 || is_requester { own } else { solution.author }
}
