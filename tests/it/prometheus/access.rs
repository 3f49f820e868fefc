//! Who asks: what is sent, what is never shown, and where credentials do not go.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use davy::series::Timestamp;
use davy::source::prometheus::{Asked, Authentication, Measure, Prometheus, Secret, fetch};
use davy::source::{Error, Kind as Failing, Outside};

use super::servers::{counts, of_counts, window};
use super::truth::START;

const TOKEN: &str = "tok3n-that-nobody-sees";

fn asked(asked: &Prometheus, variable: &(dyn Fn(&str) -> Option<String> + Sync)) -> Result<(), Error> {
    let outside = Outside { variable, ..Outside::quiet(Timestamp::UNIX_EPOCH) };
    let (ask, window) = (of_counts(), window(START, START + 600));
    fetch(&[Asked { asked, ask: &ask, window }], &outside).remove(0).map(drop)
}

/// A server that answers every request with the same, and the heads that came.
fn scripted(
    status: &'static str,
    more: &'static str,
    body: &'static str,
) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (to, heads) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                let from = head.len();
                if reader.read_line(&mut head).unwrap_or(0) == 0 {
                    break;
                }
                if let Some(value) = head[from..].to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut asked = vec![0; length];
            let _ = reader.read_exact(&mut asked);
            let _ = to.send(head);
            let head =
                format!("HTTP/1.1 {status}\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    (url, heads)
}

const NOTHING: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;

#[test]
fn tokens_passwords_and_tenants_are_sent_and_shown_nowhere() {
    let (url, heads) = scripted("200 OK", "", NOTHING);
    let mut question = counts(&url, "canary", 60);
    question.access.authentication = Authentication::Bearer(Secret::Variable("TOKEN".into()));
    question.access.headers = vec![("X-Scope-OrgID".into(), Secret::Text("team-a".into()))];
    asked(&question, &|name| (name == "TOKEN").then(|| format!("{TOKEN}\n"))).unwrap();
    let head = heads.recv().unwrap();
    assert!(
        head.contains(&format!("authorization: Bearer {TOKEN}\r\n"))
            && head.to_lowercase().contains("x-scope-orgid: team-a"),
        "{head}"
    );
    question.access.authentication =
        Authentication::Basic { user: "davy".into(), password: Secret::Text(TOKEN.into()) };
    assert!(!format!("{question:?}").contains(TOKEN));
    while heads.try_recv().is_ok() {}
    asked(&question, &|_| None).unwrap();
    assert!(heads.recv().unwrap().contains("authorization: Basic ZGF2eTp0b2szbi10aGF0LW5vYm9keS1zZWVz\r\n"));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "one\ntwo").unwrap();
    question.access.authentication = Authentication::Bearer(Secret::File(file.path().into()));
    let error = asked(&question, &|_| None).unwrap_err().to_string();
    assert!(error.contains("has more than one line") && !error.contains("one\ntwo"), "{error}");
}

#[test]
fn credentials_go_where_nobody_else_reads_them() {
    let mut question = counts("http://metrics.example.com", "canary", 60);
    question.access.authentication = Authentication::Bearer(Secret::Text(TOKEN.into()));
    let error = asked(&question, &|_| None).unwrap_err();
    assert!(error.to_string().contains("others could read the credentials on the way"), "{error}");
    let (url, heads) = scripted("302 Found", "location: http://metrics.example.com/api/v1/query\r\n", "");
    let mut question = counts(&url, "canary", 60);
    question.access.authentication = Authentication::Bearer(Secret::Text(TOKEN.into()));
    let error = asked(&question, &|_| None).unwrap_err();
    assert!(error.to_string().contains("answers with a redirect, which is not followed"), "{error}");
    assert_eq!(heads.try_iter().count(), 1);
    question.access.url = format!("http://davy:{TOKEN}@127.0.0.1:9");
    let error = asked(&question, &|_| None).unwrap_err().to_string();
    assert!(error.contains("its address holds a user or a password") && !error.contains(TOKEN), "{error}");
}

#[test]
fn a_refusal_says_what_to_do() {
    let told = |status, body| {
        let (url, _heads) = scripted(status, "", body);
        asked(&counts(&url, "canary", 60), &|_| None).unwrap_err()
    };
    let error = told("401 Unauthorized", "no");
    assert_eq!(error.kind, Failing::Unreachable);
    assert!(error.to_string().contains("does not know who asks (HTTP 401). Give a token"), "{error}");
    let error = told("404 Not Found", "no").to_string();
    assert!(error.contains("Write the address before `/api/v1`"), "{error}");
    let error = told("400 Bad Request", r#"{"status":"error","errorType":"bad_data","error":"1:5: parse error"}"#);
    assert_eq!(error.kind, Failing::Unreadable);
    assert!(error.to_string().contains("refuses the query: 1:5: parse error"), "{error}");
    let error = told(
        "422 Unprocessable Entity",
        r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory"}"#,
    );
    assert!(error.to_string().contains("--query.max-samples"), "{error}");
    let other =
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up"},"values":[]}]}}"#;
    let error = told("200 OK", other).to_string();
    assert!(error.contains("answers with up{}, which was not asked for"), "{error}");
}

#[test]
fn what_several_questions_ask_is_asked_once() {
    let (url, heads) = scripted("200 OK", "", NOTHING);
    let (one, mut other) = (counts(&url, "canary", 60), counts(&url, "canary", 60));
    other.columns[1].measure = Measure::Counter("timeouts_total{version=\"canary\"}".into());
    let (ask, window) = (of_counts(), window(START, START + 600));
    let questions = [&one, &other, &one].map(|asked| Asked { asked, ask: &ask, window });
    let answers = fetch(&questions, &Outside::quiet(Timestamp::UNIX_EPOCH));
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(heads.try_iter().count(), 3, "one total and two kinds of bad ones");
}
