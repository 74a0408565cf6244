//! What GLPI says of a monthly mail to somebody: a personal note that it goes, written before it does, and one of what
//! became of it. Where the second is not there, it is open whether the relay has the mail. None is ever changed: to write
//! anew is another right.

use data_encoding::HEXLOWER;
use jiff::Zoned;
use sha2::{Digest as _, Sha256};

use crate::{
    flow::ledger::instance_token,
    glpi::{Glpi, GlpiError, NewNote},
    request::Address,
    text::french,
};

/// Behind the title of a mail, before the number of a try; and behind that where the relay surely has not taken it. A note
/// of the title alone says that the mail is done with.
const DEPARTURE: &str = ", départ ";
const WITHOUT_END: &str = " sans suite";

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// The relay has it.
    Sent,
    /// The relay refuses it for good.
    Refused,
    /// The relay has not taken it: another try may help.
    NotTaken,
}

/// A try to send a monthly mail to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    mail: String,
    number: u32,
}

/// How far a monthly mail to somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is to be sent, by this try.
    Due(Attempt),
    /// It was sent, or refused for good.
    Done,
    /// This try began, and no note says what became of it.
    Open(Attempt),
}

impl Attempt {
    /// The title of the note that it goes.
    pub(super) fn title(&self) -> String {
        format!("{}{DEPARTURE}{}", self.mail, self.number)
    }

    /// The one after this.
    pub(super) fn next(self) -> Self {
        Self { number: self.number.saturating_add(1), ..self }
    }
}

/// Reads and writes these notes.
pub(super) struct MonthlyNotes {
    glpi: Glpi,
    /// Whose tries these are.
    me: String,
}

impl MonthlyNotes {
    pub(super) fn new(glpi: Glpi) -> Self {
        Self { glpi, me: instance_token() }
    }

    /// How far the mail of this name to somebody is.
    pub(super) async fn standing(&self, name: &str, recipient: &Address) -> Result<Standing, GlpiError> {
        let mail = format!("Passerelle\u{a0}: {name}, {recipient}");
        let (mut last, mut ended) = (0, 0);
        for note in self.glpi.own_notes(&mail, "").await? {
            let Some(rest) = note.name.strip_prefix(&mail) else { continue };
            if rest.is_empty() {
                return Ok(Standing::Done);
            }
            let Some(number) = rest.strip_prefix(DEPARTURE) else { continue };
            match number.strip_suffix(WITHOUT_END) {
                Some(number) => ended = number.parse().unwrap_or(0).max(ended),
                None => last = number.parse().unwrap_or(0).max(last),
            }
        }
        let attempt = Attempt { mail, number: last };
        Ok(if last > ended { Standing::Open(attempt) } else { Standing::Due(attempt.next()) })
    }

    /// Writes that a mail goes; false where another instance has written so.
    ///
    /// # Errors
    ///
    /// Where GLPI does not say that it did, in which case the note may come all the same.
    pub(super) async fn begin(&self, attempt: &Attempt, now: &Zoned) -> Result<bool, GlpiError> {
        let text = format!(
            "<p>Parti le {} ({}). Si aucune note ne dit ce qu’il en est, seul le journal du relais de messagerie le \
             sait.</p>",
            french::moment(now),
            self.me
        );
        let note = note(attempt.title(), text);
        match self.glpi.keep_own_note(&note).await {
            Err(lost @ GlpiError::AnswerLost { .. }) => {
                let found = self.glpi.own_notes(&note.name, "").await?;
                found.iter().find(|kept| kept.name == note.name).map(|kept| kept.text == note.text).ok_or(lost)
            }
            written => written.map(|id| id.is_some()),
        }
    }

    /// Writes what became of a try. Whoever has written it meanwhile says the same.
    ///
    /// # Errors
    ///
    /// Where GLPI does not say that it did: the same again does no harm.
    pub(super) async fn end(&self, attempt: &Attempt, became: Became, now: &Zoned) -> Result<(), GlpiError> {
        let day = french::date(now);
        let note = match became {
            Became::Sent => note(
                attempt.mail.clone(),
                format!("<p>Envoyé le {day} par la passerelle. Sans cette note, nul ne saurait qu’il l’est.</p>"),
            ),
            Became::Refused => {
                note(attempt.mail.clone(), format!("<p>Refusé par le relais de messagerie le {day}.</p>"))
            }
            Became::NotTaken => note(
                format!("{}{WITHOUT_END}", attempt.title()),
                format!("<p>Le relais de messagerie ne l’a pas pris le {day}. La passerelle essaie de nouveau.</p>"),
            ),
        };
        self.glpi.keep_own_note(&note).await.map(drop)
    }
}

/// A note of which GLPI keeps a single one.
fn note(title: String, text: String) -> NewNote {
    NewNote { key: format!("passerelle-{}", HEXLOWER.encode(&Sha256::digest(&title))), name: title, text }
}
