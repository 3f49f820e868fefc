//! Logs that lie in tables: the query of `davy sketch --sql` run by real engines finds what davy finds in the same rows, cell
//! by cell, and the verdict is the same. An answer that is not whole is never judged.

mod answers;
mod engines;
mod refused;
mod rows;
mod tabled;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use davy::config::{Options, load};
use davy::report::Document;
use davy::series::{Grid, SignedDuration, Timestamp};
use davy::source::requests::{Requests, Slice, Taken, When, read};
use davy::source::{Outside, Source};

/// A shop's log in a table.
pub const SHOP: &str = r#"name: shop
window: { from: "2026-03-01T12:00:00Z", to: "2026-03-01T13:00:00Z", step: 5m }
localise: [route]
sources:
  log:
    requests:
      path: PATH
      time: at
      status: status
      latency: { column: took, unit: ms }
      arm: { column: version, baseline: "41", canary: "42" }
      where: 'route != "/health"'
metrics:
  errors: { rate: { bad: errors, total: requests } }
  misses: { rate: { bad: 'cache = "Miss"', total: 'cache in [Hit, Miss]', of: lookups } }
  gone: { events: { count: 'status in [404, 410] and not route like "/a_i/?*"', exposure: requests } }
  latency: { values: { value: latency, unit: ms } }
  checkout: { where: 'route like "/check*" and flag != true', values: { value: latency, unit: ms } }
  by_route: { by: route, values: { value: latency, unit: ms } }
criteria:
  - { metric: errors, pass: "<= baseline + 1pp" }
  - { metric: misses, pass: "<= 60%" }
  - { metric: latency, statistic: p95, pass: "<= baseline + 20%" }
  - { metric: checkout, statistic: p95, pass: "<= 100s" }
  - { metric: by_route, statistic: p95, pass: "<= baseline + 30%" }
"#;

/// The same log with arms and errors by conditions, and times as numbers.
pub const CONDITIONS: &str = r#"name: shop
window: { from: "2026-03-01T12:00:00Z", to: "2026-03-01T13:00:00Z", step: 1m }
sources:
  log:
    requests:
      path: PATH
      time: ms
      error: '(status >= 500 or status < 1) or flag = true and took > 2.5e3'
      latency: { column: took, unit: ms }
      arm: { baseline: 'version = "41"', canary: 'version in ["42", nobody]' }
metrics:
  errors: { where: 'cache != Hit', rate: { bad: errors, total: requests } }
  latency: { values: { value: latency, unit: ms } }
criteria:
  - { metric: errors, pass: "<= baseline + 1pp" }
  - { metric: latency, statistic: p50, pass: "<= baseline + 20%" }
"#;

/// A folder with the log as a file, the configuration that reads it, and the one that reads an answer.
pub struct Shop {
    folder: tempfile::TempDir,
    text: &'static str,
}

impl Shop {
    pub fn new(text: &'static str, rows: u64) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("rows.csv"), rows::csv(rows)).unwrap();
        fs::write(folder.path().join("log.yaml"), text.replace("PATH", "rows.csv")).unwrap();
        Shop { folder, text }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn davy(&self, arguments: &[&str]) -> (i32, String, String) {
        let output =
            Command::new(env!("CARGO_BIN_EXE_davy")).args(arguments).current_dir(self.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    pub fn query(&self, dialect: &str, time: &str, others: &[&str]) -> String {
        let arguments = ["sketch", "--sql", dialect, "log.yaml", "--table", "requests", "--time-type", time];
        let (code, query, said) = self.davy(&[&arguments, others].concat());
        assert_eq!(code, 0, "{said}");
        query
    }

    /// Writes the configuration that reads an answer.
    pub fn answered(&self, name: &str) {
        fs::write(self.path().join("answer.yaml"), self.text.replace("PATH", name)).unwrap();
    }

    pub fn judge(&self, config: &str) -> Document {
        let (code, stdout, stderr) = self.davy(&["judge", config, "--format", "json"]);
        assert!([0, 10, 11].contains(&code), "{code}: {stderr}");
        Document::read(&stdout).unwrap()
    }

    /// An answer is what davy finds in the same rows, on the grid of so many digits; and the verdict is the same.
    pub fn equals(&self, name: &str, digits: u8, step: i64) {
        self.answered(name);
        let (log, answer) = (self.taken("log.yaml", step), self.taken("answer.yaml", step));
        let bad = |taken: &Taken| taken.account.bad.values().map(|bad| bad.count).sum::<u64>();
        assert_eq!((bad(&log), log.account.armless), (bad(&answer), answer.account.armless));
        assert_eq!(log.account.arms, answer.account.arms);
        let (log, answer) = (cells(&log, digits), cells(&answer, digits));
        assert!(log.values().filter(|cell| !cell.1.is_empty()).count() > 100);
        for (key, cell) in &log {
            assert_eq!(answer.get(key), Some(cell), "{name}: {key:?}");
        }
        assert_eq!(log.len(), answer.len());
        let [one, other] = ["log.yaml", "answer.yaml"].map(|config| self.judge(config));
        let outcomes = |document: &Document| {
            document.findings.iter().map(|finding| (finding.criterion.clone(), finding.outcome)).collect::<Vec<_>>()
        };
        assert_eq!((one.outcome, outcomes(&one)), (other.outcome, outcomes(&other)));
    }

    /// What a pass over the log of a configuration finds, of what all its metrics ask.
    fn taken(&self, config: &str, step: i64) -> Taken {
        let text = fs::read_to_string(self.path().join(config)).unwrap();
        let now = "2026-03-02T00:00:00Z".parse().unwrap();
        let options = Options { folder: self.path(), now, set: &[], phase: None, from: None, to: None };
        let plan = load(&text, config).unwrap().plan_everything(&options).unwrap();
        let (mut slices, mut log): (Vec<Slice>, Option<Requests>) = (Vec::new(), None);
        for query in &plan.queries {
            let Source::Requests(asked) = &query.source else { panic!("{config}") };
            let split = query.slices.as_ref().map_or(Vec::new(), |split| split.columns.clone());
            slices.push(Slice { split, ..asked.slice.clone() });
            log = Some(asked.log.clone());
        }
        let window = davy::series::Window {
            start: "2026-03-01T12:00:00Z".parse().unwrap(),
            end: "2026-03-01T13:00:00Z".parse().unwrap(),
        };
        let step = SignedDuration::from_secs(step);
        let when = When { windows: vec![window], origin: Timestamp::UNIX_EPOCH, step, coarsen: false };
        read(&log.unwrap(), &slices, &when, &Outside::quiet(now)).unwrap()
    }
}

type Cells = BTreeMap<(usize, String, String, Timestamp), (Vec<u64>, Vec<(u32, u64)>)>;

/// Counts and histograms on a grid, by slice, arm, group and step.
fn cells(taken: &Taken, digits: u8) -> Cells {
    let grid = Grid::of_digits(digits, 1);
    let mut cells = Cells::new();
    for (at, slice) in taken.slices.iter().enumerate() {
        for ((arm, group), steps) in slice {
            for (time, cell) in steps {
                let bins = cell.bins.as_ref().map_or(Vec::new(), |bins| bins.coarsened(grid).cells().collect());
                cells.insert((at, arm.clone(), group.clone(), *time), (cell.counts.clone(), bins));
            }
        }
    }
    cells
}
