//! The admin listener: health and metrics, apart from what clients reach.

use std::{convert::Infallible, net::TcpListener as StdListener, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::watch};

use crate::telemetry::{Health, admin};

/// Answers until the server has drained: while it drains, `/readyz` says so.
pub async fn serve(listener: StdListener, health: Health, mut ended: watch::Receiver<bool>) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = ended.wait_for(|ended| *ended) => return Ok(()),
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let health = health.clone();
        tokio::spawn(async move {
            let answers = service_fn(move |request| {
                let response = answer(&request, &health);
                async move { Ok::<_, Infallible>(response) }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
            // A broken connection of a scraper concerns nobody else.
            let _ = builder.serve_connection(TokioIo::new(stream), answers).await;
        });
    }
}

fn answer(request: &Request<Incoming>, health: &Health) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = Response::new(Full::new(Bytes::from_static(b"only GET and HEAD\n")));
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return response;
    }
    let admin::Answer { status, content_type, body } = admin::answer(request.uri().path(), health);
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}
