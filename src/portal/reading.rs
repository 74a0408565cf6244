//! Reads what of one request its requester may see: in four calls of GLPI, or five where it has a solution and its files
//! were not looked at lately.

use std::sync::Arc;

use super::{
    access::Portal,
    error::PortalError,
    events::{self, Known, NotedMove},
    found::{FoundRequest, OwnRequesters},
    own::{AttachedFile, Contribution, Kind, Own, SolutionState},
};
use crate::{
    course::Past,
    flow::route::requester_of,
    glpi::{self, DocumentHolder, Followup, Solution, SolutionStatus, TicketOverview},
    id::{TicketId, UserId},
    lifecycle::note::Note,
    request::Address,
};

impl Portal {
    /// All of a request that its requester may see; who asks for it at the same moment gets the same.
    pub(super) async fn own(&self, requester: &Address, number: TicketId) -> Result<Arc<Own>, PortalError> {
        // A future of many reads: boxed, it makes no other one large.
        self.readings.read(requester, number, Box::pin(self.read_own(requester, number))).await
    }

    async fn read_own(&self, requester: &Address, number: TicketId) -> Result<Own, PortalError> {
        let known = self.known(requester).await?;
        let Some(ticket) = self.glpi.overview(number).await? else { return Err(self.gone(&known, number).await?) };
        let among = known.among(&ticket, &self.glpi).await?.cloned();
        let has_solution = ticket.may_have_solution();
        let TicketOverview { summary, requesters: accounts, .. } = ticket;
        let opening = self.mappings.now().opening(&summary.content);
        // Whose it is, where they may see it; theirs, without a word.
        let made_by = match among {
            Some(one) if one == *known.address => None,
            Some(mailbox) => Some(mailbox),
            None if known.sees_school(opening.and_then(|opening| opening.uai).as_ref()) => {
                Some(requester_of(&summary.content).ok_or(PortalError::NotFound)?)
            }
            None => return Err(PortalError::NotFound),
        };
        let modified = summary.modified;
        let solutions = async { if has_solution { self.glpi.ticket_solutions(number).await } else { Ok(Vec::new()) } };
        let own = async {
            let read = self.glpi.document_ids(number);
            // Where there are solutions to be read, too, those of the same ticket a few seconds ago will do.
            if has_solution { self.readings.links(number, modified, read).await } else { read.await.map(Arc::new) }
        };
        let (mut followups, solutions, own) = tokio::try_join!(self.glpi.ticket_followups(number), solutions, own)?;
        let own_account = self.glpi.own_account().await?;
        let moves = moves(&followups, own_account);
        followups.retain(|followup| !followup.private && !is_move(followup, own_account));
        let solution = solutions.last().map(|solution| solution.id);
        let of_followups = followups.iter().map(|followup| DocumentHolder::from(followup.id));
        let said: Vec<_> = of_followups.chain(solutions.iter().map(|it| it.id.into())).collect();
        let (own, of_said, changes) = self.glpi.documents_and_history(number, &own, &said).await?;

        let past = Arc::new(Past::of(changes, &followups));
        self.pasts.remember(&summary, &past).await;
        let accounts = known.account.into_iter().chain(accounts);
        let requesters = OwnRequesters::of(accounts, known.address, &summary, own_account);
        let mappings = self.mappings.now();
        let content = summary.content.clone();
        let solved: Vec<_> = solutions.iter().map(|solution| (solution.author, solution.written)).collect();
        let found = {
            let whose = requesters.get();
            FoundRequest::new(summary, &mappings, Some(&past), (&whose, self.requester_reasons.as_slice()), |_| made_by)
        };
        let events = events::happened(&Known {
            summary: &found.summary,
            past: &past,
            requesters: requesters.get(),
            moves: &moves,
            solutions: &solved,
            mapping: found.opening.as_ref().and_then(|opening| mappings.find(&opening.application)),
        });
        let opening = Contribution {
            kind: Kind::Opening,
            author: known.account.unwrap_or_default(),
            written: found.summary.opened,
            content,
            documents: documents(own),
        };
        let said = followups.into_iter().map(followup).chain(solutions.into_iter().map(self::solution));
        let mut parts: Vec<_> =
            said.zip(of_said).map(|(part, files)| Contribution { documents: documents(files), ..part }).collect();
        // In the same second, a solution that was decided on stands before the word that decided; one that waits is the last.
        parts.sort_by_key(|part| {
            let place = match part.kind {
                Kind::Solution(SolutionState::Accepted | SolutionState::Refused) => 0,
                Kind::Opening | Kind::Followup => 1,
                Kind::Solution(SolutionState::Waiting) => 2,
            };
            (part.written, place)
        });
        parts.insert(0, opening);
        // The opening is measured in the very text that is shown.
        Ok(Own { found, solution, parts, events })
    }
}

/// The moves that the gateway noted in a ticket; who asked for a private note keeps its reason to themselves.
fn moves(followups: &[Followup], own: UserId) -> Vec<NotedMove> {
    let mut moves = Vec::new();
    for followup in followups.iter().filter(|followup| followup.author == own) {
        if let Some(Note::Move(note)) = Note::parse(&followup.content)
            && note.given_up.is_none()
        {
            let reason = Some(note.reason).filter(|reason| !followup.private && !reason.is_empty());
            moves.push(NotedMove { at: followup.written, to: note.target, name: note.to, reason });
        }
    }
    moves
}

/// Whether a follow-up notes a move, which the events tell of.
fn is_move(followup: &Followup, own: UserId) -> bool {
    followup.author == own && matches!(Note::parse(&followup.content), Some(Note::Move(_)))
}

fn followup(followup: Followup) -> Contribution {
    Contribution {
        kind: Kind::Followup,
        author: followup.author,
        written: followup.written,
        content: followup.content,
        documents: Vec::new(),
    }
}

fn solution(solution: Solution) -> Contribution {
    let verdict = match solution.status {
        SolutionStatus::Waiting => SolutionState::Waiting,
        SolutionStatus::Refused => SolutionState::Refused,
        SolutionStatus::Accepted | SolutionStatus::Other(_) => SolutionState::Accepted,
    };
    Contribution {
        kind: Kind::Solution(verdict),
        author: solution.author,
        written: solution.written,
        content: solution.content,
        documents: Vec::new(),
    }
}

fn documents(documents: Vec<glpi::Document>) -> Vec<AttachedFile> {
    let mut documents: Vec<AttachedFile> = documents
        .into_iter()
        .map(|document| AttachedFile {
            id: document.id,
            name: document.name,
            media_type: document.mime,
            is_shown: false,
        })
        .collect();
    documents.sort_by_key(|document| document.id);
    documents.dedup_by_key(|document| document.id);
    documents
}
