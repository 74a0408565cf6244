//! `passerelle demo` as somebody runs it who wants to look: each state on the portal's pages, the mails as pages, and the
//! ports.

use std::{collections::BTreeSet, net::TcpListener, process::Stdio, time::Duration};

use reqwest::StatusCode;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::support::{PATIENCE, browser::Browser, hooked_portal::Portal, wait_until};

/// The director of the demonstration.
const SAND: &str = "ce.0580004D@ac-dijon.fr";

/// A demonstration that has said where everything is.
struct Demo {
    child: Child,
    said: String,
    client: reqwest::Client,
}

fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
    command.arg("demo").args(arguments).env_clear().env("LC_ALL", "fr_FR.UTF-8").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Demo {
    async fn start(more: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut child = demo(&[&["--listen", "127.0.0.1:0"], more].concat())
            .envs([("PASSERELLE_GLPI__URL", "http://glpi.invalid/"), ("PASSERELLE_CONFIG", "/nowhere.toml")])
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = String::new();
        let reading = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                said += &line;
                said.push('\n');
                if line.starts_with("Ctrl-C") {
                    return;
                }
            }
            let mut log = String::new();
            child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
            panic!("it ended early: {said}\n{log}");
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap();
        Self { child, said, client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    /// The address printed behind this label.
    fn address(&self, label: &str) -> String {
        let line = self.said.lines().find(|line| line.starts_with(&format!("{label}  "))).expect(label);
        line[label.len()..].split_whitespace().next().unwrap().to_owned()
    }

    async fn get(&self, address: &str) -> String {
        let answer = self.client.get(address).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{address}");
        answer.text().await.unwrap().replace("&#39;", "'").replace("&nbsp;", "\u{a0}")
    }

    /// Ends it as Ctrl-C does.
    async fn interrupt(mut self) {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let ended = tokio::time::timeout(Duration::from_mins(1), self.child.wait()).await.unwrap().unwrap();
        assert_eq!(ended.code(), Some(0), "{}", self.said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_state_is_on_the_portal_and_every_mail_is_a_page() {
    let told = Portal::with(&[b"secret-de-demonstration-2026"]).await;
    let demo = Demo::start(&["--hooks", &told.url]).await;
    let first = demo.said.lines().next().unwrap();
    assert!(first.contains("de /nowhere.toml, PASSERELLE_GLPI__URL."), "it says what it leaves out: {first}");
    assert!(demo.said.contains("0 résultat(s) inattendu(s)"), "{}", demo.said);
    let portal = demo.address("Portail");
    for (state, title, detail) in [
        ("en-attente", "Accès pour une nouvelle enseignante", ""),
        ("en-attente", "Lenteurs lors de la saisie", "mise en attente\u{a0}: Attente de l’éditeur"),
        ("en-cours", "Bilans du CM1 absents de la liste", "prise en charge par Claude Morel"),
        ("en-cours", "Résultats impossibles à saisir", "transmise à l’assistance informatique académique"),
        ("a-completer", "Import des élèves interrompu", "une réponse de votre part est attendue"),
        ("a-approuver", "Export vers le collège impossible", "une solution attend votre avis"),
        ("cloturee", "Mot de passe expiré", ""),
    ] {
        let page = demo.get(&format!("{portal}/demandes?etat={state}")).await;
        let row = page.split("<tr").find(|row| row.contains(title)).unwrap_or_else(|| panic!("{title} in {page}"));
        assert!(row.contains(detail), "{detail} in {row}");
    }
    the_year_says_something(&demo).await;
    // What awaits them comes first, and each request tells what happened to it.
    let home = demo.get(&portal).await;
    let awaits = home.split_once("2 demandes attendent quelque chose de vous").expect("two await them").1;
    let awaits = awaits.split_once("</section>").unwrap().0;
    assert!(awaits.contains("Import des élèves interrompu") && awaits.contains("Export vers le collège"), "{awaits}");
    let number = |title: &str| {
        let before = home.split(title).next().unwrap();
        before.rsplit("/portail/demandes/").next().unwrap().split(['"', '#']).next().unwrap().to_owned()
    };
    let asked = demo.get(&format!("{portal}/demandes/{}", number("Import des élèves interrompu"))).await;
    assert!(
        asked.contains("De quel fichier s’agit-il") && asked.contains("prise en charge par Claude Morel"),
        "{asked}"
    );
    let faq = demo.get(&format!("{portal}/faq?q=OTP")).await;
    assert!(faq.contains("Où trouver la clé OTP pour ONDE"), "{faq}");

    // Her day is not over.
    let form = demo.get(&format!("{portal}/nouvelle")).await;
    assert!(form.contains("8 demandes") && !form.contains("nombre maximal"), "{form}");

    let mails = demo.address("Courriels");
    let list = demo.get(&mails).await;
    assert!(!list.contains("École n°"), "nobody is told today of what the year brought: {list}");
    for (recipient, subject) in [
        (SAND, "prise en charge — Bilans du CM1"),
        (SAND, "à compléter — Import des élèves"),
        (SAND, "solution proposée — Export vers le collège"),
        (SAND, "transmise à l’assistance informatique académique — Résultats impossibles"),
        ("alice.bernard@ac-dijon.fr", "transmise par Référents-ECECA"),
        ("tech1@ac-dijon.fr", "solution approuvée"),
        ("ce.0210002B@ac-dijon.fr", "non enregistrée"),
        ("agent.simple@ac-dijon.fr", "non enregistrée"),
    ] {
        let is_it = |row: &&str| row.to_lowercase().contains(&recipient.to_lowercase()) && row.contains(subject);
        let row = list.split("<tr>").find(is_it).unwrap_or_else(|| panic!("{recipient}, {subject} in {list}"));
        let number = row.split_once("href=\"/").unwrap().1.split_once('"').unwrap().0;
        let letter = demo.get(&format!("{mails}{number}")).await;
        assert!(letter.contains("<iframe sandbox=") && letter.contains("<pre"), "{letter}");
        if recipient == SAND {
            assert!(letter.contains(&format!("{portal}/demandes/")), "it leads to the portal: {letter}");
        }
        let source = demo.get(&format!("{mails}{number}/source")).await;
        assert!(source.contains("\r\nSubject: ") && source.contains("Message-ID: <"), "{source}");
    }
    assert!(demo.get(&demo.address("GLPI (bac à sable)")).await.contains("Mot de passe expiré"));

    assert!(demo.said.contains("whsec_c2VjcmV0LWRlLWRlbW9uc3RyYXRpb24tMjAyNg=="), "{}", demo.said);
    wait_until("the portal is told", async || {
        let kinds: BTreeSet<_> = told.got().iter().map(|got| got.kind().to_owned()).collect();
        ["request.created", "request.question", "request.solution", "request.closing"]
            .iter()
            .all(|it| kinds.contains(*it))
    })
    .await;

    let browser = Browser::start().await;
    browser.open(&mails).await;
    assert_eq!(browser.barriers().await, Vec::<String>::new());
    browser.follow("tbody tr:first-child a").await;
    assert_eq!(browser.barriers().await, Vec::<String>::new());
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.finish().await;
    demo.interrupt().await;
}

/// The figures have something to say of each kind, and the portal shows what is announced.
async fn the_year_says_something(demo: &Demo) {
    let figures = demo.address("Pilotage");
    wait_until("all tickets are counted", async || !demo.get(&figures).await.contains("Lecture de GLPI en cours"))
        .await;
    let period = "period=2020-01-01..2035-01-01";
    let all = demo.get(&format!("{figures}/donnees/all.json?{period}")).await;
    let all: Vec<Value> = serde_json::from_str(&all).unwrap();
    let rows = |id: &str| all.iter().find(|table| table["id"] == id).unwrap()["rows"].as_array().unwrap().clone();
    let total = rows("summary")[0]["requests"].as_u64().unwrap();
    assert!(total > 3000, "{total}");
    // How many names, and for how many requests in a hundred one is known at least.
    for (id, names) in [("departments", 4), ("circonscriptions", 12), ("schools", 20), ("applications", 4)] {
        let known: Vec<Value> = rows(id).into_iter().filter(|row| row["name"] != "inconnu").collect();
        assert!(known.len() >= names, "{id}: {known:?}");
        let unknown =
            rows(id).iter().find(|row| row["name"] == "inconnu").map_or(0, |row| row["requests"].as_u64().unwrap());
        assert!(unknown * 50 < total, "{id}: {unknown} of {total} are unknown");
    }
    let of_way = |way: &str| rows("ways").iter().find(|row| row["name"] == way).unwrap()["requests"].as_u64().unwrap();
    assert!(of_way("courriel") > total / 3 && of_way("formulaire") > total / 5, "{:?}", rows("ways"));
    for row in rows("delays") {
        assert!(row["median"].as_u64().unwrap() > 600, "{row}");
    }
    let told = rows("escalations");
    for what in [
        "Demandes passées au niveau supérieur",
        "dont à la demande d’un référent",
        "dont par la règle de délai",
        "depuis Référents-LSU",
        "Demandes résolues dont une solution a été refusée",
    ] {
        let row = told.iter().find(|row| row["what"] == what).unwrap_or_else(|| panic!("{what} in {told:?}"));
        assert!(row["requests"].as_u64().unwrap() > 5, "{row}");
    }
    let portal = demo.address("Portail");
    wait_until("the message shows", async || demo.get(&portal).await.contains("Incident en cours sur ECECA")).await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_the_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for (listen, parts) in [
        (
            address.to_string(),
            vec![format!("cannot listen on {address} for the portal"), "--listen 127.0.0.1:8500".to_owned()],
        ),
        ("0.0.0.0:8400".to_owned(), vec!["is not on loopback".to_owned(), "--listen 127.0.0.1:8400".to_owned()]),
        ("127.0.0.1:65533".to_owned(), vec!["65533".to_owned(), "5 ports".to_owned()]),
    ] {
        let output = demo(&["--exit", "--listen", &listen]).output().await.unwrap();
        // Its lines are broken, and marked.
        let said = String::from_utf8_lossy(&output.stderr).replace('│', " ");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(78), "{said}");
        for part in parts {
            assert!(said.contains(&part), "{part} in {said}");
        }
    }
}
