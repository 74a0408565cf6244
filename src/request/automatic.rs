//! What a mail's own fields say of who wrote it: a person, or a program that waits for no answer (RFC 3834).

use super::Mail;

impl Mail {
    /// A field the rules read, trimmed and lower case.
    pub fn field(&self, name: &str) -> Option<String> {
        self.fields.get(name).map(|value| value.trim().to_lowercase())
    }

    /// Whether it came from the null sender: a bounce, or another mail that nothing may be sent back for.
    pub fn is_from_nobody(&self) -> bool {
        self.envelope_sender.as_deref().is_some_and(is_nobody)
            || self.field("return-path").is_some_and(|path| !path.is_empty() && is_nobody(&path))
    }

    /// Whether it is a report of a mail system (RFC 6522).
    pub fn is_report(&self) -> bool {
        self.field("content-type").is_some_and(|value| value.starts_with("multipart/report"))
    }

    /// Whether it says that a program wrote it.
    pub fn says_automatic(&self) -> bool {
        // RFC 3834 section 5: any value but "no" means automatic; parameters may follow.
        let auto_submitted =
            self.field("auto-submitted").is_some_and(|value| value.split(';').next().map(str::trim) != Some("no"));
        auto_submitted
            || ["x-autoreply", "x-mail-autoreply", "x-autorespond"]
                .iter()
                .any(|name| self.field(name).is_some_and(|value| value != "no"))
            || self.field("precedence").as_deref() == Some("auto_reply")
            || self.is_report()
    }

    /// Whether it goes to many: a list's mail, an advertisement.
    pub fn is_in_bulk(&self) -> bool {
        self.field("precedence").is_some_and(|value| ["bulk", "list", "junk"].contains(&value.as_str()))
            || self.fields.keys().any(|name| name.starts_with("list-"))
    }

    /// Whether it asks that no program answers it, as mails of people may, too.
    pub fn asks_for_silence(&self) -> bool {
        self.field("x-auto-response-suppress")
            .is_some_and(|value| value.split(',').map(str::trim).any(|word| matches!(word, "all" | "autoreply")))
    }
}

/// Whether this is the null sender: some delivery agents write it as an address of their own. `postmaster` is none:
/// forms on web sites send what people write from there.
fn is_nobody(sender: &str) -> bool {
    let bare = sender.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>')).to_lowercase();
    bare.is_empty() || bare.starts_with("mailer-daemon")
}
