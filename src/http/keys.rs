//! `Idempotency-Key`: the name a portal gives to what it sends. A signature that does not cover it, v1 or v2, goes with
//! the key it first came with alone: who sees a signed call on its way could else make a ticket with every key put on it.

use std::{sync::Once, time::Duration};

use axum::http::{HeaderMap, StatusCode, request::Parts};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{
    auth::{self, Signed, Version},
    problem::Problem,
    services::Services,
};
use crate::{
    config, offload,
    request::{Outcome, SignedCall},
};

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

/// Lets a call's signatures that do not cover its key go with this key alone from now on: for as long as they are of a
/// plausible time. A call without such signatures has nothing to keep, and one that is wrong keeps nothing.
///
/// The highest version decides. What stands below it is bound as well, so that a copy without the better one is of no use to
/// anybody; but the same body sent twice in a second has the same lower signature, and the better one has said that this
/// key is right.
///
/// # Errors
///
/// 401 where they came with another key before, or without the one they came with; 503 where that cannot be said now.
pub(super) async fn keep(services: &Services, parts: &Parts, body: &Bytes, key: Option<&str>) -> Result<(), Problem> {
    let (signed, settings) = (auth::presented(&parts.headers), &services.settings);
    let highest = [Version::V3, Version::V2, Version::V1].into_iter().find(|version| signed.is_of(*version));
    if key.is_some() && highest.is_some_and(|highest| highest != Version::V3) {
        ADVISED.call_once(|| {
            tracing::info!("a portal signs by v1 or v2, which do not cover its Idempotency-Key: v3 does");
        });
    }
    let life = life(settings);
    // Not the signature itself is kept: two secrets of a rotation sign one call.
    let heads = [(Version::V2, head_of_v2(&signed, parts)), (Version::V1, signed.head_of_v1())];
    for (version, head) in heads {
        if !signed.is_of(version) || !signed.covers(version, head, body, settings).await {
            continue;
        }
        let (timestamp, digest) = (signed.timestamp(), digest(body).await);
        let what = match version {
            Version::V1 => format!("v1\n{timestamp}\n{digest}"),
            _ => format!("v2\n{timestamp}\n{}\n{}\n{digest}", parts.method, address(parts)),
        };
        match services.gateway().keep_key(what, key.unwrap_or_default().to_owned(), life).await {
            Ok(is_first) if is_first || highest != Some(version) => {}
            Ok(_) => return Err(another_key()),
            Err(deferral) => return Err(Problem::of(Outcome::Deferred(deferral))),
        }
    }
    Ok(())
}

/// What a signed call is known by when it comes once more, if it is one, whose signature has been checked.
pub(super) async fn signed_call(parts: &Parts, body: &Bytes, settings: &config::Http) -> Option<SignedCall> {
    let signed = auth::presented(&parts.headers);
    let at = signed.timestamp().parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok())?;
    let what = format!("call\n{}\n{}\n{}\n{}", signed.timestamp(), parts.method, address(parts), digest(body).await);
    Some(SignedCall { at, what, life: life(settings) })
}

/// A call may be signed for the latest moment that is plausible, and come until it is not any more.
fn life(settings: &config::Http) -> Duration {
    settings.clock_skew * 2 + CLOCK_MARGIN
}

/// What stands before the body in what v2 signs: a line each, as no method and no address has a line break, and no version
/// signs what begins as another.
pub(super) fn head_of_v2(signed: &Signed, parts: &Parts) -> String {
    format!("v2\n{}\n{}\n{}\n", signed.timestamp(), parts.method, address(parts))
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
