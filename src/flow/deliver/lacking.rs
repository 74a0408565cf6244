//! What a ticket lacks that the gateway has made, for who only looks: `completion` adds it.

use super::{archive, completion::is_beyond_work, deliverer::Deliverer, learned::is_odd};
use crate::{
    glpi::{Document, DocumentHolder, GlpiError, TicketOverview},
    id::TicketId,
    request::{Address, LeftOut, Received},
    text::Bilingual,
};

/// Something that every ticket of the gateway has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TicketPart {
    /// Somebody who asks.
    Requester,
    /// A group or an account that it is assigned to.
    Group,
    /// A category.
    Category,
}

/// What a ticket lacks whose opening names this requester. Nothing of one that is solved, closed or to be validated: it is
/// in people's hands.
pub fn missing_parts(ticket: &TicketOverview, requester: Option<&Address>) -> Vec<TicketPart> {
    let TicketOverview { summary, requesters, .. } = ticket;
    if is_beyond_work(summary.status) {
        return Vec::new();
    }
    // An address that this GLPI may not take as an actor's stands in the text alone.
    let is_named_alone = requester.is_some_and(|address| is_odd(address.as_str()));
    let parts = [
        (TicketPart::Requester, requesters.is_empty() && summary.addresses.is_empty() && !is_named_alone),
        (TicketPart::Group, summary.groups.is_empty() && summary.technicians.is_empty()),
        (TicketPart::Category, summary.category.is_empty()),
    ];
    parts.into_iter().filter(|(_, is_missing)| *is_missing).map(|(part, _)| part).collect()
}

/// The files that what is made of a request is to have: what each is called, and what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueFiles(Vec<DueFile>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct DueFile {
    name: String,
    sha1: String,
}

impl DueFiles {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of those that are neither among these documents nor named in these texts, HTML.
    fn lacking(&self, documents: &[Document], texts: &[&str]) -> Vec<String> {
        let is_there = |file: &DueFile| {
            let archived = archive::name_of(&file.name);
            documents.iter().any(|document| document.sha1 == file.sha1 || document.name == archived)
        };
        // What is plain text for GLPI may be named as it came.
        let is_named = |file: &DueFile| {
            let as_it_came = file.name.strip_suffix(".txt").unwrap_or(&file.name);
            let listed =
                [&file.name, as_it_came].map(|name| LeftOut { name: name.to_owned(), why: Bilingual::default() });
            let carried = LeftOut::carried(&file.name);
            texts.iter().any(|text| text.contains(&carried) || listed.iter().any(|file| file.is_listed(text)))
        };
        let lacking = self.0.iter().filter(|file| !is_there(file) && !is_named(file));
        lacking.map(|file| file.name.clone()).collect()
    }
}

impl Deliverer {
    /// The files of a request that go into GLPI, by what is known of it now.
    pub async fn due_files(&self, received: &Received) -> DueFiles {
        let uploads = self.choose(received).await.uploads;
        let due = |file: &crate::glpi::Upload| DueFile { name: file.name.clone(), sha1: file.sha1().to_owned() };
        DueFiles(uploads.iter().map(due).collect())
    }

    /// The names of the files that a ticket, or a follow-up of it, is to have and has not, where nothing in the ticket
    /// says that GLPI did not take them. One to three calls.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn lacking_files(
        &self,
        ticket: TicketId,
        holder: DocumentHolder,
        due: &DueFiles,
    ) -> Result<Vec<String>, GlpiError> {
        let documents = self.glpi.documents_of(holder).await?;
        if due.lacking(&documents, &[]).is_empty() {
            return Ok(Vec::new());
        }
        let content = self.glpi.ticket(ticket).await?.content;
        let followups = self.glpi.ticket_followups(ticket).await?;
        let said = followups.iter().map(|followup| followup.content.as_str());
        let texts: Vec<&str> = std::iter::once(content.as_str()).chain(said).collect();
        Ok(due.lacking(&documents, &texts))
    }
}

#[cfg(test)]
mod tests {
    use super::{Bilingual, Document, DueFile, DueFiles, LeftOut};

    #[test]
    fn a_file_is_there_or_named_or_lacking() {
        let due = DueFiles(
            ["a.pdf", "b.heic", "c.mp4", "message.eml.txt", "d.doc", "e.odt"]
                .map(|name| DueFile { name: name.to_owned(), sha1: format!("sha1 of {name}") })
                .to_vec(),
        );
        let document = |name: &str, sha1: &str| Document {
            id: 1.into(),
            name: name.to_owned(),
            mime: String::new(),
            sha1: sha1.to_owned(),
        };
        let documents = [document("renommé.pdf", "sha1 of a.pdf"), document("b.heic.zip", "x"), document("e.odt", "x")];
        let left_out = |name: &str| LeftOut { name: name.to_owned(), why: Bilingual::same("refusé par GLPI") };
        let listed = format!("<p>Bonjour</p>{}", LeftOut::list(&[left_out("c.mp4"), left_out("message.eml")]));
        let carried = LeftOut::carried("d.doc");
        let texts = [listed.as_str(), carried.as_str()];
        assert_eq!(due.lacking(&documents, &texts), ["e.odt"]);
        assert_eq!(due.lacking(&documents, &[]), ["c.mp4", "message.eml.txt", "d.doc", "e.odt"]);
        assert!(!due.is_empty() && DueFiles::default().lacking(&[], &texts).is_empty());
    }
}
