//! What proves that a record is of this gateway: an HMAC over every byte of it, before it.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

/// What a sealed record begins with; the seal's version is sealed, too.
const BEGINNING: &[u8] = b"v1=";

/// Seals records, and knows its own seals.
pub(super) struct Seal(SecretSlice<u8>);

impl Seal {
    /// A seal with this key, which every instance has.
    pub(super) fn new(key: SecretSlice<u8>) -> Self {
        Self(key)
    }

    /// The record with its seal before it, in one line.
    pub(super) fn sealed(&self, record: &[u8]) -> Vec<u8> {
        let seal = HEXLOWER.encode(&self.over(record).finalize().into_bytes());
        [BEGINNING, seal.as_bytes(), b"\n", record].concat()
    }

    /// Whether this is a sealed record, whoever sealed it.
    pub(super) fn is_sealed(part: &[u8]) -> bool {
        part.starts_with(BEGINNING)
    }

    /// The record, where the seal is this one's.
    pub(super) fn opened<'a>(&self, sealed: &'a [u8]) -> Option<&'a [u8]> {
        let sealed = sealed.strip_prefix(BEGINNING)?;
        let end = sealed.iter().position(|&byte| byte == b'\n')?;
        let (seal, record) = (HEXLOWER.decode(&sealed[..end]).ok()?, &sealed[end + 1..]);
        // In constant time.
        self.over(record).verify_slice(&seal).ok().map(|()| record)
    }

    fn over(&self, record: &[u8]) -> Hmac<Sha256> {
        let mut hmac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret())
            .unwrap_or_else(|_| unreachable!("a key of an HMAC may have any length"));
        hmac.update(BEGINNING);
        hmac.update(record);
        hmac
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Seal;

    fn seal(key: &str) -> Seal {
        Seal::new(key.as_bytes().to_vec().into())
    }

    proptest! {
        #[test]
        fn what_was_sealed_is_opened_and_nothing_else(record: Vec<u8>, at: prop::sample::Index, bit in 0_u8..8) {
            let sealed = seal("one").sealed(&record);
            prop_assert_eq!(seal("one").opened(&sealed), Some(record.as_slice()));
            prop_assert_eq!(seal("two").opened(&sealed), None);
            let mut changed = sealed.clone();
            let at = at.index(changed.len());
            changed[at] ^= 1 << bit;
            prop_assert_eq!(seal("one").opened(&changed), None);
        }

        #[test]
        fn no_bytes_make_the_reader_fail(bytes: Vec<u8>) {
            prop_assert_eq!(seal("one").opened(&bytes), None);
            let begun = [b"v1=".as_slice(), &bytes].concat();
            prop_assert_eq!(seal("one").opened(&begun), None);
        }
    }
}
