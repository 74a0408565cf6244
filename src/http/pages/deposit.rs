//! A new request: the form, and what becomes of it.

use std::{sync::Arc, time::Instant};

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{StatusCode, request::Parts},
    response::Response,
};
use jiff::Timestamp;

use super::{
    frame::{Frame, Section, page, see_other},
    mistakes::Mistakes,
    state::{Filled, KEY, PageState, STALE, TOKEN, Visitor, new_key},
};
use crate::{
    flow::route::{Mapping, Mappings},
    http::{body::Incoming, problem::Problem},
    intake::form::{self, FieldError, Submission},
    request::{Address, Outcome},
    text::french::{set as french, size},
};

/// What the form says it is about.
const CHOICE: &str = "choix";
/// The form's fields that are none of the request.
const ASIDE: &[&str] = &[TOKEN, KEY, CHOICE];

/// Each field of the request that the form has: its name, its place in the page, and what the page calls it.
const FIELDS: [(&str, &str, &str); 9] = [
    ("application", "choix", "Application et nature"),
    ("nature", "choix", "Application et nature"),
    ("type", "type", "Type"),
    ("urgency", "urgence", "Urgence"),
    ("title", "titre", "Titre"),
    ("description", "description", "Description"),
    ("error_message", "message-erreur", "Message d'erreur"),
    ("phone", "telephone", "Téléphone"),
    ("attachments", "fichiers", "Fichiers"),
];

#[derive(Template)]
#[template(path = "deposit.html")]
struct DepositPage<'a> {
    frame: Frame<'a>,
    token: String,
    key: String,
    /// Why the request is not recorded, where its fields are right.
    refusal: Option<String>,
    mistakes: Mistakes,
    applications: Vec<Choices>,
    typed: Typed,
    max_files: usize,
    max_file_size: String,
    max_total_size: String,
}

/// An application, and what may be asked about it: the value and the label of each.
struct Choices {
    application: String,
    natures: Vec<(String, String)>,
}

/// What the person typed, to be kept when the form is shown again.
#[derive(Default)]
struct Typed {
    choice: String,
    kind: String,
    urgency: String,
    title: String,
    description: String,
    error_message: String,
    phone: String,
    /// Browsers forget the files of a form that is shown again.
    files: Vec<String>,
}

impl DepositPage<'_> {
    /// Value, label, and whether it was chosen.
    fn urgencies(&self) -> Vec<(String, &'static str, bool)> {
        let usual = (String::new(), "Habituelle pour ce type de demande");
        let own = form::URGENCIES.iter().map(|(value, label)| (value.to_string(), *label));
        let all = std::iter::once(usual).chain(own);
        all.map(|(value, label)| {
            let is_chosen = value == self.typed.urgency;
            (value, label, is_chosen)
        })
        .collect()
    }
}

/// `GET /portail`
pub(super) async fn show(State(state): State<Arc<PageState>>, Visitor(person): Visitor) -> Result<Response, Problem> {
    let form = form_page(&state, &person, new_key(), Typed::default(), Mistakes::default(), None);
    page(StatusCode::OK, &form)
}

/// `POST /portail`
pub(super) async fn hand_in(State(state): State<Arc<PageState>>, request: Request) -> Response {
    state.services.answered(request, async |_, parts, body, deadline| take(&state, parts, body, deadline).await).await
}

async fn take(state: &PageState, parts: &Parts, body: &mut Incoming, deadline: Instant) -> Result<Response, Problem> {
    let services = &state.services;
    let mut filled = state.filled(parts, body, ASIDE).await?;
    filled.submission.set_requester(&filled.person);
    let mappings = state.services.mappings.now();
    if let Some((mapping, nature)) = meant(&mappings, filled.submission.aside(CHOICE)) {
        filled.submission.set_subject(&mapping.name, nature);
    }
    let (typed, shown_key, key) = (Typed::of(&filled.submission), filled.shown_key(), filled.key().await);
    let Filled { person, submission, is_from_our_page, size, room, now } = filled;
    let again = |mistakes, refusal| form_page(state, &person, shown_key, typed, mistakes, refusal);
    if !is_from_our_page {
        return page(StatusCode::FORBIDDEN, &again(Mistakes::default(), Some(STALE.to_owned())));
    }
    let received = match form::receive(submission, size, Some(&key), mappings.applications(), now).await {
        Ok(received) => received,
        Err(errors) => return page(StatusCode::UNPROCESSABLE_ENTITY, &again(mistakes(errors), None)),
    };
    match state.finish(services.gateway().form(received), room, deadline).await? {
        Outcome::Created(receipt) | Outcome::Duplicate(receipt) => {
            let left_out = receipt.left_out.len();
            see_other(&format!("/portail/demandes/{}/recapitulatif?ecartes={left_out}", receipt.ticket))
        }
        other => {
            let problem = Problem::of(other);
            let Some(sentence) = problem.to_tell().map(french) else { return Err(problem) };
            page(problem.status(), &again(Mistakes::default(), Some(sentence)))
        }
    }
}

fn form_page<'a>(
    state: &'a PageState,
    person: &'a Address,
    key: String,
    typed: Typed,
    mistakes: Mistakes,
    refusal: Option<String>,
) -> DepositPage<'a> {
    let title =
        if mistakes.is_empty() && refusal.is_none() { "Nouvelle demande" } else { "Erreur\u{a0}: nouvelle demande" };
    let limits = &state.pages.limits;
    DepositPage {
        frame: state.pages.frame(title, Some(person), Section::Deposit),
        token: state.pages.tokens.token(person, Timestamp::now()),
        key,
        refusal,
        mistakes,
        applications: state.services.mappings.now().all().iter().map(choices).collect(),
        typed,
        max_files: limits.max_files,
        max_file_size: size(limits.max_file_size),
        max_total_size: size(limits.max_total_size),
    }
}

fn choices(mapping: &Mapping) -> Choices {
    let own = (mapping.name.clone(), format!("{}\u{a0}: autre demande", mapping.name));
    let natures = mapping.natures.iter().map(|nature| (value(mapping, &nature.name), french(&nature.name)));
    Choices { application: mapping.name.clone(), natures: natures.chain([own]).collect() }
}

/// What the list's entry for a nature stands for: natures of two applications may have the same name.
fn value(mapping: &Mapping, nature: &str) -> String {
    format!("{} › {nature}", mapping.name)
}

/// The application, and the nature if it is one, that an entry of the list stands for.
fn meant<'a>(mappings: &'a Mappings, choice: &str) -> Option<(&'a Mapping, Option<&'a str>)> {
    mappings.all().iter().find_map(|mapping| {
        if mapping.name == choice {
            return Some((mapping, None));
        }
        let nature = mapping.natures.iter().find(|nature| value(mapping, &nature.name) == choice)?;
        Some((mapping, Some(nature.name.as_str())))
    })
}

/// In the order of the page's fields, one for each.
fn mistakes(mut errors: Vec<FieldError>) -> Mistakes {
    let place = |error: &FieldError| FIELDS.iter().position(|(name, ..)| error.field.split('[').next() == Some(name));
    errors.sort_by_key(|error| place(error).unwrap_or(FIELDS.len()));
    let mut mistakes = Mistakes::default();
    for error in &errors {
        let Some(at) = place(error) else {
            mistakes.add("contenu", &error.field, french(&error.message));
            continue;
        };
        let (_, place, label) = FIELDS[at];
        match (place, error.code) {
            ("choix", _) => {
                mistakes.add(place, label, "Choisissez dans la liste l’application et la nature de votre demande.");
            }
            ("titre", "missing") => mistakes.add(place, label, "Dites en quelques mots de quoi il s'agit."),
            ("description", "missing") => {
                mistakes.add(place, label, "Décrivez ce qui se passe ou ce dont vous avez besoin.");
            }
            _ => mistakes.add(place, label, french(&error.message)),
        }
    }
    mistakes
}

impl Typed {
    fn of(submission: &Submission) -> Self {
        let text = |name: &str| submission.fields().get(name).to_owned();
        Self {
            choice: submission.aside(CHOICE).to_owned(),
            kind: text("type"),
            urgency: text("urgency"),
            title: text("title"),
            description: text("description"),
            error_message: text("error_message"),
            phone: text("phone"),
            files: submission.file_names().map(str::to_owned).collect(),
        }
    }
}
