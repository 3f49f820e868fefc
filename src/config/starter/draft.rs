//! A configuration to start with, as text: what stands around metrics and criteria, and the usual tolerances.

use crate::judge::rules::NotJudged;
use crate::notation::Span;
use crate::series::{Arm, Gravity, Pair, SignedDuration};
use crate::text::scalar::word;
use crate::text::yaml::{literal, name, quoted};

/// A configuration to start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starter {
    /// The configuration, with comments; empty where nothing can be judged.
    pub yaml: String,
    /// What was recognised: "requests and errors -> rate `errors`".
    pub recognised: Vec<String>,
    /// What the data holds and no criterion judges.
    pub not_judged: Vec<NotJudged>,
    /// Why nothing can be judged, if so.
    pub problems: Vec<String>,
}

/// A metric with its criteria, as YAML.
pub(super) struct Found {
    pub(super) metric: String,
    pub(super) shape: String,
    pub(super) criteria: Vec<Tolerance>,
    pub(super) sentence: String,
}

/// How much worse than the baseline a metric may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tolerance {
    /// Which statistic, if the metric has several.
    pub(super) statistic: Option<&'static str>,
    /// Whether less of it is worse.
    pub(super) falls: bool,
    pub(super) margin: String,
    /// Whether it must not be broken, rather than be shown to hold.
    pub(super) guardrail: bool,
}

impl Tolerance {
    /// The margin of a metric that is worse if it rises.
    pub(super) fn above(margin: impl Into<String>) -> Tolerance {
        Tolerance { statistic: None, falls: false, margin: margin.into(), guardrail: false }
    }

    /// The margin of a metric that is worse if it falls.
    pub(super) fn below(margin: impl Into<String>) -> Tolerance {
        Tolerance { statistic: None, falls: true, margin: margin.into(), guardrail: false }
    }

    /// `statistic: p95, pass: "<= baseline + 10%"`.
    fn written(&self) -> String {
        let statistic = self.statistic.map(|statistic| format!("statistic: {statistic}, ")).unwrap_or_default();
        let beyond = if self.falls { ">= baseline -" } else { "<= baseline +" };
        let role = if self.guardrail { GUARDRAIL } else { "" };
        format!("{statistic}pass: {}{role}", quoted(&format!("{beyond} {}", self.margin)))
    }
}

/// How many more errors there may be.
pub(super) fn of_rates() -> Tolerance {
    Tolerance::above("max(50%, 0.1pp)")
}

/// Of the percentiles of one latency the p95 must be shown to hold; the others must not be broken.
const GUARDRAIL: &str = ", role: guardrail";

/// How much slower requests may be, in percent.
pub(super) const LATENCIES_OF_REQUESTS: [(&str, u32); 3] = [("p50", 5), ("p95", 10), ("p99", 15)];

/// How much worse a quantile may be, in percent, when nobody says.
pub(super) fn tolerance(q: f64) -> u32 {
    match q {
        q if q <= 0.5 => 5,
        q if q <= 0.95 => 10,
        _ => 15,
    }
}

/// The criteria of latencies of single requests.
pub(super) fn criteria_of_requests() -> Vec<Tolerance> {
    let of = |(p, percent)| Tolerance {
        statistic: Some(p),
        guardrail: p != "p95",
        ..Tolerance::above(format!("{percent}%"))
    };
    LATENCIES_OF_REQUESTS.map(of).to_vec()
}

/// What is written around metrics and criteria.
pub(super) struct Draft<'a> {
    pub(super) called: &'a str,
    /// The files of the arms, where each has its own.
    pub(super) files: Option<Pair<&'a str>>,
    /// The labels of the arms beside their files.
    pub(super) labels: Vec<(String, Pair<String>)>,
    /// The source's kind and keys.
    pub(super) source: String,
    /// What else could be asked.
    pub(super) remarks: Vec<String>,
    /// The spacing of the points, if somebody said it.
    pub(super) step: Option<SignedDuration>,
    /// The columns in whose values a difference is localised.
    pub(super) localise: &'a [String],
}

impl Draft<'_> {
    pub(super) fn written(&self, found: &[Found], not_judged: &[NotJudged]) -> String {
        let mut text = String::from("# A configuration to start with: put in the limits that matter to you.\n");
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        line(format!("name: {}", quoted(self.called)));
        if let Some(files) = &self.files {
            line("arms:".into());
            for arm in Arm::BOTH {
                let labels =
                    self.labels.iter().map(|(label, of)| format!(", {}: {}", name(label), quoted(of.get(arm))));
                let labels: String = labels.collect();
                line(format!("  {}: {{ file: {}{labels} }}", arm.name(), quoted(files.get(arm))));
            }
        }
        line("# The canary's share of the traffic, if you know it: a mismatch makes the comparison suspect.".into());
        line("# traffic: { canary: 5% }".into());
        if let Some(step) = self.step {
            line(format!("window: {{ step: {} }}", Span(step)));
        }
        line("sources:".into());
        line(format!("  data: {{ {} }}", self.source));
        line("metrics:".into());
        for one in found {
            line(format!("  {}: {{ {} }}", name(&one.metric), one.shape));
        }
        if !self.localise.is_empty() {
            let columns: Vec<String> = self.localise.iter().map(|column| quoted(column)).collect();
            line(format!("localise: [{}]", columns.join(", ")));
        }
        self.remarks.iter().for_each(|remark| line(format!("# {}", remark.replace(char::is_control, " "))));
        if found.iter().any(|one| one.criteria.iter().any(|criterion| criterion.guardrail)) {
            line("# A `guardrail` must not be broken; everything else must be shown to hold.".into());
        }
        line("criteria:".into());
        for one in found {
            let criterion =
                |one_of: &Tolerance| format!("  - {{ metric: {}, {} }}", name(&one.metric), one_of.written());
            one.criteria.iter().for_each(|tolerance| line(criterion(tolerance)));
        }
        if !not_judged.is_empty() {
            line("# What no criterion judges. Every report lists it. Without it the verdict is `at_best` what each says:".into());
            line("# write a criterion for what matters, and remove what does not.".into());
            line("not_judged:".into());
        }
        for one in not_judged {
            let (what, why) = (quoted(&one.what), quoted(&one.why));
            line(format!("  - {{ what: {what}, why: {why}, at_best: {} }}", word(one.gravity)));
        }
        text
    }
}

/// Where each arm has a file, it is a label of the arm.
pub(super) const FILE_OF_ARM: &str = "\"${file}\"";

/// Something that no criterion judges, and the best outcome without it.
pub(super) fn not_judged(what: impl Into<String>, why: impl Into<String>, gravity: Gravity) -> NotJudged {
    NotJudged { what: what.into(), why: why.into(), gravity }
}

/// The same metric for each value of a column.
pub(super) fn grouped(one: &Found, by: &str) -> Found {
    let word: String = by.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    Found {
        metric: format!("{}_by_{word}", one.metric),
        shape: format!("by: {}, {}", literal(by), one.shape),
        criteria: one.criteria.clone(),
        sentence: format!("{by} -> `{}` of each of its values", one.metric),
    }
}
