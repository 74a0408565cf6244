//! The list of a person's requests, the natures, the FAQ.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Scene, reason};
use crate::support::{
    gateway::{AGENT, DIRECTORS, Gateway},
    helpdesk::Helpdesk,
};

/// The numbers of a list, in its order.
fn numbers(page: &Value) -> Vec<u64> {
    page["requests"].as_array().unwrap().iter().map(|row| row["number"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_their_requests_in_the_academy_s_words() {
    let scene = Scene::start().await;
    let nature = "LSU : import et export";
    let fresh = scene.deposit(DIRECTORS[0], json!({"title": "Évaluation <b>grisée</b>", "nature": nature})).await;
    let [taken, pending, solved, closed] = [
        scene.deposit(DIRECTORS[0], json!({"title": "Import", "type": "demande", "urgency": 5})).await,
        scene.deposit(DIRECTORS[0], json!({"title": "Bilans"})).await,
        scene.deposit(DIRECTORS[0], json!({"title": "Compte", "application": "ONDE"})).await,
        scene.deposit(DIRECTORS[0], json!({"title": "Ancienne"})).await,
    ];
    let other = scene.deposit(DIRECTORS[1], json!({"title": "Autre"})).await;
    let binned = scene.deposit(DIRECTORS[0], json!({"title": "Corbeille"})).await;
    scene.staff.add("Ticket_User", json!({"tickets_id": taken, "users_id": 15, "type": 2})).await;
    scene.staff.follow_up(pending, "<p>Quelle classe ?</p>", false).await;
    scene.staff.set_status(pending, 4).await;
    scene.staff.solve(solved, "<p>Fait.</p>").await;
    scene.staff.set_status(closed, 6).await;
    Helpdesk::sign_in(&scene.sandbox.url(), "passerelle-admin", "passerelle").await.bin(binned).await;

    let page = scene.json("/v1/requests", "").await;
    assert_eq!(numbers(&page), [closed, solved, pending, taken, fresh], "{page}");
    assert!(!numbers(&page).contains(&other));
    assert_eq!(
        page["counts"],
        json!({"en-attente": 1, "en-cours": 1, "a-completer": 1, "a-approuver": 1, "cloturee": 1})
    );
    assert_eq!((&page["total"], &page["page"], &page["pages"]), (&json!(5), &json!(1), &json!(1)));
    let row =
        |number: u64| page["requests"].as_array().unwrap().iter().find(|row| row["number"] == number).unwrap().clone();
    let first = row(fresh);
    for (field, expected) in [
        ("title", json!("Évaluation <b>grisée</b>")),
        ("type", json!("incident")),
        ("application", json!("LSU")),
        ("nature", json!(nature)),
        ("group", json!("Référents-LSU")),
        ("taken_by", Value::Null),
        ("state", json!("en-attente")),
        ("state_label", json!("En attente")),
        ("to_approve", json!(false)),
        ("may_follow_up", json!(true)),
    ] {
        assert_eq!(first[field], expected, "{field}");
    }
    assert!(first["reference"].as_str().unwrap().starts_with("P-"));
    let date: jiff::Timestamp = first["date"].as_str().unwrap().parse().unwrap();
    assert!(jiff::Timestamp::now().duration_since(date).as_secs().abs() < 600, "{date}");
    assert!(first["delay"].is_u64() && first["delay_label"].is_string());
    let second = row(taken);
    assert_eq!((&second["type"], &second["urgency"]), (&json!("demande"), &json!(5)));
    assert_eq!((&second["state_label"], &second["nature"]), (&json!("En cours"), &json!("LSU")));
    assert!(!second["taken_by"].as_str().unwrap().is_empty());
    assert_eq!(row(pending)["state_label"], "À compléter");
    assert_eq!((&row(solved)["to_approve"], &row(solved)["may_follow_up"]), (&json!(true), &json!(true)));
    assert_eq!((&row(solved)["state_label"], &row(pending)["state"]), (&json!("À approuver"), &json!("a-completer")));
    assert_eq!((&row(closed)["to_approve"], &row(closed)["state_label"]), (&json!(false), &json!("Clôturée")));

    for (query, expected) in [
        ("&state=en-cours", vec![taken]),
        ("&q=EVALUATION%20grisee", vec![fresh]),
        (&format!("&q={fresh}%20grisee")[..], vec![fresh]),
        (&format!("&q={}", first["reference"].as_str().unwrap().to_lowercase())[..], vec![fresh]),
        ("&q=import%20export", vec![fresh]),
        ("&q=onde", vec![solved]),
        ("&q=introuvable", vec![]),
        ("&sort=number&order=asc&per_page=2", vec![fresh, taken]),
        ("&sort=number&order=asc&per_page=2&page=3", vec![closed]),
        ("&sort=number&order=asc&per_page=2&page=4", vec![]),
        ("&sort=title&order=asc", vec![closed, pending, solved, fresh, taken]),
        ("&sort=state&order=asc", vec![fresh, taken, pending, solved, closed]),
    ] {
        let page = scene.json("/v1/requests", query).await;
        assert_eq!(numbers(&page), expected, "{query}");
        assert_eq!(page["counts"]["cloturee"], 1, "{query}");
    }
    let paged = scene.json("/v1/requests", "&per_page=2").await;
    assert_eq!((&paged["total"], &paged["pages"]), (&json!(5), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_account_is_known_by_the_whole_address() {
    let scene = Scene::start().await;
    let mut numbers_of = Vec::new();
    for address in ["jean_paul@ac-dijon.fr", "jeanxpaul@ac-dijon.fr"] {
        let input = json!({
            "name": address, "content": "<p>x</p>", "_users_id_requester": 0,
            "_users_id_requester_notif": {"use_notification": [1], "alternative_email": [address]},
        });
        numbers_of.push(scene.staff.add("Ticket", input).await);
    }
    // Somebody who watches is no requester.
    let watched = scene.deposit(DIRECTORS[0], json!({})).await;
    let observer =
        json!({"tickets_id": watched, "users_id": 0, "type": 3, "alternative_email": "jean_paul@ac-dijon.fr"});
    scene.staff.add("Ticket_User", observer).await;
    let answer = scene.get_as("Jean_Paul@ac-dijon.fr", "/v1/requests", "").await;
    assert_eq!(numbers(&answer.json().await.unwrap()), [numbers_of[0]]);
    for (number, status) in [(numbers_of[0], 200), (numbers_of[1], 404), (watched, 404)] {
        let path = format!("/v1/requests/{number}");
        assert_eq!(scene.get_as("jean_paul@ac-dijon.fr", &path, "").await.status(), status, "{number}");
    }
    let nobody = scene.get_as(AGENT, "/v1/requests", "").await.json::<Value>().await.unwrap();
    assert_eq!((&nobody["total"], &nobody["pages"]), (&json!(0), &json!(1)));
}

#[rstest]
#[case("&state=", "state")]
#[case("&modified_since=", "modified_since")]
#[case("&sort=", "sort")]
#[case("&page=", "page")]
#[case("&etat=a-completer", "etat")]
#[case("&state=ouverte", "state")]
#[case("&sort=date;drop", "sort")]
#[case("&order=up", "order")]
#[case("&page=0", "page")]
#[case("&page=1001", "page")]
#[case("&page=%2B1", "page")]
#[case("&per_page=101", "per_page")]
#[case("&per_page=99999999999999999999999", "per_page")]
#[case("&page=1&page=2", "page")]
#[case("&modified_since=2026-11-24", "modified_since")]
#[case("&modified_since=2026-11-24T10:00:00", "modified_since")]
#[case("&modified_since=2026-11-24T10:00:00+01:00", "modified_since")]
#[case("&modified_since=9999-12-31T23:59:59", "modified_since")]
#[case("&modified_since=9999-12-32T23:59:59Z", "modified_since")]
#[case("&modified_since=10000-01-01T00:00:00Z", "modified_since")]
#[case("&modifed_since=2026-11-24T10:00:00Z", "modifed_since")]
#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_is_none_is_named(#[case] query: &str, #[case] name: &str) {
    let scene = Scene::start().await;
    let answer = scene.get("/v1/requests", query).await;
    assert_eq!(answer.status(), 400);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["reason"], "bad-parameter");
    assert!(problem["detail"].as_str().unwrap().contains(&format!("«\u{a0}{name}\u{a0}»")), "{problem}");
    let long = format!("&q={}", "a".repeat(201));
    assert_eq!(reason(scene.get("/v1/requests", &long).await, 400).await, "bad-parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_since_a_moment_is_found() {
    let scene = Scene::start().await;
    let [first, second] = [scene.deposit(DIRECTORS[0], json!({})).await, scene.deposit(DIRECTORS[0], json!({})).await];
    let since = async |moment: &str| {
        let moment = moment.replace('+', "%2B");
        scene.json("/v1/requests", &format!("&sort=number&order=asc&modified_since={moment}")).await
    };
    let listed = scene.json("/v1/requests", "&sort=modified").await;
    let newest = listed["requests"][0]["modified"].as_str().unwrap().to_owned();
    assert!(numbers(&since(&newest).await).contains(&second), "of that very second");
    assert_eq!(numbers(&since("2020-01-01T00:00:00Z").await), [first, second]);
    // GLPI's dates are whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    scene.staff.follow_up(first, "<p>Et encore</p>", false).await;
    let later = newest.parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_secs(1);
    let changed = since(&later.to_string()).await;
    assert_eq!(numbers(&changed), [first]);
    assert_eq!((&changed["total"], &changed["pages"]), (&json!(1), &json!(1)));
    let counted: u64 = changed["counts"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(counted, 2, "whatever is asked for: {changed}");
    for far in ["2090-01-01T00:00:00+01:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999-12:00"] {
        assert_eq!(since(far).await["total"], 0, "{far}");
    }
}

/// Any page that the guides let a portal ask for is answered, those beyond the last by nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_beyond_the_last_is_empty_up_to_the_one_the_guides_name() {
    let scene = Scene::start().await;
    scene.deposit(DIRECTORS[0], json!({})).await;
    let guides = [
        (include_str!("../../../docs/en/portal-api.md"), "`page` (1 to "),
        (include_str!("../../../docs/fr/portail-api.md"), "`page` (de 1 à "),
    ];
    for (guide, words) in guides {
        let (last, _) = guide.split_once(words).and_then(|(_, rest)| rest.split_once(')')).unwrap();
        let last: usize = last.parse().unwrap();
        let listed = scene.json("/v1/requests", &format!("&page={last}")).await;
        assert_eq!((&listed["requests"], &listed["total"], &listed["page"]), (&json!([]), &json!(1), &json!(last)));
        assert_eq!(reason(scene.get("/v1/requests", &format!("&page={}", last + 1)).await, 400).await, "bad-parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_page_of_a_list_says_where_the_others_are() {
    let scene = Scene::start().await;
    for _ in 0..5 {
        scene.deposit(DIRECTORS[0], json!({})).await;
    }
    let mut address = format!("/v1/requests?requester={}&per_page=2&sort=number&order=asc", DIRECTORS[0]);
    let mut seen = Vec::new();
    loop {
        let answer = scene.gateway.signed(Method::GET, &address, b"").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{address}");
        let links = answer.headers()["link"].to_str().unwrap().to_owned();
        seen.extend(numbers(&answer.json().await.unwrap()));
        assert!(links.contains("rel=\"first\"") && links.contains("&page=3>; rel=\"last\""), "{links}");
        let next = links.split(", ").find_map(|link| link.strip_suffix(">; rel=\"next\"")?.strip_prefix('<'));
        let Some(next) = next else { break };
        address = next.to_owned();
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted(), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn natures_are_those_of_the_mappings_and_make_a_form() {
    let scene = Scene::start().await;
    let catalogue = scene.json("/v1/natures", "").await;
    let applications = catalogue["applications"].as_array().unwrap();
    let names: Vec<_> = applications.iter().map(|application| application["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["LSU", "ONDE", "ECECA", "APAE"]);
    let mut deposited = 0;
    for application in applications {
        for nature in application["natures"].as_array().unwrap() {
            let choice = json!({"application": application["name"], "nature": nature["name"], "title": nature["name"]});
            scene.deposit(DIRECTORS[deposited % 5], choice).await;
            deposited += 1;
        }
    }
    assert!(deposited > 0 && deposited < 45, "{deposited}");
    assert_eq!(catalogue["urgencies"].as_array().unwrap().len(), 5);
    assert_eq!(catalogue["types"][1], json!({"value": "demande", "label": "Demande"}));
    assert!(
        catalogue["fields"]
            .as_array()
            .unwrap()
            .iter()
            .any(|field| field["name"] == "title" && field["required"] == true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_faq_shows_what_is_published_to_everybody_and_nothing_else() {
    let scene = Scene::start().await;
    let admin = Helpdesk::sign_in(&scene.sandbox.url(), "passerelle-admin", "passerelle").await;
    let article = async |name: &str, published: bool, change: Value| {
        let mut input = json!({
            "name": name, "is_faq": 1,
            "answer": "<p>Ouvrez les <b>bilans</b> d'été<script>x</script><img src=\"/front/document.send.php?docid=1\"></p>",
        });
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        if published {
            input["_visibility"] = json!({"_type": "Entity", "entities_id": 0, "is_recursive": 1});
        }
        admin.add("KnowbaseItem", input).await
    };
    let by_text = article("Valider", true, json!({})).await;
    let by_title = article("Où sont les bilans ?", true, json!({})).await;
    article("Bilans : sans lecteur", false, json!({})).await;
    article("Bilans : interne", true, json!({"is_faq": 0})).await;
    article("Bilans : échu", true, json!({"end_date": "2020-01-01 00:00:00"})).await;
    article("Bilans : à venir", true, json!({"begin_date": "2090-01-01 00:00:00"})).await;
    let found = scene.json("/v1/faq", "&q=BILANS%20ete").await;
    let ids: Vec<_> = found["articles"].as_array().unwrap().iter().map(|it| it["id"].as_u64().unwrap()).collect();
    // Both texts have both words; a title goes before.
    assert_eq!(ids, [by_title, by_text], "{found}");
    let article = &found["articles"][1];
    let picture = format!("/v1/faq/{by_text}/documents/1");
    assert_eq!(article["html"], format!("<p>Ouvrez les <b>bilans</b> d'été<img src=\"{picture}\"></p>"));
    assert_eq!(article["link"], format!("{}front/helpdesk.faq.php?id={by_text}", scene.sandbox.url()));
    // It names the document, which is not its own.
    assert_eq!(scene.get(&picture, "").await.status(), 404);
    let best = scene.json("/v1/faq", "&q=bilans").await;
    assert_eq!(best["articles"][0]["id"], by_title);
    assert_eq!(scene.json("/v1/faq", "").await["articles"].as_array().unwrap().len(), 2);
}

/// Who signs in a way that this call does not take is told which it takes, and by which scheme.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_says_which_proof_it_takes() {
    let scene = Scene::start().await;
    let address = format!("/v1/requests?requester={}", DIRECTORS[0]);
    let (timestamp, v1) = Gateway::signature_v1(b"");
    let stale = (jiff::Timestamp::now().as_second() - 900).to_string();
    for (timestamp, signature, reason, words) in [
        (timestamp.as_str(), v1.as_str(), "bad-signature", "demande une signature v3 (ou v2)"),
        (timestamp.as_str(), "v2=00", "bad-signature", "horodatage"),
        (timestamp.as_str(), "v3=00", "bad-signature", "horodatage"),
        (timestamp.as_str(), "", "bad-signature", "v3="),
        (stale.as_str(), "v3=00", "stale-timestamp", "horloge"),
        ("", "", "bad-timestamp", "secondes"),
    ] {
        let call = scene.gateway.call(Method::GET, &address).header("X-Passerelle-Timestamp", timestamp);
        let answer = call.header("X-Passerelle-Signature", signature).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Passerelle-Signature "), "{signature}: {challenge}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["reason"], reason, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
}
