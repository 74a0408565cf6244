//! The announcement that the arguments and the files they name describe.

use std::path::Path;

use bytes::Bytes;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use super::{
    arguments::{Args, Until},
    typed::{Unable, person},
};
use crate::{
    announcements::{Announcement, Recipients, Zones},
    app::App,
    intake::form,
    request::{Address, Enclosure, Reference},
    text::Bilingual,
};

/// What Windows puts before a text.
const BOM: char = '\u{feff}';
/// How long what the portal shows is shown, unless said otherwise.
const SHOWN_DAYS: i64 = 7;
/// The last year that GLPI's database keeps.
const LAST_YEAR: i16 = 2037;
/// Lines of a list that are named where they are wrong.
const MOST_NAMED: usize = 20;

/// An announcement, with the addresses and files that come along.
pub(super) struct Written {
    pub(super) announcement: Announcement,
    pub(super) list: Vec<Address>,
    pub(super) enclosure: Enclosure,
}

impl Written {
    /// What the arguments describe; everything that is wrong with them.
    pub(super) async fn of(app: &App, args: &Args) -> Result<Self, Unable> {
        let zones = match Zones::parse(&args.zone) {
            Ok(zones) => zones,
            Err(unread) => {
                let strangers = app.informer.misread(&unread).await;
                return Err(Unable::Typed(strangers.iter().map(crate::announcements::Stranger::said).collect()));
            }
        };
        let by = person(&args.by)?;
        let on_portal = args.portal || args.portal_only;
        check(args, on_portal)?;
        let (enclosure, list) = (enclosure(args).await?, list(args)?);
        let (subject, markdown) = text(args)?;
        let now = Timestamp::now();
        let zone = &app.config.time_zone;
        let day = now.to_zoned(zone.clone()).date();
        // The same for each command of a day.
        let usual = || day.checked_add(SHOWN_DAYS.days()).ok().map(Until::Day);
        let ends = args.until.or_else(usual).map(|until| end(until, now, zone)).transpose()?;
        let by_mail = match (args.portal_only, &args.list, args.last_requesters) {
            (true, ..) => None,
            (_, Some(_), _) => Some(Recipients::List),
            (.., true) => Some(Recipients::LastRequesters),
            _ => Some(Recipients::Directors),
        };
        // The same command again on the same day means the same announcement: it is sent once.
        let identity = format!(
            "{day}\n{subject}\n{markdown}\n{:?}\n{:?}{}{by_mail:?}{list:?}",
            zones.shown(),
            args.application,
            enclosure.digest
        );
        let announcement = Announcement {
            id: None,
            reference: Reference::new("announcement", &by, identity.as_bytes()),
            subject,
            markdown,
            zones,
            application: args.application.clone(),
            by_mail,
            on_portal,
            is_held: false,
            begins: now,
            ends: ends.filter(|_| on_portal),
            files: Vec::new(),
            written_by: by,
            written_at: now,
        };
        Ok(Self { announcement, list, enclosure })
    }
}

/// What says something that would count for nothing.
fn check(args: &Args, on_portal: bool) -> Result<(), Unable> {
    let mut mistakes = Vec::new();
    if args.application.as_ref().is_some_and(|name| name.trim().is_empty()) {
        mistakes.push(Bilingual::new(
            "--application is empty; name one, or leave it out",
            "--application est vide\u{a0}; nommez-en une, ou ne la donnez pas",
        ));
    }
    if args.until.is_some() && !on_portal {
        mistakes.push(Bilingual::new(
            "--until says how long the portal shows it; add --portal or --portal-only, or leave it out",
            "--until dit jusqu’à quand le portail la montre\u{a0}; ajoutez --portal ou --portal-only, ou ne le donnez pas",
        ));
    }
    if mistakes.is_empty() { Ok(()) } else { Err(Unable::Typed(mistakes)) }
}

/// When the portal ends to show it: a moment to come that GLPI keeps.
fn end(until: Until, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, Unable> {
    let ends = until.moment(zone).filter(|ends| ends.to_zoned(zone.clone()).year() <= LAST_YEAR);
    let Some(ends) = ends else {
        return Err(Unable::typed(
            format!("--until is later than GLPI keeps; give a day up to {LAST_YEAR}"),
            format!("--until est plus tard que ce que GLPI garde\u{a0}; donnez un jour jusqu’en {LAST_YEAR}"),
        ));
    };
    if ends > now {
        return Ok(ends);
    }
    Err(Unable::typed(
        "--until is over; give a day or a moment to come",
        "--until est passé\u{a0}; donnez un jour ou un moment à venir",
    ))
}

fn unreadable(file: &Path, why: &std::io::Error, remedy: (&str, &str)) -> Unable {
    let file = file.display();
    Unable::typed(
        format!("{file} cannot be read ({why}); {}", remedy.0),
        format!("{file} ne se lit pas («\u{a0}{why}\u{a0}»)\u{a0}; {}", remedy.1),
    )
}

/// The subject and the text.
fn text(args: &Args) -> Result<(String, String), Unable> {
    let Some(file) = &args.file else { return Ok(Default::default()) };
    let read =
        if file.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let remedy = (
        "give a file of text in UTF-8, or - for the standard input",
        "donnez un fichier de texte en UTF-8, ou - pour l’entrée standard",
    );
    let text = read.map_err(|why| unreadable(file, &why, remedy))?;
    let text = text.trim_start_matches(BOM);
    let (head, body) = match text.trim_start().strip_prefix("# ") {
        Some(titled) => titled.split_once('\n').unwrap_or((titled, "")),
        None => ("", text),
    };
    Ok(match &args.subject {
        Some(subject) => (subject.clone(), text.to_owned()),
        None => (head.trim().to_owned(), body.trim().to_owned()),
    })
}

/// The files of `--attach`.
async fn enclosure(args: &Args) -> Result<Enclosure, Unable> {
    let mut files = Vec::with_capacity(args.attach.len());
    for path in &args.attach {
        let remedy = ("give a file that can", "donnez un fichier lisible");
        let content = Bytes::from(std::fs::read(path).map_err(|why| unreadable(path, &why, remedy))?);
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let media_type = infer::get(&content).map(|kind| kind.mime_type().to_owned());
        files.push(form::File { name, content_type: media_type, content });
    }
    let size = files.iter().map(|file| file.content.len() as u64).sum();
    Ok(form::enclosure(files, size).await)
}

/// The addresses of `--list`.
fn list(args: &Args) -> Result<Vec<Address>, Unable> {
    let Some(file) = &args.list else { return Ok(Vec::new()) };
    let remedy = ("give a file with an address a line", "donnez un fichier avec une adresse par ligne");
    let text = std::fs::read_to_string(file).map_err(|why| unreadable(file, &why, remedy))?;
    let (mut addresses, mut mistakes) = (Vec::new(), Vec::new());
    for (line, number) in
        text.trim_start_matches(BOM).lines().map(str::trim).zip(1..).filter(|(line, _)| !line.is_empty())
    {
        match Address::parse(line) {
            Some(address) => addresses.push(address),
            None => mistakes.push(Bilingual::new(
                format!("{}, line {number}: \"{line}\" is no mail address; correct it, or take it out", file.display()),
                format!(
                    "{}, ligne {number}\u{a0}: «\u{a0}{line}\u{a0}» n’est pas une adresse\u{a0}; corrigez-la, ou retirez-la",
                    file.display()
                ),
            )),
        }
    }
    if addresses.is_empty() && mistakes.is_empty() {
        mistakes.push(Bilingual::new(
            format!("{} has no address; give one a line", file.display()),
            format!("{} n’a aucune adresse\u{a0}; donnez-en une par ligne", file.display()),
        ));
    }
    mistakes.truncate(MOST_NAMED);
    if mistakes.is_empty() { Ok(addresses) } else { Err(Unable::Typed(mistakes)) }
}
