//! The mails that people would get, as pages to read them by: none of them leaves this machine.

use std::{io, net::SocketAddr};

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use mail_parser::MessageParser;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::smtp::{Outbox, Sent};

/// Nothing runs and nothing is fetched, in the pages as in the frames of letters.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;\
    color:#1d2733;background:#f6f7f9}table{border-collapse:collapse;width:100%;background:#fff}th,td{text-align:left;\
    padding:.5rem .7rem;border-bottom:1px solid #dde2e8;vertical-align:top}th{font-weight:600}.whole{white-space:nowrap}a{color:#1a5fb4}\
    dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1rem}dt{font-weight:600}dd{margin:0;\
    overflow-wrap:anywhere}iframe{width:100%;height:36rem;border:1px solid #dde2e8;background:#fff}\
    pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#fff;padding:1rem;border:1px solid #dde2e8}";

/// The pages, running. Dropping them stops them.
#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) address: SocketAddr,
    serving: JoinHandle<io::Result<()>>,
}

impl Mailbox {
    /// Serves the pages of this box.
    ///
    /// # Errors
    ///
    /// Where the listener has no address.
    pub(super) fn open(listener: TcpListener, outbox: Outbox) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let routes = Router::new()
            .route("/", get(list))
            .route("/{number}", get(show))
            .route("/{number}/source", get(source))
            .with_state(outbox);
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { address, serving })
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A mail as its reader sees it.
#[derive(Debug)]
pub(super) struct Letter {
    number: usize,
    pub(super) recipient: String,
    pub(super) subject: String,
    sender: String,
    time: String,
    text: String,
    html: String,
}

impl Letter {
    fn read(number: usize, sent: &Sent) -> Self {
        let message = MessageParser::default().parse(&sent.message).unwrap_or_default();
        let sender = message.from().and_then(|from| from.first()).map(|from| {
            let (name, address) = (from.name().unwrap_or_default(), from.address().unwrap_or_default());
            format!("{name} <{address}>").trim_start().to_owned()
        });
        let body = |body: Option<std::borrow::Cow<'_, str>>| body.map(Into::into).unwrap_or_default();
        Self {
            number,
            recipient: sent.recipient.clone(),
            subject: message.subject().unwrap_or_default().to_owned(),
            sender: sender.unwrap_or_default(),
            time: message.date().map(ToString::to_string).unwrap_or_default(),
            text: body(message.body_text(0)),
            html: body(message.body_html(0)),
        }
    }

    /// The letter's page: its links leave the frame it is shown in.
    fn framed(&self) -> String {
        self.html.replacen("<head>", "<head><base target=\"_top\">", 1)
    }
}

/// The mails so far, the oldest first.
pub(super) fn letters(outbox: &Outbox) -> Vec<Letter> {
    (1..).zip(outbox.mails()).map(|(number, sent)| Letter::read(number, &sent)).collect()
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Courriels – démonstration de Passerelle</title><style>{{ style|safe }}</style></head><body><main>
<h1>Courriels</h1>
<p>Ce que les personnes auraient reçu&nbsp;: aucun de ces courriels n’a quitté cette machine. Rechargez la page pour voir les suivants.</p>
{% if letters.is_empty() %}<p>Aucun courriel pour l’instant.</p>{% else %}
<table><thead><tr><th scope="col">N°</th><th scope="col">Destinataire</th><th scope="col">Objet</th></tr></thead><tbody>
{% for letter in letters %}<tr>
<td>{{ letter.number }}</td><td class="whole">{{ letter.recipient }}</td>
<td><a href="/{{ letter.number }}">{{ letter.subject }}</a></td>
</tr>{% endfor %}</tbody></table>{% endif %}
</main></body></html>
"#
)]
struct ListPage<'a> {
    style: &'a str,
    letters: &'a [Letter],
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Courriel n°&nbsp;{{ letter.number }}</title><style>{{ style|safe }}</style></head><body><main>
<p><a href="/">Tous les courriels</a></p>
<h1>{{ letter.subject }}</h1>
<dl>
<dt>De</dt><dd>{{ letter.sender }}</dd>
<dt>À</dt><dd>{{ letter.recipient }}</dd>
<dt>Date</dt><dd>{{ letter.time }}</dd>
</dl>
<iframe sandbox="allow-top-navigation-by-user-activation" title="Le courriel, mis en forme" srcdoc="{{ letter.framed() }}"></iframe>
<h2>En texte seul</h2>
<pre tabindex="0">{{ letter.text }}</pre>
<p><a href="/{{ letter.number }}/source">Tel qu’envoyé, avec ses en-têtes</a></p>
</main></body></html>
"#
)]
struct LetterPage<'a> {
    style: &'a str,
    letter: &'a Letter,
}

/// `GET /`: all mails, the newest first.
async fn list(State(outbox): State<Outbox>) -> Response {
    let mut letters = letters(&outbox);
    letters.reverse();
    page(&ListPage { style: STYLE, letters: &letters })
}

/// `GET /{number}`
async fn show(State(outbox): State<Outbox>, Path(number): Path<usize>) -> Response {
    match sent(&outbox, number) {
        Some(sent) => page(&LetterPage { style: STYLE, letter: &Letter::read(number, &sent) }),
        None => unknown(),
    }
}

/// `GET /{number}/source`: the mail as a relay would get it.
async fn source(State(outbox): State<Outbox>, Path(number): Path<usize>) -> Response {
    match sent(&outbox, number) {
        Some(sent) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], sent.message).into_response(),
        None => unknown(),
    }
}

fn sent(outbox: &Outbox, number: usize) -> Option<Sent> {
    outbox.mails().into_iter().nth(number.checked_sub(1)?)
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn unknown() -> Response {
    (StatusCode::NOT_FOUND, "Ce courriel n’existe pas\u{a0}: la liste est à la racine, /.").into_response()
}
