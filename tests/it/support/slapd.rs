//! A real LDAP server of one test (Debian: slapd), on free loopback ports.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{certificates::certificates, free_port};

/// The password of `cn=passerelle,dc=ac-dijon,dc=fr`.
pub(crate) const PASSWORD: &str = "lire-seulement";

/// An LDAP server of this test alone, on free loopback ports.
pub(crate) struct Slapd {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    process: Option<Child>,
}

impl Slapd {
    /// A server that knows these people.
    pub(crate) fn knowing(people: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        certificates(path);
        // A copy: the confinement that Ubuntu gives the installed program allows it no file of a test.
        fs::copy("/usr/sbin/slapd", path.join("slapd")).expect("the Debian package slapd is installed");
        fs::create_dir(path.join("data")).unwrap();
        fs::write(path.join("people.ldif"), people).unwrap();
        let here = path.display();
        fs::write(
            path.join("slapd.conf"),
            format!(
                "include /etc/ldap/schema/core.schema\n\
                 include /etc/ldap/schema/cosine.schema\n\
                 include /etc/ldap/schema/inetorgperson.schema\n\
                 modulepath /usr/lib/ldap\n\
                 moduleload back_mdb\n\
                 TLSCACertificateFile {here}/ca.pem\n\
                 TLSCertificateFile {here}/server.pem\n\
                 TLSCertificateKeyFile {here}/server.key\n\
                 database mdb\n\
                 directory {here}/data\n\
                 suffix \"dc=ac-dijon,dc=fr\"\n\
                 rootdn \"cn=passerelle,dc=ac-dijon,dc=fr\"\n\
                 rootpw {PASSWORD}\n"
            ),
        )
        .unwrap();
        let load = Command::new(path.join("slapd"))
            .args(["-T", "add", "-f"])
            .arg(path.join("slapd.conf"))
            .arg("-l")
            .arg(path.join("people.ldif"))
            .output()
            .unwrap();
        assert!(load.status.success(), "{}", String::from_utf8_lossy(&load.stderr));
        let mut server = Self { folder, port: 0, tls_port: 0, process: None };
        // Another test may take a port between its choice and its use.
        let started = (0..5).any(|_| {
            (server.port, server.tls_port) = (free_port(), free_port());
            server.run()
        });
        assert!(started, "slapd does not start: {}", server.log());
        server
    }

    /// Starts the program and waits until it listens; its statistics go to a file. Says whether it runs.
    pub(crate) fn run(&mut self) -> bool {
        let path = self.folder.path();
        let log = fs::OpenOptions::new().create(true).append(true).open(path.join("log")).unwrap();
        let mut process = Command::new(path.join("slapd"))
            .args(["-d", "stats", "-f"])
            .arg(path.join("slapd.conf"))
            .args(["-h", &format!("ldap://127.0.0.1:{} ldaps://127.0.0.1:{}", self.port, self.tls_port)])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "slapd does not listen: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.process = Some(process);
        true
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.stop();
    }
}
