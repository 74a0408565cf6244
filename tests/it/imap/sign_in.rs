//! Ways to sign in, and what does not get in.

use std::time::Duration;

use super::support::{USER, count, each_has_one_ticket, emptied, mails};
use crate::support::{
    dovecot::{Dovecot, Options, PASSWORD},
    gateway::{Gateway, sandbox},
    oauth::{CLIENT_ID, CLIENT_SECRET, Provider, REFRESH_TOKEN},
    wait_until,
};

fn account(scheme: &str, port: u16) -> String {
    format!("{scheme}://{}:{PASSWORD}@localhost:{port}", USER.replace('@', "%40"))
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_from_the_start_and_starttls_with_the_academy_s_own_authority() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    let ca = dovecot.ca_file();
    let urls = [account("imaps", dovecot.tls_port()), account("imap", dovecot.port())];
    for (number, url) in urls.iter().enumerate() {
        let settings = [("imap.url", url.as_str()), ("imap.ca", ca.to_str().unwrap())];
        let gateway = Gateway::start(&sandbox, &settings).await;
        dovecot.store(USER, "INBOX", mails("tls", number + 1).split_off(number));
        emptied(&dovecot).await;
        gateway.finish().await;
    }
    each_has_one_ticket(&sandbox, "tls", 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_trusted_gets_no_password() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    dovecot.store(USER, "INBOX", mails("inconnu", 1));
    for url in [account("imaps", dovecot.tls_port()), account("imap", dovecot.port())] {
        let gateway = Gateway::start(&sandbox, &[("imap.url", &url)]).await;
        wait_until("the handshake has failed", async || dovecot.log().contains("unknown ca")).await;
        gateway.finish().await;
    }
    assert_eq!((count(&dovecot, "INBOX"), sandbox.tickets().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_mailboxes_are_read_at_once() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    dovecot.store(USER, "INBOX", mails("plusieurs", 1));
    dovecot.store("lsu", "INBOX", mails("plusieurs", 2).split_off(1));
    dovecot.create_folder("lsu", "Demandes");
    dovecot.store("lsu", "Demandes", mails("plusieurs", 3).split_off(2));
    let port = dovecot.port();
    let urls = format!(
        "imap://{}@127.0.0.1:{port}?tls=off,imap://lsu@127.0.0.1:{port}?tls=off,imap://lsu@127.0.0.1:{port}/Demandes?tls=off",
        USER.replace('@', "%40")
    );
    let _gateway = Gateway::start(&sandbox, &[("imap.url", &urls), ("imap.password", PASSWORD)]).await;
    wait_until("all are made", async || sandbox.tickets().len() == 3).await;
    emptied(&dovecot).await;
    wait_until("the other folder is empty, too", async || dovecot.messages("lsu", "Demandes").is_empty()).await;
    each_has_one_ticket(&sandbox, "plusieurs", 3);
}

/// Signs in by token with these settings, and again when every token was withdrawn.
async fn signs_in_by_token(settings: &[(&str, &str)]) {
    let provider = Provider::start(USER, Duration::from_hours(1)).await;
    let introspection_url = Some(provider.introspection_url());
    let dovecot = Dovecot::start_with(Options { introspection_url, ..Options::default() });
    let sandbox = sandbox().await;
    let url = format!("imap://{}@127.0.0.1:{}?tls=off", USER.replace('@', "%40"), dovecot.port());
    let token_url = provider.token_url();
    let usual =
        [("imap.url", url.as_str()), ("imap.oauth.token_url", token_url.as_str()), ("imap.oauth.client_id", CLIENT_ID)];
    let _gateway = Gateway::start(&sandbox, &[&usual, settings].concat()).await;
    dovecot.store(USER, "INBOX", mails("jeton", 1));
    emptied(&dovecot).await;
    assert_eq!(provider.given(), 1);

    provider.revoke_all();
    dovecot.cut_connections();
    dovecot.store(USER, "INBOX", mails("jeton", 2).split_off(1));
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "jeton", 2);
    assert_eq!(provider.given(), 2, "a refused token is replaced, a good one is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_a_token_of_the_client_s_own() {
    signs_in_by_token(&[("imap.oauth.client_secret", CLIENT_SECRET)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_a_refresh_token() {
    let secret = ("imap.oauth.client_secret", CLIENT_SECRET);
    signs_in_by_token(&[("imap.oauth.refresh_token", REFRESH_TOKEN), secret]).await;
}
