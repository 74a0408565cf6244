//! GLPI's public questions and answers.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::civil::DateTime;

use super::html;
use crate::{
    config,
    glpi::{FaqArticle, Glpi, GlpiError},
    id::ArticleId,
    remembered::Remembered,
    text::{fold::folded, headings},
};

/// How long the articles are believed.
const BELIEVED: Duration = Duration::from_mins(5);
/// Articles of one answer.
const MOST: usize = 20;

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// GLPI's number of it.
    pub id: ArticleId,
    /// The question.
    pub title: String,
    /// The answer: sanitised HTML, without GLPI's pictures.
    pub html: String,
    /// Its page in GLPI.
    pub link: String,
}

/// An article, made ready to be searched and shown.
struct Ready {
    article: Article,
    /// As [`FaqArticle`] has them.
    begins: Option<DateTime>,
    ends: Option<DateTime>,
    /// Title, and title and text, without case and accents.
    title: String,
    whole: String,
}

/// The FAQ, read once in some minutes.
pub(super) struct Faq {
    glpi: Glpi,
    link: String,
    articles: Remembered<(), Arc<Vec<Ready>>, GlpiError>,
}

impl Faq {
    pub(super) fn new(glpi: Glpi, config: &config::Glpi) -> Self {
        let articles = Remembered::new(1, BELIEVED);
        Self { glpi, link: format!("{}/front/helpdesk.faq.php?id=", config.site()), articles }
    }

    async fn articles(&self) -> Result<Arc<Vec<Ready>>, GlpiError> {
        self.articles.or_ask((), self.read()).await
    }

    /// The articles that hold each of these words on this day and hour, as [`super::Portal::faq`] says.
    pub(super) async fn found(&self, text: &str, now: DateTime) -> Result<Vec<Article>, GlpiError> {
        let articles = self.articles().await?;
        let words: Vec<String> = folded(text).split_whitespace().map(str::to_owned).collect();
        let holds = |text: &str| words.iter().all(|word| text.contains(word.as_str()));
        let mut found: Vec<(bool, &Article)> = articles
            .iter()
            .filter(|ready| ready.begins.is_none_or(|begins| begins <= now))
            .filter(|ready| ready.ends.is_none_or(|ends| now < ends))
            .filter(|ready| holds(&ready.whole))
            .map(|ready| (!holds(&ready.title), &ready.article))
            .collect();
        found.sort_by_key(|(by_text, article)| (*by_text, article.id));
        Ok(found.into_iter().take(MOST).map(|(_, article)| article.clone()).collect())
    }

    async fn read(&self) -> Result<Arc<Vec<Ready>>, GlpiError> {
        let articles = match self.glpi.faq().await {
            Ok(articles) => articles,
            // An account without the right to read the FAQ has none to show.
            Err(GlpiError::Denied { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        let link = self.link.clone();
        // Reading and sanitising a thousand texts takes its time.
        let ready = tokio::task::spawn_blocking(move || articles.into_iter().map(|it| ready(it, &link)).collect());
        // Broken by an article: the log says where; the others' requests go on.
        Ok(Arc::new(ready.await.unwrap_or_default()))
    }
}

fn ready(article: FaqArticle, link: &str) -> Ready {
    let FaqArticle { id, name, answer, begins, ends } = article;
    let whole = folded(&format!("{name} {}", html::text(&answer)));
    // Its title is no heading: its own headings come right below those of the page.
    let html = headings::from_level(&html::show(&answer, &BTreeSet::new(), |_| String::new()).html, 3);
    Ready {
        title: folded(&name),
        whole,
        begins,
        ends,
        article: Article { id, title: name, html, link: format!("{link}{id}") },
    }
}
