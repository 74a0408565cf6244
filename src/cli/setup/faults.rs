//! What of the options and answers cannot be meant, all of it at once, before anything is begun: by the rules that the
//! configuration has for what is written into it, and by GLPI's for what goes there.

use std::{net::IpAddr, path::Path};

use url::Url;

use super::{
    outcome::Failed,
    wanted::{ToldBy, Wanted},
    written::{self, Facts},
};
use crate::{
    app::App,
    config::{ConfigError, People},
    text::{Bilingual, Language},
};

/// GLPI's columns of names have so many characters.
const LONGEST_NAME: usize = 255;

/// What was given, and what is said to be missing already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    /// Whether `--from` was.
    pub(super) from: bool,
    /// The options that are missing.
    pub(super) missing: &'a [&'static str],
}

impl Given<'_> {
    fn lacks(&self, option: &str) -> bool {
        self.missing.contains(&option)
    }
}

/// Everything that cannot be meant.
pub(super) fn find(wanted: &Wanted, given: Given<'_>) -> Vec<Failed> {
    let mut found = of_configuration(wanted, given);
    let names = [
        ("--academy", &wanted.academy, !given.lacks("--academy")),
        ("--directors-group", &wanted.directors_group, wanted.directors.is_none()),
        ("--client", &wanted.client, true),
        ("--profile", &wanted.profile, true),
        ("--account", &wanted.account, true),
    ];
    found.extend(names.iter().filter(|(.., is_used)| *is_used).filter_map(|(option, name, _)| of_name(option, name)));
    found.extend(of_account(&wanted.account));
    found.extend(of_language(&wanted.language));
    found.extend(of_passwords(wanted));
    found.extend(of_folder(&wanted.into));
    if wanted.announcements && wanted.operators.is_empty() && !names_people(wanted) {
        found.push(fault(
            "--announcements",
            ("needs somebody who may send them", "demande quelqu’un qui puisse en envoyer"),
            ("give --operator, an address or a group of GLPI", "donnez --operator, une adresse ou un groupe de GLPI"),
        ));
    }
    if wanted.receipts == Some(ToldBy::Passerelle) && wanted.smtp.is_none() {
        found.push(fault(
            "--receipts passerelle",
            (
                "needs a relay: without --smtp the gateway writes to nobody",
                "demande un relais\u{a0}: sans --smtp, la passerelle n’écrit à personne",
            ),
            ("give --smtp, or --receipts glpi", "donnez --smtp, ou --receipts glpi"),
        ));
    }
    found
}

/// Whether somebody's own configuration says who may send announcements.
fn names_people(wanted: &Wanted) -> bool {
    written::in_force(wanted).ok().flatten().is_some_and(|config| {
        let People { operators, correspondents, referents, .. } = config.people;
        !(operators.is_empty() && correspondents.is_empty() && referents.is_empty())
    })
}

fn fault(option: &str, (english, french): (&str, &str), remedy: (&str, &str)) -> Failed {
    Failed::new(
        &Bilingual::new(format!("{option} {english}"), format!("{option} {french}")),
        &Bilingual::new(remedy.0, remedy.1),
    )
}

/// What the configuration refuses of what would be written into it.
fn of_configuration(wanted: &Wanted, given: Given<'_>) -> Vec<Failed> {
    let facts = Facts { webhook: wanted.webhook.is_some(), mails: true, reminds: true };
    let error = match written::to_be(wanted, facts) {
        Ok(reading) => {
            let of_parts = App::mistakes(reading.config());
            match reading.with(of_parts).sound() {
                Ok(_) => return Vec::new(),
                Err(error) => error,
            }
        }
        Err(error) => error,
    };
    let all = match error {
        ConfigError::Several { mistakes } => mistakes,
        one => vec![one],
    };
    let is_wrong = |key: &str| all.iter().any(|one| one.is_about(key));
    // The first recipient is the sender: that it is no address is said already.
    let says_nothing_new = |one: &ConfigError| {
        given.lacks("--domain") && one.is_about("screen.domains")
            || given.lacks("--recipient") && (one.is_about("screen.recipients") || one.is_about("smtp.from"))
            || !given.from && one.is_about("smtp.from") && is_wrong("screen.recipients")
    };
    let new = all.iter().filter(|one| !says_nothing_new(one));
    new.map(|one| {
        let Failed { reason, remedy } = Failed::of_configuration(one);
        let reason = place(wanted, one).map_or(reason.clone(), |place| Bilingual::same(place).saying(&reason));
        Failed { reason: of_path(wanted, one, reason), remedy }
    })
    .collect()
}

/// The file and the line of a mistake, where that is not the file that is written.
fn place(wanted: &Wanted, mistake: &ConfigError) -> Option<String> {
    let ConfigError::InFile { source_code, place, .. } = mistake else { return None };
    if Path::new(source_code.name()) == wanted.configuration_file() {
        return None;
    }
    let before = place.and_then(|place| source_code.inner().get(..place.offset()));
    let line = before.map(|text| format!(":{}", text.matches('\n').count() + 1)).unwrap_or_default();
    Some(format!("{}{line}", source_code.name()))
}

/// The sentence of a mistake behind the option that names its file or folder, where it does not name that itself.
fn of_path(wanted: &Wanted, mistake: &ConfigError, sentence: Bilingual) -> Bilingual {
    let named = [
        ("--directors", "directory.csv", wanted.directors.is_some()),
        ("--mappings", "mappings.dir", wanted.names_mappings),
    ];
    let said = sentence.text(Language::English);
    let is_it = |option: &str, key: &str| mistake.is_about(key) && !said.contains(option);
    match named.into_iter().find(|(option, key, is_given)| *is_given && is_it(option, key)) {
        Some((option, ..)) => Bilingual::same(option).saying(&sentence),
        None => sentence,
    }
}

/// A name that GLPI keeps.
fn of_name(option: &str, name: &str) -> Option<Failed> {
    let why = if name.trim().is_empty() {
        ("is empty", "est vide")
    } else if name.chars().any(char::is_control) {
        (
            "holds a line break or another sign that is not shown",
            "contient un saut de ligne ou un autre signe invisible",
        )
    } else if name.chars().count() > LONGEST_NAME {
        ("is longer than 255 characters", "dépasse 255 caractères")
    } else if name.trim() != name {
        ("begins or ends with a space, which GLPI drops", "commence ou finit par une espace, que GLPI ôte")
    } else {
        return None;
    };
    Some(fault(
        option,
        why,
        ("give a name of one line, without spaces around it", "donnez un nom d’une ligne, sans espaces autour"),
    ))
}

/// GLPI takes no login with other signs (`Auth::isValidLogin`).
fn of_account(login: &str) -> Option<Failed> {
    let is_taken = |letter: char| letter.is_alphanumeric() || "@.-_ ".contains(letter);
    (!login.trim().is_empty() && !login.chars().all(is_taken)).then(|| {
        fault(
            "--account",
            ("is no login that GLPI takes", "n’est pas un identifiant que GLPI accepte"),
            ("give letters, digits and @ . - _ alone", "donnez seulement des lettres, des chiffres et @ . - _"),
        )
    })
}

/// GLPI names its languages `fr_FR`, `en_GB`, `es_419`.
fn of_language(language: &str) -> Option<Failed> {
    let is_one = language.split_once('_').is_some_and(|(language, country)| {
        (2..=3).contains(&language.len())
            && language.bytes().all(|it| it.is_ascii_lowercase())
            && (2..=3).contains(&country.len())
            && country.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
    });
    (!is_one).then(|| {
        fault(
            "--account-lang",
            ("is no language of GLPI", "n’est pas une langue de GLPI"),
            ("give it as GLPI does: fr_FR, en_GB", "donnez-la comme GLPI\u{a0}: fr_FR, en_GB"),
        )
    })
}

fn of_passwords(wanted: &Wanted) -> Vec<Failed> {
    let has_password = |address: &str| Url::parse(address).is_ok_and(|url| url.password().is_some());
    let given = [("--imap", &wanted.imap), ("--smtp", &wanted.smtp)];
    let open = given.iter().filter(|(_, given)| given.as_deref().is_some_and(has_password));
    let remedy = (
        "give it without; the mailbox’s goes into secrets/imap-password, a relay’s with its address into the file that PASSERELLE_SMTP__URL_FILE names",
        "donnez-le sans\u{a0}; celui de la boîte va dans secrets/imap-password, celui d’un relais, avec son adresse, dans le fichier que nomme PASSERELLE_SMTP__URL_FILE",
    );
    let why = (
        "holds a password, which others see on a command line",
        "contient un mot de passe, que d’autres voient sur une ligne de commande",
    );
    open.map(|(option, _)| fault(option, why, remedy)).collect()
}

/// A folder that cannot be one.
fn of_folder(into: &Path) -> Option<Failed> {
    let there = into.ancestors().find(|path| path.exists())?;
    (!there.is_dir()).then(|| {
        let there = there.display();
        fault(
            "--into",
            (
                &format!("cannot be a folder: {there} is a file"),
                &format!("ne peut pas être un dossier\u{a0}: {there} est un fichier"),
            ),
            ("give a folder, such as /etc/passerelle", "donnez un dossier, par exemple /etc/passerelle"),
        )
    })
}

/// An address of the web.
///
/// # Errors
///
/// Where it is none, or holds a login.
pub(super) fn site(text: &str, option: &str) -> Result<Url, Failed> {
    let example = if option == "--webhook" { "https://passerelle.example.fr/" } else { "https://glpi.example.fr" };
    let none = || {
        Failed::new(
            &Bilingual::new(
                format!("{option}: \"{text}\" is no address"),
                format!("{option}\u{a0}: \"{text}\" n’est pas une adresse"),
            ),
            &Bilingual::new(format!("give it as {example}"), format!("donnez-la ainsi\u{a0}: {example}")),
        )
    };
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(none)?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(fault(
            option,
            ("holds a login, or a part behind #", "contient un identifiant, ou une partie derrière #"),
            (
                "give the address alone; logins have options of their own",
                "donnez l’adresse seule\u{a0}; les identifiants ont leurs options",
            ),
        ));
    }
    Ok(url)
}

/// The address of a machine.
///
/// # Errors
///
/// Where it is none.
pub(super) fn machine(text: &str) -> Result<IpAddr, Failed> {
    let address = text.trim().parse::<IpAddr>().ok();
    address.filter(|it| !it.is_unspecified() && !it.is_multicast()).ok_or_else(|| {
        Failed::new(
            &Bilingual::new(
                format!("--gateway: \"{text}\" is no machine’s IP address"),
                format!("--gateway\u{a0}: \"{text}\" n’est pas l’adresse IP d’une machine"),
            ),
            &Bilingual::new(
                "give the address from which the gateway calls GLPI, such as 192.0.2.7",
                "donnez l’adresse d’où la passerelle appelle GLPI, par exemple 192.0.2.7",
            ),
        )
    })
}
