//! Hooks that are addresses: what is posted, when it is tried again, and that nothing secret is ever said.

use std::net::TcpListener;
use std::time::Duration;

use davy::report::{self, Document};

use super::server::{Listener, Reply};
use super::{Run, Workshop};

/// What must never be read anywhere: it is in the addresses and headers of every test here.
const SECRET: &str = "s3cr3t-t0k3n";

fn on_fail(webhook: &str) -> Workshop {
    Workshop::failing(&format!("hooks: {{ on_fail: {{ webhook: {{ {webhook} }} }} }}\n"))
}

/// A run whose hook posts to a secret address with a secret header, as loudly as davy can be.
fn told(listener: &Listener, more: &str) -> Run {
    let shop = on_fail(&format!("url_env: HOOK, headers_env: {{ Authorization: TOKEN }}, {more}"));
    let url = listener.url(&format!("/{SECRET}?key={SECRET}"));
    shop.fails(&[("HOOK", &url), ("TOKEN", &format!("Bearer {SECRET}"))])
}

/// The one warning of a run, in which as in all the rest there is no secret.
fn warning(run: &Run) -> String {
    assert!(!run.stderr.contains(SECRET) && !run.stdout.contains(SECRET), "{}{}", run.stdout, run.stderr);
    assert!(!run.stderr.contains("the server's own words"), "{}", run.stderr);
    let lines: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_eq!(lines.len(), 1, "{}", run.stderr);
    lines[0].to_owned()
}

const OK: Reply = Reply::Status(200, "");

#[test]
fn the_verdict_is_posted_as_it_is_published() {
    let listener = Listener::start(&[OK]);
    let url = listener.url("/hook?a=b");
    let shop = on_fail(&format!(
        "url: \"{url}\", headers: {{ X-Version: \"v ${{version}}\" }}, headers_env: {{ Authorization: TOKEN }}"
    ));
    let arguments = ["judge", "--hooks", "-v", "--report", "json=report.json"];
    let run = shop.run(&arguments, &[("TOKEN", &format!("Bearer {SECRET}"))]);
    assert_eq!(run.code, 10, "{}", run.stderr);
    let requests = listener.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.line, "POST /hook?a=b HTTP/1.1");
    assert_eq!(request.body, shop.read("report.json"));
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("x-version"), "v 42");
    assert_eq!(request.header("authorization"), format!("Bearer {SECRET}"));
    assert_eq!(request.header("user-agent"), format!("davy/{}", env!("CARGO_PKG_VERSION")));
    assert_eq!(request.header("idempotency-key").len(), 32);
    assert!(
        run.stderr.contains(&format!("info: hook on_fail, POST http://127.0.0.1:{}: done in ", listener.port)),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("/hook") && !run.stderr.contains(SECRET), "{}", run.stderr);
}

#[test]
fn slack_gets_its_message() {
    let listener = Listener::start(&[OK]);
    let shop = on_fail(&format!("url: \"{}\", body: slack", listener.url("/")));
    shop.run(&["judge", "--hooks", "--report", "json=report.json"], &[]);
    let body: serde_json::Value = serde_json::from_str(&listener.requests()[0].body).unwrap();
    let text = report::slack(&Document::read(&shop.read("report.json")).unwrap());
    assert_eq!(body, serde_json::json!({ "text": text }));
    assert!(text.starts_with("*FAIL: checkout*\n") && text.contains("• FAIL errors &lt;= 2%: "), "{text}");
    assert!(text.ends_with("\nRecommendation: Roll back to baseline"), "{text}");
}

#[test]
fn what_may_pass_is_tried_again_with_the_same_key() {
    let listener = Listener::start(&[Reply::Status(500, ""), Reply::Nothing, Reply::Status(503, ""), OK]);
    let run = told(&listener, "retries: 3");
    assert!(!run.stderr.contains("warning:") && !run.stderr.contains(SECRET), "{}", run.stderr);
    assert!(run.stderr.contains("POST $HOOK: the server failed (HTTP 500); again in 0.5 s"), "{}", run.stderr);
    assert!(
        run.stderr.contains("the server closed the connection without an answer; again in 1.0 s"),
        "{}",
        run.stderr
    );
    let requests = listener.requests();
    assert_eq!(requests.len(), 4);
    for request in &requests {
        assert_eq!(request.header("idempotency-key"), requests[0].header("idempotency-key"));
        assert_eq!(request.body, requests[0].body);
    }
    let gaps: Vec<u128> = requests.windows(2).map(|pair| (pair[1].at - pair[0].at).as_millis()).collect();
    assert!(gaps[0] >= 500 && gaps[1] >= 1_000 && gaps[2] >= 2_000, "{gaps:?}");
    let other = Listener::start(&[OK]);
    told(&other, "retries: 0");
    assert_ne!(other.requests()[0].header("idempotency-key"), requests[0].header("idempotency-key"));
}

#[test]
fn after_the_last_attempt_it_is_a_warning() {
    let listener = Listener::start(&[Reply::Status(502, "")]);
    let warning = warning(&told(&listener, "retries: 1"));
    let expected = "warning: hook on_fail, POST $HOOK: the server failed (HTTP 502), at the last of 2 attempts (";
    assert!(warning.starts_with(expected), "{warning}");
    assert_eq!(listener.requests().len(), 2);
}

#[test]
fn a_server_says_when_it_may_be_asked_again() {
    let listener = Listener::start(&[Reply::Status(429, "retry-after: 2\r\n"), OK]);
    let run = told(&listener, "retries: 1");
    assert!(run.stderr.contains("(HTTP 429); again in 2.0 s"), "{}", run.stderr);
    let requests = listener.requests();
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(2));
    let date = "retry-after: Fri, 01 Jan 2016 00:00:00 GMT\r\n";
    let listener = Listener::start(&[Reply::Status(429, date), OK]);
    let run = told(&listener, "retries: 1");
    assert!(run.stderr.contains("(HTTP 429); again in 0.0 s"), "{}", run.stderr);
}

#[test]
fn what_will_not_pass_is_final() {
    for (status, said) in [
        (400, "the server refused it (HTTP 400)"),
        (401, "the server does not allow it (HTTP 401)"),
        (404, "the server knows no such address (HTTP 404)"),
        (302, "the server answers with a redirect (HTTP 302), which is not followed"),
        (307, "the server answers with a redirect (HTTP 307), which is not followed"),
    ] {
        let elsewhere = Listener::start(&[OK]);
        let to: &'static str = format!("location: {}\r\n", elsewhere.url(&format!("/{SECRET}"))).leak();
        let listener = Listener::start(&[Reply::Status(status, to)]);
        let warning = warning(&told(&listener, "retries: 3"));
        assert!(warning.starts_with(&format!("warning: hook on_fail, POST $HOOK: {said}")), "{warning}");
        assert_eq!((listener.requests().len(), elsewhere.requests().len()), (1, 0), "{status}");
    }
}

#[test]
fn nobody_there_and_nobody_answering_are_told_apart() {
    let late = Listener::start(&[Reply::Late(Duration::from_secs(20))]);
    let run = told(&late, "timeout: 300ms, retries: 1");
    assert!(
        warning(&run).contains("POST $HOOK: no answer within 300ms, at the last of 2 attempts ("),
        "{}",
        run.stderr
    );
    assert!(run.took < Duration::from_secs(8), "{:?}", run.took);
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = Listener::start(&[OK]);
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let run = told(&Listener { port, ..listener }, "retries: 1");
    assert!(
        warning(&run).contains("POST $HOOK: no server listens there: the connection was refused, at the last of 2"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_answer_without_end_does_not_hold_it() {
    let listener = Listener::start(&[Reply::Endless]);
    let run = told(&listener, "timeout: 2s, retries: 0");
    assert!(!run.stderr.contains("warning:") && !run.stderr.contains(SECRET), "{}", run.stderr);
}

#[test]
fn variables_are_read_when_it_runs_and_never_shown() {
    let listener = Listener::start(&[OK]);
    let shop = on_fail("url_env: HOOK, headers_env: { X-Api-Key: TOKEN }");
    let (url, whole) = (listener.url(&format!("/{SECRET}")), format!("https://{SECRET}@example.com/"));
    let two = format!("{SECRET}\nX-Other: 1");
    for (hook, token, said) in [
        (None, Some("x"), "POST $HOOK: the environment variable HOOK is not set ("),
        (Some(""), Some("x"), "POST $HOOK: the environment variable HOOK is empty ("),
        (Some(url.as_str()), None, "POST $HOOK: the environment variable TOKEN is not set ("),
        (Some(&url), Some(two.as_str()), "POST $HOOK: the value of $TOKEN cannot be that of the header X-Api-Key: "),
        (
            Some(SECRET),
            Some("x"),
            "POST $HOOK: the address in $HOOK begins neither with `https://` nor with `http://` (",
        ),
        (Some(&whole), Some("x"), "POST $HOOK: the address in $HOOK holds a user or a password ("),
    ] {
        let environment: Vec<(&str, &str)> =
            [("HOOK", hook), ("TOKEN", token)].into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let run = shop.fails(&environment);
        assert!(warning(&run).contains(said), "{said}\n{}", run.stderr);
    }
    assert_eq!(listener.requests().len(), 0);
    let run = shop.run(&["judge", "--hooks", "-v", "--record", "rec"], &[("HOOK", &url), ("TOKEN", SECRET)]);
    assert!(!run.stderr.contains(SECRET) && listener.requests().len() == 1, "{}", run.stderr);
    assert!(!shop.read("rec/canary.yaml").contains(SECRET) && !shop.read("rec/verdict.json").contains(SECRET));
}

#[test]
fn an_interrupt_does_not_wait_for_a_server() {
    let late = Listener::start(&[Reply::Late(Duration::from_secs(60))]);
    let shop = on_fail(&format!("url: \"{}\", timeout: 50s", late.url("/")));
    let mut davy = shop
        .davy(&["judge", "--hooks", "--format", "json"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while late.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::process::Command::new("kill").args(["-INT", &davy.id().to_string()]).status().unwrap();
    let mut stderr = String::new();
    std::io::Read::read_to_string(davy.stderr.as_mut().unwrap(), &mut stderr).unwrap();
    assert_eq!(davy.wait().unwrap().code(), Some(10));
    assert!(stderr.contains("given up, because davy was interrupted ("), "{stderr}");
}

#[test]
fn no_webhook_reaches_the_credentials_of_the_machine() {
    // literals, an address of IPv4 inside of one of IPv6, a number that only the resolver reads as an address, a name
    let addresses = [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://metadata.google.internal/",
    ];
    let refused = "link-local or a metadata service";
    for address in addresses {
        let run = on_fail("url_env: HOOK, timeout: 2s, retries: 0").fails(&[("HOOK", address)]);
        assert!(warning(&run).contains(refused), "{address}: {}", run.stderr);
        assert!(warning(&run).contains("allow_link_local: true"), "{address}: {}", run.stderr);
    }
    let written = on_fail("url: \"http://169.254.169.254/\"").run(&["check"], &[]);
    assert!(written.code == 78 && written.stderr.contains(refused), "{}", written.stderr);
    let allowed = on_fail("url_env: HOOK, timeout: 1s, retries: 0, allow_link_local: true");
    let run = allowed.fails(&[("HOOK", "http://169.254.169.254:9/")]);
    assert!(!run.stderr.contains(refused), "{}", run.stderr);
}
