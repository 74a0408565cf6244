//! The command line's help in the language of whoever reads it: the program says it in English where its options are
//! declared, `help.fr.toml` has the French of each text.

use std::{collections::BTreeMap, sync::LazyLock};

use clap::{Command, ValueEnum as _, builder::StyledStr};

use crate::text::{Language, french};

/// Each text in French, set as French is.
static FRENCH: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let texts: BTreeMap<String, String> = toml::from_str(include_str!("help.fr.toml")).unwrap_or_default();
    texts.into_iter().map(|(english, text)| (english, french::set(&text))).collect()
});

/// What clap says itself, a longer one before what it begins with.
const OF_CLAP: [(&str, &str); 13] = [
    ("Usage:", "Utilisation\u{a0}:"),
    ("Commands:", "Commandes\u{a0}:"),
    ("Arguments:", "Arguments\u{a0}:"),
    ("Options:", "Options\u{a0}:"),
    ("Possible values:", "Valeurs possibles\u{a0}:"),
    ("[possible values: ", "[valeurs possibles\u{a0}: "),
    ("[default: ", "[par défaut\u{a0}: "),
    ("[env: ", "[variable\u{a0}: "),
    ("<COMMAND>", "<COMMANDE>"),
    ("Print help (see a summary with '-h')", "Affiche l’aide (résumée avec «\u{a0}-h\u{a0}»)"),
    ("Print help (see more with '--help')", "Affiche l’aide (complète avec «\u{a0}--help\u{a0}»)"),
    ("Print help", "Affiche l’aide"),
    ("Print version", "Affiche la version"),
];

/// The language of these words of a command line, before anything is known of them but `--lang`; else the locale's.
pub fn language_of(words: impl Iterator<Item = String>) -> Language {
    let mut words = words.skip_while(|word| word != "--lang" && !word.starts_with("--lang="));
    let asked = match words.next().as_deref() {
        Some("--lang") => words.next(),
        Some(word) => word.strip_prefix("--lang=").map(str::to_owned),
        None => None,
    };
    Language::chosen(asked.and_then(|name| Language::from_str(&name, false).ok()))
}

/// A command whose help is in this language.
#[must_use]
pub fn in_language(command: Command, language: Language) -> Command {
    match language {
        Language::English => command,
        Language::French => in_french(command),
    }
}

fn in_french(mut command: Command) -> Command {
    if let Some(about) = command.get_about().and_then(french_of) {
        command = command.about(about);
    }
    if let Some(about) = command.get_long_about().and_then(french_of) {
        command = command.long_about(about);
    }
    let with_help = |mut argument: clap::Arg| {
        if let Some(help) = argument.get_help().and_then(french_of) {
            argument = argument.help(help);
        }
        if let Some(help) = argument.get_long_help().and_then(french_of) {
            argument = argument.long_help(help);
        }
        argument
    };
    command.mut_args(with_help).mut_subcommands(in_french)
}

fn french_of(english: &StyledStr) -> Option<&'static String> {
    FRENCH.get(&english.to_string())
}

/// A help, or a usage, of such a command with clap's own words in French.
pub(super) fn of_clap(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(value).collect();
    let text = lines.join("\n") + if text.ends_with('\n') { "\n" } else { "" };
    let text = OF_CLAP.iter().fold(text, |text, (english, french)| text.replace(english, french));
    let helps = "Print this message or the help of the given subcommand(s)";
    text.replace(helps, "Affiche cette aide, ou celle de la commande donnée")
}

/// A line of help; that of a possible value, «- fr: French», in French.
fn value(line: &str) -> String {
    let translated = || {
        let (name, help) = line.split_once(':').filter(|(name, _)| name.trim_start().starts_with("- "))?;
        let words = help.trim_start();
        let french = FRENCH.get(words)?;
        Some(format!("{name}\u{a0}:{}{french}", &help[..help.len() - words.len()]))
    };
    translated().unwrap_or_else(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{FRENCH, language_of, of_clap};
    use crate::text::Language;

    #[rstest]
    #[case(&["inform", "--lang", "fr"], Language::French)]
    #[case(&["--lang=fr", "--nothing"], Language::French)]
    #[case(&["inform", "--lang", "en", "--lang", "fr"], Language::English)]
    fn the_language_that_is_asked_for_counts_before_anything_is_understood(
        #[case] words: &[&str],
        #[case] expected: Language,
    ) {
        assert_eq!(language_of(words.iter().map(ToString::to_string)), expected);
    }

    #[test]
    fn the_french_texts_are_read() {
        assert_eq!(FRENCH["That group"], "Ce groupe");
        assert!(FRENCH.values().all(|text| !text.contains(" :") && !text.contains(" ;")));
    }

    #[test]
    fn clap_s_own_words_are_french() {
        let help = "Usage: passerelle <COMMAND>\n\nOptions:\n  -h  Print help [default: a]\n  - glpi:  The gateway\n";
        let french = "Utilisation\u{a0}: passerelle <COMMANDE>\n\nOptions\u{a0}:\n  -h  Affiche l’aide [par défaut\u{a0}: a]\n  \
                      - glpi\u{a0}:  La passerelle\n";
        assert_eq!(of_clap(help), french);
    }
}
