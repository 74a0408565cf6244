//! GLPI 11's webhooks, by which it says at once that something happened to a ticket, and their one secret.

use serde_json::{Value, json};

use super::{
    context::Setup,
    outcome::{Failed, State},
    secrets,
};
use crate::{
    glpi::{ItemRow, number},
    text::Bilingual,
};

/// What a webhook tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event {
    item_type: &'static str,
    event: &'static str,
}

/// Those that the gateway takes (`http::webhook`).
pub(super) const EVENTS: &[Event] = &[
    Event { item_type: "Ticket", event: "new" },
    Event { item_type: "Ticket", event: "update" },
    Event { item_type: "ITILFollowup", event: "new" },
    Event { item_type: "ITILSolution", event: "new" },
];

impl Event {
    pub(super) fn name(self) -> String {
        format!("Passerelle {} {}", self.item_type, self.event)
    }
}

fn address(setup: &Setup) -> &str {
    setup.webhook().map_or("", |url| url.as_str())
}

fn text<'a>(row: &'a ItemRow, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The webhooks of the gateway's address.
async fn ours(setup: &Setup) -> Result<Vec<ItemRow>, Failed> {
    let mut rows = setup.admin.all("Webhook").await?;
    rows.retain(|row| text(row, "url") == address(setup));
    Ok(rows)
}

/// GLPI shows no secret over REST: webhooks without the file have one that nobody here knows.
pub(super) async fn look_at_secret(setup: &Setup) -> Result<State, Failed> {
    let path = setup.wanted.webhook_file();
    if secrets::read(&path)?.is_some() {
        return Ok(secrets::state_of_mode(&path));
    }
    if ours(setup).await?.is_empty() {
        return Ok(State::create());
    }
    Ok(State::named(
        &Bilingual::new(
            "GLPI has webhooks to this address, whose secret REST does not show",
            "GLPI a des webhooks vers cette adresse, dont REST ne montre pas le secret",
        ),
        &Bilingual::new(
            "copy it into the file from GLPI, Setup > Webhooks, tab Security; or delete these webhooks",
            "recopiez-le dans le fichier depuis GLPI, Configuration > Webhooks, onglet Sécurité\u{a0}; ou supprimez ces webhooks",
        ),
    ))
}

pub(super) async fn look(setup: &Setup, event: Event) -> Result<State, Failed> {
    let rows = ours(setup).await?;
    let is_ours = |row: &&ItemRow| text(row, "itemtype") == event.item_type && text(row, "event") == event.event;
    let Some(row) = rows.iter().find(is_ours) else {
        let named = setup.admin.with("Webhook", "name", &event.name()).await?;
        return Ok(match named.first() {
            None => State::Create(Bilingual::same(address(setup))),
            Some(row) => State::named(
                &Bilingual::new(
                    format!("one of this name goes to {}", text(row, "url")),
                    format!("un webhook de ce nom mène à {}", text(row, "url")),
                ),
                &Bilingual::new(
                    "rename or delete it in GLPI, Setup > Webhooks, or correct --webhook",
                    "renommez-le ou supprimez-le dans GLPI, Configuration > Webhooks, ou corrigez --webhook",
                ),
            ),
        });
    };
    let is_right = number(row, "is_active") == 1
        && number(row, "use_default_payload") == 1
        && text(row, "http_method").eq_ignore_ascii_case("post");
    Ok(if is_right {
        State::there()
    } else {
        State::named(
            &Bilingual::new(
                "it is not active, has a payload of its own, or does not POST",
                "il n’est pas actif, a un contenu personnalisé, ou n’envoie pas par POST",
            ),
            &Bilingual::new(
                "correct it in GLPI, Setup > Webhooks: active, POST, the default payload",
                "corrigez-le dans GLPI, Configuration > Webhooks\u{a0}: actif, POST, contenu par défaut",
            ),
        )
    })
}

pub(super) async fn make(setup: &Setup, event: Event) -> Result<(), Failed> {
    let secret = secrets::read(&setup.wanted.webhook_file())?.unwrap_or_default();
    let input = json!({
        "name": event.name(), "itemtype": event.item_type, "event": event.event, "url": address(setup),
        "secret": secret, "http_method": "post", "use_default_payload": 1, "is_active": 1, "entities_id": 0,
        "is_recursive": 1, "sent_try": 3,
    });
    setup.admin.add("Webhook", &input).await?;
    Ok(())
}
