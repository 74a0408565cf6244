//! The articles as other sites read them: Atom (RFC 4287) and JSON Feed 1.1.

use std::{fmt::Write as _, sync::Arc};

use jiff::Zoned;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{article::Article, markdown};
use crate::{config::Config, text::html_text::escaped};

/// When something is of which no date is known.
const NEVER: &str = "1970-01-01T00:00:00Z";
/// Stands for an article's number in its address.
const NUMBER: &str = "{id}";
/// What stands behind the gateway's own address in that of an article's page.
const OWN_PAGES: &str = "/portail/faq/";

/// Where articles are for who is no page of the portal.
#[derive(Clone, Debug)]
pub struct Places {
    /// An article's page; empty: GLPI's own.
    link: String,
    /// Where GLPI's pages are.
    site: String,
    /// Where the gateway itself is, as far as an article's page tells.
    gateway: Option<String>,
    /// Whether everybody may have the articles, whole.
    are_public: bool,
}

impl Places {
    /// As `knowledge.link` and `knowledge.public_feeds` say.
    pub fn new(config: &Config) -> Self {
        let link = config.knowledge.link.clone();
        Self {
            gateway: link.split_once(OWN_PAGES).map(|(gateway, _)| gateway.to_owned()),
            link,
            site: config.glpi.site().to_owned(),
            are_public: config.knowledge.public_feeds,
        }
    }

    /// Whether feeds are for everybody, and with them what their articles show.
    pub fn are_public(&self) -> bool {
        self.are_public
    }

    /// Whether everybody can open an article's page: GLPI's own is for who has an account there.
    pub fn are_open(&self) -> bool {
        !self.link.is_empty()
    }

    /// An article's page.
    pub fn page(&self, article: &Article) -> String {
        if self.link.is_empty() { article.link.clone() } else { self.link.replace(NUMBER, &article.id.to_string()) }
    }

    /// The answer as HTML that holds outside the portal: its pictures have whole addresses.
    pub fn html(&self, article: &Article) -> String {
        let own = format!("\"/v1/faq/{}/documents/", article.id);
        let elsewhere = match &self.gateway {
            Some(gateway) if self.are_public => format!("\"{gateway}{}", &own[1..]),
            _ if self.link.is_empty() => format!("\"{}/front/document.send.php?docid=", self.site),
            _ => format!("\"{}/documents/", self.page(article)),
        };
        article.html.replace(&own, &elsewhere)
    }

    /// The same as Markdown.
    pub fn markdown(&self, article: &Article) -> String {
        markdown::from_html(&self.html(article))
    }

    /// What is the same of an article wherever its page is: a tag URI (RFC 4151).
    fn id(&self, article: &Article) -> String {
        format!("{}/{}", self.id_of_all(), article.id)
    }

    fn id_of_all(&self) -> String {
        let host = self.site.split("://").last().unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
        format!("tag:{host},2026:faq")
    }

    /// What is the same of a feed of this application, or of all, whoever asks for it and however.
    fn id_of_feed(&self, application: Option<&str>) -> String {
        format!("{}{}", self.id_of_all(), query(application))
    }

    /// Where a feed of this name is for everybody, where that is known.
    fn feed(&self, name: &str, application: Option<&str>) -> Option<String> {
        self.gateway.as_ref().map(|gateway| format!("{gateway}/v1/faq/{name}{}", query(application)))
    }
}

fn query(application: Option<&str>) -> String {
    let Some(application) = application else { return String::new() };
    format!("?{}", form_urlencoded::Serializer::new(String::new()).append_pair("application", application).finish())
}

/// Articles for other sites.
pub struct Feed {
    /// What the feed is called.
    pub title: String,
    /// The application it is of, where it is not of all.
    pub application: Option<String>,
    /// Who writes it.
    pub author: String,
    /// Its articles.
    pub articles: Vec<Arc<Article>>,
    /// Where they are.
    pub places: Places,
}

impl Feed {
    fn address(&self, name: &str) -> Option<String> {
        self.places.feed(name, self.application.as_deref())
    }

    /// When an article was changed last.
    fn updated(&self) -> String {
        let all = self.articles.iter().filter_map(|article| article.updated.as_ref());
        all.max().map_or_else(|| NEVER.to_owned(), written)
    }

    /// The feed as Atom.
    pub fn atom(&self) -> String {
        let mut xml = String::from(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"fr\">\n",
        );
        let element = |xml: &mut String, name: &str, text: &str| {
            let _ = writeln!(xml, "<{name}>{}</{name}>", escaped(text));
        };
        element(&mut xml, "id", &self.places.id_of_feed(self.application.as_deref()));
        element(&mut xml, "title", &self.title);
        element(&mut xml, "updated", &self.updated());
        let _ = writeln!(xml, "<author><name>{}</name></author>", escaped(&self.author));
        if let Some(address) = self.address("feed.atom") {
            let _ = writeln!(xml, "<link rel=\"self\" type=\"application/atom+xml\" href=\"{}\"/>", escaped(&address));
        }
        for article in &self.articles {
            xml.push_str("<entry>\n");
            element(&mut xml, "id", &self.places.id(article));
            element(&mut xml, "title", &article.title);
            let updated = article.updated.as_ref().or(article.created.as_ref());
            element(&mut xml, "updated", &updated.map_or_else(|| NEVER.to_owned(), written));
            if let Some(created) = &article.created {
                element(&mut xml, "published", &written(created));
            }
            let _ = writeln!(
                xml,
                "<link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>",
                escaped(&self.places.page(article))
            );
            for name in filed(article) {
                let _ = writeln!(xml, "<category term=\"{}\"/>", escaped(name));
            }
            let _ = writeln!(xml, "<summary>{}</summary>", escaped(&article.excerpt));
            let _ = writeln!(xml, "<content type=\"html\">{}</content>", escaped(&self.places.html(article)));
            xml.push_str("</entry>\n");
        }
        xml.push_str("</feed>\n");
        xml
    }

    /// The feed as JSON Feed.
    pub fn json(&self) -> Value {
        let items = self.articles.iter().map(|article| {
            let mut item = json!({
                "id": self.places.id(article), "url": self.places.page(article), "title": article.title,
                "content_html": self.places.html(article), "summary": article.excerpt,
                "tags": filed(article).collect::<Vec<_>>(),
            });
            for (name, moment) in [("date_published", &article.created), ("date_modified", &article.updated)] {
                if let Some(moment) = moment {
                    item[name] = written(moment).into();
                }
            }
            item
        });
        let mut feed = json!({
            "version": "https://jsonfeed.org/version/1.1", "title": self.title, "language": "fr",
            "authors": [{ "name": self.author }], "items": items.collect::<Vec<_>>(),
        });
        if let Some(address) = self.address("feed.json") {
            feed["feed_url"] = address.into();
        }
        feed
    }
}

/// What an article is filed under: its application, and its categories.
fn filed(article: &Article) -> impl Iterator<Item = &str> {
    article.application.iter().chain(&article.categories).map(String::as_str)
}

/// RFC 3339.
fn written(moment: &Zoned) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
