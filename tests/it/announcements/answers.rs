//! What comes back to an announcement opens no ticket.

use reqwest::Method;
use rstest::rstest;

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

/// What says that `original` could not be delivered, as relays write it.
fn bounce(original: &str) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@relais.test\r\nTo: {ASSISTANCE}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\n\r\nYour message could not be delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relais.test\r\n\r\n\
         Final-Recipient: rfc822; ce.0210001A@ac-dijon.fr\r\nAction: failed\r\n\
         --b\r\n{original}\r\n--b--\r\n"
    )
    .into_bytes()
}

/// An announcement that somebody did not get is told from other bounces, however much of it comes back; it is counted and
/// named in the log. What is none of this gateway's is any bounce.
#[rstest]
#[case::its_header("Content-Type: text/rfc822-headers", ANNOUNCEMENT, "", true)]
#[case::all_of_it("Content-Type: message/rfc822", ANNOUNCEMENT, "", true)]
#[case::all_of_it_in_utf_8("Content-Type: message/global", ANNOUNCEMENT, "", true)]
#[case::its_name_alone("Content-Type: text/plain", "<1@ac-dijon.fr>", ANNOUNCEMENT, true)]
#[case::another_mail("Content-Type: text/rfc822-headers", "<1@ac-dijon.fr>", "", false)]
#[case::of_another_gateway(
    "Content-Type: message/rfc822",
    "<P-7K3M-Q2XV-9D4T.information.passerelle@ac-lyon.fr>",
    "",
    false
)]
#[case::a_receipt("Content-Type: message/rfc822", "<P-7K3M-Q2XV-9D4T.created.passerelle@ac-dijon.fr>", "", false)]
#[tokio::test]
async fn what_was_not_delivered_is_known_for_an_announcement(
    #[case] part: &str,
    #[case] returned: &str,
    #[case] answered: &str,
    #[case] expected: bool,
) {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let original = format!("{part}\r\n\r\nFrom: {ASSISTANCE}\r\nSubject: LSU\r\nMessage-ID: {returned}\r\n\r\nBonjour");
    let mut mail = bounce(&original);
    if !answered.is_empty() {
        mail.splice(0..0, format!("References: {answered}\r\n").into_bytes());
    }
    let reply = gateway.deliver("", &mail).await;
    let reason = if expected { "ignored, announcement-bounce" } else { "ignored, bounce" };
    assert!(reply.contains(reason), "{reply}");
    let counted = gateway.call(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    let counted: Vec<&str> = counted.lines().filter(|line| line.contains("reason=\"announcement-bounce\"")).collect();
    let is_counted = counted.iter().any(|line| line.ends_with(" 1"));
    assert_eq!(is_counted, expected, "{counted:?}");
    assert!(sandbox.tickets().is_empty() && gateway.outbox.mails().is_empty());
    gateway.finish().await;
}

#[tokio::test]
async fn an_answer_is_explained_and_what_a_machine_sends_back_is_passed_over() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let answers = format!("In-Reply-To: {ANNOUNCEMENT}\r\nReferences: {ANNOUNCEMENT}\r\n");
    for (sender, mail, expected) in [
        (DIRECTORS[0], mail("RE: LSU indisponible", &answers), "refused, reply-to-announcement"),
        ("", mail("Undelivered: LSU indisponible", &answers), "ignored, announcement-bounce"),
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
