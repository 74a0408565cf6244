//! What is wrong with the configuration, as whoever runs a command reads it.

use miette::Report;

use crate::{config::ConfigError, text::Language};

/// The words that miette puts before a remedy and before each of several mistakes, with French ones.
const OF_MIETTE: [(&str, &str); 2] = [("  help: ", "  remède\u{a0}: "), ("Error: ", "Erreur\u{a0}: ")];

/// An error with its places, in this language where it is one of the configuration.
pub fn shown(error: Report, language: Language) -> String {
    let report = match error.downcast::<ConfigError>() {
        Ok(mistakes) => Report::new(mistakes.said(language)),
        Err(other) => return format!("{other:?}"),
    };
    let shown = format!("{report:?}");
    match language {
        Language::English => shown,
        Language::French => shown.lines().map(in_french).collect::<Vec<_>>().join("\n"),
    }
}

/// A line of miette's: its words stand at its beginning, perhaps behind what makes a terminal show a colour.
fn in_french(line: &str) -> String {
    let is_colour = |before: &str| before.is_empty() || before.starts_with('\u{1b}') && !before.contains(' ');
    let word = OF_MIETTE.iter().find_map(|(english, french)| {
        let (before, rest) = line.split_once(english)?;
        is_colour(before).then(|| format!("{before}{french}{rest}"))
    });
    word.unwrap_or_else(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::in_french;

    #[test]
    fn only_what_miette_says_itself_is_translated() {
        for (line, french) in [
            ("  help: Écrivez", "  remède\u{a0}: Écrivez"),
            ("\u{1b}[36m  help: \u{1b}[0mÉcrivez", "\u{1b}[36m  remède\u{a0}: \u{1b}[0mÉcrivez"),
            ("Error: ", "Erreur\u{a0}: "),
            (" 1 │ help = \"  help: Error: \"", " 1 │ help = \"  help: Error: \""),
        ] {
            assert_eq!(in_french(line), french);
        }
    }
}
