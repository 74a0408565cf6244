//! Answers to mails of people: a director's to their own, a colleague's who had a copy.

use std::time::Duration;

use passerelle::sandbox::{Failure, Rule, Sandbox};
use rstest::rstest;

use crate::support::gateway::{ASSISTANCE, DIRECTORS, FOLLOWUP, Gateway, sandbox};

/// A mail of this thread: Message-ID, and those it answers.
fn mail(from: &str, cc: &str, subject: &str, id: &str, answered: &[&str]) -> Vec<u8> {
    let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    let ids = answered.iter().map(|id| format!("<{id}@poste>")).collect::<Vec<_>>();
    let thread = match ids.last() {
        Some(last) => format!("In-Reply-To: {last}\r\nReferences: {}\r\n", ids.join("\r\n ")),
        None => String::new(),
    };
    format!(
        "Authentication-Results: relais.test; spf=pass smtp.mailfrom={from}\r\nFrom: <{from}>\r\nTo: {ASSISTANCE}\r\n\
         Cc: {cc}\r\nSubject: {subject}\r\nDate: {date}\r\nMessage-ID: <{id}@poste>\r\n{thread}\r\nTexte de {id}.\r\n"
    )
    .into_bytes()
}

fn ticket_of(reply: &str) -> u64 {
    let number = reply.split("ticket ").nth(1).and_then(|rest| rest.split(',').next());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{reply}"))
}

/// How many follow-ups each ticket has.
fn followups(sandbox: &Sandbox) -> Vec<usize> {
    sandbox.tickets().iter().map(|ticket| ticket.followups.len()).collect()
}

#[rstest]
#[case::told_where_to_write(&[], "refused, reply-to-ticket")]
#[case::added(&FOLLOWUP, "followup")]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_one_s_own_mail_or_to_all_belongs_to_its_ticket(
    #[case] settings: &[(&str, &str)],
    #[case] expected: &str,
) {
    let sandbox = sandbox().await;
    let [jeanne, marc, ..] = DIRECTORS;
    let quota = [settings, &[("quota.per_day", "1")]].concat();
    let gateway = Gateway::start(&sandbox, &quota).await;
    let first = gateway.deliver(jeanne, &mail(jeanne, marc, "LSU : bilans bloqués", "o1", &[])).await;
    assert!(first.contains("created"), "{first}");
    let ticket = ticket_of(&first);

    let own = mail(jeanne, marc, "RE: LSU : bilans bloqués", "o2", &["o1"]);
    let to_all = mail(marc, jeanne, "RE: LSU : bilans bloqués", "o3", &["o1"]);
    let other_words = mail(jeanne, marc, "Bilans maintenant", "o4", &["o1", "o2"]);
    for (from, mail) in [(jeanne, &own), (marc, &to_all), (jeanne, &other_words), (jeanne, &own)] {
        let reply = gateway.deliver(from, mail).await;
        assert!(reply.starts_with(&format!("250 2.0.0 {expected}")), "{reply}");
    }
    gateway.finish().await;

    // Its memory is empty: only GLPI knows.
    let gateway = Gateway::start(&sandbox, &quota).await;
    let again = gateway.deliver(marc, &to_all).await;
    assert!(again.starts_with(&format!("250 2.0.0 {expected}")), "{again}");
    // The place of the day is free: an answer takes none.
    let of_marc = gateway.deliver(marc, &mail(marc, "", "LSU : autre chose", "o5", &[])).await;
    assert!(of_marc.contains("created"), "{of_marc}");
    let added = if settings.is_empty() { 0 } else { 3 };
    assert_eq!(followups(&sandbox), [added, 0]);
    assert_eq!(sandbox.tickets()[0].id, i64::try_from(ticket).unwrap());
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_what_has_no_ticket_and_a_forwarded_mail_are_requests_of_their_own() {
    let sandbox = sandbox().await;
    let jeanne = DIRECTORS[0];
    let gateway = Gateway::start(&sandbox, &[]).await;
    let refused = gateway.deliver(jeanne, &mail(jeanne, "", "Bilans bloqués", "o1", &[])).await;
    assert!(refused.contains("no-keyword"), "{refused}");
    for (subject, id, answered) in [
        ("RE: LSU : bilans bloqués", "o2", "o1"),
        ("RE: LSU : circulaire", "o3", "circulaire"),
        ("TR: LSU : bilans bloqués", "o4", "o2"),
    ] {
        let reply = gateway.deliver(jeanne, &mail(jeanne, "", subject, id, &[answered])).await;
        assert!(reply.contains("created"), "{reply}");
    }
    let keyless = gateway.deliver(jeanne, &mail(jeanne, "", "RE: circulaire", "o5", &["circulaire"])).await;
    assert!(keyless.contains("no-keyword"), "{keyless}");
    assert_eq!(sandbox.tickets().len(), 3);
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_mail_that_is_used_again_for_another_application_is_a_request_of_its_own() {
    let sandbox = sandbox().await;
    let jeanne = DIRECTORS[0];
    let gateway = Gateway::start(&sandbox, &FOLLOWUP).await;
    for (subject, id, answered, expected) in [
        ("LSU : bilans bloqués", "o1", &[][..], "created"),
        ("ONDE : radiation impossible", "o2", &["o1"], "created"),
        ("RE: LSU : bilans bloqués, ONDE aussi", "o3", &["o1"], "followup"),
        ("LSU encore", "o4", &["o1"], "followup"),
        ("RE: ONDE : radiation impossible", "o5", &["o2"], "followup"),
    ] {
        let reply = gateway.deliver(jeanne, &mail(jeanne, "", subject, id, answered)).await;
        assert!(reply.contains(expected), "{subject}: {reply}");
    }
    assert_eq!(followups(&sandbox), [2, 1]);
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_waits_for_the_ticket_of_a_mail_that_is_being_made() {
    let sandbox = sandbox().await;
    let jeanne = DIRECTORS[0];
    let gateway = Gateway::start(&sandbox, &FOLLOWUP).await;
    // GLPI has the ticket long before it says so.
    sandbox.set_failures(Rule::next(1, Failure::Slow(Duration::from_secs(2))).on_new_tickets());
    let (first, answer) =
        (mail(jeanne, "", "LSU : bilans", "o1", &[]), mail(jeanne, "", "RE: LSU : bilans", "o2", &["o1"]));
    let (made, added) = tokio::join!(gateway.deliver(jeanne, &first), async {
        while sandbox.tickets().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        gateway.deliver(jeanne, &answer).await
    });
    assert!(made.contains("created") && added.contains("followup"), "{made} {added}");
    assert_eq!(followups(&sandbox), [1]);
    gateway.finish().await;
}
