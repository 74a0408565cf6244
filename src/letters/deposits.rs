//! A form that the helpdesk cannot take now, as a mail to the academy's own relay: for people to read, and with what the
//! gateway itself reads when the mail comes back.

use lettre::message::{
    Attachment, Body, Mailbox, MultiPart, SinglePart,
    header::{ContentTransferEncoding, ContentType},
};

use super::{
    ComposeError, Correspondence,
    text::{LONGEST_SUBJECT, line},
};
use crate::{
    config::{Config, ConfigError, mailbox},
    request::{Origin, Received, message_id},
    smtp::{Fault, NotHandedOver, SendError},
    text::Bilingual,
};

/// The media type of what the gateway reads, and the name that people see it by.
const RECORD: &str = "application/vnd.passerelle.deposit";
const RECORD_NAME: &str = "demande.passerelle";

/// RFC 5321 section 4.2.3: a mail is larger than the relay takes.
const TOO_LARGE: u16 = 552;

/// Why the relay does not keep a form.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// It takes no mail for the assistance address, and answered so.
    #[error("the mail relay takes nothing for the assistance address: it answered {0}")]
    Recipient(u16),
    /// It has not taken this mail, or may have.
    #[error(transparent)]
    Mail(NotHandedOver),
}

impl NotKept {
    /// Whether the mail is larger than the relay takes.
    pub fn is_too_large(&self) -> bool {
        match self {
            Self::Recipient(code) => *code == TOO_LARGE,
            Self::Mail(NotHandedOver::Refused(SendError::Refused(Fault::Answered(code)))) => {
                u16::from(*code) == TOO_LARGE
            }
            Self::Mail(_) => false,
        }
    }
}

/// Writes and sends them.
#[derive(Clone)]
pub struct DepositLetters {
    letters: Correspondence,
    to: Mailbox,
    /// Who hears of one that the relay gives up: the operators, with the whole request; else nobody.
    return_path: Option<lettre::Address>,
}

impl DepositLetters {
    /// Letters to the first of `screen.recipients`.
    ///
    /// # Errors
    ///
    /// Where there is none, or `quarantine.operators` is no address.
    pub fn new(config: &Config, letters: Correspondence) -> Result<Self, ConfigError> {
        let to = config.screen.recipients.first().map(String::as_str).unwrap_or_default();
        let to = mailbox(
            "screen.recipients",
            to,
            Bilingual::new(
                "Give the address that the gateway gets mail for, such as assistance1d@ac-dijon.fr.",
                "Donnez l’adresse dont la passerelle reçoit le courriel, par exemple assistance1d@ac-dijon.fr.",
            ),
        )?;
        let return_path = match config.quarantine.operators.trim() {
            "" => None,
            operators => Some(
                mailbox(
                    "quarantine.operators",
                    operators,
                    Bilingual::new(
                        "Give it as exploitation@ac-dijon.fr.",
                        "Donnez-la ainsi\u{a0}: exploitation@ac-dijon.fr.",
                    ),
                )?
                .email,
            ),
        };
        Ok(Self { letters, to, return_path })
    }

    /// The mail that puts this by, with what the gateway reads of it again.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub fn compose(&self, received: &Received, record: Vec<u8>) -> Result<Vec<u8>, ComposeError> {
        let subject = format!("Demande du portail en attente [{}]\u{a0}: {}", received.reference, received.subject);
        let id = message_id::of_deposit(received.reference, self.letters.domain());
        let octets = ContentType::parse("application/octet-stream").unwrap_or(ContentType::TEXT_PLAIN);
        let record_type = ContentType::parse(RECORD).unwrap_or_else(|_| octets.clone());
        let mut parts = MultiPart::mixed().singlepart(SinglePart::plain(words(received))).singlepart(part(
            RECORD_NAME.to_owned(),
            record,
            record_type,
        ));
        for file in &received.attachments {
            // Under its own type a mail program might change a text's line ends, or a relay open an archive.
            parts = parts.singlepart(part(file.name.clone(), file.content.to_vec(), octets.clone()));
        }
        let head = self.letters.head(self.to.clone(), &line(&subject, LONGEST_SUBJECT), id, "auto-generated");
        Ok(head.multipart(parts)?.formatted())
    }

    /// Hands such a mail over, in one try, and waits for the relay's word.
    ///
    /// # Errors
    ///
    /// Why it is not sure that the relay keeps it.
    pub async fn hand_over(&self, mail: &[u8]) -> Result<(), NotKept> {
        let to = std::slice::from_ref(&self.to.email);
        let open = self.letters.open_batch(self.return_path.clone(), to).await;
        let open = open.map_err(|error| NotKept::Mail(NotHandedOver::Refused(error)))?;
        let recipients = open.recipients();
        if let Some((_, code)) = recipients.refused.iter().chain(&recipients.put_off).next() {
            return Err(NotKept::Recipient(*code));
        }
        open.finish(mail).await.map_err(NotKept::Mail)
    }
}

/// A file as a part of the mail: base64 keeps each of its bytes.
fn part(name: String, content: Vec<u8>, content_type: ContentType) -> SinglePart {
    let body = Body::new_with_encoding(content, ContentTransferEncoding::Base64).unwrap_or_else(Body::new);
    Attachment::new(name).body(body, content_type)
}

/// What people read, who find it in a mailbox.
fn words(received: &Received) -> String {
    let what = match &received.origin {
        Origin::Form(form) => form.application.as_deref().or(form.nature.as_deref()).unwrap_or_default(),
        Origin::Mail(_) => "",
    };
    let requester = received.requester.as_ref().map(ToString::to_string).unwrap_or_default();
    let files: Vec<&str> = received.attachments.iter().map(|file| file.name.as_str()).collect();
    let facts = [
        ("Référence", received.reference.to_string()),
        ("Déposée par", requester),
        ("Application", what.to_owned()),
        ("Titre", received.subject.clone()),
        ("Fichiers", files.join(", ")),
    ];
    let facts = facts.iter().filter(|(_, value)| !value.is_empty());
    let facts: Vec<_> = facts.map(|(name, value)| format!("{name}\u{a0}: {value}")).collect();
    let facts = facts.join("\n");
    format!(
        "Cette demande a été déposée sur le portail pendant que l’assistance (GLPI) ne répondait pas. La passerelle \
         l’enregistrera d’elle-même, avec ses fichiers, dès que l’assistance répondra\u{a0}: n’y répondez pas, ne la \
         modifiez pas et ne la transférez pas, son sceau ne serait plus valable.\n\n{facts}\n\n{}\n",
        received.body.text
    )
}
