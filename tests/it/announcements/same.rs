//! Two announcements of one name are one where they say the same, with the same files, for as long; else the second one is
//! refused, and not taken for sent.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use passerelle::{
    announcements::{Announcement, InformError},
    intake::form::{self, File},
    request::Enclosure,
};
use rstest::rstest;

use super::{
    directory,
    sending::{announcement, app, operator},
    sink::{Moods, Sink},
};
use crate::support::gateway::sandbox;

/// The files of an announcement: their names and bytes.
type Files = &'static [(&'static str, &'static str)];

const FILES: Files = &[("plan.csv", "a;b\n"), ("liste.csv", "c;d\n")];

async fn enclosure(files: Files) -> Enclosure {
    let files = files.iter().map(|(name, content)| File {
        name: Some((*name).to_owned()),
        content_type: Some("text/csv".to_owned()),
        content: Bytes::from_static(content.as_bytes()),
    });
    form::enclosure(files.collect(), 0).await
}

/// So many hours later.
fn later(moment: Timestamp, hours: i64) -> Timestamp {
    moment + SignedDuration::from_hours(hours)
}

/// What is handed in once more, and whether it is the same.
#[rstest]
#[case::all_as_it_was(|it: Announcement| it, FILES, true)]
#[case::at_another_moment(
    |it: Announcement| Announcement { written_at: later(it.written_at, 1), begins: later(it.begins, 1), ..it }, FILES, true
)]
#[case::another_file(|it: Announcement| it, &[("plan.csv", "a;b\n"), ("liste.csv", "e;f\n")], false)]
#[case::of_another_name(|it: Announcement| it, &[("plan.csv", "a;b\n"), ("Liste.csv", "c;d\n")], false)]
#[case::a_file_less(|it: Announcement| it, &[("plan.csv", "a;b\n")], false)]
#[case::no_file(|it: Announcement| it, &[], false)]
#[case::a_file_more(|it: Announcement| it, &[("plan.csv", "a;b\n"), ("liste.csv", "c;d\n"), ("x.csv", "x\n")], false)]
#[case::a_later_end(|it: Announcement| Announcement { ends: it.ends.map(|ends| later(ends, 1)), ..it }, FILES, false)]
#[case::a_begin_to_come(|it: Announcement| Announcement { begins: later(it.begins, 1), ..it }, FILES, false)]
#[case::another_text(|it: Announcement| Announcement { markdown: "Autre.".to_owned(), ..it }, FILES, false)]
#[tokio::test(flavor = "multi_thread")]
async fn what_has_the_name_of_another_one_is_that_one_or_is_refused(
    #[case] change: fn(Announcement) -> Announcement,
    #[case] files: Files,
    #[case] is_same: bool,
    #[values(true, false)] by_mail: bool,
) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (_folder, csv) = directory(8);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let usual = announcement("same", &[]);
    let by_mail = usual.by_mail.filter(|_| by_mail);
    let usual = Announcement { by_mail, on_portal: true, ends: Some(later(usual.begins, 5)), ..usual };
    let first = app.informer.inform(usual.clone(), (&[], &enclosure(FILES).await), &operator()).await.unwrap();
    let again = app.informer.inform(change(usual), (&[], &enclosure(files).await), &operator()).await;
    match again {
        Ok(again) => {
            assert!(is_same, "the first one counts, and nobody is told");
            assert_eq!(again.announcement, first.announcement);
        }
        Err(InformError::SaysSomethingElse(reference)) => {
            assert!(!is_same && reference == first.announcement.reference);
        }
        Err(error) => panic!("{error}"),
    }
    let kept = app.informer.keeping().all().await.unwrap();
    assert_eq!(kept, [first.announcement], "it stays as it is");
}
