//! The one sentence of the verdict.

use crate::rules::{NotJudged, Role, Severity};
use crate::verdict::{Finding, Outcome};
use crate::words::{self, outcome_verb, plural};

/// The one sentence of the verdict.
///
/// `score` is given where it decides: then criteria may be open or failed in a verdict that passes.
pub(crate) fn summary(outcome: Outcome, findings: &[Finding], not_judged: &[NotJudged], score: Option<f64>) -> String {
    let deciding: Vec<&Finding> = findings.iter().filter(|f| f.severity != Severity::Muted).collect();
    let of = |wanted: Outcome| deciding.iter().filter(move |f| f.outcome == wanted).copied().collect::<Vec<_>>();
    let total = deciding.len();
    if !deciding.iter().any(|f| f.weight > 0.0 || f.severity == Severity::Critical) {
        return "nothing was judged: there is no criterion that decides".into();
    }
    if outcome == Outcome::Inconclusive && !deciding.iter().any(|f| f.is_proof()) {
        return "no primary criterion was judged: guardrails alone show nothing".into();
    }
    let (failed, open, warned) = (of(Outcome::Fail), of(Outcome::Inconclusive), of(Outcome::Warn));
    let critical_first = |mut findings: Vec<&Finding>| {
        findings.sort_by_key(|f| f.severity != Severity::Critical);
        let reason = |f: &Finding| {
            let verb = format!("{}: ", outcome_verb(f.outcome));
            format!("{}: {}", f.criterion, f.sentence.strip_prefix(&verb).unwrap_or(&f.sentence))
        };
        findings.first().map(|f| reason(f)).unwrap_or_default()
    };
    let score = score.map(|score| format!("the score of {}", words::number(score))).unwrap_or_default();
    let unmet = failed.len() + open.len() + warned.len();
    let worst = if unmet == 0 { Outcome::Pass } else { findings_outcome(&deciding) };
    let limiting = not_judged.iter().max_by_key(|one| one.gravity).filter(|_| outcome > worst && score.is_empty());
    if let Some(one) = limiting {
        let held = match unmet {
            0 => all_hold(&deciding),
            _ => format!("no criterion of {total} fails"),
        };
        return format!("{held}, but {} is not judged: {}", one.what, one.why);
    }
    match outcome {
        Outcome::Pass if unmet == 0 => all_hold(&deciding),
        Outcome::Pass => format!("{score} is high enough, with {unmet} of {total} criteria not met"),
        Outcome::Warn if unmet == warned.len() => {
            format!("{} of {total} criteria {}. {}", warned.len(), agree(warned.len(), "warn"), critical_first(warned))
        }
        Outcome::Warn => format!("{score} is marginal, with {unmet} of {total} criteria not met"),
        Outcome::Fail => {
            format!("{} of {total} criteria {}. {}", failed.len(), agree(failed.len(), "fail"), critical_first(failed))
        }
        Outcome::Inconclusive if open.is_empty() => format!("{score} is too low, though no criterion fails"),
        Outcome::Inconclusive => {
            format!("{} of {total} criteria could not be decided. {}", open.len(), critical_first(open))
        }
    }
}

/// What is said of criteria that all do what is asked of them.
fn all_hold(findings: &[&Finding]) -> String {
    let guardrails = findings.iter().filter(|finding| finding.role == Role::Guardrail).count();
    let are = |n: usize| if n == 1 { "is" } else { "are" };
    match (findings.len(), guardrails) {
        (1, 0) => "the one criterion holds".into(),
        (total, 0) => format!("all {total} criteria hold"),
        (total, _) => {
            let primaries = total - guardrails;
            let shown = if primaries == 1 { "1 criterion".to_owned() } else { format!("{primaries} criteria") };
            let guarded = plural(guardrails as u64, "guardrail");
            format!("{shown} {} shown to hold, and {guarded} {} not broken", are(primaries), are(guardrails))
        }
    }
}

fn findings_outcome(findings: &[&Finding]) -> Outcome {
    findings.iter().map(|finding| finding.outcome).max().unwrap_or(Outcome::Inconclusive)
}

fn agree(n: usize, verb: &str) -> String {
    if n == 1 { format!("{verb}s") } else { verb.into() }
}
