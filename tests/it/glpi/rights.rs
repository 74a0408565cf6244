//! The table of rights is what the GLPI under test asks for: with all of them `check` misses none, and it names each that
//! is taken away.

use std::collections::BTreeMap;

use passerelle::glpi::{Needed, RIGHTS, Right};
use reqwest::Method;
use serde_json::{Value, json};

use super::{marker, target::Target};
use crate::{check::report, support::helpdesk::Helpdesk};

/// A profile of this test's own, and the account that has it.
struct Account {
    admin: Helpdesk,
    login: String,
    password: String,
    profile: u64,
}

impl Account {
    async fn make(target: &Target) -> Self {
        let admin = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
        let (login, password) = (marker(), format!("Aa1!{}", marker()));
        let profile = admin.add("Profile", json!({ "name": login, "interface": "central" })).await;
        // As `setup` makes it.
        let user = json!({
            "name": login, "password": password, "password2": password,
            "_profiles_id": profile, "_entities_id": 0, "_is_recursive": 1, "profiles_id": profile,
        });
        admin.add("User", user).await;
        Self { admin, login, password, profile }
    }

    /// Gives the profile these rights and no others of the table.
    async fn grant(&self, rights: &BTreeMap<&str, u64>) {
        let rows = self.admin.get(&format!("Profile/{}/ProfileRight?range=0-999", self.profile)).await;
        let row = |name: &str| rows.as_array().unwrap().iter().find(|row| row["name"] == name).map(|row| &row["id"]);
        for (name, bits) in rights {
            match row(name) {
                Some(Value::Null) | None => {
                    let input = json!({ "profiles_id": self.profile, "name": name, "rights": bits });
                    self.admin.add("ProfileRight", input).await;
                }
                Some(id) => {
                    let (path, input) = (format!("ProfileRight/{id}"), json!({ "rights": bits }));
                    self.admin.call(Method::PUT, &path, input).await;
                }
            }
        }
    }

    /// What `check` says, with everything on that may be.
    async fn check(&self, target: &Target) -> String {
        let url = target.url().to_string();
        let settings = [
            ("glpi.url", url.as_str()),
            ("glpi.login", &self.login),
            ("glpi.password", &self.password),
            ("http.listen", "127.0.0.1:0"),
            ("announcements.enabled", "true"),
            ("figures.report", "true"),
        ];
        report(&["check", "--lang", "en"], &settings).await.1
    }
}

fn all() -> BTreeMap<&'static str, u64> {
    let mut bits = BTreeMap::new();
    for right in RIGHTS {
        *bits.entry(right.name).or_default() |= right.bits;
    }
    bits
}

#[tokio::test(flavor = "multi_thread")]
async fn each_right_of_the_table_is_missed_where_it_is_taken_away() {
    let target = Target::start().await;
    let account = Account::make(&target).await;
    account.grant(&all()).await;
    let whole = account.check(&target).await;
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
        let said = account.check(&target).await;
        for right in RIGHTS.iter().filter(|right| !said_elsewhere.contains(&right.needed)) {
            let is_lacking = right.name == taken.name && right.bits & taken.bits != 0;
            assert_eq!(said.contains(&label(right)), is_lacking, "{} without {}: {said}", label(right), label(taken));
        }
    }
}
