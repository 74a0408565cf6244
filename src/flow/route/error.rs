//! Why a request cannot be routed now.

/// Why a request cannot be routed now.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The mapping went away.
    #[error("no mapping serves the application {0}: its file was removed or renamed; put it back and send SIGHUP")]
    NoMapping(String),
    /// A template fails.
    #[error("the {template} of {file} fails: {source:#}; correct it and send SIGHUP")]
    Template {
        /// Which of the mapping's templates.
        template: &'static str,
        /// The mapping's file.
        file: String,
        /// What the template engine says.
        source: minijinja::Error,
    },
}
