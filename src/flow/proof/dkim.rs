//! DKIM (RFC 6376), checked by mail-auth, and what a signature must cover to prove anything.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use bytes::Bytes;
use futures_util::{FutureExt as _, future::join_all};
use mail_auth::{
    AuthenticatedMessage, DkimResult, DnsError, Error, MessageAuthenticator, Parameters, ResolverCache, Txt,
    common::{crypto::Algorithm, verify::VerifySignature as _},
    dkim::{DkimError, Signature},
    hickory_resolver::proto::op::ResponseCode,
};

use super::keys::{FoundKey, Keys, Why};
use crate::{
    config::{self, ConfigError},
    flow::screen::{Evidence, Method, Proof},
    offload,
    request::Address,
    text::Bilingual,
};

/// How many signatures of one mail are checked, from the top: each costs a lookup.
const MAX_SIGNATURES: usize = 5;
/// How many fields a signature may name; each is looked for among all of them.
const MAX_NAMED: usize = 200;
/// The longest header that is looked at, bytes; honest ones have some 20 KB.
const MAX_HEADER: usize = 128 * 1024;
/// A signature that leaves one of these out, where the mail has it, proves nothing of the request.
const COVERED: [&str; 2] = ["from", "subject"];
/// A second field of these could be put above the signed one of a genuine mail, and would be read instead.
const ONCE: [&str; 8] =
    ["from", "subject", "reply-to", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding"];

fn said((english, french): Why) -> Bilingual {
    Bilingual::new(english, french)
}

/// Checks signatures.
pub(super) struct Dkim {
    pub(super) keys: Keys,
    verifier: MessageAuthenticator,
}

impl Dkim {
    pub(super) fn new(config: &config::Sender) -> Result<Self, ConfigError> {
        let (keys, verifier) = Keys::new(config)?;
        Ok(Self { keys, verifier })
    }

    /// Checks the signatures of the domains that prove the sender. Only their keys are asked for: else anybody
    /// could keep a mail waiting for a DNS server of their own.
    pub(super) async fn prove(&self, raw: &Bytes, requester: &Address, proves: impl Fn(&str) -> bool) -> Proof {
        let Some(end) = header_end(raw) else {
            return Proof::NotProven(Bilingual::new("its header is too long", "son en-tête est trop long"));
        };
        let names = match signed_by(&raw[..end], requester, proves) {
            Ok(names) => names,
            Err((english, french)) => return Proof::NotProven(Bilingual::new(english, french)),
        };
        let (mut known, mut cause, mut why) = (MailKeys::default(), None, None);
        let found = join_all(names.iter().map(|name| self.keys.find(name.trim_end_matches('.')))).await;
        for (name, found) in names.into_iter().zip(found) {
            match found {
                FoundKey::Key(key) => {
                    known.0.insert(name.into_boxed_str(), Txt::DomainKey(key));
                }
                FoundKey::None(reason) => why = Some(reason),
                FoundKey::Unknown(reason) => cause = Some(reason),
            }
        }
        let checked = if known.0.is_empty() {
            Err(said(why.unwrap_or(("it has no key", "sa signature n’a pas de clé"))))
        } else {
            let bytes = raw.len();
            let (raw, requester, verifier) = (raw.clone(), requester.clone(), self.verifier.clone());
            // Megabytes are hashed. A panic of the library's is a signature that cannot be read.
            let checking = move || verify(&raw, end, &requester, &known, &verifier);
            offload::by_size(bytes, async { catch_unwind(AssertUnwindSafe(checking)) })
                .await
                .unwrap_or_else(|_| Err(said(("its signature cannot be read", "sa signature est illisible"))))
        };
        match (checked, cause) {
            (Ok(evidence), _) => Proof::Passed(evidence),
            (Err(_), Some(cause)) => Proof::Unknown { cause },
            (Err(why), None) => Proof::NotProven(why),
        }
    }
}

/// Where the body begins: behind the first empty line.
fn header_end(raw: &[u8]) -> Option<usize> {
    let head = &raw[..raw.len().min(MAX_HEADER)];
    let breaks = head.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    for next in breaks {
        match &head[next..] {
            [b'\n', ..] => return Some(next + 1),
            [b'\r', b'\n', ..] => return Some(next + 2),
            _ => {}
        }
    }
    (head.len() == raw.len()).then_some(raw.len())
}

/// The names of the keys of the signatures to check.
fn signed_by(header: &[u8], requester: &Address, proves: impl Fn(&str) -> bool) -> Result<Vec<String>, Why> {
    let message = read(header, header.len(), requester)?;
    if message.dkim_headers.is_empty() {
        let leaves_a_tail = message.errors.iter().any(|field| field.header == Error::Dkim(DkimError::SignatureLength));
        return Err(if leaves_a_tail {
            ("its signature covers a part of the body only", "sa signature ne couvre qu’une partie du corps")
        } else {
            ("it is not signed", "il n’est pas signé")
        });
    }
    let mut names = Vec::new();
    let mut why = ("its signatures are of other domains", "ses signatures sont d’autres domaines");
    for signature in message.dkim_headers.iter().map(|field| &field.header).filter(|signature| proves(&signature.d)) {
        match weakness(signature, &message) {
            Some(weakness) => why = weakness,
            None if names.contains(&signature.domain_key()) => {}
            None => names.push(signature.domain_key()),
        }
        if names.len() == MAX_SIGNATURES {
            break;
        }
    }
    if names.is_empty() { Err(why) } else { Ok(names) }
}

/// Reads a mail as the library sees it, where that is surely what intake saw.
fn read<'a>(raw: &'a [u8], end: usize, requester: &Address) -> Result<AuthenticatedMessage<'a>, Why> {
    let message = AuthenticatedMessage::parse(raw).ok_or(("it has no header", "il n’a pas d’en-tête"))?;
    let is_name = |name: &[u8]| !name.is_empty() && name.iter().all(|byte| (33..=126).contains(byte));
    if message.body_offset() != end || !message.headers.iter().all(|(name, _)| is_name(name)) {
        return Err(("its header is malformed", "son en-tête est mal formé"));
    }
    if ONCE.iter().any(|once| count(&message, once) > 1) {
        return Err(("a field that a mail has once stands there twice", "un champ unique y est deux fois"));
    }
    if message.from != [requester.as_str()] {
        return Err(("its From is malformed", "son From est mal formé"));
    }
    Ok(message)
}

fn count(message: &AuthenticatedMessage<'_>, field: &str) -> usize {
    message.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(field.as_bytes())).count()
}

/// Why a signature would prove nothing even if it were right.
fn weakness(signature: &Signature, message: &AuthenticatedMessage<'_>) -> Option<Why> {
    let is_host = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let leaves_out = |field: &&str| {
        count(message, field) > 0 && !signature.h.iter().any(|signed| signed.trim().eq_ignore_ascii_case(field))
    };
    if !is_host(&signature.d) || !is_host(&signature.s) {
        Some(("its signature names no domain", "sa signature ne nomme aucun domaine"))
    } else if signature.a == Algorithm::RsaSha1 {
        // RFC 8301 section 3.1.
        Some(("its signature is one of SHA-1", "sa signature est en SHA-1"))
    } else if signature.h.len() > MAX_NAMED {
        Some(("its signature names too many fields", "sa signature nomme trop de champs"))
    } else if COVERED.iter().any(leaves_out) {
        Some(("its signature does not cover From and Subject", "sa signature ne couvre pas From et Subject"))
    } else {
        None
    }
}

/// Checks the signatures whose keys are known; gives those that are right, or why the first is not.
fn verify(
    raw: &[u8],
    end: usize,
    requester: &Address,
    known: &MailKeys,
    verifier: &MessageAuthenticator,
) -> Result<Vec<Evidence>, Bilingual> {
    let mut message = read(raw, end, requester).map_err(said)?;
    let mut signatures = std::mem::take(&mut message.dkim_headers);
    signatures.retain(|field| {
        known.0.contains_key(field.header.domain_key().as_str()) && weakness(&field.header, &message).is_none()
    });
    signatures.truncate(MAX_SIGNATURES);
    for field in &mut signatures {
        // Third-party signatures and reports would ask DNS for more.
        field.header.atps = None;
        field.header.r = false;
    }
    message.dkim_headers = signatures;
    // Nothing is waited for: every key is there.
    let outputs = verifier.verify_dkim(Parameters::new(&message).with_txt_cache(known)).now_or_never();
    let outputs = outputs
        .ok_or_else(|| said(("its signature asks for more than its key", "sa signature demande plus que sa clé")))?;
    let right = outputs.iter().filter(|output| *output.result() == DkimResult::Pass);
    let evidence: Vec<_> = right
        .filter_map(|output| Some(Evidence { method: Method::Dkim, domain: output.signature()?.d.clone() }))
        .collect();
    if evidence.is_empty() {
        // Those that could not be read come first, and have no signature.
        let wrong = outputs.iter().find(|output| output.signature().is_some());
        return Err(
            wrong.map_or_else(|| said(("it is not signed", "il n’est pas signé")), |output| mistake(output.result()))
        );
    }
    Ok(evidence)
}

/// What is wrong with a signature.
fn mistake(result: &DkimResult) -> Bilingual {
    match result {
        DkimResult::Neutral(Error::Dkim(DkimError::FailedBodyHashMatch)) => {
            said(("its body was changed", "son corps a été modifié"))
        }
        DkimResult::Neutral(Error::Dkim(DkimError::SignatureExpired)) => {
            said(("its signature has expired", "sa signature a expiré"))
        }
        DkimResult::Fail(Error::Crypto(_)) => said(("its signature is wrong", "sa signature est fausse")),
        other => Bilingual::new(format!("dkim={other}"), format!("dkim : « {other} »")),
    }
}

/// The keys of one mail, from which the library is answered; it never asks further.
#[derive(Default)]
struct MailKeys(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for MailKeys {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ?Sized,
    {
        let absent = || Txt::Error(Error::Dns(DnsError::RecordNotFound(ResponseCode::NXDomain)));
        Some(self.0.get(name).cloned().unwrap_or_else(absent))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: std::time::Instant) {}
}
