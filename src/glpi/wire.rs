//! How GLPI writes numbers, texts and dates in its JSON.
//!
//! GLPI up to 10 encodes numbers by looks (`JSON_NUMERIC_CHECK`): a ticket named «123» comes as a
//! number, an id may come as a string. What is read here takes both.

use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::id::UserId;

/// A number, whether GLPI sends it as one, as text, as a boolean or (for none) as null. One below zero, which an import or
/// an old GLPI left in a duration, is none: a single odd row must not cost a page of a thousand.
pub(super) fn number<'de, N: From<u64>, D: Deserializer<'de>>(deserializer: D) -> Result<N, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match &value {
        Value::Null => Some(0),
        Value::Bool(flag) => Some(u64::from(*flag)),
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().map(whole)),
        Value::String(text) if text.is_empty() => Some(0),
        Value::String(text) => text.parse().ok().or_else(|| text.parse().ok().map(whole)),
        Value::Array(_) | Value::Object(_) => None,
    }
    .map(N::from)
    .ok_or_else(|| serde::de::Error::custom("expected a number"))
}

/// What is whole and above zero of a number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is cut to what there can be")]
fn whole(number: f64) -> u64 {
    number as u64
}

/// A number, or none where GLPI has none.
pub(super) fn number_or_none<'de, N: From<u64>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<N>, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    Ok(number.map(N::from))
}

/// A number that GLPI gave, where it gave one: 0 is an id, too.
pub(super) fn known_number<'de, N: From<u64>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<N>, D::Error> {
    number(deserializer).map(Some)
}

/// A text, decoded, whether GLPI sends it as one, as a number or (for none) as null.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(decode(text)),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(serde::de::Error::custom("expected a text")),
    }
}

/// The texts of a search option that has none, one or several.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts = match Value::deserialize(deserializer)? {
        Value::Array(values) => values,
        value => vec![value],
    };
    texts
        .into_iter()
        .filter_map(|value| match value {
            Value::Null => None,
            Value::String(text) if text.is_empty() => None,
            value => Some(text(value).map_err(serde::de::Error::custom)),
        })
        .collect()
}

/// The ids of a search option that shows accounts; 0 is none.
pub(super) fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<UserId>, D::Error> {
    let ids = texts(deserializer)?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).filter(|id: &UserId| id.get() > 0).collect())
}

/// What GLPI sends as 0 or 1.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    number(deserializer).map(|number: u64| number > 0)
}

/// `2026-11-21 23:21:36`; none where GLPI has none.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime>, D::Error> {
    text(deserializer).map(|text| text.parse().ok())
}

/// Undoes the encoding GLPI stores its texts in: `&#60; &#62; &#38;` in 10.0, `&lt; &gt;` in 9.5,
/// nothing in 11.0.
///
/// `X-GLPI-Sanitized-Content: false` asks 10.0 to do it, but not for `search/…`, and 9.5 does not
/// know it. A text with a bare `<` or `>` is not encoded: both encodings leave none.
fn decode(text: String) -> String {
    if text.contains(['<', '>']) {
        text
    } else if ["&#60;", "&#62;", "&#38;"].iter().any(|code| text.contains(code)) {
        // & last, or `&#38;#60;` would be decoded twice
        text.replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
    } else {
        text.replace("&lt;", "<").replace("&gt;", ">")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rstest::rstest;

    use super::*;
    use crate::glpi::{FoundTicket, TicketStatus};

    #[rstest]
    #[case::glpi_10("&#60;p&#62;a &#38;amp; b&#60;/p&#62;", "<p>a &amp; b</p>")]
    #[case::glpi_10_name("Scolarité &#62; LSU &#38; ONDE", "Scolarité > LSU & ONDE")]
    #[case::glpi_10_once("&#38;#60;", "&#60;")]
    #[case::glpi_9_5("&lt;p&gt;a &amp; b&lt;/p&gt;", "<p>a &amp; b</p>")]
    #[case::glpi_11("<p>a &lt;b&gt; &amp; c</p>", "<p>a &lt;b&gt; &amp; c</p>")]
    #[case::plain("Référents-LSU", "Référents-LSU")]
    fn texts_are_decoded_once(#[case] stored: &str, #[case] meant: &str) {
        assert_eq!(decode(stored.to_owned()), meant);
    }

    #[test]
    fn numbers_and_texts_come_in_either_shape() {
        let row: FoundTicket = serde_json::from_str(r#"{"2": "12", "1": 2026, "12": null, "15": null}"#).unwrap();
        assert_eq!((row.id.get(), row.name.as_str(), row.status), (12, "2026", TicketStatus::Other(0)));
        assert!(serde_json::from_str::<FoundTicket>(r#"{"2": [1]}"#).is_err());
    }

    /// Whatever number stands in whatever column, the row is read.
    #[rstest]
    #[case("-2400", 0)]
    #[case("\"-5\"", 0)]
    #[case("12.9", 12)]
    #[case("\"12.9\"", 12)]
    #[case("-0.5", 0)]
    #[case("1e3", 1000)]
    #[case("18446744073709551616", u64::MAX)]
    #[case("true", 1)]
    #[case("null", 0)]
    fn odd_numbers_cost_no_row(#[case] written: &str, #[case] meant: u64) {
        let mut read = serde_json::Deserializer::from_str(written);
        assert_eq!(number::<u64, _>(&mut read).unwrap(), meant);
    }
}
