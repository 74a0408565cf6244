//! The gateway in front of a mailbox.

use std::fmt::Write as _;

use passerelle::sandbox::Sandbox;

use crate::support::{
    dovecot::{Dovecot, PASSWORD},
    gateway::{ASSISTANCE, DIRECTORS, Gateway, mail},
    imap_client::ImapClient,
    wait_until,
};

/// The assistance mailbox's account.
pub(super) const USER: &str = ASSISTANCE;
/// The folders of settled messages.
pub(super) const FOLDERS: [&str; 4] = ["Traités", "Refusés", "Ignorés", "Quarantaine"];

/// The address of the assistance mailbox, without TLS.
pub(super) fn plain(dovecot: &Dovecot) -> String {
    format!("imap://{}:{PASSWORD}@127.0.0.1:{}?tls=off", USER.replace('@', "%40"), dovecot.port())
}

/// A gateway that reads the assistance mailbox, for any number of requests.
pub(super) async fn reading(dovecot: &Dovecot, sandbox: &Sandbox, settings: &[(&str, &str)]) -> Gateway {
    let url = plain(dovecot);
    let usual = [("imap.url", url.as_str()), ("quota.per_day", "100000")];
    Gateway::start(sandbox, &[&usual, settings].concat()).await
}

/// So many mails of directors, told apart by their subjects `LSU «name» 0`, `LSU «name» 1`, …
pub(super) fn mails(name: &str, count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|number| {
            let from = DIRECTORS[number % DIRECTORS.len()];
            mail(from, &format!("{name}-{number}"), &format!("LSU {name} {number}"), "Bonjour")
        })
        .collect()
}

/// How many messages a folder holds; none where it is not there.
pub(super) fn count(dovecot: &Dovecot, folder: &str) -> usize {
    count_over(&mut dovecot.sign_in(USER), folder)
}

fn count_over(client: &mut ImapClient, folder: &str) -> usize {
    let status = client.run(&format!("STATUS \"{}\" (MESSAGES)", encoded(folder)));
    let line = status.lines.iter().find_map(|line| line.text.split_once("MESSAGES ")).map(|(_, rest)| rest.to_owned());
    line.map_or(0, |rest| rest.trim_end_matches(')').parse().unwrap())
}

/// The names in this file as the server knows them (modified UTF-7).
fn encoded(folder: &str) -> String {
    folder.replace('é', "&AOk-")
}

/// Waits until the inbox is empty.
pub(super) async fn emptied(dovecot: &Dovecot) {
    let mut client = dovecot.sign_in(USER);
    wait_until("every message has left the inbox", async || count_over(&mut client, "INBOX") == 0).await;
}

/// Each of these requests has exactly one ticket, and no other has any.
pub(super) fn each_has_one_ticket(sandbox: &Sandbox, name: &str, count: usize) {
    let mut titles: Vec<String> = sandbox.tickets().into_iter().map(|ticket| ticket.name).collect();
    let mut expected: Vec<String> = (0..count).map(|number| format!("LSU {name} {number}")).collect();
    titles.sort();
    expected.sort();
    let mut odd = String::new();
    for title in titles.iter().filter(|title| !expected.contains(title)) {
        let _ = writeln!(odd, "unexpected: {title}");
    }
    for title in &expected {
        let found = titles.iter().filter(|found| *found == title).count();
        if found != 1 {
            let _ = writeln!(odd, "{title}: {found} tickets");
        }
    }
    assert!(odd.is_empty(), "{odd}");
}
