//! What keeps this machine from a server, told apart by what lies under a failed connection, in both languages.

use std::{error::Error, io, iter};

use rustls::CertificateError;

use crate::text::{Bilingual, chain};

/// What stands in the way to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// Nothing listens there.
    Refused,
    /// DNS does not know the name.
    UnknownHost,
    /// No network leads there.
    NoRoute,
    /// The Unix socket is not there.
    NoSocket,
    /// Its certificate is of an authority that is not trusted.
    UnknownAuthority,
    /// Its certificate is for another name.
    OtherName,
    /// Its certificate is too old.
    Expired,
    /// TLS fails for this reason, in the library's words.
    BadTls(String),
    /// It speaks no TLS.
    NoTls,
    /// A proxy lets nothing through.
    ProxyRefuses,
    /// No answer in time.
    Timeout,
    /// The connection ended.
    Cut,
}

impl Hindrance {
    /// The one that lies under an error; `None` where it is none of these.
    pub fn under(error: &(dyn Error + 'static)) -> Option<Self> {
        iter::successors(Some(error), |error| (*error).source()).find_map(Self::by_itself)
    }

    fn by_itself(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(Self::of_tls(tls));
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            // One that wraps another gives what lies under that one as its source, not the one itself.
            if let Some(found) = error.get_ref().and_then(|wrapped| Self::by_itself(wrapped)) {
                return Some(found);
            }
            if let Some(found) = Self::of_kind(error.kind()) {
                return Some(found);
            }
        }
        let words = error.to_string();
        if words.contains("failed to lookup address") || words == "dns error" {
            return Some(Self::UnknownHost);
        }
        if words.contains("unsuccessful tunnel") || words.contains("tunnel error") {
            return Some(Self::ProxyRefuses);
        }
        words.contains("operation timed out").then_some(Self::Timeout)
    }

    /// What the system says.
    pub fn of_kind(kind: io::ErrorKind) -> Option<Self> {
        Some(match kind {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Self::NoRoute,
            io::ErrorKind::TimedOut => Self::Timeout,
            io::ErrorKind::NotFound => Self::NoSocket,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Self::Cut,
            _ => return None,
        })
    }

    fn of_tls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(why) => match why {
                CertificateError::UnknownIssuer => Self::UnknownAuthority,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::OtherName,
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
                // A certificate that signed itself is its own authority (webpki).
                other if format!("{other:?}").contains("CaUsedAsEndEntity") => Self::UnknownAuthority,
                other => Self::BadTls(other.to_string()),
            },
            rustls::Error::InvalidMessage(_) => Self::NoTls,
            other => Self::BadTls(other.to_string()),
        }
    }

    /// What it is.
    pub fn reason(&self) -> Bilingual {
        match self {
            Self::Refused => Bilingual::new(
                "the connection is refused: nothing listens at that address and port",
                "la connexion est refusée\u{a0}: rien n’écoute à cette adresse et sur ce port",
            ),
            Self::UnknownHost => Bilingual::new(
                "there is no such host: DNS does not know its name",
                "cet hôte n’existe pas\u{a0}: le DNS ne connaît pas son nom",
            ),
            Self::NoRoute => Bilingual::new("no route leads there", "aucune route n’y mène"),
            Self::NoSocket => Bilingual::new("its socket is not there", "sa socket n’existe pas"),
            Self::UnknownAuthority => Bilingual::new(
                "its certificate is of an authority that this machine does not trust",
                "son certificat vient d’une autorité que cette machine ne connaît pas",
            ),
            Self::OtherName => {
                Bilingual::new("its certificate is for another name", "son certificat porte un autre nom")
            }
            Self::Expired => Bilingual::new("its certificate has expired", "son certificat a expiré"),
            Self::BadTls(why) => {
                Bilingual::new(format!("TLS fails: {why}"), format!("la liaison TLS échoue\u{a0}: «\u{a0}{why}\u{a0}»"))
            }
            Self::NoTls => Bilingual::new("it does not speak TLS at that port", "il ne parle pas TLS sur ce port"),
            Self::ProxyRefuses => Bilingual::new(
                "the proxy lets nothing through to it",
                "le serveur mandataire ne laisse rien passer vers lui",
            ),
            Self::Timeout => Bilingual::new("no answer in time", "pas de réponse à temps"),
            Self::Cut => Bilingual::new("the connection was cut", "la connexion a été coupée"),
        }
    }
}

/// Why a call failed: what stands in the way, or else the words of the system or of a library, quoted in French.
pub fn reason(error: &(dyn Error + 'static)) -> Bilingual {
    Hindrance::under(error).map_or_else(|| Bilingual::quoted(chain(error)), |found| found.reason())
}
