//! The portal is told of each step of a request, once, by calls it can check; nobody else waits for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use passerelle::{
    cli::check,
    config,
    portal_hook::{HookError, HookEvent, PortalHook},
    sandbox::Sandbox,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{
    gateway::{ALL_NOTICES, DIRECTORS, Gateway, form, read, sandbox},
    helpdesk::Helpdesk,
    hooked_portal::{Got, Portal, secrets},
    redis::Redis,
    unreliable::{Cut, Unreliable},
    wait_until,
};

/// The director, as GLPI's own address of the account has it.
const PERSON: &str = "ce.0210001a@ac-dijon.fr";

async fn gateway(url: &str, portal: &Portal, more: &[(&str, &str)]) -> Gateway {
    let secrets = secrets();
    let mut settings =
        vec![("hooks.url", portal.url.as_str()), ("hooks.secrets", secrets.as_str()), ("sweep.every", "1s")];
    settings.extend(more);
    Gateway::in_front_of(url, &settings).await
}

/// A request that no gateway tells of while it is made.
async fn request(sandbox: &Sandbox, title: &str) -> u64 {
    let quiet = Gateway::start(sandbox, &[("sweep.every", "1h")]).await;
    let answer = quiet.post_form(&form(DIRECTORS[0], title), None).await.json::<Value>().await.unwrap();
    quiet.finish().await;
    answer["ticket"].as_u64().unwrap()
}

/// The words that stand in the ticket's notes of what the portal was told, as machines read them.
fn noted(sandbox: &Sandbox, ticket: u64) -> Vec<String> {
    let view = sandbox.tickets().into_iter().find(|view| view.id == i64::try_from(ticket).unwrap()).unwrap();
    let notes = view.followups.iter().filter(|followup| followup.private);
    let marks = notes.filter_map(|note| note.content.split_once("Annonces : ")?.1.strip_suffix("</p>"));
    marks.flat_map(|marks| marks.split(' ').map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portal_is_told_of_each_step_once() {
    let (sandbox, portal) = (sandbox().await, Portal::start().await);
    let gateway = gateway(sandbox.url().as_str(), &portal, &[("http.ticket_tokens", "a-token-for-tickets")]).await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await;
    let created: Value = gateway.post_form(&form(DIRECTORS[0], "Étapes"), None).await.json().await.unwrap();
    let id = created["ticket"].as_u64().unwrap();
    let mut kinds = vec!["request.created"];
    let got = portal.gets(&kinds).await;
    assert_eq!(
        got[0].body["data"],
        json!({"request": id, "reference": created["reference"], "application": "LSU", "requesters": [PERSON]})
    );
    // As the description has it.
    let described: Value = serde_json::from_str(&gateway.get("/openapi.json").await.1).unwrap();
    let names = |it: &Value| it.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    for (schema, told) in [("HookCall", &got[0].body), ("HookData", &got[0].body["data"])] {
        let schema = &described["components"]["schemas"][schema];
        assert_eq!(names(&schema["properties"]), names(told), "{schema}");
        assert_eq!(schema["required"].as_array().unwrap().len(), names(told).len(), "{schema}");
    }
    assert_eq!(got[0].id, format!("{}_{id}_created", created["reference"].as_str().unwrap()));
    assert!(got[0].body["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{got:?}");

    let said = async |path: &str, body: Value| {
        let address = format!("/v1/requests/{id}/{path}?requester={}", DIRECTORS[0]);
        let call = gateway.signed(Method::POST, &address, body.to_string().as_bytes());
        assert!(call.header("Content-Type", "application/json").send().await.unwrap().status().is_success(), "{path}");
    };
    staff.add("Ticket_User", json!({"tickets_id": id, "users_id": 15, "type": 2})).await;
    kinds.push("request.charge");
    portal.gets(&kinds).await;
    staff.follow_up(id, "<p>entre nous</p>", true).await;
    staff.follow_up(id, "<p>Quelle classe ?</p>", false).await;
    kinds.push("request.question");
    portal.gets(&kinds).await;
    staff.set_status(id, 4).await;
    kinds.push("request.pending");
    portal.gets(&kinds).await;
    said("followups", json!({"description": "Les CM2"})).await;
    kinds.push("request.answer");
    portal.gets(&kinds).await;
    staff.solve(id, "<p>Videz le cache.</p>").await;
    kinds.push("request.solution");
    portal.gets(&kinds).await;
    said("approval", json!({"decision": "refuse", "reason": "Encore grisé"})).await;
    kinds.push("request.refusal");
    portal.gets(&kinds).await;
    let order = json!({"reason": "panne", "by": "Jeanne"}).to_string();
    let call = gateway.call(Method::POST, &format!("/v1/tickets/{id}/escalate")).bearer_auth("a-token-for-tickets");
    let call = call.header("Content-Type", "application/json").body(order);
    assert_eq!(call.send().await.unwrap().status(), 200);
    kinds.push("request.handover");
    portal.gets(&kinds).await;
    staff.solve(id, "<p>Réparé.</p>").await;
    kinds.push("request.solution");
    portal.gets(&kinds).await;
    said("approval", json!({"decision": "accept"})).await;
    let before = kinds.len();
    wait_until("the end", async || portal.got().len() >= before + 2).await;
    let mut last: Vec<_> = portal.got()[before..].iter().map(|got| got.kind().to_owned()).collect();
    last.sort();
    assert_eq!(last, ["request.approval", "request.closing"]);

    // What was told is noted: another instance, which remembers nothing, tells nothing again.
    wait_until("the last note", async || noted(&sandbox, id).len() == before + 2).await;
    gateway.finish().await;
    let another = self::gateway(sandbox.url().as_str(), &portal, &[]).await;
    let witness: Value = another.post_form(&form(DIRECTORS[1], "Témoin"), None).await.json().await.unwrap();
    wait_until("the witness", async || portal.got().len() > before + 2).await;
    let got = portal.got();
    assert_eq!(got.last().unwrap().of(), (witness["ticket"].as_u64().unwrap(), "request.created"));
    assert_eq!(got.iter().map(|got| &got.id).collect::<BTreeSet<_>>().len(), before + 3, "each under its own id");
    // Nothing that anybody wrote.
    for words in ["Étapes", "Bonjour", "entre nous", "classe", "CM2", "cache", "grisé", "panne", "Réparé"] {
        assert!(got.iter().all(|got| !got.body.to_string().contains(words)), "{words}");
    }
    // … and nothing of it in what the requester sees.
    let address = format!("/v1/requests/{id}?requester={}", DIRECTORS[0]);
    let shown = another.signed(Method::GET, &address, b"").send().await.unwrap().text().await.unwrap();
    assert!(!shown.contains("Annonces") && !shown.contains("Portail informé"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_steps_that_are_wanted_are_told_and_nobody_is_told_where_there_is_no_hook() {
    let (sandbox, portal) = (sandbox().await, Portal::start().await);
    let id = request(&sandbox, "Choisies").await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await;
    staff.follow_up(id, "<p>?</p>", false).await;
    let gateway = gateway(sandbox.url().as_str(), &portal, &[("hooks.steps", "question,closing")]).await;
    portal.gets(&["request.question"]).await;
    staff.set_status(id, 6).await;
    portal.gets(&["request.question", "request.closing"]).await;
    gateway.finish().await;
}

/// An instance that is killed between the call and its note tells once more, under the same id: a portal that knows ids
/// has each step once. The same instance repeats nothing.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn between_a_call_and_its_note_nothing_is_lost(#[values(Cut::Before, Cut::After)] cut: Cut) {
    let (sandbox, portal) = (sandbox().await, Portal::start().await);
    let id = request(&sandbox, "Coupée").await;
    Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await.follow_up(id, "<p>?</p>", false).await;
    // Its first write is the note.
    let proxy = Unreliable::start(sandbox.url(), 1, cut).await;
    let killed = gateway(proxy.url.as_str(), &portal, &[("glpi.timeout", "2s")]).await;
    let kinds = ["request.created", "request.question"];
    let first = portal.gets(&kinds).await;
    if cut == Cut::After {
        wait_until("the note", async || noted(&sandbox, id).len() == 2).await;
    }
    drop(killed);
    let next = gateway(sandbox.url().as_str(), &portal, &[]).await;
    let witness: Value = next.post_form(&form(DIRECTORS[1], "Témoin"), None).await.json().await.unwrap();
    let witness = witness["ticket"].as_u64().unwrap();
    wait_until("the witness, and the notes", async || {
        portal.got().iter().any(|got| got.of().0 == witness) && noted(&sandbox, id).len() == 2
    })
    .await;
    let mut of_id: BTreeMap<String, usize> = BTreeMap::new();
    for got in portal.got().iter().filter(|got| got.of().0 == id) {
        *of_id.entry(got.id.clone()).or_default() += 1;
    }
    assert_eq!(of_id.keys().collect::<BTreeSet<_>>(), first.iter().map(|got| &got.id).collect());
    let most = if cut == Cut::After { 1 } else { 2 };
    assert!(of_id.values().all(|times| *times <= most), "{of_id:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_instances_tell_each_step_once() {
    let (sandbox, portal, redis) = (sandbox().await, Portal::start().await, Redis::start());
    let mut requests = BTreeSet::new();
    for number in 0..6 {
        requests.insert(request(&sandbox, &format!("Partagée {number}")).await);
    }
    let shared = redis.settings();
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(gateway(sandbox.url().as_str(), &portal, &shared).await);
    }
    let staff = Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await;
    for id in &requests {
        staff.follow_up(*id, "<p>?</p>", false).await;
    }
    wait_until("all notes", async || requests.iter().all(|id| noted(&sandbox, *id).len() == 2)).await;
    let mut told: Vec<_> = portal.got().iter().map(|got| got.id.clone()).collect();
    told.sort();
    let all = told.len();
    told.dedup();
    assert_eq!((told.len(), all), (12, 12), "each once");
    for instance in instances {
        instance.finish().await;
    }
}

/// Many tickets that nothing is to be told of cost a few searches, and hide none that has news.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_tickets_only_those_with_news_are_looked_into() {
    let (sandbox, portal) = (sandbox().await, Portal::start().await);
    let quiet = Gateway::start(&sandbox, &[("sweep.every", "1h"), ("quota.per_day", "20")]).await;
    let mut requests = Vec::new();
    for number in 0..12 {
        let fields = form(DIRECTORS[number % 5], &format!("Nombreuse {number}"));
        let answer = quiet.post_form(&fields, None).await.json::<Value>().await.unwrap();
        requests.push(answer["ticket"].as_u64().unwrap());
    }
    quiet.finish().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await;
    for id in &requests {
        staff.add("Ticket_User", json!({"tickets_id": id, "users_id": 15, "type": 2})).await;
        staff.follow_up(*id, "<p>?</p>", false).await;
    }
    let first = gateway(sandbox.url().as_str(), &portal, &[]).await;
    let is_noted = async || requests.iter().all(|id| noted(&sandbox, *id).len() == 3);
    wait_until("all notes", is_noted).await;
    first.finish().await;
    assert_eq!(portal.got().len(), 36);

    let news = staff.follow_up(requests[5], "<p>Et quel élève ?</p>", false).await;
    let looks = || sandbox.calls_by_endpoint().get("GET Ticket/…/Ticket_User").copied().unwrap_or_default();
    let before = looks();
    let second = gateway(sandbox.url().as_str(), &portal, &[]).await;
    wait_until("the news", async || noted(&sandbox, requests[5]).len() == 4).await;
    second.finish().await;
    let got = portal.got();
    assert_eq!(got.len(), 37);
    assert!(got[36].id.ends_with(&format!("_{}_question-{news}", requests[5])), "{}", got[36].id);
    assert!(looks() - before <= 8, "{} looks at twelve tickets, of which one has news", looks() - before);
}

/// A portal that answers nobody: mails leave, requests come in, and what was not taken is told by who comes next.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_portal_that_does_not_answer() {
    let (sandbox, portal) = (sandbox().await, Portal::start().await);
    portal.answers(0);
    let settings: Vec<_> = ALL_NOTICES.iter().copied().chain([("hooks.timeout", "10s")]).collect();
    let stuck = gateway(sandbox.url().as_str(), &portal, &settings).await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await;
    let first: Value = stuck.post_form(&form(DIRECTORS[0], "Première"), None).await.json().await.unwrap();
    wait_until("a call without an answer", async || !portal.got().is_empty()).await;
    let began = std::time::Instant::now();
    staff.follow_up(first["ticket"].as_u64().unwrap(), "<p>Une question ?</p>", false).await;
    assert_eq!(stuck.post_form(&form(DIRECTORS[1], "Seconde"), None).await.status(), 201);
    wait_until("the mail of the question, of the very ticket the portal is at", async || {
        stuck.outbox.mails().iter().any(|sent| is_question(&sent.message))
    })
    .await;
    assert!(began.elapsed() < Duration::from_secs(9), "the portal had 10 s: {:?}", began.elapsed());
    drop(stuck);
    portal.answers(204);
    let next = gateway(sandbox.url().as_str(), &portal, &[]).await;
    let ids = |portal: &Portal| portal.got().iter().map(|got| got.id.clone()).collect::<BTreeSet<_>>();
    wait_until("all is told", async || ids(&portal).len() == 3).await;
    next.finish().await;
}

fn is_question(message: &[u8]) -> bool {
    let mail = mail_parser::MessageParser::default().parse(message).unwrap();
    mail.body_text(0).is_some_and(|text| text.contains("Une question ?"))
}

/// An event that the portal does not take keeps no other from being told, and is owed.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_portal_refuses_is_told_again() {
    let (sandbox, portal) = (sandbox().await, Portal::start().await);
    let id = request(&sandbox, "Refusée").await;
    Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await.follow_up(id, "<p>?</p>", false).await;
    portal.answers(400);
    let gateway = gateway(sandbox.url().as_str(), &portal, &[]).await;
    let kinds = |portal: &Portal| portal.got().iter().map(|got| got.kind().to_owned()).collect::<BTreeSet<_>>();
    wait_until("both are tried", async || kinds(&portal).len() == 2).await;
    assert!(noted(&sandbox, id).is_empty());
    portal.answers(200);
    wait_until("both are taken", async || noted(&sandbox, id).len() == 2).await;
    gateway.finish().await;
}

/// A request that the portal cannot digest keeps no other from being told.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_request_the_portal_fails_over_holds_up_no_other(#[values(500, 302)] answer: u16) {
    let (sandbox, portal) = (sandbox().await, Portal::start().await);
    let bad = request(&sandbox, "Indigeste").await;
    portal.fails_over(Some((bad, answer)));
    let gateway = gateway(sandbox.url().as_str(), &portal, &[]).await;
    let of = |id: u64| portal.got().iter().filter(|got| got.of().0 == id).count();
    wait_until("the portal has failed", async || of(bad) > 0).await;
    for (director, title) in [(DIRECTORS[1], "Saine"), (DIRECTORS[2], "Saine aussi")] {
        let good: Value = gateway.post_form(&form(director, title), None).await.json().await.unwrap();
        let good = good["ticket"].as_u64().unwrap();
        wait_until("another is told", async || noted(&sandbox, good) == ["created"]).await;
        let before = of(bad);
        wait_until("the portal has failed again", async || of(bad) > before).await;
    }
    assert!(noted(&sandbox, bad).is_empty());
    portal.fails_over(None);
    wait_until("it is told", async || noted(&sandbox, bad) == ["created"]).await;
    gateway.finish().await;
}

/// What is of an event lets others pass; what is of the portal lets it rest.
#[rstest]
#[case::fails(500, 5)]
#[case::bad_gateway(502, 5)]
#[case::moved(308, 5)]
#[case::refuses(400, usize::MAX)]
#[case::timed_out(408, 1)]
#[case::too_early(425, 1)]
#[case::too_many(429, 1)]
#[case::unavailable(503, 1)]
#[tokio::test(flavor = "multi_thread")]
async fn a_portal_rests_when_it_is_away(#[case] answer: u16, #[case] different: usize) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let portal = Portal::start().await;
    let variables = [("URL", portal.url.clone()), ("SECRETS", secrets())];
    let variables = variables.map(|(name, value)| (format!("PASSERELLE_HOOKS__{name}"), value));
    let hook = PortalHook::new(&config::load_from(None, variables).unwrap().hooks).unwrap().unwrap();
    let tell = async |id: &str| {
        let now = jiff::Timestamp::now();
        let event = HookEvent { kind: "check".to_owned(), timestamp: now.to_string(), data: json!({}) };
        hook.tell(id, &event, now).await
    };
    portal.answers(answer);
    // The same one, however often, says nothing of others.
    for _ in 0..if different == 1 { 0 } else { 7 } {
        assert!(tell("a").await.unwrap_err().is_of_this_event());
        assert!(!hook.rests());
    }
    // One that is taken begins the count anew.
    if different > 1 {
        portal.answers(204);
        tell("b").await.unwrap();
        portal.answers(answer);
    }
    for number in 1..=7 {
        let error = tell(&format!("c{number}")).await.unwrap_err();
        assert_eq!(error.is_of_this_event(), number < different, "{number}: {error}");
        assert_eq!(hook.rests(), number >= different, "{number}");
        assert_eq!(matches!(error, HookError::JustFailed), number > different, "{number}: {error}");
    }
}

#[rstest]
#[case::plain("http://portail.example.fr/passerelle", None, "created", "hooks.url")]
#[case::no_address("portail", None, "created", "hooks.url")]
#[case::no_secret("https://portail.example.fr/passerelle", Some(""), "created", "hooks.secrets")]
#[case::hexadecimal(
    "https://portail.example.fr/x",
    Some("0123456789abcdef0123456789abcdef"),
    "created",
    "hooks.secrets"
)]
#[case::short("https://portail.example.fr/x", Some("whsec_c2hvcnQ="), "created", "hooks.secrets")]
#[case::no_step("https://portail.example.fr/x", None, "created,solved", "hooks.steps")]
#[test]
fn a_hook_that_cannot_be_used_is_named(
    #[case] url: &str,
    #[case] secret: Option<&str>,
    #[case] steps: &str,
    #[case] key: &str,
) {
    let secrets = secret.map_or_else(secrets, str::to_owned);
    let variables = [("URL", url), ("SECRETS", &secrets), ("STEPS", steps)];
    let variables = variables.map(|(name, value)| (format!("PASSERELLE_HOOKS__{name}"), value.to_owned()));
    let error = config::load_from(None, variables).unwrap_err().to_string();
    assert!(error.contains(key), "{error}");
}

#[test]
fn a_hook_over_https_or_on_this_machine_can_be_used() {
    for url in ["https://portail.example.fr/x", "http://127.0.0.1:8090/x", "http://[::1]/x", "http://localhost/x"] {
        let variables = [("URL", url.to_owned()), ("SECRETS", secrets())];
        let variables = variables.map(|(name, value)| (format!("PASSERELLE_HOOKS__{name}"), value));
        assert!(config::load_from(None, variables).unwrap().hooks.address().unwrap().is_some(), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_tries_the_hook() {
    let (sandbox, portal) = (sandbox().await, Portal::start().await);
    let secrets = secrets();
    let settings = [("hooks.url", portal.url.as_str()), ("hooks.secrets", secrets.as_str())];
    let checking = check::run(read(sandbox.url().as_str(), &settings), check::Args::default());
    Box::pin(checking).await.unwrap();
    assert_eq!(portal.got().iter().map(Got::kind).collect::<Vec<_>>(), ["check"]);
}
