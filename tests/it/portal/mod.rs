//! What a requester sees and does, over HTTP, with the GLPI stand-in behind.

mod calls;
mod life;
mod listing;
mod matrix;
mod saying;
mod schemathesis;
mod schools;
mod view;

use std::sync::atomic::{AtomicU32, Ordering};

use passerelle::sandbox::Sandbox;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    gateway::{DIRECTORS, Gateway, sandbox},
    helpdesk::Helpdesk,
};

/// A gateway, its GLPI, and a technician there.
struct Scene {
    sandbox: Sandbox,
    gateway: Gateway,
    staff: Helpdesk,
    deposits: AtomicU32,
}

impl Scene {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(settings: &[(&str, &str)]) -> Self {
        let sandbox = sandbox().await;
        let gateway = Gateway::start(&sandbox, settings).await;
        Self::of(sandbox, gateway).await
    }

    async fn of(sandbox: Sandbox, gateway: Gateway) -> Self {
        let staff = Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await;
        Self { sandbox, gateway, staff, deposits: AtomicU32::new(0) }
    }

    /// A request of this person, by the portal's form.
    async fn deposit(&self, requester: &str, change: Value) -> u64 {
        let mut form =
            json!({"requester": requester, "application": "LSU", "title": "Bilans", "description": "Bonjour"});
        form.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let deposits = self.deposits.fetch_add(1, Ordering::Relaxed);
        let answer = self.gateway.post_form(&form, Some(&format!("deposit-{deposits}"))).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        answer.json::<Value>().await.unwrap()["ticket"].as_u64().unwrap()
    }

    /// What the first director gets from a signed call.
    async fn get(&self, path: &str, query: &str) -> Response {
        self.get_as(DIRECTORS[0], path, query).await
    }

    async fn get_as(&self, requester: &str, path: &str, query: &str) -> Response {
        let address = format!("{path}?requester={requester}{query}");
        // What leads elsewhere is looked at itself.
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let call = self.gateway.signed(Method::GET, &address, b"").build().unwrap();
        client.execute(call).await.unwrap()
    }

    async fn json(&self, path: &str, query: &str) -> Value {
        let answer = self.get(path, query).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}{query}");
        answer.json().await.unwrap()
    }

    /// What the first director gets from a signed call that says something.
    async fn post(&self, path: &str, body: &Value, key: Option<&str>) -> Response {
        let address = format!("{path}?requester={}", DIRECTORS[0]);
        let body = body.to_string();
        let call = match key {
            Some(key) => self.gateway.signed_with_key(Method::POST, &address, key, body.as_bytes()),
            None => self.gateway.signed(Method::POST, &address, body.as_bytes()),
        };
        call.header("Content-Type", "application/json").send().await.unwrap()
    }
}

/// A problem's reason, after checking its status and what every problem has.
async fn reason(answer: Response, status: u16) -> String {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let (found, problem) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
    assert_eq!(found, status, "{problem}");
    assert!(!problem["detail"].as_str().unwrap().is_empty());
    problem["reason"].as_str().unwrap().to_owned()
}
