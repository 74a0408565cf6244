//! `Idempotency-Key`: the name a portal gives to what it sends. A signature that does not cover it, v1 or v2, goes with
//! the key it first came with alone: who sees a signed call on its way could else make a ticket with every key put on it.

use std::{sync::Once, time::Duration};

use axum::http::{HeaderMap, StatusCode, request::Parts};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{
    auth::{self, Version},
    problem::Problem,
    services::Services,
};
use crate::{offload, request::Outcome};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Instances' clocks differ a little.
const CLOCK_MARGIN: Duration = Duration::from_mins(1);

/// Says once in a process what a portal should do.
static ADVISED: Once = Once::new();

/// The key a call has, if any.
///
/// # Errors
///
/// 400 for one that is none, or for several.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let visible = (1..=255).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(key) if visible && values.next().is_none() => Ok(Some(key)),
        _ => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-idempotency-key",
            "L’en-tête Idempotency-Key n’est pas valable. Donnez-le une fois, de 1 à 255 caractères ASCII visibles, par exemple un UUID.",
        )),
    }
}

/// The hexadecimal SHA-256 of a body.
pub(super) async fn digest(body: &Bytes) -> String {
    let body = body.clone();
    offload::by_size(body.len(), async move { HEXLOWER.encode(&Sha256::digest(&body)) }).await
}

/// Lets a call's signatures that do not cover its key, which are known to be right, go with this key alone from now on:
/// for as long as they are of a plausible time. A call without such signatures has nothing to keep.
///
/// # Errors
///
/// 401 where they came with another key before, or without the one they came with; 503 where that cannot be said now.
pub(super) async fn keep(services: &Services, parts: &Parts, body: &Bytes, key: Option<&str>) -> Result<(), Problem> {
    let (timestamp, versions) = auth::presented(&parts.headers);
    if versions.iter().all(|version| *version == Version::V3) {
        return Ok(());
    }
    if key.is_some() && !versions.contains(&Version::V3) {
        ADVISED.call_once(|| {
            tracing::info!("a portal signs by v1 or v2, which do not cover its Idempotency-Key: v3 does");
        });
    }
    let (digest, address) = (digest(body).await, address(parts));
    // It may be signed for the latest moment that is plausible, and come until it is not any more.
    let life = services.settings.clock_skew * 2 + CLOCK_MARGIN;
    for version in versions {
        // Not the signature itself: two secrets of a rotation sign one call.
        let signed = match version {
            Version::V1 => format!("v1\n{timestamp}\n{digest}"),
            Version::V2 => format!("v2\n{timestamp}\n{}\n{address}\n{digest}", parts.method),
            Version::V3 => continue,
        };
        match services.gateway().keep_key(signed, key.unwrap_or_default().to_owned(), life).await {
            Ok(true) => {}
            Ok(false) => return Err(another_key()),
            Err(deferral) => return Err(Problem::of(Outcome::Deferred(deferral))),
        }
    }
    Ok(())
}

/// A call's path and query as they were sent.
pub(super) fn address(parts: &Parts) -> &str {
    parts.uri.path_and_query().map_or("/", |address| address.as_str())
}

fn another_key() -> Problem {
    auth::unauthorized(
        "signature-reused",
        "Cette signature a déjà servi avec un autre en-tête Idempotency-Key, ou sans lui. Signez chaque envoi au moment de le faire, et en v3, qui couvre aussi cet en-tête.",
    )
    .challenge(auth::CHALLENGE_SIGNATURE)
}
