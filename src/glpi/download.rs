//! A document's bytes, passed on as they come.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::id::DocumentId;

use super::Glpi;
use super::error::{GlpiError, Trouble};
use super::exchange::{Answered, Call};
use super::pieces::Pieces;
use super::turns::Urgency;

/// How long a document waits for its turn.
const PATIENCE: Duration = Duration::from_secs(30);

/// A document that GLPI is sending.
#[derive(Debug)]
pub struct Download {
    /// Its size in bytes, where GLPI says so.
    pub length: Option<u64>,
    pieces: Pieces,
}

impl Download {
    /// Its bytes. An error ends them early.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, GlpiError>> + Send {
        stream::unfold(self.pieces, async |mut pieces| Some((pieces.recv().await?, pieces)))
    }
}

impl Glpi {
    /// A document, once GLPI has begun to send it. Half of the sessions at most carry documents: tickets are made
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn download(&self, document: DocumentId) -> Result<Download, GlpiError> {
        let (begun, beginning) = oneshot::channel();
        let glpi = self.clone();
        tokio::spawn(async move { glpi.send_on(document, begun).await }.in_current_span());
        beginning.await.unwrap_or(Err(GlpiError::unavailable(Trouble::Cut)))
    }

    async fn send_on(&self, document: DocumentId, begun: oneshot::Sender<Result<Download, GlpiError>>) {
        let busy = GlpiError::unavailable(Trouble::Busy);
        let Ok(Ok(_place)) = tokio::time::timeout(PATIENCE, self.shared.downloads.acquire()).await else {
            let _ = begun.send(Err(busy));
            return;
        };
        let connection = self.connection.waiting(Urgency::Awaited);
        let (mut response, lease) = match connection.exchange(&Call::download(document)).await {
            Ok((Answered::Document(response), lease)) => (response, lease),
            Ok((Answered::Json(_), _)) => {
                let _ = begun.send(Err(GlpiError::unavailable(Trouble::Unexpected)));
                return;
            }
            Err(error) => {
                let _ = begun.send(Err(error));
                return;
            }
        };
        let (passing, pieces) = self.shared.ahead.pass();
        if begun.send(Ok(Download { length: response.content_length(), pieces })).is_err() {
            return;
        }
        loop {
            match response.chunk().await {
                Ok(Some(bytes)) => {
                    if !passing.piece(bytes).await {
                        return;
                    }
                }
                Ok(None) => break,
                Err(_) => return passing.fail(GlpiError::unavailable(Trouble::Cut)).await,
            }
        }
        lease.release();
    }
}
