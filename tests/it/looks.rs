//! What must hold of evidence that is looked at more than once, for any numbers at all.

use davy::stats::anytime::{self, Starts};
use davy::stats::counts::{CountStep, Exposure};
use davy::stats::dispersion::{DesignEffect, Prior};
use davy::stats::single::{self, EventStep, TrialStep};
use davy::stats::{Direction, normal, planned};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::bets;

const BOTH: [Direction; 2] = [Direction::Above, Direction::Below];

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1939), ..ProptestConfig::default() }
}

fn count_step(canary_total: f64, canary: u64, baseline_total: f64, baseline: u64) -> CountStep {
    CountStep { canary_total, canary, baseline_total, baseline }
}

fn count_steps() -> impl Strategy<Value = Vec<CountStep>> {
    let arm = || (1_u64..3000, 0.0..0.4_f64).prop_map(|(n, share)| (n as f64, (n as f64 * share.powi(3)) as u64));
    let step = (arm(), arm(), 0..10).prop_map(|(canary, baseline, missing)| match missing {
        0 => count_step(0.0, 0, 0.0, 0),
        _ => count_step(canary.0, canary.1, baseline.0, baseline.1),
    });
    prop::collection::vec(step, 1..40)
}

fn swapped(steps: &[CountStep]) -> Vec<CountStep> {
    steps.iter().map(|s| count_step(s.baseline_total, s.baseline, s.canary_total, s.canary)).collect()
}

fn ratio_ln_e(steps: &[CountStep], r0: f64, direction: Direction) -> f64 {
    bets::ratio(steps, Exposure::Trials, r0, direction, Prior::default(), &Starts::spread(40.0))
}

fn trial_effect(steps: &[Option<TrialStep>]) -> DesignEffect {
    single::trial_design_effect(steps, Prior::default())
}

fn event_effect(steps: &[Option<EventStep>]) -> DesignEffect {
    single::event_design_effect(steps, Prior::default())
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

fn binomial(x: u64, n: u64, p: f64) -> f64 {
    let ways: f64 = (0..x).map(|i| (n - i) as f64 / (i + 1) as f64).product();
    ways * p.powi(x as i32) * (1.0 - p).powi((n - x) as i32)
}

/// The expected e-value of two steps of events, of which the canary has an exact share at a true ratio of rates.
fn expected_of_ratio(steps: [(f64, f64, u64); 2], truth: f64, ln_e: impl Fn(&[CountStep]) -> f64) -> f64 {
    let share = |(canary, baseline, _): (f64, f64, u64)| truth * canary / (truth * canary + baseline);
    let mut sum = 0.0;
    for first in 0..=steps[0].2 {
        for second in 0..=steps[1].2 {
            let probability =
                binomial(first, steps[0].2, share(steps[0])) * binomial(second, steps[1].2, share(steps[1]));
            let step = |(canary, baseline, events): (f64, f64, u64), x| count_step(canary, x, baseline, events - x);
            sum += probability * ln_e(&[step(steps[0], first), step(steps[1], second)]).exp();
        }
    }
    sum
}

#[test]
fn a_bet_on_a_ratio_is_fair_at_the_hypothesis_and_loses_inside() {
    let steps = [(300.0, 700.0, 25), (90.0, 20.0, 12)];
    for r0 in [0.5, 1.0, 3.0] {
        for direction in BOTH {
            let ln_e = |steps: &[CountStep]| anytime::exact_ratio_ln_e(steps, r0, direction);
            let fair = expected_of_ratio(steps, r0, ln_e);
            assert!((fair - 1.0).abs() < 1e-9, "{r0} {direction:?}: {fair}");
            let inside = if direction == Direction::Above { 0.8 * r0 } else { 1.25 * r0 };
            let lost = expected_of_ratio(steps, inside, ln_e);
            assert!(lost < 0.9, "{r0} {direction:?}: {lost}");
        }
    }
}

#[test]
fn what_is_tempered_and_trimmed_is_expected_to_lose() {
    let steps = [(300.0, 700.0, 25), (90.0, 20.0, 12)];
    for direction in BOTH {
        let expected = expected_of_ratio(steps, 1.0, |steps| ratio_ln_e(steps, 1.0, direction));
        assert!(expected < 1.0, "{direction:?}: {expected}");
    }
}

#[test]
fn a_bet_on_a_share_is_fair_at_the_hypothesis_and_loses_inside() {
    let expected = |p: f64, p0: f64, direction| -> f64 {
        let e = |bad| anytime::exact_share_ln_e(&[Some(TrialStep { total: 40, bad })], p0, direction).exp();
        (0..=40).map(|bad| binomial(bad, 40, p) * e(bad)).sum()
    };
    for p0 in [0.003, 0.3, 0.9] {
        for direction in BOTH {
            assert!((expected(p0, p0, direction) - 1.0).abs() < 1e-9, "{p0} {direction:?}");
        }
        assert!(expected(0.8 * p0, p0, Direction::Above) < 0.99);
        assert!(expected(1.0 - 0.8 * (1.0 - p0), p0, Direction::Below) < 0.99);
    }
}

#[test]
fn a_bet_on_a_frequency_is_fair_at_the_hypothesis_and_loses_inside() {
    // of more than four thousand events the largest alternative, e⁴ times as frequent, makes less than a part in 10⁹
    let expected = |rate: f64, rate0: f64, direction| -> f64 {
        let mean = rate * 2.5;
        let mut ln_probability = -mean;
        let mut sum = 0.0;
        for count in 0..4_000_u64 {
            sum += (ln_probability
                + anytime::exact_frequency_ln_e(&[Some(EventStep { exposure: 2.5, count })], rate0, direction))
            .exp();
            ln_probability += mean.ln() - ((count + 1) as f64).ln();
        }
        sum
    };
    for rate0 in [0.1, 2.0, 20.0] {
        for direction in BOTH {
            let fair = expected(rate0, rate0, direction);
            assert!((fair - 1.0).abs() < 1e-9, "{rate0} {direction:?}: {fair}");
        }
        assert!(expected(0.8 * rate0, rate0, Direction::Above) < 0.99);
        assert!(expected(1.25 * rate0, rate0, Direction::Below) < 0.99);
    }
}

/// P(T = t) of three and of two degrees of freedom is elementary.
#[test]
fn a_bet_on_a_t_statistic_is_fair() {
    let of_two = |t: f64| (2.0 + t * t).powf(-1.5);
    let of_three = |t: f64| 2.0 / (std::f64::consts::PI * 3_f64.sqrt() * (1.0 + t * t / 3.0).powi(2));
    for k in [0.1, 1.0, 12.0] {
        for (nu, density) in [(2.0, &of_two as &dyn Fn(f64) -> f64), (3.0, &of_three)] {
            // t = sinh u: the integrand then runs out exponentially, and the trapezium is exact
            let term = |i: i32| {
                let u = f64::from(i) / 64.0;
                density(u.sinh()) * u.cosh() * anytime::ln_e_t(u.sinh(), nu, k).exp() / 64.0
            };
            let sum: f64 = (-64 * 30..=64 * 30).map(term).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{nu} {k}: {sum}");
        }
    }
}

#[test]
fn no_data_is_no_evidence() {
    let nothing = [vec![], vec![count_step(0.0, 0, 0.0, 0); 30], vec![count_step(100.0, 0, 100.0, 0); 30]];
    for (steps, direction) in nothing.iter().flat_map(|steps| BOTH.map(|direction| (steps, direction))) {
        assert!(close(anytime::exact_ratio_ln_e(steps, 1.2, direction), 0.0, 1e-12));
        assert!(close(ratio_ln_e(steps, 1.2, direction), 0.0, 1e-12));
    }
    let (zero, spread) = (Starts::zero(), Starts::spread(60.0));
    for starts in [&zero, &spread] {
        for direction in BOTH {
            for n in [0, 3, 30] {
                assert!(bets::share(&vec![None; n], 0.1, direction, trial_effect, starts).abs() < 1e-12);
                assert!(bets::frequency(&vec![None; n], 0.1, direction, event_effect, starts).abs() < 1e-12);
                assert!(bets::level(&vec![None; n], 0.0, 0.1, direction, 60.0, starts).abs() < 1e-12);
            }
            let four: Vec<_> = [1.0, 1.1, 0.9, 1.0].map(Some).into_iter().chain([None; 9]).collect();
            assert!(bets::level(&four, 0.0, 0.0, direction, 60.0, starts).abs() < 1e-12);
            assert!(bets::difference(&nothing[1], None, 0.0, direction, 60.0, starts).abs() < 1e-12);
        }
    }
}

#[test]
fn an_impossible_hypothesis_is_refuted_and_an_impossible_alternative_is_not_believed() {
    let steps = [count_step(100.0, 1, 100.0, 2)];
    let trials = [Some(TrialStep { total: 10, bad: 1 })];
    let events = [Some(EventStep { exposure: 1.0, count: 1 })];
    let starts = Starts::zero();
    let share = |p0, direction| bets::share(&trials, p0, direction, trial_effect, &starts);
    let frequency = |rate0, direction| bets::frequency(&events, rate0, direction, event_effect, &starts);
    assert_eq!(ratio_ln_e(&steps, 0.0, Direction::Above), f64::INFINITY);
    assert_eq!(ratio_ln_e(&steps, f64::INFINITY, Direction::Below), f64::INFINITY);
    assert_eq!(ratio_ln_e(&steps, 0.0, Direction::Below), 0.0);
    assert_eq!(ratio_ln_e(&steps, f64::NAN, Direction::Above), 0.0);
    assert_eq!([share(0.0, Direction::Above), share(1.0, Direction::Below)], [f64::INFINITY; 2]);
    assert_eq!([share(0.0, Direction::Below), share(1.0, Direction::Above), share(f64::NAN, BOTH[0])], [0.0; 3]);
    assert_eq!([frequency(0.0, Direction::Above), frequency(0.0, Direction::Below)], [f64::INFINITY, 0.0]);
}

#[test]
fn a_late_onset_is_seen_from_a_later_start() {
    let step = |t: u64| count_step(500.0, if t < 40 { 3 } else { 14 }, 500.0, if t.is_multiple_of(3) { 5 } else { 4 });
    let steps: Vec<CountStep> = (0..60).map(step).collect();
    let from = |starts| bets::ratio(&steps, Exposure::Trials, 1.0, Direction::Above, Prior::default(), &starts);
    assert!(from(Starts::spread(60.0)) > from(Starts::zero()) + 2.0);
    // the change is in the forty-first step, and starts are ten apart
    assert_eq!(Starts::spread(60.0).loudest(|start| from(start.clone())), 40);
    assert_eq!(Starts::zero().loudest(|start| from(start.clone())), 0);
}

#[test]
fn the_loudest_of_equals_is_the_first() {
    for ln_e in [0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        assert_eq!(Starts::spread(60.0).loudest(|_| ln_e), 0);
    }
}

#[test]
fn a_false_discovery_rate_is_kept_by_the_largest_e_values() {
    let e = [200.0, 3.0, 30.0, 0.1, f64::NAN].map(f64::ln);
    assert_eq!(anytime::e_bh(&e, 0.1), [true, false, true, false, false]);
    assert_eq!(anytime::e_bh(&e, 0.01), [false; 5]);
    assert_eq!(anytime::e_bh(&[], 0.1), Vec::<bool>::new());
    assert_eq!(anytime::e_bh(&[f64::INFINITY, f64::NEG_INFINITY], 0.1), [true, false]);
}

#[test]
fn a_boundary_answers_for_any_schedule() {
    let alpha = 0.05;
    let odd = planned::boundary(&[f64::NAN, -1.0, 0.0, 0.5, 0.5, 0.2, 1.0, 1.0 + 1e-9, f64::INFINITY], alpha);
    let clean = planned::boundary(&[0.5, 1.0], alpha);
    let infinite = f64::INFINITY;
    let wanted = [infinite, infinite, infinite, clean[0], infinite, infinite, clean[1], infinite, infinite];
    assert_eq!(odd, wanted);
    for alpha in [0.0, -1.0, f64::NAN, 1e-300] {
        assert_eq!(planned::boundary(&[0.5, 1.0], alpha), [infinite; 2]);
    }
    assert_eq!(planned::boundary(&[0.5, 1.0], 0.9), planned::boundary(&[0.5, 1.0], 0.5));
    assert_eq!(planned::boundary(&[], alpha), Vec::<f64>::new());
    let fixed = planned::boundary(&[1.0], alpha)[0];
    assert!((fixed - normal::normal_quantile(0.95)).abs() < 1e-12);
}

/// Different α, so that none is remembered from another test, and more of them than are remembered.
#[test]
fn what_is_remembered_is_what_was_computed() {
    for i in 1..600 {
        let (alpha, fractions) = (f64::from(i) * 1e-4 / 1.7, [0.3, 1.0]);
        let computed = planned::compute_boundary(&fractions, alpha);
        assert_eq!(planned::boundary(&fractions, alpha), computed);
        assert_eq!(planned::boundary(&fractions, alpha), computed);
    }
}

#[test]
fn very_many_and_very_near_looks_are_answered() {
    let minutes: Vec<f64> = (1..=720).map(|i| f64::from(i) / 720.0).collect();
    let bounds = planned::boundary(&minutes, 1e-6);
    assert!(bounds.windows(2).all(|b| b[1] <= b[0] && b[1] > normal::normal_quantile(1.0 - 1e-6)));
    let near = planned::boundary(&[0.5, 0.5 + 1e-7, 0.5 + 1e-3, 1.0], 0.05);
    assert!(near[1] == f64::INFINITY && near[2].is_finite());
    assert!((near[0] - planned::boundary(&[0.5], 0.05)[0]).abs() < 1e-6);
    // a look at the very beginning spends next to nothing
    for first in [1e-7, 1e-15, 1e-180] {
        let early = planned::boundary(&[first, 0.5, 1.0], 0.05);
        let without = planned::boundary(&[0.5, 1.0], 0.05);
        assert!(early[0].is_finite() && early[0] > 5.7, "{early:?}");
        assert!((early[1] - without[0]).abs() < 1e-6 && (early[2] - without[1]).abs() < 1e-6, "{early:?}");
    }
}

fn schedule() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.002..1.0_f64, 1..9).prop_map(|steps| {
        let total: f64 = steps.iter().sum();
        let mut sum = 0.0;
        let further = |step: f64| {
            sum += step / total;
            f64::min(sum, 1.0)
        };
        steps.into_iter().map(further).collect()
    })
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn a_boundary_lies_between_spending_all_and_spending_only_now(fractions in schedule(), ln_alpha in -14.0..-1.0_f64) {
        let alpha = ln_alpha.exp();
        let mut last = 0.0;
        for (f, bound) in fractions.iter().zip(planned::compute_boundary(&fractions, alpha)) {
            let (all, now) = (planned::spent(alpha, *f), planned::spent(alpha, *f) - last);
            prop_assert!(bound >= normal::z_from_ln_upper(all.ln()) - 1e-6, "{bound} at {f}");
            prop_assert!(bound <= normal::z_from_ln_upper(now.ln()) + 1e-6, "{bound} at {f}");
            last = all;
        }
    }

    #[test]
    fn a_boundary_knows_no_later_looks(fractions in schedule(), ln_alpha in -14.0..-1.0_f64) {
        let whole = planned::compute_boundary(&fractions, ln_alpha.exp());
        for n in 1..fractions.len() {
            let part = planned::compute_boundary(&fractions[..n], ln_alpha.exp());
            prop_assert!(part.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-6), "{part:?} of {whole:?}");
        }
    }

    #[test]
    fn less_to_spend_asks_for_more(fractions in schedule(), ln_alpha in -14.0..-1.0_f64) {
        let (more, less) = (ln_alpha.exp(), 0.8 * ln_alpha.exp());
        let bounds = planned::compute_boundary(&fractions, more).into_iter().zip(planned::compute_boundary(&fractions, less));
        prop_assert!(bounds.into_iter().all(|(a, b)| a < b));
    }

    #[test]
    fn swapping_the_arms_mirrors_any_time_evidence(steps in count_steps(), ln_r0 in -2.0..2.0_f64) {
        let r0 = ln_r0.exp();
        for (direction, mirrored) in [(BOTH[0], BOTH[1]), (BOTH[1], BOTH[0])] {
            let (here, there) = (ratio_ln_e(&steps, r0, direction), ratio_ln_e(&swapped(&steps), 1.0 / r0, mirrored));
            prop_assert!(close(here, there, 1e-9), "{here} and {there}");
            let exact = anytime::exact_ratio_ln_e(&steps, r0, direction);
            prop_assert!(close(exact, anytime::exact_ratio_ln_e(&swapped(&steps), 1.0 / r0, mirrored), 1e-9));
        }
    }

    #[test]
    fn any_time_evidence_of_more_falls_with_the_ratio(steps in count_steps(), ln_r0 in -2.0..2.0_f64, further in 0.001..1.0_f64) {
        let (near, far) = (ln_r0.exp(), (ln_r0 + further).exp());
        let tolerance = |v: f64| 1e-9 * (1.0 + v.abs());
        for ln_e in [ratio_ln_e, anytime::exact_ratio_ln_e] {
            let above = (ln_e(&steps, near, Direction::Above), ln_e(&steps, far, Direction::Above));
            let below = (ln_e(&steps, near, Direction::Below), ln_e(&steps, far, Direction::Below));
            prop_assert!(above.0 >= above.1 - tolerance(above.1), "{above:?}");
            prop_assert!(below.0 <= below.1 + tolerance(below.1), "{below:?}");
        }
    }

    #[test]
    fn missing_steps_at_the_end_change_no_bet(steps in count_steps(), r0 in 0.2..5.0_f64) {
        let mut more = steps.clone();
        more.extend([count_step(0.0, 0, 0.0, 0), count_step(f64::NAN, 3, 100.0, 2)]);
        for direction in BOTH {
            let ln_e = |steps: &[CountStep]| anytime::exact_ratio_ln_e(steps, r0, direction);
            prop_assert_eq!(ln_e(&steps), ln_e(&more));
        }
    }

    #[test]
    fn a_bet_on_many_degrees_of_freedom_is_the_normal_one(t in -6.0..8.0_f64, k in 0.01..50.0_f64) {
        let normal = -0.5 * k.ln_1p() + 0.5 * t * t * k / (1.0 + k)
            + std::f64::consts::LN_2 + normal::ln_normal_upper(-t * (k / (1.0 + k)).sqrt());
        prop_assert!(close(anytime::ln_e_t(t, 1e9, k), normal, 1e-5));
        prop_assert!(close(anytime::ln_e_t(t, f64::INFINITY, k), normal, 1e-12));
    }

    #[test]
    fn more_t_is_more_evidence(t in -50.0..50.0_f64, more in 0.001..5.0_f64, nu in 0.5..100.0_f64, k in 0.01..50.0_f64) {
        prop_assert!(anytime::ln_e_t(t + more, nu, k) >= anytime::ln_e_t(t, nu, k));
    }

    #[test]
    fn mirrored_numbers_are_mirrored_evidence(y in prop::collection::vec(prop::option::weighted(0.9, -3.0..4.0_f64), 0..50), limit in -1.0..1.0_f64) {
        let mirrored: Vec<_> = y.iter().map(|v| v.map(|v| -v)).collect();
        let starts = Starts::spread(50.0);
        let above = bets::level(&y, 0.01, limit, Direction::Above, 50.0, &starts);
        let below = bets::level(&mirrored, 0.01, -limit, Direction::Below, 50.0, &starts);
        prop_assert!(close(above, below, 1e-9), "{above} and {below}");
    }

    #[test]
    fn any_time_evidence_is_a_number_for_garbage(
        numbers in prop::collection::vec((wild(), wild(), any::<u64>(), any::<u64>()), 0..12),
        at in wild(), horizon in wild(), floor in wild(),
    ) {
        let steps: Vec<_> = numbers.iter().map(|(a, b, x, y)| count_step(*a, *x >> 11, *b, *y)).collect();
        let trials: Vec<_> = numbers.iter().map(|(_, _, x, y)| Some(TrialStep { total: *x, bad: *y >> 3 })).collect();
        let events: Vec<_> = numbers.iter().map(|(a, _, x, _)| Some(EventStep { exposure: *a, count: *x })).collect();
        let y: Vec<_> = numbers.iter().map(|(a, b, ..)| Some(*a - *b)).collect();
        let starts = Starts::spread(horizon);
        for direction in BOTH {
            let values = [
                bets::ratio(&steps, Exposure::Trials, at, direction, Prior::History { phi: floor, nu: horizon }, &starts),
                anytime::exact_ratio_ln_e(&steps, at, direction),
                bets::share(&trials, at, direction, trial_effect, &starts),
                bets::frequency(&events, at, direction, event_effect, &starts),
                bets::level(&y, floor, at, direction, horizon, &starts),
                bets::difference(&steps, None, at, direction, horizon, &starts),
                anytime::ln_e_t(at, floor, horizon),
            ];
            prop_assert!(values.iter().all(|v| !v.is_nan()), "{values:?}");
        }
    }
}

fn wild() -> impl Strategy<Value = f64> {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 1.0, 1e308, -1e308, 1e-308, 1e160, 5e-324];
    prop_oneof![prop::sample::select(odd.to_vec()), -10.0..10.0_f64, 0.0..1e6_f64]
}
