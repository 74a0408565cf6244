//! Where settled messages go: folders beside the inbox, made where they are missing.

use data_encoding::BASE64_NOPAD;

use super::{error::ImapError, session::Session};
use crate::{config::ImapFolders, request::Outcome};

/// What becomes of a message whose outcome is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    /// It has its ticket.
    Handled,
    /// A rule said no.
    Refused,
    /// Nobody waits for an answer.
    Ignored,
    /// It failed again and again.
    Quarantine,
}

impl Destination {
    pub(super) const ALL: [Self; 4] = [Self::Handled, Self::Refused, Self::Ignored, Self::Quarantine];

    /// Where a message with this outcome goes; `None`: it stays where it is.
    pub(super) fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Created(_) | Outcome::Duplicate(_) | Outcome::Followup(_) | Outcome::Queued(_) => {
                Some(Self::Handled)
            }
            Outcome::Refused(_) => Some(Self::Refused),
            Outcome::Ignored(_) => Some(Self::Ignored),
            Outcome::Quarantined(_) => Some(Self::Quarantine),
            Outcome::Deferred(_) => None,
        }
    }

    /// The name in metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Refused => "refused",
            Self::Ignored => "ignored",
            Self::Quarantine => "quarantine",
        }
    }

    /// The folder's name as configured.
    pub(super) fn configured(self, folders: &ImapFolders) -> &str {
        match self {
            Self::Handled => &folders.handled,
            Self::Refused => &folders.refused,
            Self::Ignored => &folders.ignored,
            Self::Quarantine => &folders.quarantine,
        }
    }
}

/// The name on the server of the folder that is read; `name` is as people write it.
///
/// # Errors
///
/// When the server cannot be asked.
pub(super) async fn to_read(session: &mut Session, name: &str) -> Result<String, ImapError> {
    let delimiter = session.delimiter().await?.unwrap_or_else(|| "/".to_owned());
    Ok(encode(&name.replace('/', &delimiter)))
}

/// The name a folder has on the server, if it is there: at the top, or below the inbox, where some servers
/// keep all of an account's folders.
///
/// # Errors
///
/// When the server cannot be asked.
pub(super) async fn find(session: &mut Session, name: &str) -> Result<Result<String, [String; 2]>, ImapError> {
    let delimiter = session.delimiter().await?.unwrap_or_else(|| "/".to_owned());
    let top = encode(&name.replace('/', &delimiter));
    let below = format!("INBOX{delimiter}{top}");
    for candidate in [&top, &below] {
        if session.has_folder(candidate).await? {
            return Ok(Ok(candidate.clone()));
        }
    }
    Ok(Err([top, below]))
}

/// The name a folder has on the server; made if it is not there.
///
/// # Errors
///
/// When it cannot be made: the account lacks the right, or room.
pub(super) async fn ensure(session: &mut Session, name: &str) -> Result<String, ImapError> {
    let [top, below] = match find(session, name).await? {
        Ok(found) => return Ok(found),
        Err(candidates) => candidates,
    };
    let refused = match session.create(&top).await {
        Ok(()) => return Ok(top),
        Err(error) if error.ends_connection() => return Err(error),
        Err(refused) => refused,
    };
    // Another instance may have made it meanwhile; a second one below the inbox would part the messages in two.
    if let Ok(found) = find(session, name).await? {
        return Ok(found);
    }
    // The server has no place for folders at the top.
    match session.create(&below).await {
        Ok(()) => Ok(below),
        Err(error) if error.ends_connection() => Err(error),
        Err(_) => find(session, name).await?.map_err(|_| refused),
    }
}

/// Modified UTF-7 (RFC 3501 section 5.1.3): printable ASCII as it is, `&` as `&-`, the rest as base64 of
/// UTF-16 between `&` and `-`. The one crate for it brings an old base64 and a regex engine.
fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let is_plain = |c: char| (' '..='~').contains(&c);
        let end = rest.find(|c| is_plain(c) != is_plain(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if is_plain(first) {
            encoded.push_str(&run.replace('&', "&-"));
        } else {
            let bytes: Vec<u8> = run.encode_utf16().flat_map(u16::to_be_bytes).collect();
            encoded.push('&');
            // A slash would part levels of folders.
            encoded.push_str(&BASE64_NOPAD.encode(&bytes).replace('/', ","));
            encoded.push('-');
        }
        rest = after;
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn names_are_encoded_as_the_rfc_says() {
        for (name, encoded) in [
            ("Traités", "Trait&AOk-s"),
            ("Refusés", "Refus&AOk-s"),
            ("Ignorés/2026", "Ignor&AOk-s/2026"),
            ("Q & R", "Q &- R"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("é&à", "&AOk-&-&AOA-"),
            ("😀", "&2D3eAA-"),
            ("INBOX", "INBOX"),
        ] {
            assert_eq!(encode(name), encoded, "{name}");
        }
    }
}
