//! `GET /openapi.json`: the API's description, made from the code.

use std::sync::Arc;

use axum::{Extension, Router, body::Bytes, http::header, response::IntoResponse};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    announcements, api, auth, docs, drafts, examples, figures, health, mail,
    portal_hooks::{self, HookCall, HookData},
    problem::Problem,
    requests, responses,
    responses::BrokenCall,
    services::Services,
    tally, tickets, webhook,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Passerelle", description = "Turns school directors' mails and forms into tickets of the academy's GLPI. Every error is an RFC 9457 problem with a stable `reason` and a French `detail`.", license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later")),
    servers((url = "/", description = "This gateway.")),
    tags((name = "requests", description = "Requests for help."), (name = "portal", description = "What a requester sees of their requests and does with them."), (name = "tickets", description = "What becomes of their tickets."), (name = "figures", description = "What all requests say, for people in charge."), (name = "announcements", description = "Information to all directors of a zone, by people in charge."), (name = "hooks", description = "What the gateway tells the portal: calls that the portal takes, at `hooks.url`. Headers and answers are the same for each type."), (name = "glpi", description = "For GLPI 11's webhooks."), (name = "health", description = "For whoever watches the gateway.")),
    components(schemas(Problem, HookCall, HookData)),
    modifiers(&Schemes),
)]
struct Api;

/// The ways to authenticate.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let token = |setting: &str| {
            let description = format!("One of the tokens of `{setting}`.");
            SecurityScheme::Http(Http::builder().scheme(HttpAuthScheme::Bearer).description(Some(description)).build())
        };
        let header = |name: &str, description: &str| {
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, description)))
        };
        let components = api.components.get_or_insert_with(Components::new);
        components.add_security_scheme("mail_token", token("http.mail_tokens"));
        components.add_security_scheme("form_token", token("http.form_tokens"));
        components.add_security_scheme("ticket_token", token("http.ticket_tokens"));
        components.add_security_scheme("people_token", token("people.tokens"));
        components.add_security_scheme(
            "glpi_timestamp",
            header(webhook::TIMESTAMP, "When the event happened, Unix seconds; at most 30 days ago."),
        );
        components.add_security_scheme(
            "glpi_signature",
            header(
                webhook::SIGNATURE,
                "The hexadecimal HMAC-SHA256, keyed with one of `http.webhook_secrets`, of the raw body and the timestamp.",
            ),
        );
        components.add_security_scheme(
            "portal_timestamp",
            header(auth::TIMESTAMP, "When the portal signed, Unix seconds; at most `http.clock_skew` away from now."),
        );
        components.add_security_scheme(
            "portal_signature",
            header(
                auth::SIGNATURE,
                "`v3=`, `v2=` or `v1=` and a hexadecimal HMAC-SHA256, keyed with one of `http.portal_secrets`: v3 of `v3`, the timestamp, the method, path and query as sent, the Idempotency-Key (empty without one) and the hexadecimal SHA-256 of the raw body, a line feed behind each, for every call; v2 of `v2`, the timestamp, the method, path and query as sent, a line feed behind each, and the raw body, for every call; v1 of the timestamp, a full stop and the raw body, for `POST /v1/requests` alone. The highest version given decides. v1 and v2 do not cover the Idempotency-Key: each goes with the one it first came with alone. The query names the requester in `requester`. Several, separated by commas, during a rotation.",
            ),
        );
        components.add_security_scheme(
            portal_hooks::SIGNATURE_SCHEME,
            header(
                "webhook-signature",
                "Of the gateway, to the portal: `v1,` and the Base64 of the HMAC-SHA256 of `webhook-id`, a full stop, `webhook-timestamp`, a full stop and the raw body, keyed with the bytes that the Base64 behind `whsec_` in `hooks.secrets` stands for. Several, separated by spaces, during a rotation: one that is right is enough.",
            ),
        );
        components.add_security_scheme(
            "proxy_identity",
            header(
                "X-Remote-Mail",
                "The signed-in person's address, in the header of `http.identity_header`: believed only of a proxy in `http.trusted_proxies` that sends `http.proxy_secret` in `X-Passerelle-Proxy-Secret`, or behind `http.identity_listen`.",
            ),
        );
    }
}

/// This description
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses(
    (status = 200, body = Object, content_type = "application/json", description = "OpenAPI 3.1.",
        example = json!({"openapi": "3.1.0", "info": {"title": "Passerelle"}, "paths": {}})),
    BrokenCall,
))]
async fn description(Extension(Rendered(api)): Extension<Rendered>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], api)
}

/// The description as it is sent.
#[derive(Clone)]
struct Rendered(Bytes);

/// Every route, each with its description, and the page that shows them; those for who watches the gateway only where
/// they are asked for.
pub(super) fn routes(with_health: bool) -> Router<Arc<Services>> {
    let (router, mut api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(mail::take))
        .routes(routes!(requests::create))
        .merge(api::routes())
        .merge(figures::routes())
        .merge(announcements::routes())
        .routes(routes!(tickets::escalate))
        .routes(routes!(tickets::hand_back))
        .routes(routes!(drafts::draft))
        .routes(routes!(webhook::take, webhook::challenge))
        .merge(if with_health { health::routes() } else { OpenApiRouter::new() })
        .routes(routes!(description))
        .split_for_parts();
    responses::as_problems(&mut api);
    // A description is plain data: it always becomes JSON.
    let mut api = serde_json::to_value(api).unwrap_or_default();
    portal_hooks::add(&mut api);
    examples::complete(&mut api);
    tally::expect(&api);
    router.merge(docs::routes(&api)).layer(Extension(Rendered(Bytes::from(api.to_string()))))
}
