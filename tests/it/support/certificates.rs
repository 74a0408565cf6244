//! Certificates for the servers of a test, made by openssl.

use std::{fs, path::Path, process::Command};

/// Writes to `folder` an authority (`ca.pem`) and what it gave to localhost and 127.0.0.1 (`server.pem`,
/// `server.key`): rustls refuses an authority that is itself the server.
pub(crate) fn certificates(folder: &Path) {
    fs::write(folder.join("leaf.ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        .unwrap();
    for command in [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=Essai -keyout ca.key -out ca.pem",
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=serveur -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile leaf.ext -out server.pem",
    ] {
        let run = Command::new("openssl").args(command.split(' ')).current_dir(folder).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }
}
