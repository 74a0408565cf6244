//! What screening and GLPI want to know of a mail beside its text.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    charset,
    header::{Header, Mailbox, READ, Told},
    identity, words,
};
use crate::request::{Address, Envelope, Mail};

/// A field's length in [`Mail::fields`] and [`Mail::head`], characters.
const MAX_FIELD: usize = 2000;
/// A subject's length, characters; GLPI's titles hold 255.
const MAX_SUBJECT: usize = 250;
/// … and where it stands in the text; no field is read further.
const MAX_LONG_SUBJECT: usize = 16_000;
const MAX_DISPLAY_NAME: usize = 100;

/// The mailboxes of a header's address fields, each field read once.
#[derive(Debug)]
pub(super) struct Mailboxes {
    from: Vec<Mailbox>,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    reply_to: Vec<Mailbox>,
}

impl Mailboxes {
    pub(super) fn of(header: &Header<'_>) -> Self {
        let [from, to, cc, reply_to] = ["from", "to", "cc", "reply-to"].map(|name| header.mailboxes(name));
        Self { from, to, cc, reply_to }
    }

    /// The one person who asks: the only mailbox in `From`. `Sender` never counts, and of several mailboxes
    /// none does.
    pub(super) fn requester(&self) -> (Option<Address>, Option<String>) {
        let Some(first) = self.from.first() else { return (None, None) };
        let is_one = self.from.iter().all(|other| other.address.eq_ignore_ascii_case(&first.address));
        match Address::parse(&first.address).filter(|_| is_one) {
            Some(address) => (Some(address), display_name(first)),
            None => (None, None),
        }
    }
}

/// A name that holds an address is no name: it would show another sender than the one who wrote.
fn display_name(mailbox: &Mailbox) -> Option<String> {
    let name = charset::line(mailbox.name.as_deref()?, MAX_DISPLAY_NAME);
    let name = name.trim_matches(['"', '\'', ' ']);
    (!name.is_empty() && !name.contains('@')).then(|| name.to_owned())
}

/// The name beside an address, on one line.
fn name(mailbox: &Mailbox) -> Option<String> {
    Some(charset::line(mailbox.name.as_deref()?, MAX_FIELD))
}

/// The decoded subject on one line, empty when there is none.
pub(super) fn subject(header: &Header<'_>) -> String {
    header.text("subject", MAX_SUBJECT).unwrap_or_default()
}

/// The whole subject, where [`subject`] is cut.
pub(super) fn long_subject(header: &Header<'_>) -> Option<String> {
    let whole = header.text("subject", MAX_LONG_SUBJECT)?;
    whole.chars().nth(MAX_SUBJECT).is_some().then_some(whole)
}

/// The facts of a mail.
pub(super) fn mail(header: &Header<'_>, mailboxes: &Mailboxes, envelope: Envelope, subject: &str) -> Mail {
    let mut fields = BTreeMap::new();
    for &(name, told) in READ {
        let most = match told {
            Told::No => 0,
            Told::Topmost => 1,
            Told::All | Told::End => usize::MAX,
        };
        let values: Vec<String> = header.all(name).take(most).map(|value| words::decode(&value)).collect();
        // An empty field says something by being there.
        if !values.is_empty() {
            let whole = values.join(", ");
            let kept = if told == Told::End {
                last_ids(&charset::line(&whole, usize::MAX))
            } else {
                charset::line(&whole, MAX_FIELD)
            };
            fields.insert(name.to_owned(), kept);
        }
    }
    let mut header_recipients = addresses(&mailboxes.to);
    let in_to = header_recipients.len();
    header_recipients.extend(addresses(&mailboxes.cc));
    let message_id = identity::message_id(header).map(|id| charset::line(&id, MAX_FIELD));
    Mail {
        head: head(mailboxes, message_id.as_deref(), &envelope, subject, &fields),
        envelope_sender: envelope.sender,
        is_untried: envelope.is_untried,
        envelope_recipients: envelope.recipients,
        header_recipients,
        in_to,
        from: addresses(&mailboxes.from),
        from_fields: header.all("from").count(),
        from_names: mailboxes.from.iter().filter_map(name).collect(),
        reply_to: mailboxes.reply_to.iter().map(|mailbox| mailbox.address.clone()).collect(),
        authentication_results: header.whole("authentication-results").map(Cow::into_owned),
        message_id,
        fields,
        ..Mail::default()
    }
}

/// The last whole identifiers of a list that may be too long to keep.
fn last_ids(ids: &str) -> String {
    match ids.char_indices().nth_back(MAX_FIELD) {
        None => ids.to_owned(),
        Some((before, _)) => ids[before..].find('<').map_or_else(String::new, |at| ids[before + at..].to_owned()),
    }
}

/// The header as GLPI's mail collector hands it to its rules (`MailCollector::getHeaders`, read by
/// `RuleTicketCollection::prepareInputDataForProcess`): addresses bare and in lower case, one in `from`,
/// `to` and `reply-to`.
fn head(
    mailboxes: &Mailboxes,
    message_id: Option<&str>,
    envelope: &Envelope,
    subject: &str,
    fields: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let to = addresses(&mailboxes.to);
    let served = to.iter().find(|address| envelope.recipients.contains(address)).or(to.first());
    let first = |mailboxes: &[Mailbox]| addresses(mailboxes).first().map(Address::to_string);
    let field = |name: &str| fields.get(name).cloned();
    let all_cc = addresses(&mailboxes.cc).iter().map(Address::to_string).collect::<Vec<_>>().join(", ");
    [
        ("from", first(&mailboxes.from)),
        ("to", served.map(Address::to_string)),
        ("cc", Some(charset::line(&all_cc, MAX_FIELD))),
        ("reply-to", first(&mailboxes.reply_to)),
        ("subject", Some(subject.to_owned())),
        ("message_id", message_id.map(str::to_owned)),
        ("in-reply-to", field("in-reply-to")),
        ("references", field("references")),
        ("date", field("date")),
        ("x-priority", field("x-priority")),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|value| !value.is_empty())?)))
    .collect()
}

fn addresses(mailboxes: &[Mailbox]) -> Vec<Address> {
    let mut addresses: Vec<Address> = Vec::new();
    for address in mailboxes.iter().filter_map(|mailbox| Address::parse(&mailbox.address)) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::{Address, Envelope, Header, Mailboxes, mail, subject};
    use crate::request::{Channel, Mail};

    fn asked(header: &str) -> (Option<String>, Option<String>) {
        let (address, name) = Mailboxes::of(&Header::cut(header.as_bytes()).0).requester();
        (address.map(|address| address.to_string()), name)
    }

    fn facts(header: &str) -> Mail {
        let envelope = Envelope {
            channel: Channel::Lmtp,
            sender: Some(String::new()),
            recipients: Address::parse("assistance@ac-dijon.fr").into_iter().collect(),
            size: 0,
            stored: None,
            is_untried: false,
        };
        let (header, _) = Header::cut(header.as_bytes());
        mail(&header, &Mailboxes::of(&header), envelope, &subject(&header))
    }

    #[test]
    fn the_requester_is_the_one_mailbox_in_from() {
        let jeanne = || Some("jeanne@ac-dijon.fr".to_owned());
        for (header, expected) in [
            ("From: Jeanne MARTIN <Jeanne@AC-Dijon.fr>\n", (jeanne(), Some("Jeanne MARTIN".to_owned()))),
            ("From: jeanne@ac-dijon.fr <jeanne@ac-dijon.fr>\n", (jeanne(), None)),
            ("From: \"chef@ac-dijon.fr\" <jeanne@ac-dijon.fr>\n", (jeanne(), None)),
            ("From: jeanne@ac-dijon.fr\nFrom: Jeanne@ac-dijon.fr\n", (jeanne(), None)),
            ("From: jeanne@ac-dijon.fr, paul@ac-dijon.fr\n", (None, None)),
            ("From: jeanne@ac-dijon.fr\nFrom: paul@ac-dijon.fr\n", (None, None)),
            ("From: jeanne@ac-dijon.fr, pirate@[127.0.0.1]\n", (None, None)),
            ("From: x <jeanne@ac-dijon.fr> <pirate@x.fr>\n", (None, None)),
            ("Sender: jeanne@ac-dijon.fr\nReply-To: jeanne@ac-dijon.fr\n", (None, None)),
            ("From: jeanne@ac-dijоn.fr\n", (None, None)),
            ("From: <>\n", (None, None)),
            ("From: Jeanne\n", (None, None)),
        ] {
            assert_eq!(asked(header), expected, "{header}");
        }
    }

    #[test]
    fn the_fields_of_the_rules_are_kept() {
        let facts = facts(
            "Authentication-Results: mx.ac-dijon.fr; spf=pass\nAuthentication-Results: forged; spf=pass\n\
             Return-Path: <>\nAuto-Submitted:\nList-Id: =?utf-8?Q?D=C3=A9l=C3=A9gu=C3=A9s?= <d.ac.fr>\nReferences: <a>\nReferences: <b>\nX-Loop: a\n\
             Content-Type: multipart/report;\n report-type=delivery-status\nFrom: a@b.fr, c@d.fr\nTo: X <x@y.fr>, x@y.fr, ?@\nCc: z@y.fr\n",
        );
        let field = |name: &str| facts.fields.get(name).map(String::as_str);
        assert_eq!(field("authentication-results"), Some("mx.ac-dijon.fr; spf=pass"));
        assert_eq!(field("return-path"), Some("<>"));
        assert_eq!(field("auto-submitted"), Some(""));
        assert_eq!(field("list-id"), Some("Délégués <d.ac.fr>"));
        assert_eq!(field("references"), Some("<a>, <b>"));
        assert_eq!(field("x-loop"), None);
        assert_eq!(field("content-type"), Some("multipart/report; report-type=delivery-status"));
        assert_eq!(field("precedence"), None);
        assert_eq!(facts.from.len(), 2);
        assert_eq!(facts.header_recipients, [Address::parse("x@y.fr").unwrap(), Address::parse("z@y.fr").unwrap()]);
        assert_eq!(facts.envelope_sender.as_deref(), Some(""));
    }

    #[test]
    fn the_head_is_as_glpis_collector_makes_it() {
        let facts = facts(
            "From: Jeanne <Jeanne@AC-Dijon.fr>\nTo: Autre <autre@ac-dijon.fr>, Assistance <Assistance@ac-dijon.fr>\n\
             Reply-To: ecole@ac-dijon.fr\nSubject: LSU\nMessage-ID: <1@x>\nX-Priority: 1 (Highest)\nIn-Reply-To: <0@x>\n",
        );
        let head: Vec<(&str, &str)> = facts.head.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            head,
            [
                ("from", "jeanne@ac-dijon.fr"),
                ("in-reply-to", "<0@x>"),
                ("message_id", "<1@x>"),
                ("reply-to", "ecole@ac-dijon.fr"),
                ("subject", "LSU"),
                ("to", "assistance@ac-dijon.fr"),
                ("x-priority", "1 (Highest)"),
            ]
        );
    }

    #[test]
    fn how_a_sender_presents_itself_is_kept() {
        let long = "x".repeat(17_000);
        for (header, fields, names, reply_to) in [
            ("From: \"Le Recteur <r@ac.fr>\" <a@b.fr>\n", 1, vec!["Le Recteur <r@ac.fr>"], vec![]),
            ("From:\n a@b.fr (=?utf-8?Q?r=40ac.fr?=)\n", 1, vec!["r@ac.fr"], vec![]),
            ("From:\nFrom: a@b.fr\nReply-To: X <c@d.fr>, e@[192.0.2.1]\n", 2, vec![], vec!["c@d.fr", "e@[192.0.2.1]"]),
        ] {
            let facts = facts(header);
            assert_eq!(
                (facts.from_fields, facts.from_names, facts.reply_to),
                (
                    fields,
                    names.iter().map(ToString::to_string).collect(),
                    reply_to.iter().map(ToString::to_string).collect()
                ),
                "{header}"
            );
        }
        let results = |value: &str| facts(&format!("Authentication-Results: {value}\n")).authentication_results;
        assert_eq!(
            results("mx; dkim=pass\n\theader.d=a.fr =?utf-8?Q?=3B?=").unwrap(),
            "mx; dkim=pass\theader.d=a.fr =?utf-8?Q?=3B?="
        );
        assert_eq!(results(&format!("mx; none ({long})")), None);
    }

    #[test]
    fn of_a_long_thread_the_newest_mails_are_kept() {
        let ids: Vec<String> = (0..150).map(|number| format!("<message-{number}@é.ac-dijon.fr>")).collect();
        let facts = facts(&format!("References: {}\n", ids.join("\n ")));
        let kept: Vec<&str> = facts.fields["references"].split(' ').collect();
        assert!(kept.len() > 60 && facts.fields["references"].chars().count() <= 2000, "{kept:?}");
        assert_eq!(kept, ids[ids.len() - kept.len()..]);
        assert_eq!(super::last_ids(&"x".repeat(3000)), "");
    }

    #[test]
    fn a_long_subject_is_cut_at_a_character() {
        let (header, _) = Header::cut("Subject: ".as_bytes());
        assert_eq!(subject(&header), "");
        let long = format!("Subject: {}\n", "é".repeat(400));
        assert_eq!(subject(&Header::cut(long.as_bytes()).0), "é".repeat(250));
    }
}
