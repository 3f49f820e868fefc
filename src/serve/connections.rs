//! Connections: each has a place in the hall, time limits for what it sends, and an end that comes when the server's does.
//!
//! hyper reads and writes HTTP. The limits are ours: a head must be whole after [`HEAD`], a body after [`BODY`]. What davy takes to answer is not
//! limited here.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures_util::stream::{self, StreamExt};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::Receiver;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::hall::{Hall, Place};
use super::judge::Judge;
use super::tls::Current;

/// Connections at once. There are descriptors left for sources and files where a process has the usual 1024.
const MOST: u32 = 512;
/// The time until the head of a request must be whole, counted from the connection or from the answer before; also that of a handshake.
const HEAD: Duration = Duration::from_secs(10);
/// The time until the body of a request must be whole.
const BODY: Duration = Duration::from_secs(20);
/// The time that a request which has begun to come has left when the server ends.
const LAST: Duration = Duration::from_secs(1);
/// The time until the system is asked again, if it cannot give a connection.
const AGAIN: Duration = Duration::from_secs(1);

/// Certificates that are refused are said so often at most: who may not in asks again and again.
const SAID: Duration = Duration::from_secs(10);

/// What encrypts connections, and says whose certificates it refuses.
pub(super) struct Encryption {
    pub(super) current: Current,
    pub(super) refused: Arc<Refused>,
}

/// Certificates that were refused.
pub(super) struct Refused {
    judge: Arc<dyn Judge>,
    /// When one was said, and how many came since.
    last: Mutex<(Option<Timestamp>, u64)>,
}

impl Refused {
    pub(super) fn new(judge: Arc<dyn Judge>) -> Arc<Refused> {
        Arc::new(Refused { judge, last: Mutex::default() })
    }

    /// Says a certificate that ended a handshake. Who breaks off by itself, or speaks no TLS, is not said.
    fn hear(&self, from: SocketAddr, error: &std::io::Error) {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let Some(rustls::Error::InvalidCertificate(why)) = inner else { return };
        let now = self.judge.now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0.is_some_and(|at| now.duration_since(at).unsigned_abs() < SAID) {
            last.1 += 1;
            return;
        }
        let more = if last.1 > 0 { format!("; {} more since the last such line", last.1) } else { String::new() };
        *last = (Some(now), 0);
        self.judge.log(&format!("{}: its certificate is refused: {why}{more}", from.ip()));
    }
}

/// What is known of who is connected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    /// Whether it has shown a certificate that the operator trusts.
    pub(super) is_certified: bool,
}

/// Answers whoever connects until `end` says so. In the hall are then those that wait for their answers.
pub(super) async fn serve(
    listener: TcpListener,
    encryption: Option<Encryption>,
    app: Router,
    mut end: Receiver<bool>,
) -> Arc<Hall> {
    let hall = Hall::new(MOST);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = end.wait_for(|wished| *wished) => return hall,
        };
        let Ok((stream, from)) = accepted else {
            sleep(AGAIN).await;
            continue;
        };
        let place = tokio::select! {
            place = hall.place() => place,
            _ = end.wait_for(|wished| *wished) => return hall,
        };
        let encryption = encryption.as_ref().map(|own| {
            let refused = Arc::clone(&own.refused);
            (TlsAcceptor::from(Arc::clone(&own.current.borrow())), move |error: &_| refused.hear(from, error))
        });
        tokio::spawn(meet(stream, encryption, place, app.clone(), end.clone()));
    }
}

/// Encrypts a connection if it must be, and serves it.
async fn meet(
    stream: TcpStream,
    encryption: Option<(TlsAcceptor, impl Fn(&std::io::Error))>,
    place: Arc<Place>,
    app: Router,
    mut end: Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let Some((encryption, refuse)) = encryption else {
        return attend(stream, Caller { is_certified: false }, place, app, end).await;
    };
    let encrypted = tokio::select! {
        encrypted = timeout(HEAD, encryption.accept(stream)) => encrypted,
        () = place.asked_to_leave() => return,
        _ = end.wait_for(|wished| *wished) => return,
    };
    match encrypted {
        Ok(Ok(stream)) => {
            let is_certified = stream.get_ref().1.peer_certificates().is_some_and(|shown| !shown.is_empty());
            attend(stream, Caller { is_certified }, place, app, end).await;
        }
        Ok(Err(error)) => refuse(&error),
        Err(_) => {}
    }
}

/// Serves a connection until one of the sides ends it.
async fn attend(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    caller: Caller,
    place: Arc<Place>,
    app: Router,
    mut end: Receiver<bool>,
) {
    let app = TowerToHyperService::new(app);
    let own = Arc::clone(&place);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (busy, late) = (Busy::new(&own), Arc::<AtomicBool>::default());
        let mut request = request.map(|body| timely(Body::new(body), Arc::clone(&late)));
        request.extensions_mut().insert(caller);
        let answering = app.call(request);
        async move {
            let _busy = busy;
            let mut answer = answering.await?;
            if late.load(Ordering::Relaxed) {
                let why = format!("the body of the request did not come within {} s\n", BODY.as_secs());
                answer = (StatusCode::REQUEST_TIMEOUT, why).into_response();
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let mut serving = pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut is_ending = false;
    loop {
        tokio::select! {
            _ = serving.as_mut() => return,
            () = place.asked_to_leave() => return,
            () = sleep(LAST), if is_ending && place.is_waiting() => return,
            _ = end.wait_for(|wished| *wished), if !is_ending => {
                is_ending = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

/// The same body, which fails if it does not come in time, and says so.
fn timely(body: Body, is_late: Arc<AtomicBool>) -> Body {
    let begun = (body.into_data_stream(), None, is_late);
    Body::from_stream(stream::unfold(begun, |(mut body, end, is_late)| async move {
        // the time begins when somebody reads
        let mut end = end.unwrap_or_else(|| Box::pin(sleep(BODY)));
        let chunk = tokio::select! {
            chunk = body.next() => chunk?,
            () = &mut end => {
                is_late.store(true, Ordering::Relaxed);
                Err(axum::Error::new(std::io::Error::from(std::io::ErrorKind::TimedOut)))
            }
        };
        Some((chunk, (body, Some(end), is_late)))
    }))
}

/// A request that waits for its answer, as long as this lives.
struct Busy(Arc<Place>);

impl Busy {
    fn new(place: &Arc<Place>) -> Busy {
        place.work();
        Busy(Arc::clone(place))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.wait();
    }
}
