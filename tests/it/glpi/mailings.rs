//! What keeps a mailing's copies single is GLPI's: a note's key, of which its database takes one.

use passerelle::{
    announcements::{Announcement, InformError, MailingState, Recipients, Zones},
    app::App,
    glpi::{NewNote, OwnNote},
    people::{Rights, Role},
    request::{Address, Enclosure, Reference},
    smtp::{Mailer, Outbox},
};
use reqwest::Method;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    marker,
    target::{Target, account},
};
use crate::support::{gateway::configured, helpdesk::Helpdesk};

#[tokio::test]
async fn of_two_notes_with_one_key_glpi_takes_one() {
    let target = Target::start().await;
    let glpi = target.client();
    let key = format!("passerelle-{}", marker());
    let note = |text: &str| NewNote { key: key.clone(), name: format!("Essai {key}"), text: format!("<p>{text}</p>") };
    let (first, second) = (note("un &amp; deux<br>trois"), note("autre"));
    let (one, two) = tokio::join!(glpi.keep_own_note(&first), glpi.keep_own_note(&second));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.is_some() != two.is_some(), "{one:?}, {two:?}");
    let id = one.or(two).unwrap();
    glpi.rewrite_own_note(id, &note("réécrit")).await.unwrap();
    // The same text again is no failure.
    glpi.rewrite_own_note(id, &note("réécrit")).await.unwrap();
    let kept = glpi.own_notes(&format!("Essai {key}"), "").await.unwrap();
    let [kept] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!((kept.id, kept.text.as_str()), (id, "<p>réécrit</p>"));
    // Of many in one call, those that are there stay as they are.
    let other = NewNote { key: format!("{key}-2"), ..first.clone() };
    glpi.keep_own_notes(&[second, other]).await.unwrap();
    let kept = glpi.own_notes(&format!("Essai {key}"), "").await.unwrap();
    let texts: Vec<&str> = kept.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(texts, ["<p>réécrit</p>", "<p>un &amp; deux<br>trois</p>"]);
}

/// Anybody may write notes, show them to the account, and give them to it: GLPI says then that they are the account's.
#[tokio::test]
async fn a_note_that_somebody_else_wrote_is_none_of_ours() {
    let target = Target::start().await;
    let (glpi, key) = (target.client(), format!("passerelle-{}", marker()));
    let title = format!("Essai {key}");
    let id = glpi.keep_own_note(&NewNote { key: key.clone(), name: title.clone(), text: "<p>x</p>".to_owned() }).await;
    let id = id.unwrap().unwrap();
    let (login, password) = account();
    let own = Helpdesk::sign_in(&target.url(), &login, &password).await;
    let real = own.get(&format!("Reminder/{id}")).await;
    let other = Helpdesk::sign_in(&target.url(), "tech1", "tech1").await;
    for forged in [format!("{key}-2"), format!("{}2", real["uuid"].as_str().unwrap())] {
        let input = json!({ "name": title, "uuid": forged, "text": real["text"] });
        let note = other.add("Reminder", input).await;
        let input = json!({ "reminders_id": note, "entities_id": 0, "is_recursive": 1 });
        other.add("Entity_Reminder", input).await;
        assert_eq!(own.get(&format!("Reminder/{note}")).await["name"], title.as_str(), "the account sees it");
        let ours = |notes: Vec<OwnNote>| notes.into_iter().map(|note| (note.id, note.is_changed)).collect::<Vec<_>>();
        assert_eq!(ours(glpi.own_notes(&title, "").await.unwrap()), [(id, false)], "it is shown to it");
        other.call(Method::PUT, &format!("Reminder/{note}"), json!({ "users_id": real["users_id"] })).await;
        let given = own.get(&format!("Reminder/{note}")).await;
        assert_eq!(given["users_id"], real["users_id"], "GLPI lets them give it away");
        assert_eq!(ours(glpi.own_notes(&title, "").await.unwrap()), [(id, false)], "it is given to it");
    }
    own.call(Method::PUT, &format!("Reminder/{id}"), json!({ "text": "<p>y</p>" })).await;
    let changed = glpi.own_notes(&title, "").await.unwrap();
    assert!(changed.len() == 1 && changed[0].is_changed, "{changed:?}");
}

fn app(target: &Target) -> (App, Outbox) {
    let (login, password) = account();
    let settings = [
        ("glpi.login", login.as_str()),
        ("glpi.password", password.as_str()),
        ("announcements.enabled", "true"),
        ("announcements.batch", "7"),
        ("announcements.per_minute", "1000000"),
    ];
    let (mailer, outbox) = Mailer::memory();
    (App::build_with(configured(target.url().as_str(), &settings), mailer).unwrap(), outbox)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailing_that_two_send_at_once_reaches_each_once() {
    let target = Target::start().await;
    let (apps, boxes): (Vec<App>, Vec<Outbox>) = (0..2).map(|_| app(&target)).unzip();
    let now = jiff::Timestamp::now();
    let announcement = Announcement {
        id: None,
        reference: Reference::new("announcement", "conformance", marker().as_bytes()),
        subject: "Incident <LSU> & l’école « A »".to_owned(),
        markdown: "**LSU** ne répond pas : a < b && c > d \\n 'f' &lt; &#60; 😀\n\n- un\n".to_owned(),
        zones: Zones::Academy,
        application: Some("LSU".to_owned()),
        by_mail: Some(Recipients::List),
        on_portal: false,
        is_held: false,
        files: Vec::new(),
        begins: now,
        ends: None,
        written_by: "d'Artagnan <dsi@ac-dijon.fr>".to_owned(),
        written_at: now,
    };
    let list: Vec<Address> =
        (0..40).map(|number| Address::parse(&format!("o'neil+{number:02}@ac-dijon.fr")).unwrap()).collect();
    let rights = Rights::of([Role::Operator]);
    let informed =
        apps[0].informer.inform(announcement.clone(), (&list, &Enclosure::default()), &rights).await.unwrap();
    let other = apps[1].informer.inform(announcement.clone(), (&list[..3], &Enclosure::default()), &rights).await;
    assert!(matches!(other, Err(InformError::SaysSomethingElse(_))), "{other:?}");
    let again = apps[1].informer.inform(announcement, (&list, &Enclosure::default()), &rights).await.unwrap();
    let mailing = informed.mailing.unwrap().mailing;
    assert_eq!((mailing.addresses, mailing.batches), (40, 6));
    assert_eq!(again.mailing.unwrap().mailing, mailing, "the list that was frozen first stays");
    let (reference, stop) = (informed.announcement.reference, CancellationToken::new());
    let ended = loop {
        let sent =
            futures_util::future::join_all(apps.iter().map(|app| app.informer.send(reference, &stop, |_| {}))).await;
        let sent: Vec<_> = sent.into_iter().map(Result::unwrap).collect();
        if let Some(ended) = sent.into_iter().find(|it| it.progress.mailing.state == MailingState::Ended) {
            break ended.progress;
        }
    };
    assert_eq!((ended.handed, ended.pending, ended.doubts), (40, 0, Vec::new()));
    let mut reached: Vec<String> = boxes.iter().flat_map(Outbox::mails).map(|mail| mail.recipient).collect();
    reached.sort();
    let expected: Vec<String> = list.iter().map(ToString::to_string).collect();
    assert_eq!(reached, expected);
    let listed = apps[0].informer.mailings().await.unwrap();
    assert!(listed.iter().any(|mailing| mailing.reference == reference.to_string()));
    for app in apps {
        app.glpi.close().await;
    }
}
