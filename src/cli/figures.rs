//! `passerelle figures`: what all requests say, as tables in the terminal, JSON or CSV.

use std::{
    collections::BTreeSet,
    io::{IsTerminal as _, Write as _},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::{
    applications::{missing, unknown},
    exit,
    say::{complain, say},
    unfit::Unfit,
};
use crate::{
    app::App,
    config::{self, Config, ConfigError},
    figures::{FigureCell, FigureChoice, FigureTable, Period, Reported, UNSAID, UnknownChoice, ods},
    glpi::GlpiError,
    people::{Rights, Role},
    request::{Address, department_number},
    text::{Bilingual, Language},
};

/// How often the progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Shows what all requests say: how many, when, about what, how long they took.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Subcommand>,
    /// When requests were opened: 2026-2027 (a school year), 2026-10 (a month), 2026-W48 (a week) or
    /// 2026-11-03..2026-11-15. Without, this school year.
    #[arg(long, value_parser = period)]
    pub period: Option<Period>,
    /// Of this application alone; inconnu: of those that tell none.
    #[arg(long)]
    pub application: Option<String>,
    /// Of this department alone, by its number.
    #[arg(long, value_parser = department)]
    pub department: Option<String>,
    /// Of this circonscription alone.
    #[arg(long)]
    pub circonscription: Option<String>,
    /// Of the school with this code alone.
    #[arg(long)]
    pub school: Option<String>,
    /// This table alone, such as applications or delays.
    #[arg(long)]
    pub table: Option<String>,
    /// One JSON object a table and line.
    #[arg(long)]
    pub json: bool,
    /// Fields parted by semicolons, for spreadsheets.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// The format: text, json, csv, or ods, a spreadsheet with a sheet for each table, to be written to a file.
    #[arg(long, value_parser = format, conflicts_with_all = ["json", "csv"])]
    pub format: Option<Format>,
    /// The language of what is said around the tables, which are French; without it, that of the locale (`LC_ALL`,
    /// `LC_MESSAGES`, `LANG`), else English.
    #[arg(long, global = true)]
    pub lang: Option<Language>,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Sends the correspondents of a department the report of a month, unless they have it.
    Report {
        /// The department's number.
        #[arg(long, value_parser = department)]
        department: String,
        /// The month, such as 2026-10.
        #[arg(long, value_parser = month)]
        month: Period,
        /// Shows the report and who would get it; sends nothing.
        #[arg(long)]
        dry_run: bool,
        /// Also to those of whom nobody knows whether it reached them: the mail relay's log says that it did not.
        #[arg(long, conflicts_with = "dry_run")]
        again: bool,
    },
    /// Sends the référents of an application the questions that came again and again in a month, unless they have them:
    /// articles worth writing.
    Articles {
        /// The application, as its mapping calls it.
        #[arg(long)]
        application: String,
        /// The month, such as 2026-10.
        #[arg(long, value_parser = month)]
        month: Period,
        /// Shows the list and who would get it; sends nothing.
        #[arg(long)]
        dry_run: bool,
        /// Also to those of whom nobody knows whether it reached them: the mail relay's log says that it did not.
        #[arg(long, conflicts_with = "dry_run")]
        again: bool,
    },
}

/// As what tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Laid out for people.
    Text,
    /// An object a table and line.
    Json,
    /// Fields parted by semicolons.
    Csv,
    /// A spreadsheet.
    Ods,
}

impl Args {
    fn format(&self) -> Format {
        match self.format {
            Some(format) => format,
            None if self.json => Format::Json,
            None if self.csv => Format::Csv,
            None => Format::Text,
        }
    }
}

fn format(text: &str) -> Result<Format, Unfit> {
    match text {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        "csv" => Ok(Format::Csv),
        "ods" => Ok(Format::Ods),
        _ => Err(Unfit::new(
            "this is no format: text, json, csv or ods",
            "ce n’est pas un format\u{a0}: text, json, csv ou ods",
        )),
    }
}

fn month(text: &str) -> Result<Period, Unfit> {
    let is_month = |period: &Period| *period == Period::month(period.days().from);
    Period::parse(text)
        .filter(is_month)
        .ok_or_else(|| Unfit::new("this is no month, such as 2026-10", "ce n’est pas un mois, comme 2026-10"))
}

fn period(text: &str) -> Result<Period, Unfit> {
    Period::parse(text).ok_or_else(|| {
        Unfit::new(
            "this is no period, such as 2026-10, of 20 years at most, between 1900 and 2100",
            "ce n’est pas une période, comme 2026-10, de 20 années au plus, entre 1900 et 2100",
        )
    })
}

fn department(text: &str) -> Result<String, Unfit> {
    department_number(text).ok_or_else(|| {
        Unfit::new("this is no department's number, such as 021", "ce n’est pas un numéro de département, comme 021")
    })
}

/// Reads GLPI and shows its figures, or sends a report; gives the exit code: 0 done, 1 it cannot be sent, 64 there is no
/// such table, 75 not now.
///
/// # Errors
///
/// When the configuration cannot be used.
pub async fn run(config: Config, args: Args) -> Result<u8, ConfigError> {
    let app = App::build(config)?;
    let code = show(&app, args).await;
    app.glpi.close().await;
    Ok(code)
}

async fn show(app: &App, args: Args) -> u8 {
    let language = Language::chosen(args.lang);
    let (format, is_shown) = (args.format(), args.command.is_none());
    if let Some(Subcommand::Articles { application, month, dry_run, again }) = args.command {
        return articles(app, &application, month, How { is_dry: dry_run, again }, language).await;
    }
    if format == Format::Ods && is_shown && std::io::stdout().is_terminal() {
        complain(
            &Bilingual::new(
                "a spreadsheet is no text for a terminal: write it to a file, such as > figures.ods",
                "un classeur n’est pas un texte pour un terminal\u{a0}: écrivez-le dans un fichier, par exemple > chiffres.ods",
            ),
            language,
        );
        return exit::USAGE;
    }
    if let Err(error) = read(app).await {
        return away(&error, language);
    }
    if let Some(Subcommand::Report { department, month, dry_run, again }) = args.command {
        // Who follows a department may do so before anybody asks there.
        let is_followed = app.config.people.correspondents.contains_key(&department);
        let follower = is_followed.then(|| Role::Correspondent(department.clone()));
        let rights = Rights::of(follower.into_iter().chain([Role::Operator]));
        let choice = FigureChoice { department: Some(department.clone()), ..FigureChoice::of(month) };
        if let Err(unknown) = app.figures.known(choice, &rights) {
            complain(&of_unknown(&unknown), language);
            return exit::USAGE;
        }
        return report(app, &department, month, How { is_dry: dry_run, again }, language).await;
    }
    // Older tickets may be of one that has no mapping any more.
    let [of_tickets, ..] = app.figures.choices(&Rights::of([Role::Operator]));
    if let Some(said) =
        args.application.as_ref().and_then(|name| unknown(&app.pipeline.mappings.now(), name, &of_tickets))
    {
        complain(&said, language);
        return exit::USAGE;
    }
    let choice = FigureChoice {
        period: args.period.unwrap_or_else(|| Period::school_year(app.figures.today())),
        application: args.application,
        department: args.department,
        circonscription: args.circonscription,
        school: args.school.map(|code| if code == UNSAID { code } else { code.to_uppercase() }),
    };
    let choice = match app.figures.known(choice, &Rights::of([Role::Operator])) {
        Ok(choice) => choice,
        Err(unknown) => {
            complain(&of_unknown(&unknown), language);
            return exit::USAGE;
        }
    };
    let mut tables = app.figures.answer(&choice, &Rights::of([Role::Operator])).tables();
    if let Some(wanted) = &args.table {
        let ids: Vec<&str> = tables.iter().map(|table| table.id).collect();
        if !ids.contains(&wanted.as_str()) {
            let ids = ids.join(", ");
            let said = Bilingual::new(
                format!("there is no table \"{wanted}\"; there are {ids}"),
                format!("il n’y a pas de tableau «\u{a0}{wanted}\u{a0}»\u{a0}; il y a {ids}"),
            );
            complain(&said, language);
            return exit::USAGE;
        }
        tables.retain(|table| table.id == wanted);
    }
    write(&tables, format, choice.period, language)
}

/// Writes the tables to standard output; gives the exit code.
fn write(tables: &[FigureTable], format: Format, period: Period, language: Language) -> u8 {
    match format {
        Format::Text => {
            say(format!("{}\n", period.label()));
            for table in tables {
                say(laid_out(table));
            }
        }
        Format::Json => tables.iter().for_each(|table| say(table.json().to_string())),
        Format::Csv => tables.iter().for_each(|table| say(format!("{}\r\n{}", table.title, table.csv()))),
        Format::Ods => {
            let mut output = std::io::stdout().lock();
            let written = ods(tables).map_err(std::io::Error::from).and_then(|file| output.write_all(&file));
            if let Err(error) = written.and_then(|()| output.flush()) {
                let what = Bilingual::new("the spreadsheet cannot be written", "le classeur ne peut pas être écrit");
                complain(&what.saying(&config::of_error(&error)), language);
                return exit::FAILED;
            }
        }
    }
    exit::OK
}

/// What is said of a name that nothing has.
fn of_unknown(unknown: &UnknownChoice) -> Bilingual {
    let UnknownChoice { what, name, near, is_ambiguous } = unknown;
    let said = match near.as_slice() {
        [] => String::new(),
        near => format!("; is \"{}\" meant?", near.join("\", \"")),
    };
    let problem = if *is_ambiguous { "several departments have" } else { "neither a request nor the directory has" };
    Bilingual::new(format!("--{what}: {problem} \"{name}\"{said}"), format!("--{what}\u{a0}: {}", unknown.french()))
}

/// What is said of a month that is not over: its report would be of some of it, and nobody would get the whole one.
fn unfinished(month: Period) -> Bilingual {
    let code = month.code();
    Bilingual::new(
        format!(
            "the month {code} is not over: its report would keep the whole one from being sent; --dry-run shows it"
        ),
        format!(
            "le mois {code} n’est pas fini\u{a0}: ce rapport empêcherait l’envoi du rapport entier\u{a0}; --dry-run le montre"
        ),
    )
}

/// Says that there is nobody who gets it; gives the exit code.
fn to_nobody(people: &str, language: Language) -> u8 {
    let said = Bilingual::new(
        format!("nobody gets it: name somebody in {people}"),
        format!("personne ne le reçoit\u{a0}: nommez quelqu’un dans {people}"),
    );
    complain(&said, language);
    exit::FAILED
}

/// Says why GLPI cannot be asked; gives the exit code.
fn away(error: &GlpiError, language: Language) -> u8 {
    complain(&error.line(), language);
    exit::TEMPFAIL
}

/// Says who would get it.
fn show_recipients(recipients: &BTreeSet<Address>, language: Language) {
    let recipients: Vec<_> = recipients.iter().map(ToString::to_string).collect();
    let said = Bilingual::new("to", "à").saying(&Bilingual::same(recipients.join(", ")));
    say(format_args!("{}\n", said.text(language)));
}

/// How a monthly mail is sent.
#[derive(Clone, Copy)]
struct How {
    /// It is only shown.
    is_dry: bool,
    /// Also to those whom it may not have reached.
    again: bool,
}

async fn report(app: &App, department: &str, month: Period, how: How, language: Language) -> u8 {
    let now = Timestamp::now().to_zoned(app.config.time_zone.clone());
    let people = format!("people.correspondents.{department}");
    if how.is_dry {
        let recipients = match app.reports.recipients(department, &now).await {
            Ok(recipients) => recipients,
            Err(error) => return away(&error, language),
        };
        if !recipients.is_empty() {
            show_recipients(&recipients, language);
        }
        return match app.reports.plain(&app.reports.report(department, month)) {
            Ok(text) => {
                say(&text);
                if recipients.is_empty() { to_nobody(&people, language) } else { exit::OK }
            }
            Err(error) => {
                let what = Bilingual::new("the report cannot be written", "le rapport ne peut pas être rédigé");
                complain(&what.saying(&config::of_error(&error)), language);
                exit::FAILED
            }
        };
    }
    if month.days().to > now.date() {
        complain(&unfinished(month), language);
        return exit::USAGE;
    }
    if how.again
        && let Err(error) = app.reports.decide_not_sent(department, month, &now).await
    {
        return away(&error, language);
    }
    let sent = app.reports.send(department, month, &now).await;
    reported(sent, &people, language)
}

async fn articles(app: &App, application: &str, month: Period, how: How, language: Language) -> u8 {
    let mappings = app.pipeline.mappings.now();
    let Some(application) = mappings.meant(application).map(|mapping| mapping.name.as_str()) else {
        complain(&missing(&mappings, application, &[]), language);
        return exit::USAGE;
    };
    let now = Timestamp::now().to_zoned(app.config.time_zone.clone());
    let people = format!("people.referents.{application}");
    if !how.is_dry {
        if month.days().to > now.date() {
            complain(&unfinished(month), language);
            return exit::USAGE;
        }
        if how.again
            && let Err(error) = app.proposals.decide_not_sent(application, month, &now).await
        {
            return away(&error, language);
        }
        let sent = app.proposals.send(application, month, &now).await;
        return reported(sent, &people, language);
    }
    let list = async {
        let recipients = app.proposals.recipients(application, &now).await?;
        Ok::<_, GlpiError>((recipients, app.proposals.of_month(month).await?))
    };
    match list.await {
        Ok((recipients, all)) => {
            if !recipients.is_empty() {
                show_recipients(&recipients, language);
            }
            say(laid_out(&app.proposals.table(application, &all)));
            if recipients.is_empty() { to_nobody(&people, language) } else { exit::OK }
        }
        Err(error) => away(&error, language),
    }
}

/// Says what became of what was to be sent; gives the exit code.
fn reported(sent: Result<Reported, GlpiError>, people: &str, language: Language) -> u8 {
    let (said, code) = match sent {
        Ok(Reported::To(recipients)) => {
            let recipients: Vec<_> = recipients.iter().map(ToString::to_string).collect();
            (Bilingual::new("sent to ", "envoyé à ").then("", &Bilingual::same(recipients.join(", "))), exit::OK)
        }
        Ok(Reported::Before) => {
            (Bilingual::new("sent before: GLPI has a note of it", "déjà envoyé\u{a0}: GLPI en a une note"), exit::OK)
        }
        Ok(Reported::Nothing) => (Bilingual::new("there is nothing to tell", "il n’y a rien à en dire"), exit::OK),
        Ok(Reported::ToNobody) => return to_nobody(people, language),
        Ok(Reported::Failed) => (
            Bilingual::new(
                "the mail relay did not take all; try again later",
                "le relais de courriel n’a pas tout pris\u{a0}; recommencez plus tard",
            ),
            exit::TEMPFAIL,
        ),
        Ok(Reported::InDoubt(recipients)) => {
            let recipients = recipients.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let said = Bilingual::new(
                "it is not known whether the mail relay has it for these (its log says; --again sends it to them once more)",
                "nul ne sait si le relais de courriel l’a pour ces adresses (son journal le dit\u{a0}; --again le leur renvoie)",
            );
            (said.saying(&Bilingual::same(recipients)), exit::FAILED)
        }
        Ok(Reported::Elsewhere) => (
            Bilingual::new(
                "the gateway is sending it just now; try again later to see what became of it",
                "la passerelle est en train de l’envoyer\u{a0}; recommencez plus tard pour savoir ce qu’il en est",
            ),
            exit::TEMPFAIL,
        ),
        Err(error) => return away(&error, language),
    };
    if code == exit::OK {
        say(said.text(language));
    } else {
        complain(&said, language);
    }
    code
}

/// Reads all of GLPI, with a bar that shows how far, where somebody looks.
async fn read(app: &App) -> Result<(), GlpiError> {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:40} {human_pos} / {human_len} tickets, {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let showing = async {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let progress = app.figures.progress();
            bar.set_length(progress.total.unwrap_or_default() as u64);
            bar.set_position(progress.known as u64);
        }
    };
    let reading = async {
        app.portal.expected_delays().refresh().await;
        app.figures.read_anew().await
    };
    let read = tokio::select! {
        read = reading => read,
        () = showing => Ok(()),
    };
    bar.finish_and_clear();
    read
}

/// A table with its columns one below the other.
fn laid_out(table: &FigureTable) -> String {
    let head: Vec<String> = table.columns.iter().map(|column| column.label.to_owned()).collect();
    let shown: Vec<Vec<String>> =
        std::iter::once(head).chain(table.rows.iter().map(|row| row.iter().map(FigureCell::shown).collect())).collect();
    let wide = |column: usize| shown.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.columns.len()).map(wide).collect();
    let mut text = format!("{}\n{}\n", table.title, table.says);
    for row in shown.iter().filter(|_| !table.rows.is_empty()) {
        let cells = row.iter().zip(&widths).enumerate().map(|(place, (cell, wide))| match place {
            0 => format!("{cell:<wide$}"),
            _ => format!("{cell:>wide$}"),
        });
        text.push_str("  ");
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::laid_out;
    use crate::figures::{FigureCell, FigureColumn, FigureTable};

    #[test]
    fn columns_stand_below_each_other() {
        let table = FigureTable {
            id: "applications",
            title: "Par application",
            says: "LSU vient en tête.".to_owned(),
            columns: vec![
                FigureColumn { key: "name", label: "Nom" },
                FigureColumn { key: "requests", label: "Demandes" },
            ],
            rows: vec![
                vec![FigureCell::Text("Écoles".to_owned()), FigureCell::Count(1200)],
                vec![FigureCell::Text("LSU".to_owned()), FigureCell::Count(7)],
            ],
            chart: None,
        };
        let expected =
            "Par application\nLSU vient en tête.\n  Nom     Demandes\n  Écoles     1\u{202f}200\n  LSU            7\n";
        assert_eq!(laid_out(&table), expected);
    }
}
