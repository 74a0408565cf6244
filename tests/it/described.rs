//! What a portal's developers go by: the API's description by the rules of redocly, the page that shows it, and what the
//! documentation says of both.

use std::{collections::BTreeSet, fs, path::Path, process::Stdio};

use passerelle::config;
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{
    browser::Browser,
    gateway::{DIRECTORS, Gateway, PORTAL_SECRET, sandbox, titled},
    wait_until,
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The linter, as tests/install.sh fetched it.
const LINTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/redocly/node_modules/@redocly/cli/bin/cli.js");

/// Its recommended rules, and that each example is of its schema.
#[tokio::test(flavor = "multi_thread")]
async fn the_description_passes_redocly_s_rules() {
    assert!(Path::new(LINTER).exists(), "{LINTER} is missing: run tests/install.sh");
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    let lint = async |description: &Value| -> (usize, String) {
        fs::write(&file, description.to_string()).unwrap();
        let run = Command::new("node")
            .args([LINTER, "lint", "--format", "json", "--config"])
            .arg(Path::new(ROOT).join("tests/redocly/redocly.yaml"))
            .arg(&file)
            .envs([("REDOCLY_TELEMETRY", "off"), ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"), ("NO_COLOR", "1")])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        let report: Value = serde_json::from_str(&said)
            .unwrap_or_else(|error| panic!("{error}: {said}\n{}", String::from_utf8_lossy(&run.stderr)));
        let found = |kind: &str| usize::try_from(report["totals"][kind].as_u64().unwrap()).unwrap();
        let short: Vec<_> = report["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|problem| {
                format!("{}: {} at {}", problem["ruleId"], problem["message"], problem["location"][0]["pointer"])
            })
            .collect();
        (found("errors") + found("warnings"), short.join("\n"))
    };
    let description: Value = serde_json::from_str(&gateway.get("/openapi.json").await.1).unwrap();
    let (found, said) = lint(&description).await;
    assert_eq!(found, 0, "{said}");
    // It does look, and at examples too.
    for (place, wrong, rule) in [
        ("/servers", json!([]), "no-empty-servers"),
        (
            "/paths/~1v1~1requests/post/requestBody/content/application~1x-www-form-urlencoded/example/urgency",
            json!("x"),
            "no-invalid-media-type-examples",
        ),
        (
            "/paths/~1v1~1requests/get/responses/200/content/application~1json/example/total",
            json!("x"),
            "no-invalid-media-type-examples",
        ),
        (
            "/webhooks/request.question/post/requestBody/content/application~1json/example/data/request",
            json!("x"),
            "no-invalid-media-type-examples",
        ),
    ] {
        let mut spoilt = description.clone();
        *spoilt.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = wrong;
        let (found, said) = lint(&spoilt).await;
        assert!(found > 0 && said.contains(rule), "{place}: {said}");
    }
}

/// The members of an object.
fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_has_an_example_and_every_call_its_proofs_and_errors() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let description: Value = serde_json::from_str(&gateway.get("/openapi.json").await.1).unwrap();
    let (mut bodies, mut problems) = (0, 0);
    for (path, operation) in
        members(&description["paths"]).flat_map(|(path, all)| members(all).map(move |it| (path, it.1)))
    {
        assert!(operation["security"].is_array(), "{path}: {operation}");
        let is_open = operation["security"] == json!([]);
        assert_eq!(is_open, !path.starts_with("/v1/") || operation["operationId"] == "glpi_challenge", "{path}");
        assert!(members(&operation["responses"]).any(|(status, _)| status.starts_with('4')), "{path}: no error");
        let answers = members(&operation["responses"]).map(|(status, answer)| (status.as_str(), &answer["content"]));
        for (status, content) in answers.chain([("request", &operation["requestBody"]["content"])]) {
            for (media_type, body) in members(content) {
                bodies += 1;
                let example = &body["example"];
                assert!(!example.is_null(), "{path} {status} {media_type} has no example");
                if media_type == "application/problem+json" {
                    problems += 1;
                    let told = example["status"].as_u64().unwrap().to_string();
                    assert!(status == "4XX" || status == told, "{path} {status}: {example}");
                }
            }
        }
    }
    assert!(bodies > 100 && problems > 80, "{bodies}, {problems}");
    let forms = &description["paths"]["/v1/requests"]["post"]["requestBody"]["content"];
    assert_eq!(members(forms).count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_portal_is_told_is_described() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let description: Value = serde_json::from_str(&gateway.get("/openapi.json").await.1).unwrap();
    assert_eq!(description["openapi"].as_str().unwrap().split_at(3).0, "3.1");
    let told: BTreeSet<_> = members(&description["webhooks"]).map(|(kind, _)| kind.clone()).collect();
    let steps = config::HOOK_STEPS.iter().map(|step| format!("request.{step}"));
    assert_eq!(told, steps.chain(["check".to_owned()]).collect());
    let page = gateway.get("/docs").await.1;
    for (kind, call) in members(&description["webhooks"]) {
        let call = &call["post"];
        let headers = call["parameters"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap());
        let scheme = members(&call["security"][0]).next().unwrap().0;
        let signature = description["components"]["securitySchemes"][scheme]["name"].as_str().unwrap();
        let all: BTreeSet<_> = headers.chain([signature]).collect();
        assert_eq!(all, ["webhook-id", "webhook-signature", "webhook-timestamp"].into(), "{kind}");
        assert_eq!(call["requestBody"]["content"]["application/json"]["example"]["type"], kind.as_str());
        let id = call["operationId"].as_str().unwrap();
        assert!(page.contains(&format!("<h3 id=\"{id}\"><code>POST {kind}</code>")), "{kind}");
        // It is the portal's to answer: there is nothing to try here.
        assert!(!page.contains(&format!("data-path=\"{kind}\"")), "{kind}");
    }
}

/// The example of each encoding is a form that is taken.
#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_forms_make_tickets() {
    let token = "form-token-for-tests";
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("http.form_tokens", token)]).await;
    let description: Value = serde_json::from_str(&gateway.get("/openapi.json").await.1).unwrap();
    let forms = &description["paths"]["/v1/requests"]["post"]["requestBody"]["content"];
    for (place, (media_type, body)) in members(forms).enumerate() {
        let example = &body["example"];
        let call = gateway.call(reqwest::Method::POST, "/v1/requests").bearer_auth(token);
        let call = call.header("Idempotency-Key", media_type);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let fields = || members(example).filter(|(name, _)| *name != "attachments");
        let call = match media_type.as_str() {
            "application/json" => call.json(example),
            "multipart/form-data" => call.multipart(
                fields()
                    .fold(reqwest::multipart::Form::new(), |form, (name, value)| form.text(name.clone(), text(value))),
            ),
            _ => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(fields().map(|(name, value)| (name, text(value))));
                call.header(header::CONTENT_TYPE, media_type).body(form.finish())
            }
        };
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED, "{media_type}: {}", answer.text().await.unwrap());
        assert_eq!(sandbox.tickets().len(), place + 1);
    }
    assert_eq!(sandbox.tickets().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_read_and_its_calls_are_tried_in_a_browser() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let page = gateway.call(reqwest::Method::GET, "/docs").send().await.unwrap();
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'; script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let html = page.text().await.unwrap().replace("&#39;", "'");
    let description: Value = serde_json::from_str(&gateway.get("/openapi.json").await.1).unwrap();
    for (path, methods) in members(&description["paths"]) {
        for (method, operation) in members(methods) {
            let call = format!("<code>{} {path}</code>", method.to_uppercase());
            assert!(html.contains(&call) && html.contains(operation["summary"].as_str().unwrap()), "{call} in {html}");
        }
    }
    assert!(!html.contains("src=\"http") && !html.contains("href=\"http"), "nothing comes from elsewhere");
    assert!(gateway.get("/docs/other.js").await.0 == StatusCode::NOT_FOUND);

    let browser = Browser::start().await;
    for (width, scheme) in [(1280, "light"), (1280, "dark"), (320, "light")] {
        browser.screen(width, scheme).await;
        browser.open(&format!("http://{}/docs", gateway.http)).await;
        // Closed parts are looked at as well.
        browser.script("document.querySelectorAll('details').forEach(it => { it.open = true; })").await;
        assert_eq!(browser.barriers().await, Vec::<String>::new(), "{width} {scheme}");
        let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.script(overflow).await, 0, "{width} {scheme}: sideways scroll");
        browser.script("document.querySelectorAll('details').forEach(it => { it.open = false; })").await;
        browser.picture(&format!("docs-{width}-{scheme}")).await;
    }
    browser.screen(1280, "light").await;
    browser.write("#secret", PORTAL_SECRET).await;
    let tried = async |path: &str, prepare: &str, wanted: &str| {
        let form = format!("document.querySelector('form.try{path}')");
        browser.script(&format!("const form = {form}; {prepare}; form.requestSubmit();")).await;
        wait_until(wanted, async || {
            let said = browser.script(&format!("return {form}.querySelector('.answer').textContent")).await;
            let said = said.as_str().unwrap();
            assert!(!said.contains("could not be sent") && !said.contains("\"reason\""), "{path}: {said}");
            said.contains(wanted)
        })
        .await;
    };
    let of = |method: &str, path: &str| format!("[data-method=\"{method}\"][data-path=\"{path}\"]");
    let requester = format!("form.querySelector('[name=requester]').value = '{}'", DIRECTORS[0]);
    let in_parts = format!(
        "{requester}; const media = form.querySelector('.media'); media.value = 'multipart/form-data';
         media.dispatchEvent(new Event('change'));
         const files = new DataTransfer(); files.items.add(new File(['a'], 'a.txt', {{type: 'text/plain'}}));
         form.querySelector('input[type=file]').files = files.files"
    );
    tried(&of("POST", "/v1/requests"), &in_parts, "\"status\": \"created\"").await;
    let [ticket] = titled(&sandbox, "Impossible de valider").try_into().unwrap();
    assert_eq!(ticket.documents[0].filename, "a.txt");
    tried(&of("GET", "/v1/requests"), &requester, "\"total\": 1").await;
    let number = format!("{requester}; form.querySelector('[name=id]').value = {}", ticket.id);
    tried(&of("POST", "/v1/requests/{id}/followups"), &number, "\"status\": \"followup\"").await;
    tried(&of("GET", "/v1/natures"), "", "\"applications\"").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.finish().await;
}

#[tokio::test]
async fn the_documentation_names_calls_samples_and_pages_that_are_there() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let description: Value = serde_json::from_str(&gateway.get("/openapi.json").await.1).unwrap();
    let described: BTreeSet<&str> = members(&description["paths"]).map(|(path, _)| path.as_str()).collect();
    for page in ["docs/en/portal-api.md", "docs/fr/portail-api.md"] {
        let text = fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
        let calls = text.split('`').filter_map(|quoted| quoted.strip_prefix("GET ").or(quoted.strip_prefix("POST ")));
        let calls: BTreeSet<&str> = calls.map(|path| path.split('?').next().unwrap()).collect();
        assert!(calls.len() >= 8, "{page}: {calls:?}");
        let unknown: Vec<_> = calls.difference(&described).collect();
        assert!(unknown.is_empty(), "{page} names calls that are not there: {unknown:?}");
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        let files: Vec<_> = links.filter(|link| !link.starts_with("http") && !link.starts_with('#')).collect();
        assert!(files.len() >= 7, "{page}: {files:?}");
        for file in files {
            assert!(
                Path::new(ROOT).join(page).parent().unwrap().join(file.split('#').next().unwrap()).exists(),
                "{page}: {file}"
            );
        }
        assert!(text.contains("RFC 9745") && text.contains("RFC 8594"), "{page} says how an end is announced");
    }
}
