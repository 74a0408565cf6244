//! The academy's own pages: help, the accessibility statement, legal notice, personal data. Each is a Markdown file, read
//! at start and again on reload, or a page elsewhere.

use std::{path::Path, sync::Arc};

use arc_swap::ArcSwap;
use pulldown_cmark::{Options, Parser};

use crate::{
    config::{self, ConfigError},
    text::{Bilingual, french, headings, sanitise},
};

/// The pages of their own that a site may have.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) help: Option<Place>,
    pub(super) accessibility: Option<Place>,
    pub(super) legal: Option<Place>,
    pub(super) personal_data: Option<Place>,
    pub(super) files: Arc<PageTexts>,
}

/// The pages that are Markdown files.
#[derive(Debug, Default)]
pub struct PageTexts {
    files: Vec<TextFile>,
    read: ArcSwap<Vec<Arc<Text>>>,
}

/// A file with a page.
#[derive(Debug)]
struct TextFile {
    key: &'static str,
    path: String,
    name: &'static str,
    title: &'static str,
}

/// Where a page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) String);

/// A page that was read.
#[derive(Debug)]
pub(super) struct Text {
    name: &'static str,
    pub(super) title: &'static str,
    pub(super) html: String,
}

impl Texts {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// Names the key, the file and the remedy.
    pub(super) fn read(pages: &config::PortalPages) -> Result<Self, ConfigError> {
        let (mut texts, mut files) = (Self::default(), Vec::new());
        let mut place = |key, said: &str, page| Self::place(&mut files, key, said, page);
        let config::PortalPages { help, accessibility, legal, personal_data, .. } = pages;
        texts.help = place("portal.pages.help", help, ("aide", "Aide"));
        texts.accessibility =
            place("portal.pages.accessibility", accessibility, ("accessibilite", "Déclaration d’accessibilité"));
        texts.legal = place("portal.pages.legal", legal, ("mentions-legales", "Mentions légales"));
        texts.personal_data =
            place("portal.pages.personal_data", personal_data, ("donnees-personnelles", "Données personnelles"));
        let read = PageTexts { files, read: ArcSwap::default() };
        read.reload()?;
        texts.files = Arc::new(read);
        Ok(texts)
    }

    fn place(
        files: &mut Vec<TextFile>,
        key: &'static str,
        said: &str,
        (name, title): (&'static str, &'static str),
    ) -> Option<Place> {
        if said.is_empty() || is_address(said) {
            return (!said.is_empty()).then(|| Place(said.to_owned()));
        }
        files.push(TextFile { key, path: said.to_owned(), name, title });
        Some(Place(format!("/portail/pages/{name}")))
    }
}

impl PageTexts {
    /// Reads the files again; where one cannot be used, all stay as they were.
    ///
    /// # Errors
    ///
    /// Names the key, the file and the remedy.
    pub fn reload(&self) -> Result<(), ConfigError> {
        let read: Result<Vec<_>, _> = self.files.iter().map(|file| file.read().map(Arc::new)).collect();
        self.read.store(Arc::new(read?));
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// The page of this name that was read.
    pub(super) fn find(&self, name: &str) -> Option<Arc<Text>> {
        self.read.load().iter().find(|text| text.name == name).cloned()
    }
}

impl TextFile {
    fn read(&self) -> Result<Text, ConfigError> {
        let Self { key, path, name, title } = self;
        let markdown = std::fs::read_to_string(path).map_err(|error| {
            let remedy = Bilingual::new(
                "Give it a Markdown file that this process may read, or an address: https://…",
                "Donnez-lui un fichier Markdown que ce processus peut lire, ou une adresse\u{a0}: https://…",
            );
            let path = Path::new(path).display();
            let message =
                Bilingual::new(format!("{key}: cannot read {path}"), format!("{key} : impossible de lire {path}"));
            ConfigError::because(message, error, remedy).about(key)
        })?;
        let html = html_of(&markdown).ok_or_else(|| {
            ConfigError::setting(
                Bilingual::new(
                    format!("{key}: {path} cannot be shown"),
                    format!("{key}\u{a0}: {path} ne peut pas être montré"),
                ),
                Bilingual::new(
                    "Give it less text, less deeply nested.",
                    "Donnez-lui moins de texte, moins profondément imbriqué.",
                ),
            )
            .about(key)
        })?;
        Ok(Text { name, title, html })
    }
}

/// Whether a setting is the address of a page, not a file.
pub(super) fn is_address(said: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| said.starts_with(scheme))
}

/// Markdown as HTML that a page may show below its own title; the text's first heading, its own title, is left out.
fn html_of(markdown: &str) -> Option<String> {
    let text = markdown.trim_start();
    let text = match text.strip_prefix("# ") {
        Some(titled) => titled.split_once('\n').map_or("", |(_, rest)| rest),
        None => text,
    };
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, Parser::new_ext(text, Options::ENABLE_TABLES));
    let own = |_: &str, address: &str| Some(address.to_owned()).filter(|address| !address.starts_with("//"));
    let shown = sanitise::shown(&html, own)?;
    Some(headings::from_level(&french::set(&shown), 2))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{Texts, html_of};
    use crate::config::PortalPages;

    #[test]
    fn a_file_is_read_again_and_a_mistake_keeps_what_was_shown() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"# Aide\n\nAvant\n").unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        let pages = PortalPages {
            help: path.clone(),
            accessibility: "https://a.example/".to_owned(),
            conformity: String::new(),
            legal: String::new(),
            personal_data: String::new(),
        };
        let texts = Texts::read(&pages).unwrap();
        let shown = || texts.files.find("aide").unwrap().html.clone();
        assert_eq!((shown().contains("Avant"), texts.files.count()), (true, 1));
        std::fs::write(&path, "# Aide\n\nApr\u{e8}s\n").unwrap();
        assert!(shown().contains("Avant"), "only on reload");
        texts.files.reload().unwrap();
        assert!(shown().contains("Après"), "{}", shown());
        std::fs::remove_file(&path).unwrap();
        let error = texts.files.reload().unwrap_err();
        assert!(error.to_string().contains("portal.pages.help"), "{error}");
        assert!(shown().contains("Après"), "{}", shown());
    }

    #[test]
    fn markdown_is_shown_below_the_page_s_own_title() {
        let html = html_of("# Mentions légales\n\n## Éditeur\n\nQui ? [Nous](https://ac-dijon.fr), [vous](/portail).\n\n| a |\n|---|\n| b |\n").unwrap();
        assert!(html.starts_with("\n<h2>Éditeur</h2>") || html.starts_with("<h2>Éditeur</h2>"), "{html}");
        for part in ["Qui\u{a0}?", "href=\"https://ac-dijon.fr\"", "href=\"/portail\"", "<td>b</td>"] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn what_a_page_must_not_hold_is_left_out() {
        let html =
            html_of("<script>x</script>\n\n<h1 onclick=x>a</h1>\n\n[b](javascript:c) ![d](//e.fr/f.png)\n").unwrap();
        for live in ["<script", "onclick", "javascript:", "//e.fr", "<h1"] {
            assert!(!html.contains(live), "{live} in {html}");
        }
    }
}
