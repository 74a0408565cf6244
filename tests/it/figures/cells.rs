//! Each cell of each table is what counting gives, and each format says the same cells.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    io::{Cursor, Read as _},
};

use passerelle::figures::{
    AGES, Compared, EscalatedBy, FigureCell, FigureNames, FigureQuestion, FigureTable, Figures, NEVER, TicketFacts,
    TimeTaken, Way,
};
use serde_json::Value;
use zip::ZipArchive;

/// The rows of a table.
type Rows = Vec<Vec<FigureCell>>;

fn text(text: &str) -> FigureCell {
    FigureCell::Text(text.to_owned())
}

fn count(number: u32) -> FigureCell {
    FigureCell::Count(number)
}

fn part(some: u32, all: u32) -> FigureCell {
    let value = (all > 0).then(|| f64::from(some) * 100.0 / f64::from(all));
    FigureCell::Percent { value, is_change: false }
}

fn change(now: u32, before: u32) -> FigureCell {
    let value = (before > 0).then(|| (f64::from(now) - f64::from(before)) * 100.0 / f64::from(before));
    FigureCell::Percent { value, is_change: true }
}

/// How many there are of some, now and before.
type CountsSome<'t> = dyn Fn(&dyn Fn(&TicketFacts) -> bool) -> Compared + 't;

/// What was counted once more, as [`super::brute`] does it.
pub(super) struct Counted<'t> {
    /// Those that are asked for, of whatever time.
    pub(super) all: Vec<&'t TicketFacts>,
    /// Those of the period.
    pub(super) of_period: Vec<&'t TicketFacts>,
    pub(super) compared: &'t CountsSome<'t>,
}

impl Counted<'_> {
    fn whole(&self) -> u32 {
        self.of_period.len().try_into().unwrap()
    }

    fn now(&self, is_one: impl Fn(&TicketFacts) -> bool) -> u32 {
        self.of_period.iter().filter(|ticket| is_one(ticket)).count().try_into().unwrap()
    }

    /// Names with their numbers, the most first.
    fn named<'n>(&self, of: impl Fn(&TicketFacts) -> Option<&'n str>) -> Vec<(Option<&'n str>, Compared)> {
        let mut names: Vec<Option<&str>> = self.all.iter().map(|ticket| of(ticket)).collect();
        names.sort_unstable();
        names.dedup();
        let mut all: Vec<_> =
            names.into_iter().map(|name| (name, (self.compared)(&|ticket| of(ticket) == name))).collect();
        all.retain(|(_, requests)| *requests != Compared::default());
        all.sort_by_key(|(name, requests)| (Reverse(requests.now), Reverse(requests.before), *name));
        all
    }
}

/// Fails unless the tables of these figures have these cells, in this order.
pub(super) fn check_cells(figures: &Figures, counted: &Counted, names: &FigureNames, question: &FigureQuestion) {
    let tables = figures.tables();
    let rows = |id: &str| -> &Rows { &tables.iter().find(|table| table.id == id).unwrap().rows };
    // What says which days a row is of is told by its number alone.
    let behind = |id: &str, columns: usize| -> Rows { rows(id).iter().map(|row| row[columns..].to_vec()).collect() };
    let has_year = figures.year_before.is_some();

    let whole = (counted.compared)(&|_| true);
    let none = FigureCell::Percent { value: None, is_change: true };
    let mut summary =
        vec![vec![count(whole.now), change(whole.now, whole.before)], vec![count(whole.before), none.clone()]];
    if has_year {
        summary[0].push(change(whole.now, whole.year_before));
        summary[1].push(none.clone());
        summary.push(vec![count(whole.year_before), none.clone(), none]);
    }
    assert_eq!(behind("summary", 1), summary);
    let course: Rows = figures.steps.iter().map(|step| vec![count(step.requests), count(step.before)]).collect();
    assert_eq!(behind("course", 1), course);

    let mut hours = Rows::new();
    for hour in 0..24 {
        let requests = counted.now(|ticket| ticket.opened / 60 % 24 == hour);
        if (6..=20).contains(&hour) || requests > 0 {
            hours.push(vec![text(&format!("{hour}\u{a0}h")), count(requests), part(requests, counted.whole())]);
        }
    }
    assert_eq!(*rows("hours"), hours);
    let days = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
    let weekdays = days.iter().zip(0..).map(|(day, place)| {
        let requests = counted.now(|ticket| (ticket.opened / 1440 + 3) % 7 == place);
        vec![text(day), count(requests), part(requests, counted.whole())]
    });
    assert_eq!(*rows("weekdays"), weekdays.collect::<Rows>());

    let shares = |named: Vec<(Option<&str>, Compared)>| -> Rows {
        let row = |(name, requests): (Option<&str>, Compared)| {
            let mut row = vec![
                text(name.unwrap_or("inconnu")),
                count(requests.now),
                part(requests.now, counted.whole()),
                count(requests.before),
                change(requests.now, requests.before),
            ];
            row.extend(has_year.then(|| count(requests.year_before)));
            row
        };
        named.into_iter().map(row).collect()
    };
    assert_eq!(*rows("applications"), shares(counted.named(|ticket| names.applications.name(ticket.application))));
    assert_eq!(*rows("natures"), shares(counted.named(|ticket| names.natures.name(ticket.nature))));
    assert_eq!(*rows("departments"), shares(counted.named(|ticket| names.departments.name(ticket.department))));
    let circonscriptions = counted.named(|ticket| names.circonscriptions.name(ticket.circonscription));
    assert_eq!(*rows("circonscriptions"), shares(circonscriptions));
    let mut schools = counted.named(|ticket| names.school(ticket.school));
    schools.retain(|(_, requests)| requests.now > 0);
    schools.truncate(25);
    assert_eq!(*rows("schools"), shares(schools));

    assert_eq!(*rows("words"), words(counted, names));
    delays(rows("delays"), figures, counted, question);
    escalations(rows("escalations"), counted, names);
    let ways =
        [(Way::Mail, "courriel"), (Way::Form, "formulaire"), (Way::Other, "autre (téléphone, saisie dans GLPI…)")];
    let ways = ways.map(|(way, label)| (label, counted.now(|ticket| ticket.way == way)));
    let ways = ways.into_iter().filter(|(_, requests)| *requests > 0);
    let ways: Rows =
        ways.map(|(way, requests)| vec![text(way), count(requests), part(requests, counted.whole())]).collect();
    assert_eq!(*rows("ways"), ways);

    let mut open = BTreeMap::<u8, [u32; AGES.len() + 1]>::new();
    for ticket in counted.all.iter().filter(|ticket| ticket.is_open) {
        let age = (question.today - super::brute::day(ticket)).get_days();
        let place = AGES.iter().filter(|least| age >= i32::try_from(**least).unwrap()).count();
        open.entry(ticket.level).or_default()[place] += 1;
    }
    let open = open.into_iter().map(|(level, by_age)| {
        let label = match level {
            0 => "niveau 0, les référents".to_owned(),
            u8::MAX => "inconnu".to_owned(),
            level => format!("niveau {level}"),
        };
        [text(&label), count(by_age.iter().sum())].into_iter().chain(by_age.map(count)).collect()
    });
    assert_eq!(*rows("open"), open.collect::<Rows>());
    let silent: Rows = figures.silent.iter().map(|school| vec![text(school)]).collect();
    assert_eq!(*rows("silent-schools"), silent);
    for table in &tables {
        charted(table);
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{table:?}");
    }
}

/// Fails unless a chart shows the numbers of its table, in their order, and only what has nothing to compare has none.
fn charted(table: &FigureTable) {
    let has_none = ["summary", "delays", "silent-schools"].contains(&table.id);
    let Some(chart) = &table.chart else { return assert!(has_none, "{} has no chart", table.id) };
    let number = |row: &[FigureCell], key: &str| {
        let place = table.columns.iter().position(|column| column.key == key)?;
        match row[place] {
            FigureCell::Count(number) => Some(number),
            _ => panic!("{key} is no number"),
        }
    };
    let expected: Vec<_> = if table.id == "open" {
        // Beside each other stand ages, of all levels.
        let age = |place: usize| {
            let of = |row: &Vec<FigureCell>| if let FigureCell::Count(number) = row[place] { number } else { 0 };
            (table.columns[place].label.to_owned(), table.rows.iter().map(of).sum(), None)
        };
        (2..table.columns.len()).map(age).collect()
    } else {
        let marks =
            table.rows.iter().map(|row| (row[0].shown(), number(row, "requests").unwrap(), number(row, "before")));
        let shares = ["applications", "natures", "departments", "circonscriptions", "schools"];
        let is_share = shares.contains(&table.id);
        if is_share { marks.filter(|(_, now, _)| *now > 0).take(12).collect() } else { marks.collect() }
    };
    assert_eq!(chart.marks, expected, "{}", table.id);
}

/// The words that rise by three times the deviation of chance, five requests at least, those that rise most first.
fn words(counted: &Counted, names: &FigureNames) -> Rows {
    let whole = (counted.compared)(&|_| true);
    if whole.before == 0 {
        return Rows::new();
    }
    let mut often = BTreeMap::<u16, u32>::new();
    for word in counted.all.iter().flat_map(|ticket| ticket.words) {
        *often.entry(word).or_default() += 1;
    }
    let mut risen: Vec<(f64, u16, Compared)> = Vec::new();
    // Of thousands of words most are of one ticket alone.
    for (number, _) in names.words.all().filter(|(number, _)| often.get(number).is_some_and(|times| *times >= 5)) {
        let has = (counted.compared)(&|ticket| ticket.words.contains(&number));
        let expected = f64::from(has.before) * (f64::from(whole.now) / f64::from(whole.before));
        let rise = (f64::from(has.now) - expected) / (expected + 1.0).sqrt();
        if has.now >= 5 && rise >= 3.0 {
            risen.push((rise, number, has));
        }
    }
    risen.sort_by(|(one, first, _), (other, second, _)| other.total_cmp(one).then(first.cmp(second)));
    let row = |(_, number, has): (f64, u16, Compared)| {
        vec![text(names.word(number).unwrap()), count(has.now), count(has.before), change(has.now, has.before)]
    };
    risen.into_iter().take(15).map(row).collect()
}

fn delays(rows: &Rows, figures: &Figures, counted: &Counted, question: &FigureQuestion) {
    type Expected = fn(&(Option<u32>, Option<u32>)) -> Option<u32>;
    type Until = (&'static str, fn(&TicketFacts) -> u32, Option<TimeTaken>, Expected);
    let of: [Until; 2] = [
        ("la prise en charge", |ticket| ticket.charge, figures.charge, |expected| expected.0),
        ("la solution", |ticket| ticket.solution, figures.solution, |expected| expected.1),
    ];
    assert_eq!(rows.len(), of.len());
    for (row, (until, time, taken, expected)) in rows.iter().zip(of) {
        let done: Vec<_> = counted.of_period.iter().filter(|ticket| time(ticket) != NEVER).collect();
        let within = |ticket: &&&TicketFacts| {
            let most = question.expected.get(&ticket.application).and_then(expected)?;
            Some(time(ticket) <= most)
        };
        let known: Vec<bool> = done.iter().filter_map(within).collect();
        let kept = known.iter().filter(|is_within| **is_within).count();
        // The times themselves are held against the tickets by `brute`.
        let times = taken.map_or([(); 3].map(|()| text("–")), |taken| {
            [taken.median, taken.eightieth, taken.ninety_fifth].map(FigureCell::Time)
        });
        let mut expected_row = vec![text(until), count(done.len().try_into().unwrap())];
        expected_row.extend(times);
        expected_row.push(part(kept.try_into().unwrap(), known.len().try_into().unwrap()));
        assert_eq!(*row, expected_row);
    }
}

fn escalations(rows: &Rows, counted: &Counted, names: &FigureNames) {
    let escalated = counted.now(|ticket| ticket.escalated_by.is_some());
    let mut expected =
        vec![vec![text("Demandes passées au niveau supérieur"), count(escalated), part(escalated, counted.whole())]];
    for (by, label) in [
        (EscalatedBy::Referent, "dont à la demande d’un référent"),
        (EscalatedBy::Rule, "dont par la règle de délai"),
        (EscalatedBy::Api, "dont par un programme (API)"),
        (EscalatedBy::CommandLine, "dont par l’exploitation"),
    ] {
        let requests = counted.now(|ticket| ticket.escalated_by == Some(by));
        expected.extend((requests > 0).then(|| vec![text(label), count(requests), part(requests, escalated)]));
    }
    let mut groups = BTreeMap::<Option<&str>, u32>::new();
    for ticket in counted.of_period.iter().filter(|ticket| ticket.escalated_by.is_some()) {
        *groups.entry(names.groups.name(ticket.escalated_from)).or_default() += 1;
    }
    assert_eq!(groups.values().sum::<u32>(), escalated);
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(group, requests)| (Reverse(*requests), *group));
    expected.extend(groups.into_iter().map(|(group, requests)| {
        vec![text(&format!("depuis {}", group.unwrap_or("inconnu"))), count(requests), part(requests, escalated)]
    }));
    let solved = counted.now(|ticket| !ticket.is_open);
    let refused = counted.now(|ticket| !ticket.is_open && ticket.refusals > 0);
    let label = "Demandes résolues dont une solution a été refusée";
    expected.push(vec![text(label), count(refused), part(refused, solved)]);
    assert_eq!(*rows, expected);
}

/// A cell as programs read it: JSON's value.
fn value(cell: &FigureCell) -> Value {
    match cell {
        FigureCell::Text(text) => text.as_str().into(),
        FigureCell::Count(number) | FigureCell::Time(number) => (*number).into(),
        FigureCell::Percent { value, .. } => value.map(|value| (value * 10.0).round() / 10.0).into(),
    }
}

/// Fails unless this is the JSON of a table.
pub(super) fn check_json(json: &Value, table: &FigureTable) {
    assert_eq!((&json["id"], &json["title"]), (&table.id.into(), &table.title.into()));
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), table.rows.len(), "{}", table.id);
    for (row, cells) in rows.iter().zip(&table.rows) {
        assert_eq!(row.as_object().unwrap().len(), table.columns.len());
        for (column, cell) in table.columns.iter().zip(cells) {
            assert_eq!(json["columns"][column.key], column.label);
            assert_eq!(row[column.key], value(cell), "{}, {}", table.id, column.key);
        }
    }
}

/// Fails unless this is the CSV of a table.
pub(super) fn check_csv(csv: &str, table: &FigureTable) {
    let csv = csv.strip_prefix('\u{feff}').unwrap_or(csv);
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').has_headers(false).from_reader(csv.as_bytes());
    let lines: Vec<Vec<String>> =
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    let (head, rows) = lines.split_first().unwrap();
    assert_eq!(*head, table.columns.iter().map(|column| column.label).collect::<Vec<_>>());
    let decimal = |value: f64| format!("{value:.1}").replace('.', ",");
    let field = |cell: &FigureCell| match cell {
        FigureCell::Text(text) => text.clone(),
        FigureCell::Count(number) => number.to_string(),
        FigureCell::Percent { value, .. } => value.map_or_else(String::new, decimal),
        FigureCell::Time(seconds) => decimal(f64::from(*seconds) / 3600.0),
    };
    let expected: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(field).collect()).collect();
    assert_eq!(rows, expected, "{}", table.id);
}

/// Fails unless this file has a sheet for each of these tables, with their cells.
pub(super) fn check_ods(file: &[u8], tables: &[FigureTable]) {
    let mut content = String::new();
    let mut archive = ZipArchive::new(Cursor::new(file)).unwrap();
    archive.by_name("content.xml").unwrap().read_to_string(&mut content).unwrap();
    let sheets: Vec<&str> = content.split("<table:table ").skip(1).collect();
    assert_eq!(sheets.len(), tables.len());
    for (sheet, table) in sheets.into_iter().zip(tables) {
        let rows: Vec<Vec<(String, String)>> = sheet.split("<table:table-row>").skip(1).map(ods_cells).collect();
        let (head, rows) = rows.split_first().unwrap();
        assert_eq!(
            head.iter().map(|(shown, _)| shown.as_str()).collect::<Vec<_>>(),
            table.columns.iter().map(|column| column.label).collect::<Vec<_>>()
        );
        let cell = |cell: &FigureCell| {
            let value = match cell {
                FigureCell::Text(_) | FigureCell::Percent { value: None, .. } => String::new(),
                FigureCell::Count(number) => number.to_string(),
                FigureCell::Percent { value: Some(value), .. } => (value / 100.0).to_string(),
                FigureCell::Time(seconds) => {
                    format!("PT{:02}H{:02}M{:02}S", seconds / 3600, seconds / 60 % 60, seconds % 60)
                }
            };
            (cell.shown(), value)
        };
        let expected: Vec<Vec<_>> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        assert_eq!(rows, expected, "{}", table.id);
    }
}

/// What each cell of a row of a sheet shows, and its value; none of a text.
fn ods_cells(row: &str) -> Vec<(String, String)> {
    let cell = |cell: &str| {
        let attribute = |name: &str| {
            let value = cell.split_once(&format!("office:{name}=\""))?.1.split_once('"')?.0;
            Some(value.to_owned())
        };
        let shown = cell.split_once("<text:p>").unwrap().1.split_once("</text:p>").unwrap().0;
        (unescaped(shown), attribute("value").or_else(|| attribute("time-value")).unwrap_or_default())
    };
    row.split("<table:table-cell ").skip(1).map(cell).collect()
}

/// Fails unless a page shows these tables, each with its sentence and the cells of its first 200 rows.
pub(super) fn check_page(page: &str, tables: &[FigureTable]) {
    for table in tables {
        let section = page.split_once(&format!("aria-labelledby=\"{}\"", table.id)).expect(table.id).1;
        let section = section.split_once("</section>").unwrap().0;
        assert!(unescaped(section).contains(&table.says), "{} in {section}", table.says);
        let body = section.split_once("<tbody>").map_or("", |(_, rest)| rest.split_once("</tbody>").unwrap().0);
        let cells = |row: &str| -> Vec<String> {
            let cells = row.split("<t").filter(|cell| cell.starts_with("h ") || cell.starts_with('d'));
            cells.map(|cell| unescaped(cell.split_once('>').unwrap().1.split_once("</t").unwrap().0)).collect()
        };
        let rows: Vec<Vec<String>> = body.split("<tr>").skip(1).map(cells).collect();
        let expected: Vec<Vec<String>> =
            table.rows.iter().take(200).map(|row| row.iter().map(FigureCell::shown).collect()).collect();
        assert_eq!(rows, expected, "{}", table.id);
        let heads = section.matches("<th scope=\"col\"").count();
        assert!(table.rows.is_empty() || heads == table.columns.len(), "{}: {heads} heads", table.id);
    }
}

fn unescaped(html: &str) -> String {
    let marks = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#38;", "&"), ("&#39;", "'")];
    let marks = marks.into_iter().chain([("&#60;", "<"), ("&#62;", ">"), ("&amp;", "&")]);
    marks.fold(html.to_owned(), |html, (escaped, mark)| html.replace(escaped, mark))
}
