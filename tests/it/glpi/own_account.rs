//! A profile of a test's own, and the account that has it.

use std::collections::BTreeMap;

use passerelle::glpi::{Glpi, RIGHTS, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    marker,
    target::{Target, login},
};
use crate::support::helpdesk::Helpdesk;

/// An account whose rights the test chooses.
pub(super) struct OwnAccount {
    admin: Helpdesk,
    pub(super) login: String,
    pub(super) password: String,
    profile: u64,
}

impl OwnAccount {
    pub(super) async fn make(target: &Target) -> Self {
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
    pub(super) async fn grant(&self, rights: &BTreeMap<&str, u64>) {
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

    /// GLPI as this account sees it.
    pub(super) fn client(&self, target: &Target) -> Glpi {
        Glpi::new(&Settings::new(target.url(), login(&self.login, &self.password))).unwrap()
    }
}

/// The whole table of rights, but for those of this name.
pub(super) fn all_but(name: &str) -> BTreeMap<&'static str, u64> {
    let mut rights = all();
    rights.insert(RIGHTS.iter().find(|right| right.name == name).unwrap().name, 0);
    rights
}

/// The whole table of rights.
pub(super) fn all() -> BTreeMap<&'static str, u64> {
    let mut bits = BTreeMap::new();
    for right in RIGHTS {
        *bits.entry(right.name).or_default() |= right.bits;
    }
    bits
}
