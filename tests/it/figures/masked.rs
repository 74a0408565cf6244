//! What the monthly list of articles to write says of people: nothing. And how often GLPI is asked for it.

use jiff::{Span, Timestamp, Zoned};
use mail_parser::MessageParser;
use passerelle::{app::App, figures::Reported, sandbox::Sandbox, smtp::Mailer};
use serde_json::json;

use crate::support::{
    gateway::{configured, sandbox},
    helpdesk::Helpdesk,
};

fn now() -> Zoned {
    Timestamp::now().in_tz("Europe/Paris").unwrap()
}

/// Next month, of which what is solved today is the month before.
fn at(day: i8, hour: i8) -> Zoned {
    let next = now().first_of_month().unwrap().checked_add(Span::new().months(1)).unwrap();
    next.with().day(day).hour(hour).build().unwrap()
}

/// So many solved requests of a director, with what they and whoever answered wrote of people.
async fn solved(sandbox: &Sandbox, many: usize) {
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    let content = "<p><strong>Référence :</strong> P-7K3M-Q2XV-9D4T <small>(courriel du 03/11/2026)</small></p>\
                   <p><strong>Demandeur :</strong> Jeanne Kowalczyk, \
                   <a href=\"mailto:jeanne.kowalczyk@ac-dijon.fr\">jeanne.kowalczyk@ac-dijon.fr</a><br>\
                   <strong>École :</strong> École Voltaire (0210001A)<br>\
                   <strong>Application :</strong> LSU (LSU : bilans)</p><hr><p>Bonjour</p>";
    for _ in 0..many {
        let title = "LSU : bilan grisé de l’élève DUPONT Léa, Kowalczyk";
        let ticket = own.add("Ticket", json!({"name": title, "content": content, "itilcategories_id": 2})).await;
        let said = "<p>Bonjour Madame Kowalczyk, clôturez d’abord la période de Léa Dupont, ou appelez le 03 80 12 34 56. \
                    L’école Voltaire (0210001A) est prévenue : jeanne.kowalczyk@ac-dijon.fr.</p>";
        staff.solve(ticket, said).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_articles_to_write_names_nobody() {
    let sandbox = sandbox().await;
    solved(&sandbox, 3).await;
    let (mailer, outbox) = Mailer::memory();
    let people = [("people.referents.lsu", "lsu@ac-dijon.fr")];
    let app = App::build_with(configured(sandbox.url().as_str(), &people), mailer).unwrap();
    let month = passerelle::figures::Period::month(now().date());
    assert!(matches!(app.proposals.send("LSU", month, &now()).await.unwrap(), Reported::To(to) if to.len() == 1));
    let mail = outbox.mails().remove(0).message;
    let mail = MessageParser::default().parse(&mail).unwrap();
    let csv = String::from_utf8(mail.attachment(0).unwrap().contents().to_vec()).unwrap();
    let shown = app.proposals.table("LSU", &app.proposals.of_month(month).await.unwrap()).csv();
    let texts = [mail.body_text(0).unwrap().into_owned(), mail.body_html(0).unwrap().into_owned(), csv, shown];
    for text in &texts {
        let folded = text.to_lowercase();
        for personal in ["kowalczyk", "dupont", "léa", "voltaire", "0210001a", "03 80", "12 34 56"] {
            assert!(!folded.contains(personal), "{personal} in {text}");
        }
        assert!(text.contains("bilan grisé"), "{text}");
    }
    assert!(texts[2].contains("clôturez d’abord la période"), "{}", texts[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_nothing_to_tell_is_looked_at_once_a_day() {
    let sandbox = sandbox().await;
    // Two are no habit.
    solved(&sandbox, 2).await;
    let (mailer, outbox) = Mailer::memory();
    let people = [("people.referents.lsu", "lsu@ac-dijon.fr")];
    let app = App::build_with(configured(sandbox.url().as_str(), &people), mailer).unwrap();
    let looks = async |now: Zoned| {
        let calls = sandbox.calls();
        app.proposals.send_due(&now).await;
        sandbox.calls() - calls
    };
    assert!(looks(at(1, 8)).await > 0);
    for hour in 9..24 {
        assert_eq!(looks(at(1, hour)).await, 0, "at {hour}");
    }
    // Mappings that are read anew may have an application more.
    app.pipeline.mappings.reload().unwrap();
    assert!(looks(at(2, 7)).await > 0);
    assert_eq!(looks(at(2, 9)).await, 0);
    assert!(looks(at(3, 8)).await > 0);
    assert!(outbox.mails().is_empty());
}
