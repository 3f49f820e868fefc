//! Kayenta's rule as meant: its metrics found among the gauges of the configuration, its defaults filled in.

use super::plan::{Input, Kayenta};
use super::written::file::File;
use super::written::kayenta::{EffectEntry, Gaps, Judge, KayentaEntry, KayentaMetricEntry};
use crate::aca::{Direction, EffectSize, Measure, Metric, Nan, Rule, Thresholds};
use crate::judge::rules::{self, Kind};
use crate::series::MetricName;
use crate::text::problem::{At, Report, suggestion};

/// The rule, if the file has one.
pub(super) fn meant(
    file: &File,
    known: &[(MetricName, Option<rules::Metric>)],
    report: &mut Report,
) -> Option<Kayenta> {
    let judge = file.judge.as_ref().filter(|judge| judge.value.0 == Judge::NetflixAca);
    let Some(written) = &file.kayenta else {
        if let Some(judge) = judge {
            let hint = "write `kayenta: { pass: 75, marginal: 50, metrics: […] }`, or let `davy import` write it";
            report.add_with(judge.place, "the judge `netflix-aca` has nothing to judge by", hint);
        }
        return None;
    };
    check_names(written, report);
    let inputs = written.metrics.iter().filter_map(|entry| input(entry, known, report)).collect();
    let metrics = written.metrics.iter().map(|entry| metric(entry, report)).collect();
    let weights = written.groups.iter().map(|group| (group.name.value.clone(), group.weight.value)).collect();
    let thresholds = Thresholds { pass: written.pass.value, marginal: written.marginal.value };
    if thresholds.marginal > thresholds.pass {
        let hint = "write the lower score as `marginal`";
        report.add_with(written.marginal.place, "`marginal` is above `pass`", hint);
    }
    Some(Kayenta { rule: Rule { metrics, weights, thresholds }, inputs, decides: judge.is_some() })
}

/// Two metrics of one name cannot be told apart.
fn check_names(written: &KayentaEntry, report: &mut Report) {
    let names: Vec<&At<String>> =
        written.metrics.iter().map(|entry| entry.name.as_ref().unwrap_or(&entry.metric)).collect();
    for (at, name) in names.iter().enumerate() {
        if names[..at].iter().any(|other| other.value == name.value) {
            let message = format!("`kayenta` has more than one metric `{}`", name.value);
            report.add_with(name.place, message, "give each a `name` of its own");
        }
    }
}

fn input(
    entry: &KayentaMetricEntry,
    known: &[(MetricName, Option<rules::Metric>)],
    report: &mut Report,
) -> Option<Input> {
    let name = &entry.metric;
    let Some((_, metric)) = known.iter().find(|(known, _)| *known == name.value) else {
        let names = known.iter().map(|(known, _)| known.as_str());
        let hint = suggestion(&name.value, names).unwrap_or("write it under `metrics`".into());
        report.add_with(name.place, format!("there is no metric `{}`", name.value), hint);
        return None;
    };
    if metric.as_ref().is_some_and(|metric| !matches!(metric.kind, Kind::Gauge { .. })) {
        let hint = "name a `gauge`, or leave the metric to davy's criteria";
        let message = format!("Kayenta's rule takes one number per step, and `{}` has counts", name.value);
        report.add_with(name.place, message, hint);
    }
    let drops_gaps = entry.gaps.as_ref().is_some_and(|gaps| gaps.value.0 == Gaps::Drop);
    Some(Input { metric: name.value.clone(), drops_gaps })
}

fn metric(entry: &KayentaMetricEntry, report: &mut Report) -> Metric {
    let is = |flag: &Option<At<bool>>| flag.as_ref().is_some_and(|flag| flag.value);
    if let Some(factor) = entry.outliers.as_ref().filter(|factor| factor.value <= 0.0) {
        let message = format!("outliers beyond {} interquartile ranges are all points", factor.value);
        report.add_with(factor.place, message, "write a number above 0, such as 3");
    }
    Metric {
        groups: entry.groups.iter().map(|group| group.value.clone()).collect(),
        direction: entry.direction.as_ref().map_or(Direction::Either, |choice| choice.value.0),
        nan: entry.nan.as_ref().map_or(Nan::Remove, |choice| choice.value.0),
        critical: is(&entry.critical),
        must_have_data: is(&entry.must_have_data),
        muted: is(&entry.muted),
        outliers: entry.outliers.as_ref().map(|factor| factor.value),
        effect: effect(entry.effect.as_ref()),
        ..Metric::new(&entry.name.as_ref().unwrap_or(&entry.metric).value)
    }
}

fn effect(entry: Option<&EffectEntry>) -> EffectSize {
    let measure = entry.and_then(|entry| entry.measure.as_ref());
    let none = EffectSize::of(measure.map_or(Measure::MeanRatio, |measure| measure.value.0));
    let Some(entry) = entry else { return none };
    let or = |written: &Option<At<f64>>, default: f64| written.as_ref().map_or(default, |number| number.value);
    EffectSize {
        measure: none.measure,
        allowed_increase: or(&entry.allowed_increase, none.allowed_increase),
        allowed_decrease: or(&entry.allowed_decrease, none.allowed_decrease),
        critical_increase: or(&entry.critical_increase, none.critical_increase),
        critical_decrease: or(&entry.critical_decrease, none.critical_decrease),
    }
}
