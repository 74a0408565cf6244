//! `POST /v1/mail`: a whole mail, from a relay or a script that speaks no LMTP.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};

use super::{
    answer, auth,
    body::Standing,
    problem::Problem,
    query,
    responses::{AnyTime, ByToken, LateBody, OverTheDay},
    services::Services,
};
use crate::request::{Address, Channel, Envelope, Outcome};

const ENVELOPE_FROM: &str = "x-envelope-from";
const ENVELOPE_TO: &str = "x-envelope-to";

/// What the description shows.
const EXAMPLE: &str = "From: ce.0210001A@ac-dijon.fr\r\nTo: assistance1d@ac-dijon.fr\r\nSubject: LSU : bilans\r\n\
    Date: Wed, 25 Nov 2026 09:12:00 +0100\r\nMessage-ID: <1@ecole.example>\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nLe bouton « Valider » reste grisé.\r\n";

/// Hand in a mail
///
/// Answered only when the helpdesk has confirmed the ticket: after a 503, a 5xx or no answer, send the
/// same mail again; it never makes a second ticket.
#[utoipa::path(post, path = "/v1/mail", operation_id = "hand_in_mail", tag = "requests",
    security(("mail_token" = [])),
    params(
        ("X-Envelope-From" = Option<String>, Header, description = "The envelope sender; `<>` is the null sender. Unknown where it is missing or empty.", example = "ce.0210001A@ac-dijon.fr"),
        ("X-Envelope-To" = Option<String>, Header, description = "The envelope recipients, separated by commas. The mail's own To and Cc count where it is missing.", example = "assistance1d@ac-dijon.fr"),
    ),
    request_body(content(
        (String = "message/rfc822", example = json!(EXAMPLE)),
        (String = "application/octet-stream", example = json!(EXAMPLE)),
    ), description = "The mail, RFC 5322."),
    responses(
        (status = 201, body = answer::Settled, description = "A new ticket, or a follow-up of the ticket the mail answers.", headers(("Location" = String, description = "The ticket's page in GLPI."))),
        (status = 200, body = answer::Settled, description = "A ticket or its follow-up was there already (the same body as the first time), or nobody waits for an answer."),
        (status = 400, description = "An envelope recipient is no address, or the call has a parameter, which it takes none of."),
        (status = 415, description = "Not a mail."),
        (status = 422, description = "A rule says no; `reason` says which."),
        ByToken, LateBody, OverTheDay, AnyTime,
    ))]
pub(super) async fn take(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            auth::mail(&parts.headers, &services.settings)?;
            query::only(parts, &[])?;
            check_content_type(&parts.headers)?;
            let (sender, recipients) = (sender(&parts.headers), recipients(&parts.headers)?);
            let envelope = |size: u64| Envelope {
                channel: Channel::HttpMail,
                sender,
                recipients,
                size,
                stored: None,
                is_untried: false,
            };
            let mail = match body.read(&services.rooms, Standing::Proven).await {
                Err(problem) if problem.is_too_large() => {
                    // Its sender is told as of one that came by LMTP.
                    if let Some((beginning, size)) = body.beginning().await {
                        let outcome =
                            services.finish(services.gateway().mail(envelope(size), beginning), None, deadline).await?;
                        if matches!(outcome, Outcome::Deferred(_)) {
                            return Err(Problem::of(outcome));
                        }
                    }
                    return Err(problem);
                }
                read => read?,
            };
            let envelope = envelope(mail.bytes.len() as u64);
            let outcome = services.finish(services.gateway().mail(envelope, mail.bytes), mail.room, deadline).await?;
            Ok(answer::of(outcome, &services.time_zone))
        })
        .await
}

/// A body without a type is taken for bytes (RFC 9110 section 8.3), and bytes for a mail.
fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let value = value.to_str().unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if ["message/rfc822", "application/octet-stream"].contains(&essence.as_str()) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-content-type",
        "Envoyez le message entier, en-têtes compris, avec « Content-Type: message/rfc822 » (ou application/octet-stream).",
    ))
}

/// The null sender is written `<>`: an empty field is a script's variable without a value, and a mail taken
/// for a bounce would be lost.
fn sender(headers: &HeaderMap) -> Option<String> {
    let value = String::from_utf8_lossy(headers.get(ENVELOPE_FROM)?.as_bytes());
    (!value.trim().is_empty()).then(|| without_brackets(&value).to_owned())
}

fn recipients(headers: &HeaderMap) -> Result<Vec<Address>, Problem> {
    let mut recipients = Vec::new();
    for value in headers.get_all(ENVELOPE_TO) {
        let value = String::from_utf8_lossy(value.as_bytes());
        for text in value.split(',').filter(|text| !text.trim().is_empty()) {
            let Some(address) = Address::parse(without_brackets(text)) else {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "bad-envelope",
                    "X-Envelope-To comporte autre chose qu'une adresse. Donnez des adresses entières, séparées par des virgules.",
                ));
            };
            recipients.push(address);
        }
    }
    Ok(recipients)
}

fn without_brackets(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text).trim()
}
