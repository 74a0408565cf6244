//! Appointments: what an invitation says, in a few French lines (RFC 5545).

use jiff::civil::{Date, DateTime, Time};

use super::{charset, leaf::Leaf, parts::Node};
use crate::text::french;

/// Lines of a calendar that are looked at, and a line's length, bytes.
const MAX_LINES: usize = 5000;
const MAX_LINE: usize = 4000;
/// A value that is shown, characters.
const MAX_SHOWN: usize = 300;

/// What the first event of a calendar says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Calendar {
    /// What the sender's calendar wants with it, upper case: `REQUEST`, `REPLY`, … (RFC 5546 section 1.4).
    pub(super) method: Option<String>,
    title: Option<String>,
    begin: Option<String>,
    end: Option<String>,
    place: Option<String>,
    organiser: Option<String>,
}

/// The appointment a mail is about: a calendar it shows, not one that is a file of it.
pub(super) fn of(root: &Node) -> Option<Calendar> {
    let is_shown = |leaf: &&&Leaf| leaf.content_type == "text/calendar" && !leaf.is_attachment();
    root.leaves().iter().find(is_shown).map(|leaf| read(leaf.text()))
}

/// Reads the first event of a calendar, or the first task.
pub(super) fn read(text: &str) -> Calendar {
    let mut calendar = Calendar::default();
    // The components that are open: an alarm within an event has a title of its own.
    let mut open: Vec<String> = Vec::new();
    let mut seen = false;
    for line in unfolded(text) {
        let Some(property) = Property::of(&line) else { continue };
        match property.name.as_str() {
            "BEGIN" => open.push(property.value.trim().to_ascii_uppercase()),
            "END" => {
                let closed = open.pop().unwrap_or_default();
                seen |= closed == "VEVENT" || closed == "VTODO";
            }
            "METHOD" if calendar.method.is_none() && open.len() < 2 => {
                calendar.method =
                    Some(charset::line(&property.value.to_ascii_uppercase(), 30)).filter(|it| !it.is_empty());
            }
            name if !seen && open.last().is_some_and(|last| last == "VEVENT" || last == "VTODO") => {
                let field = match name {
                    "SUMMARY" => &mut calendar.title,
                    "DTSTART" => &mut calendar.begin,
                    "DTEND" | "DUE" => &mut calendar.end,
                    "LOCATION" => &mut calendar.place,
                    "ORGANIZER" => &mut calendar.organiser,
                    _ => continue,
                };
                let value = match name {
                    "DTSTART" | "DTEND" | "DUE" => moment(property.value),
                    "ORGANIZER" => property.person(),
                    _ => plain(property.value),
                };
                let value = charset::line(&value, MAX_SHOWN);
                if field.is_none() && !value.is_empty() {
                    *field = Some(value);
                }
            }
            _ => {}
        }
    }
    calendar
}

impl Calendar {
    /// The event in French, a line for each thing it says; `None` where it says nothing.
    pub(super) fn summary(&self) -> Option<String> {
        let what = match self.method.as_deref() {
            Some("REQUEST") => "Invitation",
            Some("CANCEL") => "Rendez-vous annulé",
            Some("REPLY") => "Réponse à une invitation",
            Some("COUNTER" | "DECLINECOUNTER") => "Autre proposition de rendez-vous",
            _ => "Rendez-vous",
        };
        let rows = [
            (what, &self.title),
            ("Début", &self.begin),
            ("Fin", &self.end),
            ("Lieu", &self.place),
            ("Organisation", &self.organiser),
        ];
        let lines: Vec<String> =
            rows.iter().filter_map(|(label, value)| Some(format!("{label} : {}", value.as_ref()?))).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// The lines of a calendar, those that go on in the next one put together (RFC 5545 section 3.1).
fn unfolded(text: &str) -> impl Iterator<Item = String> {
    let mut lines = text.lines().take(MAX_LINES).peekable();
    std::iter::from_fn(move || {
        let mut line = lines.next()?.to_owned();
        while let Some(more) = lines.next_if(|next| next.starts_with([' ', '\t'])) {
            if line.len() < MAX_LINE {
                line.push_str(&more[1..]);
            }
        }
        line.truncate(line.floor_char_boundary(MAX_LINE));
        Some(line)
    })
}

/// `NAME;PARAMETER=value:value`.
struct Property<'a> {
    name: String,
    parameters: &'a str,
    value: &'a str,
}

impl<'a> Property<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let mut quoted = false;
        let colon = line.find(|c| {
            quoted ^= c == '"';
            c == ':' && !quoted
        })?;
        let (head, value) = (&line[..colon], &line[colon + 1..]);
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        Some(Self { name: name.trim().to_ascii_uppercase(), parameters, value })
    }

    /// A person's name, or address.
    fn person(&self) -> String {
        let name = self.parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.eq_ignore_ascii_case("CN").then(|| value.trim_matches(['"', ' ']))
        });
        let is_mail = self.value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
        let address = if is_mail { &self.value[7..] } else { self.value };
        match name {
            Some(name) if !name.is_empty() && !name.eq_ignore_ascii_case(address) => format!("{name} <{address}>"),
            _ => address.to_owned(),
        }
    }
}

/// A text without its escapes (RFC 5545 section 3.3.11).
fn plain(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(match chars.next() {
                Some('n' | 'N') | None => ' ',
                Some(c) => c,
            }),
            c => text.push(c),
        }
    }
    text
}

/// `20261103T100000`, with `Z` in UTC, or a day alone; as it is written where it is none of them.
fn moment(value: &str) -> String {
    let value = value.trim();
    let digits = |range: std::ops::Range<usize>| value.get(range).and_then(|digits| digits.parse::<i16>().ok());
    let small = |range| digits(range).and_then(|number| i8::try_from(number).ok());
    let day = || Date::new(digits(0..4)?, small(4..6)?, small(6..8)?).ok();
    let time = || Time::new(small(9..11)?, small(11..13)?, 0, 0).ok();
    match (day(), time()) {
        (Some(day), Some(time)) if value.ends_with('Z') => format!("{} (UTC)", in_french(day.to_datetime(time))),
        // Without a zone, or in one the organiser named: the time on the organiser's clock.
        (Some(day), Some(time)) => in_french(day.to_datetime(time)),
        (Some(day), None) if value.len() == 8 => day_in_french(day),
        _ => value.to_owned(),
    }
}

/// «mardi 3 novembre 2026 à 10 h 05».
pub(super) fn in_french(moment: DateTime) -> String {
    format!("{} à {} h {:02}", day_in_french(moment.date()), moment.hour(), moment.minute())
}

fn day_in_french(day: Date) -> String {
    const DAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
    let weekday = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
    let weekday = DAYS.get(weekday).copied().unwrap_or_default();
    format!("{weekday} {} {} {}", french::day(day.day()), french::month(day.month()), day.year())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;

    #[test]
    fn an_invitation_is_told_in_french() {
        let text = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nTZID:Romance Standard Time\r\n\
            BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n\
            ORGANIZER;CN=\"Martin: Jeanne\":mailto:jeanne@ac-dijon.fr\r\nSUMMARY;LANGUAGE=fr:Réunion LSU\\, niv\r\n eau 2\r\n\
            DTSTART;TZID=Romance Standard Time:20261103T100500\r\nDTEND:20261103T110000Z\r\nLOCATION:Salle 2\\nDijon\r\n\
            BEGIN:VALARM\r\nSUMMARY:Rappel\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Autre\r\nEND:VEVENT\r\n\
            END:VCALENDAR\r\n";
        let calendar = read(&text.replace("\r\n", "\n"));
        assert_eq!(calendar, read(text));
        assert_eq!(calendar.method.as_deref(), Some("REQUEST"));
        assert_eq!(
            calendar.summary().unwrap(),
            "Invitation : Réunion LSU, niveau 2\nDébut : mardi 3 novembre 2026 à 10 h 05\n\
             Fin : mardi 3 novembre 2026 à 11 h 00 (UTC)\nLieu : Salle 2 Dijon\n\
             Organisation : Martin: Jeanne <jeanne@ac-dijon.fr>"
        );
    }

    #[test]
    fn a_day_and_a_strange_time_are_shown() {
        let of = |value: &str| read(&format!("BEGIN:VEVENT\nDTSTART;VALUE=DATE:{value}\n")).summary();
        assert_eq!(of("20261201").as_deref(), Some("Début : mardi 1er décembre 2026"));
        assert_eq!(of("20261399").as_deref(), Some("Début : 20261399"));
        assert_eq!(of("demain").as_deref(), Some("Début : demain"));
        assert_eq!(of(""), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(?s).{0,80}|((BEGIN|END|METHOD|DTSTART|ORGANIZER)[;:](VEVENT|é|CN=\"|[0-9TZ]{0,16}|MAILTOé)\n ?){0,12}") {
            let summary = read(&text).summary().unwrap_or_default();
            prop_assert!(summary.len() < 8000);
        }
    }
}
