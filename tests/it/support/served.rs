//! The program itself, serving as a process of its own: its figures and its memory are its alone.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use reqwest::{Client, Method, RequestBuilder};
use tokio::process::{Child, Command};

use super::{free_port, gateway::PORTAL_SECRET, signing, wait_until};

/// A running gateway. Dropped, it ends.
pub(crate) struct Served {
    pub(crate) http: SocketAddr,
    pub(crate) lmtp: SocketAddr,
    settings: BTreeMap<String, String>,
    log: PathBuf,
    child: Option<Child>,
    client: Client,
}

/// What `/metrics` counts: each series whose value is a whole number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(BTreeMap<String, u64>);

/// The variable of a key.
pub(crate) fn key(key: &str) -> String {
    format!("PASSERELLE_{}", key.to_uppercase().replace('.', "__"))
}

fn address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

/// Starts the program with these settings, on these addresses of HTTP and LMTP; what it says is added to this log.
pub(crate) fn launched(settings: &BTreeMap<String, String>, [http, lmtp]: [SocketAddr; 2], log: &Path) -> Child {
    let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
    Command::new(env!("CARGO_BIN_EXE_passerelle"))
        .arg("serve")
        .env_clear()
        .envs(settings)
        .env(key("http.listen"), http.to_string())
        .env(key("lmtp.listen"), lmtp.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

impl Served {
    /// Starts one with these settings, which logs into this folder, and waits until it answers.
    pub(crate) async fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start_among(folder, settings, &[]).await
    }

    /// The same among variables that are no settings.
    pub(crate) async fn start_among(folder: &Path, settings: &[(&str, &str)], others: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = settings.iter().map(|(name, value)| (key(name), (*value).to_owned()));
        let settings = settings.chain(others.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let settings = settings.collect();
        let (http, lmtp) = (address(), address());
        let log = folder.join(format!("served-{}.log", http.port()));
        let client = Client::builder().no_proxy().build().unwrap();
        let mut this = Self { http, lmtp, settings, log, child: None, client };
        this.launch();
        this.answers().await;
        this
    }

    /// Starts it where it does not run, on the ports it had.
    pub(crate) fn launch(&mut self) {
        self.child = Some(launched(&self.settings, [self.http, self.lmtp], &self.log));
    }

    /// Waits until it answers.
    pub(crate) async fn answers(&mut self) {
        wait_until("the gateway answers", async || {
            // Another test may have taken a port between its choice and its use.
            if let Some(end) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("the gateway ended by itself, {end}: {}", self.log());
            }
            self.get("/healthz").await.is_ok_and(|(status, _)| status == 200)
        })
        .await;
    }

    /// Ends it as a service manager does: what is under way comes to its end.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let id = child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().await.unwrap().success());
        child.wait().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Result<(u16, String)> {
        let answer = self.client.get(format!("http://{}{path}", self.http)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// A call signed as the portal signs it, with this Idempotency-Key.
    pub(crate) fn signed(&self, method: Method, path: &str, key: &str, body: &[u8]) -> RequestBuilder {
        let timestamp = jiff::Timestamp::now().as_second().to_string();
        let signature = signing::v3(PORTAL_SECRET, &timestamp, method.as_str(), path, key, body);
        let call = self.client.request(method, format!("http://{}{path}", self.http));
        let call = call.header("X-Passerelle-Timestamp", timestamp).header("Content-Type", "application/json");
        let call = call.header("X-Passerelle-Signature", format!("v3={signature}")).header("Idempotency-Key", key);
        call.body(body.to_vec())
    }

    pub(crate) async fn figures(&self) -> Figures {
        let (_, text) = self.get("/metrics").await.unwrap();
        let rows = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        Figures(rows.filter_map(|(series, value)| Some((series.to_owned(), value.parse().ok()?))).collect())
    }

    /// The memory it has now, bytes.
    pub(crate) fn resident(&self) -> u64 {
        let id = self.child.as_ref().unwrap().id().unwrap();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Figures {
    /// The sum of a metric's series whose labels hold all of these.
    pub(crate) fn sum(&self, metric: &str, labels: &[&str]) -> u64 {
        self.of(metric).filter(|(series, _)| labels.iter().all(|label| series.contains(label))).map(|(_, it)| it).sum()
    }

    /// The series of a metric, each with its value.
    pub(crate) fn of<'a>(&'a self, metric: &'a str) -> impl Iterator<Item = (&'a str, u64)> {
        let is_of =
            move |series: &str| series.strip_prefix(metric).is_some_and(|it| it.is_empty() || it.starts_with('{'));
        self.0.iter().filter(move |(series, _)| is_of(series)).map(|(series, value)| (series.as_str(), *value))
    }

    /// Every series.
    pub(crate) fn series(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
