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
    sandbox::{Limits, Options, Sandbox, Version},
};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use url::Url;

use super::own_account::{OwnAccount, all};
use super::target::{Target, account};
use super::{category, director, group, marker, ticket};
use crate::support::{
    gateway::app,
    helpdesk::Helpdesk,
    unreliable::{Cut, Unreliable},
};

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
        Self::of(Target::start().await).await
    }

    async fn of(target: Target) -> Self {
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
        self.solved_for(director(&self.glpi()).await, title).await
    }

    /// The same, which this account asked for.
    async fn solved_for(&self, requester: UserId, title: &str) -> TicketId {
        let glpi = self.glpi();
        let new = NewTicket {
            requester: Requester::User(requester),
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
        self.admin.articles_of(ticket.get()).await
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

/// Rights on the knowledge base: the least, those of an account that writes again its own articles, those of the table,
/// and those of an account whose every article GLPI puts into the FAQ, without and with the right to take it out.
const CREATES: u64 = 2048 | 4;
const UPDATES: u64 = CREATES | 2;
const ADMINISTERS: u64 = CREATES | 1024;
const PUBLISHES: u64 = CREATES | 4096;
const PUBLISHES_AND_ADMINISTERS: u64 = PUBLISHES | 1024;

/// The right to add follow-ups to all tickets.
const ADDS_TO_ALL: u64 = 4096;

/// An account with these rights on the knowledge base, and what a gateway works with that has it.
async fn with_rights(scene: &Scene, knowbase: u64) -> OwnAccount {
    with_right(scene, "knowbase", knowbase).await
}

/// The same, with all rights but these instead of those of this name.
async fn with_right(scene: &Scene, name: &'static str, bits: u64) -> OwnAccount {
    let account = OwnAccount::make(&scene.target).await;
    let mut rights = all();
    rights.insert(name, bits);
    account.grant(&rights).await;
    account
}

fn gateway(url: &Url, account: &OwnAccount) -> App {
    app(url.as_str(), &[("glpi.login", account.login.as_str()), ("glpi.password", account.password.as_str())])
}

#[rstest]
#[case::that_leaves_drafts_alone(ADMINISTERS)]
#[case::that_puts_them_into_the_faq(PUBLISHES_AND_ADMINISTERS)]
#[tokio::test]
async fn a_word_interrupted_at_any_call_makes_one_draft_outside_the_faq(#[case] knowbase: u64) {
    let scene = Scene::start().await;
    let account = with_rights(&scene, knowbase).await;
    for cut in [Cut::Before, Cut::After] {
        let mut at = 0;
        loop {
            at += 1;
            let ticket = scene.solved(&marker()).await;
            let asked = scene.ask(ticket, true).await;
            let proxy = Unreliable::at_call(scene.target.url(), at, cut).await;
            let killed = gateway(&proxy.url, &account).escalator.process_commands(ticket, Timestamp::now()).await;
            let is_whole = !proxy.has_cut(at);
            assert!(!is_whole || killed.is_ok(), "{cut:?} call {at}: {killed:?}");
            drop(proxy);

            let app = gateway(&scene.target.url(), &account);
            app.escalator.process_commands(ticket, Timestamp::now()).await.unwrap();
            let articles = scene.articles(ticket).await;
            let [article] = articles.as_slice() else { panic!("{cut:?} call {at}: {articles:?}") };
            assert_eq!(article["is_faq"], json!(0), "{cut:?} call {at}");
            let notes = scene.notes(ticket).await;
            let [Note::Draft(note)] = notes.as_slice() else { panic!("{cut:?} call {at}: {notes:?}") };
            assert_eq!(note.article.get(), article["id"].as_u64().unwrap(), "{cut:?} call {at}");
            assert_eq!(note.cause, Cause::Followup(asked.into()), "{cut:?} call {at}");
            if is_whole {
                break;
            }
        }
        assert!(at > 10, "{cut:?}: only {at} calls");
    }
}

/// Without the right to read a technician's draft again, nobody can tell whether what is linked is one: no second is made.
#[rstest]
#[case::ten(Options::default())]
#[case::eleven(Options { limits: Limits::default(), ..Options::eleven() })]
#[tokio::test]
async fn an_interrupted_draft_that_the_account_may_not_read_is_not_made_twice(#[case] options: Options) {
    let sees_all = options.version == Version::Ten;
    let scene = Scene::of(Target::Sandbox(Sandbox::start(options).await.unwrap())).await;
    let account = with_rights(&scene, CREATES).await;
    let ticket = scene.solved(&marker()).await;
    scene.ask(ticket, true).await;
    // The article is the first thing that is written.
    let proxy = Unreliable::start(scene.target.url(), 1, Cut::After).await;
    gateway(&proxy.url, &account).escalator.process_commands(ticket, Timestamp::now()).await.unwrap_err();
    assert!(proxy.has_cut(1));
    gateway(&scene.target.url(), &account).escalator.process_commands(ticket, Timestamp::now()).await.unwrap();
    assert_eq!(scene.articles(ticket).await.len(), 1);
    let notes = scene.notes(ticket).await;
    match notes.as_slice() {
        [Note::Draft(_)] if sees_all => {}
        [Note::NoDraft(note)] if !sees_all => {
            assert!(note.why.contains("Administration de la base de connaissances"), "{note:?}");
        }
        notes => panic!("{notes:?}"),
    }
}

/// GLPI puts it into the FAQ and leaves it there: who asked is told once, and not that somebody published it.
#[tokio::test]
async fn a_draft_that_cannot_be_taken_out_of_the_faq_is_told_of() {
    let scene = Scene::start().await;
    let account = with_rights(&scene, PUBLISHES).await;
    let ticket = scene.solved(&marker()).await;
    scene.ask(ticket, true).await;
    let app = gateway(&scene.target.url(), &account);
    for _ in 0..2 {
        app.escalator.process_commands(ticket, Timestamp::now()).await.unwrap();
    }
    assert_eq!(scene.articles(ticket).await.len(), 1);
    let notes = scene.notes(ticket).await;
    let [Note::NoDraft(note)] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(note.why.contains("Publier dans la FAQ"), "{note:?}");
    // Asked again, it is found and is the same, or may not be read: no second one.
    let order = DraftOrder { by: "Jeanne".to_owned(), author: None, cause: Cause::Api };
    let again = app.escalator.draft_article(ticket, &order).await;
    assert!(matches!(again, Err(DraftError::InFaq(_) | DraftError::Locked(_))), "{again:?}");
    assert_eq!(scene.articles(ticket).await.len(), 1);
}

/// The article is there, and the ticket, which is open to follow-ups, says nothing of it: who asked is told both.
#[tokio::test]
async fn a_draft_that_cannot_be_noted_is_told_of_with_the_right_to_give() {
    let scene = Scene::start().await;
    let sees_all = all()["followup"] & !ADDS_TO_ALL;
    let account = with_right(&scene, "followup", sees_all).await;
    let ticket = scene.solved(&marker()).await;
    let app = gateway(&scene.target.url(), &account);
    let order = DraftOrder { by: "Jeanne".to_owned(), author: None, cause: Cause::Api };
    for _ in 0..2 {
        let unnoted = app.escalator.draft_article(ticket, &order).await.unwrap_err();
        let articles = scene.articles(ticket).await;
        let [article] = articles.as_slice() else { panic!("{articles:?}") };
        assert!(matches!(unnoted, DraftError::Unnoted(told) if article["id"] == json!(told)), "{unnoted:?} {article}");
        assert!(unnoted.sentence().contains("«\u{a0}Suivis\u{a0}: Ajouter à tous les tickets\u{a0}»"), "{unnoted:?}");
        assert!(!unnoted.is_passing());
    }
    assert!(scene.notes(ticket).await.is_empty());
}

/// Whose article a draft is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// The technician's who asked for it by a follow-up.
    Technician,
    /// The service account's: the solution is of the requester themself.
    Gateway,
}

/// What a second time does with a draft that says something else now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Second {
    Rewritten,
    Locked,
}

#[rstest]
#[case::a_technicians_by_who_administers(Writer::Technician, ADMINISTERS, Second::Rewritten)]
#[case::a_technicians_by_who_updates_its_own(Writer::Technician, UPDATES, Second::Locked)]
#[case::a_technicians_by_who_only_creates(Writer::Technician, CREATES, Second::Locked)]
#[case::its_own_by_who_administers(Writer::Gateway, ADMINISTERS, Second::Rewritten)]
#[case::its_own_by_who_updates_its_own(Writer::Gateway, UPDATES, Second::Rewritten)]
#[case::its_own_by_who_only_creates(Writer::Gateway, CREATES, Second::Locked)]
#[tokio::test]
async fn a_second_time_the_first_draft_is_written_again_until_somebody_works_on_it(
    #[case] writer: Writer,
    #[case] knowbase: u64,
    #[case] second: Second,
) {
    let scene = Scene::start().await;
    let account = with_rights(&scene, knowbase).await;
    let app = gateway(&scene.target.url(), &account);
    let ticket = match writer {
        Writer::Technician => scene.solved(&marker()).await,
        Writer::Gateway => scene.solved_for(TECHNICIAN, &marker()).await,
    };
    // A technician writes `#fiche`; of their own request they do not, and a program asks for it.
    let ask = async || match writer {
        Writer::Technician => {
            scene.ask(ticket, true).await;
            app.escalator.process_commands(ticket, Timestamp::now()).await.unwrap();
        }
        Writer::Gateway => {
            let order = DraftOrder { by: "Jeanne Martin".to_owned(), author: None, cause: Cause::Api };
            let _ = app.escalator.draft_article(ticket, &order).await;
        }
    };
    ask().await;
    let articles = scene.articles(ticket).await;
    let [first] = articles.as_slice() else { panic!("{articles:?}") };
    let expected_writer = match writer {
        Writer::Technician => TECHNICIAN,
        Writer::Gateway => account.client(&scene.target).own_account().await.unwrap(),
    };
    assert_eq!(first["users_id"].as_u64(), Some(expected_writer.get()));

    let solution = scene.technician.get(&format!("Ticket/{ticket}/ITILSolution")).await[0]["id"].as_u64().unwrap();
    let better = json!({"content": "<p>Videz le cache.</p>"});
    scene.admin.call(Method::PUT, &format!("ITILSolution/{solution}"), better).await;
    ask().await;
    let articles = scene.articles(ticket).await;
    assert_eq!(articles.len(), 1, "{articles:?}");
    assert_eq!(articles[0]["id"], first["id"]);
    assert_eq!(articles[0]["users_id"], first["users_id"]);
    let is_rewritten = text(&articles[0]["answer"]).contains("Videz le cache.");
    assert_eq!(is_rewritten, second == Second::Rewritten, "{articles:?}");
    let notes = scene.notes(ticket).await;
    let is_told = match (second, notes.as_slice()) {
        (Second::Rewritten, [Note::Draft(one), Note::Draft(two)]) => {
            one.is_new && !two.is_new && one.article == two.article
        }
        (Second::Locked, [Note::Draft(one), Note::NoDraft(no)]) => {
            one.is_new && no.why.contains("Administration de la base de connaissances")
        }
        // A program is answered itself.
        (Second::Locked, [Note::Draft(one)]) => one.is_new && writer == Writer::Gateway,
        _ => false,
    };
    assert!(is_told, "{notes:?}");

    scene.change(&articles[0], json!({"name": "Mieux dit"})).await;
    ask().await;
    let order = DraftOrder { by: "Jeanne".to_owned(), author: None, cause: Cause::Api };
    let refused = app.escalator.draft_article(ticket, &order).await;
    assert!(matches!(refused, Err(DraftError::Changed(_) | DraftError::Locked(_))), "{refused:?}");
    if second == Second::Rewritten {
        assert_eq!(refused, Err(DraftError::Changed(first["id"].as_u64().unwrap().into())));
    }
    let articles = scene.articles(ticket).await;
    assert_eq!((articles.len(), &articles[0]["name"]), (1, &json!("Mieux dit")));
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

/// What a ticket opens with, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opens {
    /// As the gateway wrote it, for LSU.
    ByTheGateway,
    /// As if the gateway had written it, for LSU.
    Forged,
    /// Like any other ticket.
    Plainly,
}

/// A draft is filed by what the gateway wrote; else by the category, where that is one application's.
#[rstest]
#[case::the_gateways(Opens::ByTheGateway, "Scolarité > ONDE", Some("LSU"))]
#[case::forged(Opens::Forged, "Scolarité > ONDE", Some("ONDE"))]
#[case::a_plain_one(Opens::Plainly, "Scolarité > ONDE", Some("ONDE"))]
#[case::in_a_category_of_no_application(Opens::Plainly, "Scolarité", None)]
#[case::in_a_category_of_two(Opens::Plainly, "Scolarité > ECECA", None)]
#[case::the_gateways_in_a_category_of_two(Opens::ByTheGateway, "Scolarité > ECECA", Some("LSU"))]
#[tokio::test]
async fn a_draft_is_of_the_application_that_nobody_can_make_up(
    #[case] opens: Opens,
    #[case] path: &str,
    #[case] expected: Option<&str>,
) {
    let scene = Scene::start().await;
    if !scene.may_draft().await {
        return;
    }
    let glpi = scene.glpi();
    let mut filed = Vec::new();
    for name in ["LSU", "ONDE", "ECECA"] {
        let known = scene.admin.get("KnowbaseItemCategory?range=0-999").await;
        let known = known.as_array().unwrap().iter().find(|row| row["completename"] == name);
        let id = match known {
            Some(row) => row["id"].as_u64().unwrap(),
            None => scene.admin.add("KnowbaseItemCategory", json!({"name": name})).await,
        };
        filed.push((name, id));
    }
    let sees = !glpi.knowledge_categories().await.unwrap().is_empty();
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("lsu", include_str!("../../../mappings/lsu.toml")),
        ("onde", include_str!("../../../mappings/onde.toml")),
        ("ececa", include_str!("../../../mappings/ececa.toml")),
        ("apae", include_str!("../../../mappings/apae.toml")),
    ] {
        let text = text.replace("\"Scolarité > APAE\"", "\"Scolarité > ECECA\"");
        std::fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
    }
    let (login, password) = account();
    let settings = [
        ("glpi.login", login.as_str()),
        ("glpi.password", password.as_str()),
        ("mappings.dir", folder.path().to_str().unwrap()),
    ];
    let app = app(scene.target.url().as_str(), &settings);
    let opening = "<p><strong>Référence :</strong> P-7K3M-Q2XV-9D4T <small>(formulaire du 03/11/2026 à 10:15)</small></p>\
                   <p><strong>Application :</strong> LSU</p><hr>";
    let content = match opens {
        Opens::Plainly => "<p>Page blanche</p>".to_owned(),
        Opens::ByTheGateway | Opens::Forged => format!("{opening}<p>Page blanche</p>"),
    };
    let category = category(&glpi, path).await;
    let ticket = if opens == Opens::Forged {
        let input = json!({"name": marker(), "content": content, "itilcategories_id": category});
        TicketId::new(scene.technician.add("Ticket", input).await)
    } else {
        let new = NewTicket { category: Some(category), ..ticket(&marker(), &content) };
        glpi.create_ticket(&new, &[]).await.unwrap().id
    };
    scene.technician.solve(ticket.get(), "<p>Videz le cache.</p>").await;
    let order = DraftOrder { by: "Jeanne".to_owned(), author: None, cause: Cause::CommandLine };
    app.escalator.draft_article(ticket, &order).await.unwrap();
    let articles = scene.articles(ticket).await;
    let of = |name: &str| filed.iter().find(|(known, _)| *known == name).map(|(_, id)| *id).unwrap();
    let expected: Vec<u64> = expected.filter(|_| sees).map(of).into_iter().collect();
    assert_eq!(articles[0]["_categories"], json!(expected), "{articles:?}");
    // What a person typed stays, whatever it looks like.
    let answer = text(&articles[0]["answer"]);
    assert_eq!(answer.contains("Référence"), opens == Opens::Forged, "{answer}");
}
