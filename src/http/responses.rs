//! What calls may be answered with beside success, for the API's description: each that several calls share, once.
//!
//! Comments become descriptions. [`as_problems`] gives all of them, and those that one call names for itself, the
//! body of a problem.
#![allow(dead_code, reason = "read by whoever reads the description")]

use utoipa::{
    IntoResponses,
    openapi::{Content, OpenApi, Ref, RefOr},
};

use super::problem::MEDIA_TYPE;

/// Where a merged request is now.
pub(super) const MERGED: &str = "`request-merged`: staff has merged it into another request of this requester's, whose address is in `Location`, with the call's query. A signed call is signed anew for that address: it is not to be followed as it is.";

/// Of any call with a body, or of a person.
#[derive(IntoResponses)]
pub(super) enum AnyTime {
    #[response(status = 413, description = "Over http.max_size.")]
    TooLarge,
    /// The gateway failed.
    #[response(status = 500)]
    Failed,
    /// Not now; `Retry-After` says when to try again.
    #[response(status = 503)]
    NotNow,
}

/// The body did not come in time.
#[derive(IntoResponses)]
#[response(status = 408)]
pub(super) struct LateBody;

/// The call did not come in time.
#[derive(IntoResponses)]
#[response(status = 408)]
pub(super) struct LateCall;

/// Of calls that need a token.
#[derive(IntoResponses)]
pub(super) enum ByToken {
    /// No token, or a wrong one.
    #[response(status = 401)]
    Wrong,
    /// No token is configured.
    #[response(status = 403)]
    Closed,
}

/// Of calls that need a portal, a proxy or a person.
#[derive(IntoResponses)]
pub(super) enum ByPortal {
    /// Nothing proves the caller; `reason` says what is wrong.
    #[response(status = 401)]
    Unproven,
    /// Nothing is configured that could prove a caller.
    #[response(status = 403)]
    Closed,
}

/// Nobody is named, or not so that it may be believed; `reason` says which.
#[derive(IntoResponses)]
#[response(status = 401)]
pub(super) struct Nobody;

/// Of calls that read what is one person's.
#[derive(IntoResponses)]
pub(super) enum Reading {
    /// Nothing is configured that could name anybody, or the person named is not the one signed in.
    #[response(status = 403)]
    AnotherPerson,
}

/// Of calls that add to a person's request.
#[derive(IntoResponses)]
pub(super) enum Adding {
    /// Nothing is configured that could name anybody, the person named is not the one signed in, or another site made a browser send this.
    #[response(status = 403)]
    AnotherPersonOrSite,
}

/// The requester is no address, or the call is broken.
#[derive(IntoResponses)]
#[response(status = 400)]
pub(super) struct BadCall;

/// No request of this number is this requester's.
#[derive(IntoResponses)]
#[response(status = 404)]
pub(super) struct NoRequest;

/// Of forms.
#[derive(IntoResponses)]
pub(super) enum OfForms {
    /// Not a form.
    #[response(status = 415)]
    NoForm,
    /// Fields are wrong (`errors` names each), or a rule says no (`reason` says which).
    #[response(status = 422)]
    Refused,
}

/// Over the requester's daily number; `Retry-After` says when the next day begins.
#[derive(IntoResponses)]
#[response(status = 429)]
pub(super) struct OverTheDay;

/// Of calls that take a ticket to another level.
#[derive(IntoResponses)]
pub(super) enum Moving {
    /// The body is no JSON object.
    #[response(status = 400)]
    NoObject,
    /// There is no such ticket.
    #[response(status = 404)]
    NoTicket,
    /// Not JSON.
    #[response(status = 415)]
    NoJson,
    /// Fields are wrong; `errors` names each.
    #[response(status = 422)]
    WrongFields,
}

/// The call is broken, or its method is none of this address.
#[derive(IntoResponses)]
#[response(status = "4XX")]
pub(super) struct BrokenCall;

/// No secret is configured.
#[derive(IntoResponses)]
#[response(status = 403)]
pub(super) struct NoSecret;

/// Gives every response that is no success the body of a problem.
pub(super) fn as_problems(api: &mut OpenApi) {
    let operations = api.paths.paths.values_mut().flat_map(|path| [&mut path.get, &mut path.post]).flatten();
    for (status, response) in operations.flat_map(|operation| &mut operation.responses.responses) {
        if let RefOr::T(response) = response
            && !status.starts_with(['2', '3'])
        {
            let problem = Content::new(Some(Ref::from_schema_name("Problem")));
            response.content.insert(MEDIA_TYPE.to_owned(), RefOr::T(problem));
        }
    }
}
