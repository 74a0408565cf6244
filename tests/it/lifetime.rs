//! The gateway as a service manager runs it: told to read its files again or to end, whenever that comes; and what it says
//! of itself when it starts.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use passerelle::{
    sandbox::{Options, Sandbox},
    telemetry,
};
use rstest::rstest;

use crate::support::{self, served::Served};

/// A gateway that waits for its configuration: the file it reads is a pipe.
struct Starting {
    child: Child,
    pipe: std::path::PathBuf,
    log: Arc<Mutex<String>>,
    reading: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

fn start() -> Starting {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("passerelle.toml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
    command.arg("serve").arg("--config").arg(&pipe).env_clear();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (log, said) = (Arc::<Mutex<String>>::default(), BufReader::new(child.stderr.take().unwrap()));
    let reading = std::thread::spawn({
        let log = log.clone();
        move || said.lines().for_each(|line| log.lock().unwrap().push_str(&(line.unwrap() + "\n")))
    });
    Starting { child, pipe, log, reading, _folder: folder }
}

/// Whether the process has a handler for the signal of this number: the bits of `SigCgt`, proc(5).
fn catches(process: u32, number: u32) -> bool {
    let status = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() >> (number - 1) & 1 == 1
}

fn wait_until(what: &str, mut yes: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !yes() {
        assert!(Instant::now() < deadline, "not {what} in time");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn signal(process: u32, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap().success());
}

impl Starting {
    /// Gives it its configuration, of a GLPI that is nowhere.
    fn configure(&self, listen: &str) {
        let text = format!(
            "[glpi]\nurl = \"http://127.0.0.1:9\"\nlogin = \"x\"\npassword = \"x\"\n[http]\nlisten = \"{listen}\"\n\
             form_tokens = [\"token-of-the-portal\"]\n"
        );
        fs::OpenOptions::new().write(true).open(&self.pipe).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.reading.join().unwrap();
        (status, self.log.lock().unwrap().clone())
    }
}

fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn a_reload_asked_for_before_anything_is_read_is_done_once_it_runs() {
    let starting = start();
    let process = starting.child.id();
    wait_until("listening for SIGHUP", || catches(process, 1));
    for _ in 0..3 {
        signal(process, "HUP");
    }
    let address = free_address();
    starting.configure(&address);
    wait_until("reloaded", || starting.log.lock().unwrap().contains("mappings reloaded"));
    assert!(std::net::TcpStream::connect(&address).is_ok());
    signal(process, "TERM");
    let (status, log) = starting.end();
    assert!(status.success(), "{status}\n{log}");
}

#[rstest]
#[case("TERM", 15)]
#[case("INT", 2)]
fn an_end_asked_for_before_anything_is_read_is_a_clean_one(#[case] name: &str, #[case] number: u32) {
    let starting = start();
    let process = starting.child.id();
    wait_until("listening", || catches(process, number));
    signal(process, name);
    starting.configure(&free_address());
    let (status, log) = starting.end();
    assert_eq!((status.code(), status.signal()), (Some(0), None), "{log}");
}

/// The lines that an operator looks for after an upgrade: which program runs, by which file, with how many mappings, before
/// which GLPI.
#[rstest]
#[case(Options::default(), "10.0.14")]
#[case(Options::eleven(), "11.0.6")]
#[tokio::test(flavor = "multi_thread")]
async fn the_start_says_what_runs(#[case] stand_in: Options, #[case] glpi: &str) {
    let (sandbox, folder) = (Sandbox::start(stand_in).await.unwrap(), tempfile::tempdir().unwrap());
    let (file, mappings) = (folder.path().join("passerelle.toml"), folder.path().join("mappings"));
    fs::create_dir(&mappings).unwrap();
    for name in ["lsu.toml", "onde.toml"] {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings").join(name), mappings.join(name)).unwrap();
    }
    let text = format!(
        "[glpi]\nurl = \"{}\"\nlogin = \"passerelle\"\npassword = \"passerelle\"\n[mappings]\ndir = \"{}\"\n",
        sandbox.url(),
        mappings.display()
    );
    fs::write(&file, text).unwrap();
    let mut served = Served::start(folder.path(), &[("config", file.to_str().unwrap())]).await;
    support::wait_until("GLPI has answered", async || served.log().contains("GLPI answers")).await;
    assert!(served.stop().await.success());
    let log = served.log();
    let line = |what: &str| log.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {log}"));
    let (version, start) = (telemetry::version(), line("Passerelle starts"));
    for said in [format!("version=\"{version}\""), format!("configuration={}", file.display()), "mappings=2".to_owned()]
    {
        assert!(start.contains(&said), "{said} in {start}");
    }
    assert!(line("GLPI answers").contains(&format!("version=\"{glpi}\"")), "{log}");
    let asked = Command::new(env!("CARGO_BIN_EXE_passerelle")).arg("--version").output().unwrap();
    assert_eq!(String::from_utf8(asked.stdout).unwrap(), format!("passerelle {version}\n"));
}
