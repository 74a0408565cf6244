//! What a requester adds to a request that is there: a word and files, or why its solution is refused, with files too.

use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::{
    check::{attachments, clean, short},
    error::FieldError,
    fields::{File, MAX_TEXT, Submission},
    identity::{self, Identity},
};
use crate::{
    id::TicketId,
    intake::mime::enclosed_in,
    offload,
    request::{Address, Enclosure, FormFields, Received},
};

/// The one field of text.
const TEXT: &str = "description";

/// Checks what this requester adds to the request of this number, which came `now` in a body of `size` bytes, with
/// this Idempotency-Key if any: a text, files or both.
///
/// # Errors
///
/// Every field that is wrong.
pub async fn complement(
    submission: Submission,
    size: u64,
    key: Option<&str>,
    requester: &Address,
    request: TicketId,
    now: Timestamp,
) -> Result<Received, Vec<FieldError>> {
    let (key, requester, bytes) = (key.map(str::to_owned), requester.clone(), submission.bytes());
    offload::by_size(bytes, async move { checked(submission, size, key.as_deref(), &requester, request, now) }).await
}

fn checked(
    submission: Submission,
    size: u64,
    key: Option<&str>,
    requester: &Address,
    request: TicketId,
    now: Timestamp,
) -> Result<Received, Vec<FieldError>> {
    let Submission { mut fields, files, mut errors, .. } = submission;
    let others = fields.given().into_iter().filter(|field| *field != TEXT);
    for error in errors.iter_mut().filter(|error| error.code == "unknown-field") {
        "Ce champ est inconnu. Champs admis\u{a0}: description, attachments.".clone_into(&mut error.message);
    }
    errors.extend(others.map(|field| {
        let message = "Ce champ est celui d’une nouvelle demande. Champs admis\u{a0}: description, attachments.";
        FieldError::new(field, "unknown-field", message)
    }));
    let text = short(clean(&fields.description.unwrap_or_default()), MAX_TEXT).unwrap_or_else(|(code, message)| {
        errors.push(FieldError::new(TEXT, code, message));
        String::new()
    });
    if text.is_empty() && files.is_empty() && errors.is_empty() {
        errors.push(FieldError::new(TEXT, "missing", "Écrivez un texte, ou joignez un fichier."));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let files = attachments(files);
    let identity = if let Some(key) = key {
        // No key of a form has a space: a request and what is added to it never share one.
        Identity::by_key(requester, &format!("{request} {key}"), now)
    } else {
        let about = format!("Demande n° {request}");
        let content = identity::content(&about, &text, &FormFields::default(), &files);
        Identity::by_content(requester, content, now)
    };
    let Identity { reference, aliases, copies_since } = identity;
    Ok(Received {
        aliases,
        copies_since,
        enclosed: enclosed_in(&files),
        attachments: files,
        size,
        ..Received::on_portal(requester, request, reference, &text, now)
    })
}

/// Checks why a solution is refused, and what is given along with it; the form came in a body of `size` bytes.
///
/// # Errors
///
/// Every field that is wrong: where it says nothing, or too much.
pub async fn refusal(submission: Submission, size: u64) -> Result<(String, Enclosure), Vec<FieldError>> {
    let bytes = submission.bytes();
    offload::by_size(bytes, async move { checked_refusal(submission, size) }).await
}

fn checked_refusal(submission: Submission, size: u64) -> Result<(String, Enclosure), Vec<FieldError>> {
    let Submission { fields, files, mut errors, .. } = submission;
    let reason = reason(fields.get(TEXT)).unwrap_or_else(|error| {
        errors.insert(0, error);
        String::new()
    });
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok((reason, enclosed(files, size)))
}

/// The files alone of a form that came in a body of `size` bytes, with what is known of them.
///
/// # Errors
///
/// What is wrong with them.
pub async fn files(submission: Submission, size: u64) -> Result<Enclosure, Vec<FieldError>> {
    if submission.errors.is_empty() { Ok(enclosure(submission.files, size).await) } else { Err(submission.errors) }
}

/// Files as they came in a body of `size` bytes, under names of their own, with what is known of them.
pub async fn enclosure(files: Vec<File>, size: u64) -> Enclosure {
    let bytes = files.iter().map(|file| file.content.len()).sum();
    offload::by_size(bytes, async move { enclosed(files, size) }).await
}

fn enclosed(files: Vec<File>, size: u64) -> Enclosure {
    let attachments = attachments(files);
    let enclosed = enclosed_in(&attachments);
    let digest = match attachments.as_slice() {
        [] => String::new(),
        files => HEXLOWER.encode(&identity::content("", "", &FormFields::default(), files)),
    };
    Enclosure { attachments, enclosed, digest, size }
}

fn reason(text: &str) -> Result<String, FieldError> {
    let field = "reason";
    let text = short(clean(text), MAX_TEXT).map_err(|(code, message)| FieldError::new(field, code, message))?;
    if text.trim().is_empty() {
        let message =
            "Dites pourquoi la solution ne convient pas\u{a0}: les référents reprennent la demande d’après ce motif.";
        return Err(FieldError::new(field, "missing", message));
    }
    Ok(text)
}
