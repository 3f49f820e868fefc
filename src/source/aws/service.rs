//! What the four questions of CloudWatch say of themselves.

use super::asked::{Alarms, CloudWatch, Column, Insights, LogEvents, Measure};
use super::known;
use crate::series::{Remark, SignedDuration, Timestamp};
use crate::source::ask::{ArmColumn, Ask, Missing};
use crate::source::backend::{Backend, Grid};
use crate::source::brought::Brought;
use crate::text::spell::spell;

/// Points of metrics still change for so long.
const METRICS_SETTLE: SignedDuration = SignedDuration::from_mins(2);
/// Log events arrive and are indexed for so long.
const LOGS_SETTLE: SignedDuration = SignedDuration::from_mins(5);

impl Backend for CloudWatch {
    fn describe(&self) -> String {
        self.access.shown("CloudWatch")
    }

    fn question(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| column.measure.in_full()).collect();
        columns.join("; ")
    }

    fn settle(&self) -> SignedDuration {
        METRICS_SETTLE
    }

    fn finest(&self, since: Timestamp, now: Timestamp) -> Option<SignedDuration> {
        known::finest_kept(since, now)
    }

    fn set_step(&mut self, step: SignedDuration) {
        self.period = step;
    }

    fn clock(&self, _: &Brought) -> String {
        format!("periods of {}", spell(self.period))
    }

    /// Counters of one's own that were taken for zero throughout: so is one whose name is wrong.
    fn doubts(&self, ask: &Ask, brought: &Brought) -> Option<Vec<(String, String)>> {
        let Some(sheet) = brought.sheet().filter(|sheet| sheet.rows() > 0) else { return Some(Vec::new()) };
        if ask.missing() != Missing::Zero {
            return Some(Vec::new());
        }
        let dimensions = |column: &Column| match &column.measure {
            Measure::Statistic(of) => Some(of.dimensions.clone()),
            Measure::Expression { .. } => None,
        };
        // those of AWS's own beside a whole of the same dimensions are known to be silent when there is nothing to count
        let alike = self.columns.windows(2).all(|pair| dimensions(&pair[0]) == dimensions(&pair[1]));
        let own = |column: &&Column| match &column.measure {
            Measure::Statistic(of) => !alike || !known::is_sparse(&of.namespace, &of.metric),
            Measure::Expression { .. } => true,
        };
        let counted = self.columns.iter().filter(|column| ask.names().any(|name| name == column.name));
        let silent = counted.filter(own).filter(|column| !sheet.has_any(&column.name));
        Some(silent.map(|column| (column.name.clone(), column.measure.in_full())).collect())
    }

    fn remarks(&self, ask: &Ask) -> Vec<Remark> {
        let zeros = (ask.missing() == Missing::Zero)
            .then(|| Remark::detail("a period without a point is a zero where there could have been one"));
        self.note.clone().map(Remark::detail).into_iter().chain(zeros).collect()
    }

    /// The commonest reason is a set of dimensions by which nothing is published.
    fn advise_when_empty(&self) -> Option<String> {
        let namespace = self.columns.iter().find_map(|column| match &column.measure {
            Measure::Statistic(of) => Some(of.namespace.as_str()),
            Measure::Expression { inputs, .. } => inputs.first().map(|(_, of)| of.namespace.as_str()),
        });
        let namespace = namespace.unwrap_or("NAMESPACE");
        Some(format!(
            "`davy discover cloudwatch --namespace {namespace}` lists what is published, and by which dimensions"
        ))
    }
}

impl Backend for Alarms {
    fn describe(&self) -> String {
        self.access.shown("CloudWatch alarms")
    }

    fn question(&self) -> String {
        let prefix = self.prefix.iter().map(|prefix| format!("{prefix}*"));
        self.names.iter().cloned().chain(prefix).collect::<Vec<_>>().join(", ")
    }

    fn settle(&self) -> SignedDuration {
        METRICS_SETTLE
    }

    fn set_step(&mut self, step: SignedDuration) {
        self.step = step;
    }

    fn clock(&self, _: &Brought) -> String {
        "history".to_owned()
    }
}

impl Backend for Insights {
    fn describe(&self) -> String {
        format!("{} ({})", self.access.shown("Logs Insights"), self.groups.join(", "))
    }

    fn question(&self) -> String {
        self.query.clone()
    }

    fn settle(&self) -> SignedDuration {
        LOGS_SETTLE
    }

    fn grid(&self) -> Grid {
        Grid::Own(known::bins(&self.query).max())
    }

    fn set_step(&mut self, _: SignedDuration) {}

    fn arm(&self) -> Option<&ArmColumn> {
        self.arm.as_ref()
    }
}

impl Backend for LogEvents {
    fn describe(&self) -> String {
        format!("{} ({})", self.access.shown("log events"), self.groups.join(", "))
    }

    fn question(&self) -> String {
        let patterns: Vec<String> = self.columns.iter().map(|(_, pattern)| format!("{pattern:?}")).collect();
        patterns.join(", ")
    }

    fn settle(&self) -> SignedDuration {
        LOGS_SETTLE
    }

    fn set_step(&mut self, step: SignedDuration) {
        self.step = step;
    }
}
