//! One request, one ticket: copies at once, copies later, copies on every way in.

use futures_util::future::join_all;
use serde_json::Value;

use crate::support::gateway::{DIRECTORS, Gateway, form, mail, sandbox, titled};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_mail_ten_times_at_once_over_lmtp_and_http_makes_one_ticket_and_ten_positive_answers() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let mail = mail(DIRECTORS[0], "once", "LSU : une fois", "Bonjour");
    let by_lmtp = join_all((0..5).map(|_| gateway.deliver(DIRECTORS[0], &mail)));
    let by_http = join_all((0..5).map(|_| gateway.post_mail(&mail)));
    let (replies, answers) = tokio::join!(by_lmtp, by_http);
    for reply in &replies {
        assert!(reply.starts_with("250 2.0.0 "), "{reply}");
    }
    for answer in &answers {
        assert!(answer.status().is_success(), "{answer:?}");
    }
    let [ticket] = sandbox.tickets().try_into().unwrap();
    let number = format!("ticket {},", ticket.id);
    assert!(replies.iter().all(|reply| reply.contains(&number)), "{replies:?}");
    let created = replies.iter().filter(|reply| reply.contains("created")).count()
        + answers.iter().filter(|answer| answer.status() == 201).count();
    assert_eq!(created, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_copy_gets_the_first_one_s_answer_also_from_a_gateway_that_was_not_there() {
    let sandbox = sandbox().await;
    let first_gateway = Gateway::start(&sandbox, &[]).await;
    let first = first_gateway.post_form(&form(DIRECTORS[1], "Deux fois"), Some("key-1")).await;
    assert_eq!(first.status(), 201);
    let first: Value = first.json().await.unwrap();
    first_gateway.finish().await;

    // Its memory is empty: only GLPI knows.
    let gateway = Gateway::start(&sandbox, &[]).await;
    for _ in 0..2 {
        let again = gateway.post_form(&form(DIRECTORS[1], "Deux fois"), Some("key-1")).await;
        assert_eq!(again.status(), 200);
        assert_eq!(again.json::<Value>().await.unwrap(), first);
    }
    assert_eq!(sandbox.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identical_form_without_a_key_is_a_repeat_and_another_one_is_not() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let same = form(DIRECTORS[1], "Sans clé");
    assert_eq!(gateway.post_form(&same, None).await.status(), 201);
    assert_eq!(gateway.post_form(&same, None).await.status(), 200);
    assert_eq!(gateway.post_form(&form(DIRECTORS[1], "Sans clé non plus"), None).await.status(), 201);
    assert_eq!(gateway.post_form(&form(DIRECTORS[2], "Sans clé"), None).await.status(), 201);
    assert_eq!(titled(&sandbox, "Sans clé").len(), 3);
    gateway.finish().await;

    let later = Gateway::start(&sandbox, &[]).await;
    assert_eq!(later.post_form(&same, None).await.status(), 200);
    assert_eq!(titled(&sandbox, "Sans clé").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_its_copy_count_once() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("quota.per_day", "2")]).await;
    let one = mail(DIRECTORS[0], "q1", "LSU : un", "Bonjour");
    for expected in ["created", "duplicate", "duplicate"] {
        let reply = gateway.deliver(DIRECTORS[0], &one).await;
        assert!(reply.contains(expected), "{reply}");
    }
    let two = gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "q2", "LSU : deux", "Bonjour")).await;
    assert!(two.contains("created"), "{two}");
    let three = gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "q3", "LSU : trois", "Bonjour")).await;
    assert!(three.contains("refused, quota-exceeded"), "{three}");
    let again = gateway.deliver(DIRECTORS[0], &one).await;
    assert!(again.contains("duplicate"), "{again}");
}
