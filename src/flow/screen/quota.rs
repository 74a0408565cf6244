//! A requester has a number of requests per calendar day, mail and form together.

use super::{Rejection, Rules};
use crate::id::TicketId;
use crate::request::Reason;
use crate::text::Bilingual;

/// What the day's count says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DayPlace {
    /// A place was reserved, or the request had one already.
    Reserved,
    /// The day is full.
    Full,
    /// The count could not be had.
    Unknown {
        /// What could not be had.
        reason: Reason,
        /// Which server said what.
        cause: String,
    },
}

/// The proof that a request has a place in its requester's day. Only [`quota`] makes one.
#[derive(Clone, Debug)]
pub struct WithinQuota(());

impl WithinQuota {
    /// The proof for a request that has its ticket already: it was admitted, and its place is taken.
    pub fn by_its_ticket(_ticket: TicketId) -> Self {
        Self(())
    }
}

/// Judges the day's count.
///
/// # Errors
///
/// Refused when the day is full, unknown when it could not be counted.
pub fn quota(place: &DayPlace, rules: &Rules) -> Result<WithinQuota, Rejection> {
    match place {
        DayPlace::Full if rules.enabled("quota-exceeded") => Err(rules.refuse(Reason::QuotaExceeded)),
        DayPlace::Unknown { reason, cause } if rules.enabled("quota-exceeded") => {
            Err(Rejection::Unknown { reason: *reason, cause: Bilingual::same(cause) })
        }
        DayPlace::Reserved | DayPlace::Full | DayPlace::Unknown { .. } => Ok(WithinQuota(())),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples, DayPlace, Rejection, quota};
    use crate::request::Reason;

    #[test]
    fn a_full_day_is_refused_with_the_academy_s_sentence() {
        let rules = samples::rules(|config| {
            config.sentences.insert("quota-exceeded".into(), "Demain !".into());
        });
        assert!(quota(&DayPlace::Reserved, &rules).is_ok());
        let Err(Rejection::Refused(refusal)) = quota(&DayPlace::Full, &rules) else { panic!("not refused") };
        assert_eq!((refusal.reason, refusal.sentence.as_str()), (Reason::QuotaExceeded, "Demain !"));
    }
}
