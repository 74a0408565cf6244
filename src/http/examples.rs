//! What the code's annotations leave to be said in the API's description: an example of each body, in each encoding, and
//! which calls need no credentials.
//!
//! Examples are put together from those of the schemas' fields, so that they follow the code.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::problem::{MEDIA_TYPE, Problem};
use crate::{id::TicketId, intake::form::FieldError, request::Reason};

/// What a file's bytes are shown as.
const BYTES: &str = "…";
/// The name of the methods of a path in its description.
const METHODS: [&str; 2] = ["get", "post"];

/// Completes a description.
pub(super) fn complete(api: &mut Value) {
    let schemas = api["components"]["schemas"].clone();
    let Some(paths) = api["paths"].as_object_mut() else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flatten() {
        let (method, operation) = operation;
        let Some(operation) = operation.as_object_mut().filter(|_| METHODS.contains(&method.as_str())) else {
            continue;
        };
        operation.entry("security").or_insert_with(|| json!([]));
        let body = operation.get_mut("requestBody").and_then(|body| body["content"].as_object_mut());
        for (media_type, content) in body.into_iter().flatten() {
            add(content, media_type, &schemas);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            let description = response["description"].as_str().unwrap_or_default().to_owned();
            for (media_type, content) in
                response.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten()
            {
                if media_type == MEDIA_TYPE {
                    content["example"] = problem(status, &description);
                } else {
                    add(content, media_type, &schemas);
                }
            }
        }
    }
}

/// Adds an example to a body that has none.
fn add(content: &mut Value, media_type: &str, schemas: &Value) {
    let is_text = media_type.ends_with("json") || media_type.starts_with("text/") || media_type == "message/rfc822";
    let is_form = media_type.starts_with("multipart/") || media_type.ends_with("urlencoded");
    if !is_text && !is_form && content["schema"]["type"] == "array" {
        // Bytes, which JSON Schema knows as a text of a media type (OpenAPI 3.1, section 4.8.14.4).
        content["schema"] = json!({"type": "string", "contentMediaType": media_type});
    }
    if content.get("example").is_none() && content.get("examples").is_none() {
        let example = of(&content["schema"], schemas);
        content["example"] = example;
    }
}

/// An example of what a schema describes.
fn of(schema: &Value, schemas: &Value) -> Value {
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return of(&schemas[name], schemas);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let members = parts.iter().filter_map(|part| of(part, schemas).as_object().cloned()).flatten();
        return Value::Object(members.collect());
    }
    let is_some = |schema: &&Value| schema["type"] != "null";
    if let Some(first) = schema["oneOf"].as_array().and_then(|all| all.iter().find(is_some)) {
        return of(first, schemas);
    }
    let of_type =
        |name: &str| schema["type"] == name || schema["type"].as_array().is_some_and(|all| all.contains(&json!(name)));
    if let Some(first) = schema["enum"].as_array().and_then(|words| words.first()) {
        first.clone()
    } else if of_type("object") {
        let members = schema["properties"].as_object().into_iter().flatten();
        Value::Object(members.map(|(name, member)| (name.clone(), of(member, schemas))).collect::<Map<_, _>>())
    } else if of_type("array") {
        json!([of(&schema["items"], schemas)])
    } else if of_type("integer") || of_type("number") {
        schema["minimum"].as_u64().map_or(json!(1), |minimum| json!(minimum.max(1)))
    } else if of_type("boolean") {
        json!(false)
    } else {
        json!(BYTES)
    }
}

/// A problem of this status: the one that the description names, else a usual one.
fn problem(status: &str, description: &str) -> Value {
    let told = problems();
    let of_status = || told.iter().filter(|problem| is_of(status, problem.status()));
    let named = |problem: &&Problem| description.contains(&format!("`{}`", problem.reason()));
    let example = of_status().find(named).or_else(|| of_status().next());
    // A problem is plain data: it always becomes JSON.
    example.map(|problem| serde_json::to_value(problem).unwrap_or_default()).unwrap_or_default()
}

/// Whether a status is the description's, of whose `4XX` the usual one is meant.
fn is_of(described: &str, status: StatusCode) -> bool {
    if described == "4XX" { status == StatusCode::METHOD_NOT_ALLOWED } else { described == status.as_str() }
}

/// A problem of each status, the usual one first.
fn problems() -> Vec<Problem> {
    let of = |status: StatusCode, reason: Reason| {
        Problem::new(status, reason.code(), reason.sentence().replace("{ticket}", "1234"))
    };
    let other = |status: StatusCode, reason: &'static str, detail: &str| Problem::new(status, reason, detail);
    let wrong = FieldError {
        field: "urgency".to_owned(),
        code: "invalid",
        message: "Donnez un nombre entier de 1 (très basse) à 5 (très haute).".to_owned(),
    };
    vec![
        Problem::merged(TicketId::from(1250)),
        other(
            StatusCode::BAD_REQUEST,
            "bad-requester",
            "Le paramètre «\u{a0}requester\u{a0}» n’est pas une adresse seule, par exemple ce.0210001A@ac-dijon.fr.",
        ),
        other(
            StatusCode::UNAUTHORIZED,
            "bad-signature",
            "La signature ne correspond pas. Signez les octets tels qu’envoyés, avec l’un des secrets de http.portal_secrets.",
        ),
        other(
            StatusCode::FORBIDDEN,
            "closed",
            "Cette entrée est fermée\u{a0}: rien n’est configuré qui prouve l’appelant.",
        ),
        of(StatusCode::NOT_FOUND, Reason::RequestUnknown),
        other(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Cette adresse n’admet pas cette méthode. L’en-tête Allow nomme celles qu’elle admet.",
        ),
        other(
            StatusCode::REQUEST_TIMEOUT,
            "body-timeout",
            "Le corps de la requête n’est pas arrivé à temps. Renvoyez-la.",
        ),
        of(StatusCode::CONFLICT, Reason::NothingToApprove),
        of(StatusCode::CONFLICT, Reason::NewerSolution),
        of(StatusCode::CONFLICT, Reason::SolutionWaiting),
        of(StatusCode::CONFLICT, Reason::RequestClosed),
        other(StatusCode::CONFLICT, "highest-level", "Ce ticket est déjà au plus haut niveau de son application."),
        other(StatusCode::CONFLICT, "lowest-level", "Ce ticket est déjà au premier niveau de son application."),
        other(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            "La requête est trop volumineuse. Envoyez des fichiers plus légers ou moins nombreux.",
        ),
        other(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-content-type",
            "Envoyez le corps dans l’un des encodages admis, en UTF-8.",
        ),
        Problem::fields(vec![wrong]),
        of(StatusCode::TOO_MANY_REQUESTS, Reason::QuotaExceeded),
        of(StatusCode::INTERNAL_SERVER_ERROR, Reason::Internal),
        of(StatusCode::SERVICE_UNAVAILABLE, Reason::GlpiUnavailable),
    ]
}
