//! A signed call that somebody saw on its way: no instance makes another ticket of it, whatever key is put on it.

use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{
    gateway::{DIRECTORS, Gateway, PORTAL_SECRET, form, sandbox},
    helpdesk::Helpdesk,
    redis::Redis,
    signing,
};

const PATH: &str = "/v1/requests";

/// A call with a signature of this version, as it can be seen on its way.
struct Seen {
    address: String,
    timestamp: String,
    signature: String,
    body: String,
}

impl Seen {
    fn new(version: &str, address: &str, body: &Value) -> Self {
        Self::at(jiff::Timestamp::now().as_second(), version, address, body)
    }

    /// One that was signed at this Unix second.
    fn at(second: i64, version: &str, address: &str, body: &Value) -> Self {
        let (timestamp, body) = (second.to_string(), body.to_string());
        let signature = match version {
            "v1" => signing::v1(PORTAL_SECRET, &timestamp, body.as_bytes()),
            "v3" => signing::v3(PORTAL_SECRET, &timestamp, "POST", address, "", body.as_bytes()),
            _ => signing::v2(PORTAL_SECRET, &timestamp, "POST", address, body.as_bytes()),
        };
        Self { address: address.to_owned(), timestamp, signature: format!("{version}={signature}"), body }
    }

    async fn send(&self, gateway: &Gateway, key: Option<&str>) -> Response {
        let call = gateway
            .call(Method::POST, &self.address)
            .header("Content-Type", "application/json")
            .header("X-Passerelle-Timestamp", &self.timestamp)
            .header("X-Passerelle-Signature", &self.signature)
            .body(self.body.clone());
        key.iter().fold(call, |call, key| call.header("Idempotency-Key", *key)).send().await.unwrap()
    }

    /// Fails where this key is taken for another request, or not refused for the right reason.
    async fn is_refused(&self, gateway: &Gateway, key: Option<&str>) {
        let answer = self.send(gateway, key).await;
        assert_eq!(answer.status(), 401, "{key:?}");
        assert_eq!(answer.json::<Value>().await.unwrap()["reason"], "signature-reused", "{key:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_make_one_ticket_of_one_signature() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let settings = [&redis.settings()[..], &[("redis.timeout", "500ms")]].concat();
    let (one, two) = (Gateway::start(&sandbox, &settings).await, Gateway::start(&sandbox, &settings).await);
    let named = format!("{PATH}?requester={}", DIRECTORS[1]);
    let seen =
        [Seen::new("v1", PATH, &form(DIRECTORS[0], "Par v1")), Seen::new("v2", &named, &form(DIRECTORS[1], "Par v2"))];
    for seen in &seen {
        assert_eq!(seen.send(&one, Some("k1")).await.status(), 201);
        for key in [Some("k2"), Some("K1"), None] {
            seen.is_refused(&two, key).await;
            seen.is_refused(&one, key).await;
        }
        // The portal itself, which has lost the answer.
        assert_eq!(seen.send(&two, Some("k1")).await.status(), 200);
    }
    let keys = redis.keys().join("\n");
    assert!(keys.contains("passerelle:signed:") && !keys.contains("k1"), "{keys}");

    // Each instance still knows what came to it, whatever becomes of Redis.
    redis.flush_all();
    for seen in &seen {
        seen.is_refused(&one, Some("k2")).await;
        assert_eq!(seen.send(&two, Some("k1")).await.status(), 200);
        seen.is_refused(&two, Some("k3")).await;
    }
    redis.stop();
    for seen in &seen {
        seen.is_refused(&one, Some("k2")).await;
        assert_eq!(seen.send(&one, Some("k1")).await.status(), 200);
    }
    assert_eq!(sandbox.tickets().len(), 2);
}

/// Whoever sees a call may be first at an emptied Redis, through an instance that never had the call; the portal is not
/// locked out of its own request for that.
#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_redis_that_learned_another_key_first_locks_no_portal_out() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let settings = redis.settings();
    let (one, two) = (Gateway::start(&sandbox, &settings).await, Gateway::start(&sandbox, &settings).await);
    let seen = Seen::new("v1", PATH, &form(DIRECTORS[0], "Vidée"));
    assert_eq!(seen.send(&one, Some("k1")).await.status(), 201);
    redis.flush_all();
    assert_eq!(seen.send(&two, Some("k2")).await.status(), 201, "nobody there knows better");
    let again = seen.send(&one, Some("k1")).await;
    assert_ne!(again.status(), 401, "{:?}", again.text().await);
    seen.is_refused(&one, Some("k2")).await;
    seen.is_refused(&one, Some("k3")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_redis_lets_no_signature_through_without_it() {
    let (sandbox, mut redis) = (sandbox().await, Redis::start());
    let url = redis.url();
    let settings = [
        ("quota.backend", "redis"),
        ("redis.url", url.as_str()),
        ("redis.timeout", "500ms"),
        ("redis.when_down", "defer"),
    ];
    let gateway = Gateway::start(&sandbox, &settings).await;
    redis.stop();
    let answer = Seen::new("v1", PATH, &form(DIRECTORS[0], "Sans Redis")).send(&gateway, Some("k1")).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(answer.json::<Value>().await.unwrap()["reason"], "cache-unavailable");
    assert!(sandbox.tickets().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_by_one_signature_is_added_once() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let created = gateway.post_form(&form(DIRECTORS[0], "Une demande"), None).await.json::<Value>().await.unwrap();
    let address = format!("{PATH}/{}/followups?requester={}", created["ticket"], DIRECTORS[0]);
    let seen = Seen::new("v2", &address, &json!({"description": "Les CM2"}));
    assert_eq!(seen.send(&gateway, None).await.status(), 201);
    for key in ["k1", "k2", "k3"] {
        seen.is_refused(&gateway, Some(key)).await;
    }
    assert_eq!(seen.send(&gateway, None).await.status(), 200);
    assert_eq!(sandbox.tickets()[0].followups.len(), 1);
}

/// What a call that names no solution says of one decides on no other, within the time that its signature is good for:
/// whichever instance it comes to, and though the portal's clock is ahead of the next solution.
#[rstest]
#[case::refused(json!({"decision": "refuse", "reason": "Encore grisé"}), 2)]
#[case::accepted(json!({"decision": "accept"}), 6)]
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_is_sent_once_more_decides_on_no_later_solution(
    #[case] decision: Value,
    #[case] becomes: i64,
    #[values("v2", "v3")] version: &str,
    #[values(-2, 200)] clock: i64,
    #[values(false, true)] by_redis: bool,
) {
    let sandbox = sandbox().await;
    let redis = by_redis.then(Redis::start);
    let settings: Vec<_> = redis.iter().flat_map(Redis::settings).collect();
    let one = Gateway::start(&sandbox, &settings).await;
    let two = if by_redis { Some(Gateway::start(&sandbox, &settings).await) } else { None };
    let other = two.as_ref().unwrap_or(&one);
    let staff = Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await;
    let created = one.post_form(&form(DIRECTORS[0], "Une demande"), None).await.json::<Value>().await.unwrap();
    let request = created["ticket"].as_u64().unwrap();
    let address = format!("{PATH}/{request}/approval?requester={}", DIRECTORS[0]);
    let state = || (sandbox.tickets()[0].status, sandbox.tickets()[0].followups.len());

    let first = staff.solve(request, "<p>Fait.</p>").await;
    if clock < 0 {
        // It was signed before anything was proposed.
        let early = Seen::at(jiff::Timestamp::now().as_second() - 60, version, &address, &decision);
        let answer = early.send(&one, None).await;
        assert_eq!(answer.status(), 409);
        assert_eq!(answer.json::<Value>().await.unwrap()["reason"], "newer-solution");
        assert_eq!(state(), (5, 0));
    }
    let mut named = decision.clone();
    named["solution"] = json!(first);
    // GLPI's dates are whole seconds, and a portal's clock may be behind: who names the solution may be early.
    let body = if clock < 0 { &named } else { &decision };
    let seen = Seen::at(jiff::Timestamp::now().as_second() + clock, version, &address, body);
    for _ in 0..2 {
        assert_eq!(seen.send(&one, None).await.status(), 200, "also its own repeat");
    }
    assert_eq!(state(), (becomes, 1));
    staff.set_status(request, 2).await;
    staff.solve(request, "<p>Refait.</p>").await;
    for gateway in [other, &one] {
        let answer = seen.send(gateway, None).await;
        if clock < 0 {
            // It names the solution it was of, and that is decided.
            assert_eq!(answer.status(), 200);
        } else {
            assert_eq!(answer.status(), 409);
            assert_eq!(answer.json::<Value>().await.unwrap()["reason"], "newer-solution");
        }
        assert_eq!(state(), (5, 1), "the later solution goes on waiting");
    }
    // A decision of now is one.
    let again = Seen::new(version, &address, &decision);
    assert_eq!(again.send(other, None).await.status(), 200);
    assert_eq!(state(), (becomes, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_of_the_body_alone_decides_nothing() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await;
    let created = gateway.post_form(&form(DIRECTORS[0], "Une demande"), None).await.json::<Value>().await.unwrap();
    let request = created["ticket"].as_u64().unwrap();
    staff.solve(request, "<p>Fait.</p>").await;
    let address = format!("{PATH}/{request}/approval?requester={}", DIRECTORS[0]);
    let answer = Seen::new("v1", &address, &json!({"decision": "accept"})).send(&gateway, None).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(sandbox.tickets()[0].status, 5);
}

/// Whoever sees a withdrawal and sends it once more closes nothing that was opened again after it.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_that_is_sent_once_more_closes_nothing_anew(#[values("v2", "v3")] version: &str) {
    let sandbox = sandbox().await;
    let admin = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    let readers = json!({"_type": "Entity", "entities_id": 0, "is_recursive": 1});
    let article = json!({"name": "Bilan grisé", "answer": "<p>Ici.</p>", "is_faq": 1, "_visibility": readers});
    let article = admin.add("KnowbaseItem", article).await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let created = gateway.post_form(&form(DIRECTORS[0], "Une demande"), None).await.json::<Value>().await.unwrap();
    let request = created["ticket"].as_u64().unwrap();
    let address = format!("{PATH}/{request}/withdrawal?requester={}", DIRECTORS[0]);
    let seen = Seen::at(jiff::Timestamp::now().as_second(), version, &address, &json!({"article": article}));
    for _ in 0..2 {
        assert_eq!(seen.send(&gateway, None).await.status(), 200, "also its own repeat");
    }
    assert_eq!(sandbox.tickets()[0].status, 6);
    admin.set_status(request, 2).await;
    seen.send(&gateway, None).await;
    assert_eq!(sandbox.tickets()[0].status, 2, "it stays open");
    // A withdrawal of now is one.
    let now = Seen::at(jiff::Timestamp::now().as_second() + 1, version, &address, &json!({"article": article}));
    assert_eq!(now.send(&gateway, None).await.status(), 200);
    assert_eq!(sandbox.tickets()[0].status, 6);
}
