//! The notices of refusals in the account: who is refused is told so once a day for each reason. That is a courtesy, which
//! goes beside the request: it is lost where its gateway is killed or the relay is away at that moment, and comes once
//! more where Redis has forgotten it, as `docs/en/operations.md` says. Nobody is told of what was not refused.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use passerelle::request::{Address, Reference};

use super::{
    evidence::{Evidence, Told, header},
    plan::{Fit, Planned, Way},
};
use crate::support::sink::Taken;

/// Why mails are refused here, as their notices are called.
const REASONS: [&str; 3] = ["not-a-director", "no-keyword", "quota-exceeded"];
/// So long a notice may be on its way to the relay, all tries together.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(10);
/// So long before a notice Redis may have been away, for what was to be written then.
const BEFORE: SignedDuration = SignedDuration::from_secs(5);

/// What the notices come to.
#[derive(Default)]
pub(super) struct Notices {
    /// Lines of the account.
    pub(super) lines: BTreeMap<String, usize>,
    pub(super) wrong: Vec<String>,
}

/// A request that was refused so.
struct Refused {
    person: String,
    reason: &'static str,
    sent: Timestamp,
}

impl Notices {
    fn add(&mut self, line: &str) {
        *self.lines.entry(line.to_owned()).or_default() += 1;
    }
}

/// Why a request was refused, as far as who sent it knows; `None` for what was not, or was told at once.
fn refused_for(planned: &Planned, told: &Told) -> Option<&'static str> {
    let is_form = matches!(planned.way, Way::Form | Way::FormTwice);
    let is_refused = |words: &[String]| words.iter().any(|said| said.starts_with("refused"));
    let by_mail = is_refused(&told.relay)
        || told.folders.contains(&"Refusés".into())
        || told.returned.iter().any(|it| is_refused(it));
    match planned.fit {
        _ if is_form && !by_mail => None,
        Fit::NoDirector => Some(REASONS[0]),
        Fit::NoKeyword => Some(REASONS[1]),
        Fit::Ticket => by_mail.then_some(REASONS[2]),
        Fit::Automatic => None,
    }
}

/// What was refused, by its reference: mails, and forms that were put by as far as who sent them was told so.
fn refused(evidence: &Evidence<'_>) -> BTreeMap<String, Refused> {
    let mut refused = BTreeMap::new();
    for (planned, told) in evidence.planned.iter().zip(evidence.told) {
        let Some(reason) = refused_for(planned, told) else { continue };
        let from = Address::parse(&planned.from()).unwrap();
        let put_by = told.form.iter().find(|answered| answered.is_queued());
        let reference = match put_by {
            Some(answered) => answered.body["reference"].as_str().unwrap_or_default().to_owned(),
            None => Reference::new("mail", from.as_str(), format!("<{}>", planned.message_id()).as_bytes()).to_string(),
        };
        refused.insert(reference, Refused { person: from.as_str().to_owned(), reason, sent: told.sent });
    }
    refused
}

/// The reference in a letter's name, and what it tells.
fn named(taken: &Taken) -> (String, String) {
    let id = header(&taken.mail, "Message-ID").trim_matches(['<', '>']);
    let mut words = id.split('.');
    (words.next().unwrap_or_default().to_uppercase(), words.next().unwrap_or_default().to_owned())
}

/// Holds the notices against what was refused.
pub(super) fn notices(evidence: &Evidence<'_>) -> Notices {
    let mut notices = Notices::default();
    let refused = refused(evidence);
    // Who sent a form is told of its refusal also where nobody heard that it was put by.
    let names = evidence.letters.iter().map(named);
    let put_by: BTreeSet<String> =
        names.filter_map(|(reference, what)| (what == "depot").then_some(reference)).collect();
    let mut sent = BTreeMap::<(String, &str), Vec<Timestamp>>::new();
    let mut with_notice = BTreeSet::new();
    for taken in evidence.letters {
        let to = taken.to.first().map(|to| to.to_lowercase()).unwrap_or_default();
        let (reference, what) = named(taken);
        let Some(reason) = REASONS.into_iter().find(|reason| *reason == what) else { continue };
        match refused.get(&reference) {
            Some(refused) if refused.person == to && refused.reason == reason => {}
            None if put_by.contains(&reference) => notices.add("notices of forms that were put by"),
            _ => notices.wrong.push(format!("{to} has a notice of what was not refused so: {reference} {what}")),
        }
        sent.entry((to, reason)).or_default().push(taken.at);
        with_notice.insert(reference);
    }
    for ((person, reason), times) in &mut sent {
        times.sort();
        once_a_day(evidence, &mut notices, &format!("{person} has notices of {reason}"), times);
    }
    let mut untold = BTreeMap::<(&str, &str), Vec<(&String, &Refused)>>::new();
    for (reference, of) in &refused {
        if with_notice.contains(reference) {
            notices.add("refused mails with their notice");
        } else if sent.contains_key(&(of.person.clone(), of.reason)) {
            notices.add("refused mails without: their writer had one that day");
        } else {
            untold.entry((&of.person, of.reason)).or_default().push((reference, of));
        }
    }
    for ((person, reason), of) in untold {
        match lost(evidence, &of) {
            Some(why) => notices.add(&format!("people who were not told of a refusal: {why}")),
            None => notices.wrong.push(format!("{person} was not told of {reason}, and nothing was in the way of it")),
        }
    }
    notices
}

/// A person has one of a kind a day: one more only where Redis forgot the first, and from no instance twice in its life.
fn once_a_day(evidence: &Evidence<'_>, notices: &mut Notices, of: &str, times: &[Timestamp]) {
    for pair in times.windows(2) {
        if evidence.faults.any_of(&["redis"], pair[0] - BEFORE, pair[1]) {
            notices.add("notices sent again: Redis had forgotten the first");
        } else {
            notices.wrong.push(format!("{of} at {} and {}, and Redis had no trouble", pair[0], pair[1]));
        }
    }
    for three in times.windows(3) {
        if !evidence.faults.any_of(&["gateway"], three[0], three[2]) {
            notices.wrong.push(format!("{of} at {three:?}, and no gateway was killed: one of two told twice"));
        }
    }
}

/// What was in the way of a person's first notice of a kind: the first refusal has it, and no later one tries again.
fn lost(evidence: &Evidence<'_>, of: &[(&String, &Refused)]) -> Option<&'static str> {
    let refusals = of.iter().filter_map(|(reference, _)| evidence.handled.get(*reference));
    let ended = refusals.flatten().filter(|end| end.is_refused).map(|end| end.at).min()?;
    // Whichever of them came first may have been with the instance that was killed.
    let sent = of.iter().map(|(_, refused)| refused.sent).min()?;
    let causes = [("gateway", "its gateway was killed"), ("relay", "the relay was away")];
    let was = |server: &str| evidence.faults.any_of(&[server], sent, ended + ON_ITS_WAY);
    causes.into_iter().find(|(server, _)| was(server)).map(|(_, why)| why)
}
