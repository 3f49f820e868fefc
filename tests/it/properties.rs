//! What must hold for any numbers at all, and needs no oracle.

use davy::stats::counts::{self, CountStep, Exposure};
use davy::stats::dispersion::{DesignEffect, Prior};
use davy::stats::histogram::{Bins, Grid};
use davy::stats::single::{self, EventStep, TrialStep};
use davy::stats::slow::{self, Requests};
use davy::stats::steps::Level;
use davy::stats::{Direction, limits, longrun, normal, power, quantile, split, steps, tail};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const BOTH: [Direction; 2] = [Direction::Above, Direction::Below];

/// The same cases on every run: a property that fails once must fail again.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1815), ..ProptestConfig::default() }
}

// --- plausible inputs ----------------------------------------------------------------------------------------------

fn arm() -> impl Strategy<Value = (u64, u64)> {
    (1_u64..3000, 0.0..0.4_f64).prop_map(|(total, share)| (total, (total as f64 * share * share * share) as u64))
}

/// Steps of both arms; one in ten is missing.
fn count_steps() -> impl Strategy<Value = Vec<CountStep>> {
    let step = (arm(), arm(), 0..10).prop_map(|((canary_total, canary), (baseline_total, baseline), missing)| {
        if missing == 0 { count_step(0, 0, 0, 0) } else { count_step(canary_total, canary, baseline_total, baseline) }
    });
    prop::collection::vec(step, 1..40)
}

fn count_step(canary_total: u64, canary: u64, baseline_total: u64, baseline: u64) -> CountStep {
    CountStep { canary_total: canary_total as f64, canary, baseline_total: baseline_total as f64, baseline }
}

fn series() -> impl Strategy<Value = Vec<Option<f64>>> {
    let step = (-30..50_i32, 0..8).prop_map(|(v, missing)| (missing != 0).then_some(f64::from(v) / 100.0));
    prop::collection::vec(step, 5..60)
}

fn swapped(steps: &[CountStep]) -> Vec<CountStep> {
    let swap = |s: &CountStep| CountStep {
        canary_total: s.baseline_total,
        canary: s.baseline,
        baseline_total: s.canary_total,
        baseline: s.canary,
    };
    steps.iter().map(swap).collect()
}

fn effect(steps: &[CountStep]) -> DesignEffect {
    counts::design_effect(steps, Exposure::Trials, Prior::default())
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

fn shifted(y: &[Option<f64>], by: f64, sign: f64) -> Vec<Option<f64>> {
    y.iter().map(|v| v.map(|v| sign * (v - by))).collect()
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn swapping_the_arms_mirrors_the_exact_evidence(steps in count_steps(), ln_r0 in -2.0..2.0_f64) {
        let r0 = ln_r0.exp();
        let above = counts::exact_ratio_z(&steps, r0, Direction::Above);
        let below = counts::exact_ratio_z(&swapped(&steps), 1.0 / r0, Direction::Below);
        prop_assert!(close(above, below, 1e-9), "{above} and {below}");
    }

    #[test]
    fn evidence_of_more_falls_with_the_ratio(steps in count_steps(), ln_r0 in -2.0..2.0_f64, further in 0.001..1.0_f64) {
        let effect = effect(&steps);
        let z = |r0: f64, direction| counts::ratio_z(&steps, &effect, r0, direction);
        let (near, far) = (ln_r0.exp(), (ln_r0 + further).exp());
        prop_assert!(z(near, Direction::Above) >= z(far, Direction::Above));
        prop_assert!(z(near, Direction::Below) <= z(far, Direction::Below));
    }

    #[test]
    fn a_step_without_events_changes_only_the_dispersion(steps in count_steps(), totals in (1_u64..3000, 1_u64..3000)) {
        let mut more = steps.clone();
        more.push(count_step(totals.0, 0, totals.1, 0));
        for direction in BOTH {
            let z = |steps: &[CountStep]| counts::exact_ratio_z(steps, 1.3, direction);
            prop_assert_eq!(z(&steps), z(&more));
        }
        prop_assert_eq!(counts::rate_ratio(&steps), counts::rate_ratio(&more));
    }

    #[test]
    fn the_excess_is_what_the_rate_of_the_baseline_does_not_explain(
        steps in prop::collection::vec((0_u64..50, 0_u64..50), 1..20), totals in (50_u64..3000, 50_u64..3000), ratio in 0.5_f64..3.0
    ) {
        let (canary, baseline) = steps.iter().fold((0, 0), |(c, b), step| (c + step.0, b + step.1));
        let steps: Vec<_> = steps.iter().map(|(c, b)| count_step(totals.0, *c, totals.1, *b)).collect();
        let split = totals.0 as f64 / totals.1 as f64;
        let by_ratio = canary as f64 - ratio * baseline as f64 * split;
        prop_assert!((counts::excess(&steps, ratio, 0.0) - by_ratio).abs() < 1e-6 * (1.0 + by_ratio.abs()));
        let allowed = 0.01 * totals.0 as f64 * steps.len() as f64;
        let by_difference = canary as f64 - baseline as f64 * split - allowed;
        prop_assert!((counts::excess(&steps, 1.0, 0.01) - by_difference).abs() < 1e-6 * (1.0 + by_difference.abs()));
    }

    #[test]
    fn missing_steps_at_the_end_are_no_steps(steps in count_steps()) {
        let mut more = steps.clone();
        more.extend([count_step(0, 0, 0, 0); 3]);
        prop_assert_eq!(counts::exact_ratio_z(&steps, 1.1, Direction::Above), counts::exact_ratio_z(&more, 1.1, Direction::Above));
        prop_assert_eq!(counts::rate_difference(&steps), counts::rate_difference(&more));
    }

    #[test]
    fn the_order_of_steps_does_not_matter_to_the_core(steps in count_steps(), turn in 0..40_usize) {
        let mut turned = steps.clone();
        turned.rotate_left(turn % steps.len());
        turned.reverse();
        for direction in BOTH {
            let z = |steps: &[CountStep]| counts::exact_ratio_z(steps, 1.2, direction);
            prop_assert!(close(z(&steps), z(&turned), 1e-9));
        }
        prop_assert!(close(counts::rate_ratio(&steps), counts::rate_ratio(&turned), 1e-12));
    }

    #[test]
    fn a_ratio_interval_ends_where_its_evidence_does(steps in count_steps(), low in 0.5..3.5_f64, high in 0.5..3.5_f64) {
        let effect = effect(&steps);
        let ends = counts::ratio_interval(&steps, &effect, low, high);
        prop_assert!(ends.0 <= ends.1, "{ends:?}");
        if ends.0 > 1e-9 {
            let z = counts::ratio_z(&steps, &effect, ends.0, Direction::Above);
            prop_assert!(close(z, low, 1e-7), "{z} at the low end, not {low}");
        }
        if ends.1 < 1e9 {
            let z = counts::ratio_z(&steps, &effect, ends.1, Direction::Below);
            prop_assert!(close(z, high, 1e-7), "{z} at the high end, not {high}");
        }
        // where neither direction has evidence there is the conditional estimate
        let centre = counts::ratio_interval(&steps, &effect, 0.0, 0.0);
        prop_assert!(ends.0 <= centre.0 && centre.1 <= ends.1);
    }

    #[test]
    fn a_difference_interval_ends_where_its_evidence_does(steps in count_steps(), low in 0.5..3.5_f64, high in 0.5..3.5_f64) {
        let effect = effect(&steps);
        let ends = counts::difference_interval(&steps, &effect, low, high);
        let estimate = if counts::difference_is_stratified(&steps) {
            counts::rate_difference(&steps)
        } else {
            let sum = |f: fn(&CountStep) -> f64| steps.iter().map(f).sum::<f64>();
            let rates = (sum(|s| s.canary as f64) / sum(|s| s.canary_total), sum(|s| s.baseline as f64) / sum(|s| s.baseline_total));
            if rates.0.is_nan() { 0.0 } else { rates.0 - rates.1 }
        };
        prop_assert!(ends.0 <= estimate && estimate <= ends.1, "{estimate} is not in {ends:?}");
        let z = |d, direction| counts::difference_z(&steps, &effect, d, direction);
        if ends.0 > -1.0 {
            prop_assert!(z(ends.0, Direction::Above) >= low - 1e-6 && z(ends.0 + 1e-7, Direction::Above) <= low + 1e-2);
        }
        if ends.1 < 1.0 {
            prop_assert!(z(ends.1, Direction::Below) >= high - 1e-6 && z(ends.1 - 1e-7, Direction::Below) <= high + 1e-2);
        }
    }

    #[test]
    fn two_samples_mirror_and_end_where_their_evidence_does(
        canary in series(), baseline in series(), by in -2.0..2.0_f64, critical in 0.2..3.5_f64,
    ) {
        let levels = Level::between(&canary, &baseline, 1e-6);
        let (low, high) = (levels.end(critical, Direction::Above), levels.end(critical, Direction::Below));
        if let Some(estimate) = levels.mean() {
            prop_assert!(low <= estimate && estimate <= high);
            prop_assert!(levels.z(low, Direction::Above) >= critical - 1e-6);
            prop_assert!(levels.z(high, Direction::Below) >= critical - 1e-6);
            prop_assert!(levels.z(estimate, Direction::Above) <= 1e-9 && levels.z(estimate, Direction::Below) <= 1e-9);
        }
        let swapped = Level::between(&baseline, &canary, 1e-6);
        prop_assert!(close(levels.z(by, Direction::Above), swapped.z(-by, Direction::Below), 1e-9));
        let moved = Level::between(&shifted(&canary, by, 1.0), &baseline, 1e-6);
        prop_assert!(close(levels.z(by, Direction::Above), moved.z(0.0, Direction::Above), 1e-6));
        prop_assert!(levels.size() <= 2.0 * canary.iter().flatten().count().min(baseline.iter().flatten().count()) as f64);
    }

    #[test]
    fn one_arm_intervals_contain_the_estimate_and_end_where_the_evidence_does(
        arms in prop::collection::vec(arm(), 1..30), exposure in 0.1..50.0_f64, critical in 0.5..3.5_f64,
    ) {
        let trials: Vec<_> = arms.iter().map(|(total, bad)| Some(TrialStep { total: *total, bad: *bad })).collect();
        let effect = single::trial_design_effect(&trials, Prior::default());
        let (n, x) = arms.iter().fold((0, 0), |(n, x), arm| (n + arm.0, x + arm.1));
        let share = single::share_interval(x, n, &effect, critical, critical);
        let estimate = x as f64 / n as f64;
        prop_assert!(share.0 <= estimate && estimate <= share.1);
        let frequency = single::frequency_interval(x, exposure, &effect, critical, critical);
        prop_assert!(frequency.0 <= x as f64 / exposure && x as f64 / exposure <= frequency.1);
        if x > 0 {
            prop_assert!(close(single::share_z(x, n, share.0, &effect, Direction::Above), critical, 1e-7));
            prop_assert!(close(single::frequency_z(x, exposure, frequency.0, &effect, Direction::Above), critical, 1e-7));
        }
        // closer to one, a share has no digits left for its complement
        if share.1 < 1.0 - 1e-6 {
            prop_assert!(close(single::share_z(x, n, share.1, &effect, Direction::Below), critical, 1e-7));
        }
        prop_assert!(close(single::frequency_z(x, exposure, frequency.1, &effect, Direction::Below), critical, 1e-7));
    }

    #[test]
    fn a_level_interval_ends_where_its_evidence_does(y in series(), low in 0.5..3.0_f64, high in 0.5..3.0_f64) {
        let level = Level::new(&y, 1e-6);
        let ends = (level.end(low, Direction::Above), level.end(high, Direction::Below));
        prop_assert!(ends.0 <= ends.1, "{ends:?}");
        if ends.0.is_finite() {
            let (at, within) = (level.z(ends.0, Direction::Above), level.z(ends.0 + 1e-3, Direction::Above));
            prop_assert!(at >= low - 1e-9 && within <= at, "{at} and {within}");
        }
        if ends.1.is_finite() {
            prop_assert!(level.z(ends.1, Direction::Below) >= high - 1e-9);
        }
        if let Some(mean) = level.mean() {
            prop_assert!(ends.0 <= mean + 1e-9 && mean <= ends.1 + 1e-9, "{mean} is not in {ends:?}");
        }
    }

    #[test]
    fn pairs_end_where_their_evidence_does_and_either_view_may_carry_it(
        pairs in prop::collection::vec((prop::option::weighted(0.9, -3.0..4.0_f64), -3.0..4.0_f64), 2..40),
        limit in -1.0..1.0_f64, critical in 0.5..3.0_f64,
    ) {
        let (canary, baseline): (Vec<_>, Vec<_>) = pairs.iter().map(|(c, b)| (*c, Some(*b))).unzip();
        let both = Level::beside(&canary, &baseline, 1e-6);
        let difference: Vec<_> = pairs.iter().map(|(c, b)| c.map(|c| c - b)).collect();
        let partners: Vec<_> = pairs.iter().map(|(c, b)| c.map(|_| *b)).collect();
        let (paired, apart) = (Level::new(&difference, 1e-6), Level::between(&canary, &partners, 1e-6));
        for direction in BOTH {
            let (z, a, b) = (both.z(limit, direction), paired.z(limit, direction), apart.z(limit, direction));
            prop_assert!(z >= a.min(b) - 1e-9 && z <= a.max(b) + 1e-9, "{z} of {a} and {b}");
            let end = both.end(critical, direction);
            prop_assert!(end.is_infinite() || both.z(end, direction) >= critical - 1e-9);
        }
    }

    #[test]
    fn nothing_is_both_more_and_less(steps in count_steps(), y in series(), r0 in 0.3..3.0_f64, d in -0.2..0.2_f64) {
        let effect = effect(&steps);
        let both = |z: &dyn Fn(Direction) -> f64| z(Direction::Above) <= 1e-9 - z(Direction::Below);
        prop_assert!(both(&|direction| counts::ratio_z(&steps, &effect, r0, direction)));
        prop_assert!(both(&|direction| counts::difference_z(&steps, &effect, d, direction)));
        let (x, n) = steps.iter().fold((0, 0), |(x, n), s| (x + s.canary, n + s.canary_total as u64));
        prop_assert!(both(&|direction| single::share_z(x, n, d.abs(), &effect, direction)));
        prop_assert!(both(&|direction| single::frequency_z(x, n as f64, d.abs(), &effect, direction)));
        prop_assert!(both(&|direction| Level::new(&y, 0.0).z(0.0, direction)));
    }

    #[test]
    fn weakening_and_strengthening_are_inverse(steps in count_steps(), z in -6.0..6.0_f64) {
        let effect = effect(&steps);
        prop_assert!(effect.weaken(z).abs() <= z.abs() + 1e-12);
        if z > 0.0 {
            prop_assert!(close(effect.weaken(effect.strengthen(z)), z, 1e-9));
        }
    }

    #[test]
    fn slow_requests_do_not_depend_on_the_unit(
        latencies in prop::collection::vec((prop::collection::vec(1.0..900.0_f64, 0..60), prop::collection::vec(1.0..900.0_f64, 0..60)), 1..8),
    ) {
        let scaled = |v: &Vec<f64>| v.iter().map(|v| v * 1024.0).collect::<Vec<_>>();
        let in_other_unit: Vec<_> = latencies.iter().map(|(b, c)| (scaled(b), scaled(c))).collect();
        prop_assert_eq!(slow_counts(&latencies, 0.9, 1.25), slow_counts(&in_other_unit, 0.9, 1.25));
        // a threshold never knows its own step
        let mut other_end = latencies.clone();
        if let Some((baseline, _)) = other_end.last_mut() {
            baseline.iter_mut().for_each(|v| *v = 1e6);
        }
        let thresholds = |steps| slow::predictable_thresholds(&arms(steps).0, 0.9);
        prop_assert_eq!(thresholds(&latencies), thresholds(&other_end));
    }

    #[test]
    fn cells_cost_evidence_and_never_make_any(
        units in prop::collection::vec(0..5000_u64, 1..80), limit in 0.0..60.0_f64, at in 0..80_usize, digits in 0..3_u8,
        lowest in 1..40_u64, end in prop::option::of(100..4000_u64), scale in 0.001..0.02_f64, q in 0.01..0.99_f64,
    ) {
        let grid = Grid::of_digits(digits, lowest);
        let cells: Vec<(u32, u64)> = units.iter().map(|unit| (grid.index(*unit), 1)).collect();
        let bins = Bins::new(grid, end.map(|end| grid.index(end)), cells.clone());
        let values: Vec<f64> = units.iter().map(|unit| *unit as f64 * scale).collect();
        let (exact, binned) = (Requests::single(values.clone()), Requests::binned(bins, scale));
        prop_assert_eq!(binned.len(), exact.len());
        // by hand, from the cells one by one
        let is_end = |at: u32| end.is_some_and(|end| at >= grid.index(end));
        let low = |at: u32| if is_end(at) { f64::INFINITY } else { grid.low(at) as f64 * scale };
        let high = |at: u32| if is_end(at) { f64::INFINITY } else { grid.high(at) as f64 * scale };
        // anywhere, at a request, and at the ends of its cell
        let cell = cells[at % cells.len()].0;
        let ends = [low(cell), high(cell)];
        for limit in [limit, values[at % values.len()], ends[0], ends[1], f64::NEG_INFINITY, f64::INFINITY] {
            for inclusive in [false, true] {
                let beyond = |value: f64| value > limit || inclusive && value == limit;
                let slow = |direction| (exact.beyond(limit, inclusive, direction), binned.beyond(limit, inclusive, direction));
                let (sure, possible) = (slow(Direction::Above), slow(Direction::Below));
                let by_hand = |end: &dyn Fn(u32) -> f64| cells.iter().filter(|cell| beyond(end(cell.0))).count() as u64;
                prop_assert_eq!((sure.1, possible.1), (by_hand(&low), by_hand(&high)));
                // what has reached the end is slower than any limit
                prop_assert!(end.is_some() || sure.1 <= sure.0, "{sure:?}");
                prop_assert!(possible.0 <= possible.1 || limit == f64::INFINITY, "{possible:?}");
            }
        }
        // a quantile is off by no more than a cell and the distance to the next request
        let (a, b) = (exact.quantile(q).unwrap(), binned.quantile(q).unwrap());
        let sorted = { let mut v = values.clone(); v.sort_by(f64::total_cmp); v };
        let near = |p: f64| quantile::quantile(&sorted, p).unwrap();
        let one = 1.0 / values.len() as f64;
        let width = |value: f64| value * grid.resolution() + 40.0 * scale;
        let (from, to) = (near(q - one), near(q + one));
        prop_assert!(end.is_some() || from - width(from) <= b && b <= to + width(to), "{a} {b}");
    }

    #[test]
    fn thresholds_of_histograms_are_the_upper_ends_of_cells(
        steps in prop::collection::vec(prop::collection::vec(0..9000_u64, 0..70), 1..12), digits in prop::collection::vec(0..4_u8, 12), q in 0.0..1.0_f64,
    ) {
        let grids: Vec<Grid> = digits.iter().map(|digits| Grid::of_digits(*digits, 1)).collect();
        let binned = |(units, grid): (&Vec<u64>, &Grid)| {
            Requests::binned(Bins::new(*grid, None, units.iter().map(|unit| (grid.index(*unit), 1)).collect()), 0.5)
        };
        let thresholds = slow::predictable_thresholds(&steps.iter().zip(&grids).map(binned).collect::<Vec<_>>(), q);
        let coarsest = grids[..steps.len()].iter().copied().reduce(Grid::join).unwrap();
        let mut seen: Vec<u64> = Vec::new();
        for (step, threshold) in steps.iter().zip(thresholds) {
            seen.sort_unstable();
            let rank = ((q * seen.len() as f64).ceil() as usize).max(1) - 1;
            let expected = (seen.len() >= 50).then(|| coarsest.high(coarsest.index(seen[rank])) as f64 * 0.5);
            prop_assert_eq!(threshold, expected);
            seen.extend(step);
        }
    }

    #[test]
    fn limits_of_a_quantile_hold_it(
        steps in prop::collection::vec(prop::collection::vec(1.0..900.0_f64, 0..60), 1..12), q in 0.02..0.98_f64, scale in 0.1..9.0_f64,
    ) {
        let limits = |factor: f64| {
            let steps = steps.iter().map(|s| Requests::single(s.iter().map(|v| v * factor).collect()));
            woodruff(&steps.collect::<Vec<_>>(), q)
        };
        if let (Some(a), Some(b)) = (limits(1.0), limits(scale)) {
            prop_assert!(a.low <= a.estimate && a.estimate <= a.high);
            prop_assert!(close(a.low * scale, b.low, 1e-12) && close(a.estimate * scale, b.estimate, 1e-12));
            let ratio = limits::mover_ratio(b, a).unwrap();
            prop_assert!(close(ratio.estimate, scale, 1e-12) && ratio.low <= ratio.estimate && ratio.estimate <= ratio.high);
            // the other way round it is the inverse
            let inverse = limits::mover_ratio(a, b).unwrap();
            prop_assert!(close(inverse.low * ratio.high, 1.0, 1e-9) || ratio.high.is_infinite() && inverse.low == 0.0);
        } else {
            prop_assert!(steps.iter().all(Vec::is_empty));
        }
    }
}

type Latencies = [(Vec<f64>, Vec<f64>)];

fn arms(steps: &Latencies) -> (Vec<Requests>, Vec<Requests>) {
    steps.iter().map(|(b, c)| (Requests::single(b.clone()), Requests::single(c.clone()))).unzip()
}

fn slow_counts(steps: &Latencies, q: f64, factor: f64) -> Vec<Option<CountStep>> {
    let (baseline, canary) = arms(steps);
    slow::counts_beyond(&baseline, &canary, &slow::predictable_thresholds(&baseline, q), factor, Direction::Above)
}

fn woodruff(steps: &[Requests], q: f64) -> Option<limits::Limits> {
    limits::woodruff(steps, &Requests::pooled(steps)?, q, 1.96, Prior::default())
}

// --- any inputs ------------------------------------------------------------------------------------------------------

fn wild() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(0.0),
        Just(-0.0),
        Just(f64::MIN_POSITIVE),
        Just(f64::MAX),
        -2.0..2.0_f64,
        0.0..1e9_f64,
    ]
}

fn wild_count() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), Just(0), Just(u64::MAX), 0..10_u64, 0..1_000_000_u64]
}

fn wild_steps() -> impl Strategy<Value = Vec<CountStep>> {
    let step =
        (wild(), wild_count(), wild(), wild_count()).prop_map(|(canary_total, canary, baseline_total, baseline)| {
            CountStep { canary_total, canary, baseline_total, baseline }
        });
    prop::collection::vec(step, 0..12)
}

fn wild_series() -> impl Strategy<Value = Vec<Option<f64>>> {
    prop::collection::vec(prop::option::of(wild()), 0..20)
}

fn prior() -> impl Strategy<Value = Prior> {
    (wild(), wild()).prop_map(|(phi, nu)| Prior::History { phi, nu })
}

fn ordered(interval: (f64, f64)) -> bool {
    !interval.0.is_nan() && !interval.1.is_nan()
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn counts_answer_anything(steps in wild_steps(), prior in prior(), limit in wild(), critical in wild()) {
        for exposure in [Exposure::Trials, Exposure::Measure] {
            let effect = counts::design_effect(&steps, exposure, prior);
            for direction in BOTH {
                prop_assert!(!counts::ratio_z(&steps, &effect, limit, direction).is_nan());
                prop_assert!(!counts::difference_z(&steps, &effect, limit, direction).is_nan());
            }
            prop_assert!(ordered(counts::ratio_interval(&steps, &effect, critical, 1.6)));
            prop_assert!(ordered(counts::difference_interval(&steps, &effect, 1.6, critical)));
            prop_assert!(!effect.tail(critical).is_nan() && !effect.largest().is_nan());
        }
        prop_assert!(!counts::rate_ratio(&steps).is_nan() && !counts::rate_difference(&steps).is_nan());
        prop_assert!(!counts::excess(&steps, limit, limit).is_nan());
    }

    #[test]
    fn one_arm_answers_anything(
        bad in prop::collection::vec(prop::option::of((wild_count(), wild_count())), 0..12),
        events in prop::collection::vec(prop::option::of((wild(), wild_count())), 0..12),
        (x, n) in (wild_count(), wild_count()), prior in prior(), limit in wild(), critical in wild(),
    ) {
        let trials: Vec<_> = bad.iter().map(|s| s.map(|(total, bad)| TrialStep { total, bad })).collect();
        let events: Vec<_> = events.iter().map(|s| s.map(|(exposure, count)| EventStep { exposure, count })).collect();
        let effects = [
            single::trial_design_effect(&trials, prior),
            single::event_design_effect(&events, prior),
            single::realised_trial_effect(&trials, prior),
            single::realised_event_effect(&events, prior),
        ];
        for effect in effects {
            for direction in BOTH {
                prop_assert!(!single::share_z(x, n, limit, &effect, direction).is_nan());
                prop_assert!(!single::frequency_z(x, limit, 0.5, &effect, direction).is_nan());
                prop_assert!(!single::frequency_z(x, 2.5, limit, &effect, direction).is_nan());
            }
            prop_assert!(ordered(single::share_interval(x, n, &effect, critical, 1.6)));
            prop_assert!(ordered(single::frequency_interval(x, limit, &effect, 1.6, critical)));
        }
        let p = split::p_value(x, n, limit, &split::design_effect(&trials, prior));
        prop_assert!((0.0..=1.0).contains(&p), "{p}");
    }

    #[test]
    fn two_samples_answer_anything(
        canary in wild_series(), baseline in wild_series(), floor in wild(), limit in wild(), critical in wild(),
    ) {
        let levels = Level::between(&canary, &baseline, floor);
        for direction in BOTH {
            prop_assert!(!levels.z(limit, direction).is_nan());
            prop_assert!(!levels.since(3, direction).z(limit, direction).is_nan());
        }
        prop_assert!(ordered((levels.end(critical, Direction::Above), levels.end(1.6, Direction::Below))));
        prop_assert!(levels.size().is_finite());
    }

    #[test]
    fn series_answer_anything(y in wild_series(), floor in wild(), critical in wild(), q in wild()) {
        let level = Level::new(&y, floor);
        prop_assert!(!level.z(q, Direction::Above).is_nan());
        prop_assert!(!steps::increment_z(&y, q, floor, Direction::Above).is_nan());
        prop_assert!(ordered((level.end(critical, Direction::Above), level.end(1.6, Direction::Below))));
        prop_assert!(!longrun::step_sum(&y, 0.8).cosines.variance.is_nan());
        let values: Vec<f64> = y.iter().flatten().copied().collect();
        prop_assert!(steps::median(&values).is_none_or(|v| !v.is_nan()));
        quantile::quantile(&values, q);
        let pairs = vec![(values.clone(), values.clone()); 5];
        prop_assert_eq!(slow_counts(&pairs, q, floor).len(), 5);
        let grid = Grid::of_digits(critical.to_bits() as u8 % 6, q.to_bits());
        let cells: Vec<_> = values.iter().map(|v| (grid.index(v.to_bits()), v.to_bits())).collect();
        let of = |end: Option<u32>| Requests::binned(Bins::new(grid, end, cells.clone()), floor);
        let ends = [None, Some(grid.index(floor.to_bits())), Some(0)];
        for steps in [arms(&pairs).0, ends.map(of).to_vec()] {
            let pooled = Requests::pooled(&steps).unwrap();
            let limits = limits::woodruff(&steps, &pooled, q, critical, Prior::default());
            prop_assert!(limits.is_none_or(|l| !l.low.is_nan() && l.low <= l.high));
            prop_assert!(limits.zip(limits).and_then(|(a, b)| limits::mover_ratio(a, b)).is_none_or(|r| !r.estimate.is_nan()));
            prop_assert!(pooled.beyond(floor, true, Direction::Above) <= pooled.len());
            prop_assert!(pooled.edges().is_sorted() && (pooled.is_empty() || pooled.largest().is_some()));
            prop_assert_eq!(slow::predictable_thresholds(&steps, q).len(), steps.len());
        }
        let sizes = [Some(0), None, Some(7), Some(u64::MAX)];
        prop_assert!(quantile::small_sample_allowance(q, floor, &sizes, &[Some(3); 4]).iter().all(|a| a.is_finite()));
    }

    #[test]
    fn distributions_answer_anything((a, b, c) in (wild(), wild(), wild()), (x, n) in (wild_count(), wild_count())) {
        // not a number only if asked about what is not one, or outside of the distribution
        prop_assert!(a.is_nan() || !normal::z_from_ln_upper(a).is_nan());
        prop_assert!(a.is_nan() || !normal::ln_normal_upper(a).is_nan());
        prop_assert!(a.is_nan() || !normal::normal_quantile(a).is_nan());
        prop_assert!(a.is_nan() || !tail::ln_t_upper(a, 3.0).is_nan());
        prop_assert!(a.is_nan() || !tail::t_quantile_upper(a, 3.0).is_nan());
        prop_assert!(a.is_nan() || !tail::t_to_z(a, 2.0).is_nan());
        for v in [tail::ln_binomial_upper(x, n, a), tail::ln_binomial_lower(x, n, a), tail::ln_poisson_upper(x, a), tail::ln_poisson_lower(x, a)] {
            prop_assert!(a.is_nan() || v <= 1e-12, "{v}");
        }
        tail::beta_quantile(a, b, c);
        tail::ln_t_upper(a, b);
        tail::t_quantile_upper(a, b);
    }
}

proptest! {
    #![proptest_config(config(300))]

    /// More data never takes an answer away, a larger distance never takes longer, and nothing panics on any number.
    #[test]
    fn sample_sizes_shrink_with_the_distance(
        share in 0.001..0.5_f64, phi in 1.0..6.0_f64, factor in 1.1..3.0_f64, critical in 1.0..3.5_f64, wild in any::<[f64; 5]>()
    ) {
        let noise = power::Noise::Counts { phi, prior: Prior::default() };
        let rate = 0.01;
        let needed = |ratio: f64| {
            let (canary, baseline) = (share * 300.0 * rate * ratio, (1.0 - share) * 300.0 * rate);
            let question = power::Question::ratio(canary, baseline, share / (1.0 - share), 1.0, 1.0, 1.0);
            power::steps_needed(&question, &noise, critical, power::POWER_80)
        };
        let (near, far) = (needed(factor).unwrap(), needed(factor * 1.5).unwrap());
        prop_assert!(far <= near, "{far} steps for the larger effect, {near} for the smaller");
        prop_assert!(needed(1.0).is_none() && needed(0.9).is_none());
        let [a, b, c, d, e] = wild;
        let questions = [
            power::Question::ratio(a, b, c, d, e, 1.0),
            power::Question::difference((a, b), (c, d), e, -1.0),
            power::Question::share(a, b, c, 1.0),
            power::Question::frequency(a, b, -1.0),
            power::Question::level(a, b),
        ];
        let noises = [noise, power::Noise::Level { rho: c }, power::Noise::Known { phi: d }];
        for (question, noise) in questions.iter().flat_map(|q| noises.iter().map(move |n| (q, n))) {
            let _ = power::suffice(question, noise, critical, e, a);
            let _ = power::steps_needed(question, noise, b, c);
        }
        let _ = power::any_time_critical(a);
    }
}
