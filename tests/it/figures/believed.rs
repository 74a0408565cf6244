//! Anybody can write what looks like the gateway's own opening: what counts by application believes none but the gateway's.

use jiff::Timestamp;
use passerelle::{
    app::App,
    figures::{ExpectedDelay, Period, ProposedArticle},
    sandbox::Sandbox,
};
use serde_json::json;

use crate::support::{
    gateway::{DIRECTORS, Gateway, app, sandbox},
    helpdesk::Helpdesk,
};

/// Requests of the gateway's own that are solved, and of others that open as those do.
const OWN: usize = 6;
const FORGED: usize = 4;

/// Mappings of which two share a category.
fn sharing() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let onde = include_str!("../../../mappings/onde.toml");
    let onde = onde.replace("category = \"Scolarité > ONDE\"", "category = \"Scolarité > LSU\"");
    std::fs::write(folder.path().join("lsu.toml"), include_str!("../../../mappings/lsu.toml")).unwrap();
    std::fs::write(folder.path().join("onde.toml"), onde).unwrap();
    folder
}

/// Requests on LSU, and tickets of a technician's that open as requests on LSU and on ONDE do, all in one category and
/// solved.
async fn filled(sandbox: &Sandbox, mappings: &str) -> App {
    let settings = [("mappings.dir", mappings), ("quota.per_day", "100")];
    let gateway = Gateway::start(sandbox, &settings).await;
    for at in 0..OWN {
        let form = json!({
            "requester": DIRECTORS[0], "application": "LSU", "title": "Bilan grisé", "description": format!("Bonjour {at}"),
        });
        let answer = gateway.post_form(&form, None).await;
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
    }
    gateway.finish().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    let own = staff.get(&format!("Ticket/{}", sandbox.tickets()[0].id)).await;
    let opening = own["content"].as_str().unwrap();
    for application in ["LSU", "ONDE"] {
        let content = opening.replace("LSU", application);
        assert_eq!(content.contains("ONDE"), application == "ONDE", "{content}");
        for at in 0..FORGED {
            let input = json!({
                "name": format!("{application} : page blanche {at}"), "content": content,
                "itilcategories_id": own["itilcategories_id"],
            });
            staff.add("Ticket", input).await;
        }
    }
    for ticket in sandbox.tickets() {
        staff.solve(u64::try_from(ticket.id).unwrap(), "<p>Clôturez d’abord la période précédente.</p>").await;
    }
    app(sandbox.url().as_str(), &settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_to_expect_counts_the_gateways_own_where_applications_share_a_category() {
    let (sandbox, folder) = (sandbox().await, sharing());
    let app = filled(&sandbox, folder.path().to_str().unwrap()).await;
    let expected = app.portal.expected_delays();
    expected.refresh().await;
    let requests = |application: &str| expected.of(application).map(|ExpectedDelay { requests, .. }| requests);
    assert_eq!((requests("LSU"), requests("ONDE")), (Some(OWN), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn articles_are_proposed_for_the_gateways_own_requests() {
    let (sandbox, folder) = (sandbox().await, sharing());
    let app = filled(&sandbox, folder.path().to_str().unwrap()).await;
    let month = Period::month(Timestamp::now().in_tz("Europe/Paris").unwrap().date());
    let proposed = app.proposals.of_month(month).await.unwrap();
    let counted = |it: &ProposedArticle| (it.candidate.application.clone(), it.candidate.tickets.len());
    assert_eq!(proposed.iter().map(counted).collect::<Vec<_>>(), [("LSU".to_owned(), OWN)]);
}
