//! Mails that the gateway itself puts into a mailbox, which it reads again.

use super::{account::MailboxAccount, error::ImapError, folders, settings::Settings};
use crate::config::{Config, ConfigError};

/// Puts mails into the folder that is read.
pub struct Appender {
    settings: Settings,
    account: MailboxAccount,
}

/// What puts mails into the first mailbox; `None` where none is configured.
///
/// # Errors
///
/// As [`Settings::new`].
pub fn appender(config: &Config) -> Result<Option<Appender>, ConfigError> {
    if config.imap.url.is_empty() {
        return Ok(None);
    }
    let settings = Settings::new(config, Vec::new())?;
    let account = settings.accounts().first().cloned();
    Ok(account.map(|account| Appender { settings, account }))
}

impl Appender {
    /// Puts a mail there, unread.
    ///
    /// # Errors
    ///
    /// Where the server does not take it, or its answer was lost.
    pub async fn put(&self, mail: &[u8]) -> Result<(), ImapError> {
        let mut session = self.settings.connector.connect(&self.account).await?;
        let folder = folders::to_read(&mut session, &self.account.folder).await?;
        session.append(&folder, mail).await?;
        session.log_out().await;
        Ok(())
    }
}
