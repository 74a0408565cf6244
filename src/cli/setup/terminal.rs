//! Asks on the terminal for what no option gave; a password without showing it.

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    os::fd::AsFd as _,
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::text::{Bilingual, Language};

/// Whether somebody is there to be asked.
pub(super) fn is_there() -> bool {
    std::io::stdin().is_terminal()
}

/// Asks for a line; `None` where the input ended or the line is empty.
pub(super) fn ask(question: &Bilingual, language: Language) -> Option<String> {
    let mut output = std::io::stderr();
    let _ = write!(output, "{}", question.clone().saying(&Bilingual::default()).text(language));
    let _ = output.flush();
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).ok()?;
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}

/// The same, and what is typed is not shown.
pub(super) fn ask_in_secret(question: &Bilingual, language: Language) -> Option<String> {
    let hidden = Hidden::begin();
    let answer = ask(question, language);
    if hidden.is_some() {
        eprintln!();
    }
    answer
}

/// The terminal shows nothing of what is typed until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> Option<Self> {
        let input = std::io::stdin();
        let before = tcgetattr(input.as_fd()).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(input.as_fd(), OptionalActions::Flush, &hidden).ok()?;
        Some(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin().as_fd(), OptionalActions::Now, &self.0);
    }
}
