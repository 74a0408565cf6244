//! An announcement, and how it stands in a note of GLPI's: what people wrote, then a paragraph that is read again.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{
    body::{body, clean, read_body, written},
    excess::{Excess, ExcessPart},
    files::AnnouncementFile,
    one_line::{LONGEST_SUBJECT, line},
    zones::Zones,
};
use crate::{
    id::ReminderId,
    people::Rights,
    request::Reference,
    text::{
        html_text::{decoded, escaped},
        unseen::unturned,
    },
};

/// By this GLPI is searched for announcements.
pub(super) const MARK: &str = "Passerelle\u{a0}: information P-";

const OPENING: &str = "<p><em>Passerelle\u{a0}: information ";
const PREPARATION: &str = "Passerelle\u{a0}: information en préparation ";
const SINCE: &str = "<br>Depuis\u{a0}: ";
const BY: &str = ", par ";
const CLOSING: &str = "</em></p>";
const ZONE: &str = "Zone\u{a0}: ";
const APPLICATION: &str = "Application\u{a0}: ";
const MAIL: &str = "Par courriel\u{a0}: ";
const PORTAL: &str = "Sur le portail\u{a0}: ";
const HELD: &str = "Confirmation\u{a0}: ";
const AWAITED: &str = "attendue";
const AUTHOR: &str = "Écrite par\u{a0}: ";
const DATE: &str = "Écrite le\u{a0}: ";
const FILE: &str = "Fichier\u{a0}: ";
const SEAL: &str = "<br>Sceau\u{a0}: ";

/// The ways an announcement goes, as they are counted.
const BOTH: &str = "both";
const BY_MAIL: &str = "mail";
const BY_PORTAL: &str = "portal";
pub(super) const WAYS: [&str; 3] = [BOTH, BY_MAIL, BY_PORTAL];

/// What somebody tells directors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// GLPI's number of the note, once it is kept there.
    pub id: Option<ReminderId>,
    /// Its name: the same for all attempts to write it.
    pub reference: Reference,
    /// One line.
    pub subject: String,
    /// The body, Markdown.
    pub markdown: String,
    /// Whom it is for.
    pub zones: Zones,
    /// The application it is about.
    pub application: Option<String>,
    /// Who gets it by mail; nobody where it is a message of the portal only.
    pub by_mail: Option<Recipients>,
    /// Whether the portal shows it, from its begin to its end.
    pub on_portal: bool,
    /// From when it is shown.
    pub begins: Timestamp,
    /// Until when; what the portal shows has an end.
    pub ends: Option<Timestamp>,
    /// The portal does not show it before a second person has confirmed its mailing.
    pub is_held: bool,
    /// The files that go along.
    pub files: Vec<AnnouncementFile>,
    /// Who wrote it: an address, or the name of a program.
    pub written_by: String,
    /// When.
    pub written_at: Timestamp,
}

/// Who gets an announcement by mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// The directors of its zones.
    Directors,
    /// Those of its zones who asked for help with its application lately.
    LastRequesters,
    /// Those of a list that came with it.
    List,
}

impl Recipients {
    const ALL: [Self; 3] = [Self::Directors, Self::LastRequesters, Self::List];

    /// As a person reads it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Directors => "aux directeurs de ces zones",
            Self::LastRequesters => "aux derniers demandeurs de cette application",
            Self::List => "à une liste d’adresses",
        }
    }

    /// As programs and forms name it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Directors => "directors",
            Self::LastRequesters => "last-requesters",
            Self::List => "list",
        }
    }

    /// The one of this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|recipients| recipients.code() == code)
    }
}

impl Announcement {
    /// Its texts as a note has them: one line of so many characters, of such that every GLPI gives back as they are; and
    /// a body without control characters, cut at its longest.
    #[must_use]
    pub fn fit(mut self) -> Self {
        self.subject = line(&self.subject, LONGEST_SUBJECT);
        self.markdown = body(&self.markdown);
        self.application = self.application.map(|name| line(&name, LONGEST_SUBJECT)).filter(|name| !name.is_empty());
        self.written_by = line(&self.written_by, LONGEST_SUBJECT);
        self.files = self.files.into_iter().map(AnnouncementFile::fit).collect();
        // GLPI keeps seconds.
        self.begins = seconds(self.begins);
        self.ends = self.ends.map(seconds);
        self.written_at = seconds(self.written_at);
        self
    }

    /// Whether [`Announcement::fit`] takes nothing away that somebody wrote.
    ///
    /// # Errors
    ///
    /// Names what is too much.
    pub fn fits(&self) -> Result<(), Excess> {
        for (part, text) in [
            (ExcessPart::Subject, Some(&self.subject)),
            (ExcessPart::Application, self.application.as_ref()),
            (ExcessPart::Author, Some(&self.written_by)),
        ] {
            let Some(text) = text else { continue };
            if let Some(letter) = text.chars().find(|c| u32::from(*c) > 0xffff) {
                return Err(Excess::Letter(part, letter));
            }
            let length = line(text, usize::MAX).chars().count();
            if length > LONGEST_SUBJECT {
                return Err(Excess::Characters { part, length, most: LONGEST_SUBJECT });
            }
        }
        let (whole, kept) = (clean(&self.markdown), body(&self.markdown));
        if kept == whole.trim_end() {
            Ok(())
        } else {
            Err(Excess::Text { kept: kept.chars().count(), of: whole.chars().count() })
        }
    }

    /// Whom it is for, a few words. Where the portal does not show it, a list says that.
    pub fn audience(&self) -> String {
        if self.by_mail == Some(Recipients::List) && !self.on_portal {
            "une liste d’adresses".to_owned()
        } else {
            self.zones.shown().join(", ")
        }
    }

    /// Whether another one tells the same people the same, with the same files and for as long, whenever it was handed in.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        (&self.subject, &self.markdown, &self.written_by) == (&other.subject, &other.markdown, &other.written_by)
            && (&self.zones, &self.application) == (&other.zones, &other.application)
            && (self.by_mail, self.on_portal) == (other.by_mail, other.on_portal)
            && self.files.iter().map(AnnouncementFile::identity).eq(other.files.iter().map(AnnouncementFile::identity))
            && (!self.on_portal || (self.begins_later(), self.ends) == (other.begins_later(), other.ends))
    }

    /// From when on it is shown, where that is not at once.
    fn begins_later(&self) -> Option<Timestamp> {
        (self.begins != self.written_at).then_some(self.begins)
    }

    /// Whether the portal shows it at this moment.
    pub fn is_shown(&self, now: Timestamp) -> bool {
        self.is_on_portal_now() && self.begins <= now && self.ends.is_some_and(|ends| now < ends)
    }

    /// Whether the portal shows it in its time.
    pub(super) fn is_on_portal_now(&self) -> bool {
        self.on_portal && !self.is_held
    }

    /// How it goes, as figures name it.
    pub(super) fn way(&self) -> &'static str {
        match (self.by_mail, self.on_portal) {
            (Some(_), true) => BOTH,
            (Some(_), false) => BY_MAIL,
            (None, _) => BY_PORTAL,
        }
    }

    /// Whether somebody with these rights may see it: whoever may change it; and the référents of its application where it
    /// went to directors, too.
    pub fn is_seen_by(&self, rights: &Rights) -> bool {
        let is_listed = self.by_mail == Some(Recipients::List);
        let of_application = self.application.as_deref().is_some_and(|name| rights.cover(None, Some(name)));
        self.is_within(rights) || of_application && !is_listed
    }

    /// Whether somebody with these rights may write, change and end it: its zones are theirs; or its application is, and it
    /// goes no further than those who asked about that.
    pub fn is_within(&self, rights: &Rights) -> bool {
        let is_far = matches!(self.by_mail, Some(Recipients::Directors | Recipients::List));
        let list = self.by_mail != Some(Recipients::List) || rights.is_everything();
        let of_application = self.application.as_deref().is_some_and(|name| rights.cover(None, Some(name)));
        list && self.zones.are_within(rights) || of_application && !is_far
    }

    /// The text of its note, HTML.
    pub(super) fn note(&self) -> String {
        let mut html = written(&self.markdown);
        let _ = write!(html, "{OPENING}{}", self.reference);
        let mut add = |name: &str, value: &str| {
            let _ = write!(html, "<br>{name}{}", escaped(value));
        };
        for zone in self.zones.shown() {
            add(ZONE, &zone);
        }
        if let Some(application) = &self.application {
            add(APPLICATION, application);
        }
        add(MAIL, self.by_mail.map_or("non", Recipients::shown));
        add(PORTAL, if self.on_portal { "oui" } else { "non" });
        if self.is_held {
            add(HELD, AWAITED);
        }
        for file in &self.files {
            add(FILE, &file.shown());
        }
        add(AUTHOR, &self.written_by);
        add(DATE, &self.written_at.to_string());
        html + CLOSING
    }

    /// The text of its note with what proves that the gateway wrote it.
    pub(super) fn sealed(&self, proof: &str) -> String {
        let note = self.note();
        let note = note.strip_suffix(CLOSING).unwrap_or(&note);
        format!("{note}{SEAL}{proof}{CLOSING}")
    }

    /// What stands in a note as its proof; empty where nothing does.
    pub(super) fn seal_of(text: &str) -> &str {
        let seal = text.rsplit_once(SEAL).and_then(|(_, seal)| seal.split_once(CLOSING));
        seal.map_or("", |(seal, _)| seal.trim())
    }

    /// What the proof is of: whom it is for and how it goes. Its text may be corrected in GLPI.
    pub(super) fn proven(&self) -> Vec<String> {
        let mut parts = vec![self.reference.to_string()];
        parts.extend(self.zones.shown());
        parts.extend([
            format!("{APPLICATION}{}", self.application.as_deref().unwrap_or_default()),
            format!("{MAIL}{}", self.by_mail.map_or("", Recipients::code)),
            format!("{PORTAL}{}", self.on_portal),
            format!("{HELD}{}", self.is_held),
            format!("{AUTHOR}{}", self.written_by),
            format!("{DATE}{}", self.written_at),
        ]);
        parts.extend(self.files.iter().map(AnnouncementFile::shown));
        parts
    }

    /// The text of its note while its files are on their way: nobody takes it for an announcement. Whoever attaches them
    /// is named; where nobody is, nobody does now.
    pub(super) fn preparation(&self, by: Option<&Attacher>) -> String {
        let since = by.map(|Attacher { since, who }| format!("{SINCE}{since}{BY}{who}")).unwrap_or_default();
        format!(
            "<p>{}</p><p><em>{PREPARATION}{}{since}</em></p>",
            "Ses fichiers y sont d’abord joints. Si cette note reste ainsi, GLPI ne les a pas tous pris et rien n’est parti\u{a0}: elle peut être supprimée.",
            self.reference
        )
    }

    /// The text of a note that somebody wrote at the very moment when another one wrote the same announcement: nobody takes
    /// it for one.
    pub(super) fn double(&self) -> String {
        format!(
            "<p><em>Passerelle\u{a0}: double de {}, écrit au même moment. Cette note peut être supprimée.</em></p>",
            self.reference
        )
    }

    /// The preparation that a note is, if it is one.
    pub(super) fn prepared(&self, text: &str) -> Option<Preparation> {
        let (_, rest) = text.split_once(&format!("<em>{PREPARATION}{}", self.reference))?;
        let (since, _) = rest.split_once("</em>")?;
        if since.is_empty() {
            return Some(Preparation { by: None });
        }
        let (since, who) = since.strip_prefix(SINCE)?.split_once(BY)?;
        let by = Attacher { since: since.parse().ok()?, who: who.to_owned() };
        Some(Preparation { by: Some(by) })
    }

    /// The announcement that a note is, if it is one. Its body may have been changed in GLPI: then it is what a reader
    /// sees there.
    pub(super) fn read(note: Note<'_>) -> Option<Self> {
        let (text, data) = note.text.rsplit_once(OPENING)?;
        let (data, _) = data.split_once(CLOSING)?;
        let mut lines = data.split("<br>").map(|line| decoded(line.trim_matches('\n')).into_owned());
        let reference = Reference::parse(&lines.next()?)?;
        let lines: Vec<String> = lines.collect();
        let all = |name: &str| lines.iter().filter_map(|line| line.strip_prefix(name)).map(str::to_owned).collect();
        let one = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name));
        let zones: Vec<String> = all(ZONE);
        Some(Self {
            is_held: one(HELD) == Some(AWAITED),
            id: Some(note.id),
            reference,
            // Somebody may have changed these in GLPI.
            subject: unturned(note.title),
            markdown: unturned(&read_body(text)),
            zones: Zones::read(&zones)?,
            application: one(APPLICATION).map(str::to_owned),
            by_mail: match one(MAIL)? {
                "non" => None,
                words => Some(Recipients::ALL.into_iter().find(|recipients| recipients.shown() == words)?),
            },
            on_portal: one(PORTAL)? == "oui",
            files: all_files(&lines)?,
            begins: note.begins,
            ends: note.ends,
            written_by: one(AUTHOR)?.to_owned(),
            written_at: one(DATE)?.parse().ok()?,
        })
    }
}

fn all_files(lines: &[String]) -> Option<Vec<AnnouncementFile>> {
    lines.iter().filter_map(|line| line.strip_prefix(FILE)).map(AnnouncementFile::read).collect()
}

/// A note whose files are on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Preparation {
    /// Who attaches them, if somebody does.
    pub(super) by: Option<Attacher>,
}

/// Who attaches an announcement's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attacher {
    pub(super) since: Timestamp,
    /// A process: letters and digits.
    pub(super) who: String,
}

/// A note of GLPI's.
#[derive(Clone, Copy)]
pub(super) struct Note<'a> {
    pub(super) id: ReminderId,
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    pub(super) begins: Timestamp,
    pub(super) ends: Option<Timestamp>,
}

fn seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{Announcement, Attacher, MARK, Note, Preparation, Recipients};
    use crate::{
        announcements::{AnnouncementFile, LONGEST_BODY, Zone, Zones, body::kept},
        id::ReminderId,
        people::{Rights, Role},
        request::Reference,
    };

    fn announcement() -> Announcement {
        Announcement {
            id: Some(ReminderId::new(3)),
            reference: Reference::new("announcement", "ien.dijon@ac-dijon.fr", b"1"),
            subject: "LSU indisponible".to_owned(),
            markdown: "**LSU** ne répond pas.\nNous y travaillons.\n\n- a & b\n- <c>".to_owned(),
            zones: Zones::of([Zone::parse("021").unwrap(), Zone::parse("058/Nevers & Sud").unwrap()]),
            application: Some("LSU".to_owned()),
            by_mail: Some(Recipients::Directors),
            on_portal: true,
            is_held: false,
            files: Vec::new(),
            begins: "2026-11-28T08:00:00Z".parse().unwrap(),
            ends: Some("2026-11-29T08:00:00Z".parse().unwrap()),
            written_by: "ien.dijon@ac-dijon.fr".to_owned(),
            written_at: "2026-11-28T07:59:00Z".parse().unwrap(),
        }
    }

    fn read(of: &Announcement, text: &str) -> Option<Announcement> {
        let id = of.id.unwrap();
        Announcement::read(Note { id, title: &of.subject, text, begins: of.begins, ends: of.ends })
    }

    #[test]
    fn a_note_reads_well_and_says_what_it_is() {
        let html = announcement().note();
        let shown =
            "<p><strong>LSU</strong> ne répond pas.<br>Nous y travaillons.</p><ul><li>a &amp; b</li><li></li></ul>";
        let said = format!(
            "{shown}</div>\
             <p><em>Passerelle\u{a0}: information {}<br>Zone\u{a0}: département 21\
             <br>Zone\u{a0}: circonscription Nevers &amp; Sud, département 58<br>Application\u{a0}: LSU\
             <br>Par courriel\u{a0}: aux directeurs de ces zones<br>Sur le portail\u{a0}: oui\
             <br>Écrite par\u{a0}: ien.dijon@ac-dijon.fr<br>Écrite le\u{a0}: 2026-11-28T07:59:00Z</em></p>",
            announcement().reference
        );
        assert!(html.ends_with(&said), "{html}");
        assert!(html.contains(MARK));
    }

    #[rstest]
    #[case(announcement())]
    #[case(Announcement { zones: Zones::Academy, application: None, ..announcement() })]
    #[case(Announcement { by_mail: None, ends: None, on_portal: false, ..announcement() })]
    #[case(Announcement { by_mail: Some(Recipients::LastRequesters), ..announcement() })]
    #[case(Announcement { by_mail: Some(Recipients::List), ..announcement() })]
    #[case(Announcement { files: vec![
        AnnouncementFile::of("Note (1), <a> & b.pdf", "application/pdf", b"%PDF"),
        AnnouncementFile::of("b.csv", "text/csv", b"a;b"),
    ], ..announcement() })]
    fn every_announcement_is_read_again(#[case] announcement: Announcement) {
        assert_eq!(read(&announcement, &announcement.note()), Some(announcement));
    }

    #[test]
    fn a_text_changed_in_glpi_is_what_a_reader_sees_there() {
        let html = announcement().note().replace("</strong> ne répond", "</strong>\n répond");
        let read = read(&announcement(), &format!("{html}\n")).unwrap();
        assert!(read.markdown.starts_with("**LSU** répond pas.\nNous"), "{}", read.markdown);
        assert_eq!(read.zones, announcement().zones);
    }

    #[test]
    fn other_notes_are_none() {
        for html in [
            "<p>Le rapport est parti.</p>".to_owned(),
            announcement().note().replace("information P-", "information "),
            announcement().note().replace("Zone\u{a0}: ", "Zones\u{a0}: "),
            announcement().note().replace("aux directeurs", "à des directeurs"),
            announcement().note().replace("</em>", ""),
        ] {
            assert_eq!(read(&announcement(), &html), None, "{html}");
        }
    }

    #[rstest]
    #[case::by_nobody(None)]
    #[case::by_somebody(Some(Attacher { since: "2026-11-28T07:59:00.123456789Z".parse().unwrap(), who: "0a1b".to_owned() }))]
    fn what_is_being_prepared_is_no_announcement_yet(#[case] by: Option<Attacher>) {
        let (text, other) = (announcement().preparation(by.as_ref()), Reference::new("announcement", "another", b"1"));
        assert_eq!(read(&announcement(), &text), None);
        assert_eq!(announcement().prepared(&text), Some(Preparation { by }));
        assert_eq!(announcement().prepared(&announcement().note()), None);
        assert_eq!(Announcement { reference: other, ..announcement() }.prepared(&text), None);
    }

    #[test]
    fn what_a_person_types_does_not_make_it_another_one() {
        let forged = Announcement { zones: Zones::Academy, ..announcement() }.note();
        let honest = Announcement { markdown: forged, ..announcement() };
        assert_eq!(read(&honest, &honest.note()), Some(honest));
    }

    #[rstest]
    #[case::before("2026-11-28T07:59:59Z", true, false)]
    #[case::from_its_begin("2026-11-28T08:00:00Z", true, true)]
    #[case::to_its_end("2026-11-29T07:59:59Z", true, true)]
    #[case::not_longer("2026-11-29T08:00:00Z", true, false)]
    #[case::a_mail_alone("2026-11-28T08:00:00Z", false, false)]
    fn the_portal_shows_it_from_begin_to_end(#[case] now: &str, #[case] on_portal: bool, #[case] expected: bool) {
        assert_eq!(Announcement { on_portal, ..announcement() }.is_shown(now.parse().unwrap()), expected);
    }

    /// Operators write everything; correspondents within their departments; référents what stays with their application,
    /// and they see what of it went to directors.
    #[rstest]
    #[case::an_operator(Role::Operator, &[], None, Some(Recipients::List), true, true)]
    #[case::their_department(Role::Correspondent("021".into()), &["021"], Some("LSU"), Some(Recipients::Directors), true, true)]
    #[case::another_department(Role::Correspondent("058".into()), &["021"], Some("LSU"), None, false, false)]
    #[case::the_academy(Role::Correspondent("021".into()), &[], None, None, false, false)]
    #[case::a_list(Role::Correspondent("021".into()), &["021"], None, Some(Recipients::List), false, false)]
    #[case::their_application_s_message(Role::referent("LSU"), &[], Some("LSU"), None, true, true)]
    #[case::their_application_s_requesters(Role::referent("LSU"), &[], Some("LSU"), Some(Recipients::LastRequesters), true, true)]
    #[case::all_directors(Role::referent("LSU"), &[], Some("LSU"), Some(Recipients::Directors), false, true)]
    #[case::their_application_s_list(Role::referent("LSU"), &[], Some("LSU"), Some(Recipients::List), false, false)]
    #[case::another_application_s_directors(Role::referent("LSU"), &[], Some("ONDE"), Some(Recipients::Directors), false, false)]
    #[case::directors_of_a_department(Role::referent("LSU"), &["021"], Some("LSU"), Some(Recipients::Directors), false, true)]
    #[case::another_application(Role::referent("LSU"), &[], Some("ONDE"), None, false, false)]
    #[case::no_application(Role::referent("LSU"), &[], None, None, false, false)]
    fn each_writes_and_sees_their_own(
        #[case] role: Role,
        #[case] zones: &[&str],
        #[case] application: Option<&str>,
        #[case] by_mail: Option<Recipients>,
        #[case] writes: bool,
        #[case] sees: bool,
    ) {
        let announcement = Announcement {
            zones: Zones::of(zones.iter().map(|code| Zone::parse(code).unwrap())),
            application: application.map(str::to_owned),
            by_mail,
            ..announcement()
        };
        let rights = Rights::of([role]);
        assert_eq!((announcement.is_within(&rights), announcement.is_seen_by(&rights)), (writes, sees));
    }

    #[test]
    fn a_note_fits_into_glpi() {
        let long = Announcement { markdown: "é".repeat(50_000), subject: "é".repeat(400), ..announcement() }.fit();
        assert_eq!((long.markdown.len(), long.subject.chars().count()), (LONGEST_BODY, 151));
        for costly in ["<", "&", "\n.", "😀"] {
            let long = Announcement { markdown: costly.repeat(20_000), ..announcement() }.fit();
            assert!((30_000..65_000).contains(&kept(&long.note())), "{costly}: {}", kept(&long.note()));
        }
    }

    proptest! {
        /// Whatever somebody types, or changes in GLPI: nothing turns what is read beside it.
        #[test]
        fn nothing_turns_the_reading_direction(
            before in "[a-z]{0,3}", turn in "[\u{061c}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]{1,3}", after in "[a-z]{0,3}",
        ) {
            let text = format!("a{before}{turn}{after}");
            let typed = Announcement {
                subject: text.clone(), markdown: text.clone(), application: Some(text.clone()), written_by: text.clone(),
                zones: Zones::of(Zone::parse(&format!("021/{text}"))), ..announcement()
            };
            let fit = typed.clone().fit();
            let changed = Announcement { subject: text.clone(), markdown: text.clone(), ..fit.clone() };
            let read = read(&changed, &changed.note()).unwrap();
            for it in [fit, read] {
                let shown = [it.subject, it.markdown, it.application.unwrap(), it.written_by, it.zones.shown().join("")].concat();
                prop_assert!(!shown.chars().any(crate::text::unseen::is_turn), "{shown:?}");
            }
        }

        #[test]
        fn whatever_people_write_is_read_again(
            markdown in any::<String>(), subject in any::<String>(), by in any::<String>(), application in any::<String>(),
            name in any::<String>(),
        ) {
            let zone = Zone::parse(&format!("021/{name}"));
            let announcement = Announcement {
                markdown, subject, written_by: by, application: Some(application), zones: Zones::of(zone), ..announcement()
            }.fit();
            prop_assert_eq!(read(&announcement, &announcement.note()), Some(announcement));
        }

        #[test]
        fn strange_html_is_read_without_harm(html in any::<String>()) {
            prop_assert_eq!(read(&announcement(), &html), None);
        }
    }
}
