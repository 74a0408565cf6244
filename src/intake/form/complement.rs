//! What a requester adds to a request that is there: a word and files, or what they decide on its solution.

use jiff::{Timestamp, civil::DateTime};

use super::{
    FieldError,
    check::{MAX_TEXT, attachments, clean, short},
    fields::Submission,
    identity::{self, Identity},
};
use crate::{
    intake::parse::{enclosed_in, to_html},
    request::{Address, Attachment, Body, Channel, Decision, FormFields, Origin, Received, Reference},
};

/// The one field of text.
const TEXT: &str = "description";

/// Checks what this requester adds to the request of this number, which came `now` in a body of `size` bytes, with
/// this Idempotency-Key if any: a text, files or both.
///
/// # Errors
///
/// Every field that is wrong.
pub fn complement(
    submission: Submission,
    size: u64,
    key: Option<&str>,
    requester: &Address,
    request: u64,
    now: Timestamp,
) -> Result<Received, Vec<FieldError>> {
    let Submission { mut fields, files, mut errors, .. } = submission;
    let others = fields.given().into_iter().filter(|field| *field != TEXT);
    errors.extend(others.map(|field| {
        let message = "Ce champ est celui d'une nouvelle demande. Champs admis : description, attachments.";
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
    Ok(received(requester, request, &text, files, size, identity, now))
}

/// Checks why a solution is refused.
///
/// # Errors
///
/// Where it says nothing, or too much.
pub fn reason(text: &str) -> Result<String, FieldError> {
    let field = "reason";
    let text = short(clean(text), MAX_TEXT).map_err(|(code, message)| FieldError::new(field, code, message))?;
    if text.trim().is_empty() {
        let message =
            "Dites pourquoi la solution ne convient pas : les référents reprennent la demande d'après ce motif.";
        return Err(FieldError::new(field, "missing", message));
    }
    Ok(text)
}

/// What this requester decides on the solution of this number of their request: the same decision on the same solution
/// is the same. `solved` tells apart a ticket that was solved once more with an old solution.
pub fn decided(
    requester: &Address,
    request: u64,
    solution: Option<u64>,
    solved: Option<DateTime>,
    decision: &Decision,
    now: Timestamp,
) -> Received {
    let text = match decision {
        Decision::Accept => "Clôture approuvée.".to_owned(),
        Decision::Refuse(reason) => format!("Clôture refusée. Motif :\n\n{reason}"),
    };
    let again = solved.map(|solved| format!("{solved} ")).unwrap_or_default();
    let identity = format!("{request} {} {again}{text}", solution.unwrap_or_default());
    let identity = Identity {
        reference: Reference::new("decision", requester.as_str(), identity.as_bytes()),
        aliases: Vec::new(),
        // A solution is decided on long after it was written: GLPI is asked.
        copies_since: Timestamp::MIN,
    };
    received(requester, request, &text, Vec::new(), text.len() as u64, identity, now)
}

fn received(
    requester: &Address,
    request: u64,
    text: &str,
    attachments: Vec<Attachment>,
    size: u64,
    identity: Identity,
    now: Timestamp,
) -> Received {
    let Identity { reference, aliases, copies_since } = identity;
    Received {
        channel: Channel::Form,
        reference,
        aliases,
        arrived: now,
        copies_since,
        requester: Some(requester.clone()),
        forwarder: None,
        display_name: None,
        subject: format!("Demande n° {request}"),
        body: Body { html: to_html(text), folded_html: None, text: text.to_owned() },
        enclosed: enclosed_in(&attachments),
        attachments,
        cut: Vec::new(),
        original: None,
        size,
        origin: Origin::Form(FormFields::default()),
    }
}
