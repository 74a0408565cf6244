//! A mail that puts a form by, taken apart and put together again, as somebody who has it in hand could do it.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use passerelle::smtp::Sent;
use sha2::{Digest as _, Sha256};

/// What puts forms by, in the usual way; the mails go into the gateway's outbox.
pub(crate) const QUEUE: [(&str, &str); 2] = [("portal.when_down", "queue"), ("smtp.url", "smtp://127.0.0.1:9")];

/// The parts of such a mail, each with its header, and its content decoded.
pub(crate) struct Deposit {
    head: String,
    boundary: String,
    parts: Vec<(String, Vec<u8>)>,
}

/// The mails that put forms by.
pub(crate) fn deposits(mails: Vec<Sent>) -> Vec<Vec<u8>> {
    let is_one = |mail: &Sent| String::from_utf8_lossy(&mail.message).contains(".depot.passerelle@");
    mails.into_iter().filter(is_one).map(|mail| mail.message).collect()
}

impl Deposit {
    pub(crate) fn of(mail: &[u8]) -> Self {
        let mail = String::from_utf8(mail.to_vec()).unwrap();
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        let boundary = head.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let delimiter = format!("--{boundary}");
        let parts = body.split(&delimiter).skip(1).filter(|part| !part.starts_with("--")).map(|part| {
            let (head, body) = part.trim_start().split_once("\r\n\r\n").unwrap();
            let content = if head.contains("base64") {
                BASE64.decode(body.split_ascii_whitespace().collect::<String>().as_bytes()).unwrap()
            } else {
                body.as_bytes().to_vec()
            };
            (head.to_owned(), content)
        });
        let parts = parts.collect();
        Self { head: head.to_owned(), boundary, parts }
    }

    /// The name of the request that it is.
    pub(crate) fn message_id(&self) -> &str {
        self.head.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap()
    }

    pub(crate) fn head(&self) -> &str {
        &self.head
    }

    /// The part of this number, counted from the text for people; the next is what is sealed, then the files.
    pub(crate) fn part(&mut self, at: usize) -> &mut Vec<u8> {
        &mut self.parts[at].1
    }

    /// What is sealed, with something else in place of this; the seal stays as it was.
    pub(crate) fn forge(&mut self, what: &str, by: &str) {
        let sealed = String::from_utf8(self.part(1).clone()).unwrap();
        assert!(sealed.contains(what), "{what} in {sealed}");
        *self.part(1) = sealed.replace(what, by).into_bytes();
    }

    /// The same, sealed anew by whoever has the gateway's secret.
    pub(crate) fn forge_with(&mut self, secret: &str, what: impl Fn(&str) -> String) {
        let sealed = String::from_utf8(self.part(1).clone()).unwrap();
        let record = what(sealed.split_once('\n').unwrap().1);
        let key = Sha256::new_with_prefix("passerelle deposits").chain_update(secret).finalize();
        let seal = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(b"v1=").chain_update(&record).finalize();
        *self.part(1) = format!("v1={}\n{record}", HEXLOWER.encode(&seal.into_bytes())).into_bytes();
    }

    /// The mail of these parts.
    pub(crate) fn mail(&self) -> Vec<u8> {
        let part = |(head, content): &(String, Vec<u8>)| {
            let body = if head.contains("base64") {
                let encoded = BASE64.encode(content);
                let lines: Vec<_> =
                    encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
                lines.join("\r\n")
            } else {
                String::from_utf8(content.clone()).unwrap()
            };
            format!("--{}\r\n{head}\r\n\r\n{body}\r\n", self.boundary)
        };
        let parts: String = self.parts.iter().map(part).collect();
        format!("{}\r\n\r\n{parts}--{}--\r\n", self.head, self.boundary).into_bytes()
    }
}
