//! The cache that instances share, a real Redis: what it saves, and that losing it loses nothing.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use passerelle::{
    app,
    config::{self, Config},
    flow::{
        ledger::{ClaimResult, Ledger, Standing, Told},
        route::Mappings,
        screen::{self, Candidate, DayPlace, Passed, Rules},
    },
    id::TicketId,
    intake::mime,
    request::{Channel, Envelope, Reason, Received, Reference},
    sandbox::{Failure, Rule, Sandbox},
};
use reqwest::Method;
use rstest::rstest;
use secrecy::SecretSlice;
use serde_json::json;

use crate::support::{
    gateway::{DIRECTORS, FOLLOWUP, Gateway, PROXY_SECRET, form, mail, sandbox},
    meddler::{Fate, Meddler},
    redis::Redis,
    wait_until,
};

async fn gateway(sandbox: &Sandbox, redis: &Redis, more: &[(&str, &str)]) -> Gateway {
    Gateway::start(sandbox, &[&redis.settings()[..], more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_make_one_ticket_of_one_request_and_ten_of_a_day() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (one, two) = (gateway(&sandbox, &redis, &[]).await, gateway(&sandbox, &redis, &[]).await);
    let same = mail(DIRECTORS[0], "shared", "LSU : partagé", "Bonjour");
    let copies = (0..10).map(|number| if number % 2 == 0 { &one } else { &two }.deliver(DIRECTORS[0], &same));
    let replies = join_all(copies).await;
    assert!(replies.iter().all(|reply| reply.starts_with("250")), "{replies:?}");
    assert_eq!(sandbox.tickets().len(), 1);

    let forms: Vec<_> = (0..40).map(|number| form(DIRECTORS[0], &format!("Demande {number}"))).collect();
    let posts = forms.iter().enumerate().map(|(number, fields)| {
        let gateway = if number % 2 == 0 { &one } else { &two };
        gateway.post_form(fields, None)
    });
    let statuses: Vec<_> = join_all(posts).await.iter().map(|answer| answer.status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 9, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 31, "{statuses:?}");
    assert_eq!(sandbox.tickets().len(), 10);

    let keys = redis.keys().join("\n").to_lowercase();
    assert!(keys.contains("passerelle:epoch") && !keys.contains("ac-dijon") && !keys.contains("0210001a"), "{keys}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_in_mid_day_lets_neither_a_copy_nor_an_eleventh_request_through() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let gateway = gateway(&sandbox, &redis, &[]).await;
    let first = mail(DIRECTORS[0], "flush-0", "LSU : avant", "Bonjour");
    assert!(gateway.deliver(DIRECTORS[0], &first).await.contains("created"));
    for number in 1..6 {
        assert_eq!(gateway.post_form(&form(DIRECTORS[0], &format!("Avant {number}")), None).await.status(), 201);
    }
    redis.flush_all();
    let other = self::gateway(&sandbox, &redis, &[]).await;
    for gateway in [&gateway, &other] {
        assert!(gateway.deliver(DIRECTORS[0], &first).await.contains("duplicate"));
        assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Avant 1"), None).await.status(), 200);
    }
    let forms: Vec<_> = (0..20).map(|number| form(DIRECTORS[0], &format!("Après {number}"))).collect();
    let half = forms.len() / 2;
    let posts = join_all(forms[..half].iter().map(|fields| gateway.post_form(fields, None)));
    let others = join_all(forms[half..].iter().map(|fields| other.post_form(fields, None)));
    let (mut answers, more) = tokio::join!(posts, others);
    answers.extend(more);
    assert_eq!(answers.iter().filter(|answer| answer.status() == 201).count(), 4);
    assert_eq!(sandbox.tickets().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_gateway_asks_glpi_and_what_it_did_then_still_counts() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let gateway = gateway(&sandbox, &redis, &[("quota.per_day", "3")]).await;
    let other = self::gateway(&sandbox, &redis, &[("quota.per_day", "3")]).await;
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Avec"), Some("k1")).await.status(), 201);
    redis.stop();
    assert_eq!(other.post_form(&form(DIRECTORS[0], "Avec"), Some("k1")).await.status(), 200);
    assert_eq!(other.post_form(&form(DIRECTORS[0], "Sans"), Some("k2")).await.status(), 201);
    redis.start_again();
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Sans"), Some("k2")).await.status(), 200);
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "De nouveau"), Some("k3")).await.status(), 201);
    for gateway in [&gateway, &other] {
        assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Trop"), Some("k4")).await.status(), 429);
    }
    assert_eq!(sandbox.tickets().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_day_is_told_by_every_instance_also_after_a_flush() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let settings = [("quota.per_day", "3"), ("http.trusted_proxies", "127.0.0.1")];
    let (one, two) = (gateway(&sandbox, &redis, &settings).await, gateway(&sandbox, &redis, &settings).await);
    let told = async |gateway: &Gateway| {
        let form = gateway.call(Method::GET, "/portail/nouvelle").header("X-Remote-Mail", DIRECTORS[0]);
        let form = form.header("X-Passerelle-Proxy-Secret", PROXY_SECRET);
        let form = form.send().await.unwrap().text().await.unwrap();
        assert!(form.contains("Envoyer la demande"), "{form}");
        let (_, left) = form.split_once("encore déposer ")?;
        left.split_once(' ')?.0.parse::<u32>().ok()
    };
    assert_eq!(told(&one).await, Some(3));
    assert_eq!(one.post_form(&form(DIRECTORS[0], "La première"), None).await.status(), 201);
    assert_eq!((told(&one).await, told(&two).await), (Some(2), Some(2)));
    redis.flush_all();
    assert_eq!((told(&one).await, told(&two).await), (Some(2), Some(2)));
    // Nobody can say: the form is there all the same.
    redis.stop();
    assert_eq!(told(&two).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_gateway_waits_where_it_is_told_to() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let gateway = gateway(&sandbox, &redis, &[("redis.when_down", "defer")]).await;
    redis.stop();
    let mail = mail(DIRECTORS[0], "wait", "LSU", "Bonjour");
    let reply = gateway.deliver(DIRECTORS[0], &mail).await;
    assert!(reply.starts_with("451") && reply.contains("cache-unavailable"), "{reply}");
    redis.start_again();
    assert!(gateway.deliver(DIRECTORS[0], &mail).await.contains("created"));
    assert_eq!(sandbox.tickets().len(), 1);
}

/// A ledger over this Redis and GLPI.
fn ledger(sandbox: &Sandbox, redis: &Redis) -> (Ledger, Config) {
    ledger_with(sandbox, redis, "0s")
}

/// One for which what was begun before Redis was emptied may be under way for so long.
fn ledger_with(sandbox: &Sandbox, redis: &Redis, aftermath: &str) -> (Ledger, Config) {
    patient_ledger(sandbox, redis, aftermath, Duration::from_secs(2))
}

fn patient_ledger(sandbox: &Sandbox, redis: &Redis, aftermath: &str, give_up: Duration) -> (Ledger, Config) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = redis.url();
    let settings = [
        ("PASSERELLE_GLPI__URL", sandbox.url().to_string()),
        ("PASSERELLE_GLPI__LOGIN", "passerelle".into()),
        ("PASSERELLE_GLPI__PASSWORD", "passerelle".into()),
        ("PASSERELLE_GLPI__RETRIES", "0".into()),
        ("PASSERELLE_GLPI__AFTERMATH", aftermath.into()),
        ("PASSERELLE_QUOTA__BACKEND", "redis".into()),
        ("PASSERELLE_REDIS__URL", url),
    ];
    let config = config::load_from(None, settings.map(|(key, value)| (key.to_owned(), value))).unwrap();
    let glpi = app::glpi(&config).unwrap();
    (Ledger::new(&config, glpi, SecretSlice::from(vec![1]), give_up).unwrap(), config)
}

/// A candidate whose copies can have come in only `ahead` from now, as if the day went on.
fn candidate(config: &Config, id: &str, ahead: SignedDuration) -> Candidate {
    let raw = mail(DIRECTORS[0], id, "LSU", "Bonjour");
    let envelope = Envelope {
        channel: Channel::HttpMail,
        sender: None,
        recipients: vec![],
        size: raw.len() as u64,
        stored: None,
        is_untried: false,
    };
    let mut received = mime::mail_blocking(&envelope, &raw.into(), Timestamp::now());
    received.copies_since = Timestamp::now() + ahead;
    screened(config, received)
}

fn screened(config: &Config, received: Received) -> Candidate {
    let rules = Rules::new(config).unwrap();
    let (identified, mappings) = (screen::identify(received, &rules).unwrap(), Mappings::load(None).unwrap());
    let proven =
        screen::prove(identified, &screen::Proof::NotProven(passerelle::text::Bilingual::default()), &rules).unwrap();
    match screen::by_itself(proven, &rules, mappings.applications()) {
        Ok(Passed::Request(candidate)) => candidate,
        other => panic!("no request: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_after_the_cache_began_is_known_from_it_alone_and_a_flush_or_a_restart_ends_that() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let (ledger, config) = ledger(&sandbox, &redis);
    let later = SignedDuration::from_mins(10);
    // The first call sets the epoch; from then on GLPI need not be asked, and here cannot.
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    for round in 0..3 {
        let id = format!("believed-{round}");
        let ClaimResult::Mine(mine) = ledger.claim(&candidate(&config, &id, later)).await else {
            panic!("not claimed: {round}")
        };
        ledger.settle(mine, TicketId::new(42 + round)).await;
        let (elsewhere, _) = self::ledger(&sandbox, &redis);
        let known = elsewhere.claim(&candidate(&config, &id, later)).await;
        assert!(
            matches!(known, ClaimResult::Known(known) if known.ticket == TicketId::new(42 + round) && known.answered),
            "{known:?}"
        );
        // What came before the epoch is not believed.
        let before = ledger.claim(&candidate(&config, &format!("before-{round}"), SignedDuration::ZERO)).await;
        assert!(matches!(before, ClaimResult::Unknown { .. }), "{before:?}");
        match round {
            0 => redis.flush_all(),
            _ => redis.start_again(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glpi_that_is_almost_too_slow_makes_no_second_ticket_at_the_other_instance() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let slow = [("glpi.timeout", "1s")];
    let (one, two) = (gateway(&sandbox, &redis, &slow).await, gateway(&sandbox, &redis, &slow).await);
    // All that comes before the creation takes longer than a claim lasts.
    sandbox.set_failures(Rule::always(Failure::Slow(Duration::from_millis(900))));
    let fields = form(DIRECTORS[0], "Lenteur");
    let (first, second) = tokio::join!(one.post_form(&fields, Some("slow")), two.post_form(&fields, Some("slow")));
    for answer in [first, second] {
        assert!([200, 201, 503].contains(&answer.status().as_u16()), "{answer:?}");
    }
    sandbox.set_failures(passerelle::sandbox::Failures::none());
    wait_until("one of them has made the ticket", async || {
        one.post_form(&fields, Some("slow")).await.status().is_success()
    })
    .await;
    assert_eq!(two.post_form(&fields, Some("slow")).await.status(), 200);
    assert_eq!(sandbox.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recount_keeps_the_ticket_of_an_instance_that_crashed_before_it_could_say_so() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let gateway = gateway(&sandbox, &redis, &[("quota.per_day", "2")]).await;
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Une"), Some("c1")).await.status(), 201);
    // The place as the crashed instance left it: reserved long ago, never settled.
    let reference = Reference::find(&sandbox.tickets()[0].content).unwrap().to_string();
    let day = redis.keys().into_iter().find(|key| key.contains(":day:")).unwrap();
    redis.run(&["ZADD", &day, "5", &reference]);
    let other = self::gateway(&sandbox, &redis, &[("quota.per_day", "2")]).await;
    assert_eq!(other.post_form(&form(DIRECTORS[0], "Deux"), Some("c2")).await.status(), 201);
    assert_eq!(other.post_form(&form(DIRECTORS[0], "Trois"), Some("c3")).await.status(), 429);
}

/// A form without a key is named by its minute; a copy a minute later has another name and the first as alias.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_known_by_an_alias_has_the_first_one_s_reference_and_does_not_prolong_its_ten_minutes() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (ledger, config) = ledger(&sandbox, &redis);
    let (elsewhere, _) = self::ledger(&sandbox, &redis);
    let at = |minute: u32| Reference::new("minute", "", &minute.to_be_bytes());
    let form = |minute: u32| {
        let mut received = candidate(&config, "x", SignedDuration::from_mins(10)).received().clone();
        received.reference = at(minute);
        received.aliases = (minute - 10..minute).map(at).collect();
        screened(&config, received)
    };
    let ClaimResult::Mine(mine) = ledger.claim(&form(20)).await else { panic!("not claimed") };
    ledger.settle(mine, TicketId::new(7)).await;
    for ledger in [&ledger, &elsewhere] {
        for minute in [21, 29] {
            let claim = ledger.claim(&form(minute)).await;
            assert!(
                matches!(claim, ClaimResult::Known(known) if known.ticket == TicketId::new(7) && known.reference == at(20)),
                "{claim:?}"
            );
        }
    }
    let ClaimResult::Mine(mine) = elsewhere.claim(&form(31)).await else { panic!("the ten minutes were prolonged") };
    elsewhere.release(mine, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_owner_is_gone_is_taken_over_only_after_asking_glpi() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (dead, config) = ledger(&sandbox, &redis);
    let later = SignedDuration::from_mins(10);
    let request = candidate(&config, "orphan", later);
    let ClaimResult::Mine(mine) = dead.claim(&request).await else { panic!("not claimed") };
    drop((mine, dead));

    let (ledger, _) = ledger(&sandbox, &redis);
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    let began = std::time::Instant::now();
    let claim = ledger.claim(&request).await;
    assert!(matches!(claim, ClaimResult::Unknown { .. }), "GLPI was not asked: {claim:?}");
    assert!(began.elapsed() >= Duration::from_secs(1), "the claim was not waited for");
    sandbox.set_failures(passerelle::sandbox::Failures::none());
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        match ledger.claim(&request).await {
            ClaimResult::Mine(mine) => break ledger.release(mine, true).await,
            ClaimResult::Unknown { .. } if std::time::Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_under_way_is_known_elsewhere_even_if_redis_is_emptied_in_the_middle_of_it() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (one, config) = ledger_with(&sandbox, &redis, "6s");
    let (two, _) = ledger_with(&sandbox, &redis, "6s");
    let request = candidate(&config, "under way", SignedDuration::ZERO);
    let ClaimResult::Mine(mine) = one.claim(&request).await else { panic!("not claimed") };
    let glpi = app::glpi(&config).unwrap();
    assert_eq!(one.standing(&mine, request.received()).assert(&glpi).await, Standing::Stands);
    redis.flush_all();
    let creation = async {
        one.hold(&mine, tokio::time::sleep(Duration::from_secs(2))).await;
        one.settle(mine, TicketId::new(77)).await;
    };
    let ((), elsewhere) = tokio::join!(creation, two.claim(&request));
    assert!(matches!(elsewhere, ClaimResult::Known(known) if known.ticket == TicketId::new(77)), "{elsewhere:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_given_back_by_release_and_a_full_day_is_full_everywhere() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (ledger, config) = ledger(&sandbox, &redis);
    let (elsewhere, _) = self::ledger(&sandbox, &redis);
    let mut claims = Vec::new();
    for number in 0..10 {
        let request = candidate(&config, &format!("place-{number}"), SignedDuration::ZERO);
        let ClaimResult::Mine(mine) = ledger.claim(&request).await else { panic!("not claimed") };
        assert_eq!(ledger.reserve(&request).await, DayPlace::Reserved);
        assert_eq!(ledger.reserve(&request).await, DayPlace::Reserved, "its own place is no second one");
        claims.push(mine);
    }
    let tenth = claims.pop().unwrap();
    for (ticket, mine) in (1..).zip(claims) {
        ledger.settle(mine, TicketId::new(ticket)).await;
    }
    let [eleventh, twelfth] =
        ["eleventh", "twelfth"].map(|name| candidate(&config, name, SignedDuration::from_mins(10)));
    let ClaimResult::Mine(mine) = elsewhere.claim(&eleventh).await else { panic!("not claimed") };
    let end_of_the_tenth = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        ledger.release(tenth, false).await;
    };
    let (place, ()) = tokio::join!(elsewhere.reserve(&eleventh), end_of_the_tenth);
    assert_eq!(place, DayPlace::Reserved, "what is under way takes no place for good");
    elsewhere.settle(mine, TicketId::new(11)).await;
    assert_eq!(ledger.reserve(&twelfth).await, DayPlace::Full);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_nobody_can_account_for_is_waited_for_elsewhere_even_if_redis_is_emptied_after_it() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (one, config) = ledger(&sandbox, &redis);
    let (two, _) = ledger(&sandbox, &redis);
    let request = candidate(&config, "left open", SignedDuration::ZERO);
    let ClaimResult::Mine(mine) = one.claim(&request).await else { panic!("not claimed") };
    assert_eq!(one.reserve(&request).await, DayPlace::Reserved);
    let left = std::time::Instant::now();
    one.leave_open(mine);
    redis.flush_all();
    let elsewhere = async {
        // Until the other one has told Redis again, as it does four times a second.
        tokio::time::sleep(Duration::from_millis(600)).await;
        two.claim(&request).await
    };
    let claim = tokio::select! { claim = elsewhere => claim, () = one.keep() => unreachable!("it keeps for ever") };
    assert!(matches!(claim, ClaimResult::Mine(_)), "{claim:?}");
    assert!(left.elapsed() >= Duration::from_secs(2), "it was not waited for: {:?}", left.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_eviction_begins_a_new_epoch() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (ledger, config) = ledger(&sandbox, &redis);
    let later = SignedDuration::from_mins(10);
    for number in 0..3 {
        let ClaimResult::Mine(mine) = ledger.claim(&candidate(&config, &format!("e{number}"), later)).await else {
            panic!("not claimed")
        };
        ledger.settle(mine, TicketId::new(7 + number)).await;
    }
    let before = redis.get("passerelle:epoch");
    drop(ledger.claim(&candidate(&config, "no eviction", later)).await);
    assert_eq!(redis.get("passerelle:epoch"), before);
    redis.run(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    redis.run(&["CONFIG", "SET", "maxmemory", "1"]);
    wait_until("Redis has evicted something", async || redis.keys().len() <= 2).await;
    redis.run(&["CONFIG", "SET", "maxmemory", "0"]);
    drop(ledger.claim(&candidate(&config, "after it", later)).await);
    assert_ne!(redis.get("passerelle:epoch"), before, "what was evicted would be believed never to have been");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_starts_keeps_nobody_waiting() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (first, config) = ledger_with(&sandbox, &redis, "2s");
    // Redis was empty: what came before may be under way.
    let began = std::time::Instant::now();
    drop(first.claim(&candidate(&config, "first", SignedDuration::ZERO)).await);
    assert!(began.elapsed() >= Duration::from_millis(1900), "{:?}", began.elapsed());
    let (second, _) = ledger_with(&sandbox, &redis, "2s");
    let began = std::time::Instant::now();
    let claim = second.claim(&candidate(&config, "second", SignedDuration::ZERO)).await;
    assert!(matches!(claim, ClaimResult::Mine(_)), "{claim:?}");
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_instance_is_at_stays_its_own_when_redis_goes_in_the_middle() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let (one, config) = ledger(&sandbox, &redis);
    let (two, _) = ledger(&sandbox, &redis);
    let request = candidate(&config, "in the middle", SignedDuration::ZERO);
    let ClaimResult::Mine(mine) = one.claim(&request).await else { panic!("not claimed") };
    let going = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        redis.stop();
    };
    let (claim, ()) = tokio::join!(two.claim(&request), going);
    assert!(matches!(claim, ClaimResult::Unknown { reason: Reason::Busy, .. }), "{claim:?}");
    one.settle(mine, TicketId::new(77)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_claimed_when_redis_went_is_waited_for_by_who_goes_first_too() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let (one, config) = ledger_with(&sandbox, &redis, "1s");
    let (two, _) = ledger_with(&sandbox, &redis, "1s");
    let request = candidate(&config, "just before", SignedDuration::ZERO);
    let ClaimResult::Mine(mine) = one.claim(&request).await else { panic!("not claimed") };
    // It says that it is at work, the only one to say so.
    tokio::select! { () = two.keep() => {}, () = tokio::time::sleep(Duration::from_millis(300)) => {} }
    redis.stop();
    let began = std::time::Instant::now();
    let claim = two.claim(&request).await;
    assert!(matches!(claim, ClaimResult::Mine(_)), "{claim:?}");
    assert!(began.elapsed() >= Duration::from_millis(1500), "{:?}", began.elapsed());
    let began = std::time::Instant::now();
    let later = two.claim(&candidate(&config, "later", SignedDuration::ZERO)).await;
    assert!(matches!(later, ClaimResult::Mine(_)), "{later:?}");
    assert!(began.elapsed() < Duration::from_secs(1), "who goes first waits for nobody later: {:?}", began.elapsed());
    drop(mine);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_glpi_is_asked_once_more_right_before_a_ticket_is_made() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let (one, config) = ledger(&sandbox, &redis);
    let glpi = app::glpi(&config).unwrap();
    redis.stop();
    let [made_elsewhere, not_made] =
        ["elsewhere", "nowhere"].map(|name| candidate(&config, name, SignedDuration::ZERO));
    let ClaimResult::Mine(mine) = one.claim(&made_elsewhere).await else { panic!("not claimed") };
    let ClaimResult::Mine(other) = one.claim(&not_made).await else { panic!("not claimed") };
    let elsewhere = Gateway::start(&sandbox, &[]).await;
    let reply = elsewhere.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "elsewhere", "LSU", "Bonjour")).await;
    assert!(reply.contains("created"), "{reply}");
    assert_eq!(one.standing(&mine, made_elsewhere.received()).assert(&glpi).await, Standing::TakenOver);
    assert_eq!(one.standing(&other, not_made.received()).assert(&glpi).await, Standing::Stands);
    // Redis is back, and was told nothing of it.
    redis.start_again();
    assert_eq!(one.standing(&mine, made_elsewhere.received()).assert(&glpi).await, Standing::TakenOver);
    assert_eq!(one.standing(&other, not_made.received()).assert(&glpi).await, Standing::Stands);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_finds_the_ticket_that_the_other_instance_has_made_or_is_making() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let (one, config) = ledger(&sandbox, &redis);
    let (two, _) = ledger(&sandbox, &redis);
    let [answered, unknown] = ["answered", "unknown"].map(|name| candidate(&config, name, SignedDuration::ZERO));
    let names = [unknown.received().reference, answered.received().reference];
    assert_eq!(two.ticket_of(&names).await, Ok(None));

    let ClaimResult::Mine(mine) = one.claim(&answered).await else { panic!("not claimed") };
    let creation = async {
        one.hold(&mine, tokio::time::sleep(Duration::from_secs(1))).await;
        one.settle(mine, TicketId::new(77)).await;
    };
    let began = std::time::Instant::now();
    let ((), found) = tokio::join!(creation, two.ticket_of(&names));
    assert_eq!(found, Ok(Some(TicketId::new(77))));
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    // What is there, Redis alone says.
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    assert_eq!(two.ticket_of(&names).await, Ok(Some(TicketId::new(77))));
    sandbox.set_failures(passerelle::sandbox::Failures::none());

    // One that nobody is at any more is nothing to wait for once its time is over; one that somebody was at when Redis
    // went, is.
    let ClaimResult::Mine(mine) = one.claim(&unknown).await else { panic!("not claimed") };
    drop((mine, one));
    let began = std::time::Instant::now();
    assert_eq!(two.ticket_of(&names[..1]).await, Ok(None));
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    let (three, _) = ledger(&sandbox, &redis);
    let ClaimResult::Mine(_mine) = three.claim(&candidate(&config, "third", SignedDuration::ZERO)).await else {
        panic!("not claimed")
    };
    let third = candidate(&config, "third", SignedDuration::ZERO).received().reference;
    let going = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        redis.stop();
    };
    let (found, ()) = tokio::join!(two.ticket_of(std::slice::from_ref(&third)), going);
    assert!(matches!(found, Err((Reason::Busy, _))), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_at_the_other_instance_waits_for_the_first_mail_s_ticket() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (one, two) = (gateway(&sandbox, &redis, &FOLLOWUP).await, gateway(&sandbox, &redis, &FOLLOWUP).await);
    let first = mail(DIRECTORS[0], "first", "LSU : bilans", "Bonjour");
    let answer = String::from_utf8(mail(DIRECTORS[0], "second", "RE: LSU : bilans", "Encore")).unwrap();
    let answer = answer.replacen("MIME-Version", "In-Reply-To: <first@ecole.test>\r\nMIME-Version", 1);
    // GLPI has the ticket long before it says so.
    sandbox.set_failures(Rule::next(1, Failure::Slow(Duration::from_secs(1))).on_new_tickets());
    let (made, added) = tokio::join!(one.deliver(DIRECTORS[0], &first), async {
        wait_until("the ticket is there", async || sandbox.tickets().len() == 1).await;
        two.deliver(DIRECTORS[0], answer.as_bytes()).await
    });
    assert!(made.contains("created") && added.contains("followup"), "{made} {added}");
    let [ticket] = sandbox.tickets().try_into().unwrap();
    assert_eq!(ticket.followups.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_last_place_of_a_day_goes_to_one_of_two_instances() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let alone = Gateway::start(&sandbox, &[]).await;
    for number in 1..10 {
        assert_eq!(alone.post_form(&form(DIRECTORS[0], &format!("Demande {number}")), None).await.status(), 201);
    }
    let (one, config) = ledger(&sandbox, &redis);
    let (two, _) = ledger(&sandbox, &redis);
    let keeping = async { tokio::join!(one.keep(), two.keep()) };
    let _ = tokio::time::timeout(Duration::from_millis(1500), keeping).await;
    redis.stop();
    let [tenth, eleventh] = ["tenth", "eleventh"].map(|name| candidate(&config, name, SignedDuration::ZERO));
    let ClaimResult::Mine(_mine) = one.claim(&tenth).await else { panic!("not claimed") };
    let ClaimResult::Mine(_other) = two.claim(&eleventh).await else { panic!("not claimed") };
    let in_time = Duration::from_secs(3);
    let (here, there) = tokio::join!(
        tokio::time::timeout(in_time, one.reserve(&tenth)),
        tokio::time::timeout(in_time, two.reserve(&eleventh))
    );
    let places: Vec<_> = [here, there].into_iter().flatten().collect();
    assert_eq!(places, [DayPlace::Reserved], "one has it, the other waits");
}

/// What becomes of Redis while a request waits for what may be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Away,
    Emptied,
}

/// Two instances that know of each other, of which the first was at a request when Redis lost it; and whoever makes the
/// ticket, a moment after the second has looked for it.
async fn a_ticket_that_appears(redis: &mut Redis, loss: Loss, settles: bool) -> [ClaimResult; 2] {
    let sandbox = sandbox().await;
    let (one, config) = patient_ledger(&sandbox, redis, "9s", Duration::from_mins(1));
    let (two, _) = patient_ledger(&sandbox, redis, "9s", Duration::from_mins(1));
    let keeping = async { tokio::join!(one.keep(), two.keep()) };
    let _ = tokio::time::timeout(Duration::from_millis(1500), keeping).await;
    let elsewhere = Gateway::start(&sandbox, &[]).await;
    let appears = candidate(&config, "appears", SignedDuration::ZERO);
    let ClaimResult::Mine(mine) = one.claim(&appears).await else { panic!("not claimed") };
    match loss {
        Loss::Away => redis.stop(),
        Loss::Emptied => redis.flush_all(),
    }
    let made = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let reply = elsewhere.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "appears", "LSU", "Bonjour")).await;
        assert!(reply.contains("created"), "{reply}");
        let ticket = TicketId::new(sandbox.tickets()[0].id.unsigned_abs());
        if settles { one.settle(mine, ticket).await } else { one.yield_to_another(mine) }
    };
    let (first, ()) = tokio::join!(two.claim(&appears), made);
    assert!(!matches!(first, ClaimResult::Mine(_)), "{first:?}");
    [first, two.claim(&appears).await]
}

#[rstest]
#[case::redis_emptied(Loss::Emptied)]
#[case::redis_away(Loss::Away)]
#[tokio::test(flavor = "multi_thread")]
async fn what_another_instance_makes_is_not_told_of_before_that_says_so(#[case] loss: Loss) {
    let [first, next] = a_ticket_that_appears(&mut Redis::start(), loss, false).await;
    assert!(matches!(&first, ClaimResult::Unknown { reason: Reason::Busy, .. }), "{first:?}");
    assert!(matches!(&next, ClaimResult::Found(_, known) if known.told == Told::Perhaps), "{next:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_instance_makes_is_known_as_soon_as_that_says_so() {
    for claim in a_ticket_that_appears(&mut Redis::start(), Loss::Emptied, true).await {
        assert!(matches!(&claim, ClaimResult::Known(known) if known.told == Told::Yes), "{claim:?}");
    }
}

/// The sender of a request whose maker ended comes back only when Redis was emptied, and nothing is in doubt any more.
#[tokio::test(flavor = "multi_thread")]
async fn what_redis_forgot_nobody_takes_for_told() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (two, config) = ledger_with(&sandbox, &redis, "1s");
    let appears = candidate(&config, "appears", SignedDuration::ZERO);
    let elsewhere = Gateway::start(&sandbox, &[]).await;
    let reply = elsewhere.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "appears", "LSU", "Bonjour")).await;
    assert!(reply.contains("created"), "{reply}");
    redis.flush_all();
    let claim = two.claim(&appears).await;
    assert!(matches!(&claim, ClaimResult::Found(_, known) if known.told == Told::Perhaps), "{claim:?}");
}

/// Two instances that each believe that a request is theirs, as after a Redis that forgot for some time.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_wait_for_their_turn_with_one_request_only_one_begins() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (one, config) = ledger(&sandbox, &redis);
    let (two, _) = ledger(&sandbox, &redis);
    let glpi = app::glpi(&config).unwrap();
    let mut claims = Vec::new();
    for number in 0..12 {
        let both = candidate(&config, &format!("both-{number}"), SignedDuration::from_hours(1));
        let ClaimResult::Mine(first) = one.claim(&both).await else { panic!("not claimed by the first") };
        redis.flush_all();
        let ClaimResult::Mine(second) = two.claim(&both).await else { panic!("not claimed by the second") };
        claims.push((both, first, second));
    }
    let begins = async |ledger: &Ledger, mine, both: &Candidate, waits: u64, makes: u64| {
        let making = async {
            tokio::time::sleep(Duration::from_millis(waits)).await;
            let standing = ledger.standing(mine, both.received()).assert(&glpi).await;
            if standing == Standing::Stands {
                tokio::time::sleep(Duration::from_millis(makes)).await;
            }
            standing
        };
        ledger.hold(mine, making).await == Standing::Stands
    };
    let begun = join_all(claims.iter().enumerate().map(async |(number, (both, first, second))| {
        // The second comes to its turn while the first may be at it.
        let later = 600 + 50 * number as u64;
        tokio::join!(begins(&one, first, both, 600, 1500), begins(&two, second, both, later, 0))
    }))
    .await;
    assert!(begun.iter().all(|(first, second)| first != second), "{begun:?}");
}

/// Copies of people who try again and again, while the first one waits for GLPI.
#[tokio::test]
async fn copies_of_a_request_under_way_do_not_pile_up() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let (ledger, config) = ledger(&sandbox, &redis);
    let request = candidate(&config, "under-way", SignedDuration::from_hours(1));
    let ClaimResult::Mine(mine) = ledger.claim(&request).await else { panic!("not claimed") };
    tokio::time::pause();
    let copies = join_all((0..20).map(|_| ledger.claim(&request)));
    let copies = tokio::time::timeout(Duration::from_mins(1), copies).await.expect("they wait for ever");
    let is_busy = |copy: &ClaimResult| matches!(copy, ClaimResult::Unknown { reason: Reason::Busy, .. });
    assert!(copies.iter().all(is_busy), "{copies:?}");
    tokio::time::resume();
    // The first one goes on as ever, and those that come then are told so.
    ledger.settle(mine, TicketId::new(7)).await;
    assert!(matches!(ledger.claim(&request).await, ClaimResult::Known(known) if known.ticket == TicketId::new(7)));
}

/// A GLPI that is slower than people are patient: they go away, and what they handed in goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_leave_behind_at_a_slow_glpi_does_not_become_more_and_more() {
    let sandbox = sandbox().await;
    let few = [
        ("http.max_connections", "2"),
        ("lmtp.max_connections", "1"),
        ("http.timeout", "500ms"),
        ("glpi.sessions", "1"),
        ("quota.per_day", "100"),
    ];
    let gateway = Gateway::start(&sandbox, &few).await;
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "La première"), None).await.status(), 201);
    sandbox.set_failures(Rule::always(Failure::Slow(Duration::from_secs(20))));
    let in_hand = async || {
        let (_, metrics) = gateway.get("/metrics").await;
        let line = metrics.lines().find(|line| line.starts_with(r#"passerelle_in_hand{channel="form"}"#)).unwrap();
        line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()
    };
    for number in 0..12 {
        let answer = gateway.post_form(&form(DIRECTORS[number % 3], &format!("Demande {number}")), None).await;
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
        assert!(in_hand().await <= 6, "after {number}: {}", in_hand().await);
    }
    assert_eq!(in_hand().await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_nobody_waits_between_the_last_look_and_the_creation() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let meddler = Meddler::start(sandbox.url(), "10.0.14", |_| Fate::Passes).await;
    let settings = [&redis.settings()[..], &[("glpi.sessions", "1"), ("glpi.aftermath", "1s")]].concat();
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &settings).await;
    redis.stop();
    let posts = (0..6).map(|number| {
        let fields = form(DIRECTORS[number % 3], &format!("Demande {number}"));
        let gateway = &gateway;
        async move { gateway.post_form(&fields, None).await.status().as_u16() }
    });
    assert_eq!(join_all(posts).await, [201; 6]);
    let calls = meddler.calls();
    let made: Vec<_> = calls.windows(2).filter(|two| two[1] == "POST Ticket").collect();
    assert_eq!(made.len(), 6, "{calls:?}");
    assert!(made.iter().all(|two| two[0] == "GET search/Ticket"), "{calls:?}");
}

/// What is handed in at an instance that waits for a slow GLPI.
#[derive(Clone, Copy)]
enum HandedIn {
    Forms,
    Complements,
}

#[rstest]
#[case::forms(HandedIn::Forms)]
#[case::complements(HandedIn::Complements)]
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_slow_glpi_is_not_put_off_by_an_instance_that_starts(#[case] handed_in: HandedIn) {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let few = [("glpi.sessions", "1"), ("glpi.aftermath", "1s"), ("quota.per_day", "100")];
    let one = gateway(&sandbox, &redis, &few).await;
    assert_eq!(one.post_form(&form(DIRECTORS[0], "La première"), None).await.status(), 201);
    let ticket = sandbox.tickets()[0].id;
    sandbox.set_failures(Rule::always(Failure::Slow(Duration::from_millis(200))));
    let posts = (0..8).map(|number| {
        let one = &one;
        async move {
            let answer = match handed_in {
                HandedIn::Forms => {
                    one.post_form(&form(DIRECTORS[number % 3], &format!("Demande {number}")), None).await
                }
                HandedIn::Complements => {
                    let address = format!("/v1/requests/{ticket}/followups?requester={}", DIRECTORS[0]);
                    let body = json!({ "description": format!("Complément {number}") }).to_string();
                    let call = one.signed(Method::POST, &address, body.as_bytes());
                    call.header("Content-Type", "application/json").body(body).send().await.unwrap()
                }
            };
            answer.status().as_u16()
        }
    });
    let known = redis.keys().len();
    let starting = async {
        wait_until("the first is claimed", async || redis.keys().len() > known).await;
        gateway(&sandbox, &redis, &few).await
    };
    let (statuses, _two) = tokio::join!(join_all(posts), starting);
    assert_eq!(statuses, [201; 8]);
    let tickets = sandbox.tickets();
    assert_eq!(tickets.len() + tickets[0].followups.len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_overloaded_instances_make_one_ticket_of_each_request_where_redis_is_full() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let few = [("glpi.sessions", "2"), ("glpi.aftermath", "1s"), ("quota.per_day", "100")];
    let (one, two) = (gateway(&sandbox, &redis, &few).await, gateway(&sandbox, &redis, &few).await);
    // And may evict nothing.
    redis.run(&["CONFIG", "SET", "maxmemory", "1"]);
    sandbox.set_failures(Rule::always(Failure::Slow(Duration::from_millis(100))));
    let forms: Vec<_> = (0..30).map(|number| form(DIRECTORS[number % 3], &format!("Demande {number}"))).collect();
    let deposit = async |gateway: &Gateway, number: usize| {
        let key = format!("request-{number}");
        gateway.post_form(&forms[number], Some(&key)).await.status().as_u16()
    };
    for _ in 0..3 {
        let both = (0..forms.len()).map(|number| {
            let deposit = &deposit;
            let (one, two) = (&one, &two);
            async move { tokio::join!(deposit(one, number), deposit(two, number)) }
        });
        let answers = join_all(both).await;
        let is_answered = |status: u16| [200, 201, 503].contains(&status);
        assert!(answers.iter().all(|(one, two)| is_answered(*one) && is_answered(*two)), "{answers:?}");
    }
    let mut titles: Vec<_> = sandbox.tickets().into_iter().map(|ticket| ticket.name).collect();
    titles.sort_unstable();
    let made = titles.len();
    titles.dedup();
    assert_eq!((made, titles.len()), (30, 30), "{titles:?}");
}
