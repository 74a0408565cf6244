//! The ways a GLPI can fail, each switched on for a while, for some calls, or for one.

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// One way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The answer comes late; the work is done at once.
    Slow(Duration),
    /// 500, nothing is done.
    ServerError,
    /// The web server's 502 page, nothing is done: PHP is down.
    BadGateway,
    /// The caller's session is gone: 401 `ERROR_SESSION_TOKEN_INVALID` until a new one is opened.
    SessionForgotten,
    /// 200 and an HTML page for every call: maintenance mode, or no database.
    Maintenance,
    /// The last file of the call is not taken (as over `upload_max_filesize`); the item is made.
    FileLeftOut,
    /// Of several items in one call, the last is not made; the answer says so as GLPI says it (207).
    LastRefused,
    /// The work is done, and the connection is cut before the answer.
    AnswerLost,
    /// The work is done, and the answer breaks off in its middle: PHP's memory or a proxy's buffer ended.
    Garbled,
    /// The same under the status 207, which GLPI gives where it did some of several things.
    GarbledInPart,
    /// The connection is closed at once and nothing is done.
    Down,
    /// PHP dies in the middle of making a ticket or a follow-up: its row and so many of its files are written, what
    /// GLPI does after the files (actors, the status) is not, and the answer is 500. Other calls go well.
    Dies(usize),
    /// The same, by the end of PHP's process: the connection is cut without an answer.
    Killed(usize),
}

impl Failure {
    /// After how many files the making ends in the middle.
    pub(super) fn files_before_the_end(self) -> Option<usize> {
        match self {
            Self::Dies(files) | Self::Killed(files) => Some(files),
            _ => None,
        }
    }
}

/// What a call makes, as far as a [`Rule`] tells calls apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Making {
    /// Tickets.
    Tickets,
    /// Follow-ups.
    Followups,
}

/// A failure and the calls it hits.
///
/// Written `name[=value][@tickets|@followups][*count]`: `lost@tickets*1`, `slow=2s`, `502*3`, `dies=1@tickets*1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What happens.
    pub failure: Failure,
    /// Only calls that make these are hit; all calls without.
    pub only: Option<Making>,
    /// How many calls are still to be hit; all of them without a number.
    pub remaining: Option<u32>,
}

impl Rule {
    /// Every call fails that way.
    pub fn always(failure: Failure) -> Self {
        Self { failure, only: None, remaining: None }
    }

    /// The next `count` calls fail that way.
    pub fn next(count: u32, failure: Failure) -> Self {
        Self { remaining: Some(count), ..Self::always(failure) }
    }

    /// The same, for calls that create tickets.
    #[must_use]
    pub fn on_new_tickets(self) -> Self {
        Self { only: Some(Making::Tickets), ..self }
    }

    /// The same, for calls that create follow-ups.
    #[must_use]
    pub fn on_new_followups(self) -> Self {
        Self { only: Some(Making::Followups), ..self }
    }
}

/// What cannot be read as a [`Rule`].
#[derive(Debug, Error)]
#[error(
    "unknown failure '{0}': expected slow=DURATION, 500, 502, 401, maintenance, file, partial, lost, garbage, 207, \
     down, dies[=FILES] or killed[=FILES], then maybe @tickets or @followups and *COUNT, as in lost@tickets*1"
)]
pub struct UnknownFailure(String);

impl FromStr for Rule {
    type Err = UnknownFailure;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownFailure(text.to_owned());
        let (rest, count) = match text.split_once('*') {
            Some((rest, count)) => (rest, Some(count.parse().map_err(|_| unknown())?)),
            None => (text, None),
        };
        let (name, only) = match rest.split_once('@') {
            Some((name, "tickets")) => (name, Some(Making::Tickets)),
            Some((name, "followups")) => (name, Some(Making::Followups)),
            Some(_) => return Err(unknown()),
            None => (rest, None),
        };
        let failure = match name.split_once('=') {
            Some(("slow", duration)) => {
                let duration: jiff::SignedDuration = duration.parse().map_err(|_| unknown())?;
                Failure::Slow(duration.try_into().map_err(|_| unknown())?)
            }
            Some(("dies", files)) => Failure::Dies(files.parse().map_err(|_| unknown())?),
            Some(("killed", files)) => Failure::Killed(files.parse().map_err(|_| unknown())?),
            Some(_) => return Err(unknown()),
            None => match name {
                "500" => Failure::ServerError,
                "502" => Failure::BadGateway,
                "401" => Failure::SessionForgotten,
                "maintenance" => Failure::Maintenance,
                "file" => Failure::FileLeftOut,
                "partial" => Failure::LastRefused,
                "lost" => Failure::AnswerLost,
                "garbage" => Failure::Garbled,
                "207" => Failure::GarbledInPart,
                "down" => Failure::Down,
                "dies" => Failure::Dies(0),
                "killed" => Failure::Killed(0),
                _ => return Err(unknown()),
            },
        };
        Ok(Self { failure, only, remaining: count })
    }
}

/// The failures that are switched on; none by default. The first that fits a call hits it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures(pub Vec<Rule>);

impl Failures {
    /// No failure.
    pub fn none() -> Self {
        Self::default()
    }

    /// The failure of this call, counted.
    pub(super) fn strike(&mut self, making: Option<Making>) -> Option<Failure> {
        let rule =
            self.0.iter_mut().find(|rule| rule.remaining != Some(0) && (rule.only.is_none() || rule.only == making))?;
        if let Some(remaining) = &mut rule.remaining {
            *remaining -= 1;
        }
        Some(rule.failure)
    }
}

impl From<Rule> for Failures {
    fn from(rule: Rule) -> Self {
        Self(vec![rule])
    }
}

impl From<Failure> for Failures {
    fn from(failure: Failure) -> Self {
        Rule::always(failure).into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn rules_are_read_from_text() {
        for (text, expected) in [
            ("500", Rule::always(Failure::ServerError)),
            ("lost@tickets*1", Rule::next(1, Failure::AnswerLost).on_new_tickets()),
            ("slow=1500ms", Rule::always(Failure::Slow(Duration::from_millis(1500)))),
            ("slow=2s*3", Rule::next(3, Failure::Slow(Duration::from_secs(2)))),
            ("down@tickets", Rule::always(Failure::Down).on_new_tickets()),
            ("garbage*2", Rule::next(2, Failure::Garbled)),
            ("partial@tickets*1", Rule::next(1, Failure::LastRefused).on_new_tickets()),
            ("207@tickets*1", Rule::next(1, Failure::GarbledInPart).on_new_tickets()),
            ("lost@followups", Rule::always(Failure::AnswerLost).on_new_followups()),
            ("dies@tickets", Rule::always(Failure::Dies(0)).on_new_tickets()),
            ("dies=2@followups*1", Rule::next(1, Failure::Dies(2)).on_new_followups()),
            ("killed=1@tickets*3", Rule::next(3, Failure::Killed(1)).on_new_tickets()),
        ] {
            assert_eq!(text.parse::<Rule>().unwrap(), expected, "{text}");
        }
        for text in ["", "slow", "slow=", "slow=-1s", "lost*x", "503", "file=3", "lost@users", "dies=x", "killed=-1"] {
            assert!(text.parse::<Rule>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_rule_hits_its_calls_and_no_more() {
        use Failure::{Down, ServerError};
        let rule = Rule::next(2, Down).on_new_tickets();
        let mut failures = Failures(vec![rule, Rule::always(ServerError)]);
        let hits: Vec<_> =
            [Some(Making::Followups), Some(Making::Tickets), Some(Making::Tickets), Some(Making::Tickets), None]
                .map(|making| failures.strike(making))
                .into_iter()
                .flatten()
                .collect();
        assert_eq!(hits, [ServerError, Down, Down, ServerError, ServerError]);
        assert_eq!(Failures::none().strike(Some(Making::Tickets)), None);
    }
}
