//! Connections: how many, how long, and how they end when the gateway stops.

use std::{io, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, http::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::ServiceBuilder;

use super::{Services, router};

/// A request's head is there within this time, and a connection is idle no longer.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection takes no new request after this time: one that never reads its answers must end too.
const CONNECTION_LIFE: Duration = Duration::from_mins(10);
/// What accepting waits when the process has no more files to open.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Who is at the other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// Serves the API on `listener` until the services' stop token is cancelled; returns when every request
/// under way is answered and finished. The caller bounds that time.
///
/// More than `http.max_connections` wait to be accepted.
pub async fn serve(listener: TcpListener, services: Services) {
    let (stop, running, timeout) = (services.stop.clone(), services.running.clone(), services.settings.timeout);
    let places = Arc::new(Semaphore::new(services.settings.max_connections));
    let router = router(services);
    while let Some(accepted) = stop.run_until_cancelled(accept(&listener, &places)).await {
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                let _ = stop.run_until_cancelled(tokio::time::sleep(ACCEPT_PAUSE)).await;
                continue;
            }
        };
        let (router, stop) = (router.clone(), stop.clone());
        running.spawn(async move {
            connection(stream, peer, router, timeout, stop.cancelled()).await;
            drop(place);
        });
    }
    drop(listener);
    running.close();
    running.wait().await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, Peer, Option<tokio::sync::OwnedSemaphorePermit>)> {
    let place = places.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            // An IPv4 peer of an IPv6 socket is still that IPv4 peer.
            Ok((stream, address)) => return Ok((stream, Peer(address.ip().to_canonical()), place)),
            // The peer went away before it was its turn.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
            }
            Err(error) => return Err(error),
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    timeout: Duration,
    stopped: impl Future<Output = ()>,
) {
    let named = move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request
    };
    let service = ServiceBuilder::new().map_request(named).service(router);
    // Answers are small and written whole: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
    );
    tokio::select! {
        result = connection.as_mut() => return ended(result),
        () = stopped => {}
        () = tokio::time::sleep(CONNECTION_LIFE) => {}
    }
    connection.as_mut().graceful_shutdown();
    // A request has `timeout` to be read and as long at most to be answered.
    if let Ok(result) = tokio::time::timeout(timeout * 2, connection).await {
        ended(result);
    }
}

fn ended(result: hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "a connection broke");
    }
}
