//! How requesters are counted that GLPI dropped from a ticket.

const DROPPED: &str = "passerelle_requesters_dropped_total";
/// What became of such a requester.
const MENDED: &str = "mended";
const MISSING: &str = "missing";

/// What the counter is for.
pub(super) fn describe_metrics() {
    metrics::describe_counter!(DROPPED, "Tickets whose requester GLPI dropped, by what became of it.");
    for became in [MENDED, MISSING] {
        metrics::counter!(DROPPED, "became" => became).increment(0);
    }
}

/// Counts a ticket that has its requester now, or has not.
pub(super) fn count(is_mended: bool) {
    metrics::counter!(DROPPED, "became" => if is_mended { MENDED } else { MISSING }).increment(1);
}
