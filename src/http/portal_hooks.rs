//! The calls to the portal's hook, as the API's description tells them (`OpenAPI` 3.1, `webhooks`): an entry for each type of
//! event, with the headers of Standard Webhooks.

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The way in which the portal is called, among the description's credentials.
pub(super) const SIGNATURE_SCHEME: &str = "hook_signature";
/// The tag of these calls.
const TAG: &str = "hooks";

/// The types of event of a request, by the step's name in `hooks.steps`, and what each says.
const EVENTS: [(&str, &str); 10] = [
    ("created", "A request is made, by whichever way."),
    ("charge", "Somebody has taken it in charge."),
    ("question", "The référents have written to the requester."),
    ("answer", "The requester has written."),
    ("handover", "It is handed on to another level, or returned."),
    ("pending", "It is put on hold."),
    ("solution", "A solution waits for approval."),
    ("refusal", "The solution is refused."),
    ("approval", "The solution is approved."),
    ("closing", "It is closed."),
];

/// Something that happened to a request. What anybody wrote is not in it: `GET /v1/requests/{id}` says the rest.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct HookCall {
    /// What happened. Answer 2xx to a type that you do not know.
    #[schema(example = "request.question")]
    r#type: String,
    /// When, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-25T10:05:00+01:00")]
    timestamp: String,
    data: HookData,
}

/// Which request something happened to.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by whoever reads the description")]
pub(super) struct HookData {
    /// GLPI's number.
    #[schema(example = 1234)]
    request: u64,
    /// The request's reference.
    #[schema(example = "P-7K3M-Q2XV-9D4T")]
    reference: String,
    /// The application, where the ticket still says it.
    #[schema(required = true, example = "LSU")]
    application: Option<String>,
    /// Whose request it is: the addresses by which the portal asks for it.
    #[schema(example = json!(["ce.0210001a@ac-dijon.fr"]))]
    requesters: Vec<String>,
}

/// Adds the calls to a description.
pub(super) fn add(api: &mut Value) {
    let mut all: Map<String, Value> = EVENTS
        .iter()
        .map(|(step, says)| {
            let kind = format!("request.{step}");
            let example = json!({
                "type": kind,
                "timestamp": "2026-11-25T10:05:00+01:00",
                "data": {
                    "request": 1234, "reference": "P-7K3M-Q2XV-9D4T", "application": "LSU",
                    "requesters": ["ce.0210001a@ac-dijon.fr"],
                },
            });
            let schema = json!({"allOf": [
                {"$ref": "#/components/schemas/HookCall"},
                {"type": "object", "properties": {"type": {"type": "string", "const": kind}}},
            ]});
            (kind.clone(), json!({"post": call(&kind, says, &schema, &example)}))
        })
        .collect();
    let example = json!({"type": "check", "timestamp": "2026-11-25T10:05:00Z", "data": {}});
    let schema = json!({
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "const": "check"},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {"type": "object"},
        },
    });
    let says = "`passerelle check` tries the way; nothing happened.";
    all.insert("check".to_owned(), json!({"post": call("check", says, &schema, &example)}));
    api["webhooks"] = Value::Object(all);
}

fn call(kind: &str, says: &str, schema: &Value, example: &Value) -> Value {
    let header = |name: &str, schema: Value, description: &str, example: &str| {
        json!({
            "name": name, "in": "header", "required": true, "schema": schema, "description": description,
            "example": example,
        })
    };
    json!({
        "operationId": format!("on_{}", kind.replace('.', "_")),
        "tags": [TAG],
        "summary": says.trim_end_matches('.').replace('`', ""),
        "description": "Sent to `hooks.url`, signed by Standard Webhooks 1.0. An event may come more than once, under the \
            same `webhook-id`: take it once. What is not answered by a 2xx within `hooks.timeout` comes again.",
        "security": [{SIGNATURE_SCHEME: []}],
        "parameters": [
            header("webhook-id", json!({"type": "string"}), "The event's own name, the same each time it comes.",
                "P-7K3M-Q2XV-9D4T_1234_question-12"),
            header("webhook-timestamp", json!({"type": "string", "pattern": "^[0-9]+$"}),
                "When it was signed, Unix seconds; refuse what is older than five minutes.", "1795600000"),
        ],
        "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": schema, "example": example}},
        },
        "responses": {
            "2XX": {"description": "It is noted: it does not come again."},
            "4XX": {"description": "This event is not taken: it comes again, less and less often, and no other waits for it. After 408, 425 or 429 the portal is left alone for a minute."},
            "5XX": {"description": "As 4XX; after 503, or over five events in a row, the portal is left alone for a minute."},
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::EVENTS;
    use crate::config::HOOK_STEPS;

    #[test]
    fn each_step_that_can_be_told_is_described() {
        let described: BTreeSet<_> = EVENTS.iter().map(|(step, _)| *step).collect();
        assert_eq!(described, HOOK_STEPS.iter().copied().collect());
    }
}
