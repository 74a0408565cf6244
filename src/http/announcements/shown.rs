//! How an announcement is shown to programs: what it is, and how far it is.

use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{problem::Problem, services::Services, values::rfc3339};
use crate::announcements::{
    Announcement, AnnouncementFile, Doubt, Informer, Mailing, MailingProgress, MailingState, Message,
};

/// How many addresses of a zone get it.
#[derive(Serialize, ToSchema)]
pub(super) struct ZoneCount {
    /// The department, `inconnu` where it is not known.
    #[schema(example = "021")]
    pub(super) department: String,
    /// The circonscription, likewise.
    #[schema(example = "Dijon Nord")]
    pub(super) circonscription: String,
    /// How many.
    #[schema(example = 42)]
    pub(super) addresses: usize,
}

/// A file that goes along.
#[derive(Serialize, ToSchema)]
pub(super) struct FileShown {
    /// Its name.
    #[schema(example = "procedure.pdf")]
    name: String,
    /// Its size in bytes.
    #[schema(example = 48_213)]
    size: u64,
}

impl FileShown {
    pub(super) fn of(file: &AnnouncementFile) -> Self {
        Self { name: file.name.clone(), size: file.size }
    }
}

/// The mail as it would go.
#[derive(Serialize, ToSchema)]
pub(super) struct MailShown {
    /// Its subject.
    #[schema(example = "LSU indisponible ce matin")]
    subject: String,
    /// Its HTML, a whole document.
    #[schema(example = "<!doctype html>…")]
    html: String,
    /// The same as plain text.
    #[schema(example = "Bonjour,\n\nLSU ne répond pas ; nous y travaillons.")]
    text: String,
    /// Where answers would go; null: to the sender.
    #[schema(example = json!(null))]
    reply_to: Option<String>,
}

/// The message as the portal would show it.
#[derive(Serialize, ToSchema)]
pub(super) struct MessageShown {
    /// Its title, which names its application.
    #[schema(example = "LSU indisponible ce matin")]
    title: String,
    /// Its text: sanitised HTML, as `GET /v1/messages` gives it.
    #[schema(example = "<p>Bonjour,</p>\n<p><strong>LSU</strong> ne répond pas ; nous y travaillons.</p>")]
    html: String,
    /// From when, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T08:00:00+01:00")]
    begins: String,
    /// Until when.
    #[schema(format = DateTime, example = "2026-11-25T18:00:00+01:00")]
    ends: String,
}

/// Who would get it, and what they would read.
#[derive(Serialize, ToSchema)]
pub(super) struct Counted {
    /// How many addresses.
    #[schema(example = 42)]
    pub(super) addresses: usize,
    /// Of each zone.
    pub(super) zones: Vec<ZoneCount>,
    /// The files that would go along.
    pub(super) files: Vec<FileShown>,
    /// Each address.
    #[schema(example = json!(["ce.0210001a@ac-dijon.fr"]))]
    pub(super) list: Vec<String>,
    /// Whether a second person would have to confirm it.
    #[schema(example = false)]
    pub(super) to_confirm: bool,
    /// The mail; null where none would go.
    pub(super) mail: Option<MailShown>,
    /// The message; null where the portal would not show it.
    pub(super) message: Option<MessageShown>,
}

/// The mail of this announcement, where one goes.
pub(super) fn mail(informer: &Informer, announcement: &Announcement) -> Result<Option<MailShown>, Problem> {
    if announcement.by_mail.is_none() {
        return Ok(None);
    }
    let broken = |error| {
        tracing::error!(%error, "an announcement's mail cannot be made");
        Problem::internal()
    };
    let (letters, subject, markdown) = (informer.letters(), &announcement.subject, &announcement.markdown);
    Ok(Some(MailShown {
        subject: subject.clone(),
        html: letters.html(subject, markdown).map_err(broken)?,
        text: letters.plain(markdown).map_err(broken)?,
        reply_to: letters.reply_to().map(str::to_owned),
    }))
}

/// The message of this announcement, where the portal shows it.
pub(super) fn message(announcement: &Announcement, zone: &TimeZone) -> Option<MessageShown> {
    let Message { title, html, begins, ends, .. } =
        Message::of(announcement, zone).filter(|_| announcement.on_portal)?;
    Some(MessageShown { title, html, begins: rfc3339(&begins), ends: rfc3339(&ends) })
}

/// An address that the relay refuses.
#[derive(Serialize, ToSchema)]
struct RefusedAddress {
    /// The address.
    #[schema(example = "ce.0210009z@ac-dijon.fr")]
    address: String,
    /// The relay's answer.
    #[schema(example = 550)]
    code: u16,
}

/// A batch of which nobody knows whether the relay has it.
#[derive(Serialize, ToSchema)]
struct DoubtfulBatch {
    /// Its number.
    #[schema(example = 7)]
    batch: usize,
    /// When it went, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T09:12:00+01:00")]
    at: String,
    /// Whom it is for.
    #[schema(example = json!(["ce.0210001a@ac-dijon.fr"]))]
    addresses: Vec<String>,
    /// Of what is on its way: when it is in doubt unless the relay has answered. Of what is in doubt: from when on it can be
    /// decided. RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T09:14:00+01:00")]
    from: String,
}

/// That the relay kept it back.
#[derive(Serialize, ToSchema)]
struct RelayShown {
    /// The code of its answer; null where it gave none, or the instance that answers does not know it.
    #[schema(example = 451)]
    code: Option<u16>,
    /// Since when it takes nothing at all, RFC 3339; null where that is not written down.
    #[schema(format = DateTime, example = "2026-11-24T09:12:00+01:00")]
    since: Option<String>,
    /// When it is asked again at the latest, RFC 3339; null where the instance that answers does not know it.
    #[schema(format = DateTime, example = "2026-11-24T09:13:00+01:00")]
    again: Option<String>,
}

/// What is told, and how far it is.
#[derive(Serialize, ToSchema)]
pub(super) struct AnnouncementState {
    /// What it is called.
    #[schema(example = "P-7K3M-Q2XV-9D4T")]
    reference: String,
    /// `to-confirm`, `going`, `stopped`, `ended`; `kept` where no mail goes; `not-frozen` where one is to go and its list was
    /// not written: the same call again goes on.
    #[schema(example = "going")]
    state: &'static str,
    /// Its subject.
    #[schema(example = "LSU indisponible ce matin")]
    subject: String,
    /// The files that go along.
    files: Vec<FileShown>,
    /// From when the portal shows it, RFC 3339; null where it does not.
    #[schema(format = DateTime, example = "2026-11-24T08:00:00+01:00")]
    begins: Option<String>,
    /// Until when.
    #[schema(format = DateTime, example = "2026-11-25T18:00:00+01:00")]
    ends: Option<String>,
    /// Who wrote it.
    #[schema(example = "ien.dijon@ac-dijon.fr")]
    written_by: String,
    /// When, RFC 3339.
    #[schema(format = DateTime, example = "2026-11-24T08:00:00+01:00")]
    written_at: String,
    /// Whether another operator was sent the mail that asks to confirm it; null in a list of announcements.
    #[schema(example = json!(null))]
    asked: Option<bool>,
    /// The second person who confirmed it.
    #[schema(example = json!(null))]
    confirmed_by: Option<String>,
    /// How many addresses are on its list.
    #[schema(example = 2950)]
    addresses: usize,
    /// To how many it was handed over; null in a list of announcements, but of one that goes or has ended.
    #[schema(example = 1400)]
    handed: Option<usize>,
    /// To how many it is to go; null in a list of announcements, but of one that goes.
    #[schema(example = 1549)]
    pending: Option<usize>,
    /// Whom the relay refuses.
    refused: Vec<RefusedAddress>,
    /// What an operator has to decide on, by the relay's log.
    doubts: Vec<DoubtfulBatch>,
    /// What is on its way at this moment.
    departing: Vec<DoubtfulBatch>,
    /// What the relay did when it kept back all, or some addresses, at the last try; null where it did not.
    relay: Option<RelayShown>,
    /// The Message-ID of its mails; null where none goes.
    #[schema(example = "<P-7K3M-Q2XV-9D4T.information.passerelle@ac-dijon.fr>")]
    message_id: Option<String>,
}
fn written(services: &Services, moment: Timestamp) -> String {
    let moment: Zoned = moment.to_zoned(services.time_zone.clone());
    rfc3339(&moment)
}

fn begins(services: &Services, announcement: &Announcement) -> Option<String> {
    announcement.on_portal.then(|| written(services, announcement.begins))
}

fn ends(services: &Services, announcement: &Announcement) -> Option<String> {
    announcement.ends.filter(|_| announcement.on_portal).map(|ends| written(services, ends))
}

/// What goes by mail, and how far it is.
pub(super) fn state(
    services: &Services,
    announcement: &Announcement,
    mailing: &Mailing,
    progress: Option<&MailingProgress>,
) -> Result<AnnouncementState, Problem> {
    let letters = services.oversight()?.informer.letters();
    let refused = progress.map(|progress| progress.refused.as_slice()).unwrap_or_default();
    let doubts = progress.map(|progress| progress.doubts.as_slice()).unwrap_or_default();
    let departing = progress.map(|progress| progress.departing.as_slice()).unwrap_or_default();
    let batch = |doubt: &Doubt| DoubtfulBatch {
        batch: doubt.batch,
        at: written(services, doubt.at),
        addresses: doubt.addresses.iter().map(ToString::to_string).collect(),
        from: written(services, doubt.from),
    };
    Ok(AnnouncementState {
        reference: mailing.reference.clone(),
        state: match mailing.state {
            MailingState::ToConfirm => "to-confirm",
            MailingState::Going => "going",
            MailingState::Stopped => "stopped",
            MailingState::Ended => "ended",
        },
        subject: mailing.subject.clone(),
        files: mailing.files.iter().map(FileShown::of).collect(),
        begins: begins(services, announcement),
        ends: ends(services, announcement),
        written_by: mailing.written_by.clone(),
        written_at: written(services, mailing.written_at),
        asked: progress.map(|progress| progress.is_asked),
        confirmed_by: mailing.confirmed_by.clone(),
        addresses: mailing.addresses,
        handed: progress.map(|progress| progress.handed).or(mailing.outcome.map(|outcome| outcome.handed)),
        pending: progress.map(|progress| progress.pending + progress.under_way),
        refused: refused
            .iter()
            .map(|(address, code)| RefusedAddress { address: address.to_string(), code: *code })
            .collect(),
        doubts: doubts.iter().map(batch).collect(),
        departing: departing.iter().map(batch).collect(),
        relay: progress.and_then(|progress| progress.relay).map(|pause| RelayShown {
            code: pause.code,
            since: pause.since.map(|moment| written(services, moment)),
            again: pause.again.map(|moment| written(services, moment)),
        }),
        message_id: mailing.name().map(|reference| letters.message_id(reference)),
    })
}

/// What goes on the portal alone, or has no list yet.
pub(super) fn kept(services: &Services, announcement: &Announcement) -> AnnouncementState {
    AnnouncementState {
        reference: announcement.reference.to_string(),
        state: if announcement.by_mail.is_some() { "not-frozen" } else { "kept" },
        subject: announcement.subject.clone(),
        files: announcement.files.iter().map(FileShown::of).collect(),
        begins: begins(services, announcement),
        ends: ends(services, announcement),
        written_by: announcement.written_by.clone(),
        written_at: written(services, announcement.written_at),
        asked: None,
        confirmed_by: None,
        addresses: 0,
        handed: None,
        pending: None,
        refused: Vec::new(),
        doubts: Vec::new(),
        departing: Vec::new(),
        relay: None,
        message_id: None,
    }
}
