//! `GET /v1/natures` and `GET /v1/faq`: what may be asked, and what is answered already.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    call::{caller, in_time},
    view::Expected,
};
use crate::{
    flow::route::Mapping,
    http::{
        identity::REQUESTER,
        query::{self, Parameters},
        responses::{AnyTime, ByPortal, LateCall},
        services::Services,
    },
    intake::form,
    portal::Portal,
    request::TicketKind,
};

/// What a form may say.
#[derive(Serialize, ToSchema)]
pub(super) struct Catalogue {
    /// The applications, each with its natures.
    applications: Vec<Application>,
    /// The types of request.
    types: [Type; 2],
    /// The urgencies.
    urgencies: Vec<Urgency>,
    /// The form's fields.
    fields: &'static [form::Field],
}

/// An application.
#[derive(Serialize, ToSchema)]
struct Application {
    /// Its name, a value of the form's `application`.
    #[schema(example = "LSU")]
    name: String,
    /// The other values of the form's `application` that mean it.
    #[schema(example = json!(["LSUN / LSU"]))]
    form_names: Vec<String>,
    /// The heading it goes under.
    #[schema(example = "Logicielle")]
    rubric: Option<String>,
    /// What it is for, a sentence.
    #[schema(example = "Livret scolaire unique.")]
    help: Option<String>,
    /// The type where the form gives none: `incident` or `demande`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "incident")]
    kind: TicketKind,
    /// The urgency where the form gives none, 1 to 5.
    #[schema(example = 3)]
    urgency: u8,
    /// The natures of request it has.
    natures: Vec<Nature>,
    /// How long its requests usually take; not known of too few.
    expected: Option<Expected>,
}

/// A nature of request.
#[derive(Serialize, ToSchema)]
struct Nature {
    /// Its name, a value of the form's `nature`.
    #[schema(example = "LSU : bilans")]
    name: String,
    /// The type where the form gives none.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "incident")]
    kind: TicketKind,
    /// The urgency where the form gives none, 1 to 5.
    #[schema(example = 3)]
    urgency: u8,
}

/// A type of request, and what people read.
#[derive(Serialize, ToSchema)]
struct Type {
    #[schema(example = "incident")]
    value: &'static str,
    #[schema(example = "Incident")]
    label: &'static str,
}

/// An urgency, and what people read.
#[derive(Serialize, ToSchema)]
struct Urgency {
    #[schema(example = 3)]
    value: u8,
    #[schema(example = "Moyenne")]
    label: &'static str,
}

/// List applications and natures
///
/// All that a form may say, for whoever shows one.
#[utoipa::path(get, path = "/v1/natures", operation_id = "list_natures", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = []), ("form_token" = [])),
    responses(
        (status = 200, body = Catalogue, description = "The applications and natures."),
        (status = 400, description = "A parameter is none of those admitted (`errors` names each), or the call is broken."),
        ByPortal, LateCall, AnyTime,
    ))]
pub(super) async fn natures(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            caller(services, parts, body).await?;
            query::only(parts, &[REQUESTER])?;
            let applications =
                services.mappings.now().all().iter().map(|mapping| application(mapping, &services.portal)).collect();
            Ok(Json(Catalogue {
                applications,
                types: [Type { value: "incident", label: "Incident" }, Type { value: "demande", label: "Demande" }],
                urgencies: form::URGENCIES.iter().map(|&(value, label)| Urgency { value, label }).collect(),
                fields: form::FIELDS,
            })
            .into_response())
        })
        .await
}

fn application(mapping: &Mapping, portal: &Portal) -> Application {
    let nature = |nature: &crate::flow::route::Nature| Nature {
        name: nature.name.clone(),
        kind: nature.kind.unwrap_or(mapping.kind),
        urgency: nature.urgency.unwrap_or(mapping.urgency),
    };
    Application {
        name: mapping.name.clone(),
        form_names: mapping.form_names.clone(),
        rubric: mapping.rubric.clone(),
        help: mapping.help.clone(),
        kind: mapping.kind,
        urgency: mapping.urgency,
        natures: mapping.natures.iter().map(nature).collect(),
        expected: portal.expected_delay(&mapping.name).map(Expected::from),
    }
}

/// What is answered already.
#[derive(Serialize, ToSchema)]
pub(super) struct Answers {
    /// The articles, the best first; at most 20.
    articles: Vec<Article>,
}

/// A question and its answer.
#[derive(Serialize, ToSchema)]
struct Article {
    /// GLPI's number of it.
    #[schema(example = 12)]
    id: u64,
    /// The question.
    #[schema(example = "Comment valider les bilans dans LSU ?")]
    title: String,
    /// The answer: sanitised HTML.
    #[schema(example = "<p>Ouvrez le menu « Bilans »…</p>")]
    html: String,
    /// Its page in GLPI.
    #[schema(example = "https://glpi.example.fr/front/helpdesk.faq.php?id=12")]
    link: String,
}

/// Search the FAQ
///
/// The articles of GLPI's FAQ that are published to an entity, that is to everybody in it.
#[utoipa::path(get, path = "/v1/faq", operation_id = "search_faq", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = []), ("form_token" = [])),
    params(("q" = Option<String>, Query, description = "Words the title or the text must hold, each of them; neither case nor accents matter.", max_length = 200, example = "bilans")),
    responses(
        (status = 200, body = Answers, description = "The articles."),
        (status = 400, description = "A parameter is none of those admitted, or the words are too many (`errors` names each), or the call is broken."),
        ByPortal, LateCall, AnyTime,
    ))]
pub(super) async fn faq(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            caller(services, parts, body).await?;
            let mut parameters = Parameters::of(parts, &[REQUESTER, "q"]);
            let words = parameters.words("q");
            parameters.end()?;
            let found = in_time(deadline, services.portal.faq(&words)).await?;
            let article = |found: crate::portal::Article| Article {
                id: found.id.get(),
                title: found.title,
                html: found.html,
                link: found.link,
            };
            Ok(Json(Answers { articles: found.into_iter().map(article).collect() }).into_response())
        })
        .await
}
