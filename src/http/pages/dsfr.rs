//! The State's design system, from the folder of its npm package: which of its files are served, and under what name.
//!
//! Nothing of it is part of this program. Its own way to be dark takes a script; its dark colours are given to browsers
//! that are set so by a style of their own, made from its.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::{config::ConfigError, text::Bilingual};

/// The style that pages load, and the one made from it.
const STYLE: &str = "dsfr.min.css";
const DARK: &str = "sombre.css";
/// What the style loads, by folder.
const FOLDERS: [&str; 4] = ["fonts", "icons", "favicon", "artwork"];
/// How the style marks what is for the dark: on the page's root.
const MARK: &str = "[data-fr-theme=dark]";
const ROOT: &str = ":root";
const KINDS: [(&str, &str); 5] = [
    ("css", "text/css; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("woff2", "font/woff2"),
    ("woff", "font/woff"),
    ("ico", "image/x-icon"),
];

/// The files of the design system.
#[derive(Debug)]
pub(super) struct Dsfr {
    /// The version and a digest of the style: another one, another address.
    stamp: String,
    /// Each file's place, by its name below the style's.
    files: BTreeMap<String, PathBuf>,
    dark: String,
}

/// What `portal.dsfr` is to name.
pub(super) fn its_folder() -> Bilingual {
    Bilingual::new(
        "Give it the folder that `npm install @gouvfr/dsfr` makes, node_modules/@gouvfr/dsfr.",
        "Donnez-lui le dossier que crée `npm install @gouvfr/dsfr`, node_modules/@gouvfr/dsfr.",
    )
}

impl Dsfr {
    /// The design system in this folder.
    ///
    /// # Errors
    ///
    /// Where the folder is not its package's.
    pub(super) fn open(folder: &Path) -> Result<Self, ConfigError> {
        let dist = folder.join("dist");
        let cannot = |what: &Path, error: std::io::Error| {
            let what = what.display();
            let message = Bilingual::new(
                format!("portal.dsfr: cannot read {what}"),
                format!("portal.dsfr : impossible de lire {what}"),
            );
            ConfigError::because(message, error, its_folder()).about("portal.dsfr")
        };
        let style_place = dist.join(STYLE);
        let style = std::fs::read_to_string(&style_place).map_err(|error| cannot(&style_place, error))?;
        let mut files = BTreeMap::from([(STYLE.to_owned(), style_place)]);
        for name in FOLDERS {
            let place = dist.join(name);
            if place.is_dir() {
                add_files(&mut files, name, &place).map_err(|error| cannot(&place, error))?;
            }
        }
        let stamp = HEXLOWER.encode(&Sha256::digest(&style)[..8]);
        Ok(Self { stamp, files, dark: dark(&style) })
    }

    /// The addresses of its styles.
    pub(super) fn styles(&self) -> [String; 2] {
        [STYLE, DARK].map(|name| format!("/portail/dsfr/{}/{name}", self.stamp))
    }

    /// A file of it, with its media type; `None` where there is none of this name under this address.
    ///
    /// # Errors
    ///
    /// Where the file is there and cannot be read.
    pub(super) async fn file(&self, stamp: &str, name: &str) -> std::io::Result<Option<(&'static str, Vec<u8>)>> {
        if stamp != self.stamp {
            return Ok(None);
        }
        if name == DARK {
            return Ok(Some((KINDS[0].1, self.dark.clone().into_bytes())));
        }
        let Some((media_type, place)) = kind(name).zip(self.files.get(name)) else { return Ok(None) };
        Ok(Some((media_type, tokio::fs::read(place).await?)))
    }
}

/// Adds the files of a folder and of those below it, by their names.
fn add_files(files: &mut BTreeMap<String, PathBuf>, name: &str, folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(own) = entry.file_name().into_string() else { continue };
        let (name, place) = (format!("{name}/{own}"), entry.path());
        if place.is_dir() {
            add_files(files, &name, &place)?;
        } else if kind(&name).is_some() {
            files.insert(name, place);
        }
    }
    Ok(())
}

fn kind(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    KINDS.iter().find(|(known, _)| *known == extension).map(|(_, media_type)| *media_type)
}

/// The rules of a style that are for the dark, for browsers that are set so.
fn dark(style: &str) -> String {
    format!("@media (prefers-color-scheme: dark) {{\n{}}}\n", dark_rules(style))
}

fn dark_rules(style: &str) -> String {
    let mut rules = String::new();
    let mut rest = style;
    while let Some((head, body, after)) = next_rule(rest) {
        if head.starts_with("@media") {
            let inner = dark_rules(&body[1..body.len() - 1]);
            if !inner.is_empty() {
                rules.extend([head, "{\n", &inner, "}\n"]);
            }
        } else if !head.starts_with('@') {
            let dark: Vec<_> = selectors(head).into_iter().filter(|selector| selector.contains(MARK)).collect();
            if !dark.is_empty() {
                let dark = dark.join(",").replace(&format!("{ROOT}{MARK}"), ROOT).replace(MARK, ROOT);
                rules.extend([dark.as_str(), body, "\n"]);
            }
        }
        rest = after;
    }
    rules
}

/// The first rule of a style: what stands before its braces, these with what they hold, and what comes after. Braces in
/// texts (`url("…")`) are none.
fn next_rule(style: &str) -> Option<(&str, &str, &str)> {
    let (mut depth, mut begin, mut quote) = (0_usize, 0, None);
    for (at, letter) in style.bytes().enumerate() {
        match (quote, letter) {
            (Some(end), _) if letter == end => quote = None,
            (None, b'"' | b'\'') => quote = Some(letter),
            (None, b'{') => {
                if depth == 0 {
                    begin = at;
                }
                depth += 1;
            }
            (None, b'}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let head = style[..begin].rsplit(';').next().unwrap_or_default();
                    let head = head.rsplit("*/").next().unwrap_or_default().trim();
                    return Some((head, &style[begin..=at], &style[at + 1..]));
                }
            }
            (Some(_) | None, _) => {}
        }
    }
    None
}

/// The selectors of a rule; a comma in parentheses parts none.
fn selectors(head: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let parts = head.split(|letter: char| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == ',' && depth == 0
    });
    parts.map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::dark;

    #[test]
    fn what_is_for_the_dark_is_given_to_browsers_that_are_set_so() {
        let style = concat!(
            "@charset \"utf-8\";/*! a {b} */:root{--a:1}:root[data-fr-theme=dark]{--a:2}",
            ".x:is(p,q),:root[data-fr-theme=dark] .y:is(p,q){background:url(\"data:}{\")}",
            "@media (min-width:1em){.z,[data-fr-theme=dark] .z{--a:3}}@media print{.w{--a:4}}.w{--a:4}",
        );
        assert_eq!(
            dark(style),
            concat!(
                "@media (prefers-color-scheme: dark) {\n:root{--a:2}\n:root .y:is(p,q){background:url(\"data:}{\")}\n",
                "@media (min-width:1em){\n:root .z{--a:3}\n}\n}\n",
            )
        );
    }
}
