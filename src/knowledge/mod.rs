//! The knowledge base: GLPI's FAQ, kept in memory as far as it is published to everybody, and searched there.
//!
//! Nothing is kept elsewhere: an instance reads the FAQ at its start, and then again and again what was changed
//! ([`Knowledge`]). Who searches, is suggested an article or reads a feed makes no call to GLPI.
//!
//! | file | what it does |
//! |---|---|
//! | `words`, `lexicon`, `index` | French words, their errors, and which articles have them |
//! | `article` | an article, ready to be shown |
//! | `subjects` | which application an article is about |
//! | `shelf` | all articles of a moment: searched, suggested, listed |
//! | `feed`, `markdown` | the articles for other sites: Atom, JSON Feed, Markdown |
//! | `candidates`, `solved` | questions that come again and again, and have no article yet |
//! | `base` | reads them from GLPI, and keeps them up to date |

mod article;
mod base;
mod candidates;
mod feed;
mod index;
mod lexicon;
mod markdown;
mod shelf;
mod solved;
mod subjects;
mod words;

pub use self::{
    article::Article,
    base::Knowledge,
    candidates::{ArticleCandidate, SolvedRequest, candidates},
    feed::{Feed, Places},
    shelf::Shelf,
    solved::repeated_questions,
};
