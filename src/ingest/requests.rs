//! Asking logs of requests: as few passes over them as there are logs, and what they counted as series.
//!
//! ```text
//!  queries ──► passes ──► requests::read ──► Taken ──► series per query, arm and group
//!              same log,  one pass each      cells
//!              same steps
//! ```
//!
//! A step in which an arm had no request at all is a gap. One in which it had some, but none of the chosen rows or of a
//! group, is a step with none of them: what is rare is not missing.

use std::collections::{BTreeMap, BTreeSet};

use super::fetched::{Busy, Done, Fetched};
use super::shortfall::{self, Facts};
use super::step::{self, BASE, FINEST};
use super::window::{self, Spacings};
use crate::config::plan::{Span, TimePlan};
use crate::series::{Arm, Bins, Instances, Pair, Remark, Series, SignedDuration, Timestamp, Window, slice_name};
use crate::source::file::{Answer, sum_of_series, usual_arm};
use crate::source::requests::{
    Account, Arms, Asked, BETWEEN, BadRows, Cell, Counted, GRID, NO_ARM, OfArm, REST, Requests, SCALE, Slice, Taken,
    Valued, When, read,
};
use crate::source::{Ask, Error, Outside, Query, Source, Told};

/// What a column's numbers are counted in.
const THOUSANDTH: f64 = 1e-3;
/// The group of rows that name none.
const NAMELESS: &str = "(none)";

/// The steps of each group of one arm.
type Groups = BTreeMap<String, BTreeMap<Timestamp, Cell>>;

/// One pass over a log.
struct Pass<'a> {
    log: &'a Requests,
    when: When,
    slices: Vec<Slice>,
    asked: Vec<Wanted<'a>>,
}

/// One query and its part of the pass.
struct Wanted<'a> {
    at: usize,
    query: &'a Query,
    asked: &'a Asked,
    slice: usize,
    /// The slice that says in which steps the arm had requests, where its own does not.
    all: Option<usize>,
    /// The slice that is split by several columns.
    split: Option<usize>,
}

/// What logs answer. `so_far` is what files and services have answered: their spacing is that of the steps, where it is known.
pub(super) fn by_logs(queries: &[Query], time: &TimePlan, so_far: &[Done], outside: &Outside) -> Vec<Done> {
    let fetched = so_far.iter().filter_map(|(_, done)| done.as_ref().ok());
    let spacings: Vec<_> = fetched.filter_map(|fetched| fetched.times.as_deref()).map(Spacings::of).collect();
    let spacing = window::common(spacings.iter());
    let passes = passes(queries, time, &Counting::of(time, spacing));
    let from_stdin = |pass: &&Pass| pass.log.inputs.iter().any(|path| path.as_os_str() == "-");
    let again = passes.iter().filter(from_stdin).nth(1).map(|pass| {
        let error =
            Error::unreadable("is standard input, which is there once, and more than one pass over it is needed");
        let hint =
            "Write it to a file first; or ask one source for everything, over windows that are whole steps apart.";
        error.hint(hint).within(&pass.log.shown)
    });
    let done = |pass: &Pass| match &again {
        Some(error) => pass.failed(error),
        None => pass.done(outside),
    };
    let mut all: Vec<Answered> = passes.iter().flat_map(done).collect();
    let known = |metric: &str, arm: Arm| {
        let of = |answered: &&Answered| queries[answered.at].metric == metric && queries[answered.at].arm == arm;
        all.iter().find(of).and_then(|answered| answered.facts.clone())
    };
    let facts: Vec<Pair<Option<Facts>>> =
        all.iter().map(|answered| Pair::build(|arm| known(&queries[answered.at].metric, arm))).collect();
    for (answered, facts) in all.iter_mut().zip(&facts) {
        if let Ok(fetched) = &mut answered.done {
            fetched.answer.notes.extend(shortfall::remarks(facts));
        }
    }
    all.into_iter().map(|answered| (answered.at, answered.done)).collect()
}

/// In which steps requests are counted.
#[derive(Clone, Copy)]
struct Counting {
    step: SignedDuration,
    coarsen: bool,
}

impl Counting {
    /// In those that are given or `shown`; else so finely that they can be put together, whichever are chosen.
    fn of(time: &TimePlan, shown: Option<SignedDuration>) -> Counting {
        let known = time.windows().filter(|_| time.baseline != Span::All);
        match (time.step.or(shown), known) {
            (Some(step), _) => Counting { step, coarsen: false },
            (None, _) if time.steady => Counting { step: BASE, coarsen: false },
            (None, Some(windows)) => Counting { step: step::counted(&windows), coarsen: false },
            (None, None) => Counting { step: FINEST, coarsen: true },
        }
    }
}

/// The answer of one query, and what is known of the rows behind it.
struct Answered {
    at: usize,
    done: Result<Fetched, Error>,
    facts: Option<Facts>,
}

fn passes<'a>(queries: &'a [Query], time: &TimePlan, counting: &Counting) -> Vec<Pass<'a>> {
    let (windows, Counting { step, coarsen }) = (time.windows(), *counting);
    let stretches = windows.map(|windows| time.stretches(windows.canary)).unwrap_or_default();
    let mut passes: Vec<Pass> = Vec::new();
    for (at, query) in queries.iter().enumerate() {
        let Source::Requests(asked) = &query.source else { continue };
        // all of a baseline without a window of its own is read: it may be an earlier time
        let open = query.arm == Arm::Baseline && time.baseline == Span::All;
        let one: Vec<Window> = windows.iter().map(|windows| *windows.get(query.arm)).collect();
        let several = query.arm == Arm::Baseline && !stretches.is_empty();
        let own = if several { &stretches } else { &one };
        let origin = own.first().map_or(Timestamp::UNIX_EPOCH, |own| own.start);
        let fits = |pass: &Pass| *pass.log == asked.log && in_phase(pass.when.origin, origin, step);
        let pass = match passes.iter().position(fits) {
            Some(found) => found,
            None => {
                let when = When { windows: own.clone(), origin, step, coarsen };
                passes.push(Pass { log: &asked.log, when, slices: Vec::new(), asked: Vec::new() });
                passes.len() - 1
            }
        };
        passes[pass].add(at, query, asked, if open { &[] } else { own });
    }
    passes
}

fn in_phase(one: Timestamp, other: Timestamp, step: SignedDuration) -> bool {
    let apart = one.as_nanosecond() - other.as_nanosecond();
    apart.rem_euclid(step.as_nanos().max(1)) == 0
}

impl<'a> Pass<'a> {
    fn add(&mut self, at: usize, query: &'a Query, asked: &'a Asked, windows: &[Window]) {
        match windows {
            [] => self.when.windows.clear(),
            _ if self.when.windows.is_empty() => {}
            more => more.iter().for_each(|window| {
                if !self.when.windows.contains(window) {
                    self.when.windows.push(*window);
                }
            }),
        }
        let mut slice = asked.slice.clone();
        if let Some(by) = &mut slice.by {
            // all are counted: which are the busiest of both arms is known at the end
            by.most = usize::MAX;
        }
        let counts_all = slice.counted.iter().any(|(name, _)| name == REQUESTS);
        if !counts_all {
            slice.counted.push((REQUESTS.to_owned(), Counted::Requests));
        }
        if slice.valued.is_some() {
            slice.counted.push((UNMEASURED.to_owned(), Counted::Unmeasured));
        }
        let partly = slice.filter.is_some() || slice.by.is_some();
        let all = Slice { filter: None, by: None, split: Vec::new(), counted: requests(), valued: None };
        let all = partly.then(|| self.slice(all));
        let split = query
            .slices
            .as_ref()
            .map(|split| self.slice(Slice { by: None, split: split.columns.clone(), ..slice.clone() }));
        let slice = self.slice(slice);
        self.asked.push(Wanted { at, query, asked, slice, all, split });
    }

    /// The place of a slice: what is asked of the same rows is asked once.
    fn slice(&mut self, new: Slice) -> usize {
        let fits = |known: &Slice| {
            let same = known.filter == new.filter && known.by == new.by && known.split == new.split;
            let valued = known.valued.is_none() || new.valued.is_none() || known.valued == new.valued;
            let named = |name: &str, counted: &Counted| known.counted.iter().all(|(n, c)| n != name || c == counted);
            same && valued && new.counted.iter().all(|(name, counted)| named(name, counted))
        };
        let Some(found) = self.slices.iter().position(fits) else {
            self.slices.push(new);
            return self.slices.len() - 1;
        };
        let known = &mut self.slices[found];
        for counted in new.counted {
            if !known.counted.contains(&counted) {
                known.counted.push(counted);
            }
        }
        known.valued = known.valued.take().or(new.valued);
        found
    }

    fn failed(&self, error: &Error) -> Vec<Answered> {
        let failed = |wanted: &Wanted| Answered { at: wanted.at, done: Err(error.clone()), facts: None };
        self.asked.iter().map(failed).collect()
    }

    fn done(&self, outside: &Outside) -> Vec<Answered> {
        let taken = match read(self.log, &self.slices, &self.when, outside) {
            Ok(taken) => taken,
            Err(error) => return self.failed(&error),
        };
        self.doubts(&taken).into_iter().for_each(|doubt| (outside.told)(Told::Doubt(doubt)));
        let answered = self.asked.iter().map(|wanted| {
            let (answer, busy) = self.answer(wanted, &taken);
            let clock = taken.account.clock.clone();
            let fetched = Fetched { answer, clock, canonical: None, lost: None, times: None, log: Some(busy) };
            Answered { at: wanted.at, done: Ok(fetched), facts: Some(self.facts(wanted, &taken)) }
        });
        answered.collect()
    }

    /// What a person should look at, though there is an answer.
    fn doubts(&self, taken: &Taken) -> BTreeSet<String> {
        let account = &taken.account;
        let shown = &self.log.shown;
        if account.outside > 0 && taken.slices.iter().all(|slice| slice.is_empty()) {
            return BTreeSet::from([format!("{shown}: none of its {} rows is in the window", account.rows)]);
        }
        let nobody = self.asked.iter().filter_map(|wanted| {
            let none = ArmOf::new(wanted, taken).none_found(self.log)?;
            Some(format!("{shown}, {}: {none}", wanted.query.arm.name()))
        });
        let armless = (account.armless > 0).then(|| {
            format!(
                "{shown}: {} of {} rows are of neither arm: no condition holds for them",
                account.armless, account.rows
            )
        });
        let strangers = self.strangers(taken);
        let rows: u64 = strangers.iter().map(|(_, rows)| rows).sum();
        let names: Vec<String> = strangers.iter().take(6).map(|(name, _)| format!("{name:?}")).collect();
        let strange = (rows > 0).then(|| format!("{shown}: {rows} rows are of neither arm: {}", names.join(", ")));
        self.left_out(taken).into_iter().chain(nobody).chain(armless).chain(strange).collect()
    }

    /// Rows that could not be read, a sentence for each reason.
    fn left_out(&self, taken: &Taken) -> Vec<String> {
        let account = &taken.account;
        let left_out = |(why, bad): (&&str, &BadRows)| {
            let example = bad.examples.first().map(|example| format!(", such as {example}")).unwrap_or_default();
            format!("{}: {} of {} rows left out: {why}{example}", self.log.shown, bad.count, account.rows)
        };
        account.bad.iter().map(left_out).collect()
    }

    /// What is known of the rows behind an answer.
    fn facts(&self, wanted: &Wanted, taken: &Taken) -> Facts {
        let (arm, account) = (ArmOf::new(wanted, taken), &taken.account);
        let slice = &self.slices[wanted.slice];
        let sum = |name: &str| {
            let at = slice.counted.iter().position(|(known, _)| known == name);
            let counts = |cell: &Cell| at.and_then(|at| cell.counts.get(at)).copied().unwrap_or(0);
            arm.groups(taken, wanted.slice).values().flat_map(BTreeMap::values).map(counts).sum::<u64>()
        };
        let own: Vec<OfArm> = arm.names.iter().filter_map(|name| account.arms.get(*name)).copied().collect();
        let of_nobody = account.arms.get(NO_ARM).filter(|_| !arm.names.contains(&NO_ARM)).map_or(0, |rows| rows.bad);
        let usual = wanted.asked.log.arms == Arms::Column(None);
        let mut strangers = self.strangers(taken);
        let alike = strangers.iter().map(|(name, _)| name).filter(|name| match usual {
            true => name.split(|c: char| !c.is_alphanumeric()).any(|word| usual_arm(word) == Some(wanted.query.arm)),
            false => resembles(name, &wanted.asked.arm),
        });
        let alike = alike.cloned().collect();
        if account.armless > 0 {
            strangers.push(("(no condition holds)".to_owned(), account.armless));
        }
        let conditions = slice.counted.iter().filter_map(|(name, counted)| match counted {
            Counted::When(condition) if sum(name) == 0 => Some(condition.to_string()),
            _ => None,
        });
        let asks = |condition: &str| wanted.query.ask.names().any(|name| name == condition);
        let unmeasured = account.unmeasured.values().flat_map(|rows| &rows.examples).next();
        Facts {
            shown: self.log.shown.clone(),
            counted: own.iter().map(|rows| rows.counted).sum(),
            bad: own.iter().map(|rows| rows.bad).sum::<u64>() + of_nobody,
            why_bad: self.left_out(taken),
            chosen: sum(REQUESTS),
            filter: slice.filter.as_ref().map(ToString::to_string),
            unseen: conditions.filter(|condition| asks(condition)).collect(),
            measures: matches!(wanted.query.ask, Ask::Values { .. } | Ask::Histograms { .. }),
            unmeasured: sum(UNMEASURED),
            example: unmeasured.filter(|_| !arm.split).map(|example| format!(", such as {example}")),
            strangers,
            alike,
            usual: usual && arm.split,
            place: account.place.clone(),
            beginning: account.beginning.filter(|_| !arm.split && self.log.filter.is_none()),
        }
    }

    /// Rows of arms that nobody asks for, whose errors are in nobody's count.
    fn strangers(&self, taken: &Taken) -> Vec<(String, u64)> {
        let arms: Vec<ArmOf> = self.asked.iter().map(|wanted| ArmOf::new(wanted, taken)).collect();
        let asked = |name: &str| arms.iter().any(|arm| arm.names.contains(&name));
        let mut others: BTreeMap<&str, u64> = BTreeMap::new();
        for (slice, found) in self.slices.iter().zip(&taken.slices) {
            let Some(at) = slice.counted.iter().position(|(_, counted)| *counted == Counted::Requests) else {
                continue;
            };
            for ((arm, _), steps) in found.iter().filter(|((arm, _), _)| !asked(arm)) {
                let rows =
                    steps.values().map(|cell| cell.counts.get(at).copied().unwrap_or(0)).fold(0, u64::saturating_add);
                let most = others.entry(arm).or_default();
                *most = rows.max(*most);
            }
        }
        others.into_iter().filter(|(_, rows)| *rows > 0).map(|(name, rows)| (name.to_owned(), rows)).collect()
    }

    fn answer(&self, wanted: &Wanted, taken: &Taken) -> (Answer, Busy) {
        let arm = ArmOf::new(wanted, taken);
        let groups = arm.groups(taken, wanted.slice);
        let all = wanted.all.map(|all| arm.groups(taken, all));
        let steps: BTreeSet<Timestamp> = all.iter().flatten().flat_map(|(_, steps)| steps.keys().copied()).collect();
        let shape = Shape::new(wanted, &self.slices[wanted.slice], taken);
        let mut notes = Vec::new();
        notes.extend(arm.none_found(self.log).map(Remark::note));
        notes.extend(told(&taken.account).into_iter().map(Remark::detail));
        let slices: Option<Instances> = wanted.split.map(|split| {
            let parts = arm.groups(taken, split).into_iter();
            parts.map(|(name, cells)| (slice_of(&name), shape.series(&cells, &BTreeSet::new()))).collect()
        });
        let answer = |series: Series, groups: Option<Instances>, notes: Vec<Remark>| Answer {
            groups,
            slices: slices.clone(),
            split: arm.split,
            ..Answer::of(series, notes)
        };
        if wanted.query.by.is_none() {
            let cells = groups.into_values().next().unwrap_or_default();
            // without a single chosen row nothing is known of a share or a latency; of occurrences, that there were none
            let steps = if cells.is_empty() && !shape.is_events() { BTreeSet::new() } else { steps };
            let series = shape.series(&cells, &steps);
            notes.extend(range(&series).map(Remark::detail));
            return (answer(series, None, notes), Busy::new());
        }
        let busy = groups.iter().map(|(name, cells)| (name.clone(), shape.requests(cells))).collect();
        let series: Instances =
            groups.iter().map(|(name, cells)| (name.clone(), shape.series(cells, &steps))).collect();
        let whole = sum_of_series(series.values()).unwrap_or_else(|| shape.series(&BTreeMap::new(), &steps));
        notes.extend(range(&whole).map(Remark::detail));
        (answer(whole, Some(series), notes), busy)
    }
}

/// The name of a slice by the values that rows have.
fn slice_of(group: &str) -> String {
    slice_name(group.split(BETWEEN).map(|value| if value.is_empty() { NAMELESS } else { value }))
}

/// What requests are called when they are counted beside what was asked for.
const REQUESTS: &str = "requests";
/// What those of them are called that lack what is measured.
const UNMEASURED: &str = "(unmeasured)";

fn requests() -> Vec<(String, Counted)> {
    vec![(REQUESTS.to_owned(), Counted::Requests)]
}

/// Whether a name is another way to write this one, or one more of it: `Canary`, `canary-v2`.
fn resembles(name: &str, arm: &str) -> bool {
    let (name, arm) = (name.trim().to_lowercase(), arm.trim().to_lowercase());
    name.strip_prefix(&arm).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)) && !arm.is_empty()
}

/// Which of the arms that were found is the one that is asked for.
struct ArmOf<'a> {
    names: Vec<&'a str>,
    strangers: Vec<&'a str>,
    split: bool,
}

impl<'a> ArmOf<'a> {
    fn new(wanted: &Wanted, taken: &'a Taken) -> ArmOf<'a> {
        let found: BTreeSet<&str> =
            taken.slices.iter().flat_map(|slice| slice.keys()).map(|(arm, _)| arm.as_str()).collect();
        let usual = wanted.asked.log.arms == Arms::Column(None);
        let alone = usual && found.contains(NO_ARM);
        let is = |name: &str| match usual {
            true if alone => name == NO_ARM,
            true => usual_arm(name) == Some(wanted.query.arm),
            false => name == wanted.asked.arm,
        };
        let (names, strangers) = found.into_iter().partition(|name| is(name));
        ArmOf { names, strangers, split: !alone && !matches!(wanted.asked.log.arms, Arms::All(_)) }
    }

    /// What to tell where the arm has no row.
    fn none_found(&self, log: &Requests) -> Option<String> {
        let column = match &log.arms {
            Arms::Column(column) => column,
            Arms::When(_) if self.names.is_empty() => return Some("its condition holds for no row".to_owned()),
            Arms::When(_) | Arms::All(_) => return None,
        };
        let column = column.as_deref().unwrap_or("arm");
        let names: Vec<String> = self.strangers.iter().take(12).map(|name| format!("{name:?}")).collect();
        let there = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        self.names.is_empty().then(|| format!("no row is of this arm in column {column:?}, which has {there}"))
    }

    /// The arm's steps by group.
    fn groups(&self, taken: &Taken, slice: usize) -> Groups {
        let mut groups = Groups::new();
        let of_slice = taken.slices.get(slice).into_iter().flatten();
        for ((_, group), steps) in of_slice.filter(|((arm, _), _)| self.names.contains(&arm.as_str())) {
            let name = if group.is_empty() { NAMELESS } else { group };
            let own = groups.entry(name.to_owned()).or_default();
            for (time, cell) in steps {
                match own.get_mut(time) {
                    Some(known) => *known = together(known, cell),
                    None => {
                        own.insert(*time, cell.clone());
                    }
                }
            }
        }
        groups
    }
}

fn together(one: &Cell, other: &Cell) -> Cell {
    let counts = one.counts.iter().zip(&other.counts).map(|(a, b)| a.saturating_add(*b)).collect();
    let bins: Vec<&Bins> = [&one.bins, &other.bins].into_iter().flatten().collect();
    Cell { counts, bins: Bins::sum(bins.iter().copied()) }
}

/// Where a query's numbers are in the cells of its slice, and what they become.
struct Shape<'a> {
    ask: &'a Ask,
    counted: &'a [(String, Counted)],
    scale: f64,
}

impl<'a> Shape<'a> {
    fn new(wanted: &Wanted<'a>, slice: &'a Slice, taken: &Taken) -> Shape<'a> {
        let of_latency = if taken.account.scale > 0.0 { taken.account.scale } else { SCALE };
        let scale = match (&wanted.query.ask, &slice.valued) {
            (Ask::Values { factor, .. }, Some(Valued::Column(_))) => THOUSANDTH * factor,
            _ => of_latency,
        };
        Shape { ask: &wanted.query.ask, counted: &slice.counted, scale }
    }

    fn is_events(&self) -> bool {
        matches!(self.ask, Ask::Events { .. })
    }

    fn count(&self, cell: Option<&Cell>, name: Option<&str>) -> u64 {
        let at = name.and_then(|name| self.counted.iter().position(|(known, _)| known == name));
        at.zip(cell).and_then(|(at, cell)| cell.counts.get(at).copied()).unwrap_or(0)
    }

    /// How many requests there are in all steps.
    fn requests(&self, cells: &BTreeMap<Timestamp, Cell>) -> u64 {
        cells.values().map(|cell| self.count(Some(cell), Some(REQUESTS))).fold(0, u64::saturating_add)
    }

    /// A histogram of nothing, on the grid of the others.
    fn none(&self, cells: &BTreeMap<Timestamp, Cell>) -> Bins {
        let known = cells.values().find_map(|cell| cell.bins.as_ref());
        let (grid, end) = known.map_or((GRID, None), |bins| (bins.grid(), bins.end()));
        Bins::new(grid, end, Vec::new())
    }

    /// The series of cells; in the other `steps` there were requests, but none of these.
    fn series(&self, cells: &BTreeMap<Timestamp, Cell>, steps: &BTreeSet<Timestamp>) -> Series {
        let time: Vec<Timestamp> = match steps.is_empty() {
            true => cells.keys().copied().collect(),
            false => cells.keys().chain(steps).copied().collect::<BTreeSet<_>>().into_iter().collect(),
        };
        let column = |name: Option<&str>| time.iter().map(|at| self.count(cells.get(at), name)).collect::<Vec<u64>>();
        match self.ask {
            Ask::Counts { total, bad, good, .. } => {
                let total = column(total.as_deref());
                let bad = match (bad, good) {
                    (None, Some(good)) => {
                        total.iter().zip(column(Some(good))).map(|(total, good)| total.saturating_sub(good)).collect()
                    }
                    (bad, _) => column(bad.as_deref()),
                };
                Series::Counts { time, total, bad }
            }
            Ask::Events { count, exposure, .. } => {
                let exposure = exposure.as_ref().map(|name| column(Some(name)).into_iter().map(|n| n as f64).collect());
                Series::Events { count: column(Some(count)), exposure, time }
            }
            Ask::Values { .. } | Ask::Histograms { .. } | Ask::Gauge { .. } => {
                let bins = |at: &Timestamp| cells.get(at).and_then(|cell| cell.bins.clone());
                let bins = time.iter().map(|at| bins(at).unwrap_or_else(|| self.none(cells))).collect();
                Series::Buckets { time, bins, scale: self.scale }
            }
        }
    }
}

/// What a reader should know of a pass.
fn told(account: &Account) -> Vec<String> {
    let s = |n: u64| if n == 1 { "" } else { "s" };
    let files = match account.files {
        // in a table
        0 => String::new(),
        files => format!(" of {files} file{}", s(files as u64)),
    };
    let mut notes = vec![format!("{} row{}{files}", account.rows, s(account.rows))];
    let mut left_out = |count: u64, why: &str| {
        if count > 0 {
            notes.push(format!("{count} row{} left out: {why}", s(count)));
        }
    };
    left_out(account.outside, "not in the window");
    left_out(account.filtered, "no requests by the source's `where`");
    left_out(account.armless, "of neither arm");
    left_out(account.ahead, "before the first row of a file");
    for (why, bad) in &account.bad {
        let example = bad.examples.first().map(|example| format!(" ({example})")).unwrap_or_default();
        left_out(bad.count, &format!("{why}{example}"));
    }
    if !account.rowless.is_empty() {
        notes.push(format!("not one request in {}", account.rowless.join(", ")));
    }
    if account.beyond > 0 {
        notes.push(format!("{} longer than a day count as a day or more", account.beyond));
    }
    notes
}

/// From where to where the values reach, and how finely they are told apart.
fn range(series: &Series) -> Option<String> {
    let Series::Buckets { bins, scale, .. } = series else { return None };
    let sum = Bins::sum(bins)?;
    let (low, high) = (sum.cells().next()?.0, sum.cells().last()?.0);
    let (low, high) = (sum.grid().low(low), sum.grid().high(high));
    let shown =
        |value: u64| format!("{:.4}", value as f64 * scale).trim_end_matches('0').trim_end_matches('.').to_owned();
    Some(format!("values from {} to {}, in cells of {:.2} %", shown(low), shown(high), sum.grid().resolution() * 100.0))
}

/// The busiest of the groups of both arms, the others put together. Groups are in order of their names, the rest at the end.
pub(super) fn busiest(busy: &Busy, most: usize) -> Vec<String> {
    let mut names: Vec<(&String, u64)> = busy.iter().filter(|(name, _)| *name != REST).map(|(n, b)| (n, *b)).collect();
    names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    names.truncate(most);
    let mut kept: Vec<String> = names.into_iter().map(|(name, _)| name.clone()).collect();
    kept.sort();
    kept
}
