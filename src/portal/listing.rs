//! A person's requests: found, counted, sorted, in pages.

use std::{cmp::Ordering, time::Duration};

use jiff::{Timestamp, Zoned};

use super::{
    access::Portal,
    error::PortalError,
    found::{FoundRequest, OwnRequesters},
    handed_on::HandedOn,
    known_requester::KnownRequester,
    state::{Counts, State},
};
use crate::{
    figures::worked,
    flow::route::Opening,
    glpi::{Criterion, GlpiError, TicketStatus, TicketSummary},
    id::{TicketId, UserId},
    request::{Address, Reference, TicketKind},
    text::fold::folded,
};

/// The newest requests of a person that are looked at: more than anybody has.
const MOST: usize = 1000;
/// GLPI's ticket type «Demande».
const REQUEST: u64 = 2;

/// Which requests, and in what order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Those in this state only.
    pub state: Option<State>,
    /// Those whose title, number, reference, nature, application or group hold each of these words; neither case nor
    /// accents matter. Empty: all.
    pub text: String,
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
        Self { state: None, text: String::new(), sort: Sort::Date, descending: true, page: 1, per_page: 20 }
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
    /// The state, in the order of a request's life.
    State,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Number, Self::Title, Self::Nature, Self::Date, Self::Modified, Self::Group, Self::State];

    /// As the API names it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Title => "title",
            Self::Nature => "nature",
            Self::Date => "date",
            Self::Modified => "modified",
            Self::Group => "group",
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
    pub async fn requests(&self, requester: &Address, query: &Query) -> Result<Listing, PortalError> {
        let reading = async {
            let known = self.known(requester).await?;
            Ok(self.tickets_of(&known).await?)
        };
        let all = self.lists.read(requester.clone(), reading).await?;
        let mut counts = Counts::default();
        for found in all.iter() {
            counts.count(found.state);
        }
        let words: Vec<String> = folded(&query.text).split_whitespace().map(str::to_owned).collect();
        let mut matching: Vec<&FoundRequest> = all
            .iter()
            .filter(|found| query.state.is_none_or(|state| state == found.state))
            .filter(|found| found.holds(&words))
            .collect();
        matching.sort_by_cached_key(|found| found.key(query.sort));
        if query.descending {
            matching.reverse();
        }
        let (total, per_page) = (matching.len(), query.per_page.max(1));
        let on_page = matching.into_iter().skip((query.page.max(1) - 1).saturating_mul(per_page)).take(per_page);
        let mut rows = Vec::new();
        for found in on_page {
            rows.push(self.row(found).await?);
        }
        Ok(Listing { rows, counts, total, page: query.page, pages: total.div_ceil(per_page).max(1) })
    }

    async fn tickets_of(&self, known: &KnownRequester<'_>) -> Result<Vec<FoundRequest>, GlpiError> {
        let by_address = Criterion::Address(known.address.as_str().to_owned());
        let (mut tickets, by_address) = tokio::try_join!(
            async {
                match known.account {
                    Some(account) => self.glpi.search_tickets(&[Criterion::Requester(account)], MOST).await,
                    None => Ok(Vec::new()),
                }
            },
            self.glpi.search_tickets(std::slice::from_ref(&by_address), MOST),
        )?;
        let is_theirs = |address: &String| address.to_lowercase() == known.address.as_str();
        tickets.extend(by_address.into_iter().filter(|ticket| ticket.addresses.iter().any(is_theirs)));
        tickets.sort_by_key(|ticket| std::cmp::Reverse(ticket.id));
        tickets.dedup_by_key(|ticket| ticket.id);
        tickets.truncate(MOST);
        let mappings = self.mappings.now();
        let waiting: Vec<_> = tickets.iter().filter(|ticket| FoundRequest::needs_past(ticket)).collect();
        let pasts = self.pasts.of(&self.glpi, &waiting).await?;
        let own = if pasts.is_empty() { UserId::default() } else { self.glpi.own_account().await? };
        let found = tickets.into_iter().map(|ticket| {
            let past = pasts.get(&ticket.id).map(AsRef::as_ref);
            let requesters = OwnRequesters::of(known.account, known.address, &ticket, own);
            FoundRequest::new(ticket, &mappings, past, &requesters.get(), &self.requester_reasons)
        });
        Ok(found.collect())
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
        let FoundRequest { summary, opening, handed_on, state, .. } = found;
        let state = *state;
        let group = summary.groups.first().map(|path| last_part(path).to_owned());
        let taken_by = match summary.technicians.first() {
            Some(&technician) => Some(self.glpi.directory().name(technician).await?).filter(|name| !name.is_empty()),
            None => None,
        };
        // Whom it was handed on to has not taken it yet.
        let taken_by = taken_by.or_else(|| group.clone().filter(|_| summary.is_taken() && handed_on.is_none()));
        let nature = nature(opening.as_ref(), summary).to_owned();
        let is_on_hold = summary.status == TicketStatus::Pending;
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
            to_approve: summary.status == TicketStatus::Solved,
            may_follow_up: summary.status != TicketStatus::Closed,
        })
    }
}

impl FoundRequest {
    /// Whether each of these folded words stands in what is searched.
    fn holds(&self, words: &[String]) -> bool {
        if words.is_empty() {
            return true;
        }
        let (reference, application) = match &self.opening {
            Some(opening) => (opening.reference.to_string(), opening.application.as_str()),
            None => (String::new(), ""),
        };
        let nature = nature(self.opening.as_ref(), &self.summary);
        let groups = self.summary.groups.join(" ");
        let text =
            folded(&format!("{} {} {reference} {nature} {application} {groups}", self.summary.id, self.summary.name));
        words.iter().all(|word| text.contains(word.as_str()))
    }

    fn key(&self, sort: Sort) -> Key {
        let text = match sort {
            Sort::Title => folded(&self.summary.name),
            Sort::Nature => folded(nature(self.opening.as_ref(), &self.summary)),
            Sort::Group => self.summary.groups.first().map(|path| folded(last_part(path))).unwrap_or_default(),
            Sort::Number | Sort::Date | Sort::Modified | Sort::State => String::new(),
        };
        let date = match sort {
            Sort::Date => self.summary.opened,
            Sort::Modified => self.summary.modified,
            _ => None,
        };
        let state = (sort == Sort::State).then_some(self.state);
        Key { text, date, state, id: self.summary.id }
    }
}

/// What requests are compared by.
#[derive(PartialEq, Eq)]
struct Key {
    text: String,
    date: Option<jiff::civil::DateTime>,
    state: Option<State>,
    id: TicketId,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let parts = |key: &Self| (key.date, key.state, key.id);
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
