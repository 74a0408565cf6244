//! All articles of a moment: searched, suggested, listed.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use jiff::civil::DateTime;

use super::{
    article::Article,
    index::{Asked, Hit, Index, Texts},
    subjects::Subjects,
};
use crate::{id::ArticleId, text::fold::words};

/// Articles of one answer.
const MOST: usize = 20;
/// Articles that are suggested or shown as related.
const FEW: usize = 3;
/// Who is suggested an article did not ask for it: it must have so much of what they say, and that much of it in its title.
const SHARE: f32 = 0.5;
const IN_TITLE: usize = 2;
/// An article much worse than the best one is no suggestion.
const BESIDE_THE_BEST: f32 = 0.4;

/// The articles that are published, whenever they are shown, and the index of their words.
pub struct Shelf {
    articles: Vec<Arc<Article>>,
    index: Index,
}

impl Shelf {
    /// These articles, by their numbers. Takes its time for thousands: about a second.
    pub(super) fn new(articles: Vec<Arc<Article>>, subjects: &Subjects) -> Self {
        let texts: Vec<_> = articles.iter().map(|article| (article.text(), about(article, subjects))).collect();
        let each = articles.iter().zip(&texts);
        let index = Index::new(each.map(|(article, (body, about))| Texts { title: &article.title, body, about }));
        Self { articles, index }
    }

    /// All that are shown now, the one that was changed last first.
    pub fn all(&self, now: DateTime) -> Vec<Arc<Article>> {
        let mut all: Vec<_> = self.articles.iter().filter(|article| article.is_shown(now)).map(Arc::clone).collect();
        all.sort_by_key(|article| Reverse((article.updated.as_ref().map(jiff::Zoned::timestamp), article.id)));
        all
    }

    /// Those of an application that are shown now, as [`Shelf::all`]; all of them where none is named.
    pub fn of_application(&self, application: Option<&str>, now: DateTime) -> Vec<Arc<Article>> {
        let mut all = self.all(now);
        all.retain(|article| is_of(article, application));
        all
    }

    /// The one of this number, where it is shown now.
    pub fn article(&self, id: ArticleId, now: DateTime) -> Option<Arc<Article>> {
        let place = self.articles.binary_search_by_key(&id, |article| article.id).ok()?;
        self.articles.get(place).filter(|article| article.is_shown(now)).map(Arc::clone)
    }

    /// The categories that have articles now, full paths, each with how many.
    pub fn categories(&self, now: DateTime) -> Vec<(String, usize)> {
        let mut categories = BTreeMap::<&str, usize>::new();
        for article in self.articles.iter().filter(|article| article.is_shown(now)) {
            for path in &article.categories {
                *categories.entry(path).or_default() += 1;
            }
        }
        categories.into_iter().map(|(path, articles)| (path.to_owned(), articles)).collect()
    }

    /// The articles that answer a question, the best first, at most 20: any word of it counts, in whatever form, those of
    /// the title most. Without words, those that were changed last. Of one application alone where one is named.
    pub fn search(&self, question: &str, application: Option<&str>, now: DateTime) -> Vec<Arc<Article>> {
        if question.trim().is_empty() {
            let mut all = self.of_application(application, now);
            all.truncate(MOST);
            return all;
        }
        let hits = self.index.search(question, Asked::Whole);
        let found = self.shown(&hits, now);
        let of_it = found.filter(|(_, article)| is_of(article, application));
        of_it.take(MOST).map(|(_, article)| Arc::clone(article)).collect()
    }

    /// The articles that perhaps answer what somebody is about to ask, or has asked: few, and rather none than one that
    /// does not. Those about another application are none.
    pub fn suggested(&self, title: &str, application: Option<&str>, now: DateTime) -> Vec<Arc<Article>> {
        self.likely(title, Asked::Whole, application, now)
    }

    /// The same for a title that is being typed.
    pub fn suggested_while_typing(&self, title: &str, application: Option<&str>, now: DateTime) -> Vec<Arc<Article>> {
        self.likely(title, Asked::WhileTyping, application, now)
    }

    /// The articles that are about nearly the same as this one.
    pub fn related(&self, article: &Article, now: DateTime) -> Vec<Arc<Article>> {
        let hits = self.index.search(&article.title, Asked::Whole);
        let others = self.shown(&hits, now).filter(|(hit, other)| other.id != article.id && hit.in_title > 0);
        let near = others.filter(|(_, other)| {
            let is_filed_alike = other.categories.iter().any(|path| article.categories.contains(path));
            is_filed_alike || article.application.is_some() && other.application == article.application
        });
        near.take(FEW).map(|(_, article)| Arc::clone(article)).collect()
    }

    fn likely(&self, title: &str, asked: Asked, application: Option<&str>, now: DateTime) -> Vec<Arc<Article>> {
        let hits = self.index.search(title, asked);
        let is_of_another = |article: &Article| {
            application.is_some() && article.application.is_some() && article.application.as_deref() != application
        };
        let own = self.shown(&hits, now).filter(|(_, article)| !is_of_another(article));
        let mut likely = own.filter(|(hit, _)| hit.share >= SHARE && hit.in_title >= IN_TITLE).peekable();
        let best = likely.peek().map_or(0.0, |(hit, _)| hit.score);
        likely
            .take_while(|(hit, _)| hit.score >= best * BESIDE_THE_BEST)
            .take(FEW)
            .map(|(_, article)| Arc::clone(article))
            .collect()
    }

    fn shown<'a>(&'a self, hits: &'a [Hit], now: DateTime) -> impl Iterator<Item = (&'a Hit, &'a Arc<Article>)> + 'a {
        let articles = hits.iter().filter_map(move |hit| Some((hit, self.articles.get(hit.place)?)));
        articles.filter(move |(_, article)| article.is_shown(now))
    }
}

/// Whether an article is of an application, where one is named: neither case nor accents matter.
fn is_of(article: &Article, application: Option<&str>) -> bool {
    application.is_none_or(|name| {
        article.application.as_deref().is_some_and(|known| known == name || words(known) == words(name))
    })
}

/// What an article is filed under: its categories, and all that its application is called.
fn about(article: &Article, subjects: &Subjects) -> String {
    let called = article.application.as_deref().and_then(|application| subjects.called(application));
    let names: Vec<&str> = article.categories.iter().map(String::as_str).chain(called).collect();
    names.join(" ")
}
