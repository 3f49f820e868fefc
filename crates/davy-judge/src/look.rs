//! Where a judgement stands among the looks at its data, and how much evidence each answer needs there.
//!
//! To look again is another chance to be wrong: a test at 5 % that is repeated twelve times during a soak is wrong in
//! 18 % of them. So the critical values depend on the looks, which the rules fix before any data is seen:
//!
//! - **once**: the textbook value;
//! - **planned** looks: a Fail may spend nearly all of its chance of error over the looks until the end of the soak
//!   (`stats::planned`) and a twentieth at any time, for emergencies between the looks (the guard). A Pass spends its own over the looks
//!   from the minimum soak on, which is the whole soak unless the policy says less: who waits for the end pays for
//!   one look. What was measured after the end is left out, so that looking once more changes nothing;
//! - **open**: only evidence that holds however often one looks (`stats::anytime`).

use super::levels::{Against, critical};
use super::rules::{self, Looks, Rules};
use super::verdict::{self, Levels};
use crate::series::{Dataset, SignedDuration};
use davy_stats::anytime::Starts;
use davy_stats::normal::normal_upper;
use davy_stats::planned;

/// The part of a Fail's chance of error that may be spent at any time.
const GUARD: f64 = 0.05;

/// No planned look has fewer steps, unless the soak has.
pub const LEAST_STEPS: usize = 4;

/// More planned looks than this are as good as an open end.
pub(super) const MOST_LOOKS: usize = 1_500;

/// The horizon, in steps, to which evidence with an open end is tuned.
const OPEN_HORIZON: f64 = 60.0;

/// Evidence statistics closer to what is needed than this are taken as reaching it, so that rounding on another
/// platform cannot change an answer.
const ROUNDING: f64 = 1e-9;

/// A z beyond this is not told from it where only its chance matters.
const STRONGEST: f64 = 7.0;

/// Steps of the search for a chance; each leaves a tenth of what the last was wrong by.
const STEPS_TO_CHANCE: usize = 6;

/// One look.
#[derive(Debug, Clone)]
pub(super) struct Look {
    schedule: Schedule,
    /// The number of steps to which any-time evidence is tuned.
    pub(super) horizon: f64,
    /// The steps at which a change may begin that any-time evidence of a Fail is watchful for.
    late: Starts,
    /// A Pass is about everything that was seen.
    whole: Starts,
}

#[derive(Debug, Clone)]
enum Schedule {
    Once,
    /// In steps: all looks, those at which a Pass is possible, the end and now.
    Planned {
        looks: Vec<usize>,
        passes: Vec<usize>,
        soak: usize,
        elapsed: usize,
    },
    Open,
}

/// How strong evidence must be for one answer; either kind is enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hurdle {
    /// The standard normal value of evidence at this look.
    pub(super) z: f64,
    /// The logarithm of any-time evidence.
    pub(super) ln_e: f64,
}

impl Hurdle {
    /// Of the end of an interval that nobody asks for: it lies at the estimate.
    pub(super) const UNASKED: Hurdle = Hurdle { z: 0.0, ln_e: f64::INFINITY };

    /// Whether any evidence is strong enough.
    pub(super) fn is_reachable(&self) -> bool {
        self.z < f64::INFINITY || self.ln_e < f64::INFINITY
    }

    /// Whether evidence is strong enough.
    pub(super) fn is_reached(&self, z: f64, ln_e: f64) -> bool {
        z >= self.z - ROUNDING || ln_e >= self.ln_e - ROUNDING
    }
}

/// What both answers need at a look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hurdles {
    pub(super) fail: Hurdle,
    pub(super) pass: Hurdle,
}

/// The two answers that evidence is gathered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Fail,
    Pass,
}

/// When an answer is to be expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Outlook {
    /// At the planned look after so many steps.
    Look(usize),
    /// With so many times the data there is.
    Times(f64),
}

impl Look {
    /// The look at a dataset that ends where its canary's window does.
    pub(super) fn new(rules: &Rules, data: &Dataset) -> Look {
        let steps = |span: SignedDuration| {
            rules::steps_of(span, data.step).saturating_sub(rules.policy.warmup_steps(data.step))
        };
        let elapsed = steps(data.windows.canary.duration());
        let schedule = match rules.looks {
            Looks::Once => Schedule::Once,
            Looks::Open => Schedule::Open,
            Looks::Planned { soak, every } => {
                let soak = steps(soak).max(1);
                let elapsed = elapsed.min(soak);
                let least = rules.policy.min_soak.map_or(soak, |least| steps(least).min(soak));
                match every.map_or(Some(vec![soak]), |every| planned_looks(every, soak, elapsed, steps)) {
                    Some(looks) => {
                        let passes = looks.iter().copied().filter(|at| *at >= least).collect();
                        Schedule::Planned { looks, passes, soak, elapsed }
                    }
                    None => Schedule::Open,
                }
            }
        };
        let horizon = if let Schedule::Planned { soak, .. } = schedule { soak as f64 } else { OPEN_HORIZON };
        Look { schedule, horizon, late: Starts::spread(horizon), whole: Starts::zero() }
    }

    /// The same where an answer is possible at the end of the soak alone, at the whole level.
    pub(super) fn at_the_end_alone(&self) -> Look {
        let schedule = match self.schedule {
            Schedule::Planned { soak, elapsed, .. } => {
                Schedule::Planned { looks: vec![soak], passes: vec![soak], soak, elapsed }
            }
            Schedule::Once => Schedule::Once,
            Schedule::Open => Schedule::Open,
        };
        Look { schedule, ..self.clone() }
    }

    /// Since when evidence for a Fail is gathered.
    pub(super) fn late(&self) -> &Starts {
        &self.late
    }

    /// Since when evidence for a Pass is gathered.
    pub(super) fn whole(&self) -> &Starts {
        &self.whole
    }

    /// What evidence must reach at this look, at the levels over all looks.
    pub(super) fn hurdles(&self, levels: Levels) -> Hurdles {
        let (fail, pass) = (1.0 - levels.fail, 1.0 - levels.pass);
        match &self.schedule {
            Schedule::Once => {
                let once = |level: f64| Hurdle { z: critical(level), ln_e: f64::INFINITY };
                Hurdles { fail: once(levels.fail), pass: once(levels.pass) }
            }
            Schedule::Open => {
                let open = |alpha: f64| Hurdle { z: f64::INFINITY, ln_e: -alpha.ln() };
                Hurdles { fail: open(fail), pass: open(pass) }
            }
            Schedule::Planned { elapsed, .. } => {
                let now = |looks: Vec<(usize, f64)>| looks.into_iter().find(|(at, _)| at == elapsed);
                let z = |answer| now(self.boundaries(levels, answer)).map_or(f64::INFINITY, |(_, z)| z);
                Hurdles {
                    fail: Hurdle { z: z(Answer::Fail), ln_e: -(GUARD * fail).ln() },
                    pass: Hurdle { z: z(Answer::Pass), ln_e: f64::INFINITY },
                }
            }
        }
    }

    /// By how much a z must be the stronger at this look if it is the strongest of `n`, each of which has its own part of a Fail's
    /// chance of error over all looks. Nothing at a single look, where the price is that of the chance itself.
    pub(super) fn price_of_many(&self, levels: Levels, n: usize) -> f64 {
        if !matches!(&self.schedule, Schedule::Planned { looks, .. } if looks.len() > 1) {
            return 0.0;
        }
        let each = Levels { fail: 1.0 - (1.0 - levels.fail) / n.max(1) as f64, ..levels };
        let price = self.hurdles(each).fail.z - self.hurdles(levels).fail.z;
        if price.is_finite() { price.max(0.0) } else { 0.0 }
    }

    /// What evidence of a Fail (its z, and its any-time logarithm) says against a criterion, in a run of a level: a chance of
    /// error beyond that of the run is not told from 1.
    pub(super) fn against(&self, (z, ln_e): (f64, f64), level: f64) -> Against {
        let now = if matches!(self.schedule, Schedule::Open) { 0.0 } else { normal_upper(z) };
        let all = Levels { fail: level, pass: level };
        if !self.hurdles(all).fail.is_reached(z, ln_e) {
            return Against { p: 1.0, now };
        }
        let p = match &self.schedule {
            Schedule::Once => now,
            Schedule::Open => (-ln_e).exp(),
            Schedule::Planned { .. } => f64::min(self.least_chance(z), (-ln_e).exp() / GUARD),
        };
        Against { p: p.min(1.0), now }
    }

    /// The least chance of error over all planned looks at which a z is enough at this one. The boundary rises with the
    /// normal quantile of that chance nearly one to one.
    fn least_chance(&self, z: f64) -> f64 {
        let chance = |quantile: f64| normal_upper(quantile) / (1.0 - GUARD);
        let needed = |quantile: f64| {
            let fail = 1.0 - chance(quantile);
            self.hurdles(Levels { fail, pass: fail }).fail.z
        };
        let z = z.min(STRONGEST);
        let better = |quantile: f64, _| quantile + z - needed(quantile);
        let quantile = (0..STEPS_TO_CHANCE).fold(z, better);
        if quantile.is_finite() { chance(quantile) } else { 1.0 }
    }

    /// What a Pass needs; where there is none to be had at this look, what it will need at the first look that may give one,
    /// so that an interval can be shown.
    pub(super) fn pass_to_show(&self, needs: &Hurdles, levels: Levels) -> Hurdle {
        if needs.pass.z.is_finite() || needs.pass.ln_e.is_finite() {
            return needs.pass;
        }
        let first = self.boundaries(levels, Answer::Pass).first().map_or(f64::INFINITY, |(_, z)| *z);
        Hurdle { z: first, ..needs.pass }
    }

    /// Every planned look at which an answer is possible, past, present and to come, in steps, with what evidence must
    /// reach there.
    fn boundaries(&self, levels: Levels, answer: Answer) -> Vec<(usize, f64)> {
        let Schedule::Planned { looks, passes, soak, .. } = &self.schedule else { return Vec::new() };
        let (looks, alpha) = match answer {
            Answer::Fail => (looks, (1.0 - GUARD) * (1.0 - levels.fail)),
            Answer::Pass => (passes, 1.0 - levels.pass),
        };
        let fractions: Vec<f64> = looks.iter().map(|at| *at as f64 / *soak as f64).collect();
        looks.iter().copied().zip(planned::boundary(&fractions, alpha)).collect()
    }

    /// When evidence (its z, and its any-time logarithm) that grows as it did will decide. A z grows with the square root of
    /// the data as `raw` has it, before the noise is allowed for.
    pub(super) fn outlook(
        &self,
        (z, ln_e): (f64, f64),
        levels: Levels,
        answer: Answer,
        raw: impl Fn(f64) -> f64,
    ) -> Outlook {
        let level = if answer == Answer::Fail { levels.fail } else { levels.pass };
        let z = raw(z).max(1e-9);
        let by_z = |needed: f64| (raw(needed) / z).powi(2);
        match &self.schedule {
            Schedule::Once => Outlook::Times(by_z(critical(level))),
            Schedule::Open => Outlook::Times(-(1.0 - level).ln() / ln_e.max(1e-9)),
            Schedule::Planned { elapsed, .. } => {
                let looks = self.boundaries(levels, answer);
                let now = (*elapsed).max(1) as f64;
                let reaches =
                    |(at, needed): &&(usize, f64)| at > elapsed && z * (*at as f64 / now).sqrt() >= raw(*needed);
                let last = looks.last().map_or(critical(level), |(_, needed)| *needed);
                looks.iter().find(reaches).map_or(Outlook::Times(by_z(last)), |(at, _)| Outlook::Look(*at))
            }
        }
    }

    /// What evidence of a Fail must reach at the end of a planned soak, and the part of the soak that has passed.
    pub(super) fn at_the_end(&self, levels: Levels) -> Option<(f64, f64)> {
        let Schedule::Planned { elapsed, soak, .. } = &self.schedule else { return None };
        let (_, last) = self.boundaries(levels, Answer::Fail).pop()?;
        Some((last, *elapsed as f64 / *soak as f64))
    }

    /// The first look at which a Pass is possible and the end of the soak, in steps, where that look is still to come.
    pub(super) fn first_pass(&self) -> Option<(usize, usize)> {
        match &self.schedule {
            Schedule::Planned { passes, soak, elapsed, .. } => {
                passes.first().filter(|first| *first > elapsed).map(|first| (*first, *soak))
            }
            _ => None,
        }
    }

    /// The end of the soak in steps, where it is still to come.
    pub(super) fn end_to_come(&self) -> Option<usize> {
        match &self.schedule {
            Schedule::Planned { soak, elapsed, .. } if elapsed < soak => Some(*soak),
            _ => None,
        }
    }

    /// Whether looks were planned, but so many that none is told from another.
    pub(super) fn is_overplanned(&self, rules: &Rules) -> bool {
        matches!((&self.schedule, rules.looks), (Schedule::Open, Looks::Planned { .. }))
    }

    /// For the verdict: which look this is.
    pub(super) fn told(&self, rules: &Rules, data: &Dataset) -> verdict::Look {
        match (&self.schedule, rules.looks) {
            (Schedule::Planned { looks, elapsed, .. }, Looks::Planned { soak, .. }) => verdict::Look::Planned {
                number: looks.iter().filter(|at| *at <= elapsed).count(),
                of: looks.len(),
                elapsed: data.windows.canary.duration().min(soak),
                soak,
            },
            (Schedule::Once, _) => verdict::Look::Once,
            _ => verdict::Look::Open,
        }
    }
}

/// The looks of a soak in steps, with this one among them; none where there are too many.
fn planned_looks(
    every: SignedDuration,
    soak: usize,
    elapsed: usize,
    steps: impl Fn(SignedDuration) -> usize,
) -> Option<Vec<usize>> {
    let mut looks = Vec::new();
    for k in 1.. {
        let at = every.checked_mul(k).map_or(usize::MAX, &steps);
        if at >= soak {
            break;
        }
        if at >= LEAST_STEPS && looks.last() != Some(&at) {
            looks.push(at);
        }
        if looks.len() > MOST_LOOKS || k > 100 * MOST_LOOKS as i32 {
            return None;
        }
    }
    if elapsed >= LEAST_STEPS && elapsed < soak && !looks.contains(&elapsed) {
        looks.push(elapsed);
        looks.sort_unstable();
    }
    looks.push(soak);
    Some(looks)
}

/// What belongs to the soak: nothing after its planned end.
pub(super) fn during_soak(rules: &Rules, data: &Dataset) -> Option<Dataset> {
    let Looks::Planned { soak, .. } = rules.looks else { return None };
    let end = data.windows.canary.start.saturating_add(soak).ok()?;
    (end < data.windows.canary.end).then(|| data.until(end))
}
