//! API clients, as far as GLPI changes what it is given of them (`APIClient::prepareInputForUpdate`).

use std::net::Ipv4Addr;

use serde_json::Value;

use super::php::{Row, text_of};

/// Addresses become numbers (`ip2long`), and one that is empty or none becomes null.
pub(super) fn prepare(input: &mut Row) {
    for field in ["ipv4_range_start", "ipv4_range_end"] {
        if input.contains_key(field) {
            let address: Option<Ipv4Addr> = text_of(input, field).parse().ok();
            let number = address.map_or(Value::Null, |it| Value::from(u32::from(it)));
            input.insert(field.to_owned(), number);
        }
    }
    if input.get("ipv6").is_some_and(|value| value == "") {
        input.insert("ipv6".to_owned(), Value::Null);
    }
}
