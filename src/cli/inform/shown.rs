//! What `passerelle inform` shows: an announcement before it goes, how far one is, and which there are.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::arguments::Args;
use crate::{
    announcements::{
        Announcement, AnnouncementFile, Doubt, InformError, Mailing, MailingOutcome, MailingProgress, MailingState,
        NO_ZONE, RecipientList, Unfrozen,
    },
    app::App,
    cli::{exit, say::say},
    request::{Address, Reference},
    text::{Bilingual, Language, french},
};

/// What somebody reads, in one language.
pub(super) struct Screen {
    pub(super) language: Language,
    pub(super) zone: TimeZone,
}

impl Screen {
    /// A line for who runs the command.
    pub(super) fn say(&self, line: &Bilingual) {
        say(line.text(self.language));
    }

    /// A line that says why something is not done.
    pub(super) fn complain(&self, line: &Bilingual) {
        eprintln!("{}", line.text(self.language));
    }

    fn text<'a>(&self, words: &'a Bilingual) -> &'a str {
        words.text(self.language)
    }

    /// Those that are to go by mail and have no list.
    pub(super) fn list_unfrozen(&self, unfrozen: &[(Announcement, Unfrozen)], json: bool) {
        for (announcement, why) in unfrozen {
            let (reference, subject, remedy) = (announcement.reference, &announcement.subject, why.remedy());
            if json {
                let shown = json!({
                    "reference": reference, "state": "not-frozen", "subject": subject,
                    "written_by": announcement.written_by, "written_at": announcement.written_at,
                    "remedy": self.text(&remedy),
                });
                say(shown.to_string());
            } else {
                let state = Bilingual::new("not frozen", "non figée");
                let moment = self.moment(announcement.written_at, "%Y-%m-%d %H:%M");
                say(format!(
                    "{reference}  {moment}      -  {}  {subject}  ({})",
                    self.text(&state),
                    self.text(&remedy)
                ));
            }
        }
    }

    /// Those that are on the portal alone.
    pub(super) fn list_portal(&self, messages: &[Announcement], json: bool) {
        for Announcement { reference, subject, written_by, written_at, ends, files, .. } in messages {
            if json {
                let shown = json!({
                    "reference": reference, "state": "kept", "subject": subject, "written_by": written_by,
                    "written_at": written_at, "ends": ends,
                });
                say(shown.to_string());
            } else {
                let is_over = ends.is_none_or(|ends| ends <= Timestamp::now());
                let state = if is_over {
                    Bilingual::new("portal, over", "portail, terminée")
                } else {
                    Bilingual::new("portal", "portail")
                };
                let moment = self.moment(*written_at, "%Y-%m-%d %H:%M");
                say(format!("{reference}  {moment}      -  {}  {subject}{}", self.text(&state), named(files)));
            }
        }
    }

    /// Those that have a list.
    pub(super) fn list(&self, mailings: &[Mailing], under_way: &BTreeMap<String, MailingProgress>, json: bool) {
        for mailing in mailings {
            let progress = under_way.get(&mailing.reference);
            let in_doubt = progress.map(MailingProgress::in_doubt).unwrap_or_default();
            let is_changed = progress.is_some_and(|progress| !progress.is_whole);
            if json {
                let mut shown = serde_json::to_value(mailing).unwrap_or_default();
                shown["in_doubt"] = json!(in_doubt);
                shown["changed"] = json!(is_changed);
                say(shown.to_string());
            } else {
                let doubt = match in_doubt {
                    0 => Bilingual::default(),
                    many => Bilingual::new(format!(", {many} in doubt"), format!(", {many} en doute")),
                };
                let changed = if is_changed {
                    Bilingual::new(", changed in GLPI", ", changé dans GLPI")
                } else {
                    Bilingual::default()
                };
                say(format!(
                    "{}  {}  {:>5}  {}{}{}{}  {}{}",
                    mailing.reference,
                    self.moment(mailing.written_at, "%Y-%m-%d %H:%M"),
                    mailing.addresses,
                    self.text(&mailing.state.said()),
                    self.text(&mailing.outcome.map(outcome).unwrap_or_default()),
                    self.text(&doubt),
                    self.text(&changed),
                    mailing.subject,
                    named(&mailing.files)
                ));
            }
        }
    }

    /// A moment as it is shown here.
    pub(super) fn moment(&self, moment: Timestamp, format: &str) -> String {
        moment.to_zoned(self.zone.clone()).strftime(format).to_string()
    }

    /// The mail, and who would get it.
    pub(super) fn preview(&self, app: &App, announcement: &Announcement, recipients: &RecipientList, args: &Args) {
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
        let subject = Bilingual::new("Subject", "Objet").saying(&Bilingual::same(&announcement.subject));
        say(format!("{}\n", self.text(&subject)));
        match app.informer.letters().plain(&announcement.markdown) {
            Ok(text) => say(&text),
            Err(error) => self.complain(&Bilingual::quoted(error)),
        }
        for file in &announcement.files {
            self.say(&Bilingual::new("Attached file", "Fichier joint").saying(&Bilingual::same(file.told())));
        }
        for (department, circonscriptions) in recipients.by_zone() {
            let department = if department == NO_ZONE { self.unknown() } else { &department };
            say(format!("{:>6}  {department}", circonscriptions.values().sum::<usize>()));
            for (name, count) in circonscriptions.iter().filter(|(name, _)| *name != NO_ZONE) {
                say(format!("{count:>10}  {name}"));
            }
        }
        let in_all = Bilingual::new("addresses in all", "adresses en tout");
        say(format!("{:>6}  {}", recipients.len(), self.text(&in_all)));
        if args.addresses {
            for address in recipients.addresses() {
                say(address.as_str());
            }
        }
        let most = app.informer.confirm_above();
        if recipients.len() > most && Address::parse(&announcement.written_by).is_none() {
            // As whoever leaves --dry-run out reads it.
            self.say(&InformError::Unnamed(most).said());
        } else if recipients.len() > most {
            self.say(&Bilingual::new(
                "a second person would have to confirm it",
                "une seconde personne devrait la confirmer",
            ));
        }
    }

    fn unknown(&self) -> &'static str {
        match self.language {
            Language::English => "unknown",
            Language::French => NO_ZONE,
        }
    }

    /// Says whom one waits for.
    pub(super) fn waiting(&self, app: &App, progress: &MailingProgress, json: bool) -> u8 {
        if json {
            self.report(app, progress, json);
        } else {
            self.say(&self.waits(app, progress));
        }
        if progress.is_asked { exit::OK } else { exit::TEMPFAIL }
    }

    fn waits(&self, app: &App, progress: &MailingProgress) -> Bilingual {
        let Mailing { reference, addresses, .. } = &progress.mailing;
        let asked = if progress.is_asked {
            Bilingual::new("The other operators were sent a mail.", "Les autres exploitants ont reçu un courriel.")
        } else {
            let from = self.moment(app.informer.asks_again_from(&progress.mailing), "%Y-%m-%d %H:%M:%S");
            Bilingual::new(
                format!(
                    "Nobody could be asked yet: the mail relay took no mail for another operator, and the log says why. A \
                     running gateway asks again each minute from {from} on, `passerelle inform resume {reference}` at once."
                ),
                format!(
                    "Personne n’a encore pu être sollicité\u{a0}: le relais n’a pris aucun courriel pour un autre \
                     exploitant, et le journal dit pourquoi. Une passerelle qui tourne réessaie chaque minute à partir du \
                     {from}, `passerelle inform resume {reference}` aussitôt."
                ),
            )
        };
        Bilingual::new(
            format!("{reference} waits for a second person: {addresses} addresses. "),
            format!("{reference} attend une seconde personne\u{a0}: {addresses} adresses. "),
        )
        .then("", &asked)
    }

    /// Says how far a mailing is; 1 where somebody has to do something, or nobody got it; 75 where what is on its way is
    /// not known yet.
    pub(super) fn report(&self, app: &App, progress: &MailingProgress, json: bool) -> u8 {
        let mailing = &progress.mailing;
        if json {
            say(as_json(progress).to_string());
        } else {
            say(format!("{}  {}  {}", mailing.reference, self.text(&mailing.state.said()), mailing.subject));
            self.say(&progress.counted());
            if let Some(pause) = progress.relay {
                self.say(&pause.said(|moment| self.moment(moment, "%Y-%m-%d %H:%M:%S")));
            }
            if mailing.state == MailingState::ToConfirm {
                self.say(&self.waits(app, progress));
            }
            for (address, code) in &progress.refused {
                self.say(
                    &Bilingual::new(format!("refused ({code})"), format!("refusée ({code})"))
                        .saying(&Bilingual::same(address)),
                );
            }
            self.doubts(app, progress);
            if !progress.is_whole {
                self.say(&Bilingual::new(
                    "its list, its journal or its files were changed in GLPI: nothing more is sent",
                    "sa liste, son journal ou ses fichiers ont été changés dans GLPI\u{a0}: plus rien ne part",
                ));
            }
        }
        let is_nobody = mailing.outcome.is_some_and(|outcome| outcome.handed == 0);
        if !progress.doubts.is_empty() || !progress.is_whole || is_nobody {
            exit::FAILED
        } else if !progress.departing.is_empty() {
            exit::TEMPFAIL
        } else {
            exit::OK
        }
    }

    /// What is on its way; what is in doubt, and what decides it.
    fn doubts(&self, app: &App, progress: &MailingProgress) {
        let seconds = |moment: Timestamp| self.moment(moment, "%Y-%m-%d %H:%M:%S");
        for departing in &progress.departing {
            let (batch, at, from) = (departing.batch, seconds(departing.at), seconds(departing.from));
            self.say(&Bilingual::new(
                format!(
                    "on its way: batch {batch} of {at}; unless the relay has answered by {from}, it is in doubt, and not sent \
                     again before somebody decides"
                ),
                format!(
                    "en partance\u{a0}: lot {batch} du {at}\u{a0}; si le relais n’a pas répondu le {from}, il est en doute, et \
                     n’est pas renvoyé sans décision"
                ),
            ));
        }
        for doubt in &progress.doubts {
            let (batch, at) = (doubt.batch, seconds(doubt.at));
            let addresses: Vec<_> = doubt.addresses.iter().map(ToString::to_string).collect();
            let addresses = addresses.join(", ");
            self.say(&Bilingual::new(
                format!("in doubt: batch {batch} of {at}, to {addresses}"),
                format!("en doute\u{a0}: lot {batch} du {at}, à {addresses}"),
            ));
            if !doubt.is_ripe() {
                let from = seconds(doubt.from);
                self.say(&Bilingual::new(
                    format!("batch {batch} can be decided from {from} on: before, the relay may still take it"),
                    format!(
                        "le lot {batch} se décide à partir du {from}\u{a0}: d’ici là, le relais peut encore le prendre"
                    ),
                ));
            }
        }
        if progress.doubts.is_empty() {
            return;
        }
        let reference = &progress.mailing.reference;
        let id = Reference::parse(reference).map(|reference| app.informer.letters().message_id(reference));
        let id = id.unwrap_or_default();
        self.say(&Bilingual::new(
            format!(
                "look for {id} in the mail relay’s log, then `passerelle inform resume {reference} --doubtful sent` where \
                 it has them, `--doubtful send` where it does not (--batch N for one alone)"
            ),
            format!(
                "cherchez {id} dans le journal du relais, puis `passerelle inform resume {reference} --doubtful sent` s’il \
                 les a, `--doubtful send` s’il ne les a pas (--batch N pour un seul lot)"
            ),
        ));
    }
}

/// How one ended, behind its state.
fn outcome(MailingOutcome { handed, refused }: MailingOutcome) -> Bilingual {
    if refused == 0 {
        return Bilingual::default();
    }
    Bilingual::new(
        format!(" ({handed} handed over, {refused} refused)"),
        format!(" ({}, {})", handed_over(handed), refusals(refused)),
    )
}

fn handed_over(many: usize) -> String {
    french::count(many, "remise au relais", "remises au relais")
}

fn refusals(many: usize) -> String {
    french::count(many, "refusée", "refusées")
}

fn as_json(progress: &MailingProgress) -> Value {
    let mailing = &progress.mailing;
    let batch = |doubt: &Doubt| {
        let addresses: Vec<_> = doubt.addresses.iter().map(ToString::to_string).collect();
        json!({ "batch": doubt.batch, "at": doubt.at, "addresses": addresses, "from": doubt.from })
    };
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
        "doubts": progress.doubts.iter().map(batch).collect::<Vec<_>>(),
        "departing": progress.departing.iter().map(batch).collect::<Vec<_>>(),
        "relay": progress.relay.map(|pause| json!({ "code": pause.code, "since": pause.since, "again": pause.again })),
        "is_whole": progress.is_whole,
        "asked": progress.is_asked,
    })
}

fn files_shown(files: &[AnnouncementFile]) -> Value {
    files.iter().map(|file| json!({ "name": file.name, "size": file.size })).collect()
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
