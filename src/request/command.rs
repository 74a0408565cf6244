//! What a référent writes into a private follow-up to have the ticket moved, `#escalade`, `#retour`, or made into an
//! article, `#fiche`.

use unicode_normalization::char::is_combining_mark;

use crate::text::{fold::folded, html_text};

/// A command is looked for in so many bytes of a follow-up: it stands at its beginning, its reason behind it.
const READ: usize = 16 * 1024;

/// What asks for an article to be drafted.
const DRAFT: &str = "fiche";

/// Which way a ticket goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the level above.
    Up,
    /// To the level below.
    Down,
}

impl Direction {
    /// For logs and counters.
    pub fn label(self) -> &'static str {
        match self {
            Self::Up => "escalate",
            Self::Down => "return",
        }
    }
}

/// A move that a follow-up asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Which way.
    pub direction: Direction,
    /// Why; empty where nothing is said.
    pub reason: String,
}

impl Command {
    /// The command a follow-up begins with. Case and accents do not matter. What stands below a line, or folded away, is
    /// no reason: so a mail's signature and what is noted of the mail.
    pub fn find(html: &str) -> Option<Self> {
        let (word, reason) = word(html)?;
        let direction = match word.as_str() {
            "escalade" => Direction::Up,
            "retour" => Direction::Down,
            _ => return None,
        };
        Some(Self { direction, reason })
    }
}

/// Whether a follow-up asks for an article to be drafted from its ticket: it begins with `#fiche`, as a command does.
pub fn asks_for_draft(html: &str) -> bool {
    word(html).is_some_and(|(word, _)| word == DRAFT)
}

/// Whether a follow-up asks the gateway for anything: it is no answer then.
pub fn is_command(html: &str) -> bool {
    Command::find(html).is_some() || asks_for_draft(html)
}

/// The word behind the `#` that a follow-up begins with, folded, and what it says behind it.
fn word(html: &str) -> Option<(String, String)> {
    let html = &html[..html.floor_char_boundary(READ)];
    let end = ["<hr", "<details"].iter().filter_map(|below| html.find(below)).min().unwrap_or(html.len());
    let text = html_text::from_html(&html[..end]);
    let rest = text.trim_start().strip_prefix('#')?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && !is_combining_mark(c)).unwrap_or(rest.len());
    let (word, reason) = rest.split_at(end);
    let reason = reason.trim_start_matches(|c: char| c.is_whitespace() || ":;,.-–—".contains(c));
    Some((folded(word), reason.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Command, Direction, asks_for_draft};

    #[rstest]
    #[case("<p>#escalade le serveur ne répond plus</p>", Direction::Up, "le serveur ne répond plus")]
    #[case("<p>#escalade panne</p><hr><p><em>Réponse par courriel</em></p>", Direction::Up, "panne")]
    #[case("<p>#retour résolu</p><details><summary>Signature</summary>T. Un</details>", Direction::Down, "résolu")]
    #[case("#ESCALADE", Direction::Up, "")]
    #[case("<p>&nbsp;</p><p>#Éscaladé : panne</p>", Direction::Up, "panne")]
    #[case("<p><strong>#escalade</strong> — panne &amp; &lt;b&gt;</p>", Direction::Up, "panne & <b>")]
    #[case("<p>#retour<br>résolu de leur côté</p>", Direction::Down, "résolu de leur côté")]
    #[case("\r\n #Retour\r\n", Direction::Down, "")]
    #[case("<div>#re<b>tour</b>, merci</div>", Direction::Down, "merci")]
    fn a_command_stands_at_the_beginning(#[case] html: &str, #[case] direction: Direction, #[case] reason: &str) {
        let command = Command::find(html).unwrap();
        assert_eq!((command.direction, command.reason.as_str()), (direction, reason));
    }

    #[rstest]
    #[case("")]
    #[case("<p>escalade</p>")]
    #[case("<p>Bonjour #escalade</p>")]
    #[case("<p>#escalader</p>")]
    #[case("<p>#escalade2</p>")]
    #[case("<p>##escalade</p>")]
    #[case("<p># escalade</p>")]
    #[case("<p>#urgent</p>")]
    #[case("<script>#escalade</script>")]
    fn nothing_else_is_one(#[case] html: &str) {
        assert_eq!(Command::find(html), None);
    }

    #[rstest]
    #[case("<p>#fiche</p>", true)]
    #[case("<p>#Fiche : à publier</p>", true)]
    #[case("<p>#fiches</p>", false)]
    #[case("<p>Voir #fiche</p>", false)]
    #[case("<p>#escalade</p>", false)]
    fn an_article_is_asked_for_by_its_word(#[case] html: &str, #[case] expected: bool) {
        assert_eq!(asks_for_draft(html), expected);
    }

    #[test]
    fn a_long_follow_up_is_read_in_time() {
        let html = format!("#escalade {}{}", "<div>".repeat(100_000), "é".repeat(1_000_000));
        assert!(Command::find(&html).unwrap().reason.len() <= super::READ);
    }
}
