//! What a ticket is like: category, group, requester, files, texts.

use serde_json::json;

use crate::support::gateway::{ASSISTANCE, DIRECTORS, Gateway, form, mail, sandbox, titled};

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_becomes_a_ticket_with_category_group_requester_and_file() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let mail = format!(
        "From: =?utf-8?q?=C3=89cole?= <{}>\r\nTo: {ASSISTANCE}\r\nSubject: =?utf-8?q?LSUN_=3A_acc=C3=A8s?=\r\n\
         Date: Mon, 16 Nov 2026 09:00:00 +0100\r\nMessage-ID: <t1@ecole.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Bonjour,\r\nl'acc\u{e8}s est impossible.\r\n\
         --b\r\nContent-Type: text/plain; name=\"capture.txt\"\r\nContent-Disposition: attachment; filename=\"capture.txt\"\r\n\r\n\
         Erreur 500\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"outil.xyz\"\r\n\r\n\
         MZ\r\n--b--\r\n",
        DIRECTORS[0]
    );
    let reply = gateway.deliver(DIRECTORS[0], mail.as_bytes()).await;
    assert!(reply.starts_with("250 2.0.0 created, ticket "), "{reply}");

    let [ticket] = sandbox.tickets().try_into().unwrap();
    assert_eq!(ticket.name, "LSUN : accès");
    assert_eq!(ticket.category.as_deref(), Some("Scolarité > LSU"));
    assert_eq!(ticket.assigned_groups, ["Référents-LSU"]);
    assert_eq!((ticket.kind, ticket.urgency, ticket.taken_into_account), (1, 3, None));
    assert_eq!(ticket.requesters.iter().map(|person| person.user).collect::<Vec<_>>(), [7]);
    assert_eq!(ticket.documents.iter().map(|file| file.filename.as_str()).collect::<Vec<_>>(), ["capture.txt"]);
    assert_eq!(ticket.documents[0].bytes, b"Erreur 500");
    for part in ["ce.0210001a@ac-dijon.fr", "0210001A", "021", "l'accès est impossible"] {
        assert!(ticket.content.contains(part), "{part} in {}", ticket.content);
    }
    // The account may not read which types GLPI takes, so GLPI's answer tells.
    assert!(ticket.followups[0].content.contains("outil.xyz"), "{:?}", ticket.followups);
    let reference = reply.rsplit(' ').next().unwrap();
    assert!(ticket.content.contains(reference), "{reference} in {}", ticket.content);

    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_becomes_a_ticket_and_its_requester_gets_a_receipt() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let answer = gateway
        .post_form(
            &json!({
                "requester": DIRECTORS[3], "application": "ONDE", "type": "demande", "urgency": 5,
                "title": "Clé OTP", "description": "Perdue <hier>.", "error_message": "E42", "phone": "03 86 00 00 00",
                "attachments": [{"name": "a.txt", "content_type": "text/plain", "content": "YQ=="}],
            }),
            None,
        )
        .await;
    assert_eq!(answer.status(), 201);
    let body: serde_json::Value = answer.json().await.unwrap();
    let [ticket] = sandbox.tickets().try_into().unwrap();
    assert_eq!(body["ticket"], ticket.id);
    assert_eq!(body["group"], "Référents-ONDE");
    assert_eq!((ticket.kind, ticket.urgency), (2, 5));
    assert_eq!(ticket.assigned_groups, ["Référents-ONDE"]);
    for part in ["Perdue &lt;hier&gt;.", "E42", "03 86 00 00 00", "058"] {
        assert!(ticket.content.contains(part), "{part} in {}", ticket.content);
    }
    assert_eq!(ticket.documents.len(), 1);

    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    let mails = outbox.mails();
    assert_eq!(mails.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_of_one_mail_gets_its_reply_and_both_get_one_ticket() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let both = [ASSISTANCE, "assistance.1erdegre@ac-dijon.fr"];
    let replies = gateway.deliver_to(&both, DIRECTORS[0], &mail(DIRECTORS[0], "two", "LSU", "Bonjour")).await;
    assert_eq!(replies.len(), 2);
    assert!(replies.iter().all(|reply| reply.starts_with("250")), "{replies:?}");
    assert_eq!(sandbox.tickets().len(), 1);
    let refused = gateway.deliver_to(&["autre@ac-dijon.fr"], DIRECTORS[0], b"").await;
    assert!(refused[0].starts_with("550"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_glpi_leaves_out_of_a_201_is_named_in_a_follow_up_and_in_the_answer() {
    use passerelle::sandbox::{Failure, Rule};
    let sandbox = sandbox().await;
    sandbox.set_failures(Rule::next(1, Failure::FileLeftOut).on_new_tickets());
    let gateway = Gateway::start(&sandbox, &[]).await;
    let mut fields = form(DIRECTORS[0], "Fichier perdu");
    fields["attachments"] = json!([{"name": "perdu.txt", "content_type": "text/plain", "content": "YQ=="}]);
    let answer: serde_json::Value = gateway.post_form(&fields, None).await.json().await.unwrap();
    assert_eq!(answer["left_out"][0]["name"], "perdu.txt");
    let [ticket] = titled(&sandbox, "Fichier perdu").try_into().unwrap();
    assert!(ticket.documents.is_empty());
    assert!(ticket.followups[0].content.contains("perdu.txt"), "{:?}", ticket.followups);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_glpi_lost_once_keeps_no_other_one_out() {
    use passerelle::sandbox::{Failure, Rule};
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let post = async |title: &str, name: &str, content: &str| {
        let mut fields = form(DIRECTORS[0], title);
        fields["attachments"] = json!([{"name": name, "content_type": "text/plain", "content": content}]);
        assert_eq!(gateway.post_form(&fields, None).await.status(), 201);
    };
    sandbox.set_failures(Rule::next(1, Failure::FileLeftOut).on_new_tickets());
    post("Perdu", "perdu.txt", "YQ==").await;
    assert!(titled(&sandbox, "Perdu")[0].documents.is_empty());
    // Another one of this type, and larger.
    post("Tenu", "tenu.txt", "YWJjZGVm").await;
    assert_eq!(titled(&sandbox, "Tenu")[0].documents.len(), 1);
}
