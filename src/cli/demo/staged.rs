//! The director's requests in every state the portal knows, with what brings each there and who is written to.

use super::{
    samples::{SAND, URGENT},
    staff::Act,
};

/// A request, what is done with it, and what must be seen of it.
pub(super) struct Staged {
    pub(super) application: &'static str,
    pub(super) description: &'static str,
    /// What the helpdesk does with it.
    pub(super) acts: &'static [Act],
    /// Whether the director then approves its solution.
    pub(super) is_approved: bool,
    pub(super) seen: Seen,
}

/// What must be seen of a request.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) title: &'static str,
    /// The state as the portal names it, and what it says beside.
    pub(super) state: &'static str,
    pub(super) detail: &'static str,
    /// Who is written to, and words of the subject.
    pub(super) mails: &'static [(&'static str, &'static str)],
}

/// Who has the requests in charge.
const MOREL: &str = "tech1@ac-dijon.fr";
/// A member of the group that requests are handed on to.
const BERNARD: &str = "alice.bernard@ac-dijon.fr";

/// The requests, in the order they are made.
pub(super) fn all() -> [Staged; 6] {
    let staged = |title, description, acts, state, detail, mails| Staged {
        application: "LSU",
        description,
        acts,
        is_approved: false,
        seen: Seen { title, state, detail, mails },
    };
    [
        staged(
            "Accès pour une nouvelle enseignante",
            "Mme Colette prend la classe de CE2 lundi\u{a0}: il lui faut un accès au livret.",
            &[],
            "En attente",
            "",
            &[(SAND, "— demande n°"), (MOREL, "nouvelle demande")],
        ),
        staged(
            "Bilans du CM1 absents de la liste",
            "Les bilans du premier trimestre n’apparaissent plus depuis hier.",
            &[Act::Take],
            "En cours",
            "prise en charge par Claude Morel",
            &[(SAND, "prise en charge")],
        ),
        staged(
            "Import des élèves interrompu",
            "L’import s’arrête à la moitié, sans message.",
            &[Act::Take, Act::Ask("De quel fichier s’agit-il, et à quelle ligne l’import s’arrête-t-il\u{a0}?")],
            "À compléter",
            "une réponse de votre part est attendue",
            &[(SAND, "à compléter")],
        ),
        staged(
            "Export vers le collège impossible",
            "Le fichier d’export est vide.",
            &[Act::Take, Act::Solve("L’export était fermé pour votre école\u{a0}: il est ouvert. Réessayez.")],
            "À approuver",
            "une solution attend votre avis",
            &[(SAND, "solution proposée")],
        ),
        staged(
            "Lenteurs lors de la saisie",
            "Chaque page met une minute à s’ouvrir.",
            &[Act::Take, Act::Hold],
            "En attente",
            "mise en attente\u{a0}: Attente de l’éditeur",
            &[],
        ),
        Staged {
            is_approved: true,
            ..staged(
                "Mot de passe expiré",
                "L’application refuse mon mot de passe.",
                &[Act::Take, Act::Solve("Votre mot de passe est renouvelé.")],
                "Clôturée",
                "",
                &[(MOREL, "solution approuvée")],
            )
        },
    ]
}

/// The sample that is escalated.
pub(super) const ESCALATED: Seen = Seen {
    title: URGENT,
    state: "En cours",
    detail: "transmise à l’assistance informatique académique",
    mails: &[(SAND, "transmise à l’assistance informatique académique"), (BERNARD, "transmise par Référents-ECECA")],
};
