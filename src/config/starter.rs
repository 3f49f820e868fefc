//! A first configuration for files that have none: columns are recognised by name, and usual tolerances proposed.
//!
//! What is understood in either arm is judged. What is not judged stands in the configuration with the reason, and with
//! the best outcome that the verdict may have without it; so it stands in every report. The tolerances are those that are used where nobody
//! gave any: errors half again as many or 0.1 percentage points, p50 5 %, p95 10 %, p99 15 %, gauges 10 %.

mod logs;
mod names;
mod tables;

use crate::judge::rules::NotJudged;
use crate::series::{Arm, Gravity, Pair};
use crate::source::requests::survey::Log;
use crate::source::survey::Survey;
use crate::text::scalar::word;
use crate::text::yaml::{name, quoted};

/// The data that a configuration is wanted for.
#[derive(Debug, Clone, Copy)]
pub enum Surveyed<'a> {
    /// One file with both arms in it.
    One(&'a Survey),
    /// A file for each arm.
    Two(Pair<&'a Survey>),
    /// One log with the requests of both arms.
    Log(&'a Log),
    /// A log for each arm.
    Logs(Pair<&'a Log>),
}

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
struct Found {
    metric: String,
    shape: String,
    criteria: Vec<String>,
    sentence: String,
}

/// What a rate of errors has to hold.
const RATE_CRITERION: &str = "pass: \"<= baseline + max(50%, 0.1pp)\"";
/// How much slower requests may be, in percent.
const LATENCIES_OF_REQUESTS: [(&str, u32); 3] = [("p50", 5), ("p95", 10), ("p99", 15)];

/// A configuration for files that have none, called `called`.
pub fn starter(surveyed: &Surveyed, called: &str) -> Starter {
    match surveyed {
        Surveyed::One(survey) => tables::starter(Pair { baseline: survey, canary: survey }, true, called),
        Surveyed::Two(pair) => tables::starter(*pair, false, called),
        Surveyed::Log(log) => logs::starter(&[log], called),
        Surveyed::Logs(pair) => logs::starter(&[pair.baseline, pair.canary], called),
    }
}

/// How much worse a quantile may be, in percent, when nobody says.
fn tolerance(q: f64) -> u32 {
    match q {
        q if q <= 0.5 => 5,
        q if q <= 0.95 => 10,
        _ => 15,
    }
}

/// The criteria of latencies of single requests.
fn criteria_of_requests() -> Vec<String> {
    LATENCIES_OF_REQUESTS.map(|(p, percent)| format!("statistic: {p}, pass: \"<= baseline + {percent}%\"")).to_vec()
}

/// What is written around metrics and criteria.
struct Draft<'a> {
    called: &'a str,
    /// The files of the arms, where each has its own.
    files: Option<Pair<&'a str>>,
    /// The labels of the arms beside their files.
    labels: Vec<(String, Pair<String>)>,
    /// The source's kind and keys.
    source: String,
    /// What else could be asked.
    remarks: Vec<String>,
}

impl Draft<'_> {
    fn written(&self, found: &[Found], not_judged: &[NotJudged]) -> String {
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

/// A text of a source or column, in which nothing is substituted.
fn literal(text: &str) -> String {
    quoted(&text.replace('$', "$$"))
}

/// Where each arm has a file, it is a label of the arm.
const FILE_OF_ARM: &str = "\"${file}\"";

/// Something that no criterion judges, and the best outcome without it.
fn not_judged(what: impl Into<String>, why: impl Into<String>, gravity: Gravity) -> NotJudged {
    NotJudged { what: what.into(), why: why.into(), gravity }
}
