//! `#fiche` from a technician's keyboard to the draft, by the sweep of a running gateway.

use serde_json::{Value, json};

use super::Faq;
use crate::support::{
    gateway::{DIRECTORS, Gateway},
    helpdesk::Helpdesk,
    wait_until,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_reads_the_word_in_a_solved_or_closed_ticket() {
    let faq = Faq::start().await;
    let gateway = Gateway::start(&faq.sandbox, &[("sweep.every", "1s")]).await;
    let technician = Helpdesk::sign_in(&faq.sandbox.url(), "tech1", "tech1").await;
    for (title, status) in [("Bilan grisé", 5), ("Livret perdu", 6)] {
        let form = json!({"requester": DIRECTORS[0], "application": "LSU", "title": title, "description": "Bonjour"});
        let made = gateway.post_form(&form, None).await.json::<Value>().await.unwrap();
        let ticket = made["ticket"].as_u64().unwrap();
        technician.solve(ticket, "<p>Remplissez tout.</p>").await;
        technician.set_status(ticket, status).await;
        technician.follow_up(ticket, "<p>#fiche, à publier</p>", true).await;
        let articles = async || faq.editor.get(&format!("Ticket/{ticket}/KnowbaseItem_Item")).await;
        wait_until("the article is drafted", async || articles().await.as_array().unwrap().len() == 1).await;
        let article = articles().await[0]["knowbaseitems_id"].as_u64().unwrap();
        let article = faq.editor.get(&format!("KnowbaseItem/{article}")).await;
        assert_eq!((&article["name"], &article["is_faq"]), (&json!(title), &json!(0)));
        assert!(article["answer"].as_str().unwrap().contains("Remplissez tout."), "{article}");
    }
    // What is a draft is no answer to anybody.
    assert!(faq.found("bilan").await.is_empty());
}
