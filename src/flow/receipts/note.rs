//! The note in a ticket that says what became of its receipt: written and read here.

use crate::glpi::Followup;
use crate::id::UserId;
use crate::text::french::typed;

/// The mark by which GLPI is searched for receipts that are due.
pub(super) const DUE_MARK: &str = "receipt-due";
/// What every note of a receipt holds.
const ANY_MARK: &str = "<p>Avis : receipt-";

/// What a note says of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReceiptNote {
    /// It is still to be sent; it may quote the request, or nothing of it.
    Due { quotes: bool },
    /// The relay has it.
    Sent,
    /// The relay will not take it.
    Refused,
    /// Two instances were at it: the older note of both says what becomes of it.
    InOlderNote,
}

impl ReceiptNote {
    /// The note, HTML: what a person reads, and its mark.
    pub(super) fn html(self) -> String {
        let (words, mark) = match self {
            Self::Due { quotes: true } => ("à envoyer au demandeur\u{a0}: accusé de réception.", "due"),
            Self::Due { quotes: false } => (
                "à envoyer au demandeur\u{a0}: accusé de réception, sans rien citer de la demande (rien ne prouve \
                 l’expéditeur).",
                "due",
            ),
            Self::Sent => ("envoyé au demandeur\u{a0}: accusé de réception.", "sent"),
            Self::Refused => {
                ("refusé par le relais\u{a0}: accusé de réception. Vérifiez l’adresse du demandeur.", "refused")
            }
            Self::InOlderNote => {
                ("dont une note plus ancienne dit ce qu’il devient\u{a0}: accusé de réception.", "in-older-note")
            }
        };
        format!("<p>Courriel {words}</p>{ANY_MARK}{mark}</p>")
    }

    /// What a follow-up says of a receipt, where it is a note of the account `own`, word for word.
    pub(super) fn read(followup: &Followup, own: UserId) -> Option<Self> {
        // GLPI may write its apostrophes otherwise, and earlier versions wrote plain ones.
        let content = typed(&followup.content.trim().replace("&#039;", "'").replace("&#39;", "'"));
        let all =
            [Self::Due { quotes: true }, Self::Due { quotes: false }, Self::Sent, Self::Refused, Self::InOlderNote];
        all.into_iter().find(|note| followup.is_note_of(own) && content == typed(&note.html()))
    }

    /// Whether a receipt is due by what a follow-up says.
    pub(super) fn is_due(followup: &Followup, own: UserId) -> bool {
        matches!(Self::read(followup, own), Some(Self::Due { .. }))
    }
}

/// Whether a follow-up is a note of the account `own` about a receipt, whatever it says by now.
pub(super) fn is_about_receipt(followup: &Followup, own: UserId) -> bool {
    followup.is_note_of(own) && followup.content.contains(ANY_MARK)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{DUE_MARK, ReceiptNote, is_about_receipt, typed};
    use crate::glpi::Followup;
    use crate::id::{FollowupId, UserId};

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

    #[rstest]
    #[case(ReceiptNote::Due { quotes: true })]
    #[case(ReceiptNote::Due { quotes: false })]
    #[case(ReceiptNote::Sent)]
    #[case(ReceiptNote::Refused)]
    #[case(ReceiptNote::InOlderNote)]
    fn a_note_is_read_as_it_was_written(#[case] note: ReceiptNote) {
        let is_due = matches!(note, ReceiptNote::Due { .. });
        // As it is written, as GLPI may give it back, and as earlier versions wrote it.
        let (html, as_before) = (note.html(), typed(&note.html()));
        assert_ne!(html, as_before);
        for content in [html, format!(" {}\n", as_before.replace('\'', "&#039;")), as_before] {
            let written = followup(&content);
            assert_eq!(ReceiptNote::read(&written, OWN), Some(note));
            assert_eq!((ReceiptNote::is_due(&written, OWN), content.contains(DUE_MARK)), (is_due, is_due));
            assert!(is_about_receipt(&written, OWN));
            for other in
                [Followup { author: UserId::new(7), ..written.clone() }, Followup { private: false, ..written.clone() }]
            {
                assert_eq!(ReceiptNote::read(&other, OWN), None);
                assert!(!is_about_receipt(&other, OWN));
            }
            let changed = followup(&content.replace("Courriel", "Un courriel"));
            assert_eq!(ReceiptNote::read(&changed, OWN), None);
            assert!(is_about_receipt(&changed, OWN));
        }
    }
}
