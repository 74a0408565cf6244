//! What the academy says to a person now: the messages for their zone.

use jiff::Timestamp;

use super::access::Portal;
use crate::{
    announcements::Message,
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
        let schools = known.map(|person| person.places()).unwrap_or_default();
        self.board.shown(&schools, application, now)
    }
}
