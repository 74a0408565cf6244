//! What is wrong with the fields of a form, beside each of them and in one list before them.

/// Everything that is wrong, in the order of the page's fields.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<Mistake>);

/// What is wrong with a field.
#[derive(Debug)]
pub(super) struct Mistake {
    /// Its place in the page.
    pub(super) place: String,
    /// What the page calls it.
    pub(super) label: String,
    /// What is wrong and what would be right.
    pub(super) message: String,
}

impl Mistakes {
    /// Adds one, unless the field has one already.
    pub(super) fn add(&mut self, place: &str, label: &str, message: impl Into<String>) {
        if self.at(place).is_none() {
            let (place, label) = (place.to_owned(), label.to_owned());
            self.0.push(Mistake { place, label, message: message.into() });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }

    /// What is wrong at this place.
    pub(super) fn at(&self, place: &str) -> Option<&str> {
        self.0.iter().find(|mistake| mistake.place == place).map(|mistake| mistake.message.as_str())
    }

    /// The classes of what surrounds a field.
    pub(super) fn class(&self, place: &str) -> String {
        self.class_of(place, "input")
    }

    /// The same for a field of another kind, as the State's design system calls it.
    pub(super) fn class_of(&self, place: &str, kind: &str) -> String {
        match self.at(place) {
            Some(_) => format!("field wrong fr-{kind}-group fr-{kind}-group--error"),
            None => format!("field fr-{kind}-group"),
        }
    }

    /// The attributes that tie a field to its hint and to what is wrong with it.
    pub(super) fn marks(&self, place: &str, has_hint: bool) -> String {
        let is_wrong = self.at(place).is_some();
        let named = [(has_hint, "aide"), (is_wrong, "erreur")].into_iter().filter(|(is_there, _)| *is_there);
        let named: Vec<_> = named.map(|(_, what)| format!("{place}-{what}")).collect();
        let mut marks = String::new();
        if !named.is_empty() {
            marks = format!(" aria-describedby=\"{}\"", named.join(" "));
        }
        if is_wrong {
            marks.push_str(" aria-invalid=\"true\"");
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::Mistakes;

    #[test]
    fn a_field_is_tied_to_its_hint_and_to_what_is_wrong_with_it() {
        let mut mistakes = Mistakes::default();
        assert_eq!(
            (mistakes.marks("titre", false).as_str(), mistakes.class("titre").as_str()),
            ("", "field fr-input-group")
        );
        mistakes.add("titre", "Titre", "Trop long.");
        mistakes.add("titre", "Titre", "Encore plus long.");
        assert_eq!(mistakes.at("titre"), Some("Trop long."));
        assert_eq!(mistakes.class_of("titre", "select"), "field wrong fr-select-group fr-select-group--error");
        assert_eq!(
            mistakes.marks("titre", true),
            " aria-describedby=\"titre-aide titre-erreur\" aria-invalid=\"true\""
        );
        assert_eq!(mistakes.marks("description", true), " aria-describedby=\"description-aide\"");
    }
}
