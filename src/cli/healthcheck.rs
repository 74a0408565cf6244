//! `passerelle healthcheck`: asks the running gateway how it is, for containers and scripts.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
};

use super::exit;
use crate::config::Config;

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
    let asked = async {
        if let Some(address) = config.http.admin_listen.or(config.http.listen) {
            let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let line = first_line(TcpStream::connect(local(address)).await?, request.as_bytes()).await?;
            Ok((line.contains(" 200 "), line))
        } else if let Some(address) = config.lmtp.listen.first() {
            let line = greeting(address).await?;
            Ok((line.starts_with("220 "), line))
        } else {
            Err(std::io::Error::other("neither http.listen nor lmtp.listen is configured"))
        }
    };
    match tokio::time::timeout(Duration::from_secs(10), asked).await {
        Ok(Ok((true, _))) => exit::OK,
        Ok(Ok((false, line))) => fail(&line),
        Ok(Err(error)) => fail(&format!("cannot reach the gateway: {error}; is `passerelle serve` running?")),
        Err(_) => fail("the gateway does not answer within 10 seconds"),
    }
}

fn fail(why: &str) -> u8 {
    eprintln!("not healthy: {why}");
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
