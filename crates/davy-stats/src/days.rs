//! What earlier days predict of today: one number of each day, and an interval that includes how much days differ.
//!
//! Each day has a number `y` (a logarithm, or the number itself), the variance `v` that the day's own window gives it, and may
//! have the same number `x` of the time just before. Today's expected number is that of a regression over the days:
//!
//! ```text
//! ŷ = ȳ + θ (x₀ − x̄),   θ = Sxy / Sxx
//! s² = Σ (yᵢ − ȳ − θ (xᵢ − x̄))² / ν,   ν = k − g − 1   (k − g without x)
//! se² = max( s² (1 + 1/n + (x₀ − x̄)² / Sxx) + max(0, v₀ − v̄),  v₀ )
//! ```
//!
//! The means are those of the days that are like today, `n` of `k` in `g` groups: all of them, or those of the same weekday
//! where weekdays clearly differ. Sums are within the groups. `y₀ − ŷ` over `se` is Student's t with `ν` degrees of freedom:
//! the prediction interval of a linear regression (Draper and Smith 1998, section 3.1), the analysis of covariance. With
//! θ = 1 it is the difference in differences. That θ which removes most variance is CUPED's (Deng, Xu, Kohavi and Walker 2013).
//!
//! - **Today's own noise.** Earlier days show how much days differ beside the noise of a window like theirs. A canary with a
//!   noisier window has the excess beside it. No interval is narrower than today's window alone allows.
//! - **Few days.** The regression is used from [`LEAST_FREEDOM`] degrees of freedom on. It is not shrunk and not tested first:
//!   either would make intervals too narrow (a test first: one-sided errors of up to 7.5 % at 5 %, by simulation).
//! - **Weekdays.** They are told apart where a one-way analysis of variance rejects at 1 % that they are alike, and two days or
//!   more are of today's.
//! - **A time before the canary that lies apart** from those of the days is no adjustment: it may last or be over. The evidence must
//!   hold with the adjustment and without ([`unadjusted`]).
//! - **An outlying day** moves the mean by δ/k and widens the interval by about t δ/√k, which is more. So it makes neither a false
//!   pass nor a false fail, and is named. A median with the median absolute deviation is no remedy: with t its one-sided errors
//!   are 10 to 15 % for three to five days, and 6 % for fourteen (by simulation).
//!
//! `fixtures/reference` certifies the numbers: `days.toml`.

use super::tail::t_quantile_upper;

/// The regression on the time before is used from so many degrees of freedom on.
pub const LEAST_FREEDOM: usize = 4;
/// The chance at which weekdays that are alike would be told apart.
const CLEAR: f64 = 0.01;
/// The chance at which a healthy day would be named as outlying, over all days.
const OUTLYING: f64 = 0.01;

/// One day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// The number of its window.
    pub after: f64,
    /// The number of the time before, where it is known.
    pub before: Option<f64>,
    /// The variance of the first by its own window.
    pub noise: f64,
    /// The weekday, as any number.
    pub weekday: i8,
}

/// What earlier days predict of today's number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Today's expected number.
    pub expected: f64,
    /// How far today's lies above that.
    pub effect: f64,
    /// The standard error of that.
    pub error: f64,
    /// The degrees of freedom.
    pub freedom: f64,
    /// The standard deviation of the days about what is expected of each.
    pub spread: f64,
    /// The slope of the regression on the time before, if it is used.
    pub slope: Option<f64>,
    /// Whether only days of the same weekday make the mean.
    pub by_weekday: bool,
    /// How many days make the mean.
    pub alike: usize,
    /// Whether today's own window, and not the days, makes the interval as wide as it is.
    pub is_own_noise: bool,
}

impl Prediction {
    /// What the days predict of today; nothing from fewer than two, or of numbers that are none.
    pub fn of(today: &Day, days: &[Day]) -> Option<Prediction> {
        let is_number = |day: &Day| day.after.is_finite() && !day.noise.is_nan();
        if days.len() < 2 || !is_number(today) || !days.iter().all(is_number) {
            return None;
        }
        let by_weekday = weekdays_differ(today, days);
        let group = |day: &Day| if by_weekday { day.weekday } else { 0 };
        let groups = Groups::of(days, group);
        let own = groups.of_group(group(today));
        let freedom = days.len() - groups.len();
        let y = groups.within(days, |day| day.after);
        let squares = dot(&y, &y);
        let covariate = Covariate::of(today, days, &groups, &own, freedom);
        let (mut freedom, mut squares) = (freedom as f64, squares);
        let (mut shift, mut leverage) = (0.0, 0.0);
        let slope = covariate.map(|x| {
            let slope = dot(&x.within, &y) / x.squares;
            squares = (squares - slope * slope * x.squares).max(0.0);
            freedom -= 1.0;
            (shift, leverage) = (slope * x.today, x.today * x.today / x.squares);
            slope
        });
        let variance = squares / freedom;
        let alike = own.len();
        let usual = days.iter().map(|day| day.noise).sum::<f64>() / days.len() as f64;
        let of_days = variance * (1.0 + 1.0 / alike as f64 + leverage) + (today.noise - usual).max(0.0);
        let expected = mean(own.iter().map(|at| days[*at].after)) + shift;
        Some(Prediction {
            expected,
            effect: today.after - expected,
            error: of_days.max(today.noise).sqrt(),
            freedom,
            spread: variance.sqrt(),
            slope,
            by_weekday,
            alike,
            is_own_noise: today.noise > of_days,
        })
    }
}

/// What the days predict of a day whose time before lies apart from theirs, without an adjustment. A regression does not know what
/// becomes of that: it may last or be over.
pub fn unadjusted(today: &Day, days: &[Day]) -> Option<Prediction> {
    Prediction::of(today, days)?.slope?;
    let before: Vec<f64> = days.iter().filter_map(|day| day.before).collect();
    let critical = t_quantile_upper(0.5 * OUTLYING, (days.len() - 1) as f64);
    let is_apart = lies_apart(today.before?, &before, 0.0, critical);
    let plain = Day { before: None, ..*today };
    Prediction::of(&plain, days).filter(|_| is_apart)
}

/// The days that lie so far from the others that a healthy day hardly would: by the externally studentised residual, at 1 %
/// over all days (Bonferroni).
pub fn outlying(days: &[Day]) -> Vec<usize> {
    let k = days.len();
    if k < 4 {
        return Vec::new();
    }
    let critical = t_quantile_upper(OUTLYING / (2 * k) as f64, (k - 2) as f64);
    let is_apart = |at: &usize| {
        let others: Vec<f64> = days.iter().enumerate().filter(|(i, _)| i != at).map(|(_, day)| day.after).collect();
        lies_apart(days[*at].after, &others, days[*at].noise, critical)
    };
    (0..k).filter(is_apart).collect()
}

/// Whether a number lies further from the mean of others than their spread explains, or a variance of its own.
fn lies_apart(number: f64, others: &[f64], noise: f64, critical: f64) -> bool {
    let (n, center) = (others.len() as f64, mean(others.iter().copied()));
    let squares: f64 = others.iter().map(|y| (y - center).powi(2)).sum();
    let error = (squares / (n - 1.0) * (1.0 + 1.0 / n)).max(noise).sqrt();
    (number - center).abs() > critical * error
}

/// Whether days of one weekday are more alike than days of several.
fn weekdays_differ(today: &Day, days: &[Day]) -> bool {
    let groups = Groups::of(days, |day| day.weekday);
    let (g, k) = (groups.len(), days.len());
    if g < 2 || k < g + LEAST_FREEDOM || groups.of_group(today.weekday).len() < 2 {
        return false;
    }
    let center = mean(days.iter().map(|day| day.after));
    let all: f64 = days.iter().map(|day| (day.after - center).powi(2)).sum();
    let y = groups.within(days, |day| day.after);
    let within = dot(&y, &y);
    let (between, freedom) = ((g - 1) as f64, (k - g) as f64);
    let f = (all - within).max(0.0) / between / (within / freedom);
    f > f_quantile_upper(CLEAR, between, freedom)
}

/// The value that F with `a` and `b` degrees of freedom exceeds with probability `p`.
pub fn f_quantile_upper(p: f64, a: f64, b: f64) -> f64 {
    let share = super::tail::beta_quantile(p, 0.5 * b, 0.5 * a);
    b * (1.0 - share) / (a * share)
}

/// Days by what they have in common.
struct Groups(Vec<(i8, Vec<usize>)>);

impl Groups {
    fn of(days: &[Day], group: impl Fn(&Day) -> i8) -> Groups {
        let mut groups: Vec<(i8, Vec<usize>)> = Vec::new();
        for (at, day) in days.iter().enumerate() {
            match groups.iter_mut().find(|(name, _)| *name == group(day)) {
                Some((_, members)) => members.push(at),
                None => groups.push((group(day), vec![at])),
            }
        }
        Groups(groups)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn of_group(&self, name: i8) -> Vec<usize> {
        let own = self.0.iter().find(|(known, _)| *known == name);
        own.map(|(_, members)| members.clone()).unwrap_or_default()
    }

    /// A number of each day less the mean of its group.
    fn within(&self, days: &[Day], number: impl Fn(&Day) -> f64) -> Vec<f64> {
        let mut centred = vec![0.0; days.len()];
        for (_, members) in &self.0 {
            let center = mean(members.iter().map(|at| number(&days[*at])));
            members.iter().for_each(|at| centred[*at] = number(&days[*at]) - center);
        }
        centred
    }
}

/// The numbers of the time before, within their groups.
struct Covariate {
    within: Vec<f64>,
    squares: f64,
    /// Today's, less the mean of the days that are like it.
    today: f64,
}

impl Covariate {
    /// Nothing where a day has none, where they never move, or where the days are too few.
    fn of(today: &Day, days: &[Day], groups: &Groups, own: &[usize], freedom: usize) -> Option<Covariate> {
        let x = today.before.filter(|x| x.is_finite())?;
        if freedom < LEAST_FREEDOM + 1 || !days.iter().all(|day| day.before.is_some_and(f64::is_finite)) {
            return None;
        }
        let before = |day: &Day| day.before.unwrap_or(f64::NAN);
        let within = groups.within(days, before);
        let squares = dot(&within, &within);
        let today = x - mean(own.iter().map(|at| before(&days[*at])));
        let size = before(&days[0]).abs().max(1.0);
        (squares > (1e-9 * size).powi(2)).then_some(Covariate { within, squares, today })
    }
}

fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = numbers.len() as f64;
    numbers.sum::<f64>() / n
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
