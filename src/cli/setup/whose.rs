//! Whose the configuration file is: the package's and setup's own are replaced, one that somebody changed is kept. Setup
//! knows its own by a sum that it writes into the file.

use sha2::{Digest as _, Sha256};

use super::{outcome::Failed, secrets, wanted::Wanted};

/// The file that the package brings, until somebody changes it.
const PACKAGED: &str = include_str!("../../../packaging/passerelle.toml");

/// What the line of the sum begins with.
const MARK: &str = "# setup, SHA-256: ";

/// Whose the file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    /// There is none, or it is empty.
    Nobody,
    /// As the package brought it.
    Package,
    /// As setup wrote it, with this text.
    Setup(String),
    /// Somebody changed or wrote it; it has this text.
    Somebody(String),
}

/// Whose the file is.
pub(super) fn of(wanted: &Wanted) -> Result<Whose, Failed> {
    Ok(secrets::read(&wanted.configuration_file())?.map_or(Whose::Nobody, of_text))
}

fn of_text(text: String) -> Whose {
    if text.trim() == PACKAGED.trim() {
        return Whose::Package;
    }
    let marked = text.lines().find_map(|line| line.strip_prefix(MARK));
    if marked.is_some_and(|marked| marked.trim() == sum(&text)) { Whose::Setup(text) } else { Whose::Somebody(text) }
}

/// The text with its sum below the first lines, which are comments.
pub(super) fn marked(text: &str) -> String {
    let mark = format!("{MARK}{}\n", sum(text));
    match text.find("\n\n") {
        Some(end) => format!("{}\n{mark}{}", &text[..end], &text[end + 1..]),
        None => format!("{mark}{text}"),
    }
}

/// Of all lines but its own; how they end, and how many empty ones come last, is an editor's.
fn sum(text: &str) -> String {
    let lines: Vec<_> = text.trim().lines().filter(|line| !line.starts_with(MARK)).collect();
    Sha256::digest(lines.join("\n")).iter().fold(String::new(), |sum, byte| format!("{sum}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::{PACKAGED, Whose, marked, of_text};

    #[test]
    fn a_file_is_setup_s_own_until_a_line_of_it_is_changed() {
        for text in ["# One.\n# Two.\n\na = 1\n\n[b]\nc = \"d\"\n", "a = 1\n"] {
            let written = marked(text);
            assert!(toml::from_str::<toml::Table>(&written).is_ok(), "{written}");
            for same in [written.clone(), written.replace('\n', "\r\n"), format!("{written}\n\n")] {
                assert!(matches!(of_text(same.clone()), Whose::Setup(_)), "{same:?}");
            }
            let lines: Vec<_> = written.lines().collect();
            for at in 0..lines.len() {
                let mut fewer = lines.clone();
                fewer.remove(at);
                let mut more = lines.clone();
                more.insert(at, "# Ours.");
                for changed in [fewer, more].map(|lines| lines.join("\n")) {
                    assert_eq!(of_text(changed.clone()), Whose::Somebody(changed));
                }
            }
            assert_eq!(of_text(text.to_owned()), Whose::Somebody(text.to_owned()), "without its sum");
        }
        assert_eq!(of_text(format!("{PACKAGED}\n")), Whose::Package);
    }
}
