//! A mail through a real Postfix, and a form, into the GLPI under test: what the référents then see.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::target::{Target, account};
use super::{category, group};
use crate::support::{
    dovecot::{Dovecot, PASSWORD},
    gateway::{ASSISTANCE, DIRECTORS, FOLLOWUP, Gateway, mail},
    postfix::Postfix,
    wait_until,
};
use passerelle::{
    glpi::{ActorRole, Requester},
    intake::mime,
    request::{Channel, Envelope, Reference},
};

/// A gateway in front of the GLPI under test, as the account the tests were given.
async fn gateway(target: &Target) -> Gateway {
    gateway_with(target, &[]).await
}

async fn gateway_with(target: &Target, more: &[(&str, &str)]) -> Gateway {
    let (login, password) = account();
    // A real GLPI keeps the tickets of earlier runs: the day's quota is not what is tested here.
    let mut settings = vec![("glpi.login", login.as_str()), ("glpi.password", &password), ("quota.per_day", "1000000")];
    settings.extend(more);
    Gateway::in_front_of(target.url().as_str(), &settings).await
}

/// A name no other run has.
fn unique(name: &str) -> String {
    format!("{name}-{}-{}", std::process::id(), jiff::Timestamp::now().as_nanosecond())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_through_postfix_is_one_ticket_with_category_group_requester_and_file() {
    let target = Target::start().await;
    let gateway = gateway(&target).await;
    let glpi = target.client();
    let postfix = Postfix::start(&format!("inet:{}", gateway.lmtp));
    let name = unique("courriel");
    let text = "Bonjour,\r\nl'accès est « impossible » & lent.\r\n\r\n-- \r\nLa directrice";
    let mail = String::from_utf8(mail(DIRECTORS[0], &name, &format!("LSUN : {name}"), text)).unwrap();
    let mail = mail.replacen(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n",
        1,
    ) + "--b\r\nContent-Type: text/plain; name=\"message d'erreur.txt\"\r\n\
         Content-Disposition: attachment; filename=\"message d'erreur.txt\"\r\n\r\nErreur 500\r\n--b--\r\n";
    postfix.submit(DIRECTORS[0], &[ASSISTANCE], mail.as_bytes()).await;
    wait_until("the queue is empty", async || postfix.queue_len() == 0).await;
    postfix.submit(DIRECTORS[0], &[ASSISTANCE], mail.as_bytes()).await;
    wait_until("the queue is empty again", async || postfix.queue_len() == 0).await;
    assert!(postfix.log().contains("duplicate, ticket "), "{}", postfix.log());

    let log = postfix.log();
    let reference = log.split("reference ").nth(1).and_then(|rest| rest.get(..16)).expect("a reference in the log");
    let found = glpi.tickets_containing(&[reference], 2).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let ticket = glpi.ticket(found[0].id).await.unwrap();
    assert_eq!(ticket.name, format!("LSUN : {name}"));
    assert_eq!(ticket.category, category(&glpi, "Scolarité > LSU").await);
    assert_eq!((ticket.kind, ticket.urgency, ticket.taken_into_account), (1, 3, None));
    for part in ["« impossible » &amp; lent", "0210001A", "<details>", "La directrice"] {
        assert!(ticket.content.contains(part), "{part} in {}", ticket.content);
    }
    let groups = glpi.ticket_groups(ticket.id).await.unwrap();
    let lsu = group(&glpi, "Référents-LSU").await;
    assert_eq!(groups.iter().map(|it| (it.group, it.role)).collect::<Vec<_>>(), [(lsu, ActorRole::Assigned)]);
    let director = glpi.user_by_email(DIRECTORS[0]).await.unwrap().unwrap();
    let users = glpi.ticket_users(ticket.id).await.unwrap();
    assert!(
        users.iter().any(|user| user.role == ActorRole::Requester && user.who == Requester::User(director)),
        "{users:?}"
    );
    let documents = glpi.ticket_documents(ticket.id).await.unwrap();
    assert_eq!(documents.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["message d'erreur.txt"]);
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_an_image_is_one_ticket_whatever_becomes_of_the_gateway_s_memory() {
    let target = Target::start().await;
    let glpi = target.client();
    let name = unique("formulaire");
    let form = json!({
        "requester": DIRECTORS[1], "application": "ONDE", "type": "demande", "urgency": 4, "title": name,
        "description": "Une <question>.", "phone": "03 80 00 00 00",
        "attachments": [{"name": "a.txt", "content_type": "text/plain", "content": "YWJj"}],
    });
    let mut answers = Vec::new();
    for _ in 0..2 {
        let gateway = gateway(&target).await;
        let answer = gateway.post_form(&form, Some(&name)).await;
        answers.push((answer.status().as_u16(), answer.json::<Value>().await.unwrap()));
        gateway.finish().await;
    }
    assert_eq!((answers[0].0, answers[1].0), (201, 200));
    assert_eq!(answers[0].1, answers[1].1);
    let id = answers[0].1["ticket"].as_u64().unwrap();
    let ticket = glpi.ticket(id.into()).await.unwrap();
    assert_eq!((ticket.name.as_str(), ticket.kind, ticket.urgency), (name.as_str(), 2, 4));
    assert_eq!(ticket.category, category(&glpi, "Scolarité > ONDE").await);
    assert!(ticket.content.contains("Une &lt;question&gt;."), "{}", ticket.content);
    let onde = group(&glpi, "Référents-ONDE").await;
    assert_eq!(glpi.ticket_groups(id.into()).await.unwrap().iter().map(|it| it.group).collect::<Vec<_>>(), [onde]);
    assert_eq!(glpi.ticket_documents(id.into()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_s_mails_are_one_ticket_each_with_what_was_cut_and_the_original() {
    let target = Target::start().await;
    let (glpi, dovecot, name) = (target.client(), Dovecot::start(), unique("boîte"));
    let logo = BASE64.encode(b"\x89PNG\r\n\x1a\n a small logo");
    let signed = |number: usize| {
        let text = format!(
            "<p>Bonjour, n° {number}</p><div class=\"moz-signature\">-- <br>La directrice <img src=\"cid:logo\"></div>"
        );
        let mail = mail(DIRECTORS[number], &format!("{name}-{number}"), &format!("LSU : {name} {number}"), "TEXTE");
        let mail = String::from_utf8(mail).unwrap();
        let (header, _) = mail.split_once("MIME-Version").unwrap();
        format!(
            "{header}MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n\
             Content-Type: text/html; charset=utf-8\r\n\r\n{text}\r\n--b\r\nContent-Type: image/png; name=logo.png\r\n\
             Content-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\n{logo}\r\n--b--\r\n"
        )
    };
    dovecot.store(ASSISTANCE, "INBOX", (0..5).chain(0..5).map(signed));
    let url = format!("imap://{}:{PASSWORD}@127.0.0.1:{}?tls=off", ASSISTANCE.replace('@', "%40"), dovecot.port());
    let gateway = gateway_with(&target, &[("imap.url", &url)]).await;
    wait_until("the mailbox is empty", async || dovecot.messages(ASSISTANCE, "INBOX").is_empty()).await;
    assert_eq!(dovecot.messages(ASSISTANCE, "Traités").len(), 10, "the second copies are duplicates");
    gateway.finish().await;

    for number in 0..5 {
        let raw = signed(number).into_bytes();
        let size = raw.len() as u64;
        let envelope = Envelope {
            channel: Channel::Imap,
            sender: None,
            recipients: vec![],
            size,
            stored: None,
            is_untried: false,
        };
        let reference = mime::mail_blocking(&envelope, &raw.into(), jiff::Timestamp::now()).reference.to_string();
        let found = glpi.tickets_containing(&[&reference], 2).await.unwrap();
        let [ticket] = found.as_slice() else { panic!("{found:?}") };
        assert!(
            ticket.content.contains("Non repris dans ce ticket\u{a0}: 1 petite image (signature, copie)."),
            "{}",
            ticket.content
        );
        let files = glpi.ticket_documents(ticket.id).await.unwrap();
        assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["message-original.eml.txt"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_through_postfix_is_one_follow_up_of_its_ticket_and_a_stranger_s_is_none() {
    let target = Target::start().await;
    let gateway = gateway_with(&target, &FOLLOWUP).await;
    let glpi = target.client();
    let postfix = Postfix::start(&format!("inet:{}", gateway.lmtp));
    let name = unique("réponse");
    let first =
        gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], &unique("m"), &format!("LSU : {name}"), "Bonjour")).await;
    let ticket: u64 = first.split("ticket ").nth(1).and_then(|rest| rest.split(',').next()).unwrap().parse().unwrap();
    let subject = format!("RE: [GLPI #{ticket:07}] Nouveau suivi");
    let reply = mail(DIRECTORS[0], &unique("r"), &subject, "Voici « le » complément & merci.");
    for _ in 0..2 {
        postfix.submit(DIRECTORS[0], &[ASSISTANCE], &reply).await;
        wait_until("the queue is empty", async || postfix.queue_len() == 0).await;
    }
    postfix.submit(DIRECTORS[1], &[ASSISTANCE], &mail(DIRECTORS[1], &unique("s"), &subject, "Et moi ?")).await;
    wait_until("the queue is empty again", async || postfix.queue_len() == 0).await;

    let log = postfix.log();
    assert_eq!(log.matches(&format!("250 2.0.0 followup, ticket {ticket}, reference ")).count(), 2, "{log}");
    assert!(log.contains("250 2.0.0 refused, reply-to-ticket"), "{log}");
    let followups = glpi.ticket_followups(ticket.into()).await.unwrap();
    let [followup] = followups.as_slice() else { panic!("{followups:?}") };
    assert_eq!(Some(followup.author), glpi.user_by_email(DIRECTORS[0]).await.unwrap());
    assert!(followup.content.contains("Voici « le » complément &amp; merci."), "{}", followup.content);
    let reference = log.split("followup, ticket ").nth(1).and_then(|rest| rest.split("reference ").nth(1)?.get(..16));
    assert_eq!(Reference::find(&followup.content), reference.and_then(Reference::parse));
    gateway.finish().await;
}
