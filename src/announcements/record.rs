//! The journals of mailings in GLPI: read, begun, and written on.

use std::collections::BTreeMap;

use super::journal::{self, Batch, CLOSED_HEAD, Departure, HEAD, Journal, Mailing, MailingState, TITLE, digest};
use crate::{
    glpi::{Glpi, GlpiError, NewNote, OwnNote},
    id::ReminderId,
    request::Address,
    text::{Bilingual, Language},
};

/// How often a list is written before it is given up.
const TRIES: usize = 3;

/// Why a list is not frozen.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.said().text(Language::English))]
pub enum NotFrozen {
    /// GLPI cannot, or may not.
    Glpi(#[from] GlpiError),
    /// It took the list in part only, again and again.
    InPart,
}

impl NotFrozen {
    /// Why, for who runs a command.
    pub fn said(&self) -> Bilingual {
        match self {
            Self::Glpi(why) => why.line(),
            Self::InPart => Bilingual::new(
                "GLPI did not take the whole list; the same announcement again goes on with it",
                "GLPI n’a pas pris toute la liste\u{a0}; la même information, redonnée, continue",
            ),
        }
    }
}

/// Reads and writes journals.
#[derive(Clone)]
pub(super) struct Records(Glpi);

impl Records {
    pub(super) fn new(glpi: Glpi) -> Self {
        Self(glpi)
    }

    /// The heads of all journals, the newest first.
    pub(super) async fn mailings(&self) -> Result<Vec<Mailing>, GlpiError> {
        let (open, closed) = tokio::try_join!(self.0.own_notes(TITLE, HEAD), self.0.own_notes(TITLE, CLOSED_HEAD))?;
        let mut mailings: Vec<Mailing> = open.iter().chain(&closed).filter_map(Journal::head).collect();
        mailings.sort_by_key(|mailing| std::cmp::Reverse(mailing.written_at));
        // One that was closed between the two searches is in both.
        mailings.dedup_by(|one, other| one.reference == other.reference);
        Ok(mailings)
    }

    /// The heads of those that are not done with, the oldest first, but for those that somebody has changed. One call,
    /// which shows no other.
    pub(super) async fn open(&self) -> Result<Vec<Mailing>, GlpiError> {
        let notes = self.0.own_notes(TITLE, HEAD).await?;
        Ok(notes.iter().filter(|note| !note.is_changed).filter_map(Journal::head).collect())
    }

    /// The journal of this mailing.
    pub(super) async fn read(&self, reference: &str) -> Result<Option<Journal>, GlpiError> {
        Ok(Journal::read(reference, &self.notes(reference).await?))
    }

    /// How far its head says it is at this moment, whoever changed that. One call, which shows no list.
    pub(super) async fn state(&self, reference: &str) -> Result<Option<MailingState>, GlpiError> {
        let notes = self.0.own_notes(&format!("{TITLE} {reference} {HEAD}"), "").await?;
        // What somebody has changed is no word of ours: it is not sent.
        let state = |journal: Journal| if journal.is_changed { None } else { Some(journal.mailing.state) };
        Ok(Journal::read(reference, &notes).and_then(state))
    }

    /// Writes that it is stopped, for good.
    pub(super) async fn stop(&self, reference: &str, by: &str) -> Result<(), GlpiError> {
        self.keep_once(&journal::stop(reference, by)).await
    }

    /// Writes that a second person was asked.
    pub(super) async fn asked(&self, reference: &str, whom: &[Address]) -> Result<(), GlpiError> {
        self.keep_once(&journal::asked(reference, whom)).await
    }

    /// Writes a note that says the same whoever writes it.
    async fn keep_once(&self, note: &NewNote) -> Result<(), GlpiError> {
        match self.0.keep_own_note(note).await {
            Ok(_) => Ok(()),
            Err(GlpiError::AnswerLost { why, together, source }) => {
                let found = self.0.own_notes(&note.name, "").await?;
                let is_there = found.iter().any(|kept| kept.name == note.name);
                if is_there { Ok(()) } else { Err(GlpiError::AnswerLost { why, together, source }) }
            }
            Err(error) => Err(error),
        }
    }

    async fn notes(&self, reference: &str) -> Result<Vec<OwnNote>, GlpiError> {
        self.0.own_notes(&format!("{TITLE} {reference} "), "").await
    }

    /// Freezes a list: its batches, then the head that says how many there are. One that is frozen already stays as it is.
    pub(super) async fn freeze(
        &self,
        mut mailing: Mailing,
        list: &[Address],
        size: usize,
    ) -> Result<Journal, NotFrozen> {
        let reference = mailing.reference.clone();
        let batches: BTreeMap<usize, Batch> = list
            .chunks(size.max(1))
            .zip(1..)
            .map(|(addresses, number)| (number, Batch { number, addresses: addresses.to_vec() }))
            .collect();
        mailing.addresses = list.len();
        mailing.batches = batches.len();
        mailing.list = digest(list.iter());
        for _ in 0..TRIES {
            let notes = self.notes(&reference).await?;
            if let Some(journal) = Journal::read(&reference, &notes) {
                return Ok(journal);
            }
            // What is left of a list that was never finished.
            let found = Journal::batches(&reference, &notes);
            for number in Journal::numbers(&reference, &notes) {
                if found.get(&number).is_none_or(|batch| batches.get(&number) != Some(batch)) {
                    self.correct(&reference, &notes, number, batches.get(&number)).await?;
                }
            }
            let missing = batches.values().filter(|batch| !found.contains_key(&batch.number));
            let missing: Vec<NewNote> = missing.map(|batch| batch.note(&reference)).collect();
            if missing.is_empty() && found == batches {
                match self.0.keep_own_note(&mailing.note()).await {
                    Ok(_) | Err(GlpiError::AnswerLost { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            } else {
                self.0.keep_own_notes(&missing).await?;
                let notes = self.notes(&reference).await?;
                if Journal::batches(&reference, &notes) == batches {
                    match self.0.keep_own_note(&mailing.note()).await {
                        Ok(_) | Err(GlpiError::AnswerLost { .. }) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
        self.read(&reference).await?.ok_or(NotFrozen::InPart)
    }

    /// Makes a batch of a list without head what it is to be, or nothing.
    async fn correct(
        &self,
        reference: &str,
        notes: &[OwnNote],
        number: usize,
        wanted: Option<&Batch>,
    ) -> Result<(), GlpiError> {
        let nobody = Batch { number, addresses: Vec::new() };
        let note = wanted.unwrap_or(&nobody).note(reference);
        let Some(kept) = notes.iter().find(|kept| kept.name == note.name) else { return Ok(()) };
        self.0.rewrite_own_note(kept.id, &note).await
    }

    /// Writes the head anew; where somebody stops it at this moment, it is stopped.
    pub(super) async fn rewrite_head(&self, journal: &mut Journal) -> Result<(), GlpiError> {
        self.0.rewrite_own_note(journal.note, &journal.mailing.note()).await?;
        if journal.mailing.state != MailingState::Stopped
            && self.state(&journal.mailing.reference).await? == Some(MailingState::Stopped)
        {
            journal.mailing.state = MailingState::Stopped;
            self.0.rewrite_own_note(journal.note, &journal.mailing.note()).await?;
        }
        Ok(())
    }

    /// Writes that a batch goes; `None` where it is another's to send, or was sent.
    pub(super) async fn depart(&self, reference: &str, departure: &Departure) -> Result<Option<ReminderId>, GlpiError> {
        let note = departure.note(reference);
        match self.0.keep_own_note(&note).await {
            Err(GlpiError::AnswerLost { why, together, source }) => {
                let found = self.0.own_notes(&note.name, "").await?;
                match found.iter().find(|kept| kept.name == note.name) {
                    Some(kept) if kept.text == note.text && !kept.is_changed => Ok(Some(kept.id)),
                    Some(_) => Ok(None),
                    // It may still come.
                    None => Err(GlpiError::AnswerLost { why, together, source }),
                }
            }
            written => written,
        }
    }

    /// Writes what became of it.
    pub(super) async fn arrive(&self, reference: &str, id: ReminderId, departure: &Departure) -> Result<(), GlpiError> {
        self.0.rewrite_own_note(id, &departure.note(reference)).await
    }
}
