//! Staff that forwards a director's mail: the request is the director's, who is read from the mail that is forwarded.

use super::Rules;
use crate::request::{Address, Origin, Received, is_forward};

/// What a head in a forwarded mail calls its sender.
const FROM: &[&str] = &["de", "from", "expéditeur", "expediteur"];
/// How far down its head begins, lines: further below stand older mails.
const LINES: usize = 200;

/// Whether a mail hands on another person's, and only the groups in `mail.forwarders` tell whether its sender may.
pub(super) fn depends_on_groups(received: &Received, requester: &Address, rules: &Rules) -> bool {
    !rules.forwarder_groups.is_empty()
        && !rules.forwarders.contains(requester)
        && forwarded(received, requester, rules).is_some()
}

/// The request as its first sender's, and who forwarded it. Only who is listed in `mail.forwarders`, or is a member of
/// a group there, speaks for others; the sender of the forward is proven already.
pub(super) fn unwrap(
    received: Received,
    requester: Address,
    is_member: bool,
    rules: &Rules,
) -> (Received, Address, Option<Address>) {
    let may = is_member || rules.forwarders.contains(&requester);
    let first = if may { forwarded(&received, &requester, rules) } else { None };
    match first {
        Some((first, name)) => {
            let (asks, forwarder) = (Some(first.clone()), Some(requester.clone()));
            let received = Received { requester: asks, forwarder, display_name: name, ..received };
            (received, first, Some(requester))
        }
        None => (received, requester, None),
    }
}

/// Whose mail a mail forwards; only for the academy's people does anybody speak.
fn forwarded(received: &Received, requester: &Address, rules: &Rules) -> Option<(Address, Option<String>)> {
    if !matches!(received.origin, Origin::Mail(_)) || !is_forward(&received.subject) {
        return None;
    }
    let first = first_sender(&received.body.text).or_else(|| attached_sender(received));
    first.filter(|(address, _)| rules.is_academic(address.domain()) && address != requester)
}

/// Who wrote the first mail that is attached.
fn attached_sender(received: &Received) -> Option<(Address, Option<String>)> {
    let mail = received.attachments.iter().find(|file| file.content_type == "message/rfc822")?;
    let text = String::from_utf8_lossy(&mail.content);
    let head = text.lines().take_while(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n");
    // A field that is folded, or a name that is encoded, is no line as people write it.
    let head = head.replace("\n ", " ").replace("\n\t", " ");
    first_sender(&head).map(|(address, name)| (address, name.filter(|name| !name.contains("=?"))))
}

/// Who the first head in a text names as its sender: «De : Jeanne Martin <jeanne.martin@ac-dijon.fr>».
fn first_sender(text: &str) -> Option<(Address, Option<String>)> {
    text.lines().take(LINES).find_map(|line| {
        let line = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '*' | '|'));
        let (label, value) = line.split_once(':')?;
        let label = label.trim_matches(|c: char| c.is_whitespace() || c == '*').to_lowercase();
        if !FROM.contains(&label.as_str()) {
            return None;
        }
        let inside = |c: char| c.is_whitespace() || "<>()[]\"',;*".contains(c);
        let word =
            value.split(inside).map(|word| word.trim_start_matches("mailto:")).find(|word| word.contains('@'))?;
        let address = Address::parse(word)?;
        let name = value[..value.find(word)?].trim_matches(|c: char| inside(c) || c == ':');
        let name = name.trim_end_matches("mailto").trim_matches(inside);
        Some((address, (!name.is_empty()).then(|| name.to_owned())))
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{super::samples, depends_on_groups, first_sender, unwrap};
    use crate::request::Address;

    #[rstest]
    #[case::outlook(
        "Pour vous.\n\nDe : Jeanne Martin <jeanne.martin@ac-dijon.fr>\nEnvoyé : lundi",
        Some("Jeanne Martin")
    )]
    #[case::outlook_in_bold("*De :* Jeanne Martin <jeanne.martin@ac-dijon.fr>", Some("Jeanne Martin"))]
    #[case::english(
        "-----Original Message-----\nFrom: \"Jeanne Martin\" <Jeanne.Martin@ac-dijon.fr>",
        Some("Jeanne Martin")
    )]
    #[case::old_outlook("De\u{a0}: Jeanne Martin [mailto:jeanne.martin@ac-dijon.fr]", Some("Jeanne Martin"))]
    #[case::bare("De: jeanne.martin@ac-dijon.fr", None)]
    #[case::quoted("> De : jeanne.martin@ac-dijon.fr", None)]
    fn the_head_of_a_forwarded_mail_names_its_sender(#[case] text: &str, #[case] name: Option<&str>) {
        let jeanne = Address::parse("jeanne.martin@ac-dijon.fr").unwrap();
        assert_eq!(first_sender(text), Some((jeanne, name.map(str::to_owned))));
    }

    #[rstest]
    #[case("Bonjour, de : rien")]
    #[case("Le mail de jeanne.martin@ac-dijon.fr : voir plus bas")]
    #[case("")]
    fn other_lines_name_nobody(#[case] text: &str) {
        assert_eq!(first_sender(text), None);
    }

    /// Who forwards, the subject, the first sender.
    #[rstest]
    #[case::listed("ien@ac-dijon.fr", "TR: LSU", "jeanne@ac-dijon.fr", true)]
    #[case::not_listed("agent@ac-dijon.fr", "TR: LSU", "jeanne@ac-dijon.fr", false)]
    #[case::no_forward("ien@ac-dijon.fr", "LSU", "jeanne@ac-dijon.fr", false)]
    #[case::of_somebody_outside("ien@ac-dijon.fr", "TR: LSU", "jeanne@example.org", false)]
    fn only_listed_staff_forwards_for_the_academy_s_people(
        #[case] from: &str,
        #[case] subject: &str,
        #[case] first: &str,
        #[case] expected: bool,
    ) {
        let rules = samples::configured(|config| config.mail.forwarders = vec!["IEN@ac-dijon.fr".to_owned()]);
        let from = Address::parse(from).unwrap();
        let mut received = samples::mail(|mail| mail.from = vec![from.clone()]);
        received.subject = subject.to_owned();
        received.body.text = format!("Voir ci-dessous.\n\nDe : X <{first}>\nObjet : LSU");
        let (received, requester, forwarder) = unwrap(received, from.clone(), false, &rules);
        assert_eq!(forwarder, expected.then(|| from.clone()));
        assert_eq!(requester.as_str(), if expected { first } else { from.as_str() });
        assert_eq!(received.requester.as_ref(), Some(&requester));
    }
    /// Who forwards, the subject, the first sender; whether GLPI is asked for groups, and whose request it is then.
    #[rstest]
    #[case::of_somebody_else("ien@ac-dijon.fr", "TR: LSU", "jeanne@ac-dijon.fr", true)]
    #[case::listed_already("listed@ac-dijon.fr", "TR: LSU", "jeanne@ac-dijon.fr", false)]
    #[case::no_forward("ien@ac-dijon.fr", "LSU", "jeanne@ac-dijon.fr", false)]
    #[case::of_somebody_outside("ien@ac-dijon.fr", "TR: LSU", "jeanne@example.org", false)]
    #[case::of_an_own_mail("ien@ac-dijon.fr", "TR: LSU", "ien@ac-dijon.fr", false)]
    fn only_a_forward_of_another_s_mail_depends_on_groups(
        #[case] from: &str,
        #[case] subject: &str,
        #[case] first: &str,
        #[case] expected: bool,
    ) {
        let entries = ["listed@ac-dijon.fr", "Secrétariats > IEN Dijon"].map(str::to_owned);
        let rules = samples::configured(|config| config.mail.forwarders = entries.to_vec());
        assert_eq!(rules.forwarder_groups(), ["Secrétariats > IEN Dijon"]);
        let from = Address::parse(from).unwrap();
        let mut received = samples::mail(|mail| mail.from = vec![from.clone()]);
        received.subject = subject.to_owned();
        received.body.text = format!("Voir ci-dessous.\n\nDe : X <{first}>\nObjet : LSU");
        assert_eq!(depends_on_groups(&received, &from, &rules), expected);
        let without = samples::rules(|_| {});
        assert!(!depends_on_groups(&received, &from, &without));
        if expected {
            let forwarder = |is_member| unwrap(received.clone(), from.clone(), is_member, &rules).2;
            assert_eq!((forwarder(true), forwarder(false)), (Some(from.clone()), None));
        }
    }
}
