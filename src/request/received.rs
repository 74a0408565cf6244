//! What intake hands over: the request as it came, before any rule has looked at it.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::{Address, Fingerprint, Reference};
use crate::company::Company;
use crate::id::TicketId;
use crate::text::html_text::to_html;

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
    /// A form of the portal that was put by while GLPI could not answer, and that the relay or a mailbox brings back.
    Returned,
}

impl Channel {
    /// Every way in.
    pub const ALL: [Self; 6] = [Self::Lmtp, Self::Imap, Self::HttpMail, Self::Stdin, Self::Form, Self::Returned];

    /// The name in logs and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Lmtp => "lmtp",
            Self::Imap => "imap",
            Self::HttpMail => "http",
            Self::Stdin => "stdin",
            Self::Form => "form",
            Self::Returned => "returned",
        }
    }

    /// Whether the topmost `Received` of its mails is the academy's own relay's, and so to be believed.
    pub fn is_stamped_by_relay(self) -> bool {
        match self {
            Self::Lmtp => true,
            Self::Imap | Self::HttpMail | Self::Stdin | Self::Form | Self::Returned => false,
        }
    }

    /// Whether a request that is put off waits somewhere to be tried again without a person: so it may fail for ever.
    /// The portal tells its user, who sends a form again.
    pub fn tries_again_by_itself(self) -> bool {
        match self {
            Self::Lmtp | Self::Imap | Self::HttpMail | Self::Stdin | Self::Returned => true,
            Self::Form => false,
        }
    }

    /// Whether a mail stays where it came from once it is put aside: a mailbox has a folder for it.
    pub fn keeps_what_is_put_aside(self) -> bool {
        match self {
            Self::Imap => true,
            Self::Lmtp | Self::HttpMail | Self::Stdin | Self::Form | Self::Returned => false,
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
    /// Who forwarded it, where it is the request of the person whose mail it hands on.
    pub forwarder: Option<Address>,
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

impl Received {
    /// Whether nothing proves that who is written to is who wrote.
    pub fn is_unproven(&self) -> bool {
        matches!(&self.origin, Origin::Mail(mail) if mail.unproven)
    }

    /// Whether surely no gateway has tried it before.
    pub fn is_untried(&self) -> bool {
        matches!(&self.origin, Origin::Mail(mail) if mail.is_untried)
    }

    /// The requests it came with; `None`: it came alone.
    pub fn company(&self) -> Option<&Company> {
        match &self.origin {
            Origin::Mail(mail) => Some(&mail.company),
            Origin::Form(_) => None,
        }
    }

    /// Goes on alone: see [`Company::leave`].
    pub fn leave_company(&self) {
        if let Some(company) = self.company() {
            company.leave();
        }
    }

    /// What a requester writes on the portal about their request of this number. GLPI is asked whether a copy came
    /// before, however long ago.
    pub fn on_portal(requester: &Address, request: TicketId, reference: Reference, text: &str, now: Timestamp) -> Self {
        Self {
            channel: Channel::Form,
            reference,
            aliases: Vec::new(),
            arrived: now,
            copies_since: Timestamp::MIN,
            requester: Some(requester.clone()),
            forwarder: None,
            display_name: None,
            subject: format!("Demande n° {request}"),
            body: Body { html: to_html(text), folded_html: None, text: text.to_owned() },
            attachments: Vec::new(),
            cut: Vec::new(),
            original: None,
            enclosed: Vec::new(),
            size: text.len() as u64,
            origin: Origin::Form(FormFields::default()),
        }
    }

    /// The references that its ticket or follow-up may carry: its own, and those of its earlier copies.
    pub fn names(&self) -> impl Iterator<Item = Reference> + '_ {
        [self.reference].into_iter().chain(self.aliases.iter().copied())
    }

    /// Who wrote to us: the requester, or who forwarded their mail.
    pub fn writer(&self) -> Option<&Address> {
        self.forwarder.as_ref().or(self.requester.as_ref())
    }
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

/// Files that go along with a few words, and what is known of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enclosure {
    /// The files.
    pub attachments: Vec<Attachment>,
    /// What the mails among them hold.
    pub enclosed: Vec<Enclosed>,
    /// A digest of their names and contents; empty without files.
    pub digest: String,
    /// How much of them came in, bytes.
    pub size: u64,
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
#[expect(clippy::large_enum_variant, reason = "nearly all are mails: a box would be one more allocation for each")]
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
    /// Whether the mailbox it comes from says that no gateway has tried it before.
    pub is_untried: bool,
    /// The mails it came with.
    pub company: Company,
    /// The recipients the relay named; empty when the way in does not say.
    pub envelope_recipients: Vec<Address>,
    /// The recipients in `To` and `Cc`.
    pub header_recipients: Vec<Address>,
    /// How many of these, the first ones, are in `To`.
    pub in_to: usize,
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
    /// The `Message-ID` of the mail that a program gives back here, whole or its header alone (RFC 3462): of what could not
    /// be delivered.
    pub returned: Option<String>,
    /// The header fields GLPI's own mail rules may look at (`from`, `to`, `subject`, `reply-to`, …), decoded.
    pub head: BTreeMap<String, String>,
}

/// What a form says beside its title and description.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
