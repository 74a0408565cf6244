//! What the helpdesk's own people do, over plain REST.

use reqwest::{Method, multipart};
use serde_json::{Value, json};
use url::Url;

/// Somebody signed in at a GLPI.
pub(crate) struct Helpdesk {
    client: reqwest::Client,
    api: String,
    session: String,
}

impl Helpdesk {
    /// Signs somebody in.
    pub(crate) async fn sign_in(url: &Url, login: &str, password: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (client, api) = (reqwest::Client::new(), format!("{url}apirest.php"));
        let answer = client.get(format!("{api}/initSession")).basic_auth(login, Some(password)).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let session = answer["session_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Self { client, api, session }
    }

    /// Makes a call that must succeed.
    pub(crate) async fn call(&self, method: Method, path: &str, input: Value) -> Value {
        let call = self.client.request(method, format!("{}/{path}", self.api)).header("Session-Token", &self.session);
        let answer = call.json(&json!({ "input": input })).send().await.unwrap();
        let (status, answer): (_, Value) = (answer.status(), answer.json().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// Reads what must be there.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let call = self.client.get(format!("{}/{path}", self.api)).header("Session-Token", &self.session);
        call.send().await.unwrap().json().await.unwrap()
    }

    /// The articles that are linked to a ticket, as far as whoever is signed in may read them.
    pub(crate) async fn articles_of(&self, ticket: u64) -> Vec<Value> {
        let links = self.get(&format!("Ticket/{ticket}/KnowbaseItem_Item")).await;
        let mut articles = Vec::new();
        for link in links.as_array().unwrap() {
            articles.push(self.get(&format!("KnowbaseItem/{}", link["knowbaseitems_id"])).await);
        }
        articles
    }

    /// Makes an item; gives its id.
    pub(crate) async fn add(&self, kind: &str, input: Value) -> u64 {
        self.call(Method::POST, kind, input).await["id"].as_u64().unwrap()
    }

    /// Makes an item with one file; gives its id.
    pub(crate) async fn add_with_file(&self, kind: &str, input: Value, name: &str, bytes: &[u8]) -> u64 {
        let manifest =
            multipart::Part::text(json!({ "input": input }).to_string()).mime_str("application/json").unwrap();
        let file = multipart::Part::bytes(bytes.to_vec()).file_name(name.to_owned());
        let form = multipart::Form::new().part("uploadManifest", manifest).part("file0[0]", file);
        let call = self.client.post(format!("{}/{kind}", self.api)).header("Session-Token", &self.session);
        let answer: Value = call.multipart(form).send().await.unwrap().json().await.unwrap();
        answer["id"].as_u64().unwrap_or_else(|| panic!("{answer}"))
    }

    /// A follow-up of a ticket.
    pub(crate) async fn follow_up(&self, ticket: u64, content: &str, private: bool) -> u64 {
        let input =
            json!({"itemtype": "Ticket", "items_id": ticket, "content": content, "is_private": u8::from(private)});
        self.add("ITILFollowup", input).await
    }

    /// Proposes a solution.
    pub(crate) async fn solve(&self, ticket: u64, content: &str) -> u64 {
        self.add("ITILSolution", json!({"itemtype": "Ticket", "items_id": ticket, "content": content})).await
    }

    /// Gives a ticket another status.
    pub(crate) async fn set_status(&self, ticket: u64, status: u64) {
        self.call(Method::PUT, &format!("Ticket/{ticket}"), json!({ "status": status })).await;
    }

    /// Merges a ticket into another as `Ticket::merge` does it: links them, and bins the first.
    pub(crate) async fn merge(&self, ticket: u64, into: u64) {
        self.add("Ticket_Ticket", json!({ "tickets_id_1": ticket, "tickets_id_2": into, "link": 2 })).await;
        self.bin(ticket).await;
    }

    /// Puts a ticket into the bin.
    pub(crate) async fn bin(&self, ticket: u64) {
        self.call(Method::DELETE, &format!("Ticket/{ticket}"), json!({})).await;
    }
}
