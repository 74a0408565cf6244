//! `GET /v1/natures` and `GET /v1/faq`: what may be asked, and what is answered already.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    call::{caller, file_number, in_time, number, written},
    documents::file,
    view::Expected,
};
use crate::{
    flow::route::Mapping,
    http::{
        body::Standing,
        identity::REQUESTER,
        query::{self, Parameters},
        responses::{AnyTime, ByPortal, LateCall},
        services::Services,
    },
    intake::form,
    knowledge,
    portal::Portal,
    request::TicketKind,
};

/// The parameter that names an application.
pub(super) const APPLICATION: &str = "application";

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
    /// The articles, at most 20.
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
    /// The full paths of its categories; none where the service account may not read them.
    #[schema(example = json!(["Applications > LSU"]))]
    categories: Vec<String>,
    /// The application it is about, where its categories or its title tell.
    #[schema(example = "LSU")]
    application: Option<String>,
    /// When it was changed last.
    #[schema(example = "2026-11-24T14:05:00+01:00")]
    updated: Option<String>,
}

impl From<&knowledge::Article> for Article {
    fn from(found: &knowledge::Article) -> Self {
        Self {
            id: found.id.get(),
            title: found.title.clone(),
            html: found.html.clone(),
            link: found.link.clone(),
            categories: found.categories.clone(),
            application: found.application.clone(),
            updated: written(found.updated.as_ref()),
        }
    }
}

/// Search the FAQ
///
/// The articles of GLPI's FAQ that are published to an entity, that is to everybody in it.
#[utoipa::path(get, path = "/v1/faq", operation_id = "search_faq", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = []), ("form_token" = [])),
    params(
        ("q" = Option<String>, Query, description = "A question. Any of its words counts, in whatever form, those of the titles most; neither case, accents nor a typing error matter.", max_length = 200, example = "comment valider un bilan"),
        ("application" = Option<String>, Query, description = "The application the articles must be about.", max_length = 200, example = "LSU"),
    ),
    responses(
        (status = 200, body = Answers, description = "The articles, those that answer best first; without a question, those changed last."),
        (status = 400, description = "A parameter is none of those admitted, or the words are too many (`errors` names each), or the call is broken."),
        ByPortal, LateCall, AnyTime,
    ))]
pub(super) async fn faq(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            caller(services, parts, body).await?;
            let mut parameters = Parameters::of(parts, &[REQUESTER, "q", APPLICATION]);
            let (question, application) = (parameters.words("q"), parameters.words(APPLICATION));
            parameters.end()?;
            let application = Some(application.as_str()).filter(|name| !name.is_empty());
            let shelf = in_time(deadline, services.portal.shelf()).await?;
            let found = shelf.search(&question, application, services.portal.now());
            Ok(Json(Answers { articles: found.iter().map(|found| found.as_ref().into()).collect() }).into_response())
        })
        .await
}

/// Send a picture of an article
///
/// A picture or file that an article of the FAQ shows. Open to everybody where the feeds of the FAQ are, which name it.
#[utoipa::path(get, path = "/v1/faq/{id}/documents/{document}", operation_id = "send_faq_document", tag = "portal",
    security((), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = []), ("form_token" = [])),
    params(
        ("id" = u64, Path, description = "GLPI's number of the article.", minimum = 1, maximum = 4_294_967_295_u64, example = 12),
        ("document" = u64, Path, description = "The document's number in the article's text.", minimum = 1, maximum = 4_294_967_295_u64, example = 56),
    ),
    responses(
        (status = 200, content(
            (Vec<u8> = "application/octet-stream"), (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/gif"),
            (Vec<u8> = "image/webp"), (Vec<u8> = "application/pdf"), (String = "text/plain"),
        ), description = "The file, as those of requests are sent.", headers(("Content-Disposition" = String, description = "`attachment` and the file's name (RFC 6266)."))),
        (status = 400, description = "The call is broken."),
        (status = 404, description = "No such file of a public article."),
        ByPortal, LateCall, AnyTime,
    ))]
pub(super) async fn faq_document(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let is_public = services.portal.feeds_are_public();
            if is_public {
                body.read(&services.rooms, Standing::Unproven).await?;
            } else {
                caller(services, parts, body).await?;
            }
            query::only(parts, &[REQUESTER])?;
            let (article, document) = (number(parts, 3)?, file_number(parts, 5)?);
            let (document, content) = in_time(deadline, services.portal.article_document(article, document)).await?;
            let mut answer = file(&document, content);
            if is_public {
                // Whoever shows the feed need not ask GLPI each time.
                answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
            }
            Ok(answer)
        })
        .await
}
