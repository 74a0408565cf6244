//! Keeps the book of tickets: reads GLPI once, the newest first, then what has changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use tokio::sync::Notify;

use super::{
    account_schools::schools_of,
    book::{ReadingProgress, TicketBook, row_digest},
    choice::{FigureChoice, UnknownChoice, is_place_allowed, known, known_district, sight},
    counting::{Figures, Sight, figures},
    expected::ExpectedDelays,
    gauges::FigureGauges,
    name_list::NameList,
    origins::{Origins, TICKETS_OF_A_PAGE},
};
use crate::{
    flow::{directory::Directory, route::MappingStore},
    glpi::{CountedTicket, Followup, FoundPage, Glpi, GlpiError, ReadUntil, Said, Solution},
    id::{TicketId, UserId},
    people::Rights,
    working_time::Calendar,
};

/// What every note of an escalation says (see `lifecycle::note`).
const ESCALATION_MARK: &str = "escalade vers le groupe";
/// Tickets are taken into the book by so many, and others have their turn between.
const AT_ONCE: usize = 100;
/// What no search tells of, such as a category that has another name now: so often all are read anew.
const ANEW: Duration = Duration::from_hours(24);
/// A start has other things to do first.
const FIRST_AFTER: Duration = Duration::from_secs(3);
/// After a failure.
const PAUSE: Duration = Duration::from_secs(20);

/// The book of tickets, and what keeps it.
pub struct TicketFigures {
    pub(super) glpi: Glpi,
    mappings: MappingStore,
    calendar: Arc<Calendar>,
    zone: TimeZone,
    expected: Arc<ExpectedDelays>,
    /// Which schools there are.
    directory: Arc<Directory>,
    /// Tickets that are kept at most: the newest.
    most: usize,
    book: RwLock<TicketBook>,
    gauges: FigureGauges,
    refreshed: Notify,
    /// Since when GLPI cannot be read.
    away_since: RwLock<Option<Timestamp>>,
}

impl TicketFigures {
    /// An empty book of the tickets of `glpi`, `most` of them at most; `expected` says within which delays requests are
    /// to be done, `directory` which schools there are.
    pub fn new(
        glpi: &Glpi,
        mappings: MappingStore,
        calendar: Arc<Calendar>,
        zone: TimeZone,
        expected: Arc<ExpectedDelays>,
        directory: Arc<Directory>,
        most: usize,
    ) -> Self {
        let (glpi, book, refreshed) = (glpi.in_background(), RwLock::default(), Notify::new());
        let (gauges, away_since) = (FigureGauges::default(), RwLock::default());
        Self { glpi, mappings, calendar, zone, expected, directory, most, book, gauges, refreshed, away_since }
    }

    /// Reads GLPI, and again and again, `every` so often; never ends.
    pub async fn keep(&self, every: Duration) {
        FigureGauges::describe();
        tokio::time::sleep(FIRST_AFTER.min(every)).await;
        let mut read_at = tokio::time::Instant::now();
        loop {
            let refreshed = if self.progress().is_whole && read_at.elapsed() < ANEW {
                self.refresh().await
            } else {
                self.read_anew().await.inspect(|()| read_at = tokio::time::Instant::now())
            };
            let pause = match refreshed {
                Ok(()) => {
                    self.note_away(None);
                    let today = self.today();
                    self.look(|book| {
                        let expected = |application: &str| self.expected.of(application);
                        self.gauges.set(book.facts(), book.names(), today, expected);
                    });
                    self.refreshed.notify_waiters();
                    every
                }
                Err(error) => {
                    tracing::info!(%error, "figures cannot be computed now; what is known is kept");
                    self.note_away(Some(Timestamp::now()));
                    PAUSE.min(every)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Waits until it is brought up to date once more.
    pub async fn refreshed(&self) {
        self.refreshed.notified().await;
    }

    /// How far it is read.
    pub fn progress(&self) -> ReadingProgress {
        let away_since = *self.away_since.read().unwrap_or_else(PoisonError::into_inner);
        ReadingProgress { away_since, ..self.look(TicketBook::progress) }
    }

    /// Notes that GLPI cannot be read, the first of several times, or that it can.
    fn note_away(&self, now: Option<Timestamp>) {
        let mut away_since = self.away_since.write().unwrap_or_else(PoisonError::into_inner);
        *away_since = now.map(|now| away_since.unwrap_or(now));
    }

    /// Looks something up in the book.
    pub fn look<T>(&self, look: impl FnOnce(&TicketBook) -> T) -> T {
        look(&self.book.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads all of GLPI. At first what is read is shown at once, and a cut goes on where it was; later the old book is
    /// shown until the new one is whole.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn read_anew(&self) -> Result<(), GlpiError> {
        if !self.progress().is_whole {
            return self.read_into(&self.book).await;
        }
        let fresh = RwLock::default();
        self.read_into(&fresh).await?;
        let fresh = fresh.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    async fn read_into(&self, book: &RwLock<TicketBook>) -> Result<(), GlpiError> {
        let (began, mut size) = (Timestamp::now(), TICKETS_OF_A_PAGE);
        let own = self.glpi.own_account().await?;
        let mut origins = Origins::newest(read(book, |book| book.progress.known));
        loop {
            let (below, known) = read(book, |book| (book.lowest(), book.progress.known));
            let FoundPage { rows: tickets, total, is_last } = self.glpi.counted_tickets(below, None, &mut size).await?;
            write(book, |book| {
                // What changes meanwhile, or while a cut lasts, is read again afterwards.
                let ReadUntil { moment, newest } = book.until.unwrap_or(ReadUntil { moment: began, newest: None });
                book.until = Some(ReadUntil { moment, newest: self.newest(newest, &tickets) });
                let total = total.and_then(|total| usize::try_from(total).ok());
                book.progress.total = total.map(|total| (total + known).min(self.most)).or(book.progress.total);
                book.progress.as_of = Some(began);
            });
            let is_last = is_last || tickets.is_empty() || known + tickets.len() >= self.most;
            if let Some(lowest) = tickets.iter().map(|ticket| ticket.id).min() {
                origins.read_down_to(&self.glpi, lowest).await?;
            }
            self.take(book, &tickets, &mut origins, own).await?;
            if read(book, |book| book.notes_until).is_none() {
                self.read_notes(book).await?;
            }
            if is_last {
                break;
            }
        }
        let schools = self.directory.schools();
        write(book, |book| {
            book.note_schools(&schools);
            book.progress.is_whole = true;
        });
        Ok(())
    }

    /// Reads what has changed since, and takes out what was deleted: two calls where nothing was.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn refresh(&self) -> Result<(), GlpiError> {
        let now = Timestamp::now();
        let until = read(&self.book, |book| book.until.filter(|_| book.progress.is_whole));
        let Some(until) = until else { return self.read_anew().await };
        let (since, mut newest) = (until.since(now, &self.zone), until.newest);
        let mut below: Option<TicketId> = None;
        let (mut changed, mut size) = (BTreeMap::new(), TICKETS_OF_A_PAGE);
        let (own, mut origins) = (self.glpi.own_account().await?, Origins::last_changed());
        loop {
            let FoundPage { rows: mut tickets, is_last, .. } =
                self.glpi.counted_tickets(below, Some(since), &mut size).await?;
            below = tickets.iter().map(|ticket| ticket.id).min().or(below);
            newest = self.newest(newest, &tickets);
            changed.extend(tickets.iter().map(|ticket| (ticket.id, row_digest(ticket))));
            let is_last = is_last || tickets.is_empty();
            // What is older than all that is kept is not taken in.
            let lowest = read(&self.book, TicketBook::lowest);
            let is_full = read(&self.book, |book| book.progress.known) >= self.most;
            tickets.retain(|ticket| !is_full || lowest.is_none_or(|lowest| ticket.id >= lowest));
            // What was changed last is found each time.
            read(&self.book, |book| tickets.retain(|ticket| !book.has_row(ticket)));
            if !tickets.is_empty() {
                origins.read_back_to(&self.glpi, since).await?;
                self.take(&self.book, &tickets, &mut origins, own).await?;
            }
            if is_last {
                break;
            }
        }
        if read(&self.book, |book| book.last_changed != changed) {
            self.read_notes(&self.book).await?;
        }
        let total = self.glpi.ticket_total().await?;
        let lacks = self.lacks(total);
        if lacks > read(&self.book, |book| book.unshown) {
            tracing::info!(lacks, "GLPI has tickets that no change told of; all are read anew");
            self.read_anew().await?;
            // What GLPI counts and does not show would have all read again and again.
            write(&self.book, |book| book.counted = total);
            let unshown = self.lacks(total);
            write(&self.book, |book| book.unshown = unshown);
            return Ok(());
        }
        self.take_out_deleted(total, since).await?;
        let schools = self.directory.schools();
        write(&self.book, |book| {
            book.note_schools(&schools);
            book.last_changed = changed;
            book.until = Some(ReadUntil { moment: now, newest });
            book.counted = total;
            book.progress.as_of = Some(now);
            book.progress.total = Some(book.progress.known);
        });
        Ok(())
    }

    /// Whether this is an application of the mappings: what stands in tickets may be anything.
    pub(super) fn has_mapping(&self, application: &str) -> bool {
        self.mappings.now().find(application).is_some()
    }

    /// The applications of the mappings.
    pub(super) fn mapped(&self) -> Vec<String> {
        self.mappings.now().all().iter().map(|mapping| mapping.name.clone()).collect()
    }

    /// Today, where the academy is.
    pub fn today(&self) -> Date {
        Timestamp::now().to_zoned(self.zone.clone()).date()
    }

    /// The figures that are asked for, of what is read, as far as these rights go.
    pub fn answer(&self, choice: &FigureChoice, rights: &Rights) -> Figures {
        let today = self.today();
        self.look(|book| {
            let question = choice.question(book.names(), rights, today, |application| self.expected.of(application));
            figures(book.facts(), book.names(), &question)
        })
    }

    /// A choice with its names as tickets, mappings and the directory have them, whatever case they are given in; what
    /// somebody is in charge of is known although nobody ever asked about it. While GLPI is being read nobody knows what
    /// there is.
    ///
    /// # Errors
    ///
    /// Names the first one that nothing has.
    pub fn known(&self, choice: FigureChoice, rights: &Rights) -> Result<FigureChoice, UnknownChoice> {
        if !self.progress().is_whole {
            return Ok(choice);
        }
        let (mapped, [mut applications, departments, circonscriptions]) = (self.mapped(), self.choices(rights));
        if rights.is_everything() {
            applications.extend(mapped.iter().cloned());
            applications.sort();
            applications.dedup();
        }
        self.look(|book| {
            let names = book.names();
            let meant = |what, name: Option<String>, all: &NameList, proposed: &[String]| {
                name.map(|name| known(what, &name, &all.all().map(|(_, name)| name), proposed)).transpose()
            };
            let of_tickets = names.applications.all().map(|(_, name)| name);
            let all_applications = of_tickets.chain(mapped.iter().map(String::as_str));
            let application =
                choice.application.map(|name| known("application", &name, &all_applications, &applications));
            let department = match choice.department {
                Some(department) if rights.departments().any(|theirs| theirs == department) => Some(department),
                other => meant("department", other, &names.departments, &departments)?,
            };
            let circonscription = choice
                .circonscription
                .map(|name| known_district(&name, department.as_deref(), names, rights, &circonscriptions));
            Ok(FigureChoice {
                period: choice.period,
                application: application.transpose()?,
                circonscription: circonscription.transpose()?,
                department,
                school: meant("school", choice.school, &names.schools, &[])?,
            })
        })
    }

    /// Whether the school and the circonscription of a choice may be asked for with these rights.
    pub fn is_place_allowed(&self, choice: &FigureChoice, rights: &Rights) -> bool {
        self.look(|book| is_place_allowed(choice, book.names(), rights))
    }

    /// The applications, departments and circonscriptions that can be chosen within these rights, each sorted.
    pub fn choices(&self, rights: &Rights) -> [Vec<String>; 3] {
        self.look(|book| {
            let names = book.names();
            let sight = sight(rights, names);
            let is_seen = |department: Option<u16>| match &sight {
                Sight::Everything => true,
                Sight::Some { departments, .. } => department.is_some_and(|number| departments.contains(&number)),
            };
            let sees_departments = rights.is_everything() || rights.departments().next().is_some();
            let applications =
                names.applications.all().filter(|(_, name)| sees_departments || rights.cover(None, Some(name)));
            let departments = names.departments.all().filter(|(number, _)| is_seen(Some(*number)));
            let seen: BTreeSet<u16> = names
                .schools_with_places()
                .filter(|(_, place)| is_seen(Some(place.department)))
                .map(|(_, place)| place.circonscription)
                .collect();
            let circonscriptions = names.circonscriptions.numbers().filter(|number| seen.contains(number));
            let circonscriptions = circonscriptions.filter_map(|number| {
                let department = names.circonscriptions.department(number);
                is_seen(Some(department)).then(|| names.circonscriptions.label(number, &names.departments))?
            });
            let sorted = |mut names: Vec<String>| {
                names.sort();
                names
            };
            [
                sorted(applications.map(|(_, name)| name.to_owned()).collect()),
                sorted(departments.map(|(_, name)| name.to_owned()).collect()),
                sorted(circonscriptions.collect()),
            ]
        })
    }

    /// The newest change that tickets show, these or those before.
    fn newest(&self, before: Option<DateTime>, tickets: &[CountedTicket]) -> Option<DateTime> {
        let dates = tickets.iter().filter_map(|ticket| ticket.modified).chain(before);
        ReadUntil::newest(dates, Timestamp::now(), &self.zone)
    }

    /// How many tickets GLPI had at the last look and has now that are not known: nothing told of them when changes were
    /// read in between. Where more are than are kept, nobody can tell.
    fn lacks(&self, total: Option<usize>) -> usize {
        let (known, before) = read(&self.book, |book| (book.progress.known, book.counted));
        let there = total.zip(before).filter(|_| known < self.most).map(|(now, before)| now.min(before).min(self.most));
        there.map_or(0, |there| there.saturating_sub(known))
    }

    /// Takes out what GLPI does not have any more. What is new is known by then, so that fewer tickets than are known tell
    /// that some were deleted; where more are than are kept, all is read anew some day.
    async fn take_out_deleted(&self, total: Option<usize>, since: DateTime) -> Result<(), GlpiError> {
        let known = || read(&self.book, |book| book.progress.known);
        let Some(total) = total.filter(|total| *total < known()) else { return Ok(()) };
        let binned: BTreeSet<TicketId> = self.glpi.tickets_binned_after(since).await?.into_iter().collect();
        write(&self.book, |book| book.retain(|ticket| !binned.contains(&ticket)));
        let counts = (known(), total);
        // Where both counts are what they were at the last comparison, another would find as little.
        if counts.1 >= counts.0 || read(&self.book, |book| book.compared) == Some(counts) {
            return Ok(());
        }
        let (mut there, mut size) = (BTreeSet::<TicketId>::new(), TICKETS_OF_A_PAGE);
        loop {
            let (numbers, is_last) = self.glpi.ticket_numbers(there.first().copied(), &mut size).await?;
            let is_last = is_last || numbers.is_empty();
            there.extend(numbers);
            if is_last {
                break;
            }
        }
        write(&self.book, |book| {
            book.retain(|ticket| there.contains(&ticket));
            book.compared = Some((book.progress.known, total));
        });
        Ok(())
    }

    async fn take(
        &self,
        book: &RwLock<TicketBook>,
        tickets: &[CountedTicket],
        origins: &mut Origins,
        own: UserId,
    ) -> Result<(), GlpiError> {
        let mappings = self.mappings.now();
        let unknown = read(book, |book| book.accounts_to_ask_for(tickets, origins.known(), own, &mappings));
        if !unknown.is_empty() {
            let found = schools_of(&self.glpi, &self.directory, &unknown).await?;
            write(book, |book| book.accounts.note(found));
        }
        for some in tickets.chunks(AT_ONCE) {
            write(book, |book| book.take(some, origins.known(), own, &mappings, &self.calendar));
            tokio::task::yield_now().await;
        }
        origins.forget(tickets);
        Ok(())
    }

    /// Escalations and refused solutions, whose tickets do not tell of them: at first all, then what was changed. One that
    /// is taken back, or deleted, counts until all is read anew.
    async fn read_notes(&self, book: &RwLock<TicketBook>) -> Result<(), GlpiError> {
        let (moment, own) = (Timestamp::now(), self.glpi.own_account().await?);
        let since = read(book, |book| book.notes_until).map(|until| until.since(moment, &self.zone));
        let escalations = self.escalations(since).await?;
        let refused = self.refused(since).await?;
        write(book, |book| {
            let newest = book.until.and_then(|until| until.newest);
            book.notes_until = Some(ReadUntil { moment, newest });
            book.note_escalations(escalations, own);
            book.note_refusals(&refused);
        });
        Ok(())
    }

    /// The follow-ups that may tell of an escalation; where too many were changed, all that do.
    async fn escalations(&self, since: Option<DateTime>) -> Result<Vec<Said<Followup>>, GlpiError> {
        if let Some(since) = since
            && let Some(changed) = self.glpi.followups_begun_since(since).await?
        {
            return Ok(changed);
        }
        self.glpi.followups_that_say(ESCALATION_MARK).await
    }

    /// The refused solutions, likewise.
    async fn refused(&self, since: Option<DateTime>) -> Result<Vec<Said<Solution>>, GlpiError> {
        if let Some(since) = since
            && let Some(lately) = self.glpi.solutions_refused_since(since).await?
        {
            return Ok(lately);
        }
        self.glpi.refused_solutions().await
    }
}

fn read<T>(book: &RwLock<TicketBook>, look: impl FnOnce(&TicketBook) -> T) -> T {
    look(&book.read().unwrap_or_else(PoisonError::into_inner))
}

fn write<T>(book: &RwLock<TicketBook>, change: impl FnOnce(&mut TicketBook) -> T) -> T {
    change(&mut book.write().unwrap_or_else(PoisonError::into_inner))
}
