//! `passerelle inform` as its users run it: files, a second person, stopping, ending, and a relay that speaks TLS.

use std::{collections::BTreeMap, fs, path::Path, process::Output, sync::Arc};

use passerelle::sandbox::Sandbox;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

use super::{
    directory,
    sink::{Moods, Secrecy, Sink},
};
use crate::support::{certificates::certificates, gateway::sandbox};

/// A folder to work in, and what the program is told.
pub(super) struct Desk {
    folder: tempfile::TempDir,
    settings: BTreeMap<String, String>,
}

impl Desk {
    pub(super) fn new(sandbox: &Sandbox, relay: &str, more: &[(&str, &str)]) -> Self {
        let (folder, csv) = directory(40);
        fs::write(folder.path().join("lsu.md"), "# LSU indisponible\n\n**LSU** ne répond pas.\n").unwrap();
        let usual = [
            ("GLPI__URL", sandbox.url().as_str()),
            ("GLPI__LOGIN", "passerelle"),
            ("GLPI__PASSWORD", "passerelle"),
            ("SMTP__URL", relay),
            ("SMTP__TIMEOUT", "5s"),
            ("DIRECTORY__CSV", csv.to_str().unwrap()),
            ("DIRECTORY__SOURCES", "csv"),
            ("ANNOUNCEMENTS__ENABLED", "true"),
            ("ANNOUNCEMENTS__PER_MINUTE", "1000000"),
            ("ANNOUNCEMENTS__BATCH", "20"),
            ("LOG__FILTER", "warn"),
        ]
        .map(|(key, value)| (key, value.to_owned()));
        let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let settings = usual.into_iter().chain(more).map(|(key, value)| (format!("PASSERELLE_{key}"), value)).collect();
        Self { folder, settings }
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(super) async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_passerelle"));
        command.arg("inform").args(arguments).envs(&self.settings);
        command.output().await.unwrap()
    }

    /// What it says, and its exit code.
    pub(super) async fn said(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let output = self.run(arguments).await;
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (said, output.status.code())
    }

    pub(super) async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments).await;
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// The one announcement there is.
pub(super) async fn only(desk: &Desk) -> String {
    let listed = desk.json(&["list", "--json"]).await;
    listed["reference"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_attached_and_those_that_may_not_go_stop_it() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let desk = Desk::new(&sandbox, &sink.url(), &[]);
    let text = desk.path("lsu.md");
    fs::write(desk.path("liste.csv"), "a;b\r\n").unwrap();
    fs::write(desk.path("jeu.exe"), "MZ").unwrap();
    let (list, program, missing) = (desk.path("liste.csv"), desk.path("jeu.exe"), desk.path("absent.csv"));
    for dry in [&["--dry-run"][..], &[]] {
        let (said, code) = desk.said(&[&[&text, "--attach", &list, "--attach", &program], dry].concat()).await;
        assert_eq!(code, Some(64), "{said}");
        assert!(said.contains("jeu.exe") && !said.contains("liste.csv"), "{said}");
    }
    let (said, code) = desk.said(&[&text, "--attach", &missing]).await;
    assert!(code == Some(64) && said.contains("absent.csv cannot be read"), "{said}");
    assert_eq!(desk.run(&["list"]).await.stdout, b"");
    let (said, code) = desk.said(&[&text, "--attach", &list, "--dry-run"]).await;
    assert!(code == Some(0) && said.contains("Attached file: liste.csv (5\u{a0}octets)"), "{said}");
    let files = json!([{"name": "liste.csv", "size": 5}]);
    assert_eq!(desk.json(&[&text, "--attach", &list, "--dry-run", "--json"]).await["files"], files);
    assert!(sink.taken().is_empty());
    let sent = desk.json(&[&text, "--attach", &list, "--json"]).await;
    assert_eq!((&sent["state"], &sent["handed"], &sent["files"]), (&json!("ended"), &json!(40), &files));
    assert!(sink.taken().iter().all(|taken| taken.mail.contains("YTtiDQo=") && taken.mail.contains("liste.csv")));
    let (said, _) = desk.said(&["list"]).await;
    assert!(said.contains("LSU indisponible  +liste.csv"), "{said}");
    // The same again is the same; without the file it is another one.
    desk.json(&[&text, "--attach", &list, "--json"]).await;
    assert_eq!(sink.taken().len(), 2);
    let other = desk.json(&[&text, "--json"]).await;
    assert!(other["reference"] != sent["reference"] && sink.taken().len() == 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_person_confirms_on_the_command_line() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let more = [("ANNOUNCEMENTS__CONFIRM_ABOVE", "30"), ("PEOPLE__OPERATORS", "chef@ac-dijon.fr,autre@ac-dijon.fr")];
    let desk = Desk::new(&sandbox, &sink.url(), &more);
    let (said, code) = desk.said(&[&desk.path("lsu.md"), "--by", "chef@ac-dijon.fr"]).await;
    assert!(code == Some(0) && said.contains("waits for a second person: 40 addresses"), "{said}");
    let reference = only(&desk).await;
    let asked = sink.taken().pop().unwrap();
    assert_eq!(asked.to, ["autre@ac-dijon.fr"]);
    let text = asked.mail.replace("=\r\n", "");
    let code: String = text.split("--code ").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
    // A command that can be pasted as it is.
    assert!(text.contains(&format!("confirm {reference} --code {code} --by autre@ac-dijon.fr")), "{text}");
    for (arguments, said) in [
        (["--code", "AAAA", "--by", "autre@ac-dijon.fr"], "this code does not confirm it"),
        (["--code", &code, "--by", "chef@ac-dijon.fr"], "a second person"),
    ] {
        let (told, status) = desk.said(&[&["confirm", &reference][..], &arguments].concat()).await;
        assert!(status == Some(1) && told.contains(said), "{told}");
    }
    // Until then nothing goes, whoever resumes it.
    desk.run(&["resume", &reference, "--json"]).await;
    assert_eq!(sink.taken().len(), 1);
    let (told, status) = desk.said(&["confirm", &reference, "--code", &code, "--by", "autre@ac-dijon.fr"]).await;
    assert!(status == Some(0) && told.contains("confirmed"), "{told}");
    let sent = desk.json(&["resume", &reference, "--json"]).await;
    assert_eq!((&sent["state"], &sent["handed"]), (&json!("ended"), &json!(40)));
    let none = desk.said(&["confirm", "P-7K3M-Q2XV-9D4T", "--code", &code, "--by", "autre@ac-dijon.fr"]).await;
    assert_eq!(none.1, Some(1), "{}", none.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_stopped_goes_no_further_and_cannot_be_confirmed() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let more = [("ANNOUNCEMENTS__CONFIRM_ABOVE", "30"), ("PEOPLE__OPERATORS", "chef@ac-dijon.fr,autre@ac-dijon.fr")];
    let desk = Desk::new(&sandbox, &sink.url(), &more);
    desk.run(&[&desk.path("lsu.md"), "--by", "chef@ac-dijon.fr"]).await;
    let reference = only(&desk).await;
    let text = sink.taken()[0].mail.replace("=\r\n", "");
    let code: String = text.split("--code ").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
    let (said, status) = desk.said(&["stop", &reference]).await;
    assert!(status == Some(0) && said.contains("stopped"), "{said}");
    let (said, status) = desk.said(&["confirm", &reference, "--code", &code, "--by", "autre@ac-dijon.fr"]).await;
    assert_eq!(status, Some(1), "{said}");
    let resumed = desk.json(&["resume", &reference, "--json"]).await;
    assert_eq!((&resumed["state"], &resumed["handed"], sink.taken().len()), (&json!("stopped"), &json!(0), 1));
    let (said, _) = desk.said(&["list"]).await;
    assert!(said.contains("stopped"), "{said}");
    let (said, status) = desk.said(&["stop", "P-7K3M-Q2XV-9D4T"]).await;
    assert!(status == Some(1) && said.contains("there is no announcement of this name"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_asked_yet_is_said_and_one_without_a_list_is_named() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { away: true, ..Moods::default() }).await);
    let more = [("ANNOUNCEMENTS__CONFIRM_ABOVE", "30"), ("PEOPLE__OPERATORS", "chef@ac-dijon.fr,autre@ac-dijon.fr")];
    let desk = Desk::new(&sandbox, &sink.url(), &more);
    let (said, code) = desk.said(&[&desk.path("lsu.md"), "--by", "chef@ac-dijon.fr"]).await;
    assert!(code == Some(75) && said.contains("Nobody could be asked yet"), "{said}");
    let reference = only(&desk).await;
    let (said, _) = desk.said(&["show", &reference]).await;
    assert!(said.contains("Nobody could be asked yet"), "{said}");
    sink.moods.lock().unwrap().away = false;
    let (said, code) = desk.said(&["resume", &reference]).await;
    assert!(code == Some(0) && said.contains("were sent a mail"), "{said}");
    desk.run(&["stop", &reference]).await;

    // A second one, whose writer was killed behind its note.
    let login = passerelle::glpi::Credentials::Login { login: "passerelle".to_owned(), password: "passerelle".into() };
    let glpi = passerelle::glpi::Glpi::new(&passerelle::glpi::Settings::new(sandbox.url(), login)).unwrap();
    let keeping = passerelle::announcements::Keeping::new(glpi, jiff::tz::TimeZone::get("Europe/Paris").unwrap());
    let kept = keeping.keep(super::sending::announcement("killed", &["021"]), &[]).await.unwrap();
    let reference = kept.reference.to_string();
    let (said, _) = desk.said(&["list"]).await;
    assert!(said.contains("not frozen") && said.contains("`passerelle inform resume`"), "{said}");
    let (said, code) = desk.said(&["show", &reference]).await;
    assert!(code == Some(1) && said.contains("its list is not frozen") && said.contains("inform resume"), "{said}");
    let sent = desk.json(&["resume", &reference, "--json"]).await;
    assert_eq!((&sent["state"], &sent["handed"]), (&json!("ended"), &json!(10)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_ended_leaves_the_portal() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let desk = Desk::new(&sandbox, &sink.url(), &[]);
    let (said, code) = desk.said(&[&desk.path("lsu.md"), "--portal-only"]).await;
    assert_eq!(code, Some(0), "{said}");
    let reference = said.split_whitespace().next().unwrap().to_owned();
    let login = passerelle::glpi::Credentials::Login { login: "passerelle".to_owned(), password: "passerelle".into() };
    let glpi = passerelle::glpi::Glpi::new(&passerelle::glpi::Settings::new(sandbox.url(), login)).unwrap();
    let keeping = passerelle::announcements::Keeping::new(glpi, jiff::tz::TimeZone::get("Europe/Paris").unwrap());
    let shown = async || keeping.messages(jiff::Timestamp::now()).await.unwrap().len();
    assert_eq!(shown().await, 1);
    let (said, code) = desk.said(&["end", &reference]).await;
    assert!(code == Some(0) && said.contains("the portal does not show it any more"), "{said}");
    assert_eq!((shown().await, sink.taken().len()), (0, 0));
    let (said, code) = desk.said(&["end", "P-7K3M-Q2XV-9D4T"]).await;
    assert!(code == Some(1) && said.contains("there is no announcement of this name"), "{said}");
}

fn acceptor(folder: &Path) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(versions.with_no_client_auth().with_single_cert(chain, key).unwrap()))
}

/// Batches go over TLS where the relay's address says so, to a relay that is who it says, and never in clear.
#[tokio::test(flavor = "multi_thread")]
async fn batches_go_over_tls_and_not_without_it() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let (started, wrapped) = (Secrecy::Started(acceptor(folder.path())), Secrecy::Wrapped(acceptor(folder.path())));
    let authority = folder.path().join("ca.pem");
    let of = async |name: &str, secrecy: Secrecy, url: &str, trust: bool| {
        let sink = Sink::with(Moods::default(), secrecy).await;
        let url = url.replace("PORT", &sink.address.port().to_string());
        let mut desk = Desk::new(&sandbox, &url, &[]);
        if trust {
            desk.settings.insert("SSL_CERT_FILE".to_owned(), authority.to_str().unwrap().to_owned());
        }
        fs::write(desk.path("lsu.md"), format!("# {name}\n\nBonjour")).unwrap();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_passerelle"));
        let text = desk.path("lsu.md");
        command.args(["inform", &text, "--json"]).envs(&desk.settings).kill_on_drop(true);
        let running = command.output();
        if trust && !name.contains("clear") {
            running.await.unwrap();
        } else {
            // It tries again until it is stopped; its first try is seen in the list.
            let mut running = std::pin::pin!(running);
            tokio::select! {
                ended = &mut running => panic!("{ended:?}"),
                () = crate::support::wait_until("it has tried", async || sink.connections() > 0) => {}
            }
        }
        let copies = sink.copies();
        (copies.len(), copies.values().all(|count| *count == 1))
    };
    assert_eq!(of("starttls", started.clone(), "smtp://localhost:PORT?tls=required", true).await, (40, true));
    assert_eq!(of("smtps", wrapped.clone(), "smtps://localhost:PORT", true).await, (40, true));
    assert_eq!(of("an unknown authority", started, "smtp://localhost:PORT?tls=required", false).await, (0, true));
    assert_eq!(of("an unknown authority, smtps", wrapped, "smtps://localhost:PORT", false).await, (0, true));
    assert_eq!(of("in clear", Secrecy::None, "smtp://localhost:PORT?tls=required", true).await, (0, true));
}
