//! Parts whose making takes more than their settings' section.

use std::{path::Path, sync::Arc};

use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::{Digest as _, Sha256};

use crate::{
    config::{Config, ConfigError, WhenGlpiIsDown},
    flow::deposit::{Deposits, IntoMailbox},
    glpi::{Credentials, Glpi, Settings},
    http,
    intake::imap,
    letters::Correspondence,
    text::Bilingual,
};

/// Where the package has its configuration.
const PACKAGED: &str = "/etc/passerelle/passerelle.toml";

/// Nothing at all says what the gateway is to do; what else lacks by that says nothing of its own.
fn no_configuration() -> ConfigError {
    let message = Bilingual::new(
        "no configuration is given: neither --config nor PASSERELLE_CONFIG names a file, no variable \
         PASSERELLE_SECTION__KEY has a setting, and no file is looked for by itself",
        "aucune configuration n’est donnée\u{a0}: ni --config ni PASSERELLE_CONFIG ne nomme de fichier, aucune variable \
         PASSERELLE_SECTION__CLÉ ne donne de réglage, et aucun fichier n’est cherché d’office",
    );
    let remedy = if Path::new(PACKAGED).exists() {
        Bilingual::new(
            format!("Name the one that is there: passerelle --config {PACKAGED} …"),
            format!("Nommez celle qui est là\u{a0}: passerelle --config {PACKAGED} …"),
        )
    } else {
        Bilingual::new(
            format!("Name one by --config; {PACKAGED}, the package's, is not there: passerelle setup writes it."),
            format!(
                "Nommez-en une par --config\u{a0}; {PACKAGED}, celle du paquet, n’est pas là\u{a0}: passerelle setup l’écrit."
            ),
        )
    };
    ConfigError::setting(message, remedy).about("glpi")
}

/// The GLPI client of a configuration.
///
/// # Errors
///
/// Names the setting that is missing or cannot be used.
pub fn glpi(config: &Config) -> Result<Glpi, ConfigError> {
    let glpi = &config.glpi;
    if glpi.url.is_empty() && config.settings.is_empty() {
        return Err(no_configuration());
    }
    let url = url::Url::parse(&glpi.url).map_err(|error| {
        let remedy = Bilingual::new(
            "Set PASSERELLE_GLPI__URL to GLPI's address, such as https://glpi.example.fr.",
            "Donnez à PASSERELLE_GLPI__URL l’adresse de GLPI, par exemple https://glpi.example.fr.",
        );
        let mistake = if glpi.url.is_empty() {
            ConfigError::setting(Bilingual::new("glpi.url is not given", "glpi.url n’est pas donné"), remedy)
        } else {
            let message = Bilingual::new(
                format!("glpi.url \"{}\" is no address", glpi.url),
                format!("glpi.url \"{}\" n’est pas une adresse", glpi.url),
            );
            ConfigError::because(message, error, remedy)
        };
        mistake.about("glpi.url")
    });
    let credentials = match (&glpi.user_token, glpi.login.as_str(), &glpi.password) {
        (Some(token), _, _) => Ok(Credentials::UserToken(token.clone())),
        (None, login, Some(password)) if !login.is_empty() => {
            Ok(Credentials::Login { login: login.to_owned(), password: password.clone() })
        }
        _ => Err(ConfigError::setting(
            Bilingual::new(
                "GLPI's service account is missing: neither glpi.user_token nor glpi.login and glpi.password is set",
                "il manque le compte de service de GLPI\u{a0}: ni glpi.user_token, ni glpi.login et glpi.password ne sont donnés",
            ),
            Bilingual::new(
                "Set PASSERELLE_GLPI__USER_TOKEN, or PASSERELLE_GLPI__LOGIN and PASSERELLE_GLPI__PASSWORD.",
                "Donnez PASSERELLE_GLPI__USER_TOKEN, ou PASSERELLE_GLPI__LOGIN et PASSERELLE_GLPI__PASSWORD.",
            ),
        )
        .about("glpi.user_token")
        .about("glpi.login")
        .about("glpi.password")),
    };
    let (url, credentials) = match (url, credentials) {
        (Ok(url), Ok(credentials)) => (url, credentials),
        (Err(one), Err(other)) => return Err(ConfigError::Several { mistakes: vec![one, other] }),
        (Err(one), Ok(_)) | (Ok(_), Err(one)) => return Err(one),
    };
    let settings = Settings {
        app_token: glpi.app_token.clone(),
        note_secret: config.redis.key_secret.clone(),
        sessions: glpi.sessions,
        tickets_per_call: glpi.tickets_per_call,
        connect_timeout: glpi.connect_timeout,
        timeout: glpi.timeout,
        retries: u32::try_from(glpi.retries).unwrap_or(u32::MAX),
        breaker_failures: glpi.breaker_failures,
        breaker_pause: glpi.breaker_pause,
        ..Settings::new(url, credentials)
    };
    Glpi::new(&settings).map_err(|error| {
        let remedy = Bilingual::new(
            "Correct the [glpi] section or its variables.",
            "Corrigez la section [glpi] ou ses variables.",
        );
        ConfigError::because(Bilingual::same("glpi"), error, remedy).about("glpi")
    })
}

/// The reference portal's pages.
pub(super) fn pages(config: &Config) -> Result<http::Pages, ConfigError> {
    http::Pages::new(config.portal.clone(), config.attachments.clone(), derived(config, "passerelle page tokens"))
}

/// For what the key is that seals forms that are put by.
pub(super) const SEAL: &str = "passerelle deposits";

/// What puts forms by while GLPI cannot answer: by the relay, else into the first mailbox.
pub(super) fn deposits(config: &Config, letters: Correspondence) -> Result<Deposits, ConfigError> {
    let needs_mailbox = config.portal.when_down == WhenGlpiIsDown::Queue && !letters.is_on();
    let appender = if needs_mailbox { imap::appender(config)? } else { None };
    let into_mailbox = appender.map(|appender| -> IntoMailbox {
        let appender = Arc::new(appender);
        Box::new(move |mail| {
            let appender = Arc::clone(&appender);
            Box::pin(async move { appender.put(&mail).await.map_err(|error| error.to_string()) })
        })
    });
    Deposits::new(config, letters, into_mailbox, derived(config, SEAL))
}

/// A key for one purpose, which every instance has and keeps: from the configured secret, else from GLPI's
/// credentials.
pub(super) fn derived(config: &Config, purpose: &str) -> SecretSlice<u8> {
    let redis = config.redis.key_secret.as_ref();
    let secret = redis.or(config.glpi.user_token.as_ref()).or(config.glpi.password.as_ref());
    let mut hash = Sha256::new_with_prefix(purpose);
    hash.update(secret.map_or("", |secret| secret.expose_secret()));
    SecretSlice::from(hash.finalize().to_vec())
}
