//! A mail address, as far as the gateway compares and answers them.

use std::fmt;

use super::school::{code_in, is_uai};

/// Local parts of addresses that deliver mail and write about it; nobody asks for help from there.
const DAEMONS: &[&str] = &["mailerdaemon", "postmaster", "maildaemon", "mdaemon", "smtpdaemon", "mailsystem"];
/// Each Exchange writes its reports from `MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@` and a domain of its own.
const EXCHANGE: &str = "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e";

/// A mail address in the form the gateway compares: `local@domain`, lower case, ASCII domain.
///
/// `Debug` shows the domain only, so that no address reaches a log by accident; `Display` shows it all.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// Reads an address without display name (RFC 5321 section 4.1.2 `Mailbox`, dot-atom local part).
    ///
    /// Quoted local parts, address literals and internationalised domains are no school's or agent's
    /// address: they give `None`. The local part may hold UTF-8 (RFC 6531).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@')?;
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
        let label_ok = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let domain_ok = domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label_ok);
        (local_ok && domain_ok).then(|| Self(text.to_lowercase()))
    }

    /// The whole address, `local@domain`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The code of the school that stands in it, as in `ce.0210001A@…`.
    pub fn school_code(&self) -> Option<String> {
        code_in(self.local())
    }

    /// The code of the school whose mailbox it is, `ce.0210001A@…`.
    pub fn code_of_mailbox(&self) -> Option<String> {
        self.local().strip_prefix("ce.").filter(|code| is_uai(code)).map(str::to_uppercase)
    }

    /// Whether it is a mail server's own.
    pub fn is_daemon(&self) -> bool {
        let letters: String =
            self.local().chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        DAEMONS.contains(&letters.as_str()) || letters.starts_with("mailerdaemon") || letters == EXCHANGE
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "…@{}", self.domain())
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses_are_compared_in_lower_case() {
        assert_eq!(Address::parse(" CE.0210001A@AC-Dijon.fr "), Address::parse("ce.0210001a@ac-dijon.fr"));
    }

    #[test]
    fn what_is_no_plain_address_is_none() {
        for text in [
            "",
            "@",
            "a@",
            "@b.fr",
            "a@b",
            "a b@c.fr",
            "a@@b.fr.",
            "\"x\"@b.fr",
            "a@[127.0.0.1]",
            "a@b..fr",
            "a@ac-dijоn.fr",
            "a@b.fr>",
            "a..b@c.fr",
            "<a@b.fr>",
            "a@-b.fr",
            "a\n@b.fr",
        ] {
            assert_eq!(Address::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn debug_hides_the_local_part() {
        let address = Address::parse("jeanne.martin@ac-dijon.fr").unwrap();
        assert_eq!(format!("{address:?}"), "…@ac-dijon.fr");
    }
}
