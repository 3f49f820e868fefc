//! Kayenta's rule to the last bit: hundreds of pairs that a second implementation answers, its golden numbers, its edges.

use std::path::Path;

use davy::aca::{
    self, Class, Direction, EffectSize, Finding, Label, Measure, Metric, Nan, Refusal, Rule, Sample, Summary,
    Thresholds,
};
use proptest::prelude::*;
use toml::{Table, Value};

fn number(value: &Value) -> f64 {
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64)).unwrap()
}

fn numbers(case: &Table, key: &str) -> Vec<f64> {
    case[key].as_array().unwrap().iter().map(number).collect()
}

fn metric(case: &Table) -> Metric {
    let (allowed, fatal) = (numbers(case, "allowed"), numbers(case, "fatal"));
    let measure = if case["measure"].as_str() == Some("cles") { Measure::Cles } else { Measure::MeanRatio };
    Metric {
        direction: match case["direction"].as_str().unwrap() {
            "increase" => Direction::Increase,
            "decrease" => Direction::Decrease,
            _ => Direction::Either,
        },
        nan: if case["nan"].as_str() == Some("replace") { Nan::Replace } else { Nan::Remove },
        critical: case["critical"].as_bool().unwrap(),
        must_have_data: case["must_have_data"].as_bool().unwrap(),
        outliers: case.get("outliers").map(number),
        effect: EffectSize {
            measure,
            allowed_increase: allowed[0],
            allowed_decrease: allowed[1],
            critical_increase: fatal[0],
            critical_decrease: fatal[1],
        },
        ..Metric::new("m")
    }
}

fn sample(experiment: &[f64], control: &[f64]) -> Sample {
    let (experiment, control) = (experiment.to_vec(), control.to_vec());
    Sample { name: "m".into(), id: "id".into(), tags: Vec::new(), control, experiment }
}

fn rule(metrics: Vec<Metric>) -> Rule {
    Rule { metrics, weights: Vec::new(), thresholds: Thresholds { pass: 75.0, marginal: 50.0 } }
}

fn find(metric: Metric, experiment: &[f64], control: &[f64]) -> Finding {
    aca::judge(&rule(vec![metric]), &[sample(experiment, control)]).unwrap().findings.remove(0)
}

/// What is not a number is one thing, all else must have the same bits.
fn bits(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

fn all_bits(values: impl IntoIterator<Item = f64>) -> Vec<u64> {
    values.into_iter().map(bits).collect()
}

fn summary(of: Summary) -> Vec<u64> {
    all_bits([of.min, of.max, of.mean, of.std, of.count as f64])
}

/// What is off in a case, if anything.
fn off(case: &Table) -> Option<String> {
    let (experiment, control) = (numbers(case, "experiment"), numbers(case, "control"));
    let found = find(metric(case), &experiment, &control);
    let mut wrong = Vec::new();
    let mut check = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            wrong.push(format!("{what} {ours} instead of {theirs}"));
        }
    };
    check("label", found.label.name().into(), case["label"].as_str().unwrap().into());
    check("critical", found.critical.to_string(), case["flag"].as_bool().unwrap().to_string());
    check(
        "ratio",
        format!("{:?}", bits(found.ratio.unwrap_or(f64::NAN))),
        format!("{:?}", bits(number(&case["ratio"]))),
    );
    for (side, key) in [(found.experiment, "of_experiment"), (found.control, "of_control")] {
        check(key, format!("{:?}", summary(side)), format!("{:?}", all_bits(numbers(case, key))));
    }
    let theirs = numbers(case, "interval");
    let is_raw = case["nan"].as_str() == Some("remove") && case.get("outliers").is_none();
    if !theirs.is_empty() && is_raw {
        let known = |values: Vec<f64>| values.into_iter().filter(|x| !x.is_nan()).collect::<Vec<f64>>();
        let ours = aca::interval(&known(experiment), &known(control)).unwrap();
        let ours = all_bits([ours.low, ours.high, ours.estimate]);
        check("interval", format!("{ours:?}"), format!("{:?}", all_bits(theirs)));
    }
    (!wrong.is_empty()).then(|| format!("{case:?}: {}", wrong.join(", ")))
}

#[test]
fn every_bit_is_that_of_a_second_implementation() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reference/aca.toml");
    let table: Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let cases: Vec<&Table> = table["case"].as_array().unwrap().iter().map(|case| case.as_table().unwrap()).collect();
    let with_interval = cases.iter().filter(|case| !numbers(case, "interval").is_empty()).count();
    assert!(cases.len() >= 400 && with_interval >= 300, "{} cases, {with_interval} intervals", cases.len());
    for label in ["Pass", "High", "Low", "Nodata", "NodataFailMetric", "Error"] {
        assert!(cases.iter().any(|case| case["label"].as_str() == Some(label)), "no case is {label}");
    }
    let off: Vec<String> = cases.iter().filter_map(|case| off(case)).collect();
    assert!(off.is_empty(), "{} of {} cases are off:\n{}", off.len(), cases.len(), off.join("\n"));
}

#[test]
fn golden_intervals() {
    type Golden<'a> = (Vec<f64>, &'a [f64], [f64; 3], Label);
    let flat = [1.0; 10];
    let zeros = [0.0; 6];
    let to = |from: u32, to: u32| (from..=to).map(f64::from).collect::<Vec<f64>>();
    let mixed = |high: usize| [vec![100.0; high], vec![1.0; 10 - high]].concat();
    let golden: [Golden; 5] = [
        (mixed(7), &flat, [6.825_022_991_538_781e-5, 99.0, 98.999_929_041_701_93], Label::Pass),
        (mixed(8), &flat, [98.999_931_647_621_62, 99.0, 99.0], Label::High),
        (vec![0.0, 1.0, 2.0, 1.0, 0.0, 0.0], &zeros, [0.0, 2.0, 0.812_733_792_222_094_7], Label::Pass),
        (to(11, 18), &to(1, 8), [6.000_050_293_778_443, 13.999_949_706_221_555, 10.0], Label::High),
        (vec![1.0, 4.0, 2.0, 3.0, 1.0], &[0.0; 5], [1.0, 4.0, 1.999_963_797_785_825_3], Label::High),
    ];
    for (experiment, control, [low, high, estimate], label) in golden {
        let interval = aca::interval(&experiment, control).unwrap();
        assert_eq!(
            all_bits([interval.low, interval.high, interval.estimate]),
            all_bits([low, high, estimate]),
            "{interval:?}"
        );
        assert_eq!(find(Metric::new("m"), &experiment, control).label, label);
    }
}

#[test]
fn edges_are_as_measured() {
    let label = |experiment: &[f64], control: &[f64]| find(Metric::new("m"), experiment, control).label;
    assert_eq!((label(&[10.0], &[5.0]), label(&[10.0], &[0.0])), (Label::Error, Label::Error));
    assert_eq!((label(&[10.0], &[5.0, 5.0]), label(&[10.0], &[5.0, 6.0])), (Label::High, Label::High));
    assert_eq!((label(&[5.0, 6.0], &[1.0, 2.0]), label(&[10.0, 10.0], &[5.0, 5.0])), (Label::High, Label::High));
    assert_eq!((label(&[101.0; 60], &[100.0; 60]), label(&[100.0; 60], &[101.0; 60])), (Label::High, Label::Low));
    let close = || find(Metric::new("m"), &[100.0001; 60], &[100.0; 60]);
    assert_eq!(close(), close(), "noise follows from a seed");
    let empty = Metric { nan: Nan::Replace, critical: true, ..Metric::new("m") };
    assert_eq!(find(empty.clone(), &[], &[1.0]).label, Label::Pass);
    let zeros = find(empty, &[f64::NAN, f64::NAN], &[1.0, 2.0]);
    assert!(zeros.label == Label::Low && zeros.ratio.is_some_and(f64::is_nan), "{zeros:?}");
    let infinite = find(Metric::new("m"), &[1.0, 2.0, f64::INFINITY, 3.0], &[1.0, 2.0, 3.0, 4.0]);
    assert!(infinite.label == Label::Pass && infinite.ratio.is_some_and(f64::is_nan), "{infinite:?}");
    assert_eq!(label(&[5.0, 6.0, 7.0, f64::INFINITY], &[1.0, 2.0, 3.0, 4.0, 5.0]), Label::Pass);
    let rare = [vec![0.0; 355], vec![1.0; 3]].concat();
    let found = find(Metric { outliers: Some(3.0), ..Metric::new("m") }, &rare, &[0.0, 1.0]);
    assert_eq!((found.experiment.mean, found.experiment.count), (0.0, 355));
}

/// A metric that lands in one group with a label of our choice.
fn labelled(name: &str, group: &str, label: Label) -> (Metric, Sample) {
    let (experiment, control, must): (&[f64], &[f64], bool) = match label {
        Label::Pass => (&[1.0, 2.0], &[1.0, 2.0], false),
        Label::High => (&[5.0, 6.0], &[1.0, 2.0], false),
        Label::Low => (&[1.0, 2.0], &[5.0, 6.0], false),
        Label::Nodata => (&[], &[1.0], false),
        Label::NodataFailMetric => (&[], &[1.0], true),
        Label::Error => (&[10.0], &[5.0], false),
    };
    let metric = Metric { groups: vec![group.into()], must_have_data: must, ..Metric::new(name) };
    (metric, Sample { name: name.into(), ..sample(experiment, control) })
}

fn scored(of: Vec<(Metric, Sample)>, weights: &[(&str, f64)]) -> aca::Judgement {
    let (metrics, samples): (Vec<Metric>, Vec<Sample>) = of.into_iter().unzip();
    let weights = weights.iter().map(|(group, weight)| ((*group).to_owned(), *weight)).collect();
    aca::judge(&Rule { weights, ..rule(metrics) }, &samples).unwrap()
}

#[test]
fn scores_are_as_written() {
    use Label::{Error, High, Nodata, NodataFailMetric, Pass};
    let both = |weights: &[(&str, f64)]| {
        let of = vec![labelled("a", "x", Pass), labelled("b", "x", High), labelled("c", "y", Pass)];
        scored(of, weights)
    };
    let half = both(&[("x", 60.0), ("y", 40.0)]);
    assert_eq!((half.score, half.class, half.groups.len()), (70.0, Class::Marginal, 2));
    assert_eq!(both(&[("x", 60.0)]).score, 70.0, "a group without a weight gets what is left");
    assert_eq!(both(&[("z", 50.0)]).score, 37.5, "a group without a metric uses up its weight");
    let thirds = vec![labelled("a", "x", Pass), labelled("b", "x", Pass), labelled("c", "x", High)];
    assert_eq!(scored(thirds, &[]).score, 66.67);
    let failed = scored(vec![labelled("a", "x", Error)], &[("x", 100.0)]);
    assert_eq!((failed.score, failed.class, failed.groups[0].score), (100.0, Class::Pass, 0.0));
    let missing = scored(vec![labelled("a", "x", Nodata), labelled("b", "x", Pass)], &[("x", 100.0)]);
    assert_eq!(missing.reason.as_deref(), Some("Canary Failed: 50% or more metrics returned NODATA"));
    let must = scored(vec![labelled("a", "x", NodataFailMetric), labelled("b", "x", Pass)], &[("x", 100.0)]);
    assert_eq!((must.score, must.reason), (50.0, None));
    let critical = |label| {
        let (metric, sample) = labelled("a", "x", label);
        scored(vec![(Metric { critical: true, ..metric }, sample), labelled("b", "x", Pass)], &[("x", 100.0)])
    };
    let broken = critical(High);
    assert_eq!(broken.score, 0.0);
    assert_eq!(broken.reason.as_deref(), Some("Canary Failed: The metric a was classified as High (Critical)"));
    assert_eq!(critical(Error).score, 100.0, "a method that failed is not critical");
    let (metric, sample) = labelled("a", "x", High);
    let muted = scored(vec![(Metric { muted: true, ..metric }, sample), labelled("b", "x", Pass)], &[("x", 100.0)]);
    assert_eq!((muted.score, muted.findings.len()), (100.0, 2));
    assert_eq!(scored(Vec::new(), &[("x", 100.0)]).score, 0.0, "nothing measured is worth nothing");
    assert_eq!(both(&[("x", 1.005 * 2.0), ("y", 0.0)]).score, 1.01, "half up, of the decimal text");
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let unknown = Sample { name: "other".into(), ..sample(&[1.0], &[2.0]) };
    let refused = aca::judge(&rule(vec![Metric::new("m")]), &[unknown]).unwrap_err();
    assert_eq!(refused, Refusal::Unknown("other".into()));
    let zero = Metric { outliers: Some(0.0), ..Metric::new("m") };
    let refused = aca::judge(&rule(vec![zero]), &[sample(&[1.0], &[2.0])]).unwrap_err();
    assert_eq!(refused.to_string(), "the metric `m` has outlierFactor 0: write a number above 0");
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    let some = prop_oneof![(-50..50).prop_map(f64::from), -1e3..1e3, Just(f64::NAN), Just(f64::INFINITY), Just(0.0)];
    prop::collection::vec(some, 0..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_order_of_points_decides_nothing(
        (experiment, shuffled) in values().prop_flat_map(|v| (Just(v.clone()), Just(v).prop_shuffle())),
        control in values(),
    ) {
        let (one, other) = (find(Metric::new("m"), &experiment, &control), find(Metric::new("m"), &shuffled, &control));
        prop_assert_eq!(one.label, other.label);
        prop_assert_eq!(one.experiment.count, other.experiment.count);
    }

    #[test]
    fn a_direction_only_takes_away(experiment in values(), control in values()) {
        let with = |direction| find(Metric { direction, ..Metric::new("m") }, &experiment, &control).label;
        let either = with(Direction::Either);
        prop_assert_eq!(with(Direction::Increase), if either == Label::Low { Label::Pass } else { either });
        prop_assert_eq!(with(Direction::Decrease), if either == Label::High { Label::Pass } else { either });
    }

    #[test]
    fn any_data_has_an_answer(
        experiment in prop::collection::vec(any::<f64>(), 0..12),
        control in prop::collection::vec(any::<f64>(), 0..12),
    ) {
        let judged = aca::judge(&rule(vec![Metric::new("m")]), &[sample(&experiment, &control)]).unwrap();
        prop_assert!(judged.score >= 0.0 && judged.score <= 100.0);
    }
}
