//! What people send, and when: all of it follows from the seed.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::support::{
    dice::Dice,
    gateway::{AGENT, ASSISTANCE, mail},
};

/// How many requests of a person become tickets in a day. As many come on average, so that many come too often.
pub(super) const PER_DAY: usize = 5;

/// The way a request comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Through Postfix.
    Relay,
    /// Into Dovecot's mailbox.
    Mailbox,
    /// The same mail by both.
    Both,
    /// Twice through Postfix.
    RelayTwice,
    /// A form of the portal.
    Form,
    /// The same form, posted to both instances at once.
    FormTwice,
}

/// What becomes of a request if it is the only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// A director's, in order.
    Ticket,
    /// Of somebody who directs no school.
    NoDirector,
    /// Its subject names no application.
    NoKeyword,
    /// An automatic answer.
    Automatic,
}

/// What somebody adds to their request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Nothing,
    /// A complement on the portal, with so many files.
    Complement(usize),
    /// A complement, and an answer by mail.
    Both,
}

/// One request of one person.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned {
    pub(super) number: usize,
    person: usize,
    pub(super) way: Way,
    pub(super) fit: Fit,
    files: usize,
    /// Only what comes by a form has a ticket whose number its sender knows.
    pub(super) more: More,
}

/// Who is a director.
pub(super) fn person(number: usize) -> String {
    format!("ce.{number:04}@ac-dijon.fr")
}

/// So many requests, of so many people that many of them ask too often.
pub(super) fn plan(requests: usize, dice: &mut Dice) -> Vec<Planned> {
    let people = people(requests) as u64;
    let planned = |number: usize| {
        use Way::{Both, Form, FormTwice, Mailbox, Relay, RelayTwice};
        let ways = [Relay, Relay, Relay, RelayTwice, Mailbox, Mailbox, Both, Form, Form, Form, Form, FormTwice];
        let way = dice.pick(&ways);
        let is_form = matches!(way, Form | FormTwice);
        let fit = match dice.below(20) {
            0 => Fit::NoDirector,
            1 if !is_form => Fit::NoKeyword,
            2 if !is_form => Fit::Automatic,
            _ => Fit::Ticket,
        };
        let files = dice.pick(&[0, 0, 0, 0, 1, 2, 3]);
        let more = match dice.below(5) {
            0 if is_form => More::Complement(usize::try_from(dice.below(3)).unwrap()),
            1 if is_form => More::Both,
            _ => More::Nothing,
        };
        Planned { number, person: usize::try_from(dice.below(people)).unwrap(), way, fit, files, more }
    };
    (0..requests).map(planned).collect()
}

/// How many people send so many requests.
pub(super) fn people(requests: usize) -> usize {
    requests.div_ceil(PER_DAY)
}

/// A name for each thing that is sent, which no other text holds.
fn word(kind: char, number: usize) -> String {
    format!("{kind}{number:06}x")
}

/// The files of something: name and contents.
fn files(word: &str, count: usize) -> Vec<(String, Vec<u8>)> {
    (0..count).map(|at| (format!("{word}-{at}.txt"), format!("Pièce {at} de {word}.").into_bytes())).collect()
}

impl Planned {
    pub(super) fn from(&self) -> String {
        if self.fit == Fit::NoDirector { AGENT.to_owned() } else { person(self.person) }
    }

    /// What its ticket's title holds.
    pub(super) fn word(&self) -> String {
        word('d', self.number)
    }

    /// What its complement says, and what its answer by mail says.
    pub(super) fn complement_word(&self) -> String {
        word('c', self.number)
    }

    pub(super) fn answer_word(&self) -> String {
        word('r', self.number)
    }

    /// The Idempotency-Key of its form.
    pub(super) fn key(&self) -> String {
        format!("chaos-{}", self.word())
    }

    /// The files that its ticket must have.
    pub(super) fn files(&self) -> Vec<(String, Vec<u8>)> {
        files(&self.word(), self.files)
    }

    /// The files that its complement must have.
    pub(super) fn complement_files(&self) -> Vec<(String, Vec<u8>)> {
        let count = if let More::Complement(count) = self.more { count } else { 0 };
        files(&self.complement_word(), count)
    }

    /// The local part of its mail's Message-ID.
    pub(super) fn message_id(&self) -> String {
        format!("{}@ecole.test", self.word())
    }

    /// The mail it is.
    pub(super) fn mail(&self) -> Vec<u8> {
        let word = self.word();
        let subject =
            if self.fit == Fit::NoKeyword { format!("Bonjour {word}") } else { format!("LSU : accès {word}") };
        let automatic = if self.fit == Fit::Automatic { "Auto-Submitted: auto-replied\r\n" } else { "" };
        with_files(&format!("{automatic}{}", plain(&self.from(), &word, &subject, "Bonjour")), &self.files())
    }

    /// The form it is.
    pub(super) fn form(&self) -> Value {
        json!({"requester": self.from(), "application": "LSU", "title": format!("Accès {}", self.word()),
            "description": "Bonjour", "attachments": attached(&self.files())})
    }

    pub(super) fn complement(&self) -> Value {
        let text = format!("Encore ceci : {}", self.complement_word());
        json!({"description": text, "attachments": attached(&self.complement_files())})
    }

    /// The answer to its ticket by mail.
    pub(super) fn answer(&self, ticket: u64) -> Vec<u8> {
        let word = self.answer_word();
        plain(&self.from(), &word, &format!("RE: [GLPI #{ticket:07}] LSU"), &format!("Et cela : {word}")).into_bytes()
    }
}

fn plain(from: &str, id: &str, subject: &str, text: &str) -> String {
    String::from_utf8(mail(from, id, subject, text)).unwrap()
}

fn attached(files: &[(String, Vec<u8>)]) -> Value {
    let file = |(name, bytes): &(String, Vec<u8>)| json!({"name": name, "content": BASE64.encode(bytes)});
    files.iter().map(file).collect()
}

/// A small mail with these files.
fn with_files(mail: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (head, body) = mail.split_once("MIME-Version").unwrap();
    if files.is_empty() {
        return mail.as_bytes().to_vec();
    }
    let part = |(name, bytes): &(String, Vec<u8>)| {
        format!(
            "--b\r\nContent-Type: text/plain; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            BASE64.encode(bytes)
        )
    };
    let text = body.split_once("\r\n").unwrap().1;
    let parts: Vec<_> = files.iter().map(part).collect();
    format!(
        "{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{text}{}--b--\r\n",
        parts.concat()
    )
    .into_bytes()
}

/// Where all of it goes.
pub(super) const TO: &str = ASSISTANCE;
