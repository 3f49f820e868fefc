//! The measured cells as files: CSV with every number, and a README of tables with what they say.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::plan::{Section, Sizes};
use crate::soaks::cells::{Cell, Way};
use crate::targets::{miss, missed};

/// Misses that the head lists; all are bold in the tables.
const LISTED: usize = 20;

/// Writes both.
pub fn write(folder: &Path, results: &[(Section, Vec<Cell>)], sizes: &Sizes) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (section, cells) in results {
        std::fs::write(folder.join(format!("{}.csv", section.name())), table_of_all(cells)?)?;
    }
    std::fs::write(folder.join("README.md"), readme(results, sizes))
}

fn table_of_all(cells: &[Cell]) -> io::Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let header = [
        "family",
        "scenario",
        "effect",
        "validity",
        "every",
        "soaks",
        "fails",
        "rate",
        "low99",
        "high99",
        "median_minute",
    ];
    csv.write_record(header)?;
    for cell in cells {
        let (low, high) = cell.limits();
        csv.write_record([
            cell.family.clone(),
            cell.scenario.clone(),
            cell.effect.clone(),
            cell.way.name().to_owned(),
            cell.every.to_string(),
            cell.soaks.to_string(),
            cell.fails.to_string(),
            format!("{:.4}", cell.rate()),
            format!("{low:.4}"),
            format!("{high:.4}"),
            cell.median_minute.map_or(String::new(), |minute| minute.to_string()),
        ])?;
    }
    csv.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

/// The cells of a section as they were written into the folder; none where it was never measured.
pub fn read(folder: &Path, section: Section) -> io::Result<Vec<Cell>> {
    let path = folder.join(format!("{}.csv", section.name()));
    if !path.exists() {
        return Ok(Vec::new());
    }
    let wrong = || io::Error::other("a row is not a cell of this table");
    let cell = |row: Result<csv::StringRecord, csv::Error>| {
        let row = row?;
        let text = |column: usize| row.get(column).ok_or_else(wrong);
        let number = |column: usize| text(column)?.parse().map_err(|_| wrong());
        Ok(Cell {
            family: text(0)?.to_owned(),
            scenario: text(1)?.to_owned(),
            effect: text(2)?.to_owned(),
            way: Way::ALL.into_iter().find(|way| text(3).is_ok_and(|name| name == way.name())).ok_or_else(wrong)?,
            every: number(4)?,
            soaks: number(5)?,
            fails: number(6)?,
            median_minute: match text(10)? {
                "" => None,
                minute => Some(minute.parse().map_err(|_| wrong())?),
            },
        })
    };
    csv::Reader::from_path(path)?.records().map(cell).collect()
}

fn readme(results: &[(Section, Vec<Cell>)], sizes: &Sizes) -> String {
    let mut text = head(results, sizes);
    for (section, cells) in results.iter().filter(|(_, cells)| !cells.is_empty()) {
        text += &match section {
            Section::Aa => identical(*section, cells),
            Section::EveryMinute => every_minute(*section, cells),
            Section::Power => power(*section, cells),
            Section::Pass => pass(*section, cells),
            Section::Limits => limits(*section, cells),
            Section::Traffic => traffic(*section, cells),
        };
    }
    text
}

fn head(results: &[(Section, Vec<Cell>)], sizes: &Sizes) -> String {
    let Sizes { soaks, power, requests, seed } = sizes;
    let version = env!("CARGO_PKG_VERSION");
    let missed = missed(results);
    let promises = match missed.as_slice() {
        [] => "No target is missed.".to_owned(),
        _ => {
            let more = missed.len().saturating_sub(LISTED);
            let rest = if more > 0 { format!("\n- and {more} more") } else { String::new() };
            let listed = missed.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join("\n- ");
            format!("Targets missed (bold in the tables):\n\n- {listed}{rest}")
        }
    };
    format!(
        "# Operating characteristics

How often the judge is wrong, and how soon it is right, on simulated soaks whose truth is known. What it answers on services that others
measured, healthy and with injected faults, is in [reality.md](reality.md) and [reality.csv](reality.csv), which the tests write. How often it answers
beside an oracle that knows the noise is in [efficiency.md](efficiency.md), which says how it is written. Everything else in this folder is written by

```sh
cargo bench --no-default-features --bench calibration -- \\
  --soaks {soaks} --power-soaks {power} --request-soaks {requests} --seed {seed}
```

with davy {version}; the same command gives the same bytes on any number of cores. `--check` ends with exit code 1 when a target is missed.
The scenarios are in `tests/soaks/scenario.rs`: `iid` is calm, in `ar07` the noise of one arm lasts for minutes, in `overdisp` and `burst` errors
come in lumps, in `shock` both arms move together, `ramp` goes from 5 % to 50 % of the traffic, `mixed` has most of it at once.

The columns are ways of looking at a soak. It counts as failed from its first Fail on.

| Way | What it is |
|---|---|
| `once@end` | one look, when the soak is over |
| `planned` | looks every few minutes, planned: the false-alarm budget is spread over them |
| `open` | the same looks without a plan: evidence that holds at any time |
| `once@looks` | the judgement for one look, repeated at every look: a misuse, to show what it costs |
| `kayenta` | Mann-Whitney at 98 %, tolerance 0.25, on the numbers per minute, repeated at every look |

Level 0.95; warm-up, least excess and least coverage are 0 here. The defaults (no Fail on fewer than 5 events more than expected, half of the
steps usable) can only make failing rarer: most of all with little traffic (`low`, `split5`, events).

{promises}

"
    )
}

/// The rows and columns of a table, in the order of the cells.
struct Table<'a> {
    section: Section,
    cells: Vec<&'a Cell>,
    first: &'a str,
    row: fn(&Cell) -> String,
    limits: bool,
}

impl Table<'_> {
    fn text(&self) -> String {
        let ways: Vec<Way> =
            Way::ALL.into_iter().filter(|way| self.cells.iter().any(|cell| cell.way == *way)).collect();
        let mut rows: Vec<String> = Vec::new();
        for cell in &self.cells {
            let row = (self.row)(cell);
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        let names: Vec<&str> = ways.iter().map(|way| way.name()).collect();
        let mut text = format!("| {} | {} |\n|---|{}\n", self.first, names.join(" | "), "--:|".repeat(ways.len()));
        for row in rows {
            let cell = |way: &Way| self.cells.iter().find(|cell| cell.way == *way && (self.row)(cell) == row);
            let words = ways.iter().map(|way| cell(way).map_or("-".to_owned(), |cell| self.words(cell)));
            let _ = writeln!(text, "| {row} | {} |", words.collect::<Vec<_>>().join(" | "));
        }
        text + "\n"
    }

    fn words(&self, cell: &Cell) -> String {
        let (low, high) = cell.limits();
        let mut words = format!("{:.3}", cell.rate());
        if self.limits {
            let _ = write!(words, " ({low:.3}-{high:.3})");
        } else if let Some(minute) = cell.median_minute {
            let _ = write!(words, " @{minute}");
        }
        if miss(self.section, cell).is_some() { format!("**{words}**") } else { words }
    }
}

/// One table per family.
fn by_family(section: Section, cells: &[Cell], first: &str, row: fn(&Cell) -> String, limits: bool) -> String {
    let mut families: Vec<&str> = Vec::new();
    for cell in cells {
        if !families.contains(&cell.family.as_str()) {
            families.push(&cell.family);
        }
    }
    let table = |family: &&str| {
        let of: Vec<&Cell> = cells.iter().filter(|cell| cell.family == **family).collect();
        let soaks = of.iter().map(|cell| cell.soaks);
        let soaks = match (soaks.clone().min(), soaks.max()) {
            (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
            (_, most) => most.unwrap_or(0).to_string(),
        };
        let table = Table { section, cells: of, first, row, limits };
        format!("### {}\n\n{soaks} soaks per cell.\n\n{}", sentence_case(family), table.text())
    };
    families.iter().map(table).collect()
}

fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn scenario(cell: &Cell) -> String {
    cell.scenario.clone()
}

fn scenario_and_effect(cell: &Cell) -> String {
    format!("{} / {}", cell.scenario, cell.effect)
}

/// The largest rate of a way, in words.
fn largest<'a>(cells: impl Iterator<Item = &'a Cell>) -> String {
    let worst = cells.max_by(|a, b| a.rate().total_cmp(&b.rate()));
    worst.map_or("nothing was measured".to_owned(), |cell| {
        format!("{:.3} ({}, `{}`)", cell.rate(), cell.family, cell.scenario)
    })
}

fn of(cells: &[Cell], way: Way) -> impl Iterator<Item = &Cell> {
    cells.iter().filter(move |cell| cell.way == way)
}

fn identical(section: Section, cells: &[Cell]) -> String {
    let usual = |way| largest(of(cells, way).filter(|cell| cell.scenario != "ar09"));
    let slowest = largest(of(cells, Way::Planned).filter(|cell| cell.scenario == "ar09"));
    format!(
        "## Identical arms

The share of soaks that fail though nothing differs, with 99 % limits (Clopper and Pearson). Promised: at most 0.05 over all looks together; a cell
misses above 0.06 or when its limits exclude 0.05 (`planned`), or above 0.05 (`open`). Numbers: [aa.csv](aa.csv).

The largest planned rate is {planned}, the largest open one {open}, the largest of one look at the end {once}; the judgement for one look, repeated,
reaches {misused}, and Kayenta {kayenta}. `ar09` is left out of these: noise that lasts for ten minutes of an hour cannot be told from a regression
by two series alone, and the planned rate there is {slowest}.

{tables}",
        planned = usual(Way::Planned),
        open = usual(Way::Open),
        once = usual(Way::Once),
        misused = usual(Way::OnceAtLooks),
        kayenta = usual(Way::Kayenta),
        tables = by_family(section, cells, "Scenario", scenario, true),
    )
}

fn every_minute(section: Section, cells: &[Cell]) -> String {
    format!(
        "## Identical arms, looked at every minute

56 looks instead of 12. What is planned for many looks must not move: the largest planned rate is {planned}, the largest open one {open}. The judgement
for one look gets worse with every further look: {misused}. Numbers: [every-minute.csv](every-minute.csv).

{tables}",
        planned = largest(of(cells, Way::Planned)),
        open = largest(of(cells, Way::Open)),
        misused = largest(of(cells, Way::OnceAtLooks)),
        tables = by_family(section, cells, "Scenario", scenario, true),
    )
}

fn power(section: Section, cells: &[Cell]) -> String {
    format!(
        "## Worse canaries

The share of soaks that fail, and the median minute of the first Fail where at least half do. `err2` is twice the errors, `lat1.10` ten percent slower,
`tail` four percent of the requests three times as slow, `late_` from minute 20 on. A rate of `once@looks` or `kayenta` is worth only what
the same column shows for identical arms: they are faster where they are also wrong more often. Little traffic (`low`, `split5`) is not a question of
the method: three expected errors an hour show nothing below a fivefold rate. Numbers: [power.csv](power.csv).

{}",
        by_family(section, cells, "Scenario / effect", scenario_and_effect, false)
    )
}

fn pass(section: Section, cells: &[Cell]) -> String {
    let at = |cell: &&Cell| cell.effect == "at the margin";
    format!(
        "## Passing

Asked whether the canary is within a margin: at most 1.5 times the errors, at most 1.105 times the p95. A canary that is exactly at the margin (`at the
margin`) should pass in at most 5 % of the soaks, identical arms (`aa`) should often. The largest rate at the margin is {planned} at planned looks and
{once} at one look. Where errors come in lumps an hour seldom shows that they are not half as many again. Numbers: [pass.csv](pass.csv).

{tables}",
        planned = largest(of(cells, Way::Planned).filter(at)),
        once = largest(of(cells, Way::Once).filter(at)),
        tables = by_family(section, cells, "Scenario / effect", scenario_and_effect, false),
    )
}

fn limits(section: Section, cells: &[Cell]) -> String {
    let against = |way| largest(of(cells, way).filter(|cell| cell.family.contains("so far")));
    format!(
        "## Absolute limits

The canary's errors against a limit, without a baseline. There is no second arm to cancel what moves both, so an answer is about the rate that the soak
had, not the one that the service has in the long run: planned looks contradict the expected rate so far in at most {planned} of the soaks, open ones in
{open}. Against a long-run rate exactly at the limit, shared shocks and rare bursts are seen or not seen, and no method can know what did
not happen. Numbers: [limits.csv](limits.csv).

{tables}",
        planned = against(Way::Planned),
        open = against(Way::Open),
        tables = by_family(section, cells, "Scenario", scenario, false),
    )
}

fn traffic(section: Section, cells: &[Cell]) -> String {
    let right = |cell: &&Cell| !cell.scenario.contains(" is ");
    format!(
        "## The split of the traffic

A mismatch is stated at 0.001. With a split that is as configured, also where routing is noisier than chance (a share that wanders by 3 %), the
largest rate is {planned} at planned looks. A mismatch below 1 % of the configured share is never stated. Numbers: [traffic.csv](traffic.csv).

{tables}",
        planned = largest(of(cells, Way::Planned).filter(right)),
        tables = by_family(section, cells, "Split", scenario, false),
    )
}
