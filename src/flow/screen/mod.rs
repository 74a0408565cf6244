//! Screening: the rules, each a pure function in its own file; values in, a verdict out, no I/O.
//!
//! [`identify`] finds who asks; [`prove`] judges what stands behind that, so that nothing is ever sent to
//! somebody who never wrote; [`by_itself`] applies what else the request alone decides, cheapest first; then
//! the pipeline gathers what a directory and the quota say, [`director`] and [`quota`] judge it, and [`admit`]
//! makes a [`Screened`]. A mail that answers a ticket's notification goes another way: [`reply`] judges what
//! GLPI says of that ticket. So do [`complement`] and [`decision`] for what [`on_portal`] takes.

mod answer;
mod automatic;
mod copies;
mod director;
mod forwarder;
mod keyword;
mod proof;
mod quota;
mod recipient;
mod reply;
mod sender;
mod size;

use std::collections::BTreeMap;

use jiff::{Zoned, tz::TimeZone};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

pub use answer::Answer;
pub use copies::Copies;
pub use director::{Director, director};
pub use keyword::{Application, Applications};
pub use proof::{Evidence, Method, Proof, proof_gap};
pub use quota::{DayPlace, WithinQuota, quota};
pub use reply::{Change, MayFollowUp, Reply, Thread, complement, decision, on_portal, reply};

use crate::{
    config,
    request::{Address, DayMark, Origin, Person, Reason, Received, Reference, Refusal, department_of, is_uai},
};

/// Why a request is not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// A rule says no; the sentence is for the requester.
    Refused(Refusal),
    /// Nobody waits for an answer.
    Ignored(Reason),
    /// A fact could not be had now.
    Unknown {
        /// What could not be had.
        reason: Reason,
        /// Which server said what; holds nobody's address.
        cause: String,
    },
}

/// The rules' settings.
#[derive(Clone, Debug)]
pub struct Rules {
    recipients: Vec<Address>,
    /// The gateway's own ones beside those.
    own_addresses: Vec<Address>,
    copies: config::Copies,
    forwarders: Vec<Address>,
    /// Groups of GLPI, by name or full path, whose members are forwarders, too.
    forwarder_groups: Vec<String>,
    domains: Vec<String>,
    subdomains: Vec<String>,
    max_size: u64,
    own_domains: Vec<String>,
    require: config::Require,
    disabled: Vec<String>,
    sentences: BTreeMap<String, String>,
    replies: config::Replies,
    replies_of_staff: config::Replies,
    glpi_tags: Vec<String>,
    /// Domains where the academy's own machines are.
    homes: Vec<String>,
    time_zone: TimeZone,
}

impl Rules {
    /// Reads the rules from the configuration.
    pub fn new(config: &config::Config) -> Result<Self, config::ConfigError> {
        let screen = &config.screen;
        let recipients = addresses("screen.recipients", &screen.recipients)?;
        let lower = |names: &[String]| -> Vec<String> { names.iter().map(|name| name.trim().to_lowercase()).collect() };
        let mut own_domains: Vec<String> = lower(&screen.own_domains);
        own_domains.extend(config.smtp.sender().ok().map(|from| from.email.domain().to_lowercase()));
        let (forwarders, groups): (Vec<_>, Vec<_>) =
            config.mail.forwarders.iter().map(|entry| entry.trim().to_owned()).partition(|entry| entry.contains('@'));
        let forwarder_groups = groups.into_iter().filter(|group| !group.is_empty()).collect();
        let of_glpi = Url::parse(&config.glpi.url).ok().and_then(|url| url.domain().map(parent));
        let homes = own_domains.iter().cloned().chain(lower(&screen.domains)).chain(lower(&screen.subdomains));
        Ok(Self {
            homes: homes.chain(of_glpi).collect(),
            recipients,
            own_addresses: own_addresses(config),
            copies: config.mail.copies,
            forwarders: addresses("mail.forwarders", &forwarders)?,
            forwarder_groups,
            domains: lower(&screen.domains),
            subdomains: lower(&screen.subdomains),
            max_size: screen.max_size,
            own_domains,
            require: config.sender.require,
            disabled: screen.disabled.clone(),
            sentences: screen.sentences.clone(),
            replies: config.mail.replies,
            replies_of_staff: config.mail.replies_of_staff,
            glpi_tags: config.mail.glpi_tags.iter().map(|tag| tag.trim().to_owned()).collect(),
            time_zone: config.time_zone.clone(),
        })
    }

    /// The addresses mail is taken for.
    pub fn recipients(&self) -> &[Address] {
        &self.recipients
    }

    /// The groups of GLPI whose members forward directors' mails, by name or full path.
    pub fn forwarder_groups(&self) -> &[String] {
        &self.forwarder_groups
    }

    /// The academy's time zone.
    pub fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// Whether a lower-case host name is one of the academy's own machines.
    fn is_home(&self, host: &str) -> bool {
        self.homes.iter().any(|home| {
            host.strip_suffix(home.as_str()).is_some_and(|rest| matches!(rest.chars().last(), None | Some('.')))
        })
    }

    fn enabled(&self, rule: &str) -> bool {
        !self.disabled.iter().any(|disabled| disabled == rule)
    }

    /// A refusal with the academy's sentence, or the one shipped.
    fn refuse(&self, reason: Reason) -> Rejection {
        Rejection::Refused(Refusal { reason, sentence: self.sentence(reason).to_owned() })
    }

    /// The size of the largest request that passes; `None` where that rule is off.
    pub fn largest(&self) -> Option<u64> {
        self.enabled("too-large").then_some(self.max_size)
    }

    fn sentence(&self, reason: Reason) -> &str {
        self.sentences.get(reason.code()).map_or_else(|| reason.sentence(), String::as_str)
    }
}

/// The addresses of a setting.
fn addresses(key: &str, texts: &[String]) -> Result<Vec<Address>, config::ConfigError> {
    let address = |text: &String| {
        Address::parse(text).ok_or_else(|| {
            config::ConfigError::setting(
                format!("{key}: \"{text}\" is no mail address"),
                "Give whole addresses, such as assistance1d@ac-dijon.fr.",
            )
        })
    };
    texts.iter().map(address).collect()
}

/// Where the gateway's mails come from, and its mailboxes, as far as their users are named by an address.
fn own_addresses(config: &config::Config) -> Vec<Address> {
    let from = config.smtp.sender().ok().and_then(|from| Address::parse(from.email.as_ref()));
    let mailbox = |url: &SecretString| {
        let url = Url::parse(url.expose_secret()).ok()?;
        Address::parse(&percent_decode_str(url.username()).decode_utf8().ok()?)
    };
    from.into_iter().chain(config.imap.url.iter().filter_map(mailbox)).collect()
}

/// The domain a machine's name is in: the whole, where it has one dot.
fn parent(host: &str) -> String {
    let parent = host.split_once('.').map(|(_, parent)| parent).filter(|parent| parent.contains('.'));
    parent.unwrap_or(host).to_lowercase()
}

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
        reply::names_a_glpi(&self.identified.received)
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

/// A request that passed every rule that needs no more than the request.
#[derive(Clone, Debug)]
pub struct Candidate {
    received: Received,
    requester: Address,
    application: String,
    arrived: Zoned,
    copies: Copies,
}

impl Candidate {
    /// The request.
    pub fn received(&self) -> &Received {
        &self.received
    }

    /// The request under the name that comes after this one, which another mail has; `None` where there is none.
    pub fn renamed(mut self, after: Reference) -> Option<Self> {
        let received = &mut self.received;
        let taken = received.aliases.iter().position(|name| *name == after);
        let next = if after == received.reference { 0 } else { taken? + 1 };
        let mut left = received.aliases.split_off(next.min(received.aliases.len())).into_iter();
        received.reference = left.next()?;
        received.aliases = left.collect();
        Some(self)
    }

    /// Who asks.
    pub fn requester(&self) -> &Address {
        &self.requester
    }

    /// The application's name, as its mapping gives it.
    pub fn application(&self) -> &str {
        &self.application
    }

    /// When it arrived, in the academy's time zone: decides the day it counts for.
    pub fn arrived(&self) -> &Zoned {
        &self.arrived
    }

    /// The code of the school whose mailbox (`ce.0210001A@…`) the requester writes from.
    fn of_mailbox(&self) -> Option<String> {
        self.requester.local().strip_prefix("ce.").filter(|code| is_uai(code)).map(str::to_uppercase)
    }

    /// The mark of the requester's day.
    pub fn day_mark(&self) -> DayMark {
        DayMark::new(&self.requester, self.arrived.date())
    }
}

/// A request that passed every rule. Only [`admit`] makes one.
#[derive(Clone, Debug)]
pub struct Screened {
    candidate: Candidate,
    person: Person,
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

    /// The department's number, three characters: the directory's, else by the school's code.
    pub fn department(&self) -> Option<String> {
        self.person.department.clone().or_else(|| department_of(&self.uai()?))
    }
}

/// A rejection, with the request it is of.
pub type Rejected = (Box<Received>, Rejection);

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
    if let Some(thread) = reply::thread(&received, uuid.as_deref(), rules) {
        let copies = copies::of_reply(&received, &requester, rules);
        return Ok(Passed::Reply(Reply { received, requester, arrived, thread, copies }));
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
    let person = match chosen.or_else(of_mailbox) {
        Some(uai) => person.at(&uai),
        None => person,
    };
    Screened { candidate, person }
}

#[cfg(test)]
pub(crate) mod samples;
