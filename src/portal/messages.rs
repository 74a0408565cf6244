//! What the academy says to a person now: the messages for their zone.

use jiff::Timestamp;

use super::{Content, access::Portal, content, error::PortalError, no_file, own::AttachedFile};
use crate::{
    announcements::{AnnouncementFile, Message},
    id::ReminderId,
    request::{Address, DirectoryAnswer},
};

impl Portal {
    /// Reads the messages again, so that who has just written one sees it; where that is not possible now, they are read
    /// with the next look.
    pub async fn refresh_messages(&self) {
        if let Err(error) = self.board.refresh().await {
            tracing::info!(%error, "the portal's messages cannot be read now");
        }
    }

    /// The messages for this person, or those of them that concern a request for an application. The directory is asked
    /// only where there is any message; somebody whom it does not know reads what is for everybody.
    pub async fn messages(&self, person: &Address, application: Option<&str>) -> Vec<Message> {
        let now = Timestamp::now();
        if self.board.is_empty(now) {
            return Vec::new();
        }
        let known = match self.people.find(person).await {
            DirectoryAnswer::Director(person) => Some(person),
            DirectoryAnswer::Other(person) => person,
            DirectoryAnswer::Unknown { .. } => None,
        };
        let schools = known.map(|known| known.places_of(person)).unwrap_or_default();
        self.board.shown(&schools, application, now)
    }

    /// A file of a message that is shown to this person now, by its place from 1, as GLPI gives it.
    ///
    /// # Errors
    ///
    /// [`PortalError::NoFile`] also for one of a message that is for others.
    pub async fn message_file(
        &self,
        person: &Address,
        message: ReminderId,
        place: usize,
    ) -> Result<(AttachedFile, Content), PortalError> {
        let shown = self.messages(person, None).await;
        let message = shown.iter().find(|shown| shown.id == message).ok_or(PortalError::NoFile)?;
        let file = AnnouncementFile::at(&message.files, place).ok_or(PortalError::NoFile)?;
        self.announcement_file(message.id, file).await
    }

    /// This file of an announcement, as GLPI gives it.
    ///
    /// # Errors
    ///
    /// [`PortalError::NoFile`] where its note has it no more.
    pub async fn announcement_file(
        &self,
        note: ReminderId,
        file: &AnnouncementFile,
    ) -> Result<(AttachedFile, Content), PortalError> {
        let documents = self.glpi.documents_of(note.into()).await.map_err(no_file)?;
        let document = file.among(&documents).ok_or(PortalError::NoFile)?.id;
        let (name, media_type) = (file.name.clone(), file.media_type.clone());
        let content = content(&self.glpi, document).await?;
        Ok((AttachedFile { id: document, name, media_type, is_shown: false }, content))
    }
}
