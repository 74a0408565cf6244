//! What an answer of GLPI means, or the lack of one.
//!
//! Status 200 is no success by itself: in maintenance GLPI answers every call with 200 and a page.
//! Only JSON under the status of the call (200 or 206 for a read, 201 for a creation, 200 for a change)
//! counts.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::error::{GlpiError, Trouble};
use super::obstacle::title;
use super::plain::plain;
use super::remedy::Remedy;
use super::rights::Action;
use super::wire;

/// What a call does to GLPI, and so which status says that it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Reading,
    Creating,
    /// Several inputs, each with an answer of its own.
    CreatingEach,
    /// Updating or deleting.
    Changing,
}

/// `POST` of one item: 201
#[derive(Deserialize)]
pub(super) struct Added {
    #[serde(deserialize_with = "wire::number")]
    pub id: u64,
    /// Form field → what became of its file. GLPI only fills it for the first field of a request:
    /// `createItems` takes the upload result by the index of the *input*.
    #[serde(default)]
    pub upload_result: Value,
}

/// `POST` of several items: the answer to each, in their order.
#[derive(Deserialize)]
pub(super) struct AddedOne {
    /// `false` where it was refused.
    pub id: Value,
    #[serde(default, deserialize_with = "wire::text")]
    pub message: String,
}

/// GLPI's words where a creation fails, and where of several some do.
const ALL_FAILED: &str = "ERROR_GLPI_ADD";
const SOME_FAILED: &str = "ERROR_GLPI_PARTIAL_ADD";

/// Why an exchange did not give what was asked.
pub(super) enum Failure {
    /// GLPI forgot the session: nothing was done, a new session is needed.
    SessionDead,
    Error(GlpiError),
}

impl From<GlpiError> for Failure {
    fn from(error: GlpiError) -> Self {
        Self::Error(error)
    }
}

/// A request that ended without an answer. Only a connection that was never made is sure not to
/// have written.
pub(super) fn cut(error: reqwest::Error, doing: Doing) -> GlpiError {
    let write = doing != Doing::Reading;
    let failed = if error.is_connect() {
        GlpiError::unavailable(Trouble::Connection)
    } else if error.is_timeout() {
        GlpiError::interrupted(Trouble::Timeout, write)
    } else {
        GlpiError::interrupted(Trouble::Cut, write)
    };
    failed.because(error)
}

/// What an answer means.
///
/// For a write, these are sure not to have written: an error GLPI words itself, any 4xx, and the
/// maintenance page (shown before GLPI looks at the call). Any 5xx may come after the write: a proxy
/// that lost patience says 502 or 504, PHP that failed while sending notifications says 500.
pub(super) fn judge(
    status: StatusCode,
    retry_after: Option<Duration>,
    body: &[u8],
    doing: Doing,
) -> Result<Value, Failure> {
    let json = serde_json::from_slice::<Value>(body).ok();
    let write = doing != Doing::Reading;
    let expected = match doing {
        Doing::Reading => status == StatusCode::OK || status == StatusCode::PARTIAL_CONTENT,
        Doing::Creating | Doing::CreatingEach => status == StatusCode::CREATED,
        Doing::Changing => status == StatusCode::OK,
    };
    if doing == Doing::CreatingEach
        && let Some(each) = json.as_ref().and_then(some_failed)
    {
        return Ok(each.clone());
    }
    match (status, json) {
        (_, Some(answer)) if expected => Ok(answer),
        (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS, _) => {
            Err(unavailable(status, retry_after))
        }
        (StatusCode::PAYLOAD_TOO_LARGE, _) => Err(GlpiError::TooLarge.into()),
        (_, _) if status.is_server_error() && !write => {
            let why = Trouble::Status(status.as_u16());
            Err(GlpiError::Unavailable { why, retry_after, source: None }.with_page(title(body)).into())
        }
        (_, _) if status.is_server_error() => {
            Err(GlpiError::interrupted(Trouble::Status(status.as_u16()), write).with_page(title(body)).into())
        }
        // Of several inputs some were refused, as what is there already: which ones, the caller reads back.
        (StatusCode::MULTI_STATUS, Some(answer)) if glpi_words(&answer).is_some() => {
            let (code, message) = glpi_words(&answer).unwrap_or_default();
            Err(GlpiError::Rejected { code: code.to_owned(), message: message.to_owned() }.into())
        }
        (_, Some(answer)) if status.is_client_error() => Err(match glpi_words(&answer) {
            Some((code, message)) => glpi_error(status, code, message),
            None => foreign(status, body).into(),
        }),
        (_, None) if status.is_success() && is_maintenance_page(body) => {
            Err(GlpiError::unavailable(Trouble::Maintenance).with_page(title(body)).into())
        }
        (_, _) if status.is_success() => {
            Err(GlpiError::interrupted(Trouble::Unexpected, write).with_page(title(body)).into())
        }
        _ => Err(foreign(status, body).into()),
    }
}

fn unavailable(status: StatusCode, retry_after: Option<Duration>) -> Failure {
    GlpiError::Unavailable { why: Trouble::Status(status.as_u16()), retry_after, source: None }.into()
}

/// GLPI's page in maintenance (`inc/config.php`; from 11 on `CheckMaintenanceListener`), without its database
/// (`DBConnection.php`), or between a new version's files and its database update: all before it looks at the call.
///
/// Their words are in GLPI's language, so what marks them is what their templates hold. Pages of errors, which GLPI may
/// show after it has written, hold none of it.
fn is_maintenance_page(body: &[u8]) -> bool {
    /// The tools in the middle of `maintenance.html.twig` (10, 11), the warning of an update's page (10, 11), and the
    /// way to the update (9.5, 10, 11).
    const MARKS: [&str; 4] =
        ["ti ti-tools fs-3x", "fa-tools fa-3x", "mb-n2 alert alert-important alert-warning", "install/update.php"];
    let page = String::from_utf8_lossy(body);
    let title =
        page.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map_or("", |(title, _)| title);
    let is_page = page.trim_start().get(..9).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype"));
    let is_known = ["MAINTENANCE MODE", "MODE MAINTENANCE", "Mysql Error"].iter().any(|known| title.contains(known));
    is_known || is_page && title.contains("GLPI") && MARKS.iter().any(|mark| page.contains(mark))
}

/// GLPI's errors are `["ERROR_CODE", "message"]`.
fn glpi_words(answer: &Value) -> Option<(&str, &str)> {
    match answer.as_array()?.as_slice() {
        [Value::String(code), message] if code.starts_with("ERROR") => {
            Some((code, message.as_str().unwrap_or_default()))
        }
        _ => None,
    }
}

/// The answers to each of several inputs of which some were refused, or all (`API::createItems`).
fn some_failed(answer: &Value) -> Option<&Value> {
    match answer.as_array()?.as_slice() {
        [Value::String(code), each @ Value::Array(_)] if matches!(code.as_str(), SOME_FAILED | ALL_FAILED) => {
            Some(each)
        }
        _ => None,
    }
}

/// What became of one input of several: its id, or why there is none.
pub(super) fn judge_one(answer: &AddedOne) -> Result<u64, GlpiError> {
    match answer.id.as_u64().or_else(|| answer.id.as_str()?.parse().ok()).filter(|id| *id > 0) {
        Some(id) => Ok(id),
        None if is_missing_right(&answer.message) => {
            Err(GlpiError::Denied { code: ALL_FAILED.to_owned(), remedy: unnamed() })
        }
        None => Err(GlpiError::Rejected { code: ALL_FAILED.to_owned(), message: plain(&answer.message) }),
    }
}

fn glpi_error(status: StatusCode, code: &str, message: &str) -> Failure {
    if matches!(code, "ERROR_SESSION_TOKEN_INVALID" | "ERROR_SESSION_TOKEN_MISSING") {
        return Failure::SessionDead;
    }
    if let Some(remedy) = remedy(code) {
        return denied(code, remedy);
    }
    match code {
        "ERROR_ITEM_NOT_FOUND" => GlpiError::NotFound.into(),
        // its database failed under a read
        "ERROR_SQL" => unavailable(status, None),
        "ERROR_UPLOAD_FILE_TOO_BIG_POST_MAX_SIZE" => GlpiError::TooLarge.into(),
        // a creation without the right for it: no code of its own, only these words
        ALL_FAILED if is_missing_right(message) => denied(code, unnamed()),
        _ if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => denied(code, unnamed()),
        _ => GlpiError::Rejected { code: code.to_owned(), message: plain(message) }.into(),
    }
}

fn denied(code: &str, remedy: Remedy) -> Failure {
    GlpiError::Denied { code: code.to_owned(), remedy }.into()
}

/// In the languages a French academy's GLPI may speak.
fn is_missing_right(message: &str) -> bool {
    ["You don't have permission", "Vous n'avez pas les droits", "Vous n'avez pas la permission"]
        .iter()
        .any(|words| message.contains(words))
}

/// Whoever made the call knows which right it needs: [`name_right`].
fn unnamed() -> Remedy {
    Remedy::UnnamedRight(Action::Read, String::new())
}

/// This failure, where it is a missing right that has no name yet, with the right that the call needs.
pub(super) fn name_right(failure: Failure, path: &str, doing: Doing) -> Failure {
    match failure {
        Failure::Error(GlpiError::Denied { code, remedy: Remedy::UnnamedRight(_, item) }) if item.is_empty() => {
            denied(&code, needed(path, doing))
        }
        other => other,
    }
}

/// The right that a call needs. A path is `Item`, `Item/id`, `Item/id/SubItem` or `search/Item`.
pub(super) fn needed(path: &str, doing: Doing) -> Remedy {
    let is_name = |part: &&str| part.starts_with(|c: char| c.is_ascii_uppercase());
    let item = path.split('/').rfind(is_name).unwrap_or(path);
    let action = match doing {
        Doing::Reading => Action::Read,
        Doing::Creating | Doing::CreatingEach => Action::Create,
        Doing::Changing => Action::Change,
    };
    Remedy::of_call(item, action)
}

/// What an administrator does about errors that are configuration.
fn remedy(code: &str) -> Option<Remedy> {
    Some(match code {
        "ERROR" => Remedy::EnableApi,
        "ERROR_NOT_ALLOWED_IP" => Remedy::ApiClient,
        "ERROR_WRONG_APP_TOKEN_PARAMETER" | "ERROR_APP_TOKEN_PARAMETERS_MISSING" => Remedy::AppToken,
        "ERROR_LOGIN_WITH_CREDENTIALS_DISABLED" => Remedy::EnablePassword,
        "ERROR_GLPI_LOGIN" => Remedy::Login,
        "ERROR_GLPI_LOGIN_USER_TOKEN" => Remedy::UserToken,
        "ERROR_LOGIN_PARAMETERS_MISSING" => Remedy::PassAuthorization,
        "ERROR_RIGHT_MISSING" => unnamed(),
        _ => return None,
    })
}

/// An answer that a server in front of GLPI gave, or the wrong server.
fn foreign(status: StatusCode, body: &[u8]) -> GlpiError {
    GlpiError::Denied {
        code: format!("HTTP {}", status.as_u16()),
        remedy: match status.as_u16() {
            300..=399 => Remedy::Redirect(None),
            404 | 405 => Remedy::Address(title(body)),
            _ => Remedy::ServerInFront(title(body)),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rstest::rstest;

    use super::*;
    use crate::glpi::plain::LONGEST_SENTENCE;

    const MAINTENANCE: &str = "<html><head><title>MAINTENANCE MODE - GLPI</title></head></html>";

    const EACH: [Doing; 3] = [Doing::Reading, Doing::Creating, Doing::Changing];

    fn error(status: u16, body: &str, doing: Doing) -> GlpiError {
        let status = StatusCode::from_u16(status).unwrap();
        match judge(status, None, body.as_bytes(), doing) {
            Err(Failure::Error(error)) => error,
            Err(Failure::SessionDead) => GlpiError::NotFound,
            Ok(_) => GlpiError::TooLarge,
        }
    }

    #[rstest]
    #[case(200, MAINTENANCE, Trouble::Maintenance)]
    #[case(200, "<title>Mysql Error - GLPI</title>", Trouble::Maintenance)]
    #[case(
        200,
        "\n<!DOCTYPE html><title>WARTUNGSMODUS - GLPI</title><i class=\"ti ti-tools fs-3x mb-3\"></i>",
        Trouble::Maintenance
    )]
    #[case(
        200,
        "<!doctype html><title>x - GLPI</title><i class=\"fas fa-tools fa-3x mb-3\"></i>",
        Trouble::Maintenance
    )]
    #[case(
        200,
        "<!DOCTYPE html><title>Mise \u{e0} jour - GLPI</title><form action='/install/update.php'>",
        Trouble::Maintenance
    )]
    #[case(429, "slow down", Trouble::Status(429))]
    fn these_never_wrote(#[case] status: u16, #[case] body: &str, #[case] why: Trouble) {
        for doing in EACH {
            assert_eq!(error(status, body, doing), GlpiError::unavailable(why));
        }
    }

    #[rstest]
    #[case(500, "")]
    #[case(502, "<html>Bad Gateway</html>")]
    #[case(503, r#"["ERROR","x"]"#)]
    #[case(504, "")]
    #[case(200, "<html>?</html>")]
    #[case(200, "<!DOCTYPE html><title>Acc\u{e8}s refus\u{e9} - GLPI</title>")]
    #[case(200, "<br />Warning <title>GLPI</title> install/update.php {}")]
    #[case(201, "<br />Warning: …{}")]
    fn these_may_have_written(#[case] status: u16, #[case] body: &str) {
        assert!(matches!(error(status, body, Doing::Creating), GlpiError::AnswerLost { .. }));
        assert!(matches!(error(status, body, Doing::Reading), GlpiError::Unavailable { .. }));
    }

    #[test]
    fn a_read_that_says_200_to_a_creation_is_not_one() {
        assert!(matches!(error(200, r#"{"id":1}"#, Doing::Creating), GlpiError::AnswerLost { .. }));
    }

    #[rstest]
    #[case(400, r#"["ERROR","API désactivée"]"#, "ERROR")]
    #[case(400, r#"["ERROR_NOT_ALLOWED_IP","…"]"#, "ERROR_NOT_ALLOWED_IP")]
    #[case(401, r#"["ERROR_GLPI_LOGIN","…"]"#, "ERROR_GLPI_LOGIN")]
    #[case(403, r#"["ERROR_RIGHT_MISSING","…"]"#, "ERROR_RIGHT_MISSING")]
    #[case(400, r#"["ERROR_GLPI_ADD","You don't have permission to perform this action."]"#, "ERROR_GLPI_ADD")]
    #[case(301, "", "HTTP 301")]
    #[case(403, "<html>WAF</html>", "HTTP 403")]
    #[case(404, "<html>nginx</html>", "HTTP 404")]
    fn an_administrator_must_act(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
        for doing in EACH {
            let error = error(status, body, doing);
            assert!(matches!(&error, GlpiError::Denied { code, .. } if code == expected), "{error}");
        }
    }

    #[rstest]
    #[case("Ticket", Doing::Creating, "Tickets: Create")]
    #[case("Ticket/12/ITILFollowup", Doing::Reading, "Followups: See public ones")]
    #[case("search/Ticket", Doing::Reading, "Tickets: See all tickets")]
    #[case("Group", Doing::Reading, "Groups: Read")]
    #[case("Group_Ticket/3", Doing::Changing, "Tickets: Assign")]
    #[case("Problem/3", Doing::Changing, "change «Problem»")]
    fn a_missing_right_is_named(#[case] path: &str, #[case] doing: Doing, #[case] right: &str) {
        let answer = br#"["ERROR_RIGHT_MISSING","\u2026"]"#;
        let Err(failure) = judge(StatusCode::FORBIDDEN, None, answer, doing) else { panic!("{path}") };
        let Failure::Error(GlpiError::Denied { remedy, .. }) = name_right(failure, path, doing) else {
            panic!("{path}")
        };
        let reason = remedy.reason();
        assert!(reason.text(crate::text::Language::English).contains(right), "{reason:?}");
    }

    #[test]
    fn what_was_done_in_part_is_no_lost_answer() {
        let partial = r#"["ERROR_GLPI_PARTIAL_ADD",[{"id":388,"message":""},{"id":false,"message":""}]]"#;
        let refused = GlpiError::Rejected { code: "ERROR_GLPI_PARTIAL_ADD".to_owned(), message: String::new() };
        assert_eq!(error(207, partial, Doing::Creating), refused);
        assert!(matches!(error(207, "{}", Doing::Creating), GlpiError::AnswerLost { .. }));
    }

    #[test]
    fn other_errors_of_glpi_keep_their_words() {
        let refused = GlpiError::Rejected { code: "ERROR_GLPI_ADD".to_owned(), message: String::new() };
        assert_eq!(error(400, r#"["ERROR_GLPI_ADD",""]"#, Doing::Creating), refused);
        assert_eq!(error(404, r#"["ERROR_ITEM_NOT_FOUND","…"]"#, Doing::Reading), GlpiError::NotFound);
        let too_large = r#"["ERROR_UPLOAD_FILE_TOO_BIG_POST_MAX_SIZE","The file seems too big"]"#;
        assert_eq!(error(400, too_large, Doing::Creating), GlpiError::TooLarge);
        assert_eq!(error(413, "<html>nginx</html>", Doing::Creating), GlpiError::TooLarge);
    }

    #[rstest]
    #[case("Champs non remplis : Type", "Champs non remplis : Type")]
    #[case("<p class='x'>Un</p><br>deux\r\n\ttrois", "Un deux trois")]
    #[case("l&#039;&eacute;l&egrave;ve &amp;lt; 3 &lt; 4", "l'&eacute;l&egrave;ve &lt; 3 < 4")]
    #[case("3 < 4, 5 <<b>6</b>", "3 < 4, 5 < 6")]
    #[case("<script", "<script")]
    #[case("\u{7}\u{a0}", "")]
    fn a_refusal_is_told_in_glpis_own_words_on_one_line(#[case] message: &str, #[case] told: &str) {
        let body = serde_json::json!(["ERROR_GLPI_ADD", message]).to_string();
        let GlpiError::Rejected { code, message } = error(400, &body, Doing::Creating) else { panic!("{message}") };
        assert_eq!((code.as_str(), message.as_str()), ("ERROR_GLPI_ADD", told));
        let said = GlpiError::Rejected { code, message }.to_string();
        let sentence = if told.is_empty() { String::new() } else { format!(": {told}") };
        assert_eq!(said, format!("GLPI refuses this input (ERROR_GLPI_ADD){sentence}"));
    }

    #[test]
    fn a_long_refusal_is_shortened() {
        let body = serde_json::json!(["ERROR_GLPI_ADD", "é ".repeat(500)]).to_string();
        let GlpiError::Rejected { message, .. } = error(400, &body, Doing::Creating) else { panic!() };
        assert!(message.chars().count() <= LONGEST_SENTENCE + 1 && message.ends_with("é…"), "{message}");
    }

    #[rstest]
    #[case(401, r#"["ERROR_SESSION_TOKEN_INVALID","…"]"#)]
    #[case(400, r#"["ERROR_SESSION_TOKEN_MISSING","…"]"#)]
    fn a_dead_session_is_told_apart(#[case] status: u16, #[case] body: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        let judged = judge(status, None, body.as_bytes(), Doing::Creating);
        assert!(matches!(judged, Err(Failure::SessionDead)));
    }
}
