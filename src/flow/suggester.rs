//! Tells référents of the articles that perhaps answer a new ticket, by a private note in it.
//!
//! A courtesy: it goes beside the request, costs it no call, and is not made up for where it fails.

use std::{fmt::Write as _, sync::Arc};

use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::{
    config::Config,
    glpi::Glpi,
    knowledge::{Article, Knowledge},
    request::Receipt,
    text::html_text::escaped,
};

const SUGGESTIONS: &str = "passerelle_articles_suggested_total";

/// Tells référents of articles.
pub struct Suggester {
    glpi: Glpi,
    knowledge: Arc<Knowledge>,
    /// Whether référents are told at all.
    is_on: bool,
    tasks: TaskTracker,
}

impl Suggester {
    /// As `knowledge.suggest` says; `tasks` are what a shutdown waits for.
    pub fn new(config: &Config, glpi: &Glpi, knowledge: Arc<Knowledge>, tasks: TaskTracker) -> Self {
        metrics::describe_counter!(SUGGESTIONS, "Tickets whose référents were told of articles.");
        metrics::counter!(SUGGESTIONS).increment(0);
        Self { glpi: glpi.in_background(), knowledge, is_on: config.knowledge.suggest, tasks }
    }

    /// Has the note of a ticket written that was just made, where an article perhaps answers it. Returns at once.
    pub(super) fn tell(&self, receipt: &Receipt) {
        let Some(known) = self.knowledge.at_hand().filter(|_| self.is_on) else { return };
        let articles = known.suggested(&receipt.title, Some(&receipt.application), self.knowledge.now());
        if articles.is_empty() {
            return;
        }
        let (glpi, ticket, html) = (self.glpi.clone(), receipt.ticket, note(&articles));
        let telling = async move {
            match glpi.add_note(ticket, &html).await {
                Ok(_) => metrics::counter!(SUGGESTIONS).increment(1),
                Err(error) => {
                    tracing::info!(ticket = ticket.get(), %error, "the référents were not told of articles");
                }
            }
        };
        self.tasks.spawn(telling.in_current_span());
    }
}

fn note(articles: &[Arc<Article>]) -> String {
    let mut html = String::from("<p><strong>Ces fiches répondent peut-être à cette demande</strong></p><ul>");
    for article in articles {
        let (link, title) = (escaped(&article.link), escaped(&article.title));
        let _ = write!(html, "<li><a href=\"{link}\">{title}</a></li>");
    }
    html.push_str("</ul>");
    html
}
