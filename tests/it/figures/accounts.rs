//! Tickets that GLPI's own collector made tell where they are from by their requester's account alone.

use std::fmt::Write as _;

use jiff::Timestamp;
use passerelle::{
    figures::{FigureChoice, Figures, Period, Share},
    people::{Rights, Role},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    gateway::{app, sandbox},
    helpdesk::Helpdesk,
};

/// Accounts of directors, and of people of whom the directory knows nothing.
const DIRECTORS: usize = 130;
const OTHERS: usize = 20;

fn uai(number: usize) -> String {
    format!("{}{number:04}A", ["021", "058"][number % 2])
}

/// How many requests there are of each name.
fn counts(shares: &[Share]) -> Vec<(Option<&str>, u32)> {
    shares.iter().map(|share| (share.name.as_deref(), share.requests.now)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn requesters_with_an_account_say_where_their_tickets_are_from() {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    let mut list = "email;name;role;uai\n".to_owned();
    let mut accounts = Vec::new();
    for number in 0..DIRECTORS + OTHERS {
        let address = format!("personne.{number}@ac-dijon.fr");
        if number < DIRECTORS {
            writeln!(list, "{address};Personne;directeur;{}", uai(number)).unwrap();
        }
        let account = staff.add("User", json!({"name": format!("personne{number}")})).await;
        // The directory knows the second one.
        for address in [format!("ancienne.{number}@ac-dijon.fr"), address] {
            staff.add("UserEmail", json!({"users_id": account, "email": address})).await;
        }
        accounts.push(account);
    }
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("directors.csv");
    std::fs::write(&csv, list).unwrap();
    let ticket = |account: &u64| json!({"name": "LSU : lent", "itilcategories_id": 2, "_users_id_requester": account});
    let tickets: Vec<Value> = accounts.iter().chain(&accounts).map(ticket).collect();
    staff.call(Method::POST, "Ticket", tickets.into()).await;
    let settings = [("directory.csv", csv.to_str().unwrap()), ("directory.sources", "csv")];
    let app = app(sandbox.url().as_str(), &settings);
    let calls = sandbox.calls();
    app.figures.read_anew().await.unwrap();
    let (calls, read) = (sandbox.calls() - calls, app.figures.progress().known);
    // A page, its origins, the session, escalations, refused solutions; the accounts are two searches.
    assert!(read == 2 * (DIRECTORS + OTHERS) && calls <= 8 + 2, "{calls} calls for {read} tickets");
    let figures = || -> Figures {
        let month = Period::month(Timestamp::now().in_tz("Europe/Paris").unwrap().date());
        app.figures.answer(&FigureChoice::of(month), &Rights::of([Role::Operator]))
    };
    assert_eq!(counts(&figures().departments), [(Some("021"), 130), (Some("058"), 130), (None, 40)]);
    assert_eq!(figures().schools_asking as usize, DIRECTORS);
    // An account is asked for once; a new one once more, with what is new.
    for more in [0, 1] {
        let made = if more == 0 { accounts[..5].to_vec() } else { vec![accounts[7], new_account(&staff).await] };
        let made: Vec<Value> = made.iter().map(ticket).collect();
        staff.call(Method::POST, "Ticket", made.into()).await;
        let calls = sandbox.calls();
        app.figures.refresh().await.unwrap();
        // What has changed, its origins, how many there are, escalations and refused solutions.
        assert!(sandbox.calls() - calls <= 5 + more, "{} calls", sandbox.calls() - calls);
    }
    assert_eq!(counts(&figures().departments), [(Some("058"), 134), (Some("021"), 133), (None, 40)]);
}

/// The account of a school, whose address has its code.
async fn new_account(staff: &Helpdesk) -> u64 {
    let account = staff.add("User", json!({"name": "ecole"})).await;
    staff.add("UserEmail", json!({"users_id": account, "email": "ce.0580999z@ac-dijon.fr"})).await;
    account
}
