//! What lies in a mailbox becomes tickets, each once, whoever else reads it and however often that ends.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use passerelle::sandbox::{Failure, Failures, Rule, Sandbox};
use rstest::rstest;

use super::support::{USER, count, each_has_one_ticket, emptied, mails, plain, reading};
use crate::support::{
    dovecot::{Dovecot, Stored},
    gateway::{DIRECTORS, mail, sandbox, titled},
    redis::Redis,
    wait_until,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_two_thousand_becomes_two_thousand_tickets() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    dovecot.store(USER, "INBOX", mails("arriéré", 2000));
    let gateway = reading(&dovecot, &sandbox, &[]).await;
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "arriéré", 2000);
    assert_eq!(count(&dovecot, "Traités"), 2000);
    assert!(dovecot.messages(USER, "Traités").iter().all(|message| message.flags == ["\\Seen"]));
    gateway.finish().await;
}

/// From the first second after a start: the sweep's calls and all that is asked once are among them.
#[rstest]
#[case::alone(false)]
#[case::with_a_redis_that_knows_of_earlier_ones(true)]
#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_five_hundred_takes_few_calls(#[case] is_shared: bool) {
    let (dovecot, sandbox, redis) = (Dovecot::start(), sandbox().await, Redis::start());
    let mut settings = vec![("glpi.aftermath", "6s")];
    if is_shared {
        settings.extend(redis.settings());
    }
    let mut earlier = mails("arriéré", 505);
    let mails = earlier.split_off(5);
    dovecot.store(USER, "INBOX", earlier);
    let before = reading(&dovecot, &sandbox, &settings).await;
    emptied(&dovecot).await;
    before.finish().await;

    dovecot.store(USER, "INBOX", mails);
    let before = sandbox.calls();
    let gateway = reading(&dovecot, &sandbox, &settings).await;
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "arriéré", 505);
    let calls = sandbox.calls() - before;
    assert!(calls <= 75, "{calls} calls for 500 tickets: {:?}", sandbox.calls_by_endpoint());
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_instances_one_reads_and_the_other_takes_over() {
    let (dovecot, sandbox, redis) = (Dovecot::start(), sandbox().await, Redis::start());
    dovecot.store(USER, "INBOX", mails("deux", 300));
    let shared = redis.settings();
    let (first, second) = tokio::join!(reading(&dovecot, &sandbox, &shared), reading(&dovecot, &sandbox, &shared));
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "deux", 300);
    // One of them has signed in: the other is not at work.
    let signed_in = || dovecot.log().matches("imap-login: Info: Login:").count();
    assert!(dovecot.log().contains("imap-login"), "{}", dovecot.log());
    let before = signed_in();

    // Whichever it is, the mailbox is read on when the first one and when the second one stops.
    first.finish().await;
    dovecot.store(USER, "INBOX", [mail(DIRECTORS[0], "relais", "LSU deux 300", "Bonjour")]);
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "deux", 301);
    assert!(signed_in() > before);
    second.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flushed_redis_under_two_instances_makes_no_second_ticket() {
    let (dovecot, sandbox, redis) = (Dovecot::start(), sandbox().await, Redis::start());
    let shared = redis.settings();
    let _first = reading(&dovecot, &sandbox, &shared).await;
    let _second = reading(&dovecot, &sandbox, &shared).await;
    dovecot.store(USER, "INBOX", mails("vidé", 300));
    for made in [50, 120, 200] {
        wait_until("some are made", async || sandbox.tickets().len() >= made).await;
        redis.flush_all();
    }
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "vidé", 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_two_instances_go_on_one_after_the_other() {
    let (dovecot, sandbox, mut redis) = (Dovecot::start(), sandbox().await, Redis::start());
    let shared = [&redis.settings()[..], &[("glpi.timeout", "1s"), ("imap.poll", "1s")]].concat();
    let (_first, _second) = tokio::join!(reading(&dovecot, &sandbox, &shared), reading(&dovecot, &sandbox, &shared));
    dovecot.store(USER, "INBOX", mails("veuf", 1));
    emptied(&dovecot).await;
    redis.stop();
    dovecot.store(USER, "INBOX", mails("veuf", 30).split_off(1));
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "veuf", 30);
}

/// The program itself, reading the mailbox.
fn serve(dovecot: &Dovecot, sandbox: &Sandbox, settings: &[(&str, &str)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
    command
        .arg("serve")
        .env_clear()
        .env("PASSERELLE_GLPI__URL", sandbox.url().as_str())
        .env("PASSERELLE_GLPI__LOGIN", "passerelle")
        .env("PASSERELLE_GLPI__AFTERMATH", "0s")
        .env("PASSERELLE_GLPI__PASSWORD", "passerelle")
        .env("PASSERELLE_IMAP__URL", plain(dovecot))
        .env("PASSERELLE_QUOTA__PER_DAY", "100000");
    for (key, value) in settings {
        command.env(format!("PASSERELLE_{}", key.to_uppercase().replace('.', "__")), value);
    }
    command.stderr(Stdio::null()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_batch_it_goes_on_without_a_second_ticket() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    // GLPI takes its time to answer: there is a middle, however fast the machine is.
    sandbox.set_failures(Rule::always(Failure::Slow(Duration::from_millis(500))).on_new_tickets());
    dovecot.store(USER, "INBOX", mails("tué", 200));
    for made in [1, 60, 130] {
        let mut gateway = serve(&dovecot, &sandbox, &[]);
        wait_until("some are made", async || sandbox.tickets().len() >= made).await;
        gateway.kill().unwrap();
        gateway.wait().unwrap();
        assert!(count(&dovecot, "INBOX") > 0, "it was killed in the middle");
    }
    sandbox.set_failures(Failures::none());
    let mut gateway = serve(&dovecot, &sandbox, &[]);
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "tué", 200);
    assert_eq!(count(&dovecot, "Traités"), 200);
    gateway.kill().unwrap();
    gateway.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_ticket_and_the_move_it_finds_the_ticket() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    // GLPI makes the ticket and takes its time to answer: the gateway dies without having heard.
    sandbox.set_failures(Rule::next(1, Failure::Slow(Duration::from_secs(20))).on_new_tickets());
    dovecot.store(USER, "INBOX", mails("sourd", 1));
    let mut gateway = serve(&dovecot, &sandbox, &[]);
    wait_until("the ticket is made", async || sandbox.tickets().len() == 1).await;
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    assert_eq!(dovecot.messages(USER, "INBOX")[0].flags, ["$PasserelleTried"], "it is unread, and said to be tried");

    let mut gateway = serve(&dovecot, &sandbox, &[]);
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "sourd", 1);
    gateway.kill().unwrap();
    gateway.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_again_and_again_loses_nothing() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    dovecot.store(USER, "INBOX", mails("coupé", 300));
    let gateway = reading(&dovecot, &sandbox, &[]).await;
    for made in [20, 100, 180] {
        wait_until("some are made", async || sandbox.tickets().len() >= made).await;
        dovecot.cut_connections();
    }
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "coupé", 300);
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_is_waited_for() {
    let (mut dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    let gateway = reading(&dovecot, &sandbox, &[]).await;
    dovecot.store(USER, "INBOX", mails("absent", 5));
    emptied(&dovecot).await;
    dovecot.stop();
    dovecot.start_again();
    dovecot.store(USER, "INBOX", [mail(DIRECTORS[0], "retour", "LSU absent 5", "Bonjour")]);
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "absent", 6);
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_glpi_is_away_messages_stay_as_they_are_and_then_are_handled() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    dovecot.store(USER, "INBOX", mails("panne", 30));
    let _gateway = reading(&dovecot, &sandbox, &[("imap.poll", "1s")]).await;
    wait_until("it has tried", async || dovecot.log().contains("imap(")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(count(&dovecot, "INBOX"), 30);
    let said = |message: &Stored| message.flags.iter().all(|flag| flag == "$PasserelleTried");
    assert!(dovecot.messages(USER, "INBOX").iter().all(said), "they are unread");

    // A gateway that starts when GLPI is back handles them at once.
    sandbox.set_failures(Failures::none());
    let second = reading(&dovecot, &sandbox, &[]).await;
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "panne", 30);
    second.finish().await;
    assert_eq!(titled(&sandbox, "panne").len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_start_only_what_was_tried_before_waits_for_what_may_be_under_way() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    dovecot.store(USER, "INBOX", mails("essai", 3));
    // A gateway that ended had begun with it.
    dovecot.set_flag(USER, "INBOX", 2, "$PasserelleTried");
    let gateway = reading(&dovecot, &sandbox, &[("glpi.aftermath", "1h")]).await;
    wait_until("the others are handled", async || count(&dovecot, "Traités") == 2).await;
    let titles: Vec<_> = sandbox.tickets().into_iter().map(|ticket| ticket.name).collect();
    assert!(titles.len() == 2 && !titles.iter().any(|title| title.contains("essai 1")), "{titles:?}");
    let flags = |folder| dovecot.messages(USER, folder).into_iter().map(|message| message.flags).collect::<Vec<_>>();
    assert_eq!(flags("INBOX"), [["$PasserelleTried"]]);
    assert_eq!(flags("Traités"), [["\\Seen"], ["\\Seen"]]);
    gateway.finish().await;
}
