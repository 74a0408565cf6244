//! What calls about announcements ask for, as their bodies say it.

use axum::http::HeaderMap;
use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::super::{fields::Fields, keys, orders::no_object, problem::Problem, requests, schemas, services::Services};
use crate::{
    announcements::{
        Announcement, DoubtDecision, LONGEST_BODY, LONGEST_LIST, LONGEST_SUBJECT, Recipients, Stranger, Zones,
        says_nothing,
    },
    intake::form::{self, FieldError},
    request::{Address, Enclosure, Reference},
};

/// Characters of a name.
const LONGEST_NAME: usize = 200;
/// Characters of who writes, confirms, stops or decides.
const LONGEST_BY: usize = 150;
/// Zones at most.
const MOST_ZONES: usize = 500;
/// Of those that are wrong so many are named.
const MOST_NAMED: usize = 20;
/// The years of moments that GLPI's database keeps.
const LASTING: std::ops::Range<i16> = 1971..2038;
const FIELDS: [&str; 12] = [
    "subject",
    "text",
    "attachments",
    "zones",
    "application",
    "recipients",
    "list",
    "on_portal",
    "begins",
    "ends",
    "by",
    "dry_run",
];
/// What directors are told.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct NewAnnouncement {
    /// The subject, one line.
    #[schema(example = "LSU indisponible ce matin", max_length = 150)]
    subject: String,
    /// The text, Markdown.
    #[schema(example = "Bonjour,\n\n**LSU** ne répond pas ; nous y travaillons.", max_length = 15000)]
    text: String,
    /// Files that go along, `announcements.max_size` bytes of them at most; each as `[attachments]` says.
    #[schema(example = json!([{"name": "procedure.pdf", "content_type": "application/pdf", "content": "JVBERi0="}]))]
    attachments: Option<Vec<schemas::JsonFile>>,
    /// Departments (`021`) and circonscriptions (`021/Dijon Nord`), at least one; left out, the whole academy. Not with `recipients: list`.
    #[schema(example = json!(["021", "058/Nevers"]), min_items = 1)]
    zones: Option<Vec<String>>,
    /// The application it is about; left out, none.
    #[schema(example = "LSU", min_length = 1)]
    application: Option<String>,
    /// Who gets it by mail: `directors` (of its zones), `last-requesters` (those who asked for help with its application in the last 90 days), `list`, or `none`. Without, `directors`.
    #[schema(example = "directors", pattern = "^(directors|last-requesters|list|none)$")]
    recipients: Option<String>,
    /// The addresses of `recipients: list`.
    #[schema(example = json!(null), min_items = 1)]
    list: Option<Vec<String>>,
    /// Whether the portal shows it, too.
    #[schema(example = true)]
    on_portal: Option<bool>,
    /// From when the portal shows it; without, from now on.
    #[schema(format = DateTime, example = "2026-11-24T08:00:00+01:00")]
    begins: Option<String>,
    /// Until when, a moment to come; required where the portal shows it.
    #[schema(format = DateTime, example = "2026-11-25T18:00:00+01:00")]
    ends: Option<String>,
    /// Who writes it, where a token names nobody; an address where a second person has to confirm it. Where a person calls,
    /// their own address, or nothing.
    #[schema(example = "ien.dijon@ac-dijon.fr", max_length = 150)]
    by: Option<String>,
    /// Counts who would get it and shows what they would read; keeps and sends nothing.
    #[schema(example = false)]
    dry_run: Option<bool>,
}
/// What confirms an announcement.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct Confirmation {
    /// The code of the mail that asked for it.
    #[schema(example = "GEZDGNBVGY3TQOJQ", max_length = 200)]
    code: String,
    /// Who confirms, where a token names nobody: the address of an operator.
    #[schema(example = "chef@ac-dijon.fr", max_length = 150)]
    by: Option<String>,
}

/// Who stops an announcement, or sends it again.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct Whoever {
    /// Who, where a token names nobody.
    #[schema(example = "chef@ac-dijon.fr", max_length = 150)]
    by: Option<String>,
}

/// Until when the portal shows a message.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct MessageEnd {
    /// Until when, a moment to come after its begin; without, it is shown no longer.
    #[schema(format = DateTime, example = "2026-11-26T18:00:00+01:00")]
    ends: Option<String>,
    /// Who ends or prolongs it, where a token names nobody.
    #[schema(example = "chef@ac-dijon.fr", max_length = 150)]
    by: Option<String>,
}

/// What the relay's log says of what is in doubt.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct DoubtAnswer {
    /// `sent`: the relay has it. `send`: it does not, and it is sent again.
    #[schema(example = "sent", pattern = "^(sent|send)$")]
    decision: String,
    /// Of this batch alone; without, of all.
    #[schema(example = 7, minimum = 1)]
    batch: Option<usize>,
    /// Who decides, where a token names nobody.
    #[schema(example = "chef@ac-dijon.fr", max_length = 150)]
    by: Option<String>,
}
/// What a body asks for.
pub(super) struct Asked {
    pub(super) announcement: Announcement,
    pub(super) list: Vec<Address>,
    pub(super) enclosure: Enclosure,
    pub(super) is_dry: bool,
}

/// What a body asks for; all that is wrong with it is named at once.
pub(super) async fn new_announcement(
    body: &Bytes,
    headers: &HeaderMap,
    person: Option<&Address>,
    services: &Services,
) -> Result<Asked, Problem> {
    let key = keys::idempotency_key(headers)?;
    let mut fields = Fields::of(body, &FIELDS)
        .ok_or_else(|| no_object("{\"subject\": \"…\", \"text\": \"…\", \"zones\": [\"021\"]}"))?;
    let subject = fields.text("subject", LONGEST_SUBJECT);
    let text = fields.text("text", LONGEST_BODY).filter(|text| !says_nothing(text));
    for (field, given) in [("subject", &subject), ("text", &text)] {
        if given.is_none() {
            fields.note(field, "missing", "Donnez un texte.".to_owned());
        }
    }
    // A blank, and an empty list, is a mistake, and not everybody, always or now.
    let (has_zones, has_list) = (fields.has("zones"), fields.has("list"));
    let says_who = fields.has("recipients");
    let zones = zones(&mut fields, services).await?;
    let list = list(&mut fields);
    let application = text_or_mistake(&mut fields, "application", LONGEST_NAME);
    let by_mail = match fields.text("recipients", LONGEST_NAME).as_deref() {
        None if !says_who => Some(Recipients::Directors),
        Some("none") => None,
        code => {
            let recipients = code.and_then(Recipients::parse);
            if recipients.is_none() {
                let message = "Donnez directors, last-requesters, list ou none.";
                fields.note("recipients", "unknown-value", message.to_owned());
            }
            recipients
        }
    };
    if by_mail == Some(Recipients::List) && list.is_empty() {
        fields.note("list", "missing", "Donnez les adresses de la liste.".to_owned());
    }
    if by_mail == Some(Recipients::List) && has_zones {
        let message = "Une liste dit elle-même à qui l’information va\u{a0}: retirez les zones, ou la liste.";
        fields.note("zones", "unused", message.to_owned());
    }
    if by_mail != Some(Recipients::List) && has_list {
        let message = "Une liste ne compte que pour recipients: list. Dites-le, ou retirez-la.";
        fields.note("list", "unused", message.to_owned());
    }
    if by_mail == Some(Recipients::LastRequesters) && application.is_none() {
        fields.note("application", "missing", "Dites de quelle application.".to_owned());
    }
    let on_portal = flag(&mut fields, "on_portal");
    let is_dry = flag(&mut fields, "dry_run");
    if by_mail.is_none() && !on_portal {
        fields.note("recipients", "missing", "Ni courriel ni portail\u{a0}: dites où l’information va.".to_owned());
    }
    let now = Timestamp::now();
    let begins = moment(&mut fields, "begins").unwrap_or(now);
    let ends = moment(&mut fields, "ends");
    if on_portal && ends.is_some_and(|ends| ends <= now) {
        fields.note("ends", "invalid", "Cette fin est passée\u{a0}: donnez un instant à venir.".to_owned());
    }
    if on_portal && ends.is_none_or(|ends| ends <= begins) {
        fields.note("ends", "missing", "Dites jusqu’à quand le portail la montre, après son début.".to_owned());
    }
    let enclosure = enclosure(&mut fields, body.len() as u64).await?;
    let by = by(&mut fields, person);
    let (Some(subject), Some(text), Some(by)) = (subject, text, by) else {
        return Err(Problem::fields(fields.wrong()));
    };
    ended(fields)?;
    let reference = if let Some(key) = key {
        Reference::new("announcement", &by, key.as_bytes())
    } else {
        let day = now.to_zoned(services.time_zone.clone()).date();
        Reference::new("announcement", &by, &[day.to_string().as_bytes(), body].concat())
    };
    let announcement = Announcement {
        id: None,
        reference,
        subject,
        markdown: text,
        zones,
        application,
        by_mail,
        on_portal,
        is_held: false,
        begins,
        ends,
        files: Vec::new(),
        written_by: by,
        written_at: now,
    };
    Ok(Asked { announcement, list, enclosure, is_dry })
}

/// The files, in the shape that forms have.
async fn enclosure(fields: &mut Fields, size: u64) -> Result<Enclosure, Problem> {
    let Some(attachments) = fields.take("attachments") else { return Ok(Enclosure::default()) };
    let form = json!({ "attachments": attachments });
    let form = form::read(form::Encoding::Json, form.to_string().into()).await.map_err(requests::unreadable)?;
    match form::files(form, size).await {
        Ok(enclosure) => Ok(enclosure),
        Err(errors) => {
            for FieldError { field, code, message } in errors {
                fields.note(&field, code, message);
            }
            Ok(Enclosure::default())
        }
    }
}

/// The texts of a list.
fn texts(fields: &mut Fields, name: &'static str, most: usize, remedy: &str) -> Vec<String> {
    let Some(given) = fields.take(name) else { return Vec::new() };
    let values = given.as_array().filter(|values| values.len() <= most);
    let values = values.filter(|values| !values.is_empty());
    let texts = values.and_then(|values| values.iter().map(|value| value.as_str().map(str::to_owned)).collect());
    texts.unwrap_or_else(|| {
        fields.note(name, "invalid", format!("{remedy} Une au moins, {most} au plus."));
        Vec::new()
    })
}

/// The zones; those that are none are named, with the known ones that are near.
async fn zones(fields: &mut Fields, services: &Services) -> Result<Zones, Problem> {
    let remedy = "Donnez des départements (021) ou des circonscriptions (021/Dijon Nord).";
    match Zones::parse(texts(fields, "zones", MOST_ZONES, remedy)) {
        Ok(zones) => Ok(zones),
        Err(unread) => {
            let unread = &unread[..unread.len().min(MOST_NAMED)];
            let strangers = services.oversight()?.informer.misread(unread).await;
            fields.note("zones", "invalid", Stranger::told(&strangers));
            Ok(Zones::Academy)
        }
    }
}

/// The addresses; those that are none are named.
fn list(fields: &mut Fields) -> Vec<Address> {
    let (mut addresses, mut unread) = (Vec::new(), Vec::new());
    for text in texts(fields, "list", LONGEST_LIST, "Donnez des adresses.") {
        match Address::parse(&text) {
            Some(address) => addresses.push(address),
            None => unread.push(format!("«\u{a0}{}\u{a0}»", text.trim())),
        }
    }
    unread.truncate(MOST_NAMED);
    if !unread.is_empty() {
        let message = format!("Ce n’est pas une adresse\u{a0}: {}. Corrigez-la, ou retirez-la.", unread.join(", "));
        fields.note("list", "invalid", message);
    }
    addresses
}

fn flag(fields: &mut Fields, name: &'static str) -> bool {
    match fields.take(name) {
        None => false,
        Some(Value::Bool(flag)) => flag,
        Some(_) => {
            fields.note(name, "invalid", "Donnez true ou false.".to_owned());
            false
        }
    }
}

/// A text that is left out or says something.
fn text_or_mistake(fields: &mut Fields, name: &'static str, longest: usize) -> Option<String> {
    let is_given = fields.has(name);
    let text = fields.text(name, longest);
    if is_given && text.is_none() {
        fields.note(name, "invalid", "Ce champ est vide. Remplissez-le, ou retirez-le.".to_owned());
    }
    text
}

fn moment(fields: &mut Fields, name: &'static str) -> Option<Timestamp> {
    let given = text_or_mistake(fields, name, LONGEST_NAME)?;
    let parsed = given.parse::<Timestamp>().ok();
    if parsed.is_none() {
        fields.note(name, "invalid", "Donnez un instant, comme 2026-11-24T08:00:00+01:00.".to_owned());
    }
    let is_kept = |moment: &Timestamp| LASTING.contains(&moment.to_zoned(TimeZone::UTC).year());
    if parsed.is_some_and(|moment| !is_kept(&moment)) {
        let message = "GLPI ne garde que des dates de 1971 à 2037. Donnez-en une plus proche.";
        fields.note(name, "invalid", message.to_owned());
    }
    parsed.filter(is_kept)
}

/// Who does it: the person who calls, else whom a program names.
fn by(fields: &mut Fields, person: Option<&Address>) -> Option<String> {
    let named = fields.text("by", LONGEST_BY);
    if let (Some(person), Some(named)) = (person, &named)
        && Address::parse(named).as_ref() != Some(person)
    {
        let message = format!("Vous êtes {person}\u{a0}: retirez ce champ, ou donnez cette adresse.");
        fields.note("by", "not-you", message);
    }
    let by = person.map(ToString::to_string).or(named);
    if by.is_none() {
        fields.note("by", "missing", "Dites au nom de qui\u{a0}: un jeton ne le dit pas.".to_owned());
    }
    by
}

fn ended(fields: Fields) -> Result<(), Problem> {
    let wrong = fields.wrong();
    if wrong.is_empty() { Ok(()) } else { Err(Problem::fields(wrong)) }
}

/// The code that confirms, and who does.
pub(super) fn confirmation(body: &Bytes, person: Option<&Address>) -> Result<(String, String), Problem> {
    let mut fields = Fields::of(body, &["code", "by"]).ok_or_else(|| no_object("{\"code\": \"…\"}"))?;
    let code = fields.text("code", LONGEST_NAME);
    if code.is_none() {
        fields.note("code", "missing", "Donnez le code du courriel qui demande la confirmation.".to_owned());
    }
    let by = by(&mut fields, person);
    let (Some(code), Some(by)) = (code, by) else { return Err(Problem::fields(fields.wrong())) };
    ended(fields)?;
    Ok((code, by))
}

/// Who stops it, or sends it again.
pub(super) fn whoever(body: &Bytes, person: Option<&Address>) -> Result<String, Problem> {
    let mut fields = Fields::of(body, &["by"]).ok_or_else(|| no_object("{\"by\": \"…\"}"))?;
    let Some(by) = by(&mut fields, person) else { return Err(Problem::fields(fields.wrong())) };
    ended(fields)?;
    Ok(by)
}

/// Until when the portal shows it, where that is to come, and who says so.
pub(super) fn message_end(body: &Bytes, person: Option<&Address>) -> Result<(Option<Timestamp>, String), Problem> {
    let mut fields = Fields::of(body, &["ends", "by"]).ok_or_else(|| no_object("{\"ends\": \"…\", \"by\": \"…\"}"))?;
    let ends = moment(&mut fields, "ends");
    let Some(by) = by(&mut fields, person) else { return Err(Problem::fields(fields.wrong())) };
    ended(fields)?;
    Ok((ends, by))
}

/// What an operator decides of what is in doubt, of which batch, and who decides.
pub(super) fn decision(
    body: &Bytes,
    person: Option<&Address>,
) -> Result<(DoubtDecision, Option<usize>, String), Problem> {
    let mut fields =
        Fields::of(body, &["decision", "batch", "by"]).ok_or_else(|| no_object("{\"decision\": \"sent\"}"))?;
    let decision = match fields.text("decision", LONGEST_NAME).as_deref() {
        Some("sent") => Some(DoubtDecision::Sent),
        Some("send") => Some(DoubtDecision::Send),
        _ => {
            let message = "Donnez «\u{a0}sent\u{a0}» ou «\u{a0}send\u{a0}».";
            fields.note("decision", "unknown-value", message.to_owned());
            None
        }
    };
    let batch = fields.take("batch").and_then(|given| {
        let number = given.as_u64().and_then(|number| usize::try_from(number).ok());
        if number.is_none() {
            fields.note("batch", "invalid", "Donnez le numéro d’un lot.".to_owned());
        }
        number
    });
    let by = by(&mut fields, person);
    let (Some(decision), Some(by)) = (decision, by) else { return Err(Problem::fields(fields.wrong())) };
    ended(fields)?;
    Ok((decision, batch, by))
}
