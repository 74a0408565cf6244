//! Mails that bear one name: copies of one, or other mails of a copier that names them all alike.

use passerelle::sandbox::Sandbox;
use rstest::rstest;

use crate::support::gateway::{ASSISTANCE, DIRECTORS, Gateway, sandbox};

/// A mail with this Message-ID field, or without one.
fn named(id: &str, date: &str, subject: &str, text: &str) -> Vec<u8> {
    let from = DIRECTORS[0];
    let date = if date.is_empty() { String::new() } else { format!("Date: Fri, 27 Nov 2026 {date} +0100\r\n") };
    format!("From: <{from}>\r\nTo: {ASSISTANCE}\r\nSubject: {subject}\r\n{date}Message-ID: {id}\r\n\r\n{text}\r\n")
        .into_bytes()
}

fn count(sandbox: &Sandbox) -> usize {
    sandbox.tickets().len()
}

#[rstest]
#[case::copier("<scan@localhost>", [("08:00:00", "LSU : envoi 1", "Page 1"), ("09:30:00", "ONDE : envoi 2", "Page 2"), ("10:30:00", "LSU : envoi 3", "Page 3")])]
#[case::one_subject("<scan@localhost>", [("08:00:00", "LSU : copie", "Page 1"), ("09:30:00", "LSU : copie", "Page 2"), ("10:30:00", "LSU : copie", "Page 3")])]
#[case::no_clock("<scan@localhost>", [("", "LSU : copie", "Page 1"), ("", "LSU : copie", "Page 2"), ("", "LSU : autre", "Page 3")])]
#[case::one_second("<scan@localhost>", [("08:00:00", "LSU : a", "Page 1"), ("08:00:00", "LSU : b", "Page 2"), ("08:00:00", "LSU : c", "Page 3")])]
#[case::no_name("<>", [("08:00:00", "LSU : bilans", "Un"), ("09:30:00", "ONDE : radiation", "Deux"), ("09:30:00", "ONDE : radiation", "Trois")])]
#[case::blank_name("< >", [("08:00:00", "LSU : bilans", "Un"), ("09:30:00", "ONDE : radiation", "Deux"), ("", "ONDE : radiation", "Trois")])]
#[tokio::test(flavor = "multi_thread")]
async fn mails_of_one_name_are_a_ticket_each_and_so_are_their_copies(
    #[case] id: &str,
    #[case] mails: [(&str, &str, &str); 3],
) {
    let sandbox = sandbox().await;
    let raw = mails.map(|(date, subject, text)| named(id, date, subject, text));
    let gateway = Gateway::start(&sandbox, &[]).await;
    let mut tickets = Vec::new();
    for mail in &raw {
        let reply = gateway.deliver(DIRECTORS[0], mail).await;
        assert!(reply.starts_with("250 2.0.0 created, ticket "), "{reply}");
        tickets.push(reply.replace("created", "duplicate"));
    }
    for (mail, expected) in raw.iter().zip(&tickets) {
        assert_eq!(&gateway.deliver(DIRECTORS[0], mail).await, expected);
    }
    assert!(gateway.post_mail(&raw[1]).await.status() == 200);
    gateway.finish().await;

    // Its memory is empty: only GLPI knows.
    let gateway = Gateway::start(&sandbox, &[]).await;
    for (mail, expected) in raw.iter().zip(&tickets).rev() {
        assert_eq!(&gateway.deliver(DIRECTORS[0], mail).await, expected);
    }
    assert_eq!(count(&sandbox), 3);
    gateway.finish().await;
}

#[rstest]
#[case::the_relay_s_trace(|mail: &str| format!("Received: from a by b; Fri, 27 Nov 2026 08:01:00 +0100\r\nX-Spam: no\r\n{mail}"))]
#[case::line_ends(|mail: &str| mail.replace("\r\n", "\n"))]
#[case::a_banner(|mail: &str| format!("{mail}\r\nCe message vient de l'extérieur.\r\n"))]
#[case::a_mark(|mail: &str| mail.replace("Subject: ", "Subject: [EXTERNE] "))]
#[case::a_list(|mail: &str| format!("{}-- \r\nListe des directeurs\r\n", mail.replace("Subject: ", "Subject: [directeurs] ")))]
#[case::tried_again_by_the_program(|mail: &str| mail.replace("08:00:00", "08:03:00"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_came_another_way_is_a_copy(#[case] change: fn(&str) -> String) {
    let sandbox = sandbox().await;
    let mail = named("<1@poste>", "08:00:00", "LSU : bilans", "Bonjour");
    let copy = change(std::str::from_utf8(&mail).unwrap()).into_bytes();
    for order in [[&mail, &copy], [&copy, &mail]] {
        let gateway = Gateway::start(&sandbox, &[]).await;
        for mail in order {
            assert!(gateway.post_mail(mail).await.status().is_success());
        }
        gateway.finish().await;
    }
    assert_eq!(count(&sandbox), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_of_one_name_at_once_are_a_ticket_each() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let mails: Vec<_> = (0..3)
        .flat_map(|n| {
            let mail =
                named("<scan@localhost>", &format!("08:0{n}:00"), &format!("LSU : envoi {n}"), &format!("Page {n}"));
            [mail.clone(), mail]
        })
        .collect();
    let answers = futures_util::future::join_all(mails.iter().map(|mail| gateway.post_mail(mail))).await;
    let made = answers.iter().filter(|answer| answer.status() == 201).count();
    assert!(answers.iter().all(|answer| answer.status().is_success()), "{answers:?}");
    assert_eq!((made, count(&sandbox)), (3, 3));
    gateway.finish().await;
}
