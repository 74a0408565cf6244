//! The reference portal's pages: as a browser's requests see them, and in a browser.

mod access;
mod browsed;
mod browser;
mod callers;
mod deposit;
mod drafting;
mod home;
mod information;
mod looks;
mod messages;
mod requests;
mod waiting;

use passerelle::sandbox::Sandbox;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode, header,
    multipart::{Form, Part},
    redirect::Policy,
};
use serde_json::json;

use crate::support::{
    deposit::{QUEUE, deposits},
    gateway::{DIRECTORS, Gateway, PROXY_SECRET, sandbox},
    helpdesk::Helpdesk,
};

/// The header in which the proxy says who is signed in.
const IDENTITY: &str = "X-Remote-Mail";
const TRUSTED: (&str, &str) = ("http.trusted_proxies", "127.0.0.1");

/// A gateway with its pages, seen as the trusted proxy sees it.
struct Portal {
    sandbox: Sandbox,
    gateway: Gateway,
    client: reqwest::Client,
}

/// A page that came back.
struct Page {
    status: StatusCode,
    headers: header::HeaderMap,
    html: String,
}

impl Portal {
    async fn start() -> Self {
        Self::with(&[TRUSTED]).await
    }

    async fn with(settings: &[(&str, &str)]) -> Self {
        let sandbox = sandbox().await;
        let gateway = Gateway::start(&sandbox, settings).await;
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { sandbox, gateway, client }
    }

    /// A call of whom the proxy has signed in.
    fn call(&self, method: Method, path: &str, person: &str) -> RequestBuilder {
        let call = self.client.request(method, format!("http://{}{path}", self.gateway.http));
        call.header("X-Passerelle-Proxy-Secret", PROXY_SECRET).header(IDENTITY, person)
    }

    async fn get(&self, path: &str, person: &str) -> Page {
        page(self.call(Method::GET, path, person).send().await.unwrap()).await
    }

    /// Sends a form of the page at `of`, with that page's hidden fields, and these.
    async fn send(&self, of: &str, to: &str, person: &str, fields: Form) -> Page {
        let shown = self.get(of, person).await;
        self.send_as_shown(&shown, to, person, fields).await
    }

    /// Sends a form of this page, with its hidden fields, and these.
    async fn send_as_shown(&self, shown: &Page, to: &str, person: &str, fields: Form) -> Page {
        let mut form = fields;
        for name in ["jeton", "envoi"] {
            if let Some(value) = shown.hidden(name) {
                form = form.text(name, value);
            }
        }
        page(self.call(Method::POST, to, person).multipart(form).send().await.unwrap()).await
    }

    /// Deposits a small request; gives its number.
    async fn deposit(&self, person: &str, title: &str) -> u64 {
        let sent = self.send("/portail/nouvelle", "/portail/nouvelle", person, fields(title)).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
        sent.location().split('/').nth(3).unwrap().parse().unwrap()
    }

    /// Somebody of the helpdesk.
    async fn technician(&self) -> Helpdesk {
        Helpdesk::sign_in(&self.sandbox.url(), "tech1", "tech1").await
    }

    /// An article of the FAQ, for everybody.
    async fn publish(&self, question: &str, answer: &str) {
        let admin = Helpdesk::sign_in(&self.sandbox.url(), "passerelle-admin", "passerelle").await;
        let readers = json!({"_type": "Entity", "entities_id": 0, "is_recursive": 1});
        let article = json!({"name": question, "answer": answer, "is_faq": 1, "_visibility": readers});
        admin.add("KnowbaseItem", article).await;
    }
}

impl Page {
    /// The value of a hidden field.
    fn hidden(&self, name: &str) -> Option<String> {
        let (_, rest) = self.html.split_once(&format!("name=\"{name}\" value=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    fn has(&self, text: &str) -> bool {
        self.html.contains(&text.replace('’', "'"))
    }
}

async fn page(answer: Response) -> Page {
    let (status, headers) = (answer.status(), answer.headers().clone());
    // An apostrophe is the same, however it is written, and so is a space that holds.
    let html = answer.text().await.unwrap().replace("&#39;", "'").replace('’', "'").replace("&nbsp;", "\u{a0}");
    Page { status, headers, html }
}

/// The fields of a small request.
fn fields(title: &str) -> Form {
    Form::new()
        .text("choix", "LSU › LSU\u{a0}: saisie des bilans périodiques")
        .text("type", "incident")
        .text("urgency", "")
        .text("title", title.to_owned())
        .text("description", "Le bouton « Valider » reste grisé.")
}

fn file(name: &str, content: &str) -> Part {
    Part::bytes(content.as_bytes().to_vec()).file_name(name.to_owned()).mime_str("text/plain").unwrap()
}
