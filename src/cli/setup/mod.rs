//! `passerelle setup`: from GLPI's address and a Super-Admin's login, given once, to a gateway that works.
//!
//! `options` is what was asked for (`wanted`), `terminal` asks for the rest, `faults` says what of it cannot be meant, by the rules that
//! the configuration has (`written` is its text). `plan` has the steps in their order and says of each whether it is there;
//! each kind of step is a file: `account` (and its token), `client`, `profile`, `names` (groups and categories),
//! `recipients`, `receipts` (who tells of a new ticket), `webhooks`, `configuration`; `secrets` are their files. `context`
//! is what all share, `outcome` what a look at a step gives.

mod account;
mod client;
mod configuration;
mod context;
mod faults;
mod names;
mod options;
mod outcome;
mod plan;
mod profile;
mod receipts;
mod recipients;
mod secrets;
mod terminal;
mod wanted;
mod webhooks;
mod written;

pub use self::{options::Args, wanted::ToldBy};

use self::{
    context::Setup,
    outcome::{Failed, State},
    plan::{Step, steps},
    wanted::Wanted,
};
use super::{exit, say::say};
use crate::{
    config,
    glpi::{Administrator, Credentials, GlpiError, Remedy, Settings},
    text::{Bilingual, Language},
};

/// Shows what GLPI and this machine lack for the gateway and, with `--apply`, makes it; gives the exit code.
pub async fn run(args: Args) -> u8 {
    let language = Language::chosen(args.lang);
    let say = Saying(language);
    let apply = args.apply;
    let (wanted, login) = match args.complete(language) {
        Ok(complete) => complete,
        Err(faults) => {
            for fault in &faults {
                say.failed(&Bilingual::same("setup"), fault);
            }
            say.line(&Bilingual::new("Nothing was changed.", "Rien n’a été changé."));
            return exit::USAGE;
        }
    };
    let setup = match sign_in(wanted, login).await {
        Ok(setup) => setup,
        Err(failed) => {
            say.failed(&Bilingual::same("GLPI"), &failed);
            return exit::FAILED;
        }
    };
    let code = carry_out(&setup, apply, &say).await;
    setup.admin.sign_out().await;
    code
}

/// A Super-Admin's session, and what GLPI is.
async fn sign_in(wanted: Wanted, login: Credentials) -> Result<Setup, Failed> {
    let settings = Settings { retries: 1, ..Settings::new(wanted.url.clone(), login) };
    let admin = Administrator::new(&settings).map_err(|error| {
        Failed::new(&config::of_error(&error), &Bilingual::new("give another one", "donnez-en un autre"))
    })?;
    let configuration = admin.configuration().await.map_err(|error| match error {
        GlpiError::Denied { remedy: Remedy::Login, .. } => Failed::new(
            &Bilingual::new("GLPI does not take this login and password", "GLPI n’accepte pas ces identifiants"),
            &Bilingual::new(
                "check them in GLPI’s own sign-in page; the account must be a Super-Admin’s",
                "vérifiez-les sur la page de connexion de GLPI\u{a0}; le compte doit être celui d’un Super-Admin",
            ),
        ),
        error => error.into(),
    })?;
    Setup::new(wanted, admin, configuration)
}

/// Looks at every step, says what it found, and takes those that are to be taken.
async fn carry_out(setup: &Setup, apply: bool, say: &Saying) -> u8 {
    let mut planned = Vec::new();
    for step in steps(setup) {
        let state = match step.look(setup).await {
            Ok(state) => state,
            Err(failed) => failed.into(),
        };
        planned.push((step, state));
    }
    say.line(&Bilingual::new(
        format!("GLPI {} at {}", setup.version, setup.wanted.url),
        format!("GLPI {} à l’adresse {}", setup.version, setup.wanted.url),
    ));
    for remark in setup.remarks() {
        say.line(&remark);
    }
    let mut open: Vec<Step> = Vec::new();
    let mut count = Count::default();
    for (step, state) in &planned {
        say.step(setup, step, state);
        count.add(state);
    }
    if !apply || count.to_do == 0 {
        say.end(&count, apply);
        return if count.left == 0 { exit::OK } else { exit::FAILED };
    }
    say.line(&Bilingual::new("\nApplying:", "\nApplication\u{a0}:"));
    let mut done = Count { to_do: 0, ..count };
    for (step, state) in planned {
        if matches!(state, State::There(_) | State::Decide(_)) {
            continue;
        }
        let first = open.iter().find(|before| step.rests_on(before));
        let found = match (&state, first) {
            (State::Create(_) | State::Change(_), Some(first)) => Err(blocked(&first.name(setup))),
            (State::Create(_) | State::Change(_), None) => step.make_and_look(setup).await,
            _ => {
                open.push(step);
                continue;
            }
        };
        match found {
            Ok(()) => {
                say.made(setup, &step, &state);
                done.there += 1;
            }
            Err(failed) => {
                say.failed(&step.name(setup), &failed);
                done.left += 1;
                open.push(step);
            }
        }
    }
    say.end(&done, true);
    if done.left == 0 { exit::OK } else { exit::FAILED }
}

fn blocked(first: &Bilingual) -> Failed {
    Failed::new(
        &Bilingual::new("rests on what is not there: ", "repose sur ce qui manque\u{a0}: ").then("", first),
        &Bilingual::new("mend that, and run setup again", "réglez cela, puis relancez setup"),
    )
}

/// How many steps are in each state.
#[derive(Default)]
struct Count {
    there: usize,
    to_do: usize,
    left: usize,
    to_decide: usize,
}

impl Count {
    fn add(&mut self, state: &State) {
        match state {
            State::There(_) => self.there += 1,
            State::Create(_) | State::Change(_) => self.to_do += 1,
            State::Named(_) | State::ByHand(_) => self.left += 1,
            State::Decide(_) => self.to_decide += 1,
        }
    }
}

/// Prints in one language.
struct Saying(Language);

impl Saying {
    fn line(&self, line: &Bilingual) {
        say(line.text(self.0));
    }

    fn step(&self, setup: &Setup, step: &Step, state: &State) {
        self.found(&state.word(), &step.name(setup), &state.found());
        if let State::Named(failed) | State::ByHand(failed) | State::Decide(failed) = state {
            self.line(&Bilingual::same("               → ").then("", &failed.remedy));
        }
    }

    fn made(&self, setup: &Setup, step: &Step, state: &State) {
        let word = match state {
            State::Change(_) => Bilingual::new("changed        ", "changé         "),
            _ => Bilingual::new("created        ", "créé           "),
        };
        self.found(&word, &step.name(setup), &state.found());
    }

    fn failed(&self, what: &Bilingual, failed: &Failed) {
        self.found(&Bilingual::new("ERROR          ", "ERREUR         "), what, &failed.reason);
        self.line(&Bilingual::same("               → ").then("", &failed.remedy));
    }

    fn found(&self, word: &Bilingual, what: &Bilingual, found: &Bilingual) {
        let line = word.clone().then("", what);
        let line = if *found == Bilingual::default() { line } else { line.saying(found) };
        self.line(&line);
    }

    fn end(&self, count: &Count, apply: bool) {
        let Count { there, to_do, left, to_decide } = count;
        self.line(&Bilingual::new(
            format!("\n{there} there, {to_do} to make, {left} for you, {to_decide} to decide"),
            format!("\n{there} en place, {to_do} à faire, {left} pour vous, {to_decide} à décider"),
        ));
        let next = match (apply, to_do, left) {
            (false, 1.., _) => Bilingual::new(
                "Nothing was changed. Run the same again with --apply to make it.",
                "Rien n’a été changé. Relancez la même commande avec --apply pour le faire.",
            ),
            (_, _, 1..) => Bilingual::new(
                "Do what → says, and run setup again: it goes on where it stopped.",
                "Faites ce que dit →, puis relancez setup\u{a0}: il reprend où il s’est arrêté.",
            ),
            _ => Bilingual::new(
                "Everything is in place. Next: passerelle --config FILE check, then serve.",
                "Tout est en place. Ensuite\u{a0}: passerelle --config FICHIER check, puis serve.",
            ),
        };
        self.line(&next);
    }
}
