//! The FAQ for other sites: what a feed reader makes of it, who may have it, and when it is sent at all.

use passerelle::sandbox::Sandbox;
use reqwest::{Method, Response, StatusCode, header};
use rstest::rstest;
use serde_json::{Value, json};

use super::Faq;
use crate::support::gateway::{Gateway, sandbox};

const PAGE: &str = "https://assistance.example/portail/faq/{id}";

/// A gateway whose FAQ has one article with everything, one without, and one that nobody may see.
async fn scene(settings: &[(&str, &str)]) -> (Faq, Gateway, u64) {
    let faq = Faq::start().await;
    let category = faq.editor.add("KnowbaseItemCategory", json!({"name": "LSU & co"})).await;
    let answer = "<p>Ouvrez <b>tout</b> &amp; <a href=\"https://lsu.example/?a=1&amp;b=2\">LSU</a><script>x</script><img src=\"/front/document.send.php?docid=7\"></p>";
    let whole = faq.publish("Bilan « grisé » & <b>", answer, json!({"_categories": [category]})).await;
    faq.publish("ONDE\u{a0}: \u{fffe}admettre\u{ffff}", "<p>\u{1}Ici\u{fffe}&#xFFFE;&#1;&#xFFFF;</p>", json!({})).await;
    faq.publish("Secret", "<p>x</p>", json!({"_visibility": {}})).await;
    let all = [&[("knowledge.link", PAGE)], settings].concat();
    let gateway = Gateway::start(&faq.sandbox, &all).await;
    (faq, gateway, whole)
}

async fn get(gateway: &Gateway, path: &str, tag: Option<&str>) -> Response {
    let call = gateway.signed(Method::GET, path, b"");
    tag.iter().fold(call, |call, tag| call.header(header::IF_NONE_MATCH, *tag)).send().await.unwrap()
}

#[rstest]
#[case("/v1/faq/feed.atom", "application/atom+xml; charset=utf-8")]
#[case("/v1/faq/feed.json", "application/feed+json")]
#[tokio::test]
async fn a_feed_reader_reads_every_article_whole(#[case] path: &str, #[case] media_type: &str) {
    let (_faq, gateway, whole) = scene(&[]).await;
    let answer = get(&gateway, path, None).await;
    assert_eq!(
        (answer.status(), &answer.headers()[header::CONTENT_TYPE]),
        (StatusCode::OK, &media_type.parse().unwrap())
    );
    let text = answer.text().await.unwrap();
    let feed = feed_rs::parser::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(feed.title.unwrap().content.ends_with("questions fréquentes"));
    assert_eq!(feed.entries.len(), 2, "{text}");
    let article = feed.entries.iter().find(|entry| entry.id.ends_with(&format!("faq/{whole}"))).unwrap();
    assert_eq!(article.title.as_ref().unwrap().content, "Bilan « grisé » & <b>");
    let content = article.content.as_ref().unwrap().body.as_ref().unwrap();
    assert_eq!(
        content,
        &format!(
            "<p>Ouvrez <b>tout</b> &amp; <a href=\"https://lsu.example/?a=1&amp;b=2\" rel=\"noopener noreferrer nofollow\">LSU</a><img src=\"https://assistance.example/portail/faq/{whole}/documents/7\"></p>"
        )
    );
    assert!(article.updated.or(article.published).is_some(), "{article:?}");
    let links: Vec<_> = article.links.iter().map(|link| link.href.as_str()).collect();
    assert_eq!(links, [PAGE.replace("{id}", &whole.to_string())]);
    let terms: Vec<_> = article.categories.iter().map(|category| category.term.as_str()).collect();
    assert!(terms.contains(&"LSU & co") && terms.contains(&"LSU"), "{terms:?}");
}

#[tokio::test]
async fn a_feed_is_sent_again_only_where_it_changed() {
    let (faq, gateway, whole) = scene(&[]).await;
    for path in ["/v1/faq/feed.atom", "/v1/faq/feed.json?application=ONDE", "/v1/faq/feed.atom?application=onde"] {
        let first = get(&gateway, path, None).await;
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = get(&gateway, path, Some(&known)).await;
            assert_eq!(
                (again.status(), &again.headers()[header::ETAG]),
                (StatusCode::NOT_MODIFIED, &tag.parse().unwrap()),
                "{known}"
            );
            assert!(again.bytes().await.unwrap().is_empty());
        }
        assert_eq!(get(&gateway, path, Some("\"x\"")).await.status(), StatusCode::OK);
    }
    // What another instance reads anew has another tag.
    let before = get(&gateway, "/v1/faq/feed.atom", None).await.headers()[header::ETAG].clone();
    faq.editor.call(Method::PUT, &format!("KnowbaseItem/{whole}"), json!({"answer": "<p>Autre.</p>"})).await;
    let fresh = Gateway::start(&faq.sandbox, &[("knowledge.link", PAGE)]).await;
    assert_ne!(get(&fresh, "/v1/faq/feed.atom", None).await.headers()[header::ETAG], before);
}

#[tokio::test]
async fn a_feed_is_of_one_application_or_of_all() {
    let (_faq, gateway, _) = scene(&[]).await;
    for (query, expected) in [
        ("", 2),
        ("?application=LSU", 1),
        ("?application=ONDE", 1),
        ("?application=lsu", 1),
        ("?application=APAE", 0),
        ("?application=apae", 0),
    ] {
        let feed: Value = get(&gateway, &format!("/v1/faq/feed.json{query}"), None).await.json().await.unwrap();
        assert_eq!(feed["items"].as_array().unwrap().len(), expected, "{query}: {feed}");
    }
    for (query, said) in [("lsuu", "s’agit-il de «\u{a0}LSU\u{a0}»"), ("nope", "«\u{a0}nope\u{a0}»")] {
        let answer = get(&gateway, &format!("/v1/faq/feed.atom?application={query}"), None).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(said), "{problem}");
    }
}

/// Whoever asks, by whatever name they know the gateway: one feed, which says nothing of them.
#[tokio::test]
async fn a_feed_says_where_it_is_and_not_who_asked_for_it() {
    let (_faq, gateway, _) = scene(&[]).await;
    for path in ["/v1/faq/feed.atom", "/v1/faq/feed.json"] {
        let mut seen = Vec::new();
        for query in ["?application=LSU", "?application=lsu&requester=jeanne.martin@ac-dijon.fr"] {
            for (host, scheme) in [("a.example", "https"), ("b.example", "http")] {
                let call = gateway.signed(Method::GET, &format!("{path}{query}"), b"");
                let answer = call.header(header::HOST, host).header("X-Forwarded-Proto", scheme).send().await.unwrap();
                let tag = answer.headers()[header::ETAG].clone();
                seen.push((tag, answer.text().await.unwrap()));
            }
        }
        let (_, text) = &seen[0];
        assert!(seen.iter().all(|other| *other == seen[0]), "{seen:?}");
        assert!(text.contains(&format!("https://assistance.example{path}?application=LSU")), "{text}");
        feed_rs::parser::parse(text.as_bytes()).unwrap();
    }
    let ids = async |query: &str| {
        let feed = get(&gateway, &format!("/v1/faq/feed.atom{query}"), None).await.text().await.unwrap();
        feed_rs::parser::parse(feed.as_bytes()).unwrap().id
    };
    assert_eq!(
        [ids("").await, ids("?application=LSU").await],
        ["tag:127.0.0.1,2026:faq", "tag:127.0.0.1,2026:faq?application=LSU"]
    );
}

/// Where nothing tells the gateway's own address, no feed makes one up.
#[tokio::test]
async fn a_feed_has_no_address_where_none_is_known() {
    let (_faq, gateway, _) = scene(&[("knowledge.link", "https://portail.example/aide/{id}")]).await;
    let atom = get(&gateway, "/v1/faq/feed.atom", None).await.text().await.unwrap();
    assert!(feed_rs::parser::parse(atom.as_bytes()).is_ok() && !atom.contains("rel=\"self\""), "{atom}");
    let json: Value = get(&gateway, "/v1/faq/feed.json", None).await.json().await.unwrap();
    assert!(json.get("feed_url").is_none(), "{json}");
}

#[tokio::test]
async fn an_article_without_a_title_has_its_number() {
    let faq = Faq::start().await;
    let id = faq.publish("", "<p>Sans titre</p>", json!({})).await;
    let gateway = Gateway::start(&faq.sandbox, &[]).await;
    let feed: Value = get(&gateway, "/v1/faq/feed.json", None).await.json().await.unwrap();
    assert_eq!(feed["items"][0]["title"], format!("Fiche n°\u{a0}{id}"), "{feed}");
}

#[tokio::test]
async fn only_a_public_feed_needs_no_credentials() {
    let sandbox: Sandbox = sandbox().await;
    for (settings, expected) in
        [(vec![], StatusCode::UNAUTHORIZED), (vec![("knowledge.public_feeds", "true")], StatusCode::OK)]
    {
        let gateway = Gateway::start(&sandbox, &settings).await;
        for path in ["/v1/faq/feed.atom", "/v1/faq/feed.json"] {
            assert_eq!(gateway.get(path).await.0, expected, "{path}");
        }
        assert_eq!(gateway.get("/v1/faq").await.0, StatusCode::UNAUTHORIZED);
    }
}
