//! Configurations that come with a request: judged like those of the folder, and kept from everything that the operator did not list.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Heard, Server};
use crate::http::points;
use crate::http::server::{Response, Server as Store};
use crate::shell::Shell;

/// A gate whose store answers a query per column.
fn gate(url: &str) -> String {
    format!(
        "name: own\nwindow: {{ from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }}\n\
         arms: {{ baseline: {{ version: 41 }}, canary: {{ version: 42 }} }}\n\
         sources:\n  store:\n    http:\n      url: \"{url}\"\n\
         \x20     parameters: {{ q: \"${{query}}\", from: \"${{from_unix}}\", to: \"${{to_unix}}\", step: \"${{step_seconds}}\" }}\n\
         \x20     rows: \"$.points[*]\"\n      columns: {{ time: \"$[0]\", value: \"$[1]\" }}\n      retries: 0\n\
         metrics: {{ errors: {{ rate: {{ bad: 'errors ${{version}}', total: 'all ${{version}}' }} }} }}\n\
         criteria: [{{ metric: errors, pass: \"<= baseline + 100%\" }}]\n"
    )
}

fn store() -> Store {
    Store::start(|request, _| Response::json(points(request)))
}

fn listing(kind: &str, store: &Store) -> String {
    format!("{kind}={}", store.url(""))
}

/// The refusal of a question, which is the caller's to mend.
fn refused(heard: &Heard) -> String {
    assert_eq!(heard.status, 422, "{}", heard.body);
    heard.json()["error"].as_str().unwrap().to_owned()
}

#[test]
fn a_configuration_of_a_request_is_judged_once_and_kept_under_its_name_or_its_digest() {
    let store = store();
    let server = Server::start(&["--allow-inline", &listing("http", &store), "--keep", "kept"]);
    let text = gate(&store.url("/query"));
    let heard = server.judge(&json!({ "config": text }));
    let answer = heard.json();
    assert_eq!(
        (heard.status, &answer["verdict"], &answer["decision"]),
        (200, &json!("fail"), &json!("stop")),
        "{answer}"
    );
    let id = answer["id"].as_str().unwrap();
    let (digest, _) = id.strip_prefix('~').unwrap().split_once('-').unwrap();
    assert!(digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert_eq!(server.get(&format!("/v1/verdicts/{id}")).json(), answer);
    // the same as an object, under a name of its own
    let object: Value = json!({
        "name": "own", "window": { "from": "2026-03-01T12:00:00Z", "to": "2026-03-01T13:00:00Z", "step": "1m" },
        "arms": { "baseline": { "version": 41 }, "canary": { "version": "${new}" } },
        "sources": { "store": { "http": {
            "url": store.url("/query"), "rows": "$.points[*]", "columns": { "time": "$[0]", "value": "$[1]" },
            "parameters": { "q": "${query}", "from": "${from_unix}", "to": "${to_unix}", "step": "${step_seconds}" },
        } } },
        "metrics": { "errors": { "rate": { "bad": "errors ${version}", "total": "all ${version}" } } },
        "criteria": [{ "metric": "errors", "pass": "<= baseline + 100%" }],
    });
    for (new, verdict) in [("42", "fail"), ("43", "pass")] {
        let question = json!({ "config": object, "name": "checkout", "args": { "new": new } });
        assert_eq!(server.judge(&question).json()["verdict"], verdict);
    }
    let history = server.get("/gates/~checkout").body;
    assert!(history.contains("1 passed, 1 failed") || history.contains("1 failed, 1 passed"), "{history}");
    let overview = server.get("/").body;
    assert!(overview.contains("/gates/~checkout") && overview.contains(&format!("/gates/~{digest}")), "{overview}");
    assert_eq!(server.get("/gates/~other").status, 404);
    // equal questions are one judgement
    let key = [("Idempotency-Key", "deploy-7")];
    let ask = |config: &str| server.ask("POST", "/v1/judge", &json!({ "config": config }).to_string(), &key);
    assert_eq!(ask(&text).json()["id"], ask(&text).json()["id"]);
    assert_eq!(ask(&text.replace("100%", "300%")).status, 409);
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("davy_inline_judgements_total 4\n") && !metrics.contains("config=\"~"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"));
    let server = Server::with(server.killed(), &["--keep", "kept"], &[]);
    assert_eq!(server.get(&format!("/v1/verdicts/{id}")).json()["report"], answer["report"]);
    // it is no gate of the folder: nobody finds it by its name
    assert!(refused(&server.judge(&json!({ "config": "~checkout" }))).contains("cannot be the name"));
    assert_eq!(server.hook("rollout", "~checkout").status, 422);
}

#[test]
fn without_a_list_no_configuration_is_taken() {
    let store = store();
    let server = Server::start(&["--allow-exec"]);
    for path in ["/v1/judge", "/v1/watch"] {
        let heard = server.ask("POST", path, &json!({ "config": gate(&store.url("")) }).to_string(), &[]);
        assert!(refused(&heard).contains("--allow-inline prometheus=http://prometheus:9090"), "{path}");
    }
    assert!(store.requests().is_empty());
    let shell = Shell::new();
    shell.write("configs/x.yaml", "name: x\n");
    for (list, why) in [
        ("anything", "is not a kind of source"),
        ("exec", "no request may bring a program"),
        ("http", "needs an address"),
        ("http=http://169.254.169.254", "metadata"),
        ("http=http://davy:secret@store", "holds a user or a password"),
        ("http=https://store,DAVY_TOKEN", "no server hears it"),
        ("file=/etc", "has no address"),
    ] {
        shell.expect(2, &["serve", "--configs", "configs", "--allow-inline", list]).says(&[why]);
    }
}

#[test]
fn what_is_wrong_is_said_as_davy_check_says_it() {
    let store = store();
    let server = Server::start(&["--allow-inline", &listing("http", &store)]);
    let wrong = gate(&store.url("")).replace("metric: errors,", "metric: erors,");
    server.shell.write("wrong.yaml", &wrong);
    let checked = server.shell.run(&["check", "wrong.yaml"]);
    let said = refused(&server.judge(&json!({ "config": wrong })));
    let expected = checked.told.replace("error: ", "").replace("wrong.yaml:", "config:");
    assert!(said.starts_with("config:16:") || said.contains("config:1"), "{said}");
    assert!(expected.trim().contains(said.trim()) || said.trim() == expected.trim(), "{said}\n\n{expected}");
    // an object has the lines of its text, two spaces deep
    let said = refused(&server.judge(&json!({ "config": { "name": "own", "metrics": { "errors": 7 } } })));
    assert!(said.contains("config:4:15: ") && said.contains("\"errors\": 7"), "{said}");
    for (question, status, words) in [
        (json!({ "config": 7 }), 400, "neither the name of a gate nor a configuration"),
        (json!({ "config": "fine", "name": "x" }), 400, "leave `name` out"),
        (json!({ "config": "a: 1\n", "name": "../x" }), 422, "cannot be the name of a gate"),
        (json!({ "config": format!("a: 1\n{}", "#".repeat(40_000)) }), 422, "more than 32 KiB"),
        (json!({ "config": "a: &a [1]\nb: [*a, *a\n" }), 422, "config:"),
    ] {
        let heard = server.judge(&question);
        assert!(heard.status == status && heard.body.contains(words), "{}: {}", heard.status, heard.body);
    }
    let bomb: String =
        (1..9).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))).collect();
    let heard = server.judge(&json!({ "config": format!("a0: &a0 [x]\n{bomb}") }));
    assert!(refused(&heard).contains("larger or deeper"), "{}", heard.body);
}

/// Every way to another server that an attacker has: none is asked, and no secret leaves.
#[test]
fn no_address_but_a_listed_one_is_asked() {
    let (store, other) = (store(), store());
    let (listed, evil) = (store.url("/api"), other.url(""));
    let (port, away) =
        (listed.rsplit(':').next().unwrap().split('/').next().unwrap(), evil.rsplit(':').next().unwrap());
    let list = format!("http={listed}");
    let server =
        Server::start(&["--allow-inline", &list, "--allow-inline", &format!("prometheus={}", store.url("/prom"))]);
    assert_eq!(server.judge(&json!({ "config": gate(&format!("{listed}/series")) })).status, 200);
    let asked = store.requests().len();
    let urls = [
        evil.clone(),
        evil.replace("127.0.0.1", "localhost"),
        format!("http://127.0.0.1:{port}@{}", evil.trim_start_matches("http://")),
        format!("http://127.0.0.1:{port}\\@{}", evil.trim_start_matches("http://")),
        format!("http://2130706433:{port}/api"),
        format!("http://0x7f000001:{port}/api"),
        format!("http://0177.0.0.1:{port}/api"),
        format!("http://127.1:{port}/api"),
        format!("http://[::1]:{port}/api"),
        format!("http://[::ffff:127.0.0.1]:{port}/api"),
        format!("http://[::ffff:7f00:1]:{port}/api"),
        format!("http://localhost:{port}/api"),
        format!("http://127.0.0.1.:{port}/api"),
        format!("https://127.0.0.1:{port}/api"),
        format!("http://127.0.0.1:{away}/api"),
        format!("http://127.0.0.1:{port}/apis"),
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/api/../admin"),
        format!("http://127.0.0.1:{port}/api/%2e%2e/admin"),
        format!("http://127.0.0.1:{port}/api/..;/admin"),
        format!("http://127.0.0.1:{port}/api/x%2f..%2f..%2fadmin"),
        "http://169.254.169.254/latest/meta-data".into(),
        "http://[fd00:ec2::254]/latest".into(),
        "http://metadata.google.internal/computeMetadata/v1".into(),
        format!("file://127.0.0.1:{port}/api"),
        format!("gopher://127.0.0.1:{port}/api"),
        "http://127.0.0.1:${step_seconds}/api".into(),
        "http://${from_unix}/api".into(),
    ];
    for url in &urls {
        let heard = server.judge(&json!({ "config": gate(&url.replace('\\', "\\\\")) }));
        assert_eq!(heard.status, 422, "{url}: {}", heard.body);
    }
    // labels and arguments complete no host
    let open = gate(&format!("http://${{host}}:{away}/api")).replace("version: 41", "version: 41, host: 127.0.0.1");
    assert_eq!(
        server.judge(&json!({ "config": open.replace("version: 42", "version: 42, host: 127.0.0.1") })).status,
        422
    );
    let open = gate("http://${host}/api")
        .replace("version: 41", "version: 41, host: \"${h}\"")
        .replace("version: 42", "version: 42, host: \"${h}\"");
    for host in [format!("127.0.0.1:{away}"), format!("127.0.0.1:{port}@localhost:{away}")] {
        assert_eq!(server.judge(&json!({ "config": open, "args": { "h": host } })).status, 422);
    }
    // a host that is on the list may come from an argument
    assert_eq!(server.judge(&json!({ "config": open, "args": { "h": format!("127.0.0.1:{port}") } })).status, 200);
    let asked = asked + 4;
    // a Prometheus is asked by its API alone: no other path, and no query that swallows it
    for url in ["/prom/-/quit?", "/prom/x", "/api", "/prom?a=", "/prom/../api"] {
        let config = prometheus(&store.url(url));
        assert_eq!(server.judge(&json!({ "config": config })).status, 422, "{url}");
    }
    assert_eq!((store.requests().len(), other.requests().len()), (asked, 0));
    // the log has digests, and nothing of what was brought
    while let Ok(line) = server.said.lock().unwrap().recv_timeout(Duration::from_millis(200)) {
        assert!(!line.contains("api") && !line.contains("169.254") && !line.contains("query"), "{line}");
        assert!(!line.contains('~') || line.contains("sha256 "), "{line}");
    }
}

fn prometheus(url: &str) -> String {
    format!(
        "name: own\nwindow: {{ from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }}\n\
         arms: {{ baseline: {{ side: baseline }}, canary: {{ side: canary }} }}\n\
         sources: {{ metrics: {{ prometheus: {{ url: \"{url}\", select: {{ version: \"${{side}}\" }} }} }} }}\n\
         metrics: {{ errors: {{ rate: {{ bad: 'http_requests_total{{code=~\"5..\"}}', total: http_requests_total, of: requests }} }} }}\n\
         criteria: [{{ metric: errors, pass: \"<= baseline + 100%\" }}]\n"
    )
}

#[test]
fn no_secret_leaves_but_one_that_is_listed_for_that_server() {
    let (store, other) = (store(), store());
    let variables =
        [("STORE_TOKEN", "s3cret-of-store"), ("OTHER_TOKEN", "s3cret-of-other"), ("HOME_SECRET", "s3cret-of-home")];
    let shell = Shell::new();
    shell.write("configs/token", "s3cret-of-file");
    shell.write("configs/ca.pem", "s3cret-of-pem");
    let lists =
        [format!("{},STORE_TOKEN", listing("http", &store)), format!("{},OTHER_TOKEN", listing("http", &other))];
    let arguments =
        ["--allow-exec", "--allow-inline", &lists[0], "--allow-inline", &lists[1], "--set", "secret=s3cret-of-set"];
    let server = Server::with(shell, &arguments, &variables);
    let with = |more: &str| {
        gate(&store.url("/query")).replace("      retries: 0\n", &format!("      retries: 0\n      {more}\n"))
    };
    for good in [
        "bearer_env: STORE_TOKEN",
        "headers_env: { x-key: STORE_TOKEN }",
        "basic: { user: davy, password_env: STORE_TOKEN }",
    ] {
        assert_eq!(server.judge(&json!({ "config": with(good) })).status, 200, "{good}");
    }
    let heard = store.requests();
    assert!(heard.iter().any(|request| request.header("authorization") == "Bearer s3cret-of-store"));
    let before = heard.len();
    for bad in [
        "bearer_env: OTHER_TOKEN",
        "bearer_env: HOME_SECRET",
        "bearer_env: PATH",
        "bearer_env: DAVY_TOKEN",
        "headers_env: { x-key: HOME_SECRET }",
        "basic: { user: davy, password_env: HOME_SECRET }",
        "bearer_file: token",
        "bearer_file: /proc/self/environ",
        "bearer_command: [touch, ran]",
        "bearer_command: [cat, token]",
        "headers: { Host: \"other.example\" }",
        "headers: { X-Forwarded-Host: \"other.example\" }",
        "headers: { Transfer-Encoding: chunked }",
        "deadline: 10m",
        "sigv4: { region: eu-west-1 }",
        // a token that one server gives is not for another
        &format!(
            "oauth2: {{ token_url: \"{}\", client_id: davy, client_secret_env: OTHER_TOKEN }}",
            other.url("/token")
        ),
        &format!(
            "oauth2: {{ token_url: \"{}\", client_id: davy, client_secret_env: STORE_TOKEN }}",
            other.url("/token")
        ),
        "oauth2: { token_url: \"http://127.0.0.1:1/token\", client_id: davy, client_secret_env: STORE_TOKEN }",
    ] {
        let heard = server.judge(&json!({ "config": with(bad) }));
        assert!(heard.status == 422 && !heard.body.contains("s3cret"), "{bad}: {} {}", heard.status, heard.body);
    }
    assert!(!server.shell.path("configs/ran").exists() && !server.shell.path("ran").exists());
    // what the operator set is not for everybody to read
    let reading = gate(&store.url("/query")).replace("'errors ${version}'", "'errors ${version} ${secret}'");
    let said = refused(&server.judge(&json!({ "config": reading })));
    assert!(said.contains("${secret}") && !said.contains("s3cret"), "{said}");
    // what an attacker names as an address of tokens, or as a next page, is on another server
    assert_eq!((store.requests().len(), other.requests().len()), (before, 0));
    // a preset brings its own variables, and they are not on the list
    let preset = "name: own\nwindow: { last: 1h, step: 1m }\narms: { baseline: { v: 41 }, canary: { v: 42 } }\n\
        sources: { dd: { http: { preset: datadog, url: URL } } }\nmetrics: { a: { gauge: { query: \"avg:a{v:${v}}\" } } }\n\
        criteria: [{ metric: a, pass: \"<= baseline\" }]\n";
    let heard = server.judge(&json!({ "config": preset.replace("URL", &format!("\"{}\"", store.url("/api"))) }));
    assert!(refused(&heard).contains("the secret `DD_"), "{}", heard.body);
    while let Ok(line) = server.said.lock().unwrap().recv_timeout(Duration::from_millis(200)) {
        assert!(!line.contains("s3cret") && !line.contains("_TOKEN") && !line.contains("HOME_SECRET"), "{line}");
    }
}

#[test]
fn a_redirect_or_a_next_page_leads_nowhere_else() {
    let other = store();
    let evil = other.url("/stolen");
    let store = Store::start(move |request, _| match request.parameter("q").contains("away") {
        true => Response::of(307, "").with(&format!("location: {evil}")),
        false => {
            Response::json(points(request).replace("\"error\":null", &format!("\"error\":null,\"next\":\"{evil}\"")))
        }
    });
    let server = Server::start(&["--allow-inline", &listing("http", &store)]);
    let away = gate(&store.url("/query")).replace("'errors ", "'errors away ");
    let heard = server.judge(&json!({ "config": away }));
    assert!(heard.status == 502 && heard.body.contains("redirect"), "{} {}", heard.status, heard.body);
    let paged =
        gate(&store.url("/query")).replace("      retries: 0\n", "      retries: 0\n      next: { url: \"$.next\" }\n");
    let heard = server.judge(&json!({ "config": paged }));
    assert!(heard.status == 502 && heard.body.contains("another host"), "{} {}", heard.status, heard.body);
    assert!(other.requests().is_empty());
    // below a path, an answer chooses no page at all
    let server = Server::start(&["--allow-inline", &format!("http={}", store.url("/query"))]);
    assert!(refused(&server.judge(&json!({ "config": paged }))).contains("next page"));
}

#[test]
fn files_and_programs_and_accounts_are_the_operators() {
    let store = store();
    let file = |path: &str| {
        super::GATE
            .replace("${file}.csv", path)
            .replace("file: old", "file: old.csv")
            .replace("file: good", "file: good.csv")
    };
    let server = Server::start(&["--allow-exec", "--allow-inline", &listing("http", &store)]);
    assert!(refused(&server.judge(&json!({ "config": super::GATE }))).contains("`--allow-inline file`"));
    let server =
        Server::with(server.killed(), &["--allow-exec", "--allow-inline", "file", "--allow-inline", "requests"], &[]);
    server.shell.write("secret.csv", "arm,ts,requests,errors\nold,2026-03-01T12:00:00Z,s3cret,1\n");
    std::os::unix::fs::symlink(server.shell.path("secret.csv"), server.shell.path("configs/link.csv")).unwrap();
    assert_eq!(server.judge(&json!({ "config": super::GATE })).json()["verdict"], "pass");
    for path in [
        "../secret.csv",
        "/etc/passwd",
        "/proc/self/environ",
        "link.csv",
        "-",
        "/dev/stdin",
        "x/../../secret.csv",
        "/etc/*",
        "../*.csv",
    ] {
        for kind in ["file", "requests"] {
            let config = file(path).replace("file: {", &format!("{kind}: {{"));
            let heard = server.judge(&json!({ "config": config }));
            assert!(heard.status == 422, "{kind} {path}: {} {}", heard.status, heard.body);
            assert!(!heard.body.contains("s3cret") && !heard.body.contains("root:"), "{path}: {}", heard.body);
        }
    }
    let timed = |source: &str| {
        super::GATE
            .replace("arms:", "window: { last: 1h, step: 1m }\narms:")
            .replace("file: { path: \"${file}.csv\" }", source)
    };
    for (source, why) in [
        ("exec: { command: [touch, \"${file}\"] }", "runs a program"),
        ("prometheus: { scrapes: \"*.prom\" }", ""),
        ("sql: { url: \"postgresql://davy@127.0.0.1:1/m\", query: \"SELECT 1 WHERE v = ${file}\" }", "sql"),
        ("sql: { url_env: DATABASE_URL, query: \"SELECT 1 WHERE v = ${file}\" }", "names a secret"),
        ("cloudwatch: { region: us-east-1, namespace: \"AWS/Lambda\", dimensions: { F: \"${file}\" } }", ""),
    ] {
        let heard = server.judge(&json!({ "config": timed(source) }));
        assert!(refused(&heard).contains(why), "{source}: {}", heard.body);
    }
    // what counts a table is held as if it were asked by itself
    for (engine, why) in [
        ("exec: { command: [touch, \"${query}\"] }", "runs a program"),
        ("sql: { url: \"postgresql://davy@127.0.0.1:1/m\" }", "sql"),
        ("http: { url: \"http://127.0.0.1:1/\", body: \"${query}\" }", "http"),
    ] {
        let table = "requests: { table: { name: r, in: engine, time_type: timestamp, dialect: duckdb }, time: at, status: s, \
                     arm: { column: v, baseline: a, canary: b } } }, engine: {";
        let config = timed(&format!("{table} {engine}"));
        let heard = server.judge(&json!({ "config": config }));
        assert!(refused(&heard).contains(why), "{engine}: {}", heard.body);
    }
    for (more, why) in [
        ("hooks: { on_fail: { command: [touch, ran] } }\n", "has no hooks"),
        ("noise: { from: ../secret.csv }\n", ""),
        ("noise: { from: old.csv }\n", ""),
    ] {
        let heard = server.judge(&json!({ "config": format!("{}{more}", super::GATE) }));
        assert!(refused(&heard).contains(why), "{more}: {}", heard.body);
    }
    let long = super::GATE
        .replace("arms:", "window: { from: 2020-01-01T00:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }\narms:");
    assert!(refused(&server.judge(&json!({ "config": long }))).contains("more than 31 days"));
    let fine = super::GATE
        .replace("arms:", "window: { from: 2026-03-01T12:00:00Z, to: 2026-03-09T13:00:00Z, step: 1s }\narms:");
    assert!(refused(&server.judge(&json!({ "config": fine }))).contains("steps"));
}

#[test]
fn accounts_of_aws_are_asked_only_where_they_are_listed() {
    let server = Server::start(&[
        "--allow-inline",
        "cloudwatch",
        "--allow-inline",
        "sql=postgresql://db.example:5432/metrics,PW",
    ]);
    let timed = |source: &str, metric: &str| {
        format!(
            "name: a\nwindow: {{ last: 1h, step: 1m }}\narms: {{ baseline: {{ f: old }}, canary: {{ f: new }} }}\nsources: {{ s: {{ {source} }} }}\n\
             metrics: {{ errors: {{ {metric} }} }}\ncriteria: [{{ metric: errors, pass: \"<= baseline + 100%\" }}]\n"
        )
    };
    let metric = "rate: { bad: Errors, total: Invocations }";
    let cloudwatch = |more: &str| {
        timed(&format!("cloudwatch: {{ namespace: \"AWS/Lambda\", dimensions: {{ F: \"${{f}}\" }}, {more} }}"), metric)
    };
    for (more, why) in [
        ("region: \"evil.example/\"", "region"),
        ("region: \"evil.example#\"", "region"),
        ("region: us-east-1, endpoint_url: \"https://evil.example\"", "`cloudwatch` at https://evil.example"),
        ("region: us-east-1, profile: admin", "who the server is"),
        ("region: us-east-1, assume_role: { arn: \"arn:aws:iam::123456789012:role/x\" }", "who the server is"),
    ] {
        let heard = server.judge(&json!({ "config": cloudwatch(more) }));
        assert!(refused(&heard).contains(why), "{more}: {}", heard.body);
    }
    // what is listed is asked: this build may not be able to, and says so
    let heard = server.judge(&json!({ "config": cloudwatch("region: us-east-1") }));
    assert!(!heard.body.contains("--allow-inline"), "{}", heard.body);
    let sql = |url: &str, more: &str| {
        timed(
            &format!(
                "sql: {{ url: \"{url}\", {more} query: \"SELECT at AS time, e AS errors, r AS requests FROM t WHERE v = ${{f}}\" }}"
            ),
            "rate: { bad: errors, total: requests }",
        )
    };
    for (url, more) in [
        ("postgresql://davy@db.example:5433/metrics", ""),
        ("postgresql://davy@db.example/other", ""),
        ("postgresql://davy@db.example/metrics?host=evil.example", ""),
        ("postgresql://davy@%2Fvar%2Frun%2Fpostgresql/metrics", ""),
        ("postgresql://davy@db.example/metrics", "password_env: OTHER,"),
        ("postgresql://davy@db.example/metrics", "password_file: token,"),
        ("postgresql://davy@db.example/metrics", "ca_file: ca.pem,"),
    ] {
        assert_eq!(server.judge(&json!({ "config": sql(url, more) })).status, 422, "{url} {more}");
    }
}

#[cfg(feature = "prometheus")]
#[test]
fn a_real_prometheus_is_asked_by_a_configuration_of_a_request() {
    use crate::prometheus::server::{Kind, Server as Real};
    use crate::prometheus::truth::{START, Truth};
    let truth = Truth::new(7);
    let Some(real) = Real::start(Kind::Prometheus2, &truth.openmetrics(), false) else { return };
    let server = Server::start(&["--allow-inline", &format!("prometheus={}", real.url)]);
    let at = |second: i64| jiff::Timestamp::from_second(second).unwrap().to_string();
    let (start, end) = (START + 600, START + 5_100);
    let config =
        prometheus(&real.url).replace("2026-03-01T12:00:00Z", &at(start)).replace("2026-03-01T13:00:00Z", &at(end));
    let answer = server.judge(&json!({ "config": config, "name": "checkout", "wait": 30 })).json();
    let counted = |arm: &str| truth.counts(arm, None, (start, end, 60)).values().map(|(total, _)| total).sum::<u64>();
    let n = &answer["report"]["findings"][0]["evidence"]["n"];
    assert_eq!(
        (n["baseline"].as_f64(), n["canary"].as_f64()),
        (Some(counted("baseline") as f64), Some(counted("canary") as f64)),
        "{answer}"
    );
    // it can be switched off by a path of its own, which davy never asks
    let quitting = prometheus(&format!("{}/-/quit?", real.url));
    assert_eq!(server.judge(&json!({ "config": quitting })).status, 422);
    let elsewhere = prometheus(&real.url.replace("127.0.0.1", "localhost"));
    assert!(refused(&server.judge(&json!({ "config": elsewhere }))).contains("`prometheus` at http://localhost:"));
}

#[test]
fn a_watch_keeps_its_configuration_and_goes_on_after_a_kill() {
    let store = store();
    let arguments = ["--allow-inline", &listing("http", &store), "--keep", "kept"];
    let server = Server::start(&arguments);
    let soak = gate(&store.url("/query"))
        .replace(
            "window: { from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }",
            "window: { step: 1s, settle: 0s }\nsoak: 6s\nevery: 2s",
        )
        .replace("version: 42", "version: 43");
    let ask = |server: &Server, config: &str| {
        let headers = [("Idempotency-Key", "deploy-7")];
        server.ask("POST", "/v1/watch", &json!({ "config": config, "name": "checkout" }).to_string(), &headers)
    };
    let begun = ask(&server, &soak);
    assert_eq!(begun.status, 202, "{}", begun.body);
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("~checkout-") && begun.json()["config"] == "~checkout", "{}", begun.body);
    assert!(server.get("/metrics").body.contains("davy_watches{phase=\"running\"} 1\n"));
    super::watching::until(&server, &id, |heard| heard["looks"].as_array().unwrap().len() == 1);
    let server = Server::with(server.killed(), &arguments, &[]);
    assert_eq!(ask(&server, &soak).json()["id"], id.as_str());
    assert_eq!(ask(&server, &soak.replace("100%", "300%")).status, 409);
    let ended = super::watching::until(&server, &id, |heard| heard["phase"] != "running");
    assert_eq!((&ended["verdict"], ended["looks"].as_array().unwrap().len()), (&json!("pass"), 3), "{ended:#}");
    assert_eq!(store.requests().len(), 12, "two columns of two arms at three looks");
    assert!(server.get("/gates/~checkout").body.contains("1 passed"));
    // without the list it is not gone on with
    let long = soak.replace("soak: 6s", "soak: 1h").replace("checkout", "long");
    let begun = server.ask("POST", "/v1/watch", &json!({ "config": long, "name": "long" }).to_string(), &[]).json();
    let id = begun["id"].as_str().unwrap().to_owned();
    let server = Server::with(server.killed(), &["--keep", "kept"], &[]);
    let ended = super::watching::until(&server, &id, |heard| heard["phase"] != "running");
    assert!(ended["phase"] == "failed" && ended["sentence"].as_str().unwrap().contains("--allow-inline"), "{ended:#}");
    while let Ok(line) = server.said.lock().unwrap().recv_timeout(Duration::from_millis(200)) {
        assert!(!line.contains("errors"), "{line}");
    }
    for (more, why) in [("soak: 800h", "more than 31 days"), ("", "no end of its looks")] {
        let server = Server::start(&["--allow-inline", &listing("http", &store)]);
        let heard =
            server.ask("POST", "/v1/watch", &json!({ "config": soak.replace("soak: 6s", more) }).to_string(), &[]);
        assert!(refused(&heard).contains(why), "{}", heard.body);
    }
}
