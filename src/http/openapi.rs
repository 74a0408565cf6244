//! `GET /openapi.json`: the API's description, made from the code.

use std::sync::{Arc, OnceLock};

use axum::{Extension, Router, body::Bytes, handler::Handler, http::header, response::IntoResponse, routing::get};
use serde_json::Value;
use utoipa::{
    __dev::{SchemaReferences, Tags},
    Modify, OpenApi, Path,
    openapi::{
        Components,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{
    announcements, api, auth,
    calls::Calls,
    docs, drafts, examples, figures, health, mail,
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
                "The signed-in person's address, in the header of `http.identity_header`: believed only of a proxy in `http.trusted_proxies` that sends `http.proxy_secret` in `X-Passerelle-Proxy-Secret`, or behind `http.identity_listen`, at a port of which it sends that secret, too, where there is one.",
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
async fn description(Extension(description): Extension<Arc<Description>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], description.json().clone())
}

/// The description as it is sent, and the page that shows it: each made when it is asked for first. Few ever ask, and it
/// takes more memory than all the rest of a gateway at rest.
struct Description {
    with_health: bool,
    json: OnceLock<Bytes>,
    page: OnceLock<Bytes>,
}

impl Description {
    fn json(&self) -> &Bytes {
        self.json.get_or_init(|| Bytes::from(described(self.with_health).to_string()))
    }

    fn page(&self) -> &Bytes {
        self.page.get_or_init(|| docs::page(&described(self.with_health)))
    }
}

/// Tells of each call; of those for who watches the gateway only where they are asked for.
fn calls<C: Calls>(calls: C, with_health: bool) -> C {
    let calls = calls.call(mail::__path_take, mail::take).call(requests::__path_create, requests::create);
    let calls = announcements::calls(figures::calls(api::calls(calls)));
    let calls = calls
        .call(tickets::__path_escalate, tickets::escalate)
        .call(tickets::__path_hand_back, tickets::hand_back)
        .call(drafts::__path_draft, drafts::draft)
        .call(webhook::__path_take, webhook::take)
        .call(webhook::__path_challenge, webhook::challenge);
    let calls = if with_health { health::calls(calls) } else { calls };
    calls.call(__path_description, description)
}

/// The routes of every call, and of the page that shows them.
pub(super) fn routes(with_health: bool) -> Router<Arc<Services>> {
    calls(tally::Expected, with_health);
    let description = Description { with_health, json: OnceLock::new(), page: OnceLock::new() };
    let page = async |Extension(description): Extension<Arc<Description>>| docs::shown(description.page().clone());
    calls(Router::new(), with_health)
        .route("/docs", get(page))
        .merge(docs::files())
        .layer(Extension(Arc::new(description)))
}

/// The description of every call.
fn described(with_health: bool) -> Value {
    let Described(mut api) = calls(Described(Api::openapi()), with_health);
    responses::as_problems(&mut api);
    // A description is plain data: it always becomes JSON.
    let mut api = serde_json::to_value(api).unwrap_or_default();
    portal_hooks::add(&mut api);
    examples::complete(&mut api);
    api
}

struct Described(utoipa::openapi::OpenApi);

impl Calls for Described {
    fn call<P, H, T>(mut self, _: P, _: H) -> Self
    where
        P: Path + Tags<'static> + SchemaReferences,
        H: Handler<T, Arc<Services>>,
        T: 'static,
    {
        let mut operation = P::operation();
        operation.tags.get_or_insert_default().extend(P::tags().into_iter().map(str::to_owned));
        self.0.paths.add_path_operation(<P as Path>::path(), <P as Path>::methods(), operation);
        let components = self.0.components.get_or_insert_with(Components::new);
        let mut schemas = Vec::new();
        P::schemas(&mut schemas);
        components.schemas.extend(schemas);
        self
    }
}
