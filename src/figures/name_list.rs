//! Names that tickets share, each kept once, by their numbers.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use crate::text::html_text::is_of_texts;

/// What has no name, or is not said.
pub const UNKNOWN: u16 = 0;

/// Names by their numbers, from 1.
#[derive(Clone, Debug, Default)]
pub struct NameList {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u16>,
}

impl NameList {
    /// The number of this name, which is given one where it is new; [`UNKNOWN`] for an empty one, and for one too many.
    pub fn number(&mut self, name: &str) -> u16 {
        let name = &*readable(name);
        if name.is_empty() {
            return UNKNOWN;
        }
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let Ok(number) = u16::try_from(self.names.len() + 1) else { return UNKNOWN };
        let name: Arc<str> = Arc::from(name);
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    /// The number of this name, where it has one.
    pub fn find(&self, name: &str) -> Option<u16> {
        self.numbers.get(&*readable(name)).copied()
    }

    /// The name of this number; `None` for [`UNKNOWN`].
    pub fn name(&self, number: u16) -> Option<&str> {
        let place = usize::from(number).checked_sub(1)?;
        self.names.get(place).map(AsRef::as_ref)
    }

    /// All of them, each with its number.
    pub fn all(&self) -> impl Iterator<Item = (u16, &str)> + Clone {
        (1..).zip(self.names.iter().map(AsRef::as_ref))
    }

    /// How many there are, with [`UNKNOWN`].
    pub fn len_with_unknown(&self) -> usize {
        self.names.len() + 1
    }
}

/// A name without what no file shows: control characters and the like.
pub(super) fn readable(name: &str) -> Cow<'_, str> {
    if name.chars().all(is_of_texts) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.chars().filter(|c| is_of_texts(*c)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{NameList, UNKNOWN};

    #[test]
    fn a_name_has_one_number() {
        let mut names = NameList::default();
        assert_eq!(
            [names.number("LSU"), names.number("ONDE"), names.number("LSU"), names.number("")],
            [1, 2, 1, UNKNOWN]
        );
        assert_eq!((names.name(2), names.name(UNKNOWN), names.find("APAE")), (Some("ONDE"), None, None));
        for other in 0..70_000 {
            names.number(&other.to_string());
        }
        assert_eq!((names.number("one too many"), names.len_with_unknown()), (UNKNOWN, 65_536));
    }
}
