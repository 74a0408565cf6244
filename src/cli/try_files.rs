//! `passerelle try`: what would become of these mails; changes nothing anywhere.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde::Serialize;

use super::{exit, say::complain};
use crate::{
    app,
    config::{self, Config, ConfigError, TicketPages},
    flow::{
        deliver::{Deliverer, Undelivered},
        deposit::{Deposits, Unopened},
        directory::Directory,
        judging::{self, Judged},
        proof::Prover,
        route::{self, MappingStore},
        screen::{self, DayPlace, Passed, Proof, Proven, Rejection, Reply, Rules, Thread},
    },
    intake::{self, mime},
    letters::may_notify,
    request::{Address, Channel, Envelope, LeftOut, Reason, Received, Reference, SenderRole, Stage, TicketState},
    text::{Bilingual, Language},
};

/// Shows what would become of mails: each rule's verdict, the category, the group, the notice. Changes
/// nothing anywhere: no ticket, no mail, no count. The quota and earlier copies are left out of account.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Mail files, or folders of *.eml.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Prints one JSON object a line and file.
    #[arg(long)]
    pub json: bool,
    /// Shows each rule's verdict also where there are several files, instead of a table.
    #[arg(long, conflicts_with = "json")]
    pub details: bool,
    /// The envelope recipient to assume; without it, To and Cc decide.
    #[arg(long)]
    pub recipient: Option<String>,
    /// The envelope sender to assume; empty for the null sender.
    #[arg(long)]
    pub sender: Option<String>,
    /// The language of the output; without it, that of the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`), else English.
    #[arg(long)]
    pub lang: Option<Language>,
}

/// What would become of one file.
#[derive(Debug, Default, Serialize)]
pub(super) struct Forecast {
    pub(super) file: String,
    pub(super) outcome: &'static str,
    pub(super) reason: &'static str,
    pub(super) application: Option<String>,
    pub(super) category: Option<String>,
    pub(super) group: Option<String>,
    pub(super) reference: Option<Reference>,
    pub(super) title: Option<String>,
    /// Whether the requester would get a receipt or a notice.
    pub(super) notice: bool,
    /// The sentence of that notice, or the cause of a deferral.
    pub(super) sentence: Option<String>,
    /// Why the sender is not proven, where that is required.
    #[serde(skip)]
    pub(super) doubt: Option<Bilingual>,
    /// Why it would wait, or is not opened, where the requester is told nothing of it; `sentence` has it in English.
    #[serde(skip)]
    pub(super) cause: Option<Bilingual>,
    #[serde(skip)]
    pub(super) rules: Vec<(&'static str, Bilingual)>,
    /// The names of the files that would go into the ticket, where GLPI is asked for all that is to be known.
    #[serde(skip)]
    pub(super) files: Vec<String>,
    /// The files that would not, each with the reason, in French.
    #[serde(skip)]
    pub(super) left_out: Vec<Bilingual>,
}

/// An outcome in one word: in English it is its code.
fn outcome_word(outcome: &str) -> Bilingual {
    let french = match outcome {
        "created" => "créé",
        "followup" => "suivi",
        "refused" => "refusé",
        "ignored" => "ignoré",
        "deferred" => "différé",
        other => other,
    };
    Bilingual::new(outcome, french)
}

impl Forecast {
    /// What is told of it, each with its name.
    pub(super) fn told(&self) -> Vec<(Bilingual, Bilingual)> {
        let same = |value: &Option<String>| value.as_ref().map(Bilingual::same);
        let told = [
            (Bilingual::same("application"), same(&self.application)),
            (Bilingual::new("category", "catégorie"), same(&self.category)),
            (Bilingual::new("group", "groupe"), same(&self.group)),
            (Bilingual::new("title", "titre"), same(&self.title)),
            // What the requester is told, which is French.
            (Bilingual::new("sentence", "phrase"), same(&self.sentence).filter(|_| self.cause.is_none())),
            (Bilingual::same("cause"), self.cause.clone()),
            (Bilingual::new("doubt", "doute"), self.doubt.clone()),
        ];
        told.into_iter().filter_map(|(what, value)| Some((what, value?))).collect()
    }

    /// The outcome and its reason, in words.
    pub(super) fn in_words(&self) -> Bilingual {
        let (english, french) = match self.outcome {
            "created" => ("a new ticket", "un nouveau ticket"),
            "followup" => ("a follow-up in its ticket", "un suivi dans son ticket"),
            "refused" => ("refused", "refusé"),
            "ignored" => ("ignored", "ignoré"),
            "deferred" => ("it would wait", "il attendrait"),
            other => (other, other),
        };
        Bilingual::new(format!("{english} ({})", self.reason), format!("{french} ({})", self.reason))
    }
}

/// What mails are tried with.
pub(super) struct Trial {
    rules: Rules,
    prover: Prover,
    mappings: MappingStore,
    directory: Directory,
    /// Asked for what GLPI says of a mail; `None` where no GLPI is configured.
    deliverer: Option<Deliverer>,
    /// Opens forms that were put by.
    deposits: Arc<Deposits>,
    config: Config,
    sender: Option<String>,
    recipients: Vec<Address>,
    /// Whether GLPI is asked for the ticket that a reply is about, and which files it takes.
    looks_closer: bool,
}

/// Tries every file; gives the exit code: 0 unless a file cannot be read.
///
/// # Errors
///
/// When the configuration cannot be used.
pub async fn run(config: Config, args: Args) -> Result<u8, ConfigError> {
    let language = Language::chosen(args.lang);
    let recipients = args.recipient.iter().filter_map(|text| Address::parse(text)).collect();
    let trial = Arc::new(Trial { sender: args.sender, recipients, ..Trial::new(config)? });
    let files = files(&args.files);
    let show = match files.as_slice() {
        _ if args.json => write_json,
        [_] => write_details,
        _ if args.details => write_details,
        _ => write_row,
    };
    let mut failed = false;
    let mut counts = BTreeMap::<(&str, &str), usize>::new();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let at_once = std::thread::available_parallelism().map_or(2, usize::from) * 2;
    if files.len() > 1 && !args.json && !args.details {
        let heads = match language {
            Language::English => ["outcome", "reason", "application", "reference", "notice", "file"],
            Language::French => ["suite", "motif", "application", "référence", "avis", "fichier"],
        };
        let _ = row(&mut out, heads);
    }
    let mut forecasts = stream::iter(files)
        .map(|path| {
            let trial = Arc::clone(&trial);
            async move { (path.clone(), tokio::spawn(async move { Box::pin(trial.forecast(&path)).await }).await) }
        })
        .buffered(at_once);
    while let Some((path, forecast)) = forecasts.next().await {
        match forecast {
            Ok(Ok(forecast)) => {
                *counts.entry((forecast.outcome, forecast.reason)).or_default() += 1;
                if show(&mut out, &forecast, language).is_err() {
                    // Whoever read the output has gone.
                    return Ok(exit::OK);
                }
            }
            Ok(Err(error)) => {
                let why = Bilingual::new("cannot be read", "ne peut pas être lu").saying(&config::of_error(&error));
                complain(&Bilingual::same(path.display()).saying(&why), language);
                failed = true;
            }
            Err(error) => {
                let why = Bilingual::new("defect", "défaut").saying(&Bilingual::quoted(error));
                complain(&Bilingual::same(path.display()).saying(&why), language);
                failed = true;
            }
        }
    }
    if !args.json && counts.values().sum::<usize>() > 1 {
        let _ = write_counts(&mut out, &counts, language);
    }
    let _ = out.flush();
    Ok(if failed { exit::FAILED } else { exit::OK })
}

/// What becomes of a mail that calls itself a form that was put by.
fn unopened(file: String, why: Unopened) -> Forecast {
    let (outcome, reason) = why.refusal().map_or(("deferred", Reason::Internal), |reason| ("refused", reason));
    Forecast { outcome, ..waiting(Forecast { file, ..Forecast::default() }, reason, why.said()) }
}

impl Trial {
    fn new(config: Config) -> Result<Self, ConfigError> {
        // Nothing is written there: it says who is a director, and who may forward for one.
        let glpi = if config.glpi.url.is_empty() { None } else { Some(app::glpi(&config)?) };
        Ok(Self {
            rules: Rules::new(&config)?,
            prover: Prover::new(&config)?,
            mappings: MappingStore::load(config.mappings.dir.as_deref())?,
            deliverer: glpi.clone().map(|glpi| app::deliverer(&config, glpi)),
            directory: Directory::new(&config.directory, glpi)?,
            deposits: Arc::new(app::taking_back(&config)),
            sender: None,
            recipients: Vec::new(),
            looks_closer: false,
            config,
        })
    }

    /// One that asks GLPI for all that is to be known of a mail, too: its ticket and its files. Writes nothing.
    ///
    /// # Errors
    ///
    /// When the configuration cannot be used.
    pub(super) fn closer(config: Config) -> Result<Self, ConfigError> {
        Ok(Self { looks_closer: true, ..Self::new(config)? })
    }

    /// The files of a mail, as far as that is looked at: those that go, and those that do not.
    async fn with_files(&self, forecast: Forecast, received: &Received) -> Forecast {
        let Some(deliverer) = self.deliverer.as_ref().filter(|_| self.looks_closer) else { return forecast };
        let (files, left_out) = deliverer.files_of(received).await;
        let said = |file: &LeftOut| {
            let name = Bilingual::same(&file.name);
            name.then(" (", &file.why).then("", &Bilingual::same(")"))
        };
        let left_out = left_out.iter().map(said).collect();
        Forecast { files, left_out, ..forecast }
    }

    /// What becomes of the mail of a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(super) async fn forecast(&self, path: &Path) -> std::io::Result<Forecast> {
        let raw = Bytes::from(tokio::fs::read(path).await?);
        let envelope = Envelope {
            channel: Channel::Stdin,
            sender: self.sender.clone(),
            recipients: self.recipients.clone(),
            size: raw.len() as u64,
            stored: None,
            is_untried: false,
        };
        let file = path.display().to_string();
        match intake::returned(&self.deposits, &raw, Timestamp::now()).await {
            None => {
                let received = mime::mail(envelope, raw, Timestamp::now()).await;
                Ok(Box::pin(self.judge(file, received)).await)
            }
            Some(Ok(returned)) if returned.ticket.is_none() => Ok(Box::pin(self.judge(file, returned.received)).await),
            Some(Ok(returned)) => {
                let reference = Some(returned.received.reference);
                Ok(Forecast {
                    file,
                    outcome: "followup",
                    reason: Reason::Followup.code(),
                    reference,
                    ..Forecast::default()
                })
            }
            Some(Err(why)) => Ok(unopened(file, why)),
        }
    }

    async fn judge(&self, file: String, received: Received) -> Forecast {
        let mappings = self.mappings.now();
        let mut forecast = Forecast { file, reference: Some(received.reference), ..Forecast::default() };
        let explain = |received: &Received, proof: Option<&Proof>| {
            screen::explain(received, proof, &self.rules, mappings.applications())
                .into_iter()
                .map(|(rule, verdict)| (rule, verdict.map_or_else(|rejection| word(&rejection), |()| passed())))
                .collect()
        };
        let original = received.clone();
        let with_facts = |proven| self.with_facts(proven);
        let judging = judging::judge(received, &self.prover, &self.rules, mappings.applications(), with_facts);
        let Judged { proof, doubt, verdict } = match judging.await {
            Ok(judged) => judged,
            Err(unknown) => return self.rejected(forecast, &original, &unknown),
        };
        forecast.rules = explain(&original, proof.as_ref().filter(|_| self.rules.require_proof(&original)));
        forecast.doubt = doubt;
        let candidate = match verdict {
            Ok(Passed::Request(candidate)) => candidate,
            Ok(Passed::Reply(reply)) => return self.reply(forecast, &reply).await,
            // As if none of the answered mails had a ticket.
            Ok(Passed::Answer(answer)) => match answer.into_request() {
                Ok(candidate) => candidate,
                Err((received, rejection)) => return self.rejected(forecast, &received, &rejection),
            },
            Err((received, rejection)) => return self.rejected(forecast, &received, &rejection),
        };
        forecast.application = Some(candidate.application().to_owned());
        let director = screen::director(self.directory.find(candidate.requester()).await, &self.rules);
        forecast.rules.push(("not-a-director", director.as_ref().map_or_else(word, |_| passed())));
        let received = candidate.received().clone();
        let screened =
            match director.and_then(|director| Ok((director, screen::quota(&DayPlace::Reserved, &self.rules)?))) {
                Ok((director, within)) => screen::admit(candidate, director, within),
                Err(rejection) => return self.rejected(forecast, &received, &rejection),
            };
        let forecast = self.with_files(forecast, &received).await;
        match route::route(screened, &mappings) {
            Ok(routed) => Forecast {
                outcome: "created",
                reason: Reason::Created.code(),
                category: Some(routed.target().category.clone()),
                group: Some(routed.target().group.clone()),
                title: Some(routed.title().to_owned()),
                notice: may_notify(&received, Reason::Created, self.config.receipts()),
                ..forecast
            },
            Err(error) => waiting(forecast, Reason::Internal, error.said()),
        }
    }

    /// Adds what GLPI says of a mail, as the gateway does. Without a GLPI it is not known who forwards for others.
    async fn with_facts(&self, proven: Proven) -> Result<Proven, Rejection> {
        match &self.deliverer {
            Some(deliverer) => deliverer.with_facts(proven, &self.rules).await.map_err(unknown),
            None if proven.depends_on_groups(&self.rules) => Err(Rejection::Unknown {
                reason: Reason::GlpiUnavailable,
                cause: Bilingual::new(
                    "GLPI says who is in the groups of mail.forwarders, and glpi.url is empty",
                    "GLPI dit qui est dans les groupes de mail.forwarders, et glpi.url est vide",
                ),
            }),
            None => Ok(proven),
        }
    }

    /// What would become of a reply: by its ticket, where that is looked at, else as if that is there and open, and the
    /// sender has a part in it.
    async fn reply(&self, mut forecast: Forecast, reply: &Reply) -> Forecast {
        let (thread, ticket) = match reply.thread() {
            Thread::Ticket(ticket) | Thread::Mail(ticket) => {
                (Bilingual::new(format!("to ticket {ticket}"), format!("au ticket {ticket}")), Some(ticket))
            }
            Thread::Request(reference) => {
                (Bilingual::new(format!("to the ticket of {reference}"), format!("au ticket de {reference}")), None)
            }
        };
        // The keyword is no question any more, nor an announcement among what it answers.
        forecast.rules.retain(|(rule, _)| !["no-keyword", "reply-to-announcement"].contains(rule));
        forecast.rules.push(("reply", thread));
        let number = ticket.unwrap_or_default();
        let page = TicketPages::new(&self.config).of_requester(number, true);
        let state = TicketState::Found {
            ticket: number,
            title: String::new(),
            page,
            role: SenderRole::Requester,
            stage: Stage::Open,
        };
        let looked_at = match self.deliverer.as_ref().filter(|_| self.looks_closer) {
            Some(deliverer) => Some(deliverer.ticket_state(reply).await),
            None => None,
        };
        let (state, ticket) = match looked_at {
            None => (state, ticket),
            Some(Ok(state)) => {
                let ticket = if let TicketState::Found { ticket, .. } = &state { Some(*ticket) } else { None };
                (state, ticket)
            }
            Some(Err(undelivered)) => return self.rejected(forecast, reply.received(), &unknown(undelivered)),
        };
        let forecast = self.with_files(forecast, reply.received()).await;
        match screen::reply(&state, &self.rules) {
            Ok(_) => Forecast { outcome: "followup", reason: Reason::Followup.code(), ..forecast },
            Err(rejection) => {
                let forecast = self.rejected(forecast, reply.received(), &rejection);
                // A sentence without the number would be another one.
                Forecast { sentence: forecast.sentence.filter(|_| ticket.is_some()), ..forecast }
            }
        }
    }

    fn rejected(&self, forecast: Forecast, received: &Received, rejection: &Rejection) -> Forecast {
        match rejection {
            Rejection::Refused(refusal) => Forecast {
                outcome: "refused",
                reason: refusal.reason.code(),
                notice: may_notify(received, refusal.reason, self.config.acknowledge),
                sentence: Some(refusal.sentence.clone()),
                ..forecast
            },
            Rejection::Ignored(reason) => Forecast { outcome: "ignored", reason: reason.code(), ..forecast },
            Rejection::Unknown { reason, cause } => waiting(forecast, *reason, cause.clone()),
        }
    }
}

/// One that waits for this cause.
fn waiting(forecast: Forecast, reason: Reason, cause: Bilingual) -> Forecast {
    let sentence = Some(cause.text(Language::English).to_owned());
    Forecast { outcome: "deferred", reason: reason.code(), sentence, cause: Some(cause), ..forecast }
}

/// What cannot be said while GLPI does not answer.
fn unknown(undelivered: Undelivered) -> Rejection {
    match undelivered {
        Undelivered::NotMade { reason, cause, .. } => Rejection::Unknown { reason, cause },
        Undelivered::TakenOver | Undelivered::TooLate => {
            Rejection::Unknown { reason: Reason::Busy, cause: Bilingual::default() }
        }
        Undelivered::Unclear { cause } | Undelivered::Broken { cause } => {
            Rejection::Unknown { reason: Reason::GlpiUnavailable, cause: Bilingual::quoted(cause) }
        }
    }
}

/// The files named, and those of the folders named, in order.
fn files(named: &[PathBuf]) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for path in named {
        match std::fs::read_dir(path) {
            Ok(entries) => {
                let mut inside: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
                inside.sort();
                let (folders, mails): (Vec<_>, Vec<_>) = inside.into_iter().partition(|path| path.is_dir());
                all.extend(
                    mails.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "eml")),
                );
                all.extend(files(&folders));
            }
            Err(_) => all.push(path.clone()),
        }
    }
    all
}

fn passed() -> Bilingual {
    Bilingual::same("ok")
}

fn word(rejection: &Rejection) -> Bilingual {
    let (english, french, reason) = match rejection {
        Rejection::Refused(refusal) => ("refused", "refusé", refusal.reason),
        Rejection::Ignored(reason) => ("ignored", "ignoré", *reason),
        Rejection::Unknown { reason, .. } => ("cannot tell", "ne peut pas le dire", *reason),
    };
    let code = reason.code();
    Bilingual::new(format!("{english} ({code})"), format!("{french} ({code})"))
}

type Output<'a> = std::io::BufWriter<std::io::StdoutLock<'a>>;

/// A line of the table; the file comes last, for it may be long.
fn row(out: &mut Output<'_>, cells: [&str; 6]) -> std::io::Result<()> {
    let [outcome, reason, application, reference, notice, file] = cells;
    writeln!(out, "{outcome:<9}  {reason:<19}  {application:<12}  {reference:<16}  {notice:<6}  {file}")
}

fn yes() -> Bilingual {
    Bilingual::new("yes", "oui")
}

fn write_row(out: &mut Output<'_>, forecast: &Forecast, language: Language) -> std::io::Result<()> {
    let reference = forecast.reference.map(|reference| reference.to_string()).unwrap_or_default();
    let application = forecast.application.as_deref().unwrap_or("-");
    let (outcome, yes) = (outcome_word(forecast.outcome), yes());
    let notice = if forecast.notice { yes.text(language) } else { "-" };
    row(out, [outcome.text(language), forecast.reason, application, &reference, notice, &forecast.file])
}

fn write_json(out: &mut Output<'_>, forecast: &Forecast, _: Language) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, forecast)?;
    writeln!(out)
}

fn write_details(out: &mut Output<'_>, forecast: &Forecast, language: Language) -> std::io::Result<()> {
    let became = outcome_word(forecast.outcome).then("", &Bilingual::same(format_args!(" ({})", forecast.reason)));
    writeln!(out, "{}", Bilingual::same(&forecast.file).saying(&became).text(language))?;
    let mut line = |name: &str, value: &Bilingual| -> std::io::Result<()> {
        writeln!(out, "  {name:<16} {}", value.text(language))
    };
    for (rule, verdict) in &forecast.rules {
        line(rule, verdict)?;
    }
    for (what, value) in forecast.told() {
        line(what.text(language), &value)?;
    }
    if forecast.notice {
        line(Bilingual::new("notice", "avis").text(language), &yes())?;
    }
    if let Some(reference) = forecast.reference {
        line(Bilingual::new("reference", "référence").text(language), &Bilingual::same(reference))?;
    }
    writeln!(out)
}

/// How many mails there were of each outcome and reason.
fn write_counts(
    out: &mut Output<'_>,
    counts: &BTreeMap<(&str, &str), usize>,
    language: Language,
) -> std::io::Result<()> {
    let [mails, outcome, reason, in_all] = match language {
        Language::English => ["mails", "outcome", "reason", "in all"],
        Language::French => ["courriels", "suite", "motif", "en tout"],
    };
    writeln!(out, "\n{mails:>9}  {outcome:<9}  {reason}")?;
    for ((outcome, reason), count) in counts {
        writeln!(out, "{count:>9}  {:<9}  {reason}", outcome_word(outcome).text(language))?;
    }
    writeln!(out, "{:>9}  {in_all}", counts.values().sum::<usize>())
}
