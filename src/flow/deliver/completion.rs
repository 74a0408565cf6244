//! Completing what GLPI made in part: it writes the row, then the files, then the actors, and can die in between.
//!
//! Each step converges and is read back: broken off anywhere and begun anew, it ends in one whole ticket, in which no
//! person, group or file is twice. What GLPI refuses for good is named in the ticket.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    archive,
    attachments::{self, Chosen},
    deliverer::Deliverer,
    dropped, left_out,
    undelivered::Undelivered,
};
use crate::{
    glpi::{
        ActorRole, Amendment, Document, DocumentHolder, Effect, FileFate, FileOutcome, Followup, GlpiError,
        NewFollowup, NewTicket, Requester, TakenInCharge, Ticket, TicketGroup, TicketStatus, TicketUser, Trouble,
        Upload,
    },
    id::{EntityId, FollowupId, GroupId, TicketId},
    request::LeftOut,
    text::Bilingual,
};

/// How often a ticket is read back and what is missing added; what GLPI loses so often is left to the next try.
const ROUNDS: usize = 5;
/// How often one file may make GLPI fail before it is held for one it cannot take.
const FAILURES_OF_A_FILE: u32 = 2;

/// What a ticket is to have beside its row.
pub(super) struct Wanted<'a> {
    pub new: &'a NewTicket,
    /// The requester's address, for where GLPI does not take the account.
    pub address: &'a str,
}

/// A ticket as it is now.
struct State {
    ticket: Ticket,
    users: Vec<TicketUser>,
    groups: Vec<TicketGroup>,
    documents: Vec<Document>,
}

/// A ticket, or a follow-up of one, that has files.
#[derive(Clone, Copy)]
struct Holder {
    itself: DocumentHolder,
    ticket: TicketId,
    entity: Option<EntityId>,
}

/// What GLPI said of files, and how often it failed over one.
#[derive(Default)]
struct Complaints {
    said: BTreeMap<String, String>,
    failures: BTreeMap<String, u32>,
}

/// What is completed.
#[derive(Clone, Copy)]
enum Item<'a> {
    Ticket(TicketId, &'a Wanted<'a>),
    Followup(FollowupId, &'a NewFollowup),
}

/// What is known of an item from one reading to the next.
struct Progress {
    round: usize,
    complaints: Complaints,
    tries_for_requester: u32,
    /// Whether the ticket counted as taken in charge at first.
    was_taken: Option<bool>,
}

impl Complaints {
    /// What GLPI said when it made the item.
    fn of(files: &[FileOutcome]) -> Self {
        let said = files.iter().filter_map(|file| match &file.fate {
            FileFate::NotTaken(words) if !words.is_empty() => Some((file.name.clone(), words.clone())),
            FileFate::NotTaken(_) | FileFate::Taken | FileFate::Unknown => None,
        });
        Self { said: said.collect(), failures: BTreeMap::new() }
    }
}

impl Deliverer {
    /// Adds to a ticket whatever it lacks, until it is whole; gives whether its requester is the account it was to be.
    /// A ticket that is solved, closed or in the bin is in people's hands and stays as it is.
    ///
    /// # Errors
    ///
    /// It is not whole, or nobody can say whether it is: another try goes on with it.
    pub(super) async fn complete_ticket(
        &self,
        id: TicketId,
        wanted: &Wanted<'_>,
        files: &[FileOutcome],
        chosen: &mut Chosen,
    ) -> Result<bool, Undelivered> {
        self.in_rounds(Item::Ticket(id, wanted), files, chosen).await
    }

    /// Adds what a ticket lacks; whether its requester is the account it was to be, once it is whole.
    async fn complete_ticket_once(
        &self,
        id: TicketId,
        wanted: &Wanted<'_>,
        progress: &mut Progress,
        chosen: &mut Chosen,
    ) -> Result<Option<bool>, Undelivered> {
        let state = match self.state(id).await {
            Ok(state) => state,
            // In the sight of others now: a rule moved it.
            Err(GlpiError::NotFound) => return Ok(Some(false)),
            Err(error) => return Err(incomplete(id, &error.to_string())),
        };
        if state.ticket.deleted || is_beyond_work(state.ticket.status) {
            return Ok(Some(has_account(&state.users, wanted.new)));
        }
        let is_taken = state.ticket.taken_into_account.is_some();
        let is_taken_by_us = is_taken && progress.was_taken == Some(false);
        progress.was_taken.get_or_insert(is_taken);

        let lacks_requester = lacks_requester(&state.users, wanted.new) && progress.tries_for_requester < 2;
        if lacks_requester {
            progress.tries_for_requester += 1;
            self.add_requester(id, wanted, progress.tries_for_requester == 1)
                .await
                .map_err(|error| incomplete(id, &error))?;
        }
        let observers = lacking_observers(&state.users, wanted.new);
        for observer in &observers {
            // Whom GLPI does not take is named in the text.
            if let Err(error @ GlpiError::Unavailable { .. }) =
                self.glpi.add_user(id, observer, ActorRole::Observer).await
            {
                return Err(incomplete(id, &error.to_string()));
            }
        }
        let groups = lacking_groups(&state, wanted.new);
        if !groups.is_empty() {
            match self.glpi.add_groups(id, &groups).await {
                // Some or all may be there: the next reading tells.
                Ok(()) | Err(GlpiError::AnswerLost { .. } | GlpiError::Rejected { .. }) => {}
                Err(error) => return Err(incomplete(id, &error.to_string())),
            }
        }
        let holder = Holder { itself: id.into(), ticket: id, entity: state.ticket.entity };
        let adds_files = self.add_files(holder, &state.documents, chosen, &mut progress.complaints).await?;
        if adds_files {
            return Ok(None);
        }
        let changes = self.changes(&state, wanted.new, chosen, holder);
        let amended = if let Some(changes) = &changes { self.glpi.amend_ticket(id, changes).await } else { Ok(()) };
        let untaken = if is_taken_by_us { self.glpi.untake(id).await } else { Ok(()) };
        written(id, amended)?;
        written(id, untaken)?;
        if lacks_requester
            || !observers.is_empty() && progress.round < 2
            || !groups.is_empty()
            || changes.is_some()
            || is_taken_by_us
        {
            return Ok(None);
        }
        if self.name_left_out(id, FollowupId::default(), &state.ticket.content, chosen).await? {
            let has_account = has_account(&state.users, wanted.new);
            if progress.tries_for_requester > 0 {
                dropped::count(is_served(&state.users, wanted.new));
            }
            return Ok(Some(has_account));
        }
        Ok(None)
    }

    /// Reads an item and adds what it lacks, again and again, until it is whole.
    async fn in_rounds(&self, item: Item<'_>, files: &[FileOutcome], chosen: &mut Chosen) -> Result<bool, Undelivered> {
        let (ticket, called) = match item {
            Item::Ticket(id, _) => (id, "it"),
            Item::Followup(_, new) => (new.ticket, "its follow-up"),
        };
        let mut progress =
            Progress { round: 0, complaints: Complaints::of(files), tries_for_requester: 0, was_taken: None };
        let rounds = async {
            while progress.round < ROUNDS {
                let whole = match item {
                    Item::Ticket(id, wanted) => {
                        Box::pin(self.complete_ticket_once(id, wanted, &mut progress, chosen)).await?
                    }
                    Item::Followup(id, new) => {
                        Box::pin(self.complete_followup_once(id, new, &mut progress, chosen)).await?
                    }
                };
                if let Some(has_account) = whole {
                    return Ok(has_account);
                }
                progress.round += 1;
            }
            Err(incomplete(ticket, &format!("what was added to {called} is not there")))
        };
        let ended = tokio::time::timeout(self.longest_creation, rounds).await;
        ended.unwrap_or_else(|_| Err(incomplete(ticket, &format!("{called} is not completed in time"))))
    }

    async fn state(&self, id: TicketId) -> Result<State, GlpiError> {
        let (ticket, users, groups, documents) = tokio::try_join!(
            self.glpi.ticket(id),
            self.glpi.ticket_users(id),
            self.glpi.ticket_groups(id),
            self.glpi.ticket_documents(id),
        )?;
        Ok(State { ticket, users, groups, documents })
    }

    /// Gives a ticket its requester: the account, else the address.
    async fn add_requester(&self, id: TicketId, wanted: &Wanted<'_>, is_first: bool) -> Result<(), String> {
        let address = Requester::Email(wanted.address.to_owned());
        let candidates = if is_first { [&wanted.new.requester, &address] } else { [&address, &address] };
        for (at, who) in candidates.into_iter().enumerate() {
            match self.glpi.add_user(id, who, ActorRole::Requester).await {
                Ok(()) | Err(GlpiError::AnswerLost { .. }) => {
                    tracing::warn!(
                        ticket = id.get(),
                        account = matches!(who, Requester::User(_)),
                        "GLPI had dropped a requester, who was added again"
                    );
                    return Ok(());
                }
                Err(error @ (GlpiError::Unavailable { .. } | GlpiError::TooLarge)) => return Err(error.to_string()),
                Err(error) if at == 1 => {
                    tracing::warn!(ticket = id.get(), %error, "GLPI does not take the requester of a ticket: the address stands in its text");
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Adds the files that are not there, one by one; gives whether there were any. What GLPI refuses is taken out of
    /// the choice, and goes in an archive where that is wanted.
    async fn add_files(
        &self,
        holder: Holder,
        documents: &[Document],
        chosen: &mut Chosen,
        complaints: &mut Complaints,
    ) -> Result<bool, Undelivered> {
        let there: BTreeSet<&str> = documents.iter().map(|document| document.sha1.as_str()).collect();
        let missing = chosen.uploads.iter().filter(|file| !there.contains(file.sha1())).cloned();
        let missing: Vec<Upload> = missing.collect();
        let mut added = BTreeSet::new();
        for file in &missing {
            if !added.insert(file.sha1()) {
                continue;
            }
            let fate = match complaints.said.remove(&file.name) {
                Some(words) => Ok(FileFate::NotTaken(words)),
                None => self.glpi.attach(holder.itself, holder.entity, file).await,
            };
            match fate {
                Ok(FileFate::Taken | FileFate::Unknown) => {}
                Ok(FileFate::NotTaken(words)) => {
                    self.learned.refusal(file, &words);
                    self.refused(file, left_out::why(&file.name, &words), chosen).await;
                }
                Err(GlpiError::TooLarge) => {
                    self.learned.file_is_too_large(file.bytes.len() as u64);
                    chosen.take_back(file, attachments::too_large_for_glpi());
                }
                Err(GlpiError::AnswerLost { why: Trouble::Status(500), .. }) => {
                    let failures = complaints.failures.entry(file.sha1().to_owned()).or_default();
                    *failures += 1;
                    // PHP dies of it each time, as of a picture that is cut in its header.
                    if *failures >= FAILURES_OF_A_FILE {
                        self.refused(
                            file,
                            Bilingual::new("GLPI cannot read this file", "GLPI ne peut pas lire ce fichier"),
                            chosen,
                        )
                        .await;
                    }
                }
                // The next reading tells whether it is there.
                Err(GlpiError::AnswerLost { .. }) => break,
                Err(error @ GlpiError::Unavailable { .. }) => {
                    return Err(incomplete(holder.ticket, &error.to_string()));
                }
                Err(error) => {
                    let is_carried =
                        matches!(holder.itself, DocumentHolder::Ticket(_)) && self.carry(holder.ticket, file).await?;
                    if is_carried {
                        chosen.carried(file);
                    } else {
                        tracing::warn!(ticket = holder.ticket.get(), %error, "a file cannot be added to its ticket");
                        chosen.take_back(file, left_out::refused());
                    }
                }
            }
        }
        Ok(!missing.is_empty())
    }

    /// Adds a file in a follow-up of its own, as an account may that has no right to add documents; gives whether GLPI
    /// took it. What version 11 leaves of one that it refuses then names the file.
    async fn carry(&self, ticket: TicketId, file: &Upload) -> Result<bool, Undelivered> {
        let fails = |error: GlpiError| incomplete(ticket, &error.to_string());
        let content_html = LeftOut::carried(&file.name);
        let left_out = LeftOut { name: file.name.clone(), why: left_out::refused() };
        let said = self.glpi.ticket_followups(ticket).await.map_err(fails)?;
        if said.iter().any(|followup| left_out.is_listed(&followup.content)) {
            return Ok(false);
        }
        let carrier = |said: &[Followup]| {
            said.iter().find(|followup| followup.content.contains(&content_html)).map(|followup| followup.id)
        };
        let mut there = carrier(&said);
        if there.is_none() {
            let followup = NewFollowup {
                ticket,
                content_html: content_html.clone(),
                author: None,
                private: false,
                request_type: None,
                effect: Effect::None,
            };
            let mut file = file.clone();
            file.tag = None;
            there = match self.glpi.add_followup(&followup, &[file]).await {
                Ok(created) => Some(created.id),
                Err(GlpiError::AnswerLost { .. }) => carrier(&self.glpi.ticket_followups(ticket).await.map_err(fails)?),
                Err(error @ GlpiError::Unavailable { .. }) => return Err(fails(error)),
                Err(_) => None,
            };
        }
        let Some(id) = there else { return Ok(false) };
        let documents = self.glpi.documents_of(id.into()).await.map_err(fails)?;
        if documents.iter().any(|document| document.sha1 == file.sha1()) {
            return Ok(true);
        }
        self.glpi.rewrite_followup(id, &LeftOut::list(&[left_out])).await.map_err(fails)?;
        Ok(false)
    }

    /// Takes a file out of the choice that GLPI does not take, and gives it a place in an archive where that is wanted.
    async fn refused(&self, file: &Upload, why: Bilingual, chosen: &mut Chosen) {
        let types = self.document_types().await;
        let takes_archives = !self.learned.taken(types.as_deref()).refuses(archive::SAMPLE);
        if !(self.limits.wrap && takes_archives && chosen.wrap(file)) {
            chosen.take_back(file, why);
        }
    }

    /// What is to be changed of the ticket's own fields: pictures without their place, category, status.
    fn changes(&self, state: &State, new: &NewTicket, chosen: &Chosen, holder: Holder) -> Option<Amendment> {
        let ticket = &state.ticket;
        let is_assigned = state.groups.iter().any(|group| group.role == ActorRole::Assigned);
        let content = self.with_pictures(&ticket.content, &state.documents, chosen, holder);
        let changes = Amendment {
            content_html: content,
            category: new.category.filter(|_| ticket.category.get() == 0),
            status: (is_assigned && ticket.status == TicketStatus::New).then_some(TicketStatus::Assigned),
            accepted: false,
            taken: None,
        };
        (changes != Amendment::default()).then_some(changes)
    }

    /// The content with the pictures GLPI has not put in their place, or with words there; `None` where all are.
    fn with_pictures(&self, content: &str, documents: &[Document], chosen: &Chosen, holder: Holder) -> Option<String> {
        let shown = chosen.uploads.iter().filter_map(|file| {
            let (tag, sha1) = (file.tag.as_deref()?, file.sha1());
            let document = documents.iter().find(|document| document.sha1 == sha1)?;
            Some((tag, document.id))
        });
        let shown = shown.fold(chosen.content(content), |content, (tag, document)| {
            // As `Toolbox::convertTagToImage` writes it.
            let page = format!(
                "{}/front/document.send.php?docid={document}&amp;itemtype=Ticket&amp;items_id={}",
                self.root, holder.ticket
            );
            let image = format!("<a href=\"{page}\" target=\"_blank\"><img alt=\"{tag}\" src=\"{page}\"></a>");
            attachments::replace_image(&content, tag, &image)
        });
        (shown != content).then_some(shown)
    }

    /// Names the files that are not in the ticket, unless its content or a follow-up after `after` does; gives whether
    /// all are named.
    async fn name_left_out(
        &self,
        ticket: TicketId,
        after: FollowupId,
        content: &str,
        chosen: &Chosen,
    ) -> Result<bool, Undelivered> {
        let mut unnamed = chosen.left_out.clone();
        unnamed.retain(|file| !file.is_listed(content));
        if unnamed.is_empty() {
            return Ok(true);
        }
        let said = self.glpi.ticket_followups(ticket).await.map_err(|error| incomplete(ticket, &error.to_string()))?;
        unnamed.retain(|file| !said.iter().any(|followup| followup.id > after && file.is_listed(&followup.content)));
        if unnamed.is_empty() {
            return Ok(true);
        }
        let followup = NewFollowup {
            ticket,
            content_html: LeftOut::list(&unnamed),
            author: None,
            private: false,
            request_type: None,
            effect: Effect::None,
        };
        match self.glpi.add_followup(&followup, &[]).await {
            Ok(_) => Ok(true),
            Err(GlpiError::AnswerLost { .. }) => Ok(false),
            Err(error @ GlpiError::Unavailable { .. }) => Err(incomplete(ticket, &error.to_string())),
            Err(error) => {
                tracing::warn!(ticket = ticket.get(), %error, files = unnamed.len(), "files GLPI dropped could not be named in the ticket");
                Ok(true)
            }
        }
    }

    /// Completes a follow-up: its files, its pictures, and what it was to do to its ticket.
    ///
    /// # Errors
    ///
    /// As [`Deliverer::complete_ticket`].
    pub(super) async fn complete_followup(
        &self,
        id: FollowupId,
        new: &NewFollowup,
        files: &[FileOutcome],
        chosen: &mut Chosen,
    ) -> Result<(), Undelivered> {
        self.in_rounds(Item::Followup(id, new), files, chosen).await.map(drop)
    }

    /// Adds what a follow-up lacks; gives something once it is whole.
    async fn complete_followup_once(
        &self,
        id: FollowupId,
        new: &NewFollowup,
        progress: &mut Progress,
        chosen: &mut Chosen,
    ) -> Result<Option<bool>, Undelivered> {
        let ticket = new.ticket;
        let fails = |error: GlpiError| incomplete(ticket, &error.to_string());
        let read = tokio::try_join!(
            self.glpi.ticket(ticket),
            self.glpi.ticket_groups(ticket),
            self.glpi.ticket_users(ticket),
            self.glpi.ticket_followups(ticket),
            self.glpi.documents_of(id.into()),
        );
        let (state, groups, users, followups, documents) = read.map_err(fails)?;
        let Some(followup) = followups.iter().find(|followup| followup.id == id) else {
            return Err(incomplete(ticket, "its follow-up is not there"));
        };
        let holder = Holder { itself: id.into(), ticket, entity: state.entity };
        if self.add_files(holder, &documents, chosen, &mut progress.complaints).await? {
            return Ok(None);
        }
        let content = self.with_pictures(&followup.content, &documents, chosen, holder);
        if let Some(content) = &content {
            written(ticket, self.glpi.rewrite_followup(id, content).await)?;
            // GLPI counts it as taking the ticket in charge.
            if state.taken_into_account.is_none() && new.effect != Effect::TakeInCharge {
                self.glpi.untake(ticket).await.map_err(fails)?;
            }
        }
        // One that was solved after this was written has had its answer.
        let solved_before = state.solved <= followup.written;
        let change = match new.effect {
            Effect::Reopen
                if state.status == TicketStatus::Pending || is_beyond_work(state.status) && solved_before =>
            {
                let is_assigned = groups.iter().any(|group| group.role == ActorRole::Assigned)
                    || users.iter().any(|user| user.role == ActorRole::Assigned);
                let status = Some(if is_assigned { TicketStatus::Assigned } else { TicketStatus::New });
                Some(Amendment { status, ..Amendment::default() })
            }
            Effect::Close if state.status == TicketStatus::Solved && solved_before => {
                Some(Amendment { status: Some(TicketStatus::Closed), accepted: true, ..Amendment::default() })
            }
            Effect::TakeInCharge if state.taken_into_account.is_none() => {
                taken(&state, followup).map(|taken| Amendment { taken: Some(taken), ..Amendment::default() })
            }
            Effect::None | Effect::Reopen | Effect::Close | Effect::TakeInCharge => None,
        };
        if let Some(change) = &change {
            written(ticket, self.glpi.amend_ticket(ticket, change).await)?;
        }
        let is_whole =
            content.is_none() && change.is_none() && self.name_left_out(ticket, id, &followup.content, chosen).await?;
        Ok(is_whole.then_some(true))
    }
}

/// Whether GLPI has dropped the requester: a business rule may have put another one there.
fn lacks_requester(users: &[TicketUser], new: &NewTicket) -> bool {
    !new.requester.is_nobody() && !is_served(users, new)
}

/// The people who are to watch and do not. Who has been given another role in it is in people's hands.
fn lacking_observers<'a>(users: &[TicketUser], new: &'a NewTicket) -> Vec<&'a Requester> {
    new.observers.iter().filter(|observer| !users.iter().any(|user| user.who == **observer)).collect()
}

fn is_served(users: &[TicketUser], new: &NewTicket) -> bool {
    new.requester.is_nobody() || users.iter().any(|user| user.role == ActorRole::Requester)
}

/// Whether the requester is the account that was found for it.
fn has_account(users: &[TicketUser], new: &NewTicket) -> bool {
    let account = matches!(new.requester, Requester::User(_));
    account && users.iter().any(|user| user.role == ActorRole::Requester && user.who == new.requester)
}

/// The groups a ticket lacks. A business rule may have replaced the assigned ones, and somebody who has taken the
/// ticket will do: none at all is what half a ticket has. Watching ones are missing unless others are there.
fn lacking_groups(state: &State, new: &NewTicket) -> Vec<(GroupId, ActorRole)> {
    let of = |role: ActorRole| -> Vec<GroupId> {
        state.groups.iter().filter(|group| group.role == role).map(|group| group.group).collect()
    };
    let (assigned, watching) = (of(ActorRole::Assigned), of(ActorRole::Observer));
    let is_taken = !assigned.is_empty() || state.users.iter().any(|user| user.role == ActorRole::Assigned);
    let mut lacking = Vec::new();
    if !is_taken {
        lacking.extend(new.assigned_groups.iter().map(|group| (*group, ActorRole::Assigned)));
    }
    if watching.iter().all(|group| new.observer_groups.contains(group)) {
        let missing = new.observer_groups.iter().filter(|group| !watching.contains(group));
        lacking.extend(missing.map(|group| (*group, ActorRole::Observer)));
    }
    lacking
}

/// Whether a ticket is solved or closed, or to be validated: nothing is added to it then.
pub(super) fn is_beyond_work(status: TicketStatus) -> bool {
    status.number() >= TicketStatus::Solved.number()
}

/// That a ticket was taken in charge by this follow-up; `None` where GLPI does not say when either was.
fn taken(ticket: &Ticket, by: &Followup) -> Option<TakenInCharge> {
    let (opened, at) = (ticket.opened?, by.written?);
    let after = u64::try_from(at.duration_since(opened).as_secs()).unwrap_or_default().max(1);
    Some(TakenInCharge { at, after })
}

/// What was written may be there also where GLPI's answer was lost: the next reading tells.
fn written(ticket: TicketId, result: Result<(), GlpiError>) -> Result<(), Undelivered> {
    match result {
        Ok(()) | Err(GlpiError::AnswerLost { .. }) => Ok(()),
        Err(error) => Err(incomplete(ticket, &error.to_string())),
    }
}

/// The end of a try that leaves a ticket to be completed by the next one.
fn incomplete(ticket: TicketId, why: &str) -> Undelivered {
    Undelivered::Unclear { cause: format!("ticket {ticket} is not whole yet: {why}") }
}
