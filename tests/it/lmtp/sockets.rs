//! Listening: TCP and Unix sockets, and what is said when it cannot be done.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
};

use passerelle::{app::App, cli::mistakes, config, intake::lmtp, telemetry, text::Language};

use super::support::{Client, Server, created, settings};
use crate::support::bilingual::is_french_throughout;

/// Why the gateway cannot listen on an address, as whoever starts it reads it.
async fn refusal(address: &str, language: Language) -> String {
    let mut config = config::load_from(None, []).unwrap();
    "http://127.0.0.1:9/".clone_into(&mut config.glpi.url);
    config.glpi.user_token = Some("token".into());
    config.lmtp.listen = vec![address.to_owned()];
    let bound = App::build(config).unwrap().bind(telemetry::metrics()).await;
    mistakes::shown(bound.err().unwrap().error.into(), language)
}

#[tokio::test]
async fn both_kinds_of_socket_serve_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp.sock");
    let addresses = ["127.0.0.1:0".to_owned(), format!("unix:{}", path.display())];
    let server = Server::listen(&addresses, settings(), |_, _| std::future::ready(created(1))).await;
    assert_eq!(server.addresses[1], addresses[1]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
    for address in &server.addresses {
        let mut client = Client::connect(address).await;
        client.dialogue("LHLO x\r\nMAIL FROM:<>\r\n", &["220", "250", "250"]).await;
        client.dialogue("RCPT TO:<assistance1d@ac-dijon.fr>\r\nDATA\r\n", &["250", "354"]).await;
        client.dialogue("x\r\n.\r\nQUIT\r\n", &["250 2.0.0 created", "221"]).await;
    }
    server.end().await;
    assert!(!path.exists(), "the socket's file is gone with it");
}

#[tokio::test]
async fn a_socket_file_that_is_left_over_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let listeners = lmtp::bind(&[format!("unix:{}", path.display())]).await.unwrap();

    // A later process's file is not taken for our own.
    fs::remove_file(&path).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    drop(listeners);
    assert!(path.exists());
}

#[tokio::test]
async fn what_is_in_the_way_is_named_with_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let unix = |name: &str| format!("unix:{}", path(name).display());

    let _listening = UnixListener::bind(path("used.sock")).unwrap();
    fs::write(path("file"), "kept").unwrap();
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let used = tcp.local_addr().unwrap().to_string();

    for (address, remedy) in [
        (unix("used.sock"), "ss -lxp"),
        (unix("file"), "Move that file away"),
        (unix("no/folder.sock"), "Create the folder"),
        (unix(&"x".repeat(120)), "107 bytes"),
        ("unix:lmtp.sock".to_owned(), "unix:/run"),
        (used, "ss -ltnp"),
        ("passerelle.invalid:2424".to_owned(), "this machine’s resolver"),
        ("192.0.2.1:2424".to_owned(), "address of this machine"),
        ("2424".to_owned(), "127.0.0.1:2424"),
        (String::new(), "127.0.0.1:2424"),
    ] {
        let shown = refusal(&address, Language::English).await;
        let line = |shown: &str| shown.replace("\n  │ ", " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains("cannot listen on") && line(&shown).contains(remedy), "{address}: {shown}");
        let shown = refusal(&address, Language::French).await;
        assert!(shown.contains("impossible d’écouter sur"), "{address}: {shown}");
        is_french_throughout(&shown.replace(&address, ""));
    }
    assert!(path("used.sock").exists());
    assert_eq!(fs::read_to_string(path("file")).unwrap(), "kept");
}
