//! A command to be typed: each word as the shell takes it.

use std::path::Path;

/// A path as one word: in quotes where the shell would read it otherwise.
pub(super) fn word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+@%:,".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::{path::Path, process::Command};

    use super::word;

    #[test]
    fn the_shell_reads_one_word_as_it_was() {
        assert_eq!(word(Path::new("/etc/passerelle/passerelle.toml")), "/etc/passerelle/passerelle.toml");
        for text in ["/etc/l’école", "/a b/c", "l'école", "a;b", "$HOME/*", "\"x\"", "a\\b", "~", "été", "a\nb"] {
            let command = format!("printf %s {}", word(Path::new(text)));
            let said = Command::new("sh").args(["-c", &command]).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), text, "{command}");
        }
    }
}
