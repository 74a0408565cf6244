//! Which notices a person was sent on a day, each once and not too many; and what they are counted for once a day.

use jiff::{Timestamp, civil::Date};

use super::Ledger;
use crate::{
    id::ArticleId,
    request::{Address, DayMark, Reason},
};

impl Ledger {
    /// Whether this person has been sent no notice for this reason, and about this ticket or request, on this day
    /// yet.
    pub async fn first_notice(&self, requester: &Address, reason: Reason, about: Option<String>, day: Date) -> bool {
        let notice = match about {
            None => reason.code().to_owned(),
            Some(about) => format!("{} {about}", reason.code()),
        };
        self.first_letter(requester, &notice, day).await
    }

    /// Whether this person has been sent no letter of this name on this day yet, by whatever instance.
    pub async fn first_letter(&self, to: &Address, name: &str, day: Date) -> bool {
        let day = DayMark::new(to, day);
        if !self.local.first_notice(day, name) {
            return false;
        }
        match &self.shared {
            None => true,
            // Without Redis, another instance may send a second one: better than none.
            Some(redis) => redis.first_notice(day, name).await.unwrap_or(true),
        }
    }

    /// Whether this person says for the first time today, to whatever instance, that this article helped them.
    pub async fn first_help(&self, person: &Address, article: ArticleId) -> bool {
        let today = Timestamp::now().to_zoned(self.time_zone.clone()).date();
        self.first_letter(person, &format!("helped {article}"), today).await
    }

    /// Takes one of a person's places for notices of a day, of all reasons together; false: they are taken.
    pub async fn notice_place(&self, requester: &Address, day: Date, most: u32) -> bool {
        let day = DayMark::new(requester, day);
        for place in 1..=most {
            let place = format!("place {place}");
            let is_free = self.local.first_notice(day, &place)
                && match &self.shared {
                    None => true,
                    // Without Redis, another instance may use the same place.
                    Some(redis) => redis.first_notice(day, &place).await.unwrap_or(true),
                };
            if is_free {
                return true;
            }
        }
        false
    }
}
