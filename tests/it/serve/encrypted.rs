//! TLS and mTLS with real connections on loopback: who is let in, who is not, and what happens when certificates change.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};

use super::{Heard, Server};
use crate::certificates::Certificates;
use crate::shell::Shell;

const TLS: [&str; 4] = ["--tls-cert", "server.pem", "--tls-key", "server.key"];
const MUTUAL: [&str; 6] = ["--tls-cert", "server.pem", "--tls-key", "server.key", "--client-ca", "ca.pem"];
const TOKEN: &str = "a-token-of-24-characters";

fn server(certificates: &Certificates, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
    let shell = Shell::new();
    certificates.lay(&shell.path(""));
    Server::with(shell, arguments, variables)
}

/// Asks as somebody who trusts an authority, and shows a certificate or none. What goes wrong on the way is an error in words.
fn ask(
    server: &Server,
    path: &str,
    authority: &Certificates,
    shown: Option<&(String, String)>,
    token: Option<&str>,
) -> Result<Heard, String> {
    ask_as(server, path, client(authority, shown), token).map(|(heard, _)| heard)
}

/// Somebody who trusts an authority, and shows a certificate or none.
fn client(authority: &Certificates, shown: Option<&(String, String)>) -> Arc<ClientConfig> {
    let chain = |pem: &str| CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(chain(&authority.ca).remove(0)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    Arc::new(match shown {
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain(certificate), key).unwrap()
        }
        None => builder.with_no_client_auth(),
    })
}

/// Asks as a client, and tells how it was let in.
fn ask_as(
    server: &Server,
    path: &str,
    client: Arc<ClientConfig>,
    token: Option<&str>,
) -> Result<(Heard, Option<HandshakeKind>), String> {
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(client, name).unwrap();
    let socket = TcpStream::connect(&server.at).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = StreamOwned::new(connection, socket);
    let token = token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{token}\r\n", server.at);
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => Err(error.to_string()),
        _ => Ok((Heard::read(answer), stream.conn.handshake_kind())),
    }
}

#[test]
fn an_encrypted_server_answers_who_trusts_it() {
    let (own, other) = (Certificates::new(), Certificates::new());
    let server = server(&own, &TLS, &[]);
    let heard = ask(&server, "/metrics", &own, None, None).unwrap();
    assert_eq!((heard.status, heard.body.ends_with("# EOF\n")), (200, true));
    let wrong = ask(&server, "/metrics", &other, None, None);
    assert!(wrong.as_ref().is_err_and(|why| why.contains("UnknownIssuer")), "{:?}", wrong.map(|heard| heard.status));
    // who does not encrypt hears nothing, and disturbs nobody
    let mut plain = TcpStream::connect(&server.at).unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut heard = Vec::new();
    let _ = plain.read_to_end(&mut heard);
    assert!(!String::from_utf8_lossy(&heard).contains("HTTP/1.1"), "{heard:?}");
    assert_eq!(ask(&server, "/healthz", &own, None, None).unwrap().status, 200);
}

#[test]
fn a_certificate_of_the_client_is_the_proof_instead_of_a_token() {
    let (own, other) = (Certificates::new(), Certificates::new());
    let every: Vec<&str> = MUTUAL.into_iter().chain(["--listen", "0.0.0.0:0"]).collect();
    // other machines may ask with it
    let refused = Shell::new();
    own.lay(&refused.path(""));
    refused.write("configs/x.yaml", "{}");
    let without: Vec<&str> = TLS.into_iter().chain(["--listen", "0.0.0.0:0"]).collect();
    refused.expect(2, &[&["serve", "--configs", "configs"], without.as_slice()].concat()).says(&["without a token"]);
    let mut server = server(&own, &every, &[]);
    server.at = server.at.replace("0.0.0.0", "127.0.0.1");
    let status = |shown| ask(&server, "/metrics", &own, shown, None).map(|heard| heard.status);
    assert_eq!(status(Some(&own.client)), Ok(200));
    let none = ask(&server, "/metrics", &own, None, None).unwrap();
    assert!(none.status == 401 && none.body.contains("show a certificate of the client"), "{}", none.body);
    let stranger = status(Some(&other.client));
    assert!(stranger.as_ref().is_err_and(|why| why.contains("UnknownCA")), "{stranger:?}");
    let line = server.said.lock().unwrap().recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(line.contains("127.0.0.1: its certificate is refused: UnknownIssuer"), "{line}");
    let expired = status(Some(&own.expired));
    assert!(expired.as_ref().is_err_and(|why| why.contains("CertificateExpired")), "{expired:?}");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(ask(&server, path, &own, None, None).unwrap().status, 200, "probes have no certificate");
    }
}

#[test]
fn every_connection_shows_its_certificate_again() {
    let certificates = Certificates::new();
    let server = server(&certificates, &MUTUAL, &[]);
    let client = client(&certificates, Some(&certificates.client));
    for _ in 0..3 {
        let (heard, kind) = ask_as(&server, "/metrics", Arc::clone(&client), None).unwrap();
        assert_eq!((heard.status, kind), (200, Some(HandshakeKind::Full)));
    }
}

#[test]
fn with_a_token_and_certificates_callers_need_both() {
    let own = Certificates::new();
    let server = server(&own, &MUTUAL, &[("DAVY_TOKEN", TOKEN)]);
    for (shown, token, status) in [
        (Some(&own.client), Some(TOKEN), 200),
        (Some(&own.client), None, 401),
        (Some(&own.client), Some("a-token-that-is-wrong"), 401),
        (None, Some(TOKEN), 401),
    ] {
        let heard = ask(&server, "/metrics", &own, shown, token).unwrap();
        assert_eq!(heard.status, status, "{}", heard.body);
    }
    let tls = self::server(&own, &TLS, &[("DAVY_TOKEN", TOKEN)]);
    for (token, status) in [(Some(TOKEN), 200), (None, 401)] {
        assert_eq!(ask(&tls, "/metrics", &own, None, token).unwrap().status, status);
    }
}

#[test]
fn certificates_are_read_again_and_wrong_ones_change_nothing() {
    let (old, new) = (Certificates::new(), Certificates::new());
    let server = server(&old, &MUTUAL, &[]);
    let status = |own: &Certificates| ask(&server, "/metrics", own, Some(&own.client), None).map(|heard| heard.status);
    assert!(status(&old) == Ok(200) && status(&new).is_err());
    // the key came first: the two do not belong together yet
    server.shell.write("server.key", &new.server.1);
    let said = || loop {
        let line = server.said.lock().unwrap().recv_timeout(Duration::from_secs(20)).unwrap();
        if line.contains("certificates") {
            return line;
        }
    };
    let line = said();
    assert!(line.contains("--tls-key server.key holds the key of another certificate"), "{line}");
    assert_eq!(status(&old), Ok(200), "the old ones stay in use");
    new.lay(&server.shell.path(""));
    let line = said();
    assert!(line.contains("new connections use the new ones"), "{line}");
    let began = Instant::now();
    while status(&new) != Ok(200) {
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    assert!(status(&old).is_err());
}

#[test]
fn files_that_cannot_be_used_are_said_before_the_server_listens() {
    let own = Certificates::new();
    let shell = Shell::new();
    own.lay(&shell.path(""));
    shell.write("empty.pem", "");
    shell.write("configs/x.yaml", "{}");
    for (arguments, words) in [
        (["none.pem", "server.key", "ca.pem"], ["--tls-cert none.pem", "Write the path of a file"]),
        (["server.pem", "none.key", "ca.pem"], ["--tls-key none.key", "Write the path of a file"]),
        (["server.pem", "server.key", "none.pem"], ["--client-ca none.pem", "Write the path of a file"]),
        (["empty.pem", "server.key", "ca.pem"], ["--tls-cert empty.pem holds no certificate", "vouch for it"]),
        (
            ["server.pem", "client.key", "ca.pem"],
            ["--tls-key client.key holds the key of another", "belongs to server.pem"],
        ),
        (
            ["server.pem", "server.pem", "ca.pem"],
            ["--tls-key server.pem holds no private key", "belongs to server.pem"],
        ),
        (["server.pem", "server.key", "server.key"], ["--client-ca server.key holds no certificate", "who signs"]),
    ] {
        let [certificate, key, clients] = arguments;
        let command = [
            "serve",
            "--configs",
            "configs",
            "--listen",
            "127.0.0.1:0",
            "--tls-cert",
            certificate,
            "--tls-key",
            key,
            "--client-ca",
            clients,
        ];
        let ran = shell.run(&command);
        assert!(ran.code != 0 && !ran.told.contains("listening"), "{arguments:?}: {}", ran.told);
        ran.says(&words);
    }
    for alone in [["--tls-cert", "server.pem"], ["--tls-key", "server.key"], ["--client-ca", "ca.pem"]] {
        shell.expect(2, &[&["serve", "--configs", "configs"], alone.as_slice()].concat());
    }
}
