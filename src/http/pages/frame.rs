//! What every page has in common: its head, its menu, its foot, and how it is answered.
//!
//! Askama, because these templates are compiled in and checked with the code; what the academy edits is minijinja's.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use url::form_urlencoded;

use crate::{
    http::{problem::Problem, values::glpi_number},
    request::Address,
};

/// What every page has in common.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) name: String,
    /// The academy's name, as it is parted into lines.
    pub(super) academy: Vec<String>,
    pub(super) contact: String,
    /// The addresses of its styles, the one that decides last.
    pub(super) styles: Vec<String>,
    pub(super) icon: String,
    /// Links beside who is signed in: address and label.
    pub(super) tools: Vec<(String, &'static str)>,
    /// Links at the foot: address and label.
    pub(super) foot: Vec<(String, String)>,
}

/// What stands around a page's own content.
pub(super) struct Frame<'a> {
    pub(super) site: &'a Site,
    /// Names the page in the browser's title.
    pub(super) title: String,
    /// Who is signed in.
    pub(super) person: Option<&'a Address>,
    pub(super) section: Section,
}

/// The entries of the menu, and pages that are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Home,
    Deposit,
    Requests,
    Faq,
    Person,
    None,
}

/// Address, label and section of each entry of the menu.
const MENU: [(&str, &str, Section); 5] = [
    (HOME, "Accueil", Section::Home),
    (DEPOSIT, "Nouvelle demande", Section::Deposit),
    (REQUESTS, "Mes demandes", Section::Requests),
    ("/portail/faq", "Consulter la FAQ", Section::Faq),
    ("/portail/coordonnees", "Mes coordonnées", Section::Person),
];

/// Where the home is, a new request and the list of requests.
pub(super) const HOME: &str = "/portail";
pub(super) const DEPOSIT: &str = "/portail/nouvelle";
pub(super) const REQUESTS: &str = "/portail/demandes";

impl Frame<'_> {
    /// Address, label, and whether the page is that one.
    pub(super) fn menu(&self) -> [(&'static str, &'static str, bool); 5] {
        MENU.map(|(address, label, section)| (address, label, section == self.section))
    }

    /// The pages above this one, address and label; none above the home.
    pub(super) fn above(&self) -> Vec<(&'static str, &'static str)> {
        let entry = |wanted: Section| MENU.iter().find(|(.., section)| *section == wanted);
        let above = [Section::Home, self.section].into_iter().filter_map(entry);
        let above = above.filter(|(_, label, section)| self.section != Section::Home && !self.is(*section, label));
        above.map(|(address, label, _)| (*address, *label)).collect()
    }

    /// Whether the page is the one of this entry, and not one below it.
    fn is(&self, section: Section, label: &str) -> bool {
        section == self.section && (![Section::Requests, Section::Faq].contains(&section) || self.title == label)
    }
}

pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "Cette adresse ne mène à aucune page de l’assistance.")
}

/// A number of GLPI's in an address; what is none names no page.
pub(super) fn number<I: From<u64>>(segment: &str) -> Result<I, Problem> {
    glpi_number(segment).ok_or_else(unknown)
}

/// A page.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
    let text = template.render().map_err(|error| {
        tracing::error!(%error, "a page's template failed");
        Problem::internal()
    })?;
    Ok((status, Html(text)).into_response())
}

/// Where the browser goes after a change, so that a reload repeats nothing (RFC 9110 section 15.4.4).
pub(super) fn see_other(address: &str) -> Result<Response, Problem> {
    let address = HeaderValue::from_str(address).map_err(|_| Problem::internal())?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
}

/// A parameter of a page's address.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Frame, Section, Site};

    #[rstest]
    #[case(Section::Home, "Accueil", &[])]
    #[case(Section::Requests, "Mes demandes", &["Accueil"])]
    #[case(Section::Requests, "Demande n°\u{a0}42", &["Accueil", "Mes demandes"])]
    #[case(Section::Faq, "Consulter la FAQ", &["Accueil"])]
    #[case(Section::Faq, "Valider un bilan", &["Accueil", "Consulter la FAQ"])]
    #[case(Section::Deposit, "Erreur\u{a0}: nouvelle demande", &["Accueil"])]
    #[case(Section::None, "Page introuvable", &["Accueil"])]
    fn a_page_says_what_is_above_it(#[case] section: Section, #[case] title: &str, #[case] expected: &[&str]) {
        let site = Site {
            name: String::new(),
            academy: Vec::new(),
            contact: String::new(),
            styles: Vec::new(),
            icon: String::new(),
            tools: Vec::new(),
            foot: Vec::new(),
        };
        let frame = Frame { site: &site, title: title.to_owned(), person: None, section };
        assert_eq!(frame.above().into_iter().map(|(_, label)| label).collect::<Vec<_>>(), expected);
    }
}
