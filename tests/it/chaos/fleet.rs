//! Two gateways, each a process of its own, which end without warning and are started again.

use std::{
    collections::BTreeMap,
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::process::{Child, Command};

use crate::support::{
    dice::Dice,
    served::{key, launched},
    wait_until,
};

/// How many there are.
pub(super) const INSTANCES: usize = 2;

/// The gateways. Dropped, they end.
pub(super) struct Fleet {
    folder: PathBuf,
    settings: BTreeMap<String, String>,
    instances: Vec<Instance>,
    /// The most memory that one has taken in any of its lives, bytes.
    most_memory: AtomicU64,
}

struct Instance {
    http: u16,
    lmtp: u16,
    child: Mutex<Option<Child>>,
}

/// A port that the system gives to no connection of its own: an instance has it again after each start.
fn lasting_port(dice: &mut Dice) -> u16 {
    loop {
        let port = u16::try_from(10_000 + dice.below(20_000)).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Fleet {
    /// Gateways with these settings, which log into this folder; started.
    pub(super) async fn start(folder: &Path, settings: &[(&str, &str)], dice: &mut Dice) -> Self {
        let settings = settings.iter().map(|(name, value)| (key(name), (*value).to_owned())).collect();
        let instance = |_| Instance { http: lasting_port(dice), lmtp: lasting_port(dice), child: Mutex::new(None) };
        let instances = (0..INSTANCES).map(instance).collect();
        let fleet = Self { folder: folder.to_owned(), settings, instances, most_memory: AtomicU64::new(0) };
        for at in 0..INSTANCES {
            fleet.launch(at);
        }
        fleet.all_answer().await;
        fleet
    }

    /// How Postfix names both, in this order.
    pub(super) fn next_hops(&self) -> String {
        let hops: Vec<_> = self.instances.iter().map(|it| format!("127.0.0.1:{}", it.lmtp)).collect();
        format!("inet:{}", hops.join(", "))
    }

    pub(super) fn http(&self, at: usize) -> String {
        format!("http://127.0.0.1:{}", self.instances[at % INSTANCES].http)
    }

    /// Starts one that does not run.
    pub(super) fn launch(&self, at: usize) {
        let instance = &self.instances[at];
        let ports = [instance.http, instance.lmtp].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        *instance.child.lock().unwrap() = Some(launched(&self.settings, ports, &self.log_file(at)));
    }

    /// Ends one with SIGKILL.
    pub(super) async fn kill(&self, at: usize) {
        let child = self.instances[at].child.lock().unwrap().take();
        if let Some(mut child) = child {
            self.weigh(&child);
            child.kill().await.unwrap();
        }
    }

    /// Waits until each answers; one that ended by itself is a fault of its own.
    pub(super) async fn all_answer(&self) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for at in 0..INSTANCES {
            wait_until("a gateway answers", async || {
                let ended = self.instances[at].child.lock().unwrap().as_mut().map(|child| child.try_wait().unwrap());
                assert_eq!(ended, Some(None), "instance {at} ended by itself: {}", self.log(at));
                let answer = client.get(format!("{}/healthz", self.http(at))).send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            })
            .await;
        }
    }

    /// Ends all as a service manager does: what is under way comes to its end.
    pub(super) async fn finish(&self) -> Vec<ExitStatus> {
        let mut ends = Vec::new();
        for instance in &self.instances {
            let Some(mut child) = instance.child.lock().unwrap().take() else { continue };
            self.weigh(&child);
            let id = child.id().unwrap().to_string();
            assert!(Command::new("kill").args(["-s", "TERM", &id]).status().await.unwrap().success());
            ends.push(child.wait().await.unwrap());
        }
        ends
    }

    /// Notes the most memory that a life has taken until now: proc(5), `status`.
    fn weigh(&self, child: &Child) {
        // One that ended by itself weighs nothing any more, and is a fault of its own.
        let status = fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap_or_default();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let most = most.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1024;
        self.most_memory.fetch_max(most, Ordering::Relaxed);
    }

    /// The most memory that one has taken in any of its lives, bytes.
    pub(super) fn most_memory(&self) -> u64 {
        self.most_memory.load(Ordering::Relaxed)
    }

    /// What one has logged in all its lives.
    pub(super) fn log(&self, at: usize) -> String {
        fs::read_to_string(self.log_file(at)).unwrap_or_default()
    }

    fn log_file(&self, at: usize) -> PathBuf {
        self.folder.join(format!("instance-{at}.log"))
    }
}
