//! What the rule is told of each metric and of the whole, with Kayenta's defaults.

/// A canary configuration, as far as the judge reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The metrics, in the order written.
    pub metrics: Vec<Metric>,
    /// The weights of groups, in percent.
    pub weights: Vec<(String, f64)>,
    /// The scores that decide.
    pub thresholds: Thresholds,
}

/// The scores from which a canary passes, and from which it is marginal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// At least this passes.
    pub pass: f64,
    /// At least this is marginal.
    pub marginal: f64,
}

/// How one metric is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// The groups that it counts in, fully in each.
    pub groups: Vec<String>,
    /// Which way a change is bad.
    pub direction: Direction,
    /// What becomes of steps without a number.
    pub nan: Nan,
    /// Whether a failure alone fails the canary.
    pub critical: bool,
    /// Whether missing data is a failure.
    pub must_have_data: bool,
    /// Whether it is reported and never counts.
    pub muted: bool,
    /// How large a change must be.
    pub effect: EffectSize,
    /// How many interquartile ranges from the quartiles a point may lie; none keeps all points.
    pub outliers: Option<f64>,
}

impl Metric {
    /// A metric with Kayenta's defaults.
    pub fn new(name: &str) -> Metric {
        Metric {
            name: name.to_owned(),
            groups: Vec::new(),
            direction: Direction::Either,
            nan: Nan::Remove,
            critical: false,
            must_have_data: false,
            muted: false,
            effect: EffectSize::of(Measure::MeanRatio),
            outliers: None,
        }
    }
}

/// Which way a change is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Up.
    Increase,
    /// Down.
    Decrease,
    /// Any.
    Either,
}

/// What becomes of steps without a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nan {
    /// They are left out.
    Remove,
    /// They are zeros.
    Replace,
}

/// How large a change must be, beside being shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectSize {
    /// What the numbers below are of.
    pub measure: Measure,
    /// An increase is High from here.
    pub allowed_increase: f64,
    /// A decrease is Low from here down.
    pub allowed_decrease: f64,
    /// An increase is critical from here.
    pub critical_increase: f64,
    /// A decrease is critical from here down.
    pub critical_decrease: f64,
}

impl EffectSize {
    /// Kayenta's defaults, with which the effect size of positive data decides nothing.
    pub fn of(measure: Measure) -> EffectSize {
        let none = match measure {
            Measure::MeanRatio => 1.0,
            Measure::Cles => 0.5,
        };
        EffectSize {
            measure,
            allowed_increase: none,
            allowed_decrease: none,
            critical_increase: none,
            critical_decrease: none,
        }
    }
}

/// The sizes of a change that Kayenta knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The mean of the canary over that of the baseline.
    MeanRatio,
    /// The probability that a point of the canary lies above one of the baseline.
    Cles,
}
