//! Where a mailbox is and who opens it, read from an address (RFC 5092, with a password as other URLs have).

use std::fmt;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::{
    config::{ConfigError, of_error},
    text::Bilingual,
};

fn example() -> Bilingual {
    Bilingual::new(
        "Give it as imaps://user:password@imap.example.fr, or imap://… for STARTTLS; in user and password write @ as %40, \
         : as %3A, a comma as %2C.",
        "Donnez-la ainsi\u{a0}: imaps://user:password@imap.example.fr, ou imap://… pour STARTTLS\u{a0}; dans l’utilisateur et le mot \
         de passe, écrivez @ comme %40,\u{a0}: comme %3A, une virgule comme %2C.",
    )
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// TLS from the first byte (RFC 8314 section 3.2).
    Implicit,
    /// STARTTLS before signing in (RFC 9051 section 6.2.1); without it nothing is sent.
    StartTls,
    /// None.
    Off,
}

/// A mailbox, and the account that opens it. Shown as `user@host:port/FOLDER`, which no other mailbox is.
#[derive(Clone, Debug)]
pub struct MailboxAccount {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protection: Protection,
    pub(super) user: String,
    /// None: the account signs in by token.
    pub(super) password: Option<SecretString>,
    /// The folder that is read, as people write it.
    pub(super) folder: String,
}

impl MailboxAccount {
    /// Reads an address; `password` is for one that has none.
    ///
    /// # Errors
    ///
    /// Says what is wrong without showing the address, which holds a secret.
    pub fn parse(address: &SecretString, password: Option<&SecretString>) -> Result<Self, ConfigError> {
        let wrong = |what: Bilingual| {
            let message = Bilingual::new("imap.url: ", "imap.url : ").then("", &what);
            ConfigError::setting(message, example()).about("imap.url")
        };
        let url = Url::parse(address.expose_secret()).map_err(|error| wrong(of_error(&error)))?;
        let tls_off = match url.query() {
            None => false,
            Some("tls=off") => true,
            Some(_) => {
                return Err(wrong(Bilingual::new(
                    "behind the question mark only tls=off can stand",
                    "après le point d’interrogation, seul tls=off est possible",
                )));
            }
        };
        let (protection, usual_port) = match (url.scheme(), tls_off) {
            ("imaps", false) => (Protection::Implicit, 993),
            ("imap", false) => (Protection::StartTls, 143),
            ("imap", true) => (Protection::Off, 143),
            ("imaps", true) => {
                return Err(wrong(Bilingual::new(
                    "imaps:// is TLS, tls=off is none: keep one of them",
                    "imaps:// est du TLS, tls=off n’en est pas\u{a0}: gardez l’un des deux",
                )));
            }
            (scheme, _) => {
                return Err(wrong(Bilingual::new(
                    format!("{scheme}:// is neither imaps:// nor imap://"),
                    format!("{scheme}:// n’est ni imaps:// ni imap://"),
                )));
            }
        };
        let decoded = |text: &str, (what, french): (&str, &str)| {
            let text = percent_decode_str(text).decode_utf8().map_err(|_| {
                wrong(Bilingual::new(format!("the {what} is no UTF-8"), format!("{french} n’est pas de l’UTF-8")))
            })?;
            if text.contains(char::is_control) {
                return Err(wrong(Bilingual::new(
                    format!("the {what} holds a control character"),
                    format!("{french} contient un caractère de contrôle"),
                )));
            }
            Ok(text.into_owned())
        };
        let missing =
            |what, french| wrong(Bilingual::new(format!("the {what} is missing"), format!("il manque {french}")));
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| missing("server", "le serveur"))?;
        let user = decoded(url.username(), ("user", "l’utilisateur"))?;
        if user.is_empty() {
            return Err(missing("user", "l’utilisateur"));
        }
        let own = url.password().map(|own| decoded(own, ("password", "le mot de passe")).map(SecretString::from));
        let own = own.transpose()?;
        let folder = decoded(url.path().trim_matches('/'), ("folder", "le dossier"))?;
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(usual_port),
            protection,
            user,
            password: own.or_else(|| password.cloned()),
            folder: if folder.is_empty() { "INBOX".to_owned() } else { folder },
        })
    }
}

impl fmt::Display for MailboxAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}/{}", self.user, self.host, self.port, self.folder)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use secrecy::{ExposeSecret as _, SecretString};

    use super::{MailboxAccount, Protection};

    fn parse(address: &str) -> Result<MailboxAccount, String> {
        let shared = SecretString::from("partagé");
        MailboxAccount::parse(&address.into(), Some(&shared)).map_err(|error| error.to_string())
    }

    #[rstest]
    #[case("imaps://aide:s3cret@imap.ac.fr", "aide", "s3cret", 993, Protection::Implicit, "INBOX")]
    #[case("imap://aide@imap.ac.fr:1143/", "aide", "partagé", 1143, Protection::StartTls, "INBOX")]
    #[case(
        "imap://a%40b.fr:a%2Cb%3A%C3%A9@h/Bo%C3%AEte/LSU?tls=off",
        "a@b.fr",
        "a,b:é",
        143,
        Protection::Off,
        "Boîte/LSU"
    )]
    #[case("imaps://aide@[::1]", "aide", "partagé", 993, Protection::Implicit, "INBOX")]
    fn an_address_is_read(
        #[case] address: &str,
        #[case] user: &str,
        #[case] password: &str,
        #[case] port: u16,
        #[case] protection: Protection,
        #[case] folder: &str,
    ) {
        let account = parse(address).unwrap();
        assert_eq!((account.user.as_str(), account.port, account.protection), (user, port, protection));
        assert_eq!(account.folder, folder);
        assert_eq!(account.password.as_ref().unwrap().expose_secret(), password);
        assert!(!format!("{account} {account:?}").contains(password));
    }

    #[test]
    fn the_brackets_of_an_address_literal_are_the_url_s() {
        assert_eq!(parse("imaps://aide@[::1]").unwrap().host, "::1");
        assert_eq!(parse("imaps://aide%40ac.fr@imap.ac.fr/X").unwrap().to_string(), "aide@ac.fr@imap.ac.fr:993/X");
    }

    #[rstest]
    #[case("imaps://imap.ac.fr", "the user is missing")]
    #[case("https://a:b@imap.ac.fr", "https:// is neither imaps:// nor imap://")]
    #[case("imaps://a:b@h?tls=off", "keep one of them")]
    #[case("imap://a:b@h?x=y", "only tls=off")]
    #[case("imaps://a:b%0d%0a@h", "control character")]
    #[case("a:s3cret", "neither")]
    #[case("s3cret", "what an address begins with is missing")]
    fn what_is_wrong_is_said_and_no_secret(#[case] address: &str, #[case] expected: &str) {
        let error = parse(address).unwrap_err();
        assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
    }
}
