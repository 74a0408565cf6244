//! The GLPI conformance suite: against the sandbox, or a real GLPI given by environment.
//!
//! The sandbox is a GLPI 10, or with `GLPI_TEST_STAND_IN=11` a GLPI 11. With `GLPI_TEST_URL`, `GLPI_TEST_LOGIN` and `GLPI_TEST_PASSWORD` the same tests run against that
//! GLPI. It needs the seed of the sandbox: the groups «Référents-LSU» (assigned by a business rule
//! to the category), «DSI-BAI» and «Directeurs d'école», the category «Scolarité > LSU», the director
//! `ce.0210001A@ac-dijon.fr` and `agent.simple@ac-dijon.fr`, who is none; the account has
//! the rights of the table of docs/en/glpi.md, the FAQ's included, and `glpi`/`glpi` is the Super-Admin. The tests leave their
//! tickets behind. What needs a failing GLPI is in `failing`, for the sandbox only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod account;
mod actors;
mod announcements;
mod audit;
mod directory;
mod drafts;
mod escalation;
mod failing;
mod figures;
mod files;
mod followups;
mod history;
mod hooks;
mod least_rights;
mod lists;
mod mailings;
mod notices;
mod own_account;
mod portal;
mod reports;
mod rights;
mod search;
mod target;
mod tickets;
mod together;
mod urgency;
mod whole_way;
mod without_rights;

use bytes::Bytes;
use passerelle::glpi::{Created, FileFate, Glpi, Item, NewTicket, Requester, TicketType, Upload};
use passerelle::id::{CategoryId, GroupId, UserId};

/// A text no other test and no other run writes.
fn marker() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = jiff::Timestamp::now().as_nanosecond();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("m{now:x}-{}-{count}", std::process::id())
}

fn ticket(name: &str, content: &str) -> NewTicket {
    NewTicket {
        name: name.to_owned(),
        content_html: content.to_owned(),
        kind: TicketType::Incident,
        urgency: 3,
        category: None,
        entity: None,
        location: None,
        request_type: None,
        assigned_groups: Vec::new(),
        observer_groups: Vec::new(),
        answer_to: None,
        observers: vec![],
        requester: Requester::Email("inconnu@ac-dijon.fr".to_owned()),
        head: None,
    }
}

fn text_file(name: &str, text: &str) -> Upload {
    Upload::new(name.to_owned(), "text/plain".to_owned(), Bytes::copy_from_slice(text.as_bytes()), None)
}

fn fates<I>(created: &Created<I>) -> Vec<(&str, bool)> {
    let taken = |fate: &FileFate| match fate {
        FileFate::Taken => true,
        FileFate::NotTaken(_) => false,
        FileFate::Unknown => panic!("the documents could not be read back"),
    };
    created.files.iter().map(|file| (file.name.as_str(), taken(&file.fate))).collect()
}

/// Whether this GLPI dies of a file that it refuses, as from 11 on.
async fn breaks_off(glpi: &Glpi) -> bool {
    let version = glpi.server_info().await.unwrap().version;
    version.split('.').next().unwrap().parse::<u32>().unwrap() >= 11
}

async fn director(glpi: &Glpi) -> UserId {
    let found = glpi.user_by_email("ce.0210001A@ac-dijon.fr").await.unwrap();
    found.expect("the seed has this director")
}

async fn group(glpi: &Glpi, name: &str) -> GroupId {
    only(&glpi.groups_named(name).await.unwrap()).expect("the seed has this group").into()
}

async fn category(glpi: &Glpi, path: &str) -> CategoryId {
    only(&glpi.categories_at(path).await.unwrap()).expect("the seed has this category").into()
}

/// The id of the one item of a name; `None` where there is none.
fn only(items: &[Item]) -> Option<u64> {
    assert!(items.len() <= 1, "several: {items:?}");
    items.first().map(|item| item.id)
}
