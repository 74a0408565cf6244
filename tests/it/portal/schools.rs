//! Who sees the requests of which school: every person, request and setting. Who directs which school only the directory
//! says.

use std::collections::BTreeSet;

use passerelle::sandbox::Sandbox;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Scene;
use crate::support::gateway::{AGENT, Gateway, sandbox};

/// A school's mailbox, its director, its deputy, who directed it before, and who directs another school.
const MAILBOX: &str = "ce.0210001a@ac-dijon.fr";
const JEANNE: &str = "jeanne.martin@ac-dijon.fr";
const DEPUTY: &str = "adjoint.martin@ac-dijon.fr";
const BEFORE: &str = "ancienne.martin@ac-dijon.fr";
const PAUL: &str = "paul.petit@ac-dijon.fr";

const THEN: &str = "email;name;uai;school\n\
    ce.0210001a@ac-dijon.fr;École Voltaire;0210001A;École Voltaire\n\
    ancienne.martin@ac-dijon.fr;Anne Cienne;0210001A;École Voltaire\n\
    adjoint.martin@ac-dijon.fr;Alain Joint;0210001A;École Voltaire\n\
    jeanne.martin@ac-dijon.fr;Jeanne Martin;0210001A;École Voltaire\n\
    paul.petit@ac-dijon.fr;Paul Petit;0580004D;École Zola\n";

/// The requests, by who made each; and the one of another school's director that only says it is of this school.
const SAID: &str = "said";

/// A gateway whose directory is this list.
async fn gateway(sandbox: &Sandbox, folder: &TempDir, list: &str, settings: &[(&str, &str)]) -> Gateway {
    let csv = folder.path().join("directory.csv");
    std::fs::write(&csv, list).unwrap();
    let own = [("directory.csv", csv.to_str().unwrap()), ("directory.sources", "csv")];
    Gateway::start(sandbox, &[&own[..], settings].concat()).await
}

/// The requests that a person's list shows.
async fn listed(scene: &Scene, person: &str) -> Value {
    let listed = scene.get_as(person, "/v1/requests", "").await.json::<Value>().await.unwrap();
    listed["requests"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_their_own_requests_and_those_of_the_schools_they_direct() {
    let (sandbox, folders) = (sandbox().await, [(); 4].map(|()| tempfile::tempdir().unwrap()));
    let then = gateway(&sandbox, &folders[0], THEN, &[]).await;
    let then = Scene::of(sandbox, then).await;
    let file = json!({"attachments": [{"name": "a.txt", "content": "YQ=="}]});
    let mut requests = Vec::new();
    for person in [MAILBOX, JEANNE, DEPUTY, BEFORE, PAUL] {
        requests.push((person, then.deposit(person, file.clone()).await));
    }
    let false_one = json!({"uai": "0210001A", "title": "Dit seulement"});
    requests.push((SAID, then.deposit(PAUL, false_one).await));
    let Scene { sandbox, .. } = then;

    // Since then she has left.
    let now = THEN.lines().filter(|line| !line.starts_with(BEFORE)).collect::<Vec<_>>().join("\n");
    let (none, mailbox, all) = (vec![], vec![MAILBOX], vec![MAILBOX, JEANNE, DEPUTY, BEFORE]);
    let cases = [
        (vec![("directory.school_mailbox", "")], [&none, &none]),
        (vec![], [&mailbox, &none]),
        (vec![("portal.school_view", "true")], [&all, &all]),
    ];
    let mut sandbox = Some(sandbox);
    for ((settings, [of_school, of_mailbox]), folder) in cases.into_iter().zip(&folders[1..]) {
        let running = sandbox.take().unwrap();
        let gateway = gateway(&running, folder, &now, &settings).await;
        let scene = Scene::of(running, gateway).await;
        for (person, also) in [
            (MAILBOX, of_mailbox),
            (JEANNE, of_school),
            (DEPUTY, of_school),
            (BEFORE, &none),
            (PAUL, &none),
            (AGENT, &none),
        ] {
            let is_own = |maker: &str| maker == person || (maker == SAID && person == PAUL);
            let sees = |maker: &str| is_own(maker) || also.contains(&maker);
            let rows = listed(&scene, person).await;
            let rows = rows.as_array().unwrap();
            let shown: BTreeSet<u64> = rows.iter().map(|row| row["number"].as_u64().unwrap()).collect();
            for (maker, number) in &requests {
                let case = format!("{settings:?}: {person} and the request of {maker}");
                assert_eq!(shown.contains(number), sees(maker), "{case}, listed");
                let path = format!("/v1/requests/{number}");
                let answer = scene.get_as(person, &path, "").await;
                assert_eq!(answer.status(), if sees(maker) { 200 } else { 404 }, "{case}, shown");
                if !sees(maker) {
                    continue;
                }
                let request = answer.json::<Value>().await.unwrap();
                let row = rows.iter().find(|row| row["number"] == *number).unwrap();
                let made_by = if is_own(maker) { Value::Null } else { json!(maker) };
                assert_eq!((&row["made_by"], &request["made_by"]), (&made_by, &made_by), "{case}");
                assert_eq!(request["may_follow_up"], is_own(maker), "{case}");
                assert_eq!(request["timeline"][0]["own"], is_own(maker), "{case}");
                if let Some(document) = request["timeline"][0]["documents"][0]["address"].as_str() {
                    assert_eq!(scene.get_as(person, document, "").await.status(), 200, "{case}, its file");
                }
                if !is_own(maker) {
                    assert_eq!(request["timeline"][0]["author"], *maker, "{case}");
                    let address = format!("{path}/followups?requester={person}");
                    let said = json!({"description": "Et moi ?"}).to_string();
                    let call = scene.gateway.signed(reqwest::Method::POST, &address, said.as_bytes());
                    let answer = call.header("Content-Type", "application/json").send().await.unwrap();
                    assert_eq!(answer.status(), 404, "{case}: to be read only");
                }
            }
        }
        sandbox = Some(scene.sandbox);
    }
    assert!(sandbox.unwrap().tickets().iter().all(|ticket| ticket.followups.is_empty()));
}
