//! Who is who in GLPI: asked once, however many ask at the same time.

use futures_util::future::{join_all, try_join_all};
use jiff::civil::{DateTime, date};
use passerelle::{
    glpi::{Glpi, GlpiError, ItemKind, Settings, Trouble},
    sandbox::{Failure, Failures, Options, Rule, Sandbox},
};

use super::target::settings;
use super::{director, group};

const FORTY: usize = 40;
const DIRECTOR: &str = "ce.0210001A@ac-dijon.fr";

fn now() -> DateTime {
    date(2026, 11, 25).at(10, 0, 0, 0)
}

/// A stand-in and a client that has its sessions already: what it calls from now on are questions.
async fn warm(change: impl FnOnce(&mut Settings)) -> (Sandbox, Glpi) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let mut settings = settings(&sandbox);
    change(&mut settings);
    let glpi = Glpi::new(&settings).unwrap();
    let pings = (0..settings.sessions * 4).map(|_| glpi.ping());
    try_join_all(pings).await.unwrap();
    (sandbox, glpi)
}

#[tokio::test]
async fn forty_who_ask_at_the_same_time_make_the_calls_of_one() {
    let (sandbox, glpi) = warm(|_| {}).await;
    let (director, bai) = (director(&glpi).await, group(&glpi, "DSI-BAI").await);

    // What one alone costs, whoever remembers nothing.
    let before = sandbox.calls();
    let account = glpi.account_by_email(DIRECTOR, now()).await.unwrap().unwrap();
    let (name, members) = (glpi.name_of_user(director).await.unwrap(), glpi.group_members(bai).await.unwrap());
    let categories = glpi.categories_at("Scolarité > LSU").await.unwrap();
    glpi.server_info().await.unwrap();
    let alone = sandbox.calls() - before;

    let before = sandbox.calls();
    let crowd = (0..FORTY).map(|_| async {
        let directory = glpi.directory();
        let found = tokio::try_join!(
            directory.account(DIRECTOR, now()),
            directory.active_account(DIRECTOR),
            directory.name(director),
            directory.members(bai),
            directory.items(ItemKind::Category, "Scolarité > LSU"),
            directory.server(),
        );
        let (found, active, called, of_group, items, _) = found.unwrap();
        assert_eq!((found.unwrap().id, active), (account.id, Some(director)));
        assert_eq!((called.as_str(), of_group.as_slice(), items.as_slice()), (&*name, &*members, &*categories));
    });
    join_all(crowd).await;
    assert_eq!(sandbox.calls() - before, alone);

    // Clones share what is known; who is looked up anew is asked for once more.
    let clone = glpi.clone();
    assert!(clone.directory().knows_account(DIRECTOR));
    clone.directory().forget_account(DIRECTOR).await;
    assert!(!glpi.directory().knows_account(DIRECTOR));
}

#[tokio::test]
async fn a_failure_answers_all_who_waited_and_is_not_kept() {
    let (sandbox, glpi) = warm(|settings| (settings.retries, settings.breaker_failures) = (0, 0)).await;
    let bai = group(&glpi, "DSI-BAI").await;
    sandbox.set_failures(Rule::always(Failure::BadGateway));
    let before = sandbox.calls();
    let failed = join_all((0..FORTY).map(|_| glpi.directory().members(bai))).await;
    let unavailable =
        |answer: &Result<_, GlpiError>| matches!(answer, Err(GlpiError::Unavailable { why: Trouble::Status(502), .. }));
    assert!(failed.iter().all(unavailable), "{failed:?}");
    assert_eq!(sandbox.calls() - before, 1);
    sandbox.set_failures(Failures::none());
    assert!(glpi.directory().members(bai).await.is_ok());
}

#[tokio::test]
async fn a_name_that_glpi_does_not_have_is_asked_for_again() {
    let (sandbox, glpi) = warm(|_| {}).await;
    let before = sandbox.calls();
    for _ in 0..2 {
        assert!(glpi.directory().items(ItemKind::Group, "Nulle part").await.unwrap().is_empty());
    }
    assert_eq!(sandbox.calls() - before, 2);
}
