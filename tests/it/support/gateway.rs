//! A gateway in this process, its GLPI stand-in, and ways to hand requests in.

use std::{collections::BTreeMap, net::SocketAddr};

use passerelle::{
    app::App,
    cli::demo::lmtp_client::deliver,
    config,
    request::{Channel, Envelope},
    sandbox::{Options, Sandbox, TicketView},
    smtp::{Mailer, Outbox},
    telemetry,
};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{signing, wait_until};

/// The directors the stand-in is seeded with, and someone who directs no school.
pub(crate) const DIRECTORS: [&str; 5] = [
    "ce.0210001A@ac-dijon.fr",
    "ce.0210002B@ac-dijon.fr",
    "ce.0210003C@ac-dijon.fr",
    "ce.0580004D@ac-dijon.fr",
    "ce.0710005E@ac-dijon.fr",
];
pub(crate) const AGENT: &str = "agent.simple@ac-dijon.fr";
pub(crate) const ASSISTANCE: &str = "assistance1d@ac-dijon.fr";
pub(crate) const MAIL_TOKEN: &str = "mail-token-for-tests";
pub(crate) const PORTAL_SECRET: &str = "portal-secret-for-tests";
pub(crate) const PROXY_SECRET: &str = "proxy-secret-for-tests";

/// A running gateway. Dropping it stops it.
pub(crate) struct Gateway {
    pub(crate) http: SocketAddr,
    pub(crate) lmtp: SocketAddr,
    pub(crate) outbox: Outbox,
    stop: CancellationToken,
    running: JoinHandle<()>,
    client: reqwest::Client,
}

/// A GLPI stand-in with the usual limits.
pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).await.unwrap()
}

impl Gateway {
    /// A gateway in front of `sandbox`; `settings` are `section.key = value` beyond the usual ones.
    /// Its mails go into the outbox.
    pub(crate) async fn start(sandbox: &Sandbox, settings: &[(&str, &str)]) -> Self {
        Self::in_front_of(sandbox.url().as_str(), settings).await
    }

    /// A gateway in front of the GLPI at `url`.
    pub(crate) async fn in_front_of(url: &str, settings: &[(&str, &str)]) -> Self {
        let (mailer, outbox) = Mailer::memory();
        Box::pin(Self::run(App::build_with(configured(url, settings), mailer).unwrap(), outbox)).await
    }

    /// A gateway that really sends its mails, by `smtp.url`; its outbox stays empty.
    pub(crate) async fn sending(url: &str, settings: &[(&str, &str)]) -> Self {
        Self::run(App::build(configured(url, settings)).unwrap(), Outbox::default()).await
    }

    async fn run(app: App, outbox: Outbox) -> Self {
        let server = app.bind(telemetry::metrics()).await.unwrap();
        let http = server.http_address().or(server.identity_address()).unwrap();
        let lmtp = server.lmtp_addresses()[0].parse().unwrap();
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(stop.clone()));
        Self { http, lmtp, outbox, stop, running, client: reqwest::Client::new() }
    }

    /// Stops it and waits until everything it had begun has ended.
    pub(crate) async fn finish(mut self) {
        self.stop.cancel();
        (&mut self.running).await.unwrap();
    }

    /// Waits until all tickets are counted in the figures, as whoever has this token is told.
    pub(crate) async fn has_counted(&self, token: &str) {
        wait_until("all tickets are counted", async || {
            let answer = self.call(Method::GET, "/v1/figures").bearer_auth(token).send().await.unwrap();
            answer.json::<Value>().await.unwrap()["reading"]["is_whole"] == true
        })
        .await;
    }

    /// Delivers a mail by LMTP; gives the last reply.
    pub(crate) async fn deliver(&self, sender: &str, mail: &[u8]) -> String {
        self.deliver_to(&[ASSISTANCE], sender, mail).await.pop().unwrap()
    }

    /// Delivers a mail by LMTP to several recipients; gives the reply for each, or the one that ended it.
    pub(crate) async fn deliver_to(&self, recipients: &[&str], sender: &str, mail: &[u8]) -> Vec<String> {
        deliver(self.lmtp, sender, recipients, mail).await.unwrap()
    }

    /// Posts a mail over HTTP.
    pub(crate) async fn post_mail(&self, mail: &[u8]) -> Response {
        self.client
            .post(format!("http://{}/v1/mail", self.http))
            .bearer_auth(MAIL_TOKEN)
            .header("Content-Type", "message/rfc822")
            .header("X-Envelope-To", ASSISTANCE)
            .body(mail.to_vec())
            .send()
            .await
            .unwrap()
    }

    /// Posts a form, signed as the portal signs it; its key, too, where it has one.
    pub(crate) async fn post_form(&self, fields: &Value, key: Option<&str>) -> Response {
        let body = fields.to_string();
        let call = if let Some(key) = key {
            self.signed_with_key(Method::POST, "/v1/requests", key, body.as_bytes())
        } else {
            let (timestamp, signature) = Self::signature_v1(body.as_bytes());
            self.call(Method::POST, "/v1/requests")
                .header("X-Passerelle-Timestamp", timestamp)
                .header("X-Passerelle-Signature", signature)
                .body(body)
        };
        call.header("Content-Type", "application/json").send().await.unwrap()
    }

    /// A call as [`Self::signed`] makes it, with this Idempotency-Key, which is signed, too.
    pub(crate) fn signed_with_key(&self, method: Method, address: &str, key: &str, body: &[u8]) -> RequestBuilder {
        let timestamp = jiff::Timestamp::now().as_second().to_string();
        let signature = signing::v3(PORTAL_SECRET, &timestamp, method.as_str(), address, key, body);
        self.call(method, address)
            .header("X-Passerelle-Timestamp", timestamp)
            .header("X-Passerelle-Signature", format!("v3={signature}"))
            .header("Idempotency-Key", key)
            .body(body.to_vec())
    }

    /// The timestamp and the signature v1 of a body, as their headers give them.
    pub(crate) fn signature_v1(body: &[u8]) -> (String, String) {
        let timestamp = jiff::Timestamp::now().as_second().to_string();
        let signature = format!("v1={}", signing::v1(PORTAL_SECRET, &timestamp, body));
        (timestamp, signature)
    }

    /// A call of this method and address (with its query, which names the requester), signed as the portal signs it.
    pub(crate) fn signed(&self, method: Method, address: &str, body: &[u8]) -> RequestBuilder {
        let timestamp = jiff::Timestamp::now().as_second().to_string();
        self.signed_at(&timestamp, method, address, body)
    }

    /// The same, signed at this time.
    pub(crate) fn signed_at(&self, timestamp: &str, method: Method, address: &str, body: &[u8]) -> RequestBuilder {
        let signature = signing::v2(PORTAL_SECRET, timestamp, method.as_str(), address, body);
        self.call(method, address)
            .header("X-Passerelle-Timestamp", timestamp)
            .header("X-Passerelle-Signature", format!("v2={signature}"))
            .body(body.to_vec())
    }

    /// A call that proves nothing.
    pub(crate) fn call(&self, method: Method, address: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{address}", self.http))
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = self.client.get(format!("http://{}{path}", self.http)).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A gateway that listens to nothing: what it is asked for it does.
pub(crate) fn app(url: &str, settings: &[(&str, &str)]) -> App {
    App::build_with(configured(url, settings), Mailer::memory().0).unwrap()
}

/// The usual settings in front of the GLPI at `url`, and these.
pub(crate) fn configured(url: &str, settings: &[(&str, &str)]) -> config::Config {
    read(url, settings).sound().unwrap()
}

/// The same as it was read, mistakes included.
pub(crate) fn read(url: &str, settings: &[(&str, &str)]) -> config::Reading {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let usual = [
        ("glpi.url", url),
        ("glpi.login", "passerelle"),
        ("glpi.password", "passerelle"),
        ("glpi.retries", "0"),
        ("glpi.aftermath", "0s"),
        ("glpi.breaker_failures", "0"),
        ("lmtp.listen", "127.0.0.1:0"),
        ("http.listen", "127.0.0.1:0"),
        ("http.mail_tokens", MAIL_TOKEN),
        ("http.portal_secrets", PORTAL_SECRET),
        ("http.proxy_secret", PROXY_SECRET),
        // Calls are counted.
        ("figures.every", "0s"),
        ("knowledge.every", "0s"),
        // [`mail`] brings its word.
        ("sender.authserv_ids", "relais.test"),
    ];
    let all: BTreeMap<_, _> = usual
        .iter()
        .chain(settings)
        .map(|(key, value)| (format!("PASSERELLE_{}", key.to_uppercase().replace('.', "__")), (*value).to_owned()))
        .collect();
    config::read_from(None, all).unwrap()
}

/// What adds replies to their tickets: the setting itself, and a proof of their senders, which [`mail`] brings.
pub(crate) const FOLLOWUP: [(&str, &str); 3] =
    [("mail.replies", "followup"), ("sender.require", "aligned"), ("sender.authserv_ids", "relais.test")];

/// Open at every hour, so that any moment will do.
pub(crate) const ALWAYS_OPEN: [(&str, &str); 8] = [
    ("calendar.monday", "00:00-24:00"),
    ("calendar.tuesday", "00:00-24:00"),
    ("calendar.wednesday", "00:00-24:00"),
    ("calendar.thursday", "00:00-24:00"),
    ("calendar.friday", "00:00-24:00"),
    ("calendar.saturday", "00:00-24:00"),
    ("calendar.sunday", "00:00-24:00"),
    ("calendar.public_holidays", "false"),
];

/// Every step told by the gateway.
pub(crate) const ALL_NOTICES: [(&str, &str); 11] = [
    ("notify.group", "passerelle"),
    ("notify.charge", "passerelle"),
    ("notify.question", "passerelle"),
    ("notify.solution", "passerelle"),
    ("notify.closing", "passerelle"),
    ("notify.answer", "passerelle"),
    ("notify.refusal", "passerelle"),
    ("notify.approval", "passerelle"),
    ("notify.escalation", "passerelle"),
    ("notify.handover", "passerelle"),
    ("notify.reminder", "passerelle"),
];

/// What is told of a mail that a pipe hands over.
pub(crate) fn piped(mail: &[u8]) -> Envelope {
    Envelope {
        channel: Channel::Stdin,
        sender: None,
        recipients: Vec::new(),
        size: mail.len() as u64,
        stored: None,
        is_untried: false,
    }
}

/// A small mail, written now, that the relay has found to be of its sender.
pub(crate) fn mail(from: &str, id: &str, subject: &str, text: &str) -> Vec<u8> {
    let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!(
        "Authentication-Results: relais.test; spf=pass smtp.mailfrom={from}\r\nFrom: {from}\r\nTo: {ASSISTANCE}\r\nSubject: {subject}\r\nDate: {date}\r\nMessage-ID: <{id}@ecole.test>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}

/// A small form.
pub(crate) fn form(requester: &str, title: &str) -> Value {
    json!({"requester": requester, "application": "LSU", "title": title, "description": "Bonjour"})
}

/// The tickets with this in their title.
pub(crate) fn titled(sandbox: &Sandbox, title: &str) -> Vec<TicketView> {
    sandbox.tickets().into_iter().filter(|ticket| ticket.name.contains(title)).collect()
}
