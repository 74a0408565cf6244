//! What the pages say of the expected delays.

use std::time::Duration;

use crate::{
    figures::{ExpectedDelay, Quantiles},
    text::french::delay,
};

/// «prise en charge en 2 h le plus souvent (5 h au plus 8 fois sur 10), solution en 1 h le plus souvent (…)»
pub(super) fn sentence(expected: &ExpectedDelay) -> String {
    let part = |what: &str, Quantiles { median, eightieth }: Quantiles| {
        let (median, eightieth) = (in_minutes(median), in_minutes(eightieth));
        format!("{what} en {} une fois sur deux, en {} quatre fois sur cinq", delay(&median), delay(&eightieth))
    };
    let parts = [("prise en charge", expected.charge), ("solution", expected.solution)];
    let parts: Vec<_> = parts.into_iter().filter_map(|(what, of)| Some(part(what, of?))).collect();
    parts.join("\u{a0}; ")
}

/// Nothing takes no time at all.
fn in_minutes(worked: Duration) -> Duration {
    worked.max(Duration::from_mins(1))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::sentence;
    use crate::figures::{ExpectedDelay, Quantiles};

    #[test]
    fn what_is_known_is_said() {
        let charge = Some(Quantiles { median: Duration::from_secs(5), eightieth: Duration::from_mins(150) });
        let solution = Some(Quantiles { median: Duration::from_hours(9), eightieth: Duration::from_hours(30) });
        assert_eq!(
            sentence(&ExpectedDelay { requests: 80, charge, solution }),
            "prise en charge en 1\u{a0}min une fois sur deux, en 2\u{a0}h\u{a0}30 quatre fois sur cinq\u{a0}; \
             solution en 9\u{a0}h une fois sur deux, en 30\u{a0}h quatre fois sur cinq"
        );
        assert!(!sentence(&ExpectedDelay { requests: 80, charge: None, solution }).contains("charge"));
    }
}
