//! What is said of files that are not data, and of names that would speak to the terminal.

use std::fs;

use super::{Shop, code, said};

/// Files that people have and that are not data, each with what must never be said of it.
const PRIVATE: [(&str, &str, &str); 9] = [
    ("passwd", "root:x:0:0:root:/root:/bin/bash\nann:x:1:1::/home/ann:/bin/sh\n", "root"),
    (
        "id_rsa",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        "b3Bl",
    ),
    ("environment", "TOKEN=hunter2\nNAME=hunter2\n", "hunter2"),
    ("secrets.yaml", "database:\n  password: hunter2\n", "hunter2"),
    ("pgpass", "db.example.com:5432:app:ann:hunter2\n", "hunter2"),
    ("word", "hunter2\n", "hunter2"),
    ("token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.hunter2\n", "hunter2"),
    ("netrc", "machine example.com login ann password hunter2\n", "hunter2"),
    ("dump.sql", "INSERT INTO users VALUES (1, 'ann', 'hunter2');\n", "hunter2"),
];

#[test]
fn no_line_of_a_private_file_is_said() {
    for (name, text, secret) in PRIVATE {
        let shop = Shop::new();
        shop.write(name, text);
        let long = format!("sources: {{ files: {{ file: {{ path: {name} }} }} }}");
        let config = super::CONFIG.replace("sources: { files: { file: { path: \"${arm}.csv\" } } }", &long);
        assert!(config.contains(&long));
        shop.write("other.yaml", &config);
        shop.write("log.yaml", &config.replace("file: { path:", "requests: { path:"));
        let ways: [&[&str]; 14] = [
            &["judge", "--baseline", name, "--canary", "canary.csv"],
            &["judge", "--baseline", "baseline.csv", "--canary", name],
            &["compare", "--data", name],
            &["init", "--data", name],
            &["judge", name],
            &["check", name],
            &["judge", "other.yaml"],
            &["judge", "log.yaml"],
            &["fetch", "other.yaml"],
            &["plan", "canary.yaml", "--history", name],
            &["calibrate", "canary.yaml", "--history", name],
            &["sketch", name],
            &["sketch", "--format", "combined", name],
            &["report", name],
        ];
        for way in ways {
            let output = shop.run(way);
            assert!(![0, 10, 11, 12].contains(&code(&output)), "{way:?}: {}", said(&output));
            assert!(!said(&output).contains(secret), "{way:?}: {}", said(&output));
            assert!(said(&output).contains("error: "), "{way:?}");
        }
        for format in ["csv", "ndjson", "alb", "w3c", "jtl", "k6", "gatling", "hlog", "percentiles"] {
            let output = shop.run(&["sketch", "--format", format, name]);
            assert!(!said(&output).contains(secret), "{format}: {}", said(&output));
        }
    }
}

#[test]
fn names_of_columns_are_said_where_they_are_names() {
    let shop = Shop::new();
    shop.write("a.csv", "when_it_was,requests,errors\n1,2,3\n");
    let output = shop.run(&["judge", "--data", "a.csv"]);
    assert!(said(&output).contains("The columns are: \"when_it_was\", \"requests\", \"errors\"."), "{}", said(&output));
    // a mistake in a configuration is shown with its line
    shop.write("canary.yaml", &super::CONFIG.replace("bad: errors", "bda: errors"));
    let output = shop.run(&["check"]);
    assert!(said(&output).contains("| metrics: { errors:") && said(&output).contains("bad"), "{}", said(&output));
}

#[test]
fn names_of_files_do_not_speak_to_the_terminal() {
    let shop = Shop::new();
    // colours, a title, a new line that looks like another message, text that runs backwards
    let name = "a\u{1b}[31mb\u{1b}]0;title\u{7}\nerror: forged\u{202e}c";
    fs::copy(shop.path("canary.csv"), shop.path(&format!("{name}.csv"))).unwrap();
    fs::create_dir(shop.path(name)).unwrap();
    let file = format!("{name}.csv");
    let report = format!("json={name}/nowhere/v.json");
    let ways: [&[&str]; 14] = [
        &["judge", "--baseline", "baseline.csv", "--canary", &file, "--details"],
        &["judge", "--baseline", "baseline.csv", "--canary", name],
        &["judge", &file],
        &["judge", "missing\u{1b}[31m"],
        &["judge", "--report", &report],
        &["judge", "--record", &file],
        &["fetch", "--record", name],
        &["check", name, "-v"],
        &["replay", name],
        &["sketch", &file],
        &["report", &file],
        &["plan", "canary.yaml", "--history", &file],
        &["init", "--baseline", "baseline.csv", "--canary", &file, "-o", &file],
        &["judge", "--log-format", "json", &file],
    ];
    for way in ways {
        let output = shop.run(way);
        let said = said(&output);
        let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!said.contains(obeyed), "{way:?}: {said:?}");
        assert!(!said.lines().any(|line| line.starts_with("error: forged")), "{way:?}: {said:?}");
    }
}
