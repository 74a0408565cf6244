//! Whether those who are in charge can be known, and what they are in charge of.

use super::report::Report;
use crate::{app::App, glpi::Profile, people::Role};

/// Looks at `[people]`, where anybody is named.
pub(super) async fn check(report: &mut Report, app: &App) {
    if app.people.are_nobody() {
        return;
    }
    match app.people.missing_groups().await {
        Ok(missing) => {
            for group in &missing {
                report.error(
                    "people",
                    format_args!("GLPI has no group «{group}»"),
                    "Correct its name in [people], or make the group and give the service account the right to see it.",
                );
            }
            if missing.is_empty() {
                report.ok("people", format_args!("{} roles, each group is there", app.people.roles().len()));
            }
        }
        Err(error) => report.glpi_error("people", &error),
    }
    let mappings = app.pipeline.mappings.now();
    let known: Vec<Role> = mappings.all().iter().map(|mapping| Role::referent(&mapping.name)).collect();
    for role in app.people.roles() {
        if let Role::Referent(application) = &role
            && !known.contains(&role)
        {
            report.warning(
                "people",
                format_args!("people.referents names the application «{application}», which no mapping has"),
                "Give it the `name` of a mapping.",
            );
        }
    }
    if app.config.figures.report {
        match app.glpi.active_profile().await {
            Ok(profile) if profile.may("reminder_public", Profile::READ | Profile::CREATE) => {
                report.ok("monthly report", "GLPI will keep a note of it");
            }
            Ok(profile) => report.error(
                "monthly report",
                format_args!("the profile «{}» lacks «Tools > Public reminders: Read, Create»", profile.name),
                "Tick them under «Administration > Profiles»: without a note that it was sent, it is not sent.",
            ),
            Err(error) => report.glpi_error("monthly report", &error),
        }
    }
}
