//! What was sent, as notes in the ticket itself: nothing is kept beside GLPI.

use std::collections::BTreeSet;

use super::mark::{Mark, Step};
use crate::{
    glpi::Followup,
    id::UserId,
    text::{french::count, html_text::escaped},
};

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
    let words = marks.first().map(|mark| words(mark.step, outcome, group)).unwrap_or_default();
    let marks: Vec<_> = marks.iter().map(ToString::to_string).collect();
    format!("{OPENING}{}{MARKS}{}{END}", escaped(&words), marks.join(" "))
}

/// A note as it was written, HTML, that says this as well.
pub(super) fn more(note: &str, outcome: Outcome, group: &str, marks: &[Mark]) -> Option<String> {
    let (words, before) = parts(note)?;
    let added = self::note(outcome, group, marks);
    let (more, marks) = parts(&added)?;
    Some(format!("{OPENING}{words} Courriel {more}{MARKS}{before} {marks}{END}"))
}

/// The last of a ticket's notes.
pub(super) fn last(followups: &[Followup], own: UserId) -> Option<&Followup> {
    followups.iter().rfind(|followup| followup.is_note_of(own) && marks(&followup.content).is_some())
}

/// What a note says after «Courriel », for whoever reads the ticket.
fn words(step: Step, Outcome { sent, refused }: Outcome, group: &str) -> String {
    let what = match step {
        Step::Group => "nouvelle demande",
        Step::Charge | Step::WatchedCharge => "prise en charge",
        Step::Question(_) | Step::WatchedQuestion(_) => "message sur la demande",
        Step::Solution(_) | Step::WatchedSolution(_) => "solution proposée",
        Step::Closing(_) | Step::Closed(_) => "clôture",
        Step::Handover(_) => "demande transmise",
        Step::Escalation(_) => "demande transmise au groupe",
        Step::Answer(_) => "message du demandeur",
        Step::Refusal(_) => "solution refusée par le demandeur",
        Step::Approval(_) => "solution approuvée par le demandeur",
    };
    let whom = match step {
        Step::Group => format!("au groupe {group}"),
        Step::Charge | Step::Question(_) | Step::Solution(_) | Step::Closing(_) | Step::Handover(_) => {
            "au demandeur".to_owned()
        }
        Step::Escalation(_) => "au groupe qui reçoit la demande".to_owned(),
        Step::Answer(_) | Step::Refusal(_) | Step::Approval(_) | Step::Closed(_) => {
            "à qui traite la demande".to_owned()
        }
        Step::WatchedCharge | Step::WatchedQuestion(_) | Step::WatchedSolution(_) => {
            "aux groupes observateurs".to_owned()
        }
    };
    let is_to_requester = whom == "au demandeur";
    let recipients = count(sent, "destinataire", "destinataires");
    match (sent, refused) {
        (0, _) => format!("{whom} refusé par le relais\u{a0}: {what}. Vérifiez l’adresse."),
        (_, 0) if is_to_requester => format!("envoyé {whom}\u{a0}: {what}."),
        (_, 0) => format!("envoyé {whom}\u{a0}: {what} ({recipients})."),
        (_, refused) => {
            format!("envoyé {whom}\u{a0}: {what} ({recipients}\u{a0}; le relais en a refusé {refused}).")
        }
    }
}

/// The notices that the notes of a ticket say were sent. Only private follow-ups of the service account count, which
/// nobody else writes, and only in the very form of [`note`].
pub(super) fn read(followups: &[Followup], own: UserId) -> BTreeSet<Mark> {
    let notes = followups.iter().filter(|followup| followup.is_note_of(own));
    notes.filter_map(|note| marks(&note.content)).flatten().collect()
}

/// A note's words, and its marks.
fn parts(content: &str) -> Option<(&str, &str)> {
    let parts = content.trim().strip_prefix(OPENING)?.strip_suffix(END)?.rsplit_once(MARKS)?;
    Some(parts).filter(|(words, _)| !words.contains('<'))
}

fn marks(content: &str) -> Option<Vec<Mark>> {
    let (_, marks) = parts(content)?;
    marks.split(' ').map(|mark| mark.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::{CHARGE_TOLD, Mark, Outcome, Step, last, more, note, read};
    use crate::{
        glpi::Followup,
        id::{FollowupId, UserId},
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
            Step::Group.told(UserId::new(7)),
            Step::Group.told(UserId::new(8)),
            Step::Charge.into(),
            Step::Question(12.into()).into(),
            Step::Answer(12.into()).told(UserId::new(8)),
            Step::Closing(2026).into(),
        ];
        let html = note(Outcome { sent: 2, refused: 1 }, "« R&D <LSU> »", &marks);
        assert!(html.contains("R&amp;D &lt;LSU&gt;"), "{html}");
        assert_eq!(read(&[followup(&html)], OWN), BTreeSet::from(marks));
    }

    #[rstest]
    #[case(Step::Charge, 1, 0, "envoyé au demandeur\u{a0}: prise en charge.")]
    #[case(Step::Group, 1, 0, "envoyé au groupe LSU\u{a0}: nouvelle demande (1\u{a0}destinataire).")]
    #[case(Step::Group, 2, 0, "envoyé au groupe LSU\u{a0}: nouvelle demande (2\u{a0}destinataires).")]
    #[case(
        Step::Answer(1.into()),
        1,
        3,
        "envoyé à qui traite la demande\u{a0}: message du demandeur (1\u{a0}destinataire\u{a0}; le relais en a refusé 3)."
    )]
    #[case(Step::Closing(1), 0, 1, "au demandeur refusé par le relais\u{a0}: clôture. Vérifiez l’adresse.")]
    fn a_note_says_what_went_to_whom(
        #[case] step: Step,
        #[case] sent: usize,
        #[case] refused: usize,
        #[case] words: &str,
    ) {
        let html = note(Outcome { sent, refused }, "LSU", &[step.into()]);
        assert!(html.starts_with(&format!("<p>Courriel {words}</p>")), "{html}");
    }

    #[test]
    fn a_note_of_a_charge_is_found_by_its_words() {
        let of = |step: Step| note(Outcome { sent: 1, refused: 0 }, "", &[step.into()]);
        assert!(of(Step::Charge).contains(CHARGE_TOLD));
        assert!(!of(Step::WatchedCharge).contains(CHARGE_TOLD));
        assert!(!of(Step::Question(12.into())).contains(CHARGE_TOLD));
    }

    #[test]
    fn a_note_may_say_more() {
        let one = note(Outcome { sent: 1, refused: 0 }, "", &[Step::Charge.into()]);
        let both = more(&one, Outcome { sent: 2, refused: 0 }, "", &[Step::Closed(7).into()]).unwrap();
        assert!(both.contains("prise en charge. Courriel envoyé à qui traite la demande\u{a0}: clôture (2"), "{both}");
        assert!(both.contains(CHARGE_TOLD), "{both}");
        assert_eq!(read(&[followup(&both)], OWN), BTreeSet::from([Step::Charge.into(), Step::Closed(7).into()]));
        let all = [followup(&one), followup("<p>x</p>")];
        assert_eq!(last(&all, OWN), Some(&all[0]));
    }

    #[test]
    fn notes_of_others_count_for_nothing() {
        let html = note(Outcome { sent: 1, refused: 0 }, "", &[Mark::from(Step::Charge)]);
        let other = Followup { author: UserId::new(7), ..followup(&html) };
        let public = Followup { private: false, ..followup(&html) };
        assert_eq!(read(&[other, public], OWN), BTreeSet::new());
    }

    #[rstest]
    #[case("<p>Courriel envoyé.</p><p>Avis : charge</p><p>x</p>")]
    #[case("<p>x</p><p>Courriel envoyé.</p><p>Avis : charge</p>")]
    #[case("<p>Courriel envoyé.</p><p>Avis : charge question</p>")]
    #[case("<p>Courriel envoyé.</p><p>Avis : </p>")]
    #[case("<p>Courriel <b>envoyé</b>.</p><p>Avis : charge</p>")]
    #[case("<p>Avis : charge</p>")]
    #[case("")]
    fn another_form_is_no_note(#[case] content: &str) {
        assert_eq!(read(&[followup(content)], OWN), BTreeSet::new());
    }
}
