//! What intake hands over: the request as it came, before any rule has looked at it.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::{Address, Fingerprint, Reference, School};

/// The way a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The academy's mail relay, over LMTP.
    Lmtp,
    /// An assistance mailbox, over IMAP.
    Imap,
    /// `POST /v1/mail`.
    HttpMail,
    /// `passerelle ingest`.
    Stdin,
    /// The portal's form, `POST /v1/requests`.
    Form,
}

impl Channel {
    /// The name in logs and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Lmtp => "lmtp",
            Self::Imap => "imap",
            Self::HttpMail => "http",
            Self::Stdin => "stdin",
            Self::Form => "form",
        }
    }
}

/// A request as intake understood it; nothing in it has been judged yet.
#[derive(Clone, Debug)]
pub struct Received {
    /// How it came.
    pub channel: Channel,
    /// What it is called, here and in GLPI.
    pub reference: Reference,
    /// Other references that an earlier copy of this same request may carry: a form without
    /// Idempotency-Key is named by the minute it came in, so the ten minutes before and the next one
    /// are listed here; a mail's name may have been another mail's, and these are the ones it has then.
    pub aliases: Vec<Reference>,
    /// When it reached the academy: over LMTP the relay's topmost `Received`, over IMAP the moment the mailbox
    /// stored it, else now. Decides the day it counts for.
    pub arrived: Timestamp,
    /// The earliest moment another copy can have come in. The cache is believed about copies only when it
    /// remembers further back than this.
    pub copies_since: Timestamp,
    /// The person who asks; `None` when the mail names nobody the gateway could answer.
    pub requester: Option<Address>,
    /// The name the requester gave, shown only where the directory knows none.
    pub display_name: Option<String>,
    /// The decoded subject or title, one line.
    pub subject: String,
    /// What was written.
    pub body: Body,
    /// The files, in the order they came.
    pub attachments: Vec<Attachment>,
    /// What of the request neither the text nor the files hold, in French, a phrase each: «la
    /// signature électronique du message». Empty where nothing is missing.
    pub cut: Vec<String>,
    /// A mail as it came, header and all.
    pub original: Option<Bytes>,
    /// What the original and each attached mail hold, whatever wraps it.
    pub enclosed: Vec<Enclosed>,
    /// The size of the whole as it came, bytes; more than was kept where intake cut it.
    pub size: u64,
    /// What only a mail, or only a form, has.
    pub origin: Origin,
}

/// What was written, as sanitised HTML fragments and as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// What the person wrote: sanitised HTML; an inline image is `<img id="TAG">` with the
    /// [`Attachment::inline_tag`] of its file.
    pub html: String,
    /// Quoted history and signature, sanitised HTML, to be shown folded away.
    pub folded_html: Option<String>,
    /// What the person wrote, as plain text.
    pub text: String,
}

/// A file that came with a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The cleaned file name, never empty, without path or control characters.
    pub name: String,
    /// The media type that was declared, lower case, `application/octet-stream` when none was.
    pub content_type: String,
    /// The decoded content.
    pub content: Bytes,
    /// The mark of the image in [`Body::html`], where the file is shown inside the text.
    pub inline_tag: Option<String>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.content_type, self.content.len())
    }
}

/// All that a mail holds, by which it is judged whether it may be handed on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enclosed {
    /// The attached mail's place in [`Received::attachments`]; `None` is the original.
    pub file: Option<usize>,
    /// Every part, those of attached mails and those beside what is encrypted or signed included.
    pub parts: Vec<Part>,
    /// Whether nothing lies beyond the limits of depth and number.
    pub is_whole: bool,
}

/// A part of a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// The name it has as a file.
    pub name: String,
    /// The first 1024 bytes of its content.
    pub beginning: Bytes,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Part")
    }
}

/// What only one kind of request has.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A mail.
    Mail(Mail),
    /// A form of the portal.
    Form(FormFields),
}

/// What screening and GLPI want to know of a mail beside its text.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// The envelope sender: `Some("")` is the null reverse-path (RFC 5321 section 4.5.5), `None` unknown.
    pub envelope_sender: Option<String>,
    /// The recipients the relay named; empty when the way in does not say.
    pub envelope_recipients: Vec<Address>,
    /// The recipients in `To` and `Cc`.
    pub header_recipients: Vec<Address>,
    /// Every address in `From`: more than one is suspicious.
    pub from: Vec<Address>,
    /// How many `From` fields there are; a mail has one (RFC 5322 section 3.6).
    pub from_fields: usize,
    /// The names beside the addresses in `From`, decoded.
    pub from_names: Vec<String>,
    /// Every address in `Reply-To` as written, also those that are no [`Address`].
    pub reply_to: Vec<String>,
    /// The topmost `Authentication-Results` (RFC 8601), unfolded and otherwise as it stands: what is decoded or
    /// cut in it would say something else. `None` also where it is too long to be read as a whole.
    pub authentication_results: Option<String>,
    /// The `Message-ID`, with its angle brackets.
    pub message_id: Option<String>,
    /// Whether nothing proves that the sender is who wrote: then nothing of the mail is quoted to them, and few notices
    /// a day are sent.
    pub unproven: bool,
    /// What tells it from another mail of the same `Message-ID`; `None` where the content names it.
    pub fingerprint: Option<Fingerprint>,
    /// The header fields the rules read, by lower-case name: `auto-submitted`, `precedence`, `list-*`,
    /// `x-auto-response-suppress`, `x-autoreply`, `content-type`, `in-reply-to`, `references`, …
    pub fields: BTreeMap<String, String>,
    /// What a calendar that the mail shows wants with its appointment, upper case: `REQUEST`, `REPLY`, …
    /// (RFC 5546 section 1.4).
    pub calendar_method: Option<String>,
    /// Outlook's class of the message, as a winmail.dat names it (MS-OXCMSG section 2.2.1.3), or as a report that the
    /// mail holds has it: `IPM.Note`, …
    pub message_class: Option<String>,
    /// The header fields GLPI's own mail rules may look at (`from`, `to`, `subject`, `reply-to`, …), decoded.
    pub head: BTreeMap<String, String>,
}

/// What a form says beside its title and description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormFields {
    /// The application as a mapping calls it in its `form_names`.
    pub application: Option<String>,
    /// The nature of the request, one of a mapping's `natures`.
    pub nature: Option<String>,
    /// Incident or request; the mapping decides where the form does not.
    pub kind: Option<TicketKind>,
    /// GLPI's urgency, 1 (very low) to 5 (very high).
    pub urgency: Option<u8>,
    /// The error message the person saw.
    pub error_message: Option<String>,
    /// Where to call back.
    pub phone: Option<String>,
    /// The school's code, for instance `0210001A`.
    pub uai: Option<String>,
}

/// GLPI's ticket type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TicketKind {
    /// «Incident», 1.
    Incident,
    /// «Demande», 2.
    #[serde(rename = "demande")]
    Request,
}

/// What a directory knows of a person; every field it does not know is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// First and last name.
    pub name: Option<String>,
    /// What the person is, for instance «Directeur d'école».
    pub role: Option<String>,
    /// The school's code, for instance `0210001A`.
    pub uai: Option<String>,
    /// The school's name.
    pub school: Option<String>,
    /// The district of primary education it belongs to.
    pub circonscription: Option<String>,
    /// The department's number in three characters: `021`, `058`, `02A`.
    pub department: Option<String>,
    /// Where to call back.
    pub phone: Option<String>,
    /// Further schools the directory knows them at.
    pub other_schools: Vec<School>,
}

/// A file that did not get into the ticket.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The file's name.
    pub name: String,
    /// Why, in French, for the référents and the requester.
    pub why: String,
}

/// How mail programs begin the subject of a reply, before the colon.
const REPLIES: &[&str] = &["re", "ré", "rép", "rep", "réf", "réponse", "aw", "antw", "sv"];

/// The words of what stands before a subject's colon, lower case.
fn prefix_words(begin: &str) -> Vec<String> {
    let separates =
        |c: char| c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '-' | '–' | '—' | '|' | '/' | '_' | '.');
    begin.split(separates).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Whether a subject is a reply's: by its prefix, also behind a keyword or as «RE\[2\]:», or because it is that of a mail
/// of GLPI («\[GLPI #0001234\] …») or of the gateway, which bears a reference.
pub fn is_reply(subject: &str) -> bool {
    let is_prefix = |begin: &str| {
        let words = prefix_words(begin);
        let last = words.iter().rfind(|word| !word.bytes().all(|byte| byte.is_ascii_digit()));
        last.is_some_and(|last| REPLIES.contains(&last.as_str()))
    };
    let is_number = |tag: &str| {
        let number = tag.split(']').next().and_then(|tag| tag.rsplit_once('#')).map(|(_, number)| number.trim());
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let begins: Vec<&str> = subject.split(':').collect();
    begins.split_last().is_some_and(|(_, begins)| begins.iter().take(2).any(|begin| is_prefix(begin)))
        || subject.split('[').skip(1).any(is_number)
        || Reference::find_in_subject(subject).is_some()
}

/// Whether a subject is a forwarded mail's, in the forms of French and English mail programs. A keyword may stand in
/// front of the prefix, as people put it there: «LSU - TR: …», «\[LSU\] Fwd: …», «LSU : TR: …».
pub fn is_forward(subject: &str) -> bool {
    const FORWARDS: &[&str] = &["tr", "fw", "fwd", "trans", "transf"];
    const MAX_KEYWORD_WORDS: usize = 4;
    let mut rest = subject;
    // One prefix, or the keyword and one.
    for _ in 0..2 {
        let Some((begin, behind)) = rest.split_once(':') else { return false };
        let words = prefix_words(begin);
        let Some(prefix) = words.last() else { return false };
        // «[GLPI #0001234] TR: …» is a notification's subject.
        if words.len() > 1 + MAX_KEYWORD_WORDS
            || words.iter().any(|word| word.contains('#') || REPLIES.contains(&word.as_str()))
        {
            return false;
        }
        if FORWARDS.contains(&prefix.as_str()) {
            return true;
        }
        rest = behind;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{is_forward, is_reply};

    #[test]
    fn forwards_are_told_by_their_subject() {
        for subject in [
            "TR: LSU",
            "Tr : LSU",
            "Fwd: LSU",
            "FW: RE: LSU",
            "LSU - TR: plus de livrets",
            "[LSU] Fwd: plus de livrets",
            "LSU : TR : plus de livrets",
            "URGENT LSU Fwd: RE: livrets",
        ] {
            assert!(is_forward(subject), "{subject}");
        }
        for subject in [
            "RE: TR: LSU",
            "LSU - RE: TR: livrets",
            "LSU : problème",
            "LSU : problème : TR: x",
            "[GLPI #0001234] TR: LSU",
            "transfert",
            "Un livret qui ne part pas avec le TR: x",
            ":",
            "",
        ] {
            assert!(!is_forward(subject), "{subject}");
        }
    }

    #[test]
    fn replies_are_told_by_their_subject() {
        for subject in [
            "RE: LSU",
            "Re : LSU",
            "Rép. : LSU",
            "RE[2]: LSU",
            "LSU - RE: bilans",
            "LSU : Re: bilans",
            "[GLPI #0001234] Ticket LSU",
            "AW: LSU",
            "Votre demande P-0000-0000-0000 LSU",
        ] {
            assert!(is_reply(subject), "{subject}");
        }
        for subject in ["LSU : problème", "LSU", "TR: LSU", "Le livre : tome 2 : LSU", "Classe [CM2 #B] LSU", ":", ""]
        {
            assert!(!is_reply(subject), "{subject}");
        }
    }
}
