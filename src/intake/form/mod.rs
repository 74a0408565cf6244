//! The portal's form, whatever its encoding: fields are sorted and checked, and become a [`Received`].
//!
//! [`read`] turns a body into a [`Submission`]: its encoding no longer matters from there on.
//! [`receive`] checks every field and says all that is wrong at once. [`complement`] does so for what is added to a
//! request that is there.
//!
//! [`Received`]: crate::request::Received

mod check;
mod complement;
mod error;
mod fields;
mod identity;
mod json;
mod parts;

use bytes::Bytes;

pub use check::receive;
pub use complement::{complement, enclosure, files, refusal};
pub use error::{FieldError, Unreadable};
pub use fields::{FIELDS, Field, Fields, File, Submission, URGENCIES};

use crate::offload;

/// How a form's body is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// RFC 8259.
    Json,
    /// `application/x-www-form-urlencoded`, as the URL standard has it.
    Urlencoded,
    /// RFC 7578, with what separates its parts.
    Multipart {
        /// The parameter of that name.
        boundary: String,
    },
}

impl Encoding {
    /// The encoding that a `Content-Type` names; `None` for any other, and for another charset than UTF-8.
    pub fn of(content_type: &str) -> Option<Self> {
        let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        let charset =
            parameters.split(';').filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
                name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
            });
        if charset.is_some_and(|charset| !["utf-8", "utf8", "us-ascii"].contains(&charset.as_str())) {
            return None;
        }
        match essence.trim().to_ascii_lowercase().as_str() {
            "application/json" => Some(Self::Json),
            "application/x-www-form-urlencoded" => Some(Self::Urlencoded),
            "multipart/form-data" => {
                multer::parse_boundary(content_type).ok().map(|boundary| Self::Multipart { boundary })
            }
            _ => None,
        }
    }
}

/// Sorts a body's content into the known fields.
///
/// # Errors
///
/// When the body is not what its encoding says. What is wrong with single fields is told by [`receive`].
pub async fn read(encoding: Encoding, body: Bytes) -> Result<Submission, Unreadable> {
    read_page(encoding, body, &[]).await
}

/// As [`read`], for a form of a page: what the page adds for itself, under the names in `aside`, is kept apart
/// ([`Submission::aside`]).
///
/// # Errors
///
/// As [`read`].
pub async fn read_page(
    encoding: Encoding,
    body: Bytes,
    aside: &'static [&'static str],
) -> Result<Submission, Unreadable> {
    offload::by_size(body.len(), async move {
        match encoding {
            Encoding::Json => json::read(&body),
            Encoding::Urlencoded => parts::urlencoded(&body, Submission::with_aside(aside)),
            Encoding::Multipart { boundary } => parts::multipart(body, boundary, Submission::with_aside(aside)).await,
        }
    })
    .await
}

/// The texts of a page's form, by that page's own names, and its files.
///
/// # Errors
///
/// When the body is not what its encoding says; JSON is none of a page's.
pub async fn read_plain(encoding: Encoding, body: Bytes) -> Result<(Vec<(String, String)>, Vec<File>), Unreadable> {
    match encoding {
        Encoding::Json => Err(Unreadable::Multipart),
        Encoding::Urlencoded => Ok((url::form_urlencoded::parse(&body).into_owned().collect(), Vec::new())),
        Encoding::Multipart { boundary } => parts::plain(body, boundary).await,
    }
}

#[cfg(test)]
mod tests {
    use super::Encoding;

    #[test]
    fn the_content_type_names_the_encoding() {
        let boundary = || Encoding::Multipart { boundary: "x y".to_owned() };
        for (content_type, expected) in [
            ("application/json", Some(Encoding::Json)),
            ("Application/JSON; charset=UTF-8", Some(Encoding::Json)),
            ("application/json; charset=\"utf-8\"", Some(Encoding::Json)),
            ("application/x-www-form-urlencoded", Some(Encoding::Urlencoded)),
            ("multipart/form-data; boundary=\"x y\"", Some(boundary())),
            ("multipart/form-data", None),
            ("application/json; charset=iso-8859-1", None),
            ("text/json", None),
            ("", None),
        ] {
            assert_eq!(Encoding::of(content_type), expected, "{content_type}");
        }
    }
}
