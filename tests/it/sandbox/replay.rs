//! Recorded exchanges with a real GLPI 10.0.14, replayed against the stand-in.

use std::collections::HashMap;

use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Talk;

/// Exchanges with a real GLPI 10.0.14, in the order they were made.
const RECORDINGS: &str = include_str!("../recordings.json");

/// Fields whose values must be the recorded ones; of the others only the type counts.
const TELLING: &[&str] = &[
    "alternative_email",
    "completename",
    "content",
    "count",
    "email",
    "ext",
    "filename",
    "id_search_option",
    "impact",
    "is_faq",
    "is_private",
    "is_uploadable",
    "itemtype",
    "itemtype_link",
    "itilcategories_id",
    "level",
    "linked_action",
    "mime",
    "name",
    "new_value",
    "old_value",
    "priority",
    "requesttypes_id",
    "status",
    "timeline_position",
    "totalcount",
    "type",
    "urgency",
    "use_notification",
    "users_id",
    "version",
    "groups_id",
];

#[derive(Deserialize)]
struct Recording {
    title: String,
    method: String,
    path: String,
    session: String,
    login: Option<String>,
    user_token: Option<String>,
    #[serde(default)]
    unsanitised: bool,
    json: Option<Value>,
    raw: Option<String>,
    manifest: Option<Value>,
    #[serde(default)]
    files: Vec<RecordedFile>,
    /// The recorded answer counts items that are not of this recording.
    #[serde(default)]
    other_data: bool,
    status: u16,
    accept_range: Option<String>,
    content_range: Option<String>,
    #[serde(default)]
    location: bool,
    body: Value,
}

#[derive(Deserialize)]
struct RecordedFile {
    field: String,
    name: String,
    r#type: String,
    size: usize,
}

impl RecordedFile {
    /// Bytes of the recorded size, of the kind the name says.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = match self.r#type.as_str() {
            "image/png" => b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x04\0\0\0\x04".to_vec(),
            _ => self.name.clone().into_bytes(),
        };
        bytes.resize(self.size, b'x');
        bytes
    }
}

/// Which id of ours stands for which recorded one, by item type.
#[derive(Default)]
struct Ids(HashMap<(String, i64), i64>);

impl Ids {
    fn learn(&mut self, kind: &str, recorded: &Value, ours: &Value) {
        if let (Some(recorded), Some(ours)) = (recorded.as_i64(), ours.as_i64()) {
            self.0.insert((kind.to_owned(), recorded), ours);
        }
    }

    fn ours(&self, kind: &str, recorded: i64) -> i64 {
        let known = self.0.get(&(kind.to_owned(), recorded));
        known.copied().unwrap_or(recorded)
    }

    /// Learns from an answer and its recording: the ids of created or listed items.
    fn learn_all(&mut self, kind: &str, recorded: &Value, ours: &Value) {
        match (recorded, ours) {
            (Value::Object(row), ours) => {
                self.learn(kind, &row.get("id").cloned().unwrap_or_default(), &ours["id"]);
                let document = row.get("documents_id").cloned().unwrap_or_default();
                self.learn("Document", &document, &ours["documents_id"]);
            }
            (Value::Array(rows), Value::Array(ours)) => {
                for (row, ours) in rows.iter().zip(ours) {
                    self.learn_all(kind, row, ours);
                }
            }
            _ => {}
        }
    }

    fn path(&self, path: &str) -> String {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut kind = "";
        let mut segments = Vec::new();
        for segment in path.split('/') {
            segments.push(match segment.parse() {
                Ok(id) => self.ours(kind, id).to_string(),
                Err(_) => segment.to_owned(),
            });
            kind = segment;
        }
        format!("{}?{query}", segments.join("/"))
    }

    fn input(&self, input: &Value) -> Value {
        match input {
            Value::Object(fields) => fields
                .iter()
                .map(|(field, value)| {
                    let kind = match field.as_str() {
                        "tickets_id" | "items_id" => "Ticket",
                        "knowbaseitems_id" => "KnowbaseItem",
                        "rules_id" => "RuleTicket",
                        _ => return (field.clone(), self.input(value)),
                    };
                    let ours = value.as_i64().map(|id| self.ours(kind, id));
                    (field.clone(), ours.map_or_else(|| value.clone(), Value::from))
                })
                .collect(),
            Value::Array(items) => items.iter().map(|item| self.input(item)).collect(),
            other => other.clone(),
        }
    }

    /// A recorded text with our ids: messages and links to documents carry them.
    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for ((kind, recorded), ours) in &self.0 {
            text = match kind.as_str() {
                "Ticket" => text.replace(&recorded.to_string(), &ours.to_string()),
                "Document" => text.replace(&format!("docid={recorded}&"), &format!("docid={ours}&")),
                _ => text,
            };
        }
        text
    }
}

/// Compares keys and types everywhere, and the values that matter.
fn compare(at: &str, recorded: &Value, ours: &Value, ids: &Ids, counts: bool) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            let keys = |map: &serde_json::Map<String, Value>| {
                let mut keys: Vec<_> = map.keys().filter(|key| *key != "links").cloned().collect();
                // results of an update or a deletion are named by id
                for key in &mut keys {
                    if let Ok(id) = key.parse() {
                        *key = ids.ours("Ticket", ids.ours("Group_Ticket", id)).to_string();
                    }
                }
                keys.sort();
                keys
            };
            let is_config = at.contains("getGlpiConfig");
            assert!(is_config || keys(recorded) == keys(ours), "{at}: {recorded:?}\n{ours:?}");
            for (key, value) in recorded {
                if let Some(other) = ours.get(key) {
                    compare(&format!("{at}.{key}"), value, other, ids, counts);
                }
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            if counts && recorded.len() < 4 {
                assert_eq!(recorded.len(), ours.len(), "{at}: {ours:?}");
            }
            for (index, (recorded, ours)) in recorded.iter().zip(ours).enumerate() {
                compare(&format!("{at}[{index}]"), recorded, ours, ids, counts);
            }
        }
        (recorded, ours) => {
            let same_type = std::mem::discriminant(recorded) == std::mem::discriminant(ours);
            assert!(same_type, "{at}: {recorded} is not {ours}");
            let field = at.rsplit('.').next().unwrap_or_default();
            let telling = TELLING.contains(&field) && !at.contains("upload_result");
            if telling && counts {
                match recorded.as_str() {
                    Some(text) => assert_eq!(ids.text(text), ours.as_str().unwrap(), "{at}"),
                    None => assert_eq!(recorded, ours, "{at}"),
                }
            }
        }
    }
}

/// `["CODE", "message"]`: the same code, and the same words before the link to the documentation.
fn compare_error(at: &str, recorded: &Value, ours: &Value) {
    assert_eq!(recorded[0], ours[0], "{at}");
    let words = |error: &Value| match &error[1] {
        Value::String(message) => json!(message.split(';').next()),
        other => other.clone(),
    };
    assert_eq!(words(recorded), words(ours), "{at}");
}

#[tokio::test]
async fn every_recorded_exchange_is_answered_alike() {
    let recordings: Vec<Recording> = serde_json::from_str(RECORDINGS).unwrap();
    let talk = Talk::start().await;
    let main = talk.session("glpi", "glpi").await;
    let self_service = talk.session("dir1", "dir1").await;
    let mut ids = Ids::default();
    let mut ran = 0;
    for recording in &recordings {
        let at = format!("{} ({} {})", recording.title, recording.method, recording.path);
        let mut call = talk.call(&recording.method, &ids.path(&recording.path));
        call = match recording.session.as_str() {
            "main" => call.header("Session-Token", &main),
            "self-service" => call.header("Session-Token", &self_service),
            "unknown" => call.header("Session-Token", "unknown"),
            _ => call,
        };
        if let Some((login, password)) = recording.login.as_ref().and_then(|l| l.split_once(':')) {
            call = call.basic_auth(login, Some(password));
        }
        if let Some(token) = &recording.user_token {
            call = call.header("Authorization", format!("user_token {token}"));
        }
        if recording.unsanitised {
            call = call.header("X-GLPI-Sanitized-Content", "false");
        }
        if let Some(body) = &recording.json {
            call = call.json(&ids.input(body));
        }
        if let Some(body) = &recording.raw {
            call = call.header("Content-Type", "application/json").body(body.clone());
        }
        if let Some(manifest) = &recording.manifest {
            let manifest = Part::text(ids.input(manifest).to_string());
            let manifest = manifest.mime_str("application/json").unwrap();
            let mut form = Form::new().part("uploadManifest", manifest);
            for file in &recording.files {
                let part = Part::bytes(file.bytes()).file_name(file.name.clone());
                let part = part.mime_str(&file.r#type).unwrap();
                form = form.part(file.field.clone(), part);
            }
            call = call.multipart(form);
        }
        let answer = call.send().await.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let kind = header("content-type");
        assert_eq!(kind.as_deref(), Some("application/json; charset=UTF-8"), "{at}");
        assert_eq!(header("accept-range"), recording.accept_range, "{at}");
        if recording.other_data || recording.path.contains("/Log") {
            assert_eq!(header("content-range").is_some(), recording.content_range.is_some());
        } else {
            assert_eq!(header("content-range"), recording.content_range, "{at}");
        }
        let location = header("location");
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(status, recording.status, "{at}: {body}");
        assert_eq!(location.is_some(), recording.location, "{at}");
        if let Some(location) = location {
            assert!(location.ends_with(&format!("/{}", body["id"])), "{at}: {location}");
        }
        if status >= 400 {
            compare_error(&at, &recording.body, &body);
        } else {
            let kind = recording
                .path
                .split(['/', '?'])
                .rfind(|part| part.starts_with(char::is_uppercase) && !part.contains('='));
            ids.learn_all(kind.unwrap_or_default(), &recording.body, &body);
            compare(&at, &recording.body, &body, &ids, !recording.other_data);
        }
        ran += 1;
    }
    assert_eq!(ran, 80);
}
