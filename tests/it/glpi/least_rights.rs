//! The rights of the table are enough: an account that has them, and no other, takes a request from the mail to the draft of
//! an article.

use passerelle::{
    glpi::{ActorRole, Glpi, TicketStatus},
    id::TicketId,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    group, marker,
    own_account::{OwnAccount, all},
    target::Target,
};
use crate::support::{
    gateway::{DIRECTORS, Gateway, PROXY_SECRET, mail},
    helpdesk::Helpdesk,
    wait_until,
};

const JEANNE: &str = DIRECTORS[0];
const TICKETS: &str = "token-for-tickets-0000";
const OPERATORS: &str = "token-for-operators-0000";

/// A gateway whose account has the rights of the table, and what those see who have all.
struct Scene {
    gateway: Gateway,
    admin: Helpdesk,
    all_seeing: Glpi,
}

impl Scene {
    async fn start(target: &Target) -> Self {
        let account = OwnAccount::make(target).await;
        account.grant(&all()).await;
        let operators = format!("operators:{OPERATORS}");
        let settings = [
            ("glpi.login", account.login.as_str()),
            ("glpi.password", &account.password),
            ("quota.per_day", "1000000"),
            ("http.ticket_tokens", TICKETS),
            ("http.trusted_proxies", "127.0.0.1"),
            ("people.tokens", &operators),
            ("announcements.enabled", "true"),
            ("announcements.per_minute", "1000000"),
        ];
        let gateway = Gateway::in_front_of(target.url().as_str(), &settings).await;
        let admin = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
        Self { gateway, admin, all_seeing: target.super_admin() }
    }

    /// What the portal is answered that says this of the requester's ticket.
    async fn of_requester(&self, ticket: TicketId, what: &str, body: &Value) -> Value {
        let address = format!("/v1/requests/{ticket}/{what}?requester={JEANNE}");
        let call = self.gateway.signed_with_key(Method::POST, &address, &marker(), body.to_string().as_bytes());
        done(call.header("Content-Type", "application/json")).await
    }

    async fn by_token(&self, method: Method, address: &str, token: &str, body: &Value) -> Value {
        let call = self.gateway.call(method, address).bearer_auth(token);
        done(call.header("Content-Type", "application/json").body(body.to_string())).await
    }
}

/// The answer to a call that must succeed.
async fn done(call: reqwest::RequestBuilder) -> Value {
    let answer = call.send().await.unwrap();
    let (status, url) = (answer.status(), answer.url().clone());
    let said = answer.text().await.unwrap();
    assert!(status.is_success(), "{url}: {status} {said}");
    serde_json::from_str(&said).unwrap()
}

/// A mail with a file.
fn with_file(title: &str) -> Vec<u8> {
    let plain = String::from_utf8(mail(JEANNE, title, &format!("LSU : {title}"), "Bonjour")).unwrap();
    let (fields, text) = plain.split_once("Content-Type: ").unwrap();
    format!(
        "{fields}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: {text}\r\n--b\r\n\
         Content-Type: text/plain\r\nContent-Disposition: attachment; filename=\"bilan.txt\"\r\n\r\n{title}\r\n--b--\r\n"
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_table_are_enough() {
    let target = Target::start().await;
    let scene = Scene::start(&target).await;
    let glpi = &scene.all_seeing;
    let (lsu, bai) = (group(glpi, "Référents-LSU").await, group(glpi, "DSI-BAI").await);

    // A mail with a file.
    let title = marker();
    let reply = scene.gateway.deliver(JEANNE, &with_file(&title)).await;
    let ticket = reply.split("ticket ").nth(1).and_then(|rest| rest.split(',').next()).expect("a ticket in the reply");
    let ticket: TicketId = ticket.parse().unwrap_or_else(|_| panic!("{reply}"));
    let groups = async || {
        let groups = glpi.ticket_groups(ticket).await.unwrap();
        groups.into_iter().map(|it| (it.group, it.role)).collect::<Vec<_>>()
    };
    assert_eq!(groups().await, [(lsu, ActorRole::Assigned)], "{reply}");
    let files: Vec<_> = glpi.ticket_documents(ticket).await.unwrap().into_iter().map(|file| file.name).collect();
    assert_eq!(files, ["bilan.txt"]);

    // What the requester adds, a file included.
    let file = json!([{"name": "suite.txt", "content_type": "text/plain", "content": "YWJj"}]);
    let complement = format!("suite {title}");
    scene.of_requester(ticket, "followups", &json!({"description": complement, "attachments": file})).await;
    let followups = glpi.ticket_followups(ticket).await.unwrap();
    let added = followups.iter().find(|it| it.content.contains(&complement)).expect("the complement");
    assert_eq!(glpi.documents_of(added.id.into()).await.unwrap().len(), 1);

    // An escalation.
    let order = json!({"reason": "trop long", "by": "Jeanne Martin"});
    scene.by_token(Method::POST, &format!("/v1/tickets/{ticket}/escalate"), TICKETS, &order).await;
    let mut moved = groups().await;
    moved.sort_by_key(|(group, _)| *group);
    let mut wanted = [(bai, ActorRole::Assigned), (lsu, ActorRole::Observer)];
    wanted.sort_by_key(|(group, _)| *group);
    assert_eq!(moved, wanted);

    // The page of the portal.
    let page = scene.gateway.call(Method::GET, &format!("/portail/demandes/{ticket}")).header("X-Remote-Mail", JEANNE);
    let page = page.header("X-Passerelle-Proxy-Secret", PROXY_SECRET).send().await.unwrap();
    let (status, html) = (page.status(), page.text().await.unwrap());
    assert!(status == 200 && html.contains(&complement) && html.contains("bilan.txt"), "{status} {html}");

    // What the requester decides on a solution.
    scene.admin.solve(ticket.get(), "<p>Essayez encore.</p>").await;
    scene.of_requester(ticket, "approval", &json!({"decision": "refuse", "reason": "toujours grisé"})).await;
    assert_eq!(glpi.ticket(ticket).await.unwrap().status, TicketStatus::Assigned);
    scene.admin.solve(ticket.get(), "<p>Remplissez tout, puis validez.</p>").await;

    // The draft of an article, and again.
    let address = format!("/v1/tickets/{ticket}/article");
    let first = scene.by_token(Method::POST, &address, TICKETS, &json!({"by": "Jeanne Martin"})).await;
    let second = scene.by_token(Method::POST, &address, TICKETS, &json!({"by": "Jeanne Martin"})).await;
    assert_eq!(first["article"], second["article"]);
    let articles = scene.admin.articles_of(ticket.get()).await;
    assert_eq!(articles.iter().map(|it| it["is_faq"].as_u64()).collect::<Vec<_>>(), [Some(0)], "{articles:?}");

    scene.of_requester(ticket, "approval", &json!({"decision": "accept"})).await;
    assert_eq!(glpi.ticket(ticket).await.unwrap().status, TicketStatus::Closed);
    // Most of those that are worth an article are closed, and to these GLPI adds no note by these rights.
    let third = scene.by_token(Method::POST, &address, TICKETS, &json!({"by": "Jeanne Martin"})).await;
    assert_eq!(first["article"], third["article"]);
    assert_eq!(scene.admin.articles_of(ticket.get()).await.len(), 1);

    // An announcement.
    let subject = format!("Panne {title}");
    let told = json!({"subject": subject, "text": "**LSU** ne répond pas.", "by": "chef@ac-dijon.fr", "recipients": "list",
        "list": [JEANNE], "on_portal": true, "ends": "2036-01-01T00:00:00Z"});
    let told = scene.by_token(Method::POST, "/v1/announcements", OPERATORS, &told).await;
    let address = format!("/v1/announcements/{}", told["reference"].as_str().unwrap());
    wait_until("it is sent", async || {
        scene.by_token(Method::GET, &address, OPERATORS, &Value::Null).await["state"] == "ended"
    })
    .await;
    let told = scene.gateway.outbox.mails().into_iter().filter(|mail| mail.recipient.eq_ignore_ascii_case(JEANNE));
    let told = told.filter(|mail| String::from_utf8_lossy(&mail.message).contains(&subject));
    assert_eq!(told.count(), 1);
    scene.gateway.finish().await;
}
