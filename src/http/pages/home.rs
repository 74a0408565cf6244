//! The home: who is signed in, what awaits them, where their requests stand, and what they may ask for.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State as Shared, http::StatusCode, response::Response};

use super::{
    frame::{Frame, Section, page},
    state::{PageState, Visitor},
    table::{Table, usual},
    tiles::{Rubric, rubrics},
};
use crate::{
    announcements::Message,
    http::problem::Problem,
    portal::Row,
    request::{Address, Prospect},
};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    frame: Frame<'a>,
    address: &'a Address,
    prospect: Prospect,
    /// What the academy says to them now.
    messages: Vec<Message>,
    /// What waits for this person.
    awaiting: Vec<Row>,
    /// `None` where GLPI cannot say now.
    table: Option<Table>,
    rubrics: Vec<Rubric>,
    /// Whether they are in charge of something.
    is_in_charge: bool,
    /// Whether people in charge may write to directors.
    may_inform: bool,
}

impl HomePage<'_> {
    fn name(&self) -> Option<&str> {
        self.prospect.person.as_ref()?.name.as_deref()
    }

    /// Their schools, each with its circonscription.
    fn schools(&self) -> Vec<String> {
        let schools = self.prospect.person.iter().flat_map(crate::request::Person::schools);
        let shown = schools.map(|school| match &school.circonscription {
            Some(circonscription) => format!("{}, circonscription {circonscription}", school.shown()),
            None => school.shown(),
        });
        shown.collect()
    }
}

/// `GET /portail`
pub(super) async fn show(Shared(state): Shared<Arc<PageState>>, Visitor(person): Visitor) -> Result<Response, Problem> {
    let query = usual();
    let portal = &state.services.portal;
    let (prospect, messages, overview) = tokio::join!(
        state.prospect(&person),
        state.messages(&person, None),
        state.ask(Box::pin(portal.overview(&person, &query)))
    );
    let (awaiting, table) = match overview {
        Ok(overview) => (overview.awaiting, Some(Table { query, listing: overview.listing })),
        // A request can be made meanwhile.
        Err(problem) if problem.is_passing() => (Vec::new(), None),
        Err(problem) => return Err(problem),
    };
    let rubrics = rubrics(&state.services.mappings.now());
    let (is_in_charge, may_inform) = match state.services.oversight() {
        Ok(oversight) => (oversight.people.knows(&person).await, oversight.informer.is_on()),
        Err(_) => (false, false),
    };
    let frame = state.pages.frame("Accueil", Some(&person), Section::Home);
    page(
        StatusCode::OK,
        &HomePage { frame, address: &person, prospect, messages, awaiting, table, rubrics, is_in_charge, may_inform },
    )
}
