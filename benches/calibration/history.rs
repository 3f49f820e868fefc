//! How much a judge gains that has learned the noise from a day of the baseline's past, and what it costs if today is
//! noisier.
//!
//! Cells and oracle are those of `efficiency`. All of them together become `history.csv` and `history.md`; some alone are
//! only printed.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::efficiency::{Plan, known, table};
use crate::soaks::efficiency::situation::{HEALTHY, ON_THE_LIMIT, Situation, TRUTHS, Truth};
use crate::soaks::efficiency::{ASKED, Cell, GROUPS, Runs, Summary, all, measure};

/// How many times as noisy today is as its past.
const TIMES: [f64; 4] = [1.0, 1.25, 1.5, 3.0];
/// Healthy canaries on the limit are drawn so many times as often: what is counted is rare.
const MORE: usize = 4;

/// One cell without a past and with one.
struct Both {
    without: Cell,
    with: Cell,
}

/// Healthy canaries on the limit that failed: without a past, and with one by how much noisier today is.
struct Failed {
    situation: Situation,
    without: f64,
    with: [f64; TIMES.len()],
}

/// Measures, prints, and writes the files if no cell is left out.
pub fn run(plan: &Plan, folder: &Path) -> io::Result<()> {
    let wanted = |name: &str| plan.cells.is_none_or(|pattern| pattern.matches(name));
    let of = |runs, past| Runs { runs, seed: plan.seed, past };
    let mut cells = Vec::new();
    for (situation, truth) in all().filter(|(situation, _)| wanted(&situation.name())) {
        let cell = |past| measure(&situation, &truth, of(plan.runs, past), plan.threads);
        let both = Both { without: cell(None), with: cell(Some(1.0)) };
        println!("{}", row(&both));
        cells.push(both);
    }
    let mut failed = Vec::new();
    for situation in ON_THE_LIMIT.iter().filter(|situation| wanted(&limit_name(situation))) {
        let share = |past| measure(situation, &HEALTHY, of(plan.runs * MORE, past), plan.threads).shares[0].wrong;
        let one = Failed { situation: *situation, without: share(None), with: TIMES.map(|times| share(Some(times))) };
        println!("{}", row_of_failed(&one));
        failed.push(one);
    }
    if plan.cells.is_some() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("history.csv"), table_of(&cells, plan.runs)?)?;
    std::fs::write(folder.join("history.md"), page(&cells, &failed, plan))
}

fn limit_name(situation: &Situation) -> String {
    format!("limit/{}", situation.name())
}

fn row(both: &Both) -> String {
    let Both { without, with } = both;
    let numbers = (0..ASKED.len()).map(|i| {
        let (before, after) = (without.shares[i], with.shares[i]);
        let ratios = [before.ratio(), after.ratio()].map(|ratio| known(ratio, 2));
        format!(
            "{:.2} | {:.2} | {:.2} | {} | {:.2}",
            after.oracle,
            before.right,
            after.right,
            ratios.join(" | "),
            after.wrong
        )
    });
    format!("| {} | {} |", without.situation.name(), numbers.collect::<Vec<_>>().join(" | "))
}

fn row_of_failed(one: &Failed) -> String {
    let with = one.with.map(|share| format!("{share:.3}"));
    format!("| {} | {:.3} | {} |", one.situation.name(), one.without, with.join(" | "))
}

fn table_of(cells: &[Both], runs: usize) -> io::Result<Vec<u8>> {
    let own = ASKED.iter().flat_map(|(name, _)| {
        let name = name.trim_start_matches("of ");
        ["oracle", "without", "without_wrong", "with", "with_wrong"].map(|what| format!("{name}_{what}"))
    });
    let header = ["cell", "truth", "runs"].map(str::to_owned).into_iter().chain(own).collect();
    let row = |both: &Both| {
        let names = [both.with.situation.name(), both.with.truth.name.into(), runs.to_string()];
        let shares = (0..ASKED.len()).flat_map(|i| {
            let (before, after) = (both.without.shares[i], both.with.shares[i]);
            [after.oracle, before.right, before.wrong, after.right, after.wrong].map(|share| format!("{share:.4}"))
        });
        names.into_iter().chain(shares).collect()
    };
    table(header, cells.iter().map(row))
}

fn page(cells: &[Both], failed: &[Failed], plan: &Plan) -> String {
    let Plan { runs, seed, .. } = plan;
    let (version, soaks) = (env!("CARGO_PKG_VERSION"), runs * MORE);
    let heads = TIMES.map(|times| format!("past, today ×{times}"));
    let failed: Vec<String> = failed.iter().map(row_of_failed).collect();
    format!(
        "# Learned noise

How much more often the judge answers if it has learned the noise from a day of the baseline's past (`noise: {{ learn: 1d }}`),
beside the oracle of [efficiency.md](efficiency.md), which has the meaning of the cells. Every run has a day of its own, with
the same noise. This page and [history.csv](history.csv) are written by

```sh
cargo bench --no-default-features --bench calibration -- --efficiency {runs} --history --seed {seed}
```

with davy {version}. Each cell has {runs} runs.

## Summary

{summary}
## Healthy canaries on the limit

The share of soaks of one hour that fail although both arms are the same service, in {soaks} soaks each: at most 0.05 is
allowed. The limit is the baseline itself. The noise of one arm lasts for minutes, as in the scenarios `ar07` and `ar09`. Today may
be noisier than the past was: by so many times the standard deviation of the levels.

| Cell | no past | {heads} |
|---|--:|{columns}
{failed}

{tables}",
        summary = summaries(cells),
        heads = heads.join(" | "),
        columns = "--:|".repeat(TIMES.len()),
        failed = failed.join("\n"),
        tables = TRUTHS.iter().map(|truth| table_of_truth(cells, truth)).collect::<String>(),
    )
}

fn summaries(cells: &[Both]) -> String {
    let mut text = "| Cells | Asked | Efficiency, no past | with a past | Wrong, no past | with a past |\n".to_owned();
    let _ = writeln!(text, "|---|---|{}", "--:|".repeat(4));
    for (name, group) in GROUPS {
        for (i, (asked, _)) in ASKED.iter().enumerate() {
            let of = |of: fn(&Both) -> &Cell| Summary::of(cells.iter().map(of).filter(|cell| group(cell)), i);
            let (before, after) = (of(|both| &both.without), of(|both| &both.with));
            let efficiency = [before.efficiency, after.efficiency].map(|value| known(value, 2)).join(" | ");
            let _ = writeln!(text, "| {name} | {asked} | {efficiency} | {:.4} | {:.4} |", before.wrong, after.wrong);
        }
    }
    text
}

fn table_of_truth(cells: &[Both], truth: &Truth) -> String {
    let answer = if truth.is_healthy() { "PASS" } else { "FAIL" };
    let heads = ASKED.map(|(name, _)| {
        format!("{name}: oracle | {answer}, no past | with a past | ratio, no past | with a past | wrong with a past")
    });
    let rows = cells.iter().filter(|both| both.with.truth == *truth).map(row).collect::<Vec<_>>();
    format!(
        "## {}\n\n| Cell | {} |\n|---|{}\n{}\n\n",
        truth.name,
        heads.join(" | "),
        "--:|".repeat(6 * ASKED.len()),
        rows.join("\n")
    )
}
