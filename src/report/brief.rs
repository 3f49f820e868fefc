//! A look in a line: of the many looks at a soak, each is told by when it was, which it was, its answer and the reason.
//!
//! The columns are as wide as any look of the same soak needs, so that lines printed one by one stand below each other.

use jiff::tz::TimeZone;

use super::decided::decided;
use super::document::{Document, Finding, LookKind, Number, Outcome, Severity};
use super::prose::{fit, pad, plain, width};
use super::words;
use crate::judge::words::count;
use crate::series::Timestamp;

/// Columns of the longest answer.
const WIDEST_WORD: usize = "INCONCLUSIVE".len();
const DAY: f64 = 86_400.0;

/// The line, cut where it is too long.
pub fn line(document: &Document, columns: usize) -> String {
    let word = pad(word(document), WIDEST_WORD);
    let parts = [instant(document), which(document), word, reason(document)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    fit(&parts.join("  "), columns)
}

/// The answer so far: before the end of a soak an open verdict is nothing to worry about, unless the canary is silent.
pub(super) fn word(document: &Document) -> &'static str {
    if is_running(document) { "running" } else { document.outcome.word() }
}

/// Whether more looks are to come and nothing speaks against the canary so far.
pub(super) fn is_running(document: &Document) -> bool {
    let look = document.look.as_ref();
    let is_early = look.is_some_and(|look| match look.kind {
        LookKind::Once => false,
        LookKind::Planned => look.number < look.of,
        LookKind::Open => true,
    });
    let is_silent = document.findings.iter().any(|finding| finding.reason == "canary_silent");
    is_early && document.outcome == Outcome::Inconclusive && !is_silent
}

/// Whether a criterion would hold if the look were the last: it passes, or only the time is missing.
fn is_clear(finding: &Finding) -> bool {
    let evidence = &finding.evidence;
    let ends = evidence.effect.as_ref().zip(evidence.pass_limit);
    let is_within = ends.is_some_and(|(effect, limit)| match finding.target.starts_with('>') {
        true => effect.low.is_some_and(|low| low >= limit),
        false => effect.high.is_some_and(|high| high <= limit),
    });
    finding.outcome == Outcome::Pass || finding.reason == "early_look" && is_within
}

/// When the data ended: to the second where looks may be, with the day where the soak has more than one.
fn instant(document: &Document) -> String {
    let window = &document.arms.canary.window;
    let (Ok(start), Ok(end)) = (window.start.parse::<Timestamp>(), window.end.parse::<Timestamp>()) else {
        return plain(&window.end);
    };
    let soak = document.look.as_ref().and_then(|look| look.soak_seconds).map(Number::get);
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let is_long = soak.map_or(day(start) != day(end), |soak| soak > DAY);
    let is_fine = start.as_second() % 60 != 0 || document.step_seconds.is_some_and(|step| step.get() % 60.0 != 0.0);
    let clock = if is_fine { "%H:%M:%S" } else { "%H:%M" };
    let clock = if is_long { format!("%m-%d {clock}") } else { clock.into() };
    end.strftime(&clock).to_string()
}

/// `look 3 of 12`; nothing where it is the only one or one of any number.
pub(super) fn which(document: &Document) -> String {
    let Some(look) = document.look.as_ref().filter(|look| look.kind == LookKind::Planned) else { return String::new() };
    let (number, of) = (look.number.unwrap_or(0), look.of.unwrap_or(0));
    let before = "before look 1";
    let widest = width(before).max(width(&format!("look {0} of {0}", count(of))));
    let shown = if number == 0 { before.into() } else { format!("look {} of {}", count(number), count(of)) };
    pad(&shown, widest)
}

/// What decided, in a few words.
pub(super) fn reason(document: &Document) -> String {
    let decided = decided(document);
    let document = decided.as_ref();
    let deciding: Vec<&Finding> = document.findings.iter().filter(|f| f.severity != Severity::Muted).collect();
    let of = |outcome| deciding.iter().copied().filter(|f| f.outcome == outcome).collect::<Vec<_>>();
    let named = |findings: &[&Finding]| {
        let first = findings.iter().find(|f| f.severity == Severity::Critical).or(findings.first());
        let more = findings.len().saturating_sub(1);
        let more = if more == 0 { String::new() } else { format!(" (+{more} more)") };
        first.map(|first| format!("{}{more}", words::criterion(first))).unwrap_or_default()
    };
    let open = of(Outcome::Inconclusive);
    let undecided: Vec<&Finding> = open.iter().copied().filter(|f| f.reason != "early_look").collect();
    match document.outcome {
        Outcome::Fail if !of(Outcome::Fail).is_empty() => named(&of(Outcome::Fail)),
        Outcome::Warn if !of(Outcome::Warn).is_empty() => named(&of(Outcome::Warn)),
        Outcome::Inconclusive if !undecided.is_empty() => {
            let why = match undecided[0].reason.as_str() {
                "canary_silent" => "silent canary",
                "no_data" | "too_few" | "low_coverage" => "little data",
                _ => "undecided",
            };
            format!("{why}: {}", named(&undecided))
        }
        Outcome::Inconclusive if !open.is_empty() => {
            let clear = deciding.iter().filter(|finding| is_clear(finding)).count();
            format!("{clear} of {} criteria clear, none fails", deciding.len())
        }
        _ => plain(&document.summary),
    }
}
