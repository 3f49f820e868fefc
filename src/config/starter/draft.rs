//! A configuration to start with, as text: what stands around metrics and criteria, and the usual tolerances.

use crate::judge::rules::NotJudged;
use crate::series::{Arm, Gravity, Pair};
use crate::text::scalar::word;
use crate::text::yaml::{name, quoted};

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
    pub(super) criteria: Vec<String>,
    pub(super) sentence: String,
}

/// What a rate of errors has to hold.
pub(super) const RATE_CRITERION: &str = "pass: \"<= baseline + max(50%, 0.1pp)\"";

/// Of the percentiles of one latency the p95 must be shown to hold; the others must not be broken.
pub(super) const GUARDRAIL: &str = ", role: guardrail";

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
pub(super) fn criteria_of_requests() -> Vec<String> {
    let criterion = |(p, percent): (&str, u32)| {
        let role = if p == "p95" { "" } else { GUARDRAIL };
        format!("statistic: {p}, pass: \"<= baseline + {percent}%\"{role}")
    };
    LATENCIES_OF_REQUESTS.map(criterion).to_vec()
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
        line("sources:".into());
        line(format!("  data: {{ {} }}", self.source));
        line("metrics:".into());
        for one in found {
            line(format!("  {}: {{ {} }}", name(&one.metric), one.shape));
        }
        self.remarks.iter().for_each(|remark| line(format!("# {}", remark.replace(char::is_control, " "))));
        if found.iter().any(|one| one.criteria.iter().any(|criterion| criterion.ends_with(GUARDRAIL))) {
            line("# A `guardrail` must not be broken; everything else must be shown to hold.".into());
        }
        line("criteria:".into());
        for one in found {
            one.criteria.iter().for_each(|rest| line(format!("  - {{ metric: {}, {rest} }}", name(&one.metric))));
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
