//! The gateway that is measured: the program itself, as a process.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    glpi::Target,
    support::{free_port, gateway::PORTAL_SECRET, signing},
};

pub(crate) struct Running {
    process: Child,
    client: reqwest::Client,
    http: SocketAddr,
    pub(crate) lmtp: SocketAddr,
}

impl Running {
    /// Starts it, and waits until it takes connections.
    pub(crate) async fn start(target: &Target, settings: &[(&str, &str)]) -> Self {
        let (lmtp, http) = (free_port(), free_port());
        let (login, password) = target.account();
        let url = target.url().to_string();
        let (lmtp_listen, http_listen) = (format!("127.0.0.1:{lmtp}"), format!("127.0.0.1:{http}"));
        let usual = [
            ("glpi.url", url.as_str()),
            ("glpi.login", login),
            ("glpi.password", password),
            ("lmtp.listen", &lmtp_listen),
            ("http.listen", &http_listen),
            ("http.portal_secrets", PORTAL_SECRET),
            ("sender.authserv_ids", "relais.test"),
            ("quota.per_day", "1000000"),
            ("log.filter", "warn"),
        ];
        let variables: BTreeMap<_, _> = usual
            .iter()
            .chain(settings)
            .map(|(key, value)| (format!("PASSERELLE_{}", key.to_uppercase().replace('.', "__")), *value))
            .collect();
        let process = Command::new(env!("CARGO_BIN_EXE_passerelle"))
            .arg("serve")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
            .envs(variables)
            // As the Dockerfile and the README's unit set them.
            .envs([
                ("MALLOC_ARENA_MAX", "2"),
                ("MALLOC_MMAP_THRESHOLD_", "131072"),
                ("MALLOC_TRIM_THRESHOLD_", "131072"),
            ])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let running = Self {
            process,
            client: reqwest::Client::new(),
            http: SocketAddr::from(([127, 0, 0, 1], http)),
            lmtp: SocketAddr::from(([127, 0, 0, 1], lmtp)),
        };
        let began = Instant::now();
        while tokio::net::TcpStream::connect(running.lmtp).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "the gateway does not start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        running
    }

    /// Ends it.
    pub(crate) async fn stop(mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        tokio::task::spawn_blocking(move || self.process.wait()).await.unwrap().unwrap();
    }

    /// Seconds of processor time it has used.
    pub(crate) fn processor(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        let ticks: f64 =
            after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum();
        // USER_HZ is 100 on every Linux.
        ticks / 100.0
    }

    /// A figure of its memory: proc(5), `status`.
    pub(crate) fn memory(&self, figure: &str) -> String {
        format!("{:>9.1} MiB", self.bytes(figure))
    }

    /// The same in MiB.
    pub(crate) fn bytes(&self, figure: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(&format!("{figure}:"))).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }

    /// Waits until it says that it can serve.
    pub(crate) async fn ready(&self) {
        let client = reqwest::Client::new();
        let is_ready = async || {
            let answer = client.get(format!("http://{}/readyz", self.http)).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        };
        while !is_ready().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Hands in a form that must become a ticket; gives the answer.
    pub(crate) async fn post_form(&self, fields: &Value) -> Value {
        let body = fields.to_string();
        let timestamp = jiff::Timestamp::now().as_second().to_string();
        let signature = format!("v1={}", signing::v1(PORTAL_SECRET, &timestamp, body.as_bytes()));
        let call =
            self.client.post(format!("http://{}/v1/requests", self.http)).header("Content-Type", "application/json");
        let call = call.header("X-Passerelle-Timestamp", timestamp).header("X-Passerelle-Signature", signature);
        let answer = call.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
        answer.json().await.unwrap()
    }

    /// What the holder of this token is shown there; nothing while GLPI is not read (503).
    pub(crate) async fn get_with_token(&self, path: &str, token: &str) -> Option<Value> {
        let answer = self.client.get(format!("http://{}{path}", self.http)).bearer_auth(token).send().await.unwrap();
        if answer.status() == 503 {
            return None;
        }
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
        answer.json().await.unwrap()
    }

    /// What becomes of this body there, sent by the holder of this token.
    pub(crate) async fn post_with_token(&self, path: &str, token: &str, body: &Value) -> Value {
        let call = self.client.post(format!("http://{}{path}", self.http)).bearer_auth(token);
        let answer = call.header("Content-Type", "application/json").body(body.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
        answer.json().await.unwrap()
    }

    /// The page that this person is shown there, whom a proxy names.
    pub(crate) async fn page(&self, path: &str, person: &str, proxy_secret: &str) -> String {
        let call = self.client.get(format!("http://{}{path}", self.http)).header("X-Remote-Mail", person);
        let answer = call.header("X-Passerelle-Proxy-Secret", proxy_secret).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
        answer.text().await.unwrap()
    }

    /// What this person is shown there.
    pub(crate) async fn get_json(&self, path: &str, requester: &str) -> Value {
        let address = format!("{path}?requester={requester}");
        let timestamp = jiff::Timestamp::now().as_second().to_string();
        let signature = signing::v2(PORTAL_SECRET, &timestamp, "GET", &address, b"");
        let call = self.client.get(format!("http://{}{address}", self.http));
        let call = call.header("X-Passerelle-Timestamp", timestamp);
        let answer = call.header("X-Passerelle-Signature", format!("v2={signature}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
        answer.json().await.unwrap()
    }
}
