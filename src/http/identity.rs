//! Whose requests a call is about: the requester, named by the portal's signature or by a trusted proxy.
//!
//! A free parameter names nobody. The signatures v2 and v3 cover the method, the path and the query that names the
//! requester, v3 the Idempotency-Key, too; a proxy's header is believed only behind `http.identity_listen`, or of a peer in
//! `http.trusted_proxies` that sends `http.proxy_secret`: its address alone would prove nothing, as every rule of the
//! proxy calls from there. A port of `http.identity_listen` is no proof either where there is such a secret: whoever
//! reaches it may call. A Unix socket's file says itself who may.

use std::net::IpAddr;

use axum::http::{Method, StatusCode, header, request::Parts};
use bytes::Bytes;
use ipnet::IpNet;
use jiff::Timestamp;
use url::form_urlencoded;

use super::{
    auth::{self, Proof, Signed, Version},
    body::Standing,
    doors::{Door, Peer},
    keys,
    problem::Problem,
};
use crate::{config, request::Address};

/// The query's parameter that names the requester.
pub(super) const REQUESTER: &str = "requester";

/// How a call says who it is for; to be confirmed over its body.
#[derive(Debug)]
pub(super) enum Claimed {
    /// By the portal's signature.
    Signed(Signed, Option<Address>),
    /// By a trusted proxy, believed already.
    Proxy(Address),
    /// By a portal's token: a caller that names nobody.
    Token,
}

/// How a form says who it is for; to be confirmed over its body.
#[derive(Debug)]
pub(super) enum Depositor {
    /// As any other call; but whoever signs may leave it to the form.
    Claimed(Claimed),
    /// In the form itself, under a token or a signature v1.
    Form(Proof),
}

/// Reads who a call is for, as far as that goes before its body is there.
///
/// # Errors
///
/// 403 where nothing is configured that could name anybody, or where another site made a browser send this; 401
/// where nobody is named, or not so that it may be believed; 400 where what is named is no address.
pub(super) fn claimed(parts: &Parts, settings: &config::Http, now: Timestamp) -> Result<Claimed, Problem> {
    let claimed = caller(parts, settings, now)?;
    if matches!(claimed, Claimed::Token) {
        return Err(nobody(
            "missing-identity",
            "Un jeton ne dit pas au nom de qui la requête est faite. Signez-la (v3 ou v2), l’adresse du demandeur figurant dans «\u{a0}requester\u{a0}», ou passez par un mandataire de confiance.",
        ));
    }
    Ok(claimed)
}

/// Reads who calls, where no requester need be named.
///
/// # Errors
///
/// As [`claimed`], but for a call that proves itself and names nobody.
pub(super) fn caller(parts: &Parts, settings: &config::Http, now: Timestamp) -> Result<Claimed, Problem> {
    let headers = &parts.headers;
    if auth::is_signed(headers) {
        let signed = auth::signed(headers, settings, now)?;
        return Ok(Claimed::Signed(signed, requester(parts)?));
    }
    let caller = Caller::of(parts, settings);
    if caller == Caller::Proxy {
        return proxied(parts, settings);
    }
    if auth::has_form_token(headers, settings) {
        return Ok(Claimed::Token);
    }
    if !auth::takes_signatures(settings) && !settings.believes_a_proxy() {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "closed",
            "Cette entrée est fermée\u{a0}: rien ne permet de savoir qui demande. Renseignez http.portal_secrets (signature du portail) ou http.trusted_proxies (mandataire de confiance) pour l’ouvrir.",
        ));
    }
    caller.has_to_be_proven()?;
    Err(nobody(
        "missing-credentials",
        "Rien ne dit au nom de qui la requête est faite. Signez-la (X-Passerelle-Timestamp, et X-Passerelle-Signature en v3 ou v2), l’adresse du demandeur figurant dans «\u{a0}requester\u{a0}», ou passez par un mandataire de http.trusted_proxies.",
    ))
}

/// Reads who hands in a form. A portal's token or signature counts, whatever proxy passes it on. Where a form has
/// signatures of several versions, the highest decides: it says more.
///
/// # Errors
///
/// As [`caller`].
pub(super) fn depositor(parts: &Parts, settings: &config::Http, now: Timestamp) -> Result<Depositor, Problem> {
    let headers = &parts.headers;
    let is_portal = auth::has_form_token(headers, settings) || auth::is_signed(headers);
    if !is_portal {
        let caller = Caller::of(parts, settings);
        if caller == Caller::Proxy {
            return proxied(parts, settings).map(Depositor::Claimed);
        }
        caller.has_to_be_proven()?;
    }
    match auth::form(headers, settings, now)? {
        Proof::Signed(signed) if [Version::V2, Version::V3].iter().any(|version| signed.is_of(*version)) => {
            Ok(Depositor::Claimed(Claimed::Signed(signed, requester(parts)?)))
        }
        proof => Ok(Depositor::Form(proof)),
    }
}

/// The person a trusted proxy has signed in: for pages, which a browser asks for.
///
/// # Errors
///
/// 403 where no proxy is configured, or where another site made the browser send this; 401 where no trusted proxy
/// names anybody.
pub(super) fn signed_in(parts: &Parts, settings: &config::Http) -> Result<Address, Problem> {
    if !settings.believes_a_proxy() {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "closed",
            "Ces pages sont fermées\u{a0}: aucun mandataire de confiance n’est configuré. Renseignez http.trusted_proxies ou http.identity_listen pour les ouvrir.",
        ));
    }
    let caller = Caller::of(parts, settings);
    caller.has_to_be_proven()?;
    if caller == Caller::Proxy { by_proxy(parts, settings) } else { Err(no_identity()) }
}

impl Claimed {
    /// What the call has proved before its body is read.
    pub(super) fn standing(&self) -> Standing {
        match self {
            Self::Signed(..) => Standing::Unproven,
            Self::Proxy(_) | Self::Token => Standing::Proven,
        }
    }

    /// The requester, once the signature is checked over the raw body.
    ///
    /// # Errors
    ///
    /// 401 where the signature is wrong, or nobody is named.
    pub(super) async fn requester(
        self,
        parts: &Parts,
        body: &Bytes,
        settings: &config::Http,
    ) -> Result<Address, Problem> {
        self.confirm(parts, body, settings).await?;
        match self {
            Self::Signed(_, requester) => requester.ok_or_else(|| {
                nobody(
                    "missing-identity",
                    "La requête signée ne nomme pas de demandeur. Ajoutez «\u{a0}requester=<adresse>\u{a0}» à l’adresse, avant de signer.",
                )
            }),
            Self::Proxy(person) => Ok(person),
            Self::Token => Err(no_identity()),
        }
    }

    /// Checks the signature, if that is the proof, over method, address and raw body, and over the key where it is a v3.
    ///
    /// # Errors
    ///
    /// 401 where it is wrong, 400 where the key is none.
    pub(super) async fn confirm(&self, parts: &Parts, body: &Bytes, settings: &config::Http) -> Result<(), Problem> {
        let Self::Signed(signed, _) = self else { return Ok(()) };
        if signed.is_of(Version::V3) {
            // A line each: no method, no address and no key has a line break, and no version signs what begins as another.
            let call = format!("{}\n{}\n{}\n", signed.timestamp(), parts.method, keys::address(parts));
            let key = keys::idempotency_key(&parts.headers)?.unwrap_or_default();
            let head = format!("v3\n{call}{key}\n{}\n", keys::digest(body).await);
            if signed.covers(Version::V3, head, &Bytes::new(), settings).await {
                return Ok(());
            }
            return Err(nobody(
                "bad-signature",
                "La signature ne correspond pas. Signez «\u{a0}v3\u{a0}», l’horodatage, la méthode, le chemin avec ses paramètres, l’Idempotency-Key (une ligne vide s’il n’y en a pas), l’empreinte SHA-256 du corps brut en hexadécimal, chacun suivi d’un saut de ligne, tels qu’envoyés, par HMAC-SHA256 avec l’un des secrets de http.portal_secrets, et donnez «\u{a0}v3=\u{a0}» suivi du résultat en hexadécimal.",
            ));
        }
        if !signed.is_of(Version::V2) {
            return Err(nobody(
                "bad-signature",
                "Cet appel demande une signature v3 (ou v2)\u{a0}: v1 ne couvre que le corps, et ne dit ni de quelle adresse ni de quelle personne il s’agit. Signez «\u{a0}v3\u{a0}», l’horodatage, la méthode, le chemin avec ses paramètres (dont «\u{a0}requester=<adresse>\u{a0}»), l’Idempotency-Key ou une ligne vide, l’empreinte SHA-256 du corps, chacun suivi d’un saut de ligne, et donnez «\u{a0}v3=\u{a0}» suivi du résultat en hexadécimal. v1 ne vaut que pour POST /v1/requests.",
            ));
        }
        if signed.covers(Version::V2, keys::head_of_v2(signed, parts), body, settings).await {
            return Ok(());
        }
        Err(nobody(
            "bad-signature",
            "La signature ne correspond pas. Signez «\u{a0}v2\u{a0}», l’horodatage, la méthode, le chemin avec ses paramètres, chacun suivi d’un saut de ligne, puis le corps brut, octet pour octet tels qu’envoyés, par HMAC-SHA256 avec l’un des secrets de http.portal_secrets, et donnez «\u{a0}v2=\u{a0}» suivi du résultat en hexadécimal.",
        ))
    }
}

impl Depositor {
    /// As [`Claimed::standing`].
    pub(super) fn standing(&self) -> Standing {
        match self {
            Self::Claimed(claimed) => claimed.standing(),
            Self::Form(Proof::Signed(_)) => Standing::Unproven,
            Self::Form(Proof::Token) => Standing::Proven,
        }
    }

    /// Who the form has to be of, once the proof is checked over the raw body; `None` where the form itself says it.
    ///
    /// # Errors
    ///
    /// 401 where the signature is wrong.
    pub(super) async fn confirm(
        self,
        parts: &Parts,
        body: &Bytes,
        settings: &config::Http,
    ) -> Result<Option<Address>, Problem> {
        match self {
            Self::Form(proof) => proof.confirm(body, settings).await.map(|()| None),
            Self::Claimed(claimed) => {
                claimed.confirm(parts, body, settings).await?;
                Ok(match claimed {
                    Claimed::Signed(_, requester) => requester,
                    Claimed::Proxy(person) => Some(person),
                    Claimed::Token => None,
                })
            }
        }
    }
}

/// 403 for who speaks in the name of somebody else.
pub(super) fn other_requester(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "other-requester", detail)
}

/// Whether a call comes from the proxy that signs people in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Caller {
    /// It has proved itself.
    Proxy,
    /// It calls from where the proxy does and names a person, but proves nothing.
    Unproven,
    Other,
}

impl Caller {
    fn of(parts: &Parts, settings: &config::Http) -> Self {
        let Some(peer) = parts.extensions.get::<Peer>() else { return Self::Other };
        if peer.door == Door::Proxy {
            // Who may open a Unix socket is settled already.
            if peer.address.is_none() || settings.proxy_secret.is_none() {
                return Self::Proxy;
            }
        } else if !peer.address.is_some_and(|address| is_within(address, &settings.trusted_proxies)) {
            return Self::Other;
        }
        if auth::has_proxy_secret(&parts.headers, settings) {
            Self::Proxy
        } else if parts.headers.contains_key(&settings.identity_header) {
            Self::Unproven
        } else {
            Self::Other
        }
    }

    /// 401 for who may be the proxy, or somebody behind one of its other rules: whoever runs it has to be told.
    fn has_to_be_proven(self) -> Result<(), Problem> {
        match self {
            Self::Proxy | Self::Other => Ok(()),
            Self::Unproven => {
                tracing::warn!(
                    "a call from where the proxy calls names a person without its secret: it is not believed"
                );
                Err(nobody(
                    "unproven-proxy",
                    "L’appel vient d’où appelle le mandataire et nomme une personne, mais rien ne prouve que c’est lui qui l’a connectée. Le mandataire doit joindre http.proxy_secret dans l’en-tête X-Passerelle-Proxy-Secret, ou passer par une socket Unix de http.identity_listen.",
                ))
            }
        }
    }
}

/// A network may be written as IPv6 has IPv4 addresses (`::ffff:10.0.0.4`, RFC 4291 section 2.5.5.2): that is the same.
fn is_within(address: IpAddr, networks: &[IpNet]) -> bool {
    let written = [Some(address), mapped(address)];
    networks.iter().any(|network| written.iter().flatten().any(|address| network.contains(address)))
}

fn mapped(peer: IpAddr) -> Option<IpAddr> {
    match peer {
        IpAddr::V4(peer) => Some(peer.to_ipv6_mapped().into()),
        IpAddr::V6(_) => None,
    }
}

/// A call by a trusted proxy, whose query may name nobody else.
fn proxied(parts: &Parts, settings: &config::Http) -> Result<Claimed, Problem> {
    let person = by_proxy(parts, settings)?;
    if requester(parts)?.is_some_and(|asked| asked != person) {
        return Err(other_requester(
            "Le paramètre «\u{a0}requester\u{a0}» nomme une autre personne que celle qui est connectée. Retirez-le.",
        ));
    }
    Ok(Claimed::Proxy(person))
}

/// The person a trusted proxy names. A header that is there twice may be the caller's own beside the proxy's.
fn by_proxy(parts: &Parts, settings: &config::Http) -> Result<Address, Problem> {
    refuse_other_sites(parts)?;
    let name = &settings.identity_header;
    let mut values = parts.headers.get_all(name).iter();
    let Some(value) = values.next().filter(|value| !value.is_empty()) else { return Err(no_identity()) };
    match value.to_str().ok().and_then(Address::parse) {
        Some(address) if values.next().is_none() => Ok(address),
        _ => Err(nobody(
            "bad-identity",
            format!(
                "L’en-tête {name} ne donne pas exactement une adresse. Le mandataire doit le remplacer par celle de la personne connectée."
            ),
        )),
    }
}

/// The requester in the query.
pub(super) fn requester(parts: &Parts) -> Result<Option<Address>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let mut named = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == REQUESTER);
    let Some((_, text)) = named.next() else { return Ok(None) };
    match Address::parse(&text) {
        Some(address) if named.next().is_none() => Ok(Some(address)),
        _ => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-requester",
            "Le paramètre «\u{a0}requester\u{a0}» n’est pas une adresse seule, par exemple ce.0210001A@ac-dijon.fr.",
        )),
    }
}

/// A browser that is signed in at the proxy sends what any other site makes it send: only calls of the gateway's own
/// pages may change something. Browsers say where a call comes from in `Sec-Fetch-Site` (W3C Fetch Metadata), older
/// ones in `Origin` (RFC 6454 section 7).
fn refuse_other_sites(parts: &Parts) -> Result<(), Problem> {
    if [Method::GET, Method::HEAD].contains(&parts.method) {
        return Ok(());
    }
    let text = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_own = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => ["same-origin", "none"].contains(&site),
        (None, Some(origin)) => {
            let host = text(header::HOST.as_str());
            origin.split_once("://").is_some_and(|(_, of_origin)| Some(of_origin) == host)
        }
        (None, None) => true,
    };
    if is_own {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "cross-site",
        "Cette requête vient d’un autre site. Revenez au portail et recommencez depuis ses pages.",
    ))
}

fn no_identity() -> Problem {
    nobody(
        "missing-identity",
        "Le mandataire ne dit pas qui est connecté. Il doit donner l’adresse de la personne dans l’en-tête de http.identity_header.",
    )
}

fn nobody(reason: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, reason, detail).challenge(auth::CHALLENGE_SIGNATURE)
}
