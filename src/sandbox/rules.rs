//! GLPI's business rules for tickets: criteria on what was sent, and what they then assign.

use serde_json::Value;

use super::php::{Row, flag, int_of, text, text_of};
use super::store::Store;

/// The condition bit of rules that apply to a creation.
const ON_ADD: i64 = 1;

/// One thing a rule changes in the input: the field gets the value.
pub(super) struct Change {
    pub(super) field: String,
    pub(super) value: Value,
    /// Added to what is there (`append`) instead of taking its place (`assign`).
    pub(super) appends: bool,
}

/// What the active rules make of a ticket's input, in their order.
pub(super) fn on_add(store: &Store, input: &Row) -> Vec<Change> {
    let mut rules: Vec<_> = store.rows("RuleTicket").collect();
    rules.sort_by_key(|rule| int_of(rule, "ranking"));
    rules
        .into_iter()
        .filter(|rule| flag(rule, "is_active") && int_of(rule, "condition") & ON_ADD != 0)
        .filter(|rule| holds(store, rule, input))
        .flat_map(|rule| store.rows_of("RuleAction", "rules_id", int_of(rule, "id")))
        .map(|action| Change {
            field: text_of(action, "field"),
            value: action.get("value").cloned().unwrap_or_default(),
            appends: text_of(action, "action_type") == "append",
        })
        .collect()
}

fn holds(store: &Store, rule: &Row, input: &Row) -> bool {
    let mut criteria = store.rows_of("RuleCriteria", "rules_id", int_of(rule, "id")).peekable();
    if criteria.peek().is_none() {
        return false;
    }
    if text_of(rule, "match") == "OR" {
        criteria.any(|criterion| matches(criterion, input))
    } else {
        criteria.all(|criterion| matches(criterion, input))
    }
}

/// One criterion; regular expressions (6, 7) never match here.
fn matches(criterion: &Row, input: &Row) -> bool {
    let field = text_of(criterion, "criteria");
    let value = value_of(&field, input).to_lowercase();
    let pattern = text_of(criterion, "pattern").to_lowercase();
    match int_of(criterion, "condition") {
        0 => value == pattern,
        1 => value != pattern,
        2 => value.contains(&pattern),
        3 => !value.contains(&pattern),
        4 => value.starts_with(&pattern),
        5 => value.ends_with(&pattern),
        8 => !value.is_empty(),
        9 => value.is_empty(),
        _ => false,
    }
}

/// A field of the input, or the mail header that a criterion like `_from` names.
fn value_of(field: &str, input: &Row) -> String {
    if let Some(value) = input.get(field) {
        return text(value);
    }
    let header = field.strip_prefix('_').map(|name| name.replace('_', "-"));
    let value = header.and_then(|name| input.get("_head")?.get(&name).map(text));
    value.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_mail_header_is_a_criterion() {
        let input = json!({ "name": "x", "_head": { "from": "Special@ac-dijon.fr" } });
        let input = input.as_object().unwrap();
        assert_eq!(value_of("_from", input), "Special@ac-dijon.fr");
        for (condition, pattern, expected) in [
            (0, "special@ac-dijon.fr", true),
            (1, "special@ac-dijon.fr", false),
            (2, "@ac-dijon", true),
            (3, "@ac-dijon", false),
            (4, "special", true),
            (5, ".fr", true),
            (8, "", true),
            (9, "", false),
            (6, "/.*/", false),
        ] {
            let criterion = json!({ "criteria": "_from", "condition": condition, "pattern": pattern });
            let criterion = criterion.as_object().unwrap();
            assert_eq!(matches(criterion, input), expected, "{condition} {pattern}");
        }
    }

    #[test]
    fn the_seeded_rule_looks_at_the_category() {
        let store = Store::seeded(crate::sandbox::Version::Ten).unwrap();
        let lsu = json!({ "itilcategories_id": 2 });
        let changes = on_add(&store, lsu.as_object().unwrap());
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].field, "_groups_id_assign");
        assert_eq!(changes[0].value, "1");
        let onde = json!({ "itilcategories_id": 3 });
        assert!(on_add(&store, onde.as_object().unwrap()).is_empty());
    }
}
