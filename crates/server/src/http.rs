//! The routes of all features under one set of layers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};

use crate::app::App;
use crate::audit::REQUEST_ID;
use crate::auth::same_site;
use crate::error::Error;
use crate::idempotency;
use crate::metrics::Metrics;
use crate::shell;

/// Largest request body, in bytes: a document with its form.
pub const MAX_BODY: usize = 51 * 1024 * 1024;

/// Everything that Outlay answers.
pub fn router(app: Arc<App>) -> Router {
    let x_request_id = HeaderName::from_static("x-request-id");
    let layers = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(x_request_id.clone(), MakeRequestUuid))
        .layer(PropagateRequestIdLayer::new(x_request_id))
        .layer(middleware::from_fn_with_state(app.clone(), observe))
        .layer(middleware::from_fn_with_state(app.clone(), secure))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn(shell::problems::render))
        .layer(CatchPanicLayer::custom(|_| {
            Error::Broken("a handler panicked".into()).into_response()
        }))
        .layer(middleware::from_fn_with_state(app.clone(), same_site))
        .layer(middleware::from_fn_with_state(app.clone(), idempotency::layer))
        .layer(DefaultBodyLimit::max(MAX_BODY));
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/assets/{*path}", get(shell::assets::get))
        .merge(crate::routes())
        .layer(layers)
        .with_state(app)
}

/// GET /readyz: whether the database answers.
async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Error> {
    let (_,): (i64,) = app
        .db
        .read()
        .one("SELECT n FROM generation WHERE name = 'org'", vec![])
        .await?;
    Ok("ready")
}

/// GET /metrics: Prometheus' text format. No personal data.
async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Error> {
    let mut sql = app.db.read();
    let rows: Vec<(String, i64)> = sql
        .all(
            "SELECT state, COUNT(*) FROM job WHERE state <> 'done' GROUP BY state",
            vec![],
        )
        .await?;
    let of = |state: &str| rows.iter().find(|(s, _)| s == state).map_or(0, |(_, n)| *n);
    let text = app.metrics.text(&[
        ("outlay_jobs_ready", "Jobs waiting.", of("ready")),
        ("outlay_jobs_running", "Jobs running.", of("running")),
        (
            "outlay_jobs_dead",
            "Jobs given up, to be retried by a person.",
            of("dead"),
        ),
    ]);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

/// Gives each request its id for audit and log, and counts it. Paths hold no personal data; queries are not logged.
async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = shell::request_id(request.headers()).to_owned();
    let (method, path, start) = (
        request.method().clone(),
        request.uri().path().to_owned(),
        Instant::now(),
    );
    let response = REQUEST_ID.scope(id.clone(), next.run(request)).await;
    let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    Metrics::count(&app.metrics.requests);
    app.metrics.request_micros.fetch_add(micros, Ordering::Relaxed);
    if response.status().is_server_error() {
        Metrics::count(&app.metrics.failures);
    }
    tracing::info!(request_id = id, %method, path, status = response.status().as_u16(), micros, "request");
    response
}

/// No inline script or style anywhere; nothing from other hosts; framed by nobody.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'";

async fn secure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(self), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        headers
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
    if app.config.tls.is_some() {
        headers.insert(
            "strict-transport-security",
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Listens as configured until `stop` resolves; requests under way are finished.
pub async fn serve(app: Arc<App>, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
    let listen = app.config.listen;
    let handle = axum_server::Handle::new();
    tokio::spawn({
        let (handle, app) = (handle.clone(), app.clone());
        async move {
            stop.await;
            app.live.close();
            handle.graceful_shutdown(Some(Duration::from_secs(10)));
        }
    });
    let service = router(app.clone()).into_make_service_with_connect_info::<std::net::SocketAddr>();
    match &app.config.tls {
        Some(tls) => {
            let config = axum_server::tls_rustls::RustlsConfig::from_pem_chain_file(&tls.certificate, &tls.key).await?;
            axum_server::bind_rustls(listen, config)
                .handle(handle)
                .serve(service)
                .await?;
        }
        None => axum_server::bind(listen).handle(handle).serve(service).await?,
    }
    Ok(())
}
