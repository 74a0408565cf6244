//! The table of rights is what the GLPI under test asks for: with all of them `check` misses none, and it names each that
//! is taken away.

use passerelle::glpi::{Needed, RIGHTS, Right};

use super::{
    own_account::{OwnAccount, all},
    target::Target,
};
use crate::check::report;

/// What `check` says to this account, with everything on that may be.
async fn check(account: &OwnAccount, target: &Target) -> String {
    let url = target.url().to_string();
    let settings = [
        ("glpi.url", url.as_str()),
        ("glpi.login", &account.login),
        ("glpi.password", &account.password),
        ("http.listen", "127.0.0.1:0"),
        ("announcements.enabled", "true"),
        ("figures.report", "true"),
    ];
    report(&["check", "--lang", "en"], &settings).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn each_right_of_the_table_is_missed_where_it_is_taken_away() {
    let target = Target::start().await;
    let account = OwnAccount::make(&target).await;
    account.grant(&all()).await;
    let whole = check(&account, &target).await;
    let label = |right: &Right| right.label().text(passerelle::text::Language::English).to_owned();
    assert!(whole.contains("has every right needed"), "{whole}");
    for right in RIGHTS {
        assert!(!whole.contains(&label(right)), "{} in {whole}", label(right));
    }
    // What mappings alone ask for, and what `check` alone reads, is said elsewhere.
    let said_elsewhere = [Needed::Locations, Needed::Entities, Needed::Notifications];
    for taken in RIGHTS.iter().filter(|right| !said_elsewhere.contains(&right.needed)) {
        let mut rights = all();
        rights.entry(taken.name).and_modify(|bits| *bits &= !taken.bits);
        account.grant(&rights).await;
        let said = check(&account, &target).await;
        for right in RIGHTS.iter().filter(|right| !said_elsewhere.contains(&right.needed)) {
            let is_lacking = right.name == taken.name && right.bits & taken.bits != 0;
            assert_eq!(said.contains(&label(right)), is_lacking, "{} without {}: {said}", label(right), label(taken));
        }
    }
}
