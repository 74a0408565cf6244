//! The form's fields: their names, the names they are also known by, and the sorting of what came.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{FieldError, Unreadable};
use crate::{request::Address, text::fold::words};

/// More fields and files than this are no form.
pub(super) const MAX_MEMBERS: usize = 1000;
/// The most characters of a title, of a longer text and of a telephone number.
pub(super) const MAX_TITLE: usize = 200;
pub(super) const MAX_TEXT: usize = 20_000;
pub(super) const MAX_PHONE: usize = 30;
/// More files than this are a mistake; how many get into a ticket is `attachments.max_files`.
const MAX_FILES: usize = 100;

/// Each field, and what else portals call it. Names are compared by their letters and digits alone:
/// `error_message`, `errorMessage` and «Error message» are one name.
const NAMES: &[(&str, &[&str])] = &[
    ("requester", &["email", "mail", "courriel", "demandeur", "requesteremail"]),
    ("application", &["appli"]),
    ("nature", &["naturedemande", "naturedelademande"]),
    ("type", &["typedemande", "typededemande"]),
    ("urgency", &["urgence"]),
    ("title", &["titre", "objet", "sujet", "subject"]),
    ("description", &["message", "texte"]),
    ("error_message", &["messageerreur", "messagederreur", "erreur"]),
    ("phone", &["telephone", "tel"]),
    ("uai", &["rne", "codeuai"]),
    ("attachments", &["attachment", "file", "files", "fichier", "fichiers", "piecejointe", "piecesjointes"]),
];

/// A field, for whoever shows the form.
#[derive(Debug, Serialize, ToSchema)]
pub struct Field {
    /// Its name.
    #[schema(example = "title")]
    name: &'static str,
    /// What people read beside it, French.
    #[schema(example = "Titre")]
    label: &'static str,
    /// Whether it must be given. The application and the nature: one of both. The requester: unless the call names
    /// them.
    #[schema(example = true)]
    required: bool,
    /// The most characters it takes, where it is a free text.
    #[schema(example = 200)]
    max_length: Option<usize>,
}

/// The fields, in the order a form shows them.
pub const FIELDS: &[Field] = &[
    field("requester", "Adresse électronique du demandeur", true, None),
    field("application", "Application", false, None),
    field("nature", "Nature de la demande", false, None),
    field("type", "Type", false, None),
    field("urgency", "Urgence", false, None),
    field("title", "Titre", true, Some(MAX_TITLE)),
    field("description", "Description", true, Some(MAX_TEXT)),
    field("error_message", "Message d’erreur", false, Some(MAX_TEXT)),
    field("phone", "Téléphone", false, Some(MAX_PHONE)),
    field("uai", "Code UAI de l’école", false, None),
    field(FILES, "Pièces jointes", false, None),
];

const fn field(name: &'static str, label: &'static str, required: bool, max_length: Option<usize>) -> Field {
    Field { name, label, required, max_length }
}

/// GLPI's urgencies, and what people call them.
pub const URGENCIES: &[(u8, &str)] =
    &[(1, "Très basse"), (2, "Basse"), (3, "Moyenne"), (4, "Haute"), (5, "Très haute")];

/// The texts of a form as they came; what is empty is absent.
#[derive(Debug, Default, PartialEq, Eq, ToSchema)]
pub struct Fields {
    /// Who asks: the e-mail address of the school or of its director. Required, unless the signed query or a trusted
    /// proxy names them: then this is the same or absent.
    #[schema(nullable = false, format = "email", example = "ce.0210001A@ac-dijon.fr")]
    pub(super) requester: Option<String>,
    /// The application, as the mappings name it. This or the nature is required.
    #[schema(nullable = false, example = "LSUN / LSU")]
    pub(super) application: Option<String>,
    /// The nature of the request, one of the mappings' natures.
    #[schema(nullable = false, example = "LSU : saisie des bilans périodiques")]
    pub(super) nature: Option<String>,
    /// `incident` or `demande`; the mapping decides where it is missing.
    #[schema(rename = "type", nullable = false, pattern = "^([Ii]ncident|[Dd]emande)$", example = "incident")]
    pub(super) kind: Option<String>,
    /// 1 (very low) to 5 (very high).
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 5, nullable = false, example = 3)]
    pub(super) urgency: Option<String>,
    /// One line that says what it is about.
    #[schema(required = true, nullable = false, max_length = 200, example = "Impossible de valider les bilans")]
    pub(super) title: Option<String>,
    /// What happened, in plain text.
    #[schema(required = true, nullable = false, max_length = 20000, example = "Le bouton « Valider » reste grisé.")]
    pub(super) description: Option<String>,
    /// The error message the person saw.
    #[schema(nullable = false, max_length = 20000, example = "Erreur 500")]
    pub(super) error_message: Option<String>,
    /// Where to call back.
    #[schema(nullable = false, max_length = 30, example = "03 80 00 00 00")]
    pub(super) phone: Option<String>,
    /// The school's code: seven digits and a letter.
    #[schema(nullable = false, pattern = "^[0-9]{7}[A-Za-z]$", example = "0210001A")]
    pub(super) uai: Option<String>,
}

impl Fields {
    /// What a field says, as it was typed; empty where it says nothing.
    pub fn get(&self, name: &str) -> &str {
        let value = match name {
            "requester" => &self.requester,
            "application" => &self.application,
            "nature" => &self.nature,
            "type" => &self.kind,
            "urgency" => &self.urgency,
            "title" => &self.title,
            "description" => &self.description,
            "error_message" => &self.error_message,
            "phone" => &self.phone,
            "uai" => &self.uai,
            _ => &None,
        };
        value.as_deref().unwrap_or_default()
    }

    /// The fields that are there.
    pub(super) fn given(&mut self) -> Vec<&'static str> {
        let names = NAMES.iter().map(|(field, _)| *field);
        names.filter(|name| self.slot(name).is_some_and(|slot| slot.is_some())).collect()
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "requester" => &mut self.requester,
            "application" => &mut self.application,
            "nature" => &mut self.nature,
            "type" => &mut self.kind,
            "urgency" => &mut self.urgency,
            "title" => &mut self.title,
            "description" => &mut self.description,
            "error_message" => &mut self.error_message,
            "phone" => &mut self.phone,
            "uai" => &mut self.uai,
            _ => return None,
        })
    }
}

/// A file as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, as whoever sends it gave it.
    pub name: Option<String>,
    /// Its media type, likewise.
    pub content_type: Option<String>,
    /// Its bytes.
    pub content: Bytes,
}

/// A form whose content is sorted, but not yet checked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Submission {
    pub(super) fields: Fields,
    pub(super) files: Vec<File>,
    /// What sorting found wrong.
    pub(super) errors: Vec<FieldError>,
    seen: usize,
    /// The names of the page's own fields, and those that came.
    aside: (&'static [&'static str], Vec<(&'static str, String)>),
}

/// Which field a name means.
pub(super) enum Named {
    Text(&'static str),
    Files,
    Unknown,
}

impl Submission {
    /// One that will set these fields aside.
    pub(super) fn with_aside(names: &'static [&'static str]) -> Self {
        Self { aside: (names, Vec::new()), ..Self::default() }
    }

    /// Keeps the value of a field that is to be set aside; false for any other.
    pub(super) fn set_aside(&mut self, name: &str, value: &str) -> bool {
        let (names, values) = &mut self.aside;
        let Some(known) = names.iter().find(|known| **known == name) else { return false };
        values.push((known, value.to_owned()));
        true
    }

    /// The first value of a field that was set aside; empty where none came.
    pub fn aside(&self, name: &str) -> &str {
        self.aside.1.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The request's fields, as they were typed.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The names of its files, in their order.
    pub fn file_names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_deref().unwrap_or_default())
    }

    /// Says who asks, whatever the form says of it.
    pub fn set_requester(&mut self, requester: &Address) {
        self.fields.requester = Some(requester.as_str().to_owned());
        self.errors.retain(|error| error.field != "requester");
    }

    /// Says who asks, where the form says nothing of it.
    pub fn default_requester(&mut self, requester: &Address) {
        self.fields.requester.get_or_insert_with(|| requester.as_str().to_owned());
    }

    /// Says what it is about.
    pub fn set_subject(&mut self, application: &str, nature: Option<&str>) {
        self.fields.application = Some(application.to_owned());
        self.fields.nature = nature.map(str::to_owned);
    }

    /// How much it says and brings, bytes.
    pub(super) fn bytes(&self) -> usize {
        let texts = NAMES.iter().map(|(name, _)| self.fields.get(name).len());
        texts.chain(self.files.iter().map(|file| file.content.len())).sum()
    }

    /// Looks a field's name up.
    pub(super) fn named(&mut self, name: &str) -> Result<Named, Unreadable> {
        self.seen += 1;
        if self.seen > MAX_MEMBERS {
            return Err(Unreadable::TooMany);
        }
        let letters = words(name).concat();
        let known = NAMES
            .iter()
            .find(|(field, aliases)| words(field).concat() == letters || aliases.contains(&letters.as_str()));
        Ok(match known {
            Some((FILES, _)) => Named::Files,
            Some((field, _)) => Named::Text(field),
            None => Named::Unknown,
        })
    }

    /// Takes a text for the field of this name.
    pub(super) fn text(&mut self, field: &'static str, value: Cow<'_, str>) {
        let Some(slot) = self.fields.slot(field) else { return };
        if value.trim().is_empty() {
            return;
        }
        if slot.is_some() {
            self.errors.push(FieldError::new(
                field,
                "given-twice",
                "Ce champ est donné deux fois. Donnez-le une seule fois.",
            ));
            return;
        }
        *slot = Some(value.into_owned());
    }

    /// Takes a file.
    pub(super) fn file(&mut self, file: File) {
        match self.files.len() {
            MAX_FILES => {
                if !self.errors.iter().any(|error| error.code == "too-many") {
                    let message = format!("Le formulaire comporte plus de {MAX_FILES} fichiers. Envoyez-en moins.");
                    self.errors.push(FieldError::new(FILES, "too-many", message));
                }
            }
            _ => self.files.push(file),
        }
    }

    /// Notes a field nobody knows.
    pub(super) fn unknown(&mut self, name: &str) {
        let valid: Vec<_> = NAMES.iter().map(|(field, _)| *field).collect();
        let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        let message = format!("Ce champ est inconnu. Champs admis\u{a0}: {}.", valid.join(", "));
        self.errors.push(FieldError::new(name, "unknown-field", message));
    }

    /// Notes a value of the wrong kind.
    pub(super) fn invalid(&mut self, field: impl Into<String>, message: &str) {
        self.errors.push(FieldError::new(field, "invalid", message));
    }
}

/// The field of files.
pub(super) const FILES: &str = "attachments";

#[cfg(test)]
mod tests {
    use utoipa::{
        PartialSchema as _,
        openapi::{RefOr, schema::Schema},
    };

    use super::{FILES, Fields, NAMES};

    #[test]
    fn the_description_has_every_field_and_no_other() {
        let RefOr::T(Schema::Object(schema)) = Fields::schema() else { panic!("no object") };
        let mut described: Vec<_> = schema.properties.keys().map(String::as_str).chain([FILES]).collect();
        let mut known: Vec<_> = NAMES.iter().map(|(field, _)| *field).collect();
        described.sort_unstable();
        known.sort_unstable();
        assert_eq!(described, known);
        // A call may name the requester beside the form.
        assert_eq!(schema.required, ["title", "description"]);
        let mut listed: Vec<_> = super::FIELDS.iter().map(|field| field.name).collect();
        listed.sort_unstable();
        assert_eq!(listed, known);
        let required = super::FIELDS.iter().filter(|field| field.required).map(|field| field.name);
        assert!(required.eq(["requester"].into_iter().chain(schema.required.iter().map(String::as_str))));
        let mut fields = Fields::default();
        assert!(known.iter().all(|field| *field == FILES || fields.slot(field).is_some()));
    }

    #[test]
    fn each_name_means_one_field() {
        let mut names: Vec<String> = NAMES
            .iter()
            .flat_map(|(field, aliases)| {
                aliases.iter().map(|&alias| alias.to_owned()).chain([crate::text::fold::words(field).concat()])
            })
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
