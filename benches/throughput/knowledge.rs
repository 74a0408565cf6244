//! How long the FAQ takes to be searched after a start: all articles read from GLPI, and the index of their words made.

use std::time::{Duration, Instant};

use passerelle::sandbox::Machine;
use serde::Deserialize;
use serde_json::json;

use crate::{gateway::Running, glpi::Target, support::helpdesk::Helpdesk, table::Table};

const TOKEN: &str = "form-token-for-benches";
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Questions that are asked once all is known.
const QUESTIONS: usize = 200;

#[derive(Deserialize)]
struct Articles {
    article: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    title: String,
    answer: String,
}

/// Fills the stand-in's FAQ with so many articles, and has gateways read it.
pub(crate) async fn of(target: &Target, articles: usize) {
    let Target::StandIn(sandbox) = target else { panic!("the FAQ is measured on made-up articles of the stand-in") };
    sandbox.set_machine(None);
    let sample: Articles = toml::from_str(include_str!("../../tests/faq/articles.toml")).unwrap();
    let editor = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    for number in 0..articles {
        // Each is of one sample, with more of another below it and words of its own.
        let (one, other) = (number % sample.article.len(), number / sample.article.len() % sample.article.len());
        let (one, other) = (&sample.article[one], &sample.article[other]);
        let answer = format!("{}{}<p>Cas n{number} de l’école e{number}.</p>", one.answer, other.answer);
        let article = json!({
            "name": format!("{} (cas n{number})", one.title), "answer": answer, "is_faq": 1,
            "_visibility": {"_type": "Entity", "entities_id": 0, "is_recursive": 1},
        });
        editor.add("KnowbaseItem", article).await;
    }
    for (pace, machine) in [("GLPI's pace", Some(Machine::usual())), ("a GLPI that takes no time", None)] {
        sandbox.set_machine(machine);
        let (began, before) = (Instant::now(), sandbox.calls());
        let gateway = Running::start(target, &[("http.form_tokens", TOKEN)]).await;
        let last = format!("/v1/faq?q=n{}", articles - 1);
        let found = async |gateway: &Running| {
            let answer = gateway.get_with_token(&last, TOKEN).await;
            answer.is_some_and(|answer| answer["articles"].as_array().is_some_and(|found| !found.is_empty()))
        };
        while !found(&gateway).await {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let what = format!("a FAQ of {articles} articles, from the start, at {pace}");
        let figure = format!("{:>9.1} s, {} calls", began.elapsed().as_secs_f64(), sandbox.calls() - before);
        Table::say(&what, &figure);
        let mut times = Vec::with_capacity(QUESTIONS);
        for number in 0..QUESTIONS {
            let began = Instant::now();
            let question = format!("/v1/faq?q=comment+valider+un+bilan+gris%C3%A9+n{number}");
            assert!(gateway.get_with_token(&question, TOKEN).await.is_some());
            times.push(began.elapsed());
        }
        times.sort_unstable();
        Table::times("a question", &times);
        gateway.stop().await;
    }
}
