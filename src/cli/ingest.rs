//! `passerelle ingest < mail.eml`: hands one mail to the pipeline, for a mail server's pipe transport.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{io::AsyncReadExt as _, time::Instant};

use super::exit;
use crate::{
    app::App,
    config::{Config, ConfigError},
    intake::TakesMail as _,
    request::{Address, Channel, Envelope, Outcome},
    telemetry::HeldLog,
};

/// How long the mail to the requester may take before the process ends.
const LONGEST_FAREWELL: Duration = Duration::from_mins(2);

/// Hands the mail on standard input to the gateway; sysexits: 0 settled, 75 try again later.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The envelope sender (Postfix: ${sender}); empty for the null sender.
    #[arg(long)]
    pub sender: Option<String>,
    /// The envelope recipient (Postfix: ${recipient}); may be repeated. Without it, To and Cc decide.
    #[arg(long = "recipient")]
    pub recipients: Vec<String>,
}

/// What it says first where the configuration cannot be used; the whole error follows.
pub fn say_unusable(error: &ConfigError) {
    eprintln!("deferred: configuration ({error})");
}

/// Handles the mail to its end and prints what became of it, before its `log`: a mail server keeps and shows the
/// beginning (Postfix: 4 KiB in its own log, a bounce has less). Gives the exit code.
///
/// # Errors
///
/// When the configuration cannot be used.
pub async fn run(mut config: Config, args: Args, log: HeldLog) -> Result<u8, ConfigError> {
    let max_size = config.screen.max_size;
    // Each mail is a process of its own: that this one begins says nothing of another that died.
    config.glpi.aftermath = Duration::ZERO;
    let app = App::build(config).inspect_err(say_unusable)?;
    let (raw, size) = match read(max_size).await {
        Ok(mail) => mail,
        Err(error) => {
            eprintln!("deferred: standard input cannot be read ({error})");
            return Ok(exit::TEMPFAIL);
        }
    };
    let envelope = Envelope {
        channel: Channel::Stdin,
        // Postfix's pipe(8) writes the null sender so, unless it is told `null_sender=`.
        sender: args
            .sender
            .map(|sender| if sender.eq_ignore_ascii_case("MAILER-DAEMON") { String::new() } else { sender }),
        recipients: args.recipients.iter().filter_map(|text| Address::parse(text)).collect(),
        size,
        stored: None,
        is_untried: false,
    };
    let outcome = Arc::clone(&app.pipeline).mail(envelope, raw).await;
    eprintln!("{}", summary(&outcome));
    drop(log);
    app.finish(Instant::now() + LONGEST_FAREWELL).await;
    Ok(match outcome {
        Outcome::Deferred(_) => exit::TEMPFAIL,
        Outcome::Created(_)
        | Outcome::Duplicate(_)
        | Outcome::Followup(_)
        | Outcome::Queued(_)
        | Outcome::Refused(_)
        | Outcome::Ignored(_)
        | Outcome::Quarantined(_) => exit::OK,
    })
}

/// What a mail log may hold: no address, no text.
fn summary(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Created(receipt) | Outcome::Duplicate(receipt) => {
            format!("{}: ticket {}, reference {}", outcome.label(), receipt.ticket, receipt.reference)
        }
        Outcome::Deferred(deferral) => format!("deferred: {} ({})", deferral.reason.code(), deferral.cause),
        Outcome::Followup(addition) => {
            format!("{}: ticket {}, reference {}", outcome.label(), addition.ticket, addition.reference)
        }
        Outcome::Queued(_) | Outcome::Refused(_) | Outcome::Ignored(_) | Outcome::Quarantined(_) => {
            format!("{}: {}", outcome.label(), outcome.reason().code())
        }
    }
}

/// Reads the mail, keeping no more than `max_size` bytes of it; gives its real size too.
async fn read(max_size: u64) -> std::io::Result<(Bytes, u64)> {
    let mut input = tokio::io::stdin();
    let mut kept = Vec::new();
    (&mut input).take(max_size).read_to_end(&mut kept).await?;
    let rest = tokio::io::copy(&mut input, &mut tokio::io::sink()).await?;
    let size = kept.len() as u64 + rest;
    Ok((Bytes::from(kept), size))
}
