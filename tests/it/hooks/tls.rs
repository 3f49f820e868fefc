//! A server whose certificate nobody has signed but itself: it gets nothing.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Workshop;

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn quietly(program: &mut Command) -> &mut Command {
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

#[test]
fn a_certificate_that_nobody_signed_is_not_trusted() {
    if quietly(Command::new("openssl").arg("version")).status().is_err() {
        println!("skipped: there is no openssl");
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let shop = Workshop::failing(&format!(
        "hooks: {{ on_fail: {{ webhook: {{ url: \"https://localhost:{port}/hook\" }} }} }}\n"
    ));
    let (key, certificate) = (shop.path("key.pem"), shop.path("cert.pem"));
    let mut make = Command::new("openssl");
    make.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    make.args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]);
    assert!(quietly(make.arg("-keyout").arg(&key).arg("-out").arg(&certificate)).status().unwrap().success());
    let mut serve = Command::new("openssl");
    serve
        .args(["s_server", "-quiet", "-www", "-accept", &port.to_string()])
        .arg("-key")
        .arg(&key)
        .arg("-cert")
        .arg(&certificate);
    let _server = Server(quietly(&mut serve).spawn().unwrap());
    let end = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "openssl does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    let run = shop.fails(&[]);
    let expected =
        format!("warning: hook on_fail, POST https://localhost:{port}: the server's certificate is not trusted: ");
    let warning = run.stderr.lines().find(|line| line.starts_with("warning:")).unwrap_or_default();
    assert!(warning.starts_with(&expected), "{}", run.stderr);
    assert!(!warning.contains("attempts"), "no other attempt would help: {warning}");
}
