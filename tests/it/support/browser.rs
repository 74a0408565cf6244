//! Debian's Chromium, headless, driven over W3C `WebDriver`: the few calls it takes, by their place in the standard.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use data_encoding::BASE64;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{free_port, wait_until};

/// Where pictures of the pages are left.
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/screenshots");
/// Lines of a picture at most.
const TALLEST: u64 = 16_000;
/// The rules of accessibility that pages are held to, as tests/install.sh fetched them.
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/axe/axe.min.js");
/// What the driver calls an element (section 11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys that write nothing (section 15.4.2).
pub(crate) const BACKSPACE: &str = "\u{e003}";
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const END: &str = "\u{e010}";
pub(crate) const UP: &str = "\u{e013}";
pub(crate) const DOWN: &str = "\u{e015}";

/// A browser without memory, and all it starts; dropping it ends them.
pub(crate) struct Browser {
    client: reqwest::Client,
    /// Its session's address at the driver.
    session: String,
    processes: Child,
    /// Its profile, and files to upload.
    folder: TempDir,
    axe: String,
}

impl Browser {
    pub(crate) async fn start() -> Self {
        let axe = fs::read_to_string(AXE).expect("target/axe/axe.min.js: run tests/install.sh");
        let folder = TempDir::new().unwrap();
        let port = free_port();
        // A group of its own: the driver's browser ends with it, whatever becomes of the test.
        let processes = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .env("HOME", folder.path())
            .process_group(0)
            .spawn()
            .expect("chromedriver: run tests/install.sh");
        let address = format!("http://127.0.0.1:{port}");
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        wait_until("the browser's driver answers", async || {
            client.get(format!("{address}/status")).send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        fs::create_dir_all(PICTURES).unwrap();
        let mut browser = Self { client, session: address, processes, folder, axe };
        let arguments = [
            "--headless=new".to_owned(),
            // Root has no sandbox; these pages are the project's own.
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--lang=fr-FR".to_owned(),
            format!("--user-data-dir={}", browser.folder.path().join("profile").display()),
        ];
        let wanted = json!({"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}});
        let session = json!({"capabilities": {"alwaysMatch": wanted}});
        let session = browser.call(Method::POST, "/session", session).await;
        browser.session = format!("{}/session/{}", browser.session, session["sessionId"].as_str().unwrap());
        browser
    }

    /// A call to the driver, with its answer's value.
    async fn call(&self, method: Method, path: &str, parameters: Value) -> Value {
        let mut call = self.client.request(method.clone(), format!("{}{path}", self.session));
        if method == Method::POST {
            call = call.json(&parameters);
        }
        let answer = call.send().await.unwrap();
        let status = answer.status();
        let mut answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path} {parameters}: {}", answer["value"]["message"]);
        answer["value"].take()
    }

    async fn get(&self, path: &str) -> String {
        self.call(Method::GET, path, Value::Null).await.as_str().unwrap().to_owned()
    }

    /// The path of the first element of a kind.
    async fn element(&self, selector: &str) -> String {
        let found = self.call(Method::POST, "/element", json!({"using": "css selector", "value": selector})).await;
        format!("/element/{}", found[ELEMENT].as_str().unwrap())
    }

    /// Ends it in order.
    pub(crate) async fn finish(self) {
        self.call(Method::DELETE, "", Value::Null).await;
    }

    pub(crate) async fn open(&self, address: &str) {
        self.call(Method::POST, "/url", json!({"url": address})).await;
    }

    /// The address it is at, without the server.
    pub(crate) async fn path(&self) -> String {
        let address = url::Url::parse(&self.get("/url").await).unwrap();
        address[url::Position::BeforePath..].to_owned()
    }

    pub(crate) async fn title(&self) -> String {
        self.get("/title").await
    }

    /// The text a reader sees in the first element of a kind.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let element = self.element(selector).await;
        self.get(&format!("{element}/text")).await
    }

    pub(crate) async fn has(&self, selector: &str) -> bool {
        let found = self.call(Method::POST, "/elements", json!({"using": "css selector", "value": selector})).await;
        found.as_array().is_some_and(|elements| !elements.is_empty())
    }

    /// Clicks on what leads to another page, and waits for that.
    pub(crate) async fn follow(&self, selector: &str) {
        let element = self.element(selector).await;
        self.leave(self.call(Method::POST, &format!("{element}/click"), json!({}))).await;
    }

    /// Presses the Enter key on what leads to another page, and waits for that.
    pub(crate) async fn enter(&self) {
        self.leave(self.press(ENTER)).await;
    }

    /// Does what leads to another page, and waits until that is whole.
    async fn leave<T>(&self, act: impl Future<Output = T>) {
        self.script("window.isOld = true").await;
        act.await;
        wait_until("another page", async || {
            self.script("return document.readyState === 'complete' && !window.isOld").await == true
        })
        .await;
    }

    /// Writes into a field; of a file, its path.
    pub(crate) async fn write(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.call(Method::POST, &format!("{element}/value"), json!({ "text": text })).await;
    }

    /// Presses keys where the focus is.
    pub(crate) async fn press(&self, keys: &str) {
        let key = |kind: &str, key: char| json!({"type": kind, "value": key});
        let actions: Vec<_> = keys.chars().flat_map(|each| [key("keyDown", each), key("keyUp", each)]).collect();
        let actions = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.call(Method::POST, "/actions", actions).await;
    }

    /// Presses the tabulator until the focus is on the element of this id or text, as a person without a mouse does.
    pub(crate) async fn tab_to(&self, wanted: &str) {
        for _ in 0..40 {
            self.press(TAB).await;
            if self.script("return document.activeElement.id || document.activeElement.textContent").await == *wanted {
                return;
            }
        }
        panic!("no way to {wanted} by the keyboard");
    }

    pub(crate) async fn script(&self, script: &str) -> Value {
        self.call(Method::POST, "/execute/sync", json!({"script": script, "args": []})).await
    }

    /// A file to upload; its path.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A screen of this width, CSS pixels, light or dark.
    pub(crate) async fn screen(&self, width: u32, scheme: &str) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", scheme).await;
    }

    /// The system's own colours, as people choose who see little (CSS Color Adjustment, section 3).
    pub(crate) async fn forced_colors(&self) {
        let forced = json!({"features": [{"name": "forced-colors", "value": "active"}]});
        self.devtools("Emulation.setEmulatedMedia", forced).await;
    }

    /// Shows the page as it is printed, or as it is on the screen.
    pub(crate) async fn as_printed(&self, is_printed: bool) {
        let medium = if is_printed { "print" } else { "" };
        self.devtools("Emulation.setEmulatedMedia", json!({"media": medium})).await;
    }

    /// How many sheets the page takes in print.
    pub(crate) async fn sheets(&self) -> usize {
        let print = self.devtools("Page.printToPDF", json!({"paperWidth": 8.27, "paperHeight": 11.69})).await;
        let print = BASE64.decode(print["data"].as_str().unwrap().as_bytes()).unwrap();
        let page = b"/Type /Page";
        print.windows(page.len() + 1).filter(|part| part.starts_with(page) && part[page.len()] != b's').count()
    }

    /// What the tabulator leads to, from the page's beginning, and whether each shows that it has the focus.
    pub(crate) async fn walk(&self) -> Vec<(String, bool)> {
        self.script("document.activeElement.blur(); window.scrollTo(0, 0)").await;
        let mut walked = Vec::new();
        for _ in 0..100 {
            self.press(TAB).await;
            let at = self
                .script(
                    "const at = document.activeElement;
                     if (at === document.body) return null;
                     // What makes more than itself a link shows it around that.
                     const around = [null, '::before', '::after'].map(part => getComputedStyle(at, part));
                     const isShown = style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
                     const label = `${at.tagName} ${at.id || at.textContent.trim()}`;
                     return [label, around.some(isShown)];",
                )
                .await;
            let Some(label) = at[0].as_str() else { break };
            walked.push((label.to_owned(), at[1] == true));
        }
        walked
    }

    /// A picture of the whole page, as far as Chromium takes one: some sixteen thousand lines.
    pub(crate) async fn picture(&self, name: &str) {
        let size =
            self.script("const page = document.documentElement; return [page.clientWidth, page.scrollHeight];").await;
        let height = size[1].as_u64().unwrap().min(TALLEST);
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": height, "scale": 1});
        let whole = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let picture = self.devtools("Page.captureScreenshot", whole).await;
        let path = Path::new(PICTURES).join(format!("{name}.png"));
        fs::write(path, BASE64.decode(picture["data"].as_str().unwrap().as_bytes()).unwrap()).unwrap();
    }

    /// What axe finds wrong with the page: rule, element, what to do.
    pub(crate) async fn barriers(&self) -> Vec<String> {
        self.script(&self.axe).await;
        let run = "const done = arguments[0];
            axe.run(document, {resultTypes: ['violations']}).then(found => done(found.violations.flatMap(
                rule => rule.nodes.map(node => `${rule.id}: ${node.html}: ${node.failureSummary}`))));";
        let found = self.call(Method::POST, "/execute/async", json!({"script": run, "args": []})).await;
        serde_json::from_value(found).unwrap()
    }

    /// What the browser complained about since it was asked last: blocked by the policy, not found, wrong. Not of the
    /// standard, but the driver's own.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.call(Method::POST, "/se/log", json!({"type": "browser"})).await;
        log.as_array().unwrap().iter().map(|entry| entry["message"].to_string()).collect()
    }

    /// A call of Chromium's own protocol.
    async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.call(Method::POST, "/goog/cdp/execute", json!({"cmd": method, "params": parameters})).await
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let group = format!("-{}", self.processes.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.processes.wait();
    }
}
