//! Verdicts made by hand, as the judge could have said them.

use std::collections::BTreeMap;

use davy::judge::rules::{Role, Rule, Severity, Statistic, Unit};
use davy::judge::verdict::{
    Distribution, Effect, EffectKind, Evidence, Finding, Levels, Look, Method, Outcome, Proof, Reason, Recommendation,
    Score, Since, Strength, Trace, Verdict,
};
use davy::series::{Pair, SignedDuration, Window};

fn pair<T>(baseline: T, canary: T) -> Pair<T> {
    Pair { baseline, canary }
}

fn window(start: &str, end: &str) -> Window {
    Window { start: start.parse().unwrap(), end: end.parse().unwrap() }
}

fn labels(version: &str) -> Vec<(String, String)> {
    vec![("version".into(), version.into()), ("region".into(), "eu-west-1".into())]
}

fn wave(level: f64, step: f64) -> Vec<Option<f64>> {
    (0..12).map(|i| Some(level * (1.0 + step * ((i * 7) % 5) as f64))).collect()
}

/// An error rate with its limit, well within it.
pub fn errors() -> Finding {
    Finding {
        criterion: "errors <= 0.1%".into(),
        metric: "errors".into(),
        statistic: Statistic::Rate,
        target: "<= 0.1%".into(),
        fail_at: None,
        rule: Rule::Interval,
        severity: Severity::Critical,
        role: Role::Primary,
        weight: 1.0,
        group: "errors".into(),
        outcome: Outcome::Pass,
        reason: Reason::WithinBound,
        sentence: "The canary's error rate is 0.042 %, at most 0.071 %, and the limit is 0.1 %.".into(),
        decide: None,
        notes: vec![],
        evidence: Evidence {
            unit: Some(Unit::Share),
            n: pair(1_182_331.0, 61_904.0),
            n_of: "requests",
            bad: Some(pair(473, 26)),
            coverage: pair(1.0, 1.0),
            estimate: pair(Some(0.0004), Some(0.00042)),
            estimate_interval: Pair::default(),
            effect: Some(Effect { kind: EffectKind::Level, estimate: Some(0.00042), low: 0.00025, high: 0.00071 }),
            pass_limit: Some(0.001),
            fail_limit: Some(0.001),
            method: Some(Method::BinomialTail),
            level: Some(Levels { fail: 0.9917, pass: 0.95 }),
            design_effect: Some(1.31),
            p_value: None,
            detectable: Some(0.0013),
            strength: None,
            since: None,
            periods: None,
            quantiles: None,
            days: None,
        },
    }
}

/// A latency compared with the baseline, not decided.
pub fn latency_undecided() -> Finding {
    Finding {
        criterion: "latency_p95 <= baseline + 5%".into(),
        metric: "latency_p95".into(),
        statistic: Statistic::Typical,
        target: "<= baseline + 5%".into(),
        severity: Severity::Normal,
        role: Role::Primary,
        group: "latency".into(),
        weight: 2.0,
        outcome: Outcome::Inconclusive,
        reason: Reason::Undecided,
        sentence:
            "The canary's p95 latency is typically 3.1 % above the baseline's, between -1.4 % and +7.9 %, so the \
                   margin of 5 % is neither kept nor broken."
                .into(),
        decide: Some("About 25 more steps (2 h 5 min) at this noise would decide it.".into()),
        notes: vec!["1 step of the canary is missing".into()],
        evidence: Evidence {
            unit: Some(Unit::Milliseconds),
            n: pair(12.0, 11.0),
            n_of: "steps",
            bad: None,
            coverage: pair(1.0, 11.0 / 12.0),
            estimate: pair(Some(84.2), Some(86.9)),
            estimate_interval: Pair::default(),
            effect: Some(Effect { kind: EffectKind::Ratio, estimate: Some(1.031), low: 0.986, high: 1.079 }),
            pass_limit: Some(1.05),
            fail_limit: Some(1.05),
            method: Some(Method::PairedSteps),
            level: Some(Levels { fail: 0.975, pass: 0.95 }),
            design_effect: None,
            p_value: None,
            detectable: Some(1.09),
            strength: Some(Strength {
                fail: Proof { z: -1.1, z_needed: Some(2.83), ln_e: Some(-0.8), ln_e_needed: Some(6.2) },
                pass: Proof { z: 0.31, z_needed: Some(2.25), ln_e: None, ln_e_needed: None },
            }),
            since: None,
            periods: None,
            quantiles: None,
            days: None,
        },
        ..errors()
    }
}

/// A latency between its target and its limit.
pub fn latency_warned() -> Finding {
    Finding {
        criterion: "latency_p99 <= 200ms".into(),
        metric: "latency_p99".into(),
        statistic: Statistic::Quantile(0.99),
        target: "<= 200ms".into(),
        fail_at: Some("> 300ms".into()),
        severity: Severity::Normal,
        role: Role::Primary,
        group: "latency".into(),
        outcome: Outcome::Warn,
        reason: Reason::BetweenBounds,
        sentence: "The canary's p99 latency is 241 ms, between 222 ms and 263 ms: above the target of 200 ms, below \
                   the limit of 300 ms."
            .into(),
        decide: None,
        evidence: Evidence {
            unit: Some(Unit::Milliseconds),
            n: pair(0.0, 61_904.0),
            n_of: "requests",
            bad: Some(pair(0, 1_022)),
            coverage: pair(0.0, 1.0),
            estimate: pair(None, Some(241.3)),
            estimate_interval: Pair::default(),
            effect: Some(Effect { kind: EffectKind::Level, estimate: Some(241.3), low: 222.0, high: 263.0 }),
            pass_limit: Some(200.0),
            fail_limit: Some(300.0),
            method: Some(Method::SlowRequests),
            level: Some(Levels { fail: 0.975, pass: 0.95 }),
            design_effect: Some(1.8),
            p_value: None,
            detectable: None,
            strength: None,
            since: None,
            periods: None,
            quantiles: None,
            days: None,
        },
        ..errors()
    }
}

/// Cache hits well below their limit, against which the canary fails.
pub fn cache_failed() -> Finding {
    Finding {
        criterion: "cache_hits >= baseline - 2pp".into(),
        metric: "cache_hits".into(),
        target: ">= baseline - 2pp".into(),
        severity: Severity::Normal,
        role: Role::Primary,
        group: "cache".into(),
        outcome: Outcome::Fail,
        reason: Reason::BeyondBound,
        sentence: "The canary's cache hit rate is 71.3 %, 14.2 percentage points below the baseline's 85.5 %; the \
                   margin is 2 percentage points."
            .into(),
        evidence: Evidence {
            estimate: pair(Some(0.855), Some(0.713)),
            estimate_interval: Pair::default(),
            effect: Some(Effect { kind: EffectKind::Difference, estimate: Some(-0.142), low: -0.155, high: -0.129 }),
            pass_limit: Some(-0.02),
            fail_limit: Some(-0.02),
            since: Some(Since {
                at: "2026-11-21T12:30:00Z".parse().unwrap(),
                estimate: pair(Some(0.855), Some(0.682)),
                effect: Effect { kind: EffectKind::Difference, estimate: Some(-0.173), low: -0.188, high: -0.158 },
            }),
            method: Some(Method::ScoreDifference),
            detectable: Some(-0.027),
            ..errors().evidence
        },
        ..errors()
    }
}

/// An alarm rule that went off.
pub fn alarm_failed() -> Finding {
    Finding {
        criterion: "p95 alarm".into(),
        metric: "latency_p95".into(),
        statistic: Statistic::Typical,
        target: "<= 100ms".into(),
        rule: Rule::Periods { m: 2, n: 2, min_count: 1 },
        outcome: Outcome::Fail,
        reason: Reason::BeyondBound,
        sentence: "The canary's p95 latency was above 100 ms in 2 of 2 consecutive periods, first at 12:40 UTC.".into(),
        evidence: Evidence {
            unit: Some(Unit::Milliseconds),
            n: pair(12.0, 12.0),
            n_of: "steps",
            coverage: pair(1.0, 1.0),
            estimate: pair(Some(84.2), Some(131.0)),
            pass_limit: Some(100.0),
            method: Some(Method::Periods),
            strength: None,
            since: None,
            periods: Some((3, 12)),
            ..Evidence::default()
        },
        ..errors()
    }
}

/// A muted criterion without any data.
pub fn silent() -> Finding {
    Finding {
        criterion: "fallbacks == 0".into(),
        metric: "fallbacks".into(),
        statistic: Statistic::Count,
        target: "== 0".into(),
        rule: Rule::Observed,
        severity: Severity::Muted,
        role: Role::Primary,
        outcome: Outcome::Inconclusive,
        reason: Reason::NoData,
        sentence: "The canary has no data for fallbacks in this window.".into(),
        evidence: Evidence { unit: Some(Unit::Plain(String::new())), n_of: "events", ..Evidence::default() },
        ..errors()
    }
}

/// Latencies of both arms.
fn spread() -> Distribution {
    let arm = |factor: f64| {
        let points = [(0.0, 3.1), (0.1, 21.0), (0.5, 48.0), (0.9, 79.0), (0.95, 91.0), (0.99, 160.0), (1.0, 412.0)];
        points.map(|(q, value)| (q, value * factor)).to_vec()
    };
    Distribution { unit: Unit::Milliseconds, n: pair(5_210, 274), quantiles: pair(arm(1.0), arm(1.04)) }
}

/// A healthy canary.
pub fn pass() -> Verdict {
    let mut falling = wave(84.0, 0.02);
    falling[4] = None;
    let trace = |unit, baseline, canary| Trace {
        unit,
        quantile: None,
        steps: pair(baseline, canary),
        origin: "canary.csv, columns errors and requests".into(),
    };
    Verdict {
        localised: Vec::new(),
        mixes: Vec::new(),
        name: "redis-migration".into(),
        phase: Some("5%".into()),
        labels: pair(labels("41"), labels("42")),
        outcome: Outcome::Pass,
        summary: "Every criterion is shown to hold.".into(),
        recommendation: Recommendation::Promote { to: Some("phase 50%".into()) },
        findings: vec![errors()],
        not_judged: Vec::new(),
        learned: BTreeMap::new(),
        signed: Vec::new(),
        score: Score { total: Some(100.0), groups: vec![("errors".into(), Some(100.0))] },
        look: Look::Once,
        windows: pair(
            window("2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z"),
            window("2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z"),
        ),
        step: SignedDuration::from_mins(5),
        warmup: 1,
        distributions: BTreeMap::from([("latency".to_string(), spread())]),
        traces: BTreeMap::from([
            ("errors".to_string(), trace(Unit::Share, wave(0.0004, 0.1), wave(0.00042, 0.12))),
            ("latency_p95".to_string(), trace(Unit::Milliseconds, wave(82.0, 0.02), falling)),
        ]),
        notes: vec![],
        level: 0.95,
        fingerprint: "9f86d081884c7d65".into(),
    }
}

/// A canary between target and limit.
pub fn warn() -> Verdict {
    Verdict {
        outcome: Outcome::Warn,
        summary: "1 of 2 criteria is between its target and its limit: latency_p99 <= 200ms.".into(),
        recommendation: Recommendation::Promote { to: None },
        findings: vec![errors(), latency_warned()],
        score: Score {
            total: Some(75.0),
            groups: vec![("errors".into(), Some(100.0)), ("latency".into(), Some(50.0)), ("cache".into(), None)],
        },
        ..pass()
    }
}

/// A canary that must be taken back, against an earlier window.
pub fn fail() -> Verdict {
    let mut verdict = Verdict {
        outcome: Outcome::Fail,
        summary: "2 of 6 criteria fail: the canary's cache hit rate is 71.3 %, 14.2 percentage points below the \
                  baseline's 85.5 %, and its p95 latency was above 100 ms in 2 of 2 consecutive periods."
            .into(),
        recommendation: Recommendation::RollBack { to: "baseline".into() },
        findings: vec![errors(), latency_undecided(), latency_warned(), cache_failed(), alarm_failed(), silent()],
        notes: vec![
            "The baseline is an earlier window of the same system, so the arms do not share their load.".into(),
        ],
        ..warn()
    };
    verdict.windows.baseline = window("2026-11-14T12:00:00Z", "2026-11-14T13:00:00Z");
    let hits = Trace {
        unit: Unit::Share,
        quantile: None,
        steps: pair(wave(0.85, 0.003), (0..12).map(|i| Some(0.85 - 0.02 * f64::from(i))).collect()),
        origin: "logs".into(),
    };
    verdict.traces.insert("cache_hits".into(), hits);
    verdict
}

/// A canary of which too little is known.
pub fn inconclusive() -> Verdict {
    Verdict {
        outcome: Outcome::Inconclusive,
        summary: "1 of 2 criteria cannot be decided yet: latency_p95 <= baseline + 5%.".into(),
        recommendation: Recommendation::Hold,
        findings: vec![errors(), latency_undecided()],
        score: Score::default(),
        ..pass()
    }
}

/// A comparison of nothing.
pub fn empty() -> Verdict {
    Verdict {
        name: String::new(),
        phase: None,
        labels: Pair::default(),
        outcome: Outcome::Inconclusive,
        summary: String::new(),
        recommendation: Recommendation::Hold,
        findings: vec![],
        score: Score::default(),
        traces: BTreeMap::new(),
        fingerprint: String::new(),
        ..pass()
    }
}

/// Names as an enemy would choose them.
pub fn hostile() -> Verdict {
    let name =
        "a|b`c`<script>alert(1)</script>@octocat #12 \u{1b}[2J\u{1b}]0;owned\u{7}\r\n## PASS\u{202e}ssap \u{9b}31m";
    let wide = "監視メトリクス".repeat(20);
    let mut verdict = fail();
    verdict.name = name.into();
    verdict.phase = Some("x".repeat(300));
    verdict.summary = format!("{name} ![x](http://x.example/y.png) {wide}");
    verdict.findings[0].criterion = name.into();
    verdict.findings[1].criterion = wide.clone();
    verdict.findings[1].evidence.unit = Some(Unit::Plain("``` | bananas".repeat(10)));
    verdict.findings[2].criterion = "n".repeat(300);
    verdict.findings[3].sentence = format!("{name}{name}");
    verdict.findings[4].notes = vec!["</details>\n\n# owned".into()];
    verdict.labels.canary = vec![(name.into(), wide.clone())];
    verdict.traces.insert(format!("```{name}"), verdict.traces["errors"].clone());
    verdict.traces.insert(wide, verdict.traces["errors"].clone());
    verdict.fingerprint = name.into();
    verdict
}

/// So many findings, of which a few did not pass.
pub fn many(findings: usize) -> Verdict {
    let one = |i: usize| {
        let finding = if i % 50 == 7 { cache_failed() } else { errors() };
        Finding { criterion: format!("endpoint_{i} {}", finding.criterion), ..finding }
    };
    Verdict { findings: (0..findings).map(one).collect(), ..fail() }
}
