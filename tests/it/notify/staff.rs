//! What those are told who work on a request, or watch it: what its requester does, and that it is closed.

use super::*;

const COLLEAGUE: UserId = UserId::new(12);
const COLLEAGUE_ADDRESS: &str = "agent.simple@ac-dijon.fr";
const BAI: GroupId = GroupId::new(2);

/// Makes an account a member of a group.
async fn join(sandbox: &Sandbox, account: UserId, group: GroupId) {
    act(sandbox, "glpi", Method::POST, "Group_User", json!({"users_id": account, "groups_id": group})).await;
}

/// Lets the BAI, of which the colleague is one, watch a ticket.
async fn watch(sandbox: &Sandbox, ticket: u64) {
    join(sandbox, COLLEAGUE, BAI).await;
    act(sandbox, "tech1", Method::POST, "Group_Ticket", json!({"tickets_id": ticket, "groups_id": BAI, "type": 3}))
        .await;
}

/// Who was told, with the subject's words after the number.
fn told(mails: &[Read]) -> Vec<(&str, &str)> {
    let ending = |mail: &Read| mail.subject.find("\u{a0}: ").map(|at| at + "\u{a0}: ".len()).unwrap();
    mails.iter().map(|mail| (mail.to.as_str(), mail.subject[ending(mail)..].split(" — ").next().unwrap())).collect()
}

#[tokio::test]
async fn the_group_hears_what_the_requester_does_each_time_once() {
    let sandbox = sandbox().await;
    let instance = Instance::new(&sandbox, &ALL_NOTICES);
    join(&sandbox, COLLEAGUE, LSU).await;
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU : bilans").await;
    let mut seen = 0;
    instance.news(id, &mut seen).await;
    let by = json!({"users_id": DIRECTOR});
    let answer = write(&sandbox, "passerelle", id, "<p>En <a href=\"https://x.fr/ce1\">CE1</a></p>", by).await;
    let mails = instance.news(id, &mut seen).await;
    let both = |what| vec![(COLLEAGUE_ADDRESS, what), (TECHNICIAN_ADDRESS, what)];
    assert_eq!(sorted(told(&mails)), both("message du demandeur"));
    for mail in &mails {
        assert!(mail.plain.contains("> En CE1 (https://x.fr/ce1)"), "{}", mail.plain);
        assert!(mail.plain.contains(&format!("ticket.form.php?id={id}")), "{}", mail.plain);
    }
    assert_ne!(mails[0].id, mails[1].id);

    let first = solve(&sandbox, id, "<p>Videz le cache.</p>").await;
    assert_eq!(told(&instance.news(id, &mut seen).await), [(DIRECTOR_ADDRESS, "solution proposée")]);
    let refusing = json!({"users_id": DIRECTOR, "add_reopen": 1});
    let refusal = write(&sandbox, "passerelle", id, "<p>Toujours bloqué</p>", refusing).await;
    let mails = instance.news(id, &mut seen).await;
    assert_eq!(sorted(told(&mails)), both("solution refusée"));
    assert!(mails[0].plain.contains("> Toujours bloqué") && mails[0].plain.contains("rouverte"), "{}", mails[0].plain);

    let second = solve(&sandbox, id, "<p>Corrigé.</p>").await;
    instance.news(id, &mut seen).await;
    let approving = json!({"users_id": DIRECTOR, "add_close": 1});
    let word = write(&sandbox, "passerelle", id, "<p>Merci !</p>", approving).await;
    let mails = instance.news(id, &mut seen).await;
    assert_eq!(sorted(told(&mails)), both("solution approuvée"));
    assert!(mails[0].plain.contains("> Merci !"), "{}", mails[0].plain);

    let expected = [
        format!("group-{COLLEAGUE}"),
        format!("group-{TECHNICIAN}"),
        format!("answer-{answer}"),
        format!("solution-{first}"),
        format!("refusal-{refusal}"),
        format!("solution-{second}"),
        format!("approval-{second}"),
        format!("answer-{word}"),
    ];
    assert_eq!(instance.marks(id).await, expected);
    let another = Instance::new(&sandbox, &ALL_NOTICES);
    assert!(another.news(id, &mut 0).await.is_empty(), "whoever looks next sees what was told");
}

fn sorted<'a>(mut told: Vec<(&'a str, &'a str)>) -> Vec<(&'a str, &'a str)> {
    told.sort_unstable();
    told
}

#[tokio::test]
async fn a_technician_is_told_alone_and_a_group_that_watches_besides() {
    let sandbox = sandbox().await;
    let instance = Instance::new(&sandbox, &ALL_NOTICES);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    let mut seen = 0;
    instance.news(id, &mut seen).await;
    watch(&sandbox, id).await;
    take(&sandbox, id).await;
    let charged = instance.news(id, &mut seen).await;
    assert_eq!(told(&charged), [(COLLEAGUE_ADDRESS, "prise en charge"), (DIRECTOR_ADDRESS, "prise en charge")]);
    write(&sandbox, "tech1", id, "<p>Quelle classe ?</p>", json!({})).await;
    let asked = instance.news(id, &mut seen).await;
    assert_eq!(told(&asked), [(COLLEAGUE_ADDRESS, "message au demandeur"), (DIRECTOR_ADDRESS, "nouveau message")]);
    write(&sandbox, "passerelle", id, "<p>CE1</p>", json!({"users_id": DIRECTOR})).await;
    let answered = instance.news(id, &mut seen).await;
    let both = ["message du demandeur"; 2];
    assert_eq!(told(&answered), [(TECHNICIAN_ADDRESS, both[0]), (COLLEAGUE_ADDRESS, both[1])]);
    solve(&sandbox, id, "<p>Fait.</p>").await;
    let solved = instance.news(id, &mut seen).await;
    assert_eq!(told(&solved), [(COLLEAGUE_ADDRESS, "solution proposée"), (DIRECTOR_ADDRESS, "solution proposée")]);
    set_status(&sandbox, id, 6).await;
    let closed = instance.news(id, &mut seen).await;
    assert_eq!(told(&closed), [(COLLEAGUE_ADDRESS, "close"), (DIRECTOR_ADDRESS, "close")], "the technician did it");
}

/// GLPI closes by itself what was solved long ago: then everybody hears of it.
#[tokio::test]
async fn a_technician_whom_no_mail_reaches_is_stood_in_for_by_the_group() {
    let sandbox = sandbox().await;
    let instance = Instance::new(&sandbox, &ALL_NOTICES);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    let mut seen = 0;
    instance.news(id, &mut seen).await;
    let silent = json!({"name": "muet", "realname": "Muet"});
    let silent = act(&sandbox, "glpi", Method::POST, "User", silent).await;
    let link = json!({"tickets_id": id, "users_id": silent, "type": 2});
    act(&sandbox, "tech1", Method::POST, "Ticket_User", link).await;
    instance.news(id, &mut seen).await;
    write(&sandbox, "passerelle", id, "<p>CE1</p>", json!({"users_id": DIRECTOR})).await;
    assert_eq!(told(&instance.news(id, &mut seen).await), [(TECHNICIAN_ADDRESS, "message du demandeur")]);
}

#[tokio::test]
async fn a_full_mailbox_of_the_group_is_written_to_later_and_nobody_else_twice() {
    let sandbox = sandbox().await;
    let relay = Relay::start(&[Behaviour::Take, Behaviour::Take, Behaviour::AnswerRecipient("452 full")]).await;
    let instance = Instance::sending(&sandbox, &relay.url);
    join(&sandbox, COLLEAGUE, LSU).await;
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    instance.notifier.look_at(id.into()).await.unwrap();
    let answer = write(&sandbox, "passerelle", id, "<p>CE1</p>", json!({"users_id": DIRECTOR})).await;
    assert!(matches!(instance.notifier.look_at(id.into()).await, Err(Unsent::Relay(_))));
    let marks = instance.marks(id).await;
    let one = marks.iter().filter(|mark| mark.starts_with(&format!("answer-{answer}/"))).count();
    assert_eq!((marks.len(), one), (3, 1), "{marks:?}");
    assert_eq!(relay.connections(), 4);
    // Whoever goes on: this instance, or another after it was killed.
    let next = Instance::sending(&sandbox, &relay.url);
    for _ in 0..2 {
        next.notifier.look_at(id.into()).await.unwrap();
    }
    assert_eq!(relay.connections(), 5, "who was told is not told again");
    assert_eq!(next.marks(id).await.last(), Some(&format!("answer-{answer}")));
}

/// The note comes after the mails: an instance that is killed between the two has sent each once, and the next one sends
/// the same mails again, as such.
#[tokio::test]
async fn what_was_sent_before_a_kill_bears_the_same_identifiers_after_it() {
    let sandbox = sandbox().await;
    let first = Instance::new(&sandbox, &ALL_NOTICES);
    join(&sandbox, COLLEAGUE, LSU).await;
    let id = ticket(&first.glpi, Requester::User(DIRECTOR), "LSU").await;
    let mut seen = 0;
    first.news(id, &mut seen).await;
    write(&sandbox, "passerelle", id, "<p>CE1</p>", json!({"users_id": DIRECTOR})).await;
    sandbox.set_failures(Failures::from(Rule::next(1, Failure::ServerError).on_new_followups()));
    assert!(matches!(first.notifier.look_at(id.into()).await, Err(Unsent::Glpi(_))));
    let ids = |instance: &Instance, from: usize| -> Vec<String> {
        instance.outbox.mails().iter().skip(from).map(|sent| read(&sent.message).id).collect()
    };
    let sent = ids(&first, seen);
    assert_eq!(sent.len(), 2);
    let next = Instance::new(&sandbox, &ALL_NOTICES);
    assert_eq!(next.news(id, &mut 0).await.len(), 2);
    assert_eq!(ids(&next, 0), sent);
    first.notifier.look_at(id.into()).await.unwrap();
    assert_eq!(ids(&first, seen), sent, "nothing more is sent");
}

#[tokio::test]
async fn a_page_may_say_that_the_group_is_told_only_where_it_is() {
    use passerelle::lifecycle::notices::StaffStep::{Answer, Approval, Refusal};
    let sandbox = sandbox().await;
    let instance = Instance::new(&sandbox, &ALL_NOTICES);
    let id = ticket(&instance.glpi, Requester::User(DIRECTOR), "LSU").await;
    for step in [Answer, Refusal, Approval] {
        assert!(instance.notifier.informs(id.into(), step).await);
    }
    let only = Instance::new(&sandbox, &[("notify.refusal", "passerelle")]);
    assert!(only.notifier.informs(id.into(), Refusal).await && !only.notifier.informs(id.into(), Answer).await);
    let silent = Instance::with(&sandbox, &ALL_NOTICES, Mailer::Off, Outbox::default());
    assert!(!silent.notifier.informs(id.into(), Refusal).await, "no relay");
    // Its only member is gone.
    act(&sandbox, "glpi", Method::PUT, &format!("User/{TECHNICIAN}"), json!({"id": TECHNICIAN, "is_active": 0})).await;
    let later = Instance::new(&sandbox, &ALL_NOTICES);
    assert!(!later.notifier.informs(id.into(), Refusal).await, "nobody can be reached");
    sandbox.set_failures(Rule::always(Failure::ServerError));
    assert!(!later.notifier.informs(id.into(), Refusal).await, "nobody knows");
}
