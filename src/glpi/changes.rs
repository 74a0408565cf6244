//! What became of a ticket, as its history says it.

use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{TicketStatus, wire};
use crate::id::{FollowupId, GroupId, UserId};

/// Search options of GLPI's `CommonITILObject`, which its history names too.
pub(super) const ASSIGNED_USER: u64 = 5;
pub(super) const ASSIGNED_GROUP: u64 = 8;
pub(super) const STATUS: u64 = 12;
const TAKEN_AFTER: u64 = 150;
/// Constants of GLPI's class `Log`.
pub(super) const HISTORY_ADD_RELATION: u64 = 15;
pub(super) const HISTORY_DEL_RELATION: u64 = 16;
const HISTORY_ADD_SUBITEM: u64 = 17;
const HISTORY_DELETE_SUBITEM: u64 = 19;

/// Something that happened to a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketChange {
    /// When, in GLPI's time zone.
    pub at: DateTime,
    /// Who did it; `None` for GLPI itself.
    pub by: Option<UserId>,
    /// What.
    pub what: Happening,
}

/// What happened to a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// It has another status.
    Status {
        /// The one it had.
        from: TicketStatus,
        /// The one it has.
        to: TicketStatus,
    },
    /// An account was assigned.
    Assigned(UserId),
    /// A group was assigned.
    GroupAssigned {
        /// The group.
        group: GroupId,
        /// Its full path.
        name: String,
    },
    /// A group was taken off, in whichever role.
    GroupGone(GroupId),
    /// It was put on hold for this reason.
    HoldReason(String),
    /// It counts as taken into account from now on, or no longer.
    Taken(bool),
    /// A follow-up was written, or deleted.
    Followup {
        /// Its id.
        id: FollowupId,
        /// Whether it is gone.
        is_gone: bool,
    },
}

/// A ticket that is shown with its history.
#[derive(Deserialize)]
pub(super) struct WithHistory {
    #[serde(rename = "_logs", default, deserialize_with = "rows")]
    rows: Vec<LogRow>,
}

impl WithHistory {
    /// Oldest first; none for an account without the right to read it (`logs`).
    pub(super) fn changes(self) -> Vec<TicketChange> {
        self.rows.iter().filter_map(change).collect()
    }
}

/// A row of `Ticket/{id}/Log`
#[derive(Deserialize)]
pub(super) struct LogRow {
    #[serde(default, deserialize_with = "wire::number")]
    pub(super) linked_action: u64,
    #[serde(default, deserialize_with = "wire::number")]
    pub(super) id_search_option: u64,
    #[serde(default, deserialize_with = "wire::text")]
    pub(super) itemtype_link: String,
    #[serde(default, deserialize_with = "wire::text")]
    pub(super) user_name: String,
    #[serde(default, deserialize_with = "wire::text")]
    pub(super) old_value: String,
    #[serde(default, deserialize_with = "wire::text")]
    pub(super) new_value: String,
    #[serde(default, deserialize_with = "wire::text")]
    pub(super) date_mod: String,
}

/// GLPI keys the rows by their ids, which grow; words on a missing right stand in their place.
fn rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<LogRow>, D::Error> {
    let mut keyed: Vec<(u64, Value)> = match Value::deserialize(deserializer)? {
        Value::Object(rows) => rows.into_iter().map(|(id, row)| (id.parse().unwrap_or_default(), row)).collect(),
        Value::Array(rows) => rows.into_iter().map(|row| (0, row)).collect(),
        _ => Vec::new(),
    };
    keyed.retain(|(_, row)| row.is_object());
    keyed.sort_by_key(|(id, _)| *id);
    keyed.into_iter().map(|(_, row)| serde_json::from_value(row).map_err(serde::de::Error::custom)).collect()
}

fn change(row: &LogRow) -> Option<TicketChange> {
    let what = match (row.linked_action, row.id_search_option, row.itemtype_link.as_str()) {
        (0, STATUS, _) => Happening::Status { from: status(&row.old_value)?, to: status(&row.new_value)? },
        (0, TAKEN_AFTER, _) => Happening::Taken(row.new_value.parse().is_ok_and(|seconds: u64| seconds > 0)),
        (HISTORY_ADD_RELATION, ASSIGNED_USER, _) => Happening::Assigned(numbered(&row.new_value)?),
        (HISTORY_ADD_RELATION, ASSIGNED_GROUP, _) => {
            let name = row.new_value.rsplit_once(" (").map_or("", |(name, _)| name).to_owned();
            Happening::GroupAssigned { group: numbered(&row.new_value)?, name }
        }
        (HISTORY_ADD_RELATION, _, "PendingReason") => {
            Happening::HoldReason(row.new_value.rsplit_once(" (").map_or("", |(name, _)| name).to_owned())
        }
        (HISTORY_DEL_RELATION, _, "Group") => Happening::GroupGone(numbered(&row.old_value)?),
        (HISTORY_ADD_SUBITEM, _, "ITILFollowup") => {
            Happening::Followup { id: row.new_value.parse().ok()?, is_gone: false }
        }
        (HISTORY_DELETE_SUBITEM, _, "ITILFollowup") => {
            let id = [&row.old_value, &row.new_value].into_iter().find_map(|value| value.parse().ok());
            Happening::Followup { id: id?, is_gone: true }
        }
        _ => return None,
    };
    Some(TicketChange { at: row.date_mod.parse().ok()?, by: numbered(&row.user_name), what })
}

fn status(value: &str) -> Option<TicketStatus> {
    value.parse().ok().map(|number: u64| number.into())
}

/// The id in «name (id)».
pub(super) fn numbered<I: From<u64>>(name: &str) -> Option<I> {
    name.strip_suffix(')')?.rsplit_once('(')?.1.parse().ok().map(u64::into)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Happening, WithHistory};
    use crate::glpi::TicketStatus;
    use crate::id::{FollowupId, GroupId, UserId};

    #[test]
    fn the_history_is_read_in_its_order_and_by_its_numbers() {
        let row = |action: u64, option: u64, link: &str, old: &str, new: &str| {
            json!({
                "linked_action": action, "id_search_option": option, "itemtype_link": link, "old_value": old,
                "new_value": new, "user_name": "Morel Claude (15)", "date_mod": "2026-11-27 10:00:00",
            })
        };
        let shown = json!({"id": 1, "_logs": {
            "12": row(0, 12, "", "2", "4"),
            "9": row(15, 8, "Group", "", "Assistance > Référents-LSU (1)"),
            "10": row(15, 5, "User", "", "Morel Claude (15)"),
            "11": row(0, 150, "", "0", "37"),
            "13": row(17, 0, "ITILFollowup", "", "1186"),
            "14": row(19, 0, "ITILFollowup", "1186", ""),
            "15": row(16, 0, "Group", "Référents-LSU (1)", ""),
            "16": row(12, 0, "ITILFollowup", "", "Suivi (1186)"),
            "17": row(15, 0, "PendingReason", "", "Attente de l’éditeur (2)"),
            "18": row(16, 0, "PendingReason", "Attente de l’éditeur (2)", ""),
        }});
        let changes = serde_json::from_value::<WithHistory>(shown).unwrap().changes();
        assert!(changes.iter().all(|change| change.by == Some(UserId::new(15))));
        let happened: Vec<_> = changes.into_iter().map(|change| change.what).collect();
        let id = FollowupId::new(1186);
        assert_eq!(
            happened,
            [
                Happening::GroupAssigned { group: GroupId::new(1), name: "Assistance > Référents-LSU".to_owned() },
                Happening::Assigned(UserId::new(15)),
                Happening::Taken(true),
                Happening::Status { from: TicketStatus::Assigned, to: TicketStatus::Pending },
                Happening::Followup { id, is_gone: false },
                Happening::Followup { id, is_gone: true },
                Happening::GroupGone(GroupId::new(1)),
                Happening::HoldReason("Attente de l’éditeur".to_owned()),
            ]
        );
    }

    #[test]
    fn without_the_right_to_read_it_there_is_none() {
        let missing = json!({"error": 401, "message": "Vous n'avez pas les droits requis pour réaliser cette action."});
        for logs in [missing, json!([]), json!(null)] {
            let shown = json!({"id": 1, "_logs": logs});
            assert!(serde_json::from_value::<WithHistory>(shown).unwrap().changes().is_empty());
        }
        assert!(serde_json::from_value::<WithHistory>(json!({"id": 1})).unwrap().changes().is_empty());
    }
}
