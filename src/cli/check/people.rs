//! Whether those who are in charge can be known, and what they are in charge of.

use jiff::Timestamp;

use super::report::Report;
use crate::{
    app::App,
    people::{GroupTrouble, Role},
    text::Bilingual,
};

/// Looks at `[people]`, where anybody is named.
pub(super) async fn check(report: &mut Report, app: &App) {
    if app.people.are_nobody() {
        return;
    }
    let what = &Bilingual::new("people", "personnes");
    match app.people.group_troubles().await {
        Ok(troubles) => {
            for (group, trouble) in &troubles {
                group_trouble(report, what, group, trouble);
            }
            if troubles.is_empty() {
                let roles = app.people.roles().len();
                report.ok(
                    what,
                    &Bilingual::new(
                        format!("each group is there (roles: {roles})"),
                        format!("chaque groupe existe (rôles\u{a0}: {roles})"),
                    ),
                );
            }
        }
        Err(error) => report.glpi_error(what, &error),
    }
    applications(report, app);
    reached(report, app).await;
}

/// Says why nobody is meant by the name of a group.
fn group_trouble(report: &mut Report, what: &Bilingual, group: &str, trouble: &GroupTrouble) {
    match trouble {
        GroupTrouble::Missing => report.error(
            what,
            &Bilingual::new(format!("GLPI has no group «{group}»"), format!("GLPI n’a pas de groupe «\u{a0}{group}\u{a0}»")),
            &Bilingual::new(
                "Correct its name in [people], or make the group and give the service account the right to see it.",
                "Corrigez son nom dans [people], ou créez le groupe et donnez au compte de service le droit de le voir.",
            ),
        ),
        GroupTrouble::Ambiguous(groups) => report.error(
            what,
            &Bilingual::new(
                format!("GLPI has more than one group «{group}», {groups}: nobody is meant by it"),
                format!("GLPI a plusieurs groupes «\u{a0}{group}\u{a0}», {groups}\u{a0}: personne n’est désigné par ce nom"),
            ),
            &Bilingual::new(
                "Give the full path in [people], such as «Assistance > Référents-LSU», or rename the others.",
                "Donnez dans [people] le chemin complet, par exemple «\u{a0}Assistance > Référents-LSU\u{a0}», ou renommez les autres.",
            ),
        ),
    }
}

/// Whether each application that is named is one that a mapping has.
fn applications(report: &mut Report, app: &App) {
    let what = &Bilingual::new("people", "personnes");
    let mappings = app.pipeline.mappings.now();
    let known: Vec<Role> = mappings.all().iter().map(|mapping| Role::referent(&mapping.name)).collect();
    for (key, name) in app.people.applications() {
        if known.contains(&Role::referent(name)) {
            continue;
        }
        report.warning(
            what,
            &Bilingual::new(
                format!("{key} names the application «{name}», which no mapping has"),
                format!("{key} nomme l’application «\u{a0}{name}\u{a0}», qu’aucun mapping n’a"),
            ),
            &match mappings.nearest(name) {
                Some(near) => Bilingual::new(
                    format!("Is «{near}» meant? Give it the `name` of a mapping."),
                    format!("Est-ce «\u{a0}{near}\u{a0}»\u{a0}? Donnez-lui le `name` d’un mapping."),
                ),
                None => Bilingual::new("Give it the `name` of a mapping.", "Donnez-lui le `name` d’un mapping."),
            },
        );
    }
}

/// Whether anybody of each role can be written to.
async fn reached(report: &mut Report, app: &App) {
    let what = &Bilingual::new("people", "personnes");
    let now = Timestamp::now().to_zoned(app.config.time_zone.clone()).datetime();
    for role in app.people.roles() {
        match app.people.addresses(&role, now).await {
            Ok(addresses) if addresses.is_empty() => {
                let key = match &role {
                    Role::Operator => "people.operators".to_owned(),
                    Role::Correspondent(department) => format!("people.correspondents.{department}"),
                    Role::Referent(application) => format!("people.referents.{application}"),
                };
                report.warning(
                    what,
                    &Bilingual::new(
                        format!("nobody of {key} has an address in GLPI that mails reach"),
                        format!("personne de {key} n’a dans GLPI d’adresse que les courriels atteignent"),
                    ),
                    &Bilingual::new(
                        "Give the members of that group addresses in GLPI, or name people by their address.",
                        "Donnez dans GLPI des adresses aux membres de ce groupe, ou nommez les personnes par leur adresse.",
                    ),
                );
            }
            Ok(_) => {}
            Err(error) => return report.glpi_error(what, &error),
        }
    }
}
