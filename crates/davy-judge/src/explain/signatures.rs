//! What is said of the lines of a log.

use crate::rules::{OnLines, SignatureRule};
use crate::series::{Arm, Gravity, Signatures, Timestamp};
use crate::verdict::{Outcome, Reason, Signed, SignedLine};
use crate::words::{self, count, outcome_verb, plural};

/// More names make a sentence that nobody reads; the table has all.
const MOST_NAMES: usize = 3;
/// A longer template is cut in a sentence.
const LONGEST: usize = 160;

/// What the rule asks of the lines.
pub(crate) fn target(rule: &SignatureRule) -> String {
    let more = format!("none more than {} times as often", words::number(1.0 + rule.margin));
    match (rule.new, rule.more) {
        (OnLines::Off, _) => more,
        (_, OnLines::Off) => "no new line".into(),
        _ => format!("no new line, {more}"),
    }
}

/// Why the outcome is what it is.
pub(crate) fn sentence(
    signed: &Signed,
    rule: &SignatureRule,
    (outcome, reason): (Outcome, Reason),
    log: &Signatures,
) -> String {
    let found = (!signed.named.is_empty()).then(|| named(signed));
    let beside = found.as_ref().map_or(String::new(), |found| format!("; what is there shows {found}"));
    let says = match reason {
        Reason::NoData => "the canary's log has no line in the window".to_owned(),
        Reason::NoBaseline => {
            "the baseline's log has no line in the window, so that nothing can be told to be new".into()
        }
        Reason::IncompleteData => format!("{}{beside}", incomplete(log)),
        Reason::CanarySilent => format!("the canary's log is silent at the end, and the baseline's goes on{beside}"),
        Reason::EarlyLook => "the lines are compared once, at the end of the soak".into(),
        Reason::TooFew => {
            let parts = plural(signed.parts as u64, "part");
            format!("only {parts} of the window can be compared: a burst cannot be told from something new{beside}")
        }
        _ => found.unwrap_or_else(|| nothing(signed, rule)),
    };
    let verb = outcome_verb(outcome);
    format!("{verb}: {says}")
}

fn incomplete(log: &Signatures) -> String {
    let of = |arm: Arm| {
        let worst = log.remarks.get(arm).iter().find(|remark| remark.gravity == Gravity::Incomplete)?;
        Some(format!("the {}'s log is not whole: {}", arm.name(), worst.text))
    };
    Arm::BOTH.into_iter().find_map(of).unwrap_or_default()
}

fn nothing(signed: &Signed, rule: &SignatureRule) -> String {
    let what = match (rule.new, rule.more) {
        (OnLines::Off, _) => "nothing is shown to be written more often",
        (_, OnLines::Off) => "nothing is shown to be new",
        _ => "nothing is shown to be new or written more often",
    };
    let lines = count(signed.lines.canary);
    let seen = signed.least.filter(|_| rule.new != OnLines::Off);
    let seen = seen.map_or(String::new(), |least| {
        format!("; a new one with {} lines spread over the window would have been named", count(least))
    });
    format!("{what} among {} in {lines} lines of the canary{seen}", plural(signed.templates as u64, "template"))
}

/// The templates that are named.
fn named(signed: &Signed) -> String {
    let each: Vec<String> = signed.named.iter().take(MOST_NAMES).map(|line| one(line, &signed.per)).collect();
    let more = signed.named.len().saturating_sub(each.len());
    let more = if more > 0 { format!("; and {}", plural(more as u64, "more template")) } else { String::new() };
    format!("{}{more}", each.join("; "))
}

fn one(line: &SignedLine, per: &str) -> String {
    let since = line.since.map_or(String::new(), |at| format!(", since {}", clock(at)));
    let (text, lines) = (cut(&line.text), plural(line.lines.canary, "line"));
    if line.is_new {
        return format!("{lines} `{text}` that the baseline never wrote{since}");
    }
    let (low, high) = line.interval;
    let times = match high.is_finite() {
        true => format!("{} to {} times", words::number(low), words::number(high)),
        false => format!("at least {} times", words::number(low)),
    };
    let baseline = count(line.lines.baseline);
    format!("{lines} `{text}` against {baseline} of the baseline, {times} as often for the same {per}{since}")
}

fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What would change the answer.
pub(crate) fn decide(signed: &Signed, reason: Reason) -> Option<String> {
    match reason {
        Reason::NoData | Reason::NoBaseline => Some("check the path and the window of the log, and `arm`".into()),
        Reason::IncompleteData => Some("fetch the whole log: shorter windows, or a larger limit".into()),
        Reason::TooFew => Some("judge a longer window, or shorter steps".into()),
        Reason::BeyondBound | Reason::BetweenBounds if !signed.named.is_empty() => {
            Some("look at these lines before the rollout goes on".into())
        }
        _ => None,
    }
}

/// What is to be known of the lines.
pub(crate) fn notes(signed: &Signed, log: &Signatures) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for remark in Arm::BOTH.into_iter().flat_map(|arm| log.remarks.get(arm)) {
        if remark.gravity > Gravity::Detail && !notes.contains(&remark.text) {
            notes.push(remark.text.clone());
        }
    }
    if let Some(first) = signed.open.first() {
        let more = signed.open.len() + signed.others - 1;
        let more = if more > 0 { format!(", and {}", plural(more as u64, "more template")) } else { String::new() };
        let lines = plural(first.lines.canary, "line");
        notes.push(format!(
            "new as well, but too few or in too short a burst to be shown: {lines} `{}`{more}",
            cut(&first.text)
        ));
    }
    if signed.per == "time" {
        notes.push(
            "the arms are compared by time, as if both had the same traffic: `traffic` or `per` says otherwise".into(),
        );
    }
    notes
}
