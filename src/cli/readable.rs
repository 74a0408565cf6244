//! Whether the service may read what the configuration names: root, who sets it up, reads everything, and the service runs
//! as another user. The system itself is asked, as that user, so access lists and folders above count as well.

use std::{
    ffi::OsString,
    fs,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::shell;
use crate::{
    config::{Config, NamedFile},
    text::Bilingual,
};

/// The user that the package makes for the service, and its group.
pub(super) const USER: &str = "passerelle";

/// Names the paths that cannot be used as the flag before each says (`test`), each with an end that no path has.
const ASK: &str = r#"while [ $# -gt 1 ]; do test "$1" "$2" || printf '%s\0' "$2"; shift 2; done"#;

/// A file that the service cannot read.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// What it is named for.
    pub(super) what: Bilingual,
    /// What is in the way.
    pub(super) reason: Bilingual,
    /// What to type.
    pub(super) remedy: Bilingual,
}

/// The files that the configuration names and the service cannot read; `None` where that cannot be told: there is no such
/// user here, or whoever asks is not root.
pub(super) async fn unreadable(config: &Config) -> Option<Vec<Unreadable>> {
    let mut questions = Vec::new();
    let named: Vec<_> = config.named_files().into_iter().flat_map(within).collect();
    for file in &named {
        let above = file.path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        questions.extend(above.map(|folder| ("-x", folder)));
        questions.push(("-r", &file.path));
        if file.path.is_dir() {
            questions.push(("-x", &file.path));
        }
    }
    let refused = refused(&questions).await?;
    let mut found = Vec::new();
    let mut said: Vec<&Path> = Vec::new();
    for file in &named {
        // The topmost is in the way of all below it.
        let all: Vec<_> = file.path.ancestors().collect();
        let Some(first) = all.into_iter().rev().find(|path| refused.iter().any(|it| it == path)) else { continue };
        if !said.contains(&first) {
            said.push(first);
            found.push(of_file(file, first, &owner(first).await));
        }
    }
    Some(found)
}

/// The file itself, or a folder with its files; what is not there is said elsewhere.
fn within(file: NamedFile) -> Vec<NamedFile> {
    let NamedFile { key, path } = file;
    let path = std::path::absolute(&path).unwrap_or(path);
    if !path.exists() {
        return Vec::new();
    }
    let entries = fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut below: Vec<PathBuf> = entries.filter(|path| path.exists()).collect();
    below.sort();
    std::iter::once(path).chain(below).map(|path| NamedFile { key: key.clone(), path }).collect()
}

/// The paths that the system refuses the user.
async fn refused(questions: &[(&str, &Path)]) -> Option<Vec<PathBuf>> {
    let arguments = questions.iter().flat_map(|(flag, path)| [OsString::from(flag), path.as_os_str().to_owned()]);
    let answer = Command::new("setpriv")
        .args(["--reuid", USER, "--regid", USER, "--init-groups", "--", "sh", "-c", ASK, "sh"])
        .args(arguments)
        .output()
        .await
        .ok()
        .filter(|answer| answer.status.success())?;
    let paths = answer.stdout.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    Some(paths.map(|path| PathBuf::from(OsString::from_vec(path.to_vec()))).collect())
}

/// «root:root, 0600».
async fn owner(path: &Path) -> String {
    let asked = Command::new("stat").args(["--dereference", "--format=%U:%G, 0%a", "--"]).arg(path).output().await;
    asked.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned()).unwrap_or_default()
}

fn of_file(file: &NamedFile, in_the_way: &Path, owner: &str) -> Unreadable {
    let what = file.key.as_ref().map_or_else(|| Bilingual::new("configuration", "configuration"), Bilingual::same);
    let path = file.path.display();
    let shown = shell::word(in_the_way);
    if in_the_way != file.path {
        return Unreadable {
            what,
            reason: Bilingual::new(
                format!(
                    "{USER}, the user of the service, cannot reach {path}: {} ({owner}) does not let it pass",
                    in_the_way.display()
                ),
                format!(
                    "{USER}, l’utilisateur du service, ne peut pas atteindre {path}\u{a0}: {} ({owner}) ne le laisse pas passer",
                    in_the_way.display()
                ),
            ),
            remedy: Bilingual::new(
                format!(
                    "put the file into /etc/passerelle, or let the service pass: chgrp {USER} {shown}; chmod g+x {shown}"
                ),
                format!(
                    "mettez le fichier dans /etc/passerelle, ou laissez passer le service\u{a0}: chgrp {USER} {shown}; chmod g+x {shown}"
                ),
            ),
        };
    }
    let mode = if in_the_way.is_dir() { "0750" } else { "0640" };
    Unreadable {
        what,
        reason: Bilingual::new(
            format!("{USER}, the user of the service, cannot read {} ({owner})", in_the_way.display()),
            format!("{USER}, l’utilisateur du service, ne peut pas lire {} ({owner})", in_the_way.display()),
        ),
        remedy: Bilingual::new(
            format!("as root: chgrp {USER} {shown}; chmod {mode} {shown}"),
            format!("en tant que root\u{a0}: chgrp {USER} {shown}; chmod {mode} {shown}"),
        ),
    }
}
