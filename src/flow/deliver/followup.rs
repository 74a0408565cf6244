//! What is written about a ticket becomes a follow-up of it, in the name of the person who wrote it.

use jiff::civil::DateTime;

use super::{
    attachments::Chosen,
    deliverer::Deliverer,
    left_out,
    making::{Made, New, request_type},
    undelivered::{Undelivered, not_made},
};
use crate::{
    flow::{
        ledger::{StandingClaim, oldest_ticket},
        screen::{Change, Copies, MayFollowUp, Reply, Thread},
    },
    glpi::{
        ActorRole, Effect, GlpiError, LONGEST_MERGE, NewFollowup, Requester, TicketOverview, TicketStatus, TicketUser,
    },
    id::{FollowupId, SolutionId, TicketId, UserId},
    request::{FollowupOpening, LeftOut, Origin, Received, Reference, SenderRole, Stage, TicketState, is_command},
    text::html_text::{from_html, to_html},
};

/// How far back the ticket of an answered receipt is searched for, hours: as far as anybody answers.
const LONGEST_THREAD: u32 = 400 * 24;

/// A ticket's last solution, whatever became of it, and since when the ticket waits for its requester's approval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proposed {
    /// GLPI's number of the solution; a ticket may be solved without.
    pub solution: Option<SolutionId>,
    /// Since when, in GLPI's time zone; `None` where it does not wait.
    pub solved: Option<DateTime>,
}

/// What was just read of a ticket, for the decision on its solution.
pub struct SeenTicket {
    /// `None` for one that a search does not show, as one in the bin.
    overview: Option<TicketOverview>,
    proposed: Proposed,
    /// Whether it is neither solved nor closed.
    is_open: bool,
    /// What its last solution says, as plain text.
    solution: String,
}

impl SeenTicket {
    /// What its requester may decide on.
    pub fn proposed(&self) -> Proposed {
        self.proposed
    }

    /// Whether it is neither solved nor closed.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether its last solution begins so.
    pub fn solution_begins(&self, words: &str) -> bool {
        self.solution.trim_start().starts_with(words)
    }
}

/// A ticket that is not in the bin.
struct Living {
    id: TicketId,
    title: String,
    status: TicketStatus,
    people: Vec<TicketUser>,
}

/// Whether a reply is added, or completed.
enum Attempt<'a> {
    /// It is added while this claim stands.
    First(StandingClaim<'a>),
    /// It is there already, as this follow-up under this name.
    Again(FollowupId, Reference),
}

impl Deliverer {
    /// What GLPI says of the ticket a reply is about.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn ticket_state(&self, reply: &Reply) -> Result<TicketState, Undelivered> {
        self.ask_ticket_state(reply).await.map_err(|error| not_made(&error))
    }

    async fn ask_ticket_state(&self, reply: &Reply) -> Result<TicketState, GlpiError> {
        let number = match reply.thread() {
            Thread::Ticket(number) | Thread::Mail(number) => Some(number),
            Thread::Request(reference) => {
                oldest_ticket(&self.glpi, &[reference], LONGEST_THREAD).await?.map(|ticket| ticket.number)
            }
        };
        let Some(number) = number else { return Ok(TicketState::Missing) };
        let overview = self.glpi.overview(number).await?;
        self.state_of(reply, number, overview).await
    }

    /// As [`Deliverer::ticket_state`], by what was just read of the ticket.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn state_as_seen(&self, reply: &Reply, seen: SeenTicket) -> Result<TicketState, Undelivered> {
        let state = match reply.thread() {
            Thread::Ticket(number) => self.state_of(reply, number, seen.overview).await,
            Thread::Mail(_) | Thread::Request(_) => self.ask_ticket_state(reply).await,
        };
        state.map_err(|error| not_made(&error))
    }

    async fn state_of(
        &self,
        reply: &Reply,
        number: TicketId,
        overview: Option<TicketOverview>,
    ) -> Result<TicketState, GlpiError> {
        let user = self.names.user(reply.requester()).await?;
        let is_requester = match &overview {
            Some(overview) => self.glpi.is_requester(overview, user, reply.requester().as_str()).await?,
            None => false,
        };
        let ticket = match overview {
            Some(TicketOverview { summary, .. }) => {
                let people = if is_requester { Vec::new() } else { self.glpi.ticket_users(number).await? };
                Living { id: number, title: summary.name, status: summary.status, people }
            }
            None => match self.living(number).await? {
                Some(ticket) => ticket,
                None => return Ok(TicketState::Missing),
            },
        };
        let Living { id: number, title, status, people } = ticket;
        let role = if is_requester { SenderRole::Requester } else { self.role(reply, number, user, &people).await? };
        let stage = match status {
            TicketStatus::Pending => Stage::Pending,
            TicketStatus::Solved => Stage::Solved,
            TicketStatus::Closed => Stage::Closed,
            TicketStatus::New
            | TicketStatus::Assigned
            | TicketStatus::Planned
            | TicketStatus::Validation
            | TicketStatus::Other(_) => Stage::Open,
        };
        let has_account = self.names.may_sign_in(reply.requester()).await?;
        let page = match role {
            SenderRole::Requester => self.pages.of_requester(number, has_account),
            SenderRole::Actor | SenderRole::Member | SenderRole::Technician | SenderRole::None => {
                self.pages.of_another(number, has_account)
            }
        };
        Ok(TicketState::Found { ticket: number, title, page, role, stage })
    }

    /// What somebody, with this account if any, is to a ticket of these people.
    async fn role(
        &self,
        reply: &Reply,
        ticket: TicketId,
        user: Option<UserId>,
        people: &[TicketUser],
    ) -> Result<SenderRole, GlpiError> {
        let theirs = people.iter().filter(|person| match &person.who {
            Requester::User(other) => Some(*other) == user,
            Requester::Email(email) => email.to_lowercase() == reply.requester().as_str(),
        });
        let least = if matches!(reply.thread(), Thread::Mail(_)) { SenderRole::Actor } else { SenderRole::None };
        let role = theirs.fold(least, |role, person| match person.role {
            ActorRole::Requester => SenderRole::Requester,
            ActorRole::Assigned if role != SenderRole::Requester => SenderRole::Technician,
            ActorRole::Observer if role == SenderRole::None => SenderRole::Actor,
            ActorRole::Assigned | ActorRole::Observer => role,
        });
        Ok(match user {
            Some(user)
                if matches!(role, SenderRole::None | SenderRole::Actor) && self.has_at_work(ticket, user).await? =>
            {
                SenderRole::Member
            }
            _ => role,
        })
    }

    /// The ticket that one in the bin was merged into, with the people of both; the ticket itself where it is in no bin.
    /// `None` where there is none.
    async fn living(&self, number: TicketId) -> Result<Option<Living>, GlpiError> {
        let (mut number, mut people) = (number, Vec::new());
        for _ in 0..=LONGEST_MERGE {
            match tokio::try_join!(self.glpi.ticket(number), self.glpi.ticket_users(number)) {
                Ok((ticket, of_it)) => {
                    people.extend(of_it);
                    if !ticket.deleted {
                        return Ok(Some(Living { id: ticket.id, title: ticket.name, status: ticket.status, people }));
                    }
                }
                Err(GlpiError::NotFound) => return Ok(None),
                Err(error) => return Err(error),
            }
            match self.glpi.merged_into(number).await? {
                Some(other) => number = other,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Whether a ticket is assigned to a group of this account.
    async fn has_at_work(&self, ticket: TicketId, user: UserId) -> Result<bool, GlpiError> {
        let (at_work, own) = tokio::try_join!(self.glpi.ticket_groups(ticket), self.glpi.groups_of_user(user))?;
        Ok(at_work.iter().any(|link| link.role == ActorRole::Assigned && own.contains(&link.group)))
    }

    /// Solves a ticket whose requester withdraws it. GLPI counts it as taken in charge at its solution, as any.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot do it.
    pub async fn solve(&self, ticket: TicketId, solution: &str) -> Result<(), Undelivered> {
        self.glpi.solve(ticket, &to_html(solution)).await.map_err(|error| not_made(&error))
    }

    /// Looks at a ticket whose requester decides on its solution.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn look(&self, ticket: TicketId) -> Result<SeenTicket, Undelivered> {
        self.ask_look(ticket).await.map_err(|error| not_made(&error))
    }

    async fn ask_look(&self, number: TicketId) -> Result<SeenTicket, GlpiError> {
        let overview = self.glpi.overview(number).await?;
        let (status, solved) = match &overview {
            Some(TicketOverview { summary, .. }) => (summary.status, summary.solved),
            None => match self.glpi.ticket(number).await {
                Ok(ticket) => (ticket.status, ticket.solved),
                Err(GlpiError::NotFound) => {
                    let (proposed, solution) = (Proposed::default(), String::new());
                    return Ok(SeenTicket { overview, proposed, is_open: false, solution });
                }
                Err(error) => return Err(error),
            },
        };
        let solutions = self.glpi.ticket_solutions(number).await?;
        let proposed = Proposed {
            solution: solutions.last().map(|solution| solution.id),
            solved: solved.filter(|_| status == TicketStatus::Solved),
        };
        let is_open = !matches!(status, TicketStatus::Solved | TicketStatus::Closed);
        let solution = solutions.last().map(|solution| from_html(&solution.content)).unwrap_or_default();
        Ok(SeenTicket { overview, proposed, is_open, solution })
    }

    /// Adds a reply to its ticket, with its files, and gives those that are not in it. A mail opens a pending or solved ticket again, as GLPI's own
    /// collector does it (`MailCollector::buildTicket`, `add_reopen`): its référents see it.
    ///
    /// # Errors
    ///
    /// Says whether it may have been added: the caller must not try again before that is settled.
    pub async fn follow_up(
        &self,
        reply: &Reply,
        accepted: MayFollowUp,
        claim: StandingClaim<'_>,
    ) -> Result<Vec<LeftOut>, Undelivered> {
        self.add_or_complete(reply, accepted, Attempt::First(claim)).await
    }

    /// Completes the follow-up of a reply that is there already, under this name, but was never confirmed; gives
    /// the files that are not in it.
    ///
    /// # Errors
    ///
    /// It is not whole yet: the reply must be tried again.
    pub async fn complete_reply(
        &self,
        reply: &Reply,
        accepted: MayFollowUp,
        reference: Reference,
    ) -> Result<Vec<LeftOut>, Undelivered> {
        let ticket = accepted.ticket();
        let cannot = |cause: String| Undelivered::Unclear { cause };
        match self.followup_of(ticket, reference).await.map_err(|error| cannot(error.to_string()))? {
            Some(id) => self.add_or_complete(reply, accepted, Attempt::Again(id, reference)).await,
            None => Err(cannot(format!("the follow-up in ticket {ticket} is gone"))),
        }
    }

    /// The files of a reply that were not added with it, as far as its files themselves say.
    pub async fn left_out_of(&self, reply: &Reply, ticket: TicketId) -> Vec<LeftOut> {
        let (received, _) = self.without_history(reply.received(), ticket);
        self.choose(&received).await.left_out
    }

    /// `again`: the follow-up that is there already.
    async fn add_or_complete(
        &self,
        reply: &Reply,
        accepted: MayFollowUp,
        attempt: Attempt<'_>,
    ) -> Result<Vec<LeftOut>, Undelivered> {
        let ticket = accepted.ticket();
        let author = self.names.user(reply.requester()).await.map_err(|error| not_made(&error))?;
        let (received, html) = self.without_history(reply.received(), ticket);
        let mut chosen = self.choose(&received).await;
        // As one that is typed in GLPI: the requester does not read it, and the sweep obeys it.
        let is_command = accepted.by_staff() && is_command(&received.body.html);
        let reference = match &attempt {
            Attempt::First(_) => received.reference,
            Attempt::Again(_, reference) => *reference,
        };
        let (opening, content) = (opening(reply, author.is_some(), reference), content(&html, &chosen));
        let new = NewFollowup {
            ticket,
            content_html: if is_command { format!("{content}<hr>{opening}") } else { format!("{opening}{content}") },
            author,
            private: is_command,
            request_type: Some(request_type(&received.origin)),
            effect: match accepted.change() {
                _ if is_command => Effect::None,
                Change::None => Effect::None,
                Change::Reopen => Effect::Reopen,
                Change::Close => Effect::Close,
                Change::Answer => Effect::TakeInCharge,
            },
        };
        let made = match attempt {
            Attempt::Again(id, _) => Made { id: id.get(), files: Vec::new(), is_whole: false },
            Attempt::First(claim) => {
                Box::pin(self.make(received.reference, &chosen, New::Followup(&new), claim)).await?
            }
        };
        if !made.is_whole {
            Box::pin(self.complete_followup(made.id.into(), &new, &made.files, &mut chosen)).await?;
        }
        if reply.copies().observers.is_empty() {
            return Ok(chosen.left_out);
        }
        self.add_observers(ticket, reply.copies()).await.map_err(|error| Undelivered::Unclear {
            cause: format!("whom the reply to ticket {ticket} was copied to cannot be added: {error}"),
        })?;
        Ok(chosen.left_out)
    }

    /// Lets those a reply was copied to watch its ticket, unless they have a part in it already. Whom GLPI does not
    /// take is named in the text.
    async fn add_observers(&self, number: TicketId, copies: &Copies) -> Result<(), GlpiError> {
        let (ticket, people) = tokio::try_join!(self.glpi.ticket(number), self.glpi.ticket_users(number))?;
        for observer in self.watching(copies, ticket.entity).await? {
            if people.iter().any(|person| person.who == observer) {
                continue;
            }
            let added = self.glpi.add_user(number, &observer, ActorRole::Observer).await;
            if let Err(error @ (GlpiError::Unavailable { .. } | GlpiError::AnswerLost { .. })) = added {
                return Err(error);
            }
        }
        Ok(())
    }

    pub(super) async fn followup_of(
        &self,
        ticket: TicketId,
        reference: Reference,
    ) -> Result<Option<FollowupId>, GlpiError> {
        let followups = self.glpi.ticket_followups(ticket).await?;
        Ok(followups.iter().find(|it| FollowupOpening::reference_of(&it.content) == Some(reference)).map(|it| it.id))
    }

    /// The reply and its text. What quotes a mail about this very ticket is left out, with its pictures, for
    /// GLPI has it, and is named as cut; any other history, and a signature alone, goes along folded away.
    fn without_history(&self, reply: &Received, ticket: TicketId) -> (Received, String) {
        let mut received = reply.clone();
        let html = match received.body.html.as_str() {
            "" => "<p><em>(message sans texte)</em></p>".to_owned(),
            html => html.to_owned(),
        };
        let Some(folded) = received.body.folded_html.take() else { return (received, html) };
        // As in GLPI's templates, in its subjects, and in the gateway's receipts.
        let marks = [format!("ticket_{ticket}"), format!("#{ticket:07}")];
        let is_about = |mark: &String| {
            let mut ends = folded.match_indices(mark.as_str()).map(|(at, found)| at + found.len());
            ends.any(|end| !folded[end..].starts_with(|c: char| c.is_ascii_digit()))
        };
        if marks.into_iter().chain(self.pages.all(ticket)).any(|mark| is_about(&mark)) {
            // An answer may stand between the lines.
            received.cut.push("les messages cités".to_owned());
            received.attachments.retain(|file| {
                file.inline_tag.as_ref().is_none_or(|tag| html.contains(tag.as_str()) || !folded.contains(tag.as_str()))
            });
            (received, html)
        } else {
            let html = format!("{html}<details><summary>Signature et messages précédents</summary>{folded}</details>");
            (received, html)
        }
    }
}

fn opening(reply: &Reply, has_account: bool, reference: Reference) -> FollowupOpening<'_> {
    FollowupOpening {
        reference,
        on_portal: matches!(reply.received().origin, Origin::Form(_)),
        arrived: reply.arrived(),
        author: (!has_account).then(|| reply.requester()),
        copies: reply.copies().named(),
    }
}

fn content(html: &str, chosen: &Chosen) -> String {
    format!(
        "{}{}{}",
        chosen.content(html),
        left_out::cut(&chosen.cut, chosen.holds_original()),
        LeftOut::list(&chosen.left_out)
    )
}
