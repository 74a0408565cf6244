//! An answer to a mail of a person, their own or one they had a copy of, belongs to that mail's ticket where it has
//! one. The ticket is known without any memory: its reference is made of the mail's sender and Message-ID.

use jiff::Zoned;

use super::{Applications, Candidate, Copies, Rejected, Rejection, Reply, Rules, Thread, thread::other_ids};
use crate::id::TicketId;
use crate::request::{Address, Mail, Origin, Received, Reference, is_forward, is_reply};

/// How many mails of a thread, how many possible senders, and how many references one search looks for.
const MOST_MAILS: usize = 5;
const MOST_SENDERS: usize = 6;
const MOST_REFERENCES: usize = 20;
/// How much of the quoted mails is read for their senders, bytes.
const QUOTED: usize = 16 * 1024;

/// A mail that answers others, one of which may have a ticket; else it is a request like any other. Only
/// [`super::by_itself`] makes one.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) received: Received,
    pub(super) requester: Address,
    pub(super) arrived: Zoned,
    pub(super) answered: Vec<Reference>,
    pub(super) application: Result<String, Rejection>,
    pub(super) copies: Copies,
}

impl Answer {
    /// The references the answered mails would have, the likeliest first; never more than one search takes.
    pub fn answered(&self) -> &[Reference] {
        &self.answered
    }

    /// Whether it only uses the mail again, to have the address: a subject of its own names an application, and the
    /// ticket's title another.
    pub fn is_another_matter(&self, title: &str, applications: &Applications) -> bool {
        let of_ticket = applications.named_by(title);
        !is_reply(&self.received.subject)
            && of_ticket.is_some_and(|of_ticket| {
                applications.named_by(&self.received.subject).is_some_and(|named| named.name != of_ticket.name)
            })
    }

    /// One of the mails has this ticket.
    pub fn into_reply(self, ticket: TicketId) -> Reply {
        let Self { received, requester, arrived, copies, .. } = self;
        Reply { received, requester, arrived, thread: Thread::Mail(ticket), copies }
    }

    /// None of them has a ticket: what it is by itself.
    ///
    /// # Errors
    ///
    /// The request back, refused where it names no application.
    pub fn into_request(self) -> Result<Candidate, Rejected> {
        let Self { received, requester, arrived, application, copies, .. } = self;
        match application {
            Ok(application) => Ok(Candidate { received, requester, application, arrived, copies }),
            Err(rejection) => Err((Box::new(received), rejection)),
        }
    }
}

/// The references of the mails that a mail answers, for each who may have sent them: its own writer, who else it goes
/// to, and who is quoted in it. A forwarded mail is a request of its own.
pub(super) fn answered(received: &Received, requester: &Address, rules: &Rules) -> Vec<Reference> {
    let Origin::Mail(mail) = &received.origin else { return Vec::new() };
    if is_forward(&received.subject) {
        return Vec::new();
    }
    let ids = ids(mail, rules);
    if ids.is_empty() {
        return Vec::new();
    }
    let senders = senders(received, mail, requester, rules);
    let references = senders.iter().flat_map(|sender| {
        ids.iter().map(move |id| Reference::new("mail", sender.as_str(), format!("<{id}>").as_bytes()))
    });
    references.take(MOST_REFERENCES).collect()
}

/// The Message-IDs of the mails it answers, the newest and the first one before the others.
fn ids<'a>(mail: &'a Mail, rules: &Rules) -> Vec<&'a str> {
    let all: Vec<&str> = other_ids(mail, rules).collect();
    let likely = all.first().into_iter().chain(all.last()).chain(&all);
    let mut ids: Vec<&str> = Vec::new();
    for id in likely {
        if ids.len() < MOST_MAILS && !ids.contains(id) {
            ids.push(id);
        }
    }
    ids
}

fn senders(received: &Received, mail: &Mail, requester: &Address, rules: &Rules) -> Vec<Address> {
    // What is answered between its lines is not folded.
    let texts = [received.body.folded_html.as_deref().unwrap_or_default(), &received.body.html];
    let of_quotes = texts
        .into_iter()
        .flat_map(|text| {
            text[..text.floor_char_boundary(QUOTED)]
                .split(|c: char| !(c.is_alphanumeric() || matches!(c, '@' | '.' | '-' | '_' | '+' | '\'')))
        })
        .filter(|word| word.contains('@'))
        .filter_map(|word| Address::parse(word.trim_matches('.')));
    let mut senders = vec![requester.clone()];
    for address in mail.header_recipients.iter().cloned().chain(of_quotes) {
        let is_person = rules.is_academic(address.domain()) && !rules.recipients().contains(&address);
        if is_person && senders.len() < MOST_SENDERS && !senders.contains(&address) {
            senders.push(address);
        }
    }
    senders
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{super::samples, MOST_REFERENCES, answered};
    use crate::request::{Address, Mail, Received, Reference};

    const JEANNE: &str = "ce.0210001a@ac-dijon.fr";
    const MARC: &str = "marc.leroy@ac-dijon.fr";

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn of(received: &Received) -> Vec<Reference> {
        let rules = samples::rules(|config| config.recipients = vec!["assistance1d@ac-dijon.fr".into()]);
        answered(received, received.requester.as_ref().unwrap(), &rules)
    }

    fn thread(in_reply_to: &str, references: &str, to: &[&str]) -> Received {
        samples::mail(|mail: &mut Mail| {
            for (name, value) in [("in-reply-to", in_reply_to), ("references", references)] {
                if !value.is_empty() {
                    mail.fields.insert(name.into(), value.into());
                }
            }
            mail.header_recipients = to.iter().map(|to| address(to)).collect();
        })
    }

    fn named(sender: &str, id: &str) -> Reference {
        Reference::new("mail", sender, format!("<{id}>").as_bytes())
    }

    #[test]
    fn the_answered_mail_is_the_writer_s_or_that_of_somebody_the_answer_goes_to() {
        let own = thread("<1@poste>", "<0@poste> <1@poste>", &["assistance1d@ac-dijon.fr"]);
        assert_eq!(of(&own), [named(JEANNE, "1@poste"), named(JEANNE, "0@poste")]);
        let to_all = thread("<1@poste>", "", &["assistance1d@ac-dijon.fr", MARC, "parent@gmail.com"]);
        assert_eq!(of(&to_all), [named(JEANNE, "1@poste"), named(MARC, "1@poste")]);
    }

    #[test]
    fn it_may_be_of_somebody_who_is_only_quoted() {
        let mut answer = thread("<1@poste>", "", &["assistance1d@ac-dijon.fr"]);
        answer.body.folded_html = Some("<p>De : Marc Leroy &#60;marc.leroy@ac-dijon.fr&#62;<br>À : x@y.fr</p>".into());
        assert_eq!(of(&answer)[1..], [named(MARC, "1@poste")]);
        answer.body.html = answer.body.folded_html.take().unwrap();
        assert_eq!(of(&answer)[1..], [named(MARC, "1@poste")], "a history that is answered within");
    }

    #[rstest]
    #[case("", "")]
    #[case("<GLPI_uuid-Ticket-42/new@glpi>", "<GLPI-42.1.2@glpi>")]
    #[case("<p-0000-0000-0000.created.passerelle@ac-dijon.fr>", "")]
    #[case("<p-0000-0000-0000.no-keyword.passerelle@ac-dijon.fr>", "")]
    #[case("n'importe quoi", "")]
    fn notifications_and_the_gateway_s_own_mails_are_of_nobody(#[case] in_reply_to: &str, #[case] references: &str) {
        assert_eq!(of(&thread(in_reply_to, references, &[MARC])), []);
    }

    #[test]
    fn a_forwarded_mail_is_a_request_of_its_own() {
        let mut forwarded = thread("<1@poste>", "", &[]);
        forwarded.subject = "TR: LSU".into();
        assert_eq!(of(&forwarded), []);
    }

    #[test]
    fn of_a_long_thread_with_many_people_the_likeliest_are_looked_for() {
        let ids: Vec<String> = (0..50).map(|n| format!("<{n}@poste>")).collect();
        let people: Vec<String> = (0..50).map(|n| format!("dir{n}@ac-dijon.fr")).collect();
        let people: Vec<&str> = people.iter().map(String::as_str).collect();
        let references = of(&thread("<49@poste>", &ids.join(" "), &people));
        assert_eq!(references.len(), MOST_REFERENCES);
        assert_eq!(references[..2], [named(JEANNE, "49@poste"), named(JEANNE, "0@poste")]);
        assert!(references.contains(&named("dir0@ac-dijon.fr", "0@poste")));
    }
}
