//! The arguments of `passerelle inform`.

use std::path::PathBuf;

use jiff::{Timestamp, civil, tz::TimeZone};

use crate::{announcements::DoubtDecision, cli::unfit::Unfit, request::Reference, text::Language};

/// Tells all directors of the academy, of departments, circonscriptions, an application's last requesters, or a list.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Subcommand>,
    /// The text, a file of Markdown; `-` is the standard input. Its first line, `# …`, is the subject.
    #[arg(required = true)]
    pub file: Option<PathBuf>,
    /// The subject, where the file has none.
    #[arg(long)]
    pub subject: Option<String>,
    /// A zone: 021 (a department), 021/Dijon Nord (a circonscription); several times for several. Without, the academy.
    #[arg(long)]
    pub zone: Vec<String>,
    /// The application it is about.
    #[arg(long)]
    pub application: Option<String>,
    /// Only to those who asked for help with that application in the last 90 days.
    #[arg(long, requires = "application")]
    pub last_requesters: bool,
    /// To the addresses of this file instead, one a line.
    #[arg(long, conflicts_with_all = ["zone", "last_requesters"])]
    pub list: Option<PathBuf>,
    /// A file that goes along; several times for several.
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// Also shows it on the portal.
    #[arg(long)]
    pub portal: bool,
    /// Shows it on the portal alone; no mail goes.
    #[arg(long, conflicts_with_all = ["portal", "list", "last_requesters"])]
    pub portal_only: bool,
    /// Until when the portal shows it: 2026-12-01 (that day included), 2026-12-01T18:00, or with an offset
    /// 2026-12-01T18:00+01:00; seven days without.
    #[arg(long, value_parser = until)]
    pub until: Option<Until>,
    /// Who writes it: an address above `announcements.confirm_above` addresses, where another person confirms it.
    #[arg(long, default_value = "l’exploitation")]
    pub by: String,
    /// Shows the mail and who would get it; sends and writes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: each address, too.
    #[arg(long, requires = "dry_run")]
    pub addresses: bool,
    /// One JSON object, without a progress bar.
    #[arg(long)]
    pub json: bool,
    /// The language of the output; without it, that of the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`), else English.
    #[arg(long, global = true)]
    pub lang: Option<Language>,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Subcommand {
    /// Lists what was sent, the newest first.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Says how far one is: who has it, who was refused, what is in doubt.
    Show {
        /// What it is called, P-XXXX-XXXX-XXXX.
        #[arg(value_parser = reference)]
        reference: Reference,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Goes on with one that was interrupted; decides what is in doubt.
    Resume {
        /// What it is called.
        #[arg(value_parser = reference)]
        reference: Reference,
        /// What the relay's log says of the batches in doubt: it has them (sent), or it does not, and they go again (send).
        #[arg(long, value_parser = decision)]
        doubtful: Option<DoubtDecision>,
        /// Of this batch alone.
        #[arg(long, requires = "doubtful")]
        batch: Option<usize>,
        /// Who decides.
        #[arg(long, default_value = "l’exploitation")]
        by: String,
        /// One JSON object, without a progress bar.
        #[arg(long)]
        json: bool,
    },
    /// Confirms one as a second person, by the code of the mail that asked for it.
    Confirm {
        /// What it is called.
        #[arg(value_parser = reference)]
        reference: Reference,
        /// The code.
        #[arg(long)]
        code: String,
        /// Who confirms: the address of another operator than its writer.
        #[arg(long)]
        by: String,
    },
    /// Stops one: what is not sent stays so.
    Stop {
        /// What it is called.
        #[arg(value_parser = reference)]
        reference: Reference,
        /// Who stops it.
        #[arg(long, default_value = "l’exploitation")]
        by: String,
    },
    /// Sends one that has ended once more to the addresses that the relay refused, once the cause is mended; to no other.
    Again {
        /// What it is called.
        #[arg(value_parser = reference)]
        reference: Reference,
        /// Who decides.
        #[arg(long, default_value = "l’exploitation")]
        by: String,
        /// One JSON object, without a progress bar.
        #[arg(long)]
        json: bool,
    },
    /// Takes one off the portal.
    End {
        /// What it is called.
        #[arg(value_parser = reference)]
        reference: Reference,
    },
}

fn reference(text: &str) -> Result<Reference, Unfit> {
    Reference::parse(text).ok_or_else(|| {
        Unfit::new(
            "this is no reference, such as P-7K3M-Q2XV-9D4T",
            "ce n’est pas une référence, comme P-7K3M-Q2XV-9D4T",
        )
    })
}

/// Until when the portal shows something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To the end of this day, in the academy's time zone.
    Day(civil::Date),
    /// To this moment there.
    Local(civil::DateTime),
    /// To this moment anywhere.
    Moment(Timestamp),
}

impl Until {
    /// The moment that is meant.
    pub(super) fn moment(self, zone: &TimeZone) -> Option<Timestamp> {
        let there = |moment: civil::DateTime| moment.to_zoned(zone.clone()).ok().map(|moment| moment.timestamp());
        match self {
            Self::Day(day) => there(day.at(23, 59, 59, 0)),
            Self::Local(moment) => there(moment),
            Self::Moment(moment) => Some(moment),
        }
    }
}

fn until(text: &str) -> Result<Until, Unfit> {
    let text = text.trim();
    let day = (!text.contains([':', 'T', 't', ' '])).then(|| text.parse().ok()).flatten();
    // What has an offset is no local time.
    let moment = || text.parse().ok().map(Until::Moment);
    let local = || text.parse().ok().map(Until::Local);
    day.map(Until::Day).or_else(moment).or_else(local).ok_or_else(|| {
        Unfit::new(
            "give a day or a moment, such as 2026-12-01 or 2026-12-01T18:00",
            "donnez un jour ou un moment, comme 2026-12-01 ou 2026-12-01T18:00",
        )
    })
}

fn decision(text: &str) -> Result<DoubtDecision, Unfit> {
    match text {
        "sent" => Ok(DoubtDecision::Sent),
        "send" => Ok(DoubtDecision::Send),
        _ => Err(Unfit::new("give sent or send", "donnez `sent` ou `send`")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use rstest::rstest;

    use super::until;

    #[rstest]
    #[case::a_day_included("2026-12-01", "2026-12-01T23:59:59+01:00")]
    #[case::another_clock("2026-07-01", "2026-07-01T23:59:59+02:00")]
    #[case::a_moment("2026-12-01T18:00", "2026-12-01T18:00:00+01:00")]
    #[case::with_a_blank("2026-12-01 18:00:30", "2026-12-01T18:00:30+01:00")]
    #[case::elsewhere("2026-12-01T18:00+05:00", "2026-12-01T18:00:00+05:00")]
    #[case::in_greenwich("2026-12-01T18:00Z", "2026-12-01T18:00:00Z")]
    fn until_says_what_people_mean(#[case] text: &str, #[case] expected: &str) {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        assert_eq!(until(text).unwrap().moment(&zone), Some(expected.parse().unwrap()));
    }

    #[rstest]
    #[case("demain")]
    #[case("2026-13-01")]
    #[case("18:00")]
    #[case("2026-12-01T25:00")]
    fn anything_else_is_refused(#[case] text: &str) {
        assert!(until(text).is_err(), "{text}");
    }
}
