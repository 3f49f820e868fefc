//! What cannot be said in SQL, or not in every dialect, names its place and a remedy. What can be said is quoted.

use std::fs;

use super::{CONDITIONS, SHOP, Shop};

const DIALECTS: [&str; 7] = ["duckdb", "postgres", "clickhouse", "spark", "athena", "bigquery", "snowflake"];

/// A change of the configuration, and the line and the words of the error.
const REFUSED: [(&str, &str, &str, &str); 6] = [
    ("like \"/check*\"", "like \"/check[ao]*\"", ":18:", "SQL has no pattern like"),
    ("time: at\n", "zone: UTC\n", ":7:", "nothing says which column has the time"),
    ("status: status\n", "zone: UTC\n", ":7:", "nothing says which requests are errors"),
    ("column: took, unit: ms", "column: took", ":10:", "nothing says what the numbers of \"took\" are in"),
    ("by: route,", "by: http.route,", ":19:", "no dialect has an answer with a column"),
    ("value: latency, unit: ms } }\n  checkout", "value: bytes, unit: B } }\n  checkout", ":17:", "one histogram"),
];

#[test]
fn what_sql_cannot_say_is_refused_at_its_place() {
    let shop = Shop::new(SHOP, 10);
    for (from, to, place, says) in REFUSED {
        let text = SHOP.replace("PATH", "rows.csv");
        assert!(text.contains(from), "{from}");
        fs::write(shop.path().join("log.yaml"), text.replacen(from, to, 1)).unwrap();
        for dialect in DIALECTS {
            let arguments = ["sketch", "--sql", dialect, "log.yaml", "--table", "t", "--time-type", "timestamptz"];
            let (code, stdout, stderr) = shop.davy(&arguments);
            assert_eq!((code, stdout.as_str()), (78, ""), "{to}: {stderr}");
            assert!(stderr.contains(says) && stderr.contains(place) && stderr.contains("hint:"), "{to}: {stderr}");
        }
    }
}

#[test]
fn errors_that_nothing_says_are_no_zero() {
    let shop = Shop::new(SHOP, 10);
    let text = SHOP.replace("PATH", "rows.csv").replace("      status: status\n", "");
    let is_kept = |line: &&str| !line.contains("errors");
    let text: String = text.lines().filter(is_kept).map(|line| format!("{line}\n")).collect();
    for dialect in DIALECTS {
        assert!(shop.query(dialect, "timestamptz", &[]).contains("davy_errors AS "), "{dialect}");
    }
    fs::write(shop.path().join("log.yaml"), text).unwrap();
    for dialect in DIALECTS {
        let query = shop.query(dialect, "timestamptz", &[]);
        assert!(query.contains("davy_unread AS ") && !query.contains("davy_errors AS \"errors"), "{query}");
        assert!(!query.contains("davy_errors AS `errors"), "{query}");
    }
}

#[test]
fn a_window_that_ends_inside_a_step_is_told() {
    let shop = Shop::new(SHOP, 10);
    let text = SHOP.replace("PATH", "rows.csv").replace("13:00:00Z", "12:58:30Z");
    fs::write(shop.path().join("log.yaml"), text).unwrap();
    let arguments = ["sketch", "--sql", "duckdb", "log.yaml", "--table", "t", "--time-type", "timestamptz"];
    let (code, _, stderr) = shop.davy(&arguments);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("2026-03-01T12:58:30Z is inside a step of 5m"), "{stderr}");
}

#[test]
fn the_type_of_the_time_is_never_guessed() {
    let shop = Shop::new(CONDITIONS, 10);
    let (code, _, stderr) = shop.davy(&["sketch", "--sql", "duckdb", "log.yaml", "--table", "t"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("--time-type"), "{stderr}");
}

#[test]
fn names_and_texts_stay_names_and_texts() {
    let shop = Shop::new(CONDITIONS, 10);
    let text = CONDITIONS.replace("PATH", "rows.csv").replace("version = \"41\"", r#"`a"b''c` = "it''s \\ 1""#);
    fs::write(shop.path().join("log.yaml"), text).unwrap();
    let quoted = [
        ("duckdb", "\"a\"\"b'c\"", "'it''s \\ 1'"),
        ("postgres", "\"a\"\"b'c\"", "'it''s \\ 1'"),
        ("clickhouse", "`a\"b'c`", "'it\\'s \\\\ 1'"),
        ("spark", "`a\"b'c`", "'it\\'s \\\\ 1'"),
        ("athena", "\"a\"\"b'c\"", "'it''s \\ 1'"),
        ("bigquery", "`a\"b'c`", "'it\\'s \\\\ 1'"),
        ("snowflake", "\"a\"\"b'c\"", "'it''s \\\\ 1'"),
    ];
    for (dialect, name, literal) in quoted {
        let query = shop.query(dialect, "epoch_ms", &[]);
        assert!(query.contains(name) && query.contains(literal), "{dialect}: {query}");
        // no line but those of the head is a comment
        let comments = query.lines().skip_while(|line| line.starts_with("-- ")).filter(|line| line.contains("--"));
        assert_eq!(comments.count(), 0, "{query}");
    }
}
