//! What is wrong with the words of a command line, and its help, as whoever typed it reads it.

use std::{error::Error as _, fmt::Write as _};

use clap::error::{ContextKind, ErrorKind};

use super::{help, unfit::Unfit};
use crate::text::Language;

/// Prints the answer of clap in French: help and the version on standard output, what is wrong on standard error.
pub fn say(answer: &clap::Error) {
    let english = answer.render().to_string();
    let shown = match answer.kind() {
        ErrorKind::DisplayVersion => english,
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => help::of_clap(&english),
        _ => mistake(answer, &english),
    };
    if answer.use_stderr() {
        eprint!("{shown}");
    } else {
        super::say::say(shown.trim_end());
    }
}

fn mistake(answer: &clap::Error, english: &str) -> String {
    let (what, advice) = told(answer, english);
    let mut shown = format!("erreur\u{a0}: {what}\n");
    if !advice.is_empty() {
        shown.push('\n');
    }
    for line in advice {
        let _ = writeln!(shown, "  conseil\u{a0}: {line}");
    }
    if let Some(usage) = answer.get(ContextKind::Usage) {
        let usage = help::of_clap(usage.to_string().trim_end());
        let _ = writeln!(shown, "\n{usage}");
    }
    shown + "\nPour plus d’informations\u{a0}: «\u{a0}--help\u{a0}».\n"
}

/// What is wrong, and what may be meant.
fn told(answer: &clap::Error, english: &str) -> (String, Vec<String>) {
    let said = |kind| answer.get(kind).map(ToString::to_string).filter(|said| !said.is_empty());
    let known = |kind| said(kind).unwrap_or_default();
    let argument = known(ContextKind::InvalidArg);
    let meant = |kind| said(kind).map(|near| format!("vouliez-vous dire «\u{a0}{near}\u{a0}»\u{a0}?"));
    let mut advice = Vec::new();
    let what = match answer.kind() {
        ErrorKind::UnknownArgument => {
            advice.extend(meant(ContextKind::SuggestedArg));
            if answer.get(ContextKind::Suggested).is_some() {
                advice.push(format!(
                    "pour donner «\u{a0}{argument}\u{a0}» comme une valeur, écrivez «\u{a0}-- {argument}\u{a0}»"
                ));
            }
            if argument.starts_with('-') {
                format!("l’option «\u{a0}{argument}\u{a0}» n’existe pas ici")
            } else {
                format!("l’argument «\u{a0}{argument}\u{a0}» est de trop")
            }
        }
        ErrorKind::InvalidSubcommand => {
            advice.extend(meant(ContextKind::SuggestedSubcommand));
            format!("la commande «\u{a0}{}\u{a0}» n’existe pas", known(ContextKind::InvalidSubcommand))
        }
        ErrorKind::InvalidValue => {
            advice.extend(said(ContextKind::ValidValue).map(|values| format!("valeurs possibles\u{a0}: {values}")));
            advice.extend(meant(ContextKind::SuggestedValue));
            match said(ContextKind::InvalidValue) {
                Some(value) => format!("«\u{a0}{value}\u{a0}» ne convient pas à «\u{a0}{argument}\u{a0}»"),
                None => format!("il manque une valeur à «\u{a0}{argument}\u{a0}»"),
            }
        }
        ErrorKind::ValueValidation => {
            let value = known(ContextKind::InvalidValue);
            let why = answer.source().map(|why| match why.downcast_ref::<Unfit>() {
                Some(Unfit(why)) => why.text(Language::French).to_owned(),
                None => format!("«\u{a0}{why}\u{a0}»"),
            });
            format!(
                "«\u{a0}{value}\u{a0}» ne convient pas à «\u{a0}{argument}\u{a0}»\u{a0}: {}",
                why.unwrap_or_default()
            )
        }
        ErrorKind::MissingRequiredArgument => format!("il manque\u{a0}: {argument}"),
        ErrorKind::ArgumentConflict => match known(ContextKind::PriorArg) {
            prior if prior == argument => format!("«\u{a0}{argument}\u{a0}» ne peut être donné qu’une fois"),
            prior => format!("«\u{a0}{argument}\u{a0}» ne va pas avec\u{a0}: {prior}"),
        },
        ErrorKind::MissingSubcommand => {
            let (command, all) = (known(ContextKind::InvalidSubcommand), known(ContextKind::ValidSubcommand));
            format!("«\u{a0}{command}\u{a0}» attend une commande\u{a0}: {all}")
        }
        ErrorKind::NoEquals => format!("«\u{a0}{argument}\u{a0}» attend «\u{a0}=\u{a0}» devant sa valeur"),
        ErrorKind::TooManyValues => {
            format!("«\u{a0}{}\u{a0}» est de trop pour «\u{a0}{argument}\u{a0}»", known(ContextKind::InvalidValue))
        }
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("il n’y a pas le bon nombre de valeurs pour «\u{a0}{argument}\u{a0}»")
        }
        ErrorKind::InvalidUtf8 => "un argument n’est pas en UTF-8".to_owned(),
        _ => format!("«\u{a0}{}\u{a0}»", english.lines().next().unwrap_or_default()),
    };
    (what, advice)
}
