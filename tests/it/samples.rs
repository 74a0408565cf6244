//! The samples of `docs/samples`, each run as a portal's developer runs it, against a gateway.

use std::process::Stdio;

use tokio::process::Command;

use crate::support::gateway::{DIRECTORS, Gateway, PORTAL_SECRET, sandbox, titled};

/// Each language with the program that runs its sample, which tests/install.sh brings.
const SAMPLES: [(&str, &str, &str); 5] = [
    ("shell", "sh", "passerelle.sh"),
    ("Python", "python3", "passerelle.py"),
    ("JavaScript", "node", "passerelle.mjs"),
    ("PHP", "php", "passerelle.php"),
    ("Java", "java", "Passerelle.java"),
];

fn sample(program: &str, file: &str, url: &str, secret: &str) -> Command {
    let mut command = Command::new(program);
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/samples/");
    command.arg(format!("{samples}{file}")).arg(DIRECTORS[0]).stdin(Stdio::null()).kill_on_drop(true);
    command.envs([("PASSERELLE_URL", url), ("PASSERELLE_SECRET", secret)]);
    // Loopback is never behind the system's proxy.
    command.env_remove("http_proxy").env_remove("HTTP_PROXY").env("no_proxy", "*");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sample_hands_in_a_form_lists_it_and_adds_to_it() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let url = format!("http://{}", gateway.http);
    for (before, (language, program, file)) in SAMPLES.into_iter().enumerate() {
        let run = sample(program, file, &url, PORTAL_SECRET).output().await;
        let run = run.unwrap_or_else(|error| panic!("{program}: {error}: run tests/install.sh"));
        let (said, log) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success(), "{language}: {said}\n{log}");
        let [ticket] = titled(&sandbox, &format!("({language})")).try_into().unwrap();
        let id = ticket.id;
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines, [format!("ticket {id}"), format!("listed {}", before + 1), format!("added to {id}")]);
        assert_eq!(ticket.documents[0].bytes, b"Erreur 500", "{language}");
        assert!(ticket.followups[0].content.contains("Toutes les classes de CM2 sont concernées."), "{language}");
    }
}

/// What the gateway says reaches who runs the sample.
#[tokio::test(flavor = "multi_thread")]
async fn each_sample_says_what_is_wrong() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let url = format!("http://{}", gateway.http);
    for (language, program, file) in SAMPLES {
        let run = sample(program, file, &url, "another-secret").output().await.unwrap();
        let said = [run.stdout, run.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!run.status.success() && said.contains("bad-signature"), "{language}: {said}");
        assert!(!said.contains("at ") || !said.contains("Passerelle.main"), "no trace: {said}");
    }
    assert!(sandbox.tickets().is_empty());
}

#[tokio::test]
async fn each_sample_says_how_it_is_used() {
    for (language, program, file) in SAMPLES {
        for is_without_secret in [false, true] {
            let mut command = Command::new(program);
            let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/samples/");
            command.arg(format!("{samples}{file}")).stdin(Stdio::null()).kill_on_drop(true);
            command.env_remove("PASSERELLE_URL").env_remove("PASSERELLE_SECRET");
            if is_without_secret {
                command.arg(DIRECTORS[0]).env("PASSERELLE_URL", "http://127.0.0.1:9");
            } else {
                command.envs([("PASSERELLE_URL", "http://127.0.0.1:9"), ("PASSERELLE_SECRET", "x")]);
            }
            let run = command.output().await.unwrap();
            let said = String::from_utf8_lossy(&run.stderr).into_owned();
            assert_eq!(run.status.code(), Some(64), "{language}: {said}");
            assert_eq!((said.lines().count(), said.contains("REQUESTER")), (1, true), "{language}: {said}");
            assert!(run.stdout.is_empty(), "{language}");
        }
    }
}
