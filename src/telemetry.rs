//! Logs and counters: how they are set up, and the counters that every outcome goes into.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, ParseError, Targets},
    fmt::{MakeWriter, writer::BoxMakeWriter},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{
    config::{Config, ConfigError, Log, LogFormat},
    request::{Channel, Outcome},
    text::Bilingual,
};

const RECEIVED: &str = "passerelle_received_total";
const IN_HAND: &str = "passerelle_in_hand";
const REQUESTS: &str = "passerelle_requests_total";
const SECONDS: &str = "passerelle_request_seconds";
const BUILD: &str = "passerelle_build_info";

/// Upper bounds in seconds. A ticket takes some 100 ms in GLPI; a mail with large files several seconds.
const BUCKETS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// What the libraries may log at most, whatever the filter asks for: below that they log what they read, requests
/// included.
const SILENT: [&str; 5] = ["async_imap", "html5ever", "selectors", "ammonia", "mail_parser"];
const DISCREET: [&str; 10] =
    ["hyper", "hyper_util", "h2", "reqwest", "lettre", "rustls", "redis", "ldap3", "tokio_util", "multer"];

/// How often observations are folded into the histograms' buckets; until then each one takes memory.
const UPKEEP: Duration = Duration::from_secs(10);

/// This program's version, with the commit it was built from where the build was told (`make build`, `make package`):
/// `0.1.0 (e06274b)`. Nothing asks git, so that the same sources always make the same program.
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> =
        LazyLock::new(|| with_commit(env!("CARGO_PKG_VERSION"), option_env!("PASSERELLE_COMMIT")));
    &VERSION
}

/// A version with its commit, where the build was told any.
fn with_commit(version: &str, commit: Option<&str>) -> String {
    match commit.filter(|commit| !commit.is_empty()) {
        Some(commit) => format!("{version} ({commit})"),
        None => version.to_owned(),
    }
}

/// Sends this process's logs to standard error, as text or JSON. Standard output belongs to the
/// commands' own answers.
///
/// # Errors
///
/// When `log.filter` is no filter, or when logs were set up before.
pub fn init(config: &Log) -> Result<(), ConfigError> {
    write_to(config, BoxMakeWriter::new(io::stderr))
}

/// As [`init`], for a command whose answer the reader waits for: beside it stands only what is wrong, unless somebody has
/// chosen what is logged (`log.filter`).
///
/// # Errors
///
/// As [`init`].
pub fn init_beside_answers(config: &Config) -> Result<(), ConfigError> {
    let mut log = config.log.clone();
    if config.settings.given("log.filter").is_none() {
        "warn".clone_into(&mut log.filter);
    }
    init(&log)
}

/// As [`init`], but nothing is written before the [`HeldLog`] is dropped: for a command whose own word comes first, as
/// a mail server keeps the beginning of what it reads.
///
/// # Errors
///
/// As [`init`].
pub fn init_held(config: &Log) -> Result<HeldLog, ConfigError> {
    let held = HeldLog { lines: Arc::new(Mutex::new(Some(Vec::new()))) };
    write_to(config, BoxMakeWriter::new(Lines(Arc::clone(&held.lines))))?;
    Ok(held)
}

fn write_to(config: &Log, writer: BoxMakeWriter) -> Result<(), ConfigError> {
    let asked: Targets = config.filter.parse().map_err(|error: ParseError| {
        ConfigError::because(
            Bilingual::same("log.filter"),
            error,
            Bilingual::new(
                "A filter is a level (error, warn, info, debug, trace), or levels by module: info,passerelle=debug.",
                "Un filtre est un niveau (error, warn, info, debug, trace), ou des niveaux par module\u{a0}: info,passerelle=debug.",
            ),
        )
        .about("log.filter")
    })?;
    let allowed = Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_targets(SILENT.map(|library| (library, LevelFilter::OFF)))
        .with_targets(DISCREET.map(|library| (library, LevelFilter::INFO)));
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match config.format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(asked)
        .with(allowed)
        .with(lines)
        .try_init()
        .map_err(|error| ConfigError::defect(Bilingual::new("logs", "journaux"), error))
}

/// What is kept of a log that waits; `None` once nothing waits any more.
type Held = Arc<Mutex<Option<Vec<u8>>>>;

/// A log that waits; dropping this writes it, and what comes later at once.
#[derive(Debug)]
pub struct HeldLog {
    lines: Held,
}

impl Drop for HeldLog {
    fn drop(&mut self) {
        let waiting = locked(&self.lines).take();
        // A closed standard error is nobody's loss.
        let _ = io::stderr().write_all(&waiting.unwrap_or_default());
    }
}

/// Takes lines, to be written now or later.
struct Lines(Held);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(Arc::clone(&self.0))
    }
}

/// One line on its way.
struct Line(Held);

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match locked(&self.0).as_mut() {
            Some(waiting) => {
                waiting.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What waits, also after a thread panicked while it wrote.
fn locked(held: &Held) -> MutexGuard<'_, Option<Vec<u8>>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `/metrics` shows. The first call installs the process's recorder, later ones give the same: what is to be there
/// before anything was counted, its room says after that.
pub fn metrics() -> PrometheusHandle {
    static INSTALLED: OnceLock<PrometheusHandle> = OnceLock::new();
    INSTALLED
        .get_or_init(|| {
            install().unwrap_or_else(|error| {
                tracing::error!(%error, "no metrics: /metrics stays empty");
                PrometheusBuilder::new().build_recorder().handle()
            })
        })
        .clone()
}

fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)?
        .install_recorder()?;
    metrics::describe_counter!(RECEIVED, "Whole requests that were at hand, by the way they came in.");
    metrics::describe_gauge!(IN_HAND, "Requests whose outcome is not known yet, by the way they came in.");
    metrics::describe_counter!(REQUESTS, "Requests by the way they came in, how they ended and why.");
    metrics::describe_histogram!(SECONDS, metrics::Unit::Seconds, "From a whole request at hand to its outcome.");
    metrics::describe_gauge!(BUILD, "Always 1: its label is the version that runs.");
    metrics::gauge!(BUILD, "version" => version()).set(1.0);
    for channel in Channel::ALL {
        let name = channel.label();
        metrics::counter!(RECEIVED, "channel" => name).increment(0);
        metrics::gauge!(IN_HAND, "channel" => name).set(0.0);
        for (outcome, reason) in Outcome::all_of(channel) {
            metrics::counter!(REQUESTS, "channel" => name, "outcome" => outcome, "reason" => reason.code())
                .increment(0);
        }
    }
    let upkeep = handle.clone();
    let thread = std::thread::Builder::new().name("metrics-upkeep".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(UPKEEP);
            upkeep.run_upkeep();
        }
    });
    if let Err(error) = thread {
        tracing::warn!(%error, "histograms are folded only when /metrics is read");
    }
    Ok(handle)
}

/// A whole request at hand: it counts as received, and as in hand until this is dropped. What was received is what
/// ended, whatever the outcome ([`count`]), and what is in hand: where it is not, a request was forgotten.
#[derive(Debug)]
pub struct InHand {
    channel: &'static str,
    began: Instant,
}

impl InHand {
    /// Takes a request that came in this way.
    pub fn take(channel: Channel) -> Self {
        let channel = channel.label();
        metrics::counter!(RECEIVED, "channel" => channel).increment(1);
        metrics::gauge!(IN_HAND, "channel" => channel).increment(1.0);
        Self { channel, began: Instant::now() }
    }

    /// How long it has been in hand.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        metrics::gauge!(IN_HAND, "channel" => self.channel).decrement(1.0);
    }
}

/// Counts one request that ended so after `elapsed`.
pub fn count(channel: Channel, outcome: &Outcome, elapsed: Duration) {
    let (channel, label) = (channel.label(), outcome.label());
    metrics::counter!(REQUESTS, "channel" => channel, "outcome" => label, "reason" => outcome.reason().code())
        .increment(1);
    metrics::histogram!(SECONDS, "channel" => channel, "outcome" => label).record(elapsed);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::{InHand, count, init, metrics, with_commit};
    use crate::{
        config::{Log, LogFormat},
        request::{Channel, Outcome, Reason},
    };

    #[test]
    fn outcomes_are_counted_by_channel_and_reason_however_often_metrics_are_asked_for() {
        let (first, second) = (metrics(), metrics());
        count(Channel::Stdin, &Outcome::Ignored(Reason::Bounce), Duration::from_millis(40));
        drop(InHand::take(Channel::Stdin));
        let _in_hand = InHand::take(Channel::Stdin);
        for text in [first.render(), second.render()] {
            for line in [
                r#"passerelle_requests_total{channel="stdin",outcome="ignored",reason="bounce"} 1"#,
                r#"passerelle_request_seconds_bucket{channel="stdin",outcome="ignored",le="0.05"} 1"#,
                r#"passerelle_received_total{channel="stdin"} 2"#,
                r#"passerelle_in_hand{channel="stdin"} 1"#,
                "# HELP passerelle_requests_total ",
                concat!("passerelle_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
            ] {
                assert!(text.contains(line), "{line} in {text}");
            }
        }
    }

    #[rstest]
    #[case(Some("e06274b"), "0.1.0 (e06274b)")]
    #[case(Some("e06274b-dirty"), "0.1.0 (e06274b-dirty)")]
    #[case(Some(""), "0.1.0")]
    #[case(None, "0.1.0")]
    fn a_version_names_its_commit_where_the_build_was_told_one(#[case] commit: Option<&str>, #[case] said: &str) {
        assert_eq!(with_commit("0.1.0", commit), said);
    }

    #[test]
    fn a_filter_that_is_none_is_refused_with_what_would_be_one() {
        let error = init(&Log { format: LogFormat::Text, filter: "passerelle=loud".to_owned() }).unwrap_err();
        assert!(error.to_string().starts_with("log.filter: "), "{error}");
    }
}
