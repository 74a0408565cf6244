//! The page that requesters are led to: one they can open, or none.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    gateway::{DIRECTORS, Gateway, form, mail, sandbox},
    helpdesk::Helpdesk,
};

const PORTAL: (&str, &str) = ("notify.portal_link", "https://portail.test/portail/demandes/{id}");
/// The account of the first director.
const ACCOUNT: &str = "User/7";

/// With and without an account in GLPI, with and without a portal.
#[tokio::test(flavor = "multi_thread")]
async fn receipts_answers_and_notices_lead_to_a_page_that_opens() {
    for (has_account, has_portal) in [(true, true), (true, false), (false, true), (false, false)] {
        let sandbox = sandbox().await;
        if !has_account {
            let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
            staff.call(Method::PUT, ACCOUNT, json!({"end_date": "2020-01-01 00:00:00"})).await;
        }
        let settings = if has_portal { vec![PORTAL] } else { vec![] };
        let gateway = Gateway::start(&sandbox, &settings).await;
        let answer = gateway.post_form(&form(DIRECTORS[0], "Sans page"), None).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        let answer: Value = answer.json().await.unwrap();
        let id = answer["ticket"].as_u64().unwrap();
        let page = match (has_portal, has_account) {
            (true, _) => Some(format!("https://portail.test/portail/demandes/{id}")),
            (false, true) => Some(format!("{}front/ticket.form.php?id={id}", sandbox.url())),
            (false, false) => None,
        };
        assert_eq!(answer.get("link").map(|link| link.as_str().unwrap().to_owned()), page);
        assert_eq!(location, page);

        let reply = mail(DIRECTORS[0], "r1", &format!("RE: [GLPI #{id:07}] Sans page"), "Un complément");
        let told = gateway.deliver(DIRECTORS[0], &reply).await;
        assert!(told.contains("reply-to-ticket"), "{told}");
        let outbox = gateway.outbox.clone();
        gateway.finish().await;
        let letters = outbox.mails();
        assert_eq!(letters.len(), 2, "a receipt and a notice");
        for letter in letters {
            let parsed = mail_parser::MessageParser::default().parse(&letter.message).unwrap();
            let plain = parsed.body_text(0).unwrap().replace('\u{a0}', " ");
            for body in [plain.as_str(), &parsed.body_html(0).unwrap()] {
                let pages: Vec<_> = ["https://portail.test", "ticket.form.php"]
                    .into_iter()
                    .filter(|page| body.contains(page))
                    .collect();
                let expected = page.iter().map(|_| if has_portal { "https://portail.test" } else { "ticket.form.php" });
                assert_eq!(pages, expected.collect::<Vec<_>>(), "{body}");
            }
            let text = format!("{} {plain}", parsed.subject().unwrap());
            assert!(plain.contains(&format!("n° {id}")), "{plain}");
            assert_eq!(plain.contains("pas de compte dans l’assistance"), page.is_none(), "{plain}");
            assert!(!(has_portal && text.contains("dans GLPI")), "{text}");
        }
    }
}
