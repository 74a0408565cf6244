//! Announcements as GLPI keeps them: public notes of the service account's, which are shown as long as they say.

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use passerelle::{
    announcements::{Announcement, AnnouncementFile, Keeping, KeepingError, Recipients, Zone, Zones},
    glpi::Upload,
    id::ReminderId,
    request::Reference,
};
use serde_json::json;

use super::marker;
use super::target::Target;
use crate::support::helpdesk::Helpdesk;

fn keeping(target: &Target) -> Keeping {
    Keeping::new(target.client(), TimeZone::get("Europe/Paris").unwrap())
}

/// A message that is shown for an hour.
fn announcement() -> Announcement {
    let now = Timestamp::now();
    Announcement {
        id: None,
        reference: Reference::new("announcement", "conformance", marker().as_bytes()),
        subject: format!("Incident <LSU> & l’école « A » {}", marker()),
        markdown: "**LSU** ne répond pas : a < b && c > d \\n \"e\" 'f' &lt; &#60; &amp; 😀\nNous y travaillons.\n\n\n- un\n  - deux".to_owned(),
        zones: Zones::of([Zone::parse("021").unwrap(), Zone::parse("058/Nevers & l’Est <2>").unwrap()]),
        application: Some("L&S<U>".to_owned()),
        by_mail: Some(Recipients::LastRequesters),
        on_portal: true,
        is_held: false,
        files: Vec::new(),
        begins: now - SignedDuration::from_mins(1),
        ends: Some(now + SignedDuration::from_hours(1)),
        written_by: "d'Artagnan <dsi@ac-dijon.fr>".to_owned(),
        written_at: now,
    }
    .fit()
}

async fn messages_of(keeping: &Keeping, reference: Reference) -> Vec<Announcement> {
    let mut messages = keeping.messages(Timestamp::now()).await.unwrap();
    messages.retain(|message| message.reference == reference);
    messages
}

#[tokio::test]
async fn an_announcement_comes_back_word_for_word_and_is_kept_once() {
    let target = Target::start().await;
    let keeping = keeping(&target);
    let announcement = announcement();
    let kept = keeping.keep(announcement.clone(), &[]).await.unwrap();
    assert_eq!(Announcement { id: None, ..kept.clone() }, announcement);
    let again = keeping.keep(announcement.clone(), &[]).await.unwrap();
    assert_eq!(again, kept);
    assert_eq!(keeping.one(kept.id.unwrap()).await.unwrap(), kept);
    assert_eq!(keeping.of_reference(announcement.reference).await.unwrap(), Some(kept.clone()));
    assert_eq!(messages_of(&keeping, announcement.reference).await, std::slice::from_ref(&kept));
    let all = keeping.all().await.unwrap();
    assert_eq!(all.iter().filter(|one| one.reference == announcement.reference).collect::<Vec<_>>(), [&kept]);
}

#[tokio::test]
async fn a_message_is_prolonged_ended_and_taken_off_the_portal() {
    let target = Target::start().await;
    let keeping = keeping(&target);
    let kept = keeping.keep(announcement(), &[]).await.unwrap();
    let reference = kept.reference;
    let longer = Announcement { ends: kept.ends.map(|ends| ends + SignedDuration::from_hours(48)), ..kept.clone() };
    assert_eq!(keeping.rewrite(longer.clone()).await.unwrap(), longer);
    assert_eq!(messages_of(&keeping, reference).await, std::slice::from_ref(&longer));
    let ended = Announcement { ends: Some(Timestamp::now() - SignedDuration::from_secs(1)), ..longer.clone() }.fit();
    keeping.rewrite(ended.clone()).await.unwrap();
    assert!(messages_of(&keeping, reference).await.is_empty());
    assert_eq!(keeping.one(kept.id.unwrap()).await.unwrap(), ended);
    keeping.rewrite(Announcement { on_portal: false, ..longer }).await.unwrap();
    assert!(messages_of(&keeping, reference).await.is_empty());
}

#[tokio::test]
async fn glpi_shows_a_message_to_its_own_people_only_while_the_portal_does() {
    let target = Target::start().await;
    let keeping = keeping(&target);
    let kept = keeping.keep(announcement(), &[]).await.unwrap();
    let admin = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let shown = format!("Reminder/{}/Entity_Reminder", kept.id.unwrap());
    let rows = admin.get(&shown).await;
    let [row] = rows.as_array().unwrap().as_slice() else { panic!("{rows}") };
    assert_eq!((row["entities_id"].as_u64(), row["is_recursive"].as_u64()), (Some(0), Some(1)), "{row}");
    keeping.rewrite(Announcement { on_portal: false, ..kept.clone() }).await.unwrap();
    // Nobody else sees it any more: not even that it is there.
    let own = Helpdesk::sign_in(&target.url(), "passerelle", "passerelle").await;
    assert_eq!(own.get(&shown).await, json!([]));
    keeping.rewrite(kept).await.unwrap();
    assert_eq!(own.get(&shown).await.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn somebody_else_s_note_is_no_announcement() {
    let target = Target::start().await;
    let keeping = keeping(&target);
    let kept = keeping.keep(announcement(), &[]).await.unwrap();
    let own = Helpdesk::sign_in(&target.url(), "passerelle", "passerelle").await;
    let text = own.get(&format!("Reminder/{}", kept.id.unwrap())).await;
    // GLPI 10 gives it encoded.
    let text = text["text"].as_str().unwrap().replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&");
    let admin = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let (begins, ends) = ("2026-01-01 00:00:00", "2036-01-01 00:00:00");
    let copy = json!({ "name": kept.subject, "text": text, "begin_view_date": begins, "end_view_date": ends });
    let forged = admin.add("Reminder", copy).await;
    admin.add("Entity_Reminder", json!({ "reminders_id": forged, "entities_id": 0, "is_recursive": 1 })).await;
    assert_eq!(messages_of(&keeping, kept.reference).await, std::slice::from_ref(&kept));
    assert!(matches!(keeping.one(ReminderId::new(forged)).await, Err(KeepingError::Unknown)));
    assert!(matches!(keeping.one(ReminderId::new(4_000_000_000)).await, Err(KeepingError::Unknown)));
}

#[tokio::test]
async fn files_of_an_announcement_are_documents_of_its_note_and_come_back_byte_for_byte() {
    let target = Target::start().await;
    let (keeping, glpi) = (keeping(&target), target.client());
    let contents =
        [format!("a;b\r\n.\r\n\0é {}", marker()).into_bytes(), format!("%PDF-1.4 {}", marker()).into_bytes()];
    let names = ["Liste & <1> 'é'.csv", "procédure.pdf"];
    let uploads: Vec<Upload> = names
        .iter()
        .zip(&contents)
        .map(|(name, bytes)| Upload::new((*name).to_owned(), String::new(), bytes.clone().into(), None))
        .collect();
    let files =
        names.iter().zip(&contents).map(|(name, bytes)| AnnouncementFile::of(name, "text/csv", bytes)).collect();
    let announcement = Announcement { files, ..announcement() }.fit();
    let kept = keeping.keep(announcement.clone(), &uploads).await.unwrap();
    assert_eq!(Announcement { id: None, ..kept.clone() }, announcement);
    assert_eq!(keeping.keep(announcement, &uploads).await.unwrap(), kept);
    assert_eq!(messages_of(&keeping, kept.reference).await, std::slice::from_ref(&kept));
    let documents = glpi.documents_of(kept.id.unwrap().into()).await.unwrap();
    assert_eq!(documents.len(), 2, "each once: {documents:?}");
    for (file, content) in kept.files.iter().zip(&contents) {
        let document = file.among(&documents).unwrap();
        let pieces: Vec<_> = glpi.download(document.id).await.unwrap().into_stream().collect().await;
        let bytes: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect();
        assert_eq!(&bytes, content);
    }
    // One that is purged is no more there.
    let admin = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let purged = kept.files[1].among(&documents).unwrap().id;
    admin.call(reqwest::Method::DELETE, &format!("Document/{purged}?force_purge=true"), json!({})).await;
    let documents = glpi.documents_of(kept.id.unwrap().into()).await.unwrap();
    assert!(kept.files[0].among(&documents).is_some() && kept.files[1].among(&documents).is_none());
}

#[tokio::test]
async fn a_file_that_glpi_refuses_makes_no_announcement() {
    let target = Target::start().await;
    let keeping = keeping(&target);
    let announcement = announcement();
    let uploads: Vec<Upload> = ["a.csv", "b.inconnu"]
        .iter()
        .map(|name| Upload::new((*name).to_owned(), String::new(), marker().into(), None))
        .collect();
    let error = keeping.keep(announcement.clone(), &uploads).await.unwrap_err();
    assert!(matches!(&error, KeepingError::FileRefused { name, .. } if name == "b.inconnu"), "{error:?}");
    assert!(messages_of(&keeping, announcement.reference).await.is_empty());
    assert_eq!(keeping.of_reference(announcement.reference).await.unwrap(), None);
    // With files that it takes, the same announcement goes on.
    let kept = keeping.keep(announcement.clone(), &uploads[..1]).await.unwrap();
    assert_eq!(keeping.of_reference(announcement.reference).await.unwrap(), Some(kept));
}
