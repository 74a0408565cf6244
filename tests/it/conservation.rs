//! Nothing is received without an end: every request that came in has ended and was counted so, or is in hand, whatever
//! became of it and whoever goes away. And every counter is there before anything is counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use passerelle::{
    cli::demo::lmtp_client::deliver,
    sandbox::{Failure, Failures, Options, Rule, Sandbox},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    support::{
        dice::Dice,
        dovecot::{Dovecot, PASSWORD},
        gateway::{AGENT, ASSISTANCE, DIRECTORS, FOLLOWUP, MAIL_TOKEN, PORTAL_SECRET, form, mail},
        helpdesk::Helpdesk,
        served::{Figures, Served},
        sink::{Moods, Sink},
        wait_until,
    },
    tidy::metrics::{counted, documented},
};

const RECEIVED: &str = "passerelle_received_total";
const ENDED: &str = "passerelle_requests_total";
const IN_HAND: &str = "passerelle_in_hand";

/// What can be asked of a gateway.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Mail,
    SameMail,
    MailOfNoDirector,
    MailWithoutKeyword,
    AutomaticMail,
    MailOverHttp,
    LargeMailOverHttp,
    Form,
    SameForm,
    FormOfNoDirector,
    Complement,
    Approval,
    Refusal,
    ImpatientForm,
}

const ALL: [Asked; 14] = [
    Asked::Mail,
    Asked::SameMail,
    Asked::MailOfNoDirector,
    Asked::MailWithoutKeyword,
    Asked::AutomaticMail,
    Asked::MailOverHttp,
    Asked::LargeMailOverHttp,
    Asked::Form,
    Asked::SameForm,
    Asked::FormOfNoDirector,
    Asked::Complement,
    Asked::Approval,
    Asked::Refusal,
    Asked::ImpatientForm,
];

impl Asked {
    fn channel(self) -> &'static str {
        match self {
            Self::Mail | Self::SameMail | Self::MailOfNoDirector | Self::MailWithoutKeyword | Self::AutomaticMail => {
                "lmtp"
            }
            Self::MailOverHttp | Self::LargeMailOverHttp => "http",
            Self::Form
            | Self::SameForm
            | Self::FormOfNoDirector
            | Self::Complement
            | Self::Approval
            | Self::Refusal
            | Self::ImpatientForm => "form",
        }
    }

    /// Asks it, whatever is answered.
    async fn ask(self, number: usize, ticket: u64, gateway: &Served) {
        let id = format!("{self:?}-{number}");
        let from = DIRECTORS[number % DIRECTORS.len()];
        let by_lmtp = async |mail: Vec<u8>| drop(deliver(gateway.lmtp, from, &[ASSISTANCE], &mail).await.unwrap());
        let over_http = async |mail: Vec<u8>| {
            let call = reqwest::Client::new().post(format!("http://{}/v1/mail", gateway.http)).bearer_auth(MAIL_TOKEN);
            drop(call.header("Content-Type", "message/rfc822").body(mail).send().await.unwrap());
        };
        let post = async |path: &str, key: &str, body: Value| {
            let answer = gateway.signed(Method::POST, path, key, body.to_string().as_bytes()).send().await.unwrap();
            let (status, said) = (answer.status().as_u16(), answer.text().await.unwrap());
            // It is a request: what is none is not received.
            assert!(![400, 401, 415].contains(&status) && !said.contains("invalid-fields"), "{path}: {status} {said}");
        };
        let of_ticket = |what: &str| format!("/v1/requests/{ticket}/{what}?requester={}", DIRECTORS[0]);
        match self {
            Self::Mail => by_lmtp(mail(from, &id, "LSU", "Bonjour")).await,
            Self::SameMail => by_lmtp(mail(DIRECTORS[0], "toujours", "LSU", "Bonjour")).await,
            Self::MailOfNoDirector => by_lmtp(mail(AGENT, &id, "LSU", "Bonjour")).await,
            Self::MailWithoutKeyword => by_lmtp(mail(from, &id, "Bonjour", "Bonjour")).await,
            Self::AutomaticMail => {
                let plain = String::from_utf8(mail(from, &id, "LSU", "Absente")).unwrap();
                by_lmtp(format!("Auto-Submitted: auto-replied\r\n{plain}").into_bytes()).await;
            }
            Self::MailOverHttp => over_http(mail(from, &id, "LSU", "Bonjour")).await,
            Self::LargeMailOverHttp => over_http(mail(from, &id, "LSU", &"x".repeat(300_000))).await,
            Self::Form => post("/v1/requests", &id, form(from, &id)).await,
            Self::SameForm => post("/v1/requests", "toujours", form(DIRECTORS[0], "Toujours")).await,
            Self::FormOfNoDirector => post("/v1/requests", &id, form(AGENT, &id)).await,
            Self::Complement => post(&of_ticket("followups"), &id, json!({ "description": id })).await,
            Self::Approval => post(&of_ticket("approval"), &id, json!({ "decision": "accept" })).await,
            Self::Refusal => post(&of_ticket("approval"), &id, json!({ "decision": "refuse", "reason": id })).await,
            Self::ImpatientForm => {
                let post = post("/v1/requests", &id, form(from, &id));
                let _ = tokio::time::timeout(Duration::from_millis(30), post).await;
            }
        }
    }
}

/// What may go wrong with GLPI while something is asked.
const FAILURES: [Option<Failure>; 10] = [
    None,
    None,
    None,
    None,
    Some(Failure::Slow(Duration::from_millis(80))),
    Some(Failure::ServerError),
    Some(Failure::Maintenance),
    Some(Failure::AnswerLost),
    Some(Failure::Garbled),
    Some(Failure::Down),
];

/// A gateway before a stand-in, with what it needs to answer as every request may be answered.
async fn gateway(folder: &tempfile::TempDir, glpi: &Sandbox, relay: &Sink, more: &[(&str, &str)]) -> Served {
    let (url, relay) = (glpi.url().to_string(), relay.url());
    let settings = [
        ("glpi.url", url.as_str()),
        ("glpi.login", "passerelle"),
        ("glpi.password", "passerelle"),
        ("glpi.retries", "0"),
        ("glpi.aftermath", "0s"),
        ("glpi.timeout", "1s"),
        ("glpi.connect_timeout", "1s"),
        ("glpi.breaker_failures", "0"),
        ("http.mail_tokens", MAIL_TOKEN),
        ("http.portal_secrets", PORTAL_SECRET),
        ("screen.max_size", "250000"),
        ("smtp.url", &relay),
        ("quota.per_day", "1000"),
        ("sweep.every", "1h"),
        ("figures.every", "0s"),
        ("knowledge.every", "0s"),
    ];
    Served::start(folder.path(), &[&settings[..], &FOLLOWUP, more].concat()).await
}

/// What was received, has ended and is in hand, by this way in.
fn of(figures: &Figures, channel: &str) -> [u64; 3] {
    let label = format!("channel=\"{channel}\"");
    [RECEIVED, ENDED, IN_HAND].map(|metric| figures.sum(metric, &[&label]))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_that_came_in_has_ended_or_is_in_hand_whatever_became_of_it() {
    all_have_ended_or_are_in_hand("retry").await;
}

/// Also what is put by while GLPI cannot answer, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn every_request_that_was_put_by_has_ended_so_and_once_more_when_it_came_back() {
    all_have_ended_or_are_in_hand("queue").await;
}

async fn all_have_ended_or_are_in_hand(when_down: &str) {
    let options = Options { dies_of: Some("prunelle".to_owned()), ..Options::default() };
    let (glpi, relay) = (Sandbox::start(options).await.unwrap(), Sink::start(Moods::default()).await);
    let (folder, mut dice) = (tempfile::tempdir().unwrap(), Dice::thrown());
    let operators = [
        ("quarantine.attempts", "2"),
        ("quarantine.operators", "exploitation@ac-dijon.fr"),
        ("portal.when_down", when_down),
    ];
    let gateway = gateway(&folder, &glpi, &relay, &operators).await;
    let at_first: BTreeSet<String> = gateway.figures().await.of(ENDED).map(|(series, _)| series.to_owned()).collect();
    // One that waits for its requester's approval, now and then again.
    let staff = Helpdesk::sign_in(&glpi.url(), "glpi", "glpi").await;
    Asked::SameForm.ask(0, 0, &gateway).await;
    let ticket = u64::try_from(glpi.tickets()[0].id).unwrap();

    let mut asked = [("form", 1_u64), ("lmtp", 0), ("http", 0), ("returned", 0)];
    for number in 0..90 {
        // Each at least once, the rest as it comes.
        let what = ALL.get(number).copied().unwrap_or_else(|| dice.pick(&ALL));
        let failure = dice.pick(&FAILURES);
        if matches!(what, Asked::Approval | Asked::Refusal) {
            staff.set_status(ticket, 2).await;
            staff.solve(ticket, &format!("<p>Essai {number}</p>")).await;
        }
        glpi.set_failures(failure.map_or(Failures::none(), |failure| Rule::always(failure).into()));
        what.ask(number, ticket, &gateway).await;
        if matches!(what, Asked::ImpatientForm) {
            // What has not arrived whole was never received.
            wait_until("it was received, or has gone", async || of(&gateway.figures().await, "form")[2] == 0).await;
        }
        glpi.set_failures(Failures::none());
        let count = asked.iter_mut().find(|(channel, _)| *channel == what.channel()).unwrap();
        count.1 += u64::from(!matches!(what, Asked::ImpatientForm));
    }
    // A form and a complement that GLPI cannot take now, and the mails that bring back what was put by.
    glpi.set_failures(Rule::always(Failure::Maintenance));
    for what in [Asked::Form, Asked::Complement] {
        what.ask(2000, ticket, &gateway).await;
        asked[0].1 += 1;
    }
    glpi.set_failures(Failures::none());
    for put_by in relay.taken().iter().filter(|taken| taken.to == [ASSISTANCE]) {
        deliver(gateway.lmtp, &put_by.from, &[ASSISTANCE], put_by.mail.as_bytes()).await.unwrap();
        asked[3].1 += 1;
    }
    assert_eq!(asked[3].1 >= 2, when_down == "queue", "{asked:?}");
    // One mail that GLPI dies of each time, while others pass, is put aside.
    let poison = mail(DIRECTORS[1], "poison", "LSU", "Une prunelle");
    let mut tries = 0;
    wait_until("it is put aside", async || {
        let said = deliver(gateway.lmtp, DIRECTORS[1], &[ASSISTANCE], &poison).await.unwrap().pop().unwrap();
        tries += 1;
        Asked::Mail.ask(1000 + tries, ticket, &gateway).await;
        said.contains("quarantined")
    })
    .await;
    asked[1].1 += 2 * u64::try_from(tries).unwrap();

    wait_until("nothing is in hand", async || {
        let figures = gateway.figures().await;
        asked.iter().all(|(channel, _)| of(&figures, channel)[2] == 0)
    })
    .await;
    let figures = gateway.figures().await;
    for (channel, count) in asked {
        let [received, ended, in_hand] = of(&figures, channel);
        assert_eq!((received, in_hand), (ended, 0), "{channel}: {}", gateway.log());
        // Of who went away nobody knows whether it was whole.
        let impatient = 90;
        let most = if channel == "form" { count + impatient } else { count };
        assert!(received >= count && received <= most, "{channel}: {received} received, {count} asked");
    }
    // All ends there are have come, and none that was not foreseen.
    let ends: BTreeSet<_> = figures.of(ENDED).filter(|(_, count)| *count > 0).map(|(series, _)| series).collect();
    let queued = (when_down == "queue").then_some("queued");
    let always = ["created", "followup", "duplicate", "refused", "ignored", "deferred", "quarantined"];
    for outcome in always.into_iter().chain(queued) {
        assert!(ends.iter().any(|series| series.contains(&format!("outcome=\"{outcome}\""))), "{outcome} in {ends:?}");
    }
    let unforeseen: Vec<_> = ends.iter().filter(|series| !at_first.contains(**series)).collect();
    assert!(unforeseen.is_empty(), "{unforeseen:?}");
}

/// A decision that GLPI cannot say anything about is a request, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_ends_early_is_counted() {
    let (glpi, relay) = (Sandbox::start(Options::default()).await.unwrap(), Sink::start(Moods::default()).await);
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway(&folder, &glpi, &relay, &[]).await;
    Asked::SameForm.ask(0, 0, &gateway).await;
    let before = of(&gateway.figures().await, "form");
    assert_eq!(before, [1, 1, 0]);
    glpi.set_failures(Rule::always(Failure::Maintenance));
    for number in 0..3 {
        Asked::Approval.ask(number, 1, &gateway).await;
    }
    glpi.set_failures(Failures::none());
    assert_eq!(of(&gateway.figures().await, "form"), [4, 4, 0]);
    // Answered, and nothing waits for approval: one more, once.
    Asked::Approval.ask(9, 1, &gateway).await;
    assert_eq!(of(&gateway.figures().await, "form"), [5, 5, 0]);
}

/// Each that the code names.
#[tokio::test(flavor = "multi_thread")]
async fn every_counter_is_there_before_anything_is_counted() {
    let (glpi, relay) = (Sandbox::start(Options::default()).await.unwrap(), Sink::start(Moods::default()).await);
    let (folder, mailbox) = (tempfile::tempdir().unwrap(), Dovecot::start());
    let imap = format!("imap://boite:{PASSWORD}@127.0.0.1:{}?tls=off", mailbox.port());
    // What is counted by article is there once the articles are known.
    let editor = Helpdesk::sign_in(&glpi.url(), "glpi", "glpi").await;
    let everybody = json!({"_type": "Entity", "entities_id": 0, "is_recursive": 1});
    let article = json!({"name": "Valider un bilan", "answer": "<p>Ici.</p>", "is_faq": 1, "_visibility": everybody});
    editor.add("KnowbaseItem", article).await;
    let people =
        [("imap.url", imap.as_str()), ("people.tokens", "operators:people-token-for-tests"), ("knowledge.every", "1h")];
    let gateway = gateway(&folder, &glpi, &relay, &people).await;
    wait_until("the FAQ is read", async || gateway.figures().await.sum("passerelle_articles", &[]) == 1).await;
    let figures = gateway.figures().await;

    let counters: Vec<String> = counted().into_iter().filter(|name| name.ends_with("_total")).collect();
    assert!(counters.len() > 20, "{counters:?}");
    let absent: Vec<_> = counters.iter().filter(|name| figures.of(name).next().is_none()).collect();
    assert_eq!(absent, [""; 0]);
    // Their labels are those that the documentation names.
    let documented = documented();
    let mut labels = BTreeMap::<String, BTreeSet<String>>::new();
    for series in figures.series().filter(|series| series.starts_with("passerelle_")) {
        let (name, of_it) = series.split_once('{').unwrap_or((series, ""));
        let name = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let of_it = of_it.split("\",").filter_map(|label| label.split_once("=\"")).map(|(label, _)| label.to_owned());
        labels.entry(name.to_owned()).or_default().extend(of_it.filter(|label| label != "le"));
    }
    let other: Vec<_> = labels.iter().filter(|(name, labels)| documented.get(*name) != Some(*labels)).collect();
    assert!(other.is_empty(), "{other:?} are documented otherwise");
    // No end that cannot be: a form that is put by has not been put off.
    let impossible: Vec<_> = figures
        .of(ENDED)
        .filter(|(series, _)| series.contains("reason=\"queued\"") && !series.contains("outcome=\"queued\""))
        .collect();
    assert!(impossible.is_empty(), "{impossible:?}");
    for (metric, labels) in [
        (RECEIVED, vec!["channel=\"stdin\""]),
        (ENDED, vec!["channel=\"lmtp\"", "outcome=\"quarantined\"", "reason=\"glpi-rejected\""]),
        (ENDED, vec!["channel=\"form\"", "outcome=\"refused\"", "reason=\"newer-solution\""]),
        (ENDED, vec!["channel=\"form\"", "outcome=\"queued\"", "reason=\"queued\""]),
        ("passerelle_articles_helped_total", vec!["article=\"1\""]),
        ("passerelle_lmtp_connections_total", vec!["end=\"too_old\""]),
        ("passerelle_imap_moved_total", vec!["folder=\"quarantine\""]),
        ("passerelle_mails_total", vec!["reason=\"quota-exceeded\"", "outcome=\"failed\""]),
        ("passerelle_mails_total", vec!["reason=\"reminder\"", "outcome=\"sent\""]),
        ("passerelle_hooks_total", vec!["type=\"request.solution\"", "outcome=\"refused\""]),
        ("passerelle_moves_total", vec!["direction=\"return\"", "cause=\"rule\""]),
        ("passerelle_commands_refused_total", vec!["reason=\"highest-level\""]),
        ("passerelle_commands_refused_total", vec!["reason=\"article-locked\""]),
        ("passerelle_sweep_failures_total", vec!["reason=\"unannounced\""]),
        ("passerelle_requesters_dropped_total", vec!["became=\"missing\""]),
        ("passerelle_announcement_mails_total", vec!["outcome=\"put-off\""]),
        ("passerelle_sudden_rises_total", vec!["application=\"LSU\""]),
        ("passerelle_http_responses_total", vec!["route=\"/v1/requests\"", "status=\"503\""]),
        ("passerelle_http_connections_given_up_total", vec!["for=\"memory\""]),
    ] {
        let found = figures.of(metric).any(|(series, _)| labels.iter().all(|label| series.contains(label)));
        assert!(found, "{metric} has no {labels:?}");
    }
    // There is nothing of which anything was counted but what was asked, the sweep and the connections.
    let counted =
        ["passerelle_http_responses_total", "passerelle_sweep_passes_total", "passerelle_imap_failures_total"];
    let not_none: Vec<_> = figures
        .series()
        .filter(|series| series.split('{').next().unwrap().ends_with("_total"))
        .filter(|series| !counted.iter().any(|name| series.starts_with(name)) && figures.sum(series, &[]) > 0)
        .collect();
    assert_eq!(not_none, [""; 0]);
}
