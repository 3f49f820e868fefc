//! Every quantile at once: a slow part that p50, p95 and p99 miss is named, equal arms pass where the numbers of requests
//! reach, and nothing that is missing, coarse or scarce lets a canary pass.

use davy::judge::rules::*;
use davy::judge::verdict::{Finding, Outcome, Reason, Standing};
use davy::series::{Bins, Grid, Histogram, Series, SignedDuration, Tally, Timestamp};
use davy::stats::tail::ln_binomial_upper;

use crate::judging::{at, at_most, criterion, dataset, margin, one, rules};
use crate::soaks::noise::Noise;

const MINUTES: usize = 40;
const EACH: usize = 500;

/// How requests of one arm take their time: a fast mode, and a share of them in a slow one.
#[derive(Clone, Copy)]
struct Service {
    /// The fast mode takes so many times 80 ms.
    factor: f64,
    /// The share of the slow mode, about 400 ms.
    slow: f64,
    /// The share of requests that take about a second.
    second: f64,
}

const USUAL: Service = Service { factor: 1.0, slow: 0.012, second: 0.0 };
/// Without a slow mode: where a distribution jumps, equal arms are told apart by many more requests.
const CALM: Service = Service { slow: 0.0, ..USUAL };

/// Requests of an arm whose level wanders from minute to minute.
fn log(service: Service, arm: &str) -> Vec<(Timestamp, f64)> {
    let mut noise = Noise::of(11, "any quantile", arm, 0);
    let wanders = noise.slow(MINUTES, 0.5);
    let mut one = |level: f64| {
        let body = if noise.happens(service.second) {
            1_000.0 * (0.05 * noise.normal()).exp()
        } else if noise.happens(service.slow) {
            400.0 * (0.05 * noise.normal()).exp()
        } else {
            80.0 * (0.2 * noise.normal()).exp()
        };
        service.factor * body * (0.01 * level).exp()
    };
    let steps = (0..MINUTES * EACH).map(|i| i / EACH);
    steps.map(|step| (at(step), one(wanders[step]))).collect()
}

fn single(log: &[(Timestamp, f64)]) -> Series {
    Series::Values { time: log.iter().map(|r| r.0).collect(), value: log.iter().map(|r| r.1).collect() }
}

/// The same in a histogram per minute, of microseconds to three digits.
fn sketches(log: &[(Timestamp, f64)]) -> Series {
    let step = |step: &[(Timestamp, f64)]| {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3).unwrap();
        step.iter().for_each(|(_, ms)| histogram.saturating_record((ms * 1_000.0) as u64));
        (step[0].0, Bins::from(&histogram))
    };
    let (time, bins) = log.chunk_by(|a, b| a.0 == b.0).map(step).unzip();
    Series::Buckets { time, bins, scale: 0.001 }
}

/// The same in classic buckets, each edge so many times the one before.
fn buckets(log: &[(Timestamp, f64)], apart: f64) -> Series {
    let edges = (0..).map(|k| 10.0 * apart.powi(k)).take_while(|edge| *edge < 5_000.0);
    let grid = Grid::of_edges(edges.map(|edge| (edge * 1_000.0) as u64).collect());
    let step = |step: &[(Timestamp, f64)]| {
        let mut tally = Tally::new(grid);
        step.iter().for_each(|(_, ms)| tally.count(grid.index((ms * 1_000.0) as u64), 1));
        (step[0].0, tally.finish())
    };
    let (time, bins) = log.chunk_by(|a, b| a.0 == b.0).map(step).unzip();
    Series::Buckets { time, bins, scale: 0.001 }
}

const ANY: Statistic = Statistic::AnyQuantile { from: None, to: None };

fn asked(statistic: Statistic, by: f64) -> Rules {
    let criterion = criterion(at_most(margin(by)), statistic, Rule::Interval);
    rules(Kind::Values, Unit::Milliseconds, vec![criterion])
}

fn ask(statistic: Statistic, by: f64, baseline: Series, canary: Series) -> Finding {
    one(&asked(statistic, by), &dataset(MINUTES, "m", baseline, canary))
}

/// The first and the last quantile that is shown to be worse.
fn worse(finding: &Finding) -> Option<(f64, f64)> {
    let all = &finding.evidence.quantiles.as_ref()?.each;
    let mut worse = all.iter().filter(|one| one.standing == Standing::Worse).map(|one| one.q);
    let first = worse.next()?;
    Some((first, worse.next_back().unwrap_or(first)))
}

#[test]
fn a_slow_part_that_the_usual_percentiles_miss_is_named() {
    let slow = Service { slow: 0.032, ..USUAL };
    for form in [single, sketches] {
        let arms = || (form(&log(USUAL, "baseline")), form(&log(slow, "canary")));
        for q in [0.5, 0.95, 0.99] {
            let (baseline, canary) = arms();
            assert_ne!(ask(Statistic::Quantile(q), 0.1, baseline, canary).outcome, Outcome::Fail, "p{}", q * 100.0);
        }
        let (baseline, canary) = arms();
        let finding = ask(ANY, 0.1, baseline, canary);
        assert_eq!((finding.outcome, finding.reason), (Outcome::Fail, Reason::BeyondBound), "{}", finding.sentence);
        let (first, last) = worse(&finding).unwrap();
        assert!((0.96..=0.985).contains(&first) && (0.98..=0.985).contains(&last), "{}", finding.sentence);
        assert!(finding.sentence.contains("worse: "), "{}", finding.sentence);
        let effect = finding.evidence.effect.unwrap();
        let estimate = effect.estimate.unwrap();
        assert!(effect.low > 1.1 && effect.low <= estimate && estimate <= effect.high && estimate > 1.5, "{effect:?}");
    }
}

#[test]
fn a_second_mode_far_out_is_named() {
    let second = Service { second: 0.005, ..USUAL };
    let (baseline, canary) = (log(USUAL, "baseline"), log(second, "canary"));
    let p99 = ask(Statistic::Quantile(0.99), 0.1, single(&baseline), single(&canary));
    assert_ne!(p99.outcome, Outcome::Fail);
    let finding = ask(ANY, 0.1, single(&baseline), single(&canary));
    assert_eq!(finding.outcome, Outcome::Fail, "{}", finding.sentence);
    let (first, last) = worse(&finding).unwrap();
    assert!((0.995..=0.999).contains(&first) && last >= 0.998, "{}", finding.sentence);
}

#[test]
fn equal_arms_pass_from_the_lowest_to_the_highest_quantile_that_the_requests_can_tell() {
    for form in [single, sketches] {
        let finding = ask(ANY, 0.15, form(&log(CALM, "baseline")), form(&log(CALM, "canary")));
        assert_eq!(finding.outcome, Outcome::Pass, "{}", finding.sentence);
        let quantiles = finding.evidence.quantiles.as_ref().unwrap();
        // 200 requests of 20,000 on either side
        assert_eq!((quantiles.from, quantiles.to), (0.01, 0.99));
        assert!(finding.sentence.starts_with("passes: p1 to p99 are within: "), "{}", finding.sentence);
        assert!(quantiles.each.iter().filter(|one| quantiles.asks(one)).all(|one| one.standing == Standing::Within));
    }
}

#[test]
fn a_pass_is_about_the_range_that_is_written_and_no_less() {
    let few = |arm: &str| single(&log(USUAL, arm).into_iter().step_by(10).collect::<Vec<_>>());
    let arms = || (single(&log(USUAL, "baseline")), single(&log(USUAL, "canary")));
    let (baseline, canary) = (few("baseline"), few("canary"));
    let far = Statistic::AnyQuantile { from: Some(0.5), to: Some(0.9999) };
    let finding = ask(far, 0.15, baseline, canary);
    assert_eq!(finding.outcome, Outcome::Inconclusive, "{}", finding.sentence);
    assert!(finding.sentence.contains("p99.99"), "{}", finding.sentence);
    assert!(finding.decide.as_deref().is_some_and(|text| text.contains("an answer takes 20")), "{:?}", finding.decide);
    let (baseline, canary) = arms();
    let near = Statistic::AnyQuantile { from: Some(0.5), to: Some(0.97) };
    assert_eq!(ask(near, 0.15, baseline, canary).outcome, Outcome::Pass);
    // what is worse outside of the range is not asked
    let second = Service { second: 0.005, ..USUAL };
    let finding = ask(near, 0.15, single(&log(USUAL, "baseline")), single(&log(second, "canary")));
    assert_eq!(finding.outcome, Outcome::Pass, "{}", finding.sentence);
}

#[test]
fn a_worse_part_beyond_the_range_of_a_pass_fails() {
    // a handful of requests per arm would support p95 at most, and one in a hundred takes a second
    let second = Service { second: 0.012, slow: 0.0, ..USUAL };
    let few = |log: Vec<(Timestamp, f64)>| log.into_iter().step_by(5).collect::<Vec<_>>();
    let finding = ask(ANY, 0.15, single(&few(log(CALM, "baseline"))), single(&few(log(second, "canary"))));
    assert_eq!(finding.evidence.quantiles.as_ref().unwrap().to, 0.95);
    assert_eq!(finding.outcome, Outcome::Fail, "{}", finding.sentence);
}

#[test]
fn too_few_requests_never_pass() {
    for each in [200, 400] {
        let few = |arm: &str| log(USUAL, arm).into_iter().step_by(each).collect::<Vec<_>>();
        let finding = ask(ANY, 0.15, single(&few("baseline")), single(&few("canary")));
        assert_eq!(finding.outcome, Outcome::Inconclusive, "{}", finding.sentence);
    }
    let nothing = Series::Values { time: Vec::new(), value: Vec::new() };
    let finding = ask(ANY, 0.15, single(&log(USUAL, "baseline")), nothing);
    assert_eq!((finding.outcome, finding.reason), (Outcome::Inconclusive, Reason::NoData));
}

#[test]
fn buckets_are_within_only_up_to_their_upper_edges() {
    let arms =
        |apart: f64, slow: Service| (buckets(&log(USUAL, "baseline"), apart), buckets(&log(slow, "canary"), apart));
    let (baseline, canary) = arms(2.0, USUAL);
    let finding = ask(ANY, 0.15, baseline, canary);
    assert_eq!(finding.outcome, Outcome::Inconclusive, "{}", finding.sentence);
    assert!(finding.decide.as_deref().is_some_and(|text| text.contains("more bucket edges")), "{:?}", finding.decide);
    // p97 leaves a bucket that ends at 160 ms for one that begins at 320 ms
    let (baseline, canary) = arms(2.0, Service { slow: 0.06, ..USUAL });
    let finding = ask(ANY, 0.15, baseline, canary);
    assert_eq!(finding.outcome, Outcome::Fail, "{}", finding.sentence);
    let (baseline, canary) = arms(1.02, USUAL);
    let finding = ask(Statistic::AnyQuantile { from: Some(0.1), to: Some(0.9) }, 0.15, baseline, canary);
    assert_eq!(finding.outcome, Outcome::Pass, "{}", finding.sentence);
}

#[test]
fn a_canary_that_is_slow_where_the_baseline_is_missing_does_not_pass() {
    let (baseline, mut canary) = (log(CALM, "baseline"), log(CALM, "canary"));
    let gap = |time: Timestamp| (at(30)..at(34)).contains(&time);
    canary.iter_mut().filter(|(time, _)| gap(*time)).enumerate().for_each(|(i, r)| {
        if i % 10 == 0 {
            r.1 *= 4.0;
        }
    });
    let baseline: Vec<_> = baseline.into_iter().filter(|(time, _)| !gap(*time)).collect();
    let finding = ask(ANY, 0.15, single(&baseline), single(&canary));
    assert_eq!((finding.outcome, finding.reason), (Outcome::Inconclusive, Reason::NoPartner), "{}", finding.sentence);
}

#[test]
fn a_soak_fails_at_the_look_that_shows_it_and_passes_at_its_end() {
    let soak = |rules: Rules, slow: Service, minutes: usize| {
        let minute = SignedDuration::from_mins;
        let looks = Looks::Planned { soak: minute(MINUTES as i64), every: Some(minute(10)) };
        let data = dataset(MINUTES, "m", single(&log(CALM, "baseline")), single(&log(slow, "canary")));
        one(&Rules { looks, ..rules }, &data.until(at(minutes)))
    };
    let early = soak(asked(ANY, 0.15), CALM, 20);
    assert_eq!((early.outcome, early.reason), (Outcome::Inconclusive, Reason::EarlyLook), "{}", early.sentence);
    assert_eq!(soak(asked(ANY, 0.15), CALM, 40).outcome, Outcome::Pass);
    let slow = Service { slow: 0.05, ..USUAL };
    let finding = soak(asked(ANY, 0.15), slow, 20);
    assert_eq!(finding.outcome, Outcome::Fail, "{}", finding.sentence);
    let open = |slow: Service| {
        let data = dataset(MINUTES, "m", single(&log(USUAL, "baseline")), single(&log(slow, "canary")));
        one(&Rules { looks: Looks::Open, ..asked(ANY, 0.15) }, &data)
    };
    assert_eq!(open(slow).outcome, Outcome::Fail);
    assert_ne!(open(USUAL).outcome, Outcome::Fail);
}

/// Soaks of the operating characteristics that are held at every run; `benches/calibration` has hundreds.
const SOAKS: usize = 40;

/// One arm of a short soak: its level wanders, and in one step of twenty every tenth request takes three times as long.
fn wandering(run: usize, arm: &str, factor: f64) -> Series {
    const STEPS: usize = 24;
    let mut noise = Noise::of(5, "any quantile", arm, run);
    let level = noise.slow(STEPS, 0.7);
    let (mut time, mut value) = (Vec::new(), Vec::new());
    for (step, level) in level.into_iter().enumerate() {
        let lump = if noise.happens(0.05) { 0.1 } else { 0.0 };
        for _ in 0..200 {
            let slower = if noise.happens(lump) { 3.0 } else { 1.0 };
            time.push(at(step));
            value.push(factor * 80.0 * slower * (0.3 * noise.normal() + 0.03 * level).exp());
        }
    }
    Series::Values { time, value }
}

#[test]
fn equal_arms_rarely_fail_and_a_canary_at_its_margin_rarely_passes() {
    let count = |factor: f64, wanted: Outcome| {
        let outcome = |run: usize| {
            let data = dataset(24, "m", wandering(run, "baseline", 1.0), wandering(run, "canary", factor));
            davy::judge::outcomes(&asked(ANY, 0.15), &data).verdict
        };
        (0..SOAKS).filter(|run| outcome(*run) == wanted).count() as u64
    };
    let believable = |wrong: u64| ln_binomial_upper(wrong, SOAKS as u64, 0.05) > 0.001_f64.ln();
    let (fails, passes, found) = (count(1.0, Outcome::Fail), count(1.15, Outcome::Pass), count(1.4, Outcome::Fail));
    assert!(believable(fails), "{fails} of {SOAKS} equal arms fail");
    assert!(believable(passes), "{passes} of {SOAKS} canaries at their margin pass");
    assert!(found * 2 > SOAKS as u64, "{found} of {SOAKS} are found");
}
