//! What no formula foresees is tried: the judge itself, on windows of the history, healthy and worsened.
//!
//! Trends, steps beyond a limit, quantiles of several kinds and histograms. A window is judged at its end, with the levels of the
//! last look, beside all criteria of the rules, so that each keeps its own part of the false alarms. Worse is the metric of the
//! criterion alone. A length answers if 80 % of its windows do.

use super::outlook::{Outlook, Tried};
use crate::history::chance::Chance;
use crate::history::{History, Setting, inject};
use crate::judge::rules::{Bound, Criterion, Kind, Limit, Looks, Metric, Rules, Side, Statistic};
use crate::judge::verdict::{EffectKind, Outcome, Reason};
use crate::judge::words::duration;
use crate::judge::{judge, outcomes};
use crate::series::{Dataset, SignedDuration};

/// The share of the windows that must answer.
const POWER: f64 = 0.8;
/// How many windows of a length are tried.
const WINDOWS: usize = 20;
/// A length is tried if the history has room for so many windows of it, one behind the other.
const LEAST_ROOM: i128 = 3;
/// The lengths that are tried, in eighths of the soak.
const LENGTHS: [i32; 13] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96];
/// A worsening beyond so many margins is not looked for.
const MOST_MARGINS: f64 = 32.0;
/// How often the range of the smallest worsening is halved.
const HALVINGS: usize = 4;

/// Windows of one length, and the rules for them.
struct Round {
    length: SignedDuration,
    rules: Rules,
    pairs: Vec<Dataset>,
}

/// A criterion with what is done to its metric.
struct Trial<'a> {
    at: usize,
    criterion: &'a Criterion,
    metric: &'a Metric,
    /// What a worsening is measured by.
    bound: &'a Bound,
}

/// What is tried, and on what.
pub(super) struct Trials<'a> {
    pub(super) rules: &'a Rules,
    pub(super) history: &'a History,
    pub(super) setting: Setting,
}

impl Trials<'_> {
    /// The usual level and the outlook of a criterion.
    pub(super) fn outlook(
        &self,
        at: usize,
        criterion: &Criterion,
        metric: &Metric,
    ) -> Result<(Option<f64>, Outlook), String> {
        let target = criterion.target().ok_or("the criterion has no bound")?;
        let bound = criterion.fail.as_ref().unwrap_or(target);
        let rounds: Vec<Round> = LENGTHS.iter().filter_map(|eighths| self.round(criterion, *eighths)).collect();
        let Some(longest) = rounds.last() else {
            return Err(format!(
                "the judge is tried on windows of the history, and the history has no room for {LEAST_ROOM} of {}: give {}",
                duration(self.setting.length / 8),
                self.longer().map_or("a longer one".to_owned(), |least| format!("one of {} and more", duration(least)))
            ));
        };
        let trial = Trial { at, criterion, metric, bound };
        let past = self.history.usual(&criterion.metric);
        let seconds = self.history.step().as_secs_f64();
        let usual = past.and_then(|past| inject::usual(&[past], metric, criterion.statistic, seconds));
        let has_margin = longest.pairs.first().is_some_and(|pair| trial.worsened(pair, 2.0, 0).is_some());
        let asks_for_none =
            matches!(bound.limit, Limit::Margin { relative: None | Some(0.0), absolute: None | Some(0.0) });
        let is_beyond = usual.is_some() && matches!(bound.limit, Limit::Threshold(_));
        if !has_margin && !asks_for_none && !is_beyond {
            return Err(
                "the history has nothing that could get worse by a margin: no traffic, or a level of zero".into()
            );
        }
        let after = |margins: f64, wanted: Outcome| {
            rounds.iter().find(|round| trial.answers(round, margins, wanted)).map(|round| round.length)
        };
        let soak = rounds.iter().find(|round| round.length == self.setting.length).filter(|_| has_margin);
        let smallest = soak.and_then(|round| smallest(|margins| trial.answers(round, margins, Outcome::Fail)));
        let scale = Scale::of(criterion, bound, usual);
        let pass = inject::wanted(target, criterion);
        let broken = match (pass.limit, usual, pass.side) {
            (Limit::Threshold(limit), Some(usual), Side::AtMost) => usual > limit,
            (Limit::Threshold(limit), Some(usual), Side::AtLeast) => usual < limit,
            _ => false,
        };
        let passes_after = after(0.0, Outcome::Pass);
        let outlook = Outlook {
            passes_after,
            fails_after: if has_margin { after(2.0, Outcome::Fail) } else { None },
            twice: has_margin.then(|| scale.level(2.0)),
            detectable: smallest.map(|margins| scale.level(margins)),
            kind: scale.kind,
            against: scale.usual,
            requests: None,
            events: None,
            phi: None,
            passable: None,
            threshold: None,
            broken_already: broken,
            has_margin,
            tried: Some(Tried {
                windows: longest.pairs.len(),
                longest: longest.length,
                reason: if passes_after.is_none() { trial.reason(longest) } else { None },
            }),
        };
        Ok((usual, outlook))
    }

    /// How long the history has to be, where each window has earlier days before it.
    fn longer(&self) -> Option<SignedDuration> {
        let length = self.history.whole_steps(self.setting.length / 8);
        let short = self.history.layout(Setting { length, ..self.setting }, Some(WINDOWS)).err();
        let more = SignedDuration::from_millis(i64::try_from((LEAST_ROOM - 1) * length.as_millis()).ok()?);
        short.filter(|_| self.history.has_days()).map(|short| short.needed.saturating_add(more))
    }

    /// Windows of so many eighths of the soak, if the history has room for them.
    fn round(&self, criterion: &Criterion, eighths: i32) -> Option<Round> {
        let length = self.history.whole_steps(self.setting.length.checked_mul(eighths)? / 8);
        let setting = Setting { length, ..self.setting };
        let layout = self.history.layout(setting, Some(WINDOWS)).ok()?;
        let (first, last) = (layout.starts.first()?, layout.starts.last()?);
        let room = last.duration_since(*first).as_millis() / length.as_millis().max(1) + 1;
        if room < LEAST_ROOM {
            return None;
        }
        let mut rules = self.rules.clone();
        if let Looks::Planned { soak, .. } = &mut rules.looks {
            *soak = length;
        }
        let pair = |number: usize| {
            let mut data = self.history.pair(&layout, number);
            // of the others only the traffic counts
            let counts = |name: &str| rules.metrics.get(name).is_some_and(|metric| metric.kind == Kind::BadShare);
            data.metrics.retain(|name, _| *name == criterion.metric || counts(name));
            data
        };
        let pairs = (0..layout.starts.len()).map(pair).collect();
        Some(Round { length, rules, pairs })
    }
}

impl Trial<'_> {
    /// Whether so large a share of the windows gets the answer, with a canary that is worse by so many margins.
    fn answers(&self, round: &Round, margins: f64, wanted: Outcome) -> bool {
        let all = round.pairs.len();
        // so many other answers are enough to know
        let spared = all - (POWER * all as f64).ceil() as usize;
        let mut others = 0;
        for (number, pair) in round.pairs.iter().enumerate() {
            let worse = if margins == 0.0 { None } else { self.worsened(pair, margins, number as u64) };
            let found = outcomes(&round.rules, worse.as_ref().unwrap_or(pair));
            let outcome = found.criteria.get(self.at).map(|(_, outcome)| *outcome);
            others += usize::from(outcome != Some(wanted) || worse.is_none() && margins > 0.0);
            if others > spared {
                return false;
            }
        }
        all > 0
    }

    /// Why healthy windows did not pass: the reason that most of them have.
    fn reason(&self, round: &Round) -> Option<Reason> {
        let mut reasons: Vec<(Reason, usize)> = Vec::new();
        for pair in &round.pairs {
            let found = judge(&round.rules, pair);
            let Some(finding) = found.findings.iter().find(|one| one.criterion == self.criterion.name) else {
                continue;
            };
            if finding.outcome == Outcome::Pass {
                continue;
            }
            match reasons.iter_mut().find(|(reason, _)| *reason == finding.reason) {
                Some((_, number)) => *number += 1,
                None => reasons.push((finding.reason, 1)),
            }
        }
        reasons.into_iter().max_by_key(|(_, number)| *number).map(|(reason, _)| reason)
    }

    fn worsened(&self, pair: &Dataset, margins: f64, number: u64) -> Option<Dataset> {
        let series = pair.metrics.get(&self.criterion.metric)?;
        let mut chance = Chance::new(number ^ 0x91a2 << 32, &self.criterion.name);
        let seconds = pair.step.as_secs_f64();
        let worse = inject::worsen(series, self.metric, self.criterion, self.bound, margins, seconds, &mut chance)?;
        let mut pair = pair.clone();
        pair.metrics.insert(self.criterion.metric.clone(), worse);
        Some(pair)
    }
}

/// The smallest number of margins that is found.
fn smallest(found: impl Fn(f64) -> bool) -> Option<f64> {
    let mut high = 1.0;
    while !found(high) {
        high *= 2.0;
        if high > MOST_MARGINS {
            return None;
        }
    }
    let mut low = if high > 1.0 { high / 2.0 } else { 0.0 };
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        if found(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// On what a worsening is told: as a level, or against the usual one.
struct Scale {
    kind: EffectKind,
    usual: f64,
    limit: f64,
}

impl Scale {
    fn of(criterion: &Criterion, bound: &Bound, usual: Option<f64>) -> Scale {
        // a slope beside the baseline, and a factor of every quantile, have no usual level of their own
        let own = usual.filter(|_| !matches!(criterion.statistic, Statistic::Trend { .. }));
        let bound = inject::wanted(bound, criterion);
        match (bound.limit, own) {
            (Limit::Margin { relative: Some(relative), .. }, None) => {
                Scale { kind: EffectKind::Ratio, usual: 1.0, limit: 1.0 + relative }
            }
            (Limit::Margin { absolute, .. }, None) => {
                Scale { kind: EffectKind::Difference, usual: 0.0, limit: absolute.unwrap_or(0.0) }
            }
            (limit, _) => {
                let usual = usual.unwrap_or(0.0);
                let kind = match limit {
                    Limit::Threshold(_) => EffectKind::Level,
                    Limit::Margin { relative: Some(_), .. } => EffectKind::Ratio,
                    Limit::Margin { .. } => EffectKind::Difference,
                };
                Scale { kind, usual, limit: inject::target(&bound, usual, 1.0).unwrap_or(f64::NAN) }
            }
        }
    }

    fn level(&self, margins: f64) -> f64 {
        self.usual + margins * (self.limit - self.usual)
    }
}
