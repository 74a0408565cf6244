//! An announcement as a mail: the same for everybody, with no recipient's address in it.

use askama::Template;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use lettre::{
    address::Envelope,
    message::{
        Attachment, Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};
use sha2::{Digest as _, Sha256};

use super::{ComposeError, Correspondence, text::line};
use crate::{
    config::{self, Config, ConfigError},
    request::{Reference, message_id},
    smtp::{OpenBatch, SendError},
    text::{Bilingual, french, markdown},
};

/// What `announcements.return_path` says for the null reverse-path.
const NULL: &str = "<>";

/// Bytes that are kept for what is not a file.
const TEXTS: u64 = 64 << 10;

/// An announcement to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncementMail {
    /// What it is called.
    pub reference: Reference,
    /// Its subject.
    pub subject: String,
    /// Its text, Markdown.
    pub markdown: String,
    /// When it was written: every copy has the same date.
    pub written_at: Timestamp,
    /// The files that go along.
    pub files: Vec<EnclosedFile>,
}

/// A file that goes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnclosedFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub content: Bytes,
}

/// What the second person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmationWanted {
    /// What the announcement is called.
    pub reference: Reference,
    /// Its subject.
    pub subject: String,
    /// Its text, Markdown.
    pub markdown: String,
    /// Who wrote it.
    pub written_by: String,
    /// Whom it is for.
    pub audience: String,
    /// To how many addresses it goes.
    pub addresses: usize,
    /// Its files, each with its name and size.
    pub files: Vec<String>,
    /// The page on which it is confirmed; none where there is no portal.
    pub link: Option<String>,
    /// What proves that somebody else read this.
    pub code: String,
}

/// How often a mail is tried that the relay does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tries {
    /// Once: whoever sends it comes again.
    One,
    /// As often as `smtp.retries` says.
    Several,
}

#[derive(Template)]
#[template(path = "announcement.txt")]
struct PlainAnnouncement<'a> {
    text: &'a str,
    signature: &'a str,
    reply_to: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "announcement.html")]
struct HtmlAnnouncement<'a> {
    subject: &'a str,
    html: &'a str,
    signature: &'a str,
    reply_to: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "confirmation.txt")]
struct PlainConfirmation<'a> {
    wanted: &'a ConfirmationWanted,
    text: &'a str,
    to: &'a lettre::Address,
    addresses: String,
    signature: &'a str,
}

#[derive(Template)]
#[template(path = "confirmation.html")]
struct HtmlConfirmation<'a> {
    wanted: &'a ConfirmationWanted,
    to: &'a lettre::Address,
    addresses: String,
    html: &'a str,
    signature: &'a str,
}

/// Writes and sends them.
#[derive(Clone)]
pub struct AnnouncementLetters {
    letters: Correspondence,
    reply_to: Option<Mailbox>,
    return_path: Option<lettre::Address>,
}

impl AnnouncementLetters {
    /// Letters of this sender, as `[announcements]` says.
    ///
    /// # Errors
    ///
    /// Names the key that is no address.
    pub fn new(config: &Config, letters: Correspondence) -> Result<Self, ConfigError> {
        let config = &config.announcements;
        let remedy = Bilingual::new(
            "Give it as assistance1d@ac-dijon.fr, or leave it empty.",
            "Donnez-la ainsi\u{a0}: assistance1d@ac-dijon.fr, ou laissez-la vide.",
        );
        let mailbox = |key: &str, text: &str| config::mailbox(key, text, remedy.clone());
        let reply_to = Some(&config.reply_to).filter(|text| !text.is_empty());
        let return_path = match config.return_path.as_str() {
            NULL => None,
            "" => Some(letters.sender().email.clone()),
            address => Some(mailbox("announcements.return_path", address)?.email),
        };
        let reply_to = reply_to.map(|text| mailbox("announcements.reply_to", text)).transpose()?;
        Ok(Self { letters, reply_to, return_path })
    }

    /// Whether a relay is configured.
    pub fn are_on(&self) -> bool {
        self.letters.is_on()
    }

    /// The bytes of files that a mail may carry which the relay says it takes; `None` where it does not say.
    ///
    /// # Errors
    ///
    /// Where the relay cannot be asked.
    pub async fn largest_files(&self) -> Result<Option<u64>, SendError> {
        // Base64 in lines of 76 letters, each with its end, and room for the texts.
        let files = |mail: u64| mail.saturating_sub(TEXTS) / 78 * 57;
        Ok(self.letters.largest().await?.map(files))
    }

    /// The Message-ID of an announcement.
    pub fn message_id(&self, reference: Reference) -> String {
        message_id::of_announcement(reference, self.letters.domain())
    }

    /// Where answers go.
    pub fn reply_to(&self) -> Option<&str> {
        self.reply_to.as_ref().map(|mailbox| mailbox.email.as_ref())
    }

    /// What an announcement says as plain text, without Markdown's marks.
    ///
    /// # Errors
    ///
    /// Where its text cannot be made.
    pub fn plain(&self, markdown: &str) -> Result<String, ComposeError> {
        let signature = self.letters.name();
        Ok(PlainAnnouncement { text: &markdown::plain(markdown), signature, reply_to: self.reply_to() }.render()?)
    }

    /// What it says as HTML: a whole document.
    ///
    /// # Errors
    ///
    /// Where its text cannot be made.
    pub fn html(&self, subject: &str, markdown: &str) -> Result<String, ComposeError> {
        let (html, signature) = (shown(markdown), self.letters.name());
        Ok(HtmlAnnouncement { subject, html: &html, signature, reply_to: self.reply_to() }.render()?)
    }

    /// The same without what stands around it, for a page that shows it.
    pub fn body(&self, markdown: &str) -> String {
        shown(markdown)
    }

    /// The whole mail: head and body as a relay gets them.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub fn compose(&self, mail: &AnnouncementMail) -> Result<Vec<u8>, ComposeError> {
        // As long as it may be was said where it was written.
        let subject = line(&mail.subject, usize::MAX);
        let boundary = boundary(mail);
        let mut parts = MultiPart::alternative()
            .boundary(format!("{boundary}-a"))
            .singlepart(SinglePart::plain(self.plain(&mail.markdown)?))
            .singlepart(SinglePart::html(self.html(&subject, &mail.markdown)?));
        if !mail.files.is_empty() {
            parts = MultiPart::mixed().boundary(format!("{boundary}-m")).multipart(parts);
            for file in &mail.files {
                parts = parts.singlepart(enclosed(file));
            }
        }
        // RFC 5322 wants a recipient, and each sees it: the sender's own address is nobody else's.
        let own = self.letters.sender();
        let id = self.message_id(mail.reference);
        let mut head = self
            .letters
            .head(own.clone(), &subject, id, "auto-generated")
            .date(mail.written_at.into())
            .raw_header(field("Precedence", "bulk"))
            .raw_header(field("Feedback-ID", &format!("{}:information:passerelle", mail.reference)))
            .envelope(Envelope::new(None, vec![own.email.clone()])?);
        if let Some(reply_to) = &self.reply_to {
            head = head.reply_to(reply_to.clone());
        }
        Ok(head.multipart(parts)?.formatted())
    }

    /// Begins to hand a mail over to the relay, for these recipients.
    ///
    /// # Errors
    ///
    /// Where the relay takes none now.
    pub async fn open_batch(&self, to: &[lettre::Address]) -> Result<OpenBatch, SendError> {
        self.letters.open_batch(self.return_path.clone(), to).await
    }

    /// Asks somebody to confirm an announcement.
    ///
    /// # Errors
    ///
    /// Where the letter cannot be made, or the relay does not take it.
    pub async fn ask_confirmation(
        &self,
        to: lettre::Address,
        wanted: &ConfirmationWanted,
        tries: Tries,
    ) -> Result<(), SendError> {
        let (html, signature) = (shown(&wanted.markdown), self.letters.name());
        let addresses = french::count(wanted.addresses, "adresse", "adresses");
        let text = markdown::plain(&wanted.markdown);
        let plain = PlainConfirmation { wanted, text: &text, to: &to, addresses: addresses.clone(), signature };
        let plain = plain.render().map_err(ComposeError::from)?;
        let html = HtmlConfirmation { wanted, to: &to, addresses, html: &html, signature };
        let html = html.render().map_err(ComposeError::from)?;
        let name = format!("{}-confirmation-{}", wanted.reference, to.user().to_lowercase());
        let id = message_id::of_letter_to_people(&name, self.letters.domain());
        let subject = line(&format!("À confirmer\u{a0}: {}", wanted.subject), usize::MAX);
        let letter = self.letters.head(Mailbox::new(None, to.clone()), &subject, id, "auto-generated");
        let letter = letter.multipart(MultiPart::alternative_plain_html(plain, html)).map_err(ComposeError::from)?;
        match tries {
            Tries::One => self.letters.send_once(to, &letter).await,
            Tries::Several => self.letters.send(to, &letter).await,
        }
    }
}

/// What parts the parts of a mail: the same each time it is made, and nothing that anybody could have written into it.
fn boundary(mail: &AnnouncementMail) -> String {
    let mut hash = Sha256::new();
    hash.update(mail.reference.to_string());
    hash.update(&mail.subject);
    hash.update(&mail.markdown);
    for file in &mail.files {
        hash.update(Sha256::digest(&file.content));
    }
    format!("passerelle-{}", HEXLOWER.encode(&hash.finalize()[..16]))
}

/// A file as a part of a mail: base64 keeps each of its bytes, also those of texts.
fn enclosed(file: &EnclosedFile) -> SinglePart {
    let body = Body::new_with_encoding(file.content.to_vec(), ContentTransferEncoding::Base64);
    let media_type = ContentType::parse(&file.media_type).unwrap_or(ContentType::TEXT_PLAIN);
    Attachment::new(file.name.clone()).body(body.unwrap_or_else(Body::new), media_type)
}

/// Markdown as HTML that a mail may show below its own title.
fn shown(body: &str) -> String {
    markdown::shown(body, 2).unwrap_or_default()
}

fn field(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}
