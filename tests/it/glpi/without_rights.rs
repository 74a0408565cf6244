//! Each right of the table is needed for what it says, and for nothing else: without it GLPI refuses that call, or shows
//! nothing, and all others are answered as before.

use std::collections::BTreeMap;

use passerelle::{
    glpi::{
        ActorRole, DocumentHolder, Effect, FileFate, Glpi, GlpiError, NewDraft, NewFollowup, NewNote, NewPublicNote,
        NewTicket, RIGHTS, Remedy, Right,
    },
    id::{ArticleId, FollowupId, GroupId, GroupLinkId, ReminderId, TicketId, UserId},
    text::Language,
};
use serde_json::json;

use super::{
    breaks_off, group, marker,
    own_account::{OwnAccount, all},
    target::Target,
    text_file, ticket,
};
use crate::support::{gateway::DIRECTORS, helpdesk::Helpdesk};

/// The account of the seed that is a member of Référents-LSU.
const TECHNICIAN: UserId = UserId::new(15);

/// The bits of rights, as the table has them.
const READ: u64 = 1;
const UPDATE: u64 = 2;
const CREATE: u64 = 4;
const READ_ALL: u64 = 1024;
const ASSIGN: u64 = 8192;
const SEE_PUBLIC: u64 = 1;
const SEE_PRIVATE: u64 = 8192;
const ADD_ALL: u64 = 4096;
const READ_FAQ: u64 = 2048;
const ADMINISTER: u64 = 1024;
const ALL_OF_NOTES: u64 = READ | UPDATE | CREATE;

/// What the gateway asks of GLPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    MakeTicket,
    AssignNew,
    FindTicket,
    ChangeTicket,
    SeeSolutions,
    AddGroup,
    TakeGroupOff,
    ReadPublic,
    ReadPrivate,
    ReadPrivateAlone,
    AddFollowup,
    RewriteFollowup,
    SeeFiles,
    AddFile,
    FindPerson,
    FindGroup,
    FindCategory,
    KnowFileTypes,
    ReadHistory,
    ReadFaq,
    ReadFaqCategories,
    Draft,
    RewriteDraft,
    Announce,
    RewriteAnnouncement,
    KeepNote,
    FindEntity,
    FindLocation,
    SeeNotifications,
    Solve,
}

const DEEDS: [Deed; 30] = [
    Deed::MakeTicket,
    Deed::AssignNew,
    Deed::FindTicket,
    Deed::SeeSolutions,
    Deed::ReadPublic,
    Deed::ReadPrivate,
    Deed::ReadPrivateAlone,
    Deed::SeeFiles,
    Deed::ReadHistory,
    Deed::AddFollowup,
    Deed::RewriteFollowup,
    Deed::AddFile,
    Deed::AddGroup,
    Deed::TakeGroupOff,
    Deed::ChangeTicket,
    Deed::FindPerson,
    Deed::FindGroup,
    Deed::FindCategory,
    Deed::KnowFileTypes,
    Deed::ReadFaq,
    Deed::ReadFaqCategories,
    Deed::Draft,
    Deed::RewriteDraft,
    Deed::Announce,
    Deed::RewriteAnnouncement,
    Deed::KeepNote,
    Deed::FindEntity,
    Deed::FindLocation,
    Deed::SeeNotifications,
    Deed::Solve,
];

/// What is done to: somebody's tickets, and what the account has written while it had every right.
struct Scene {
    all_seeing: Glpi,
    title: String,
    ticket: TicketId,
    solved: TicketId,
    assigned: GroupLinkId,
    lsu: GroupId,
    bai: GroupId,
    public: FollowupId,
    private: FollowupId,
    own: FollowupId,
    draft: ArticleId,
    announcement: ReminderId,
}

impl Scene {
    async fn set(target: &Target, admin: &Helpdesk, own: &Glpi) -> Self {
        let title = marker();
        let all_seeing = target.super_admin();
        let (lsu, bai) = (group(&all_seeing, "Référents-LSU").await, group(&all_seeing, "DSI-BAI").await);
        let new = NewTicket { assigned_groups: vec![lsu], ..ticket(&title, &format!("<p>{title}</p>")) };
        let (ticket, solved) = (
            all_seeing.create_ticket(&new, &[]).await.unwrap().id,
            all_seeing.create_ticket(&new, &[]).await.unwrap().id,
        );
        admin.solve(solved.get(), "<p>Fait.</p>").await;
        let public = json!({"itemtype": "Ticket", "items_id": ticket, "content": "<p>public</p>", "is_private": 0});
        let public = admin.add_with_file("ITILFollowup", public, "public.txt", title.as_bytes()).await;
        let private = admin.follow_up(ticket.get(), "<p>privé</p>", true).await;
        let readers = json!({"_type": "Entity", "entities_id": 0, "is_recursive": 1});
        let article = json!({"name": title, "answer": "<p>x</p>", "is_faq": 1, "_visibility": readers});
        admin.add("KnowbaseItem", article).await;
        admin.add("KnowbaseItemCategory", json!({ "name": title })).await;
        let links = all_seeing.ticket_groups(ticket).await.unwrap();
        let [link] = links.as_slice() else { panic!("{links:?}") };
        Self {
            ticket,
            solved,
            assigned: link.row,
            lsu,
            bai,
            public: public.into(),
            private: private.into(),
            own: own.add_followup(&followup(ticket), &[]).await.unwrap().id,
            draft: own.draft_article(&draft(&title, solved)).await.unwrap(),
            announcement: announce(own, &title).await.unwrap(),
            title,
            all_seeing,
        }
    }

    /// Does it; whether what it is for was there.
    async fn does(&self, deed: Deed, glpi: &Glpi) -> Result<bool, GlpiError> {
        Ok(match deed {
            Deed::MakeTicket => {
                glpi.create_ticket(&ticket(&marker(), "<p>x</p>"), &[]).await?;
                true
            }
            Deed::AssignNew => {
                let new = NewTicket { assigned_groups: vec![self.lsu], ..ticket(&marker(), "<p>x</p>") };
                let made = glpi.create_ticket(&new, &[]).await?.id;
                self.all_seeing.ticket_groups(made).await?.iter().any(|it| it.group == self.lsu)
            }
            Deed::ChangeTicket => {
                glpi.untake(self.ticket).await?;
                true
            }
            Deed::FindTicket => !glpi.tickets_containing(&[&self.title], 2).await?.is_empty(),
            Deed::SeeSolutions => !glpi.ticket_solutions(self.solved).await?.is_empty(),
            Deed::AddGroup => {
                glpi.add_groups(self.ticket, &[(self.bai, ActorRole::Assigned)]).await?;
                true
            }
            Deed::TakeGroupOff => {
                glpi.remove_group(self.assigned).await?;
                true
            }
            Deed::ReadPublic => glpi.ticket_followups(self.ticket).await?.iter().any(|it| it.id == self.public),
            Deed::ReadPrivate => glpi.ticket_followups(self.ticket).await?.iter().any(|it| it.id == self.private),
            Deed::ReadPrivateAlone => glpi.followups(&[self.private]).await?.is_some_and(|it| !it.is_empty()),
            Deed::AddFollowup => {
                glpi.add_followup(&followup(self.ticket), &[]).await?;
                true
            }
            Deed::RewriteFollowup => {
                glpi.rewrite_followup(self.own, "<p>une autre</p>").await?;
                true
            }
            Deed::SeeFiles => !glpi.documents_of(DocumentHolder::from(self.public)).await?.is_empty(),
            Deed::AddFile => {
                let file = text_file("a.txt", &marker());
                glpi.attach(DocumentHolder::from(self.ticket), None, &file).await? == FileFate::Taken
            }
            Deed::FindPerson => glpi.user_by_email(DIRECTORS[0]).await?.is_some(),
            Deed::FindGroup => !glpi.groups_named("DSI-BAI").await?.is_empty(),
            Deed::FindCategory => !glpi.categories_at("Scolarité > LSU").await?.is_empty(),
            Deed::KnowFileTypes => glpi.uploadable_types().await?.is_some(),
            Deed::ReadHistory => !glpi.group_changes(self.ticket).await?.is_empty(),
            Deed::ReadFaq => glpi.faq().await?.iter().any(|it| it.name == self.title),
            Deed::ReadFaqCategories => glpi.knowledge_categories().await?.iter().any(|(_, path)| *path == self.title),
            Deed::Draft => {
                glpi.draft_article(&draft(&self.title, self.ticket)).await?;
                true
            }
            Deed::RewriteDraft => {
                glpi.rewrite_article(self.draft, &self.title, "<p>réécrit</p>").await?;
                true
            }
            Deed::Announce => {
                announce(glpi, &self.title).await?;
                true
            }
            Deed::RewriteAnnouncement => {
                glpi.rewrite_public_note(self.announcement, &note(&self.title, "<p>réécrit</p>")).await?;
                true
            }
            Deed::KeepNote => {
                let note = NewNote { key: marker(), name: self.title.clone(), text: "<p>x</p>".to_owned() };
                glpi.keep_own_note(&note).await?.is_some()
            }
            Deed::Solve => {
                glpi.solve(self.ticket, "<p>Fait.</p>").await?;
                true
            }
            Deed::FindEntity => glpi.entity_by_path("Nulle part").await?.is_none(),
            Deed::FindLocation => glpi.locations_at("Nulle part").await?.is_empty(),
            Deed::SeeNotifications => glpi.ticket_notices(&["new"]).await?.is_some(),
        })
    }

    /// What of all this is not done without this right.
    async fn undone(&self, glpi: &Glpi, without: &Right) -> BTreeMap<Deed, Undone> {
        let mut undone = BTreeMap::new();
        for deed in DEEDS {
            let how = match self.does(deed, glpi).await {
                Ok(true) => continue,
                Ok(false) => Undone::Unseen,
                Err(GlpiError::Denied { remedy: Remedy::Right(right), .. }) if label(right) == label(without) => {
                    Undone::Refused
                }
                Err(GlpiError::Denied { remedy: Remedy::Right(right), .. }) => Undone::RefusedFor(label(right)),
                Err(GlpiError::NotFound) => Undone::NotFound,
                Err(error @ GlpiError::NotAddable) => {
                    let remedy = error.remedy();
                    let right = "«Assistance > Followups: Add to all tickets (GLPI 11: Add to all items)»";
                    assert!(remedy.text(Language::English).contains(right), "{remedy:?}");
                    Undone::NotAddable
                }
                Err(GlpiError::Rejected { .. }) => Undone::Rejected,
                Err(error) => panic!("{deed:?}: {error}"),
            };
            undone.insert(deed, how);
        }
        undone
    }
}

fn followup(ticket: TicketId) -> NewFollowup {
    NewFollowup {
        ticket,
        content_html: "<p>suite</p>".to_owned(),
        author: None,
        private: false,
        request_type: None,
        effect: Effect::None,
    }
}

fn draft(title: &str, ticket: TicketId) -> NewDraft {
    NewDraft { title: title.to_owned(), answer_html: "<p>x</p>".to_owned(), author: TECHNICIAN, ticket, category: None }
}

fn note(title: &str, text: &str) -> NewPublicNote {
    NewPublicNote { title: title.to_owned(), text: text.to_owned(), begins: jiff::Zoned::now().datetime(), ends: None }
}

async fn announce(glpi: &Glpi, title: &str) -> Result<ReminderId, GlpiError> {
    let id = glpi.write_public_note(&note(title, "<p>x</p>")).await?;
    glpi.show_public_note(id).await?;
    Ok(id)
}

/// How something is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Undone {
    /// GLPI refuses it, and the refusal names the right that is missing.
    Refused,
    /// The refusal names this one.
    RefusedFor(String),
    /// GLPI refuses it as it refuses a wrong input.
    Rejected,
    /// GLPI shows nothing.
    Unseen,
    /// GLPI says that there is none.
    NotFound,
    /// GLPI adds nothing there.
    NotAddable,
}

fn label(right: &Right) -> String {
    right.label().text(Language::English).to_owned()
}

/// What is not done without a right: found on GLPI 10.0.14 and 11.0.6, each of its bits taken away alone.
fn expected(right: &Right, is_eleven: bool) -> BTreeMap<Deed, Undone> {
    let named = |label: &str| Undone::RefusedFor(label.to_owned());
    let of_public = || named("«Assistance > Followups: See public ones»");
    let undone = match (right.name, right.bits) {
        ("ticket", CREATE) => vec![(Deed::MakeTicket, Undone::Refused), (Deed::AssignNew, Undone::Refused)],
        ("ticket", READ_ALL) => vec![
            (Deed::FindTicket, Undone::Unseen),
            (Deed::SeeSolutions, Undone::Refused),
            (Deed::AddGroup, Undone::Rejected),
            (Deed::TakeGroupOff, Undone::Rejected),
            (Deed::ReadPublic, of_public()),
            (Deed::ReadPrivate, of_public()),
            (Deed::ReadPrivateAlone, Undone::Unseen),
            (Deed::AddFollowup, Undone::NotAddable),
            (Deed::RewriteFollowup, Undone::Rejected),
            (Deed::SeeFiles, of_public()),
            (Deed::ReadHistory, Undone::Unseen),
        ],
        // From 11 on who sees all tickets sees solutions.
        ("ticket", READ) if is_eleven => vec![],
        ("ticket", READ) => vec![(Deed::SeeSolutions, named("«Assistance > Tickets: See all tickets»"))],
        ("ticket", UPDATE) => vec![(Deed::ChangeTicket, Undone::Rejected), (Deed::Solve, Undone::Refused)],
        // Its REST API asks nobody for it: who makes or sees a ticket assigns it. Its pages do.
        ("ticket", ASSIGN) => vec![],
        ("followup", SEE_PUBLIC) => vec![(Deed::ReadPublic, Undone::Unseen)],
        ("followup", SEE_PRIVATE) => {
            vec![(Deed::ReadPrivate, Undone::Unseen), (Deed::ReadPrivateAlone, Undone::Unseen)]
        }
        ("followup", ADD_ALL) if is_eleven => {
            vec![(Deed::AddFollowup, Undone::NotAddable), (Deed::AddFile, named("«Management > Documents: Create»"))]
        }
        ("followup", ADD_ALL) => vec![(Deed::AddFollowup, Undone::NotAddable)],
        ("followup", UPDATE) => vec![(Deed::RewriteFollowup, Undone::Rejected)],
        ("document", READ) => vec![(Deed::SeeFiles, Undone::Refused)],
        ("document", CREATE) => vec![(Deed::AddFile, Undone::Refused)],
        ("user", READ) => vec![(Deed::FindPerson, Undone::Refused)],
        ("group", READ) => vec![(Deed::FindGroup, Undone::Refused)],
        ("itilcategory", READ) => vec![(Deed::FindCategory, Undone::Refused)],
        ("typedoc", READ) => vec![(Deed::KnowFileTypes, Undone::Unseen)],
        ("logs", READ) => vec![(Deed::ReadHistory, Undone::Unseen)],
        ("knowbase", READ_FAQ) => vec![(Deed::ReadFaq, Undone::Refused)],
        ("knowbasecategory", READ) => vec![(Deed::ReadFaqCategories, Undone::Unseen)],
        ("knowbase", CREATE) => vec![(Deed::Draft, Undone::Refused)],
        ("knowbase", ADMINISTER) => vec![(Deed::RewriteDraft, Undone::NotFound)],
        ("reminder_public", ALL_OF_NOTES) => vec![
            (Deed::Announce, named("«Tools > Public reminders: Read, Create»")),
            (Deed::RewriteAnnouncement, Undone::NotFound),
            (Deed::KeepNote, named("«Tools > Public reminders: Read, Create»")),
        ],
        ("reminder_public", _) => vec![(Deed::Announce, Undone::Refused), (Deed::KeepNote, Undone::Refused)],
        ("entity", READ) => vec![(Deed::FindEntity, Undone::Refused)],
        ("location", READ) => vec![(Deed::FindLocation, Undone::Refused)],
        ("notification", READ) => vec![(Deed::SeeNotifications, Undone::Unseen)],
        other => panic!("what needs {other:?} is not said here"),
    };
    undone.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_each_right_what_it_is_for_is_not_done_and_all_else_is() {
    let target = Target::start().await;
    let account = OwnAccount::make(&target).await;
    let admin = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    account.grant(&all()).await;
    let is_eleven = breaks_off(&account.client(&target)).await;
    for right in RIGHTS {
        let scene = Scene::set(&target, &admin, &account.client(&target)).await;
        let bits = all()[right.name];
        account.grant(&BTreeMap::from([(right.name, bits & !right.bits)])).await;
        let undone = scene.undone(&account.client(&target), right).await;
        account.grant(&BTreeMap::from([(right.name, bits)])).await;
        assert_eq!(undone, expected(right, is_eleven), "without {}", label(right));
    }
}
