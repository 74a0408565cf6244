//! «Mes coordonnées»: what the directory knows of whoever is signed in.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    frame::{Frame, Section, page},
    state::{PageState, Visitor},
};
use crate::{
    http::problem::Problem,
    request::{Address, Person},
};

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage<'a> {
    frame: Frame<'a>,
    address: &'a Address,
    person: Option<Person>,
    /// Whom to ask where something is wrong.
    corrections: &'a str,
}

impl PersonPage<'_> {
    /// Each thing that is known of them, and what it is.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        let mut add = |label, value: Option<&String>| facts.extend(value.map(|value| (label, value.clone())));
        let Some(person) = &self.person else { return facts };
        add("Nom", person.name.as_ref());
        add("Fonction", person.role.as_ref());
        add("Téléphone", person.phone.as_ref());
        for school in person.schools() {
            add("École", school.name.as_ref());
            add("Code UAI", school.uai.as_ref());
            add("Circonscription", school.circonscription.as_ref());
            add("Département", school.department.as_ref());
        }
        facts
    }
}

/// `GET /portail/coordonnees`
pub(super) async fn show(State(state): State<Arc<PageState>>, Visitor(address): Visitor) -> Result<Response, Problem> {
    let person = state.prospect(&address).await.person;
    let frame = state.pages.frame("Mes coordonnées", Some(&address), Section::Person);
    page(StatusCode::OK, &PersonPage { frame, address: &address, person, corrections: &state.pages.corrections })
}
