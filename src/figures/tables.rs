//! Figures as tables, each with a title and a sentence that says what it shows: for pages, mails, files and the terminal.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    counting::{AGES, Compared, Figures, Share, TimeTaken},
    facts::{EscalatedBy, Way},
    period::Days,
};
use crate::text::french;

const HOURS_SHOWN: std::ops::RangeInclusive<usize> = 6..=20;
const WEEKDAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];

/// A value of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum FigureCell {
    /// Words.
    Text(String),
    /// A number of requests.
    Count(u32),
    /// A part of a hundred, or a change by as much; `None` where there is nothing to compare with.
    Percent {
        /// It.
        value: Option<f64>,
        /// Whether it is a change, which has a sign.
        is_change: bool,
    },
    /// Working time, seconds.
    Time(u32),
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FigureColumn {
    /// As programs call it.
    pub key: &'static str,
    /// As people read it.
    pub label: &'static str,
}

/// What a table's chart shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureChart {
    /// Whether its marks follow each other in time.
    pub is_course: bool,
    /// A label, its number, and the number before.
    pub marks: Vec<(String, u32, Option<u32>)>,
}

/// Some of the figures.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureTable {
    /// As addresses and files call it.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it says, a sentence or two.
    pub says: String,
    /// Its columns; the first one says what a row is about.
    pub columns: Vec<FigureColumn>,
    /// Its rows.
    pub rows: Vec<Vec<FigureCell>>,
    /// Its picture.
    pub chart: Option<FigureChart>,
}

impl FigureChart {
    /// Whether it has numbers before.
    pub fn is_paired(&self) -> bool {
        self.marks.iter().any(|(_, _, before)| before.is_some())
    }
}

impl FigureCell {
    /// As people read it.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => grouped(*count),
            Self::Percent { value: None, .. } => "–".to_owned(),
            Self::Percent { value: Some(value), is_change } => percent(*value, *is_change),
            Self::Time(seconds) => french::delay(&Duration::from_secs(u64::from(*seconds))),
        }
    }

    /// As programs read it: numbers as such, a time in seconds, a part of a hundred as a number.
    pub fn value(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Count(number) | Self::Time(number) => json!(number),
            Self::Percent { value, .. } => json!(value.map(|value| (value * 10.0).round() / 10.0)),
        }
    }

    /// Whether it is a number, which stands at the right.
    pub fn is_number(&self) -> bool {
        !matches!(self, Self::Text(_))
    }
}

impl FigureTable {
    /// As programs read it.
    pub fn json(&self) -> Value {
        let row = |cells: &Vec<FigureCell>| -> Value {
            let fields = self.columns.iter().zip(cells);
            Value::Object(fields.map(|(column, cell)| (column.key.to_owned(), cell.value())).collect::<Map<_, _>>())
        };
        let columns: Map<_, _> =
            self.columns.iter().map(|column| (column.key.to_owned(), json!(column.label))).collect();
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        json!({"id": self.id, "title": self.title, "says": self.says, "columns": columns, "rows": rows})
    }

    /// As spreadsheets read it: fields parted by semicolons, as those of a French one are; a time in hours.
    pub fn csv(&self) -> String {
        let mut lines = vec![self.columns.iter().map(|column| field(column.label)).collect::<Vec<_>>().join(";")];
        lines.extend(self.rows.iter().map(|cells| cells.iter().map(csv_cell).collect::<Vec<_>>().join(";")));
        lines.join("\r\n") + "\r\n"
    }
}

fn csv_cell(cell: &FigureCell) -> String {
    match cell {
        FigureCell::Text(text) => field(text),
        FigureCell::Count(count) => count.to_string(),
        FigureCell::Percent { value, .. } => value.map_or_else(String::new, decimal),
        FigureCell::Time(seconds) => decimal(f64::from(*seconds) / 3600.0),
    }
}

/// RFC 4180 section 2; what a spreadsheet would take for a formula is a text.
fn field(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([';', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn decimal(value: f64) -> String {
    format!("{value:.1}").replace('.', ",")
}

fn percent(value: f64, is_change: bool) -> String {
    let sign = if is_change && value > 0.0 { "+" } else { "" };
    format!("{sign}{}\u{a0}%", decimal(value)).replace('-', "−")
}

/// A number as people read it.
pub fn grouped(number: u32) -> String {
    french::grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

fn part(some: u32, all: u32) -> Option<f64> {
    (all > 0).then(|| f64::from(some) * 100.0 / f64::from(all))
}

fn change(now: u32, before: u32) -> FigureCell {
    let value = (before > 0).then(|| (f64::from(now) - f64::from(before)) * 100.0 / f64::from(before));
    FigureCell::Percent { value, is_change: true }
}

fn hundredths(some: u32, all: u32) -> FigureCell {
    FigureCell::Percent { value: part(some, all), is_change: false }
}

fn requests(number: u32) -> String {
    format!("{}\u{a0}{}", grouped(number), if number < 2 { "demande" } else { "demandes" })
}

fn text(text: impl Into<String>) -> FigureCell {
    FigureCell::Text(text.into())
}

const REQUESTS: FigureColumn = FigureColumn { key: "requests", label: "Demandes" };
const PART: FigureColumn = FigureColumn { key: "part", label: "Part" };
const BEFORE: FigureColumn = FigureColumn { key: "before", label: "Période précédente" };
const EVOLUTION: FigureColumn = FigureColumn { key: "evolution", label: "Évolution" };
const YEAR_BEFORE: FigureColumn = FigureColumn { key: "year_before", label: "Un an avant" };
const YEAR_EVOLUTION: FigureColumn = FigureColumn { key: "year_evolution", label: "Évolution sur un an" };

/// What tickets do not say, as people read it.
const UNKNOWN: &str = "inconnu";

impl Figures {
    /// All of it.
    pub fn tables(&self) -> Vec<FigureTable> {
        vec![
            self.summary(),
            self.course(),
            self.by_hour(),
            self.by_weekday(),
            self.shares("applications", "Par application", "Application", &self.applications),
            self.shares("natures", "Par nature de demande", "Nature", &self.natures),
            self.rising(),
            self.delays(),
            self.open_now(),
            self.escalations(),
            self.by_way(),
            self.shares("departments", "Par département", "Département", &self.departments),
            self.shares("circonscriptions", "Par circonscription", "Circonscription", &self.circonscriptions),
            self.shares("schools", "Écoles qui demandent le plus", "École", &self.schools),
            self.silent_schools(),
        ]
    }

    fn summary(&self) -> FigureTable {
        let Compared { now, before, year_before } = self.requests;
        let day = |date: jiff::civil::Date| format!("{:02}/{:02}/{}", date.day(), date.month(), date.year());
        let days = |days: Days| format!("du {} au {}", day(days.from), day(days.to.yesterday().unwrap_or(days.to)));
        let mut rows = vec![
            vec![text(format!("Période, {}", days(self.days))), FigureCell::Count(now), change(now, before)],
            vec![text(format!("Période précédente, {}", days(self.before))), FigureCell::Count(before), no_change()],
        ];
        if let Some(of_year) = self.year_before {
            rows[0].push(change(now, year_before));
            rows[1].push(no_change());
            let cells = [text(format!("Un an avant, {}", days(of_year))), FigureCell::Count(year_before)];
            rows.push(cells.into_iter().chain([no_change(), no_change()]).collect());
        }
        let compared = match (now, before) {
            (_, 0) => "Aucune demande n’est connue de la période précédente.".to_owned(),
            (now, before) => format!(
                "C’est {} que pendant la période précédente ({}).",
                match change(now, before) {
                    FigureCell::Percent { value: Some(value), .. } if value > 0.0 =>
                        format!("{} de plus", percent(value, false)),
                    FigureCell::Percent { value: Some(value), .. } if value < 0.0 =>
                        format!("{} de moins", percent(-value, false)),
                    _ => "autant".to_owned(),
                },
                grouped(before)
            ),
        };
        let mut columns = vec![
            FigureColumn { key: "days", label: "Jours" },
            REQUESTS,
            FigureColumn { key: "evolution", label: "Évolution" },
        ];
        columns.extend(self.year_before.map(|_| YEAR_EVOLUTION));
        FigureTable {
            id: "summary",
            title: "Demandes",
            says: format!("{} pour la période. {compared}", requests(now)),
            columns,
            rows,
            chart: None,
        }
    }

    fn course(&self) -> FigureTable {
        let (from, to) = (self.days.from, self.days.to);
        let label = |days: Days| {
            let is_month = days.from.day() == 1 && days.count() > 27;
            match days.count() {
                1 => format!("{:02}/{:02}", days.from.day(), days.from.month()),
                _ if is_month || (to - from).get_days() > 190 => {
                    format!("{} {}", french::month(days.from.month()), days.from.year())
                }
                _ => format!("sem. du {:02}/{:02}", days.from.day(), days.from.month()),
            }
        };
        let most = self.steps.iter().max_by_key(|step| (step.requests, std::cmp::Reverse(step.days.from)));
        let says = match most.filter(|step| step.requests > 0) {
            Some(step) => format!("Le plus fort\u{a0}: {}, {}.", label(step.days), requests(step.requests)),
            None => "Aucune demande.".to_owned(),
        };
        FigureTable {
            id: "course",
            title: "Évolution",
            says,
            columns: vec![FigureColumn { key: "days", label: "Jours" }, REQUESTS, BEFORE],
            rows: self
                .steps
                .iter()
                .map(|step| {
                    vec![text(label(step.days)), FigureCell::Count(step.requests), FigureCell::Count(step.before)]
                })
                .collect(),
            chart: Some(FigureChart {
                is_course: true,
                marks: self.steps.iter().map(|step| (label(step.days), step.requests, Some(step.before))).collect(),
            }),
        }
    }

    fn by_hour(&self) -> FigureTable {
        // Hours at which nobody ever writes say nothing.
        let shown = |hour: &usize| HOURS_SHOWN.contains(hour) || self.hours[*hour] > 0;
        let marks: Vec<_> =
            (0..24).filter(shown).map(|hour| (format!("{hour}\u{a0}h"), self.hours[hour], None)).collect();
        counted("hours", "Par heure de la journée", "Heure", marks, "L’heure la plus chargée")
    }

    fn by_weekday(&self) -> FigureTable {
        let marks = WEEKDAYS.iter().zip(self.weekdays).map(|(day, count)| ((*day).to_owned(), count, None)).collect();
        counted("weekdays", "Par jour de la semaine", "Jour", marks, "Le jour le plus chargé")
    }

    fn by_way(&self) -> FigureTable {
        let label = |way: &Way| match way {
            Way::Mail => "courriel",
            Way::Form => "formulaire",
            Way::Other => "autre (téléphone, saisie dans GLPI…)",
        };
        let marks = self.ways.iter().map(|(way, count)| (label(way).to_owned(), *count, None)).collect();
        counted("ways", "Courriel ou formulaire", "Voie", marks, "La voie la plus suivie")
    }

    fn shares(&self, id: &'static str, title: &'static str, what: &'static str, shares: &[Share]) -> FigureTable {
        let name = |share: &Share| share.name.clone().unwrap_or_else(|| UNKNOWN.to_owned());
        let all = self.requests.now;
        let says = match shares.iter().find(|share| share.name.is_some() && share.requests.now > 0) {
            Some(share) => format!(
                "{} vient en tête\u{a0}: {}, soit {} du total.",
                name(share),
                requests(share.requests.now),
                hundredths(share.requests.now, all).shown()
            ),
            None => "Aucune demande.".to_owned(),
        };
        let mut columns = vec![FigureColumn { key: "name", label: what }, REQUESTS, PART, BEFORE, EVOLUTION];
        columns.extend(self.year_before.map(|_| YEAR_BEFORE));
        let row = |share: &Share| {
            let Compared { now, before, year_before } = share.requests;
            let mut cells = vec![
                text(name(share)),
                FigureCell::Count(now),
                hundredths(now, all),
                FigureCell::Count(before),
                change(now, before),
            ];
            cells.extend(self.year_before.map(|_| FigureCell::Count(year_before)));
            cells
        };
        let marks = shares.iter().filter(|share| share.requests.now > 0).take(12);
        let marks = marks.map(|share| (name(share), share.requests.now, Some(share.requests.before)));
        FigureTable {
            id,
            title,
            says,
            columns,
            rows: shares.iter().map(row).collect(),
            chart: Some(FigureChart { is_course: false, marks: marks.collect() }),
        }
    }

    fn rising(&self) -> FigureTable {
        let row = |word: &super::counting::RisingWord| {
            vec![
                text(word.word.clone()),
                FigureCell::Count(word.requests),
                FigureCell::Count(word.before),
                change(word.requests, word.before),
            ]
        };
        let says = match self.words.as_slice() {
            [] => "Aucun mot des titres ne revient nettement plus que pendant la période précédente.".to_owned(),
            words => {
                let first: Vec<_> = words.iter().take(3).map(|word| format!("«\u{a0}{}\u{a0}»", word.word)).collect();
                format!(
                    "Ces mots reviennent dans les titres bien plus que pendant la période précédente\u{a0}: {}.",
                    first.join(", ")
                )
            }
        };
        FigureTable {
            id: "words",
            title: "Mots en hausse",
            says,
            columns: vec![FigureColumn { key: "word", label: "Mot" }, REQUESTS, BEFORE, EVOLUTION],
            rows: self.words.iter().map(row).collect(),
            chart: Some(FigureChart {
                is_course: false,
                marks: self.words.iter().map(|word| (word.word.clone(), word.requests, Some(word.before))).collect(),
            }),
        }
    }

    fn delays(&self) -> FigureTable {
        let row = |what: &str, taken: Option<TimeTaken>| {
            let within = taken.and_then(|taken| taken.within);
            let within = within.map_or(FigureCell::Percent { value: None, is_change: false }, |(known, within)| {
                hundredths(within, known)
            });
            let time = |of: fn(&TimeTaken) -> u32| {
                taken.as_ref().map_or_else(|| text("–"), |taken| FigureCell::Time(of(taken)))
            };
            vec![
                text(what),
                FigureCell::Count(taken.map_or(0, |taken| taken.requests)),
                time(|taken| taken.median),
                time(|taken| taken.eightieth),
                time(|taken| taken.ninety_fifth),
                within,
            ]
        };
        let said = |seconds: u32| FigureCell::Time(seconds).shown();
        let says = match self.solution {
            Some(taken) => format!(
                "Une demande sur deux est résolue en {}, quatre sur cinq en {}. Temps ouvrés, attentes déduites.",
                said(taken.median),
                said(taken.eightieth)
            ),
            None => "Aucune demande de la période n’est résolue.".to_owned(),
        };
        FigureTable {
            id: "delays",
            title: "Délais",
            says,
            columns: vec![
                FigureColumn { key: "until", label: "Jusqu’à" },
                REQUESTS,
                FigureColumn { key: "median", label: "Une sur deux" },
                FigureColumn { key: "p80", label: "Quatre sur cinq" },
                FigureColumn { key: "p95", label: "Dix-neuf sur vingt" },
                FigureColumn { key: "within_expected", label: "Dans le délai annoncé" },
            ],
            rows: vec![row("la prise en charge", self.charge), row("la solution", self.solution)],
            chart: None,
        }
    }

    fn open_now(&self) -> FigureTable {
        const LABELS: [FigureColumn; AGES.len() + 1] = [
            FigureColumn { key: "today", label: "Du jour" },
            FigureColumn { key: "below_3_days", label: "Moins de 3 jours" },
            FigureColumn { key: "below_7_days", label: "Moins de 7 jours" },
            FigureColumn { key: "below_30_days", label: "Moins de 30 jours" },
            FigureColumn { key: "older", label: "Plus anciennes" },
        ];
        let level = |level: Option<u8>| match level {
            Some(0) => "niveau 0, les référents".to_owned(),
            Some(level) => format!("niveau {level}"),
            None => UNKNOWN.to_owned(),
        };
        let sum = |ages: &[u32]| ages.iter().sum::<u32>();
        let all: u32 = self.open.iter().map(|open| sum(&open.by_age)).sum();
        let old: u32 = self.open.iter().filter_map(|open| open.by_age.last()).sum();
        let mut columns =
            vec![FigureColumn { key: "level", label: "Niveau" }, FigureColumn { key: "open", label: "En cours" }];
        columns.extend(LABELS);
        let row = |open: &super::counting::OpenOnLevel| {
            let mut cells = vec![text(level(open.level)), FigureCell::Count(sum(&open.by_age))];
            cells.extend(open.by_age.map(FigureCell::Count));
            cells
        };
        let by_age = (0..LABELS.len())
            .map(|age| (LABELS[age].label.to_owned(), self.open.iter().map(|open| open.by_age[age]).sum(), None));
        FigureTable {
            id: "open",
            title: "En cours, par ancienneté et par niveau",
            says: format!(
                "{} en cours aujourd’hui, quelle que soit leur date, dont {} de plus de 30 jours.",
                requests(all),
                grouped(old)
            ),
            columns,
            rows: self.open.iter().map(row).collect(),
            chart: Some(FigureChart { is_course: true, marks: by_age.collect() }),
        }
    }

    fn escalations(&self) -> FigureTable {
        let escalated = self.escalated.requests;
        let by = |by: &EscalatedBy| match by {
            EscalatedBy::Referent => "à la demande d’un référent",
            EscalatedBy::Rule => "par la règle de délai",
            EscalatedBy::Api => "par un programme (API)",
            EscalatedBy::CommandLine => "par l’exploitation",
        };
        let mut rows = vec![vec![
            text("Demandes passées au niveau supérieur"),
            FigureCell::Count(escalated),
            hundredths(escalated, self.requests.now),
        ]];
        rows.extend(self.escalated.by.iter().map(|(cause, count)| {
            vec![text(format!("dont {}", by(cause))), FigureCell::Count(*count), hundredths(*count, escalated)]
        }));
        rows.extend(self.escalated.from.iter().map(|(group, count)| {
            let group = group.as_deref().unwrap_or(UNKNOWN);
            vec![text(format!("depuis {group}")), FigureCell::Count(*count), hundredths(*count, escalated)]
        }));
        rows.push(vec![
            text("Demandes résolues dont une solution a été refusée"),
            FigureCell::Count(self.refused),
            hundredths(self.refused, self.solved),
        ]);
        FigureTable {
            id: "escalations",
            title: "Escalades et solutions refusées",
            says: format!(
                "{}\u{a0}; {}.",
                match escalated {
                    0 => "Aucune demande n’est passée au niveau supérieur".to_owned(),
                    some => format!(
                        "{} des demandes sont passées au niveau supérieur",
                        hundredths(some, self.requests.now).shown()
                    ),
                },
                match (self.refused, self.solved) {
                    (_, 0) => "aucune n’est résolue".to_owned(),
                    (0, _) => "aucune solution n’a été refusée".to_owned(),
                    (some, all) =>
                        format!("{} des demandes résolues ont vu une solution refusée", hundredths(some, all).shown()),
                }
            ),
            columns: vec![FigureColumn { key: "what", label: "Ce qui s’est passé" }, REQUESTS, PART],
            chart: Some(FigureChart { is_course: false, marks: rows.iter().filter_map(|row| mark(row)).collect() }),
            rows,
        }
    }

    fn silent_schools(&self) -> FigureTable {
        let silent = u32::try_from(self.silent.len()).unwrap_or(u32::MAX);
        FigureTable {
            id: "silent-schools",
            title: "Écoles qui ne demandent rien",
            says: self.who_asks(silent),
            columns: vec![FigureColumn { key: "name", label: "École" }],
            rows: self.silent.iter().map(|school| vec![text(school.clone())]).collect(),
            chart: None,
        }
    }
}

impl Figures {
    /// How many schools asked for help, and how many of the others did not.
    fn who_asks(&self, silent: u32) -> String {
        let known = "écoles connues de l’annuaire ou par d’autres demandes";
        let training = "pendant la période\u{a0}: besoin de formation\u{a0}?";
        let asking = match self.schools_asking {
            0 => "Aucune école n’a demandé de l’aide".to_owned(),
            1 => "1\u{a0}école a demandé de l’aide".to_owned(),
            several => format!("{}\u{a0}écoles ont demandé de l’aide", grouped(several)),
        };
        match (silent, self.schools_asking) {
            (0, 0) => format!("{asking}, et aucune n’est connue de l’annuaire ni par d’autres demandes."),
            (0, _) => format!("{asking}\u{a0}; il ne manque aucune des {known}."),
            (1, _) => format!("{asking}\u{a0}; 1 des {known} n’a rien demandé {training}"),
            (several, _) => format!("{asking}\u{a0}; {} des {known} n’ont rien demandé {training}", grouped(several)),
        }
    }
}

/// What a chart shows of a row: what it is about, and its number.
fn mark(row: &[FigureCell]) -> Option<(String, u32, Option<u32>)> {
    match row {
        [FigureCell::Text(label), FigureCell::Count(count), ..] => Some((label.clone(), *count, None)),
        _ => None,
    }
}

fn no_change() -> FigureCell {
    FigureCell::Percent { value: None, is_change: true }
}

/// Numbers of requests of which one is the largest.
fn counted(
    id: &'static str,
    title: &'static str,
    what: &'static str,
    marks: Vec<(String, u32, Option<u32>)>,
    largest: &str,
) -> FigureTable {
    let all: u32 = marks.iter().map(|(_, count, _)| count).sum();
    // Of equals, the first.
    let most = marks.iter().rev().max_by_key(|(_, count, _)| *count).filter(|(_, count, _)| *count > 0);
    let says = match most {
        Some((label, count, _)) => {
            format!(
                "{largest}\u{a0}: {label}, {}, soit {} du total.",
                requests(*count),
                hundredths(*count, all).shown()
            )
        }
        None => "Aucune demande.".to_owned(),
    };
    FigureTable {
        id,
        title,
        says,
        columns: vec![FigureColumn { key: "name", label: what }, REQUESTS, PART],
        rows: marks
            .iter()
            .map(|(label, count, _)| vec![text(label.clone()), FigureCell::Count(*count), hundredths(*count, all)])
            .collect(),
        chart: Some(FigureChart { is_course: true, marks }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;
    use rstest::rstest;

    use super::{FigureCell, FigureColumn, FigureTable, grouped};
    use crate::figures::{FigureNames, FigureQuestion, Figures, Period, Sight, counting::figures};

    /// Figures of no request at all.
    fn none() -> Figures {
        let question = FigureQuestion {
            period: Period::parse("2026-10").unwrap(),
            application: None,
            department: None,
            circonscription: None,
            school: None,
            sight: Sight::Everything,
            expected: BTreeMap::new(),
            today: date(2026, 11, 29),
        };
        figures([], &FigureNames::default(), &question)
    }

    fn says(figures: &Figures, id: &str) -> String {
        let tables = figures.tables();
        tables.iter().find(|table| table.id == id).unwrap().says.replace(['\u{a0}', '\u{202f}'], " ")
    }

    #[rstest]
    #[case(0, 0, 0, 0, "Aucune demande n’est passée au niveau supérieur ; aucune n’est résolue.")]
    #[case(10, 0, 5, 0, "Aucune demande n’est passée au niveau supérieur ; aucune solution n’a été refusée.")]
    #[case(
        10,
        2,
        4,
        1,
        "20,0 % des demandes sont passées au niveau supérieur ; 25,0 % des demandes résolues ont vu une solution refusée."
    )]
    fn escalations_are_told_as_parts_where_there_are_some(
        #[case] all: u32,
        #[case] escalated: u32,
        #[case] solved: u32,
        #[case] refused: u32,
        #[case] expected: &str,
    ) {
        let mut figures = Figures { solved, refused, ..none() };
        (figures.requests.now, figures.escalated.requests) = (all, escalated);
        assert_eq!(says(&figures, "escalations"), expected);
    }

    #[rstest]
    #[case(0, 0, "Aucune école n’a demandé de l’aide, et aucune n’est connue de l’annuaire ni par d’autres demandes.")]
    #[case(
        1,
        0,
        "1 école a demandé de l’aide ; il ne manque aucune des écoles connues de l’annuaire ou par d’autres demandes."
    )]
    #[case(
        1200,
        1,
        "1 200 écoles ont demandé de l’aide ; 1 des écoles connues de l’annuaire ou par d’autres demandes n’a rien demandé pendant la période : besoin de formation ?"
    )]
    #[case(
        0,
        1100,
        "Aucune école n’a demandé de l’aide ; 1 100 des écoles connues de l’annuaire ou par d’autres demandes n’ont rien demandé pendant la période : besoin de formation ?"
    )]
    fn verbs_agree_with_the_schools(#[case] schools_asking: u32, #[case] silent: usize, #[case] expected: &str) {
        let silent = vec!["École".to_owned(); silent];
        let figures = Figures { schools_asking, silent, ..none() };
        assert_eq!(says(&figures, "silent-schools"), expected);
    }

    #[test]
    fn numbers_are_read_in_french() {
        assert_eq!(grouped(134_000), "134\u{202f}000");
        let percent = |value, is_change| FigureCell::Percent { value, is_change }.shown();
        assert_eq!(percent(Some(12.34), true), "+12,3\u{a0}%");
        assert_eq!(percent(Some(-12.36), true), "−12,4\u{a0}%");
        assert_eq!(percent(Some(80.0), false), "80,0\u{a0}%");
        assert_eq!(percent(None, false), "–");
        assert_eq!(FigureCell::Time(3 * 3600 + 300).shown(), "3\u{a0}h\u{a0}05");
    }

    #[test]
    fn a_spreadsheet_takes_texts_for_texts() {
        let cell = |text: &str| FigureCell::Text(text.to_owned());
        let table = FigureTable {
            id: "schools",
            title: "Écoles",
            says: String::new(),
            columns: vec![FigureColumn { key: "name", label: "École" }, FigureColumn { key: "median", label: "Délai" }],
            rows: vec![
                vec![cell("=HYPERLINK(\"http://x\")"), FigureCell::Time(5400)],
                vec![cell("A; \"B\""), FigureCell::Percent { value: None, is_change: true }],
            ],
            chart: None,
        };
        assert_eq!(table.csv(), "École;Délai\r\n\"'=HYPERLINK(\"\"http://x\"\")\";1,5\r\n\"A; \"\"B\"\"\";\r\n");
        let json = table.json();
        assert_eq!((json["rows"][0]["median"].as_u64(), json["rows"][1]["median"].is_null()), (Some(5400), true));
        assert_eq!(json["columns"]["name"], "École");
    }
}
