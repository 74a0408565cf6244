//! What stood between us and GLPI's answer.

/// What stood between us and an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No connection: refused, unknown host, TLS.
    #[error("no connection")]
    Connection,
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection ended before the answer did.
    #[error("the connection was cut")]
    Cut,
    /// GLPI or a server before it answered with this HTTP status.
    #[error("HTTP status {0}")]
    Status(u16),
    /// The page GLPI shows, with status 200, in maintenance or without its database.
    #[error("maintenance page")]
    Maintenance,
    /// An answer that is not what this call answers.
    #[error("unexpected answer")]
    Unexpected,
    /// Too many failures in a row: calls are held back for a while.
    #[error("calls are paused after repeated failures")]
    Paused,
    /// Every session is in use.
    #[error("every session is busy")]
    Busy,
}
