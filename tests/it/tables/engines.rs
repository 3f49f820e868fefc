//! Engines that run here. DuckDB is in a virtual environment that `.ci/stores` makes.

use std::fs;

use super::rows::COLUMNS;
use super::{CONDITIONS, SHOP, Shop};

#[cfg(any(feature = "http", feature = "prometheus"))]
mod duckdb {
    use std::process::Command;

    use super::*;
    use crate::heard::program;

    /// Runs the query of a file over `rows.csv`, and writes the answer in the form that its name says.
    const DUCKDB: &str = r#"
import sys, duckdb
folder, columns, query, answer, form = sys.argv[1:]
names = {name: kind for name, kind in (column.rsplit(" ", 1) if not column.endswith("precision") else column.split(" ", 1)
         for column in columns.split(", "))}
db = duckdb.connect()
db.execute("CREATE TABLE requests AS SELECT * FROM read_csv(?, columns = ?, header = true)", [folder + "/rows.csv", names])
db.execute(f"COPY (\n{open(folder + '/' + query).read()}\n) TO '{folder}/{answer}' ({form})")
"#;

    fn duckdb(shop: &Shop, query: &str, answer: &str, form: &str) -> bool {
        let Some(python) = program("stores", "duckdb", "bin/python") else { return false };
        fs::write(shop.path().join("query.sql"), query).unwrap();
        let output = Command::new(python)
            .args(["-c", DUCKDB, &shop.path().display().to_string(), COLUMNS, "query.sql", answer, form])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        true
    }

    #[test]
    fn duckdb_finds_what_davy_finds_cell_by_cell() {
        let shop = Shop::new(SHOP, 200_000);
        if !duckdb(&shop, &shop.query("duckdb", "timestamptz", &[]), "answer.csv", "HEADER") {
            return;
        }
        shop.equals("answer.csv", 2, 300);
        // an answer is small, whatever carries it
        let answer = fs::metadata(shop.path().join("answer.csv")).unwrap().len();
        assert!(answer < fs::metadata(shop.path().join("rows.csv")).unwrap().len());
    }

    #[test]
    fn an_answer_is_the_same_with_other_digits_and_in_other_files() {
        let shop = Shop::new(SHOP, 20_000);
        if !duckdb(&shop, &shop.query("duckdb", "timestamptz", &[]), "answer.ndjson", "FORMAT json") {
            return;
        }
        shop.equals("answer.ndjson", 2, 300);
        duckdb(&shop, &shop.query("duckdb", "timestamptz", &["--digits", "3"]), "three.csv", "HEADER");
        shop.equals("three.csv", 3, 300);
        if cfg!(feature = "frames") {
            duckdb(&shop, &shop.query("duckdb", "timestamptz", &["--digits", "1"]), "answer.parquet", "FORMAT parquet");
            shop.equals("answer.parquet", 1, 300);
        }
    }

    /// Rows in which every so many a latency is below zero.
    fn spoilt(rows: &str, every: usize) -> String {
        let spoilt = |(at, line): (usize, &str)| {
            let mut cells: Vec<&str> = line.split(',').collect();
            if at > 0 && at % every == 0 {
                cells[5] = "-1";
            }
            cells.join(",") + "\n"
        };
        rows.lines().enumerate().map(spoilt).collect()
    }

    #[test]
    fn a_latency_below_zero_is_a_row_that_cannot_be_read() {
        let shop = Shop::new(SHOP, 20_000);
        let path = shop.path().join("rows.csv");
        let rows = fs::read_to_string(&path).unwrap();
        fs::write(&path, spoilt(&rows, 6_000)).unwrap();
        if !duckdb(&shop, &shop.query("duckdb", "timestamptz", &[]), "answer.csv", "HEADER") {
            return;
        }
        shop.equals("answer.csv", 2, 300);
        // one in 300: too many, though a hundredth may lack its latency
        fs::write(&path, spoilt(&rows, 300)).unwrap();
        duckdb(&shop, &shop.query("duckdb", "timestamptz", &[]), "answer.csv", "HEADER");
        for config in ["log.yaml", "answer.yaml"] {
            let (code, stdout, stderr) = shop.davy(&["judge", config]);
            assert_eq!(code, 65, "{config}: {stdout}{stderr}");
            assert!(stderr.contains("cannot be read"), "{config}: {stderr}");
        }
    }

    #[test]
    fn conditions_mean_the_same_in_duckdb() {
        let shop = Shop::new(CONDITIONS, 60_000);
        if duckdb(&shop, &shop.query("duckdb", "epoch_ms", &[]), "answer.csv", "HEADER") {
            shop.equals("answer.csv", 2, 60);
        }
    }
}

/// What a source of rows is asked for.
#[cfg(feature = "sql")]
const METRICS: &str = r#"metrics:
  errors: { rate: { bad: errors, total: requests } }
  latency: { values: { value: latency, unit: ms } }
  by_route: { by: route, values: { value: latency, unit: ms } }
criteria:
  - { metric: errors, pass: "<= baseline + 1pp" }
  - { metric: latency, statistic: p95, pass: "<= baseline + 20%" }
  - { metric: by_route, statistic: p95, pass: "<= baseline + 30%" }
"#;

#[cfg(feature = "sql")]
mod postgres {
    use super::*;
    use crate::sql::postgres::Postgres;

    fn server(shop: &Shop) -> Option<Postgres> {
        let rows = fs::read_to_string(shop.path().join("rows.csv")).unwrap();
        let copy = "COPY requests FROM STDIN WITH (FORMAT csv, HEADER);";
        Postgres::start(&format!("CREATE TABLE requests ({COLUMNS});\n{copy}\n{rows}\\.\n"))
    }

    fn answer(server: &Postgres, query: &str) -> String {
        server.run(&format!("COPY (\n{query}\n) TO STDOUT WITH (FORMAT csv, HEADER);\n")) + "\n"
    }

    #[test]
    fn postgresql_finds_what_davy_finds_cell_by_cell() {
        let shop = Shop::new(SHOP, 60_000);
        let Some(server) = server(&shop) else { return };
        fs::write(shop.path().join("answer.csv"), answer(&server, &shop.query("postgres", "timestamptz", &[])))
            .unwrap();
        shop.equals("answer.csv", 2, 300);
    }

    #[test]
    fn a_source_sql_judges_a_table_in_one_run() {
        let shop = Shop::new(SHOP, 60_000);
        let Some(server) = server(&shop) else { return };
        let query = shop.query("postgres", "timestamptz", &["--placeholders"]);
        assert!(query.contains("${from}") && query.contains("${to}"), "{query}");
        let indented: String = query.lines().map(|line| format!("        {line}\n")).collect();
        let judge = |name: &str, source: &str| {
            let text = format!(
                "name: shop\nwindow: {{ from: \"2026-03-01T12:00:00Z\", to: \"2026-03-01T13:00:00Z\", step: 5m }}\nsources:\n  log:\n{source}{METRICS}"
            );
            fs::write(shop.path().join(name), text).unwrap();
            shop.judge(name)
        };
        let arm = "arm: { column: arm, baseline: \"41\", canary: \"42\" }";
        let sql = format!("    sql:\n      url: \"{}\"\n      {arm}\n      query: |\n{indented}", server.socket());
        let asked = judge("sql.yaml", &sql);
        fs::write(shop.path().join("answer.csv"), answer(&server, &shop.query("postgres", "timestamptz", &[])))
            .unwrap();
        let read = judge("file.yaml", &format!("    file: {{ path: answer.csv, {arm} }}\n"));
        let findings = |document: &davy::report::Document| {
            document
                .findings
                .iter()
                .map(|finding| (finding.criterion.clone(), finding.outcome, finding.sentence.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(findings(&asked), findings(&read));
        // single requests and their answer agree
        let log = shop.judge("log.yaml");
        let errors = |document: &davy::report::Document| {
            let finding = document.findings.iter().find(|finding| finding.metric == "errors").unwrap();
            // the rest depends on how many criteria there are
            finding.sentence.split("): ").next().map(str::to_owned)
        };
        assert_eq!(errors(&log), errors(&asked));
    }

    #[test]
    fn conditions_mean_the_same_in_postgresql() {
        let shop = Shop::new(CONDITIONS, 30_000);
        let Some(server) = server(&shop) else { return };
        fs::write(shop.path().join("answer.csv"), answer(&server, &shop.query("postgres", "epoch_ms", &[]))).unwrap();
        shop.equals("answer.csv", 2, 60);
    }
}
