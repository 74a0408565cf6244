//! `passerelle setup`: from GLPI's address and a Super-Admin's login, given once, to a gateway that works.
//!
//! `options` is what was asked for (`wanted`), `terminal` asks for the rest, `faults` says what of it cannot be meant, by the
//! rules that the configuration has (`written` is its text, `whose` says whether the file is still setup's own). `plan` has
//! the steps in their order and says of each whether it is there; each kind of step is a file: `account` (and its token), `client`, `profile`, `names` (groups and categories),
//! `recipients`, `receipts` (who tells of a new ticket), `webhooks`, `configuration`, `directors` (their file), `files` (whether the service may
//! read them); `secrets` are files of their own. `context` is what all share, `outcome` what a look at a step gives.

mod account;
mod client;
mod configuration;
mod context;
mod directors;
mod faults;
mod files;
mod names;
mod naming;
mod operators;
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
mod whose;
mod written;

pub use self::{options::Args, wanted::ToldBy};

use self::{
    context::Setup,
    outcome::{Failed, State},
    plan::{Step, steps},
    wanted::Wanted,
};
use super::{exit, say::say, shell};
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
    Setup::new(wanted, admin, configuration).await
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
    if !apply || !planned.iter().any(|(_, state)| state.is_to_make()) {
        say.end(setup, &count, apply);
        return if count.left == 0 { exit::OK } else { exit::FAILED };
    }
    say.line(&Bilingual::new("\nApplying:", "\nApplication\u{a0}:"));
    let mut done = Count::default();
    for (step, state) in planned {
        if !state.is_to_make() {
            // What is written by now is among them.
            let state = if step == Step::Files { files::look(setup).await } else { state };
            if step == Step::Files {
                say.step(setup, &step, &state);
            }
            done.add(&state);
            if state.is_left() {
                open.push(step);
            }
            continue;
        }
        let first = open.iter().find(|before| step.rests_on(before));
        let found = match first {
            Some(first) => Err(blocked(&first.name(setup))),
            None => step.make_and_look(setup).await,
        };
        match &found {
            Ok(now) if now.is_left() => say.step(setup, &step, now),
            Ok(_) => say.made(setup, &step, &state),
            Err(failed) => say.failed(&step.name(setup), failed),
        }
        let is_open = found.as_ref().map_or(true, State::is_left);
        done.add(&found.unwrap_or_else(State::from));
        if is_open {
            open.push(step);
        }
    }
    say.end(setup, &done, true);
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
            State::Create(_) | State::Change(..) => self.to_do += 1,
            State::Named(_) | State::Beside(_) | State::ByHand(_) => self.left += 1,
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
        if let State::Named(failed) | State::Beside(failed) | State::ByHand(failed) | State::Decide(failed) = state {
            self.line(&Bilingual::same("               → ").then("", &failed.remedy));
        }
    }

    fn made(&self, setup: &Setup, step: &Step, state: &State) {
        match state {
            State::Change(_, done) => {
                self.found(&Bilingual::new("changed        ", "changé         "), &step.name(setup), done);
            }
            _ => self.found(&Bilingual::new("created        ", "créé           "), &step.name(setup), &state.found()),
        }
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

    fn end(&self, setup: &Setup, count: &Count, apply: bool) {
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
            _ => {
                let file = shell::word(&setup.wanted.configuration_file());
                Bilingual::new(
                    format!("Everything is in place. Next: passerelle --config {file} check, then serve."),
                    format!("Tout est en place. Ensuite\u{a0}: passerelle --config {file} check, puis serve."),
                )
            }
        };
        self.line(&next);
    }
}
