//! Reads what of one request its requester may see: in four calls of GLPI, or five where it has a solution and its files
//! were not looked at lately.

use std::sync::Arc;

use super::{
    access::Portal,
    error::PortalError,
    found::FoundRequest,
    own::{Contribution, Document, Kind, Own, SolutionState},
};
use crate::{
    glpi::{self, DocumentHolder, Followup, Solution, SolutionStatus, TicketOverview},
    id::TicketId,
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
        let TicketOverview { summary, .. } = ticket;
        let (content, opened) = (summary.content.clone(), summary.opened);
        // The opening is measured in the very text that is shown.
        let found = FoundRequest::new(summary, &self.mappings.now(), |named| match &among {
            Some(one) if one == known.address => None,
            Some(mailbox) => Some(mailbox.clone()),
            None => named,
        });
        let is_of_school = known.sees_school(found.opening.as_ref().and_then(|opening| opening.uai.as_ref()));
        if among.is_none() && !(is_of_school && found.made_by.is_some()) {
            return Err(PortalError::NotFound);
        }
        let modified = found.summary.modified;
        let solutions = async { if has_solution { self.glpi.ticket_solutions(number).await } else { Ok(Vec::new()) } };
        let own = async {
            let read = self.glpi.document_ids(number);
            // Where there are solutions to be read, too, those of the same ticket a few seconds ago will do.
            if has_solution {
                self.readings.links(number, modified, read).await
            } else {
                read.await.map(Arc::new)
            }
        };
        let (mut followups, solutions, own) = tokio::try_join!(self.glpi.ticket_followups(number), solutions, own)?;
        followups.retain(|followup| !followup.private);
        let solution = solutions.last().map(|solution| solution.id);
        let of_followups = followups.iter().map(|followup| DocumentHolder::from(followup.id));
        let said: Vec<_> = of_followups.chain(solutions.iter().map(|it| it.id.into())).collect();
        let (own, of_said) = self.glpi.documents(&own, &said).await?;

        let opening = Contribution {
            kind: Kind::Opening,
            author: known.account.unwrap_or_default(),
            written: opened,
            content,
            documents: documents(own),
        };
        let said = followups.into_iter().map(followup).chain(solutions.into_iter().map(self::solution));
        let mut parts: Vec<_> =
            said.zip(of_said).map(|(part, files)| Contribution { documents: documents(files), ..part }).collect();
        parts.sort_by_key(|part| part.written);
        parts.insert(0, opening);
        Ok(Own { found, solution, parts })
    }
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

fn documents(documents: Vec<glpi::Document>) -> Vec<Document> {
    let mut documents: Vec<Document> = documents
        .into_iter()
        .map(|document| Document { id: document.id, name: document.name, media_type: document.mime, is_shown: false })
        .collect();
    documents.sort_by_key(|document| document.id);
    documents.dedup_by_key(|document| document.id);
    documents
}
