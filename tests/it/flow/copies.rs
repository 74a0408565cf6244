//! Who a request was copied to, and whose second address it came from.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{
    gateway::{ASSISTANCE, DIRECTORS, FOLLOWUP, Gateway, mail, sandbox, titled},
    helpdesk::Helpdesk,
    meddler::{Fate, Meddler},
};

/// A mail of the first director with these further recipients.
fn copied(id: &str, to: &str, cc: &str) -> Vec<u8> {
    let text = String::from_utf8(mail(DIRECTORS[0], id, "LSU : avec copie", "Bonjour")).unwrap();
    let recipients = format!("To: {ASSISTANCE}, {to}\r\nCc: {cc}\r\n");
    text.replace(&format!("To: {ASSISTANCE}\r\n"), &recipients).into_bytes()
}

const TO: &str = "Marc Leroy <marc.leroy@ac-dijon.fr>, assistance.1erdegre@ac-dijon.fr";
const CC: &str = "\"Mairie\" <ecoles@mairie.example>, TECH1@ac-dijon.fr, ce.0210001a@ac-dijon.fr";

#[tokio::test(flavor = "multi_thread")]
async fn who_a_mail_was_copied_to_stands_in_its_ticket_and_watches_nothing() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    gateway.deliver(DIRECTORS[0], &copied("c1", TO, CC)).await;
    let [ticket] = titled(&sandbox, "avec copie").try_into().unwrap();
    let line = "<strong>Copie à\u{a0}:</strong> marc.leroy@ac-dijon.fr, ecoles@mairie.example, tech1@ac-dijon.fr<br>";
    assert!(ticket.content.contains(line), "{}", ticket.content);
    assert!(ticket.observers.is_empty() && ticket.requesters.len() == 1);

    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "c2", "LSU : sans", "Bonjour")).await;
    let [ticket] = titled(&sandbox, "sans").try_into().unwrap();
    assert!(!ticket.content.contains("Copie à"), "{}", ticket.content);
}

#[tokio::test(flavor = "multi_thread")]
async fn academic_copies_watch_where_that_is_set() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("mail.copies", "observers")]).await;
    gateway.deliver(DIRECTORS[0], &copied("c1", TO, CC)).await;
    let [ticket] = titled(&sandbox, "avec copie").try_into().unwrap();
    let mut watching: Vec<_> = ticket.observers.iter().map(|person| (person.user, person.email.as_str())).collect();
    watching.sort_unstable();
    assert_eq!(watching, [(0, "marc.leroy@ac-dijon.fr"), (15, "")]);
    assert_eq!(ticket.requesters.iter().map(|person| person.user).collect::<Vec<_>>(), [7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_people_who_are_copied_are_looked_up_in_a_few_calls() {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let mut people = Vec::new();
    for at in 0..8 {
        let id = staff.add("User", json!({"name": format!("copie{at}"), "realname": format!("Copie {at}")})).await;
        let address = format!("copie{at}@ac-dijon.fr");
        staff.add("UserEmail", json!({"users_id": id, "email": address, "is_default": 1})).await;
        people.push((id.cast_signed(), address));
    }
    let gateway = Gateway::start(&sandbox, &[("mail.copies", "observers")]).await;
    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "c1", "LSU : d'abord", "Bonjour")).await;
    // What begins with the gateway, such as its sweep, asks too.
    let lookups = || -> usize {
        let calls = sandbox.calls_by_endpoint().into_iter();
        calls.filter(|(call, _)| call.starts_with("GET") && call.contains("User")).map(|(_, count)| count).sum()
    };
    let before = lookups();
    let copies = people.iter().map(|(_, address)| address.as_str()).collect::<Vec<_>>().join(", ");
    gateway.deliver(DIRECTORS[0], &copied("c2", &copies, CC)).await;
    let calls = lookups() - before;
    let [ticket] = titled(&sandbox, "avec copie").try_into().unwrap();
    let watching: Vec<i64> = ticket.observers.iter().map(|person| person.user).collect();
    // In the order of the mail, whoever was found first.
    assert_eq!(watching[..people.len()], people.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    // One after the other they take three each; how many go together is a matter of moments.
    assert!(calls < 2 * people.len(), "{calls} lookups: {:?}", sandbox.calls_by_endpoint());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_go_to_the_address_a_request_came_from() {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let second = "jeanne.martin@ac-dijon.fr";
    staff.add("UserEmail", json!({"users_id": 7, "email": second, "is_default": 0})).await;
    let settings = [("notify.closing", "passerelle"), ("notify.question", "passerelle"), ("sweep.every", "1s")];
    let gateway = Gateway::start(&sandbox, &settings).await;
    let rows = async |from: &str, title: &str| -> Value {
        let reply = gateway.deliver(from, &mail(from, title, &format!("LSU : {title}"), "Bonjour")).await;
        assert!(reply.starts_with("250 2.0.0 created"), "{reply}");
        let [ticket] = titled(&sandbox, title).try_into().unwrap();
        staff.follow_up(u64::try_from(ticket.id).unwrap(), "Quelle classe ?", false).await;
        staff.get(&format!("Ticket/{}/Ticket_User", ticket.id)).await
    };
    let of_second = rows(second, "seconde").await;
    assert_eq!((&of_second[0]["users_id"], &of_second[0]["alternative_email"]), (&json!(7), &json!(second)));
    let of_first = rows(DIRECTORS[0], "première").await;
    assert_eq!((&of_first[0]["users_id"], &of_first[0]["alternative_email"]), (&json!(7), &json!("")));

    let asked = || {
        let mails = gateway.outbox.mails();
        let mut asked: Vec<_> = mails
            .iter()
            .filter(|sent| String::from_utf8_lossy(&sent.message).contains("notice-question"))
            .map(|sent| sent.recipient.clone())
            .collect();
        asked.sort();
        asked
    };
    crate::support::wait_until("both are asked back", async || asked().len() == 2).await;
    assert_eq!(asked(), ["ce.0210001A@ac-dijon.fr".to_lowercase(), second.to_owned()]);
}

/// An answer of the first director to a notification of ticket 1, with Cc.
fn answer(id: &str) -> Vec<u8> {
    let text = String::from_utf8(mail(DIRECTORS[0], id, "RE: [GLPI #0000001] LSU : avec copie", id)).unwrap();
    let recipients = format!("To: {ASSISTANCE}, glpi@ac-dijon.fr\r\nCc: {CC}, marc.leroy@ac-dijon.fr\r\n");
    text.replace(&format!("To: {ASSISTANCE}\r\n"), &recipients).into_bytes()
}

/// What watching costs, beside being named.
#[rstest]
#[case::named("named", &[])]
#[case::observers("observers", &[(0, "marc.leroy@ac-dijon.fr"), (15, "")])]
#[tokio::test(flavor = "multi_thread")]
async fn who_a_reply_was_copied_to_stands_in_its_follow_up_and_watches_where_that_is_set(
    #[case] copies: &str,
    #[case] expected: &[(i64, &str)],
) {
    let sandbox = sandbox().await;
    let settings = [FOLLOWUP.as_slice(), &[("mail.copies", copies)]].concat();
    let gateway = Gateway::start(&sandbox, &settings).await;
    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "c1", "LSU : avec copie", "Bonjour")).await;
    for id in ["c2", "c3"] {
        let reply = gateway.deliver(DIRECTORS[0], &answer(id)).await;
        assert!(reply.contains("followup"), "{reply}");
    }
    let [ticket] = titled(&sandbox, "avec copie").try_into().unwrap();
    let [first, second] = ticket.followups.as_slice() else { panic!("{:?}", ticket.followups) };
    let line = "<br>Copie à\u{a0}: ecoles@mairie.example, tech1@ac-dijon.fr, marc.leroy@ac-dijon.fr</em>";
    for followup in [first, second] {
        assert!(followup.content.contains(line), "{}", followup.content);
    }
    let mut watching: Vec<_> = ticket.observers.iter().map(|person| (person.user, person.email.as_str())).collect();
    watching.sort_unstable();
    assert_eq!(watching, expected);
    assert_eq!(ticket.requesters.iter().map(|person| person.user).collect::<Vec<_>>(), [7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_glpi_could_not_add_to_a_reply_s_ticket_is_added_by_the_next_try() {
    let sandbox = sandbox().await;
    let away = Arc::new(AtomicBool::new(true));
    let now = Arc::clone(&away);
    let meddler = Meddler::start(sandbox.url(), "10.0.14", move |making| {
        if making.path == "Ticket_User" && now.load(Ordering::SeqCst) { Fate::Dies(502) } else { Fate::Passes }
    })
    .await;
    let settings = [FOLLOWUP.as_slice(), &[("mail.copies", "observers")]].concat();
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &settings).await;
    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "c1", "LSU : avec copie", "Bonjour")).await;
    let reply = gateway.deliver(DIRECTORS[0], &answer("c2")).await;
    assert!(reply.starts_with("451"), "{reply}");
    away.store(false, Ordering::SeqCst);
    gateway.finish().await;
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &settings).await;
    let reply = gateway.deliver(DIRECTORS[0], &answer("c2")).await;
    assert!(reply.starts_with("250"), "{reply}");
    let [ticket] = titled(&sandbox, "avec copie").try_into().unwrap();
    assert_eq!((ticket.followups.len(), ticket.observers.len()), (1, 2), "{ticket:?}");
}
