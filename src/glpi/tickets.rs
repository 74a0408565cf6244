//! Reading tickets and what belongs to them.

use jiff::{SignedDuration, civil::DateTime};
use serde::{Deserialize, de::DeserializeOwned};

use crate::id::{
    CategoryId, EntityId, FollowupId, GroupId, GroupLinkId, RequestTypeId, SolutionId, TicketId, UserId, UserLinkId,
};

use super::changes::{
    ASSIGNED_GROUP, ASSIGNED_USER, HISTORY_ADD_RELATION, HISTORY_DEL_RELATION, LogRow, STATUS, TicketChange,
    WithHistory, numbered,
};
use super::error::GlpiError;
use super::lists::whole_list;
use super::{ActorRole, Glpi, Requester, SolutionStatus, TicketStatus, wire};

/// A ticket as GLPI shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ticket {
    /// Its id.
    #[serde(deserialize_with = "wire::number")]
    pub id: TicketId,
    /// Its title.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: String,
    /// Its description, as HTML.
    #[serde(default, deserialize_with = "wire::text")]
    pub content: String,
    /// The account that wrote it, which whoever makes a ticket cannot choose.
    #[serde(rename = "users_id_recipient", default, deserialize_with = "wire::number")]
    pub writer: UserId,
    /// Its status.
    #[serde(default)]
    pub status: TicketStatus,
    /// Whether it is in the bin.
    #[serde(rename = "is_deleted", default, deserialize_with = "wire::flag")]
    pub deleted: bool,
    /// 1 incident, 2 request: see [`super::TicketType`].
    #[serde(rename = "type", default, deserialize_with = "wire::number")]
    pub kind: u64,
    /// 1 to 5.
    #[serde(default, deserialize_with = "wire::number")]
    pub urgency: u64,
    /// `ITILCategory` id, 0 for none.
    #[serde(rename = "itilcategories_id", default, deserialize_with = "wire::number")]
    pub category: CategoryId,
    /// `Entity` id; `None` where GLPI does not say.
    #[serde(rename = "entities_id", default, deserialize_with = "wire::known_number")]
    pub entity: Option<EntityId>,
    /// `RequestType` id, 0 for none.
    #[serde(rename = "requesttypes_id", default, deserialize_with = "wire::number")]
    pub request_type: RequestTypeId,
    /// When it was opened, in GLPI's time zone.
    #[serde(rename = "date", default, deserialize_with = "wire::date")]
    pub opened: Option<DateTime>,
    /// When someone took it in charge, in GLPI's time zone.
    #[serde(rename = "takeintoaccountdate", default, deserialize_with = "wire::date")]
    pub taken_into_account: Option<DateTime>,
    /// Since when it is on hold, or solved, in GLPI's time zone.
    #[serde(rename = "begin_waiting_date", default, deserialize_with = "wire::date")]
    pub waiting_since: Option<DateTime>,
    /// When it was solved last, in GLPI's time zone.
    #[serde(rename = "solvedate", default, deserialize_with = "wire::date")]
    pub solved: Option<DateTime>,
    /// When it was closed, in GLPI's time zone.
    #[serde(rename = "closedate", default, deserialize_with = "wire::date")]
    pub closed: Option<DateTime>,
    /// When it was changed last, in GLPI's time zone.
    #[serde(rename = "date_mod", default, deserialize_with = "wire::date")]
    pub modified: Option<DateTime>,
}

/// A group of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketGroup {
    /// The id of the link, a `Group_Ticket`.
    pub row: GroupLinkId,
    /// The group's id.
    pub group: GroupId,
    /// What it is to the ticket.
    pub role: ActorRole,
}

/// A person of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketUser {
    /// The id of the link, a `Ticket_User`.
    pub row: UserLinkId,
    /// The account, or the address of someone without.
    pub who: Requester,
    /// Where GLPI writes to an account instead of its default address; may be empty.
    pub address: String,
    /// What they are to the ticket.
    pub role: ActorRole,
}

/// A group came to a ticket's assignees, or left the ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupChange {
    /// The group's id.
    pub group: GroupId,
    /// The account that did it; `None` for GLPI itself.
    pub by: Option<UserId>,
    /// When, in GLPI's time zone.
    pub at: DateTime,
}

/// A follow-up of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Followup {
    /// Its id.
    #[serde(deserialize_with = "wire::number")]
    pub id: FollowupId,
    /// The account that shows as its author; 0 for a person without one.
    #[serde(rename = "users_id", deserialize_with = "wire::number")]
    pub author: UserId,
    /// The text, as HTML.
    #[serde(default, deserialize_with = "wire::text")]
    pub content: String,
    /// Whether only staff sees it.
    #[serde(rename = "is_private", default, deserialize_with = "wire::flag")]
    pub private: bool,
    /// When it was written, in GLPI's time zone.
    #[serde(rename = "date", default, deserialize_with = "wire::date")]
    pub written: Option<DateTime>,
    /// When it was changed last, in GLPI's time zone.
    #[serde(rename = "date_mod", default, deserialize_with = "wire::date")]
    pub modified: Option<DateTime>,
}

impl Followup {
    /// Whether it is a note of the account `own`, the gateway's: nobody else writes private ones in its name.
    pub fn is_note_of(&self, own: UserId) -> bool {
        self.private && self.author == own
    }
}

/// A solution of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Solution {
    /// Its id.
    #[serde(deserialize_with = "wire::number")]
    pub id: SolutionId,
    /// The account that shows as its author.
    #[serde(rename = "users_id", default, deserialize_with = "wire::number")]
    pub author: UserId,
    /// The text, as HTML.
    #[serde(default, deserialize_with = "wire::text")]
    pub content: String,
    /// What its requester says of it.
    #[serde(default)]
    pub status: SolutionStatus,
    /// The account that accepted or refused it, 0 for none: over the API the service account.
    #[serde(rename = "users_id_approval", default, deserialize_with = "wire::number")]
    pub answered_by: UserId,
    /// When it was accepted or refused, in GLPI's time zone.
    #[serde(rename = "date_approval", default, deserialize_with = "wire::date")]
    pub answered: Option<DateTime>,
    /// When it was written, in GLPI's time zone.
    #[serde(rename = "date_creation", default, deserialize_with = "wire::date")]
    pub written: Option<DateTime>,
}

/// `GET Ticket/{id}`
#[derive(Deserialize)]
struct TicketItem {
    #[serde(flatten)]
    ticket: Ticket,
    #[serde(default, deserialize_with = "wire::number")]
    takeintoaccount_delay_stat: u64,
    /// Where it was asked for.
    #[serde(flatten)]
    history: WithHistory,
}

/// A row of `Ticket/{id}/Group_Ticket`
#[derive(Deserialize)]
struct GroupRow {
    #[serde(deserialize_with = "wire::number")]
    id: GroupLinkId,
    #[serde(deserialize_with = "wire::number")]
    groups_id: GroupId,
    #[serde(rename = "type", deserialize_with = "wire::number")]
    role: u64,
}

/// A row of `Ticket/{id}/Ticket_User`
#[derive(Deserialize)]
struct UserRow {
    #[serde(deserialize_with = "wire::number")]
    id: UserLinkId,
    #[serde(deserialize_with = "wire::number")]
    users_id: UserId,
    #[serde(rename = "type", deserialize_with = "wire::number")]
    role: u64,
    #[serde(default, deserialize_with = "wire::text")]
    alternative_email: String,
}

impl Glpi {
    /// A ticket, also one in the bin.
    ///
    /// Of one that the account may not see, in another entity for instance, GLPI says that a right is
    /// missing: [`GlpiError::NotFound`] here.
    pub async fn ticket(&self, id: TicketId) -> Result<Ticket, GlpiError> {
        Ok(self.ticket_and(id, &[]).await?.0)
    }

    /// A ticket and what became of it, the oldest change first, in one call; as [`Glpi::ticket`].
    ///
    /// No change is said for an account without the right to read the history (`logs`).
    pub async fn ticket_with_history(&self, id: TicketId) -> Result<(Ticket, Vec<TicketChange>), GlpiError> {
        self.ticket_and(id, &[("with_logs", "true")]).await
    }

    async fn ticket_and(&self, id: TicketId, more: &[(&str, &str)]) -> Result<(Ticket, Vec<TicketChange>), GlpiError> {
        let query = [&[("get_hateoas", "false")], more].concat();
        let query = query.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let item: Result<TicketItem, _> = self.get(format!("Ticket/{id}"), query).await;
        match item {
            Ok(item) => {
                let taken_into_account = taken(&item);
                Ok((Ticket { taken_into_account, ..item.ticket }, item.history.changes()))
            }
            Err(GlpiError::Denied { code, .. }) if code == "ERROR_RIGHT_MISSING" => Err(GlpiError::NotFound),
            Err(error) => Err(error),
        }
    }

    /// The groups of a ticket.
    pub async fn ticket_groups(&self, id: TicketId) -> Result<Vec<TicketGroup>, GlpiError> {
        let rows: Vec<GroupRow> = self.part_of_ticket(id, "Group_Ticket").await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                Some(TicketGroup { row: row.id, group: row.groups_id, role: ActorRole::from_number(row.role)? })
            })
            .collect())
    }

    /// The people of a ticket.
    pub async fn ticket_users(&self, id: TicketId) -> Result<Vec<TicketUser>, GlpiError> {
        let rows: Vec<UserRow> = self.part_of_ticket(id, "Ticket_User").await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                Some(TicketUser {
                    row: row.id,
                    who: match row.users_id.get() {
                        0 => Requester::Email(row.alternative_email.clone()),
                        _ => Requester::User(row.users_id),
                    },
                    address: row.alternative_email,
                    role: ActorRole::from_number(row.role)?,
                })
            })
            .collect())
    }

    /// The follow-ups of a ticket, oldest first.
    pub async fn ticket_followups(&self, id: TicketId) -> Result<Vec<Followup>, GlpiError> {
        self.part_of_ticket(id, "ITILFollowup").await
    }

    /// The solutions of a ticket, oldest first; the last one counts.
    pub async fn ticket_solutions(&self, id: TicketId) -> Result<Vec<Solution>, GlpiError> {
        self.part_of_ticket(id, "ITILSolution").await
    }

    /// When this group was assigned to the ticket last, by the ticket's history, in GLPI's time zone.
    ///
    /// `None` where the history does not say, for an account without the right to read it (`logs`) too.
    pub async fn assigned_since(&self, ticket: TicketId, group: GroupId) -> Result<Option<DateTime>, GlpiError> {
        self.added_at(ticket, ASSIGNED_GROUP, group.get()).await
    }

    /// When this account was assigned to the ticket last, as [`Glpi::assigned_since`].
    pub async fn technician_since(&self, ticket: TicketId, user: UserId) -> Result<Option<DateTime>, GlpiError> {
        self.added_at(ticket, ASSIGNED_USER, user.get()).await
    }

    /// When the actor with this id was added last, in the role that a search option names.
    async fn added_at(&self, ticket: TicketId, option: u64, id: u64) -> Result<Option<DateTime>, GlpiError> {
        let rows = self.history(ticket).await?;
        let suffix = format!("({id})");
        let assigned = rows.iter().filter(|row| {
            row.linked_action == HISTORY_ADD_RELATION
                && row.id_search_option == option
                && row.new_value.ends_with(&suffix)
        });
        Ok(assigned.filter_map(|row| date(&row.date_mod)).max())
    }

    /// The groups that were assigned to a ticket, or taken off it in whichever role, by its history.
    ///
    /// None where the history does not say, for an account without the right to read it (`logs`) too.
    pub async fn group_changes(&self, ticket: TicketId) -> Result<Vec<GroupChange>, GlpiError> {
        let rows = self.history(ticket).await?;
        let changes = rows.iter().filter(|row| row.itemtype_link == "Group").filter_map(|row| {
            let group = match row.linked_action {
                HISTORY_ADD_RELATION if row.id_search_option == ASSIGNED_GROUP => &row.new_value,
                HISTORY_DEL_RELATION => &row.old_value,
                _ => return None,
            };
            Some(GroupChange { group: numbered(group)?, by: numbered(&row.user_name), at: date(&row.date_mod)? })
        });
        Ok(changes.collect())
    }

    /// The account that closed a ticket last, by the ticket's history.
    ///
    /// `None` where the history does not say, for an account without the right to read it (`logs`) too, and for GLPI
    /// itself, which closes what was solved long ago.
    pub async fn closed_by(&self, ticket: TicketId) -> Result<Option<UserId>, GlpiError> {
        let closed = TicketStatus::Closed.number().to_string();
        let rows = self.history(ticket).await?;
        let last = rows.iter().filter(|row| row.id_search_option == STATUS && row.new_value == closed);
        Ok(last.max_by_key(|row| date(&row.date_mod)).and_then(|row| numbered(&row.user_name)))
    }

    /// The newest rows of a ticket's history, as many as one call gives.
    async fn history(&self, ticket: TicketId) -> Result<Vec<LogRow>, GlpiError> {
        let mut query = whole_list();
        query.push(("order".to_owned(), "DESC".to_owned()));
        match self.get(format!("Ticket/{ticket}/Log"), query).await {
            Err(GlpiError::Denied { .. }) => Ok(Vec::new()),
            rows => rows,
        }
    }

    async fn part_of_ticket<T: DeserializeOwned>(&self, id: TicketId, item_type: &str) -> Result<Vec<T>, GlpiError> {
        self.list(format!("Ticket/{id}/{item_type}")).await
    }
}

/// When a ticket was taken into account: GLPI before 10.0.4 keeps the delay alone, in seconds since the opening.
fn taken(item: &TicketItem) -> Option<DateTime> {
    let by_delay = || {
        let delay = Some(item.takeintoaccount_delay_stat).filter(|delay| *delay > 0)?;
        item.ticket.opened?.checked_add(SignedDuration::from_secs(i64::try_from(delay).ok()?)).ok()
    };
    item.ticket.taken_into_account.or_else(by_delay)
}

/// `2026-11-21 23:21:36`
fn date(text: &str) -> Option<DateTime> {
    text.parse().ok()
}
