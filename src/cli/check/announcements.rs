//! Whether information to all directors can be sent: who gets it, by which relay, and whether GLPI can keep it.

use jiff::Timestamp;

use super::report::Report;
use crate::{
    app::App,
    people::Role,
    text::{Bilingual, french},
};

/// Looks at `[announcements]`, where they are on.
pub(super) async fn check(report: &mut Report, app: &App) {
    if !app.informer.is_on() {
        return;
    }
    let what = Bilingual::new("announcements", "informations");
    let limits = app.informer.limits();
    let (files, bytes, size) = (limits.max_files, limits.max_total_size, french::size(limits.max_total_size));
    report.ok(
        &what,
        &Bilingual::new(
            format_args!("may carry {files} files, {bytes} bytes in all (announcements.max_size)"),
            format_args!("peuvent porter {files} fichiers, {size} en tout (announcements.max_size)"),
        ),
    );
    if !app.informer.letters().are_on() {
        report.warning(
            &what,
            &Bilingual::new(
                "smtp.url is not set: none goes by mail",
                "smtp.url n’est pas donné\u{a0}: aucune ne part par courriel",
            ),
            &Bilingual::new(
                "Set PASSERELLE_SMTP__URL to the academy’s relay.",
                "Donnez à PASSERELLE_SMTP__URL le relais de l’académie.",
            ),
        );
    }
    let now = Timestamp::now().to_zoned(app.config.time_zone.clone()).datetime();
    match app.pipeline.directory.directors(now).await {
        Ok(directors) if directors.is_empty() => report.error(
            &what,
            &Bilingual::new(
                "the directory lists no director with an address: nobody would get one",
                "l’annuaire ne liste aucun directeur avec une adresse\u{a0}: personne n’en recevrait",
            ),
            &Bilingual::new(
                "Look at directory.sources, directory.ldap.list_filter and directory.ldap.attributes.mail.",
                "Voyez directory.sources, directory.ldap.list_filter et directory.ldap.attributes.mail.",
            ),
        ),
        Ok(directors) => report.ok(
            &what,
            &Bilingual::new(
                format!("would reach {} directors", directors.len()),
                format!("toucheraient {} directeurs", directors.len()),
            ),
        ),
        Err(error) => report.error(
            &what,
            &Bilingual::new(
                format!("all directors cannot be listed: {error}"),
                format!("la liste des directeurs est impossible\u{a0}: {error}"),
            ),
            &Bilingual::new(
                "Until each of directory.sources answers, only a list of addresses can be written to.",
                "Tant que chacune de directory.sources ne répond pas, seule une liste d’adresses peut recevoir.",
            ),
        ),
    }
    seconds(report, app, now).await;
}

/// Whether somebody could confirm what another wrote.
async fn seconds(report: &mut Report, app: &App, now: jiff::civil::DateTime) {
    let what = Bilingual::new("announcements", "informations");
    match app.people.addresses(&Role::Operator, now).await {
        Ok(operators) if operators.len() < 2 => report.warning(
            &what,
            &Bilingual::new(
                format!(
                    "{} operators have an address: nobody could confirm what one of them sends to more than {} addresses",
                    operators.len(),
                    app.informer.confirm_above()
                ),
                format!(
                    "opérateurs avec une adresse\u{a0}: {}\u{a0}; personne ne pourrait confirmer un envoi à plus de {} adresses",
                    operators.len(),
                    app.informer.confirm_above()
                ),
            ),
            &Bilingual::new(
                "Name two or more in people.operators, or raise announcements.confirm_above.",
                "Nommez-en au moins deux dans people.operators, ou relevez announcements.confirm_above.",
            ),
        ),
        Ok(_) => {}
        Err(error) => report.glpi_error(&what, &error),
    }
}
