//! Many criteria in one run: what is found among them, and how often a healthy run fails.
//!
//! It prints a line per panel as soon as it is measured, and writes them all to `families.md`.

use std::io;
use std::path::Path;

use crate::efficiency::Plan;
use crate::soaks::families::{Panel, Shares, healthy, worse};

/// Measures, prints, and writes the file if no panel is left out.
pub fn run(plan: &Plan, folder: &Path) -> io::Result<()> {
    let (worse, healthy) = (measure(worse(), plan), measure(healthy(), plan));
    if plan.cells.is_some() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("families.md"), page(&worse, &healthy, plan))
}

fn measure(panels: Vec<Panel>, plan: &Plan) -> Vec<(Panel, Shares)> {
    let wanted = |panel: &Panel| plan.cells.is_none_or(|pattern| pattern.matches(&panel.name()));
    let measure = |panel: Panel| {
        let shares = panel.measure(plan.runs, plan.seed, plan.threads);
        println!("{}", row(&(panel, shares)));
        (panel, shares)
    };
    panels.into_iter().filter(wanted).map(measure).collect()
}

fn row((panel, shares): &(Panel, Shares)) -> String {
    let Shares { found, wrong, divided, oracle } = shares;
    let known = |share: f64, known: bool| if known { format!("{share:.3}") } else { "-".to_owned() };
    let is_once = panel.looks == davy::judge::rules::Looks::Once;
    if panel.worse == 0 {
        return format!("| {} | {wrong:.3} |", panel.name());
    }
    let (divided, oracle) = (known(*divided, is_once), known(*oracle, is_once && *oracle > 0.0));
    format!(
        "| {} | {} worse, ×{} | {divided} | {found:.3} | {oracle} | {wrong:.3} |",
        panel.name(),
        panel.worse,
        panel.times
    )
}

fn rows(all: &[(Panel, Shares)]) -> String {
    all.iter().map(|one| row(one) + "\n").collect()
}

fn page(worse: &[(Panel, Shares)], healthy: &[(Panel, Shares)], plan: &Plan) -> String {
    let Plan { runs, seed, .. } = plan;
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(
        "# Many criteria

A verdict fails if any of its criteria fails, so all of them share one chance of a false alarm (`crates/davy-judge/src/levels.rs`).
This page is written by

```sh
cargo bench --no-default-features --bench calibration -- --efficiency {runs} --families --seed {seed}
```

with davy {version}. Each row has {runs} runs of one hour in steps of a minute, at the level 0.95. A rate has 150 requests a
minute and arm, 1 % of them bad. The steps of a level vary by 10 %, with a correlation of 0.3 from one to the next.
Criteria with a correlation share that part of the noise of their arm; so do rates, which then wander by 30 %. Routes
and percentiles are one family; services have one each.

## One is worse

The share of runs that fail by a criterion that is worse. *Divided* is the same judge with the budget divided by the number
of criteria before any data is seen. The *oracle* knows that the counts are independent and divides too. *Wrong* are runs in
which a criterion fails that is not worse.

| Criteria | Truth | Divided | davy | Oracle, divided | Wrong |
|---|---|--:|--:|--:|--:|
"
    );
    text += &rows(worse);
    text += "
## Healthy

The share of runs that fail although both arms are the same: at most 0.05 is allowed. At a margin of 0 % every criterion lies
on its limit.

| Criteria | Failed |
|---|--:|
";
    text + &rows(healthy)
}
