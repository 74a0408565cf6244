//! What serde and toml say of a value, in both languages: their usual sentences are known, any other is quoted.

use std::io::ErrorKind;

use url::ParseError;

use crate::text::{Bilingual, Language};

/// What parts a sentence in two languages where an error of serde's takes one text.
const PARTS: char = '\u{1e}';

/// A sentence of ours, as the one text that an error of serde's takes; [`said`] takes it apart again.
pub fn carried(sentence: &Bilingual) -> String {
    format!("{}{PARTS}{}", sentence.text(Language::English), sentence.text(Language::French))
}

/// What a library said.
pub fn said(words: &str) -> Bilingual {
    if let Some((found, expected)) = of_type(words) {
        let expected = expected.split_once(PARTS).unwrap_or((expected, ""));
        let wanted = if expected.1.is_empty() { wanted(expected.0) } else { expected.1.to_owned() };
        let english = words.split(PARTS).next().unwrap_or_default();
        return Bilingual::new(english, format!("{} là où il faut {wanted}", thing(found)));
    }
    if let Some((english, french)) = words.split_once(PARTS) {
        return Bilingual::new(english, french);
    }
    Bilingual::new(words, of_key(words).unwrap_or_else(|| format!("illisible : « {words} »")))
}

/// What the system or a library said of a file or a value.
pub fn of_error(error: &(dyn std::error::Error + 'static)) -> Bilingual {
    if let Some(error) = error.downcast_ref::<ParseError>() {
        return of_address(*error);
    }
    let of_system = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    match of_system {
        Some(ErrorKind::NotFound) => Bilingual::new(error, "ce fichier ou ce dossier n’existe pas"),
        Some(ErrorKind::PermissionDenied) => Bilingual::new(error, "l’accès est refusé"),
        Some(ErrorKind::IsADirectory) => Bilingual::new(error, "c’est un dossier"),
        Some(ErrorKind::InvalidData) => Bilingual::new(error, "ce n’est pas du texte en UTF-8"),
        _ => Bilingual::quoted(error),
    }
}

/// Why an address of the web is none.
fn of_address(error: ParseError) -> Bilingual {
    match error {
        ParseError::RelativeUrlWithoutBase | ParseError::RelativeUrlWithCannotBeABaseBase => Bilingual::new(
            "what an address begins with is missing, such as https://",
            "il manque ce par quoi commence une adresse, comme https://",
        ),
        ParseError::EmptyHost => Bilingual::new(error, "il y manque le nom d’une machine"),
        ParseError::InvalidPort => Bilingual::new(error, "son port n’est pas un nombre de 1 à 65535"),
        ParseError::InvalidIpv4Address | ParseError::InvalidIpv6Address => {
            Bilingual::new(error, "son adresse IP n’en est pas une")
        }
        ParseError::IdnaError | ParseError::InvalidDomainCharacter => {
            Bilingual::new(error, "le nom de sa machine n’en est pas un")
        }
        other => Bilingual::quoted(other),
    }
}

/// One thing where another is expected.
pub(super) fn instead(found: &str, expected: &str) -> Bilingual {
    Bilingual::new(
        format!("{found} where {expected} is expected"),
        format!("{} là où il faut {}", thing(found), wanted(expected)),
    )
}

/// «invalid type: X, expected Y».
fn of_type(words: &str) -> Option<(&str, &str)> {
    let rest = words.strip_prefix("invalid type: ").or_else(|| words.strip_prefix("invalid value: "))?;
    rest.split_once(", expected ")
}

/// A key that is missing, unknown or there twice; a word that is none of those there are.
fn of_key(words: &str) -> Option<String> {
    let names = |text: &str| text.replace('`', "").replace(" or ", ", ");
    let (what, rest) = words.split_once('`').unwrap_or((words, ""));
    let (name, rest) = rest.split_once('`').unwrap_or((rest, ""));
    let choice = rest.strip_prefix(", expected ").map(|rest| names(rest.strip_prefix("one of ").unwrap_or(rest)));
    Some(match (what.trim(), choice) {
        ("missing field", _) => format!("il manque la clé {name}"),
        ("duplicate field", _) => format!("la clé {name} est donnée deux fois"),
        ("duplicate key", _) => "une clé est donnée deux fois".to_owned(),
        ("unknown field", Some(choice)) => format!("la clé {name} n’existe pas\u{a0}; possibles\u{a0}: {choice}"),
        ("unknown field", None) => format!("la clé {name} n’existe pas"),
        ("unknown variant", Some(choice)) => format!("{name} n’est pas possible\u{a0}; valeurs\u{a0}: {choice}"),
        _ => return None,
    })
}

/// What stands there, as serde names it.
fn thing(found: &str) -> String {
    let quoted = found.split_once('`').map(|(_, value)| value.trim_end_matches('`'));
    match quoted {
        _ if found.starts_with("string ") => found.replacen("string", "le texte", 1),
        Some(value) if found.contains("integer") || found.contains("floating point") => format!("le nombre {value}"),
        Some(value) => format!("la valeur {value}"),
        None if found == "map" => "une section".to_owned(),
        None if found == "sequence" => "une liste".to_owned(),
        None if found == "unit value" => "une valeur vide".to_owned(),
        None => format!("« {found} »"),
    }
}

/// What should stand there, as serde and config name it.
fn wanted(expected: &str) -> String {
    let is = |words: &[&str]| words.iter().any(|word| expected.contains(word));
    let known = match expected {
        _ if is(&["duration"]) => "une durée, comme \"30s\"",
        _ if is(&["unsigned", "u8", "u16", "u32", "u64", "usize", "nonzero"]) => "un nombre entier, positif ou nul",
        _ if is(&["integer", "i32", "i64"]) => "un nombre entier",
        _ if is(&["floating point", "f32", "f64"]) => "un nombre",
        _ if is(&["bool"]) => "true ou false",
        _ if is(&["string", "str"]) && !is(&["struct"]) => "un texte entre guillemets",
        _ if is(&["sequence", "array"]) => "une liste",
        _ if is(&["map", "struct", "table"]) => "une section",
        _ => return format!("« {expected} »"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{carried, said};
    use crate::text::{Bilingual, Language};

    #[rstest]
    #[case("invalid type: integer `3`, expected a string", "le nombre 3 là où il faut un texte entre guillemets")]
    #[case("invalid type: string \"x\", expected u64", "le texte \"x\" là où il faut un nombre entier, positif ou nul")]
    #[case(
        "invalid value: string \"2d\", expected a duration",
        "le texte \"2d\" là où il faut une durée, comme \"30s\""
    )]
    #[case("invalid type: map, expected a sequence", "une section là où il faut une liste")]
    #[case("invalid type: boolean `true`, expected struct Level", "la valeur true là où il faut une section")]
    #[case("missing field `group`", "il manque la clé group")]
    #[case("duplicate key", "une clé est donnée deux fois")]
    #[case(
        "unknown field `grup`, expected one of `group`, `after`",
        "la clé grup n’existe pas\u{a0}; possibles\u{a0}: group, after"
    )]
    #[case("unknown field `a`, expected `b` or `c`", "la clé a n’existe pas\u{a0}; possibles\u{a0}: b, c")]
    #[case("unknown variant `x`, expected `a`", "x n’est pas possible\u{a0}; valeurs\u{a0}: a")]
    #[case("key with no value, expected `=`", "illisible\u{a0}: «\u{a0}key with no value, expected `=`\u{a0}»")]
    fn what_a_library_says_is_said_in_french(#[case] words: &str, #[case] french: &str) {
        let said = said(words);
        assert_eq!((said.text(Language::English), said.text(Language::French)), (words, french));
    }

    #[test]
    fn a_sentence_of_ours_comes_through_in_both() {
        let ours = Bilingual::new("is no date", "n’est pas une date");
        assert_eq!(said(&carried(&ours)), ours);
        let expected =
            said(&format!("invalid type: string \"x\", expected {}", carried(&Bilingual::new("a b", "un b"))));
        assert_eq!(expected.text(Language::English), "invalid type: string \"x\", expected a b");
        assert_eq!(expected.text(Language::French), "le texte \"x\" là où il faut un b");
    }
}
