//! How answers are counted, by route and status.

use std::sync::Arc;

use axum::{handler::Handler, http::StatusCode};
use utoipa::{
    __dev::{SchemaReferences, Tags},
    Path,
};

use super::{calls::Calls, services::Services};

const RESPONSES: &str = "passerelle_http_responses_total";
/// The route of an address that there is none for.
pub(super) const NO_ROUTE: &str = "none";
/// What whoever watches the gateway asks for.
const WATCHED: [(&str, &str); 4] = [("/healthz", "200"), ("/readyz", "200"), ("/readyz", "503"), ("/metrics", "200")];

/// Says what is counted, and that these are: what whoever watches the gateway asks for, and addresses that are none.
pub(super) fn describe_metrics() {
    metrics::describe_counter!(RESPONSES, "Answers of the HTTP API by route and status.");
    for (route, status) in WATCHED.into_iter().chain([(NO_ROUTE, "404")]) {
        metrics::counter!(RESPONSES, "route" => route, "status" => status).increment(0);
    }
}

/// The answers that a call's description names are counted, too, before there is any.
pub(super) struct Expected;

impl Calls for Expected {
    fn call<P, H, T>(self, _: P, _: H) -> Self
    where
        P: Path + Tags<'static> + SchemaReferences,
        H: Handler<T, Arc<Services>>,
        T: 'static,
    {
        for status in P::operation().responses.responses.into_keys().filter(|status| status.parse::<u16>().is_ok()) {
            metrics::counter!(RESPONSES, "route" => <P as Path>::path(), "status" => status).increment(0);
        }
        self
    }
}

/// Counts one.
pub(super) fn count(route: String, status: StatusCode) {
    metrics::counter!(RESPONSES, "route" => route, "status" => status.as_u16().to_string()).increment(1);
}
