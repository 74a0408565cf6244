//! What GLPI 11.0.6 does otherwise than 10.0.14, as measured on both.

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x04\0\0\0\x04\x08\x02\0\0\0";

/// One byte more than PHP's stock limit.
static TOO_LARGE: [u8; (2 << 20) + 1] = [b'x'; (2 << 20) + 1];

async fn eleven() -> (Talk, String) {
    let talk = Talk::with(Options::eleven()).await;
    let session = talk.gateway().await;
    (talk, session)
}

/// A file between two good ones.
async fn between_two(talk: &Talk, session: &str, name: &str, bytes: &[u8]) -> u16 {
    let input =
        json!({"input": {"name": name, "content": "<p>x</p>", "_users_id_requester": [7], "_groups_id_assign": [2]}});
    let file = |name: &str, bytes: &[u8]| Part::bytes(bytes.to_vec()).file_name(name.to_owned());
    let manifest = Part::text(input.to_string()).mime_str("application/json").unwrap();
    let form = Form::new()
        .part("uploadManifest", manifest)
        .part("file0[0]", file("avant.txt", b"avant"))
        .part("file1[0]", file(name, bytes))
        .part("file2[0]", file("apres.txt", b"apres"));
    let call = talk.call("POST", "Ticket").header("Session-Token", session);
    call.multipart(form).send().await.unwrap().status().as_u16()
}

#[rstest]
#[case::of_no_type("photo.heic", b"....ftypheic")]
#[case::without_an_ending("sans", b"x")]
#[case::another_picture("photo.jpg", PNG)]
#[case::no_picture("photo.png", b"bonjour")]
#[case::empty("vide.txt", b"")]
#[case::too_large("gros.txt", &TOO_LARGE)]
#[tokio::test]
async fn a_refused_file_leaves_half_a_ticket(#[case] name: &str, #[case] bytes: &[u8]) {
    let (talk, session) = eleven().await;
    assert_eq!(between_two(&talk, &session, name, bytes).await, 500);
    let made = talk.sandbox.tickets();
    let [ticket] = &made[..] else { panic!("one ticket") };
    let files: Vec<_> = ticket.documents.iter().map(|document| document.filename.as_str()).collect();
    assert_eq!((files, ticket.status), (vec!["avant.txt"], 1));
    assert!(ticket.requesters.is_empty() && ticket.assigned_groups.is_empty());
}

#[rstest]
#[case::png("photo.png", &PNG[..20], true)]
#[case::gif("photo.gif", b"GIF89a\x01", true)]
#[case::jpeg("photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", true)]
#[case::under_another_name("photo.txt", &PNG[..20], false)]
#[case::a_kind_nobody_looks_into("photo.webp", b"RIFF", false)]
#[case::whole("photo.png", PNG, false)]
#[tokio::test]
async fn a_picture_cut_in_its_header_leaves_nothing(#[case] name: &str, #[case] bytes: &[u8], #[case] dies: bool) {
    let (talk, session) = eleven().await;
    for _ in 0..2 {
        let status = between_two(&talk, &session, name, bytes).await;
        assert_eq!(status, if dies { 500 } else { 201 });
    }
    let expected: &[usize] = if dies { &[] } else { &[3, 3] };
    let files: Vec<_> = talk.sandbox.tickets().iter().map(|ticket| ticket.documents.len()).collect();
    assert_eq!(files, expected);
}

#[tokio::test]
async fn a_call_over_the_limit_is_refused_before_all() {
    let (talk, session) = eleven().await;
    assert_eq!(between_two(&talk, &session, "gros.txt", &vec![b'x'; 9 << 20]).await, 400);
    assert!(talk.sandbox.tickets().is_empty());
}

#[tokio::test]
async fn an_account_without_rights_on_the_entity_is_dropped_in_silence() {
    let (talk, session) = eleven().await;
    let admin = talk.session("glpi", "glpi").await;
    let add = async |kind: &str, input: Value| -> Value {
        let call = talk.call("POST", kind).header("Session-Token", &admin).json(&json!({ "input": input }));
        call.send().await.unwrap().json::<Value>().await.unwrap()["id"].clone()
    };
    let change = async |path: String, method: &str, input: Value| {
        let call = talk.call(method, &path).header("Session-Token", &admin).json(&json!({ "input": input }));
        assert!(call.send().await.unwrap().status().is_success(), "{path}");
    };
    let school = add("Entity", json!({"name": "Ecole", "entities_id": 0})).await;
    let stays = add("User", json!({"name": "la"})).await;
    let expired = add("User", json!({"name": "avant", "end_date": "2020-01-01 00:00:00"})).await;
    let elsewhere = add("User", json!({"name": "ailleurs", "_entities_id": school})).await;
    let recursive = add("User", json!({"name": "partout", "_is_recursive": 1})).await;
    let nobody = add("User", json!({"name": "personne"})).await;
    let profiles = talk.get(&admin, &format!("User/{nobody}/Profile_User")).await;
    change(format!("Profile_User/{}", profiles[0]["id"]), "DELETE", json!({})).await;
    let asked = [&stays, &expired, &elsewhere, &recursive, &nobody];
    for (entity, expected) in [(&json!(0), vec![&stays, &recursive]), (&school, vec![&elsewhere, &recursive])] {
        let input = json!({"name": "x", "content": "y", "entities_id": entity, "_users_id_requester": asked});
        let answer = talk.new_ticket(&session, &input).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let ticket = answer.json::<Value>().await.unwrap()["id"].clone();
        let links = async || talk.get(&session, &format!("Ticket/{ticket}/Ticket_User")).await;
        let users =
            |links: Value| links.as_array().unwrap().iter().map(|link| link["users_id"].clone()).collect::<Vec<_>>();
        assert_eq!(users(links().await), expected.into_iter().cloned().collect::<Vec<_>>());
        // Whoever is added afterwards is taken.
        let link = json!({"input": {"tickets_id": ticket, "users_id": nobody, "type": 1}});
        let added =
            talk.call("POST", "Ticket_User").header("Session-Token", &session).json(&link).send().await.unwrap();
        assert_eq!(added.status(), 201);
        assert!(users(links().await).contains(&nobody));
    }
}

#[rstest]
#[case(Options::default(), "&#60;p&#62;a &#38;amp; b&#60;/p&#62;", 6)]
#[case(Options::eleven(), "<p>a &amp; b</p>", 1)]
#[tokio::test]
async fn contents_and_the_faq_differ(#[case] options: Options, #[case] content: &str, #[case] title: u64) {
    let talk = Talk::with(options).await;
    let session = talk.session("glpi", "glpi").await;
    let made: Value =
        talk.new_ticket(&session, &json!({"content": "<p>a &amp; b</p>"})).send().await.unwrap().json().await.unwrap();
    assert_eq!(talk.get(&session, &format!("Ticket/{}", made["id"])).await["content"], content);
    // Its writer's own: GLPI 11 finds none that is shown to nobody.
    let article = json!({"input": {"name": "Titre", "answer": "x", "is_faq": 1, "users_id": 2}});
    talk.call("POST", "KnowbaseItem").header("Session-Token", &session).json(&article).send().await.unwrap();
    let found = talk.get(&session, &format!("search/KnowbaseItem?forcedisplay[0]={title}&forcedisplay[1]=2")).await;
    assert_eq!(found["data"][0][title.to_string()], "Titre", "{found}");
    let other = if title == 1 { 6 } else { 1 };
    let found = talk.get(&session, &format!("search/KnowbaseItem?forcedisplay[0]={other}&forcedisplay[1]=2")).await;
    assert!(found["data"][0].get(other.to_string()).is_none(), "{found}");
}

#[rstest]
#[case(Options::default(), 400)]
#[case(Options::eleven(), 201)]
#[tokio::test]
async fn ten_refuses_odd_addresses(#[case] options: Options, #[case] status: u16) {
    let talk = Talk::with(options).await;
    let session = talk.gateway().await;
    for (email, status) in [("a&b@x.fr", status), ("é@x.fr", status), ("a+b@x.fr", 201), ("rien", 400)] {
        let input = json!({
            "name": "x", "content": "y", "_users_id_requester": [0],
            "_users_id_requester_notif": {"use_notification": [1], "alternative_email": [email]},
        });
        assert_eq!(talk.new_ticket(&session, &input).send().await.unwrap().status(), status, "{email}");
    }
}

#[tokio::test]
async fn the_maintenance_page_speaks_french() {
    let (talk, _) = eleven().await;
    talk.sandbox.set_failures(Failure::Maintenance);
    let answer = talk.call("GET", "initSession").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("<title>MODE MAINTENANCE - GLPI</title>"));
}
