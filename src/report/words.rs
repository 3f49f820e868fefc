//! What a document's parts are called on paper: the words that the terminal and the Markdown share.

use std::cmp::Reverse;

use super::days::Days;
use super::document::{
    Action, Arms, Document, Effect, EffectKind, Evidence, Finding, Label, Look, LookKind, NotJudged, Number, Outcome,
    Proof, Range, Recommendation, Role, RuleKind, Severity, Since, Span, Strength, Trace, UnitName,
};
use super::prose::plain;
use crate::judge::rules::Unit;
use crate::judge::words::{change, count, duration, number, quantity};
use crate::series::{FIRST_DATED, SignedDuration, Timestamp};

/// What stands where there is no number.
pub const NOTHING: &str = "–";

impl Outcome {
    /// The answer as reports write it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "PASS",
            Outcome::Warn => "WARN",
            Outcome::Inconclusive => "INCONCLUSIVE",
            Outcome::Fail => "FAIL",
        }
    }
}

/// The comparison's name and phase.
pub fn title(document: &Document) -> String {
    match &document.phase {
        Some(phase) => format!("{}, phase {}", plain(&document.name), plain(phase)),
        None => plain(&document.name),
    }
}

/// What to do, as the beginning of a sentence.
pub fn recommendation(recommendation: &Recommendation) -> String {
    let to = recommendation.to.as_deref().map(plain);
    match (recommendation.action, to) {
        (Action::Promote, Some(to)) => format!("Promote to {to}"),
        (Action::Promote, None) => "Promote".into(),
        (Action::Hold, _) => "Hold the present share and collect more data".into(),
        (Action::RollBack, Some(to)) => format!("Roll back to {to}"),
        (Action::RollBack, None) => "Roll back".into(),
    }
}

/// What to do after a verdict. More data does not help if the data holds what no criterion judges.
pub fn advice(document: &Document) -> String {
    match document.recommendation.action {
        Action::Hold if is_limited(document) => "Hold the present share and check by hand what is not judged".into(),
        _ => recommendation(&document.recommendation),
    }
}

/// Whether all findings allow a better outcome, and only what is not judged does not.
fn is_limited(document: &Document) -> bool {
    let deciding = document.findings.iter().filter(|finding| !is_muted(finding));
    let worst = deciding.map(|finding| finding.outcome).max();
    worst.is_some_and(|worst| worst < document.outcome)
        && document.not_judged.iter().any(|one| one.at_best == document.outcome)
}

/// What is not judged, the gravest first.
pub fn not_judged(document: &Document) -> Vec<&NotJudged> {
    let mut all: Vec<&NotJudged> = document.not_judged.iter().collect();
    all.sort_by_key(|one| Reverse(one.at_best));
    all
}

/// Why it is not judged, and how far that limits the verdict.
pub fn why_not(one: &NotJudged) -> String {
    let why = plain(&one.why);
    match one.at_best {
        Outcome::Pass => why,
        limit => format!("{why} (the verdict is at best {})", limit.word()),
    }
}

/// Findings as a reader needs them: the bad ones first, those that never decide last.
pub fn worst_first(document: &Document) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = document.findings.iter().collect();
    findings.sort_by_key(|finding| (finding.severity == Severity::Muted, Reverse(finding.outcome)));
    findings
}

/// The criterion's name, with its target unless the name says it, and what it is if it is not a primary one.
pub fn criterion(finding: &Finding) -> String {
    let (name, target) = (plain(&finding.criterion), plain(&finding.target));
    let bare = |text: &str| text.replace(' ', "");
    // the budget of a month is written without the month
    let said = bare(&target);
    let said = said.strip_suffix("/month").unwrap_or(&said);
    let named = if bare(&name).contains(said) { name } else { format!("{name}: {target}") };
    match (is_muted(finding), finding.role) {
        (true, _) => format!("{named} (muted)"),
        (false, Role::Guardrail) => format!("{named} (guardrail)"),
        (false, Role::Primary) => named,
    }
}

/// Whether the finding is shown and never decides.
pub fn is_muted(finding: &Finding) -> bool {
    finding.severity == Severity::Muted
}

/// A number of a finding in its unit.
pub fn estimate(evidence: &Evidence, value: Option<Number>) -> String {
    match value {
        Some(value) => plain(&quantity(value.get(), &unit(&evidence.unit))),
        None => NOTHING.into(),
    }
}

/// A number on the scale of the finding's effect.
pub fn on_effect_scale(evidence: &Evidence, value: Number) -> String {
    let kind = evidence.effect.as_ref().map_or(EffectKind::Level, |effect| effect.kind);
    plain(&change(value.get(), kind.into(), &unit(&evidence.unit)))
}

/// The statistic of each arm that a row shows: of the steps that a Fail rests on.
pub fn estimates(evidence: &Evidence) -> Arms<String> {
    let of = evidence.since.as_ref().map_or(&evidence.estimate, |since| &since.estimate);
    Arms { baseline: estimate(evidence, of.baseline), canary: estimate(evidence, of.canary) }
}

/// The effect that a row shows: `+4.2 % [-1.3, +9.9]`, or that of the steps that a Fail rests on,
/// `+94.9 % [+71, +118] from 06:41 UTC`.
pub fn effect(evidence: &Evidence) -> String {
    match &evidence.since {
        None => effect_of_all(evidence),
        Some(since) => format!("{} from {}", interval_of(evidence, &since.effect), clock(&since.at)),
    }
}

/// The effect of all steps. An alarm has its periods.
fn effect_of_all(evidence: &Evidence) -> String {
    match (&evidence.effect, &evidence.periods) {
        (Some(effect), _) => interval_of(evidence, effect),
        (None, Some(seen)) => format!("{} of {} periods", count(seen.beyond), count(seen.of)),
        (None, None) => NOTHING.into(),
    }
}

/// An effect with its interval. Where the effect is the canary's own value, which stands beside it, the interval alone.
fn interval_of(evidence: &Evidence, effect: &Effect) -> String {
    let estimate = effect.estimate.map(|value| on_effect_scale(evidence, value));
    let interval = interval(evidence, effect, estimate.as_deref());
    match (estimate, interval) {
        (Some(_), Some(interval)) if effect.kind == EffectKind::Level => interval,
        (Some(estimate), Some(interval)) => format!("{estimate} {interval}"),
        (Some(_), None) if effect.kind == EffectKind::Level => NOTHING.into(),
        (Some(estimate), None) => estimate,
        (None, Some(interval)) => interval,
        (None, None) => NOTHING.into(),
    }
}

/// The interval, with its unit said once: after the estimate where that stands before it, else at the end.
fn interval(evidence: &Evidence, effect: &Effect, estimate: Option<&str>) -> Option<String> {
    let end = |value: Option<Number>| value.map(|value| on_effect_scale(evidence, value));
    let (low, high) = match (end(effect.low), end(effect.high)) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => return Some(format!("[≥ {low}]")),
        (None, Some(high)) => return Some(format!("[≤ {high}]")),
        (None, None) => return None,
    };
    if effect.low == effect.high && effect.low == effect.estimate {
        return None;
    }
    let before = estimate.filter(|_| effect.kind != EffectKind::Level);
    let ((from, unit), (to, same)) = (parts(&low), parts(&high));
    let is_said = before.is_some_and(|before| parts(before).1 == unit);
    Some(match before {
        _ if unit != same || before.is_some() && !is_said => format!("[{low}, {high}]"),
        None if !unit.is_empty() => format!("[{from}, {to}] {unit}"),
        _ => format!("[{from}, {to}]"),
    })
}

/// A number and its unit, which may be nothing.
fn parts(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

/// Sample sizes of both arms, and what they count: `12,345 / 678 requests`.
pub fn samples(evidence: &Evidence) -> String {
    let sizes = [evidence.n.baseline, evidence.n.canary];
    let known: Vec<String> = sizes.into_iter().map(|n| n.map_or(NOTHING.into(), whole)).collect();
    if sizes.iter().flatten().all(|n| n.get() == 0.0) {
        return NOTHING.into();
    }
    format!("{} {}", known.join(" / "), plain(&evidence.n_of)).trim_end().to_string()
}

/// A sample size.
pub fn whole(n: Number) -> String {
    let value = n.get();
    if value.fract() == 0.0 && (0.0..1e15).contains(&value) { count(value as u64) } else { number(value) }
}

/// What was compared: each arm's labels, and the windows, said once where both arms share it.
pub fn setting(document: &Document) -> Vec<(&'static str, Vec<String>)> {
    let shared = document.arms.baseline.window == document.arms.canary.window;
    let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
    for (arm, side) in document.arms.named() {
        let labels = Some(labels(&side.labels)).filter(|labels| !labels.is_empty());
        let window = (!shared).then(|| window(&side.window, document.step_seconds));
        rows.push((arm, labels.into_iter().chain(window).collect()));
    }
    if shared {
        rows.push(("window", vec![window(&document.arms.canary.window, document.step_seconds)]));
    }
    rows.extend(document.look.as_ref().and_then(look).map(|text| ("look", vec![text])));
    rows.retain(|(_, texts)| !texts.is_empty());
    rows
}

/// Which look this was, where it is not the only one: `3 of 12, after 15 min of the soak of 1 h`.
pub fn look(look: &Look) -> Option<String> {
    let span =
        |seconds: Option<Number>| seconds.and_then(|s| SignedDuration::try_from_secs_f64(s.get()).ok()).map(duration);
    match (look.kind, look.number, look.of) {
        (LookKind::Once, ..) => None,
        (LookKind::Open, ..) => Some("one of any number, with evidence that holds however often one looks".into()),
        (LookKind::Planned, Some(number), Some(of)) => {
            let when = match (span(look.elapsed_seconds), span(look.soak_seconds)) {
                (Some(elapsed), Some(soak)) if elapsed == soak => format!(", at the end of the soak of {soak}"),
                (Some(elapsed), Some(soak)) => format!(", after {elapsed} of the soak of {soak}"),
                _ => String::new(),
            };
            let which = match (number, of) {
                (1, 1) => "the one planned".into(),
                (0, _) => "before the first that is planned".into(),
                _ => format!("{} of {}", count(number), count(of)),
            };
            Some(format!("{which}{when}"))
        }
        _ => None,
    }
}

fn labels(labels: &[Label]) -> String {
    let said = labels.iter().map(|label| format!("{} {}", plain(&label.name), plain(&label.value)));
    said.collect::<Vec<_>>().join(", ")
}

/// A window in UTC: `2026-11-21 12:00 to 13:00 UTC, 12 steps of 5 min`. Runs and samples have no time: `12 steps without dates`.
fn window(span: &Span, step: Option<Number>) -> String {
    let steps = if span.steps == 1 { "1 step".into() } else { format!("{} steps", count(span.steps)) };
    let when = match (span.start.parse::<Timestamp>(), span.end.parse::<Timestamp>()) {
        (Ok(start), _) if start < FIRST_DATED => return format!("{steps} without dates"),
        (Ok(start), Ok(end)) => between(start, end),
        _ => format!("{} to {}", plain(&span.start), plain(&span.end)),
    };
    match step.and_then(|step| SignedDuration::try_from_secs_f64(step.get()).ok()) {
        Some(step) => format!("{when}, {steps} of {}", duration(step)),
        None => format!("{when}, {steps}"),
    }
}

fn between(start: Timestamp, end: Timestamp) -> String {
    let clock = if [start, end].iter().all(|t| t.as_second() % 60 == 0) { "%H:%M" } else { "%H:%M:%S" };
    let day = |t: Timestamp| t.strftime("%Y-%m-%d").to_string();
    let time = |t: Timestamp| t.strftime(clock).to_string();
    if day(start) == day(end) {
        format!("{} {} to {} UTC", day(start), time(start), time(end))
    } else {
        format!("{} {} to {} {} UTC", day(start), time(start), day(end), time(end))
    }
}

/// The range of a trace's points in one arm: `0.05 % to 0.11 %`.
pub fn range(trace: &Trace, points: &[Option<Number>]) -> String {
    let values = points.iter().flatten().map(|point| point.get());
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return "no data".into();
    }
    let unit = Unit::from(&trace.unit);
    let (low, high) = (plain(&quantity(low, &unit)), plain(&quantity(high, &unit)));
    if low == high {
        return low;
    }
    match (parts(&low), parts(&high)) {
        ((number, unit), (_, same)) if unit == same => format!("{number} to {high}"),
        _ => format!("{low} to {high}"),
    }
}

/// By what the verdict was reached.
pub fn judged_by(document: &Document) -> String {
    let davy = format!("davy {}", plain(&document.davy));
    let fingerprint = plain(&document.fingerprint);
    if fingerprint.is_empty() { davy } else { format!("fingerprint {fingerprint}, {davy}") }
}

/// The score and its groups, where there is one: `87.5 of 100 (latency 75, errors 100)`.
pub fn score(document: &Document) -> Option<String> {
    let total = number(document.score.total?.get());
    let shown = |group: &super::document::GroupScore| {
        group.score.map(|score| format!("{} {}", plain(&group.name), number(score.get())))
    };
    let groups: Vec<String> = document.score.groups.iter().filter_map(shown).collect();
    if groups.len() < 2 {
        Some(format!("{total} of 100"))
    } else {
        Some(format!("{total} of 100 ({})", groups.join(", ")))
    }
}

/// Everything that is known of a finding beside its sentence, as name and text.
pub fn details(finding: &Finding) -> Vec<(&'static str, Vec<String>)> {
    let evidence = &finding.evidence;
    let mut rows = Vec::new();
    let mut row = |name, text: Option<String>| rows.extend(text.map(|text| (name, vec![text])));
    row("sample", Some(samples(evidence)).filter(|text| text != NOTHING).map(|text| text + &bad(evidence)));
    row("since", evidence.since.as_ref().map(|since| since_then(evidence, since)));
    row("all steps", evidence.since.as_ref().map(|_| all_steps(evidence)));
    row("fails at", finding.fail_at.as_deref().map(plain));
    row("alarm", alarm(finding));
    row("method", evidence.method.as_deref().map(|method| plain(super::method::describe(method))));
    row("confidence", confidence(evidence));
    row("limit", limit(evidence));
    row("each arm", own_intervals(finding));
    row("coverage", coverage(evidence));
    row("design effect", evidence.design_effect.map(|effect| number(effect.get())));
    row("days", evidence.days.as_ref().map(|days| earlier_days(evidence, days)));
    row("evidence", evidence.strength.as_ref().map(strength));
    row("detectable", detectable(evidence));
    rows
}

/// The earlier days: `14 of 14 count, 181 ms to 236 ms; 204 ms are expected of today, ± 6.1 % from day to day`.
fn earlier_days(evidence: &Evidence, days: &Days) -> String {
    let used = || days.each.iter().filter(|day| day.is_used());
    let values = || used().filter_map(|day| day.value.map(Number::get));
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let show = |value: f64| estimate(evidence, Number::new(value));
    let spread = days.spread.map_or(f64::NAN, Number::get);
    let spread = match days.by_factor {
        true => format!("{} %", number(100.0 * spread.exp_m1())),
        false => show(spread),
    };
    format!(
        "{} of {} count, {} to {}; {} expected of today, ± {spread} from day to day",
        used().count(),
        days.each.len(),
        show(low),
        show(high),
        estimate(evidence, days.expected),
    )
}

/// Since when the canary is worse, and what the steps since then show.
fn since_then(evidence: &Evidence, since: &Since) -> String {
    let effect = interval_of(evidence, &since.effect);
    format!("from {} on: {}", moment(&since.at), compared(evidence, &since.estimate, effect))
}

/// What all steps show, where a row shows the steps since a later start.
fn all_steps(evidence: &Evidence) -> String {
    compared(evidence, &evidence.estimate, effect_of_all(evidence))
}

/// Both arms with their effect: `86.9 ms against 44.3 ms, +96.4 % [≥ +32.1 %]`.
fn compared(evidence: &Evidence, arms: &Arms<Option<Number>>, effect: String) -> String {
    let is_level = evidence.effect.as_ref().is_some_and(|effect| effect.kind == EffectKind::Level);
    let [baseline, canary] = [arms.baseline, arms.canary].map(|value| estimate(evidence, value));
    if is_level { format!("{canary} {effect}") } else { format!("{canary} against {baseline}, {effect}") }
}

fn bad(evidence: &Evidence) -> String {
    let Some(bad) = &evidence.bad else { return String::new() };
    let what = match evidence.method.as_deref() {
        Some("slow_requests" | "predictable_threshold") => "slow",
        _ if evidence.n_of == "requests" => "bad",
        _ => "events",
    };
    format!(", {} / {} {what}", count(bad.baseline), count(bad.canary))
}

/// For an alarm: its rule, and how often it was seen.
pub fn alarm(finding: &Finding) -> Option<String> {
    let seen = finding.evidence.periods.as_ref();
    let seen =
        seen.map(|periods| format!("{} of {} periods are beyond the bound", count(periods.beyond), count(periods.of)));
    let rule = match (&finding.rule.kind, finding.rule.m, finding.rule.n) {
        (RuleKind::Periods, Some(m), Some(n)) => Some(format!("fails at {m} of {n} consecutive periods")),
        _ => None,
    };
    match (rule, seen) {
        (Some(rule), Some(seen)) => Some(format!("{rule}; {seen}")),
        (rule, seen) => rule.or(seen),
    }
}

fn confidence(evidence: &Evidence) -> Option<String> {
    let level = evidence.level.as_ref()?;
    let share = |level: Number| quantity(level.get(), &Unit::Share);
    match (level.fail.map(share), level.pass.map(share)) {
        (Some(fail), Some(pass)) if fail == pass => Some(fail),
        (Some(fail), Some(pass)) => Some(format!("{fail} for a fail, {pass} for a pass")),
        (Some(fail), None) => Some(format!("{fail} for a fail")),
        (None, Some(pass)) => Some(format!("{pass} for a pass")),
        (None, None) => None,
    }
}

/// How strong the evidence is for either answer: `for a pass z 1.2 of 1.6; for a fail z -0.4 of 3.1 or ln e -0.2 of 4.6`.
pub fn strength(strength: &Strength) -> String {
    let of = |name: &str, have: Option<Number>, needed: Option<Number>| {
        let shown = |v: Number| number((v.get() * 100.0).round() / 100.0);
        have.zip(needed).map(|(have, needed)| format!("{name} {} of {}", shown(have), shown(needed)))
    };
    let proof = |proof: &Proof| {
        let parts = [of("z", proof.z, proof.z_needed), of("ln e", proof.ln_e, proof.ln_e_needed)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "cannot be had at this look".into() } else { parts.join(" or ") }
    };
    format!("for a pass {}; for a fail {}", proof(&strength.pass), proof(&strength.fail))
}

/// The bounds on the scale of the effect: `+5 %`, or `200 ms to pass, 300 ms to fail`.
pub fn limit(evidence: &Evidence) -> Option<String> {
    let shown = |value: Option<Number>| value.map(|value| on_effect_scale(evidence, value));
    match (shown(evidence.pass_limit), shown(evidence.fail_limit)) {
        (Some(pass), Some(fail)) if pass != fail => Some(format!("{pass} to pass, {fail} to fail")),
        (pass, fail) => pass.or(fail),
    }
}

fn detectable(evidence: &Evidence) -> Option<String> {
    let size = on_effect_scale(evidence, evidence.detectable?);
    let is_level = evidence.effect.as_ref().is_none_or(|effect| effect.kind == EffectKind::Level);
    let what = if is_level { "a canary at" } else { "a change of" };
    Some(format!("{what} {size} would have shown, with 80 % power"))
}

/// The interval of each arm's own quantile.
fn own_intervals(finding: &Finding) -> Option<String> {
    let evidence = &finding.evidence;
    let intervals = evidence.estimate_interval.as_ref()?;
    let end = |value| estimate(evidence, Some(value));
    let shown = |range: &Range| match (range.low.map(end), range.high.map(end)) {
        (Some(low), Some(high)) => format!("{low} to {high}"),
        (Some(low), None) => format!("{low} or more"),
        (None, Some(high)) => format!("up to {high}"),
        (None, None) => NOTHING.into(),
    };
    let each =
        intervals.named().map(|(arm, range)| range.as_ref().map(|range| format!("{} in the {arm}", shown(range))));
    let each: Vec<String> = each.into_iter().flatten().collect();
    (!each.is_empty()).then(|| format!("{} {}", plain(&finding.statistic), each.join(", ")))
}

fn coverage(evidence: &Evidence) -> Option<String> {
    let share = |value: Number| quantity(value.get(), &Unit::Share);
    let (baseline, canary) = (evidence.coverage.baseline.map(share), evidence.coverage.canary.map(share));
    match (baseline, canary) {
        (Some(baseline), Some(canary)) if baseline == canary => Some(format!("{canary} of the steps in both arms")),
        (Some(baseline), Some(canary)) => Some(format!("{baseline} / {canary} of the steps")),
        (baseline, canary) => canary.or(baseline).map(|share| format!("{share} of the steps")),
    }
}

/// The unit of a number of a finding or a trace; none where nothing says it.
pub fn unit(name: &Option<UnitName>) -> Unit {
    name.as_ref().map_or(Unit::Plain(String::new()), Unit::from)
}

/// A word of the contract, as the verdict's JSON has it: `pass`, `ratio`, `muted`.
pub fn term(word: &impl serde::Serialize) -> String {
    serde_json::to_value(word).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The time of day of an instant: `12:15 UTC`.
pub fn clock(text: &str) -> String {
    text.parse::<Timestamp>().map_or_else(|_| plain(text), |at| at.strftime("%H:%M UTC").to_string())
}

/// An instant in UTC: `2026-11-21 12:15 UTC`.
pub fn moment(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(at) if at.as_second() % 60 == 0 => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => plain(text),
    }
}
