//! GLPI has one name several times, each in an entity: the ticket's entity tells which is meant.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{
    gateway::{DIRECTORS, Gateway, app, form, sandbox, titled},
    helpdesk::Helpdesk,
};
use passerelle::id::GroupId;

/// A group «Référents-LSU» and a category «Scolarité > LSU» more, in «Côte-d'Or»; gives their ids.
async fn twins(staff: &Helpdesk) -> (u64, u64) {
    let entity = staff.add("Entity", json!({"name": "Côte-d'Or", "entities_id": 0})).await;
    let group = staff.add("Group", json!({"name": "Référents-LSU", "entities_id": entity})).await;
    let above = staff.add("ITILCategory", json!({"name": "Scolarité", "entities_id": entity})).await;
    let category =
        staff.add("ITILCategory", json!({"name": "LSU", "itilcategories_id": above, "entities_id": entity})).await;
    (group, category)
}

/// A folder with the shipped mapping of LSU and these lines in it.
fn mapping(lines: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../../../mappings/lsu.toml").replacen("urgency =", &format!("{lines}\nurgency ="), 1);
    std::fs::write(folder.path().join("lsu.toml"), text).unwrap();
    folder
}

#[rstest]
#[case::of_the_ticket_s_entity("entity = \"Entité racine > Côte-d'Or\"", true)]
#[case::of_the_root("", false)]
#[tokio::test(flavor = "multi_thread")]
async fn the_one_of_the_ticket_s_entity_is_meant(#[case] lines: &str, #[case] below: bool) {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let (group, category) = twins(&staff).await;
    let folder = mapping(lines);
    let settings = [("mappings.dir", folder.path().to_str().unwrap())];
    let gateway = Gateway::start(&sandbox, &settings).await;
    let answer = gateway.post_form(&form(DIRECTORS[0], "Homonyme"), None).await;
    let (status, body): (_, Value) = (answer.status(), answer.json().await.unwrap());
    assert_eq!(status, 201, "{body}");
    let ticket = body["ticket"].as_u64().unwrap();
    let groups = staff.get(&format!("Ticket/{ticket}/Group_Ticket")).await;
    let assigned: Vec<_> = groups.as_array().unwrap().iter().filter(|row| row["type"] == 2).collect();
    let (expected_group, expected_category) = if below { (group, category) } else { (1, 2) };
    assert_eq!(assigned.iter().map(|row| row["groups_id"].as_u64()).collect::<Vec<_>>(), [Some(expected_group)]);
    assert_eq!(staff.get(&format!("Ticket/{ticket}")).await["itilcategories_id"], expected_category);

    // Its levels are those of the very group it has.
    let all_levels = app(sandbox.url().as_str(), &settings).escalator.all_levels().await.unwrap();
    let scale = all_levels.of(expected_category.into(), &[expected_group.into()], &[]).unwrap();
    assert_eq!(scale.levels.of(&[expected_group.into()]), Some(0));
    assert_eq!(scale.levels.up(&[expected_group.into()]).unwrap().group, GroupId::new(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_in_one_entity_are_named_and_the_request_waits() {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let twin = staff.add("Group", json!({"name": "Référents-LSU", "entities_id": 0, "is_recursive": 1})).await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let answer = gateway.post_form(&form(DIRECTORS[0], "Homonyme"), None).await;
    assert_eq!(answer.status(), 503);
    assert!(titled(&sandbox, "Homonyme").is_empty());

    let app = app(sandbox.url().as_str(), &[]);
    let mappings = app.pipeline.mappings.now();
    let missing = app.pipeline.deliverer.names().missing_of(mappings.find("LSU").unwrap()).await.unwrap();
    let [named] = missing.as_slice() else { panic!("{missing:?}") };
    for part in ["group", "«Référents-LSU»", "n°1 (entity 0", &format!("n°{twin} (entity 0")] {
        assert!(named.to_string().contains(part), "{part} in {named}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homonym_elsewhere_stops_nothing_for_requesters_own_entities() {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let (group, _) = twins(&staff).await;
    let folder = mapping("entity = \"requester\"");
    let settings = [("mappings.dir", folder.path().to_str().unwrap())];
    let app = app(sandbox.url().as_str(), &settings);
    let mappings = app.pipeline.mappings.now();
    let missing = app.pipeline.deliverer.names().missing_of(mappings.find("LSU").unwrap()).await.unwrap();
    assert!(missing.is_empty(), "{missing:?}");
    let all_levels = app.escalator.all_levels().await.unwrap();
    let scale = &all_levels.all()[0];
    assert_eq!([1, group].map(|group| scale.levels.of(&[group.into()])), [Some(0); 2]);
}
