//! Who took a ticket in charge, and when: whoever it was assigned to, or did the first thing for it.

use jiff::{SignedDuration, civil::DateTime};

use super::past::{Past, Requesters, Speaker, Utterance};
use crate::{glpi::Happening, id::UserId};

/// What the gateway takes back within this time was none: GLPI counts some of its calls as taking in charge.
const TAKEN_BACK: SignedDuration = SignedDuration::from_secs(60);
/// What is written and what GLPI notes of it have nearly the same date.
const TOGETHER: SignedDuration = SignedDuration::from_secs(2);

/// Somebody took a ticket in charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// When, in GLPI's time zone.
    pub at: DateTime,
    /// Who; `None` where that cannot be said.
    pub by: Option<UserId>,
}

/// Each time that somebody else took a ticket in charge, the first one first.
pub fn charges(past: &Past, requesters: &Requesters<'_>) -> Vec<Charge> {
    let mut charges: Vec<Charge> = Vec::new();
    let is_staff = |account: &UserId| *account != requesters.own && !requesters.accounts.contains(account);
    for (index, change) in past.changes.iter().enumerate() {
        let by = match change.what {
            Happening::Assigned(account) if is_staff(&account) => Some(account),
            Happening::Taken(true) => {
                let later = past.changes[index + 1..].iter();
                let is_taken_back = later
                    .take_while(|next| next.at.duration_since(change.at) <= TAKEN_BACK)
                    .any(|next| next.what == Happening::Taken(false));
                if is_taken_back || change.by.is_some_and(|by| requesters.accounts.contains(&by)) {
                    continue;
                }
                let written = written_then(past, requesters, change.at);
                // GLPI counts what the gateway does of its own, too, as when it hands a ticket on.
                if change.by == Some(requesters.own) && written.is_none() {
                    continue;
                }
                let writer = || written.map(|said| said.author);
                change
                    .by
                    .filter(is_staff)
                    .or_else(|| writer().filter(|author| author.get() != 0 && *author != requesters.own))
            }
            _ => continue,
        };
        match charges.last_mut() {
            Some(last) if by.is_none() || last.by == by => {}
            // Who is assigned is who took it, where GLPI says nothing else of that moment.
            Some(last) if last.by.is_none() && change.at.duration_since(last.at) <= TOGETHER => last.by = by,
            _ => charges.push(Charge { at: change.at, by }),
        }
    }
    charges
}

/// What staff wrote at this moment, by mail for instance, where the gateway's account did it for them.
fn written_then<'a>(past: &'a Past, requesters: &Requesters<'_>, at: DateTime) -> Option<&'a Utterance> {
    past.said.iter().find(|said| {
        let is_then = said.at.is_some_and(|written| written.duration_since(at).abs() <= TOGETHER);
        is_then && requesters.speaker(said) == Speaker::Staff
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::{DateTime, date};

    use super::{Charge, charges};
    use crate::course::{Past, Requesters, Utterance};
    use crate::glpi::{Happening, TicketChange};
    use crate::id::UserId;

    const OWN: UserId = UserId::new(13);
    const DIRECTOR: UserId = UserId::new(7);
    const MOREL: UserId = UserId::new(15);
    const PETIT: UserId = UserId::new(16);

    fn at(second: i64) -> DateTime {
        date(2026, 11, 25).at(8, 0, 0, 0) + jiff::Span::new().seconds(second)
    }

    fn change(second: i64, by: UserId, what: Happening) -> TicketChange {
        TicketChange { at: at(second), by: Some(by), what }
    }

    fn taken(changes: Vec<TicketChange>, said: Vec<Utterance>) -> Vec<Charge> {
        let requesters = Requesters { accounts: &[DIRECTOR], addresses: &[], own: OWN };
        charges(&Past { changes, said }, &requesters)
    }

    #[test]
    fn who_does_the_first_thing_or_is_assigned_takes_it() {
        let changes = vec![
            change(0, DIRECTOR, Happening::Taken(true)),
            change(10, MOREL, Happening::Taken(true)),
            change(10, MOREL, Happening::Assigned(MOREL)),
            change(500, MOREL, Happening::Assigned(PETIT)),
            change(600, MOREL, Happening::Assigned(OWN)),
        ];
        assert_eq!(
            taken(changes, vec![]),
            [Charge { at: at(10), by: Some(MOREL) }, Charge { at: at(500), by: Some(PETIT) }]
        );
    }

    #[test]
    fn what_the_gateway_takes_back_was_none() {
        let changes = vec![change(10, OWN, Happening::Taken(true)), change(11, OWN, Happening::Taken(false))];
        assert_eq!(taken(changes, vec![]), []);
    }

    #[test]
    fn who_answers_by_mail_takes_it_though_the_gateway_writes() {
        let changes = || vec![change(10, OWN, Happening::Taken(true))];
        let said = |author| Utterance { at: Some(at(9)), author, named: None, is_automatic: false, asks: false };
        assert_eq!(taken(changes(), vec![said(MOREL)]), [Charge { at: at(10), by: Some(MOREL) }]);
        assert_eq!(taken(changes(), vec![said(UserId::new(0))]), [Charge { at: at(10), by: None }]);
    }

    #[test]
    fn what_the_gateway_does_of_its_own_takes_nothing_in_charge() {
        let changes = || vec![change(10, OWN, Happening::Taken(true))];
        let said = |author| Utterance { at: Some(at(9)), author, named: None, is_automatic: false, asks: false };
        assert_eq!(taken(changes(), vec![said(DIRECTOR)]), []);
        assert_eq!(taken(changes(), vec![]), []);
    }
}
