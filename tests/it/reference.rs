//! Statistics against numbers that others certify.
//!
//! `fixtures/reference/*.toml` holds one `[[case]]` per certified number: what is computed, from what, the value, how
//! close the answer must be, and who certifies it. A case needs no code; only a new kind of question does.

use std::path::Path;
use std::sync::Arc;

use davy::localise;
use davy::stats::anytime::{self, Starts};
use davy::stats::counts::{self, CountStep, Exposure, Scatter};
use davy::stats::days::{Day, Prediction};
use davy::stats::dispersion::{DesignEffect, Prior};
use davy::stats::histogram::{Bins, Grid};
use davy::stats::instances::Instances;
use davy::stats::limits::Limits;
use davy::stats::power::{self, Question};
use davy::stats::segments::{self, Course};
use davy::stats::single::{self, EventStep, TrialStep};
use davy::stats::slope::{Jumps, Slope};
use davy::stats::slow::{self, Requests};
use davy::stats::steps::{self, Known, Level};
use davy::stats::{Direction, bursts, holm, limits, longrun, normal, onset, planned, quantile, spacing, split, tail};
use toml::{Table, Value};

use crate::bets;

#[test]
fn distributions() {
    certify("distributions.toml", 90);
}

#[test]
fn methods() {
    certify("methods.toml", 105);
}

#[test]
fn instances() {
    certify("instances.toml", 7);
}

#[test]
fn sample_sizes() {
    certify("power.toml", 75);
}

#[test]
fn noise_model() {
    certify("noise_model.toml", 130);
}

#[test]
fn learned() {
    certify("learned.toml", 28);
}

#[test]
fn taming() {
    certify("taming.toml", 32);
}

#[test]
fn split_of_the_traffic() {
    certify("split.toml", 20);
}

#[test]
fn slices() {
    certify("slices.toml", 10);
}

#[test]
fn days() {
    certify("days.toml", 100);
}

#[test]
fn log_lines() {
    certify("signatures.toml", 37);
}

#[test]
fn slopes() {
    certify("slopes.toml", 100);
}

#[test]
fn evidence() {
    certify("evidence.toml", 60);
}

#[test]
fn boundaries() {
    certify("boundaries.toml", 20);
}

/// The example that the description of the method carries through by hand, to the digits that it prints.
#[test]
fn worked_example() {
    let canary = [2, 4, 3, 5, 1, 3, 4, 2, 6, 3];
    let baseline = [1, 2, 2, 1, 3, 1, 2, 0, 2, 1];
    let step = |(canary, baseline)| CountStep { canary_total: 300.0, canary, baseline_total: 300.0, baseline };
    let steps: Vec<CountStep> = canary.into_iter().zip(baseline).map(step).collect();
    let effect = counts::design_effect(&steps, Exposure::Trials, Prior::default());
    let z = counts::ratio_z(&steps, &effect, 1.0, Direction::Above);
    let (low, high) = counts::ratio_interval(&steps, &effect, 2.0, 2.0);
    assert_eq!(format!("{z:.6} {low:.5} {high:.5}"), "2.063147 1.02833 5.04872");
    let exact = counts::exact_ratio_z(&steps, 1.0, Direction::Above);
    assert_eq!(format!("{exact:.6} {:.6} {:.9}", effect.finite, effect.tail(2.0)), "2.476083 0.992696 0.008658848");
    let mixture = anytime::exact_ratio_ln_e(&steps, 1.0, Direction::Above);
    let tempered =
        |starts: Starts| bets::ratio(&steps, Exposure::Trials, 1.0, Direction::Above, Prior::default(), &starts);
    let (spread, zero) = (tempered(Starts::spread(60.0)), tempered(Starts::zero()));
    assert_eq!(format!("{mixture:.6} {spread:.6} {zero:.6}"), "2.144297 0.784149 1.218197");
}

/// Answers every case of a file and reports all that are off.
fn certify(file: &str, at_least: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reference").join(file);
    let table: Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let cases: Vec<Case> = table["case"].as_array().unwrap().iter().map(|c| Case(c.as_table().unwrap())).collect();
    assert!(cases.len() >= at_least, "{file} has {} cases", cases.len());
    let off: Vec<String> = cases.iter().filter_map(Case::off).collect();
    assert!(off.is_empty(), "{} of {} cases of {file} are off:\n{}", off.len(), cases.len(), off.join("\n"));
}

struct Case<'a>(&'a Table);

impl Case<'_> {
    fn number(&self, key: &str) -> f64 {
        number(&self.0[key])
    }

    fn count(&self, key: &str) -> u64 {
        self.0[key].as_integer().unwrap().try_into().unwrap()
    }

    fn numbers(&self, key: &str) -> Vec<f64> {
        self.0[key].as_array().unwrap().iter().map(number).collect()
    }

    fn counts(&self, key: &str) -> Vec<u64> {
        self.numbers(key).into_iter().map(|v| v as u64).collect()
    }

    /// A series; `nan` is a missing step.
    fn series(&self) -> Vec<Option<f64>> {
        present(&self.numbers("y"))
    }

    fn direction(&self) -> Direction {
        if self.0["direction"].as_str() == Some("above") { Direction::Above } else { Direction::Below }
    }

    fn steps(&self) -> Vec<CountStep> {
        let totals = self.numbers("canary_total").into_iter().zip(self.numbers("baseline_total"));
        let counts = self.counts("canary").into_iter().zip(self.counts("baseline"));
        let step = |((canary_total, baseline_total), (canary, baseline))| CountStep {
            canary_total,
            canary,
            baseline_total,
            baseline,
        };
        totals.zip(counts).map(step).collect()
    }

    /// The instances of both arms, one after the other, and the steps that they make up together.
    fn instances(&self) -> (Vec<CountStep>, Instances) {
        let arm = |name: &str| -> Vec<Vec<Option<TrialStep>>> {
            let trials = self.counts(&format!("{name}_total")).into_iter().zip(self.counts(name));
            let trials: Vec<_> = trials.map(|(total, bad)| Some(TrialStep { total, bad })).collect();
            let each = trials.len() / self.count(&format!("{name}_instances")) as usize;
            trials.chunks(each).map(<[_]>::to_vec).collect()
        };
        let instances = Instances { canary: arm("canary"), baseline: arm("baseline") };
        (arms_of(&instances), instances)
    }

    /// That of the steps from a start on, about a ratio that changes there or where the steps change most.
    fn effect_since(&self, what: &str) -> DesignEffect {
        let (steps, start, exposure) = (self.steps(), self.count("start") as usize, self.exposure());
        if what.ends_with("_from") {
            return counts::design_effect_from(&steps, start, None, exposure, Prior::default());
        }
        Scatter::new(&steps, exposure, Prior::default()).effect(&steps, start, None)
    }

    /// What windows of one arm's past say.
    fn learned(&self) -> steps::Learned {
        let past = present(&self.numbers("past"));
        let length = past.len() / self.count("past_windows") as usize;
        let windows: Vec<Course> = past.chunks(length).map(Course::of).collect();
        let arm = segments::past(windows.iter().map(|course| (course, None)), 0.0).unwrap();
        steps::Learned { pairs: arm.of_two(), arm, between: 0.0 }
    }

    /// The design effect of all steps, where windows of both arms' past are known.
    fn learned_effect(&self) -> DesignEffect {
        let of_past = |(key, v): (&String, &Value)| Some((key.strip_prefix("past_")?.to_owned(), v.clone()));
        let table: Table = self.0.iter().filter_map(of_past).collect();
        let past = Case(&table);
        let (past, steps) = (past.steps(), self.steps());
        let windows = past.chunks(past.len() / self.count("past_windows") as usize);
        let learned = counts::learned(windows, self.exposure()).unwrap();
        counts::design_effect(&steps, self.exposure(), Prior::Learned(learned))
    }

    /// A level as a whole, or since a start where there is one.
    fn level(&self, what: &str) -> Level {
        let (floor, other) = (self.number("floor"), || present(&self.numbers("baseline_y")));
        let known = || Known { floor, learned: Some(Arc::new(self.learned())) };
        let level = match what {
            "learned_level_z" => Level::new(&self.series(), known()),
            "learned_beside_z" => Level::beside(&self.series(), &other(), known()),
            "beside_z" => Level::beside(&self.series(), &other(), floor),
            "between_z" => Level::between(&self.series(), &other(), floor),
            _ => Level::new(&self.series(), floor),
        };
        let Some(start) = self.0.get("start") else { return level };
        level.since(start.as_integer().unwrap() as usize, self.direction())
    }

    fn trials(&self) -> Vec<Option<TrialStep>> {
        let steps = self.counts("total").into_iter().zip(self.counts("bad"));
        steps.map(|(total, bad)| Some(TrialStep { total, bad })).collect()
    }

    fn event_steps(&self) -> Vec<Option<EventStep>> {
        let steps = self.numbers("exposure").into_iter().zip(self.counts("count"));
        steps.map(|(exposure, count)| Some(EventStep { exposure, count })).collect()
    }

    fn exposure(&self) -> Exposure {
        if self.0["exposure"].as_str() == Some("measure") { Exposure::Measure } else { Exposure::Trials }
    }

    fn starts(&self) -> Starts {
        if self.0["starts"].as_str() == Some("zero") { Starts::zero() } else { Starts::spread(self.number("horizon")) }
    }

    fn requests(&self) -> Vec<(Vec<f64>, Vec<f64>)> {
        let (mut baseline, mut canary) = (self.numbers("baseline").into_iter(), self.numbers("canary").into_iter());
        let sizes = self.counts("sizes");
        let step = |n: &[u64]| {
            (baseline.by_ref().take(n[0] as usize).collect(), canary.by_ref().take(n[1] as usize).collect())
        };
        sizes.chunks(2).map(step).collect()
    }

    /// What is off, in words; nothing if the answer is close enough.
    fn off(&self) -> Option<String> {
        let what = self.0["what"].as_str().unwrap();
        let wanted = match &self.0["value"] {
            Value::Array(values) => values.iter().map(number).collect(),
            value => vec![number(value)],
        };
        let got = self.answer(what);
        let tolerance = self.number("tolerance");
        // the logarithm of a probability may be off by the relative error of the probability
        let scale = |v: f64| match what {
            _ if what.ends_with("ln_e") || what == "ln_e_t" => 1.0 + v.abs(),
            _ if what.starts_with("ln_") => 1.0,
            _ => v.abs().max(1e-300),
        };
        let close = |got: f64, wanted: f64| {
            got == wanted || got.is_nan() && wanted.is_nan() || (got - wanted).abs() <= tolerance * scale(wanted)
        };
        let all = got.len() == wanted.len() && got.iter().zip(&wanted).all(|(got, wanted)| close(*got, *wanted));
        let args = self.0.get("args").map_or(String::new(), Value::to_string);
        (!all).then(|| format!("{what} {args}: {got:?}, but {} says {wanted:?}", self.0["oracle"]))
    }

    fn answer(&self, what: &str) -> Vec<f64> {
        if let Some(args) = self.0.get("args") {
            return vec![distribution(what, &args.as_array().unwrap().iter().map(number).collect::<Vec<_>>())];
        }
        match what {
            "between_instances" => {
                let (steps, instances) = self.instances();
                let (phi, nu) = counts::between_instances(&steps, 0, Some(&instances), Exposure::Trials).unwrap();
                vec![phi, nu]
            }
            "slices_mix" => {
                let slice =
                    |step: CountStep| localise::Slice { values: vec![String::new()], steps: vec![step], times: None };
                let slices: Vec<localise::Slice> = self.steps().into_iter().map(slice).collect();
                let rates = localise::mix::rates(&slices).unwrap();
                vec![rates.baseline, rates.canary, rates.at_equal_mix, rates.stratified_ratio]
            }
            "burst_effect" => {
                let (phi, nu) = bursts::design_effect(&self.steps()).spread.unwrap();
                vec![phi, nu]
            }
            "tarone_holm" => {
                let tests: Vec<(f64, f64)> = self.numbers("ln_p").into_iter().zip(self.numbers("ln_least")).collect();
                let (rejected, _) = holm::rejected(&tests, self.number("chance"));
                (0..tests.len()).filter(|at| rejected[*at]).map(|at| at as f64).collect()
            }
            "odd_instance" => vec![localise::odd::studentised(&self.numbers("residuals"), 0)],
            "split_effect" => flat(&split::design_effect(&self.trials(), split::CALM)),
            "split_p" => {
                let trials = self.trials();
                let (x, n) = trials.iter().flatten().fold((0, 0), |(x, n), step| (x + step.bad, n + step.total));
                vec![split::p_value(x, n, self.number("share"), &split::design_effect(&trials, split::CALM))]
            }
            "realised_trial_effect" => {
                let effect = single::realised_trial_effect(&self.trials(), Prior::default());
                flat(&effect)
            }
            "realised_event_effect" => {
                let steps = self.numbers("exposure_each").into_iter().zip(self.counts("bad"));
                let steps: Vec<_> = steps.map(|(exposure, count)| Some(EventStep { exposure, count })).collect();
                let effect = single::realised_event_effect(&steps, Prior::default());
                flat(&effect)
            }
            "predictable" => {
                let (baseline, canary): (Vec<_>, Vec<_>) = self.requests().into_iter().unzip();
                let single = |steps: Vec<Vec<f64>>| steps.into_iter().map(Requests::single).collect::<Vec<_>>();
                let slow = self.slow(&single(baseline), &single(canary), self.number("factor"), Direction::Above);
                slow.iter().flat_map(slow_pair).collect()
            }
            "slow_cells" => self.slow_cells(Direction::Above).iter().flat_map(slow_pair).collect(),
            "woodruff_mover" => {
                let gamma = self.number("gamma");
                let [baseline, canary] = self.binned(0.0);
                let critical = normal::normal_quantile(0.5 + self.number("level") / 2.0);
                // from how far into which cell of one grid to the same place on the other
                let moved = |value: f64| {
                    let cell = value.floor();
                    gamma.powf(cell + (value / cell).ln() / ((cell + 1.0) / cell).ln())
                };
                let limits = |steps: &[Requests]| {
                    let pooled = Requests::pooled(steps).unwrap();
                    let limits =
                        limits::woodruff(steps, &pooled, self.number("q"), critical, Prior::default()).unwrap();
                    let Limits { estimate, low, high } = limits;
                    Limits { estimate: moved(estimate), low: moved(low), high: moved(high) }
                };
                let ratio = limits::mover_ratio(limits(&canary), limits(&baseline)).unwrap();
                vec![ratio.estimate, ratio.low, ratio.high]
            }
            "allowance" => {
                let sizes = |key| self.counts(key).into_iter().map(Some).collect::<Vec<_>>();
                let (baseline, canary) = (sizes("baseline_n"), sizes("canary_n"));
                quantile::small_sample_allowance(self.number("q"), self.number("spread"), &baseline, &canary)
            }
            "tamed" => {
                let tamed = counts::tamed(&self.steps(), self.direction());
                tamed.iter().map(|step| step.canary as f64).collect()
            }
            "mirrored" => {
                let steps = self.steps();
                let effect = counts::design_effect(&steps, Exposure::Trials, Prior::default());
                flat(&counts::mirrored(&steps, &effect, Exposure::Trials, self.direction()))
            }
            "effect_from" | "effect_scatter" => flat(&self.effect_since(what)),
            "ratio_z_from" | "ratio_z_scatter" => {
                let (steps, effect) = (&self.steps()[self.count("start") as usize..], self.effect_since(what));
                let z = |r0: f64| counts::ratio_z(steps, &effect, r0, self.direction());
                self.numbers("limits").into_iter().map(z).collect()
            }
            "learned_effect" => flat(&self.learned_effect()),
            "level_z" | "beside_z" | "between_z" | "learned_level_z" | "learned_beside_z" => {
                let level = self.level(what);
                self.numbers("limits").into_iter().map(|limit| level.z(limit, self.direction())).collect()
            }
            "boundary" => planned::compute_boundary(&self.numbers("fractions"), self.number("alpha")),
            _ if what.ends_with("ln_e") => vec![self.any_time(what)],
            _ => vec![self.single_answer(what)],
        }
    }

    /// Requests given as numbers of cells, baseline first, the canary's moved down by some. The cells are one apart, and
    /// so fine inside that the end of one is as good as the beginning of the next.
    fn binned(&self, moved: f64) -> [Vec<Requests>; 2] {
        let grid = Grid::of_digits(3, 1 << 40);
        let step = |cells: &[f64], moved: f64| {
            let cells = cells.iter().map(|cell| ((cell - moved) as u32, 1)).collect();
            Requests::binned(Bins::new(grid, None, cells), 0.5_f64.powi(40))
        };
        let requests = self.requests();
        let baseline = requests.iter().map(|s| step(&s.0, 0.0)).collect();
        [baseline, requests.iter().map(|s| step(&s.1, moved)).collect()]
    }

    /// Slower by a factor that is a whole number of cells.
    fn slow_cells(&self, direction: Direction) -> Vec<Option<CountStep>> {
        let [baseline, canary] = self.binned(self.number("shift"));
        self.slow(&baseline, &canary, 1.0, direction)
    }

    fn slow(
        &self,
        baseline: &[Requests],
        canary: &[Requests],
        factor: f64,
        direction: Direction,
    ) -> Vec<Option<CountStep>> {
        let thresholds = slow::predictable_thresholds(baseline, self.number("q"));
        slow::counts_beyond(baseline, canary, &thresholds, factor, direction)
    }

    fn single_answer(&self, what: &str) -> f64 {
        match what {
            "long_run" => {
                let sum = longrun::step_sum(&self.series(), self.number("cosines"));
                let cosines = self.0["estimator"].as_str() == Some("cosines");
                let estimate = if cosines { sum.cosines } else { sum.autoregressive };
                assert_eq!(estimate.dof, self.number("dof"));
                estimate.variance
            }
            "inflation" => longrun::inflation(self.number("phi"), self.number("n")),
            "rate_ratio" => counts::rate_ratio(&self.steps()),
            "rate_difference" => counts::rate_difference(&self.steps()),
            "exact_ratio_z" => counts::exact_ratio_z(&self.steps(), self.number("r0"), self.direction()),
            "exact_ratio_low" => counts::ratio_interval(&self.steps(), &independent(), self.number("critical"), 1.0).0,
            "exact_ratio_high" => counts::ratio_interval(&self.steps(), &independent(), 1.0, self.number("critical")).1,
            "score" => counts::difference_z(&self.steps(), &independent(), self.number("d"), Direction::Above),
            "share_low" => {
                single::share_interval(self.count("x"), self.count("n"), &independent(), self.number("critical"), 1.0).0
            }
            "share_high" => {
                single::share_interval(self.count("x"), self.count("n"), &independent(), 1.0, self.number("critical")).1
            }
            "frequency_low" => self.frequency_interval().0,
            "frequency_high" => self.frequency_interval().1,
            "burst_z" => {
                let (steps, effect) = (self.steps(), bursts::design_effect(&self.steps()));
                counts::ratio_z(&steps, &effect, self.number("r0"), Direction::Above)
            }
            "burst_low" => {
                let (steps, effect) = (self.steps(), bursts::design_effect(&self.steps()));
                counts::ratio_interval(&steps, &effect, self.number("critical"), 1.0).0
            }
            "median" => steps::median(&self.numbers("y")).unwrap(),
            "quantile" => quantile::quantile(&self.numbers("y"), self.number("q")).unwrap(),
            "share_z" => {
                let trials = self.trials();
                let (x, n) = trials.iter().flatten().fold((0, 0), |(x, n), s| (x + s.bad, n + s.total));
                let effect = single::trial_design_effect(&trials, Prior::default());
                single::share_z(x, n, self.number("p0"), &effect, self.direction())
            }
            "increment_z" => {
                steps::increment_z(&self.series(), self.number("limit"), self.number("floor"), Direction::Above)
            }
            "f_upper" => davy::stats::days::f_quantile_upper(self.number("p"), self.number("a"), self.number("b")),
            what if what.starts_with("day_") => self.of_days(what),
            "slope" => self.slope().estimate(),
            "slope_z" => self.slope().z(self.number("limit"), self.direction()),
            "regular" => spacing::regular(&self.places("starts")).unwrap().chance,
            "run_effect" => {
                let known = |step: char| (step != '.').then_some(step == '1');
                let steps: Vec<Option<bool>> = self.0["steps"].as_str().unwrap().chars().map(known).collect();
                spacing::of_runs(&steps).unwrap().0
            }
            "combined" => onset::combined(self.number("whole"), &self.numbers("later")),
            "any_time_critical" => power::any_time_critical(self.number("ln_e")),
            _ => self.sample_size(what),
        }
    }

    fn of_days(&self, what: &str) -> f64 {
        let (after, before, noise) = (self.numbers("after"), self.numbers("before"), self.numbers("noise"));
        let (weekday, today) = (self.places("weekday"), self.numbers("today"));
        let day = |(after, before, noise, weekday): (f64, Option<f64>, f64, usize)| Day {
            after,
            before,
            noise,
            weekday: i8::try_from(weekday).unwrap(),
        };
        let days: Vec<Day> =
            (0..after.len()).map(|at| day((after[at], before.get(at).copied(), noise[at], weekday[at]))).collect();
        let today = day((today[0], Some(today[1]), today[2], today[3] as usize));
        let predicted = Prediction::of(&today, &days).unwrap();
        match what {
            "day_expected" => predicted.expected,
            "day_effect" => predicted.effect,
            "day_error" => predicted.error,
            "day_freedom" => predicted.freedom,
            "day_spread" => predicted.spread,
            "day_slope" => predicted.slope.unwrap(),
            _ => predicted.effect + tail::z_to_t(normal::normal_quantile(0.95), predicted.freedom) * predicted.error,
        }
    }

    fn places(&self, key: &str) -> Vec<usize> {
        self.numbers(key).into_iter().map(|place| place as usize).collect()
    }

    fn slope(&self) -> Slope {
        let jumps = Jumps { at: self.places("jumps"), are_usual: self.0["usual"].as_bool().unwrap() };
        Slope::new(&self.series(), &jumps, self.number("floor")).unwrap()
    }

    /// Per unit of what is counted, so that steps are units.
    fn sample_size(&self, what: &str) -> f64 {
        let truth = || self.number(if what == "trials_for_difference" { "canary" } else { "truth" });
        let question = match what {
            "events_for_ratio" => {
                let (truth, limit, share) = (truth(), self.number("limit"), self.number("share"));
                let odds = share / (1.0 - share);
                let canary = 1.0 - 1.0 / (1.0 + truth * odds);
                Question::ratio(canary, 1.0 - canary, odds, limit, 1.0, (truth - limit).signum())
            }
            "trials_for_share" => {
                let limit = self.number("limit");
                Question::share(1.0, truth(), limit, (truth() - limit).signum())
            }
            "exposure_for_frequency" => {
                let limit = self.number("limit");
                Question::frequency(truth(), limit, (truth() - limit).signum())
            }
            "steps_for_level" => Question::level(self.number("distance"), 1.0),
            "trials_for_difference" => {
                let (baseline, limit, share) = (self.number("baseline"), self.number("limit"), self.number("share"));
                let sign = (truth() - baseline - limit).signum();
                Question::difference((share, truth()), (1.0 - share, baseline), limit, sign)
            }
            _ => panic!("nobody answers {what}"),
        };
        let noise = power::Noise::Known { phi: 1.0 };
        power::steps_needed(&question, &noise, self.number("critical"), self.number("power")).unwrap()
    }

    fn any_time(&self, what: &str) -> f64 {
        let direction = self.direction();
        match what {
            "exact_ratio_ln_e" => anytime::exact_ratio_ln_e(&self.steps(), self.number("r0"), direction),
            "ratio_ln_e" => {
                let (r0, exposure, prior) = (self.number("r0"), self.exposure(), Prior::default());
                bets::ratio(&self.steps(), exposure, r0, direction, prior, &self.starts())
            }
            "share_ln_e" => {
                let effect = |steps: &_| single::trial_design_effect(steps, Prior::default());
                bets::share(&self.trials(), self.number("p0"), direction, effect, &self.starts())
            }
            "frequency_ln_e" => {
                let effect = |steps: &_| single::event_design_effect(steps, Prior::default());
                let rate0 = self.number("rate0");
                bets::frequency(&self.event_steps(), rate0, direction, effect, &self.starts())
            }
            "level_ln_e" => {
                let (limit, floor, horizon) = (self.number("limit"), self.number("floor"), self.number("horizon"));
                let (y, starts) = (self.series(), self.starts());
                bets::level(&y, floor, limit, direction, horizon, &starts)
            }
            "difference_ln_e" => {
                let (d, horizon) = (self.number("d"), self.number("horizon"));
                bets::difference(&self.steps(), None, d, direction, horizon, &self.starts())
            }
            _ => panic!("nobody answers {what}"),
        }
    }

    fn frequency_interval(&self) -> (f64, f64) {
        let critical = self.number("critical");
        single::frequency_interval(self.count("x"), self.number("exposure"), &independent(), critical, critical)
    }
}

/// The steps of both arms, each the sum of its instances.
pub fn arms_of(instances: &Instances) -> Vec<CountStep> {
    let arm = |arm: &[Vec<Option<TrialStep>>], t: usize| -> (u64, u64) {
        let own = arm.iter().filter_map(|own| own.get(t).copied().flatten());
        own.fold((0, 0), |(total, bad), own| (total + own.total, bad + own.bad))
    };
    let both = instances.canary.iter().chain(&instances.baseline);
    let steps = both.map(Vec::len).max().unwrap_or(0);
    let step = |t| {
        let ((canary_total, canary), (baseline_total, baseline)) =
            (arm(&instances.canary, t), arm(&instances.baseline, t));
        let (canary_total, baseline_total) = (canary_total as f64, baseline_total as f64);
        CountStep { canary_total, canary, baseline_total, baseline }
    };
    (0..steps).map(step).collect()
}

/// Slow requests of the canary and of the baseline; nobody's where they were not counted.
fn slow_pair(step: &Option<CountStep>) -> [f64; 2] {
    step.map_or([-1.0; 2], |s| [s.canary as f64, s.baseline as f64])
}

fn present(numbers: &[f64]) -> Vec<Option<f64>> {
    numbers.iter().map(|v| (!v.is_nan()).then_some(*v)).collect()
}

fn number(value: &Value) -> f64 {
    value.as_float().or(value.as_integer().map(|v| v as f64)).unwrap()
}

/// Independent trials: what is left of a method when dispersion is not in question.
fn independent() -> DesignEffect {
    DesignEffect::independent()
}

/// Weights and design effects of the mixture, those of the spread with their degrees of freedom, and the finite factor.
fn flat(effect: &DesignEffect) -> Vec<f64> {
    let pairs = effect.mixture.iter().chain(&effect.spread).chain(&effect.between);
    pairs.flat_map(|(a, b)| [*a, *b]).chain([effect.finite]).collect()
}

fn distribution(what: &str, args: &[f64]) -> f64 {
    match (what, args) {
        ("normal_quantile", [p]) => normal::normal_quantile(*p),
        ("normal_upper", [z]) => normal::normal_upper(*z),
        ("ln_normal_upper", [z]) => normal::ln_normal_upper(*z),
        ("z_from_ln_upper", [ln_p]) => normal::z_from_ln_upper(*ln_p),
        ("ln_t_upper", [t, nu]) => tail::ln_t_upper(*t, *nu),
        ("t_quantile_upper", [p, nu]) => tail::t_quantile_upper(*p, *nu),
        ("t_to_z", [t, nu]) => tail::t_to_z(*t, *nu),
        ("beta_quantile", [p, a, b]) => tail::beta_quantile(*p, *a, *b),
        ("ln_e_t", [t, nu, k]) => anytime::ln_e_t(*t, *nu, *k),
        ("ln_binomial_upper", [x, n, p]) => tail::ln_binomial_upper(*x as u64, *n as u64, *p),
        ("ln_binomial_lower", [x, n, p]) => tail::ln_binomial_lower(*x as u64, *n as u64, *p),
        ("ln_poisson_upper", [x, mean]) => tail::ln_poisson_upper(*x as u64, *mean),
        ("ln_poisson_lower", [x, mean]) => tail::ln_poisson_lower(*x as u64, *mean),
        _ => panic!("nobody answers {what} of {} numbers", args.len()),
    }
}
