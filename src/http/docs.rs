//! `GET /docs`: the API's description as a page to read, and to try the calls from.
//!
//! The page is made from the description and works without a script for reading. The script that tries the calls is the
//! page's own and signs them as a portal does: no bundle of anybody's is served, and nothing comes from elsewhere.

use std::{fmt::Write as _, sync::LazyLock};

use askama::Template;
use axum::{
    Router,
    body::Bytes,
    extract::Path,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use data_encoding::HEXLOWER;
use pulldown_cmark::{Parser, html::push_html};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::problem::Problem;

const STYLE: &str = include_str!("docs/docs.css");
const SCRIPT: &str = include_str!("docs/docs.js");
/// The names change with the contents, so that browsers keep them for good.
static STYLE_NAME: LazyLock<String> = LazyLock::new(|| name(STYLE, "css"));
static SCRIPT_NAME: LazyLock<String> = LazyLock::new(|| name(SCRIPT, "js"));

/// The page's own script and style, and calls of this gateway; nothing else, and shown inside nothing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
    form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

fn name(text: &str, extension: &str) -> String {
    format!("docs-{}.{extension}", HEXLOWER.encode(&Sha256::digest(text)[..8]))
}

#[derive(Template)]
#[template(path = "api.html")]
struct Page {
    title: String,
    version: String,
    description: String,
    style: &'static str,
    script: &'static str,
    groups: Vec<Group>,
    schemes: Vec<Scheme>,
    schemas: Vec<Schema>,
}

/// The calls of a tag.
struct Group {
    name: String,
    description: String,
    operations: Vec<Operation>,
}

/// A call.
struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    /// The ways to prove oneself, each all that it takes.
    ways: Vec<String>,
    parameters: Vec<Parameter>,
    bodies: Vec<Body>,
    answers: Vec<Answer>,
    /// Whether it is the gateway that is called.
    is_ours: bool,
}

struct Parameter {
    name: String,
    place: String,
    is_required: bool,
    kind: String,
    description: String,
    example: String,
}

/// A body in one encoding.
struct Body {
    media_type: String,
    /// The schema's name, where it has one.
    schema: Option<String>,
    example: String,
}

struct Answer {
    status: String,
    description: String,
    bodies: Vec<Body>,
}

struct Scheme {
    name: String,
    description: String,
}

struct Schema {
    name: String,
    description: String,
    members: Vec<Member>,
}

struct Member {
    name: String,
    is_required: bool,
    kind: String,
    description: String,
}

/// The routes of the page's files.
pub(super) fn files<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/docs/{name}", get(file))
}

/// The page as it is sent.
pub(super) fn shown(page: Bytes) -> Response {
    (headers(), [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// The page of a description, HTML.
pub(super) fn page(api: &Value) -> Bytes {
    Bytes::from(written(api).unwrap_or_else(|error| {
        tracing::error!(%error, "the page of the API's description cannot be made");
        String::new()
    }))
}

fn written(api: &Value) -> askama::Result<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tags = api["tags"].as_array().into_iter().flatten();
    let groups = tags.map(|tag| Group {
        name: text(&tag["name"]),
        description: markdown(&tag["description"]),
        operations: operations(api, &tag["name"]),
    });
    let named = |part: &str| {
        let all = api["components"][part].as_object().into_iter().flatten();
        all.map(|(name, it)| (name.clone(), it.clone())).collect::<Vec<_>>()
    };
    let proof = |(name, it): (String, Value)| Scheme { name, description: markdown(&it["description"]) };
    let described =
        |(name, it): (String, Value)| Schema { description: markdown(&it["description"]), members: members(&it), name };
    let page = Page {
        title: text(&api["info"]["title"]),
        version: text(&api["info"]["version"]),
        description: markdown(&api["info"]["description"]),
        style: &STYLE_NAME,
        script: &SCRIPT_NAME,
        groups: groups.filter(|group| !group.operations.is_empty()).collect(),
        schemes: named("securitySchemes").into_iter().map(proof).collect(),
        schemas: named("schemas").into_iter().map(described).collect(),
    };
    page.render()
}

fn headers() -> [(HeaderName, HeaderValue); 3] {
    [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ]
}

/// `GET /docs/{name}`: the page's style and script.
async fn file(Path(name): Path<String>) -> Result<Response, Problem> {
    let (media_type, text) = if name == *STYLE_NAME {
        ("text/css; charset=utf-8", STYLE)
    } else if name == *SCRIPT_NAME {
        ("text/javascript; charset=utf-8", SCRIPT)
    } else {
        let detail = "Ce fichier n’existe pas, ou plus. Rechargez la page /docs.";
        return Err(Problem::new(StatusCode::NOT_FOUND, "not-found", detail));
    };
    let kept = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers(), kept, text).into_response())
}

fn operations(api: &Value, tag: &Value) -> Vec<Operation> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    let of = |part: &str| api[part].as_object().into_iter().flatten();
    let ours = of("paths").map(|it| (true, it));
    for (is_ours, (path, methods)) in ours.chain(of("webhooks").map(|it| (false, it))) {
        let methods = methods.as_object().into_iter().flatten();
        for (method, it) in methods.filter(|(_, it)| it["tags"].as_array().is_some_and(|tags| tags.contains(tag))) {
            let ways = it["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
            let parameters = it["parameters"].as_array().into_iter().flatten();
            let answers = it["responses"].as_object().into_iter().flatten();
            // What all calls to the portal have in common is shown once.
            let is_shown = is_ours || !found.iter().any(|earlier: &Operation| !earlier.is_ours);
            found.push(Operation {
                id: it["operationId"].as_str().map_or_else(|| format!("{method}{path}"), str::to_owned),
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(&it["summary"]),
                description: if is_shown { markdown(&it["description"]) } else { String::new() },
                ways: ways.map(|way| way.keys().cloned().collect::<Vec<_>>().join(" + ")).collect(),
                parameters: parameters.filter(|_| is_shown).map(parameter).collect(),
                bodies: bodies(&it["requestBody"]["content"]),
                answers: answers
                    .filter(|_| is_shown)
                    .map(|(status, it)| Answer {
                        status: status.clone(),
                        description: markdown(&it["description"]),
                        bodies: bodies(&it["content"]),
                    })
                    .collect(),
                is_ours,
            });
        }
    }
    found
}

fn parameter(it: &Value) -> Parameter {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Parameter {
        name: text(&it["name"]),
        place: text(&it["in"]),
        is_required: it["required"] == true,
        kind: kind(&it["schema"]),
        description: markdown(&it["description"]),
        example: plain(&it["example"]),
    }
}

fn bodies(content: &Value) -> Vec<Body> {
    let each = content.as_object().into_iter().flatten();
    each.map(|(media_type, it)| {
        let is_form = media_type.ends_with("urlencoded");
        Body {
            media_type: media_type.clone(),
            schema: it["schema"]["$ref"].as_str().map(|reference| last(reference).to_owned()),
            example: match &it["example"] {
                Value::Object(fields) if is_form => {
                    let mut form = form_urlencoded::Serializer::new(String::new());
                    form.extend_pairs(fields.iter().map(|(name, value)| (name, plain(value))));
                    form.finish()
                }
                other => plain(other),
            },
        }
    })
    .collect()
}

/// A value as it is typed: texts without quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => serde_json::to_string_pretty(value).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// The fields of a schema, those of its parts among them.
fn members(schema: &Value) -> Vec<Member> {
    let required = schema["required"].as_array();
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, it)| Member {
        name: name.clone(),
        is_required: required.is_some_and(|required| required.iter().any(|it| it == name)),
        kind: kind(it),
        description: markdown(&it["description"]),
    });
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let parts = parts.flat_map(|part| match part["$ref"].as_str() {
        Some(reference) => vec![Member {
            name: "…".to_owned(),
            is_required: true,
            kind: format!("all of {}", link(reference)),
            description: String::new(),
        }],
        None => members(part),
    });
    parts.chain(own).collect()
}

/// What a schema takes, in a few words; HTML.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return link(reference);
    }
    let several = |all: &Vec<Value>, between: &str| all.iter().map(kind).collect::<Vec<_>>().join(between);
    if let Some(all) = schema["oneOf"].as_array() {
        return several(all, " or ");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| code(&plain(word))).collect::<Vec<_>>().join(", ");
    }
    let mut said = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    };
    if schema["items"].is_object() {
        let _ = write!(said, " of {}", kind(&schema["items"]));
    }
    for (key, words) in [
        ("format", ""),
        ("contentEncoding", "in "),
        ("minimum", "from "),
        ("maximum", "to "),
        ("maxLength", "at most "),
    ] {
        if let Some(value) = schema.get(key).filter(|value| **value != 0) {
            let _ = write!(said, ", {words}{}", plain(value));
        }
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        let _ = write!(said, ", {}", code(pattern));
    }
    said
}

fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or_default()
}

fn link(reference: &str) -> String {
    let name = last(reference);
    format!("<a href=\"#schema-{name}\">{name}</a>")
}

fn code(text: &str) -> String {
    // Descriptions are Markdown, in which a text between these marks stands as it is.
    markdown(&Value::from(format!("``{text}``"))).replace("<p>", "").replace("</p>\n", "")
}

/// The description's Markdown as HTML: it is the code's own.
fn markdown(text: &Value) -> String {
    let mut html = String::new();
    push_html(&mut html, Parser::new(text.as_str().unwrap_or_default()));
    html
}
