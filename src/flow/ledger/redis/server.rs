//! Which Redis: one server, the master that sentinels name, or a cluster.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, IntoConnectionInfo as _, Pipeline, RedisError, RedisFuture,
    RedisResult, TlsMode, Value,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType},
};
use secrecy::ExposeSecret as _;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// A connection; clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    /// To one server. It renews itself.
    Alone(ConnectionManager),
    /// To whoever is master now.
    Master(MultiplexedConnection),
    /// To all nodes of a cluster. It renews itself.
    Cluster(ClusterConnection),
}

/// Where the memory is.
pub(super) enum Server {
    Alone(ConnectionManager),
    /// Found when it is needed.
    Found(Box<Finder>),
}

/// Finds a server, and keeps the connection to it.
pub(super) struct Finder {
    kept: Mutex<Kept>,
    /// To find it takes no longer.
    patience: Duration,
}

struct Kept {
    by: By,
    connection: Option<Connection>,
    /// The last failure to find one: it answers all who waited meanwhile.
    failed: Option<(Instant, RedisError)>,
}

enum By {
    Sentinels(SentinelClient, AsyncConnectionConfig),
    Nodes(ClusterClient),
}

impl Server {
    /// Prepares what the configuration names; nothing is connected yet: the gateway starts, and goes on, without Redis.
    pub(super) fn new(config: &crate::config::Redis) -> RedisResult<Self> {
        let addresses = |all: &[secrecy::SecretString]| -> Vec<String> {
            all.iter().map(|address| address.expose_secret().to_owned()).collect()
        };
        if !config.cluster.is_empty() {
            let client = ClusterClient::builder(addresses(&config.cluster))
                .connection_timeout(config.timeout)
                .response_timeout(config.timeout)
                .retries(3)
                .min_retry_wait(10)
                .max_retry_wait(200)
                .build()?;
            return Ok(Self::found(By::Nodes(client), config.timeout * 2));
        }
        let url = config.url.as_ref().map_or("", |url| url.expose_secret());
        if config.sentinels.is_empty() {
            let manager = ConnectionManagerConfig::new()
                .set_number_of_retries(1)
                .set_max_delay(Duration::from_millis(200))
                .set_connection_timeout(Some(config.timeout))
                .set_response_timeout(Some(config.timeout));
            return Ok(Self::Alone(ConnectionManager::new_lazy_with_config(Client::open(url)?, manager)?));
        }
        // Its host is the name by which sentinels know the master.
        let master = url.into_connection_info()?;
        let node = SentinelNodeConnectionInfo::default().set_redis_connection_info(master.redis_settings().clone());
        let (name, node) = match master.addr() {
            ConnectionAddr::TcpTls { host, .. } => (host.clone(), node.set_tls_mode(TlsMode::Secure)),
            ConnectionAddr::Tcp(host, _) => (host.clone(), node),
            _ => return Err((redis::ErrorKind::InvalidClientConfig, "a socket names no master").into()),
        };
        let sentinels = addresses(&config.sentinels);
        let patience = config.timeout * u32::try_from(sentinels.len() + 1).unwrap_or(u32::MAX);
        let client = SentinelClient::build(sentinels, name, Some(node), SentinelServerType::Master)?;
        let connection = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(config.timeout))
            .set_response_timeout(Some(config.timeout));
        Ok(Self::found(By::Sentinels(client, connection), patience))
    }

    fn found(by: By, patience: Duration) -> Self {
        let kept = Mutex::new(Kept { by, connection: None, failed: None });
        Self::Found(Box::new(Finder { kept, patience }))
    }

    /// The connection to use now.
    pub(super) async fn connection(&self) -> RedisResult<Connection> {
        match self {
            Self::Alone(manager) => Ok(Connection::Alone(manager.clone())),
            Self::Found(finder) => Box::pin(finder.connection()).await,
        }
    }

    /// A call failed; whether it may be made again at once: it did not reach a server that takes it.
    pub(super) async fn is_gone(&self, error: &RedisError) -> bool {
        let is_cut = error.is_io_error() && !error.is_timeout() && !error.is_connection_refusal();
        let Self::Found(finder) = self else { return is_cut };
        // A master that sentinels have set back takes no writes.
        let is_master_no_more = matches!(error.code(), Some("READONLY" | "MASTERDOWN" | "UNBLOCKED"));
        if error.is_io_error() || is_master_no_more {
            finder.forget_master().await;
        }
        is_cut || is_master_no_more
    }
}

impl Finder {
    async fn connection(&self) -> RedisResult<Connection> {
        let asked = Instant::now();
        let mut kept = self.kept.lock().await;
        let Kept { by, connection, failed } = &mut *kept;
        if let Some(connection) = connection {
            return Ok(connection.clone());
        }
        if let Some((_, error)) = failed.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(error.clone());
        }
        let finding = async {
            Ok(match by {
                By::Sentinels(client, config) => {
                    Connection::Master(client.get_async_connection_with_config(config).await?)
                }
                By::Nodes(client) => Connection::Cluster(client.get_async_connection().await?),
            })
        };
        let silent = || Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
        let found: RedisResult<Connection> = timeout(self.patience, finding).await.unwrap_or_else(|_| silent());
        match &found {
            Ok(found) => *connection = Some(found.clone()),
            Err(error) => *failed = Some((Instant::now(), error.clone())),
        }
        found
    }

    /// The master may be another one now.
    async fn forget_master(&self) {
        let mut kept = self.kept.lock().await;
        if matches!(kept.connection, Some(Connection::Master(_))) {
            kept.connection = None;
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Alone(connection) => connection.req_packed_command(command),
            Self::Master(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Alone(connection) => connection.req_packed_commands(commands, offset, count),
            Self::Master(connection) => connection.req_packed_commands(commands, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Alone(connection) => connection.get_db(),
            Self::Master(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
