//! The HTTP API over real connections; closures stand in for the pipeline.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bounds;
mod credentials;
mod depositor;
mod forms;
mod outcomes;
mod surroundings;
mod tickets;
mod webhook;

use std::{
    future::Future,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use jiff::tz::TimeZone;
use passerelle::{
    app, config,
    flow::route,
    http::{Handlers, Services, serve},
    portal::Portal,
    request::{Envelope, Outcome, Receipt, Received, Reference},
    telemetry,
    working_time::Calendar,
};
use reqwest::{RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::support::signing::{v1 as sign, v2 as sign_v2};

const MAIL_TOKEN: &str = "jeton-du-relais-academique";
const TICKET_TOKEN: &str = "jeton-des-tickets";
const FORM_TOKEN: &str = "jeton-du-portail-pia";
const SECRET: &str = "secret-du-portail-pia";

/// What reached the pipeline.
#[derive(Clone, Default)]
struct Seen {
    mails: Arc<Mutex<Vec<(Envelope, Bytes)>>>,
    forms: Arc<Mutex<Vec<Received>>>,
}

impl Seen {
    fn last_form(&self) -> Received {
        self.forms.lock().unwrap().last().unwrap().clone()
    }
}

/// A gateway's API on a free port.
struct Api {
    url: String,
    client: reqwest::Client,
    seen: Seen,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

fn settings(change: impl FnOnce(&mut config::Http)) -> config::Http {
    let variables = [
        ("PASSERELLE_GLPI__URL", "http://glpi.example.fr"),
        ("PASSERELLE_HTTP__MAIL_TOKENS", MAIL_TOKEN),
        ("PASSERELLE_HTTP__FORM_TOKENS", FORM_TOKEN),
        ("PASSERELLE_HTTP__TICKET_TOKENS", TICKET_TOKEN),
        ("PASSERELLE_HTTP__PORTAL_SECRETS", SECRET),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut settings = config::load_from(None, variables).unwrap().http;
    change(&mut settings);
    settings
}

fn services(settings: config::Http, handlers: Handlers, stop: CancellationToken) -> Services {
    let time_zone = TimeZone::get("Europe/Paris").unwrap();
    let mappings = route::MappingStore::load(None).unwrap();
    // A GLPI that is nowhere: what a portal shows is tested with one.
    let variables = [("URL", "http://127.0.0.1:9"), ("LOGIN", "x"), ("PASSWORD", "x")];
    let variables = variables.map(|(name, value)| (format!("PASSERELLE_GLPI__{name}"), value.to_owned()));
    let config = config::load_from(None, variables).unwrap();
    let calendar = Calendar::new(&config.calendar, config.time_zone.clone()).unwrap();
    let portal = Portal::new(&config, app::glpi(&config).unwrap(), mappings.clone(), Arc::new(calendar));
    Services::new(settings, time_zone, mappings, Arc::new(portal), telemetry::metrics(), handlers, stop)
}

/// An API whose every request ends so.
async fn api_with<F: Future<Output = Outcome> + Send + 'static>(
    change: impl FnOnce(&mut config::Http),
    outcome: impl Fn(Reference) -> F + Clone + Send + Sync + 'static,
) -> Api {
    let seen = Seen::default();
    let (mails, forms, of_mail) = (seen.mails.clone(), seen.forms.clone(), outcome.clone());
    let handlers = Handlers::new(
        move |envelope, raw: Bytes| {
            let reference = Reference::new("mail", "", &raw);
            mails.lock().unwrap().push((envelope, raw));
            of_mail(reference)
        },
        move |received| {
            let reference = received.reference;
            forms.lock().unwrap().push(received);
            outcome(reference)
        },
        async |_, _| unreachable!("nothing is added"),
        async |_, _, _| unreachable!("nothing is decided"),
        tickets::moved,
        async || Ok(()),
    );
    start(settings(change), handlers, seen).await
}

async fn start(settings: config::Http, handlers: Handlers, seen: Seen) -> Api {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, services(settings, handlers, stop.clone())));
    Api { url, client: reqwest::Client::builder().no_proxy().build().unwrap(), seen, stop, serving }
}

/// An API that makes a ticket of everything.
async fn api() -> Api {
    api_with(|_| {}, async |reference| Outcome::Created(receipt(reference))).await
}

impl Api {
    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }

    fn mail(&self) -> RequestBuilder {
        self.post("/v1/mail").bearer_auth(MAIL_TOKEN).header(header::CONTENT_TYPE, "message/rfc822")
    }

    fn form(&self, fields: &Value) -> RequestBuilder {
        self.post("/v1/requests").bearer_auth(FORM_TOKEN).json(fields)
    }
}

fn receipt(reference: Reference) -> Receipt {
    Receipt {
        ticket: 1234,
        reference,
        link: Some("http://glpi.example.fr/front/ticket.form.php?id=1234".into()),
        application: "LSU".into(),
        category: "Scolarité > LSU".into(),
        group: "Référents-LSU".into(),
        title: "Validation des bilans".into(),
        left_out: Vec::new(),
    }
}

/// A form with nothing wrong.
fn fields() -> Value {
    json!({
        "requester": "ce.0210001A@ac-dijon.fr",
        "application": "LSUN / LSU",
        "title": "Validation des bilans",
        "description": "Le bouton reste grisé.",
    })
}

/// The problem of a response, after checking all that every problem has.
async fn problem(response: Response, status: u16, reason: &str) -> Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{reason}");
    assert!(response.headers().contains_key("x-request-id"), "{reason}");
    assert_eq!(response.status(), StatusCode::from_u16(status).unwrap(), "{reason}");
    if status == 401 {
        let (scheme, _) = response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().split_once(' ').unwrap();
        assert!(["Bearer", "Passerelle-Signature"].contains(&scheme), "{reason}: {scheme}");
    }
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["reason"], reason);
    assert_eq!(problem["status"], status);
    assert_eq!(problem["type"], format!("/problems/{reason}"));
    for text in ["title", "detail"] {
        assert!(!problem[text].as_str().unwrap().is_empty(), "{text} of {reason}");
    }
    problem
}
