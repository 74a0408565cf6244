//! Whether the portal takes what it is told.

use jiff::Timestamp;
use serde::Serialize;

use super::report::Report;
use crate::{
    config::{Config, ConfigError},
    portal_hook::{HookError, HookEvent, PortalHook},
    text::Bilingual,
};

/// What an event is about that only tries the way.
#[derive(Serialize)]
struct Nothing {}

/// Tells the portal that this is a check, signed as all else.
pub(super) async fn check(report: &mut Report, config: &Config) -> Result<(), ConfigError> {
    let what = &Bilingual::new("portal hook", "appel du portail");
    let Some(hook) = PortalHook::new(&config.hooks)? else {
        report.ok(
            what,
            &Bilingual::new(
                "off (hooks.url is empty): the portal asks for what has changed",
                "désactivé (hooks.url est vide)\u{a0}: le portail demande ce qui a changé",
            ),
        );
        return Ok(());
    };
    if config.hooks.steps.is_empty() {
        report.warning(
            what,
            &Bilingual::new(
                "hooks.url is set and hooks.steps is empty: the portal is told nothing",
                "hooks.url est donné et hooks.steps est vide\u{a0}: rien n’est dit au portail",
            ),
            &Bilingual::new(
                "Name steps in hooks.steps, or leave hooks.url empty.",
                "Nommez des étapes dans hooks.steps, ou laissez hooks.url vide.",
            ),
        );
    }
    let now = Timestamp::now();
    let event = HookEvent { kind: "check".to_owned(), timestamp: now.to_string(), data: Nothing {} };
    match hook.tell(&format!("check_{}", now.as_millisecond()), &event, now).await {
        Ok(()) => {
            let steps = config.hooks.steps.len();
            report.ok(
                what,
                &Bilingual::new(format!("takes events, {steps} steps"), format!("accepte les événements, {steps} étapes")),
            );
        }
        Err(error @ HookError::Refused(status)) if status.is_client_error() => report.warning(
            what,
            &error.reason(),
            &Bilingual::new(
                "Give the portal the secret of hooks.secrets and the right clock; it answers 2xx to every type it does not know.",
                "Donnez au portail le secret de hooks.secrets et la bonne heure\u{a0}; il répond 2xx à tout type qu’il ne connaît pas.",
            ),
        ),
        Err(error) => report.warning(
            what,
            &error.reason(),
            &Bilingual::new(
                "Check hooks.url, and that this machine reaches it; until then nothing is lost, and the portal is told later.",
                "Vérifiez hooks.url, et que cette machine l’atteint\u{a0}; d’ici là rien n’est perdu, le portail est prévenu plus tard.",
            ),
        ),
    }
    Ok(())
}
