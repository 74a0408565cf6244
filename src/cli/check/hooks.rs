//! Whether the portal takes what it is told.

use jiff::Timestamp;
use serde::Serialize;

use super::report::Report;
use crate::{
    config::{Config, ConfigError},
    portal_hook::{HookError, HookEvent, PortalHook},
};

/// What an event is about that only tries the way.
#[derive(Serialize)]
struct Nothing {}

/// Tells the portal that this is a check, signed as all else.
pub(super) async fn check(report: &mut Report, config: &Config) -> Result<(), ConfigError> {
    let what = "portal hook";
    let Some(hook) = PortalHook::new(&config.hooks)? else {
        report.ok(what, "off (hooks.url is empty): the portal asks for what has changed");
        return Ok(());
    };
    if config.hooks.steps.is_empty() {
        report.warning(
            what,
            "hooks.url is set and hooks.steps is empty: the portal is told nothing",
            "Name steps in hooks.steps, or leave hooks.url empty.",
        );
    }
    let now = Timestamp::now();
    let event = HookEvent { kind: "check".to_owned(), timestamp: now.to_string(), data: Nothing {} };
    match hook.tell(&format!("check_{}", now.as_millisecond()), &event, now).await {
        Ok(()) => report.ok(what, format_args!("takes events, {} steps", config.hooks.steps.len())),
        Err(error @ HookError::Refused(status)) if status.is_client_error() => report.warning(
            what,
            error,
            "Give the portal the secret of hooks.secrets and the right clock; it answers 2xx to every type it does not know.",
        ),
        Err(error) => report.warning(
            what,
            error,
            "Check hooks.url, and that this machine reaches it; until then nothing is lost, and the portal is told later.",
        ),
    }
    Ok(())
}
