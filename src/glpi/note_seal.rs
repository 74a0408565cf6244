//! What tells the service account's own notes from those that only look like them.
//!
//! GLPI says who a note is of, and anybody may give theirs to another account: an owner proves nothing. So the key of a
//! note, which nobody else can make, says that the gateway wrote it, and a seal at the end of its text that its title and
//! text are still those that it wrote.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::{Digest as _, Sha256};

use super::settings::{Credentials, Settings};

/// Bytes of what proves a key, and of a seal.
const PROOF: usize = 20;
/// What stands before and behind a seal.
const SEAL: &str = "<p><em>Sceau ";
const SEAL_END: &str = "</em></p>";

/// Makes keys and seals, the same in every instance.
pub(super) struct NoteSeal(SecretSlice<u8>);

impl fmt::Debug for NoteSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteSeal").finish_non_exhaustive()
    }
}

impl NoteSeal {
    pub(super) fn new(settings: &Settings) -> Self {
        let secret = settings.note_secret.as_ref().unwrap_or(match &settings.credentials {
            Credentials::UserToken(secret) | Credentials::Login { password: secret, .. } => secret,
        });
        let mut hash = Sha256::new_with_prefix("passerelle own notes");
        hash.update(secret.expose_secret());
        Self(hash.finalize().to_vec().into())
    }

    /// The key of a note, with what proves it.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{name}-{}", self.proof(&["key", name]))
    }

    /// Whether a key is one of ours.
    pub(super) fn is_key(&self, key: &str) -> bool {
        key.rsplit_once('-').is_some_and(|(name, proof)| is_same(proof, &self.proof(&["key", name])))
    }

    /// A note's text with its seal; `key` is the one without proof.
    pub(super) fn sealed(&self, key: &str, title: &str, text: &str) -> String {
        format!("{text}{SEAL}{}{SEAL_END}", self.proof(&["text", &self.key(key), title, text]))
    }

    /// A note's text without its seal, and whether that holds; `key` is the one with its proof.
    pub(super) fn opened<'a>(&self, key: &str, title: &str, text: &'a str) -> (&'a str, bool) {
        let Some((text, seal)) = text.rsplit_once(SEAL) else { return (text, false) };
        let proof = self.proof(&["text", key, title, text]);
        (text, seal.strip_suffix(SEAL_END).is_some_and(|seal| is_same(seal, &proof)))
    }

    /// What nobody else can say of these parts.
    pub(super) fn proof(&self, parts: &[&str]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()) else { return String::new() };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        BASE32_NOPAD.encode(&mac.finalize().into_bytes()[..PROOF])
    }
}

/// Whether two proofs are one.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    !other.is_empty() && bool::from(subtle::ConstantTimeEq::ct_eq(one.as_bytes(), other.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::NoteSeal;
    use crate::glpi::{Credentials, Settings};

    fn seal(secret: &str) -> NoteSeal {
        let credentials = Credentials::UserToken(SecretString::from(secret));
        NoteSeal::new(&Settings::new("http://127.0.0.1/".parse().unwrap(), credentials))
    }

    proptest! {
        #[test]
        fn what_is_sealed_holds_and_nothing_else_does(key in "[a-zA-Z0-9-]{1,30}", title in any::<String>(), text in any::<String>(), other in any::<String>()) {
            let seal = seal("a");
            let sealed = seal.sealed(&key, &title, &text);
            let whole = seal.key(&key);
            prop_assert!(seal.is_key(&whole));
            prop_assert_eq!(seal.opened(&whole, &title, &sealed), (text.as_str(), true));
            prop_assume!(other != text && other != title);
            prop_assert!(!seal.opened(&whole, &other, &sealed).1);
            prop_assert!(!seal.opened(&whole, &title, &sealed.replacen(&text, &other, 1)).1 || text.is_empty() && other.is_empty());
            prop_assert!(!seal.opened(&seal.key("other-"), &title, &sealed).1);
            let longer = format!("{key}-");
            prop_assert!(!seal.is_key(&key) && !seal.is_key(&longer));
        }
    }

    #[test]
    fn another_secret_makes_other_keys_and_seals() {
        let (one, other) = (seal("a"), seal("b"));
        assert!(!other.is_key(&one.key("k")));
        assert!(!other.opened(&one.key("k"), "t", &one.sealed("k", "t", "x")).1);
    }
}
