//! A référent who answers a notification of GLPI by mail.

use passerelle::sandbox::{Failure, Failures, Rule};
use rstest::rstest;

use crate::support::{
    gateway::{AGENT, DIRECTORS, FOLLOWUP, Gateway, app, mail, sandbox},
    helpdesk::Helpdesk,
    meddler::{Fate, Meddler},
};

/// A member of Référents-LSU.
const MEMBER: &str = "tech1@ac-dijon.fr";
const MEMBER_ACCOUNT: i64 = 15;

/// The group that has the ticket, or the member in person.
#[rstest]
#[case::a_member_of_the_group(false)]
#[case::the_technician(true)]
#[tokio::test(flavor = "multi_thread")]
async fn staff_answers_by_mail_in_its_own_name(#[case] in_person: bool) {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let of_staff = [FOLLOWUP.as_slice(), &[("mail.replies_of_staff", "followup")]].concat();
    let gateway = Gateway::start(&sandbox, &of_staff).await;
    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "s1", "LSU : accès", "Bonjour")).await;
    let [made] = sandbox.tickets().try_into().unwrap();
    let number = u64::try_from(made.id).unwrap();
    if in_person {
        let row = serde_json::json!({"tickets_id": number, "users_id": MEMBER_ACCOUNT, "type": 2,
            "_do_not_compute_takeintoaccount": 1});
        staff.add("Ticket_User", row).await;
    }
    assert_eq!(sandbox.tickets()[0].taken_into_account, None);

    let subject = format!("RE: [GLPI #{number:07}] LSU : accès");
    let answer = mail(MEMBER, "s2", &subject, "Quel navigateur utilisez-vous ?");
    for _ in 0..2 {
        let reply = gateway.deliver(MEMBER, &answer).await;
        assert!(reply.starts_with("250"), "{reply}");
    }
    let [ticket] = sandbox.tickets().try_into().unwrap();
    let [followup] = ticket.followups.as_slice() else { panic!("{:?}", ticket.followups) };
    assert_eq!(followup.author, MEMBER_ACCOUNT);
    assert!(followup.content.contains("Quel navigateur"), "{}", followup.content);
    assert!(ticket.taken_into_account.is_some());

    // What waits goes on waiting.
    staff.set_status(number, 4).await;
    gateway.deliver(MEMBER, &mail(MEMBER, "s3", &subject, "Vu avec l'éditeur.")).await;
    let [ticket] = sandbox.tickets().try_into().unwrap();
    assert_eq!((ticket.status, ticket.followups.len()), (4, 2));

    // Nobody else may, and nobody is told that they direct no school.
    let reply = gateway.deliver(AGENT, &mail(AGENT, "s4", &subject, "Moi aussi")).await;
    assert!(reply.starts_with("250") && reply.contains("reply-to-ticket"), "{reply}");
    assert_eq!(sandbox.tickets()[0].followups.len(), 2);
}

/// Who never wrote to the assistance hears nothing; each forward is another request.
#[rstest]
#[case::no_director(&[], AGENT, "not-a-director", "l’annuaire ne connaît pas cette personne")]
#[case::over_the_quota(&[("quota.per_day", "1")], DIRECTORS[1], "quota-exceeded", "Cette personne a atteint le nombre")]
#[tokio::test(flavor = "multi_thread")]
async fn a_forward_that_is_refused_is_told_to_who_forwarded_it(
    #[case] settings: &[(&str, &str)],
    #[case] first: &str,
    #[case] reason: &str,
    #[case] sentence: &str,
) {
    let sandbox = sandbox().await;
    let forwarding = [FOLLOWUP.as_slice(), &[("mail.forwarders", MEMBER)], settings].concat();
    let gateway = Gateway::start(&sandbox, &forwarding).await;
    if reason == "quota-exceeded" {
        let reply = gateway.deliver(first, &mail(first, "own", "LSU : le mien", "Bonjour")).await;
        assert!(reply.starts_with("250 2.0.0 created"), "{reply}");
    }
    let text = format!("Voir ci-dessous.\r\n\r\nDe : Une Personne <{first}>\r\nObjet : LSU\r\n\r\nBonjour");
    for id in ["one", "two", "two"] {
        let reply = gateway.deliver(MEMBER, &mail(MEMBER, id, &format!("TR: LSU {id}"), &text)).await;
        assert!(reply.contains(reason), "{reply}");
    }
    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    let mut told = Vec::new();
    for letter in outbox.mails() {
        let parsed = mail_parser::MessageParser::default().parse(&letter.message).unwrap();
        if parsed.message_id().unwrap().contains(".created.") {
            continue;
        }
        assert_eq!(letter.recipient, MEMBER);
        for body in [parsed.body_text(0).unwrap(), parsed.body_html(0).unwrap()] {
            let body = body.replace('\u{a0}', " ").replace("&nbsp;", " ").replace("&#39;", "'").replace("&#x27;", "'");
            let whose = format!("qui transmet la demande de {}", first.to_lowercase());
            assert!(body.contains(&whose) && body.contains(sentence), "{body}");
        }
        told.push(parsed.subject().unwrap().to_owned());
    }
    assert_eq!(told.len(), 2, "{told:?}");
}

/// As one typed in GLPI: private, and obeyed at the next look.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_staff_mails_is_private_and_obeyed() {
    let sandbox = sandbox().await;
    let of_staff = [FOLLOWUP.as_slice(), &[("mail.replies_of_staff", "followup"), ("sweep.every", "1d")]].concat();
    let gateway = Gateway::start(&sandbox, &of_staff).await;
    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "s1", "LSU : accès", "Bonjour")).await;
    let number = sandbox.tickets()[0].id.unsigned_abs();
    let subject = format!("RE: [GLPI #{number:07}] LSU : accès");
    let text = "#escalade le serveur ne répond plus\r\n\r\n-- \r\nTech Un\r\nDSI";
    let reply = gateway.deliver(MEMBER, &mail(MEMBER, "s2", &subject, text)).await;
    assert!(reply.starts_with("250 2.0.0 followup"), "{reply}");
    let [ticket] = sandbox.tickets().try_into().unwrap();
    let [command] = ticket.followups.as_slice() else { panic!("{:?}", ticket.followups) };
    assert!(command.private && command.author == MEMBER_ACCOUNT, "{command:?}");
    assert_eq!((ticket.taken_into_account, ticket.status), (None, 2));
    gateway.finish().await;

    let app = app(sandbox.url().as_str(), &of_staff);
    app.escalator.process_commands(number.into(), jiff::Timestamp::now()).await.unwrap();
    let [ticket] = sandbox.tickets().try_into().unwrap();
    assert_eq!(ticket.assigned_groups, ["DSI-BAI"]);
    let note = ticket.followups.iter().find(|followup| followup.content.contains("Escalade effectuée")).unwrap();
    assert!(note.content.contains("le serveur ne répond plus"), "{}", note.content);
    assert!(!note.content.contains("Réponse par courriel") && !note.content.contains("Tech Un"), "{}", note.content);

    // A requester's words stay a requester's.
    let gateway = Gateway::start(&sandbox, &of_staff).await;
    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "s3", &subject, "#escalade svp")).await;
    let [ticket] = sandbox.tickets().try_into().unwrap();
    let asked = ticket.followups.iter().find(|followup| followup.content.contains("#escalade svp")).unwrap();
    assert!(!asked.private, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_is_sent_to_the_ticket_unless_that_is_set_and_forged_staff_always() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &FOLLOWUP).await;
    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "s1", "LSU : accès", "Bonjour")).await;
    let number = sandbox.tickets()[0].id;
    let subject = format!("RE: [GLPI #{number:07}] LSU : accès");
    let reply = gateway.deliver(MEMBER, &mail(MEMBER, "s2", &subject, "Voici")).await;
    assert!(reply.contains("reply-to-ticket"), "{reply}");
    gateway.finish().await;

    let of_staff = [FOLLOWUP.as_slice(), &[("mail.replies_of_staff", "followup")]].concat();
    let gateway = Gateway::start(&sandbox, &of_staff).await;
    let forged = String::from_utf8(mail(MEMBER, "s3", &subject, "Voici")).unwrap();
    let forged = forged.replace("smtp.mailfrom=tech1@ac-dijon.fr", "smtp.mailfrom=x@evil.example");
    let reply = gateway.deliver(MEMBER, forged.as_bytes()).await;
    assert!(reply.contains("unproven-sender"), "{reply}");
    let [ticket] = sandbox.tickets().try_into().unwrap();
    assert!(ticket.followups.is_empty(), "{:?}", ticket.followups);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_director_s_mail_that_staff_forwards_is_the_director_s_request() {
    let sandbox = sandbox().await;
    let forwarding = [FOLLOWUP.as_slice(), &[("mail.forwarders", MEMBER)]].concat();
    let gateway = Gateway::start(&sandbox, &forwarding).await;
    let text =
        format!("Pour suite à donner.\r\n\r\nDe : Jeanne Martin <{}>\r\nObjet : LSU\r\n\r\nBonjour", DIRECTORS[1]);
    let reply = gateway.deliver(MEMBER, &mail(MEMBER, "f1", "TR: LSU : accès", &text)).await;
    assert!(reply.starts_with("250 2.0.0 created"), "{reply}");
    let [ticket] = sandbox.tickets().try_into().unwrap();
    assert_eq!(ticket.requesters.iter().map(|person| person.user).collect::<Vec<_>>(), [8]);
    assert_eq!(ticket.observers.iter().map(|person| person.user).collect::<Vec<_>>(), [MEMBER_ACCOUNT]);
    for part in
        ["Transmis par\u{a0}:</strong> tech1@ac-dijon.fr", "Jeanne Martin", "ce.0210002b@ac-dijon.fr", "0210002B"]
    {
        assert!(ticket.content.contains(part), "{part} in {}", ticket.content);
    }
    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    let [receipt] = outbox.mails().try_into().unwrap();
    assert_eq!(receipt.recipient, DIRECTORS[1].to_lowercase());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_staff_attaches_is_its_sender_s_request() {
    let sandbox = sandbox().await;
    let forwarding = [FOLLOWUP.as_slice(), &[("mail.forwarders", MEMBER)]].concat();
    let gateway = Gateway::start(&sandbox, &forwarding).await;
    let plain = String::from_utf8(mail(MEMBER, "f2", "Fwd: LSU : bilans", "")).unwrap();
    let head = plain.split("MIME-Version").next().unwrap();
    let attached = format!(
        "{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nVoir ci-joint.\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: Jeanne Martin <{}>\r\nSubject: LSU : bilans\r\n\r\nBonjour\r\n--b--\r\n",
        DIRECTORS[1]
    );
    let reply = gateway.deliver(MEMBER, attached.as_bytes()).await;
    assert!(reply.starts_with("250 2.0.0 created"), "{reply}");
    let [ticket] = sandbox.tickets().try_into().unwrap();
    assert_eq!(ticket.requesters.iter().map(|person| person.user).collect::<Vec<_>>(), [8]);
}

/// A mail of the second director, as `from` forwards it.
fn forwarded(from: &str, id: &str) -> Vec<u8> {
    let text = format!("Pour suite.\r\n\r\nDe : Jeanne Martin <{}>\r\nObjet : LSU\r\n\r\nBonjour", DIRECTORS[1]);
    mail(from, id, &format!("TR: LSU : {id}"), &text)
}

/// Members by the group's name or its full path, beside addresses.
#[rstest]
#[case::by_name("Référents-LSU")]
#[case::beside_an_address("x@ac-dijon.fr, Référents-LSU")]
#[case::beside_one_that_is_not_there("Inconnus, Référents-LSU")]
#[tokio::test(flavor = "multi_thread")]
async fn members_of_a_group_of_glpi_forward_for_directors_and_nobody_else(#[case] forwarders: &str) {
    let sandbox = sandbox().await;
    let forwarding = [FOLLOWUP.as_slice(), &[("mail.forwarders", forwarders)]].concat();
    let gateway = Gateway::start(&sandbox, &forwarding).await;
    let reply = gateway.deliver(MEMBER, &forwarded(MEMBER, "g1")).await;
    assert!(reply.starts_with("250 2.0.0 created"), "{reply}");
    let [ticket] = sandbox.tickets().try_into().unwrap();
    assert_eq!(ticket.requesters.iter().map(|person| person.user).collect::<Vec<_>>(), [8]);
    assert_eq!(ticket.observers.iter().map(|person| person.user).collect::<Vec<_>>(), [MEMBER_ACCOUNT]);

    // A director in no such group forwards in their own name, an agent not at all.
    let reply = gateway.deliver(DIRECTORS[0], &forwarded(DIRECTORS[0], "g2")).await;
    assert!(reply.starts_with("250 2.0.0 created"), "{reply}");
    let reply = gateway.deliver(AGENT, &forwarded(AGENT, "g3")).await;
    assert!(reply.contains("not-a-director"), "{reply}");
    let requesters = |title: &str| -> Vec<_> {
        let tickets = crate::support::gateway::titled(&sandbox, title);
        tickets.iter().flat_map(|ticket| ticket.requesters.iter().map(|person| person.user)).collect()
    };
    assert_eq!((requesters("g2"), requesters("g3")), (vec![7], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_asked_for_only_where_another_s_mail_is_forwarded() {
    let sandbox = sandbox().await;
    let meddler = Meddler::start(sandbox.url(), "10.0.14", |_| Fate::Passes).await;
    let forwarding = [FOLLOWUP.as_slice(), &[("mail.forwarders", "Référents-LSU")]].concat();
    let gateway = Gateway::in_front_of(meddler.url.as_str(), &forwarding).await;
    let asked =
        || -> Vec<String> { meddler.calls().into_iter().filter(|call| call.ends_with("/Group_User")).collect() };
    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "o1", "LSU : o1", "De : moi")).await;
    // Whether a director is one, the search for their account says.
    assert_eq!(asked(), [""; 0]);
    gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], "o2", "TR: LSU : o2", "Bonjour")).await;
    assert_eq!(asked(), [""; 0]);
    gateway.deliver(MEMBER, &forwarded(MEMBER, "o3")).await;
    assert_eq!(asked(), ["GET User/15/Group_User"]);
    assert_eq!(sandbox.tickets().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forward_waits_while_glpi_cannot_say_who_is_in_a_group() {
    let sandbox = sandbox().await;
    let forwarding = [FOLLOWUP.as_slice(), &[("mail.forwarders", "Référents-LSU")]].concat();
    let gateway = Gateway::start(&sandbox, &forwarding).await;
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    let reply = gateway.deliver(MEMBER, &forwarded(MEMBER, "w1")).await;
    assert!(reply.starts_with("451"), "{reply}");
    sandbox.set_failures(Failures::default());
    let reply = gateway.deliver(MEMBER, &forwarded(MEMBER, "w1")).await;
    assert!(reply.starts_with("250 2.0.0 created"), "{reply}");
    let [ticket] = sandbox.tickets().try_into().unwrap();
    assert_eq!(ticket.requesters.iter().map(|person| person.user).collect::<Vec<_>>(), [8]);
}
