//! `/v1/glpi/webhook`: GLPI 11 says that something happened to a ticket, which is then looked at at once.
//!
//! What it says is a hint and no more: only the ticket's number is taken from it, and all that is done is what the
//! next sweep would do anyway. So a webhook that is replayed, late, lost or about another ticket does no harm.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

use super::{
    auth,
    body::Standing,
    problem::Problem,
    responses::{AnyTime, LateBody, NoSecret},
    services::Services,
};
use crate::{config, id::TicketId, offload};

/// Hexadecimal HMAC-SHA256 of the body and, right behind it, the timestamp (GLPI's `Webhook::raise`).
pub(super) const SIGNATURE: &str = "X-GLPI-signature";
/// Unix seconds at which the event happened.
pub(super) const TIMESTAMP: &str = "X-GLPI-timestamp";
/// GLPI signs an event once and tries again with the same timestamp, until its automatic action
/// «queuedwebhookclean» gives it up after 30 days, which is its default.
const OLDEST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What GLPI signs for its challenge (`Webhook::validateCRAChallenge`).
const CHALLENGED: &[u8] = b"validate_cra_challenge";
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

/// The item of an event, as GLPI's API shows it; a webhook does not say of which type it is.
#[derive(Deserialize)]
struct Event {
    item: Item,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    id: Value,
    /// Of a follow-up or a solution: what it belongs to.
    #[serde(default)]
    itemtype: Value,
    #[serde(default)]
    items_id: Value,
    /// Of a task or an approval.
    #[serde(default)]
    tickets_id: Value,
    /// A number at tickets, changes and problems…
    #[serde(default)]
    urgency: Value,
    /// … and this one at tickets alone: 1 incident, 2 request.
    #[serde(default, rename = "type")]
    kind: Value,
}

impl Item {
    /// The ticket this is about; `None` for an item of another type.
    fn ticket(&self) -> Option<TicketId> {
        let number = if self.itemtype.is_string() {
            &self.items_id
        } else if self.tickets_id.is_u64() {
            &self.tickets_id
        } else {
            &self.id
        };
        let of_ticket = self.itemtype == "Ticket"
            || self.itemtype.is_null() && (self.tickets_id.is_u64() || self.urgency.is_u64() && self.kind.is_u64());
        number.as_u64().filter(|number| of_ticket && *number > 0).map(TicketId::from)
    }
}

/// Say that something happened to a ticket
///
/// For GLPI 11's webhooks on tickets, follow-ups and solutions, with their default payload. Answered at once; the
/// ticket is looked at afterwards. Whatever is signed rightly and about no ticket is taken and ignored.
#[utoipa::path(post, path = "/v1/glpi/webhook", operation_id = "glpi_event", tag = "glpi",
    security(("glpi_signature" = [], "glpi_timestamp" = [])),
    request_body(content = Object, content_type = "application/json", description = "GLPI's payload.",
        example = json!({"event": "new", "item": {"id": 34, "itemtype": "Ticket", "items_id": 1234, "content": "<p>…</p>"}})),
    responses(
        (status = 204, description = "Taken."),
        (status = 400, description = "The body broke off."),
        (status = 401, description = "The signature or its timestamp is missing or wrong."),
        NoSecret, LateBody, AnyTime,
    ))]
pub(super) async fn take(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            open(&services.settings)?;
            let claim = claim(&parts.headers, &services.settings, Timestamp::now())?;
            let whole = body.read(&services.rooms, Standing::Unproven).await?;
            let size = whole.bytes.len();
            claim.confirm(&whole.bytes, &services.settings).await?;
            let bytes = whole.bytes;
            let reading = async move { serde_json::from_slice::<Event>(&bytes).ok() };
            let event = offload::by_size(size, reading).await;
            if let Some(ticket) = event.and_then(|event| event.item.ticket()) {
                services.gateway().hint(ticket);
            }
            Ok(NO_CONTENT.into_response())
        })
        .await
}

/// Prove that this is the webhook's target
///
/// GLPI's challenge, before it sends to a webhook that asks for one: the answer is the hexadecimal HMAC-SHA256 of the
/// token. No other token than GLPI's own is answered, or anybody could have a payload signed here.
#[utoipa::path(get, path = "/v1/glpi/webhook", operation_id = "glpi_challenge", tag = "glpi",
    params(("crc_token" = String, Query, description = "The hexadecimal HMAC-SHA256 of `validate_cra_challenge`, keyed with the webhook's secret.")),
    responses(
        (status = 200, body = String, content_type = "text/plain", description = "The answer."),
        (status = 401, description = "The token is missing or of another secret."),
        NoSecret,
    ))]
pub(super) async fn challenge(State(services): State<Arc<Services>>, uri: Uri) -> Result<Response, Problem> {
    open(&services.settings)?;
    let query = uri.query().unwrap_or_default().as_bytes();
    let token = url::form_urlencoded::parse(query).find_map(|(name, value)| (name == "crc_token").then_some(value));
    let answer = token.and_then(|token| answer(&token, &services.settings)).ok_or_else(|| {
        auth::unauthorized(
            "bad-challenge",
            "Le paramètre crc_token manque ou ne correspond à aucun secret de http.webhook_secrets. Recopiez-y le secret du webhook de GLPI.",
        )
    })?;
    Ok(([(header::CONTENT_TYPE, "text/plain")], answer).into_response())
}

/// The answer to GLPI's challenge, if one of the secrets made it.
fn answer(token: &str, settings: &config::Http) -> Option<String> {
    let presented = HEXLOWER_PERMISSIVE.decode(token.as_bytes()).ok()?;
    let is_asked = |mac: &Hmac<Sha256>| mac.clone().chain_update(CHALLENGED).verify_slice(&presented).is_ok();
    let mac = auth::codes(&settings.webhook_secrets).filter(is_asked).last()?;
    Some(HEXLOWER.encode(&mac.chain_update(token).finalize().into_bytes()))
}

/// A signature as its two headers give it, of a plausible time.
struct Claim {
    timestamp: String,
    signature: Vec<u8>,
}

fn open(settings: &config::Http) -> Result<(), Problem> {
    if auth::any(&settings.webhook_secrets) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "closed",
        "Cette entrée est fermée\u{a0}: aucun secret n’est configuré. Renseignez http.webhook_secrets (ou la variable PASSERELLE_HTTP__WEBHOOK_SECRETS) avec le secret du webhook de GLPI.",
    ))
}

fn claim(headers: &HeaderMap, settings: &config::Http, now: Timestamp) -> Result<Claim, Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(timestamp), Some(signature)) = (text(TIMESTAMP), text(SIGNATURE)) else {
        return Err(auth::unauthorized(
            "missing-signature",
            "Les en-têtes X-GLPI-signature et X-GLPI-timestamp manquent\u{a0}: cette adresse est faite pour les webhooks de GLPI 11.",
        ));
    };
    let digits = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let signed_at = timestamp.parse().ok().filter(|_| digits).and_then(|seconds| Timestamp::from_second(seconds).ok());
    let Some(signed_at) = signed_at else {
        return Err(auth::unauthorized(
            "bad-timestamp",
            "L’en-tête X-GLPI-timestamp n’est pas un nombre de secondes Unix.",
        ));
    };
    let age = now.duration_since(signed_at);
    if age > OLDEST || age.unsigned_abs() > settings.clock_skew && age.is_negative() {
        return Err(auth::unauthorized(
            "stale-timestamp",
            "L’horodatage du webhook est dans le futur ou a plus de 30 jours. Mettez à l’heure l’horloge du serveur de GLPI.",
        ));
    }
    let signature = HEXLOWER_PERMISSIVE.decode(signature.as_bytes()).map_err(|_| bad_signature())?;
    Ok(Claim { timestamp: timestamp.to_owned(), signature })
}

impl Claim {
    /// Checks the signature over the raw body.
    async fn confirm(self, body: &Bytes, settings: &config::Http) -> Result<(), Problem> {
        let parts = [body.clone(), self.timestamp.into()];
        let valid = auth::is_signed_by(&settings.webhook_secrets, parts, vec![self.signature]).await;
        if valid { Ok(()) } else { Err(bad_signature()) }
    }
}

fn bad_signature() -> Problem {
    auth::unauthorized(
        "bad-signature",
        "La signature ne correspond pas. Recopiez le secret du webhook de GLPI (onglet Sécurité) dans http.webhook_secrets.",
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Event;
    use crate::id::TicketId;

    #[rstest]
    #[case::ticket(
        r#"{"event":"update","item":{"id":7,"name":"LSU","urgency":3,"type":1,"status":{"id":2}}}"#,
        Some(7)
    )]
    #[case::followup(r#"{"event":"new","item":{"id":9,"itemtype":"Ticket","items_id":7,"is_private":true}}"#, Some(7))]
    #[case::solution(r#"{"item":{"id":9,"itemtype":"Ticket","items_id":7},"parent_item":{"id":7}}"#, Some(7))]
    #[case::task(r#"{"item":{"id":9,"tickets_id":7,"state":1}}"#, Some(7))]
    #[case::change(r#"{"item":{"id":9,"urgency":3,"status":{"id":2}}}"#, None)]
    #[case::followup_of_a_change(r#"{"item":{"id":9,"itemtype":"Change","items_id":7,"urgency":3,"type":1}}"#, None)]
    #[case::computer(r#"{"item":{"id":9,"name":"PC","type":{"id":1,"name":"Portable"}}}"#, None)]
    #[case::no_number(r#"{"item":{"id":"7","urgency":3,"type":1}}"#, None)]
    #[case::zero(r#"{"item":{"id":1,"itemtype":"Ticket","items_id":0}}"#, None)]
    #[case::negative(r#"{"item":{"id":-7,"urgency":3,"type":1}}"#, None)]
    #[case::item_is_no_object(r#"{"item":[1,2]}"#, None)]
    #[case::no_item(r#"{"event":"new"}"#, None)]
    #[case::no_json("ticket 7", None)]
    fn the_ticket_of_an_event(#[case] body: &str, #[case] expected: Option<u64>) {
        let event: Option<Event> = serde_json::from_str(body).ok();
        assert_eq!(event.and_then(|event| event.item.ticket()), expected.map(TicketId::new));
    }

    #[test]
    fn nesting_without_end_is_no_event() {
        let body = format!("{{\"item\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(serde_json::from_str::<Event>(&body).is_err());
    }
}
