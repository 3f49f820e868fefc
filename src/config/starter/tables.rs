//! A first configuration for tables: the columns of both arms are matched by what they mean, and each is judged that
//! either arm has.
//!
//! What one arm lacks is never dropped: nobody knows what the canary would have shown there, so nothing passes.

use super::Wish;
use super::draft::{
    Draft, FILE_OF_ARM, Found, Starter, Tolerance, criteria_of_requests, not_judged, of_rates, tolerance,
};
use super::matched::{Matched, Seen, matched};
use super::names::{Meaning, Percentile, rank};
use crate::judge::rules::NotJudged;
use crate::series::{Arm, Gravity, Pair};
use crate::source::file::is_of_operations;
use crate::source::survey::{Motion, Survey};
use crate::text::scalar::word;
use crate::text::yaml::literal;
use crate::text::yaml::quoted;

/// Of columns that are only mentioned, so many are named.
const NAMED: usize = 8;

/// A configuration for tables: one file with both arms, or a file for each.
pub(super) fn starter(files: Pair<&Survey>, one: bool, called: &str, wish: &Wish) -> Starter {
    let step = files.canary.step.or(files.baseline.step);
    let mut reading = Reading {
        files,
        one,
        wish,
        per_request: step.is_none(),
        found: Vec::new(),
        not_judged: Vec::new(),
        labels: Vec::new(),
    };
    let columns = matched(files, one, wish);
    if files.baseline.benchmarks && files.canary.benchmarks {
        reading.benchmarks(&columns);
    } else {
        reading.rates(&columns);
        reading.numbers(&columns);
        reading.others(&columns);
        reading.group();
    }
    let mut problems = reading.problems();
    problems.extend(reading.unfulfilled());
    let yaml = if problems.is_empty() { reading.yaml(called) } else { String::new() };
    let recognised = reading.found.into_iter().map(|found| found.sentence).collect();
    Starter { yaml, recognised, not_judged: reading.not_judged, problems }
}

/// The quantile that best says how slow requests are: higher ones hang on few requests, lower ones hide the slow.
const TELLING: f64 = 0.95;

/// Whether a percentile is the one of its endpoint that must be shown to hold.
fn leads(percentile: &Percentile, columns: &[Matched]) -> bool {
    let far = |q: f64| (q - TELLING).abs();
    let judged = columns.iter().filter(|one| one.is_in_both() && !one.is_empty());
    let mut others = judged.flat_map(|one| one.any().take(1)).filter_map(|seen| match &seen.name.meaning {
        Meaning::Percentile(other) if other.endpoint == percentile.endpoint => Some(other.q),
        _ => None,
    });
    others.all(|q| far(percentile.q) <= far(q))
}

/// The key and the words for columns that are totals since some start.
fn totals(whole: &Matched, part: &Matched) -> (&'static str, &'static str) {
    match Motion::are_totals(whole.motion(), part.motion()) {
        true => (", counter: true", " of their increases: both are counters since some start"),
        false => ("", ""),
    }
}

/// Whether a column says which processor a row is of, as sadf's `CPU` does beside `%user`: -1 means all of them.
fn is_processor(one: &Matched, columns: &[Matched]) -> bool {
    let usage = |other: &Matched| other.any().any(|seen| seen.column.name.starts_with('%'));
    let below = |seen: &Seen| seen.column.min.is_some_and(|least| least < 0.0);
    one.is(&Meaning::Gauge("cpu"))
        && one.any().any(|seen| seen.name.plain == "cpu")
        && (one.any().any(below) || columns.iter().any(usage))
}

/// The columns while they are being understood.
struct Reading<'a> {
    files: Pair<&'a Survey>,
    wish: &'a Wish,
    /// Whether both arms are in one file.
    one: bool,
    per_request: bool,
    found: Vec<Found>,
    not_judged: Vec<NotJudged>,
    /// The columns that the arms call by different names, as labels of the arms.
    labels: Vec<(String, Pair<String>)>,
}

impl Reading<'_> {
    /// Requests with their errors, lookups with their hits.
    fn rates(&mut self, columns: &[Matched]) {
        let of = |meaning: Meaning| {
            let mut all: Vec<&Matched> = columns.iter().filter(|one| one.is(&meaning) && !one.is_empty()).collect();
            all.sort_by_key(|one| (!one.is_in_both(), one.is_text(), one.any().map(|seen| rank(&seen.name)).min()));
            all
        };
        let totals = of(Meaning::Requests);
        for bad in of(Meaning::Errors) {
            match totals.first() {
                Some(total) if total.is_in_both() && bad.is_in_both() => self.errors(bad, total),
                _ if !bad.is_in_both() => self.lacks(bad),
                Some(total) => self.lacks(total),
                None => {
                    let why = "no column says of how many requests they are";
                    self.not_judged.push(not_judged(bad.spoken(), why, Gravity::Suspect));
                }
            }
        }
        let (hits, misses) = (of(Meaning::Hits), of(Meaning::Misses));
        let whole = hits.iter().zip(&misses).take_while(|(good, bad)| good.is_in_both() && bad.is_in_both()).count();
        hits.iter().zip(&misses).take(whole).for_each(|(good, bad)| self.hits(good, bad));
        for one in hits.iter().skip(whole).chain(misses.iter().skip(whole)) {
            match one.is_in_both() {
                true => {
                    let why = "hits need misses, and misses hits";
                    self.not_judged.push(not_judged(one.spoken(), why, Gravity::Suspect));
                }
                false => self.lacks(one),
            }
        }
        if totals.first().is_some_and(|total| !total.is_in_both()) {
            self.lacks(totals[0]);
        }
    }

    fn errors(&mut self, bad: &Matched, total: &Matched) {
        let first = !self.found.iter().any(|found| found.metric == "errors");
        let own = bad.any().next().map(|seen| seen.name.plain.clone()).unwrap_or_default();
        let metric = self.unique(if first { "errors".to_owned() } else { own });
        let (part, whole) = (self.column(bad, &metric), self.column(total, "requests"));
        let (counter, increases) = totals(total, bad);
        self.found.push(Found {
            shape: format!("rate: {{ bad: {part}, total: {whole}, of: requests{counter} }}"),
            criteria: vec![of_rates()],
            sentence: format!("{} and {} -> rate `{metric}`{increases}", total.spoken(), bad.spoken()),
            metric,
        });
    }

    fn hits(&mut self, good: &Matched, bad: &Matched) {
        let metric = self.unique("cache_hits".into());
        let (counter, increases) = totals(good, bad);
        let (hits, misses) =
            (self.column(good, &format!("{metric}_hits")), self.column(bad, &format!("{metric}_misses")));
        self.found.push(Found {
            shape: format!("rate: {{ good: {hits}, bad: {misses}, of: lookups{counter} }}"),
            criteria: vec![Tolerance::below("1pp")],
            sentence: format!("{} and {} -> rate `{metric}`{increases}", good.spoken(), bad.spoken()),
            metric,
        });
    }

    /// Percentiles, latencies and gauges.
    fn numbers(&mut self, columns: &[Matched]) {
        // requests that climb may be a counter, and a gauge is judged without them
        let is_plain = |one: &Matched| !matches!(one.motion(), Motion::Climbing | Motion::Counter);
        let usable =
            |one: &&Matched| one.is(&Meaning::Requests) && one.is_in_both() && !one.is_empty() && is_plain(one);
        let mut totals: Vec<&Matched> = columns.iter().filter(usable).collect();
        totals.sort_by_key(|one| (one.is_text(), one.any().map(|seen| rank(&seen.name)).min()));
        for one in columns {
            let Some(first) = one.any().next() else { continue };
            let measured = matches!(first.name.meaning, Meaning::Percentile(_) | Meaning::Latency | Meaning::Gauge(_));
            if !measured || one.is_empty() {
                continue;
            }
            if is_processor(one, columns) {
                self.not_judged.push(not_judged(one.spoken(), "it is the number of a processor", Gravity::Suspect));
                continue;
            }
            match one.is_in_both() {
                true => self.number(one, columns, totals.first().copied()),
                false => self.lacks(one),
            }
        }
    }

    fn number(&mut self, one: &Matched, columns: &[Matched], requests: Option<&Matched>) {
        let Some(Seen { name, .. }) = one.any().next() else { return };
        let metric = match &name.meaning {
            Meaning::Percentile(p) => format!("{}_{}", p.endpoint, p.quantile),
            _ => name.base.clone(),
        };
        let metric = self.unique(metric);
        let (column, unit, in_unit) = (self.column(one, &metric), self.unit(one), in_unit(one));
        let value = format!("value: {column}{unit}");
        let column = one.spoken();
        let found = match &name.meaning {
            Meaning::Percentile(p) => {
                let requests = requests.map(|total| self.column(total, "requests"));
                let requests = requests.map(|column| format!(", requests: {column}")).unwrap_or_default();
                Found {
                    shape: format!("gauge: {{ {value}, quantile: {}{requests} }}", p.quantile),
                    criteria: vec![Tolerance {
                        guardrail: !leads(p, columns),
                        ..Tolerance::above(format!("{}%", tolerance(p.q)))
                    }],
                    sentence: format!("{column} -> gauge `{metric}`{in_unit}, a {} per step", p.quantile),
                    metric,
                }
            }
            Meaning::Latency if self.per_request => Found {
                shape: format!("values: {{ {value} }}"),
                criteria: criteria_of_requests(),
                sentence: format!("{column} -> values `{metric}`{in_unit}, one per request"),
                metric,
            },
            _ => Found {
                shape: format!("gauge: {{ {value} }}"),
                criteria: vec![Tolerance::above("10%")],
                sentence: format!("{column} -> gauge `{metric}`{in_unit}, more of it taken as worse"),
                metric,
            },
        };
        self.found.push(found);
    }

    /// What operations take: whatever a benchmark is called, less of it is better. Two single benchmarks are each other's.
    fn benchmarks(&mut self, columns: &[Matched]) {
        let (columns, own): (Vec<_>, Vec<_>) =
            columns.iter().partition(|one| one.any().all(|seen| is_of_operations(&seen.column.name)));
        for one in own {
            let why = "it is the benchmark's own number, and its name does not say whether more of it is good or bad";
            self.not_judged.push(not_judged(one.spoken(), why, Gravity::Note));
        }
        let alone = |arm: Arm| columns.iter().filter(|one| one.arms.get(arm).is_some()).count() == 1;
        let pair = (alone(Arm::Baseline) && alone(Arm::Canary)).then(|| {
            let of = |arm: Arm| columns.iter().find_map(|one| one.arms.get(arm).clone());
            Matched { arms: Pair::build(of) }
        });
        // the same benchmark with other parameters does other work
        let is_other_work = |pair: &Matched| {
            let names = pair.arms.as_ref().map(|seen| seen.as_ref().map_or("", |seen| seen.column.name.as_str()));
            let base = |name: &str| name.find([':', '/']).map(|at| name[..at].to_owned());
            names.baseline != names.canary
                && base(names.baseline).is_some()
                && base(names.baseline) == base(names.canary)
        };
        let pair = pair.filter(|pair| !is_other_work(pair));
        for one in pair.as_ref().map_or(columns, |pair| vec![pair]) {
            let Some(seen) = one.any().next() else { continue };
            if one.arms.canary.is_none() {
                self.lacks(one);
                continue;
            }
            if one.arms.baseline.is_none() {
                self.not_judged.push(not_judged(
                    one.spoken(),
                    "the baseline does not have it: it is new",
                    Gravity::Note,
                ));
                continue;
            }
            let metric = self.unique(benchmark(&seen.column.name));
            let (column, unit, in_unit) = (self.column(one, &metric), self.unit(one), in_unit(one));
            self.found.push(Found {
                shape: format!("gauge: {{ value: {column}{unit} }}"),
                criteria: vec![Tolerance::above("10%")],
                sentence: format!("{} -> gauge `{metric}`{in_unit} of an operation", one.spoken()),
                metric,
            });
        }
    }

    /// The key that says what a column's numbers are in, if its name or somebody does.
    fn unit(&mut self, one: &Matched) -> String {
        let unit = |arm: Arm| one.arms.get(arm).as_ref().and_then(|seen| seen.name.unit);
        match (unit(Arm::Baseline), unit(Arm::Canary)) {
            (None, None) => String::new(),
            (Some(baseline), Some(canary)) if baseline == canary => format!(", unit: {}", quoted(canary)),
            (Some(baseline), Some(canary)) => {
                format!(", unit: {{ baseline: {}, canary: {} }}", quoted(baseline), quoted(canary))
            }
            (Some(known), None) | (None, Some(known)) => {
                let silent = if unit(Arm::Canary).is_none() { Arm::Canary } else { Arm::Baseline };
                let name = one.arms.get(silent).as_ref().map_or("", |seen| seen.column.name.as_str());
                let what = format!("the unit of {name} in {}", self.files.get(silent).shown);
                let why = format!("its name does not say it; it is read as {known}, the unit of the other arm");
                let why = format!("{why}. If that is right, say so with `--unit {name}={known}`");
                let gravity = if one.may_be_of_two_units() { Gravity::Incomplete } else { Gravity::Suspect };
                self.not_judged.push(not_judged(what, why, gravity));
                format!(", unit: {}", quoted(known))
            }
        }
    }

    /// What is left.
    fn others(&mut self, columns: &[Matched]) {
        let used_total =
            self.found.iter().any(|found| found.shape.contains("total: ") || found.shape.contains("requests: "));
        let mut notes: Vec<(&str, Vec<String>)> = Vec::new();
        for one in columns {
            let Some(Seen { name, .. }) = one.any().next() else { continue };
            let recognised = !matches!(name.meaning, Meaning::Telling | Meaning::Unknown);
            let why = match &name.meaning {
                _ if recognised && one.is_empty() => {
                    let why = if self.one { "it is empty" } else { "it is empty in both files" };
                    self.not_judged.push(not_judged(one.spoken(), why, Gravity::Suspect));
                    continue;
                }
                Meaning::Telling if !one.is_empty() && !one.is_in_both() => {
                    self.lacks(one);
                    continue;
                }
                Meaning::Telling if !one.is_empty() && !one.is_constant() => {
                    let how = "its name does not say how to judge it: write a metric and a criterion for it";
                    let entry = match one.is_apart() {
                        true => not_judged(one.spoken(), format!("the arms differ, and {how}"), Gravity::Incomplete),
                        false => not_judged(one.spoken(), how, Gravity::Suspect),
                    };
                    self.not_judged.push(entry);
                    continue;
                }
                Meaning::Requests if !used_total => "a number of requests alone is neither good nor bad",
                _ if recognised => continue,
                _ if one.is_empty() => "empty",
                _ if one.is_text() => "not a number",
                _ if !one.is_in_both() => "only one file has it",
                _ => "its name does not say whether more of it is good or bad",
            };
            match notes.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) => names.push(one.spoken()),
                None => notes.push((why, vec![one.spoken()])),
            }
        }
        for (why, names) in notes {
            self.not_judged.push(not_judged(list(&names), why, Gravity::Note));
        }
    }

    /// One arm has a column that the other lacks: nothing passes without it.
    fn lacks(&mut self, one: &Matched) {
        let lacking = if one.arms.canary.is_none() { self.files.canary } else { self.files.baseline };
        let what = if lacking.long.is_some() { "row of that name" } else { "such column" };
        let entry = not_judged(one.spoken(), format!("{} has no {what}", lacking.shown), Gravity::Incomplete);
        if !self.not_judged.contains(&entry) {
            self.not_judged.push(entry);
        }
    }

    /// A column as the configuration names it: by a label of the arm where the arms call it differently.
    fn column(&mut self, one: &Matched, role: &str) -> String {
        let names = one.arms.as_ref().map(|seen| seen.as_ref().map_or("", |seen| seen.column.name.as_str()));
        self.text(names, role)
    }

    fn text(&mut self, names: Pair<&str>, role: &str) -> String {
        if names.baseline == names.canary {
            return literal(names.canary);
        }
        let names = names.map(str::to_owned);
        let label = format!("{role}_column");
        if !self.labels.contains(&(label.clone(), names.clone())) {
            self.labels.push((label.clone(), names));
        }
        quoted(&format!("${{{label}}}"))
    }

    fn unique(&self, name: String) -> String {
        let taken = |name: &str| self.found.iter().any(|found| found.metric == name);
        let numbered = (2..).map(|i| format!("{name}-{i}"));
        [name.clone()].into_iter().chain(numbered).find(|name| !taken(name)).unwrap_or(name)
    }

    /// Judges each value of a column by itself: a file with such a column has several rows for one time.
    fn group(&mut self) {
        let Some(by) = &self.wish.by else { return };
        let (gauges, counted): (Vec<Found>, Vec<Found>) =
            std::mem::take(&mut self.found).into_iter().partition(|found| found.shape.starts_with("gauge"));
        let grouped = |found: Found| Found { shape: format!("by: {}, {}", literal(by), found.shape), ..found };
        self.found = counted.into_iter().map(grouped).collect();
        for gauge in gauges {
            let why = "one number per step of each group cannot be judged by groups: leave out `--by`";
            self.not_judged.push(not_judged(gauge.metric, why, Gravity::Incomplete));
        }
    }

    /// What was said of the files, and nothing in them is called so.
    fn unfulfilled(&mut self) -> Vec<String> {
        let wish = self.wish;
        let surveys = [self.files.baseline, self.files.canary].into_iter();
        let columns: Vec<&str> =
            surveys.flat_map(|survey| &survey.columns).map(|column| column.name.as_str()).collect();
        let mut problems = wish.wrong_units(&columns);
        problems.extend(wish.unknown_group(&columns));
        problems.extend(wish.bound(&mut self.found));
        if !wish.localise.is_empty() {
            let (columns, shown) = (wish.localise.join(","), &self.files.canary.shown);
            problems.push(format!(
                "--localise {columns}: only single requests have slices, and {shown} has a row per step. Give a log of requests"
            ));
        }
        if let Some(condition) = &wish.filter {
            let shown = &self.files.canary.shown;
            problems.push(format!(
                "--where '{condition}': only rows of a log of requests can be chosen, and {shown} has a row per step. Leave the rows out \
                 of the file"
            ));
        }
        problems
    }

    /// Why nothing can be judged, if so.
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let Pair { baseline, canary } = self.files;
        if self.one && canary.arm.is_none() {
            problems.push(who_is_who(canary));
        }
        if baseline.long.is_some() != canary.long.is_some() {
            let (long, wide) = if baseline.long.is_some() { (baseline, canary) } else { (canary, baseline) };
            problems.push(format!(
                "{} has a row for each name, and {} has a column for each: give two files of the same form",
                long.shown, wide.shown
            ));
        }
        if self.found.is_empty() && problems.len() < 2 {
            let (shown, columns) = match self.one || names(baseline) == names(canary) {
                true => (canary.shown.clone(), format!("the columns are {}", names(canary))),
                false => {
                    let of = |survey: &Survey| format!("the columns of {} are {}", survey.shown, names(survey));
                    (format!("{} and {}", baseline.shown, canary.shown), format!("{}; {}", of(baseline), of(canary)))
                }
            };
            let because = self.not_judged.iter().filter(|one| one.gravity > Gravity::Note);
            let because: String = because.map(|one| format!("{}: {}. ", one.what, one.why)).collect();
            problems.push(format!(
                "nothing in {shown} can be judged: {columns}. {because}davy recognises requests with errors, hits with \
                 misses, p50, p95, p99, latency_ms, cpu, memory and value. Rename the columns, or write a configuration \
                 with a metric and a criterion for each"
            ));
        }
        problems
    }

    fn yaml(&mut self, called: &str) -> String {
        let Pair { baseline, canary } = self.files;
        let mut keys =
            vec![format!("path: {}", if self.one { literal(&canary.shown) } else { FILE_OF_ARM.to_owned() })];
        if let (true, Some((column, baseline, canary))) = (self.one, &canary.arm) {
            let (column, baseline, canary) = (literal(column), literal(baseline), literal(canary));
            keys.push(format!("arm: {{ column: {column}, baseline: {baseline}, canary: {canary} }}"));
        }
        if let (Some((old, _)), Some((new, _))) = (&baseline.long, &canary.long) {
            let name = self.text(Pair { baseline: &old.name, canary: &new.name }, "name");
            let value = self.text(Pair { baseline: &old.value, canary: &new.value }, "value");
            keys.push(format!("long: {{ name: {name}, value: {value} }}"));
        }
        keys.extend(self.wish.format.map(|format| format!("format: {}", word(format))));
        let files = (!self.one).then_some(Pair { baseline: baseline.shown.as_str(), canary: canary.shown.as_str() });
        let source = format!("file: {{ {} }}", keys.join(", "));
        let (labels, step) = (self.labels.clone(), self.wish.step);
        let draft = Draft { called, files, labels, source, remarks: Vec::new(), step, localise: &[] };
        draft.written(&self.found, &self.not_judged)
    }
}

/// The name of a benchmark as that of a metric: without its unit, each run of other characters one `_`.
fn benchmark(column: &str) -> String {
    let plain = column.trim_end_matches(" (ms)").trim_end_matches(" (B)");
    let parts = plain.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.')));
    let name = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
    let name = name.trim_matches(['-', '.']);
    let memory = if column.ends_with(" (B)") { "_memory" } else { "" };
    if name.is_empty() { format!("benchmark{memory}") } else { format!("{name}{memory}") }
}

/// Why both arms cannot be found in one file.
fn who_is_who(survey: &Survey) -> String {
    let shown = &survey.shown;
    let Some((column, values)) = &survey.unclear_arm else {
        return format!("{shown} does not say which rows are the baseline's: it has no column `arm`");
    };
    let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    let which = if values.is_empty() { "is empty".to_owned() } else { format!("has the values {}", values.join(", ")) };
    format!(
        "{shown} does not say which rows are whose: its column `{column}` {which}, and not one value for each arm. Write a \
         configuration that says which value means which arm: `arm: {{ column: {column}, baseline: …, canary: … }}` in a \
         source `file`"
    )
}

fn in_unit(one: &Matched) -> String {
    let mut units: Vec<&str> = one.any().filter_map(|seen| seen.name.unit).collect();
    units.dedup();
    if units.is_empty() { String::new() } else { format!(" in {}", units.join(" and ")) }
}

fn names(survey: &Survey) -> String {
    let names: Vec<String> = survey.columns.iter().map(|column| format!("`{}`", column.name)).collect();
    if names.is_empty() { "none".to_owned() } else { list(&names) }
}

/// The first of these names, and how many more there are.
fn list(names: &[String]) -> String {
    let named =
        |name: &String| if name.trim().is_empty() { "a column without a name".to_owned() } else { name.clone() };
    let shown = names.iter().take(NAMED).map(named).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED { format!("{shown} and {} more", names.len() - NAMED) } else { shown }
}
