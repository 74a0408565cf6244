//! What is counted and logged of announcements, and of their mails.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use passerelle::{announcements::Announcement, request::Enclosure, telemetry};

use super::{
    directory,
    sending::{announcement, app, operator, send},
};
use crate::support::{
    captured::Captured,
    gateway::sandbox,
    sink::{Moods, Sink},
};

/// The values of a metric by its label; there is one test a process.
fn by_label(metric: &str) -> BTreeMap<String, u64> {
    let rendered = telemetry::metrics().render();
    let lines = rendered.lines().filter_map(|line| line.strip_prefix(metric)?.strip_prefix('{'));
    let value = |line: &str| {
        let (label, number) = line.rsplit_once("} ").unwrap();
        (label.split('"').nth(1).unwrap().to_owned(), number.parse().unwrap())
    };
    lines.map(value).collect()
}

fn counts(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
    of.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect()
}

/// On one thread: the log is captured there.
#[tokio::test]
async fn what_is_handed_in_is_counted_by_way_and_its_mails_by_what_became_of_them() {
    let _ = telemetry::metrics();
    let captured = Captured::default();
    let _capturing = captured.begin();
    let moods = Moods {
        recipients: [("ce.0003@ac-dijon.fr".to_owned(), 550), ("ce.0007@ac-dijon.fr".to_owned(), 451)].into(),
        ..Moods::default()
    };
    let (sandbox, sink) = (sandbox().await, Sink::start(moods).await);
    let (_folder, csv) = directory(12);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    assert_eq!(by_label("passerelle_announcements_total"), counts(&[("both", 0), ("mail", 0), ("portal", 0)]));
    let none = counts(&[("doubtful", 0), ("handed", 0), ("put-off", 0), ("refused", 0)]);
    assert_eq!(by_label("passerelle_announcement_mails_total"), none);

    let shown = |announcement: Announcement| {
        let ends = Some(announcement.begins + SignedDuration::from_hours(1));
        Announcement { on_portal: true, ends, ..announcement }
    };
    let by_mail = announcement("by mail", &[]);
    let on_both = shown(announcement("both", &["021"]));
    let on_portal = Announcement { by_mail: None, ..shown(announcement("portal", &[])) };
    for (announcement, addresses) in [(by_mail.clone(), 12), (on_both, 3), (on_portal, 0)] {
        let (reference, way) = (announcement.reference, announcement.by_mail);
        let informed = app.informer.inform(announcement, (&[], &Enclosure::default()), &operator()).await.unwrap();
        assert_eq!(informed.announcement.reference, reference);
        if way.is_some() {
            send(&app, reference).await;
        }
        let logged = captured.lines("an announcement is handed in");
        let line = logged.last().unwrap();
        for said in [format!("reference={reference}"), format!("addresses={addresses}"), "files=0".to_owned()] {
            assert!(line.contains(&said), "{said} in {line}");
        }
        assert!(!line.contains('@'), "neither who wrote it nor who gets it is in {line}");
    }
    // The same again is no other one.
    app.informer.inform(by_mail, (&[], &Enclosure::default()), &operator()).await.unwrap();
    assert_eq!(by_label("passerelle_announcements_total"), counts(&[("both", 1), ("mail", 1), ("portal", 1)]));
    // One is refused for good, and one is put off, once: of the first announcement. The second goes to others.
    let became = counts(&[("doubtful", 0), ("handed", 11 + 3), ("put-off", 1), ("refused", 1)]);
    assert_eq!(by_label("passerelle_announcement_mails_total"), became);
}
