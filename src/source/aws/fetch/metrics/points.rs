//! The points of one series, gathered from pages, and whether they are all there and can be what was asked for.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{MessageData, MetricDataResult, StatusCode};

use super::super::fault::first_line;
use super::batch::Wanted;
use crate::series::Timestamp;
use crate::source::Error;
use crate::source::aws::{Measure, PartOf};
use crate::source::error::listed;

/// A published average of zeros and ones times its count is so near a whole number.
const WHOLE: f64 = 1e-3;

/// What has come of a series so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    points: BTreeMap<Timestamp, f64>,
    status: Option<StatusCode>,
    labels: BTreeSet<String>,
    /// How often it is in the page that is being read.
    in_page: usize,
    messages: BTreeSet<String>,
    refused: Option<Error>,
}

/// A series that is all there.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub points: BTreeMap<Timestamp, f64>,
    pub notes: Vec<String>,
}

/// Why a series is not there.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It may be when it is asked for again.
    Passing(Error),
    /// It will not be.
    Lasting(Error),
}

impl Gathered {
    /// Another page begins.
    pub fn turn(&mut self) {
        self.in_page = 0;
    }

    /// What a page has of the series.
    pub fn add(&mut self, result: &MetricDataResult, wanted: &Wanted) {
        self.in_page += 1;
        self.status = result.status_code().cloned();
        self.messages.extend(result.messages().iter().map(words));
        if matches!(wanted.measure, Measure::Expression { .. }) {
            self.labels.extend(result.label().map(str::to_owned));
        }
        if self.refused.is_none() {
            self.refused = self.read(result, wanted).err();
        }
    }

    fn read(&mut self, result: &MetricDataResult, wanted: &Wanted) -> Result<(), Error> {
        if self.labels.len() > 1 || self.in_page > 1 {
            let found = match self.labels.len() > 1 {
                true => format!("several series: {}", listed(self.labels.iter().map(String::as_str))),
                false => "several series of the same name".to_owned(),
            };
            let hint = "Narrow the search to one metric, or add the series up: SUM(SEARCH(…)).";
            return Err(Error::unreadable(format!("found {found}")).expected("one").hint(hint));
        }
        let (times, values) = (result.timestamps(), result.values());
        if times.len() != values.len() {
            let problem = format!("has {} timestamps for {} values", times.len(), values.len());
            return Err(Error::unreadable(problem));
        }
        for (time, value) in times.iter().zip(values) {
            let nanos = i32::try_from(time.subsec_nanos()).unwrap_or(0);
            let time = Timestamp::new(time.secs(), nanos)
                .map_err(|_| Error::unreadable(format!("has a point at the impossible second {}", time.secs())))?;
            self.point(time, *value, wanted)?;
        }
        Ok(())
    }

    fn point(&mut self, time: Timestamp, value: f64, wanted: &Wanted) -> Result<(), Error> {
        let window = wanted.window;
        if !value.is_finite() {
            return Err(Error::unreadable(format!("is not a number at {time}")).value(&value.to_string()));
        }
        if !window.contains(time) {
            let problem = format!("has a point at {time}, where none was asked for");
            return Err(Error::unreadable(problem).expected(format!("{} to {}", window.start, window.end)));
        }
        let since = time.duration_since(window.start);
        if since.subsec_nanos() != 0 || since.as_secs() % i64::from(wanted.period.max(1)) != 0 {
            let problem = format!("has a point at {time}, where no period of {} s begins", wanted.period);
            return Err(Error::unreadable(problem).expected(format!("whole periods from {}", window.start)));
        }
        match self.points.insert(time, value) {
            Some(before) if before != value => {
                Err(Error::unreadable(format!("has two values at {time}: {before} and {value}")))
            }
            _ => Ok(()),
        }
    }

    /// The series, when everything of it has come. The status that came last decides.
    pub fn whole(self) -> Result<Series, Trouble> {
        if let Some(error) = self.refused {
            return Err(Trouble::Lasting(error));
        }
        let said = match self.messages.is_empty() {
            true => String::new(),
            false => format!(" ({})", self.messages.iter().cloned().collect::<Vec<_>>().join("; ")),
        };
        let status = self.status.as_ref().map_or("no status", StatusCode::as_str);
        let answered = format!("GetMetricData answered {status}{said}");
        match self.status {
            Some(StatusCode::Complete) => {
                Ok(Series { points: self.points, notes: self.messages.into_iter().collect() })
            }
            Some(StatusCode::PartialData) => {
                let error = Error::unreachable(format!("{answered}: some of the points are missing"));
                Err(Trouble::Passing(error.hint("Try again later, or ask about a shorter window.")))
            }
            Some(StatusCode::InternalError) => {
                Err(Trouble::Passing(Error::unreachable(answered).hint("The service failed; try again later.")))
            }
            Some(StatusCode::Forbidden) => {
                let hint = "Allow `cloudwatch:GetMetricData` to the user or role that asks; the account of another's metric \
                            has to share it (cross-account observability).";
                Err(Trouble::Lasting(Error::unreachable(answered).hint(hint)))
            }
            _ => Err(Trouble::Lasting(Error::unreadable(answered).expected("Complete"))),
        }
    }
}

/// Nothing at all came of a series.
pub(super) fn nothing(measure: &Measure) -> Error {
    match measure {
        Measure::Statistic(_) => Error::unreadable("is not in the answer of GetMetricData, not even as empty"),
        Measure::Expression { .. } => Error::unreadable("found no metric")
            .hint("Check the names in the expression; `davy discover` lists what there is."),
    }
}

/// A message of the service.
pub(super) fn words(message: &MessageData) -> String {
    match (message.code(), message.value()) {
        (Some(code), Some(value)) => format!("{code}: {}", first_line(value)),
        (one, other) => first_line(one.or(other).unwrap_or_default()),
    }
}

/// Counts from the shares of another count: where both have a point. What is not quite a whole number was published so,
/// rounded.
///
/// # Errors
///
/// Unreadable when an average is not of zeros and ones.
pub(super) fn counted(series: &mut Series, part: &PartOf, total: &BTreeMap<Timestamp, f64>) -> Result<(), Error> {
    let shares = std::mem::take(&mut series.points);
    let mut rounded = false;
    let mut carried = 0.0;
    for (time, share) in shares {
        let Some(of) = total.get(&time) else { continue };
        let count = share * of * part.factor;
        // A percentage of few requests is a part of one: what rounding leaves goes to the next period, so that sums hold.
        let carry = if part.factor == 1.0 { 0.0 } else { carried };
        let whole = (count + carry).round().clamp(0.0, of.max(0.0));
        carried = count + carry - whole;
        let off = (count - count.round()).abs();
        if part.factor == 1.0 && off > WHOLE * count.abs().max(1.0) {
            let problem = format!("times {of} is {count} at {time}, so it is not an average of zeros and ones");
            let hint = "Write `stat: Sum` where the metric counts, or judge it as a gauge.";
            return Err(Error::unreadable(problem).value(&share.to_string()).expected("a whole number").hint(hint));
        }
        rounded |= off > WHOLE;
        series.points.insert(time, whole);
    }
    if rounded {
        series.notes.push(format!("counts are shares of {} rounded to whole numbers", part.total));
    }
    Ok(())
}

#[cfg(test)]
#[path = "points_tests.rs"]
mod tests;
