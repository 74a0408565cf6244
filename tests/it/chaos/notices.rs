//! The notices of refusals in the account: each refused mail has one, or its writer had one of that kind already that day,
//! or it was lost with whoever had it in hand; nobody is told of what was not refused.

use std::collections::{BTreeMap, BTreeSet};

use passerelle::request::{Address, Reference};

use super::{
    account::{Evidence, Told, header},
    plan::{Fit, Planned, Way},
};
use crate::support::sink::Taken;

/// Why mails are refused here, as their notices are called.
const REASONS: [&str; 3] = ["not-a-director", "no-keyword", "quota-exceeded"];

/// What the notices come to.
#[derive(Default)]
pub(super) struct Notices {
    /// Lines of the account.
    pub(super) lines: BTreeMap<String, usize>,
    pub(super) wrong: Vec<String>,
}

/// Why a mail was refused, as far as who sent it knows; `None` for a form, and for what was not.
fn refused_for(planned: &Planned, told: &Told) -> Option<&'static str> {
    if matches!(planned.way, Way::Form | Way::FormTwice) {
        return None;
    }
    let is_refused =
        told.relay.iter().any(|said| said.starts_with("refused")) || told.folders.contains(&"Refusés".into());
    match planned.fit {
        Fit::NoDirector => Some(REASONS[0]),
        Fit::NoKeyword => Some(REASONS[1]),
        Fit::Ticket => is_refused.then_some(REASONS[2]),
        Fit::Automatic => None,
    }
}

/// Holds the notices against the mails that were refused. `disturbances` is how often a memory of them may have got lost.
pub(super) fn notices(evidence: &Evidence<'_>) -> Notices {
    let (mut notices, most) = (Notices::default(), 1 + evidence.disturbances);
    let mut refused = BTreeMap::<String, (String, &'static str)>::new();
    for (planned, told) in evidence.planned.iter().zip(evidence.told) {
        if let Some(reason) = refused_for(planned, told) {
            let from = Address::parse(&planned.from()).unwrap();
            let id = format!("<{}>", planned.message_id());
            let reference = Reference::new("mail", from.as_str(), id.as_bytes()).to_string();
            refused.insert(reference, (from.as_str().to_owned(), reason));
        }
    }
    // A form that was put by comes back as a mail; who sent it is told of its refusal by one, whether or not they ever
    // heard that it was put by.
    let named = |taken: &Taken| {
        let id = header(&taken.mail, "Message-ID").trim_matches(['<', '>']).to_owned();
        let mut words = id.split('.');
        let (reference, what) = (words.next().unwrap_or_default().to_uppercase(), words.next().unwrap_or_default());
        (reference, what.to_owned(), id)
    };
    let put_by: BTreeSet<String> = evidence
        .letters
        .iter()
        .map(named)
        .filter_map(|(reference, what, _)| (what == "depot").then_some(reference))
        .collect();
    let mut copies = BTreeMap::<String, usize>::new();
    for taken in evidence.letters {
        let to = taken.to.first().map(|to| to.to_lowercase()).unwrap_or_default();
        let (reference, what, id) = named(taken);
        if !REASONS.contains(&what.as_str()) {
            continue;
        }
        match refused.get(&reference) {
            Some((person, reason)) if *person == to && *reason == what => *copies.entry(reference).or_default() += 1,
            None if put_by.contains(&reference) => {
                *notices.lines.entry("notices of forms that were put by".to_owned()).or_default() += 1;
            }
            _ => notices.wrong.push(format!("{to} has a notice of what was not refused so: {id}")),
        }
    }
    // A person has one of a kind a day, unless that was forgotten meanwhile.
    let mut told = BTreeMap::<(&str, &str), BTreeSet<&str>>::new();
    for (reference, count) in &copies {
        let (person, reason) = &refused[reference];
        told.entry((person, reason)).or_default().insert(reference);
        if *count > most {
            notices.wrong.push(format!("{reference}: {count} copies of its notice, {} disturbances", most - 1));
        }
    }
    for ((person, reason), of) in &told {
        if of.len() > most {
            notices.wrong.push(format!("{person} has {} notices of {reason}, {} disturbances", of.len(), most - 1));
        }
    }
    for (reference, (person, reason)) in &refused {
        let line = match (copies.contains_key(reference), told.contains_key(&(person.as_str(), *reason))) {
            (true, _) => "refused mails with their notice",
            (false, true) => "refused mails without: their writer had one that day",
            (false, false) if evidence.disturbances > 0 => "refused mails without: lost on the way",
            (false, false) => {
                notices.wrong.push(format!("{reference}: {person} was not told of {reason}"));
                continue;
            }
        };
        *notices.lines.entry(line.to_owned()).or_default() += 1;
    }
    notices
}
