//! `passerelle config`: what is in force, and where it was set.

use std::{io::Write as _, path::Path};

use super::exit;
use crate::{
    config::{self, ConfigError},
    text::Language,
};

/// Prints the configuration in force and where each value came from: the defaults, the file and its line, a variable.
/// Secrets are hidden. Exit code 78 if anything is wrong with it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Prints the defaults, with what each key means
    #[arg(long, conflicts_with = "effective")]
    defaults: bool,
    /// Prints what is in force as a configuration file; secrets stay where they are
    #[arg(long)]
    effective: bool,
}

/// Prints what is asked for; gives the exit code.
///
/// # Errors
///
/// Names every mistake of the configuration, after what can be shown of it.
pub fn run(args: &Args, file: Option<&Path>) -> Result<u8, ConfigError> {
    let language = Language::chosen(None);
    if args.defaults {
        say(&config::defaults(language));
        return Ok(exit::OK);
    }
    let reading = config::read(file)?;
    let config = reading.config();
    say(&if args.effective { config::effective(config, language) } else { config::listing(config, language) });
    reading.sound().map(|_| exit::OK)
}

fn say(text: &str) {
    // Whoever read the output may have gone, as `head` does.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
