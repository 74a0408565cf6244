//! `POST /v1/announcements` and what became of them: information to all directors of a zone, for programs and portals of
//! people in charge.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use jiff::{Timestamp, Zoned};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    api, auth,
    body::{Incoming, Standing, Whole},
    fields::Fields,
    identity, in_charge, keys,
    orders::{check_content_type, no_object},
    problem::{BUSY_PAUSE, Problem},
    query,
    responses::{AnyTime, ByPortal, LateBody, LateCall},
    schemas,
    services::Services,
    values::rfc3339,
};
use crate::{
    announcements::{
        Announcement, DoubtDecision, InformError, Informed, KeepingError, LONGEST_BODY, LONGEST_SUBJECT, Mailing,
        MailingProgress, MailingState, NoList, NotFrozen, Recipients, Zone, Zones,
    },
    people::Rights,
    request::{Address, Reason, Reference},
};

/// Characters of a name.
const LONGEST_NAME: usize = 200;
/// Zones, and addresses of a list, at most.
const MOST_ZONES: usize = 500;
const MOST_ADDRESSES: usize = 20_000;
const FIELDS: [&str; 11] =
    ["subject", "text", "zones", "application", "recipients", "list", "on_portal", "begins", "ends", "by", "dry_run"];

/// The routes, each with its description.
pub(super) fn routes() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(inform, all))
        .routes(routes!(one))
        .routes(routes!(confirm))
        .routes(routes!(stop))
        .routes(routes!(decide))
}

/// What directors are told.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
struct NewAnnouncement {
    /// The subject, one line.
    #[schema(example = "LSU indisponible ce matin", max_length = 150)]
    subject: String,
    /// The text, Markdown.
    #[schema(example = "Bonjour,\n\n**LSU** ne répond pas ; nous y travaillons.", max_length = 15000)]
    text: String,
    /// Departments (`021`) and circonscriptions (`021/Dijon Nord`); without, the whole academy.
    #[schema(example = json!(["021", "058/Nevers"]))]
    zones: Option<Vec<String>>,
    /// The application it is about.
    #[schema(example = "LSU")]
    application: Option<String>,
    /// Who gets it by mail: `directors` (of its zones), `last-requesters` (those who asked for help with its application in the last 90 days), `list`, or `none`. Without, `directors`.
    #[schema(example = "directors", pattern = "^(directors|last-requesters|list|none)$")]
    recipients: Option<String>,
    /// The addresses of `recipients: list`.
    #[schema(example = json!(null))]
    list: Option<Vec<String>>,
    /// Whether the portal shows it, too.
    #[schema(example = true)]
    on_portal: Option<bool>,
    /// From when the portal shows it; without, from now on.
    #[schema(format = DateTime, example = "2026-11-24T08:00:00+01:00")]
    begins: Option<String>,
    /// Until when; required where the portal shows it.
    #[schema(format = DateTime, example = "2026-11-25T18:00:00+01:00")]
    ends: Option<String>,
    /// Who writes it, where a token names nobody.
    #[schema(example = "ien.dijon@ac-dijon.fr", max_length = 200)]
    by: Option<String>,
    /// Counts who would get it; keeps and sends nothing.
    #[schema(example = false)]
    dry_run: Option<bool>,
}

/// How many addresses of a zone get it.
#[derive(Serialize, ToSchema)]
struct ZoneCount {
    /// The department, `inconnu` where it is not known.
    #[schema(example = "021")]
    department: String,
    /// The circonscription, likewise.
    #[schema(example = "Dijon Nord")]
    circonscription: String,
    /// How many.
    #[schema(example = 42)]
    addresses: usize,
}

/// Who would get it.
#[derive(Serialize, ToSchema)]
struct Counted {
    /// How many addresses.
    #[schema(example = 42)]
    addresses: usize,
    /// Of each zone.
    zones: Vec<ZoneCount>,
    /// Each address.
    #[schema(example = json!(["ce.0210001a@ac-dijon.fr"]))]
    list: Vec<String>,
    /// Whether a second person would have to confirm it.
    #[schema(example = false)]
    to_confirm: bool,
}

/// An address that the relay refuses.
#[derive(Serialize, ToSchema)]
struct RefusedAddress {
    /// The address.
    #[schema(example = "ce.0210009z@ac-dijon.fr")]
    address: String,
    /// The relay's answer.
    #[schema(example = 550)]
    code: u16,
}

/// A batch of which nobody knows whether the relay has it.
#[derive(Serialize, ToSchema)]
struct DoubtfulBatch {
    /// Its number.
    #[schema(example = 7)]
    batch: usize,
    /// When it went, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T09:12:00+01:00")]
    at: String,
    /// Whom it is for.
    #[schema(example = json!(["ce.0210001a@ac-dijon.fr"]))]
    addresses: Vec<String>,
}

/// What is told, and how far it is.
#[derive(Serialize, ToSchema)]
struct AnnouncementState {
    /// What it is called.
    #[schema(example = "P-7K3M-Q2XV-9D4T")]
    reference: String,
    /// `to-confirm`, `going`, `stopped`, `ended`; `kept` where no mail goes.
    #[schema(example = "going")]
    state: &'static str,
    /// Its subject.
    #[schema(example = "LSU indisponible ce matin")]
    subject: String,
    /// Who wrote it.
    #[schema(example = "ien.dijon@ac-dijon.fr")]
    written_by: String,
    /// When, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T08:00:00+01:00")]
    written_at: String,
    /// The second person who confirmed it.
    #[schema(example = json!(null))]
    confirmed_by: Option<String>,
    /// How many addresses are on its list.
    #[schema(example = 2950)]
    addresses: usize,
    /// To how many it was handed over; null in a list of announcements.
    #[schema(example = 1400)]
    handed: Option<usize>,
    /// To how many it is to go; null in a list of announcements.
    #[schema(example = 1549)]
    pending: Option<usize>,
    /// Whom the relay refuses.
    refused: Vec<RefusedAddress>,
    /// What an operator has to decide on, by the relay's log.
    doubts: Vec<DoubtfulBatch>,
    /// The Message-ID of its mails; null where none goes.
    #[schema(example = "<P-7K3M-Q2XV-9D4T.information.passerelle@ac-dijon.fr>")]
    message_id: Option<String>,
}

/// What confirms an announcement.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
struct Confirmation {
    /// The code of the mail that asked for it.
    #[schema(example = "GEZDGNBVGY3TQOJQ", max_length = 200)]
    code: String,
    /// Who confirms, where a token names nobody.
    #[schema(example = "chef@ac-dijon.fr", max_length = 200)]
    by: Option<String>,
}

/// Who stops an announcement.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
struct Stopped {
    /// Who, where a token names nobody.
    #[schema(example = "chef@ac-dijon.fr", max_length = 200)]
    by: Option<String>,
}

/// What the relay's log says of what is in doubt.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
struct DoubtAnswer {
    /// `sent`: the relay has it. `send`: it does not, and it is sent again.
    #[schema(example = "sent", pattern = "^(sent|send)$")]
    decision: String,
    /// Of this batch alone; without, of all.
    #[schema(example = 7, minimum = 1)]
    batch: Option<usize>,
    /// Who decides, where a token names nobody.
    #[schema(example = "chef@ac-dijon.fr", max_length = 200)]
    by: Option<String>,
}

/// Who calls, what they may do, and what they send.
struct Caller {
    rights: Rights,
    person: Option<Address>,
    body: Whole,
}

/// Tell all directors of a zone
///
/// By mail, on the portal, or both; for people in charge (`[people]`): operators everybody, correspondents their department, référents those who asked for help with their application. Each address gets one copy. The same call again (by its Idempotency-Key, else by the same body on the same day) is the same announcement. Above `announcements.confirm_above` addresses it waits for a second person.
#[utoipa::path(post, path = "/v1/announcements", operation_id = "inform", tag = "announcements",
    security(("people_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(
        schemas::Whose,
        ("Idempotency-Key" = Option<String>, Header, description = "Names the announcement: 1 to 255 visible ASCII characters.", min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "4d0c8f7e-3b1a-4a55-9d5e-6f2b1f0f7a11"),
    ),
    request_body(content = NewAnnouncement, content_type = "application/json"),
    responses(
        (status = 200, body = Counted, description = "Who would get it (`dry_run`)."),
        (status = 202, body = AnnouncementState, description = "It is kept, and goes, or waits for a second person."),
        (status = 400, description = "The body, a parameter or the call is broken."),
        (status = 409, description = "It cannot be sent: `reason` is `nobody`, `no-relay` or `no-second-person`."),
        (status = 415, description = "Not JSON."),
        (status = 422, description = "Fields are wrong; `errors` names each."),
        ByPortal, LateBody, AnyTime,
    ))]
async fn inform(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            check_content_type(&parts.headers)?;
            let Caller { rights, person, body } = caller(services, parts, body).await?;
            let asked = read(&body.bytes, &parts.headers, person.as_ref(), services)?;
            let informer = Arc::clone(&services.oversight()?.informer);
            if asked.is_dry {
                let counting = async move { informer.recipients(&asked.announcement, &asked.list, &rights).await };
                let recipients =
                    services.finish(Box::pin(counting), body.room, deadline).await?.map_err(|it| problem(&it))?;
                let zones = recipients.by_zone().into_iter().flat_map(|(department, each)| {
                    each.into_iter().map(move |(circonscription, addresses)| ZoneCount {
                        department: department.clone(),
                        circonscription,
                        addresses,
                    })
                });
                return Ok(api::personal(Json(Counted {
                    addresses: recipients.len(),
                    zones: zones.collect(),
                    list: recipients.addresses().map(ToString::to_string).collect(),
                    to_confirm: recipients.len() > services.oversight()?.informer.confirm_above(),
                })));
            }
            let informing = async move { informer.inform(asked.announcement, &asked.list, &rights).await };
            let Informed { announcement, mailing } =
                services.finish(Box::pin(informing), body.room, deadline).await?.map_err(|it| problem(&it))?;
            let state = match &mailing {
                Some(progress) => state(services, &progress.mailing, Some(progress))?,
                None => kept(services, &announcement),
            };
            Ok((StatusCode::ACCEPTED, api::personal(Json(state))).into_response())
        })
        .await
}

/// What was told
///
/// Of whoever asks: the newest first.
#[utoipa::path(get, path = "/v1/announcements", operation_id = "announcements", tag = "announcements",
    security(("people_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(schemas::Whose),
    responses(
        (status = 200, body = Vec<AnnouncementState>, description = "The announcements."),
        (status = 400, description = "A parameter, or the call, is broken."),
        ByPortal, LateCall, AnyTime,
    ))]
async fn all(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            let Caller { rights, .. } = caller(services, parts, body).await?;
            let informer = &services.oversight()?.informer;
            let mailings = informer.mailings().await.map_err(|error| problem(&error))?;
            let all = informer.keeping().all().await.map_err(|error| problem(&error.into()))?;
            let theirs = all.iter().filter(|announcement| announcement.is_within(&rights)).map(|announcement| {
                let name = announcement.reference.to_string();
                match mailings.iter().find(|mailing| mailing.reference == name) {
                    Some(mailing) => state(services, mailing, None),
                    None => Ok(kept(services, announcement)),
                }
            });
            let theirs: Vec<AnnouncementState> = theirs.collect::<Result<_, Problem>>()?;
            Ok(api::personal(Json(theirs)))
        })
        .await
}

/// How far one is
///
/// With the addresses that the relay refuses, and those of which nobody knows whether they have it.
#[utoipa::path(get, path = "/v1/announcements/{reference}", operation_id = "announcement", tag = "announcements",
    security(("people_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(("reference" = String, Path, description = "What it is called.", example = "P-7K3M-Q2XV-9D4T"), schemas::Whose),
    responses(
        (status = 200, body = AnnouncementState, description = "The announcement."),
        (status = 400, description = "A parameter, or the call, is broken."),
        (status = 404, description = "There is none of this name, or it is somebody else's."),
        ByPortal, LateCall, AnyTime,
    ))]
async fn one(State(services): State<Arc<Services>>, Path(name): Path<String>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            let Caller { rights, .. } = caller(services, parts, body).await?;
            let (announcement, reference) = theirs(services, &name, &rights).await?;
            let answer = match services.oversight()?.informer.progress(reference).await {
                Ok(progress) => state(services, &progress.mailing, Some(&progress))?,
                Err(InformError::Unknown) => kept(services, &announcement),
                Err(error) => return Err(problem(&error)),
            };
            Ok(api::personal(Json(answer)))
        })
        .await
}

/// Confirm one as a second person
///
/// By the code that other operators than its writer were sent.
#[utoipa::path(post, path = "/v1/announcements/{reference}/confirmation", operation_id = "confirm_announcement", tag = "announcements",
    security(("people_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(("reference" = String, Path, description = "What it is called.", example = "P-7K3M-Q2XV-9D4T"), schemas::Whose),
    request_body(content = Confirmation, content_type = "application/json"),
    responses(
        (status = 200, body = AnnouncementState, description = "It goes."),
        (status = 400, description = "The body, a parameter or the call is broken."),
        (status = 404, description = "There is none of this name, or it is somebody else's."),
        (status = 409, description = "It is stopped."),
        (status = 415, description = "Not JSON."),
        (status = 422, description = "The code is wrong, whoever confirms has written it, or fields are wrong."),
        ByPortal, LateBody, AnyTime,
    ))]
async fn confirm(State(services): State<Arc<Services>>, Path(name): Path<String>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            check_content_type(&parts.headers)?;
            let Caller { rights, person, body } = caller(services, parts, body).await?;
            let mut fields = Fields::of(&body.bytes, &["code", "by"]).ok_or_else(|| no_object("{\"code\": \"…\"}"))?;
            let code = fields.text("code", LONGEST_NAME);
            if code.is_none() {
                fields.note("code", "missing", "Donnez le code du courriel qui demande la confirmation.".to_owned());
            }
            let by = by(&mut fields, person.as_ref());
            let (Some(code), Some(by)) = (code, by) else { return Err(Problem::fields(fields.wrong())) };
            ended(fields)?;
            let (_, reference) = theirs(services, &name, &rights).await?;
            let informer = &services.oversight()?.informer;
            let progress = informer.confirm(reference, &code, &by).await.map_err(|error| problem(&error))?;
            Ok(api::personal(Json(state(services, &progress.mailing, Some(&progress))?)))
        })
        .await
}

/// Stop one
///
/// What is not sent stays so.
#[utoipa::path(post, path = "/v1/announcements/{reference}/stop", operation_id = "stop_announcement", tag = "announcements",
    security(("people_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(("reference" = String, Path, description = "What it is called.", example = "P-7K3M-Q2XV-9D4T"), schemas::Whose),
    request_body(content = Stopped, content_type = "application/json"),
    responses(
        (status = 200, body = AnnouncementState, description = "It is stopped."),
        (status = 400, description = "The body, a parameter or the call is broken."),
        (status = 404, description = "There is none of this name, or it is somebody else's."),
        (status = 409, description = "It has ended."),
        (status = 415, description = "Not JSON."),
        (status = 422, description = "Fields are wrong; `errors` names each."),
        ByPortal, LateBody, AnyTime,
    ))]
async fn stop(State(services): State<Arc<Services>>, Path(name): Path<String>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            check_content_type(&parts.headers)?;
            let Caller { rights, person, body } = caller(services, parts, body).await?;
            let mut fields = Fields::of(&body.bytes, &["by"]).ok_or_else(|| no_object("{\"by\": \"…\"}"))?;
            let Some(by) = by(&mut fields, person.as_ref()) else { return Err(Problem::fields(fields.wrong())) };
            ended(fields)?;
            let (_, reference) = theirs(services, &name, &rights).await?;
            let progress =
                services.oversight()?.informer.stop(reference, &by).await.map_err(|error| problem(&error))?;
            Ok(api::personal(Json(state(services, &progress.mailing, Some(&progress))?)))
        })
        .await
}

/// Decide what is in doubt
///
/// For operators who have looked for its Message-ID in the relay's log.
#[utoipa::path(post, path = "/v1/announcements/{reference}/doubts", operation_id = "decide_doubts", tag = "announcements",
    security(("people_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(("reference" = String, Path, description = "What it is called.", example = "P-7K3M-Q2XV-9D4T"), schemas::Whose),
    request_body(content = DoubtAnswer, content_type = "application/json"),
    responses(
        (status = 200, body = AnnouncementState, description = "It is decided so."),
        (status = 400, description = "The body, a parameter or the call is broken."),
        (status = 404, description = "There is none of this name, or it is somebody else's."),
        (status = 409, description = "Nothing is in doubt, or what is on its way may still arrive."),
        (status = 415, description = "Not JSON."),
        (status = 422, description = "Fields are wrong; `errors` names each."),
        ByPortal, LateBody, AnyTime,
    ))]
async fn decide(State(services): State<Arc<Services>>, Path(name): Path<String>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            check_content_type(&parts.headers)?;
            let Caller { rights, person, body } = caller(services, parts, body).await?;
            if !rights.is_everything() {
                return Err(in_charge::anothers());
            }
            let mut fields = Fields::of(&body.bytes, &["decision", "batch", "by"])
                .ok_or_else(|| no_object("{\"decision\": \"sent\"}"))?;
            let decision = match fields.text("decision", LONGEST_NAME).as_deref() {
                Some("sent") => Some(DoubtDecision::Sent),
                Some("send") => Some(DoubtDecision::Send),
                _ => {
                    fields.note(
                        "decision",
                        "unknown-value",
                        "Donnez «\u{a0}sent\u{a0}» ou «\u{a0}send\u{a0}».".to_owned(),
                    );
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
            let by = by(&mut fields, person.as_ref());
            let (Some(decision), Some(by)) = (decision, by) else { return Err(Problem::fields(fields.wrong())) };
            ended(fields)?;
            let (_, reference) = theirs(services, &name, &rights).await?;
            let informer = &services.oversight()?.informer;
            let progress = informer.decide(reference, batch, decision, &by).await.map_err(|error| problem(&error))?;
            Ok(api::personal(Json(state(services, &progress.mailing, Some(&progress))?)))
        })
        .await
}

/// Who calls: a program by its token, or a person.
async fn caller(services: &Services, parts: &Parts, body: &mut Incoming) -> Result<Caller, Problem> {
    let oversight = services.oversight()?;
    if !oversight.informer.is_on() {
        return Err(problem(&InformError::Off));
    }
    query::only(parts, &[identity::REQUESTER])?;
    if let Some(token) = auth::bearer(&parts.headers) {
        identity::requester(parts)?;
        let rights = oversight.people.rights_of_token(token).ok_or_else(|| auth::bad_token("people.tokens"))?;
        let body = body.read(&services.rooms, Standing::Proven).await?;
        return Ok(Caller { rights, person: None, body });
    }
    let (person, body) = api::requester(services, parts, body).await?;
    let rights = in_charge::of_person(services, &person).await?;
    Ok(Caller { rights, person: Some(person), body })
}

/// The announcement of this name, where it is theirs.
async fn theirs(services: &Services, name: &str, rights: &Rights) -> Result<(Announcement, Reference), Problem> {
    let unknown = || problem(&InformError::Unknown);
    let reference = Reference::parse(name).ok_or_else(unknown)?;
    let kept = services.oversight()?.informer.keeping().of_reference(reference).await;
    let kept = kept.map_err(|error| problem(&error.into()))?;
    let announcement = kept.filter(|announcement| announcement.is_within(rights)).ok_or_else(unknown)?;
    Ok((announcement, reference))
}

/// What a body asks for.
struct Asked {
    announcement: Announcement,
    list: Vec<Address>,
    is_dry: bool,
}

/// What a body asks for; all that is wrong with it is named at once.
fn read(body: &Bytes, headers: &HeaderMap, person: Option<&Address>, services: &Services) -> Result<Asked, Problem> {
    let key = keys::idempotency_key(headers)?;
    let mut fields = Fields::of(body, &FIELDS)
        .ok_or_else(|| no_object("{\"subject\": \"…\", \"text\": \"…\", \"zones\": [\"021\"]}"))?;
    let subject = fields.text("subject", LONGEST_SUBJECT);
    let text = fields.text("text", LONGEST_BODY);
    for (field, given) in [("subject", &subject), ("text", &text)] {
        if given.is_none() {
            fields.note(field, "missing", "Donnez un texte.".to_owned());
        }
    }
    let zone = "Donnez des départements (021) ou des circonscriptions (021/Dijon Nord).";
    let zones = each(&mut fields, "zones", MOST_ZONES, zone, Zone::parse);
    let list = each(&mut fields, "list", MOST_ADDRESSES, "Donnez des adresses.", Address::parse);
    let application = fields.text("application", LONGEST_NAME);
    // A blank is a mistake, and not everybody.
    let says_who = fields.has("recipients");
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
    if on_portal && ends.is_none_or(|ends| ends <= begins) {
        fields.note("ends", "missing", "Dites jusqu’à quand le portail la montre, après son début.".to_owned());
    }
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
        zones: Zones::of(zones),
        application,
        by_mail,
        on_portal,
        begins,
        ends,
        written_by: by,
        written_at: now,
    };
    Ok(Asked { announcement, list, is_dry })
}

/// The values of a list, each as `parse` reads it.
fn each<T>(
    fields: &mut Fields,
    name: &'static str,
    most: usize,
    remedy: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Vec<T> {
    let Some(given) = fields.take(name) else { return Vec::new() };
    let values = given.as_array().filter(|values| values.len() <= most);
    let parsed: Option<Vec<T>> = values.and_then(|values| values.iter().map(|value| parse(value.as_str()?)).collect());
    parsed.unwrap_or_else(|| {
        fields.note(name, "invalid", remedy.to_owned());
        Vec::new()
    })
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

fn moment(fields: &mut Fields, name: &'static str) -> Option<Timestamp> {
    let given = fields.text(name, LONGEST_NAME)?;
    let parsed = given.parse::<Timestamp>().ok();
    if parsed.is_none() {
        fields.note(name, "invalid", "Donnez un instant, comme 2026-11-24T08:00:00+01:00.".to_owned());
    }
    parsed
}

/// Who does it: the person who calls, else whom a program names.
fn by(fields: &mut Fields, person: Option<&Address>) -> Option<String> {
    let named = fields.text("by", LONGEST_NAME);
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

fn written(services: &Services, moment: Timestamp) -> String {
    let moment: Zoned = moment.to_zoned(services.time_zone.clone());
    rfc3339(&moment)
}

/// What goes by mail, and how far it is.
fn state(
    services: &Services,
    mailing: &Mailing,
    progress: Option<&MailingProgress>,
) -> Result<AnnouncementState, Problem> {
    let letters = services.oversight()?.informer.letters();
    let refused = progress.map(|progress| progress.refused.as_slice()).unwrap_or_default();
    let doubts = progress.map(|progress| progress.doubts.as_slice()).unwrap_or_default();
    Ok(AnnouncementState {
        reference: mailing.reference.clone(),
        state: match mailing.state {
            MailingState::ToConfirm => "to-confirm",
            MailingState::Going => "going",
            MailingState::Stopped => "stopped",
            MailingState::Ended => "ended",
        },
        subject: mailing.subject.clone(),
        written_by: mailing.written_by.clone(),
        written_at: written(services, mailing.written_at),
        confirmed_by: mailing.confirmed_by.clone(),
        addresses: mailing.addresses,
        handed: progress.map(|progress| progress.handed),
        pending: progress.map(|progress| progress.pending + progress.under_way),
        refused: refused
            .iter()
            .map(|(address, code)| RefusedAddress { address: address.to_string(), code: *code })
            .collect(),
        doubts: doubts
            .iter()
            .map(|doubt| DoubtfulBatch {
                batch: doubt.batch,
                at: written(services, doubt.at),
                addresses: doubt.addresses.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        message_id: mailing.name().map(|reference| letters.message_id(reference)),
    })
}

/// What goes on the portal alone.
fn kept(services: &Services, announcement: &Announcement) -> AnnouncementState {
    AnnouncementState {
        reference: announcement.reference.to_string(),
        state: "kept",
        subject: announcement.subject.clone(),
        written_by: announcement.written_by.clone(),
        written_at: written(services, announcement.written_at),
        confirmed_by: None,
        addresses: 0,
        handed: None,
        pending: None,
        refused: Vec::new(),
        doubts: Vec::new(),
        message_id: None,
    }
}

/// Why an announcement is not sent, or not changed, as whoever asked reads it.
pub(super) fn problem(error: &InformError) -> Problem {
    let (status, reason, detail) = match error {
        InformError::Off => (
            StatusCode::FORBIDDEN,
            "closed",
            "Cette entrée est fermée\u{a0}: les informations ne sont pas activées. Mettez announcements.enabled à true pour l’ouvrir.",
        ),
        InformError::NoRelay => (
            StatusCode::CONFLICT,
            "no-relay",
            "Aucun relais de messagerie n’est configuré (smtp.url). Ne la montrez que sur le portail, ou faites configurer le relais.",
        ),
        InformError::Missing(_) | InformError::NoList(NoList::NoApplication(_)) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad-announcement",
            "Il manque à l’information un objet, un texte, une destination, une fin après son début sur le portail, ou une application connue.",
        ),
        InformError::NotYours => (
            StatusCode::FORBIDDEN,
            "not-in-charge",
            "Ces zones, ou cette application, ne sont pas les vôtres. Choisissez les vôtres.",
        ),
        InformError::Nobody => (
            StatusCode::CONFLICT,
            "nobody",
            "Personne ne la recevrait\u{a0}: l’annuaire ne connaît aucune adresse de directeur dans ces zones.",
        ),
        InformError::NobodyElse(_) => (
            StatusCode::CONFLICT,
            "no-second-person",
            "À tant d’adresses, une deuxième personne doit confirmer, et l’exploitation n’en compte aucune autre. Faites inscrire quelqu’un dans people.operators.",
        ),
        InformError::Unknown | InformError::Keeping(KeepingError::Unknown) => (
            StatusCode::NOT_FOUND,
            "announcement-unknown",
            "Aucune information de ce nom n’est la vôtre. Vérifiez sa référence dans la liste.",
        ),
        InformError::NotNow(_) => (
            StatusCode::CONFLICT,
            "announcement-ended",
            "Son envoi est arrêté ou terminé\u{a0}: cela n’est plus possible.",
        ),
        InformError::WrongCode => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "wrong-code",
            "Ce code ne confirme pas cette information. Recopiez celui du courriel qui demande la confirmation.",
        ),
        InformError::SamePerson => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "same-person",
            "Qui l’a écrite ne peut pas la confirmer\u{a0}: une deuxième personne le fait.",
        ),
        InformError::NothingInDoubt(_) => (
            StatusCode::CONFLICT,
            "nothing-in-doubt",
            "Rien n’est en doute, ou pas encore\u{a0}: ce qui part en ce moment peut encore arriver. Réessayez dans quelques minutes.",
        ),
        InformError::NoList(_) | InformError::NotFrozen(NotFrozen::InPart) => {
            return not_now(error, Reason::DirectoryUnknown);
        }
        InformError::NotFrozen(NotFrozen::Glpi(_)) | InformError::Keeping(_) | InformError::Glpi(_) => {
            return not_now(error, Reason::GlpiUnavailable);
        }
    };
    Problem::new(status, reason, detail)
}

fn not_now(error: &InformError, reason: Reason) -> Problem {
    tracing::warn!(%error, "an announcement cannot be handled now");
    let detail = "L’assistance ou l’annuaire ne répond pas pour le moment, ou GLPI refuse à la passerelle les notes publiques. Réessayez dans quelques minutes\u{a0}; l’exploitation trouve la cause dans le journal et par «\u{a0}passerelle check\u{a0}».";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, reason.code(), detail).retry_after(BUSY_PAUSE)
}
