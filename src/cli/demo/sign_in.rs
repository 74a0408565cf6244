//! A stand-in for the academy's sign-in: a reverse proxy in front of the pages, to which everybody is one director.

use std::{io, net::SocketAddr};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use reqwest::{Client, Url, redirect::Policy};
use tokio::{net::TcpListener, task::JoinHandle};

/// The header that tells the gateway who is signed in.
pub(super) const IDENTITY_HEADER: &str = "X-Remote-Mail";

/// A running sign-in. Dropping it stops it.
#[derive(Debug)]
pub(super) struct SignIn {
    pub address: SocketAddr,
    serving: JoinHandle<io::Result<()>>,
}

#[derive(Clone)]
struct Proxy {
    client: Client,
    gateway: SocketAddr,
    person: HeaderValue,
}

impl SignIn {
    /// Signs everybody in as this person who comes by this listener.
    ///
    /// # Errors
    ///
    /// Where the listener has no address.
    pub(super) fn start(listener: TcpListener, gateway: SocketAddr, person: &'static str) -> io::Result<Self> {
        // Where a redirect leads is the browser's business, and loopback is never behind the system's proxy.
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().map_err(io::Error::other)?;
        let address = listener.local_addr()?;
        let proxy = Proxy { client, gateway, person: HeaderValue::from_static(person) };
        let routes = Router::new().fallback(forward).with_state(proxy);
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { address, serving })
    }
}

impl Drop for SignIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Passes a visitor's request on, with the host they asked for: the pages compare it with where a form comes from.
async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // The path is judged as the gateway will see it, without `..`: nothing but the pages is behind the sign-in.
    let address = Url::parse(&format!("http://{}{}", proxy.gateway, parts.uri)).ok();
    let Some(address) = address.filter(|address| is_page(address.path())) else {
        return (StatusCode::NOT_FOUND, "Cette adresse ne mène nulle part\u{a0}: le portail est à /portail.")
            .into_response();
    };
    let mut headers = hop_over(parts.headers);
    // In place of whatever the visitor says of themselves.
    headers.insert(IDENTITY_HEADER, proxy.person);
    let call = proxy
        .client
        .request(parts.method, address)
        .headers(headers)
        .body(reqwest::Body::wrap_stream(body.into_data_stream()));
    match call.send().await {
        Ok(answer) => {
            let (mut parts, body) = axum::http::Response::from(answer).into_parts();
            parts.headers = hop_over(parts.headers);
            Response::from_parts(parts, Body::new(body))
        }
        Err(error) => {
            tracing::warn!(error = %error.without_url(), "the gateway does not answer the sign-in");
            (StatusCode::BAD_GATEWAY, "La passerelle ne répond pas. Relancez la démonstration.").into_response()
        }
    }
}

fn is_page(path: &str) -> bool {
    let is_below = |page| path.strip_prefix(page).is_some_and(|rest: &str| rest.is_empty() || rest.starts_with('/'));
    ["/portail", "/pilotage", "/information"].into_iter().any(is_below)
}

/// The headers without those that concern one connection only (RFC 9110 section 7.6.1).
fn hop_over(mut headers: HeaderMap) -> HeaderMap {
    for name in [header::CONNECTION, header::TE, header::TRANSFER_ENCODING, header::UPGRADE] {
        headers.remove(name);
    }
    headers
}
