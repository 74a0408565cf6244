//! Whom somebody waits for goes first, whoever asked before; always against a sandbox.

use std::sync::{Arc, Mutex};

use futures_util::future::{BoxFuture, join_all};
use passerelle::{
    glpi::{Glpi, ItemKind, Settings},
    id::{GroupId, TicketId, UserId},
    sandbox::{Options, Sandbox},
};

use super::{target::settings, ticket};

/// The sandbox's account of the technician, one of its groups.
const PERSON: UserId = UserId::new(2);
const GROUP: GroupId = GroupId::new(3);

type Question = (&'static str, fn(Glpi) -> BoxFuture<'static, ()>);

/// What many ask together, or remember for all, each in one call: asked in the background first, then by somebody who
/// waits.
const QUESTIONS: [Question; 7] = [
    ("tickets by what they contain", |glpi| {
        Box::pin(async move { drop(glpi.tickets_containing(&["LSU-0123456789"], 1).await.unwrap()) })
    }),
    ("accounts at an address", |glpi| {
        Box::pin(async move { drop(glpi.owners_of("inconnue@ac-dijon.fr").await.unwrap()) })
    }),
    ("an account's profiles", |glpi| Box::pin(async move { drop(glpi.grants_of(PERSON).await.unwrap()) })),
    ("a ticket's requester", |glpi| {
        Box::pin(async move { assert!(!glpi.has_requester(TicketId::new(1)).await.unwrap()) })
    }),
    ("an account's name", |glpi| Box::pin(async move { drop(glpi.directory().name(PERSON).await.unwrap()) })),
    ("a group's members", |glpi| Box::pin(async move { drop(glpi.directory().members(GROUP).await.unwrap()) })),
    ("a category", |glpi| {
        Box::pin(async move { drop(glpi.directory().items(ItemKind::Category, "LSU").await.unwrap()) })
    }),
];

#[tokio::test]
async fn nobody_who_waits_goes_behind_what_was_asked_in_the_background() {
    for (name, ask) in QUESTIONS {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let glpi = Glpi::new(&Settings { sessions: 1, ..settings(&sandbox) }).unwrap();
        glpi.create_ticket(&ticket("Premier", "<p>x</p>"), &[]).await.unwrap();
        let held = glpi.in_turn().await.unwrap();
        let answered = Arc::new(Mutex::new(Vec::new()));
        // More of them than go side by side.
        let mut calls: Vec<(&str, BoxFuture<'static, ()>)> = Vec::new();
        calls.extend((0..4).map(|_| ("before", ask(glpi.in_background()))));
        calls.push((name, ask(glpi.clone())));
        let later = glpi.clone();
        calls.push(("after", Box::pin(async move { later.ping().await.unwrap() })));
        let mut under_way = Vec::new();
        for (name, call) in calls {
            let answered = Arc::clone(&answered);
            under_way.push(tokio::spawn(async move {
                call.await;
                answered.lock().unwrap().push(name);
            }));
            // Nothing is sent while the one session is taken: each comes to its place behind it.
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
        }
        assert!(answered.lock().unwrap().is_empty(), "{name}");
        drop(held);
        for one in join_all(under_way).await {
            one.unwrap();
        }
        let order = answered.lock().unwrap().clone();
        let place = |of: &str| order.iter().position(|one| *one == of);
        assert!(place(name) < place("after"), "{order:?}");
    }
}
