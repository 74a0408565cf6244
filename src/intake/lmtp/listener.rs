//! Where connections come from: TCP and Unix sockets.

use std::{
    fmt, io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    task::Poll,
};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::either::Either;

/// A connection of either kind.
pub(super) type Stream = Either<TcpStream, UnixStream>;

/// A bound socket, shown as it would be written in the configuration.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener, SocketAddr),
    /// The file is removed before the socket is closed, so that a successor's file is never taken for it.
    Unix(SocketFile, UnixListener),
}

/// Why a listener cannot be had.
#[derive(Debug, miette::Diagnostic, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
#[diagnostic(help("{remedy}"))]
pub struct ListenError {
    /// The address as configured.
    address: String,
    /// What the system said.
    source: io::Error,
    /// What to do about it.
    remedy: &'static str,
}

/// Binds every address of `lmtp.listen`: `127.0.0.1:2424` or `unix:/run/passerelle/lmtp.sock`.
///
/// A socket file that a dead process left behind is replaced. The new one has mode 0666, as connecting
/// takes the right to write and the relay is another user: who may connect is decided by the folder.
pub async fn bind(addresses: &[String]) -> Result<Vec<Listener>, ListenError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        let socket = match address.strip_prefix("unix:") {
            Some(path) => bind_unix(Path::new(path)).await,
            None => bind_tcp(address).await,
        };
        let socket = socket.map_err(|error| explain(address, error))?;
        listeners.push(Listener { socket });
    }
    Ok(listeners)
}

async fn bind_tcp(address: &str) -> io::Result<Socket> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok(Socket::Tcp(listener, address))
}

async fn bind_unix(path: &Path) -> io::Result<Socket> {
    if !path.is_absolute() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path is not absolute"));
    }
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path).await? => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    let file = SocketFile { path: path.to_owned(), identity: identity(path)? };
    Ok(Socket::Unix(file, listener))
}

/// Whether the file is a socket on which nobody listens.
async fn is_stale(path: &Path) -> io::Result<bool> {
    if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of this name that is no socket"));
    }
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    Ok(UnixStream::connect(path).await.is_err_and(refused))
}

fn explain(address: &str, source: io::Error) -> ListenError {
    let unix = address.starts_with("unix:");
    let remedy = match source.kind() {
        io::ErrorKind::AddrInUse if unix => {
            "Another process listens there (`ss -lxp` shows it): stop it, or change lmtp.listen."
        }
        io::ErrorKind::AddrInUse => {
            "Another process listens there (`ss -ltnp` shows it): stop it, or change lmtp.listen."
        }
        io::ErrorKind::AddrNotAvailable => {
            "lmtp.listen must name an address of this machine: 127.0.0.1 where the relay is on it, too."
        }
        io::ErrorKind::PermissionDenied if unix => "Let the user that runs Passerelle write in that folder.",
        io::ErrorKind::PermissionDenied => "Ports below 1024 need CAP_NET_BIND_SERVICE: take a higher one.",
        io::ErrorKind::NotFound if unix => "Create the folder, writable for the user that runs Passerelle.",
        io::ErrorKind::AlreadyExists => "Move that file away, or change lmtp.listen.",
        _ => "lmtp.listen takes \"127.0.0.1:2424\" or \"unix:/run/passerelle/lmtp.sock\" (at most 107 bytes).",
    };
    ListenError { address: address.to_owned(), source, remedy }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            Socket::Tcp(_, address) => write!(f, "{address}"),
            Socket::Unix(file, _) => write!(f, "unix:{}", file.path.display()),
        }
    }
}

/// The next connection on any of the listeners.
pub(super) async fn accept(listeners: &[Listener]) -> io::Result<Stream> {
    std::future::poll_fn(|context| {
        for listener in listeners {
            let accepted = match &listener.socket {
                Socket::Tcp(listener, _) => listener.poll_accept(context).map_ok(|(stream, _)| Either::Left(stream)),
                Socket::Unix(_, listener) => listener.poll_accept(context).map_ok(|(stream, _)| Either::Right(stream)),
            };
            if accepted.is_ready() {
                return accepted;
            }
        }
        Poll::Pending
    })
    .await
}

/// The file of a Unix socket; dropping this removes it, unless another one has taken its place.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The device and number of a file.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}
