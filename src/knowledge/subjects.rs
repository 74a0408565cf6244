//! Which application an article is about, and all that an application is called.

use crate::{
    flow::route::{Mapping, Mappings},
    text::fold::words,
};

/// What parts the names of a category's path.
const BELOW: &str = " > ";

/// The applications as articles name them.
pub(super) struct Subjects(Vec<Subject>);

struct Subject {
    application: String,
    /// Each of its names in words.
    names: Vec<Vec<String>>,
    /// All of them, to be searched for.
    called: String,
}

impl Subjects {
    pub(super) fn new(mappings: &Mappings) -> Self {
        let subject = |mapping: &Mapping| {
            let all = || std::iter::once(&mapping.name).chain(&mapping.keywords).chain(&mapping.form_names);
            let names = all().map(|name| words(name)).filter(|name| !name.is_empty()).collect();
            let called: Vec<&str> = all().map(String::as_str).collect();
            Subject { application: mapping.name.clone(), names, called: called.join(" ") }
        };
        Self(mappings.all().iter().map(subject).collect())
    }

    /// The application of an article: the one that a category is named after, the nearest to the article first; else the
    /// first that its title names.
    pub(super) fn of(&self, categories: &[String], title: &str) -> Option<&str> {
        let path = categories.iter().flat_map(|path| path.split(BELOW).collect::<Vec<_>>().into_iter().rev());
        let mut names = path.chain([title]).map(words);
        names.find_map(|name| Some(self.named_in(&name)?.application.as_str()))
    }

    /// All that an application is called.
    pub(super) fn called(&self, application: &str) -> Option<&str> {
        let subject = self.0.iter().find(|subject| subject.application == application)?;
        Some(&subject.called)
    }

    /// The application that is named first in these words.
    fn named_in(&self, text: &[String]) -> Option<&Subject> {
        (0..text.len())
            .find_map(|at| self.0.iter().find(|subject| subject.names.iter().any(|name| text[at..].starts_with(name))))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Subjects;
    use crate::flow::route::Mappings;

    #[rstest]
    #[case(&["Applications > LSU"], "Imprimer", Some("LSU"))]
    #[case(&["Scolarité > ONDE > Admissions"], "Imprimer depuis LSU", Some("ONDE"))]
    #[case(&["Général"], "Où est le livret scolaire unique\u{a0}?", Some("LSU"))]
    #[case(&[], "LSUN\u{a0}: importer depuis ONDE", Some("LSU"))]
    #[case(&[], "Changer son mot de passe", None)]
    #[case(&["Réponses"], "Les ondes", None)]
    fn an_article_is_about_what_its_category_or_its_title_names(
        #[case] categories: &[&str],
        #[case] title: &str,
        #[case] expected: Option<&str>,
    ) {
        let subjects = Subjects::new(&Mappings::load(None).unwrap());
        let categories: Vec<String> = categories.iter().map(ToString::to_string).collect();
        assert_eq!(subjects.of(&categories, title), expected);
    }
}
