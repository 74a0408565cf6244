//! What was sent, as notes in the ticket itself: nothing is kept beside GLPI.

use std::{collections::BTreeSet, fmt};

use crate::{
    glpi::Followup,
    id::{FollowupId, SolutionId, UserId},
    text::html_text::escaped,
};

/// A notice that is sent once: its step, and what it is about where there can be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Mark {
    /// A new ticket, to this account.
    Group(UserId),
    /// Somebody took the ticket in charge.
    Charge,
    /// This follow-up.
    Question(FollowupId),
    /// This solution.
    Solution(SolutionId),
    /// The closing of this moment, its digits: a ticket may be opened again.
    Closing(u64),
}

impl Mark {
    /// The step's name, for metrics and Message-IDs.
    pub(super) fn step(self) -> &'static str {
        match self {
            Self::Group(_) => "group",
            Self::Charge => "charge",
            Self::Question(_) => "question",
            Self::Solution(_) => "solution",
            Self::Closing(_) => "closing",
        }
    }

    /// Reads what `Display` writes.
    fn parse(text: &str) -> Option<Self> {
        if text == "charge" {
            return Some(Self::Charge);
        }
        let (step, number) = text.split_once('-')?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = number.parse().ok().filter(|_| plain)?;
        match step {
            "group" => Some(Self::Group(number.into())),
            "question" => Some(Self::Question(number.into())),
            "solution" => Some(Self::Solution(number.into())),
            "closing" => Some(Self::Closing(number)),
            _ => None,
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.step())?;
        match self {
            Self::Charge => Ok(()),
            Self::Group(account) => write!(f, "-{account}"),
            Self::Question(followup) => write!(f, "-{followup}"),
            Self::Solution(solution) => write!(f, "-{solution}"),
            Self::Closing(digits) => write!(f, "-{digits}"),
        }
    }
}

const OPENING: &str = "<p>Courriel ";
const MARKS: &str = "</p><p>Avis : ";
const END: &str = "</p>";
/// What stands in the note that somebody's taking in charge was told, by which GLPI is searched for it.
pub(super) const CHARGE_TOLD: &str = "Avis : charge";

/// What became of the mails of a note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) sent: usize,
    pub(super) refused: usize,
}

/// The note, HTML, of notices of one step: what was sent, as a person reads it, and their marks.
pub(super) fn note(outcome: Outcome, group: &str, marks: &[Mark]) -> String {
    let words = marks.first().map(|mark| words(*mark, outcome, group)).unwrap_or_default();
    let marks: Vec<_> = marks.iter().map(ToString::to_string).collect();
    format!("{OPENING}{}{MARKS}{}{END}", escaped(&words), marks.join(" "))
}

/// What a note says after «Courriel », for whoever reads the ticket.
fn words(mark: Mark, outcome: Outcome, group: &str) -> String {
    let (whom, what) = match mark {
        Mark::Group(_) => (format!("au groupe {group}"), "nouvelle demande"),
        Mark::Charge => ("au demandeur".to_owned(), "prise en charge"),
        Mark::Question(_) => ("au demandeur".to_owned(), "message sur la demande"),
        Mark::Solution(_) => ("au demandeur".to_owned(), "solution proposée"),
        Mark::Closing(_) => ("au demandeur".to_owned(), "clôture"),
    };
    match outcome {
        Outcome { sent: 0, .. } => format!("{whom} refusé par le relais : {what}. Vérifiez l'adresse."),
        Outcome { sent, refused: 0 } if matches!(mark, Mark::Group(_)) => {
            format!("envoyé {whom} : {what} ({sent} destinataires).")
        }
        Outcome { refused: 0, .. } => format!("envoyé {whom} : {what}."),
        Outcome { sent, refused } => {
            format!("envoyé {whom} : {what} ({sent} destinataires ; le relais en a refusé {refused}).")
        }
    }
}

/// The notices that the notes of a ticket say were sent. Only private follow-ups of the service account count, which
/// nobody else writes, and only in the very form of [`note`].
pub(super) fn read(followups: &[Followup], own: UserId) -> BTreeSet<Mark> {
    let notes = followups.iter().filter(|followup| followup.is_note_of(own));
    notes.filter_map(|note| marks(&note.content)).flatten().collect()
}

fn marks(content: &str) -> Option<Vec<Mark>> {
    let (words, marks) = content.trim().strip_prefix(OPENING)?.strip_suffix(END)?.rsplit_once(MARKS)?;
    if words.contains('<') {
        return None;
    }
    marks.split(' ').map(Mark::parse).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::{CHARGE_TOLD, Mark, Outcome, note, read};
    use crate::{
        glpi::Followup,
        id::{FollowupId, SolutionId, UserId},
    };

    const OWN: UserId = UserId::new(13);

    fn followup(content: &str) -> Followup {
        Followup {
            id: FollowupId::new(1),
            author: OWN,
            content: content.to_owned(),
            private: true,
            written: None,
            modified: None,
        }
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let marks = [
            Mark::Group(UserId::new(7)),
            Mark::Group(UserId::new(8)),
            Mark::Charge,
            Mark::Question(FollowupId::new(12)),
            Mark::Solution(SolutionId::new(5)),
            Mark::Closing(2026),
        ];
        let html = note(Outcome { sent: 2, refused: 1 }, "« R&D <LSU> »", &marks);
        assert!(html.contains("R&amp;D &lt;LSU&gt;"), "{html}");
        assert_eq!(read(&[followup(&html)], OWN), BTreeSet::from(marks));
    }

    #[test]
    fn a_note_of_a_charge_is_found_by_its_words() {
        let of = |mark| note(Outcome { sent: 1, refused: 0 }, "", &[mark]);
        assert!(of(Mark::Charge).contains(CHARGE_TOLD));
        assert!(!of(Mark::Question(FollowupId::new(12))).contains(CHARGE_TOLD));
    }

    #[test]
    fn notes_of_others_count_for_nothing() {
        let html = note(Outcome { sent: 1, refused: 0 }, "", &[Mark::Charge]);
        let other = Followup { author: UserId::new(7), ..followup(&html) };
        let public = Followup { private: false, ..followup(&html) };
        assert_eq!(read(&[other, public], OWN), BTreeSet::new());
    }

    #[rstest]
    #[case("<p>Courriel envoyé.</p><p>Avis : charge</p><p>x</p>")]
    #[case("<p>x</p><p>Courriel envoyé.</p><p>Avis : charge</p>")]
    #[case("<p>Courriel envoyé.</p><p>Avis : charge question</p>")]
    #[case("<p>Courriel envoyé.</p><p>Avis : </p>")]
    #[case("<p>Courriel envoyé.</p><p>Avis : question-+7</p>")]
    #[case("<p>Courriel envoyé.</p><p>Avis : question-99999999999999999999</p>")]
    #[case("<p>Courriel <b>envoyé</b>.</p><p>Avis : charge</p>")]
    #[case("<p>Avis : charge</p>")]
    #[case("")]
    fn another_form_is_no_note(#[case] content: &str) {
        assert_eq!(read(&[followup(content)], OWN), BTreeSet::new());
    }
}
