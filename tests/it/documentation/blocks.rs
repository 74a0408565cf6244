//! The shell blocks of the pages that people follow line by line, run as they are printed: all `sh` blocks of a page in
//! one shell, in their order, before a gateway and a GLPI stand-in. As with the proxies' files, only names and places
//! differ: folders of the system stand in a folder of the test, and addresses are those of the test.
//!
//! What cannot be run so is marked `console`, and listed with what runs or tries it instead: a block is one or the other.

use std::{collections::BTreeSet, fs, os::unix::fs::symlink, path::Path, process::Stdio};

use passerelle::{sandbox::Sandbox, text::Language};
use rstest::rstest;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

use super::project;
use crate::support::{
    PATIENCE,
    documentation::{LANGUAGES, page, parted},
    free_port,
    gateway::{ASSISTANCE, DIRECTORS, Gateway, PORTAL_SECRET, form, mail, sandbox, titled},
    hooked_portal::Portal,
    sink::{Moods, Sink},
    wait_until,
};

const PAGES: [&str; 5] =
    ["docs/en/quickstart.md", "docs/en/install.md", "docs/en/mail.md", "docs/en/proxy.md", "docs/en/portal-api.md"];
/// What is not run with the others of its page, by its first line, and why.
const APART: [(&str, &str); 6] = [
    ("$ sudo apt install ./passerelle*.deb", "changes the system: tests/package/run.sh runs it in a fresh Debian"),
    ("apt install ./target/package/*.deb", "changes the system: tests/package/run.sh runs it in a fresh Debian"),
    (
        "# systemctl enable --now passerelle",
        "needs systemd: tests/it/service_manager.rs speaks as it does, tests/it/packaging.rs reads the unit",
    ),
    ("make image", "needs Docker: tests/it/packaging.rs reads what the image is made of"),
    ("$ make build", "installs into the system: tests/package/run.sh runs it below a folder"),
    (DEMONSTRATION, "runs until it is stopped: below, alone"),
];
const DEMONSTRATION: &str = "passerelle demo --hooks http://127.0.0.1:9000/passerelle";
/// The secret of the demonstration's portal.
const DEMONSTRATION_S_SECRET: &str = "secret-de-demonstration";
/// The API token of the stand-in's service account.
const TOKEN: &str = "passerelleTOKEN0123456789abcdefghijklmnop";

/// A page's surroundings.
struct Scene {
    root: TempDir,
    sandbox: Sandbox,
    gateway: Gateway,
    relay: Sink,
}

impl Scene {
    async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = root.path();
        let socket = format!("unix:{}", path.join("identity.sock").display());
        let sandbox = sandbox().await;
        let secrets = format!("{PORTAL_SECRET},{DEMONSTRATION_S_SECRET}");
        let settings = [("http.identity_listen", socket.as_str()), ("http.portal_secrets", &secrets)];
        let gateway = Gateway::start(&sandbox, &settings).await;
        for folder in ["bin", "home", "tmp", "etc/postfix", "etc/passerelle/mappings", "etc/passerelle/secrets"] {
            fs::create_dir_all(path.join(folder)).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_passerelle"), path.join("bin/passerelle")).unwrap();
        symlink(project().join("docs"), path.join("home/docs")).unwrap();
        for mapping in fs::read_dir(project().join("mappings")).unwrap() {
            let mapping = mapping.unwrap();
            fs::copy(mapping.path(), path.join("etc/passerelle/mappings").join(mapping.file_name())).unwrap();
        }
        let closed = path.join("etc/passerelle/calendar.toml");
        let write = |name: &str, text: &str| fs::write(path.join(name), text).unwrap();
        write("etc/passerelle/secrets/glpi-token", TOKEN);
        write("etc/passerelle/imap-password", "password");
        write("etc/passerelle/calendar.toml", "[[closed]]\nname = \"Toussaint\"\nfrom = 2020-10-17\nto = 9999-12-31\n");
        write(
            "etc/passerelle/passerelle.toml",
            &format!(
                "[lmtp]\nlisten = [\"127.0.0.1:{}\"]\n[screen]\nrecipients = [\"{ASSISTANCE}\"]\ndomains = \
                 [\"ac-dijon.fr\"]\n[calendar]\nclosed = \"{}\"\n",
                free_port(),
                closed.display()
            ),
        );
        write("etc/postfix/main.cf", "compatibility_level = 3.6\n");
        write("etc/postfix/master.cf", "lmtp unix - - y - - lmtp\n");
        write("home/portal-secret", PORTAL_SECRET);
        write("home/mail-token", crate::support::gateway::MAIL_TOKEN);
        fs::write(path.join("home/mail.eml"), mail(DIRECTORS[0], "doc1", "LSU : import refusé", "Bonjour")).unwrap();
        Self { root, sandbox, gateway, relay: Sink::start(Moods::default()).await }
    }

    /// A machine on which the package was installed, and nothing done yet.
    async fn fresh() -> Self {
        let scene = Self::new().await;
        let etc = scene.root.path().join("etc/passerelle");
        fs::remove_file(etc.join("secrets/glpi-token")).unwrap();
        fs::copy(project().join("packaging/passerelle.toml"), etc.join("passerelle.toml")).unwrap();
        scene
    }

    /// The text of a page with this machine's places and addresses.
    fn here(&self, text: &str) -> String {
        let root = self.root.path();
        let place = |name: &str| root.join(name).display().to_string();
        let url = self.sandbox.url().to_string();
        let http = self.gateway.http.to_string();
        let lmtp = format!("127.0.0.1:{}", free_port());
        [
            // The first: the others lead into a folder that may be there.
            ("/tmp/", place("tmp/").as_str()),
            ("/etc/passerelle", &place("etc/passerelle")),
            ("/etc/postfix", &place("etc/postfix")),
            ("/run/passerelle/identity.sock", &place("identity.sock")),
            ("https://glpi.example.fr", url.trim_end_matches('/')),
            ("127.0.0.1:8080", &http),
            ("127.0.0.1:8403", &http),
            ("127.0.0.1:2424", &lmtp),
            ("smtp://127.0.0.1:25", &self.relay.url()),
            // The stand-in has an account and a profile of the usual names, with other rights.
            ("passerelle setup ", "passerelle setup --account passerelle.docs --profile 'Passerelle (docs)' "),
            ("passerelle demo --hooks ", "passerelle demo --listen 127.0.0.1:0 --hooks "),
        ]
        .iter()
        .fold(text.to_owned(), |text, (there, here)| text.replace(there, here))
    }

    /// Runs a page's blocks in one shell, and these lines behind them; gives what they print.
    async fn run(&self, language: Language, english: &str, behind: &str) -> String {
        let page = page(language, english);
        let blocks = parted(&page.text).0.into_iter().filter(|block| block.kind == "sh");
        let script: Vec<_> = blocks.map(|block| format!("# {}:{}\n{}\n", page.path, block.line, block.text)).collect();
        let script = script.concat();
        assert!(!script.is_empty(), "{} has no block to run", page.path);
        let run = self.shell(&self.here(&format!("{script}{behind}\n"))).output().await.unwrap();
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{}: {said}\n{}", page.path, String::from_utf8_lossy(&run.stderr));
        said
    }

    /// A shell of this machine, to run these lines.
    fn shell(&self, script: &str) -> Command {
        let file = self.root.path().join("blocks.sh");
        fs::write(&file, format!("set -eu\n{script}")).unwrap();
        let paths = format!("{}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", self.root.path().join("bin").display());
        let mut shell = Command::new("bash");
        shell
            .arg("-x")
            .arg(&file)
            .env_clear()
            .envs([("PATH", paths.as_str()), ("LANG", "C.UTF-8"), ("no_proxy", "*")])
            .env("HOME", self.root.path().join("home"))
            .env("MAIL_CONFIG", self.root.path().join("etc/postfix"))
            // What somebody types where setup asks.
            .envs([("GLPI_ADMIN_LOGIN", "glpi"), ("GLPI_ADMIN_PASSWORD", "glpi")])
            .current_dir(self.root.path().join("home"))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        shell
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_quickstart_makes_the_first_ticket(#[values(Language::English, Language::French)] language: Language) {
    let scene = Scene::fresh().await;
    let said = scene.run(language, "docs/en/quickstart.md", "").await;
    assert!(said.contains("0 unexpected result(s)"), "{said}");
    assert!(said.contains("Nothing was changed.") && said.contains("Everything is in place."), "{said}");
    assert!(said.contains("glpi.url = "), "{said}");
    assert!(said.contains("created (created)"), "{said}");
    let [ticket] = titled(&scene.sandbox, "import refusé").try_into().unwrap();
    assert!(ticket.content.contains("Jeanne Martin"), "{}", ticket.content);
    let receipts = scene.relay.taken();
    assert!(receipts.iter().any(|mail| mail.to == ["jeanne.martin@example.fr"]), "{receipts:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_installed_is_checked(#[values(Language::English, Language::French)] language: Language) {
    let scene = Scene::new().await;
    let said = scene.run(language, "docs/en/install.md", "").await;
    assert!(said.contains("GLPI") && !said.contains("ERROR"), "{said}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_set_up_and_a_mail_handed_in(#[values(Language::English, Language::French)] language: Language) {
    let scene = Scene::new().await;
    let page = page(language, "docs/en/mail.md");
    // The blocks that are files say in their first line where they go.
    let files: Vec<_> = parted(&page.text).0.into_iter().filter(|block| block.kind == "text").collect();
    assert_eq!(files.len(), 2, "{}", page.path);
    for file in files {
        let path = file.text.split_whitespace().nth(1).unwrap().trim_end_matches(';').to_owned();
        let path = scene.here(&path);
        let there = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, format!("{there}{}", file.text)).unwrap();
    }
    let behind = "echo transport $(postconf -h transport_maps)\npostmap -q assistance1d@ac-dijon.fr \
                  texthash:/etc/postfix/transport\npostconf -M passerelle/unix\npasserelle config";
    let said = scene.run(language, "docs/en/mail.md", behind).await;
    let route = "lmtp:inet:127.0.0.1:";
    assert!(said.contains("transport texthash:") && said.contains(route), "{said}");
    assert!(said.contains("argv=/usr/local/bin/passerelle"), "{said}");
    assert!(said.contains("PASSERELLE_IMAP__URL"), "{said}");
    assert_eq!(titled(&scene.sandbox, "import refusé").len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_answer_behind_the_proxy_s_socket(#[values(Language::English, Language::French)] language: Language) {
    let scene = Scene::new().await;
    let said = scene.run(language, "docs/en/proxy.md", "").await;
    assert!(said.contains("<html lang=\"fr\""), "{said:.300}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_portal_s_developer_lists_adds_and_hands_in(
    #[values(Language::English, Language::French)] language: Language,
) {
    let scene = Scene::new().await;
    let answer = scene.gateway.post_form(&form(DIRECTORS[0], "Import refusé"), None).await;
    assert!(answer.status().is_success());
    let said = scene.run(language, "docs/en/portal-api.md", "").await;
    let [asked] = titled(&scene.sandbox, "Import refusé").try_into().unwrap();
    assert!(asked.followups.iter().any(|followup| followup.content.contains("Toutes les classes de CM2")), "{said}");
    assert_eq!(titled(&scene.sandbox, "(Python)").len(), 1, "{said}");
}

/// It runs until it is stopped, as by Ctrl-C, which reaches the shell and what it runs.
#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_tells_a_program_of_this_machine() {
    let [english, french] = LANGUAGES.map(|language| {
        let blocks = parted(&page(language, "docs/en/portal-api.md").text).0;
        blocks.into_iter().find(|block| block.text.starts_with(DEMONSTRATION)).unwrap().text
    });
    assert_eq!(english, french);
    let scene = Scene::new().await;
    let told = Portal::with(&[b"secret-de-demonstration-2026"]).await;
    let script = scene.here(&english).replace("http://127.0.0.1:9000/passerelle", &told.url);
    let mut shell = scene.shell(&script).process_group(0).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
    let running = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.starts_with("Ctrl-C") {
                return;
            }
        }
        panic!("it ended early");
    };
    timeout(PATIENCE, running).await.unwrap();
    wait_until("it is told", async || told.got().iter().any(|got| got.kind() == "request.created")).await;
    let group = format!("-{}", shell.id().unwrap());
    assert!(std::process::Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    assert!(timeout(PATIENCE, shell.wait()).await.unwrap().unwrap().success());
}

#[test]
fn each_block_is_run_or_said_not_to_be() {
    let mut found = BTreeSet::new();
    for english in PAGES {
        for language in LANGUAGES {
            let page = page(language, english);
            for block in parted(&page.text).0 {
                let first = block.text.lines().next().unwrap_or_default().trim();
                let listed = APART.iter().find(|(line, _)| first.starts_with(line));
                match block.kind.as_str() {
                    "sh" => assert!(listed.is_none(), "{}:{} is run and listed", page.path, block.line),
                    "console" => {
                        let (line, _) = listed.unwrap_or_else(|| {
                            panic!("{}:{}: «{first}» is not run, and nothing says why", page.path, block.line)
                        });
                        found.insert(*line);
                    }
                    // Settings, files, calls and answers, which no shell reads.
                    "toml" | "text" | "json" | "http" => {}
                    other => panic!("{}:{}: a block of «{other}»", page.path, block.line),
                }
            }
        }
    }
    let unused: Vec<_> = APART.iter().filter(|(line, _)| !found.contains(line)).collect();
    assert!(unused.is_empty(), "listed, but in no page: {unused:?}");
    for (_, why) in APART {
        let named = why.split_whitespace().filter(|word| word.starts_with("tests/"));
        for path in named.map(|word| word.trim_end_matches([',', '.'])) {
            assert!(Path::new(&project().join(path)).exists(), "{path} is not there: {why}");
        }
    }
}
