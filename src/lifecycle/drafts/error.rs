//! Why no article is drafted: for whoever asked, and for the log.

use crate::{
    glpi::{GlpiError, Trouble},
    id::{ArticleId, TicketId},
};

/// Why no article is drafted. `Display` is for logs, [`DraftError::sentence`] for who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// GLPI has no such ticket, or it is in the bin.
    #[error("GLPI has no ticket {0}")]
    NotFound(TicketId),
    /// Nobody has solved it, or its solution was refused.
    #[error("the ticket has no solution")]
    Unsolved,
    /// It is asked for by someone who may not.
    #[error("whoever asked is no member of the application's groups")]
    NotAllowed,
    /// It is asked for in a public follow-up.
    #[error("the follow-up is public")]
    Public,
    /// Its draft was changed or published by somebody.
    #[error("article {0} was changed or published since")]
    Changed(ArticleId),
    /// Its draft may not be rewritten by the service account.
    #[error("the service account may not change article {0}")]
    Locked(ArticleId),
    /// GLPI has put its draft into the FAQ, and the service account may not take it out.
    #[error("GLPI has put article {0} into the FAQ, and the service account may not take it out")]
    InFaq(ArticleId),
    /// The article is there, and the ticket, which is not closed, takes no note of it.
    #[error("article {0} is drafted, and GLPI adds no note of it to its ticket")]
    Unnoted(ArticleId),
    /// The service account may not write articles.
    #[error("the service account may not write articles")]
    Denied,
    /// The ticket's texts cost too much to be read.
    #[error("the ticket's texts are too intricate")]
    Intricate,
    /// Something else is done with the ticket.
    #[error("something else is done with the ticket")]
    Busy,
    /// GLPI cannot do it now.
    #[error(transparent)]
    Glpi(#[from] GlpiError),
}

impl DraftError {
    /// The codes of what is said to who asked for an article by a follow-up.
    pub const SAID: [&'static str; 11] = [
        "no-such-ticket",
        "no-solution",
        "not-allowed",
        "public-followup",
        "article-changed",
        "article-locked",
        "article-in-faq",
        "article-not-noted",
        "glpi-denied",
        "too-intricate",
        "busy",
    ];

    /// GLPI has not answered while somebody waited.
    pub fn late() -> Self {
        Self::Glpi(GlpiError::Unavailable { why: Trouble::Timeout, retry_after: None, source: None })
    }

    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "no-such-ticket",
            Self::Unsolved => "no-solution",
            Self::NotAllowed => "not-allowed",
            Self::Public => "public-followup",
            Self::Changed(_) => "article-changed",
            Self::Locked(_) => "article-locked",
            Self::InFaq(_) => "article-in-faq",
            Self::Unnoted(_) => "article-not-noted",
            Self::Denied => "glpi-denied",
            Self::Intricate => "too-intricate",
            Self::Busy => "busy",
            Self::Glpi(_) => "glpi-unavailable",
        }
    }

    /// Whether asking again later may help, and nobody need be told why not.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Busy | Self::Glpi(_))
    }

    /// What is wrong and what to do, for whoever asked.
    pub fn sentence(&self) -> String {
        match self {
            Self::NotFound(id) => format!("Le ticket n°\u{a0}{id} n’existe pas, ou il est à la corbeille."),
            Self::Unsolved => {
                "Ce ticket n’a pas de solution, ou elle a été refusée. Donnez-la d’abord\u{a0}: la fiche en sera faite."
                    .to_owned()
            }
            Self::NotAllowed => {
                "Seuls les membres des groupes de l’application peuvent demander cela par un suivi, et jamais pour \
                 leur propre demande."
                    .to_owned()
            }
            Self::Public => "Ce suivi est public. Écrivez-le de nouveau en suivi privé.".to_owned(),
            Self::Changed(article) => format!(
                "La fiche n°\u{a0}{article} faite de ce ticket a été modifiée ou publiée depuis\u{a0}: elle n’est pas remplacée. \
                 Complétez-la dans la base de connaissances, ou supprimez-la avant de recommencer."
            ),
            Self::Locked(article) => format!(
                "La fiche n°\u{a0}{article} est déjà liée à ce ticket, et le compte de service n’a pas le droit de la \
                 mettre à jour («\u{a0}Administration de la base de connaissances\u{a0}»). Complétez-la vous-même, ou \
                 supprimez-la avant de recommencer."
            ),
            Self::InFaq(article) => format!(
                "GLPI a mis dans la FAQ le brouillon qu’est la fiche n°\u{a0}{article}, et le compte de service n’a pas le \
                 droit de l’en retirer. Retirez-la de la FAQ avant de la relire, et prévenez l’administrateur\u{a0}: il ôte à \
                 ce compte «\u{a0}Publier dans la FAQ\u{a0}», ou lui donne «\u{a0}Administration de la base de \
                 connaissances\u{a0}»."
            ),
            Self::Unnoted(article) => format!(
                "La fiche n°\u{a0}{article} est rédigée, mais le ticket n’en dit rien\u{a0}: le compte de service ne peut pas y \
                 ajouter de suivi. Prévenez l’administrateur\u{a0}: il lui donne «\u{a0}Suivis\u{a0}: Ajouter à tous les \
                 tickets\u{a0}»."
            ),
            Self::Denied => {
                "Le compte de service n’a pas le droit de créer des fiches (base de connaissances\u{a0}: création). \
                 Prévenez l’administrateur."
                    .to_owned()
            }
            Self::Intricate => "Les textes de ce ticket sont trop complexes pour en faire une fiche.".to_owned(),
            Self::Busy => {
                "Ce ticket est justement en cours de traitement. Recommencez dans quelques secondes.".to_owned()
            }
            Self::Glpi(_) => "GLPI ne répond pas. Recommencez dans quelques minutes.".to_owned(),
        }
    }
}
