//! The pages' own files, each under a name that changes with its content, so that browsers keep it for good.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::http::problem::Problem;

struct Served {
    name: String,
    media_type: &'static str,
    text: &'static str,
}

/// What a file's address says of its content holds for good.
pub(super) const FOR_GOOD: &str = "public, max-age=31536000, immutable";
const CSS: &str = "text/css; charset=utf-8";

static STYLE: LazyLock<Served> = LazyLock::new(|| {
    Served::new("style", "css", CSS, concat!(include_str!("static/neutral.css"), include_str!("static/layout.css")))
});
static BESIDE_DSFR: LazyLock<Served> = LazyLock::new(|| {
    Served::new("dsfr", "css", CSS, concat!(include_str!("static/dsfr.css"), include_str!("static/layout.css")))
});
static PROPOSALS: LazyLock<Served> = LazyLock::new(|| {
    Served::new("propositions", "js", "text/javascript; charset=utf-8", include_str!("static/propositions.js"))
});
static ICON: LazyLock<Served> =
    LazyLock::new(|| Served::new("icone", "svg", "image/svg+xml", include_str!("static/icon.svg")));

impl Served {
    fn new(name: &str, extension: &str, media_type: &'static str, text: &'static str) -> Self {
        let digest = HEXLOWER.encode(&Sha256::digest(text)[..8]);
        Self { name: format!("{name}-{digest}.{extension}"), media_type, text }
    }
}

/// Where the pages' style is.
pub(super) fn style() -> String {
    format!("/portail/fichiers/{}", STYLE.name)
}

/// Where the style is that goes beside the State's design system.
pub(super) fn style_beside_dsfr() -> String {
    format!("/portail/fichiers/{}", BESIDE_DSFR.name)
}

/// Where the script is that proposes articles while a title is typed.
pub(super) fn proposals() -> String {
    format!("/portail/fichiers/{}", PROPOSALS.name)
}

/// Where the pages' icon is.
pub(super) fn icon() -> String {
    format!("/portail/fichiers/{}", ICON.name)
}

/// `GET /portail/fichiers/{name}`
pub(super) async fn give(Path(name): Path<String>) -> Result<Response, Problem> {
    let file =
        [&*STYLE, &*BESIDE_DSFR, &*PROPOSALS, &*ICON].into_iter().find(|file| file.name == name).ok_or_else(|| {
            Problem::new(StatusCode::NOT_FOUND, "not-found", "Ce fichier n’existe pas, ou plus. Rechargez la page.")
        })?;
    let headers = [(header::CONTENT_TYPE, file.media_type), (header::CACHE_CONTROL, FOR_GOOD)];
    Ok((headers, file.text).into_response())
}
