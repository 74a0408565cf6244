//! `passerelle healthcheck`: asks the running gateway how it is, for containers and scripts.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
};

use super::exit;
use crate::{
    config::Config,
    text::{Bilingual, Language},
};

/// Asks the running gateway whether it is alive; exit code 0 if so.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Asks whether it is ready, that is whether GLPI answers too.
    #[arg(long)]
    pub ready: bool,
}

/// Asks over HTTP where that is configured, on the operators’ listener first, else for LMTP's greeting.
pub async fn run(config: &Config, args: &Args) -> u8 {
    let path = if args.ready { "/readyz" } else { "/healthz" };
    let (http, lmtp) = (config.http.admin_listen.or(config.http.listen), config.lmtp.listen.first());
    let asked = async {
        match (http, lmtp) {
            (Some(address), _) => {
                let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
                let line = first_line(TcpStream::connect(local(address)).await?, request.as_bytes()).await?;
                Ok(Some((line.contains(" 200 "), line)))
            }
            (None, Some(address)) => {
                let line = greeting(address).await?;
                Ok(Some((line.starts_with("220 "), line)))
            }
            (None, None) => std::io::Result::Ok(None),
        }
    };
    match tokio::time::timeout(Duration::from_secs(10), asked).await {
        Ok(Ok(Some((true, _)))) => exit::OK,
        Ok(Ok(Some((false, line)))) => fail(&Bilingual::same(line)),
        Ok(Ok(None)) => fail(&Bilingual::new(
            "neither http.listen nor lmtp.listen is configured: give one of them",
            "ni http.listen ni lmtp.listen n’est réglé\u{a0}: donnez l’un des deux",
        )),
        Ok(Err(error)) => {
            let what = Bilingual::new("cannot reach the gateway: ", "la passerelle ne se laisse pas joindre\u{a0}: ");
            let remedy = Bilingual::new(
                "; is «passerelle serve» running?",
                "\u{a0}; «\u{a0}passerelle serve\u{a0}» est-il en marche\u{a0}?",
            );
            fail(&what.then("", &Bilingual::same(error)).then("", &remedy))
        }
        Err(_) => fail(&Bilingual::new(
            "the gateway does not answer within 10 seconds",
            "la passerelle ne répond pas en 10 secondes",
        )),
    }
}

/// Says why, in the locale's language.
fn fail(why: &Bilingual) -> u8 {
    let said = Bilingual::new("not healthy: ", "en mauvais état\u{a0}: ").then("", why);
    eprintln!("{}", said.text(Language::chosen(None)));
    exit::FAILED
}

/// A gateway that listens everywhere is asked on loopback.
fn local(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}

/// What the LMTP listener of this address says first. The address is as in `lmtp.listen`: a socket's file, or a
/// name or IP address with its port.
async fn greeting(address: &str) -> std::io::Result<String> {
    const QUIT: &[u8] = b"QUIT\r\n";
    if let Some(path) = address.strip_prefix("unix:") {
        return first_line(UnixStream::connect(path).await?, QUIT).await;
    }
    let stream = match address.parse() {
        Ok(address) => TcpStream::connect(local(address)).await?,
        Err(_) => TcpStream::connect(address).await?,
    };
    first_line(stream, QUIT).await
}

async fn first_line(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &[u8]) -> std::io::Result<String> {
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}
