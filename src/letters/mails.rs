//! How the mails to people are counted: receipts, notices of refusals, notices of steps.

const MAILS: &str = "passerelle_mails_total";
const SENT: &str = "sent";
const FAILED: &str = "failed";

/// Mails of this kind may be sent: their counters are there before the first one.
pub(crate) fn expect(kind: &'static str) {
    metrics::describe_counter!(MAILS, "Mails to people, by why they were written and what became of them.");
    for outcome in [SENT, FAILED] {
        metrics::counter!(MAILS, "reason" => kind, "outcome" => outcome).increment(0);
    }
}

/// Counts one of this kind that the relay has taken, or has not.
pub(crate) fn count(kind: &'static str, is_sent: bool) {
    let outcome = if is_sent { SENT } else { FAILED };
    metrics::counter!(MAILS, "reason" => kind, "outcome" => outcome).increment(1);
}
