//! Connections: how many, how long, and how they end when the gateway stops.

use std::{convert::Infallible, io, pin::Pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request, response::Response};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{io::AsyncWriteExt as _, sync::Semaphore};
use tokio_util::either::Either;
use tower::{ServiceExt as _, service_fn};

use super::{
    doors::{Door, Doors, Peer},
    lines::{Line, Lines},
    pages::Pages,
    router::{for_operators, router},
    services::Services,
};
use crate::listener::{self, Stream};

/// The head of a connection's first request is there within this time.
const FIRST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// That of each further one, and a connection is idle no longer.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes that are read ahead of a connection's request; its head is no larger.
const READ_AHEAD: usize = 64 * 1024;
/// A connection takes no new request after this time: one that never reads its answers must end too.
const CONNECTION_LIFE: Duration = Duration::from_mins(10);
/// How long the other side may take to notice the end.
const LINGER: Duration = Duration::from_secs(2);
/// Connections beyond those whose requests are handled: whoever asks whether the gateway is alive is answered.
const FURTHER_CONNECTIONS: usize = 64;
/// What accepting waits when the process has no more files to open.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// Who watches the gateway asks these, and waits for no turn.
const WATCHED: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// What every connection needs.
#[derive(Clone)]
struct Shared {
    router: Router,
    for_operators: Router,
    /// Requests that are handled at a time.
    turns: Arc<Semaphore>,
    timeout: Duration,
}

/// Serves the API, and the reference portal's `pages` where they are given, behind these `doors` until the services' stop token is cancelled; returns when every request
/// under way is answered and finished. The caller bounds that time.
///
/// At most `http.max_connections` requests are handled at a time; more wait for their turn. Connections on which
/// nothing happens go for others.
pub async fn serve(doors: Doors, services: Services, pages: Option<Pages>) {
    let (stop, running, lines) = (services.stop.clone(), services.running.clone(), services.rooms.lines().clone());
    let (timeout, at_once) = (services.settings.timeout, services.settings.max_connections);
    let services = Arc::new(services);
    let shared = Shared {
        for_operators: for_operators(Arc::clone(&services)),
        router: router(services, pages),
        turns: Arc::new(Semaphore::new(at_once)),
        timeout,
    };
    let most = at_once.saturating_add(FURTHER_CONNECTIONS);
    while let Some(accepted) = stop.run_until_cancelled(accept(&doors, &lines, most)).await {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                let _ = stop.run_until_cancelled(tokio::time::sleep(ACCEPT_PAUSE)).await;
                continue;
            }
        };
        let (shared, stop, line) = (shared.clone(), stop.clone(), lines.open());
        running.spawn(async move {
            let given_up = line.given_up.clone();
            given_up.run_until_cancelled(connection(stream, peer, shared, line, stop.cancelled())).await;
        });
    }
    drop(doors);
    running.close();
    running.wait().await;
}

async fn accept(doors: &Doors, lines: &Lines, most: usize) -> io::Result<(Stream, Peer)> {
    loop {
        let accepted = listener::accept(doors.listeners()).await;
        match accepted {
            Ok(accepted) => {
                lines.fewer_than(most).await;
                // An IPv4 peer of an IPv6 socket is still that IPv4 peer.
                let address = accepted.peer.map(|peer| peer.ip().to_canonical());
                return Ok((accepted.stream, Peer { address, door: doors.door(accepted.listener) }));
            }
            // The peer went away before it was its turn.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
            }
            Err(error) => return Err(error),
        }
    }
}

async fn connection(stream: Stream, peer: Peer, shared: Shared, line: Arc<Line>, stopped: impl Future<Output = ()>) {
    let timeout = shared.timeout;
    let service = {
        let line = line.clone();
        service_fn(move |request| answer(request, peer, shared.clone(), line.clone()))
    };
    // Answers are small and written whole: waiting for more to send would only delay them.
    if let Either::Left(tcp) = &stream {
        let _ = tcp.set_nodelay(true);
    }
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(READ_AHEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let first_head = async {
        tokio::time::sleep(FIRST_HEAD_TIMEOUT).await;
        if !line.is_new() {
            std::future::pending::<()>().await;
        }
    };
    let result = tokio::select! {
        result = &mut connection => result,
        () = first_head => return,
        () = stopped => end(&mut connection, timeout).await,
        () = tokio::time::sleep(CONNECTION_LIFE) => end(&mut connection, timeout).await,
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection broke");
    }
    // Closing over unread bytes resets the connection, and the last answer may be lost with it.
    let mut stream = connection.into_parts().io.into_inner();
    let _ = tokio::time::timeout(LINGER, async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    })
    .await;
}

/// Lets the request under way end. It has `timeout` to be read and as long at most to be answered.
async fn end<S, B>(connection: &mut http1::Connection<TokioIo<Stream>, S>, timeout: Duration) -> hyper::Result<()>
where
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Pin::new(&mut *connection).graceful_shutdown();
    tokio::time::timeout(timeout * 2, connection).await.unwrap_or(Ok(()))
}

/// Answers a request when it is its turn.
async fn answer(
    mut request: Request<Incoming>,
    peer: Peer,
    shared: Shared,
    line: Arc<Line>,
) -> Result<Response<Body>, Infallible> {
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(line.clone());
    let turn = if WATCHED.contains(&request.uri().path()) {
        None
    } else {
        line.is_queued();
        shared.turns.acquire_owned().await.ok()
    };
    line.is_busy();
    let router = match peer.door {
        Door::Everybody | Door::Proxy => shared.router,
        Door::Operators => shared.for_operators,
    };
    let response = router.oneshot(request).await;
    drop(turn);
    line.is_idle();
    response
}
