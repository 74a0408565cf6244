//! The gateway that is measured: the program itself, as a process.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    glpi::Target,
    support::{
        free_port,
        gateway::{DIRECTORS, PORTAL_SECRET},
        signing,
    },
};

pub(crate) struct Running {
    process: Child,
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
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let running = Self {
            process,
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

    /// Ends it; gives what it had in memory.
    pub(crate) async fn stop(mut self) -> String {
        let memory = self.status("VmRSS:");
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        tokio::task::spawn_blocking(move || self.process.wait()).await.unwrap().unwrap();
        memory
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

    fn status(&self, field: &str) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default().trim().to_owned()
    }

    /// How long forms take, one after the other, the shortest first.
    pub(crate) async fn forms(&self, count: usize) -> Vec<Duration> {
        let client = reqwest::Client::new();
        let run = jiff::Timestamp::now().as_microsecond();
        let mut times = Vec::with_capacity(count);
        for at in 0..count {
            let text = "Le livret de Zoé ne s’ouvre pas depuis lundi. ".repeat(6);
            let director = DIRECTORS[at % DIRECTORS.len()];
            let fields = json!({"requester": director, "application": "LSU", "title": format!("Formulaire {run}-{at}"), "description": text});
            let body = fields.to_string();
            let timestamp = jiff::Timestamp::now().as_second().to_string();
            let signature = format!("v1={}", signing::v1(PORTAL_SECRET, &timestamp, body.as_bytes()));
            let began = Instant::now();
            let answer = client
                .post(format!("http://{}/v1/requests", self.http))
                .header("Content-Type", "application/json")
                .header("X-Passerelle-Timestamp", timestamp)
                .header("X-Passerelle-Signature", signature)
                .body(body)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
            // Those before it were looked up.
            if at >= DIRECTORS.len() {
                times.push(began.elapsed());
            }
        }
        times.sort_unstable();
        times
    }
}
