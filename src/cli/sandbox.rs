//! `passerelle sandbox`: runs the GLPI stand-in until it is interrupted.

use std::{io::Write as _, net::SocketAddr};

use miette::{IntoDiagnostic as _, Result};

use crate::sandbox::{Failures, Options, Rule, Sandbox};

/// Runs a GLPI stand-in in memory: its REST API, and pages to look at the tickets.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The address to listen on.
    #[arg(long, env = "PASSERELLE_SANDBOX__LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Which GLPI to answer as: 10 (10.0.14) or 11 (11.0.6, with PHP's stock limits of 2 MB a file and 8 MB a call).
    #[arg(long, value_enum, default_value = "10")]
    pub glpi: Generation,

    /// A failure to answer with: slow=DURATION, 500, 502, 401, maintenance, file, partial, lost, garbage, 207, down, or
    /// dies=FILES and killed=FILES (in the middle of a write, after so many files); then maybe @tickets (only new
    /// tickets) or @followups, and *COUNT (only so many calls), as lost@tickets*1.
    #[arg(long = "fail", value_name = "FAILURE")]
    pub failures: Vec<Rule>,

    /// The App-Token that calls must carry; without it, none is asked for.
    #[arg(long, value_name = "TOKEN")]
    pub app_token: Option<String>,
}

/// The GLPI to stand in for.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Generation {
    /// 10.0.14.
    #[value(name = "10")]
    Ten,
    /// 11.0.6.
    #[value(name = "11")]
    Eleven,
}

/// The account of the gateway in the stand-in, login and password alike.
const SERVICE_ACCOUNT: &str = "passerelle";

/// Says where it is and how to enter, then serves until an interrupt or a termination signal; errs when the
/// address cannot be had.
pub async fn run(args: Args) -> Result<()> {
    let of_version = match args.glpi {
        Generation::Ten => Options::default(),
        Generation::Eleven => Options::eleven(),
    };
    let options = Options {
        listen: args.listen,
        failures: Failures(args.failures),
        app_token: args.app_token,
        set_up: true,
        ..of_version
    };
    let sandbox = Sandbox::start(options).await.into_diagnostic()?;
    let url = sandbox.url();
    // A closed output is nobody's loss.
    let _ = writeln!(
        std::io::stdout(),
        "GLPI (bac à sable)  {url}\nAPI  {url}apirest.php\nCompte de service  identifiant {SERVICE_ACCOUNT}, mot de passe {SERVICE_ACCOUNT}\n\n\
         Ctrl-C pour arrêter.",
    );
    interrupted().await.into_diagnostic()?;
    sandbox.stop().await.into_diagnostic()
}

async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt,
        _ = terminate.recv() => Ok(()),
    }
}
