//! A form as browsers write it: urlencoded, or in parts.

use std::{borrow::Cow, convert::Infallible};

use bytes::Bytes;
use futures_util::stream;
use url::form_urlencoded;

use super::{
    error::Unreadable,
    fields::{FILES, File, MAX_MEMBERS, Named, Submission},
};

const NO_FILE: &str = "Donnez des fichiers, chacun avec son nom, en multipart/form-data ou en JSON.";

const NO_UTF8: &str = "Ce texte n’est pas codé en UTF-8. Envoyez le formulaire en UTF-8.";

/// Sorts names and values into the fields.
pub(super) fn urlencoded(body: &[u8], mut submission: Submission) -> Result<Submission, Unreadable> {
    // What is no UTF-8 is decoded to the replacement character, which hardly anybody writes.
    let writes_it = body.windows(9).any(|part| part.eq_ignore_ascii_case(b"%EF%BF%BD"));
    for (name, value) in form_urlencoded::parse(body) {
        let is_text = writes_it || !value.contains(char::REPLACEMENT_CHARACTER);
        take_text(&mut submission, &name, is_text.then_some(value))?;
    }
    Ok(submission)
}

/// Sorts parts into the fields; a part with a file name is a file, whatever the part's own name.
pub(super) async fn multipart(
    body: Bytes,
    boundary: String,
    mut submission: Submission,
) -> Result<Submission, Unreadable> {
    let mut parts = Parts::of(body, boundary);
    while let Some((name, part)) = parts.next().await? {
        match part {
            Part::Text(text) => take_text(&mut submission, &name, std::str::from_utf8(&text).ok().map(Cow::Borrowed))?,
            Part::NoFile => {}
            Part::File(file) => {
                submission.named(&name)?;
                submission.file(file);
            }
        }
    }
    Ok(submission)
}

/// The texts by their parts' names, and the files.
pub(super) async fn plain(body: Bytes, boundary: String) -> Result<(Vec<(String, String)>, Vec<File>), Unreadable> {
    let mut parts = Parts::of(body, boundary);
    let (mut texts, mut files) = (Vec::new(), Vec::new());
    while let Some((name, part)) = parts.next().await? {
        if texts.len() + files.len() == MAX_MEMBERS {
            return Err(Unreadable::TooMany);
        }
        match part {
            Part::Text(text) => texts.push((name, String::from_utf8_lossy(&text).into_owned())),
            Part::NoFile => {}
            Part::File(file) => files.push(file),
        }
    }
    Ok((texts, files))
}

/// What a part holds.
enum Part {
    Text(Bytes),
    File(File),
    /// What a browser sends for a file field that was left empty.
    NoFile,
}

/// The parts of a body, one after another.
struct Parts(multer::Multipart<'static>);

impl Parts {
    fn of(body: Bytes, boundary: String) -> Self {
        let whole = stream::once(async { Ok::<_, Infallible>(body) });
        Self(multer::Multipart::new(whole, boundary))
    }

    /// The next part, with its name.
    async fn next(&mut self) -> Result<Option<(String, Part)>, Unreadable> {
        let Some(part) = self.0.next_field().await.map_err(broken)? else { return Ok(None) };
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let content_type = part.content_type().map(ToString::to_string);
        let content = part.bytes().await.map_err(broken)?;
        let part = match file_name {
            None => Part::Text(content),
            Some(empty) if empty.is_empty() && content.is_empty() => Part::NoFile,
            Some(file_name) => Part::File(File { name: Some(file_name), content_type, content }),
        };
        Ok(Some((name, part)))
    }
}

/// `None` is a value that is no UTF-8.
fn take_text(submission: &mut Submission, name: &str, value: Option<Cow<'_, str>>) -> Result<(), Unreadable> {
    match (submission.named(name)?, value) {
        (Named::Unknown, Some(value)) if submission.set_aside(name, &value) => {}
        (Named::Unknown, _) => submission.unknown(name),
        (Named::Text(field), Some(value)) => submission.text(field, value),
        (Named::Text(_), None) => submission.invalid(name, NO_UTF8),
        (Named::Files, Some(value)) if value.trim().is_empty() => {}
        (Named::Files, _) => submission.invalid(FILES, NO_FILE),
    }
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn broken(_: multer::Error) -> Unreadable {
    Unreadable::Multipart
}
