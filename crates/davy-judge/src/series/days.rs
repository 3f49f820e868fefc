//! Several earlier windows of one system: the same hours of the days before.
//!
//! The dataset's own baseline is one of them, for everything that compares two windows. All of them stand here, as one series
//! of each metric that the windows cut: those of the earlier days, the time before each, and the time before the canary's.

use super::{Dataset, Days, EVERY, Instances, Series, SignedDuration, Timestamp, Window};

impl Dataset {
    /// The dataset whose baseline reaches over several earlier `windows` and is cut into them. Of the rest, what lies in any of
    /// the `stretches` is kept. The baseline's own window is the latest in which anything was measured.
    pub fn with_days(mut self, windows: Vec<Window>, before: Option<SignedDuration>, stretches: &[Window]) -> Dataset {
        let kept = |series: &Series| series.within_any(stretches);
        let metrics = self.metrics.iter().map(|(name, pair)| (name.clone(), kept(&pair.baseline))).collect();
        let days = Days { windows, before, metrics };
        let is_measured = |window: &&Window| days.metrics.values().any(|series| !series.within(window).is_empty());
        let latest = days.windows.iter().find(is_measured).or(days.windows.first());
        if let Some(own) = latest.copied() {
            self.windows.baseline = own;
            for (name, pair) in &mut self.metrics {
                pair.baseline = pair.baseline.within(&own);
                if let Some(instances) = self.instances.get_mut(name) {
                    instances.baseline = together(&pair.baseline);
                }
            }
        }
        self.days = Some(days);
        self
    }

    /// The same with all earlier windows in the baseline again, as it was read.
    pub fn with_days_together(&self) -> Option<Dataset> {
        let days = self.days.as_ref()?;
        let mut whole = Dataset { days: None, ..self.clone() };
        for (name, pair) in &mut whole.metrics {
            if let Some(series) = days.metrics.get(name) {
                pair.baseline = series.clone();
            }
            if let Some(instances) = whole.instances.get_mut(name) {
                instances.baseline = together(&pair.baseline);
            }
        }
        Some(whole)
    }
}

/// An arm whose instances are not kept apart.
fn together(series: &Series) -> Instances {
    let one = (!series.is_empty()).then(|| (EVERY.to_owned(), series.clone()));
    one.into_iter().collect()
}

impl Series {
    /// The points inside any of some windows, each once.
    pub fn within_any(&self, windows: &[Window]) -> Series {
        let mut windows = windows.to_vec();
        windows.sort_by_key(|window| window.start);
        let mut all = self.within(&Window { start: Timestamp::MIN, end: Timestamp::MIN });
        let mut done = Timestamp::MIN;
        for window in windows {
            let rest = Window { start: window.start.max(done), end: window.end.max(done) };
            all.append(self.within(&rest));
            done = done.max(window.end);
        }
        all
    }

    /// Adds later points of the same shape. Points of another shape are left out.
    pub fn append(&mut self, later: Series) {
        match (self, later) {
            (Series::Counts { time, total, bad }, Series::Counts { time: t, total: n, bad: b }) => {
                time.extend(t);
                total.extend(n);
                bad.extend(b);
            }
            (Series::Events { time, count, exposure }, Series::Events { time: t, count: n, exposure: e }) => {
                match (exposure.as_mut(), e) {
                    (Some(own), Some(e)) => own.extend(e),
                    (None, e) if time.is_empty() => *exposure = e,
                    (None, None) => {}
                    (Some(_), None) if t.is_empty() => {}
                    // an exposure that is known in part is not known
                    (_, _) => *exposure = None,
                }
                time.extend(t);
                count.extend(n);
            }
            (Series::Values { time, value }, Series::Values { time: t, value: v }) => {
                time.extend(t);
                value.extend(v);
            }
            (Series::Buckets { time, bins, scale }, Series::Buckets { time: t, bins: b, scale: s }) => {
                if time.is_empty() {
                    *scale = s;
                }
                if *scale == s {
                    time.extend(t);
                    bins.extend(b);
                }
            }
            (Series::Gauge { time, value, requests }, Series::Gauge { time: t, value: v, requests: r }) => {
                match (requests.as_mut(), r) {
                    (Some(own), Some(r)) => own.extend(r),
                    (None, r) if time.is_empty() => *requests = r,
                    (None, None) => {}
                    (Some(_), None) if t.is_empty() => {}
                    (_, _) => *requests = None,
                }
                time.extend(t);
                value.extend(v);
            }
            _ => {}
        }
    }
}
