//! The portal's signatures, as the portal makes them: the hexadecimal part.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::{Digest as _, Sha256};

/// Of a body alone.
pub(crate) fn v1(secret: &str, timestamp: &str, body: &[u8]) -> String {
    hmac(secret, &[timestamp.as_bytes(), b".", body])
}

/// Of all of a call.
pub(crate) fn v2(secret: &str, timestamp: &str, method: &str, address: &str, body: &[u8]) -> String {
    hmac(secret, &[format!("v2\n{timestamp}\n{method}\n{address}\n").as_bytes(), body])
}

/// Of all of a call and of its Idempotency-Key, which is empty where it has none.
pub(crate) fn v3(secret: &str, timestamp: &str, method: &str, address: &str, key: &str, body: &[u8]) -> String {
    let digest = HEXLOWER.encode(&Sha256::digest(body));
    hmac(secret, &[format!("v3\n{timestamp}\n{method}\n{address}\n{key}\n{digest}\n").as_bytes()])
}

fn hmac(secret: &str, parts: &[&[u8]]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let mac = parts.iter().fold(mac, Mac::chain_update);
    HEXLOWER.encode(&mac.finalize().into_bytes())
}
