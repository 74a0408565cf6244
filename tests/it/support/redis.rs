//! A real Redis of one test (Debian: redis-server), on a socket of its own.

use std::{
    fs::OpenOptions,
    io::Write as _,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use redis::{Client, Connection, RedisResult};
use tempfile::TempDir;

/// A Redis that keeps nothing on disk. Dropping it stops it.
pub(crate) struct Redis {
    folder: TempDir,
    url: String,
    process: Option<Child>,
    has_clock: bool,
}

impl Redis {
    pub(crate) fn start() -> Self {
        Self::start_with(false)
    }

    /// One whose clock can be set.
    pub(crate) fn with_a_clock() -> Self {
        Self::start_with(true)
    }

    fn start_with(has_clock: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("redis+unix://{}/redis.sock", folder.path().display());
        let mut server = Self { folder, url, process: None, has_clock };
        if has_clock {
            server.set_clock(0);
            // What links Rust links this.
            let compiled = Command::new("cc")
                .args(["-shared", "-fPIC", "-o"])
                .arg(server.folder.path().join("clock.so"))
                .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clock/clock.c"))
                .status();
            assert!(compiled.unwrap().success(), "tests/clock/clock.c");
        }
        server.start_again();
        server
    }

    /// Lets its clock go so many seconds before or behind the right time, from now on.
    pub(crate) fn set_clock(&self, seconds: i64) {
        assert!(self.has_clock);
        let clock = self.folder.path().join("clock");
        // In place: it looks at the file itself.
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(clock).unwrap();
        file.write_all(&seconds.to_ne_bytes()).unwrap();
    }

    /// The address to give to `redis.url`; the same after a restart.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// The settings of a gateway that counts here.
    pub(crate) fn settings(&self) -> [(&str, &str); 2] {
        [("quota.backend", "redis"), ("redis.url", &self.url)]
    }

    /// What it answers to PING.
    pub(crate) fn ping(&self) -> RedisResult<String> {
        redis::cmd("PING").query(&mut self.connect()?)
    }

    /// Makes it forget everything.
    pub(crate) fn flush_all(&self) {
        redis::cmd("FLUSHALL").exec(&mut self.connect().unwrap()).unwrap();
    }

    /// Runs a command, whatever it answers.
    pub(crate) fn run(&self, command: &[&str]) {
        redis::cmd(command[0]).arg(&command[1..]).exec(&mut self.connect().unwrap()).unwrap();
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> String {
        redis::cmd("GET").arg(key).query(&mut self.connect().unwrap()).unwrap()
    }

    /// All its keys.
    pub(crate) fn keys(&self) -> Vec<String> {
        redis::cmd("KEYS").arg("*").query(&mut self.connect().unwrap()).unwrap()
    }

    /// What a key holds, as one Redis gives it to another.
    pub(crate) fn dump(&self, key: &str) -> Vec<u8> {
        redis::cmd("DUMP").arg(key).query(&mut self.connect().unwrap()).unwrap()
    }

    /// Ends it at once; what it knew is gone.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it, empty, and waits until it answers.
    pub(crate) fn start_again(&mut self) {
        self.stop();
        let mut command = Command::new("redis-server");
        if self.has_clock {
            command.env("LD_PRELOAD", self.folder.path().join("clock.so"));
            command.env("CLOCK", self.folder.path().join("clock"));
        }
        let process = command
            .args(["--port", "0", "--unixsocket", "redis.sock", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server runs; tests/install.sh installs this Debian package");
        self.process = Some(process);
        let began = Instant::now();
        while self.ping().is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "Redis does not answer");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A connection on which nothing is waited for for ever.
    fn connect(&self) -> RedisResult<Connection> {
        let connection = Client::open(self.url())?.get_connection()?;
        connection.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(connection)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}
