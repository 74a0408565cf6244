//! The journal of a mailing, as it stands in GLPI beside what people read: its list, frozen, batch by batch, and each time
//! that a batch went to the relay.
//!
//! Each entry is a note of the service account. The list never changes once its head is there. A *departure* is written
//! before the relay gets the mail, and rewritten when it has said what became of it: one that was not rewritten is in
//! doubt. The keys are GLPI's to keep single ([`crate::glpi::NewNote`]): of two that send the same batch at the same
//! moment, one is told that the other goes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::files::AnnouncementFile;
use crate::{
    glpi::{NewNote, OwnNote},
    id::ReminderId,
    request::{Address, Reference},
    text::{
        Bilingual, french,
        html_text::{decoded, escaped},
    },
};

/// What every title of an entry begins with.
pub(super) const TITLE: &str = "Passerelle, envoi";
/// What the title of a head ends with; and of one with which all is done, so that nobody looks at it again.
pub(super) const HEAD: &str = "liste";
pub(super) const CLOSED_HEAD: &str = "liste close";
/// What the title of a stop ends with. It is written once and never rewritten, so that no sender's or confirmer's own
/// writing of the head undoes it. It begins as a head's does: both are found together.
const STOP: &str = "liste arrêtée";
/// What the title of a note ends with that says that a second person was asked.
const ASKED: &str = "demande";
/// What stands before an entry's data.
const DATA: &str = "<p><em>";
const DATA_END: &str = "</em></p>";
/// What stands before the addresses of a batch.
const LIST: &str = "<p>Adresses de ce lot<br>";
/// What parts them.
const BREAK: &str = "<br>";

/// How far a mailing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailingState {
    /// A second person has to confirm it.
    ToConfirm,
    /// It goes, batch by batch.
    Going,
    /// Somebody has stopped it: what is not sent stays so.
    Stopped,
    /// All that can be sent is.
    Ended,
}

impl MailingState {
    /// Whether nothing of it goes any more.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Stopped | Self::Ended)
    }

    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::ToConfirm => "à confirmer",
            Self::Going => "en cours",
            Self::Stopped => "arrêté",
            Self::Ended => "terminé",
        }
    }

    /// The same, for who runs a command.
    pub fn said(self) -> Bilingual {
        let english = match self {
            Self::ToConfirm => "to confirm",
            Self::Going => "going",
            Self::Stopped => "stopped",
            Self::Ended => "ended",
        };
        Bilingual::new(english, self.label())
    }
}

/// The head of a mailing's journal: what is sent, by whom, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailing {
    /// What the announcement is called.
    pub reference: String,
    /// Its subject.
    pub subject: String,
    /// Its text, Markdown.
    pub markdown: String,
    /// Who wrote it: an address, or the name a program gives.
    pub written_by: String,
    /// When.
    pub written_at: Timestamp,
    /// Whom it is for, a few words.
    pub audience: String,
    /// The departments whose correspondents may see it.
    pub departments: Vec<String>,
    /// The application it is about.
    pub application: Option<String>,
    /// How many addresses are on the list.
    pub addresses: usize,
    /// In how many batches.
    pub batches: usize,
    /// A digest of the list: another one is never sent in its place.
    pub list: String,
    /// How many there are of each zone.
    pub zones: Vec<(String, usize)>,
    /// The files that go along.
    #[serde(default)]
    pub files: Vec<AnnouncementFile>,
    /// The announcement's own note, which has them.
    #[serde(default)]
    pub kept_as: Option<ReminderId>,
    /// How far it is.
    pub state: MailingState,
    /// The second person who confirmed it.
    pub confirmed_by: Option<String>,
    /// How it ended, once it has.
    #[serde(default)]
    pub outcome: Option<MailingOutcome>,
    /// Since when the relay takes none of it, where it does not.
    #[serde(default)]
    pub waits: Option<RelayWait>,
}

/// A time in which the relay was asked again and again, and took no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayWait {
    /// Since then.
    pub since: Timestamp,
    /// Then it was seen last, or a little later.
    pub last: Timestamp,
}

/// How a mailing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailingOutcome {
    /// To so many addresses it was handed over.
    pub handed: usize,
    /// So many the relay refused.
    pub refused: usize,
}

impl MailingOutcome {
    /// As people read it.
    pub fn told(self) -> String {
        let Self { handed, refused } = self;
        format!(
            "{}, {}",
            french::count(handed, "adresse remise au relais", "adresses remises au relais"),
            french::count(refused, "refusée", "refusées")
        )
    }
}

/// Some addresses of the list, which get the mail in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) number: usize,
    pub(super) addresses: Vec<Address>,
}

/// That somebody stopped a mailing.
pub(super) fn stop(reference: &str, by: &str) -> NewNote {
    NewNote {
        key: format!("passerelle-{reference}-stop"),
        name: format!("{TITLE} {reference} {STOP}"),
        text: format!("<p>Envoi arrêté par {}\u{a0}: ce qui n’est pas parti ne part plus.</p>", shown(by)),
    }
}

/// That these people were asked to confirm a mailing.
pub(super) fn asked(reference: &str, whom: &[Address]) -> NewNote {
    let whom: Vec<String> = whom.iter().map(|address| escaped(address.as_str())).collect();
    NewNote {
        key: format!("passerelle-{reference}-asked"),
        name: format!("{TITLE} {reference} {ASKED}"),
        text: format!("<p>Confirmation demandée à {}.</p>", whom.join(", ")),
    }
}

/// What became of a departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DepartureState {
    /// The relay gets it now; later, whether it has it is in doubt.
    Going,
    /// The relay has it.
    Handed,
    /// The relay does not have it.
    NotSent,
    /// Nothing went: somebody has decided that those whom the relay refused before get it once more.
    Again,
}

/// A time that a batch, or what was left of it, went to the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Departure {
    pub(super) batch: usize,
    pub(super) attempt: usize,
    pub(super) state: DepartureState,
    pub(super) at: Timestamp,
    /// Who sends it: no other departure of the same key is by this one.
    pub(super) by: String,
    /// Whom the relay takes it for.
    pub(super) to: Vec<String>,
    /// Whom it refuses, with its answers.
    pub(super) refused: Vec<(String, u16)>,
    /// Whom it puts off.
    pub(super) put_off: Vec<(String, u16)>,
    /// Who decided on it, where it was in doubt.
    pub(super) decided_by: Option<String>,
    /// Its sender lost the relay's answer: it is in doubt, and its sender is not at it any more.
    #[serde(default)]
    pub(super) is_lost: bool,
    /// How many departures of the mailing were written before it: where fewer are left, somebody has purged some.
    #[serde(default)]
    pub(super) before: usize,
}

impl Mailing {
    /// What it is called, as it stands in Message-IDs.
    ///
    /// Its own name is one: `Journal::read` takes no other.
    pub fn name(&self) -> Option<Reference> {
        Reference::parse(&self.reference)
    }

    pub(super) fn note(&self) -> NewNote {
        NewNote {
            key: format!("passerelle-{}", self.reference),
            name: format!("{TITLE} {} {}", self.reference, if self.state.is_closed() { CLOSED_HEAD } else { HEAD }),
            text: self.text(),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut html = format!(
            "<p><strong>{}</strong></p><p>Écrit par {} pour {}\u{a0}: {} en {}. Envoi\u{a0}: {}.</p>",
            shown(&self.subject),
            shown(&self.written_by),
            shown(&self.audience),
            french::count(self.addresses, "adresse", "adresses"),
            french::count(self.batches, "lot", "lots"),
            self.state.label(),
        );
        if let Some(outcome) = self.outcome {
            let _ = write!(html, "<p>{}.</p>", outcome.told());
        }
        if let Some(confirmed_by) = &self.confirmed_by {
            let _ = write!(html, "<p>Confirmé par {}.</p>", shown(confirmed_by));
        }
        if !self.files.is_empty() {
            let names: Vec<String> = self.files.iter().map(|file| shown(&file.name)).collect();
            let _ = write!(html, "<p>Avec {}.</p>", names.join(", "));
        }
        let _ = write!(html, "<p>Sans cette note, la passerelle ne sait plus à qui l’information est partie.</p>");
        html.push_str(&data(self));
        html
    }
}

impl Batch {
    pub(super) fn note(&self, reference: &str) -> NewNote {
        let addresses: Vec<String> = self.addresses.iter().map(|address| escaped(address.as_str())).collect();
        NewNote {
            key: format!("passerelle-{reference}-{:04}", self.number),
            name: format!("{TITLE} {reference} lot {:04}", self.number),
            text: format!("{LIST}{}</p>", addresses.join(BREAK)),
        }
    }

    fn read(number: usize, text: &str) -> Option<Self> {
        let (_, list) = text.split_once(LIST)?;
        let (list, _) = list.split_once("</p>")?;
        let addresses: Option<Vec<Address>> =
            list.split(BREAK).map(|address| Address::parse(&decoded(address))).collect();
        Some(Self { number, addresses: addresses? })
    }
}

impl Departure {
    pub(super) fn note(&self, reference: &str) -> NewNote {
        NewNote {
            key: format!("passerelle-{reference}-{:04}-{}", self.batch, self.attempt),
            name: format!("{TITLE} {reference} départ {:04}.{}", self.batch, self.attempt),
            text: self.text(),
        }
    }

    pub(super) fn text(&self) -> String {
        let said = match self.state {
            DepartureState::Going => {
                "part vers le relais de messagerie. Si cette note reste ainsi, il n’est pas certain que le relais l’ait \
                 reçu\u{a0}: vérifiez dans son journal, puis décidez (passerelle inform resume --doubtful)"
            }
            DepartureState::Handed if self.to.is_empty() => "le relais de messagerie ne l’a pris pour personne",
            DepartureState::Handed => "remis au relais de messagerie",
            DepartureState::NotSent => "non remis\u{a0}: le relais de messagerie ne l’a pas pris",
            DepartureState::Again => "les adresses que le relais a refusées sont à nouveau à servir",
        };
        let mut html = format!(
            "<p>Lot {}, {}\u{a0}: {said}.</p>",
            self.batch,
            french::count(self.to.len(), "adresse", "adresses")
        );
        if !self.refused.is_empty() {
            let refused: Vec<String> =
                self.refused.iter().map(|(address, code)| format!("{} ({code})", escaped(address))).collect();
            let _ = write!(html, "<p>Refusées par le relais\u{a0}: {}.</p>", refused.join(", "));
        }
        if let Some(decided_by) = &self.decided_by {
            let _ = write!(html, "<p>Décidé par {}.</p>", shown(decided_by));
        }
        html.push_str(&data(self));
        html
    }
}

/// A digest of a list's addresses in their order.
pub(super) fn digest<'a>(addresses: impl Iterator<Item = &'a Address>) -> String {
    let mut hash = Sha256::new();
    for address in addresses {
        hash.update(address.as_str());
        hash.update("\n");
    }
    HEXLOWER.encode(&hash.finalize())
}

/// A text of people as HTML. Older databases end a text at a character beyond the first plane.
fn shown(text: &str) -> String {
    escaped(&text.chars().map(|c| if u32::from(c) > 0xffff { '\u{fffd}' } else { c }).collect::<String>())
}

/// An entry's data, as its last paragraph.
fn data(entry: &impl Serialize) -> String {
    let json = serde_json::to_vec(entry).unwrap_or_default();
    format!("{DATA}{}{DATA_END}", BASE64.encode(&json))
}

fn read_data<T: DeserializeOwned>(text: &str) -> Option<T> {
    let (_, data) = text.rsplit_once(DATA)?;
    let (data, _) = data.split_once(DATA_END)?;
    serde_json::from_slice(&BASE64.decode(data.trim().as_bytes()).ok()?).ok()
}

/// The journal of one mailing.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    /// The head's note.
    pub(super) note: ReminderId,
    pub(super) mailing: Mailing,
    /// A second person was sent the mail that asks to confirm it.
    pub(super) is_asked: bool,
    /// Somebody has changed one of its notes in GLPI.
    pub(super) is_changed: bool,
    pub(super) batches: BTreeMap<usize, Batch>,
    /// By batch and attempt, each with its note.
    pub(super) departures: BTreeMap<(usize, usize), (ReminderId, Departure)>,
}

/// Where the addresses of a batch stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Still to be sent.
    pub(super) pending: Vec<Address>,
    /// The relay has it for these.
    pub(super) handed: Vec<Address>,
    /// The relay refuses these for good.
    pub(super) refused: Vec<(Address, u16)>,
    /// In doubt, by this departure.
    pub(super) doubtful: Option<Departure>,
    /// The next departure's number, from 1.
    pub(super) next_attempt: usize,
    /// Departures since it began, or began again.
    pub(super) tries: usize,
    /// When the first of these was, or the first one after somebody decided on one in doubt.
    pub(super) first: Option<Timestamp>,
    /// When the last departure was.
    pub(super) last: Option<Timestamp>,
}

impl Journal {
    /// The head that a note is, if it is one.
    pub(super) fn head(note: &OwnNote) -> Option<Mailing> {
        let mailing: Mailing = read_data(&note.text)?;
        (mailing.name().is_some() && note.name == mailing.note().name).then_some(mailing)
    }

    /// The journal that these notes are; `None` where its head is not among them. What somebody has changed says nothing,
    /// but for the head, which says what was stopped thereby.
    pub(super) fn read(reference: &str, notes: &[OwnNote]) -> Option<Self> {
        let (note, mailing) =
            notes.iter().find_map(|note| Some((note.id, Self::head(note).filter(|it| it.reference == reference)?)))?;
        let mut journal = Self {
            note,
            mailing,
            is_asked: false,
            is_changed: notes.iter().any(|note| note.is_changed),
            batches: BTreeMap::new(),
            departures: BTreeMap::new(),
        };
        for note in notes.iter().filter(|note| !note.is_changed) {
            let Some(rest) = note.name.strip_prefix(&format!("{TITLE} {reference} ")) else { continue };
            if rest == STOP {
                // Whatever its head says.
                journal.mailing.state = MailingState::Stopped;
            } else if rest == ASKED {
                journal.is_asked = true;
            } else if let Some(batch) =
                rest.strip_prefix("lot ").and_then(|number| Batch::read(number.parse().ok()?, &note.text))
            {
                journal.batches.insert(batch.number, batch);
            } else if rest.starts_with("départ ")
                && let Some(departure) = read_data::<Departure>(&note.text)
            {
                journal.departures.insert((departure.batch, departure.attempt), (note.id, departure));
            }
        }
        Some(journal)
    }

    /// The batches that are on the list by these notes, whether or not its head is there.
    pub(super) fn batches(reference: &str, notes: &[OwnNote]) -> BTreeMap<usize, Batch> {
        let before = format!("{TITLE} {reference} lot ");
        let read = |note: &OwnNote| Batch::read(note.name.strip_prefix(&before)?.parse().ok()?, &note.text);
        notes.iter().filter(|note| !note.is_changed).filter_map(read).map(|batch| (batch.number, batch)).collect()
    }

    /// The numbers of the batches of which there is a note, whatever it says.
    pub(super) fn numbers(reference: &str, notes: &[OwnNote]) -> BTreeSet<usize> {
        let before = format!("{TITLE} {reference} lot ");
        notes.iter().filter_map(|note| note.name.strip_prefix(&before)?.parse().ok()).collect()
    }

    /// Whether the whole list is there, and nobody has changed or purged anything of its journal. Only the departure that
    /// was written last is missed by nothing.
    pub(super) fn is_whole(&self) -> bool {
        let addresses: usize = self.batches.values().map(|batch| batch.addresses.len()).sum();
        let is_complete = self.batches.len() == self.mailing.batches && addresses == self.mailing.addresses;
        let has_departures = self.departures.values().all(|(_, departure)| departure.before < self.departures.len());
        !self.is_changed
            && is_complete
            && has_departures
            && digest(self.batches.values().flat_map(|batch| &batch.addresses)) == self.mailing.list
    }

    /// Whether some of it is to be sent.
    pub(super) fn has_pending(&self) -> bool {
        self.batches.values().any(|batch| !self.standing(batch).pending.is_empty())
    }

    /// Where a batch stands, by its departures in their order.
    pub(super) fn standing(&self, batch: &Batch) -> Standing {
        let mut standing = Standing { pending: batch.addresses.clone(), next_attempt: 1, ..Standing::default() };
        let parsed = |address: &String| Address::parse(address);
        for (_, departure) in self.departures.range((batch.number, 0)..=(batch.number, usize::MAX)).map(|(_, it)| it) {
            standing.next_attempt = departure.attempt + 1;
            standing.tries += 1;
            standing.last = Some(departure.at);
            // While it was in doubt nobody tried.
            let was_in_doubt = departure.decided_by.is_some();
            standing.first = if was_in_doubt { None } else { standing.first.or(Some(departure.at)) };
            match departure.state {
                DepartureState::NotSent => {}
                DepartureState::Again => {
                    standing.pending.extend(standing.refused.drain(..).map(|(address, _)| address));
                    (standing.tries, standing.first, standing.last) = (0, None, None);
                }
                DepartureState::Going => standing.doubtful = Some(departure.clone()),
                DepartureState::Handed => {
                    let put_off: Vec<Address> =
                        departure.put_off.iter().filter_map(|(address, _)| Address::parse(address)).collect();
                    standing.handed.extend(departure.to.iter().filter_map(parsed));
                    let refused = departure.refused.iter();
                    standing
                        .refused
                        .extend(refused.filter_map(|(address, code)| Some((Address::parse(address)?, *code))));
                    standing.pending.retain(|address| put_off.contains(address));
                }
            }
        }
        standing
    }
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{super::files::AnnouncementFile, Batch, Departure, DepartureState, Journal, Mailing, MailingState};
    use crate::{
        glpi::{NewNote, OwnNote},
        id::ReminderId,
        request::Address,
    };

    const REFERENCE: &str = "P-7K3M-Q2XV-9D4T";

    fn kept(number: u64, note: NewNote) -> OwnNote {
        OwnNote { id: ReminderId::new(number), name: note.name, text: note.text, is_changed: false }
    }

    pub(in super::super) fn mailing(subject: &str, markdown: &str) -> Mailing {
        Mailing {
            reference: REFERENCE.to_owned(),
            subject: subject.to_owned(),
            markdown: markdown.to_owned(),
            written_by: "ien.dijon@ac-dijon.fr".to_owned(),
            written_at: Timestamp::UNIX_EPOCH,
            audience: "l’académie".to_owned(),
            departments: vec!["021".to_owned()],
            application: None,
            addresses: 4,
            batches: 2,
            list: super::digest(
                [batch(1, &["a", "b'c"]), batch(2, &["d", "e&f"])].iter().flat_map(|batch| &batch.addresses),
            ),
            zones: vec![("021".to_owned(), 4)],
            files: vec![AnnouncementFile::of("a \u{1f600}.pdf", "application/pdf", b"x")],
            kept_as: Some(ReminderId::new(8)),
            state: MailingState::Going,
            confirmed_by: None,
            outcome: None,
            waits: None,
        }
    }

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn batch(number: usize, names: &[&str]) -> Batch {
        Batch { number, addresses: names.iter().map(|name| address(&format!("{name}@ac-dijon.fr"))).collect() }
    }

    fn departure(batch: usize, attempt: usize, state: DepartureState, to: &[&str]) -> Departure {
        Departure {
            batch,
            attempt,
            state,
            at: Timestamp::UNIX_EPOCH,
            by: "x".to_owned(),
            to: to.iter().map(|name| format!("{name}@ac-dijon.fr")).collect(),
            refused: Vec::new(),
            put_off: Vec::new(),
            decided_by: None,
            is_lost: false,
            before: 0,
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_word_for_word(subject in ".{0,80}", markdown in "(?s).{0,400}") {
            let mailing = mailing(&subject, &markdown);
            prop_assert_eq!(Journal::head(&kept(1, mailing.note())), Some(mailing));
        }
    }

    #[test]
    fn the_list_and_what_was_handed_over_are_found_again() {
        let (first, second) = (batch(1, &["a", "b'c"]), batch(2, &["d", "e&f"]));
        let mut handed = departure(1, 2, DepartureState::Handed, &["a"]);
        handed.refused.push(("b'c@ac-dijon.fr".to_owned(), 550));
        let going = departure(2, 1, DepartureState::Going, &["d", "e&f"]);
        let notes = [
            kept(3, departure(1, 1, DepartureState::NotSent, &["a", "b'c"]).note(REFERENCE)),
            kept(1, first.note(REFERENCE)),
            kept(2, second.note(REFERENCE)),
            kept(9, mailing("LSU", "Bonjour").note()),
            kept(4, handed.note(REFERENCE)),
            kept(5, going.note(REFERENCE)),
        ];
        let journal = Journal::read(REFERENCE, &notes).unwrap();
        assert!(journal.is_whole() && journal.note == ReminderId::new(9));
        let one = journal.standing(&journal.batches[&1]);
        assert_eq!((one.pending, one.handed), (Vec::new(), vec![address("a@ac-dijon.fr")]));
        assert_eq!((one.refused, one.next_attempt), (vec![(address("b'c@ac-dijon.fr"), 550)], 3));
        let two = journal.standing(&journal.batches[&2]);
        assert_eq!(two.doubtful, Some(going));
        assert!(Journal::read(REFERENCE, &notes[..3]).is_none(), "no list without its head");
        assert!(!Journal::read(REFERENCE, &notes[2..4]).unwrap().is_whole());
    }

    /// Whatever note somebody has changed in GLPI: it says nothing, and nothing more is sent.
    #[test]
    fn what_was_changed_in_glpi_stops_all() {
        let notes = [
            kept(1, batch(1, &["a", "b'c"]).note(REFERENCE)),
            kept(2, batch(2, &["d", "e&f"]).note(REFERENCE)),
            kept(9, mailing("LSU", "Bonjour").note()),
            kept(4, departure(1, 1, DepartureState::Handed, &["a", "b'c"]).note(REFERENCE)),
            kept(5, super::stop(REFERENCE, "chef")),
        ];
        assert!(Journal::read(REFERENCE, &notes[..4]).unwrap().is_whole());
        for changed in 0..notes.len() {
            let mut notes = notes.clone();
            notes[changed].is_changed = true;
            let journal = Journal::read(REFERENCE, &notes).unwrap();
            assert!(!journal.is_whole(), "{changed}");
            let says = (journal.batches.len(), journal.departures.len(), journal.mailing.state);
            let stopped = if changed == 4 { MailingState::Going } else { MailingState::Stopped };
            assert_eq!(says, (2 - usize::from(changed < 2), 1 - usize::from(changed == 3), stopped), "{changed}");
        }
    }

    /// Whoever sees no departure of a batch would send it once more.
    #[test]
    fn a_departure_that_was_purged_in_glpi_stops_all_but_the_last_one() {
        let all = [(1, 1), (2, 1), (1, 2)].into_iter().zip(0..).map(|((batch, attempt), before)| {
            let departure = Departure { before, ..departure(batch, attempt, DepartureState::NotSent, &[]) };
            kept(10 + u64::try_from(before).unwrap(), departure.note(REFERENCE))
        });
        let departures: Vec<OwnNote> = all.collect();
        let is_whole_without = |purged: &[usize]| {
            let left = departures.iter().enumerate().filter(|(place, _)| !purged.contains(place));
            let mut notes: Vec<OwnNote> = left.map(|(_, note)| note.clone()).collect();
            notes.push(kept(1, batch(1, &["a", "b'c"]).note(REFERENCE)));
            notes.push(kept(2, batch(2, &["d", "e&f"]).note(REFERENCE)));
            notes.push(kept(9, mailing("LSU", "Bonjour").note()));
            Journal::read(REFERENCE, &notes).unwrap().is_whole()
        };
        for purged in [&[0][..], &[1], &[0, 1], &[0, 2], &[1, 2]] {
            let is_seen = purged != [1, 2];
            assert_eq!(is_whole_without(purged), !is_seen, "{purged:?}");
        }
        assert!(is_whole_without(&[]) && is_whole_without(&[2]));
    }

    #[test]
    fn whom_the_relay_puts_off_waits_for_the_next_departure() {
        let mut handed = departure(1, 1, DepartureState::Handed, &["a"]);
        handed.put_off.push(("b@ac-dijon.fr".to_owned(), 451));
        let notes = [
            kept(1, batch(1, &["a", "b"]).note(REFERENCE)),
            kept(2, mailing("LSU", "").note()),
            kept(3, handed.note(REFERENCE)),
        ];
        let journal = Journal::read(REFERENCE, &notes).unwrap();
        let standing = journal.standing(&journal.batches[&1]);
        assert_eq!((standing.pending, standing.next_attempt), (vec![address("b@ac-dijon.fr")], 2));
    }
}
