//! Who may call: bearer tokens, and the portal's signature, over the raw body alone (v1), over a call (v2), or over a call
//! with its Idempotency-Key (v3).

use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit as _, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::problem::Problem;
use crate::{config, offload};

/// Unix seconds at which the portal signed.
pub(super) const TIMESTAMP: &str = "X-Passerelle-Timestamp";
/// `v1=<hex>`, `v2=<hex>` or `v3=<hex>`, several separated by commas.
pub(super) const SIGNATURE: &str = "X-Passerelle-Signature";

/// What the proxy that signs people in proves itself by.
pub(super) const PROXY_SECRET: &str = "X-Passerelle-Proxy-Secret";

/// RFC 9110 section 11.6.1 wants one; the schemes registered know no signature.
pub(super) const CHALLENGE_SIGNATURE: &str = "Passerelle-Signature realm=\"passerelle\", version=\"v3\"";
/// Both ways in, separated by a comma as RFC 9110 section 11.6.1 has it.
const CHALLENGES: &str = "Passerelle-Signature realm=\"passerelle\", version=\"v3\", Bearer realm=\"passerelle\"";
/// RFC 6750 section 3.
const CHALLENGE: &str = "Bearer realm=\"passerelle\"";
const CHALLENGE_INVALID: &str = "Bearer realm=\"passerelle\", error=\"invalid_token\"";

/// How a portal proves itself to `POST /v1/requests`.
#[derive(Debug)]
pub(super) enum Proof {
    /// By a token, checked already.
    Token,
    /// By a signature, to be checked when the body is at hand.
    Signed(Signed),
}

/// What a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// The timestamp and the body.
    V1,
    /// Method, path and query as well.
    V2,
    /// The Idempotency-Key as well.
    V3,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "v1" => Some(Self::V1),
            "v2" => Some(Self::V2),
            "v3" => Some(Self::V3),
            _ => None,
        }
    }
}

/// A signature as its two headers give it, of a plausible time.
#[derive(Debug)]
pub(super) struct Signed {
    timestamp: String,
    signatures: Vec<(Version, Vec<u8>)>,
}

/// Checks the token of `POST /v1/mail`.
///
/// # Errors
///
/// 403 when no token is configured, 401 when it is missing or wrong.
pub(super) fn mail(headers: &HeaderMap, settings: &config::Http) -> Result<(), Problem> {
    has_token(headers, &settings.mail_tokens, "http.mail_tokens")
}

/// Checks the token of `POST /v1/tickets/…`.
///
/// # Errors
///
/// As [`mail`].
pub(super) fn ticket(headers: &HeaderMap, settings: &config::Http) -> Result<(), Problem> {
    has_token(headers, &settings.ticket_tokens, "http.ticket_tokens")
}

fn has_token(headers: &HeaderMap, tokens: &[SecretString], setting: &str) -> Result<(), Problem> {
    if !any(tokens) {
        let variable = setting.to_uppercase().replace('.', "__");
        return Err(closed(format!(
            "Cette entrée est fermée\u{a0}: aucun jeton n’est configuré. Renseignez {setting} (ou la variable PASSERELLE_{variable}) pour l’ouvrir."
        )));
    }
    match bearer(headers) {
        Some(token) if matches_any(token, tokens) => Ok(()),
        Some(_) => Err(bad_token(setting)),
        None => Err(unauthorized(
            "missing-credentials",
            format!(
                "Aucun jeton n’est présenté. Ajoutez l’en-tête «\u{a0}Authorization: Bearer <jeton>\u{a0}» avec l’un des jetons de {setting}."
            ),
        )),
    }
}

/// Checks what can be checked of a form's credentials before its body is read: a right token is enough,
/// a signature must at least be well formed and of the last minutes.
///
/// # Errors
///
/// 403 when no tokens, secrets or trusted proxies are configured, 401 naming what is wrong.
pub(super) fn form(headers: &HeaderMap, settings: &config::Http, now: Timestamp) -> Result<Proof, Problem> {
    if !any(&settings.form_tokens) && !any(&settings.portal_secrets) && !settings.believes_a_proxy() {
        return Err(closed(
            "Cette entrée est fermée\u{a0}: aucun jeton, secret ni mandataire n’est configuré. Renseignez http.portal_secrets (signature du portail), http.form_tokens (jetons) ou http.trusted_proxies (mandataire de confiance), par exemple par PASSERELLE_HTTP__PORTAL_SECRETS, pour l’ouvrir.",
        ));
    }
    let token = bearer(headers);
    if token.is_some_and(|token| matches_any(token, &settings.form_tokens)) {
        return Ok(Proof::Token);
    }
    if is_signed(headers) {
        return signed(headers, settings, now).map(Proof::Signed);
    }
    Err(match token {
        Some(_) => bad_token("http.form_tokens"),
        None => either_way(
            "missing-credentials",
            "La requête n’est ni signée ni accompagnée d’un jeton. Ajoutez X-Passerelle-Timestamp et X-Passerelle-Signature, ou «\u{a0}Authorization: Bearer <jeton>\u{a0}», ou passez par un mandataire de http.trusted_proxies.",
        ),
    })
}

impl Proof {
    /// Checks the signature, if that is the proof, over the raw body.
    ///
    /// # Errors
    ///
    /// 401 when no secret gives any of the signatures.
    pub(super) async fn confirm(&self, body: &Bytes, settings: &config::Http) -> Result<(), Problem> {
        let Self::Signed(signed) = self else { return Ok(()) };
        if signed.covers(Version::V1, signed.head_of_v1(), body, settings).await {
            return Ok(());
        }
        Err(wrong_signature(
            "bad-signature",
            "La signature ne correspond pas. Signez horodatage + «\u{a0}.\u{a0}» + corps brut, octet pour octet tel qu’envoyé, par HMAC-SHA256 avec l’un des secrets de http.portal_secrets, en hexadécimal.",
        ))
    }
}

impl Signed {
    /// When it was signed, as the header says it.
    pub(super) fn timestamp(&self) -> &str {
        &self.timestamp
    }

    /// What stands before the body in what v1 signs.
    pub(super) fn head_of_v1(&self) -> String {
        format!("{}.", self.timestamp)
    }

    /// Whether a secret gives one of the signatures of this version, over these first words and the body.
    pub(super) async fn covers(&self, version: Version, head: String, body: &Bytes, settings: &config::Http) -> bool {
        let of_version = self.signatures.iter().filter(|(of, _)| *of == version);
        let signatures = of_version.map(|(_, signature)| signature.clone()).collect();
        is_signed_by(&settings.portal_secrets, [head.into(), body.clone()], signatures).await
    }

    /// Whether one of the signatures is of this version, right or wrong.
    pub(super) fn is_of(&self, version: Version) -> bool {
        self.signatures.iter().any(|(of, _)| *of == version)
    }
}

/// A code by each secret.
pub(super) fn codes(secrets: &[SecretString]) -> impl Iterator<Item = Hmac<Sha256>> {
    given(secrets).filter_map(|secret| Hmac::new_from_slice(secret.as_bytes()).ok())
}

/// Whether one of the secrets gives one of these signatures over these parts. All are tried: the time taken tells
/// nothing.
pub(super) async fn is_signed_by(secrets: &[SecretString], parts: [Bytes; 2], signatures: Vec<Vec<u8>>) -> bool {
    let secrets = secrets.to_vec();
    offload::by_size(parts.iter().map(Bytes::len).sum(), async move {
        codes(&secrets).fold(false, |valid, mac| {
            let mac = parts.iter().fold(mac, Mac::chain_update);
            let gives = |signature: &Vec<u8>| mac.clone().verify_slice(signature).is_ok();
            signatures.iter().fold(valid, |valid, signature| valid | gives(signature))
        })
    })
    .await
}

/// Whether any signature can be right.
pub(super) fn takes_signatures(settings: &config::Http) -> bool {
    any(&settings.portal_secrets)
}

/// Whether the caller means to sign.
pub(super) fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(SIGNATURE) || headers.contains_key(TIMESTAMP)
}

/// Whether the caller presents the secret of the proxy that signs people in.
pub(super) fn has_proxy_secret(headers: &HeaderMap, settings: &config::Http) -> bool {
    let presented = headers.get_all(PROXY_SECRET).iter().filter_map(|value| value.to_str().ok());
    presented.fold(false, |found, secret| found | matches_any(secret, settings.proxy_secret.as_slice()))
}

/// Whether the caller presents one of the portal's tokens.
pub(super) fn has_form_token(headers: &HeaderMap, settings: &config::Http) -> bool {
    bearer(headers).is_some_and(|token| matches_any(token, &settings.form_tokens))
}

/// Reads the two headers of a signature.
///
/// # Errors
///
/// 401 naming what is missing or wrong.
pub(super) fn signed(headers: &HeaderMap, settings: &config::Http, now: Timestamp) -> Result<Signed, Problem> {
    let Some(timestamp) = headers.get(TIMESTAMP) else {
        return Err(wrong_signature(
            "missing-timestamp",
            "L’en-tête X-Passerelle-Timestamp manque. Donnez l’heure de la signature, en secondes Unix.",
        ));
    };
    let timestamp = timestamp.to_str().unwrap_or_default();
    let digits = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let Some(signed_at) = timestamp.parse::<i64>().ok().filter(|_| digits) else {
        return Err(wrong_signature(
            "bad-timestamp",
            "L’en-tête X-Passerelle-Timestamp n’est pas un nombre. Donnez l’heure de la signature, en secondes Unix, en chiffres seulement.",
        ));
    };
    let (off, allowed) = (now.as_second().abs_diff(signed_at), settings.clock_skew.as_secs());
    if off > allowed {
        return Err(wrong_signature(
            "stale-timestamp",
            format!(
                "L’horodatage s’écarte de {off} s de l’heure du serveur ({allowed} s admises). Mettez l’horloge du portail à l’heure et signez chaque requête au moment de l’envoyer.",
            ),
        ));
    }
    if !headers.contains_key(SIGNATURE) {
        return Err(wrong_signature(
            "missing-signature",
            "L’en-tête X-Passerelle-Signature manque. Donnez «\u{a0}v3=\u{a0}» (ou «\u{a0}v2=\u{a0}», «\u{a0}v1=\u{a0}») suivi de la signature HMAC-SHA256 en hexadécimal.",
        ));
    }
    let signatures: Vec<_> = signatures(headers).collect();
    if signatures.is_empty() {
        return Err(wrong_signature(
            "bad-signature",
            "L’en-tête X-Passerelle-Signature est illisible. Sa forme est «\u{a0}v3=\u{a0}» (ou «\u{a0}v2=\u{a0}», «\u{a0}v1=\u{a0}») suivi de 64 chiffres hexadécimaux\u{a0}; plusieurs se séparent par des virgules.",
        ));
    }
    Ok(Signed { timestamp: timestamp.to_owned(), signatures })
}

/// The signatures of a call, each with its version.
fn signatures(headers: &HeaderMap) -> impl Iterator<Item = (Version, Vec<u8>)> {
    let values = headers.get_all(SIGNATURE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|item| {
        let (version, signature) = item.trim().split_once('=')?;
        Some((Version::parse(version)?, HEXLOWER_PERMISSIVE.decode(signature.as_bytes()).ok()?))
    })
}

/// The signatures a call has, if any, right or wrong, of whatever time.
pub(super) fn presented(headers: &HeaderMap) -> Signed {
    let timestamp = headers.get(TIMESTAMP).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Signed { timestamp: timestamp.to_owned(), signatures: signatures(headers).collect() }
}

/// The token of `Authorization: Bearer …` (RFC 6750 section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares with every token, and by digests, so that the time taken tells nothing about any of them.
fn matches_any(token: &str, tokens: &[SecretString]) -> bool {
    let presented = Sha256::digest(token);
    given(tokens).fold(Choice::from(0), |found, token| found | Sha256::digest(token).ct_eq(&presented)).into()
}

/// An empty secret is none: it would let everybody in.
fn given(secrets: &[SecretString]) -> impl Iterator<Item = &str> {
    secrets.iter().map(ExposeSecret::expose_secret).filter(|secret| !secret.is_empty())
}

pub(super) fn any(secrets: &[SecretString]) -> bool {
    given(secrets).next().is_some()
}

fn closed(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "closed", detail)
}

pub(super) fn unauthorized(reason: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, reason, detail).challenge(CHALLENGE)
}

/// 401 where a signature would do, and a token, too.
fn either_way(reason: &'static str, detail: impl Into<String>) -> Problem {
    unauthorized(reason, detail).challenge(CHALLENGES)
}

/// 401 for a signature that is none, or of another time.
fn wrong_signature(reason: &'static str, detail: impl Into<String>) -> Problem {
    unauthorized(reason, detail).challenge(CHALLENGE_SIGNATURE)
}

pub(super) fn bad_token(setting: &str) -> Problem {
    let detail = format!("Le jeton présenté n’est pas reconnu. Utilisez l’un des jetons de {setting}.");
    unauthorized("bad-token", detail).challenge(CHALLENGE_INVALID)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::FutureExt as _;
    use hmac::Mac as _;

    use super::{codes, is_signed_by};

    #[tokio::test]
    async fn a_large_body_is_checked_beside_the_threads_that_serve() {
        let secrets = ["first".into(), "second".into()];
        for (bytes, is_beside) in [(1000, false), (1 << 20, true)] {
            let body = Bytes::from(vec![b'x'; bytes]);
            let signed = |mac: hmac::Hmac<sha2::Sha256>| mac.chain_update("head").chain_update(&body);
            let right = codes(&secrets).map(|mac| signed(mac).finalize().into_bytes().to_vec()).last().into_iter();
            let parts = [Bytes::from_static(b"head"), body.clone()];
            let signatures: Vec<_> = [vec![7; 32]].into_iter().chain(right).collect();
            let mut checking = Box::pin(is_signed_by(&secrets, parts.clone(), signatures));
            let at_once = checking.as_mut().now_or_never();
            assert_eq!(at_once.is_none(), is_beside, "{bytes} bytes");
            let is_right = match at_once {
                Some(is_right) => is_right,
                None => checking.await,
            };
            assert!(is_right, "{bytes} bytes");
            assert!(!is_signed_by(&secrets, parts, vec![vec![7; 32]]).await, "{bytes} bytes");
        }
    }
}
