//! Checks every field, and says all that is wrong at once.

use std::sync::Arc;

use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization as _;

use super::{
    error::FieldError,
    fields::{Fields, File, MAX_PHONE, MAX_TEXT, MAX_TITLE, Submission},
    identity::{self, Identity},
};
use crate::{
    flow::screen::{Application, Applications},
    intake::mime::{FileNames, enclosed_in, is_disguise, line},
    offload,
    request::{Address, Attachment, Body, Channel, FormFields, Origin, Received, TicketKind, is_uai},
    text::{fold::words, html_text::to_html},
};

/// Checks a form that came `now` in a body of `size` bytes, with this Idempotency-Key if any.
///
/// # Errors
///
/// Every field that is wrong.
pub async fn receive(
    submission: Submission,
    size: u64,
    key: Option<&str>,
    applications: &Arc<Applications>,
    now: Timestamp,
) -> Result<Received, Vec<FieldError>> {
    let (key, applications, bytes) = (key.map(str::to_owned), applications.clone(), submission.bytes());
    offload::by_size(bytes, async move { checked(submission, size, key.as_deref(), &applications, now) }).await
}

fn checked(
    submission: Submission,
    size: u64,
    key: Option<&str>,
    applications: &Applications,
    now: Timestamp,
) -> Result<Received, Vec<FieldError>> {
    let Submission { fields, files, errors, .. } = submission;
    let Fields { requester, application, nature, kind, urgency, title, description, error_message, phone, uai } =
        fields;
    let mut checks = Checks(errors);
    let requester = checks.requester(requester);
    let (application, nature) = checks.application(application, nature, applications);
    let kind = checks.optional("type", kind, ticket_kind);
    let urgency = checks.optional("urgency", urgency, urgency_level);
    let title = checks.required("title", title, |text| short(line(text, usize::MAX), MAX_TITLE));
    let description = checks.required("description", description, |text| short(clean(text), MAX_TEXT));
    let error_message = checks.optional("error_message", error_message, |text| short(clean(text), MAX_TEXT));
    let phone = checks.optional("phone", phone, phone_number);
    let uai = checks.optional("uai", uai, school_code);

    let (Some(requester), Some(subject), Some(text), []) = (requester, title, description, checks.0.as_slice()) else {
        return Err(checks.0);
    };
    let attachments = attachments(files);
    let enclosed = enclosed_in(&attachments);
    let form = FormFields { application, nature, kind, urgency, error_message, phone, uai };
    let Identity { reference, aliases, copies_since } = key.map_or_else(
        || Identity::by_content(&requester, identity::content(&subject, &text, &form, &attachments), now),
        |key| Identity::by_key(&requester, key, now),
    );
    Ok(Received {
        channel: Channel::Form,
        reference,
        aliases,
        arrived: now,
        copies_since,
        requester: Some(requester),
        forwarder: None,
        display_name: None,
        subject,
        body: Body { html: to_html(&text), folded_html: None, text },
        attachments,
        cut: Vec::new(),
        original: None,
        enclosed,
        size,
        origin: Origin::Form(form),
    })
}

/// What is wrong so far.
struct Checks(Vec<FieldError>);

/// A wrong value: its code, and what would be right.
pub(super) type Wrong = (&'static str, String);

impl Checks {
    fn optional<T>(
        &mut self,
        field: &str,
        value: Option<String>,
        check: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        check(&value?).map_err(|(code, message)| self.0.push(FieldError::new(field, code, message))).ok()
    }

    /// As [`Self::optional`], and something has to be there, also after cleaning.
    fn required(
        &mut self,
        field: &str,
        value: Option<String>,
        check: impl FnOnce(&str) -> Result<String, Wrong>,
    ) -> Option<String> {
        let value = self.optional(field, value, check).filter(|text| !text.is_empty());
        if value.is_none() && !self.names(field) {
            self.0.push(FieldError::new(field, "missing", "Ce champ est obligatoire. Renseignez-le."));
        }
        value
    }

    fn requester(&mut self, value: Option<String>) -> Option<Address> {
        let text = self.required("requester", value, |text| Ok(line(text, usize::MAX)));
        self.optional("requester", text, |text| {
            Address::parse(text).ok_or_else(|| {
                ("invalid", "Donnez une seule adresse, sans nom, par exemple ce.0210001A@ac-dijon.fr.".to_owned())
            })
        })
    }

    /// Each in the mappings' own spelling.
    fn application(
        &mut self,
        application: Option<String>,
        nature: Option<String>,
        applications: &Applications,
    ) -> (Option<String>, Option<String>) {
        let nothing = application.is_none() && nature.is_none() && !self.names("application") && !self.names("nature");
        if nothing {
            let names = list(applications.all().iter().map(|known| known.name.as_str()));
            let message = format!("Choisissez une application ou une nature de demande. Applications\u{a0}: {names}.");
            self.0.push(FieldError::new("application", "missing", message));
        }
        let application = self.optional("application", application, |text| {
            let names = applications.all().iter().flat_map(names);
            known(text, names).ok_or_else(|| {
                let valid = list(applications.all().iter().flat_map(names_once));
                (
                    "unknown-value",
                    format!("Cette application n’est pas prise en charge. Valeurs admises\u{a0}: {valid}."),
                )
            })
        });
        let nature = self.optional("nature", nature, |text| {
            let natures = applications.all().iter().flat_map(|known| &known.natures).map(String::as_str);
            known(text, natures).ok_or_else(|| ("unknown-value", unknown_nature(application.as_deref(), applications)))
        });
        let form = FormFields { application, nature, ..FormFields::default() };
        if form.application.is_some() && form.nature.is_some() && applications.meant_by(&form).is_none() {
            let message = "Cette nature de demande relève d’une autre application. Choisissez l’une ou l’autre.";
            self.0.push(FieldError::new("nature", "invalid", message));
        }
        (form.application, form.nature)
    }

    fn names(&self, field: &str) -> bool {
        self.0.iter().any(|error| error.field == field)
    }
}

/// What is said of a nature that there is not: those of the application that was asked for, else all.
fn unknown_nature(application: Option<&str>, applications: &Applications) -> String {
    let is_asked = |known: &&Application| application.is_none_or(|asked| names(known).any(|name| name == asked));
    let natures = list(applications.all().iter().filter(is_asked).flat_map(|known| &known.natures).map(String::as_str));
    match application {
        Some(asked) if natures.is_empty() => {
            format!("L’application «\u{a0}{asked}\u{a0}» n’a pas de natures de demande. Laissez ce champ vide.")
        }
        Some(asked) => format!(
            "Cette nature de demande n’existe pas. Valeurs admises pour «\u{a0}{asked}\u{a0}»\u{a0}: {natures}."
        ),
        None => format!("Cette nature de demande n’existe pas. Valeurs admises\u{a0}: {natures}."),
    }
}

/// Every name a form may call an application by.
fn names(application: &Application) -> impl Iterator<Item = &str> {
    application.form_names.iter().chain([&application.name]).map(String::as_str)
}

/// The same without the spellings that differ in nothing that matters.
fn names_once(application: &Application) -> Vec<&str> {
    let mut seen = Vec::new();
    names(application)
        .filter(|name| {
            !seen.contains(&words(name)) && {
                seen.push(words(name));
                true
            }
        })
        .collect()
}

/// The known value that differs at most by case, accents and spacing.
fn known<'a>(text: &str, mut values: impl Iterator<Item = &'a str>) -> Option<String> {
    let text = words(text);
    values.find(|value| words(value) == text).map(str::to_owned)
}

fn list<'a>(values: impl Iterator<Item = &'a str>) -> String {
    values.map(|value| format!("«\u{a0}{value}\u{a0}»")).collect::<Vec<_>>().join(", ")
}

pub(super) fn short(text: String, most: usize) -> Result<String, Wrong> {
    let length = text.chars().count();
    if length > most {
        return Err(("too-long", format!("Ce texte compte {length} caractères. Ramenez-le à {most} au plus.")));
    }
    Ok(text)
}

/// Lines of text, without what is not seen and without empty lines around.
pub(super) fn clean(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let seen = lines.chars().filter(|&c| c == '\n' || c == '\t' || !(c.is_control() || is_disguise(c)));
    seen.nfc().collect::<String>().trim_matches('\n').trim_end().to_owned()
}

fn ticket_kind(text: &str) -> Result<TicketKind, Wrong> {
    match words(text).join(" ").as_str() {
        "incident" => Ok(TicketKind::Incident),
        "demande" | "request" => Ok(TicketKind::Request),
        _ => Err((
            "unknown-value",
            "Ce type n’existe pas. Valeurs admises\u{a0}: «\u{a0}incident\u{a0}», «\u{a0}demande\u{a0}».".to_owned(),
        )),
    }
}

fn urgency_level(text: &str) -> Result<u8, Wrong> {
    text.trim()
        .parse()
        .ok()
        .filter(|level| (1..=5).contains(level))
        .ok_or_else(|| ("invalid", "Donnez un nombre entier de 1 (très basse) à 5 (très haute).".to_owned()))
}

fn phone_number(text: &str) -> Result<String, Wrong> {
    let text = short(line(text, usize::MAX), MAX_PHONE)?;
    let plain = text.chars().all(|c| c.is_ascii_digit() || " +.-()".contains(c));
    if plain && text.contains(|c: char| c.is_ascii_digit()) {
        return Ok(text);
    }
    Err((
        "invalid",
        "Donnez un numéro fait de chiffres, d’espaces et des signes + . - ( ), par exemple 03 80 00 00 00.".to_owned(),
    ))
}

/// The code's form only: its letter is a check letter, but a wrong one would keep nobody from being helped,
/// and the directory knows the school better.
fn school_code(text: &str) -> Result<String, Wrong> {
    let code = text.trim().to_ascii_uppercase();
    if is_uai(&code) {
        return Ok(code);
    }
    Err((
        "invalid",
        "Donnez le code UAI de l’école\u{a0}: sept chiffres et une lettre, par exemple 0210001A.".to_owned(),
    ))
}

pub(super) fn attachments(files: Vec<File>) -> Vec<Attachment> {
    let mut names = FileNames::default();
    files
        .into_iter()
        .map(|file| {
            let declared = file.content_type.unwrap_or_default();
            let content_type = match line(declared.split(';').next().unwrap_or_default(), 100) {
                none if none.is_empty() => "application/octet-stream".to_owned(),
                given => given.to_ascii_lowercase(),
            };
            let name = names.name(file.name.as_deref(), &content_type);
            Attachment { name, content_type, content: file.content, inline_tag: None }
        })
        .collect()
}
