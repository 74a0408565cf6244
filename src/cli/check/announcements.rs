//! Whether information to all directors can be sent: who gets it, by which relay, and whether GLPI can keep it.

use jiff::Timestamp;

use super::report::Report;
use crate::{app::App, glpi::Profile, people::Role};

/// Looks at `[announcements]`, where they are on.
pub(super) async fn check(report: &mut Report, app: &App) {
    if !app.informer.is_on() {
        return;
    }
    match app.glpi.active_profile().await {
        Ok(profile) if profile.may("reminder_public", Profile::READ | Profile::UPDATE | Profile::CREATE) => {
            report.ok("announcements", "GLPI will keep them, and what was handed over");
        }
        Ok(profile) => report.error(
            "announcements",
            format_args!("the profile «{}» lacks «Tools > Public reminders: Read, Update, Create»", profile.name),
            "Tick them under «Administration > Profiles»: without a note of what was handed over, nothing is sent.",
        ),
        Err(error) => report.glpi_error("announcements", &error),
    }
    if !app.informer.letters().are_on() {
        report.warning(
            "announcements",
            "smtp.url is not set: none goes by mail",
            "Set PASSERELLE_SMTP__URL to the academy's relay.",
        );
    }
    let now = Timestamp::now().to_zoned(app.config.time_zone.clone()).datetime();
    match app.pipeline.directory.directors(now).await {
        Ok(directors) if directors.is_empty() => report.error(
            "announcements",
            "the directory lists no director with an address: nobody would get one",
            "Look at directory.sources, directory.ldap.list_filter and directory.ldap.attributes.mail.",
        ),
        Ok(directors) => report.ok("announcements", format_args!("would reach {} directors", directors.len())),
        Err(error) => report.error(
            "announcements",
            format_args!("all directors cannot be listed: {error}"),
            "Until each of directory.sources answers, only a list of addresses can be written to.",
        ),
    }
    seconds(report, app, now).await;
}

/// Whether somebody could confirm what another wrote.
async fn seconds(report: &mut Report, app: &App, now: jiff::civil::DateTime) {
    match app.people.addresses(&Role::Operator, now).await {
        Ok(operators) if operators.len() < 2 => report.warning(
            "announcements",
            format_args!(
                "{} operators have an address: nobody could confirm what one of them sends to more than {} addresses",
                operators.len(),
                app.informer.confirm_above()
            ),
            "Name two or more in people.operators, or raise announcements.confirm_above.",
        ),
        Ok(_) => {}
        Err(error) => report.glpi_error("announcements", &error),
    }
}
