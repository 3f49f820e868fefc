//! What Kayenta's rule says of the data that davy judged, as the answer that stands beside davy's.
//!
//! The rule takes plain numbers, one per step, and lets much pass that was not measured. So whatever is missing is said here.

use crate::aca::{self, Class, Finding, Judgement, Label, Sample};
use crate::config::plan::{Input, Kayenta};
use crate::judge::rules::{NotJudged, Rules};
use crate::report::document::{AsWritten, Decider, Number, Outcome, Severity, WrittenMetric};
use crate::series::{Arm, Dataset, Gravity, Series, SignedDuration, Window};

/// Whose answer it is.
const BY: &str = "Kayenta's rule";

/// The pairs of series as the rule takes them.
pub(super) fn samples(kayenta: &Kayenta, dataset: &Dataset) -> Vec<Sample> {
    let sample = |(metric, input): (&aca::Metric, &Input)| {
        let side = |arm: Arm| {
            let (window, step) = (*dataset.windows.get(arm), dataset.step_of(&input.metric));
            let series = dataset.metrics.get(&input.metric).map(|pair| pair.get(arm));
            numbers(series, window, step, input.drops_gaps)
        };
        let (control, experiment) = (side(Arm::Baseline), side(Arm::Canary));
        Sample { name: metric.name.clone(), id: metric.name.clone(), tags: Vec::new(), control, experiment }
    };
    kayenta.rule.metrics.iter().zip(&kayenta.inputs).map(sample).collect()
}

/// One number per whole step of the window, not a number where none was measured.
pub(super) fn numbers(series: Option<&Series>, window: Window, step: SignedDuration, drops_gaps: bool) -> Vec<f64> {
    let (length, step) = (window.duration().as_millis(), step.as_millis().max(1));
    let mut steps = vec![f64::NAN; usize::try_from(length / step).unwrap_or(0)];
    if let Some(Series::Gauge { time, value, .. }) = series {
        for (time, value) in time.iter().zip(value) {
            let at = time.duration_since(window.start).as_millis().div_euclid(step);
            if let Some(place) = usize::try_from(at).ok().and_then(|at| steps.get_mut(at)) {
                *place = *value;
            }
        }
    }
    // of a source that leaves gaps out, only a series that is missing as a whole is seen
    if drops_gaps && steps.iter().any(|number| !number.is_nan()) {
        steps.retain(|number| !number.is_nan());
    }
    steps
}

/// The rule's answer on a dataset. What the rule was never told of limits it, as it limits davy's.
pub(super) fn kayenta(kayenta: &Kayenta, rules: &Rules, dataset: &Dataset) -> Result<AsWritten, aca::Refusal> {
    let samples = samples(kayenta, dataset);
    let answer = answer(kayenta, &aca::judge(&kayenta.rule, &samples)?, dataset);
    Ok(limited(answer, &rules.not_judged))
}

fn limited(mut answer: AsWritten, not_judged: &[NotJudged]) -> AsWritten {
    let open: Vec<&NotJudged> = not_judged.iter().filter(|one| one.gravity == Gravity::Incomplete).collect();
    let untold = |one: &&NotJudged| format!("{BY} knows nothing of {}: {}", one.what, one.why);
    answer.notes.extend(open.iter().map(untold));
    if !open.is_empty() && answer.outcome < Outcome::Inconclusive {
        answer.outcome = Outcome::Inconclusive;
        answer.sentence += ", of what it knows";
    }
    answer
}

fn answer(kayenta: &Kayenta, judgement: &Judgement, dataset: &Dataset) -> AsWritten {
    let metrics = judgement.findings.iter().zip(&kayenta.inputs).map(|(finding, input)| WrittenMetric {
        name: finding.name.clone(),
        metric: (finding.name != input.metric).then(|| input.metric.clone()),
        label: label(finding),
        outcome: Some(match finding.label {
            Label::Pass => Outcome::Pass,
            Label::Nodata | Label::Error => Outcome::Inconclusive,
            Label::High | Label::Low | Label::NodataFailMetric => Outcome::Fail,
        }),
        severity: Some(match (finding.muted, finding.critical) {
            (true, _) => Severity::Muted,
            (false, true) => Severity::Critical,
            (false, false) => Severity::Normal,
        }),
        reason: finding.reason.clone(),
        value: None,
    });
    AsWritten {
        by: format!("{BY} ({})", aca::NAME),
        decides: if kayenta.decides { Decider::AsWritten } else { Decider::Davy },
        outcome: match judgement.class {
            Class::Pass => Outcome::Pass,
            Class::Marginal => Outcome::Inconclusive,
            Class::Fail => Outcome::Fail,
        },
        score: Number::new(judgement.score),
        sentence: sentence(judgement),
        davy: None,
        metrics: metrics.collect(),
        notes: notes(kayenta, judgement, dataset),
    }
}

fn sentence(judgement: &Judgement) -> String {
    let reason = judgement.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{}, {}{reason}", judgement.class.name(), judgement.score)
}

/// The label with the ratio of means that Kayenta shows.
fn label(finding: &Finding) -> String {
    let muted = if finding.muted { ", muted" } else { "" };
    match finding.ratio.filter(|ratio| ratio.is_finite() && matches!(finding.label, Label::High | Label::Low)) {
        Some(ratio) => format!("{} ({:+.1} %{muted})", finding.label.name(), (ratio - 1.0) * 100.0),
        None if finding.muted => format!("{} (muted)", finding.label.name()),
        None => finding.label.name().to_owned(),
    }
}

/// What the rule takes lightly: missing data, methods that failed, groups that count for nothing.
fn notes(kayenta: &Kayenta, judgement: &Judgement, dataset: &Dataset) -> Vec<String> {
    let mut notes = Vec::new();
    for (finding, input) in judgement.findings.iter().zip(&kayenta.inputs) {
        let (name, label) = (&finding.name, finding.label.name());
        for (arm, side) in [(Arm::Baseline, &finding.control), (Arm::Canary, &finding.experiment)] {
            let window = dataset.windows.get(arm);
            let all = window.steps(dataset.step_of(&input.metric));
            let series = dataset.metrics.get(&input.metric).map(|pair| pair.get(arm));
            let measured = match series {
                Some(Series::Gauge { time, .. }) => window.of(time).len().min(all),
                _ => 0,
            };
            if measured < all {
                let arm = arm.name();
                notes.push(format!(
                    "{BY} says {label} of {name:?}, but {} of {all} steps of the {arm} have no number",
                    all - measured
                ));
            } else if side.count < measured && finding.label != Label::Nodata {
                let arm = arm.name();
                notes.push(format!(
                    "{BY} drops {} of {measured} points of {name:?} in the {arm} as outliers",
                    measured - side.count
                ));
            }
        }
        if finding.label == Label::Error {
            notes.push(format!("{BY} cannot compare {name:?}, and counts it as no data"));
        }
    }
    for group in judgement.groups.iter().filter(|group| group.is_empty) {
        notes.push(format!("{BY} gives the group {:?} all its points, though nothing in it was compared", group.name));
    }
    notes
}
