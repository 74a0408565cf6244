//! The documents of tickets and of what is said on them, in few calls.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::id::{DocumentId, FollowupId, ReminderId, SolutionId, TicketId};

use super::changes::{TicketChange, WithHistory};
use super::error::{GlpiError, Trouble};
use super::exchange::Call;
use super::{Action, Glpi, Remedy, wire};

/// Items that one call reads: PHP takes a thousand parameters (`max_input_vars`), each has two.
const ITEMS_PER_CALL: usize = 200;

/// What documents belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentHolder {
    /// A ticket.
    Ticket(TicketId),
    /// A follow-up.
    Followup(FollowupId),
    /// A solution.
    Solution(SolutionId),
    /// A note.
    Reminder(ReminderId),
}

impl DocumentHolder {
    /// Its class in GLPI.
    pub(super) fn item_type(self) -> &'static str {
        match self {
            Self::Ticket(_) => "Ticket",
            Self::Followup(_) => "ITILFollowup",
            Self::Solution(_) => "ITILSolution",
            Self::Reminder(_) => "Reminder",
        }
    }

    /// Its id there.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Ticket(id) => id.get(),
            Self::Followup(id) => id.get(),
            Self::Solution(id) => id.get(),
            Self::Reminder(id) => id.get(),
        }
    }
}

impl From<TicketId> for DocumentHolder {
    fn from(id: TicketId) -> Self {
        Self::Ticket(id)
    }
}

impl From<FollowupId> for DocumentHolder {
    fn from(id: FollowupId) -> Self {
        Self::Followup(id)
    }
}

impl From<ReminderId> for DocumentHolder {
    fn from(id: ReminderId) -> Self {
        Self::Reminder(id)
    }
}

impl From<SolutionId> for DocumentHolder {
    fn from(id: SolutionId) -> Self {
        Self::Solution(id)
    }
}

/// A document of a ticket or follow-up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Document {
    /// Its id.
    #[serde(deserialize_with = "wire::number")]
    pub id: DocumentId,
    /// The file's name: of the ticket that brought the same bytes last, since GLPI keeps one
    /// document for them all.
    #[serde(rename = "filename", default, deserialize_with = "wire::text")]
    pub name: String,
    /// Its media type.
    #[serde(default, deserialize_with = "wire::text")]
    pub mime: String,
    /// The SHA-1 of its bytes, in hex.
    #[serde(rename = "sha1sum", default, deserialize_with = "wire::text")]
    pub sha1: String,
}

/// A row of `…/Document_Item`
#[derive(Deserialize)]
struct DocumentItem {
    #[serde(deserialize_with = "wire::number")]
    documents_id: DocumentId,
}

/// `GET Document/{id}`
#[derive(Deserialize)]
struct DocumentRow {
    #[serde(flatten)]
    document: Document,
    #[serde(default, deserialize_with = "wire::number")]
    is_deleted: u64,
}

/// What a new item shows of the files that went along.
pub(super) struct ReceivedFiles {
    /// The SHA-1 of its documents, without those of pictures in a ticket's text.
    pub(super) sha1: BTreeSet<String>,
    /// Its text.
    pub(super) content: String,
}

/// An item that is shown with its documents.
#[derive(Deserialize)]
pub(super) struct WithDocuments {
    #[serde(default, deserialize_with = "wire::text")]
    content: String,
    #[serde(rename = "_documents", default)]
    documents: ShownDocuments,
}

/// The documents that are shown with an item, or GLPI's word that the right to see them is missing.
#[derive(Deserialize)]
#[serde(untagged)]
enum ShownDocuments {
    Rows(Vec<DocumentRow>),
    RightMissing {
        #[serde(rename = "error")]
        _code: u64,
    },
}

impl Default for ShownDocuments {
    fn default() -> Self {
        Self::Rows(Vec::new())
    }
}

impl Glpi {
    /// The documents of a ticket, without those of its follow-ups.
    pub async fn ticket_documents(&self, id: TicketId) -> Result<Vec<Document>, GlpiError> {
        self.documents_of(DocumentHolder::Ticket(id)).await
    }

    /// The documents of a ticket, of what is said on it, or of a note, that are not in the bin.
    pub async fn documents_of(&self, holder: DocumentHolder) -> Result<Vec<Document>, GlpiError> {
        match holder {
            DocumentHolder::Ticket(ticket) => {
                let ids = self.document_ids(ticket).await?;
                Ok(self.documents(&ids, &[]).await?.0)
            }
            DocumentHolder::Followup(_) | DocumentHolder::Solution(_) | DocumentHolder::Reminder(_) => {
                self.with_documents(holder).await?.kept().ok_or_else(not_shown)
            }
        }
    }

    /// The ids of a ticket's own documents, pictures in its text and binned ones included.
    pub async fn document_ids(&self, ticket: TicketId) -> Result<Vec<DocumentId>, GlpiError> {
        self.linked(ticket.into()).await
    }

    /// These documents of a ticket and those of what is said on it, in its order, and what became of the ticket, as
    /// [`Glpi::histories`]: in the call that asks for the documents.
    pub async fn documents_and_history(
        &self,
        ticket: TicketId,
        ids: &[DocumentId],
        said: &[DocumentHolder],
    ) -> Result<(Vec<Document>, Vec<Vec<Document>>, Vec<TicketChange>), GlpiError> {
        let of_documents = ids.iter().map(|id| ("Document", id.get()));
        let of_said = said.iter().map(|it| (it.item_type(), it.number()));
        let items: Vec<_> = [("Ticket", ticket.get())].into_iter().chain(of_documents).chain(of_said).collect();
        if items.len() <= ITEMS_PER_CALL
            && let Some(Value::Array(mut rows)) = self.all_of(&items).await?
            && rows.len() == items.len()
            && let Ok(shown) = serde_json::from_value::<WithHistory>(rows.remove(0))
            && let Some((own, of_said)) = read(rows, ids.len())
        {
            return Ok((own, of_said, shown.changes()));
        }
        let tickets = [ticket];
        let (histories, (own, of_said)) = tokio::try_join!(self.histories(&tickets), self.documents(ids, said))?;
        Ok((own, of_said, histories.into_values().next().unwrap_or_default()))
    }

    /// These items with their history; `None` where one of them is gone or hidden.
    async fn all_of(&self, items: &[(&str, u64)]) -> Result<Option<Value>, GlpiError> {
        match self.call(&Call::items(items).with_history()).await {
            Ok(found) => Ok(Some(found)),
            Err(GlpiError::NotFound | GlpiError::Denied { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// These documents and those of what is said on a ticket, in its order; without those in the bin or purged. One call,
    /// or one for each two hundred.
    pub async fn documents(
        &self,
        ids: &[DocumentId],
        said: &[DocumentHolder],
    ) -> Result<(Vec<Document>, Vec<Vec<Document>>), GlpiError> {
        let of_documents = ids.iter().map(|id| ("Document", id.get()));
        let items: Vec<_> = of_documents.chain(said.iter().map(|it| (it.item_type(), it.number()))).collect();
        let mut rows = Vec::with_capacity(items.len());
        for some in items.chunks(ITEMS_PER_CALL) {
            match self.call(&Call::items(some)).await {
                Ok(Value::Array(found)) if found.len() == some.len() => rows.extend(found),
                Ok(_) => return Err(GlpiError::unavailable(Trouble::Unexpected)),
                // One of them is gone or hidden.
                Err(GlpiError::NotFound | GlpiError::Denied { .. }) => return self.documents_singly(ids, said).await,
                Err(error) => return Err(error),
            }
        }
        match read(rows, ids.len()) {
            Some(found) => Ok(found),
            None => self.documents_singly(ids, said).await,
        }
    }

    async fn documents_singly(
        &self,
        ids: &[DocumentId],
        said: &[DocumentHolder],
    ) -> Result<(Vec<Document>, Vec<Vec<Document>>), GlpiError> {
        let own = self.each_document(ids).await?;
        let mut of_said = Vec::with_capacity(said.len());
        for holder in said {
            let ids = match self.linked(*holder).await {
                // Deleted in the meantime.
                Err(GlpiError::NotFound) => Vec::new(),
                ids => ids?,
            };
            of_said.push(self.each_document(&ids).await?);
        }
        Ok((own, of_said))
    }

    async fn each_document(&self, ids: &[DocumentId]) -> Result<Vec<Document>, GlpiError> {
        let mut documents = Vec::with_capacity(ids.len());
        for id in ids {
            match self.get::<DocumentRow>(format!("Document/{id}"), Vec::new()).await {
                Ok(row) => documents.push(row),
                // Purged: its link stays.
                Err(GlpiError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(kept(documents))
    }

    async fn linked(&self, holder: DocumentHolder) -> Result<Vec<DocumentId>, GlpiError> {
        let path = format!("{}/{}/Document_Item", holder.item_type(), holder.number());
        let links: Vec<DocumentItem> = self.list(path).await?;
        Ok(links.into_iter().map(|link| link.documents_id).collect())
    }

    /// What a new ticket or follow-up has of its files.
    pub(super) async fn received(&self, holder: DocumentHolder) -> Result<ReceivedFiles, GlpiError> {
        let item = self.with_documents(holder).await?;
        let content = item.content.clone();
        let kept = item.kept().ok_or_else(not_shown)?;
        Ok(ReceivedFiles { sha1: kept.into_iter().map(|document| document.sha1).collect(), content })
    }

    async fn with_documents(&self, holder: DocumentHolder) -> Result<WithDocuments, GlpiError> {
        let query = [("with_documents", "true"), ("get_hateoas", "false")];
        let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        self.get(format!("{}/{}", holder.item_type(), holder.number()), query).await
    }
}

/// As GLPI refuses the documents themselves.
fn not_shown() -> GlpiError {
    GlpiError::Denied { code: "ERROR_RIGHT_MISSING".to_owned(), remedy: Remedy::of_call("Document", Action::Read) }
}

/// So many documents, and those of what is said after them; `None` where words on a right that is missing stand in their
/// place.
fn read(mut rows: Vec<Value>, documents: usize) -> Option<(Vec<Document>, Vec<Vec<Document>>)> {
    let of_said = rows.split_off(documents);
    let own: Vec<DocumentRow> = rows.into_iter().map(serde_json::from_value).collect::<Result<_, _>>().ok()?;
    let of_said: Vec<WithDocuments> = of_said.into_iter().map(serde_json::from_value).collect::<Result<_, _>>().ok()?;
    Some((kept(own), of_said.into_iter().map(WithDocuments::kept).collect::<Option<_>>()?))
}

impl WithDocuments {
    /// `None` where the account may not see documents.
    pub(super) fn kept(self) -> Option<Vec<Document>> {
        match self.documents {
            ShownDocuments::Rows(rows) => Some(kept(rows)),
            ShownDocuments::RightMissing { .. } => None,
        }
    }
}

/// Those that are not in the bin; of one that was purged, the link may stay.
fn kept(documents: Vec<DocumentRow>) -> Vec<Document> {
    let there = documents.into_iter().filter(|row| row.is_deleted == 0 && row.document.id.get() > 0);
    there.map(|row| row.document).collect()
}
