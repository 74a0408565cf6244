//! What the client makes of a GLPI that fails; always against a sandbox.

use std::time::Duration;

use futures_util::{TryStreamExt as _, future::join_all};
use passerelle::glpi::{Among, Credentials, FileFate, Glpi, GlpiError, NewTicket, Settings, Trouble};
use passerelle::sandbox::{Failure, Failures, Options, Rule, Sandbox};

use super::target::settings;
use super::{fates, marker, text_file};

async fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).await.unwrap()
}

/// A client that neither retries nor pauses: each call shows what it met.
fn plain(sandbox: &Sandbox) -> Settings {
    Settings { retries: 0, breaker_failures: 0, ..settings(sandbox) }
}

fn client(settings: &Settings) -> Glpi {
    Glpi::new(settings).unwrap()
}

fn ticket(marker: &str) -> NewTicket {
    super::ticket("En panne", &format!("<p>{marker}</p>"))
}

fn unavailable(why: Trouble) -> GlpiError {
    GlpiError::Unavailable { why, retry_after: None, source: None }
}

#[tokio::test]
async fn an_unreachable_server_is_unavailable_then_left_alone() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let credentials = Credentials::UserToken("x".into());
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://{address}").parse().unwrap();
        let glpi = client(&Settings {
            retries: 0,
            breaker_failures: 2,
            breaker_pause: Duration::from_hours(1),
            ..Settings::new(url, credentials.clone())
        });
        let error = glpi.ping().await.unwrap_err();
        assert_eq!(error, unavailable(Trouble::Connection));
        let text = error.to_string();
        assert!(text.contains("no connection") && text.contains("refused"), "{text}");
        assert!(!text.contains("http"), "an address may name a person: {text}");
        assert!(std::error::Error::source(&error).is_some());
        let created = glpi.create_ticket(&ticket("x"), &[]).await;
        assert_eq!(created, Err(unavailable(Trouble::Connection)));
        let Err(GlpiError::Unavailable { why, retry_after, .. }) = glpi.ping().await else {
            panic!("a call went through");
        };
        assert_eq!(why, Trouble::Paused);
        assert!(retry_after.is_some());
    }
}

#[tokio::test]
async fn a_document_is_asked_for_as_anything_else() {
    let sandbox = sandbox().await;
    let glpi = client(&Settings { breaker_failures: 2, breaker_pause: Duration::from_hours(1), ..settings(&sandbox) });
    let made = glpi.create_ticket(&ticket(&marker()), &[text_file("a.txt", "Bonjour")]).await.unwrap();
    let document = glpi.ticket_documents(made.id).await.unwrap().remove(0).id;

    sandbox.set_failures(Rule::next(1, Failure::BadGateway));
    let pieces: Vec<_> = glpi.download(document).await.unwrap().into_stream().try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"Bonjour", "it is tried again");

    sandbox.set_failures(Rule::always(Failure::BadGateway));
    let Err(GlpiError::Unavailable { why: Trouble::Status(502) | Trouble::Paused, .. }) = glpi.download(document).await
    else {
        panic!("a document came");
    };
    let before = sandbox.calls();
    let Err(GlpiError::Unavailable { why: Trouble::Paused, .. }) = glpi.download(document).await else {
        panic!("a document came");
    };
    assert_eq!(sandbox.calls(), before, "it waits as all calls do");
}

#[test]
fn a_secret_that_no_header_carries_is_named() {
    let url: url::Url = "http://127.0.0.1".parse().unwrap();
    let credentials = Credentials::UserToken("a\nb".into());
    let error = Glpi::new(&Settings::new(url, credentials)).err().unwrap();
    assert!(error.to_string().contains("user_token"), "{error}");
}

#[tokio::test]
async fn maintenance_is_unavailable_and_writes_nothing() {
    let sandbox = sandbox().await;
    let glpi = client(&plain(&sandbox));
    glpi.ping().await.unwrap();
    sandbox.set_failures(Failure::Maintenance);
    let expected = unavailable(Trouble::Maintenance);
    assert_eq!(glpi.ping().await, Err(expected.clone()));
    let created = glpi.create_ticket(&ticket("x"), &[]).await;
    assert_eq!(created, Err(expected.clone()));
    let fresh = client(&plain(&sandbox));
    assert_eq!(fresh.ping().await, Err(expected));

    sandbox.set_failures(Failures::none());
    glpi.ping().await.unwrap();
    assert!(sandbox.tickets().is_empty());
}

#[tokio::test]
async fn a_5xx_is_harmless_to_a_read_and_uncertain_for_a_write() {
    for (failure, status) in [(Failure::ServerError, 500), (Failure::BadGateway, 502)] {
        let sandbox = sandbox().await;
        let glpi = client(&plain(&sandbox));
        glpi.ping().await.unwrap();
        sandbox.set_failures(failure);
        let why = Trouble::Status(status);
        assert_eq!(glpi.ping().await, Err(unavailable(why)));
        // a session whose call failed is not used again: this one could not even open another
        assert_eq!(glpi.ping().await, Err(unavailable(why)));

        sandbox.set_failures(Rule::always(failure).on_new_tickets());
        let created = glpi.create_ticket(&ticket("x"), &[]).await;
        assert_eq!(created, Err(GlpiError::AnswerLost { why, together: 1, source: None }));
    }
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_a_search() {
    let sandbox = sandbox().await;
    let glpi = client(&settings(&sandbox));
    sandbox.set_failures(Rule::next(1, Failure::AnswerLost).on_new_tickets());
    let marker = marker();
    let lost = glpi.create_ticket(&ticket(&marker), &[]).await;
    let why = Trouble::Cut;
    assert_eq!(lost, Err(GlpiError::AnswerLost { why, together: 1, source: None }));

    let found = glpi.tickets_containing(&[&marker], 2).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(sandbox.tickets().len(), 1);
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_lost_for_a_write() {
    let sandbox = sandbox().await;
    let glpi = client(&Settings { timeout: Duration::from_secs(1), ..plain(&sandbox) });
    glpi.ping().await.unwrap();
    let slow = Failure::Slow(Duration::from_hours(1));
    sandbox.set_failures(Rule::next(1, slow).on_new_tickets());
    let marker = marker();
    let lost = glpi.create_ticket(&ticket(&marker), &[]).await;
    let why = Trouble::Timeout;
    assert_eq!(lost, Err(GlpiError::AnswerLost { why, together: 1, source: None }));
    let found = glpi.tickets_containing(&[&marker], 2).await.unwrap();
    assert_eq!(found.len(), 1);

    sandbox.set_failures(Rule::next(1, slow));
    assert_eq!(glpi.ping().await, Err(unavailable(why)));
}

#[tokio::test]
async fn a_connection_cut_at_once_is_uncertain_for_a_write() {
    let sandbox = sandbox().await;
    let glpi = client(&plain(&sandbox));
    glpi.ping().await.unwrap();
    sandbox.set_failures(Failure::Down);
    assert_eq!(glpi.ping().await, Err(unavailable(Trouble::Cut)));
    sandbox.set_failures(Rule::always(Failure::Down).on_new_tickets());
    let why = Trouble::Cut;
    let created = glpi.create_ticket(&ticket("x"), &[]).await;
    assert_eq!(created, Err(GlpiError::AnswerLost { why, together: 1, source: None }));
}

#[tokio::test]
async fn a_read_is_repeated_and_an_uncertain_write_is_not() {
    let sandbox = sandbox().await;
    let glpi = client(&Settings { retries: 2, ..plain(&sandbox) });
    glpi.ping().await.unwrap();
    sandbox.set_failures(Rule::next(2, Failure::BadGateway));
    glpi.ping().await.unwrap();

    sandbox.set_failures(Rule::next(1, Failure::BadGateway).on_new_tickets());
    let created = glpi.create_ticket(&ticket("x"), &[]).await;
    assert!(matches!(created, Err(GlpiError::AnswerLost { .. })), "{created:?}");
    assert!(sandbox.tickets().is_empty());
}

/// What waits for a session and goes together is told of a failure to open one after as many tries as any call has.
#[tokio::test]
async fn what_goes_together_outlives_a_session_that_could_not_be_opened() {
    for failure in [Failure::BadGateway, Failure::ServerError, Failure::Down] {
        for sessions in [1, 4] {
            let sandbox = sandbox().await;
            let glpi = client(&Settings { retries: 2, sessions, ..plain(&sandbox) });
            sandbox.set_failures(Rule::next(2, failure));
            let among = Among { expected: 25, most: usize::MAX, is_patient: true };
            let new = ticket("ensemble");
            let made = join_all((0..25).map(|_| glpi.create_ticket_among(&new, among, || async { true }))).await;
            for made in made {
                assert!(matches!(made, Ok(Some(_))), "{failure:?}, {sessions} sessions: {made:?}");
            }
            assert_eq!(sandbox.tickets().len(), 25);
            let fresh = client(&Settings { retries: 2, sessions, ..plain(&sandbox) });
            sandbox.set_failures(Rule::next(2, failure));
            for found in join_all((0..25).map(|_| fresh.tickets_containing(&["ensemble"], 2))).await {
                assert_eq!(found.map(|found| found.len()), Ok(25), "{failure:?}, {sessions} sessions");
            }
        }
    }
}

#[tokio::test]
async fn forgotten_sessions_are_opened_again_and_the_call_made_once() {
    let sandbox = sandbox().await;
    let glpi = client(&Settings { sessions: 3, ..plain(&sandbox) });
    let pings = || join_all((0..12).map(|_| glpi.ping()));
    for ping in pings().await {
        ping.unwrap();
    }
    let open = sandbox.open_sessions();
    assert!((1..=3).contains(&open), "{open} sessions");

    sandbox.forget_sessions();
    let creations = (0..12).map(|_| async {
        let made = glpi.create_ticket(&ticket("x"), &[]).await;
        made.unwrap().id
    });
    join_all(creations).await;
    assert_eq!(sandbox.tickets().len(), 12);
    assert!(sandbox.open_sessions() <= 3);

    sandbox.set_failures(Rule::next(1, Failure::SessionForgotten).on_new_tickets());
    glpi.create_ticket(&ticket("x"), &[]).await.unwrap();
    assert_eq!(sandbox.tickets().len(), 13);

    glpi.close().await;
    assert_eq!(sandbox.open_sessions(), 0);
}

#[tokio::test]
async fn after_failures_in_a_row_calls_are_paused_and_then_probed() {
    let sandbox = sandbox().await;
    let pause = Duration::from_millis(50);
    let glpi = client(&Settings { breaker_failures: 3, breaker_pause: pause, ..plain(&sandbox) });
    glpi.ping().await.unwrap();
    sandbox.set_failures(Failure::ServerError);
    for _ in 0..3 {
        assert_eq!(glpi.ping().await, Err(unavailable(Trouble::Status(500))));
    }
    sandbox.set_failures(Failures::none());
    // it tells how long it holds back
    while let Err(error) = glpi.ping().await {
        let GlpiError::Unavailable { why, retry_after, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(why, Trouble::Paused);
        assert!(retry_after.unwrap() <= pause);
        tokio::time::sleep(retry_after.unwrap()).await;
    }
    glpi.create_ticket(&ticket("x"), &[]).await.unwrap();
}

#[tokio::test]
async fn a_file_left_out_of_a_201_is_named() {
    let sandbox = sandbox().await;
    let glpi = client(&settings(&sandbox));
    sandbox.set_failures(Rule::next(1, Failure::FileLeftOut).on_new_tickets());
    let files = [text_file("a.txt", "a"), text_file("b.txt", "b")];
    let created = glpi.create_ticket(&ticket("x"), &files).await.unwrap();
    assert_eq!(fates(&created), [("a.txt", true), ("b.txt", false)]);

    sandbox.set_failures(Rule::next(1, Failure::FileLeftOut).on_new_tickets());
    let created = glpi.create_ticket(&ticket("x"), &files[..1]).await.unwrap();
    let FileFate::NotTaken(why) = &created.files[0].fate else {
        panic!("{created:?}");
    };
    assert!(why.contains("upload_max_filesize"), "{why}");
}

#[tokio::test]
async fn files_that_cannot_be_read_back_do_not_undo_their_ticket() {
    let sandbox = sandbox().await;
    let glpi = client(&plain(&sandbox));
    let files = [text_file("a.txt", "a"), text_file("b.exe", "b")];
    glpi.ping().await.unwrap();
    // the creation passes, what follows does not
    let creation = Rule::next(1, Failure::Slow(Duration::ZERO)).on_new_tickets();
    sandbox.set_failures(Failures(vec![creation, Rule::always(Failure::BadGateway)]));
    let created = glpi.create_ticket(&ticket("x"), &files).await.unwrap();
    let fates: Vec<&FileFate> = created.files.iter().map(|file| &file.fate).collect();
    // GLPI's answer describes the first file
    assert_eq!(fates, [&FileFate::Taken, &FileFate::Unknown]);
}

#[tokio::test]
async fn more_bytes_than_glpi_takes_are_too_large() {
    let sandbox = sandbox().await;
    let glpi = client(&settings(&sandbox));
    let limit = passerelle::sandbox::Limits::default().request;
    let huge = text_file("a.txt", &"a".repeat(limit + 1));
    let created = glpi.create_ticket(&ticket("x"), &[huge]).await;
    assert_eq!(created, Err(GlpiError::TooLarge));
    assert!(sandbox.tickets().is_empty());
}

#[tokio::test]
async fn an_account_without_the_right_is_denied_by_name() {
    let sandbox = sandbox().await;
    let glpi = client(&Settings {
        credentials: Credentials::Login { login: "dir1".to_owned(), password: "dir1".into() },
        ..plain(&sandbox)
    });
    let denied = glpi.groups_named("DSI-BAI").await;
    let Err(GlpiError::Denied { code, .. }) = denied else {
        panic!("{denied:?}");
    };
    assert_eq!(code, "ERROR_RIGHT_MISSING");
    assert_eq!(glpi.uploadable_types().await, Ok(None));
    assert_eq!(glpi.ticket_notices(&["new"]).await, Ok(None));
}

#[tokio::test]
async fn the_application_token_goes_along() {
    let options = Options { app_token: Some("jeton".to_owned()), ..Options::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    for (token, welcome) in [(Some("jeton"), true), (Some("faux"), false), (None, false)] {
        let glpi = client(&Settings { app_token: token.map(Into::into), ..plain(&sandbox) });
        let ping = glpi.ping().await;
        assert_eq!(ping.is_ok(), welcome, "{ping:?}");
        assert!(matches!(ping, Ok(()) | Err(GlpiError::Denied { .. })));
    }
}
