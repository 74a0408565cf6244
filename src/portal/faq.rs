//! GLPI's public questions and answers.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use moka::future::Cache;

use super::{Portal, PortalError, html, listing::folded};
use crate::{
    clients::glpi::{FaqArticle, Glpi, GlpiError},
    config,
    deliver::site,
};

/// How long the articles are believed.
const BELIEVED: Duration = Duration::from_mins(5);
/// Articles of one answer.
const MOST: usize = 20;

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// GLPI's number of it.
    pub id: u64,
    /// The question.
    pub title: String,
    /// The answer: sanitised HTML, without GLPI's pictures.
    pub html: String,
    /// Its page in GLPI.
    pub link: String,
}

/// The FAQ, read once in some minutes.
pub(super) struct Faq {
    glpi: Glpi,
    link: String,
    articles: Cache<(), Arc<Vec<FaqArticle>>>,
}

impl Faq {
    pub(super) fn new(glpi: Glpi, config: &config::Glpi) -> Self {
        let articles = Cache::builder().max_capacity(1).time_to_live(BELIEVED).build();
        Self { glpi, link: format!("{}/front/helpdesk.faq.php?id=", site(config)), articles }
    }

    async fn articles(&self) -> Result<Arc<Vec<FaqArticle>>, GlpiError> {
        if let Some(articles) = self.articles.get(&()).await {
            return Ok(articles);
        }
        let articles = match self.glpi.faq().await {
            Ok(articles) => Arc::new(articles),
            // An account without the right to read the FAQ has none to show.
            Err(GlpiError::Denied { .. }) => Arc::default(),
            Err(error) => return Err(error),
        };
        self.articles.insert((), Arc::clone(&articles)).await;
        Ok(articles)
    }
}

impl Portal {
    /// The public articles that hold each of these words, those with all of them in the title first; neither case nor
    /// accents matter. Without words, the first there are.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn faq(&self, text: &str) -> Result<Vec<Article>, PortalError> {
        let articles = self.faq.articles().await?;
        let words: Vec<String> = folded(text).split_whitespace().map(str::to_owned).collect();
        let now = Timestamp::now().to_zoned(self.time_zone.clone()).datetime();
        let holds = |text: &str| {
            let text = folded(text);
            words.iter().all(|word| text.contains(word.as_str()))
        };
        let mut found: Vec<(bool, &FaqArticle)> = articles
            .iter()
            .filter(|article| article.begins.is_none_or(|begins| begins <= now))
            .filter(|article| article.ends.is_none_or(|ends| now < ends))
            .filter_map(|article| {
                let by_title = holds(&article.name);
                let by_text = || holds(&format!("{} {}", article.name, html::text(&article.answer)));
                (by_title || by_text()).then_some((!by_title, article))
            })
            .collect();
        found.sort_by_key(|(by_text, article)| (*by_text, article.id));
        let none = BTreeSet::new();
        Ok(found
            .into_iter()
            .take(MOST)
            .map(|(_, article)| Article {
                id: article.id,
                title: article.name.clone(),
                html: html::show(&article.answer, &none, |_| String::new()).html,
                link: format!("{}{}", self.faq.link, article.id),
            })
            .collect())
    }
}
