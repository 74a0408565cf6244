//! What PHP does to a request before GLPI sees it: nested query strings and loose types.

use serde_json::{Map, Value};

/// One row of a table, or the parameters of a call.
pub(super) type Row = Map<String, Value>;

/// PHP's `max_input_nesting_level`.
const DEEPEST: usize = 64;

/// Parses `a[b][0]=c&d[]=e` as PHP's `parse_str` does; every list is an object with number keys.
pub(super) fn parse_query(query: &str) -> Row {
    let mut parameters = Row::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let keys = keys_of(&name);
        if !keys.is_empty() && keys.len() <= DEEPEST {
            place(&mut parameters, &keys, value.into_owned());
        }
    }
    parameters
}

fn keys_of(name: &str) -> Vec<&str> {
    let Some((first, rest)) = name.split_once('[') else {
        return vec![name];
    };
    let mut keys = vec![first];
    keys.extend(rest.trim_end_matches(']').split("]["));
    keys
}

fn place(map: &mut Row, keys: &[&str], value: String) {
    let [first, rest @ ..] = keys else { return };
    let key = if first.is_empty() { map.len().to_string() } else { (*first).to_owned() };
    if rest.is_empty() {
        map.insert(key, Value::String(value));
        return;
    }
    let slot = map.entry(key).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Row::new());
    }
    if let Value::Object(inner) = slot {
        place(inner, rest, value);
    }
}

/// The elements of a PHP array, in the order of its keys; a scalar is a list of itself, null none.
pub(super) fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.parse::<u64>().unwrap_or(u64::MAX));
            entries.into_iter().map(|(_, value)| value).collect()
        }
        scalar => vec![scalar],
    }
}

/// `intval`: the leading digits of a text, 0 where there are none.
pub(super) fn int(value: &Value) -> i64 {
    match value {
        Value::Number(number) => number.as_i64().unwrap_or_default(),
        Value::Bool(yes) => i64::from(*yes),
        Value::String(text) => {
            let text = text.trim_start();
            let end = text
                .char_indices()
                .find(|(at, c)| !(c.is_ascii_digit() || (*at == 0 && *c == '-')))
                .map_or(text.len(), |(at, _)| at);
            text[..end].parse().unwrap_or_default()
        }
        _ => 0,
    }
}

/// `strval`, without a warning for arrays.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "1".to_owned(),
        _ => String::new(),
    }
}

/// Whether PHP takes a value for true (`"false"` in a query counts as false, as GLPI's API does).
pub(super) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.as_str(), "" | "0" | "false"),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// A field as a number; 0 when it is missing.
pub(super) fn int_of(row: &Row, field: &str) -> i64 {
    row.get(field).map_or(0, int)
}

/// A field as a text; empty when it is missing.
pub(super) fn text_of(row: &Row, field: &str) -> String {
    row.get(field).map(text).unwrap_or_default()
}

/// Whether a field is there and true.
pub(super) fn flag(row: &Row, field: &str) -> bool {
    row.get(field).is_some_and(truthy)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn nested_query_strings() {
        let row = parse_query("criteria[0][criteria][1][field]=7&x[]=a&x[]=b&plain=1%2B1+2");
        assert_eq!(row["criteria"]["0"]["criteria"]["1"]["field"], Value::from("7"));
        assert_eq!(elements(&row["x"]), [&Value::from("a"), &Value::from("b")]);
        assert_eq!(row["plain"], Value::from("1+1 2"));
    }

    #[test]
    fn lists_keep_the_order_of_their_numbers() {
        let query: Vec<_> = (0..12).map(|i| format!("x[{i}]={i}")).collect();
        let row = parse_query(&query.join("&"));
        let order: Vec<_> = elements(&row["x"]).into_iter().map(int).collect();
        assert_eq!(order, (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn absurd_nesting_is_dropped() {
        assert!(parse_query(&format!("a{}=1", "[b]".repeat(1000))).is_empty());
    }

    #[test]
    fn loose_numbers() {
        for (value, expected) in [
            (Value::from("12abc"), 12),
            (Value::from("-3"), -3),
            (Value::from("abc"), 0),
            (Value::from(true), 1),
            (Value::Null, 0),
        ] {
            assert_eq!(int(&value), expected, "{value}");
        }
    }
}
