//! Several real Redis servers of one test: a cluster, or a master with a replica and the sentinels that watch them.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use redis::{Client, Connection, FromRedisValue, RedisResult};
use tempfile::TempDir;

use super::free_port;

/// Servers and, where there are any, their sentinels. Dropping them stops them.
pub(crate) struct Nodes {
    nodes: Vec<Node>,
    sentinels: Vec<Node>,
}

struct Node {
    folder: TempDir,
    port: u16,
    process: Child,
}

impl Nodes {
    /// A cluster of three masters, each with a replica.
    pub(crate) fn cluster() -> Self {
        let nodes: Vec<_> = (0..6)
            .map(|_| {
                let bus = free_port();
                Node::start(&format!(
                    "cluster-enabled yes\ncluster-config-file nodes.conf\ncluster-node-timeout 1000\ncluster-port {bus}\n"
                ))
            })
            .collect();
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create", "--cluster-replicas", "1", "--cluster-yes"]);
        create.args(nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)));
        let created = create.output().expect("redis-cli runs; it comes with Debian's redis-server");
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stdout));
        let cluster = Self { nodes, sentinels: Vec::new() };
        cluster.wait_until("the cluster is whole", |node| {
            node.ask::<String>(&["CLUSTER", "INFO"]).is_ok_and(|info| info.contains("cluster_state:ok"))
                && node.is_in_step()
        });
        cluster
    }

    /// A master, its replica, and three sentinels that call it `passerelle`.
    pub(crate) fn watched() -> Self {
        let master = Node::start("");
        let replica = Node::start(&format!("replicaof 127.0.0.1 {}\n", master.port));
        let watch = format!(
            "sentinel monitor passerelle 127.0.0.1 {} 2\nsentinel down-after-milliseconds passerelle 500\n\
             sentinel failover-timeout passerelle 2000\n",
            master.port
        );
        let servers = Self { nodes: vec![master, replica], sentinels: Vec::new() };
        servers.wait_until("the replica follows", Node::is_in_step);
        let sentinels: Vec<_> = (0..3).map(|_| Node::start_as(&watch, &["--sentinel"])).collect();
        let all = Self { sentinels, ..servers };
        let began = Instant::now();
        let knows_all = |node: &Node| {
            let master = node.ask::<Vec<String>>(&["SENTINEL", "MASTER", "passerelle"]).unwrap_or_default();
            let said = |name: &str| {
                master.chunks(2).find(|pair| pair[0] == name).and_then(|pair| pair.get(1).cloned()).unwrap_or_default()
            };
            said("num-other-sentinels") == "2" && said("num-slaves") == "1"
        };
        while !all.sentinels.iter().all(knows_all) {
            assert!(began.elapsed() < Duration::from_secs(30), "the sentinels do not find each other");
            std::thread::sleep(Duration::from_millis(50));
        }
        all
    }

    /// The addresses of the servers, or of the sentinels where there are any.
    pub(crate) fn urls(&self) -> String {
        let asked = if self.sentinels.is_empty() { &self.nodes } else { &self.sentinels };
        asked.iter().map(|node| format!("redis://127.0.0.1:{}", node.port)).collect::<Vec<_>>().join(",")
    }

    /// The keys, and how many masters have any.
    pub(crate) fn keys(&self) -> (Vec<String>, usize) {
        let of_masters: Vec<Vec<String>> =
            self.nodes.iter().filter(|node| node.is_master()).map(|node| node.ask(&["KEYS", "*"]).unwrap()).collect();
        let with_keys = of_masters.iter().filter(|keys| !keys.is_empty()).count();
        (of_masters.concat(), with_keys)
    }

    /// Kills the master that has the keys, and waits until another server is in its place.
    pub(crate) fn kill_the_master(&mut self) {
        let has_keys = |node: &Node| {
            node.is_master() && node.ask::<Vec<String>>(&["KEYS", "*"]).is_ok_and(|keys| !keys.is_empty())
        };
        let masters = self.masters();
        let at = self.nodes.iter().position(has_keys).expect("a master has the keys");
        drop(self.nodes.remove(at));
        let began = Instant::now();
        while self.masters() < masters {
            assert!(began.elapsed() < Duration::from_mins(1), "no server takes the place of the master");
            std::thread::sleep(Duration::from_millis(50));
        }
        if self.sentinels.is_empty() {
            self.wait_until("the cluster goes on", |node| {
                node.ask::<String>(&["CLUSTER", "INFO"]).is_ok_and(|info| info.contains("cluster_state:ok"))
            });
            return;
        }
        let now = self.nodes.iter().find(|node| node.is_master()).expect("there is one").port.to_string();
        let knows = |sentinel: &Node| {
            let address = sentinel.ask::<Vec<String>>(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "passerelle"]);
            address.is_ok_and(|address| address.get(1) == Some(&now))
        };
        while !self.sentinels.iter().all(knows) {
            assert!(began.elapsed() < Duration::from_mins(1), "the sentinels do not agree on the new master");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn masters(&self) -> usize {
        self.nodes.iter().filter(|node| node.is_master()).count()
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&Node) -> bool) {
        let began = Instant::now();
        while !self.nodes.iter().all(&is_so) {
            assert!(began.elapsed() < Duration::from_mins(1), "not within a minute: {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Node {
    fn start(configuration: &str) -> Self {
        Self::start_as(&format!("save \"\"\nappendonly no\n{configuration}"), &[])
    }

    /// Starts one, and waits until it answers. Cluster and sentinels rewrite their configuration.
    fn start_as(configuration: &str, arguments: &[&str]) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let file = folder.path().join("redis.conf");
        let dir = folder.path().display();
        fs::write(&file, format!("bind 127.0.0.1\nport {port}\ndir {dir}\n{configuration}")).unwrap();
        let process = Command::new("redis-server")
            .arg(file)
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server runs; tests/install.sh installs this Debian package");
        let node = Self { folder, port, process };
        let began = Instant::now();
        while node.ask::<String>(&["PING"]).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "Redis does not answer in {}",
                node.folder.path().display()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        node
    }

    fn ask<T: FromRedisValue>(&self, command: &[&str]) -> RedisResult<T> {
        redis::cmd(command[0]).arg(&command[1..]).query(&mut self.connect()?)
    }

    fn connect(&self) -> RedisResult<Connection> {
        Client::open(format!("redis://127.0.0.1:{}", self.port))?.get_connection_with_timeout(Duration::from_secs(1))
    }

    fn replication(&self) -> String {
        self.ask(&["INFO", "replication"]).unwrap_or_default()
    }

    fn is_master(&self) -> bool {
        self.replication().contains("role:master")
    }

    /// Whether it is a master whose replica follows it, or a replica that does.
    fn is_in_step(&self) -> bool {
        let replication = self.replication();
        replication.contains("state=online") || replication.contains("master_link_status:up")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
