//! The application: a mail names it in its subject by a keyword, a form by its own field.

use super::{Rejection, Rules};
use crate::{
    request::{FormFields, Origin, Reason, Received},
    text::fold::words,
};

/// What screening knows of an application: the names it goes by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Application {
    /// Its mapping's name.
    pub name: String,
    /// Words of a subject that mean it.
    pub keywords: Vec<String>,
    /// Values of a form's `application` that mean it.
    pub form_names: Vec<String>,
    /// Natures of request a form offers for it.
    pub natures: Vec<String>,
}

/// All applications the gateway serves.
#[derive(Clone, Debug, Default)]
pub struct Applications {
    all: Vec<Application>,
    /// Each keyword as words, with the application's index.
    keywords: Vec<(Vec<String>, usize)>,
}

impl Applications {
    /// Prepares the names for matching.
    pub fn new(all: impl IntoIterator<Item = Application>) -> Self {
        let all: Vec<_> = all.into_iter().collect();
        let keywords = all
            .iter()
            .enumerate()
            .flat_map(|(index, application)| application.keywords.iter().map(move |keyword| (words(keyword), index)))
            .filter(|(keyword, _)| !keyword.is_empty())
            .collect();
        Self { all, keywords }
    }

    /// The application a subject names: the keyword that stands first, the longest of those that begin at
    /// the same word.
    pub fn named_by(&self, subject: &str) -> Option<&Application> {
        let subject = words(subject);
        (0..subject.len()).find_map(|at| {
            self.keywords
                .iter()
                .filter(|(keyword, _)| subject[at..].starts_with(keyword))
                .max_by_key(|(keyword, _)| keyword.len())
                .map(|(_, index)| &self.all[*index])
        })
    }

    /// The application a form means: by its nature, which belongs to one application, else by its
    /// application field. Case, accents and spacing do not matter.
    pub fn meant_by(&self, form: &FormFields) -> Option<&Application> {
        let same = |name: &String, value: &str| words(name) == words(value);
        let by_application = form.application.as_deref().map(|value| {
            self.all.iter().find(|it| same(&it.name, value) || it.form_names.iter().any(|name| same(name, value)))
        });
        let by_nature = form
            .nature
            .as_deref()
            .map(|value| self.all.iter().find(|it| it.natures.iter().any(|name| same(name, value))));
        match (by_application, by_nature) {
            (Some(Some(application)), Some(Some(of_nature))) => {
                (application.name == of_nature.name).then_some(application)
            }
            (Some(found), None) | (None, Some(found)) => found,
            (Some(_), Some(_)) | (None, None) => None,
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Application] {
        &self.all
    }
}

pub(super) fn check(received: &Received, rules: &Rules, applications: &Applications) -> Result<String, Rejection> {
    let (found, reason) = match &received.origin {
        Origin::Mail(_) => (applications.named_by(&received.subject), Reason::NoKeyword),
        Origin::Form(fields) => (applications.meant_by(fields), Reason::UnknownApplication),
    };
    // Without the keyword rule, a mail that names no application goes to the first one.
    let fallback = match &received.origin {
        Origin::Mail(_) if !rules.enabled("no-keyword") => applications.all().first(),
        _ => None,
    };
    found.or(fallback).map(|application| application.name.clone()).ok_or_else(|| rules.refuse(reason))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{Rejection, samples},
        check,
    };
    use crate::request::{FormFields, Reason};

    fn named(subject: &str) -> Option<String> {
        samples::applications().named_by(subject).map(|application| application.name.clone())
    }

    #[test]
    fn a_keyword_counts_as_a_whole_word_whatever_its_case_accents_or_neighbours() {
        for subject in [
            "LSU",
            "lsun",
            "Problème LSUN/LSU",
            "[LSU]",
            "RE: accès lsu_école",
            "«LSU»",
            "L\u{301}SU",
            "ＬＳＵ",
            "Livret  Scolaire : accès",
        ] {
            assert_eq!(named(subject).as_deref(), Some("LSU"), "{subject}");
        }
        for subject in ["", "LSUX", "XLSU", "LSU2026", "livret", "scolaire livret", "L S U", "ONDES"] {
            assert_eq!(named(subject), None, "{subject}");
        }
    }

    #[test]
    fn the_first_named_application_is_meant() {
        assert_eq!(named("ONDE et LSU").as_deref(), Some("ONDE"));
        assert_eq!(named("LSU et ONDE").as_deref(), Some("LSU"));
    }

    #[test]
    fn a_form_means_its_application_or_its_nature_and_both_must_agree() {
        let meant = |application: Option<&str>, nature: Option<&str>| {
            let form = FormFields {
                application: application.map(Into::into),
                nature: nature.map(Into::into),
                ..FormFields::default()
            };
            samples::applications().meant_by(&form).map(|application| application.name.clone())
        };
        assert_eq!(meant(Some("lsu"), None).as_deref(), Some("LSU"));
        assert_eq!(meant(None, Some("ONDE : acces")).as_deref(), Some("ONDE"));
        assert_eq!(meant(Some("LSU"), Some("LSU : accès")).as_deref(), Some("LSU"));
        assert_eq!(meant(Some("LSU"), Some("ONDE : accès")), None);
        assert_eq!(meant(Some("LSU"), Some("autre")), None);
        assert_eq!(meant(Some("PRONOTE"), None), None);
        assert_eq!(meant(None, None), None);
    }

    #[test]
    fn without_the_rule_a_mail_goes_to_the_first_application() {
        let mut mail = samples::mail(|_| {});
        mail.subject = "Bonjour".into();
        let off = samples::rules(|config| config.disabled = vec!["no-keyword".into()]);
        assert_eq!(check(&mail, &off, &samples::applications()).as_deref(), Ok("LSU"));
        assert!(check(&mail, &samples::rules(|_| {}), &samples::applications()).is_err());
    }

    #[test]
    fn a_form_for_an_application_nobody_serves_is_refused_even_without_the_keyword_rule() {
        let form = samples::form(FormFields { application: Some("PRONOTE".into()), ..FormFields::default() });
        let off = samples::rules(|config| config.disabled = vec!["no-keyword".into()]);
        let Err(Rejection::Refused(refusal)) = check(&form, &off, &samples::applications()) else {
            panic!("not refused")
        };
        assert_eq!(refusal.reason, Reason::UnknownApplication);
    }

    proptest! {
        #[test]
        fn a_keyword_between_separators_is_found(before in "[a-zé ]{0,20}", after in "[a-zé ]{0,20}", separator in "[ .,:;/()\\[\\]-]") {
            let subject = format!("{before}{separator}lSuN{separator}{after}");
            prop_assert_eq!(named(&subject), Some("LSU".to_owned()));
        }

        #[test]
        fn a_keyword_inside_a_word_is_not(before in "[a-z0-9é]{1,9}", after in "[a-z0-9é]{1,9}") {
            let (first, last) = (format!("{before}lsun"), format!("lsun{after}"));
            prop_assume!(!["lsu", "lsun", "onde"].contains(&first.as_str()));
            prop_assert_eq!(named(&first), None);
            prop_assert_eq!(named(&last), None);
        }
    }
}
