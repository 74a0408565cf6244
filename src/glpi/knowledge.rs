//! GLPI's questions and answers: the articles of its knowledge base that are in the FAQ.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::id::{ArticleId, EntityId};

use super::criteria::{SearchAnswer, equals_any};
use super::error::{GlpiError, Trouble};
use super::exchange::Call;
use super::{Document, Glpi, documents::WithDocuments, wire};

/// Search options of an article: 2 id, 7 answer, 8 in the FAQ, 10 and 11 when it is shown, 19 and 121 when it was changed and
/// written; its name is 6 up to GLPI 10 and 1 from 11 on, and each version leaves out the one that it does not have.
const SHOWN: [u64; 9] = [1, 2, 6, 7, 8, 10, 11, 19, 121];
/// Articles of one call, ids of one, and those that are read at most: the largest FAQ of an academy has some thousand.
const PAGE: usize = 500;
const PAGE_OF_IDS: usize = 2000;
const MOST: usize = 20 * PAGE;
/// What GLPI answers where it does not have a table, which older versions have not.
pub(super) const NO_SUCH_TYPE: &str = "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM";
/// Ids of one search, so that it fits into a request.
const IDS: usize = 100;

/// An article of the FAQ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaqArticle {
    /// Its id.
    pub id: ArticleId,
    /// The question.
    pub name: String,
    /// The answer, as HTML.
    pub answer: String,
    /// From when it is shown, in GLPI's time zone; always where there is none.
    pub begins: Option<DateTime>,
    /// Until when.
    pub ends: Option<DateTime>,
    /// When it was written, in GLPI's time zone.
    pub created: Option<DateTime>,
    /// When it was changed last.
    pub updated: Option<DateTime>,
}

/// An article of the knowledge base, in the FAQ or not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoredArticle {
    /// Its id.
    #[serde(deserialize_with = "wire::number")]
    pub id: ArticleId,
    /// The question.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: String,
    /// The answer, as HTML.
    #[serde(default, deserialize_with = "wire::text")]
    pub answer: String,
    /// Whether it is in the FAQ.
    #[serde(default, deserialize_with = "wire::flag")]
    pub is_faq: bool,
}

/// A row of `search/KnowbaseItem`, keyed by search option.
#[derive(Deserialize)]
struct ArticleRow {
    #[serde(rename = "2", deserialize_with = "wire::number")]
    id: ArticleId,
    /// The title up to GLPI 10.
    #[serde(rename = "6", default, deserialize_with = "wire::text")]
    name: String,
    /// The title from GLPI 11 on.
    #[serde(rename = "1", default, deserialize_with = "wire::text")]
    name_from_eleven: String,
    #[serde(rename = "7", default, deserialize_with = "wire::text")]
    answer: String,
    #[serde(rename = "8", default, deserialize_with = "wire::flag")]
    is_faq: bool,
    #[serde(rename = "10", default, deserialize_with = "wire::date")]
    begins: Option<DateTime>,
    #[serde(rename = "11", default, deserialize_with = "wire::date")]
    ends: Option<DateTime>,
    #[serde(rename = "19", default, deserialize_with = "wire::date")]
    updated: Option<DateTime>,
    #[serde(rename = "121", default, deserialize_with = "wire::date")]
    created: Option<DateTime>,
}

/// A row of `Entity_KnowbaseItem`
#[derive(Deserialize)]
struct ArticleEntity {
    #[serde(deserialize_with = "wire::number")]
    knowbaseitems_id: ArticleId,
    #[serde(default, deserialize_with = "wire::number")]
    entities_id: EntityId,
    #[serde(default, deserialize_with = "wire::flag")]
    is_recursive: bool,
}

/// A row of `KnowbaseItem_KnowbaseItemCategory`
#[derive(Deserialize)]
struct ArticleCategory {
    #[serde(deserialize_with = "wire::number")]
    knowbaseitems_id: ArticleId,
    #[serde(deserialize_with = "wire::number")]
    knowbaseitemcategories_id: u64,
}

/// A row of `KnowbaseItemCategory`
#[derive(Deserialize)]
struct CategoryRow {
    #[serde(deserialize_with = "wire::number")]
    id: u64,
    #[serde(default, deserialize_with = "wire::text")]
    completename: String,
}

impl ArticleRow {
    fn title(&self) -> String {
        if self.name.is_empty() { self.name_from_eleven.clone() } else { self.name.clone() }
    }
}

impl From<ArticleRow> for FaqArticle {
    fn from(row: ArticleRow) -> Self {
        Self {
            id: row.id,
            name: row.title(),
            answer: row.answer,
            begins: row.begins,
            ends: row.ends,
            created: row.created,
            updated: row.updated,
        }
    }
}

impl Glpi {
    /// The articles of the FAQ that are published to the account's entity, or to one above it and those below, at
    /// most 10,000, whenever they are shown.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn faq(&self) -> Result<Vec<FaqArticle>, GlpiError> {
        let (articles, published) = tokio::try_join!(self.whole_faq(), self.published_articles())?;
        Ok(articles.into_iter().filter(|article| published.contains(&article.id)).collect())
    }

    /// The articles of the FAQ, whoever each is for; the oldest first.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn whole_faq(&self) -> Result<Vec<FaqArticle>, GlpiError> {
        self.articles(&json!([in_faq()])).await
    }

    /// Those that were changed after this moment, in GLPI's time zone.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn faq_since(&self, since: DateTime) -> Result<Vec<FaqArticle>, GlpiError> {
        let moment = since.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let changed = json!({ "link": "AND", "field": 19, "searchtype": "morethan", "value": moment });
        self.articles(&json!([in_faq(), changed])).await
    }

    /// Those among these that are in the FAQ.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn faq_of(&self, ids: &[ArticleId]) -> Result<Vec<FaqArticle>, GlpiError> {
        Ok(self.rows_of(ids).await?.into_iter().filter(|row| row.is_faq).map(FaqArticle::from).collect())
    }

    /// Which articles are in the FAQ.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn faq_ids(&self) -> Result<BTreeSet<ArticleId>, GlpiError> {
        let rows = self.article_rows(&json!([in_faq()]), &[2], PAGE_OF_IDS).await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// The same, also what is not in the FAQ; and those that are there and that the account may not read.
    ///
    /// GLPI's search shows every article to an account that may read the FAQ, from 11 on only those in it; one by itself is
    /// shown to its author and to who administers the knowledge base.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn stored_articles(&self, ids: &[ArticleId]) -> Result<(Vec<StoredArticle>, Vec<ArticleId>), GlpiError> {
        let stored = |row: ArticleRow| {
            let name = row.title();
            StoredArticle { id: row.id, name, answer: row.answer, is_faq: row.is_faq }
        };
        let mut found: Vec<StoredArticle> = self.rows_of(ids).await?.into_iter().map(stored).collect();
        let mut hidden = Vec::new();
        let missing: Vec<ArticleId> =
            ids.iter().copied().filter(|id| found.iter().all(|article| article.id != *id)).collect();
        for id in missing {
            let query = vec![("get_hateoas".to_owned(), "false".to_owned())];
            match self.get::<StoredArticle>(format!("KnowbaseItem/{id}"), query).await {
                Ok(article) => found.push(article),
                Err(GlpiError::Denied { .. }) => hidden.push(id),
                Err(GlpiError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((found, hidden))
    }

    async fn rows_of(&self, ids: &[ArticleId]) -> Result<Vec<ArticleRow>, GlpiError> {
        let mut found = Vec::new();
        for ids in ids.chunks(IDS) {
            let these = json!([equals_any(2, ids.iter().map(|id| id.get()))]);
            found.extend(self.article_rows(&these, &SHOWN, PAGE).await?);
        }
        Ok(found)
    }

    /// The articles that are published to the account's entity, or to one above it and those below; in the FAQ or not.
    ///
    /// GLPI's lists and searches show an account with the right to read the FAQ every article in it, also those
    /// that are published to some groups, profiles or people only, or to nobody: so whom each is for is read, too.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn published_articles(&self) -> Result<BTreeSet<ArticleId>, GlpiError> {
        let own = self.own_session().await?;
        let above = own.above();
        let is_for_us = |row: &ArticleEntity| {
            row.entities_id == own.glpiactive_entity || row.is_recursive && above.contains(&row.entities_id)
        };
        let published: Vec<ArticleEntity> = self.list("Entity_KnowbaseItem").await?;
        Ok(published.into_iter().filter(is_for_us).map(|row| row.knowbaseitems_id).collect())
    }

    /// The full paths of each article's categories. None for an account without the right to read them
    /// (`knowbasecategory`), and before GLPI 10.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn article_categories(&self) -> Result<BTreeMap<ArticleId, Vec<String>>, GlpiError> {
        let paths = self.category_paths().await?;
        if paths.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut categories = BTreeMap::<ArticleId, Vec<String>>::new();
        for link in self.list_if_shown::<ArticleCategory>("KnowbaseItem_KnowbaseItemCategory").await? {
            if let Some(path) = paths.get(&link.knowbaseitemcategories_id) {
                categories.entry(link.knowbaseitems_id).or_default().push(path.clone());
            }
        }
        Ok(categories)
    }

    /// The documents that belong to an article: those its text shows, and those added to it.
    ///
    /// # Errors
    ///
    /// As for any read; [`GlpiError::NotFound`] where the account may not see the article.
    pub async fn article_documents(&self, article: ArticleId) -> Result<Vec<Document>, GlpiError> {
        let query = [("with_documents", "true"), ("get_hateoas", "false")];
        let query = query.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        match self.get::<WithDocuments>(format!("KnowbaseItem/{article}"), query).await {
            Ok(item) => item.kept().ok_or(GlpiError::NotFound),
            Err(GlpiError::Denied { .. }) => Err(GlpiError::NotFound),
            Err(error) => Err(error),
        }
    }

    /// The full path of each category of the knowledge base, by its id.
    pub(super) async fn category_paths(&self) -> Result<BTreeMap<u64, String>, GlpiError> {
        let rows = self.list_if_shown::<CategoryRow>("KnowbaseItemCategory").await?;
        Ok(rows.into_iter().map(|row| (row.id, row.completename)).collect())
    }

    /// A list; an empty one where the account may not see it, or GLPI does not have it.
    pub(super) async fn list_if_shown<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, GlpiError> {
        match self.list(path).await {
            Err(GlpiError::Denied { .. } | GlpiError::NotFound) => Ok(Vec::new()),
            Err(GlpiError::Rejected { code, .. }) if code == NO_SUCH_TYPE => Ok(Vec::new()),
            rows => rows,
        }
    }

    async fn articles(&self, criteria: &Value) -> Result<Vec<FaqArticle>, GlpiError> {
        Ok(self.article_rows(criteria, &SHOWN, PAGE).await?.into_iter().map(FaqArticle::from).collect())
    }

    /// The articles that meet these criteria, the oldest first: these search options of them, so many a call.
    async fn article_rows(&self, criteria: &Value, shown: &[u64], page: usize) -> Result<Vec<ArticleRow>, GlpiError> {
        let mut query = json!({ "criteria": criteria, "forcedisplay": shown, "sort": 2, "order": "ASC" });
        let mut found = Vec::new();
        for from in (0..MOST).step_by(page) {
            query["range"] = json!(format!("{from}-{}", from + page - 1));
            let answer = match self.call(&Call::search("KnowbaseItem", &query)).await {
                // The page after the last, where their number is a multiple of a page's.
                Err(GlpiError::Rejected { code, .. }) if code == "ERROR_RANGE_EXCEED_TOTAL" => break,
                answer => answer?,
            };
            let SearchAnswer::<ArticleRow> { data, .. } =
                serde_json::from_value(answer).map_err(|_| GlpiError::unavailable(Trouble::Unexpected))?;
            let is_last = data.len() < page;
            found.extend(data);
            if is_last {
                break;
            }
        }
        Ok(found)
    }
}

/// That an article is in the FAQ.
fn in_faq() -> Value {
    json!({ "field": 8, "searchtype": "equals", "value": 1 })
}
