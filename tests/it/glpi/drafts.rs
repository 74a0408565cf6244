//! A solved ticket becomes the draft of an article: what GLPI has in the end, whoever asks and however often.

use jiff::Timestamp;
use passerelle::{
    app::App,
    glpi::{Effect, Glpi, NewFollowup, NewTicket, Profile, Requester},
    id::{TicketId, UserId},
    lifecycle::{
        drafts::{DraftError, DraftOrder},
        note::{Cause, Note},
    },
};
use reqwest::Method;
use serde_json::{Value, json};

use super::target::{Target, account};
use super::{category, director, group, marker, ticket};
use crate::support::{gateway::app, helpdesk::Helpdesk};

/// The account of the seed that is a member of Référents-LSU, and its name.
const TECHNICIAN: UserId = UserId::new(15);

/// A GLPI, its Super-Admin, and the gateway before it.
struct Scene {
    target: Target,
    admin: Helpdesk,
    technician: Helpdesk,
    app: App,
}

impl Scene {
    async fn start() -> Self {
        let target = Target::start().await;
        let (login, password) = account();
        let settings = [("glpi.login", login.as_str()), ("glpi.password", password.as_str())];
        let admin = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
        let technician = Helpdesk::sign_in(&target.url(), "tech1", "tech1").await;
        let app = app(target.url().as_str(), &settings);
        Self { target, admin, technician, app }
    }

    fn glpi(&self) -> Glpi {
        self.target.client()
    }

    /// Whether the account may draft articles at all, which the table of docs/en/glpi.md leaves to the academy: where it may not,
    /// whoever asks is told so, and nothing is made.
    async fn may_draft(&self) -> bool {
        let profile = self.glpi().active_profile().await.unwrap();
        if profile.may("knowbase", Profile::CREATE) {
            return true;
        }
        let ticket = self.solved(&marker()).await;
        let order = DraftOrder { by: "Jeanne".to_owned(), author: None, cause: Cause::Api };
        assert_eq!(self.app.escalator.draft_article(ticket, &order).await, Err(DraftError::Denied));
        self.ask(ticket, true).await;
        self.look(ticket).await;
        let notes = self.notes(ticket).await;
        let [Note::NoDraft(note)] = notes.as_slice() else { panic!("{notes:?}") };
        assert!(note.why.contains("pas le droit de créer des fiches"), "{note:?}");
        assert!(self.articles(ticket).await.is_empty());
        false
    }

    /// A ticket of LSU that a technician has solved.
    async fn solved(&self, title: &str) -> TicketId {
        let glpi = self.glpi();
        let new = NewTicket {
            requester: Requester::User(director(&glpi).await),
            category: Some(category(&glpi, "Scolarité > LSU").await),
            assigned_groups: vec![group(&glpi, "Référents-LSU").await],
            ..ticket(title, "<p>Le bilan de l’élève Lucas Petit est grisé. Appelez le 03 80 12 34 56, Mme Durand.</p>")
        };
        let ticket = glpi.create_ticket(&new, &[]).await.unwrap().id;
        self.technician
            .solve(ticket.get(), "<p>Remplissez <b>tout</b>, puis validez (ce.0210001A@ac-dijon.fr).</p>")
            .await;
        ticket
    }

    async fn ask(&self, ticket: TicketId, private: bool) -> u64 {
        self.technician.follow_up(ticket.get(), "<p>#fiche</p>", private).await
    }

    /// The gateway looks at what is written in a ticket.
    async fn look(&self, ticket: TicketId) {
        self.app.escalator.process_commands(ticket, Timestamp::now()).await.unwrap();
    }

    /// The gateway's own notes in a ticket, oldest first.
    async fn notes(&self, ticket: TicketId) -> Vec<Note> {
        let mut followups = self.glpi().ticket_followups(ticket).await.unwrap();
        followups.sort_by_key(|followup| followup.id);
        followups.iter().filter_map(|followup| Note::parse(&followup.content)).collect()
    }

    /// The articles that are linked to a ticket, as the Super-Admin sees them.
    async fn articles(&self, ticket: TicketId) -> Vec<Value> {
        let links = self.admin.get(&format!("Ticket/{ticket}/KnowbaseItem_Item")).await;
        let mut articles = Vec::new();
        for link in links.as_array().unwrap() {
            articles.push(self.admin.get(&format!("KnowbaseItem/{}", link["knowbaseitems_id"])).await);
        }
        articles
    }

    async fn change(&self, article: &Value, input: Value) {
        self.admin.call(Method::PUT, &format!("KnowbaseItem/{}", article["id"]), input).await;
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
}

#[tokio::test]
async fn a_technician_s_word_makes_a_draft_of_their_own_that_is_published_to_nobody() {
    let scene = Scene::start().await;
    if !scene.may_draft().await {
        return;
    }
    let title = marker();
    let ticket = scene.solved(&title).await;
    let asked = scene.ask(ticket, true).await;
    scene.look(ticket).await;
    scene.look(ticket).await;
    let articles = scene.articles(ticket).await;
    let [article] = articles.as_slice() else { panic!("{articles:?}") };
    assert_eq!(article["name"], title);
    assert_eq!((&article["is_faq"], article["users_id"].as_u64()), (&json!(0), Some(TECHNICIAN.get())), "{article}");
    let answer = text(&article["answer"]);
    assert!(answer.contains("Remplissez <b>tout</b>, puis validez ([adresse])."), "{answer}");
    assert!(answer.contains("élève [élève]") && answer.contains("[téléphone], Mme [nom]"), "{answer}");
    for personal in ["Lucas", "03 80 12 34 56", "Durand", "0210001A"] {
        assert!(!answer.contains(personal), "{personal}: {answer}");
    }
    assert!(!scene.glpi().has_readers(article["id"].as_u64().unwrap().into()).await.unwrap());
    let notes = scene.notes(ticket).await;
    let [Note::Draft(note)] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!((note.article.get(), note.is_new), (article["id"].as_u64().unwrap(), true));
    assert_eq!(note.cause, Cause::Followup(asked.into()));
    assert!(note.masked.contains("1\u{a0}téléphone") && note.place.contains("knowbaseitem.form.php?id="), "{note:?}");
    // Its author finds and may change it.
    let own = scene.technician.get(&format!("KnowbaseItem/{}", article["id"])).await;
    assert_eq!(own["name"], title, "{own}");
}

#[tokio::test]
async fn a_second_time_the_first_draft_is_written_again_until_somebody_works_on_it() {
    let scene = Scene::start().await;
    if !scene.may_draft().await {
        return;
    }
    let ticket = scene.solved(&marker()).await;
    // The service account's own: without an author of the helpdesk it may write it again by «Update» alone.
    let own = scene.glpi().own_account().await.unwrap();
    let order = DraftOrder { by: "Jeanne Martin".to_owned(), author: Some(own), cause: Cause::Api };
    let first = scene.app.escalator.draft_article(ticket, &order).await.unwrap();
    let again = scene.app.escalator.draft_article(ticket, &order).await.unwrap();
    assert_eq!((first.is_new, again.is_new, first.article == again.article), (true, false, true));

    let solution = scene.technician.get(&format!("Ticket/{ticket}/ITILSolution")).await[0]["id"].as_u64().unwrap();
    let better = json!({"content": "<p>Videz le cache.</p>"});
    scene.admin.call(Method::PUT, &format!("ITILSolution/{solution}"), better).await;
    let written = scene.app.escalator.draft_article(ticket, &order).await;
    let articles = scene.articles(ticket).await;
    assert_eq!(articles.len(), 1, "{articles:?}");
    match written {
        Ok(written) => {
            assert_eq!((written.is_new, written.article), (false, first.article));
            assert!(text(&articles[0]["answer"]).contains("Videz le cache."), "{articles:?}");
        }
        // The least rights do not let it.
        Err(error) => assert_eq!(error, DraftError::Locked(first.article)),
    }

    scene.change(&articles[0], json!({"name": "Mieux dit"})).await;
    let refused = scene.app.escalator.draft_article(ticket, &order).await;
    assert_eq!(refused, Err(DraftError::Changed(first.article)));
    assert_eq!(scene.articles(ticket).await[0]["name"], "Mieux dit");
}

#[tokio::test]
async fn what_was_published_or_freed_of_its_notice_is_left_alone() {
    let scene = Scene::start().await;
    if !scene.may_draft().await {
        return;
    }
    let own = scene.glpi().own_account().await.unwrap();
    let order = DraftOrder { by: "Jeanne".to_owned(), author: Some(own), cause: Cause::Api };
    for change in [json!({"is_faq": 1}), json!({"answer": "<p>Relu.</p>"})] {
        let ticket = scene.solved(&marker()).await;
        let drafted = scene.app.escalator.draft_article(ticket, &order).await.unwrap();
        let articles = scene.articles(ticket).await;
        scene.change(&articles[0], change.clone()).await;
        let again = scene.app.escalator.draft_article(ticket, &order).await;
        assert_eq!(again, Err(DraftError::Changed(drafted.article)), "{change}");
        assert_eq!(scene.articles(ticket).await.len(), 1);
    }
    let ticket = scene.solved(&marker()).await;
    let drafted = scene.app.escalator.draft_article(ticket, &order).await.unwrap();
    let readers = json!({"knowbaseitems_id": drafted.article, "entities_id": 0, "is_recursive": 1});
    scene.admin.add("Entity_KnowbaseItem", readers).await;
    let again = scene.app.escalator.draft_article(ticket, &order).await;
    assert_eq!(again, Err(DraftError::Changed(drafted.article)));
}

#[tokio::test]
async fn who_may_not_ask_or_asks_too_early_is_told_why_once() {
    let scene = Scene::start().await;
    let open = {
        let glpi = scene.glpi();
        let new = NewTicket {
            category: Some(category(&glpi, "Scolarité > LSU").await),
            assigned_groups: vec![group(&glpi, "Référents-LSU").await],
            ..ticket(&marker(), "<p>x</p>")
        };
        glpi.create_ticket(&new, &[]).await.unwrap().id
    };
    scene.ask(open, true).await;
    let solved = scene.solved(&marker()).await;
    scene.ask(solved, false).await;
    let by_agent = scene.solved(&marker()).await;
    let glpi = scene.glpi();
    let agent = glpi.user_by_email("agent.simple@ac-dijon.fr").await.unwrap();
    for (private, content) in [(true, "#fiche"), (false, "#fiche")] {
        let followup = NewFollowup {
            ticket: by_agent,
            content_html: format!("<p>{content}</p>"),
            author: agent,
            private,
            request_type: None,
            effect: Effect::None,
        };
        glpi.add_followup(&followup, &[]).await.unwrap();
    }
    for (ticket, why) in [(open, "pas de solution"), (solved, "public"), (by_agent, "Seuls les membres")] {
        scene.look(ticket).await;
        scene.look(ticket).await;
        let notes = scene.notes(ticket).await;
        let [Note::NoDraft(note)] = notes.as_slice() else { panic!("{why}: {notes:?}") };
        assert!(note.why.contains(why), "{note:?}");
        assert!(scene.articles(ticket).await.is_empty());
    }
}

#[tokio::test]
async fn a_draft_is_filed_under_its_application_where_the_account_may_see_categories() {
    let scene = Scene::start().await;
    if !scene.may_draft().await {
        return;
    }
    let glpi = scene.glpi();
    let known = scene.admin.get("KnowbaseItemCategory?range=0-999").await;
    let known = known.as_array().unwrap().iter().find(|row| row["completename"] == "LSU");
    let lsu = match known {
        Some(row) => row["id"].as_u64().unwrap(),
        None => scene.admin.add("KnowbaseItemCategory", json!({"name": "LSU"})).await,
    };
    let sees = !glpi.knowledge_categories().await.unwrap().is_empty();
    let title = marker();
    let form = json!({
        "requester": "ce.0210001A@ac-dijon.fr", "application": "LSU", "title": title, "description": "Bilan grisé",
    });
    let (login, password) = account();
    let settings = [("glpi.login", login.as_str()), ("glpi.password", password.as_str()), ("quota.per_day", "1000000")];
    let gateway = crate::support::gateway::Gateway::in_front_of(scene.target.url().as_str(), &settings).await;
    let made: Value = gateway.post_form(&form, Some(&title)).await.json().await.unwrap();
    let ticket = TicketId::new(made["ticket"].as_u64().unwrap());
    scene.technician.solve(ticket.get(), "<p>Remplissez tout.</p>").await;
    let order = DraftOrder { by: "Jeanne".to_owned(), author: None, cause: Cause::CommandLine };
    scene.app.escalator.draft_article(ticket, &order).await.unwrap();
    let articles = scene.articles(ticket).await;
    let expected = if sees { json!([lsu]) } else { json!([]) };
    assert_eq!(articles[0]["_categories"], expected, "{articles:?}");
    assert_eq!(articles[0]["users_id"], TECHNICIAN.get());
    let answer = text(&articles[0]["answer"]);
    assert!(answer.contains("Bilan grisé") && !answer.contains("Référence") && !answer.contains("0210001"), "{answer}");
}
