//! GLPI's way in: the switch for tokens, and an API client for each address of the gateway's.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde_json::{Value, json};

use super::{
    context::Setup,
    outcome::{Failed, State},
};
use crate::{
    glpi::{ItemRow, number},
    text::Bilingual,
};

/// Whether GLPI's API takes an account's token.
pub(super) fn by_token(setup: &Setup) -> State {
    let is_told = setup.glpi.contains_key("enable_api_login_external_token");
    if !is_told || number(&setup.glpi, "enable_api_login_external_token") > 0 {
        return State::there();
    }
    // REST could write it (`PUT Config/1`), and GLPI answers an error when it has: a switch of security is a person's.
    State::by_hand(
        &Bilingual::new("switched off", "désactivée"),
        &Bilingual::new(
            "in GLPI, Setup > General > API: «Enable login with external token» to yes, Save",
            "dans GLPI, Configuration > Générale > API\u{a0}: «\u{a0}Activer la connexion avec un jeton externe\u{a0}» à oui, Sauvegarder",
        ),
    )
}

/// What GLPI keeps of an IPv4 address: its number (`ip2long`).
fn long(address: IpAddr) -> Option<u64> {
    match address {
        IpAddr::V4(address) => Some(u64::from(u32::from(address))),
        IpAddr::V6(_) => None,
    }
}

/// Whether GLPI's API lets a call from this address pass this client (`API::initApi`).
fn admits(client: &ItemRow, address: IpAddr) -> bool {
    if number(client, "is_active") == 0 {
        return false;
    }
    match long(address) {
        Some(wanted) => {
            client.get("ipv4_range_start").is_none_or(Value::is_null)
                || (number(client, "ipv4_range_start")..=number(client, "ipv4_range_end")).contains(&wanted)
        }
        None => client.get("ipv6").is_none_or(Value::is_null) || text(client, "ipv6") == address.to_string(),
    }
}

fn asks_for_a_token(client: &ItemRow) -> bool {
    !client.get("app_token_date").is_none_or(Value::is_null)
}

/// Whether the gateway can come in from this address by this client.
fn lets_in(client: &ItemRow, address: IpAddr) -> bool {
    admits(client, address) && !asks_for_a_token(client)
}

fn text<'a>(row: &'a ItemRow, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn shown(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A client that is to be made.
#[derive(Debug, PartialEq, Eq)]
struct Lacking {
    name: String,
    four: Option<IpAddr>,
    six: Option<IpAddr>,
}

impl Lacking {
    /// «Its name» for its addresses.
    fn said(&self) -> Bilingual {
        let addresses: Vec<_> = self.four.into_iter().chain(self.six).collect();
        Bilingual::new(
            format!("«{}» for {}", self.name, shown(&addresses)),
            format!("«\u{a0}{}\u{a0}» pour {}", self.name, shown(&addresses)),
        )
    }
}

/// The clients that are lacking for these addresses: one for each, as a range that holds two holds all between them. An
/// IPv4 and an IPv6 address are two fields of one client. The first has the name, the others are numbered; those that are
/// there already are passed over.
///
/// # Errors
///
/// The name of a client that is there and admits none of the addresses.
fn lacking(clients: &[ItemRow], name: &str, addresses: &[IpAddr]) -> Result<Vec<Lacking>, String> {
    let is_out = |address: &&IpAddr| !clients.iter().any(|client| lets_in(client, **address));
    let left: BTreeSet<IpAddr> = addresses.iter().filter(is_out).copied().collect();
    let (fours, sixes): (Vec<_>, Vec<_>) = left.into_iter().partition(IpAddr::is_ipv4);
    let mut names = (1..).map(|number| if number == 1 { name.to_owned() } else { format!("{name} {number}") });
    let mut lacking = Vec::new();
    while lacking.len() < fours.len().max(sixes.len()) {
        let Some(name) = names.next() else { break };
        let place = lacking.len();
        match clients.iter().find(|client| text(client, "name") == name) {
            None => lacking.push(Lacking { name, four: fours.get(place).copied(), six: sixes.get(place).copied() }),
            Some(client) if addresses.iter().any(|address| lets_in(client, *address)) => {}
            Some(_) => return Err(name),
        }
    }
    Ok(lacking)
}

pub(super) async fn look(setup: &Setup) -> Result<State, Failed> {
    let addresses = &setup.wanted.gateway;
    let clients = setup.admin.all("APIClient").await?;
    let lacking = match lacking(&clients, &setup.wanted.client, addresses) {
        Ok(lacking) => lacking,
        Err(name) => return Ok(another(&name, addresses)),
    };
    let to_make = lacking.iter().map(Lacking::said).reduce(|all, next| all.then(", ", &next));
    Ok(to_make.map_or_else(|| there(&clients, addresses), State::Create))
}

fn there(clients: &[ItemRow], addresses: &[IpAddr]) -> State {
    let each = clients.iter().filter_map(|client| {
        let admitted: Vec<_> = addresses.iter().copied().filter(|address| lets_in(client, *address)).collect();
        let (name, all) = (text(client, "name"), shown(&admitted));
        let said = Bilingual::new(format!("«{name}» admits {all}"), format!("«\u{a0}{name}\u{a0}» admet {all}"));
        (!admitted.is_empty()).then_some(said)
    });
    State::There(each.reduce(|all, next| all.then(", ", &next)).unwrap_or_default())
}

/// A client has the name and is for something else.
fn another(name: &str, addresses: &[IpAddr]) -> State {
    State::named(
        &Bilingual::new(
            format!("«{name}» is there and does not admit {} without an app token", shown(addresses)),
            format!("«\u{a0}{name}\u{a0}» existe et n’admet pas {} sans jeton d’application", shown(addresses)),
        ),
        &Bilingual::new(
            "in GLPI, Setup > General > API, open it: active, the range of IPv4 addresses (or the IPv6 address) of the \
             gateway; or give another name by --client",
            "dans GLPI, Configuration > Générale > API, ouvrez-le\u{a0}: actif, la plage d’adresses IPv4 (ou l’adresse IPv6) \
             de la passerelle\u{a0}; ou donnez un autre nom par --client",
        ),
    )
}

/// Makes those that are lacking. A field left empty would admit everybody of that kind, so it gets loopback.
pub(super) async fn make(setup: &Setup) -> Result<(), Failed> {
    let clients = setup.admin.all("APIClient").await?;
    let addresses = &setup.wanted.gateway;
    for Lacking { name, four, six } in lacking(&clients, &setup.wanted.client, addresses).unwrap_or_default() {
        let four = four.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let six = six.unwrap_or(IpAddr::V6(Ipv6Addr::LOCALHOST));
        let input = json!({
            "name": name, "is_active": 1, "entities_id": 0, "is_recursive": 1,
            "ipv4_range_start": four, "ipv4_range_end": four, "ipv6": six,
            "dolog_method": 0, "comment": "Passerelle",
        });
        setup.admin.add("APIClient", &input).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{ItemRow, admits, lacking};

    #[rstest]
    #[case(json!({"is_active": 1, "ipv4_range_start": 2_130_706_433_u64, "ipv4_range_end": 2_130_706_433_u64, "ipv6": "::1"}), "127.0.0.1", true)]
    #[case(json!({"is_active": 1, "ipv4_range_start": 2_130_706_433_u64, "ipv4_range_end": 2_130_706_433_u64, "ipv6": "::1"}), "10.0.0.1", false)]
    #[case(json!({"is_active": 1, "ipv4_range_start": 2_130_706_433_u64, "ipv4_range_end": 2_130_706_433_u64, "ipv6": "::1"}), "::1", true)]
    #[case(json!({"is_active": 0, "ipv4_range_start": null, "ipv6": null}), "127.0.0.1", false)]
    #[case(json!({"is_active": 1, "ipv4_range_start": null, "ipv6": null}), "192.0.2.7", true)]
    #[case(json!({"is_active": 1, "ipv4_range_start": 1, "ipv4_range_end": 2, "ipv6": "2001:db8::1"}), "2001:db8::2", false)]
    fn a_client_admits_as_glpi_does(#[case] client: Value, #[case] address: &str, #[case] expected: bool) {
        assert_eq!(admits(client.as_object().unwrap(), address.parse().unwrap()), expected);
    }
    fn client(name: &str, first: u64, last: u64) -> ItemRow {
        let row =
            json!({"name": name, "is_active": 1, "ipv4_range_start": first, "ipv4_range_end": last, "ipv6": "::1"});
        row.as_object().unwrap().clone()
    }

    #[rstest]
    #[case(&[], &["192.0.2.7"], Ok("P: 192.0.2.7"))]
    #[case(&[], &["192.0.2.7", "192.0.2.9"], Ok("P: 192.0.2.7; P 2: 192.0.2.9"))]
    #[case(&[], &["192.0.2.7", "192.0.2.7"], Ok("P: 192.0.2.7"))]
    #[case(&[], &["192.0.2.7", "2001:db8::7"], Ok("P: 192.0.2.7, 2001:db8::7"))]
    #[case(&[], &["2001:db8::7", "2001:db8::9", "192.0.2.7"], Ok("P: 192.0.2.7, 2001:db8::7; P 2: 2001:db8::9"))]
    // One more gateway beside the first.
    #[case(&[("P", 7, 7)], &["192.0.2.7", "192.0.2.9"], Ok("P 2: 192.0.2.9"))]
    #[case(&[("P", 7, 7), ("P 2", 9, 9)], &["192.0.2.7", "192.0.2.9"], Ok(""))]
    // Somebody’s own range is theirs.
    #[case(&[("Salle", 1, 99)], &["192.0.2.7", "192.0.2.9"], Ok(""))]
    #[case(&[("P", 1, 1)], &["192.0.2.7"], Err("P"))]
    #[case(&[("P", 7, 7), ("P 2", 1, 1)], &["192.0.2.7", "192.0.2.9"], Err("P 2"))]
    fn each_address_has_a_client_that_admits_no_other(
        #[case] there: &[(&str, u64, u64)],
        #[case] addresses: &[&str],
        #[case] expected: Result<&str, &str>,
    ) {
        const NETWORK: u64 = 0xC000_0200;
        let there: Vec<_> =
            there.iter().map(|(name, first, last)| client(name, NETWORK + first, NETWORK + last)).collect();
        let addresses: Vec<_> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let found = lacking(&there, "P", &addresses).map(|clients| {
            let said = |it: &super::Lacking| {
                let addresses: Vec<_> = it.four.into_iter().chain(it.six).collect();
                format!("{}: {}", it.name, super::shown(&addresses))
            };
            clients.iter().map(said).collect::<Vec<_>>().join("; ")
        });
        assert_eq!(found.as_deref(), expected.map_err(ToOwned::to_owned).as_ref().copied());
    }
}
