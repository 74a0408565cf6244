//! Whether the right article is found: measured on what directors ask, in their words and with their errors.

use std::{collections::BTreeMap, fmt::Write as _};

use passerelle::{
    app::App,
    sandbox::{Options, Sandbox},
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use url::{Url, form_urlencoded::byte_serialize};

use super::publish;
use crate::support::{gateway::app, helpdesk::Helpdesk};

/// The least share of questions whose article must be among the first three.
const LEAST: f64 = 0.85;

#[derive(Deserialize)]
struct Articles {
    article: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    id: String,
    category: String,
    title: String,
    answer: String,
}

#[derive(Deserialize)]
struct Labelled {
    questions: BTreeMap<String, String>,
    unanswered: Unanswered,
}

#[derive(Deserialize)]
struct Unanswered {
    questions: Vec<String>,
}

/// A GLPI with the sample in its FAQ and nothing else: the stand-in, or the real one of `GLPI_TEST_URL`, where the sample
/// goes again.
struct Library {
    app: App,
    editor: Helpdesk,
    /// Each article's name by its title.
    names: BTreeMap<String, String>,
    /// What is there for this test only: itemtypes and their numbers.
    made: Vec<(&'static str, u64)>,
    _stand_in: Option<Sandbox>,
}

impl Library {
    async fn open() -> Self {
        let stand_in = match std::env::var("GLPI_TEST_URL") {
            Ok(_) => None,
            Err(_) => Some(Sandbox::start(Options::default()).await.unwrap()),
        };
        let variable = |name, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
        let url: Url = match &stand_in {
            Some(sandbox) => sandbox.url(),
            None => variable("GLPI_TEST_URL", "").parse().unwrap(),
        };
        let (login, password) =
            (variable("GLPI_TEST_LOGIN", "passerelle"), variable("GLPI_TEST_PASSWORD", "passerelle"));
        let account = [("glpi.login", login.as_str()), ("glpi.password", password.as_str())];
        let app = app(url.as_str(), &account);
        let editor = Helpdesk::sign_in(&url, "glpi", "glpi").await;
        let known = app.knowledge.refresh().await.unwrap().all(app.knowledge.now());
        assert!(known.is_empty(), "a FAQ with other articles: {:?}", known[0].title);
        let mut library = Self { app, editor, names: BTreeMap::new(), made: Vec::new(), _stand_in: stand_in };
        library.fill().await;
        library
    }

    /// Publishes the sample.
    async fn fill(&mut self) {
        let sample: Articles = toml::from_str(include_str!("../../faq/articles.toml")).unwrap();
        assert!(sample.article.len() >= 30);
        let mut categories: BTreeMap<String, u64> = BTreeMap::new();
        for article in sample.article {
            let mut parent = 0;
            for (at, name) in article.category.split(" > ").enumerate() {
                let path = article.category.split(" > ").take(at + 1).collect::<Vec<_>>().join(" > ");
                parent = if let Some(known) = categories.get(&path) {
                    *known
                } else {
                    let input = json!({"name": name, "knowbaseitemcategories_id": parent});
                    let id = self.editor.add("KnowbaseItemCategory", input).await;
                    self.made.push(("KnowbaseItemCategory", id));
                    categories.insert(path, id);
                    id
                };
            }
            let change = json!({"_categories": [parent]});
            let id = publish(&self.editor, &article.title, &article.answer, change).await;
            self.made.push(("KnowbaseItem", id));
            self.names.insert(article.title, article.id);
        }
    }

    /// Takes all of it out of a GLPI that others use.
    async fn close(self) {
        for (kind, id) in self.made.into_iter().rev() {
            self.editor.call(Method::DELETE, &format!("{kind}/{id}?force_purge=true"), json!({})).await;
        }
    }
}

/// How somebody joins the words of a question in GLPI's own search.
#[derive(Clone, Copy)]
enum Joined {
    /// Each is in the title or in the text.
    All,
    /// One is.
    Any,
}

/// Words too short to be asked for: «le», «de», «ma».
const SHORTEST: usize = 4;

/// The first three titles that GLPI's own search finds, asked as somebody does who gives it the words of a question and not
/// the question itself.
async fn by_glpi(editor: &Helpdesk, question: &str, joined: Joined) -> Vec<String> {
    let words = question.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= SHORTEST);
    let link = match joined {
        Joined::All => "AND",
        Joined::Any => "OR",
    };
    let mut criteria = String::new();
    for (at, word) in words.enumerate() {
        let word: String = byte_serialize(word.as_bytes()).collect();
        let _ = write!(criteria, "&criteria[{at}][link]={link}");
        for (place, field) in [6, 7].into_iter().enumerate() {
            let each = format!("&criteria[{at}][criteria][{place}]");
            let _ =
                write!(criteria, "{each}[link]=OR{each}[field]={field}{each}[searchtype]=contains{each}[value]={word}");
        }
    }
    let found = editor.get(&format!("search/KnowbaseItem?range=0-2&forcedisplay[0]=6{criteria}")).await;
    let rows = found["data"].as_array().cloned().unwrap_or_default();
    rows.iter().filter_map(|row| row["6"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn what_directors_ask_finds_its_article_among_the_first_three() {
    let library = Library::open().await;
    let names = &library.names;
    let labelled: Labelled = toml::from_str(include_str!("../../faq/questions.toml")).unwrap();
    assert!(labelled.questions.len() >= 60);
    let knowledge = &library.app.knowledge;
    let (shelf, now) = (knowledge.refresh().await.unwrap(), knowledge.now());
    let (mut first, mut among_three, mut suggested, mut wrongly, mut of_glpi) = (0, 0, 0, 0, [0, 0]);
    let mut missed = Vec::new();
    for (question, expected) in &labelled.questions {
        assert!(names.values().any(|name| name == expected), "{expected}");
        let found = shelf.search(question, None, now);
        let place = found.iter().position(|article| &names[&article.title] == expected);
        first += u32::from(place == Some(0));
        among_three += u32::from(place.is_some_and(|place| place < 3));
        if place.is_none_or(|place| place >= 3) {
            let before: Vec<_> = found.iter().take(3).map(|article| names[&article.title].clone()).collect();
            missed.push(format!("{question}: {expected} at {place:?} behind {before:?}"));
        }
        let proposed = shelf.suggested(question, None, now);
        let is_right = proposed.iter().any(|article| &names[&article.title] == expected);
        suggested += u32::from(is_right);
        wrongly += u32::from(!proposed.is_empty() && !is_right);
        for (count, joined) in of_glpi.iter_mut().zip([Joined::All, Joined::Any]) {
            let theirs = by_glpi(&library.editor, question, joined).await;
            *count += u32::from(theirs.iter().any(|title| names.get(title) == Some(expected)));
        }
    }
    let questions = u32::try_from(labelled.questions.len()).unwrap();
    let share = |number: u32| f64::from(number) / f64::from(questions);
    eprintln!(
        "{questions} questions, {} articles: the right one first {:.0} %, among three {:.0} %; suggested {:.0} %, only others {:.0} %; the search of GLPI's API with all words {:.0} %, with any {:.0} %",
        names.len(),
        100.0 * share(first),
        100.0 * share(among_three),
        100.0 * share(suggested),
        100.0 * share(wrongly),
        100.0 * share(of_glpi[0]),
        100.0 * share(of_glpi[1]),
    );
    eprintln!("{}", missed.join("\n"));
    let unasked: Vec<_> = labelled
        .unanswered
        .questions
        .iter()
        .filter_map(|question| Some((question, shelf.suggested(question, None, now).first()?.title.clone())))
        .collect();
    eprintln!("suggested for what no article answers: {unasked:?}");
    library.close().await;
    assert!(share(among_three) >= LEAST, "{:.3}: {}", share(among_three), missed.join("\n"));
    let theirs = of_glpi.map(share);
    assert!(theirs.iter().all(|theirs| *theirs < share(among_three)), "GLPI's own: {theirs:?}");
    assert!(share(wrongly) <= 0.1, "{wrongly}");
    assert!(unasked.len() <= 1, "{unasked:?}");
}
