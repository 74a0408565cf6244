//! Who signs people in, for the proxies: a provider of `OpenID`, at which everybody is Jeanne, and what speaks as oauth2-proxy
//! does, which sends people there. Apache's module goes to the provider itself.

use std::{collections::HashMap, net::SocketAddr};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use url::Url;

use super::JEANNE;

/// As the proxies' files have them.
const CLIENT: &str = "passerelle";
const SECRET: &str = "…";
/// What oauth2-proxy remembers Jeanne by.
const SESSION: &str = "session=jeanne";

type Fields = HashMap<String, String>;

async fn serve(make: impl FnOnce(SocketAddr) -> Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = make(address);
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    address
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).unwrap_or_else(|| panic!("no {name} in {fields:?}"))
}

/// Starts a provider (`OpenID` Connect Core 1.0, its authorization code flow); gives its address.
pub(super) async fn provider() -> String {
    let of = |address| format!("http://{address}");
    let address = serve(|address| {
        Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(of(address))
    });
    of(address.await)
}

async fn configuration(State(issuer): State<String>) -> Json<Value> {
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "response_types_supported": ["code"],
        "id_token_signing_alg_values_supported": ["HS256"],
    }))
}

/// Leads back at once, with a code that is the sign-in's nonce.
async fn authorize(Query(asked): Query<Fields>) -> Response {
    assert_eq!((field(&asked, "client_id"), field(&asked, "response_type")), (CLIENT, "code"));
    let mut back: Url = field(&asked, "redirect_uri").parse().unwrap();
    let code = asked.get("nonce").map_or("", String::as_str);
    back.query_pairs_mut().append_pair("code", code).append_pair("state", field(&asked, "state"));
    found(back.as_str())
}

/// What Apache's module asks for behind the browser's back.
async fn token(State(issuer): State<String>, Form(asked): Form<Fields>) -> Json<Value> {
    let now = Timestamp::now().as_second();
    let claims = json!({
        "iss": issuer, "aud": CLIENT, "sub": "jeanne", "email": JEANNE, "nonce": field(&asked, "code"), "iat": now,
        "exp": now + 600,
    });
    let parts = [json!({ "alg": "HS256" }), claims];
    let signed = parts.map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes())).join(".");
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(&signed).finalize();
    let id_token = format!("{signed}.{}", BASE64URL_NOPAD.encode(&mac.into_bytes()));
    Json(json!({ "access_token": "access-token-for-tests", "token_type": "Bearer", "id_token": id_token }))
}

/// Speaks as oauth2-proxy does before this provider.
pub(super) async fn oauth2_proxy(provider: &str) -> SocketAddr {
    let provider = provider.to_owned();
    let routes = Router::new()
        .route("/oauth2/auth", get(auth))
        .route("/oauth2/start", get(start))
        .route("/oauth2/callback", get(callback))
        .with_state(provider);
    serve(|_| routes).await
}

async fn auth(headers: HeaderMap) -> Response {
    let is_known = headers.get(header::COOKIE).is_some_and(|cookie| cookie == SESSION);
    if is_known {
        (StatusCode::ACCEPTED, [("X-Auth-Request-Email", JEANNE)]).into_response()
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

/// Where people come back to is what `rd` says in the address, else the header, else the beginning (oauth2-proxy's
/// `pkg/app/redirect`); the provider keeps it meanwhile, in its state.
async fn start(State(provider): State<String>, Query(asked): Query<Fields>, headers: HeaderMap) -> Response {
    let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let back = asked.get("rd").cloned().or_else(|| said("X-Auth-Request-Redirect")).unwrap_or_else(|| "/".to_owned());
    // With no word of the proxy's, its cookie is for https.
    let scheme = said("X-Forwarded-Proto").unwrap_or_else(|| "https".to_owned());
    let callback = format!("{scheme}://{}/oauth2/callback", said("Host").unwrap());
    let mut to: Url = format!("{provider}/authorize").parse().unwrap();
    to.query_pairs_mut()
        .append_pair("client_id", CLIENT)
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", &callback)
        .append_pair("state", &back);
    found(to.as_str())
}

async fn callback(Query(asked): Query<Fields>) -> Response {
    let mut back = found(field(&asked, "state"));
    back.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_static("session=jeanne; Path=/; HttpOnly"));
    back
}

fn found(to: &str) -> Response {
    let to: Uri = to.parse().unwrap();
    (StatusCode::FOUND, [(header::LOCATION, to.to_string())]).into_response()
}
