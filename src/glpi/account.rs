//! What this GLPI is, and what the service account may do in it.

use jiff::civil::DateTime;
use serde::Deserialize;

use super::error::GlpiError;
use super::own_session::FullSession;
use super::{Action, DocumentTypes, Glpi, Profile, Right, ServerInfo, wire};

/// `GET getGlpiConfig`
#[derive(Deserialize)]
struct Config {
    cfg_glpi: CfgGlpi,
}

#[derive(Deserialize)]
struct CfgGlpi {
    #[serde(default, deserialize_with = "wire::text")]
    version: String,
    #[serde(default, deserialize_with = "wire::text")]
    url_base: String,
    #[serde(default, deserialize_with = "wire::number")]
    use_notifications: u64,
    #[serde(default, deserialize_with = "wire::number")]
    notifications_mailing: u64,
    #[serde(default, deserialize_with = "wire::number")]
    document_max_size: u64,
    #[serde(default, deserialize_with = "wire::text")]
    notification_uuid: String,
}

/// `GET getActiveProfile`
#[derive(Deserialize)]
struct ActiveProfile {
    active_profile: serde_json::Map<String, serde_json::Value>,
}

/// A row of `DocumentType`
#[derive(Deserialize)]
struct DocumentType {
    #[serde(default, deserialize_with = "wire::text")]
    ext: String,
    #[serde(default, deserialize_with = "wire::number")]
    is_uploadable: u64,
}

impl Glpi {
    /// Whether GLPI answers this account now.
    pub async fn ping(&self) -> Result<(), GlpiError> {
        self.active_profile().await.map(drop)
    }

    /// GLPI's version and configuration (`getGlpiConfig`).
    pub async fn server_info(&self) -> Result<ServerInfo, GlpiError> {
        let config: Config = self.get("getGlpiConfig", Vec::new()).await?;
        let config = config.cfg_glpi;
        Ok(ServerInfo {
            mails: config.use_notifications > 0 && config.notifications_mailing > 0,
            version: config.version,
            url_base: config.url_base,
            document_max_size: config.document_max_size,
            uuid: Some(config.notification_uuid).filter(|uuid| !uuid.is_empty()),
        })
    }

    /// What GLPI's clock shows now, in its own time zone (`getFullSession`, as its session was opened).
    pub async fn clock(&self) -> Result<Option<DateTime>, GlpiError> {
        let answer: FullSession = self.get("getFullSession", Vec::new()).await?;
        Ok(answer.session.glpi_currenttime.parse().ok())
    }

    /// The profile in use and its rights (`getActiveProfile`).
    pub async fn active_profile(&self) -> Result<Profile, GlpiError> {
        let answer: ActiveProfile = self.get("getActiveProfile", Vec::new()).await?;
        let profile = answer.active_profile;
        let text = |key| profile.get(key).and_then(|value| value.as_str());
        Ok(Profile {
            name: text("name").unwrap_or_default().to_owned(),
            interface: text("interface").unwrap_or_default().to_owned(),
            rights: profile.iter().filter_map(|(right, bits)| Some((right.clone(), bits.as_u64()?))).collect(),
        })
    }

    /// Whether GLPI shows rows of the kind that this right opens: reads one, and changes nothing. `None` where that does
    /// not tell: whether one may write is not tried, and which of all tickets, follow-ups and logs one may see is not
    /// told by one row.
    pub async fn try_right(&self, right: &Right) -> Result<Option<bool>, GlpiError> {
        let (item, action) = right.opens;
        if action != Action::Read || matches!(item, "Ticket" | "ITILFollowup" | "Log") {
            return Ok(None);
        }
        let first = vec![("range".to_owned(), "0-0".to_owned()), ("get_hateoas".to_owned(), "false".to_owned())];
        match self.get::<serde_json::Value>(item, first).await {
            // GLPI says so where there is no row at all.
            Ok(_) | Err(GlpiError::Rejected { .. } | GlpiError::NotFound) => Ok(Some(true)),
            Err(GlpiError::Denied { .. }) => Ok(Some(false)),
            Err(error) => Err(error),
        }
    }

    /// Whether the service account works in the entities below its own, too.
    pub async fn is_recursive(&self) -> Result<bool, GlpiError> {
        let answer: FullSession = self.get("getFullSession", Vec::new()).await?;
        Ok(answer.session.glpiactive_entity_recursive > 0)
    }

    /// The file types GLPI takes; `None` when the account may not read them.
    pub async fn uploadable_types(&self) -> Result<Option<DocumentTypes>, GlpiError> {
        let rows: Vec<DocumentType> = match self.list("DocumentType").await {
            Err(GlpiError::Denied { .. }) => return Ok(None),
            rows => rows?,
        };
        let extensions = rows
            .into_iter()
            .filter(|row| row.is_uploadable > 0 && !row.ext.is_empty())
            .map(|row| row.ext.to_lowercase())
            .collect();
        Ok(Some(DocumentTypes { extensions }))
    }
}
