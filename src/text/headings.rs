//! Headings of texts from elsewhere, set below those of the page that shows them.

use super::tags::{Token, Tokens};

/// A text whose headings begin at level `first`, and go down one level at a time, as those of a page do (RGAA 9.1). The
/// HTML is well formed, as the sanitiser leaves it.
pub(crate) fn from_level(html: &str, first: usize) -> String {
    let mut shown = String::with_capacity(html.len());
    let (mut above, mut copied, mut open) = (Vec::new(), 0, None);
    for (at, token) in Tokens::new(html) {
        let (name, level) = match token {
            Token::Open { name, .. } => {
                let Some(level) = level(name) else { continue };
                above.retain(|other| *other < level);
                above.push(level);
                open = Some((first + above.len() - 1).min(6));
                (name, open)
            }
            Token::Close { name } if level(name).is_some() => (name, open.take()),
            Token::Close { .. } | Token::Text(_) | Token::Hidden => continue,
        };
        let Some(level) = level else { continue };
        let digit = at + html[at..].find(name).unwrap_or_default() + 1;
        shown.push_str(&html[copied..digit]);
        shown.push_str(&level.to_string());
        copied = digit + 1;
    }
    shown.push_str(&html[copied..]);
    shown
}

/// The level of a heading's name.
fn level(name: &str) -> Option<usize> {
    let digit = name.strip_prefix(['h', 'H'])?.parse().ok()?;
    (1..=6).contains(&digit).then_some(digit)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::from_level;

    #[rstest]
    #[case("<h1>a</h1><p>b</p>", "<h4>a</h4><p>b</p>")]
    #[case("<h1>a</h1><h3>b</h3><h2>c</h2><h1>d</h1>", "<h4>a</h4><h5>b</h5><h5>c</h5><h4>d</h4>")]
    #[case("<h3>a</h3><h1 dir=\"ltr\">b</h1>", "<h4>a</h4><h4 dir=\"ltr\">b</h4>")]
    #[case("<h1>a</h1><h2>b</h2><h3>c</h3><h4>d</h4>", "<h4>a</h4><h5>b</h5><h6>c</h6><h6>d</h6>")]
    #[case("<p>&lt;h1&gt; <a title=\"<h1>\">h1</a></p><hr>", "<p>&lt;h1&gt; <a title=\"<h1>\">h1</a></p><hr>")]
    fn headings_go_down_from_the_page_s(#[case] html: &str, #[case] expected: &str) {
        assert_eq!(from_level(html, 4), expected);
    }
}
