//! What GLPI is, what the service account may do there, and whether it has what the mappings name.

use jiff::{SignedDuration, Timestamp, civil::DateTime};

use super::{notices, report::Report};
use crate::{
    app::App,
    config::Config,
    flow::{
        deliver::{Missing, Names},
        route::{Level, Mappings, TargetEntity},
    },
    glpi::{Glpi, Profile},
};

/// GLPI's own right bits beyond reading and creating (classes `Ticket` and `ITILFollowup`).
const TICKET_READ_OWN: u64 = 1;
const TICKET_READ_ALL: u64 = 1024;
const TICKET_ASSIGN: u64 = 8192;
const TICKET_UPDATE: u64 = 2;
const FOLLOWUP_ADD_ALL: u64 = 4096;
const FOLLOWUP_UPDATE_OWN: u64 = 2;
const FOLLOWUP_SEE_PUBLIC: u64 = 1;
const FOLLOWUP_SEE_PRIVATE: u64 = 8192;

/// What the service account must be allowed, and what for.
const RIGHTS: &[(&str, u64, &str)] = &[
    ("ticket", Profile::CREATE, "«Assistance > Tickets: Create», to make tickets"),
    ("ticket", TICKET_READ_ALL, "«Assistance > Tickets: See all tickets», to find a ticket by its reference"),
    ("ticket", TICKET_READ_OWN, "«Assistance > Tickets: See my ticket», without which GLPI shows no solution"),
    ("ticket", TICKET_ASSIGN, "«Assistance > Tickets: Assign», to assign the référents"),
    ("followup", FOLLOWUP_ADD_ALL, "«Assistance > Followups: Add to all items», to name a file GLPI dropped"),
    ("ticket", TICKET_UPDATE, "«Assistance > Tickets: Update», to take the old group off an escalated one"),
    ("followup", FOLLOWUP_SEE_PUBLIC, "«Assistance > Followups: See public ones», to find what was written already"),
    ("followup", FOLLOWUP_SEE_PRIVATE, "«Assistance > Followups: See private ones», to read the référents' commands"),
    ("followup", FOLLOWUP_UPDATE_OWN, "«Assistance > Followups: Update (author)», to note that an escalation is done"),
    ("document", Profile::READ, "«Management > Documents: Read», to see which files GLPI took"),
    ("document", Profile::CREATE, "«Management > Documents: Create», to add files to a ticket that GLPI made in part"),
    ("group", Profile::READ, "«Administration > Groups: Read», to find the groups of the mappings"),
    ("user", Profile::READ, "«Administration > Users: Read», to find requesters by their address"),
    ("itilcategory", Profile::READ, "«Setup > ITIL categories: Read», to find the categories of the mappings"),
];

/// GLPI's right bits on its knowledge base (class `KnowbaseItem`).
const KNOWLEDGE_UPDATE: u64 = 2;
const KNOWLEDGE_ADMIN: u64 = 1024;
const KNOWLEDGE_READ_FAQ: u64 = 2048;
const KNOWLEDGE_PUBLISH: u64 = 4096;

/// What more the account may be allowed with it, and what for.
const KNOWLEDGE: &[(&str, u64, &str)] = &[
    ("knowbase", KNOWLEDGE_READ_FAQ, "«Tools > Knowledge base: Read the FAQ», to show, search and suggest it"),
    ("knowbase", Profile::CREATE, "«Tools > Knowledge base: Create», to draft articles from tickets"),
    ("knowbase", KNOWLEDGE_ADMIN, "«Tools > Knowledge base: Administration», to write such a draft again"),
    ("knowbasecategory", Profile::READ, "«Setup > Knowledge base categories: Read», to know the articles' categories"),
];

/// So much GLPI's clock and the gateway's may differ.
const CLOCKS_AGREE: SignedDuration = SignedDuration::from_mins(5);

/// File types that requests often bring and GLPI does not take out of the box.
const USEFUL_TYPES: &[&str] = &["pdf", "png", "jpg", "docx", "xlsx", "odt", "ods", "eml", "heic", "webp", "mp4"];

/// Whether GLPI can be asked further.
pub(super) async fn check(report: &mut Report, glpi: &Glpi, config: &Config) -> bool {
    let info = match glpi.server_info().await {
        Ok(info) => info,
        Err(error) => {
            report.glpi_error("GLPI", &error);
            return false;
        }
    };
    report.ok("GLPI", format_args!("version {}", info.version));
    clock(report, glpi, config).await;
    match glpi.active_profile().await {
        Ok(profile) => {
            if profile.interface == "helpdesk" {
                report.error(
                    "service account",
                    format_args!("its profile «{}» is a self-service one", profile.name),
                    "Give it a profile cloned from Supervisor.",
                );
            }
            for (right, bits, what) in RIGHTS {
                if !profile.may(right, *bits) {
                    report.error(
                        "service account",
                        format_args!("its profile «{}» lacks {what}", profile.name),
                        "Tick it under «Administration > Profiles».",
                    );
                }
            }
            if RIGHTS.iter().all(|(right, bits, _)| profile.may(right, *bits)) {
                report.ok("service account", format_args!("profile «{}» has every right needed", profile.name));
            }
            knowledge(report, &profile);
            if !profile.may("logs", Profile::READ) {
                report.warning(
                    "escalation",
                    format_args!("the profile «{}» lacks «Administration > Logs: Read»", profile.name),
                    "Tick it: without it, delays count from a ticket's opening, not from its arrival at its level.",
                );
            }
        }
        Err(error) => report.glpi_error("service account", &error),
    }
    match glpi.uploadable_types().await {
        Ok(Some(types)) => {
            let missing: Vec<_> =
                USEFUL_TYPES.iter().copied().filter(|extension| !types.accept(&format!("x.{extension}"))).collect();
            if missing.is_empty() {
                report.ok("file types", "GLPI takes every usual one");
            } else {
                report.warning(
                    "file types",
                    format_args!("GLPI does not take {}", missing.join(", ")),
                    "Such files are named in the ticket, not attached. Add them under «Setup > Dropdowns > Document types».",
                );
            }
        }
        Ok(None) if info.major() >= Some(11) => report.error(
            "file types",
            format_args!("the account may not read them, and GLPI {} breaks off at a file that it does not take", info.version),
            "Tick «Setup > Dropdowns: Read» (typedoc) in its profile: without it, each kind of unwanted file costs one half-made ticket.",
        ),
        Ok(None) => report.warning(
            "file types",
            "the account may not read them",
            "The gateway goes by GLPI's answers. «Setup > Dropdowns: Read» (typedoc) lets it name unwanted files beforehand.",
        ),
        Err(error) => report.glpi_error("file types", &error),
    }
    accounts(report, glpi).await;
    notices::check(report, glpi, config, info.mails).await;
    true
}

/// What the account may do with GLPI's knowledge base: nothing of it is necessary.
fn knowledge(report: &mut Report, profile: &Profile) {
    let lacking = KNOWLEDGE.iter().filter(|(right, bits, _)| !profile.may(right, *bits));
    let lacking: Vec<&str> = lacking.map(|(.., what)| *what).collect();
    if lacking.is_empty() {
        report.ok("knowledge base", "the FAQ is read, and articles are drafted from tickets");
    } else {
        report.ok("knowledge base", format_args!("what is not granted and may be: {}", lacking.join("; ")));
    }
    if profile.may("knowbase", KNOWLEDGE_PUBLISH) && !profile.may("knowbase", KNOWLEDGE_UPDATE) {
        report.warning(
            "knowledge base",
            format_args!("the profile «{}» may publish in the FAQ and not update articles", profile.name),
            "GLPI would put each draft into the FAQ, from which it cannot be taken back: take «Publish in the FAQ» away.",
        );
    }
}

/// Whether it can be told which accounts GLPI writes to.
async fn accounts(report: &mut Report, glpi: &Glpi) {
    let grants = match glpi.own_account().await {
        Ok(own) => glpi.grants_of(own).await,
        Err(error) => Err(error),
    };
    match grants {
        Ok(Some(_)) => report.ok("requesters", "accounts that GLPI would not write to are known"),
        Ok(None) => report.warning(
            "requesters",
            "the profiles of accounts cannot be read",
            "An account without one is taken for a requester, and GLPI never writes to it. Give the service account \
             «Administration > Users: Read» on the root entity, recursive.",
        ),
        Err(error) => report.glpi_error("requesters", &error),
    }
}

/// Whether GLPI counts time as the gateway reads it: its dates say nothing of their time zone.
async fn clock(report: &mut Report, glpi: &Glpi, config: &Config) {
    let here = Timestamp::now().to_zoned(config.time_zone.clone()).datetime();
    let zone = config.time_zone.iana_name().unwrap_or("its own");
    match glpi.clock().await {
        Ok(Some(there)) if there.duration_until(here).abs() < CLOCKS_AGREE => {
            report.ok("clock", format_args!("GLPI's and the gateway's agree ({zone})"));
        }
        Ok(Some(there)) => report.error(
            "clock",
            format_args!("GLPI's shows {}, the gateway's {} ({zone})", minutes(there), minutes(here)),
            "Delays, reminders and «since …» are wrong by the difference. Set time_zone to the one GLPI counts in (date.timezone of its PHP, \
             or «Setup > General > Timezone»), or GLPI's to the academy's; where minutes differ, both machines need NTP.",
        ),
        Ok(None) => report.warning("clock", "GLPI does not tell the time", "Compare the hour of a new ticket with your own."),
        Err(error) => report.glpi_error("clock", &error),
    }
}

fn minutes(moment: DateTime) -> impl std::fmt::Display {
    moment.strftime("%Y-%m-%d %H:%M")
}

/// Whether the entities that mappings name can be found, and those above them.
pub(super) async fn entities(report: &mut Report, glpi: &Glpi, mappings: &Mappings) {
    let all = mappings.all();
    let Some(mapping) = all.iter().find(|it| it.names().iter().any(|names| names.place != TargetEntity::Own)) else {
        return;
    };
    match glpi.active_profile().await {
        Ok(profile) if profile.may("entity", Profile::READ) => report.ok("entities", "can be read"),
        Ok(profile) => report.error(
            "entities",
            format_args!(
                "its profile «{}» lacks «Administration > Entities: Read», and {} has an entity",
                profile.name, mapping.file
            ),
            "Tick it under «Administration > Profiles»: the entity's tickets wait, and of one name in several entities              it cannot be told which is meant.",
        ),
        Err(error) => report.glpi_error("entities", &error),
    }
}

/// Whether GLPI has what the mappings name.
pub(super) async fn names(report: &mut Report, names: &Names, mappings: &Mappings) {
    for mapping in mappings.all() {
        match names.missing_of(mapping).await {
            Ok(missing) if missing.is_empty() => {
                let levels: String = mapping.levels.iter().map(level).collect();
                report.ok(&mapping.file, format_args!("«{}» → «{}»{levels}", mapping.category, mapping.group));
            }
            Ok(missing) => {
                for name in missing {
                    report.error(&mapping.file, name, "Its requests wait until this is mended; then nothing is lost.");
                }
            }
            Err(error) => report.glpi_error(&mapping.file, &error),
        }
    }
}

/// Whether GLPI has the groups whose members forward directors' mails.
pub(super) async fn forwarders(report: &mut Report, app: &App) {
    for group in app.pipeline.rules.forwarder_groups() {
        match app.pipeline.deliverer.names().groups(group, &TargetEntity::Own).await {
            Ok(_) => report.ok("mail.forwarders", format_args!("members of «{group}»")),
            Err(Missing::Unavailable(error)) => report.glpi_error("mail.forwarders", &error),
            Err(missing) => report.error(
                "mail.forwarders",
                missing,
                "Until then what its members forward counts as their own. Give addresses, with an @, or groups of GLPI by \
                 name or full path.",
            ),
        }
    }
}

/// A level of escalation and its rules.
fn level(level: &Level) -> String {
    let hours = humantime_serde::re::humantime::format_duration;
    let rules = [("reminder", level.remind_after), ("escalation", level.after)];
    let rules: Vec<_> =
        rules.iter().filter_map(|(name, delay)| Some(format!("{name} after {}", hours((*delay)?)))).collect();
    let rules = if rules.is_empty() { "on demand".to_owned() } else { rules.join(", ") };
    format!(" → «{}» ({rules})", level.group)
}
