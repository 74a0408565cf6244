//! The defaults with what each key means in French: the same lines, their comments exchanged.

use std::fmt::Write as _;

use super::DEFAULTS;

/// A key or a `[section]`, and the sentence.
const SENTENCES: &str = include_str!("../../config/comments.fr.toml");

const HEAD: &str = "\
# Les réglages par défaut de Passerelle. Un fichier donné par --config, puis l’environnement (PASSERELLE_SECTION__CLE),
# l’emportent clé par clé\u{a0}: une copie de ce fichier à côté d’un autre (/etc/passerelle/default.toml) est là pour être
# lue, ce qu’il dit est dans le programme. Tout secret peut se lire dans un fichier\u{a0}:
# PASSERELLE_GLPI__USER_TOKEN_FILE=/run/secrets/token, ou dans le fichier de configuration
# user_token_file = \"/run/secrets/token\"\u{a0}; une liste y a une ligne pour chacun.
#
# «\u{a0}passerelle config\u{a0}» affiche ce qui est en vigueur et où ce fut réglé. Domaines et adresses sont ici des
# exemples, ceux de l’académie de Dijon\u{a0}: «\u{a0}passerelle check\u{a0}» nomme ceux qu’une académie n’a pas remplacés.
";

/// Characters of a line.
const WIDTH: usize = 120;

/// The defaults as a file whose comments are French. A comment that is an address alone stays as it is.
pub(super) fn defaults() -> String {
    let sentences: toml::Table = SENTENCES.parse().unwrap_or_default();
    let sentence = |name: &str| sentences.get(name).and_then(toml::Value::as_str);
    let (mut whole, mut section, mut above, mut is_exchanged) = (String::new(), "", Vec::new(), false);
    for line in DEFAULTS.lines() {
        match (line.trim_start().chars().next(), line.starts_with('#')) {
            (None, _) => {
                // What stands above nothing is the head.
                if !above.is_empty() {
                    whole.push_str(HEAD);
                    above.clear();
                }
                whole.push('\n');
            }
            (Some('#'), true) => above.push(line),
            // The comment goes on, which has been written whole.
            (Some('#'), false) if is_exchanged => {}
            (Some('#'), false) => as_it_is(&mut whole, line),
            _ => {
                let (code, column) = code_of(line);
                let key = code.split(" = ").next().unwrap_or_default();
                let name = match code.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                    Some(name) if !name.is_empty() => {
                        section = name;
                        format!("[{name}]")
                    }
                    _ if section.is_empty() => key.to_owned(),
                    _ => format!("{section}.{key}"),
                };
                let french = sentence(&name);
                is_exchanged = french.is_some();
                match (french, column) {
                    (Some(french), Some(column)) if column < WIDTH / 2 => beside(&mut whole, code, french, column),
                    // Above, where it was, or where there is little room beside.
                    (Some(french), _) => {
                        for part in wrapped(french, WIDTH - 2) {
                            let _ = writeln!(whole, "# {part}");
                        }
                        as_it_is(&mut whole, code);
                    }
                    (None, _) => above.iter().chain([&line]).for_each(|line| as_it_is(&mut whole, line)),
                }
                above.clear();
            }
        }
    }
    whole
}

fn as_it_is(whole: &mut String, line: &str) {
    whole.push_str(line);
    whole.push('\n');
}

/// A line without its comment, and in which column that begins.
fn code_of(line: &str) -> (&str, Option<usize>) {
    let mut is_quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '#' if !is_quoted => return (line[..at].trim_end(), Some(line[..at].chars().count())),
            _ => {}
        }
    }
    (line.trim_end(), None)
}

/// Writes a comment beside a line, and goes on with it below.
fn beside(whole: &mut String, code: &str, comment: &str, column: usize) {
    for (at, part) in wrapped(comment, WIDTH - column - 2).iter().enumerate() {
        let code = if at == 0 { code } else { "" };
        let _ = writeln!(whole, "{code:column$}# {part}");
    }
}

/// A sentence in lines of so many characters at most, where its words are no longer.
fn wrapped(sentence: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    // A no-break space is no space here.
    for word in sentence.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
