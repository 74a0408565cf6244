//! Who a mail went to beside the assistance: named in its ticket, and where configured observers of it.

use super::Rules;
use crate::{
    config,
    request::{Address, Origin, Received},
};

/// Observers of one ticket at most: a mail to a whole list is not followed by all of it.
const MOST_OBSERVERS: usize = 20;
/// So many addresses are named, the others counted.
const SHOWN: usize = 50;

/// The other recipients of a request, each once, in the mail's order; a form has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// All of them.
    pub all: Vec<Address>,
    /// Who forwarded the request in the requester's stead.
    pub forwarder: Option<Address>,
    /// Those who are to watch the ticket.
    pub observers: Vec<Address>,
}

impl Copies {
    /// The addresses as a person reads them; `None` where there are none.
    pub fn named(&self) -> Option<String> {
        let shown: Vec<_> = self.all.iter().take(SHOWN).map(Address::as_str).collect();
        let further = match self.all.len() - shown.len() {
            0 => String::new(),
            1 => " et une autre adresse".to_owned(),
            number => format!(" et {number} autres adresses"),
        };
        (!shown.is_empty()).then(|| format!("{}{further}", shown.join(", ")))
    }
}

/// The recipients of a request in To and Cc.
pub(super) fn of(received: &Received, requester: &Address, forwarder: Option<Address>, rules: &Rules) -> Copies {
    match &received.origin {
        Origin::Mail(mail) => among(&mail.header_recipients, requester, forwarder, rules),
        Origin::Form(_) => Copies::default(),
    }
}

/// The recipients of a reply in Cc: in To stands who wrote the notification.
pub(super) fn of_reply(received: &Received, requester: &Address, rules: &Rules) -> Copies {
    match &received.origin {
        Origin::Mail(mail) => {
            among(mail.header_recipients.get(mail.in_to..).unwrap_or_default(), requester, None, rules)
        }
        Origin::Form(_) => Copies::default(),
    }
}

/// The recipients but the assistance's own addresses and the requester's. Only academic ones ever watch: a ticket is
/// not for everybody.
fn among(recipients: &[Address], requester: &Address, forwarder: Option<Address>, rules: &Rules) -> Copies {
    let mut all: Vec<Address> = Vec::new();
    for address in recipients {
        if address != requester
            && Some(address) != forwarder.as_ref()
            && !rules.is_own_address(address)
            && !all.contains(address)
        {
            all.push(address.clone());
        }
    }
    let mut observers: Vec<Address> = forwarder.iter().cloned().collect();
    if rules.copies == config::Copies::Observers {
        let academic = all.iter().filter(|address| rules.is_academic(address.domain()));
        observers.extend(academic.take(MOST_OBSERVERS).cloned());
    }
    Copies { all, forwarder, observers }
}

impl Rules {
    /// Whether mail to this address comes back to the gateway, or is its own.
    fn is_own_address(&self, address: &Address) -> bool {
        self.recipients.contains(address) || self.own_addresses.contains(address)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples, Copies, of};
    use crate::{
        config,
        request::{Address, FormFields},
    };

    fn addresses(texts: &[&str]) -> Vec<Address> {
        texts.iter().map(|text| Address::parse(text).unwrap()).collect()
    }

    fn copies(copies: config::Copies, recipients: &[&str]) -> Copies {
        let rules = samples::configured(|config| {
            config.mail.copies = copies;
            config.smtp.from = "Assistance <reponse@ac-dijon.fr>".to_owned();
        });
        let received = samples::mail(|mail| mail.header_recipients = addresses(recipients));
        of(&received, received.requester.as_ref().unwrap(), None, &rules)
    }

    const RECIPIENTS: [&str; 7] = [
        "assistance1d@ac-dijon.fr",
        "IEN.Dijon@ac-dijon.fr",
        "reponse@ac-dijon.fr",
        "ce.0210001a@ac-dijon.fr",
        "maire@dijon.example",
        "ien.dijon@ac-dijon.fr",
        "marc.leroy@ac-dijon.fr",
    ];

    #[test]
    fn others_are_named_once_and_never_the_assistance_nor_the_requester() {
        let others = addresses(&["ien.dijon@ac-dijon.fr", "maire@dijon.example", "marc.leroy@ac-dijon.fr"]);
        let named = copies(config::Copies::Named, &RECIPIENTS);
        assert_eq!(named, Copies { all: others.clone(), ..Copies::default() });
        let observed = copies(config::Copies::Observers, &RECIPIENTS);
        let academic = addresses(&["ien.dijon@ac-dijon.fr", "marc.leroy@ac-dijon.fr"]);
        assert_eq!(observed, Copies { all: others, observers: academic, forwarder: None });
    }

    #[test]
    fn a_whole_list_does_not_watch() {
        let many: Vec<_> = (0..50).map(|number| format!("p{number}@ac-dijon.fr")).collect();
        let found = copies(config::Copies::Observers, &many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!((found.all.len(), found.observers.len()), (50, 20));
    }

    #[test]
    fn a_form_has_no_copies() {
        let received = samples::form(FormFields::default());
        let rules = samples::rules(|_| {});
        assert_eq!(of(&received, received.requester.as_ref().unwrap(), None, &rules), Copies::default());
    }
}
