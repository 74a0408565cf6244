//! An answer as Markdown (`CommonMark`, tables as GitHub writes them), for whoever keeps articles as files.

use std::fmt::Write as _;

use crate::text::{
    html_text,
    tags::{Token, Tokens, attributes},
};

/// A list that is open, and the number of its next item where it is an ordered one.
struct List(Option<usize>);

/// What is written so far.
#[derive(Default)]
struct Writer {
    text: String,
    lists: Vec<List>,
    quotes: usize,
    preformatted: bool,
    /// The targets of the links that are open; `None` for those without.
    links: Vec<Option<String>>,
    /// The cells of the table's rows so far, where one is open.
    table: Option<Vec<Vec<String>>>,
}

/// Sanitised HTML as Markdown.
pub(super) fn from_html(html: &str) -> String {
    let mut writer = Writer::default();
    for (_, token) in Tokens::new(html) {
        match token {
            Token::Text(text) => writer.say(text),
            Token::Open { name, tag } => writer.open(&name.to_ascii_lowercase(), tag),
            Token::Close { name } => writer.close(&name.to_ascii_lowercase()),
            Token::Hidden => {}
        }
    }
    let mut markdown = String::with_capacity(writer.text.len());
    let (mut before, mut is_gap) = ("", false);
    for line in writer.text.lines().map(str::trim_end) {
        if line.trim_start_matches(['>', ' ']).is_empty() {
            is_gap = true;
            continue;
        }
        if is_gap && !markdown.is_empty() {
            let is_within = before.starts_with('>') && line.starts_with('>');
            markdown.push_str(if is_within { ">\n" } else { "\n" });
        }
        (before, is_gap) = (line, false);
        markdown.push_str(line);
        markdown.push('\n');
    }
    if markdown.is_empty() { "\n".to_owned() } else { markdown }
}

impl Writer {
    /// Where text goes: into the cell of a table, or below what is written.
    fn put(&mut self, text: &str) {
        match self.table.as_mut().and_then(|rows| rows.last_mut()?.last_mut()) {
            Some(cell) => cell.push_str(&text.replace('\n', " ").replace('|', "\\|")),
            None => self.text.push_str(text),
        }
    }

    fn say(&mut self, text: &str) {
        let text = html_text::decoded(text);
        if self.preformatted {
            self.put(&text);
            return;
        }
        let mut line = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                c if c.is_whitespace() && c != '\u{a0}' => {
                    if !line.ends_with(' ') {
                        line.push(' ');
                    }
                }
                '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' => {
                    line.push('\\');
                    line.push(c);
                }
                c => line.push(c),
            }
        }
        let begins = self.text.is_empty() || self.text.ends_with(['\n', ' ']);
        let line = if begins && self.table.is_none() { line.trim_start().to_owned() } else { line };
        self.put(&line);
    }

    /// Begins a line, within the quotes that are open.
    fn line(&mut self) {
        if self.table.is_some() {
            return;
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') && !self.is_at_mark() {
            self.text.push('\n');
            self.text.push_str(&"> ".repeat(self.quotes));
        }
    }

    /// Begins a paragraph.
    fn gap(&mut self) {
        if self.table.is_some() || self.is_at_mark() || self.text.is_empty() {
            return;
        }
        let quotes = "> ".repeat(self.quotes);
        let indent = self.indent(self.lists.len());
        let _ = write!(self.text, "\n{quotes}\n{quotes}{indent}");
    }

    /// The blanks before what belongs to an item of the list at this depth.
    fn indent(&self, depth: usize) -> String {
        let widths = self.lists.iter().take(depth).map(|List(number)| if number.is_some() { 3 } else { 2 });
        " ".repeat(widths.sum())
    }

    /// Whether nothing stands behind the mark of a list's item or of a quote yet.
    fn is_at_mark(&self) -> bool {
        let line = self.text.rsplit('\n').next().unwrap_or_default();
        let mark = line.trim_start_matches(['>', ' ']);
        let is_number = mark.strip_suffix(". ").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        mark == "- " || is_number
    }

    fn open(&mut self, name: &str, tag: &str) {
        let value = |wanted: &str| {
            let found = attributes(tag).find(|(name, _)| *name == wanted)?.1;
            Some(html_text::decoded(&tag[found]).into_owned())
        };
        match name {
            "p" | "div" => self.gap(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.gap();
                let level = name[1..].parse().unwrap_or(1);
                self.put(&format!("{} ", "#".repeat(level)));
            }
            "br" => self.put(if self.table.is_some() { " " } else { "\\\n" }),
            "strong" | "b" => self.put("**"),
            "em" | "i" => self.put("*"),
            "code" if !self.preformatted => self.put("`"),
            "pre" => {
                self.gap();
                self.put("```\n");
                self.preformatted = true;
            }
            "hr" => {
                self.gap();
                self.put("---");
            }
            "blockquote" => {
                self.gap();
                self.quotes += 1;
                self.put("> ");
            }
            "ul" | "ol" => {
                if self.lists.is_empty() {
                    self.gap();
                }
                let first = value("start").and_then(|start| start.parse().ok()).unwrap_or(1);
                self.lists.push(List((name == "ol").then_some(first)));
            }
            "li" => {
                self.line();
                let indent = self.indent(self.lists.len().saturating_sub(1));
                let mark = match self.lists.last_mut() {
                    Some(List(Some(number))) => {
                        let mark = format!("{number}. ");
                        *number += 1;
                        mark
                    }
                    _ => "- ".to_owned(),
                };
                self.put(&format!("{indent}{mark}"));
            }
            "a" => {
                let target = value("href");
                if target.is_some() {
                    self.put("[");
                }
                self.links.push(target);
            }
            "img" => {
                if let Some(source) = value("src") {
                    self.put(&format!("![{}]({source})", value("alt").unwrap_or_default().replace(']', "\\]")));
                }
            }
            "table" => {
                self.gap();
                self.table = Some(Vec::new());
            }
            "tr" => self.table.iter_mut().for_each(|rows| rows.push(Vec::new())),
            "td" | "th" => {
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(String::new());
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "strong" | "b" => self.put("**"),
            "em" | "i" => self.put("*"),
            "code" if !self.preformatted => self.put("`"),
            "pre" => {
                self.preformatted = false;
                self.put("\n```");
                self.gap();
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p" => self.gap(),
            "blockquote" => {
                self.quotes = self.quotes.saturating_sub(1);
                self.gap();
            }
            "ul" | "ol" => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.gap();
                }
            }
            "a" => {
                if let Some(Some(target)) = self.links.pop() {
                    self.put(&format!("]({target})"));
                }
            }
            "table" => {
                let Some(rows) = self.table.take() else { return };
                self.rows(&rows);
            }
            _ => {}
        }
    }

    /// A table, whose first row is its head.
    fn rows(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        for (at, row) in rows.iter().filter(|row| !row.is_empty()).enumerate() {
            let cells = (0..columns).map(|column| row.get(column).map_or("", |cell| cell.trim()));
            let _ = writeln!(self.text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
            if at == 0 {
                let _ = writeln!(self.text, "|{}", " --- |".repeat(columns));
            }
        }
        self.gap();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::from_html;

    #[rstest]
    #[case("<p>Un <b>mot</b> et\n un <em>autre</em>.</p><p>Deux</p>", "Un **mot** et un *autre*.\n\nDeux\n")]
    #[case("<h3>Titre</h3><p>a<br>b</p>", "### Titre\n\na\\\nb\n")]
    #[case("<ul><li>un</li><li><p>deux</p></li></ul><p>fin</p>", "- un\n- deux\n\nfin\n")]
    #[case("<ol start=\"3\"><li>trois<ul><li>a</li></ul></li><li>quatre</li></ol>", "3. trois\n   - a\n4. quatre\n")]
    #[case("<p><a href=\"https://x.fr/?a=1&amp;b=2\">ici</a> <a>là</a></p>", "[ici](https://x.fr/?a=1&b=2) là\n")]
    #[case("<p><img alt=\"écran\" src=\"https://x.fr/1.png\"></p>", "![écran](https://x.fr/1.png)\n")]
    #[case("<pre>a  b\n*c*</pre><p>d</p>", "```\na  b\n*c*\n```\n\nd\n")]
    #[case("<blockquote><p>dit</p></blockquote><p>non</p>", "> dit\n\nnon\n")]
    #[case("<p>2 * 3 &lt; 7 &amp; #4</p>", "2 \\* 3 \\< 7 & \\#4\n")]
    #[case(
        "<table><tbody><tr><th>a</th><th>b</th></tr><tr><td>1|2</td><td><b>3</b></td></tr></tbody></table>",
        "| a | b |\n| --- | --- |\n| 1\\|2 | **3** |\n"
    )]
    fn an_answer_is_written_as_markdown(#[case] html: &str, #[case] expected: &str) {
        assert_eq!(from_html(html), expected);
    }

    proptest! {
        #[test]
        fn no_html_makes_it_fail(html in "(?s).{0,100}|(<(p|ul|ol|li|a|pre|table|tr|td|blockquote|h2)>|</(p|ul|ol|li|a|pre|table|tr|td|blockquote|h2)>|a|\n){0,40}") {
            from_html(&html);
        }
    }
}
