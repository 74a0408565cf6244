//! What bodies and parameters look like that several calls share, for the API's description alone.
#![allow(dead_code, reason = "read by whoever reads the description")]

use utoipa::{IntoParams, ToSchema};

use crate::intake::form;

/// A form as JSON.
#[derive(ToSchema)]
pub(super) struct JsonForm {
    #[serde(flatten)]
    fields: form::Fields,
    /// Files.
    attachments: Option<Vec<JsonFile>>,
}

/// A file in a JSON form.
#[derive(ToSchema)]
pub(super) struct JsonFile {
    /// The file's name.
    #[schema(example = "capture.png")]
    name: Option<String>,
    /// The file's media type.
    #[schema(example = "image/png")]
    content_type: Option<String>,
    /// The file itself.
    #[schema(content_encoding = "base64", example = "iVBORw0KGgo=")]
    content: String,
}

/// A form in parts; each part with a file name is a file, whatever it is called.
#[derive(ToSchema)]
pub(super) struct MultipartForm {
    #[serde(flatten)]
    fields: form::Fields,
    /// Files.
    #[schema(value_type = Option<Vec<String>>, format = Binary)]
    attachments: Option<Vec<Vec<u8>>>,
}

/// Something more about a request, as JSON: a text, files or both.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonFollowup {
    /// What is added, in plain text; may be empty where there are files.
    #[schema(max_length = 20000, example = "Toutes les classes de CM2 sont concernées.")]
    description: String,
    /// Files.
    attachments: Option<Vec<JsonFile>>,
}

/// The same as a browser writes it, without files.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FormFollowup {
    /// What is added, in plain text.
    #[schema(max_length = 20000, example = "Toutes les classes de CM2 sont concernées.")]
    description: String,
}

/// The same in parts; each part with a file name is a file, whatever it is called.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MultipartFollowup {
    /// What is added, in plain text; may be empty where there are files.
    #[schema(max_length = 20000, example = "Toutes les classes de CM2 sont concernées.")]
    description: String,
    /// Files.
    #[schema(value_type = Option<Vec<String>>, format = Binary)]
    attachments: Option<Vec<Vec<u8>>>,
}

/// Of calls about one ticket.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Numbered {
    /// GLPI's number.
    #[param(minimum = 1, maximum = 4_294_967_295_u64, example = 1234)]
    id: u64,
}

/// Of calls about what is one person's.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// Whose request, in a signed call; a trusted proxy names the person itself.
    #[param(format = "email", max_length = 318, example = "ce.0210001A@ac-dijon.fr", nullable = false)]
    requester: Option<String>,
}

/// What figures are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Figures {
    /// When requests were opened: a school year (`2026-2027`), a month (`2026-10`), a week (`2026-W48`), or days (`2026-11-03..2026-11-15`, both counted, twenty years at most, between 1900 and 2100). Without, this school year.
    #[param(max_length = 200, example = "2026-10", nullable = false)]
    period: Option<String>,
    /// Of this application alone; `inconnu`: of those that tell none.
    #[param(max_length = 200, example = "LSU", nullable = false)]
    application: Option<String>,
    /// Of this department alone, by its number.
    #[param(max_length = 200, example = "021", nullable = false)]
    department: Option<String>,
    /// Of this circonscription alone; of several of one name, with the department, or as `021/Beaune`.
    #[param(max_length = 200, example = "Dijon Nord", nullable = false)]
    circonscription: Option<String>,
    /// Of the school with this code alone.
    #[param(max_length = 200, example = "0210001A", nullable = false)]
    school: Option<String>,
}
