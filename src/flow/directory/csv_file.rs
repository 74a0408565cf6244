//! The directory as a file: read at start, read again when it changes; a broken new file keeps the old list.

use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use arc_swap::ArcSwap;
use tokio::task::spawn_blocking;

use super::{
    csv_rows::{self, Rows},
    person::Entry,
    state::SourceState,
};
use crate::{
    config::ConfigError,
    request::{Address, Person, School},
    text::{Bilingual, french},
};

/// How often a lookup looks whether the file changed, and how long a changed file must have been left alone
/// before it is read: a copy in progress is no list yet.
const CHECK_EVERY: Duration = Duration::from_secs(2);
/// Warnings of one reading that are logged one by one.
const WARNINGS_SHOWN: usize = 10;

/// A list of people kept in memory, as fresh as its file.
pub(super) struct CsvFile {
    file: Arc<ListFile>,
    rows: ArcSwap<Rows>,
    seen: Mutex<Seen>,
    check_every: Duration,
}

/// The file and how it is understood.
struct ListFile {
    path: PathBuf,
    director_roles: HashSet<String>,
}

/// By what a change is recognised; `None` when there is no file.
type Stamp = Option<(SystemTime, u64)>;

struct Seen {
    /// The stamp of the last reading, whether or not the list was usable: each mistake is logged once.
    stamp: Stamp,
    checked: Instant,
}

impl CsvFile {
    /// Reads the list; `director_roles` are folded.
    pub(super) fn open(path: &Path, director_roles: HashSet<String>) -> Result<Self, ConfigError> {
        Self::open_checking_every(path, director_roles, CHECK_EVERY)
    }

    fn open_checking_every(
        path: &Path,
        director_roles: HashSet<String>,
        check_every: Duration,
    ) -> Result<Self, ConfigError> {
        let file = ListFile { path: path.to_owned(), director_roles };
        let stamp = file.stamp();
        let rows = file.read()?;
        Ok(Self {
            file: Arc::new(file),
            rows: ArcSwap::from_pointee(rows),
            seen: Mutex::new(Seen { stamp, checked: Instant::now() }),
            check_every,
        })
    }

    /// What the list says of a person.
    pub(super) fn find(&self, requester: &Address) -> Option<Entry> {
        let rows = self.rows.load();
        rows.people.get(requester).map(|row| Entry { is_director: row.director, person: row.person.clone() })
    }

    /// The directors it holds.
    pub(super) fn directors(&self) -> Vec<(Address, Person)> {
        let rows = self.rows.load();
        let directors = rows.people.iter().filter(|(_, row)| row.director);
        directors.map(|(address, row)| (address.clone(), row.person.clone())).collect()
    }

    /// The schools of the directors it holds.
    pub(super) fn schools(&self) -> Vec<School> {
        let rows = self.rows.load();
        rows.people.values().filter(|row| row.director).flat_map(|row| row.person.schools()).collect()
    }

    /// How many people the list holds, and how many of them are directors.
    pub(super) fn count(&self) -> (usize, usize) {
        let rows = self.rows.load();
        (rows.people.len(), rows.people.values().filter(|row| row.director).count())
    }

    /// How many people the list holds, how many of them are directors, and as what the others are called.
    pub(super) fn state(&self) -> SourceState {
        /// Roles that are named.
        const SHOWN: usize = 8;
        let (people, directors) = self.count();
        let rows = self.rows.load();
        let roles: BTreeSet<&str> = rows.people.values().filter_map(|row| row.person.role.as_deref()).collect();
        let roles = roles.into_iter().take(SHOWN).map(|role| format!("«{role}»")).collect::<Vec<_>>().join(", ");
        let path = self.file.path.display();
        let found = Bilingual::new(
            format!("{people} people, {directors} of them directors"),
            format!(
                "{}, dont {}",
                french::count(people, "personne", "personnes"),
                french::count(directors, "directeur", "directeurs")
            ),
        );
        let state = SourceState {
            found,
            has_directors: directors > 0,
            remedy: Bilingual::default(),
            left_out: rows.left_out.clone(),
            directors: self.directors().into_iter().map(|(address, _)| address).collect(),
        };
        if state.has_directors {
            return state;
        }
        let remedy = if roles.is_empty() {
            Bilingual::new(
                format!("Put the directors into {path}, one a line below its heading."),
                format!("Mettez les directeurs dans {path}, un par ligne sous l’en-tête."),
            )
        } else {
            Bilingual::new(
                format!("Name those of its roles that are a director’s in directory.director_roles: {roles}."),
                format!(
                    "Nommez dans directory.director_roles ceux de ses rôles qui sont d’un directeur\u{a0}: {roles}."
                ),
            )
        };
        let found = state.found.then("", &Bilingual::same(format!(" ({path})")));
        SourceState { found, remedy, ..state }
    }

    /// Reads the file again if it has changed since it was last read; says whether the list is a new one.
    pub(super) async fn refresh(&self) -> bool {
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.checked.elapsed() < self.check_every {
                return false;
            }
            seen.checked = Instant::now();
        }
        let file = Arc::clone(&self.file);
        let stamp = spawn_blocking(move || file.stamp()).await.unwrap_or_default();
        let known = self.seen.lock().unwrap_or_else(PoisonError::into_inner).stamp;
        let still_written =
            stamp.is_some_and(|(modified, _)| modified.elapsed().is_ok_and(|age| age < self.check_every));
        if stamp == known || still_written {
            return false;
        }
        match self.reload().await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "the directory file has changed and cannot be used: the list as it was stays in use");
                false
            }
        }
    }

    /// Reads the file now; when that fails the list stays as it is.
    pub(super) async fn reload(&self) -> Result<(), ConfigError> {
        let file = Arc::clone(&self.file);
        let reading = spawn_blocking(move || (file.stamp(), file.read())).await;
        let (stamp, rows) =
            reading.map_err(|error| ConfigError::defect(Bilingual::same(self.file.path.display()), error))?;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).stamp = stamp;
        self.rows.store(Arc::new(rows?));
        Ok(())
    }
}

impl ListFile {
    fn stamp(&self) -> Stamp {
        let metadata = std::fs::metadata(&self.path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    }

    fn read(&self) -> Result<Rows, ConfigError> {
        let content = std::fs::read(&self.path).map_err(|error| ConfigError::unreadable(&self.path, error))?;
        let path = self.path.display();
        let rows = csv_rows::read(&content, &self.director_roles).map_err(|mistake| {
            let line = mistake.line;
            ConfigError::setting(
                Bilingual::new(format!("{path}, line {line}: "), format!("{path}, ligne {line} : "))
                    .then("", &mistake.reason),
                Bilingual::new("In that file: ", "Dans ce fichier : ")
                    .then("", &mistake.remedy)
                    .then("", &Bilingual::same(".")),
            )
        })?;
        let left_out = rows.left_out.iter().map(|line| format!("left out: {}", line.for_log()));
        let mut warnings = rows.warnings.iter().cloned().chain(left_out);
        for warning in warnings.by_ref().take(WARNINGS_SHOWN) {
            tracing::warn!(file = %path, "{warning}");
        }
        let more = warnings.count();
        if more > 0 {
            tracing::warn!(file = %path, "… and {more} more lines like these");
        }
        tracing::info!(file = %path, people = rows.people.len(), "read the directory file");
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, path::PathBuf, time::Duration};

    use tempfile::TempDir;

    use super::CsvFile;
    use crate::request::Address;

    /// A list of one, which is looked at each time.
    fn one_director() -> (TempDir, PathBuf, CsvFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("directors.csv");
        std::fs::write(&path, "email\na@b.fr\n").unwrap();
        let list = CsvFile::open_checking_every(&path, HashSet::new(), Duration::ZERO).unwrap();
        (folder, path, list)
    }

    fn is_director(list: &CsvFile, address: &str) -> bool {
        list.find(&Address::parse(address).unwrap()).is_some_and(|entry| entry.is_director)
    }

    #[tokio::test]
    async fn a_changed_file_is_read_again_and_only_then() {
        let (_folder, path, list) = one_director();
        assert!(!list.refresh().await);

        std::fs::write(&path, "email\na@b.fr\nc@b.fr\n").unwrap();
        assert!(list.refresh().await);
        assert!(is_director(&list, "c@b.fr"));
        assert_eq!(list.count(), (2, 2));
        assert!(!list.refresh().await);
    }

    #[tokio::test]
    async fn a_broken_or_missing_file_keeps_the_list_and_a_good_one_replaces_it() {
        let (_folder, path, list) = one_director();

        std::fs::write(&path, "nom;uai\nMartin;0210001A\n").unwrap();
        assert!(!list.refresh().await);
        assert!(list.reload().await.unwrap_err().to_string().contains("line 1"));
        std::fs::remove_file(&path).unwrap();
        assert!(!list.refresh().await);
        assert!(is_director(&list, "a@b.fr"));

        std::fs::write(&path, "email\nnew@b.fr\n").unwrap();
        assert!(list.refresh().await);
        assert!(is_director(&list, "new@b.fr") && !is_director(&list, "a@b.fr"));
    }

    #[tokio::test]
    async fn a_file_that_is_still_being_written_waits() {
        let (_folder, path, list) = one_director();
        let list = CsvFile { check_every: Duration::from_hours(1), ..list };
        list.seen.lock().unwrap().checked -= Duration::from_hours(2);

        std::fs::write(&path, "email\n").unwrap();
        assert!(!list.refresh().await);
        assert!(is_director(&list, "a@b.fr"));
        list.reload().await.unwrap();
        assert!(!is_director(&list, "a@b.fr"));
    }
}
