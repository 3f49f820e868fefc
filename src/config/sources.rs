//! From sources and columns as written to complete queries: labels substituted, paths joined, nothing asked yet.

use std::path::Path;

use super::file::{FileEntry, MetricEntry, RateEntry, SourceEntry};
use super::problem::{At, Report, suggestion};
use super::scalar::{Choice, Named, UnitText};
use super::substitute::{names, substitute};
use crate::series::{Arm, Pair};
use crate::source::{ArmColumn, Ask, File, Format, Long, Missing, Query, Source};

/// The names that mean something in every source.
pub(super) const BUILT_IN: [&str; 2] = ["arm", "metric"];

/// What the texts of one query are substituted with.
pub(super) struct Values<'a> {
    pub(super) arm: Arm,
    pub(super) metric: &'a str,
    pub(super) labels: &'a Pair<Vec<(String, String)>>,
}

impl Values<'_> {
    fn of(&self, name: &str) -> Option<String> {
        match name {
            "arm" => Some(self.arm.name().to_owned()),
            "metric" => Some(self.metric.to_owned()),
            _ => self.labels.get(self.arm).iter().find(|(label, _)| label == name).map(|(_, value)| value.clone()),
        }
    }

    fn fill(&self, text: &At<String>, report: &mut Report) -> String {
        let own = self.labels.get(self.arm).iter().map(|(label, _)| label.as_str());
        let known: Vec<&str> = own.chain(BUILT_IN).collect();
        substitute(&text.value, &known, |name| self.of(name)).unwrap_or_else(|mut complaint| {
            let of_other = Values { arm: other(self.arm), ..*self };
            let one_sided = substitute(&text.value, &known, |name| of_other.of(name)).is_ok();
            if one_sided {
                complaint.message = format!("{} for the {}", complaint.message, self.arm.name());
            }
            report.complain_of(text, complaint);
            String::new()
        })
    }

    fn maybe(&self, text: Option<&At<String>>, report: &mut Report) -> Option<String> {
        text.map(|text| self.fill(text, report))
    }
}

fn other(arm: Arm) -> Arm {
    match arm {
        Arm::Baseline => Arm::Canary,
        Arm::Canary => Arm::Baseline,
    }
}

/// The query of one metric in one arm.
pub(super) fn query(
    metric: (&At<String>, &MetricEntry),
    sources: &Named<SourceEntry>,
    values: &Values,
    folder: &Path,
    report: &mut Report,
) -> Option<Query> {
    let source = source_of(metric, sources, report)?;
    let file = source.file.as_ref()?;
    let source = Source::File(read_file(file, values, folder, report));
    let ask = ask(metric.1, values, report)?;
    Some(Query { metric: metric.0.value.clone(), arm: values.arm, source, ask, compared: true, required: true })
}

fn source_of<'s>(
    (name, metric): (&At<String>, &MetricEntry),
    sources: &'s Named<SourceEntry>,
    report: &mut Report,
) -> Option<&'s SourceEntry> {
    match (&metric.source, sources.0.as_slice()) {
        (Some(source), _) => {
            let found = sources.get(&source.value);
            if found.is_none() {
                let hint = suggestion(&source.value, sources.names()).unwrap_or_default();
                report.add_with(source.place, format!("there is no source `{}`", source.value), hint);
            }
            found
        }
        (None, [(_, only)]) => Some(only),
        (None, []) => None,
        (None, several) => {
            let hint = format!("write `source: {}`, or another one", several[0].0.value);
            report.add_with(name.place, format!("`{}` does not say which source it is read from", name.value), hint);
            None
        }
    }
}

fn read_file(file: &FileEntry, values: &Values, folder: &Path, report: &mut Report) -> File {
    let shown = values.fill(&file.path, report);
    let zone = values.maybe(file.zone.as_ref(), report);
    if let (Some(zone), Some(written)) = (&zone, &file.zone)
        && jiff::tz::TimeZone::get(zone).is_err()
    {
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
        let near = super::problem::nearest(zone, known.iter().map(String::as_str));
        let hint =
            near.map_or("write an IANA name: `Europe/Berlin`".to_owned(), |name| format!("did you mean `{name}`?"));
        report.add_with(written.place, format!("`{zone}` is not a time zone"), hint);
    }
    let arm = file.arm.as_ref().map(|arm| {
        if arm.baseline.value == arm.canary.value {
            report.add(arm.canary.place, format!("`{}` cannot mean both arms", arm.canary.value));
        }
        let value = if values.arm == Arm::Baseline { &arm.baseline } else { &arm.canary };
        ArmColumn { column: values.fill(&arm.column, report), value: values.fill(value, report) }
    });
    let long = file
        .long
        .as_ref()
        .map(|long| Long { name: values.fill(&long.name, report), value: values.fill(&long.value, report) });
    File {
        path: folder.join(&shown),
        shown,
        format: file.format.as_ref().map_or(Format::Auto, |format| format.value.0),
        time: values.maybe(file.time.as_ref(), report),
        zone,
        arm,
        long,
    }
}

fn ask(metric: &MetricEntry, values: &Values, report: &mut Report) -> Option<Ask> {
    if let Some(rate) = &metric.rate {
        return Some(Ask::Counts {
            total: values.maybe(rate.total.as_ref(), report),
            bad: values.maybe(rate.bad.as_ref().or(rate.part.as_ref()), report),
            good: values.maybe(rate.good.as_ref(), report),
            missing: gap(rate.missing.as_ref()),
            instance: values.maybe(rate.instance.as_ref(), report),
        });
    }
    if let Some(events) = &metric.events {
        return Some(Ask::Events {
            count: values.fill(&events.count, report),
            exposure: values.maybe(events.exposure.as_ref(), report),
            missing: gap(events.missing.as_ref()),
        });
    }
    if let Some(gauge) = &metric.gauge {
        return Some(Ask::Gauge {
            value: values.fill(&gauge.value, report),
            factor: gauge.unit.as_ref().map_or(1.0, |unit| unit.value.factor),
            requests: values.maybe(gauge.requests.as_ref(), report),
        });
    }
    let shape = metric.values.as_ref()?;
    let factor = shape.unit.as_ref().map_or(UnitText::none().factor, |unit| unit.value.factor);
    Some(Ask::Values { value: values.fill(&shape.value, report), factor })
}

fn gap(missing: Option<&At<Choice<Missing>>>) -> Missing {
    missing.map_or(Missing::Gap, |missing| missing.value.0)
}

/// Every name that any source or column refers to.
pub(super) fn referenced<'f>(sources: &'f Named<SourceEntry>, metrics: &'f Named<MetricEntry>) -> Vec<&'f str> {
    let files = sources.0.iter().filter_map(|(_, source)| source.file.as_ref()).flat_map(|file| {
        let arm = file.arm.iter().flat_map(|arm| [&arm.column, &arm.baseline, &arm.canary]);
        let long = file.long.iter().flat_map(|long| [&long.name, &long.value]);
        [&file.path].into_iter().chain(&file.time).chain(&file.zone).chain(arm).chain(long)
    });
    let columns = metrics.0.iter().flat_map(|(_, metric)| {
        let rate = metric.rate.iter().flat_map(|rate| {
            let RateEntry { bad, good, part, total, instance, .. } = rate;
            [bad, good, part, total, instance]
        });
        let events = metric.events.iter().flat_map(|events| events.exposure.iter().chain([&events.count]));
        let gauge = metric.gauge.iter().flat_map(|gauge| gauge.requests.iter().chain([&gauge.value]));
        let values = metric.values.iter().map(|values| &values.value);
        rate.flatten().chain(events).chain(gauge).chain(values)
    });
    files.chain(columns).flat_map(|text| names(&text.value)).collect()
}
