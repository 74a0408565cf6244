//! Follow-ups as replies are added: with files and pictures, in the requester's name, opening a ticket again.

use bytes::Bytes;
use passerelle::{
    glpi::{Effect, Glpi, GlpiError, NewFollowup, NewTicket, Requester, TicketStatus, Upload},
    id::{RequestTypeId, TicketId, UserId},
    request::Reference,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::target::{Target, account};
use super::{breaks_off, director, fates, group, marker, text_file, ticket};

/// A green pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, b'I', b'D', b'A', b'T', 0x08, 0xd7, 0x63, 0x60, 0xf8, 0xcf, 0,
    0, 2, 2, 1, 0, 0x37, 0xf1, 0xb1, 0xd5, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

fn followup(ticket: TicketId, author: Option<UserId>, content: &str) -> NewFollowup {
    NewFollowup {
        ticket,
        content_html: content.to_owned(),
        author,
        private: false,
        request_type: Some(RequestTypeId::new(2)),
        effect: Effect::Reopen,
    }
}

/// A ticket of a director, assigned to a group.
async fn assigned(glpi: &Glpi, director: UserId) -> TicketId {
    let group = group(glpi, "Référents-LSU").await;
    let new =
        NewTicket { requester: Requester::User(director), assigned_groups: vec![group], ..ticket("Suivi", "<p>x</p>") };
    glpi.create_ticket(&new, &[]).await.unwrap().id
}

/// What the helpdesk does by itself, and the gateway never: over plain REST.
pub(super) async fn call(target: &Target, method: Method, path: &str, input: Value) {
    let (login, password) = account();
    call_as(target, (&login, &password), method, path, input).await;
}

/// The same, as another account.
pub(super) async fn call_as(
    target: &Target,
    (login, password): (&str, &str),
    method: Method,
    path: &str,
    input: Value,
) {
    let (client, api) = (reqwest::Client::new(), format!("{}apirest.php", target.url()));
    let session = client.get(format!("{api}/initSession")).basic_auth(login, Some(password)).send().await.unwrap();
    let session: Value = session.json().await.unwrap();
    let call = client.request(method, format!("{api}/{path}"));
    let call = call.header("Session-Token", session["session_token"].as_str().unwrap());
    let answer = call.json(&json!({ "input": input })).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {answer:?}");
}

#[tokio::test]
async fn a_reply_has_its_author_its_reference_its_files_and_its_pictures() {
    let target = Target::start().await;
    let glpi = target.client();
    let director = director(&glpi).await;
    let ticket = assigned(&glpi, director).await;
    let (marker, tag) = (marker(), "3f2504e0-4f8911d3-9a0c0305.00023998");
    let reference = Reference::new("mail", "", marker.as_bytes());
    let opening = format!("<p><em>Réponse par courriel, 24/11/2026 à 10:15. Référence : {reference}</em></p>");
    let content = format!("{opening}<p>voir <img id=\"{tag}\" width=\"4\" height=\"4\"></p>");
    let files = [
        text_file("avant é.txt", &format!("a {marker}")),
        Upload::new("capture.png".to_owned(), "image/png".to_owned(), Bytes::from_static(PNG), Some(tag.to_owned())),
        text_file("outil.exe", &format!("b {marker}")),
    ];
    let sent = if breaks_off(&glpi).await { 2 } else { 3 };
    let files = &files[..sent];
    let created = glpi.add_followup(&followup(ticket, Some(director), &content), files).await.unwrap();
    let expected = [("avant é.txt", true), ("capture.png", true), ("outil.exe", false)];
    assert_eq!(fates(&created), expected[..sent]);
    let documents = glpi.documents_of(created.id.into()).await.unwrap();
    let there: Vec<_> =
        files.iter().map(|file| documents.iter().any(|document| document.sha1 == file.sha1())).collect();
    assert_eq!(there, [true, true, false][..sent]);

    let [read] = glpi.ticket_followups(ticket).await.unwrap().try_into().unwrap();
    assert_eq!((read.id, read.author, read.private), (created.id, director, false));
    assert_eq!(Reference::find(&read.content), Some(reference));
    assert!(read.content.starts_with(&opening) && read.content.contains("docid="), "{}", read.content);
    assert!(glpi.ticket_documents(ticket).await.unwrap().is_empty());
    assert_eq!(glpi.ticket(ticket).await.unwrap().taken_into_account, None);
}

/// Assigns an account, as a technician does who takes a ticket in charge.
pub(super) async fn assign(target: &Target, ticket: TicketId, account: UserId) {
    let link = json!({"tickets_id": ticket, "users_id": account, "type": 2});
    call(target, Method::POST, "Ticket_User", link).await;
}

/// Proposes a solution, as a technician does.
pub(super) async fn solve(target: &Target, ticket: TicketId) {
    let solution = json!({"itemtype": "Ticket", "items_id": ticket, "content": "<p>Fait.</p>"});
    call(target, Method::POST, "ITILSolution", solution).await;
}

#[tokio::test]
async fn a_reply_opens_a_pending_and_a_solved_ticket_again() {
    let target = Target::start().await;
    let glpi = target.client();
    let director = director(&glpi).await;
    for status in [2, 4, 5] {
        let ticket = assigned(&glpi, director).await;
        let path = format!("Ticket/{ticket}");
        match status {
            5 => {
                solve(&target, ticket).await;
            }
            _ => call(&target, Method::PUT, &path, json!({ "id": ticket, "status": status })).await,
        }
        assert_eq!(glpi.ticket(ticket).await.unwrap().status, status.into());
        let plain = NewFollowup { effect: Effect::None, ..followup(ticket, Some(director), "<p>merci</p>") };
        glpi.add_followup(&plain, &[]).await.unwrap();
        assert_eq!(glpi.ticket(ticket).await.unwrap().status, status.into(), "without being asked to");
        glpi.add_followup(&followup(ticket, Some(director), "<p>encore</p>"), &[]).await.unwrap();
        assert_eq!(glpi.ticket(ticket).await.unwrap().status, TicketStatus::Assigned, "from {status}");
    }
}

#[tokio::test]
async fn a_ticket_in_the_bin_says_so() {
    let target = Target::start().await;
    let glpi = target.client();
    let director = director(&glpi).await;
    let ticket = assigned(&glpi, director).await;
    assert!(!glpi.ticket(ticket).await.unwrap().deleted);
    call_as(&target, ("glpi", "glpi"), Method::DELETE, &format!("Ticket/{ticket}"), json!({ "id": ticket })).await;
    assert!(glpi.ticket(ticket).await.unwrap().deleted);
}

#[tokio::test]
async fn a_number_no_ticket_has_is_not_found() {
    let target = Target::start().await;
    let glpi = target.client();
    for number in [99_999_999, u64::from(u32::MAX)] {
        assert_eq!(glpi.ticket(number.into()).await.err(), Some(GlpiError::NotFound), "{number}");
        assert_eq!(glpi.ticket_users(number.into()).await.err(), Some(GlpiError::NotFound), "{number}");
    }
}
