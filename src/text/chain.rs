//! An error with everything that lies under it, as one line of a log.

use std::error::Error;

/// The error's words, then those of each error under it that were not said yet: many repeat what lies under them.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut under = error.source();
    while let Some(below) = under {
        let words = below.to_string();
        if !line.contains(&words) {
            line.push_str(": ");
            line.push_str(&words);
        }
        under = below.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::chain;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Above {
        words: &'static str,
        source: io::Error,
    }

    #[test]
    fn each_error_of_the_chain_is_said_once() {
        let refused = || io::Error::new(io::ErrorKind::ConnectionRefused, "nobody listens");
        assert_eq!(chain(&Above { words: "no relay", source: refused() }), "no relay: nobody listens");
        assert_eq!(
            chain(&Above { words: "no relay (nobody listens)", source: refused() }),
            "no relay (nobody listens)"
        );
        assert_eq!(chain(&refused()), "nobody listens");
    }
}
