//! What a person is told before they write a request.

use jiff::Timestamp;

use super::Pipeline;
use crate::{
    flow::screen,
    request::{Address, DirectoryAnswer, Prospect},
};

impl Pipeline {
    /// What the directory says of this person, and whether a request of theirs would be taken today.
    pub async fn prospect(&self, requester: &Address) -> Prospect {
        let now = Timestamp::now().to_zoned(self.rules.time_zone().clone());
        let (answer, left) = tokio::join!(self.directory.find(requester), self.ledger.left(requester, &now));
        let person = match &answer {
            DirectoryAnswer::Director(person) | DirectoryAnswer::Other(Some(person)) => Some(person.clone()),
            DirectoryAnswer::Other(None) | DirectoryAnswer::Unknown { .. } => None,
        };
        let left = left.filter(|_| self.rules.bounds_days());
        let refusal = screen::foreseen(requester, answer, left, &self.rules);
        Prospect { person, refusal, left }
    }
}
