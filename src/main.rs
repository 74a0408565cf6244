//! The `passerelle` command: `serve` and the other subcommands.

use std::{
    panic::PanicHookInfo,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use miette::MietteHandlerOpts;
use passerelle::{
    app::{App, NotListening},
    cli::{
        audit, check, demo, escalate, exit, export, figures, healthcheck, help, inform, ingest, mistakes, sandbox,
        settings, setup, try_files, usage,
    },
    config::{self, Config, ConfigError},
    telemetry,
    text::{Bilingual, Language},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Passerelle turns school directors' mails and forms into GLPI tickets.
#[derive(Debug, Parser)]
#[command(version = telemetry::version(), about)]
pub(crate) struct Cli {
    /// The configuration file; the environment (`PASSERELLE_SECTION__KEY`) wins over it.
    #[arg(long, global = true, env = "PASSERELLE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the gateway: every listener that is configured.
    Serve,
    Ingest(ingest::Args),
    Try(try_files::Args),
    Check(check::Args),
    Audit(audit::Args),
    #[command(name = "config")]
    Settings(settings::Args),
    Setup(Box<setup::Args>),
    Escalate(escalate::Args),
    Export(export::Args),
    Figures(figures::Args),
    Inform(inform::Args),
    Healthcheck(healthcheck::Args),
    Sandbox(sandbox::Args),
    Demo(demo::Args),
}

impl Command {
    /// In which language it says what is wrong with the configuration: that of its other output.
    fn language(&self) -> Language {
        match self {
            Self::Check(args) => Language::chosen(args.lang),
            Self::Audit(args) => Language::chosen(args.lang),
            Self::Inform(args) => Language::chosen(args.lang),
            Self::Escalate(args) => Language::chosen(args.lang),
            Self::Export(args) => Language::chosen(args.lang),
            Self::Figures(args) => Language::chosen(args.lang),
            Self::Try(args) => Language::chosen(args.lang),
            Self::Demo(args) => Language::chosen(args.lang),
            Self::Setup(args) => Language::chosen(args.lang),
            Self::Serve | Self::Settings(_) | Self::Healthcheck(_) | Self::Sandbox(_) => Language::chosen(None),
            // A mail server keeps its words, as it keeps the log's.
            Self::Ingest(_) => Language::English,
        }
    }
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(say_where));
    // Said by the hook; a mail server tries again.
    std::panic::catch_unwind(started).unwrap_or(ExitCode::from(exit::TEMPFAIL))
}

fn started() -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return ExitCode::from(exit::TEMPFAIL);
        }
    };
    // Before anything else: a signal that nobody has asked for yet ends the process.
    let signals = runtime.block_on(async { std::env::args_os().any(|word| word == "serve").then(Signals::listen) });
    let cli = match command_line() {
        Ok(cli) => cli,
        Err(answer) => return answered(&answer),
    };
    // A mail server sends a mail back on EX_CONFIG; here it waits until the configuration is mended.
    let language = cli.command.language();
    let unusable = if matches!(cli.command, Command::Ingest(_)) { exit::TEMPFAIL } else { exit::CONFIG };
    // One TLS provider for every client; it can only be there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Our own words name what lies under them already; it can only be set already.
    let _ = miette::set_hook(Box::new(|_| Box::new(MietteHandlerOpts::new().without_cause_chain().build())));
    match runtime.block_on(run(cli, signals)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{}", mistakes::shown(error, language));
            ExitCode::from(unusable)
        }
    }
}

fn say_where(panic: &PanicHookInfo<'_>) {
    eprintln!("{}", defect(panic));
}

/// A panic is a defect: it says where it happened, not with which words, which may be a request's.
fn defect(panic: &PanicHookInfo<'_>) -> String {
    match panic.location() {
        Some(place) => format!("defect at {}:{}", place.file(), place.line()),
        None => "defect at an unknown place".to_owned(),
    }
}

/// The words of the command line, understood; its help is in the language of whoever reads it.
fn command_line() -> Result<Cli, clap::Error> {
    let matches = help::in_language(Cli::command(), asked_language()).try_get_matches()?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut Cli::command()))
}

fn asked_language() -> Language {
    help::language_of(std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()))
}

/// Prints the help that was asked for, or what is wrong with the arguments. A mail server that calls `ingest`
/// with wrong ones must keep the mail.
fn answered(answer: &clap::Error) -> ExitCode {
    match asked_language() {
        Language::English => drop(answer.print()),
        Language::French => usage::say(answer),
    }
    if !answer.use_stderr() {
        ExitCode::from(exit::OK)
    } else if std::env::args_os().any(|argument| argument == "ingest") {
        ExitCode::from(exit::TEMPFAIL)
    } else {
        ExitCode::from(exit::USAGE)
    }
}

async fn run(cli: Cli, signals: Option<Signals>) -> miette::Result<u8> {
    let load = || -> Result<Config, ConfigError> {
        let config = config::load(cli.config.as_deref())?;
        telemetry::init_beside_answers(&config)?;
        Ok(config)
    };
    let language = cli.command.language();
    match cli.command {
        Command::Serve => {
            let config = config_to_serve(cli.config.as_deref(), language)?;
            Box::pin(serve(config, cli.config.as_deref(), signals.unwrap_or_else(Signals::listen))).await
        }
        Command::Ingest(args) => {
            let config = config::load(cli.config.as_deref()).inspect_err(ingest::say_unusable)?;
            let log = telemetry::init_held(&config.log).inspect_err(ingest::say_unusable)?;
            Ok(ingest::run(config, args, log).await?)
        }
        Command::Try(args) => Ok(try_files::run(load()?, args).await?),
        Command::Check(args) => {
            let reading = config::read(cli.config.as_deref())?.to_serve();
            let of_log = telemetry::init_beside_answers(reading.config()).err();
            Ok(Box::pin(check::run(reading.with(of_log.into_iter().collect()), args)).await?)
        }
        Command::Audit(args) => Ok(Box::pin(audit::run(load()?, args)).await?),
        Command::Settings(args) => Ok(settings::run(&args, cli.config.as_deref())?),
        Command::Setup(args) => Ok(Box::pin(setup::run(*args)).await),
        Command::Escalate(args) => Ok(Box::pin(escalate::run(load()?, args)).await?),
        Command::Export(args) => Ok(Box::pin(export::run(load()?, args)).await?),
        Command::Figures(args) => Ok(Box::pin(figures::run(load()?, args)).await?),
        Command::Inform(args) => Ok(Box::pin(inform::run(load()?, args)).await?),
        Command::Healthcheck(args) => Ok(healthcheck::run(&load()?, &args).await),
        Command::Sandbox(args) => sandbox::run(args).await.map(|()| exit::OK),
        Command::Demo(args) => Box::pin(demo::run(args, &own_settings(cli.config.as_deref()))).await,
    }
}

/// The configuration, if `serve` can start with it, and the log begun; else everything that is wrong with it.
fn config_to_serve(file: Option<&Path>, language: Language) -> Result<Config, ConfigError> {
    let reading = config::read(file)?.to_serve();
    let of_log = telemetry::init(&reading.config().log).err();
    let reading = reading.with(of_log.into_iter().collect());
    if reading.is_sound() {
        return reading.sound();
    }
    // A variable that does nothing is often why something is missing.
    for warning in reading.config().settings.strangers() {
        eprintln!("{}", warning.line(language));
    }
    let of_parts = App::mistakes(reading.config());
    reading.with(of_parts).sound()
}

/// The settings that this process was given: the configuration file, and variables, none with its value.
fn own_settings(file: Option<&Path>) -> Vec<String> {
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut variables: Vec<_> =
        variables.filter(|name| name.starts_with("PASSERELLE_") && name != "PASSERELLE_CONFIG").collect();
    variables.sort();
    file.map(|file| file.display().to_string()).into_iter().chain(variables).collect()
}

async fn serve(config: Config, file: Option<&Path>, signals: Signals) -> miette::Result<u8> {
    let Signals { hang_up, terminate, interrupt } = signals;
    for warning in config.warnings() {
        let english = |said: &Bilingual| said.text(Language::English).to_owned();
        let (about, remedy) = (english(&warning.about), english(&warning.remedy));
        tracing::warn!(about, remedy, "{}", english(&warning.message));
    }
    // Its parts say what they count when they are built.
    let metrics = telemetry::metrics();
    let app = App::build(config)?;
    let (version, file) = (telemetry::version(), file.map_or("none".into(), Path::to_string_lossy));
    let mappings = app.pipeline.mappings.now().all().len();
    tracing::info!(version, configuration = %file, mappings, "Passerelle starts");
    let server = match app.bind(metrics).await {
        Ok(server) => server.reloading_on(hang_up),
        Err(NotListening { error, may_pass: false }) => return Err(error.into()),
        // Whoever keeps the gateway running starts it again.
        Err(NotListening { error, may_pass: true }) => {
            eprintln!("{}", mistakes::shown(error.into(), Language::chosen(None)));
            return Ok(exit::TEMPFAIL);
        }
    };
    let stop = CancellationToken::new();
    tokio::spawn(stop_on(terminate, stop.clone()));
    tokio::spawn(stop_on(interrupt, stop.clone()));
    for address in server.lmtp_addresses() {
        tracing::info!(%address, "LMTP");
    }
    if let Some(address) = server.http_address() {
        tracing::info!(%address, "HTTP");
    }
    server.run(stop).await;
    Ok(exit::OK)
}

/// What a running gateway is told by its service manager. A signal that comes while the gateway starts is kept until
/// somebody waits for it; `None` where the system gives no handler.
struct Signals {
    /// SIGHUP: the mappings, keys and directory are read again.
    hang_up: Option<Signal>,
    /// SIGTERM and SIGINT: the gateway ends gracefully.
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
}

impl Signals {
    /// Listens from now on. Must be called within the runtime.
    fn listen() -> Self {
        let listener = |kind| signal(kind).ok();
        Self {
            hang_up: listener(SignalKind::hangup()),
            terminate: listener(SignalKind::terminate()),
            interrupt: listener(SignalKind::interrupt()),
        }
    }
}

async fn stop_on(signal: Option<Signal>, stop: CancellationToken) {
    let Some(mut signal) = signal else { return };
    if signal.recv().await.is_some() {
        stop.cancel();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used)]

    use std::{panic, sync::Mutex};

    use super::defect;

    #[test]
    fn a_panic_says_where_it_was_and_none_of_its_words() {
        static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
        panic::set_hook(Box::new(|panic| SAID.lock().unwrap().push(defect(panic))));
        let subject = "zqsubject".to_owned();
        let ends: [std::thread::Result<()>; 3] = [
            panic::catch_unwind(|| panic!("zqsubject")),
            panic::catch_unwind(|| panic!("{subject} is no subject")),
            panic::catch_unwind(|| panic::panic_any(subject.clone())),
        ];
        drop(panic::take_hook());
        assert!(ends.iter().all(Result::is_err));
        let said = SAID.lock().unwrap();
        assert_eq!(said.len(), ends.len(), "{said:?}");
        for said in said.iter() {
            let line = said.strip_prefix(concat!("defect at ", file!(), ":")).unwrap_or_else(|| panic!("{said}"));
            assert!(line.parse::<u32>().is_ok(), "{said}");
        }
    }
}
