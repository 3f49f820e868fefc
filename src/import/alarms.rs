//! Alarms of CloudWatch, as `aws cloudwatch describe-alarms` prints them: a limit, and M of N periods.

use super::cloudwatch::{self, Cloud};
use super::condition::Op;
use super::controller::Controller;
use super::controller::alarm::{Alarm, Missing};
use super::documents::{Document, at, list, number_at, text, text_at};
use super::draft::Gate;
use super::imported::Imported;
use super::kind::Kind;
use super::measure::{Asked, Bound};
use super::note::Note;
use super::number;
use super::stores::{Store, literal};
use crate::series::SignedDuration;
use crate::text::node::Node;
use crate::text::problem::Problems;
use crate::text::spell::spell;

/// The gate of the alarms of a document.
pub(super) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    for document in documents {
        let mut gate = Gate::new(Kind::Alarms, "alarms");
        let (mut periods, mut alarms) = (Vec::new(), Vec::new());
        for alarm in list(&document.node, &["MetricAlarms"]) {
            let called = text_at(alarm, &["AlarmName"])
                .ok_or_else(|| document.problem(alarm.place, "an alarm has no `AlarmName`"))?;
            match add(&mut gate, document, alarm, called, &mut imported.notes)? {
                Ok(alarm) => {
                    periods.push(alarm.period);
                    alarms.push(alarm);
                }
                Err(why) => {
                    gate.lose(Note::open(document, alarm.place, format!("alarm {called}"), why), &mut imported.notes);
                    alarms.push(unknown(called));
                }
            }
        }
        for alarm in list(&document.node, &["CompositeAlarms"]) {
            let called = text_at(alarm, &["AlarmName"]).unwrap_or("composite");
            let why = "a composite alarm joins others by a rule: davy judges each of them, and all must hold";
            gate.lose(Note::open(document, alarm.place, format!("alarm {called}"), why), &mut imported.notes);
            alarms.push(unknown(called));
        }
        gate.controller = Some(Controller::Alarms(alarms));
        let Some(step) = periods.iter().min().copied() else { continue };
        let most = periods.iter().max().copied().unwrap_or(step);
        gate.window = vec![
            format!("last: {}", spell((most * 12).max(SignedDuration::from_hours(1)))),
            format!("step: {}", spell(step)),
        ];
        imported.gates.push(gate);
    }
    Ok(imported)
}

fn add(
    gate: &mut Gate,
    document: &Document,
    alarm: &Node,
    called: &str,
    notes: &mut Vec<Note>,
) -> Result<Result<Alarm, String>, Problems> {
    let parse = |text: &str| number::number(text).filter(|number| number.fract() == 0.0 && *number >= 1.0);
    let whole = |key: &str| document.read(alarm, &[key], |text| Some(parse(text)? as i64), "a whole number");
    // what must hold is that the alarm does not
    let op = match text_at(alarm, &["ComparisonOperator"]) {
        Some("GreaterThanThreshold") => Op::AtMost,
        Some("GreaterThanOrEqualToThreshold") => Op::Below,
        Some("LessThanThreshold") => Op::AtLeast,
        Some("LessThanOrEqualToThreshold") => Op::Above,
        _ => return Ok(Err("it compares with a band of anomalies, not with a number".into())),
    };
    let Some(threshold) = number_at(alarm, &["Threshold"]) else {
        return Ok(Err("it has no threshold".into()));
    };
    let wanted = whole("EvaluationPeriods")?.unwrap_or(1);
    let broken = whole("DatapointsToAlarm")?.unwrap_or(wanted);
    let period = whole("Period")?.map(SignedDuration::from_secs);
    let cloud = match list(alarm, &["Metrics"]) {
        [] => {
            let stat = text_at(alarm, &["Statistic"]).or_else(|| text_at(alarm, &["ExtendedStatistic"]));
            let Some(keys) = cloudwatch::metric(alarm, stat, &literal) else {
                return Ok(Err("it has no metric".into()));
            };
            Cloud::of(keys)
        }
        queries => match cloudwatch::queries(queries, &literal) {
            Ok(cloud) => cloud,
            Err(why) => return Ok(Err(why)),
        },
    };
    let region =
        text_at(alarm, &["AlarmArn"]).and_then(|arn| arn.split(':').nth(3)).filter(|region| !region.is_empty());
    let source = cloudwatch::source(gate, region);
    let period = period.or(cloud.step).unwrap_or(SignedDuration::from_mins(1));
    let (shown, line, seconds) = (&document.shown, alarm.place.line, period.as_secs());
    let comment = format!("{shown}:{line}: {broken} of {wanted} periods of {seconds} s");
    let asked = Asked::new(called, Store::of(source), comment);
    let bound = Bound { keys: vec![format!("periods: {broken} of {wanted}")], ..Bound::new(op, threshold) };
    let cloud = cloud.every(period);
    let name = cloud.add(gate, &asked, &[bound]);
    cloud.ask_as_written(gate, &name, &asked.store.source);
    left_out(gate, document, (alarm, called), notes);
    let at_least_one = |count: i64| usize::try_from(count).unwrap_or(1).max(1);
    Ok(Ok(Alarm {
        metric: Some(name),
        breach: op.denied(),
        limit: threshold,
        wanted: at_least_one(broken),
        of: at_least_one(wanted),
        period,
        missing: match text_at(alarm, &["TreatMissingData"]) {
            Some("ignore") => Missing::Ignore,
            Some("breaching") => Missing::Breaching,
            Some("notBreaching") => Missing::NotBreaching,
            _ => Missing::Unknown,
        },
        ..unknown(called)
    }))
}

/// An alarm that davy cannot ask.
fn unknown(called: &str) -> Alarm {
    Alarm {
        name: called.to_owned(),
        metric: None,
        breach: Op::Above,
        limit: f64::NAN,
        wanted: 1,
        of: 1,
        period: SignedDuration::from_mins(1),
        missing: Missing::Unknown,
    }
}

/// What an alarm says beside its limit.
fn left_out(gate: &mut Gate, document: &Document, (alarm, called): (&Node, &str), notes: &mut Vec<Note>) {
    let what = format!("alarm {called}");
    let of_math = list(alarm, &["Metrics"]).iter().find_map(|one| at(one, &["MetricStat", "Unit"]));
    if let Some(unit) = at(alarm, &["Unit"]).or(of_math) {
        let shown = text(unit).unwrap_or_default();
        let why = format!("`Unit: {shown}` is left out: davy reads the data of every unit");
        notes.push(Note::told(document, unit.place, what.clone(), why));
    }
    let Some(treated) = at(alarm, &["TreatMissingData"]) else { return };
    match text(treated).unwrap_or_default() {
        "missing" => {}
        "breaching" => {
            let why = "`TreatMissingData: breaching` fails each period without data, and davy judges the other periods";
            gate.lose(Note::open(document, treated.place, what, why), notes);
        }
        other => {
            let why = format!("`TreatMissingData: {other}` is left out: without data davy is inconclusive");
            notes.push(Note::told(document, treated.place, what, why));
        }
    }
}
