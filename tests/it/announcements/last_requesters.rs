//! The last requesters of an application are those who asked for help with it, and no other one that shares a category.

use std::collections::BTreeSet;

use passerelle::announcements::{Announcement, Recipients};
use rstest::rstest;
use serde_json::json;

use super::{
    directory,
    sending::{announcement, app, operator},
    sink::{Moods, Sink},
};
use crate::support::{gateway::sandbox, helpdesk::Helpdesk};

/// What a ticket of the gateway's opens with.
fn opening(application: &str) -> String {
    format!(
        "<p><strong>Référence\u{a0}:</strong> P-7K3M-Q2XV-9D4T <small>(courriel du 03/11/2026)</small></p>\
         <p><strong>Application\u{a0}:</strong> {application} ({application}\u{a0}: bilans)</p><hr><p>Bonjour</p>"
    )
}

/// Mappings as they are shipped; ONDE's requests go to LSU's category where it is shared.
fn mappings(is_shared: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["lsu.toml", "onde.toml"] {
        let mut text = std::fs::read_to_string(format!("{}/mappings/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        if is_shared {
            text = text.replace("Scolarité > ONDE", "Scolarité > LSU");
        }
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[rstest]
#[case::of_its_own(false, "LSU", &["lsu", "onde", "technician", "forger"])]
#[case::shared(true, "LSU", &["lsu"])]
#[case::shared(true, "ONDE", &["onde"])]
#[tokio::test(flavor = "multi_thread")]
async fn those_of_another_application_of_the_same_category_are_not_among_them(
    #[case] is_shared: bool,
    #[case] application: &str,
    #[case] expected: &[&str],
) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let ((_folder, csv), folder) = (directory(4), mappings(is_shared));
    let settings = [("mappings.dir", folder.path().to_str().unwrap())];
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &settings);
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let technician = Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await;
    for (writer, content, requester) in [
        (&own, opening("LSU"), "lsu"),
        (&own, opening("ONDE"), "onde"),
        (&technician, "<p>Il a téléphoné.</p>".to_owned(), "technician"),
        // Anybody can write what looks like an opening.
        (&technician, opening(application), "forger"),
    ] {
        let address = format!("{requester}@ac-dijon.fr");
        let requester = json!({ "use_notification": [1], "alternative_email": [address] });
        let input = json!({
            "name": "x", "content": content, "itilcategories_id": 2, "_users_id_requester": [0],
            "_users_id_requester_notif": requester,
        });
        writer.add("Ticket", input).await;
    }
    let announcement = Announcement {
        application: Some(application.to_owned()),
        by_mail: Some(Recipients::LastRequesters),
        ..announcement("last", &[])
    };
    let list = app.informer.recipients(&announcement, &[], &operator()).await.unwrap();
    let names: BTreeSet<&str> = list.addresses().map(passerelle::request::Address::local).collect();
    assert_eq!(names, expected.iter().copied().collect());
}
