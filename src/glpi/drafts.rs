//! Articles of the knowledge base that are not published: written, rewritten and found by their ticket.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::id::{ArticleId, TicketId, UserId};

use super::error::GlpiError;
use super::exchange::Call;
use super::knowledge::NO_SUCH_TYPE;
use super::lists::exactly;
use super::{Glpi, wire};

/// An article that is to be read and published by somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDraft {
    /// The question.
    pub title: String,
    /// The answer, as sanitised HTML.
    pub answer_html: String,
    /// The account that finds it among its own articles, and may change it.
    pub author: UserId,
    /// The ticket it is made from, to which it is linked.
    pub ticket: TicketId,
    /// `KnowbaseItemCategory` id.
    pub category: Option<u64>,
}

/// A row of `KnowbaseItem_Item`, or of another table that names articles.
#[derive(Deserialize)]
struct ArticleLink {
    #[serde(deserialize_with = "wire::number")]
    knowbaseitems_id: ArticleId,
}

/// Where GLPI keeps who an article is published to.
const READERS: [&str; 4] = ["Entity_KnowbaseItem", "Group_KnowbaseItem", "KnowbaseItem_Profile", "KnowbaseItem_User"];

impl Glpi {
    /// Writes an article that is not in the FAQ and published to nobody, and links it to its ticket, in one call.
    ///
    /// GLPI puts it into the FAQ all the same where the account may publish there and not write elsewhere; the caller
    /// looks.
    ///
    /// # Errors
    ///
    /// [`GlpiError::Denied`] where the account may not write articles.
    pub async fn draft_article(&self, draft: &NewDraft) -> Result<ArticleId, GlpiError> {
        let categories: Vec<u64> = draft.category.into_iter().collect();
        let input = json!({
            "name": draft.title, "answer": draft.answer_html, "is_faq": 0, "users_id": draft.author,
            "_categories": categories, "_do_item_link": 1, "_itemtype": "Ticket", "_items_id": draft.ticket,
        });
        self.add("KnowbaseItem", &input, &[]).await.map(|added| ArticleId::new(added.id))
    }

    /// Replaces title and text of an article.
    ///
    /// # Errors
    ///
    /// [`GlpiError::NotFound`] where the account may not change it: an article of somebody else's that is published to
    /// nobody changes who administers the knowledge base.
    pub async fn rewrite_article(&self, article: ArticleId, title: &str, answer_html: &str) -> Result<(), GlpiError> {
        self.change_article(article, &json!({ "name": title, "answer": answer_html })).await
    }

    /// Takes an article out of the FAQ.
    ///
    /// # Errors
    ///
    /// As [`Glpi::rewrite_article`].
    pub async fn take_out_of_faq(&self, article: ArticleId) -> Result<(), GlpiError> {
        self.change_article(article, &json!({ "is_faq": 0 })).await
    }

    /// GLPI says that a right is missing as what makes any update fail: [`GlpiError::NotFound`] here.
    async fn change_article(&self, article: ArticleId, input: &Value) -> Result<(), GlpiError> {
        match self.call(&Call::update(format!("KnowbaseItem/{article}"), input)).await {
            Err(GlpiError::Rejected { code, .. }) if code == "ERROR_GLPI_UPDATE" => Err(GlpiError::NotFound),
            changed => changed.map(drop),
        }
    }

    /// The articles that are linked to a ticket, whoever they are of.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn articles_of_ticket(&self, ticket: TicketId) -> Result<BTreeSet<ArticleId>, GlpiError> {
        let links: Vec<ArticleLink> = self.list_if_shown(&format!("Ticket/{ticket}/KnowbaseItem_Item")).await?;
        Ok(links.into_iter().map(|link| link.knowbaseitems_id).collect())
    }

    /// Whether an article is published to anybody: an entity, a group, a profile or a person.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn has_readers(&self, article: ArticleId) -> Result<bool, GlpiError> {
        for table in READERS {
            // Below the article itself, an account that may not see it is shown nothing.
            let links: Vec<ArticleLink> = match self.get(table, exactly("knowbaseitems_id", &article.to_string())).await
            {
                Err(GlpiError::Denied { .. } | GlpiError::NotFound) => continue,
                Err(GlpiError::Rejected { code, .. }) if code == NO_SUCH_TYPE => continue,
                links => links?,
            };
            if links.iter().any(|link| link.knowbaseitems_id == article) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The categories of the knowledge base: id and full path. None for an account without the right to read them.
    ///
    /// # Errors
    ///
    /// As for any read.
    pub async fn knowledge_categories(&self) -> Result<Vec<(u64, String)>, GlpiError> {
        Ok(self.category_paths().await?.into_iter().collect())
    }
}
