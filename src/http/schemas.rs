//! What the bodies of forms look like, for the API's description alone.

use utoipa::ToSchema;

use crate::intake::form;

/// A form as JSON.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct JsonForm {
    #[serde(flatten)]
    fields: form::Fields,
    /// Files.
    attachments: Option<Vec<JsonFile>>,
}

/// A file in a JSON form.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct JsonFile {
    /// The file's name.
    #[schema(example = "capture.png")]
    name: String,
    /// The file's media type.
    #[schema(example = "image/png")]
    content_type: Option<String>,
    /// The file itself.
    #[schema(content_encoding = "base64")]
    content: String,
}

/// A form in parts; each part with a file name is a file, whatever it is called.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
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
#[allow(dead_code, reason = "read by whoever reads the description")]
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
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct FormFollowup {
    /// What is added, in plain text.
    #[schema(max_length = 20000, example = "Toutes les classes de CM2 sont concernées.")]
    description: String,
}

/// The same in parts; each part with a file name is a file, whatever it is called.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct MultipartFollowup {
    /// What is added, in plain text; may be empty where there are files.
    #[schema(max_length = 20000)]
    description: String,
    /// Files.
    #[schema(value_type = Option<Vec<String>>, format = Binary)]
    attachments: Option<Vec<Vec<u8>>>,
}
