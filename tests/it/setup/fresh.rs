//! From a GLPI as it comes to its first ticket, by `passerelle setup` alone. Before the stand-ins; with `GLPI_SETUP_URL`,
//! `GLPI_SETUP_LOGIN` and `GLPI_SETUP_PASSWORD`, a Super-Admin's, before that GLPI, which is not as it was afterwards.

use std::{
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use passerelle::sandbox::{Options, Sandbox};
use serde_json::Value;
use url::Url;

use super::{becomes_a_ticket, id, setup_at, to_make};
use crate::{
    commands::{passerelle, run, text},
    support::helpdesk::Helpdesk,
};

/// Nobody's in the stand-ins, so that a list of directors says who it is, as where nothing else is set up.
const DIRECTOR: &str = "jeanne.martin@ac-dijon.fr";
/// What setup makes, as far as every GLPI has it.
const MADE: [&str; 6] = ["Profile", "User", "Group", "ITILCategory", "APIClient", "NotificationTarget"];

/// A GLPI, and who makes it ready.
struct Fresh {
    url: Url,
    login: String,
    password: String,
    _stand_in: Option<Sandbox>,
}

impl Fresh {
    async fn stand_in(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        Self { url: sandbox.url(), login: "glpi".into(), password: "glpi".into(), _stand_in: Some(sandbox) }
    }

    /// The one of the environment, else a 10 and an 11.
    async fn all() -> Vec<Self> {
        let Ok(url) = std::env::var("GLPI_SETUP_URL") else {
            return vec![Self::stand_in(Options::default()).await, Self::stand_in(Options::eleven()).await];
        };
        let [login, password] =
            ["GLPI_SETUP_LOGIN", "GLPI_SETUP_PASSWORD"].map(|name| std::env::var(name).expect(name));
        vec![Self { url: url.parse().expect("GLPI_SETUP_URL is a URL"), login, password, _stand_in: None }]
    }

    async fn setup(&self, into: &Path, more: &[&str]) -> String {
        let (code, shown) = setup_at(&self.url, (&self.login, &self.password), into, more).await;
        assert_eq!(code, Some(0), "{shown}");
        shown
    }

    async fn admin(&self) -> Helpdesk {
        Helpdesk::sign_in(&self.url, &self.login, &self.password).await
    }
}

/// All rows of these kinds, but for what a sign-in changes.
async fn rows(admin: &Helpdesk, kinds: &[&str]) -> Vec<Value> {
    let mut all = Vec::new();
    for kind in kinds {
        let mut rows = admin.get(&format!("{kind}?range=0-999")).await;
        for row in rows.as_array_mut().unwrap() {
            let row = row.as_object_mut().unwrap_or_else(|| panic!("{kind} cannot be listed"));
            if *kind == "User" {
                row.retain(|name, _| name != "last_login" && name != "date_mod");
            }
        }
        all.push(rows);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glpi_as_it_comes_is_made_ready_and_takes_a_mail() {
    for glpi in Fresh::all().await {
        let folder = tempfile::tempdir().unwrap();
        let [directors, file] = ["directors.csv", "passerelle.toml"].map(|name| folder.path().join(name));
        fs::write(&directors, format!("email;name;school;uai\n{DIRECTOR};Jeanne Martin;École Voltaire;0210001A\n"))
            .unwrap();
        // Of this run alone: a GLPI that another one made ready keeps the token it had made.
        let run_of = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let account = format!("passerelle.{run_of}");
        let apply = ["--apply", "--account", &account, "--directors", directors.to_str().unwrap()];

        let shown = glpi.setup(folder.path(), &apply).await;
        assert!(shown.contains("created        token") && shown.contains("Everything is in place."), "{shown}");
        let admin = glpi.admin().await;
        let kinds = if shown.contains("This GLPI has no webhooks") {
            MADE.to_vec()
        } else {
            [&MADE[..], &["Webhook"]].concat()
        };
        let made = rows(&admin, &kinds).await;
        let written = fs::read_to_string(&file).unwrap();
        let shown = glpi.setup(folder.path(), &apply).await;
        assert!(to_make(&shown).is_empty() && !shown.contains("created  ") && !shown.contains("changed  "), "{shown}");
        assert_eq!(rows(&admin, &kinds).await, made, "the second time changes nothing");
        assert_eq!(fs::read_to_string(&file).unwrap(), written);

        let check = run(passerelle(&["--config", file.to_str().unwrap(), "check"], &[]), b"").await;
        let report = text(&check.stdout);
        assert!(check.status.success() && report.contains("has every right needed"), "{report}");

        let title = format!("LSU : après setup {run_of}");
        becomes_a_ticket(&file, DIRECTOR, &account, &title).await;
        let ticket = id(&admin, "Ticket", |row| row["name"].as_str().unwrap().contains(&title)).await;
        let group = id(&admin, "Group", |row| row["name"] == "Référents-LSU").await;
        let assigned = admin.get(&format!("Ticket/{ticket}/Group_Ticket")).await;
        let assigned = assigned.as_array().unwrap();
        assert!(assigned.iter().any(|row| row["groups_id"] == group && row["type"] == 2), "{assigned:?}");
    }
}
