//! `sql` against a real PostgreSQL: counts are the truth, labels are values, nothing is changed, and errors name the line.

pub mod postgres;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use davy::report::Document;
use postgres::{PASSWORD, Postgres};

/// A request every 60 ms for an hour in either version, 1,000 a minute. In each minute 10 of version 41 fail, and 60 of 42. One
/// version is called as nobody should call it.
const REQUESTS: &str = r#"
CREATE TABLE requests (at timestamptz NOT NULL, version text NOT NULL, status int NOT NULL, latency_ms float8);
INSERT INTO requests
SELECT timestamptz '2026-03-01 12:00:00Z' + n * interval '60 ms', version,
       CASE WHEN n % 1000 < CASE version WHEN '41' THEN 10 ELSE 60 END THEN 503 ELSE 200 END,
       CASE WHEN n % 7 = 0 THEN NULL ELSE 80 + n % 13 END
FROM generate_series(0, 59999) AS n, unnest(ARRAY['41', '42', $v$x' OR '1'='1$v$]) AS version;
"#;

const QUERY: &str = "
        SELECT date_bin(${step}, at, ${from}) AS time, count(*) AS requests,
               count(*) FILTER (WHERE status >= 500) AS errors
        FROM requests
        WHERE at >= ${from} AND at < ${to} AND version = ${version}
        GROUP BY date_bin(${step}, at, ${from})
";

/// A folder with a configuration.
struct Shop(tempfile::TempDir);

impl Shop {
    fn new(sql: &str, versions: [&str; 2], query: &str, metrics: &str) -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        let quoted = versions.map(|version| serde_json::to_string(version).unwrap());
        let text = format!(
            "name: store\narms: {{ baseline: {{ version: {} }}, canary: {{ version: {} }} }}\n\
             window: {{ from: \"2026-03-01T12:00:00Z\", to: \"2026-03-01T13:00:00Z\", step: 1m }}\n\
             sources:\n  store:\n    sql:\n{sql}      query: |\n{query}\nmetrics:\n{metrics}",
            quoted[0], quoted[1]
        );
        fs::write(shop.path("canary.yaml"), text).unwrap();
        shop
    }

    /// One that counts errors.
    fn of_rate(sql: &str, versions: [&str; 2], query: &str) -> Shop {
        let metrics = "  errors: { rate: { bad: errors, total: requests } }\n\
                       criteria:\n  - { metric: errors, pass: \"<= baseline + 0.5pp\" }\n";
        Shop::new(sql, versions, query, metrics)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn davy(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_davy"));
        command.args(arguments).current_dir(self.0.path()).env("STORE_PASSWORD", PASSWORD).env("WRONG", "s3cret-wrong");
        let output = command.env_remove("NO_PASSWORD").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert!(!stdout.contains("s3cret") && !stderr.contains("s3cret"), "{stdout}{stderr}");
        (output.status.code().unwrap_or(-1), stdout, stderr)
    }

    fn judge(&self) -> Document {
        let (code, stdout, stderr) = self.davy(&["judge", "canary.yaml", "--format", "json"]);
        assert!([0, 10, 11].contains(&code), "{code}: {stderr}");
        Document::read(&stdout).unwrap()
    }

    /// The message of a judgement that did not come about.
    fn fails(&self, code: i32) -> String {
        let (got, stdout, stderr) = self.davy(&["judge", "canary.yaml"]);
        assert_eq!(got, code, "{stdout}{stderr}");
        stderr
    }
}

fn with_password(url: &str) -> String {
    format!("      url: \"{url}\"\n      password_env: STORE_PASSWORD\n")
}

#[test]
fn counts_are_the_truth_and_a_recording_asks_nobody() {
    let Some(server) = Postgres::start(REQUESTS) else { return };
    let shop = Shop::of_rate(&with_password(&server.url()), ["41", "42"], QUERY);
    let (code, first, stderr) = shop.davy(&["judge", "canary.yaml", "--format", "json", "--record", "kept"]);
    assert_eq!(code, 10, "{stderr}");
    let document = Document::read(&first).unwrap();
    assert!(document.summary.contains("3,600 of 60,000 against 600 of 60,000"), "{}", document.summary);
    fs::write(shop.path("secret"), PASSWORD).unwrap();
    let by_file = format!("      url: \"{}\"\n      password_file: secret\n", server.url());
    let by_socket = format!("      url: \"{}\"\n", server.socket());
    for sql in [by_file, by_socket] {
        assert_eq!(
            Shop::of_rate(&sql.replace("secret", &shop.path("secret").display().to_string()), ["41", "42"], QUERY)
                .judge()
                .summary,
            document.summary
        );
    }
    drop(server);
    let (code, again, stderr) = shop.davy(&["replay", "kept", "--format", "json"]);
    assert_eq!(code, 10, "{stderr}");
    assert_eq!(document.findings, Document::read(&again).unwrap().findings);
    for entry in fs::read_dir(shop.path("kept")).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        assert!(!fs::read_to_string(entry.path()).unwrap().contains("s3cret"), "{:?}", entry.path());
    }
    assert!(shop.fails(69).contains("no server listens there"), "the store is asked when it is judged");
}

#[test]
fn single_requests_gaps_and_one_query_for_both_arms() {
    let Some(server) = Postgres::start(REQUESTS) else { return };
    let query = "        SELECT at AS time, version, latency_ms FROM requests WHERE at >= ${start} AND at < ${end}\n";
    let sql = with_password(&server.url()) + "      arm: { column: version, baseline: \"41\", canary: \"42\" }\n";
    let metrics = "  latency: { values: { value: latency_ms, unit: ms } }\n\
                   criteria:\n  - { metric: latency, statistic: p95, pass: \"<= baseline + 10%\" }\n";
    let document = Shop::new(&sql, ["41", "42"], query, metrics).judge();
    let counted = server.run("SELECT to_char(count(latency_ms), 'FM999,999') FROM requests WHERE version = '42'");
    assert_eq!(counted, "51,428", "a gap is no request of zero ms");
    let expected = format!("p95 92 ms against 92 ms over {counted} against {counted} requests");
    assert!(document.summary.contains(&expected), "{expected}: {}", document.summary);
}

/// Whatever stands in a label is a value: it matches the rows that have it, changes nothing and names no other row.
#[test]
fn labels_are_values_whatever_stands_in_them() {
    let Some(server) = Postgres::start(REQUESTS) else { return };
    let document = Shop::of_rate(&with_password(&server.url()), ["41", "x' OR '1'='1"], QUERY).judge();
    assert!(document.summary.contains("3,600 of 60,000 against 600 of 60,000"), "{}", document.summary);
    for version in
        ["'; DROP TABLE requests; --", "42'--", "$1", "42\\", "${version}", "42; SELECT 1", "4\u{301}2", "\" OR 1"]
    {
        let version = version.replace('$', "$$");
        let shop = Shop::of_rate(&with_password(&server.url()), ["41", &version], QUERY);
        let (code, _, stderr) = shop.davy(&["judge", "canary.yaml"]);
        assert!([11, 64].contains(&code), "{version} has no row: {code} {stderr}");
    }
    assert_eq!(server.run("SELECT count(*) FROM requests"), "180000");
}

#[test]
fn nothing_is_changed() {
    let Some(server) = Postgres::start(&format!("{REQUESTS}CREATE SEQUENCE s;")) else { return };
    let cases = [
        (
            "WITH gone AS (DELETE FROM requests RETURNING at) SELECT at FROM gone WHERE ${version} <> ''",
            "read-only transaction",
        ),
        ("SELECT nextval('s'), now() AS time, ${version} AS v", "read-only transaction"),
        ("DELETE FROM requests WHERE version = ${version}", "gives no rows"),
        ("SELECT now() AS time, set_config('transaction_read_only', 'off', true), ${version} AS v", "read-write mode"),
        ("SELECT ${version} AS v; DROP TABLE requests", "cannot insert multiple commands"),
        ("COMMIT", "gives no rows"),
    ];
    for (query, expected) in cases {
        let shop = Shop::of_rate(&with_password(&server.url()), ["41", "42"], &format!("        {query}\n"));
        // without a name of an arm both arms are the same rows
        let message = shop.fails(69);
        assert!(message.contains(expected), "{query}: {message}");
    }
    assert_eq!(server.run("SELECT count(*) FROM requests"), "180000");
    assert_eq!(server.run("SELECT is_called FROM s"), "f");
}

#[test]
fn what_goes_wrong_is_said_with_the_line_and_the_remedy() {
    let Some(server) = Postgres::start(REQUESTS) else { return };
    let rows = "SELECT at AS time, 1 AS errors, 2 AS requests FROM requests WHERE version = ${version}";
    let typed = |value: &str| {
        format!(
            "SELECT timestamptz '2026-03-01 12:00Z' AS time, {value} AS errors, 9 AS requests WHERE ${{version}} <> ''"
        )
    };
    let cases = [
        (
            69,
            QUERY.replace("FROM requests", "FROM request"),
            "line 3 of the query, `FROM request`: relation \"request\" does not exist",
        ),
        (69, QUERY.replace("status", "sttaus"), "line 2 of the query"),
        (69, QUERY.replace("version =", "version = = "), "(42601)"),
        (69, rows.replace("SELECT", "SELEKT"), "line 1 of the query"),
        (69, "SELECT ${version} + ${from}".into(), "line 1 of the query"),
        (65, rows.replace("1 AS errors", "interval '1 s' AS errors"), "is of the type interval"),
        (65, rows.replace("1 AS errors", "1 AS eror"), "Did you mean \"eror\"?"),
        (65, rows.replace("at AS time", "at AS moment"), "has no column with a usual name for the time"),
        (65, typed("2.5"), "\"2.5\" is not whole"),
        (65, typed("-1"), "\"-1\" is negative"),
        (65, typed("'many'"), "\"many\" is not a number"),
        (65, typed("float8 'infinity'"), "\"inf\" is not finite"),
        (
            65,
            rows.replace("at AS time", "timestamptz 'infinity' AS time"),
            "row 1, column \"time\": holds what cannot be read as timestamptz: a time without end",
        ),
    ];
    for (code, query, expected) in cases {
        let query = query.lines().map(|line| format!("        {}\n", line.trim())).collect::<String>();
        let query = query.trim_start_matches(' ').trim_start_matches('\n');
        let shop =
            Shop::of_rate(&with_password(&server.url()), ["41", "42"], &format!("        {}", query.trim_start()));
        let message = shop.fails(code);
        assert!(message.contains(expected), "{expected}: {message}");
        assert!(message.contains("PostgreSQL 127.0.0.1/postgres"), "{message}");
    }
}

#[test]
fn a_server_that_does_not_answer_is_named_with_the_remedy() {
    let Some(server) = Postgres::start(REQUESTS) else { return };
    let slow = "        SELECT at AS time, 1 AS errors, 2 AS requests FROM requests WHERE version = ${version} AND pg_sleep(9) IS NOT NULL\n";
    let url = server.url();
    let cases = [
        (
            format!("      url: \"{url}\"\n      password_env: WRONG\n"),
            QUERY,
            "password authentication failed for user \"davy\" (28P01)",
        ),
        (format!("      url: \"{url}\"\n"), QUERY, "Write `password_env: PGPASSWORD`"),
        (
            format!("      url: \"{url}\"\n      password_env: NO_PASSWORD\n"),
            QUERY,
            "NO_PASSWORD, which holds the password, is not set",
        ),
        (with_password(&url.replace("/postgres", "/nowhere")), QUERY, "database \"nowhere\" does not exist"),
        (with_password(&format!("{url}?sslmode=require")), QUERY, "Check that the server speaks TLS"),
        ("      url_env: NO_PASSWORD\n".into(), QUERY, "NO_PASSWORD, which holds the address, is not set"),
        ("      url_env: WRONG\n".into(), QUERY, "WRONG does not begin with `postgresql://`"),
        (with_password(&url) + "      deadline: 1s\n", slow, "was stopped at its deadline of 1s"),
    ];
    for (sql, query, expected) in cases {
        let message = Shop::of_rate(&sql, ["41", "42"], query).fails(69);
        assert!(message.contains(expected), "{expected}: {message}");
    }
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("postgresql://davy@{}/postgres", silent.local_addr().unwrap());
    let message = Shop::of_rate(&(with_password(&nobody) + "      deadline: 1s\n"), ["41", "42"], QUERY).fails(69);
    assert!(message.contains("was stopped at its deadline of 1s"), "{message}");
    let other = QUERY.replace("version = ${version}", "version = '41'");
    let message = Shop::of_rate(&with_password(&url), ["41", "42"], &other).fails(65);
    assert!(message.contains("the same rows"), "{message}");
}

/// The waits between the attempts end before the deadline, so that the failure is said and not the time.
#[test]
fn a_short_deadline_does_not_hide_that_nobody_listens() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sql = with_password(&format!("postgresql://davy@{closed}/postgres")) + "      deadline: 1s\n";
    let message = Shop::of_rate(&sql, ["41", "42"], QUERY).fails(69);
    assert!(message.contains("the connection was refused") && !message.contains("deadline"), "{message}");
}

#[test]
fn an_encrypted_connection_checks_the_certificate() {
    let keys = tempfile::tempdir().unwrap();
    let (key, certificate) = (keys.path().join("server.key"), keys.path().join("server.crt"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=davy", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .output();
    let Ok(made) = made else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "openssl is absent");
        return println!("skipped: openssl is absent");
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    if rustix::process::geteuid().is_root() {
        for path in [keys.path(), &key, &certificate] {
            std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).unwrap();
        }
    }
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_key_file={}", key.display()),
        format!("ssl_cert_file={}", certificate.display()),
    ];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let Some(server) = Postgres::start_with(REQUESTS, &settings) else { return };
    let url = |host: &str| with_password(&format!("{}?sslmode=verify-full", server.url().replace("127.0.0.1", host)));
    let trusted = format!("      ca_file: {}\n", certificate.display());
    let document = Shop::of_rate(&(url("localhost") + &trusted), ["41", "42"], QUERY).judge();
    assert!(document.summary.contains("3,600 of 60,000"), "{}", document.summary);
    for (sql, expected) in [
        (url("localhost"), "certificate"),
        (url("127.0.0.1") + &trusted, "certificate"),
        (url("localhost") + "      ca_file: absent.pem\n", "absent.pem"),
    ] {
        let message = Shop::of_rate(&sql, ["41", "42"], QUERY).fails(69);
        assert!(message.contains(expected) && message.contains("ca_file"), "{message}");
    }
}

/// Every type that a query may give is the number, text or time that PostgreSQL itself prints.
#[test]
fn every_type_is_read_exactly() {
    let Some(server) = Postgres::start("CREATE DOMAIN load AS numeric; CREATE TYPE side AS ENUM ('a', 'b');") else {
        return;
    };
    let numbers = "0, 1, -1, 0.1, -0.05, 123456789.123456789, 10000, 9999.9999, 10000.00001, 1e20, 1e-12, 20000000000000000.5, 0.00012, 100000000";
    let times = [
        "timestamptz '2026-03-01 12:00:30.25Z'",
        "timestamp '2026-03-01 12:00:30.25'",
        "1772366430",
        "1772366430250::int8",
        "'2026-03-01T13:00:30.25+01:00'",
    ];
    let arms = [
        "      arm: { column: side, baseline: a, canary: b }\n",
        "      arm: { column: id, baseline: 6f1c3a52-8d0e-4b7a-9c21-0e5d7f3b9a64, canary: 01234567-89ab-cdef-0123-456789abcdef }\n",
    ];
    for (time, arm) in times.into_iter().zip(arms.into_iter().cycle()) {
        let query = format!(
            "        SELECT {time} AS time, v::text AS as_text, v AS as_numeric, v::load AS as_domain, v::float8 AS as_float, v::float4 AS as_short,\n\
             \x20              n::int2 AS n, n::int4 AS m, NULL::int8 AS gap, 'NaN'::float8 AS nothing, true AS yes, 'a'::side AS side, date '2026-03-01' AS day, '6f1c3a52-8d0e-4b7a-9c21-0e5d7f3b9a64'::uuid AS id, ${{arm}} AS whose\n\
             \x20       FROM unnest(ARRAY[{numbers}]::numeric[]) WITH ORDINALITY AS t(v, n)\n"
        );
        let names = ["as_text", "as_numeric", "as_domain", "as_float", "as_short", "n", "m", "gap", "nothing"];
        let metrics: String =
            names.iter().map(|name| format!("  {name}: {{ values: {{ value: {name}, unit: \"%\" }} }}\n")).collect();
        let criterion =
            |name: &&str| format!("  - {{ metric: {name}, statistic: p50, pass: \"<= baseline + 10%\" }}\n");
        let criteria = format!("criteria:\n{}", names.iter().map(criterion).collect::<String>());
        let shop = Shop::new(&(with_password(&server.url()) + arm), ["41", "42"], &query, &(metrics + &criteria));
        let (code, _, stderr) = shop.davy(&["judge", "canary.yaml", "--record", "kept"]);
        assert_eq!(code, 11, "there is no canary: {stderr}");
        let column = |metric: &str| -> Vec<f64> {
            let kept = fs::read_to_string(shop.path(&format!("kept/series/{metric}.csv"))).unwrap_or_default();
            let own = kept.lines().filter(|line| line.contains(",baseline,"));
            own.map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect()
        };
        let truth: Vec<f64> = numbers.split(", ").map(|text| text.parse().unwrap()).collect();
        for metric in ["as_text", "as_numeric", "as_domain", "as_float"] {
            assert_eq!(column(metric), truth, "{metric} by {time}");
        }
        let short: Vec<f64> = truth.iter().map(|number| (*number as f32).to_string().parse().unwrap()).collect();
        assert_eq!(column("as_short"), short);
        assert_eq!(column("n"), (1..=truth.len()).map(|n| n as f64).collect::<Vec<_>>());
        assert!(column("gap").is_empty() && column("nothing").is_empty());
    }
}

/// Between davy and the server, a connection ends somewhere: the answer is the whole one or none.
#[test]
fn a_connection_that_ends_early_gives_no_answer() {
    let Some(server) = Postgres::start(REQUESTS) else { return };
    let (mut whole, mut none) = (0, 0);
    for most in (0..24).map(|n| 40 + n * n * 16).chain([1 << 20]) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let to = server.port;
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || pass_on(stream, to, most));
            }
        });
        let url = server.url().replace(&server.port.to_string(), &port.to_string());
        let shop = Shop::of_rate(&with_password(&url), ["41", "42"], QUERY);
        let (code, stdout, stderr) = shop.davy(&["judge", "canary.yaml", "--format", "json"]);
        match code {
            10 => {
                whole += 1;
                let summary = Document::read(&stdout).unwrap().summary;
                assert!(summary.contains("3,600 of 60,000 against 600 of 60,000"), "{most}: {summary}");
            }
            69 => none += 1,
            _ => panic!("{most}: {code} {stderr}"),
        }
    }
    assert!(whole > 0 && none > 5, "{whole} whole, {none} none");
}

/// Passes on so many bytes of the server's, and ends.
fn pass_on(mut client: TcpStream, port: u16, most: usize) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Both);
    });
    let (mut left, mut buffer) = (most, [0; 256]);
    while let Ok(read) = server.read(&mut buffer)
        && read > 0
    {
        let some = read.min(left);
        left -= some;
        if client.write_all(&buffer[..some]).is_err() || left == 0 {
            break;
        }
    }
    let _ = client.shutdown(std::net::Shutdown::Both);
}
