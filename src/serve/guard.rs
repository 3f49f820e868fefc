//! Who may ask: whoever knows the token, shows a certificate, or both, as the operator wishes; without either, whoever is on this machine
//! and says so.
//!
//! A page of a browser may send requests to a server on its own machine under another name. So without a token the name that was asked
//! for must be this machine's.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::connections::Caller;
use super::judge::Settings;

/// What is held against requests.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// The digest of the token: comparing digests takes as long however much of a guess is right.
    token: Option<[u8; 32]>,
    /// Whether callers must show a certificate.
    asks_certificates: bool,
}

impl Guard {
    pub(super) fn new(settings: &Settings) -> Guard {
        let asks_certificates = settings.tls.as_ref().is_some_and(|tls| tls.clients.is_some());
        Guard { token: settings.token.as_deref().map(digest), asks_certificates }
    }

    fn admits(&self, request: &Request<Body>) -> Result<(), (StatusCode, &'static str)> {
        // a browser says where a page is from that asks
        let other = |origin: &str| {
            let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            origin.split_once("://").map_or(origin, |(_, host)| host) != host
        };
        let origin = request.headers().get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null"));
        if origin.is_some_and(other) {
            return Err((StatusCode::FORBIDDEN, "a page from elsewhere asks, and may not\n"));
        }
        let is_certified = request.extensions().get::<Caller>().is_some_and(|caller| caller.is_certified);
        if self.asks_certificates && !is_certified {
            let why = "show a certificate of the client that one of --client-ca has signed\n";
            return Err((StatusCode::UNAUTHORIZED, why));
        }
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        match &self.token {
            Some(wanted) => {
                let given = header(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
                match given.map(digest) {
                    Some(given) if given == *wanted => Ok(()),
                    _ => Err((
                        StatusCode::UNAUTHORIZED,
                        "send `Authorization: Bearer TOKEN` with the token of DAVY_TOKEN\n",
                    )),
                }
            }
            None if self.asks_certificates => Ok(()),
            None => {
                let host = header(header::HOST).unwrap_or_default();
                let name = host.rsplit_once(':').map_or(host, |(name, port)| {
                    if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
                });
                match name {
                    "localhost" | "127.0.0.1" | "[::1]" => Ok(()),
                    _ => Err((
                        StatusCode::FORBIDDEN,
                        "ask for localhost, or start davy with DAVY_TOKEN or --client-ca\n",
                    )),
                }
            }
        }
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Lets a request through, or not. Whether the server lives is no secret.
pub(super) async fn hold(State(guard): State<Guard>, request: Request<Body>, next: Next) -> Response {
    let is_open = ["/healthz", "/readyz"].contains(&request.uri().path());
    match guard.admits(&request) {
        Err((status, why)) if !is_open => (status, why).into_response(),
        _ => next.run(request).await,
    }
}
