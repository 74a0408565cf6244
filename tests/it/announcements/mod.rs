//! Information to all directors of a zone: who gets it, and that each gets it once.

mod answers;
mod api;
mod asked;
mod commands;
mod counted;
mod files;
mod forged;
mod held;
mod interrupted;
mod killed;
mod last_requesters;
mod put_off;
mod refused;
mod same;
mod sending;
mod strangers;
mod together;
mod typed;

use std::{fmt::Write as _, path::PathBuf};

use tempfile::TempDir;

pub(crate) use self::sending::announcement;
use crate::support::sink;

/// A directory of so many directors, in four departments of two circonscriptions each.
fn directory(directors: usize) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directors.csv");
    let mut csv = String::from("email;name;uai;school;circonscription;department\n");
    for number in 0..directors {
        let department = ["021", "058", "071", "089"][number % 4];
        let circonscription = if number % 8 < 4 { "Nord" } else { "Sud" };
        writeln!(
            csv,
            "ce.{number:04}@ac-dijon.fr;D {number};{department}{number:04}A;École {number};{circonscription};{department}"
        )
        .unwrap();
    }
    std::fs::write(&path, csv).unwrap();
    (folder, path)
}

/// The addresses of [`directory`].
fn addresses(directors: usize) -> Vec<String> {
    (0..directors).map(|number| format!("ce.{number:04}@ac-dijon.fr")).collect()
}
