//! The HTTP API over real connections; a double stands in for the pipeline.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bounds;
mod credentials;
mod depositor;
mod doors;
mod drafts;
mod forms;
mod keys;
mod outcomes;
mod parameters;
mod surroundings;
mod tickets;
mod webhook;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use passerelle::{
    announcements::Board,
    app, config,
    flow::{directory::Directory, route},
    http::{Doors, Gateway, NotReady, Services, serve},
    id::{ArticleId, TicketId},
    intake::TakesMail,
    knowledge::Knowledge,
    lifecycle::{
        drafts::{DraftError, DraftOrder, DraftPreview, Drafted},
        escalation::{EscalateError, Moved, Order},
        notices::StaffStep,
    },
    portal::Portal,
    request::{Address, Decided, Deferral, Envelope, Outcome, Prospect, Receipt, Received, Reference, SignedCall},
    telemetry,
    working_time::Calendar,
};
use reqwest::{RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::signing::{v1 as sign, v2 as sign_v2, v3 as sign_v3};

const MAIL_TOKEN: &str = "jeton-du-relais-academique";
const TICKET_TOKEN: &str = "jeton-des-tickets";
const FORM_TOKEN: &str = "jeton-du-portail-pia";
const SECRET: &str = "secret-du-portail-pia";
const PROXY_SECRET: &str = "secret-du-mandataire-de-connexion";

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

/// How requests of this reference end.
type Ending = dyn Fn(Reference) -> BoxFuture<'static, Outcome> + Send + Sync;

/// Stands in for what is behind the API.
struct Double {
    seen: Seen,
    outcome: Box<Ending>,
    ready: fn() -> Result<(), NotReady>,
    /// Tickets that were to be looked at.
    hinted: Arc<Mutex<Vec<u64>>>,
    /// The key that each signed call came with.
    keys: Mutex<HashMap<String, String>>,
}

impl Default for Double {
    /// Makes a ticket of everything.
    fn default() -> Self {
        let outcome: Box<Ending> =
            Box::new(|reference| Box::pin(std::future::ready(Outcome::Created(receipt(reference)))));
        Self { seen: Seen::default(), outcome, ready: || Ok(()), hinted: Arc::default(), keys: Mutex::default() }
    }
}

impl TakesMail for Double {
    fn mail(self: Arc<Self>, envelope: Envelope, raw: Bytes) -> BoxFuture<'static, Outcome> {
        let reference = Reference::new("mail", "", &raw);
        self.seen.mails.lock().unwrap().push((envelope, raw));
        (self.outcome)(reference)
    }
}

impl Gateway for Double {
    fn prospect(self: Arc<Self>, _: Address) -> BoxFuture<'static, Prospect> {
        Box::pin(std::future::ready(Prospect::default()))
    }

    fn keep_key(
        self: Arc<Self>,
        signed: String,
        key: String,
        life: Duration,
    ) -> BoxFuture<'static, Result<bool, Deferral>> {
        assert!(life >= 2 * Duration::from_mins(5), "twice the skew that is allowed: {life:?}");
        let kept = self.keys.lock().unwrap().entry(signed).or_insert_with(|| key.clone()) == &key;
        Box::pin(std::future::ready(Ok(kept)))
    }

    fn form(self: Arc<Self>, received: Received, _: Instant) -> BoxFuture<'static, Outcome> {
        let reference = received.reference;
        self.seen.forms.lock().unwrap().push(received);
        (self.outcome)(reference)
    }

    fn complement(self: Arc<Self>, _: Received, _: TicketId, _: Instant) -> BoxFuture<'static, Outcome> {
        unreachable!("nothing is added")
    }

    fn decide(self: Arc<Self>, _: Address, _: TicketId, _: Decided) -> BoxFuture<'static, Outcome> {
        unreachable!("nothing is decided")
    }

    fn withdraw(
        self: Arc<Self>,
        _: Address,
        _: TicketId,
        _: String,
        _: Option<SignedCall>,
    ) -> BoxFuture<'static, Outcome> {
        unreachable!("nothing is withdrawn")
    }

    fn first_help(self: Arc<Self>, _: Address, _: ArticleId) -> BoxFuture<'static, bool> {
        unreachable!("nothing has helped")
    }

    fn move_ticket(
        self: Arc<Self>,
        ticket: TicketId,
        order: Order,
    ) -> BoxFuture<'static, Result<Moved, EscalateError>> {
        Box::pin(std::future::ready(tickets::moved(ticket.get(), order)))
    }

    fn preview_article(
        self: Arc<Self>,
        _: TicketId,
        _: Address,
    ) -> BoxFuture<'static, Result<DraftPreview, DraftError>> {
        unreachable!("the pages ask for it")
    }

    fn draft_article_for(self: Arc<Self>, _: TicketId, _: Address) -> BoxFuture<'static, Result<Drafted, DraftError>> {
        unreachable!("the pages ask for it")
    }

    fn draft_article(
        self: Arc<Self>,
        ticket: TicketId,
        order: DraftOrder,
    ) -> BoxFuture<'static, Result<Drafted, DraftError>> {
        Box::pin(std::future::ready(drafts::drafted(ticket, &order)))
    }

    fn informs(self: Arc<Self>, _: TicketId, _: StaffStep) -> BoxFuture<'static, bool> {
        Box::pin(async { false })
    }

    fn ready(self: Arc<Self>) -> BoxFuture<'static, Result<(), NotReady>> {
        Box::pin(async move { (self.ready)() })
    }

    fn hint(&self, ticket: TicketId) {
        self.hinted.lock().unwrap().push(ticket.get());
    }
}

/// A gateway's API on a free port.
struct Api {
    url: String,
    /// Where only the proxy comes, and where only who watches: where the settings have them.
    identity_url: Option<String>,
    admin_url: Option<String>,
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
        ("PASSERELLE_HTTP__PROXY_SECRET", PROXY_SECRET),
        ("PASSERELLE_HTTP__LISTEN", "127.0.0.1:0"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut settings = config::load_from(None, variables).unwrap().http;
    change(&mut settings);
    settings
}

fn services(settings: config::Http, gateway: Double, stop: CancellationToken) -> Services {
    let time_zone = TimeZone::get("Europe/Paris").unwrap();
    let mappings = route::MappingStore::load(None).unwrap();
    // A GLPI that is nowhere: what a portal shows is tested with one.
    let variables = [("URL", "http://127.0.0.1:9"), ("LOGIN", "x"), ("PASSWORD", "x")];
    let variables = variables.map(|(name, value)| (format!("PASSERELLE_GLPI__{name}"), value.to_owned()));
    let config = config::load_from(None, variables).unwrap();
    let calendar = Calendar::new(&config.calendar, config.time_zone.clone()).unwrap();
    let glpi = app::glpi(&config).unwrap();
    let directory = Directory::new(&config.directory, Some(glpi.clone())).unwrap();
    let knowledge = Arc::new(Knowledge::new(&config, glpi.clone(), mappings.clone()));
    let board = Arc::new(Board::new(&config, &glpi));
    let portal =
        Portal::new(&config, glpi, mappings.clone(), Arc::new(calendar), Arc::new(directory), knowledge, board);
    Services::new(settings, time_zone, mappings, Arc::new(portal), telemetry::metrics(), Arc::new(gateway), stop)
}

/// An API whose every request ends so.
async fn api_with<F: Future<Output = Outcome> + Send + 'static>(
    change: impl FnOnce(&mut config::Http),
    outcome: impl Fn(Reference) -> F + Send + Sync + 'static,
) -> Api {
    let seen = Seen::default();
    let outcome: Box<Ending> = Box::new(move |reference| Box::pin(outcome(reference)));
    let gateway = Double { seen: seen.clone(), outcome, ..Double::default() };
    start(settings(change), gateway, seen).await
}

async fn start(settings: config::Http, gateway: Double, seen: Seen) -> Api {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let doors = Doors::bind(&settings).await.unwrap();
    let url = format!("http://{}", doors.everybody().unwrap());
    let [identity_url, admin_url] =
        [doors.proxy(), doors.operators()].map(|address| Some(format!("http://{}", address?)));
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(doors, services(settings, gateway, stop.clone()), None));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Api { url, identity_url, admin_url, client, seen, stop, serving }
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
        ticket: TicketId::new(1234),
        reference,
        link: Some("http://glpi.example.fr/front/ticket.form.php?id=1234".into()),
        application: "LSU".into(),
        category: "Scolarité > LSU".into(),
        group: "Référents-LSU".into(),
        title: "Validation des bilans".into(),
        details: passerelle::request::ReceiptDetails::default(),
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
