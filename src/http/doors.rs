//! By which listener a call comes in, and what that says of who calls.

use std::net::{IpAddr, SocketAddr};

use crate::{
    config,
    listener::{self, ListenError, Listener, Reach},
};

/// Whom a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// `http.listen`: whoever calls has to prove who they are.
    Everybody,
    /// `http.identity_listen`: only the proxy that signs people in reaches it.
    Proxy,
    /// `http.admin_listen`: for who watches the gateway.
    Operators,
}

/// Who is at the other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    /// A Unix socket does not say.
    pub(super) address: Option<IpAddr>,
    pub(super) door: Door,
}

/// The API's listeners, bound.
#[derive(Debug)]
pub struct Doors(Vec<(Door, Listener)>);

impl Doors {
    /// Binds the listeners that the settings name: none, one or several.
    ///
    /// # Errors
    ///
    /// Names the setting, the address and the reason.
    pub async fn bind(settings: &config::Http) -> Result<Self, ListenError> {
        let mut doors = Vec::new();
        if let Some(address) = settings.listen {
            let listener = listener::bind("http.listen", &address.to_string(), Reach::Folder).await?;
            doors.push((Door::Everybody, listener));
        }
        if let Some(address) = &settings.identity_listen {
            doors.push((Door::Proxy, listener::bind("http.identity_listen", address, Reach::Group).await?));
        }
        if let Some(address) = settings.admin_listen {
            let listener = listener::bind("http.admin_listen", &address.to_string(), Reach::Folder).await?;
            doors.push((Door::Operators, listener));
        }
        Ok(Self(doors))
    }

    /// Whether there is no listener at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where `http.listen` is bound.
    pub fn everybody(&self) -> Option<SocketAddr> {
        self.address(Door::Everybody)
    }

    /// Where `http.identity_listen` is bound, where that is no Unix socket.
    pub fn proxy(&self) -> Option<SocketAddr> {
        self.address(Door::Proxy)
    }

    /// Where `http.admin_listen` is bound.
    pub fn operators(&self) -> Option<SocketAddr> {
        self.address(Door::Operators)
    }

    fn address(&self, of: Door) -> Option<SocketAddr> {
        self.0.iter().find(|(door, _)| *door == of)?.1.address()
    }

    /// The listeners, in the order in which their doors are counted.
    pub fn listeners(&self) -> impl Iterator<Item = &Listener> + Clone {
        self.0.iter().map(|(_, listener)| listener)
    }

    /// Whom the listener of this number is for.
    pub(super) fn door(&self, listener: usize) -> Door {
        self.0.get(listener).map_or(Door::Everybody, |(door, _)| *door)
    }
}
