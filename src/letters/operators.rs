//! Letters to the operators: of a mail that is beyond the gateway.

use jiff::Timestamp;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart, header::ContentType};

use super::{ComposeError, Correspondence};
use crate::{
    config::{Config, ConfigError, mailbox},
    request::{Deferral, Reference, message_id},
    text::Bilingual,
};

/// Who looks after the gateway, and how they are told.
#[derive(Clone)]
pub struct Operators {
    letters: Correspondence,
    to: Option<Mailbox>,
    /// The mailbox's folder for what is put aside.
    folder: String,
}

/// A mail that is put aside, and why.
#[derive(Clone, Copy, Debug)]
pub struct PutAside<'a> {
    /// What it is called.
    pub reference: Reference,
    /// How its last try ended.
    pub deferral: &'a Deferral,
    /// How often it was tried.
    pub times: u32,
}

impl Operators {
    /// The operators of a configuration.
    ///
    /// # Errors
    ///
    /// Where `quarantine.operators` is no mail address.
    pub fn new(config: &Config, letters: Correspondence) -> Result<Self, ConfigError> {
        let to = match config.quarantine.operators.trim() {
            "" => None,
            text => Some(mailbox(
                "quarantine.operators",
                text,
                Bilingual::new(
                    "Give it as exploitation@ac-dijon.fr or \"Nom <exploitation@ac-dijon.fr>\".",
                    "Donnez-la ainsi : exploitation@ac-dijon.fr ou \"Nom <exploitation@ac-dijon.fr>\".",
                ),
            )?),
        };
        Ok(Self { letters, to, folder: config.imap.folders.quarantine.clone() })
    }

    /// Whether they can be told.
    pub fn can_be_told(&self) -> bool {
        self.to.is_some() && self.letters.is_on()
    }

    /// Tells them of a mail that was put aside: it goes along where it is given, else it is in the mailbox's folder.
    /// False where nobody is to be told or the relay did not take it.
    pub async fn put_aside(&self, aside: PutAside<'_>, original: Option<&[u8]>, in_folder: bool) -> bool {
        let PutAside { reference, deferral, times } = aside;
        let place = if in_folder {
            format!("Il est rangé dans le dossier «\u{a0}{}\u{a0}» de la boîte.", self.folder)
        } else {
            "Il est joint à ce message\u{a0}: le serveur de messagerie ne le garde plus.".to_owned()
        };
        let text = format!(
            "Bonjour,\n\nUn courriel n’a pas pu devenir un ticket après {times} tentatives, alors que d’autres \
             passent. Il est mis de côté et ne sera plus essayé\u{a0}; son expéditeur n’en est pas averti.\n\n\
             Référence\u{a0}: {reference}\nMotif\u{a0}: {} ({})\n{place}\n\n\
             Après correction, remettez-le dans la boîte de réception, ou renvoyez-le à l’adresse d’assistance\u{a0}: \
             il ne fera qu’un seul ticket.\n",
            deferral.reason.code(),
            deferral.cause,
        );
        self.tell(&reference.to_string(), text, original).await
    }

    /// Tells them of a message that a mailbox's server lists and does not give out.
    pub async fn unreadable(&self, message: &str) -> bool {
        let text = format!(
            "Bonjour,\n\nLe serveur de messagerie annonce un message mais ne le délivre pas, malgré plusieurs \
             tentatives. Il est rangé dans le dossier «\u{a0}{}\u{a0}».\n\nMessage\u{a0}: {message}\n\n\
             Ouvrez-le avec un logiciel de messagerie, ou faites réparer la boîte.\n",
            self.folder,
        );
        self.tell("message illisible", text, None).await
    }

    async fn tell(&self, about: &str, text: String, original: Option<&[u8]>) -> bool {
        let Some(to) = self.to.as_ref().filter(|_| self.letters.is_on()) else {
            tracing::error!(about, "a mail is beyond the gateway and quarantine.operators or smtp.url is not set");
            return false;
        };
        // Each time another one, or a mailbox that drops copies would drop it.
        let name = format!("{}.{}", about.replace(' ', "-"), Timestamp::now().as_microsecond());
        let id = message_id::of_letter_to_operators(&name, self.letters.domain());
        let mut parts = MultiPart::mixed().singlepart(SinglePart::plain(text));
        if let Some(original) = original
            && let Ok(content_type) = ContentType::parse("application/octet-stream")
        {
            // Not message/rfc822: its base64 would not be standard, and its content is what no program could read.
            let file = Attachment::new("message-original.eml".to_owned());
            parts = parts.singlepart(file.body(original.to_vec(), content_type));
        }
        let subject = format!("Passerelle\u{a0}: courriel mis de côté ({about})");
        let letter = self.letters.head(to.clone(), &subject, id, "auto-generated").multipart(parts);
        let sent = match letter {
            Ok(letter) => self.letters.send(to.email.clone(), &letter).await,
            Err(error) => Err(ComposeError::from(error).into()),
        };
        if let Err(error) = &sent {
            tracing::error!(%error, about, "the operators could not be told of a mail that was put aside");
        }
        sent.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Correspondence, Operators, PutAside};
    use crate::{
        request::{Deferral, Reason, Reference},
        smtp::Mailer,
    };

    #[tokio::test]
    async fn every_letter_says_that_a_program_wrote_it() {
        let mut config = crate::config::load_from(None, []).unwrap();
        config.quarantine.operators = "Exploitation <exploitation@ac-dijon.fr>".to_owned();
        let (mailer, outbox) = Mailer::memory();
        let operators = Operators::new(&config, Correspondence::new(&config, mailer).unwrap()).unwrap();
        let deferral = Deferral {
            reason: Reason::Internal,
            cause: "panne".to_owned(),
            retry_after: Duration::from_mins(1),
            own: false,
        };
        let aside = PutAside { reference: Reference::new("mail", "", b"x"), deferral: &deferral, times: 8 };
        assert!(operators.put_aside(aside, None, true).await);
        assert!(operators.put_aside(aside, Some(b"Subject: LSU\r\n\r\nBonjour"), false).await);
        assert!(operators.unreadable("message 3").await);
        let letters = outbox.mails();
        assert_eq!(letters.len(), 3);
        for letter in letters {
            let text = String::from_utf8(letter.message).unwrap();
            let (head, _) = text.split_once("\r\n\r\n").unwrap();
            for field in ["Auto-Submitted: auto-generated", "To: Exploitation <exploitation@ac-dijon.fr>"] {
                assert!(head.lines().any(|line| line == field), "{field} in {head}");
            }
        }
    }
}
