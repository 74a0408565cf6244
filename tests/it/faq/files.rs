//! The files that articles show, as the portal's calls and the pages send them.

use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;

use super::Faq;
use crate::support::gateway::{DIRECTORS, Gateway, PROXY_SECRET};

const TOKEN: &str = "form-token-for-tests";
const PNG: &[u8] = include_bytes!("../pages/capture.png");

/// What a browser might run is sent as bytes that it saves.
#[rstest]
#[case::a_picture("capture d’écran.png", PNG, "image/png")]
#[case::a_document("procédure.pdf", b"%PDF-1.4\n%%EOF\n", "application/pdf")]
#[case::what_a_browser_might_run("page.html", b"<script>alert(1)</script>", "application/octet-stream")]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_an_article_is_sent_as_it_is_to_who_may_read_the_article(
    #[case] name: &str,
    #[case] bytes: &[u8],
    #[case] media_type: &str,
) {
    let faq = Faq::start().await;
    let article = faq.publish("Bilan grisé", "<p>Videz le cache.</p>", json!({})).await;
    let document = faq
        .editor
        .add_with_file("Document", json!({"name": name, "itemtype": "KnowbaseItem", "items_id": article}), name, bytes)
        .await;
    let shows = |document: u64| format!("<p>Ici : <img src=\"/front/document.send.php?docid={document}\"></p>");
    let change = json!({"answer": shows(document)});
    faq.editor.call(Method::PUT, &format!("KnowbaseItem/{article}"), change).await;
    // A file of an article that is not in the FAQ, and one that no article shows.
    let hidden = faq.publish("Interne", "<p>x</p>", json!({"is_faq": 0})).await;
    let of_hidden = json!({"name": "b.txt", "itemtype": "KnowbaseItem", "items_id": hidden});
    let of_hidden = faq.editor.add_with_file("Document", of_hidden, "b.txt", b"interne").await;
    let change = json!({"answer": shows(of_hidden)});
    faq.editor.call(Method::PUT, &format!("KnowbaseItem/{hidden}"), change).await;
    let unshown = json!({"name": "c.txt", "itemtype": "KnowbaseItem", "items_id": article});
    let unshown = faq.editor.add_with_file("Document", unshown, "c.txt", b"pas montr\xc3\xa9").await;

    let settings = [("http.form_tokens", TOKEN), ("http.trusted_proxies", "127.0.0.1")];
    let gateway = Gateway::start(&faq.sandbox, &settings).await;
    let by_token = |path: &str| gateway.call(Method::GET, path).bearer_auth(TOKEN);
    let by_proxy = |path: &str| {
        let call = gateway.call(Method::GET, path).header("X-Passerelle-Proxy-Secret", PROXY_SECRET);
        call.header("X-Remote-Mail", DIRECTORS[0])
    };
    let api = format!("/v1/faq/{article}/documents/{document}");
    let page = format!("/portail/faq/{article}/documents/{document}");
    for call in [by_token(&api), by_proxy(&api), by_proxy(&page)] {
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), media_type);
        assert_eq!(header("content-length"), bytes.len().to_string());
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
        assert_eq!(header("cache-control"), "private, no-store");
        let disposition = header("content-disposition");
        assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
        assert_eq!(answer.bytes().await.unwrap(), bytes);
    }
    for (why, path) in [
        ("not in the FAQ", format!("/v1/faq/{hidden}/documents/{of_hidden}")),
        ("another article's", format!("/v1/faq/{article}/documents/{of_hidden}")),
        ("not shown", format!("/v1/faq/{article}/documents/{unshown}")),
        ("none", format!("/v1/faq/{article}/documents/4000000000")),
    ] {
        assert_eq!(by_token(&path).send().await.unwrap().status(), StatusCode::NOT_FOUND, "{why}");
    }
    assert_eq!(gateway.call(Method::GET, &api).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    gateway.finish().await;

    // A feed for everybody shows what everybody can open, and opens no more than it shows.
    let page = ("knowledge.link", "https://assistance.example/portail/faq/{id}");
    let gateway = Gateway::start(&faq.sandbox, &[page, ("knowledge.public_feeds", "true")]).await;
    let open = async |path: &str| gateway.call(Method::GET, path).send().await.unwrap();
    let feed = open("/v1/faq/feed.atom").await.text().await.unwrap();
    let feed = feed_rs::parser::parse(feed.as_bytes()).unwrap();
    let content = feed.entries[0].content.as_ref().unwrap().body.as_ref().unwrap();
    let (_, picture) = content.split_once("src=\"https://assistance.example").unwrap_or_else(|| panic!("{content}"));
    let (picture, _) = picture.split_once('"').unwrap();
    let answer = open(picture).await;
    assert_eq!((answer.status(), answer.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, media_type));
    assert_eq!(answer.headers()["cache-control"], "public, max-age=3600");
    assert_eq!(answer.bytes().await.unwrap(), bytes);
    for path in [
        format!("/v1/faq/{hidden}/documents/{of_hidden}"),
        format!("/v1/faq/{article}/documents/{of_hidden}"),
        format!("/v1/faq/{article}/documents/{unshown}"),
    ] {
        assert_eq!(open(&path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    gateway.finish().await;
}
