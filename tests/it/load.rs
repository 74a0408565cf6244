//! Far more than GLPI can take, for a while: memory stays flat, what cannot be taken is put off without waiting for GLPI
//! and said so, health tells the truth, every accepted request is one ticket, and after it the next one is taken as ever.
//!
//! `LOAD_SECONDS` says how long: `make load`. Nothing here depends on how fast the machine is.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use passerelle::{
    cli::demo::lmtp_client::deliver,
    sandbox::{Failure, Failures, Machine, Options, Rule, Sandbox},
};
use reqwest::Method;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::support::{
    gateway::{ASSISTANCE, DIRECTORS, PORTAL_SECRET, form, mail},
    served::Served,
    wait_until,
};

/// How long it lasts where nobody says, seconds.
const SECONDS: u64 = 10;
/// The time from one request to the next: some ten times what this GLPI can take.
const PACE: Duration = Duration::from_millis(16);
/// One core of a machine that a call takes so long, and so long each ticket: six or seven tickets a second.
const GLPI: Machine = Machine { cores: 1, call: Duration::from_millis(40), item: Duration::from_millis(110) };
/// What may be under way at once: more than the gateway takes connections of relays and of the portal.
const MOST_AT_ONCE: usize = 1000;
/// By so much may the memory grow beyond what the gateway takes at rest, bytes: its connections, each with its mail.
const MOST_GROWTH: u64 = 96 << 20;
/// By so much may it grow from the second quarter of a long run to the last one, and from one run to the next, bytes.
const FLAT: u64 = 16 << 20;

/// What senders were told, by what they sent.
#[derive(Default)]
struct Told {
    /// The titles of what was taken.
    taken: Mutex<Vec<String>>,
    /// What is to be sent again.
    put_off: Mutex<Vec<usize>>,
    odd: Mutex<Vec<String>>,
    put_offs: AtomicUsize,
}

fn title(number: usize) -> String {
    format!("LSU charge {number:06}.")
}

/// Sends one as the relay or the portal does, in turn.
async fn send(gateway: &Served, number: usize, told: &Told) {
    let (from, title) = (DIRECTORS[number % DIRECTORS.len()], title(number));
    let answer = if number.is_multiple_of(4) {
        let body = form(from, &title).to_string();
        let key = format!("charge-{number}");
        let call = gateway.signed(Method::POST, "/v1/requests", &key, body.as_bytes()).send().await;
        match call {
            Ok(answer) => format!("{} {}", answer.status().as_u16(), answer.text().await.unwrap_or_default()),
            Err(error) => format!("421 {error}"),
        }
    } else {
        let sent =
            deliver(gateway.lmtp, from, &[ASSISTANCE], &mail(from, &format!("charge-{number}"), &title, "Bonjour"))
                .await;
        sent.map_or_else(|error| format!("421 {error}"), |replies| replies.last().cloned().unwrap_or_default())
    };
    match answer.split(' ').next().unwrap() {
        "250" if answer.contains("created") || answer.contains("duplicate") => told.taken.lock().unwrap().push(title),
        "200" | "201" => told.taken.lock().unwrap().push(title),
        // Put off, or no place for a connection.
        "451" | "421" | "503" => {
            told.put_offs.fetch_add(usize::from(!answer.starts_with("421")), Ordering::Relaxed);
            told.put_off.lock().unwrap().push(number);
        }
        _ => told.odd.lock().unwrap().push(format!("{title}: {answer}")),
    }
}

/// What whoever watches is told meanwhile: `/healthz` each time, the answers of `/readyz`, the memory.
#[derive(Default)]
struct Watched {
    unhealthy: Vec<u16>,
    ready: BTreeMap<u16, usize>,
    /// What it said where it was not ready.
    not_ready: BTreeSet<String>,
    memory: Vec<u64>,
}

async fn watch(gateway: &Served, over: &AtomicBool) -> Watched {
    let mut watched = Watched::default();
    while !over.load(Ordering::Relaxed) {
        let (alive, _) = gateway.get("/healthz").await.unwrap();
        watched.unhealthy.extend((alive != 200).then_some(alive));
        let (ready, said) = gateway.get("/readyz").await.unwrap();
        *watched.ready.entry(ready).or_default() += 1;
        watched.not_ready.extend((ready != 200).then_some(said));
        watched.memory.push(gateway.resident());
        sleep(Duration::from_millis(250)).await;
    }
    watched
}

/// Sends one after the other from this number on, however many are still without an answer; gives the next number.
async fn offer(gateway: &Arc<Served>, told: &Arc<Told>, lasts: Duration, from: usize) -> usize {
    let (start, mut sending, mut number) = (Instant::now(), JoinSet::new(), from);
    while start.elapsed() < lasts {
        if sending.len() < MOST_AT_ONCE {
            let (gateway, told) = (Arc::clone(gateway), Arc::clone(told));
            sending.spawn(async move { send(&gateway, number, &told).await });
            number += 1;
        }
        while sending.try_join_next().is_some_and(|ended| ended.is_ok()) {}
        sleep(PACE).await;
    }
    while let Some(ended) = sending.join_next().await {
        ended.unwrap();
    }
    number
}

/// The same, while somebody watches.
async fn wave(gateway: &Arc<Served>, told: &Arc<Told>, lasts: Duration, from: usize) -> (usize, Watched) {
    let over = AtomicBool::new(false);
    let offering = async {
        let next = offer(gateway, told, lasts, from).await;
        over.store(true, Ordering::Relaxed);
        next
    };
    tokio::join!(offering, watch(gateway, &over))
}

/// What `/readyz` says while GLPI has more to do than it can, and nothing else.
const SAID_UNDER_LOAD: [&str; 3] =
    ["pas de réponse à temps", "les appels sont suspendus après des échecs répétés", "toutes les sessions sont prises"];

/// How many tickets there are of each request.
fn tickets(glpi: &Sandbox) -> BTreeMap<String, usize> {
    let mut tickets = BTreeMap::new();
    for ticket in glpi.tickets() {
        *tickets.entry(ticket.name).or_default() += 1;
    }
    tickets
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_what_glpi_can_take_is_put_off_and_the_next_request_is_taken_as_ever() {
    let seconds = std::env::var("LOAD_SECONDS").ok().and_then(|it| it.parse().ok()).unwrap_or(SECONDS);
    let glpi = Sandbox::start(Options { machine: Some(GLPI), ..Options::default() }).await.unwrap();
    let (folder, url) = (tempfile::tempdir().unwrap(), glpi.url().to_string());
    let settings = [
        ("glpi.url", url.as_str()),
        ("glpi.login", "passerelle"),
        ("glpi.password", "passerelle"),
        ("glpi.timeout", "4s"),
        ("glpi.aftermath", "5s"),
        ("http.portal_secrets", PORTAL_SECRET),
        ("quota.per_day", "1000000"),
        ("lmtp.max_connections", "300"),
        ("sender.authserv_ids", "relais.test"),
        ("figures.every", "0s"),
        ("knowledge.every", "0s"),
        ("log.filter", "error"),
    ];
    let gateway = Arc::new(Served::start(folder.path(), &settings).await);
    let told = Arc::new(Told::default());
    send(&gateway, 999_999, &told).await;
    assert_eq!(told.taken.lock().unwrap().len(), 1, "{}", gateway.log());
    let at_rest = gateway.resident();

    let lasts = Duration::from_secs(seconds);
    let (offered, watched) = wave(&gateway, &told, lasts, 0).await;
    let put_offs = told.put_offs.load(Ordering::Relaxed);
    let taken = told.taken.lock().unwrap().len();
    let most = watched.memory.iter().max().copied().unwrap_or_default();
    eprintln!(
        "{offered} offered in {seconds} s, {taken} taken, {put_offs} put off; /readyz {:?}; memory {} MiB at rest, {} at most",
        watched.ready,
        at_rest >> 20,
        most >> 20,
    );
    // GLPI had more than it could take, and who could not be served was told so.
    assert!(taken > 1 && put_offs > taken, "{taken} taken, {put_offs} put off");
    assert_eq!(*told.odd.lock().unwrap(), [""; 0]);
    assert!(most < at_rest + MOST_GROWTH, "{} MiB at rest, {} MiB at most", at_rest >> 20, most >> 20);
    if let [_, second, .., last] = watched.memory.chunks(watched.memory.len().div_ceil(4)).collect::<Vec<_>>()[..]
        && seconds >= 60
    {
        let mean = |samples: &[u64]| samples.iter().sum::<u64>() / samples.len() as u64;
        assert!(mean(last) < mean(second) + FLAT, "{} then {} bytes", mean(second), mean(last));
    }
    // The process lived all the while; whether it was ready is its own word, and no other.
    assert_eq!(watched.unhealthy, [0; 0]);
    assert!(watched.ready.keys().all(|status| [200, 503].contains(status)), "{:?}", watched.ready);
    let said = watched.not_ready.iter().map(|said| said.replace('\u{a0}', " "));
    let odd: Vec<_> = said.filter(|said| !SAID_UNDER_LOAD.iter().any(|reason| said.contains(reason))).collect();
    assert_eq!(odd, [""; 0]);
    let made = tickets(&glpi);
    for title in told.taken.lock().unwrap().iter() {
        assert_eq!(made.get(title), Some(&1), "{title}");
    }
    assert!(made.values().all(|count| *count == 1), "{made:?}");

    // Nothing is left of it: the first mail behind it is taken at once, and health says so.
    wait_until("what was begun has ended", async || gateway.figures().await.sum("passerelle_in_hand", &[]) == 0).await;
    let next = mail(DIRECTORS[0], "apres", "LSU après", "Bonjour");
    let answer = deliver(gateway.lmtp, DIRECTORS[0], &[ASSISTANCE], &next).await.unwrap().pop().unwrap();
    assert!(answer.contains("created"), "{answer}");
    assert_eq!(gateway.get("/readyz").await.unwrap().0, 200);
    glpi.set_failures(Rule::always(Failure::Down));
    wait_until("a GLPI that is away is said to be", async || gateway.get("/readyz").await.unwrap().0 == 503).await;
    assert_eq!(gateway.get("/healthz").await.unwrap().0, 200);
    glpi.set_failures(Failures::none());
    wait_until("and back again", async || gateway.get("/readyz").await.unwrap().0 == 200).await;

    // While GLPI stands still for longer than anybody lives, everybody has their answer all the same.
    glpi.set_failures(Rule::always(Failure::Slow(Duration::from_hours(1))));
    let before = (told.taken.lock().unwrap().len(), told.put_off.lock().unwrap().len());
    let held = 100;
    futures_util::future::join_all((offered..offered + held).map(|number| send(&gateway, number, &told))).await;
    let after = (told.taken.lock().unwrap().len(), told.put_off.lock().unwrap().len());
    assert_eq!(after, (before.0, before.1 + held), "taken, and put off");
    glpi.set_failures(Failures::none());
    wait_until("GLPI is asked again", async || gateway.get("/readyz").await.unwrap().0 == 200).await;
    let offered = offered + held;

    // As much once more takes no more memory than the first time.
    let (offered, again) = wave(&gateway, &told, lasts, offered).await;
    let most_again = again.memory.iter().max().copied().unwrap_or_default();
    assert!(most_again < most + FLAT, "{} MiB at most, then {}", most >> 20, most_again >> 20);
    assert_eq!(again.unhealthy, [0; 0]);

    // Who was put off comes again, as relays do, until all are taken: each once.
    glpi.set_machine(None);
    wait_until("everything is taken", async || {
        let again = std::mem::take(&mut *told.put_off.lock().unwrap());
        for some in again.chunks(40) {
            futures_util::future::join_all(some.iter().map(|number| send(&gateway, *number, &told))).await;
        }
        told.put_off.lock().unwrap().is_empty()
    })
    .await;
    assert_eq!(*told.odd.lock().unwrap(), [""; 0]);
    let made = tickets(&glpi);
    let counts = (0..offered).map(title).map(|title| (made.get(&title).copied().unwrap_or_default(), title));
    let wrong: Vec<_> = counts.filter(|(count, _)| *count != 1).collect();
    assert!(wrong.is_empty(), "of {offered} these have none, or several: {wrong:?}");
    assert_eq!(made.len(), offered + 2);
}
