//! What a source of the directory holds that cannot be meant: nobody who directs a school, lines that name nobody, directors
//! whose requests the rules refuse. `check` and `setup` both say it.

use std::collections::BTreeSet;

use crate::{
    flow::{directory::SourceState, screen::Rules},
    text::Bilingual,
};

/// Something that cannot be meant.
#[derive(Debug)]
pub(super) struct Doubt {
    pub(super) reason: Bilingual,
    pub(super) remedy: Bilingual,
    /// Whether nobody's request is taken by what this source says.
    pub(super) is_for_all: bool,
}

/// All of it.
pub(super) fn doubts(state: &SourceState, rules: &Rules) -> Vec<Doubt> {
    let nobody = (!state.has_directors).then(|| Doubt {
        reason: Bilingual::new("no director is in it: ", "il ne contient aucun directeur\u{a0}: ")
            .then("", &state.found),
        remedy: state.remedy.clone(),
        is_for_all: true,
    });
    [nobody, of_lines(&state.left_out), foreign(state, rules)].into_iter().flatten().collect()
}

fn of_lines(left_out: &[Bilingual]) -> Option<Doubt> {
    /// Lines that are named.
    const SHOWN: usize = 3;
    let first = left_out
        .iter()
        .take(SHOWN)
        .cloned()
        .reduce(|all, next| all.then("", &Bilingual::new("; ", " ; ")).then("", &next))?;
    let count = left_out.len();
    let more = Bilingual::same(if count > SHOWN { "…)" } else { ")" });
    Some(Doubt {
        reason: Bilingual::new(
            format!("lines that are left out, as they name nobody: {count} ("),
            format!("lignes laissées de côté, qui ne nomment personne\u{a0}: {count} ("),
        )
        .then("", &first)
        .then("", &more),
        remedy: Bilingual::new("Correct these lines, or take them out.", "Corrigez ces lignes, ou ôtez-les."),
        is_for_all: false,
    })
}

fn foreign(state: &SourceState, rules: &Rules) -> Option<Doubt> {
    /// Domains that are named.
    const SHOWN: usize = 3;
    let foreign: Vec<_> = state.directors.iter().filter(|address| rules.is_foreign(address)).collect();
    let domains: BTreeSet<_> = foreign.iter().map(|address| address.domain()).collect();
    if domains.is_empty() {
        return None;
    }
    let (count, all) = (foreign.len(), state.directors.len());
    let more = if domains.len() > SHOWN { "…" } else { "" };
    let shown = domains.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    Some(Doubt {
        reason: Bilingual::new(
            format!(
                "directors with an address of another domain than the academy’s ({shown}{more}): {count} of {all}; their \
                 requests are refused"
            ),
            format!(
                "directeurs dont l’adresse n’est pas du domaine de l’académie ({shown}{more})\u{a0}: {count} sur {all}\u{a0}; \
                 leurs demandes sont refusées"
            ),
        ),
        remedy: Bilingual::new(
            "Correct these addresses, or add their domain to screen.domains.",
            "Corrigez ces adresses, ou ajoutez leur domaine à screen.domains.",
        ),
        is_for_all: count == all,
    })
}
