//! Signs mails as a mail server does (RFC 6376), and as one would who means to deceive.

use std::process::Command;

use data_encoding::BASE64;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256 as Signed, SigningKey as _};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};

/// The key of a domain, under the selector `s`.
pub(crate) struct Signer {
    domain: String,
    key: Key,
}

enum Key {
    Rsa { private: RsaKey<Signed>, public: Vec<u8> },
    Ed25519(Ed25519Key),
}

impl Signer {
    /// A key as most domains have it; made by openssl.
    pub(crate) fn rsa(domain: &str) -> Self {
        let openssl = |arguments: &str| {
            let output = Command::new("sh").arg("-c").arg(arguments).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.der");
        let path = file.display();
        openssl(&format!("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -outform DER -out {path}"));
        let public = openssl(&format!("openssl pkey -inform DER -in {path} -pubout -outform DER"));
        let pkcs8 = std::fs::read(&file).unwrap();
        // Depending on its version, openssl writes PKCS #8 or PKCS #1.
        let private = RsaKey::from_key_der(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.as_slice())))
            .or_else(|_| RsaKey::from_key_der(PrivateKeyDer::Pkcs1(pkcs8.as_slice().into())))
            .unwrap();
        Self { domain: domain.to_owned(), key: Key::Rsa { private, public } }
    }

    /// A small key.
    pub(crate) fn ed25519(domain: &str) -> Self {
        let key = Ed25519Key::from_pkcs8_maybe_unchecked_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        Self { domain: domain.to_owned(), key: Key::Ed25519(key) }
    }

    /// Where DNS has the key.
    pub(crate) fn name(&self) -> String {
        format!("s._domainkey.{}", self.domain)
    }

    /// What DNS has there.
    pub(crate) fn record(&self) -> String {
        match &self.key {
            Key::Rsa { public, .. } => format!("v=DKIM1; k=rsa; p={}", BASE64.encode(public)),
            Key::Ed25519(key) => format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(&key.public_key())),
        }
    }

    /// A line of a file of keys.
    pub(crate) fn line(&self) -> String {
        format!("\"{}\" = \"{}\"\n", self.name(), self.record())
    }

    /// The mail with a signature on top that covers these fields and the whole body.
    pub(crate) fn sign(&self, mail: &[u8], fields: &[&str]) -> Vec<u8> {
        self.sign_with(mail, fields, "")
    }

    /// The same with further tags, such as `x=1; `; an `l=` there says how much of the body is covered.
    pub(crate) fn sign_with(&self, mail: &[u8], fields: &[&str], tags: &str) -> Vec<u8> {
        let text = std::str::from_utf8(mail).unwrap();
        let (header, body) = text.split_once("\r\n\r\n").unwrap();
        let length = tags.split("l=").nth(1).and_then(|rest| rest.split(';').next()?.parse().ok());
        let hash = BASE64.encode(&Sha256::digest(&body.as_bytes()[..length.unwrap_or(body.len())]));
        let algorithm = match &self.key {
            Key::Rsa { .. } => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let signature = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=simple/simple; d={}; s=s; h={}; {tags}bh={hash}; b=",
            self.domain,
            fields.join(":"),
        );
        let mut signed = String::new();
        for field in fields {
            let lines = header
                .split("\r\n")
                .filter(|line| line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case(field)));
            if let Some(line) = lines.last() {
                signed.push_str(line);
                signed.push_str("\r\n");
            }
        }
        signed.push_str(&signature);
        let value = match &self.key {
            Key::Rsa { private, .. } => private.sign(signed.as_bytes()),
            Key::Ed25519(key) => key.sign(signed.as_bytes()),
        };
        format!("{signature}{}\r\n{text}", BASE64.encode(&value.unwrap())).into_bytes()
    }
}
