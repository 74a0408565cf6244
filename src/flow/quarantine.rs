//! Requests that fail again and again on their own account, while others pass: they are tried less and less
//! often, then put aside, and the operators are told. None of them holds up another.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use lettre::{
    Message,
    message::{Attachment, Mailbox, MultiPart, SinglePart, header::ContentType},
};

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::{
    config::{self, ConfigError},
    flow::ledger::Failures,
    request::{Channel, Deferral, Reason, Received, Reference},
    smtp::Mailer,
};

/// Says when a request is put aside, and tells the operators.
#[derive(Clone)]
pub struct Quarantine {
    config: config::Quarantine,
    mailer: Mailer,
    from: Mailbox,
    operators: Option<Mailbox>,
    folder: String,
    tasks: TaskTracker,
    /// A notice with the mail itself takes several times its memory: one at a time.
    with_mail: Arc<Semaphore>,
}

/// What is known of a request that failed, also when handling it broke down.
#[derive(Clone, Debug)]
pub struct Failing {
    /// The way it came.
    pub channel: Channel,
    /// What it is called.
    pub reference: Reference,
    /// The mail as it came.
    pub original: Option<bytes::Bytes>,
}

impl Failing {
    /// What is known of a request before it is handled.
    pub fn new(received: &Received) -> Self {
        Self { channel: received.channel, reference: received.reference, original: received.original.clone() }
    }
}

impl Quarantine {
    /// The quarantine of a configuration, whose notices go through `mailer`; those that nothing waits for, each in a
    /// task of `tasks`, which a shutdown waits for.
    ///
    /// # Errors
    ///
    /// When `smtp.from` or `quarantine.operators` is no mail address.
    pub fn new(config: &config::Config, mailer: Mailer, tasks: TaskTracker) -> Result<Self, ConfigError> {
        let address = |key: &str, text: &str| {
            text.parse::<Mailbox>().map_err(|_| {
                ConfigError::setting(
                    format!("{key} is no mail address: \"{text}\""),
                    "Give it as exploitation@ac-dijon.fr or \"Nom <exploitation@ac-dijon.fr>\".",
                )
            })
        };
        let operators = match config.quarantine.operators.trim() {
            "" => None,
            text => Some(address("quarantine.operators", text)?),
        };
        Ok(Self {
            from: address("smtp.from", &config.smtp.from)?,
            operators,
            mailer,
            folder: config.imap.folders.quarantine.clone(),
            config: config.quarantine.clone(),
            tasks,
            with_mail: Arc::new(Semaphore::new(1)),
        })
    }

    /// Whether the operators can be told.
    pub fn can_tell(&self) -> bool {
        self.operators.is_some() && self.mailer.is_on()
    }

    /// Whether a deferral can be the request's own fault. An outage of GLPI never is: only what broke GLPI itself when
    /// it was asked for this very request, as it may do each time. A form's never counts: the portal tells its user,
    /// and nothing waits anywhere.
    pub fn may_blame(failing: &Failing, deferral: &Deferral) -> bool {
        let own = match deferral.reason {
            Reason::GlpiRejected | Reason::Internal => true,
            Reason::GlpiUnavailable => deferral.own,
            _ => false,
        };
        failing.channel != Channel::Form && own
    }

    /// When a request that failed so often is tried again. An outage of GLPI makes no pause longer.
    pub fn pause(&self, deferral: &Deferral, failures: Failures) -> Duration {
        if deferral.reason == Reason::GlpiUnavailable && failures.alone.is_none() {
            return deferral.retry_after;
        }
        let doubled = 1_u32.checked_shl(failures.times.saturating_sub(1)).unwrap_or(u32::MAX);
        self.config.first_delay.saturating_mul(doubled).min(self.config.longest_delay)
    }

    /// Whether a request that failed so often is put aside now. A mailbox has a folder for it; any other mail
    /// goes to the operators, and counts as put aside only when the relay has taken that on.
    pub async fn puts_aside(&self, failing: &Failing, deferral: &Deferral, failures: Failures) -> bool {
        if failures.alone.is_none_or(|alone| alone < self.config.attempts) {
            return false;
        }
        let stays_in_mailbox = failing.channel == Channel::Imap;
        let place = if stays_in_mailbox {
            format!("Il est rangé dans le dossier « {} » de la boîte.", self.folder)
        } else {
            "Il est joint à ce message : le serveur de messagerie ne le garde plus.".to_owned()
        };
        let text = format!(
            "Bonjour,\n\nUn courriel n'a pas pu devenir un ticket après {} tentatives, alors que d'autres \
             passent. Il est mis de côté et ne sera plus essayé ; son expéditeur n'en est pas averti.\n\n\
             Référence : {}\nMotif : {} ({})\n{place}\n\n\
             Après correction, remettez-le dans la boîte de réception, ou renvoyez-le à l'adresse d'assistance : \
             il ne fera qu'un seul ticket.\n",
            failures.times,
            failing.reference,
            deferral.reason.code(),
            deferral.cause,
        );
        let about = failing.reference.to_string();
        if stays_in_mailbox {
            self.tell_later(about, text);
            return true;
        }
        let Ok(_place) = self.with_mail.try_acquire() else {
            tracing::info!(about, "another mail is on its way to the operators; this one is put aside at its next try");
            return false;
        };
        self.tell(&about, text, failing.original.as_deref()).await
    }

    /// Tells the operators of a message that a mailbox's server lists and does not give out.
    pub fn unreadable(&self, message: &str) {
        let text = format!(
            "Bonjour,\n\nLe serveur de messagerie annonce un message mais ne le délivre pas, malgré plusieurs \
             tentatives. Il est rangé dans le dossier « {} ».\n\nMessage : {message}\n\n\
             Ouvrez-le avec un logiciel de messagerie, ou faites réparer la boîte.\n",
            self.folder,
        );
        self.tell_later("message illisible".to_owned(), text);
    }

    fn tell_later(&self, about: String, text: String) {
        let this = self.clone();
        self.tasks.spawn(async move { this.tell(&about, text, None).await }.in_current_span());
    }

    /// Sends a notice; false where nobody is to be told or the relay did not take it.
    async fn tell(&self, about: &str, text: String, original: Option<&[u8]>) -> bool {
        let Some(operators) = self.operators.as_ref().filter(|_| self.mailer.is_on()) else {
            tracing::error!(about, "a mail is beyond the gateway and quarantine.operators or smtp.url is not set");
            return false;
        };
        // Each time another one, or a mailbox that drops copies would drop it.
        let id = format!("{}.{}", about.replace(' ', "-"), Timestamp::now().as_microsecond());
        let mut parts = MultiPart::mixed().singlepart(SinglePart::plain(text));
        if let Some(original) = original
            && let Ok(content_type) = ContentType::parse("application/octet-stream")
        {
            // Not message/rfc822: its base64 would not be standard, and its content is what no program could read.
            let file = Attachment::new("message-original.eml".to_owned());
            parts = parts.singlepart(file.body(original.to_vec(), content_type));
        }
        let message = Message::builder()
            .from(self.from.clone())
            .to(operators.clone())
            .subject(format!("Passerelle : courriel mis de côté ({about})"))
            .message_id(Some(format!("<{id}.quarantine.passerelle@{}>", self.from.email.domain())))
            .date_now()
            .multipart(parts);
        let sent = match message {
            Ok(message) => self.mailer.send(operators.email.clone(), &message).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = &sent {
            tracing::error!(error, about, "the operators could not be told of a mail that was put aside");
        }
        sent.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Channel, Deferral, Failing, Failures, Mailer, Quarantine, Reason, Reference, TaskTracker};

    fn quarantine(change: impl FnOnce(&mut crate::config::Quarantine)) -> Quarantine {
        let mut config = crate::config::load_from(None, []).unwrap();
        change(&mut config.quarantine);
        Quarantine::new(&config, Mailer::memory().0, TaskTracker::new()).unwrap()
    }

    #[test]
    fn the_pauses_double_up_to_the_longest_but_not_in_an_outage() {
        let quarantine = quarantine(|_| {});
        let minutes = |reason, times, alone| {
            let deferral = Deferral { reason, cause: String::new(), retry_after: Duration::from_mins(7), own: true };
            quarantine.pause(&deferral, Failures { times, alone }).as_secs() / 60
        };
        let own = |times| minutes(Reason::Internal, times, None);
        assert_eq!([1, 2, 3, 6, 7, 8, 40, u32::MAX].map(own), [1, 2, 4, 32, 60, 60, 60, 60]);
        assert_eq!(minutes(Reason::GlpiUnavailable, 5, None), 7);
        assert_eq!(minutes(Reason::GlpiUnavailable, 5, Some(1)), 16);
    }

    #[test]
    fn only_what_can_be_the_mail_s_own_fault_is_blamed_on_it() {
        let blamed = |channel, reason, own| {
            let failing = Failing { channel, reference: Reference::new("mail", "", b"x"), original: None };
            let deferral = Deferral { reason, cause: String::new(), retry_after: Duration::ZERO, own };
            Quarantine::may_blame(&failing, &deferral)
        };
        let blamed_of = |own| -> Vec<&str> {
            let reasons = Reason::ALL.iter().filter(|reason| blamed(Channel::Imap, **reason, own));
            reasons.map(|reason| reason.code()).collect()
        };
        assert_eq!(blamed_of(true), ["glpi-unavailable", "glpi-rejected", "internal"]);
        assert_eq!(blamed_of(false), ["glpi-rejected", "internal"], "an outage is nobody's fault");
        assert!(!blamed(Channel::Form, Reason::Internal, true));
    }
}
