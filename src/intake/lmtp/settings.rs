//! What the listener is told.

use std::time::Duration;

use lettre::transport::smtp::extension::ClientId;

use crate::{config, request::Address};

/// What the listener is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How it names itself.
    pub hostname: String,
    /// The recipients it takes mail for.
    pub recipients: Vec<Address>,
    /// The largest mail that may be announced, and as much as is kept of an unannounced one, bytes.
    pub max_size: u64,
    /// Connections at a time; one more is sent away.
    pub max_connections: usize,
    /// Recipients of one mail.
    pub max_recipients: usize,
    /// How long the relay may be silent.
    pub idle_timeout: Duration,
    /// How long a connection may last.
    pub total_timeout: Duration,
}

impl Settings {
    /// The settings of a configuration that serves these recipients.
    pub fn new(config: &config::Lmtp, recipients: Vec<Address>) -> Self {
        let hostname = match config.hostname.as_str() {
            "" => ClientId::default().to_string(),
            name => name.to_owned(),
        };
        Self {
            hostname,
            recipients,
            max_size: config.max_size,
            max_connections: config.max_connections,
            max_recipients: config.max_recipients,
            idle_timeout: config.idle_timeout,
            total_timeout: config.total_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use crate::config;

    #[test]
    fn the_configuration_names_the_listener_or_the_machine_does() {
        let name = |environment: Vec<(String, String)>| {
            let config = config::load_from(None, environment).unwrap();
            Settings::new(&config.lmtp, Vec::new()).hostname
        };
        assert_eq!(name(vec![("PASSERELLE_LMTP__HOSTNAME".into(), "mail.test".into())]), "mail.test");
        let machine = name(Vec::new());
        assert!(!machine.is_empty() && !machine.contains(char::is_whitespace), "{machine:?}");
    }
}
