//! What a gateway that has just begun cannot know: what GLPI is still at, and who was told.

use std::time::{Duration, Instant};

use passerelle::sandbox::Machine;

use crate::support::{
    gateway::{DIRECTORS, Gateway, form, mail, sandbox},
    redis::Redis,
    wait_until,
};

const FRESH: [(&str, &str); 1] = [("glpi.aftermath", "6s")];

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_tried_before_the_start_waits_for_glpi_and_what_came_later_does_not() {
    let sandbox = sandbox().await;
    let before = Gateway::start(&sandbox, &[]).await;
    let mail_before = mail(DIRECTORS[0], "cut", "LSU : coupé", "Bonjour");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let fresh = Gateway::start(&sandbox, &FRESH).await;
    let fields = form(DIRECTORS[1], "Coupée");
    let cut = async {
        // The predecessor is dead, and GLPI is still at what it had begun: here it does it itself.
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(before.deliver(DIRECTORS[0], &mail_before).await.contains("created"));
        assert_eq!(before.post_form(&fields, Some("cut")).await.status(), 201);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let began = Instant::now();
        let later = mail(DIRECTORS[2], "later", "LSU : après", "Bonjour");
        assert!(fresh.deliver(DIRECTORS[2], &later).await.contains("created"));
        began.elapsed()
    };
    let (reply, answer, later) =
        tokio::join!(fresh.deliver(DIRECTORS[0], &mail_before), fresh.post_form(&fields, Some("cut")), cut);
    assert!(reply.contains("duplicate"), "{reply}");
    assert_eq!(answer.status(), 200);
    assert!(later < Duration::from_millis(1500), "it came after the start: {later:?}");
    assert_eq!(sandbox.tickets().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_ends_and_the_request_goes_on() {
    let sandbox = sandbox().await;
    let fresh = Gateway::start(&sandbox, &[("glpi.aftermath", "2s")]).await;
    assert_eq!(fresh.post_form(&form(DIRECTORS[0], "Nouvelle"), Some("new")).await.status(), 201);
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(fresh.post_form(&form(DIRECTORS[0], "Suivante"), Some("next")).await.status(), 201);
    assert!(began.elapsed() < Duration::from_millis(2500), "once it is over it is over");
    assert_eq!(sandbox.tickets().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_is_not_given_away_while_a_predecessor_s_ticket_may_appear() {
    let sandbox = sandbox().await;
    let two = ("quota.per_day", "2");
    let before = Gateway::start(&sandbox, &[two]).await;
    assert_eq!(before.post_form(&form(DIRECTORS[0], "Une"), None).await.status(), 201);
    let fresh = Gateway::start(&sandbox, &[two, FRESH[0]]).await;
    let late = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(before.post_form(&form(DIRECTORS[0], "Deux"), None).await.status(), 201);
    };
    let third = mail(DIRECTORS[0], "third", "LSU : trois", "Bonjour");
    let (reply, ()) = tokio::join!(fresh.deliver(DIRECTORS[0], &third), late);
    assert!(reply.contains("quota-exceeded"), "{reply}");
    assert_eq!(sandbox.tickets().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_have_been_told_is_told_once() {
    let sandbox = sandbox().await;
    let before = Gateway::start(&sandbox, &[]).await;
    let mail = mail(DIRECTORS[0], "untold", "LSU : sans nouvelle", "Bonjour");
    assert!(before.deliver(DIRECTORS[0], &mail).await.contains("created"));
    // It has made the ticket; whether it died before the receipt left, its successor cannot know.
    let fresh = Gateway::start(&sandbox, &[]).await;
    for _ in 0..2 {
        assert!(fresh.deliver(DIRECTORS[0], &mail).await.contains("duplicate"));
    }
    let (first, again) = (before.outbox.mails(), fresh.outbox.mails());
    assert_eq!((first.len(), again.len()), (1, 1));
    let id = |mail: &[u8]| {
        let text = String::from_utf8_lossy(mail).into_owned();
        text.lines().find(|line| line.starts_with("Message-ID:")).map(str::to_owned).unwrap()
    };
    assert_eq!(id(&first[0].message), id(&again[0].message), "a mailbox that drops copies drops it");
}

/// Two gateways are at the same request at the same moment: each has a Redis of its own, as after one that was emptied.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_instances_that_doubt_at_once_one_tells() {
    for attempt in 0..5 {
        if were_at_it_at_once(attempt).await {
            return;
        }
    }
    panic!("one had always written its note before the other had read them");
}

/// Whether both had read the ticket's notes before either had written one.
async fn were_at_it_at_once(attempt: usize) -> bool {
    let sandbox = sandbox().await;
    let before = Gateway::start(&sandbox, &[]).await;
    let mail = mail(DIRECTORS[0], &format!("both-{attempt}"), "LSU : à deux", "Bonjour");
    assert!(before.deliver(DIRECTORS[0], &mail).await.contains("created"));
    let redises = [Redis::start(), Redis::start()];
    let [one, other] = redises.each_ref().map(Redis::settings);
    let (one, other) = (Gateway::start(&sandbox, &one).await, Gateway::start(&sandbox, &other).await);
    sandbox.set_machine(Some(Machine { cores: 4, call: Duration::from_millis(500), item: Duration::ZERO }));
    let replies = tokio::join!(one.deliver(DIRECTORS[0], &mail), other.deliver(DIRECTORS[0], &mail));
    sandbox.set_machine(None);
    assert!(replies.0.contains("duplicate") && replies.1.contains("duplicate"), "{replies:?}");
    let says = |mark: &str| {
        let tickets = sandbox.tickets();
        tickets[0].followups.iter().filter(|note| note.content.contains(&format!("receipt-{mark}"))).count()
    };
    wait_until("the notes say what became of it", async || says("sent") == 1 && says("due") == 0).await;
    assert_eq!(one.outbox.mails().len() + other.outbox.mails().len(), 1);
    says("in-older-note") == 1
}

/// What another gateway made of mails that are dated after this one's start: clocks differ.
#[tokio::test(flavor = "multi_thread")]
async fn what_there_was_is_read_once_and_stands_for_the_search_of_each() {
    let sandbox = sandbox().await;
    let before = Gateway::start(&sandbox, &[]).await;
    let fresh = Gateway::start(&sandbox, &[]).await;
    // Mails tell whole seconds.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let dated = |at: usize| mail(DIRECTORS[at % 4], &format!("dated-{at}"), &format!("LSU : daté {at}"), "Bonjour");
    for (at, director) in DIRECTORS.iter().enumerate().take(4) {
        assert!(before.deliver(director, &dated(at)).await.contains("created"));
    }
    // The persons' days are counted, and what is asked once of them is known.
    for at in 4..12 {
        assert!(fresh.deliver(DIRECTORS[at % 4], &dated(at)).await.contains("created"));
    }
    let calls = sandbox.calls();
    for at in 12..20 {
        assert!(fresh.deliver(DIRECTORS[at % 4], &dated(at)).await.contains("created"));
    }
    assert_eq!(sandbox.calls() - calls, 8, "{:?}", sandbox.calls_by_endpoint());
    for (at, director) in DIRECTORS.iter().enumerate().take(4) {
        assert!(fresh.deliver(director, &dated(at)).await.contains("duplicate"));
    }
    assert_eq!(sandbox.tickets().len(), 20);
}

/// What another gateway makes of mails that were written before this one's start, after this one has read what there was.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_it_is_in_doubt_is_read_on() {
    let sandbox = sandbox().await;
    let before = Gateway::start(&sandbox, &[]).await;
    let mails: Vec<_> = (0..12)
        .map(|at| {
            (DIRECTORS[at % 4], mail(DIRECTORS[at % 4], &format!("on-{at}"), &format!("LSU : suite {at}"), "Bonjour"))
        })
        .collect();
    let fresh = Gateway::start(&sandbox, &[]).await;
    for (director, mail) in &mails[..4] {
        assert!(fresh.deliver(director, mail).await.contains("created"));
    }
    let searches = || sandbox.calls_by_endpoint()["GET search/Ticket"];
    let mut calls = Vec::new();
    for two in mails[4..].chunks(2) {
        let [(director, theirs), (another, own)] = two else { unreachable!() };
        assert!(before.deliver(director, theirs).await.contains("created"));
        assert!(fresh.deliver(director, theirs).await.contains("duplicate"));
        let known = searches();
        assert!(fresh.deliver(another, own).await.contains("created"));
        calls.push(searches() - known);
    }
    assert_eq!(sandbox.tickets().len(), 12);
    // What came since, once for the request and once for the person's day.
    assert!(calls.iter().all(|calls| *calls <= 2), "{calls:?}");
}
