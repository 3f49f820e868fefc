//! Which path asks what, and the life of the server: it listens, answers, and ends when what is judged is judged.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post, put};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::sync::watch::Receiver;
use tokio::time::timeout;

use super::analyses::Analyses;
use super::answers::Answers;
use super::canaries::Canaries;
use super::connections::{Encryption, Refused};
use super::desk::Desk;
use super::guard::{self, Guard};
use super::judge::{Judge, Settings};
use super::watches::Watches;
use super::{connections, flagger, kayenta, pages, prometheus, standalone, tls, verdicts, watching};

/// The largest request.
const MOST_BYTES: usize = 64 * 1024;
/// The largest request that brings series.
const MOST_SERIES_BYTES: usize = 16 * 1024 * 1024;
/// So many of those at once; more of them wait.
const MOST_SERIES: usize = 16;
/// How long sources have to stop, when they must.
const LAST: Duration = Duration::from_secs(1);

pub(super) async fn serve(settings: Settings, judge: Arc<dyn Judge>) -> Result<(), String> {
    let said = Arc::clone(&judge);
    let follow = |tls| tls::follow(tls, move |message| said.log(message));
    let encryption = settings.tls.clone().map(follow).transpose()?;
    let answers = Arc::new(Answers::open(Arc::clone(&judge), &settings)?);
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}. Write another `--listen`", settings.listen))?;
    let at = listener.local_addr().unwrap_or(settings.listen);
    let scheme = if encryption.is_some() { "https" } else { "http" };
    judge.log(&format!("listening on {scheme}://{at}"));
    let guard = Guard::new(&settings);
    let canaries = Arc::new(Canaries::new(Arc::clone(&answers)));
    let analyses = Analyses::open(Arc::clone(&answers), Arc::clone(&canaries));
    let wish = wish(Arc::clone(&answers));
    let watches = Watches::open(Arc::clone(&answers));
    let (wait, end, checked) = (settings.wait, wish.clone(), Arc::default());
    let desk = Desk { answers: Arc::clone(&answers), watches, canaries, analyses, checked, wait, end };
    let app = paths(desk).layer(DefaultBodyLimit::max(MOST_BYTES)).layer(from_fn_with_state(guard, guard::hold));
    let refused = Refused::new(Arc::clone(&judge));
    let encryption = encryption.map(|current| Encryption { current, refused });
    let hall = connections::serve(listener, encryption, app, wish).await;
    let settled = async {
        hall.empty().await;
        answers.rest().await;
    };
    if timeout(settings.grace, settled).await.is_err() && answers.running() > 0 {
        judge.log("what is still judged is broken off");
        judge.stop();
        let _ = timeout(LAST, answers.rest()).await;
    }
    judge.log("ended");
    Ok(())
}

/// Hears when somebody wants an end. From then on nothing is begun that waits for its turn.
fn wish(answers: Arc<Answers>) -> Receiver<bool> {
    let (wished, wish) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        end().await;
        answers.end();
        wished.send_replace(true);
    });
    wish
}

fn paths(desk: Desk) -> Router {
    let places = Arc::new(Semaphore::new(MOST_SERIES));
    let series = (DefaultBodyLimit::max(MOST_SERIES_BYTES), from_fn_with_state(places, queue));
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
        .route("/v1/watch/{id}", get(watching::find).delete(watching::cancel))
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
        .route("/judge", post(kayenta::remote).layer(series))
        .with_state(desk)
}

/// Lets a few large requests in at once: what is sent and not judged yet is in memory.
async fn queue(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let _place = places.acquire().await;
    next.run(request).await
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
