//! An article of the FAQ, ready to be shown.

use std::collections::BTreeSet;

use jiff::{Zoned, civil::DateTime, tz::TimeZone};

use crate::{
    glpi::FaqArticle,
    id::{ArticleId, DocumentId},
    text::{glpi_html, headings},
};

/// Where the API has an article's pictures: so they are called in [`Article::html`].
const PICTURES: &str = "/v1/faq";
/// The level of an answer's first heading: its title is none, or stands above it.
const FIRST_HEADING: usize = 3;
/// Characters of an excerpt.
const EXCERPT: usize = 200;

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// GLPI's number of it.
    pub id: ArticleId,
    /// The question.
    pub title: String,
    /// The answer: sanitised HTML, its pictures at the API's addresses.
    pub html: String,
    /// The beginning of the answer, as text.
    pub excerpt: String,
    /// The full paths of its categories.
    pub categories: Vec<String>,
    /// The application it is about, where that can be told.
    pub application: Option<String>,
    /// When it was written, and changed last, as the academy writes dates.
    pub created: Option<Zoned>,
    /// When it was changed last.
    pub updated: Option<Zoned>,
    /// Its page in GLPI.
    pub link: String,
    /// The documents that its answer shows or links to.
    pub documents: BTreeSet<DocumentId>,
    /// From when and until when it is shown, in GLPI's time zone; always where there is none.
    begins: Option<DateTime>,
    ends: Option<DateTime>,
}

impl Article {
    /// An article as GLPI has it; `site` is where GLPI's pages are.
    pub(super) fn new(article: FaqArticle, site: &str, zone: &TimeZone) -> Self {
        let FaqArticle { id, name, answer, begins, ends, created, updated } = article;
        let mentioned = glpi_html::documents(&answer);
        let shown = glpi_html::show(&answer, &mentioned, move |document| picture(id, document));
        let moment = |date: Option<DateTime>| date?.to_zoned(zone.clone()).ok();
        Self {
            id,
            // GLPI demands none, and what has none cannot be chosen from a list.
            title: if name.trim().is_empty() { format!("Fiche n°\u{a0}{id}") } else { name },
            html: headings::from_level(&shown.html, FIRST_HEADING),
            excerpt: excerpt(&glpi_html::text(&answer)),
            categories: Vec::new(),
            application: None,
            created: moment(created),
            updated: moment(updated),
            link: format!("{site}/front/helpdesk.faq.php?id={id}"),
            documents: mentioned,
            begins,
            ends,
        }
    }

    /// Whether it is shown at this moment, in GLPI's time zone.
    pub fn is_shown(&self, now: DateTime) -> bool {
        self.begins.is_none_or(|begins| begins <= now) && self.ends.is_none_or(|ends| now < ends)
    }

    /// The answer with its pictures below this address instead of the API's.
    pub fn html_below(&self, address: &str) -> String {
        let own = |place: &str| format!("\"{place}/{}/documents/", self.id);
        self.html.replace(&own(PICTURES), &own(address))
    }

    /// The answer as text.
    pub fn text(&self) -> String {
        glpi_html::text(&self.html)
    }
}

fn picture(article: ArticleId, document: DocumentId) -> String {
    format!("{PICTURES}/{article}/documents/{document}")
}

/// The beginning of a text, up to the end of a word.
fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = line.char_indices().nth(EXCERPT) else { return line };
    let cut = line[..end].rsplit_once(' ').map_or(&line[..end], |(whole, _)| whole);
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Article, excerpt};
    use crate::{glpi::FaqArticle, id::ArticleId};

    fn article(answer: &str) -> Article {
        let of = FaqArticle {
            id: ArticleId::new(5),
            name: "Valider un bilan".to_owned(),
            answer: answer.to_owned(),
            begins: None,
            ends: Some("2026-11-30T08:00:00".parse().unwrap()),
            created: None,
            updated: Some("2026-11-01T08:00:00".parse().unwrap()),
        };
        Article::new(of, "https://glpi.example", &TimeZone::get("Europe/Paris").unwrap())
    }

    #[test]
    fn an_answer_is_made_fit_to_be_shown_and_its_pictures_have_the_reader_s_addresses() {
        let article = article("<h1>Où ?</h1><p>Là<img src=\"/front/document.send.php?docid=7\"><script>x</script></p>");
        assert_eq!(article.html, "<h3>Où ?</h3><p>Là<img src=\"/v1/faq/5/documents/7\"></p>");
        assert!(article.html_below("/portail/faq").contains("src=\"/portail/faq/5/documents/7\""));
        assert_eq!(article.link, "https://glpi.example/front/helpdesk.faq.php?id=5");
        assert_eq!(article.documents.len(), 1);
    }

    #[test]
    fn an_article_is_shown_until_its_end() {
        let article = article("<p>a</p>");
        assert!(article.is_shown("2026-11-30T07:59:59".parse().unwrap()));
        assert!(!article.is_shown("2026-11-30T08:00:00".parse().unwrap()));
    }

    #[test]
    fn an_excerpt_ends_with_a_word() {
        assert_eq!(excerpt(" a\n b "), "a b");
        let long = excerpt(&"mot ".repeat(100));
        assert!(long.ends_with("mot…") && long.chars().count() <= 201, "{long}");
    }
}
