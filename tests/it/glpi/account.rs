//! Sessions, names, people, and what the account may do.

use std::{collections::BTreeSet, time::Duration};

use passerelle::glpi::{Credentials, Glpi, GlpiError, Profile, Settings, Trouble};
use passerelle::id::{EntityId, UserId};

use super::target::Target;
use super::{category, director, group, only};

#[tokio::test]
async fn sessions_open_close_and_open_again() {
    let target = Target::start().await;
    let glpi = target.client();
    glpi.ping().await.unwrap();
    glpi.close().await;
    glpi.ping().await.unwrap();
    glpi.close().await;
}

#[tokio::test]
async fn wrong_credentials_are_denied() {
    let target = Target::start().await;
    let login = Credentials::Login { login: "passerelle".to_owned(), password: "faux".into() };
    let token = Credentials::UserToken("faux".into());
    for (credentials, expected) in [(login, "ERROR_GLPI_LOGIN"), (token, "ERROR_GLPI_LOGIN_USER_TOKEN")] {
        let glpi = Glpi::new(&Settings::new(target.url(), credentials)).unwrap();
        let pings = (0..8).map(|_| glpi.ping());
        for ping in futures_util::future::join_all(pings).await {
            let Err(GlpiError::Denied { code, .. }) = ping else {
                panic!("{ping:?}");
            };
            assert_eq!(code, expected);
        }
    }
}

#[tokio::test]
async fn names_are_found_exactly_or_not_at_all() {
    let target = Target::start().await;
    let glpi = target.client();
    for name in ["Référents-LSU", "DSI-BAI", "Directeurs d'école"] {
        assert!(only(&glpi.groups_named(name).await.unwrap()).is_some(), "{name}");
    }
    for name in ["référents-lsu", "Referents-LSU", "Référents", "R%", "", "Référents-LSU > X"] {
        assert_eq!(only(&glpi.groups_named(name).await.unwrap()), None, "{name}");
    }
    let categories = ["Scolarité", "Scolarité > LSU", "Scolarité > ONDE"];
    let mut ids = BTreeSet::new();
    for path in categories {
        ids.insert(category(&glpi, path).await);
    }
    assert_eq!(ids.len(), categories.len());
    for path in ["LSU", "Scolarité > lsu", "Scolarité % LSU", "Scolarité > LSU > X"] {
        assert_eq!(only(&glpi.categories_at(path).await.unwrap()), None, "{path}");
    }
    // The least profile reads none of these: a mapping that names one needs the right.
    let optional = [
        glpi.entity_by_path("Nulle part").await.map(|found| found.map(EntityId::get)),
        glpi.locations_at("Nulle part").await.map(|found| only(&found)),
    ];
    for found in optional {
        assert!(matches!(found, Ok(None) | Err(GlpiError::Denied { .. })), "{found:?}");
    }
}

#[tokio::test]
async fn a_person_is_found_by_address_whatever_its_case() {
    let target = Target::start().await;
    let glpi = target.client();
    let director = director(&glpi).await;
    let lower = glpi.user_by_email("ce.0210001a@ac-dijon.fr").await.unwrap();
    assert_eq!(lower, Some(director));
    for unknown in ["nobody@ac-dijon.fr", "0210001A@ac-dijon.fr", "ce.021%@ac-dijon.fr", "o'neil+x@y", ""] {
        assert_eq!(glpi.user_by_email(unknown).await.unwrap(), None, "{unknown}");
    }
}

#[tokio::test]
async fn membership_tells_directors_from_others() {
    let target = Target::start().await;
    let glpi = target.client();
    let directors = group(&glpi, "Directeurs d'école").await;
    let director = director(&glpi).await;
    let agent = glpi.user_by_email("agent.simple@ac-dijon.fr").await.unwrap();
    assert!(glpi.groups_of_user(director).await.unwrap().contains(&directors));
    assert!(!glpi.groups_of_user(agent.unwrap()).await.unwrap().contains(&directors));
    let nobody = glpi.groups_of_user(UserId::new(99_999_999)).await;
    assert_eq!(nobody, Err(GlpiError::NotFound));
}

#[tokio::test]
async fn the_account_knows_what_it_may_do() {
    let target = Target::start().await;
    let glpi = target.client();
    let info = glpi.server_info().await.unwrap();
    assert!(info.version.split('.').count() >= 3, "{info:?}");
    assert!(info.document_max_size > 0 && info.url_base.starts_with("http"), "{info:?}");
    let profile = glpi.active_profile().await.unwrap();
    assert_eq!(profile.interface, "central");
    // 4096: a follow-up on any ticket.
    for (right, bits) in [("ticket", Profile::CREATE), ("document", Profile::READ), ("followup", 4096)] {
        assert!(profile.may(right, bits), "{right}");
    }
    assert!(!profile.may("unheard of", Profile::READ));

    let types = glpi.uploadable_types().await.unwrap();
    assert_eq!(types.is_some(), profile.may("typedoc", Profile::READ));
    if let Some(types) = types {
        assert!(types.accept("Résumé.PDF") && types.accept("a.txt"));
        assert!(!types.accept("a.exe") && !types.accept("sans-extension"));
    }
}

#[tokio::test]
async fn a_session_that_is_taken_for_a_turn_waits_for_nobody_and_nobody_else_has_it() {
    let target = Target::start().await;
    let (login, password) = super::target::account();
    let mut settings = Settings::new(target.url(), Credentials::Login { login, password: password.into() });
    (settings.sessions, settings.timeout) = (1, Duration::from_secs(2));
    (settings.retries, settings.connect_timeout) = (0, Duration::from_secs(5));
    let glpi = Glpi::new(&settings).unwrap();
    glpi.ping().await.unwrap();
    let turn = glpi.in_turn().await.unwrap();
    let (other, first) = tokio::join!(glpi.ping(), turn.ping());
    assert!(matches!(other, Err(GlpiError::Unavailable { why: Trouble::Busy, .. })), "{other:?}");
    assert_eq!((first, turn.ping().await), (Ok(()), Ok(())));
    drop(turn);
    assert_eq!(glpi.ping().await, Ok(()));
}
