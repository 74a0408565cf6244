//! Where the gateway listens: addresses that can be none, and that are taken by another of its own.

use std::{net::IpAddr, path::Path};

use super::found::Mistakes;
use crate::{
    config::{Config, Http},
    text::Bilingual,
};

/// The longest path of a Unix socket, in bytes (`sun_path` without its end).
const LONGEST_SOCKET: usize = 107;

fn with_port_or_path() -> Bilingual {
    Bilingual::new(
        "Give an address with a port, such as \"127.0.0.1:2424\", or a socket's absolute path, such as \
         \"unix:/run/passerelle/lmtp.sock\".",
        "Donnez une adresse et un port, par exemple \"127.0.0.1:2424\", ou le chemin absolu d’une socket, par exemple \
         \"unix:/run/passerelle/lmtp.sock\".",
    )
}

/// An address to listen on, with the key that has it.
struct Listen<'a> {
    key: &'static str,
    address: &'a str,
}

/// Each address that cannot be listened on, those that are the same, and one that lets others than the proxy in.
pub(super) fn find(config: &Config, mistakes: &mut Mistakes) {
    let (listen, admin) =
        (config.http.listen.map(|it| it.to_string()), config.http.admin_listen.map(|it| it.to_string()));
    let all = all(config, listen.as_deref(), admin.as_deref());
    for Listen { key, address } in &all {
        if let Some((why, remedy)) = mistake(address) {
            let named = Bilingual::new(format!("{key}: \"{address}\" "), format!("{key} : \"{address}\" "));
            mistakes.add(&[key], named.then("", &why), remedy);
        }
    }
    for (place, one) in all.iter().enumerate() {
        for other in &all[place + 1..] {
            if is_same(one.address, other.address) {
                let (first, second) = (one.address, other.address);
                let (what, keys) = match (one.key, other.key) {
                    (key, same) if key == same => (
                        Bilingual::new(
                            format!("{key} has \"{first}\" and \"{second}\""),
                            format!("{key} contient \"{first}\" et \"{second}\""),
                        ),
                        vec![key],
                    ),
                    (key, same) => (
                        Bilingual::new(
                            format!("{key} is \"{first}\" and {same} is \"{second}\""),
                            format!("{key} vaut \"{first}\" et {same} vaut \"{second}\""),
                        ),
                        vec![key, same],
                    ),
                };
                let why = Bilingual::new(": one of them could not listen", "\u{a0}: l’une des deux écoutes échouerait");
                let remedy = Bilingual::new("Give each a port of its own.", "Donnez à chacune son propre port.");
                mistakes.add(&keys, what.then("", &why), remedy);
            }
        }
    }
    find_open(&config.http, mistakes);
}

/// A listener that believes every call who is signed in, and that others than the proxy reach.
fn find_open(http: &Http, mistakes: &mut Mistakes) {
    let Some(address) = http.identity_listen.as_deref().filter(|address| is_for_others(address)) else { return };
    if http.proxy_secret.is_some() {
        return;
    }
    mistakes.add(
        &["http.identity_listen", "http.proxy_secret"],
        Bilingual::new(
            format!("http.identity_listen is \"{address}\": whoever reaches it from another machine is whom they say they are"),
            format!("http.identity_listen vaut \"{address}\"\u{a0}: qui l’atteint d’une autre machine est celui qu’il dit être"),
        ),
        Bilingual::new(
            "Give http.proxy_secret (`openssl rand -hex 32`), which the proxy sends in X-Passerelle-Proxy-Secret where it \
             signs people in and nowhere else; or listen where only the proxy is: \"unix:/run/passerelle/identity.sock\", \
             or a port of 127.0.0.1.",
            "Donnez http.proxy_secret (`openssl rand -hex 32`), que le mandataire envoie dans X-Passerelle-Proxy-Secret là \
             où il connecte les personnes et nulle part ailleurs\u{a0}; ou écoutez là où il n’y a que lui\u{a0}: \
             \"unix:/run/passerelle/identity.sock\", ou un port de 127.0.0.1.",
        ),
    );
}

/// Whether other machines may reach this address; what is none is said elsewhere.
fn is_for_others(address: &str) -> bool {
    if address.starts_with("unix:") || mistake(address).is_some() {
        return false;
    }
    let is_here = |host: &str| {
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    };
    host_and_port(address).is_some_and(|(host, _)| !is_here(host))
}

/// Sockets whose folder is not there.
pub(super) fn find_folders(config: &Config, mistakes: &mut Mistakes) {
    for Listen { key, address } in all(config, None, None) {
        let Some(path) = address.strip_prefix("unix:").map(Path::new).filter(|path| path.is_absolute()) else {
            continue;
        };
        let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) else { continue };
        mistakes.add(
            &[key],
            Bilingual::new(
                format!("{key}: the folder {} of \"{address}\" is not there", folder.display()),
                format!("{key}\u{a0}: le dossier {} de \"{address}\" n’existe pas", folder.display()),
            ),
            Bilingual::new(
                format!(
                    "Create {}, writable for the user that runs Passerelle; that of the package, /run/passerelle, is made by \
                     «systemd-tmpfiles --create».",
                    folder.display()
                ),
                format!(
                    "Créez {}, où l’utilisateur qui fait tourner Passerelle peut écrire\u{a0}; celui du paquet, /run/passerelle, \
                     est créé par «\u{a0}systemd-tmpfiles --create\u{a0}».",
                    folder.display()
                ),
            ),
        );
    }
}

fn all<'a>(config: &'a Config, http: Option<&'a str>, admin: Option<&'a str>) -> Vec<Listen<'a>> {
    let lmtp = config.lmtp.listen.iter().map(|address| Listen { key: "lmtp.listen", address });
    let http = http.map(|address| Listen { key: "http.listen", address });
    let identity = config.http.identity_listen.as_deref();
    let identity = identity.map(|address| Listen { key: "http.identity_listen", address });
    let admin = admin.map(|address| Listen { key: "http.admin_listen", address });
    lmtp.chain(http).chain(identity).chain(admin).collect()
}

/// Why nothing can listen there, and what would be right.
fn mistake(address: &str) -> Option<(Bilingual, Bilingual)> {
    let write = |text: &str| Bilingual::new(format!("Write \"{text}\"."), format!("Écrivez \"{text}\"."));
    if let Some(path) = address.strip_prefix("unix:") {
        return match path {
            path if !path.starts_with('/') => Some((
                Bilingual::new("is no absolute path", "n’est pas un chemin absolu"),
                write(&format!("unix:/run/passerelle/{}", path.trim_start_matches(['.', '/']))),
            )),
            path if path.len() > LONGEST_SOCKET => Some((
                Bilingual::new(
                    format!("is longer than {LONGEST_SOCKET} bytes, the most a Unix socket may have"),
                    format!("dépasse {LONGEST_SOCKET} octets, le plus que puisse avoir une socket Unix"),
                ),
                with_port_or_path(),
            )),
            path if path.ends_with('/') => Some((
                Bilingual::new("is a folder, not a socket", "est un dossier, et non une socket"),
                with_port_or_path(),
            )),
            _ => None,
        };
    }
    if address.starts_with('/') {
        return Some((Bilingual::new("is a path", "est un chemin"), write(&format!("unix:{address}"))));
    }
    // As Postfix writes it, in transport_maps and elsewhere.
    let of_postfix =
        ["lmtp:unix:", "lmtp:inet:", "lmtp:", "inet:"].iter().find_map(|prefix| address.strip_prefix(prefix));
    if let Some(rest) = of_postfix {
        let rest = if rest.starts_with('/') { format!("unix:{rest}") } else { rest.replace(['[', ']'], "") };
        return Some((
            Bilingual::new("is written as Postfix does", "est écrite à la façon de Postfix"),
            Bilingual::new(
                format!("Write \"{rest}\" here; what Postfix has stays."),
                format!("Écrivez ici \"{rest}\"\u{a0}; ce qu’a Postfix reste."),
            ),
        ));
    }
    let Some((host, port)) = host_and_port(address) else {
        let remedy = if address.contains(':') {
            with_port_or_path()
        } else if address.parse::<u16>().is_ok() {
            write(&format!("127.0.0.1:{address}"))
        } else {
            Bilingual::new(
                format!("Write \"{address}:2424\", with the port."),
                format!("Écrivez \"{address}:2424\", avec le port."),
            )
        };
        let why = if address.parse::<u16>().is_ok() {
            Bilingual::new("is a port alone", "n’est qu’un port")
        } else {
            Bilingual::new("has no port", "n’a pas de port")
        };
        return Some((why, remedy));
    };
    if port.parse::<u16>().is_err() {
        let why = Bilingual::new(
            format!("has the port \"{port}\", which is none from 1 to 65535"),
            format!("a le port \"{port}\", qui n’est pas un nombre de 1 à 65535"),
        );
        return Some((why, with_port_or_path()));
    }
    match host {
        "" | "*" => Some((
            Bilingual::new("names no address", "ne nomme pas d’adresse"),
            Bilingual::new(
                format!("Write \"127.0.0.1:{port}\" for this machine alone, \"0.0.0.0:{port}\" for every network."),
                format!(
                    "Écrivez \"127.0.0.1:{port}\" pour cette seule machine, \"0.0.0.0:{port}\" pour tous les réseaux."
                ),
            ),
        )),
        host if host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_err() => {
            Some((Bilingual::new("is no address", "n’est pas une adresse"), with_port_or_path()))
        }
        _ => None,
    }
}

/// `[::1]:24` and `127.0.0.1:24`, taken apart; `None` without a port.
fn host_and_port(address: &str) -> Option<(&str, &str)> {
    match address.strip_prefix('[') {
        Some(rest) => rest.split_once("]:"),
        None => address.rsplit_once(':'),
    }
}

/// Whether two addresses cannot be listened on both.
fn is_same(one: &str, other: &str) -> bool {
    if one.starts_with("unix:") || other.starts_with("unix:") {
        return one == other;
    }
    let (Some((one_host, one_port)), Some((other_host, other_port))) = (host_and_port(one), host_and_port(other))
    else {
        return false;
    };
    let host = |host: &str| if host == "localhost" { "127.0.0.1".to_owned() } else { host.to_owned() };
    let every = |host: &str| host == "0.0.0.0" || host == "::";
    // Port 0 is any that is free.
    one_port == other_port
        && one_port != "0"
        && (host(one_host) == host(other_host) || every(one_host) || every(other_host))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{is_for_others, is_same, mistake};
    use crate::text::Language;

    #[rstest]
    #[case("127.0.0.1:2424", None)]
    #[case("127.0.0.1:0", None)]
    #[case("[::1]:2424", None)]
    #[case("localhost:24", None)]
    #[case("passerelle.ac-lyon.fr:24", None)]
    #[case("unix:/run/passerelle/lmtp.sock", None)]
    #[case("127.0.0.1", Some("Write \"127.0.0.1:2424\""))]
    #[case("2424", Some("Write \"127.0.0.1:2424\""))]
    #[case("localhost", Some("with the port"))]
    #[case("127.0.0.1:lmtp", Some("\"127.0.0.1:2424\""))]
    #[case("127.0.0.1:70000", Some("\"127.0.0.1:2424\""))]
    #[case(":2424", Some("0.0.0.0:2424"))]
    #[case("*:2424", Some("0.0.0.0:2424"))]
    #[case("::1:2424:x:y", Some("\"127.0.0.1:2424\""))]
    #[case("unix:lmtp.sock", Some("Write \"unix:/run/passerelle/lmtp.sock\""))]
    #[case("unix:./lmtp.sock", Some("Write \"unix:/run/passerelle/lmtp.sock\""))]
    #[case("unix:", Some("unix:/run/passerelle/"))]
    #[case("/run/lmtp.sock", Some("Write \"unix:/run/lmtp.sock\""))]
    #[case("inet:127.0.0.1:24", Some("Write \"127.0.0.1:24\""))]
    #[case("lmtp:inet:[127.0.0.1]:24", Some("Write \"127.0.0.1:24\""))]
    #[case("lmtp:unix:/run/lmtp.sock", Some("Write \"unix:/run/lmtp.sock\""))]
    fn an_address_is_one_to_listen_on_or_says_what_would_be(#[case] address: &str, #[case] remedy: Option<&str>) {
        let found = mistake(address);
        assert_eq!(found.is_some(), remedy.is_some(), "{found:?}");
        if let (Some((_, said)), Some(remedy)) = (found, remedy) {
            let said = said.text(Language::English);
            assert!(said.contains(remedy), "{said}");
        }
    }

    #[rstest]
    #[case("unix:/run/passerelle/identity.sock", false)]
    #[case("127.0.0.1:8081", false)]
    #[case("127.9.9.9:8081", false)]
    #[case("[::1]:8081", false)]
    #[case("[::ffff:127.0.0.1]:8081", false)]
    #[case("localhost:8081", false)]
    #[case("0.0.0.0:8081", true)]
    #[case("[::]:8081", true)]
    #[case("10.2.0.4:8081", true)]
    #[case("127.0.0.1.ac-lyon.fr:8081", true)]
    #[case("passerelle:8081", true)]
    #[case("127.0.0.1", false)]
    fn an_address_that_others_reach_is_known(#[case] address: &str, #[case] others: bool) {
        assert_eq!(is_for_others(address), others);
    }

    #[rstest]
    #[case("127.0.0.1:24", "127.0.0.1:24", true)]
    #[case("127.0.0.1:24", "0.0.0.0:24", true)]
    #[case("[::]:24", "127.0.0.1:24", true)]
    #[case("localhost:24", "127.0.0.1:24", true)]
    #[case("127.0.0.1:24", "127.0.0.2:24", false)]
    #[case("127.0.0.1:24", "127.0.0.1:25", false)]
    #[case("127.0.0.1:0", "127.0.0.1:0", false)]
    #[case("unix:/run/a", "unix:/run/a", true)]
    #[case("unix:/run/a", "unix:/run/b", false)]
    fn two_listeners_of_one_port_are_found(#[case] one: &str, #[case] other: &str, #[case] same: bool) {
        assert_eq!((is_same(one, other), is_same(other, one)), (same, same));
    }
}
