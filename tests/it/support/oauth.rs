//! An OAuth 2.0 provider: it gives access tokens for one mailbox (RFC 6749) and tells a mail server whose a
//! token is (RFC 7662).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    routing::post,
};
use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) const CLIENT_ID: &str = "passerelle";
pub(crate) const CLIENT_SECRET: &str = "client-secret-for-tests";
pub(crate) const REFRESH_TOKEN: &str = "refresh-token-for-tests";

/// A running provider. Dropping it stops it.
pub(crate) struct Provider {
    url: String,
    tokens: Arc<Tokens>,
    serving: JoinHandle<()>,
}

struct Tokens {
    user: String,
    lifetime: Duration,
    /// Each token that was given, and until when it is good.
    given: Mutex<Vec<(String, Instant)>>,
}

impl Provider {
    /// Gives tokens for the mailbox of `user` that are good for `lifetime`.
    pub(crate) async fn start(user: &str, lifetime: Duration) -> Self {
        let tokens = Arc::new(Tokens { user: user.to_owned(), lifetime, given: Mutex::default() });
        let routes = Router::new()
            .route("/token", post(give))
            .route("/introspect", post(introspect))
            .with_state(Arc::clone(&tokens));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, tokens, serving }
    }

    /// Where a client gets its tokens, with its secret or with a refresh token.
    pub(crate) fn token_url(&self) -> String {
        format!("{}/token", self.url)
    }

    /// Where a mail server asks about a token.
    pub(crate) fn introspection_url(&self) -> String {
        format!("{}/introspect", self.url)
    }

    /// How many tokens it has given.
    pub(crate) fn given(&self) -> usize {
        self.tokens.given.lock().unwrap().len()
    }

    /// Ends the life of every token it has given.
    pub(crate) fn revoke_all(&self) {
        for (_, until) in self.tokens.given.lock().unwrap().iter_mut() {
            *until = Instant::now();
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn give(
    State(tokens): State<Arc<Tokens>>,
    headers: HeaderMap,
    Form(request): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let field = |name| request.get(name).map_or("", String::as_str);
    // RFC 6749, 2.3.1: the client's secret comes in the header or in the form.
    let in_header = format!("Basic {}", BASE64.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}").as_bytes()));
    let known = headers.get(AUTHORIZATION).is_some_and(|given| given == in_header.as_str())
        || (field("client_id"), field("client_secret")) == (CLIENT_ID, CLIENT_SECRET);
    if !known {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"})));
    }
    match field("grant_type") {
        "client_credentials" => {}
        "refresh_token" if field("refresh_token") == REFRESH_TOKEN => {}
        "refresh_token" => return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))),
        _ => return (StatusCode::BAD_REQUEST, Json(json!({"error": "unsupported_grant_type"}))),
    }
    let mut given = tokens.given.lock().unwrap();
    let token = format!("access-token-{}", given.len() + 1);
    given.push((token.clone(), Instant::now() + tokens.lifetime));
    let answer = json!({"access_token": token, "token_type": "Bearer", "expires_in": tokens.lifetime.as_secs()});
    (StatusCode::OK, Json(answer))
}

async fn introspect(State(tokens): State<Arc<Tokens>>, Form(request): Form<HashMap<String, String>>) -> Json<Value> {
    let given = tokens.given.lock().unwrap();
    let good = given.iter().any(|(token, until)| request.get("token") == Some(token) && Instant::now() < *until);
    Json(if good { json!({"active": true, "username": tokens.user}) } else { json!({"active": false}) })
}
