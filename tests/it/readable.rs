//! Root, who sets the gateway up, reads everything; the service does not. `check` and `setup` say which files it cannot
//! read, before `serve` does.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use passerelle::sandbox::Sandbox;
use rstest::rstest;

use crate::{
    commands::{glpi, passerelle, run, text},
    support::{bilingual::is_french_throughout, gateway::sandbox},
};

/// `nobody` and its group, who stand in for the service's user: no account is made on the machine of a test.
const NOBODY: u32 = 65_534;

/// Whether the tests run as root, who alone can ask for somebody else; `make test` says how to.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A site whose service's user is `nobody`.
struct Site {
    glpi: Sandbox,
    folder: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let site = Self { glpi: sandbox().await, folder };
        let stand_in = "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\n\
                        exec /usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"\n";
        site.write("bin/setpriv", stand_in, 0o755);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    async fn run(&self, arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String) {
        let mut command = passerelle(arguments, settings);
        command.env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()));
        command.env("GLPI_ADMIN_LOGIN", "glpi").env("GLPI_ADMIN_PASSWORD", "glpi");
        let output = run(command, b"").await;
        (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    }
}

/// Where a file is, its mode, whose group it has, and what the service's user can do.
#[rstest]
#[case::root_s_alone("directors.csv", 0o600, None, 0o755, Err("chmod 0640"))]
#[case::of_root_s_group("directors.csv", 0o640, None, 0o755, Err("chmod 0640"))]
#[case::of_its_group("directors.csv", 0o640, Some(NOBODY), 0o755, Ok(()))]
#[case::everybody_s("directors.csv", 0o644, None, 0o755, Ok(()))]
#[case::behind_a_folder("there/directors.csv", 0o644, None, 0o700, Err("chmod g+x"))]
#[case::with_a_space("là bas/directors.csv", 0o600, None, 0o755, Err("là bas/directors.csv'"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_service_cannot_read_is_named_with_its_remedy(
    #[case] name: &str,
    #[case] mode: u32,
    #[case] group: Option<u32>,
    #[case] folder: u32,
    #[case] expected: Result<(), &str>,
) {
    assert!(is_root(), "run the tests as root: only root becomes the service's user");
    let site = Site::new().await;
    let csv = site.write(name, "email\na@ac-dijon.fr\n", mode);
    if let Some(group) = group {
        chown(&csv, None, Some(group)).unwrap();
    }
    if csv.parent() != Some(site.folder.path()) {
        fs::set_permissions(csv.parent().unwrap(), fs::Permissions::from_mode(folder)).unwrap();
    }
    let settings = [glpi(&site.glpi), vec![("directory.sources", "csv".to_owned())]].concat();
    let mut settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let path = csv.to_str().unwrap();
    settings.push(("directory.csv", path));
    let (code, english) = site.run(&["check"], &settings).await;
    let line = english.lines().find(|line| line.contains("the user of the service")).unwrap_or_default();
    let (_, french) = site.run(&["check", "--lang", "fr"], &settings).await;
    is_french_throughout(&french);
    let (set_up, shown) = set_up(&site, &csv, &["--apply"]).await;
    match expected {
        Ok(()) => {
            assert!(line.starts_with("ok       files"), "{english}");
            assert!(set_up == Some(0) && shown.contains("passerelle may read them"), "{shown}");
        }
        Err(remedy) => {
            assert!(code == Some(1) && line.starts_with("ERROR    directory.csv"), "{english}");
            assert!(line.contains(path) && line.contains("root:root, 0") && english.contains(remedy), "{english}");
            assert!(french.contains("l’utilisateur du service, ne peut pas"), "{french}");
            assert!(set_up == Some(1) && shown.contains("BY HAND        files, for the service"), "{shown}");
            assert!(shown.contains(path) && shown.contains(remedy), "{shown}");
            // What is said to be typed helps.
            let typed = english.lines().find_map(|line| line.split_once("chgrp passerelle ")).unwrap().1;
            let typed = format!("chgrp {NOBODY} {typed}");
            assert!(std::process::Command::new("sh").args(["-c", &typed]).status().unwrap().success(), "{typed}");
            let (_, english) = site.run(&["check"], &settings).await;
            assert!(english.contains("ok       files"), "{english}");
        }
    }
}

async fn set_up(site: &Site, csv: &Path, more: &[&str]) -> (Option<i32>, String) {
    let into = site.path("passerelle");
    if !into.exists() {
        // As the package makes it.
        fs::create_dir_all(into.join("secrets")).unwrap();
        chown(into.join("secrets"), None, Some(NOBODY)).unwrap();
    }
    let (url, into) = (site.glpi.url().to_string(), into.to_str().unwrap().to_owned());
    let usual = [
        ("--url", url.as_str()),
        ("--domain", "ac-dijon.fr"),
        ("--recipient", "assistance1d@ac-dijon.fr"),
        ("--academy", "A"),
        ("--account", "passerelle.setup"),
        ("--profile", "P"),
        ("--directors", csv.to_str().unwrap()),
        ("--into", &into),
    ];
    let usual = usual.iter().flat_map(|(option, value)| [*option, *value]);
    let arguments: Vec<&str> = ["setup"].into_iter().chain(usual).chain(more.iter().copied()).collect();
    site.run(&arguments, &[]).await
}

/// The configuration itself, its secrets and its mappings are files, too.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_file_is_looked_at() {
    assert!(is_root(), "run the tests as root: only root becomes the service's user");
    let site = Site::new().await;
    let csv = site.write("directors.csv", "email\na@ac-dijon.fr\n", 0o644);
    let (code, shown) = set_up(&site, &csv, &["--apply"]).await;
    assert!(code == Some(0) && shown.contains("passerelle may read them"), "{shown}");
    let (file, token) = (site.path("passerelle/passerelle.toml"), site.path("passerelle/secrets/glpi-token"));
    let mapping = site.write("passerelle/mappings/lsu.toml", &fs::read_to_string("mappings/lsu.toml").unwrap(), 0o644);
    let (code, shown) = set_up(&site, &csv, &["--apply"]).await;
    assert_eq!(code, Some(0), "{shown}");
    let cases =
        [(&file, "configuration"), (&token, "glpi.user_token"), (&mapping, "mappings.dir"), (&csv, "directory.csv")];
    for (path, key) in cases {
        let before = fs::metadata(path).unwrap().permissions();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        let (code, shown) = site.run(&["--config", file.to_str().unwrap(), "check"], &[]).await;
        let named = format!("ERROR    {key}: passerelle, the user of the service, cannot read {}", path.display());
        assert!(code == Some(1) && shown.contains(&named), "{key}: {shown}");
        let (code, shown) = set_up(&site, &csv, &["--apply"]).await;
        assert!(code == Some(1) && shown.contains(&format!("cannot read {}", path.display())), "{key}: {shown}");
        fs::set_permissions(path, before).unwrap();
    }
}

/// Without the package's user, or for whoever is not root, nothing is said of it.
#[tokio::test(flavor = "multi_thread")]
async fn where_it_cannot_be_asked_nothing_is_claimed() {
    let site = Site::new().await;
    site.write("bin/setpriv", "#!/bin/sh\nexit 1\n", 0o755);
    let csv = site.write("directors.csv", "email\na@ac-dijon.fr\n", 0o600);
    let (code, shown) = set_up(&site, &csv, &["--apply"]).await;
    assert!(code == Some(0) && shown.contains("whoever runs the gateway must be able to read them"), "{shown}");
    let file = site.path("passerelle/passerelle.toml");
    let (_, shown) = site.run(&["--config", file.to_str().unwrap(), "check"], &[]).await;
    assert!(!shown.contains("the user of the service"), "{shown}");
}
