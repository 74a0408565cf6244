//! What comes back to an announcement opens no ticket.

use crate::support::gateway::{ASSISTANCE, DIRECTORS, Gateway, sandbox, titled};

const ANNOUNCEMENT: &str = "<P-7K3M-Q2XV-9D4T.information.passerelle@ac-dijon.fr>";

fn mail(subject: &str, fields: &str) -> Vec<u8> {
    let from = DIRECTORS[0];
    format!(
        "Authentication-Results: relais.test; spf=pass smtp.mailfrom={from}\r\nFrom: {from}\r\nTo: {ASSISTANCE}\r\n\
         Subject: {subject}\r\nMessage-ID: <{}@ecole.test>\r\n{fields}\r\nBonjour\r\n",
        subject.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn an_answer_is_explained_and_what_a_machine_sends_back_is_passed_over() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let answers = format!("In-Reply-To: {ANNOUNCEMENT}\r\nReferences: {ANNOUNCEMENT}\r\n");
    for (sender, mail, expected) in [
        (DIRECTORS[0], mail("RE: LSU indisponible", &answers), "refused, reply-to-announcement"),
        ("", mail("Undelivered: LSU indisponible", &answers), "ignored, bounce"),
        (
            DIRECTORS[0],
            mail("Absence du bureau Re: LSU indisponible", &format!("{answers}Auto-Submitted: auto-replied\r\n")),
            "ignored, automatic",
        ),
    ] {
        let reply = gateway.deliver(sender, &mail).await;
        assert!(reply.contains(expected), "{reply}");
    }
    // The announcement itself, where the assistance is on its list.
    let own = format!(
        "From: {ASSISTANCE}\r\nTo: {ASSISTANCE}\r\nSubject: LSU indisponible\r\nMessage-ID: {ANNOUNCEMENT}\r\nPrecedence: bulk\r\nAuto-Submitted: auto-generated\r\n\r\nBonjour\r\n"
    );
    let reply = gateway.deliver(ASSISTANCE, own.as_bytes()).await;
    assert!(reply.contains("ignored, own-mail"), "{reply}");
    assert!(sandbox.tickets().is_empty());
    // A request of its own that only uses the mail again to have the address.
    let reply = gateway.deliver(DIRECTORS[0], &mail("LSU : accès refusé", &answers)).await;
    assert!(reply.contains("created"), "{reply}");
    assert_eq!(titled(&sandbox, "accès refusé").len(), 1);
    let notices = gateway.outbox.mails();
    let notice = notices.iter().map(|mail| String::from_utf8_lossy(&mail.message).into_owned());
    let notice = notice.filter(|text| text.contains("nouveau message")).count();
    assert_eq!(notice, 1, "one is told why");
    gateway.finish().await;
}
