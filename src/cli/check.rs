//! `passerelle check`: names each thing that is wrong, with its remedy.

mod announcements;
mod glpi;
mod hooks;
mod mail;
mod notices;
mod people;
mod report;
mod sound;
mod who;

use std::path::PathBuf;

use jiff::{Span, Timestamp};

use self::{report::Report, sound::Sound};
use super::{directors, exit, readable};
use crate::{
    app::{self, App},
    config::{Backend, Config, ConfigError, DirectorySource, Reading},
    flow::deliver::LONGEST_CREATION_CALLS,
    glpi::ServerInfo,
    text::{Bilingual, Language},
};

/// Verifies the configuration, the mappings, GLPI's rights and names, the directory, Redis and the mail
/// server. Changes nothing. Exit code 1 if anything is wrong.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// The language of the output; without it, that of the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`), else English.
    #[arg(long)]
    pub lang: Option<Language>,
    /// Instead: what each source says of this person, and what would become of a request of theirs.
    #[arg(long, value_name = "ADDRESS")]
    pub who: Option<String>,
    /// Instead: what would become of this mail, each rule in turn, its files and the ticket it is about.
    #[arg(long, value_name = "FILE", conflicts_with = "who")]
    pub mail: Option<PathBuf>,
}

/// How long before the last closed period `check` asks for the next ones.
const SOON_DAYS: i64 = 30;

/// Runs every check and prints what each found; gives the exit code. Beside mistakes in the configuration, which are an
/// error at the end, what does not go by them is looked at all the same.
///
/// # Errors
///
/// Every mistake in the configuration.
pub async fn run(reading: Reading, args: Args) -> Result<u8, ConfigError> {
    let language = Language::chosen(args.lang);
    let is_of_a_mail = args.mail.is_some() && reading.is_sound();
    let of_parts = if is_of_a_mail { Vec::new() } else { App::mistakes(reading.config()) };
    let reading = reading.with(of_parts);
    if let Some(mail) = args.mail {
        return who::of_mail(reading.sound()?, &mail, language).await;
    }
    if let Some(address) = args.who {
        let app = App::build(reading.sound()?)?;
        let code = who::of_person(&app, &address, language).await;
        app.glpi.close().await;
        return Ok(code);
    }
    let mut report = Report::new(language);
    for warning in reading.config().warnings() {
        report.warning(&warning.about, &warning.message, &warning.remedy);
    }
    let mut sound = Sound::new(&reading);
    if let Some(app) = built(&reading)? {
        look(&mut report, &mut sound, &app).await?;
        app.glpi.close().await;
    } else {
        sound.leave_out(Bilingual::new("everything else", "tout le reste"));
    }
    sound.end(&mut report);
    let is_well = report.end();
    reading.sound()?;
    Ok(if is_well { exit::OK } else { exit::FAILED })
}

/// The gateway of what is sound; `None` where nothing could be made of it.
fn built(reading: &Reading) -> Result<Option<App>, ConfigError> {
    if reading.is_sound() {
        return App::build(reading.config().clone()).map(Some);
    }
    if reading.config().settings.is_empty() {
        return Ok(None);
    }
    let mut config = reading.mended()?;
    if reading.is_mistaken("glpi") {
        config = app::with_any_glpi(&config);
        if !knows_directors_by_glpi_alone(&config) {
            config.directory.sources.retain(|source| *source != DirectorySource::Glpi);
        }
    }
    Ok(App::build(config).ok())
}

/// Whether nothing but GLPI is set up to say who is a director.
fn knows_directors_by_glpi_alone(config: &Config) -> bool {
    config.directory.csv.is_none() && config.directory.ldap.url.is_empty()
}

/// Looks at each thing whose settings are sound.
async fn look(report: &mut Report, sound: &mut Sound<'_>, app: &App) -> Result<(), ConfigError> {
    files(report, &app.config).await;
    let mappings = app.pipeline.mappings.now();
    if sound.are(&["mappings"], || Bilingual::same("mappings")) {
        report.ok(&Bilingual::same("mappings"), &Bilingual::same(format!("{} applications", mappings.all().len())));
    }
    if sound.are(&["calendar", "time_zone"], || Bilingual::new("calendar", "calendrier")) {
        calendar(report, app);
    }
    if sound.are(&["glpi", "time_zone"], || Bilingual::same("GLPI"))
        && let Some(info) = glpi::check(report, &app.glpi, &app.config, &mappings).await
    {
        in_glpi(report, sound, app, &info).await;
    }
    if sound.are(&["sender", "screen"], || Bilingual::new("sender", "expéditeur")) {
        mail::sender(report, app).await;
    }
    let of_directory: &[_] = if knows_directors_by_glpi_alone(&app.config) {
        &["directory", "screen", "glpi"]
    } else {
        &["directory", "screen"]
    };
    if sound.are(of_directory, || Bilingual::new("directory", "annuaire")) {
        directory(report, app).await;
    }
    if sound.are(&["redis", "quota"], || Bilingual::same("Redis")) {
        redis(report, app).await;
    }
    let of_relay = ["smtp", "acknowledge", "notify", "portal.when_down"];
    if sound.are(&of_relay, || Bilingual::new("mail to requesters", "courriels aux demandeurs")) {
        mail::relay(report, app).await;
        mail::deposits(report, app);
    }
    if sound.are(&["imap", "screen.recipients"], || Bilingual::new("mailboxes", "boîtes")) {
        mail::mailboxes(report, app).await?;
    }
    if sound.are(&["quarantine", "smtp"], || Bilingual::new("quarantine", "quarantaine")) {
        mail::quarantine(report, app).await;
    }
    if sound.are(&["hooks"], || Bilingual::new("portal hook", "hook du portail")) {
        hooks::check(report, &app.config).await?;
    }
    if sound.are(&["sweep", "quota"], || Bilingual::new("sweep", "passages")) {
        sweep(report, &app.config);
    }
    if sound.are(&["shutdown", "glpi.timeout"], || Bilingual::new("stop", "arrêt")) {
        stop(report, &app.config);
    }
    if sound.are(&["lmtp", "imap", "http"], || Bilingual::new("ways in", "entrées")) {
        ways_in(report, &app.config);
    }
    Ok(())
}

/// What GLPI is asked once it answers.
async fn in_glpi(report: &mut Report, sound: &mut Sound<'_>, app: &App, info: &ServerInfo) {
    let of_notices = ["notify", "acknowledge", "escalation"];
    if sound.are(&of_notices, || Bilingual::new("GLPI notifications", "notifications de GLPI")) {
        notices::check(report, &app.glpi, &app.config, info.mails).await;
    }
    if sound.are(&["mappings"], || Bilingual::new("names in GLPI", "noms dans GLPI")) {
        glpi::names(report, app.pipeline.deliverer.names(), &app.pipeline.mappings.now()).await;
    }
    if sound.are(&["mail"], || Bilingual::same("mail.forwarders")) {
        glpi::forwarders(report, app).await;
    }
    if sound.are(&["people", "mappings"], || Bilingual::new("people", "personnes")) {
        people::check(report, app).await;
    }
    let of_announcements = ["announcements", "people", "directory", "smtp", "attachments"];
    if sound.are(&of_announcements, || Bilingual::new("announcements", "informations")) {
        announcements::check(report, app).await;
    }
}

/// Whether the service may read what this check read, perhaps as root.
async fn files(report: &mut Report, config: &Config) {
    let Some(unreadable) = readable::unreadable(config).await else { return };
    if unreadable.is_empty() {
        let user = readable::USER;
        report.ok(
            &Bilingual::new("files", "fichiers"),
            &Bilingual::new(
                format!("{user}, the user of the service, may read those that the configuration names"),
                format!("{user}, l’utilisateur du service, peut lire ceux que nomme la configuration"),
            ),
        );
    }
    for file in unreadable {
        report.error(&file.what, &file.reason, &file.remedy);
    }
}

/// Whether delays are counted by the holidays of the months to come.
fn calendar(report: &mut Report, app: &App) {
    let what = &Bilingual::new("calendar", "calendrier");
    let today = Timestamp::now().to_zoned(app.config.time_zone.clone()).date();
    let soon = today.saturating_add(Span::new().days(SOON_DAYS));
    match app.calendar.closed_until() {
        None => report.ok(
            what,
            &Bilingual::new("opening hours, no closed periods", "heures d’ouverture, sans périodes de fermeture"),
        ),
        Some(last) if last >= soon => report.ok(
            what,
            &Bilingual::new(format!("closed periods until {last}"), format!("périodes de fermeture jusqu’au {last}")),
        ),
        Some(last) => report.warning(
            what,
            &Bilingual::new(
                format!("the closed periods end on {last}"),
                format!("les périodes de fermeture s’arrêtent au {last}"),
            ),
            &Bilingual::new(
                "Add the next school year's to the file of calendar.closed, or delays count its holidays as working time.",
                "Ajoutez celles de la prochaine année scolaire au fichier de calendar.closed, sinon les délais comptent ses vacances comme ouvrées.",
            ),
        ),
    }
}

fn sweep(report: &mut Report, config: &Config) {
    let what = &Bilingual::new("sweep", "passages");
    let every = humantime_serde::re::humantime::format_duration(config.sweep.every);
    let found = match config.quota.backend {
        Backend::Memory => Bilingual::new(
            format!("every {every}, by this instance alone"),
            format!("toutes les {every}, par cette seule instance"),
        ),
        Backend::Redis => Bilingual::new(
            format!("every {every}, by one instance at a time"),
            format!("toutes les {every}, par une instance à la fois"),
        ),
    };
    report.ok(what, &found);
}

/// A creation that is cut off leaves its sender without an answer.
fn stop(report: &mut Report, config: &Config) {
    let what = &Bilingual::new("stop", "arrêt");
    let (grace, longest) = (config.shutdown.grace, config.glpi.timeout * LONGEST_CREATION_CALLS);
    let shown = humantime_serde::re::humantime::format_duration;
    if grace < longest {
        let (grace, longest) = (shown(grace), shown(longest));
        report.warning(
            what,
            &Bilingual::new(
                format!("shutdown.grace is {grace}, and a creation in GLPI may take {longest}"),
                format!("shutdown.grace est de {grace}, et une création dans GLPI peut en prendre {longest}"),
            ),
            &Bilingual::new(
                "Give shutdown.grace at least three times glpi.timeout, and let whatever stops the gateway wait as long \
                 (systemd: TimeoutStopSec, Docker: --stop-timeout).",
                "Donnez à shutdown.grace au moins trois fois glpi.timeout, et laissez autant à ce qui arrête la passerelle \
                 (systemd\u{a0}: TimeoutStopSec, Docker\u{a0}: --stop-timeout).",
            ),
        );
    } else {
        let grace = shown(grace);
        report.ok(
            what,
            &Bilingual::new(
                format!("waits up to {grace} for what is under way"),
                format!("attend jusqu’à {grace} ce qui est en cours"),
            ),
        );
    }
}

async fn directory(report: &mut Report, app: &App) {
    let answers = app.pipeline.directory.probe().await;
    if answers.is_empty() {
        report.error(
            &Bilingual::new("directory", "annuaire"),
            &Bilingual::new("no source is set up", "aucune source n’est configurée"),
            &Bilingual::new(
                "Set PASSERELLE_DIRECTORY__CSV, a GLPI group or LDAP: without one, every request waits.",
                "Donnez PASSERELLE_DIRECTORY__CSV, un groupe de GLPI ou LDAP\u{a0}: sans source, chaque demande attend.",
            ),
        );
    }
    let sources = answers.len();
    let anybody = answers.iter().any(|(_, answer)| answer.as_ref().is_ok_and(|state| state.has_directors));
    for (source, answer) in answers {
        let what = &Bilingual::new(format!("directory {source}"), format!("annuaire {source}"));
        match answer {
            Ok(state) => {
                let doubts = directors::doubts(&state, &app.pipeline.rules);
                if state.has_directors {
                    report.ok(what, &state.found);
                }
                for doubt in doubts {
                    // Everybody would be refused, where no other source knows somebody.
                    let is_grave = doubt.is_for_all && (!anybody || sources == 1);
                    let say = if is_grave { Report::error } else { Report::warning };
                    say(report, what, &doubt.reason, &doubt.remedy);
                }
            }
            Err(cause) => report.error(
                what,
                &cause.reason(),
                &Bilingual::new(
                    "Until it answers, requests of people no other source knows as directors wait.",
                    "Tant qu’il ne répond pas, les demandes de ceux qu’aucune autre source ne connaît comme directeurs attendent.",
                ),
            ),
        }
    }
}

async fn redis(report: &mut Report, app: &App) {
    let what = &Bilingual::same("Redis");
    if app.config.quota.backend == Backend::Memory {
        if app.config.redis.url.is_some() || !app.config.redis.cluster.is_empty() {
            report.warning(
                what,
                &Bilingual::new("redis.url is set and not used", "redis.url est donné et ne sert pas"),
                &Bilingual::new(
                    "Set quota.backend = \"redis\" to share the memory.",
                    "Réglez quota.backend = \"redis\" pour partager la mémoire.",
                ),
            );
        }
        report.ok(
            &Bilingual::new("memory", "mémoire"),
            &Bilingual::new(
                "in this process alone (quota.backend = \"memory\"): run a single instance",
                "dans ce seul processus (quota.backend = \"memory\")\u{a0}: lancez une seule instance",
            ),
        );
        return;
    }
    match app.pipeline.ledger.probe().await {
        Ok(Some(policy)) if policy != "noeviction" => report.warning(
            what,
            &Bilingual::new(
                format!("maxmemory-policy is {policy}: Redis may forget a claim before its time"),
                format!("maxmemory-policy est {policy}\u{a0}: Redis peut oublier trop tôt une demande en cours"),
            ),
            &Bilingual::new(
                "Set maxmemory-policy noeviction in redis.conf.",
                "Réglez maxmemory-policy noeviction dans redis.conf.",
            ),
        ),
        Ok(_) => report.ok(what, &Bilingual::new("answers", "répond")),
        Err(error) => report.error(
            what,
            &error,
            &Bilingual::new(
                "Check PASSERELLE_REDIS__URL and that Redis runs; until then GLPI is asked instead, more slowly.",
                "Vérifiez PASSERELLE_REDIS__URL et que Redis est en marche\u{a0}; d’ici là GLPI répond à sa place, plus lentement.",
            ),
        ),
    }
}

fn ways_in(report: &mut Report, config: &Config) {
    let lmtp = config.lmtp.listen.iter().map(|address| Bilingual::same(format!("lmtp {address}")));
    let mailboxes = Some(config.imap.url.len()).filter(|&count| count > 0);
    let mailboxes = mailboxes.map(|count| Bilingual::new(format!("{count} mailboxes"), format!("{count} boîtes")));
    let http = config.http.listen.map(|address| Bilingual::same(format!("http {address}")));
    let proxy = config.http.identity_listen.as_ref().map(|address| {
        Bilingual::new(
            format!("http of the signed-in at {address}"),
            format!("http des personnes connectées sur {address}"),
        )
    });
    let all = lmtp.chain(mailboxes).chain(http).chain(proxy).reduce(|all, next| all.then(", ", &next));
    let what = &Bilingual::new("ways in", "entrées");
    match all {
        None => report.error(
            what,
            &Bilingual::new(
                "none of lmtp.listen, imap.url and http.listen is set: `serve` will not start; `ingest` works",
                "ni lmtp.listen, ni imap.url, ni http.listen n’est donné\u{a0}: `serve` ne démarrera pas\u{a0}; `ingest` marche",
            ),
            &Bilingual::new(
                "Set PASSERELLE_LMTP__LISTEN, PASSERELLE_IMAP__URL or PASSERELLE_HTTP__LISTEN.",
                "Donnez PASSERELLE_LMTP__LISTEN, PASSERELLE_IMAP__URL ou PASSERELLE_HTTP__LISTEN.",
            ),
        ),
        Some(all) => report.ok(what, &all),
    }
    if config.http.is_served() && config.http.ticket_tokens.is_empty() {
        report.ok(
            &Bilingual::new("escalation", "escalade"),
            &Bilingual::new(
                "http.ticket_tokens is not set: POST /v1/tickets is closed; commands and rules work",
                "http.ticket_tokens n’est pas donné\u{a0}: POST /v1/tickets est fermé\u{a0}; commandes et règles marchent",
            ),
        );
    }
    let has_proof = config.http.believes_a_proxy()
        || !(config.http.form_tokens.is_empty() && config.http.portal_secrets.is_empty());
    if config.http.is_served() && !has_proof {
        report.warning(
            &Bilingual::new("portal", "portail"),
            &Bilingual::new(
                "neither http.portal_secrets nor http.form_tokens is set: POST /v1/requests is closed",
                "ni http.portal_secrets ni http.form_tokens n’est donné\u{a0}: POST /v1/requests est fermé",
            ),
            &Bilingual::new(
                "Make a secret with `openssl rand -hex 32` and give it to the portal team.",
                "Faites un secret avec `openssl rand -hex 32` et donnez-le à l’équipe du portail.",
            ),
        );
    }
}
