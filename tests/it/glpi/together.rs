//! What is read in one call: a ticket with its people, the documents of all that is said on it, people's accounts.

use data_encoding::BASE64;
use futures_util::future::join_all;
use passerelle::{
    glpi::{DocumentHolder, Effect, Glpi, NewFollowup, NewTicket, Requester, Upload},
    id::{DocumentId, TicketId, UserId},
    sandbox::{Options, Sandbox},
};
use reqwest::Method;
use serde_json::json;

use super::target::{Target, account, settings};
use super::{director, fates, group, marker, text_file, ticket};
use crate::support::{gateway::DIRECTORS, helpdesk::Helpdesk};

/// A green pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQI12NgYPgPAAEDAQAIicLsAAAAAElFTkSuQmCC";
const NO_TICKET: TicketId = TicketId::new(99_999_999);

#[tokio::test]
async fn a_search_tells_a_ticket_s_text_people_and_solution() {
    let target = Target::start().await;
    let glpi = target.client();
    let director = director(&glpi).await;
    let content = format!("<p>« Été » &amp; <b>{}</b></p>", "x".repeat(20_000));
    let address = format!("{}@ac-dijon.fr", marker());
    let own = NewTicket { requester: Requester::User(director), ..ticket("Vue d'ensemble", &content) };
    let bare = NewTicket { requester: Requester::Email(address.clone()), ..own.clone() };
    let (own, bare) =
        (glpi.create_ticket(&own, &[]).await.unwrap().id, glpi.create_ticket(&bare, &[]).await.unwrap().id);

    let seen = glpi.overview(own).await.unwrap().unwrap();
    let read = glpi.ticket(own).await.unwrap();
    assert_eq!((seen.summary.id, &seen.summary.name, &seen.summary.content), (own, &read.name, &read.content));
    assert_eq!((seen.summary.status, seen.summary.modified), (read.status, read.modified));
    assert_eq!(seen.requesters, [director]);
    assert!(!seen.may_have_solution());
    let of_bare = glpi.overview(bare).await.unwrap().unwrap();
    assert!(of_bare.requesters.is_empty());
    for (ticket, who, name, expected) in [
        (&seen, Some(director), "nobody@ac-dijon.fr", true),
        (&seen, Some(UserId::new(99_999_999)), "nobody@ac-dijon.fr", false),
        (&seen, None, address.as_str(), false),
        (&of_bare, None, address.as_str(), true),
        (&of_bare, Some(director), "nobody@ac-dijon.fr", false),
    ] {
        assert_eq!(glpi.is_requester(ticket, who, name).await.unwrap(), expected, "{who:?} {name}");
    }
    super::followups::solve(&target, own).await;
    assert!(glpi.overview(own).await.unwrap().unwrap().may_have_solution());

    Helpdesk::sign_in(&target.url(), "glpi", "glpi").await.bin(bare.get()).await;
    for gone in [bare, NO_TICKET] {
        assert_eq!(glpi.overview(gone).await.unwrap(), None);
    }
}

#[tokio::test]
async fn where_glpi_writes_to_an_account_at_an_address_that_address_is_no_requester() {
    let target = Target::start().await;
    let glpi = target.client();
    let address = format!("{}@ac-dijon.fr", marker());
    let new = NewTicket {
        requester: Requester::User(director(&glpi).await),
        answer_to: Some(address.clone()),
        ..ticket("Autre adresse", "<p>x</p>")
    };
    let id = glpi.create_ticket(&new, &[]).await.unwrap().id;
    let seen = glpi.overview(id).await.unwrap().unwrap();
    assert!(!glpi.is_requester(&seen, None, &address).await.unwrap());
}

#[tokio::test]
async fn the_documents_of_all_that_is_said_come_with_what_they_belong_to() {
    let target = Target::start().await;
    let glpi = target.client();
    let (marker, tag) = (marker(), "3f2504e0-4f8911d3-9a0c0305.00023912");
    let files = [text_file("ticket.txt", &format!("t {marker}")), picture(tag)];
    let new = ticket("Documents", &format!("<p>voir <img id=\"{tag}\"></p>"));
    let id = glpi.create_ticket(&new, &files).await.unwrap().id;
    let (login, password) = account();
    let staff = Helpdesk::sign_in(&target.url(), &login, &password).await;
    let mut said = Vec::new();
    for (name, is_private) in [("un.txt", 0), ("deux.txt", 0), ("secret.txt", 1)] {
        let followup =
            json!({"itemtype": "Ticket", "items_id": id, "content": "<p>voir</p>", "is_private": is_private});
        let file = format!("{name} {marker}");
        said.push((staff.add_with_file("ITILFollowup", followup, name, file.as_bytes()).await, file));
    }
    let empty = staff.follow_up(id.get(), "<p>sans</p>", false).await;
    super::followups::solve(&target, id).await;
    let solution = glpi.ticket_solutions(id).await.unwrap().remove(0).id;

    let own = glpi.document_ids(id).await.unwrap();
    assert_eq!(own.len(), 2, "the file and the picture: {own:?}");
    let public = [said[0].0, empty, said[1].0].map(|id| DocumentHolder::Followup(id.into()));
    let holders = [public.as_slice(), &[solution.into()]].concat();
    let (of_ticket, of_said) = glpi.documents(&own, &holders).await.unwrap();
    let sha1 = |text: &str| text_file("", text).sha1().to_owned();
    let mut expected: Vec<_> = files.iter().map(Upload::sha1).collect();
    let mut found: Vec<_> = of_ticket.iter().map(|document| document.sha1.clone()).collect();
    expected.sort_unstable();
    found.sort();
    assert_eq!(found, expected);
    let found: Vec<Vec<_>> =
        of_said.iter().map(|documents| documents.iter().map(|document| document.sha1.clone()).collect()).collect();
    assert_eq!(found, [vec![sha1(&said[0].1)], vec![], vec![sha1(&said[1].1)], vec![]]);
    assert_eq!(glpi.documents_of(public[0]).await.unwrap(), of_said[0]);

    // One that is not there leaves the others, and many more than a request line holds go in a form.
    let mut with_none = own.clone();
    with_none.push(DocumentId::new(99_999_999));
    assert_eq!(glpi.documents(&with_none, &holders).await.unwrap(), (of_ticket.clone(), of_said.clone()));
    let many: Vec<_> = holders.iter().copied().cycle().take(240).collect();
    let (again, of_many) = glpi.documents(&own, &many).await.unwrap();
    assert_eq!((again, of_many.len()), (of_ticket.clone(), 240));
    assert!(of_many.chunks(4).all(|some| some == of_said), "each has its own");

    // In the bin, it is none.
    let binned = of_said[0][0].id;
    let admin = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    admin.call(Method::DELETE, &format!("Document/{binned}"), json!({})).await;
    let (_, of_said) = glpi.documents(&own, &holders).await.unwrap();
    assert!(of_said[0].is_empty() && of_said[2].len() == 1, "{of_said:?}");
}

#[tokio::test]
async fn an_address_s_accounts_are_found_with_their_dates_and_groups() {
    let target = Target::start().await;
    let glpi = target.client();
    let owners = glpi.owners_of(&DIRECTORS[0].to_uppercase()).await.unwrap();
    let [owner] = owners.as_slice() else { panic!("{owners:?}") };
    assert_eq!(owner.id, director(&glpi).await);
    assert!(owner.is_active() && owner.by_default_address && !owner.name().is_empty(), "{owner:?}");
    assert!(owner.groups().unwrap().iter().any(|group| group == "Directeurs d'école"), "{owner:?}");
    assert!(glpi.owners_of(&format!("{}@ac-dijon.fr", marker())).await.unwrap().is_empty());

    let staff = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let name = marker();
    let (first, second) = (format!("{name}.a@ac-dijon.fr"), format!("{name}.b@ac-dijon.fr"));
    let now = jiff::civil::date(2026, 11, 25).at(10, 0, 0, 0);
    let mut accounts = Vec::new();
    for (at, input) in [
        json!({"begin_date": "2020-01-01 00:00:00", "end_date": "2030-01-01 00:00:00"}),
        json!({"end_date": "2020-01-01 00:00:00"}),
        json!({"is_active": 0}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut input = input;
        input["name"] = json!(format!("{name}-{at}"));
        let id = staff.add("User", input).await;
        for (address, is_default) in [(&first, 0), (&second, 1)] {
            staff.add("UserEmail", json!({"users_id": id, "email": address, "is_default": is_default})).await;
        }
        accounts.push(UserId::new(id));
    }
    let owners = glpi.owners_of(&first).await.unwrap();
    let found: Vec<_> = owners.iter().map(|owner| (owner.id, owner.is_active(), owner.by_default_address)).collect();
    assert_eq!(found, [(accounts[0], true, false), (accounts[1], true, false), (accounts[2], false, false)]);
    let addresses = glpi.addresses_of_users(&accounts, now).await.unwrap();
    assert_eq!(addresses.into_iter().collect::<Vec<_>>(), [(accounts[0], second)]);
    for id in accounts {
        staff.call(Method::DELETE, &format!("User/{id}?force_purge=1"), json!({})).await;
    }
    assert!(glpi.owners_of(&first).await.unwrap().is_empty(), "an address outlives its account");
}

/// What GLPI says of an account does not hang on who else is asked about at that moment.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_asked_about_at_once_are_told_as_each_alone() {
    let target = Target::start().await;
    let staff = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let name = marker();
    let school = staff.add("Entity", json!({ "name": format!("École d'{name} & <annexe>"), "entities_id": 0 })).await;
    // A session's entities are those there were when it was opened.
    let staff = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    let at = |who: &str| format!("{who}.{name}@ac-dijon.fr");
    let mut accounts = Vec::new();
    // Each with its addresses, the default one first, and its profiles' entities.
    for (who, input, addresses, grants) in [
        ("plain", json!({}), vec![at("Plain")], vec![(0, 1)]),
        ("two", json!({}), vec![at("other"), at("two"), at("shared")], vec![(0, 1)]),
        ("below", json!({}), vec![at("below")], vec![(school, 0)]),
        ("both", json!({}), vec![at("both"), at("shared")], vec![(school, 1), (0, 0)]),
        ("out", json!({ "end_date": "2020-01-01 00:00:00" }), vec![at("out")], vec![(0, 1)]),
        ("off", json!({ "is_active": 0 }), vec![at("off")], vec![(0, 1)]),
        ("bare", json!({}), vec![at("bare")], vec![]),
        ("o'neil-été", json!({}), vec![at("o'neil_a"), at("o'neil+b")], vec![(0, 1)]),
        ("binned", json!({}), vec![at("binned")], vec![(0, 1)]),
    ] {
        let mut input = input;
        input["name"] = json!(format!("{who}-{name}"));
        let id = staff.add("User", input).await;
        for (at, address) in addresses.iter().enumerate() {
            let input = json!({ "users_id": id, "email": address, "is_default": u8::from(at == 0) });
            staff.add("UserEmail", input).await;
        }
        for row in staff.get(&format!("User/{id}/Profile_User")).await.as_array().into_iter().flatten() {
            staff.call(Method::DELETE, &format!("Profile_User/{}", row["id"]), json!({})).await;
        }
        for (entity, recursive) in grants {
            let input = json!({ "users_id": id, "profiles_id": 1, "entities_id": entity, "is_recursive": recursive });
            staff.add("Profile_User", input).await;
        }
        accounts.push(id);
    }
    staff.call(Method::DELETE, &format!("User/{}", accounts.last().unwrap()), json!({})).await;

    let addresses: Vec<String> = [
        "plain", "PLAIN", "other", "two", "shared", "below", "both", "out", "off", "bare", "o'neil_a", "o'neil+b",
        "binned", "nobody",
    ]
    .map(at)
    .to_vec();
    let now = jiff::civil::date(2026, 11, 25).at(10, 0, 0, 0);
    let glpi = target.client();
    let mut alone = Vec::new();
    for address in &addresses {
        alone.push(glpi.account_by_email(address, now).await.unwrap());
    }
    let together = join_all(addresses.iter().map(|address| glpi.account_by_email(address, now))).await;
    for ((address, alone), together) in addresses.iter().zip(&alone).zip(together) {
        assert_eq!(together.unwrap(), *alone, "{address}");
    }
    assert_eq!(alone.iter().flatten().count(), addresses.len() - 2, "{alone:?}");
    for id in accounts {
        staff.call(Method::DELETE, &format!("User/{id}?force_purge=1"), json!({})).await;
    }
    staff.call(Method::DELETE, &format!("Entity/{school}?force_purge=1"), json!({})).await;
}

#[tokio::test]
async fn a_ticket_with_files_and_a_picture_is_made_and_read_back_by_one_call_each() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let glpi = Glpi::new(&settings(&sandbox)).unwrap();
    let reader = glpi.create_ticket(&ticket("Avant", "<p>x</p>"), &[]).await.unwrap().id;
    let tag = "3f2504e0-4f8911d3-9a0c0305.00023913";
    let content = format!("<p>voir <img id=\"{tag}\"></p>");
    let files = [text_file("a.txt", "a"), picture(tag), text_file("b.txt", "b")];
    let before = sandbox.calls();
    let made = glpi.create_ticket(&ticket("Fichiers", &content), &files).await.unwrap();
    assert_eq!(sandbox.calls() - before, 2, "{:?}", sandbox.calls_by_endpoint());
    assert_eq!(fates(&made), [("a.txt", true), ("capture.png", true), ("b.txt", true)]);
    let before = sandbox.calls();
    let followup = NewFollowup {
        ticket: reader,
        content_html: content,
        author: None,
        private: false,
        request_type: None,
        effect: Effect::None,
    };
    let made = glpi.add_followup(&followup, &files).await.unwrap();
    assert_eq!(sandbox.calls() - before, 2, "{:?}", sandbox.calls_by_endpoint());
    assert_eq!(fates(&made), [("a.txt", true), ("capture.png", true), ("b.txt", true)]);
    let before = sandbox.calls();
    assert_eq!(glpi.ticket_documents(reader).await.unwrap(), []);
    assert_eq!(glpi.documents_of(made.id.into()).await.unwrap().len(), 3);
    assert_eq!(sandbox.calls() - before, 2);
}

#[tokio::test]
async fn a_group_s_addresses_are_one_search() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let glpi = Glpi::new(&settings(&sandbox)).unwrap();
    let members = glpi.group_members(group(&glpi, "Directeurs d'école").await).await.unwrap();
    let before = sandbox.calls();
    let addresses = glpi.addresses_of_users(&members, jiff::Zoned::now().datetime()).await.unwrap();
    assert_eq!((addresses.len(), sandbox.calls() - before), (DIRECTORS.len(), 1));
}

fn picture(tag: &str) -> Upload {
    let bytes = BASE64.decode(PNG.as_bytes()).unwrap().into();
    Upload::new("capture.png".to_owned(), "image/png".to_owned(), bytes, Some(tag.to_owned()))
}
