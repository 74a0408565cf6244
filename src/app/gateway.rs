//! What stands behind the API: the pipeline, the escalator and the sweep's hints, joined.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::{
    flow::pipeline::Pipeline,
    glpi::{Glpi, GlpiError, Trouble},
    http::{self, NotReady},
    id::{ArticleId, TicketId},
    intake::TakesMail,
    lifecycle::{
        drafts::{DraftError, DraftOrder, DraftPreview, Drafted},
        escalation::{EscalateError, Escalator, Moved, Order},
        notices::{Notifier, StaffStep},
        sweep::Hints,
    },
    request::{Address, Decided, Deferral, Envelope, Outcome, Prospect, Received, SignedCall},
};

/// When it makes sense to ask again what the instances cannot tell each other now.
const ASK_AGAIN: Duration = Duration::from_mins(1);

/// How long GLPI is waited for where somebody asks whether it answers.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// What stands behind the API.
pub(super) struct Gateway {
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) escalator: Arc<Escalator>,
    pub(super) notifier: Arc<Notifier>,
    pub(super) glpi: Glpi,
    /// Tickets that the sweep looks at before their turn.
    pub(super) hints: Hints,
}

impl TakesMail for Gateway {
    fn mail(self: Arc<Self>, envelope: Envelope, raw: Bytes) -> BoxFuture<'static, Outcome> {
        Arc::clone(&self.pipeline).mail(envelope, raw)
    }
}

impl http::Gateway for Gateway {
    fn prospect(self: Arc<Self>, person: Address) -> BoxFuture<'static, Prospect> {
        Box::pin(async move { self.pipeline.prospect(&person).await })
    }

    fn keep_key(
        self: Arc<Self>,
        signed: String,
        key: String,
        life: Duration,
    ) -> BoxFuture<'static, Result<bool, Deferral>> {
        Box::pin(async move {
            self.pipeline.ledger.keep_key(&signed, &key, life).await.map_err(|(reason, cause)| {
                tracing::warn!(cause, "whether a signature came with another Idempotency-Key cannot be said");
                Deferral { reason, cause, retry_after: ASK_AGAIN, own: false }
            })
        })
    }

    fn form(self: Arc<Self>, received: Received, until: Instant) -> BoxFuture<'static, Outcome> {
        Box::pin(async move { self.pipeline.deposit(received, None, until).await })
    }

    fn complement(
        self: Arc<Self>,
        received: Received,
        ticket: TicketId,
        until: Instant,
    ) -> BoxFuture<'static, Outcome> {
        Box::pin(async move { self.pipeline.deposit(received, Some(ticket), until).await })
    }

    fn decide(self: Arc<Self>, requester: Address, ticket: TicketId, decided: Decided) -> BoxFuture<'static, Outcome> {
        Box::pin(async move { self.pipeline.decide(requester, ticket, decided).await })
    }

    fn withdraw(
        self: Arc<Self>,
        requester: Address,
        ticket: TicketId,
        article: String,
        signed: Option<SignedCall>,
    ) -> BoxFuture<'static, Outcome> {
        Box::pin(async move { self.pipeline.withdraw(requester, ticket, &article, signed).await })
    }

    fn first_help(self: Arc<Self>, person: Address, article: ArticleId) -> BoxFuture<'static, bool> {
        Box::pin(async move { self.pipeline.ledger.first_help(&person, article).await })
    }

    fn move_ticket(
        self: Arc<Self>,
        ticket: TicketId,
        order: Order,
    ) -> BoxFuture<'static, Result<Moved, EscalateError>> {
        Box::pin(async move {
            let moved = self.escalator.move_ticket(ticket, &order, Timestamp::now()).await;
            if moved.is_err() {
                // What was begun is to be finished.
                self.hints.look_at(ticket);
            }
            moved
        })
    }

    fn preview_article(
        self: Arc<Self>,
        ticket: TicketId,
        person: Address,
    ) -> BoxFuture<'static, Result<DraftPreview, DraftError>> {
        Box::pin(async move {
            let author = self.glpi.directory().active_account(person.as_str()).await?;
            self.escalator.preview_article(ticket, author).await
        })
    }

    fn draft_article_for(
        self: Arc<Self>,
        ticket: TicketId,
        person: Address,
    ) -> BoxFuture<'static, Result<Drafted, DraftError>> {
        Box::pin(async move {
            let author = self.glpi.directory().active_account(person.as_str()).await?;
            let by = match author {
                Some(account) => self.glpi.directory().name(account).await?,
                None => person.to_string(),
            };
            self.escalator.draft_article(ticket, &DraftOrder::of_page(by, author)).await
        })
    }

    fn draft_article(
        self: Arc<Self>,
        ticket: TicketId,
        order: DraftOrder,
    ) -> BoxFuture<'static, Result<Drafted, DraftError>> {
        Box::pin(async move { self.escalator.draft_article(ticket, &order).await })
    }

    fn informs(self: Arc<Self>, ticket: TicketId, step: StaffStep) -> BoxFuture<'static, bool> {
        Box::pin(async move { self.notifier.informs(ticket, step).await })
    }

    fn ready(self: Arc<Self>) -> BoxFuture<'static, Result<(), NotReady>> {
        let not_ready = |error: GlpiError| NotReady { why: error.reason(), remedy: error.remedy() };
        Box::pin(async move {
            let late = GlpiError::Unavailable { why: Trouble::Timeout, retry_after: None, source: None };
            tokio::time::timeout(READY_WITHIN, self.glpi.ping()).await.unwrap_or(Err(late)).map_err(not_ready)
        })
    }

    fn hint(&self, ticket: TicketId) {
        self.hints.look_at(ticket);
    }
}
