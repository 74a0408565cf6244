//! Secrets and the files they are in, which only their owner, and perhaps a group, may read.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown},
    path::Path,
};

use super::outcome::{Failed, State};
use crate::{cli::shell, config::secret_text, text::Bilingual};

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Characters of a secret that signs.
pub(super) const LONG: usize = 48;

/// So many random letters and digits.
pub(super) fn random(length: usize) -> Result<String, Failed> {
    let source = rustls::crypto::ring::default_provider().secure_random;
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 64];
        source.fill(&mut bytes).map_err(|_| {
            Failed::new(
                &Bilingual::new("the system gives no random numbers", "le système ne donne pas de nombres aléatoires"),
                &Bilingual::new("look at /dev/urandom", "voyez /dev/urandom"),
            )
        })?;
        // 248 is the largest multiple of 62: each character is as likely as any other.
        let fair = bytes.into_iter().filter(|byte| *byte < 248);
        let letters = fair.filter_map(|byte| ALPHABET.get(usize::from(byte) % ALPHABET.len()));
        text.extend(letters.take(length - text.len()).map(|letter| char::from(*letter)));
    }
    Ok(text)
}

/// A password that meets any rule GLPI can have: long, with a capital, a small letter, a digit and a sign.
pub(super) fn password() -> Result<String, Failed> {
    Ok(format!("{}-Aa1!", random(32)?))
}

/// What stands in a file; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<String>, Failed> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(secret_text(&text).to_owned()).filter(|text| !text.is_empty())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failed::of_file(path, &error)),
    }
}

/// Makes the folder of a file: nobody else may look into it.
pub(super) fn make_folder(path: &Path) -> Result<(), Failed> {
    let Some(folder) = path.parent() else { return Ok(()) };
    let made = fs::DirBuilder::new().recursive(true).mode(0o750).create(folder);
    made.map_err(|error| Failed::of_file(folder, &error))
}

/// Writes a random secret into a file that is not there.
pub(super) fn make(path: &Path, length: usize) -> Result<(), Failed> {
    make_folder(path)?;
    let text = random(length)?;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| {
        writeln!(file, "{text}")?;
        file.sync_all()
    });
    written.map_err(|error| Failed::of_file(path, &error))
}

/// Lets the group of the folder of secrets read a file: where the package made that folder, the gateway is its member.
/// A folder that setup itself made has the group that the file has.
pub(super) fn share(path: &Path, folder: &Path) -> Result<(), Failed> {
    let shared = || -> std::io::Result<()> {
        let group = fs::metadata(folder)?.gid();
        let file = fs::metadata(path)?;
        if file.gid() != group {
            chown(path, None, Some(group))?;
            fs::set_permissions(path, fs::Permissions::from_mode(file.mode() & 0o777 | 0o040))?;
        }
        Ok(())
    };
    shared().map_err(|error| Failed::of_file(path, &error))
}

/// Takes a file away from everybody but its owner and its group.
pub(super) fn restrict(path: &Path) -> Result<(), Failed> {
    if is_open(path) {
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(path, mode).map_err(|error| Failed::of_file(path, &error))?;
    }
    Ok(())
}

fn is_open(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|it| it.permissions().mode() & 0o007 != 0)
}

/// Of a secret that is right: whether others may read it.
pub(super) fn state_of_mode(path: &Path) -> State {
    if is_open(path) {
        State::change(
            ("everybody may read it", "tout le monde peut le lire"),
            ("it has the mode 0600 now", "il a désormais le mode 0600"),
        )
    } else {
        State::there()
    }
}

/// The mailbox's password is somebody's to write.
pub(super) fn look_at_mailbox(path: &Path) -> Result<State, Failed> {
    Ok(match read(path)? {
        Some(_) => State::there(),
        None => State::by_hand(
            &Bilingual::new("the file is missing or empty", "le fichier manque ou est vide"),
            &Bilingual::new(
                format!("write it there: install --mode 600 /dev/stdin {}", shell::word(path)),
                format!("écrivez-l’y\u{a0}: install --mode 600 /dev/stdin {}", shell::word(path)),
            ),
        ),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{make, password, random, read};

    #[test]
    fn secrets_are_long_and_differ_and_only_their_owner_reads_them() {
        let secrets = [random(40).unwrap(), random(40).unwrap()];
        assert!(secrets[0] != secrets[1] && secrets.iter().all(|it| it.len() == 40));
        let password = password().unwrap();
        assert!(password.len() > 30 && password.contains(|c: char| c.is_ascii_digit()));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets/one");
        assert!(read(&path).unwrap().is_none());
        make(&path, 40).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().len(), 40);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(make(&path, 40).is_err(), "what is there is not overwritten");
    }
}
