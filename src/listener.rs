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
pub type Stream = Either<TcpStream, UnixStream>;

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
#[derive(Debug, thiserror::Error)]
#[error("{key}: cannot listen on {address}: {source}")]
pub struct ListenError {
    /// The setting that has the address.
    pub key: &'static str,
    /// The address as configured.
    pub address: String,
    /// What the system said.
    pub source: io::Error,
}

/// Who may connect to a Unix socket, which takes the right to write.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    /// Whoever reaches its folder: mode 0666.
    Folder,
    /// The gateway's user and group, in a folder that they reach: mode 0660.
    Group,
}

/// Binds an address of the setting `key`: `127.0.0.1:2424` or `unix:/run/passerelle/lmtp.sock`.
///
/// A socket file that a dead process left behind is replaced.
///
/// # Errors
///
/// Names the setting, the address and the reason.
pub async fn bind(key: &'static str, address: &str, reach: Reach) -> Result<Listener, ListenError> {
    let socket = match address.strip_prefix("unix:") {
        Some(path) => bind_unix(Path::new(path), reach).await,
        None => bind_tcp(address).await,
    };
    let socket = socket.map_err(|source| ListenError { key, address: address.to_owned(), source })?;
    Ok(Listener { socket })
}

async fn bind_tcp(address: &str) -> io::Result<Socket> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok(Socket::Tcp(listener, address))
}

async fn bind_unix(path: &Path, reach: Reach) -> io::Result<Socket> {
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
    let mode = match reach {
        Reach::Folder => 0o666,
        Reach::Group => 0o660,
    };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
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

impl Listener {
    /// The address, where it is one of TCP.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(_, address) => Some(*address),
            Socket::Unix(..) => None,
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            Socket::Tcp(_, address) => write!(f, "{address}"),
            Socket::Unix(file, _) => write!(f, "unix:{}", file.path.display()),
        }
    }
}

/// A connection that was accepted.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub stream: Stream,
    /// Who is at its other end; a Unix socket does not say.
    pub peer: Option<SocketAddr>,
    /// Which of the listeners it came by.
    pub listener: usize,
}

/// The next connection on any of the listeners.
///
/// # Errors
///
/// Whatever the system says; of one connection or of them all.
pub async fn accept<'a>(listeners: impl Iterator<Item = &'a Listener> + Clone) -> io::Result<Accepted> {
    std::future::poll_fn(|context| {
        for (listener, Listener { socket }) in listeners.clone().enumerate() {
            let accepted = match socket {
                Socket::Tcp(socket, _) => socket.poll_accept(context).map_ok(|(stream, peer)| Accepted {
                    stream: Either::Left(stream),
                    peer: Some(peer),
                    listener,
                }),
                Socket::Unix(_, socket) => socket.poll_accept(context).map_ok(|(stream, _)| Accepted {
                    stream: Either::Right(stream),
                    peer: None,
                    listener,
                }),
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
