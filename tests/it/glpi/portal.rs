//! What the portal reads: one ticket's line, documents' bytes, the FAQ.

use bytes::Bytes;
use data_encoding::BASE64;
use futures_util::TryStreamExt as _;
use jiff::SignedDuration;
use passerelle::glpi::{Criterion, FaqArticle, GlpiError, Needed, NewTicket, RIGHTS, Requester, TicketStatus};
use passerelle::id::{DocumentId, TicketId};
use passerelle::request::{Address, Outcome};
use reqwest::Method;
use serde_json::{Value, json};

use super::own_account::{OwnAccount, all};
use super::target::{Target, account};
use super::{director, marker, text_file, ticket};
use crate::support::{
    gateway::{DIRECTORS, Gateway, app},
    helpdesk::Helpdesk,
};

#[tokio::test]
async fn a_ticket_s_line_is_found_by_its_number_and_names_who_has_no_account() {
    let target = Target::start().await;
    let glpi = target.client();
    let address = format!("{}@ac-dijon.fr", marker());
    let new = NewTicket { requester: Requester::Email(address.clone()), ..ticket("Une ligne", "<p>x</p>") };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    let own = NewTicket { requester: Requester::User(director(&glpi).await), ..new };
    let other = glpi.create_ticket(&own, &[]).await.unwrap().id;
    for (id, addresses) in [(id, vec![address]), (other, vec![])] {
        let found = glpi.search_tickets(&[Criterion::Id(id)], 1).await.unwrap();
        let [summary] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((summary.id, summary.name.as_str()), (id, "Une ligne"));
        assert_eq!(summary.addresses, addresses);
    }
    assert!(glpi.search_tickets(&[Criterion::Id(TicketId::new(99_999_999))], 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_only_watches_is_no_requester_by_the_address() {
    let target = Target::start().await;
    let glpi = target.client();
    let address = format!("{}@ac-dijon.fr", marker());
    let id = glpi.create_ticket(&ticket("Observée", "<p>x</p>"), &[]).await.unwrap().id;
    let (login, password) = account();
    let staff = Helpdesk::sign_in(&target.url(), &login, &password).await;
    let observer = json!({"tickets_id": id, "users_id": 0, "type": 3, "alternative_email": address});
    staff.add("Ticket_User", observer).await;
    assert!(glpi.search_tickets(&[Criterion::Address(address)], 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_document_s_bytes_come_as_they_were() {
    let target = Target::start().await;
    let glpi = target.client();
    let texts = [format!("{{\"json\": \"{}\"}}", marker()), marker().repeat(40_000)];
    let files = [text_file("avant é.txt", &texts[0]), text_file("long.txt", &texts[1])];
    let id = glpi.create_ticket(&ticket("Fichiers", "<p>x</p>"), &files).await.unwrap().id;
    let mut documents = glpi.ticket_documents(id).await.unwrap();
    documents.sort_by_key(|document| document.id);
    assert_eq!(documents.len(), 2);
    for (document, text) in documents.iter().zip(&texts) {
        let pieces: Vec<Bytes> = glpi.download(document.id).await.unwrap().into_stream().try_collect().await.unwrap();
        assert_eq!(pieces.concat(), text.as_bytes());
    }
    assert_eq!(glpi.download(DocumentId::new(99_999_999)).await.err(), Some(GlpiError::NotFound));
}

#[tokio::test]
async fn the_faq_is_what_is_published_to_the_entity() {
    let target = Target::start().await;
    let glpi = target.client();
    let staff = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let name = marker();
    let article = async |which: &str, is_faq: u8, entity: Option<u32>, end: Option<&str>| {
        let mut input = json!({
            "name": format!("{name} {which}"), "answer": format!("<p>{name} &amp; <b>b</b></p>"),
            "is_faq": is_faq, "end_date": end,
        });
        if let Some(entity) = entity {
            input["_visibility"] = json!({"_type": "Entity", "entities_id": entity, "is_recursive": 1});
        }
        staff.add("KnowbaseItem", input).await;
    };
    article("publique", 1, Some(0), None).await;
    article("échue", 1, Some(0), Some("2020-01-01 00:00:00")).await;
    article("interne", 0, Some(0), None).await;
    article("sans lecteur", 1, None, None).await;
    article("d'une autre entité", 1, Some(4711), None).await;
    let mut found: Vec<FaqArticle> = glpi.faq().await.unwrap();
    found.retain(|article| article.name.starts_with(&name));
    found.sort_by_key(|article| article.id);
    let names: Vec<_> = found.iter().map(|article| article.name.strip_prefix(&name).unwrap()).collect();
    assert_eq!(names, [" publique", " échue"]);
    assert_eq!(found[0].answer, format!("<p>{name} &amp; <b>b</b></p>"));
    assert_eq!((found[0].begins, found[0].ends), (None, None));
    assert_eq!(found[1].ends.unwrap().to_string(), "2020-01-01T00:00:00");

    // What is new is told by its date, and by being there.
    let ids: Vec<_> = found.iter().map(|article| article.id).collect();
    let published = glpi.published_articles().await.unwrap();
    let in_faq = glpi.faq_ids().await.unwrap();
    assert!(ids.iter().all(|id| published.contains(id) && in_faq.contains(id)), "{ids:?}");
    let before = found[0].updated.unwrap().checked_sub(SignedDuration::from_secs(1)).unwrap();
    let since = glpi.faq_since(before).await.unwrap();
    assert!(found.iter().all(|article| since.contains(article)), "{since:?}");
    let of_these = glpi.faq_of(&ids).await.unwrap();
    assert_eq!(of_these, found);
    let change = json!({"is_faq": 0});
    staff.call(Method::PUT, &format!("KnowbaseItem/{}", ids[0]), change).await;
    assert!(!glpi.faq_ids().await.unwrap().contains(&ids[0]));
    assert_eq!(glpi.faq_of(&ids).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_pictures_of_an_article_are_its_own() {
    let target = Target::start().await;
    // Who administers the knowledge base sees what is published to nobody, too.
    let reader = OwnAccount::make(&target).await;
    let read_faq = RIGHTS.iter().find(|right| right.needed == Needed::Faq).unwrap();
    let mut rights = all();
    rights.insert(read_faq.name, read_faq.bits);
    reader.grant(&rights).await;
    let glpi = reader.client(&target);
    let staff = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let name = marker();
    let readers = json!({"_type": "Entity", "entities_id": 0, "is_recursive": 1});
    let input = json!({"name": name, "answer": "<p>x</p>", "is_faq": 1, "_visibility": readers});
    let article = staff.add("KnowbaseItem", input).await;
    let input = json!({"name": name});
    let file = staff.add_with_file("Document", input, "aide.txt", name.as_bytes()).await;
    let link = json!({"documents_id": file, "itemtype": "KnowbaseItem", "items_id": article});
    staff.add("Document_Item", link).await;
    let own = glpi.article_documents(article.into()).await.unwrap();
    let [own] = own.as_slice() else { panic!("{own:?}") };
    assert_eq!((own.id.get(), own.name.as_str()), (file, "aide.txt"));
    let hidden = json!({"name": name, "answer": "<p>x</p>", "is_faq": 0});
    let hidden = staff.add("KnowbaseItem", hidden).await;
    assert_eq!(glpi.article_documents(hidden.into()).await, Err(GlpiError::NotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_withdrawn_is_closed_and_says_so() {
    let target = Target::start().await;
    let (login, password) = account();
    let settings = [("glpi.login", login.as_str()), ("glpi.password", password.as_str()), ("quota.per_day", "1000000")];
    let gateway = Gateway::in_front_of(target.url().as_str(), &settings).await;
    let marker = marker();
    let form = json!({
        "requester": DIRECTORS[0], "application": "LSU", "title": marker, "description": "Bonjour",
    });
    let created = gateway.post_form(&form, Some(&marker)).await.json::<Value>().await.unwrap();
    let ticket = TicketId::new(created["ticket"].as_u64().unwrap());
    let requester = Address::parse(DIRECTORS[0]).unwrap();
    let app = app(target.url().as_str(), &settings);
    for _ in 0..2 {
        let outcome = app.pipeline.withdraw(requester.clone(), ticket, "Valider un bilan", None).await;
        assert!(matches!(&outcome, Outcome::Followup(addition) if addition.ticket == ticket), "{outcome:?}");
    }
    let glpi = target.client();
    let closed = glpi.ticket(ticket).await.unwrap();
    assert_eq!(closed.status, TicketStatus::Closed);
    let solutions = glpi.ticket_solutions(ticket).await.unwrap();
    let [solution] = solutions.as_slice() else { panic!("{solutions:?}") };
    assert!(solution.content.contains("Demande retirée par son auteur"), "{solution:?}");
    let another = Address::parse(DIRECTORS[1]).unwrap();
    let refused = app.pipeline.withdraw(another, ticket, "Valider un bilan", None).await;
    assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_follows_a_request_to_its_end() {
    let target = Target::start().await;
    let (login, password) = account();
    let settings = [("glpi.login", login.as_str()), ("glpi.password", password.as_str()), ("quota.per_day", "1000000")];
    let gateway = Gateway::in_front_of(target.url().as_str(), &settings).await;
    let staff = Helpdesk::sign_in(&target.url(), &login, &password).await;
    let (marker, nature) = (marker(), "LSU : import et export");
    let form = json!({
        "requester": DIRECTORS[0], "application": "LSU", "nature": nature, "title": marker, "description": "Bonjour & <b>",
        "attachments": [{"name": "a.txt", "content_type": "text/plain", "content": BASE64.encode(marker.as_bytes())}],
    });
    let created = gateway.post_form(&form, Some(&marker)).await.json::<Value>().await.unwrap();
    let request = created["ticket"].as_u64().unwrap();
    let get = async |path: &str, query: &str| {
        let address = format!("{path}?requester={}{query}", DIRECTORS[0]);
        let answer = gateway.signed(Method::GET, &address, b"").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{address}");
        answer.json::<Value>().await.unwrap()
    };
    let post = async |path: &str, body: Value| {
        let address = format!("/v1/requests/{request}/{path}?requester={}", DIRECTORS[0]);
        let call = gateway.signed(Method::POST, &address, body.to_string().as_bytes());
        call.header("Content-Type", "application/json").send().await.unwrap().status().as_u16()
    };
    let page = get("/v1/requests", &format!("&q={marker}")).await;
    let row = &page["requests"][0];
    assert_eq!((&page["total"], &row["number"]), (&json!(1), &json!(request)), "{page}");
    for (field, expected) in [("nature", nature), ("application", "LSU"), ("title", &marker), ("state", "en-attente")] {
        assert_eq!(row[field], expected, "{row}");
    }
    assert_eq!(row["reference"], created["reference"]);

    staff.follow_up(request, "<p>SECRET</p>", true).await;
    staff.follow_up(request, "<p>Quelle classe ?</p>", false).await;
    staff.set_status(request, 4).await;
    let own = format!("/v1/requests/{request}");
    assert_eq!(get(&own, "").await["state"], "a-completer");
    assert_eq!(post("followups", json!({"description": "Les CM2"})).await, 201);
    assert_ne!(get(&own, "").await["state"], "a-completer");
    staff.solve(request, "<p>Fait.</p>").await;
    assert_eq!(get(&own, "").await["to_approve"], true);
    for _ in 0..2 {
        assert_eq!(post("approval", json!({"decision": "refuse", "reason": "Encore"})).await, 200);
        assert_ne!(get(&own, "").await["state"], "cloturee");
    }
    staff.solve(request, "<p>Refait.</p>").await;
    for _ in 0..2 {
        assert_eq!(post("approval", json!({"decision": "accept"})).await, 200);
    }
    assert_eq!(post("approval", json!({"decision": "refuse", "reason": "Non"})).await, 409);
    assert_eq!(post("followups", json!({"description": "Merci"})).await, 409);

    let shown = get(&own, "").await;
    assert!(!shown.to_string().contains("SECRET"), "{shown}");
    assert_eq!((&shown["state"], &shown["to_approve"]), (&json!("cloturee"), &json!(false)));
    let timeline = shown["timeline"].as_array().unwrap();
    let mut kinds: Vec<_> = timeline.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.remove(0), "opening");
    kinds.sort_unstable();
    assert_eq!(kinds, ["followup", "followup", "followup", "followup", "solution", "solution"], "{shown}");
    assert!(timeline[0]["html"].as_str().unwrap().starts_with("<p>Bonjour &amp; &lt;b&gt;</p>"), "{shown}");
    let own_words = timeline.iter().filter(|entry| entry["own"] == true).count();
    assert_eq!(own_words, 4, "{shown}");
    let file = timeline[0]["documents"][0]["address"].as_str().unwrap();
    let address = format!("{file}?requester={}", DIRECTORS[0]);
    let file = gateway.signed(Method::GET, &address, b"").send().await.unwrap();
    assert_eq!(file.text().await.unwrap(), marker);
}
