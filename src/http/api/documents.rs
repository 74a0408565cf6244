//! `GET /v1/requests/{id}/documents/{document}`: a file, passed on as GLPI sends it.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::call::{file_number, in_time, number, personal, requester, with_query};
use crate::{
    http::{
        identity::REQUESTER,
        query,
        responses::{AnyTime, BadCall, LateCall, MERGED, Nobody, Reading},
        schemas,
        services::Services,
    },
    portal::{AttachedFile, Content},
};

/// Types a browser shows without running anything in them; others are bytes to be saved.
const HARMLESS: [&str; 6] = ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"];
/// RFC 8187 section 3.2.1 `attr-char`.
const NOT_PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Send a file of a request
///
/// Only to its requesters, and only what they may see of it.
#[utoipa::path(get, path = "/v1/requests/{id}/documents/{document}", operation_id = "send_document", tag = "portal",
    security(("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(
        ("id" = u64, Path, description = "GLPI's number of the request.", minimum = 1, maximum = 4_294_967_295_u64, example = 1234),
        ("document" = u64, Path, description = "The file's number in the request's timeline.", minimum = 1, maximum = 4_294_967_295_u64, example = 56),
        schemas::Whose,
    ),
    responses(
        (status = 200, content(
            (Vec<u8> = "application/octet-stream"), (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/gif"),
            (Vec<u8> = "image/webp"), (Vec<u8> = "application/pdf"), (String = "text/plain"),
        ), description = "The file; images, PDF and plain texts under their own type. `Content-Disposition` gives its name.", headers(("Content-Disposition" = String, description = "`attachment` and the file's name (RFC 6266)."))),
        (status = 303, description = MERGED, headers(("Location" = String, description = "The file's address there, if it went along."))),
        (status = 404, description = "No such file of a request of this requester's."),
        BadCall, Nobody, Reading, LateCall, AnyTime,
    ))]
pub(super) async fn send(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            let (requester, _) = requester(services, parts, body).await?;
            query::only(parts, &[REQUESTER])?;
            let (request, document) = (number(parts, 3)?, file_number(parts, 5)?);
            let asked = services.portal.document(&requester, request, document);
            let moved = |into| with_query(&format!("/v1/requests/{into}/documents/{document}"), parts);
            let (document, content) = in_time(deadline, asked).await.map_err(|problem| problem.leading_to(moved))?;
            Ok(file(&document, content))
        })
        .await
}

/// A file that a browser saves and never opens in the portal's name.
pub(in crate::http) fn file(document: &AttachedFile, content: Content) -> Response {
    let essence = document.media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let media_type = HARMLESS.iter().find(|harmless| **harmless == essence).unwrap_or(&"application/octet-stream");
    let mut response = personal(Body::from_stream(content.pieces).into_response());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_DISPOSITION, disposition(&document.name));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    if let Some(length) = content.length {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    response
}

/// RFC 6266: the name in ASCII for old programs, and whole (RFC 8187).
fn disposition(name: &str) -> HeaderValue {
    let name: String = name.chars().map(|c| if c.is_control() || "/\\\"".contains(c) { '_' } else { c }).collect();
    let ascii: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let whole = utf8_percent_encode(&name, NOT_PLAIN);
    let value = format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{whole}");
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn any_name_makes_a_header() {
        for (name, expected) in [
            ("capture.png", "attachment; filename=\"capture.png\"; filename*=UTF-8''capture.png"),
            (
                "Relevé n° 1.pdf",
                "attachment; filename=\"Relev_ n_ 1.pdf\"; filename*=UTF-8''Relev%C3%A9%20n%C2%B0%201.pdf",
            ),
            ("a\"b\r\n../c", "attachment; filename=\"a_b__.._c\"; filename*=UTF-8''a_b__.._c"),
            ("'%*", "attachment; filename=\"'%*\"; filename*=UTF-8''%27%25%2A"),
        ] {
            assert_eq!(disposition(name), expected, "{name}");
        }
    }
}
