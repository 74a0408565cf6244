//! Who calls: logins, session tokens, and what the caller's profile allows.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use axum::http::StatusCode;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::caller::Caller;
use super::helpdesk::Helpdesk;
use super::php::{Row, flag, int_of, text_of};
use super::settings::Version;
use super::store::{Store, now};

/// `initSession`: a session token for a login or a `user_token`.
pub(super) fn open(desk: &mut Helpdesk, call: &Call) -> Result<Answer, Answer> {
    check_app_token(desk, call)?;
    let authorization = call.authorization.as_deref().unwrap_or_default();
    let user_token = match authorization.strip_prefix("user_token ") {
        Some(token) => token.trim().to_owned(),
        None => text_of(&call.parameters, "user_token"),
    };
    let (login, password) = basic(authorization).unwrap_or_else(|| {
        let parameters = &call.parameters;
        (text_of(parameters, "login"), text_of(parameters, "password"))
    });
    let unauthorized = |code, message| Answer::error(StatusCode::UNAUTHORIZED, code, message);
    let user = if !user_token.is_empty() {
        find_user(&desk.store, "api_token", &user_token).ok_or_else(|| {
            let message = "le paramètre user_token semble incorrect";
            unauthorized("ERROR_GLPI_LOGIN_USER_TOKEN", message)
        })?
    } else if login.is_empty() || password.is_empty() {
        let message = "le(s) paramètre(s) login, password ou user_token sont manquants";
        let code = "ERROR_LOGIN_PARAMETERS_MISSING";
        return Err(Answer::documented(&desk.base, code, message));
    } else {
        find_user(&desk.store, "name", &login).filter(|user| text_of(user, "password") == password).ok_or_else(
            || {
                let message = "Identifiant ou mot de passe incorrect";
                unauthorized("ERROR_GLPI_LOGIN", message)
            },
        )?
    };
    let caller = Caller { user: int_of(user, "id"), profile: profile_of(&desk.store, int_of(user, "id")) };
    let token = new_token();
    let mut body = json!({ "session_token": token });
    if flag(&call.parameters, "get_full_session") {
        body["session"] = full(desk, &token, &caller);
    }
    desk.sessions.insert(token, caller);
    Ok(Answer::ok(&body))
}

/// The caller of any other endpoint.
pub(super) fn caller(desk: &Helpdesk, call: &Call) -> Result<Caller, Answer> {
    check_app_token(desk, call)?;
    if call.session_token.is_empty() {
        let message = "le paramètre session_token est manquant ou vide";
        let code = "ERROR_SESSION_TOKEN_MISSING";
        return Err(Answer::documented(&desk.base, code, message));
    }
    desk.sessions.get(&call.session_token).cloned().ok_or_else(|| {
        let message = "session_token semble incorrect";
        Answer::error(StatusCode::UNAUTHORIZED, "ERROR_SESSION_TOKEN_INVALID", message)
    })
}

/// The endpoints that only tell about the session; `None` when it is another one.
pub(super) fn about(desk: &mut Helpdesk, call: &Call, caller: &Caller) -> Option<Value> {
    Some(match call.segment(0) {
        "killSession" => {
            desk.sessions.remove(&call.session_token);
            Value::Bool(true)
        }
        "getFullSession" => json!({ "session": full(desk, &call.session_token, caller) }),
        "getActiveProfile" => json!({ "active_profile": active_profile(caller) }),
        "getMyProfiles" => json!({ "myprofiles": [summary(caller)] }),
        "getMyEntities" => json!({ "myentities": [{ "id": 0, "name": ROOT }] }),
        "getActiveEntities" => json!({ "active_entity": {
            "id": 0, "active_entity_recursive": reach(desk, caller), "active_entities": [{ "id": 0 }],
        }}),
        "changeActiveProfile" | "changeActiveEntities" => Value::Bool(true),
        "getGlpiConfig" => json!({ "cfg_glpi": configuration(desk) }),
        _ => return None,
    })
}

const ROOT: &str = "Entité racine";

fn check_app_token(desk: &Helpdesk, call: &Call) -> Result<(), Answer> {
    let Some(expected) = &desk.app_token else {
        return match call.app_token.as_str() {
            "" => Ok(()),
            _ => Err(wrong_app_token(&desk.base)),
        };
    };
    match call.app_token.as_str() {
        "" => {
            let message = "le paramètre app_token est manquant";
            let code = "ERROR_APP_TOKEN_PARAMETERS_MISSING";
            Err(Answer::documented(&desk.base, code, message))
        }
        given if given == expected => Ok(()),
        _ => Err(wrong_app_token(&desk.base)),
    }
}

fn wrong_app_token(base: &str) -> Answer {
    let message = "le paramètre app_token semble incorrect";
    Answer::documented(base, "ERROR_WRONG_APP_TOKEN_PARAMETER", message)
}

fn basic(authorization: &str) -> Option<(String, String)> {
    let decoded = BASE64.decode(authorization.strip_prefix("Basic ")?.trim().as_bytes());
    let credentials = String::from_utf8(decoded.ok()?).ok()?;
    let (login, password) = credentials.split_once(':')?;
    Some((login.to_owned(), password.to_owned()))
}

fn find_user<'a>(store: &'a Store, field: &str, value: &str) -> Option<&'a Row> {
    let mut users = store.rows("User").filter(|user| flag(user, "is_active"));
    users.find(|user| text_of(user, field) == value)
}

/// Whether the caller's profile reaches the entities below its own: 1 or 0.
fn reach(desk: &Helpdesk, caller: &Caller) -> i64 {
    let link = desk.store.rows_of("Profile_User", "users_id", caller.user).next();
    link.map_or(1, |link| int_of(link, "is_recursive"))
}

fn profile_of(store: &Store, user: i64) -> Row {
    let link = store.rows_of("Profile_User", "users_id", user).next();
    let id = link.map_or(1, |link| int_of(link, "profiles_id"));
    store.profiles.get(&id).cloned().unwrap_or_default()
}

fn new_token() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    // std's only source of randomness: each RandomState has keys of its own
    let bits = [(); 3].map(|()| RandomState::new().hash_one(()));
    (0..26)
        .map(|place| {
            let index = (bits[place / 12] >> (place % 12 * 5)) & 31;
            ALPHABET.get(usize::try_from(index).unwrap_or_default()).map_or('0', |c| char::from(*c))
        })
        .collect()
}

fn entities() -> Value {
    json!([{ "id": 0, "name": ROOT, "is_recursive": 1 }])
}

fn active_profile(caller: &Caller) -> Value {
    let mut profile = caller.profile.clone();
    profile.insert("entities".to_owned(), entities());
    Value::Object(profile)
}

fn summary(caller: &Caller) -> Value {
    let profile = &caller.profile;
    json!({ "id": profile.get("id"), "name": profile.get("name"), "entities": entities() })
}

fn full(desk: &Helpdesk, token: &str, caller: &Caller) -> Value {
    let user = desk.store.get("User", caller.user);
    let text = |field| user.map(|user| text_of(user, field)).unwrap_or_default();
    let groups = desk.store.rows_of("Group_User", "users_id", caller.user);
    let groups: Vec<_> = groups.map(|row| int_of(row, "groups_id")).collect();
    json!({
        "valid_id": token, "glpi_currenttime": now(), "glpi_use_mode": 0,
        "glpiID": caller.user, "glpiname": text("name"), "glpirealname": text("realname"),
        "glpifirstname": text("firstname"), "glpifriendlyname": desk.store.person(caller.user),
        "glpidefault_entity": 0, "glpilanguage": "fr_FR", "glpilist_limit": "15",
        "glpiprofiles": { text_of(&caller.profile, "id"): {
            "name": caller.profile.get("name"), "entities": entities(),
        }},
        "glpiactiveprofile": active_profile(caller),
        "glpiactive_entity": 0, "glpiactive_entity_recursive": reach(desk, caller), "glpiactiveentities": [0],
        "glpiparententities": [],
        "glpigroups": groups,
    })
}

/// The part of `$CFG_GLPI` that a client may ask for.
fn configuration(desk: &Helpdesk) -> Value {
    let (version, schema) = match desk.version {
        Version::Ten => ("10.0.14", "8f13530f7cf0fb07add30ae20013f0374956795b"),
        Version::Eleven => ("11.0.6", "84160e91f70f353b33495a7928e5b1476d4b6d98"),
    };
    let mails = if desk.mails { "1" } else { "0" };
    json!({
        "version": version,
        "dbversion": format!("{version}@{schema}"),
        "url_base": desk.base, "url_base_api": format!("{}/apirest.php", desk.base),
        "use_notifications": mails, "notifications_mailing": mails,
        "document_max_size": (desk.limits.file >> 20).to_string(),
        "enable_api": "1", "enable_api_login_credentials": "1", "language": "fr_FR",
        "list_limit": "15", "admin_email": "glpi@example.invalid",
    })
}
