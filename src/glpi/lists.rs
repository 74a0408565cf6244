//! The parameters of GLPI's lists: which rows, and the patterns that narrow them.

/// Rows of a list that one call gives.
pub(super) const PAGE: usize = 1000;
/// Rows of a list that are read at most.
pub(super) const MOST_ROWS: usize = 20 * PAGE;

/// `range` and the other parameters of a list that has no more rows than one page, without links.
pub(super) fn whole_list() -> Vec<(String, String)> {
    page(0)
}

/// The parameters of the page of a list that begins with this row.
pub(super) fn page(from: usize) -> Vec<(String, String)> {
    let range = format!("{from}-{}", from + PAGE - 1);
    vec![("range".to_owned(), range), ("get_hateoas".to_owned(), "false".to_owned())]
}

/// A list's parameters that narrow it to rows whose `field` is `value`, or nearly so: the caller
/// compares, since the database minds neither case nor accents.
pub(super) fn exactly(field: &str, value: &str) -> Vec<(String, String)> {
    let mut query = whole_list();
    query.push((format!("searchText[{field}]"), pattern(value)));
    query
}

/// GLPI's `searchText` is a pattern: `^` and `$` anchor it, `%` stands for anything. What GLPI escapes
/// or encodes differently from version to version (`&`, `<`, quotes, `_`…) becomes `%`.
pub(super) fn pattern(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " -.@,:()".contains(c);
    let middle: String = value.trim().chars().map(|c| if plain(c) { c } else { '%' }).collect();
    format!("^{middle}$")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::pattern;

    #[rstest]
    #[case("Référents-LSU", "^Référents-LSU$")]
    #[case("Scolarité > LSU", "^Scolarité % LSU$")]
    #[case("Directeurs d'école", "^Directeurs d%école$")]
    #[case("a_b^c$d%e\\f\"g&h", "^a%b%c%d%e%f%g%h$")]
    #[case("", "^$")]
    fn what_glpi_would_read_as_a_pattern_is_not_sent(#[case] name: &str, #[case] sent: &str) {
        assert_eq!(pattern(name), sent);
    }
}
