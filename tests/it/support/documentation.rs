//! The documentation: its pages in each language. This is the only list of them.

use std::{fs, path::Path};

use passerelle::text::Language;

/// A page, and what is wrong where it is not there.
pub(crate) struct Page {
    pub(crate) path: &'static str,
    pub(crate) text: String,
}

pub(crate) const LANGUAGES: [Language; 2] = [Language::English, Language::French];

/// Each page in English, with its translation.
pub(crate) const PAGES: [(&str, &str); 19] = [
    ("README.md", "LISEZMOI.md"),
    ("SECURITY.md", "SECURITE.md"),
    ("docs/en/quickstart.md", "docs/fr/demarrage.md"),
    ("docs/en/install.md", "docs/fr/installation.md"),
    ("docs/en/glpi.md", "docs/fr/glpi.md"),
    ("docs/en/mail.md", "docs/fr/courriel.md"),
    ("docs/en/proxy.md", "docs/fr/mandataire.md"),
    ("docs/en/portal.md", "docs/fr/portail.md"),
    ("docs/en/portal-api.md", "docs/fr/portail-api.md"),
    ("docs/en/requests.md", "docs/fr/demandes.md"),
    ("docs/en/mappings-and-escalation.md", "docs/fr/mappings-et-escalade.md"),
    ("docs/en/knowledge.md", "docs/fr/connaissances.md"),
    ("docs/en/figures.md", "docs/fr/chiffres.md"),
    ("docs/en/announcements.md", "docs/fr/informations.md"),
    ("docs/en/operations.md", "docs/fr/exploitation.md"),
    ("docs/en/sizing.md", "docs/fr/dimensionnement.md"),
    ("docs/en/personal-data.md", "docs/fr/donnees-personnelles.md"),
    ("docs/en/troubleshooting.md", "docs/fr/depannage.md"),
    ("docs/en/reference.md", "docs/fr/reference.md"),
];

/// The page that has this English name, in this language.
pub(crate) fn page(language: Language, english: &str) -> Page {
    let (_, french) = PAGES.iter().find(|(name, _)| *name == english).expect("a page of the list");
    let path = if language == Language::English { english } else { french };
    let path = PAGES.iter().flat_map(|(english, french)| [*english, *french]).find(|known| *known == path).unwrap();
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    Page { path, text: text.unwrap_or_else(|error| panic!("{path}: {error}")) }
}

/// Every page of a language.
pub(crate) fn pages(language: Language) -> Vec<Page> {
    PAGES.iter().map(|(english, _)| page(language, english)).collect()
}

/// Every page of a language, one behind the other.
pub(crate) fn whole(language: Language) -> String {
    pages(language).into_iter().map(|page| page.text).collect::<Vec<_>>().join("\n")
}

/// A fenced block of a page, with the word behind its fence, and the line it begins in.
pub(crate) struct Block {
    pub(crate) kind: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// A page's fenced blocks, and what it says outside of them.
pub(crate) fn parted(text: &str) -> (Vec<Block>, String) {
    let (mut blocks, mut said, mut open) = (Vec::new(), String::new(), None::<Block>);
    for (number, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (fence, open.as_mut()) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(kind), None) => open = Some(Block { kind: kind.to_owned(), line: number + 1, text: String::new() }),
            (None, Some(block)) => block.text = format!("{}{line}\n", block.text),
            (None, None) => said = format!("{said}{line}\n"),
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    (blocks, said)
}
