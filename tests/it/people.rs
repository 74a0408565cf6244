//! Who is in charge by the name of a group of GLPI's, and who without asking GLPI.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use passerelle::{
    people::{Rights, Role},
    request::Address,
    sandbox::{Failure, Rule, Sandbox},
};
use rstest::rstest;
use serde_json::json;
use tracing_subscriber::{filter::LevelFilter, fmt, layer::SubscriberExt as _};

use crate::{
    check::report,
    commands::{borrowed, glpi},
    support::{
        bilingual::is_french_throughout,
        gateway::{app, sandbox},
        helpdesk::Helpdesk,
    },
};

/// A member of the group «Référents-LSU» at the root, whose full path that is.
const OF_THE_ROOT_S: &str = "tech1@ac-dijon.fr";
/// GLPI's number of somebody who makes themselves a member of other groups, and their address.
const OTHER: (u64, &str) = (10, "ce.0580004D@ac-dijon.fr");
/// Above which groups stand, and of which entity they are.
const BELOW: [(&str, u64); 2] = [("Directeurs d'école", 3), ("DSI-BAI", 2)];

/// Where another group of a name is made.
#[derive(Clone, Copy, Debug)]
enum Place {
    SubEntity,
    RootEntity,
    /// As a part of one of [`BELOW`].
    SubGroup(usize),
}

async fn make(staff: &Helpdesk, name: &str, place: Place) {
    let entity = match place {
        Place::SubEntity => staff.add("Entity", json!({"name": "Côte-d'Or", "entities_id": 0})).await,
        Place::RootEntity | Place::SubGroup(_) => 0,
    };
    let above = match place {
        Place::SubGroup(which) => BELOW[which].1,
        Place::SubEntity | Place::RootEntity => 0,
    };
    let input = json!({"name": name, "entities_id": entity, "groups_id": above, "is_recursive": 1});
    let group = staff.add("Group", input).await;
    staff.add("Group_User", json!({"users_id": OTHER.0, "groups_id": group})).await;
}

async fn rights(sandbox: &Sandbox, named: &str, person: &str) -> Rights {
    let app = app(sandbox.url().as_str(), &[("people.referents.lsu", named)]);
    app.people.rights(&Address::parse(person).unwrap()).await.unwrap()
}

/// The name in the configuration, the groups that are made of which name, and whether the member of the root's and the
/// one of the others are référents.
#[rstest]
#[case::one("Référents-LSU", "Référents-LSU", &[], [true, false])]
#[case::a_part_of_another_group("Référents-LSU", "Référents-LSU", &[Place::SubGroup(0)], [true, false])]
#[case::parts_of_two("Référents-LSU", "Référents-LSU", &[Place::SubGroup(0), Place::SubGroup(1)], [true, false])]
#[case::in_another_entity("Référents-LSU", "Référents-LSU", &[Place::SubEntity], [false, false])]
#[case::in_the_same_one("Référents-LSU", "Référents-LSU", &[Place::RootEntity], [false, false])]
#[case::a_full_path("Directeurs d'école > Référents-LSU", "Référents-LSU", &[Place::SubGroup(0)], [false, true])]
#[case::a_part_alone("Nouveaux", "Nouveaux", &[Place::SubGroup(0)], [false, true])]
#[case::two_parts("Nouveaux", "Nouveaux", &[Place::SubGroup(0), Place::SubGroup(1)], [false, false])]
#[case::one_path_of_two("DSI-BAI > Nouveaux", "Nouveaux", &[Place::SubGroup(0), Place::SubGroup(1)], [false, true])]
#[case::nobody_s("Personne", "Nouveaux", &[Place::SubGroup(0)], [false, false])]
#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_the_same_name_gives_nobody_rights(
    #[case] named: &str,
    #[case] made: &str,
    #[case] places: &[Place],
    #[case] expected: [bool; 2],
) {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    for place in places {
        make(&staff, made, *place).await;
    }
    let referent = Rights::of([Role::referent("LSU")]);
    let is_one = async |person| match rights(&sandbox, named, person).await {
        rights if rights == referent => true,
        rights => {
            assert!(rights.is_none(), "{rights:?}");
            false
        }
    };
    assert_eq!([is_one(OF_THE_ROOT_S).await, is_one(OTHER.1).await], expected);
    // Who is written to is who is one.
    let app = app(sandbox.url().as_str(), &[("people.referents.lsu", named)]);
    let now = jiff::Timestamp::now().in_tz("Europe/Paris").unwrap().datetime();
    let addresses = app.people.addresses(&Role::referent("LSU"), now).await.unwrap();
    let has = |person: &str| addresses.contains(&Address::parse(person).unwrap());
    assert_eq!([has(OF_THE_ROOT_S), has(OTHER.1)], expected, "{addresses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_the_groups_that_share_a_name() {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    make(&staff, "DSI-BAI", Place::SubEntity).await;
    make(&staff, "Référents-LSU", Place::SubGroup(0)).await;
    let base = glpi(&sandbox);
    let named = [("people.operators", "DSI-BAI"), ("people.referents.lsu", "Référents-LSU")];
    let settings = [borrowed(&base).as_slice(), &named].concat();
    let (code, shown) = report(&["check"], &settings).await;
    let people: Vec<&str> = shown.lines().filter(|line| line.contains("  people: ")).collect();
    let errors: Vec<&&str> = people.iter().filter(|line| line.starts_with("ERROR")).collect();
    assert!(code != Some(0) && errors.len() == 1, "{shown}");
    for part in ["more than one group «DSI-BAI»", "n°2 (entity 0", "nobody is meant"] {
        assert!(errors[0].contains(part), "{part} in {people:?}");
    }
    let (_, shown) = report(&["check", "--lang", "fr"], &settings).await;
    assert!(shown.contains("plusieurs groupes «\u{a0}DSI-BAI\u{a0}»"), "{shown}");
    is_french_throughout(&shown);
}

/// What this thread logs.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_says_once_that_a_name_is_several_groups() {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    make(&staff, "DSI-BAI", Place::RootEntity).await;
    let logged = Logged::default();
    let writer = logged.clone();
    let lines = fmt::layer().with_ansi(false).with_writer(move || writer.clone());
    let _logging = tracing::subscriber::set_default(tracing_subscriber::registry().with(LevelFilter::WARN).with(lines));
    let app = app(sandbox.url().as_str(), &[("people.operators", "DSI-BAI")]);
    for person in [OF_THE_ROOT_S, OTHER.1, OF_THE_ROOT_S] {
        assert!(app.people.rights(&Address::parse(person).unwrap()).await.unwrap().is_none());
    }
    let text = String::from_utf8(logged.0.lock().unwrap().clone()).unwrap();
    let said: Vec<&str> = text.lines().filter(|line| line.contains("several groups of this name")).collect();
    assert!(said.len() == 1 && said[0].contains("DSI-BAI"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_an_operator_by_their_address_is_one_while_glpi_is_away() {
    let sandbox = sandbox().await;
    let named = [
        ("people.operators", "chef@ac-dijon.fr,DSI-BAI"),
        ("people.correspondents.021", "ien.dijon@ac-dijon.fr"),
        ("people.referents.lsu", "Référents-LSU"),
    ];
    let app = app(sandbox.url().as_str(), &named);
    sandbox.set_failures(Rule::always(Failure::Down));
    let rights = async |person| app.people.rights(&Address::parse(person).unwrap()).await;
    assert_eq!(rights("Chef@ac-dijon.fr").await.unwrap(), Rights::of([Role::Operator]));
    // A group might give these more than their address does.
    assert!(rights("ien.dijon@ac-dijon.fr").await.is_err());
    assert!(rights("tech1@ac-dijon.fr").await.is_err());
}
