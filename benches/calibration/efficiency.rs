//! The second program: how often the judge answers, beside an oracle that knows the true variance of the noise.
//!
//! It prints a line per cell as soon as it is measured, then the summaries. All cells together become
//! `efficiency.csv`, `detection.csv` and `efficiency.md`; some cells alone are only printed.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use glob::Pattern;

use crate::soaks::efficiency::detection::{BY, Detected, INCIDENTS};
use crate::soaks::efficiency::situation::TRUTHS;
use crate::soaks::efficiency::{ASKED, Cell, GROUPS, Runs, Shares, Summary, all, measure};

/// What is measured.
pub struct Plan<'a> {
    /// Runs per cell.
    pub runs: usize,
    /// What all chance comes from.
    pub seed: u64,
    /// The cells to measure; all if it is missing.
    pub cells: Option<&'a Pattern>,
    /// How many threads measure.
    pub threads: usize,
}

/// Measures, prints, and writes the files if no cell is left out.
pub fn run(plan: &Plan, folder: &Path) -> io::Result<()> {
    let wanted = |name: &str| plan.cells.is_none_or(|pattern| pattern.matches(name));
    let heads = ASKED.map(|(name, _)| format!("| {name:>6} {:>6} {:>6} {:>6}", "wrong", "oracle", "ratio"));
    println!("{:44} {:9} {}", "cell", "truth", heads.join(" "));
    let mut cells = Vec::new();
    for (situation, truth) in all().filter(|(situation, _)| wanted(&situation.name())) {
        let of = Runs { runs: plan.runs, seed: plan.seed, past: None };
        let cell = measure(&situation, &truth, of, plan.threads);
        println!("{:44} {:9} {}", situation.name(), truth.name, cell.shares.map(numbers).join(" "));
        cells.push(cell);
    }
    println!();
    for (name, group) in GROUPS {
        if cells.iter().any(group) {
            let summaries = [0, 1].map(|i| summary(&cells, group, i));
            println!("{name:18} {}", summaries.join(" | "));
        }
    }
    let mut detected = Vec::new();
    println!();
    for incident in INCIDENTS.iter().filter(|incident| wanted(incident.name)) {
        let one = incident.measure(plan.runs, plan.seed, plan.threads);
        println!("{}", line(&one));
        detected.push(one);
    }
    if plan.cells.is_some() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("efficiency.csv"), table_of_cells(&cells, plan.runs)?)?;
    std::fs::write(folder.join("detection.csv"), table_of_incidents(&detected, plan.runs)?)?;
    std::fs::write(folder.join("efficiency.md"), page(&cells, &detected, plan))
}

fn numbers(shares: Shares) -> String {
    let Shares { right, wrong, oracle } = shares;
    format!("| {right:6.2} {wrong:6.2} {oracle:6.2} {:6.2}", shares.ratio())
}

fn summary(cells: &[Cell], group: fn(&Cell) -> bool, asked: usize) -> String {
    let Summary { efficiency, obvious, least, obvious_cells, wrong, worst_wrong } =
        Summary::of(cells.iter().filter(|cell| group(cell)), asked);
    format!(
        "{}: efficiency {efficiency:.2}, obvious answered {obvious:.3} (least {least:.2}, {obvious_cells} cells), \
         wrong {wrong:.4}, worst wrong {worst_wrong:.2}",
        ASKED[asked].0
    )
}

fn line(detected: &Detected) -> String {
    let minute = detected.median_minute.map_or("none".to_owned(), |minute| minute.to_string());
    let by = BY.iter().zip(detected.failed).map(|(by, share)| format!("by {by}: {share:.2}"));
    format!(
        "{:42} median minute {minute:>4}, failed {}, false alarms {:.4}",
        detected.name,
        by.collect::<Vec<_>>().join(", "),
        detected.false_alarms
    )
}

fn table_of_cells(cells: &[Cell], runs: usize) -> io::Result<Vec<u8>> {
    let header =
        ["cell", "truth", "runs", "median_z", "alone", "alone_wrong", "alone_oracle", "ten", "ten_wrong", "ten_oracle"];
    let row = |cell: &Cell| {
        let shares = cell.shares.iter().flat_map(|shares| [shares.right, shares.wrong, shares.oracle]);
        let names = [cell.situation.name(), cell.truth.name.into(), runs.to_string(), format!("{:.2}", cell.median_z)];
        names.into_iter().chain(shares.map(|share| format!("{share:.4}"))).collect()
    };
    table(header.map(str::to_owned).into(), cells.iter().map(row))
}

fn table_of_incidents(detected: &[Detected], runs: usize) -> io::Result<Vec<u8>> {
    let by = BY.map(|by| format!("failed_by_{by}"));
    let header = ["incident", "soaks", "median_minute"].map(str::to_owned).into_iter().chain(by);
    let row = |one: &Detected| {
        let minute = one.median_minute.map_or(String::new(), |minute| minute.to_string());
        let shares = one.failed.iter().chain([&one.false_alarms]).map(|share| format!("{share:.4}"));
        [one.name.into(), runs.to_string(), minute].into_iter().chain(shares).collect()
    };
    table(header.chain(["false_alarms".to_owned()]).collect(), detected.iter().map(row))
}

pub fn table(header: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> io::Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(header)?;
    for row in rows {
        csv.write_record(row)?;
    }
    csv.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn page(cells: &[Cell], detected: &[Detected], plan: &Plan) -> String {
    let Plan { runs, seed, .. } = plan;
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "# Efficiency

How often the judge answers, beside an *oracle*: the z test of the same difference with the true variance of the
noise, at the same level. A judge has to estimate the noise, so it cannot answer much more often while it keeps its
level. How near it comes is its efficiency. [history.md](history.md) has the same cells
for a judge that knows a day of the past. This page, [efficiency.csv](efficiency.csv) and
[detection.csv](detection.csv) are written by

```sh
cargo bench --no-default-features --bench calibration -- --efficiency {runs} --seed {seed}
```

with davy {version}; the same command gives the same bytes on any number of cores. The cells are in
`tests/soaks/efficiency/situation.rs`. The rules come from the configuration that a person would write, with all its
defaults: level 0.95, and a Fail on counts takes at least 5 bad events more than expected.

A cell is a service with a truth. It has {runs} runs.

- `gauge/12x300s/sd0.05/ar0.5` has 12 steps of 300 s. The logarithm of each arm has noise of its own, with a standard
  deviation of 0.05 and a correlation of 0.5 from step to step. The bound is `<= baseline + 10%`.
- `rate/60x60s/300rpm/1%/share0.5` has 60 steps of 60 s and 1 % errors. Both arms together have 600 requests a minute,
  half of them on the canary. The bound is the baseline plus half of the rate, in percentage points.

| Truth | What it is |
|---|---|
| healthy | nothing differs: PASS is right, FAIL is wrong |
| worse 2, 4, 10 | worse by so many margins from the beginning on: FAIL is right, PASS is wrong |
| late 10 | by 10 margins from the middle on |
| end 20 | by 20 margins in the last quarter |

The judge answers twice about each draw: `alone`, and `of ten` beside nine criteria that never fail. Those are far within
their limits, so that the judge does not let them share the false-alarm budget ([families.md](families.md)). The oracle
divides it by ten.

## Summary

Efficiency is the mean of right / oracle, none above 1, over the cells in which the oracle answers at least every fifth
time. A cell is *obvious* if a person who looks at the plot would not hesitate: the oracle's median |z| is at least 8,
or 5 if the canary is healthy.

{summary}
{cells}
## Planned looks

davy judges a soak of one hour every five minutes. The table has the share of soaks that have failed by a minute, and
the median minute of the first FAIL. A false alarm is a soak that fails although the canary of the same service is
healthy.

The noise of a minute is 10 %, that of five minutes 5 %; both have a correlation of 0.3 from step to step, and the bound
is `<= baseline + 10%`, one of ten criteria. Errors are 1 % of 300 requests a minute and arm; the bound is
`<= baseline`, the only criterion.

{detection}",
        summary = summaries(cells),
        cells = tables(cells),
        detection = detection(detected),
    )
}

fn summaries(cells: &[Cell]) -> String {
    let heads = ["Efficiency", "Obvious answered", "Least", "Obvious cells", "Wrong", "Worst wrong"];
    let mut text = format!("| Cells | Asked | {} |\n|---|---|{}\n", heads.join(" | "), "--:|".repeat(heads.len()));
    for (name, group) in GROUPS {
        for (i, (asked, _)) in ASKED.iter().enumerate() {
            let summary = Summary::of(cells.iter().filter(|cell| group(cell)), i);
            let numbers =
                [(summary.efficiency, 2), (summary.obvious, 3), (summary.least, 2)].map(|(v, digits)| known(v, digits));
            let Summary { obvious_cells, wrong, worst_wrong, .. } = summary;
            let _ = writeln!(
                text,
                "| {name} | {asked} | {} | {obvious_cells} | {wrong:.4} | {worst_wrong:.2} |",
                numbers.join(" | ")
            );
        }
    }
    text
}

pub fn known(value: f64, digits: usize) -> String {
    if value.is_finite() { format!("{value:.digits$}") } else { "-".to_owned() }
}

/// One table per truth; what is obvious is marked, and bold where it is missed too often.
fn tables(cells: &[Cell]) -> String {
    let mut text = String::new();
    for truth in TRUTHS.iter().filter(|truth| cells.iter().any(|cell| cell.truth == **truth)) {
        let answer = if truth.is_healthy() { "PASS" } else { "FAIL" };
        let heads = ASKED.map(|(name, _)| format!("{name}: {answer} | oracle | ratio | wrong"));
        let _ = writeln!(
            text,
            "## {}\n\n| Cell | median z | {} |\n|---|{}",
            truth.name,
            heads.join(" | "),
            "--:|".repeat(9)
        );
        for cell in cells.iter().filter(|cell| cell.truth == *truth) {
            let z = format!("{:.1}{}", cell.median_z, if cell.is_obvious() { " obvious" } else { "" });
            let shares = cell.shares.map(|shares| shown(shares, cell.is_obvious()));
            let _ = writeln!(text, "| {} | {z} | {} |", cell.situation.name(), shares.join(" | "));
        }
        text += "\n";
    }
    text
}

fn shown(shares: Shares, obvious: bool) -> String {
    const ANSWERED: f64 = 0.97;
    let Shares { right, wrong, oracle } = shares;
    let ratio = known(shares.ratio(), 2);
    let right = if obvious && right < ANSWERED { format!("**{right:.2}**") } else { format!("{right:.2}") };
    format!("{right} | {oracle:.2} | {ratio} | {wrong:.2}")
}

fn detection(detected: &[Detected]) -> String {
    let by = BY.map(|by| format!("by {by}"));
    let mut text = format!(
        "| Incident | Median minute | {} | False alarms |\n|---|{}\n",
        by.join(" | "),
        "--:|".repeat(2 + BY.len())
    );
    for one in detected {
        let minute = one.median_minute.map_or("-".to_owned(), |minute| minute.to_string());
        let shares = one.failed.map(|share| format!("{share:.2}"));
        let name = one.name.trim_start_matches("looks/");
        let _ = writeln!(text, "| {name} | {minute} | {} | {:.3} |", shares.join(" | "), one.false_alarms);
    }
    text
}
