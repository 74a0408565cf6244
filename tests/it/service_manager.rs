//! What systemd is told: the gateway as a unit of `Type=notify` with a watchdog.

use std::{
    os::unix::net::UnixDatagram,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A gateway under a service manager that this test is.
struct Service {
    gateway: Child,
    told: UnixDatagram,
    _folder: tempfile::TempDir,
}

impl Service {
    /// Starts it, with no GLPI to be had, and a watchdog that waits so long.
    fn start(watchdog: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("notify");
        let told = UnixDatagram::bind(&socket).unwrap();
        told.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let lmtp = format!("unix:{}", folder.path().join("lmtp.sock").display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        command.arg("serve").env_clear().env("NOTIFY_SOCKET", &socket);
        command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
        command.env("PASSERELLE_GLPI__URL", "http://127.0.0.1:9/").env("PASSERELLE_GLPI__USER_TOKEN", "token");
        command.env("PASSERELLE_LMTP__LISTEN", lmtp);
        let gateway = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { gateway, told, _folder: folder }
    }

    /// The next thing that is told.
    fn next(&self) -> String {
        let mut bytes = [0; 4096];
        let length = self.told.recv(&mut bytes).expect("nothing is told any more");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// The next thing that is told and is no beat.
    fn next_state(&self) -> String {
        loop {
            let state = self.next();
            if state != "WATCHDOG=1\n" {
                return state;
            }
        }
    }

    fn signal(&self, name: &str) {
        let process = self.gateway.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &process]).status().unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.gateway.kill();
        let _ = self.gateway.wait();
    }
}

#[test]
fn it_is_told_of_start_reload_and_stop() {
    let mut service = Service::start(Duration::from_mins(10));
    let ready = service.next_state();
    assert!(ready.starts_with("READY=1\nSTATUS=LMTP on unix:/"), "{ready}");
    service.signal("HUP");
    let reloading = service.next_state();
    let clock =
        reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|rest| rest.trim_end().parse::<u64>().ok());
    assert!(clock.is_some_and(|clock| clock > 0), "{reloading}");
    assert_eq!(service.next_state(), "READY=1\n");
    service.signal("TERM");
    assert_eq!(service.next_state(), "STOPPING=1\n");
    assert!(service.gateway.wait().unwrap().success());
}

#[test]
fn its_watchdog_hears_from_a_gateway_that_runs_and_not_from_one_that_hangs() {
    let allowed = Duration::from_millis(600);
    let service = Service::start(allowed);
    for _ in 0..5 {
        while service.next() != "WATCHDOG=1\n" {}
    }
    service.signal("STOP");
    // What it said before it hung is read; then there is nothing for longer than the watchdog waits.
    service.told.set_read_timeout(Some(allowed * 2)).unwrap();
    let mut bytes = [0; 64];
    let late = (0..5).find_map(|_| service.told.recv(&mut bytes).err());
    assert!(
        late.is_some_and(|error| matches!(error.kind(), std::io::ErrorKind::WouldBlock)),
        "a stopped process speaks"
    );
    service.signal("CONT");
    service.told.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    while service.next() != "WATCHDOG=1\n" {}
}
