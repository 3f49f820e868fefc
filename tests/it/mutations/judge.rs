//! One look at a base: in this process, where thousands are made, or through the program.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use assert_cmd::Command;
use davy::config::{self, Options, Surveyed};
use davy::ingest::ingest;
use davy::judge::rules::{Criterion, Limit, Rules, Side};
use davy::judge::verdict::{EffectKind, Finding, Outcome, Reason, Verdict};
use davy::series::{Pair, Timestamp};
use davy::source::survey::{Found, found};
use davy::source::{File, Format, Outside};

use super::bases::{Base, Way};

/// What came of a look.
pub struct Answer {
    /// The exit code that the program would end with.
    pub code: i32,
    pub verdict: Option<(Rules, Verdict)>,
    /// The summary or the error.
    pub said: String,
}

impl Answer {
    /// Exit code 0: what a pipeline goes on with.
    pub fn passes(&self) -> bool {
        self.code == 0
    }

    pub fn outcomes(&self) -> Vec<(String, Outcome)> {
        let findings = self.verdict.iter().flat_map(|(_, verdict)| &verdict.findings);
        findings.map(|finding| (finding.criterion.clone(), finding.outcome)).collect()
    }
}

/// Writes the base into the folder and judges it there.
pub fn judge(base: &Base, folder: &Path) -> Answer {
    base.write(folder);
    match catch_unwind(AssertUnwindSafe(|| look(base, folder))) {
        Err(_) => Answer { code: 101, verdict: None, said: "a panic".into() },
        Ok(Err((code, said))) => Answer { code, verdict: None, said },
        Ok(Ok((rules, verdict))) => {
            let code = match verdict.outcome {
                Outcome::Pass | Outcome::Warn => 0,
                Outcome::Inconclusive => 11,
                Outcome::Fail => 10,
            };
            Answer { code, said: verdict.summary.clone(), verdict: Some((rules, verdict)) }
        }
    }
}

fn look(base: &Base, folder: &Path) -> Result<(Rules, Verdict), (i32, String)> {
    let yaml = match &base.way {
        Way::Config(text) => text.clone(),
        Way::Two | Way::Data => starter(base, folder)?,
    };
    let options = Options { folder, now: Timestamp::UNIX_EPOCH, set: &[], phase: None, from: None, to: None };
    let wrong = |problems: config::Problems| (78, problems.to_string());
    let plan = config::load(&yaml, "canary.yaml").and_then(|config| config.plan(&options)).map_err(wrong)?;
    let outside = Outside::quiet(Timestamp::UNIX_EPOCH);
    let dataset = ingest(&plan.queries, &plan.time, &outside).map_err(|error| (65, error.to_string()))?;
    let verdict = davy::judge::judge(&plan.rules, &dataset);
    Ok((plan.rules, verdict))
}

/// The configuration that the program makes of files.
fn starter(base: &Base, folder: &Path) -> Result<String, (i32, String)> {
    let look = |name: &str| {
        let (path, shown) = (folder.join(name), folder.join(name).display().to_string());
        let file = File { path, shown, format: Format::Auto, time: None, zone: None, arm: None, long: None };
        found(&file).map_err(|error| (65, error.to_string()))
    };
    let first = look(&base.files[0].name)?;
    let starter = match (&base.way, first) {
        (Way::Data, Found::Table(table)) => config::starter(&Surveyed::One(&table), "mutated"),
        (Way::Data, Found::Log(log)) => config::starter(&Surveyed::Log(&log), "mutated"),
        (_, first) => match (first, look(&base.files[1].name)?) {
            (Found::Table(baseline), Found::Table(canary)) => {
                config::starter(&Surveyed::Two(Pair { baseline: &baseline, canary: &canary }), "mutated")
            }
            (Found::Log(baseline), Found::Log(canary)) => {
                config::starter(&Surveyed::Logs(Pair { baseline: &baseline, canary: &canary }), "mutated")
            }
            _ => return Err((65, "a log beside a table".into())),
        },
    };
    if starter.problems.is_empty() { Ok(starter.yaml) } else { Err((65, starter.problems.join("\n"))) }
}

/// Runs the program on what is in the folder: its exit code, and all that it says.
pub fn run(base: &Base, folder: &Path) -> (i32, String) {
    let mut davy = Command::cargo_bin("davy").unwrap();
    let output = davy.current_dir(folder).env_remove("COLUMNS").arg("judge").args(base.arguments()).output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code().unwrap_or(-1), text.concat())
}

/// What a passing finding shows that is beyond its own limit, if anything: the estimate, or an end of the interval.
pub fn beyond_its_limit(rules: &Rules, finding: &Finding) -> Option<String> {
    let criterion = rules.criteria.iter().find(|criterion| criterion.name == finding.criterion)?;
    if finding.outcome != Outcome::Pass || finding.reason == Reason::BetweenBounds {
        return None;
    }
    let bound = criterion.target()?;
    // Numbers are rounded in many ways on their path; what a reader could see is not.
    let beyond = |value: f64, limit: f64| {
        let slack = 1e-3 * limit.abs().max(1e-9);
        match bound.side {
            Side::AtMost => value > limit + slack,
            Side::AtLeast => value < limit - slack,
        }
    };
    if let (Some(effect), Some(limit)) = (&finding.evidence.effect, finding.evidence.pass_limit) {
        let end = if bound.side == Side::AtMost { effect.high } else { effect.low };
        // a guardrail is not shown to hold, but its estimate does
        let is_broken = beyond(end, limit) && finding.reason != Reason::NotBroken;
        if is_broken || effect.estimate.is_some_and(|estimate| beyond(estimate, limit)) {
            return Some(format!("effect {:?} ({end}) passes the limit {limit}", effect.estimate));
        }
    }
    shown_levels_beyond(criterion, finding, beyond)
}

/// The level of the canary against the level of the baseline, as a reader of the table compares them.
fn shown_levels_beyond(criterion: &Criterion, finding: &Finding, beyond: impl Fn(f64, f64) -> bool) -> Option<String> {
    let Pair { baseline, canary } = finding.evidence.estimate;
    let canary = canary?;
    let limit = match criterion.target()?.limit {
        Limit::Threshold(limit) => {
            // an alarm and a count are about parts of the level
            let level = finding.evidence.effect.is_some_and(|effect| effect.kind == EffectKind::Level);
            return (level && finding.evidence.pass_limit == Some(limit) && beyond(canary, limit))
                .then(|| format!("the canary is at {canary}, the limit is {limit}"));
        }
        Limit::Margin { relative, absolute } => {
            let baseline = baseline?;
            let margins = [relative.map(|share| share * baseline.abs()), absolute];
            let widest = margins.into_iter().flatten().max_by(|a, b| a.abs().total_cmp(&b.abs()))?;
            baseline + widest
        }
    };
    beyond(canary, limit)
        .then(|| format!("the canary is at {canary}, the baseline at {baseline:?}, the limit is {limit}"))
}
