//! Is it alive, can it work, what has it done: for the container, the load balancer and Prometheus.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{calls::Calls, gateway::NotReady, problem::Problem, responses::BrokenCall, services::Services};
use crate::text::{Bilingual, Language};

const READY_PAUSE: Duration = Duration::from_secs(10);

/// Tells of what who watches the gateway may ask.
pub(super) fn calls<C: Calls>(calls: C) -> C {
    calls.call(__path_alive, alive).call(__path_ready, ready).call(__path_metrics, metrics)
}

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `alive` or `ready`.
    #[schema(example = "ready")]
    status: &'static str,
}

/// Whether the process answers
///
/// It says nothing about the servers behind it.
#[utoipa::path(get, path = "/healthz", tag = "health", responses(
    (status = 200, body = Health, description = "It does."), BrokenCall,
))]
async fn alive() -> Json<Health> {
    Json(Health { status: "alive" })
}

/// Whether a request would be handled now
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, body = Health, description = "It would."),
    (status = 503, description = "Stopping, or a server behind does not answer."), BrokenCall,
))]
async fn ready(State(services): State<Arc<Services>>) -> Result<Json<Health>, Problem> {
    let not_ready =
        |detail| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", detail).retry_after(READY_PAUSE);
    if services.stop.is_cancelled() {
        return Err(not_ready("La passerelle s’arrête.".to_owned()));
    }
    let Err(NotReady { why, remedy }) = services.gateway().ready().await else {
        return Ok(Json(Health { status: "ready" }));
    };
    let english = |said: &Bilingual| said.text(Language::English).to_owned();
    tracing::warn!(cause = english(&why), remedy = english(&remedy), "not ready");
    let (why, remedy) = (why.text(Language::French), remedy.text(Language::French));
    Err(not_ready(format!(
        "La passerelle ne peut pas traiter de demande pour le moment\u{a0}: {why}. À faire\u{a0}: {remedy}."
    )))
}

/// Counters and durations, for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, body = String, content_type = "text/plain", description = "Prometheus text format 0.0.4.",
        example = json!("# TYPE passerelle_requests_total counter\npasserelle_requests_total{channel=\"form\",outcome=\"created\",reason=\"created\"} 12\n")),
    BrokenCall,
))]
async fn metrics(State(services): State<Arc<Services>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], services.metrics.render())
}
