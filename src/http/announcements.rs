//! `POST /v1/announcements` and what became of them: information to all directors of a zone, for programs and portals of
//! people in charge.

mod asked;
mod problems;
mod shown;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;

use self::{
    asked::{Confirmation, DoubtAnswer, MessageEnd, NewAnnouncement, Whoever},
    problems::problem,
    shown::{AnnouncementState, Counted, FileShown, ZoneCount, kept, mail, message, state},
};
use super::{
    api, auth,
    body::{Incoming, Standing, Whole},
    calls::Calls,
    identity, in_charge,
    orders::check_content_type,
    problem::Problem,
    query,
    responses::{AnyTime, ByPortal, LateBody, LateCall},
    schemas,
    services::Services,
};
use crate::{
    announcements::{Announcement, InformError, Informed, MailingProgress},
    people::Rights,
    request::{Address, Reference},
};

/// Tells of each call.
pub(super) fn calls<C: Calls>(calls: C) -> C {
    calls
        .call(__path_inform, inform)
        .call(__path_all, all)
        .call(__path_one, one)
        .call(__path_confirm, confirm)
        .call(__path_stop, stop)
        .call(__path_again, again)
        .call(__path_end, end)
        .call(__path_decide, decide)
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
        (status = 200, body = Counted, description = "Who would get it, and what they would read (`dry_run`)."),
        (status = 202, body = AnnouncementState, description = "It is kept, and goes, or waits for a second person."),
        (status = 400, description = "The body, a parameter or the call is broken."),
        (status = 409, description = "It cannot be sent: `reason` is `nobody`, `no-relay`, `no-second-person`, or `says-something-else` where another one has its `Idempotency-Key`."),
        (status = 415, description = "Not JSON."),
        (status = 422, description = "Fields are wrong; `errors` names each."),
        ByPortal, LateBody, AnyTime,
    ))]
async fn inform(State(services): State<Arc<Services>>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, deadline| {
            check_content_type(&parts.headers)?;
            let Caller { rights, person, body } = caller(services, parts, body).await?;
            let asked = asked::new_announcement(&body.bytes, &parts.headers, person.as_ref(), services).await?;
            let informer = Arc::clone(&services.oversight()?.informer);
            if asked.is_dry {
                let counting = async move {
                    let recipients = informer.recipients(&asked.announcement, &asked.list, &rights).await?;
                    let (files, _) = informer.files(&asked.enclosure).await?;
                    Ok((asked.announcement, recipients, files))
                };
                let (announcement, recipients, files) = services
                    .finish(Box::pin(counting), body.room, deadline)
                    .await?
                    .map_err(|it: InformError| problem(&it))?;
                let zones = recipients.by_zone().into_iter().flat_map(|(department, each)| {
                    each.into_iter().map(move |(circonscription, addresses)| ZoneCount {
                        department: department.clone(),
                        circonscription,
                        addresses,
                    })
                });
                return Ok(api::personal(Json(Counted {
                    addresses: recipients.len(),
                    files: files.iter().map(FileShown::of).collect(),
                    zones: zones.collect(),
                    list: recipients.addresses().map(ToString::to_string).collect(),
                    to_confirm: recipients.len() > services.oversight()?.informer.confirm_above(),
                    mail: mail(&services.oversight()?.informer, &announcement)?,
                    message: message(&announcement, &services.time_zone),
                })));
            }
            let informing =
                async move { informer.inform(asked.announcement, (&asked.list, &asked.enclosure), &rights).await };
            let Informed { announcement, mailing } =
                services.finish(Box::pin(informing), body.room, deadline).await?.map_err(|it| problem(&it))?;
            let state = match &mailing {
                Some(progress) => state(services, &announcement, &progress.mailing, Some(progress))?,
                None => kept(services, &announcement),
            };
            Ok((StatusCode::ACCEPTED, api::personal(Json(state))).into_response())
        })
        .await
}

/// What was told
///
/// Of whoever asks: the newest first. Of those that go now, also how far they are, and what is in doubt.
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
            let under_way = informer.under_way(&mailings).await.map_err(|error| problem(&error))?;
            let all = informer.keeping().all().await.map_err(|error| problem(&error.into()))?;
            let theirs = all.iter().filter(|announcement| announcement.is_seen_by(&rights)).map(|announcement| {
                let name = announcement.reference.to_string();
                match mailings.iter().find(|mailing| mailing.reference == name) {
                    Some(mailing) => state(services, announcement, mailing, under_way.get(&name)),
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
            let (announcement, _) = seen(services, &name, &rights).await?;
            told(services, &announcement).await
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
            let Ordered { asked: (code, by), rights, announcement, reference } =
                ordered(services, parts, body, &name, asked::confirmation).await?;
            // Whom a token names by `by` says nothing of what it may.
            in_charge::operators_only(&rights)?;
            let confirmed = services.oversight()?.informer.confirm(reference, &code, &by).await;
            // The portal may show it from now on.
            services.portal.refresh_messages().await;
            shown(services, &announcement, confirmed)
        })
        .await
}

/// Stop one
///
/// What is not sent stays so.
#[utoipa::path(post, path = "/v1/announcements/{reference}/stop", operation_id = "stop_announcement", tag = "announcements",
    security(("people_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(("reference" = String, Path, description = "What it is called.", example = "P-7K3M-Q2XV-9D4T"), schemas::Whose),
    request_body(content = Whoever, content_type = "application/json"),
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
            let Ordered { asked: by, announcement, reference, .. } =
                ordered(services, parts, body, &name, asked::whoever).await?;
            shown(services, &announcement, services.oversight()?.informer.stop(reference, &by).await)
        })
        .await
}

/// Send one again to those who were refused
///
/// Of one that has ended, the addresses that the relay refused get it once more, and no other: after the relay, or the mailbox, was mended. It is the same mail, with the same Message-ID.
#[utoipa::path(post, path = "/v1/announcements/{reference}/again", operation_id = "send_announcement_again", tag = "announcements",
    security(("people_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(("reference" = String, Path, description = "What it is called.", example = "P-7K3M-Q2XV-9D4T"), schemas::Whose),
    request_body(content = Whoever, content_type = "application/json"),
    responses(
        (status = 200, body = AnnouncementState, description = "It goes again."),
        (status = 400, description = "The body, a parameter or the call is broken."),
        (status = 404, description = "There is none of this name, or it is somebody else's."),
        (status = 409, description = "Nobody was refused, it has not ended, or it was stopped."),
        (status = 415, description = "Not JSON."),
        (status = 422, description = "Fields are wrong; `errors` names each."),
        ByPortal, LateBody, AnyTime,
    ))]
async fn again(State(services): State<Arc<Services>>, Path(name): Path<String>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            let Ordered { asked: by, announcement, reference, .. } =
                ordered(services, parts, body, &name, asked::whoever).await?;
            shown(services, &announcement, services.oversight()?.informer.again(reference, &by).await)
        })
        .await
}

/// End a message, or prolong it
///
/// Of what the portal shows, until when it does; it is shown no longer where no `ends` is given. Its mails, if any, go on.
#[utoipa::path(post, path = "/v1/announcements/{reference}/end", operation_id = "end_message", tag = "announcements",
    security(("people_token" = []), ("portal_timestamp" = [], "portal_signature" = []), ("proxy_identity" = [])),
    params(("reference" = String, Path, description = "What it is called.", example = "P-7K3M-Q2XV-9D4T"), schemas::Whose),
    request_body(content = MessageEnd, content_type = "application/json"),
    responses(
        (status = 200, body = AnnouncementState, description = "It ends so."),
        (status = 400, description = "The body, a parameter or the call is broken."),
        (status = 404, description = "There is none of this name, or it is somebody else's."),
        (status = 409, description = "The portal does not show it: it goes by mail alone."),
        (status = 415, description = "Not JSON."),
        (status = 422, description = "Fields are wrong; `errors` names each."),
        ByPortal, LateBody, AnyTime,
    ))]
async fn end(State(services): State<Arc<Services>>, Path(name): Path<String>, request: Request) -> Response {
    services
        .answered(request, async |services, parts, body, _| {
            let Ordered { asked: (until, by), announcement, reference, .. } =
                ordered(services, parts, body, &name, asked::message_end).await?;
            let informer = &services.oversight()?.informer;
            let ended = informer.show_until(announcement, until).await.map_err(|error| problem(&error))?;
            tracing::info!(%reference, by, "a program or a portal gave a message another end");
            services.portal.refresh_messages().await;
            told(services, &ended).await
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
            let Ordered { asked: (decision, batch, by), rights, announcement, reference } =
                ordered(services, parts, body, &name, asked::decision).await?;
            in_charge::operators_only(&rights)?;
            shown(services, &announcement, services.oversight()?.informer.decide(reference, batch, decision, &by).await)
        })
        .await
}

/// An announcement, and how far it is.
async fn told(services: &Services, announcement: &Announcement) -> Result<Response, Problem> {
    let answer = match services.oversight()?.informer.progress(announcement.reference).await {
        Ok(progress) => state(services, announcement, &progress.mailing, Some(&progress))?,
        Err(InformError::Unknown | InformError::Unfrozen(_) | InformError::PortalOnly) => kept(services, announcement),
        Err(error) => return Err(problem(&error)),
    };
    Ok(api::personal(Json(answer)))
}

/// How far it is now, or why nothing was changed.
fn shown(
    services: &Services,
    announcement: &Announcement,
    changed: Result<MailingProgress, InformError>,
) -> Result<Response, Problem> {
    let progress = changed.map_err(|error| problem(&error))?;
    Ok(api::personal(Json(state(services, announcement, &progress.mailing, Some(&progress))?)))
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

/// What a call orders of one announcement.
struct Ordered<T> {
    /// What its body says.
    asked: T,
    rights: Rights,
    /// The one of that name, which the caller may change.
    announcement: Announcement,
    reference: Reference,
}

/// Reads a call that changes the announcement of this name; `read` reads its body, by which a program says who orders it.
async fn ordered<T>(
    services: &Services,
    parts: &Parts,
    body: &mut Incoming,
    name: &str,
    read: impl FnOnce(&Bytes, Option<&Address>) -> Result<T, Problem>,
) -> Result<Ordered<T>, Problem> {
    check_content_type(&parts.headers)?;
    let Caller { rights, person, body } = caller(services, parts, body).await?;
    let asked = read(&body.bytes, person.as_ref())?;
    let (announcement, reference) = theirs(services, name, &rights).await?;
    Ok(Ordered { asked, rights, announcement, reference })
}

/// The announcement of this name, where they may change it.
async fn theirs(services: &Services, name: &str, rights: &Rights) -> Result<(Announcement, Reference), Problem> {
    let (announcement, reference) = seen(services, name, rights).await?;
    if announcement.is_within(rights) { Ok((announcement, reference)) } else { Err(problem(&InformError::NotYours)) }
}

/// The announcement of this name, where they may see it.
async fn seen(services: &Services, name: &str, rights: &Rights) -> Result<(Announcement, Reference), Problem> {
    let unknown = || problem(&InformError::Unknown);
    let reference = Reference::parse(name).ok_or_else(unknown)?;
    let kept = services.oversight()?.informer.keeping().of_reference(reference).await;
    let kept = kept.map_err(|error| problem(&error.into()))?;
    let announcement = kept.filter(|announcement| announcement.is_seen_by(rights)).ok_or_else(unknown)?;
    Ok((announcement, reference))
}
