//! What the API has the gateway do.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;

use crate::{
    id::{ArticleId, TicketId},
    intake::TakesMail,
    lifecycle::{
        drafts::{DraftError, DraftOrder, DraftPreview, Drafted},
        escalation::{EscalateError, Moved, Order},
        notices::StaffStep,
    },
    request::{Address, Decided, Deferral, Outcome, Prospect, Received, SignedCall},
    text::Bilingual,
};

/// Why no request could be handled now.
#[derive(Clone, Debug)]
pub struct NotReady {
    /// The cause, as anybody may read it.
    pub why: Bilingual,
    /// What whoever runs the gateway does about it: it names settings and variables, none with its value.
    pub remedy: Bilingual,
}

/// What stands behind the API: the pipeline, the escalator and the sweep; in the API's tests, a double.
pub trait Gateway: TakesMail {
    /// What a person may know before they write a request.
    fn prospect(self: Arc<Self>, person: Address) -> BoxFuture<'static, Prospect>;

    /// Whether a signed call comes with the Idempotency-Key it first came with, which is empty for none; remembered for
    /// `life`, by all instances.
    ///
    /// # Errors
    ///
    /// Where that cannot be said now.
    fn keep_key(
        self: Arc<Self>,
        signed: String,
        key: String,
        life: Duration,
    ) -> BoxFuture<'static, Result<bool, Deferral>>;

    /// Takes a form to its outcome; its sender waits until this moment.
    fn form(self: Arc<Self>, received: Received, until: Instant) -> BoxFuture<'static, Outcome>;

    /// Adds to the ticket of this number; the sender waits until this moment.
    fn complement(self: Arc<Self>, received: Received, ticket: TicketId, until: Instant)
    -> BoxFuture<'static, Outcome>;

    /// Does with a ticket's solution what its requester decides.
    fn decide(self: Arc<Self>, requester: Address, ticket: TicketId, decided: Decided) -> BoxFuture<'static, Outcome>;

    /// Closes a request that its requester withdraws because the article of this title answers it; `signed` as in
    /// [`Decided`].
    fn withdraw(
        self: Arc<Self>,
        requester: Address,
        ticket: TicketId,
        article: String,
        signed: Option<SignedCall>,
    ) -> BoxFuture<'static, Outcome>;

    /// Whether this person says for the first time today that this article helped them.
    fn first_help(self: Arc<Self>, person: Address, article: ArticleId) -> BoxFuture<'static, bool>;

    /// Takes a ticket to another level.
    ///
    /// # Errors
    ///
    /// Why it is not moved.
    fn move_ticket(self: Arc<Self>, ticket: TicketId, order: Order)
    -> BoxFuture<'static, Result<Moved, EscalateError>>;

    /// What the article drafted from a ticket for this person would say.
    ///
    /// # Errors
    ///
    /// Where there is no such ticket, or that cannot be said now.
    fn preview_article(
        self: Arc<Self>,
        ticket: TicketId,
        person: Address,
    ) -> BoxFuture<'static, Result<DraftPreview, DraftError>>;

    /// Drafts an article from a ticket for this person: their own, where GLPI knows them.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn draft_article_for(
        self: Arc<Self>,
        ticket: TicketId,
        person: Address,
    ) -> BoxFuture<'static, Result<Drafted, DraftError>>;

    /// Drafts an article from a ticket.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn draft_article(
        self: Arc<Self>,
        ticket: TicketId,
        order: DraftOrder,
    ) -> BoxFuture<'static, Result<Drafted, DraftError>>;

    /// Whether somebody who works on a ticket is told by mail of what its requester does.
    fn informs(self: Arc<Self>, ticket: TicketId, step: StaffStep) -> BoxFuture<'static, bool>;

    /// Whether a request could be handled now; answers within seconds.
    ///
    /// # Errors
    ///
    /// Why not, and what to do about it.
    fn ready(self: Arc<Self>) -> BoxFuture<'static, Result<(), NotReady>>;

    /// Has a ticket looked at soon; returns at once.
    fn hint(&self, ticket: TicketId);
}
