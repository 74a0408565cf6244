//! Many requests at once: they go to GLPI together, and each has its own outcome.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::future::join_all;
use passerelle::sandbox::{Failure, Machine, Options, Rule, Sandbox};
use rstest::rstest;
use serde_json::json;

use crate::support::{
    gateway::{DIRECTORS, Gateway, mail, titled},
    helpdesk::Helpdesk,
    redis::Redis,
};

/// The group whose members are the directors.
const DIRECTORS_GROUP: u64 = 3;

/// Nobody has used up their day.
const NO_QUOTA: (&str, &str) = ("quota.per_day", "1000");

async fn busy(options: Options) -> Sandbox {
    Sandbox::start(Options { machine: Some(Machine::usual()), ..options }).await.unwrap()
}

/// Delivers so many mails at once; the first one's text is `first`. Gives the replies.
async fn crowd(gateway: &Gateway, mails: usize, first: &str) -> Vec<String> {
    let mails: Vec<_> = (0..mails)
        .map(|at| {
            let text = if at == 0 { first } else { "Bonjour" };
            let director = DIRECTORS[at % DIRECTORS.len()];
            (director, mail(director, &format!("c{at}"), &format!("LSU : foule {at}."), text))
        })
        .collect();
    join_all(mails.iter().map(|(director, mail)| gateway.deliver(director, mail))).await
}

/// The numbers of the tickets that were made, each of another request and whole.
fn made(sandbox: &Sandbox) -> usize {
    let tickets = titled(sandbox, "foule");
    let titles: BTreeSet<_> = tickets.iter().map(|ticket| ticket.name.clone()).collect();
    assert_eq!(titles.len(), tickets.len(), "a request has two tickets");
    for ticket in &tickets {
        assert_eq!((ticket.requesters.len(), ticket.assigned_groups.len()), (1, 1), "{ticket:?}");
    }
    tickets.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_after_a_start_takes_few_calls_and_makes_each_ticket_once() {
    let sandbox = busy(Options::default()).await;
    let gateway = Gateway::start(&sandbox, &[NO_QUOTA, ("lmtp.max_connections", "200")]).await;
    // What is asked once of GLPI and of each person is known.
    for director in DIRECTORS {
        gateway.deliver(director, &mail(director, &format!("{director}-0"), "LSU : d'abord", "Bonjour")).await;
    }
    let before = sandbox.calls();
    let mails: Vec<_> = (0..200)
        .map(|at| {
            let director = DIRECTORS[at % DIRECTORS.len()];
            (director, mail(director, &format!("b{at}"), &format!("LSU : arriéré {at}."), "Bonjour"))
        })
        .collect();
    let replies = join_all(mails.iter().map(|(director, mail)| gateway.deliver(director, mail))).await;
    assert!(replies.iter().all(|reply| reply.contains("created")), "{replies:?}");
    assert_eq!(titled(&sandbox, "arriéré").len(), 200);
    let calls = sandbox.calls() - before;
    assert!(calls <= 30, "{calls} calls for 200 tickets: {:?}", sandbox.calls_by_endpoint());
}

/// A relay's usual sixteen connections, from the first second after a start: at most so many mails can go together, and
/// none waits for others while a session is free.
#[rstest]
#[case::alone(false)]
#[case::with_a_redis_that_knows_of_earlier_ones(true)]
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_with_sixteen_connections_takes_few_calls_after_a_start(#[case] is_shared: bool) {
    let (sandbox, redis) = (busy(Options::default()).await, Redis::start());
    let mut settings = vec![NO_QUOTA];
    if is_shared {
        settings.extend(redis.settings());
    }
    let before = Gateway::start(&sandbox, &settings).await;
    crowd(&before, DIRECTORS.len(), "Bonjour").await;
    before.finish().await;

    let before = sandbox.calls();
    let gateway = Gateway::start(&sandbox, &settings).await;
    // A mail tells whole seconds: so that these are written after the start.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let next = AtomicUsize::new(0);
    let connection = async || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= 500 {
                return;
            }
            let director = DIRECTORS[at % DIRECTORS.len()];
            let mail = mail(director, &format!("r{at}"), &format!("LSU : relais {at}."), "Bonjour");
            let reply = gateway.deliver(director, &mail).await;
            assert!(reply.contains("created"), "{reply}");
        }
    };
    join_all((0..16).map(|_| connection())).await;
    assert_eq!(titled(&sandbox, "relais").len(), 500);
    let calls = sandbox.calls() - before;
    assert!(calls <= 150, "{calls} calls for 500 tickets: {:?}", sandbox.calls_by_endpoint());
}

/// A morning after a long weekend: nobody who wrote is known yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_as_many_people_is_not_three_calls_for_each_of_them() {
    const PEOPLE: usize = 60;
    let sandbox = busy(Options::default()).await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let mut people = BTreeMap::new();
    for at in 0..PEOPLE {
        let address = format!("ce.058{at:04}x@ac-dijon.fr");
        let id = staff.add("User", json!({ "name": format!("dir-{at}"), "firstname": "Luc", "realname": "Nom" })).await;
        staff.add("UserEmail", json!({ "users_id": id, "email": address.to_uppercase(), "is_default": 1 })).await;
        staff.add("Group_User", json!({ "users_id": id, "groups_id": DIRECTORS_GROUP })).await;
        people.insert(id, address);
    }
    let gateway = Gateway::start(&sandbox, &[NO_QUOTA, ("lmtp.max_connections", "200")]).await;
    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "p", "LSU : d'abord", "Bonjour")).await;
    let before = sandbox.calls();
    let mails: Vec<_> = people
        .values()
        .enumerate()
        .map(|(at, address)| (address, mail(address, &format!("p{at}"), &format!("LSU : peuple {at}."), "Bonjour")))
        .collect();
    let replies = join_all(mails.iter().map(|(address, mail)| gateway.deliver(address, mail))).await;
    assert!(replies.iter().all(|reply| reply.contains("created")), "{replies:?}");
    let tickets = titled(&sandbox, "peuple");
    let asked: BTreeSet<i64> = tickets.iter().flat_map(|ticket| &ticket.requesters).map(|person| person.user).collect();
    assert_eq!(asked, people.into_keys().map(u64::cast_signed).collect(), "each in the name of who wrote");
    let calls = sandbox.calls() - before;
    assert!(calls <= PEOPLE / 3, "{calls} calls for {PEOPLE} people: {:?}", sandbox.calls_by_endpoint());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_many_is_made_up_for_and_nobody_has_two_tickets() {
    for failure in [Failure::AnswerLost, Failure::Dies(0), Failure::Killed(0), Failure::ServerError] {
        let sandbox = busy(Options::default()).await;
        let gateway = Gateway::start(&sandbox, &[NO_QUOTA]).await;
        crowd(&gateway, DIRECTORS.len(), "Bonjour").await;
        // The first four go alone, each in a session of its own.
        let mut failures = vec![Rule::next(4, Failure::Slow(std::time::Duration::ZERO)).on_new_tickets()];
        failures.push(Rule::next(1, failure).on_new_tickets());
        sandbox.set_failures(passerelle::sandbox::Failures(failures));
        let replies = crowd(&gateway, 50, "Bonjour").await;
        let created = replies.iter().filter(|reply| reply.contains("created")).count();
        let deferred = replies.iter().filter(|reply| reply.starts_with('4')).count();
        // Those of the first crowd are known by their names.
        let known = DIRECTORS.len();
        assert_eq!(created + deferred + known, 50, "{failure:?}: {replies:?}");
        assert!(matches!(failure, Failure::Killed(_)) || deferred == 0, "{failure:?}: {replies:?}");
        assert_eq!(made(&sandbox), created + known, "{failure:?}");
        gateway.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_breaks_every_call_is_blamed_alone() {
    let sandbox = busy(Options { dies_of: Some("prunelle".to_owned()), ..Options::default() }).await;
    let gateway = Gateway::start(&sandbox, &[NO_QUOTA]).await;
    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "first", "LSU : avant", "Bonjour")).await;
    let replies = crowd(&gateway, 40, "Une prunelle").await;
    let (broken, others) = replies.split_first().unwrap();
    assert!(broken.starts_with("451 "), "{broken}");
    assert!(others.iter().all(|reply| reply.contains("created")), "{others:?}");
    assert_eq!(made(&sandbox), 39);
}
