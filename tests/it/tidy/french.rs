//! French as it is printed: what people read has typographic apostrophes, and no-break spaces where a line may not break.

use std::path::Path;

use passerelle::text::Language;

use crate::support::documentation::{pages, parted};

/// What is not read here, and why.
const NOT_OURS: [(&str, &str); 9] = [
    ("src/intake/mime", "it knows the words of others' mails"),
    ("src/sandbox", "it speaks as GLPI does"),
    ("src/glpi", "it knows GLPI's words"),
    ("src/flow/directory", "it knows the columns of others' files"),
    ("src/flow/screen/samples.rs", "mails as people type them"),
    ("src/cli/demo/samples.rs", "mails as people type them"),
    ("src/http/mail.rs", "a mail as people type it"),
    ("src/flow/route/content.rs", "a mail as people type it"),
    ("src/flow/route/mappings.rs", "a mail as people type it"),
];
/// The same of single texts: marks of notes, and what earlier versions wrote into tickets.
const READ_AGAIN: [&str; 8] = [
    "</p><p>Avis : ",
    "Avis : charge",
    "en cours :",
    "Copie à : ",
    "<p><em>Passerelle : ",
    "Motif : ",
    "<p>Avis : receipt-",
    "Clôture refusée. Motif :\n\n{reason}",
];

/// The texts of a Rust file that its tests do not hold: what stands in string literals outside attributes and comments.
fn literals(code: &str) -> Vec<String> {
    let code = code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '/', '\'', '#', 'r']) {
        let here = &rest[at..];
        let before = rest[..at].chars().next_back();
        rest = if here.starts_with("//") {
            &here[here.find('\n').unwrap_or(here.len())..]
        } else if here.starts_with("#[") {
            &here[attribute_length(here)..]
        } else if let Some(raw) = raw_string(here).filter(|_| !before.is_some_and(char::is_alphanumeric)) {
            found.push(here[raw.0..raw.1].to_owned());
            &here[raw.2..]
        } else if here.starts_with('"') {
            let length = string_length(here);
            found.push(unescaped(&here[1..length - 1]));
            &here[length..]
        } else if here.starts_with("'\"'") || here.starts_with("'\\") {
            &here[here[2..].find('\'').map_or(1, |end| end + 3)..]
        } else {
            &here[here.chars().next().map_or(1, char::len_utf8)..]
        };
    }
    found
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text[1..].find(|c: char| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

fn attribute_length(text: &str) -> usize {
    let (mut at, mut depth) = (1, 0_usize);
    while let Some(found) = text[at..].find(['[', ']', '"']) {
        at += found;
        match text.as_bytes()[at] {
            b'"' => at += string_length(&text[at..]),
            b'[' => (at, depth) = (at + 1, depth + 1),
            _ => {
                at += 1;
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
        }
    }
    text.len()
}

/// Where a raw string's text begins and ends, and where the literal ends.
fn raw_string(text: &str) -> Option<(usize, usize, usize)> {
    let marks = text.strip_prefix('r')?.bytes().take_while(|byte| *byte == b'#').count();
    let start = 1 + marks;
    text[start..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(marks));
    let length = text[start + 1..].find(&end)?;
    Some((start + 1, start + 1 + length, start + 1 + length + end.len()))
}

fn unescaped(literal: &str) -> String {
    let mut text = String::new();
    let mut rest = literal;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(kind) = rest.chars().next() else { break };
        rest = &rest[kind.len_utf8()..];
        match kind {
            'u' => {
                let end = rest.find('}').unwrap_or(0);
                let number = rest.get(1..end).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                text.extend(number.and_then(char::from_u32));
                rest = &rest[(end + 1).min(rest.len())..];
            }
            // A line that goes on.
            '\n' => rest = rest.trim_start(),
            'n' | 'r' | 't' => text.push('\n'),
            other => text.push(other),
        }
    }
    text + rest
}

/// Whether a text is French that people read, as far as can be told.
fn is_french(text: &str) -> bool {
    const FRENCH: [&str; 18] = [
        "un", "de", "par", "sur", "plus", "avec", "le", "la", "les", "des", "du", "une", "votre", "vous", "est",
        "pour", "dans", "que",
    ];
    const ENGLISH: [&str; 6] = ["the", "is", "which", "them", "its", "of"];
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    let is_english = words.iter().any(|word| ENGLISH.contains(word));
    let has_accent = text.contains(['é', 'è', 'ê', 'à', 'ç', 'ù', 'û', 'ô', 'î', 'œ', 'É', 'È', 'À', 'Ç', 'Ô']);
    !is_english && (has_accent || words.iter().filter(|word| FRENCH.contains(word)).count() > 1)
}

/// What is wrong in a text, with a few letters around it.
fn faults(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let ends = |at: usize| letters.get(at).is_none_or(|c| c.is_whitespace() || "<\"{}(),.*’".contains(*c));
    let wrong = |at: usize| {
        let (before, after) = (at.checked_sub(1).map(|at| letters[at]), letters.get(at + 1).copied());
        match letters[at] {
            '\'' => before.is_some_and(char::is_alphabetic) && after.is_some_and(char::is_alphabetic),
            ' ' if before == Some('«') => true,
            ' ' => {
                let is_mark = after.is_some_and(|c| [':', ';', '?', '!', '»'].contains(&c));
                is_mark && ends(at + 2) && before.is_some_and(|c| !c.is_whitespace())
            }
            _ => false,
        }
    };
    let around = |at: usize| letters[at.saturating_sub(20)..(at + 10).min(letters.len())].iter().collect();
    (0..letters.len()).filter(|at| wrong(*at)).map(around).collect()
}

/// A template without what the engine computes.
fn text_of_template(template: &str) -> String {
    let mut text = String::new();
    let mut rest = template.replace("&nbsp;", "\u{a0}");
    for (opening, closing) in [("{%", "%}"), ("{#", "#}"), ("{{", "}}")] {
        text.clear();
        let mut left = rest.as_str();
        while let Some(at) = left.find(opening) {
            text.push_str(&left[..at]);
            // A value is a word.
            text.push_str(if opening == "{{" { "x" } else { "" });
            left = left[at..].find(closing).map_or("", |end| &left[at + end + closing.len()..]);
        }
        text.push_str(left);
        rest.clone_from(&text);
    }
    rest
}

/// What a page of Markdown says, without its code and the targets of its links.
fn text_of_markdown(page: &str) -> String {
    let said = parted(page).1;
    let said: String = said.split('`').enumerate().map(|(at, part)| if at % 2 == 0 { part } else { "x" }).collect();
    let mut links = said.split("](");
    let first = links.next().unwrap_or_default().to_owned();
    links.fold(first, |text, link| format!("{text}]{}", link.split_once(')').map_or("", |(_, rest)| rest)))
}

/// The values of a TOML file, as it writes them.
fn values(toml: &str) -> Vec<String> {
    fn add(value: &toml::Value, key: &str, found: &mut Vec<String>) {
        // They name what a directory and GLPI call so, and what forms send.
        if ["director_roles", "glpi_group"].contains(&key) {
            return;
        }
        match value {
            toml::Value::String(text) => found.push(text.clone()),
            toml::Value::Array(all) => all.iter().for_each(|value| add(value, key, found)),
            toml::Value::Table(table) => table.iter().for_each(|(key, value)| add(value, key, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    add(&toml::Value::Table(toml.parse().unwrap()), "", &mut found);
    found
}

#[test]
fn what_people_read_is_set_as_it_is_printed() {
    let mut wrong = Vec::new();
    let mut read = 0;
    let mut look = |path: &Path, texts: Vec<String>| {
        for text in texts.iter().filter(|text| is_french(text) && !READ_AGAIN.contains(&text.as_str())) {
            read += 1;
            wrong.extend(faults(text).into_iter().map(|fault| format!("{}: …{fault}…", path.display())));
        }
    };
    let is_ours = |path: &Path| !NOT_OURS.iter().any(|(folder, _)| path.starts_with(folder));
    for (path, code) in super::sources("src").iter().filter(|(path, _)| is_ours(path)) {
        look(path, literals(code));
    }
    for folder in ["src/letters/templates", "src/http/pages/templates", "src/flow/route"] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "html" || kind == "txt") {
                let text = text_of_template(&std::fs::read_to_string(&path).unwrap());
                look(&path, vec![text]);
            }
        }
    }
    for page in pages(Language::French) {
        // The program's own texts are English there; what it prints is read above.
        if page.path != "docs/fr/reference.md" {
            look(Path::new(page.path), vec![text_of_markdown(&page.text)]);
        }
    }
    let mappings = std::fs::read_dir("mappings").unwrap().map(|entry| entry.unwrap().path());
    for path in mappings.chain(["config/default.toml", "config/example.toml"].map(Into::into)) {
        look(&path, values(&std::fs::read_to_string(&path).unwrap()));
    }
    assert!(wrong.is_empty(), "{} of {read} texts:\n{}", wrong.len(), wrong.join("\n"));
    assert!(read > 300, "only {read} texts were read");
    for (path, why) in NOT_OURS {
        assert!(Path::new(path).exists(), "{path} ({why}) is not there");
    }
}

#[test]
fn a_fault_is_found_and_nothing_else() {
    for text in ["l'école", "Objet : x", "Quoi ?", "« x\u{a0}»", "«\u{a0}x »", "fin ;"] {
        assert_eq!(faults(text).len(), 1, "{text}");
    }
    for text in ["l’école", "Objet\u{a0}: x", "à 8:30", "'x'", "a ::b", "https://x.fr/?a", " : "] {
        assert_eq!(faults(text), [""; 0], "{text}");
    }
    let code = "// l'x\nlet a = \"l’\\u{e9}cole\\n\"; let b = '\"'; #[doc = \"x\"] let c = r#\"d\"e\"#;\n#[cfg(test)]\nmod tests { \"f\" }";
    assert_eq!(literals(code), ["l’école\n", "d\"e"]);
}
