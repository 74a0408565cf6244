//! How answers are counted, by route and status.

use axum::http::StatusCode;
use serde_json::Value;

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

/// The answers that the API's description names are counted, too, before there is any.
pub(super) fn expect(api: &Value) {
    let paths = api["paths"].as_object().into_iter().flatten();
    for (path, operations) in paths {
        for operation in operations.as_object().into_iter().flat_map(|operations| operations.values()) {
            let statuses = operation["responses"].as_object().into_iter().flat_map(|answers| answers.keys());
            for status in statuses.filter(|status| status.parse::<u16>().is_ok()) {
                metrics::counter!(RESPONSES, "route" => path.clone(), "status" => status.clone()).increment(0);
            }
        }
    }
}

/// Counts one.
pub(super) fn count(route: String, status: StatusCode) {
    metrics::counter!(RESPONSES, "route" => route, "status" => status.as_u16().to_string()).increment(1);
}
