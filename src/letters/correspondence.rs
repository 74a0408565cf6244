//! Who the gateway's letters come from, and the head every one of them has: no machine answers it (RFC 3834).

use data_encoding::BASE64;
use lettre::{
    Message,
    message::{
        Mailbox, MessageBuilder,
        header::{HeaderName, HeaderValue},
    },
};

use crate::{
    config::{Config, ConfigError},
    request::Address,
    smtp::{Mailer, OpenBatch, SendError},
};

/// Bytes of an encoded word: with what stands around it, it stays within a line.
const LONGEST_WORD: usize = 36;

/// Makes and sends the gateway's letters: all of one sender, by one relay.
#[derive(Clone)]
pub struct Correspondence {
    from: Mailbox,
    mailer: Mailer,
}

impl Correspondence {
    /// Letters from `smtp.from`, which go through `mailer`.
    ///
    /// # Errors
    ///
    /// Where `smtp.from` is no mail address.
    pub fn new(config: &Config, mailer: Mailer) -> Result<Self, ConfigError> {
        Ok(Self { from: config.smtp.sender()?, mailer })
    }

    /// Whether a mail relay is configured.
    pub fn is_on(&self) -> bool {
        self.mailer.is_on()
    }

    /// The largest mail that the relay says it takes, in bytes; `None` where it does not say.
    ///
    /// # Errors
    ///
    /// Where the relay cannot be asked.
    pub async fn largest(&self) -> Result<Option<u64>, SendError> {
        self.mailer.largest().await
    }

    /// Whether the relay can be reached now.
    ///
    /// # Errors
    ///
    /// What the relay, or the way to it, said.
    pub async fn probe(&self) -> Result<(), SendError> {
        self.mailer.probe().await
    }

    /// Who signs: the display name of `smtp.from`, else its address.
    pub(crate) fn name(&self) -> &str {
        self.from.name.as_deref().unwrap_or_else(|| self.from.email.as_ref())
    }

    /// The address letters come from.
    pub(crate) fn address(&self) -> &str {
        self.from.email.as_ref()
    }

    /// Who letters come from.
    pub(super) fn sender(&self) -> &Mailbox {
        &self.from
    }

    /// The domain letters come from, by which screening knows them.
    pub(super) fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// Whether this is the address letters come from.
    pub(super) fn is_own(&self, to: &Address) -> bool {
        to.as_str().eq_ignore_ascii_case(self.address())
    }

    /// The head of a letter; `auto_submitted` as in RFC 3834 section 5.
    pub(super) fn head(
        &self,
        to: impl Into<Mailbox>,
        subject: &str,
        id: String,
        auto_submitted: &'static str,
    ) -> MessageBuilder {
        // No `Precedence`: RFC 3834 section 3.1.8 recommends no value, and «bulk» sends mail to the spam folder.
        Message::builder()
            .from(self.from.clone())
            .to(to.into())
            .raw_header(titled(subject))
            .date_now()
            .message_id(Some(id))
            .raw_header(field("Auto-Submitted", auto_submitted))
            .raw_header(field("X-Auto-Response-Suppress", "All"))
    }

    /// Sends a letter, and waits for its end.
    pub(crate) async fn send(&self, to: lettre::Address, letter: &Message) -> Result<(), SendError> {
        self.mailer.send(to, letter).await
    }

    /// Begins to hand one mail over to many, as [`Mailer::open_batch`].
    pub(super) async fn open_batch(
        &self,
        from: Option<lettre::Address>,
        to: &[lettre::Address],
    ) -> Result<OpenBatch, SendError> {
        self.mailer.open_batch(from, to).await
    }

    /// The same, without a further try where the relay does not take it: whoever sends it comes again.
    pub(crate) async fn send_once(&self, to: lettre::Address, letter: &Message) -> Result<(), SendError> {
        self.mailer.send_once(to, letter).await
    }
}

fn field(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// The subject. One that looks as if it were encoded is, so that nobody's program takes its letters for something else
/// (RFC 2047 section 5).
fn titled(subject: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Subject");
    if !subject.contains("=?") {
        return HeaderValue::new(name, subject.to_owned());
    }
    let mut words: Vec<String> = Vec::new();
    let mut rest = subject;
    while !rest.is_empty() {
        let (word, behind) = rest.split_at(rest.floor_char_boundary(LONGEST_WORD.min(rest.len())));
        words.push(format!("=?utf-8?b?{}?=", BASE64.encode(word.as_bytes())));
        rest = behind;
    }
    HeaderValue::dangerous_new_pre_encoded(name, subject.to_owned(), words.join("\r\n "))
}
