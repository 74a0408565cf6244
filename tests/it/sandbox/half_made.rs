//! A GLPI that dies in the middle of a write: what is there afterwards, and what is not.

use super::*;

/// A ticket or a follow-up with three files.
fn with_files(talk: &Talk, session: &str, path: &str, input: &Value) -> RequestBuilder {
    let manifest = json!({ "input": input }).to_string();
    let mut form = Form::new().part("uploadManifest", Part::text(manifest).mime_str("application/json").unwrap());
    for name in ["a.txt", "b.txt", "c.txt"] {
        let file = Part::bytes(format!("{path} {name}").into_bytes()).file_name(name);
        form = form.part(format!("file{}[0]", &name[..1]), file);
    }
    talk.call("POST", path).header("Session-Token", session).multipart(form)
}

#[rstest]
#[case(Options::default())]
#[case(Options::eleven())]
#[tokio::test]
async fn a_ticket_has_its_first_files_and_nobody(#[case] options: Options) {
    for (failure, written) in [("dies", 0), ("dies=1", 1), ("dies=2", 2), ("dies=9", 3), ("killed=1", 1)] {
        let talk = Talk::with(options.clone()).await;
        let session = talk.gateway().await;
        talk.sandbox.set_failures(format!("{failure}@tickets*1").parse::<Rule>().unwrap());
        let input = json!({"name": "x", "content": "y", "_users_id_requester": [7], "_groups_id_assign": [2]});
        let answer = with_files(&talk, &session, "Ticket", &input).send().await;
        match answer {
            Ok(answer) => assert_eq!((answer.status().as_u16(), failure.starts_with("dies")), (500, true), "{failure}"),
            Err(_) => assert_eq!(failure, "killed=1"),
        }
        let made = talk.sandbox.tickets();
        let [ticket] = &made[..] else { panic!("{failure}: one ticket") };
        assert_eq!((ticket.documents.len(), ticket.status), (written, 1), "{failure}");
        assert!(ticket.requesters.is_empty() && ticket.assigned_groups.is_empty(), "{failure}");
        let whole = with_files(&talk, &session, "Ticket", &input).send().await.unwrap();
        assert_eq!(whole.status(), 201);
        let ticket = talk.sandbox.tickets().pop().unwrap();
        assert_eq!((ticket.documents.len(), ticket.status, ticket.requesters.len()), (3, 2, 1));
    }
}

#[rstest]
#[case(Options::default())]
#[case(Options::eleven())]
#[tokio::test]
async fn a_follow_up_has_its_first_files_and_opens_nothing_again(#[case] options: Options) {
    let talk = Talk::with(options).await;
    let session = talk.gateway().await;
    let made: Value =
        talk.new_ticket(&session, &json!({"name": "x", "content": "y"})).send().await.unwrap().json().await.unwrap();
    let ticket = &made["id"];
    let solution = json!({"input": {"itemtype": "Ticket", "items_id": ticket, "content": "fait"}});
    talk.call("POST", "ITILSolution").header("Session-Token", &session).json(&solution).send().await.unwrap();
    talk.sandbox.set_failures("dies=2@followups*1".parse::<Rule>().unwrap());
    let input = json!({"itemtype": "Ticket", "items_id": ticket, "content": "encore", "add_reopen": 1});
    let answer = with_files(&talk, &session, "ITILFollowup", &input).send().await.unwrap();
    assert_eq!(answer.status(), 500);
    let followups = talk.get(&session, &format!("Ticket/{ticket}/ITILFollowup")).await;
    assert_eq!(followups.as_array().unwrap().len(), 1);
    let files = talk.get(&session, &format!("ITILFollowup/{}/Document_Item", followups[0]["id"])).await;
    assert_eq!(files.as_array().unwrap().len(), 2);
    assert_eq!(talk.get(&session, &format!("Ticket/{ticket}")).await["status"], 5);
}

/// What GLPI really answers where it did some of several things.
#[rstest]
#[case(Options::default())]
#[case(Options::eleven())]
#[tokio::test]
async fn of_several_tickets_in_one_call_the_last_is_refused(#[case] options: Options) {
    let talk = Talk::with(options).await;
    let session = talk.gateway().await;
    let post = async |input: Value| {
        let call = talk.call("POST", "Ticket").header("Session-Token", &session).json(&json!({ "input": input }));
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let ticket = |name: &str| json!({"name": name, "content": "y"});
    talk.sandbox.set_failures("partial@tickets*2".parse::<Rule>().unwrap());
    let (status, said) = post(json!([ticket("a"), ticket("b"), ticket("c")])).await;
    assert_eq!((status, &said[0]), (207, &json!("ERROR_GLPI_PARTIAL_ADD")), "{said}");
    let ids: Vec<_> = said[1].as_array().unwrap().iter().map(|made| made["id"].as_u64()).collect();
    assert!(matches!(ids[..], [Some(_), Some(_), None]), "{said}");
    assert_eq!(said[1][2]["id"], json!(false));
    // One alone is made, or not: there is nothing in part.
    assert_eq!(post(ticket("d")).await.0, 201);
    let names: Vec<_> = talk.sandbox.tickets().into_iter().map(|ticket| ticket.name).collect();
    assert_eq!(names, ["a", "b", "d"]);
}
