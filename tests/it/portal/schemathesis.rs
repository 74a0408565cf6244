//! The API fuzzed from its own description, by schemathesis: no 5xx, and nothing that is not described.

use std::{collections::BTreeSet, path::Path, process::Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use super::Scene;
use crate::support::{
    gateway::{DIRECTORS, MAIL_TOKEN, PROXY_SECRET},
    helpdesk::Helpdesk,
};

const FORM_TOKEN: &str = "form-token-for-tests";
const TICKET_TOKEN: &str = "ticket-token-for-tests";
const PEOPLE_TOKEN: &str = "people-token-for-tests";
const WEBHOOK_SECRET: &str = "webhook-secret-for-tests";

#[tokio::test(flavor = "multi_thread")]
async fn no_call_the_description_allows_or_forbids_makes_the_api_fail_or_lie() {
    let settings = [
        ("http.trusted_proxies", "127.0.0.1"),
        ("http.form_tokens", FORM_TOKEN),
        ("http.ticket_tokens", TICKET_TOKEN),
        ("http.webhook_secrets", WEBHOOK_SECRET),
        ("people.tokens", "operators:people-token-for-tests"),
        ("figures.refresh", "100ms"),
        ("announcements.enabled", "true"),
        ("announcements.confirm_above", "5000"),
        ("quota.per_day", "100000"),
        ("acknowledge", "off"),
        ("sender.require", "none"),
    ];
    let scene = Scene::with(&settings).await;
    let mut requests = Vec::new();
    for status in [0, 4, 5, 5, 5, 5, 5, 6] {
        let file = json!([{"name": "a.txt", "content_type": "text/plain", "content": "YQ=="}]);
        let request = scene.deposit(DIRECTORS[0], json!({"attachments": file})).await;
        match status {
            0 => {}
            5 => drop(scene.staff.solve(request, "<p>Fait.</p>").await),
            other => scene.staff.set_status(request, other).await,
        }
        requests.push(request.to_string());
    }
    // Articles of the same numbers, each with the same file.
    let editor = Helpdesk::sign_in(&scene.sandbox.url(), "glpi", "glpi").await;
    for _ in &requests {
        let readers = json!({"_type": "Entity", "entities_id": 0, "is_recursive": 1});
        let answer = "<p><a href=\"/front/document.send.php?docid=1\">a.txt</a></p>";
        let article = json!({"name": "LSU", "answer": answer, "is_faq": 1, "_visibility": readers});
        let article = editor.add("KnowbaseItem", article).await;
        let link = json!({"documents_id": 1, "itemtype": "KnowbaseItem", "items_id": article});
        editor.add("Document_Item", link).await;
    }
    let announcement = json!({"subject": "LSU", "text": "En panne.", "by": "Jeanne Martin", "recipients": "list", "list": ["a@ac-dijon.fr"],
        "on_portal": true, "ends": "2037-01-01T00:00:00Z"});
    let call = scene.gateway.call(Method::POST, "/v1/announcements").bearer_auth(PEOPLE_TOKEN);
    let informed = call.header("Content-Type", "application/json").body(announcement.to_string()).send().await.unwrap();
    let informed: Value = informed.json().await.unwrap();
    scene.gateway.has_counted(PEOPLE_TOKEN).await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given = root.join("tests/schemathesis");
    let program = root.join("target/schemathesis/bin/st");
    assert!(program.exists(), "{} is missing: run tests/install.sh", program.display());
    let reports = tempfile::tempdir().unwrap();
    let har = reports.path().join("calls.har");
    let run = Command::new(program)
        // It leaves what it remembers where it runs.
        .current_dir(reports.path())
        .arg("--config-file")
        .arg(given.join("schemathesis.toml"))
        .arg("run")
        .arg(format!("http://{}/openapi.json", scene.gateway.http))
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--seed", "1", "--no-color"])
        .args(["--generation-deterministic", "--report", "har", "--report-har-path"])
        .arg(&har)
        .envs([("SCHEMATHESIS_HOOKS", "hooks"), ("PYTHONDONTWRITEBYTECODE", "1")])
        .env("PYTHONPATH", &given)
        .envs([("REQUESTS", requests.join(" ")), ("DOCUMENTS", "1".to_owned())])
        .env("ANNOUNCEMENT", informed["reference"].as_str().unwrap_or_else(|| panic!("{informed}")))
        .envs([("MAIL_TOKEN", MAIL_TOKEN), ("FORM_TOKEN", FORM_TOKEN), ("TICKET_TOKEN", TICKET_TOKEN)])
        .env("PEOPLE_TOKEN", PEOPLE_TOKEN)
        .envs([("WEBHOOK_SECRET", WEBHOOK_SECRET), ("PROXY_SECRET", PROXY_SECRET)])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));

    // It got behind the door of each operation.
    let description: Value = serde_json::from_str(&scene.gateway.get("/openapi.json").await.1).unwrap();
    let calls: Value = serde_json::from_slice(&std::fs::read(&har).unwrap()).unwrap();
    let mut done = BTreeSet::new();
    for call in calls["log"]["entries"].as_array().unwrap() {
        let status = call["response"]["status"].as_u64().unwrap();
        assert!(status < 500, "{call}");
        if (200..300).contains(&status) {
            let address = url::Url::parse(call["request"]["url"].as_str().unwrap()).unwrap();
            done.insert((call["request"]["method"].as_str().unwrap().to_lowercase(), address.path().to_owned()));
        }
    }
    let fits = |template: &str, path: &str| {
        let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len()
            && template.iter().zip(&path).all(|(part, found)| part.starts_with('{') || part == found)
    };
    // These need a code that goes by mail, one that is under way, one that the relay refused, a batch whose end the relay did
    // not confirm, a message with a file, and an open request with the article that answers it: the tests of announcements,
    // of their pages, and of the FAQ have them.
    let deeds = ["confirmation", "stop", "again", "end", "doubts"]
        .map(|deed| format!("/v1/announcements/{{reference}}/{deed}"));
    let others = ["/v1/messages/{id}/files/{place}", "/v1/requests/{id}/withdrawal"].map(str::to_owned);
    let elsewhere = [deeds.as_slice(), &others].concat();
    let mut operations = 0;
    // It leaves out where it read the description.
    let others = description["paths"].as_object().unwrap().iter().filter(|(path, _)| *path != "/openapi.json");
    for (path, methods) in others {
        for method in methods.as_object().unwrap().keys() {
            let is_done = done.iter().any(|(by, to)| by == method && fits(path, to));
            assert!(is_done || elsewhere.contains(path), "no {method} {path} succeeded\n{said}");
            operations += 1;
        }
    }
    assert_eq!(operations, 34);
}
