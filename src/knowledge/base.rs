//! The knowledge base as this instance has it: read from GLPI once, then what was changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use metrics::Counter;

use super::{article::Article, shelf::Shelf, subjects::Subjects};
use crate::{
    config::Config,
    flow::route::MappingStore,
    glpi::{FaqArticle, Glpi, GlpiError, ReadUntil, Trouble},
    id::ArticleId,
    remembered::RememberedOne,
};

/// How long the articles are believed before it is asked what was changed, where nothing reads them in the background.
const BELIEVED: Duration = Duration::from_mins(5);
/// How long changes alone are read: then everything is read again, whatever GLPI's dates say.
const READ_WHOLE: Duration = Duration::from_hours(24);
/// A start has other things to do first.
const FIRST_AFTER: Duration = Duration::from_secs(2);

const ARTICLES: &str = "passerelle_articles";
/// How often people said that an article helped them.
const HELPED: &str = "passerelle_articles_helped_total";

/// The FAQ, kept in memory.
pub struct Knowledge {
    glpi: Glpi,
    background: Glpi,
    mappings: MappingStore,
    site: String,
    zone: TimeZone,
    /// That it was asked lately what was changed.
    asked: RememberedOne<Arc<Shelf>, GlpiError>,
    known: RwLock<Option<Arc<Known>>>,
}

/// What is known of the FAQ.
struct Known {
    shelf: Arc<Shelf>,
    /// The articles that are published.
    articles: BTreeMap<ArticleId, Arc<Article>>,
    until: ReadUntil,
    /// When everything was read.
    since: Instant,
}

/// What was read of GLPI.
struct Found {
    /// When it began to be read.
    moment: Timestamp,
    /// The articles that are new or were changed.
    changed: Vec<FaqArticle>,
    /// Which are in the FAQ and published to everybody.
    current: BTreeSet<ArticleId>,
    categories: BTreeMap<ArticleId, Vec<String>>,
}

impl Knowledge {
    /// Nothing is known until somebody asks, or [`Knowledge::keep`] has read it.
    pub fn new(config: &Config, glpi: Glpi, mappings: MappingStore) -> Self {
        metrics::describe_gauge!(ARTICLES, "Articles of GLPI's FAQ that are published.");
        metrics::describe_counter!(HELPED, "How often people said that an article helped them, by its number.");
        Self {
            background: glpi.in_background(),
            glpi,
            mappings,
            site: config.glpi.site().to_owned(),
            zone: config.time_zone.clone(),
            asked: RememberedOne::new(BELIEVED),
            known: RwLock::default(),
        }
    }

    /// The articles as they were minutes ago at most; as they were known last, where GLPI cannot answer.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer and has not answered yet.
    pub async fn shelf(&self) -> Result<Arc<Shelf>, GlpiError> {
        match self.asked.or_ask(self.refreshed(&self.glpi)).await {
            Err(error) => self.at_hand().ok_or(error),
            asked => asked,
        }
    }

    /// The articles as they are known, without asking anybody; `None` where nothing was read yet.
    pub fn at_hand(&self) -> Option<Arc<Shelf>> {
        self.known().map(|known| Arc::clone(&known.shelf))
    }

    /// Counts that this article has helped somebody.
    pub fn has_helped(&self, article: ArticleId) {
        helped(article).increment(1);
    }

    /// Now, as GLPI writes it.
    pub fn now(&self) -> DateTime {
        Timestamp::now().to_zoned(self.zone.clone()).datetime()
    }

    /// Reads what was changed again and again, once in `every`; never ends. With no time between, only who looks reads.
    pub async fn keep(&self, every: Duration) {
        if every.is_zero() {
            return std::future::pending().await;
        }
        tokio::time::sleep(FIRST_AFTER.min(every)).await;
        loop {
            if let Err(error) = self.refresh().await {
                tracing::info!(%error, "GLPI's FAQ cannot be read now");
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Reads what was changed, in five calls that let others go first: at the first time, and once a day, everything.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer. What was known stays.
    pub async fn refresh(&self) -> Result<Arc<Shelf>, GlpiError> {
        let fresh = self.refreshed(&self.background).await?;
        self.asked.insert(Arc::clone(&fresh)).await;
        Ok(fresh)
    }

    fn known(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads what was changed since the last time; everything at the first time and once a day.
    async fn refreshed(&self, glpi: &Glpi) -> Result<Arc<Shelf>, GlpiError> {
        let (moment, before) = (Timestamp::now(), self.known().filter(|known| known.since.elapsed() < READ_WHOLE));
        let found = match self.read(glpi, moment, before.as_deref()).await {
            Ok(found) => found,
            // An account without the right to read the FAQ has none to show.
            Err(GlpiError::Denied { .. }) => {
                Found { moment, changed: Vec::new(), current: BTreeSet::new(), categories: BTreeMap::new() }
            }
            Err(error) => return Err(error),
        };
        let (mappings, site, zone) = (self.mappings.now(), self.site.clone(), self.zone.clone());
        // Thousands of texts are sanitised and taken apart.
        let known = tokio::task::spawn_blocking(move || {
            let subjects = Subjects::new(&mappings);
            known(before.as_deref(), found, &subjects, &zone, |article| Article::new(article, &site, &zone))
        });
        let Ok(known) = known.await else {
            // Broken by an article: the log says where. What was known goes on.
            let unread = GlpiError::Unavailable { why: Trouble::Unexpected, retry_after: None, source: None };
            return self.at_hand().ok_or(unread);
        };
        let fresh = Arc::clone(&known.shelf);
        #[allow(clippy::cast_precision_loss, reason = "some thousand")]
        metrics::gauge!(ARTICLES).set(known.articles.len() as f64);
        // There before anybody says so: what a counter had when it was first seen is no increase.
        known.articles.keys().for_each(|article| helped(*article).increment(0));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(known));
        Ok(fresh)
    }

    async fn read(&self, glpi: &Glpi, moment: Timestamp, before: Option<&Known>) -> Result<Found, GlpiError> {
        let Some(before) = before else {
            let (changed, published, categories) =
                tokio::try_join!(glpi.whole_faq(), glpi.published_articles(), glpi.article_categories())?;
            let current = changed.iter().map(|article| article.id).filter(|id| published.contains(id)).collect();
            return Ok(Found { moment, changed, current, categories });
        };
        let (mut changed, in_faq, published, categories) = tokio::try_join!(
            glpi.faq_since(before.until.since(moment, &self.zone)),
            glpi.faq_ids(),
            glpi.published_articles(),
            glpi.article_categories()
        )?;
        let current: BTreeSet<ArticleId> = in_faq.intersection(&published).copied().collect();
        // Publishing an article leaves no date.
        let said: BTreeSet<ArticleId> = changed.iter().map(|article| article.id).collect();
        let is_new = |id: &&ArticleId| !said.contains(id) && !before.articles.contains_key(id);
        let new: Vec<ArticleId> = current.iter().filter(is_new).copied().collect();
        changed.extend(glpi.faq_of(&new).await?);
        Ok(Found { moment, changed, current, categories })
    }
}

/// The counter of those whom this article has helped.
fn helped(article: ArticleId) -> Counter {
    metrics::counter!(HELPED, "article" => article.to_string())
}

/// What is known after these changes.
fn known(
    before: Option<&Known>,
    found: Found,
    subjects: &Subjects,
    zone: &TimeZone,
    ready: impl Fn(FaqArticle) -> Article,
) -> Known {
    let Found { moment, changed, current, categories } = found;
    let dates = changed.iter().filter_map(|article| article.updated);
    let newest = ReadUntil::newest(dates.chain(before.and_then(|known| known.until.newest)), moment, zone);
    let until = ReadUntil { moment, newest };
    let mut articles = before.map(|known| known.articles.clone()).unwrap_or_default();
    let published = changed.into_iter().filter(|article| current.contains(&article.id));
    articles.extend(published.map(|article| (article.id, Arc::new(ready(article)))));
    // What was hidden, taken out of the FAQ or purged leaves no date, either.
    articles.retain(|id, _| current.contains(id));
    for (id, article) in &mut articles {
        let filed = categories.get(id).cloned().unwrap_or_default();
        let application = subjects.of(&filed, &article.title).map(str::to_owned);
        if article.categories != filed || article.application != application {
            let article = Arc::make_mut(article);
            (article.categories, article.application) = (filed, application);
        }
    }
    let shelf = Arc::new(Shelf::new(articles.values().cloned().collect(), subjects));
    let since = before.map_or_else(Instant::now, |known| known.since);
    Known { shelf, articles, until, since }
}
