//! Whether those who are in charge can be known, and what they are in charge of.

use super::report::Report;
use crate::{app::App, people::Role, text::Bilingual};

/// Looks at `[people]`, where anybody is named.
pub(super) async fn check(report: &mut Report, app: &App) {
    if app.people.are_nobody() {
        return;
    }
    let what = &Bilingual::new("people", "personnes");
    match app.people.missing_groups().await {
        Ok(missing) => {
            for group in &missing {
                report.error(
                    what,
                    &Bilingual::new(format!("GLPI has no group «{group}»"), format!("GLPI n’a pas de groupe «\u{a0}{group}\u{a0}»")),
                    &Bilingual::new(
                        "Correct its name in [people], or make the group and give the service account the right to see it.",
                        "Corrigez son nom dans [people], ou créez le groupe et donnez au compte de service le droit de le voir.",
                    ),
                );
            }
            if missing.is_empty() {
                let roles = app.people.roles().len();
                report.ok(
                    what,
                    &Bilingual::new(
                        format!("{roles} roles, each group is there"),
                        format!("{roles} rôles, chaque groupe existe"),
                    ),
                );
            }
        }
        Err(error) => report.glpi_error(what, &error),
    }
    let mappings = app.pipeline.mappings.now();
    let known: Vec<Role> = mappings.all().iter().map(|mapping| Role::referent(&mapping.name)).collect();
    for role in app.people.roles() {
        if let Role::Referent(application) = &role
            && !known.contains(&role)
        {
            report.warning(
                what,
                &Bilingual::new(
                    format!("people.referents names the application «{application}», which no mapping has"),
                    format!("people.referents nomme l’application «\u{a0}{application}\u{a0}», qu’aucun mapping n’a"),
                ),
                &Bilingual::new("Give it the `name` of a mapping.", "Donnez-lui le `name` d’un mapping."),
            );
        }
    }
}
