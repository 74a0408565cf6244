//! The academy's own pages: help, the accessibility statement, legal notice, personal data. Each is a Markdown file, read
//! at start, or a page elsewhere.

use std::path::Path;

use pulldown_cmark::{Options, Parser};

use crate::{
    config::{self, ConfigError},
    text::{french, headings, sanitise},
};

/// The pages of their own that a site may have.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) help: Option<Place>,
    pub(super) accessibility: Option<Place>,
    pub(super) legal: Option<Place>,
    pub(super) personal_data: Option<Place>,
    read: Vec<Text>,
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
        let mut texts = Self::default();
        let config::PortalPages { help, accessibility, legal, personal_data, .. } = pages;
        texts.help = texts.place("portal.pages.help", help, ("aide", "Aide"))?;
        texts.accessibility = texts.place(
            "portal.pages.accessibility",
            accessibility,
            ("accessibilite", "Déclaration d’accessibilité"),
        )?;
        texts.legal = texts.place("portal.pages.legal", legal, ("mentions-legales", "Mentions légales"))?;
        texts.personal_data = texts.place(
            "portal.pages.personal_data",
            personal_data,
            ("donnees-personnelles", "Données personnelles"),
        )?;
        Ok(texts)
    }

    /// The page of this name that was read.
    pub(super) fn find(&self, name: &str) -> Option<&Text> {
        self.read.iter().find(|text| text.name == name)
    }

    fn place(
        &mut self,
        key: &str,
        said: &str,
        (name, title): (&'static str, &'static str),
    ) -> Result<Option<Place>, ConfigError> {
        if said.is_empty() {
            return Ok(None);
        }
        if is_address(said) {
            return Ok(Some(Place(said.to_owned())));
        }
        let markdown = std::fs::read_to_string(said).map_err(|error| {
            let remedy = "Give it a Markdown file that this process may read, or an address: https://…";
            ConfigError::because(format!("{key}: cannot read {}", Path::new(said).display()), error, remedy)
        })?;
        let html = html_of(&markdown).ok_or_else(|| {
            ConfigError::setting(format!("{key}: {said} cannot be shown"), "Give it less text, less deeply nested.")
        })?;
        self.read.push(Text { name, title, html });
        Ok(Some(Place(format!("/portail/pages/{name}"))))
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
    use super::html_of;

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
