//! Who asks over HTTP: certificates, tokens that are given, programs that print them, signatures; for both backends, with real
//! connections on loopback. Secrets are looked for in everything that davy writes.

pub mod server;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::certificates::Certificates;
use crate::heard::Heard;
use server::{Answer, Server, parameters, truth};

pub const SECRET: &str = "s3cret-that-nobody-sees";

/// The two backends, by the begin of their section in a configuration.
const BACKENDS: [&str; 2] = ["prometheus", "http"];

/// A folder with a configuration of one backend.
struct Shop(tempfile::TempDir);

impl Shop {
    /// `login` are further keys of the source.
    fn new(backend: &str, url: &str, login: &str) -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        let (source, metric) = match backend {
            "prometheus" => (
                format!(
                    "prometheus: {{ url: \"{url}\", select: {{ version: \"${{version}}\" }}, deadline: 5s, {login} }}"
                ),
                r#"{ bad: 'http_requests_total{code=~"5.."}', total: http_requests_total }"#,
            ),
            _ => (
                format!(
                    "http: {{ url: \"{url}/query\", parameters: {{ q: \"${{query}}\", from: \"${{from_unix}}\", to: \"${{to_unix}}\" }}, \
                     errors: [\"$.error\"], rows: \"$.points[*]\", columns: {{ time: \"$[0]\", value: \"$[1]\" }}, retries: 0, deadline: 5s, {login} }}"
                ),
                r#"{ bad: 'errors{version="${version}"}', total: 'all{version="${version}"}' }"#,
            ),
        };
        let text = format!(
            "name: gate\nwindow: {{ from: \"2026-03-01T12:00:00Z\", to: \"2026-03-01T13:00:00Z\", step: 1m }}\n\
             arms: {{ baseline: {{ version: \"41\" }}, canary: {{ version: \"42\" }} }}\nsources:\n  store: {{ {source} }}\n\
             metrics:\n  errors: {{ rate: {metric} }}\ncriteria:\n  - {{ metric: errors, pass: \"<= baseline + 0.5pp\" }}\n"
        );
        fs::write(shop.path("canary.yaml"), text).unwrap();
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A program that counts its runs, and what it does then.
    fn program(&self, then: &str) {
        self.write("token.sh", &format!("#!/bin/sh\necho run >> {}\n{then}\n", self.path("runs").display()));
        let mut permissions = fs::metadata(self.path("token.sh")).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        fs::set_permissions(self.path("token.sh"), permissions).unwrap();
    }

    fn runs(&self) -> usize {
        fs::read_to_string(self.path("runs")).unwrap_or_default().lines().count()
    }

    fn davy(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_davy"));
        command.args(arguments).current_dir(self.0.path()).env("DAVY_SECRET", SECRET);
        for (name, value) in [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", SECRET)] {
            command.env(name, value);
        }
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert!(!text.contains(SECRET), "{arguments:?}: {text}");
        (output.status.code().unwrap_or(-1), text)
    }

    /// Judges, and sees that the counts are the true ones.
    fn is_judged(&self) {
        let (code, text) = self.davy(&["judge", "canary.yaml"]);
        assert_eq!(code, 10, "{text}");
        assert!(text.contains("3,600 of 60,000"), "{text}");
    }

    fn fails(&self, expected: &str) {
        let (code, text) = self.davy(&["judge", "canary.yaml"]);
        assert_eq!(code, 69, "{expected}: {text}");
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

/// A server that lets in who has a certificate of this authority.
fn config(certificates: &Certificates) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = |pem: &str| CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(chain(&certificates.ca).remove(0)).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let key = PrivateKeyDer::from_pem_slice(certificates.server.1.as_bytes()).unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_client_cert_verifier(verifier.unwrap());
    Arc::new(builder.with_single_cert(chain(&certificates.server.0), key).unwrap())
}

#[test]
fn a_server_that_asks_for_a_certificate_sees_it_and_trust_is_as_written() {
    let certificates = Certificates::new();
    for backend in BACKENDS {
        let server = Server::start(Some(config(&certificates)), |heard, _| truth(heard));
        let shop = |login: &str| {
            let shop = Shop::new(backend, &server.url(), login);
            certificates.lay(shop.0.path());
            shop
        };
        shop("tls: { ca: ca.pem, cert: client.pem, key: client.key }").is_judged();
        assert!(!server.heard().is_empty());
        let asked = server.heard().len();
        shop("tls: { ca: ca.pem }").fails("the server asks for a certificate of the client");
        shop("tls: { cert: client.pem, key: client.key }").fails("no authority that this machine trusts has signed it");
        shop("tls: { ca: ca.pem, cert: client.pem, key: server.key }")
            .fails("server.key holds the key of another certificate");
        shop("tls: { ca: client.key }").fails("client.key holds no certificate in PEM");
        shop("tls: { ca: ca.pem, cert: client.pem, key: absent.key }")
            .fails("absent.key, which holds the key of `key`");
        let stranger = Certificates::new();
        let other = shop("tls: { ca: ca.pem, cert: client.pem, key: client.key }");
        other.write("client.pem", &stranger.client.0);
        other.write("client.key", &stranger.client.1);
        other.fails("the server does not trust the certificate of `tls: { cert: … }`");
        assert_eq!(server.heard().len(), asked, "who is not let in asks nothing");
    }
}

/// A server of tokens: `token-1`, `token-2` and so on, for a client that says its secret in the header, or only in the body.
fn tokens(in_body: bool, life: &'static str) -> Server {
    let given = AtomicUsize::new(0);
    Server::start(None, move |heard, _| {
        let form = parameters(&heard.body);
        let has = |name: &str, value: &str| form.iter().any(|(key, text)| key == name && text == value);
        let is_known = match in_body {
            true => has("client_id", "davy") && has("client_secret", SECRET),
            // davy:s3cret-that-nobody-sees
            false => heard.header("authorization") == "Basic ZGF2eTpzM2NyZXQtdGhhdC1ub2JvZHktc2Vlcw==",
        };
        if !is_known
            || !has("grant_type", "client_credentials")
            || !has("scope", "read all")
            || !has("audience", "metrics")
        {
            return (
                401,
                format!("{{\"error\":\"invalid_client\",\"error_description\":\"not with {}\"}}", heard.body),
            );
        }
        let number = given.fetch_add(1, Ordering::SeqCst) + 1;
        (200, format!("{{\"access_token\":\"token-{number}\",\"token_type\":\"bearer\"{life}}}"))
    })
}

fn oauth2(tokens: &Server) -> String {
    format!(
        "oauth2: {{ token_url: \"{}/token\", client_id: davy, client_secret_env: DAVY_SECRET, scopes: [read, all], audience: metrics }}",
        tokens.url()
    )
}

/// A server that lets in who has one of these tokens.
fn guarded(accepted: &'static [&'static str]) -> Server {
    Server::start(None, move |heard, _| match accepted.iter().any(|token| is_of(heard, token)) {
        true => truth(heard),
        false => (401, format!("nobody knows {}", heard.header("authorization"))),
    })
}

fn is_of(heard: &Heard, token: &str) -> bool {
    heard.header("authorization") == format!("Bearer {token}")
}

#[test]
fn a_token_of_oauth2_is_kept_until_it_is_over_and_asked_for_again_once() {
    for backend in BACKENDS {
        let (giver, server) = (tokens(false, ",\"expires_in\":3600"), guarded(&["token-1"]));
        Shop::new(backend, &server.url(), &oauth2(&giver)).is_judged();
        assert_eq!(giver.heard().len(), 1, "one token for all questions");
        assert!(server.heard().len() >= 4);

        let (giver, server) = (tokens(true, ""), guarded(&["token-1"]));
        Shop::new(backend, &server.url(), &oauth2(&giver)).is_judged();
        assert_eq!(giver.heard().len(), 2, "first in the header, then in the body");

        let (giver, server) = (tokens(false, ",\"expires_in\":3600"), guarded(&["token-2"]));
        Shop::new(backend, &server.url(), &oauth2(&giver)).is_judged();
        assert_eq!(giver.heard().len(), 2, "one token was refused");

        let (giver, server) = (tokens(false, ",\"expires_in\":3600"), guarded(&["none"]));
        let expected = if backend == "prometheus" { "does not know who asks (HTTP 401)" } else { "HTTP 401" };
        Shop::new(backend, &server.url(), &oauth2(&giver)).fails(expected);
        assert_eq!(giver.heard().len(), 2, "one token again, and no more");

        let (giver, server) =
            (tokens(false, ",\"expires_in\":\"0\""), guarded(&["token-1", "token-2", "token-3", "token-4"]));
        let shop = Shop::new(backend, &server.url(), &oauth2(&giver));
        let _ = shop.davy(&["judge", "canary.yaml"]);
        assert!(giver.heard().len() >= 4, "a token that is over at once is kept for nothing");
    }
}

#[test]
fn a_server_of_tokens_that_gives_none_is_named_with_what_it_says() {
    let cases: [(Answer, &str); 5] = [
        (
            (400, r#"{"error":"invalid_scope","error_description":"no such scope"}"#.into()),
            "gives no token: invalid_scope: no such scope (HTTP 400)",
        ),
        ((200, "<html>Sign in</html>".into()), "answers without an `access_token`"),
        ((200, r#"{"access_token":"abc","token_type":"mac"}"#.into()), "a token of another type than Bearer"),
        ((200, r#"{"access_token":""}"#.into()), "answers without an `access_token`"),
        ((302, String::new()), "redirect (HTTP 302), which is not followed"),
    ];
    for (answer, expected) in cases {
        let giver = Server::start(None, move |_, _| answer.clone());
        let server = guarded(&["abc"]);
        Shop::new("prometheus", &server.url(), &oauth2(&giver)).fails(expected);
        assert!(server.heard().is_empty(), "{expected}");
    }
    let giver = tokens(false, "");
    let server = guarded(&["token-1"]);
    let wrong = oauth2(&giver).replace("audience: metrics", "audience: others");
    Shop::new("http", &server.url(), &wrong).fails("the server of tokens http://localhost");
}

#[test]
fn a_program_prints_the_token_once_and_never_for_a_check_or_a_recording() {
    for backend in BACKENDS {
        let server = guarded(&[SECRET]);
        let shop = Shop::new(backend, &server.url(), "bearer_command: [./token.sh, \"${version}\"]");
        let shop_of_one = Shop::new(backend, &server.url(), "bearer_command: [./token.sh, print]");
        for (shop, runs) in [(&shop_of_one, 1), (&shop, 2)] {
            shop.program(&format!("echo {SECRET}; echo further lines; echo 'a hint' >&2"));
            let (code, text) = shop.davy(&["check", "canary.yaml"]);
            assert_eq!((code, shop.runs()), (0, 0), "{text}");
            shop.is_judged();
            assert_eq!(shop.runs(), runs, "once for each way to be called");
            let (code, text) = shop.davy(&["judge", "canary.yaml", "--record", "kept", "--report", "html=page.html"]);
            assert_eq!((code, shop.runs()), (10, 2 * runs), "{text}");
            let (code, text) = shop.davy(&["replay", "kept"]);
            assert_eq!((code, shop.runs()), (10, 2 * runs), "{text}");
            let marked = fs::read_to_string(shop.path("canary.yaml")).unwrap()
                + "recording: { version: 1, davy: \"0.1.0\", recorded: \"2026-03-01T13:00:00Z\" }\n";
            shop.write("canary.yaml", &marked);
            let (code, text) = shop.davy(&["judge", "canary.yaml"]);
            assert_eq!((code, shop.runs()), (65, 2 * runs), "{text}");
        }
    }
}

#[test]
fn a_program_without_a_token_says_why() {
    let server = guarded(&["token"]);
    let cases = [
        ("echo 'not logged in' >&2; exit 3", "ended with exit code 3. It said: not logged in"),
        ("true", "prints no token"),
        ("echo; echo token", "prints no token"),
        ("echo '{\"token\":\"abc\"}'", "prints JSON or the like"),
        ("echo 'Your token is abc'", "prints a first line with spaces"),
        ("sleep 60", "was stopped after 5 s"),
    ];
    for (then, expected) in cases {
        let shop = Shop::new("http", &server.url(), "bearer_command: [./token.sh]");
        shop.program(then);
        shop.fails(expected);
    }
    Shop::new("prometheus", &server.url(), "bearer_command: [./absent.sh]").fails("cannot be started: there is no");
    assert!(server.heard().is_empty());
}

/// Every way that sends a secret, to a server that repeats all it hears.
#[test]
fn secrets_stand_nowhere_even_if_a_server_repeats_them() {
    let ways = [
        "bearer_env: DAVY_SECRET",
        "bearer_file: secret.txt",
        "bearer_command: [./token.sh]",
        "basic: { user: davy, password_env: DAVY_SECRET }",
        "basic: { user: davy, password_file: secret.txt }",
        "headers_env: { X-Api-Key: DAVY_SECRET }",
        "oauth2: { token_url: \"GIVER\", client_id: davy, client_secret_file: secret.txt }",
    ];
    let giver = Server::start(None, |_, _| (200, format!("{{\"access_token\":\"{SECRET}\"}}")));
    let echo =
        |heard: &Heard| heard.headers.iter().map(|(name, value)| format!("{name}: {value}; ")).collect::<String>();
    for backend in BACKENDS {
        for way in ways {
            let login = way.replace("GIVER", &giver.url());
            let server = Server::start(None, |heard, _| truth(heard));
            let shop = Shop::new(backend, &server.url(), &login);
            shop.write("secret.txt", SECRET);
            shop.program(&format!("echo {SECRET}"));
            let arguments = [
                "-v",
                "judge",
                "canary.yaml",
                "--record",
                "kept",
                "--report",
                "html=page.html",
                "--report",
                "md=page.md",
            ];
            let (code, text) = shop.davy(&arguments);
            assert_eq!(code, 10, "{way}: {text}");
            assert!(server.heard().iter().all(|heard| {
                let sent = echo(heard);
                sent.contains(SECRET) || sent.contains("Basic ZGF2eTpzM2NyZXQtdGhhdC1ub2JvZHktc2Vlcw==")
            }));
            for name in ["kept/canary.yaml", "kept/verdict.json", "kept/series/errors.csv", "page.html", "page.md"] {
                let kept = fs::read_to_string(shop.path(name)).unwrap();
                assert!(!kept.contains(SECRET) && !kept.contains("ZGF2eTpz"), "{way}: {name}");
            }
            for status in [200, 400, 401, 403, 404, 503] {
                let server = Server::start(None, move |heard, _| {
                    let said = echo(heard);
                    (
                        status,
                        format!("{{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"you said {said}\"}}"),
                    )
                });
                let shop = Shop::new(backend, &server.url(), &login.replace("deadline: 5s", "deadline: 1s"));
                shop.write("secret.txt", SECRET);
                shop.program(&format!("echo {SECRET}"));
                let (code, text) = shop.davy(&["-v", "judge", "canary.yaml"]);
                assert!([65, 69].contains(&code), "{way} {status}: {text}");
                assert!(!text.contains("ZGF2eTpz"), "{way} {status}: {text}");
            }
        }
    }
}

#[cfg(not(feature = "aws"))]
#[test]
fn without_the_feature_nothing_is_signed_and_davy_says_so() {
    let server = Server::start(None, |heard, _| truth(heard));
    for backend in BACKENDS {
        let shop = Shop::new(backend, &server.url(), "sigv4: { region: eu-west-1 }");
        shop.fails("was built without the feature `aws`, which signs requests");
    }
    assert!(server.heard().is_empty());
}

#[cfg(feature = "aws")]
pub mod signed;
