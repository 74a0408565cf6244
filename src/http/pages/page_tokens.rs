//! What shows that a form was filled in on a page the gateway gave this very person: without it, another site could
//! have a signed-in browser send one.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

use crate::request::Address;

const DAY: i64 = 24 * 60 * 60;

/// The key of the tokens in the pages' forms.
#[derive(Debug)]
pub(super) struct PageTokens(SecretSlice<u8>);

impl PageTokens {
    pub(super) fn new(key: SecretSlice<u8>) -> Self {
        Self(key)
    }

    /// The token of this person's forms today.
    pub(super) fn token(&self, person: &Address, now: Timestamp) -> String {
        self.mac(person, day(now)).map(|mac| HEXLOWER.encode(&mac.finalize().into_bytes())).unwrap_or_default()
    }

    /// Whether a token is this person's, compared in constant time: one of today or, for whoever wrote past midnight,
    /// of the day before.
    pub(super) fn is_of(&self, person: &Address, token: &str, now: Timestamp) -> bool {
        let given = HEXLOWER.decode(token.as_bytes()).unwrap_or_default();
        let is_of = |day| self.mac(person, day).is_some_and(|mac| mac.verify_slice(&given).is_ok());
        is_of(day(now)) | is_of(day(now) - 1)
    }

    fn mac(&self, person: &Address, day: i64) -> Option<Hmac<Sha256>> {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        Some(mac.chain_update(day.to_be_bytes()).chain_update(person.as_str()))
    }
}

fn day(now: Timestamp) -> i64 {
    now.as_second().div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ToSpan as _};
    use secrecy::SecretSlice;

    use super::PageTokens;
    use crate::request::Address;

    #[test]
    fn a_token_is_one_persons_for_a_day_and_the_next() {
        let tokens = PageTokens::new(SecretSlice::from(vec![7; 32]));
        let now: Timestamp = "2026-11-24T23:59:00Z".parse().unwrap();
        let (jeanne, paul) = ("ce.0210001a@ac-dijon.fr", "ce.0580002b@ac-dijon.fr");
        let [jeanne, paul] = [jeanne, paul].map(|address| Address::parse(address).unwrap());
        let token = tokens.token(&jeanne, now);
        for (hours, is_good) in [(0, true), (24, true), (25, false), (-25, false)] {
            assert_eq!(tokens.is_of(&jeanne, &token, now + hours.hours()), is_good, "{hours} h later");
        }
        assert!(!tokens.is_of(&paul, &token, now));
        for wrong in ["", "00", &token[1..], &token.to_uppercase(), "é"] {
            assert!(!tokens.is_of(&jeanne, wrong, now), "{wrong}");
        }
        assert!(!PageTokens::new(SecretSlice::from(vec![8; 32])).is_of(&jeanne, &token, now));
    }
}
