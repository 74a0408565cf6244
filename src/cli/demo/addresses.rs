//! Where the demonstration listens: on ports that follow one another, which bookmarks and scripts may count on, or on
//! any free ones.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use miette::{Result, miette};
use tokio::net::TcpListener;

/// Where the portal is unless somebody says otherwise.
pub(super) const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8400);
/// Any free port of loopback.
pub(super) const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What listens, in the order of its ports.
const SERVERS: [&str; 5] = ["the portal", "the mails' pages", "the GLPI stand-in", "the gateway's API", "LMTP"];

/// Where each server of the demonstration is.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) portal: TcpListener,
    pub(super) mails: TcpListener,
    /// The others bind their own.
    pub(super) glpi: SocketAddr,
    pub(super) api: SocketAddr,
    pub(super) lmtp: SocketAddr,
}

impl Addresses {
    /// The portal's address and the four ports behind it; with port 0, free ones.
    ///
    /// # Errors
    ///
    /// Names the port that cannot be had and the remedy.
    pub(super) async fn take(first: SocketAddr) -> Result<Self> {
        if !first.ip().is_loopback() {
            return Err(miette!(
                help = "Give an address of this machine alone, such as --listen 127.0.0.1:8400.",
                "--listen {first} is not on loopback, and the demonstration lets everybody in as one director"
            ));
        }
        let mut bound = Vec::new();
        for (place, server) in (0_u16..).zip(SERVERS) {
            let address = follower(first, place)?;
            let listener = TcpListener::bind(address).await.map_err(|error| cannot(server, address, &error))?;
            bound.push((listener, address));
        }
        let [(portal, _), (mails, _), glpi, api, lmtp] =
            <[_; SERVERS.len()]>::try_from(bound).map_err(|_| miette!("a server has no address"))?;
        // Tried, and given back to whom they are for.
        let [glpi, api, lmtp] = [glpi, api, lmtp].map(|(listener, address)| {
            drop(listener);
            address
        });
        Ok(Self { portal, mails, glpi, api, lmtp })
    }
}

fn follower(first: SocketAddr, place: u16) -> Result<SocketAddr> {
    let port = if first.port() == 0 { Some(0) } else { first.port().checked_add(place) };
    port.map(|port| SocketAddr::new(first.ip(), port)).ok_or_else(|| {
        miette!(
            help = "Give a lower port, such as --listen 127.0.0.1:8400.",
            "--listen {first}: there are no {} ports from there on",
            SERVERS.len()
        )
    })
}

fn cannot(server: &str, address: SocketAddr, error: &io::Error) -> miette::Report {
    let port = address.port();
    miette!(
        help = format!(
            "If another demonstration or program has port {port} (`ss -ltnp` names it), stop it; or choose five other \
             ports, such as --listen 127.0.0.1:8500; port 0 takes any free ones."
        ),
        "cannot listen on {address} for {server}: {error}"
    )
}
