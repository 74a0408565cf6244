//! What is counted of the mailboxes.

use super::{account::MailboxAccount, folders::Destination};

/// Mailboxes that are connected, 1 or 0 each.
pub(super) const CONNECTED: &str = "passerelle_imap_connected";
/// Connections that broke or could not be made.
pub(super) const FAILURES: &str = "passerelle_imap_failures_total";
/// Messages put into a folder.
pub(super) const MOVED: &str = "passerelle_imap_moved_total";
/// Messages that lie in the mailbox and wait.
pub(super) const WAITING: &str = "passerelle_imap_waiting";

/// Says what each figure is, and that there are those of these mailboxes.
pub(super) fn describe(accounts: &[MailboxAccount]) {
    for mailbox in accounts.iter().map(ToString::to_string) {
        metrics::gauge!(CONNECTED, "mailbox" => mailbox.clone()).set(0.0);
        metrics::counter!(FAILURES, "mailbox" => mailbox.clone()).increment(0);
        metrics::gauge!(WAITING, "mailbox" => mailbox.clone()).set(0.0);
        for place in Destination::ALL {
            metrics::counter!(MOVED, "mailbox" => mailbox.clone(), "folder" => place.label()).increment(0);
        }
    }
    metrics::describe_gauge!(CONNECTED, "whether a mailbox is connected");
    metrics::describe_counter!(FAILURES, "connections to a mailbox that broke or could not be made");
    metrics::describe_counter!(MOVED, "messages moved, by the folder they went to");
    metrics::describe_gauge!(WAITING, "messages that lie in a mailbox and wait");
}
