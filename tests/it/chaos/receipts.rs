//! The receipts in the account: each ticket has its own, which comes once more only where `docs/en/operations.md` says so,
//! always with the same Message-ID.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::evidence::{Evidence, Handled};
use crate::support::sink::Taken;

/// So long GLPI may take to be told that a late receipt is sent: until then an instance that ends leaves it due.
const TOLD: SignedDuration = SignedDuration::from_secs(5);
/// So long before a letter Redis may have been away, for what was to be written then.
const BEFORE: SignedDuration = SignedDuration::from_secs(5);

/// Why a receipt comes once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// Its gateway was killed before it, or GLPI, could know that the relay has it.
    Killed,
    /// Another copy of the request came, and Redis had forgotten the first.
    Forgotten,
}

/// What the receipts of one request come to: a line of the account for each that came again, and what is wrong.
pub(super) fn of_one(
    evidence: &Evidence<'_>,
    reference: &str,
    copies: &mut [&Taken],
) -> (BTreeMap<String, usize>, Vec<String>) {
    let (mut lines, mut wrong) = (BTreeMap::new(), Vec::new());
    copies.sort_by_key(|taken| taken.at);
    let handled = evidence.handled.get(reference).map(Vec::as_slice).unwrap_or_default();
    let mut is_forgotten = false;
    for pair in copies.windows(2) {
        let [earlier, later] = [pair[0].at, pair[1].at];
        match why(evidence, handled, earlier, later) {
            Some(Again::Killed) => {
                *lines.entry("receipts sent again: their gateway was killed just then".to_owned()).or_default() += 1;
            }
            // From then on a note in the ticket says that it was sent.
            Some(Again::Forgotten) if !is_forgotten => {
                is_forgotten = true;
                *lines.entry("receipts sent again: Redis had forgotten the request".to_owned()).or_default() += 1;
            }
            because => wrong.push(format!(
                "{reference}: a receipt at {earlier} and again at {later} ({because:?}); the request ended {handled:?}"
            )),
        }
    }
    (lines, wrong)
}

/// Why a receipt that the relay took at the one moment was sent again at the other.
fn why(evidence: &Evidence<'_>, handled: &[Handled], earlier: Timestamp, later: Timestamp) -> Option<Again> {
    // Once its request has ended, its gateway knows that it is sent; one that is late, as soon as GLPI was told.
    let ended = handled.iter().map(|end| end.at).find(|at| *at >= earlier);
    let known = ended.unwrap_or(earlier).max(earlier + TOLD).min(later);
    if evidence.faults.any_of(&["gateway"], earlier, known) {
        return Some(Again::Killed);
    }
    evidence.faults.any_of(&["redis"], earlier - BEFORE, later).then_some(Again::Forgotten)
}
