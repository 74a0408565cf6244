//! What is known of the FAQ follows what becomes of it in GLPI, by a few calls whatever its size.

use passerelle::sandbox::Options;
use reqwest::Method;
use rstest::rstest;
use serde_json::json;

use super::Faq;

#[rstest]
#[case(Options::default())]
#[case(Options::eleven())]
#[tokio::test]
async fn what_is_written_changed_hidden_and_purged_is_known(#[case] options: Options) {
    let faq = Faq::of(options).await;
    let change = async |id: u64, input: serde_json::Value| {
        faq.editor.call(Method::PUT, &format!("KnowbaseItem/{id}"), input).await;
    };
    let first = faq.publish("Bilan grisé", "<p>Remplissez tout.</p>", json!({})).await;
    let second = faq.publish("Bilan perdu", "<p>Cherchez.</p>", json!({})).await;
    let hidden = faq.publish("Bilan secret", "<p>Chut.</p>", json!({"_visibility": {}})).await;
    let inside = faq.publish("Bilan interne", "<p>Pour nous.</p>", json!({"is_faq": 0})).await;
    assert_eq!(faq.found("bilan").await, ["Bilan grisé", "Bilan perdu"]);

    faq.publish("Bilan de plus", "<p>Encore un.</p>", json!({})).await;
    change(first, json!({"name": "Bilan bleu"})).await;
    let mut found = faq.found("bilan").await;
    found.sort();
    assert_eq!(found, ["Bilan bleu", "Bilan de plus", "Bilan perdu"]);

    // Publishing leaves no date, nor does purging.
    let readers = json!({"knowbaseitems_id": hidden, "entities_id": 0, "is_recursive": 1});
    let readers = faq.editor.add("Entity_KnowbaseItem", readers).await;
    change(inside, json!({"is_faq": 1})).await;
    faq.editor.call(Method::DELETE, &format!("KnowbaseItem/{second}"), json!({})).await;
    change(first, json!({"is_faq": 0})).await;
    let mut found = faq.found("bilan").await;
    found.sort();
    assert_eq!(found, ["Bilan de plus", "Bilan interne", "Bilan secret"]);

    faq.editor.call(Method::DELETE, &format!("Entity_KnowbaseItem/{readers}"), json!({})).await;
    let mut found = faq.found("bilan").await;
    found.sort();
    assert_eq!(found, ["Bilan de plus", "Bilan interne"]);
}

/// Somebody wrote it, or another web server's clock is ahead.
#[rstest]
#[case(jiff::Span::new().minutes(30))]
#[case(jiff::Span::new().years(70))]
#[tokio::test]
async fn a_date_that_is_yet_to_come_hides_no_change(#[case] ahead: jiff::Span) {
    let faq = Faq::start().await;
    let date = (faq.app.knowledge.now() + ahead).strftime("%Y-%m-%d %H:%M:%S").to_string();
    faq.publish("Bilan de demain", "<p>Attendez.</p>", json!({ "date_mod": date })).await;
    let first = faq.publish("Bilan grisé", "<p>Remplissez tout.</p>", json!({})).await;
    faq.found("bilan").await;
    for title in ["Bilan bleu", "Bilan vert"] {
        faq.editor.call(Method::PUT, &format!("KnowbaseItem/{first}"), json!({ "name": title })).await;
        let mut found = faq.found("bilan").await;
        found.sort();
        let mut expected = [title, "Bilan de demain"];
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}

/// The calls so far, but for those that open a session.
fn calls(faq: &Faq) -> usize {
    let all = faq.sandbox.calls_by_endpoint();
    all.iter().filter(|(endpoint, _)| !endpoint.ends_with("initSession")).map(|(_, calls)| calls).sum()
}

#[tokio::test]
async fn a_large_faq_is_read_in_pages() {
    let faq = Faq::start().await;
    for number in 0..1200 {
        faq.publish(&format!("Question {number}"), "<p>Réponse.</p>", json!({})).await;
    }
    let before = calls(&faq);
    assert_eq!(faq.found("question 1199").await[0], "Question 1199");
    // Three pages, the readers in two, the categories, and whose session it is.
    let whole = calls(&faq) - before;
    assert!(whole <= 7, "{whole} {:#?}", faq.sandbox.calls_by_endpoint());
    assert_eq!(faq.app.knowledge.at_hand().unwrap().all(faq.app.knowledge.now()).len(), 1200);
}

#[tokio::test]
async fn a_helpdesk_that_is_away_leaves_what_is_known() {
    let faq = Faq::start().await;
    faq.publish("Bilan grisé", "<p>Remplissez tout.</p>", json!({})).await;
    assert!(faq.app.knowledge.at_hand().is_none());
    faq.found("bilan").await;
    faq.sandbox.set_failures("maintenance".parse::<passerelle::sandbox::Rule>().unwrap());
    assert!(faq.app.knowledge.refresh().await.is_err());
    let shelf = faq.app.knowledge.shelf().await.unwrap();
    assert_eq!(shelf.search("bilan", None, faq.app.knowledge.now()).len(), 1);
}

#[tokio::test]
async fn articles_are_filed_under_their_categories_and_applications() {
    let faq = Faq::start().await;
    let root = faq.editor.add("KnowbaseItemCategory", json!({"name": "Applications"})).await;
    let below = json!({"name": "ONDE", "knowbaseitemcategories_id": root});
    let onde = faq.editor.add("KnowbaseItemCategory", below).await;
    faq.publish("Admettre un élève", "<p>a</p>", json!({"_categories": [onde]})).await;
    faq.publish("LSUN : valider", "<p>a</p>", json!({})).await;
    faq.publish("Mot de passe", "<p>a</p>", json!({})).await;
    let (knowledge, now) = (&faq.app.knowledge, faq.app.knowledge.now());
    let shelf = knowledge.refresh().await.unwrap();
    let of = |application| -> Vec<_> {
        shelf.of_application(application, now).iter().map(|article| article.title.clone()).collect()
    };
    assert_eq!((of(Some("ONDE")), of(Some("LSU"))), (vec!["Admettre un élève".into()], vec!["LSUN : valider".into()]));
    assert_eq!(of(None).len(), 3);
    assert_eq!(shelf.categories(now), [("Applications > ONDE".to_owned(), 1)]);
    assert_eq!(shelf.search("élève", Some("LSU"), now).len(), 0);
    let before = calls(&faq);
    knowledge.refresh().await.unwrap();
    assert_eq!(calls(&faq) - before, 5, "{:#?}", faq.sandbox.calls_by_endpoint());
    // Neither its title nor its text says so.
    assert_eq!(shelf.search("onde", None, now)[0].title, "Admettre un élève");
}
