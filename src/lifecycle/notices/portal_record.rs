//! What the portal was told, as notes in the ticket itself: nothing is kept beside GLPI.

use std::collections::BTreeSet;

use super::{mark::Step, portal_events::PortalStep};
use crate::{glpi::Followup, id::UserId};

const OPENING: &str = "<p>Portail informé\u{a0}: ";
const MARKS: &str = "</p><p>Annonces : ";
const END: &str = "</p>";

/// The note, HTML, that the portal was told of these steps: as a person reads it, and as it is read again.
pub(super) fn note<'a>(told: impl IntoIterator<Item = &'a PortalStep>) -> String {
    let told: Vec<_> = told.into_iter().collect();
    let mut said: Vec<_> = told.iter().map(|step| words(**step)).collect();
    said.dedup();
    let marks: Vec<_> = told.iter().map(ToString::to_string).collect();
    format!("{OPENING}{}.{MARKS}{}{END}", said.join(", "), marks.join(" "))
}

/// What the notes of a ticket say the portal was told. Only private follow-ups of the service account count, which nobody
/// else writes, and only in the very form of [`note`].
pub(super) fn read(followups: &[Followup], own: UserId) -> BTreeSet<PortalStep> {
    let notes = followups.iter().filter(|followup| followup.is_note_of(own));
    notes.filter_map(|note| marks(&note.content)).flatten().collect()
}

/// The last of a ticket's notes, and what it says.
pub(super) fn last(followups: &[Followup], own: UserId) -> Option<(&Followup, Vec<PortalStep>)> {
    let mut notes = followups.iter().filter(|followup| followup.is_note_of(own));
    notes.rfind(|note| marks(&note.content).is_some()).and_then(|note| Some((note, marks(&note.content)?)))
}

fn marks(content: &str) -> Option<Vec<PortalStep>> {
    let (words, marks) = content.trim().strip_prefix(OPENING)?.strip_suffix(END)?.rsplit_once(MARKS)?;
    let marks = marks.split(' ').map(|mark| mark.parse().ok()).collect();
    Some(marks).filter(|_| !words.contains('<'))?
}

fn words(step: PortalStep) -> &'static str {
    match step {
        PortalStep::Created => "demande déposée",
        PortalStep::Pending(_) => "mise en attente",
        PortalStep::Told(step) => match step {
            Step::Group => "nouvelle demande",
            Step::Charge | Step::WatchedCharge => "prise en charge",
            Step::Question(_) | Step::WatchedQuestion(_) => "message sur la demande",
            Step::Answer(_) => "message du demandeur",
            Step::Handover(_) | Step::Escalation(_) => "demande transmise",
            Step::Solution(_) | Step::WatchedSolution(_) => "solution proposée",
            Step::Refusal(_) => "solution refusée",
            Step::Approval(_) => "solution approuvée",
            Step::Closing(_) | Step::Closed(_) => "clôture",
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::{PortalStep, Step, last, note, read};
    use crate::{
        glpi::Followup,
        id::{FollowupId, UserId},
    };

    const OWN: UserId = UserId::new(13);

    fn followup(content: &str) -> Followup {
        let content = content.to_owned();
        Followup { id: FollowupId::new(1), author: OWN, content, private: true, written: None, modified: None }
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let told = [PortalStep::Created, PortalStep::Told(Step::Question(12.into())), PortalStep::Pending(7)];
        let html = note(&told);
        assert!(
            html.contains("informé\u{a0}: demande déposée, message sur la demande, mise en attente.</p>"),
            "{html}"
        );
        let all = [followup(&html), followup("<p>x</p>")];
        assert_eq!(read(&all, OWN), BTreeSet::from(told));
        assert_eq!(last(&all, OWN), Some((&all[0], told.to_vec())));
        assert_eq!(read(&all, UserId::new(7)), BTreeSet::new());
        assert_eq!(read(&[Followup { private: false, ..followup(&html) }], OWN), BTreeSet::new());
    }

    #[rstest]
    #[case("<p>Portail informé\u{a0}: x.</p><p>Annonces : created</p><p>x</p>")]
    #[case("<p>Portail informé\u{a0}: <b>x</b>.</p><p>Annonces : created</p>")]
    #[case("<p>Portail informé\u{a0}: x.</p><p>Annonces : created autre</p>")]
    #[case("<p>Annonces : created</p>")]
    fn another_form_is_no_note(#[case] content: &str) {
        assert_eq!(read(&[followup(content)], OWN), BTreeSet::new());
    }
}
