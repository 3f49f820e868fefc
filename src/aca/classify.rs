//! One metric's label: whether the canary is higher or lower than the baseline by more than the rule allows.

use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64Mcg;

use super::clean::Summary;
use super::interval::{Tied, interval};
use super::numbers::{cles, mean, sorted};
use super::rule::{Direction, Measure, Metric, Nan};
use super::sample::Sample;

/// A shift counts beyond this share of its own estimate.
const TOLERANCE: f64 = 0.25;

/// The noise that both sides get where both are constant, as a share of each value.
const NOISE: f64 = 1e-5;

/// Where Kayenta's generator has no seed, this one has.
const SEED: u128 = 20_180_710;

/// What became of one pair of series.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The metric.
    pub name: String,
    /// The identifier of the pair.
    pub id: String,
    /// The labels of the pair.
    pub tags: Vec<(String, String)>,
    /// The groups that it counts in.
    pub groups: Vec<String>,
    /// Whether it is reported and never counts.
    pub muted: bool,
    /// The label.
    pub label: Label,
    /// Why.
    pub reason: Option<String>,
    /// Whether it fails the canary alone, unless it is a Pass.
    pub critical: bool,
    /// The cleaned canary in numbers.
    pub experiment: Summary,
    /// The cleaned baseline in numbers.
    pub control: Summary,
    /// What the report shows as the size of the change; nothing if the method failed.
    pub ratio: Option<f64>,
}

/// Kayenta's labels of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// No change that the rule counts.
    Pass,
    /// The canary is higher.
    High,
    /// The canary is lower.
    Low,
    /// A side has no data.
    Nodata,
    /// A side has no data, and that is a failure.
    NodataFailMetric,
    /// The method failed.
    Error,
}

impl Label {
    /// As Kayenta writes it.
    pub fn name(self) -> &'static str {
        match self {
            Label::Pass => "Pass",
            Label::High => "High",
            Label::Low => "Low",
            Label::Nodata => "Nodata",
            Label::NodataFailMetric => "NodataFailMetric",
            Label::Error => "Error",
        }
    }
}

/// A label with what belongs to it.
struct Answer {
    label: Label,
    reason: Option<String>,
    critical: bool,
    ratio: Option<f64>,
}

/// Labels one pair of cleaned series.
pub(super) fn classify(metric: &Metric, sample: &Sample, experiment: &[f64], control: &[f64]) -> Finding {
    let failed = |Tied| Answer {
        label: Label::Error,
        reason: Some("Metric Classification Failed".into()),
        critical: false,
        ratio: None,
    };
    let answer = answer(metric, experiment, control).unwrap_or_else(failed);
    Finding {
        name: sample.name.clone(),
        id: sample.id.clone(),
        tags: sample.tags.clone(),
        groups: metric.groups.clone(),
        muted: metric.muted,
        label: answer.label,
        reason: answer.reason,
        critical: answer.critical,
        experiment: Summary::of(experiment),
        control: Summary::of(control),
        ratio: answer.ratio,
    }
}

fn answer(metric: &Metric, experiment: &[f64], control: &[f64]) -> Result<Answer, Tied> {
    let plain = |label, reason, critical| Ok(Answer { label, reason, critical, ratio: Some(1.0) });
    if experiment.is_empty() || control.is_empty() {
        let missing = Some(format!("Missing data for {}", metric.name));
        return match metric.nan {
            Nan::Replace => plain(Label::Pass, None, false),
            Nan::Remove if metric.must_have_data && !metric.critical => plain(Label::NodataFailMetric, missing, false),
            Nan::Remove => plain(Label::Nodata, missing, metric.critical),
        };
    }
    if sorted(experiment) == sorted(control) {
        return plain(Label::Pass, Some("The Canary and Baseline data are identical".into()), false);
    }
    match (constant(experiment), constant(control)) {
        (Some(one), Some(other)) if one == other => plain(Label::Pass, None, false),
        (Some(_), Some(_)) => {
            let mut chance = Pcg64Mcg::new(SEED);
            let (experiment, control) = (noisy(experiment, &mut chance), noisy(control, &mut chance));
            compare(metric, &experiment, &control)
        }
        _ => compare(metric, experiment, control),
    }
}

/// The one value of a series that never changes; -0.0 is 0.0.
#[expect(clippy::float_cmp, reason = "constant to the last bit")]
fn constant(values: &[f64]) -> Option<f64> {
    values.first().copied().filter(|first| values.iter().all(|x| x == first))
}

fn noisy(values: &[f64], chance: &mut Pcg64Mcg) -> Vec<f64> {
    let noise = |x: &f64| {
        let normal: f64 = StandardNormal.sample(chance);
        x + normal * (x * NOISE)
    };
    values.iter().map(noise).collect()
}

/// The mean of the canary over that of the baseline; not a number if either is zero.
pub fn ratio(experiment: f64, control: f64) -> f64 {
    if experiment == 0.0 || control == 0.0 { f64::NAN } else { experiment / control }
}

fn compare(metric: &Metric, experiment: &[f64], control: &[f64]) -> Result<Answer, Tied> {
    let shift = interval(experiment, control)?;
    let ratio = ratio(mean(experiment), mean(control));
    let effect = match metric.effect.measure {
        Measure::MeanRatio => ratio,
        Measure::Cles => cles(experiment, control),
    };
    let at_least = |bound: f64| effect.is_nan() || effect >= bound;
    let at_most = |bound: f64| effect.is_nan() || effect <= bound;
    let band = TOLERANCE * shift.estimate.abs();
    let may = |direction| metric.direction == direction || metric.direction == Direction::Either;
    let (label, is_critical) =
        if may(Direction::Increase) && shift.low > band && at_least(metric.effect.allowed_increase) {
            (Label::High, at_least(metric.effect.critical_increase))
        } else if may(Direction::Decrease) && shift.high < -band && at_most(metric.effect.allowed_decrease) {
            (Label::Low, at_most(metric.effect.critical_decrease))
        } else {
            (Label::Pass, false)
        };
    let critical = metric.critical && is_critical;
    let reason = (label != Label::Pass).then(|| reason(&metric.name, label, critical));
    Ok(Answer { label, reason, critical, ratio: Some(ratio) })
}

fn reason(name: &str, label: Label, critical: bool) -> String {
    let label = label.name();
    if critical {
        format!("The metric {name} was classified as {label} (Critical)")
    } else {
        format!("{name} was classified as {label}")
    }
}
