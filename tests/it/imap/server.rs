//! The server of the other tests does what they rely on.

use std::{net::TcpStream, sync::Arc, time::Duration};

use data_encoding::BASE64;
use rstest::rstest;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::Value;

use crate::support::{
    dovecot::{Dovecot, Options, PASSWORD, Stored},
    imap_client::ImapClient,
    oauth::{CLIENT_ID, CLIENT_SECRET, Provider, REFRESH_TOKEN},
};

const USER: &str = "assistance1d@ac-dijon.fr";

fn message(number: usize) -> Vec<u8> {
    // A byte that is no UTF-8, as old programs write it.
    [format!("Subject: {number}\r\n\r\nTr").as_bytes(), b"\xe8s court\r\n"].concat()
}

fn in_tls(server: &Dovecot, stream: TcpStream) -> ImapClient<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.ca_file()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let session = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    ImapClient::over(StreamOwned::new(session, stream))
}

#[test]
fn it_speaks_tls_from_the_start_or_later() {
    let server = Dovecot::start();
    let mut client = in_tls(&server, TcpStream::connect(("127.0.0.1", server.tls_port())).unwrap());
    assert!(client.line().unwrap().text.starts_with("* OK"));
    client.succeed(&format!("LOGIN {USER} {PASSWORD}"));

    let mut client = ImapClient::connect(server.port()).unwrap();
    assert!(client.line().unwrap().text.contains(" STARTTLS "));
    client.succeed("STARTTLS");
    in_tls(&server, client.into_stream()).succeed(&format!("LOGIN {USER} {PASSWORD}"));
}

#[test]
fn only_the_present_password_signs_in() {
    let mut server = Dovecot::start();
    server.change_password("another");
    let refused = server.connect().run(&format!("LOGIN {USER} {PASSWORD}"));
    assert!(refused.status.starts_with("NO [AUTHENTICATIONFAILED]"), "{}", refused.status);
    server.sign_in(USER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_signs_in_until_it_ends() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let provider = Provider::start(USER, Duration::from_hours(1)).await;
    let options = Options { introspection_url: Some(provider.introspection_url()), ..Options::default() };
    let server = Dovecot::start_with(options);
    let ask = async |form: String| -> Value {
        let request = reqwest::Client::new().post(provider.token_url()).body(form);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    };
    let client = format!("client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}");
    let first = ask(format!("{client}&grant_type=client_credentials")).await;
    let second = ask(format!("{client}&grant_type=refresh_token&refresh_token={REFRESH_TOKEN}")).await;
    assert_eq!(first["expires_in"], 3600);
    assert_eq!(ask(format!("{client}&grant_type=refresh_token&refresh_token=x")).await["error"], "invalid_grant");
    assert_eq!(ask("grant_type=client_credentials".to_owned()).await["error"], "invalid_client");
    assert_eq!(provider.given(), 2);

    let sign_in = |user: &str, answer: &Value, mechanism: &str| {
        let token = answer["access_token"].as_str().unwrap();
        let start = if mechanism == "XOAUTH2" { format!("user={user}") } else { format!("n,a={user},") };
        let proof = BASE64.encode(format!("{start}\x01auth=Bearer {token}\x01\x01").as_bytes());
        server.connect().run(&format!("AUTHENTICATE {mechanism} {proof}")).status
    };
    assert!(sign_in(USER, &first, "XOAUTH2").starts_with("OK"));
    assert!(sign_in(USER, &second, "OAUTHBEARER").starts_with("OK"));
    assert!(sign_in("autre@ac-dijon.fr", &first, "XOAUTH2").starts_with("NO"));
    provider.revoke_all();
    assert!(sign_in(USER, &first, "XOAUTH2").starts_with("NO"));
}

#[test]
fn it_keeps_what_is_stored_byte_by_byte() {
    let server = Dovecot::start();
    server.store(USER, "INBOX", (0..2000).map(message));
    server.set_flag(USER, "INBOX", 2, "\\Seen");
    server.set_flag(USER, "INBOX", 2, "$Essai");
    let messages = server.messages(USER, "INBOX");
    assert_eq!(messages.len(), 2000);
    assert_eq!(messages[0], Stored { uid: 1, flags: Vec::new(), raw: message(0) });
    assert_eq!(messages[1].flags, ["\\Seen", "$Essai"]);
    assert_eq!(messages[1999], Stored { uid: 2000, flags: Vec::new(), raw: message(1999) });
}

#[rstest]
#[case::usual(false, "")]
#[case::courier(true, "INBOX.")]
fn folders_come_and_go(#[case] below_inbox: bool, #[case] prefix: &str) {
    let server = Dovecot::start_with(Options { below_inbox, ..Options::default() });
    let [done, refused] = ["Traités", "Refusés"].map(|name| format!("{prefix}{name}"));
    server.create_folder(USER, &done);
    server.store(USER, &done, [message(1)]);
    server.rename_folder(USER, &done, &refused);
    assert_eq!(server.folders(USER), ["INBOX", &refused]);
    assert_eq!(server.messages(USER, &refused)[0].raw, message(1));
    server.delete_folder(USER, &refused);
    assert_eq!(server.folders(USER), ["INBOX"]);
}

#[test]
fn uid_validity_changes() {
    let server = Dovecot::start();
    server.store(USER, "INBOX", [message(1)]);
    let value = server.uid_validity(USER, "INBOX") + 7;
    server.set_uid_validity(USER, "INBOX", value);
    assert_eq!(server.uid_validity(USER, "INBOX"), value);
    let selected = server.sign_in(USER).succeed("SELECT INBOX");
    assert!(selected.lines.iter().any(|line| line.text.contains(&format!("[UIDVALIDITY {value}]"))));
    assert_eq!(server.messages(USER, "INBOX").len(), 1);
}

#[test]
fn capabilities_can_be_hidden() {
    let announced = |hidden| {
        let server = Dovecot::start_with(Options { hidden, ..Options::default() });
        let reply = server.sign_in(USER).succeed("CAPABILITY");
        reply.lines[0].text.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let hidden = ["MOVE", "UIDPLUS", "IDLE"];
    let mut rest = announced(&[]);
    assert!(hidden.iter().all(|capability| rest.iter().any(|one| one == capability)));
    rest.retain(|capability| !hidden.contains(&capability.as_str()));
    assert_eq!(announced(&["MOVE", "UIDPLUS", "IDLE"]), rest);
}

#[rstest]
#[case::usual(false, "Archives/")]
#[case::courier(true, "INBOX.Archives.")]
fn a_full_mailbox_takes_no_more(#[case] below_inbox: bool, #[case] archives: &str) {
    let limits = Options { account_limit: Some(3), archives_limit: Some(1), below_inbox, ..Options::default() };
    let server = Dovecot::start_with(limits);
    server.store(USER, "INBOX", (0..3).map(message));
    let full = format!("{archives}Pleins");
    server.create_folder(USER, &full);
    let mut client = server.sign_in(USER);
    client.succeed("SELECT INBOX");
    assert!(client.run("UID COPY 1 INBOX").status.starts_with("NO [OVERQUOTA]"));
    client.succeed(&format!("UID MOVE 1 {full}"));
    assert!(client.run(&format!("UID MOVE 2 {full}")).status.starts_with("NO [OVERQUOTA]"));
    assert_eq!(server.messages(USER, "INBOX").len(), 2);
}

#[test]
fn a_client_in_idle_hears_of_mail_and_of_nothing() {
    let server = Dovecot::start_with(Options { idle_notify: Some(Duration::from_secs(1)), ..Options::default() });
    let mut client = server.sign_in(USER);
    client.succeed("SELECT INBOX");
    client.send("a IDLE\r\n");
    assert!(client.line().unwrap().text.starts_with('+'));
    assert_eq!(client.line().unwrap().text, "* OK Still here");
    server.store(USER, "INBOX", [message(1)]);
    while client.line().unwrap().text != "* 1 EXISTS" {}
}

#[test]
fn connections_are_cut_in_tls_without_a_word() {
    let server = Dovecot::start();
    let mut secret = in_tls(&server, TcpStream::connect(("127.0.0.1", server.tls_port())).unwrap());
    secret.line().unwrap();
    secret.succeed(&format!("LOGIN {USER} {PASSWORD}"));
    let mut plain = server.sign_in(USER);
    server.cut_connections();
    assert!(secret.line().is_none());
    assert_eq!(plain.line().unwrap().text, "* BYE Server shutting down.");
    assert!(plain.line().is_none());
    server.sign_in(USER);
}

#[test]
fn mail_and_ports_outlive_a_stop() {
    let mut server = Dovecot::start();
    let ports = (server.port(), server.tls_port());
    server.store(USER, "INBOX", [message(1)]);
    let before = server.messages(USER, "INBOX");
    let mut client = server.sign_in(USER);
    server.stop();
    assert_eq!(client.line().unwrap().text, "* BYE Server shutting down.");
    assert!(client.line().is_none());
    assert!(TcpStream::connect(("127.0.0.1", ports.0)).is_err());
    server.start_again();
    assert_eq!((server.port(), server.tls_port()), ports);
    assert_eq!(server.messages(USER, "INBOX"), before);
    assert!(server.log().contains("starting up for imap"));
}
