//! A person's requests: found, counted, sorted, in pages.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, ToSpan as _, Zoned};

use super::{
    access::Portal,
    error::PortalError,
    found::{FoundRequest, OwnRequesters},
    handed_on::HandedOn,
    known_requester::KnownRequester,
    state::{Counts, State},
};
use crate::{
    course::Past,
    figures::worked,
    flow::route::Opening,
    glpi::{Criterion, GlpiError, TicketStatus, TicketSummary},
    id::{TicketId, UserId},
    offload,
    request::{Address, Reference, TicketKind},
    text::{
        fold::folded,
        french::{date, delay, time},
        html_text,
    },
};

/// The newest requests of a person that are looked at: more than anybody has.
const MOST: usize = 1000;
/// So many requests that wait for a person are shown.
const MOST_AWAITING: usize = 10;
/// How far back the requests of a school's other directors are looked for: a text is searched for all over the tickets of
/// that time.
const SCHOOL_MONTHS: i32 = 13;
/// What it takes to sort or search a request, beside its text, bytes.
const OF_LINE: usize = 512;
/// GLPI's ticket type «Demande».
const REQUEST: u64 = 2;

/// Which requests, and in what order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Those in this state only.
    pub state: Option<State>,
    /// Those of which a column, the reference or the text, as far as a list reads it, hold each of these words; neither
    /// case nor accents matter. Empty: all.
    pub text: String,
    /// Those changed at that moment or later only.
    pub modified_since: Option<Timestamp>,
    /// By what they are sorted.
    pub sort: Sort,
    /// Whether the last comes first.
    pub descending: bool,
    /// The page, from 1.
    pub page: usize,
    /// Requests of a page, at least 1.
    pub per_page: usize,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            state: None,
            text: String::new(),
            modified_since: None,
            sort: Sort::Date,
            descending: true,
            page: 1,
            per_page: 20,
        }
    }
}

/// By what requests are sorted; equal ones by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// GLPI's number.
    Number,
    /// The title.
    Title,
    /// The nature.
    Nature,
    /// When it was deposited.
    Date,
    /// When it was changed last.
    Modified,
    /// The assigned group.
    Group,
    /// Who has taken it in charge.
    #[serde(rename = "taken_by")]
    TakenBy,
    /// The working time it took so far.
    Delay,
    /// The state, in the order of a request's life.
    State,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Number,
        Self::Title,
        Self::Nature,
        Self::Date,
        Self::Modified,
        Self::Group,
        Self::TakenBy,
        Self::Delay,
        Self::State,
    ];

    /// As the API names it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Title => "title",
            Self::Nature => "nature",
            Self::Date => "date",
            Self::Modified => "modified",
            Self::Group => "group",
            Self::TakenBy => "taken_by",
            Self::Delay => "delay",
            Self::State => "state",
        }
    }

    /// The order with this name.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.code() == code)
    }
}

/// A page of a person's requests.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The requests of this page.
    pub rows: Vec<Row>,
    /// How many requests the person has in each state, whatever was asked for.
    pub counts: Counts,
    /// How many requests meet the query, on all pages.
    pub total: usize,
    /// This page, from 1; beyond the last it is empty.
    pub page: usize,
    /// How many pages there are, at least 1.
    pub pages: usize,
}

/// What waits for a person, and a page of their requests.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Their requests that want something of them, the newest first; at most ten.
    pub awaiting: Vec<Row>,
    /// The page.
    pub listing: Listing,
}

/// A request in one line.
#[derive(Clone, Debug)]
pub struct Row {
    /// GLPI's number.
    pub number: TicketId,
    /// The reference, where the gateway made the ticket.
    pub reference: Option<Reference>,
    /// The title.
    pub title: String,
    /// Incident or request.
    pub kind: TicketKind,
    /// GLPI's urgency, 1 to 5.
    pub urgency: u64,
    /// The application, where the gateway made the ticket.
    pub application: Option<String>,
    /// The nature of the request, else the last part of its category; may be empty.
    pub nature: String,
    /// When it was deposited.
    pub opened: Option<Zoned>,
    /// When it was changed last.
    pub modified: Option<Zoned>,
    /// The group it is assigned to.
    pub group: Option<String>,
    /// Who has taken it in charge: a person, or else the group whose members GLPI does not name.
    pub taken_by: Option<String>,
    /// Whom it was handed on to, where it is not with the application's first groups.
    pub handed_on: Option<HandedOn>,
    /// Why it is on hold, in GLPI's words, where it is and GLPI says so.
    pub pending_reason: Option<String>,
    /// Whether it is on hold, whoever it waits for.
    pub is_on_hold: bool,
    /// The working time from the deposit to the solution, or until now, without the times at which it waited for the
    /// requester.
    pub delay: Duration,
    /// Where it stands.
    pub state: State,
    /// Whose it is, where it is a school's or another director's that the person may only read.
    pub made_by: Option<Address>,
    /// The school, as its opening names it.
    pub school: Option<String>,
    /// Where to call back, as its opening says.
    pub phone: Option<String>,
    /// Whether it waits for the requester's approval.
    pub to_approve: bool,
    /// Whether the requester may add something.
    pub may_follow_up: bool,
}

impl Row {
    /// What is to be said of its state beside its name: who has it, why it is on hold, what the requester is to do.
    pub fn detail(&self) -> Option<String> {
        match self.state {
            State::Waiting if self.is_on_hold => Some(match &self.pending_reason {
                Some(reason) => format!("mise en attente\u{a0}: {reason}"),
                None => "mise en attente".to_owned(),
            }),
            State::Waiting | State::Closed => None,
            State::Ongoing => match (&self.handed_on, &self.taken_by) {
                (Some(handed_on), None) => Some(handed_on.label()),
                (_, Some(who)) => Some(format!("prise en charge par {who}")),
                (None, None) => None,
            },
            State::ToComplete | State::ToApprove if self.made_by.is_some() => None,
            State::ToComplete => Some("une réponse de votre part est attendue".to_owned()),
            State::ToApprove => Some("une solution attend votre avis".to_owned()),
        }
    }
}

impl Portal {
    /// The requests of this person that meet the query, of their newest thousand.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn requests(self: &Arc<Self>, requester: &Address, query: &Query) -> Result<Listing, PortalError> {
        let (_, listing) = self.rows_and_page(&self.all_of(requester).await?, Vec::new(), query).await?;
        Ok(listing)
    }

    /// The same, with what waits for the person.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn overview(self: &Arc<Self>, requester: &Address, query: &Query) -> Result<Overview, PortalError> {
        let all = self.all_of(requester).await?;
        let awaiting = (0..all.len()).filter(|&at| all[at].awaits_its_requester()).take(MOST_AWAITING);
        let (awaiting, listing) = self.rows_and_page(&all, awaiting.collect(), query).await?;
        Ok(Overview { awaiting, listing })
    }

    async fn all_of(&self, requester: &Address) -> Result<Arc<Vec<FoundRequest>>, PortalError> {
        let reading = async {
            let known = self.known(requester).await?;
            Ok(self.tickets_of(&known).await?)
        };
        self.lists.read(requester.clone(), reading).await
    }

    /// The lines of the requests at these places, and a page.
    async fn rows_and_page(
        self: &Arc<Self>,
        all: &Arc<Vec<FoundRequest>>,
        mut places: Vec<usize>,
        query: &Query,
    ) -> Result<(Vec<Row>, Listing), PortalError> {
        let mut counts = Counts::default();
        for found in all.iter() {
            counts.count(found.state);
        }
        let names = if query.text.is_empty() && query.sort != Sort::TakenBy {
            BTreeMap::new()
        } else {
            self.technicians(all).await?
        };
        let columns = Columns { portal: Arc::clone(self), names };
        let (matching, total) = columns.pick(all, query).await;
        let before = places.len();
        places.extend(matching);
        self.glpi.directory().learn_names(places.iter().filter_map(|&at| all[at].technician())).await?;
        let mut rows = Vec::with_capacity(places.len());
        for at in places {
            rows.push(self.row(&all[at]).await?);
        }
        let of_page = rows.split_off(before);
        let pages = total.div_ceil(query.per_page.max(1)).max(1);
        Ok((rows, Listing { rows: of_page, counts, total, page: query.page, pages }))
    }

    /// The names of those who have taken these requests in charge.
    async fn technicians(&self, all: &[FoundRequest]) -> Result<BTreeMap<UserId, String>, GlpiError> {
        let directory = self.glpi.directory();
        let technicians: BTreeSet<UserId> = all.iter().filter_map(FoundRequest::technician).collect();
        directory.learn_names(technicians.iter().copied()).await?;
        let mut names = BTreeMap::new();
        for technician in technicians {
            names.insert(technician, directory.name(technician).await?);
        }
        Ok(names)
    }

    async fn tickets_of(&self, known: &KnownRequester<'_>) -> Result<Vec<FoundRequest>, GlpiError> {
        let people = || known.mailboxes.iter().map(|mailbox| (&mailbox.address, mailbox.account));
        let accounts = known.account.into_iter().chain(people().filter_map(|(_, account)| account));
        let addresses = || std::iter::once(known.address).chain(people().map(|(address, _)| address));
        let by_account = any(accounts.map(Criterion::Requester));
        let by_address = any(addresses().map(|address| Criterion::Address(address.as_str().to_owned())));
        let (mut tickets, by_address, of_schools) = tokio::try_join!(
            async {
                match &by_account {
                    Some(by_account) => self.glpi.search_tickets(std::slice::from_ref(by_account), MOST).await,
                    None => Ok(Vec::new()),
                }
            },
            self.glpi.search_tickets(by_address.as_slice(), MOST),
            self.tickets_of_schools(&known.schools),
        )?;
        let is_theirs = |address: &String| addresses().any(|own| own.as_str() == address.to_lowercase());
        tickets.extend(by_address.into_iter().filter(|ticket| ticket.addresses.iter().any(is_theirs)));
        let mappings = self.mappings.now();
        let waiting: Vec<_> = tickets.iter().filter(|ticket| FoundRequest::needs_past(ticket)).collect();
        let pasts = self.pasts.of(&self.glpi, &waiting).await?;
        let own = if pasts.is_empty() { UserId::default() } else { self.glpi.own_account().await? };
        let read = |ticket: TicketSummary, past: Option<&Past>, is_of_school: bool| {
            let accounts = known.account.into_iter().chain(people().filter_map(|(_, account)| account));
            let requesters = OwnRequesters::of(accounts, known.address, &ticket, own);
            let whose = requesters.get();
            let whose = (&whose, self.requester_reasons.as_slice());
            let made_by = |named: Option<Address>| named.filter(|named| is_of_school || known.has_mailbox(named));
            FoundRequest::new(ticket, &mappings, past, whose, made_by)
        };
        let own_and_mailboxes = |ticket: TicketSummary| {
            let past = pasts.get(&ticket.id).map(AsRef::as_ref);
            read(ticket, past, false)
        };
        let mut found: Vec<_> = tickets.into_iter().map(own_and_mailboxes).collect();
        // What is theirs comes before what they only may see.
        found.extend(of_schools.into_iter().map(|ticket| read(ticket, None, true)).filter(|found| {
            let uai = found.opening.as_ref().and_then(|opening| opening.uai.as_ref());
            known.sees_school(uai) && found.made_by.is_some()
        }));
        found.sort_by_key(|found| std::cmp::Reverse(found.summary.id));
        found.dedup_by_key(|found| found.summary.id);
        found.truncate(MOST);
        Ok(found)
    }

    /// The tickets whose text names one of these schools.
    async fn tickets_of_schools(&self, schools: &[String]) -> Result<Vec<TicketSummary>, GlpiError> {
        let Some(named) = any(schools.iter().cloned().map(Criterion::Says)) else { return Ok(Vec::new()) };
        let now = Timestamp::now().to_zoned(self.time_zone.clone()).datetime();
        let since = now.saturating_sub(SCHOOL_MONTHS.months());
        self.glpi.search_tickets(&[Criterion::OpenedAfter(since), named], MOST).await
    }

    /// The working time from the deposit to the solution, or until now, without the times at which it waited for the
    /// requester.
    fn delay(&self, found: &FoundRequest) -> Duration {
        let FoundRequest { summary, state, waits, .. } = found;
        let is_over = matches!(state, State::ToApprove | State::Closed);
        let until = summary.solved.or(summary.closed).filter(|_| is_over);
        let until = self.moment(until).map_or_else(Timestamp::now, |end| end.timestamp());
        let opened = self.moment(summary.opened);
        opened.map(|opened| worked(&self.calendar, opened.timestamp(), until, waits)).unwrap_or_default()
    }

    /// The line of a ticket.
    pub(super) async fn row(&self, found: &FoundRequest) -> Result<Row, GlpiError> {
        let FoundRequest { summary, opening, handed_on, state, made_by, .. } = found;
        let state = *state;
        let group = summary.groups.first().map(|path| last_part(path).to_owned());
        let taken_by = match found.technician() {
            Some(technician) => Some(self.glpi.directory().name(technician).await?).filter(|name| !name.is_empty()),
            None => None,
        };
        // Whom it was handed on to has not taken it yet.
        let taken_by = taken_by.or_else(|| group.clone().filter(|_| summary.is_taken() && handed_on.is_none()));
        let is_on_hold = summary.status == TicketStatus::Pending;
        let said = |said: fn(&Opening) -> Option<&String>| opening.as_ref().and_then(said).cloned();
        let nature = nature(opening.as_ref(), summary).to_owned();
        Ok(Row {
            number: summary.id,
            reference: opening.as_ref().map(|opening| opening.reference),
            application: opening.as_ref().map(|opening| opening.application.clone()),
            nature,
            title: summary.name.clone(),
            kind: if summary.kind == REQUEST { TicketKind::Request } else { TicketKind::Incident },
            urgency: summary.urgency,
            opened: self.moment(summary.opened),
            modified: self.moment(summary.modified),
            group,
            taken_by,
            handed_on: handed_on.clone(),
            pending_reason: Some(summary.pending_reason.clone()).filter(|reason| is_on_hold && !reason.is_empty()),
            is_on_hold,
            delay: self.delay(found),
            state,
            school: said(|opening| opening.school.as_ref()),
            phone: said(|opening| opening.phone.as_ref()),
            to_approve: made_by.is_none() && summary.status == TicketStatus::Solved,
            may_follow_up: made_by.is_none() && summary.status != TicketStatus::Closed,
            made_by: made_by.clone(),
        })
    }
}

/// One of these, where there are any; one alone is itself.
fn any(criteria: impl Iterator<Item = Criterion>) -> Option<Criterion> {
    let mut criteria: Vec<_> = criteria.collect();
    if criteria.len() > 1 { Some(Criterion::Any(criteria)) } else { criteria.pop() }
}

impl FoundRequest {
    /// Whether it wants something of its requester, who asks: a word, or their approval.
    fn awaits_its_requester(&self) -> bool {
        matches!(self.state, State::ToComplete | State::ToApprove) && self.made_by.is_none()
    }
}

/// What requests are searched and sorted by.
struct Columns {
    portal: Arc<Portal>,
    /// Of who has taken them in charge.
    names: BTreeMap<UserId, String>,
}

impl Columns {
    /// The places of the requests on the page that is asked for, and how many requests there are on all pages.
    async fn pick(self, all: &Arc<Vec<FoundRequest>>, query: &Query) -> (Vec<usize>, usize) {
        let (all, query) = (Arc::clone(all), query.clone());
        let read = |found: &FoundRequest| if query.text.is_empty() { 0 } else { found.written.len() };
        let bytes = all.iter().map(|found| OF_LINE + read(found)).sum();
        // To search a thousand texts takes its time.
        let picking = async move {
            let words: Vec<String> = folded(&query.text).split_whitespace().map(str::to_owned).collect();
            let is_in_state = |found: &FoundRequest| query.state.is_none_or(|state| state == found.state);
            let is_changed =
                |found: &FoundRequest| query.modified_since.is_none_or(|since| self.is_changed(found, since));
            let matches = |found: &FoundRequest| is_in_state(found) && is_changed(found) && self.hold(found, &words);
            let mut matching: Vec<usize> = (0..all.len()).filter(|&at| matches(&all[at])).collect();
            matching.sort_by_cached_key(|&at| self.key(&all[at], query.sort));
            if query.descending {
                matching.reverse();
            }
            let (total, per_page) = (matching.len(), query.per_page.max(1));
            let before = (query.page.max(1) - 1).saturating_mul(per_page);
            (matching.into_iter().skip(before).take(per_page).collect(), total)
        };
        offload::by_size(bytes, picking).await
    }

    /// Whether a request was changed at this moment or later. One of which GLPI does not say when counts as changed.
    fn is_changed(&self, found: &FoundRequest, since: Timestamp) -> bool {
        self.portal.moment(found.summary.modified).is_none_or(|modified| modified.timestamp() >= since)
    }

    fn taken_by(&self, found: &FoundRequest) -> &str {
        found.technician().and_then(|technician| self.names.get(&technician)).map_or("", String::as_str)
    }

    /// Whether each of these folded words stands in what is searched.
    fn hold(&self, found: &FoundRequest, words: &[String]) -> bool {
        if words.is_empty() {
            return true;
        }
        let FoundRequest { summary, opening, state, made_by, written, .. } = found;
        let opened = self.portal.moment(summary.opened);
        let of_opening = opening.as_ref().map(|opening| {
            let school = opening.school.as_deref().unwrap_or_default();
            format!("{} {} {school}", opening.reference, opening.application)
        });
        let parts = [
            summary.id.to_string(),
            summary.name.clone(),
            nature(opening.as_ref(), summary).to_owned(),
            of_opening.unwrap_or_default(),
            summary.groups.join(" "),
            self.taken_by(found).to_owned(),
            state.label().to_owned(),
            delay(&self.portal.delay(found)),
            opened
                .as_ref()
                .map(|at| format!("{} {} {}", date(at), time(at), at.strftime("%d/%m/%Y")))
                .unwrap_or_default(),
            made_by.as_ref().map(ToString::to_string).unwrap_or_default(),
            html_text::from_html(written),
        ];
        let text = folded(&parts.join(" ").replace('\u{a0}', " "));
        words.iter().all(|word| text.contains(word.as_str()))
    }

    fn key(&self, found: &FoundRequest, sort: Sort) -> Key {
        let FoundRequest { summary, opening, state, .. } = found;
        let text = match sort {
            Sort::Title => folded(&summary.name),
            Sort::Nature => folded(nature(opening.as_ref(), summary)),
            Sort::Group => summary.groups.first().map(|path| folded(last_part(path))).unwrap_or_default(),
            Sort::TakenBy => folded(self.taken_by(found)),
            Sort::Number | Sort::Date | Sort::Modified | Sort::Delay | Sort::State => String::new(),
        };
        let date = match sort {
            Sort::Date => summary.opened,
            Sort::Modified => summary.modified,
            _ => None,
        };
        let delay = (sort == Sort::Delay).then(|| self.portal.delay(found));
        let state = (sort == Sort::State).then_some(*state);
        Key { text, date, delay, state, id: summary.id }
    }
}

/// What requests are compared by.
#[derive(PartialEq, Eq)]
struct Key {
    text: String,
    date: Option<jiff::civil::DateTime>,
    delay: Option<Duration>,
    state: Option<State>,
    id: TicketId,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let parts = |key: &Self| (key.date, key.delay, key.state, key.id);
        self.text.cmp(&other.text).then_with(|| parts(self).cmp(&parts(other)))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn nature<'a>(opening: Option<&'a Opening>, summary: &'a TicketSummary) -> &'a str {
    let of_form = opening.and_then(|opening| opening.nature.as_deref());
    of_form.unwrap_or_else(|| last_part(&summary.category))
}

/// `Scolarité > LSU` → `LSU`
fn last_part(path: &str) -> &str {
    path.rsplit(" > ").next().unwrap_or(path).trim()
}

#[cfg(test)]
mod tests {
    use super::{Sort, last_part};

    #[test]
    fn a_category_is_shown_by_its_last_part() {
        assert_eq!(last_part("Scolarité > LSU"), "LSU");
        assert_eq!(last_part("LSU"), "LSU");
        assert_eq!(last_part(""), "");
    }

    #[test]
    fn orders_are_read_by_their_names() {
        for sort in Sort::ALL {
            assert_eq!(Sort::parse(sort.code()), Some(sort));
        }
        assert_eq!(Sort::parse("Date"), None);
    }
}
