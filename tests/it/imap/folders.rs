//! Where messages go, and what happens when they cannot go there.

use passerelle::sandbox::{Failures, Sandbox};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy},
    net::{TcpListener, TcpStream},
};

use super::support::{FOLDERS, USER, count, each_has_one_ticket, emptied, mails, plain, reading};
use crate::support::{
    dovecot::{Dovecot, Options},
    gateway::{AGENT, DIRECTORS, mail, sandbox},
    wait_until,
};

/// One message for each end there is.
fn one_of_each() -> Vec<Vec<u8>> {
    let automatic = mail(DIRECTORS[0], "auto", "LSU : absence", "Je suis absent");
    let automatic = [b"Auto-Submitted: auto-replied\r\n".as_slice(), &automatic].concat();
    vec![
        mail(DIRECTORS[0], "traité", "LSU classé 0", "Bonjour"),
        mail(AGENT, "refusé", "LSU : accès", "Bonjour"),
        automatic,
    ]
}

/// Every message of [`one_of_each`] is in its folder.
async fn each_is_in_its_folder(dovecot: &Dovecot, sandbox: &Sandbox, prefix: &str) {
    emptied(dovecot).await;
    each_has_one_ticket(sandbox, "classé", 1);
    let counts = FOLDERS.map(|folder| count(dovecot, &format!("{prefix}{folder}")));
    assert_eq!(counts, [1, 1, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_outcome_has_its_folder_which_is_made() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    dovecot.store(USER, "INBOX", one_of_each());
    let gateway = reading(&dovecot, &sandbox, &[]).await;
    each_is_in_its_folder(&dovecot, &sandbox, "").await;
    let folders = dovecot.folders(USER);
    assert!(FOLDERS.iter().all(|folder| folders.iter().any(|found| found == folder)), "{folders:?}");
    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    assert_eq!(outbox.mails().len(), 2, "a receipt and a notice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_keeps_folders_below_the_inbox_gets_them_there() {
    let dovecot = Dovecot::start_with(Options { below_inbox: true, ..Options::default() });
    let sandbox = sandbox().await;
    dovecot.store(USER, "INBOX", one_of_each());
    let _gateway = reading(&dovecot, &sandbox, &[]).await;
    each_is_in_its_folder(&dovecot, &sandbox, "INBOX.").await;
}

/// A way to this server on which each folder is made by somebody else just before a client's own CREATE comes: gives
/// its port.
async fn outrun(dovecot: &Dovecot) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (way, server) = (listener.local_addr().unwrap().port(), dovecot.port());
    let mut other = dovecot.sign_in(USER);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) =
                TcpStream::connect(("127.0.0.1", server)).await.unwrap().into_split();
            tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
            let mut from_client = BufReader::new(from_client);
            let mut line = Vec::new();
            while from_client.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
                let said = String::from_utf8_lossy(&line);
                if let Some((_, folder)) = said.trim_end().split_once(" CREATE ") {
                    other.run(&format!("CREATE {folder}"));
                }
                to_server.write_all(&line).await.unwrap();
                line.clear();
            }
        }
    });
    way
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_somebody_else_makes_at_the_same_moment_is_the_only_one() {
    for below_inbox in [false, true] {
        let dovecot = Dovecot::start_with(Options { below_inbox, ..Options::default() });
        let sandbox = sandbox().await;
        dovecot.store(USER, "INBOX", one_of_each());
        let way = outrun(&dovecot).await;
        let url = plain(&dovecot).replace(&dovecot.port().to_string(), &way.to_string());
        let _gateway = reading(&dovecot, &sandbox, &[("imap.url", &url)]).await;
        each_is_in_its_folder(&dovecot, &sandbox, if below_inbox { "INBOX." } else { "" }).await;
        let folders = dovecot.folders(USER);
        for folder in FOLDERS {
            let found = folders.iter().filter(|found| found.ends_with(folder)).count();
            assert_eq!(found, 1, "{folder} of {folders:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_move_messages_are_copied_and_deleted() {
    for hidden in [&["MOVE"][..], &["MOVE", "UIDPLUS"]] {
        let dovecot = Dovecot::start_with(Options { hidden, ..Options::default() });
        let sandbox = sandbox().await;
        dovecot.store(USER, "INBOX", mails("copié", 60));
        let gateway = reading(&dovecot, &sandbox, &[]).await;
        wait_until("all are copied", async || count(&dovecot, "Traités") == 60).await;
        wait_until("all are marked as deleted", async || {
            let left = dovecot.messages(USER, "INBOX");
            left.iter().all(|message| message.flags.iter().any(|flag| flag == "\\Deleted"))
        })
        .await;
        assert_eq!(dovecot.messages(USER, "INBOX").is_empty(), hidden == ["MOVE"], "only UIDPLUS expunges");
        each_has_one_ticket(&sandbox, "copié", 60);
        gateway.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_idle_the_mailbox_is_looked_into_now_and_then() {
    let dovecot = Dovecot::start_with(Options { hidden: &["IDLE"], ..Options::default() });
    let sandbox = sandbox().await;
    let _gateway = reading(&dovecot, &sandbox, &[("imap.poll", "1s")]).await;
    for number in 0..2 {
        let subject = format!("LSU regardé {number}");
        dovecot.store(USER, "INBOX", [mail(DIRECTORS[0], &subject.replace(' ', "-"), &subject, "Bonjour")]);
        emptied(&dovecot).await;
    }
    each_has_one_ticket(&sandbox, "regardé", 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_idle_news_wake_it_at_once() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    let _gateway = reading(&dovecot, &sandbox, &[("imap.poll", "1h")]).await;
    for number in 0..5 {
        let subject = format!("LSU annoncé {number}");
        dovecot.store(USER, "INBOX", [mail(DIRECTORS[0], &subject.replace(' ', "-"), &subject, "Bonjour")]);
        emptied(&dovecot).await;
    }
    each_has_one_ticket(&sandbox, "annoncé", 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_somebody_deleted_is_made_again() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    let _gateway = reading(&dovecot, &sandbox, &[]).await;
    dovecot.store(USER, "INBOX", mails("dossier", 3));
    emptied(&dovecot).await;
    dovecot.delete_folder(USER, "Traités");
    dovecot.store(USER, "INBOX", [mail(DIRECTORS[0], "encore", "LSU dossier 3", "Bonjour")]);
    emptied(&dovecot).await;
    assert_eq!(count(&dovecot, "Traités"), 1);
    each_has_one_ticket(&sandbox, "dossier", 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_folder_keeps_messages_in_the_inbox_and_makes_no_second_ticket() {
    let dovecot = Dovecot::start_with(Options { archives_limit: Some(10), ..Options::default() });
    let sandbox = sandbox().await;
    dovecot.create_folder(USER, "Archives/Traités");
    dovecot.store(USER, "Archives/Traités", mails("ancien", 10));
    dovecot.store(USER, "INBOX", mails("plein", 40));
    let settings = [("imap.folders.handled", "Archives/Traités"), ("imap.poll", "1s")];
    for _ in 0..2 {
        let gateway = reading(&dovecot, &sandbox, &settings).await;
        wait_until("every ticket is made", async || sandbox.tickets().len() == 40).await;
        wait_until("moving was refused", async || count(&dovecot, "INBOX") > 0).await;
        dovecot.store(USER, "INBOX", [mail(AGENT, "autre", "LSU : accès", "Bonjour")]);
        wait_until("others still go their way", async || count(&dovecot, "Refusés") > 0).await;
        gateway.finish().await;
        dovecot.delete_folder(USER, "Refusés");
    }
    assert!(count(&dovecot, "INBOX") > 0);
    each_has_one_ticket(&sandbox, "plein", 40);
    // Somebody makes room.
    dovecot.delete_folder(USER, "Archives/Traités");
    let _gateway = reading(&dovecot, &sandbox, &[]).await;
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "plein", 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_without_room_for_copies_makes_no_second_ticket_either() {
    let dovecot = Dovecot::start_with(Options { hidden: &["MOVE"], account_limit: Some(20), ..Options::default() });
    let sandbox = sandbox().await;
    dovecot.store(USER, "INBOX", mails("comble", 20));
    let gateway = reading(&dovecot, &sandbox, &[]).await;
    wait_until("every ticket is made", async || sandbox.tickets().len() == 20).await;
    gateway.finish().await;
    let gateway = reading(&dovecot, &sandbox, &[]).await;
    wait_until("it has tried again", async || dovecot.log().matches("Login: ").count() > 2).await;
    gateway.finish().await;
    each_has_one_ticket(&sandbox, "comble", 20);
    assert_eq!(count(&dovecot, "INBOX"), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_uidvalidity_settles_everything_once() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    dovecot.store(USER, "INBOX", mails("validité", 200));
    let gateway = reading(&dovecot, &sandbox, &[]).await;
    for made in [30, 120] {
        wait_until("some are made", async || sandbox.tickets().len() >= made).await;
        let validity = dovecot.uid_validity(USER, "INBOX");
        dovecot.set_uid_validity(USER, "INBOX", validity + 1);
        dovecot.cut_connections();
    }
    emptied(&dovecot).await;
    each_has_one_ticket(&sandbox, "validité", 200);
    gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_marked_as_deleted_are_left_alone_and_read_ones_are_not() {
    let (dovecot, sandbox) = (Dovecot::start(), sandbox().await);
    dovecot.store(USER, "INBOX", mails("marqué", 3));
    dovecot.set_flag(USER, "INBOX", 1, "\\Deleted");
    dovecot.set_flag(USER, "INBOX", 2, "\\Seen");
    let _gateway = reading(&dovecot, &sandbox, &[]).await;
    wait_until("the others are handled", async || count(&dovecot, "Traités") == 2).await;
    sandbox.set_failures(Failures::none());
    assert_eq!(count(&dovecot, "INBOX"), 1);
    assert_eq!(sandbox.tickets().len(), 2);
}
