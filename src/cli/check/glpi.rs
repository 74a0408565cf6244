//! What GLPI is, what the service account may do there, and whether it has what the mappings name.

use jiff::{SignedDuration, Timestamp, civil::DateTime};

use super::report::Report;
use crate::{
    app::App,
    cli::needs::{Lack, Needs},
    config::Config,
    flow::{
        deliver::{Missing, Names},
        route::{Level, Mappings, TargetEntity},
    },
    glpi::{Glpi, Profile, RIGHTS, Right, ServerInfo},
    text::Bilingual,
};

/// So much GLPI's clock and the gateway's may differ.
const CLOCKS_AGREE: SignedDuration = SignedDuration::from_mins(5);

/// File types that requests often bring and GLPI does not take out of the box.
const USEFUL_TYPES: &[&str] = &["pdf", "png", "jpg", "docx", "xlsx", "odt", "ods", "eml", "heic", "webp", "mp4"];

/// What GLPI says of itself; `None` where it cannot be asked further.
pub(super) async fn check(
    report: &mut Report,
    glpi: &Glpi,
    config: &Config,
    mappings: &Mappings,
) -> Option<ServerInfo> {
    let info = match glpi.server_info().await {
        Ok(info) => info,
        Err(error) => {
            report.glpi_error(&Bilingual::same("GLPI"), &error);
            return None;
        }
    };
    report.ok(&Bilingual::same("GLPI"), &Bilingual::same(format!("version {}", info.version)));
    clock(report, glpi, config).await;
    let needs = Needs { config, mappings, is_eleven: info.major() >= Some(11) };
    account(report, glpi, &needs).await;
    match glpi.uploadable_types().await {
        Ok(Some(types)) => {
            let missing: Vec<_> =
                USEFUL_TYPES.iter().copied().filter(|extension| !types.accept(&format!("x.{extension}"))).collect();
            if missing.is_empty() {
                report.ok(
                    &file_types(),
                    &Bilingual::new("GLPI takes every usual one", "GLPI prend tous les types usuels"),
                );
            } else {
                let missing = missing.join(", ");
                report.warning(
                    &file_types(),
                    &Bilingual::new(format!("GLPI does not take {missing}"), format!("GLPI ne prend pas {missing}")),
                    &Bilingual::new(
                        "Such files are named in the ticket, not attached. Add them under «Setup > Dropdowns > Document types».",
                        "Ces fichiers sont nommés dans le ticket, pas joints. Ajoutez-les sous «\u{a0}Configuration > Intitulés > Types de documents\u{a0}».",
                    ),
                );
            }
        }
        // Said with the other rights.
        Ok(None) => {}
        Err(error) => report.glpi_error(&file_types(), &error),
    }
    accounts(report, glpi).await;
    Some(info)
}

fn file_types() -> Bilingual {
    Bilingual::new("file types", "types de fichiers")
}

/// What the service account is and may do. Each right that a harmless call can try is tried: one row is read; whether it
/// may write, and which follow-ups and logs it sees, is read of its profile.
async fn account(report: &mut Report, glpi: &Glpi, needs: &Needs<'_>) {
    let what = &Bilingual::new("service account", "compte de service");
    let profile = match glpi.active_profile().await {
        Ok(profile) => profile,
        Err(error) => return report.glpi_error(what, &error),
    };
    if profile.interface == "helpdesk" {
        report.error(
            what,
            &Bilingual::new(
                format!("its profile «{}» is a self-service one", profile.name),
                format!("son profil «\u{a0}{}\u{a0}» est en interface simplifiée", profile.name),
            ),
            &Bilingual::new("Give it a profile cloned from Supervisor.", "Donnez-lui un profil cloné de Supervisor."),
        );
    }
    let (mut tried, mut read, mut complete) = (0, 0, true);
    let mut optional = Vec::new();
    for right in RIGHTS {
        let lack = needs.lack(right);
        if lack == Lack::Nothing {
            continue;
        }
        let by_profile = profile.may(right.name, right.bits);
        let granted = match glpi.try_right(right).await {
            Ok(Some(shown)) => {
                tried += 1;
                shown
            }
            Ok(None) => {
                read += 1;
                by_profile
            }
            Err(error) => {
                complete = false;
                report.glpi_error(what, &error);
                continue;
            }
        };
        if granted {
            continue;
        }
        match lack {
            Lack::Error => {
                complete = false;
                lacking(report, &profile, right, by_profile, true);
            }
            Lack::Warning => lacking(report, &profile, right, by_profile, false),
            Lack::Option => optional.push(right),
            Lack::Nothing => {}
        }
    }
    if complete {
        report.ok(
            what,
            &Bilingual::new(
                format!("profile «{}» has every right needed ({tried} tried, {read} read of the profile)", profile.name),
                format!("le profil «\u{a0}{}\u{a0}» a tous les droits nécessaires ({tried} essayés, {read} lus dans le profil)", profile.name),
            ),
        );
    }
    if let Some(labels) = optional.iter().map(|right| right.label()).reduce(|all, next| all.then(", ", &next)) {
        let found =
            Bilingual::new("what is not granted and may be: ", "ce qui n’est pas accordé et peut l’être\u{a0}: ");
        report.ok(&knowledge_base(), &found.then("", &labels));
    }
    excess(report, glpi, &profile).await;
}

fn knowledge_base() -> Bilingual {
    Bilingual::new("knowledge base", "base de connaissances")
}

/// A right that the account has not.
fn lacking(report: &mut Report, profile: &Profile, right: &Right, by_profile: bool, is_error: bool) {
    let what = &Bilingual::new("service account", "compte de service");
    let name = &profile.name;
    let found = if by_profile {
        Bilingual::new(
            format!("GLPI refuses what its profile «{name}» grants: "),
            format!("GLPI refuse ce que son profil «\u{a0}{name}\u{a0}» accorde\u{a0}: "),
        )
    } else {
        Bilingual::new(format!("its profile «{name}» lacks "), format!("à son profil «\u{a0}{name}\u{a0}» manque "))
    };
    let purpose = Bilingual::new(", to ", ", pour ").then("", &right.purpose());
    let found = found.then("", &right.label()).then("", &purpose);
    let remedy = if by_profile {
        Bilingual::new(
            "Sign in anew after a change of the profile (GLPI keeps a session’s rights), and give the account the profile \
             on the root entity, recursive.",
            "Rouvrez la session après un changement du profil (GLPI garde les droits d’une session), et donnez au compte ce \
             profil sur l’entité racine, récursif.",
        )
    } else {
        Bilingual::new(
            format!("Tick it under «Administration > Profiles > {name}»."),
            format!("Cochez-le sous «\u{a0}Administration > Profils > {name}\u{a0}»."),
        )
    };
    if is_error {
        report.error(what, &found, &remedy);
    } else {
        report.warning(what, &found, &remedy);
    }
}

/// Where the account may do too much, or reaches too little.
async fn excess(report: &mut Report, glpi: &Glpi, profile: &Profile) {
    let what = &Bilingual::new("service account", "compte de service");
    if profile.may("config", Profile::UPDATE) || profile.may("profile", Profile::UPDATE) {
        let name = &profile.name;
        report.warning(
            what,
            &Bilingual::new(
                format!("its profile «{name}» may change GLPI’s setup or profiles: whoever has its token has GLPI"),
                format!("son profil «\u{a0}{name}\u{a0}» peut changer la configuration ou les profils de GLPI\u{a0}: qui a son jeton a GLPI"),
            ),
            &Bilingual::new(
                "Give it a profile cloned from Supervisor, with the rights of docs/en/glpi.md; keep Super-Admin for people.",
                "Donnez-lui un profil cloné de Supervisor, avec les droits de docs/fr/glpi.md\u{a0}; gardez Super-Admin aux personnes.",
            ),
        );
    }
    match glpi.is_recursive().await {
        Ok(true) => {}
        Ok(false) => report.warning(
            what,
            &Bilingual::new(
                "it is not recursive on its entity: what is in the entities below is out of its sight",
                "il n’est pas récursif sur son entité\u{a0}: ce qui est dans les sous-entités lui échappe",
            ),
            &Bilingual::new(
                "In the account, «Authorizations»: give the profile on the root entity, «Recursive»: yes.",
                "Dans le compte, «\u{a0}Habilitations\u{a0}»\u{a0}: donnez le profil sur l’entité racine, «\u{a0}Récursif\u{a0}»\u{a0}: oui.",
            ),
        ),
        Err(error) => report.glpi_error(what, &error),
    }
    if profile.puts_articles_into_faq() {
        let name = &profile.name;
        report.warning(
            &knowledge_base(),
            &Bilingual::new(
                format!("the profile «{name}» may publish in the FAQ and not update articles"),
                format!("le profil «\u{a0}{name}\u{a0}» peut publier dans la FAQ sans pouvoir modifier les fiches"),
            ),
            &Bilingual::new(
                "GLPI would put each draft into the FAQ, from which it cannot be taken back: take «Publish in the FAQ» away.",
                "GLPI mettrait chaque brouillon dans la FAQ, d’où il ne peut être retiré\u{a0}: ôtez «\u{a0}Publier dans la FAQ\u{a0}».",
            ),
        );
    }
}

/// Whether it can be told which accounts GLPI writes to.
async fn accounts(report: &mut Report, glpi: &Glpi) {
    let what = &Bilingual::new("requesters", "demandeurs");
    let grants = match glpi.own_account().await {
        Ok(own) => glpi.grants_of(own).await,
        Err(error) => Err(error),
    };
    match grants {
        Ok(Some(_)) => report.ok(
            what,
            &Bilingual::new(
                "accounts that GLPI would not write to are known",
                "les comptes auxquels GLPI n’écrirait pas sont connus",
            ),
        ),
        Ok(None) => report.warning(
            what,
            &Bilingual::new("the profiles of accounts cannot be read", "les profils des comptes ne peuvent pas être lus"),
            &Bilingual::new(
                "An account without one is taken for a requester, and GLPI never writes to it. Give the service account \
                 «Administration > Users: Read» on the root entity, recursive.",
                "Un compte qui n’en a pas est pris pour demandeur, et GLPI ne lui écrit jamais. Donnez au compte de service \
                 «\u{a0}Administration > Utilisateurs\u{a0}: Lecture\u{a0}» sur l’entité racine, récursif.",
            ),
        ),
        Err(error) => report.glpi_error(what, &error),
    }
}

/// Whether GLPI counts time as the gateway reads it: its dates say nothing of their time zone.
async fn clock(report: &mut Report, glpi: &Glpi, config: &Config) {
    let what = &Bilingual::new("clock", "horloge");
    let here = Timestamp::now().to_zoned(config.time_zone.clone()).datetime();
    let zone = config.time_zone.iana_name().unwrap_or("its own");
    match glpi.clock().await {
        Ok(Some(there)) if there.duration_until(here).abs() < CLOCKS_AGREE => report.ok(
            what,
            &Bilingual::new(
                format!("GLPI's and the gateway's agree ({zone})"),
                format!("celles de GLPI et de la passerelle s’accordent ({zone})"),
            ),
        ),
        Ok(Some(there)) => report.error(
            what,
            &Bilingual::new(
                format!("GLPI's shows {}, the gateway's {} ({zone})", minutes(there), minutes(here)),
                format!("celle de GLPI montre {}, celle de la passerelle {} ({zone})", minutes(there), minutes(here)),
            ),
            &Bilingual::new(
                "Delays, reminders and «since …» are wrong by the difference. Set time_zone to the one GLPI counts in (date.timezone of its PHP, \
                 or «Setup > General > Timezone»), or GLPI's to the academy's; where minutes differ, both machines need NTP.",
                "Délais, rappels et «\u{a0}depuis …\u{a0}» sont faux d’autant. Réglez time_zone sur celui de GLPI (date.timezone de son PHP, \
                 ou «\u{a0}Configuration > Générale > Fuseau horaire\u{a0}»), ou celui de GLPI sur l’académie\u{a0}; si ce sont des minutes, il faut NTP aux deux machines.",
            ),
        ),
        Ok(None) => report.warning(
            what,
            &Bilingual::new("GLPI does not tell the time", "GLPI ne dit pas l’heure"),
            &Bilingual::new("Compare the hour of a new ticket with your own.", "Comparez l’heure d’un nouveau ticket à la vôtre."),
        ),
        Err(error) => report.glpi_error(what, &error),
    }
}

fn minutes(moment: DateTime) -> impl std::fmt::Display {
    moment.strftime("%Y-%m-%d %H:%M")
}

/// Whether GLPI has what the mappings name.
pub(super) async fn names(report: &mut Report, names: &Names, mappings: &Mappings) {
    for mapping in mappings.all() {
        let what = &Bilingual::same(&mapping.file);
        match names.missing_of(mapping).await {
            Ok(missing) if missing.is_empty() => {
                let levels =
                    mapping.levels.iter().map(level).fold(Bilingual::default(), |all, next| all.then("", &next));
                let (category, group) = (&mapping.category, &mapping.group);
                let found = Bilingual::new(
                    format!("«{category}» → «{group}»"),
                    format!("«\u{a0}{category}\u{a0}» → «\u{a0}{group}\u{a0}»"),
                );
                report.ok(what, &found.then("", &levels));
            }
            Ok(missing) => {
                for name in missing {
                    report.error(
                        what,
                        &of_missing(&name),
                        &Bilingual::new(
                            "Its requests wait until this is mended; then nothing is lost.",
                            "Ses demandes attendent que ce soit réparé\u{a0}; alors rien n’est perdu.",
                        ),
                    );
                }
            }
            Err(error) => report.glpi_error(what, &error),
        }
    }
}

/// What GLPI lacks of a mapping.
fn of_missing(missing: &Missing) -> Bilingual {
    let french_word = |what: &str| match what {
        "category" => "catégorie",
        "group" => "groupe",
        "entity" => "entité",
        _ => "lieu",
    };
    let french = match missing {
        Missing::Unknown { what, name } => {
            format!(
                "GLPI n’a pas de {} «\u{a0}{name}\u{a0}»\u{a0}: créez cet élément, ou corrigez le nom dans le mapping",
                french_word(what)
            )
        }
        Missing::Ambiguous { what, name, entity, items } => format!(
            "GLPI a plusieurs éléments ({}) «\u{a0}{name}\u{a0}», {items}, et rien ne dit lequel vaut dans l’entité {entity}\u{a0}: \
             renommez-en un, ou donnez son entité au mapping",
            french_word(what)
        ),
        Missing::Hidden { what, name, items } => format!(
            "GLPI a plusieurs éléments ({}) «\u{a0}{name}\u{a0}», {items}, et le compte de service ne peut lire quelles entités sont \
             au-dessus de celle du ticket\u{a0}: cochez «\u{a0}Administration > Entités\u{a0}: Lecture\u{a0}», ou renommez-en un",
            french_word(what)
        ),
        Missing::Unavailable(error) => return error.reason(),
    };
    Bilingual::new(missing, french)
}

/// Whether GLPI has the groups whose members forward directors' mails.
pub(super) async fn forwarders(report: &mut Report, app: &App) {
    let what = &Bilingual::same("mail.forwarders");
    for group in app.pipeline.rules.forwarder_groups() {
        match app.pipeline.deliverer.names().groups(group, &TargetEntity::Own).await {
            Ok(_) => report.ok(what, &Bilingual::new(format!("members of «{group}»"), format!("les membres de «\u{a0}{group}\u{a0}»"))),
            Err(Missing::Unavailable(error)) => report.glpi_error(what, &error),
            Err(missing) => report.error(
                what,
                &of_missing(&missing),
                &Bilingual::new(
                    "Until then what its members forward counts as their own. Give addresses, with an @, or groups of GLPI by \
                     name or full path.",
                    "D’ici là, ce que ses membres transfèrent compte comme venant d’eux. Donnez des adresses, avec un @, ou des \
                     groupes de GLPI par leur nom ou leur chemin complet.",
                ),
            ),
        }
    }
}

/// A level of escalation and its rules.
fn level(level: &Level) -> Bilingual {
    let hours = humantime_serde::re::humantime::format_duration;
    let rules = [("reminder", "rappel", level.remind_after), ("escalation", "escalade", level.after)];
    let rules = rules.iter().filter_map(|(english, french, delay)| {
        let delay = hours((*delay)?);
        Some(Bilingual::new(format!("{english} after {delay}"), format!("{french} après {delay}")))
    });
    let rules =
        rules.reduce(|all, next| all.then(", ", &next)).unwrap_or_else(|| Bilingual::new("on demand", "sur demande"));
    Bilingual::new(format!(" → «{}» (", level.group), format!(" → «\u{a0}{}\u{a0}» (", level.group))
        .then("", &rules)
        .then("", &Bilingual::same(")"))
}
