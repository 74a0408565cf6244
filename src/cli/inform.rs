//! `passerelle inform`: tells all directors of a zone, by mail and on the portal; follows, resumes and ends that.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{Timestamp, ToSpan as _, civil};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{exit, say::say};
use crate::{
    announcements::{
        Announcement, AnnouncementFile, DoubtDecision, InformError, Informed, KeepingError, Mailing, MailingProgress,
        MailingState, RecipientList, Recipients, SendingError, Zone, Zones,
    },
    app::App,
    config::{Config, ConfigError},
    intake::form,
    people::{Rights, Role},
    request::{Address, Enclosure, Reference},
};

/// What Windows puts before a text.
const BOM: char = '\u{feff}';
/// How often a mailing that another instance sends is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long what the portal shows is shown, unless said otherwise.
const SHOWN_DAYS: i64 = 7;

/// Tells all directors of the academy, of departments, circonscriptions, an application's last requesters, or a list.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Subcommand>,
    /// The text, a file of Markdown; `-` is the standard input. Its first line, `# …`, is the subject.
    #[arg(required = true)]
    pub file: Option<PathBuf>,
    /// The subject, where the file has none.
    #[arg(long)]
    pub subject: Option<String>,
    /// A zone: 021 (a department), 021/Dijon Nord (a circonscription); several times for several. Without, the academy.
    #[arg(long, value_parser = zone)]
    pub zone: Vec<Zone>,
    /// The application it is about.
    #[arg(long)]
    pub application: Option<String>,
    /// Only to those who asked for help with that application in the last 90 days.
    #[arg(long, requires = "application")]
    pub last_requesters: bool,
    /// To the addresses of this file instead, one a line.
    #[arg(long, conflicts_with_all = ["zone", "last_requesters"])]
    pub list: Option<PathBuf>,
    /// A file that goes along; several times for several.
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// Also shows it on the portal.
    #[arg(long)]
    pub portal: bool,
    /// Shows it on the portal alone; no mail goes.
    #[arg(long, conflicts_with_all = ["portal", "list", "last_requesters"])]
    pub portal_only: bool,
    /// Until when the portal shows it: 2026-12-01 or 2026-12-01T18:00; seven days without.
    #[arg(long)]
    pub until: Option<civil::DateTime>,
    /// Who writes it.
    #[arg(long, default_value = "l’exploitation")]
    pub by: String,
    /// Shows the mail and who would get it; sends and writes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: each address, too.
    #[arg(long, requires = "dry_run")]
    pub addresses: bool,
    /// One JSON object, without a progress bar.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Lists what was sent, the newest first.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Says how far one is: who has it, who was refused, what is in doubt.
    Show {
        /// What it is called, P-XXXX-XXXX-XXXX.
        #[arg(value_parser = reference)]
        reference: Reference,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Goes on with one that was interrupted; decides what is in doubt.
    Resume {
        /// What it is called.
        #[arg(value_parser = reference)]
        reference: Reference,
        /// What the relay's log says of the batches in doubt: it has them (sent), or it does not, and they go again (send).
        #[arg(long, value_parser = decision)]
        doubtful: Option<DoubtDecision>,
        /// Of this batch alone.
        #[arg(long, requires = "doubtful")]
        batch: Option<usize>,
        /// Who decides.
        #[arg(long, default_value = "l’exploitation")]
        by: String,
        /// One JSON object, without a progress bar.
        #[arg(long)]
        json: bool,
    },
    /// Confirms one as a second person, by the code of the mail that asked for it.
    Confirm {
        /// What it is called.
        #[arg(value_parser = reference)]
        reference: Reference,
        /// The code.
        #[arg(long)]
        code: String,
        /// Who confirms.
        #[arg(long)]
        by: String,
    },
    /// Stops one: what is not sent stays so.
    Stop {
        /// What it is called.
        #[arg(value_parser = reference)]
        reference: Reference,
        /// Who stops it.
        #[arg(long, default_value = "l’exploitation")]
        by: String,
    },
    /// Takes one off the portal.
    End {
        /// What it is called.
        #[arg(value_parser = reference)]
        reference: Reference,
    },
}

/// The names of files, behind the subject.
fn named(files: &[AnnouncementFile]) -> String {
    let mut named = String::new();
    for file in files {
        named.push_str("  +");
        named.push_str(&file.name);
    }
    named
}

fn zone(text: &str) -> Result<Zone, String> {
    Zone::parse(text).ok_or_else(|| "this is no zone, such as 021 or 021/Dijon Nord".to_owned())
}

fn reference(text: &str) -> Result<Reference, String> {
    Reference::parse(text).ok_or_else(|| "this is no reference, such as P-7K3M-Q2XV-9D4T".to_owned())
}

fn decision(text: &str) -> Result<DoubtDecision, String> {
    match text {
        "sent" => Ok(DoubtDecision::Sent),
        "send" => Ok(DoubtDecision::Send),
        _ => Err("give sent or send".to_owned()),
    }
}

/// Does what is asked; gives the exit code: 0 done, 1 it cannot be done or something is in doubt, 64 the text cannot be
/// used, 75 not now, or interrupted.
///
/// # Errors
///
/// When the configuration cannot be used.
pub async fn run(config: Config, args: Args) -> Result<u8, ConfigError> {
    let app = App::build(config)?;
    let code = match Box::pin(obey(&app, args)).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            code_of(&error)
        }
    };
    app.glpi.close().await;
    Ok(code)
}

/// What a failure says to whoever called.
fn code_of(error: &InformError) -> u8 {
    match error {
        InformError::Missing(_) | InformError::Files(_) | InformError::Keeping(KeepingError::FileRefused(..)) => {
            exit::USAGE
        }
        InformError::NoList(_) | InformError::NotFrozen(_) | InformError::Keeping(_) | InformError::Glpi(_) => {
            exit::TEMPFAIL
        }
        _ => exit::FAILED,
    }
}

async fn obey(app: &App, args: Args) -> Result<u8, InformError> {
    let informer = &app.informer;
    match args.command {
        None => inform(app, args).await,
        Some(Subcommand::List { json }) => {
            let mailings = informer.mailings().await?;
            for (announcement, why) in informer.unfrozen(&mailings).await? {
                let (reference, subject) = (announcement.reference, &announcement.subject);
                if json {
                    let shown = json!({
                        "reference": reference, "state": "not-frozen", "subject": subject,
                        "written_by": announcement.written_by, "written_at": announcement.written_at,
                        "remedy": why.remedy(),
                    });
                    say(shown.to_string());
                } else {
                    let moment = announcement.written_at.to_zoned(app.config.time_zone.clone());
                    let moment = moment.strftime("%Y-%m-%d %H:%M");
                    say(format!("{reference}  {moment}      -  not frozen  {subject}  ({})", why.remedy()));
                }
            }
            for mailing in mailings {
                if json {
                    say(serde_json::to_string(&mailing).unwrap_or_default());
                } else {
                    let moment = mailing.written_at.to_zoned(app.config.time_zone.clone());
                    say(format!(
                        "{}  {}  {:>5}  {}  {}{}",
                        mailing.reference,
                        moment.strftime("%Y-%m-%d %H:%M"),
                        mailing.addresses,
                        word(mailing.state),
                        mailing.subject,
                        named(&mailing.files)
                    ));
                }
            }
            Ok(exit::OK)
        }
        Some(Subcommand::Show { reference, json }) => Ok(report(app, &informer.progress(reference).await?, json)),
        Some(Subcommand::Resume { reference, doubtful, batch, by, json }) => {
            if let Some(decision) = doubtful {
                informer.decide(reference, batch, decision, &by).await?;
            }
            let progress = informer.resume(reference).await?;
            if progress.mailing.state == MailingState::ToConfirm {
                return Ok(waiting(app, &progress, json));
            }
            Ok(follow(app, reference, json).await)
        }
        Some(Subcommand::Confirm { reference, code, by }) => {
            informer.confirm(reference, &code, &by).await?;
            say("confirmed: a running gateway sends it, or `passerelle inform resume`");
            Ok(exit::OK)
        }
        Some(Subcommand::Stop { reference, by }) => Ok(report(app, &informer.stop(reference, &by).await?, false)),
        Some(Subcommand::End { reference }) => {
            let kept = informer.keeping().of_reference(reference).await?.ok_or(InformError::Unknown)?;
            informer.keeping().rewrite(Announcement { ends: Some(Timestamp::now()), ..kept }).await?;
            say("the portal does not show it any more");
            Ok(exit::OK)
        }
    }
}

async fn inform(app: &App, args: Args) -> Result<u8, InformError> {
    let Some(enclosure) = enclosure(&args).await else { return Ok(exit::USAGE) };
    let Some(list) = list(&args) else { return Ok(exit::USAGE) };
    let Some(announcement) = announcement(app, &args, &list, &enclosure) else {
        return Ok(exit::USAGE);
    };
    let rights = Rights::of([Role::Operator]);
    if args.dry_run {
        let recipients = app.informer.recipients(&announcement, &list, &rights).await?;
        let (files, _) = app.informer.files(&enclosure).await?;
        preview(app, &Announcement { files, ..announcement }, &recipients, &args);
        return Ok(exit::OK);
    }
    let Informed { announcement, mailing } = app.informer.inform(announcement, (&list, &enclosure), &rights).await?;
    let Some(mailing) = mailing else {
        say(format!("{} is kept for the portal", announcement.reference));
        return Ok(exit::OK);
    };
    if mailing.mailing.state == MailingState::ToConfirm {
        return Ok(waiting(app, &mailing, args.json));
    }
    Ok(follow(app, announcement.reference, args.json).await)
}

/// Says whom one waits for.
fn waiting(app: &App, progress: &MailingProgress, json: bool) -> u8 {
    if json {
        report(app, progress, json);
    } else {
        say(waits(progress));
    }
    if progress.is_asked { exit::OK } else { exit::TEMPFAIL }
}

fn waits(progress: &MailingProgress) -> String {
    let Mailing { reference, addresses, .. } = &progress.mailing;
    let asked = if progress.is_asked {
        "The other operators were sent a mail.".to_owned()
    } else {
        format!(
            "Nobody could be asked yet: the mail relay took no mail for another operator, and the log says why. A running \
             gateway asks again each minute, and so does `passerelle inform resume {reference}`."
        )
    };
    format!("{reference} waits for a second person: {addresses} addresses. {asked}")
}

/// The announcement that the arguments describe; `None`, and said, where its text cannot be read.
fn announcement(app: &App, args: &Args, list: &[Address], enclosure: &Enclosure) -> Option<Announcement> {
    let file = args.file.as_ref()?;
    let read =
        if file.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = match read {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{} cannot be read: {error}; give a file of text, or - for the standard input", file.display());
            return None;
        }
    };
    let text = text.trim_start_matches(BOM);
    let (head, body) = match text.trim_start().strip_prefix("# ") {
        Some(titled) => titled.split_once('\n').unwrap_or((titled, "")),
        None => ("", text),
    };
    let (subject, markdown) = match &args.subject {
        Some(subject) => (subject.clone(), text.to_owned()),
        None => (head.trim().to_owned(), body.trim().to_owned()),
    };
    let now = Timestamp::now();
    let zone = &app.config.time_zone;
    let ends = match args.until {
        Some(until) => until.to_zoned(zone.clone()).ok().map(|until| until.timestamp()),
        None => now.to_zoned(zone.clone()).checked_add(SHOWN_DAYS.days()).ok().map(|until| until.timestamp()),
    };
    let zones = Zones::of(args.zone.iter().cloned());
    let on_portal = args.portal || args.portal_only;
    let by_mail = match (args.portal_only, &args.list, args.last_requesters) {
        (true, ..) => None,
        (_, Some(_), _) => Some(Recipients::List),
        (.., true) => Some(Recipients::LastRequesters),
        _ => Some(Recipients::Directors),
    };
    // The same command again on the same day means the same announcement: it is sent once.
    let day = now.to_zoned(zone.clone()).date();
    let identity = format!(
        "{day}\n{subject}\n{markdown}\n{:?}\n{:?}{}{by_mail:?}{list:?}",
        zones.shown(),
        args.application,
        enclosure.digest
    );
    Some(Announcement {
        id: None,
        reference: Reference::new("announcement", &args.by, identity.as_bytes()),
        subject,
        markdown,
        zones,
        application: args.application.clone(),
        by_mail,
        on_portal,
        begins: now,
        ends: ends.filter(|_| on_portal),
        files: Vec::new(),
        written_by: args.by.clone(),
        written_at: now,
    })
}

/// The files of `--attach`; `None`, and said, where one cannot be read.
async fn enclosure(args: &Args) -> Option<Enclosure> {
    let mut files = Vec::with_capacity(args.attach.len());
    for path in &args.attach {
        let content = match std::fs::read(path) {
            Ok(content) => Bytes::from(content),
            Err(error) => {
                eprintln!("{} cannot be read: {error}; give a file that can", path.display());
                return None;
            }
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let media_type = infer::get(&content).map(|kind| kind.mime_type().to_owned());
        files.push(form::File { name, content_type: media_type, content });
    }
    let size = files.iter().map(|file| file.content.len() as u64).sum();
    Some(form::enclosure(files, size).await)
}

/// The addresses of `--list`; `None`, and said, where one is none.
fn list(args: &Args) -> Option<Vec<Address>> {
    let Some(file) = &args.list else { return Some(Vec::new()) };
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{} cannot be read: {error}; give a file with an address a line", file.display());
            return None;
        }
    };
    let mut addresses = Vec::new();
    for (line, number) in
        text.trim_start_matches(BOM).lines().map(str::trim).zip(1..).filter(|(line, _)| !line.is_empty())
    {
        let Some(address) = Address::parse(line) else {
            eprintln!("{}, line {number}: this is no mail address", file.display());
            return None;
        };
        addresses.push(address);
    }
    Some(addresses)
}

fn preview(app: &App, announcement: &Announcement, recipients: &RecipientList, args: &Args) {
    if args.json {
        let mut shown = json!({
            "addresses": recipients.len(), "zones": recipients.by_zone(), "files": files_shown(&announcement.files),
        });
        if args.addresses {
            shown["list"] = recipients.addresses().map(ToString::to_string).collect();
        }
        say(shown.to_string());
        return;
    }
    say(format!("Objet\u{a0}: {}\n", announcement.subject));
    match app.informer.letters().plain(&announcement.markdown) {
        Ok(text) => say(&text),
        Err(error) => eprintln!("{error}"),
    }
    for file in &announcement.files {
        say(format!("Fichier joint\u{a0}: {}", file.told()));
    }
    for (department, circonscriptions) in recipients.by_zone() {
        say(format!("{:>6}  {department}", circonscriptions.values().sum::<usize>()));
        for (name, count) in circonscriptions.iter().filter(|(name, _)| *name != crate::announcements::NO_ZONE) {
            say(format!("{count:>10}  {name}"));
        }
    }
    say(format!("{:>6}  addresses in all", recipients.len()));
    if args.addresses {
        for address in recipients.addresses() {
            say(address.as_str());
        }
    }
    if recipients.len() > app.informer.confirm_above() {
        say("a second person would have to confirm it");
    }
}

/// Sends what is to be sent, with a bar that shows how far, until all that can be sent is, or somebody interrupts.
async fn follow(app: &App, reference: Reference, json: bool) -> u8 {
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    let listening = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    let bar = if json { ProgressBar::hidden() } else { ProgressBar::new(0) };
    let style = ProgressStyle::with_template("{bar:40} {human_pos} / {human_len} addresses, {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let show = |progress: &MailingProgress| {
        bar.set_length(progress.mailing.addresses as u64);
        bar.set_position(progress.done() as u64);
    };
    let ended = loop {
        let pause = match app.informer.send(reference, &stop, show).await {
            Ok(sending) => match sending.again {
                Some(again) if !stop.is_cancelled() => {
                    if let Some(why) = &sending.why {
                        bar.println(format!("{why}; tried again"));
                    }
                    Duration::try_from(again.duration_since(Timestamp::now())).unwrap_or_default()
                }
                _ => break Ok(sending.progress),
            },
            Err(SendingError::Elsewhere) => match app.informer.progress(reference).await {
                Ok(progress) if progress.mailing.state == MailingState::Going => {
                    show(&progress);
                    LOOK_EVERY
                }
                Ok(progress) => break Ok(progress),
                Err(error) => break Err(error.to_string()),
            },
            Err(error) => break Err(error.to_string()),
        };
        if stop.is_cancelled() {
            match app.informer.progress(reference).await {
                Ok(progress) => break Ok(progress),
                Err(error) => break Err(error.to_string()),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause.min(LOOK_EVERY)) => {}
            () = stop.cancelled() => {}
        }
    };
    bar.finish_and_clear();
    listening.abort();
    match ended {
        Ok(progress) if stop.is_cancelled() && progress.mailing.state == MailingState::Going => {
            report(app, &progress, json);
            eprintln!("interrupted; a running gateway goes on, or `passerelle inform resume {reference}`");
            exit::TEMPFAIL
        }
        Ok(progress) => report(app, &progress, json),
        Err(error) => {
            eprintln!("{error}; nothing is lost: `passerelle inform resume {reference}` goes on");
            exit::TEMPFAIL
        }
    }
}

/// Says how far a mailing is; 1 where somebody has to do something.
fn report(app: &App, progress: &MailingProgress, json: bool) -> u8 {
    let mailing = &progress.mailing;
    if json {
        say(as_json(progress).to_string());
    } else {
        say(format!("{}  {}  {}", mailing.reference, word(mailing.state), mailing.subject));
        let left = match mailing.state {
            MailingState::Stopped => {
                format!("{} stay without, {} on their way", progress.pending, progress.under_way)
            }
            _ => format!("{} to come", progress.pending + progress.under_way),
        };
        say(format!(
            "{} of {} handed over, {} refused, {left}",
            progress.handed,
            mailing.addresses,
            progress.refused.len(),
        ));
        if mailing.state == MailingState::ToConfirm {
            say(waits(progress));
        }
        for (address, code) in &progress.refused {
            say(format!("refused ({code}): {address}"));
        }
        for doubt in &progress.doubts {
            let at = doubt.at.to_zoned(app.config.time_zone.clone());
            let addresses: Vec<_> = doubt.addresses.iter().map(ToString::to_string).collect();
            say(format!(
                "in doubt: batch {} of {}, to {}",
                doubt.batch,
                at.strftime("%Y-%m-%d %H:%M:%S"),
                addresses.join(", ")
            ));
        }
        if !progress.doubts.is_empty() {
            say(format!(
                "look for {} in the mail relay's log, then `passerelle inform resume {} --doubtful sent` where it has \
                 them, `--doubtful send` where it does not (--batch N for one alone)",
                message_id(app, &mailing.reference),
                mailing.reference
            ));
        }
        if !progress.is_whole {
            say("its list or its files in GLPI are not those that were written: nothing more is sent");
        }
    }
    if progress.doubts.is_empty() && progress.is_whole { exit::OK } else { exit::FAILED }
}

fn as_json(progress: &MailingProgress) -> Value {
    let mailing = &progress.mailing;
    let doubts = progress.doubts.iter().map(|doubt| {
        let addresses: Vec<_> = doubt.addresses.iter().map(ToString::to_string).collect();
        json!({ "batch": doubt.batch, "at": doubt.at, "addresses": addresses })
    });
    let refused = progress.refused.iter().map(|(address, code)| json!({ "address": address.as_str(), "code": code }));
    json!({
        "reference": mailing.reference,
        "state": mailing.state,
        "subject": mailing.subject,
        "addresses": mailing.addresses,
        "files": files_shown(&mailing.files),
        "handed": progress.handed,
        "pending": progress.pending + progress.under_way,
        "refused": refused.collect::<Vec<_>>(),
        "doubts": doubts.collect::<Vec<_>>(),
        "is_whole": progress.is_whole,
        "asked": progress.is_asked,
    })
}

fn files_shown(files: &[AnnouncementFile]) -> Value {
    files.iter().map(|file| json!({ "name": file.name, "size": file.size })).collect()
}

fn message_id(app: &App, reference: &str) -> String {
    Reference::parse(reference).map(|reference| app.informer.letters().message_id(reference)).unwrap_or_default()
}

fn word(state: MailingState) -> &'static str {
    match state {
        MailingState::ToConfirm => "to confirm",
        MailingState::Going => "going",
        MailingState::Stopped => "stopped",
        MailingState::Ended => "ended",
    }
}
