//! What went wrong, as a page: what, why, and what to do.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};

use super::{
    frame::{Frame, Section, page},
    state::{PageState, Pages},
};
use crate::{
    http::{identity, problem::Told},
    request::Address,
    text::french::set as french,
};

/// Nothing but the pages' own style, images and forms; nothing may show them inside itself.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// The same with what the State's design system has: fonts, and pictures in its style.
const POLICY_OF_DSFR: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The same two for a page with a script of our own, which asks the pages themselves.
const POLICY_WITH_SCRIPT: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const POLICY_OF_DSFR_WITH_SCRIPT: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// That an answer is a page with a script.
#[derive(Clone, Copy)]
pub(super) struct Scripted;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame<'a>,
    heading: &'static str,
    what: String,
    remedy: &'static str,
    /// A page that leads on, and what it is called.
    back: Option<(&'static str, &'static str)>,
}

/// Gives each problem of the pages' routes as a page, and each answer the headers that protect it.
pub(super) async fn dress(State(state): State<Arc<PageState>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let person = identity::signed_in(&parts, &state.services.settings).ok();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(told) = response.extensions_mut().remove::<Told>() {
        response = told_of(&state.pages, person.as_ref(), response, &told);
    }
    let is_scripted = response.extensions_mut().remove::<Scripted>().is_some();
    let policy = match (state.pages.dsfr.is_some(), is_scripted) {
        (false, false) => POLICY,
        (false, true) => POLICY_WITH_SCRIPT,
        (true, false) => POLICY_OF_DSFR,
        (true, true) => POLICY_OF_DSFR_WITH_SCRIPT,
    };
    protect(response.headers_mut(), policy);
    response
}

/// The page of a problem, with the status and the headers it has already.
fn told_of(pages: &Pages, person: Option<&Address>, problem: Response, told: &Told) -> Response {
    // Of the pages, the figures' alone have parameters that can be wrong.
    let back = (told.reason == "bad-parameter").then_some(("/pilotage", "Pilotage"));
    let (heading, remedy) = advice(problem.status(), told.reason);
    let what = match told.reason {
        "missing-identity" | "bad-identity" | "closed" => {
            "Cette page s’ouvre depuis le portail de l’académie, qui dit à l’assistance qui vous êtes. Il ne l’a pas fait.".to_owned()
        }
        _ => french(&told.detail),
    };
    let frame = pages.frame(heading, person, Section::None);
    let Ok(mut response) = page(problem.status(), &ProblemPage { frame, heading, what, remedy, back }) else {
        return problem;
    };
    for (name, value) in problem.headers() {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// A heading, and what to do.
fn advice(status: StatusCode, reason: &str) -> (&'static str, &'static str) {
    match (reason, status) {
        ("missing-identity" | "bad-identity" | "closed", _) => (
            "Connexion nécessaire",
            "Connectez-vous au portail de l’académie avec votre adresse académique, puis ouvrez l’assistance depuis ce portail.",
        ),
        ("cross-site", _) => (
            "Le formulaire n’est pas valable",
            "Rien n’a été enregistré. Recommencez depuis les pages de l’assistance.",
        ),
        ("request-unknown", _) => (
            "Demande introuvable",
            "Si elle a été faite depuis une autre adresse, celle de l’école par exemple, connectez-vous avec cette adresse.",
        ),
        ("not-in-charge" | "nobody-in-charge", _) => {
            ("Page réservée", "Vos propres demandes sont sur l’accueil de l’assistance.")
        }
        ("bad-parameter", _) => ("Choix à corriger", "Revenez à la page précédente et corrigez-le."),
        ("document-unknown", _) => ("Fichier introuvable", "Ouvrez-le depuis la page qui le montre."),
        (_, StatusCode::NOT_FOUND) => {
            ("Page introuvable", "Vérifiez l’adresse, ou retrouvez votre demande dans «\u{a0}Mes demandes\u{a0}».")
        }
        (_, StatusCode::METHOD_NOT_ALLOWED) => ("Page introuvable", "Passez par le menu de l’assistance."),
        (_, StatusCode::PAYLOAD_TOO_LARGE) => (
            "Envoi trop volumineux",
            "Rien n’a été enregistré. Revenez à la page précédente et choisissez des fichiers plus légers ou moins nombreux.",
        ),
        (_, StatusCode::SERVICE_UNAVAILABLE) => (
            "Service momentanément indisponible",
            "Rien n’est perdu de ce qui était enregistré. Patientez quelques minutes, puis rechargez la page.",
        ),
        _ => {
            ("La demande n’a pas abouti", "Revenez à la page précédente et réessayez. Si cela se répète, signalez-le.")
        }
    }
}

/// What a page may load and who may keep it: nobody but the person it is for.
fn protect(headers: &mut HeaderMap, policy: &'static str) {
    let page = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in page {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
