//! What is counted of a ticket: numbers alone, some forty bytes, none of its texts.

use super::name_list::UNKNOWN;

/// What has not happened, as a number of seconds.
pub const NEVER: u32 = u32::MAX;
/// Words of a title that are kept.
pub const WORDS: usize = 6;
/// A level that none of its groups tells.
pub const NO_LEVEL: u8 = u8::MAX;

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// By mail.
    Mail,
    /// By the portal's form.
    Form,
    /// Otherwise: by telephone, typed into GLPI.
    Other,
}

/// What asked for a ticket's first escalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EscalatedBy {
    /// A référent, by a follow-up.
    Referent,
    /// A rule in time.
    Rule,
    /// A program, by the API.
    Api,
    /// Somebody at the gateway's command line.
    CommandLine,
}

/// A ticket as it is counted. Numbers of names are those of [`super::FigureNames`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketFacts {
    /// When it was opened: minutes since 1970 on the academy's clocks. 0 where GLPI does not say.
    pub opened: u32,
    /// Seconds of working time until somebody took it in charge, or [`NEVER`].
    pub charge: u32,
    /// Seconds of working time until its solution, without the time it waited, or [`NEVER`].
    pub solution: u32,
    /// The words of its title.
    pub words: [u16; WORDS],
    /// Its school's number.
    pub school: u16,
    /// Its circonscription's number.
    pub circonscription: u16,
    /// Its department's number.
    pub department: u16,
    /// Its application's number.
    pub application: u16,
    /// Its nature's number.
    pub nature: u16,
    /// The group that escalated it first.
    pub escalated_from: u16,
    /// Who or what escalated it first.
    pub escalated_by: Option<EscalatedBy>,
    /// How many of its solutions were refused.
    pub refusals: u8,
    /// The level it is on, or [`NO_LEVEL`].
    pub level: u8,
    /// How it came in.
    pub way: Way,
    /// Whether it is neither solved nor closed.
    pub is_open: bool,
}

impl Default for TicketFacts {
    fn default() -> Self {
        Self {
            opened: 0,
            charge: NEVER,
            solution: NEVER,
            words: [UNKNOWN; WORDS],
            school: UNKNOWN,
            circonscription: UNKNOWN,
            department: UNKNOWN,
            application: UNKNOWN,
            nature: UNKNOWN,
            escalated_from: UNKNOWN,
            escalated_by: None,
            refusals: 0,
            level: NO_LEVEL,
            way: Way::Other,
            is_open: false,
        }
    }
}

impl TicketFacts {
    /// The day it was opened, days since 1970.
    pub fn day(&self) -> u32 {
        self.opened / (24 * 60)
    }

    /// The hour of the day, 0 to 23.
    pub fn hour(&self) -> usize {
        usize::try_from(self.opened / 60 % 24).unwrap_or_default()
    }

    /// The day of the week, from Monday; the first day of 1970 was a Thursday.
    pub fn weekday(&self) -> usize {
        usize::try_from((self.day() + 3) % 7).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::TicketFacts;

    #[test]
    fn a_ticket_takes_some_forty_bytes() {
        assert!(size_of::<TicketFacts>() <= 48, "{}", size_of::<TicketFacts>());
    }

    #[test]
    fn its_moment_tells_day_and_hour() {
        // Friday 27 November 2026, 23:42.
        let moment = jiff::civil::date(2026, 11, 27).at(23, 42, 0, 0);
        let minutes = moment.duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0)).as_mins();
        let facts = TicketFacts { opened: u32::try_from(minutes).unwrap(), ..TicketFacts::default() };
        assert_eq!((facts.weekday(), facts.hour()), (4, 23));
    }
}
