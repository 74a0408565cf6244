//! The options of setup for the keys and variables of the configuration: whoever gave an option is told of that.

use crate::text::{Bilingual, Language};

/// The options that the configuration's keys come from, each with a value that it takes.
const OPTIONS: [(&str, &str, &str); 15] = [
    ("time_zone", "--time-zone", "Europe/Paris"),
    ("glpi.url", "--url", "https://glpi.example.fr"),
    ("glpi.login", "--login", "glpi"),
    ("screen.domains", "--domain", "ac-example.fr"),
    ("screen.recipients", "--recipient", "assistance@ac-example.fr"),
    ("mappings.dir", "--mappings", "/etc/passerelle/mappings"),
    ("imap.url", "--imap", "imaps://assistance%40ac-example.fr@imap.ac-example.fr"),
    ("lmtp.listen", "--lmtp", "127.0.0.1:2424"),
    ("http.listen", "--http", "127.0.0.1:8080"),
    ("smtp.url", "--smtp", "smtp://127.0.0.1:25"),
    ("smtp.from", "--from", "assistance@ac-example.fr"),
    ("portal.academy", "--academy", "\"Académie d’exemple\""),
    ("directory.csv", "--directors", "/etc/passerelle/directors.csv"),
    ("directory.glpi_group", "--directors-group", "Directeurs"),
    ("people.operators", "--operator", "DSI-BAI"),
];

/// The same sentence with options for the keys, and for the variables that have the keys.
pub(super) fn of_options(sentence: &Bilingual) -> Bilingual {
    let of = |language| {
        OPTIONS.iter().fold(sentence.text(language).to_owned(), |text, (key, option, _)| {
            let variable = format!("PASSERELLE_{}", key.replace('.', "__").to_uppercase());
            text.replace(&variable, option).replace(key, option)
        })
    };
    Bilingual::new(of(Language::English), of(Language::French))
}

/// What to do about a mistake of this key: in its option's words, which are named once.
pub(super) fn remedy_of(key: Option<&String>, remedy: &Bilingual) -> Bilingual {
    let said = of_options(remedy);
    let Some((_, option, example)) = OPTIONS.iter().find(|(known, ..)| key.is_some_and(|key| key == known)) else {
        return said;
    };
    let text = said.text(Language::English);
    if text.contains("config/default.toml") {
        return Bilingual::new(
            format!("Give it as {option} {example}."),
            format!("Donnez-la ainsi\u{a0}: {option} {example}."),
        );
    }
    if text.contains("--") { said } else { Bilingual::same(option).saying(&said) }
}

#[cfg(test)]
mod tests {
    use super::{OPTIONS, of_options, remedy_of};
    use crate::{
        config::DEFAULTS,
        text::{Bilingual, Language},
    };

    #[test]
    fn every_key_is_one_and_is_told_by_its_option() {
        let defaults: toml::Table = toml::from_str(DEFAULTS).unwrap();
        for (key, option, _) in OPTIONS {
            let found =
                key.split('.').try_fold(&toml::Value::Table(defaults.clone()), |at, part| at.get(part)).is_some();
            assert!(found, "{key}");
            let variable = format!("PASSERELLE_{}", key.replace('.', "__").to_uppercase());
            let said = Bilingual::same(format!("{key} or {variable}"));
            assert_eq!(of_options(&said).text(Language::English), format!("{option} or {option}"));
            for remedy in ["See config/default.toml for it.", "Write \"x\".", "Correct --x."] {
                let told = remedy_of(Some(&key.to_owned()), &Bilingual::same(remedy));
                let told = told.text(Language::French);
                assert!(told.contains("--") && !told.contains("default.toml"), "{told}");
            }
        }
    }
}
