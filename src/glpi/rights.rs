//! Each right that the service account needs in GLPI, once: for `check`, for the documentation, and for the sentence that names
//! the right a refused call needs.

use crate::text::Bilingual;

/// What is done to an item of GLPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Reading it.
    Read,
    /// Adding one.
    Create,
    /// Changing or removing one.
    Change,
}

/// Where a right is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// Everywhere.
    Always,
    /// On GLPI 11; before, it saves half-made tickets.
    FileTypes,
    /// Where the history of tickets is used: delays of levels, and what the portal tells of a request.
    History,
    /// Where the portal shows GLPI's FAQ.
    Faq,
    /// Nowhere; it shows more.
    Optional,
    /// For `#fiche`, and for nothing else.
    Drafts,
    /// With `announcements.enabled`.
    Announcements,
    /// With `figures.report = true`.
    MonthlyReport,
    /// Where a mapping has an `entity`, or the account's entity is not the root.
    Entities,
    /// Where a mapping names a location.
    Locations,
    /// For `check` alone.
    Notifications,
}

/// A right of GLPI's profiles.
#[derive(Debug, PartialEq, Eq)]
pub struct Right {
    /// GLPI's name of it, as `getActiveProfile` has it.
    pub name: &'static str,
    /// The bits of it.
    pub bits: u64,
    /// GLPI's class whose rows it opens, and what it lets be done to them.
    pub opens: (&'static str, Action),
    /// Where GLPI's page of a profile has it, in English and in French: the tab, then the line and the box in it.
    english: (&'static str, &'static str),
    french: (&'static str, &'static str),
    /// What for, in English and in French.
    purpose: (&'static str, &'static str),
    /// Where it is needed.
    pub needed: Needed,
}

impl Right {
    /// «Assistance > Tickets: Create», in GLPI's words.
    pub fn label(&self) -> Bilingual {
        let place = |(tab, what): (&str, &str)| format!("«{tab} > {what}»");
        let french = place(self.french).replace('«', "«\u{a0}").replace('»', "\u{a0}»");
        Bilingual::new(place(self.english), french)
    }

    /// What it is for.
    pub fn purpose(&self) -> Bilingual {
        Bilingual::new(self.purpose.0, self.purpose.1)
    }

    /// Where it is needed, as the documentation says it.
    pub fn when(&self) -> Bilingual {
        match self.needed {
            Needed::Always => Bilingual::new("always", "toujours"),
            Needed::FileTypes => Bilingual::new("GLPI 11; useful before", "GLPI 11\u{a0}; utile avant"),
            Needed::History => Bilingual::new(
                "escalation by delay, history on the portal",
                "escalade par délai, historique sur le portail",
            ),
            Needed::Faq => {
                Bilingual::new("the portal or the pages show the FAQ", "le portail ou les pages montrent la FAQ")
            }
            Needed::Optional => Bilingual::new("optional", "facultatif"),
            Needed::Drafts => Bilingual::same("`#fiche`"),
            Needed::Announcements => Bilingual::same("`announcements.enabled`"),
            Needed::MonthlyReport => Bilingual::same("`figures.report = true`"),
            Needed::Entities => Bilingual::new(
                "a mapping has an `entity`, or the account’s entity is not the root",
                "un mapping a une `entity`, ou l’entité du compte n’est pas la racine",
            ),
            Needed::Locations => Bilingual::new("a mapping names a location", "un mapping nomme un lieu"),
            Needed::Notifications => Bilingual::new(
                "`check` alone: else run it once as a Super-Admin",
                "`check` seul\u{a0}: sinon, lancez-le une fois en Super-Admin",
            ),
        }
    }

    /// The table of all rights, as docs/en/glpi.md has it.
    pub fn table(language: crate::text::Language) -> String {
        let head = Bilingual::new("| tab | right | what for | needed |", "| onglet | droit | pour | nécessaire |");
        let mut table = format!("{}\n|---|---|---|---|\n", head.text(language));
        for right in RIGHTS {
            let place = Bilingual::new(
                format!("| {} | {} |", right.english.0, right.english.1),
                format!("| {} | {} |", right.french.0, right.french.1),
            );
            let row = place.then(" ", &right.purpose()).then(" | ", &right.when());
            table.push_str(row.text(language));
            table.push_str(" |\n");
        }
        table
    }

    /// The right that this needs.
    pub(super) fn of_call(item: &str, action: Action) -> Option<&'static Self> {
        let holder = match item {
            "Group_Ticket" | "Ticket_User" if action != Action::Read => {
                return RIGHTS.iter().find(|it| it.bits == ASSIGN && it.name == "ticket");
            }
            // Who may solve is who may change the ticket.
            "ITILSolution" if action == Action::Create => {
                return RIGHTS.iter().find(|it| it.opens == ("Ticket", Action::Change));
            }
            // Its line names reading and writing together.
            "Reminder" | "Entity_Reminder" if action == Action::Read => {
                return RIGHTS.iter().find(|it| it.opens == ("Reminder", Action::Change));
            }
            "Group_Ticket" | "Ticket_User" | "Ticket_Ticket" | "ITILSolution" | "TicketSatisfaction" => "Ticket",
            "Entity_Reminder" => "Reminder",
            "Entity_KnowbaseItem"
            | "Group_KnowbaseItem"
            | "KnowbaseItem_Item"
            | "KnowbaseItem_KnowbaseItemCategory"
            | "KnowbaseItem_Profile"
            | "KnowbaseItem_User" => "KnowbaseItem",
            "Document_Item" => "Document",
            "Group_User" | "UserEmail" | "Profile_User" => "User",
            "NotificationTarget" | "Notification_NotificationTemplate" => "Notification",
            other => other,
        };
        RIGHTS.iter().find(|right| right.opens == (holder, action))
    }
}

const READ: u64 = 1;
const UPDATE: u64 = 2;
const CREATE: u64 = 4;
/// GLPI's own bits (classes `Ticket`, `ITILFollowup`, `KnowbaseItem`).
const READ_ALL: u64 = 1024;
const ASSIGN: u64 = 8192;
const ADD_ALL: u64 = 4096;
const SEE_PRIVATE: u64 = 8192;
const READ_FAQ: u64 = 2048;

/// A right of everyday work, or of what its last word says.
macro_rules! right {
    ($name:literal, $bits:expr, $item:literal $action:ident, $en:expr, $fr:expr, $purpose:expr, $needed:ident) => {
        Right {
            name: $name,
            bits: $bits,
            opens: ($item, Action::$action),
            english: $en,
            french: $fr,
            purpose: $purpose,
            needed: Needed::$needed,
        }
    };
}

/// All of them. Of those that open the same to the same action, the first is the one that a refusal names.
pub const RIGHTS: &[Right] = &[
    right!("ticket", CREATE, "Ticket" Create, ("Assistance", "Tickets: Create"), ("Assistance", "Tickets\u{a0}: Créer"), ("make tickets", "créer les tickets"), Always),
    right!("ticket", READ_ALL, "Ticket" Read, ("Assistance", "Tickets: See all tickets"), ("Assistance", "Tickets\u{a0}: Voir tous les tickets"), ("find a ticket by its reference", "retrouver un ticket par sa référence"), Always),
    right!("ticket", READ, "Ticket" Read, ("Assistance", "Tickets: See my ticket"), ("Assistance", "Tickets\u{a0}: Voir mes tickets"), ("see solutions", "voir les solutions"), Always),
    right!("ticket", UPDATE, "Ticket" Change, ("Assistance", "Tickets: Update"), ("Assistance", "Tickets\u{a0}: Mettre à jour"), ("take the old group off an escalated ticket", "retirer l’ancien groupe d’un ticket escaladé"), Always),
    right!("ticket", ASSIGN, "Ticket" Change, ("Assistance", "Tickets: Assign"), ("Assistance", "Tickets\u{a0}: Assigner"), ("assign the référents", "attribuer aux référents"), Always),
    right!("followup", 1, "ITILFollowup" Read, ("Assistance", "Followups: See public ones"), ("Assistance", "Suivis\u{a0}: Voir les publics"), ("find what was written already: else a follow-up is written twice", "retrouver ce qui est déjà écrit\u{a0}: sinon un suivi est écrit deux fois"), Always),
    right!("followup", SEE_PRIVATE, "ITILFollowup" Read, ("Assistance", "Followups: See private ones"), ("Assistance", "Suivis\u{a0}: Voir les privés"), ("read the référents’ commands and the gateway’s own notes", "lire les commandes des référents et les notes de la passerelle"), Always),
    right!("followup", ADD_ALL, "ITILFollowup" Create, ("Assistance", "Followups: Add to all tickets (GLPI 11: Add to all items)"), ("Assistance", "Suivis\u{a0}: Ajouter à tous les tickets (GLPI 11\u{a0}: Ajouter à tous les éléments)"), ("add replies, notes, and the name of a file that GLPI dropped", "ajouter les réponses, les notes, et le nom d’un fichier que GLPI a écarté"), Always),
    right!("followup", UPDATE, "ITILFollowup" Change, ("Assistance", "Followups: Update followups (author)"), ("Assistance", "Suivis\u{a0}: Éditer les suivis (auteur)"), ("note that an escalation is done", "noter qu’une escalade est faite"), Always),
    right!("document", READ, "Document" Read, ("Management", "Documents: Read"), ("Gestion", "Documents\u{a0}: Lecture"), ("see which files GLPI took", "voir quels fichiers GLPI a pris"), Always),
    right!("document", CREATE, "Document" Create, ("Management", "Documents: Create"), ("Gestion", "Documents\u{a0}: Créer"), ("add files to a ticket that GLPI made in part", "ajouter les fichiers d’un ticket que GLPI a créé en partie"), Always),
    right!("user", READ, "User" Read, ("Administration", "Users: Read"), ("Administration", "Utilisateurs\u{a0}: Lecture"), ("find requesters by their address", "trouver les demandeurs par leur adresse"), Always),
    right!("group", READ, "Group" Read, ("Administration", "Groups: Read"), ("Administration", "Groupes\u{a0}: Lecture"), ("find the mappings’ groups", "trouver les groupes des mappings"), Always),
    right!("itilcategory", READ, "ITILCategory" Read, ("Setup", "ITIL categories: Read"), ("Configuration", "Catégories ITIL\u{a0}: Lecture"), ("find the mappings’ categories", "trouver les catégories des mappings"), Always),
    right!("typedoc", READ, "DocumentType" Read, ("Setup", "Document types: Read"), ("Configuration", "Types de documents\u{a0}: Lecture"), ("know beforehand which files GLPI takes: GLPI 11 breaks off in the middle of a ticket at one it does not take", "savoir d’avance quels fichiers GLPI prend\u{a0}: GLPI 11 s’interrompt au milieu d’un ticket devant un fichier qu’il ne prend pas"), FileTypes),
    right!("logs", READ, "Log" Read, ("Administration", "Logs: Read"), ("Administration", "Journaux\u{a0}: Lecture"), ("know since when a ticket is at its level, and what happened to a request", "savoir depuis quand un ticket est à son niveau, et ce qui est arrivé à une demande"), History),
    right!("knowbase", READ_FAQ, "KnowbaseItem" Read, ("Tools", "Knowledge base: Read the FAQ"), ("Outils", "Base de connaissances\u{a0}: Lire la FAQ"), ("show, search and suggest GLPI’s FAQ", "montrer, chercher et proposer la FAQ de GLPI"), Faq),
    right!("knowbasecategory", READ, "KnowbaseItemCategory" Read, ("Setup", "Knowledge base categories: Read"), ("Configuration", "Catégories de la base de connaissances\u{a0}: Lecture"), ("know the categories of the FAQ’s articles", "connaître les catégories des fiches"), Optional),
    right!("knowbase", CREATE, "KnowbaseItem" Create, ("Tools", "Knowledge base: Create"), ("Outils", "Base de connaissances\u{a0}: Créer"), ("draft articles from tickets", "faire des fiches à partir des tickets"), Drafts),
    right!("knowbase", 1024, "KnowbaseItem" Change, ("Tools", "Knowledge base: Knowledge base administration"), ("Outils", "Base de connaissances\u{a0}: Administration de la base de connaissance"), ("write such a draft again", "réécrire un tel brouillon"), Drafts),
    right!("reminder_public", READ | UPDATE | CREATE, "Reminder" Change, ("Tools", "Public reminders: Read, Update, Create"), ("Outils", "Notes publiques\u{a0}: Lecture, Mettre à jour, Créer"), ("keep announcements, their lists and what was handed over", "garder les informations, leurs listes et ce qui a été remis"), Announcements),
    right!("reminder_public", READ | CREATE, "Reminder" Create, ("Tools", "Public reminders: Read, Create"), ("Outils", "Notes publiques\u{a0}: Lecture, Créer"), ("note that the monthly report was sent", "noter que le rapport mensuel est parti"), MonthlyReport),
    right!("entity", READ, "Entity" Read, ("Administration", "Entities: Read"), ("Administration", "Entités\u{a0}: Lecture"), ("find an entity by its path, and tell items of one name in several entities apart", "trouver une entité par son chemin, et distinguer les homonymes de plusieurs entités"), Entities),
    right!("location", READ, "Location" Read, ("Setup", "Locations: Read"), ("Configuration", "Lieux\u{a0}: Lecture"), ("find the mappings’ locations", "trouver les lieux des mappings"), Locations),
    right!("notification", READ, "Notification" Read, ("Setup", "Notifications: Read"), ("Configuration", "Notifications\u{a0}: Lecture"), ("see who is told of what", "voir qui est prévenu de quoi"), Notifications),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{collections::BTreeSet, fs, path::Path};

    use rstest::rstest;

    use super::{Action, Right};
    use crate::text::Language;

    /// Words of this room in capitals that are no class that is asked for.
    const NO_CLASSES: [&str; 2] = ["NoteSeal", "PendingReason"];

    /// GLPI's classes that the room's calls name: the last one of each path.
    fn called() -> BTreeSet<String> {
        let mut called = BTreeSet::new();
        for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/glpi")).unwrap() {
            let path = file.unwrap().path();
            // This table names them all.
            if path.ends_with("rights.rs") {
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap().lines();
            let code = code.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            let is_class = |word: &&str| {
                let begins = word.starts_with(|c: char| c.is_ascii_uppercase())
                    && word[1..].starts_with(|c: char| c.is_ascii_lowercase());
                (begins || word.starts_with("ITIL")) && word.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
            };
            let paths = code.split('"').skip(1).step_by(2).filter(|path| is_class(&path.split('/').next().unwrap()));
            called.extend(paths.filter_map(|path| path.split('/').rfind(is_class).map(str::to_owned)));
        }
        called
    }

    #[test]
    fn each_call_that_glpi_may_refuse_names_its_right() {
        let called = called();
        for known in ["Ticket", "Ticket_Ticket", "ITILFollowup", "KnowbaseItem_Item", "Reminder", "Log"] {
            assert!(called.contains(known), "{known} in {called:?}");
        }
        let unnamed: Vec<_> = called
            .iter()
            .filter(|class| !NO_CLASSES.contains(&class.as_str()))
            .filter(|class| Right::of_call(class, Action::Read).is_none())
            .collect();
        assert!(unnamed.is_empty(), "nobody would be told which right reading these needs: {unnamed:?}");
    }

    #[rstest]
    #[case("Ticket", Action::Create, "«Assistance > Tickets: Create»")]
    #[case("Group_Ticket", Action::Create, "«Assistance > Tickets: Assign»")]
    #[case("ITILSolution", Action::Create, "«Assistance > Tickets: Update»")]
    #[case("Document_Item", Action::Read, "«Management > Documents: Read»")]
    #[case("ITILFollowup", Action::Read, "«Assistance > Followups: See public ones»")]
    #[case("Ticket_Ticket", Action::Read, "«Assistance > Tickets: See all tickets»")]
    #[case("Entity_Reminder", Action::Create, "«Tools > Public reminders: Read, Create»")]
    #[case("Entity_Reminder", Action::Read, "«Tools > Public reminders: Read, Update, Create»")]
    #[case("KnowbaseItem_User", Action::Read, "«Tools > Knowledge base: Read the FAQ»")]
    fn a_call_names_its_right(#[case] item: &str, #[case] action: Action, #[case] label: &str) {
        let right = Right::of_call(item, action).unwrap();
        assert_eq!(right.label().text(Language::English), label);
        assert!(right.label().text(Language::French).starts_with("«\u{a0}"));
    }
}
