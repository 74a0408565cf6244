//! Why a ticket is not moved: for whoever asked, and for the log.

use std::sync::Arc;

use super::Immovable;
use crate::{flow::deliver::Missing, glpi::GlpiError, id::TicketId, lifecycle::notices::Unsent};

/// Why a ticket is not moved. `Display` is for logs and operators, [`EscalateError::sentence`] for who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EscalateError {
    /// GLPI has no such ticket, or it is in the bin.
    #[error("GLPI has no ticket {0}")]
    NotFound(TicketId),
    /// Neither its category nor its groups are of one mapping, or GLPI does not have that mapping's groups.
    #[error("the ticket's category and groups belong to no application whose levels are known")]
    NoApplication,
    /// It is where it cannot go on from.
    #[error(transparent)]
    Immovable(#[from] Immovable),
    /// The group that was named is not the one it would go to.
    #[error("the ticket would go to «{next}», not to «{wanted}»")]
    AnotherGroup {
        /// The group that was named.
        wanted: String,
        /// The group it would go to.
        next: String,
    },
    /// It is solved or closed.
    #[error("the ticket is solved or closed")]
    Over,
    /// It was moved the same way after it was asked for.
    #[error("the ticket was moved already")]
    Already,
    /// It is asked for by someone who may not: a command in a follow-up.
    #[error("whoever asked is no member of the application's groups")]
    NotAllowed,
    /// The command is in a public follow-up.
    #[error("the follow-up is public")]
    Public,
    /// The same ticket is being moved elsewhere.
    #[error("the ticket is being moved by another call or another instance")]
    Busy,
    /// GLPI cannot do it now, or does not allow it.
    #[error(transparent)]
    Glpi(#[from] GlpiError),
    /// A reminder could not be sent.
    #[error(transparent)]
    Untold(Arc<Unsent>),
    /// The steps were made, and GLPI does not show what they should have led to.
    #[error("GLPI does not show the move as made")]
    Unconfirmed,
}

impl EscalateError {
    /// Every code.
    pub const CODES: [&'static str; 14] = [
        "no-such-ticket",
        "no-level",
        "highest-level",
        "lowest-level",
        "another-group",
        "ticket-over",
        "already-moved",
        "not-allowed",
        "public-followup",
        "busy",
        "glpi-denied",
        "glpi-unavailable",
        "untold",
        "unconfirmed",
    ];
    /// The codes of what is said to who gave a command that is not obeyed.
    pub(super) const SAID: &'static [&'static str] = Self::CODES.split_at(9).0;

    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "no-such-ticket",
            Self::NoApplication | Self::Immovable(Immovable::Elsewhere) => "no-level",
            Self::Immovable(Immovable::Highest) => "highest-level",
            Self::Immovable(Immovable::Lowest) => "lowest-level",
            Self::AnotherGroup { .. } => "another-group",
            Self::Over => "ticket-over",
            Self::Already => "already-moved",
            Self::NotAllowed => "not-allowed",
            Self::Public => "public-followup",
            Self::Busy => "busy",
            Self::Glpi(GlpiError::Denied { .. } | GlpiError::NotAddable) => "glpi-denied",
            Self::Glpi(_) => "glpi-unavailable",
            Self::Untold(_) => "untold",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// Whether asking again later may help, and nobody need be told why not.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy | Self::Glpi(_) | Self::Untold(_) | Self::Unconfirmed => true,
            Self::NotFound(_)
            | Self::NoApplication
            | Self::Immovable(_)
            | Self::AnotherGroup { .. }
            | Self::Over
            | Self::Already
            | Self::NotAllowed
            | Self::Public => false,
        }
    }

    /// What is wrong and what to do, for whoever asked.
    pub fn sentence(&self) -> String {
        match self {
            Self::NotFound(id) => format!("Le ticket n°\u{a0}{id} n’existe pas, ou il est à la corbeille."),
            Self::NoApplication => {
                "Ni la catégorie ni les groupes de ce ticket n’indiquent une application et ses niveaux. Corrigez sa \
                 catégorie, ou attribuez-le à la main."
                    .to_owned()
            }
            Self::Immovable(Immovable::Elsewhere) => {
                "Ce ticket n’est attribué à aucun groupe des niveaux de son application. Attribuez-le à la main."
                    .to_owned()
            }
            Self::Immovable(Immovable::Highest) => {
                "Ce ticket est déjà au niveau le plus élevé de son application.".to_owned()
            }
            Self::Immovable(Immovable::Lowest) => "Ce ticket est déjà au premier niveau de son application.".to_owned(),
            Self::AnotherGroup { wanted, next } => {
                format!("Ce ticket irait au groupe «\u{a0}{next}\u{a0}», pas à «\u{a0}{wanted}\u{a0}». Relisez-le avant de recommencer.")
            }
            Self::Over => "Ce ticket est résolu ou clos. Rouvrez-le d’abord.".to_owned(),
            Self::Already => "Ce ticket a déjà changé de niveau depuis cette demande.".to_owned(),
            Self::NotAllowed => {
                "Seuls les membres des groupes de l’application peuvent demander cela par un suivi, et jamais pour \
                 leur propre demande."
                    .to_owned()
            }
            Self::Public => "Ce suivi est public. Écrivez-le de nouveau en suivi privé.".to_owned(),
            Self::Busy => {
                "Ce ticket est justement en cours de transfert. Recommencez dans quelques secondes.".to_owned()
            }
            Self::Glpi(GlpiError::Denied { .. } | GlpiError::NotAddable) => {
                "GLPI n’autorise pas ce transfert au compte de service. Prévenez l’administrateur.".to_owned()
            }
            Self::Glpi(_) => {
                "GLPI ne répond pas. Ce qui a été commencé sera terminé de soi-même\u{a0}; sinon, recommencez plus tard."
                    .to_owned()
            }
            Self::Untold(_) => "Le rappel n’a pas pu être envoyé. Il le sera au prochain passage.".to_owned(),
            Self::Unconfirmed => {
                "GLPI ne montre pas le transfert demandé. Vérifiez le ticket, puis recommencez.".to_owned()
            }
        }
    }
}

impl From<Unsent> for EscalateError {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Glpi(error) => Self::Glpi(error),
            Unsent::Busy => Self::Busy,
            unsent => Self::Untold(Arc::new(unsent)),
        }
    }
}

impl From<Missing> for EscalateError {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Unavailable(error) => Self::Glpi(error),
            Missing::Unknown { .. } | Missing::Ambiguous { .. } | Missing::Hidden { .. } => Self::NoApplication,
        }
    }
}
