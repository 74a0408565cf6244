//! How many at once, and how it ends.

use std::sync::Arc;

use passerelle::intake::lmtp::Settings;
use tokio::sync::Notify;

use super::support::{Client, Server, created, settings};

const MAIL: &str = "MAIL FROM:<a@b.fr>\r\nRCPT TO:<assistance1d@ac-dijon.fr>\r\nDATA\r\n";

#[tokio::test]
async fn one_connection_too_many_is_sent_away() {
    let (server, _) = Server::collecting(Settings { max_connections: 2, ..settings() }).await;
    let mut first = server.introduced().await;
    let _second = server.introduced().await;
    let refused = server.connect().await.closed().await;
    assert!(refused.starts_with("421 4.3.2 passerelle.test ") && refused.lines().count() == 1, "{refused:?}");

    first.dialogue("QUIT\r\n", &["221"]).await;
    first.closed().await;
    // The place is free as soon as the listener has noticed.
    loop {
        let mut next = server.connect().await;
        next.say("NOOP\r\n").await;
        let replies = next.rest().await;
        if replies.starts_with("220") {
            break;
        }
        assert!(replies.starts_with("421"), "{replies:?}");
        tokio::task::yield_now().await;
    }
    server.end().await;
}

#[tokio::test]
async fn many_relays_at_once_are_all_served() {
    let (server, mails) = Server::collecting(settings()).await;
    let relays = (0..10).map(|number| {
        let server = &server;
        async move {
            let mut client = server.introduced().await;
            for _ in 0..20 {
                client.dialogue(MAIL, &["250", "250", "354"]).await;
                client.dialogue(&format!("{number}\r\n.\r\n"), &["250"]).await;
            }
            client.dialogue("QUIT\r\n", &["221"]).await;
        }
    });
    futures_util::future::join_all(relays).await;
    assert_eq!(mails.lock().unwrap().len(), 200);
    server.end().await;
}

#[tokio::test]
async fn stopping_answers_the_mail_at_hand_and_closes_the_rest() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = Server::start(settings(), {
        let (begun, go_on) = (begun.clone(), go_on.clone());
        move |_, _| {
            let (begun, go_on) = (begun.clone(), go_on.clone());
            async move {
                begun.notify_one();
                go_on.notified().await;
                created(1)
            }
        }
    })
    .await;
    let mut busy = server.introduced().await;
    let idle = server.introduced().await;
    let mut receiving = server.introduced().await;
    receiving.dialogue(MAIL, &["250", "250", "354"]).await;
    busy.dialogue(MAIL, &["250", "250", "354"]).await;
    busy.say("x\r\n.\r\nNOOP\r\n").await;
    begun.notified().await;

    server.stop.cancel();
    assert!(idle.closed().await.starts_with("421 4.3.2"), "an idle connection is closed");
    assert!(tokio::net::TcpStream::connect(&server.addresses[0]).await.is_err(), "nobody new is let in");
    assert!(!server.serving.is_finished());

    go_on.notify_one();
    let replies = busy.closed().await;
    let replies: Vec<_> = replies.lines().map(|line| &line[..9]).collect();
    assert_eq!(replies, ["250 2.0.0", "421 4.3.2"]);

    receiving.say("y\r\n.\r\n").await;
    begun.notified().await;
    go_on.notify_one();
    let replies = receiving.closed().await;
    assert!(replies.starts_with("250 2.0.0 created"), "{replies:?}");
    server.serving.await.unwrap();
}

#[tokio::test]
async fn a_listener_that_is_cut_off_answers_nothing_and_lets_go() {
    let begun = Arc::new(Notify::new());
    let held = Arc::new(());
    let server = Server::start(settings(), {
        let (begun, held) = (begun.clone(), held.clone());
        move |_, _| {
            let (begun, held) = (begun.clone(), held.clone());
            async move {
                begun.notify_one();
                std::future::pending::<()>().await;
                drop(held);
                created(1)
            }
        }
    })
    .await;
    let mut client: Client = server.introduced().await;
    client.dialogue(MAIL, &["250", "250", "354"]).await;
    client.say("x\r\n.\r\n").await;
    begun.notified().await;
    server.serving.abort();
    assert!(server.serving.await.unwrap_err().is_cancelled());
    assert_eq!(client.closed().await, "");
    assert_eq!(Arc::strong_count(&held), 1, "the handling is dropped");
}
