//! What a person waits for on the portal: a form, and a page with all that hangs on it.

use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::{
    bare,
    gateway::Running,
    glpi::Target,
    support::{gateway::DIRECTORS, helpdesk::Helpdesk},
    table::{Table, share},
};

const FORMS: usize = 150;
/// From then on a gateway needs no search for what may have come before its start.
const WARM: Duration = Duration::from_secs(130);
const PAGES: usize = 20;
const FOLLOWUPS: usize = 13;
const FILES: usize = 5;

/// What the gateway adds to the bare call that makes a form's ticket.
pub(crate) async fn forms(target: &Target) {
    let gateway = Running::start(target, &[]).await;
    tokio::time::sleep(WARM).await;
    let bare = bare::latencies(target, FORMS).await;
    let through = forms_of(&gateway).await;
    gateway.stop().await;
    Table::times("a ticket by the bare call", &bare);
    Table::times("a form of the portal, two minutes after a start", &through);
    let added = |percent| (share(&through, percent).as_secs_f64() - share(&bare, percent).as_secs_f64()) * 1e3;
    Table::say(
        "a form adds",
        &format!("{:>9.1} ms in the median, {:.1} ms at the 99th percentile", added(50), added(99)),
    );
}

/// How long forms take, one after the other, the shortest first.
async fn forms_of(gateway: &Running) -> Vec<Duration> {
    let run = jiff::Timestamp::now().as_microsecond();
    let mut times = Vec::with_capacity(FORMS);
    for at in 0..FORMS + DIRECTORS.len() {
        let text = "Le livret de Zoé ne s’ouvre pas depuis lundi. ".repeat(6);
        let director = DIRECTORS[at % DIRECTORS.len()];
        let fields = json!({"requester": director, "application": "LSU", "title": format!("Formulaire {run}-{at}"), "description": text});
        let began = Instant::now();
        gateway.post_form(&fields).await;
        // Those before it were looked up.
        if at >= DIRECTORS.len() {
            times.push(began.elapsed());
        }
    }
    times.sort_unstable();
    times
}

/// How many calls a page of thirteen follow-ups and five files takes, and how many calls' time.
pub(crate) async fn pages(target: &Target) {
    let gateway = Running::start(target, &[]).await;
    let (login, password) = target.account();
    let staff = Helpdesk::sign_in(&target.url(), login, password).await;
    let files: Vec<Value> =
        (0..FILES).map(|at| json!({"name": format!("{at}.txt"), "content": BASE64.encode(&[b'a'; 100])})).collect();
    let title = format!("Page {}", jiff::Timestamp::now().as_microsecond());
    let fields = json!({"requester": DIRECTORS[0], "application": "LSU", "title": title, "description": "Bonjour", "attachments": files});
    let request = gateway.post_form(&fields).await["ticket"].as_u64().unwrap();
    for at in 0..FOLLOWUPS {
        staff.follow_up(request, &format!("<p>Suivi {at}</p>"), false).await;
    }
    let page = format!("/v1/requests/{request}");
    gateway.get_json(&page, DIRECTORS[0]).await;
    let mut bare = Vec::with_capacity(PAGES);
    for _ in 0..PAGES {
        let began = Instant::now();
        staff.get(&format!("Ticket/{request}")).await;
        bare.push(began.elapsed());
    }
    bare.sort_unstable();
    let (before, mut times) = (target.calls(), Vec::with_capacity(PAGES));
    for _ in 0..PAGES {
        let began = Instant::now();
        let shown = gateway.get_json(&page, DIRECTORS[0]).await;
        times.push(began.elapsed());
        assert_eq!(shown["timeline"].as_array().unwrap().len(), 1 + FOLLOWUPS, "{shown}");
    }
    times.sort_unstable();
    if let (Some(before), Some(after)) = (before, target.calls()) {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let calls = (after - before) as f64 / PAGES as f64;
        Table::say("GLPI calls of a portal page", &format!("{calls:>9.1}"));
    }
    let of_one = share(&times, 50).as_secs_f64() / share(&bare, 50).as_secs_f64();
    Table::times("a portal page", &times);
    Table::say("… in bare reads of a ticket", &format!("{of_one:>9.1}"));
    gateway.stop().await;
}
