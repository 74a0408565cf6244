//! `/pilotage`: what all requests say, as charts, each with its table and a sentence, to people in charge.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use jiff::{ToSpan as _, civil::Date};
use url::form_urlencoded;

use super::{
    drafting,
    frame::{Frame, Section, page, parameter},
    state::{PageState, Visitor},
};
use crate::{
    figures::{FigureCell, FigureChoice, FigureTable, Figures, Period, ReadingProgress, UNSAID},
    http::{
        figures::{self, Asker, STAYS},
        in_charge,
        problem::Problem,
    },
    people::Rights,
    text::french,
};

/// Rows of a table that a page shows; files have all.
const MOST_ROWS: usize = 200;
/// Months and school years that are proposed, with this one.
const MONTHS: i32 = 13;
const YEARS: i32 = 3;
/// While GLPI is being read, the page comes again by itself after so many seconds, unless it is told to stay.
const COMES_AGAIN: &str = "5";

#[derive(Template)]
#[template(path = "steering.html")]
struct SteeringPage<'a> {
    frame: Frame<'a>,
    choice: &'a FigureChoice,
    figures: &'a Figures,
    progress: ReadingProgress,
    /// Whether it comes again by itself.
    comes_again: bool,
    /// When GLPI was asked last.
    as_of: Option<String>,
    /// Since when it does not answer.
    away_since: Option<String>,
    periods: Vec<(String, String)>,
    applications: Vec<String>,
    departments: Vec<String>,
    circonscriptions: Vec<String>,
    tables: Vec<FigureTable>,
    /// The call's own query, with its question mark.
    query: String,
    is_everything: bool,
    /// Whether they draft articles.
    may_draft: bool,
}

impl SteeringPage<'_> {
    fn is_free(&self) -> bool {
        self.choice.period.code().contains("..")
    }

    /// The first day and the last as the form shows them: those of free days, else what was typed.
    fn typed_days(&self) -> [String; 2] {
        if !self.is_free() {
            return ["from", "to"].map(|name| parameter(self.query.strip_prefix('?'), name).unwrap_or_default());
        }
        let days = self.choice.period.days();
        [days.from, days.to.yesterday().unwrap_or(days.to)].map(|day| day.to_string())
    }

    /// «2 000 tickets lus sur 134 000»
    fn read_so_far(&self) -> String {
        let total = self.progress.total.map(|total| format!(" sur {}", french::grouped(total))).unwrap_or_default();
        format!("{}{total}", french::count(self.progress.known, "ticket lu", "tickets lus"))
    }

    fn application_options(&self) -> Vec<(String, bool)> {
        options(&self.applications, self.choice.application.as_deref())
    }

    fn department_options(&self) -> Vec<(String, bool)> {
        options(&self.departments, self.choice.department.as_deref())
    }

    fn circonscription_options(&self) -> Vec<(String, bool)> {
        options(&self.circonscriptions, self.choice.circonscription.as_deref())
    }

    fn link(&self, table: &FigureTable, format: &str) -> String {
        format!("/pilotage/donnees/{}.{format}{}", table.id, self.query)
    }

    /// The call's address, for a page that does not come again by itself.
    fn staying(&self) -> String {
        let joined = if self.query.is_empty() { "?" } else { "&" };
        format!("/pilotage{}{joined}{STAYS}=oui", self.query)
    }
}

/// The choices of a list, each with whether it is the one.
fn options(names: &[String], chosen: Option<&str>) -> Vec<(String, bool)> {
    let unsaid = UNSAID.to_owned();
    names.iter().chain([&unsaid]).map(|name| (name.clone(), chosen == Some(name.as_str()))).collect()
}

/// Those rows of a table that a page shows.
fn shown(table: &FigureTable) -> &[Vec<FigureCell>] {
    &table.rows[..table.rows.len().min(MOST_ROWS)]
}

/// How many it leaves out.
fn left_out(table: &FigureTable) -> usize {
    table.rows.len().saturating_sub(MOST_ROWS)
}

/// `GET /pilotage`
pub(super) async fn show(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    parts: Parts,
) -> Result<Response, Problem> {
    let services = &state.services;
    let rights = in_charge::of_person(services, &person).await?;
    let choice = figures::choice(services, &parts, Asker::Form, &rights)?;
    let (figures, progress) = figures::answer(services, choice.clone(), &rights).await?;
    if progress.is_nothing() && progress.away_since.is_some() {
        return Err(figures::unread(services, progress));
    }
    let all = &services.oversight()?.figures;
    let [applications, departments, circonscriptions] = all.choices(&rights);
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let stays = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).any(|(name, _)| name == STAYS);
    // Who waits for GLPI itself looks again when they like.
    let comes_again = !progress.is_whole && progress.away_since.is_none() && !stays;
    let [as_of, away_since] =
        [progress.as_of, progress.away_since].map(|moment| Some(figures::moment(services, moment?)));
    // What nobody knows yet is not none.
    let tables = if progress.is_nothing() { Vec::new() } else { figures::tables(services, &figures, &rights) };
    let frame = state.pages.frame("Pilotage", Some(&person), Section::None);
    let periods = periods(all.today(), &choice.period);
    let mut answer = page(
        StatusCode::OK,
        &SteeringPage {
            frame,
            choice: &choice,
            figures: &figures,
            progress,
            comes_again,
            as_of,
            away_since,
            periods,
            applications,
            departments,
            circonscriptions,
            tables,
            query,
            is_everything: rights.is_everything(),
            may_draft: drafting::may_draft(&rights),
        },
    )?;
    if comes_again {
        // Not in the page itself: whoever reads it can have it stay.
        answer.headers_mut().insert(header::REFRESH, HeaderValue::from_static(COMES_AGAIN));
    }
    Ok(answer)
}

/// `GET /pilotage/donnees/{name}`
pub(super) async fn file(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    Path(name): Path<String>,
    parts: Parts,
) -> Result<Response, Problem> {
    let services = &state.services;
    let rights: Rights = in_charge::of_person(services, &person).await?;
    let choice = figures::choice(services, &parts, Asker::Form, &rights)?;
    let (figures, progress) = figures::answer(services, choice, &rights).await?;
    if !progress.is_whole {
        return Err(figures::unfinished(services, progress, "la page «\u{a0}Pilotage\u{a0}»"));
    }
    figures::file(&name, &figures, figures::tables(services, &figures, &rights))
}

/// The periods that are proposed, the one that is chosen among them: their names in addresses, and as people read them.
fn periods(today: Date, chosen: &Period) -> Vec<(String, String)> {
    let years = (0..YEARS).map(|back| Period::school_year(today.saturating_sub(back.years())));
    let weeks = (0..2).map(|back| Period::week(today.saturating_sub(back.weeks())));
    let months = (0..MONTHS).map(|back| Period::month(today.first_of_month().saturating_sub(back.months())));
    let mut periods: Vec<Period> = years.chain(weeks).chain(months).collect();
    if !periods.contains(chosen) && !chosen.code().contains("..") {
        periods.insert(0, *chosen);
    }
    periods.into_iter().map(|period| (period.code(), period.label())).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::periods;
    use crate::figures::Period;

    #[test]
    fn the_chosen_period_is_among_the_proposed_ones() {
        let today = date(2026, 11, 27);
        let codes = |chosen: &str| -> Vec<String> {
            let chosen = Period::parse(chosen).unwrap();
            periods(today, &chosen).into_iter().map(|(code, _)| code).collect()
        };
        let usual = codes("2026-10");
        assert_eq!(usual[..6], ["2026-2027", "2025-2026", "2024-2025", "2026-W48", "2026-W47", "2026-11"]);
        assert_eq!(usual.last().unwrap(), "2025-11");
        assert_eq!(codes("2019-03")[..2], ["2019-03", "2026-2027"]);
        assert_eq!(codes("2019-03-01..2019-03-02"), usual);
    }
}
