//! Which path asks what, and the life of the server: it listens, answers, and ends when what is judged is judged.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::analyses::Analyses;
use super::answers::Answers;
use super::canaries::Canaries;
use super::desk::Desk;
use super::guard::{self, Guard};
use super::judge::{Judge, Settings};
use super::watches::Watches;
use super::{flagger, kayenta, pages, prometheus, standalone, verdicts, watching};

/// The largest request.
const MOST_BYTES: usize = 64 * 1024;
/// The largest request that brings series.
const MOST_SERIES_BYTES: usize = 16 * 1024 * 1024;
/// How long a judgement may go on after somebody asked for an end.
const LAST: Duration = Duration::from_secs(15);

pub(super) async fn serve(settings: Settings, judge: Arc<dyn Judge>) -> Result<(), String> {
    let answers = Arc::new(Answers::open(Arc::clone(&judge), settings.keep.clone(), settings.at_once)?);
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}. Write another `--listen`", settings.listen))?;
    let at = listener.local_addr().unwrap_or(settings.listen);
    judge.log(&format!("listening on http://{at}"));
    let guard = Guard::new(settings.token.as_deref());
    let canaries = Arc::new(Canaries::new(Arc::clone(&answers)));
    let (wished, mut wish) = tokio::sync::watch::channel(false);
    let analyses = Analyses::open(Arc::clone(&judge), Arc::clone(&canaries), settings.keep.clone());
    let watches = Watches::open(Arc::clone(&answers), settings.keep);
    let desk =
        Desk { answers: Arc::clone(&answers), watches, canaries, analyses, wait: settings.wait, end: wish.clone() };
    let app = paths(desk).layer(DefaultBodyLimit::max(MOST_BYTES)).layer(from_fn_with_state(guard, guard::hold));
    let graceful = async move {
        end().await;
        wished.send_replace(true);
    };
    // a connection that is half open must not keep the server
    let late = async move {
        let _ = wish.wait_for(|wished| *wished).await;
        tokio::time::sleep(LAST).await;
    };
    let served = tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(graceful).into_future() => served,
        () = late => Ok(()),
    };
    answers.rest(LAST).await;
    judge.log("ended");
    served.map_err(|error| error.to_string())
}

fn paths(desk: Desk) -> Router {
    Router::new()
        .route("/", get(pages::gates))
        .route("/gates/{gate}", get(pages::gate))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(pages::ready))
        .route("/metrics", get(prometheus::metrics))
        .route("/api/v1/query", get(prometheus::query).post(prometheus::query_form))
        .route("/v1/judge", post(verdicts::judge))
        .route("/v1/verdicts/{id}", get(verdicts::find))
        .route("/v1/watch", post(watching::begin))
        .route("/v1/watch/{id}", get(watching::find))
        .route("/v1/watch/{id}/events", get(watching::events))
        .route("/watches/{id}", get(watching::page))
        .route("/flagger/{hook}", post(flagger::hook))
        .route("/canaryConfig", get(kayenta::configs))
        .route("/canaryConfig/{id}", get(kayenta::config))
        .route("/canary", post(kayenta::start_ad_hoc))
        .route("/canary/{id}", get(kayenta::status).post(kayenta::start))
        .route("/standalone_canary_analysis", post(standalone::start_ad_hoc))
        .route("/standalone_canary_analysis/", post(standalone::start_ad_hoc))
        .route("/standalone_canary_analysis/{id}", get(standalone::status).post(standalone::start))
        .route("/pipelines/{id}/cancel", put(kayenta::cancel))
        .route("/judges", get(kayenta::judges))
        .route("/credentials", get(kayenta::credentials))
        .route("/metricsServices", get(kayenta::services))
        .route("/judge", post(kayenta::remote).layer(DefaultBodyLimit::max(MOST_SERIES_BYTES)))
        .with_state(desk)
}

/// Until somebody wants an end.
async fn end() {
    let wished = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = wished(SignalKind::terminate()) => {}
        () = wished(SignalKind::interrupt()) => {}
    }
}
