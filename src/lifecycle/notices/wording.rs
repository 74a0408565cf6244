//! What a notice says: the names it needs are asked for, the words are `letters`'.

use super::{
    Notifier,
    known::Known,
    mark::Step,
    steps::{Happening, News},
    unsent::Unsent,
};
use crate::{
    flow::route::Opening,
    glpi::{Followup, Ticket, TicketStatus},
    id::UserId,
    letters::{
        ComposeError,
        notices::{self, About, Subject, Text},
    },
    lifecycle::note::MoveNote,
    request::{Direction, FollowupOpening, Page, Reference},
};

impl Notifier {
    /// The text of a notice for somebody, by an account or without; `groups` are what those are called that a new ticket
    /// was made for.
    pub(super) async fn text(
        &self,
        happening: &Happening<'_>,
        known: &Known,
        reference: Reference,
        account: Option<UserId>,
        groups: &str,
    ) -> Result<Text, Unsent> {
        let ticket = &known.ticket;
        // Staff works in GLPI, requesters follow where they can open it.
        let page = if happening.audience.is_of_staff() {
            self.pages.of_another(ticket.id, true)
        } else {
            self.pages.of_requester(ticket.id, account.is_some())
        };
        let about = self.about(ticket, reference, page);
        let text = match (&happening.news, happening.step) {
            (News::Group, _) => notices::group(&about, groups),
            (News::Charge(technicians), step) => {
                let mut names = Vec::with_capacity(technicians.len());
                for technician in technicians {
                    names.push(self.name(*technician).await?);
                }
                match step {
                    Step::WatchedCharge => notices::watched_charge(&about, &names),
                    _ => notices::charge(&about, &names),
                }
            }
            (News::Question(followup), step) => {
                let author = self.name(followup.author).await?;
                if matches!(step, Step::WatchedQuestion(_)) {
                    notices::watched_question(&about, &author, &followup.content)
                } else {
                    let is_pending = ticket.status == TicketStatus::Pending;
                    notices::question(&about, &author, &followup.content, is_pending)
                }
            }
            (News::Solution(solution), Step::WatchedSolution(_)) => {
                notices::watched_solution(&about, &self.name(solution.author).await?, &solution.content)
            }
            (News::Solution(solution), _) => notices::solution(&about, &solution.content),
            (News::Move(moved), Step::Handover(_)) => {
                let to = self.public_name(ticket, &moved.to);
                notices::handover(&about, &to, moved.direction == Direction::Down)
            }
            (News::Move(moved), _) => notices::escalation(&about, &as_told(moved)),
            (News::Answer(followup), _) => {
                let author = self.author(followup).await?;
                notices::answer(&about, &author, FollowupOpening::without(&followup.content))
            }
            (News::Refusal(followup), _) => {
                let author = self.author(followup).await?;
                notices::refusal(&about, &author, FollowupOpening::without(&followup.content))
            }
            (News::Approval(followup), _) => {
                let word = followup.map(|followup| FollowupOpening::without(&followup.content)).unwrap_or_default();
                notices::approval(&about, word)
            }
            (News::Closing, Step::Closed(_)) => notices::closed(&about),
            (News::Closing, _) => notices::closing(&about),
        };
        Ok(text.map_err(ComposeError::from)?)
    }

    /// What every notice says of its ticket; `page` is where its recipient sees it.
    pub(super) fn about<'a>(&'a self, ticket: &'a Ticket, reference: Reference, page: Option<Page>) -> About<'a> {
        let Ticket { id: number, name: title, content, .. } = ticket;
        let opening = Opening::read(content, |_| true);
        let context = opening.map(|opening| notices::Context {
            school: opening.school_name().map(str::to_owned),
            application: opening.application,
            department: opening.department,
        });
        About {
            ticket: Subject { number: *number, title, content, reference, context: context.unwrap_or_default() },
            link: page.map(Page::into_address),
            signature: self.post.signature(),
        }
    }

    async fn name(&self, account: UserId) -> Result<String, Unsent> {
        Ok(self.glpi.directory().name(account).await?)
    }

    /// Who wrote something: an account, or somebody without one whom the gateway's own opening names.
    async fn author(&self, followup: &Followup) -> Result<String, Unsent> {
        if let Some(address) = FollowupOpening::read(&followup.content).and_then(|opening| opening.author) {
            return Ok(address.as_str().to_owned());
        }
        self.name(followup.author).await
    }

    /// A group in words that requesters know.
    fn public_name(&self, ticket: &Ticket, group: &str) -> String {
        let mappings = self.mappings.now();
        let opening = mappings.opening(&ticket.content);
        mappings.public_name(opening.as_ref().map(|opening| opening.application.as_str()), group)
    }
}

/// A move, as the group that gets the ticket is told of it.
fn as_told(moved: &MoveNote) -> notices::Moved<'_> {
    notices::Moved {
        from: &moved.from,
        to: &moved.to,
        asked: &moved.asked,
        reason: &moved.reason,
        is_return: moved.direction == Direction::Down,
    }
}
