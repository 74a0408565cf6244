//! What is made with its files, and what became of each.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::id::EntityId;

use super::error::GlpiError;
use super::verdict::Added;
use super::{DocumentHolder, Glpi, upload::Upload};

/// What a creation made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created<I> {
    /// The new item's id.
    pub id: I,
    /// What became of each file, in the order given.
    pub files: Vec<FileOutcome>,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOutcome {
    /// The name given.
    pub name: String,
    /// Whether GLPI has it.
    pub fate: FileFate,
}

/// Whether GLPI has a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFate {
    /// It is a document of the new item.
    Taken,
    /// It is not, with GLPI's reason in GLPI's language if it gave one (else empty).
    NotTaken(String),
    /// It was sent, but the documents could not be read back.
    Unknown,
}

impl Glpi {
    /// Makes an item, with its files, in one call.
    pub(super) async fn create<I>(
        &self,
        item_type: &str,
        mut input: Map<String, Value>,
        files: &[Upload],
    ) -> Result<Created<I>, GlpiError>
    where
        I: Copy + From<u64> + Into<DocumentHolder>,
    {
        if files.iter().any(|file| file.tag.is_some()) {
            let tags: Vec<&str> = files.iter().map(|file| file.tag.as_deref().unwrap_or_default()).collect();
            input.insert("_tag_filename".to_owned(), json!(tags));
        }
        let added = self.add(item_type, &Value::Object(input), files).await?;
        let id = I::from(added.id);
        Ok(Created { id, files: self.fates(id.into(), &added, files).await })
    }

    /// Adds one file to what is there already, and says what became of it: the words of
    /// [`FileFate::NotTaken`] are GLPI's. `entity` is where the document belongs, the ticket's.
    ///
    /// # Errors
    ///
    /// [`GlpiError::AnswerLost`] where it may have been added: the item's documents tell.
    pub async fn attach(
        &self,
        holder: DocumentHolder,
        entity: Option<EntityId>,
        file: &Upload,
    ) -> Result<FileFate, GlpiError> {
        let mut input = json!({
            "itemtype": holder.item_type(),
            "items_id": holder.number(),
            // or a document without a file is made of one that GLPI refuses
            "_only_if_upload_succeed": 1,
            // no change of the ticket's status: a solved one would be opened again
            "_no_reopen": 1,
        });
        if let DocumentHolder::Reminder(_) = holder {
            // whoever sees the note below its entity sees its files
            input["is_recursive"] = json!(1);
        }
        if let Some(entity) = entity {
            input["entities_id"] = json!(entity);
        }
        let added = match self.add("Document", &input, std::slice::from_ref(file)).await {
            Ok(added) => added,
            Err(GlpiError::Rejected { message, .. }) => return Ok(FileFate::NotTaken(message)),
            Err(error) => return Err(error),
        };
        let complaint = added.upload_result["file0"][0].get("error").map(|words| words.as_str().unwrap_or_default());
        Ok(complaint.map_or(FileFate::Taken, |words| FileFate::NotTaken(words.to_owned())))
    }

    /// What became of the files of a creation.
    ///
    /// Its answer describes the first only, and PHP drops those beyond `max_file_uploads` without a
    /// word: so the item's documents are read back and known by their SHA-1 (a name may be another
    /// ticket's, and equal files share one document). A failure to read back is no failure of the
    /// creation.
    async fn fates(&self, holder: DocumentHolder, added: &Added, files: &[Upload]) -> Vec<FileOutcome> {
        if files.is_empty() {
            return Vec::new();
        }
        let kept = match self.kept(holder, files).await {
            Ok(kept) => Some(kept),
            Err(error) => {
                tracing::warn!(%error, "the documents of a new item could not be read back");
                None
            }
        };
        files
            .iter()
            .enumerate()
            .map(|(index, file)| {
                let said = &added.upload_result[format!("file{index}")][0];
                // the key tells: its value is `false` for a picture that is none
                let complaint = said.get("error").map(|words| words.as_str().unwrap_or_default());
                let fate = match (&kept, complaint) {
                    (Some(kept), _) if kept.contains(&index) => FileFate::Taken,
                    (Some(_), _) => FileFate::NotTaken(complaint.unwrap_or_default().to_owned()),
                    (None, Some(complaint)) => FileFate::NotTaken(complaint.to_owned()),
                    (None, None) if said.is_object() => FileFate::Taken,
                    (None, None) => FileFate::Unknown,
                };
                FileOutcome { name: file.name.clone(), fate }
            })
            .collect()
    }

    /// Which of these files a new item has: one call tells, of a picture by its place in the text. Where it does not tell
    /// of all of them, the item's documents are read.
    async fn kept(&self, holder: DocumentHolder, files: &[Upload]) -> Result<BTreeSet<usize>, GlpiError> {
        let received = self.received(holder).await?;
        let is_there = |file: &Upload| {
            received.sha1.contains(file.sha1())
                || file.tag.as_ref().is_some_and(|tag| shows_picture(&received.content, tag))
        };
        if files.iter().all(is_there) || !matches!(holder, DocumentHolder::Ticket(_)) {
            return Ok(indices(files, is_there));
        }
        let documents = self.documents_of(holder).await?;
        let sha1: BTreeSet<String> = documents.into_iter().map(|document| document.sha1).collect();
        Ok(indices(files, |file| sha1.contains(file.sha1())))
    }
}

fn indices(files: &[Upload], is_there: impl Fn(&Upload) -> bool) -> BTreeSet<usize> {
    files.iter().enumerate().filter(|(_, file)| is_there(file)).map(|(index, _)| index).collect()
}

/// Whether GLPI has put a picture into its place in a text (`Toolbox::convertTagToImage`), which it does with the
/// document it made of it.
fn shows_picture(content: &str, tag: &str) -> bool {
    content.contains(&format!("alt=\"{tag}\"")) && !content.contains(&format!("id=\"{tag}\""))
}
