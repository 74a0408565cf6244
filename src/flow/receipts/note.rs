//! The note in a ticket that says what became of its receipt: written and read here.

use crate::glpi::Followup;
use crate::id::UserId;

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
}

impl ReceiptNote {
    /// The note, HTML.
    pub(super) fn html(self) -> &'static str {
        match self {
            Self::Due { quotes: true } => {
                "<p>Courriel à envoyer au demandeur : accusé de réception.</p><p>Avis : receipt-due</p>"
            }
            Self::Due { quotes: false } => {
                "<p>Courriel à envoyer au demandeur : accusé de réception, sans rien citer de la demande (rien ne \
                 prouve l'expéditeur).</p><p>Avis : receipt-due</p>"
            }
            Self::Sent => "<p>Courriel envoyé au demandeur : accusé de réception.</p><p>Avis : receipt-sent</p>",
            Self::Refused => {
                "<p>Courriel refusé par le relais : accusé de réception. Vérifiez l'adresse du demandeur.</p><p>Avis : \
                 receipt-refused</p>"
            }
        }
    }

    /// What a follow-up says of a receipt, where it is a note of the account `own`, word for word.
    pub(super) fn read(followup: &Followup, own: UserId) -> Option<Self> {
        // GLPI may write its apostrophes otherwise.
        let content = followup.content.trim().replace("&#039;", "'").replace("&#39;", "'");
        let all = [Self::Due { quotes: true }, Self::Due { quotes: false }, Self::Sent, Self::Refused];
        all.into_iter().find(|note| followup.is_note_of(own) && content == note.html())
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

    use super::{DUE_MARK, ReceiptNote, is_about_receipt};
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
    fn a_note_is_read_as_it_was_written(#[case] note: ReceiptNote) {
        let is_due = matches!(note, ReceiptNote::Due { .. });
        for content in [note.html().to_owned(), format!(" {}\n", note.html().replace('\'', "&#039;"))] {
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
