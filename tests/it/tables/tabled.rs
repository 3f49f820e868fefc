//! A configuration that names a table is judged in one run, and finds what davy finds in the same rows.

use std::fs;

use davy::report::Document;

use super::Shop;

/// The same log in a table, counted by a source `engine`.
fn of_table(text: &str, engine: &str, table: &str) -> String {
    let engine = format!("sources:\n  engine:\n{engine}\n");
    text.replace("sources:\n", &engine)
        .replace("path: PATH", &format!("table: {{ name: requests, in: engine, {table} }}"))
}

/// A verdict over the table is the verdict over the file: every number, where the digits are the same.
fn is_the_same(shop: &Shop, engine: &str, table: &str) {
    fs::write(shop.path().join("table.yaml"), of_table(shop.text, engine, table)).unwrap();
    let (file, table) = (shop.judge("log.yaml"), shop.judge("table.yaml"));
    assert_eq!(file.outcome, table.outcome);
    assert!(!file.findings.is_empty());
    assert_eq!(numbers(file).findings, numbers(table).findings);
}

/// A verdict without what it says of the source.
fn numbers(document: Document) -> Document {
    let mut document = document;
    document.findings.iter_mut().for_each(|finding| finding.notes.clear());
    document
}

#[cfg(any(feature = "http", feature = "prometheus"))]
mod duckdb {
    use std::path::PathBuf;

    use super::*;
    use crate::heard::program;
    use crate::tables::rows::COLUMNS;
    use crate::tables::{CONDITIONS, SHOP};

    /// Runs a query over `rows.csv` beside it, and prints the answer; a last argument is a number of rows to stop after.
    const PROGRAM: &str = r#"
import csv, os, sys, duckdb
columns, query = sys.argv[1:3]
names = {name: kind for name, kind in (column.rsplit(" ", 1) if not column.endswith("precision") else column.split(" ", 1)
         for column in columns.split(", "))}
db = duckdb.connect()
rows = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rows.csv")
db.execute("CREATE TABLE requests AS SELECT * FROM read_csv(?, columns = ?, header = true)", [rows, names])
answer = db.execute(query)
out = csv.writer(sys.stdout)
out.writerow([column[0] for column in answer.description])
out.writerows(answer.fetchall()[:int(sys.argv[3]) if len(sys.argv) > 3 else None])
"#;

    fn python(shop: &Shop) -> Option<PathBuf> {
        fs::write(shop.path().join("engine.py"), PROGRAM).unwrap();
        program("stores", "duckdb", "bin/python")
    }

    fn exec(python: &std::path::Path, more: &str) -> String {
        format!("    exec: {{ command: [\"{}\", engine.py, \"{COLUMNS}\", \"${{query}}\"{more}] }}", python.display())
    }

    #[test]
    fn a_program_counts_a_table_in_one_run() {
        for (text, time) in [(SHOP, "timestamptz"), (CONDITIONS, "epoch_ms")] {
            let shop = Shop::new(text, 30_000);
            let Some(python) = python(&shop) else { return };
            let table = format!("time_type: {time}, dialect: duckdb, digits: 3");
            is_the_same(&shop, &exec(&python, ""), &table);
        }
    }

    #[test]
    fn a_recording_of_a_table_asks_nobody() {
        let shop = Shop::new(SHOP, 20_000);
        let Some(python) = python(&shop) else { return };
        let text = of_table(SHOP, &exec(&python, ""), "time_type: timestamptz, dialect: duckdb");
        fs::write(shop.path().join("table.yaml"), text).unwrap();
        let (code, verdict, said) = shop.davy(&["judge", "table.yaml", "--format", "json", "--record", "kept"]);
        assert!([0, 10, 11].contains(&code), "{said}");
        fs::remove_file(shop.path().join("engine.py")).unwrap();
        let (again, replayed, said) = shop.davy(&["judge", "kept", "--format", "json"]);
        assert_eq!(again, code, "{said}");
        let findings = |text: &str| davy::report::Document::read(text).unwrap().findings;
        assert_eq!(findings(&verdict).len(), findings(&replayed).len());
        let (refused, _, said) = shop.davy(&["judge", "table.yaml"]);
        assert_ne!(refused, 0);
        assert!(said.contains("engine.py"), "{said}");
    }

    #[test]
    fn an_answer_that_is_cut_is_never_judged() {
        let shop = Shop::new(SHOP, 20_000);
        let Some(python) = python(&shop) else { return };
        for rows in [0, 1, 1000] {
            let engine = exec(&python, &format!(", \"{rows}\""));
            let text = of_table(SHOP, &engine, "time_type: timestamptz, dialect: duckdb");
            fs::write(shop.path().join("table.yaml"), text).unwrap();
            let (code, stdout, said) = shop.davy(&["judge", "table.yaml"]);
            assert_eq!(code, 65, "{rows}: {stdout}{said}");
            assert!(said.contains("requests in the program"), "{said}");
        }
    }

    /// A window in which nothing happened says nothing, whatever rows without a time there are.
    #[test]
    fn a_window_without_requests_is_never_judged() {
        let shop = Shop::new(SHOP, 30_000);
        let Some(python) = python(&shop) else { return };
        let text = of_table(SHOP, &exec(&python, ""), "time_type: timestamptz, dialect: duckdb");
        let text = text.replace("T12:00:00Z", "T01:00:00Z").replace("T13:00:00Z", "T02:00:00Z");
        fs::write(shop.path().join("table.yaml"), text).unwrap();
        let (code, stdout, said) = shop.davy(&["judge", "table.yaml"]);
        assert_eq!(code, 65, "{stdout}{said}");
        assert!(said.contains("counts no request, and 2 rows") && said.contains("the type of the times"), "{said}");
    }

    /// Earlier windows are counted by queries of their own, and nothing between them.
    #[test]
    fn an_earlier_window_is_another_query() {
        let shop = Shop::new(SHOP, 60_000);
        let Some(python) = python(&shop) else { return };
        let windows = "window: { from: \"2026-03-01T12:30:00Z\", to: \"2026-03-01T12:45:00Z\", step: 5m, \
                       baseline: { from: \"2026-03-01T12:00:00Z\", to: \"2026-03-01T12:15:00Z\" } }";
        let written = "window: { from: \"2026-03-01T12:00:00Z\", to: \"2026-03-01T13:00:00Z\", step: 5m }";
        let alone = SHOP.replace(written, windows).replace("localise: [route]\n", "");
        fs::write(shop.path().join("log.yaml"), alone.replace("PATH", "rows.csv")).unwrap();
        let text = of_table(&alone, &exec(&python, ""), "time_type: timestamptz, dialect: duckdb, digits: 3");
        fs::write(shop.path().join("table.yaml"), text).unwrap();
        let (file, table) = (shop.judge("log.yaml"), shop.judge("table.yaml"));
        assert_eq!(numbers(file).findings, numbers(table).findings);
    }

    #[test]
    fn the_query_of_a_configuration_with_a_table_is_printed_without_options() {
        let shop = Shop::new(SHOP, 100);
        let engine = "    exec: { command: [none, \"${query}\"] }";
        let text = of_table(SHOP, engine, "time_type: timestamptz, dialect: duckdb, digits: 1");
        fs::write(shop.path().join("table.yaml"), text).unwrap();
        let (code, query, said) = shop.davy(&["sketch", "--sql", "duckdb", "table.yaml"]);
        assert_eq!(code, 0, "{said}");
        assert!(query.contains("bucket_1") && query.contains("FROM \"requests\""), "{query}");
        let (code, _, said) = shop.davy(&["sketch", "--sql", "duckdb", "log.yaml"]);
        assert_eq!(code, 2);
        assert!(said.contains("`table` in the configuration"), "{said}");
    }

    #[cfg(feature = "http")]
    mod http {
        use std::io::Write;
        use std::net::TcpListener;
        use std::process::Command;

        use super::*;
        use crate::heard::Heard;

        /// Answers each posted query; the first so many requests are refused for now.
        fn serve(shop: &Shop, python: PathBuf, refused: usize) -> u16 {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let program = shop.path().join("engine.py");
            std::thread::spawn(move || {
                for (at, stream) in listener.incoming().flatten().enumerate() {
                    let Some(heard) = Heard::read(&stream) else { continue };
                    let query = heard.body.strip_suffix(" FORMAT CSVWithNames").unwrap_or("SELECT no format");
                    let (status, body) = match at < refused {
                        true => ("503 Service Unavailable", b"a replica is lost".to_vec()),
                        false => {
                            let output = Command::new(&python).arg(&program).args([COLUMNS, query]).output().unwrap();
                            ("200 OK", output.stdout)
                        }
                    };
                    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
                    let mut stream = stream;
                    let _ = stream.write_all(&[head.as_bytes(), &body].concat());
                }
            });
            port
        }

        #[test]
        fn a_server_counts_a_table_in_one_run_and_is_asked_again_where_a_replica_is_lost() {
            let shop = Shop::new(SHOP, 30_000);
            let Some(python) = python(&shop) else { return };
            let port = serve(&shop, python, 1);
            let engine = format!(
                "    http: {{ url: \"http://127.0.0.1:{port}/\", body: \"${{query}} FORMAT CSVWithNames\", retries: 3 }}"
            );
            is_the_same(&shop, &engine, "time_type: timestamptz, dialect: duckdb, digits: 3");
        }

        #[test]
        fn a_lost_replica_is_no_verdict() {
            let shop = Shop::new(SHOP, 1_000);
            let Some(python) = python(&shop) else { return };
            let port = serve(&shop, python, usize::MAX);
            let engine = format!(
                "    http: {{ url: \"http://127.0.0.1:{port}/\", body: \"${{query}} FORMAT CSVWithNames\", retries: 1 }}"
            );
            let text = of_table(SHOP, &engine, "time_type: timestamptz, dialect: duckdb");
            fs::write(shop.path().join("table.yaml"), text).unwrap();
            let (code, _, said) = shop.davy(&["judge", "table.yaml"]);
            assert_eq!(code, 69, "{said}");
            assert!(said.contains("(HTTP 503), at the last of 2 attempts: a replica is lost"), "{said}");
        }
    }
}

#[cfg(feature = "sql")]
mod postgres {
    use super::*;
    use crate::sql::postgres::Postgres;
    use crate::tables::rows::COLUMNS;
    use crate::tables::{CONDITIONS, SHOP};

    #[test]
    fn postgresql_counts_a_table_in_one_run() {
        for (text, time) in [(SHOP, "timestamptz"), (CONDITIONS, "epoch_ms")] {
            let shop = Shop::new(text, 30_000);
            let rows = fs::read_to_string(shop.path().join("rows.csv")).unwrap();
            let copy = "COPY requests FROM STDIN WITH (FORMAT csv, HEADER);";
            let server = Postgres::start(&format!("CREATE TABLE requests ({COLUMNS});\n{copy}\n{rows}\\.\n"));
            let Some(server) = server else { return };
            let engine = format!("    sql: {{ url: \"{}\" }}", server.socket());
            is_the_same(&shop, &engine, &format!("time_type: {time}, digits: 3"));
        }
    }
}

/// What is wrong is said with the line and the remedy, and nobody is asked.
#[test]
fn mistakes_are_said_before_anybody_is_asked() {
    let shop = Shop::new(super::SHOP, 100);
    let engine = "    exec: { command: [none, \"${query}\"] }";
    let table = "time_type: timestamptz, dialect: duckdb";
    let right = of_table(super::SHOP, engine, table);
    let cases = [
        (right.replace("in: engine", "in: engin"), "there is no source `engin`", "engine"),
        (right.replace(", \"${query}\"]", "]"), "has no place for the query", "${query}"),
        (right.replace(", dialect: duckdb", ""), "nothing says which SQL the source speaks", "dialect: clickhouse"),
        (right.replace("dialect: duckdb", "dialect: oracle"), "`oracle` is not a dialect of SQL", "duckdb"),
        (right.replace("time_type: timestamptz", "time_type: date"), "`date` is not a type of times", "timestamptz"),
        (right.replace("dialect: duckdb", "digits: 4, dialect: duckdb"), "`4` is not a number of digits", "1, 2 or 3"),
        (right.replace("      time: at\n", ""), "nothing says which column has the time", "time: COLUMN"),
        (
            right.replace("      time: at\n", "      time: at\n      format: csv\n"),
            "this is of logs in files",
            "leave it out",
        ),
        (
            right.replace("      time: at\n", "      time: at\n      path: rows.csv\n"),
            "this is of logs in files",
            "leave it out",
        ),
        (
            right.replace("exec: { command: [none, \"${query}\"] }", "file: { path: rows.csv }"),
            "runs no query",
            "`sql`, `http` or `exec`",
        ),
        (
            right.replace("where: 'route like \"/check*\"", "where: 'route like \"/check[ab]*\""),
            "table.yaml:",
            "pattern",
        ),
        (
            right.replace("window: { from: \"2026-03-01T12:00:00Z\", to: \"2026-03-01T13:00:00Z\", step: 5m }\n", ""),
            "needs a time window",
            "last: 1h",
        ),
    ];
    for (text, problem, remedy) in cases {
        assert_ne!(text, right, "{problem}");
        fs::write(shop.path().join("table.yaml"), text).unwrap();
        let (code, stdout, said) = shop.davy(&["judge", "table.yaml"]);
        assert_eq!(code, 78, "{problem}: {stdout}{said}");
        assert!(said.matches("table.yaml:").count() == 1, "one mistake is said once: {said}");
        assert!(said.contains("table.yaml:"), "{said}");
        assert!(said.contains(problem) && said.contains(remedy), "{problem}: {said}");
    }
    fs::write(shop.path().join("table.yaml"), &right).unwrap();
    let (code, stdout, said) = shop.davy(&["check", "table.yaml"]);
    assert_eq!(code, 0, "{stdout}{said}");
}
