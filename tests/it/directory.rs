//! Who is a director: the order of the sources, what is remembered, and a real LDAP server (Debian: slapd).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

use std::{error::Error as _, fmt::Write as _, fs, net::TcpListener, path::PathBuf, process::Command, time::Duration};

use jiff::civil;
use passerelle::{
    config::{self, DirectorySource},
    flow::directory::Directory,
    glpi::{Credentials, Glpi, Settings},
    request::{Address, DirectoryAnswer, Person},
    sandbox::{Failure, Failures, Options, Rule, Sandbox},
    text::Language,
};
use rstest::rstest;
use tempfile::TempDir;

use crate::{
    check::report,
    commands::{borrowed, glpi},
    support::{
        bilingual::is_french_throughout,
        free_port,
        gateway::{self, sandbox},
        slapd::{PASSWORD, Slapd},
    },
};

const DIRECTOR: &str = "jeanne.martin@ac-dijon.fr";
const TEACHER: &str = "paul.petit@ac-dijon.fr";
const NOBODY: &str = "personne@ac-dijon.fr";

const PEOPLE: &str = "\
dn: dc=ac-dijon,dc=fr
objectClass: dcObject
objectClass: organization
o: Académie
dc: ac-dijon

dn: ou=personnes,dc=ac-dijon,dc=fr
objectClass: organizationalUnit
ou: personnes

dn: cn=Jeanne Martin,ou=personnes,dc=ac-dijon,dc=fr
objectClass: inetOrgPerson
cn: Jeanne Martin
sn: Martin
displayName: Jeanne Martin
mail: Jeanne.Martin@ac-dijon.fr
title: DIR ECOLE
employeeNumber: 0710042B
ou:: w4ljb2xlIMOJbGlzZSBMZXMgVGlsbGV1bHM=
telephoneNumber: 03 80 00 00 01

dn: cn=Paul Petit,ou=personnes,dc=ac-dijon,dc=fr
objectClass: inetOrgPerson
cn: Paul Petit
sn: Petit
displayName: Paul Petit
mail: paul.petit@ac-dijon.fr
title: ENS
";

/// When accounts are in force.
const NOW: civil::DateTime = civil::datetime(2026, 11, 28, 9, 0, 0, 0);

/// What is asked of the server here.
impl Slapd {
    fn start() -> Self {
        Self::knowing(PEOPLE)
    }

    /// How many searches below the people's base the server has begun.
    fn searches(&self) -> usize {
        self.log().lines().filter(|line| line.contains("SRCH base=\"ou=personnes")).count()
    }

    /// Settings that ask this server only, without TLS.
    fn settings(&self) -> config::Directory {
        let mut directory = settings(&[DirectorySource::Ldap]);
        directory.ldap.url = format!("ldap://127.0.0.1:{}", self.port);
        directory.ldap.start_tls = false;
        directory
    }
}

fn settings(sources: &[DirectorySource]) -> config::Directory {
    let mut directory = config::load_from(None, []).unwrap().directory;
    directory.sources = sources.to_vec();
    directory.ldap.base = "ou=personnes,dc=ac-dijon,dc=fr".into();
    directory.ldap.bind_dn = "cn=passerelle,dc=ac-dijon,dc=fr".into();
    directory.ldap.password = Some(PASSWORD.into());
    directory.ldap.attributes.uai = "employeeNumber".into();
    directory.ldap.timeout = Duration::from_secs(10);
    directory
}

fn open(settings: &config::Directory) -> Directory {
    Directory::new(settings, None).unwrap()
}

async fn find(directory: &Directory, address: &str) -> DirectoryAnswer {
    directory.find(&Address::parse(address).unwrap()).await
}

fn cause(answer: DirectoryAnswer) -> String {
    match answer {
        DirectoryAnswer::Unknown { cause } => cause.for_log().to_owned(),
        other => panic!("{other:?} instead of an unknown"),
    }
}

fn csv(folder: &TempDir, rows: &str) -> PathBuf {
    let path = folder.path().join("directors.csv");
    fs::write(&path, format!("email;name;role;uai\n{rows}")).unwrap();
    path
}

#[tokio::test]
async fn ldap_tells_a_director_from_somebody_else_and_from_nobody() {
    let server = Slapd::start();
    let directory = open(&server.settings());
    let director = Person {
        name: Some("Jeanne Martin".into()),
        role: Some("DIR ECOLE".into()),
        uai: Some("0710042B".into()),
        school: Some("École Élise Les Tilleuls".into()),
        department: Some("071".into()),
        phone: Some("03 80 00 00 01".into()),
        ..Person::default()
    };
    assert_eq!(find(&directory, DIRECTOR).await, DirectoryAnswer::Director(director));
    assert_eq!(server.searches(), 1, "a director costs one search");

    let DirectoryAnswer::Other(Some(teacher)) = find(&directory, TEACHER).await else { panic!("a teacher is known") };
    assert_eq!((teacher.name.as_deref(), teacher.role.as_deref()), (Some("Paul Petit"), Some("ENS")));
    assert_eq!(find(&directory, NOBODY).await, DirectoryAnswer::Other(None));
    assert_eq!(server.log().matches("mech=SIMPLE").count(), 1, "all of it over one connection");
}

#[tokio::test]
async fn an_address_is_no_pattern() {
    let server = Slapd::start();
    let directory = open(&server.settings());
    assert_eq!(find(&directory, "*@ac-dijon.fr").await, DirectoryAnswer::Other(None));
    assert_eq!(find(&directory, "jeanne.*@ac-dijon.fr").await, DirectoryAnswer::Other(None));
}

#[tokio::test]
async fn without_a_filter_for_directors_everybody_found_is_one() {
    let server = Slapd::start();
    let mut settings = server.settings();
    settings.ldap.director_filter.clear();
    settings.ldap.bind_dn.clear();
    let directory = open(&settings);
    assert!(matches!(find(&directory, TEACHER).await, DirectoryAnswer::Director(_)));
    assert_eq!(find(&directory, NOBODY).await, DirectoryAnswer::Other(None));
}

#[tokio::test]
async fn lookups_of_one_address_at_once_ask_once_and_the_answer_is_remembered() {
    let server = Slapd::start();
    let directory = open(&server.settings());
    let answers = futures_util::future::join_all((0..50).map(|_| find(&directory, DIRECTOR))).await;
    assert!(answers.iter().all(|answer| matches!(answer, DirectoryAnswer::Director(_))));
    find(&directory, DIRECTOR).await;
    assert_eq!(server.searches(), 1);

    find(&directory, NOBODY).await;
    find(&directory, NOBODY).await;
    assert_eq!(server.searches(), 3, "«nobody» is remembered too");

    directory.reload().await.unwrap();
    find(&directory, DIRECTOR).await;
    assert_eq!(server.searches(), 4, "a reload forgets");
}

#[tokio::test]
async fn a_server_that_goes_away_leaves_the_question_open_until_it_is_back() {
    let mut server = Slapd::start();
    let mut settings = server.settings();
    settings.cache = Duration::ZERO;
    let directory = open(&settings);
    assert!(matches!(find(&directory, DIRECTOR).await, DirectoryAnswer::Director(_)));

    server.stop();
    let why = cause(find(&directory, DIRECTOR).await);
    assert!(why.contains("directory.ldap.url") && !why.contains("martin"), "{why}");

    assert!(server.run());
    let back = async {
        while !matches!(find(&directory, DIRECTOR).await, DirectoryAnswer::Director(_)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), back).await.expect("the directory finds its server again");
}

#[tokio::test]
async fn a_connection_the_server_has_closed_is_opened_again_unnoticed() {
    let mut server = Slapd::start();
    let mut settings = server.settings();
    settings.cache = Duration::ZERO;
    let directory = open(&settings);
    assert!(matches!(find(&directory, DIRECTOR).await, DirectoryAnswer::Director(_)));
    server.stop();
    assert!(server.run());
    assert!(matches!(find(&directory, DIRECTOR).await, DirectoryAnswer::Director(_)));
}

#[tokio::test]
async fn a_wrong_password_or_base_is_named_and_nobody_is_refused() {
    let server = Slapd::start();
    let mut settings = server.settings();
    settings.ldap.password = Some("faux".into());
    let directory = open(&settings);
    let why = cause(find(&directory, DIRECTOR).await);
    assert!(why.contains("directory.ldap.bind_dn") && !why.contains("faux"), "{why}");
    let (name, probed) = directory.probe().await.remove(0);
    let refused = probed.unwrap_err();
    assert_eq!(name, "ldap");
    assert!(refused.source().is_some_and(|source| refused.to_string().contains(&source.to_string())), "{refused}");

    let mut settings = server.settings();
    settings.ldap.base = "ou=ailleurs,dc=ac-dijon,dc=fr".into();
    let why = cause(find(&open(&settings), DIRECTOR).await);
    assert!(why.contains("directory.ldap.base"), "{why}");

    let probed = open(&server.settings()).probe().await.remove(0).1.unwrap();
    assert!(probed.has_directors, "{probed:?}");
    assert_eq!(probed.found.text(Language::English), "connected, finds directors");
    let nobody = |ldap: &mut config::Ldap| ldap.director_filter = "(title=Archiviste)".into();
    let mut settings = server.settings();
    nobody(&mut settings.ldap);
    let probed = open(&settings).probe().await.remove(0).1.unwrap();
    assert!(!probed.has_directors, "{probed:?}");
    assert!(probed.found.text(Language::English).contains("(title=Archiviste)"), "{probed:?}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = settings(&[DirectorySource::Ldap]);
    settings.ldap.url = format!("ldap://{}", silent.local_addr().unwrap());
    settings.ldap.timeout = Duration::from_millis(200);
    for start_tls in [true, false] {
        settings.ldap.start_tls = start_tls;
        let why = cause(find(&open(&settings), DIRECTOR).await);
        assert!(why.contains("timeout"), "{why}");
    }
}

/// The system's authorities are read once in a process: the second half runs in one that trusts the test's own.
#[tokio::test]
async fn tls_is_refused_to_a_stranger_and_works_with_an_authority_of_this_system() {
    const SERVER: &str = "PASSERELLE_TEST_LDAP_PORTS";
    let addresses = |ports: &str| {
        let (plain, tls) = ports.split_once(',').unwrap();
        [format!("ldap://127.0.0.1:{plain}"), format!("ldaps://127.0.0.1:{tls}")]
    };
    let ask = async |url: String| {
        let mut settings = settings(&[DirectorySource::Ldap]);
        settings.ldap.url = url;
        find(&open(&settings), DIRECTOR).await
    };
    if let Ok(ports) = std::env::var(SERVER) {
        for url in addresses(&ports) {
            let answer = ask(url).await;
            assert!(matches!(answer, DirectoryAnswer::Director(_)), "{answer:?}");
        }
        return;
    }

    let server = Slapd::start();
    let ports = format!("{},{}", server.port, server.tls_port);
    for url in addresses(&ports) {
        let why = cause(ask(url).await);
        assert!(why.contains("SSL_CERT_FILE"), "{why}");
    }
    let trusting = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "directory::tls_is_refused_to_a_stranger_and_works_with_an_authority_of_this_system"])
        .env("SSL_CERT_FILE", server.folder.path().join("ca.pem"))
        .env(SERVER, ports)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&trusting.stdout);
    assert!(trusting.status.success() && output.contains("1 passed"), "{output}");
}

#[tokio::test]
async fn the_first_source_that_knows_a_director_decides() {
    let server = Slapd::start();
    let folder = tempfile::tempdir().unwrap();
    let mut settings = server.settings();
    settings.sources = vec![DirectorySource::Csv, DirectorySource::Ldap];
    settings.csv = Some(csv(&folder, &format!("{TEACHER};Petit;directeur;0210001A\n{DIRECTOR};Martin;adjointe;\n")));
    let directory = open(&settings);

    let DirectoryAnswer::Director(teacher) = find(&directory, TEACHER).await else { panic!("the list says director") };
    assert_eq!(teacher.department.as_deref(), Some("021"));
    assert_eq!(server.searches(), 0, "nobody else is asked");
    let DirectoryAnswer::Director(director) = find(&directory, DIRECTOR).await else { panic!("LDAP says director") };
    assert_eq!(director.role.as_deref(), Some("DIR ECOLE"));
}

#[tokio::test]
async fn a_source_that_fails_leaves_the_question_open_unless_another_says_director() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&[DirectorySource::Ldap, DirectorySource::Csv]);
    settings.ldap.url = format!("ldap://127.0.0.1:{}", free_port());
    settings.csv = Some(csv(&folder, &format!("{DIRECTOR};Martin;directrice;\n{TEACHER};Petit;adjoint;\n")));
    let directory = open(&settings);

    assert!(matches!(find(&directory, DIRECTOR).await, DirectoryAnswer::Director(_)));
    assert!(cause(find(&directory, TEACHER).await).contains("LDAP"));
    assert!(cause(find(&directory, NOBODY).await).contains("LDAP"));
}

#[tokio::test]
async fn sources_that_are_not_set_up_are_passed_over_and_none_at_all_refuses_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&[DirectorySource::Csv, DirectorySource::Glpi, DirectorySource::Ldap]);
    assert!(cause(find(&open(&settings), DIRECTOR).await).contains("directory.sources"));

    settings.csv = Some(csv(&folder, &format!("{DIRECTOR};Martin;;\n")));
    let directory = open(&settings);
    assert!(matches!(find(&directory, DIRECTOR).await, DirectoryAnswer::Director(_)));
    assert_eq!(find(&directory, NOBODY).await, DirectoryAnswer::Other(None));
    let (name, probed) = directory.probe().await.remove(0);
    let probed = probed.unwrap();
    assert_eq!((name, probed.found.text(Language::English)), ("csv", "1 people, 1 of them directors"));
    assert!(probed.has_directors);
}

#[tokio::test]
async fn a_reload_takes_the_new_file_or_keeps_the_old_list() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&[DirectorySource::Csv]);
    settings.csv = Some(csv(&folder, &format!("{DIRECTOR};Martin;;\n")));
    let directory = open(&settings);
    assert_eq!(find(&directory, "ce.0210001a@ac-dijon.fr").await, DirectoryAnswer::Other(None));

    csv(&folder, "ce.0210001a@ac-dijon.fr;École Les Tilleuls;;\n");
    directory.reload().await.unwrap();
    let answer = find(&directory, "ce.0210001a@ac-dijon.fr").await;
    assert!(matches!(answer, DirectoryAnswer::Director(_)), "a reload forgets the old answer");

    fs::write(folder.path().join("directors.csv"), "name;role\nMartin;directeur\n").unwrap();
    let error = directory.reload().await.unwrap_err();
    assert!(error.to_string().contains("directors.csv, line 1"), "{error}");
    assert!(matches!(find(&directory, "ce.0210001a@ac-dijon.fr").await, DirectoryAnswer::Director(_)));
}

#[test]
fn a_file_that_is_missing_at_the_start_is_named() {
    let mut settings = settings(&[DirectorySource::Csv]);
    settings.csv = Some("/nowhere/directors.csv".into());
    let error = Directory::new(&settings, None).err().expect("there is no such file");
    assert!(error.to_string().contains("/nowhere/directors.csv"), "{error}");
}

/// A GLPI stand-in, and a client that gives up at once.
async fn helpdesk() -> (Sandbox, Glpi) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let credentials = Credentials::Login { login: "passerelle".into(), password: "passerelle".into() };
    let settings = Settings { retries: 0, breaker_failures: 0, ..Settings::new(sandbox.url(), credentials) };
    let glpi = Glpi::new(&settings).unwrap();
    (sandbox, glpi)
}

#[tokio::test]
async fn glpi_knows_a_director_by_the_group() {
    let (_sandbox, glpi) = helpdesk().await;
    let directory = Directory::new(&settings(&[DirectorySource::Glpi]), Some(glpi.clone())).unwrap();
    let answer = find(&directory, "CE.0210001A@ac-dijon.fr").await;
    let DirectoryAnswer::Director(school) = answer else { panic!("{answer:?} instead of a director") };
    assert!(school.name.is_some(), "{school:?}");
    assert!(matches!(find(&directory, "agent.simple@ac-dijon.fr").await, DirectoryAnswer::Other(Some(_))));
    assert_eq!(find(&directory, NOBODY).await, DirectoryAnswer::Other(None));
    let (name, probed) = directory.probe().await.remove(0);
    let probed = probed.unwrap();
    assert!(name == "glpi" && probed.has_directors, "{probed:?}");
    assert!(probed.found.text(Language::French).contains("Directeurs d'école"), "{probed:?}");
}

#[tokio::test]
async fn all_directors_are_listed_page_by_page_each_address_once() {
    const MORE: usize = 1200;
    let mut people = PEOPLE.to_owned();
    for number in 0..MORE {
        let department = ["021", "058"][number % 2];
        write!(
            people,
            "\ndn: cn=D {number},ou=personnes,dc=ac-dijon,dc=fr\nobjectClass: inetOrgPerson\ncn: D {number}\nsn: {number}\n\
             mail: D.{number}@ac-dijon.fr\ntitle: DIR ECOLE\nemployeeNumber: {department}{number:04}A\n"
        )
        .unwrap();
    }
    let server = Slapd::knowing(&people);
    let folder = tempfile::tempdir().unwrap();
    let mut settings = server.settings();
    settings.sources = vec![DirectorySource::Csv, DirectorySource::Ldap];
    settings.csv = Some(csv(&folder, "d.7@AC-Dijon.fr;D 7;;0890007A\nenseignant@ac-dijon.fr;X;enseignant;\n"));
    let directors = open(&settings).directors(NOW).await.unwrap();
    assert_eq!(directors.len(), MORE + 1, "and Jeanne Martin; no teacher");
    let department = |address: &str| directors[&Address::parse(address).unwrap()].department.clone();
    assert_eq!(department("D.8@ac-dijon.fr").as_deref(), Some("021"));
    assert_eq!(department("d.7@ac-dijon.fr").as_deref(), Some("089"), "what the first source says counts");
    settings.ldap.list_filter = "(sn=1*)".into();
    assert_eq!(open(&settings).directors(NOW).await.unwrap().len(), 1 + 1 + 10 + 100 + 200);
    drop(server);
    let error = open(&settings).directors(NOW).await.unwrap_err().to_string();
    assert!(error.starts_with("LDAP directory: "), "a list without its directors is none: {error}");
}

#[tokio::test]
async fn glpi_lists_the_members_of_the_group() {
    let (sandbox, glpi) = helpdesk().await;
    let directory = Directory::new(&settings(&[DirectorySource::Glpi]), Some(glpi)).unwrap();
    let all = directory.directors(NOW).await.unwrap();
    let addresses: Vec<&str> = all.keys().map(Address::as_str).collect();
    assert_eq!(
        addresses,
        [
            "ce.0210001a@ac-dijon.fr",
            "ce.0210002b@ac-dijon.fr",
            "ce.0210003c@ac-dijon.fr",
            "ce.0580004d@ac-dijon.fr",
            "ce.0710005e@ac-dijon.fr"
        ]
    );
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    directory.directors(NOW).await.unwrap_err();
}

#[tokio::test]
async fn a_group_that_glpi_does_not_have_is_named_and_nobody_is_refused() {
    let (_sandbox, glpi) = helpdesk().await;
    let mut settings = settings(&[DirectorySource::Glpi]);
    settings.glpi_group = "Directeurs".into();
    let directory = Directory::new(&settings, Some(glpi.clone())).unwrap();
    for address in ["ce.0210001A@ac-dijon.fr", NOBODY] {
        let why = cause(find(&directory, address).await);
        assert!(why.contains("\"Directeurs\"") && why.contains("directory.glpi_group"), "{why}");
    }
}

#[tokio::test]
async fn while_glpi_is_away_the_question_stays_open_and_no_failure_is_remembered() {
    let (sandbox, glpi) = helpdesk().await;
    let directory = Directory::new(&settings(&[DirectorySource::Glpi]), Some(glpi.clone())).unwrap();
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    assert!(cause(find(&directory, "ce.0210001A@ac-dijon.fr").await).contains("GLPI"));
    sandbox.set_failures(Failures::none());
    let found = find(&directory, "ce.0210001A@ac-dijon.fr").await;
    assert!(matches!(found, DirectoryAnswer::Director(_)), "{found:?}");

    sandbox.set_failures(Rule::always(Failure::Down));
    let remembered = find(&directory, "ce.0210001A@ac-dijon.fr").await;
    assert!(matches!(remembered, DirectoryAnswer::Director(_)), "an answer outlives a failure");
}

/// What a real server refuses is said in French, the server's own words quoted, wherever a command asks it.
#[rstest]
#[case::a_wrong_password(&[("directory.ldap.password", "zq-faux")], "le serveur refuse la connexion de ce compte", "directory.ldap.password")]
#[case::nobody_s_account(&[("directory.ldap.bind_dn", "cn=personne,dc=ac-dijon,dc=fr")], "le serveur refuse la connexion de ce compte", "directory.ldap.bind_dn")]
#[case::no_such_base(&[("directory.ldap.base", "ou=nulle,dc=ac-dijon,dc=fr")], "la base de recherche n’existe pas", "directory.ldap.base")]
#[case::no_name(&[("directory.ldap.bind_dn", "nulle part")], "la base de recherche n’existe pas", "directory.ldap")]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_real_server_refuses_is_said_in_french(
    #[case] changed: &[(&str, &str)],
    #[case] said: &str,
    #[case] remedy: &str,
) {
    let server = Slapd::start();
    let sandbox = sandbox().await;
    let url = format!("ldap://127.0.0.1:{}", server.port);
    let base = glpi(&sandbox);
    let ldap = [
        ("directory.sources", "ldap"),
        ("directory.ldap.url", url.as_str()),
        ("directory.ldap.start_tls", "false"),
        ("directory.ldap.base", "ou=personnes,dc=ac-dijon,dc=fr"),
        ("directory.ldap.bind_dn", "cn=passerelle,dc=ac-dijon,dc=fr"),
        ("directory.ldap.password", PASSWORD),
        ("announcements.enabled", "true"),
    ];
    let unchanged = ldap.into_iter().filter(|(key, _)| !changed.iter().any(|(other, _)| key == other));
    let settings: Vec<_> = borrowed(&base).into_iter().chain(unchanged).chain(changed.iter().copied()).collect();
    let mail = server.folder.path().join("1.eml");
    fs::write(&mail, gateway::mail(DIRECTOR, "ldap", "Accès LSUN", "Bonjour")).unwrap();
    for arguments in [&["check"][..], &["check", "--who", DIRECTOR], &["check", "--mail", mail.to_str().unwrap()]] {
        let (code, shown) = report(&[arguments, &["--lang", "fr"]].concat(), &settings).await;
        assert!(code == Some(1) && shown.contains(said) && shown.contains(remedy), "{arguments:?}: {shown}");
        is_french_throughout(&shown);
        assert!(!shown.contains("zq-faux") && !shown.contains(PASSWORD), "a secret in {shown}");
    }
    let english = report(&["check", "--lang", "en"], &settings).await.1;
    assert!(english.contains("LDAP directory: ") && english.contains(remedy) && english.contains("rc="), "{english}");
}
