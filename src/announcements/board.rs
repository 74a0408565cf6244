//! What the portal shows of announcements now, kept in memory: nobody who opens a page or asks for help waits for it.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::{
    announcement::Announcement,
    files::AnnouncementFile,
    keeping::{Keeping, KeepingError},
    zones::Zones,
};
use crate::{
    config::Config,
    glpi::{Glpi, GlpiError},
    id::ReminderId,
    request::{CurrentMessage, School},
    text::{fold::words, html_text, markdown},
};

/// A start has other things to do first.
const FIRST_AFTER: Duration = Duration::from_secs(1);
/// Messages that are shown at most, those that were begun last.
const MOST: usize = 20;
/// The level of a text's first heading: the one below the message's title.
const FIRST_HEADING: usize = 3;
/// Characters of a message in a receipt.
const EXCERPT: usize = 400;

const MESSAGES: &str = "passerelle_messages";

/// A message of the portal: an announcement, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// GLPI's number of its note.
    pub id: ReminderId,
    /// What it is about, one line, the application named.
    pub title: String,
    /// Its text: sanitised HTML.
    pub html: String,
    /// The same as text.
    pub text: String,
    /// Its files.
    pub files: Vec<AnnouncementFile>,
    /// The application it is about.
    pub application: Option<String>,
    /// Whom it is for.
    pub zones: Zones,
    /// From when it is shown.
    pub begins: Zoned,
    /// Until when.
    pub ends: Zoned,
}

/// The messages, kept in memory.
pub struct Board {
    /// `None` where announcements are off.
    keeping: Option<Keeping>,
    zone: TimeZone,
    known: RwLock<Arc<[Message]>>,
}

impl Message {
    /// What the portal shows of an announcement; `None` of one without an end, which it never shows.
    pub fn of(announcement: &Announcement, zone: &TimeZone) -> Option<Self> {
        let html = markdown::shown(&announcement.markdown, FIRST_HEADING)?;
        Some(Self {
            id: announcement.id.unwrap_or_default(),
            title: title(&announcement.subject, announcement.application.as_deref()),
            text: html_text::from_html(&html),
            html,
            files: announcement.files.clone(),
            application: announcement.application.clone(),
            zones: announcement.zones.clone(),
            begins: announcement.begins.to_zoned(zone.clone()),
            ends: announcement.ends?.to_zoned(zone.clone()),
        })
    }

    fn is_shown(&self, now: Timestamp) -> bool {
        self.begins.timestamp() <= now && now < self.ends.timestamp()
    }

    /// Whether it concerns a request for this application: it is about that one, or about none.
    fn concerns(&self, application: &str) -> bool {
        self.application.as_deref().is_none_or(|own| words(own) == words(application))
    }

    /// As a receipt shows it.
    fn current(&self) -> CurrentMessage {
        let line = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = match line.char_indices().nth(EXCERPT) {
            None => line,
            Some((end, _)) => format!("{}…", line[..end].rsplit_once(' ').map_or(&line[..end], |(whole, _)| whole)),
        };
        CurrentMessage { title: self.title.clone(), text }
    }
}

impl Board {
    /// An empty board, until [`Board::keep`] has looked; one that stays empty where announcements are off.
    pub fn new(config: &Config, glpi: &Glpi) -> Self {
        metrics::describe_gauge!(MESSAGES, "Messages that the portal shows now, or later.");
        let zone = config.time_zone.clone();
        let keeping = config.announcements.enabled.then(|| Keeping::new(glpi.in_background(), zone.clone()));
        Self { keeping, zone, known: RwLock::new(Arc::from([])) }
    }

    /// Looks again and again, once in `every`; never ends.
    pub async fn keep(&self, every: Duration) {
        if self.keeping.is_none() || every.is_zero() {
            return std::future::pending().await;
        }
        tokio::time::sleep(FIRST_AFTER.min(every)).await;
        loop {
            if let Err(error) = self.refresh().await {
                tracing::info!(%error, "the portal's messages cannot be read now");
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Looks which messages there are, in one call that lets others go first.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer. What was known stays, each message until its end.
    pub async fn refresh(&self) -> Result<(), KeepingError> {
        let Some(keeping) = &self.keeping else { return Ok(()) };
        let announcements = match keeping.messages(Timestamp::now()).await {
            // An account without the right to read notes has none to show.
            Err(KeepingError::Glpi(GlpiError::Denied { .. })) => Vec::new(),
            announcements => announcements?,
        };
        let mut messages: Vec<Message> =
            announcements.iter().filter_map(|announcement| Message::of(announcement, &self.zone)).collect();
        messages.sort_by(|a, b| b.begins.cmp(&a.begins).then(b.id.cmp(&a.id)));
        #[allow(clippy::cast_precision_loss, reason = "few")]
        metrics::gauge!(MESSAGES).set(messages.len() as f64);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = messages.into();
        Ok(())
    }

    /// The messages that are shown now to somebody of these schools: all of them, or those that concern a request for an
    /// application; those that were begun last first, at most 20. GLPI is not asked.
    pub fn shown(&self, schools: &[School], application: Option<&str>, now: Timestamp) -> Vec<Message> {
        let known = self.known();
        let shown = known.iter().filter(|message| message.is_shown(now) && message.zones.reach(schools));
        shown.filter(|message| application.is_none_or(|name| message.concerns(name))).take(MOST).cloned().collect()
    }

    /// Those that concern a request for this application, as a receipt shows them.
    pub fn meanwhile(&self, schools: &[School], application: &str, now: Timestamp) -> Vec<CurrentMessage> {
        self.shown(schools, Some(application), now).iter().map(Message::current).collect()
    }

    /// Whether there is any message now, whoever it is for.
    pub fn is_empty(&self, now: Timestamp) -> bool {
        !self.known().iter().any(|message| message.is_shown(now))
    }

    fn known(&self) -> Arc<[Message]> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The subject, behind the application's name where it does not say it.
fn title(subject: &str, application: Option<&str>) -> String {
    match application {
        Some(name) if !contains(&words(subject), &words(name)) => format!("{name}\u{a0}: {subject}"),
        _ => subject.to_owned(),
    }
}

fn contains(words: &[String], some: &[String]) -> bool {
    some.is_empty() || words.windows(some.len()).any(|window| window == some)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, RwLock};

    use jiff::{Timestamp, tz::TimeZone};
    use rstest::rstest;

    use super::{Board, Message, title};
    use crate::{
        announcements::{Announcement, Zone, Zones},
        id::ReminderId,
        request::{Reference, School},
    };

    fn announcement(id: u64, zones: &[&str], application: Option<&str>) -> Announcement {
        Announcement {
            id: Some(ReminderId::new(id)),
            reference: Reference::new("announcement", "a", &[]),
            subject: format!("Message {id}"),
            markdown: "Les **bilans** ne s’ouvrent pas.\nNous y travaillons.".to_owned(),
            zones: Zones::of(zones.iter().map(|code| Zone::parse(code).unwrap())),
            application: application.map(str::to_owned),
            by_mail: None,
            on_portal: true,
            is_held: false,
            files: Vec::new(),
            begins: "2026-11-28T08:00:00Z".parse().unwrap(),
            ends: Some("2026-11-29T08:00:00Z".parse().unwrap()),
            written_by: "a".to_owned(),
            written_at: "2026-11-28T08:00:00Z".parse().unwrap(),
        }
    }

    fn board(of: &[Announcement]) -> Board {
        let messages = of.iter().map(|announcement| Message::of(announcement, &TimeZone::UTC).unwrap());
        Board { keeping: None, zone: TimeZone::UTC, known: RwLock::new(messages.collect::<Arc<[_]>>()) }
    }

    fn school() -> School {
        School {
            department: Some("021".to_owned()),
            circonscription: Some("Dijon Nord".to_owned()),
            ..School::default()
        }
    }

    const DURING: &str = "2026-11-28T12:00:00Z";

    #[rstest]
    #[case::during(DURING, None, &[1, 2, 3, 5])]
    #[case::before("2026-11-28T07:00:00Z", None, &[])]
    #[case::after("2026-11-29T08:00:00Z", None, &[])]
    #[case::for_an_application(DURING, Some("lsu"), &[1, 2, 3])]
    #[case::for_another(DURING, Some("ONDE"), &[1, 5])]
    fn each_reads_what_is_for_them(#[case] now: &str, #[case] application: Option<&str>, #[case] expected: &[u64]) {
        let board = board(&[
            announcement(1, &[], None),
            announcement(2, &["021"], Some("LSU")),
            announcement(3, &["021/dijon nord"], Some("LSU")),
            announcement(4, &["058"], Some("LSU")),
            announcement(5, &["021", "058"], Some("Onde")),
        ]);
        let shown = board.shown(&[school()], application, now.parse().unwrap());
        assert_eq!(shown.iter().map(|message| message.id.get()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_receipt_is_told_of_its_application_and_of_what_concerns_all() {
        let board = board(&[announcement(1, &[], None), announcement(2, &[], Some("LSU"))]);
        let now: Timestamp = DURING.parse().unwrap();
        let titles = |application: &str| -> Vec<String> {
            board.meanwhile(&[], application, now).into_iter().map(|message| message.title).collect()
        };
        assert_eq!(titles("LSU"), ["Message 1", "LSU\u{a0}: Message 2"]);
        assert_eq!(titles("ONDE"), ["Message 1"]);
        assert_eq!(board.meanwhile(&[], "ONDE", now)[0].text, "Les bilans ne s’ouvrent pas. Nous y travaillons.");
    }

    #[rstest]
    #[case("Incident en cours sur LSU", Some("lsu"), "Incident en cours sur LSU")]
    #[case("Panne nationale", Some("LSU"), "LSU\u{a0}: Panne nationale")]
    #[case("Panne nationale", None, "Panne nationale")]
    #[case("Base élèves", Some("Base élèves 1er degré"), "Base élèves 1er degré\u{a0}: Base élèves")]
    fn a_title_names_the_application_once(
        #[case] subject: &str,
        #[case] application: Option<&str>,
        #[case] expected: &str,
    ) {
        assert_eq!(title(subject, application), expected);
    }

    #[test]
    fn what_has_no_end_is_not_shown() {
        assert_eq!(Message::of(&Announcement { ends: None, ..announcement(1, &[], None) }, &TimeZone::UTC), None);
    }
}
