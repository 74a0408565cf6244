//! Replies to GLPI's notifications and to receipts: redirected, or added to their ticket once.

use std::time::Duration;

use futures_util::future::join_all;
use mail_parser::MessageParser;
use passerelle::{
    glpi::{Credentials, Glpi, NewTicket, Requester, Settings, TicketType},
    request::Reference,
    sandbox::{Failure, Failures, Rule, Sandbox, TicketView},
};
use serde_json::{Value, json};

use crate::support::{
    gateway::{DIRECTORS, FOLLOWUP, Gateway, mail, sandbox},
    redis::Redis,
};

/// A ticket of the first director, titled «LSU : confidentiel».
async fn ticket(gateway: &Gateway, id: &str) -> u64 {
    let reply = gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], id, "LSU : confidentiel", "Bonjour")).await;
    let number = reply.split("ticket ").nth(1).and_then(|rest| rest.split(',').next());
    number.unwrap_or_else(|| panic!("{reply}")).parse().unwrap()
}

/// A mail that answers this ticket's first notification, quoting it.
fn answer(from: &str, id: &str, ticket: u64, text: &str) -> Vec<u8> {
    let text = format!(
        "{text}\r\n\r\nLe 24 nov. 2026 à 10:15, GLPI <glpi@ac-dijon.fr> a écrit :\r\n\
         > [GLPI #{ticket:07}] Nouveau ticket\r\n> URL : https://glpi/index.php?redirect=ticket_{ticket}\r\n> passage cité\r\n"
    );
    let mut mail = mail(from, id, "RE: suivi de ma demande", &text);
    let thread = format!(
        "In-Reply-To: <GLPI_ZhRvFaYzdU2NErx8-Ticket-{ticket}/new@glpi.test>\r\n\
         References: <GLPI_ZhRvFaYzdU2NErx8-Ticket-{ticket}/new@glpi.test>\r\n"
    );
    mail.splice(0..0, thread.into_bytes());
    mail
}

fn seen(sandbox: &Sandbox, ticket: u64) -> TicketView {
    let number = i64::try_from(ticket).unwrap();
    sandbox.tickets().into_iter().find(|view| view.id == number).unwrap()
}

/// Changes a ticket as the helpdesk does: `PUT` with fields, or `DELETE` into the bin.
async fn change(sandbox: &Sandbox, method: reqwest::Method, ticket: u64, input: Value) {
    assert_eq!(call(sandbox, method, &format!("Ticket/{ticket}"), input).await, 200);
}

/// Merges a ticket into another as `Ticket::merge` does it: links them, and bins the first.
async fn merge(sandbox: &Sandbox, ticket: u64, into: u64, link: u64) {
    let input = json!({ "tickets_id_1": ticket, "tickets_id_2": into, "link": link });
    assert_eq!(call(sandbox, reqwest::Method::POST, "Ticket_Ticket", input).await, 201);
    change(sandbox, reqwest::Method::DELETE, ticket, json!({})).await;
}

async fn call(sandbox: &Sandbox, method: reqwest::Method, path: &str, input: Value) -> reqwest::StatusCode {
    let (client, api) = (reqwest::Client::new(), format!("{}apirest.php", sandbox.url()));
    let session: Value = client
        .get(format!("{api}/initSession"))
        .basic_auth("passerelle-admin", Some("passerelle"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let call = client.request(method, format!("{api}/{path}"));
    let call = call.header("Session-Token", session["session_token"].as_str().unwrap());
    call.json(&json!({ "input": input })).send().await.unwrap().status()
}

async fn set_status(sandbox: &Sandbox, ticket: u64, status: u64) {
    change(sandbox, reqwest::Method::PUT, ticket, json!({ "status": status })).await;
}

/// The notices of replies that were sent, each as subject, text and HTML shown as text.
async fn notices(gateway: Gateway) -> Vec<[String; 3]> {
    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    let sent = outbox.mails();
    let mut notices = Vec::new();
    for mail in &sent {
        let parsed = MessageParser::default().parse(&mail.message).unwrap();
        let html = parsed.body_html(0).unwrap();
        let shown = html2text::from_read(html.as_bytes(), 1000).unwrap();
        if !parsed.message_id().unwrap().contains(".created.") {
            notices.push([parsed.subject().unwrap().to_owned(), parsed.body_text(0).unwrap().into_owned(), shown]);
        }
    }
    notices
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_told_where_to_follow_up_once_for_each_ticket_and_day() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let (one, two) = (ticket(&gateway, "one").await, ticket(&gateway, "two").await);
    for (id, ticket) in [("r1", one), ("r2", one), ("r3", two)] {
        let reply = gateway.deliver(DIRECTORS[0], &answer(DIRECTORS[0], id, ticket, "Un complément")).await;
        assert_eq!(reply, "250 2.0.0 refused, reply-to-ticket");
    }
    let refused = gateway.post_mail(&answer(DIRECTORS[0], "r4", one, "Encore")).await;
    assert_eq!(refused.status(), 422);
    let problem: Value = refused.json().await.unwrap();
    let link = |ticket| format!("{}front/ticket.form.php?id={ticket}", sandbox.url());
    assert!(problem["detail"].as_str().unwrap().contains(&link(one)), "{problem}");

    assert_eq!(sandbox.tickets().len(), 2);
    assert!(sandbox.tickets().iter().all(|ticket| ticket.followups.is_empty()));
    let notices = notices(gateway).await;
    assert_eq!(notices.len(), 2, "{notices:?}");
    for ([subject, text, html], ticket) in notices.iter().zip([one, two]) {
        assert!(subject.starts_with("Re: suivi de ma demande") && subject.contains("à compléter"), "{subject}");
        for body in [text, html] {
            for part in [&format!("n° {ticket}"), &link(ticket), "s’écrivent dans GLPI", "« suivi de ma demande »"]
            {
                assert!(body.replace('\u{a0}', " ").contains(part), "{part} in {body}");
            }
            assert!(!body.contains("confidentiel"), "{body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_in_another_s_name_has_them_sent_few_notices_and_none_of_their_own_words() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("quota.per_day", "20")]).await;
    let mut tickets = Vec::new();
    for number in 0..12 {
        tickets.push(ticket(&gateway, &format!("t{number}")).await);
    }
    let forged = |id: &str, subject: &str| {
        let mail = String::from_utf8(mail(DIRECTORS[1], id, subject, "Cliquez : http://pirate.example/")).unwrap();
        let (_word, rest) = mail.split_once("\r\n").unwrap();
        format!("References: <http://pirate.example/@x>\r\n{rest}").into_bytes()
    };
    for (number, ticket) in tickets.iter().enumerate() {
        let subject = format!("RE: [GLPI #{ticket:07}] Cliquez pirate.example");
        let reply = gateway.deliver(DIRECTORS[1], &forged(&format!("f{number}"), &subject)).await;
        assert_eq!(reply, "250 2.0.0 refused, reply-to-ticket");
    }
    let reply = gateway.deliver(DIRECTORS[1], &forged("k", "Cliquez pirate.example")).await;
    assert_eq!(reply, "250 2.0.0 refused, no-keyword");
    // Who is proven is told of each, up to a bound.
    for (number, ticket) in tickets.iter().enumerate() {
        gateway.deliver(DIRECTORS[2], &answer(DIRECTORS[2], &format!("p{number}"), *ticket, "Encore")).await;
    }
    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    let to = |who: &str| outbox.mails().into_iter().filter(|mail| mail.recipient.eq_ignore_ascii_case(who)).collect();
    let (victim, proven): (Vec<_>, Vec<_>) = (to(DIRECTORS[1]), to(DIRECTORS[2]));
    assert_eq!((victim.len(), proven.len()), (3, 10));
    for mail in &victim {
        let whole = MessageParser::default().parse(&mail.message).unwrap();
        let text = format!("{:?} {}", whole.subject(), whole.body_text(0).unwrap());
        let raw = String::from_utf8_lossy(&mail.message).into_owned();
        assert!(!text.contains("pirate") && !raw.contains("pirate"), "{text} {raw}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_about_a_merged_ticket_is_about_the_one_it_was_merged_into() {
    for (settings, link) in [(&[][..], 2), (&FOLLOWUP[..], 2), (&FOLLOWUP[..], 3)] {
        let sandbox = sandbox().await;
        let gateway = Gateway::start(&sandbox, settings).await;
        let (one, two, last) =
            (ticket(&gateway, "one").await, ticket(&gateway, "two").await, ticket(&gateway, "last").await);
        merge(&sandbox, one, two, link).await;
        merge(&sandbox, two, last, link).await;
        let reply = gateway.deliver(DIRECTORS[0], &answer(DIRECTORS[0], "r1", one, "Un complément")).await;
        if settings.is_empty() {
            assert_eq!(reply, "250 2.0.0 refused, reply-to-ticket");
            let [[subject, text, _]] = notices(gateway).await.try_into().unwrap();
            let number = format!("n° {last}");
            assert!(subject.replace('\u{a0}', " ").contains(&number), "{subject}");
            assert!(text.replace('\u{a0}', " ").contains(&number), "{text}");
        } else {
            assert!(reply.starts_with("250 2.0.0 followup"), "{reply}");
            assert_eq!(seen(&sandbox, last).followups.len(), 1);
            // Two that were merged into each other lead nowhere.
            merge(&sandbox, last, one, link).await;
            let reply = gateway.deliver(DIRECTORS[0], &answer(DIRECTORS[0], "r2", two, "Encore")).await;
            assert_eq!(reply, "250 2.0.0 refused, ticket-unknown");
            gateway.finish().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_to_a_ticket_learns_its_number_and_page_and_nothing_else_in_either_mode() {
    for settings in [&[][..], &FOLLOWUP] {
        let sandbox = sandbox().await;
        let gateway = Gateway::start(&sandbox, settings).await;
        let (open, closed) = (ticket(&gateway, "open").await, ticket(&gateway, "closed").await);
        set_status(&sandbox, closed, 6).await;
        for ticket in [open, closed] {
            let mail = answer(DIRECTORS[1], &format!("s{ticket}"), ticket, "Et moi ?");
            assert_eq!(gateway.deliver(DIRECTORS[1], &mail).await, "250 2.0.0 refused, reply-to-ticket");
            assert!(seen(&sandbox, ticket).followups.is_empty());
        }
        let notices = notices(gateway).await;
        assert_eq!(notices.len(), 2);
        for text in notices.iter().flatten() {
            assert!(!text.contains("confidentiel") && !text.contains("close"), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_a_deleted_and_an_unknown_ticket_open_no_new_one_and_say_what_to_do() {
    for settings in [&[][..], &FOLLOWUP] {
        let sandbox = sandbox().await;
        let gateway = Gateway::start(&sandbox, settings).await;
        let (closed, deleted) = (ticket(&gateway, "closed").await, ticket(&gateway, "deleted").await);
        set_status(&sandbox, closed, 6).await;
        change(&sandbox, reqwest::Method::DELETE, deleted, json!({ "id": deleted })).await;
        let tagged = mail(DIRECTORS[0], "u", "LSU [GLPI #9999999] ?", "Bonjour");
        for (mail, reason) in [
            (answer(DIRECTORS[0], "c", closed, "Encore"), "ticket-closed"),
            (answer(DIRECTORS[0], "d", deleted, "Encore"), "ticket-unknown"),
            (tagged, "ticket-unknown"),
        ] {
            assert_eq!(gateway.deliver(DIRECTORS[0], &mail).await, format!("250 2.0.0 refused, {reason}"));
        }
        assert_eq!(sandbox.tickets().len(), 1);
        assert_eq!((seen(&sandbox, closed).status, seen(&sandbox, closed).followups.len()), (6, 0));
        let notices = notices(gateway).await;
        let [closed_notice, unknown_notice] = notices.as_slice() else { panic!("{notices:?}") };
        for body in &closed_notice[1..] {
            assert!(body.contains("est close") && body.contains("nouveau message"), "{body}");
            assert!(body.contains(&format!("le numéro {closed}")), "{body}");
        }
        for body in &unknown_notice[1..] {
            assert!(body.contains("n’existe pas, ou plus") && !body.contains("ticket.form.php"), "{body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requester_s_reply_becomes_a_follow_up_with_its_file_and_reopens_a_solved_ticket() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[&FOLLOWUP[..], &[("quota.per_day", "1")]].concat()).await;
    let ticket = ticket(&gateway, "first").await;
    set_status(&sandbox, ticket, 5).await;
    let mail = format!(
        "Authentication-Results: relais.test; spf=pass smtp.mailfrom=ac-dijon.fr\r\n\
         From: {}\r\nTo: assistance1d@ac-dijon.fr\r\nSubject: Re: [GLPI #{ticket:07}] Ticket\r\nMessage-ID: <f@ecole.test>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Voici la capture.\r\n\r\nLe 24 nov. 2026, GLPI <glpi@ac-dijon.fr> a \u{e9}crit :\r\n> ticket_{ticket} passage cit\u{e9}\r\n\
         --b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"capture.txt\"\r\n\r\nErreur 500\r\n\
         --b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"outil.xyz\"\r\n\r\nxyz\r\n--b--\r\n",
        DIRECTORS[0]
    );
    let reply = gateway.deliver(DIRECTORS[0], mail.as_bytes()).await;
    let reference = reply.rsplit(' ').next().unwrap();
    assert_eq!(reply, format!("250 2.0.0 followup, ticket {ticket}, reference {reference}"));

    let view = seen(&sandbox, ticket);
    assert_eq!((sandbox.tickets().len(), view.status), (1, 2));
    let [followup, dropped] = view.followups.as_slice() else { panic!("{:?}", view.followups) };
    assert_eq!(followup.author, 7);
    assert_eq!(Reference::find(&followup.content), Reference::parse(reference));
    assert!(followup.content.contains("Voici la capture."), "{}", followup.content);
    assert!(!followup.content.contains("passage cité"), "{}", followup.content);
    assert_eq!(
        followup.documents.iter().map(|file| file.filename.as_str()).collect::<Vec<_>>(),
        ["capture.txt", "message-original.eml.txt"]
    );
    assert_eq!(followup.documents[0].bytes, b"Erreur 500");
    assert!(dropped.content.contains("outil.xyz"), "{}", dropped.content);
    assert!(notices(gateway).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn history_that_glpi_does_not_have_goes_along() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &FOLLOWUP).await;
    let ticket = ticket(&gateway, "first").await;
    let text = "Voici.\r\n\r\nLe 24 nov. 2026, Paul <paul@ac-dijon.fr> a écrit :\r\n> Essaie le bouton bleu\r\n";
    let mail = mail(DIRECTORS[0], "h", &format!("Re: [GLPI #{ticket:07}] Ticket"), text);
    assert!(gateway.deliver(DIRECTORS[0], &mail).await.contains("followup"));
    let content = &seen(&sandbox, ticket).followups[0].content;
    assert!(content.contains("<details>") && content.contains("bouton bleu"), "{content}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_added_once_also_by_a_gateway_that_was_not_there_and_after_the_ticket_was_closed() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &FOLLOWUP).await;
    let ticket = ticket(&gateway, "first").await;
    let mail = answer(DIRECTORS[0], "same", ticket, "Un complément");
    let first = gateway.deliver(DIRECTORS[0], &mail).await;
    assert!(first.contains("followup"), "{first}");
    assert_eq!(gateway.deliver(DIRECTORS[0], &mail).await, first);
    gateway.finish().await;
    let later = Gateway::start(&sandbox, &FOLLOWUP).await;
    assert_eq!(later.post_mail(&mail).await.status(), 200);
    set_status(&sandbox, ticket, 6).await;
    assert_eq!(later.deliver(DIRECTORS[0], &mail).await, first);
    assert_eq!(seen(&sandbox, ticket).followups.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_copies_at_once_over_lmtp_and_http_make_one_follow_up_and_ten_positive_answers() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &FOLLOWUP).await;
    let ticket = ticket(&gateway, "first").await;
    let mail = answer(DIRECTORS[0], "ten", ticket, "Un complément");
    let by_lmtp = join_all((0..5).map(|_| gateway.deliver(DIRECTORS[0], &mail)));
    let by_http = join_all((0..5).map(|_| gateway.post_mail(&mail)));
    let (replies, answers) = tokio::join!(by_lmtp, by_http);
    assert!(replies.iter().all(|reply| reply.starts_with("250 2.0.0 followup")), "{replies:?}");
    assert!(answers.iter().all(|answer| answer.status().is_success()), "{answers:?}");
    assert!(answers.iter().filter(|answer| answer.status() == 201).count() <= 1, "{answers:?}");
    assert_eq!(seen(&sandbox, ticket).followups.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_over_one_redis_add_a_reply_once() {
    let (sandbox, redis) = (sandbox().await, Redis::start());
    let settings = [&FOLLOWUP[..], &redis.settings()].concat();
    let (one, two) = (Gateway::start(&sandbox, &settings).await, Gateway::start(&sandbox, &settings).await);
    let ticket = ticket(&one, "first").await;
    let mail = answer(DIRECTORS[0], "shared", ticket, "Un complément");
    let copies = (0..6).map(|number| if number % 2 == 0 { &one } else { &two }.deliver(DIRECTORS[0], &mail));
    let replies = join_all(copies).await;
    assert!(replies.iter().all(|reply| reply.starts_with("250 2.0.0 followup")), "{replies:?}");
    assert_eq!(seen(&sandbox, ticket).followups.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_the_write_makes_one_follow_up_and_a_positive_answer() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &FOLLOWUP).await;
    let ticket = ticket(&gateway, "first").await;
    sandbox.set_failures(Rule::next(1, Failure::AnswerLost).on_new_followups());
    let mail = answer(DIRECTORS[0], "lost", ticket, "Un complément");
    for _ in 0..2 {
        assert!(gateway.deliver(DIRECTORS[0], &mail).await.starts_with("250 2.0.0 followup"));
    }
    assert_eq!(seen(&sandbox, ticket).followups.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_glpi_is_away_the_relay_keeps_the_reply() {
    let brief = [("glpi.timeout", "1s")];
    for settings in [brief.to_vec(), [&brief[..], &FOLLOWUP].concat()] {
        let sandbox = sandbox().await;
        let gateway = Gateway::start(&sandbox, &settings).await;
        let ticket = ticket(&gateway, "first").await;
        let mail = answer(DIRECTORS[0], "later", ticket, "Un complément");
        for failure in [Failure::Down, Failure::Maintenance, Failure::Slow(Duration::from_secs(3))] {
            sandbox.set_failures(Rule::always(failure));
            let reply = gateway.deliver(DIRECTORS[0], &mail).await;
            assert!(reply.starts_with("451 4.3.0 deferred, glpi-unavailable"), "{failure:?}: {reply}");
        }
        sandbox.set_failures(Failures::none());
        for _ in 0..2 {
            assert!(gateway.deliver(DIRECTORS[0], &mail).await.starts_with("250"));
        }
        assert_eq!(sandbox.tickets().len(), 1);
        assert_eq!(seen(&sandbox, ticket).followups.len(), usize::from(settings.contains(&FOLLOWUP[0])));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_to_a_receipt_finds_its_ticket_by_the_request_s_reference() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &FOLLOWUP).await;
    let ticket = ticket(&gateway, "first").await;
    let reference = Reference::find(&seen(&sandbox, ticket).content).unwrap();
    for (id, asked, expected) in
        [("known", reference, "followup"), ("unknown", Reference::new("x", "", b""), "refused")]
    {
        let mut mail = mail(DIRECTORS[0], id, "RE: LSU", "Merci");
        let header = format!("In-Reply-To: <{asked}.created.passerelle@ac-dijon.fr>\r\n");
        mail.splice(0..0, header.into_bytes());
        let reply = gateway.deliver(DIRECTORS[0], &mail).await;
        assert!(reply.starts_with(&format!("250 2.0.0 {expected}, ticket")), "{reply}");
    }
    assert_eq!((sandbox.tickets().len(), seen(&sandbox, ticket).followups.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_without_an_account_follows_up_under_the_address_of_the_ticket() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &FOLLOWUP).await;
    let login = Credentials::Login { login: "passerelle".into(), password: "passerelle".into() };
    let glpi = Glpi::new(&Settings::new(sandbox.url(), login)).unwrap();
    let new = NewTicket {
        name: "Sans compte".into(),
        content_html: "<p>x</p>".into(),
        kind: TicketType::Incident,
        urgency: 3,
        category: None,
        entity: None,
        location: None,
        request_type: None,
        assigned_groups: vec![],
        observer_groups: vec![],
        answer_to: None,
        observers: vec![],
        requester: Requester::Email("Inconnu@ac-dijon.fr".into()),
        head: None,
    };
    let ticket = glpi.create_ticket(&new, &[]).await.unwrap().id;
    let from = "inconnu@ac-dijon.fr";
    assert!(gateway.deliver(from, &answer(from, "w", ticket.get(), "Un complément")).await.contains("followup"));
    let content = &seen(&sandbox, ticket.get()).followups[0].content;
    assert!(content.contains("de inconnu@ac-dijon.fr"), "{content}");
}
