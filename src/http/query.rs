//! The parameters of a call's query: those it knows, each once; all that is wrong with them is named at once.

use std::collections::BTreeMap;

use axum::http::request::Parts;
use jiff::{Timestamp, fmt::temporal::Pieces};
use url::form_urlencoded;

use super::problem::Problem;
use crate::intake::form::FieldError;

/// The longest search, characters.
pub(super) const LONGEST_SEARCH: usize = 200;

/// The parameters of a call, and what is wrong with them so far.
pub(super) struct Parameters {
    given: BTreeMap<&'static str, String>,
    wrong: Vec<FieldError>,
}

/// Refuses a call that has other parameters than these.
///
/// # Errors
///
/// 400 that names each.
pub(super) fn only(parts: &Parts, known: &[&'static str]) -> Result<(), Problem> {
    Parameters::of(parts, known).end()
}

impl Parameters {
    /// Sorts a call's parameters. An empty one is none of the values that are admitted, but for words to search for.
    pub(super) fn of(parts: &Parts, known: &[&'static str]) -> Self {
        let mut this = Self { given: BTreeMap::new(), wrong: Vec::new() };
        let (mut unknown, mut seen) = (Vec::new(), Vec::new());
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            let Some(known) = known.iter().find(|known| **known == name) else {
                if !unknown.contains(&name) {
                    unknown.push(name);
                }
                continue;
            };
            if seen.contains(known) {
                this.note(known, "given-twice", "Donnez-le une seule fois.".to_owned());
            }
            seen.push(*known);
            this.given.insert(known, value.into_owned());
        }
        let admitted = match known {
            [] => "aucun".to_owned(),
            known => known.join(", "),
        };
        for name in unknown {
            let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
            let message = format!("Ce paramètre n’existe pas. Paramètres admis\u{a0}: {admitted}.");
            this.note(&name, "unknown-parameter", message);
        }
        this
    }

    /// Without those that are empty: a page's form gives all of its fields.
    pub(super) fn filled(mut self) -> Self {
        self.given.retain(|_, value| !value.is_empty());
        self
    }

    /// Whether this one is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// A parameter that is one of some words.
    pub(super) fn choice<T>(
        &mut self,
        name: &'static str,
        words: &[&str],
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.given.get(name)?);
        if value.is_none() {
            self.note(name, "unknown-value", format!("Valeurs admises\u{a0}: {}.", words.join(", ")));
        }
        value
    }

    /// A parameter that counts from 1.
    pub(super) fn count(&mut self, name: &'static str, most: usize) -> Option<usize> {
        let given = self.given.get(name)?;
        let number = given.bytes().all(|byte| byte.is_ascii_digit()).then(|| given.parse().ok()).flatten();
        let valid = number.filter(|number| (1..=most).contains(number));
        if valid.is_none() {
            self.note(name, "invalid", format!("Donnez un nombre entier de 1 à {most}."));
        }
        valid
    }

    /// A parameter of words to search for.
    pub(super) fn words(&mut self, name: &'static str) -> String {
        let text = self.given.get(name).cloned().unwrap_or_default();
        if text.chars().count() > LONGEST_SEARCH {
            self.note(name, "too-long", format!("Donnez {LONGEST_SEARCH} caractères au plus."));
        }
        text
    }

    /// A parameter that is a moment (RFC 3339).
    pub(super) fn moment(&mut self, name: &'static str) -> Option<Timestamp> {
        let given = self.given.get(name)?;
        let moment = given.parse().ok().or_else(|| is_of_the_last_hours(given).then_some(Timestamp::MAX));
        if moment.is_none() {
            let message = "Donnez un instant selon la RFC 3339, par exemple 2026-11-24T09:12:00Z\u{a0}; le signe + d’un décalage s’écrit %2B.";
            self.note(name, "invalid", message.to_owned());
        }
        moment
    }

    /// A parameter that `read` understands; `remedy` says how it is to be given.
    pub(super) fn read<T>(
        &mut self,
        name: &'static str,
        remedy: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.given.get(name)?);
        if value.is_none() {
            self.note(name, "invalid", remedy.to_owned());
        }
        value
    }

    /// What was read may be used.
    ///
    /// # Errors
    ///
    /// 400 that names every parameter that is unknown or wrong.
    pub(super) fn end(self) -> Result<(), Problem> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Problem::parameters(self.wrong)) }
    }

    /// The same for the fields of a page's form, which have other names there.
    pub(super) fn end_of_form(self, labels: &[(&str, &str)]) -> Result<(), Problem> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Problem::chosen(self.wrong, labels)) }
    }

    /// Says what is wrong with a parameter.
    pub(super) fn note(&mut self, field: &str, code: &'static str, message: String) {
        if !self.wrong.iter().any(|error| error.field == field && error.code == code) {
            self.wrong.push(FieldError { field: field.to_owned(), code, message });
        }
    }
}

/// Whether this is a moment after the last [`Timestamp`], which leaves room for any offset before the year 10000: RFC 3339
/// has it, and «until the end of time» is often written so.
fn is_of_the_last_hours(given: &str) -> bool {
    Pieces::parse(given).is_ok_and(|pieces| {
        let (date, is_whole) = (pieces.date(), pieces.time().is_some() && pieces.to_numeric_offset().is_some());
        is_whole && (date.year(), date.month()) == (9999, 12)
    })
}
