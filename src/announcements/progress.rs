//! How far a mailing is.

use jiff::{SignedDuration, Timestamp};

use super::journal::{Departure, DepartureState, Journal, Mailing, MailingState};
use crate::{
    request::Address,
    text::{Bilingual, french},
};

/// How far a mailing is, of all that GLPI has of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailingProgress {
    /// What is sent, by whom.
    pub mailing: Mailing,
    /// The whole list is in GLPI, as it was frozen, and where somebody looks at it the files, too; else nothing is sent.
    pub is_whole: bool,
    /// The mail that asks a second person to confirm it went to somebody.
    pub is_asked: bool,
    /// To so many addresses it was handed over.
    pub handed: usize,
    /// So many are to come.
    pub pending: usize,
    /// So many are on their way at this moment.
    pub under_way: usize,
    /// Their batches: each is in doubt from a moment on, unless its sender says before what became of it.
    pub departing: Vec<Doubt>,
    /// The relay refuses these, with its answers' codes.
    pub refused: Vec<(Address, u16)>,
    /// Whether the relay has it for these cannot be said.
    pub doubts: Vec<Doubt>,
    /// What the relay keeps back, as far as that is known.
    pub relay: Option<RelayPause>,
}

/// The relay kept back a mailing that goes, or some of its addresses, when it was asked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayPause {
    /// Whether it took none of them.
    pub is_of_all: bool,
    /// The code of its answer, where it gave one and this is known here.
    pub code: Option<u16>,
    /// Since when it takes nothing at all, where that is written down.
    pub since: Option<Timestamp>,
    /// When it is asked again at the latest, where this is known here.
    pub again: Option<Timestamp>,
}

impl RelayPause {
    /// What happened and what comes, its moments as `told` writes them.
    pub fn said(self, told: impl Fn(Timestamp) -> String) -> Bilingual {
        let mut said = if self.is_of_all {
            Bilingual::new(
                "at the last try the mail relay took nothing",
                "au dernier essai, le relais de messagerie n’a rien pris",
            )
        } else {
            Bilingual::new(
                "at the last try the mail relay put some addresses off",
                "au dernier essai, le relais de messagerie a remis des adresses à plus tard",
            )
        };
        if let Some(code) = self.code {
            said = said.then("", &Bilingual::same(format!(" ({code})")));
        }
        if let Some(since) = self.since.map(&told) {
            let since = Bilingual::new(format!(", and nothing since {since}"), format!(", et rien depuis le {since}"));
            said = said.then("", &since);
        }
        let again = match self.again.map(told) {
            Some(again) => Bilingual::new(
                format!("; the next try comes by {again}"),
                format!("\u{a0}; nouvel essai le {again} au plus tard"),
            ),
            None => Bilingual::new(
                "; a running gateway tries again by itself",
                "\u{a0}; une passerelle qui tourne réessaie d’elle-même",
            ),
        };
        said.then("", &again)
    }
}

/// A batch of which nobody knows whether the relay has it: an operator decides, who has looked into the relay's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The batch's number.
    pub batch: usize,
    /// When it went.
    pub at: Timestamp,
    /// For whom the relay would take it.
    pub addresses: Vec<Address>,
    /// From when on an operator can decide: before, the relay may be at it.
    pub from: Timestamp,
}

impl Doubt {
    /// Whether an operator can decide at this moment.
    pub fn is_ripe(&self) -> bool {
        Timestamp::now() >= self.from
    }
}

/// After so long a departure that nobody rewrote is in doubt: before, its sender may be at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled(pub(super) SignedDuration);

impl Settled {
    /// Whether its sender surely has ended, one way or the other.
    pub(super) fn is_over(self, departure: &Departure, now: Timestamp) -> bool {
        now.duration_since(departure.at) > self.0
    }

    /// From when on it has.
    fn moment(self, departure: &Departure) -> Timestamp {
        departure.at.checked_add(self.0).unwrap_or(Timestamp::MAX)
    }
}

impl Journal {
    /// How far it is at this moment.
    pub(super) fn progress(&self, settled: Settled, now: Timestamp) -> MailingProgress {
        let mut progress = MailingProgress {
            mailing: self.mailing.clone(),
            is_whole: self.is_whole(),
            is_asked: self.is_asked,
            handed: 0,
            pending: 0,
            under_way: 0,
            departing: Vec::new(),
            refused: Vec::new(),
            doubts: Vec::new(),
            relay: None,
        };
        for batch in self.batches.values() {
            let standing = self.standing(batch);
            progress.handed += standing.handed.len();
            progress.refused.extend(standing.refused);
            progress.pending += standing.pending.len();
            let Some(departure) = standing.doubtful else { continue };
            let addresses: Vec<Address> = departure.to.iter().filter_map(|address| Address::parse(address)).collect();
            progress.pending = progress.pending.saturating_sub(addresses.len());
            let from = settled.moment(&departure);
            let doubt = Doubt { batch: departure.batch, at: departure.at, addresses, from };
            if departure.is_lost || settled.is_over(&departure, now) {
                progress.doubts.push(doubt);
            } else {
                progress.under_way += doubt.addresses.len();
                progress.departing.push(doubt);
            }
        }
        progress.relay = self.relay_pause().filter(|_| progress.pending > 0);
        progress
    }

    /// What the relay kept back when it was asked last, as far as the notes say so.
    fn relay_pause(&self) -> Option<RelayPause> {
        if self.mailing.state != MailingState::Going {
            return None;
        }
        let pause = RelayPause { is_of_all: true, code: None, since: None, again: None };
        if let Some(waits) = self.mailing.waits {
            return Some(RelayPause { since: Some(waits.since), ..pause });
        }
        // Whatever batch it was of.
        let (_, last) = self.departures.values().max_by_key(|(_, departure)| departure.at)?;
        match last.state {
            DepartureState::NotSent if last.decided_by.is_none() => Some(pause),
            DepartureState::Handed => {
                let (_, code) = last.put_off.first()?;
                Some(RelayPause { is_of_all: last.to.is_empty(), code: Some(*code), ..pause })
            }
            DepartureState::NotSent | DepartureState::Going | DepartureState::Again => None,
        }
    }
}

impl MailingProgress {
    /// How many addresses are in doubt.
    pub fn in_doubt(&self) -> usize {
        self.doubts.iter().map(|doubt| doubt.addresses.len()).sum()
    }

    /// Addresses with which all is done.
    pub fn done(&self) -> usize {
        self.handed + self.refused.len()
    }

    /// How many of its addresses are where. Of one that is stopped nothing is to come.
    pub fn counted(&self) -> Bilingual {
        let Self { handed, pending, under_way, .. } = *self;
        let (addresses, refused, in_doubt) = (self.mailing.addresses, self.refused.len(), self.in_doubt());
        let left = if self.mailing.state == MailingState::Stopped {
            let stay = if pending < 2 { "reste" } else { "restent" };
            let stays = if pending == 1 { "stays" } else { "stay" };
            (format!("{pending} {stays} without"), format!("{pending} {stay} sans le courriel"))
        } else {
            (format!("{pending} to come"), format!("{pending} à venir"))
        };
        let counted = Bilingual::new(
            format!("{handed} of {addresses} handed over, {refused} refused, {}", left.0),
            format!(
                "{}\u{a0}: {}, {}, {}",
                french::count(addresses, "adresse", "adresses"),
                french::count(handed, "remise au relais", "remises au relais"),
                french::count(refused, "refusée par le relais", "refusées par le relais"),
                left.1
            ),
        );
        [(under_way, "on their way", "en partance"), (in_doubt, "in doubt", "en doute")]
            .into_iter()
            .filter(|(many, ..)| *many > 0)
            .fold(counted, |all, (many, english, french)| {
                all.then("", &Bilingual::new(format!(", {many} {english}"), format!(", {many} {french}")))
            })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rstest::rstest;

    use super::{super::journal::tests::mailing, Doubt, MailingProgress};
    use crate::{announcements::MailingState, request::Address, text::Language};

    /// Of eight addresses: how many have it, are pending, on their way, refused and in doubt.
    #[rstest]
    #[case(MailingState::Going, [5, 3, 0, 0, 0], "5 of 8 handed over, 0 refused, 3 to come",
        "8\u{a0}adresses\u{a0}: 5\u{a0}remises au relais, 0\u{a0}refusée par le relais, 3 à venir")]
    #[case(MailingState::Going, [1, 1, 2, 2, 2], "1 of 8 handed over, 2 refused, 1 to come, 2 on their way, 2 in doubt",
        "8\u{a0}adresses\u{a0}: 1\u{a0}remise au relais, 2\u{a0}refusées par le relais, 1 à venir, 2 en partance, 2 en doute")]
    #[case(MailingState::Stopped, [5, 3, 0, 0, 0], "5 of 8 handed over, 0 refused, 3 stay without",
        "8\u{a0}adresses\u{a0}: 5\u{a0}remises au relais, 0\u{a0}refusée par le relais, 3 restent sans le courriel")]
    #[case(MailingState::Stopped, [6, 1, 1, 0, 0], "6 of 8 handed over, 0 refused, 1 stays without, 1 on their way",
        "8\u{a0}adresses\u{a0}: 6\u{a0}remises au relais, 0\u{a0}refusée par le relais, 1 reste sans le courriel, 1 en partance")]
    #[case(MailingState::Ended, [7, 0, 0, 1, 0], "7 of 8 handed over, 1 refused, 0 to come",
        "8\u{a0}adresses\u{a0}: 7\u{a0}remises au relais, 1\u{a0}refusée par le relais, 0 à venir")]
    fn it_is_said_how_many_are_where(
        #[case] state: MailingState,
        #[case] many: [usize; 5],
        #[case] english: &str,
        #[case] french: &str,
    ) {
        let [handed, pending, under_way, refused, in_doubt] = many;
        let mut mailing = mailing("LSU", "Bonjour");
        (mailing.state, mailing.addresses) = (state, 8);
        let addresses = |many| vec![Address::parse("a@ac-dijon.fr").unwrap(); many];
        let (at, from) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let progress = MailingProgress {
            mailing,
            is_whole: true,
            is_asked: true,
            handed,
            pending,
            under_way,
            departing: Vec::new(),
            refused: addresses(refused).into_iter().map(|address| (address, 550)).collect(),
            doubts: vec![Doubt { batch: 1, at, addresses: addresses(in_doubt), from }],
            relay: None,
        };
        let counted = progress.counted();
        assert_eq!((counted.text(Language::English), counted.text(Language::French)), (english, french));
    }
}
