//! What is wrong with a form: with its body, or with its fields.

use serde::Serialize;
use utoipa::ToSchema;

/// A body that cannot be read; the message is for the portal's developers, in French.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON.
    #[error("Le corps n’est pas du JSON valable (ligne {line}, colonne {column}).")]
    Json {
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// JSON, but no object.
    #[error("Le corps JSON n’est pas un objet. Donnez un objet dont les clés sont les champs du formulaire.")]
    NoObject,
    /// Not a multipart body.
    #[error("Le corps multipart/form-data est incomplet ou mal formé.")]
    Multipart,
    /// More of something than any form has.
    #[error("Le formulaire comporte trop de champs.")]
    TooMany,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field's name; for a file, with its place: `attachments[2].content`.
    #[schema(example = "urgency")]
    pub field: String,
    /// `missing`, `unknown-field`, `given-twice`, `invalid`, `unknown-value`, `too-long` or `too-many`.
    #[schema(example = "invalid")]
    pub code: &'static str,
    /// What is wrong and what would be right, French.
    #[schema(example = "Donnez un nombre entier de 1 (très basse) à 5 (très haute).")]
    pub message: String,
}

impl FieldError {
    pub(super) fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
}
