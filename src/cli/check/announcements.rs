//! Whether information to all directors can be sent: who gets it, by which relay, and whether GLPI can keep it.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::DateTime};

use super::report::Report;
use crate::{
    app::App,
    people::Role,
    request::Person,
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
    sizes(report, app).await;
    let now = Timestamp::now().to_zoned(app.config.time_zone.clone()).datetime();
    let directors = match app.pipeline.directory.directors(now).await {
        Ok(directors) => directors,
        Err(error) => {
            report.error(
                &what,
                &Bilingual::new("all directors cannot be listed: ", "la liste des directeurs est impossible\u{a0}: ")
                    .then("", &error.reason()),
                &Bilingual::new(
                    "Until each of directory.sources answers, only a list of addresses can be written to.",
                    "Tant que chacune de directory.sources ne répond pas, seule une liste d’adresses peut recevoir.",
                ),
            );
            return seconds(report, app, now, 0).await;
        }
    };
    if directors.is_empty() {
        report.error(
            &what,
            &Bilingual::new(
                "the directory lists no director with an address: nobody would get one",
                "l’annuaire ne liste aucun directeur avec une adresse\u{a0}: personne n’en recevrait",
            ),
            &Bilingual::new(
                "Look at directory.sources, directory.ldap.list_filter and directory.ldap.attributes.mail.",
                "Voyez directory.sources, directory.ldap.list_filter et directory.ldap.attributes.mail.",
            ),
        );
    } else {
        report.ok(
            &what,
            &Bilingual::new(
                format!("would reach {} directors", directors.len()),
                format!("toucheraient {} directeurs", directors.len()),
            ),
        );
        zones(report, app, directors.values());
    }
    seconds(report, app, now, directors.len()).await;
}

/// Whether GLPI and the relay take the files that may go along.
async fn sizes(report: &mut Report, app: &App) {
    let what = Bilingual::new("announcements", "informations");
    let limits = app.informer.limits();
    let largest = limits.max_file_size.min(limits.max_total_size);
    match app.glpi.server_info().await {
        // Where it does not tell, it is 0.
        Ok(info) if info.document_max_size > 0 && (info.document_max_size << 20) < largest => {
            let (mebibytes, size) = (info.document_max_size, french::size(largest));
            report.warning(
                &what,
                &Bilingual::new(
                    format!("one file may have {largest} bytes (attachments.max_file_size, announcements.max_size), and GLPI takes {mebibytes} MiB"),
                    format!("un fichier peut avoir {size} (attachments.max_file_size, announcements.max_size), et GLPI prend {mebibytes} Mio"),
                ),
                &Bilingual::new(
                    "Raise «Setup > General > Management > Document files maximum size» in GLPI, and upload_max_filesize and \
                     post_max_size of its PHP, which it does not tell; or lower announcements.max_size.",
                    "Relevez «\u{a0}Configuration > Générale > Gestion > Taille maximale des documents\u{a0}» dans GLPI, et \
                     upload_max_filesize et post_max_size de son PHP, qu’il ne dit pas\u{a0}; ou baissez announcements.max_size.",
                ),
            );
        }
        Ok(_) => {}
        Err(error) => report.glpi_error(&what, &error),
    }
    // That the relay does not answer is said of the mails to requesters.
    if let Ok(Some(most)) = app.informer.letters().largest_files().await
        && most < limits.max_total_size
    {
        let (all, files, octets) = (limits.max_total_size, french::size(limits.max_total_size), french::size(most));
        report.warning(
            &what,
            &Bilingual::new(
                format!("they may carry {all} bytes of files (announcements.max_size), and the relay takes mails with {most} of them"),
                format!("elles peuvent porter {files} de fichiers (announcements.max_size), et le relais prend des courriels qui en ont {octets}"),
            ),
            &Bilingual::new(
                "Lower announcements.max_size, or let the relay take larger mails (Postfix: message_size_limit).",
                "Baissez announcements.max_size, ou laissez le relais prendre de plus gros courriels (Postfix\u{a0}: message_size_limit).",
            ),
        );
    }
}

/// Whether directors can be chosen by zone, and those of each correspondent are there.
fn zones<'a>(report: &mut Report, app: &App, directors: impl Iterator<Item = &'a Person>) {
    let what = Bilingual::new("announcements", "informations");
    let departments: BTreeSet<String> =
        directors.flat_map(Person::schools).filter_map(|school| school.department).collect();
    if departments.is_empty() {
        report.warning(
            &what,
            &Bilingual::new(
                "the directory tells no director’s department: none can be sent to a zone, only to everybody",
                "l’annuaire ne dit le département d’aucun directeur\u{a0}: aucune ne peut aller à une zone, seulement à tous",
            ),
            &Bilingual::new(
                "Give the school’s code or the department: the columns uai or department of directory.csv, \
                 directory.ldap.attributes.uai or department, or the administrative number of GLPI’s accounts.",
                "Donnez le code de l’école ou le département\u{a0}: les colonnes uai ou department de directory.csv, \
                 directory.ldap.attributes.uai ou department, ou le matricule des comptes de GLPI.",
            ),
        );
        return;
    }
    for department in app.people.departments().difference(&departments) {
        report.warning(
            &what,
            &Bilingual::new(
                format!("people.correspondents.{department}: the directory has no director of this department"),
                format!("people.correspondents.{department}\u{a0}: l’annuaire n’a aucun directeur de ce département"),
            ),
            &Bilingual::new(
                "Correct the department’s number, or the directory: those correspondents reach nobody.",
                "Corrigez le numéro du département, ou l’annuaire\u{a0}: ces correspondants ne touchent personne.",
            ),
        );
    }
}

/// Whether somebody could confirm what another wrote to so many.
async fn seconds(report: &mut Report, app: &App, now: DateTime, directors: usize) {
    let what = Bilingual::new("announcements", "informations");
    let above = app.informer.confirm_above();
    let operators = match app.people.addresses(&Role::Operator, now).await {
        Ok(operators) => operators.len(),
        Err(error) => return report.glpi_error(&what, &error),
    };
    let remedy = Bilingual::new(
        "Name two or more in people.operators, or raise announcements.confirm_above.",
        "Nommez-en au moins deux dans people.operators, ou relevez announcements.confirm_above.",
    );
    if operators == 0 && directors > above {
        report.error(
            &what,
            &Bilingual::new(
                format!("nobody can confirm what goes to more than {above} addresses, and there are {directors} directors: it would not be sent"),
                format!("personne ne peut confirmer un envoi à plus de {} adresses, et il y a {} directeurs\u{a0}: il ne partirait pas", french::grouped(above), french::grouped(directors)),
            ),
            &remedy,
        );
    } else if operators < 2 {
        report.warning(
            &what,
            &Bilingual::new(
                format!("{operators} operators have an address: nobody could confirm what one of them sends to more than {above} addresses"),
                format!("opérateurs avec une adresse\u{a0}: {operators}\u{a0}; personne ne pourrait confirmer un envoi à plus de {} adresses", french::grouped(above)),
            ),
            &remedy,
        );
    }
}
