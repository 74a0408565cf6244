//! Screening: the rules, each a pure function in its own file; values in, a verdict out, no I/O.
//!
//! [`identify`] finds who asks; [`prove`] judges what stands behind that, so that nothing is ever sent to
//! somebody who never wrote; [`by_itself`] applies what else the request alone decides, cheapest first; then
//! the pipeline gathers what a directory and the quota say, [`director`] and [`quota`] judge it, and [`admit`]
//! makes a [`Screened`]. A mail that answers a ticket's notification goes another way: [`reply`] judges what
//! GLPI says of that ticket. So do [`complement`], [`decision`] and [`withdrawal`] for what [`on_portal`] takes.

mod announcement;
mod answer;
mod automatic;
mod candidate;
mod copies;
mod director;
mod foreseen;
mod forwarder;
mod keyword;
mod portal;
mod proof;
mod quota;
mod recipient;
mod reply;
mod rules;
mod sender;
mod size;
mod thread;

use jiff::Zoned;

pub use announcement::undelivered;
pub use answer::Answer;
pub use candidate::Candidate;
pub use copies::Copies;
pub use director::{Director, director};
pub use foreseen::foreseen;
pub use keyword::{Application, Applications};
pub use portal::{DecidedSolution, complement, decision, on_portal, withdrawal};
pub use proof::{Evidence, Method, Proof, ProofGap, proof_gap};
pub use quota::{DayPlace, WithinQuota, quota};
pub use reply::{Change, MayFollowUp, Reply, reply};
pub use rules::{Rejected, Rejection, Rules};
pub use thread::Thread;

use crate::request::{Address, DayMark, Origin, Person, Received, department_of};

/// A request of a person whose address is the academy's. Only [`identify`] makes one.
#[derive(Clone, Debug)]
pub struct Identified {
    received: Received,
    requester: Address,
}

impl Identified {
    /// The request.
    pub fn received(&self) -> &Received {
        &self.received
    }
}

/// A request whose sender is proven as far as the academy requires it. Only [`prove`] makes one.
#[derive(Clone, Debug)]
pub struct Proven {
    identified: Identified,
    uuid: Option<String>,
    by_member: bool,
}

impl Proven {
    /// Who asks.
    pub fn requester(&self) -> &Address {
        &self.identified.requester
    }

    /// Whether it answers a notification that says which GLPI it is of: then [`Proven::before`] wants to know ours.
    pub fn names_a_glpi(&self) -> bool {
        thread::names_a_glpi(&self.identified.received)
    }

    /// The same, before the GLPI with this mark in its notifications; `None` where that is not known.
    #[must_use]
    pub fn before(self, uuid: Option<String>) -> Self {
        Self { uuid, ..self }
    }

    /// Whether it hands on another person's mail, so that it depends on the forwarders' groups whose request it is:
    /// then [`Proven::by_member`] wants to know whether its sender is in one.
    pub fn depends_on_groups(&self, rules: &Rules) -> bool {
        let Identified { received, requester } = &self.identified;
        forwarder::depends_on_groups(received, requester, rules)
    }

    /// The same, its sender being a member of a forwarders' group or not.
    #[must_use]
    pub fn by_member(self, by_member: bool) -> Self {
        Self { by_member, ..self }
    }
}

/// What passed every rule that needs no more than the request.
#[derive(Clone, Debug)]
pub enum Passed {
    /// A request for a ticket of its own.
    Request(Candidate),
    /// A reply about a ticket that is there.
    Reply(Reply),
    /// An answer to a mail, which may have a ticket.
    Answer(Answer),
}

/// A request that passed every rule. Only [`admit`] makes one.
#[derive(Clone, Debug)]
pub struct Screened {
    candidate: Candidate,
    person: Person,
    by_form_alone: bool,
}

impl Screened {
    /// The request as it came.
    pub fn received(&self) -> &Received {
        &self.candidate.received
    }

    /// Who asks.
    pub fn requester(&self) -> &Address {
        &self.candidate.requester
    }

    /// The application's name.
    pub fn application(&self) -> &str {
        &self.candidate.application
    }

    /// When it arrived, in the academy's time zone.
    pub fn arrived(&self) -> &Zoned {
        &self.candidate.arrived
    }

    /// The mark of the requester's day.
    pub fn day_mark(&self) -> DayMark {
        self.candidate.day_mark()
    }

    /// Who else the request went to.
    pub fn copies(&self) -> &Copies {
        &self.candidate.copies
    }

    /// What the directory knows of the requester.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// The school's code: the one the person chose in the form, else the directory's, else the one in a school's
    /// mailbox (`ce.0210001A@…`).
    pub fn uai(&self) -> Option<String> {
        self.person.uai.clone().or_else(|| self.candidate.of_mailbox())
    }

    /// Whether the form alone says that the person is at this school.
    pub fn is_school_by_form_alone(&self) -> bool {
        self.by_form_alone
    }

    /// The department's number, three characters: the directory's, else by the school's code.
    pub fn department(&self) -> Option<String> {
        self.person.department.clone().or_else(|| department_of(&self.uai()?))
    }
}

/// Applies the rules that say whether anybody waits for an answer, and who: automatic mail, sender.
///
/// # Errors
///
/// The request back, with the first rule's verdict.
pub fn identify(received: Received, rules: &Rules) -> Result<Identified, Rejected> {
    match automatic::check(&received, rules).and_then(|()| sender::check(&received, rules)) {
        Ok(requester) => Ok(Identified { received, requester }),
        Err(rejection) => Err((Box::new(received), rejection)),
    }
}

/// Judges what proves that the requester sent this.
///
/// # Errors
///
/// The request back: refused where the sender is not proven, unknown where it could not be checked now.
pub fn prove(mut identified: Identified, proof: &Proof, rules: &Rules) -> Result<Proven, Rejected> {
    let is_sure = proof::is_sure(&identified.received, proof, rules);
    if let Origin::Mail(mail) = &mut identified.received.origin {
        mail.unproven = !is_sure;
    }
    match proof::check(&identified.received, proof, rules) {
        Ok(()) => Ok(Proven { identified, uuid: None, by_member: false }),
        Err(rejection) => Err((Box::new(identified.received), rejection)),
    }
}

/// Applies the other rules that need no more than the request: recipient, size, and for what is no reply the
/// keyword.
///
/// # Errors
///
/// The request back, with the first rule's verdict.
pub fn by_itself(proven: Proven, rules: &Rules, applications: &Applications) -> Result<Passed, Rejected> {
    let Proven { identified: Identified { received, requester }, uuid, by_member } = proven;
    if let Err(rejection) = recipient::check(&received, rules).and_then(|()| size::check(&received, rules)) {
        return Err((Box::new(received), rejection));
    }
    let arrived = received.arrived.to_zoned(rules.time_zone.clone());
    if let Some(thread) = thread::thread(&received, uuid.as_deref(), rules) {
        let copies = copies::of_reply(&received, &requester, rules);
        return Ok(Passed::Reply(Reply { received, requester, arrived, thread, copies }));
    }
    if let Err(rejection) = announcement::check(&received, rules) {
        return Err((Box::new(received), rejection));
    }
    let application = keyword::check(&received, rules, applications);
    let answered = answer::answered(&received, &requester, rules);
    if !answered.is_empty() {
        let copies = copies::of(&received, &requester, None, rules);
        return Ok(Passed::Answer(Answer { received, requester, arrived, answered, application, copies }));
    }
    match application {
        Ok(application) => {
            let (received, requester, forwarder) = forwarder::unwrap(received, requester, by_member, rules);
            let copies = copies::of(&received, &requester, forwarder, rules);
            Ok(Passed::Request(Candidate { received, requester, application, arrived, copies }))
        }
        Err(rejection) => Err((Box::new(received), rejection)),
    }
}

/// Every rule of [`identify`], [`prove`] and [`by_itself`] with its own verdict, also of those after the first
/// that says no: for `try`. Without a proof, that rule is left out.
pub fn explain(
    received: &Received,
    proof: Option<&Proof>,
    rules: &Rules,
    applications: &Applications,
) -> Vec<(&'static str, Result<(), Rejection>)> {
    let proven = proof.map(|proof| ("unproven-sender", proof::check(received, proof, rules)));
    let of_sender = [
        ("automatic", automatic::check(received, rules)),
        ("foreign-sender", sender::check(received, rules).map(drop)),
    ];
    let others = [
        ("wrong-recipient", recipient::check(received, rules)),
        ("too-large", size::check(received, rules)),
        ("reply-to-announcement", announcement::check(received, rules)),
        ("no-keyword", keyword::check(received, rules, applications).map(drop)),
    ];
    of_sender.into_iter().chain(proven).chain(others).collect()
}

/// Admits a candidate whose requester is a director and who has a place in the day's quota: the two
/// proofs can only be had from [`director`] and [`quota`].
///
/// Of somebody with several schools, the one chosen in the form counts, else the one whose mailbox they write from.
pub fn admit(candidate: Candidate, director: Director, _within: WithinQuota) -> Screened {
    let person = director.into_person();
    let chosen = match &candidate.received.origin {
        Origin::Form(fields) => fields.uai.clone(),
        Origin::Mail(_) => None,
    };
    let of_mailbox = || {
        let mailbox = candidate.of_mailbox()?;
        person.other_schools.iter().any(|school| school.uai.as_ref() == Some(&mailbox)).then_some(mailbox)
    };
    let by_form_alone = chosen.as_ref().is_some_and(|uai| {
        !person.directs(uai) && candidate.of_mailbox().is_none_or(|mailbox| mailbox != uai.to_uppercase())
    });
    let person = match chosen.or_else(of_mailbox) {
        Some(uai) => person.at(&uai),
        None => person,
    };
    Screened { candidate, person, by_form_alone }
}

#[cfg(test)]
pub(crate) mod samples;
