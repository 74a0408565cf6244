//! GLPI's questions and answers: the articles of its knowledge base that are in the FAQ.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use serde::Deserialize;

use crate::id::{ArticleId, EntityId};

use super::criteria::SearchAnswer;
use super::error::GlpiError;
use super::own_session::FullSession;
use super::{Glpi, wire};

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
    #[serde(rename = "8", default, deserialize_with = "wire::number")]
    is_faq: u64,
    #[serde(rename = "10", default, deserialize_with = "wire::text")]
    begins: String,
    #[serde(rename = "11", default, deserialize_with = "wire::text")]
    ends: String,
}

/// A row of `Entity_KnowbaseItem`
#[derive(Deserialize)]
struct ArticleEntity {
    #[serde(deserialize_with = "wire::number")]
    knowbaseitems_id: ArticleId,
    #[serde(default, deserialize_with = "wire::number")]
    entities_id: EntityId,
    #[serde(default, deserialize_with = "wire::number")]
    is_recursive: u64,
}

impl Glpi {
    /// The articles of the FAQ that are published to the account's entity, or to one above it and those below, at
    /// most 1000, whenever they are shown.
    ///
    /// GLPI's lists and searches show an account with the right to read the FAQ every article in it, also those
    /// that are published to some groups, profiles or people only, or to nobody: so whom each is for is read too.
    pub async fn faq(&self) -> Result<Vec<FaqArticle>, GlpiError> {
        // Search options of an article: 2 id, 7 answer, 8 in the FAQ, 10 and 11 when it is shown; its name is 6 up to
        // GLPI 10 and 1 from 11 on, and each version leaves out the one that it does not have.
        let mut query = vec![("range".to_owned(), "0-999".to_owned())];
        for (key, value) in [("field", "8"), ("searchtype", "equals"), ("value", "1")] {
            query.push((format!("criteria[0][{key}]"), value.to_owned()));
        }
        for (index, option) in [1, 2, 6, 7, 8, 10, 11].iter().enumerate() {
            query.push((format!("forcedisplay[{index}]"), option.to_string()));
        }
        let (articles, published, session) = tokio::try_join!(
            self.get::<SearchAnswer<ArticleRow>>("search/KnowbaseItem", query),
            self.list::<ArticleEntity>("Entity_KnowbaseItem"),
            self.get::<FullSession>("getFullSession", Vec::new()),
        )?;
        let own = session.session;
        let above = own.above();
        let is_for_us = |row: &ArticleEntity| {
            row.entities_id == own.glpiactive_entity || row.is_recursive > 0 && above.contains(&row.entities_id)
        };
        let published: BTreeSet<ArticleId> =
            published.into_iter().filter(is_for_us).map(|row| row.knowbaseitems_id).collect();
        let of_all = articles.data.into_iter().filter(|row| row.is_faq > 0 && published.contains(&row.id));
        Ok(of_all
            .map(|row| FaqArticle {
                id: row.id,
                name: if row.name.is_empty() { row.name_from_eleven } else { row.name },
                answer: row.answer,
                begins: row.begins.parse().ok(),
                ends: row.ends.parse().ok(),
            })
            .collect())
    }
}
