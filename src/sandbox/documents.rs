//! The documents that an item is shown with (`with_documents`).

use serde_json::Value;

use super::php::{Row, int_of, text_of};
use super::store::Store;

/// The documents of an item, each with its link. A ticket has those of what is said on it, too, but not the pictures in
/// texts (`CommonITILObject::getAssociatedDocumentsCriteria`).
pub(super) fn of(store: &Store, kind: &str, id: i64) -> Vec<Row> {
    let mut holders = vec![(kind, id)];
    if kind == "Ticket" {
        for said in ["ITILFollowup", "ITILSolution"] {
            let rows = store.rows_of(said, "items_id", id).filter(|row| text_of(row, "itemtype") == "Ticket");
            holders.extend(rows.map(|row| (said, int_of(row, "id"))));
        }
    }
    let is_held = |link: &&Row| {
        let is_shown = kind != "Ticket" || int_of(link, "timeline_position") > -1;
        let (holder, id) = (text_of(link, "itemtype"), int_of(link, "items_id"));
        is_shown && holders.contains(&(holder.as_str(), id))
    };
    store.rows("Document_Item").filter(is_held).map(|link| row(store, link)).collect()
}

fn row(store: &Store, link: &Row) -> Row {
    // Of one that was purged, the link may stay.
    let purged = || Row::from_iter([("id".to_owned(), Value::Null)]);
    let mut row = store.get("Document", int_of(link, "documents_id")).cloned().unwrap_or_else(purged);
    row.insert("assocID".to_owned(), Value::from(int_of(link, "id")));
    row.insert("assocdate".to_owned(), Value::from(text_of(link, "date_creation")));
    row
}
