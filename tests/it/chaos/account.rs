//! The account at the end: what was sent against what there is, and what does not add up.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use passerelle::sandbox::{DocumentView, FollowupView, TicketView};

use super::{
    evidence::{Evidence, Told, header, reference_in},
    plan::{Fit, More, PER_DAY, Planned, TO, Way},
    receipts,
};
use crate::support::sink::Taken;

/// Numbers of things by what they are, and what is wrong.
#[derive(Default)]
pub(super) struct Account {
    lines: BTreeMap<String, usize>,
    pub(super) wrong: Vec<String>,
}

/// What a request's senders were told, in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Ticket,
    OverQuota,
    Refused,
    Ignored,
}

impl Told {
    /// What each copy's sender was told; `Err` for what nobody should be.
    fn ends(&self) -> Result<BTreeSet<End>, String> {
        let of_mail = |said: &String| match said.split([' ', ',']).collect::<Vec<_>>()[..] {
            ["created" | "duplicate", ..] => Ok(End::Ticket),
            ["refused", _, "quota-exceeded", ..] => Ok(End::OverQuota),
            ["refused", ..] => Ok(End::Refused),
            ["ignored", ..] => Ok(End::Ignored),
            _ => Err(format!("the relay was told «{said}»")),
        };
        let of_relay = self.relay.iter().map(of_mail);
        // A form that was put by ends as each mail does that puts it by.
        let of_returned = self.returned.iter().flat_map(|words| match words[..] {
            [] => vec![Err("a form was put by, and no mail came back".to_owned())],
            _ => words.iter().map(of_mail).collect(),
        });
        let of_folders = self.folders.iter().map(|folder| match folder.as_str() {
            "Traités" => Ok(End::Ticket),
            // Which rule it was, its fitness tells: see [`Account::of`].
            "Refusés" => Ok(End::Refused),
            "Ignorés" => Ok(End::Ignored),
            _ => Err(format!("it is in «{folder}»")),
        });
        let of_form = self.form.iter().filter(|answered| !answered.is_queued()).map(|answered| match answered.status {
            200 | 201 => Ok(End::Ticket),
            429 => Ok(End::OverQuota),
            422 => Ok(End::Refused),
            _ => Err(format!("the portal was answered {} {}", answered.status, answered.body)),
        });
        of_relay.chain(of_folders).chain(of_form).chain(of_returned).collect()
    }
}

impl Account {
    /// Holds all against each other.
    pub(super) fn of(evidence: &Evidence<'_>) -> Self {
        let mut account = Self::default();
        let mut tickets = BTreeMap::<&str, Vec<&TicketView>>::new();
        for ticket in evidence.tickets {
            let word = word_in(&ticket.name, 'd').unwrap_or_default();
            tickets.entry(word).or_default().push(ticket);
        }
        let mut made = BTreeMap::<String, usize>::new();
        let mut over = BTreeSet::new();
        let mut expected_letters = BTreeMap::<String, String>::new();
        for (planned, told) in evidence.planned.iter().zip(evidence.told) {
            account.add(&format!("sent {:?}", planned.way));
            let mine = tickets.remove(planned.word().as_str()).unwrap_or_default();
            let end = account.end(planned, told);
            account.add(&format!("ended {end:?}"));
            let should = usize::from(end == Some(End::Ticket));
            if mine.len() != should {
                account.wrong(planned, &format!("{} tickets instead of {should}: {told:?}", mine.len()));
            }
            if end == Some(End::OverQuota) {
                over.insert(planned.from());
            }
            if let [ticket] = mine[..] {
                *made.entry(planned.from()).or_default() += 1;
                account.whole(planned, ticket);
                account.additions(planned, told, ticket);
                match reference_in(&ticket.content) {
                    Some(reference) => drop(expected_letters.insert(reference, planned.from())),
                    None => account.wrong(planned, "its ticket has no reference"),
                }
            }
        }
        for strange in tickets.values().flatten() {
            account.wrong.push(format!("ticket {} «{}» is of nobody", strange.id, strange.name));
        }
        for (person, made) in &made {
            if *made > PER_DAY {
                account.wrong.push(format!("{person} has {made} tickets, {PER_DAY} are a day's"));
            }
        }
        for person in &over {
            let made = made.get(person).copied().unwrap_or_default();
            account.add("people over the quota");
            if made != PER_DAY {
                account.wrong.push(format!("{person} was refused for the quota with {made} tickets of {PER_DAY}"));
            }
        }
        account.letters(evidence, &expected_letters, &over);
        account
    }

    fn add(&mut self, what: &str) {
        *self.lines.entry(what.to_owned()).or_default() += 1;
    }

    pub(super) fn set(&mut self, what: &str, count: usize) {
        self.lines.insert(what.to_owned(), count);
    }

    fn wrong(&mut self, planned: &Planned, what: &str) {
        self.wrong.push(format!("{} ({:?}): {what}", planned.word(), planned.way));
    }

    /// The one end of a request; its copies agree on it.
    fn end(&mut self, planned: &Planned, told: &Told) -> Option<End> {
        let copies = match planned.way {
            Way::Relay | Way::Mailbox | Way::Form => 1,
            Way::Both | Way::RelayTwice | Way::FormTwice => 2,
        };
        let answers = told.relay.len() + told.folders.len() + told.form.len();
        if answers != copies {
            self.wrong(planned, &format!("{answers} answers to {copies} copies: {told:?}"));
        }
        let ends = match told.ends() {
            Ok(ends) => ends,
            Err(odd) => {
                self.wrong(planned, &odd);
                return None;
            }
        };
        // A folder does not say why.
        let refused = if planned.fit == Fit::Ticket { End::OverQuota } else { End::Refused };
        let ends: BTreeSet<_> = ends.into_iter().map(|end| if end == End::Refused { refused } else { end }).collect();
        let may = match planned.fit {
            Fit::Ticket => [End::Ticket, End::OverQuota],
            Fit::NoDirector | Fit::NoKeyword => [End::Refused; 2],
            Fit::Automatic => [End::Ignored; 2],
        };
        let ends: Vec<_> = ends.into_iter().collect();
        match ends[..] {
            [end] if may.contains(&end) => Some(end),
            _ => {
                self.wrong(planned, &format!("{:?} ended as {ends:?}: {told:?}", planned.fit));
                None
            }
        }
    }

    /// Requester, group, category and each file, once.
    fn whole(&mut self, planned: &Planned, ticket: &TicketView) {
        let who: Vec<_> = ticket.requesters.iter().map(|who| who.email.to_lowercase()).collect();
        if who != [planned.from().to_lowercase()] {
            self.wrong(planned, &format!("ticket {}'s requesters are {who:?}", ticket.id));
        }
        if ticket.assigned_groups != ["Référents-LSU"] || ticket.category.as_deref() != Some("Scolarité > LSU") {
            let (groups, category) = (&ticket.assigned_groups, &ticket.category);
            self.wrong(planned, &format!("ticket {} has {groups:?} and {category:?}", ticket.id));
        }
        let of = format!("ticket {} «{}»", ticket.id, ticket.content);
        self.files(planned, &of, &planned.files(), &ticket.documents, ticket);
    }

    /// Each file that was sent is there with every byte; one that GLPI has not taken is named in the ticket.
    fn files(
        &mut self,
        planned: &Planned,
        of: &str,
        sent: &[(String, Vec<u8>)],
        there: &[DocumentView],
        ticket: &TicketView,
    ) {
        let mut there: Vec<_> = there.iter().map(|it| (it.filename.clone(), it.bytes.clone())).collect();
        there.sort();
        let is_named = |name: &str| ticket.followups.iter().any(|followup| followup.content.contains(name));
        let (left_out, taken): (Vec<_>, Vec<_>) = sent.iter().cloned().partition(|file| !there.contains(file));
        if there != taken || !left_out.iter().all(|(name, _)| is_named(name)) {
            let names: Vec<_> = there.iter().map(|(name, bytes)| format!("{name} ({} bytes)", bytes.len())).collect();
            self.wrong(planned, &format!("{of} has {names:?} of {} files", sent.len()));
        }
        for _ in left_out {
            self.add("files that GLPI has not taken, named in their tickets");
        }
    }

    /// Each complement and each answer is one follow-up, with its files.
    fn additions(&mut self, planned: &Planned, told: &Told, ticket: &TicketView) {
        // The names of its files begin so, too.
        let says = |content: &str, word: &str| {
            content.match_indices(word).any(|(at, _)| !content[at + word.len()..].starts_with('-'))
        };
        let holding = |word: &str| -> Vec<&FollowupView> {
            ticket.followups.iter().filter(|followup| says(&followup.content, word)).collect()
        };
        let (complements, answers) = (holding(&planned.complement_word()), holding(&planned.answer_word()));
        let should = usize::from(planned.more != More::Nothing);
        let taken = told.complement.iter().filter(|answered| matches!(answered.status, 200..=202)).count();
        if complements.len() != should || taken != should {
            self.wrong(
                planned,
                &format!("{} complements instead of {should}: {:?}", complements.len(), told.complement),
            );
        }
        if let [followup] = complements[..] {
            self.add("complements");
            let of = format!("the complement of ticket {}", ticket.id);
            self.files(planned, &of, &planned.complement_files(), &followup.documents, ticket);
        }
        let should = usize::from(planned.more == More::Both);
        let taken = told.answer.iter().filter(|said| said.starts_with("followup")).count();
        if answers.len() != should || taken != should {
            self.wrong(planned, &format!("{} answers instead of {should}: {:?}", answers.len(), told.answer));
        }
        for _ in answers {
            self.add("answers by mail");
        }
    }

    /// A receipt for each ticket, to its requester and to nobody else.
    fn letters(&mut self, evidence: &Evidence<'_>, expected: &BTreeMap<String, String>, over: &BTreeSet<String>) {
        let mut receipts = BTreeMap::<String, Vec<&Taken>>::new();
        for taken in evidence.letters.iter().filter(|taken| taken.to != [TO]) {
            let to = taken.to.first().map_or("", String::as_str);
            let id = header(&taken.mail, "Message-ID");
            let (reference, what) = id.trim_matches(['<', '>']).split_once('.').unwrap_or_default();
            let what = what.split('.').next().unwrap_or_default();
            self.add(&format!("letters {what}"));
            match what {
                "created" => receipts.entry(reference.to_uppercase()).or_default().push(taken),
                "quota-exceeded" if !over.contains(to) => {
                    self.wrong.push(format!("{to} is told of a refusal that was none: {id}"));
                }
                "quota-exceeded" | "not-a-director" | "no-keyword" => {}
                _ => self.wrong.push(format!("{to} got a letter that nothing asks for: {id}")),
            }
        }
        for (reference, person) in expected {
            let mut copies = receipts.remove(reference).unwrap_or_default();
            let ids: BTreeSet<_> = copies.iter().map(|taken| header(&taken.mail, "Message-ID")).collect();
            let is_theirs = |taken: &&Taken| taken.to.len() == 1 && taken.to[0].eq_ignore_ascii_case(person);
            if ids.len() != 1 || !copies.iter().all(is_theirs) {
                self.wrong.push(format!("{reference}: the receipts of {person} are {ids:?}"));
            }
            let (lines, wrong) = receipts::of_one(evidence, reference, &mut copies);
            for (line, count) in lines {
                *self.lines.entry(line).or_default() += count;
            }
            self.wrong.extend(wrong);
        }
        for (reference, copies) in receipts {
            self.wrong.push(format!("{reference}: {} receipts of no ticket", copies.len()));
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|(what, count)| writeln!(formatter, "{count:>7}  {what}"))
    }
}

/// What the relay was told of each mail in the end, by the local part and domain of its Message-ID.
pub(super) fn last_words(log: &str) -> BTreeMap<String, Vec<String>> {
    let mut ids = BTreeMap::new();
    let mut words = BTreeMap::<String, Vec<String>>::new();
    for line in log.lines() {
        let Some((queue_id, said)) = line.split_once("]: ").and_then(|(_, rest)| rest.split_once(": ")) else {
            continue;
        };
        if let Some(id) = said.strip_prefix("message-id=<") {
            ids.insert(queue_id.to_owned(), id.trim_end_matches('>').to_owned());
        }
        if said.starts_with(&format!("to=<{TO}>")) && said.contains("status=sent (250 2.0.0 ") {
            let words_said = said.split_once("status=sent (250 2.0.0 ").unwrap().1.trim_end_matches(')');
            if let Some(id) = ids.get(queue_id) {
                words.entry(id.clone()).or_default().push(words_said.to_owned());
            }
        }
    }
    words
}

/// The first word of this kind: see [`super::plan`].
fn word_in(text: &str, kind: char) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| {
        word.len() == 8
            && word.starts_with(kind)
            && word.ends_with('x')
            && word[1..7].bytes().all(|byte| byte.is_ascii_digit())
    })
}
