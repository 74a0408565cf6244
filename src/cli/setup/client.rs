//! GLPI's way in: the switch for tokens, and an API client that admits the gateway's address.

use std::net::IpAddr;

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

fn text<'a>(row: &'a ItemRow, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn shown(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) async fn look(setup: &Setup) -> Result<State, Failed> {
    let addresses = &setup.wanted.gateway;
    let clients = setup.admin.all("APIClient").await?;
    let open = |address: &IpAddr| clients.iter().find(|it| admits(it, *address) && !asks_for_a_token(it));
    let found: Vec<_> = addresses.iter().map(open).collect();
    if let Some(first) = found.iter().flatten().next()
        && found.iter().all(Option::is_some)
    {
        return Ok(State::There(Bilingual::new(
            format!("«{}» admits {}", text(first, "name"), shown(addresses)),
            format!("«\u{a0}{}\u{a0}» admet {}", text(first, "name"), shown(addresses)),
        )));
    }
    if clients.iter().any(|client| text(client, "name") == setup.wanted.client) {
        return Ok(State::named(
            &Bilingual::new(
                format!(
                    "«{}» is there and does not admit {} without an app token",
                    setup.wanted.client,
                    shown(addresses)
                ),
                format!(
                    "«\u{a0}{}\u{a0}» existe et n’admet pas {} sans jeton d’application",
                    setup.wanted.client,
                    shown(addresses)
                ),
            ),
            &Bilingual::new(
                "in GLPI, Setup > General > API, open it: active, the range of IPv4 addresses (or the IPv6 address) of the \
                 gateway; or give another name by --client",
                "dans GLPI, Configuration > Générale > API, ouvrez-le\u{a0}: actif, la plage d’adresses IPv4 (ou l’adresse IPv6) \
                 de la passerelle\u{a0}; ou donnez un autre nom par --client",
            ),
        ));
    }
    Ok(State::Create(Bilingual::new(
        format!("«{}» for {}", setup.wanted.client, shown(addresses)),
        format!("«\u{a0}{}\u{a0}» pour {}", setup.wanted.client, shown(addresses)),
    )))
}

/// One client: the range of its IPv4 addresses, and an IPv6 address. A field left empty would admit everybody of that
/// kind, so it gets loopback.
pub(super) async fn make(setup: &Setup) -> Result<(), Failed> {
    let mut of_four: Vec<_> = setup.wanted.gateway.iter().filter(|it| it.is_ipv4()).collect();
    of_four.sort();
    let six = setup.wanted.gateway.iter().find(|it| it.is_ipv6()).map_or("::1".to_owned(), ToString::to_string);
    let bound = |it: Option<&&IpAddr>| it.map_or("127.0.0.1".to_owned(), ToString::to_string);
    let input = json!({
        "name": setup.wanted.client, "is_active": 1, "entities_id": 0, "is_recursive": 1,
        "ipv4_range_start": bound(of_four.first()), "ipv4_range_end": bound(of_four.last()), "ipv6": six,
        "dolog_method": 0, "comment": "Passerelle",
    });
    setup.admin.add("APIClient", &input).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::admits;

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
}
