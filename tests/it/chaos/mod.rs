//! Nothing lost, nothing doubled: real servers, two gateways that are killed again and again, people who ask too often,
//! forms that the relay keeps while GLPI cannot answer, and everything else that can go wrong at once; at the end, after a
//! calm, all of it adds up.
//!
//! What people send and what goes wrong follow from the seed, which is printed; which of them meet is chance. `REQUESTS`
//! says how many, `SEED` repeats a run: `make chaos REQUESTS=10000 SEED=7`.

mod account;
mod evidence;
mod faults;
mod fleet;
mod history;
mod notices;
mod plan;
mod portal;
mod receipts;
mod seeds;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use jiff::Timestamp;
use passerelle::{app::App, sandbox::Sandbox};
use tokio::{
    task::block_in_place,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use self::{
    account::{Account, last_words},
    evidence::{Evidence, Told, handled, header},
    faults::Servers,
    fleet::{Fleet, INSTANCES},
    history::{Faults, REDIS_PATIENCE},
    plan::{More, PER_DAY, Planned, TO, Way, people, person, plan},
    portal::{Answered, Portal},
};
use crate::support::{
    dice::Dice,
    dovecot::{Dovecot, PASSWORD},
    emptying::empties,
    gateway::{FOLLOWUP, PORTAL_SECRET, configured, sandbox},
    postfix::Postfix,
    redis::Redis,
    sink::{Moods, Sink},
    slapd::{self, Slapd},
    wait_until,
};

/// How many requests there are where nobody says.
const REQUESTS: usize = 500;
/// The time from one to the next: about as many as two cores carry with all that goes wrong.
const PACE: Duration = Duration::from_millis(40);
/// How long things go wrong after the last one was sent.
const AFTER_THE_LAST: Duration = Duration::from_secs(2);

/// What a gateway may take however much goes wrong, bytes: most of it is of the requests in hand, of which there may be a
/// thousand. Whatever it keeps for each beyond its end would be far more.
const MOST_MEMORY: u64 = 256 << 20;

/// Where the mailbox puts what is settled.
const FOLDERS: [&str; 4] = ["Traités", "Refusés", "Ignorés", "Quarantaine"];

#[tokio::test(flavor = "multi_thread")]
async fn every_request_has_one_end_and_every_accepted_one_one_whole_ticket() {
    let requests = std::env::var("REQUESTS").ok().and_then(|count| count.parse().ok()).unwrap_or(REQUESTS);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut dice = Dice::thrown();
    let (folder, began) = (tempfile::tempdir().unwrap(), Instant::now());
    let planned = plan(requests, &mut dice);

    // Half of the directors stand in a file, the others in LDAP.
    let (listed, in_ldap): (Vec<_>, Vec<_>) = (0..people(requests)).partition(|number| number % 2 == 0);
    let [listed, in_ldap] = [listed, in_ldap].map(|numbers| numbers.into_iter().map(person).collect::<Vec<_>>());
    let csv = folder.path().join("directors.csv");
    fs::write(&csv, listed_directors(&listed)).unwrap();
    let (glpi, redis, relay) = (sandbox().await, Redis::with_a_clock(), Sink::start(Moods::default()).await);
    let (directory, mailbox) = (Slapd::knowing(&ldif(&in_ldap)), Dovecot::start());
    let (redis_url, relay_url) = (redis.url(), relay.url());
    let ldap_url = format!("ldap://127.0.0.1:{}", directory.port);
    let imap_url = format!("imap://{}:{PASSWORD}@127.0.0.1:{}?tls=off", TO.replace('@', "%40"), mailbox.port());
    let quota = PER_DAY.to_string();
    let settings = [
        ("glpi.url", glpi.url().as_str().to_owned()),
        ("glpi.login", "passerelle".to_owned()),
        ("glpi.password", "passerelle".to_owned()),
        ("glpi.timeout", "2s".to_owned()),
        ("glpi.aftermath", "1s".to_owned()),
        ("glpi.breaker_pause", "1s".to_owned()),
        ("redis.url", redis_url),
        ("redis.timeout", format!("{}ms", REDIS_PATIENCE.as_millis())),
        ("quota.backend", "redis".to_owned()),
        ("quota.per_day", quota),
        ("imap.url", imap_url),
        ("imap.poll", "1s".to_owned()),
        ("imap.timeout", "10s".to_owned()),
        // What GLPI dies of again and again here is no mail's own fault, and is tried soon.
        ("quarantine.attempts", "1000".to_owned()),
        ("quarantine.first_delay", "1s".to_owned()),
        ("quarantine.longest_delay", "1s".to_owned()),
        ("http.portal_secrets", PORTAL_SECRET.to_owned()),
        ("smtp.url", relay_url),
        ("smtp.timeout", "5s".to_owned()),
        ("portal.when_down", "queue".to_owned()),
        ("sweep.every", "2s".to_owned()),
        ("directory.sources", "csv,ldap".to_owned()),
        ("directory.csv", csv.to_str().unwrap().to_owned()),
        ("directory.cache", "2s".to_owned()),
        ("directory.ldap.url", ldap_url),
        ("directory.ldap.start_tls", "false".to_owned()),
        ("directory.ldap.base", "ou=personnes,dc=ac-dijon,dc=fr".to_owned()),
        ("directory.ldap.bind_dn", "cn=passerelle,dc=ac-dijon,dc=fr".to_owned()),
        ("directory.ldap.password", slapd::PASSWORD.to_owned()),
        ("directory.ldap.timeout", "2s".to_owned()),
        ("figures.every", "0s".to_owned()),
        ("knowledge.every", "0s".to_owned()),
    ];
    let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).chain(FOLLOWUP).collect();
    let fleet = Fleet::start(folder.path(), &settings, &mut dice).await;
    let postfix = Postfix::start(&fleet.next_hops());
    let servers = Servers {
        fleet: &fleet,
        glpi: &glpi,
        redis: Mutex::new(redis),
        relay: &relay,
        postfix: &postfix,
        directory: Mutex::new(directory),
        mailbox: &mailbox,
    };

    // Everybody sends, and everything goes wrong.
    let (portal, over, faults) = (Portal::new(&fleet), AtomicBool::new(false), Faults::default());
    let start = Instant::now();
    let sending = join_all(planned.iter().enumerate().map(|(at, planned)| {
        let due = start + PACE * u32::try_from(at).unwrap();
        let (postfix, mailbox, portal) = (&postfix, &mailbox, &portal);
        async move {
            sleep_until(due).await;
            send(planned, postfix, mailbox, portal).await
        }
    }));
    let ending = async {
        sleep_until(start + PACE * u32::try_from(requests).unwrap() + AFTER_THE_LAST).await;
        over.store(true, Ordering::Relaxed);
    };
    let put_by = HandingOn { relay: &relay, postfix: &postfix, seen: AtomicUsize::new(0), forms: AtomicUsize::new(0) };
    let handing_on = async {
        while !over.load(Ordering::Relaxed) {
            put_by.hand_on().await;
            sleep(PACE).await;
        }
    };
    let trouble = servers.trouble(&mut dice, &over, &faults);
    let (mut told, (), (), ()) = tokio::join!(sending, ending, trouble, handing_on);
    let troubled = began.elapsed();

    // Then nothing goes wrong any more, and everybody comes to their end.
    fleet.all_answer().await;
    all_are_accounted_for(&fleet).await;
    // A mailbox's reader comes back to what was put off after a minute; one that starts, at once.
    for at in 0..INSTANCES {
        let killing = faults.begin("gateway killed");
        fleet.kill(at).await;
        drop(killing);
        fleet.launch(at);
    }
    fleet.all_answer().await;
    empties("the relay hands everything over", async || block_in_place(|| postfix.queue_len())).await;
    empties("the mailbox is read", async || block_in_place(|| mailbox.messages(TO, "INBOX")).len()).await;
    // What was put by may have been at its last.
    put_by.hand_on().await;
    empties("the relay hands over what was put by", async || block_in_place(|| postfix.queue_len())).await;
    let unaccounted = unaccounted(&fleet).await;
    let ends = fleet.finish().await;
    make_up_for_late_receipts(&glpi, &relay.url(), &settings).await;

    words_of_relay_and_mailbox(&planned, &mut told, &postfix, &mailbox);
    let (tickets, letters) = (glpi.tickets(), relay.taken());
    let logs: Vec<_> = (0..INSTANCES).map(|at| fleet.log(at)).collect();
    let handled = handled(&logs);
    faults.add_slow_redis(&logs);
    let evidence = Evidence {
        planned: &planned,
        told: &told,
        tickets: &tickets,
        letters: &letters,
        handled: &handled,
        faults: &faults,
    };
    let mut account = Account::of(&evidence);
    let notices = notices::notices(&evidence);
    account.wrong.extend(notices.wrong);
    for (line, count) in notices.lines {
        account.set(&line, count);
    }
    account.wrong.extend(unaccounted);
    account.wrong.extend(portal.odd.lock().unwrap().drain(..));
    account.wrong.extend(ends.iter().filter(|end| !end.success()).map(|end| format!("a gateway ended with {end}")));
    account.set("portal: calls without an answer", portal.unanswered.load(Ordering::Relaxed));
    account.set("portal: calls answered with 202", portal.queued.load(Ordering::Relaxed));
    account.set("forms put by", put_by.forms.load(Ordering::Relaxed));
    account.set("portal: told to come again", portal.put_off.load(Ordering::Relaxed));
    for (fault, count) in faults.counted() {
        account.set(&format!("went wrong: {fault}"), count);
    }
    let memory = fleet.most_memory();
    account.set("MiB that a gateway has taken at most", usize::try_from(memory >> 20).unwrap());
    if memory > MOST_MEMORY {
        account.wrong.push(format!("a gateway has taken {} MiB", memory >> 20));
    }
    eprintln!("{account}{requests} requests; trouble for {troubled:.0?}, all in all {:.0?}", began.elapsed());
    if !account.wrong.is_empty() {
        let logs = folder.keep();
        let mut said = String::new();
        account.wrong.iter().for_each(|wrong| writeln!(said, "- {wrong}").unwrap());
        panic!("what does not add up (the gateways' logs are in {}):\n{said}", logs.display());
    }
}

/// Sends one request as its plan says, and what its sender adds; until it is answered, where anybody waits for that.
async fn send(planned: &Planned, postfix: &Postfix, mailbox: &Dovecot, portal: &Portal<'_>) -> Told {
    let mut told = Told { sent: Timestamp::now(), ..Told::default() };
    let relay = async || postfix.submit(&planned.from(), &[TO], &planned.mail()).await;
    let store = || block_in_place(|| mailbox.store(TO, "INBOX", [planned.mail()]));
    match planned.way {
        Way::Relay => relay().await,
        Way::RelayTwice => {
            relay().await;
            relay().await;
        }
        Way::Mailbox => store(),
        Way::Both => {
            relay().await;
            store();
        }
        Way::Form => told.form = vec![portal.post("/v1/requests", &planned.key(), &planned.form()).await],
        Way::FormTwice => told.form = portal.post_twice("/v1/requests", &planned.key(), &planned.form()).await.into(),
    }
    // Who wants to add something asks until they know the number.
    if planned.more != More::Nothing && told.form.iter().all(Answered::is_queued) {
        told.form =
            vec![portal.post_until_known("/v1/requests", &planned.key(), &planned.form()).await; told.form.len()];
    }
    let ticket = told.form.iter().find_map(|answered| answered.body["ticket"].as_u64());
    if let Some(ticket) = ticket.filter(|_| planned.more != More::Nothing) {
        let address = format!("/v1/requests/{ticket}/followups?requester={}", planned.from());
        let key = planned.complement_word();
        told.complement = vec![portal.post(&address, &key, &planned.complement()).await];
        if planned.more == More::Both {
            postfix.submit(&planned.from(), &[TO], &planned.answer(ticket)).await;
        }
    }
    told
}

/// Hands on, from the relay of the gateways' letters to the one that delivers to them, the forms that they put by.
struct HandingOn<'a> {
    relay: &'a Sink,
    postfix: &'a Postfix,
    seen: AtomicUsize,
    forms: AtomicUsize,
}

impl HandingOn<'_> {
    async fn hand_on(&self) {
        let new = self.relay.taken_after(self.seen.load(Ordering::Relaxed));
        self.seen.fetch_add(new.len(), Ordering::Relaxed);
        let forms = new.iter().filter(|taken| taken.to == [TO]);
        let submitted = join_all(forms.map(|taken| self.postfix.submit(&taken.from, &[TO], taken.mail.as_bytes())));
        self.forms.fetch_add(submitted.await.len(), Ordering::Relaxed);
    }
}

/// What the relay and the mailbox say of each mail in the end.
fn words_of_relay_and_mailbox(planned: &[Planned], told: &mut [Told], postfix: &Postfix, mailbox: &Dovecot) {
    let mut words = last_words(&postfix.log());
    let mut folders = BTreeMap::<String, Vec<String>>::new();
    for folder in
        FOLDERS.into_iter().filter(|folder| block_in_place(|| mailbox.folders(TO)).iter().any(|it| it == folder))
    {
        for message in block_in_place(|| mailbox.messages(TO, folder)) {
            let raw = String::from_utf8_lossy(&message.raw).into_owned();
            let id = header(&raw, "Message-ID").trim_matches(['<', '>']).to_owned();
            folders.entry(id).or_default().push(folder.to_owned());
        }
    }
    for (planned, told) in planned.iter().zip(told) {
        told.relay = words.remove(&planned.message_id()).unwrap_or_default();
        told.folders = folders.remove(&planned.message_id()).unwrap_or_default();
        for answered in told.form.iter().filter(|answered| answered.is_queued()) {
            let reference = answered.body["reference"].as_str().unwrap_or_default();
            let returned = words.get(&format!("{reference}.depot.passerelle@ac-dijon.fr"));
            told.returned.push(returned.cloned().unwrap_or_default());
        }
        told.answer = words.remove(&format!("{}@ecole.test", planned.answer_word())).unwrap_or_default();
    }
}

/// Waits until what each instance has received since it began is what has ended and what it has in hand.
async fn all_are_accounted_for(fleet: &Fleet) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for at in 0..INSTANCES {
        wait_until("every request is accounted for", async || {
            let answer = client.get(format!("{}/metrics", fleet.http(at))).send().await.unwrap();
            let figures = answer.text().await.unwrap();
            let total = |metric: &str| sums(&figures, metric).values().sum::<u64>();
            total("passerelle_received_total") == total("passerelle_requests_total") + total("passerelle_in_hand")
        })
        .await;
    }
}

/// What the survivors have received and neither ended nor have in hand.
async fn unaccounted(fleet: &Fleet) -> Vec<String> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut wrong = Vec::new();
    for at in 0..INSTANCES {
        let figures = async || {
            let answer = client.get(format!("{}/metrics", fleet.http(at))).send().await.unwrap();
            answer.text().await.unwrap()
        };
        wait_until("nothing is in hand", async || {
            sums(&figures().await, "passerelle_in_hand").values().all(|count| *count == 0)
        })
        .await;
        let figures = figures().await;
        let (received, ended) =
            (sums(&figures, "passerelle_received_total"), sums(&figures, "passerelle_requests_total"));
        if received != ended {
            wrong.push(format!("instance {at} received {received:?} and ended {ended:?}"));
        }
    }
    wrong
}

/// A metric's sum for each channel.
fn sums(figures: &str, metric: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for line in figures.lines() {
        let Some((labels, value)) = line.strip_prefix(metric).and_then(|rest| rest.split_once("} ")) else { continue };
        let channel = labels.split_once("channel=\"").unwrap().1.split('"').next().unwrap();
        *sums.entry(channel.to_owned()).or_default() += value.parse::<u64>().unwrap();
    }
    sums
}

/// What an instance that ended left due, the next one sends: at once where it is the only one, else after ten minutes.
async fn make_up_for_late_receipts(glpi: &Sandbox, relay: &str, settings: &[(&str, &str)]) {
    let alone = [("quota.backend", "memory"), ("smtp.url", relay)];
    let settings: Vec<_> = settings.iter().copied().chain(alone).collect();
    let url = glpi.url();
    let app = App::build(configured(url.as_str(), &settings)).unwrap();
    let is_due = || {
        let tickets = glpi.tickets();
        tickets.iter().any(|ticket| ticket.followups.iter().any(|note| note.content.contains("receipt-due")))
    };
    wait_until("every receipt that is due was sent", async || {
        app.sweep(CancellationToken::new()).pass(Timestamp::now()).await;
        !is_due()
    })
    .await;
    app.finish(Instant::now() + Duration::from_mins(1)).await;
}

fn listed_directors(people: &[String]) -> String {
    let rows: Vec<_> =
        people.iter().map(|who| format!("{who};Directrice {who};directrice;0210001A;École;021\n")).collect();
    format!("email;name;role;uai;school;department\n{}", rows.concat())
}

fn ldif(people: &[String]) -> String {
    let mut ldif = String::from(
        "dn: dc=ac-dijon,dc=fr\nobjectClass: dcObject\nobjectClass: organization\no: Academie\ndc: ac-dijon\n\n\
         dn: ou=personnes,dc=ac-dijon,dc=fr\nobjectClass: organizationalUnit\nou: personnes\n",
    );
    for who in people {
        write!(
            ldif,
            "\ndn: cn={who},ou=personnes,dc=ac-dijon,dc=fr\nobjectClass: inetOrgPerson\ncn: {who}\nsn: {who}\n\
             displayName: Directeur {who}\nmail: {who}\ntitle: DIR ECOLE\n"
        )
        .unwrap();
    }
    ldif
}
